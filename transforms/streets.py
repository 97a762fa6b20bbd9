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
from transforms.street_keys import ROMAN, street_key
from transforms.vocabulary import genitives, given_names, street_titles, street_types

_SMALL = frozenset(["i", "na", "nad", "pod", "przy", "w", "z", "od", "do", "ku", "a", "oraz"])
_WORD_SPACE = re.compile(r"(?<=\.)(?=[^\W\d_])")  # ul.Mickiewicza
_SPACED = re.compile(r"\b(?:[^\W\d_]\.\s?){2,4}(?=\s*(?:$|(?:II|2)\b))", re.IGNORECASE)  # A.K., J.P. II
_GENERIC = frozenset(("ul.", "os."))  # every other type says more
# given names as they are cut before a family name, without their dot
_CUT_NAMES = frozenset(
    ["wl", "wlad", "st", "stan", "stanisl", "kaz", "kazim", "bol", "bolesl", "fr", "franc", "tad", "tadeusz", "ant",
     "aleks", "andrz", "eug", "edw", "ign", "joz", "jozef", "jul", "jarosl", "kaj", "lud", "ludw", "mich", "mik",
     "mikol", "miecz", "rom", "stef", "wac", "wacl", "wawrz", "wit", "wojc", "zyg", "zygm", "hen", "henr", "hier",
     "grz", "gust", "elz", "kat", "malg", "bron", "bronisl", "krzyszt", "leop", "maksym"]
)  # fmt: skip
_CAPITALS = frozenset(
    ["pck", "onz", "ak", "wp", "lwp", "nmp", "prl", "zwm", "zhp", "pkp", "pks", "kul", "unrra", "ken", "jp", "jpii",
     "jp2"]
)  # fmt: skip
# words that say which of several bearers of a given name is meant, and are nobody's family name
_EPITHETS = frozenset(
    ["wielkiego", "wielkiej", "starego", "czarnego", "bialego", "poboznego", "sprawiedliwego", "brodatego",
     "smialego", "wstydliwego", "rudego", "grubego", "bozego", "apostola", "ewangelisty", "meczennika", "pustelnika",
     "krolewicza", "biskupa", "slaskiej", "andegawenskiej", "wegierskiej", "panny"]
)  # fmt: skip
# before a given name and part of it: Królowej Jadwigi is not św. Jadwigi
_ROYAL = frozenset(["krolowej", "ksieznej", "najswietszej", "najsw", "krol", "kr"])
_DOTTED_ONLY = frozenset(["o", "s"])  # o. Kolbego, s. Faustyny
_NO_INITIALS = frozenset("ivx")


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
    words = _WORD_SPACE.sub(" ", _SPACED.sub(_joined, text.replace(",", " ")).strip(" ,;-")).split()
    if words and fold(words[0]) == "przy" and len(words) > 1 and fold(words[1]).strip(".") in street_types():
        words = words[1:]
    kind, words = _strip_types(words)
    if not words:
        if kind and not kind.endswith("."):
            name = kind.capitalize()  # Rynek 5: the type is the name
            return Street(kind, name, None, fold(name))
        return Street(kind, None, None, None)
    main, rest, compared = _divide(words)
    return Street(kind, _display(main), _display(rest) or None, street_key(" ".join(compared)))


def _joined(match: re.Match[str]) -> str:
    """Capitals of an organisation without their dots; other letters are somebody's initials."""
    letters = re.sub(r"[.\s]", "", match[0])
    return letters if fold(letters) in _CAPITALS else match[0]


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


def _divide(words: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Main words; titles, given names and initials; both in the order delivered; and the words to be compared by."""
    folded = [fold(word).strip(".") for word in words]
    if len(words) == 1 or folded in (["woj", "polskiego"], ["prym", "tysiaclecia"], ["prymasa", "tysiaclecia"]):
        return words, [], words  # no voivode, and no primate of another name
    kinds = _kinds(words, folded)
    if "main" not in kinds:  # Jana Pawła II; św. Jana
        kinds = ["title" if kind == "title" else "main" for kind in kinds]
        if "main" not in kinds:
            return words, [], words
    main = [word for word, kind in zip(words, kinds, strict=True) if kind == "main"]
    rest = [word for word, kind in zip(words, kinds, strict=True) if kind != "main"]
    return main, rest, _in_order(main)


def _kinds(words: list[str], folded: list[str]) -> list[str]:
    """What every word is: title, given (with the number of a king) or main."""
    kinds: list[str] = []
    for at, (word, bare) in enumerate(zip(words, folded, strict=True)):
        if _is_title(word, bare):
            kinds.append("title")
        elif _is_given(word, bare, words) or ("main" not in kinds and _is_bare_initial(folded[at:])):
            kinds.append("given")
        elif kinds and kinds[-1] == "given" and ROMAN.fullmatch(bare):
            kinds.append("given")  # Jana III
        else:
            kinds.append("main")
    main = [bare for bare, kind in zip(folded, kinds, strict=True) if kind == "main"]
    if all(bare in _EPITHETS or bare in _ROYAL or bare.isdigit() for bare in main) or main[0] in _SMALL:
        # no family name stands beside the given one: Kazimierza Wielkiego, Jana z Kolna, Jana Pawła 2
        return ["main" if k == "given" or bare == "biskupa" else k for bare, k in zip(folded, kinds, strict=True)]
    return kinds


def _is_title(word: str, bare: str) -> bool:
    return bare in street_titles() and (word.endswith(".") or bare not in _DOTTED_ONLY)


def _is_given(word: str, bare: str, words: list[str]) -> bool:
    if bare in genitives() or (bare in given_names() and _is_nominative(bare, words)):
        return True
    return word.endswith(".") and (len(bare) == 1 or _is_cut(bare, words))


def _is_bare_initial(folded: list[str]) -> bool:
    """Whether the first of some words is an initial without its dot (`UL A MICKIEWICZA`), and no number or `z`."""
    letter, *others = folded
    behind = next((word for word in others if len(word) > 1), "")
    if len(letter) != 1 or not letter.isalpha() or letter in _NO_INITIALS or not behind.replace("-", "").isalpha():
        return False
    return letter not in _SMALL or behind.endswith(("ego", "ej", "icza"))


def _in_order(main: list[str]) -> list[str]:
    """The words to be compared by in one order: `Jadwigi Królowej`, `Wielkiego Kazimierza`, `Zygmunta I Starego`."""
    folded = {word: fold(word).strip(".") for word in main}
    if not any(bare in _EPITHETS or bare in _ROYAL for bare in folded.values()):
        return main
    rank = {word: 0 if bare in _ROYAL else 2 if bare in _EPITHETS else 1 for word, bare in folded.items()}
    return sorted((word for word in main if not ROMAN.fullmatch(folded[word])), key=rank.__getitem__)


def _is_nominative(bare: str, words: list[str]) -> bool:
    """`Mickiewicz Adam`: rare, and only where the other word is a family name's nominative."""
    return any(fold(w).endswith(("icz", "ski", "cki")) for w in words) and bare not in genitives()


def _is_cut(bare: str, words: list[str]) -> bool:
    """Whether a word with a dot is a given name cut short: a patron's genitive has to be beside it (not St. Rynek)."""
    return bare in _CUT_NAMES and any(fold(w).endswith(("a", "y", "i", "ego", "ej")) for w in words)


def _display(words: list[str]) -> str:
    capitals = " ".join(words).isupper()
    # in mixed case somebody meant a number: Zygmunta I Starego, but PIOTRA I PAWŁA
    return " ".join(word if word == "I" and not capitals else _display_word(word, at) for at, word in enumerate(words))


def _display_word(word: str, at: int) -> str:
    """One word in its usual case; words in mixed case stay, Roman numbers are capitals."""
    folded = fold(word)
    if ROMAN.fullmatch(folded) and (at or len(word) > 1 or word.isupper()) and folded not in ("i",):
        return word.upper()
    if not (word.isupper() or word.islower()):
        return word
    if folded in _CAPITALS and (at or word.isupper()):
        return word.upper()
    if folded in _SMALL and at:
        return word.lower()
    if folded.strip(".") in street_titles() and word.endswith(".") and folded != "s.":  # more often an initial
        return word.lower()
    return re.sub(r"[^\W\d_]+", _cased, word)


def _cased(match: re.Match[str]) -> str:
    part = match[0].casefold()
    if part in ("go", "ego", "lecia"):
        return part
    return part.upper() if len(part) > 1 and ROMAN.fullmatch(part) else part.capitalize()
