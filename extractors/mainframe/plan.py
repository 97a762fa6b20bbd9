"""How a mainframe file will be decoded: its copybook and its spec brought together, before any byte is read.

Whatever is wrong with either of them is found here, so `sources check` finds it too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from billing.errors import ContractError
from billing.file_specs import MainframeFile
from billing.record_specs import DescriptorWord, Segments
from billing.registry import Source
from billing.spec import SourceSpec
from extractors.codepages.tables import CodePage, code_page, read_code_page
from extractors.copybook.decode import column_type
from extractors.copybook.fields import Field, Layout
from extractors.copybook.framing import Framing
from extractors.copybook.items import descend
from extractors.copybook.layout import Copybook, RecordType
from extractors.copybook.lengthfield import LengthField, OwnLength
from extractors.copybook.reading import Reading
from extractors.copybook.scanning import Descriptor
from extractors.copybook.segments import type_value

RECORD_ID, PARENT_ID = "RECORD-ID", "PARENT-ID"
"""Columns of hierarchical files: which record of the file a row is, and below which it stands."""


@dataclass(frozen=True)
class Table:
    """A raw table of a file: its layout and what the spec does with its columns.

    Attributes:
        name: Raw table.
        record_type: Its layout, given how often its variable tables stand in a record.
        critical: Columns whose damage rejects the record.
        read: Columns that the spec reads at all.
        may_be_blank: Critical columns that a `where` asks for blank or zero.
        how: The reader's choices.
        ids: Columns that say which record a row is and below which it stands.
    """

    name: str
    record_type: RecordType
    critical: frozenset[str]
    read: frozenset[str]
    may_be_blank: frozenset[str]
    how: Reading
    ids: tuple[str, ...] = ()

    @classmethod
    def of(cls, spec: SourceSpec, name: str, record_type: RecordType, how: Reading, ids: tuple[str, ...]) -> Table:
        """Gather what the spec says about a table."""
        maps = [entity for entity in spec.entities if entity.table == name]
        wheres = [where for entity in maps for where in entity.where]
        critical = spec.critical_columns(name)
        read = critical.union(*(rule.inputs for entity in maps for rule in entity.fields.values()))
        asked = frozenset(where.column for where in wheres if where.not_blank or where.not_zero)
        return cls(name, record_type, critical, read, asked, how, ids)

    @property
    def layout(self) -> Layout:
        """Its layout with every variable table as often as it may stand."""
        return self.record_type.widest

    @property
    def columns(self) -> list[pa.Field]:
        """Names and types of its columns, without lineage."""
        columns = [pa.field(f.name, column_type(f, self.how)) for f in self.layout.fields]
        return columns + [pa.field(name, pa.string()) for name in self.ids]


@dataclass(frozen=True)
class Plan:
    """How one file is decoded, worked out from its spec before any byte is read.

    Attributes:
        spec: The file's.
        page: Its code page.
        how: The reader's choices.
        framing: Where its records begin and end.
        tables: Its raw tables by name.
        types: Value of the type field -> raw table; empty where the file has one record type.
        type_field: Where that value stands.
        longest: Bytes of the longest record type.
    """

    spec: MainframeFile
    page: CodePage
    how: Reading
    framing: Framing
    tables: dict[str, Table]
    types: dict[str, str] = field(default_factory=dict)
    type_field: Field | None = None
    longest: int = 0


def plan(source: Source, file_spec: MainframeFile) -> Plan:
    """Read the copybook of a file and lay out its tables.

    Raises:
        ContractError: The copybook, or what the spec says about it, is wrong.
    """
    names = [file_spec.copybook] if isinstance(file_spec.copybook, str) else file_spec.copybook
    copybook = Copybook.load([source.folder / name for name in names])
    page = _page(source.folder, file_spec.code_page)
    where = f"{source.folder.name}/source.toml"
    _check_names(copybook, file_spec, where)
    how = Reading(
        trim=file_spec.trim, odd=file_spec.controls, floats=file_spec.float_format,
        native_order=file_spec.comp5_order, edited_numbers=file_spec.edited_numbers,
        pages={name.upper(): _page(source.folder, own) for name, own in file_spec.field_code_pages.items()},
    )  # fmt: skip
    segments = file_spec.segments
    types: dict[str, str] = {}
    type_field = None
    groups: dict[str, str | None] = {file_spec.name: None}
    if segments is not None:
        groups = {table: _group(copybook, segments.groups.get(table), table) for table in file_spec.tables}
        type_field = copybook.locate(segments.field)
        types = _types(segments, where)
    tables = {}
    for name, group in groups.items():
        record_type = copybook.record_type(
            group, others={g for g in groups.values() if g and g != group},
            fillers=file_spec.fillers, occurs=file_spec.occurs_depending,
        )  # fmt: skip
        tables[name] = Table.of(source.spec, name, record_type, how, _ids(segments, name))
    for table in tables.values():
        known = {column.name for column in table.columns}
        if unknown := sorted(table.read - known):
            raise ContractError(
                f"{table.name} has no column {', '.join(unknown)}; the copybook gives it {', '.join(sorted(known))}",
                file=where,
                remedy="name columns as the copybook does",
            )
    return Plan(
        file_spec, page, how, _framing(copybook, file_spec, page, how, where, list(tables.values())),
        tables, types, type_field, copybook.length,
    )  # fmt: skip


def _types(segments: Segments, where: str) -> dict[str, str]:
    """Value of the type field -> raw table."""
    found: dict[str, str] = {}
    for value, table in segments.map.items():
        if found.setdefault(type_value(value), table) != table:
            raise ContractError(
                f"segments.map has {value!r} for {table}, and the same number for {found[type_value(value)]}",
                file=where,
                remedy="write each type once; zeros in front of a number and blanks behind do not count",
            )
    return found


def _framing(
    copybook: Copybook, spec: MainframeFile, page: CodePage, how: Reading, where: str, tables: Sequence[Table]
) -> Framing:
    around = spec.record_lead + spec.record_trail
    length = spec.record_length or copybook.length + around
    if spec.record_format in ("F", "FB") and length < copybook.length + around:
        raise ContractError(
            f"record_length of {spec.name} is {length}, the copybook describes {copybook.length} bytes"
            + (f" beside {around}" if around else ""),
            file=where,
            remedy="correct the copybook or record_length",
        )
    length_of: LengthField | OwnLength | None = None
    if spec.record_format == "L" and spec.length_field:
        length_of = LengthField.of(copybook, spec.length_field, page, spec.length_map, how)
    elif spec.record_format == "L":
        if len(tables) > 1:
            raise ContractError(
                f"nothing says how long the records of {spec.name} are", file=where, remedy="declare length_field"
            )
        length_of = OwnLength(tables[0].record_type, page, how, occurs_map(spec))
    bdw = spec.bdw or (None if spec.record_format == "FB" else DescriptorWord())
    return Framing(
        spec.record_format, length, _descriptor(spec.rdw), _descriptor(bdw) if bdw else None,
        spec.header_bytes, spec.footer_bytes, spec.record_lead, spec.record_trail, length_of,
        line_width=max(table.layout.needed for table in tables) + around, line_blank=page.blank,
    )  # fmt: skip


def _descriptor(word: DescriptorWord) -> Descriptor:
    return Descriptor(word.byte_order == "big", word.counts_itself, word.adjustment)


def occurs_map(spec: MainframeFile) -> dict[str, dict[str, int]]:
    """What texts say how often a table stands in a record, by the table's name in capitals."""
    return {name.upper(): counts for name, counts in spec.occurs_map.items()}


def _ids(segments: Segments | None, table: str) -> tuple[str, ...]:
    if segments is None or not segments.parents:
        return ()
    return (RECORD_ID, PARENT_ID) if table in segments.parents else (RECORD_ID,)


def _page(folder: Path, name: str) -> CodePage:
    return read_code_page(folder / name) if name.endswith(".txt") else code_page(name)


def _check_names(copybook: Copybook, spec: MainframeFile, where: str) -> None:
    """Names of fields and tables in the spec exist in the copybook."""
    items = list(descend(copybook.roots))
    fields = {item.name for item in items if item.elementary}
    tables = {item.name for item in items if item.depending}
    wrong = [f"field_code_pages: {n}" for n in spec.field_code_pages if n.upper() not in fields]
    wrong += [f"occurs_map: {n}" for n in spec.occurs_map if n.upper() not in tables]
    if wrong:
        raise ContractError(
            f"the copybook has no such field or variable table: {', '.join(wrong)}",
            file=where,
            remedy="name fields, and tables that OCCURS DEPENDING ON, as the copybook does",
        )


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
