"""A case of the other reader: its files, the rows that it expects, and the rows that this project makes of them."""

from __future__ import annotations

import base64
import bz2
import gzip
import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from cobrix_options import Options, in_copybook, load_copybook, reader_for, spelling, without_01
from cobrix_segments import SegmentIds

from extractors.base import LandedFile
from extractors.copybook.items import descend
from extractors.copybook.layout import Copybook
from extractors.copybook.reader import Record
from extractors.copybook.segments import Hierarchy

_PACKED = {".gz": gzip.decompress, ".bz2": bz2.decompress}


def expected_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of an expectation: JSON objects one behind the other, or an array of them.

    Older versions of the other reader left a hyphen in some of their columns' names.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    decoder = json.JSONDecoder(
        parse_float=Decimal, object_pairs_hook=lambda pairs: {key.replace("-", "_"): value for key, value in pairs}
    )
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
        return [file for one in sorted(path.parent.glob(path.name)) for file in data_files(one)]
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
    limit = options.number("record_limit", 1 << 40)
    most = limit if order_by else min(take, limit)
    for number, path in enumerate(data_files(data)):
        found = _file_rows(copybook, landed(path, folder), number, options, single=len(copybook_paths) == 1)
        rows += itertools.islice(found, max(0, most - len(rows)))
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
    children = options.arrows("segment_children")
    parents = {in_copybook(copybook, c): in_copybook(copybook, p) for p, many in children.items() for c in many}
    flat = options.collapsed and without_01(copybook)

    def chosen() -> Iterator[tuple[Record, dict[str, Any]]]:
        for record in reader.read(file):
            numbers = ids.of(record.segment or "", record.number - 1) if levels else []
            if levels and numbers[0] is None:
                continue  # no root yet
            if not least <= len(record.payload) <= most or (wanted and record.segment not in wanted):
                continue
            yield record, {f"Seg_Id{level}": number for level, number in enumerate(numbers)}

    if parents:
        names = {item.name: spelling(item) for item in descend(copybook.roots) if item.name}
        found = _families((record for record, _ in chosen()), Hierarchy(parents, names), file_number, options)
    else:
        found = (
            _generated(options, file_number, record.number - 1, record, _length(record, options)) | ids_of
            | (_columns(record.tree) if flat else record.tree) | _corrupt(record, options)
            for record, ids_of in chosen()
        )  # fmt: skip
    hex_ = options.flag("binary_as_hex") or options.flag("decode_binary_as_hex")
    for row in found:
        yield _as_json(row, binary_hex=hex_, debug_text=options.text("debug").lower() == "string")


def _columns(tree: Mapping[str, Any]) -> dict[str, Any]:
    """A tree without its top level."""
    found = {}
    for name, value in tree.items():
        found |= value if isinstance(value, dict) else {name: value}
    return found


def _families(
    records: Iterator[Record], hierarchy: Hierarchy, file_number: int, options: Options
) -> Iterator[dict[str, Any]]:
    """Rows of parents with their children: they have the bytes of all of them, and the number of the next parent."""
    totals: dict[int, int] = {}
    read = 0

    def watched() -> Iterator[Record]:
        nonlocal read
        root = None
        for record in records:
            read = record.number - 1
            if record.group is not None and record.group not in hierarchy.parents:
                root = record
            if root is not None:
                totals[id(root)] = totals.get(id(root), 0) + _length(record, options)
            yield record
            read = record.number

    for record in hierarchy.nest(watched()):
        yield _generated(options, file_number, read, record, totals.pop(id(record))) | record.tree


def _length(record: Record, options: Options) -> int:
    return len(record.payload) + options.number("record_start_offset") + options.number("record_end_offset")


def _generated(options: Options, file_number: int, number: int, record: Record, length: int) -> dict[str, Any]:
    """Columns that the other reader makes of a record's place."""
    found: dict[str, Any] = {}
    if options.flag("generate_record_id"):
        found |= {"File_Id": file_number, "Record_Id": number, "Record_Byte_Length": length}
    if options.flag("generate_record_bytes"):
        found["Record_Bytes"] = record.payload
    return found


def _corrupt(record: Record, options: Options) -> dict[str, Any]:
    """Its list of fields that could not be read; low-values are no fault, and occurrences count from 0."""
    if not options.flag("generate_corrupt_fields"):
        return {}
    places = {place.name: place for place in record.places}
    found = []
    for defect in record.defects:
        place = places[defect.field]
        if not defect.raw.strip(b"\0") or place.item is None:
            continue
        occurrence = f"[{place.subscripts[-1] - 1}]" if place.item.occurs else ""
        found.append({"field_name": spelling(place.item) + occurrence, "raw_value": defect.raw})
    return {"_corrupt_fields": found}


def without_dropped(rows: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    """Take generated columns away that no expected row has: the test drops them."""
    for name in ("File_Id", "Record_Id", "Record_Byte_Length"):
        if not any(name in row for row in expected):
            for row in rows:
                row.pop(name, None)


def _as_json(value: Any, *, binary_hex: bool, debug_text: bool) -> Any:
    if isinstance(value, dict):
        found = {}
        for key, inner in value.items():
            if debug_text and key.endswith("_debug"):
                inner = [one.decode("latin-1") for one in inner] if isinstance(inner, list) else inner.decode("latin-1")
            found[key] = _as_json(inner, binary_hex=binary_hex, debug_text=debug_text)
        return found
    if isinstance(value, list):
        return [_as_json(inner, binary_hex=binary_hex, debug_text=debug_text) for inner in value]
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
