"""Delimited text: semicolons, commas, bars or tabs between values, quotes where needed.

Records are found in the bytes, before any code page: every one keeps its exact offset, length and number, also where
a quoted value holds line ends.  Almost all of that is arithmetic over a chunk (`extractors.quoting`); what the
arithmetic cannot explain, such as a quote in the middle of a value, is read record by record.

* A value between quotes may hold delimiters, line ends and doubled quotes; a quote elsewhere in a value is a quote.
* Ctrl-Z (1A) ends a file for DOS, so at the end it is nothing; in the middle it is a control character in a value.
* A record with more or fewer columns than declared is set aside with its bytes; the others are not disturbed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from billing.file_specs import AnyFile, DelimitedFile
from billing.lineage import Split
from billing.registry import Source
from extractors.base import FileFacts, LandedFile, Places, Sieve, refuse_empty
from extractors.codepage_check import sample_file, verify
from extractors.damage import Damaged, DamageReport
from extractors.headerline import HeaderLine, read_header_line
from extractors.plaincsv import PlainBlock, PlainReader
from extractors.quoting import Records, Tokeniser
from extractors.spans import Cutter, unescape
from extractors.structure import Structure, clean
from extractors.textcontrol import Control
from extractors.textrun import TextRun, filtered, no_rows

FIRST_READ = 1 << 20
MAX_CHUNK = 16 << 20
MAX_RECORD = 4 << 20
CTRL_Z = b"\x1a"


@dataclass
class _Run(TextRun):
    spec: DelimitedFile
    columns: list[str]
    critical: frozenset[str]
    sieve: Sieve
    eof: int
    structure: Structure
    tokeniser: Tokeniser


def decode(
    source: Source, file_spec: AnyFile, landed: LandedFile, facts: FileFacts, *, batch_rows: int
) -> Iterator[Split]:
    """Decode a delimited file; every column is text.

    Args:
        source: The declared source.
        file_spec: The file's spec.
        landed: The landed file.
        facts: Filled while decoding.
        batch_rows: Most rows of a batch.

    Yields:
        Batches of the raw table, with the records that were set aside.

    Raises:
        SourceError: The header lacks columns, the file is cut, its trailer disagrees or its code page is not the
            declared one.
    """
    assert isinstance(file_spec, DelimitedFile)
    refuse_empty(source.id, landed)
    facts.notes.append(verify(source.id, landed, file_spec.code_page, sample_file(landed)))
    cutter = Cutter(file_spec.code_page)
    structure = _structure(file_spec, cutter, landed)
    with landed.path.open("rb", buffering=0) as file:
        head = read_header_line(source, file_spec, landed, cutter, structure)
        run = _Run(
            source,
            landed,
            cutter,
            Control(source.id, landed, file_spec.header_record, file_spec.trailer, file_spec.delimiter),
            [cutter.encode(beginning) for beginning in file_spec.ignore],
            file_spec,
            head.columns,
            source.spec.critical_columns(file_spec.name),
            Sieve(source.id, landed, file_spec.name),
            _content_end(landed),
            structure,
            Tokeniser(structure.layout),
        )
        if head.control is not None:
            text, number, offset = head.control
            run.control.take("header", cutter.decode(text), number, offset)
        file.seek(head.start)
        yielded = False
        for split in _splits(run, file.read, head, facts, batch_rows):
            yielded = True
            yield split
    if not yielded:  # a file without a record still has its columns
        yield no_rows(run.sieve, head.columns)
    run.close(facts)
    facts.bytes = landed.size


def _splits(
    run: _Run, read: Callable[[int], bytes], head: HeaderLine, facts: FileFacts, batch_rows: int
) -> Iterator[Split]:
    """The records behind the names, chunk by chunk; a chunk begins with a record."""
    beginnings = [run.cutter.encode(spec.starts_with) for _, spec in run.control.specs()] + run.ignored
    plain = PlainReader(run.structure.layout, run.cutter, run.columns, beginnings)
    position, record_no, want, pending = head.start, head.record_no, FIRST_READ, b""
    while True:
        chunk = pending + read(max(0, min(want, run.eof - position - len(pending))))
        final = position + len(chunk) >= run.eof
        if not chunk:
            break
        records: PlainBlock | Records | None = None
        if run.structure.is_plain(chunk):
            records = plain.read(chunk, final=final, most=batch_rows)
        if records is None:
            records = run.tokeniser.split(run.structure.shown(chunk), len(run.columns), final=final, most=batch_rows)
        if not records.consumed and not final:
            if len(chunk) > MAX_RECORD:
                raise run.error("no record ends within 4 MiB", "check the line ends and quotes", position)
            pending, want = chunk, len(chunk)
            continue
        if isinstance(records, PlainBlock):
            yield _plain_batch(run, chunk, records, position, record_no)
        elif len(records):
            yield _batch(run, chunk, records, position, record_no)
        record_no += len(records)
        position += records.consumed
        pending = chunk[records.consumed :]
        if len(records):
            per_record = records.consumed / len(records)
            want = int(min(MAX_CHUNK, max(1 << 16, per_record * batch_rows * 1.02))) - len(pending)
        facts.bytes = position
        if final and not pending:
            break


def _structure(spec: DelimitedFile, cutter: Cutter, landed: LandedFile) -> Structure:
    with landed.path.open("rb") as file:
        head = file.read(1 << 16)
    line_end = cutter.encode("\n")
    if line_end not in head and cutter.encode("\r") in head:
        line_end = cutter.encode("\r")
    encode = cutter.encode
    return Structure(encode(spec.delimiter), encode(spec.quote), line_end, encode(spec.escape))


def _content_end(landed: LandedFile) -> int:
    """Where the text ends: before the Ctrl-Z (and their line ends) at the end of the file."""
    tail_bytes = min(landed.size, 4096)
    with landed.path.open("rb") as file:
        file.seek(landed.size - tail_bytes)
        tail = file.read()
    bare = tail.rstrip(CTRL_Z + b"\r\n")
    rest = tail[len(bare) :]
    return landed.size - len(rest) + rest.index(CTRL_Z) if CTRL_Z in rest else landed.size


# --- a batch ---------------------------------------------------------------------------------------------------


def _places(records: PlainBlock | Records, position: int, record_no: int) -> Places:
    return Places(
        np.arange(record_no, record_no + len(records), dtype=np.int64),
        position + records.starts,
        (records.ends - records.starts).astype(np.int32),
    )


def _plain_batch(run: _Run, chunk: bytes, block: PlainBlock, position: int, record_no: int) -> Split:
    places = _places(block, position, record_no)
    data = np.frombuffer(chunk, np.uint8)
    every = np.ones(len(block), np.bool_)
    run.count(data, block.starts, block.ends, every, places.at, lambda row: b"")
    values = (clean(column, "", run.spec.nulls) for column in block.columns)  # a plain block has no escapes
    columns = dict(zip(run.columns, values, strict=True))
    run.control.add(run.spec.name, columns, 0)
    return run.sieve.split(columns, places)


def _batch(run: _Run, chunk: bytes, records: Records, position: int, record_no: int) -> Split:
    data = np.frombuffer(chunk, np.uint8)
    places = _places(records, position, record_no)
    is_data = np.ones(len(records), np.bool_)
    run.count(
        data, records.starts, records.ends, is_data, places.at, lambda row: _raw(chunk, records, row).rstrip(b"\r\n")
    )
    whole = is_data & records.whole
    _set_aside(run, chunk, records, np.flatnonzero(is_data & ~records.whole), places)
    places, whole_rows = places.take(whole), np.flatnonzero(whole)
    rows = slice(None) if whole.all() else records.row[whole]
    sound = run.cutter.is_sound(chunk)
    damage = DamageReport(run.critical)
    columns = {
        name: _column(run, chunk, data, records, rows, index, sound, damage) for index, name in enumerate(run.columns)
    }
    keep = np.ones(len(places), np.bool_)
    damage.settle(run.sieve, places, keep, lambda row: _raw(chunk, records, whole_rows[row]))
    run.control.add(run.spec.name, columns if keep.all() else filtered(columns, keep), int((~keep).sum()))
    return run.sieve.split(columns, places, keep=keep)


def _raw(chunk: bytes, records: Records, row: int) -> bytes:
    return chunk[records.starts[row] : records.ends[row]]


def _column(
    run: _Run,
    chunk: bytes,
    data: NDArray[np.uint8],
    records: Records,
    rows: NDArray[np.int64] | slice,
    index: int,
    sound: bool,
    damage: DamageReport,
) -> pa.Array:
    starts, ends = records.value_starts[rows, index], records.value_ends[rows, index]
    values, damaged = run.cutter.column(data, starts, ends, sound=sound)
    for found in damaged:
        raw = chunk[starts[found.row] : ends[found.row]]
        damage.add(Damaged(found.row, run.columns[index], found.reason, found.message, raw, run.cutter.decode(raw)))
    if records.doubled is not None and (doubled := records.doubled[rows, index]).any():
        values = unescape(values, doubled, run.spec.quote)
    return clean(values, run.spec.escape, run.spec.nulls)


def _set_aside(run: _Run, chunk: bytes, records: Records, rows: NDArray[np.intp], places: Places) -> None:
    for row in rows.tolist():
        record_no, offset, length = places.at(row)
        raw = _raw(chunk, records, row)
        found = int(records.columns[row])
        if offset + length == run.eof == run.landed.size and not raw.endswith((b"\n", b"\r")):
            raise run.error(
                f"the file is truncated: its last record has {found} of {len(run.columns)} columns and no line end",
                "have the file sent again",
                offset,
                record_no,
            )
        message = f"the record has {found} columns, {len(run.columns)} are declared"
        run.set_aside(run.sieve, (record_no, offset, length), "REC-COLUMNS", message, raw)
