"""Runs of records, and files whose records all have one length.

A file is read in frames of bounded size, so memory does not depend on its length.  A file that breaks the framing
stops: behind a wrong length nobody knows where the next record begins.  `extractors.copybook.framing` says what other
forms of files there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from billing.errors import SourceError
from extractors.base import LandedFile, Places

FRAME_BYTES = 16 << 20
"""About how much of a file is held at a time: of more, every frame would be memory that the system hands out anew."""


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
        origin: Bytes of the file from `base` on, where `data` was put together from pieces of them.
    """

    data: NDArray[np.uint8]
    base: int
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    places: Places
    even: bool
    origin: NDArray[np.uint8] | None = None

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
        return self.cut(which, 0, width)

    def cut(self, which: NDArray[np.int64] | None, offset: int, width: int) -> NDArray[np.uint8]:
        """Some bytes of some records.

        Args:
            which: Indices of records that have them, None for all.
            offset: Of the first, in the record.
            width: In bytes.

        Returns:
            uint8[n, width].
        """
        starts = (self.starts if which is None else self.starts[which]) + offset
        if not len(starts) or not width:
            return np.empty((len(starts), width), np.uint8)
        windows = np.lib.stride_tricks.sliding_window_view(self.data, width)
        return windows[starts]

    def raw(self, record: int) -> bytes:
        """All bytes of one record in the file, its RDW included."""
        data = self.data if self.origin is None else self.origin
        at = int(self.places.byte_offset[record]) - self.base
        return data[at : at + int(self.places.byte_length[record])].tobytes()

    def payload(self, record: int) -> bytes:
        """The bytes of one record that the copybook describes."""
        at = int(self.starts[record])
        return self.data[at : at + int(self.lengths[record])].tobytes()


@dataclass(frozen=True)
class Window:
    """The part of a file that holds records.

    Attributes:
        begin: Offset of the first record.
        end: Offset behind the last one.
    """

    begin: int
    end: int

    @classmethod
    def of(cls, source_id: str, landed: LandedFile, header_bytes: int, footer_bytes: int) -> Window:
        """What a file's header and footer leave.

        Raises:
            SourceError: They are longer than the file.
        """
        if header_bytes + footer_bytes > landed.size:
            raise SourceError(
                f"the file has {landed.size} bytes, its header and footer {header_bytes + footer_bytes}",
                source_id=source_id,
                file=landed.name,
                remedy="correct `header_bytes` and `footer_bytes`, or ask for the file again",
            )
        return cls(header_bytes, landed.size - footer_bytes)


def fixed_frames(
    source_id: str,
    landed: LandedFile,
    record_length: int,
    batch_rows: int,
    *,
    window: Window | None = None,
    lead: int = 0,
    trail: int = 0,
    partial: bool = False,
) -> Iterator[Frame]:
    """Read a file of records of one length.

    Args:
        source_id: For messages.
        landed: The file.
        record_length: In bytes.
        batch_rows: Records a frame, at most.
        window: Where they stand in the file; None for all of it.
        lead: Bytes of a record in front of what the copybook describes.
        trail: Bytes behind it.
        partial: The last record may be shorter.

    Raises:
        SourceError: The file's size is no multiple of the record length.
    """
    window = window or Window(0, landed.size)
    count, rest = divmod(window.end - window.begin, record_length)
    if rest and not partial:
        raise SourceError(
            f"the last record has {rest} bytes where {record_length} are declared ({landed.size} bytes in all)"
            + _line_end_hint(landed, record_length),
            source_id=source_id,
            file=landed.name,
            record_no=count + 1,
            byte_offset=window.begin + count * record_length,
            remedy="if the file was cut off, ask for it again; if it was sent in text mode, have it sent in "
            "binary mode; if its records really have another length, correct `record_length` or the copybook",
        )
    rows = max(1, min(batch_rows, FRAME_BYTES // record_length))
    with landed.path.open("rb") as file:
        file.seek(window.begin)
        for first in range(0, count, rows):
            n = min(rows, count - first)
            base = window.begin + first * record_length
            data = np.empty(n * record_length, np.uint8)
            if file.readinto(data.data) != len(data):
                raise shrunk(source_id, landed, base)
            numbers = np.arange(first, first + n, dtype=np.int64)
            starts = (numbers - first) * record_length
            lengths = np.full(n, record_length, np.int64)
            places = Places(numbers + 1, window.begin + numbers * record_length, lengths.astype(np.int32))
            yield Frame(
                data, base, starts + min(lead, record_length), np.maximum(0, lengths - lead - trail), places,
                not (lead or trail),
            )  # fmt: skip
        if rest:
            base = window.begin + count * record_length
            data = np.frombuffer(file.read(rest), np.uint8)
            one = np.array([0], np.int64)
            places = Places(one + count + 1, one + base, np.array([rest], np.int32))
            yield Frame(data, base, one + min(lead, rest), one + max(0, rest - lead - trail), places, False)


def shrunk(source_id: str, landed: LandedFile, byte_offset: int) -> SourceError:
    """The error of a file that is not what it was when it was landed."""
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
