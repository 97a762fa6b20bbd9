"""Money: exact decimals with two places, and their sums in integer grosze.

No amount is ever a float, not even for a moment.

>>> round_half_up(Decimal("12.345"))
Decimal('12.35')
>>> redenominate(Decimal("123450"))      # old zloty (PLZ) to new (PLN), the act of 7 July 1994: 10,000 to 1
(Decimal('12.35'), Decimal('-0.005'))
>>> grosze(Decimal("-0.01"))
-1
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pyarrow as pa

MONEY = pa.decimal128(18, 2)
RATED = pa.decimal128(18, 6)  # unit prices and rated usage
PLZ_PER_PLN = 10_000
_CENT = Decimal("0.01")


def round_half_up(amount: Decimal) -> Decimal:
    """Round to full grosze, half away from zero, as Polish invoices do."""
    return amount.quantize(_CENT, rounding=ROUND_HALF_UP)


def redenominate(plz: Decimal) -> tuple[Decimal, Decimal]:
    """Convert an old-zloty amount; return `(PLN, exact value minus PLN)`.

    The second part is the rounding difference that has to be booked so that totals still close.
    """
    exact = plz / PLZ_PER_PLN
    pln = round_half_up(exact)
    return pln, exact - pln


def grosze(amount: Decimal) -> int:
    """An amount with at most two decimals in integer grosze (hundredths of any currency).

    Raises:
        ValueError: The amount has a fraction of a grosz.
    """
    scaled = amount.scaleb(2)
    whole = int(scaled)
    if whole != scaled:
        raise ValueError(f"{amount} has a fraction of a grosz")
    return whole
