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
import string
import zlib
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from extractors.codepages import code_page
from extractors.profiling import polish

EBCDIC_PAGES = ("cp870", "cp037", "cp500", "cp273")
PLAIN_BYTES = 1 << 16
"""Bytes of a piece of text in which plain words are looked at: their case is soon known."""

_PLAIN = re.compile(rb"(?<![\x80-\xffA-Za-z])[A-Za-z]{2,}+(?![\x80-\xff])")
LONGEST = 120
"""Bytes of a word that are looked at; what is longer is no word."""


TAIL = 60
"""Bytes of a word behind its first letter beyond ASCII that are looked at."""

_PLAIN_LETTER, _OTHER_LETTER = 1, 2


def _ebcdic_letters() -> tuple[bytes, bytes]:
    """What is a letter in every EBCDIC page, and what may be one in some."""
    texts = [bytes([byte]).decode("cp037") for byte in range(256)]
    plain = {byte for byte, text in enumerate(texts) if text.isascii() and text.isalpha()}
    letters = {
        byte for name in EBCDIC_PAGES for byte, point in enumerate(code_page(name).points.tolist())
        if point < 0x110000 and chr(point).isalpha()
    }  # fmt: skip
    # what some page reads as a letter may be a symbol in another, and the other way round: both are asked
    return bytes(sorted(plain)), bytes(sorted(letters - plain))


def _kinds(plain: bytes, other: bytes) -> NDArray[np.uint8]:
    kinds = np.zeros(256, np.uint8)
    kinds[list(plain)] = _PLAIN_LETTER
    kinds[list(other)] = _OTHER_LETTER
    return kinds


_EBCDIC_LETTERS, _EBCDIC_OTHERS = _ebcdic_letters()
_EBCDIC_KINDS = _kinds(_EBCDIC_LETTERS, _EBCDIC_OTHERS)
_ASCII_KINDS = _kinds(string.ascii_letters.encode(), bytes(range(0x80, 0x100)))
_EBCDIC_PLAIN = re.compile(
    rb"(?<![%b])[%b]{2,}+(?![%b])"
    % (re.escape(_EBCDIC_LETTERS + _EBCDIC_OTHERS), re.escape(_EBCDIC_LETTERS), re.escape(_EBCDIC_OTHERS))
)


def _words(text: bytes, kinds: NDArray[np.uint8], digits: bytes) -> list[bytes]:
    """Runs of letters with one beyond ASCII among them, as they stand in the text.

    Args:
        text: The bytes.
        kinds: uint8[256], 1 for plain letters, 2 for those beyond ASCII.
        digits: A single letter between or beside these is a thousands separator, and no word.
    """
    kind = kinds[np.frombuffer(text, np.uint8)]
    high = np.flatnonzero(kind == _OTHER_LETTER)
    if not len(high):
        return []
    gaps = np.concatenate([[-1], np.flatnonzero(kind == 0), [len(text)]])
    behind = np.searchsorted(gaps, high)
    first = np.append(True, behind[1:] != behind[:-1])  # of the letters beyond ASCII in one run
    high, behind = high[first], behind[first]
    starts, run_ends = gaps[behind - 1] + 1, gaps[behind]
    ends = np.minimum(run_ends, high + 1 + TAIL)
    begins = np.maximum(starts, ends - LONGEST)
    found = [text[begin:end] for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)]
    if digits:
        for place in np.flatnonzero(run_ends - starts == 1)[::-1].tolist():
            at = int(starts[place])
            if any(byte in digits for byte in text[max(0, at - 1) : at] + text[at + 1 : at + 2]):
                del found[place]
    return found


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
            # without a plain letter it is more likely a packed number than a word
            found = _words(text, _EBCDIC_KINDS, b"")
            self.words.update(w for w in found if w.translate(None, _EBCDIC_LETTERS) != w)
            plain = Counter(_EBCDIC_PLAIN.findall(text[:PLAIN_BYTES]))
        else:
            self.words.update(_words(text, _ASCII_KINDS, string.digits.encode()))
            plain = Counter(_PLAIN.findall(text[:PLAIN_BYTES]))
        for word, count in plain.items():
            self.plain[polish.shape(word.decode("cp037" if self.ebcdic else "ascii"))] += count

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
