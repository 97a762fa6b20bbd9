"""The lines of a chunk of bytes, with their exact places, whatever their lengths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from extractors.base import Places
from extractors.text.spans import without_trailing

CTRL_Z = 0x1A
RETURN = 0x0D


@dataclass(frozen=True)
class Lines:
    """The lines of one chunk.

    Attributes:
        data: uint8, the chunk.
        starts: int64[n], first byte.
        ends: int64[n], behind the last byte of the text.
        nexts: int64[n], behind the line end.
        offset: Of the chunk in its file.
        first_no: Number of the first line.
    """

    data: NDArray[np.uint8]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    nexts: NDArray[np.int64]
    offset: int
    first_no: int

    def text(self, row: int) -> bytes:
        """A line without its end."""
        return self.data[self.starts[row] : self.ends[row]].tobytes()

    def raw(self, row: int) -> bytes:
        """A line with its end."""
        return self.data[self.starts[row] : self.nexts[row]].tobytes()

    def at(self, row: int) -> tuple[int, int, int]:
        """Record number, offset, length."""
        return (
            self.first_no + row,
            self.offset + int(self.starts[row]),
            int(self.nexts[row] - self.starts[row]),
        )

    def places(self, rows: NDArray[np.intp]) -> Places:
        """Where some lines lie in the file."""
        return Places(
            self.first_no + rows.astype(np.int64),
            self.offset + self.starts[rows],
            (self.nexts[rows] - self.starts[rows]).astype(np.int32),
        )

    def block(self, rows: NDArray[np.intp], length: int) -> NDArray[np.uint8]:
        """The lines `rows`, all of one length, as uint8[n, length]."""
        if not len(rows):
            return np.empty((0, length), np.uint8)
        starts = self.starts[rows]
        strides = np.diff(starts)
        if len(rows) == 1 or (strides == strides[0]).all():
            stride = int(strides[0]) if len(strides) else length
            end = int(starts[-1]) + length
            shape = (len(rows), length)
            return np.lib.stride_tricks.as_strided(self.data[int(starts[0]) : end], shape, (stride, 1), writeable=False)
        return self.data[starts[:, None] + np.arange(length)]


def find_lines(
    chunk: bytes, ending: bytes, stride: int, offset: int, first_no: int, *, final: bool, most: int
) -> Lines:
    """The complete lines of a chunk; at the end of the file, the last one needs no line end.

    Args:
        chunk: Bytes from the beginning of a line on.
        ending: LF, CR and LF, or CR.
        stride: Usual length of a line with its end.
        offset: Of the chunk in its file.
        first_no: Number of its first line.
        final: The file ends with the chunk.
        most: Most lines to return.
    """
    data = np.frombuffer(chunk, np.uint8)
    newline = ending[-1]
    whole = len(data) // stride
    regular = whole and bool((data[: whole * stride].reshape(-1, stride)[:, -1] == newline).all())
    if regular and chunk.count(newline, 0, whole * stride) == whole:
        nexts = np.arange(1, whole + 1, dtype=np.int64) * stride
        if final and len(chunk) > whole * stride:
            tail = np.flatnonzero(data[whole * stride :] == newline) + whole * stride + 1
            nexts = np.concatenate([nexts, tail])
    else:
        nexts = np.flatnonzero(data == newline) + 1
    if final and (not len(nexts) or nexts[-1] < len(data)):
        nexts = np.append(nexts, len(data))
    starts = np.concatenate([np.zeros(min(1, len(nexts)), np.int64), nexts[:-1]])
    ends = nexts - (data[nexts - 1] == newline)
    if newline != RETURN:  # in files that were joined, lines of both kinds; of copies of copies, two returns and more
        ends = without_trailing(data, starts, ends, RETURN)
    if final and len(starts):  # DOS marks the end of a text with Ctrl-Z
        last = data[starts[-1] : nexts[-1]]
        if len(last) and not np.setdiff1d(last, [CTRL_Z, RETURN, *ending]).size:
            starts, ends, nexts = starts[:-1], ends[:-1], nexts[:-1]
        elif last[-1] == CTRL_Z:
            ends[-1] -= len(last) - len(last.tobytes().rstrip(bytes([CTRL_Z])))
    return Lines(data, starts[:most], ends[:most], nexts[:most], offset, first_no)
