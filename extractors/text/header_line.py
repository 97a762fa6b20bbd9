"""The header line of a delimited file, held against what the source's spec needs."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from billing.errors import SourceError
from billing.lineage import LINEAGE_NAMES
from billing.masking import mask
from billing.registry import Source
from billing.text_specs import DelimitedFile
from extractors.base import LandedFile
from extractors.text.spans import Cutter
from extractors.text.structure import Structure

BOM = b"\xef\xbb\xbf"
FIRST_READ, LONGEST = 1 << 16, 64 << 20
_LONG_NUMBER = re.compile(r"\d{6,}")
MOST_SHOWN = 40  # columns that an error names


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
    size, head = FIRST_READ, _head(landed, FIRST_READ)
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
    while True:
        found = _names(spec, cutter, structure, head, start)
        if found.start < len(head) or len(head) < size or size >= LONGEST:
            break
        size *= 4  # the line of names may go on
        head = _head(landed, size)
    _check_header(source, spec, landed, found.columns)
    return found


def _head(landed: LandedFile, size: int) -> bytes:
    with landed.path.open("rb") as file:
        return file.read(size)


def _names(spec: DelimitedFile, cutter: Cutter, structure: Structure, head: bytes, start: int) -> HeaderLine:
    """The line of names in the beginning of a file, and what stands before it."""
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
    return HeaderLine(columns, start + place + length, record_no + 1, control)


def _check_header(source: Source, spec: DelimitedFile, landed: LandedFile, columns: list[str]) -> None:
    wanted = set(spec.columns) if spec.columns else used_columns(source, spec.name)
    for control in (spec.header_record, spec.trailer):
        wanted.update(control.total_columns if control else ())
    # a line none of whose values is the name of a column is somebody's record, as a rule
    is_record = bool(wanted) and not wanted & set(columns)
    told = {name: mask(name) if is_record else _told(name) for name in columns}
    problems = []
    if twice := sorted({name for name, number in Counter(columns).items() if number > 1}):
        problems.append(f"the columns {', '.join(repr(told[name]) for name in twice)} occur twice")
    if taken := [name for name in LINEAGE_NAMES if name in columns]:
        problems.append(f"the columns {', '.join(taken)} have names that the lineage of every row takes")
    if missing := sorted(wanted - set(columns)):
        problems.append(f"the columns {', '.join(missing)} are missing")
    if spec.columns and (extra := sorted(set(columns) - wanted)):
        problems.append(f"the columns {', '.join(told[name] for name in extra)} are not declared")
    if problems:
        held = _shown([told[name] for name in columns])
        raise SourceError(
            f"the header line does not fit the spec: {'; '.join(problems)} (it has {held})",
            source_id=source.id,
            file=landed.name,
            record_no=1,
            byte_offset=0,
            remedy="correct the columns in source.toml (header = false where the file has no names), or have the "
            "region send the agreed layout",
        )


def _told(name: str) -> str:
    return _LONG_NUMBER.sub(lambda found: mask(found[0]), name)


def _shown(columns: list[str]) -> str:
    more = len(columns) - MOST_SHOWN
    return ", ".join(columns[:MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")


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
