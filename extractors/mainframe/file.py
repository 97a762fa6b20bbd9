"""Mainframe files: records described by a COBOL copybook, into raw tables.

What becomes of a field that cannot be read is decided here, by what the source spec does with it:

* its column feeds a key, a required field or money (`SourceSpec.critical_columns`): the record is rejected;
* otherwise it becomes null and is flagged with its bytes, the record goes on (`undecodable = "reject"`: it does not);
* it shares its bytes with a redefinition and the spec does not read it: null without a word, because the record
  then holds the other view of these bytes.

A number that was never filled in (zoned, all blanks or low-values) is null.  That is a fault only where the column is
critical and no `where` of the spec asks whether it is blank or zero.

A record of a variable file may be longer than its type's layout (bytes behind it are not described), but not longer
than the longest type; it may lack FILLER at its end, but no field.

Records with tables that OCCURS DEPENDING ON are decoded in groups that have the same layout
(`extractors.copybook.shapes`); an occurrence that a record does not have is null.  A record of which nobody knows how
often a table stands in it is rejected.

In a hierarchical file, a child belongs to the last record of its parent's type; one before any parent is rejected.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from billing.errors import SourceError
from billing.file_specs import MainframeFile
from billing.lineage import Split
from billing.masking import mask
from billing.registry import Source
from extractors.base import FileFacts, LandedFile, Places, Sieve, refuse_empty
from extractors.codepages.check import TextSample, verify
from extractors.codepages.tables import WORK_LOW_VALUE
from extractors.copybook.decode import Column, decode_field
from extractors.copybook.fields import Field, Layout
from extractors.copybook.records import Frame
from extractors.copybook.segments import type_value
from extractors.copybook.shapes import shapes
from extractors.mainframe.family import Family
from extractors.mainframe.plan import PARENT_ID, RECORD_ID, Plan, Table, occurs_map, plan

Flags = NDArray[np.bool_]
Rows = NDArray[np.int64]

_SAMPLE_ROWS = 2_000
_LEAST_ALIEN = 16
_ALIEN_SHARE = 0.05
_LONGEST_CODE = 8  # characters of an unknown record type that are shown


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
    silent = dict.fromkeys(work.tables)  # tables without a record yet, in the spec's order
    family = Family(file_spec.segments.parents if file_spec.segments else {}, landed.sha256)
    for number, frame in enumerate(work.framing.frames(source.id, landed, batch_rows)):
        facts.records += len(frame.starts)
        decoder = _FrameDecoder(source.id, landed, work, frame, family)
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

    def __init__(self, source_id: str, landed: LandedFile, work: Plan, frame: Frame, family: Family) -> None:
        self.source_id = source_id
        self.landed = landed
        self.plan = work
        self.frame = frame
        # Records that belong to no table are the file's own rejects; they travel with its first table's.
        self.strays = Sieve(source_id, landed, work.spec.name)
        self.rows = self._rows_by_table()
        self.shapes = {name: self._shapes(table, self.rows[name]) for name, table in work.tables.items()}
        self.ids = family.ids(frame, self.rows) if family.parents else {}
        self._without_parent()

    def splits(self) -> Iterator[Split]:
        """One Split for every table that has records in the frame."""
        first = next(iter(self.plan.tables))
        stray = self.strays.split({}, _NOWHERE).rejects
        for name, table in self.plan.tables.items():
            carries = name == first and stray.num_rows > 0
            if not any(rows is None or len(rows) for _, rows in self.shapes[name]) and not carries:
                continue
            split = self._table(table)
            if carries:
                split = replace(split, rejects=pa.concat_batches([stray, split.rejects]))
            yield split

    def verify_code_page(self) -> str:
        """Check a sample of the text fields against the declared code page; return the verdict.

        Raises:
            SourceError: They contradict it.
        """
        sample = TextSample()
        written = alien = 0
        for layout, rows in itertools.chain.from_iterable(self.shapes.values()):
            some = np.arange(len(self.frame.starts)) if rows is None else rows
            block = self.frame.rows(some[:: max(1, len(some) // _SAMPLE_ROWS)], layout.needed)
            for item in layout.fields:
                if item.kind == "text" and not (item.item and item.item.label in self.plan.how.pages):
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
            return {table.name: None if frame.even else every}
        type_field = self.plan.type_field
        legible = every
        if not frame.even:
            legible = every[frame.lengths >= type_field.end]
            for row in every[frame.lengths < type_field.end].tolist():
                self._stray(row, "REC-LENGTH", f"the record ends before its type field {type_field.name}", type_field)
        block = frame.rows(legible, type_field.end)[:, type_field.offset :]
        codes = decode_field(block, type_field, self.plan.page, self.plan.how).values.dictionary_encode()
        texts = pc.cast(codes.dictionary, pa.string()).to_pylist()
        names = list(tables)
        targets = [self.plan.types.get(type_value(text)) for text in texts]
        numbers = np.array([-1 if t is None else names.index(t) for t in targets] + [-1])
        which = numbers[pc.fill_null(codes.indices, len(texts)).to_numpy(zero_copy_only=False)]
        for at in np.flatnonzero(which == -1).tolist():
            row, index = int(legible[at]), codes.indices[at].as_py()
            shown = _code_shown(None if index is None else texts[index], block[at, : type_field.length])
            message = f"{type_field.name} names no declared record type: {shown}"
            self.strays.record(frame.places.at(row), "REC-TYPE", message, frame.raw(row), field=type_field.name)
        return {name: legible[which == n] for n, name in enumerate(names)}

    def _shapes(self, table: Table, rows: Rows | None) -> list[tuple[Layout, Rows | None]]:
        """A table's records by their layout, without those that have none."""
        if not table.record_type.variable:
            return [(table.layout, self._long_enough(table, table.layout, rows))]
        frame = self.frame
        every = np.arange(len(frame.starts)) if rows is None else rows
        found = shapes(
            table.record_type, frame.cut, frame.lengths, self.plan.page, self.plan.how,
            mapping=occurs_map(self.plan.spec), rows=every,
        )  # fmt: skip
        for fault in found.miscounted:
            reason = "REC-LENGTH" if fault.short else "REC-COUNT"
            self._stray(fault.row, reason, fault.message, fault.field)
        return [(shape.layout, self._long_enough(table, shape.layout, shape.rows)) for shape in found.shapes]

    def _without_parent(self) -> None:
        """Set aside children that stand before any parent."""
        for name, parents in self.ids.items():
            if parents is None:
                continue
            kept: list[tuple[Layout, Rows | None]] = []
            for layout, rows in self.shapes[name]:
                every = np.arange(len(self.frame.starts)) if rows is None else rows
                orphan = parents[every] < 0
                for row in every[orphan].tolist():
                    self._stray(row, "ORPHAN", f"no record that it could belong to stands before this {name}")
                kept.append((layout, every[~orphan]))
            self.shapes[name] = kept

    def _long_enough(self, table: Table, layout: Layout, rows: Rows | None) -> Rows | None:
        """Set aside records that are too short for their fields, or longer than anything described."""
        if rows is None or self.frame.even:
            return rows
        lengths = self.frame.lengths[rows]
        most = np.iinfo(np.int64).max if self.plan.spec.record_format in ("F", "FB") else self.plan.longest
        fits = (lengths >= layout.needed) & (lengths <= most)
        for row in rows[~fits].tolist():
            length = int(self.frame.lengths[row])
            least = layout.needed
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

    def _table(self, table: Table) -> Split:
        """Decode one table's records."""
        sieve = Sieve(self.source_id, self.landed, table.name)
        pieces = [self._piece(table, layout, rows, sieve) for layout, rows in self.shapes[table.name]]
        if len(pieces) == 1:
            columns, places, keep = pieces[0]
            return sieve.split(columns, places, keep=keep)
        if not pieces:
            return sieve.split({f.name: pa.nulls(0, f.type) for f in table.columns}, _NOWHERE)
        numbers = np.concatenate([places.record_no for _, places, _ in pieces])
        order = np.argsort(numbers, kind="stable")
        joined = {
            f.name: pa.concat_arrays([columns[f.name] for columns, _, _ in pieces]).take(pa.array(order))
            for f in table.columns
        }
        places = Places(
            numbers,
            np.concatenate([places.byte_offset for _, places, _ in pieces]),
            np.concatenate([places.byte_length for _, places, _ in pieces]),
        )
        keep = np.concatenate([keep for _, _, keep in pieces])
        return sieve.split(joined, places.take(order), keep=keep[order])

    def _piece(
        self, table: Table, layout: Layout, rows: Rows | None, sieve: Sieve
    ) -> tuple[dict[str, pa.Array], Places, Flags]:
        """Decode records that have the same layout: all columns of the table, and which rows go on."""
        frame = self.frame
        block = frame.rows(rows, layout.needed)
        places = frame.places if rows is None else frame.places.take(rows)
        found: dict[str, pa.Array] = {}
        faults: list[tuple[Field, Column, Flags]] = []
        for item in layout.fields:
            column = decode_field(block[:, item.offset : item.end], item, self.plan.page, self.plan.how)
            found[item.name] = column.values
            faulty = _faulty(table, item, column)
            if faulty is not None:
                faults.append((item, column, faulty))
        keep = np.ones(len(block), np.bool_)
        every = self.plan.spec.undecodable == "reject"
        for item, column, faulty in faults:
            if every or item.name in table.critical:
                for row in np.flatnonzero(faulty & keep).tolist():
                    raw = frame.raw(row if rows is None else int(rows[row]))
                    blank = column.blanks is not None and bool(column.blanks[row])
                    message = f"{item.name} is blank" if blank else _message(item)
                    value = self._shown(block[row, item.offset : item.end], item)
                    sieve.record(places.at(row), column.reason, message, raw, field=item.name, value=value)
                keep &= ~faulty
        for item, _, faulty in faults:
            for row in np.flatnonzero(faulty & ~keep).tolist():
                sieve.unread(places.at(row)[0], [item.name])
        for item, column, faulty in faults:
            if not every and item.name not in table.critical:
                for row in np.flatnonzero(faulty & keep).tolist():
                    cell = block[row, item.offset : item.end]
                    sieve.attribute(
                        places.at(row), column.reason, _message(item), cell.tobytes(), field=item.name,
                        value=self._shown(cell, item),
                    )  # fmt: skip
        if table.ids:
            found |= self._id_columns(table, rows, places)
        columns = {f.name: found[f.name] if f.name in found else pa.nulls(len(block), f.type) for f in table.columns}
        return columns, places, keep

    def _id_columns(self, table: Table, rows: Rows | None, places: Places) -> dict[str, pa.Array]:
        """Which record each row is and below which it stands; the file's address keeps several files apart."""
        prefix = self.landed.sha256[:12]
        found = {RECORD_ID: pa.array([f"{prefix}-{number}" for number in places.record_no.tolist()], pa.string())}
        parents = self.ids.get(table.name)
        if parents is not None:
            mine = parents if rows is None else parents[rows]
            found[PARENT_ID] = pa.array([f"{prefix}-{number}" for number in mine.tolist()], pa.string())
        return found

    def _shown(self, raw: NDArray[np.uint8], item: Field) -> str:
        if item.kind not in ("text", "zoned"):
            return raw.tobytes().hex()
        page = self.plan.how.pages.get(item.item.label, self.plan.page) if item.item else self.plan.page
        return page.text(raw.tobytes())


def _code_shown(code: str | None, raw: NDArray[np.uint8]) -> str:
    """A record type as messages show it: it says nothing of a person, unless something else stands in its place."""
    text = raw.tobytes().hex(" ") if code is None else code.strip()
    return repr(text) if len(text) <= _LONGEST_CODE else repr(mask(text))


def _faulty(table: Table, item: Field, column: Column) -> Flags | None:
    """Rows whose value in this column is a fault, given what the spec does with the column."""
    if item.shared and item.name not in table.read:
        return None
    if column.blanks is None or item.name not in table.critical or item.name in table.may_be_blank:
        return column.defects
    return column.blanks if column.defects is None else column.defects | column.blanks


def _message(item: Field) -> str:
    match item.kind:
        case "text" | "national" if not item.digits:
            return f"{item.name} holds bytes that are no characters of the code page"
        case "text":
            return f"{item.name} is no edited number"
        case "packed" | "unsigned_packed":
            return f"{item.name} is no packed decimal"
        case "zoned":
            return f"{item.name} is no zoned decimal"
        case "float" | "double":
            return f"{item.name} is no finite number"
        case _:
            return f"{item.name} is a binary number of more than 38 digits"
