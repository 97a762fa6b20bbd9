r"""One record of delimited bytes, read by itself: for the few that counting cannot explain.

The record is given the reading that yields the declared number of columns: quotes as quotes, also across lines; else
within its line; else every quote as an ordinary character.

>>> walker = Walker(Layout(b";", b'"', b"\n"))
>>> chunk = b'1;"a ""b"" c";F.H. "ELA"\n2;'
>>> walker.values(chunk, 0)
(25, [b'1', b'a "b" c', b'F.H. "ELA"'])
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from billing.errors import ContractError

MAX_OPEN = 1 << 20
"""Bytes that a record may take before a quote that never closes counts as an ordinary character."""

Span = tuple[int, int, bool]
"""First byte and end of a value, and whether it holds doubled quotes."""


@dataclass(frozen=True)
class Layout:
    """The bytes that structure a file, each one byte; `quote` may be empty: then nothing is quoted.

    `width` is the room that a delimiter takes: behind its byte there may be fillers (`extractors.text.structure`).
    """

    delimiter: bytes
    quote: bytes
    line_end: bytes
    width: int = 1

    def __post_init__(self) -> None:
        for name, byte in (("delimiter", self.delimiter), ("quote", self.quote), ("line end", self.line_end)):
            if len(byte) != 1 and not (name == "quote" and not byte):
                raise ContractError(f"the {name} {byte!r} is not one byte", remedy="give a single character")


class Walker:
    """Reads single records of one layout."""

    def __init__(self, layout: Layout) -> None:
        self._delimiter = layout.delimiter
        self._width = layout.width
        self._end = layout.line_end
        self._quote = layout.quote
        d, n = re.escape(layout.delimiter), re.escape(layout.line_end)
        behind = rb"(?=%b|\r*%b|\r*\Z)" % (d, n)
        self._plain = re.compile(rb"[^%b%b]*" % (d, n))
        self._quoted = None
        if layout.quote:
            q = re.escape(layout.quote)
            self._quoted = re.compile(rb"%b([^%b]*(?:%b%b[^%b]*)*)%b[ \t]*%b" % (q, q, q, q, q, q, behind))

    def spans(self, chunk: bytes, start: int) -> tuple[list[Span], int]:
        """The values of the record at `start` whatever its columns, and where it ends."""
        spans, end, _ = self._walk(chunk, start, len(chunk))
        return spans, end

    def values(self, chunk: bytes, start: int) -> tuple[int, list[bytes]]:
        """The record at `start` whatever its columns: where it ends, and its values with single quotes in them."""
        spans, end = self.spans(chunk, start)
        doubled_quote = self._quote * 2
        return end, [
            chunk[a:b].replace(doubled_quote, self._quote) if doubled else chunk[a:b] for a, b, doubled in spans
        ]

    def read(self, chunk: bytes, start: int, columns: int, *, final: bool) -> tuple[int, list[Span]] | None:
        """The record at `start`.

        Args:
            chunk: The bytes.
            start: Where the record begins.
            columns: Declared number of values.
            final: The file ends with the chunk.

        Returns:
            Where it ends, and its values; None where the chunk ends before that can be told.
        """
        limit = min(len(chunk), start + MAX_OPEN)
        spans, end, complete = self._walk(chunk, start, limit)
        if not complete and not final and limit == len(chunk):
            return None
        if len(spans) == columns and (complete or final):
            return end, spans
        line_end = chunk.find(self._end, start)
        if line_end < 0:
            if not final:
                return None
            line_end = len(chunk) - 1
        end = line_end + 1
        spans = self._walk(chunk[:end], start, end)[0]
        if len(spans) != columns and len(literal := self._literal(chunk, start, end)) == columns:
            spans = literal
        return end, spans

    def _walk(self, chunk: bytes, start: int, limit: int) -> tuple[list[Span], int, bool]:
        """Spans of one record's values, where it ends, and whether its line end was found before `limit`."""
        spans: list[Span] = []
        place = start
        while True:
            match = self._quoted.match(chunk, place, limit) if self._quoted is not None else None
            if match is not None:
                spans.append((match.start(1), match.end(1), self._quote in match[1]))
                place = match.end()
                while chunk[place : place + 1] == b"\r" and self._end != b"\r":
                    place += 1
            else:
                match = self._plain.match(chunk, place, limit)
                assert match is not None
                place = stop = match.end()
                if chunk[stop : stop + 1] != self._delimiter:
                    while stop > match.start() and chunk[stop - 1 : stop] == b"\r":
                        stop -= 1
                spans.append((match.start(), stop, False))
            if place >= limit:
                return spans, place, False
            if chunk[place : place + 1] == self._end:
                return spans, place + 1, True
            if chunk[place : place + 1] != self._delimiter:
                return spans, place, False
            place += self._width

    def _literal(self, chunk: bytes, start: int, end: int) -> list[Span]:
        """Spans of one line's values where every quote is an ordinary character."""
        line = chunk[start:end].rstrip(self._end).rstrip(b"\r")
        spans: list[Span] = []
        place = start
        for value in line.split(self._delimiter):
            first = place + (self._width - 1 if spans else 0)
            spans.append((first, place + len(value), False))
            place += len(value) + 1
        return spans
