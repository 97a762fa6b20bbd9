"""Numbers as legacy systems write them, to exact decimals.

Text becomes unscaled 64-bit integers position by position (see `read_text`), decimals are rescaled exactly; a digit
that the field cannot hold is a fault, never a rounding.  Old zloty follow the act of 7 July 1994: 10,000 to 1, rounded
half up to the grosz.

>>> texts = pa.array(["1 234,56", "12,50-", "(12,50)", "-0,07", "12,345", "1 23", "abc", None])
>>> number = read(texts, places=2, decimal=",", thousands=" ")
>>> number.values.tolist()
[123456, -1250, -1250, -7, 0, 0, 0, 0]
>>> number.bad.tolist()
[False, False, False, False, True, True, True, False]
>>> redenominate(np.array([12_345_000, 5_000, 4_900, -5_000])).tolist()     # hundredths of PLZ -> grosze
[1235, 1, 0, -1]
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billing.errors import ContractError
from billing.money import PLZ_PER_PLN
from transforms.kernels import (
    BLANK,
    Bools,
    Bytes,
    Ints,
    byte_positions,
    decimal_integers,
    dense,
    is_ascii,
    present,
    trimmed,
)

DIGITS = 18  # what decimal128(18, s) and a signed 64-bit integer both hold
LIMIT = 10**DIGITS
_LONGEST = 40  # bytes of text that may still be one number
_MINUSES = ("\u2212", "\u2013")  # typed or put there by a word processor
_NO_BREAK = ("\u00a0", "\u202f")


@dataclass(frozen=True)
class Numbers:
    """Numbers of one column.

    Attributes:
        values: Unscaled integers at the wanted places; 0 where there is none.
        valid: Which rows have a number.
        bad: Which rows have something that is no number of the declared form (or does not fit).
    """

    values: Ints
    valid: Bools
    bad: Bools


def read(array: Any, *, places: int, decimal: str = ".", thousands: str = "", scale: int | None = None) -> Numbers:
    """Read a raw column of numbers.

    Args:
        array: Text, decimal128 or integers.
        places: Decimals of the result.
        decimal: Decimal separator of text.
        thousands: Every character that may separate groups of three digits in text.
        scale: Decimals that a number without separator (text), or of scale 0 (decimal, integer), implies.

    Raises:
        ContractError: The column is of another type; floating point above all.
    """
    array = dense(array)
    if pa.types.is_string(array.type):
        mantissas, fractions, valid, bad = read_text(trimmed(array), decimal, thousands, scale)
        return _rescale(mantissas, fractions, places, valid, bad)
    there = present(array)
    if pa.types.is_null(array.type):
        return Numbers(np.zeros(len(array), np.int64), there & False, there & False)
    if pa.types.is_integer(array.type):
        unscaled, fits = pc.fill_null(array, 0).to_numpy(zero_copy_only=False).astype(np.int64), there | True
        own = scale or 0
    elif pa.types.is_decimal128(array.type):
        unscaled, fits = decimal_integers(array)
        own = array.type.scale or scale or 0
    else:
        raise ContractError(f"a number cannot be read from {array.type}", remedy="deliver it as decimal or as text")
    return _rescale(unscaled, np.full(len(array), own, np.int64), places, there & fits, ~fits)


def with_plain_signs(array: Any, signs: Mapping[str, str]) -> Any:
    """Turn flags behind numbers into signs, which `read` knows.

    >>> with_plain_signs(pa.array(["12,50CR", "7 DB", "3", "-1CR", None]), {"CR": "-", "DB": "+"}).to_pylist()
    ['12,50-', '7+', '3', '-1-', None]
    """
    array = dense(array)
    if not pa.types.is_string(array.type):
        return array
    for flag, sign in sorted(signs.items(), key=lambda pair: -len(pair[0])):
        array = pc.replace_substring_regex(array, rf"\s*{re.escape(flag)}\s*$", sign)
    return array


def read_text(array: Any, decimal: str, thousands: str, scale: int | None) -> tuple[Ints, Ints, Bools, Bools]:
    """Read numbers out of text, all rows at a time, one byte position after the other.

    Allowed: blanks around; one sign before or behind (`-`, `+`, or a pair of parentheses for minus), but not right
    behind the separator; groups of exactly three digits behind thousands separators of one kind; one decimal separator.
    A number whose only separator is one of thousands does not begin with a nought: where `.` separates thousands,
    `0.123` is more likely to be a fraction.

    Returns:
        `(mantissas, fractions, valid, bad)`: the number is mantissa / 10 ** fraction.
    """
    if not is_ascii(array):
        for blank in _NO_BREAK:
            array = pc.replace_substring(array, blank, " ")
        for minus in _MINUSES:
            array = pc.replace_substring(array, minus, "-")
        thousands = "".join(dict.fromkeys(" " if c in _NO_BREAK else c for c in thousands))
    positions, lengths = byte_positions(array)
    rows = len(lengths)
    positions = positions[:_LONGEST]
    separators = [ord(c) for c in thousands]
    mantissa = np.zeros(rows, np.int64)
    state = _State(rows)
    for column in positions:
        digit = column - np.uint8(48)
        is_digit = digit < 10
        _step(state, column, is_digit, ord(decimal), separators)
        grown = mantissa * 10 + digit
        state.bad |= is_digit & (mantissa >= LIMIT // 10)
        mantissa = np.where(is_digit & ~state.bad, grown, mantissa)
    state.bad |= lengths > _LONGEST
    state.bad |= state.grouped & (state.since != 3) & ~state.point
    state.bad |= state.nought & state.grouped & ~state.regrouped & ~state.point
    state.bad |= state.opened != state.closed
    state.bad |= ~state.digits & state.any
    valid = state.digits & ~state.bad
    implied = state.fraction if scale is None else np.where(state.point, state.fraction, scale)
    return np.where(state.minus, -mantissa, mantissa), implied, valid, state.bad


class _State:
    """What has been seen of every number so far."""

    def __init__(self, rows: int) -> None:
        none = np.zeros(rows, bool)
        self.bad = none.copy()
        self.any = none.copy()  # anything but a blank
        self.digits = none.copy()
        self.point = none.copy()
        self.minus = none.copy()
        self.signed = none.copy()
        self.opened = none.copy()
        self.closed = none.copy()
        self.ended = none.copy()  # a blank or a sign stood behind the digits
        self.nought = none.copy()  # the first digit is one
        self.grouped = none.copy()
        self.regrouped = none.copy()  # by a second separator
        self.separator = np.zeros(rows, np.uint8)  # the last one
        self.since = np.zeros(rows, np.int8)  # digits since the last thousands separator
        self.fraction = np.zeros(rows, np.int64)


def _step(state: _State, column: Bytes, is_digit: Bools, decimal: int, separators: list[int]) -> None:
    there = column != 0
    known = is_digit | ~there
    seen = set(np.flatnonzero(np.bincount(column, minlength=256)).tolist())
    if decimal in seen:
        point = column == decimal
        known |= point
        state.bad |= point & (state.point | state.ended)
        state.bad |= point & state.grouped & (state.since != 3)
        state.point |= point
    blank = column == BLANK
    for separator in separators:
        if separator not in seen:
            continue
        between = (column == separator) & state.digits & ~state.point & ~state.ended
        if separator == BLANK:
            blank &= ~between
        wrong = np.where(state.grouped, state.since != 3, (state.since > 3) | (state.since == 0))
        # a blank that closes no group may still be padding: then no digit may follow
        padding = between & wrong & (separator == BLANK)
        state.ended |= padding
        group = between & ~padding
        state.bad |= group & (wrong | (state.grouped & (state.separator != separator)))
        state.regrouped |= group & state.grouped
        state.grouped |= group
        state.separator[group] = separator
        state.since[group] = 0
        known |= between
    if BLANK in seen:
        known |= blank
        trailing = blank & (state.digits | state.point)
        state.ended |= trailing
    if seen & _SIGNS:
        known |= _signs(state, column)
    state.bad |= is_digit & state.ended
    state.bad |= ~known
    state.any |= there & ~blank
    state.nought |= is_digit & ~state.digits & (column == ord("0"))
    state.digits |= is_digit
    state.since += is_digit & (state.since < 100)
    state.fraction += is_digit & state.point


_SIGNS = {ord(c) for c in "+-()"}


def _signs(state: _State, column: Bytes) -> Bools:
    minus, plus = column == ord("-"), column == ord("+")
    opening, closing = column == ord("("), column == ord(")")
    sign = minus | plus | opening
    state.bad |= sign & state.signed
    state.bad |= opening & state.digits
    state.bad |= closing & ~(state.opened & state.digits)
    # `12,-` is how prices without grosze are written, no minus
    state.bad |= minus & state.point & (state.fraction == 0)
    state.signed |= sign
    state.minus |= minus | opening
    state.opened |= opening
    state.closed |= closing
    state.ended |= (sign & (state.digits | state.point)) | closing
    found: Bools = sign | closing
    return found


def _rescale(unscaled: Ints, fractions: Ints, places: int, valid: Bools, bad: Bools) -> Numbers:
    """Bring mantissas to `places` decimals; what would lose a digit or overflow is bad."""
    values = np.zeros_like(unscaled)
    bad = bad.copy()
    for fraction in np.unique(fractions[valid]).tolist() if valid.any() else []:
        rows = valid & (fractions == fraction)
        if fraction <= places:
            factor = 10 ** (places - fraction)
            fits = np.abs(unscaled) < LIMIT // factor
            scaled = np.where(fits, unscaled, 0) * factor
        elif fraction - places >= DIGITS:
            fits, scaled = unscaled == 0, np.zeros_like(unscaled)
        else:
            divisor = 10 ** (fraction - places)
            fits, scaled = unscaled % divisor == 0, unscaled // divisor
        bad |= rows & ~fits
        values = np.where(rows & fits, scaled, values)
    valid = valid & ~bad
    return Numbers(np.where(valid, values, 0), valid, bad)


def redenominate(values: Ints) -> Ints:
    """Old zloty to new, at the same number of decimals, half away from zero."""
    magnitude = (np.abs(values) + PLZ_PER_PLN // 2) // PLZ_PER_PLN
    converted: Ints = np.sign(values) * magnitude
    return converted
