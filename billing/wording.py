"""Words for numbers of things, in messages for people."""

from __future__ import annotations

NO_BREAK = "\N{NO-BREAK SPACE}"  # between thousands: a number stays on one line


def count(number: int | None) -> str:
    """A number as people read it; nothing where there is none."""
    return "" if number is None else f"{number:,}".replace(",", NO_BREAK)


def counted(number: int, noun: str) -> str:
    """A number of things.

    >>> counted(1, "pair"), counted(2, "pair"), counted(0, "entry"), counted(1200, "day")
    ('1 pair', '2 pairs', '0 entries', '1\\xa0200 days')
    """
    if number == 1:
        return f"1 {noun}"
    many = f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeiou" else f"{noun}s"
    return f"{count(number)} {many}"
