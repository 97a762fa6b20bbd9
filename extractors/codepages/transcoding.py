"""Texts of a single-byte page, one behind the other in a buffer, into UTF-8 with their offsets moved along.

>>> raw, offsets = to_utf8("Łódźż".encode("cp1250"), np.array([0, 4, 5], np.int32), *tables("cp1250"))
>>> [raw[a:b].decode() for a, b in zip(offsets, offsets[1:])]
['Łódź', 'ż']
"""

from __future__ import annotations

import codecs
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from extractors.codepages.tables import code_page

Offsets = NDArray[np.int32]

_WORD = 8
_HIGH_BITS = np.uint64(0x8080808080808080)


@lru_cache(maxsize=32)
def tables(name: str) -> tuple[str, bytes]:
    """Character of every byte of a page (U+FFFD where it has none), and by how many bytes it grows in UTF-8."""
    page = code_page(name)
    characters = "".join(
        "\ufffd" if undefined else chr(point)
        for point, undefined in zip(page.points.tolist(), page.undefined.tolist(), strict=True)
    )
    return characters, bytes(len(character.encode()) - 1 for character in characters)


def to_utf8(raw: bytes, offsets: Offsets, characters: str, growth: bytes) -> tuple[bytes, Offsets]:
    """Decode a buffer of texts.

    Args:
        raw: The texts.
        offsets: int32[n + 1], where each begins and the last one ends.
        characters: Of every byte.
        growth: By how many bytes each byte grows.

    Returns:
        The texts in UTF-8 and their offsets there.
    """
    text = codecs.charmap_decode(raw, "strict", characters)[0].encode()
    if len(text) == len(raw):
        return text, offsets
    return text, offsets + _grown(raw, growth)[offsets]


def moved(cells: NDArray[np.uint8], data: NDArray[np.uint8], offsets: Offsets, total: int, growth: bytes) -> Offsets:
    """int32[n + 1], by how many bytes each text's place moves when the texts become UTF-8.

    Args:
        cells: uint8[n, width], the texts with what was cut off them.
        data: The texts, one behind the other.
        offsets: int32[n + 1], where each begins in the data.
        total: By how much all of them grow.
        growth: By how much each byte does.
    """
    by_one = np.zeros(len(offsets), np.int32)
    np.cumsum(_high_bytes(cells), dtype=np.int32, out=by_one[1:])
    if by_one[-1] == total:  # as letters do
        return by_one
    return _grown(data.tobytes(), growth)[offsets]


def _grown(raw: bytes, growth: bytes) -> Offsets:
    """int32[len(raw) + 1], by how many bytes everything before each byte grows."""
    before = np.zeros(len(raw) + 1, np.int32)
    np.cumsum(np.frombuffer(raw.translate(growth), np.uint8), dtype=np.int32, out=before[1:])
    return before


def _high_bytes(cells: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """uint16[n], how many bytes of each row are beyond ASCII."""
    rows, width = cells.shape
    wide = -(-width // _WORD) * _WORD
    padded = np.zeros((rows, wide), np.uint8)
    padded[:, :width].view(f"V{width}")[...] = cells.view(f"V{width}")
    found = np.bitwise_count(padded.view(np.uint64) & _HIGH_BITS)
    total = found[:, 0].astype(np.uint16)
    for column in range(1, wide // _WORD):
        total += found[:, column]
    return total
