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

import string
import zlib
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from extractors.codepages.tables import code_page

EBCDIC_PAGES = ("cp870", "cp037", "cp500", "cp273")
PLAIN_BYTES = 1 << 16
"""Bytes of a piece of text in which plain words are looked at: their case is soon known."""

LONGEST = 120
"""Bytes of a word that are looked at; what is longer is no word."""


TAIL = 60
"""Bytes of a word behind its first letter beyond ASCII that are looked at."""

_PLAIN_LETTER, _OTHER_LETTER = 1, 2
_SHORTEST_PLAIN = 2


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
_EBCDIC_CAPITALS, _ASCII_CAPITALS = (
    _kinds(string.ascii_uppercase.encode(page), b"") == _PLAIN_LETTER for page in ("cp037", "ascii")
)


def _words(text: bytes, kind: NDArray[np.uint8], digits: bytes) -> list[bytes]:
    """Runs of letters with one beyond ASCII among them, as they stand in the text.

    Args:
        text: The bytes.
        kind: uint8[n], 1 for plain letters, 2 for those beyond ASCII, 0 for what is no letter.
        digits: A single letter between or beside these is a thousands separator, and no word.
    """
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


def _plain_shapes(kind: NDArray[np.uint8], is_capital: NDArray[np.bool_]) -> Counter[str]:
    """How the words of two plain letters and more are written that have no letter beyond ASCII in them.

    Args:
        kind: uint8[n], as for `_words`.
        is_capital: bool[n].
    """
    gaps = np.concatenate([[-1], np.flatnonzero(kind == 0), [len(kind)]])
    run = np.flatnonzero(np.diff(gaps) > _SHORTEST_PLAIN)
    starts, ends = gaps[run] + 1, gaps[run + 1]
    high = np.flatnonzero(kind == _OTHER_LETTER)
    plain = np.searchsorted(high, starts) == np.searchsorted(high, ends)
    starts, ends = starts[plain], ends[plain]
    where = np.flatnonzero(is_capital)
    capitals = np.searchsorted(where, ends) - np.searchsorted(where, starts)
    lower, upper = capitals == 0, capitals == ends - starts
    title = (capitals == 1) & is_capital[starts]
    counts = {"lower": lower.sum(), "upper": upper.sum(), "title": title.sum()}
    found = Counter({shape: int(count) for shape, count in counts.items()})
    found["mixed"] = len(starts) - found.total()
    return +found


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
        every = np.frombuffer(text, np.uint8)
        kind = (_EBCDIC_KINDS if self.ebcdic else _ASCII_KINDS).take(every)
        if self.ebcdic:
            # without a plain letter it is more likely a packed number than a word
            found = _words(text, kind, b"")
            self.words.update(w for w in found if w.translate(None, _EBCDIC_LETTERS) != w)
        else:
            self.words.update(_words(text, kind, string.digits.encode()))
        capitals = _EBCDIC_CAPITALS if self.ebcdic else _ASCII_CAPITALS
        self.plain.update(_plain_shapes(kind[:PLAIN_BYTES], capitals.take(every[:PLAIN_BYTES])))

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
