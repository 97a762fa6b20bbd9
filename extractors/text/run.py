"""What the decoders of delimited and of fixed-width text have in common, whatever makes a record in either."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from billing.errors import SourceError
from billing.lineage import Split
from billing.registry import Source
from extractors.base import FileFacts, LandedFile, Places, Sieve
from extractors.text.control_records import Control
from extractors.text.spans import Cutter


@dataclass(frozen=True)
class Selection:
    """What the records of a batch are.

    Attributes:
        is_data: bool[n], neither header nor trailer nor ignored.
        ignored: Lines that are no records.
        controls: Row and kind (`header`, `trailer`) of the control records, in order.
        of_types: By kind of control record, how many data records are of the types that it counts.
    """

    is_data: NDArray[np.bool_]
    ignored: int
    controls: list[tuple[int, str]]
    of_types: dict[str, int]


@dataclass
class TextRun:
    """What stays the same from batch to batch of one file.

    Attributes:
        source: The declared source.
        landed: The landed file.
        cutter: Decodes its code page.
        control: Recomputes what its header and trailer state.
        ignored: Beginnings of lines that are no records.
        left_out: Such lines so far.
    """

    source: Source
    landed: LandedFile
    cutter: Cutter
    control: Control
    ignored: list[bytes]
    left_out: int = field(default=0, init=False)

    def select(
        self,
        data: NDArray[np.uint8],
        starts: NDArray[np.int64],
        ends: NDArray[np.int64],
        is_data: NDArray[np.bool_] | None = None,
    ) -> Selection:
        """Tell data records, headers, trailers and ignored lines apart; nothing of the run changes.

        Args:
            data: uint8, the chunk.
            starts: int64[n], first byte of each record in the chunk.
            ends: int64[n], behind its last byte.
            is_data: bool[n], the records to look at; all of them where it is absent.
        """
        is_data = np.ones(len(starts), np.bool_) if is_data is None else is_data.copy()
        ignored = 0
        for beginning in self.ignored:
            found = is_data & begins_with(data, starts, ends, beginning)
            ignored += int(found.sum())
            is_data &= ~found
        controls: list[tuple[int, str]] = []
        for kind, spec in self.control.specs():
            found = is_data & begins_with(data, starts, ends, self.cutter.encode(spec.starts_with))
            controls += [(row, kind) for row in np.flatnonzero(found).tolist()]
        is_data[[row for row, _ in controls]] = False
        of_types = {}
        for kind, spec in self.control.specs():
            counted = np.zeros(len(is_data), np.bool_)
            for prefix in spec.count_types:
                counted |= begins_with(data, starts, ends, self.cutter.encode(prefix))
            of_types[kind] = int((counted & is_data).sum())
        return Selection(is_data, ignored, sorted(controls), of_types)

    def count(
        self, selection: Selection, at: Callable[[int], tuple[int, int, int]], text: Callable[[int], bytes]
    ) -> None:
        """Count a batch's data records and hand its headers and trailers to the control.

        Args:
            selection: Of the batch; batches come in the order of the file.
            at: Row -> record number, byte offset, byte length.
            text: Row -> the record without its line end.

        Raises:
            SourceError: A header or a trailer stands in the wrong place.
        """
        self.left_out += selection.ignored
        done = 0
        for row, kind in [*selection.controls, (len(selection.is_data), "")]:
            records = np.flatnonzero(selection.is_data[done:row])
            if len(records):
                first_no, offset, _ = at(done + int(records[0]))
                self.control.count(len(records), first_no=first_no, byte_offset=offset)
            if kind:
                record_no, offset, _ = at(row)
                self.control.take(kind, text(row), record_no, offset)
            done = row + 1
        for kind, number in selection.of_types.items():
            self.control.of_types[kind] = self.control.of_types.get(kind, 0) + number

    def set_aside(self, sieve: Sieve, at: tuple[int, int, int], reason: str, message: str, raw: bytes) -> None:
        """Reject a record that has no columns to speak of; its amounts are then missing from the totals."""
        sieve.record(at, reason, message, raw)
        self.control.miss()

    def close(self, facts: FileFacts) -> None:
        """Compare with header and trailer, and write the facts.

        Raises:
            SourceError: They disagree.
        """
        self.control.close(facts)
        if self.left_out:
            lines = (
                "1 line that is no record was"
                if self.left_out == 1
                else f"{self.left_out} lines that are no records were"
            )
            facts.notes.append(f"{lines} left out, as the source declares")

    def error(self, message: str, remedy: str, byte_offset: int, record_no: int | None = None) -> SourceError:
        """An error about the file, to be raised."""
        return SourceError(
            message,
            source_id=self.source.id,
            file=self.landed.name,
            record_no=record_no,
            byte_offset=byte_offset,
            remedy=remedy,
        )


def no_rows(sieve: Sieve, columns: Iterable[str]) -> Split:
    """A batch of text columns without a row, and the rejects that wait in the sieve."""
    places = Places(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int32))
    return sieve.split({name: pa.array([], pa.string()) for name in columns}, places)


def filtered(columns: Mapping[str, pa.Array], keep: NDArray[np.bool_]) -> dict[str, pa.Array]:
    """Columns of the rows that go on."""
    return {name: column.filter(pa.array(keep)) for name, column in columns.items()}


def begins_with(
    data: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64], prefix: bytes
) -> NDArray[np.bool_]:
    """Which of the n spans of a chunk begin with some bytes."""
    found = ends - starts >= len(prefix)
    for index, byte in enumerate(prefix):
        rows = np.flatnonzero(found)
        found[rows] = data[starts[rows] + index] == byte
    return found
