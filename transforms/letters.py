"""Polish letters: folding for comparison, casing for display.

Unicode decomposition does not know that ł is an l with a stroke, so the eighteen Polish letters have a table of their
own; only what is left is decomposed.  A folded text is for matching and is never stored as a name.

>>> fold("ŁÓDŹ"), fold("Żółć ęąśń"), fold("Müller")
('lodz', 'zolc easn', 'muller')
>>> display("KOWALSKA-NOWAK"), display("o'brien"), display("McDonald"), display("BIELSKO-BIAŁA")
('Kowalska-Nowak', "O'Brien", 'McDonald', 'Bielsko-Biała')
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_TABLE = str.maketrans("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ", "acelnoszzACELNOSZZ")
_WORD = re.compile(r"[^\W\d_]+")


def fold(text: str) -> str:
    """Lower case without diacritics."""
    if not text.isascii():
        text = text.translate(_TABLE)
        if not text.isascii():
            text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return text.lower()


@lru_cache(maxsize=131_072)
def fold_word(word: str) -> str:
    """`fold` of a single word; words repeat where whole texts do not."""
    return fold(word)


def display(text: str) -> str:
    """A name as it is usually printed; a text in mixed case has been printed by somebody and stays."""
    if text.isupper() or text.islower():
        return _WORD.sub(lambda m: m[0].capitalize(), text)
    return text


def squeeze(text: str) -> str:
    """One blank between words, none around."""
    return " ".join(text.split())
