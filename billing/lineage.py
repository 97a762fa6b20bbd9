"""Where a row came from, and what became of the rows that did not go on.

Every batch between two steps carries the five lineage columns, from the decoder to the crosswalk table,
so any consolidated cell leads back to its bytes.  Every step answers with a `Split`: the rows that go on, and
the rejects.  Nothing leaves the pipeline in any other way.

Dispositions of a reject row:

* ``rejected``   the record cannot be used (undecodable, invalid, duplicated key);
* ``suspended``  the record is sound but held back (orphan, account that does not balance), its money counted;
* ``flagged``    only an attribute was set aside or doubted (`level = "attribute"`); the record went on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Literal

import pyarrow as pa

LINEAGE = pa.schema(
    [
        pa.field("source_id", pa.string(), nullable=False),
        pa.field("file_sha256", pa.string(), nullable=False),
        pa.field("record_no", pa.int64(), nullable=False),  # 1-based within its file, counting every record
        pa.field("byte_offset", pa.int64(), nullable=False),  # of the record's first byte in its file
        pa.field("byte_length", pa.int32(), nullable=False),  # of the whole record, prefix words included
    ]
)
LINEAGE_NAMES: tuple[str, ...] = tuple(LINEAGE.names)

Disposition = Literal["rejected", "suspended", "flagged"]

REJECTS = pa.schema(
    [
        *LINEAGE,
        pa.field("file_name", pa.string()),
        pa.field("step", pa.string(), nullable=False),  # land, decode, conform, normalise, check, balance
        pa.field("entity", pa.string(), nullable=False),  # canonical entity, or the raw table before conform
        pa.field("source_key", pa.string()),  # the row's canonical key, parts joined by "|"; null before conform
        pa.field("account_key", pa.string()),  # the account whose money it is, where known
        pa.field("disposition", pa.string(), nullable=False),
        pa.field("level", pa.string(), nullable=False),  # record | attribute
        pa.field("reason", pa.string(), nullable=False),  # a code of billing.reasons
        pa.field("field", pa.string()),
        pa.field("value_masked", pa.string()),
        pa.field("message", pa.string(), nullable=False),
        pa.field("amount", pa.decimal128(18, 2)),  # the entity's control amount; null where unreadable
        pa.field("currency", pa.string()),
        pa.field("raw", pa.binary()),  # the record's bytes (at least the damaged field's, for an attribute)
    ]
)


@dataclass(frozen=True)
class Lost:
    """What can be read of records that were set aside as a whole, so that their money can be told.

    Attributes:
        rows: Their columns, as in `Split.kept`.
        unread: Record number -> columns that could not be read, where there are any; what `rows` holds there means
            nothing.
    """

    rows: pa.RecordBatch
    unread: Mapping[int, frozenset[str]] = field(default_factory=dict)


FillerCounts = Counter[tuple[str, str, str]]
"""(field, text, reason code where each of them is told, too) -> rows whose text was taken for nothing."""


@dataclass(frozen=True)
class Split:
    """What one step made of one batch of one table.

    Attributes:
        table: The raw table's name (before conform) or the canonical entity's.
        kept: Rows that go on; the last five columns are `LINEAGE`.
        rejects: Rows of the `REJECTS` schema.
        lost: Of a decoder: the rejected records that have columns.
        fillers: Of conform and normalise: what was delivered and taken for nothing.
    """

    table: str
    kept: pa.RecordBatch
    rejects: pa.RecordBatch
    lost: Lost | None = None
    fillers: FillerCounts = field(default_factory=Counter)


def no_rejects() -> pa.RecordBatch:
    """An empty batch of the `REJECTS` schema."""
    return pa.RecordBatch.from_pylist([], schema=REJECTS)


@dataclass(frozen=True)
class Reject:
    """One row for the reject store, where rows are rare enough to be built one by one.

    Attributes have the meaning of the `REJECTS` columns.
    """

    source_id: str
    file_sha256: str
    record_no: int
    byte_offset: int
    byte_length: int
    step: str
    entity: str
    reason: str
    message: str
    disposition: Disposition = "rejected"
    level: Literal["record", "attribute"] = "record"
    file_name: str | None = None
    source_key: str | None = None
    account_key: str | None = None
    field: str | None = None
    value_masked: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    raw: bytes | None = None


def rejects_batch(rejects: Iterable[Reject]) -> pa.RecordBatch:
    """Turn single rejects into one batch of the `REJECTS` schema."""
    return pa.RecordBatch.from_pylist([vars(reject) for reject in rejects], schema=REJECTS)


def lineage_columns(
    source_id: str,
    file_sha256: str,
    record_no: pa.Array,
    byte_offset: pa.Array,
    byte_length: pa.Array,
) -> list[pa.Array]:
    """The five lineage columns of a batch, in `LINEAGE` order.

    Args:
        source_id: The source of every row.
        file_sha256: SHA-256 (hex) of the landed file that holds every row.
        record_no: int64, 1-based.
        byte_offset: int64.
        byte_length: int32.
    """
    rows = len(record_no)
    return [
        _repeated(source_id, rows),
        _repeated(file_sha256, rows),
        record_no.cast(pa.int64()),
        byte_offset.cast(pa.int64()),
        byte_length.cast(pa.int32()),
    ]


@lru_cache(maxsize=2)
def _repeated(text: str, rows: int) -> pa.StringArray:
    """A column of the same text; a file's batches have the same two of them but for the last batch."""
    return pa.repeat(pa.scalar(text, pa.string()), rows)


def with_lineage(columns: Sequence[pa.Field]) -> pa.Schema:
    """A schema of `columns` followed by the lineage columns."""
    return pa.schema([*columns, *LINEAGE])
