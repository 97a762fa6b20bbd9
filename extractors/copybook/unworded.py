"""Variable records without descriptor words: text lines, and records that say themselves how long they are."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from extractors.copybook.scanning import CUT_OFF, Broken, Noted, Scan

_LENGTH_WITHIN = 1 << 16  # a record's length stands within this many bytes of its beginning


class LineScanner:
    """T: a line a record; CR before LF belongs to the line end, and so does a Ctrl-Z at the end of the file.

    Args:
        width: Lines are filled up to so many bytes, because programs cut blanks off their ends.
        blank: What they are filled up with.
    """

    def __init__(self, width: int = 0, blank: int = 0x20) -> None:
        self.width = width
        self.blank = bytes([blank])

    def scan(self, data: bytes, *, at_end: bool) -> tuple[Scan, Broken | None]:
        """See `Scanner`."""
        if at_end:
            data = data.rstrip(b"\x1a")
        ends = (np.flatnonzero(np.frombuffer(data, np.uint8) == 0x0A) + 1).tolist()
        if at_end and len(data) > (ends[-1] if ends else 0):
            ends.append(len(data))
        begins = [0, *ends[:-1]] if ends else []
        lengths = []
        for begin, end in zip(begins, ends, strict=True):
            stop = end - (data[end - 1] == 0x0A)
            lengths.append(stop - (stop > begin and data[stop - 1] == 0x0D) - begin)
        consumed = ends[-1] if ends else 0
        if not self.width or all(length >= self.width for length in lengths):
            return Noted(begins, lengths, begins, ends, consumed).scan(), None
        filled = [
            data[begin : begin + length].ljust(self.width, self.blank)
            for begin, length in zip(begins, lengths, strict=True)
        ]
        lengths = [len(line) for line in filled]
        starts = [0, *itertools.accumulate(lengths[:-1])] if lengths else []
        return Noted(starts, lengths, begins, ends, consumed).scan(b"".join(filled)), None


class LengthScanner:
    """L: the record itself says how long it is."""

    def __init__(self, length_of: Callable[[bytes], int | None]) -> None:
        self.length_of = length_of

    def scan(self, data: bytes, *, at_end: bool) -> tuple[Scan, Broken | None]:
        """See `Scanner`."""
        found = Noted()
        at, size = 0, len(data)
        view = memoryview(data)
        while at < size:
            try:
                length = self.length_of(bytes(view[at : at + _LENGTH_WITHIN]))
            except ValueError as error:
                return found.scan(), Broken(
                    len(found.begins), str(error), "correct the length field, or ask for the file"
                )
            if length is None or at + length > size:
                if not at_end:
                    return found.scan(), None
                of = "" if length is None else f" of {length} bytes"
                return found.scan(), Broken(
                    len(found.begins), f"the file ends {size - at} bytes into a record{of}", CUT_OFF
                )
            found.begins.append(at)
            found.starts.append(at)
            found.lengths.append(length)
            at += length
            found.ends.append(at)
            found.consumed = at
        return found.scan(), None
