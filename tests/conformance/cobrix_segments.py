"""The numbers that the other reader gives the records of a hierarchy (`Seg_Id0`, `Seg_Id1` ...).

>>> ids = SegmentIds([{"R"}, {"C"}, {"L"}], "A_0")
>>> [ids.of(segment, record)[-1] for record, segment in enumerate("RCLCL")]
[None, None, 'A_0_0_L2_1', None, 'A_0_0_L2_2']
>>> ids.of("of no level", 5), ids.of("R", 6)
(['A_0_0', 'A_0_0_L1_2', 'A_0_0_L2_2'], ['A_0_6', None, None])
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

REST = "_"
"""Segment ids of a level that are not those of another one."""


class SegmentIds:
    """Numbers records: a root by its place in the file, the others by how many of their level its root has so far.

    A record whose segment is on no level has the numbers of the one before it.

    Args:
        levels: Segment ids of the roots, of their children, and so on; `REST` stands for all others.
        prefix: In front of every number.
    """

    def __init__(self, levels: Sequence[Collection[str]], prefix: str) -> None:
        self._levels = levels
        self._prefix = prefix
        self._counters = [0] * len(levels)
        self._root: str | None = None
        self._level = -1

    def of(self, segment: str, record: int) -> list[str | None]:
        """The numbers of the next record, one for each level; None below its own, and before the first root."""
        level = self._level_of(segment)
        if level is not None:
            self._level = level
            if level == 0:
                self._root = f"{self._prefix}_{record}"
                self._counters = [0] * len(self._levels)
            else:
                self._counters[level] += 1
        if self._root is None:
            return [None] * len(self._levels)
        numbers = [f"{self._root}_L{n}_{self._counters[n]}" for n in range(1, self._level + 1)]
        return [self._root, *numbers, *[None] * (len(self._levels) - self._level - 1)]

    def _level_of(self, segment: str) -> int | None:
        for level, ids in enumerate(self._levels):
            if segment in ids:
                return level
        return next((level for level, ids in enumerate(self._levels) if REST in ids), None)
