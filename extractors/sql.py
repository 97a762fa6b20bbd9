"""SQL databases: every result set is dumped once, as text, and the dump is what was landed.

The dump is a text file with a header line, commas, and every value between quotes; nothing at all between the commas
is NULL.  So a row of a database has bytes with an offset and a length like a record of any file, an auditor can read
them, and the same data dumped again gives the same bytes (rows are ordered by the declared key).

Values are written exactly: a NUMERIC as its digits, never through a float; a binary float as the shortest text that
means the same number, which is told where an entity reads it as money; dates and times in ISO form; bytes in hex, which
is told where an entity reads them.  Bytes among texts, as SQLite allows them, are flagged when the dump is read.

All result sets of a database come from one read-only transaction: one state of the data.  `extractors.databases` knows
how each kind of server gives it.

A result may be fetched by a watermark or compared with the published one.  What is landed is a whole dump all the same:
nothing behind this module has to know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from billing.errors import ContractError
from billing.file_specs import AnyFile, SqlFile
from billing.lineage import Split
from billing.registry import SPEC_FILE, Source, expand_variables
from billing.text_specs import DelimitedFile
from extractors.base import FileFacts, LandedFile
from extractors.damage import Damaged
from extractors.databases import mariadb, other, postgres, sqlite
from extractors.databases.extraction import WHOLE, Fetching
from extractors.databases.faults import Faults
from extractors.databases.result import Dump, Result
from extractors.databases.session import BLOB_MARK, Session
from extractors.databases.sqlite_logs import settled
from extractors.text import delimited
from extractors.text.spans import Cutter

_BLOB = re.compile(re.escape(BLOB_MARK).encode() + b"((?:[0-9a-f]{2})*)")
_NO_NAME = sa.URL.create("sqlite")


def dump(
    source: Source,
    spec: SqlFile,
    database: Path | None,
    name: str,
    folder: Path,
    *,
    fetching: Fetching = WHOLE,
) -> Iterator[Dump]:
    """Write every result set of a database to a file of its own.

    Args:
        source: The declared source.
        spec: The database's spec.
        database: The SQLite file, where the spec has a pattern.
        name: What messages call the database.
        folder: Where the files go; they are called like the raw tables.
        fetching: All of it, or the first rows; and what it may build on.

    Yields:
        Each finished file.

    Raises:
        SourceUnavailable: The database does not answer, is locked or too slow.
        SourceError: It answers, but not to these queries: a table or column is missing, the file is no database.
        ContractError: The URL cannot be used, or nobody knows the code page.
    """
    where = {"source_id": source.id, "file": name}
    Cutter(spec.code_page or "utf-8")  # a page that nobody knows is told before anything is asked
    with settled(database, folder, where) if database is not None else nullcontext() as file:
        yield from _dumped(source, spec, file, where, folder, fetching)


def _dumped(
    source: Source, spec: SqlFile, database: Path | None, where: dict[str, str], folder: Path, fetching: Fetching
) -> Iterator[Dump]:
    url, engine = _engine(source, spec, database)
    faults = Faults(where, url, spec.statement_timeout_seconds, engine.dialect.loaded_dbapi.Error)
    try:
        with faults.explained(), engine.connect() as connection:
            try:
                session = _session(connection, spec)
                for result in spec.results:
                    found = Result(source, spec, session, result, url, where)
                    yield found.land(folder, fetching)
            except BaseException:
                connection.invalidate()  # what a driver has not fetched is not worth waiting for
                raise
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
    if landed.extraction is not None:
        facts.notes += landed.extraction.told()
    text = DelimitedFile(
        name=landed.path.stem,
        pattern=landed.path.name,
        format="delimited",
        code_page=file_spec.code_page or "utf-8",
        delimiter=",",
    )
    yield from delimited.decode(source, text, landed, facts, batch_rows=batch_rows, explained=_explained)


def _explained(value: Damaged) -> Damaged:
    """Bytes among texts by their own reason, and as the database holds them.

    >>> value = _explained(Damaged(7, "UWAGI", "ENC-CTRL", "byte 00 is a control character", b"\\0ffd8"))
    >>> value.reason, value.raw
    ('SQL-BYTES', b'\\xff\\xd8')
    """
    if not (found := _BLOB.fullmatch(value.raw)):
        return value
    raw = bytes.fromhex(found[1].decode("ascii"))
    return replace(
        value, reason="SQL-BYTES", message=f"bytes ({len(raw)}) where other rows have a text", raw=raw, text=None
    )


# --- connecting ------------------------------------------------------------------------------------------------


def _engine(source: Source, spec: SqlFile, database: Path | None) -> tuple[sa.URL, sa.Engine]:
    if database is not None:
        return _NO_NAME, sqlite.engine(database, spec)
    where = str(source.folder / SPEC_FILE)
    text = expand_variables(spec.url or "", where=where)
    try:
        url = sa.make_url(text)
    except (ArgumentError, ValueError):  # whose message may hold a piece of the password
        raise ContractError(
            f"the database URL of {spec.name} cannot be read",
            file=where,
            remedy="give a SQLAlchemy URL; a password with @, : or / in it has to be percent-encoded",
        ) from None
    try:
        kind = url.get_backend_name()
        if kind == "sqlite" and url.database and url.database != ":memory:":
            return url, sqlite.engine(Path(url.database), spec)
        if kind == "postgresql" and url.drivername in ("postgresql", "postgresql+psycopg"):
            url = url.set(drivername="postgresql+psycopg")
            return url, postgres.engine(url, spec)
        if kind in ("mysql", "mariadb") and url.drivername in (kind, f"{kind}+pymysql"):
            url = url.set(drivername=f"{kind}+pymysql")
            return url, mariadb.engine(url, spec)
        return url, other.engine(url)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise ContractError(
            f"the database URL of {spec.name} cannot be used: {error}",
            file=where,
            remedy="give a SQLAlchemy URL whose driver is installed; MariaDB needs blueline-billing[mariadb]",
        ) from None


def _session(connection: sa.Connection, spec: SqlFile) -> Session:
    kind, driver = connection.dialect.name, connection.dialect.driver
    if kind == "sqlite":
        connection.begin()
        return sqlite.SqliteSession(connection, spec)
    if driver == "psycopg":
        return postgres.PostgresSession(connection, spec)
    if driver == "pymysql":
        return mariadb.MariaSession(connection, spec)
    return other.OtherSession(connection, spec)
