"""Addresses: the fields of a source, or one text, to street, building, flat and locality.

A source may deliver street, number and flat apart, street and number together, or everything in one text.  Villages
have no streets: there the number follows the locality, also where the form's street field repeats the village.  What
cannot be read keeps its delivered fields and gets the status `unparsed`; an address is never dropped.

>>> read_address("MICKIEWICZA 12 m. 4", "", "", "KRAKÓW")[:6]
(None, 'Mickiewicza', None, '12', '4', 'Kraków')
>>> read_address("", "", "", "", "ul. 3 Maja 5/47, 30-062 Kraków")[1:7]
('3 Maja', None, '5', '47', 'Kraków', 'ok')
>>> read_address("KRĘPA 15", "", "", "Krępa")[:7], read_address("", "15", "", "Krępa")[3]
((None, None, None, '15', None, 'Krępa', 'ok'), '15')
>>> split_text("00-950 Warszawa, ul. 11 Listopada 5 m. 3")
Split(street='ul. 11 Listopada 5 m. 3', postal_code='00-950', city='Warszawa')
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from transforms.houses import House, read_house
from transforms.letters import fold, squeeze
from transforms.localities import read_locality
from transforms.rules import RULES, noted
from transforms.street_numbers import part_number
from transforms.streets import Street, read_street
from transforms.vocabulary import towns

_NO_HOUSE = House(None, None, "missing", "", "house.missing")
_NO_STREET = Street(None, None, None, None)
_VILLAGE = re.compile(r"(.*[^\W\d_])[\s,]+(?:nr\.?\s*)?(\d{1,4}\s?[A-Za-z]?(?:/\d+)?)", re.IGNORECASE)
_POST = re.compile(r"(.+?)(?:[\s,;(]+(?:p-ta|pta\.?|poczta:?)|,\s*p\.)\s+([^\W\d_]{2}[^,;()]*)\)?", re.IGNORECASE)
_POST_WORD = re.compile(r"(?:^|[\s,;(]+)(?:p-ta|pta\.?|poczta:?)$", re.IGNORECASE)
_CODE = re.compile(r"\b(\d{2}\s?[-–]\s?\d{3})\b")
_BARE_CODE = re.compile(r"((?<![\d/])\d{5}|^\d{2} \d{3}|(?<=, )\d{2} \d{3})(?=\s+[^\W\d_])")  # before a place
_TYPED = re.compile(r"\s(?=(?:(?:ul|al|os|pl)\.\s*|(?:ul|ulica)\s+)[^\W\d_])", re.IGNORECASE)
_WITH_TYPE = re.compile(r"\s*(?:(?:ul|al|os|pl)\.|ul\s|ulica\s)", re.IGNORECASE)
_FLAT_ONLY = re.compile(
    r"(?:m|lok|lokal|miesz|mieszk|mieszkanie|kl|klatka|bl|blok)\b\.?\s*(?:nr\s*)?[\divx].*", re.IGNORECASE
)


class Address(NamedTuple):
    """The derived fields of an address, as in the catalogue."""

    street_type: str | None
    street_name: str | None
    street_rest: str | None
    building: str | None
    flat: str | None
    locality: str | None
    status: str
    street_key: str | None
    locality_key: str | None
    rule: str
    post_town: str | None


class Split(NamedTuple):
    """An address text cut at its postal code."""

    street: str
    postal_code: str
    city: str


@lru_cache(maxsize=65_536)
def read_address(street: str, house: str, flat_no: str, city: str, text: str = "") -> Address:
    """Take an address apart.

    Args:
        street: Street, maybe with the number.
        house: Number, maybe with the flat.
        flat_no: Flat, where delivered apart.
        city: Locality.
        text: The address as one text, used for what is not delivered apart.
    """
    if text and not (street or house):
        parts = split_text(text)
        street, city = parts.street, city or parts.city
    if not (street or house) and (match := _VILLAGE.fullmatch(city.strip())):
        city, house = match[1], match[2]  # Krępa 15
    place, apart = read_locality(city), bool(house)
    street, house = part_number(squeeze(street), squeeze(house))
    number = read_house(house, flat_no) if house or flat_no else _NO_HOUSE
    road = read_street(street) if street else _NO_STREET
    if number.kind == "plot" and not apart and street and road.type is None and not city:
        place, road = read_locality(street), _NO_STREET  # Krępa dz. 123/4: plots lie in villages
    if road.type is None and road.key is not None and road.key in (place.key, "wies"):
        road = _NO_STREET  # a village that its form's street field repeats
    rule = decide(number.rule, number.kind, place.status)
    if not house and street and not road.key:
        rule = "address.missing"
    elif not house:
        rule = "address.missing" if not street and place.name is None else "address.no-number"
    return Address(
        road.type, road.name, road.rest, number.building, number.flat, place.name, RULES[rule].status, road.key,
        place.key, rule, place.post_town,
    )  # fmt: skip


def decide(house_rule: str, house_kind: str, place_status: str) -> str:
    """The rule of an address that has a number.

    Args:
        house_rule: The rule that read the number.
        house_kind: What the number is; empty where it was not understood.
        place_status: Status of the locality.
    """
    if house_kind == "":
        return "address.no-number" if RULES[house_rule].status == "missing" else "address.number"
    if RULES[house_rule].status != "ok":
        return house_rule
    if place_status != "ok":
        return "address.no-place" if place_status == "missing" else "address.place"
    return house_rule if noted(house_rule) else "address.plain"


def read_foreign_address(street: str, house: str, flat_no: str, city: str, text: str = "") -> Address:
    """An address in another country: tidied and folded, not taken apart.  Arguments as in `read_address`.

    >>> read_foreign_address("12 High Street", "", "", "York").street_key
    '12 high street'
    """
    road = squeeze(street or text)
    place = squeeze(city)
    rule = "address.foreign" if road and place else ("address.foreign-part" if road or place else "address.missing")
    return Address(
        None, road or None, None, squeeze(house) or None, squeeze(flat_no) or None, place or None, RULES[rule].status,
        squeeze(fold(road)) or None, squeeze(fold(place)) or None, rule, None,
    )  # fmt: skip


def split_text(text: str) -> Split:
    """Cut an address text at its postal code; without one, at its last comma.  A post town stays with the locality.

    >>> split_text("Krępa 17, p-ta Ostrów"), split_text("Krępa 17, poczta 63-400 Ostrów").postal_code
    (Split(street='17', postal_code='', city='Krępa, p-ta Ostrów'), '63-400')
    """
    plain = squeeze(text.replace("\n", ", "))
    if match := _CODE.search(plain) or _BARE_CODE.search(plain):
        return _at_code(plain, match)._replace(postal_code=re.sub(r"\s?[-–]\s?", "-", match[1]))
    if posted := _posted(plain):
        return posted
    before, comma, behind = plain.rpartition(",")
    if not comma or _FLAT_ONLY.fullmatch(behind.strip()) or not any(c.isalpha() for c in behind):
        return _typed(plain) or Split(plain, "", "")
    if any(c.isdigit() for c in behind) and not any(c.isdigit() for c in before):
        return Split(behind.strip(), "", before.strip())  # Kraków, ul. Długa 5
    return Split(before.strip(), "", behind.strip())


def _at_code(plain: str, match: re.Match[str]) -> Split:
    """Street and locality around a postal code, in either order; the code itself is left to the caller."""
    before, behind = plain[: match.start()].strip(" ,;"), plain[match.end() :].strip(" ,;")
    if (word := _POST_WORD.search(before)) and behind:
        before, behind = before[: word.start()], f"p-ta {behind}"
    if before and (posted := _posted(f"{before}, {behind}")):
        return posted
    if plain[match.end() :].startswith(",") and _is_place_alone(before):
        return Split(behind, "", before)  # Kraków 30-062, Długa 5
    city, _, rest = behind.partition(",")
    village, comma, street = before.partition(",")
    if comma and _WITH_TYPE.match(street) and _is_place_alone(village):
        other = city.strip() if fold(village) != fold(city.strip()) else ""
        return Split(street.strip(), "", f"{village.strip()}, p-ta {other}" if other else village.strip())
    if not (before or rest):
        return _behind_code(city.strip())
    return Split(before or rest.strip(), "", city.strip())


def _typed(plain: str) -> Split | None:
    """`Warszawa ul. Długa 5`: what stands before the street's type is the locality; None for any other text."""
    match = _TYPED.search(plain)
    if match and _is_place_alone(place := plain[: match.start()].strip(" ,;")):
        return Split(plain[match.end() :], "", place)
    return None


def _is_place_alone(text: str) -> bool:
    """Whether a text can be a locality: letters and no number, and no street that says so."""
    street = read_street(text)
    return any(c.isalpha() for c in text) and not any(c.isdigit() for c in text) and not (street.type or street.rest)


def _behind_code(place: str) -> Split:
    """What stands behind a postal code without a comma: a locality, maybe with a number or a street.

    `00-950 Warszawa Długa 5` could as well be number 5 in a village called so, which its words cannot tell: it stays
    together, and is doubted for want of a locality.
    """
    if typed := _typed(place):
        return typed
    match = _VILLAGE.fullmatch(place)
    words = match[1].split() if match else []
    if read_locality(" ".join(words)).rule == "place.list" or not _begins_with_town(words):
        return Split("", "", place)
    return Split(place, "", "")


def _begins_with_town(words: list[str]) -> bool:
    """Whether less than all of some words are a town of the list."""
    listed = [fold(" ".join(words[:size])).replace(".", "") in towns() for size in range(1, len(words) + 1)]
    return any(listed[:-1]) and not listed[-1]


def _posted(plain: str) -> Split | None:
    """`Krępa 17, p-ta Ostrów`: number and locality, which keeps its post town; None for any other text."""
    match = _POST.fullmatch(plain)
    if not match:
        return None
    street, _, city = split_text(match[1])
    if not city:
        city, street = part_number(street.strip(" ,;"), "")
        if not city or read_street(city).type or any(c.isdigit() for c in city):
            return None  # a street without its locality, which is not the post town for sure
    return Split(street, "", f"{city}, p-ta {match[2].strip()}")
