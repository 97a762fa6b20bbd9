"""How much like Polish a piece of text looks, in bits: the language model behind the judgement of code pages.

A letter costs minus the base-2 logarithm of its likelihood behind the two letters before it, as counted in
`data/polish_words.txt` (compiled for this project; inflected here by the regular endings of Polish names).  Letters
that Polish does not have, symbols inside words and capitals behind small letters cost fixed amounts: they occur
(`Müller`, `McDonald`), but not often.  Under the wrong code page they occur all the time.

Only differences between two readings of the same bytes mean anything, so the constants need not be exact.

>>> cost("Dąbrowski") < cost("Dćbrowski") < cost("D¥browski")
True
>>> cost("Gdańsk") < cost("GdaĄsk") and cost("ŚWIĘTA") < cost("śWIÉTA")
True
>>> is_impersonal("Łódź"), is_impersonal("Zieliński")
(True, False)
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

LOWER = "ąćęłńóśźż"
UPPER = LOWER.upper()
ALPHABET = frozenset("abcdefghijklmnopqrstuvwxyz" + LOWER)
EDGE = "#"

FOREIGN_BITS = 15.0  # a letter that Polish does not have: one in thousands, and there are many of them
INNER_SYMBOL_BITS = 20.0  # a symbol between two letters
OUTER_SYMBOL_BITS = 18.0  # a symbol beside a letter
DRAWING_BITS = 5.0  # a line drawing beside a letter: forms are printed so
LONE_SYMBOL_BITS = 1.0  # a symbol by itself, such as a line drawing
TYPOGRAPHY_BITS = 3.0  # quotes, dashes and no-break spaces stand beside words by trade
CONTROL_BITS = 20.0  # a control character, or a byte without a character
CASE_BITS = 11.0  # a capital behind a small letter
LATE_CASE_BITS = 8.0  # a small letter behind two capitals
_TYPOGRAPHY = frozenset("„”“‘’‚–—…«»‹›\u00a0§°·")
_JOINING = frozenset(
    "’–—\u00a0·"
)  # may stand between two letters, as in `O’Hara`; a quote or a paragraph's sign may not
_DRAWING = (0x2500, 0x259F)

# Regular feminine, plural and genitive forms, by the ending of the word as listed.
_INFLECTIONS = {
    "ski": ("ska", "skiego", "skiej", "scy", "skich"),
    "cki": ("cka", "ckiego", "ckiej", "ccy"),
    "dzki": ("dzka", "dzkiego", "dzkiej"),
    "wicz": ("wicza", "wiczów"),
    "sław": ("sława", "sławowi"),
    "owa": ("owej", "owy", "owego"),
    "na": ("nej", "ny", "nego"),
    "ów": ("owa", "owie"),
    "ość": ("ości", "ością"),
    "enie": ("enia", "eń"),
    "anie": ("ania", "ań"),
}
_WEIGHTS = (0.60, 0.28, 0.12)  # of the last two letters, the last one, none
_UNSEEN = 0.25  # of a letter, spread over the alphabet
_SYMBOLS = sorted(ALPHABET | {EDGE})
_NUMBER = {symbol: number for number, symbol in enumerate(_SYMBOLS)}
_EDGE = _NUMBER[EDGE]


@lru_cache(maxsize=1)
def sections() -> dict[str, frozenset[str]]:
    """The listed words, in lower case: given_names, family_names, towns, streets, words."""
    text = (Path(__file__).parent / "data" / "polish_words.txt").read_text(encoding="utf-8")
    found: dict[str, set[str]] = {}
    current: set[str] = set()
    for line in text.splitlines():
        if line.startswith("["):
            current = found.setdefault(line.strip("[]"), set())
        elif not line.startswith("#"):
            current.update(line.split())
    return {name: frozenset(listed) for name, listed in found.items()}


@lru_cache(maxsize=1)
def words() -> frozenset[str]:
    """All listed words, in lower case."""
    return frozenset().union(*sections().values())


def is_impersonal(word: str) -> bool:
    """Is the word a listed one that names no person: a town, a street, an ordinary word?"""
    listed = sections()
    return any(word.lower() in listed[name] for name in ("towns", "streets", "words"))


@lru_cache(maxsize=1)
def _bits() -> list[float]:
    """Cost of every letter c behind a and b, at `(a * n + b) * n + c`, where a, b and c are numbers of symbols."""
    size = len(_SYMBOLS)
    text = np.array([_NUMBER[char] for word in sorted(_inflected()) for char in f"{EDGE}{EDGE}{word}{EDGE}"], np.int64)
    places = (text[:-2] * size + text[1:-1]) * size + text[2:]
    places = places[(text[1:-1] != _EDGE) | (text[2:] != _EDGE)]  # else from one word into the next
    threes = np.bincount(places, minlength=size**3).reshape(size, size, size)
    twos = threes.sum(axis=0)
    ones = twos.sum(axis=0)
    one = (ones + _UNSEEN) / (ones.sum() + _UNSEEN * size)
    two = (twos + 2 * one) / (twos.sum(axis=1, keepdims=True) + 2)
    three = (threes + 2 * two) / (threes.sum(axis=2, keepdims=True) + 2)
    bits: list[float] = (-np.log2(_WEIGHTS[0] * three + _WEIGHTS[1] * two + _WEIGHTS[2] * one)).ravel().tolist()
    return bits


def _inflected() -> set[str]:
    forms = set(words())
    endings = tuple(_INFLECTIONS)
    for word in words():
        if not word.endswith(endings):
            continue
        for ending, others in _INFLECTIONS.items():
            if word.endswith(ending) and len(word) > len(ending) + 1:
                forms.update(word[: -len(ending)] + other for other in others)
    return forms


@lru_cache(maxsize=1 << 15)
def cost(text: str) -> float:
    """What a run of letters and symbols costs, in bits.

    Args:
        text: One word and whatever sticks to it; U+FFFD stands for a byte without a character.
    """
    bits = _bits()
    size = len(_SYMBOLS)
    total = 0.0
    before, last = _EDGE, _EDGE
    previous = ""
    capitals = 0
    first = _first_letter(text)
    for at, char in enumerate(text):
        number = _NUMBER.get(char.lower(), _EDGE)
        if number != _EDGE:
            total += bits[(before * size + last) * size + number]
            before, last = last, number
        elif char.isalpha() and ord(char) >= 0x80:
            total += FOREIGN_BITS
            before, last = last, _NUMBER["e"] if last == _EDGE else last  # what follows is judged mildly
        else:
            if last != _EDGE:
                total += bits[(before * size + last) * size + _EDGE]
            total += _symbol(char, previous, text[at + 1 :], inside=at > first)
            before = last = _EDGE
        if char.isalpha():
            total += _case(char, previous, capitals)
            capitals = capitals + 1 if char.isupper() else 0
        else:
            capitals = 0
        previous = char
    if last != _EDGE:
        total += bits[(before * size + last) * size + _EDGE]
    return total


def _case(char: str, previous: str, capitals: int) -> float:
    if char.isupper() and previous.isalpha() and previous.islower():
        return CASE_BITS
    if char.islower() and capitals >= 2:
        return LATE_CASE_BITS
    return 0.0


def _first_letter(text: str) -> int:
    return next((at for at, char in enumerate(text) if char.isalpha()), len(text))


def _symbol(char: str, previous: str, rest: str, *, inside: bool) -> float:
    """What a symbol costs.

    Args:
        char: The symbol.
        previous: The character before it.
        rest: What follows.
        inside: A letter stands somewhere before it.
    """
    if char == "\ufffd" or ord(char) < 0x20 or 0x7F <= ord(char) <= 0x9F:
        return CONTROL_BITS
    if ord(char) < 0x80:
        return 0.0  # the same under every page that reads it so
    if char in _TYPOGRAPHY and (char in _JOINING or not (previous.isalpha() and rest[:1].isalpha())):
        return TYPOGRAPHY_BITS
    if inside and any(map(str.isalpha, rest)):
        return INNER_SYMBOL_BITS
    drawn = _DRAWING[0] <= ord(char) <= _DRAWING[1]
    if previous.isalpha() or rest[:1].isalpha():
        return DRAWING_BITS if drawn else OUTER_SYMBOL_BITS
    # a line is as long as the form is wide: its length proves nothing
    return 0.0 if drawn and char == previous else LONE_SYMBOL_BITS


def misfits(text: str) -> bool:
    """Does the text break a rule that Polish words keep: foreign letters, symbols inside, mixed case?"""
    previous = ""
    capitals = 0
    first = _first_letter(text)
    for at, char in enumerate(text):
        if char.isalpha():
            if char.lower() not in ALPHABET or _case(char, previous, capitals):
                return True
            capitals = capitals + 1 if char.isupper() else 0
        else:
            if _symbol(char, previous, text[at + 1 :], inside=at > first) >= OUTER_SYMBOL_BITS:
                return True
            capitals = 0
        previous = char
    return False


def has_polish(text: str) -> bool:
    """Does a letter occur that Polish has beyond ASCII?"""
    return any(char in LOWER or char in UPPER for char in text)


def shape(text: str) -> str:
    """`lower`, `upper`, `title` or `mixed`; empty where nothing has a case."""
    letters = [c for c in text if c.isalpha()]
    if not letters:
        return ""
    if all(c.islower() for c in letters):
        return "lower"
    if all(c.isupper() for c in letters):
        return "upper" if len(letters) > 1 else "title"
    return "title" if letters[0].isupper() and all(c.islower() for c in letters[1:]) else "mixed"
