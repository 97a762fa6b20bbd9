"""MariaDB and MySQL, through PyMySQL: rows are streamed, each value in the text that the server itself sends.

No value is converted on the way: a DECIMAL is its digits, and a date that no calendar has (`0000-00-00`) stays what it
is, for the rules of the source to judge.  All results come from one consistent, read-only snapshot; tables of an engine
without transactions (MyISAM, Aria) have none, and are named.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, BinaryIO, cast

import numpy as np
import sqlalchemy as sa

from billing.file_specs import SqlFile, SqlTable
from extractors.databases.session import LOCK_SECONDS, Column, Kind, Session, pieces, quoted

GRACE_SECONDS = 30
WRITE_SECONDS = 600
BINARY = 63
"""The character set of what is no text."""

_KINDS: dict[int, Kind] = {
    0: "decimal", 1: "integer", 2: "integer", 3: "integer", 4: "float", 5: "float", 7: "timestamp", 8: "integer",
    9: "integer", 10: "date", 12: "timestamp", 13: "integer", 14: "date", 16: "bytes", 246: "decimal",
}  # fmt: skip
_NAMES = {0: "DECIMAL", 4: "FLOAT", 5: "DOUBLE", 246: "DECIMAL"}
_TEXTS = {15, 249, 250, 251, 252, 253, 254}
_SINGLE = "FLOAT"


def engine(url: sa.URL, spec: SqlFile) -> sa.Engine:
    """An engine whose connections speak UTF-8 and give up on a server that is silent for too long."""
    arguments = {
        "connect_timeout": spec.connect_timeout_seconds,
        "read_timeout": spec.statement_timeout_seconds + GRACE_SECONDS,
        "charset": "utf8mb4",
    }
    given = {name: value for name, value in arguments.items() if name not in url.query}
    return sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT", connect_args=given)


class MariaSession(Session):
    """See the module."""

    text_type = "CHAR"

    def __init__(self, connection: sa.Connection, spec: SqlFile) -> None:
        raw = spec.code_page is not None
        super().__init__("latin-1" if raw else "utf-8")
        self._raw = raw
        self._preparer = connection.dialect.identifier_preparer
        self._driver = cast(Any, connection.connection.driver_connection)
        self._driver.decoders = {}  # values stay the texts that the server sends
        self._database = str(connection.engine.url.database or "")
        seconds = spec.statement_timeout_seconds
        is_mariadb = getattr(connection.dialect, "is_mariadb", False)
        settings = [
            f"max_statement_time = {seconds}" if is_mariadb else f"max_execution_time = {seconds * 1000}",
            f"lock_wait_timeout = {LOCK_SECONDS}",
            f"net_write_timeout = {WRITE_SECONDS}",
            "sql_mode = ''",
            *([f"time_zone = {self._driver.escape(spec.time_zone)}"] if spec.time_zone else []),
            *(["character_set_results = NULL"] if raw else []),
        ]
        for setting in settings:
            connection.exec_driver_sql(f"SET SESSION {setting}".replace("%", "%%"))
        if raw:
            self._driver.encoding = "latin1"  # one character a byte, whatever the bytes mean
        connection.exec_driver_sql("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
        connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")

    def quote(self, name: str) -> str:
        """A name between backticks."""
        return quoted(self._preparer, name)

    def columns(self, body: str) -> list[Column]:
        """Columns by their type and character set."""
        with self._driver.cursor() as cursor:
            cursor.execute(_bytes(f"SELECT * FROM {body} LIMIT 0"))
            return [self._column(field) for field in cursor._result.fields]

    def _column(self, field: Any) -> Column:
        code = int(field.type_code)
        kind = _KINDS.get(code, "other")
        if code in _TEXTS:
            kind = "bytes" if field.charsetnr == BINARY else "text"
        name = str(field.name)
        if self._raw:  # names are in UTF-8, whatever texts are in
            name = name.encode("latin-1").decode("utf-8", "replace")
        return Column(name, kind, _NAMES.get(code, kind))

    def notes_on(self, result: SqlTable) -> list[str]:
        """Whether the table takes part in transactions at all."""
        if result.source is None:
            return []
        *schema, table = result.source.split(".")
        where = f"table_schema = {self._text(schema[0] if schema else self._database)}"
        engines = self.one(
            f"SELECT MAX(engine) FROM information_schema.tables WHERE {where} AND table_name = {self._text(table)} "
            "AND engine IN ('MyISAM', 'Aria', 'MEMORY', 'CSV', 'ARCHIVE', 'MRG_MyISAM')"
        )
        if engines and engines[0]:
            return [
                f"{result.source} is a table of {engines[0]}, which has no transactions: it may be of another moment "
                "than the others, and a row may have changed while it was read"
            ]
        return []

    def rendered(self, column: Column) -> str:
        """The server writes a single-precision number with six digits only; as a double it has them all."""
        name = self.quote(column.name)
        return f"({name} + 0e0) AS {name}" if column.type == _SINGLE else name

    def ordered(self, column: Column) -> str:
        """Texts by their bytes in UTF-8, whatever their collation."""
        name = self.quote(column.name)
        if column.kind != "text":
            return name
        return f"CAST({name} AS BINARY)" if self._raw else f"CAST(CONVERT({name} USING utf8mb4) AS BINARY)"

    def literal(self, column: Column, text: str) -> str:
        """A quoted text, which the server compares as the column's type; texts by their bytes."""
        if column.kind in ("integer", "decimal"):
            return text
        return f"x'{text.encode(self.encoding).hex()}'" if column.kind == "text" else self._text(text)

    def _text(self, text: str) -> str:
        return str(self._driver.escape(text))

    def one(self, select: str) -> list[str | None]:
        """The first row."""
        with self._driver.cursor() as cursor:
            cursor.execute(_bytes(select))
            row = cursor.fetchone() or ()
        return [value.decode(self.encoding) if isinstance(value, bytes) else value for value in row]

    def write(self, select: str, columns: Sequence[Column], file: BinaryIO) -> None:
        """Stream rows through an unbuffered cursor."""
        from pymysql.cursors import SSCursor

        single = [index for index, column in enumerate(columns) if column.type == _SINGLE]
        cursor = self._driver.cursor(SSCursor)
        try:
            cursor.execute(_bytes(select))
            rows: Iterator[Sequence[object]] = iter(cursor.fetchone, None)
            if single:
                rows = (_shortened(row, single) for row in rows)
            for piece in pieces(lambda most: list(islice(rows, most))):
                file.write(piece.encode(self.encoding, "surrogateescape"))
        except BaseException:
            if (result := cursor._result) is not None:  # or its end would be waited for, on a line that is cut
                result.unbuffered_active = False
            raise
        cursor.close()


def _bytes(statement: str) -> bytes:
    """A statement as the server takes it, whatever its answers are in."""
    return statement.encode("utf-8", "surrogateescape")


def _shortened(row: Sequence[object], single: Sequence[int]) -> list[object]:
    """Single-precision numbers as the shortest text that means them."""
    values = list(row)
    for index in single:
        if values[index] is not None:
            values[index] = np.format_float_positional(np.float32(str(values[index])), trim="-")
    return values
