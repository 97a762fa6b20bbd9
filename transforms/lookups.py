"""Cross-references of a source: the value of one raw table's column where another column equals a key.

A legacy payment names a card, the cross-reference names the card's account; an invoice line has no currency, its
invoice has.  Keys are compared as text.  Finding 65,536 keys among millions must not build a hash table each time,
so keys are held sorted by a 64-bit hash, and every hit is confirmed by comparing the keys themselves.

>>> lookups = Lookups()
>>> lookups.declare(Lookup(table="XREF", key="CARD", take="ACCOUNT"))
>>> lookups.add("XREF", pa.record_batch({"CARD": ["1", "2", "2"], "ACCOUNT": ["A", "B", "C"]}))
>>> lookups.find(Lookup(table="XREF", key="CARD", take="ACCOUNT"), pa.array(["2", "9", None])).to_pylist()
['B', None, None]
>>> lookups.repeated
{('XREF', 'CARD', 'ACCOUNT'): 1}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from billing.errors import ContractError
from billing.spec import EntityMap, Lookup, SourceSpec
from transforms.kernels import as_text, byte_positions, dense, present

Name = tuple[str, str, str]  # table, key column, taken column
_Hashes = npt.NDArray[np.uint64]


class Lookups:
    """Every cross-reference that a source's mappings use.  Fill it with raw batches, then ask.

    Attributes:
        repeated: How many rows of each cross-reference repeat an earlier key; the first row counts.
    """

    def __init__(self) -> None:
        self._chunks: dict[Name, list[tuple[Any, Any]]] = {}
        self._tables: dict[Name, _Table] = {}
        self._zeros: set[Name] = set()
        self.repeated: dict[Name, int] = {}

    @classmethod
    def of(cls, spec: SourceSpec | Iterable[EntityMap]) -> Lookups:
        """Empty cross-references for all lookups that a source (or some of its mappings) declares."""
        lookups = cls()
        for mapping in spec.entities if isinstance(spec, SourceSpec) else spec:
            for rule in mapping.fields.values():
                if rule.lookup:
                    lookups.declare(rule.lookup, strip_zeros=rule.strip_zeros)
        return lookups

    @classmethod
    def from_tables(
        cls, spec: SourceSpec | Iterable[EntityMap], tables: Mapping[str, Iterable[pa.RecordBatch]]
    ) -> Lookups:
        """Cross-references filled from raw tables.

        Args:
            spec: The source, or some of its mappings.
            tables: Raw table -> its batches; only the tables in `needed()` are read.
        """
        lookups = cls.of(spec)
        for table in lookups.needed():
            for batch in tables.get(table, ()):
                lookups.add(table, batch)
        return lookups

    def declare(self, lookup: Lookup, *, strip_zeros: bool = False) -> None:
        """Ask for a cross-reference before its table is added."""
        name = (lookup.table, lookup.key, lookup.take)
        self._chunks.setdefault(name, [])
        if strip_zeros:
            self._zeros.add(name)

    def needed(self) -> dict[str, tuple[str, ...]]:
        """Raw table -> its columns that have to be added."""
        wanted: dict[str, dict[str, None]] = {}
        for table, key, take in self._chunks:
            wanted.setdefault(table, {}).update({key: None, take: None})
        return {table: tuple(columns) for table, columns in wanted.items()}

    def add(self, table: str, batch: pa.RecordBatch) -> None:
        """Take the keys and values of one raw batch.

        Raises:
            ContractError: The batch lacks a column that a lookup names.
        """
        for name, chunks in self._chunks.items():
            if name[0] != table:
                continue
            for column in name[1:]:
                if column not in batch.schema.names:
                    raise ContractError(
                        f"the lookup needs the column {column!r}, which {table} does not have", table=table,
                        remedy=f"name one of {', '.join(batch.schema.names)}",
                    )  # fmt: skip
            keys = key_text(batch.column(name[1]), strip_zeros=name in self._zeros)
            there = keys.is_valid()
            chunks.append((keys.filter(there), as_text(batch.column(name[2])).filter(there)))
            self._tables.pop(name, None)

    def find(self, lookup: Lookup, keys: Any) -> Any:
        """The values of some keys (text); null where the key is null or unknown.

        Raises:
            ContractError: The lookup was not declared.
        """
        name = (lookup.table, lookup.key, lookup.take)
        if name not in self._chunks:
            raise ContractError(f"the lookup {name} was not declared", remedy="build it with Lookups.of(spec)")
        if name not in self._tables:
            table = _Table(self._chunks[name])
            self._chunks[name] = [(table.keys, table.values)]
            self._tables[name] = table
            self.repeated[name] = self.repeated.get(name, 0) + table.repeated
        return self._tables[name].find(dense(keys))


def key_text(array: Any, *, strip_zeros: bool = False) -> Any:
    """A raw column as the text of a key.

    >>> key_text(pa.array(["0012", "000", " 7 "]), strip_zeros=True).to_pylist()
    ['12', '0', '7']
    """
    keys = as_text(array)
    if strip_zeros and pc.any(pc.starts_with(keys, "0")).as_py():
        bare = pc.utf8_ltrim(keys, "0")
        keys = pc.if_else(pc.equal(bare, ""), pc.if_else(pc.is_valid(keys), "0", None), bare)
    return keys


class _Table:
    """One cross-reference: distinct keys sorted by hash, with their values."""

    def __init__(self, chunks: list[tuple[Any, Any]]) -> None:
        empty = pa.array([], pa.string())
        keys = pa.concat_arrays([k for k, _ in chunks] or [empty])
        values = pa.concat_arrays([v for _, v in chunks] or [empty])
        for seed in range(16):
            hashes = _hash(keys, seed)
            order = np.argsort(hashes, kind="stable")  # of equal keys the first row stays first
            ordered = hashes[order]
            first = np.ones(len(order), bool)
            first[1:] = ordered[1:] != ordered[:-1]
            self.repeated = int((~first).sum())
            if not self.repeated or self.repeated == len(keys) - pc.count_distinct(keys).as_py():
                break
        else:
            raise ContractError("the keys of a cross-reference cannot be told apart", remedy="report this as a bug")
        kept = order[first]
        self.seed, self.hashes = seed, ordered[first]
        self.keys, self.values = keys.take(pa.array(kept)), values.take(pa.array(kept))

    def find(self, keys: Any) -> Any:
        if not len(self.hashes):
            return pa.nulls(len(keys), pa.string())
        at = np.searchsorted(self.hashes, _hash(keys, self.seed))
        at = pa.array(np.minimum(at, len(self.hashes) - 1))
        same = pc.equal(self.keys.take(at), keys)
        return pc.if_else(pc.fill_null(same, False), self.values.take(at), pa.scalar(None, pa.string()))


def _hash(keys: Any, seed: int) -> _Hashes:
    """64-bit FNV-1a with a final mix, over whole columns."""
    positions, lengths = byte_positions(keys)
    hashes = np.full(len(lengths), 0xCBF29CE484222325 + seed, np.uint64)
    prime = np.uint64(0x100000001B3)
    with np.errstate(over="ignore"):
        for i, column in enumerate(positions):
            hashes = np.where(lengths > i, (hashes ^ column) * prime, hashes)
        hashes ^= hashes >> np.uint64(32)
        hashes *= np.uint64(0x9E3779B97F4A7C15)
        hashes ^= hashes >> np.uint64(29)
    return np.where(present(keys), hashes, np.uint64(0))
