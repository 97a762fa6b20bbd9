"""File specs of text: delimited, of fixed width, and XML."""

from __future__ import annotations

from collections import Counter
from typing import Literal, Self

from pydantic import Field, model_validator

from billing.control_specs import TextControl
from billing.file_base import FileSpec
from billing.lineage import LINEAGE_NAMES
from billing.strict import Beginning, Name, Strict


class DelimitedFile(FileSpec):
    """Text records with a delimiter; the columns are those of the header line, or declared.

    Attributes:
        code_page: Of the file.
        delimiter: Between values; one character or several.
        quote: Around values that hold delimiters or line ends; empty where there is none.
        escape: Before a character that means nothing but itself, as MySQL writes it.
        nulls: Values that mean that there is none, such as `NULL` or the `N` behind an escape that databases write.
        header: The first line names the columns.
        columns: The columns in order, where it does not; else the ones it must name.
        ignore: Beginnings of lines that are no records: headings and feet of printed pages, comments.
        header_record: A control record before all others, the line of names among them.
        trailer: A control record behind them.
    """

    format: Literal["delimited"]
    code_page: str
    delimiter: str = Field(default=";", min_length=1)
    quote: str = Field(default='"', max_length=1)
    escape: str = Field(default="", max_length=1)
    nulls: tuple[str, ...] = ()
    header: bool = True
    columns: list[str] | None = None
    ignore: tuple[Beginning, ...] = ()
    header_record: TextControl | None = None
    trailer: TextControl | None = None

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        marks = {"delimiter": self.delimiter, "quote": self.quote, "escape": self.escape}
        for name, mark in marks.items():
            if "\n" in mark or "\r" in mark:
                raise ValueError(f"the {name} holds a line end, which ends a record")
        if self.quote and self.quote in self.delimiter:
            raise ValueError("the quote is part of the delimiter")
        if self.escape and self.escape in (self.quote, *self.delimiter):
            raise ValueError("the escape character is that of the quote or the delimiter; a doubled quote needs none")
        return self

    @model_validator(mode="after")
    def _columns_of_a_table(self) -> Self:
        _check_columns(self.columns or [])
        _total_has_a_column(self.columns, self.header_record, self.trailer)
        return self


class FixedColumn(Strict):
    """A column of a fixed-width record: 1-based first place and length, in what the file's `positions` says."""

    name: str
    start: int = Field(ge=1)
    length: int = Field(ge=1)


class FixedRecord(Strict):
    """A record type of a fixed-width file.

    Attributes:
        table: Raw table of these records.
        starts_with: Text they begin with; absent where the file has one type only.
        columns: Their columns.
    """

    table: Name
    starts_with: str = ""
    columns: list[FixedColumn]

    @model_validator(mode="after")
    def _columns_of_a_table(self) -> Self:
        _check_columns([column.name for column in self.columns])
        return self


class FixedWidthFile(FileSpec):
    """Text records whose columns have fixed positions, one record a line.

    Attributes:
        code_page: Of the file.
        positions: What places and lengths count; absent: characters in UTF-16, bytes in everything else.  They differ
            where a letter takes several bytes: a file that was turned from CP1250 into UTF-8 has its columns at the
            same characters, and at other bytes in every line.
        record_length: Without the line end.
        records: Its record types.
        ignore: Beginnings of lines that are no records: headings and feet of printed pages, comments.
        header: A control record before all others.
        trailer: A control record behind them.
    """

    format: Literal["fixed_width"]
    code_page: str
    positions: Literal["bytes", "characters"] | None = None
    record_length: int = Field(ge=1)
    records: list[FixedRecord]
    ignore: tuple[Beginning, ...] = ()
    header: TextControl | None = None
    trailer: TextControl | None = None

    @property
    def tables(self) -> tuple[str, ...]:
        """Raw tables that this file yields."""
        return tuple(dict.fromkeys(r.table for r in self.records))

    @model_validator(mode="after")
    def _columns_lie_within(self) -> Self:
        for record in self.records:
            for column in record.columns:
                if (end := column.start + column.length - 1) > self.record_length:
                    raise ValueError(f"the column {column.name} ends at {end}, the record at {self.record_length}")
        return self

    @model_validator(mode="after")
    def _one_table_has_one_set_of_columns(self) -> Self:
        names = {record.table: [column.name for column in record.columns] for record in self.records}
        for record in self.records:
            if [column.name for column in record.columns] != names[record.table]:
                raise ValueError(f"two record types of {record.table} have different columns: give each its table")
        return self

    @model_validator(mode="after")
    def _total_of_a_column(self) -> Self:
        _total_has_a_column([c.name for r in self.records for c in r.columns], self.header, self.trailer)
        return self


def _check_columns(names: list[str]) -> None:
    if twice := sorted({name for name, number in Counter(names).items() if number > 1}):
        raise ValueError(f"the columns {', '.join(twice)} are declared twice")
    if taken := [name for name in names if name in LINEAGE_NAMES]:
        raise ValueError(f"the columns {', '.join(taken)} have names that the lineage of every row takes: rename them")


def _total_has_a_column(columns: list[str] | None, *controls: TextControl | None) -> None:
    for control in controls:
        for column in control.total_columns if columns and control else ():
            if columns and column not in columns:
                raise ValueError(f"sum_column {column!r} is no column; there are {', '.join(columns)}")


class XmlTable(Strict):
    """Elements that are rows.

    Attributes:
        table: Raw table of these elements.
        path: Path of the element from the root, such as `/region/subscribers/subscriber`.
        columns: Column name -> path from the element: `name/last`, `@id`, `../@id`, `../../no`, `.` (own text).
    """

    table: Name
    path: str
    columns: dict[str, str]

    @model_validator(mode="after")
    def _columns_of_a_table(self) -> Self:
        _check_columns(list(self.columns))
        return self


class XmlFile(FileSpec):
    """An XML document, read as a stream.  Namespaces are ignored: paths use local names.

    Attributes:
        encoding: What the document is in, where its own declaration is wrong or missing.
        records: Elements that are rows.
    """

    format: Literal["xml"]
    encoding: str | None = None
    records: list[XmlTable]

    @property
    def tables(self) -> tuple[str, ...]:
        """Raw tables that this file yields."""
        return tuple(dict.fromkeys(r.table for r in self.records))
