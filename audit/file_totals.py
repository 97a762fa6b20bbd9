"""Control totals of every delivered file: records, range of keys and sums of money of each entity made of it.

Two files with other bytes but the same totals are most likely one delivery that was exported twice.

>>> from decimal import Decimal
>>> from billing.money import MONEY
>>> rows = pa.table({"account_key": ["K-2", "K-1"], "currency": ["PLN", "PLN"], "file_sha256": ["aa", "aa"],
...     "opening_balance": pa.nulls(2, MONEY), "credit_limit": pa.nulls(2, MONEY),
...     "closing_balance": pa.array([Decimal("1.50"), Decimal("-0.25")], MONEY)})
>>> files = FileTotals()
>>> _ = files.add("account", rows)
>>> files.keys["aa", "account"]
('K-1', 'K-2')
>>> files.totals["aa"]["account", "PLN"].amount
125
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from audit.totals import Totals
from billing.model import ENTITIES


@dataclass
class FileTotals:
    """Totals of canonical rows by the file that they came from.

    Attributes:
        totals: SHA-256 -> totals.
        keys: `(SHA-256, entity)` -> least and greatest key (the first field of a key of several).
    """

    totals: dict[str, Totals] = field(default_factory=dict)
    keys: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def add(self, entity: str, rows: pa.RecordBatch | pa.Table) -> Totals:
        """Count canonical rows; returns the totals of these rows alone, of all files."""
        added = Totals()
        files = pc.unique(rows["file_sha256"]).to_pylist() if rows.num_rows else []
        for sha256 in files:
            here = rows if len(files) == 1 else rows.filter(pc.equal(rows["file_sha256"], sha256))
            totals = Totals()
            totals.add(entity, here)
            added.merge(totals)
            self.totals.setdefault(sha256, Totals()).merge(totals)
            self._widen((sha256, entity), here[ENTITIES[entity].key[0]])
        return added

    def _widen(self, at: tuple[str, str], keys: pa.Array | pa.ChunkedArray) -> None:
        ends = pc.min_max(keys)
        low, high = ends["min"].as_py(), ends["max"].as_py()
        if low is not None:
            known = self.keys.get(at, (low, high))
            self.keys[at] = (min(known[0], low), max(known[1], high))
