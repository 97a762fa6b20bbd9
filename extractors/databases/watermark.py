"""From the highest published value of a watermark to the value from which rows are fetched again."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal, localcontext

from extractors.databases.session import Kind

ORDERED: tuple[Kind, ...] = ("integer", "decimal", "date", "timestamp", "instant", "text")
"""Kinds that can be a watermark."""

_DIGITS = 20_000  # more than any database keeps of a number
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?")


def lower_bound(text: str, kind: Kind, overlap: int, cut_off: dt.date) -> str:
    """Where fetching begins; the bound itself belongs to what is fetched.

    A date after the extract's cut-off is not believed: one row that was changed in the year 9999 would otherwise hide
    every change to come.

    Args:
        text: Highest published value, as the dump writes it.
        kind: What the column holds.
        overlap: Seconds of a timestamp, days of a date, else in the column's own unit.
        cut_off: Cut-off date of the extract.

    Raises:
        ValueError: The value has no place in the order (`infinity`, `NaN`, `0000-00-00`), or a text that is neither a
            date nor a time has an overlap.

    >>> lower_bound("1200", "integer", 200, dt.date(2003, 12, 31))
    '1000'
    >>> lower_bound("12345678901234567890123456789012.5", "decimal", 1, dt.date(2003, 12, 31))
    '12345678901234567890123456789011.5'
    >>> lower_bound("2003-10-31 23:59:59.5", "timestamp", 60, dt.date(2003, 12, 31))
    '2003-10-31 23:58:59.500000'
    >>> lower_bound("9999-12-31", "date", 2, dt.date(2003, 12, 31))
    '2003-12-29'
    >>> lower_bound("2003-10-31T08:00", "text", 0, dt.date(2003, 12, 31))
    '2003-10-31T08:00'
    """
    if kind == "text":
        return _text_bound(text, overlap, cut_off)
    if kind == "date":
        return str(min(dt.date.fromisoformat(text), cut_off) - dt.timedelta(days=overlap))
    if kind in ("timestamp", "instant"):
        return str(_capped(text, cut_off) - dt.timedelta(seconds=overlap))
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError("it is no number")
    with localcontext(prec=_DIGITS):  # rounding up would leave rows out
        return f"{number - overlap:f}"


def _text_bound(text: str, overlap: int, cut_off: dt.date) -> str:
    if _DAY.fullmatch(text):
        return lower_bound(text, "date", overlap, cut_off)
    if _TIME.fullmatch(text):
        bound = _capped(text, cut_off) - dt.timedelta(seconds=overlap)
        # no longer than the values are: 09:00:00 would come after 09:00
        return bound.isoformat(sep="T" if "T" in text else " ")[: len(text)]
    if overlap:
        raise ValueError("an overlap needs a number, a date or a time")
    return text


def _capped(text: str, cut_off: dt.date) -> dt.datetime:
    value = dt.datetime.fromisoformat(text)
    return min(value, dt.datetime.combine(cut_off + dt.timedelta(days=1), dt.time(), value.tzinfo))
