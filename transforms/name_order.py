"""Which words of a person's name are the given names: by dictionary, by capitals, by the family name's ending.

Word by word and never by a majority of the source, so that a name does not depend on what else was delivered.  Where
nothing decides (`Jan Stanisław`), the order that the source declares is taken and the rule says so.

>>> orient("KOWALSKI JAN MARIA", ())
Person(first='JAN MARIA', last='KOWALSKI', notes=(), rule='name.plain')
>>> orient("Jan Stanisław", ()).rule, orient("JAN I ANNA KOWALSCY", ()).notes
('name.two-given', ('i Anna',))
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from transforms.letters import display, fold, fold_word
from transforms.vocabulary import cut_names, given_names

_MOST_WORDS = 12  # of two names
_JOINTS = ("i", "oraz", "&", "/")  # between two persons
SUFFIXES = ("ski", "ska", "cki", "cka", "wicz", "czyk", "czak", "niak", "czuk", "enko", "scy", "ccy")


class Person(NamedTuple):
    """A name, parted; `rule` says by what."""

    first: str
    last: str
    notes: tuple[str, ...]
    rule: str


def orient(text: str, notes: tuple[str, ...], *, given_first: bool = False) -> Person:
    """Find the given names among the words of one field.

    Args:
        text: The name, without titles and notes.
        notes: What was lifted out of it; passed on.
        given_first: The source's order, for names that nothing else decides.
    """
    if "," in text:
        before, _, behind = text.partition(",")
        others = behind.replace(",", " ").split()
        if _is_whole(before.split()) and others and (_is_whole(others) or all(map(is_given, others))):
            text = f"{before} i {behind}"  # KOWALSCY JAN, ANNA
        elif _is_whole(before.split()) and not any(map(is_given, others)):
            found = orient(before, (*notes, *([behind.strip()] if others else ())))  # JAN KOWALSKI, DŁUGA
            return found._replace(rule="name.around") if others else found
        elif before.strip() and behind.strip():
            return Person(behind.replace(",", " ").strip(), before.strip(), notes, "name.comma")
    words, notes, couple = _part_couple(text.replace(",", " ").split(), notes)
    absent = [word for word in words if fold_word(word) == "brak"]
    if absent and not any(map(is_given, words)):  # KOWALSKI BRAK; in BRAK JAN it is the family name
        words, notes = [word for word in words if word not in absent], (*notes, *absent)
    if not words:
        return Person("", "", notes, "name.notes-only" if notes else "name.missing")
    if len(words) < 2:
        given = is_given(words[0])
        return Person(words[0] if given else "", "" if given else words[0], notes, "name.half")
    flags = [is_given(word) or _is_initial(word) or word.endswith(".") for word in words]  # no family name has a dot
    first, last, rule = _divide(words, flags, given_first=given_first)
    return Person(" ".join(first), " ".join(last), notes, "name.couple" if couple else rule)


@lru_cache(maxsize=65_536)
def is_given(word: str) -> bool:
    """Whether a word is a given name, or several joined by hyphens."""
    names = given_names()
    folded = fold(word).strip(".,")
    return folded in names or ("-" in folded and all(part in names for part in folded.split("-")))


@lru_cache(maxsize=65_536)
def uncut(word: str) -> str:
    """A folded given name; one cut short with a dot is written out where it can mean one name only.

    >>> uncut("Wojc."), uncut("Stan."), uncut("Wojciech"), uncut("J.")
    ('wojciech', 'stan', 'wojciech', 'j')
    """
    bare = fold(word.strip("."))
    return cut_names().get(bare, bare) if word.endswith(".") else bare


def sex_of(first_name_key: str) -> str | None:
    """The sex that a given name says, by its folded form; None where it says none.

    >>> sex_of("anna"), sex_of("kuba"), sex_of("qwerty")
    ('F', 'M', None)
    """
    name = given_names().get(first_name_key)
    return name.sex if name else None


_Divided = tuple[list[str], list[str], str]  # given names, family names, rule


def _divide(words: list[str], given: list[bool], *, given_first: bool) -> _Divided:
    """Part given from family names.  In doubt the source's order decides."""
    if any(given) and not all(given):
        if given in (sorted(given), sorted(given, reverse=True)):
            return _chosen(words, [not g for g in given], "name.plain")
        # an unknown word on both sides of a given name: one of them is a given name that the dictionary lacks
        endings = [has_family_ending(w) for w in words]
        if endings[0] != endings[-1]:
            given_first = endings[-1]
        return _at_edge(words, "name.around", given_first=given_first)
    pet_names = [_is_diminutive(w) for w in words]
    if sum(pet_names) == 1 and (pet_names[0] or pet_names[-1]):
        return _chosen(words, pet_names, "name.pet-name")  # Jurek, Witek: no register has them as given names
    doubt = "name.two-given" if any(given) else ""
    capitals = [len(w) > 1 and w.isupper() for w in words]
    endings = [has_family_ending(w) for w in words]
    for evidence, rule in ((capitals, "name.capitals"), (endings, "name.ending")):
        if any(evidence) and not all(evidence):
            return _chosen(words, evidence, doubt or rule)
    return _at_edge(words, doubt or "name.unknown", given_first=given_first)


def _chosen(words: list[str], family: list[bool], rule: str) -> _Divided:
    return (
        [w for w, f in zip(words, family, strict=True) if not f],
        [w for w, f in zip(words, family, strict=True) if f],
        rule,
    )


def _at_edge(words: list[str], rule: str, *, given_first: bool) -> _Divided:
    return (words[:-1], words[-1:], rule) if given_first else (words[1:], words[:1], rule)


def has_family_ending(word: str) -> bool:
    """Whether a word ends as family names do."""
    return fold_word(word).endswith(SUFFIXES)


def _is_diminutive(word: str) -> bool:
    name = given_names().get(fold_word(word))
    return name is not None and bool(name.diminutive_of)


def _is_initial(word: str) -> bool:
    return len(word.strip(".")) == 1 and word[0].isalpha()


def _part_couple(words: list[str], notes: tuple[str, ...]) -> tuple[list[str], tuple[str, ...], bool]:
    """`JAN I ANNA KOWALSCY`: the first person is the subscriber, the second goes to the note."""
    if len(words) > _MOST_WORDS:
        return words, notes, False
    if any("/" in word.strip("/") for word in words):  # KOWALSKI JAN/NOWAK ANNA
        words = [part for word in words for part in re.split("(/)", word) if part]
    for i in range(1, len(words) - 1):
        if fold_word(words[i]) not in _JOINTS:
            continue
        before, behind = words[:i], words[i + 1 :]
        if fold(behind[0]).strip(".") in ("in", "inni", "inne"):
            return before, (*notes, " ".join(words[i:])), True
        if _is_whole(before) and _is_whole(behind):
            return before, (*notes, f"{words[i].lower()} {' '.join(map(display, behind))}"), True
        if _may_be_given(before[-1]) and _may_be_given(behind[0]):
            return before + behind[1:], (*notes, f"{words[i].lower()} {display(behind[0])}"), True
    signs = [word for word in words if word in ("/", "&")]
    return [word for word in words if word not in signs], (*notes, *signs), False


def _is_whole(words: list[str]) -> bool:
    """Whether words are a whole name: a given one beside one that is none."""
    given = [is_given(word) for word in words]
    return any(given) and not all(given)


def _may_be_given(word: str) -> bool:
    return is_given(word) or (_is_initial(word) and word.endswith("."))
