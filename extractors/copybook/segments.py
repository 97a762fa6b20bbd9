"""Files with several record types: which group a record has, what it belongs to, and trees of parents and children."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol


@dataclass(frozen=True)
class Selector:
    """Which group of the copybook the records of a type have.

    Attributes:
        field: The field that says the type.
        groups: Its value -> group, both in the copybook's spelling; a value that is not there has none of them.
        exclusive: A record that has a group has no other view of its bytes, not even one that no value maps to.
    """

    field: str
    groups: Mapping[str, str]
    exclusive: bool = True

    @cached_property
    def _by_value(self) -> dict[str, str]:
        return {type_value(value): group for value, group in self.groups.items()}

    def group_of(self, value: str) -> str | None:
        """The group of a record whose field has a value; zeros in front of a number do not count.

        >>> Selector("TYP", {"01": "KONTO"}).group_of("1")
        'KONTO'
        """
        return self.groups.get(value) or self._by_value.get(type_value(value))


def type_value(value: str | None) -> str:
    """A record type as it is compared: without blanks at its end, a number without zeros in front."""
    text = (value or "").rstrip()
    return str(int(text)) if text.isascii() and text.isdigit() else text


class HasTree(Protocol):
    """A record with a tree."""

    tree: dict[str, Any]
    group: str | None


@dataclass
class Orphan:
    """A child that stands before any record that could be its parent."""

    record: Any
    parent: str


@dataclass
class Hierarchy:
    """Puts child records into the trees of their parents.

    Attributes:
        parents: Group of a record type -> group of the type that it belongs to.
        names: A group's name in trees, where it is another one.
        orphans: Children that stood before any record that they could belong to; filled in on the way.
        strangers: How many records had none of the groups; counted on the way.
    """

    parents: Mapping[str, str]
    names: Mapping[str, str]
    orphans: list[Orphan] = field(default_factory=list)
    strangers: int = 0

    def nest(self, records: Iterable[Any]) -> Iterator[Any]:
        """Give out the roots, each with everything that stands below it until the next one.

        A child that comes before its parent is noted in `orphans`; a record without a group is counted and passed
        over.
        """
        root = None
        current: dict[str, dict[str, Any]] = {}
        for record in records:
            group = record.group
            if group is None:
                self.strangers += 1
                continue
            branch = _branch(record.tree, self.names.get(group, group))
            if branch is None:
                branch = {}
            for child, parent in self.parents.items():
                if parent == group:
                    branch.setdefault(self.names.get(child, child), [])
            if group not in self.parents:
                if root is not None:
                    yield root
                root, current = record, {}
            else:
                parent = self.parents[group]
                if parent not in current:
                    self.orphans.append(Orphan(record, parent))
                    continue
                current[parent][self.names.get(group, group)].append(branch)
                for below in self._below(group):
                    current.pop(below, None)
            current[group] = branch
        if root is not None:
            yield root

    def _below(self, group: str) -> list[str]:
        found = [child for child, parent in self.parents.items() if parent == group]
        return found + [deeper for child in found for deeper in self._below(child)]


def _branch(tree: dict[str, Any], name: str) -> dict[str, Any] | None:
    """The group of that name, wherever in the tree it stands."""
    if isinstance(tree.get(name), dict):
        return tree[name]
    for value in tree.values():
        if isinstance(value, dict) and (found := _branch(value, name)) is not None:
            return found
    return None
