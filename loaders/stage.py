"""Parquet into unlogged staging tables, by COPY, a record batch at a time.

A staging table has the columns of its canonical entity; source and file are small numbers instead of names and
hashes.  Tables are made, filled and analysed in one transaction each, so several may be filled at the same time over
connections of their own, and `FREEZE` spares the merge the work of setting hint bits.

Text goes through `pyarrow.csv`, which writes decimals exactly and null as nothing (an empty text is `""`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from billing.errors import LoadError
from billing.model import ENTITIES
from loaders.columns import KEY_TYPE, staging_columns

LINEAGE_COLUMNS = [
    ("source_id", "smallint NOT NULL"),
    ("file_id", "integer"),
    ("record_no", "bigint NOT NULL"),
    ("byte_offset", "bigint NOT NULL"),
    ("byte_length", "integer NOT NULL"),
]
_KEY = KEY_TYPE.format(length=64)
_CLUSTER = 'text COLLATE "C" NOT NULL'
IDENTITY_COLUMNS: dict[str, list[tuple[str, str]]] = {
    "cluster": [("source_id", "smallint NOT NULL"), ("subscriber_key", f"{_KEY} NOT NULL"), ("cluster_key", _CLUSTER)],
    "party": [
        ("cluster_key", _CLUSTER), ("display_name", "text"),
        *((n, t) for n, t in staging_columns("subscriber") if n in {
            "kind", "first_name", "last_name", "company_name", "birth_date", "sex", "segment",
        }),
        ("members", "integer NOT NULL"),
    ],
    "identification": [
        ("cluster_key", _CLUSTER), ("kind", "text NOT NULL"), ("value_hash", "bytea NOT NULL"),
        ("value_masked", "text NOT NULL"), ("value_clear", "text NOT NULL"),
    ],
    "edge": [
        ("left_source_id", "smallint NOT NULL"), ("left_key", f"{_KEY} NOT NULL"),
        ("right_source_id", "smallint NOT NULL"), ("right_key", f"{_KEY} NOT NULL"),
        ("match_weight", "numeric(12, 6)"), ("match_probability", "numeric(12, 9)"),
        ("outcome", "text NOT NULL"), ("reason", "text"), ("rule", "text"), ("levels", "text"), ("weights", "text"),
    ],
    "provenance": [
        ("cluster_key", _CLUSTER), ("field", "text NOT NULL"), ("source_id", "smallint NOT NULL"),
        ("subscriber_key", f"{_KEY} NOT NULL"), ("rule", "text"), ("value", "text"), ("lost", "text"),
    ],
}  # fmt: skip
REJECT_COLUMNS = [
    ("file_name", "text"), ("step", "text NOT NULL"), ("entity", "text NOT NULL"), ("source_key", "text"),
    ("account_key", "text"), ("disposition", "text NOT NULL"), ("level", "text NOT NULL"),
    ("reason", "text NOT NULL"), ("field", "text"), ("value_masked", "text"), ("message", "text NOT NULL"),
    ("amount", "numeric(18, 2)"), ("currency", "text"), ("raw", "bytea"),
    *LINEAGE_COLUMNS,
]  # fmt: skip


@dataclass(frozen=True)
class Numbers:
    """The small numbers that stand for sources and files in the warehouse.

    Attributes:
        sources: Source id of the declaration -> `control.source.source_id`.
        files: (source id of the declaration, SHA-256) -> `control.source_file.file_id`.
    """

    sources: Mapping[str, int]
    files: Mapping[tuple[str, str], int] = field(default_factory=dict)


Convert = Callable[[pa.RecordBatch, Numbers], pa.RecordBatch]


def columns_of(table: str) -> list[tuple[str, str]]:
    """Name and SQL type of a staging table's columns."""
    if table in IDENTITY_COLUMNS:
        return IDENTITY_COLUMNS[table]
    if table == "reject":
        return REJECT_COLUMNS
    return [*staging_columns(table), *LINEAGE_COLUMNS]


def stage(
    connection: psycopg.Connection,
    table: str,
    parquet_files: Sequence[str],
    numbers: Numbers,
    *,
    convert: Convert | None = None,
    batch_rows: int = 65_536,
) -> int:
    """Make one staging table and fill it; no file makes an empty table.

    Args:
        connection: Without an open transaction; one is begun and committed.
        table: A canonical entity, or a table of `IDENTITY_COLUMNS`, or `reject`.
        parquet_files: Paths of files that hold its columns (a missing column is null).
        numbers: Numbers of the sources and files that occur.
        convert: What turns a batch of the files into columns of the table; by default `number_lineage` for
            tables with lineage and `number_sources` for others.
        batch_rows: Rows held at a time.

    Returns:
        Rows staged.

    Raises:
        LoadError: A row names a source or a file that is not registered.
        psycopg.Error: The server refused a value, or is gone.
    """
    columns = columns_of(table)
    if convert is None:
        convert = number_lineage if ("record_no", "bigint NOT NULL") in columns else number_sources
    rows = 0
    declared = ", ".join(f'"{name}" {kind}' for name, kind in columns)
    names = [name for name, _ in columns]
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(f"CREATE UNLOGGED TABLE staging.{table} ({declared}) WITH (autovacuum_enabled = false)")
        with cursor.copy(f"COPY staging.{table} FROM STDIN WITH (FORMAT csv, FREEZE)") as copy:
            for path in parquet_files:
                for batch in read(path, batch_rows):
                    converted = convert(batch, numbers)
                    rows += converted.num_rows
                    if converted.num_rows:
                        copy.write(to_csv(_in_order(converted, names)))
        cursor.execute("SET LOCAL default_statistics_target = 10")  # the joins need sizes, not histograms
        cursor.execute(f"ANALYZE staging.{table}")
    return rows


def read(path: str, batch_rows: int) -> Iterator[pa.RecordBatch]:
    """The batches of a Parquet file, in order."""
    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(batch_size=batch_rows)


def to_csv(batch: pa.RecordBatch) -> bytes:
    """A batch as CSV without header, in the form that COPY reads back exactly.

    >>> to_csv(pa.record_batch({"a": ["x", None, ""], "b": ["1,5", 'say "no"', None]}))
    b'"x","1,5"\\n,"say ""no\"\"\"\\n"",\\n'
    """
    sink = pa.BufferOutputStream()
    pacsv.write_csv(batch, sink, pacsv.WriteOptions(include_header=False, quoting_style="needed"))
    data: bytes = sink.getvalue().to_pybytes()
    # PostgreSQL stores no NUL character; its visible picture keeps the place where a damaged text had one
    return data.replace(b"\0", "␀".encode()) if b"\0" in data else data


def number_lineage(batch: pa.RecordBatch, numbers: Numbers) -> pa.RecordBatch:
    """Replace `source_id` and `file_sha256` by their numbers."""
    sources = batch.column("source_id").unique().to_pylist()
    if len(sources) > 1:  # a batch that spans sources is rare: files are written per source
        parts = [batch.filter(pc.equal(batch.column("source_id"), source)) for source in sources]
        whole = pa.Table.from_batches([number_lineage(part, numbers) for part in parts])
        return whole.combine_chunks().to_batches()[0]
    hashes = batch.column("file_sha256").dictionary_encode()
    found = []
    for sha in hashes.dictionary.to_pylist():
        if (sources[0], sha) not in numbers.files:
            raise LoadError(
                f"rows come from a file that the batch does not name ({sha[:12]}...)",
                source_id=sources[0],
                remedy="register every landed file of the batch before staging",
            )
        found.append(numbers.files[sources[0], sha])
    files = pa.array(found, pa.int32()).take(hashes.indices)
    numbered = number_sources(batch, numbers)
    position = numbered.schema.get_field_index("file_sha256")
    return numbered.set_column(position, "file_id", files)


def number_sources(batch: pa.RecordBatch, numbers: Numbers) -> pa.RecordBatch:
    """Replace every `...source_id` column by the sources' numbers."""
    for name in batch.schema.names:
        if not name.endswith("source_id") or batch.num_rows == 0:
            continue
        codes = batch.column(name).cast(pa.string()).dictionary_encode()
        unknown = [c for c in codes.dictionary.to_pylist() if c not in numbers.sources]
        if unknown:
            raise LoadError(f"rows name the source {unknown[0]!r}, which the batch does not")
        small = pa.array([numbers.sources[c] for c in codes.dictionary.to_pylist()], pa.int16())
        batch = batch.set_column(batch.schema.get_field_index(name), name, small.take(codes.indices))
    return batch


def _in_order(batch: pa.RecordBatch, names: list[str]) -> pa.RecordBatch:
    arrays = []
    for name in names:
        position = batch.schema.get_field_index(name)
        array = batch.column(position) if position >= 0 else pa.nulls(batch.num_rows, pa.string())
        if pa.types.is_binary(array.type) or pa.types.is_large_binary(array.type):
            array = pa.array([None if v is None else "\\x" + v.hex() for v in array.to_pylist()], pa.string())
        elif pa.types.is_dictionary(array.type):
            array = array.cast(array.type.value_type)
        arrays.append(array)
    return pa.RecordBatch.from_arrays(arrays, names)


ENTITY_TABLES = tuple(ENTITIES)
