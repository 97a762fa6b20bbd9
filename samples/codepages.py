"""Code pages, as tables from code point to byte, and text arrays to byte matrices by them.

Mazovia (the Polish DOS page of the 1980s) is code page 437 with seventeen letters replaced; neither Python nor any
library has it, so its letters stand here.  CP870, the EBCDIC page of Poland, comes from the `ebcdic` package; the
others from Python.

>>> encode(np.array(["ZAŻÓŁĆ"]), "mazovia", 6).tobytes().hex(" ")
'5a 41 a1 a3 9c 95'
>>> encode(np.array(["ąćęłńóśźż"]), "cp870", 10).tobytes().hex(" ")
'a0 49 52 9a 9b ce 8a b7 b2 40'
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import ebcdic  # noqa: F401  (importing it registers cp870)
import numpy as np
import numpy.typing as npt

from samples.draw import Array

Bytes = npt.NDArray[np.uint8]

MAZOVIA = dict(zip("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ", bytes.fromhex("868d9192a4a29ea6a78f95909ca5a398a0a1"), strict=True))

_CODE_POINTS = 0x2200
_NONE = 0xFFFF


@cache
def table(code_page: str) -> npt.NDArray[np.uint16]:
    """Byte of every code point below U+2200; 0xFFFF where the page has none.  U+0000 stays 0: it pads texts."""
    points = np.full(_CODE_POINTS, _NONE, dtype=np.uint16)
    replaced = set(MAZOVIA.values()) if code_page == "mazovia" else set()
    for byte in range(256):
        try:
            character = bytes([byte]).decode("cp437" if code_page == "mazovia" else code_page)
        except UnicodeDecodeError:
            continue
        if byte not in replaced and ord(character) < _CODE_POINTS:
            points[ord(character)] = byte
    if code_page == "mazovia":
        for letter, byte in MAZOVIA.items():
            points[ord(letter)] = byte
    points[0] = 0
    points.setflags(write=False)
    return points


@cache
def _padding_table(code_page: str) -> npt.NDArray[np.uint16]:
    """The same with the page's blank for U+0000."""
    points = table(code_page).copy()
    points[0] = points[ord(" ")]
    return points


def code_points(texts: Array) -> npt.NDArray[np.uint32]:
    """A text array as a matrix of code points, one row a text, zeros behind its end."""
    texts = np.ascontiguousarray(texts)
    width = texts.dtype.itemsize // 4
    return texts.view(np.uint32).reshape(len(texts), width)


def encode(texts: Array, code_page: str, width: int | None = None) -> Bytes:
    """Texts as rows of bytes.

    Args:
        texts: A numpy text array (dtype U).
        code_page: A single-byte page.
        width: Bytes of the field: longer texts are cut, shorter ones padded with the page's blank.  Without it the
            rows keep the array's own width and zeros stand behind the texts, for `join` to drop.

    Raises:
        ValueError: A character does not exist in the page.
    """
    points = code_points(texts)
    if width is not None:
        points = points[:, :width]
    found = (table(code_page) if width is None else _padding_table(code_page))[points]
    if found.size and found.max() == _NONE:
        character = chr(int(points[found == _NONE][0]))
        raise ValueError(f"{character!r} does not exist in {code_page}")
    rows = found.astype(np.uint8)
    if width is not None and rows.shape[1] < width:
        blank = int(_padding_table(code_page)[0])
        rows = np.pad(rows, ((0, 0), (0, width - rows.shape[1])), constant_values=blank)
    return rows


def encode_utf8(texts: Array) -> Bytes:
    """Texts (below U+0800) as rows of UTF-8, with zeros for `join` to drop."""
    points = code_points(texts)
    if points.size and int(points.max()) >= 0x800:
        raise ValueError("characters above U+07FF are not expected here")
    rows = np.zeros((points.shape[0], points.shape[1], 2), dtype=np.uint8)
    wide = points >= 0x80
    rows[:, :, 0] = np.where(wide, 0xC0 | (points >> 6), points)
    rows[:, :, 1] = np.where(wide, 0x80 | (points & 0x3F), 0)
    return rows.reshape(points.shape[0], points.shape[1] * 2)


def join(rows: int, *parts: bytes | Bytes) -> bytes:
    """Write byte rows one behind the other, without the zeros that pad their parts.

    Args:
        rows: Number of rows.
        parts: What stands in each row, in order: the same bytes in all of them, or a matrix with a row each.
    """
    whole = stack(rows, *parts)
    return whole[whole != 0].tobytes()


def stack(rows: int, *parts: bytes | Bytes) -> Bytes:
    """Like `join`, for records of one length: every byte stays."""
    columns = [
        np.broadcast_to(np.frombuffer(p, dtype=np.uint8), (rows, len(p))) if isinstance(p, bytes) else p for p in parts
    ]
    return np.concatenate(columns, axis=1)


def interleave(kinds: Sequence[tuple[Array, Bytes]]) -> bytes:
    """Records of several kinds and lengths in one stream, ordered by a sort key.

    Args:
        kinds: For each kind its records' sort keys (whole numbers) and the records; equal keys keep this order.
    """
    keys = np.concatenate([k for k, _ in kinds])
    lengths = np.concatenate([np.full(len(k), r.shape[1], dtype=np.int64) for k, r in kinds])
    order = np.argsort(keys, kind="stable")
    start = np.empty(len(keys), dtype=np.int64)
    start[order] = np.cumsum(lengths[order]) - lengths[order]
    out = np.empty(int(lengths.sum()), dtype=np.uint8)
    row = 0
    for kind, records in kinds:
        places = start[row : row + len(kind)]
        out[places[:, None] + np.arange(records.shape[1])] = records
        row += len(kind)
    return out.tobytes()
