"""The code pages of the other reader: those of the standard, with control characters of its own.

Three things are the same in all of them and unlike Python's pages: 0D is a line feed and 25 a carriage return, FF is a
blank, and so is a control character that the page leaves out.  Its older pages leave out all of them, the others
(`_extended` among them) have those of the table below.  Its "common" page has only what all EBCDIC pages share.
"""

from __future__ import annotations

import codecs
import re

from billing.errors import ContractError
from extractors.codepages.tables import CodePage, add_code_page, code_page

DOUBLE_BYTE = {"cp300", "cp00300", "cp1364", "cp1388"}

_BARE = {"cp037", "cp838", "cp870", "cp875", "cp1025", "cp1047"}
_LINE_ENDS = {0x0D: "\n", 0x25: "\r"}
_CONTROLS = {
    **{byte: chr(byte) for byte in (0, 1, 2, 3, 0x0B, 0x0C, 0x0E, 0x0F, *range(0x10, 0x14), 0x18, 0x19)},
    **{byte: chr(byte) for byte in range(0x1C, 0x20)},
    0x05: "\t", 0x07: "\x7f", 0x16: "\b", 0x26: "\x17", 0x27: "\x1b", 0x2D: "\x05", 0x2E: "\x06", 0x2F: "\x07",
    0x32: "\x16", 0x37: "\x04", 0x3C: "\x14", 0x3D: "\x15", **_LINE_ENDS,
}  # fmt: skip
_OF_EXTENDED = {**_CONTROLS, 0x15: "\x85", 0x3F: "\x1a"}
_SUBSTITUTED = (0x04, 0x06, 0x08, 0x09, 0x0A, 0x14, 0x15, 0x17, 0x1A, 0x1B)  # 1A in the common page's extended form
_FIRST_GRAPHIC = 0x40


def page_of(name: str) -> CodePage:
    """The page that the other reader calls so.

    Raises:
        ContractError: It has a table that Python does not have.
    """
    name = re.sub(r"^cp0*(\d+)", lambda match: f"cp{match[1].zfill(3)}", name.lower())
    table = _common(extended=name.endswith("_extended")) if name.startswith("common") else _table(name)
    return add_code_page(f"cobrix_{name}", table)


def has_page(name: str) -> bool:
    """Whether there is a table for the page of that name."""
    try:
        page_of(name)
    except ContractError:
        return False
    return True


def has_charset(name: str) -> bool:
    """Whether Python knows the charset of an ASCII file's texts."""
    try:
        codecs.lookup(name)
    except LookupError:
        return False
    return True


def _table(name: str) -> str:
    plain = name.removesuffix("_extended")
    points = code_page(plain).points.tolist()
    controls = _OF_EXTENDED
    if name in _BARE:
        controls = {**_LINE_ENDS, **({0x15: "\x85"} if name == "cp037" else {})}
    characters = [controls.get(byte, " ") for byte in range(_FIRST_GRAPHIC)]
    characters += [_graphic(point, keep_odd=name not in _BARE - {"cp037"}) for point in points[_FIRST_GRAPHIC:]]
    characters[0xFF] = " "
    return "".join(characters)


def _graphic(point: int, *, keep_odd: bool) -> str:
    """A printable character; the hard blank and the soft hyphen are blanks in the older pages."""
    if point > 0x10FFFF or (point in (0xA0, 0xAD) and not keep_odd):
        return " "
    return chr(point)


def _common(*, extended: bool) -> str:
    """What all EBCDIC pages share stands where CP037 has it; a soft hyphen is a hyphen."""
    characters = []
    for byte in range(256):
        character = bytes([byte]).decode("cp037")
        if byte < _FIRST_GRAPHIC:
            shown = _CONTROLS if extended else _LINE_ENDS
            characters.append("\x1a" if extended and byte in _SUBSTITUTED else shown.get(byte, " "))
        elif byte in (0x6A, 0xCA):
            characters.append("|" if byte == 0x6A else "-")
        else:
            characters.append(character if " " <= character <= "~" else " ")
    if extended:
        characters[0x07] = " "
    return "".join(characters)
