"""A record as people see it: groups within groups, tables as lists.

Raw tables are flat, a column for every occurrence of every field.  A tree is built of the same decoded columns, so
what a person is shown is what the pipeline reads.

A value is text, int (no decimals), Decimal, float, bytes, list, dict, or None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from extractors.copybook.fields import Cell, Field, Layout
from extractors.copybook.items import Item
from extractors.copybook.layout import RecordType


@dataclass(frozen=True)
class Presentation:
    """How trees look.

    Attributes:
        name: An item's name in them.
        keep_root: The 01 level is a group of its own.
        group_fillers: Groups called FILLER are kept, under a name of their own.
        value_fillers: So are fields called FILLER.
        filler_names: They are called by their number, or after the item before them.
        texts_of_groups: Groups that are shown as one text too (names in capitals).
        raw: A second entry beside each field with its bytes: in hex, as they are, or not at all.
    """

    name: Callable[[Item], str] = lambda item: item.label
    keep_root: bool = False
    group_fillers: bool = True
    value_fillers: bool = False
    filler_names: Literal["sequence", "previous"] = "sequence"
    texts_of_groups: frozenset[str] = frozenset()
    raw: Literal["none", "hex", "bytes"] = "none"


@dataclass
class Column:
    """One field's values for some records.

    Attributes:
        values: As Python values.
        raw: Their bytes, where trees show them.
    """

    values: Sequence[Any]
    raw: Sequence[bytes]


@dataclass
class _Node:
    name: str


@dataclass
class _Leaf(_Node):
    cell: Cell


@dataclass
class _Group(_Node):
    children: list[_Node]
    text: tuple[int, int] | None = None  # offset and length, where it is shown as a text too


@dataclass
class _Table(_Node):
    occurrences: list[_Node]


@dataclass
class TreeBuilder:
    """Builds the trees of records that have one layout.

    Attributes:
        record_type: Their type.
        layout: Their layout.
        look: How the trees look.
    """

    record_type: RecordType
    layout: Layout
    look: Presentation

    def __post_init__(self) -> None:
        self._fields = {f.cell: f for f in self.layout.fields}
        self._groups = {(id(group.item), group.subscripts): group for group in self.layout.groups}
        self._names = filler_names(self.record_type.roots, self.look)
        nodes: list[_Node] = []
        for root in self.record_type.roots:
            node = self._node(root, ())
            if node is None:
                continue
            if self.look.keep_root or not isinstance(node, _Group):
                nodes.append(node)
            else:
                nodes += node.children
        self._roots = _told_apart(nodes)

    def build(self, columns: Mapping[Cell, Column], row: int, text: Callable[[int, int], str | None]) -> dict[str, Any]:
        """One record's tree.

        Args:
            columns: By field.
            row: Which record of the columns.
            text: Gives some of the record's bytes as a text (offset, length).
        """
        result: dict[str, Any] = {}
        self._fill(result, self._roots, columns, row, text)
        return result

    def _fill(
        self,
        into: dict[str, Any],
        nodes: Sequence[_Node],
        columns: Mapping[Cell, Column],
        row: int,
        text: Callable[[int, int], str | None],
    ) -> None:
        for node in nodes:
            into[node.name] = self._value(node, columns, row, text)
            if self.look.raw != "none":
                leaves = [node] if isinstance(node, _Leaf) else node.occurrences if isinstance(node, _Table) else []
                found = [self._raw(columns[leaf.cell].raw[row]) for leaf in leaves if isinstance(leaf, _Leaf)]
                if found:
                    into[f"{node.name}_debug"] = found if isinstance(node, _Table) else found[0]
            if isinstance(node, _Group) and node.text is not None:
                into[f"{node.name}_NT"] = text(*node.text)

    def _raw(self, data: bytes) -> str | bytes:
        return data.hex().upper() if self.look.raw == "hex" else data

    def _value(
        self, node: _Node, columns: Mapping[Cell, Column], row: int, text: Callable[[int, int], str | None]
    ) -> Any:
        match node:
            case _Leaf():
                return columns[node.cell].values[row]
            case _Table():
                return [self._value(one, columns, row, text) for one in node.occurrences]
            case _Group():
                inner: dict[str, Any] = {}
                self._fill(inner, node.children, columns, row, text)
                return inner
        raise AssertionError(node)

    def _node(self, item: Item, subscripts: tuple[int, ...]) -> _Node | None:
        name = self._names.get(id(item))
        if name is None:
            return None
        if not item.occurs:
            return self._one(item, name, subscripts)
        times = self.layout.counts.get((id(item), subscripts))
        if times is None:
            return None
        found = [self._one(item, name, (*subscripts, number)) for number in range(1, times + 1)]
        there = [node for node in found if node is not None]
        if len(there) < len(found):
            return None
        return _Table(name, there)

    def _one(self, item: Item, name: str, subscripts: tuple[int, ...]) -> _Node | None:
        cell = id(item), subscripts
        if item.elementary:
            return _Leaf(name, cell) if cell in self._fields else None
        group = self._groups.get(cell)
        if group is None:
            return None
        children = [node for child in item.children if (node := self._node(child, subscripts)) is not None]
        if not children and not self._shown(item):
            return None
        text = (group.offset, group.length) if item.name in self.look.texts_of_groups else None
        return _Group(name, _told_apart(children), text)

    def _shown(self, item: Item) -> bool:
        """Whether a record of some type shows it: a group whose parts are those of other types is an empty one."""
        return id(item) in self._names and (item.elementary or any(map(self._shown, item.children)))


def _told_apart(nodes: Sequence[_Node]) -> list[_Node]:
    """Nodes of one group; a name that stands twice has its number behind it."""
    taken: dict[str, int] = {}
    for node in nodes:
        taken[node.name] = number = taken.get(node.name, 0) + 1
        if number > 1:
            _rename(node, f"{node.name}-{number}")
    return list(nodes)


def _rename(node: _Node, name: str) -> None:
    node.name = name
    for one in node.occurrences if isinstance(node, _Table) else ():
        _rename(one, name)


def filler_names(roots: Sequence[Item], look: Presentation) -> dict[int, str]:
    """The name of every item that trees show, by its identity."""
    names: dict[int, str] = {}
    groups = values = 0

    def visit(item: Item, before: str) -> str:
        nonlocal groups, values
        if item.name is not None:
            names[id(item)] = look.name(item)
        elif item.elementary and look.value_fillers:
            values += 1
            names[id(item)] = f"FILLER_P{values}" if look.filler_names == "sequence" else f"FILLER_AFTER_{before}"
        elif not item.elementary and look.group_fillers:
            groups += 1
            names[id(item)] = f"FILLER_{groups}" if look.filler_names == "sequence" else f"FILLER_AFTER_{before}"
        inner = names.get(id(item), before)
        for child in item.children:
            inner = visit(child, inner)
        return names.get(id(item), before)

    before = ""
    for root in roots:
        before = visit(root, before)
    return names


def python_values(place: Field, values: pa.Array) -> list[Any]:
    """A decoded column as trees show it."""
    found = values.to_pylist()
    if pa.types.is_decimal(values.type) and values.type.scale == 0:
        return [None if value is None else int(value) for value in found]
    if place.kind == "bytes":
        return [None if value is None else bytes.fromhex(value) for value in found]
    if place.kind == "float":
        return [None if value is None else _shortest(value) for value in found]
    return found


def _shortest(value: float) -> float:
    """A single-precision number with the digits that it has, not those of its double."""
    with np.errstate(over="ignore"):
        single = np.float32(value)
    return float(str(single)) if np.isfinite(single) and float(single) == value else value


def plain(value: Any) -> Any:
    """A tree for `json.dumps`: decimals as text, so that no digit is lost."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    return value
