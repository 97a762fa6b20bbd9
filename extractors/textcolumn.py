"""Text columns of fixed-width records: a block of bytes, all rows at once, into an Arrow string column.

The bytes are first turned into *working bytes* (`CodePage.to_work`): ASCII as itself, the blank as 0, every other
character at 0x80 and up.  With the blank as 0, the length of a value is the length of a C string, and what reaches
Arrow is copied once; only columns that hold letters beyond ASCII pay for UTF-8.

Trailing blanks go, and so do trailing low-values (NUL), which mainframe and Clipper programs leave where nothing was
ever moved in.  An empty value is null.  A value with any other control character, or with a byte that the code page
does not define, is a *defect*: null, and named to the caller.

>>> from extractors.codepages import code_page
>>> block = np.frombuffer("Łódź    Tychy   ".encode("cp870"), np.uint8).reshape(2, 8)
>>> text_column(block, code_page("cp870"))[0].to_pylist()
['Łódź', 'Tychy']
>>> values, defects = text_column(np.array([[0x41, 0x01, 0x42], [0x20, 0x20, 0x20]], np.uint8), code_page("cp852"))
>>> values.to_pylist(), defects.tolist()
([None, None], [True, False])
"""

from __future__ import annotations

import codecs

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from extractors.codepages import WORK_BLANK, WORK_LOW_VALUE, CodePage

Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]


def text_column(block: Bytes, page: CodePage) -> tuple[pa.StringArray, Flags | None]:
    """Decode one text field of many records.

    Args:
        block: uint8[n, width], the field's bytes, a row a record.
        page: Their code page.

    Returns:
        string[n] without trailing blanks, null where empty or defective; and bool[n] with the defective rows,
        None where there are none.
    """
    rows, width = block.shape
    if rows == 0 or width == 0:
        return pa.nulls(rows, pa.string()), None
    marked = block.tobytes().translate(page.to_work)
    work = np.frombuffer(marked, np.uint8).reshape(rows, width)
    lengths, flat = _strip(work) if WORK_LOW_VALUE not in marked else _strip_filled(marked, work)
    defects = None
    if _has_odd(flat):
        work, defects = _mend(work)
        lengths, flat = _strip(work)
    offsets = np.zeros(rows + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    if len(flat) and flat.max() >= 0x80:
        data, offsets = _utf8(flat, offsets, page)
    else:
        data = np.maximum(flat, 0x20)  # blanks within a value
    return _strings(offsets, data, lengths > 0), defects


def _strip(work: Bytes) -> tuple[NDArray[np.int64], Bytes]:
    """Length of every row without the zeros at its end, and the bytes of all rows that are left, one after another."""
    rows, width = work.shape
    lengths = np.strings.str_len(work.view(f"S{width}")[:, 0])
    if int(lengths.sum()) == rows * width:
        return lengths, work.reshape(-1)
    return lengths, work[np.arange(width) < lengths[:, None]]


def _has_odd(flat: Bytes) -> bool:
    # 1, 2 and 3 are the working bytes of what is no text; 0 wraps round to 255
    return bool(((flat - np.uint8(1)) < WORK_LOW_VALUE).any())


def _mend(work: Bytes) -> tuple[Bytes, Flags | None]:
    """Blank out trailing low-values and defective rows; say which rows are defective."""
    work = work.copy()
    rows = np.flatnonzero(((work - np.uint8(1)) < WORK_LOW_VALUE).any(axis=1))
    odd = work[rows]
    filled = (odd != WORK_BLANK) & (odd != WORK_LOW_VALUE)
    ends = np.where(filled.any(axis=1), odd.shape[1] - filled[:, ::-1].argmax(axis=1), 0)
    odd[np.arange(odd.shape[1]) >= ends[:, None]] = WORK_BLANK
    bad = ((odd - np.uint8(1)) < WORK_LOW_VALUE).any(axis=1)
    odd[bad] = WORK_BLANK
    work[rows] = odd
    if not bad.any():
        return work, None
    defects = np.zeros(len(work), np.bool_)
    defects[rows[bad]] = True
    return work, defects


def _strip_filled(marked: bytes, work: Bytes) -> tuple[NDArray[np.int64], Bytes]:
    """As `_strip`, of fields that end in low-values instead of blanks; low-values within a text stay what they are."""
    blanked = np.frombuffer(marked.translate(_LOW_VALUE_AS_BLANK), np.uint8).reshape(work.shape)
    lengths = np.strings.str_len(blanked.view(f"S{work.shape[1]}")[:, 0])
    return lengths, work[np.arange(work.shape[1]) < lengths[:, None]]


_LOW_VALUE_AS_BLANK = bytes(WORK_BLANK if byte == WORK_LOW_VALUE else byte for byte in range(256))


def _utf8(flat: Bytes, offsets: NDArray[np.int32], page: CodePage) -> tuple[Bytes, NDArray[np.int32]]:
    beyond = np.flatnonzero(flat >= 0x80)
    before = np.zeros(len(beyond) + 1, np.int64)
    np.cumsum(page.extra[flat[beyond]], out=before[1:])
    moved = offsets + before[np.searchsorted(beyond, offsets)].astype(np.int32)
    text = codecs.charmap_decode(np.maximum(flat, 0x20).tobytes(), "strict", page.from_work)[0]
    return np.frombuffer(text.encode(), np.uint8), moved


def _strings(offsets: NDArray[np.int32], data: Bytes, valid: Flags) -> pa.StringArray:
    bitmap = None if valid.all() else pa.py_buffer(np.packbits(valid, bitorder="little"))
    buffers = [bitmap, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(data))]
    return pa.Array.from_buffers(pa.string(), len(valid), buffers)
