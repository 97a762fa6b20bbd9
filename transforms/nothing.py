"""Texts that fill a field because the form wanted something in it, and say that there is nothing.

One list for every kind of value; what only one kind knows (`brak telefonu`) stands with it.

>>> [means_nothing(text) for text in ("BRAK", "n/d", " - ", "Nie posiada", "b.d.", "5", "brak-owska")]
[True, True, True, True, True, False, False]
"""

from __future__ import annotations

import re

from transforms.letters import fold

_WORDS = frozenset(
    ["brak", "brak danych", "bd", "nd", "na", "nie ma", "niema", "nie posiada", "nie dotyczy", "nie podano",
     "nie podal", "nie podala", "nie okazano", "x", "xx", "xxx", "null", "none"]
)  # fmt: skip
_SIGNS = re.compile(r"[\s./\\\-–—_,;:?'\"]+")
_DIGIT = re.compile(r"\d")
_BETWEEN_LETTERS = re.compile(r"(?<=\b\w)[./](?=\w\b)")  # n/d, b.d.


def means_nothing(text: str) -> bool:
    """Whether a text is blank, made of signs alone, or one of the words for nothing."""
    if _DIGIT.search(text):
        return False  # no word for nothing has one
    return (plain := _SIGNS.sub(" ", _BETWEEN_LETTERS.sub("", fold(text))).strip()) == "" or plain in _WORDS
