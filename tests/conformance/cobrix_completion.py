"""Options that the file of cases lost.

It was made from test code in which some options are written with hyphens (`redefine-segment-id-map:2`) and did not
get through.  Which record type has which group is then said by nothing but the expected rows: a row of the type shows
that group and no other.  It is taken from there, told as a warning of the test, and the values are compared as ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cobrix_options import Options, in_copybook, load_copybook, reader_for, spelling
from cobrix_rows import data_files, landed

from extractors.copybook.items import Item, descend
from extractors.copybook.layout import Copybook
from extractors.copybook.segments import Selector

_ORIGIN = "lost in cases.json, taken from the expected rows"

_NOBODY = "no record of the case"
"""Stands for the segment id of a group that no row shows."""

Rows = Sequence[dict[str, Any]]


def completed(
    options: Options, copybooks: list[Path], data: Path, expected: Rows, folder: Path
) -> tuple[Options, list[str]]:
    """The options with what they lost, and a line about each that was added."""
    copybook = load_copybook(copybooks, options)
    given = dict(options.given)
    added: list[str] = []
    if "schema_retention_policy" not in given and _keeps_root(copybook, expected):
        given["schema_retention_policy"] = "keep_original"
        added.append("schema_retention_policy = keep_original, the default of older versions")
    for members in _alternatives(copybook.roots):
        names = [spelling(item) for item in members]
        mapped = {in_copybook(copybook, group) for group in options.arrows("redefine_segment_id_map")}
        if all(item.name in mapped for item in members) or not _apart(expected, names):
            continue
        segment_field = options.text("segment_field") or _deciding_field(expected, names)
        if not segment_field:
            continue
        if not options.text("segment_field"):
            given["segment_field"] = segment_field
            added.append(f"segment_field = {segment_field}")
        for parent, children in _families(expected, names).items():
            known = {child for many in options.arrows("segment_children").values() for child in many}
            lost = [child for child in children if child not in {name.replace("-", "_") for name in known}]
            if lost:
                given[f"segment_children:lost-{parent}"] = f"{parent} => {','.join(lost)}"
                added.append(f"segment_children {given[f'segment_children:lost-{parent}']}")
        ids = _ids(copybook, Options(given), members, expected, data, folder)
        for item in members:
            if item.name not in mapped and (found := ids.get(spelling(item))):
                given[f"redefine_segment_id_map:lost-{spelling(item)}"] = f"{item.name} => {','.join(found)}"
                added.append(f"redefine_segment_id_map {item.name} => {','.join(found)}")
        break
    return Options(given, options.unknown, options.lost), [f"{line} ({_ORIGIN})" for line in added]


def _keeps_root(copybook: Copybook, expected: Rows) -> bool:
    """Whether every row shows the 01 level."""
    roots = {spelling(root) for root in copybook.roots if root.level}
    below = {spelling(child) for root in copybook.roots for child in root.children}
    shown = [any(isinstance(row.get(name), dict) for name in roots - below) for row in expected]
    return bool(shown) and all(shown)


def _alternatives(items: Sequence[Item]) -> Iterator[list[Item]]:
    """Groups that redefine one another."""
    for item in descend(items):
        cluster: list[Item] = []
        for child in item.children:
            if child.redefines is None:
                if len(cluster) > 1:
                    yield cluster
                cluster = []
            if child.children and child.name:
                cluster.append(child)
        if len(cluster) > 1:
            yield cluster


def _find(tree: Any, name: str) -> Any:
    if isinstance(tree, dict):
        if name in tree:
            return tree[name]
        for value in tree.values():
            if isinstance(value, dict) and (found := _find(value, name)) is not None:
                return found
    return None


def _apart(expected: Rows, names: Sequence[str]) -> bool:
    """Whether rows never show two of the groups side by side."""
    return all(sum(isinstance(_find(row, name), dict) for name in names) <= 1 for row in expected)


def _deciding_field(expected: Rows, names: Sequence[str]) -> str | None:
    """The first field whose value decides which of the groups a row has."""
    fields = dict.fromkeys(key for row in expected for key, value in row.items() if not isinstance(value, dict | list))
    for field in fields:
        shown: dict[str, set[str]] = {}
        for row in expected:
            shown.setdefault(str(row.get(field)), set()).update(n for n in names if _find(row, n) is not None)
        if len(shown) > 1 and all(len(groups) <= 1 for groups in shown.values()) and len(shown) < len(expected):
            return field
    return None


def _families(expected: Rows, names: Sequence[str]) -> dict[str, list[str]]:
    """Parent -> children, where a group stands as a list within another one."""
    found: dict[str, list[str]] = {}

    def visit(tree: Any, inside: str | None) -> None:
        if isinstance(tree, list):
            for one in tree:
                visit(one, inside)
        elif isinstance(tree, dict):
            for key, value in tree.items():
                if key in names and isinstance(value, list) and inside and key not in found.setdefault(inside, []):
                    found[inside].append(key)
                visit(value, key if key in names else inside)

    for row in expected:
        visit(row, None)
    return {parent: children for parent, children in found.items() if children}


def _ids(
    copybook: Copybook, options: Options, members: Sequence[Item], expected: Rows, data: Path, folder: Path
) -> dict[str, list[str]]:
    """Group -> values of the segment field, for groups that no option maps."""
    names = [spelling(item) for item in members]
    field = options.text("segment_field").replace("-", "_")
    mapped = options.arrows("redefine_segment_id_map")
    taken = {value for values in mapped.values() for value in values}
    done = {name.replace("-", "_") for name in mapped}
    found: dict[str, list[str]] = {}
    for row in expected:
        value = str(_find(row, field))
        for name in names:
            if name not in done and isinstance(_find(row, name), dict) and value not in taken:
                found.setdefault(name, [])
                if value not in found[name]:
                    found[name].append(value)
    known = taken | {value for values in found.values() for value in values}
    rest = [name for name in names if name not in done and name not in found]
    if rest and _families(expected, names):  # children do not show their segment ids: the copybook's order decides
        reader = reader_for(copybook, options, single=True)
        reader.selector = Selector(in_copybook(copybook, field), {})
        reader.__post_init__()
        seen: set[str] = set()
        for path in data_files(data):
            seen |= {record.segment or "" for record in reader.read(landed(path, folder))}
        left = sorted(seen - known, key=lambda text: (len(text), text))
        found |= {name: [value] for name, value in zip(rest, left, strict=False)}
    if mapped:  # some are mapped, so a group of no row is not all rows'
        found |= {name: [f"{_NOBODY}: {name}"] for name in rest if name not in found}
    return found
