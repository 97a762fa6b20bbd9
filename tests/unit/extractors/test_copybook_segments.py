"""Record types that belong to one another."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from extractors.copybook.segments import Hierarchy


@dataclass
class One:
    group: str | None
    tree: dict[str, Any] = field(default_factory=dict)


def test_nothing_of_a_hierarchy_gets_lost() -> None:
    hierarchy = Hierarchy({"C": "R", "L": "C"}, {"C": "children"})
    records = [
        One("L", {"L": {"n": 0}}), One("R", {"id": 1, "R": {"a": 1}}), One("L", {"L": {"n": 1}}),
        One("C", {"id": 2, "children": {"b": 1}}), One("L", {"L": {"n": 2}}), One(None), One("R", {"R": {"a": 2}}),
        One("L", {"L": {"n": 3}}),
    ]  # fmt: skip
    roots = [record.tree for record in hierarchy.nest(records)]
    assert roots == [
        {"id": 1, "R": {"a": 1, "children": [{"b": 1, "L": [{"n": 2}]}]}}, {"R": {"a": 2, "children": []}},
    ]  # fmt: skip
    assert [orphan.record.tree["L"]["n"] for orphan in hierarchy.orphans] == [0, 1, 3]
    assert hierarchy.strangers == 1
