"""Numbers as Polish readers write them: thin spaces between thousands, decimal comma, a true minus sign.

>>> count(1234567), money(-123456789), money(5), size(5_400_000)
('1\\u202f234\\u202f567', '−1\\u202f234\\u202f567,89', '0,05', '5,4\\xa0MB')
>>> signed(250), signed(0)
('+2,50', '0,00')
"""

from __future__ import annotations

import datetime as dt

THIN = "\N{NARROW NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"


def count(number: int | None) -> str:
    """A whole number; a dash where there is none."""
    if number is None:
        return NOTHING
    return f"{number:,}".replace(",", THIN).replace("-", MINUS)


def money(hundredths: int | None) -> str:
    """An amount in hundredths of its currency, without the currency; a dash where there is none."""
    if hundredths is None:
        return NOTHING
    whole, part = divmod(abs(hundredths), 100)
    return f"{MINUS if hundredths < 0 else ''}{count(whole)},{part:02}"


def signed(hundredths: int | None) -> str:
    """A difference: like `money`, with a plus sign where it is above zero."""
    return f"+{money(hundredths)}" if hundredths is not None and hundredths > 0 else money(hundredths)


def exact(decimal: str) -> str:
    """A signed amount with all the decimals that it was given with.

    >>> exact("-0.024500")
    '−0,024500'
    """
    whole, _, part = decimal.removeprefix("-").partition(".")
    sign = MINUS if decimal.startswith("-") else "+" if decimal.strip("0.") else ""
    return f"{sign}{count(int(whole))},{part}" if part else f"{sign}{count(int(whole))}"


def size(number_of_bytes: int) -> str:
    """A file's size in decimal units."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if number_of_bytes >= factor:
            return f"{number_of_bytes / factor:.1f}".replace(".", ",") + f"\N{NO-BREAK SPACE}{unit}"
    return f"{number_of_bytes}\N{NO-BREAK SPACE}B"


def moment(iso: str | None) -> str:
    """A time for people, in its own offset."""
    if not iso:
        return NOTHING
    return dt.datetime.fromisoformat(iso).strftime("%Y-%m-%d %H:%M:%S %z").strip()
