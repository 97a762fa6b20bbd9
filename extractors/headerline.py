"""The header line of a delimited file, held against what the source's spec needs."""

from __future__ import annotations

from billing.errors import SourceError
from billing.file_specs import DelimitedFile
from billing.registry import Source
from extractors.base import LandedFile
from extractors.quoting import Tokeniser
from extractors.spans import Cutter

BOM = b"\xef\xbb\xbf"


def read_header_line(
    source: Source, spec: DelimitedFile, landed: LandedFile, cutter: Cutter, tokeniser: Tokeniser
) -> tuple[list[str], int, int]:
    """The columns of a delimited file.

    Args:
        source: The declared source.
        spec: The file's spec.
        landed: The file.
        cutter: Decodes its code page.
        tokeniser: Splits its records.

    Returns:
        Column names, offset of the first data record, and its number.

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
        return list(spec.columns), start, 1
    end, values = tokeniser.one(head, start)
    columns = [cutter.decode(value).strip() for value in values]
    _check_header(source, spec, landed, columns)
    return columns, end, 2


def _check_header(source: Source, spec: DelimitedFile, landed: LandedFile, columns: list[str]) -> None:
    problems = []
    if twice := sorted({name for name in columns if columns.count(name) > 1}):
        problems.append(f"the columns {', '.join(map(repr, twice))} occur twice")
    wanted = set(spec.columns) if spec.columns else used_columns(source, spec.name)
    if spec.trailer and spec.trailer.sum_column:
        wanted.add(spec.trailer.sum_column)
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
