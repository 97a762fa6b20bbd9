"""Dates in every form that legacy billing systems write, read by integer arithmetic on whole columns.

A date either exists in the Gregorian calendar or it is bad; nothing is bent into shape.  Texts that mean "no date"
(zeros, nines, the year 9999) become null.  First days of some system's calendar (1899-12-30/31, 1900-01-01) become
null too, but `doubtful` tells them apart, because somebody may have meant them.

Two-digit years have a pivot per field, never one for all: `pivot` if the spec says so, otherwise births lie at least
18 years before the extract (a minor holds no contract) and everything else between 1970 and 2069.

>>> form = read(pa.array(["20030930", "20030229", "00000000", "19000101", None]), "YYYYMMDD")
>>> to_arrow(form).to_pylist()
[datetime.date(2003, 9, 30), None, None, None, None]
>>> form.bad.tolist(), form.doubtful.tolist()
([False, True, False, False, False], [False, False, False, True, False])
>>> to_arrow(read(pa.array(["00366"]), "YYDDD")).to_pylist(), to_arrow(read(pa.array([37894]), "excel")).to_pylist()
([datetime.date(2000, 12, 31)], [datetime.date(2003, 9, 30)])
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import amounts
from transforms.kernels import Bools, Ints, byte_positions, dense, present, trimmed

_EPOCH = dt.date(1970, 1, 1)
_STARTS = tuple((day - _EPOCH).days for day in (dt.date(1899, 12, 30), dt.date(1899, 12, 31), dt.date(1900, 1, 1)))
BIOS_START = (dt.date(1980, 1, 1) - _EPOCH).days  # what a PC without a battery believes; real only for births
_EXCEL_BASE = (dt.date(1899, 12, 30) - _EPOCH).days
_EXCEL_FICTION = 60  # 1900-02-29, which never was; serials before it count from a day later
DEFAULT_PIVOT = 70

_SEPARATED = {
    "YYYY-MM-DD": "ymd", "DD.MM.YYYY": "dmy", "DD-MM-YYYY": "dmy", "DD/MM/YYYY": "dmy", "MM/DD/YYYY": "mdy",
    "DD-MM-YY": "dmy", "DD.MM.YY": "dmy", "MM/DD/YY": "mdy",
}  # fmt: skip
_PACKED = {
    "YYYYMMDD": "YYYYMMDD", "DDMMYYYY": "DDMMYYYY", "YYMMDD": "YYMMDD", "DDMMYY": "DDMMYY",
    "CYYMMDD": "CYYMMDD", "YYDDD": "YYJJJ", "YYYYDDD": "YYYYJJJ",
}  # fmt: skip
_LOOSE = re.compile(r"(\d{1,4})\s*[-./]\s*(\d{1,2})\s*[-./]\s*(\d{1,4})(?:[ T][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?)?")


@dataclass(frozen=True)
class Dates:
    """Dates of one column.

    Attributes:
        days: Days since 1970-01-01; 0 where there is none.
        valid: Which rows have a date.
        bad: Which rows have something that is no date of the form.
        doubtful: Which rows had the first day of a system's calendar, now null.
    """

    days: Ints
    valid: Bools
    bad: Bools
    doubtful: Bools


@dataclass(frozen=True)
class _Window:
    """How a two-digit year becomes a year: by a pivot, else as the last date that is not after `latest`."""

    pivot: int | None
    latest: dt.date | None

    def years(self, year: Ints, month: Ints, day: Ints) -> Ints:
        if self.pivot is None and self.latest is not None:
            newest = self.latest.year * 10_000 + self.latest.month * 100 + self.latest.day
            recent = (2000 + year) * 10_000 + month * 100 + day <= newest
        else:
            recent = year < (DEFAULT_PIVOT if self.pivot is None else self.pivot)
        return np.where(recent, 2000 + year, 1900 + year)


def read(array: Any, form: str | None, *, pivot: int | None = None, latest: dt.date | None = None) -> Dates:
    """Read a raw column of dates.

    Args:
        array: Text, integers, decimals of scale 0, or Arrow's own dates and timestamps.
        form: A date format of the source spec; None for ISO dates, with or without hyphens.
        pivot: Two-digit years below it are 20YY, others 19YY.
        latest: Where there is no pivot: two-digit years give the last such date that is not after this one.
    """
    window = _Window(pivot, latest)
    array = dense(array)
    if pa.types.is_date(array.type) or pa.types.is_timestamp(array.type):
        days = pc.fill_null(array.cast(pa.date32(), safe=False).view(pa.int32()), 0)
        return _settle(days.to_numpy(zero_copy_only=False).astype(np.int64), present(array), ~present(array) & False)
    if form == "excel":
        return _excel(array)
    if pa.types.is_null(array.type):
        array = array.cast(pa.string())
    if pa.types.is_string(array.type):
        array = trimmed(array)
        return _separated(array, form, window) if _is_separated(array, form) else _packed_text(array, form, window)
    number = amounts.read(array, places=0)
    layout = _PACKED.get(form or "YYYYMMDD", "YYYYMMDD")
    parts: dict[str, Ints] = {}
    rest = number.values
    for letter, run in reversed(_runs(layout)):
        rest, parts[letter] = np.divmod(rest, 10**run)
    bad = number.bad | (number.valid & ((number.values < 0) | (rest != 0)))
    return _from_parts(parts, layout, number.valid & ~bad, bad, window)


def to_arrow(dates: Dates) -> Any:
    """The dates as a date32 array."""
    mask = None if dates.valid.all() else ~dates.valid
    return pa.array(dates.days.astype(np.int32), mask=mask).view(pa.date32())


def days_of(day: dt.date) -> int:
    """Days since 1970-01-01."""
    return (day - _EPOCH).days


def civil(year: Ints, month: Ints, day: Ints) -> tuple[Ints, Bools]:
    """Days since 1970-01-01, and which dates exist in the Gregorian calendar."""
    exists = (year >= 1) & (year <= 9999)
    exists &= (month >= 1) & (month <= 12) & (day >= 1) & (day <= _month_length(year, month))
    return _days_from_civil(year, month, day), exists


def _is_separated(array: Any, form: str | None) -> bool:
    if form is not None:
        return form in _SEPARATED
    return bool(pc.any(pc.match_substring(array, "-")).as_py())


def _runs(layout: str) -> list[tuple[str, int]]:
    return [(m[0][0], len(m[0])) for m in re.finditer(r"(.)\1*", layout)]


def _packed_text(array: Any, form: str | None, window: _Window) -> Dates:
    layout = _PACKED[form or "YYYYMMDD"]
    positions, lengths = byte_positions(array, max(len(layout), 1))
    there = present(array)
    digits = positions - np.uint8(48)
    fine = (digits < 10).all(axis=0) & (lengths == len(layout))
    parts: dict[str, Ints] = {}
    at = 0
    for letter, run in _runs(layout):
        parts[letter] = _number(digits[at : at + run])
        at += run
    return _from_parts(parts, layout, there & fine, there & ~fine, window)


def _separated(array: Any, form: str | None, window: _Window) -> Dates:
    form = form or "YYYY-MM-DD"
    order, width = _SEPARATED[form], len(form)
    starts = [m.start() for m in re.finditer(r"\w+", form)]
    ends = [m.end() for m in re.finditer(r"\w+", form)]
    positions, lengths = byte_positions(array, width + 1)
    there = present(array)
    digits = positions - np.uint8(48)
    marks = [e for e in ends if e < width]
    # a time of day may follow (timestamps printed as text); any usual separator is taken, the order is what counts
    fine = (lengths == width) | ((lengths > width) & np.isin(positions[width], (ord(" "), ord("T"))))
    for mark in marks:
        fine &= np.isin(positions[mark], (ord("."), ord("-"), ord("/")))
    for position in set(range(width)) - set(marks):
        fine &= digits[position] < 10
    parts = {letter: _number(digits[s:e]) for letter, s, e in zip(order, starts, ends, strict=True)}
    years = "YYYY" if "YYYY" in form else "YY"
    if not fine[there].all():
        _read_loose(array, order, years, parts, fine)
    named = {"Y": parts["y"], "M": parts["m"], "D": parts["d"]}
    return _from_parts(named, f"{years}MMDD", there & fine, there & ~fine, window)


def _read_loose(array: Any, order: str, years: str, parts: dict[str, Ints], fine: Bools) -> None:
    """Single-digit days and months (`1.9.2003`), rare enough to be read one by one."""
    rows = np.flatnonzero(present(array) & ~fine)
    for row, text in zip(rows.tolist(), array.take(pa.array(rows)).to_pylist(), strict=True):
        match = _LOOSE.fullmatch(text)
        if match and len(match[order.index("y") + 1]) == len(years) and max(map(len, match.groups())) <= len(years):
            for i, letter in enumerate(order):
                parts[letter][row] = int(match[i + 1])
            fine[row] = True
        elif not text.strip("0-./ "):  # `0.0.0000`, `  .  .  ` and the like
            for letter in order:
                parts[letter][row] = 0
            fine[row] = True


def _number(digits: Any) -> Ints:
    value = np.zeros(digits.shape[1], np.int64)
    for digit in digits:
        value = value * 10 + digit
    return value


def _from_parts(parts: dict[str, Ints], layout: str, valid: Bools, bad: Bools, window: _Window) -> Dates:
    year, julian = parts["Y"], "J" in parts
    month, day = (np.ones_like(year), parts["J"]) if julian else (parts["M"], parts["D"])
    zero = (parts["J"] if julian else month + day) == 0
    nines = (day == 999) if julian else ((month == 99) & (day == 99))
    if "YYYY" in layout:
        empty = (zero & (year == 0)) | (year == 9999)
    else:
        empty = zero | nines  # a year 00 without month and day, too
        # IBM i writes a century digit: 0 = 19xx, 1 = 20xx
        year = 1900 + 100 * parts["C"] + year if "C" in parts else window.years(year, month, day)
    if julian:
        days, exists = civil(year, month, month)
        days = days + day - 1
        exists &= (day >= 1) & (day <= 365 + _is_leap(year))
    else:
        days, exists = civil(year, month, day)
    return _settle(days, valid & exists & ~empty, bad | (valid & ~exists & ~empty))


def _excel(array: Any) -> Dates:
    number = amounts.read(array, places=6, decimal="," if _has_comma(array) else ".")
    serial = number.values // 10**6  # the fraction is the time of day
    days = _EXCEL_BASE + serial + (serial < _EXCEL_FICTION)
    fits = (serial > 0) & (serial < 2_958_466) & (serial != _EXCEL_FICTION)  # to 9999-12-31
    empty = number.valid & (serial == 0)
    return _settle(days, number.valid & fits, number.bad | (number.valid & ~fits & ~empty))


def _has_comma(array: Any) -> bool:
    return bool(pa.types.is_string(array.type) and pc.any(pc.match_substring(array, ",")).as_py())


def _settle(days: Ints, valid: Bools, bad: Bools) -> Dates:
    doubtful = valid & np.isin(days, _STARTS)
    valid = valid & ~doubtful
    return Dates(np.where(valid, days, 0), valid, bad, doubtful)


def _is_leap(year: Ints) -> Bools:
    leap: Bools = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    return leap


_LENGTHS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)


def _month_length(year: Ints, month: Ints) -> Ints:
    length: Ints = _LENGTHS[np.clip(month, 0, 12)] + (_is_leap(year) & (month == 2))
    return length


def _days_from_civil(year: Ints, month: Ints, day: Ints) -> Ints:
    """Days since 1970-01-01 in the Gregorian calendar; the year is counted from March so that leap days come last."""
    shifted = year - (month <= 2)
    era = shifted // 400
    of_era = shifted - era * 400
    of_year = (153 * (month + np.where(month > 2, -3, 9)) + 2) // 5 + day - 1
    result: Ints = era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468
    return result
