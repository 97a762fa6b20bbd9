"""Floating-point numbers: IBM's hexadecimal form and IEEE 754, of either byte order.

*Hexadecimal* (z/Architecture Principles of Operation, chapter 9): a sign bit, seven bits of exponent (of 16, excess
64), and a fraction of 24 or 56 bits whose point stands in front of it.  A double has more bits than a float64 keeps:
its last three are rounded.

>>> decode_floats(np.frombuffer(bytes.fromhex("C276A000 42640000 00000000"), np.uint8).reshape(3, 4), "ibm").tolist()
[-118.625, 100.0, 0.0]
>>> encode_float(-118.625, 4, "ibm").hex(), encode_float(-118.625, 4, "ieee").hex()
('c276a000', 'c2ed4000')
"""

from __future__ import annotations

import math
import struct
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatFormat = Literal["ibm", "ibm_little", "ieee", "ieee_little"]
"""Form and byte order of COMP-1 and COMP-2."""


def decode_floats(block: NDArray[np.uint8], form: FloatFormat) -> NDArray[np.float64]:
    """Read a floating-point field of many records.

    Args:
        block: uint8[n, 4] or uint8[n, 8].
        form: How they are written.
    """
    rows, width = block.shape
    big = np.ascontiguousarray(block[:, ::-1] if form.endswith("_little") else block)
    if form.startswith("ieee"):
        with np.errstate(invalid="ignore"):  # a signalling NaN is a NaN
            return big.view(f">f{width}").reshape(rows).astype(np.float64)
    words = big.view(f">u{width}").reshape(rows).astype(np.uint64)
    bits = 8 * width - 8
    fraction = (words & np.uint64((1 << bits) - 1)).astype(np.float64)
    exponent = ((words >> np.uint64(bits)) & np.uint64(0x7F)).astype(np.int64)
    values = np.ldexp(fraction, 4 * (exponent - 64) - bits)
    return np.where(words >> np.uint64(bits + 7), -values, values)


def encode_float(value: float, width: int, form: FloatFormat) -> bytes:
    """Write a floating-point number.

    Args:
        value: The number.
        width: 4 or 8 bytes.
        form: How it is to be written.

    Raises:
        ValueError: It is too large or too near to zero, or no number and the form has no such thing.
    """
    if form.startswith("ieee"):
        try:
            data = struct.pack(">f" if width == 4 else ">d", value)
        except OverflowError:
            raise ValueError(f"{value} does not fit {width} bytes") from None
        if value and not any(data[1:]) and data[0] & 0x7F == 0:
            raise ValueError(f"{value} is too small for {width} bytes")
    else:
        data = _hexadecimal(value, width)
    return data[::-1] if form.endswith("_little") else data


def _hexadecimal(value: float, width: int) -> bytes:
    bits = 8 * width - 8
    if not math.isfinite(value):
        raise ValueError("hexadecimal floating point has neither infinity nor NaN")
    if value == 0:
        return bytes(width)
    mantissa, power = math.frexp(abs(value))
    exponent = -(-power // 4)
    fraction = round(math.ldexp(mantissa, bits + power - 4 * exponent))
    if fraction >> bits:
        fraction >>= 4
        exponent += 1
    if exponent + 64 > 0x7F:
        raise ValueError(f"{value} does not fit {width} bytes")
    if exponent + 64 < 0 or not fraction:
        raise ValueError(f"{value} is too small for {width} bytes")
    sign = (value < 0) << (bits + 7)
    return (sign | (exponent + 64) << bits | fraction).to_bytes(width, "big")
