"""File specs: how the delivered bytes of each format become raw tables; the first part of a source's spec.

Text files and XML have a module of their own (`billing.text_specs`).  A new format is a class, a line in `AnyFile` and
a decoder (`extractors.decode`).
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from billing.file_base import FileSpec
from billing.record_specs import DescriptorWord, Segments
from billing.strict import Name, Strict
from billing.text_specs import DelimitedFile, FixedWidthFile, XmlFile


class MainframeFile(FileSpec):
    """EBCDIC (or ASCII) records described by a COBOL copybook.

    Attributes:
        copybook: File or files beside the spec; their 01 levels are alternatives.
        code_page: A page's name, or a mapping file (`.txt`) beside the spec.
        field_code_pages: Field -> its own code page.
        record_format: F and FB fixed, V variable with RDW, VB also with BDW, VBS also spanned, T text lines, L records
            of which `length_field` (or the number of occurrences in them) says how long they are.
        record_length: Of F and FB, in bytes; default is the copybook's length.
        rdw: Form of record descriptor words.
        bdw: Form of block descriptor words; FB has none unless this is given.
        length_field: L: a field, or an expression of fields and numbers (`LEN + 4`).
        length_map: L: what the field says -> bytes, where it is a code; `_` for all others.
        header_bytes: Bytes before the first record.
        footer_bytes: Bytes behind the last one.
        record_lead: Bytes at the beginning of every record that the copybook does not describe.
        record_trail: Bytes at its end that it does not describe.
        segments: Record types, where there are several.
        occurs_depending: Tables that OCCURS DEPENDING ON take the room of the occurrences that they have, or of the
            most that they may have.
        occurs_map: Such a table -> text of the field it depends on -> number, where the field holds a code.
        fillers: FILLER is dropped, or a column called by its number, or after the field before it.
        trim: Which blanks of a text go.
        controls: A control character in a text is a defect, or is blanked, dropped or kept.
        edited_numbers: Edited numbers (`PIC ZZ9.99-`) are numbers, not texts.
        float_format: Form of COMP-1 and COMP-2.
        comp5_order: Byte order of COMP-5; default: little in ASCII files, big in EBCDIC ones.
        undecodable: A field that cannot be read and decides about nothing (no key, no required field, no money) is null
            and flagged with its bytes, or rejects its record like the others.
    """

    format: Literal["mainframe"]
    copybook: str | list[str]
    code_page: str = "cp870"
    field_code_pages: dict[str, str] = Field(default_factory=dict)
    record_format: Literal["F", "FB", "V", "VB", "VBS", "T", "L"] = "F"
    record_length: int | None = Field(default=None, ge=1)
    rdw: DescriptorWord = DescriptorWord()
    bdw: DescriptorWord | None = None
    length_field: str | None = None
    length_map: dict[str, int] = Field(default_factory=dict)
    header_bytes: int = Field(default=0, ge=0)
    footer_bytes: int = Field(default=0, ge=0)
    record_lead: int = Field(default=0, ge=0)
    record_trail: int = Field(default=0, ge=0)
    segments: Segments | None = None
    occurs_depending: Literal["variable", "maximum"] = "variable"
    occurs_map: dict[str, dict[str, int]] = Field(default_factory=dict)
    fillers: Literal["drop", "sequence", "previous"] = "drop"
    trim: Literal["right", "left", "both", "none"] = "right"
    controls: Literal["defect", "blank", "drop", "keep"] = "defect"
    edited_numbers: bool = False
    float_format: Literal["ibm", "ibm_little", "ieee", "ieee_little"] = "ibm"
    comp5_order: Literal["big", "little"] | None = None
    undecodable: Literal["flag", "reject"] = "flag"

    @property
    def tables(self) -> tuple[str, ...]:
        """Raw tables that this file yields."""
        return tuple(dict.fromkeys(self.segments.map.values())) if self.segments else (self.name,)

    @model_validator(mode="after")
    def _keys_fit_the_format(self) -> Self:
        allowed = {"record_length": "F, FB", "length_field": "L", "length_map": "L"}
        for key, formats in allowed.items():
            if getattr(self, key) and self.record_format not in formats.split(", "):
                raise ValueError(f"{key} belongs to record_format {formats}, not {self.record_format}")
        if self.length_map and not self.length_field:
            raise ValueError("length_map needs length_field")
        return self


PAGE_OF_HEADER = "header"
"""Says that the language byte of a DBF table tells its code page."""


class DbfFile(FileSpec):
    """A dBase, Clipper or FoxPro table; its memo file lies beside it under the same name.

    Attributes:
        code_page: Of its texts; `header` where the table's own language byte is to be believed.
        deleted: What becomes of records with the deletion mark: `suspend` holds them back with their bytes, `separate`
            decodes them into a second raw table `<name>_deleted`, `keep` takes them for live, `skip` leaves them out.
        missing_memo: Whether a memo file that was not delivered stops the source, or leaves its fields empty and
            flagged.
    """

    format: Literal["dbf"]
    code_page: str
    deleted: Literal["suspend", "separate", "skip", "keep"] = "suspend"
    missing_memo: Literal["stop", "flag"] = "stop"

    @property
    def tables(self) -> tuple[str, ...]:
        """Raw tables that this file yields."""
        return (self.name, f"{self.name}_deleted") if self.deleted == "separate" else (self.name,)


class SqlTable(Strict):
    """A result set: exactly one of `source` (a table with all its columns) and `query`.

    Attributes:
        name: Raw table.
        source: Table or view to select from, all columns, ordered by `key`.
        query: SELECT statement instead.
        key: Columns that order the rows, so that a second dump of the same data is byte-identical.
        mode: `full` takes the whole result; `snapshot_difference` also compares it, by key, with the one that is
            published: how many rows are new, changed, gone.
        watermark: Column that grows with every change of a row (a time of change, a serial number): only rows from the
            highest value published on are fetched, and merged by key into the published rows.
        overlap: How far below that value to begin, for rows that were committed late: seconds of a timestamp, days of
            a date, else in the column's own unit.
    """

    name: Name
    source: str | None = None
    query: str | None = None
    key: list[str] = Field(min_length=1)
    mode: Literal["full", "snapshot_difference"] = "full"
    watermark: str | None = None
    overlap: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.source is None) == (self.query is None):
            raise ValueError("needs exactly one of source and query")
        if self.watermark and self.mode != "full":
            raise ValueError("has a watermark and a mode; one of the two says what to fetch")
        if self.overlap and not self.watermark:
            raise ValueError("overlap belongs to a watermark")
        return self

    @property
    def by_key(self) -> bool:
        """Whether its rows are told apart by their key, so that this has to be unique."""
        return self.watermark is not None or self.mode == "snapshot_difference"


class SqlFile(FileSpec):
    """A database: each result set is dumped once when it is landed, all of them from one state of the data.

    Attributes:
        pattern: Names a SQLite file of the delivery.
        url: Any SQLAlchemy URL instead, where `${VAR}` takes a setting from the environment so that no password stands
            in a spec.
        results: What is taken.
        code_page: Of the texts, where the database does not know it: they are taken as they are stored, and decoded
            like those of a file.  Absent: the database says what they are.
        time_zone: Of the session, for columns that hold instants; absent: the server's own.
        statement_timeout_seconds: How long a statement may take, its rows included.
        connect_timeout_seconds: How long to wait for a server.
    """

    format: Literal["sql"]
    pattern: str = ""
    url: str | None = None
    results: list[SqlTable]
    code_page: str | None = None
    time_zone: str | None = None
    statement_timeout_seconds: int = Field(default=3600, ge=1, le=2_000_000)
    connect_timeout_seconds: int = Field(default=30, ge=1, le=3600)

    @property
    def tables(self) -> tuple[str, ...]:
        """Raw tables that this file yields."""
        return tuple(r.name for r in self.results)


class StatementFile(FileSpec):
    """Account statements of a bank, whatever their format.

    Attributes:
        failed_check: What becomes of a statement whose opening balance and entries do not give its closing balance, or
            that does not follow the one before it: `suspend` holds it back with its entries, `stop` stops the source,
            `flag` lets it go on.
    """

    failed_check: Literal["suspend", "stop", "flag"] = "suspend"

    @property
    def tables(self) -> tuple[str, ...]:
        """Raw tables that this file yields."""
        return (f"{self.name}_statements", f"{self.name}_entries")


DetailColumn = Literal[
    "posting_text", "title", "bank_code", "counterparty_account", "counterparty_name", "counterparty_address",
    "virtual_account",
]  # fmt: skip


class Mt940File(StatementFile):
    """SWIFT MT940 statements, with the `:86:` dialects of Polish, German and Dutch banks.

    Attributes:
        code_page: Of the file; Polish banks write `cp852`, `cp1250`, `iso8859_2` or `utf-8`.
        dialect: Form of the field `:86:`: `subfields` (`<20`, `~20`, `^20`, `?20`, `+20`), `codes` (`/ORDP/`), `labels`
            (`tyt.: ...;`), `text`; `auto` looks at each one.
        subfields: Column -> numbers of the sub-fields that make it, where the bank uses them in another way than most.
    """

    format: Literal["mt940"]
    code_page: str
    dialect: Literal["auto", "subfields", "codes", "labels", "text"] = "auto"
    subfields: dict[DetailColumn, list[Annotated[str, Field(pattern=r"^\d\d$")]]] = Field(default_factory=dict)


class Camt053File(StatementFile):
    """ISO 20022 statements (camt.053, all versions)."""

    format: Literal["camt053"]

    @property
    def tables(self) -> tuple[str, ...]:
        """Raw tables that this file yields."""
        return (*super().tables, f"{self.name}_transactions")


class Elixir0File(FileSpec):
    """Elixir-0, the Polish clearing house's file of domestic orders; amounts are in złoty.

    Attributes:
        code_page: Of the file; banks write `cp852`, `cp1250` or `iso8859_2`.
    """

    format: Literal["elixir0"]
    code_page: str


AnyFile = Annotated[
    MainframeFile
    | DbfFile
    | DelimitedFile
    | FixedWidthFile
    | XmlFile
    | SqlFile
    | Mt940File
    | Camt053File
    | Elixir0File,
    Field(discriminator="format"),
]
