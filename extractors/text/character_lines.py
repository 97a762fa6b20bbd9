r"""Lines of UTF-8 whose columns are counted in characters: where each character begins.

A character beyond the basic plane counts as one; in a line that has the declared length only if it counts as two, as
Java, .NET and SQL Server count, it counts as two.

>>> data = np.frombuffer("1Łódź\n2😀x_\n".encode(), np.uint8)
>>> lines = CharacterLines(data, np.array([0, 9]), np.array([8, 16]), 5)
>>> lines.lengths.tolist()
[5, 5]
>>> starts, ends = lines.spans(np.array([0, 1]), 2, 2)
>>> [data[a:b].tobytes().decode() for a, b in zip(starts.tolist(), ends.tolist())]
['Łó', '😀']
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.int64]
_FOUR_BYTES = 0xF0  # what a character beyond the basic plane begins with, or more


class CharacterLines:
    """Some lines of a chunk.

    Args:
        data: uint8, the chunk.
        starts: int64[n], first byte of each line, ascending.
        ends: int64[n], behind the last byte of its text.
        length: The declared one, in characters.

    Attributes:
        lengths: int64[n], of each line, in characters.
    """

    def __init__(self, data: NDArray[np.uint8], starts: Index, ends: Index, length: int) -> None:
        begins = (data & 0xC0) != 0x80
        self._size = len(data)
        self._characters = np.flatnonzero(begins)
        self.lengths, self._first = self._counted(self._characters, starts, ends)
        self._units = self._characters
        self._in_units = np.zeros(len(starts), np.bool_)
        if (self.lengths != length).any() and (wide := np.flatnonzero(data >= _FOUR_BYTES)).size:
            begins[np.minimum(wide + 2, len(data) - 1)] = True  # the second unit of each is its third byte
            self._units = np.flatnonzero(begins)
            units, first = self._counted(self._units, starts, ends)
            self._in_units = (self.lengths != length) & (units == length)
            self.lengths = np.where(self._in_units, units, self.lengths)
            self._first = np.where(self._in_units, first, self._first)

    @staticmethod
    def _counted(places: Index, starts: Index, ends: Index) -> tuple[Index, Index]:
        first = np.searchsorted(places, starts)
        return np.searchsorted(places, ends) - first, first

    def spans(self, rows: NDArray[np.intp], start: int, length: int) -> tuple[Index, Index]:
        """First byte and end of one column.

        Args:
            rows: Lines that are as long as declared.
            start: 1-based, in characters.
            length: In characters.
        """
        first = self._first[rows] + start - 1
        return self._at(rows, first), self._at(rows, first + length)

    def _at(self, rows: NDArray[np.intp], index: Index) -> Index:
        found = self._of(self._characters, index)
        in_units = self._in_units[rows]
        return np.where(in_units, self._of(self._units, index), found) if in_units.any() else found

    def _of(self, places: Index, index: Index) -> Index:
        """Where characters begin; behind the last one, the end of the chunk."""
        return np.append(places, self._size)[np.minimum(index, len(places))]
