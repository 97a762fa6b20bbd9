"""Control totals: how many records, and how much money, per entity and currency.

Every step that drops, splits or changes rows states them for what it read and for each thing it made of it, so that
`read = kept + rejected + suspended` can be checked between any two steps, in records and in grosze.

Sums are Python integers in grosze (hundredths of the currency): they neither round nor overflow.

>>> totals = Totals()
>>> totals.add("payment", pa.table({"currency": ["PLN", "PLN"], "amount": pa.array([Decimal("1.50"), Decimal("-0.25")],
...     MONEY), "unallocated": pa.nulls(2, MONEY)}))
>>> total = totals["payment", "PLN"]
>>> total.records, total.debit, total.credit, total.amount
(2, 150, -25, 125)
>>> Totals.from_json(totals.to_json()) == totals
True
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from billing.model import ENTITIES
from billing.money import MONEY, grosze

NO_CURRENCY = ""  # of entities without money
ASIDE = ("rejected", "suspended")


@dataclass
class Total:
    """One entity in one currency.

    Attributes:
        records: Number of rows.
        sums: Money field -> sum in grosze (fields without a single value are left out).
        debit: Sum of the positive control amounts, in grosze.
        credit: Sum of the negative ones, in grosze.
        unreadable: Rows whose control amount is unknown although the entity has one.
        converted: Rows that were delivered in old zloty.
        delivered: Sum of their control amounts as delivered, in hundredths of PLZ.
        booked: Sum of the same rows' control amounts as converted, in grosze; part of `amount`.
    """

    records: int = 0
    sums: dict[str, int] = field(default_factory=dict)
    debit: int = 0
    credit: int = 0
    unreadable: int = 0
    converted: int = 0
    delivered: int = 0
    booked: int = 0

    @property
    def amount(self) -> int:
        """Sum of the control amounts, in grosze."""
        return self.debit + self.credit

    @property
    def rounding(self) -> Decimal:
        """What converting row by row added to the exact value of the old-zloty rows, in PLN, exactly.

        >>> Total(converted=5, delivered=224_500, booked=20).rounding        # five rows of 449 PLZ at 0.04
        Decimal('-0.024500')
        """
        return Decimal(self.booked).scaleb(-2) - Decimal(self.delivered).scaleb(-6)

    def merge(self, other: Total) -> None:
        """Add another total of the same entity and currency to this one."""
        for figure in fields(Total):
            if figure.name != "sums":
                setattr(self, figure.name, getattr(self, figure.name) + getattr(other, figure.name))
        for name, amount in other.sums.items():
            self.sums[name] = self.sums.get(name, 0) + amount


@dataclass
class Totals:
    """Control totals of a set of rows, by `(entity, currency)`."""

    by_key: dict[tuple[str, str], Total] = field(default_factory=dict)

    def __getitem__(self, key: tuple[str, str]) -> Total:
        return self.by_key.get(key, Total())

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(sorted(self.by_key))

    def _at(self, entity: str, currency: str | None) -> Total:
        return self.by_key.setdefault((entity, currency or NO_CURRENCY), Total())

    def add(self, entity: str, rows: pa.RecordBatch | pa.Table) -> None:
        """Count canonical rows.

        Args:
            entity: Their entity; its money fields are added up.
            rows: Rows of the conformed or the normalised schema (columns that are missing are not added up).
        """
        if rows.num_rows == 0:
            return
        model = ENTITIES[entity]
        if model.control_amount is None or "currency" not in rows.schema.names:
            self._at(entity, None).records += rows.num_rows
            return
        currencies = pc.unique(rows["currency"]).to_pylist()
        for currency in currencies:
            here = rows
            if len(currencies) > 1:
                same = pc.equal(rows["currency"], currency) if currency else pc.is_null(rows["currency"])
                here = rows.filter(same)
            total = self._at(entity, currency)
            total.records += here.num_rows
            for name in model.money_fields:
                if name in here.schema.names and here[name].null_count < here.num_rows:
                    total.sums[name] = total.sums.get(name, 0) + _sum(here[name])
            self._sides(total, here[model.control_amount])
            self._conversion(total, here, model.control_amount)

    def add_rejects(self, rejects: pa.RecordBatch | pa.Table) -> None:
        """Count whole records of the `REJECTS` schema; attributes only flagged are not records."""
        if rejects.num_rows == 0:
            return
        records = rejects.filter(pc.equal(rejects["level"], "record"))
        for entity in pc.unique(records["entity"]).to_pylist():
            of_entity = records.filter(pc.equal(records["entity"], entity))
            for currency in pc.unique(of_entity["currency"]).to_pylist():
                same = pc.equal(of_entity["currency"], currency) if currency else pc.is_null(of_entity["currency"])
                here = of_entity.filter(same)
                total = self._at(entity, currency)
                total.records += here.num_rows
                model = ENTITIES.get(entity)
                if model is not None and model.control_amount is not None:
                    name = model.control_amount
                    if here["amount"].null_count < here.num_rows:
                        total.sums[name] = total.sums.get(name, 0) + _sum(here["amount"])
                    self._sides(total, here["amount"])

    @staticmethod
    def _sides(total: Total, amounts: pa.Array | pa.ChunkedArray) -> None:
        zero = pa.scalar(Decimal("0.00"), MONEY)
        total.debit += _sum(amounts.filter(pc.greater(amounts, zero)))
        total.credit += _sum(amounts.filter(pc.less(amounts, zero)))
        total.unreadable += amounts.null_count

    @staticmethod
    def _conversion(total: Total, rows: pa.RecordBatch | pa.Table, amount: str) -> None:
        original = f"original_{amount}"
        if original not in rows.schema.names or rows[original].null_count == rows.num_rows:
            return
        old = pc.is_valid(rows[original])
        total.converted += rows.num_rows - rows[original].null_count
        total.delivered += _sum(rows[original])
        total.booked += _sum(rows[amount].filter(old))

    def merge(self, other: Totals) -> None:
        """Add another set's totals to these."""
        for key, theirs in other.by_key.items():
            self.by_key.setdefault(key, Total()).merge(theirs)

    def records_by_entity(self) -> dict[str, int]:
        """Number of rows of each entity, over all currencies."""
        counts: dict[str, int] = {}
        for (entity, _), total in self.by_key.items():
            counts[entity] = counts.get(entity, 0) + total.records
        return counts

    def to_json(self) -> dict[str, dict[str, Any]]:
        """Entity -> currency -> figures."""
        out: dict[str, dict[str, Any]] = {}
        for entity, currency in self:
            out.setdefault(entity, {})[currency] = asdict(self.by_key[entity, currency])
        return out

    @classmethod
    def from_json(cls, data: Mapping[str, Mapping[str, Any]]) -> Totals:
        """The inverse of `to_json`."""
        return cls({(e, c): Total(**figures) for e, by in data.items() for c, figures in by.items()})


def by_disposition(rejects: pa.RecordBatch) -> Iterator[tuple[str, pa.RecordBatch]]:
    """What was set aside of a step's rows, in its two kinds; attributes only flagged are in neither."""
    for name in ASIDE:
        yield name, rejects.filter(pc.equal(rejects["disposition"], name))


def _sum(amounts: pa.Array | pa.ChunkedArray) -> int:
    # decimal128 sums keep 38 digits: exact for any batch
    total = pc.sum(amounts).as_py()
    return 0 if total is None else grosze(total)
