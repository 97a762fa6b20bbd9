"""What a legacy database has to offer so that its result sets can be dumped: one read-only state of the data.

Each kind of database says in its own words how it is opened, what its columns are, how a row becomes a line of the
dump without losing a digit, and how rows are put in an order that does not depend on the server's locale.  A kind that
nobody has described is read through SQLAlchemy alone (`other`), with fewer promises.
"""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import BinaryIO, Literal

from sqlalchemy.sql.compiler import IdentifierPreparer

from billing.file_specs import SqlTable

Kind = Literal[
    "integer", "decimal", "float", "text", "date", "timestamp", "instant", "uuid", "boolean", "bytes", "other"
]  # fmt: skip
"""What a column holds; an `instant` is a timestamp with its offset from UTC."""

LOCK_SECONDS = 10
FETCH_ROWS = 20_000
PIECE_BYTES = 4 << 20
BLOB_MARK = "\0"
"""What bytes among texts begin with in a dump, in hex behind it: no text of a legacy system has such a letter."""


@dataclass(frozen=True)
class Column:
    """A column of a result set.

    Attributes:
        name: As the database calls it.
        kind: What it holds.
        type: The database's own word for its type, for people.
        has_blobs: It is no binary column, and yet some of its values are bytes.
    """

    name: str
    kind: Kind
    type: str
    has_blobs: bool = False


class Session(ABC):
    """One connection to one database, inside one read-only transaction.

    Attributes:
        encoding: Of statements, names and texts, as Python calls it.
        notes: What people should know about how this database was read.
        text_type: What to cast to for a text.
    """

    text_type = "TEXT"

    def __init__(self, encoding: str = "utf-8") -> None:
        self.encoding = encoding
        self.notes: list[str] = []

    @property
    def orders_itself(self) -> bool:
        """Whether rows come in the one order that `extractors.databases.difference` understands."""
        return True

    @abstractmethod
    def quote(self, name: str) -> str:
        """A name between the quotes of this database, always: an unquoted one would be folded, or be a keyword."""

    @abstractmethod
    def columns(self, body: str) -> list[Column]:
        """Columns of what stands behind FROM."""

    def examined(self, columns: Sequence[Column], body: str) -> list[Column]:
        """The same columns with what only their values tell, where a database types each value by itself."""
        return list(columns)

    @abstractmethod
    def write(self, select: str, columns: Sequence[Column], file: BinaryIO) -> None:
        """Run a statement and write its rows as lines of a dump, a bounded piece at a time."""

    @abstractmethod
    def one(self, select: str) -> list[str | None]:
        """The first row of a statement, as the texts that a dump would hold."""

    @abstractmethod
    def literal(self, column: Column, text: str) -> str:
        """A value of a column, written as SQL, from the text that a dump holds."""

    def rendered(self, column: Column) -> str:
        """What is selected for a column, where its own form would not do."""
        return self.quote(column.name)

    def ordered(self, column: Column) -> str:
        """What rows are ordered by for a column."""
        return self.quote(column.name)

    def compared(self, column: Column) -> str:
        """What a watermark is compared with."""
        return self.ordered(column)

    def highest(self, column: Column) -> str:
        """The highest value of a watermark, selected as a text that loses nothing of it."""
        most = f"MAX({self.compared(column)})"
        return most if column.kind == "text" else f"CAST({most} AS {self.text_type})"

    def kind_of_key(self, column: Column, body: str) -> Kind:
        """What the values of a key or a watermark are, where the declared type does not tell."""
        return column.kind

    def floats(self, column: Column, body: str) -> str:
        """What of a column is binary floating point, for people; asked when its rows were written."""
        return f"is of the type {column.type}" if column.kind == "float" else ""

    def is_binary(self, column: Column) -> bool:
        """Whether its values are bytes, which a dump holds in hex; asked when its rows were written."""
        return column.kind == "bytes"

    def limited(self, select: str, rows: int) -> str:
        """A statement that gives no more than so many rows."""
        return f"{select} LIMIT {rows}"

    def notes_on(self, result: SqlTable) -> list[str]:
        """What people should know about one result set."""
        return []

    def body(self, result: SqlTable) -> str:
        """What stands behind FROM: the table, or the declared query as a table."""
        if result.source is not None:
            return ".".join(self.quote(part) for part in result.source.split("."))
        query = (result.query or "").strip().rstrip(";")
        return f"(\n{query}\n) AS result"  # a query may end with a comment


def quoted(preparer: IdentifierPreparer, name: str) -> str:
    """A name between the quotes of a dialect.

    `quote_identifier` itself doubles percent signs for drivers that take parameters; ours are given none.

    >>> from sqlalchemy.dialects import postgresql
    >>> quoted(postgresql.dialect().identifier_preparer, 'the "RABAT" %')
    '"the ""RABAT"" %"'
    """
    inside = name.replace(preparer.escape_quote, preparer.escape_to_quote)
    return f"{preparer.initial_quote}{inside}{preparer.final_quote}"


def pieces(fetch: Callable[[int], Sequence[Sequence[object]]]) -> Iterator[str]:
    """Lines of a dump, some megabytes at a time: as many rows as `FETCH_ROWS`, fewer where rows are large.

    Args:
        fetch: The next rows, no more than so many; none at the end.

    >>> rows = [[("a",), ("b",)], [("c",)], []]
    >>> list(pieces(lambda most: rows.pop(0)))
    ['"a"\\n"b"\\n', '"c"\\n']
    """
    most = 1 << 8
    while chunk := fetch(most):
        piece = lines(chunk)
        yield piece
        most = max(1, min(FETCH_ROWS, 8 * most, PIECE_BYTES * len(chunk) // max(1, len(piece))))


def lines(rows: Iterable[Sequence[object]]) -> str:
    """Rows as lines of a dump.

    >>> print(lines([(1, None, "a", Decimal("1.10"), b"\\xde", "")]), end="")
    "1",,"a","1.10","de",""
    """
    return "".join([",".join(["" if v is None else f'"{text(v)}"' for v in row]) + "\n" for row in rows])


def text(value: object) -> str:
    """A value as it stands between quotes, exactly.

    >>> text(Decimal("1E+3")), text(True), text(0.1), text(dt.date(2003, 1, 2)), text('a "b"')
    ('1000', 'true', '0.1', '2003-01-02', 'a ""b""')
    """
    if type(value) is str:
        return value.replace('"', '""') if '"' in value else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return str(value).replace('"', '""')  # a float as the shortest text that means it, a date in ISO form
