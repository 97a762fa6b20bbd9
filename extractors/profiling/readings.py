"""Candidate pages, and what each of them makes of the same words.

Beside the pages that a source can declare stand three of Mazovia's variants, told apart by a letter or two.  Source:
the published descriptions of Mazovia 157 and Fido Mazovia.

>>> reading("mazovia").text(bytes.fromhex("9c a2 64 a6"))
'Łódź'
>>> reading("cp852").text(bytes.fromhex("9c a2 64 a6"))
'ťódŽ'
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from functools import cached_property, lru_cache

from billing.errors import ContractError
from extractors.codepages.tables import UNDEFINED, code_page
from extractors.profiling import polish

UTF8 = "utf-8"
COMMON = ("mazovia", "cp852", "cp1250", "iso8859-2")
RARE = ("mac_latin2", "iso8859-16", "cp1257", "cp775")
VARIANTS = {
    "mazovia-157": {0x9D: "ś", 0x9E: "₧"},
    "mazovia-fido": {0x87: "ć", 0x8D: "ì", 0x80: "Ć", 0x95: "ò"},
}
"""Variants of Mazovia: byte -> what it is there.  They have no decoder; a file in one has to be converted."""

FAMILY_ASCII = (UTF8, *COMMON, *RARE, *VARIANTS)
FAMILY_EBCDIC = ("cp870", "cp037", "cp500", "cp273")
HANDICAP_BITS = dict.fromkeys((*RARE, *VARIANTS), 8.0)
"""What a page must be better by, because it is seldom met."""


@dataclass(frozen=True)
class Reading:
    """One page, ready to read words.

    Attributes:
        page: Its name.
        chars: Character of each byte, U+FFFD where there is none; empty for UTF-8.
    """

    page: str
    chars: tuple[str, ...]

    def text(self, word: bytes) -> str:
        """The word under this page."""
        if not self.chars:
            return word.decode("utf-8", "replace")
        return codecs.charmap_decode(word, "strict", self._table)[0]

    @cached_property
    def _table(self) -> str:
        return "".join(self.chars)

    def reproduces(self, word: bytes) -> bool:
        """Does encoding what was decoded give the same bytes?"""
        if not self.chars:
            return word.decode("utf-8", "ignore").encode() == word
        return not word.translate(None, self._reproduced)

    @cached_property
    def _reproduced(self) -> bytes:
        """Bytes whose character is theirs alone, or theirs first."""
        return bytes(
            byte for byte, char in enumerate(self.chars) if char != "\ufffd" and self.chars.index(char) == byte
        )


@lru_cache(maxsize=64)
def reading(page: str) -> Reading:
    """The reading of a page or variant.

    Raises:
        ContractError: Nobody knows the page.
    """
    if is_utf8(page):
        return Reading(page, ())
    variant = VARIANTS.get(page)
    points = code_page("mazovia" if variant else page).points.tolist()
    chars = ["\ufffd" if point == UNDEFINED else chr(point) for point in points]
    for byte, char in (variant or {}).items():
        chars[byte] = char
    return Reading(page, tuple(chars))


def is_utf8(page: str) -> bool:
    """Is it one of UTF-8's names?"""
    return page.casefold().replace("_", "-") in {"utf-8", "utf8", "utf-8-sig"}


def is_known(page: str) -> bool:
    """Is there a reading of the page?"""
    try:
        reading(page)
    except ContractError:
        return False
    return True


def masked(text: str) -> str:
    """A word for a person to read: in clear where it names no person, else its Polish letters and their neighbours.

    A third of a word stays hidden at least, if need be its Polish letters.

    >>> masked("Łódź"), masked("Brzęczyszczykiewicz"), masked("Głódź"), masked("Żółć")
    ('Łódź', '**zęc**************', '*łó*ź', 'Ż***')
    """
    if polish.is_impersonal(text):
        return text
    special = [ord(char) >= 0x80 for char in text]
    near = [any(special[max(0, at - 1) : at + 2]) for at in range(len(text))]
    first = [at == text.find(next((c for c in text if ord(c) >= 0x80), "")) for at in range(len(text))]
    shown = next((marks for marks in (near, special, first) if 3 * sum(marks) <= 2 * len(text)), first)
    return "".join(char if show or not char.isalnum() else "*" for char, show in zip(text, shown, strict=True))
