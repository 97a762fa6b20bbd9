"""PICTURE strings: what a field holds and how many characters or digits of it.

>>> parse_picture("S9(7)V99")
Picture(text='S9(7)V99', kind='numeric', size=9, scale=2, signed=True)
>>> parse_picture("x(30)").size
30
>>> parse_picture("9(3)PPP")            # thousands: three digits stored, value times 1000
Picture(text='9(3)PPP', kind='numeric', size=3, scale=-3, signed=False)
>>> parse_picture("VPP99").scale        # ten-thousandths
4
>>> parse_picture("-(6)9.99")           # an edited number is text: what COBOL printed
Picture(text='-(6)9.99', kind='edited', size=10, scale=0, signed=False)
>>> edited = parse_picture("+9(6).99")  # but whoever wants to may read it as one
>>> edited.edited_digits, edited.edited_scale
(8, 2)
>>> polish = parse_picture("Z.ZZ9,99")  # under DECIMAL-POINT IS COMMA
>>> polish.edited_digits, polish.edited_scale, polish.edited_comma
(6, 2, True)
>>> parse_picture("9(5)Q")
Traceback (most recent call last):
...
ValueError: PIC 9(5)Q: 'Q' is no picture symbol
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

MAX_DIGITS = 38
"""Of a number: what decimal128 holds (COBOL stops at 31, GnuCOBOL at 38)."""

_SYMBOL = re.compile(r"(CR|DB|[AXBZNGSVP9*$+\-,./0])(?:\((\d+)\))?", re.IGNORECASE)
_EDITING = frozenset("BZ*$+-,./0") | {"CR", "DB"}


@dataclass(frozen=True)
class Picture:
    """A PICTURE.

    Attributes:
        text: As written.
        kind: `text`, `numeric`, `edited` (text that COBOL made of a number or a text), or `national` (UTF-16).
        size: Characters, or digits of a number.
        scale: Decimals of a number; negative where P stands for zeros to the right.
        signed: Whether a number has an S.
        edited_digits: Most digits of an edited number; 0 where the text was made of something else.
        edited_scale: Decimals of an edited number.
        edited_comma: An edited number's decimal point is printed as a comma.
    """

    text: str
    kind: Literal["text", "numeric", "edited", "national"]
    size: int
    scale: int = 0
    signed: bool = False
    edited_digits: int = field(default=0, repr=False)
    edited_scale: int = field(default=0, repr=False)
    edited_comma: bool = field(default=False, repr=False)


def parse_picture(text: str) -> Picture:
    """Understand a PICTURE string.

    Raises:
        ValueError: It is none, or of a kind that is not supported; the message says which.
    """
    symbols = _symbols(text)
    names = {symbol for symbol, _ in symbols}
    if "G" in names:
        raise ValueError(f"PIC {text}: DBCS text (G) is not supported")
    if names == {"N"}:
        return Picture(text, "national", sum(count for _, count in symbols))
    if "N" in names:
        raise ValueError(f"PIC {text}: these symbols do not go together")
    if names & _EDITING:
        if ("A" in names and names <= {"A", "B"}) or "X" in names or names - {"S"} <= _EDITING | {"9", "V", "P", "A"}:
            size = sum(count * (2 if symbol in ("CR", "DB") else 1) for symbol, count in symbols if symbol not in "SVP")
            return _edited(text, size, symbols)
        raise ValueError(f"PIC {text}: these symbols do not go together")
    if names & {"A", "X"}:
        if names & {"S", "V", "P"}:
            raise ValueError(f"PIC {text}: S, V and P belong to numbers, A and X to text")
        return Picture(text, "text", sum(count for _, count in symbols))
    return _numeric(text, symbols)


def _edited(text: str, size: int, symbols: list[tuple[str, int]]) -> Picture:
    names = {symbol for symbol, _ in symbols}
    if names & {"A", "X", "0", "/", "P"}:  # a text, or a number with figures in it that are not its own or missing
        return Picture(text, "edited", size)
    comma = _decimal_comma(symbols)
    digits = decimals = 0
    right = False
    floating: set[str] = set()
    for symbol, count in symbols:
        right = right or symbol in ("V", "," if comma else ".")
        places = count if symbol in "9Z*" else 0
        if symbol in ("+", "-", "$"):  # the first of a floating string is never a digit
            places = count - (symbol not in floating)
            floating.add(symbol)
        digits += places
        decimals += places if right else 0
    if not 0 < digits <= MAX_DIGITS:
        return Picture(text, "edited", size)
    return Picture(text, "edited", size, edited_digits=digits, edited_scale=decimals, edited_comma=comma)


def _decimal_comma(symbols: list[tuple[str, int]]) -> bool:
    """Whether the comma is the decimal point: it stands behind every point, and alone where no three digits follow."""
    order = "".join(symbol * count for symbol, count in symbols)
    if "," not in order:
        return False
    before, _, behind = order.rpartition(",")
    if "." in order:
        return "." not in behind and "," not in before
    return "," not in before and sum(behind.count(symbol) for symbol in "9Z*+-$") != 3


def _numeric(text: str, symbols: list[tuple[str, int]]) -> Picture:
    order = "".join(symbol * count for symbol, count in symbols)
    match = re.fullmatch(r"(S?)(V?)(P*)(9*)(V?)(9*)(P*)(V?)", order)
    if not match or order.count("V") > 1:
        raise ValueError(f"PIC {text}: S stands first and once, V once, P only at one end")
    sign, _, left_p, whole, point, fraction, right_p, _ = match.groups()
    digits = len(whole) + len(fraction)
    if not digits:
        raise ValueError(f"PIC {text}: a number needs at least one 9")
    leading_point = order.lstrip("S").startswith("V")
    if (left_p and (right_p or point)) or (right_p and (fraction or leading_point)):
        raise ValueError(f"PIC {text}: S stands first and once, V once, P only at one end")
    scale = len(left_p) + digits if left_p or leading_point else len(fraction) - len(right_p)
    if digits + max(0, -scale, scale - digits) > MAX_DIGITS:
        raise ValueError(f"PIC {text}: more than {MAX_DIGITS} digits")
    return Picture(text, "numeric", digits, scale, bool(sign))


def _symbols(text: str) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    at = 0
    while at < len(text):
        match = _SYMBOL.match(text, at)
        if not match:
            if text[at] in "()":
                raise ValueError(f"PIC {text}: a repetition needs a number in parentheses")
            raise ValueError(f"PIC {text}: {text[at]!r} is no picture symbol")
        count = int(match[2]) if match[2] else 1
        if count == 0:
            raise ValueError(f"PIC {text}: a symbol repeated 0 times")
        found.append((match[1].upper(), count))
        at = match.end()
    if sum(count for _, count in found) > 1_000_000:
        raise ValueError(f"PIC {text}: longer than any record")
    return found
