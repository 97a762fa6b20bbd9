"""Polish telephone numbers of five decades, to E.164.

The order of the rules matters (an extension must be cut before digits are counted: `625-12-34 w. 12` is otherwise a
valid number in another town), and a number that lacks its zone is completed only with the zone that its source
declares.  Nothing is guessed: five or six digits, from before the seven-digit numbers, are set aside unless the source
declares what became of them.

The trunk `0` (until 2009), the carrier prefixes 10XY (since 2001) and the international prefixes are no part of a
subscriber's number.  Valid are the 49 geographic zones of `vocabulary/zones.csv` and the ranges in `_OTHER_RANGES`.

>>> read_phone("(0-22) 625 12 34").e164, read_phone("0 1033 22 625 12 34").e164
('+48226251234', '+48226251234')
>>> read_phone("625-12-34 w. 12", "22")[:3]
('+48226251234', '12', '22')
>>> read_phone("048 362 12 34").e164, read_phone("048 22 625 12 34").e164
('+48483621234', '+48226251234')
>>> [read_phone(t, z).reason for t, z in (("331511", "55"), ("6251234", ""), ("22 000 00 00", ""), ("22 19393", ""))]
['TEL-SHORT', 'TEL-NOZONE', 'TEL-FILLER', 'TEL-INVALID']
>>> read_phone("331511", "55", (OldNumbers(6, "33", "55233"),))[:4]
('+48552331511', None, '55', 'phone.renumbered')
>>> read_phone("(0-55) 33-15-11", "", (OldNumbers(6, "33", "55233"),)).e164
'+48552331511'
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from transforms.letters import fold
from transforms.nothing import means_nothing
from transforms.rules import RULES
from transforms.vocabulary import zones

_LABEL = r"(?:tel|telefonu?|kom|komork[aiu]|komorkowy|komórk[aiu]|komórkowy|fax|faks)"
# a label behind a number begins another one: `422-11-22 fax 422-11-23`, but not `422-11-22 (kom)`
_SPLIT = re.compile(
    rf"[;,|\\](?!\s*(?:w|wewn?|int|ext)\b)|\b(?:lub|oraz|albo)\b|(?<=\d)\s+[i+]\s+(?=[\d(+])|(?<=\d)\s+(?={_LABEL}\b\W*\d)"
)
_EXTENSION = re.compile(r"(?<![a-z])(?:wewnetrzny|wewn|wew|w|int|ext)\s*[:.]?\s*(\d{1,5})(?!\d)")
_WORDS = re.compile(
    rf"\b(?:{_LABEL}|nr|numer|dom|domowy|stacjonarny|prac[ay]?|sluzb|sluzbowy|centr|centrala|sekretariat|recepcja|biuro)\b[.:]*"
    r"|^(?:[tdpmfks]|sl)[.:]+"
)
_NOISE = re.compile(r"[\s().\-\u2010-\u2015\u2212/+]")
_PLACEHOLDER = re.compile(r"(?<=0)[\s\-*.]*(?:prefi[kx]s?|xx)[\s\-*.]*(?=\d)")  # 0-prefiks-22: of whichever carrier
_AROUND = " \t\"'=*!,"  # what spreadsheets and clerks leave around a number
_PLUS = re.compile(r"^\+\s+")
_FLOAT = re.compile(r"(\d{7,})[.,]00?")  # a number that a spreadsheet made one with decimals
_FOREIGN_TRUNK = re.compile(r"\(0\)")  # +44 (0) 20 ...
# seven digits as no seven-digit number is written: a zone, and five digits of the time before
_ZONE_AND_FIVE = re.compile(r"\(?(\d\d)\)?[ ./-]+\d{5}")
# seven digits and the end of a range or an extension, or nine digits: only mobile numbers are written so
_ODD_GROUPS = re.compile(r"\d{3}[ .-]+\d\d[ .-]+\d\d[ .-]+\d\d")
# texts of digits that hold more than their digits: no column of them is read as plain numbers
SPEAKING = rf"^(?:{_ZONE_AND_FIVE.pattern}|{_ODD_GROUPS.pattern}|{_FLOAT.pattern})$"
_LETTERS = str.maketrans("oil", "011")  # typed for digits
_CARRIER = re.compile(r"0(10\d{2,3})(\d{9})")
_SERVICE = re.compile(r"(?:112|9\d{2,3}|19\d{3}|118\d{3}|116\d{3})")
_ZONE_SERVICE = re.compile(r"\(?\s*0?[\s-]*\d{2}\s*\)?[\s-]+19\d{3}")
_MOBILE = ("45", "50", "51", "53", "57", "60", "66", "69", "72", "73", "78", "79", "88")
_OTHER_RANGES = (
    "39",
    "26",
    "47",
    "64",
    *(["700", "701", "703", "704", "706", "707", "708", "800", "801", "804", "211", "212", "213"]),
)
# VoIP, two ministries, pagers, premium rate, free and shared cost
_NOTHING = frozenset(
    ["brak tel", "brak tel.", "brak telefonu", "brak numeru", "bez telefonu", "nie ma telefonu",
     "nie posiada telefonu", "nie"]
)  # fmt: skip
WITHOUT_ZONE = (*_MOBILE, *_OTHER_RANGES)
_FILLER_LOCAL = frozenset(("0000000", "1111111", "9999999"))
_LOCAL = 7
NATIONAL_DIGITS = 9


class Phone(NamedTuple):
    """A telephone number, read.

    Attributes:
        e164: Such as +48226251234; None where it cannot be used.
        extension: Behind the number.
        zone: Numbering zone of a geographic number.
        rule: Id of the rule that decided.
        carrier: Carrier prefix that was dialled before it.
    """

    e164: str | None
    extension: str | None
    zone: str | None
    rule: str
    carrier: str | None = None

    @property
    def status(self) -> str:
        """One of `billing.model.STATUSES`."""
        return RULES[self.rule].status

    @property
    def reason(self) -> str | None:
        """Reason code of the reject store, None where nothing has to be said."""
        return RULES[self.rule].reason


class OldNumbers(NamedTuple):
    """A range of numbers from before the seven digits: `331511` -> zone 55, number 2331511.

    Attributes:
        digits: How many digits they have, without the trunk zero.
        old: Digits that they begin with.
        new: Nine-digit beginning that takes the place of `old`.
    """

    digits: int
    old: str
    new: str


def read_phone(text: str, zone: str = "", renumbering: tuple[OldNumbers, ...] = ()) -> Phone:
    """Read one field; of several numbers the first usable one counts.

    Args:
        text: As delivered.
        zone: Zone of the source's own lines, which completes seven digits; empty where it has none.
        renumbering: What became of the source's shorter numbers.
    """
    found = read_phones(text, zone, renumbering)
    usable = [phone for phone in found if phone.e164]
    if not usable:
        return found[0]
    return usable[0]._replace(rule="phone.several") if len(found) > 1 else usable[0]


def read_phones(text: str, zone: str = "", renumbering: tuple[OldNumbers, ...] = ()) -> list[Phone]:
    """Every number of one field, in the order delivered; at least one verdict.  Arguments as in `read_phone`.

    >>> [phone.e164 for phone in read_phones("22-625-12-34 lub 602123456")]
    ['+48226251234', '+48602123456']
    """
    plain = text.strip().casefold()
    if plain in _NOTHING or means_nothing(plain):
        return [Phone(None, None, None, "phone.missing")]
    whole = _FLOAT.sub(r"\1", plain) if _FLOAT.fullmatch(plain) else plain
    found: list[Phone] = []
    for part in _several(whole):
        found.append(_read_one(part, zone, renumbering))
        if found[-1].zone not in (None, zone):
            zone = ""  # behind a number of another zone, seven digits may be of either
    return found


def _several(text: str) -> list[str]:
    """The numbers of one field.  A slash parts two numbers only if both sides could be one."""
    parts = [p.strip() for p in _SPLIT.split(text) if p.strip()]
    numbers: list[str] = []
    for part in parts:
        left, slash, right = part.partition("/")
        if slash and _count_digits(right) >= _LOCAL and _count_digits(left) >= _LOCAL:
            numbers += [left, right]
        else:
            numbers.append(part)
    return numbers or [text]


def _count_digits(text: str) -> int:
    return sum(map(str.isdigit, text))


def _read_one(text: str, zone: str, renumbering: tuple[OldNumbers, ...]) -> Phone:
    if not text.isascii():
        text = fold(text)
        if any(c.isdigit() and not c.isascii() for c in text):
            return _refused("phone.script")
    text, extension, rule = _without_words(text)
    if _ZONE_SERVICE.fullmatch(text):
        return _refused("phone.short-code", extension)
    foreign = text.startswith("+") and not text.startswith("+48")
    digits = _digits(text, foreign=foreign)
    if _ODD_GROUPS.fullmatch(text) and digits[:2] in zones():
        rule = "phone.groups"
    if not digits.isdigit():
        digits, rule = digits.translate(_LETTERS), "phone.letters"
        if not (digits.isascii() and digits.isdigit()):
            return _refused("phone.words", extension)
    if foreign or (digits.startswith("00") and not digits.startswith("0048") and len(digits) > NATIONAL_DIGITS + 1):
        return _foreign(digits.removeprefix("00"), extension)
    national, carrier = _national(digits, plus=text.startswith("+"))
    if carrier:
        rule = "phone.carrier"
    if len(national) == _LOCAL and zone and not _is_zone_and_four(national):
        national, rule = zone + national, "phone.zone"
    elif modern := _renumbered(national, renumbering):
        national, rule = modern, "phone.renumbered"
    return _judge(national, extension, carrier, rule)


def _without_words(text: str) -> tuple[str, str | None, str]:
    """A number without the words around it, its extension, and the rule that this calls for."""
    rule, extension = "phone.plain", None
    has_letters = text.upper() != text  # it was folded; most have none, and need no look for words
    if has_letters and (match := _EXTENSION.search(text)):
        extension, text, rule = match[1], text[: match.start()], "phone.extension"
    elif first := _first_of_range(text):
        text, rule = first, "phone.range"
    if has_letters:
        text = _WORDS.sub(" ", _PLACEHOLDER.sub(" ", text))
    return _PLUS.sub("+", text.strip(_AROUND)), extension, rule


def _digits(text: str, *, foreign: bool) -> str:
    """What is left of a number without the signs between, with its trunk zero where its groups tell the zone."""
    written = _ZONE_AND_FIVE.fullmatch(text)
    trunk = "0" if written and written[1] in zones() else ""
    return trunk + _NOISE.sub("", _FOREIGN_TRUNK.sub("", text) if foreign else text)


def _first_of_range(text: str) -> str | None:
    """The number before a slash, where less than a number stands behind it: `625 12 34/35`."""
    first, slash, others = text.partition("/")
    return first if slash and _count_digits(first) >= _LOCAL > _count_digits(others) > 0 else None


def _refused(rule: str, extension: str | None = None) -> Phone:
    return Phone(None, extension, None, rule)


def _national(digits: str, *, plus: bool) -> tuple[str, str | None]:
    """Take international, carrier and trunk prefixes away, as far as the length proves them."""
    if digits.startswith("0048"):
        digits, plus = digits[4:], True
    elif len(digits) == 12 and digits.startswith("048"):
        digits = digits[3:]
    elif (plus or len(digits) in (11, 12)) and digits.startswith("48") and len(digits) > NATIONAL_DIGITS:
        digits = digits[2:]
    if match := _CARRIER.fullmatch(digits):
        return match[2], match[1]
    if len(digits) == NATIONAL_DIGITS + 1 and digits[0] == "0":
        digits = digits[1:]
    return digits, None


def _renumbered(digits: str, renumbering: tuple[OldNumbers, ...]) -> str | None:
    """The nine digits that a number of the old length became, where the source's table knows it.

    Its zone may stand before it (`018 441234`); then it has to be that of the number that it became.
    """
    bare = digits.removeprefix("0")
    for row in renumbering:
        if len(bare) == row.digits and bare.startswith(row.old):
            return row.new + bare[len(row.old) :]
    if len(bare) == NATIONAL_DIGITS or (len(bare) == _LOCAL and bare == digits):
        return None  # already whole, or seven digits that are no zone and five
    zone, local = bare[:2], bare[2:]
    for row in renumbering:
        if len(local) == row.digits and local.startswith(row.old) and row.new.startswith(zone):
            return row.new + local[len(row.old) :]
    return None


def _is_zone_and_four(national: str) -> bool:
    """`022 9393`: seven digits, but the trunk zero, a zone and four digits; no number of seven digits began with 0."""
    return len(national) == _LOCAL and national[0] == "0" and national[1:3] in zones()


def _judge(national: str, extension: str | None, carrier: str | None, rule: str) -> Phone:  # noqa: PLR0911 - one return a test
    if not national.strip("0") or national == "123456789" or (len(set(national)) == 1 and len(national) >= _LOCAL):
        return _refused("phone.filler")
    if _SERVICE.fullmatch(national):
        return _refused("phone.short-code")
    if _is_zone_and_four(national):
        return _refused("phone.short-code" if _SERVICE.fullmatch(national[3:]) else "phone.old-length", extension)
    if len(national) == _LOCAL:
        return _refused("phone.filler") if national in _FILLER_LOCAL else _refused("phone.no-zone", extension)
    if len(national) in (5, 6) or (national[0] == "0" and national[1:3] in zones() and len(national) in (8, 9)):
        return _refused("phone.old-length", extension)
    if len(national) != NATIONAL_DIGITS:
        return _refused("phone.length", extension)
    head, local = national[:2], national[2:]
    if local in _FILLER_LOCAL:
        return _refused("phone.filler")
    if head in zones():
        if local == "1234567":
            return _refused("phone.filler")
        if local[0] in "019":  # no subscriber had such a number before the closed numbering plan of December 2005
            rule = "phone.closed-plan"
        return Phone("+48" + national, extension, head, rule, carrier)
    if national.startswith(WITHOUT_ZONE):
        return Phone("+48" + national, extension, None, rule, carrier)
    return _refused("phone.no-network", extension)


def _foreign(digits: str, extension: str | None) -> Phone:
    if 8 <= len(digits) <= 15 and digits[0] != "0":
        return Phone("+" + digits, extension, None, "phone.foreign")
    return _refused("phone.foreign-form", extension)


@lru_cache(maxsize=65_536)
def phone_row(text: str, zone: str, renumbering: tuple[OldNumbers, ...] = ()) -> tuple[str | None, ...]:
    """`read_phone` as a row of texts: number, extension, zone, rule."""
    return tuple(read_phone(text, zone, renumbering)[:4])
