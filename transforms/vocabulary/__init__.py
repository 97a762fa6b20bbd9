"""Word lists that the normalisers stand on: given and pet names, towns, numbering zones, legal forms, street words.

Each is a CSV file beside this module, so that a person who knows Polish but no Python can correct it.  Words are
matched folded (`transforms.letters.fold`): a list may be written with its diacritics.

>>> given_names()["malgosia"]
GivenName(name='Małgosia', sex='F', diminutive_of='Małgorzata')
>>> zones()["12"].city, len(zones())
('Kraków', 49)
>>> genitives()["adama"], genitives()["marii"], genitives()["jerzego"]
('Adam', 'Maria', 'Jerzy')
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import NamedTuple

from transforms.letters import fold


class GivenName(NamedTuple):
    """A given name; `diminutive_of` is its full form, or empty."""

    name: str
    sex: str
    diminutive_of: str


class Zone(NamedTuple):
    """A numbering zone: its city, the voivodeships before and since 1999 (names and TERYT codes), the postal district.

    The postal district is the first digit of its city's codes.
    """

    zone: str
    city: str
    old_voivodeship: str
    old_teryt: str
    voivodeship: str
    teryt: str
    postal_district: str


class LegalForm(NamedTuple):
    """A legal form as it is written (folded, capitals, no dots), where in the name it counts, and what it says.

    `place` is start, end, edge (either), any, or inner (behind the firm's own name); `kind` is company, institution or
    trade (a trade name, behind which a single person may stand).
    """

    place: str
    written: tuple[str, ...]
    form: str
    kind: str


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = resources.files(__name__).joinpath(name).read_text(encoding="utf-8")
    yield from csv.DictReader(text.splitlines())


@cache
def given_names() -> dict[str, GivenName]:
    """Given names by folded name."""
    return {fold(r["name"]): GivenName(r["name"], r["sex"], r["diminutive_of"]) for r in _rows("given_names.csv")}


@cache
def cut_names() -> dict[str, str]:
    """Folded given names that are cut short with a dot and can mean one name only, with that name's folded form.

    >>> cut_names()["wojc"], cut_names().get("stan")  # Stanisław or Stanisława
    ('wojciech', None)
    """
    return {fold(r["written"]): fold(r["name"]) for r in _rows("cut_names.csv")}


@cache
def full_names() -> dict[str, tuple[str, ...]]:
    """Folded given name -> the folded full names that it may stand for, itself among them, in any language we know.

    >>> full_names()["gosia"], full_names()["ted"], full_names()["robert"]
    (('gosia', 'malgorzata'), ('edward', 'ted', 'theodore'), ('robert',))
    """
    names: dict[str, set[str]] = {}
    for row in (*_rows("given_names.csv"), *_rows("pet_names.csv")):
        if row["diminutive_of"]:
            pet, full = fold(row["name"]), fold(row["diminutive_of"])
            names.setdefault(full, {full})
            names.setdefault(pet, {pet}).add(full)
    return {name: tuple(sorted(full)) for name, full in sorted(names.items())}


@cache
def genitives() -> dict[str, str]:
    """Given names by their folded genitive, as street names have them (`Adama` -> `Adam`)."""
    return {fold(_genitive(n)): n.name for n in given_names().values() if not n.diminutive_of}


_GENITIVE_ENDINGS = (
    # of female names, then of male names; the first that fits is taken
    ("F", "ia", "ii"), ("F", "ea", "ei"), ("F", "ja", "ji"), ("F", "la", "li"), ("F", "ka", "ki"), ("F", "ga", "gi"),
    ("F", "a", "y"), ("M", "niec", "ńca"), ("M", "ek", "ka"), ("M", "weł", "wła"), ("M", "ciej", "cieja"),
    ("M", "der", "dra"), ("M", "ster", "stra"), ("M", "per", "pra"), ("M", "li", "lego"), ("M", "i", "iego"),
    ("M", "y", "ego"), ("M", "o", "a"), ("M", "c", "ca"), ("M", "", "a"),
)  # fmt: skip


def _genitive(given: GivenName) -> str:
    irregular = {"Maja": "Mai", "Kaja": "Kai", "Jacek": "Jacka", "Lech": "Lecha", "Łucja": "Łucji", "Otto": "Ottona"}
    if given.name in irregular:
        return irregular[given.name]
    for sex, ending, genitive in _GENITIVE_ENDINGS:
        if given.sex == sex and given.name.endswith(ending):
            return given.name[: len(given.name) - len(ending)] + genitive
    return given.name


@cache
def towns() -> dict[str, str]:
    """Towns in their usual spelling, by folded spelling or usual abbreviation (without dots)."""
    return {fold(r["written"]).replace(".", ""): r["town"] for r in _rows("towns.csv")}


@cache
def zones() -> dict[str, Zone]:
    """The 49 numbering zones."""
    return {r["zone"]: Zone(**r) for r in _rows("zones.csv")}


@cache
def legal_forms() -> tuple[LegalForm, ...]:
    """Legal forms, longest first."""
    forms = [LegalForm(r["place"], tuple(r["written"].split()), r["form"], r["kind"]) for r in _rows("legal_forms.csv")]
    return tuple(sorted(forms, key=lambda f: -len(f.written)))


@cache
def company_words() -> dict[str, str]:
    """Words that no person's name has, with the kind of party that they betray."""
    return {r["word"]: r["kind"] for r in _rows("company_words.csv")}


@cache
def street_types() -> dict[str, str]:
    """Words for the kind of street, by folded word without dot."""
    return {fold(r["written"]): r["type"] for r in _rows("street_types.csv")}


class StreetForm(NamedTuple):
    """A short form in a street's name, folded, and what it stands for.

    `place` says where it counts: any, before (another word follows), behind (another word precedes), whole (alone).
    """

    written: str
    place: str
    meant: str


@cache
def street_forms() -> tuple[StreetForm, ...]:
    """Short forms of street names, in the order in which they are tried."""
    return tuple(StreetForm(r["written"], r["place"], r["meant"]) for r in _rows("street_forms.csv"))


@cache
def street_titles() -> dict[str, str]:
    """Titles that come and go before a patron's name, by folded word without dot."""
    return {fold(r["written"]): r["title"] for r in _rows("street_titles.csv")}
