"""Street names: type, main word and the rest, as the territorial register has them.

`Mickiewicza Adama`, `ul. Adama Mickiewicza`, `UL. A. MICKIEWICZA` and `Mickiewicza` share one main word, and streets
are matched by it within a locality.  Types (`ul.`, `al.`, `os.`) are stripped repeatedly and the most specific one is
kept; titles (`gen.`, `ks.`) and given names, which come and go, are the rest.  A street may begin with a number
(`3 Maja`, `1-go Maja`, `XX-lecia`), so a first number is never a house.

>>> [read_street(t)[:3] for t in ("UL. MICKIEWICZA ADAMA", "al. gen. Władysława Andersa")]
[('ul.', 'Mickiewicza', 'Adama'), ('al.', 'Andersa', 'gen. Władysława')]
>>> {read_street(t).key for t in ("ul. Wł. Sikorskiego", "Sikorskiego", "ul. gen. Władysława Sikorskiego")}
{'sikorskiego'}
>>> {read_street(t).key for t in ("ul. 1-go Maja", "I Maja", "1 MAJA", "ul. ul. 1 maja")}
{'1 maja'}
>>> read_street("Jana Pawła II").name, read_street("Jana Pawła 2").key == read_street("AL. JANA PAWŁA II").key
('Jana Pawła II', True)
>>> read_street("ul. aleja Słowackiego")[:2], read_street("Rynek")[:2], read_street("os. XX-lecia").key
(('al.', 'Słowackiego'), ('rynek', 'Rynek'), '20 lecia')
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from transforms.letters import fold
from transforms.vocabulary import genitives, given_names, street_titles, street_types

_SMALL = frozenset(["i", "na", "nad", "pod", "przy", "w", "z", "od", "do", "ku"])
_ROMAN = re.compile(r"(?=[ivx])(x{0,3})(ix|iv|v?i{0,3})")
_ORDINAL = re.compile(r"(\d+)-?(?:go|ego|szego|tego)\b")
_LECIE = re.compile(r"\b([ivx]+|\d+)\s*-?\s*lecia\b")
_WORD_SPACE = re.compile(r"(?<=\.)(?=[^\W\d_])")  # ul.Mickiewicza
_GENERIC = frozenset(("ul.", "os."))  # every other type says more
# given names as they are cut before a family name, without their dot
_CUT_NAMES = frozenset(
    ["wl", "wlad", "st", "stan", "stanisl", "kaz", "kazim", "bol", "bolesl", "fr", "franc", "tad", "tadeusz", "ant",
     "aleks", "andrz", "eug", "edw", "ign", "joz", "jozef", "jul", "jarosl", "kaj", "lud", "ludw", "mich", "mik",
     "mikol", "miecz", "rom", "stef", "wac", "wacl", "wawrz", "wit", "wojc", "zyg", "zygm", "hen", "henr", "hier",
     "grz", "gust", "elz", "kat", "malg", "bron", "bronisl", "krzyszt", "leop", "maksym"]
)  # fmt: skip
_CAPITALS = frozenset(["pck", "onz", "ak", "wp", "nmp", "prl", "zwm", "zhp", "pkp", "pks", "kul", "unrra"])
# short and long forms that are one street's name, folded and without dots
_SHORT_FORMS = (
    (re.compile(r"\bboh (?=\w)"), "bohaterow "), (re.compile(r"\bobr (?=\w)"), "obroncow "),
    (re.compile(r"\bwoj polskiego\b|\bwp\b"), "wojska polskiego"), (re.compile(r"\bak\b"), "armii krajowej"),
    (re.compile(r"\bn ?m ?p\b"), "najswietszej maryi panny"),
)  # fmt: skip
_ROYAL = frozenset(["krolowej", "krola", "ksiecia", "ksieznej", "swietej", "swietego", "sw", "bl"])


class Street(NamedTuple):
    """A street's name, taken apart.

    Attributes:
        type: Such as "ul."; None where not written.
        name: Main word or words.
        rest: Titles, given names, initials.
        key: Name folded for matching, numbers in digits.
    """

    type: str | None
    name: str | None
    rest: str | None
    key: str | None


@lru_cache(maxsize=65_536)
def read_street(text: str) -> Street:
    """Take a street's name apart."""
    words = _WORD_SPACE.sub(" ", text.replace(",", " ").strip(" ,;-")).split()
    if words and fold(words[0]) == "przy" and len(words) > 1 and fold(words[1]).strip(".") in street_types():
        words = words[1:]
    kind, words = _strip_types(words)
    if not words:
        if kind and not kind.endswith("."):
            name = kind.capitalize()  # Rynek 5: the type is the name
            return Street(kind, name, None, fold(name))
        return Street(kind, None, None, None)
    name_words, rest = _divide(words)
    name, key = _display(name_words), _key(name_words)
    return Street(kind, name, _display(rest) or None, key)


def street_key(name: str) -> str:
    """A street's main word as it is compared."""
    return _key(name.split())


def _strip_types(words: list[str]) -> tuple[str | None, list[str]]:
    kind = None
    types = street_types()
    while words:
        bare = fold(words[0]).strip(".")
        dotted = words[0].endswith(".")
        if bare not in types or (len(bare) == 1 and not dotted):
            break
        if len(words) > 1 and fold(words[1]) in _SMALL and not dotted and bare != "ul":
            break  # Plac pod Lipami is a name; so is Droga do Olszyny
        if kind is None or kind in _GENERIC:
            kind = types[bare]
        words = words[1:]
    return kind, words


def _divide(words: list[str]) -> tuple[list[str], list[str]]:
    """Main words, and titles, given names and initials, each in the order delivered."""
    if len(words) == 1 or fold(" ".join(words)) == "woj. polskiego":  # Wojska, not a voivode
        return words, []
    titles, given = street_titles(), genitives()
    kinds = []
    for word in words:
        bare = fold(word).strip(".")
        if bare in titles and (word.endswith(".") or len(bare) > 3 or bare in ("sw", "gen", "plk", "ks", "dr", "im")):
            kinds.append("title")
        elif (
            bare in given
            or (bare in given_names() and len(words) > 1 and _is_nominative(bare, words))
            or (word.endswith(".") and (len(bare) == 1 or _is_cut(bare, words)))
        ):
            kinds.append("given")
        elif kinds and kinds[-1] == "given" and _ROMAN.fullmatch(bare):
            kinds.append("number")  # Jana III
        else:
            kinds.append("main")
    folded = [fold(w).strip(".") for w in words]
    alone = "main" not in kinds  # Jana Pawła II
    kinds = ["main" if k == "number" and alone else "given" if k == "number" else k for k in kinds]
    numbered = any(_ROMAN.fullmatch(f) or f.isdigit() for f in folded)
    if "main" not in kinds or (numbered and "given" in kinds and _only_numbers(folded, kinds)):
        main = [w for w, k in zip(words, kinds, strict=True) if k != "title"] or words
        return main, [w for w, k in zip(words, kinds, strict=True) if k == "title"] if main is not words else []
    if folded[0] in _ROYAL and kinds[1] == "given" and kinds.count("main") <= 1:
        return words, []  # Królowej Jadwigi: the title belongs to the name
    main = [w for w, k in zip(words, kinds, strict=True) if k == "main"]
    rest = [w for w, k in zip(words, kinds, strict=True) if k != "main"]
    return main, rest


def _is_nominative(bare: str, words: list[str]) -> bool:
    """`Mickiewicz Adam`: rare, and only where the other word is a family name's nominative."""
    return any(fold(w).endswith(("icz", "ski", "cki")) for w in words) and bare not in genitives()


def _is_cut(bare: str, words: list[str]) -> bool:
    """Whether a word with a dot is a given name cut short: a patron's genitive has to be beside it (not St. Rynek)."""
    return bare in _CUT_NAMES and any(fold(w).endswith(("a", "y", "i", "ego", "ej")) for w in words)


def _only_numbers(folded: list[str], kinds: list[str]) -> bool:
    """Whether nothing but numbers is left beside given names: Jana Pawła II."""
    return all(k != "main" or f.isdigit() or _ROMAN.fullmatch(f) for f, k in zip(folded, kinds, strict=True))


def _key(words: list[str]) -> str:
    text = fold(" ".join(words)).replace(".", " ").replace("'", "")
    text = _ORDINAL.sub(r"\1", text)
    text = _LECIE.sub(lambda m: f"{_arabic(m[1])} lecia", text)
    text = " ".join(text.replace("-", " ").split())
    for short, long in _SHORT_FORMS:
        text = short.sub(long, text)
    parts = text.split()
    return " ".join(_arabic(p) if len(parts) > 1 and _ROMAN.fullmatch(p) else p for p in parts)


def _arabic(text: str) -> str:
    if text.isdigit():
        return str(int(text))
    values = {"i": 1, "v": 5, "x": 10}
    total = 0
    for this, following in zip(text, [*text[1:], ""], strict=True):
        value = values[this]
        total += -value if following and values[following] > value else value
    return str(total)


def _display(words: list[str]) -> str:
    return " ".join(_display_word(word, at) for at, word in enumerate(words))


def _display_word(word: str, at: int) -> str:
    """One word in its usual case; words in mixed case stay, Roman numbers are capitals."""
    folded = fold(word)
    if _ROMAN.fullmatch(folded) and (at or len(word) > 1 or word.isupper()) and folded not in ("i",):
        return word.upper()
    if not (word.isupper() or word.islower()):
        return word
    if folded in _CAPITALS and (at or word.isupper()):
        return word.upper()
    if folded in _SMALL and at:
        return word.lower()
    if folded.strip(".") in street_titles() and word.endswith("."):
        return word.lower()
    return re.sub(r"[^\W\d_]+", _cased, word)


def _cased(match: re.Match[str]) -> str:
    part = match[0].casefold()
    if part in ("go", "ego", "lecia"):
        return part
    return part.upper() if len(part) > 1 and _ROMAN.fullmatch(part) else part.capitalize()
