r"""Delimited bytes without surprises, read by Arrow's CSV reader.

Almost every chunk of almost every file is such: each quote stands where a quoted value begins or ends, no byte is
undefined or a control character, each record has the declared number of columns.  There the records are found by their
line ends alone, and the values are what any CSV reader makes of them, so the fastest one is asked.  Whatever is odd
makes `cut` or `parse` return None, and the chunk is read by `extractors.text.quoting`, which knows every case; a test
holds the two against each other.

>>> reader = PlainReader(Layout(b";", b'"', b"\n"), Cutter("cp1250"), ["NR", "NAZWA"])
>>> chunk = '1;"Łódź ""A""; B"\r\n2;\r\n3;x'.encode("cp1250")
>>> block = reader.parse(chunk, reader.cut(chunk, final=False, most=10))
>>> block.starts.tolist(), block.consumed, [column.to_pylist() for column in block.columns]
([0, 19], 23, [['1', '2'], ['Łódź "A"; B', None]])
>>> reader.cut(b'1;F.H. "ELA"\n', final=True, most=10) is None
True
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv

from extractors.text.quote_walk import MAX_OPEN, Layout
from extractors.text.quoting import misplaced_quotes
from extractors.text.spans import Cutter

_LINE_FEED, _RETURN = 0x0A, 0x0D
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class PlainBlock:
    """Records of a chunk, all of them whole and sound.

    Attributes:
        starts: int64[n], first byte of each.
        ends: int64[n], behind its line end.
        columns: Their values, string[n] each; an empty one is null.
        consumed: Bytes of the chunk that belong to them.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    columns: list[pa.Array]
    consumed: int

    def __len__(self) -> int:
        return len(self.starts)


@dataclass(frozen=True)
class Cut:
    """Where the records of a chunk lie.

    Attributes:
        starts: int64[n], first byte of each.
        ends: int64[n], behind its line end.
        newlines: int64[m], all line feeds of these records, those within quotes among them.
        consumed: Bytes of the chunk that belong to them.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    newlines: NDArray[np.int64]
    consumed: int


class PlainReader:
    """Reads the chunks of one file.

    Args:
        layout: Its structural bytes.
        cutter: Of its code page.
        columns: Its columns' names.
        controls: What headers and trailers begin with; a chunk that has one is not plain.
    """

    def __init__(self, layout: Layout, cutter: Cutter, columns: Sequence[str], controls: Iterable[bytes] = ()) -> None:
        self._layout, self._cutter = layout, cutter
        self._controls = tuple(controls)
        # the reader sees the bytes as they are, so ASCII must be itself in the page
        ascii_bytes = bytes(range(0x80))
        self._usable = (
            layout.line_end == b"\n"
            and len(layout.delimiter) == 1
            and layout.delimiter not in b" \r"
            and cutter.decode(ascii_bytes) == ascii_bytes.decode("ascii")
            and (layout.delimiter + layout.quote).isascii()
        )
        names = [str(number) for number in range(len(columns))]
        self._names = names
        self._convert = csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), null_values=[""], strings_can_be_null=True, check_utf8=False
        )

    def cut(self, chunk: bytes, *, final: bool, most: int) -> Cut | None:
        """Where the complete records of a chunk lie that begins with a record, as far as line ends and quotes tell.

        Args:
            chunk: The bytes.
            final: The file ends with the chunk.
            most: Most records to return.

        Returns:
            Their places; None where quotes stand where they should not, so that line ends prove nothing.
        """
        if not self._usable:
            return None
        data = np.frombuffer(chunk, np.uint8)
        newlines = np.flatnonzero(data == _LINE_FEED)
        quotes = np.empty(0, np.int64)
        if self._layout.quote and self._layout.quote in chunk:
            quotes = np.flatnonzero(data == self._layout.quote[0])
        outside = newlines[np.searchsorted(quotes, newlines) % 2 == 0] if len(quotes) else newlines
        ends = outside[:most] + 1
        if not len(ends):
            return None
        consumed = int(ends[-1])
        if len(ends) < most and (len(chunk) - consumed > MAX_OPEN or (final and consumed < len(chunk))):
            return None  # a quote that never closes, or a last record without its line end
        if len(quotes):
            even, _ = misplaced_quotes(data, quotes, self._layout)
            if len(even) and int(quotes[even[0]]) < consumed:
                return None
        newlines = newlines[: np.searchsorted(newlines, consumed)]
        return Cut(np.concatenate([[0], ends[:-1]]), ends, newlines, consumed)

    def parse(self, chunk: bytes, cut: Cut) -> PlainBlock | None:
        """The records of a chunk that was cut; None where anything else about them is odd."""
        body = chunk[: cut.consumed]
        if self._is_odd(body, cut):
            return None
        columns = self._columns(body, len(cut.ends), newlines_in_values=len(cut.ends) < len(cut.newlines))
        return PlainBlock(cut.starts, cut.ends, columns, cut.consumed) if columns is not None else None

    def _is_odd(self, body: bytes, cut: Cut) -> bool:
        data = np.frombuffer(body, np.uint8)
        if body.startswith(BOM):  # Arrow leaves it out, but these are letters
            return True
        if ((cut.ends - cut.starts) <= 2).any() and _has_blank_line(data, cut.starts, cut.ends):
            return True
        returns = int(np.count_nonzero(data == _RETURN))  # Arrow takes one for a line end anywhere
        if returns and returns != int((data[cut.newlines[cut.newlines > 0] - 1] == _RETURN).sum()):
            return True
        for prefix in self._controls:
            if body.startswith(prefix) or b"\n" + prefix in body:
                return True
        return not self._cutter.is_sound(body)

    def _columns(self, body: bytes, records: int, *, newlines_in_values: bool) -> list[pa.Array] | None:
        read = csv.ReadOptions(use_threads=False, column_names=self._names, block_size=len(body) + 1)
        parse = csv.ParseOptions(
            delimiter=self._layout.delimiter.decode("ascii"),
            quote_char=self._layout.quote.decode("ascii") or False,
            newlines_in_values=newlines_in_values,
            ignore_empty_lines=False,
        )
        try:
            table = csv.read_csv(pa.BufferReader(body), read, parse, self._convert)
        except pa.ArrowInvalid:  # a record with another number of columns
            return None
        if table.num_rows != records:
            return None
        return [self._decoded(_without_blanks(column.combine_chunks())) for column in table.columns]

    def _decoded(self, column: pa.StringArray) -> pa.StringArray:
        """The column from its page into UTF-8: only those that hold letters beyond ASCII pay for it."""
        if self._cutter.is_utf8:
            return column
        column = pa.concat_arrays([column]) if column.offset else column
        valid, places, data = column.buffers()
        if data is None:
            return column
        offsets = np.frombuffer(places, np.int32)[: len(column) + 1]
        raw = data.slice(0, int(offsets[-1])).to_pybytes()
        if raw.isascii():
            return column
        text, moved = self._cutter.to_utf8(raw, offsets)
        return pa.StringArray.from_buffers(len(column), pa.py_buffer(moved), pa.py_buffer(text), valid)


def _has_blank_line(data: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> bool:
    lengths = ends - starts
    return bool(((lengths == 1) | ((lengths == 2) & (data[starts] == _RETURN))).any())


def _without_blanks(column: pa.Array) -> pa.Array:
    """Without the blanks at the ends of values; what is empty then is null."""
    if not pc.any(pc.ends_with(column, " ")).as_py():
        return column
    column = pc.ascii_rtrim(column, characters=" ")
    return pc.if_else(pc.equal(pc.binary_length(column), 0), pa.scalar(None, pa.string()), column)
