"""Telephone numbers, and every form in which files of 2003 hold them."""

from __future__ import annotations

import numpy as np

from samples.draw import Array, Bools, Draw, Ints
from samples.plan import MAX_SUBSCRIBERS
from samples.text import cat, choose, digits

_LOCAL = 6_999_997  # prime, so that index -> number is one to one


def local_number(index: Ints, line: Ints | int = 0) -> Ints:
    """The seven digits of a subscriber's line: begin with 2 to 8, as before December 2005."""
    return 2_000_000 + (((index % MAX_SUBSCRIBERS) * 5 + line) * 4_327_561 + 357_924) % _LOCAL


def spaced(number: Ints, between: str) -> Array:
    """`625 12 34` or `625-12-34`."""
    return cat(digits(number // 10_000, 3), between, digits(number // 100 % 100, 2), between, digits(number % 100, 2))


def landline_text(draw: Draw, zone: Ints, number: Ints, home: int) -> Array:
    """A landline number in one of fourteen habits; the short ones only where the zone is the region's own."""
    area = digits(zone, 2)
    at_home = zone == home
    how = draw.below("phone habit", 100)
    tight, blanks, dashes = digits(number, 7), spaced(number, " "), spaced(number, "-")
    forms = [
        (12, cat("(0-", area, ") ", blanks)),
        (12, cat("0", area, " ", blanks)),
        (10, cat("0", area, tight)),
        (10, cat(area, " ", blanks)),
        (4, cat("+48 ", area, " ", blanks)),
        (3, cat("0 1033 ", area, " ", blanks)),
        (3, cat("0048 ", area, " ", tight)),
        (4, cat(area, "/", tight)),
        (2, cat("0-", area, " ", blanks, " wew. ", digits(1 + draw.below("extension", 90), 2))),
        (2, cat("+48 (0) ", area, " ", blanks)),
        (14, np.where(at_home, dashes, cat("0-", area, " ", dashes))),
        (10, np.where(at_home, blanks, cat("0", area, " ", blanks))),
        (12, np.where(at_home, tight, cat("0", area, tight))),
        (2, np.where(at_home, cat(dashes, " w. ", digits(1 + draw.below("extension", 90), 2)), cat(area, dashes))),
    ]
    text = forms[-1][1]
    upper = 100
    for share, form in reversed(forms):
        upper -= share
        text = np.where((how >= upper) & (how < upper + share), form, text)
    return text


def mobile_text(draw: Draw, number: Ints) -> Array:
    """A mobile number; the networks of 2003 begin with 50, 60 and 69."""
    body = cat(choose(["50", "60", "69"], number % 3), digits(number // 3 % 10, 1))
    rest = digits(number // 30 % 1_000_000, 6)
    first, second = rest.astype("U3"), np.strings.slice(rest, 3, 6)
    how = draw.below("mobile habit", 4)
    return np.where(
        how == 0, cat("0", body, " ", first, " ", second),
        np.where(how == 1, cat(body, "-", first, "-", second),
                 np.where(how == 2, cat(body, rest), cat("0-", body, " ", rest))),
    )  # fmt: skip


def contact_text(draw: Draw, zone: Ints, number: Ints, mobile: Bools, absent: Bools, home: int) -> Array:
    """A subscriber's contact number; one field in 300 holds the letter O for its leading nought."""
    text = np.where(mobile, mobile_text(draw, number), landline_text(draw, zone, number, home))
    letter = draw.chance("letter O", 3) & (np.strings.find(text, "0") == 0)
    text = np.where(letter, cat("O", np.strings.slice(text, 1, 60)), text)
    two = draw.chance("two numbers", 8) & (np.strings.str_len(text) <= 7)
    text = np.where(two, cat(text, " lub ", mobile_text(draw, number)), text)
    return np.where(absent, "", text)
