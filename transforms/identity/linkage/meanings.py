"""What a column may mean, and how values of that meaning agree.

A meaning has a kind (how its text is cleaned and in which levels two values agree) and a scope:

* `own`     the person's own: a number, an e-mail box.  Relatives agree on it by chance only;
* `given`   the given name: relatives agree on it by chance, and where a son is named after his father;
* `birth`   the birth date: relatives agree on it by chance, and twins always;
* `family`  what relatives have in common;
* `place`   what members of a household, neighbours and people of one town have in common.

The levels stand from the strongest to the weakest; `different` is always the last one and missing values are no
evidence.  In a condition, `a` and `b` are the two values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scope = Literal["own", "given", "birth", "family", "place"]
SCOPES: tuple[Scope, ...] = ("own", "given", "birth", "family", "place")


@dataclass(frozen=True)
class Kind:
    """How values of one kind agree.

    Attributes:
        levels: Conditions over `a` and `b`, from the strongest to the weakest; the first is equality.
        start: Chance of each level (and of none) among records of one person, where the learning starts.
    """

    levels: tuple[str, ...]
    start: tuple[float, ...]


@dataclass(frozen=True)
class Meaning:
    """What a column means."""

    kind: str
    scope: Scope


# An exchange of two neighbours is one slip, too; the cheap distance stands before the dear one.
_TWO_SLIPS = "abs(length(a) - length(b)) <= 2 AND levenshtein(a, b) <= 2"
_SLIP = f"{_TWO_SLIPS} AND damerau_levenshtein(a, b) = 1"
_COMMON_WORD = "contains(a || b, ' ') AND list_has_any(string_split(a, ' '), string_split(b, ' '))"
_SAME_DIGITS = "regexp_replace(a, '[^0-9]', '', 'g') = regexp_replace(b, '[^0-9]', '', 'g')"
# Words in another order: worth splitting only where there are several on both sides.
_HALF_THE_WORDS = (
    "regexp_matches(a, ' .* ') AND regexp_matches(b, ' .* ')"
    " AND len(list_intersect(string_split(a, ' '), string_split(b, ' '))) * 2"
    " >= greatest(len(string_split(a, ' ')), len(string_split(b, ' ')))"
)

_NAME = (
    "a = b",
    f"least(length(a), length(b)) >= 3 AND {_SLIP}",
    f"starts_with(a, b) OR starts_with(b, a) OR {_COMMON_WORD}",
    "jaro_winkler_similarity(a, b) >= 0.88",
    "jaro_winkler_similarity(a, b) >= 0.75",
)

KINDS: dict[str, Kind] = {
    "name": Kind(_NAME, (0.8, 0.08, 0.04, 0.03, 0.02, 0.03)),
    # Bob is Robert: whether two names may stand for the same full one is told with the pair.
    "given": Kind(
        (*_NAME[:3], "pet_name", *_NAME[3:]),
        (0.79, 0.08, 0.04, 0.02, 0.03, 0.02, 0.02),
    ),
    "date": Kind(
        (
            "a = b",
            f"({_SLIP}) OR (a[1:4] = b[1:4] AND a[5:6] = b[7:8] AND a[7:8] = b[5:6])",
            "a[1:4] = b[1:4] AND (a[5:6] = b[5:6] OR a[7:8] = b[7:8])",
            "a[5:8] = b[5:8]",  # strangers share a day of the year more often than a year and one thing more
            f"{_TWO_SLIPS} OR a[1:4] = b[1:4]",
        ),
        (0.85, 0.06, 0.027, 0.013, 0.02, 0.03),
    ),
    "number": Kind(("a = b", _SLIP, f"length(a) >= 6 AND {_TWO_SLIPS}"), (0.85, 0.07, 0.03, 0.05)),
    "code": Kind(("a = b",), (0.9, 0.1)),
    "short": Kind(
        ("a = b", f"{_SLIP} AND greatest(length(a), length(b)) >= 2", "contains(a, b) OR contains(b, a)"),
        (0.8, 0.1, 0.02, 0.08),
    ),
    "text": Kind(
        (
            "a = b",
            f"least(length(a), length(b)) >= 4 AND {_SLIP} OR least(length(a), length(b)) >= 8 AND {_TWO_SLIPS}",
            "jaro_winkler_similarity(a, b) >= 0.9 OR contains(a, b) OR contains(b, a)",
            f"jaro_winkler_similarity(a, b) >= 0.8 OR {_HALF_THE_WORDS}",
        ),
        (0.8, 0.08, 0.04, 0.03, 0.05),
    ),
    # Boxes are made of names, and namesakes number them: whose digits differ has another box, not a mistyped one.
    "email": Kind(
        (
            "a = b",
            f"{_TWO_SLIPS} AND {_SAME_DIGITS}",
            "split_part(a, '@', 1) = split_part(b, '@', 1)",
            f"{_SAME_DIGITS} AND jaro_winkler_similarity(split_part(a, '@', 1), split_part(b, '@', 1)) >= 0.88"
            " AND split_part(a, '@', 2) = split_part(b, '@', 2)",
        ),
        (0.8, 0.08, 0.04, 0.03, 0.05),
    ),
}

MEANINGS: dict[str, Meaning] = {
    "given_name": Meaning("given", "given"),
    "middle_name": Meaning("name", "own"),
    "family_name": Meaning("name", "family"),
    "full_name": Meaning("name", "own"),
    "sex": Meaning("code", "own"),
    "birth_date": Meaning("date", "birth"),
    "national_id": Meaning("number", "own"),
    "phone": Meaning("number", "place"),
    "email": Meaning("email", "own"),
    "company": Meaning("text", "own"),
    "employer": Meaning("text", "family"),
    "house_number": Meaning("short", "place"),
    "flat": Meaning("short", "place"),
    "street": Meaning("text", "place"),
    "address_line": Meaning("text", "place"),
    "locality": Meaning("text", "place"),
    "region": Meaning("code", "place"),
    "postal_code": Meaning("number", "place"),
    "other": Meaning("text", "own"),
    "other_2": Meaning("text", "own"),
    "other_3": Meaning("text", "own"),
    "other_4": Meaning("text", "own"),
}
