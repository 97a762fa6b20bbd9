"""Record types that belong to one another."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from extractors.copybook.segments import REST, Hierarchy, SegmentIds


def test_children_are_counted_anew_below_every_parent() -> None:
    ids = SegmentIds([{"R"}, {"C"}, {REST}], "f")
    numbers = [ids.of(segment, record)[2] for record, segment in enumerate("xRxCxxCxRxCx")]
    assert numbers == [
        None, None, "f_1_L2_1", None, "f_1_L2_1", "f_1_L2_2", None, "f_1_L2_1", None, "f_8_L2_1", None, "f_8_L2_1",
    ]  # fmt: skip
    assert ids.of("C", 12) == ["f_8", "f_8_L1_2", None]


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
