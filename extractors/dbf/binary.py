"""Binary values of a DBF table: integers, currency, doubles and timestamps, all rows at once.

Visual FoxPro writes them little-endian as the processor has them.  dBASE 7 writes them big-endian with the sign bit
turned round, so that bytes sort like numbers; all bytes 0 mean that nothing was ever entered.

A double is handed on as the shortest text that means the same number: money must not pass through binary floating
point.  A timestamp is the text `YYYY-MM-DD HH:MM:SS`.

Sources: Microsoft's documentation of Visual FoxPro's field types; dBASE's "Level 7 table structure", and for its
timestamps the Borland Database Engine, which writes a double of milliseconds since the day before 0001-01-01 where
the document speaks of two integers.  Both are read.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from extractors.cells import Cells
from extractors.textnumbers import from_int64

Flags = NDArray[np.bool_]

INTEGER, CURRENCY = pa.decimal128(10, 0), pa.decimal128(19, 4)
_JULIAN_1970, _ORDINAL_1970 = 2_440_588, 719_163
_DAY_MS = 86_400_000
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896  # 0001-01-01 and 9999-12-31, in days since 1970


def words(cells: Cells, kind: str) -> NDArray[np.int64]:
    """Fixed-width binary fields as numbers.

    Args:
        cells: uint8[n, width].
        kind: NumPy's type of that width, such as `<i4`.
    """
    return np.ascontiguousarray(cells).view(kind)[:, 0]


def integers(cells: Cells, *, is_dbase7: bool) -> pa.Array:
    """`I` and `+`: decimal128(10, 0)[n]."""
    if not is_dbase7:
        return from_int64(words(cells, "<i4").astype(np.int64), INTEGER)
    raw = words(cells, ">u4").astype(np.int64)
    return from_int64(raw - (1 << 31), INTEGER, raw != 0)


def currency(cells: Cells) -> pa.Array:
    """`Y`: exact amounts in ten-thousandths, decimal128(19, 4)[n]."""
    return from_int64(words(cells, "<i8"), CURRENCY)


def doubles(cells: Cells, *, is_dbase7: bool) -> tuple[pa.Array, Flags]:
    """`B` of Visual FoxPro and `O` of dBASE 7.

    Returns:
        string[n] without exponents, and bool[n] with the rows that hold no finite number (null).
    """
    if is_dbase7:
        bits = words(cells, ">u8").astype(np.uint64)
        sign = np.uint64(1 << 63)
        values = np.where(bits & sign, bits ^ sign, ~bits).astype(np.uint64).view(np.float64)
        empty = bits == 0
    else:
        values = np.ascontiguousarray(cells).view("<f8")[:, 0]
        empty = np.zeros(len(cells), np.bool_)
    bad = ~np.isfinite(values) & ~empty
    texts = pc.cast(pa.array(values, mask=bad | empty), pa.string())
    with_exponent = pc.fill_null(pc.match_substring_regex(texts, "[eE]"), False)
    if pc.any(with_exponent).as_py():
        plain = [format(Decimal(text), "f") for text in texts.filter(with_exponent).to_pylist()]
        texts = pc.replace_with_mask(texts, with_exponent, pa.array(plain, pa.string()))
    return texts, bad


def timestamps(cells: Cells, *, is_dbase7: bool) -> tuple[pa.Array, Flags]:
    """`T` of Visual FoxPro and `@` of dBASE 7.

    Returns:
        string[n], null where empty, and bool[n] with the rows that hold no moment between the years 1 and 9999 (null).
    """
    empty = (cells == 0).all(axis=1) | (cells == 0x20).all(axis=1)
    days, ms = _two_integers(cells)
    sound = _is_moment(days, ms)
    if is_dbase7:
        other_days, other_ms = _engine_double(cells)
        other = _is_moment(other_days, other_ms)
        # the two forms can hardly be mistaken for one another; what nearly every row agrees on decides for the column
        if (other & ~empty).sum() >= (sound & ~empty).sum():
            days, ms, sound = other_days, other_ms, other
    bad = ~sound & ~empty
    usable = sound & ~empty
    seconds = np.where(usable, days * 86_400 + (ms + 500) // 1000, 0)
    stamps = pa.array(seconds.astype(np.int64), mask=~usable).cast(pa.timestamp("s"))
    return stamps.cast(pa.string()), bad


def _two_integers(cells: Cells) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Days since 1970 and milliseconds, from a Julian day number and milliseconds."""
    pairs = np.ascontiguousarray(cells).view("<i4").astype(np.int64)
    return pairs[:, 0] - _JULIAN_1970, pairs[:, 1]


def _engine_double(cells: Cells) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Days since 1970 and milliseconds, from a big-endian double of milliseconds, its sign turned round or not."""
    bits = words(cells, ">u8").astype(np.uint64) & np.uint64((1 << 63) - 1)
    total = bits.view(np.float64)
    usable = np.isfinite(total) & (total < 4e14)
    whole = np.where(usable, np.rint(np.where(usable, total, 0)), -1).astype(np.int64)
    return whole // _DAY_MS - _ORDINAL_1970, whole % _DAY_MS


def _is_moment(days: NDArray[np.int64], ms: NDArray[np.int64]) -> Flags:
    return (days >= _FIRST_DAY) & (days <= _LAST_DAY) & (ms >= 0) & (ms < _DAY_MS)
