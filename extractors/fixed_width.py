"""Fixed-width text: columns by byte position, one record a line, with header and trailer totals.

Records are cut in bytes and only the columns are decoded: a column's place is counted in bytes even where a letter
takes two.  Lines of the declared length form one array of bytes; a line of another length is set aside, and its
neighbours are not disturbed.  The totals of header and trailer are recomputed on the way and compared at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from billing.errors import SourceError
from billing.lineage import Split
from billing.registry import Source
from billing.spec import AnyFile, FixedColumn, FixedRecord, FixedWidthFile
from extractors.base import FileFacts, LandedFile, Places, Sieve, refuse_empty
from extractors.codepage_check import sample_file, verify
from extractors.codepages import CodePage, code_page
from extractors.damage import Damaged, DamageReport, explain_text
from extractors.spans import Cutter
from extractors.textcolumn import text_column
from extractors.textcontrol import Control

MAX_LINE = 1 << 20
CTRL_Z = 0x1A


@dataclass
class _Run:
    """Everything that stays the same from batch to batch."""

    source: Source
    spec: FixedWidthFile
    landed: LandedFile
    cutter: Cutter
    page: CodePage | None  # None for UTF-8
    control: Control
    sieves: dict[str, Sieve]
    ending: bytes
    controls: list[tuple[str, bytes]] = field(default_factory=list)  # kind, prefix
    records: list[tuple[FixedRecord, bytes]] = field(default_factory=list)  # longest prefix first


@dataclass(frozen=True)
class _Lines:
    """The lines of one chunk.

    Attributes:
        data: uint8, the chunk.
        starts: int64[n], first byte.
        ends: int64[n], behind the last byte of the text.
        nexts: int64[n], behind the line end.
        offset: Of the chunk in its file.
        first_no: Number of the first line.
    """

    data: NDArray[np.uint8]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    nexts: NDArray[np.int64]
    offset: int
    first_no: int

    def text(self, row: int) -> bytes:
        return self.data[self.starts[row] : self.ends[row]].tobytes()

    def raw(self, row: int) -> bytes:
        return self.data[self.starts[row] : self.nexts[row]].tobytes()

    def at(self, row: int) -> tuple[int, int, int]:
        """Record number, offset, length."""
        return (
            self.first_no + row,
            self.offset + int(self.starts[row]),
            int(self.nexts[row] - self.starts[row]),
        )

    def places(self, rows: NDArray[np.intp]) -> Places:
        return Places(
            self.first_no + rows.astype(np.int64),
            self.offset + self.starts[rows],
            (self.nexts[rows] - self.starts[rows]).astype(np.int32),
        )


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
    assert isinstance(file_spec, FixedWidthFile)  # noqa: S101  the dispatcher chose by format
    refuse_empty(source.id, landed)
    facts.notes.append(verify(source.id, landed, file_spec.code_page, sample_file(landed)))
    run = _start(source, file_spec, landed)
    stride = file_spec.record_length + len(run.ending)
    chunk_bytes = max(MAX_LINE, batch_rows * stride)
    position, first_no = 0, 1
    pending = b""
    seen: set[str] = set()
    with landed.path.open("rb", buffering=0) as file:
        while True:
            chunk = pending + file.read(chunk_bytes - len(pending))
            if not chunk:
                break
            final = position + len(chunk) >= landed.size
            lines = _lines(run, chunk, position, first_no, stride, final=final, most=batch_rows)
            if not len(lines.starts):
                if final:
                    break  # nothing but the end mark
                raise _error(
                    run, f"no line ends within {len(chunk)} bytes", "check the format and its line ends", position
                )
            for split in _batch(run, lines, facts):
                seen.add(split.table)
                yield split
            used = int(lines.nexts[-1])
            first_no += len(lines.starts)
            position += used
            pending = chunk[used:]
            if final and not pending:
                break
    run.control.close(facts)
    facts.bytes = landed.size
    for table in sorted(run.sieves.keys() - seen):  # a table without a record still has its columns
        yield run.sieves[table].split(_no_columns(run, table), _no_places())


def _start(source: Source, spec: FixedWidthFile, landed: LandedFile) -> _Run:
    cutter = Cutter(spec.code_page)
    with landed.path.open("rb") as file:
        head = file.read(1 << 16)
    newline = cutter.encode("\n")
    ending = cutter.encode("\r\n") if cutter.encode("\r\n") in head else newline
    run = _Run(
        source,
        spec,
        landed,
        cutter,
        None if cutter.is_utf8 else code_page(spec.code_page),
        Control(source.id, landed, spec.header, spec.trailer),
        {table: Sieve(source.id, landed, table) for table in spec.tables},
        ending,
    )
    for kind, control in (("header", spec.header), ("trailer", spec.trailer)):
        if control is not None:
            run.controls.append((kind, cutter.encode(control.starts_with)))
    run.records = sorted(
        ((record, cutter.encode(record.starts_with)) for record in spec.records), key=lambda pair: -len(pair[1])
    )
    return run


# --- lines -----------------------------------------------------------------------------------------------------


def _lines(run: _Run, chunk: bytes, offset: int, first_no: int, stride: int, *, final: bool, most: int) -> _Lines:
    """The complete lines of a chunk; at the end of the file, the last one needs no line end."""
    data = np.frombuffer(chunk, np.uint8)
    newline = run.ending[-1]
    whole = len(data) // stride
    regular = whole and bool((data[: whole * stride].reshape(-1, stride)[:, -1] == newline).all())
    if regular and chunk.count(newline, 0, whole * stride) == whole:
        nexts = np.arange(1, whole + 1, dtype=np.int64) * stride
        if final and len(chunk) > whole * stride:
            tail = np.flatnonzero(data[whole * stride :] == newline) + whole * stride + 1
            nexts = np.concatenate([nexts, tail])
    else:
        nexts = np.flatnonzero(data == newline) + 1
    if final and (not len(nexts) or nexts[-1] < len(data)):
        nexts = np.append(nexts, len(data))
    starts = np.concatenate([np.zeros(min(1, len(nexts)), np.int64), nexts[:-1]])
    ends = nexts - (data[nexts - 1] == newline)
    if len(run.ending) == 2 and len(ends):
        ends = ends - ((ends > starts) & (data[np.maximum(ends - 1, 0)] == run.ending[0]))
    if final and len(starts):  # DOS marks the end of a text with Ctrl-Z
        last = data[starts[-1] : nexts[-1]]
        if len(last) and not np.setdiff1d(last, [CTRL_Z, *run.ending]).size:
            starts, ends, nexts = starts[:-1], ends[:-1], nexts[:-1]
        elif last[-1] == CTRL_Z:
            ends[-1] -= len(last) - len(last.tobytes().rstrip(bytes([CTRL_Z])))
    return _Lines(data, starts[:most], ends[:most], nexts[:most], offset, first_no)


# --- a batch ---------------------------------------------------------------------------------------------------


def _batch(run: _Run, lines: _Lines, facts: FileFacts) -> Iterator[Split]:
    lengths = lines.ends - lines.starts
    todo = lengths > 0  # an empty line is no record
    _count(run, lines, todo)
    full = todo & (lengths == run.spec.record_length)
    damaged = np.flatnonzero(todo & ~full)
    for row in damaged.tolist():
        _set_aside_length(run, lines, row, int(lengths[row]))
    rows = np.flatnonzero(full)
    block = _block(lines, rows, run.spec.record_length)
    for record, prefix in run.records:
        chosen = _having(block, prefix)
        if not chosen.any():
            continue
        everything = bool(chosen.all())
        yield _record_split(
            run, record, lines, rows if everything else rows[chosen], block if everything else block[chosen]
        )
        if everything:
            rows, block = rows[:0], block[:0]
            break
        rows, block = rows[~chosen], block[~chosen]
    if len(rows):
        sieve = run.sieves[run.records[0][0].table]
        for row in rows.tolist():
            begin = run.cutter.decode(lines.text(row)[:4])
            sieve.record(
                lines.at(row),
                "REC-TYPE",
                f"no declared record type begins with {begin!r}",
                lines.raw(row),
            )
            run.control.unread += run.control.sum_column is not None
    for table, sieve in run.sieves.items():
        if len(sieve):  # rejects of a table none of whose records was whole
            yield sieve.split(_no_columns(run, table), _no_places())
    facts.bytes = lines.offset + int(lines.nexts[-1])


def _count(run: _Run, lines: _Lines, todo: NDArray[np.bool_]) -> None:
    """Count data records and hand headers and trailers to the control; the latter are then done with."""
    controls: list[tuple[int, str]] = []
    for kind, prefix in run.controls:
        found = todo & (lines.ends - lines.starts >= len(prefix))
        for index, byte in enumerate(prefix):
            candidates = np.flatnonzero(found)
            found[candidates] = lines.data[lines.starts[candidates] + index] == byte
        controls += [(int(row), kind) for row in np.flatnonzero(found)]
    done = 0
    for row, kind in [*sorted(controls), (len(todo), "")]:
        records = np.flatnonzero(todo[done:row])
        if len(records):
            first_no, offset, _ = lines.at(done + int(records[0]))
            run.control.count(len(records), first_no=first_no, byte_offset=offset)
        if kind:
            record_no, offset, _ = lines.at(row)
            run.control.take(kind, run.cutter.decode(lines.text(row)), record_no, offset)
            todo[row] = False
        done = row + 1


def _set_aside_length(run: _Run, lines: _Lines, row: int, length: int) -> None:
    record_no, offset, _ = lines.at(row)
    if offset + int(lines.nexts[row] - lines.starts[row]) == run.landed.size and lines.raw(row)[-1:] != run.ending[-1:]:
        raise _error(
            run,
            f"the file is truncated: its last record has {length} of {run.spec.record_length} bytes and no line end",
            "have the file sent again",
            offset,
            record_no,
        )
    text = lines.text(row)
    table = next((record.table for record, prefix in run.records if text.startswith(prefix)), run.records[0][0].table)
    run.sieves[table].record(
        lines.at(row),
        "REC-LENGTH",
        f"the record has {length} bytes, {run.spec.record_length} are declared",
        lines.raw(row),
    )
    run.control.unread += run.control.sum_column is not None


def _block(lines: _Lines, rows: NDArray[np.intp], length: int) -> NDArray[np.uint8]:
    """The lines `rows`, all of one length, as uint8[n, length]."""
    if not len(rows):
        return np.empty((0, length), np.uint8)
    starts = lines.starts[rows]
    strides = np.diff(starts)
    if len(rows) == 1 or (strides == strides[0]).all():
        stride = int(strides[0]) if len(strides) else length
        end = int(starts[-1]) + length
        shape = (len(rows), length)
        return np.lib.stride_tricks.as_strided(lines.data[int(starts[0]) : end], shape, (stride, 1), writeable=False)
    return lines.data[starts[:, None] + np.arange(length)]


def _having(block: NDArray[np.uint8], prefix: bytes) -> NDArray[np.bool_]:
    if not prefix:
        return np.ones(len(block), np.bool_)
    found: NDArray[np.bool_] = (block[:, : len(prefix)] == np.frombuffer(prefix, np.uint8)).all(axis=1)
    return found


def _record_split(
    run: _Run, record: FixedRecord, lines: _Lines, rows: NDArray[np.intp], block: NDArray[np.uint8]
) -> Split:
    sieve = run.sieves[record.table]
    places = lines.places(rows)
    damage = DamageReport(run.source.spec.critical_columns(record.table))
    columns = {column.name: _column(run, column, block, damage) for column in record.columns}
    keep = np.ones(len(rows), np.bool_)
    damage.settle(sieve, places, keep, partial(_raw_of, lines, rows))
    if (total := run.control.sum_column) in columns and total is not None:
        run.control.add(columns[total].filter(pa.array(keep)))
        run.control.unread += int((~keep).sum())
    return sieve.split(columns, places, keep=keep)


def _raw_of(lines: _Lines, rows: NDArray[np.intp], row: int) -> bytes:
    return lines.raw(int(rows[row]))


def _column(run: _Run, column: FixedColumn, block: NDArray[np.uint8], damage: DamageReport) -> pa.Array:
    cells = block[:, column.start - 1 : column.start - 1 + column.length]
    if run.page is None:
        flat = np.ascontiguousarray(cells).reshape(-1)
        starts = np.arange(len(block), dtype=np.int64) * cells.shape[1]
        values, damaged = run.cutter.column(flat, starts, starts + cells.shape[1])
        for found in damaged:
            raw = cells[found.row].tobytes()
            damage.add(
                Damaged(found.row, column.name, found.reason, found.message, raw, run.cutter.decode(raw).strip())
            )
        return values
    values, defects = text_column(cells, run.page)
    if defects is not None:
        for row in np.flatnonzero(defects).tolist():
            raw = cells[row].tobytes()
            reason, message = explain_text(raw, run.page)
            damage.add(Damaged(row, column.name, reason, message, raw, run.page.text(raw).strip()))
    return values


def _no_columns(run: _Run, table: str) -> dict[str, pa.Array]:
    record = next(record for record in run.spec.records if record.table == table)
    return {column.name: pa.array([], pa.string()) for column in record.columns}


def _no_places() -> Places:
    return Places(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int32))


def _error(run: _Run, message: str, remedy: str, byte_offset: int, record_no: int | None = None) -> SourceError:
    return SourceError(
        message,
        source_id=run.source.id,
        file=run.landed.name,
        record_no=record_no,
        byte_offset=byte_offset,
        remedy=remedy,
    )
