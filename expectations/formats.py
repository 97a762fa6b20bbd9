r"""Forms of values, as regular expressions that RE2 (Arrow), PostgreSQL and Python read alike.

The date and number forms are those that a source spec may declare (`billing.spec.DateFormat`); a value that does
not even have the declared form shows a shifted column or a wrong declaration long before a date or an amount is
parsed.  The identifiers' forms say how a *clean* value looks; whether its check digit is right was decided by the
normaliser.

>>> import re
>>> bool(re.search(DATES["DD.MM.YYYY"], "31.12.1999")), bool(re.search(DATES["YYDDD"], "99365"))
(True, True)
>>> bool(re.search(number(decimal=",", thousands="."), "1.234,50-"))
True
>>> bool(re.search(number(decimal=".", thousands=""), "12,5"))
False
"""

from __future__ import annotations

from typing import get_args

from billing.spec import DateFormat

_PARTS = {"YYYY": "[0-9]{4}", "YY": "[0-9]{2}", "MM": "[0-9]{1,2}", "DDD": "[0-9]{3}", "DD": "[0-9]{1,2}"}


def _date(form: str) -> str:
    if form == "excel":
        return "^ *[0-9]{1,6}(?:[.,][0-9]+)? *$"
    if form == "CYYMMDD":
        return "^ *[0-9]{6,7} *$"
    if form.isalpha():  # no separators: leading zeros may have been lost, a form of its own is not asked for
        return f"^ *[0-9]{{{len(form) - 1},{len(form)}}} *$"
    pattern, rest = "", form
    while rest:
        part = next((p for p in _PARTS if rest.startswith(p)), None)
        pattern += _PARTS[part] if part else f"[{rest[0]}]"
        rest = rest[len(part) if part else 1 :]
    return f"^ *{pattern}"


DATES: dict[str, str] = {form: _date(form) for form in get_args(DateFormat)}


def number(*, decimal: str, thousands: str) -> str:
    """Form of a number that is text: a sign before or behind it, grouped thousands, declared separator.

    Args:
        decimal: Decimal separator.
        thousands: Every separator of thousands that may occur; empty for none.
    """
    grouped = "".join(sorted({*thousands, "0-9"})) if thousands else "0-9"
    grouped = grouped.replace("\\", "\\\\").replace("]", "\\]")
    return f"^ *[+-]? *[{grouped}]*(?:[{decimal}][0-9]*)? *(?:[-+]|CR|DB)? *$"


NORMALISED: dict[str, tuple[str, str]] = {
    # normaliser -> (regex, form in words)
    "pesel": ("^[0-9]{11}$", "11 digits"),
    "nip": ("^[0-9]{10}$", "10 digits"),
    "regon": ("^(?:[0-9]{9}|[0-9]{14})$", "9 or 14 digits"),
    "krs": ("^[0-9]{10}$", "10 digits"),
    "phone": ("^[+][1-9][0-9]{6,14}$", "an E.164 number"),
    "postal_code": ("^[0-9]{2}-[0-9]{3}$", "a postal code (00-000)"),
    "email": ("^[^@ ]+@[^@ ]+[.][^@ ]+$", "an e-mail address"),
}
SHA256 = ("^[0-9a-f]{64}$", "a SHA-256 digest")
