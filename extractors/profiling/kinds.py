"""What kind of values a column holds: a table of kinds, and the test of each on the column's evidence.

The first kind that the evidence speaks for is meant, so the ones that prove themselves stand before the ones that many
values could be: check digits before forms, forms before digits.

>>> def kind(values, name="X"):
...     return kind_of(Evidence.of(name, values)).name
>>> kind(["12,50", "-3,10", "1,00"]), kind(["022 625-12-34", "(0-12) 411 00 00"]), kind(["1", "22"]), kind(["A", "1"])
('money', 'phone', 'integer', 'text')
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from extractors.profiling.dateforms import (
    BY_CHANCE,
    EMPTY_DATES,
    PIVOT,
    SHORT_YEARS,
    date_form,
    looks_dated,
    names_date,
    read_date,
)

Checks = Mapping[str, Callable[[str], bool]]
"""Identifier (`pesel`, `nip`, `regon`) -> is a text a valid one?  Given by the caller, who knows the rules."""

Test = Callable[[str], bool]

FIT = 0.9  # share of the values that must be of a type
FIT_CHECKED = 0.75  # where a check digit proves each value
LEAST_CHECKED = 3  # different values that a check is believed for
MOST_CODES = 12
LEAST_USED = 5  # times that a code is used, on the average
LONGEST_NAMED_CODE = 24  # characters
MOST_DISTINCT = 5_000  # values that the kind is judged by

_MONEY = re.compile(r"[-+]?(?:\d{1,3}(?:(?P<sep>[ .,\u00a0'])\d{3})(?:(?P=sep)\d{3})*|\d+)(?P<dec>[.,])\d\d[-+]?$")

_PHONE = re.compile(r"[+(]?\d[\d ()/.\-]{5,18}(?: ?w(?:ew)?\.? ?\d+)?")


@dataclass(frozen=True)
class Evidence:
    """What a column's kind is judged by.

    Attributes:
        name: Of the column.
        filled: How many values are there.
        counts: Value -> how often it occurs.
        some: The different values that are looked at.
        checks: Tests of identifiers.
    """

    name: str
    filled: int
    counts: Counter[str]
    some: tuple[str, ...]
    checks: Checks = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, filled: Sequence[str], checks: Checks | None = None) -> Evidence:
        """The evidence of a column's values that are there, one at least."""
        counts = Counter(filled)
        return cls(name, len(filled), counts, tuple(counts)[:MOST_DISTINCT], checks or {})

    def share(self, test: Test) -> float:
        """Share of the values that fit a test, each as often as it occurs."""
        total = sum(self.counts[value] for value in self.some)
        return sum(self.counts[value] for value in self.some if test(value)) / total


@dataclass(frozen=True)
class Kind:
    """A kind that a column's values are of.

    Attributes:
        name: As in `KINDS`.
        fits: Whether a value is of the kind.
        rule: Keys of a mapping's rule that the form of the values asks for.
        latest: Of dates that are some without a doubt, the latest.
    """

    name: str
    fits: Test
    rule: dict[str, object] = field(default_factory=dict)
    latest: dt.date | None = None


def kind_of(evidence: Evidence) -> Kind:
    """The first kind that the evidence speaks for."""
    kinds = (judge(name, evidence) for name, judge in KINDS)
    return next((kind for kind in kinds if kind), Kind("text", _any))


_Judge = Callable[[str, Evidence], Kind | None]


def _any(_: str) -> bool:
    return True


def _by(test: Test, least: float = FIT) -> _Judge:
    """A kind that a test of single values tells."""
    return lambda name, evidence: Kind(name, test) if evidence.share(test) >= least else None


def _form(pattern: str) -> _Judge:
    """A kind that the form of single values tells."""
    return _by(_formed(pattern))


def _formed(pattern: str) -> Test:
    form = re.compile(pattern)
    return lambda value: form.fullmatch(value) is not None


def _identifier(*lengths: int) -> _Judge:
    """A number whose check digits the caller knows; others pass the check by chance, so the length counts, too."""

    def judge(name: str, evidence: Evidence) -> Kind | None:
        check = evidence.checks.get(name)
        if check is None or len(evidence.some) < LEAST_CHECKED:
            return None
        long = sum(len(re.sub(r"[\s\-]", "", value)) in lengths for value in evidence.some)
        sound = long >= FIT * len(evidence.some) and evidence.share(check) >= FIT_CHECKED
        return Kind(name, check) if sound else None

    return judge


def _is_nrb(value: str) -> bool:
    digits = re.sub(r"[\s\-]", "", value).removeprefix("PL")
    return len(digits) == 26 and digits.isdigit() and int(digits[2:] + "2521" + digits[:2]) % 97 == 1


def _date(name: str, evidence: Evidence) -> Kind | None:
    form = date_form(evidence.name, evidence.some, evidence.counts)
    if form is None:
        return None
    days = [day for value in evidence.some if (day := read_date(value, form))]
    rule: dict[str, object] = {"format": form, **({"pivot": PIVOT} if form in SHORT_YEARS else {})}
    if nulls := sorted(set(evidence.some) & EMPTY_DATES):
        rule["null_values"] = nulls
    sure = form not in BY_CHANCE or names_date(evidence.name)
    return Kind(name, lambda v: v in EMPTY_DATES or read_date(v, form) is not None, rule, max(days) if sure else None)


def _money(name: str, evidence: Evidence) -> Kind | None:
    if evidence.share(lambda value: _MONEY.match(value) is not None) < FIT:
        return None
    found = [match for value in evidence.some if (match := _MONEY.match(value))]
    decimal = Counter(match["dec"] for match in found).most_common(1)[0][0]
    rule: dict[str, object] = {} if decimal == "." else {"decimal": decimal}
    if separators := "".join(sorted({match["sep"] for match in found} - {None, decimal})):
        rule["thousands"] = separators
    return Kind(name, lambda value: bool((match := _MONEY.match(value)) and match["dec"] == decimal), rule)


def _code(name: str, evidence: Evidence) -> Kind | None:
    counts = evidence.counts
    few = len(counts) <= MOST_CODES and evidence.filled >= LEAST_USED * len(counts)
    return Kind(name, _any) if few and max(map(len, counts)) <= LONGEST_NAMED_CODE else None


def _is_integer(value: str) -> bool:
    return value.lstrip("-").isdigit()


def _is_phone(value: str) -> bool:
    return _PHONE.fullmatch(value) is not None and not looks_dated(value)


KINDS: tuple[tuple[str, _Judge], ...] = (
    ("pesel", _identifier(11)),
    ("nip", _identifier(10)),
    ("regon", _identifier(9, 14)),
    ("nrb", _by(_is_nrb, FIT_CHECKED)),
    ("postal_code", _form(r"\d\d-\d{3}")),
    ("date", _date),
    ("money", _money),
    ("email", _form(r"[^@\s]+@[^@\s]+\.[a-zA-Z]{2,}")),
    ("code", _code),
    ("integer", _by(_is_integer)),
    ("phone", _by(_is_phone)),
)
"""Kind -> its test, in the order of asking; what is none of them is `text`."""
