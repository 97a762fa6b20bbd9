"""The money of records that were set aside before they became canonical rows.

A record that cannot be decoded, or whose bank statement is held back, may still say how much it is about: its good
columns are read by the very mapping that would have made rows of it, cut down to amount and currency.  So its money
stands in the control totals of the entity that it would have become, and `read = loaded + rejected + suspended` holds
for it, too.  What cannot be known is not guessed: a record without columns, or with damage in a column that decides
which rows it becomes, is only counted, and so is an amount whose own columns are damaged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from audit.totals import ASIDE, Totals
from billing.lineage import REJECTS, Lost, Split
from billing.model import ENTITIES
from billing.spec import EntityMap, SourceSpec

Counts = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Priced:
    """What one lost record would have become.

    Attributes:
        entity: The canonical entity.
        amount: Its control amount; None where it cannot be read.
        currency: Its currency; None where it cannot be read.
    """

    entity: str
    amount: Decimal | None
    currency: str | None


@dataclass
class LostMoney:
    """Prices what the decoders of one source set aside.

    Attributes:
        spec: The source.
        totals: Disposition -> totals of the rows that the records would have become.
        placed: Disposition -> raw table -> records that these totals hold.
        unreadable: Disposition -> `reason table` -> records whose amount cannot be read.
    """

    spec: SourceSpec
    totals: dict[str, Totals] = field(default_factory=lambda: {name: Totals() for name in ASIDE})
    placed: Counts = field(default_factory=lambda: {name: {} for name in ASIDE})
    unreadable: Counts = field(default_factory=lambda: {name: {} for name in ASIDE})

    def price(self, split: Split) -> pa.RecordBatch:
        """The rejects of a decoder's split, with the amounts of whole records; their money is counted.

        Where a record would have become rows of several entities, it bears the amount of the first of them in the
        order of the model: that of the invoice, not those of its VAT by rate.
        """
        mappings = [
            m for name in ENTITIES for m in self.spec.maps(name)
            if m.table == split.table and ENTITIES[name].control_amount
        ]  # fmt: skip
        if not mappings or split.rejects.num_rows == 0:
            return split.rejects
        known = self._known(mappings, split.lost)
        lost: dict[str, list[Priced]] = {}
        rows = split.rejects.to_pylist()
        for row in rows:
            if row["level"] != "record":
                continue
            priced, disposition = known.get(row["record_no"]), row["disposition"]
            if priced:
                row["amount"], row["currency"] = priced[0].amount, priced[0].currency
                lost.setdefault(disposition, []).extend(priced)
                _count(self.placed[disposition], row["entity"])
            if priced is None or (priced and priced[0].amount is None):
                _count(self.unreadable[disposition], f"{row['reason']} {row['entity']}")
        for disposition, priced in lost.items():
            self.totals[disposition].add_rejects(_as_rejects(priced))
        return pa.RecordBatch.from_pylist(rows, schema=REJECTS)

    def _known(self, mappings: Iterable[EntityMap], lost: Lost | None) -> dict[int, list[Priced]]:
        """Record number -> what it would have become, nothing at all included; records of which nobody knows lack."""
        if lost is None:
            return {}
        known: dict[int, list[Priced]] = {}
        unknown: set[int] = set()
        numbers = lost.rows["record_no"].to_pylist()
        for mapping in mappings:
            deciding = {where.column for where in mapping.where}
            there = deciding <= set(lost.rows.schema.names)  # what lacks is told where the mapping itself is used
            decided = [there and deciding.isdisjoint(lost.unread.get(number, ())) for number in numbers]
            unknown.update(number for number, sure in zip(numbers, decided, strict=True) if not sure)
            rows = lost.rows if all(decided) else lost.rows.filter(pa.array(decided))
            for number, priced in _priced(self.spec, mapping, rows, lost):
                known.setdefault(number, []).append(priced)
        return {number: known.get(number, []) for number in numbers if number in known or number not in unknown}


def _priced(spec: SourceSpec, mapping: EntityMap, rows: pa.RecordBatch, lost: Lost) -> Iterator[tuple[int, Priced]]:
    """What a mapping makes of lost rows: their numbers, and their money where it can be read."""
    from transforms.conform import Lookups, conform

    control = ENTITIES[mapping.name].control_amount or ""
    # Cross-references are not complete before everything is decoded: what has to be looked up is not known yet.
    columns = set(rows.schema.names)
    rules = {
        name: rule
        for name in (control, "currency")
        if (rule := mapping.fields.get(name)) and not rule.lookup and columns.issuperset(rule.inputs)
    }
    inputs = {column for rule in rules.values() for column in rule.inputs}
    split = conform(spec, mapping.model_copy(update={"fields": rules}), rows, Lookups())
    made = split.kept.select(["record_no", control, "currency"]).rename_columns(["record_no", "amount", "currency"])
    refused = split.rejects.filter(pc.equal(split.rejects["level"], "record"))
    for row in [*made.to_pylist(), *refused.select(["record_no", "amount", "currency"]).to_pylist()]:
        amount, currency = row["amount"], row["currency"]
        if amount is None or currency is None or not inputs.isdisjoint(lost.unread.get(row["record_no"], ())):
            amount = currency = None
        yield row["record_no"], Priced(mapping.name, amount, currency)


def _as_rejects(priced: Iterable[Priced]) -> pa.RecordBatch:
    rows: list[dict[str, Any]] = [{**vars(one), "level": "record"} for one in priced]
    names = ("level", "entity", "amount", "currency")
    return pa.RecordBatch.from_pylist(rows, schema=pa.schema([REJECTS.field(name) for name in names]))


def _count(counts: dict[str, int], name: str) -> None:
    counts[name] = counts.get(name, 0) + 1
