"""Names of subscribers: which words are the given names, which the family name, and which no name at all.

Legacy systems write `NAZWISKO IMIE` or `IMIE NAZWISKO`, in one field or in two (sometimes exchanged), with titles,
notes and firms between.  The order is decided by a dictionary of given names, word by word, never by a majority of the
source, so that a name does not depend on what else was delivered.  Where the dictionary cannot decide (`Jan
Stanisław`), the order that the source declares is taken and the verdict is `suspect`.

Keys are for matching only: folded, the family name in its masculine form, its parts sorted, so that
`Kowalska-Nowak` = `NOWAK KOWALSKA`.  What is stored keeps its letters and its gender.

>>> name = read_name("KOWALSKA - NOWAK ANNA MARIA dr")
>>> name.first_name, name.last_name, name.note, name.status
('Anna Maria', 'Kowalska-Nowak', 'dr', 'ok')
>>> name.first_name_key, name.last_name_key
('anna', 'kowalski nowak')
>>> read_name("P.H.U. EWA ZIELIŃSKA")[:5]
('person', 'Ewa', 'Zielińska', 'P.H.U. EWA ZIELIŃSKA', 'P.H.U.')
>>> read_name("Jan Stanisław").status, read_name("", "KOWALSKI", "JAN").first_name
('suspect', 'Jan')
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from transforms.companies import Company, company_key, is_plain, recognise
from transforms.letters import display as display_text
from transforms.letters import fold, squeeze
from transforms.vocabulary import given_names

_TITLES = frozenset(
    [
        "dr",
        "hab",
        "inz",
        "mgr",
        "prof",
        "lek",
        "med",
        "stom",
        "ks",
        "plk",
        "ppłk",
        "ppulk",
        "gen",
        "mjr",
        "kpt",
        "por",
        "ppor",
        "hr",
        "dypl",
        "adw",
        "not",
        "doc",
        "pan",
        "pani",
        "panstwo",
    ]
)
_ORDERS = frozenset(["o", "s", "br"])  # before the name and with a dot: ojciec, siostra, brat
_CHILD_OF = frozenset(["s", "c"])  # behind the name: `s. Stanisława` is whose son
_NOTES = frozenset(
    [
        "zm",
        "zmarl",
        "zmarla",
        "spadk",
        "spadkob",
        "spadkobierca",
        "spadkobiercy",
        "nieakt",
        "nieaktywny",
        "jr",
        "sr",
        "jun",
        "sen",
        "junior",
        "senior",
        "ml",
        "st",
        "dubel",
        "dupl",
        "nieznany",
        "likw",
    ]
)
_TAILS = ("zam", "c/o", "p.o", "po", "dla", "u")  # what follows them is no name either
_SUFFIXES = ("ski", "ska", "cki", "cka", "wicz", "czyk", "czak", "niak", "czuk", "enko", "scy", "ccy")
_BRACKETS = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]")
_MARKS = re.compile(r"[*#!?]+")
_HYPHEN = re.compile(r"\s*[-–—]\s*")
_PARTS = re.compile(r"[\s-]+")


class Name(NamedTuple):
    """A name, taken apart.  Fields as in the catalogue's entity `subscriber`."""

    kind: str | None
    first_name: str | None
    last_name: str | None
    company_name: str | None
    legal_form: str | None
    note: str | None
    status: str
    first_name_key: str | None
    last_name_key: str | None
    company_key: str | None


def read_name(
    name: str, first: str = "", last: str = "", company: str = "", kind: str = "", *, given_first: bool = False
) -> Name:
    """Take a name apart.

    Args:
        name: The whole name, where the source has it in one field; empty otherwise.
        first: Given names, where delivered apart.
        last: Family name, where delivered apart.
        company: Name of a firm, where delivered apart.
        kind: person, company or institution, where the source says so: then it is believed.
        given_first: The source's order of names in one field, for those that the dictionary cannot orient.
    """
    if not company and (simple := _read_simple(name, first, last, kind)):
        return simple
    return read_name_word_by_word(name, first, last, company, kind, given_first=given_first)


class _Word(NamedTuple):
    given: bool
    shown: str
    first_key: str
    last_key: str


@lru_cache(maxsize=131_072)
def _word(text: str) -> _Word | None:
    """What is known of a word that can be nothing but a name; None for any other text."""
    if " " in text or not (text and is_plain(text) and _is_name_only(text)):
        return None
    shown = display(text)
    return _Word(_is_given(text), shown, first_name_key(shown), last_name_key(shown))


def _read_simple(name: str, first: str, last: str, kind: str) -> Name | None:
    """One given name and one family name: nearly all names, and they are millions."""
    if kind not in ("", "person"):
        return None
    if name and not first and not last:
        words = name.split()
        if len(words) != 2:
            return None
        given, family = _word(words[0]), _word(words[1])
        if given is None or family is None or given.given == family.given:
            return None
        if family.given:
            given, family = family, given
    else:
        given, family = _word(first), _word(last)
        if name or given is None or family is None or (family.given and not given.given):
            return None
    return Name(
        kind or "person", given.shown, family.shown, None, None, None, "ok", given.first_key, family.last_key, None
    )


def read_name_word_by_word(
    name: str, first: str = "", last: str = "", company: str = "", kind: str = "", *, given_first: bool = False
) -> Name:
    """`read_name` without its short cut: every rule is tried."""
    company, whole = squeeze(company), squeeze(name)
    first, last = squeeze(first), squeeze(last)
    if not company and kind != "person" and not first and (found := recognise(last or whole)):
        return _of_company(last or whole, found, kind, "repaired" if last else "ok")
    if not company and kind in ("company", "institution"):
        company, first, last = squeeze(f"{last} {first}") or whole, "", ""
        whole = "" if company == whole else whole
    if company:
        return _with_company(company, _read_person(whole, first, last, given_first), kind)
    if kind == "person" and not first and (found := recognise(last or whole)) and found.person:
        return _of_company(last or whole, found, kind, "ok")
    return _of_person(_read_person(whole, first, last, given_first), kind)


display = lru_cache(maxsize=65_536)(display_text)


@lru_cache(maxsize=65_536)
def first_name_key(first_name: str) -> str:
    """The first given name, folded."""
    return fold(_PARTS.split(first_name, maxsplit=1)[0].strip("."))


@lru_cache(maxsize=65_536)
def last_name_key(last_name: str) -> str:
    """Family name folded: masculine, parts in alphabetical order.

    >>> [last_name_key(n) for n in ("Zielińska", "Kowalscy", "Nowakówna", "NOWAK-KOWALSKA", "Śliwna")]
    ['zielinski', 'kowalski', 'nowak', 'kowalski nowak', 'sliwny']
    """
    return " ".join(sorted({_masculine(part) for part in _PARTS.split(fold(last_name)) if part.strip(".'")}))


def _masculine(part: str) -> str:
    if part.endswith(("ska", "cka", "zka")):
        return part[:-1] + "i"
    if part.endswith(("scy", "zcy")):
        return part[:-2] + "ki"
    if part.endswith("ccy"):
        return part[:-2] + "ki"
    if part.endswith("owna") and len(part) > 6:
        return part[:-4]
    if part.endswith("na") and len(part) > 4 and part[-3] not in "aeiouy":
        return part[:-1] + "y"
    return part


# --- persons -----------------------------------------------------------------------------------------------------


class _Person(NamedTuple):
    first: str
    last: str
    notes: tuple[str, ...]
    status: str


def _read_person(whole: str, first: str, last: str, given_first: bool) -> _Person:
    if first and last:
        return _both(first, last)
    one = first or last
    if one and not whole:
        text, notes = _lift(one)
        words = text.split()
        if len(words) == 1 or (last and not any(map(_is_given, words))):
            return _Person("" if last else text, text if last else "", notes, "suspect")
        return _orient(text, notes)
    return _orient(*_lift(whole or one), given_first=given_first)


def _both(first: str, last: str) -> _Person:
    first, notes = _lift(first)
    last, more = _lift(last)
    notes += more
    if not first or not last:
        return _Person(first, last, notes, "suspect" if first or last else "unparsed")
    exchanged = _is_given(last.split()[0]) and not _is_given(first.split()[0]) and fold(first).endswith(_SUFFIXES)
    if exchanged:
        return _Person(last, first, notes, "repaired")
    words = first.split()
    if len(words) > 1 and fold(words[-1]) == fold(last):  # the family name stands in both
        return _Person(" ".join(words[:-1]), last, notes, "repaired")
    return _Person(first, last, notes, "ok")


def _lift(text: str) -> tuple[str, tuple[str, ...]]:
    """Take titles and notes out; answer with the bare name and with them."""
    if all(map(_is_name_only, text.split())):
        return text, ()
    notes: list[str] = []
    if "(" in text or "[" in text:
        notes += [a or b for a, b in _BRACKETS.findall(text)]
        text = _BRACKETS.sub(" ", text)
    if _MARKS.search(text):
        notes += _MARKS.findall(text)
        text = _MARKS.sub(" ", text)
    if "-" in text or "–" in text or "—" in text:
        text = _HYPHEN.sub("-", text).strip("-")
    words = text.split()
    kept: list[str] = []
    for i, word in enumerate(words):
        bare = fold(word).strip(".,:;")
        if bare in _TAILS and (word.endswith((".", ":")) or "/" in word) and (kept or i + 1 < len(words)):
            notes.append(" ".join(words[i:]))
            break
        dotted = word.endswith(".")
        if dotted and bare in _CHILD_OF and len(kept) > 1 and i + 1 < len(words):
            notes.append(" ".join(words[i:]))
            break
        order = dotted and bare in _ORDERS and not kept
        if bare in _TITLES or bare in _NOTES or order or not _has_letter(bare):
            notes.append(word)
        else:
            kept.append(word)
    return " ".join(kept), tuple(notes)


@lru_cache(maxsize=65_536)
def _is_name_only(word: str) -> bool:
    """Whether a word holds nothing to be lifted out."""
    return word.replace("-", "").isalpha() and word[0] != "-" != word[-1] and fold(word) not in _ODD


_ODD = _TITLES | _NOTES | frozenset(_TAILS)


def _has_letter(word: str) -> bool:
    return any(c.isalpha() for c in word) and not any(c.isdigit() for c in word)


@lru_cache(maxsize=65_536)
def _is_given(word: str) -> bool:
    names = given_names()
    folded = fold(word).strip(".,")
    return folded in names or ("-" in folded and all(part in names for part in folded.split("-")))


def _orient(text: str, notes: tuple[str, ...], *, given_first: bool = False) -> _Person:
    """Find the given names among the words of one field."""
    if "," in text:
        before, _, behind = text.partition(",")
        if before.strip() and behind.strip():
            return _Person(behind.replace(",", " ").strip(), before.strip(), notes, "ok")
    words = text.replace(",", " ").split()
    words, notes, couple = _part_couple(words, notes)
    if len(words) < 2:
        word = words[0] if words else ""
        given = bool(word) and _is_given(word)
        return _Person(word if given else "", "" if given else word, notes, "suspect" if word else "unparsed")
    flags = [_is_given(word) or _is_initial(word) for word in words]
    (first, last), sure = _divide(words, flags, given_first=given_first)
    return _Person(" ".join(first), " ".join(last), notes, "ok" if sure and not couple else "suspect")


def _divide(words: list[str], given: list[bool], *, given_first: bool) -> tuple[_Divided, bool]:
    """Part given from family names; says whether the evidence is sure.  In doubt the source's order decides."""
    if any(given) and not all(given):
        if given in (sorted(given), sorted(given, reverse=True)):
            return _chosen(words, [not g for g in given]), True
        # an unknown word on both sides of a given name: one of them is a given name that the dictionary lacks
        endings = [_has_family_ending(w) for w in words]
        if endings[0] != endings[-1]:
            given_first = endings[-1]
        return _at_edge(words, given_first), False
    pet_names = [_is_diminutive(w) for w in words]
    if sum(pet_names) == 1 and (pet_names[0] or pet_names[-1]):
        return _chosen(words, pet_names), True  # Jurek, Witek: no register has them as given names
    capitals = [len(w) > 1 and w.isupper() for w in words]
    endings = [_has_family_ending(w) for w in words]
    for evidence in (capitals, endings):
        if any(evidence) and not all(evidence):
            return _chosen(words, evidence), not any(given)
    return _at_edge(words, given_first), False


_Divided = tuple[list[str], list[str]]  # given names, family names


def _chosen(words: list[str], family: list[bool]) -> _Divided:
    return (
        [w for w, f in zip(words, family, strict=True) if not f],
        [w for w, f in zip(words, family, strict=True) if f],
    )


def _at_edge(words: list[str], given_first: bool) -> _Divided:
    return (words[:-1], words[-1:]) if given_first else (words[1:], words[:1])


def _has_family_ending(word: str) -> bool:
    return fold(word).endswith(_SUFFIXES)


def _is_diminutive(word: str) -> bool:
    name = given_names().get(fold(word))
    return name is not None and bool(name.diminutive_of)


def _is_initial(word: str) -> bool:
    return len(word.strip(".")) == 1 and word[0].isalpha()


def _part_couple(words: list[str], notes: tuple[str, ...]) -> tuple[list[str], tuple[str, ...], bool]:
    """`JAN I ANNA KOWALSCY`: the first person is the subscriber, the second goes to the note."""
    for i in range(1, len(words) - 1):
        if fold(words[i]) in ("i", "oraz", "&") and _is_given(words[i - 1]) and _is_given(words[i + 1]):
            return words[:i] + words[i + 2 :], (*notes, f"{words[i].lower()} {display(words[i + 1])}"), True
    return words, notes, False


# --- results -----------------------------------------------------------------------------------------------------


def _of_person(person: _Person, kind: str) -> Name:
    first, last = display(person.first) or None, display(person.last) or None
    found = bool(first or last)
    status = person.status if found else ("unparsed" if person.notes else "missing")
    return Name(
        kind or ("person" if found else None), first, last, None, None, "; ".join(person.notes) or None, status,
        first_name_key(first) if first else None, last_name_key(last) if last else None, None,
    )  # fmt: skip


def _of_company(text: str, company: Company, kind: str, status: str) -> Name:
    if company.person:
        person = _of_person(_orient(" ".join(company.person), ()), kind or "person")
        return person._replace(company_name=text, legal_form=company.form, note=company.note, company_key=company.key)
    return Name(
        kind or company.kind, None, None, text, company.form, company.note, status, None, None, company.key or None
    )


def _with_company(text: str, person: _Person, kind: str) -> Name:
    """A firm delivered in its own field, maybe with a person beside it."""
    company = recognise(text)
    if company and company.person and not kind:
        kind = "person"
    named = _of_person(person, kind)
    if company and company.person and not named.last_name:
        named = _of_person(_orient(" ".join(company.person), ()), kind)
    notes = [n for n in (named.note, company.note if company else None) if n]
    return named._replace(
        kind=kind or (company.kind if company else "company"), company_name=text, note="; ".join(notes) or None,
        legal_form=company.form if company else None, company_key=company_key(text) or None,
        status="ok" if named.status in ("missing", "unparsed") else named.status,
    )  # fmt: skip
