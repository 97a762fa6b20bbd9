"""First reading of an MT940 file: what each statement says about itself, and the sum of its entries."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from extractors.bank.mt940_fields import EntryLine, account_number, balance, entry_line, statement_number
from extractors.bank.mt940_lines import Message, Part
from extractors.bank.rows import within_room
from extractors.bank.statement_check import Balance, Statement
from extractors.codepages.text import PageText

MAX_INFORMATION = 1 << 13
_ONCE = {"25": "25", "25P": "25", "28": "28C", "28C": "28C", "60F": "60", "60M": "60", "62F": "62", "62M": "62"}
_TEXTS = {"20": "reference", "21": "related_reference"}
_OF_REPORT = {"13", "13D", "34F", "90C", "90D"}
_LINE_END = re.compile(r"\r+\n?")


@dataclass
class Summary:
    """One statement.

    Attributes:
        statement: What the check has to know.
        row: Its row of the raw table.
        offset: Of its first byte in the file.
        length: Bytes up to the end of its last field.
        entries: Number of its entries.
        available: `:64:`.
    """

    statement: Statement
    row: dict[str, Any]
    offset: int
    length: int = 0
    entries: int = 0
    available: Balance | None = None
    seen: set[str] = field(default_factory=set)

    @property
    def is_report(self) -> bool:
        """Whether it is no statement but an interim report (MT942): limits and totals, no balances."""
        return bool(self.seen & _OF_REPORT) and not self.seen & {"60", "62"}


def plain_lines(text: str) -> str:
    """A field's text with LF behind each line, whatever the file has there.

    >>> plain_lines("one\\r\\ntwo\\rthree\\r\\r\\nfour")
    'one\\ntwo\\nthree\\nfour'
    """
    text = text.replace("\r\n", "\n")
    return _LINE_END.sub("\n", text) if "\r" in text else text


def read_entry(part: Part, text: PageText) -> EntryLine | None:
    """The line `:61:` of an entry, None where it cannot be read."""
    value = text.lines(part.fields[0].value)
    return None if value is None else entry_line(plain_lines(value))


def summarise(message: Message, text: PageText) -> Summary:
    """Read one message to its end."""
    summary = Summary(Statement(message.index, None, None, None), {}, message.offset)
    statement, row = summary.statement, summary.row
    for part in message.parts():
        summary.length = part.offset + part.length - message.offset
        if part.tag == "61":
            summary.entries += 1
            line = read_entry(part, text)
            statement.unread += line is None
            statement.total += line.amount if line else Decimal(0)
            continue
        value = text.lines(part.fields[0].value)
        if value is None:
            if part.tag in _ONCE or part.tag == "20":
                statement.faults.append(f"its field :{part.tag}: holds bytes that are no text of its code page")
            continue
        _take(summary, part.tag, plain_lines(value))
    opening, closing = statement.opening, statement.closing
    row.update(
        account=statement.account, statement_no=statement.number, page_no=statement.page, entries=summary.entries,
        entries_sum=within_room(statement.total),
    )  # fmt: skip
    if opening:
        row.update(currency=opening.currency, opening_date=opening.date, opening_balance=opening.amount)
    if closing:
        row.update(closing_date=closing.date, closing_balance=closing.amount)
    if summary.available:
        row["available_balance"] = summary.available.amount
    return summary


def _take(summary: Summary, tag: str, value: str) -> None:
    statement, row = summary.statement, summary.row
    if (once := _ONCE.get(tag)) is not None:
        if once in summary.seen:
            statement.faults.append(f"its field :{tag}: occurs more than once")
            return
        summary.seen.add(once)
    elif tag in _OF_REPORT:
        summary.seen.add(tag)
    if once in {"60", "62"}:
        _take_balance(statement, tag, value)
    elif once == "25":
        statement.account = account_number(value.partition("\n")[0])
    elif once == "28C":
        statement.number, statement.page = statement_number(value)
    elif tag in _TEXTS:
        row[_TEXTS[tag]] = value.strip() or None
    elif tag == "64":
        summary.available = balance(value)
    elif tag == "86":
        row["information"] = f"{row.get('information', '')} {value}".strip()[:MAX_INFORMATION]


def _take_balance(statement: Statement, tag: str, value: str) -> None:
    found = balance(value, is_interim=tag.endswith("M"))
    if found is None:
        statement.faults.append(f"its field :{tag}: is no balance")
    elif tag.startswith("60"):
        statement.opening = found
    else:
        statement.closing = found
