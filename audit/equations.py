"""The money equations: what must close before a load may stand.

Everything is counted in records or in integer grosze (hundredths of the currency), per source and currency, with a
tolerance of zero.  `billing.spec.EQUATIONS` names them:

* `records`, `amounts`: what was read is loaded, rejected or suspended, and nothing else;
* `account`: opening balance and movements give the closing balance, for every account;
* `invoice`: lines, VAT by rate and totals agree, for every document;
* `payment`: allocations and the unallocated rest give the payment, for every payment;
* `debtors_creditors`: positive and negative balances, each side apart (a wrong sign cancels in the sum of both);
* `merge`: what was staged of a source is what the crosswalk leads to.

An equation that a source's data cannot support is `not_applicable`: it is never reported as closed.  So is one that
could not fail: a payment without allocations whose unallocated rest is not stated either has one figure, not two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import psycopg

from audit.consolidated import Measure, Measures, measure_loaded, measure_staged
from audit.documents import Checked, check_documents
from audit.totals import Total, Totals
from billing.model import ENTITIES
from billing.spec import ALWAYS, EQUATIONS
from billing.wording import counted

Status = Literal["closed", "broken", "not_applicable"]
NAMED = 20  # keys named with a break
NOT_TESTED = "not tested"  # how the note of an equation begins that could not have failed


@dataclass(frozen=True)
class SourceTotals:
    """What the steps of one source counted, from the first canonical rows to what was published.

    Attributes:
        source_id: The source.
        supports: Equations of the spec beyond `ALWAYS`.
        read: Rows as they came out of conform, rejected ones included.  Raw tables may stand here as well.
        kept: Rows published, which are the rows that are staged.
        rejected: Records rejected by any step after `read`.
        suspended: Records suspended by any step.
    """

    source_id: str
    supports: tuple[str, ...]
    read: Totals
    kept: Totals
    rejected: Totals = field(default_factory=Totals)
    suspended: Totals = field(default_factory=Totals)


@dataclass(frozen=True)
class EquationResult:
    """One equation of one source.

    Attributes:
        equation: A key of `billing.spec.EQUATIONS`.
        source_id: The source.
        entity: Canonical entity (for `debtors_creditors`: `debtors` or `creditors`).
        currency: Currency of both sides, empty where records are counted.
        unit: What both sides count.
        lhs: Left side; None where not applicable.
        rhs: Right side.
        status: `closed`, `broken` or `not_applicable`.
        checked: Records, accounts or documents that were checked.
        broken: How many of them do not close.
        keys: The first of these.
        note: What explains a break, or why the equation does not apply.
        untested: Of those checked, how many could not have failed.
    """

    equation: str
    source_id: str
    entity: str
    currency: str
    unit: Literal["records", "grosze"]
    lhs: int | None
    rhs: int | None
    status: Status
    checked: int = 0
    broken: int = 0
    keys: tuple[str, ...] = ()
    note: str = ""
    untested: int = 0

    @property
    def difference(self) -> int:
        """Left side less right side."""
        return (self.lhs or 0) - (self.rhs or 0)

    def as_break(self) -> dict[str, Any]:
        """As one of the mappings that `ReconciliationError.breaks` holds."""
        return {**asdict(self), "keys": list(self.keys), "difference": self.difference}


def check_equations(
    connection: psycopg.Connection, sources: Sequence[SourceTotals], *, staged: bool = True
) -> list[EquationResult]:
    """Check every equation of every source.

    Args:
        connection: While loading, the merge's own; afterwards any.
        sources: What the steps counted.
        staged: False when staging is gone: the whole source is then compared with what was published, rows carried
            over from former deliveries (which the batch counted) taken into account.

    Returns:
        One result for each equation, source, entity and currency, in that order.
    """
    ids = [s.source_id for s in sources]
    measures = measure_staged(connection, first=NAMED) if staged else measure_loaded(connection, ids)
    carried = {} if staged else carried_over(connection)
    documents = check_documents(connection, ids, first=NAMED)
    results: list[EquationResult] = []
    for source in sources:
        mine = {k[1:]: m for k, m in measures.items() if k[0] == source.source_id}
        stayed = {k[1:]: t for k, t in carried.items() if k[0] == source.source_id}
        results += _conservation(source, mine, stayed)
        results += _documents(source, documents)
        results += _sides(source, mine, stayed)
        results += _merge(source, mine, stayed, staged=staged)
    order = list(EQUATIONS)
    return sorted(results, key=lambda r: (order.index(r.equation), r.source_id))


def breaks_of(results: Iterable[EquationResult]) -> list[dict[str, Any]]:
    """The results that do not close, as a load's `reconcile` answers them."""
    return [r.as_break() for r in results if r.status == "broken"]


def record_results(connection: psycopg.Connection, batch_id: int, results: Iterable[EquationResult]) -> None:
    """Write closed and not applicable equations beside the batch that they prove."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO control.recon_result "
            "(batch_id, equation, source_id, entity, currency, lhs, rhs, difference, checked, status, note) "
            "SELECT %s, %s, source_id, %s, %s, %s, %s, %s, %s, %s, %s FROM control.source WHERE code = %s",
            [
                (batch_id, r.equation, r.entity, r.currency, r.lhs, r.rhs, r.difference, r.checked, r.status, r.note,
                 r.source_id)
                for r in results
            ],
        )  # fmt: skip


def carried_over(connection: psycopg.Connection) -> dict[tuple[str, str, str], Total]:
    """Rows that the newest batch of each source did not have and that stayed, as that batch counted them."""
    rows = connection.execute(
        "SELECT c.code, t.entity, coalesce(t.currency, ''), t.records, t.positive_grosze, t.negative_grosze "
        "FROM control.control_total t JOIN control.source c USING (source_id) "
        "WHERE t.bucket = 'carried_over' AND t.batch_id = (SELECT max(m.batch_id) FROM control.control_total m "
        "JOIN control.batch b ON b.batch_id = m.batch_id AND b.state = 'loaded' "
        "WHERE m.source_id = t.source_id AND m.step = 'load')"
    )
    return {
        (code, entity, currency): Total(records=records, debit=int(debit or 0), credit=int(credit or 0))
        for code, entity, currency, records, debit, credit in rows
    }


# --- the equations, one by one ------------------------------------------------------------------------------------

_Mine = Mapping[tuple[str, str], Measure]
_Stayed = Mapping[tuple[str, str], Total]


def _conservation(source: SourceTotals, mine: _Mine, stayed: _Stayed) -> list[EquationResult]:
    """Records and amounts read = loaded + rejected + suspended."""
    results = []
    parts = (source.read, source.kept, source.rejected, source.suspended)
    keys = sorted({key for part in parts for key in part} | set(mine))
    for entity in dict.fromkeys(entity for entity, _ in keys):
        currencies = [currency for e, currency in keys if e == entity]
        # a reject may have lost its currency with everything else: records are counted over all currencies
        read, rejected, suspended = (
            sum(part[entity, c].records for c in currencies)
            for part in (source.read, source.rejected, source.suspended)
        )
        if entity in ENTITIES:
            loaded = sum(
                mine.get((entity, c), Measure()).found - stayed.get((entity, c), Total()).records for c in currencies
            )
        else:  # a raw table: its rows become canonical ones and are not loaded themselves
            loaded = sum(source.kept[entity, c].records for c in currencies)
        note = f"{loaded} loaded, {rejected} rejected, {suspended} suspended"
        sides = (read, loaded + rejected + suspended)
        results.append(_result("records", source, entity, unit="records", sides=sides, checked=read, note=note))
        if entity not in ENTITIES or ENTITIES[entity].control_amount is None:
            continue
        for currency in currencies:
            key = (entity, currency)
            loaded = _amount(mine.get(key), entity) - stayed.get(key, Total()).amount
            aside = source.rejected[key].amount + source.suspended[key].amount
            unreadable = source.read[key].unreadable
            note = f"{counted(unreadable, 'record')} without a readable amount" if unreadable else ""
            sides = (source.read[key].amount, loaded + aside)
            checked = source.read[key].records
            results.append(_result("amounts", source, entity, currency, sides=sides, checked=checked, note=note))
    return results


def _documents(source: SourceTotals, documents: Mapping[tuple[str, str, str], Checked]) -> list[EquationResult]:
    """Account, invoice and payment equations, where the source supports them."""
    results = []
    for equation in (name for name in EQUATIONS if name not in ALWAYS):
        found = {k[2]: c for k, c in documents.items() if k[:2] == (equation, source.source_id)}
        reason = "the source's data do not support it" if equation not in source.supports else "nothing to check"
        if equation not in source.supports or not found:
            results.append(
                EquationResult(
                    equation, source.source_id, equation, "", "grosze", None, None, "not_applicable", note=reason
                )
            )
            continue
        for currency, c in sorted(found.items()):
            if c.untested == c.checked and not c.broken:
                results.append(
                    EquationResult(
                        equation, source.source_id, equation, currency, "grosze", None, None, "not_applicable",
                        note=f"{NOT_TESTED}: {counted(c.untested, equation)} without allocations or a stated rest",
                        untested=c.untested,
                    )
                )  # fmt: skip
                continue
            results.append(
                EquationResult(
                    equation, source.source_id, equation, currency, "grosze", c.lhs, c.rhs,
                    "broken" if c.broken or c.lhs != c.rhs else "closed", c.checked, c.broken, c.keys, c.note,
                    c.untested,
                )
            )  # fmt: skip
    return results


def _sides(source: SourceTotals, mine: _Mine, stayed: _Stayed) -> list[EquationResult]:
    """Debtors and creditors: published balances against loaded ones, each side apart."""
    results = []
    currencies = sorted({c for e, c in [*source.kept, *mine] if e == "account"})
    for currency in currencies:
        published, loaded = source.kept["account", currency], mine.get(("account", currency), Measure())
        kept_back = stayed.get(("account", currency), Total())
        for side, sides in (
            ("debtors", (published.debit, loaded.debit - kept_back.debit)),
            ("creditors", (published.credit, loaded.credit - kept_back.credit)),
        ):
            results.append(_result("debtors_creditors", source, side, currency, sides=sides, checked=published.records))
    if not results:
        note = "the source delivers no accounts"
        results.append(
            EquationResult(
                "debtors_creditors", source.source_id, "account", "", "grosze", None, None, "not_applicable", note=note
            )
        )
    return results


def _merge(source: SourceTotals, mine: _Mine, stayed: _Stayed, *, staged: bool) -> list[EquationResult]:
    """Before the merge = after it, in records and in every money field; while staged, row by row."""
    results = []
    for entity, currency in sorted({*mine, *(k for k in source.kept if k[0] in ENTITIES)}):
        m, published = mine.get((entity, currency), Measure()), source.kept[entity, currency]
        kept_back = stayed.get((entity, currency), Total())
        before = m.staged if staged else published.records
        sides = (before, m.found - kept_back.records)
        note = f"{published.records} published, {before} staged" if published.records != before else ""
        records = _result("merge", source, entity, currency, unit="records", sides=sides, checked=before, note=note)
        if published.records != before or m.differing:
            records = _broken(records, m)
        results.append(records)
        if ENTITIES[entity].control_amount is None:
            continue
        sums = {name: (m.staged_sums.get(name, 0), m.found_sums.get(name, 0)) for name in m.found_sums}
        control = ENTITIES[entity].control_amount or ""
        left = sums.get(control, (0, 0))[0] if staged else published.amount
        sides = (left, _amount(m, entity) - kept_back.amount)
        amount = _result("merge", source, entity, currency, sides=sides, checked=before)
        off = [f"{name} {a} before, {b} after" for name, (a, b) in sums.items() if staged and a != b]
        if left != published.amount:
            off.append(f"{published.amount} published, {left} staged")
        results.append(_broken(amount, m, "; ".join(off)) if off or m.differing else amount)
    return results


def _amount(measure: Measure | None, entity: str) -> int:
    control = ENTITIES[entity].control_amount
    return measure.found_sums.get(control, 0) if measure and control else 0


def _result(
    equation: str,
    source: SourceTotals,
    entity: str,
    currency: str = "",
    *,
    sides: tuple[int, int],
    checked: int,
    unit: Literal["records", "grosze"] = "grosze",
    note: str = "",
) -> EquationResult:
    status: Status = "closed" if sides[0] == sides[1] else "broken"
    return EquationResult(equation, source.source_id, entity, currency, unit, *sides, status, checked, note=note)


def _broken(result: EquationResult, measure: Measure, note: str = "") -> EquationResult:
    note = "; ".join(n for n in (result.note, note) if n)
    return EquationResult(
        **{**asdict(result), "status": "broken", "broken": measure.differing, "keys": measure.keys, "note": note}
    )


__all__ = [
    "EquationResult", "Measures", "SourceTotals", "breaks_of", "carried_over", "check_equations", "record_results",
]  # fmt: skip
