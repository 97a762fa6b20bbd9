"""Does a bank statement prove itself, and does it follow the one before?

Two rules, whatever the format: opening balance + booked entries = closing balance, to the last decimal; and the
opening balance is the closing balance of the statement before, of the same account and currency.  A statement that
breaks the first has lost, doubled or changed an entry; one that breaks the second comes after entries that were never
delivered, or comes twice.  Statement numbers are only labels: a gap in them while the balances agree can hide nothing
but entries that cancel each other, so it is no more than a doubt.

>>> def statement(no, opening, entries, closing):
...     money = [Balance(Decimal(amount), "PLN", "2003-10-31") for amount in (opening, closing)]
...     return Statement(no, "A", str(no), 1, money[0], money[1], Decimal(entries))
>>> for verdict in judge([statement(1, "100", "-25.50", "74.50"), statement(2, "74.50", "10", "84.51")]):
...     print(verdict and (verdict.reason, verdict.message))
None
('STMT-BALANCE', 'opening balance 74.50 and entries 10 give 84.50, the closing balance is 84.51 (difference 0.01)')
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

_MOST_DIGITS = 35  # of a number: ISO 20022 allows 18, and no identifier is longer


@dataclass(frozen=True)
class Balance:
    """A balance: negative where the account is overdrawn.

    Attributes:
        amount: In full units of the currency.
        currency: ISO 4217.
        date: `YYYY-MM-DD`.
        is_interim: Of a page that is not the statement's first (opening) or last (closing).
    """

    amount: Decimal
    currency: str
    date: str
    is_interim: bool = False


@dataclass
class Statement:
    """What the check has to know of one statement, or of one page of it.

    Attributes:
        index: Its place in the file, from 0.
        account: As the bank writes it.
        number: Statement number, None where there is none (or only zeros).
        page: Page number.
        opening: Opening balance, None where it is missing.
        closing: Closing balance, None where it is missing.
        total: Sum of its booked entries.
        unread: Entries whose amount could not be read.
        faults: What else is wrong with it.
        totals: What its own totals of entries contradict.
        file: Name of its file, where statements of several files are judged.
    """

    index: int
    account: str | None
    number: str | None
    page: int | None
    opening: Balance | None = None
    closing: Balance | None = None
    total: Decimal = Decimal(0)
    unread: int = 0
    faults: list[str] = field(default_factory=list)
    totals: list[str] = field(default_factory=list)
    file: str | None = None


@dataclass(frozen=True)
class Verdict:
    """Why a statement is not proved.

    Attributes:
        reason: Code of `billing.reasons`.
        message: For people, without personal values.
        is_doubt: The statement goes on all the same.
    """

    reason: str
    message: str
    is_doubt: bool = False


def judge(statements: list[Statement]) -> list[Verdict | None]:
    """Judge the statements of one file, or of several.

    Args:
        statements: In the order of the file, one file after the other.

    Returns:
        One verdict a statement, None where there is nothing against it.
    """
    verdicts: list[Verdict | None] = [_closes(statement) for statement in statements]
    by_account: dict[tuple[str | None, str | None], list[_Placed]] = {}
    for position, statement in enumerate(statements):
        currency = statement.opening.currency if statement.opening else None
        by_account.setdefault((statement.account, currency), []).append((position, statement))
    for chain in by_account.values():
        for position, verdict in _follows(_in_time(chain), verdicts):
            if verdicts[position] is None:
                verdicts[position] = verdict
    return verdicts


_Placed = tuple[int, Statement]  # its position among all that are judged


def _in_time(chain: list[_Placed]) -> list[_Placed]:
    """By the days that they open on; those of one day by their numbers where all have one, else as delivered."""
    numbered = all(_number(statement) for _, statement in chain)

    def place(placed: _Placed) -> tuple[str, int, int, int]:
        position, statement = placed
        number, page = (_number(statement), statement.page or 0) if numbered else (0, 0)
        return statement.opening.date if statement.opening else "", number, page, position

    return sorted(chain, key=place)


def _number(statement: Statement) -> int:
    return number_of(statement.number)


def number_of(text: str | None) -> int:
    """A statement's number to count by, 0 where it is none.

    >>> number_of("84"), number_of("84/2003"), number_of(None), number_of("1" * 5_000)
    (84, 0, 0, 0)
    """
    return int(text) if text and len(text) <= _MOST_DIGITS and text.isdecimal() else 0


def _closes(statement: Statement) -> Verdict | None:
    opening, closing = statement.opening, statement.closing
    faults = list(statement.faults)
    balances = {"opening": opening, "closing": closing}
    faults += [f"its {name} balance is missing" for name, balance in balances.items() if balance is None]
    if faults or opening is None or closing is None:
        return Verdict("STMT-FIELD", "; ".join(faults))
    if opening.currency != closing.currency:
        return Verdict(
            "STMT-BALANCE", f"the opening balance is in {opening.currency}, the closing balance in {closing.currency}"
        )
    if statement.unread:
        count = f"{statement.unread} of its entries" if statement.unread > 1 else "one of its entries"
        return Verdict("STMT-BALANCE", f"{count} cannot be read, so that its closing balance cannot be proved")
    if opening.amount + statement.total != closing.amount:
        given = opening.amount + statement.total
        return Verdict(
            "STMT-BALANCE",
            f"opening balance {opening.amount} and entries {statement.total} give {given}, the closing balance is "
            f"{closing.amount} (difference {closing.amount - given})",
        )
    return Verdict("STMT-TOTALS", "; ".join(statement.totals)) if statement.totals else None


def _follows(chain: Iterable[_Placed], verdicts: Sequence[Verdict | None]) -> Iterator[tuple[int, Verdict]]:
    before: _Placed | None = None
    for placed in chain:
        if before is not None:
            against = verdicts[before[0]]
            is_proved = against is None or against.reason == "STMT-SEQUENCE"
            if verdict := _gap(before[1], placed[1], is_proved=is_proved):
                yield placed[0], verdict
        before = placed


def _gap(before: Statement, statement: Statement, *, is_proved: bool) -> Verdict | None:
    left, opening = before.closing, statement.opening
    if left is None or opening is None:
        return None  # said already
    numbered = statement.number is not None
    if numbered and _is_repeated(before, statement):
        return Verdict("STMT-SEQUENCE", f"statement {_name(statement)} is there twice{_elsewhere(before, statement)}")
    if left.amount != opening.amount:
        why = "a statement between them is missing"
        if not is_proved:
            why = "that statement is there but not proved itself, so nothing says whether one between them is missing"
        return Verdict(
            "STMT-SEQUENCE",
            f"it opens with {opening.amount}, but statement {_name(before)} before it{_elsewhere(before, statement)} "
            f"closed with {left.amount}: {why}",
        )
    if not (_number(statement) and _number(before)) or opening.date[:4] != (before.opening or left).date[:4]:
        return None  # numbers begin again every year
    step = _number(statement) - _number(before)
    same_statement = step == 0 and (statement.page or 0) == (before.page or 0) + 1
    if step == 1 or same_statement or (left.is_interim and step == 0):
        return None
    message = f"statement {_name(statement)} follows {_name(before)}, but their balances agree"
    return Verdict("STMT-SEQUENCE", message, is_doubt=True)


def _is_repeated(one: Statement, other: Statement) -> bool:
    same_name = (one.number, one.page) == (other.number, other.page)
    return same_name and (one.opening, one.closing, one.total) == (other.opening, other.closing, other.total)


def _elsewhere(one: Statement, other: Statement) -> str:
    return f" (in {one.file})" if one.file != other.file else ""


def _name(statement: Statement) -> str:
    number = statement.number or f"number {statement.index + 1} of the file"
    return f"{number}/{statement.page}" if statement.page is not None and statement.number else number
