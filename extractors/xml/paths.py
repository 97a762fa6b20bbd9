"""What an XML spec asks for, as tables that whole chunks of a document can be looked up in.

Every path of the spec is a node; node and element name lead to the next node.  A column is a *slot*: a node, an
attribute of it or its text, and the *scope* within which it must occur once: the row itself, or an element around it.

>>> plan = plan_paths([XmlTable(table="wplaty", path="/r/konto/wplata", columns={"KONTO": "../@nr", "KWOTA": "kwota"})])
>>> [(slot.column, plan.paths[slot.node], slot.attribute, plan.paths[slot.scope]) for slot in plan.tables[0].slots]
[('KONTO', '/r/konto', 'nr', '/r/konto'), ('KWOTA', '/r/konto/wplata/kwota', None, '/r/konto/wplata')]
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from billing.errors import ContractError
from billing.text_specs import XmlTable


@dataclass(frozen=True)
class Slot:
    """Where a column's value stands.

    Attributes:
        column: Its name.
        node: The element that has it.
        attribute: Which attribute, None for the element's own text.
        scope: The row's node, or that of an element around the row.
    """

    column: str
    node: int
    attribute: str | None
    scope: int


@dataclass(frozen=True)
class TablePlan:
    """A raw table: the node of its rows, and its columns."""

    name: str
    row: int
    slots: tuple[Slot, ...]


@dataclass(frozen=True)
class PathPlan:
    """The whole spec.

    Attributes:
        tables: In the spec's order.
        paths: Path of every node; node 0 is the document, the last one means "nothing that the spec knows".
        depths: Of every node, the root element's being 1.
        names: Element and attribute names that occur in the spec.
        next: int32[nodes, names + 1], node by node and name; the last name means "any other".
        unsafe: bool[nodes], a document must not be cut while such an element is open: rows, and texts to be read.
    """

    tables: tuple[TablePlan, ...]
    paths: tuple[str, ...]
    depths: tuple[int, ...]
    names: tuple[str, ...]
    next: NDArray[np.int32]
    unsafe: NDArray[np.bool_]

    @property
    def roots(self) -> tuple[str, ...]:
        """Names that the outermost element may have."""
        return tuple(path[1:] for path, depth in zip(self.paths, self.depths, strict=True) if depth == 1)

    @property
    def nowhere(self) -> int:
        """The node of elements that the spec does not know."""
        return len(self.paths) - 1


def plan_paths(tables: list[XmlTable]) -> PathPlan:
    """Compile the tables of a spec.

    Raises:
        ContractError: A path cannot be used.
    """
    nodes: dict[tuple[str, ...], int] = {(): 0}
    planned: list[TablePlan] = []
    for table in tables:
        path = tuple(part for part in table.path.split("/") if part)
        if not path or not table.path.startswith("/"):
            raise ContractError(
                f"the path {table.path!r} of {table.table} does not begin at the document's outermost element",
                remedy="begin it with a slash and that element's name",
            )
        row = _node(nodes, path)
        if any(other.row == row for other in planned):
            raise ContractError(f"two tables have the path {table.path}", remedy="make one of them, with all columns")
        slots = tuple(_slot(nodes, path, column, where) for column, where in table.columns.items())
        planned.append(TablePlan(table.table, row, slots))
    attributes = {slot.attribute for plan in planned for slot in plan.slots if slot.attribute}
    names = sorted({path[-1] for path in nodes if path} | attributes)
    index = {name: number for number, name in enumerate(names)}
    following = np.full((len(nodes) + 1, len(names) + 1), len(nodes), np.int32)
    for path, node in nodes.items():
        if path:
            following[nodes[path[:-1]], index[path[-1]]] = node
    unsafe = np.zeros(len(nodes) + 1, np.bool_)
    for plan in planned:
        unsafe[plan.row] = True
        unsafe[[slot.node for slot in plan.slots if slot.attribute is None]] = True
    paths = tuple("/" + "/".join(path) for path in nodes)
    depths = tuple(len(path) for path in nodes)
    return PathPlan(tuple(planned), (*paths, ""), (*depths, 0), tuple(names), following, unsafe)


def _node(nodes: dict[tuple[str, ...], int], path: tuple[str, ...]) -> int:
    for depth in range(1, len(path) + 1):
        nodes.setdefault(path[:depth], len(nodes))
    return nodes[path]


def _slot(nodes: dict[tuple[str, ...], int], row: tuple[str, ...], column: str, where: str) -> Slot:
    steps = [step for step in where.split("/") if step and step != "."]
    up = 0
    while steps and steps[0] == "..":
        steps.pop(0)
        up += 1
    attribute = steps.pop()[1:] if steps and steps[-1].startswith("@") else None
    scope = row[: max(0, len(row) - up)]
    around = up and attribute is None and not steps  # the text around a row ends only behind it
    if not scope or around or attribute == "" or ".." in steps or any(step.startswith("@") for step in steps):
        raise ContractError(
            f"the path {where!r} of the column {column} cannot be used",
            remedy="use names, with .. only at the beginning and @attribute only at the end",
        )
    return Slot(column, _node(nodes, (*scope, *steps)), attribute, _node(nodes, scope))
