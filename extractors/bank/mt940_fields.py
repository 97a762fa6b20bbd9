"""The fields of an MT940 statement: balances, numbers, and the line of an entry.

Amounts are exact; a comma is the decimal separator, and may be the last character or be left out, as some banks do.
A year of two digits is 19YY from 80 on.  Banks that reckon interest by months of thirty days write days such as 30
February; they are read as the month's last day, and an entry says so.  What does not have the form of its field is
None, never half read.

>>> balance("C031002PLN40000,00")
Balance(amount=Decimal('40000.00'), currency='PLN', date='2003-10-02', is_interim=False)
>>> line = entry_line("0310201020D10000,00FTRFREF 25611247//8327000090031790\\nTransfer")
>>> line.amount, line.value_date, line.entry_date, line.type_code, line.reference, line.bank_reference, line.more
(Decimal('-10000.00'), '2003-10-20', '2003-10-20', 'FTRF', 'REF 25611247', '8327000090031790', 'Transfer')
>>> entry_line("031020 nonsense") is None
True
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from extractors.bank.statement_check import Balance

_CENTURY = 80
_REFERENCE = 16
_MOST_DIGITS, _MOST_DECIMALS = 15, 5
_BALANCE = re.compile(r"([CD])\s*(\d{6})\s*([A-Z]{3})\s*([\d.,]+)\s*")
_NUMBER = re.compile(r"\s*(\d{1,10})(?:\s*/\s*(\d{1,5}))?\s*")
_TYPES = (
    "BNK|BOE|BRF|CAR|CAS|CHG|CHK|CLR|CMI|CMN|CMP|CMS|CMT|CMZ|COL|COM|CPN|DCR|DDT|DIS|DIV|EQA|EXT|FEX|INT|LBX|LDP|MAR|"
    "MAT|MGT|MSC|NWI|ODC|OPT|PCH|POP|PRN|REC|RED|RIG|RTI|SAL|SEC|SLE|STO|STP|SUB|SWP|TAX|TCK|TCM|TRA|TRF|TRN|UWC|VDA|WAR"
)
_ENTRY = re.compile(
    rf"""
    (?P<value>\d{{6}}) (?P<booked>\d{{4}})?
    (?P<mark>R[CD]|E[CD]|[CD]) (?P<funds>[A-Z])? \s*
    (?P<amount>\d[\d.]*(?:,\d*)?|,\d+) (?![\d.,])
    (?:\s*(?P<type>[SNF](?:{_TYPES}|\d{{3}}))
       | [ \t]*(?P<other>{_TYPES}|[SNF][A-Z0-9\ ]{{3}}|[A-Z][A-Z0-9]{{3}}(?!\d*,\d))
       | (?=[ \t]*(?:\n|//|\Z)))
    (?P<rest>.*)
    """,
    re.VERBOSE | re.DOTALL,
)
_PLAIN = re.compile(r"[0-9]{1,12},[0-9]{1,2}")
_DECIMAL_POINT = re.compile(r"\d+\.\d{1,2}")


class EntryLine(NamedTuple):
    """What `:61:` says.

    Attributes:
        value_date: `YYYY-MM-DD`.
        entry_date: The day it was booked, None where the line does not say it.
        mark: `C`, `D`, or a reversal of either (`RC`, `RD`), or an expected one (`EC`, `ED`).
        funds_code: Third letter of the currency, at some banks.
        amount: Signed by its effect on the account: credits are positive.
        type_code: Such as `NTRF`; None where the line ends before it.
        reference: Of the account's owner; None where it is `NONREF` or empty.
        bank_reference: Of the bank.
        more: What stands behind it, in the line or in the next.
        is_reckoned: Its value date is no day of the calendar but one of a month of thirty days.
    """

    value_date: str
    entry_date: str | None
    mark: str
    funds_code: str | None
    amount: Decimal
    type_code: str | None
    reference: str | None
    bank_reference: str | None
    more: str | None
    is_reckoned: bool = False


def amount(text: str) -> Decimal | None:
    """An unsigned amount.

    >>> [amount(text) for text in ("380115,12", "380115,", "000147,64", "500", "13.56", "1.234,56", "12,34,5", "")]
    [Decimal('380115.12'), Decimal('380115'), Decimal('147.64'), Decimal('500'), Decimal('13.56'), Decimal('1234.56'), \
None, None]
    """
    if _PLAIN.fullmatch(text):  # as nearly all are
        return Decimal(text.replace(",", "."))
    if "," in text:
        text = text.replace(".", "").replace(",", ".", 1)
    elif "." in text and not _DECIMAL_POINT.fullmatch(text):
        return None
    whole, _, fraction = text.partition(".")
    if not (whole + fraction).isdecimal() or not (whole + fraction).isascii():
        return None
    if len(whole.lstrip("0")) + len(fraction) > _MOST_DIGITS + 1 or len(fraction) > _MOST_DECIMALS:
        return None
    return Decimal(f"{whole or 0}.{fraction}" if fraction else whole.lstrip("0") or "0")


@lru_cache(maxsize=1024)
def date(text: str) -> str | None:
    """`YYYY-MM-DD` of a date `YYMMDD`, None where there is no such day.

    >>> date("031231"), date("991231"), date("030230"), date("030132"), date("031301")
    ('2003-12-31', '1999-12-31', '2003-02-28', None, None)
    """
    if len(text) != 6 or not text.isdecimal():
        return None
    year = int(text[:2])
    return _day(year + (1900 if year >= _CENTURY else 2000), text[2:])


def balance(text: str, *, is_interim: bool = False) -> Balance | None:
    """The value of `:60F:`, `:62F:`, `:64:` and their like.

    Args:
        text: The field's value; only its first line counts.
        is_interim: It is `:60M:` or `:62M:`.
    """
    match = _BALANCE.fullmatch(text.strip().partition("\n")[0].strip())
    if match is None:
        return None
    value, day = amount(match[4]), date(match[2])
    if value is None or day is None:
        return None
    return Balance(-value if match[1] == "D" and value else value, match[3], day, is_interim)


def statement_number(text: str) -> tuple[str | None, int | None]:
    """Number and page of `:28C:`, without leading zeros; the whole text where the field has another form.

    >>> statement_number("00084/001"), statement_number("27"), statement_number("000"), statement_number("a/1")
    (('84', 1), ('27', None), (None, None), ('a/1', None))
    """
    match = _NUMBER.fullmatch(text)
    if match is None:
        return text.strip() or None, None
    return match[1].lstrip("0") or None, int(match[2]) if match[2] else None


def account_number(text: str) -> str | None:
    """The account of `:25:`, without blanks and the slash that some banks put before it."""
    return re.sub(r"\s", "", text).lstrip("/") or None


def entry_line(text: str) -> EntryLine | None:
    """The value of `:61:`.

    Day, side and amount are what the balance is proved by, so they alone must be there: banks leave the type of the
    entry out, write it without its first letter, or invent one.

    Args:
        text: The field's value, with the line behind the first where there is one.

    >>> [entry_line(f"161031D0,42{text}").type_code for text in ("NTRFA", "TRFA", "MCI0NONREF", "N024NONREF", "")]
    ['NTRF', 'TRF', 'MCI0', 'N024', None]
    """
    match = _ENTRY.fullmatch(text.strip("\r\n"))
    if match is None:
        return None
    day, booked, mark, funds, money, type_code, other, rest = match.groups()
    value, value_date = amount(money), date(day)
    if value is None or value_date is None:
        return None
    entry_date = _entry_day(booked, value_date) if booked else None
    if booked and entry_date is None:
        return None
    first, _, below = rest.partition("\n")
    reference, bank_reference, behind = _references(first.strip("\r"))
    more = [part for part in (behind, *below.split()) if part]
    # a reversed credit takes money away again
    is_credit = mark in {"C", "RD", "EC"}
    return EntryLine(
        value_date, entry_date, mark, funds, value if is_credit else -value,
        (type_code or other or "").strip() or None, reference, bank_reference, " ".join(more) or None,
        value_date[8:] != day[4:],
    )  # fmt: skip


def _references(text: str) -> tuple[str | None, str | None, str]:
    """The owner's reference, the bank's, and what stands behind them."""
    own, slashes, bank = text.partition("//")
    behind = ""
    if not slashes and own[_REFERENCE - 1 : _REFERENCE + 1].isspace():
        own, behind = own[:_REFERENCE], own[_REFERENCE:]  # filled up with blanks, with a name behind it
    elif not slashes and own[_REFERENCE - 1 : _REFERENCE].isspace():
        own, behind = own[:_REFERENCE], own[_REFERENCE:]
    own = own.strip()
    return None if own in {"", "NONREF"} else own, _given(bank), behind.strip()


def _given(text: str) -> str | None:
    text = text.strip()
    return None if text in {"", "NONREF"} else text


@lru_cache(maxsize=1024)
def _entry_day(text: str, value_date: str) -> str | None:
    """The day of `MMDD` that lies nearest to the value date: around New Year it may be of another year."""
    year = int(value_date[:4])
    days = [day for y in (year, year - 1, year + 1) if (day := _day(y, text))]
    value = dt.date.fromisoformat(value_date)
    return min(days, key=lambda day: abs(dt.date.fromisoformat(day) - value), default=None)


def _day(year: int, month_day: str) -> str | None:
    month, day = int(month_day[:2]), int(month_day[2:])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return dt.date(year, month, min(day, calendar.monthrange(year, month)[1])).isoformat()
