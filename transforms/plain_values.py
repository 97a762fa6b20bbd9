"""One date or one amount with nothing declared about it: what would the rules make of it?

Columns have declared forms (`transforms.dates`, `transforms.amounts`); a single value that an engineer looks at has
none yet.  So every form is tried, and where several fit with different results, all are told and none is chosen.

>>> read_date("00366").day, read_date("37894").day, read_date("31.12.1899").rule, read_date("99991231").rule
(datetime.date(2000, 12, 31), datetime.date(2003, 9, 30), 'date.start', 'date.sentinel')
>>> read_date("03/04/03").rule, sorted(read_date("03/04/03").readings)
('date.form', ['DD-MM-YY', 'DD.MM.YY', 'MM/DD/YY'])
>>> [str(read_amount(t, currency="PLZ").value) for t in ("123450", "50", "49")]
['12.35', '0.01', '0.00']
>>> [str(read_amount(t).value) for t in ("1'234,50", "12,50CR")], read_amount("1.234").rule
(['1234.50', '-12.50'], 'amount.grouped')
>>> read_amount("1 234,56-"), read_amount("12.345").value, read_amount("*****").rule
(Amount(value=Decimal('-1234.56'), rule='amount.sign', original=None, rounding=None), Decimal('12345.00'), \
'amount.overflow')
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import NamedTuple, get_args

import numpy as np
import pyarrow as pa

from billing.money import PLZ_PER_PLN
from billing.spec import DateFormat
from transforms import amounts, dates
from transforms.nothing import means_nothing

FORMS: tuple[str, ...] = get_args(DateFormat)
_FIRST, _LAST = dt.date(1800, 1, 1), dt.date(2199, 12, 31)  # what a person or a bill can have to do with
_AHEAD = 20  # years that the end of a contract may lie behind the extract
_CURRENCY = re.compile(r"\s*(PLN|PLZ|z[łl](?:ot(?:ych|e|y))?)\.?$|^(PLN|PLZ|z[łl])\.?\s*(?=[\d+-])", re.IGNORECASE)
_IN_WORDS = re.compile(r"(?<=\d)\s*z[łl]\.?\s*(\d\d?)\s*gr\.?", re.IGNORECASE)  # 12 zł 50 gr
_NO_GROSZE = re.compile(r"(?<=\d)[,.]--$")  # 12,--
_YEAR_WORD = re.compile(r"(?<=\d)\s*r\.?$", re.IGNORECASE)  # 12.03.1999 r.
_EXCEL_DIGITS = 5  # fewer are no day since 1927, but a year or a part of a date
_APOSTROPHES = str.maketrans("’`´−–", "'''--")
_BLANKS = " \u00a0\u202f"
# credit and debit, as printed behind numbers, in English and in Polish bookkeeping
_FLAGS = {"CR": "-", "CT": "-", "MA": "-", "DB": "+", "DR": "+", "DT": "+", "WN": "+"}
_GROUPED = re.compile(r"[+-]?(\d{1,3})[.,]\d{3}[+-]?")
_STYLES = ((",", f"{_BLANKS}'."), (".", f"{_BLANKS}',"))  # decimal separator, thousands separators


class DateReading(NamedTuple):
    """A date, the rule that decided, and what every fitting form makes of the text."""

    day: dt.date | None
    rule: str
    readings: dict[str, dt.date]


def read_date(
    text: str,
    form: str | None = None,
    *,
    pivot: int | None = None,
    latest: dt.date | None = None,
    extracted_on: dt.date | None = None,
) -> DateReading:
    """Read a date.

    Args:
        text: As delivered.
        form: A form of `billing.spec.DateFormat`; None tries every one.
        pivot: Two-digit years below it are 20YY, others 19YY.
        latest: Where there is no pivot: two-digit years give the last such date that is not after this one.
        extracted_on: Date of the extract: without form and pivot, two-digit years far behind it are read in both
            centuries.
    """
    plain = _YEAR_WORD.sub("", text.strip())
    if means_nothing(plain):
        return DateReading(None, "date.missing", {})
    tried = [form] if form else [f for f in FORMS if _is_likely(plain, f)]
    read = {f: dates.read(pa.array([plain]), f, pivot=pivot, latest=latest) for f in tried}
    days = {f: dates.to_arrow(r)[0].as_py() for f, r in read.items() if r.valid[0]}
    days = {f: day for f, day in days.items() if form or _FIRST <= day <= _LAST}
    if form is None and extracted_on is not None:
        last = dt.date(extracted_on.year + _AHEAD, 12, 31)
        days = {f: day for f, day in days.items() if f != "excel" or day <= last}
        days |= _a_century_before(days, last) if pivot is None else {}
    if len(set(days.values())) > 1:
        return DateReading(None, "date.form", days)
    if days:
        found, day = next(iter(days.items()))
        if (day - dt.date(1970, 1, 1)).days == dates.BIOS_START and latest is None:
            return DateReading(None, "date.bios", days)
        return DateReading(day, "date.plain" if "YYYY" in found or found == "excel" else "date.pivot", days)
    if any(r.doubtful[0] for r in read.values()):
        return DateReading(None, "date.start", {})
    nothing = any(not (r.bad[0] or r.valid[0]) for r in read.values())  # valid, but of no person's time, is a bad one
    return DateReading(None, "date.sentinel" if nothing else "date.calendar", {})


def _a_century_before(days: dict[str, dt.date], last: dt.date) -> dict[str, dt.date]:
    """Dates of two-digit years behind the last likely one, as a lower pivot would have them."""
    late = {form: day for form, day in days.items() if day > last and "YYYY" not in form and form != "excel"}
    return {
        f"{form}, pivot 0": day.replace(year=day.year - 100)
        for form, day in late.items()
        if form != "CYYMMDD" and (day.month, day.day) != (2, 29)  # not every century has it
    }


def _is_likely(text: str, form: str) -> bool:
    """Whether a form is worth a trial: US dates have slashes, serial numbers five digits and no leading zeros."""
    if form.startswith("MM/"):
        return "/" in text
    return form != "excel" or (text[0] != "0" and len(re.split("[.,]", text)[0]) == _EXCEL_DIGITS)


class Amount(NamedTuple):
    """An amount of money.

    Attributes:
        value: To the grosz, in PLN; None where the text is no amount.
        rule: Id of the rule that decided.
        original: What was delivered, where it was old zloty.
        rounding: What the conversion added; the sum of these differences is booked apart.
    """

    value: Decimal | None
    rule: str
    original: Decimal | None = None
    rounding: Decimal | None = None


def read_amount(text: str, *, decimal: str = "", scale: int | None = None, currency: str = "PLN") -> Amount:
    """Read an amount.

    Args:
        text: As delivered; a currency may stand behind it.
        decimal: Decimal separator; empty tries comma and point.
        scale: Decimals that a number without separator implies.
        currency: PLN, or PLZ for old zloty.
    """
    plain = _IN_WORDS.sub(lambda found: f"{decimal or ','}{int(found[1]):02}", text.strip())
    plain = _NO_GROSZE.sub("", plain)
    if match := _CURRENCY.search(plain):
        currency = "PLZ" if (match[1] or match[2]).upper() == "PLZ" else currency
        plain = plain[: match.start()] + plain[match.end() :]
    if means_nothing(plain):
        return Amount(None, "amount.missing")
    if not plain.strip("*"):
        return Amount(None, "amount.overflow")
    plain = amounts.with_plain_signs(pa.array([plain.translate(_APOSTROPHES).upper()]), _FLAGS)[0].as_py()
    grouped = not decimal and scale is None and _GROUPED.fullmatch(plain)
    if grouped and grouped[1].startswith("0"):
        return Amount(None, "amount.form")  # no group of thousands begins with a zero
    if grouped:  # 1.234: money has no three decimals, but only the source knows
        decimal = "," if "." in plain else "."
    found = {
        int(number.values[0])
        for point, groups in _STYLES
        if decimal in ("", point)
        for number in [amounts.read(pa.array([plain]), places=2, decimal=point, thousands=groups, scale=scale)]
        if number.valid[0]
    }
    if len(found) != 1:
        return Amount(None, "amount.form")
    hundredths = found.pop()
    value = Decimal(hundredths).scaleb(-2)
    if currency == "PLZ":
        booked = Decimal(int(amounts.redenominate(np.array([hundredths]))[0])).scaleb(-2)
        return Amount(booked, "amount.old-zloty", value, booked - value / PLZ_PER_PLN)
    rule = "amount.sign" if plain.endswith(("-", "+", ")")) else "amount.plain"
    if grouped:
        rule = "amount.grouped"
    implied = scale and not any(point in plain for point in ".,")
    return Amount(value, "amount.implied" if implied else rule)
