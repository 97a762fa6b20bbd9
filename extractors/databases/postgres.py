"""PostgreSQL: rows come as the server itself writes them, by COPY, and go to the dump without being taken apart.

`COPY (SELECT ...) TO STDOUT (FORMAT csv, FORCE_QUOTE *)` streams: the server sends rows while it produces them, and
here no more than a piece of them is held.  A NUMERIC is its digits, NULL is nothing between the commas, and an empty
text is a pair of quotes.

Everything runs in one REPEATABLE READ, READ ONLY transaction, with a time limit on each statement and on waiting for
locks.
"""

from __future__ import annotations

import select as polling
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO, cast

import sqlalchemy as sa

from billing.errors import SourceError, SourceUnavailable
from billing.file_specs import SqlFile
from extractors.databases.session import LOCK_SECONDS, Column, Kind, Session, quoted

if TYPE_CHECKING:
    import psycopg
    from psycopg.pq.abc import PGconn, PGresult

PIECE_BYTES = 1 << 20
GRACE_SECONDS = 30
KINDS: dict[int, Kind] = {
    16: "boolean", 17: "bytes", 18: "text", 19: "text", 20: "integer", 21: "integer", 23: "integer", 25: "text",
    26: "integer", 700: "float", 701: "float", 790: "decimal", 1042: "text", 1043: "text", 1082: "date",
    1114: "timestamp", 1184: "instant", 1700: "decimal", 2950: "uuid",
}  # fmt: skip
_BOOLEAN, _BYTES, _MONEY, _FILLED = "boolean", "bytes", "money", "bpchar"


def engine(url: sa.URL, spec: SqlFile) -> sa.Engine:
    """An engine whose connections cannot change anything."""
    # in UTF-8 to begin with: a database without an encoding would answer in bytes
    arguments: dict[str, object] = {
        "client_encoding": "utf8",
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
    }
    if "connect_timeout" not in url.query:
        arguments["connect_timeout"] = spec.connect_timeout_seconds
    return sa.create_engine(
        url,
        poolclass=sa.NullPool,
        isolation_level="REPEATABLE READ",
        execution_options={"postgresql_readonly": True},
        connect_args=arguments,
    )


class PostgresSession(Session):
    """See the module."""

    def __init__(self, connection: sa.Connection, spec: SqlFile) -> None:
        raw = spec.code_page is not None
        super().__init__(spec.code_page or "utf-8")
        self._preparer = connection.dialect.identifier_preparer
        self._driver = cast("psycopg.Connection[tuple[object, ...]]", connection.connection.driver_connection)
        self._patience = spec.statement_timeout_seconds + GRACE_SECONDS
        settings = {
            "statement_timeout": f"{spec.statement_timeout_seconds}s",
            "lock_timeout": f"{LOCK_SECONDS}s",
            "idle_in_transaction_session_timeout": "0",
            # the forms in which the server writes values
            "datestyle": "ISO, YMD",
            "extra_float_digits": "3",
            "standard_conforming_strings": "on",
            "client_encoding": "SQL_ASCII" if raw else "UTF8",
            **({"timezone": spec.time_zone} if spec.time_zone else {}),
        }
        for name, value in settings.items():
            connection.exec_driver_sql("SELECT set_config(%s, %s, true)", (name, value))
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
        self._bytes_are_utf8 = raw or encoding == "UTF8"

    def quote(self, name: str) -> str:
        """A name between double quotes."""
        return quoted(self._preparer, name)

    def columns(self, body: str) -> list[Column]:
        """Columns by their type's number."""
        with self._driver.cursor() as cursor:
            cursor.execute(self._bytes(f"SELECT * FROM {body} LIMIT 0"))
            found = cursor.pgresult
            assert found is not None
            return [self._column(found, index) for index in range(found.nfields)]

    def _column(self, found: PGresult, index: int) -> Column:
        number = found.ftype(index)
        known = self._driver.adapters.types.get(number)
        name = (found.fname(index) or b"").decode(self.encoding, "surrogateescape")
        return Column(name, KINDS.get(number, "other"), known.name if known else str(number))

    def _bytes(self, statement: str) -> bytes:
        try:
            return statement.encode(self.encoding, "surrogateescape")
        except UnicodeEncodeError as error:
            raise SourceError(
                f"the query holds {error.object[error.start]!r}, which is no character of {self.encoding}",
                remedy="correct the query, or code_page, in source.toml",
            ) from None

    def rendered(self, column: Column) -> str:
        """Truth values as words, bytes in hex, money without the locale's currency sign."""
        name = self.quote(column.name)
        if column.kind == _BOOLEAN:
            return f"{name}::text"
        if column.kind == _BYTES:
            return f"encode({name}, 'hex')"
        return f"{name}::numeric" if column.type == _MONEY else name

    def ordered(self, column: Column) -> str:
        """Texts by their bytes in UTF-8, so that no locale and no update of it changes the order."""
        name = self.quote(column.name)
        if column.kind != "text":
            return name
        # a cast would leave out the blanks that fill a CHAR up, which stand in the dump
        written = f"format('%s', {name})" if column.type == _FILLED else f"{name}::text"
        return f'{written} COLLATE "C"' if self._bytes_are_utf8 else f"convert_to({written}, 'UTF8')"

    def compared(self, column: Column) -> str:
        """Texts by their bytes as the database keeps them; money without its sign."""
        name = self.quote(column.name)
        if column.kind == "text":
            return f'{name}::text COLLATE "C"'
        return f"{name}::numeric" if column.type == _MONEY else name

    def literal(self, column: Column, text: str) -> str:
        """A quoted text that the server casts to the column's type."""
        written = "'" + text.replace("'", "''") + "'"
        type_ = "numeric" if column.type == _MONEY else column.type
        return written if column.kind == "text" else f"CAST({written} AS {type_})"

    def one(self, select: str) -> list[str | None]:
        """The first row; what is selected must be text."""
        with self._driver.cursor() as cursor:
            cursor.execute(self._bytes(select))
            row = cursor.fetchone() or ()
        # texts of a database whose encoding nobody knows come as bytes
        return [
            value.decode(self.encoding, "surrogateescape") if isinstance(value, bytes) else cast("str | None", value)
            for value in row
        ]

    def write(self, select: str, columns: Sequence[Column], file: BinaryIO) -> None:
        """Stream the server's own text into the file."""
        from psycopg import pq
        from psycopg.errors import error_from_result

        server = self._driver.pgconn
        copy = f"COPY ({select}) TO STDOUT (FORMAT csv, FORCE_QUOTE *)"
        server.send_query(self._bytes(copy))
        begun = self._result(server)
        if begun is None or begun.status != pq.ExecStatus.COPY_OUT:
            raise error_from_result(begun) if begun else _lost()
        piece: list[memoryview] = []
        held = 0
        while True:
            size, row = server.get_copy_data(1)
            if size > 0:
                piece.append(row)
                held += size
                if held >= PIECE_BYTES:
                    file.write(b"".join(piece))
                    piece, held = [], 0
            elif size == 0:  # nothing has come yet
                self._wait(server)
            else:
                break
        file.write(b"".join(piece))
        ended = self._result(server)
        if ended is None or ended.status != pq.ExecStatus.COMMAND_OK:
            raise error_from_result(ended) if ended else _lost()
        while self._result(server) is not None:
            pass

    def _result(self, server: PGconn) -> PGresult | None:
        while server.flush():
            self._wait(server, polling.POLLIN | polling.POLLOUT)
        while server.is_busy():
            self._wait(server)
        return server.get_result()

    def _wait(self, server: PGconn, events: int = polling.POLLIN) -> None:
        """Wait for the connection; a server that is silent for longer than it gives a statement is gone."""
        poll = polling.poll()
        poll.register(server.socket, events)
        until = time.monotonic() + self._patience
        while not poll.poll(1000):  # in short turns, so that a signal is heard
            if time.monotonic() > until:
                raise _lost()
        server.consume_input()


def _lost() -> SourceUnavailable:
    return SourceUnavailable(
        "the database does not answer any more", remedy="check the server and the network, then run the source again"
    )
