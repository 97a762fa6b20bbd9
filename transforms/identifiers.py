"""Polish identifiers one at a time: the readable reference of PESEL, NIP and REGON.

Sources: the PESEL structure of the population register act (weights 1 3 7 9, century in the month), the tax office's
structure of a NIP (first digit not 0, second and third not both 0), the statistical office's REGON.  A check digit
proves only that a number was typed as somebody meant it; fillers that pass every check are listed.
`transforms.identifier_columns` does the same for millions of values, and a test compares the two.

>>> extracted_on = dt.date(2003, 9, 30)
>>> read_pesel("44051401458", extracted_on).sex, read_pesel("02070803628", extracted_on).birth_date
('M', datetime.date(1902, 7, 8))
>>> [read_pesel(p, extracted_on).status for p in ("44051401459", "44444444444", "22222222222", "2070803628", "")]
['unparsed', 'filler', 'filler', 'repaired', 'missing']
>>> [read_nip(n).status for n in ("526-025-09-95", "PL5260250995", "1234563218", "1234567890", "5555555555")]
['ok', 'ok', 'filler', 'filler', 'filler']
>>> [read_regon(r).value for r in ("012100784", "123456785", "12345678512347", "01210078400000", "000000000")]
['012100784', '123456785', '12345678512347', '012100784', None]
>>> read_pesel("44051401457", extracted_on).rule, read_nip("526025099").rule, read_regon("012100785").rule
('pesel.check', 'nip.length', 'regon.check')
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace

from transforms.nothing import means_nothing
from transforms.rules import Verdict
from transforms.vocabulary import Zone, zones

PESEL_DIGITS, NIP_DIGITS = 11, 10
PESEL_WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
NIP_WEIGHTS = (6, 5, 7, 2, 3, 4, 5, 6, 7)
REGON9_WEIGHTS = (8, 9, 2, 3, 4, 5, 6, 7)
REGON14_WEIGHTS = (2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8)
PESEL_FILLERS = frozenset(
    [str(d) * 11 for d in range(10)] + ["11111111116", "01010100005", "12345678901", "01234567890", "12345678910"]
)
NIP_FILLERS = frozenset([str(d) * 10 for d in range(10)] + ["1234563218", "1234567890", "0123456789", "9876543210"])
_CENTURIES = {0: 1900, 80: 1800, 20: 2000, 40: 2100, 60: 2200}
SWAPPABLE = ("pesel.check", "pesel.date", "pesel.future")  # faults that two exchanged digits may explain
OLDEST_YEARS = 115
ADULT_YEARS = 18  # at which one may sign a contract
_NOISE = re.compile(r"[\s./\-]")
# what stands around a number in forms and spreadsheets: its name, a quotation mark, a mark of the clerk, decimals
_AROUND = re.compile(
    r"^\W*(?:(?:pesel|nip|regon|nr|[pr](?=[\s\-]))[\s:.\-]*)*|(?<=\d{7})[.,]00?$|[*'\"\s]+$", re.IGNORECASE
)
_ALIKE = str.maketrans("OoIl", "0011")


@dataclass(frozen=True)
class Pesel(Verdict):
    """A PESEL, with what it says about its holder."""

    birth_date: dt.date | None = None
    sex: str | None = None


def compact(text: str) -> str:
    """A number without blanks, dots, slashes and hyphens, and without its name before it; other digits are left.

    >>> compact("PESEL: 440514-01458"), compact("'012100784.0"), compact("P-012100784"), compact("brak")
    ('44051401458', '012100784', '012100784', '')
    """
    return "" if means_nothing(text) else _NOISE.sub("", _AROUND.sub("", text))


def put_right(digits: str) -> str:
    """A number with letters typed for digits (O, I, l) as digits; its check digit has to prove them."""
    return digits.translate(_ALIKE)


def pesel_birth_date(digits: str) -> dt.date | None:
    """The date of birth in a PESEL's first six digits, None where the calendar has no such day."""
    year, month, day = int(digits[:2]), int(digits[2:4]), int(digits[4:6])
    try:
        return dt.date(_CENTURIES[month // 20 * 20] + year, month % 20, day)
    except ValueError:
        return None


def pesel_check_digit(digits: str) -> int:
    """The eleventh digit that belongs to the first ten."""
    return -_weighted(digits, PESEL_WEIGHTS) % 10


def read_pesel(text: str, extracted_on: dt.date) -> Pesel:  # noqa: PLR0911 - one return a test
    """Judge a PESEL.

    Order: eleven ASCII digits (ten get the leading zero that a numeric field swallowed) -> filler -> calendar date ->
    check digit -> not after the extract -> age.  A number that is mistyped says nothing about somebody's age.

    Args:
        text: As delivered.
        extracted_on: Date of the extract.
    """
    digits = compact(text)
    if not digits:
        return Pesel(None, "pesel.missing")
    if not (digits.isascii() and digits.isdigit()):
        alike = read_pesel(turned, extracted_on) if (turned := put_right(digits)) != digits else None
        if alike and alike.rule == "pesel.plain":
            return replace(alike, rule="pesel.alike")
        return Pesel(None, "pesel.length")
    if not digits.strip("0") or not digits.strip("9"):
        return Pesel(None, "pesel.zeros")
    rule = "pesel.plain"
    if len(digits) == PESEL_DIGITS - 1:
        is_nip = read_nip(digits).status == "ok"
        if not _pesel_holds(padded := digits.zfill(PESEL_DIGITS), extracted_on):
            return Pesel(None, "pesel.nip" if is_nip else "pesel.length")
        digits, rule = padded, "pesel.zero-or-nip" if is_nip else "pesel.zero"
    if len(digits) != PESEL_DIGITS:
        is_regon = len(digits) in (9, 14) and read_regon(digits).status == "ok"
        return Pesel(None, "pesel.regon" if is_regon else "pesel.length")
    if digits in PESEL_FILLERS:
        return Pesel(None, "pesel.filler")
    birth = pesel_birth_date(digits)
    if birth is None:
        return Pesel(None, "pesel.date")
    if pesel_check_digit(digits) != int(digits[10]):
        return Pesel(None, "pesel.check")
    if birth > extracted_on:
        return Pesel(None, "pesel.future")
    age = extracted_on.year - birth.year
    if age < ADULT_YEARS or age > OLDEST_YEARS:
        rule = "pesel.minor" if age < ADULT_YEARS else "pesel.aged"
    return Pesel(digits, rule, birth, "M" if int(digits[9]) % 2 else "F")


def _pesel_holds(digits: str, extracted_on: dt.date) -> bool:
    birth = pesel_birth_date(digits)
    return birth is not None and birth <= extracted_on and pesel_check_digit(digits) == int(digits[10])


def swap_that_agrees(pesel: str, birth: dt.date) -> str | None:
    """The PESEL that two swapped neighbours would make of `pesel`, if it is valid and agrees with the birth date.

    The check digit does not see a swap of neighbours that differ by five.

    >>> swap_that_agrees("27051401451", dt.date(1972, 5, 14)), swap_that_agrees("44051401458", dt.date(1950, 1, 1))
    ('72051401451', None)
    """
    month = birth.month + next(offset for offset, century in _CENTURIES.items() if century == birth.year // 100 * 100)
    if len(pesel) != PESEL_DIGITS:
        return None
    date = f"{birth.year % 100:02}{month:02}{birth.day:02}"
    for i in range(len(date)):
        swapped = pesel[:i] + pesel[i + 1] + pesel[i] + pesel[i + 2 :]
        if swapped.startswith(date) and swapped != pesel and pesel_check_digit(swapped) == int(swapped[10]):
            return swapped
    return None


def read_nip(text: str) -> Verdict:  # noqa: PLR0911 - one return a test
    """Judge a NIP: ten digits, structure, check digit; ten equal digits pass all that and are fillers."""
    digits = compact(text).upper().removeprefix("PL")
    if not digits:
        return Verdict(None, "nip.missing")
    if not (digits.isascii() and digits.isdigit()):
        alike = read_nip(turned) if (turned := put_right(digits)) != digits else None
        return Verdict(alike.value, "nip.alike") if alike and alike.value else Verdict(None, "nip.length")
    if len(digits) != NIP_DIGITS:
        if not digits.strip("0"):
            return Verdict(None, "nip.zeros")
        return Verdict(None, "nip.pesel" if _is_pesel(digits) else "nip.length")
    if digits in NIP_FILLERS:
        return Verdict(None, "nip.filler")
    if digits[0] == "0" or digits[1:3] == "00":
        return Verdict(None, "nip.office")
    if _weighted(digits, NIP_WEIGHTS) % 11 != int(digits[9]):
        return Verdict(None, "nip.check")
    return Verdict(digits, "nip.plain")


def _is_pesel(digits: str) -> bool:
    """Whether digits are somebody's PESEL, at whatever date."""
    return len(digits) == PESEL_DIGITS and digits not in PESEL_FILLERS and _pesel_holds(digits, dt.date.max)


def read_regon(text: str) -> Verdict:  # noqa: PLR0911 - one return a form
    """Judge a REGON: 9 digits, 14 for a local unit, 7 in the old form; a head office may carry five zeros more."""
    digits = compact(text)
    if not digits:
        return Verdict(None, "regon.missing")
    if not (digits.isascii() and digits.isdigit()):
        alike = read_regon(turned) if (turned := put_right(digits)) != digits else None
        proved = alike is not None and alike.rule == "regon.plain"
        return Verdict(alike.value, "regon.alike") if alike and proved else Verdict(None, "regon.letters")
    if not digits.strip("0") or not digits.strip("9"):
        return Verdict(None, "regon.filler")
    if len(digits) == 14 and digits.endswith("00000") and _regon_holds(digits[:9]):
        return Verdict(digits[:9], "regon.head-office")
    # the seven digits of the old form are nine with two zeros before them: the weights agree
    if len(digits) in (7, 8, 13) and _regon_holds(padded := digits.zfill(9 if len(digits) < 9 else 14)):
        return Verdict(padded, "regon.zero")
    if len(digits) not in (7, 8, 9, 13, 14):
        return Verdict(None, "regon.length")
    return Verdict(digits, "regon.plain") if _regon_holds(digits) else Verdict(None, "regon.check")


def _regon_holds(digits: str) -> bool:
    """Whether nine digits check, or fourteen whose first nine check, too."""
    if len(digits) == 14:
        return _regon_holds(digits[:9]) and _weighted(digits, REGON14_WEIGHTS) % 11 % 10 == int(digits[13])
    return len(digits) == 9 and _weighted(digits, REGON9_WEIGHTS) % 11 % 10 == int(digits[8])


def regon_region(regon: str) -> str | None:
    """The voivodeship of registration that a REGON's first two digits name: a weak hint.

    Odd numbers are those of 1975-1998; numbers given out since carry other prefixes, too.

    >>> [regon_region(r) for r in ("012100784", "390021764", "610188201", "350527377", "123456785")]
    ['warszawskie', 'legnickie', 'płockie', 'krakowskie', 'małopolskie']
    """
    zone: Zone | None = next((z for z in zones().values() if z.old_teryt == regon[:2]), None)
    if zone is not None:
        return zone.old_voivodeship
    return next((z.voivodeship for z in zones().values() if z.teryt == regon[:2]), None)


def _weighted(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(d) * w for d, w in zip(digits, weights, strict=False))
