"""The bytes of one field of many records, moved together.

NumPy copies a slice of columns byte by byte; told that a row of it is one opaque value, it moves values, which is two
to ten times as fast.

>>> records = np.arange(12, dtype=np.uint8).reshape(3, 4)
>>> together(records[:, 1:3]).tolist()
[[1, 2], [5, 6], [9, 10]]
>>> [cells.tolist() for cells in apart(records, [(0, 1), (1, 3)])]
[[[0], [4], [8]], [[1, 2], [5, 6], [9, 10]]]
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Cells = NDArray[np.uint8]
"""uint8[n, width]: the bytes of one field, a row a record."""

_LEAST_ROWS = 1 << 11  # of a column that is worth asking whether its values repeat
_ASKED = 1 << 9
_FEW = _ASKED // 4  # different values among those asked
_STRETCH_BYTES = 1 << 18  # of records that are cut at a time: less than the second cache of any processor of today


def together(cells: Cells) -> Cells:
    """The same bytes without gaps between the rows; the very same array where there are none.

    Args:
        cells: uint8[n, width], as a rule a slice of the columns of whole records.
    """
    rows, width = cells.shape
    if cells.flags.c_contiguous or not rows or not width or cells.strides[1] != 1:
        return np.ascontiguousarray(cells)
    return np.ascontiguousarray(cells.view(f"V{width}")).view(np.uint8).reshape(rows, width)


def apart(records: NDArray[np.uint8], spans: Sequence[tuple[int, int]]) -> list[Cells]:
    """All fields of many records, each without gaps between its rows.

    A stretch of records is cut into all its fields while the processor's cache holds it.  Field by field over all
    records, each would be fetched from memory as often as it has fields, which takes about twice as long.

    Args:
        records: uint8[n, record length].
        spans: First byte of each field, and one after its last.
    """
    rows = len(records)
    stretch = max(1, _STRETCH_BYTES // max(1, records.shape[1]))
    fields = [np.empty((rows, end - start), np.uint8) for start, end in spans]
    wholes = [field.view(f"V{field.shape[1]}")[:, 0] if field.size else field[:, :0] for field in fields]
    parts = [records[:, start:end] for start, end in spans]
    values = [part.view(f"V{part.shape[1]}")[:, 0] if part.size else part for part in parts]
    for first in range(0, rows, stretch):
        for whole, value in zip(wholes, values, strict=True):
            whole[first : first + stretch] = value[first : first + stretch]
    return fields


def repeated(cells: Cells) -> pa.DictionaryArray | None:
    """The cells as numbers of few different ones; None where there are not few, or few cells.

    Args:
        cells: uint8[n, width], without gaps between the rows.
    """
    if len(cells) < _LEAST_ROWS:
        return None
    kind = pa.binary(cells.shape[1])
    some = np.ascontiguousarray(cells[:: len(cells) // _ASKED])
    if len(_opaque(some, kind).unique()) > _FEW:
        return None
    numbers = _opaque(cells, kind).dictionary_encode()
    return numbers if len(numbers.dictionary) <= len(cells) // 2 else None


def different(numbers: pa.DictionaryArray) -> Cells:
    """The different cells of a column."""
    dictionary = numbers.dictionary
    data = np.frombuffer(dictionary.buffers()[1], np.uint8)
    width = dictionary.type.byte_width
    return data[dictionary.offset * width :][: len(dictionary) * width].reshape(-1, width)


def _opaque(cells: Cells, kind: pa.DataType) -> pa.FixedSizeBinaryArray:
    return pa.FixedSizeBinaryArray.from_buffers(kind, len(cells), [None, pa.py_buffer(cells)])
