"""Names of subscribers: which words are the given names, which the family name, and which no name at all.

Legacy systems write `NAZWISKO IMIE` or `IMIE NAZWISKO`, in one field or in two (sometimes exchanged), with titles,
notes and firms between.  Notes are lifted out (`transforms.name_notes`), firms recognised (`transforms.companies`),
the order is found word by word (`transforms.name_order`).

Keys are for matching only: folded, the family name in its masculine form, its parts sorted, so that
`Kowalska-Nowak` = `NOWAK KOWALSKA`.  What is stored keeps its letters and its gender.

>>> name = read_name("KOWALSKA - NOWAK ANNA MARIA dr")
>>> name.first_name, name.last_name, name.note, name.status, name.rule
('Anna Maria', 'Kowalska-Nowak', 'dr', 'ok', 'name.notes')
>>> name.first_name_key, name.last_name_key
('anna', 'kowalski nowak')
>>> read_name("P.H.U. EWA ZIELIŃSKA")[:5]
('person', 'Ewa', 'Zielińska', 'P.H.U. EWA ZIELIŃSKA', 'P.H.U.')
>>> read_name("Jan Stanisław").status, read_name("", "KOWALSKI", "JAN").first_name
('suspect', 'Jan')
>>> read_name("Wiœniewski Jan")[1:3], read_name("Wiœniewski Jan").note, read_name("WI?NIEWSKI JAN").status
(('Jan', 'Wiśniewski'), 'cp1252>cp1250', 'suspect')
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from transforms.companies import Company, company_key, is_plain, recognise
from transforms.letters import display as display_text
from transforms.letters import fold, fold_word, squeeze
from transforms.mojibake import has_signs, put_right
from transforms.name_notes import bare, is_filler, is_name_only, lift
from transforms.name_order import SUFFIXES, Person, is_given, orient, uncut
from transforms.rules import RULES

_PARTS = re.compile(r"[\s-]+")
_FIRST_PART = re.compile(r"[\s-]+|(?<=^[^\W\d_]\.)")  # J.A. are two initials


class Name(NamedTuple):
    """A name, taken apart.  Fields as in the catalogue's entity `subscriber`; `rule` says what decided."""

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
    rule: str


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


class Word(NamedTuple):
    """A word that can be nothing but a name: whether it is a given one, how it is shown, its keys."""

    given: bool
    shown: str
    first_key: str
    last_key: str


@lru_cache(maxsize=131_072)
def read_word(text: str) -> Word | None:
    """What is known of a word that can be nothing but a name; None for any other text."""
    if " " in text or not (text and is_plain(text) and is_name_only(text)):
        return None
    shown = display(text)
    return Word(is_given(text), shown, first_name_key(shown), last_name_key(shown))


def _read_simple(name: str, first: str, last: str, kind: str) -> Name | None:
    """One given name and one family name: nearly all names, and they are millions."""
    if kind not in ("", "person"):
        return None
    rule = "name.plain"
    if name and not first and not last:
        words = name.split()
        if len(words) != 2:
            return None
        given, family = read_word(words[0]), read_word(words[1])
        if given is None or family is None or given.given == family.given:
            return None
        if family.given:
            given, family = family, given
    else:
        given, family, rule = read_word(first), read_word(last), "name.fields"
        if name or given is None or family is None or (family.given and not given.given):
            return None
    return Name(
        kind or "person", given.shown, family.shown, None, None, None, "ok", given.first_key, family.last_key, None,
        rule,
    )  # fmt: skip


def read_name_word_by_word(
    name: str, first: str = "", last: str = "", company: str = "", kind: str = "", *, given_first: bool = False
) -> Name:
    """`read_name` without its short cut: every rule is tried."""
    delivered = squeeze(name), squeeze(first), squeeze(last), squeeze(company)
    if not any(map(has_signs, delivered)):
        return _read(delivered, kind, given_first=given_first)
    repairs = [put_right(text) for text in delivered]
    texts = tuple(repair[0] if repair else text for repair, text in zip(repairs, delivered, strict=True))
    found = _read(texts, kind, given_first=given_first)
    chains = dict.fromkeys(repair[1] for repair in repairs if repair)
    rule = "name.signs" if any(map(has_signs, texts)) else "name.mojibake"
    if RULES[found.rule].status in ("unparsed", "missing"):
        return found
    if RULES[found.rule].status == "suspect":
        rule = found.rule
    note = "; ".join([*chains, *([found.note] if found.note else [])]) or None
    return found._replace(note=note, rule=rule, status=RULES[rule].status)


def _read(texts: tuple[str, ...], kind: str, *, given_first: bool) -> Name:
    """Read the whole name, given names, family name and firm of a row."""
    delivered, texts = texts, _without_fillers(texts)
    if any(delivered) and not any(texts):
        return Name(kind or None, *(None,) * 5, RULES["name.filler"].status, None, None, None, "name.filler")
    whole, first, last, company = texts
    if not company and kind != "person" and not first and (found := recognise(last or whole)):
        return _of_company(last or whole, found, kind, "name.misplaced" if last else "name.company")
    if not company and kind in ("company", "institution"):
        company, first, last = squeeze(f"{last} {first}") or whole, "", ""
        whole = "" if company == whole else whole
    if company:
        return _with_company(company, _read_person(whole, first, last, given_first), kind)
    if kind == "person" and not first and (found := recognise(last or whole)) and found.person:
        return _of_company(last or whole, found, kind, "name.trader")
    return _of_person(_read_person(whole, first, last, given_first), kind)


def _without_fillers(texts: tuple[str, ...]) -> tuple[str, ...]:
    """The four texts, those that only fill their field emptied.  Beside a given name, Brak is a family name."""
    bare = tuple("" if text and is_filler(text) else text for text in texts)
    beside = bare[1] and fold_word(texts[2]) == "brak"
    return (bare[0], bare[1], texts[2], bare[3]) if beside else bare


display = lru_cache(maxsize=65_536)(display_text)


# --- keys --------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=65_536)
def first_name_key(first_name: str) -> str:
    """The first given name, folded; one that is cut short (`Wojc.`) written out, where that is no guess."""
    return uncut(_FIRST_PART.split(first_name, maxsplit=1)[0])


@lru_cache(maxsize=65_536)
def last_name_key(last_name: str) -> str:
    """Family name folded: masculine, parts in alphabetical order.

    >>> [last_name_key(n) for n in ("Zielińska", "Kowalscy", "Nowakówna", "NOWAK-KOWALSKA", "Śliwna")]
    ['zielinski', 'kowalski', 'nowak', 'kowalski nowak', 'sliwny']
    >>> [last_name_key(n) for n in ("Nowakowa", "Mickiewiczowa", "Zawadzka", "Sowa")]
    ['nowak', 'mickiewicz', 'zawadzki', 'sowa']
    """
    return " ".join(sorted({_masculine(part) for part in _PARTS.split(fold(last_name)) if part.strip(".'")}))


_WIVES = re.compile(r"(.{2,}(?:ak|ik|yk|icz|arz|erz|acz|uk|ek))owa")  # archaic: Nowakowa, Mickiewiczowa


def _masculine(part: str) -> str:
    if part.endswith(("ska", "cka", "zka")):
        return part[:-1] + "i"
    if part.endswith(("scy", "zcy", "ccy")):
        return part[:-2] + "ki"
    if part.endswith("owna") and len(part) > 6:
        return part[:-4]
    if part.endswith("owa") and (wife := _WIVES.fullmatch(part)):
        return wife[1]
    if part.endswith("na") and len(part) > 4 and part[-3] not in "aeiouy":
        return part[:-1] + "y"
    return part


# --- persons -----------------------------------------------------------------------------------------------------


def _read_person(whole: str, first: str, last: str, given_first: bool) -> Person:
    if first and last:
        return _both(first, last)
    one = first or last
    if one and not whole:
        text, notes = lift(one)
        words = text.split()
        if len(words) == 1 or (last and words and not any(map(is_given, words))):
            return Person("" if last else text, text if last else "", notes, "name.half")
        return orient(text, notes)
    return orient(*lift(whole or one), given_first=given_first)


def _both(first: str, last: str) -> Person:
    first, notes = lift(first)
    last, more = lift(last)
    notes += more
    if not first or not last:
        return Person(first, last, notes, "name.half" if first or last else "name.notes-only")
    exchanged = is_given(last.split()[0]) and not is_given(first.split()[0]) and fold(first).endswith(SUFFIXES)
    if exchanged:
        return Person(last, first, notes, "name.exchanged")
    words = first.split()
    if len(words) > 1 and fold(words[-1]) == fold(last):  # the family name stands in both
        return Person(" ".join(words[:-1]), last, notes, "name.repeated")
    return Person(first, last, notes, "name.fields")


# --- results -----------------------------------------------------------------------------------------------------


def _of_person(person: Person, kind: str) -> Name:
    first, last = display(bare(person.first)) or None, display(bare(person.last)) or None
    found = bool(first or last)
    rule = person.rule if found else ("name.notes-only" if person.notes else "name.missing")
    if person.notes and RULES[rule].status == "ok":
        rule = "name.notes"
    return Name(
        kind or ("person" if found else None), first, last, None, None, "; ".join(person.notes) or None,
        RULES[rule].status, first_name_key(first) if first else None, last_name_key(last) if last else None, None,
        rule,
    )  # fmt: skip


def _of_company(text: str, company: Company, kind: str, rule: str) -> Name:
    if company.person:
        person = _of_person(orient(" ".join(company.person), ()), kind or "person")
        rule = "name.trader" if person.status == "ok" else person.rule
        return person._replace(
            company_name=text, legal_form=company.form, note=company.note, company_key=company.key, rule=rule
        )
    return Name(
        kind or company.kind, None, None, text, company.form, company.note, RULES[rule].status, None, None,
        company.key or None, rule,
    )  # fmt: skip


def _with_company(text: str, person: Person, kind: str) -> Name:
    """A firm delivered in its own field, maybe with a person beside it."""
    company = recognise(text)
    if company and company.person and not kind:
        kind = "person"
    named = _of_person(person, kind)
    if company and company.person and not named.last_name:
        named = _of_person(orient(" ".join(company.person), ()), kind)
    notes = [n for n in (named.note, company.note if company else None) if n]
    rule = named.rule
    if named.status in ("missing", "unparsed"):
        rule = "name.company"
    elif named.status == "ok":
        rule = "name.trader" if company and company.person else "name.both"
    return named._replace(
        kind=kind or (company.kind if company else "company"), company_name=text, note="; ".join(notes) or None,
        legal_form=company.form if company else None, company_key=company_key(text) or None,
        status=RULES[rule].status, rule=rule,
    )  # fmt: skip
