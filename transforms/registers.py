"""Numbers of the court register (KRS) and of bank accounts (NRB, IBAN).

A KRS number is ten digits without a check digit; the register began in 2001, and older companies have numbers of the
former trade register (`RHB 12345`), which mean nothing without their court.  An NRB is 26 digits: two check digits
(modulo 97, as in an IBAN of country PL), eight of the bank and branch with a check of their own (weights 3 9 7 1),
sixteen of the account.  Until 2004 banks used forms of their own; only the bank can turn them into an NRB.

>>> read_krs("0000012345").rule, read_krs("KRS 12345"), read_krs("RHB 12345").rule
('krs.plain', Verdict(value='0000012345', rule='krs.zero'), 'krs.rhb')
>>> [read_nrb(t).rule for t in ("67 1600 0003 0002 0001 1111 1001", "PL28106000349841000123456789", "0" * 26)]
['nrb.plain', 'nrb.plain', 'nrb.filler']
>>> read_nrb("16000003-2000-111111-001").rule, nrb_check_digits("106000349841000123456789")
('nrb.old-form', '28')
"""

from __future__ import annotations

import re

from transforms.nothing import means_nothing
from transforms.rules import Verdict

KRS_DIGITS, NRB_DIGITS = 10, 26
BANK_WEIGHTS = (3, 9, 7, 1, 3, 9, 7, 1)
_COUNTRY_NUMBER = "2521"  # P = 25, L = 21
_OLD_FORM = re.compile(r"\d{8}-[\d-]{4,26}")
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{10,30}")
_FORMER = re.compile(r"RHB(?:NR)?\d+")
_NOISE = re.compile(r"[\s./\-]")


def read_krs(text: str) -> Verdict:
    """Judge a KRS number; leading zeros that a numeric field swallowed are restored."""
    plain = _NOISE.sub("", text).upper().lstrip(":").removeprefix("KRS").removeprefix("NR").lstrip(":")
    if not plain or means_nothing(text):
        return Verdict(None, "krs.missing")
    if _FORMER.fullmatch(plain):
        return Verdict(None, "krs.rhb")
    if not (plain.isascii() and plain.isdigit()) or len(plain) > KRS_DIGITS:
        return Verdict(None, "krs.length")
    if not plain.strip("0") or not plain.strip("9"):
        return Verdict(None, "krs.filler")
    return Verdict(plain.zfill(KRS_DIGITS), "krs.plain" if len(plain) == KRS_DIGITS else "krs.zero")


def read_nrb(text: str) -> Verdict:
    """Judge a bank account: the check digits of the whole, then those of the bank's number."""
    bare = _NOISE.sub("", text).upper().strip("'\"*:")
    bare = bare.removeprefix("IBAN").removeprefix("NRB").lstrip(":")
    if not bare or means_nothing(text):
        return Verdict(None, "nrb.missing")
    digits = bare.removeprefix("PL")
    if not (digits.isascii() and digits.isdigit()):
        return Verdict(None, "nrb.foreign" if _IBAN.fullmatch(bare) and not bare.startswith("PL") else "nrb.length")
    if len(set(digits)) == 1:
        return Verdict(None, "nrb.filler")
    if len(digits) != NRB_DIGITS:
        return Verdict(None, "nrb.old-form" if _OLD_FORM.fullmatch(text.strip()) else "nrb.length")
    if nrb_check_digits(digits[2:]) != digits[:2]:
        return Verdict(None, "nrb.check")
    return Verdict(digits, "nrb.plain" if bank_checks(digits[2:10]) else "nrb.bank")


def nrb_check_digits(account: str) -> str:
    """The two digits that belong before bank and account (24 digits)."""
    return f"{98 - int(account + _COUNTRY_NUMBER + '00') % 97:02}"


def bank_checks(bank: str) -> bool:
    """Whether the eight digits of a bank and its branch check.

    >>> [bank_checks(b) for b in ("10600034", "16000003", "11402004", "10901489", "24900005", "10600035")]
    [True, True, True, True, True, False]
    """
    return sum(int(d) * w for d, w in zip(bank, BANK_WEIGHTS, strict=True)) % 10 == 0
