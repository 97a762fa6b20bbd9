"""The header line of a delimited file, held against what the source's spec needs."""

from __future__ import annotations

from dataclasses import dataclass

from billing.errors import SourceError
from billing.file_specs import DelimitedFile
from billing.registry import Source
from extractors.base import LandedFile
from extractors.spans import Cutter
from extractors.structure import Structure

BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class HeaderLine:
    """How a delimited file begins.

    Attributes:
        columns: Names of its columns.
        start: Offset of the first record behind the names.
        record_no: Its number.
        control: The header record before the names, its number and its offset, where there is one.
    """

    columns: list[str]
    start: int
    record_no: int
    control: tuple[bytes, int, int] | None = None


def read_header_line(
    source: Source, spec: DelimitedFile, landed: LandedFile, cutter: Cutter, structure: Structure
) -> HeaderLine:
    """Read the columns of a delimited file.

    Args:
        source: The declared source.
        spec: The file's spec.
        landed: The file.
        cutter: Decodes its code page.
        structure: Of its bytes.

    Raises:
        SourceError: Columns are missing, undeclared or doubled, or there is no header and none are declared.
    """
    with landed.path.open("rb") as file:
        head = file.read(1 << 16)
    start = len(BOM) if cutter.is_utf8 and head.startswith(BOM) else 0
    if not spec.header:
        if not spec.columns:
            raise SourceError(
                "the file has no header line and the spec declares no columns",
                source_id=source.id,
                file=landed.name,
                remedy=f"give the columns of {spec.name} in source.toml, in order",
            )
        return HeaderLine(list(spec.columns), start, 1)
    shown = structure.shown(head[start:])
    place, record_no, control = 0, 1, None
    ignored = tuple(map(cutter.encode, spec.ignore))
    prefix = cutter.encode(spec.header_record.starts_with) if spec.header_record else None
    while True:
        end = shown.find(structure.layout.line_end, place) + 1
        line = head[start + place : start + end]
        is_control = prefix is not None and line.startswith(prefix)
        if not end or (line.strip(b"\r\n") and not line.startswith(ignored) and not is_control):
            break
        if is_control:
            control, prefix = (line.rstrip(b"\r\n"), record_no, start + place), None
        record_no += bool(line.strip(b"\r\n"))  # an empty line is no record
        place = end
    values, length = structure.values(head[start + place :])
    columns = [cutter.decode(value).strip() for value in values]
    _check_header(source, spec, landed, columns)
    return HeaderLine(columns, start + place + length, record_no + 1, control)


def _check_header(source: Source, spec: DelimitedFile, landed: LandedFile, columns: list[str]) -> None:
    problems = []
    if twice := sorted({name for name in columns if columns.count(name) > 1}):
        problems.append(f"the columns {', '.join(map(repr, twice))} occur twice")
    wanted = set(spec.columns) if spec.columns else used_columns(source, spec.name)
    for control in (spec.header_record, spec.trailer):
        wanted.update(control.total_columns if control else ())
    if missing := sorted(wanted - set(columns)):
        problems.append(f"the columns {', '.join(missing)} are missing")
    if spec.columns and (extra := sorted(set(columns) - wanted)):
        problems.append(f"the columns {', '.join(extra)} are not declared")
    if problems:
        raise SourceError(
            f"the header line does not fit the spec: {'; '.join(problems)} (it has {', '.join(columns)})",
            source_id=source.id,
            file=landed.name,
            record_no=1,
            byte_offset=0,
            remedy="correct the columns in source.toml, or have the region send the agreed layout",
        )


def used_columns(source: Source, table: str) -> set[str]:
    """Raw columns of a table that the source's entities read."""
    used: set[str] = set()
    for entity in source.spec.entities:
        if entity.table == table:
            used.update(where.column for where in entity.where)
            for rule in entity.fields.values():
                used.update(rule.inputs)
        for rule in entity.fields.values():
            if rule.lookup and rule.lookup.table == table:
                used |= {rule.lookup.key, rule.lookup.take}
    return used
