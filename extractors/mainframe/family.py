"""Hierarchical files: below which record does each record stand?

The file says so by order alone: a child belongs to the last record of its parent's type before it, unless a record of
a type above that parent came between them, for then the parent's own place is closed.

>>> family = Family({"lines": "bills", "bills": "accounts"}, "")
>>> parents = family.follow(np.array([1, 2, 3, 4, 5]), {"accounts": [0, 3], "bills": [1], "lines": [2, 4]})
>>> parents["lines"][[2, 4]].tolist()
[2, -1]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from extractors.copybook.records import Frame

Rows = NDArray[np.int64]
_NONE = -1


class Family:
    """Follows the records of one file, frame by frame.

    Args:
        parents: Child table -> parent table.
        sha256: Of the file.
    """

    def __init__(self, parents: Mapping[str, str], sha256: str) -> None:
        self.parents = parents
        self.sha256 = sha256
        self._last: dict[str, int] = {}

    def ids(self, frame: Frame, rows: Mapping[str, Rows | None]) -> dict[str, Rows | None]:
        """For every table the parents of a frame's records.

        Args:
            frame: The frame that follows the last one.
            rows: Each table's records; None: all of them.

        Returns:
            Table -> record number of each record's parent, by its index in the frame, -1 where there is none; None
            for tables without a parent.
        """
        every = np.arange(len(frame.starts))
        own = {name: every if mine is None else mine for name, mine in rows.items()}
        found = self.follow(frame.places.record_no, own)
        return {name: found.get(name) for name in rows}

    def follow(self, numbers: Rows, rows: Mapping[str, Sequence[int] | Rows]) -> dict[str, Rows]:
        """As `ids`, given the records' numbers."""
        latest: dict[str, Rows] = {}
        for table, mine in rows.items():
            seen = np.full(len(numbers), self._last.get(table, _NONE), np.int64)
            chosen = np.asarray(mine, np.int64)
            seen[chosen] = numbers[chosen]
            latest[table] = np.maximum.accumulate(seen) if len(seen) else seen
            if len(seen):
                self._last[table] = int(latest[table][-1])
        found = {}
        for child, parent in self.parents.items():
            open_ = latest[parent].copy()
            above = self.parents.get(parent)
            while above is not None:
                open_[latest[above] > open_] = _NONE
                above = self.parents.get(above)
            found[child] = open_
        return found
