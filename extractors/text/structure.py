r"""The structure of delimited bytes where more than single bytes make it: long delimiters and escaped characters.

The tokeniser looks for single bytes.  What it is shown is a copy of the chunk, byte for byte of the same length, in
which a delimiter of several bytes is a unit separator with fillers behind it, and an escaped character is no character
at all.  Values are cut out of the chunk itself, so every offset stays what it was.

>>> structure = Structure(b"||", b'"', b"\n", b"\\")
>>> structure.shown(b'a||b \\|| c||d\n')
b'a\x1f\x1eb \x00\x00| c\x1f\x1ed\n'
>>> Structure(b";", b'"', b"\n", b"").shown(b'a;b\n')
b'a;b\n'
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from extractors.text import quoting
from extractors.text.quote_walk import Layout, Walker

SEPARATOR, FILLER = b"\x1f", bytes([quoting.FILLER])
_NO_SEPARATORS = bytes.maketrans(SEPARATOR + FILLER, b"\0\0")  # where they stand in the text, they mean nothing


class Structure:
    """What structures a file.

    Args:
        delimiter: Between values, one byte or more.
        quote: Around values, one byte or none.
        line_end: One byte.
        escape: Before a character that means nothing but itself, one byte or none.

    Attributes:
        layout: The single bytes that structure what is shown.
    """

    def __init__(self, delimiter: bytes, quote: bytes, line_end: bytes, escape: bytes) -> None:
        self._delimiter = delimiter
        self._escape = escape
        self._is_long = len(delimiter) > 1
        self.layout = Layout(SEPARATOR if self._is_long else delimiter, quote, line_end, max(1, len(delimiter)))
        self._escaped = re.compile(re.escape(escape) + rb"(?:\r\n|[\x00-\xff])") if escape else None

    def is_plain(self, chunk: bytes) -> bool:
        """The chunk is its own structure."""
        return not self._is_long and not (self._escape and self._escape in chunk)

    def shown(self, chunk: bytes, *, final: bool = True) -> bytes:
        r"""What the tokeniser is to see of a chunk that begins with a record.

        Args:
            chunk: The bytes.
            final: The file ends with the chunk; where it goes on, the beginning of a delimiter at the end is not shown,
                since a quote before it could not be told from one within a value.

        >>> Structure(b"||", b'"', b"\n", b"").shown(b'1||"a"|', final=False)
        b'1\x1f\x1e"a"'
        """
        if self.is_plain(chunk):
            return chunk
        if self._is_long and not final:
            chunk = chunk[: len(chunk) - _cut_delimiter(chunk, self._delimiter)]
        if self._escaped is not None:
            chunk = self._escaped.sub(_nothing, chunk)
        if self._is_long:
            filled = SEPARATOR + FILLER * (len(self._delimiter) - 1)
            chunk = chunk.translate(_NO_SEPARATORS).replace(self._delimiter, filled)
        return chunk

    def values(self, chunk: bytes) -> tuple[list[bytes], int]:
        r"""The values of the record that a chunk begins with, whatever their number, and where the record ends.

        >>> Structure(b"||", b'"', b"\n", b"").values(b'T||"1||2"||"a ""b"" c"\nx')
        ([b'T', b'1||2', b'a "b" c'], 23)
        """
        spans, end = Walker(self.layout).spans(self.shown(chunk), 0)
        quote = self.layout.quote
        return [
            chunk[first:stop].replace(quote * 2, quote) if doubled else chunk[first:stop]
            for first, stop, doubled in spans
        ], end


def _cut_delimiter(chunk: bytes, delimiter: bytes) -> int:
    """Bytes at the end of a chunk that may be the beginning of a delimiter."""
    return next((size for size in range(len(delimiter) - 1, 0, -1) if chunk.endswith(delimiter[:size])), 0)


def _nothing(match: re.Match[bytes]) -> bytes:
    return bytes(len(match[0]))


def clean(column: pa.Array, escape: str, nulls: tuple[str, ...]) -> pa.Array:
    r"""Values without their escapes; those that mean null are null.

    >>> clean(pa.array(["a\\;b", "\\N", "\\\\N", None]), "\\", ("\\N",)).to_pylist()
    ['a;b', None, '\\N', None]
    """
    meant = None
    if nulls:
        meant = pc.is_in(column, value_set=pa.array(nulls))
    if escape and pc.any(pc.match_substring(column, escape)).as_py():
        column = pc.replace_substring_regex(column, f"(?s){re.escape(escape)}(.)", r"\1")
    if meant is not None and pc.any(meant).as_py():
        column = pc.if_else(meant, pa.scalar(None, pa.string()), column)
    return column
