"""Decisions above the score: which scored pair is one customer, which is not, and which a person has to look at.

A score alone merges households: the same surname, the same address and the same telephone outweigh a different first
name.  So the score never decides by itself.  `POLICIES` is a list of named conditions over the levels of agreement; the
first that holds gives the outcome and its reason:

* a valid PESEL (for organisations a NIP or REGON) merges together with an agreeing name; PESELs are shared by mistake
  about once in twenty thousand people, so the number alone goes to a person;
* without an identifier on a side, a full name and a birth date merge only together with something that is not shared
  with strangers, or with a name so rare that the weight says so;
* a name and an address alone never merge, because fathers and sons have both.

Outcomes:

* `merge`       one customer;
* `keep_apart`  two; a `hard` one also keeps the two from meeting through a chain of others;
* `review`      a person decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import duckdb

from transforms.identity.comparisons import COMPARISONS, GENERATION
from transforms.identity.decided import REASONS as DECIDED
from transforms.identity.weights import Weights

Outcome = Literal["merge", "keep_apart", "review"]


@dataclass(frozen=True)
class Policy:
    """One named decision.

    Attributes:
        reason: Stable code, kept with the edge.
        outcome: What becomes of the pair.
        when: Condition over level names, `match_weight`, `birth_given` (delivered dates only), `sexes_differ`, `woman`,
            `years_apart`, `$merge`, `$review`.
        says: The reason for people.
        hard: A `keep_apart` that also holds through a chain.
        identified: A `merge` that stands on an identifier; such merges are made first.
    """

    reason: str
    outcome: Outcome
    when: str
    says: str
    hard: bool = False
    identified: bool = False


_LAST = "last_name IN ('same', 'part', 'mistyped', 'swapped')"
_FIRST = "first_name IN ('same', 'mistyped', 'swapped', 'diminutive', 'initial')"
_NAME = f"({_LAST} AND {_FIRST})"
# Initials and diminutives are too weak where no identifier stands behind them: twins share initials.
_SURE_NAME = f"({_LAST} AND first_name IN ('same', 'mistyped', 'swapped'))"
_OWN = "(document = 'same' OR email = 'same')"
_NEAR = f"(address IN ('dwelling', 'building') OR phone = 'same' OR nip = 'same' OR {_OWN})"
_HOME = f"(address = 'dwelling' OR phone = 'same' OR {_OWN})"
_COMPANY = "company IN ('same', 'similar')"
# Kept-apart pairs that somebody will ask about; all others are only counted.
ALIKE = f"({_NAME} OR {_COMPANY} AND (address IN ('dwelling', 'building') OR phone = 'same'))"

_PERSONS: tuple[Policy, ...] = (
    Policy("PESEL-DIFFER", "keep_apart", "pesel = 'different'", "two different valid PESELs", hard=True),
    Policy("PESEL-NAME", "merge", f"pesel = 'same' AND {_NAME}", "the same PESEL and name", identified=True),
    Policy(
        "PESEL-SURNAME", "merge", f"pesel = 'same' AND {_LAST} AND first_name = 'missing'",
        "the same PESEL and surname; a first name is missing", identified=True,
    ),
    # Whoever shares a PESEL by mistake shares its birth date too, so that date is no second witness: where the surname
    # differs, the first name and something of the home have to agree.
    Policy(
        "PESEL-BIRTH", "merge",
        "pesel = 'same' AND NOT sexes_differ AND birth_given <> 'different'"
        " AND (first_name IN ('same', 'diminutive')"
        f"      AND (last_name = 'missing' OR {_NEAR} OR woman AND address IN ('street', 'place'))"
        f"     OR first_name = 'mistyped' AND {_NEAR}"
        f"     OR first_name = 'missing' AND birth_given = 'same' AND {_NEAR})",
        "the same PESEL, first name and home or town; another surname (marriage)", identified=True,
    ),
    Policy("PESEL-CONFLICT", "review", "pesel = 'same'", "the same PESEL, but the name does not confirm it"),
    Policy(
        "OWN-CONFLICT", "review", f"{_OWN} AND (birth_date = 'different' OR first_name = 'different')"
        " AND last_name = 'same' AND (birth_date = 'same' OR first_name = 'same')",
        "the same document or e-mail address, but birth date or first name differ",
    ),
    Policy(
        "BIRTH-UNSURE", "review",
        f"birth_date = 'different' AND years_apart < {GENERATION} AND {_SURE_NAME} AND {_HOME}",
        "the same name and home; the birth dates differ, but by too little for father and son",
    ),
    Policy(
        "BIRTH-DIFFER", "keep_apart", "birth_date = 'different'", "birth dates differ (fathers and sons, namesakes)",
        hard=True,
    ),
    Policy(
        "FIRST-NAME-DIFFER", "keep_apart", "first_name = 'different'",
        "first names differ (household members, twins)", hard=True,
    ),
    Policy(
        "TRADER-NIP", "merge", f"nip = 'same' AND {_NAME}", "the same NIP and name (sole traders)", identified=True,
    ),
    Policy(
        "DOCUMENT-NAME", "merge", f"document = 'same' AND {_SURE_NAME} AND birth_date IN ('same', 'mistyped')",
        "the same identity document, name and birth date", identified=True,
    ),
    Policy(
        "NAME-BIRTH-NEAR", "merge", f"{_SURE_NAME} AND birth_date = 'same' AND {_NEAR} AND match_weight >= $review",
        "the same name and birth date, and the same home, telephone, e-mail, document or NIP",
    ),
    Policy(
        "NAME-BIRTH-RARE", "merge", f"{_SURE_NAME} AND birth_date = 'same' AND match_weight >= $merge",
        "the same birth date and a name rare enough to tell people apart",
    ),
    Policy(
        "NAME-BIRTH-TYPO", "merge",
        "last_name = 'same' AND first_name = 'same' AND birth_date = 'mistyped'"
        f" AND {_HOME} AND match_weight >= $merge",
        "the same name and home, and a birth date that differs by a slip",
    ),
    Policy(
        "MARRIED-NAME", "merge",
        f"last_name = 'different' AND first_name = 'same' AND birth_date = 'same' AND {_HOME}"
        " AND match_weight >= $review",
        "the same first name, birth date and home; another surname (marriage)",
    ),
    Policy(
        "NAME-OWN", "merge", f"{_SURE_NAME} AND birth_date = 'missing' AND {_OWN} AND match_weight >= $merge",
        "the same name, and the same document or e-mail address",
    ),
    Policy(
        "NAME-BIRTH", "review", f"{_NAME} AND birth_date IN ('same', 'mistyped')",
        "the same name and birth date, nothing else agrees",
    ),
    Policy(
        "NAME-HOME", "review", f"{_NAME} AND birth_date = 'missing' AND {_HOME}",
        "the same name and home; without a birth date it may be father and son",
    ),
)  # fmt: skip

_ORGANISATIONS: tuple[Policy, ...] = (
    Policy("NIP-DIFFER", "keep_apart", "nip = 'different'", "two different valid NIPs", hard=True),
    Policy("NIP-NAME", "merge", f"nip = 'same' AND {_COMPANY}", "the same NIP and name", identified=True),
    Policy(
        "NIP-ADDRESS", "merge", "nip = 'same' AND (address IN ('dwelling', 'building') OR regon = 'same')",
        "the same NIP, and the same address or REGON; the name changed", identified=True,
    ),
    Policy("NIP-CONFLICT", "review", "nip = 'same'", "the same NIP, but another name and address (a unit, a branch)"),
    Policy("REGON-DIFFER", "keep_apart", "regon = 'different'", "two different valid REGONs", hard=True),
    Policy("REGON-NAME", "merge", f"regon = 'same' AND {_COMPANY}", "the same REGON and name", identified=True),
    Policy("REGON-CONFLICT", "review", "regon = 'same'", "the same REGON, but another name"),
    Policy(
        "COMPANY-HOME", "merge",
        f"company = 'same' AND (address = 'dwelling' OR (address = 'building' AND (phone = 'same' OR {_OWN})))"
        " AND match_weight >= $review",
        "the same name and address",
    ),
    Policy(
        "COMPANY-NEAR", "review", f"{_COMPANY} AND (address IN ('dwelling', 'building') OR phone = 'same' OR {_OWN})",
        "a like name and the same building, telephone or e-mail address",
    ),
)  # fmt: skip

_REST: tuple[Policy, ...] = (
    Policy("WEIGHT", "review", "match_weight >= $merge", "much agrees, but no rule says that they are one"),
    Policy("WEAK", "keep_apart", "true", "too little agrees"),
)

POLICIES: tuple[Policy, ...] = (*_PERSONS, *_ORGANISATIONS, *_REST)

CLUSTER_CONFLICT = "CLUSTER-CONFLICT"
CLUSTER_AMBIGUOUS = "CLUSTER-AMBIGUOUS"
REASONS: dict[str, str] = {
    **{policy.reason: policy.says for policy in POLICIES},
    CLUSTER_CONFLICT: "the pair agrees, but merging it would bring contradicting records into one customer",
    CLUSTER_AMBIGUOUS: "the record fits two customers that contradict each other about equally well",
    **DECIDED,
}


def decide(con: duckdb.DuckDBPyConnection, weights: Weights) -> None:
    """Turn `scored` into `decided`: every pair with `outcome`, `reason`, `hard` and `identified`.

    Args:
        con: Connection with the tables `scored` and `evidence`.
        weights: Gives the two thresholds.
    """
    cases = {"reason": "", "outcome": "", "hard": "", "identified": ""}
    for policy in POLICIES:
        scope = "true"
        if policy in _PERSONS:
            scope = "class = 'person'"
        elif policy in _ORGANISATIONS:
            scope = "class = 'organisation'"
        condition = policy.when.replace("$merge", f"{weights.merge_weight!r}")
        condition = condition.replace("$review", f"{weights.review_weight!r}")
        cases["reason"] += f" WHEN {scope} AND ({condition}) THEN '{policy.reason}'"
    for policy in POLICIES:
        cases["outcome"] += f" WHEN '{policy.reason}' THEN '{policy.outcome}'"
        cases["hard"] += f" WHEN '{policy.reason}' THEN {policy.hard}"
        cases["identified"] += f" WHEN '{policy.reason}' THEN {policy.identified}"
    con.execute(f"""
        CREATE OR REPLACE TABLE decided AS
        WITH judged AS (
            SELECT s.*,
                a.class,
                CASE WHEN a.birth_given IS NULL OR b.birth_given IS NULL THEN 'missing'
                     WHEN a.birth_given = b.birth_given THEN 'same'
                     -- a slip in a delivered date, as the comparison of birth dates sees it
                     WHEN s.birth_date = 'mistyped' THEN 'mistyped'
                     WHEN damerau_levenshtein(strftime(a.birth_given, '%Y%m%d'), strftime(b.birth_given, '%Y%m%d')) = 1
                     THEN 'mistyped'
                     ELSE 'different' END AS birth_given,
                coalesce(a.sex <> b.sex, false) AS sexes_differ,
                -- the tenth digit of a PESEL is even for women
                coalesce(a.pesel[10]::INTEGER % 2 = 0, false) AS woman,
                abs(year(a.birth_date) - year(b.birth_date)) AS years_apart
            FROM scored AS s
            JOIN evidence AS a ON a.record = s.record_l
            JOIN evidence AS b ON b.record = s.record_r
        ),
        reasoned AS (SELECT *, CASE {cases["reason"]} END AS reason FROM judged)
        SELECT record_l, record_r, rule, match_weight, match_probability,
            {", ".join(f"{c.name}, weight_{c.name}" for c in COMPARISONS)},
            reason,
            CASE reason {cases["outcome"]} END AS outcome,
            CASE reason {cases["hard"]} END AS hard,
            CASE reason {cases["identified"]} END AS identified
        FROM reasoned
    """)
