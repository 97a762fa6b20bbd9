r"""Where records and values begin and end in a chunk of delimited bytes.

Outside quotes, a delimiter ends a value and a line end ends a record; a byte is outside when the number of quotes
before it is even.  That makes the whole chunk a matter of counting, as long as every quote stands where a quoted
value begins (behind a delimiter) or ends (before one), or is one of a doubled pair.  From the first quote that does
not, the counting would be wrong, so that one record is read by itself, and the counting starts anew behind it.

A record that is read by itself is given the reading that yields the declared number of columns: quotes as quotes, also
across lines; else within its line; else every quote as an ordinary character.  Otherwise it is its line, and damaged.

>>> tokeniser = Tokeniser(Layout(b";", b'"', b"\n"))
>>> chunk = b'1;"Bar ""ELA""; s.c.";x\n2;F.H. "ELA";y\n3;z\n'
>>> records = tokeniser.split(chunk, 3, final=True, most=10)
>>> records.starts.tolist(), records.whole.tolist()
([0, 24, 39], [True, True, False])
>>> [chunk[a:b] for a, b in zip(records.value_starts[:, 1].tolist(), records.value_ends[:, 1].tolist())]
[b'Bar ""ELA""; s.c.', b'F.H. "ELA"']
>>> records.doubled[:, 1].tolist()
[True, False]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from extractors.text.quote_walk import MAX_OPEN, Layout, Span, Walker
from extractors.text.spans import without_trailing

Index = NDArray[np.int64]
Flags = NDArray[np.bool_]
_Halt = Literal["end", "window", "odd"]
_RETURN = 0x0D
_WINDOW = 1 << 10  # structural bytes that are looked at behind a record that was read by itself; then ever more
FILLER = 0x1E
"""Stands behind the byte of a delimiter that takes more room than one."""


@dataclass(frozen=True)
class Records:
    """The records of a chunk, in order; n of them, m whole ones with c columns each.

    Attributes:
        starts: int64[n], first byte.
        ends: int64[n], behind the line end.
        columns: int64[n], values found.
        whole: bool[n], the number of values is the declared one.
        row: int64[n], where a whole record stands in the arrays of values.
        value_starts: int64[m, c], without quotes.
        value_ends: int64[m, c].
        doubled: bool[m, c], the value holds doubled quotes; None where none does.
        consumed: Bytes of the chunk that belong to these records.
    """

    starts: Index
    ends: Index
    columns: Index
    whole: Flags
    row: Index
    value_starts: Index
    value_ends: Index
    doubled: Flags | None
    consumed: int

    def __len__(self) -> int:
        return len(self.starts)


@dataclass(frozen=True)
class _Part:
    """Some records in a row, before they are put together."""

    starts: Index
    ends: Index
    columns: Index
    value_starts: Index
    value_ends: Index
    doubled: Flags | None


@dataclass(frozen=True)
class _Marks:
    """The structural bytes of a chunk.

    Attributes:
        at: Their positions.
        is_quote: Which are quotes.
        is_end: Which are line ends.
        quotes: Number of quotes up to and with each.
        lines: Number of line ends up to and with each.
        quote_at: Positions of the quotes.
        misplaced: Quotes that cannot be where they are, if an even (0), an odd (1) quote opens a value.
    """

    at: Index
    is_quote: Flags
    is_end: Flags
    quotes: Index
    lines: Index
    quote_at: Index
    misplaced: tuple[Index, Index]


class Tokeniser:
    """Splits chunks of one layout."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._delimiter = layout.delimiter[0]
        self._end = layout.line_end[0]
        self._quote = layout.quote[0] if layout.quote else None
        self._walker = Walker(layout)

    def split(self, chunk: bytes, columns: int, *, final: bool, most: int) -> Records:
        """Find the complete records of a chunk that begins with a record.

        Args:
            chunk: The bytes.
            columns: Declared number of values of a record.
            final: The file ends with the chunk, so its last record needs no line end.
            most: Most records to return.
        """
        data = np.frombuffer(chunk, np.uint8)
        marks = self._marks(data, final)
        parts: list[_Part] = []
        start = mark = quote = 0
        window = len(marks.at)
        while True:
            part, start, halt = self._count(data, marks, slice(mark, mark + window), quote, start, columns)
            if part is not None:
                parts.append(part)
            if start >= len(chunk):
                break
            if halt == "window":
                window *= 8
            else:
                if halt == "end" and not final and len(chunk) - start <= MAX_OPEN:
                    break  # the rest is the beginning of a record, to be continued
                single = self._walker.read(chunk, start, columns, final=final)
                if single is None:
                    break
                parts.append(_single(start, *single))
                start = single[0]
                window = _WINDOW  # there may be many such: all the rest must not be counted again for each
            mark = int(np.searchsorted(marks.at, start))
            quote = int(np.searchsorted(marks.quote_at, start))
        return self._join(parts, columns, start, most)

    # --- counting ------------------------------------------------------------------------------------------------

    def _marks(self, data: NDArray[np.uint8], final: bool) -> _Marks:
        structural = (data == self._delimiter) | (data == self._end)
        if self._quote is not None:
            structural |= data == self._quote
        at = np.flatnonzero(structural)
        kind = data[at]
        if final and len(data) and data[-1] != self._end:  # the end of the file ends its last record
            at, kind = np.append(at, len(data)), np.append(kind, np.uint8(self._end))
        none = np.empty(0, np.int64)
        is_end = kind == self._end
        is_quote = kind == self._quote if self._quote is not None else np.zeros(len(at), np.bool_)
        if not is_quote.any():
            return _Marks(at, is_quote, is_end, none, none, none, (none, none))
        quote_at = at[is_quote]
        misplaced = misplaced_quotes(data, quote_at, self._layout)
        return _Marks(at, is_quote, is_end, np.cumsum(is_quote), np.cumsum(is_end), quote_at, misplaced)

    def _count(
        self, data: NDArray[np.uint8], marks: _Marks, within: slice, quote: int, start: int, columns: int
    ) -> tuple[_Part | None, int, _Halt]:
        """Records from `start` on by counting, as far as the quotes allow.

        Args:
            data: uint8, the chunk.
            marks: Its structural bytes.
            within: Which of them are looked at.
            quote: Number of quotes before `start`.
            start: Where a record begins.
            columns: Declared number of values of a record.

        Returns:
            The records, where the next one starts, and what ended the counting: the end of the chunk or of what was
            to be looked at, or a record that counting cannot explain.
        """
        mark, stop = within.start, min(within.stop, len(marks.at))
        halt: _Halt = "end" if stop == len(marks.at) else "window"
        if len(marks.quote_at):
            wrong = marks.misplaced[quote % 2]
            first = int(np.searchsorted(wrong, quote))
            if first < len(wrong) and marks.quote_at[wrong[first]] <= marks.at[stop - 1]:
                stop, halt = int(np.searchsorted(marks.at, marks.quote_at[wrong[first]])), "odd"
            run = slice(mark, stop)
            outside = (marks.quotes[run] - quote) % 2 == 0
            index = np.flatnonzero(outside & ~marks.is_quote[run]) + mark
        else:
            index = np.arange(mark, stop)
        ends = np.flatnonzero(marks.is_end[index])
        if not len(ends):
            return None, start, halt
        index = index[: ends[-1] + 1]
        at = marks.at[index]
        counts = np.diff(ends, prepend=-1)
        if len(marks.quote_at):
            # a record over several lines with a wrong number of values is more likely a quote that never closed
            several = np.diff(marks.lines[index[ends]], prepend=marks.lines[mark - 1] if mark else 0) > 1
            if (odd := np.flatnonzero(several & (counts != columns))).size:
                cut = int(odd[0])
                halt = "odd"
                if cut == 0:
                    return None, start, halt
                ends, counts = ends[:cut], counts[:cut]
                index, at = index[: ends[-1] + 1], at[: ends[-1] + 1]
        value_starts = np.empty(len(at), np.int64)
        value_starts[0] = start
        value_starts[1:] = at[:-1] + 1
        if self._layout.width > 1:
            value_starts[1:] += np.where(marks.is_end[index[:-1]], 0, self._layout.width - 1)
        record_ends = np.minimum(at[ends] + 1, len(data))
        record_starts = np.concatenate([[start], at[ends[:-1]] + 1])
        value_ends = at.copy()
        lasts = at[ends]
        # more than one return before a line feed comes of copies that translated line ends twice
        value_ends[ends] = without_trailing(data, value_starts[ends], lasts, _RETURN)
        blank = (counts == 1) & (value_starts[ends] == value_ends[ends])
        doubled = None
        if len(marks.quote_at):
            first_bytes = data[np.minimum(value_starts, len(data) - 1)]
            quoted = np.flatnonzero((first_bytes == self._quote) & (value_starts < value_ends))
            number = marks.quotes[index[quoted]] - np.where(quoted > 0, marks.quotes[index[quoted - 1]], quote)
            value_starts[quoted] += 1
            value_ends[quoted] -= 1
            doubled = np.zeros(len(at), np.bool_)
            doubled[quoted] = number > 2
            blank[blank] = first_bytes[ends[blank]] != self._quote
        part = _Part(record_starts, record_ends, counts, value_starts, value_ends, doubled)
        return _without(part, blank), int(record_ends[-1]), halt

    # --- together ------------------------------------------------------------------------------------------------

    def _join(self, parts: list[_Part], columns: int, consumed: int, most: int) -> Records:
        if not parts:
            none = np.empty(0, np.int64)
            values = np.empty((0, columns), np.int64)
            return Records(none, none, none, none.astype(np.bool_), none, values, values, None, consumed)
        starts = np.concatenate([p.starts for p in parts])
        ends = np.concatenate([p.ends for p in parts])
        counts = np.concatenate([p.columns for p in parts])
        value_starts = np.concatenate([p.value_starts for p in parts])
        value_ends = np.concatenate([p.value_ends for p in parts])
        doubled = None
        if any(p.doubled is not None and p.doubled.any() for p in parts):
            doubled = np.concatenate(
                [np.zeros(len(p.value_starts), np.bool_) if p.doubled is None else p.doubled for p in parts]
            )
        if len(starts) > most:
            keep = int(counts[:most].sum())
            consumed = int(starts[most])
            starts, ends, counts = starts[:most], ends[:most], counts[:most]
            value_starts, value_ends = value_starts[:keep], value_ends[:keep]
            doubled = None if doubled is None else doubled[:keep]
        whole = counts == columns
        if not whole.all():
            chosen = np.repeat(whole, counts)
            value_starts, value_ends = value_starts[chosen], value_ends[chosen]
            doubled = None if doubled is None else doubled[chosen]
        return Records(
            starts,
            ends,
            counts,
            whole,
            np.cumsum(whole) - 1,
            # a column is read at a time
            np.asfortranarray(value_starts.reshape(-1, columns)),
            np.asfortranarray(value_ends.reshape(-1, columns)),
            None if doubled is None else np.asfortranarray(doubled.reshape(-1, columns)),
            consumed,
        )


def misplaced_quotes(data: NDArray[np.uint8], quote_at: Index, layout: Layout) -> tuple[Index, Index]:
    """Which quotes cannot be where they are, if an even (0), an odd (1) quote opens a value.

    Args:
        data: uint8, the chunk.
        quote_at: Positions of its quotes, of which there is one at least.
        layout: Its structural bytes.
    """
    delimiter, end = layout.delimiter[0], layout.line_end[0]
    behind_delimiter = delimiter if layout.width == 1 else FILLER
    padded = np.concatenate([np.array([end], np.uint8), data, np.full(2, end, np.uint8)])
    before, after = padded[quote_at], padded[quote_at + 2]
    next_after = padded[np.minimum(quote_at + 3, len(padded) - 1)]
    beside = quote_at[1:] == quote_at[:-1] + 1
    may_open = (before == behind_delimiter) | (before == end)
    may_open[1:] |= beside
    may_close = (after == delimiter) | (after == end)
    may_close |= (after == _RETURN) & (next_after == end)
    may_close[:-1] |= beside
    even = np.arange(len(quote_at)) % 2 == 0
    return (
        np.flatnonzero(np.where(even, ~may_open, ~may_close)),
        np.flatnonzero(np.where(even, ~may_close, ~may_open)),
    )


def _single(start: int, end: int, spans: list[Span]) -> _Part:
    values = np.array([(first, stop) for first, stop, _ in spans], np.int64).reshape(-1, 2)
    return _Part(
        np.array([start]),
        np.array([end]),
        np.array([len(spans)]),
        values[:, 0],
        values[:, 1],
        np.array([doubled for *_, doubled in spans], np.bool_),
    )


def _without(part: _Part, blank: Flags) -> _Part:
    """Leave out lines that hold nothing: they are no records."""
    if not blank.any():
        return part
    values = np.repeat(~blank, part.columns)
    return _Part(
        part.starts[~blank],
        part.ends[~blank],
        part.columns[~blank],
        part.value_starts[values],
        part.value_ends[values],
        part.doubled[values] if part.doubled is not None else None,
    )
