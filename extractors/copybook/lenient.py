"""Numbers as they really stand in DISPLAY fields: with blanks, points, and signs wherever programs put them.

`extractors.copybook.digits` reads what the standard says, all rows at once; this module looks at the rows that it
could not read, and at edited numbers (`PIC -(6)9.99`), one value at a time.

>>> from extractors.codepages.tables import code_page
>>> read_number("   -12.50".encode("cp037"), code_page("cp037"), scale=2)
Decimal('-12.50')
>>> read_number("1234N".encode("cp037"), code_page("cp037"), scale=2)
Decimal('-123.45')
>>> read_number("12 DB".encode("cp037"), code_page("cp037"), scale=0)
Decimal('-12')
>>> read_number("1,234.50".encode("cp037"), code_page("cp037"), scale=2)
Decimal('1234.50')
>>> read_number("1.234,50".encode("cp037"), code_page("cp037"), scale=2, point=",")
Decimal('1234.50')
>>> read_number("12A4X".encode("cp037"), code_page("cp037"), scale=0) is None
True

The sign may be overpunched on any digit, in an ASCII file on the first or the last one; several signs make no number,
unless the reader says that the last one counts:

>>> read_number("12L45".encode("cp037"), code_page("cp037"), scale=0)
Decimal('-12345')
>>> read_number("AB3K5".encode("cp037"), code_page("cp037"), scale=0) is None
True
>>> read_number("AB3K5".encode("cp037"), code_page("cp037"), scale=0, many_signs=True)
Decimal('-12325')
"""

from __future__ import annotations

import re
from decimal import Context, Decimal
from typing import Literal

from extractors.codepages.tables import CodePage

_OVERPUNCHED = {c: ("+", str(d)) for d, c in enumerate("{ABCDEFGHI")}
_OVERPUNCHED |= {c: ("-", str(d)) for d, c in enumerate("}JKLMNOPQR")}
_ASCII_MINUS = {chr(ord("p") + d): ("-", str(d)) for d in range(10)}
_NUMBER = re.compile(r"([+-]?)(\d*)(?:[.](\d*))?")
EXACT = Context(prec=100)
"""For numbers of more than the 28 digits that Python's own context keeps."""

_DEBIT = re.compile(r"(?:CR|DB)$")


def read_number(
    data: bytes,
    page: CodePage,
    *,
    scale: int,
    overpunched: bool = True,
    plus_only: bool = False,
    many_signs: bool = False,
    point: Literal[".", ",", "either"] = ".",
) -> Decimal | None:
    """Read one number; None where there is none.

    Args:
        data: The field's bytes.
        page: Their code page.
        scale: Decimals that are implied where no point is printed; negative where zeros are.
        overpunched: A digit may carry the sign.
        plus_only: A minus makes it no number.
        many_signs: It may have several signs, overpunched on any of its digits; the last one counts.
        point: The decimal point; the other of the two signs parts thousands.
    """
    text = "".join("\0" if page.undefined[b] else chr(page.points[b]) for b in data)
    text = text.replace("\0", " ").replace("*", " ").strip()
    minus = bool(_DEBIT.search(text))
    if minus:
        text = text[:-2].rstrip()
    sign = ""
    digits = []
    ends = (0, len(text) - 1)
    for index, character in enumerate(text):
        if character in "+-":
            if sign and not many_signs:
                return None
            sign = character
        elif character in "0123456789.,":
            digits.append(character)
        elif character in " $":
            continue
        else:
            found = _OVERPUNCHED.get(character) or (None if page.ebcdic else _ASCII_MINUS.get(character))
            if found is None or not overpunched or (sign and not many_signs):
                return None
            if not (page.ebcdic or many_signs or index in ends):
                return None
            sign = found[0]
            digits.append(found[1])
    written = "".join(digits)
    if point != "either":
        written = written.replace("." if point == "," else ",", "")
    written = written.replace(",", ".")
    match = _NUMBER.fullmatch(written)
    if not match or not (match[2] or match[3]):
        return None
    negative = minus or sign == "-"
    if negative and plus_only:
        return None
    whole, fraction = match[2] or "", match[3]
    implied = scale if fraction is None else len(fraction)
    number = Decimal(int(whole + (fraction or ""))).scaleb(-implied, EXACT)
    return number.copy_negate() if negative and number else number
