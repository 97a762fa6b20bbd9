"""The statements of a delivery's bank files, judged together, and against those that were published before.

One file proves nothing about the next: a statement may be missing between two files, or stand in both.  So all files'
statements are judged as if they stood in one (`extractors.bank.statement_check`), behind the last one that was
published of each account.

>>> def statement(no, opening, closing, day):
...     money = [Balance(Decimal(amount), "PLN", day) for amount in (opening, closing)]
...     return Statement(0, "A", str(no), 1, *money, total=money[1].amount - money[0].amount)
>>> before = [Published(statement(8, "90", "100", "2003-10-30"), "oct.sta", "1")]
>>> [[verdict]] = judge_delivery({"2": [statement(10, "105", "110", "2003-11-01")]}, before).values()
>>> verdict.message
'it opens with 105, but statement 8/1 before it (in oct.sta) closed with 100: a statement between them is missing'
>>> judge_delivery({"2": [statement(9, "100", "105", "2003-10-31")]}, before)
{'2': [None]}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from billing.file_specs import AnyFile
from billing.registry import Source
from extractors.bank import camt053, mt940
from extractors.bank.statement_check import Balance, Statement, Verdict, judge, number_of
from extractors.base import LandedFile

_READERS: dict[str, Callable[[Source, AnyFile, LandedFile], list[Statement]]] = {
    "mt940": mt940.statements,
    "camt053": camt053.statements,
}


@dataclass(frozen=True)
class Published:
    """A statement of an earlier delivery.

    Attributes:
        statement: What the check has to know.
        file: Name of its file.
        sha256: Of its file.
    """

    statement: Statement
    file: str
    sha256: str


def is_proved(spec: AnyFile) -> bool:
    """Whether the files of a spec hold statements that the check knows."""
    return spec.format in _READERS


def read_statements(source: Source, spec: AnyFile, landed: LandedFile) -> list[Statement]:
    """What the check has to know of every statement of a file.

    Raises:
        SourceError: The file cannot be read.
    """
    return [replace(s, file=landed.name) for s in _READERS[spec.format](source, spec, landed)]


def judge_delivery(
    files: Mapping[str, Sequence[Statement]], published: Sequence[Published]
) -> dict[str, list[Verdict | None]]:
    """Judge the statements of all files of a delivery.

    Args:
        files: SHA-256 of each file -> its statements, in the order of the delivery.
        published: Statements of earlier deliveries, later ones last.

    Returns:
        SHA-256 -> one verdict a statement.  A statement that was published before, in a file that this delivery does
        not hold, is doubted, not held back: what this delivery brings takes the place of what was published.
    """
    earlier = [one for one in published if one.sha256 not in files]
    again = {identity(one.statement): one for one in earlier}
    here = [statement for statements in files.values() for statement in statements]
    delivered = {identity(statement) for statement in here}
    before = _last_before(here, [one for one in earlier if identity(one.statement) not in delivered])
    verdicts = judge([*before, *here])[len(before) :]
    for position, statement in enumerate(here):
        if verdicts[position] is None and statement.number and (one := again.get(identity(statement))):
            verdicts[position] = Verdict(
                "STMT-SEQUENCE",
                f"statement {statement.number} was published before (in {one.file})",
                is_doubt=True,
            )
    found: dict[str, list[Verdict | None]] = {}
    for sha256, statements in files.items():
        found[sha256], verdicts = verdicts[: len(statements)], verdicts[len(statements) :]
    return found


def identity(statement: Statement) -> tuple[str | None, ...]:
    """What two deliveries of one statement have in common."""
    opening = statement.opening
    return (
        statement.account,
        opening.currency if opening else None,
        opening.date if opening else None,
        statement.number,
        None if statement.page is None else str(statement.page),
    )


def _last_before(here: Sequence[Statement], earlier: Sequence[Published]) -> list[Statement]:
    """Of every account the last earlier statement that does not open after its first one here."""
    first: dict[tuple[str | None, str], str] = {}
    for statement in here:
        if opening := statement.opening:
            key = (statement.account, opening.currency)
            first[key] = min(first.get(key, opening.date), opening.date)
    last: dict[tuple[str | None, str], tuple[tuple[str, int, int], Statement]] = {}
    for one in earlier:
        opening = one.statement.opening
        if opening is None or opening.date > first.get((one.statement.account, opening.currency), ""):
            continue
        place = (opening.date, number_of(one.statement.number), one.statement.page or 0)
        key = (one.statement.account, opening.currency)
        if key not in last or place >= last[key][0]:
            last[key] = (place, replace(one.statement, file=one.file))
    return [statement for _, statement in last.values()]


# --- kept between deliveries -----------------------------------------------------------------------------------


def to_json(statement: Statement) -> dict[str, Any]:
    """A statement as it is kept; its amounts are text, since JSON has no decimals."""
    return {
        "account": statement.account,
        "number": statement.number,
        "page": statement.page,
        "total": str(statement.total),
        **{name: _balance(getattr(statement, name)) for name in ("opening", "closing")},
    }


def from_json(data: Mapping[str, Any]) -> Statement:
    """The inverse of `to_json`."""
    opening, closing = (_balance_of(data[name]) for name in ("opening", "closing"))
    return Statement(0, data["account"], data["number"], data["page"], opening, closing, Decimal(data["total"]))


def _balance(balance: Balance | None) -> list[Any] | None:
    return [str(balance.amount), balance.currency, balance.date, balance.is_interim] if balance else None


def _balance_of(data: list[Any] | None) -> Balance | None:
    return Balance(Decimal(data[0]), *data[1:]) if data else None
