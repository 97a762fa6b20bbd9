r"""Amounts that are text, added up: what header and trailer records state, and what the records themselves give.

An amount has its sign before or behind it (`-`, `+`), or stands between parentheses, or has `CR` or `DB` behind it, as
COBOL edits amounts below nought.  Blanks of all kinds and apostrophes separate thousands, in groups of three digits;
where both a comma and a point occur, or one of them more than once, the last is the decimal separator and the others
separate thousands.

>>> amount("  -1234,56", scale=2)
Decimal('-1234.56')
>>> amount("000123456-", scale=2)
Decimal('-1234.56')
>>> amount("1.234.567,89CR", scale=2), amount("(1'234.50)", scale=2)
(Decimal('-1234567.89'), Decimal('-1234.50'))
>>> amount("12O4", scale=2) is None, amount("12 34", scale=2) is None
(True, True)
>>> column_sum(pa.array(["0010000123", "0010000877"]), scale=0, form="hash")
(Decimal('20001000'), 0)
>>> column_sum(pa.array(["9" * 40, "1"]), scale=0, form="hash")[0] == 10**40  # account numbers have 26 digits
True
>>> transposition_hint(Decimal("0.18"))
'; nine divides the difference: two digits may have changed places'
"""

from __future__ import annotations

import re
from decimal import Context, Decimal, localcontext
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from billing.money import round_half_up

Form = Literal["signed", "absolute", "positive", "negative", "hash"]

_BLANK = "[\\s\u00a0\u202f]"
_GROUPS = "[\\s\u00a0\u202f'\u2019]"
_WHOLE = rf"(?:\d{{1,3}}(?:{_GROUPS}\d{{3}})+|\d{{1,40}})"
# sign or parenthesis; a number; sign, parenthesis, or CR and DB
_FORM = re.compile(rf"([+-]?){_BLANK}*(\(?){_BLANK}*({_WHOLE}(?:[.,]\d+)*){_BLANK}*(\)?){_BLANK}*([+-]|CR|DB|DR)?")
_NUMBER = rf"{_WHOLE}(?:[.,]\d{{1,6}})?"
_PLAIN = f"^{_BLANK}*(?:[+-]?{_BLANK}*{_NUMBER}|{_NUMBER}{_BLANK}*[+-]){_BLANK}*$"
_WIDEST = pa.decimal256(60, 6)
_WIDEST_HASH = 54  # digits of it before the point
_MOST_DIGITS = 1_000
"""Last digits of a value that a hash total knows; no record has room to state more of one."""
EXACT = Context(prec=2 * _MOST_DIGITS)
"""Python's own context rounds to 28 digits, which hash totals of account numbers have soon."""
_DIGITS = re.compile(rf"0*([0-9]{{1,{_MOST_DIGITS}}})")


def amount(text: str, *, scale: int) -> Decimal | None:
    """One amount, or None where the text is none.

    Args:
        text: In any of the forms above.
        scale: Decimals that are implied where there is no decimal separator.
    """
    match = _FORM.fullmatch(text.strip())
    if match is None:
        return None
    before, opening, number, closing, behind = match.groups()
    signs = [sign for sign in (before, opening, behind) if sign]
    if len(signs) > 1 or bool(opening) != bool(closing):
        return None
    with localcontext(EXACT):
        value = _number(re.sub(_GROUPS, "", number), scale)
        return -value if value is not None and signs and signs[0] != "+" else value


def hash_total(text: str) -> Decimal | None:
    """A stated hash total, whatever its number of digits; None where the text is none.

    >>> hash_total(f"{'0' * 50}3006"), hash_total("3 006"), hash_total("x7")
    (Decimal('3006'), Decimal('3006'), None)
    """
    match = _DIGITS.fullmatch(text.strip())
    return Decimal(match[1]) if match else amount(text, scale=0)


def _number(text: str, scale: int) -> Decimal | None:
    separators = re.findall(r"[.,]", text)
    if not separators:
        return Decimal(text).scaleb(-scale)
    if len(separators) == 1:
        return Decimal(text.replace(",", "."))
    last = separators[-1]
    whole, _, fraction = text.rpartition(last)
    if last in whole:  # only thousands
        if len(set(separators)) > 1:
            return None
        whole, fraction = text, ""
    groups = re.split(r"[.,]", whole)
    if len(set(re.findall(r"[.,]", whole))) > 1 or any(len(group) != 3 for group in groups[1:]) or len(groups[0]) > 3:
        return None
    digits = "".join(groups)
    return Decimal(f"{digits}.{fraction}") if fraction else Decimal(digits)


def column_sum(column: pa.Array, *, scale: int, form: Form = "signed") -> tuple[Decimal, int]:
    """Add up a column.

    Args:
        column: Strings, or decimals.
        scale: As for `amount`.
        form: Which amounts count, and how: with their signs; without them; only those above, only those below nought;
            or, for a hash total, the digits of each value as a whole number.

    Returns:
        The sum, and how many values are there but could not be read.
    """
    with localcontext(EXACT):
        column = column.drop_null()
        return _hashed(column) if form == "hash" else _summed(column, scale, form)


def _hashed(column: pa.Array) -> tuple[Decimal, int]:
    figures = pc.replace_substring_regex(column.cast(pa.string()), "[^0-9]", "")
    figures = figures.filter(pc.greater(pc.binary_length(figures), 0))
    is_usual = pc.less_equal(pc.binary_length(figures), _WIDEST_HASH)
    total = _added(figures.filter(is_usual).cast(_WIDEST), "hash")
    total += sum(int(text[-_MOST_DIGITS:]) for text in figures.filter(pc.invert(is_usual)).to_pylist())
    return total, len(column) - len(figures)


def _summed(column: pa.Array, scale: int, form: Form) -> tuple[Decimal, int]:
    if pa.types.is_decimal(column.type):
        return _added(column.cast(_WIDEST), form), 0
    is_plain = pc.match_substring_regex(column, _PLAIN)
    unread = 0
    total = Decimal(0)
    for text in column.filter(pc.invert(is_plain)).to_pylist():
        value = amount(text, scale=scale)
        unread += value is None
        total += _counted(value or Decimal(0), form)
    bare = pc.replace_substring_regex(column.filter(is_plain), _GROUPS, "")
    trailing = pc.match_substring_regex(bare, r"[+-]$")
    if pc.any(trailing).as_py():
        bare = pc.if_else(trailing, pc.replace_substring_regex(bare, r"^(.*)([+-])$", r"\2\1"), bare)
    pointed = pc.match_substring_regex(bare, r"[.,]")
    for part, shift in ((bare.filter(pointed), 0), (bare.filter(pc.invert(pointed)), -scale)):
        if len(part):
            plain = pc.replace_substring(pc.replace_substring_regex(part, r"^\+", ""), ",", ".")
            total += _added(plain.cast(_WIDEST), form).scaleb(shift)
    return _tidy(total), unread


def _added(values: pa.Array, form: Form) -> Decimal:
    nought = pa.scalar(Decimal(0), values.type)
    if form == "absolute":
        values = pc.abs(values)
    elif form in ("positive", "negative"):
        values = values.filter(pc.greater(values, nought) if form == "positive" else pc.less(values, nought))
    total: Decimal = pc.sum(values).as_py() or Decimal(0)
    return total if total != total.to_integral_value() else Decimal(int(total))


def _counted(value: Decimal, form: Form) -> Decimal:
    if form == "absolute":
        return abs(value)
    if form in ("positive", "negative"):
        return value if (value > 0) == (form == "positive") else Decimal(0)
    return value


def _tidy(total: Decimal) -> Decimal:
    """Two decimals where they suffice."""
    hundredths = round_half_up(total)
    return hundredths if hundredths == total else total


def transposition_hint(difference: Decimal) -> str:
    """A clause about digits that changed places, or nothing."""
    hundredths = EXACT.scaleb(difference, 2)
    if difference and hundredths == hundredths.to_integral_value() and int(hundredths) % 9 == 0:
        return "; nine divides the difference: two digits may have changed places"
    return ""
