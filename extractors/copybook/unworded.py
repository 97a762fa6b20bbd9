"""Variable records without descriptor words: text lines, and records that say themselves how long they are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from extractors.copybook.scanning import CUT_OFF, Broken, Noted, Scan

_LENGTH_WITHIN = 1 << 16  # a record's length stands within this many bytes of its beginning


LengthOf = Callable[[bytes | memoryview], int | None]
"""Bytes of the record that begins here, given the file's bytes from there on; None where too few are at hand."""


_ASCII_ENDS, _EBCDIC_ENDS = b"\n", b"\n\x15\x25"  # EBCDIC has a new line and a line feed, neither of them in a text
_EBCDIC_BLANK = 0x40


class LineScanner:
    """T: a line a record; CR before LF belongs to the line end, and so does a Ctrl-Z at the end of the file.

    Args:
        width: Lines are filled up to so many bytes, because programs cut blanks off their ends.
        blank: What they are filled up with; it also says whether their ends are those of ASCII or of EBCDIC.
    """

    def __init__(self, width: int = 0, blank: int = 0x20) -> None:
        self.width = width
        self.blank = bytes([blank])
        self.ends = np.zeros(256, np.bool_)
        self.ends[list(_EBCDIC_ENDS if blank == _EBCDIC_BLANK else _ASCII_ENDS)] = True

    def scan(self, data: bytes, *, at_end: bool) -> tuple[Scan, Broken | None]:
        """See `Scanner`."""
        if at_end:
            data = data.rstrip(b"\x1a")
        array = np.frombuffer(data, np.uint8)
        ends = np.flatnonzero(self.ends[array]) + 1
        if at_end and len(data) > (ends[-1] if len(ends) else 0):
            ends = np.append(ends, len(data))
        if not len(ends):
            return Noted().scan(), None
        begins = np.concatenate([[0], ends[:-1]])
        stops = ends - self.ends[array[ends - 1]]
        stops -= (stops > begins) & (array[stops - 1] == 0x0D)
        found = Scan(begins, stops - begins, begins, ends, int(ends[-1]))
        return self._filled(data, found) if self.width and int(found.lengths.min()) < self.width else found, None

    def _filled(self, data: bytes, found: Scan) -> Scan:
        """The same with every line as long as it has to be."""
        lines = [
            data[begin : begin + length].ljust(self.width, self.blank)
            for begin, length in zip(found.starts.tolist(), found.lengths.tolist(), strict=True)
        ]
        lengths = np.maximum(found.lengths, self.width)
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        return Scan(starts, lengths, found.begins, found.ends, found.consumed, b"".join(lines))


class LengthScanner:
    """L: the record itself says how long it is."""

    def __init__(self, length_of: LengthOf) -> None:
        self.length_of = length_of

    def scan(self, data: bytes, *, at_end: bool) -> tuple[Scan, Broken | None]:
        """See `Scanner`."""
        found = Noted()
        at, size = 0, len(data)
        view = memoryview(data)
        while at < size:
            try:
                length = self.length_of(view[at : at + _LENGTH_WITHIN])
                if length is not None and length < 1:  # the next record would begin where this one does
                    raise ValueError(f"the record says that it has {length} bytes")
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
