r"""A copybook's bytes into text, however it came from the mainframe.

Names and clauses are ASCII in every page that PCs write, so what a comment says does not matter.  Three forms are told
apart by their bytes: UTF-16 by its byte order mark; EBCDIC, whose blank (40) and letters (80 and above) make up the
file, with its own line ends (15, 25, or carriage returns) or none, in lines of 80 bytes; everything else.

>>> source_text("\ufeff       01  A.\r\n".encode())
'       01  A.\n'
>>> source_text("       01  A.\x85         05  B PIC X.".encode("cp037"))
'       01  A.\n         05  B PIC X.'
>>> cards = ["       01  A.", "           05  B PIC X."]
>>> source_text("".join(card.ljust(80) for card in cards).encode("cp037")).split() == " ".join(cards).split()
True
"""

from __future__ import annotations

import codecs
import re

_CARD = 80
_LINE_ENDS = re.compile("\r\n|\r|\x85|\x0b|\x0c")
_EBCDIC_LINE_ENDS = {0x0D: "\n", 0x15: "\n", 0x25: "\n"}
_EBCDIC = "".join(_EBCDIC_LINE_ENDS.get(byte, bytes([byte]).decode("cp037")) for byte in range(256))
_BLANK, _FIRST_LETTER = 0x40, 0x80
_MOST = 0.9


def source_text(data: bytes) -> str:
    """Decode a copybook; its lines end with `\\n`.

    Args:
        data: The file's bytes.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = data.decode("utf-16", "replace")
    elif _is_ebcdic(data):
        text = codecs.charmap_decode(data, "replace", _EBCDIC)[0]
        if "\n" not in text and len(data) > _CARD:
            text = "\n".join(text[at : at + _CARD] for at in range(0, len(text), _CARD))
    else:
        text = data.decode("utf-8-sig", "replace")
    return _LINE_ENDS.sub("\n", text).replace("\xa0", " ").rstrip("\0\x1a")


def _is_ebcdic(data: bytes) -> bool:
    """Blanks of EBCDIC, and hardly a byte that is neither one nor a letter, a digit or a usual sign of it."""
    if data.count(_BLANK) <= data.count(0x20):
        return False
    usual = sum(
        data.count(byte) for byte in (*range(_FIRST_LETTER, 256), *range(_BLANK, _FIRST_LETTER), 0x0D, 0x15, 0x25)
    )
    high = sum(data.count(byte) for byte in range(_FIRST_LETTER, 256))
    return usual >= _MOST * len(data) and high * 4 >= len(data) - data.count(_BLANK)
