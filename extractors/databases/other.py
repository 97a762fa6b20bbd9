"""Any other database that SQLAlchemy has a dialect for: streamed where its driver can, and with fewer promises.

Whether its results are of one moment, whether its session could write, and how long a statement may take, is up to the
server and the rights of the account; this is told with every result.  Only whole tables are taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

import sqlalchemy as sa

from billing.file_specs import SqlFile
from extractors.databases.session import FETCH_ROWS, Column, Session, lines, quoted
from extractors.databases.session import text as text_of


def engine(url: sa.URL) -> sa.Engine:
    """An engine with server-side cursors, where the driver has them."""
    return sa.create_engine(url, poolclass=sa.NullPool, execution_options={"stream_results": True})


_BINARY = (bytes, memoryview)


class OtherSession(Session):
    """See the module."""

    def __init__(self, connection: sa.Connection, spec: SqlFile) -> None:
        super().__init__("utf-8")
        self._connection = connection
        self._floats: set[str] = set()
        self._binary: set[str] = set()
        self._preparer = connection.dialect.identifier_preparer
        self.notes.append(
            f"{connection.dialect.name} is read through {connection.dialect.driver} as it is: one state of the data, "
            "rights and time limits are those of the account"
        )

    @property
    def orders_itself(self) -> bool:
        """Its collations are its own."""
        return False

    def quote(self, name: str) -> str:
        """A name between the quotes of the dialect."""
        return quoted(self._preparer, name)

    def columns(self, body: str) -> list[Column]:
        """Names only."""
        with self._connection.execute(_text(f"SELECT * FROM {body} WHERE 1 = 0")) as found:
            return [Column(name, "other", "") for name in found.keys()]  # noqa: SIM118 (these are no dict's)

    def floats(self, column: Column, body: str) -> str:
        """What the driver gave as a float."""
        return "comes from the driver as a float" if column.name in self._floats else ""

    def is_binary(self, column: Column) -> bool:
        """Whether the driver gave bytes."""
        return column.name in self._binary

    def literal(self, column: Column, text: str) -> str:
        """Not needed: there is no watermark here."""
        raise NotImplementedError

    def limited(self, select: str, rows: int) -> str:
        """The whole of it: there is no one way to say so."""
        return select

    def one(self, select: str) -> list[str | None]:
        """The first row."""
        row = self._connection.execute(_text(select)).first() or ()
        return [None if value is None else text_of(value) for value in row]

    def write(self, select: str, columns: Sequence[Column], file: BinaryIO) -> None:
        """Stream rows as the driver gives them."""
        rows = self._connection.execution_options(yield_per=FETCH_ROWS).execute(_text(select))
        names = [column.name for column in columns]
        for chunk in rows.partitions(FETCH_ROWS):
            for name, values in zip(names, zip(*chunk, strict=True), strict=True):
                types = set(map(type, values))
                if float in types:
                    self._floats.add(name)
                if not types.isdisjoint(_BINARY):
                    self._binary.add(name)
            file.write(lines(chunk).encode("utf-8", "surrogateescape"))


def _text(statement: str) -> sa.TextClause:
    return sa.text(statement.replace(":", r"\:"))
