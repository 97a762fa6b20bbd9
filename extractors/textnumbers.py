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
from decimal import Decimal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from extractors.cells import together

_INT64_DIGITS = 18
_PART_DIGITS = 9
_MAX_PRECISION = 38
_NUMBER = re.compile(rb"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d{1,3})?")
_LOW = (1 << 64) - 1


def decimal_column(block: NDArray[np.uint8], scale: int) -> tuple[pa.Array, dict[int, str]]:
    """Read one numeric field of many records.

    Args:
        block: uint8[n, width], the field's ASCII bytes, a row a record.
        scale: Decimals that the field declares.

    Returns:
        decimal128(width, scale)[n], null where blank or unreadable; and the reason code of every unreadable row.
    """
    rows, width = block.shape
    kind = pa.decimal128(min(_MAX_PRECISION, max(width, scale + 1)), scale)
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


def _plain(columns: NDArray[np.uint8], scale: int) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Unscaled values of the rows in the usual form; which rows those are; which rows are blank.

    The usual form: blanks, at most one sign, digits, and the point in its place where decimals are declared.
    """
    width, rows = columns.shape
    point = width - scale - 1 if scale else -1
    values = np.zeros(rows, np.int64)
    part = np.zeros(rows, np.int32)  # nine digits at a time: numbers of 32 bits take half as long
    in_part = 0
    digits = np.zeros(rows, np.uint8)
    negative = np.zeros(rows, np.bool_)
    leading = np.ones(rows, np.bool_)  # only blanks so far
    fine = np.ones(rows, np.bool_)
    for place in range(width):
        char = columns[place]
        blank = char == 0x20
        blank |= char == 0
        if place == point:
            fine &= char == 0x2E
            fine &= digits > 0  # a point without a digit before it is read value by value
            leading &= blank
            continue
        digit = char - np.uint8(0x30)
        is_digit = digit <= 9
        first = leading & ~blank
        minus = first & (char == 0x2D)
        negative |= minus
        leading &= blank
        usual = is_digit | leading
        usual |= minus
        usual |= first & (char == 0x2B)
        fine &= usual
        digits += is_digit
        digit *= is_digit
        part *= 10
        part += digit
        in_part += 1
        if in_part == _PART_DIGITS:
            values *= 10**_PART_DIGITS
            values += part
            part[:] = 0
            in_part = 0
    values *= 10**in_part
    values += part
    blank_rows = leading
    fine &= (digits > 0) & (digits <= _INT64_DIGITS)
    np.negative(values, out=values, where=negative)
    return values, fine, blank_rows


def _read(raw: bytes, scale: int, precision: int) -> int | str | None:
    """Unscaled value of one number, None where the field is empty, or the reason why it is no number."""
    text = raw.strip(b" \0")
    if text == b".":  # an entry form's empty number
        return None
    if b"*" in text and not text.strip(b"*-+., "):
        return "NUM-OVERFLOW"
    if not _NUMBER.fullmatch(text):
        return "NUM-TEXT"
    unscaled = Decimal(text.decode("ascii").replace(",", ".")).scaleb(scale)
    whole = int(unscaled)
    if whole != unscaled or len(str(abs(whole))) > precision:
        return "NUM-TEXT"
    return whole
