"""Does a declaration fit what its files really hold?  Checked before a mapping is run, column by column."""

from __future__ import annotations

import difflib
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

import pyarrow as pa

from billing.errors import ContractError, Fault
from billing.file_specs import AnyFile, Camt053File, Elixir0File, MainframeFile, Mt940File
from billing.lineage import Split
from billing.reasons import REASONS
from billing.registry import SPEC_FILE, Source
from billing.spec import EntityMap
from billing.text_specs import DelimitedFile, FixedWidthFile, XmlFile
from extractors.base import FileFacts
from extractors.databases.extraction import Fetching
from pipeline.context import Context
from pipeline.delivered import delivered

_FIRST_ROWS = 1_000
_ENOUGH_ROWS = 3  # fewer are no pattern


def check_columns(source: Source, table: str, columns: Collection[str]) -> None:
    """Every raw column that the mappings read from a table must exist in it.

    Args:
        source: The source.
        table: A raw table.
        columns: Names that it has.

    Raises:
        ContractError: Names every key of the spec that reads a column that is not there.
    """
    problems = misreadings(source, table, columns)
    if problems:
        raise ContractError.of(
            problems, file=str(source.folder / SPEC_FILE), remedy=f"{table} has {', '.join(c for c in columns)}"
        )


def misreadings(source: Source, table: str, columns: Collection[str]) -> list[Fault]:
    """As `check_columns`: every key of the spec that reads a column that is not there."""
    every = f"{table} has {', '.join(columns)}"
    return [
        Fault(
            f"entities.{mapping.name}.{key}",
            f"reads column {column!r}, which {table} has not",
            _nearest(column, columns) or every,
        )
        for mapping in source.spec.entities
        for key, column in _reads(mapping, table)
        if column not in columns
    ]


def _reads(mapping: EntityMap, table: str) -> Iterator[tuple[str, str]]:
    for name, rule in mapping.fields.items():
        if mapping.table == table:
            for column in rule.inputs:
                yield f"fields.{name}", column
        if rule.lookup and rule.lookup.table == table:
            yield f"fields.{name}.lookup.key", rule.lookup.key
            yield f"fields.{name}.lookup.take", rule.lookup.take
    if mapping.table == table:
        for where in mapping.where:
            yield "where", where.column


def _nearest(column: str, columns: Collection[str]) -> str:
    near = difflib.get_close_matches(column, columns, n=1)
    return f"is it {near[0]!r}?" if near else ""


def static_columns(source: Source, file: AnyFile) -> dict[str, list[str]]:
    """Columns of a file's raw tables as far as the declaration alone tells; no byte of a delivery is read."""
    if isinstance(file, MainframeFile):
        from extractors.mainframe.plan import raw_schemas

        return {table: schema.names for table, schema in raw_schemas(source, file).items()}
    if isinstance(file, FixedWidthFile):
        tables: dict[str, list[str]] = {}
        for record in file.records:
            tables.setdefault(record.table, []).extend(c.name for c in record.columns)
        return tables
    if isinstance(file, XmlFile):
        return {record.table: list(record.columns) for record in file.records}
    if (schemas := _bank_schemas(file)) is not None:
        return {table: schema.names for table, schema in zip(file.tables, schemas, strict=True)}
    if isinstance(file, DelimitedFile) and file.columns:
        return {file.name: file.columns}
    return {}


def _bank_schemas(file: AnyFile) -> tuple[pa.Schema, ...] | None:
    """Schemas of the raw tables of a bank's format, in the order of the file's tables."""
    if isinstance(file, Mt940File):
        from extractors.bank import mt940

        return mt940.STATEMENTS, mt940.ENTRIES
    if isinstance(file, Camt053File):
        from extractors.bank import camt053

        return camt053.STATEMENTS, camt053.ENTRIES, camt053.TRANSACTIONS
    if isinstance(file, Elixir0File):
        from extractors.bank import elixir0

        return (elixir0.ORDERS,)
    return None


def check_delivery(ctx: Context, source: Source) -> int:
    """Decode and conform the first records of every file of a delivery: do the columns and their forms fit the rules?

    Returns:
        Number of raw tables that were found.

    Raises:
        ContractError: A mapping reads a column that is not there, or most of a column's first values break their rule.
        SourceError: A file cannot be read as declared.
    """
    from extractors.decode import decode
    from extractors.delivery.landing import land

    deliveries = ctx.settings.deliveries_path
    seen: set[str] = set()
    problems: list[Fault] = []
    with (
        tempfile.TemporaryDirectory(prefix="blueline-check-") as aside,
        delivered(ctx, source, Path(aside)) as folder,
    ):
        first = Fetching(first_rows=_FIRST_ROWS)
        for landed in [] if folder is None else land(source, deliveries, Path(aside), folder=folder, fetching=first):
            spec = source.spec.file(landed.file)
            tables = set(spec.tables)
            for split in decode(source, spec, landed, FileFacts(), batch_rows=_FIRST_ROWS):
                wrong = misreadings(source, split.table, split.kept.schema.names)
                if split.table not in seen:
                    problems += wrong or _misfits(source, split)
                seen.add(split.table)
                if tables <= seen:
                    break
    if problems:
        raise ContractError.of(
            problems,
            file=str(source.folder / SPEC_FILE),
            remedy="correct the rules; `blueline decode` shows the values as they were read",
        )
    return len(seen)


def _misfits(source: Source, split: Split) -> list[Fault]:
    """Rules that most of a table's first rows break; a rule that looks up needs all rows of the other table."""
    from transforms.conform import Lookups, conform

    found = []
    for mapping in source.spec.entities:
        if mapping.table != split.table or split.kept.num_rows < _ENOUGH_ROWS:
            continue
        looked_up = {name for name, rule in mapping.fields.items() if rule.lookup}
        rejects = conform(source.spec, mapping, split.kept, Lookups.of([mapping])).rejects
        faults = Counter(
            (row["field"], row["reason"])
            for row in rejects.select(["field", "reason"]).to_pylist()
            if row["field"] not in looked_up
        )
        found += [
            Fault(
                f"entities.{mapping.name}.fields.{name}",
                f"{count} of the first {split.kept.num_rows} rows of {split.table}: {REASONS[reason]}",
                "correct the rule; `blueline decode` shows the values as they were read",
            )
            for (name, reason), count in faults.items()
            if count > split.kept.num_rows / 2
        ]
    return found
