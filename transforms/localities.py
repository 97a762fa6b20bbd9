"""Localities and postal codes.

A locality keeps its letters; only its case, its usual abbreviations (`Gorzów Wlkp.`) and, for towns of the list, its
lost diacritics are put right.  Postal codes have had the form NN-NNN since 1973.

>>> read_locality("ŁÓDŹ 12").name, read_locality("GORZOW WLKP.").name, read_locality("Krępa Wielka").key
('Łódź', 'Gorzów Wielkopolski', 'krepa wielka')
>>> read_locality("ŚRODA WLKP.").status, read_locality("nowa wieś nad drwęcą").name
('repaired', 'Nowa Wieś nad Drwęcą')
>>> read_locality("Krępa, p-ta Ostrów Wlkp.")[::4]
('Krępa', 'Ostrów Wielkopolski')
>>> [read_postal_code(c).value for c in ("00-950", "00950", "OO–95O", "1-234")]
['00-950', '00-950', '00-950', '01-234']
>>> [read_postal_code(c).rule for c in ("00-950", "00950", "OO–95O", "1-234")]
['postal.plain', 'postal.hyphen', 'postal.letters', 'postal.zero']
>>> read_postal_code("00-000").status, read_postal_code("ABC").status
('filler', 'unparsed')
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

from transforms.letters import display, fold, squeeze
from transforms.nothing import means_nothing
from transforms.rules import RULES, Verdict
from transforms.vocabulary import towns, zones

_SMALL = frozenset(["nad", "pod", "na", "w", "przy", "k", "i"])
_OFFICE = re.compile(r"\s+(?:\d{1,2}|[IVX]{1,4})$")  # number of the post office: Warszawa 12
_NEAR = re.compile(r"\s*(?:\(.*\)|\bk\s*[./]\s*\w.*|,.*)$", re.IGNORECASE)
_DASHES = re.compile(r"\s*[-–—]\s*")
_POST = re.compile(r"[\s,(]+(?:p-ta|p\.|pta\.?|poczta:?|u\.?p\.?)\s+([^\W\d_].*)$", re.IGNORECASE)
_POST_ALONE = re.compile(r"(?:p-ta|pta\.?|poczta:?)\s+([^\W\d_].*)", re.IGNORECASE)
_ABBREVIATIONS = {
    "wlkp": "Wielkopolski", "maz": "Mazowiecki", "sl": "Śląski", "tryb": "Trybunalski", "pom": "Pomorski",
    "lub": "Lubelski", "gd": "Gdański", "podl": "Podlaski", "krak": "Krakowski", "dln": "Dolny",
}  # fmt: skip
_LETTERS = str.maketrans("OoIlDdQ", "0011000")
_CODE = re.compile(r"(\d{2})-(\d{3})")
_COUNTRY = re.compile(r"^PL[\s-]*", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s\-–—./,_()]")
_FILLERS = frozenset(("00000", "99999", "11111", "12345"))


class Locality(NamedTuple):
    """A locality.

    Attributes:
        name: In its usual spelling.
        key: Folded for matching.
        status: ok, repaired or missing.
        rule: Id of the rule that decided.
        post_town: Town of the post office, where the text names another one.
    """

    name: str | None
    key: str | None
    status: str
    rule: str
    post_town: str | None = None


@lru_cache(maxsize=65_536)
def read_locality(text: str) -> Locality:
    """Bring a locality to its usual spelling."""
    bare = squeeze(text).strip(" .,;-")
    if not any(c.isalpha() for c in bare):
        return Locality(None, None, "missing", "place.missing")
    if match := _POST_ALONE.fullmatch(bare):
        return Locality(None, None, "missing", "place.missing", _spelled(match[1].strip(" ).,;")))
    rule, post_town = "place.spelling", None
    cut = bare
    if match := _POST.search(bare):
        cut, post_town, rule = bare[: match.start()].strip(" ,;("), match[1].strip(" ).,;"), "place.near"
    for pattern, why in ((_NEAR, "place.near"), (_OFFICE, "place.office")):
        shorter = pattern.sub("", cut)
        if shorter != cut and any(c.isalpha() for c in shorter):
            cut, rule = shorter, why
    if not any(c.isalpha() for c in cut):
        cut, post_town = bare, None
    name = _spelled(cut)
    if rule == "place.spelling" and _town_key(cut) in towns():
        rule = "place.list"
    # capitals are no fault; a lost diacritic, an abbreviation and an addition were put right
    if name.casefold() == bare.casefold():
        rule = "place.plain"
    return Locality(name, locality_key(name), RULES[rule].status, rule, _spelled(post_town) if post_town else None)


def _spelled(text: str) -> str:
    """A place in its usual spelling: as the list of towns has it, else word by word."""
    listed = towns().get(_town_key(text))
    return listed or " ".join(_word(w, at) for at, w in enumerate(_DASHES.sub("-", text).split()))


def locality_key(name: str) -> str:
    """A locality as it is compared: folded, hyphens as blanks."""
    return squeeze(fold(name).replace("-", " ").replace(".", " "))


def _town_key(text: str) -> str:
    return squeeze(fold(_DASHES.sub("-", text)).replace(".", ""))


def _word(word: str, at: int) -> str:
    bare = fold(word).strip(".")
    if at and bare in _SMALL and not word.endswith("."):
        return word.lower()
    if at and word.endswith(".") and bare in _ABBREVIATIONS:
        return _ABBREVIATIONS[bare]
    return display(word)


@lru_cache(maxsize=65_536)
def read_postal_code(text: str) -> Verdict:
    """Read a Polish postal code; what had to be put right is `repaired`."""
    plain = text.strip()
    if means_nothing(plain):
        return Verdict(None, "postal.missing")
    if match := _CODE.fullmatch(plain):
        digits, rule = match[1] + match[2], "postal.plain"
    else:
        bare = _COUNTRY.sub("", plain)
        turned = bare.translate(_LETTERS)
        digits = _BETWEEN.sub("", turned)
        rule = "postal.hyphen" if turned == bare else "postal.letters"
        if len(digits) == 4 and digits.isdigit():
            digits, rule = "0" + digits, "postal.zero"  # a numeric field swallowed the zero
    if not (len(digits) == 5 and digits.isascii() and digits.isdigit()):
        return Verdict(None, "postal.form")
    if digits in _FILLERS:
        return Verdict(None, "postal.filler")
    return Verdict(f"{digits[:2]}-{digits[2:]}", rule)


def postal_district(locality_key: str) -> str | None:
    """First digit of the postal codes of a numbering zone's city; None for every other locality.

    The districts are those of 1973 and say nothing of other places: a code that contradicts is a hint, no fault.

    >>> postal_district("krakow"), postal_district("bielsko biala"), postal_district("krepa")
    ('3', '4', None)
    """
    return _districts().get(locality_key)


@cache
def _districts() -> dict[str, str]:
    return {locality_key(zone.city): zone.postal_district for zone in zones().values()}
