"""What identity found, in the form in which it is staged: identifiers hashed and masked, provenance masked.

A clear identifier is written to one restricted column and nowhere else.  The keyed hash finds it again: HMAC-SHA256
over `kind:value`, so that the same digits as a PESEL and as a document number have different hashes.

>>> identifier_hash(b"key", "pesel", "44051401458").hex()[:16]
'e16f4b5f6777c216'
"""

from __future__ import annotations

import hmac
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billing.masking import mask_column
from billing.model import ENTITIES
from loaders.stage import Numbers, number_sources

IDENTIFIERS = ("pesel", "nip", "regon", "krs", "document")
MASKED_FIELDS = tuple(f.name for f in ENTITIES["subscriber"].fields if f.personal == "identifier")


def identifier_hash(key: bytes, kind: str, value: str) -> bytes:
    """The keyed hash under which an identifier is looked up.

    Args:
        key: The installation's secret (`Settings.hmac_secret`).
        kind: pesel, nip, regon, krs or document.
        value: The clean value.
    """
    return hmac.digest(key, f"{kind}:{value}".encode(), "sha256")


def identifications(key: bytes) -> Callable[[pa.RecordBatch, Numbers], pa.RecordBatch]:
    """A converter from golden parties to rows of `staging.identification`."""

    def convert(parties: pa.RecordBatch, _: Numbers) -> pa.RecordBatch:
        parts = []
        for kind in IDENTIFIERS:
            known = parties.filter(pc.is_valid(parties.column(kind)))
            values = known.column(kind).cast(pa.string())
            hashes = pa.array(
                ["\\x" + identifier_hash(key, kind, value).hex() for value in values.to_pylist()], pa.string()
            )
            parts.append(
                pa.RecordBatch.from_arrays(
                    [
                        known.column("cluster_key"),
                        pa.repeat(pa.scalar(kind), known.num_rows),
                        hashes,
                        mask_column(values),
                        values,
                    ],
                    ["cluster_key", "kind", "value_hash", "value_masked", "value_clear"],
                )
            )
        table = pa.Table.from_batches(parts).combine_chunks()
        return table.to_batches()[0] if table.num_rows else parts[0]

    return convert


def provenance(batch: pa.RecordBatch, numbers: Numbers) -> pa.RecordBatch:
    """Mask the identifiers among surviving and losing values; the losing ones become one text.

    Args:
        batch: `lost` is a list of `(source_id, subscriber_key, value)`.
        numbers: Numbers of the sources.
    """
    secret = pc.is_in(batch.column("field"), pa.array(MASKED_FIELDS))
    value = _hidden(batch.column("value"), secret)
    lost = losers(batch.column("lost"), secret)
    for name, array in (("value", value), ("lost", lost)):
        batch = batch.set_column(batch.schema.get_field_index(name), name, array)
    return number_sources(batch, numbers)


def _hidden(values: pa.Array, secret: pa.Array) -> pa.Array:
    """Values, those that are secret masked."""
    return pc.replace_with_mask(values, secret, mask_column(values.filter(secret)))


def losers(lost: pa.Array, secret: pa.Array) -> pa.Array:
    """Losing values as `source:key=value; ...`, masked where `secret` says so.

    >>> lost = pa.array([[{"source_id": "opole", "subscriber_key": "7", "value": "44051401458"}]])
    >>> losers(lost, pa.array([True])).to_pylist()
    ['opole:7=44*******']
    """
    flat = lost.flatten()
    source, key, value = (flat.field(name) for name in ("source_id", "subscriber_key", "value"))
    value = _hidden(value, secret.take(pc.list_parent_indices(lost)))
    texts = pc.binary_join_element_wise(source, ":", key, "=", value, "")
    sizes = pc.fill_null(pc.list_value_length(lost), 0).to_numpy(zero_copy_only=False)
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype("int32")
    return pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets), texts), "; ")


def edges(batch: pa.RecordBatch, numbers: Numbers) -> pa.RecordBatch:
    """Turn the weights of the single comparisons (`weight_<name>`) into one text, zero weights left out."""
    parts = []
    for name in batch.schema.names:
        if name.startswith("weight_"):
            bits = pc.round(batch.column(name), 2)
            text = pc.binary_join_element_wise(name.removeprefix("weight_"), bits.cast(pa.string()), "=")
            parts.append(pc.if_else(pc.equal(bits, 0), pa.scalar(None, pa.string()), text))
    if parts:
        weights = pc.binary_join_element_wise(*parts, " ", null_handling="skip")
        batch = batch.append_column("weights", weights)
    return number_sources(batch, numbers)
