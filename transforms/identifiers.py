"""Polish identifiers one at a time: the readable reference of PESEL, NIP, REGON and identity cards.

Sources: the PESEL structure of the population register act (weights 1 3 7 9, century in the month), the tax office's
structure of a NIP (first digit not 0, second and third not both 0), the statistical office's REGON, PN document
weights.  A check digit proves only that a number was typed as somebody meant it; fillers that pass every check are
listed.  `transforms.identifier_columns` does the same for millions of values, and a test compares the two.

>>> extracted_on = dt.date(2003, 9, 30)
>>> read_pesel("44051401458", extracted_on).sex, read_pesel("02070803628", extracted_on).birth_date
('M', datetime.date(1902, 7, 8))
>>> [read_pesel(p, extracted_on).status for p in ("44051401459", "44444444444", "22222222222", "2070803628", "")]
['unparsed', 'filler', 'filler', 'repaired', 'missing']
>>> [read_nip(n).status for n in ("526-025-09-95", "PL5260250995", "1234563218", "1234567890", "5555555555")]
['ok', 'ok', 'filler', 'unparsed', 'filler']
>>> [read_regon(r).value for r in ("012100784", "123456785", "12345678512347", "01210078400000", "000000000")]
['012100784', '123456785', '12345678512347', '012100784', None]
>>> is_id_card("ABA300000"), is_id_card("ABA300001")
(True, False)
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

PESEL_WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
NIP_WEIGHTS = (6, 5, 7, 2, 3, 4, 5, 6, 7)
REGON9_WEIGHTS = (8, 9, 2, 3, 4, 5, 6, 7)
REGON14_WEIGHTS = (2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8)
ID_CARD_WEIGHTS = (7, 3, 1, 9, 7, 3, 1, 7, 3)
PESEL_FILLERS = frozenset(
    [str(d) * 11 for d in range(10)] + ["11111111116", "01010100005", "12345678901", "01234567890", "12345678910"]
)
NIP_FILLERS = frozenset([str(d) * 10 for d in range(10)] + ["1234563218"])
_CENTURIES = {0: 1900, 80: 1800, 20: 2000, 40: 2100, 60: 2200}
OLDEST_YEARS = 115
ADULT_YEARS = 18  # at which one may sign a contract
_NOISE = re.compile(r"[\s./\-]")


@dataclass(frozen=True)
class Verdict:
    """What a text is worth as an identifier.

    Attributes:
        value: The clean number; None where it cannot be used.
        status: One of `billing.model.STATUSES`.
        reason: Reason code of the reject store, None where nothing is to be said.
        message: What is wrong, without the value.
    """

    value: str | None
    status: str
    reason: str | None = None
    message: str = ""


@dataclass(frozen=True)
class Pesel(Verdict):
    """A PESEL, with what it says about its holder."""

    birth_date: dt.date | None = None
    sex: str | None = None


def compact(text: str) -> str:
    """A number without blanks, dots, slashes and hyphens; full-width and other digits are left to fail."""
    return _NOISE.sub("", text)


def pesel_birth_date(digits: str) -> dt.date | None:
    """The date of birth in a PESEL's first six digits, None where the calendar has no such day."""
    year, month, day = int(digits[:2]), int(digits[2:4]), int(digits[4:6])
    try:
        return dt.date(_CENTURIES[month // 20 * 20] + year, month % 20, day)
    except ValueError:
        return None


def pesel_check_digit(digits: str) -> int:
    """The eleventh digit that belongs to the first ten."""
    return -sum(int(d) * w for d, w in zip(digits, PESEL_WEIGHTS, strict=False)) % 10


def read_pesel(text: str, extracted_on: dt.date) -> Pesel:  # noqa: PLR0911, PLR0912 - one return a test
    """Judge a PESEL.

    Order: eleven ASCII digits (ten get the leading zero that a numeric field swallowed) -> filler -> calendar date ->
    not after the extract -> check digit -> age.

    Args:
        text: As delivered.
        extracted_on: Date of the extract.
    """
    digits = compact(text)
    if not digits:
        return Pesel(None, "missing")
    status = "ok"
    if digits.isascii() and digits.isdigit():
        if not digits.strip("0") or not digits.strip("9"):
            return Pesel(None, "filler", "ID-PESEL-FILLER", "zeros or nines stand for no PESEL")
        if len(digits) == 10 and _pesel_holds(padded := digits.zfill(11), extracted_on):
            digits, status = padded, "repaired"
    if len(digits) != 11 or not (digits.isascii() and digits.isdigit()):
        if len(digits) == 10 and read_nip(digits).status == "ok":
            return Pesel(None, "unparsed", "ID-PESEL", "a NIP stands in its place")
        return Pesel(None, "unparsed", "ID-PESEL", "not eleven digits")
    if digits in PESEL_FILLERS:
        return Pesel(None, "filler", "ID-PESEL-FILLER", "a well-known filler")
    birth = pesel_birth_date(digits)
    if birth is None:
        return Pesel(None, "unparsed", "ID-PESEL", "its date does not exist")
    if birth > extracted_on:
        return Pesel(None, "unparsed", "ID-PESEL", "its date lies after the extract")
    if pesel_check_digit(digits) != int(digits[10]):
        return Pesel(None, "unparsed", "ID-PESEL", "the check digit is wrong")
    sex = "M" if int(digits[9]) % 2 else "F"
    age = extracted_on.year - birth.year
    if age < ADULT_YEARS:
        return Pesel(digits, "suspect", "ID-PESEL", "a minor holds no contract", birth, sex)
    if age > OLDEST_YEARS:
        return Pesel(digits, "suspect", "ID-PESEL", "its holder would be over 115 years old", birth, sex)
    if status == "repaired":
        return Pesel(digits, status, "ID-PESEL", "the leading zero was lost and is restored", birth, sex)
    return Pesel(digits, status, None, "", birth, sex)


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
        return Verdict(None, "missing")
    if not (digits.isascii() and digits.isdigit()) or len(digits) != 10:
        if digits.isascii() and digits.isdigit() and not digits.strip("0"):
            return Verdict(None, "filler", "ID-NIP-FILLER", "zeros stand for no NIP")
        return Verdict(None, "unparsed", "ID-NIP", "not ten digits")
    if digits in NIP_FILLERS:
        return Verdict(None, "filler", "ID-NIP-FILLER", "a well-known filler")
    if digits[0] == "0" or digits[1:3] == "00":
        return Verdict(None, "unparsed", "ID-NIP", "no tax office has this number")
    if sum(int(d) * w for d, w in zip(digits, NIP_WEIGHTS, strict=False)) % 11 != int(digits[9]):
        return Verdict(None, "unparsed", "ID-NIP", "the check digit is wrong")
    return Verdict(digits, "ok")


def read_regon(text: str) -> Verdict:  # noqa: PLR0911 - one return a form
    """Judge a REGON: 9 digits, 14 for a local unit, 7 in the old form; a head office may carry five zeros more."""
    digits = compact(text)
    if not digits:
        return Verdict(None, "missing")
    if not (digits.isascii() and digits.isdigit()):
        return Verdict(None, "unparsed", "ID-REGON", "not digits only")
    if not digits.strip("0") or not digits.strip("9"):
        return Verdict(None, "filler", "ID-REGON", "zeros or nines stand for no REGON")
    if len(digits) == 14 and digits.endswith("00000") and _regon_holds(digits[:9], REGON9_WEIGHTS):
        return Verdict(digits[:9], "repaired", "ID-REGON", "a head office needs no five zeros")
    if len(digits) in (7, 8) and _regon_holds(padded := digits.zfill(9), REGON9_WEIGHTS):
        return Verdict(padded, "repaired", "ID-REGON", "leading zeros were lost and are restored")
    if len(digits) == 9 and _regon_holds(digits, REGON9_WEIGHTS):
        return Verdict(digits, "ok")
    if len(digits) == 14 and _regon_holds(digits[:9], REGON9_WEIGHTS) and _regon_holds(digits, REGON14_WEIGHTS):
        return Verdict(digits, "ok")
    return Verdict(None, "unparsed", "ID-REGON", "length or check digit is wrong")


def _regon_holds(digits: str, weights: tuple[int, ...]) -> bool:
    return sum(int(d) * w for d, w in zip(digits, weights, strict=False)) % 11 % 10 == int(digits[-1])


def is_id_card(text: str) -> bool:
    """Whether a text is a plastic identity card's number: three letters and six digits that check."""
    number = compact(text).upper()
    if not re.fullmatch(r"[A-Z]{3}[0-9]{6}", number):
        return False
    values = [int(c, 36) for c in number]  # A = 10 ... Z = 35
    return sum(v * w for v, w in zip(values, ID_CARD_WEIGHTS, strict=True)) % 10 == 0
