"""Identity documents: the plastic card, the old booklet, the passport.

The card has three letters and six digits, the first of them a check digit (weights 7 3 1 9 7 3 1 7 3 over A = 10 ...
Z = 35).  The booklet, valid until about 2008, has two letters and seven digits and no check digit; a passport has the
same shape, so only the declared kind tells them apart.  Letters and digits that look alike (O and 0, I and 1) are put
right where the check digit proves it, and nowhere else.

>>> [read_document(t)[:3] for t in ("aba 300000", "ABA3OOOOO", "DB 1234567")]
[('ABA300000', 'document.card', 'id_card'), ('ABA300000', 'document.letters', 'id_card'), \
('DB1234567', 'document.booklet', None)]
>>> read_document("ABA300001").rule, read_document("AB1234567", "passport").kind, read_document("000000000").number
('document.check', 'passport', None)
"""

from __future__ import annotations

import re
from typing import NamedTuple

from transforms.nothing import means_nothing

ID_CARD_WEIGHTS = (7, 3, 1, 9, 7, 3, 1, 7, 3)
_CARD = re.compile(r"[A-Z]{3}[0-9]{6}")
_BOOKLET = re.compile(r"[A-Z]{2}[0-9]{7}")
_NOISE = re.compile(r"[\s./\-]")
_SHAPE = re.compile(rf"{_CARD.pattern}|{_BOOKLET.pattern}")
_CARD_LENGTH, _SERIES = 9, 3
_TO_LETTERS = str.maketrans("01", "OI")
_TO_DIGITS = str.maketrans("OIL", "011")
# how clerks write before a number what it is: `D.O. DB nr 1234567`, `PASZPORT AB1234567`
_LABEL = re.compile(
    r"^\s*(?:(?:seria|dow(?:[óo]d|\.)?\s*os(?:ob\w*|\.)?|d\.\s?o\.)[\s:]*)+|(?<=[a-z])\s+nr\.?\s+(?=\d)", re.I
)
_PASSPORT = re.compile(r"^\s*paszp(?:ort|\.)?\s*(?:nr\.?\s+)?", re.IGNORECASE)


class Document(NamedTuple):
    """A document's number.

    Attributes:
        number: Without blanks, in capitals; None where it cannot be used.
        rule: Id of the rule that decided.
        kind: One of the catalogue's kinds, as declared or as the shape proves; None where unknown.
    """

    number: str | None
    rule: str
    kind: str | None


def read_document(text: str, kind: str = "") -> Document:  # noqa: PLR0911 - one return a shape
    """Judge the number of an identity document.

    Args:
        text: As delivered.
        kind: id_card, passport or other, where the source says so.
    """
    bare = _LABEL.sub("", _PASSPORT.sub("", text))
    number, declared = _NOISE.sub("", text).upper(), kind or None
    if bare != text and _SHAPE.fullmatch(shorter := _NOISE.sub("", bare).upper()):
        number, kind = shorter, kind or ("passport" if _PASSPORT.match(text) else "")
        declared = kind or None
    if not number or means_nothing(text):
        return Document(None, "document.missing", declared)
    if not any(c.isalnum() for c in number):
        return Document(None, "document.empty", declared)
    if len(set(number)) == 1:
        return Document(None, "document.filler", declared)
    if kind == "other":
        return Document(number, "document.other", kind)
    if is_id_card(number):
        return Document(number, "document.shape" if kind == "passport" else "document.card", kind or "id_card")
    if _BOOKLET.fullmatch(number):  # AB1234567 checks as ABI234567, as one in ten does by chance
        return Document(number, "document.booklet", declared)
    if kind != "passport" and is_id_card(alike := _put_right(number)):
        return Document(alike, "document.letters", "id_card")
    if _CARD.fullmatch(number) and kind != "passport":
        return Document(number, "document.check", kind or "id_card")
    return Document(number, "document.shape" if kind else "document.other", declared)


def is_id_card(number: str) -> bool:
    """Whether capitals and digits are a plastic identity card's number: three letters and six digits that check.

    >>> is_id_card("ABA300000"), is_id_card("ABA300001")
    (True, False)
    """
    if not _CARD.fullmatch(number):
        return False
    values = [int(c, 36) for c in number]  # A = 10 ... Z = 35
    return sum(v * w for v, w in zip(values, ID_CARD_WEIGHTS, strict=True)) % 10 == 0


def _put_right(number: str) -> str:
    if len(number) != _CARD_LENGTH:
        return number
    return number[:_SERIES].translate(_TO_LETTERS) + number[_SERIES:].translate(_TO_DIGITS)
