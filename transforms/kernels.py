"""The few bridges between Arrow buffers and numpy that the converters stand on.

A column of text is looked at as bytes by position, a column of decimals as 64-bit integers: both views cost a copy at
most, never an object a row.

>>> positions, lengths = byte_positions(pa.array(["12", None, "345"]))
>>> positions.shape, lengths.tolist()
((3, 3), [2, 0, 3])
>>> positions[:, 0].tobytes()
b'12\\x00'
>>> values, fits = decimal_integers(pa.array([Decimal("-1.50"), None], pa.decimal128(5, 2)))
>>> values.tolist(), fits.tolist()
([-150, 0], [True, True])
>>> decimals(values, np.array([True, False]), pa.decimal128(18, 2)).to_pylist()
[Decimal('-1.50'), None]
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from billing.errors import ContractError

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

BLANK = ord(" ")
__all__ = [
    "BLANK", "Bools", "Bytes", "Decimal", "Ints", "as_text", "byte_positions", "decimal_integers", "decimals",
    "dense", "is_ascii", "present", "trimmed",
]  # fmt: skip


def dense(array: Any) -> Any:
    """One plain array: chunks combined, dictionaries decoded, large text made plain text."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_large_string(array.type) or pa.types.is_string_view(array.type):
        array = array.cast(pa.string())
    return array


def present(array: Any) -> Bools:
    """Which values are not null."""
    if array.null_count == 0:
        return np.ones(len(array), dtype=bool)
    found: Bools = array.is_valid().to_numpy(zero_copy_only=False)
    return found


def _text_buffers(array: Any) -> tuple[npt.NDArray[np.int32], Bytes]:
    _, offsets, data = array.buffers()
    starts = np.frombuffer(offsets, np.int32)[array.offset : array.offset + len(array) + 1]
    letters = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)
    return starts, letters


def is_ascii(array: Any) -> bool:
    """Whether a text array holds nothing but ASCII."""
    if len(array) == 0:
        return True
    starts, letters = _text_buffers(array)
    return not bool((letters[starts[0] : starts[-1]] > 127).any())


def byte_positions(array: Any, width: int | None = None) -> tuple[Bytes, npt.NDArray[np.int32]]:
    """The UTF-8 bytes of a text array by position.

    Args:
        array: Text, n values.
        width: Positions wanted; default is the longest value's.

    Returns:
        `(positions, lengths)`: positions has the shape (width, n), zero behind a value's end; lengths are in bytes, 0
        for a null.
    """
    if len(array) == 0:
        return np.zeros((width or 0, 0), np.uint8), np.zeros(0, np.int32)
    starts, letters = _text_buffers(array)
    lengths = np.diff(starts)
    if array.null_count:
        lengths = np.where(present(array), lengths, 0).astype(np.int32)
    width = int(lengths.max(initial=0)) if width is None else width
    if width and int(lengths.min()) == width and int(lengths.max()) == width and not array.null_count:
        block = letters[starts[0] : starts[0] + width * len(array)].reshape(len(array), width)
        return np.ascontiguousarray(block.T), lengths
    first = starts[:-1].astype(np.int64)
    positions = np.empty((width, len(array)), np.uint8)
    for i in range(width):
        np.take(letters, first + i, mode="clip", out=positions[i])
        positions[i][lengths <= i] = 0
    return positions, lengths


def trimmed(array: Any) -> Any:
    """Text without blanks around it; blank becomes null.  Looks first whether there is anything to do."""
    if len(array) == 0:
        return array
    starts, letters = _text_buffers(array)
    filled = np.diff(starts) > 0
    if not filled.any():
        return pa.nulls(len(array), pa.string())
    heads = letters[starts[:-1][filled]]
    tails = letters[starts[1:][filled] - 1]
    # 0xC2 0xA0 is a no-break space; 0xA0 also ends letters, which costs only a needless trim
    if (heads <= BLANK).any() or (tails <= BLANK).any() or (heads == 0xC2).any() or (tails == 0xA0).any():
        array = pc.utf8_trim_whitespace(array)
        starts, _ = _text_buffers(array)
        filled = np.diff(starts) > 0
    if not (filled | ~present(array)).all():
        array = pc.if_else(pa.array(filled), array, pa.scalar(None, pa.string()))
    return array


def decimal_integers(array: Any) -> tuple[Ints, Bools]:
    """The unscaled integers of a decimal128 array (0 for null), and which of them fit 64 bits."""
    if array.type.byte_width != 16:
        raise ContractError(f"expected decimal128, found {array.type}")
    words = np.frombuffer(array.buffers()[1], np.int64)[2 * array.offset : 2 * (array.offset + len(array))]
    low, high = words[0::2], words[1::2]
    there = present(array)
    fits = (high == (low >> 63)) | ~there
    return np.where(there & fits, low, 0), fits


def decimals(values: Ints, valid: Bools, type_: Any) -> Any:
    """A decimal128 array out of unscaled integers; null where not `valid`."""
    words = np.empty((len(values), 2), np.int64)
    words[:, 0] = values
    words[:, 1] = values >> 63
    bitmap = None if valid.all() else pa.array(valid).buffers()[1]
    return pa.Array.from_buffers(type_, len(values), [bitmap, pa.py_buffer(words)])


def as_text(array: Any) -> Any:
    """Any raw column as trimmed text, blank as null: how keys and codes are compared.

    >>> as_text(pa.array([Decimal("7"), None], pa.decimal128(9, 0))).to_pylist()
    ['7', None]
    >>> as_text(pa.array([" a ", "  "])).to_pylist()
    ['a', None]
    """
    array = dense(array)
    if pa.types.is_string(array.type):
        return trimmed(array)
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), pa.string())
    if pa.types.is_decimal128(array.type) and array.type.scale == 0:
        values, fits = decimal_integers(array)
        if fits.all():
            array = pa.array(values, mask=~present(array))
    return array.cast(pa.string())
