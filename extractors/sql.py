"""SQL databases: every result set is dumped once, as text, and the dump is what was landed.

The dump is a UTF-8 file with a header line, commas, and every value between quotes; nothing at all between the commas
is NULL.  So a row of a database has bytes with an offset and a length like a record of any file, an auditor can read
them, and the same data dumped again gives the same bytes (rows are ordered by the declared key).

Values are written exactly: a NUMERIC as its digits, never through a float; a binary float as the shortest text that
means the same number; dates and times in ISO form.  SQLite gives no column a type of its own, so there the digits are
taken as the database itself writes them.

All result sets of a database come from one read-only transaction: one state of the data.
"""

from __future__ import annotations

import csv
import datetime as dt
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    NoSuchModuleError,
    NoSuchTableError,
    OperationalError,
    SQLAlchemyError,
)

from billing.errors import ContractError, SourceError, SourceUnavailable
from billing.file_specs import AnyFile, DelimitedFile, SqlFile, SqlTable
from billing.lineage import Split
from billing.registry import SPEC_FILE, Source, expand_variables
from extractors import delimited
from extractors.base import FileFacts, LandedFile

DUMP_SUFFIX = ".csv"
FETCH_ROWS = 20_000
LOCK_SECONDS = 10


def dump(source: Source, spec: SqlFile, database: Path | None, name: str, folder: Path) -> Iterator[Path]:
    """Write every result set of a database to a file of its own.

    Args:
        source: The declared source.
        spec: The database's spec.
        database: The SQLite file, where the spec has a pattern.
        name: What messages call the database.
        folder: Where the files go; they are called like the raw tables.

    Yields:
        Each finished file.

    Raises:
        SourceUnavailable: The database does not answer or is locked.
        SourceError: It answers, but not to these queries: a table or column is missing, the file is no database.
        ContractError: The URL cannot be used.
    """
    engine = _engine(source, spec, database)
    try:
        with _explained(source, name), engine.connect() as connection, connection.begin():
            for result in spec.results:
                path = folder / f"{result.name}{DUMP_SUFFIX}"
                _dump_result(connection, result, path, {"source_id": source.id, "file": name})
                yield path
    finally:
        engine.dispose()


def decode(
    source: Source, file_spec: AnyFile, landed: LandedFile, facts: FileFacts, *, batch_rows: int
) -> Iterator[Split]:
    """Read a dump; every column is text.

    Args:
        source: The declared source.
        file_spec: The database's spec.
        landed: One dump.
        facts: Filled while decoding.
        batch_rows: Most rows of a batch.

    Yields:
        Batches of the raw table.

    Raises:
        SourceError: The result set lacks a column that the source's entities read.
    """
    assert isinstance(file_spec, SqlFile)
    text = DelimitedFile(
        name=landed.path.stem, pattern=landed.path.name, format="delimited", code_page="utf-8", delimiter=","
    )
    yield from delimited.decode(source, text, landed, facts, batch_rows=batch_rows)


# --- connecting ------------------------------------------------------------------------------------------------


def _engine(source: Source, spec: SqlFile, database: Path | None) -> sa.Engine:
    if database is not None:
        return _sqlite(database)
    where = str(source.folder / SPEC_FILE)
    url = expand_variables(spec.url or "", where=where)
    try:
        parsed = sa.make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database and parsed.database != ":memory:":
            return _sqlite(Path(parsed.database))
        if parsed.get_backend_name() == "postgresql":
            # one state of the data for all result sets, and no way to change any of it
            return sa.create_engine(
                parsed,
                poolclass=sa.NullPool,
                isolation_level="REPEATABLE READ",
                execution_options={"stream_results": True, "postgresql_readonly": True},
            )
        return sa.create_engine(parsed, poolclass=sa.NullPool, execution_options={"stream_results": True})
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise ContractError(
            f"the database URL of {spec.name} cannot be used: {error}",
            file=where,
            remedy="give a SQLAlchemy URL whose driver is installed",
        ) from None


def _sqlite(database: Path) -> sa.Engine:
    uri = f"file:{quote(str(database.absolute()))}?mode=ro"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            uri, uri=True, timeout=LOCK_SECONDS, isolation_level=None, detect_types=sqlite3.PARSE_DECLTYPES
        )
        connection.execute("PRAGMA query_only = 1")
        return connection

    # A declared NUMERIC that holds a fraction is a float inside SQLite; asked for as text it gives its digits.
    for declared in ("NUMERIC", "DECIMAL", "MONEY", "NUMBER"):
        sqlite3.register_converter(declared, _as_written)
    for declared in ("DATE", "TIMESTAMP", "DATETIME"):
        sqlite3.register_converter(declared, _as_written)
    engine = sa.create_engine("sqlite://", creator=connect, poolclass=sa.NullPool)
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _as_written(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


@contextmanager
def _explained(source: Source, name: str) -> Iterator[None]:
    """Tell a database that is down from one that was asked the wrong thing."""
    where = {"source_id": source.id, "file": name}
    try:
        yield
    except NoSuchTableError as error:
        raise SourceError(
            f"the database has no table {error}", **where, remedy="correct the result's source in source.toml"
        ) from None
    except (OperationalError, InterfaceError) as error:
        text = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
        if isinstance(error.orig, sqlite3.Error) and "locked" not in text and "unable to open" not in text:
            raise SourceError(
                f"the database refused the query: {text}", **where, remedy="correct the result in source.toml"
            ) from None
        raise SourceUnavailable(
            f"the database does not answer: {text}",
            **where,
            remedy="check that it is up and reachable and that nobody locks it, then run the source again",
        ) from None
    except DBAPIError as error:
        text = str(error.orig).strip().splitlines()[0]
        raise SourceError(
            f"the database refused: {text}",
            **where,
            remedy="correct the result in source.toml or have the file sent again",
        ) from None
    except SQLAlchemyError as error:
        raise SourceError(f"the database cannot be read: {error}", **where, remedy="see the message") from None


# --- dumping ---------------------------------------------------------------------------------------------------


def _dump_result(connection: sa.Connection, result: SqlTable, path: Path, where: dict[str, str]) -> None:
    rows = connection.execution_options(yield_per=FETCH_ROWS).execute(_query(connection, result))
    # SQLite takes a quoted name that it does not know for a text, and would order by nothing at all
    if missing := [column for column in result.key if column not in set(rows.keys())]:
        raise SourceError(
            f"the result {result.name} has no column {', '.join(missing)} to order it by",
            **where,
            remedy="correct its key in source.toml",
        )
    with path.open("w", encoding="utf-8", newline="", errors="surrogateescape") as file:
        # QUOTE_NOTNULL would say it all, but is younger than Python 3.11
        csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL).writerow(rows.keys())
        for chunk in rows.partitions(FETCH_ROWS):
            file.writelines(_lines(chunk))


def _query(connection: sa.Connection, result: SqlTable) -> sa.TextClause:
    """The result's statement, its rows in the order of the key."""
    quoted = connection.dialect.identifier_preparer.quote
    order = ", ".join(quoted(column) for column in result.key)
    if result.source is not None:
        table = ".".join(quoted(part) for part in result.source.split("."))
        return sa.text(f"SELECT * FROM {table} ORDER BY {order}")
    query = (result.query or "").strip().rstrip(";").replace(":", r"\:")
    return sa.text(f"SELECT * FROM ({query}) AS result ORDER BY {order}")


def _lines(rows: Sequence[sa.Row[tuple[object, ...]]]) -> Iterator[str]:
    for row in rows:
        yield ",".join(["" if value is None else f'"{_text(value)}"' for value in row]) + "\n"


def _text(value: object) -> str:
    """A value between quotes, exactly."""
    if type(value) is str:
        text = value
    elif isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, Decimal):
        text = f"{value:f}"
    elif isinstance(value, dt.datetime):
        text = value.isoformat(sep=" ")
    elif isinstance(value, bytes | memoryview):
        text = bytes(value).hex()
    else:
        text = str(value)  # a float as the shortest text that means it, a date in ISO form
    return text.replace('"', '""') if '"' in text else text
