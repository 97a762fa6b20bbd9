"""SQLite: a file of the delivery, opened for reading only, in one read transaction.

SQLite gives a column no type of its own, so digits are taken as the database itself writes them.  A NUMERIC with a
fraction is a binary float inside; where an entity reads it as money, the number of such values is told.

The file comes from outside: its schema is not trusted (no function with side effects in a view), and a statement that
takes too long is interrupted.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import quote

import sqlalchemy as sa

from billing.errors import SourceError
from billing.file_specs import SqlFile
from extractors.databases import session
from extractors.databases.session import BLOB_MARK, Column, Kind, Session, pieces, quoted

_TICKS = 10_000  # virtual machine steps between two looks at the clock
_FORMAT_AT, _WITH_LOG = 18, b"\2\2"
_STORED: dict[str, Kind] = {"integer": "integer", "real": "decimal", "text": "text", "blob": "bytes"}


def engine(database: Path, spec: SqlFile) -> sa.Engine:
    """An engine that can do nothing but read this file."""
    uri = f"file:{quote(str(database.absolute()))}?mode=ro"
    if spec.url is None and _is_at_rest(database):
        uri += "&immutable=1"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            uri, uri=True, timeout=session.LOCK_SECONDS, isolation_level=None, detect_types=sqlite3.PARSE_DECLTYPES
        )
        connection.execute("PRAGMA query_only = 1")
        connection.execute("PRAGMA trusted_schema = 0")
        connection.execute("PRAGMA cell_size_check = 1")
        return connection

    # A declared NUMERIC that holds a fraction is a float inside SQLite; asked for as text it gives its digits.
    for declared in ("NUMERIC", "DECIMAL", "MONEY", "NUMBER", "DATE", "TIMESTAMP", "DATETIME"):
        sqlite3.register_converter(declared, _as_written)
    made = sa.create_engine("sqlite://", creator=connect, poolclass=sa.NullPool)
    sa.event.listen(made, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return made


def _is_at_rest(database: Path) -> bool:
    """A file that keeps a write-ahead log, without one beside it: nobody has it open.

    Read like any other, it would be given a new log and an index of it, in a folder that is its sender's and may be
    read-only.
    """
    try:
        with database.open("rb") as file:
            file.seek(_FORMAT_AT)
            keeps_log = file.read(2) == _WITH_LOG
    except OSError:
        return False  # opening it says why
    return keeps_log and not database.with_name(f"{database.name}-wal").exists()


def _as_written(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


class SqliteSession(Session):
    """See the module."""

    def __init__(self, connection: sa.Connection, spec: SqlFile) -> None:
        super().__init__("utf-8")
        self._preparer = connection.dialect.identifier_preparer
        self._driver = cast("sqlite3.Connection", connection.connection.driver_connection)
        # bytes that are no UTF-8 go through as they are: the decoder knows the declared page
        self._driver.text_factory = _as_written
        self._seconds = spec.statement_timeout_seconds
        self._until = float("inf")
        self._driver.set_progress_handler(lambda: int(time.monotonic() > self._until), _TICKS)

    def _run(self, statement: str) -> sqlite3.Cursor:
        self._until = time.monotonic() + self._seconds
        return self._driver.execute(statement)

    def quote(self, name: str) -> str:
        """A name between double quotes."""
        return quoted(self._preparer, name)

    def columns(self, body: str) -> list[Column]:
        """Names only: every value has its own type."""
        cursor = self._run(f"SELECT * FROM {body} LIMIT 0")
        return [Column(str(column[0]), "other", "") for column in cursor.description or ()]

    def examined(self, columns: Sequence[Column], body: str) -> list[Column]:
        """Which columns hold bytes: all of their values, or only some."""
        blobs = self._where_any(columns, "= 'blob'", body)
        others = self._where_any(blobs, "NOT IN ('blob', 'null')", body)
        return [
            replace(column, has_blobs=True)
            if column in others
            else replace(column, kind="bytes", type="BLOB")
            if column in blobs
            else column
            for column in columns
        ]

    def _where_any(self, columns: Sequence[Column], condition: str, body: str) -> list[Column]:
        """Those of the columns with a value whose storage class meets a condition."""
        if not columns:
            return []
        tests = ", ".join(f"MAX(typeof({self.quote(column.name)}) {condition})" for column in columns)
        found = self._run(f"SELECT {tests} FROM {body}").fetchone()
        return [column for column, any_ in zip(columns, found, strict=True) if any_]

    def rendered(self, column: Column) -> str:
        """Bytes in hex, with a mark where the other values of the column are none."""
        name = self.quote(column.name)
        if column.kind != "bytes" and not column.has_blobs:
            return name
        mark = f"char({ord(BLOB_MARK)}) || " if column.has_blobs else ""
        return f"CASE typeof({name}) WHEN 'blob' THEN {mark}lower(hex({name})) ELSE {name} END AS {name}"

    def ordered(self, column: Column) -> str:
        """Texts by their bytes, whatever collation was declared."""
        return f"{self.quote(column.name)} COLLATE BINARY"

    def highest(self, column: Column) -> str:
        """As it is: a cast would round a binary float, perhaps up, and rows of that very value would be missed."""
        return f"MAX({self.compared(column)})"

    def kind_of_key(self, column: Column, body: str) -> Kind:
        """The one storage class of all its values.

        Raises:
            SourceError: There are several, so that no order of them is the order of a merge.
        """
        name = self.quote(column.name)
        # one that is quoted but not known would be a text to SQLite; `columns` has seen it
        found = self._run(f"SELECT DISTINCT typeof({name}) FROM {body} WHERE {name} IS NOT NULL").fetchall()
        stored = {_STORED[str(row[0])] for row in found}
        if stored == {"integer", "decimal"}:
            stored = {"decimal"}
        if len(stored) > 1:
            raise SourceError(
                f"the column {column.name} holds {' and '.join(sorted(stored))} values",
                column=column.name,
                remedy="choose a key whose values are all of one kind, or cast it in a query",
            )
        return stored.pop() if stored else "text"

    def floats(self, column: Column, body: str) -> str:
        """Values of the storage class REAL."""
        name = self.quote(column.name)
        count = self._run(f"SELECT count(*) FROM {body} WHERE typeof({name}) = 'real'").fetchone()[0]
        return f"has {count} values of the storage class REAL" if count else ""

    def literal(self, column: Column, text: str) -> str:
        """A number or a text, as the column holds it."""
        return text if column.kind in ("integer", "decimal") else "'" + text.replace("'", "''") + "'"

    def one(self, select: str) -> list[str | None]:
        """The first row."""
        row: tuple[Any, ...] = self._run(select).fetchone() or ()
        return [None if value is None else str(value) for value in row]

    def write(self, select: str, columns: Sequence[Column], file: BinaryIO) -> None:
        """Stream rows through SQLite's own cursor."""
        for piece in pieces(self._run(select).fetchmany):
            file.write(piece.encode("utf-8", "surrogateescape"))
