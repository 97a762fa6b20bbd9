"""Numbers written as text in fixed-width fields, all rows at once, to exact decimals.

DBF stores numbers as right-justified ASCII with a decimal point at its declared place; nearly every value has that
form and is read by byte arithmetic.  What has another form (left-justified, an exponent, nothing before the point) is
read value by value.  A number that needs more decimals than the field declares is not rounded: it is no number of
that field.

>>> block = np.frombuffer(b"  -12.50  1000.00******* 12.5   1O.00        ", np.uint8).reshape(-1, 9)
>>> block = np.frombuffer(b"  -12.50| 1000.00|********|12.5    |   1O.00|        |", np.uint8).reshape(-1, 9)[:, :8]
>>> values, faults = decimal_column(block, 2)
>>> values.to_pylist()
[Decimal('-12.50'), Decimal('1000.00'), None, Decimal('12.50'), None, None]
>>> faults
{2: 'NUM-OVERFLOW', 4: 'NUM-TEXT'}
"""

from __future__ import annotations

import re
from decimal import Context, Decimal
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from extractors.cells import together

Flags = NDArray[np.bool_]

_INT64_DIGITS = 18
_MAX_PRECISION = 38
_NUMBER = re.compile(rb"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d{1,3})?")
_EXACT = Context(prec=1_000)  # digits; no field is as wide
_LOW = (1 << 64) - 1
_BLANK, _ZERO, _POINT, _MINUS = np.uint8(0x20), np.uint8(0x30), 0x2E, 0x2D
_SIGNS = (_MINUS, 0x2B)


def decimal_column(block: NDArray[np.uint8], scale: int) -> tuple[pa.Array, dict[int, str]]:
    """Read one numeric field of many records.

    Args:
        block: uint8[n, width], the field's ASCII bytes, a row a record.
        scale: Decimals that the field declares.

    Returns:
        decimal128(width + scale, scale)[n], null where blank or unreadable; and each unreadable row's reason code.
    """
    rows, width = block.shape
    kind = pa.decimal128(min(_MAX_PRECISION, width + scale), scale)  # a number without its point has as many digits
    if rows == 0:
        return pa.array([], kind), {}
    values, plain, blank = _plain(np.ascontiguousarray(together(block).T), scale)
    words = np.empty((rows, 2), np.int64)
    words[:, 0] = values
    words[:, 1] = values >> 63
    valid = plain
    faults: dict[int, str] = {}
    if odd := np.flatnonzero(~plain & ~blank).tolist():
        valid = plain.copy()
        unsigned = words.view(np.uint64)
        seen: dict[bytes, int | str | None] = {}
        for row in odd:
            raw = block[row].tobytes()
            if raw not in seen:
                seen[raw] = _read(raw, scale, kind.precision)
            found = seen[raw]
            if isinstance(found, str):
                faults[row] = found
            elif found is not None:
                valid[row] = True
                unsigned[row] = found & _LOW, (found >> 64) & _LOW
    return decimal_array(words, valid, kind), faults


def decimal_array(words: NDArray[np.int64], valid: NDArray[np.bool_], kind: pa.Decimal128Type) -> pa.Array:
    """A decimal128 column from its unscaled values.

    Args:
        words: int64[n, 2], low and high word of each value.
        valid: bool[n], False where the value is null.
        kind: Its type.
    """
    bitmap = None if valid.all() else pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.Array.from_buffers(kind, len(words), [bitmap, pa.py_buffer(words)])


def from_int64(values: NDArray[np.int64], kind: pa.Decimal128Type, valid: NDArray[np.bool_] | None = None) -> pa.Array:
    """A decimal128 column from unscaled values that fit into 64 bits."""
    words = np.empty((len(values), 2), np.int64)
    words[:, 0] = values
    words[:, 1] = values >> 63
    return decimal_array(words, np.ones(len(values), np.bool_) if valid is None else valid, kind)


def _plain(columns: NDArray[np.uint8], scale: int) -> tuple[NDArray[np.int64], Flags, Flags]:
    """Unscaled values of the rows in the usual form; which rows those are; which rows are blank.

    The usual form: blanks, at most one sign, digits, and the point in its place where decimals are declared.  A place
    is asked only what its smallest and its largest byte leave open: most are blank, or digits, in every row.

    Args:
        columns: uint8[width, n], a row a place.
        scale: Decimals that the field declares.
    """
    width, rows = columns.shape
    low, high = columns.min(axis=1).tolist(), columns.max(axis=1).tolist()
    if not min(low):
        columns = np.where(columns == 0, _BLANK, columns)
        low, high = columns.min(axis=1).tolist(), columns.max(axis=1).tolist()
    fine = np.ones(rows, np.bool_)
    is_leading = np.ones(rows, np.bool_)  # only blanks so far
    is_digit = np.zeros(rows, np.bool_)  # at the place before
    negative = np.zeros(rows, np.bool_)
    point = width - scale - 1 if scale else width
    begun = False  # every row has begun
    digits: list[NDArray[np.unsignedinteger]] = []
    for place in range(width):
        if low[place] == high[place] == _BLANK and not digits and place != point:
            continue
        char = columns[place]
        if place == point:
            fine &= char == _POINT
            fine &= is_digit  # a point without a digit before it is read value by value
            is_leading &= char == _BLANK
            continue
        digit = char - _ZERO
        is_digit = digit <= 9
        if begun:
            fine &= is_digit
        else:
            is_first = is_leading & (char != _BLANK)
            is_leading ^= is_first
            usual = is_digit | is_leading
            for sign in _SIGNS:
                if low[place] <= sign <= high[place]:
                    has_sign = is_first & (char == sign)
                    usual |= has_sign
                    if sign == _MINUS:
                        negative |= has_sign
            fine &= usual
            begun = low[place] > _BLANK
        digit *= is_digit.view(np.uint8)
        digits.append(digit)
    fine &= is_digit
    if point < 1:
        fine[:] = False  # no room for a digit before the point
    if len(digits) > _INT64_DIGITS:
        fine &= (columns - _ZERO <= 9).sum(axis=0) <= _INT64_DIGITS
    values = _joined(digits[-_INT64_DIGITS:], rows)
    np.negative(values, out=values, where=negative)
    return values, fine, is_leading


def _joined(digits: list[NDArray[np.unsignedinteger]], rows: int) -> NDArray[np.int64]:
    """Numbers from their digits, joined by twos, fours and eights: small numbers take less time than large ones."""
    parts: list[NDArray[Any]] = list(digits) or [np.zeros(rows, np.uint8)]
    for base, kind in ((10, np.uint8), (100, np.uint16), (10**4, np.uint32), (10**8, np.int64), (10**16, np.int64)):
        if len(parts) == 1:
            break
        alone = len(parts) % 2
        pairs = zip(parts[alone::2], parts[alone + 1 :: 2], strict=True)
        parts = parts[:alone] + [np.multiply(high, base, dtype=kind) + low for high, low in pairs]
    return parts[0].astype(np.int64)


def _read(raw: bytes, scale: int, precision: int) -> int | str | None:
    """Unscaled value of one number, None where the field is empty, or the reason why it is no number."""
    text = raw.strip(b" \0")
    if text == b".":  # an entry form's empty number
        return None
    if b"*" in text and not text.strip(b"*-+., "):
        return "NUM-OVERFLOW"
    if not _NUMBER.fullmatch(text):
        return "NUM-TEXT"
    unscaled = _EXACT.scaleb(Decimal(text.decode("ascii").replace(",", ".")), scale)
    whole = int(unscaled)
    if whole != unscaled or len(str(abs(whole))) > precision:
        return "NUM-TEXT"
    return whole
