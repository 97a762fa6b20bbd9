r"""Words with letters beyond ASCII, as bytes: what tells one code page from another.

A word is a run of bytes that are letters in ASCII or may be letters in some page, with at least one of the latter.
It is cut out before any page is chosen, so every page is asked about the same bytes.

>>> found = WordCount()
>>> found.add("ul. Łąkowa 5, 1\u00a0234 zł".encode("cp1250"))
>>> [(word, count) for word, count in sorted(found.words.items())]
[(b'z\xb3', 1), (b'\xa3\xb9kowa', 1)]
>>> found.plain["lower"]  # how the words without such letters are written: "ul"
1
"""

from __future__ import annotations

import re
import zlib
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from extractors.codepages import code_page
from extractors.profiling import polish

EBCDIC_PAGES = ("cp870", "cp037", "cp500", "cp273")
PLAIN_BYTES = 1 << 16
"""Bytes of a piece of text in which plain words are looked at: their case is soon known."""

# A word begins where no letter stands before it, and no repetition gives back what it took: with neither, a long run
# of letters would be searched from each of its letters on.
_WORD = re.compile(
    rb"(?<![A-Za-z\x80-\xff])(?:"
    rb"[A-Za-z]++[\x80-\xff][A-Za-z\x80-\xff]{0,60}+|[\x80-\xff][A-Za-z\x80-\xff]{1,60}+"
    # a single byte between digits is a thousands separator, and no word
    rb"|(?<![0-9])[\x80-\xff](?![0-9]))"
)
_PLAIN = re.compile(rb"(?<![\x80-\xffA-Za-z])[A-Za-z]{2,}+(?![\x80-\xff])")
LONGEST = 120
"""Bytes of a word that are looked at; what is longer is no word."""


def _ebcdic_patterns() -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    invariant = {byte for byte in range(256) if bytes([byte]).decode("cp037").isascii()} & {
        byte for byte in range(256) if bytes([byte]).decode("cp037").isalpha()
    }
    letters = {
        byte for name in EBCDIC_PAGES for byte, point in enumerate(code_page(name).points.tolist())
        if point < 0x110000 and chr(point).isalpha()
    }  # fmt: skip
    # what some page reads as a letter may be a symbol in another, and the other way round: both are asked
    plain = b"".join(re.escape(bytes([b])) for b in sorted(invariant))
    high = b"".join(re.escape(bytes([b])) for b in sorted(letters - invariant))
    both = plain + high
    # without a plain letter it is more likely a packed number than a word
    word = rb"(?<![%b])[%b]*+[%b][%b]{0,60}+" % (both, plain, high, both)
    return re.compile(word), re.compile(rb"(?<![%b])[%b]{2,}+(?![%b])" % (both, plain, high))


_EBCDIC_WORD, _EBCDIC_PLAIN = _ebcdic_patterns()
_EBCDIC_LETTERS = bytes(
    b for b in range(256) if bytes([b]).decode("cp037").isascii() and bytes([b]).decode("cp037").isalpha()
)


class WordCount:
    """How often each word with letters beyond ASCII occurs in some text.

    Args:
        ebcdic: The text is EBCDIC.

    Attributes:
        words: Word, as bytes -> how often it occurs.
        plain: Case of the other words (`lower`, `upper`, `title`, `mixed`) -> how many there are.
        bytes: Bytes of text seen.
    """

    def __init__(self, *, ebcdic: bool = False) -> None:
        self.ebcdic = ebcdic
        self.words: Counter[bytes] = Counter()
        self.plain: Counter[str] = Counter()
        self.bytes = 0

    def add(self, text: bytes) -> None:
        """Count the words of a piece of text."""
        self.bytes += len(text)
        if self.ebcdic:
            found = (w for w in _EBCDIC_WORD.findall(text) if w.translate(None, _EBCDIC_LETTERS) != w)
            self.words.update(word[-LONGEST:] for word in found)
            plain = [w.decode("cp037") for w in _EBCDIC_PLAIN.findall(text[:PLAIN_BYTES])]
        else:
            self.words.update(word[-LONGEST:] for word in _WORD.findall(text))
            plain = [w.decode("ascii") for w in _PLAIN.findall(text[:PLAIN_BYTES])]
        self.plain.update(polish.shape(word) for word in plain)

    def update(self, other: WordCount) -> None:
        """Add what another count has seen."""
        self.words.update(other.words)
        self.plain.update(other.plain)
        self.bytes += other.bytes

    def some(self, most: int) -> list[bytes]:
        """At most so many of the words, in a fixed order that has nothing to do with where they stand."""
        chosen = sorted(self.words, key=lambda word: (zlib.crc32(word), word))[:most]
        return sorted(chosen)


def looks_ebcdic(counts: NDArray[np.int64]) -> bool:
    """Is text with this histogram of bytes EBCDIC: blanks of 40, letters and digits from 80 on?"""
    return bool(
        counts[0x40] >= counts.sum() * 0.05
        and counts[0x20] < counts[0x40]
        and counts[0x80:].sum() > counts[:0x80].sum() * 0.5
    )


def looks_ascii(counts: NDArray[np.int64]) -> bool:
    """Is text with this histogram of bytes ASCII or a page that extends it?"""
    return bool(counts[0x20:0x7F].sum() >= counts.sum() * 0.8 and counts[0x40] < counts.sum() * 0.05)
