"""House numbers: building and flat out of everything that clerks have typed.

The table of forms is that of the project's domain rules: letters joined to their number, `m.`, `lok.`, blocks with
staircases, corner buildings, plots, post-office boxes.  `12/4` is building 12, flat 4; `12/14` may as well be one
corner building with two numbers, so a right side that is the next or next but one number of the same side of the
street makes the verdict `suspect`.  A slash alone is not as sure as a word, unless
what follows is too high for a house: see the rules' confidence.

>>> [read_house(t)[:2] for t in ("12", "12 A", "12/4", "12 m. 4", "12m4", "12/14 m. 3", "12-14/4", "12 m. 4 i 5")]
[('12', None), ('12A', None), ('12', '4'), ('12', '4'), ('12', '4'), ('12/14', '3'), ('12-14', '4'), ('12', '4,5')]
>>> read_house("bl. 3 kl. II m. 4")
House(building='3', flat='4', status='ok', kind='block', rule='house.flat', stair='II', lot=None)
>>> read_house("12/14")[2:5], read_house("12/4").rule, read_house("12/204").rule
(('suspect', 'house', 'house.corner'), 'house.slash', 'house.flat')
>>> read_house("dz. 123/4")[2:], read_house("skr. poczt. 15").lot, read_house("za kościołem").status
(('suspect', 'plot', 'house.plot', None, '123/4'), '15', 'unparsed')
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from transforms.letters import fold
from transforms.rules import RULES

# a letter belongs to the number unless it begins a word; `25cm42` is 25C, flat 42
_NUMBER = r"0{0,8}[1-9]\d{0,3}(?: ?[a-z](?:(?![a-z])|(?=(?:m|lok|mieszk)\.? ?\d)))?"
_BUILDING = rf"{_NUMBER}(?: ?[/-] ?{_NUMBER})?"
_FLAT_WORD = (
    r"(?:nr\.? ?)?(?:mieszkania|mieszkanie|mieszk|miesz|lokalu|lokal|lok|m|l)(?![a-z])\.? ?"
    r"(?:uzytkowy|uzytk|uz)?\.? ?(?:nr\.? ?)?"
)
_FLAT = r"(?:u ?)?\d{1,4} ?[a-z]?(?: ?(?:i|,) ?\d{1,4} ?[a-z]?)*"
_STAIR = r"(?:(?:klatka|klat|kl|segment|seg|wejscie|wejsc)\.? ?(?P<stair>[ivx]+|\d{1,2}|[a-z])\b ?)?"
_BLOCK_WORD = r"(?:blok|bl|budynek|bud)(?![a-z])\.? ?(?:nr\.? ?)?"
_WORDED = re.compile(
    rf"(?:(?P<block>{_BLOCK_WORD})|nr\.? ?(?:domu ?)?|dom\.? ?)?(?P<building>{_BUILDING}) ?,? ?{_STAIR},? ?"
    rf"(?:{_FLAT_WORD}(?P<flat>{_FLAT}))?"
)
_SLASHED = re.compile(
    rf"(?:(?P<block>{_BLOCK_WORD})|nr\.? ?|dom\.? ?)?"
    rf"(?P<building>{_NUMBER}(?: ?- ?{_NUMBER})?) ?[/\\] ?(?P<flat>\d{{1,4}} ?[a-z]?)"
)
_TRIPLE = re.compile(rf"(?P<building>{_NUMBER}/{_NUMBER})/(?P<flat>\d{{1,4}}[a-z]?)")
_PLOT = re.compile(r"(?:dzialka|dzial|dz)(?![a-z])\.? ?(?:nr\.? ?)?(?P<lot>\d[\d/]*[a-z]?)")
_BOX = re.compile(r"(?:skr(?:ytka)?\.? ?(?:poczt(?:owa)?)?\.?|box|p\.?o\.? ?box) ?(?:nr\.? ?)?(?P<lot>\d+)")
_SIMPLE = re.compile(r"([1-9][0-9]{0,3}[A-Za-z]?)(?:/([1-9][0-9]{0,3}))?")  # 12, 12a, 12/4: nearly all of them
_NONE = re.compile(r"b ?[./]? ?n\.?|bez (?:nr|numeru)")
_WORD_BEHIND_SIGN = re.compile(r" ?[/-] ?(?=(?:m|lok|mieszk)(?![a-z])\.? ?\d)")  # 12/m.4
_SIGNS = str.maketrans({"–": "-", "—": "-", "|": "/"} | dict.fromkeys('"„”“', " "))  # 5 "A"
_LEADING_ZEROS = re.compile(r"(?<!\d)0+")
_WORD_OF_FLAT = re.compile(rf"^{_FLAT_WORD}")
_BETWEEN_FLATS = re.compile(r" ?(?:\bi\b|,|\+) ?")
_CORNER = 4
_HIGHEST_HOUSE = 200
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class House(NamedTuple):
    """What stands behind the street's name.

    Attributes:
        building: Building (or block) number, letter joined; None for plots and boxes.
        flat: Flat; several are joined by a comma.
        status: One of `billing.model.STATUSES`.
        kind: house, block, plot or box; empty where nothing was understood.
        rule: Id of the rule that decided; its confidence says how sure the reading is.
        stair: Staircase, segment or entrance.
        lot: Number of the plot or of the post-office box.
    """

    building: str | None
    flat: str | None
    status: str
    kind: str
    rule: str
    stair: str | None = None
    lot: str | None = None


@lru_cache(maxsize=131_072)
def read_house(text: str, flat_no: str = "") -> House:
    """Read the number of a house.

    Args:
        text: House, staircase and flat as delivered.
        flat_no: The flat, where delivered apart.
    """
    if not flat_no and (simple := _SIMPLE.fullmatch(text)):
        building, flat = simple[1].upper(), simple[2]
        return _house(building, flat, _rule_of_slash(building, flat) if flat else "house.plain", "house")
    plain = " ".join(fold(text).translate(_SIGNS).split()).rstrip(" .,;")
    plain = _WORD_BEHIND_SIGN.sub(" ", plain)
    if not plain.strip("-0./ ") or _NONE.fullmatch(plain):
        return _house(None, _tidy_flat(flat_no), "house.missing", "")
    if match := _PLOT.fullmatch(plain):
        return _house(None, _tidy_flat(flat_no), "house.plot", "plot", lot=match["lot"].upper())
    if match := _BOX.fullmatch(plain):
        return _house(None, None, "house.box", "box", lot=match["lot"])
    return _with_flat(plain, flat_no) if flat_no.strip() else _numbered(plain)


def _house(
    building: str | None, flat: str | None, rule: str, kind: str, *, stair: str | None = None, lot: str | None = None
) -> House:
    return House(building, flat, RULES[rule].status, kind, rule, stair and stair.upper(), lot)


def _numbered(plain: str) -> House:
    """Building, staircase and flat in one text."""
    if (match := _SLASHED.fullmatch(plain)) or (match := _TRIPLE.fullmatch(plain)):
        building, flat = _tidy(match["building"]), _tidy(match["flat"]) or None
        block = bool(match.groupdict().get("block"))
        rule = "house.flat" if match.re is _TRIPLE else _rule_of_slash(building, flat or "", block=block)
        return _house(building, flat, rule, "block" if block else "house")
    if match := _WORDED.fullmatch(plain):
        building, flat_text = _tidy(match["building"]), match["flat"]
        rule = "house.block" if match["block"] else "house.range" if "-" in building else "house.plain"
        if flat_text:
            rule = "house.flat"
        elif "/" in building or _falls(building):
            rule = "house.corner"
        return _house(
            building, _tidy_flat(flat_text), rule, "block" if match["block"] else "house", stair=match["stair"]
        )
    return _house(None, None, "house.unparsed", "")


def _rule_of_slash(building: str, flat: str, *, block: bool = False) -> str:
    """How sure it is that a flat stands behind the slash."""
    if not block and _is_corner(building, flat):
        return "house.corner"
    # 12-14/4: nothing but a flat can follow; few streets have houses up to 200
    digits = "".join(filter(str.isdigit, flat))
    return "house.flat" if "-" in building or int(digits or 0) > _HIGHEST_HOUSE else "house.slash"


def _with_flat(plain: str, flat_no: str) -> House:
    """The flat has a field of its own: then `12/14` is a corner building."""
    match = _WORDED.fullmatch(plain)
    if not match:
        return _house(None, _tidy_flat(flat_no), "house.unparsed", "")
    twice = match["flat"] is not None and _tidy_flat(match["flat"]) != _tidy_flat(flat_no)
    return _house(
        _tidy(match["building"]), _tidy_flat(flat_no), "house.twice" if twice else "house.flat",
        "block" if match["block"] else "house", stair=match["stair"],
    )  # fmt: skip


def _is_corner(building: str, flat: str) -> bool:
    """Whether two numbers around a slash could be the two numbers of one corner building."""
    if not (building.isdigit() and flat.isdigit()):
        return False
    apart = int(flat) - int(building)
    return 0 < apart <= _CORNER and (apart % 2 == 0 or apart == 1)


def _falls(building: str) -> bool:
    """Whether numbers around a hyphen do not rise: `5-3` is no range, but maybe a flat."""
    first, hyphen, last = building.partition("-")
    return bool(hyphen) and int(first.rstrip(_LETTERS)) >= int(last.rstrip(_LETTERS))


def _tidy(text: str) -> str:
    text = text.replace(" ", "").upper()
    return _LEADING_ZEROS.sub("", text) if "0" in text else text


def _tidy_flat(text: str | None) -> str | None:
    """`4 i 5` -> `4,5`."""
    if not text or not text.strip(" -0."):
        return None
    plain = _WORD_OF_FLAT.sub("", fold(text).strip())
    parts = [_tidy(p) for p in _BETWEEN_FLATS.split(plain)]
    return ",".join(p for p in parts if p) or None
