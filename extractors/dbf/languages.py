"""What a DBF's language byte says about its code page, and what to do where it says nothing.

The byte is a prior, never proof: Clipper and FoxBASE write none, and tools write their own default on whatever they
copy.  So a declared page is followed, and a byte that says otherwise is noted.  Only where the source declares
`code_page = "header"` is the byte's word taken; it then has to stand the same comparison with the texts.

Source: the language drivers listed in Microsoft's documentation of Visual FoxPro's table header, and dBASE's.
dBASE 7 spells the driver out behind the header (`DB852PL0`), where the byte may be 0.
"""

from __future__ import annotations

import re

from billing.errors import SourceError
from extractors.base import LandedFile
from extractors.codepages.check import ASCII_CANDIDATES, MIN_MISFIT_SHARE, TextSample, judge
from extractors.codepages.dos_codecs import KAMENICKY

LANGUAGES: dict[int, str] = {
    0x01: "cp437", 0x02: "cp850", 0x03: "cp1252", 0x04: "mac_roman", 0x08: "cp865", 0x09: "cp437", 0x0A: "cp850",
    0x0B: "cp437", 0x0D: "cp437", 0x0E: "cp850", 0x0F: "cp437", 0x10: "cp850", 0x11: "cp437", 0x12: "cp850",
    0x13: "cp932", 0x14: "cp850", 0x15: "cp437", 0x16: "cp850", 0x17: "cp865", 0x18: "cp437", 0x19: "cp437",
    0x1A: "cp850", 0x1B: "cp437", 0x1C: "cp863", 0x1D: "cp850", 0x1F: "cp852", 0x22: "cp852", 0x23: "cp852",
    0x24: "cp860", 0x25: "cp850", 0x26: "cp866", 0x37: "cp850", 0x40: "cp852", 0x4D: "cp936", 0x4E: "cp949",
    0x4F: "cp950", 0x50: "cp874", 0x57: "cp1252", 0x58: "cp1252", 0x59: "cp1252", 0x64: "cp852", 0x65: "cp866",
    0x66: "cp865", 0x67: "cp861", 0x68: KAMENICKY, 0x69: "mazovia", 0x6A: "cp737", 0x6B: "cp857", 0x6C: "cp863",
    0x78: "cp950", 0x79: "cp949", 0x7A: "cp936", 0x7B: "cp932", 0x7C: "cp874", 0x7D: "cp1255", 0x7E: "cp1256",
    0x86: "cp737", 0x87: "cp852", 0x88: "cp857", 0x96: "mac_cyrillic", 0x97: "mac_latin2", 0x98: "mac_greek",
    0xC8: "cp1250", 0xC9: "cp1251", 0xCA: "cp1254", 0xCB: "cp1253", 0xCC: "cp1257",
}  # fmt: skip
"""Language driver byte -> Python's name of the code page."""

_MULTI_BYTE = {"cp932", "cp936", "cp949", "cp950"}
_DRIVER = re.compile(rb"DB(?:(\d{3})|WIN)\w\w\d", re.IGNORECASE)


def stated_page(language: int, driver: bytes) -> str | None:
    """The code page that a header states, None where it states none that can be used.

    Args:
        language: The language byte; 0 where none is stated.
        driver: dBASE 7's name of the language driver, empty elsewhere.

    >>> stated_page(0x69, b""), stated_page(0, b"DB852PL0"), stated_page(0, b""), stated_page(0x13, b"")
    ('mazovia', 'cp852', None, None)
    """
    page = LANGUAGES.get(language)
    if page is None and (match := _DRIVER.match(driver)):
        page = f"cp{match[1].decode()}" if match[1] else "cp1252"
    return None if page in _MULTI_BYTE else page


def page_of_undeclared(source_id: str, landed: LandedFile, language: int, sample: TextSample) -> str:
    """The page of a table whose source relies on its header, where the header states none.

    Args:
        source_id: The source.
        landed: The table.
        language: Its language byte.
        sample: Of its texts.

    Returns:
        `ascii` where the sample holds nothing else.

    Raises:
        SourceError: There are letters that only a code page can tell; the remedy has the likeliest.
    """
    if not sample.counts[0x80:].any():
        return "ascii"
    best = judge(sample, ASCII_CANDIDATES)[0]
    likely = f", probably {best.page!r}" if best.judged and best.share < MIN_MISFIT_SHARE else ""
    stated = f"its language byte {language:02X} names none that is supported" if language else "it states none"
    raise SourceError(
        f"the code page is not known: the source relies on the header, but {stated}; there are letters beyond ASCII",
        source_id=source_id,
        file=landed.name,
        byte_offset=29,
        remedy=f"declare code_page{likely} in source.toml",
    )
