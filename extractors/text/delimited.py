"""Delimited text: semicolons, commas, bars or tabs between values, quotes where needed.

Records are found in the bytes, before any code page: every one keeps its exact offset, length and number, also where
a quoted value holds line ends.  Almost all of that is arithmetic over a chunk (`extractors.text.quoting`); what the
arithmetic cannot explain, such as a quote in the middle of a value, is read record by record.

* A value between quotes may hold delimiters, line ends and doubled quotes; a quote elsewhere in a value is a quote.
* Ctrl-Z (1A) ends a file for DOS, so at the end it is nothing; in the middle it is a control character in a value.
* A record with more or fewer columns than declared is set aside with its bytes; the others are not disturbed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from billing.control_specs import Place
from billing.file_specs import AnyFile
from billing.lineage import Split
from billing.registry import Source
from billing.text_specs import DelimitedFile
from billing.wording import counted
from extractors.base import FileFacts, LandedFile, Places, Sieve, refuse_empty
from extractors.codepages.check import sample_file, verify
from extractors.damage import Damaged, DamageReport
from extractors.readahead import in_order, workers
from extractors.text.control_records import Control
from extractors.text.header_line import HeaderLine, read_header_line
from extractors.text.plain_csv import Cut, PlainBlock, PlainReader
from extractors.text.quoting import Records, Tokeniser
from extractors.text.run import Selection, TextRun, filtered, no_rows
from extractors.text.spans import Cutter, unescape
from extractors.text.structure import Structure, clean

FIRST_READ = 1 << 20
MAX_CHUNK = 5 << 20  # larger ones are no faster, and take memory that the system has to hand out anew
MAX_RECORD = 64 << 20
CTRL_Z = b"\x1a"


@dataclass
class _Run(TextRun):
    spec: DelimitedFile
    columns: list[str]
    critical: frozenset[str]
    sieve: Sieve
    eof: int
    batch_rows: int
    structure: Structure
    explained: Callable[[Damaged], Damaged]
    plain: PlainReader = field(init=False)
    tokeniser: Tokeniser = field(init=False)

    def __post_init__(self) -> None:
        beginnings = [self.cutter.encode(spec.starts_with) for _, spec in self.control.specs()] + self.ignored
        self.plain = PlainReader(self.structure.layout, self.cutter, self.columns, beginnings)
        self.tokeniser = Tokeniser(self.structure.layout)


@dataclass(frozen=True)
class _Piece:
    """Bytes of the file that begin with a record.

    Attributes:
        chunk: The bytes; behind the last whole record, the beginning of the next.
        position: Their place in the file.
        final: The file ends with them.
        cut: Where the records lie, if that is plain enough to go on behind them without having read them.
    """

    chunk: bytes
    position: int
    final: bool
    cut: Cut | None


@dataclass(frozen=True)
class _Batch:
    """The records of a piece, as far as they can be read without those before.

    Attributes:
        records: Where they lie.
        selection: Which of them are data.
        rows: Of the records with columns to speak of, which are the rows of `columns`.
        columns: Their values.
        damage: What is wrong with some.
    """

    records: PlainBlock | Records
    selection: Selection
    rows: NDArray[np.intp]
    columns: dict[str, pa.Array]
    damage: DamageReport


def decode(
    source: Source,
    file_spec: AnyFile,
    landed: LandedFile,
    facts: FileFacts,
    *,
    batch_rows: int,
    explained: Callable[[Damaged], Damaged] | None = None,
) -> Iterator[Split]:
    """Decode a delimited file; every column is text.

    Args:
        source: The declared source.
        file_spec: The file's spec.
        landed: The landed file.
        facts: Filled while decoding.
        batch_rows: Most rows of a batch.
        explained: Says more of a value that is no text, where whoever wrote the file knows more.

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
            Control(
                source.id, landed, partial(_control_value, structure, cutter), file_spec.header_record,
                file_spec.trailer,
            ),
            [cutter.encode(beginning) for beginning in file_spec.ignore],
            file_spec,
            head.columns,
            source.spec.critical_columns(file_spec.name),
            Sieve(source.id, landed, file_spec.name),
            _content_end(landed),
            batch_rows,
            structure,
            explained or _as_found,
        )  # fmt: skip
        if head.control is not None:
            text, number, offset = head.control
            run.control.take("header", text, number, offset)
        yielded = False
        for split in _splits(run, file, head, facts):
            yielded = True
            yield split
    if not yielded:  # a file without a record still has its columns
        yield no_rows(run.sieve, head.columns)
    run.close(facts)
    facts.bytes = landed.size


def _splits(run: _Run, file: BinaryIO, head: HeaderLine, facts: FileFacts) -> Iterator[Split]:
    """The records behind the names; pieces are read ahead as long as it is plain where each of them ends."""
    position, record_no, want = head.start, head.record_no, FIRST_READ
    with workers() as pool:
        while position < run.eof:
            with closing(in_order(pool, _pieces(run, file, position, want), partial(_read, run))) as pieces:
                for piece, batch in pieces:
                    consumed = batch.records.consumed
                    if not consumed:
                        if piece.final or len(piece.chunk) > MAX_RECORD:
                            raise run.error("no record ends within 64 MiB", "check the line ends and quotes", position)
                        want = 2 * len(piece.chunk)
                        break
                    if len(batch.records):
                        yield _emit(run, piece, batch, record_no)
                        want = _want(run, consumed, len(batch.records))
                    record_no += len(batch.records)
                    position += consumed
                    facts.bytes = position
                    if piece.cut is None or consumed != piece.cut.consumed:
                        break  # the next piece begins elsewhere than was thought


def _pieces(run: _Run, file: BinaryIO, position: int, want: int) -> Iterator[_Piece]:
    """Pieces from a place on that begins a record, up to one that has to be read to know where it ends."""
    file.seek(position)
    pending = b""
    while True:
        chunk = pending + file.read(max(0, min(want, run.eof - position) - len(pending)))
        if not chunk:
            return
        final = position + len(chunk) >= run.eof
        cut = run.plain.cut(chunk, final=final, most=run.batch_rows) if run.structure.is_plain(chunk) else None
        yield _Piece(chunk, position, final, cut)
        if cut is None:
            return
        position += cut.consumed
        pending = chunk[cut.consumed :]
        want = _want(run, cut.consumed, len(cut.ends))


def _want(run: _Run, consumed: int, records: int) -> int:
    """Bytes that hold a batch of records such as these."""
    return int(min(MAX_CHUNK, max(1 << 16, consumed / records * run.batch_rows * 1.02)))


def _structure(spec: DelimitedFile, cutter: Cutter, landed: LandedFile) -> Structure:
    with landed.path.open("rb") as file:
        head = file.read(1 << 16)
    encode = cutter.encode
    line_end, quote = encode("\n"), re.escape(encode(spec.quote))
    # a value between quotes may hold line ends of the other kind
    bare = re.sub(b"%b[^%b]*%b" % (quote, quote, quote), b"", head) if quote else head
    for text in (bare, head):
        if line_end in text:
            break
        if encode("\r") in text:
            line_end = encode("\r")
            break
    return Structure(encode(spec.delimiter), encode(spec.quote), line_end, encode(spec.escape))


def _content_end(landed: LandedFile) -> int:
    """Where the text ends: before the Ctrl-Z (and their line ends) at the end of the file."""
    tail_bytes = 4096
    with landed.path.open("rb") as file:
        while True:
            file.seek(max(0, landed.size - tail_bytes))
            bare = (tail := file.read()).rstrip(CTRL_Z + b"\r\n")
            if bare or tail_bytes >= landed.size:
                break
            tail_bytes *= 8  # filled up to the end of a disk's cluster
    rest = tail[len(bare) :]
    return landed.size - len(rest) + rest.index(CTRL_Z) if CTRL_Z in rest else landed.size


def _control_value(structure: Structure, cutter: Cutter, raw: bytes, at: Place) -> str | None:
    """What stands at a place of a control record: characters of it, or its n-th value."""
    if isinstance(at, tuple):
        start, length = at
        return cutter.decode(raw)[start - 1 : start - 1 + length]
    values, _ = structure.values(raw)
    return cutter.decode(values[at - 1]) if at <= len(values) else None


def _as_found(value: Damaged) -> Damaged:
    return value


# --- a batch ---------------------------------------------------------------------------------------------------


def _read(run: _Run, piece: _Piece) -> _Batch:
    """What can be told of a piece by itself; nothing of the run changes."""
    chunk, damage = piece.chunk, DamageReport(run.critical)
    data = np.frombuffer(chunk, np.uint8)
    plain = run.plain.parse(chunk, piece.cut) if piece.cut is not None else None
    if plain is not None:
        values = (clean(column, "", run.spec.nulls) for column in plain.columns)  # a plain block has no escapes
        columns = dict(zip(run.columns, values, strict=True))
        return _Batch(plain, run.select(data, plain.starts, plain.ends), np.arange(len(plain)), columns, damage)
    shown = run.structure.shown(chunk, final=piece.final)
    records = run.tokeniser.split(shown, len(run.columns), final=piece.final, most=run.batch_rows)
    selection = run.select(data, records.starts, records.ends)
    whole = selection.is_data & records.whole
    rows = slice(None) if whole.all() else records.row[whole]
    sound = run.cutter.is_sound(chunk)
    columns = {
        name: _column(run, chunk, data, records, rows, index, sound, damage) for index, name in enumerate(run.columns)
    }
    return _Batch(records, selection, np.flatnonzero(whole), columns, damage)


def _emit(run: _Run, piece: _Piece, batch: _Batch, record_no: int) -> Split:
    """A batch with its place among the others."""
    chunk, records = piece.chunk, batch.records
    places = Places(
        np.arange(record_no, record_no + len(records), dtype=np.int64),
        piece.position + records.starts,
        (records.ends - records.starts).astype(np.int32),
    )
    run.count(batch.selection, places.at, lambda row: _raw(chunk, records, row).rstrip(b"\r\n"))
    if isinstance(records, Records):
        _set_aside(run, chunk, records, np.flatnonzero(batch.selection.is_data & ~records.whole), places)
        places = places.take(batch.rows)
    keep = np.ones(len(places), np.bool_)
    batch.damage.settle(run.sieve, places, keep, lambda row: _raw(chunk, records, batch.rows[row]))
    run.control.add(run.spec.name, batch.columns if keep.all() else filtered(batch.columns, keep), int((~keep).sum()))
    return run.sieve.split(batch.columns, places, keep=keep)


def _raw(chunk: bytes, records: PlainBlock | Records, row: int) -> bytes:
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
        text = run.cutter.decode(raw)
        damage.add(run.explained(Damaged(found.row, run.columns[index], found.reason, found.message, raw, text)))
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
        message = f"the record has {counted(found, 'column')}, {len(run.columns)} are declared"
        run.set_aside(run.sieve, (record_no, offset, length), "REC-COLUMNS", message, raw)
