"""Framing: where the records of a mainframe file begin and end.

* *F*: every record has the same length; nothing stands between them.
* *V*: a record descriptor word (RDW) of four bytes stands before each: two bytes length, big-endian, itself included,
  and two bytes that are zero (z/OS DFSMS Using Data Sets, "Variable-Length Record Formats").

A file is read in frames of bounded size, so memory does not depend on its length.  A file that breaks the framing
stops here: behind a wrong length nobody knows where the next record begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from billing.errors import SourceError
from extractors.base import LandedFile, Places

FRAME_BYTES = 32 << 20
"""About how much of a file is held at a time."""

RDW = 4
_LONGEST = 0xFFFF


@dataclass(frozen=True)
class Frame:
    """A run of whole records.

    Attributes:
        data: Bytes of the file that hold them.
        base: Offset of `data` in the file.
        starts: int64[n], index in `data` of each record's first byte of data (behind its RDW).
        lengths: int64[n], bytes of data of each record.
        places: Where the records lie in the file.
        even: All records have the same length and follow each other without a gap.
    """

    data: NDArray[np.uint8]
    base: int
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    places: Places
    even: bool

    def rows(self, which: NDArray[np.int64] | None, width: int) -> NDArray[np.uint8]:
        """The first `width` bytes of some records.

        Args:
            which: Indices of records that have that many bytes, None for all.
            width: In bytes.

        Returns:
            uint8[n, width]; a view into the frame where that is possible.
        """
        if self.even:
            whole = self.data.reshape(len(self.starts), -1)[:, :width]
            return whole if which is None else whole[which]
        starts = self.starts if which is None else self.starts[which]
        if not len(starts):
            return np.empty((0, width), np.uint8)
        windows = np.lib.stride_tricks.sliding_window_view(self.data, width)
        return windows[starts]

    def raw(self, record: int) -> bytes:
        """All bytes of one record, its RDW included."""
        at = int(self.places.byte_offset[record]) - self.base
        return self.data[at : at + int(self.places.byte_length[record])].tobytes()


def fixed_frames(source_id: str, landed: LandedFile, record_length: int, batch_rows: int) -> Iterator[Frame]:
    """Read a file of records of one length.

    Args:
        source_id: For messages.
        landed: The file.
        record_length: In bytes.
        batch_rows: Records a frame, at most.

    Raises:
        SourceError: The file's size is no multiple of the record length.
    """
    count, rest = divmod(landed.size, record_length)
    if rest:
        raise SourceError(
            f"the last record has {rest} bytes where {record_length} are declared ({landed.size} bytes in all)"
            + _line_end_hint(landed, record_length),
            source_id=source_id,
            file=landed.name,
            record_no=count + 1,
            byte_offset=count * record_length,
            remedy="if the file was cut off, ask for it again; if it was sent in text mode, have it sent in "
            "binary mode; if its records really have another length, correct `record_length` or the copybook",
        )
    rows = max(1, min(batch_rows, FRAME_BYTES // record_length))
    with landed.path.open("rb") as file:
        for first in range(0, count, rows):
            n = min(rows, count - first)
            data = np.empty(n * record_length, np.uint8)
            if file.readinto(data.data) != len(data):
                raise _shrunk(source_id, landed, first * record_length)
            numbers = np.arange(first, first + n, dtype=np.int64)
            yield Frame(
                data,
                first * record_length,
                (numbers - first) * record_length,
                np.full(n, record_length, np.int64),
                Places(numbers + 1, numbers * record_length, np.full(n, record_length, np.int32)),
                True,
            )


def variable_frames(source_id: str, landed: LandedFile, batch_rows: int) -> Iterator[Frame]:
    """Read a file of records with an RDW.

    Args:
        source_id: For messages.
        landed: The file.
        batch_rows: Records a frame, at most.

    Raises:
        SourceError: An RDW is impossible, or the file ends within a record.
    """
    record_no, base = 1, 0
    rest = b""
    with landed.path.open("rb") as file:
        while data := rest + file.read(FRAME_BYTES):
            offsets, end = _scan(data)
            if end < len(data):
                at_end = base + len(data) >= landed.size
                _check_stop(
                    source_id, landed, data[end : end + RDW], record_no + len(offsets), base + end, at_end=at_end
                )
            for first in range(0, len(offsets), batch_rows):
                mine = offsets[first : first + batch_rows]
                until = offsets[first + batch_rows] if first + batch_rows < len(offsets) else end
                yield _variable_frame(source_id, landed, data, mine, until, record_no, base)
                record_no += len(mine)
            rest = data[end:]
            base += end


def _scan(data: bytes) -> tuple[list[int], int]:
    """Offsets of the whole records in `data`, and where they end.

    Each record says where the next one is, so this is the one loop over records; it looks at two bytes of each.
    """
    offsets: list[int] = []
    note = offsets.append
    at, length, size = 0, RDW, len(data)
    while at < size - 1 and length >= RDW:
        note(at)
        length = data[at] << 8 | data[at + 1]
        at += length
    if at > size or length < RDW:  # the last one noted is not whole
        at = offsets.pop()
    return offsets, at


def _check_stop(
    source_id: str, landed: LandedFile, rdw: bytes, record_no: int, byte_offset: int, *, at_end: bool
) -> None:
    """Why the scan stopped before the end of its data; fine where more data follows."""
    length = int.from_bytes(rdw[:2], "big")
    where = {"source_id": source_id, "file": landed.name, "record_no": record_no, "byte_offset": byte_offset}
    if len(rdw) == RDW and length < RDW:
        raise SourceError(
            f"the record descriptor word {rdw.hex(' ')} states a length of {length}, less than its own {RDW} bytes",
            remedy="check `record_format`; the file may have no RDWs, have lost them in a transfer, or hold "
            "block descriptor words (VB)",
            **where,
        )
    if at_end:
        left = landed.size - byte_offset
        stated = f"of {length} bytes" if len(rdw) == RDW else f"whose descriptor word needs {RDW} bytes"
        raise SourceError(
            f"the file ends {left} bytes into a record {stated}",
            remedy="the file was cut off or is damaged before this place: ask for it again",
            **where,
        )


def _variable_frame(
    source_id: str, landed: LandedFile, data: bytes, offsets: list[int], until: int, record_no: int, base: int
) -> Frame:
    array = np.frombuffer(data, np.uint8)
    at = np.array(offsets, np.int64)
    lengths = np.diff(at, append=until)
    spans = (array[at + 2] | array[at + 3]).nonzero()[0]
    if len(spans):
        first = int(spans[0])
        raise SourceError(
            f"the record descriptor word {data[offsets[first] : offsets[first] + RDW].hex(' ')} does not end in 00 00",
            source_id=source_id,
            file=landed.name,
            record_no=record_no + first,
            byte_offset=base + offsets[first],
            remedy="the file is damaged before this place, or holds spanned records (VBS), which are not supported",
        )
    numbers = np.arange(record_no, record_no + len(at), dtype=np.int64)
    places = Places(numbers, at + base, lengths.astype(np.int32))
    return Frame(array, base, at + RDW, lengths - RDW, places, False)


def _shrunk(source_id: str, landed: LandedFile, byte_offset: int) -> SourceError:
    return SourceError(
        "the landed copy changed while it was read",
        source_id=source_id,
        file=landed.name,
        byte_offset=byte_offset,
        remedy="land the delivery again",
    )


def _line_end_hint(landed: LandedFile, record_length: int) -> str:
    """Text mode transfers put a line end behind every record."""
    for line_end, name in ((b"\r\n", "0D 0A"), (b"\n", "0A"), (b"\x25", "25"), (b"\x15", "15")):
        step = record_length + len(line_end)
        if landed.size % step in (0, record_length):
            with landed.path.open("rb") as file:
                ends = []
                for record in range(min(5, landed.size // step)):
                    file.seek(record * step + record_length)
                    ends.append(file.read(len(line_end)) == line_end)
            if ends and all(ends):
                return f"; {name} stands behind every record"
    return ""
