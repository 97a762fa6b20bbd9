"""Texts by a reader's choice: another charset, other trimming, odd characters blanked, dropped or kept.

The pipeline's own choice has a faster way (`extractors.textcolumn`); this one makes a Python string of every value.
"""

from __future__ import annotations

from collections.abc import Callable
from unicodedata import category

import numpy as np
from numpy.typing import NDArray

from extractors.codepages.tables import CodePage
from extractors.copybook.reading import Reading

Bytes = NDArray[np.uint8]


def read_texts(block: Bytes, page: CodePage, how: Reading) -> tuple[list[str | None], list[int]]:
    """Read a text field of many records.

    Args:
        block: uint8[n, width].
        page: Their code page.
        how: The choices.

    Returns:
        n values; and the rows that could not be read (None among the values).
    """
    rows, width = block.shape
    data = block.tobytes()
    values: list[str | None] = []
    defects: list[int] = []
    decode = _charset(how) if how.charset else _table(page, how)
    for row in range(rows):
        raw = data[row * width : (row + 1) * width]
        text: str | None = decode(raw)
        if text is None:
            defects.append(row)
        elif how.empty == "unfilled" and not raw.strip(b"\0"):
            text = None
        values.append(None if text is None else trimmed(text, how))
    return values, defects


def read_national(block: Bytes, how: Reading) -> tuple[list[str | None], list[int]]:
    """Read a field of UTF-16 characters (PIC N); as `read_texts`."""
    rows, width = block.shape
    data = block.tobytes()
    codec = "utf-16-be" if how.national_order == "big" else "utf-16-le"
    values: list[str | None] = []
    defects: list[int] = []
    for row in range(rows):
        raw = data[row * width : (row + 1) * width]
        if not raw.strip(b"\0") and how.empty != "text":
            values.append(None)
            continue
        text: str | None
        try:
            text = _without_odd(raw.decode(codec).rstrip("\0"), how)
        except UnicodeDecodeError:
            text = None if how.odd == "defect" else _without_odd(raw.decode(codec, "replace"), how)
        if text is None:
            defects.append(row)
        values.append(None if text is None else trimmed(text, how))
    return values, defects


def _without_odd(text: str, how: Reading) -> str | None:
    """A text with its control characters as the reader wants them; None where they make it unreadable."""
    if how.odd == "keep" or not any(category(character) == "Cc" for character in text):
        return text
    if how.odd == "defect":
        return None
    return "".join((" " if how.odd == "blank" else "") if category(c) == "Cc" else c for c in text)


def trimmed(text: str, how: Reading) -> str | None:
    """A text without the blanks that the reader does not want; None where that leaves nothing and nothing is null."""
    match how.trim:
        case "right":
            text = text.rstrip(" ")
        case "left":
            text = text.lstrip(" ")
        case "both":
            text = text.strip(" ")
        case _:
            pass
    return None if how.empty == "null" and not text else text


def _charset(how: Reading) -> Callable[[bytes], str | None]:
    charset, odd = str(how.charset), how.odd

    def decode(raw: bytes) -> str | None:
        if odd == "drop":
            raw = raw.translate(None, _CONTROLS)
        elif odd == "blank":
            raw = raw.translate(_BLANKED)
        elif odd == "defect" and any(b < 0x20 for b in raw.rstrip(b"\0")):
            return None
        return raw.decode(charset, "replace")

    return decode


def _table(page: CodePage, how: Reading) -> Callable[[bytes], str | None]:
    characters = []
    for byte in range(256):
        odd = bool(page.undefined[byte] or page.control[byte])
        if odd and how.odd in ("blank", "drop"):
            characters.append(" " if how.odd == "blank" else "")
        elif page.undefined[byte]:
            characters.append("\ufffd")
        else:
            characters.append(chr(page.points[byte]))
    odd_bytes = frozenset(np.flatnonzero(page.undefined | page.control).tolist())

    def decode(raw: bytes) -> str | None:
        if how.odd == "defect" and not odd_bytes.isdisjoint(raw.rstrip(b"\0" + bytes([page.blank]))):
            return None
        text = "".join([characters[b] for b in raw])
        if how.odd != "defect" or "\0" not in text:
            return text
        written = text.rstrip("\0 ")  # low-values that nobody moved anything into are blanks
        return written and written.ljust(len(text))

    return decode


_CONTROLS = bytes(range(0x20))
_BLANKED = bytes(0x20 if b < 0x20 else b for b in range(256))
