"""How the fields of candidate pairs agree: one small number a field and pair.

A table of levels has, a pair, `l`, `r`, for each field its level (0 the strongest, the last one `different`, -1
missing) and a scope (`own_lnf`, `given_lnf`, ... `place_lnf`): the logarithms of the frequencies of the values that
agree exactly, summed; an address counts as one.  A rare value that agrees says more than a common one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import duckdb
import pyarrow as pa

from transforms.identity.linkage.meanings import KINDS, MEANINGS, SCOPES
from transforms.vocabulary import full_names

MISSING = -1
# Fields that people exchange: where the right record agrees better with its two values exchanged, they are exchanged
# before they are compared, and the exchange itself is one more field.
EXCHANGED = (("given_name", "family_name"), ("street", "address_line"))
_EXCHANGE_START = (0.97, 0.03)
_CLEARLY_BETTER, _ALIKE = 0.3, 0.85  # of similarities between 0 and 1


def fields(present: Sequence[str]) -> list[str]:
    """Compared fields: the meanings with values, and `<x>_exchanged` where two may be exchanged.

    >>> fields(["given_name", "family_name", "email"])
    ['given_name', 'family_name', 'email', 'given_name_exchanged']
    """
    return [*present, *(is_exchange_of(a) for a, _ in _exchangeable(present))]


def is_exchange_of(meaning: str) -> str:
    """Name of the field that says whether a meaning's values were exchanged."""
    return f"{meaning}_exchanged"


def is_exchange(field: str) -> bool:
    """Whether the field is an exchange."""
    return field.endswith("_exchanged")


def _exchangeable(present: Sequence[str]) -> list[tuple[str, str]]:
    return [(a, b) for a, b in EXCHANGED if a in present and b in present]


def depth(field: str) -> int:
    """Number of levels, with `different`."""
    return len(start(field))


def start(field: str) -> tuple[float, ...]:
    """Chance of each level among records of one person, where the learning starts."""
    return _EXCHANGE_START if is_exchange(field) else KINDS[MEANINGS[field].kind].start


def scope(field: str) -> str:
    """Who else agrees on the field."""
    return "own" if is_exchange(field) else MEANINGS[field].scope


def compare(con: duckdb.DuckDBPyConnection, present: Sequence[str], pairs: str, table: str) -> None:
    """Build `table` from the pairs (l, r) of `pairs`.

    Args:
        con: Connection with `person` and a table `frequency_<meaning>` (value, f) a meaning.
        present: Meanings with values.
        pairs: Table of pairs.
        table: What to build.
    """
    values = ", ".join(f"a.{m} AS {m}_l, b.{m} AS {m}_r" for m in present)
    right = {m: f"{m}_r" for m in present}
    turns = []
    for a, b in _exchangeable(present):
        turned = is_exchange_of(a)
        turns.append(f"{_turned(a, b)} AS {turned}")
        right[a] = f"CASE WHEN {turned} = 1 THEN {b}_r ELSE {a}_r END"
        right[b] = f"CASE WHEN {turned} = 1 THEN {a}_r ELSE {b}_r END"
    exchanges = "".join(f", {is_exchange_of(a)}" for a, _ in _exchangeable(present))
    aligned = ", ".join(f"{m}_l, {right[m]} AS {m}_x" for m in present)
    levels = ", ".join(f"{_level(m)} AS {m}" for m in present)
    sums = ", ".join(f"({_summed(s, present)})::FLOAT AS {s}_lnf" for s in SCOPES)
    joins = " ".join(f"LEFT JOIN frequency_{m} AS q_{m} ON {m} = 0 AND q_{m}.value = {m}_l" for m in present)
    carried = ""
    if "given_name" in present:
        values += ", coalesce(list_has_any(a.full_names, b.full_names), false) AS pet_name"
        aligned += ", pet_name"
    if _home(present):
        values += ", CASE WHEN a.home = b.home THEN a.home END AS home"
        carried = ", home"
        aligned += ", home"
        joins += " LEFT JOIN frequency_home AS q_home ON q_home.value = home"
    con.execute(f"""
        CREATE OR REPLACE TABLE {table} AS
        WITH paired AS (
            SELECT c.l, c.r, {values}
            FROM {pairs} AS c JOIN person AS a ON a.record = c.l JOIN person AS b ON b.record = c.r
        ),
        turned AS (SELECT *{"".join(", " + turn for turn in turns)} FROM paired),
        aligned AS (SELECT l, r{exchanges}, {aligned} FROM turned),
        leveled AS (SELECT l, r{exchanges}{carried}, {", ".join(f"{m}_l" for m in present)}, {levels} FROM aligned)
        SELECT l, r, {", ".join(fields(present))}, {sums} FROM leveled {joins}
    """)


# Where somebody lives, from the house to the country.  What lies within a town is named by several fields that say the
# same again: the rarest of them says it all.
_HOUSE = ("house_number", "street", "address_line")
_TOWN = ("postal_code", "locality", "region")


def _home(present: Sequence[str]) -> list[str]:
    """The fields that make a house together; none where one field alone does."""
    parts = [m for m in _HOUSE if m in present]
    return parts if len(parts) > 1 else []


def _summed(which: str, present: Sequence[str]) -> str:
    """SQL of the logarithm of the chance that two strangers agree on what these two do, in one scope.

    The parts of an address are no independent witnesses: a house is as frequent as it is, however rare its number and
    its street are, and a postal code already says which town.
    """
    logs = {m: f"CASE WHEN {m} = 0 THEN coalesce(ln(q_{m}.f), 0) ELSE 0 END" for m in present if scope(m) == which}
    town = [logs.pop(m) for m in _TOWN if m in logs]
    terms = list(logs.values())
    if town:
        terms.append(f"least({', '.join(town)})" if len(town) > 1 else town[0])
    summed = " + ".join(terms) or "0"
    return f"greatest({summed}, coalesce(ln(q_home.f), -99))" if which == "place" and _home(present) else summed


def _turned(a: str, b: str) -> str:
    """1 where the right record's `a` and `b` agree clearly better exchanged; else 0."""

    def like(x: str, y: str) -> str:
        return f"coalesce(jaro_winkler_similarity({x}_l, {y}_r), 0)"

    # the first two conditions only spare most pairs the dear ones
    return (
        f"CASE WHEN coalesce({a}_l = {a}_r OR {b}_l = {b}_r, false) THEN 0"
        f" WHEN coalesce({a}_l[1] <> {b}_r[1], true) AND coalesce({b}_l[1] <> {a}_r[1], true) THEN 0"
        f" WHEN greatest({like(a, b)}, {like(b, a)}) > {_ALIKE}"
        f" AND {like(a, b)} + {like(b, a)} > {like(a, a)} + {like(b, b)} + {_CLEARLY_BETTER}"
        " THEN 1 ELSE 0 END::TINYINT"
    )


def _level(meaning: str) -> str:
    a, b = f"{meaning}_l", f"{meaning}_x"
    conditions = KINDS[MEANINGS[meaning].kind].levels
    bound = [re.sub(r"\b[ab]\b", lambda word: a if word[0] == "a" else b, condition) for condition in conditions]
    cases = " ".join(f"WHEN {condition} THEN {number}" for number, condition in enumerate(bound))
    return f"(CASE WHEN {a} IS NULL OR {b} IS NULL THEN {MISSING} {cases} ELSE {len(conditions)} END)::TINYINT"


def count_values(con: duckdb.DuckDBPyConnection, present: Sequence[str]) -> None:
    """Build `frequency_<meaning>` (value, f, sounds): the chance that another record has the value, too.

    Names and texts have the `skeleton` of each of their words in `sounds`, and of the whole in `sound`.

    Args:
        con: Connection with `person`.
        present: Meanings with values.
    """
    for m in present:
        sounds = ""
        if MEANINGS[m].kind in ("given", "name", "text"):
            words = f"list_filter(string_split({m}, ' '), lambda w: length(w) > 1)"
            sounds = f", skeleton({m}) AS sound, list_transform({words}, lambda w: skeleton(w)) AS sounds"
        con.execute(f"""
            CREATE OR REPLACE TABLE frequency_{m} AS
            SELECT {m} AS value, greatest(count(*) - 1, 0.5) / sum(count(*)) OVER () AS f{sounds}
            FROM person WHERE {m} IS NOT NULL GROUP BY {m} ORDER BY {m}
        """)
    if "given_name" in present:
        _look_up_full_names(con)
    if home := _home(present):
        # the fields of a house may be exchanged, and its number may stand in either of two
        whole = " AND ".join(f"{m} IS NOT NULL" for m in home if m != "address_line" or "street" not in home)
        con.execute(f"""
            CREATE OR REPLACE TABLE person AS
            SELECT *, CASE WHEN {whole} THEN hash({", ".join(home)}) END AS home FROM person
        """)
        # who stands there several times is no stranger to himself
        people, named = "count(*)", ""
        if "given_name" in present:
            people = "count(DISTINCT sound)"
            named = "LEFT JOIN frequency_given_name AS q ON q.value = given_name"
        con.execute(f"""
            CREATE OR REPLACE TABLE frequency_home AS
            SELECT home AS value, greatest({people} - 1, 0.5) / sum(count(*)) OVER () AS f
            FROM person {named} WHERE home IS NOT NULL GROUP BY home ORDER BY home
        """)


def _look_up_full_names(con: duckdb.DuckDBPyConnection) -> None:
    """Give `person` the full names that the first word of its given name may stand for."""
    known = full_names()
    con.register(
        "known_arrow", pa.table({"word": list(known), "full_names": [list(names) for names in known.values()]})
    )
    con.execute("""
        CREATE OR REPLACE TABLE person AS
        SELECT p.*, full_names FROM person AS p LEFT JOIN known_arrow ON word = split_part(given_name, ' ', 1)
    """)
    con.unregister("known_arrow")
