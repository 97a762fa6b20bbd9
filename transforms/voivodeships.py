"""Voivodeships of two divisions of the country: the 49 of 1975-1998 and the 16 since 1999.

They are two attributes.  Neither follows from the other below the level of the country: the gminas of most former
voivodeships went to two or three of the new ones, so the new one is derived only for the 49 former capitals
themselves.  Three names exist in both divisions (lubelskie, opolskie, łódzkie); there the text does not say which.

Source: the register TERYT (odd codes 01-97 before 1999, even codes 02-32 since), `vocabulary/zones.csv`.

>>> read_voivodeship("woj. krakowskie")
Voivodeship(before_1999='krakowskie', since_1999=None, rule='voivodeship.before')
>>> read_voivodeship("KRAKOWSKIE", "krakow").since_1999, read_voivodeship("14").since_1999
('małopolskie', 'mazowieckie')
>>> read_voivodeship("lubelskie").rule, read_voivodeship("galicyjskie").rule, read_voivodeship("").rule
('voivodeship.both', 'voivodeship.unknown', 'voivodeship.missing')
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

from transforms.letters import fold
from transforms.localities import locality_key as key_of_place
from transforms.vocabulary import zones

_WORD = re.compile(r"^(?:woj(?:ew)?(?:\.|odztwo)?|m\. ?st\.)\s*", re.IGNORECASE)


class Voivodeship(NamedTuple):
    """The voivodeship that a text names, in either division; the one that it does not name is None."""

    before_1999: str | None
    since_1999: str | None
    rule: str


@lru_cache(maxsize=65_536)
def read_voivodeship(text: str, locality_key: str = "") -> Voivodeship:
    """Read the name or the TERYT code of a voivodeship.

    Args:
        text: As delivered.
        locality_key: The locality, folded; a former capital lies in a known new voivodeship.
    """
    bare = fold(_WORD.sub("", text.strip())).strip(" .-")
    if not bare:
        return Voivodeship(None, None, "voivodeship.missing")
    before, since = _former().get(bare), _present().get(bare)
    if before and since and not bare.isdigit():
        return Voivodeship(None, None, "voivodeship.both")
    if before:
        by_city = _by_capital().get((before, locality_key))
        return Voivodeship(before, by_city, "voivodeship.city" if by_city else "voivodeship.before")
    return Voivodeship(None, since, "voivodeship.since" if since else "voivodeship.unknown")


@cache
def _former() -> dict[str, str]:
    named = {fold(zone.old_voivodeship): zone.old_voivodeship for zone in zones().values()}
    return named | {zone.old_teryt: zone.old_voivodeship for zone in zones().values()}


@cache
def _present() -> dict[str, str]:
    named = {fold(zone.voivodeship): zone.voivodeship for zone in zones().values()}
    return named | {zone.teryt: zone.voivodeship for zone in zones().values()}


@cache
def _by_capital() -> dict[tuple[str, str], str]:
    return {(zone.old_voivodeship, key_of_place(zone.city)): zone.voivodeship for zone in zones().values()}
