"""Zoned, packed and binary numbers of many records at once, by integer arithmetic on eight bytes a word.

A field of n records is copied into words of 64 bits, right-aligned, and a word's digits are added up in three steps
(pairs, fours, eights) for all records together; whether every half byte is a digit is two more operations on the same
words.  Nothing passes through float or text.

Rules (IBM z/Architecture Principles of Operation, chapter 8; Enterprise COBOL Language Reference, USAGE and SIGN):

* *zoned*: a digit a byte, zone F; the sign is the zone of the last byte (of the first with SIGN LEADING): A C E F plus,
  B D minus; with SIGN SEPARATE a byte of its own, 4E plus, 60 minus.  In an ASCII file, zone 3; the sign bytes are the
  letters that the EBCDIC ones print as (`{ABCDEFGHI` plus, `}JKLMNOPQR` minus), or `p`-`y` for minus.
* *packed*: two digits a byte, the last half byte the sign: A C E F plus, B D minus.
* *binary*: two's complement.
* *unsigned packed* (COMP-6): two digits a byte, no sign.

An unsigned field with a minus is defective: no program that keeps to its own declaration writes one.

>>> numbers = packed(np.array([[0x01, 0x23, 0x4D], [0x00, 0x00, 0x0C], [0x12, 0x3A, 0x4C]], np.uint8), signed=True)
>>> numbers.low.tolist(), numbers.defects.tolist()
([-1234, 0, 0], [False, False, True])
>>> zoned(np.frombuffer("0001234N".encode("cp037"), np.uint8).reshape(1, 8), signed=True).low.tolist()
[-12345]
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]
Words = NDArray[np.uint64]

_INT64_DIGITS = 18
_MOST = 10**38 - 1


def _u(value: int) -> np.uint64:
    return np.uint64(value)


_ZONES, _SIXES, _EIGHTS = _u(0xF0F0F0F0F0F0F0F0), _u(0x0606060606060606), _u(0x8888888888888888)
# Factor, shift and mask that join neighbouring digits, then pairs, fours (and eights).
_UNZONE = (
    (_u(10), _u(8), _u(0x00FF00FF00FF00FF)),
    (_u(100), _u(16), _u(0x0000FFFF0000FFFF)),
    (_u(10_000), _u(32), _u(0x00000000FFFFFFFF)),
)
_UNPACK = (
    (_u(10), _u(4), _u(0x0F0F0F0F0F0F0F0F)),
    (_u(100), _u(8), _u(0x00FF00FF00FF00FF)),
    (_u(10_000), _u(16), _u(0x0000FFFF0000FFFF)),
    (_u(100_000_000), _u(32), _u(0x00000000FFFFFFFF)),
)


@dataclass(frozen=True)
class Numbers:
    """Integers of up to 38 digits.

    Attributes:
        low: int64[n]; the value itself where `high` is None, else its lower 64 bits.
        high: int64[n], the upper 64 bits of values that may not fit 64; None where all do.
        defects: bool[n], rows that hold no number (their value is 0); None where there are none.
    """

    low: NDArray[np.int64]
    high: NDArray[np.int64] | None = None
    defects: Flags | None = None


def zoned(block: Bytes, *, signed: bool, leading: bool = False, separate: bool = False, ebcdic: bool = True) -> Numbers:
    """Read a zoned decimal field (USAGE DISPLAY).

    Args:
        block: uint8[n, width].
        signed: The PICTURE has an S.
        leading: SIGN IS LEADING.
        separate: SIGN IS SEPARATE.
        ebcdic: False for an ASCII file.
    """
    rows, width = block.shape
    if not ebcdic:
        block = np.frombuffer(block.tobytes().translate(_FROM_ASCII), np.uint8).reshape(rows, width)
    digits = width - separate
    words = -(-digits // 8)
    padded = np.full((rows, words * 8), 0xF0, np.uint8)
    first = words * 8 - digits
    padded[:, first:] = block[:, 1:] if separate and leading else block[:, :digits]
    if separate:
        sign = block[:, 0 if leading else width - 1]
        verdict = _SEPARATE[sign]
    else:
        at = first if leading else words * 8 - 1
        sign = padded[:, at].copy()
        verdict = (_OVERPUNCH if signed else _UNSIGNED)[sign]
        padded[:, at] |= 0xF0
    bad = verdict == _INVALID
    limbs = []
    for column in padded.view("<u8").T:
        x = column ^ _ZONES  # a digit leaves 00-09
        wrong = x + _SIXES
        wrong |= x
        wrong &= _ZONES
        bad |= wrong != 0
        # little-endian: the first, most significant digit is the lowest byte
        for factor, shift, mask in _UNZONE:
            tens = x * factor
            x >>= shift
            x += tens
            x &= mask
        limbs.append(x)
    return _assemble([(limb, 8) for limb in limbs], digits, verdict == _MINUS, bad)


def packed(block: Bytes, *, signed: bool, digits: int | None = None) -> Numbers:
    """Read a packed decimal field (COMP-3).

    Args:
        block: uint8[n, width].
        signed: The PICTURE has an S.
        digits: Of the PICTURE; where it is even, the first half byte is unused and has to be 0.
    """
    rows, width = block.shape
    words = -(-width // 8)
    padded = np.zeros((rows, words * 8), np.uint8)
    padded[:, words * 8 - width :] = block
    verdict = (_PACKED if signed else _PACKED_UNSIGNED)[padded[:, -1]]
    bad = verdict == _INVALID
    capacity = width * 2 - 1
    if digits is not None and digits < capacity:
        bad |= block[:, 0] >= 0x10
    limbs: list[tuple[Words, int]] = []
    for index, column in enumerate(padded.view(">u8").T):
        x = column.astype(np.uint64)
        count = 16
        if index == words - 1:
            x >>= _u(4)  # the sign
            count = 15
        wrong = x << _u(2)
        wrong |= x << _u(1)
        wrong &= x
        wrong &= _EIGHTS  # a half byte above 9 has its first bit and one of the next two
        bad |= wrong != 0
        for factor, shift, mask in _UNPACK:
            tens = x >> shift
            tens &= mask
            tens *= factor
            x &= mask
            x += tens
        limbs.append((x, count))
    return _assemble(limbs, capacity, verdict == _MINUS, bad)


def unsigned_packed(block: Bytes, *, digits: int | None = None) -> Numbers:
    """Read a packed field without a half byte for a sign (COMP-6): two digits in every byte.

    Args:
        block: uint8[n, width].
        digits: Of the PICTURE; where it is odd, the first half byte is unused and has to be 0.
    """
    rows, width = block.shape
    halves = np.empty((rows, width * 2), np.uint8)
    halves[:, 0::2] = 0xF0 | (block >> 4)
    halves[:, 1::2] = 0xF0 | (block & 0x0F)
    numbers = zoned(halves, signed=False)
    if digits is not None and digits < width * 2:
        stray = block[:, 0] >= 0x10
        if stray.any():
            bad = stray if numbers.defects is None else numbers.defects | stray
            return Numbers(np.where(bad, 0, numbers.low), numbers.high, bad)
    return numbers


def binary(block: Bytes, *, signed: bool, big_endian: bool = True) -> Numbers:
    """Read a binary field (COMP, COMP-4, COMP-5) of up to 16 bytes.

    Args:
        block: uint8[n, width].
        signed: The PICTURE has an S.
        big_endian: Byte order.
    """
    rows, width = block.shape
    if width not in (1, 2, 4, 8):
        return _wide_binary(block if big_endian else block[:, ::-1], signed=signed)
    kind = f"{'>' if big_endian else '<'}{'i' if signed else 'u'}{width}"
    values = np.ascontiguousarray(block).view(kind).reshape(rows)
    if width == 8 and not signed:
        return Numbers(values.astype(np.uint64).view(np.int64), np.zeros(rows, np.int64))
    return Numbers(values.astype(np.int64))


def _wide_binary(block: Bytes, *, signed: bool) -> Numbers:
    """Big-endian binary fields of an odd size, or of more than eight bytes."""
    rows, width = block.shape
    padded = np.zeros((rows, 16), np.uint8)
    padded[:, 16 - width :] = block
    if signed:
        padded[block[:, 0] >= 0x80, : 16 - width] = 0xFF
    words = padded.view(">u8").astype(np.uint64)
    upper, lower = words[:, 0], words[:, 1]
    # decimal128 ends at 38 digits, sixteen bytes do not
    bad = _beyond(upper, lower, upper.view(np.int64) < 0 if signed else np.zeros(rows, np.bool_), _MOST)
    if bad.any():
        upper, lower = np.where(bad, _u(0), upper), np.where(bad, _u(0), lower)
    return Numbers(lower.view(np.int64), upper.view(np.int64), bad if bad.any() else None)


def scaled_beyond(numbers: Numbers, zeros: int) -> Flags:
    """Which numbers have more than 38 digits with so many zeros to the right (P); bool[n]."""
    upper = numbers.high if numbers.high is not None else numbers.low >> 63
    return _beyond(upper.view(np.uint64), numbers.low.view(np.uint64), upper < 0, 10 ** (38 - zeros) - 1)


def decimals(numbers: Numbers, type_: pa.DataType, *, zeros: int = 0, nulls: Flags | None = None) -> pa.Array:
    """Put numbers into a decimal128 array; its scale says where the point stands.

    Args:
        numbers: n integers.
        type_: decimal128 that holds them.
        zeros: Zeros that the PICTURE implies to the right (P).
        nulls: bool[n], rows that are null.
    """
    low, high = numbers.low, numbers.high
    if zeros:
        low, high = _scaled_up(low, high, zeros)
    rows = len(low)
    data = np.empty((rows, 2), np.int64)
    data[:, 0] = low
    data[:, 1] = high if high is not None else low >> 63
    bitmap = None if nulls is None else pa.py_buffer(np.packbits(~nulls, bitorder="little"))
    return pa.Array.from_buffers(type_, rows, [bitmap, pa.py_buffer(data)])


def _assemble(limbs: list[tuple[Words, int]], digits: int, minus: Flags, bad: Flags) -> Numbers:
    """Join limbs of up to 16 digits, most significant first, and give the sign."""
    any_minus, any_bad = bool(minus.any()), bool(bad.any())
    if digits <= _INT64_DIGITS:
        value = limbs[0][0]
        for limb, count in limbs[1:]:
            value = value * _u(10**count) + limb
        low = value.view(np.int64)
        if any_minus:
            low = np.where(minus, -low, low)
        if any_bad:
            low = np.where(bad, 0, low)
        return Numbers(low, None, bad if any_bad else None)
    upper, lower = np.zeros_like(limbs[0][0]), limbs[0][0]
    for limb, count in limbs[1:]:
        upper, lower = _times(upper, lower, 10 ** (count - 8))  # a factor has to stay below 2**32
        upper, lower = _times(upper, lower, 10**8)
        total = lower + limb
        upper, lower = upper + (total < lower), total
    if any_minus:
        upper, lower = _negated_where(minus, upper, lower)
    if any_bad:
        upper, lower = np.where(bad, _u(0), upper), np.where(bad, _u(0), lower)
    return Numbers(lower.view(np.int64), upper.view(np.int64), bad if any_bad else None)


def _times(upper: Words, lower: Words, factor: int) -> tuple[Words, Words]:
    """A 128-bit number times a factor below 2**32."""
    mask = _u(0xFFFFFFFF)
    first = (lower & mask) * _u(factor)
    second = (lower >> _u(32)) * _u(factor) + (first >> _u(32))
    return upper * _u(factor) + (second >> _u(32)), (second << _u(32)) | (first & mask)


def _negated_where(minus: Flags, upper: Words, lower: Words) -> tuple[Words, Words]:
    negative = ~lower + _u(1)
    carry = (negative == 0).astype(np.uint64)
    return np.where(minus, ~upper + carry, upper), np.where(minus, negative, lower)


def _beyond(upper: Words, lower: Words, minus: Flags, most: int) -> Flags:
    """Which 128-bit numbers are larger than `most`, whatever their sign."""
    high, low = _negated_where(minus, upper, lower)
    limit = _u(most >> 64)
    return (high > limit) | ((high == limit) & (low > _u(most & 0xFFFFFFFFFFFFFFFF)))


def _scaled_up(
    low: NDArray[np.int64], high: NDArray[np.int64] | None, zeros: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    upper = (high if high is not None else low >> 63).view(np.uint64)
    minus = upper.view(np.int64) < 0
    upper, lower = _negated_where(minus, upper, low.view(np.uint64))
    for _ in range(zeros):
        upper, lower = _times(upper, lower, 10)
    upper, lower = _negated_where(minus, upper, lower)
    return lower.view(np.int64), upper.view(np.int64)


# --- what a sign byte says ---------------------------------------------------------------------------------------

_PLUS, _MINUS, _INVALID = 0, 1, 2


def _signs(plus: str, minus: str, *, high_half: bool) -> Bytes:
    """Verdict for each of 256 bytes whose sign is one of its half bytes."""
    half = [f"{byte:02X}"[0 if high_half else 1] for byte in range(256)]
    return np.array([_PLUS if h in plus else _MINUS if h in minus else _INVALID for h in half], np.uint8)


_OVERPUNCH = _signs("ACEF", "BD", high_half=True)
_UNSIGNED = _signs("ACEF", "", high_half=True)
_PACKED = _signs("ACEF", "BD", high_half=False)
_PACKED_UNSIGNED = _signs("ACEF", "", high_half=False)
_SEPARATE = np.full(256, _INVALID, np.uint8)
_SEPARATE[0x4E], _SEPARATE[0x60] = _PLUS, _MINUS


def _from_ascii() -> bytes:
    """ASCII's digits and sign letters as the EBCDIC bytes that mean the same; FF, which is no digit, for the rest."""
    table = bytearray(b"\xff" * 256)
    table[0x00], table[ord(" ")], table[ord("+")], table[ord("-")] = 0x00, 0x40, 0x4E, 0x60
    for digit in range(10):
        table[ord("0") + digit] = 0xF0 + digit
        table[ord("{ABCDEFGHI"[digit])] = 0xC0 + digit
        table[ord("}JKLMNOPQR"[digit])] = 0xD0 + digit
        table[ord("p") + digit] = 0xD0 + digit
    return bytes(table)


_FROM_ASCII = _from_ascii()
