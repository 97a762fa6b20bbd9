"""In which form a column's values are dates, and whether digits are dates at all.

Text such as `31.12.1999` is a date by its form, and so is a column that holds a few others among such.  Five to seven
digits are often one by chance: many account numbers could be read as a day of a year.  They are believed where the
column's name says so, or where the values come from at least three years (or months) as only dates would: numbers
hardly leave out just what the calendar lacks.

>>> accounts = [str(number) for number in range(2000010, 2000130)]
>>> date_form("KONTO", accounts, Counter(accounts)), date_form("DATA_WPL", accounts, Counter(accounts))
(None, 'YYYYDDD')
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

FIT_DATE = 0.9  # share of the values that must be dates, where the form or the column's name speaks for them
FIT_DIGITS = 0.97  # of mere digits in a column that is not called so
LEAST_BY_CHANCE = 20  # different values that digits are judged by
LEAST_PARTS = 3  # years, or months, that digits come from
NUMBERED = 0.9  # of a year, or a month: numbers that are counted anew in each end before it
FIRST_YEAR, LAST_YEAR = 1880, 2035
PIVOT = 30  # two-digit years below it are 20YY
SHORT_YEARS = ("YYMMDD", "DDMMYY", "DD-MM-YY", "DD.MM.YY", "MM/DD/YY", "YYDDD")
BY_CHANCE = ("YYDDD", "YYYYDDD", "CYYMMDD", "YYMMDD", "DDMMYY")
EMPTY_DATES = frozenset({"0", "000000", "00000000", "0000-00-00", "00.00.0000", "00-00-0000", "00/00/0000"})

DATE_FORMS: tuple[tuple[str, str, str], ...] = (
    ("YYYY-MM-DD", r"\d{4}-\d\d-\d\d", "%Y-%m-%d"), ("DD.MM.YYYY", r"\d\d?\.\d\d?\.\d{4}", "%d.%m.%Y"),
    ("DD-MM-YYYY", r"\d\d-\d\d-\d{4}", "%d-%m-%Y"), ("DD/MM/YYYY", r"\d\d/\d\d/\d{4}", "%d/%m/%Y"),
    ("MM/DD/YYYY", r"\d\d/\d\d/\d{4}", "%m/%d/%Y"), ("YYYYMMDD", r"\d{8}", "%Y%m%d"),
    ("DDMMYYYY", r"\d{8}", "%d%m%Y"), ("YYMMDD", r"\d{6}", "%y%m%d"), ("DDMMYY", r"\d{6}", "%d%m%y"),
    ("DD-MM-YY", r"\d\d-\d\d-\d\d", "%d-%m-%y"), ("DD.MM.YY", r"\d\d\.\d\d\.\d\d", "%d.%m.%y"),
    ("MM/DD/YY", r"\d\d/\d\d/\d\d", "%m/%d/%y"),
    ("CYYMMDD", r"[01]\d{6}", ""), ("YYYYDDD", r"\d{7}", "%Y%j"), ("YYDDD", r"\d{5}", "%y%j"),
)  # fmt: skip
_NAMED = re.compile(r"DATA\w*|\w*DATA|DATE|DAT|DT|DZIE[NŃ]|DNIA|UR(ODZ\w*)?|BIRTH\w*|DOB|TERMIN\w*|OD|DO")


def names_date(name: str) -> bool:
    """Whether a column's name says that it holds dates.

    >>> [name for name in ("DATA-UR", "DataWpl", "NA_DNIA", "WAZNE OD", "KONTO", "DOM", "URZAD") if names_date(name)]
    ['DATA-UR', 'DataWpl', 'NA_DNIA', 'WAZNE OD']
    """
    return any(_NAMED.fullmatch(word) for word in re.split(r"[\W_]+", name.upper()))


def date_form(name: str, some: Sequence[str], counts: Counter[str]) -> str | None:
    """The form in which a column's values are dates; None where they are none.

    Args:
        name: Of the column.
        some: Different values.
        counts: Value -> how often it occurs.
    """
    there = [value for value in some if value not in EMPTY_DATES]
    named = names_date(name)
    best: tuple[float, str] | None = None
    for form, pattern, _ in DATE_FORMS:
        shaped = re.compile(pattern + "$")
        if not any(map(shaped.match, there[:20])):
            continue
        days = {value: day for value in there if (day := read_date(value, form))}
        right = sum(counts[v] for v in days) / sum(counts[v] for v in there)
        if right < (FIT_DIGITS if form.isalpha() and not named else FIT_DATE):
            continue
        if form in BY_CHANCE and not _prove_themselves(name, form, days, len(there)):
            continue
        if best is None or right > best[0]:
            best = (right, form)
    return best[1] if best else None


def _prove_themselves(name: str, form: str, days: dict[str, dt.date], different: int) -> bool:
    """Whether digits that could be dates are some: by the column's name, or by how they lie in the calendar."""
    if different < LEAST_BY_CHANCE:
        return False
    if names_date(name):
        return True
    by_year = form in ("YYDDD", "YYYYDDD")
    parts: dict[tuple[int, int], set[int]] = {}
    for day in days.values():
        if by_year:
            parts.setdefault((day.year, 0), set()).add(day.timetuple().tm_yday)
        else:
            parts.setdefault((day.year, day.month), set()).add(day.day)
    if len(parts) < LEAST_PARTS:
        return False
    last = max(map(max, parts.values()))
    counted_anew = all(max(part) < 2 * len(part) for part in parts.values())
    return not counted_anew or last >= NUMBERED * (365 if by_year else 31)


def looks_dated(value: str) -> bool:
    """Whether a text is a date with its year in full, whatever else it could be.

    >>> looks_dated("31.12.1999"), looks_dated("1999-12-31"), looks_dated("61 855-11-22")
    (True, True, False)
    """
    return any(read_date(value, form) for form, _, _ in DATE_FORMS if "YYYY" in form and not form.isalpha())


@lru_cache(maxsize=1 << 16)
def read_date(value: str, form: str) -> dt.date | None:
    """The date that a text is in a form; None where it is none, or not of this age.

    >>> read_date("31.02.2001", "DD.MM.YYYY") is None, read_date("1010305", "CYYMMDD")
    (True, datetime.date(2001, 3, 5))
    """
    shaped, code = next((pattern, code) for name, pattern, code in DATE_FORMS if name == form)
    if not re.fullmatch(shaped, value):
        return None
    if form == "CYYMMDD":
        value, code = f"{19 + int(value[0])}{value[1:]}", "%Y%m%d"
    try:
        day = dt.datetime.strptime(value, code).date()
    except ValueError:
        return None
    if form in SHORT_YEARS:
        return _in_century(day)
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else None


def _in_century(day: dt.date) -> dt.date | None:
    """A date of a two-digit year, by `PIVOT`; None for a 29 February that its century has not."""
    short = day.year % 100
    try:
        return day.replace(year=short + (2000 if short < PIVOT else 1900))
    except ValueError:
        return None
