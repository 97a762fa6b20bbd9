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

from extractors.cells import Cells, different, repeated
from extractors.codepages.tables import CodePage
from extractors.codepages.transcoding import moved, tables

MOST_BYTES = 1 << 29
"""Of a column: each byte may become three in UTF-8, and offsets have 32 bits."""


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
    if (numbers := repeated(cells)) is not None:
        texts = _each(different(numbers), page)
        return None if texts is None else texts.take(numbers.indices)
    return _each(cells, page)


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
        offsets = offsets + moved(cells, found, offsets, len(decoded) - len(found), page.growth)
        data = pa.py_buffer(decoded)
    filled = np.diff(offsets) > 0
    valid = None if filled.all() else pa.py_buffer(np.packbits(filled, bitorder="little"))
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), data, valid)


def _starts(cells: Cells) -> NDArray[np.int32]:
    rows, width = cells.shape
    return np.arange(0, (rows + 1) * width, width, dtype=np.int32)
