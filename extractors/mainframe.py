"""Mainframe files: records described by a COBOL copybook, into raw tables.

What becomes of a field that cannot be read is decided here, by what the source spec does with it:

* its column feeds a key, a required field or money (`SourceSpec.critical_columns`): the record is rejected;
* otherwise it becomes null and is flagged, the record goes on;
* it shares its bytes with a redefinition and the spec does not read it: null without a word, because the record
  then holds the other view of these bytes.

A number that was never filled in (zoned, all blanks or low-values) is null.  That is a fault only where the column is
critical and no `where` of the spec asks whether it is blank or zero.

A record of a variable file may be longer than its type's layout (bytes behind it are not described), but not longer
than the longest type; it may lack FILLER at its end, but no field.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from billing.errors import SourceError
from billing.lineage import Split
from billing.registry import Source
from billing.spec import MainframeFile
from extractors.base import FileFacts, LandedFile, Places, Sieve, refuse_empty
from extractors.codepage_check import TextSample, verify
from extractors.codepages import WORK_LOW_VALUE
from extractors.copybook.decode import Column, decode_field
from extractors.copybook.fields import Field
from extractors.copybook.records import Frame, fixed_frames
from extractors.copybook.scanning import Descriptor, RdwScanner, scanned_frames
from extractors.mainframe_plan import Plan, Table, plan, type_value

Flags = NDArray[np.bool_]
Rows = NDArray[np.int64]

_SAMPLE_ROWS = 2_000
_LEAST_ALIEN = 16
_ALIEN_SHARE = 0.05


def decode(
    source: Source, file_spec: MainframeFile, landed: LandedFile, facts: FileFacts, *, batch_rows: int
) -> Iterator[Split]:
    """Decode a landed file, in bounded memory.

    Args:
        source: The source; its folder holds the copybook.
        file_spec: The file's spec.
        landed: The file.
        facts: Filled in while the iterator is consumed.
        batch_rows: Records read at a time; each time, every table that has records among them yields a Split.

    Yields:
        Splits of the file's raw tables; every table yields at least one, if empty.

    Raises:
        ContractError: The copybook or the spec is wrong.
        SourceError: The file cannot be framed, is empty, or contradicts its code page.
    """
    work = plan(source, file_spec)
    refuse_empty(source.id, landed)
    facts.bytes = landed.size
    if file_spec.record_format == "F":
        frames = fixed_frames(source.id, landed, work.record_length, batch_rows)
    else:
        frames = scanned_frames(source.id, landed, RdwScanner(Descriptor()), batch_rows)
    silent = dict.fromkeys(work.tables)  # tables without a record yet, in the spec's order
    for number, frame in enumerate(frames):
        facts.records += len(frame.starts)
        decoder = _FrameDecoder(source.id, landed, work, frame)
        if number == 0:
            facts.notes.append(decoder.verify_code_page())
        for split in decoder.splits():
            silent.pop(split.table, None)
            yield split
    for name in silent:
        nothing = {f.name: pa.nulls(0, f.type) for f in work.tables[name].columns}
        yield Sieve(source.id, landed, name).split(nothing, _NOWHERE)


_NOWHERE = Places(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int32))


class _FrameDecoder:
    """Decodes the records of one frame."""

    def __init__(self, source_id: str, landed: LandedFile, work: Plan, frame: Frame) -> None:
        self.source_id = source_id
        self.landed = landed
        self.plan = work
        self.frame = frame
        # Records that belong to no table are the file's own rejects; they travel with its first table's.
        self.strays = Sieve(source_id, landed, work.spec.name)
        self.rows = self._rows_by_table()

    def splits(self) -> Iterator[Split]:
        """One Split for every table that has records in the frame."""
        first = next(iter(self.plan.tables))
        stray = self.strays.split({}, _NOWHERE).rejects
        for name, table in self.plan.tables.items():
            rows = self.rows[name]
            carries = name == first and stray.num_rows > 0
            if rows is not None and len(rows) == 0 and not carries:
                continue
            split = self._table(table, rows)
            if carries:
                split = Split(name, split.kept, pa.concat_batches([stray, split.rejects]))
            yield split

    def verify_code_page(self) -> str:
        """Check a sample of the text fields against the declared code page; return the verdict.

        Raises:
            SourceError: They contradict it.
        """
        sample = TextSample()
        written = alien = 0
        for name, table in self.plan.tables.items():
            rows = self.rows[name]
            some = np.arange(len(self.frame.starts)) if rows is None else rows
            block = self.frame.rows(some[:: max(1, len(some) // _SAMPLE_ROWS)], table.layout.needed)
            for item in table.layout.fields:
                if item.kind == "text":
                    text = block[:, item.offset : item.end].tobytes()
                    sample.add(text)
                    marks = np.frombuffer(text.translate(self.plan.page.to_work), np.uint8)
                    written += int(((marks != 0) & (marks != WORK_LOW_VALUE)).sum())
                    alien += int(((marks != 0) & (marks < WORK_LOW_VALUE)).sum())
        verdict = verify(self.source_id, self.landed, self.plan.page.name, sample)
        # a few are the faults of single records, many the fault of the declaration
        if alien >= _LEAST_ALIEN and alien > _ALIEN_SHARE * written:
            raise SourceError(
                f"{alien / written:.0%} of the bytes in text fields are no characters of {self.plan.page.name}",
                source_id=self.source_id,
                file=self.landed.name,
                remedy="correct `code_page`, or the copybook: its fields may lie elsewhere than the file's",
            )
        return verdict

    def _rows_by_table(self) -> dict[str, Rows | None]:
        """Indices of each table's records; None where every record of the frame is meant."""
        frame, tables = self.frame, self.plan.tables
        every = np.arange(len(frame.starts))
        if self.plan.type_field is None:
            [table] = tables.values()
            return {table.name: self._long_enough(table, None if frame.even else every)}
        type_field = self.plan.type_field
        legible = every
        if not frame.even:
            legible = every[frame.lengths >= type_field.end]
            for row in every[frame.lengths < type_field.end].tolist():
                self._stray(row, "REC-LENGTH", f"the record ends before its type field {type_field.name}", type_field)
        block = frame.rows(legible, type_field.end)[:, type_field.offset :]
        codes = decode_field(block, type_field, self.plan.page).values.dictionary_encode()
        texts = pc.cast(codes.dictionary, pa.string()).to_pylist()
        names = list(tables)
        targets = [self.plan.types.get(type_value(text)) for text in texts]
        numbers = np.array([-1 if t is None else names.index(t) for t in targets] + [-1])
        which = numbers[pc.fill_null(codes.indices, len(texts)).to_numpy(zero_copy_only=False)]
        for row in legible[which == -1].tolist():
            self._stray(row, "REC-TYPE", f"{type_field.name} names no declared record type", type_field)
        return {name: self._long_enough(tables[name], legible[which == n]) for n, name in enumerate(names)}

    def _long_enough(self, table: Table, rows: Rows | None) -> Rows | None:
        """Set aside records that are too short for their fields, or longer than anything described."""
        if rows is None or self.frame.even:
            return rows
        lengths = self.frame.lengths[rows]
        fits = (lengths >= table.layout.needed) & (lengths <= self.plan.longest)
        for row in rows[~fits].tolist():
            length = int(self.frame.lengths[row])
            least, most = table.layout.needed, self.plan.longest
            rule = f"{table.name} needs {least}" if length < least else f"the longest type has {most}"
            self._stray(row, "REC-LENGTH", f"the record has {length} bytes, {rule}")
        return rows[fits]

    def _stray(self, row: int, reason: str, message: str, at: Field | None = None) -> None:
        value = None
        if at is not None and self.frame.lengths[row] >= at.end:
            start = int(self.frame.starts[row])
            value = self.plan.page.text(self.frame.data[start + at.offset : start + at.end].tobytes())
        place = self.frame.places.at(row)
        self.strays.record(place, reason, message, self.frame.raw(row), field=at.name if at else None, value=value)

    def _table(self, table: Table, rows: Rows | None) -> Split:
        """Decode one table's records."""
        frame = self.frame
        block = frame.rows(rows, table.layout.needed)
        places = frame.places if rows is None else frame.places.take(rows)
        columns: dict[str, pa.Array] = {}
        faults: list[tuple[Field, Column, Flags]] = []
        for item in table.layout.fields:
            column = decode_field(block[:, item.offset : item.end], item, self.plan.page)
            columns[item.name] = column.values
            faulty = _faulty(table, item, column)
            if faulty is not None:
                faults.append((item, column, faulty))
        sieve = Sieve(self.source_id, self.landed, table.name)
        keep = np.ones(len(block), np.bool_)
        for item, column, faulty in faults:
            if item.name in table.critical:
                for row in np.flatnonzero(faulty & keep).tolist():
                    raw = frame.raw(row if rows is None else int(rows[row]))
                    blank = column.blanks is not None and bool(column.blanks[row])
                    message = f"{item.name} is blank" if blank else _message(item)
                    value = self._shown(block[row, item.offset : item.end], item)
                    sieve.record(places.at(row), column.reason, message, raw, field=item.name, value=value)
                keep &= ~faulty
        for item, column, faulty in faults:
            if item.name not in table.critical:
                for row in np.flatnonzero(faulty & keep).tolist():
                    cell = block[row, item.offset : item.end]
                    sieve.attribute(
                        places.at(row), column.reason, _message(item), cell.tobytes(), field=item.name,
                        value=self._shown(cell, item),
                    )  # fmt: skip
        return sieve.split(columns, places, keep=keep)

    def _shown(self, raw: NDArray[np.uint8], item: Field) -> str:
        return self.plan.page.text(raw.tobytes()) if item.kind in ("text", "zoned") else raw.tobytes().hex()


def _faulty(table: Table, item: Field, column: Column) -> Flags | None:
    """Rows whose value in this column is a fault, given what the spec does with the column."""
    if item.shared and item.name not in table.read:
        return None
    if column.blanks is None or item.name not in table.critical or item.name in table.may_be_blank:
        return column.defects
    return column.blanks if column.defects is None else column.defects | column.blanks


def _message(item: Field) -> str:
    match item.kind:
        case "text":
            return f"{item.name} holds bytes that are no characters of the code page"
        case "packed":
            return f"{item.name} is no packed decimal"
        case _:
            return f"{item.name} is no zoned decimal"
