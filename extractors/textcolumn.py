"""Text columns of fixed-width records: a block of bytes, all rows at once, into an Arrow string column.

The bytes are first turned into *working bytes* (`CodePage.to_work`): ASCII as itself, the blank as 0, every other
character at 0x80 and up.  With the blank as 0, the length of a value is the length of a C string, and what reaches
Arrow is copied once; only columns that hold letters beyond ASCII pay for UTF-8.

Trailing blanks go, and so do trailing low-values (NUL), which mainframe and Clipper programs leave where nothing was
ever moved in.  An empty value is null.  A value with any other control character, or with a byte that the code page
does not define, is a *defect*: null, and named to the caller.

>>> from extractors.codepages.tables import code_page
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
import pyarrow.compute as pc
from numpy.typing import NDArray

from extractors.cells import different, repeated, together
from extractors.codepages.tables import WORK_BLANK, WORK_LOW_VALUE, CodePage
from extractors.codepages.transcoding import moved

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
    if block.size > _MOST_BYTES and rows > 1:
        parts = [text_column(part, page) for part in (block[: rows // 2], block[rows // 2 :])]
        found = [np.zeros(len(values), np.bool_) if odd is None else odd for values, odd in parts]
        every = np.concatenate(found)
        return pa.concat_arrays([values for values, _ in parts]), every if every.any() else None
    block = together(block)
    if (numbers := repeated(block)) is not None:
        texts, odd = text_column(different(numbers), page)
        values = texts.take(numbers.indices)
        return values, None if odd is None else odd[numbers.indices.to_numpy()]
    marked = block.tobytes().translate(page.to_work)
    work = np.frombuffer(marked, np.uint8).reshape(rows, width)
    raw, offsets = _trimmed(marked, rows, width)
    defects = None
    if any(odd in raw for odd in _ODD):
        work, defects = _mend(work)
        raw, offsets = _trimmed(work.tobytes(), rows, width)
    filled = offsets[1:] > offsets[:-1]
    if not raw.isascii():
        text = codecs.charmap_decode(raw, "strict", page.from_work)[0].encode()
        grown = len(text) - len(raw)
        offsets = offsets + moved(work, np.frombuffer(raw, np.uint8), offsets, grown, page.growth)
        raw = text
    elif b"\0" in raw:  # a blank within a value
        raw = raw.translate(_WORK_BLANK_AS_BLANK)
    bitmap = None if filled.all() else pa.py_buffer(np.packbits(filled, bitorder="little"))
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(raw), bitmap), defects


def _trimmed(marked: bytes, rows: int, width: int) -> tuple[bytes, NDArray[np.int32]]:
    """The values without the blanks and low-values at their ends, one behind the other, and where each begins."""
    starts = np.arange(0, (rows + 1) * width, width, dtype=np.int32)
    padded = pa.StringArray.from_buffers(rows, pa.py_buffer(starts), pa.py_buffer(marked))
    trimmed = pc.ascii_rtrim(padded, characters="\0\3")
    offsets = np.frombuffer(trimmed.buffers()[1], np.int32)[: rows + 1]
    return trimmed.buffers()[2].slice(0, int(offsets[-1])).to_pybytes(), offsets


_MOST_BYTES = 1 << 29  # of a column at a time: each may become three in UTF-8, and offsets have 32 bits
_ODD = tuple(bytes([byte]) for byte in range(1, WORK_LOW_VALUE + 1))
_WORK_BLANK_AS_BLANK = bytes([0x20, *range(1, 256)])


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
