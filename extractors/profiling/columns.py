"""What the columns of a raw table hold: types with their forms, and the values that do not fit.

A type is believed where nearly all values that are there fit it; the others are the suspicious ones, counted, with
the record of the first and a masked example.

>>> column = judge_column("SALDO", ["12,50", "1 234,00", "-3,10", "*******", ""] + ["1,00"] * 40)
>>> column.kind, column.rule
('money', {'decimal': ',', 'thousands': ' '})
>>> [(s.what, s.count, s.first_row) for s in column.suspicious]
[('asterisks: the value did not fit its field', 1, 3)]
>>> judge_column("D", [f"{day:02}.03.2001" for day in range(1, 32)]).rule
{'format': 'DD.MM.YYYY'}
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from billing.masking import mask
from extractors.profiling.kinds import Checks, Evidence, kind_of

LONGEST_CODE = 3  # characters of a code that is shown
LEAST_MASKED = 6  # digits of a number that may be somebody's
_MOST_EXAMPLES = 3
_CODED = re.compile(
    r"STAT(US)?|STAN|TYP|RODZ(AJ)?|ROLA|ROLE|KIND|TYPE|KANAL|CHANNEL|FLAGA?|WALUTA|CURRENCY|STAWKA|TARYFA|CYKL"
)


@dataclass(frozen=True)
class Suspicion:
    """Values of a column that are odd.

    Attributes:
        what: Why.
        count: How many of the values looked at.
        first_row: Row of the first, from 0, among the rows looked at.
        example: Masked.
    """

    what: str
    count: int
    first_row: int
    example: str


@dataclass(frozen=True)
class Column:
    """What a column holds.

    Attributes:
        name: As in the raw table.
        kind: `blank`, `pesel`, `nip`, `regon`, `nrb`, `postal_code`, `date`, `money`, `integer`, `phone`, `email`,
            `code`, `text`.
        rule: Keys of a mapping's rule that the form of its values asks for.
        filled: Values that are there.
        distinct: Different values among them.
        rows: Rows looked at.
        longest: Characters of the longest value.
        fits: Share of the filled values that are of the kind.
        latest: Latest date, where its form or its name leaves no doubt that it holds dates.
        examples: Masked values.
        suspicious: Values that are odd.
        codes: Of a `code`: each value -> how often it occurs; empty where they could tell of a person.
    """

    name: str
    kind: str
    rule: dict[str, object] = field(default_factory=dict)
    filled: int = 0
    distinct: int = 0
    rows: int = 0
    longest: int = 0
    fits: float = 1.0
    latest: dt.date | None = None
    examples: tuple[str, ...] = ()
    suspicious: tuple[Suspicion, ...] = ()
    codes: dict[str, int] = field(default_factory=dict)

    @property
    def is_unique(self) -> bool:
        """Every row has a value, and every value is another."""
        return self.rows > 1 and self.filled == self.rows == self.distinct


def judge_column(name: str, values: Sequence[str], checks: Checks | None = None) -> Column:
    """Say what a column holds.

    Args:
        name: Its name.
        values: As text; empty where there is none.
        checks: Tests of identifiers.
    """
    stripped = [value.strip() for value in values]
    filled = [value for value in stripped if value]
    if not filled:
        return Column(name, "blank", rows=len(values))
    evidence = Evidence.of(name, filled, checks)
    kind, counts = kind_of(evidence), evidence.counts
    usual = [value for value in counts if kind.fits(value)]
    return Column(
        name,
        kind.name,
        kind.rule,
        filled=len(filled),
        distinct=len(counts),
        rows=len(values),
        longest=max(map(len, counts)),
        fits=sum(counts[value] for value in usual) / len(filled),
        latest=kind.latest,
        examples=tuple(_masked(value, kind.name) for value in usual[:_MOST_EXAMPLES]),
        suspicious=tuple(_suspicious(stripped, counts, kind.name, kind.fits)),
        codes=dict(counts.most_common()) if kind.name == "code" and _tells_nobody(name, counts) else {},
    )


def _tells_nobody(name: str, codes: Collection[str]) -> bool:
    """Whether codes may be shown: they are short, or their column is called so, and no long number is among them."""
    numbers = any(len(re.findall(r"\d", code)) >= LEAST_MASKED for code in codes)
    return not numbers and (names_codes(name) or max(map(len, codes)) <= LONGEST_CODE)


def names_codes(name: str) -> bool:
    """Whether a column's name says that it holds codes.

    >>> [name for name in ("STATUS", "KTO-STAN", "RODZAJ_KL", "MIASTO", "TYPOWY", "IMIE") if names_codes(name)]
    ['STATUS', 'KTO-STAN', 'RODZAJ_KL']
    """
    return any(_CODED.fullmatch(word) for word in re.split(r"[\W_]+", name.upper()))


def _masked(value: str, kind: str) -> str:
    value = value[:40]
    if kind == "money" or (kind == "code" and len(value) <= LONGEST_CODE):
        return value  # says nothing about a person without the rest of the row
    return mask(value)


_FILLER = re.compile(r"(?i)brak( danych)?|n/?a|x{3,}|null|test\w*|-+|\?+")
_ODD: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("asterisks: the value did not fit its field", lambda v: len(v) > 1 and not v.strip("*")),
    ("a replacement character: a letter was lost before delivery", lambda v: "\ufffd" in v),
    ("a question mark inside a word: a letter was lost before delivery", lambda v: bool(re.search(r"\w\?\w", v))),
    ("control characters", lambda v: any(ord(c) < 0x20 or 0x7F <= ord(c) <= 0x9F for c in v)),
    ("a filler instead of a value", lambda v: bool(_FILLER.fullmatch(v))),
    ("the same digit all over", lambda v: len(v) >= 7 and len(set(v)) == 1 and v[0].isdigit()),
)  # fmt: skip


def _suspicious(stripped: list[str], counts: Counter[str], kind: str, test: Callable[[str], bool]) -> list[Suspicion]:
    found: list[Suspicion] = []
    taken: set[str] = set()

    def note(what: str, odd: set[str]) -> None:
        if odd:
            row = next(at for at, value in enumerate(stripped) if value in odd)
            found.append(Suspicion(what, sum(counts[v] for v in odd), row, _hidden(stripped[row])))

    for what, is_odd in _ODD:
        odd = {value for value in counts if value not in taken and is_odd(value)}
        if what.startswith("the same digit") and kind in ("money", "date", "code"):
            continue
        taken |= odd
        note(what, odd)
    note(_MISFIT.get(kind, f"no {kind}"), {value for value in counts if value not in taken and not test(value)})
    if kind == "integer":
        lengths = Counter(map(len, counts))
        usual, often = lengths.most_common(1)[0]
        if often >= 0.98 * len(counts) and often < len(counts):
            note(f"not {usual} digits long, as the others are", {v for v in counts if len(v) != usual} - taken)
    twice = {value for value, count in counts.items() if count > 1}
    if kind in ("integer", "text") and twice and len(counts) >= 0.99 * len(stripped) and len(stripped) >= 50:
        note("the same value twice in a column that else has none", twice - taken)
    return found


_MISFIT = {
    "pesel": "no valid PESEL (check digit, date or length)",
    "nip": "no valid NIP (check digit or length)",
    "regon": "no valid REGON (check digit or length)",
    "nrb": "no valid account number (check digits or length)",
    "postal_code": "no postal code of the form 00-000",
    "date": "no date of this form, or not of this age",
    "money": "no amount of this form",
    "integer": "no whole number",
    "phone": "no telephone number",
    "email": "no e-mail address",
}


def _hidden(value: str) -> str:
    """A value as far as it may be shown: its first two characters, other letters and digits hidden."""
    return value[:2] + re.sub(r"\w", "*", value[2:])[:30]
