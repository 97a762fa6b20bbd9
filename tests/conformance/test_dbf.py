"""Every table of a folder of other projects' DBF files against what lies beside it.

Beside a table `x.dbf` there may be:

* `x_summary.txt`: its type, its code page, its number of records, its fields with type, length and decimals;
* `x_record_N.yml`: the values of record N (from 0);
* `x_schema.txt`, `x_schema_*.txt`: the columns that a migration of the table would make;
* a database container (`.dbc`), which lists the tables of its folder with their fields.

What this test knows of DBF it reads by itself: the header's counts, and which tables cannot be read as they stand
(no fields; a count of records that is not the file's; a memo file that is not there).
"""

from __future__ import annotations

import datetime as dt
import re
import struct
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from conformance_folder import PAGES, folder, needs, with_a_page_that_fits
from extractor_probe import Decoded, declare, landed, run

from billing.errors import SourceError
from billing.file_specs import PAGE_OF_HEADER
from extractors.codepages.text import PageText
from extractors.dbf.header import read_header
from extractors.dbf.languages import LANGUAGES, stated_page
from extractors.dbf.layout import DbfField

REAL = folder("dbf")
TABLES = sorted(p for p in REAL.rglob("*") if p.suffix.casefold() == ".dbf")
CONTAINERS = sorted(p for p in REAL.rglob("*") if p.suffix.casefold() == ".dbc")
pytestmark = needs(REAL)


def name_of(path: Path) -> str:
    return path.relative_to(REAL).as_posix()


def beside(path: Path, ending: str) -> list[Path]:
    return sorted(path.parent.glob(f"{path.stem}{ending}"))


@dataclass(frozen=True)
class Head:
    """What the first bytes of a table say."""

    version: int
    records: int
    language: int
    has_fields: bool
    is_whole: bool  # the file has the records that the header counts, and no others


def head(path: Path) -> Head:
    data = path.read_bytes()
    if data[0] == 2:
        records, length = struct.unpack_from("<H", data, 1)[0], struct.unpack_from("<H", data, 6)[0]
        return Head(2, records, 0, data[8] != 0x0D, _is_whole(data, 521, records, length))
    first = 68 if data[0] & 7 == 4 and data[0] != 0x5C else 32
    records, begin, length = struct.unpack_from("<IHH", data, 4)
    return Head(data[0], records, data[29], data[first] != 0x0D, _is_whole(data, begin, records, length))


def _is_whole(data: bytes, begin: int, records: int, length: int) -> bool:
    end = begin + records * length
    return len(data) == end or data[end : end + 1] == b"\x1a" or (len(data) > end and not data[end:].strip(b"\0"))


def page_of(path: Path) -> str:
    """The code page that a person would declare: `header` where the table says it."""
    for summary in beside(path, "_summary.txt"):
        if found := re.search(r"^Encoding: *(\S+)", summary.read_text(), re.MULTILINE):
            return found[1]
    data = path.read_bytes()
    if stated_page(head(path).language, data[32:64]):
        return PAGE_OF_HEADER
    records = data[521 if data[0] == 2 else struct.unpack_from("<H", data, 8)[0] :]
    if records.isascii():
        return PAGE_OF_HEADER
    try:
        records.decode("utf-8")
    except UnicodeDecodeError:
        return "cp437"
    return "utf-8"


def has_memo_file(path: Path) -> bool:
    stem = path.stem.casefold()
    return any(p.suffix.casefold() in {".dbt", ".fpt"} and p.stem.casefold() == stem for p in path.parent.iterdir())


def read(path: Path, **spec: Any) -> Decoded:
    declared = {"name": "konta", "pattern": path.name, "format": "dbf", "deleted": "keep", **spec}

    def under(page: str) -> Decoded:
        # no column is critical: a value that cannot be read is flagged, its record goes on
        return run(declare([{**declared, "code_page": page}], key="(none)", amount="(none)"), landed(path))

    return with_a_page_that_fits(under, [page_of(path), *PAGES])


def whole(path: Path) -> Decoded:
    return read(path, missing_memo="stop" if has_memo_file(path) else "flag")


def fields_of(path: Path) -> tuple[DbfField, ...]:
    file = landed(path)
    page = page_of(path)
    if page == PAGE_OF_HEADER:
        page = LANGUAGES.get(head(path).language, "cp437")
    return read_header("probe", file, PageText(page)).fields


READABLE = [p for p in TABLES if head(p).has_fields and head(p).is_whole]


@pytest.mark.parametrize("path", TABLES, ids=name_of)
def test_every_record_is_read_or_named(path: Path):
    if not head(path).has_fields:
        with pytest.raises(SourceError, match="declares no fields"):
            read(path)
        return
    if not head(path).is_whole:
        with pytest.raises(SourceError, match=r"truncated|longer than its header says") as failure:
            read(path)
        assert failure.value.where["byte_offset"] and failure.value.remedy
        return
    got = whole(path)
    aside = sum(r["level"] == "record" for r in got.rejects)
    assert got.tables["konta"].num_rows + aside == head(path).records
    assert all(r["raw"] for r in got.rejects)
    size = {len(raw) for raw in got.raw()}
    assert len(size) <= 1, "records of one table have one length"


@pytest.mark.parametrize("path", [p for p in READABLE if not has_memo_file(p)], ids=name_of)
def test_a_missing_memo_file_is_an_error_where_memos_are(path: Path):
    got = read(path, missing_memo="flag")
    lost = [r for r in got.rejects if r["reason"] == "DBF-MEMO"]
    if lost:
        with pytest.raises(SourceError, match="memo file is missing"):
            read(path)
        assert {r["disposition"] for r in lost} == {"flagged"}
    else:
        assert read(path).rows() == got.rows()


# --- summaries -------------------------------------------------------------------------------------------------

SUMMARIES = [p for p in READABLE if beside(p, "_summary.txt")]


@pytest.mark.parametrize("path", SUMMARIES, ids=name_of)
def test_fields_and_counts_are_those_of_the_summary(path: Path):
    lines = beside(path, "_summary.txt")[0].read_text().splitlines()
    stated = {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}
    rule = next(n for n, line in enumerate(lines) if line.startswith("---"))
    listed = [line.split() for line in lines[rule + 1 :] if line.strip()]
    assert f"{head(path).version:02x}" == stated["Type"][1:3].casefold()
    got = whole(path)
    assert got.facts.declared_records == int(stated["Records"])
    assert got.tables["konta"].num_rows == int(stated["Records"])
    assert has_memo_file(path) == (stated["Memo File"] == "true")
    fields = fields_of(path)
    # the summaries do not know the decimals of dBASE II, and do not number a name that occurs twice
    assert [
        [f.name, f.type, str(f.length), str(f.decimals) if head(path).version != 2 else "0"] for f in fields
    ] == _numbered(listed)
    columns = got.tables["konta"].column_names[:-5]
    assert columns == [f.name for f in fields if f.type != "0"]


def _numbered(listed: list[list[str]]) -> list[list[str]]:
    seen: dict[str, int] = {}
    rows = []
    for name, *rest in listed:
        seen[name] = seen.get(name, 0) + 1
        rows.append([name if seen[name] == 1 else f"{name}_{seen[name]}", *rest[:3]])
    return rows


# --- records ---------------------------------------------------------------------------------------------------

RECORDS = [
    (table, int(match[1]), record)
    for table in READABLE
    for record in beside(table, "_record_*.yml")
    if (match := re.fullmatch(rf"{re.escape(table.stem)}_record_(\d+)", record.stem))
]


@pytest.mark.parametrize(("path", "number", "record"), RECORDS, ids=lambda v: getattr(v, "stem", str(v)))
def test_values_are_those_of_the_record(path: Path, number: int, record: Path):
    expected = yaml.safe_load(record.read_text())
    got = whole(path).rows()[number]
    if isinstance(expected, dict):
        expected = [expected[name] for name in got]
    assert [as_expected(value) for value in got.values()] == [as_text(value) for value in expected]


def as_expected(value: Any) -> Any:
    if isinstance(value, Decimal):
        return value.normalize() + 0
    return {"T": True, "Y": True, "F": False, "N": False}.get(value, value)


def as_text(value: Any) -> Any:
    """A value of the record in the form that a raw table has."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return Decimal(repr(value)).normalize() + 0
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, dt.date):
        return value.strftime("%Y%m%d")
    if isinstance(value, str):
        return value.rstrip() or None
    return value


# --- schemas ---------------------------------------------------------------------------------------------------

SCHEMAS = [(table, schema) for table in READABLE for schema in beside(table, "_schema*.txt")]
_COLUMN = re.compile(r'column\s+:?"?([^",]+)"?,\s*:(\w+)(?:,\s*:(?:limit|size)\s*=>\s*(\d+))?')


@pytest.mark.parametrize(("path", "schema"), SCHEMAS, ids=lambda p: p.stem)
def test_types_are_those_of_the_schema(path: Path, schema: Path):
    wanted = [(m[1].casefold(), m[2], m[3]) for m in _COLUMN.finditer(schema.read_text())]
    got = whole(path).tables["konta"].schema
    fields = [f for f in fields_of(path) if f.type != "0"]
    assert [f.name.casefold() for f in fields] == [name for name, _, _ in wanted]
    for field, (name, kind, size) in zip(fields, wanted, strict=True):
        column = got.field(field.name).type
        match kind:
            case "integer":
                assert pa.types.is_decimal(column) and column.scale == 0, name
            case "float" | "decimal":
                assert pa.types.is_decimal(column) and column.scale > 0, name
            case "boolean":
                assert field.type == "L", name
            case "text":
                assert field.type == "M", name
            case "date" | "datetime":
                assert field.type in "DT@", name
            case _:
                assert field.type in "CV" and (size is None or int(size) == field.length), name


# --- containers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", CONTAINERS, ids=name_of)
def test_tables_of_a_container_have_its_fields(path: Path):
    objects = read(path).rows()
    tables = {row["OBJECTID"]: row["OBJECTNAME"] for row in objects if row["OBJECTTYPE"] == "Table"}
    beside_it = {p.stem.casefold(): p for p in READABLE if p.parent == path.parent}
    compared = [(number, beside_it[name.casefold()]) for number, name in tables.items() if name.casefold() in beside_it]
    assert compared
    for number, file in compared:
        listed = [r["OBJECTNAME"] for r in objects if r["OBJECTTYPE"] == "Field" and r["PARENTID"] == number]
        columns = whole(file).tables["konta"].column_names[:-5]
        assert len(columns) == len(listed)
        # names beyond ten characters are cut in the table, and made different from each other at their end
        assert [c.casefold()[:8] for c in columns] == [name.casefold()[:8] for name in listed]


# --- language bytes --------------------------------------------------------------------------------------------


@pytest.mark.skipif(not (folder("tables") / "dbf_ldid.csv").is_file(), reason="no list of language bytes")
def test_every_listed_language_byte_is_known():
    rows = (folder("tables") / "dbf_ldid.csv").read_text().splitlines()[1:]
    names = {"macRoman": "mac_roman", "macCyrillic": "mac_cyrillic", "macCentEuro": "mac_latin2",
             "macGreek": "mac_greek", "cp895": "kamenicky", "cp620": "mazovia"}  # fmt: skip
    for row in rows:
        byte, page, _ = row.split(",", 2)
        assert LANGUAGES[int(byte, 16)] == names.get(page, page), row
