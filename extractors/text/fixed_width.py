"""Fixed-width text: columns by position, one record a line, with header and trailer totals.

Records are cut in bytes and only the columns are decoded.  A column's place is counted in bytes even where a letter
takes two, unless the file declares that its places are those of characters (`extractors.text.character_lines`).
Lines of the declared length form one array of bytes; a line of another length is set aside, and its neighbours are
not disturbed. The totals of header and trailer are recomputed on the way and compared at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from billing.control_specs import Place
from billing.file_specs import AnyFile
from billing.lineage import Split
from billing.registry import Source
from billing.text_specs import FixedColumn, FixedRecord, FixedWidthFile
from extractors.base import FileFacts, LandedFile, Sieve, refuse_empty
from extractors.cells import together
from extractors.codepages.check import sample_file, verify
from extractors.codepages.tables import CodePage, code_page
from extractors.damage import Damaged, DamageReport, explain_text
from extractors.readahead import in_order, workers
from extractors.text.character_lines import CharacterLines, Index
from extractors.text.control_records import Control
from extractors.text.header_line import BOM
from extractors.text.lines import Lines, find_lines
from extractors.text.run import Selection, TextRun, begins_with, filtered, no_rows
from extractors.text.spans import Cutter
from extractors.textcolumn import text_column

MAX_LINE = 1 << 20


@dataclass
class _Run(TextRun):
    spec: FixedWidthFile
    page: CodePage | None  # None for UTF-8
    in_characters: bool  # places are counted in characters of several bytes
    sieves: dict[str, Sieve]
    strays: Sieve  # lines of no declared type are the file's own rejects
    ending: bytes
    records: list[tuple[FixedRecord, bytes]]  # longest prefix first


@dataclass(frozen=True)
class _Rows:
    """The records of one type in a batch: their lines, their columns, and what is wrong with some values."""

    record: FixedRecord
    rows: NDArray[np.intp]
    columns: dict[str, pa.Array]
    damage: DamageReport


@dataclass(frozen=True)
class _Batch:
    """Some lines, as far as they can be read without those before.

    Attributes:
        selection: Which of them are data.
        lengths: int64[n], of the lines.
        odd_lengths: Data lines that are longer or shorter than declared.
        tables: The records, by type.
        unknown: Lines of no declared type.
    """

    selection: Selection
    lengths: NDArray[np.int64]
    odd_lengths: NDArray[np.intp]
    tables: list[_Rows]
    unknown: NDArray[np.intp]


def decode(
    source: Source, file_spec: AnyFile, landed: LandedFile, facts: FileFacts, *, batch_rows: int
) -> Iterator[Split]:
    """Decode a fixed-width file; every column is text.

    Args:
        source: The declared source.
        file_spec: The file's spec.
        landed: The landed file.
        facts: Filled while decoding.
        batch_rows: Most rows of a batch.

    Yields:
        Batches of the file's raw tables, with the records that were set aside.

    Raises:
        SourceError: The file is cut, header or trailer disagree, or the code page is not the declared one.
    """
    assert isinstance(file_spec, FixedWidthFile)
    refuse_empty(source.id, landed)
    facts.notes.append(verify(source.id, landed, file_spec.code_page, sample_file(landed)))
    run = _start(source, file_spec, landed)
    seen: set[str] = set()
    with landed.path.open("rb", buffering=0) as file, workers() as pool:
        pieces = _pieces(run, file, batch_rows)
        for lines, batch in in_order(pool, pieces, partial(_read, run)):
            for split in _emit(run, lines, batch):
                seen.add(split.table)
                yield split
            facts.bytes = lines.offset + int(lines.nexts[-1])
    run.close(facts)
    facts.bytes = landed.size
    for table in sorted(run.sieves.keys() - seen):  # a table without a record still has its columns
        yield _no_rows(run, table)


def _start(source: Source, spec: FixedWidthFile, landed: LandedFile) -> _Run:
    cutter = Cutter(spec.code_page)
    with landed.path.open("rb") as file:
        head = file.read(1 << 16)
    newline = cutter.encode("\n")
    endings = (cutter.encode("\r\n"), newline, cutter.encode("\r"))
    ending = next((found for found in endings if found in head), newline)
    records = [(record, cutter.encode(record.starts_with)) for record in spec.records]
    in_characters = cutter.is_utf8 and spec.positions == "characters"
    return _Run(
        source,
        landed,
        cutter,
        Control(source.id, landed, partial(_control_value, cutter, in_characters), spec.header, spec.trailer),
        [cutter.encode(beginning) for beginning in spec.ignore],
        spec,
        None if cutter.is_utf8 else code_page(spec.code_page),
        in_characters,
        {table: Sieve(source.id, landed, table) for table in spec.tables},
        Sieve(source.id, landed, spec.name),
        ending,
        sorted(records, key=lambda pair: -len(pair[1])),
    )


def _pieces(run: _Run, file: BinaryIO, batch_rows: int) -> Iterator[Lines]:
    """The lines of the file, about a batch of them at a time."""
    stride = run.spec.record_length + len(run.ending)
    chunk_bytes = max(MAX_LINE, batch_rows * stride)
    position = len(BOM) if run.cutter.is_utf8 and file.read(len(BOM)) == BOM else 0
    file.seek(position)
    first_no, pending = 1, b""
    while True:
        chunk = pending + file.read(chunk_bytes - len(pending))
        if not chunk:
            return
        final = position + len(chunk) >= run.landed.size
        lines = find_lines(chunk, run.ending, stride, position, first_no, final=final, most=batch_rows)
        if len(lines.starts):
            yield lines
        elif final:
            return  # nothing but the end mark
        else:
            message = f"no line ends within {len(chunk)} bytes"
            raise run.error(message, "check the format and its line ends", position)
        used = int(lines.nexts[-1])
        first_no += len(lines.starts)
        position += used
        pending = chunk[used:]


def _control_value(cutter: Cutter, in_characters: bool, raw: bytes, at: Place) -> str | None:
    """What stands at a place of a control record, which has no numbered values."""
    if not isinstance(at, tuple):
        return None
    place = slice(at[0] - 1, at[0] - 1 + at[1])
    return cutter.decode(raw)[place] if in_characters else cutter.decode(raw[place])


# --- a batch ---------------------------------------------------------------------------------------------------


def _read(run: _Run, lines: Lines) -> _Batch:
    """What can be told of some lines by themselves; nothing of the run changes."""
    lengths = lines.ends - lines.starts
    selection = run.select(lines.data, lines.starts, lines.ends, lengths > 0)  # an empty line is no record
    characters = None
    if run.in_characters:
        characters = CharacterLines(lines.data, lines.starts, lines.ends, run.spec.record_length)
        lengths = characters.lengths
    full = selection.is_data & (lengths == run.spec.record_length)
    rows = np.flatnonzero(full)
    tables = []
    for record, prefix in run.records:
        chosen = begins_with(lines.data, lines.starts[rows], lines.ends[rows], prefix)
        if not chosen.any():
            continue
        own = rows if chosen.all() else rows[chosen]
        damage = DamageReport(run.source.spec.critical_columns(record.table))
        if characters is None:
            block = lines.block(own, run.spec.record_length)
            columns = {column.name: _column(run, column, block, damage) for column in record.columns}
        else:
            columns = {c.name: _cut(run, c, lines.data, characters.spans(own, c.start, c.length), damage)
                       for c in record.columns}  # fmt: skip
        tables.append(_Rows(record, own, columns, damage))
        rows = rows[~chosen]
    return _Batch(selection, lengths, np.flatnonzero(selection.is_data & ~full), tables, rows)


def _emit(run: _Run, lines: Lines, batch: _Batch) -> Iterator[Split]:
    """A batch with its place among the others."""
    run.count(batch.selection, lines.at, lines.text)
    for row in batch.odd_lengths.tolist():
        _set_aside_length(run, lines, row, int(batch.lengths[row]))
    for row in batch.unknown.tolist():
        begin = run.cutter.decode(lines.text(row)[: len(run.records[0][1])])  # as long as the longest type, no more
        message = f"no declared record type begins with {begin!r}"
        run.set_aside(run.strays, lines.at(row), "REC-TYPE", message, lines.raw(row))
    for found in batch.tables:
        yield _split(run, lines, found)
    for table, sieve in run.sieves.items():
        if len(sieve):  # rejects of a table none of whose records was whole
            yield _no_rows(run, table)
    if len(run.strays):  # they travel with the first table's
        yield replace(_no_rows(run, run.spec.tables[0]), rejects=no_rows(run.strays, ()).rejects)


def _split(run: _Run, lines: Lines, found: _Rows) -> Split:
    sieve = run.sieves[found.record.table]
    places = lines.places(found.rows)
    keep = np.ones(len(places), np.bool_)
    found.damage.settle(sieve, places, keep, lambda row: lines.raw(int(found.rows[row])))
    columns = found.columns if keep.all() else filtered(found.columns, keep)
    run.control.add(found.record.table, columns, int((~keep).sum()))
    return sieve.split(found.columns, places, keep=keep)


def _set_aside_length(run: _Run, lines: Lines, row: int, length: int) -> None:
    record_no, offset, room = lines.at(row)
    unit = "characters" if run.in_characters else "bytes"
    if offset + room == run.landed.size and lines.raw(row)[-1:] != run.ending[-1:]:
        raise run.error(
            f"the file is truncated: its last record has {length} of {run.spec.record_length} {unit} and no line end",
            "have the file sent again",
            offset,
            record_no,
        )
    text = lines.text(row)
    table = next((record.table for record, prefix in run.records if text.startswith(prefix)), None)
    message = f"the record has {length} {unit}, {run.spec.record_length} are declared"
    run.set_aside(
        run.strays if table is None else run.sieves[table], lines.at(row), "REC-LENGTH", message, lines.raw(row)
    )


def _column(run: _Run, column: FixedColumn, block: NDArray[np.uint8], damage: DamageReport) -> pa.Array:
    cells = together(block[:, column.start - 1 : column.start - 1 + column.length])
    if run.page is None:
        starts = np.arange(len(block), dtype=np.int64) * cells.shape[1]
        return _cut(run, column, cells.reshape(-1), (starts, starts + cells.shape[1]), damage)
    values, defects = text_column(cells, run.page)
    if defects is not None:
        for row in np.flatnonzero(defects).tolist():
            raw = cells[row].tobytes()
            reason, message = explain_text(raw, run.page)
            damage.add(Damaged(row, column.name, reason, message, raw, run.page.text(raw).strip()))
    return values


def _cut(
    run: _Run, column: FixedColumn, data: NDArray[np.uint8], spans: tuple[Index, Index], damage: DamageReport
) -> pa.Array:
    """A column of which is known where each value begins and ends."""
    starts, ends = spans
    values, damaged = run.cutter.column(data, starts, ends)
    for found in damaged:
        raw = data[starts[found.row] : ends[found.row]].tobytes()
        damage.add(Damaged(found.row, column.name, found.reason, found.message, raw, run.cutter.decode(raw).strip()))
    return values


def _no_rows(run: _Run, table: str) -> Split:
    record = next(record for record in run.spec.records if record.table == table)
    return no_rows(run.sieves[table], (column.name for column in record.columns))
