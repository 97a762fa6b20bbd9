"""Rows of bank formats on their way into batches: one by one, typed, with their places."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from billing.lineage import Disposition, Split
from extractors.base import LandedFile, Places, Sieve

AMOUNT = pa.decimal128(24, 5)
"""ISO 20022 allows 18 digits, 5 of them decimals; SWIFT allows 15 characters."""

_MOST = Decimal(10) ** 19

At = tuple[int, int, int]
"""Record number, byte offset, byte length."""


def within_room(total: Decimal) -> Decimal | None:
    """The sum of a statement's entries; None where it is larger than any amount, so that no balance can prove it.

    >>> within_room(Decimal("12.50")), within_room(Decimal(20) * 10**18)
    (Decimal('12.50'), None)
    """
    return total if abs(total) < _MOST else None


@dataclass
class BankTable:
    """Gathers the rows of one raw table.

    Args:
        source_id: The source.
        landed: The file.
        schema: The table's columns, without lineage.
        name: The table's name.
        batch_rows: Most rows of a batch.
    """

    source_id: str
    landed: LandedFile
    schema: pa.Schema
    name: str
    batch_rows: int

    def __post_init__(self) -> None:
        self.sieve = Sieve(self.source_id, self.landed, self.name)
        self._rows: list[dict[str, Any]] = []
        self._places: list[At] = []
        self._keep: list[bool] = []
        self._yielded = False

    def add(self, at: At, row: dict[str, Any]) -> None:
        """Put a row into the batch; columns that it does not have are null."""
        self._put(at, row, keep=True)

    def set_aside(
        self,
        at: At,
        row: dict[str, Any],
        reason: str,
        message: str,
        raw: bytes,
        *,
        disposition: Disposition = "suspended",
        field: str | None = None,
        unread: Collection[str] = (),
    ) -> None:
        """Set a row aside whose money can be told.

        Args:
            at: Its place.
            row: Its values.
            reason: Code of `billing.reasons`.
            message: What is wrong, without personal values.
            raw: The record's bytes.
            disposition: Whether it is held back or of no use.
            field: The column that decided, where one did.
            unread: Columns that could not be read.
        """
        self.sieve.record(at, reason, message, raw, field=field, disposition=disposition)
        if unread:
            self.sieve.unread(at[0], unread)
        self._put(at, row, keep=False)

    def _put(self, at: At, row: dict[str, Any], *, keep: bool) -> None:
        self._places.append(at)
        self._rows.append(row)
        self._keep.append(keep)

    def full(self) -> Iterator[Split]:
        """The batch, if it is full."""
        if len(self._rows) >= self.batch_rows or len(self.sieve) >= self.batch_rows:
            yield self._split()

    def rest(self) -> Iterator[Split]:
        """What is left at the end; a table without a row still has its columns."""
        if self._rows or len(self.sieve) or not self._yielded:
            yield self._split()

    def _split(self) -> Split:
        rows, places = self._rows, np.array(self._places, np.int64).reshape(-1, 3)
        keep = np.array(self._keep, np.bool_)
        self._rows, self._places, self._keep, self._yielded = [], [], [], True
        columns = {f.name: pa.array([row.get(f.name) for row in rows], f.type) for f in self.schema}
        return self.sieve.split(columns, Places(places[:, 0], places[:, 1], places[:, 2].astype(np.int32)), keep=keep)
