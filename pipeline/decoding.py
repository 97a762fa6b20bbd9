"""`blueline decode`: what we make of a file, by its spec alone: no store, no warehouse, no run.

It calls the very same decoders and transforms as the pipeline, so what it shows is what a run would do.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from billing.errors import ContractError, SourceError
from billing.file_specs import AnyFile, DbfFile, SqlFile
from billing.lineage import Split, no_rejects
from billing.model import ENTITIES, normalised_schema
from billing.registry import Source
from extractors import sql
from extractors.base import FileFacts, LandedFile
from extractors.decode import decode
from extractors.delivery.packed import MEMO_SUFFIXES, is_read_with
from pipeline.landed import RawBytes
from pipeline.lost_money import LostMoney
from pipeline.written import written

Kind = Literal["jsonl", "parquet"]
REJECTS_SUFFIX = ".rejects"
"""Follows the name of the table or entity whose rejects a file holds; no table is called so."""


@dataclass
class Decoded:
    """What was written.

    Attributes:
        rows: Table or entity -> rows written.
        aside: `(disposition, reason)` -> rows of the rejects files.
        paths: The files, each table's rejects behind it.
        notes: What the decoders found out about the files.
    """

    rows: Counter[str] = field(default_factory=Counter)
    aside: Counter[tuple[str, str]] = field(default_factory=Counter)
    paths: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def decode_files(
    source: Source,
    paths: Sequence[Path],
    out: Path,
    *,
    kind: Kind = "jsonl",
    file_name: str | None = None,
    entity: str | None = None,
    batch_rows: int = 65_536,
) -> Decoded:
    """Decode files into two output files a table: its rows, and its rejects.

    Every reject has the file's name, and its record's place and bytes; of a value that a decoder flagged, the value's
    bytes.

    Args:
        source: The spec.
        paths: Files of its delivery, wherever they lie; memos of the DBF tables among them are read with their tables.
        out: Folder of the output, made where it is missing; files of the same table or entity are replaced, when all
            is done, and no others.
        kind: JSON lines (decimals as text, so that no reader makes floats of them; bytes in hex) or Parquet.
        file_name: Name of the file spec that describes every path; default is the one whose pattern fits.
        entity: Write this canonical entity, conformed and normalised, instead of the raw tables.
        batch_rows: Most rows of a batch.

    Raises:
        ContractError: No file spec or mapping fits.
        SourceError: A file as a whole cannot be decoded.
    """
    done = Decoded()
    with ExitStack() as stack:
        with written(out):
            out.mkdir(parents=True, exist_ok=True)
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=out, prefix=".decode-")))
        writers: dict[str, _JsonLines | _Parquet] = {}

        def write(name: str, rows: pa.RecordBatch) -> None:
            if name not in writers:
                path = folder / f"{name}.{kind}"
                opened = _JsonLines(path) if kind == "jsonl" else _Parquet(path, rows.schema)
                writers[name] = opened
                stack.callback(opened.close)
            writers[name].write(rows)

        given = _without_memos(source, paths, file_name)
        landed = [pair for path in given for pair in _landed(source, path, file_name, folder)]
        splits = _raw(source, landed, done, batch_rows)
        raw = RawBytes([file for _, file in landed], flagged=True)
        for split in splits if entity is None else _entity(source, entity, landed, splits, done, batch_rows):
            write(split.table, split.kept)
            done.rows[split.table] += split.kept.num_rows
            write(f"{split.table}{REJECTS_SUFFIX}", raw.fill(split.rejects))
            for row in split.rejects.select(["disposition", "reason"]).to_pylist():
                done.aside[row["disposition"], row["reason"]] += 1
        for writer in writers.values():
            writer.close()
        for name in writers:
            final = out / f"{name}.{kind}"
            (folder / f"{name}.{kind}").replace(final)
            done.paths.append(final)
    return done


# --- files -----------------------------------------------------------------------------------------------------


def _without_memos(source: Source, paths: Sequence[Path], file_name: str | None) -> list[Path]:
    """The files without the memos of the DBF tables among them."""
    tables = [
        path
        for path in paths
        if path.suffix.casefold() not in MEMO_SUFFIXES
        and any(isinstance(spec, DbfFile) for spec in _fitting(source, path, file_name))
    ]
    return [path for path in paths if not is_read_with(path, tables)]


def _landed(source: Source, path: Path, file_name: str | None, folder: Path) -> Iterator[tuple[AnyFile, LandedFile]]:
    """A file where it lies, as the decoders take it; a database's result sets are dumped first."""
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise SourceError(f"the file {what}", file=str(path), remedy="name a file that is there")
    spec = _spec_of(source, path, file_name)
    if isinstance(spec, SqlFile):
        dumps = folder / f"dump-{path.name}"
        dumps.mkdir()
        for dump in sql.dump(source, spec, path, path.name, dumps):
            yield spec, replace(_file(dump.path, f"{path.name}/{dump.path.stem}", spec), extraction=dump.extraction)
    else:
        yield spec, _file(path, path.name, spec)


def _file(path: Path, name: str, spec: AnyFile) -> LandedFile:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return LandedFile(path, name, sha256, path.stat().st_size, spec.name)


def _spec_of(source: Source, path: Path, file_name: str | None) -> AnyFile:
    fitting = _fitting(source, path, file_name)
    if len(fitting) != 1:
        known = ", ".join(f"{s.name} ({s.pattern})" for s in source.spec.files)
        found = f"{len(fitting)} file specs fit" if fitting else f"there is no file spec {file_name!r}"
        if not fitting and file_name is None:
            found = "no file spec fits"
        raise ContractError(found, file=str(path), remedy=f"name one with --file: {known}")
    return fitting[0]


def _fitting(source: Source, path: Path, file_name: str | None) -> list[AnyFile]:
    """The file specs that may describe a file: the named one, the only one, or those whose pattern fits."""
    specs = source.spec.files
    if file_name is not None:
        return [s for s in specs if s.name == file_name]
    return specs if len(specs) == 1 else [s for s in specs if s.pattern and path.match(s.pattern)]


# --- tables and entities ---------------------------------------------------------------------------------------


def _raw(source: Source, landed: list[tuple[AnyFile, LandedFile]], done: Decoded, batch_rows: int) -> Iterator[Split]:
    money = LostMoney(source.spec)
    for spec, file in landed:
        facts = FileFacts()
        for split in decode(source, spec, file, facts, batch_rows=batch_rows):
            yield replace(split, rejects=money.price(split))
        done.notes += [f"{file.name}: {note}" for note in facts.notes]


def _entity(
    source: Source,
    entity: str,
    landed: list[tuple[AnyFile, LandedFile]],
    splits: Iterator[Split],
    done: Decoded,
    batch_rows: int,
) -> Iterator[Split]:
    from transforms.conform import Lookups, conform
    from transforms.normalise import normalise

    if entity not in ENTITIES:
        raise ContractError(f"unknown entity {entity!r}", remedy=f"one of {', '.join(ENTITIES)}")
    tables = {table for spec, _ in landed for table in spec.tables}
    mappings = [m for m in source.spec.maps(entity) if m.table in tables]
    if not mappings:
        wanted = ", ".join(m.table for m in source.spec.maps(entity)) or "no table at all"
        raise ContractError(
            f"{entity} is made of {wanted}; these files yield {', '.join(sorted(tables))}",
            file=str(source.folder),
            remedy="name the file that it is made of, or another entity",
        )
    lookups = Lookups.of(mappings)
    needed = lookups.needed()
    if missing := sorted(set(needed) - tables):
        raise ContractError(
            f"{entity} looks values up in {', '.join(missing)}", remedy="name the file of that table, too"
        )
    if needed:  # a first pass over the tables that are looked up
        for split in _raw(
            source, [pair for pair in landed if set(pair[0].tables) & set(needed)], Decoded(), batch_rows
        ):
            if split.table in needed:
                lookups.add(split.table, split.kept.select(needed[split.table]))
    yield Split(entity, _no_rows(entity), no_rejects())
    for split in splits:
        if split.table in {m.table for m in mappings}:
            yield Split(entity, _no_rows(entity), split.rejects)
        for mapping in mappings:
            if mapping.table == split.table:
                conformed = conform(source.spec, mapping, split.kept, lookups)
                cleaned = normalise(source.spec, entity, conformed.kept)
                yield Split(entity, cleaned.kept, pa.concat_batches([conformed.rejects, cleaned.rejects]))


def _no_rows(entity: str) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], schema=normalised_schema(entity))


# --- writing ---------------------------------------------------------------------------------------------------


class _JsonLines:
    """One JSON object a row; decimals as text, bytes in hex, dates in ISO form."""

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600)  # decoded records are personal data in clear
        self._file = path.open("w", encoding="utf-8")

    def write(self, rows: pa.RecordBatch) -> None:
        for row in rows.to_pylist():
            self._file.write(json.dumps(row, ensure_ascii=False, default=_plain) + "\n")

    def close(self) -> None:
        self._file.close()


class _Parquet:
    """One Parquet file, the columns with their Arrow types."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        path.touch(mode=0o600)
        self._writer = pq.ParquetWriter(path, schema)

    def write(self, rows: pa.RecordBatch) -> None:
        if rows.num_rows:
            self._writer.write_batch(rows)

    def close(self) -> None:
        self._writer.close()


def _plain(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
