"""Fields of mainframe records: EBCDIC text, zoned, packed and binary numbers, and the RDW of variable records.

>>> packed(np.array([12345, -12345]), 6).tobytes().hex(" ")
'00 12 34 5c 00 12 34 5d'
>>> zoned(np.array([12345, -12345, 0]), 8).tobytes().decode("cp037")
'0001234E0001234N0000000{'
>>> binary(np.array([258]), 2).tobytes().hex(" ")
'01 02'
"""

from __future__ import annotations

import numpy as np

from samples.codepages import Bytes, encode
from samples.draw import Array, Ints
from samples.text import digit_matrix

PAGE = "cp870"


def text(values: Array, width: int) -> Bytes:
    """PIC X(width): left-aligned, padded with EBCDIC blanks."""
    return encode(values, PAGE, width)


def display(values: Ints, digits: int) -> Bytes:
    """PIC 9(digits): one digit a byte."""
    return digit_matrix(values, digits) | np.uint8(0xF0)


def zoned(values: Ints, digits: int) -> Bytes:
    """PIC S9(digits): the sign is in the zone of the last digit, C for plus and D for minus."""
    rows = display(values, digits)
    rows[:, -1] = (rows[:, -1] & 0x0F) | np.where(np.asarray(values) < 0, 0xD0, 0xC0).astype(np.uint8)
    return rows


def packed(values: Ints, digits: int, *, signed: bool = True) -> Bytes:
    """PIC S9(digits) COMP-3: two digits a byte, the last half byte C or D, F where there is no sign."""
    size = digits // 2 + 1
    figures = digit_matrix(values, size * 2 - 1)
    sign = np.where(np.asarray(values) < 0, 0xD, 0xC) if signed else np.full(len(values), 0xF)
    halves = np.concatenate([figures, sign.astype(np.uint8)[:, None]], axis=1)
    return (halves[:, 0::2] << np.uint8(4)) | halves[:, 1::2]


def binary(values: Ints, size: int) -> Bytes:
    """COMP: big-endian, two's complement."""
    wide = np.asarray(values, dtype=">i8").view(np.uint8).reshape(len(values), 8)
    return np.ascontiguousarray(wide[:, 8 - size :])


def with_rdw(records: Bytes) -> Bytes:
    """Put the record descriptor word in front: the length with itself, big-endian, and two bytes of nought."""
    length = records.shape[1] + 4
    word = np.array([length >> 8, length & 0xFF, 0, 0], dtype=np.uint8)
    return np.concatenate([np.broadcast_to(word, (len(records), 4)), records], axis=1)
