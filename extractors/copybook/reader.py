"""Reading a mainframe file record by record, each as a tree with what could not be read named beside it.

This is the reader for people and for comparisons; the pipeline decodes whole columns (`extractors.mainframe.file`).
Both share everything below them: layouts, framing, and the decoding of fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from extractors.base import LandedFile
from extractors.codepages.tables import CodePage
from extractors.copybook.decode import decode_field
from extractors.copybook.fields import Field, Layout
from extractors.copybook.framing import Framing
from extractors.copybook.layout import Copybook, RecordType
from extractors.copybook.reading import STRICT, Reading
from extractors.copybook.records import Frame
from extractors.copybook.segments import Selector
from extractors.copybook.shapes import Counts, Shape, shapes
from extractors.copybook.tree import Column, Presentation, TreeBuilder, python_values
from extractors.copybook.walk import OccursSize

Rows = NDArray[np.int64]
_BATCH, _CELLS = 2_000, 200_000  # records, and values, that are Python objects at a time


@dataclass(frozen=True)
class Defect:
    """A field that could not be read.

    Attributes:
        field: Its column's name.
        offset: In the record.
        raw: Its bytes.
        message: What is wrong.
    """

    field: str
    offset: int
    raw: bytes
    message: str


@dataclass
class Record:
    """One record.

    Attributes:
        number: 1-based, counting every record of the file.
        byte_offset: Of its first byte in the file.
        byte_length: Of the whole record, descriptor word included.
        payload: Its bytes without descriptor words.
        segment: Value of the field that says its type; None where the file has one type.
        group: Group of its type.
        tree: Its values.
        places: Where its fields lie.
        values: Their values, in the same order.
        defects: What could not be read.
    """

    number: int
    byte_offset: int
    byte_length: int
    payload: bytes
    segment: str | None
    group: str | None
    tree: dict[str, Any]
    places: tuple[Field, ...] = ()
    values: list[Any] = field(default_factory=list)
    defects: list[Defect] = field(default_factory=list)


@dataclass
class RecordReader:
    """Reads files of one form.

    Attributes:
        copybook: What the records are.
        framing: Where they begin and end.
        page: Code page of their text.
        how: The reader's choices.
        look: How trees look.
        selector: How record types are told apart, None where there is one.
        occurs: What room tables take that OCCURS DEPENDING ON.
        mapping: What texts say how often such a table stands in a record.
        clamp: A number that a table does not allow means that it stands as often as it may.
        in_sequence: Several 01 levels follow one another in a record.
    """

    copybook: Copybook
    framing: Framing
    page: CodePage
    how: Reading = STRICT
    look: Presentation = field(default_factory=Presentation)
    selector: Selector | None = None
    occurs: OccursSize = "variable"
    mapping: Counts = field(default_factory=dict)
    clamp: bool = False
    in_sequence: bool = False

    def __post_init__(self) -> None:
        self._types: dict[str | None, RecordType] = {}
        self._builders: dict[int, TreeBuilder] = {}
        self._segment_field = self.copybook.locate(self.selector.field) if self.selector else None

    def read(self, landed: LandedFile, source_id: str = "-") -> Iterator[Record]:
        """Read a file's records, in its order.

        Raises:
            SourceError: The file is not of the declared form.
        """
        fields = len(self._type(None).widest.fields)
        for frame in self.framing.frames(source_id, landed, max(1, min(_BATCH, _CELLS // max(1, fields)))):
            yield from self._frame(frame)

    def _frame(self, frame: Frame) -> Iterator[Record]:
        count = len(frame.starts)
        segments = self._segments(frame)
        found: list[Record | None] = [None] * count
        by_group: dict[str | None, list[int]] = {}
        for row, segment in enumerate(segments):
            by_group.setdefault(self._group(segment), []).append(row)
        for group, rows in by_group.items():
            for record, row in self._records(frame, group, np.array(rows, np.int64), segments):
                found[row] = record
        yield from (record for record in found if record is not None)

    def _segments(self, frame: Frame) -> list[str | None]:
        place = self._segment_field
        if place is None:
            return [None] * len(frame.starts)
        whole = np.flatnonzero(frame.lengths >= place.end)
        column = decode_field(frame.cut(whole, place.offset, place.length), place, self.page, self.how)
        texts: list[str | None] = [""] * len(frame.starts)
        for row, text in zip(whole.tolist(), pc.cast(column.values, pa.string()).to_pylist(), strict=True):
            texts[row] = (text or "").strip()
        return texts

    def _group(self, segment: str | None) -> str | None:
        return self.selector.group_of(segment or "") if self.selector else None

    def _type(self, group: str | None) -> RecordType:
        if group not in self._types:
            every = self.copybook.every_record(
                fillers="sequence" if self.look.value_fillers else "drop", in_sequence=self.in_sequence
            )
            others = {name.upper() for name in self.selector.groups.values()} if self.selector else set()
            own = group.upper() if group else None
            chosen = own if self.selector and self.selector.exclusive else None
            self._types[group] = replace(every, group=chosen, others=frozenset(others - {own}), occurs=self.occurs)
        return self._types[group]

    def _records(
        self, frame: Frame, group: str | None, rows: Rows, segments: list[str | None]
    ) -> Iterator[tuple[Record, int]]:
        record_type = self._type(group)
        if not record_type.variable:
            parts = [Shape(record_type.widest, rows)]
        else:
            found = shapes(
                record_type, frame.cut, frame.lengths, self.page, self.how,
                mapping=self.mapping, clamp=self.clamp, rows=rows,
            )  # fmt: skip
            parts = found.shapes
            for fault in found.miscounted:
                record = self._record(frame, fault.row, segments[fault.row], group)
                raw = record.payload[fault.field.offset : fault.field.end]
                record.defects.append(Defect(fault.field.name, fault.field.offset, raw, fault.message))
                yield record, fault.row
        for part in parts:
            lengths = np.minimum(frame.lengths[part.rows], part.layout.length)
            for length in np.unique(lengths).tolist():
                yield from self._alike(
                    frame, record_type, part.layout, part.rows[lengths == length], int(length), group, segments
                )

    def _alike(
        self,
        frame: Frame,
        record_type: RecordType,
        layout: Layout,
        rows: Rows,
        length: int,
        group: str | None,
        segments: list[str | None],
    ) -> Iterator[tuple[Record, int]]:
        """Records with the same layout, of which the same number of bytes is there."""
        block = frame.cut(rows, 0, length)
        columns: dict[Any, Column] = {}
        defects: dict[int, list[Defect]] = {}
        for place in layout.fields:
            cell = block[:, place.offset : min(place.end, length)]
            columns[place.cell] = self._column(place, cell, defects)
        builder = self._builder(record_type, layout)
        for index, row in enumerate(rows.tolist()):
            record = self._record(frame, row, segments[row], group)
            record.tree = builder.build(columns, index, self._text_of(record.payload))
            record.places = layout.fields
            record.values = [columns[place.cell].values[index] for place in layout.fields]
            record.defects = defects.get(index, [])
            yield record, row

    def _builder(self, record_type: RecordType, layout: Layout) -> TreeBuilder:
        found = self._builders.get(id(layout))
        if found is None or found.layout is not layout:
            if len(self._builders) > _BUILDERS:
                self._builders.clear()
            found = self._builders[id(layout)] = TreeBuilder(record_type, layout, self.look)
        return found

    def _column(self, place: Field, cell: NDArray[np.uint8], defects: dict[int, list[Defect]]) -> Column:
        rows, width = cell.shape
        raw = [row.tobytes() for row in cell] if self.look.raw != "none" else []
        textual = place.kind in ("text", "national", "bytes")
        if width < place.length and (not textual or (self.how.odd == "defect" and not width)):
            if self.how.odd == "defect":
                for row in range(rows):
                    message = "the record ends before this field" if not width else "the record ends in this field"
                    defects.setdefault(row, []).append(Defect(place.name, place.offset, cell[row].tobytes(), message))
            return Column([None] * rows, raw)
        column = decode_field(cell, place, self.page, self.how)
        if column.defects is not None:
            for row in np.flatnonzero(column.defects).tolist():
                message = f"the bytes are no {_KINDS[place.kind]}"
                defects.setdefault(row, []).append(Defect(place.name, place.offset, cell[row].tobytes(), message))
        return Column(python_values(place, column.values), raw)

    def _text_of(self, payload: bytes) -> Callable[[int, int], str | None]:
        def text(offset: int, length: int) -> str | None:
            data = payload[offset : offset + length]
            block = np.frombuffer(data, np.uint8).reshape(1, len(data))
            column = decode_field(block, Field("", offset, len(data), "text"), self.page, self.how)
            return str(value) if (value := column.values[0].as_py()) is not None else None

        return text

    def _record(self, frame: Frame, row: int, segment: str | None, group: str | None) -> Record:
        number, byte_offset, byte_length = frame.places.at(row)
        return Record(number, byte_offset, byte_length, frame.payload(row), segment, group, {})


_BUILDERS = 50
_KINDS = {
    "text": "text of the code page",
    "national": "UTF-16 text",
    "bytes": "bytes",
    "zoned": "zoned decimal",
    "packed": "packed decimal",
    "unsigned_packed": "packed decimal",
    "binary": "number of 38 digits",
    "native": "number of 38 digits",
    "little": "number of 38 digits",
    "float": "finite number",
    "double": "finite number",
}
