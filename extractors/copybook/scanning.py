"""Finding variable records in a stream of bytes, a piece at a time.

A scanner is given the bytes that are at hand, notes the records that are whole, and says how far it came; the rest is
given to it again with more bytes behind.  Each record says where the next one is, so these are the few loops over
single records in the whole decoder; they look at two bytes of each.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from billing.errors import SourceError
from extractors.base import LandedFile, Places
from extractors.copybook import records
from extractors.copybook.records import Frame, Window, shrunk

WORD = 4
"""Bytes of a descriptor word."""

_LONGEST = 64 << 20  # of a record: what lies beyond it is a wrong framing, not a record


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


_CUT_OFF = "the file was cut off or is damaged before this place: ask for it again"
_NO_RDW = (
    "check `record_format`; the file may have no RDWs, have lost them in a transfer, or hold "
    "block descriptor words (VB)"
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
        begins: list[int] = []
        note = begins.append
        high, low, add = self.high, self.low, self.rdw.offset + WORD
        length = WORD
        last = size - WORD
        while at <= last and length >= WORD:
            note(at)
            length = (data[at + high] << 8 | data[at + low]) + add
            at += length
        if begins and (at > size or length < WORD):  # the last one noted is not whole
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
        return Broken(record, f"the file ends {left} bytes into a record {of}", _CUT_OFF)

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


class BlockScanner:
    """VB: blocks with a descriptor word, records with one in them; FB where records have one length instead."""

    def __init__(self, bdw: Descriptor, rdw: Descriptor | None, record_length: int = 0) -> None:
        self.bdw = bdw
        self.inner = RdwScanner(rdw) if rdw else None
        self.record_length = record_length

    def scan(self, data: bytes, *, at_end: bool) -> tuple[Scan, Broken | None]:
        """See `Scanner`; a block is taken as a whole or not yet."""
        found = Noted()
        at, size = 0, len(data)
        while at < size:
            end, broken = block_end(data, at, self.bdw, len(found.begins), at_end=at_end)
            if end is None or broken:
                return found.scan(), broken
            broken = self._block(data, at + WORD, end, found)
            if broken:
                return found.scan(), broken
            at = found.consumed = end
        return found.scan(), None

    def _block(self, data: bytes, at: int, end: int, found: Noted) -> Broken | None:
        if self.inner is None:
            count, rest = divmod(end - at, self.record_length)
            if rest:
                return Broken(
                    len(found.begins) + count,
                    f"a block of {end - at} bytes does not hold whole records of {self.record_length} bytes",
                    "correct `record_length` or the copybook",
                    at,
                )
            begins = list(range(at, end, self.record_length))
            found.begins += begins
            found.starts += begins
            found.lengths += [self.record_length] * count
            found.ends += [begin + self.record_length for begin in begins]
            return None
        begins, stopped = self.inner.run(data, at, end)
        ends = [*begins[1:], stopped] if begins else []
        broken = self.inner.zeros_of(data, begins)
        if broken is None and stopped < end:
            word = data[stopped : min(end, stopped + WORD)]
            broken = self.inner.stopped(word, len(begins), end - stopped, at_end=True)
            if broken:
                broken = Broken(broken.at, broken.message.replace("the file ends", "the block ends"), broken.remedy)
        if broken:
            place = begins[broken.at] if broken.at < len(begins) else stopped
            return Broken(len(found.begins) + broken.at, broken.message, broken.remedy, place)
        found.begins += begins
        found.starts += [begin + WORD for begin in begins]
        found.lengths += [e - b - WORD for b, e in zip(begins, ends, strict=True)]
        found.ends += ends
        return None


def block_end(data: bytes, at: int, bdw: Descriptor, record: int, *, at_end: bool) -> tuple[int | None, Broken | None]:
    """Index behind the block that begins at an index; None where it is not all there yet.

    A first bit of 1 means that the length has 31 bits (large blocks, on tape).
    """
    word = data[at : at + WORD]
    if len(word) == WORD:
        ordered = word if bdw.big_endian else word[::-1]
        large = bool(ordered[0] & 0x80)
        stated = int.from_bytes(ordered, "big") & 0x7FFFFFFF if large else int.from_bytes(ordered[:2], "big")
        length = stated + bdw.offset
        if length < 0 or length > _LONGEST:
            return None, Broken(
                record,
                f"the block descriptor word {word.hex(' ')} states a length of {stated}",
                "check `record_format` and `bdw`; the file may have no BDWs",
                at,
            )
        if at + WORD + length <= len(data):
            return at + WORD + length, None
    if not at_end:
        return None, None
    return None, Broken(record, f"the file ends {len(data) - at} bytes into a block", _CUT_OFF, at)


class SpannedScanner:
    """VBS: blocks of segments, of which one or more make a record."""

    def __init__(self, bdw: Descriptor, rdw: Descriptor) -> None:
        self.bdw = bdw
        self.rdw = rdw

    def scan(self, data: bytes, *, at_end: bool) -> tuple[Scan, Broken | None]:
        """See `Scanner`; what is taken ends with the block where the last whole record ends."""
        found = Noted()
        pieces: list[bytes] = []
        total = 0
        parts: list[bytes] = []  # of the record that is not whole yet
        begin = at = 0
        whole = 0  # records that ended in blocks which need not be given again
        marks = (0, 0)
        while at < len(data):
            end, broken = block_end(data, at, self.bdw, len(found.begins), at_end=at_end)
            if broken:
                return found.scan(), broken
            if end is None:
                break
            at += WORD
            while at < end:
                word = data[at : at + WORD]
                stated = int.from_bytes(word[:2], "big") if self.rdw.big_endian else int.from_bytes(word[2:], "little")
                length = stated + self.rdw.offset
                control = word[2] if self.rdw.big_endian and len(word) == WORD else word[1] if len(word) == WORD else 9
                if length < 0 or at + WORD + length > end or control > 3:
                    return found.scan(), Broken(
                        len(found.begins),
                        f"{word.hex(' ')} is no segment descriptor word of this block",
                        "the file is damaged before this place, or its records are not spanned: check `record_format`",
                        at,
                    )
                if (control in (0, 1)) == bool(parts):
                    what = "begins before the last one ended" if parts else "goes on that never began"
                    return found.scan(), Broken(len(found.begins), f"a record {what}", _CUT_OFF, at)
                if control in (0, 1):
                    begin = at
                parts.append(data[at + WORD : at + WORD + length])
                at += WORD + length
                if control in (0, 2):
                    record = b"".join(parts)
                    parts = []
                    found.begins.append(begin)
                    found.ends.append(at)
                    found.starts.append(total)
                    found.lengths.append(len(record))
                    pieces.append(record)
                    total += len(record)
            if not parts:
                found.consumed, whole, marks = at, len(found.begins), (total, len(pieces))
        if at_end and parts:
            return found.scan(), Broken(len(found.begins), "the file ends within a spanned record", _CUT_OFF, begin)
        # records behind the last block that is done with will be found again
        for noted in (found.begins, found.ends, found.starts, found.lengths):
            del noted[whole:]
        return found.scan(b"".join(pieces[: marks[1]])), None


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
                    len(found.begins), f"the file ends {size - at} bytes into a record{of}", _CUT_OFF
                )
            found.begins.append(at)
            found.starts.append(at)
            found.lengths.append(length)
            at += length
            found.ends.append(at)
            found.consumed = at
        return found.scan(), None


_LENGTH_WITHIN = 1 << 16  # a record's length stands within this many bytes of its beginning


def scanned_frames(
    source_id: str,
    landed: LandedFile,
    scanner: Scanner,
    batch_rows: int,
    *,
    window: Window | None = None,
    lead: int = 0,
    trail: int = 0,
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
            piece = file.read(min(records.FRAME_BYTES, left))
            if left and not piece:
                raise shrunk(source_id, landed, base)
            left -= len(piece)
            data = rest + piece
            scan, broken = scanner.scan(data, at_end=left == 0)
            if broken is None and scan.consumed == 0 and len(data) > _LONGEST:
                broken = Broken(0, f"a record is longer than {_LONGEST} bytes", "check `record_format`")
            if broken:  # records before it are sound, but nobody shall take half a file for a whole one
                at = broken.place
                if at is None:
                    at = scan.begins[broken.at] if broken.at < len(scan.begins) else _last(scan.ends)
                raise SourceError(
                    broken.message, source_id=source_id, file=landed.name, record_no=record_no + broken.at,
                    byte_offset=base + int(at), remedy=broken.remedy,
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
