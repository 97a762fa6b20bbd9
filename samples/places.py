"""Where people live, and the ways in which clerks wrote it down."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from samples import lists
from samples.draw import Array, Bools, Draw, Ints
from samples.text import cat, choose, digits, fold, number, replace


@dataclass
class Places:
    """Addresses in their parts, one row each; `flat` is empty for a house, the street for a village without any."""

    kind: Array
    rest: Array
    main: Array
    building: Array
    flat: Array
    locality: Array
    post_town: Array
    postal_code: Array

    def where(self, condition: Bools, other: Places) -> Places:
        """These where the condition holds, the others where not."""
        return Places(
            **{f.name: np.where(condition, getattr(self, f.name), getattr(other, f.name)) for f in fields(self)}
        )


PARTS = tuple(f.name for f in fields(Places))


def places(seed: int, zone: Ints, index: Ints) -> Places:
    """The home number `index` of a zone."""
    draw = Draw(seed, zone + 500, index)
    street = lists.streets()
    which = draw.weighted("street", street.cumulative)
    locality = np.full(len(zone), "", dtype="U30")
    code = np.full(len(zone), "", dtype="U6")
    village = np.zeros(len(zone), dtype=bool)
    city = np.zeros(len(zone), dtype=bool)
    town = np.full(len(zone), "", dtype="U30")
    for one in np.unique(zone):
        known = lists.localities(int(one))
        rows = zone == one
        at = draw.weighted("locality", known.cumulative)[rows]
        locality[rows] = known["locality"][at]
        code[rows] = known["postal_code"][at]
        village[rows] = known["kind"][at] == "village"
        city[rows] = known["kind"][at] == "city"
        town[rows] = known["locality"][0]
    # a city's codes go by street: the first two digits are the region's, the others belong to the street
    within = 1 + which * 7 % 890
    code = np.where(city, cat(code, "-", digits(within, 3)), code)
    letter = np.where(draw.chance("letter", 70), choose(["A", "B", "C"], draw.below("which letter", 3)), "")
    block = ~village & draw.chance("block of flats", 560)
    return Places(
        kind=np.where(village, "", street["kind"][which]),
        rest=np.where(village, "", street["rest"][which]),
        main=np.where(village, "", street["main"][which]),
        building=cat(number(1 + draw.below("building", 140)), letter),
        flat=np.where(block, number(1 + draw.below("flat", 72)), ""),
        locality=locality,
        post_town=np.where(village & draw.chance("post elsewhere", 300), town, locality),
        postal_code=code,
    )


def street_text(at: Places, draw: Draw, *, upper: bool = False) -> Array:
    """The street as one of six habits writes it: with or without its kind, names in full, turned round or left out."""
    how = draw.below("street habit", 10)
    rest = replace(replace(at.rest, "marsz. ", ""), "gen. ", "gen.")
    initial = np.where(at.rest == "", "", cat(at.rest.astype("U1"), ". "))
    initial = np.where(np.strings.find(at.rest, ".") >= 0, cat(at.rest, " "), initial)
    spaced = np.where(rest == "", "", cat(rest, " "))
    full = cat(np.where(at.kind == "", "", cat(at.kind, " ")), spaced, at.main)
    bare = cat(spaced, at.main)
    turned = np.where(rest == "", at.main, cat(at.main, " ", rest))
    short = cat(initial, at.main)
    text = np.where(
        how < 4, full, np.where(how < 6, bare, np.where(how < 7, turned, np.where(how < 9, short, at.main)))
    )
    marked = (at.kind != "ul.") & (at.kind != "")  # of an estate or a square the kind is not left out
    text = np.where(marked & (how >= 4) & (at.kind != "rynek"), cat(at.kind, " ", text), text)
    text = np.where(at.kind == "rynek", "Rynek", text)
    return np.strings.upper(text) if upper else text


def house_text(at: Places, draw: Draw, *, slash_only: bool = False) -> Array:
    """Building and flat in one: `12/4`, `12 m. 4`, `12m4`, `12 lok. 4`."""
    how = np.zeros(len(at.building), dtype=np.int64) if slash_only else draw.below("house habit", 10)
    between = choose(["/", "/", "/", "/", " m. ", " m. ", " m ", "m", " lok. ", " m."], how)
    return np.where(at.flat == "", at.building, cat(at.building, between, at.flat))


def postal_text(at: Places, draw: Draw) -> Array:
    """The postal code, in a few per cent of the rows without its hyphen or with a blank instead."""
    how = draw.below("postal habit", 100)
    bare = replace(at.postal_code, "-", "")
    return np.where(how < 92, at.postal_code, np.where(how < 97, bare, replace(at.postal_code, "-", " ")))


def without_diacritics(at: Places, where: Bools) -> Places:
    """The same address as a terminal without Polish letters left it."""
    return Places(**{f.name: fold(getattr(at, f.name), where) for f in fields(at)})
