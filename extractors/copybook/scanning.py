"""Finding variable records in a stream of bytes, a piece at a time.

A scanner is given the bytes that are at hand, notes the records that are whole, and says how far it came; the rest is
given to it again with more bytes behind.  Each record says where the next one is, so these are the few loops over
single records in the whole decoder; they look at two bytes of each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from billing.errors import SourceError
from extractors.base import LandedFile, Places
from extractors.copybook import records
from extractors.copybook.records import Frame, Window, shrunk

WORD = 4
"""Bytes of a descriptor word."""

_PIECE_BYTES = 8 << 20  # of a file at a time: a record of four bytes takes ten times as much while it is noted
LONGEST = 64 << 20  # of a record: what lies beyond it is a wrong framing, not a record


@dataclass(frozen=True)
class Descriptor:
    """The form of descriptor words.

    Attributes:
        big_endian: The length stands in the first two bytes, big-endian; else in the last two, little-endian.
        includes_itself: The length counts the word too.
        adjustment: Added to the length as it stands there.
    """

    big_endian: bool = True
    includes_itself: bool = True
    adjustment: int = 0

    @property
    def offset(self) -> int:
        """What to add to a stated length for the bytes behind the word."""
        return self.adjustment - (WORD if self.includes_itself else 0)


Indices = NDArray[np.int64]


@dataclass
class Scan:
    """What a scanner found.

    Attributes:
        starts: Index of each record's first byte of data, in `data` where that is given, else in the bytes scanned.
        lengths: Bytes of data of each record.
        begins: Index of each record's first byte in the bytes scanned, descriptor word included.
        ends: Index behind its last byte.
        consumed: Bytes that need not be given again.
        data: The records' data, where it had to be put together.
    """

    starts: Indices
    lengths: Indices
    begins: Indices
    ends: Indices
    consumed: int
    data: bytes | None = None

    def until(self, record: int) -> Scan:
        """The records in front of one."""
        starts, lengths, begins, ends = self.starts, self.lengths, self.begins, self.ends
        return replace(
            self, starts=starts[:record], lengths=lengths[:record], begins=begins[:record], ends=ends[:record]
        )


@dataclass
class Noted:
    """The records of a scan while it goes on; as `Scan`."""

    starts: list[int] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    begins: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    consumed: int = 0

    def scan(self, data: bytes | None = None) -> Scan:
        """What was found, as arrays."""
        starts, lengths = np.array(self.starts, np.int64), np.array(self.lengths, np.int64)
        begins, ends = np.array(self.begins, np.int64), np.array(self.ends, np.int64)
        return Scan(starts, lengths, begins, ends, self.consumed, data)


class Broken(Exception):
    """The bytes are not of the declared form.

    Attributes:
        at: Index of the record that is broken.
        message: What is wrong.
        remedy: What to do about it.
        place: Where it begins in the bytes scanned; None: where the record before it ends.
    """

    def __init__(self, at: int, message: str, remedy: str, place: int | None = None) -> None:
        super().__init__(message)
        self.at = at
        self.place = place
        self.message = message
        self.remedy = remedy


class Scanner(Protocol):
    """Finds records."""

    def scan(self, data: bytes, *, at_end: bool) -> tuple[Scan, Broken | None]:
        """Find the whole records in some bytes.

        Args:
            data: The file's bytes from where the last scan came to.
            at_end: Nothing follows them.

        Returns:
            The records, and what is wrong behind them.
        """
        ...


CUT_OFF = "the file was cut off or is damaged before this place: ask for it again"
_NO_RDW = (
    "check `record_format`: the file may hold records of fixed length (F), which have no RDWs, have lost its RDWs in a "
    "transfer, or hold block descriptor words (VB)"
)


class RdwScanner:
    """V: a record descriptor word before each record."""

    def __init__(self, rdw: Descriptor) -> None:
        self.rdw = rdw
        self.high, self.low = (0, 1) if rdw.big_endian else (3, 2)
        self.zeros = (2, 3) if rdw.big_endian else (0, 1)

    def scan(self, data: bytes, *, at_end: bool) -> tuple[Scan, Broken | None]:
        """See `Scanner`."""
        begins, end = self.run(data, 0, len(data))
        at = np.array(begins, np.int64)
        sizes = np.diff(at, append=end)
        found = Scan(at + WORD, sizes - WORD, at, at + sizes, end)
        broken = self.zeros_of(data, begins)
        if broken is None and end < len(data):
            broken = self.stopped(data[end : end + WORD], len(begins), len(data) - end, at_end=at_end)
        return found, broken

    def run(self, data: bytes, at: int, size: int) -> tuple[list[int], int]:
        """Where whole records begin, and where the last one ends."""
        view = data if size == len(data) else memoryview(data)[:size]
        begins: list[int] = []
        note = begins.append
        high, low, add = self.high, self.low, self.rdw.offset + WORD
        try:
            while True:  # until the next word lies outside: a test of its own would cost a third of the time
                length = (view[at + high] << 8 | view[at + low]) + add
                if length < WORD:
                    return begins, at
                note(at)
                at += length
        except IndexError:
            pass
        if at > size:  # the last one noted is not whole
            at = begins.pop()
        return begins, at

    def stopped(self, word: bytes, record: int, left: int, *, at_end: bool) -> Broken | None:
        """Why the scan stopped before the end of its data; fine where more data follows."""
        stated = length = 0
        if len(word) == WORD:
            stated = word[self.high] << 8 | word[self.low]
            length = stated + self.rdw.offset + WORD
            if length < WORD:
                least = "its own 4 bytes" if self.rdw.includes_itself else "none"
                return Broken(
                    record,
                    f"the record descriptor word {word.hex(' ')} states a length of {stated}, less than {least}",
                    _NO_RDW,
                )
        if not at_end:
            return None
        of = f"of {length} bytes" if len(word) == WORD else f"whose descriptor word needs {WORD} bytes"
        return Broken(record, f"the file ends {left} bytes into a record {of}", CUT_OFF)

    def zeros_of(self, data: bytes, begins: list[int]) -> Broken | None:
        """The first record whose descriptor word has something in the bytes that are zero."""
        if not begins:
            return None
        array = np.frombuffer(data, np.uint8)
        at = np.array(begins, np.int64)
        wrong = (array[at + self.zeros[0]] | array[at + self.zeros[1]]).nonzero()[0]
        if not len(wrong):
            return None
        first = int(wrong[0])
        word = data[begins[first] : begins[first] + WORD].hex(" ")
        where = "end in" if self.rdw.big_endian else "begin with"
        return Broken(
            first,
            f"the record descriptor word {word} does not {where} 00 00",
            "the file is damaged before this place, or holds spanned records: declare record_format VBS",
        )


def scanned_frames(
    source_id: str,
    landed: LandedFile,
    scanner: Scanner,
    batch_rows: int,
    *,
    window: Window | None = None,
    lead: int = 0,
    trail: int = 0,
    sound_first: bool = False,
) -> Iterator[Frame]:
    """Read a file of variable records.

    Args:
        source_id: For messages.
        landed: The file.
        scanner: Finds its records.
        batch_rows: Records a frame, at most.
        window: Where they stand in the file; None for all of it.
        lead: Bytes of a record in front of what the copybook describes.
        trail: Bytes behind it.
        sound_first: Records in front of a fault are given before it is raised.

    Raises:
        SourceError: The file is not of the scanner's form, or ends within a record.
    """
    window = window or Window(0, landed.size)
    record_no, base = 1, window.begin
    rest = b""
    left = window.end - window.begin
    with landed.path.open("rb") as file:
        file.seek(base)
        while left or rest:
            piece = file.read(min(records.FRAME_BYTES, _PIECE_BYTES, left))
            if left and not piece:
                raise shrunk(source_id, landed, base)
            left -= len(piece)
            data = rest + piece
            scan, broken = scanner.scan(data, at_end=left == 0)
            if broken is None and scan.consumed == 0 and len(data) > LONGEST:
                broken = Broken(0, f"a record is longer than {LONGEST} bytes", "check `record_format`")
            if broken:  # records before it are sound, but nobody shall take half a file for a whole one
                if sound_first:
                    yield from _frames(data, scan.until(broken.at), base, record_no, batch_rows, lead, trail)
                at = broken.place
                if at is None:
                    at = scan.begins[broken.at] if broken.at < len(scan.begins) else _last(scan.ends)
                remedy = broken.remedy
                if record_no + broken.at == 1 and remedy == CUT_OFF:  # not one record makes sense
                    remedy = f"check `record_format` (F: records of fixed length); or {CUT_OFF}"
                raise SourceError(
                    broken.message, source_id=source_id, file=landed.name, record_no=record_no + broken.at,
                    byte_offset=base + int(at), remedy=remedy,
                )  # fmt: skip
            yield from _frames(data, scan, base, record_no, batch_rows, lead, trail)
            record_no += len(scan.begins)
            base += scan.consumed
            rest = data[scan.consumed :]
            if not left:
                break


def _last(ends: Indices) -> int:
    return int(ends[-1]) if len(ends) else 0


def _frames(
    data: bytes, scan: Scan, base: int, record_no: int, batch_rows: int, lead: int, trail: int
) -> Iterator[Frame]:
    whole = np.frombuffer(data, np.uint8)
    payload = whole if scan.data is None else np.frombuffer(scan.data, np.uint8)
    starts, lengths, begins = scan.starts, scan.lengths, scan.begins
    sizes = scan.ends - begins
    if lead or trail:
        lead_of = np.minimum(lengths, lead)
        starts, lengths = starts + lead_of, np.maximum(0, lengths - lead_of - trail)
    for first in range(0, len(begins), batch_rows):
        cut = slice(first, first + batch_rows)
        numbers = np.arange(record_no + first, record_no + first + len(begins[cut]), dtype=np.int64)
        places = Places(numbers, begins[cut] + base, sizes[cut].astype(np.int32))
        origin = None if scan.data is None else whole
        yield Frame(payload, base, starts[cut], lengths[cut], places, False, origin)
