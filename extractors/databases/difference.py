"""Two dumps of one result set, row against row by key: what is new, what changed, what is gone.

Both are read once, side by side, in the order of their key, so memory does not depend on their size.  That works only
where every key is there, occurs once, and rises from row to row; a dump that breaks this is refused, never guessed at.

A watermark's few rows are merged in the same way into the published dump.  What comes out is byte for byte what a dump
of the whole table would be, as long as nothing was deleted and every change moved the watermark; `extractors.sql`
compares the number of rows to find the former out.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, BinaryIO

from billing.errors import SourceError
from extractors.databases.session import Column, Kind

_VALUE = rb'"[^"]*+(?:""[^"]*+)*+"'
_READ: Mapping[Kind, Any] = {
    "integer": int,
    "decimal": lambda value: _number(value.decode("ascii")),
    "instant": lambda value: dt.datetime.fromisoformat(value.decode("ascii")),
    # by their bytes: what the database was asked to order them by, or a form whose texts are in the order of time
    **dict.fromkeys(("text", "date", "timestamp", "uuid", "boolean", "bytes")),
}

Key = tuple[Any, ...]


def _number(text: str) -> Decimal:
    """A number that has a place among others: any but NaN."""
    number = Decimal(text)
    if number.is_nan():
        raise ValueError("NaN has no place in an order")
    return number


@dataclass
class Counts:
    """Rows of a dump against those of its base; `fetched` are those that a merge was given."""

    inserted: int = 0
    changed: int = 0
    deleted: int = 0
    unchanged: int = 0
    fetched: int = field(default=0, compare=False)

    @property
    def rows(self) -> int:
        """Rows of the dump."""
        return self.inserted + self.changed + self.unchanged


class KeyOrder:
    """How the rows of a dump are told apart and ordered.

    Args:
        columns: Of the result set.
        key: Names of those that make the key.
        kinds: What each of these holds.
        where: Source and file, for errors.

    Raises:
        SourceError: A column of the key cannot order rows exactly.
    """

    def __init__(
        self, columns: Sequence[Column], key: Sequence[str], kinds: Sequence[Kind], where: Mapping[str, str]
    ) -> None:
        self._names = list(key)
        self._where = where
        for name, kind in zip(key, kinds, strict=True):
            if kind not in _READ:
                raise SourceError(
                    f"rows cannot be told apart by the column {name}, which holds {kind} values",
                    **where,
                    remedy="choose a key of numbers, texts or dates, or take the result with mode = 'full'",
                )
        self._readers = [_READ[kind] for kind in kinds]
        places = [[column.name for column in columns].index(name) for name in key]
        groups = [rb"(" if at in places else rb"(?:" for at in range(max(places) + 1)]
        self._pattern = re.compile(rb",".join(group + _VALUE + rb")?" for group in groups))
        rank = sorted(places)
        self._groups = [rank.index(place) + 1 for place in places]

    def rows(self, path: Path) -> Iterator[tuple[Key, bytes]]:
        """Each row of a dump with its key, in rising order.

        Raises:
            SourceError: A key is missing, repeated or out of order.
        """
        with path.open("rb") as file:
            records = _records(file)
            next(records, None)  # the header line
            last: Key | None = None
            for number, record in enumerate(records, 1):
                key = self._key(record, number)
                if last is not None and not last < key:
                    raise self._refused("occurs twice" if last == key else "is out of order", number)
                last = key
                yield key, record

    def _key(self, record: bytes, number: int) -> Key:
        match = self._pattern.match(record)
        values: list[bytes] = [match[group] or b"" for group in self._groups] if match else []
        if not values or b"" in values:  # even an empty text has its quotes
            raise self._refused("is NULL", number)
        try:
            return tuple(
                value[1:-1].replace(b'""', b'"') if read is None else read(value[1:-1])
                for value, read in zip(values, self._readers, strict=True)
            )
        except (ValueError, InvalidOperation):
            raise self._refused("is not of its column's type", number) from None

    def _refused(self, what: str, number: int) -> SourceError:
        return SourceError(
            f"its key {', '.join(self._names)} {what}, so that its rows cannot be compared with the published ones",
            **self._where,
            record_no=number,
            remedy="declare a key that is unique and never NULL, or take the result with mode = 'full'",
        )


def compare(base: Path | None, dump: Path, order: KeyOrder) -> Counts:
    """Count what a whole dump changes.

    Args:
        base: The published dump, if there is one.
        dump: The new one.
        order: Of both.
    """
    counts = Counts()
    for old, new in _pairs(order.rows(base) if base else iter(()), order.rows(dump)):
        if old is None:
            counts.inserted += 1
        elif new is None:
            counts.deleted += 1
        elif old == new:
            counts.unchanged += 1
        else:
            counts.changed += 1
    return counts


def merge(base: Path, delta: Path, into: Path, order: KeyOrder) -> Counts:
    """Write the published dump with the fetched rows in their places.

    Args:
        base: The published dump.
        delta: Dump of the rows that were fetched, with the same columns.
        into: File to write.
        order: Of both.
    """
    counts = Counts()
    with into.open("wb") as file:
        with base.open("rb") as published:
            file.write(next(_records(published)))
        for old, new in _pairs(order.rows(base), order.rows(delta)):
            counts.fetched += new is not None
            if old is None:
                counts.inserted += 1
            elif new is None or new == old:
                counts.unchanged += 1
            else:
                counts.changed += 1
            file.write(new or old or b"")
    return counts


def header(dump: Path) -> bytes:
    """The first line of a dump."""
    with dump.open("rb") as file:
        return next(_records(file), b"")


def _records(file: BinaryIO) -> Iterator[bytes]:
    """Rows as bytes; a value may hold line ends, and quotes are even only where none is open."""
    parts: list[bytes] = []
    quotes = 0
    for line in file:
        quotes += line.count(b'"')
        if not quotes & 1:
            yield b"".join([*parts, line]) if parts else line
            parts, quotes = [], 0
        else:
            parts.append(line)
    if parts:
        yield b"".join(parts)


def _pairs(
    before: Iterator[tuple[Key, bytes]], after: Iterator[tuple[Key, bytes]]
) -> Iterator[tuple[bytes | None, bytes | None]]:
    """Rows of two dumps side by side, None where one of them has no row of that key."""
    old, new = next(before, None), next(after, None)
    while old is not None or new is not None:
        if new is None or (old is not None and old[0] < new[0]):
            assert old is not None
            yield old[1], None
            old = next(before, None)
        elif old is None or new[0] < old[0]:
            yield None, new[1]
            new = next(after, None)
        else:
            yield old[1], new[1]
            old, new = next(before, None), next(after, None)
