"""Rows of bank formats on their way into batches: one by one, typed, with their places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from billing.lineage import Split
from extractors.base import LandedFile, Places, Sieve

AMOUNT = pa.decimal128(24, 5)
"""ISO 20022 allows 18 digits, 5 of them decimals; SWIFT allows 15 characters."""

At = tuple[int, int, int]
"""Record number, byte offset, byte length."""


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
        self._yielded = False

    def add(self, at: At, row: dict[str, Any]) -> None:
        """Put a row into the batch; columns that it does not have are null."""
        self._places.append(at)
        self._rows.append(row)

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
        self._rows, self._places, self._yielded = [], [], True
        columns = {f.name: pa.array([row.get(f.name) for row in rows], f.type) for f in self.schema}
        return self.sieve.split(columns, Places(places[:, 0], places[:, 1], places[:, 2].astype(np.int32)))
