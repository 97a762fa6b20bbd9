"""Text arrays of numbers, dates and amounts, made without a loop over rows.

>>> cat("A", digits(np.array([7, 42]), 4)).tolist()
['A0007', 'A0042']
>>> amount(np.array([123456, -5]), decimal=",", thousands=" ", minus="trailing").tolist()
['1 234,56', '0,05-']
>>> dates(np.array([12054, NO_DATE]), "DD.MM.YYYY").tolist()
['02.01.2003', '']
>>> dates(np.array([11322]), "YYDDD").tolist()
['00366']
"""

from __future__ import annotations

from datetime import date
from functools import reduce
from typing import Literal

import numpy as np
import numpy.typing as npt

from samples.draw import Array, Bools, Ints

NO_DATE = -999_999  # days since 1970-01-01 of a date that is not there
_EPOCH = date(1970, 1, 1)


def day(year: int, month: int, of_month: int) -> int:
    """A date as days since 1970-01-01."""
    return (date(year, month, of_month) - _EPOCH).days


def cat(*parts: Array | str) -> Array:
    """Texts put together row by row."""
    return reduce(np.strings.add, parts)  # type: ignore[arg-type]


def digits(values: Ints, width: int) -> Array:
    """Whole numbers with leading zeros; only the last `width` digits of longer ones."""
    matrix = digit_matrix(values, width).astype(np.uint32) + 48
    return np.ascontiguousarray(matrix).view(f"U{width}").reshape(len(values))


def digit_matrix(values: Ints, width: int) -> npt.NDArray[np.uint8]:
    """The last `width` decimal digits of each value, one column a digit."""
    left = np.abs(np.asarray(values, dtype=np.int64))
    matrix = np.empty((len(left), width), dtype=np.uint8)
    for position in range(width - 1, -1, -1):
        quotient = left // 10
        matrix[:, position] = left - quotient * 10
        left = quotient
    return matrix


def number(values: Ints) -> Array:
    """Whole numbers without leading zeros, `-` in front of negative ones."""
    values = np.asarray(values, dtype=np.int64)
    width = max(1, len(str(int(np.abs(values).max(initial=0)))))
    plain = np.strings.lstrip(digits(values, width), "0")
    plain = np.where(plain == "", "0", plain)
    return np.where(values < 0, cat("-", plain), plain)


def amount(
    grosze: Ints,
    *,
    decimal: str = ".",
    thousands: str = "",
    minus: Literal["leading", "trailing", "none"] = "leading",
) -> Array:
    """Amounts with two decimals.

    Args:
        grosze: Hundredths.
        decimal: Decimal separator.
        thousands: What stands between groups of three digits.
        minus: Where the minus of a negative amount stands; `none` where a column of its own says it.
    """
    grosze = np.asarray(grosze, dtype=np.int64)
    whole, rest = np.abs(grosze) // 100, np.abs(grosze) % 100
    integer = number(whole)
    if thousands:
        millions, thousand, units = whole // 1_000_000, whole // 1000 % 1000, whole % 1000
        large = cat(number(millions), thousands, digits(thousand, 3), thousands, digits(units, 3))
        middle = cat(number(thousand), thousands, digits(units, 3))
        integer = np.where(whole >= 1_000_000, large, np.where(whole >= 1000, middle, integer))
    plain = cat(integer, decimal, digits(rest, 2))
    if minus == "none":
        return plain
    signed = cat("-", plain) if minus == "leading" else cat(plain, "-")
    return np.where(grosze < 0, signed, plain)


def calendar(days: Ints) -> tuple[Ints, Ints, Ints]:
    """Year, month and day of month of days since 1970-01-01."""
    stamps = np.asarray(days, dtype=np.int64).astype("datetime64[D]")
    months = stamps.astype("datetime64[M]").astype(np.int64)
    first = stamps.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return months // 12 + 1970, months % 12 + 1, np.asarray(days, dtype=np.int64) - first + 1


def dates(days: Ints, form: str, *, absent: str = "") -> Array:
    """Dates as text.

    Args:
        days: Days since 1970-01-01, `NO_DATE` where there is none.
        form: The names of parts `YYYY`, `YY`, `MM`, `DD`, `DDD` (day of year), `C` (0 for 19YY, 1 for 20YY), and
            whatever stands between them.
        absent: Text for `NO_DATE`.
    """
    there = days != NO_DATE
    year, month, of_month = calendar(np.where(there, days, 0))
    parts: list[Array | str] = []
    left = form
    while left:
        if left.startswith("YYYY"):
            parts.append(digits(year, 4))
            left = left[4:]
        elif left.startswith("CYY"):
            parts.append(digits(year - 1900, 3))
            left = left[3:]
        elif left.startswith("YY"):
            parts.append(digits(year % 100, 2))
            left = left[2:]
        elif left.startswith("MM"):
            parts.append(digits(month, 2))
            left = left[2:]
        elif left.startswith("DDD"):
            first = np.array((year - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64))
            parts.append(digits(np.where(there, days, 0) - first + 1, 3))
            left = left[3:]
        elif left.startswith("DD"):
            parts.append(digits(of_month, 2))
            left = left[2:]
        else:
            parts.append(left[0])
            left = left[1:]
    return np.where(there, cat(np.full(len(days), ""), *parts), absent)


def replace(texts: Array, old: str, new: str) -> Array:
    """Texts with every `old` replaced (numpy's own fails on arrays of no rows)."""
    return np.strings.replace(texts, old, new) if len(texts) else texts


def right(texts: Array, width: int) -> Array:
    """Texts right-aligned in a field."""
    return np.strings.rjust(texts, width) if len(texts) else texts.astype(f"U{width}")


def choose(choices: list[str], positions: Ints) -> Array:
    """Texts by their position in a list."""
    return np.array(choices)[positions]


_FOLD = np.arange(0x2200, dtype=np.uint32)
for _letter, _plain in zip("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ", "acelnoszzACELNOSZZ", strict=True):
    _FOLD[ord(_letter)] = ord(_plain)


def fold(texts: Array, where: Bools | None = None) -> Array:
    """Texts without Polish diacritics, in the rows that `where` names.

    >>> fold(np.array(["Łódź", "Żółć"]), np.array([True, False])).tolist()
    ['Lodz', 'Żółć']
    """
    if where is not None:
        out = np.array(texts, copy=True)
        out[where] = fold(texts[where])
        return out
    texts = np.ascontiguousarray(texts)
    width = texts.dtype.itemsize // 4
    return np.asarray(_FOLD[texts.view(np.uint32)].view(f"U{width}").reshape(texts.shape))


def misspell(texts: Array, where: Bools, at: Ints) -> Array:
    """Typing errors: two neighbouring letters change places, in the rows that `where` names.

    >>> misspell(np.array(["Kowalski", "Nowak"]), np.array([True, True]), np.array([0, 7])).tolist()
    ['Kwoalski', 'Noawk']
    """
    out = np.array(texts, copy=True)
    width = out.dtype.itemsize // 4
    lengths = np.strings.str_len(out)
    rows = np.flatnonzero(where & (lengths >= 4))
    matrix = out.view(np.uint32).reshape(len(out), width)
    first = 1 + at[rows] % (lengths[rows] - 2)
    matrix[rows, first], matrix[rows, first + 1] = matrix[rows, first + 1], matrix[rows, first]
    return out
