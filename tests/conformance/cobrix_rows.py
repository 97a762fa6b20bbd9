"""A case of the other reader: its files, the rows that it expects, and the rows that this project makes of them."""

from __future__ import annotations

import base64
import bz2
import gzip
import hashlib
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from cobrix_options import Options, in_copybook, load_copybook, reader_for, spelling

from extractors.base import LandedFile
from extractors.copybook.items import descend
from extractors.copybook.layout import Copybook
from extractors.copybook.reader import Record
from extractors.copybook.segments import Hierarchy, SegmentIds

_PACKED = {".gz": gzip.decompress, ".bz2": bz2.decompress}


def expected_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of an expectation: JSON objects one behind the other, or an array of them."""
    text = path.read_text(encoding="utf-8", errors="replace")
    decoder = json.JSONDecoder(parse_float=Decimal)
    rows: list[dict[str, Any]] = []
    at = 0
    while (at := _skip(text, at)) < len(text):
        value, at = decoder.raw_decode(text, at)
        rows += value if isinstance(value, list) else [value]
    return rows


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n,":
        at += 1
    return at


def data_files(path: Path) -> list[Path]:
    """The files of a case, in name order; a packed twin of a file that lies beside it is the same file."""
    if path.is_file():
        return [path]
    if not path.exists():  # a pattern, as the other reader takes them
        return sorted(p for p in path.parent.glob(path.name) if p.is_file())
    files = sorted(p for p in path.rglob("*") if p.is_file() and p.name[0] not in "._")
    plain = {p.name for p in files if p.suffix not in _PACKED}
    return [p for p in files if p.suffix not in _PACKED or p.stem not in plain]


def landed(path: Path, folder: Path) -> LandedFile:
    data = path.read_bytes()
    if path.suffix in _PACKED:
        data = _PACKED[path.suffix](data)
        path = folder / path.stem
        path.write_bytes(data)
    return LandedFile(path, path.name, hashlib.sha256(data).hexdigest(), len(data), "case")


def actual_rows(
    copybook_paths: list[Path], data: Path, options: Options, order_by: list[str], take: int, folder: Path
) -> list[dict[str, Any]]:
    """What this project reads."""
    copybook = load_copybook(copybook_paths, options)
    rows: list[dict[str, Any]] = []
    for number, path in enumerate(data_files(data)):
        for row in _file_rows(copybook, landed(path, folder), number, options, single=len(copybook_paths) == 1):
            rows.append(row)
            if not order_by and len(rows) >= take:
                return rows
    if order_by:
        rows.sort(key=lambda row: [_order(_at(row, name)) for name in order_by])
    return rows[:take]


def _file_rows(
    copybook: Copybook, file: LandedFile, file_number: int, options: Options, *, single: bool
) -> Iterator[dict[str, Any]]:
    reader = reader_for(copybook, options, single=single)
    least = options.number("minimum_record_length", 1)
    most = options.number("maximum_record_length", 1 << 40)
    wanted = {text.strip() for text in options.text("segment_filter").split(",") if text.strip()}
    levels = options.segment_levels()
    ids = SegmentIds(levels, f"{options.text('segment_id_prefix')}_{file_number}")

    def chosen() -> Iterator[Record]:
        for index, record in enumerate(reader.read(file)):
            numbers = ids.of(record.segment or "", index) if levels else []
            if levels and numbers[0] is None:
                continue  # no root yet
            if not least <= len(record.payload) <= most or (wanted and record.segment not in wanted):
                continue
            record.tree = _generated(options, file_number, index, record, numbers) | record.tree
            yield record

    records: Iterator[Record] = chosen()
    children = options.arrows("segment_children")
    if children:
        parents = {in_copybook(copybook, c): in_copybook(copybook, p) for p, many in children.items() for c in many}
        names = {item.name: spelling(item) for item in descend(copybook.roots) if item.name}
        records = Hierarchy(parents, names).nest(records)
    for record in records:
        yield _as_json(record.tree, binary_hex=options.flag("binary_as_hex") or options.flag("decode_binary_as_hex"))


def _generated(
    options: Options, file_number: int, index: int, record: Record, numbers: list[str | None]
) -> dict[str, Any]:
    """Columns that the other reader makes of a record's place."""
    found: dict[str, Any] = {}
    if options.flag("generate_record_id"):
        length = len(record.payload) + options.number("record_start_offset") + options.number("record_end_offset")
        found |= {"File_Id": file_number, "Record_Id": index, "Record_Byte_Length": length}
    if options.flag("generate_record_bytes"):
        found["Record_Bytes"] = record.payload
    return found | {f"Seg_Id{level}": number for level, number in enumerate(numbers)}


def _as_json(value: Any, *, binary_hex: bool) -> Any:
    if isinstance(value, dict):
        return {key: _as_json(inner, binary_hex=binary_hex) for key, inner in value.items()}
    if isinstance(value, list):
        return [_as_json(inner, binary_hex=binary_hex) for inner in value]
    if isinstance(value, bytes):
        return value.hex().upper() if binary_hex else base64.b64encode(value).decode()
    if isinstance(value, float):
        return Decimal(repr(value))
    return value


def _at(row: dict[str, Any], name: str) -> Any:
    value: Any = row
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _order(value: Any) -> tuple[bool, Any]:
    return (value is not None, value)


def differences(expected: Any, actual: Any, path: str = "", *, null_as_empty: bool = False) -> list[str]:
    """Where two values differ, by the path in the row; a missing entry is null."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        found = []
        for key in dict.fromkeys([*expected, *actual]):
            found += differences(expected.get(key), actual.get(key), f"{path}.{key}", null_as_empty=null_as_empty)
        return found
    if isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            return [f"{path}: {len(expected)} entries expected, {len(actual)} found"]
        found = []
        for number, (one, other) in enumerate(zip(expected, actual, strict=True)):
            found += differences(one, other, f"{path}[{number}]", null_as_empty=null_as_empty)
        return found
    if null_as_empty and expected in (None, "") and actual in (None, ""):
        return []
    same = expected == actual and isinstance(expected, bool) == isinstance(actual, bool)
    return [] if same else [f"{path}: expected {expected!r}, found {actual!r}"]
