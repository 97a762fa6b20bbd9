"""COPY ... REPLACING: words of a copied text that become other words.

An operand is a word, or text between `==` and `==`.  Words are replaced whole and in their order, except that a tag in
colons or parentheses (`==:TAG:==`) is replaced within words too, and LEADING and TRAILING replace the begin or the end
of a word.  Literals are replaced whole or not at all; what was put in is not looked at again (ISO/IEC 1989, COPY
statement; Enterprise COBOL Language Reference, "REPLACING phrase").

>>> found = replacements("==:TAG:== BY ==KLIENT== LEADING ==WS-== BY ==== ==PIC X== BY ==PIC X(3)==")
>>> line = [Word(text, 1, 1) for text in "05 :TAG:-NR PIC X . 05 ws-nip PIC 9 .".split()]
>>> " ".join(word.text for word in replaced(line, found))
'05 KLIENT-NR PIC X(3) . 05 nip PIC 9 .'
>>> replacements("A TO B")
Traceback (most recent call last):
...
ValueError: REPLACING 'A TO B' is not understood
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from extractors.copybook.reference_format import Word

_PAIR = re.compile(
    r"\s*(?:(LEADING|TRAILING)\s+)?(?:==(.*?)==|([^\s=]\S*))\s+BY\s+(?:==(.*?)==|([^\s=]\S*))(?=\s|$)", re.IGNORECASE
)
_TAG = re.compile(r"[:(].*[:)]")


@dataclass(frozen=True)
class Replacement:
    """One pair of operands.

    Attributes:
        old: Words to look for, in capitals.
        new: Words to put in their place.
        part: Which part of a word is looked for; None for whole words.
    """

    old: tuple[str, ...]
    new: tuple[str, ...]
    part: re.Pattern[str] | None

    def matches(self, words: Sequence[Word], at: int) -> bool:
        """Whether these words begin at an index."""
        return tuple(word.upper for word in words[at : at + len(self.old)]) == self.old


def replacements(text: str) -> list[Replacement]:
    """Understand what stands behind REPLACING.

    Raises:
        ValueError: It is no list of pairs, or part of a word shall become several words.
    """
    found: list[Replacement] = []
    at = 0
    while at < len(text.rstrip()) or not found:
        match = _PAIR.match(text, at)
        old = _words(match[2] if match[2] is not None else match[3]) if match else ()
        if match is None or not old:
            raise ValueError(f"REPLACING {text[at:].strip()!r} is not understood")
        new = _words(match[4] if match[4] is not None else match[5])
        part = _part(match[1], old)
        if part is not None and (len(old) > 1 or len(new) > 1):
            raise ValueError(f"REPLACING {match[0].strip()!r}: part of a word becomes one word or nothing")
        found.append(Replacement(tuple(word.upper() for word in old), new, part))
        at = match.end()
    return found


def replaced(words: Sequence[Word], pairs: Sequence[Replacement]) -> list[Word]:
    """The words with every pair applied; what is put in stands where the first word was that it replaces."""
    found: list[Word] = []
    at = 0
    while at < len(words):
        word = words[at]
        whole = next((pair for pair in pairs if pair.matches(words, at)), None)
        if whole is not None:
            found += [Word(text, word.line, word.column) for text in whole.new]
            at += len(whole.old)
            continue
        at += 1
        part = next((pair for pair in pairs if pair.part and not word.is_literal and pair.part.search(word.text)), None)
        if part is not None and part.part is not None:
            word = Word("".join(part.new).join(part.part.split(word.text)), word.line, word.column)
        if word.text:
            found.append(word)
    return found


def _part(where: str | None, old: tuple[str, ...]) -> re.Pattern[str] | None:
    text = re.escape(old[0])
    if where is not None:
        return re.compile(f"^{text}(?=.)" if where.upper() == "LEADING" else f"(?<=.){text}$", re.IGNORECASE)
    return re.compile(text, re.IGNORECASE) if _TAG.fullmatch(old[0]) else None


def _words(text: str) -> tuple[str, ...]:
    """Words of an operand; a period at its end is one of its own."""
    found: list[str] = []
    for word in text.split():
        bare = word.rstrip(".")
        found += [bare] if bare else []
        found += ["."] if bare != word else []
    return tuple(found)
