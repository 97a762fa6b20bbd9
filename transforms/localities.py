"""Localities and postal codes.

A locality keeps its letters; only its case, its usual abbreviations (`Gorzów Wlkp.`) and, for towns of the list, its
lost diacritics are put right.  Postal codes have had the form NN-NNN since 1973.

>>> read_locality("ŁÓDŹ 12").name, read_locality("GORZOW WLKP.").name, read_locality("Krępa Wielka").key
('Łódź', 'Gorzów Wielkopolski', 'krepa wielka')
>>> read_locality("ŚRODA WLKP.").status, read_locality("nowa wieś nad drwęcą").name
('repaired', 'Nowa Wieś nad Drwęcą')
>>> [read_postal_code(c)[:2] for c in ("00-950", "00950", "OO–95O", "1-234")]
[('00-950', 'ok'), ('00-950', 'repaired'), ('00-950', 'repaired'), ('01-234', 'repaired')]
>>> read_postal_code("00-000")[:2], read_postal_code("ABC")[:2]
((None, 'filler'), (None, 'unparsed'))
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from transforms.letters import display, fold, squeeze
from transforms.vocabulary import towns

_SMALL = frozenset(["nad", "pod", "na", "w", "przy", "k", "i"])
_OFFICE = re.compile(r"\s+(?:\d{1,2}|[IVX]{1,4})$")  # number of the post office: Warszawa 12
_NEAR = re.compile(r"\s*(?:\(.*\)|\bk\s*[./]\s*\w.*|,.*)$", re.IGNORECASE)
_DASHES = re.compile(r"\s*[-–—]\s*")
_ABBREVIATIONS = {
    "wlkp": "Wielkopolski", "maz": "Mazowiecki", "sl": "Śląski", "tryb": "Trybunalski", "pom": "Pomorski",
    "lub": "Lubelski", "gd": "Gdański", "podl": "Podlaski", "krak": "Krakowski", "dln": "Dolny",
}  # fmt: skip
_LETTERS = str.maketrans("OoIlDdQ", "0011000")
_CODE = re.compile(r"(\d{2})-(\d{3})")
_FILLERS = frozenset(("00000", "99999", "11111", "12345"))


class Locality(NamedTuple):
    """A locality: usual spelling, folded key, and `ok`, `repaired` or `missing`."""

    name: str | None
    key: str | None
    status: str


@lru_cache(maxsize=65_536)
def read_locality(text: str) -> Locality:
    """Bring a locality to its usual spelling."""
    bare = squeeze(text).strip(" .,;-")
    if not any(c.isalpha() for c in bare):
        return Locality(None, None, "missing")
    cut = _OFFICE.sub("", _NEAR.sub("", bare))
    if not any(c.isalpha() for c in cut):
        cut = bare
    name = towns().get(_town_key(cut))
    if name is None:
        name = " ".join(_word(w, at) for at, w in enumerate(_DASHES.sub("-", cut).split()))
    # capitals are no fault; a lost diacritic, an abbreviation and an addition were put right
    status = "ok" if name.casefold() == bare.casefold() else "repaired"
    return Locality(name, locality_key(name), status)


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


class PostalCode(NamedTuple):
    """A postal code NN-NNN, its status, and what is wrong."""

    code: str | None
    status: str
    message: str | None


@lru_cache(maxsize=65_536)
def read_postal_code(text: str) -> PostalCode:
    """Read a Polish postal code; what had to be put right is `repaired`."""
    plain = text.strip()
    if not plain.strip("-– "):
        return PostalCode(None, "missing", None)
    if match := _CODE.fullmatch(plain):
        digits, status = match[1] + match[2], "ok"
    else:
        digits = _DASHES.sub("", plain.translate(_LETTERS)).replace(" ", "").replace(".", "")
        status = "repaired"
        if len(digits) == 4 and digits.isdigit():
            digits = "0" + digits  # a numeric field swallowed the zero
    if not (len(digits) == 5 and digits.isascii() and digits.isdigit()):
        return PostalCode(None, "unparsed", "not of the form NN-NNN")
    if digits in _FILLERS:
        return PostalCode(None, "filler", "a filler")
    return PostalCode(f"{digits[:2]}-{digits[2:]}", status, None)
