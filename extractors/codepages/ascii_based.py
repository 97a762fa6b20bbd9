"""Text columns of a single-byte page that extends ASCII, the quick ways.

How a column is read depends on what it holds:

* texts that fill their field and are ASCII (numbers, codes, dates) are Arrow's bytes as they stand;
* a column of few different texts (towns, given names, kinds) is read text by text, and the rows get their numbers;
* all others lose their trailing blanks in Arrow, and only where a byte beyond ASCII occurs are they decoded at once.

A column with a byte that is no text of the page is not for here: see `extractors.textcolumn`.

>>> from extractors.codepages.tables import code_page
>>> cells = np.frombuffer("Łódź  Tychy ".encode("mazovia"), np.uint8).reshape(2, 6)
>>> read(cells, reader(code_page("mazovia"))).to_pylist()
['Łódź', 'Tychy']
>>> read(np.array([[0x41, 0x01]], np.uint8), reader(code_page("mazovia"))) is None
True
"""

from __future__ import annotations

import codecs
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from extractors.cells import Cells
from extractors.codepages.tables import CodePage
from extractors.codepages.transcoding import tables

MOST_BYTES = 1 << 29
"""Of a column: each byte may become three in UTF-8, and offsets have 32 bits."""

_LEAST_ROWS = 1 << 11  # of a column that is worth asking whether its texts repeat
_ASKED = 1 << 9
_FEW = _ASKED // 4  # different texts among those asked
_WORD = 8
_HIGH_BITS = np.uint64(0x8080808080808080)


class PageReader(NamedTuple):
    """A page as its columns are read by.

    Attributes:
        characters: Of every byte; U+FFFE for a byte that may not stand in a text.
        growth: By how many bytes each byte grows in UTF-8.
    """

    characters: str
    growth: bytes


def reader(page: CodePage) -> PageReader:
    """Prepare a page."""
    characters, growth = tables(page.name)
    odd = (page.undefined | page.control).tolist()
    strict = "".join("\ufffe" if is_odd else char for char, is_odd in zip(characters, odd, strict=True))
    return PageReader(strict, growth)


def is_full_ascii(cells: Cells) -> bool:
    """Whether every text is as wide as its field, and has neither a control character nor a byte beyond ASCII."""
    return bool(cells[:, -1].min() > 0x20 and cells.min() >= 0x20 and cells.max() < 0x7F)


def as_they_stand(cells: Cells) -> pa.StringArray:
    """string[n] of cells that are all full, in ASCII or UTF-8."""
    return pa.StringArray.from_buffers(len(cells), pa.py_buffer(_starts(cells)), pa.py_buffer(cells))


def read(cells: Cells, page: PageReader) -> pa.StringArray | None:
    """The column, null where empty; None where it holds a byte that is no text.

    Args:
        cells: uint8[n, width], without gaps between the rows, at most `MOST_BYTES`, at least one.
        page: Their page.
    """
    if is_full_ascii(cells):
        return as_they_stand(cells)
    if len(cells) >= _LEAST_ROWS and (numbers := _repeated(cells)) is not None:
        texts = _each(_different(numbers), page)
        return None if texts is None else texts.take(numbers.indices)
    return _each(cells, page)


def _repeated(cells: Cells) -> pa.DictionaryArray | None:
    """The cells as numbers of few different ones; None where there are not few."""
    kind = pa.binary(cells.shape[1])
    some = np.ascontiguousarray(cells[:: len(cells) // _ASKED])
    if len(_opaque(some, kind).unique()) > _FEW:
        return None
    numbers = _opaque(cells, kind).dictionary_encode()
    return numbers if len(numbers.dictionary) <= len(cells) // 2 else None


def _different(numbers: pa.DictionaryArray) -> Cells:
    """The different cells of a column."""
    dictionary = numbers.dictionary
    data = np.frombuffer(dictionary.buffers()[1], np.uint8)
    width = dictionary.type.byte_width
    return data[dictionary.offset * width :][: len(dictionary) * width].reshape(-1, width)


def _opaque(cells: Cells, kind: pa.DataType) -> pa.FixedSizeBinaryArray:
    return pa.FixedSizeBinaryArray.from_buffers(kind, len(cells), [None, pa.py_buffer(cells)])


def _each(cells: Cells, page: PageReader) -> pa.StringArray | None:
    """Every text by itself."""
    rows = len(cells)
    padded = pa.StringArray.from_buffers(rows, pa.py_buffer(_starts(cells)), pa.py_buffer(cells))
    trimmed = pc.ascii_rtrim(padded, characters=" \0")
    offsets = np.frombuffer(trimmed.buffers()[1], np.int32)[: rows + 1]
    data = trimmed.buffers()[2].slice(0, int(offsets[-1]))
    found = np.frombuffer(data, np.uint8)
    if len(found) and not (found.min() >= 0x20 and found.max() < 0x7F):
        try:
            decoded = codecs.charmap_decode(data, "strict", page.characters)[0].encode()
        except UnicodeDecodeError:
            return None
        offsets = offsets + _growth(cells, found, offsets, len(decoded) - len(found), page.growth)
        data = pa.py_buffer(decoded)
    filled = np.diff(offsets) > 0
    valid = None if filled.all() else pa.py_buffer(np.packbits(filled, bitorder="little"))
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), data, valid)


def _growth(
    cells: Cells, data: NDArray[np.uint8], offsets: NDArray[np.int32], total: int, growth: bytes
) -> NDArray[np.int32]:
    """int32[n + 1], by how many bytes each text's place moves when the texts become UTF-8.

    Args:
        cells: uint8[n, width], the texts with what was cut off them.
        data: The texts, one behind the other.
        offsets: int32[n + 1], where each begins in the data.
        total: By how much all of them grow.
        growth: By how much each byte does.
    """
    moved = np.zeros(len(offsets), np.int32)
    np.cumsum(_high_bytes(cells), dtype=np.int32, out=moved[1:])
    if moved[-1] == total:  # each by one, as letters do
        return moved
    before = np.zeros(len(data) + 1, np.int32)
    np.cumsum(np.frombuffer(data.tobytes().translate(growth), np.uint8), dtype=np.int32, out=before[1:])
    return before[offsets]


def _high_bytes(cells: Cells) -> NDArray[np.uint16]:
    """uint16[n], how many bytes of each row are beyond ASCII."""
    rows, width = cells.shape
    wide = -(-width // _WORD) * _WORD
    padded = np.zeros((rows, wide), np.uint8)
    padded[:, :width].view(f"V{width}")[...] = cells.view(f"V{width}")
    found = np.bitwise_count(padded.view(np.uint64) & _HIGH_BITS)
    total = found[:, 0].astype(np.uint16)
    for column in range(1, wide // _WORD):
        total += found[:, column]
    return total


def _starts(cells: Cells) -> NDArray[np.int32]:
    rows, width = cells.shape
    return np.arange(0, (rows + 1) * width, width, dtype=np.int32)
