"""How a mainframe file will be decoded: its copybook and its spec brought together, before any byte is read.

Whatever is wrong with either of them is found here, so `sources check` finds it too.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

from billing.errors import ContractError
from billing.registry import Source
from billing.spec import MainframeFile, SourceSpec
from extractors.codepages import CodePage, code_page
from extractors.copybook.fields import Field, Layout
from extractors.copybook.layout import Copybook


@dataclass(frozen=True)
class Table:
    """A raw table of a file: its layout and what the spec does with its columns.

    Attributes:
        name: Raw table.
        layout: Its record type's.
        critical: Columns whose damage rejects the record.
        read: Columns that the spec reads at all.
        may_be_blank: Critical columns that a `where` asks for blank or zero.
    """

    name: str
    layout: Layout
    critical: frozenset[str]
    read: frozenset[str]
    may_be_blank: frozenset[str]

    @classmethod
    def of(cls, spec: SourceSpec, name: str, layout: Layout) -> Table:
        """Gather what the spec says about a table."""
        maps = [entity for entity in spec.entities if entity.table == name]
        wheres = [where for entity in maps for where in entity.where]
        critical = spec.critical_columns(name)
        read = critical.union(*(rule.inputs for entity in maps for rule in entity.fields.values()))
        asked = frozenset(where.column for where in wheres if where.not_blank or where.not_zero)
        return cls(name, layout, critical, read, asked)

    @property
    def columns(self) -> list[pa.Field]:
        """Names and types of its columns, without lineage."""
        return [pa.field(f.name, f.arrow_type) for f in self.layout.fields]


@dataclass(frozen=True)
class Plan:
    """How one file is decoded, worked out from its spec before any byte is read.

    Attributes:
        spec: The file's.
        page: Its code page.
        tables: Its raw tables by name.
        types: Value of the type field -> raw table; empty where the file has one record type.
        type_field: Where that value stands.
        longest: Bytes of the longest record type.
    """

    spec: MainframeFile
    page: CodePage
    tables: dict[str, Table]
    types: dict[str, str] = field(default_factory=dict)
    type_field: Field | None = None
    longest: int = 0

    @property
    def record_length(self) -> int:
        """Of a file of fixed records."""
        return self.spec.record_length or self.longest


def plan(source: Source, file_spec: MainframeFile) -> Plan:
    """Read the copybook of a file and lay out its tables.

    Raises:
        ContractError: The copybook, or what the spec says about it, is wrong.
    """
    names = [file_spec.copybook] if isinstance(file_spec.copybook, str) else file_spec.copybook
    copybook = Copybook.load([source.folder / name for name in names])
    page = code_page(file_spec.code_page)
    where = f"{source.folder.name}/source.toml"
    segments = file_spec.segments
    if segments is None:
        layouts = {file_spec.name: copybook.layout()}
        types, type_field = {}, None
    else:
        groups = {table: _group(copybook, segments.groups.get(table), table) for table in file_spec.tables}
        layouts = {t: copybook.layout(g, others=set(groups.values()) - {g}) for t, g in groups.items()}
        type_field = copybook.locate(segments.field)
        types = {type_value(value): table for value, table in segments.map.items()}
    tables = {name: Table.of(source.spec, name, layout) for name, layout in layouts.items()}
    for table in tables.values():
        known = {f.name for f in table.layout.fields}
        if unknown := sorted(table.read - known):
            raise ContractError(
                f"{table.name} has no column {', '.join(unknown)}; the copybook gives it {', '.join(sorted(known))}",
                file=where,
                remedy="name columns as the copybook does",
            )
    longest = copybook.length
    if file_spec.record_format == "F" and (file_spec.record_length or longest) < longest:
        raise ContractError(
            f"record_length of {file_spec.name} is {file_spec.record_length}, the copybook describes {longest} bytes",
            file=where,
            remedy="correct the copybook or record_length",
        )
    return Plan(file_spec, page, tables, types, type_field, longest)


def raw_schemas(source: Source, file_spec: MainframeFile) -> dict[str, pa.Schema]:
    """Columns and types of each raw table of a file, without lineage.

    Raises:
        ContractError: As `plan`.
    """
    return {name: pa.schema(table.columns) for name, table in plan(source, file_spec).tables.items()}


def _group(copybook: Copybook, declared: str | None, table: str) -> str:
    """The copybook's group for a table: the declared one, else the one that is called like the table."""
    return (declared or table).upper() if declared else _called_like(copybook, table)


def _called_like(copybook: Copybook, table: str) -> str:
    name = table.upper()
    return name if name in copybook.groups() else name.replace("_", "-")


def type_value(value: str | None) -> str:
    """A record type as it is compared: without blanks at its end, a number without zeros in front."""
    text = (value or "").rstrip()
    return str(int(text)) if text.isdigit() else text
