"""Cutting a text column out of a chunk of bytes, all rows at once, by where each value begins and ends.

Formats with delimiters know their values as spans of the chunk.  A `Cutter` gathers the spans of one column into one
buffer, turns its code page into UTF-8 in a single call and hands Arrow the buffer: no Python object a value.

Trailing blanks are cut off and an empty value is null, as in every raw table.  Bytes that the page does not define,
and control characters, are named by row, never replaced.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from extractors.codepages.tables import code_page
from extractors.codepages.transcoding import tables, to_utf8

Offsets = NDArray[np.int64]

_FINE, _CONTROL, _UNDEFINED = 0, 1, 2
_TEXT_CONTROLS = "\t\n\r"  # legitimate in a text: line ends and tabs stand in quoted fields


@dataclass(frozen=True)
class Damage:
    """A value that is no text.

    Attributes:
        row: Row of the batch.
        reason: `ENC-UNDECODABLE` or `ENC-CTRL`.
        message: What was found, with the byte.
    """

    row: int
    reason: str
    message: str


class Cutter:
    """Decodes columns of one code page.

    Args:
        name: A single-byte page of `extractors.codepages.tables`, or UTF-8.

    Raises:
        ContractError: Nobody knows the page.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_utf8 = _is_utf8(name)
        self.verdicts = _utf8_verdicts() if self.is_utf8 else _page_verdicts(name)
        self._fine = bytes(byte for byte, verdict in enumerate(self.verdicts) if verdict == _FINE)
        self.blank = 0x20 if self.is_utf8 else code_page(name).blank
        self._tables = None if self.is_utf8 else tables(name)

    def to_utf8(self, raw: bytes, offsets: NDArray[np.int32]) -> tuple[bytes, NDArray[np.int32]]:
        """Texts one behind the other, and where each begins, as `transcoding.to_utf8` does."""
        return (raw, offsets) if self._tables is None else to_utf8(raw, offsets, *self._tables)

    def encode(self, text: str) -> bytes:
        """Text of a spec (a delimiter, a record's prefix) as it stands in the file."""
        return text.encode("utf-8" if self.is_utf8 else self.name)  # a mark belongs to the beginning of a file only

    def decode(self, data: bytes) -> str:
        """A few bytes as text for people; what is no text shows as U+FFFD."""
        if self._tables is None:
            return data.decode("utf-8", "replace")
        return codecs.charmap_decode(data, "replace", self._tables[0])[0]

    def is_sound(self, chunk: bytes) -> bool:
        """Nothing in the chunk is undefined or a control character: its columns need no second look."""
        if chunk.translate(None, self._fine):
            return False
        if not self.is_utf8:
            return True
        try:
            chunk.decode("utf-8")
        except UnicodeDecodeError:
            return False
        return True

    def column(
        self, chunk: NDArray[np.uint8], starts: Offsets, ends: Offsets, *, sound: bool = False
    ) -> tuple[pa.StringArray, list[Damage]]:
        """One column.

        Args:
            chunk: The bytes that the spans lie in.
            starts: First byte of every value.
            ends: One after the last byte of every value.
            sound: `is_sound` said yes to the chunk.

        Returns:
            The values (those that are no text are null), and what is wrong with the latter.
        """
        ends = without_trailing(chunk, starts, ends, self.blank)
        data, offsets = _gather(chunk, starts, ends)
        damage = [] if sound else self._damage(data, offsets)
        empty = offsets[1:] == offsets[:-1]
        if damage:
            rows = np.array([d.row for d in damage])
            empty[rows] = True
            if self.is_utf8:  # Arrow buffers must be valid UTF-8 even under a null
                ends = ends.copy()
                ends[rows] = starts[rows]
                data, offsets = _gather(chunk, starts, ends)
        return self._array(data, offsets, empty), damage

    def _array(self, data: NDArray[np.uint8], offsets: NDArray[np.int32], null: NDArray[np.bool_]) -> pa.StringArray:
        raw = data.tobytes()
        if self._tables is not None and not (self.blank == 0x20 and raw.isascii()):
            raw, offsets = self.to_utf8(raw, offsets)
        valid = None
        if null.any():
            valid = pa.py_buffer(np.packbits(~null, bitorder="little"))
        return pa.StringArray.from_buffers(len(null), pa.py_buffer(offsets), pa.py_buffer(raw), valid)

    def _damage(self, data: NDArray[np.uint8], offsets: NDArray[np.int32]) -> list[Damage]:
        seen = np.frombuffer(data.tobytes().translate(self.verdicts), np.uint8)
        found: dict[int, Damage] = {}
        for place in np.flatnonzero(seen).tolist():
            row = int(np.searchsorted(offsets, place, side="right")) - 1
            if row in found and found[row].reason == "ENC-UNDECODABLE":
                continue
            byte = int(data[place])
            if seen[place] == _UNDEFINED:
                message = f"byte {byte:02X} does not exist in {self.name}"
                found[row] = Damage(row, "ENC-UNDECODABLE", message)
            elif row not in found:
                found[row] = Damage(row, "ENC-CTRL", f"byte {byte:02X} is a control character in {self.name}")
        if self.is_utf8:
            for row in _broken_utf8(data, offsets):
                found[row] = Damage(row, "ENC-UNDECODABLE", "the bytes are not valid UTF-8")
        return [found[row] for row in sorted(found)]


def unescape(column: pa.StringArray, rows: NDArray[np.bool_], quote: str) -> pa.StringArray:
    """Turn doubled quotes into single ones in the rows that hold some."""
    return pc.if_else(pa.array(rows), pc.replace_substring(column, quote * 2, quote), column)


def _is_utf8(name: str) -> bool:
    try:
        return codecs.lookup(name).name in {"utf-8", "utf-8-sig"}
    except LookupError:
        return False


@lru_cache(maxsize=32)
def _page_verdicts(name: str) -> bytes:
    page = code_page(name)
    verdicts = np.zeros(256, np.uint8)
    verdicts[page.control] = _CONTROL
    verdicts[page.undefined] = _UNDEFINED
    verdicts[np.isin(page.points, [ord(c) for c in _TEXT_CONTROLS])] = _FINE
    return verdicts.tobytes()


def _utf8_verdicts() -> bytes:
    verdicts = bytearray(256)
    for byte in (*range(0x20), 0x7F):
        verdicts[byte] = _FINE if chr(byte) in _TEXT_CONTROLS else _CONTROL
    return bytes(verdicts)


def _broken_utf8(data: NDArray[np.uint8], offsets: NDArray[np.int32]) -> list[int]:
    raw = data.tobytes()
    bounds = offsets.tolist()
    # a value may begin inside a character that the one before it did not end, so each is tried by itself
    rows = np.unique(np.searchsorted(offsets, np.flatnonzero(data >= 0x80), side="right") - 1)
    broken = []
    for row in rows.tolist():
        try:
            raw[bounds[row] : bounds[row + 1]].decode("utf-8")
        except UnicodeDecodeError:
            broken.append(row)
    return broken


def without_trailing(chunk: NDArray[np.uint8], starts: Offsets, ends: Offsets, blank: int) -> Offsets:
    """Ends of spans without the blanks, or other bytes of one kind, that stand there."""
    if not len(chunk):
        return ends
    rows = np.flatnonzero((chunk[ends - 1] == blank) & (ends > starts))  # an end of 0 looks at the last byte, in vain
    if not len(rows):
        return ends
    ends = ends.copy()
    while len(rows):
        ends[rows] -= 1
        rows = rows[ends[rows] > starts[rows]]
        rows = rows[chunk[ends[rows] - 1] == blank]
    return ends


def _gather(chunk: NDArray[np.uint8], starts: Offsets, ends: Offsets) -> tuple[NDArray[np.uint8], NDArray[Any]]:
    """The spans' bytes one behind the other, and the offsets of each within them."""
    lengths = ends - starts
    offsets = np.zeros(len(starts) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    places = np.arange(offsets[-1], dtype=np.int32)
    places += np.repeat((starts - offsets[:-1]).astype(np.int32), lengths)
    return chunk[places], offsets
