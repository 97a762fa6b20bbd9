"""Learning, without labels, how strongly each level of agreement speaks.

Candidate pairs are a mixture of kinds, and a pair's kind shows in how its fields agree:

* one person, at the same address or moved: each field keeps its level by a chance that is learned;
* strangers: by a chance that is known beforehand, because nearly every random pair is one, and for an exact agreement
  by the frequency of the value;
* relatives agree on the family's name and address, neighbours on the address alone, by chances that are learned, too;
  on a person's own fields both are strangers;
* twins are relatives with one birth date, namesakes relatives with one given name (a son named after his father).

All but the first two keep households apart: without them surname, street and town would count as three independent
witnesses.  How many pairs there are of each kind is learned with the rest (expectation maximisation over patterns of
levels, which are few).  The chances for one person are learned only from pairs that are more likely one person than
not: of the many unlikely ones, the small doubts would add up to a wrong picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from transforms.identity.linkage.meanings import SCOPES
from transforms.identity.linkage.patterns import depth, fields, is_exchange, scope, start

Floats = NDArray[np.float64]

ROUNDS = 200
FREE_ROUNDS = 4  # before only likely pairs teach
STILL = 1e-5  # relative change of the expected pairs of one person that ends the learning
RANDOM_PAIRS = 200_000
# What the start is worth, in pairs and as a share of the pairs that teach: fields that few pairs show stay near it.
START_PAIRS, START_SHARE = 10.0, 0.1

# People move, but no source has this many wrong names, dates or numbers.  Without a limit, namesakes could pass for one
# person in a data set that has many of them.
MOST_DIFFERENT = 0.2
_STRETCH = 65_536  # patterns scored at a time; their chances stay in the cache

# Kind of pair -> scope -> how it agrees there: as one person (m), as strangers (u), as a household (h) or place (p).
KINDS_OF_PAIR: dict[str, dict[str, str]] = {
    "same": {"own": "m", "given": "m", "birth": "m", "family": "m", "place": "m"},
    "moved": {"own": "m", "given": "m", "birth": "m", "family": "m", "place": "u"},
    "strangers": {"own": "u", "given": "u", "birth": "u", "family": "u", "place": "u"},
    "relatives": {"own": "u", "given": "u", "birth": "u", "family": "h", "place": "h"},
    "twins": {"own": "u", "given": "u", "birth": "m", "family": "h", "place": "h"},
    "namesakes": {"own": "u", "given": "m", "birth": "u", "family": "h", "place": "h"},
    "neighbours": {"own": "u", "given": "u", "birth": "u", "family": "u", "place": "p"},
}
ONE_PERSON = slice(0, 2)
_PLACED = ("moved", "relatives", "twins", "namesakes", "neighbours")  # kinds that only addresses can tell
_RARE_RELATIVES = ("twins", "namesakes")
# Of all pairs of relatives.  Without a limit, records of one person with a wrong name would pass for twins.
MOST_RARE_RELATIVES = 0.005


@dataclass(frozen=True)
class Patterns:
    """Pairs, or groups of pairs that agree alike.

    Attributes:
        levels: Row a pattern, column a field.
        lnf: Row a pattern, column a scope: summed logarithms of the frequencies of exactly agreeing values.
        counts: Pairs of each pattern.
    """

    levels: NDArray[np.int8]
    lnf: Floats
    counts: Floats


@dataclass
class Model:
    """What was learned.

    Attributes:
        fields: Compared fields.
        chances: m, u, h, p -> field -> chance of each level.
        masses: Kind of pair -> expected number of pairs.
        rounds: Rounds of learning.
        converged: Whether the last round changed nothing that matters.
    """

    fields: list[str]
    chances: dict[str, dict[str, Floats]]
    masses: dict[str, float]
    rounds: int = 0
    converged: bool = False


def group_patterns(con: duckdb.DuckDBPyConnection, present: Sequence[str], table: str) -> Patterns:
    """The pairs of a table of levels, grouped by levels and rounded frequencies."""
    names, lnf = fields(present), [f"{s}_lnf" for s in SCOPES]
    rounded = ", ".join(f"round({name} * 2) / 2 AS {name}" for name in lnf)
    sql = f"SELECT {', '.join(names)}, {rounded}, count(*) AS pairs FROM {table} GROUP BY ALL ORDER BY ALL"
    return _patterns(con.execute(sql).fetchnumpy(), names, lnf)


def score_pairs(
    con: duckdb.DuckDBPyConnection, present: Sequence[str], table: str, model: Model, groups: Patterns, least: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """The pairs of a table of levels that have at least a chance of `least` to be one person, and that chance.

    Args:
        con: Connection with the table.
        present: Meanings with values.
        table: The table of levels.
        model: What was learned.
        groups: The same pairs, grouped: they tell which need no closer look.
        least: Pairs that are less likely are left out.
    """
    names, lnf = fields(present), [f"{s}_lnf" for s in SCOPES]
    likely = posteriors(model, groups)[:, ONE_PERSON].sum(axis=1) >= least / 4
    # each frequency was rounded to halves
    highest = float(groups.lnf[likely].sum(axis=1).max(initial=-np.inf)) + 0.25 * len(lnf)
    rows = con.execute(f"""
        SELECT l, r, {", ".join(names)}, {", ".join(lnf)}, 1 AS pairs FROM {table}
        WHERE {" + ".join(lnf)} <= {max(highest, -1e6)!r} ORDER BY l, r
    """).fetchnumpy()
    chance = posteriors(model, _patterns(rows, names, lnf))[:, ONE_PERSON].sum(axis=1)
    kept = chance >= least
    return np.asarray(rows["l"], np.int64)[kept], np.asarray(rows["r"], np.int64)[kept], chance[kept]


def _patterns(rows: Mapping[str, Any], names: Sequence[str], lnf: Sequence[str]) -> Patterns:
    return Patterns(
        np.stack([np.asarray(rows[name], dtype=np.int8) for name in names], axis=1),
        np.stack([np.asarray(rows[name], dtype=np.float64) for name in lnf], axis=1),
        np.asarray(rows["pairs"], dtype=np.float64),
    )


def count_levels(con: duckdb.DuckDBPyConnection, present: Sequence[str], table: str) -> dict[str, Floats]:
    """Field -> how many pairs of a table of levels have each level."""
    counts = {}
    for field in fields(present):
        rows = dict(con.execute(f"SELECT {field}, count(*) FROM {table} WHERE {field} >= 0 GROUP BY 1").fetchall())
        counts[field] = np.array([rows.get(level, 0) for level in range(depth(field))], dtype=float)
    return counts


def learn(patterns: Patterns, names: list[str], random: Mapping[str, Floats], pairs: float, records: int) -> Model:
    """Learn the chances and the masses.

    Args:
        patterns: Candidate pairs, grouped.
        names: The compared fields, in the order of the patterns' columns.
        random: Field -> how many random pairs have each level.
        pairs: All pairs that there are, compared or not.
        records: Number of records.
    """
    begun = {field: np.array(start(field)) for field in names}
    loose = {field: 0.7 * chance + 0.3 / depth(field) for field, chance in begun.items()}
    model = Model(
        names,
        {
            "m": dict(begun),
            "u": {field: (random[field] + 0.5) / (random[field] + 0.5).sum() for field in names},
            "h": dict(loose),
            "p": dict(loose),
        },
        {
            "same": records / 4, "moved": records / 40, "strangers": pairs, "relatives": records,
            "twins": records / 100, "namesakes": records / 100, "neighbours": records,
        },
    )  # fmt: skip
    if not any(scope(field) == "place" for field in names):
        model.masses.update(dict.fromkeys(_PLACED, 0.0))
    if not {"given_name", "birth_date"} <= set(names):
        model.masses.update(dict.fromkeys(_RARE_RELATIVES, 0.0))
    before = 0.0
    for model.rounds in range(1, ROUNDS + 1):
        chance = posteriors(model, patterns)
        if model.rounds > FREE_ROUNDS:
            chance[chance[:, ONE_PERSON].sum(axis=1) < 0.5, ONE_PERSON] = 0.0
        _learn_round(model, patterns, chance * patterns.counts[:, None], begun)
        people = model.masses["same"] + model.masses["moved"]
        model.converged = model.rounds > FREE_ROUNDS + 1 and abs(people - before) <= STILL * people
        if model.converged:
            break
        before = people
    return model


def _learn_round(model: Model, patterns: Patterns, weights: Floats, begun: Mapping[str, Floats]) -> None:
    for number, kind in enumerate(KINDS_OF_PAIR):
        if kind != "strangers" and model.masses[kind]:
            model.masses[kind] = max(float(weights[:, number].sum()), 1.0)
    for kind in _RARE_RELATIVES:
        model.masses[kind] = min(model.masses[kind], MOST_RARE_RELATIVES * model.masses["relatives"])
    for column, field in enumerate(model.fields):
        given = patterns.levels[:, column] >= 0
        level = patterns.levels[given, column]
        for which in ("m", "h", "p"):
            kinds = [n for n, how in enumerate(KINDS_OF_PAIR.values()) if how[scope(field)] == which]
            if kinds:
                weight = weights[:, kinds].sum(axis=1)
                seen = np.bincount(level, weights=weight[given], minlength=depth(field))
                seen = seen + (START_PAIRS + START_SHARE * weight.sum()) * begun[field]
                chance = seen / seen.sum()
                if which == "m" and scope(field) != "place" and chance[-1] > MOST_DIFFERENT:
                    chance = np.append(chance[:-1] * (1 - MOST_DIFFERENT) / chance[:-1].sum(), MOST_DIFFERENT)
                model.chances[which][field] = chance


def posteriors(model: Model, patterns: Patterns) -> Floats:
    """Chance of each kind of pair; a row a pattern, a column a kind."""
    tables = [
        {which: _logs(model, field, which) for which in {how[scope(field)] for how in KINDS_OF_PAIR.values()}}
        for field in model.fields
    ]
    rows = len(patterns.levels)
    chance = np.empty((len(KINDS_OF_PAIR), rows))
    for begin in range(0, rows, _STRETCH):
        part = slice(begin, begin + _STRETCH)
        _score(model, tables, patterns.levels[part], patterns.lnf[part], chance[:, part])
    return chance.T


def _logs(model: Model, field: str, which: str) -> Floats:
    """Logarithm of the chance of each level of a field, and of none: what is missing says nothing."""
    log = np.log(model.chances[which][field])
    if which == "u":
        # An exact agreement among strangers is told by the frequency of its value.  An exchange is no evidence by
        # itself: that the exchanged values agree is counted with their fields.
        log = np.zeros_like(log) if is_exchange(field) else np.concatenate([[0.0], log[1:]])
    return np.append(log, 0.0)  # level -1 takes the last


def _score(
    model: Model, tables: Sequence[Mapping[str, Floats]], levels: NDArray[np.int8], lnf: Floats, chance: Floats
) -> None:
    """Fill in the chances of some patterns; a row a kind here, so that each sum runs along memory."""
    for number, (kind, how) in enumerate(KINDS_OF_PAIR.items()):
        chance[number] = np.log(model.masses[kind]) if model.masses[kind] else -np.inf
        for column, name in enumerate(SCOPES):
            if how[name] == "u":
                chance[number] += lnf[:, column]
    for column, (field, table) in enumerate(zip(model.fields, tables, strict=True)):
        level = levels[:, column].astype(np.intp)
        picked = {which: log[level] for which, log in table.items()}
        for number, how in enumerate(KINDS_OF_PAIR.values()):
            chance[number] += picked[how[scope(field)]]
    chance -= chance.max(axis=0)
    np.exp(chance, out=chance)
    chance /= chance.sum(axis=0)
