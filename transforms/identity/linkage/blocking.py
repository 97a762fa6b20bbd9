"""Which pairs are compared.

A record gives several encodings of each of its fields (whole, sounds-like, parts of a date).  Each encoding, and each
two encodings of different fields, could be a blocking key.  Which keys are used is decided by damage: pairs of records
are imagined whose fields are lost, mistyped or never filled (as often as in this data), and the keys are taken that
catch the most of what no other key has caught yet, for the fewest pairs.  So no field is indispensable and none is
trusted.  Small data sets are compared in full.

What the keys find is more than is worth a close look.  Where it is too much, the pairs stay that agree exactly on the
rarest values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import duckdb
import numpy as np
from numpy.typing import NDArray

from transforms.identity.linkage.meanings import MEANINGS

FULL_COMPARISON = 3_000_000  # pairs; up to here everything is compared with everything
FOUND_PER_RECORD, COMPARED_PER_RECORD = 10, 2
LEAST_FOUND, LEAST_COMPARED = 1_500_000, 1_200_000
BIGGEST_BLOCK = 1_000  # records; a value that more share tells nobody from another
MOST_KEYS, MOST_KEYS_OF_MANY, MANY = 60, 24, 200_000  # each key costs a pass over all records
SAMPLE = 30_000
SCENARIOS = 4_000
SURVIVES, SLIPS = 0.7, 0.2  # of a field that both records have; else it is lost
CAUGHT_AGAIN = 0.3  # what it is worth to catch a scenario that is caught already


@dataclass(frozen=True)
class Encoding:
    """One way to write a field as a key.

    Attributes:
        meaning: The field; encodings of one field make no key together.
        name: Column of the table of codes.
        sql: Expression over `person`.
        many: A list: each element is a key.
    """

    meaning: str
    name: str
    sql: str
    many: bool = False


@dataclass(frozen=True)
class Key:
    """A blocking key: one or two encodings that have to be equal.

    Attributes:
        parts: The encodings.
        pairs: Pairs that it is expected to find.
    """

    parts: tuple[Encoding, ...]
    pairs: float

    @property
    def name(self) -> str:
        """Its encodings."""
        return "+".join(part.name for part in self.parts)


def encodings(present: Sequence[str]) -> list[Encoding]:
    """The encodings of the fields that have values.

    >>> [e.name for e in encodings(["birth_date", "sex"])]
    ['birth_date', 'birth_date_month', 'birth_date_turned', 'birth_date_day']
    """
    made: list[Encoding] = []
    names = [m for m in ("given_name", "family_name") if m in present]
    if names:
        sounds = ", ".join(f"q_{m}.sounds" for m in names)
        made.append(Encoding("family_name", "name_sound", f"list_distinct(flatten([{sounds}]))", many=True))
    for m in present:
        kind = MEANINGS[m].kind
        if kind == "code":
            continue
        made.append(Encoding(m, m, m))
        if kind in ("name", "text"):
            made.append(
                Encoding(m, f"{m}_start", f"{m}[1:3]") if m in names else Encoding(m, f"{m}_sound", f"q_{m}.sound")
            )
        elif kind == "date":
            made += [
                Encoding(m, f"{m}_month", f"{m}[1:6]"),
                Encoding(m, f"{m}_turned", f"least({m}[5:6], {m}[7:8]) || greatest({m}[5:6], {m}[7:8])"),
                Encoding(m, f"{m}_day", f"{m}[1:4] || {m}[7:8]"),
            ]
        elif kind == "number" and m != "postal_code":
            made += [
                Encoding(m, f"{m}_{name}", f"CASE WHEN length({m}) >= 6 THEN {side}({m}, length({m}) // 2) END")
                for name, side in (("head", "left"), ("tail", "right"))
            ]
        elif kind == "email":
            made.append(Encoding(m, f"{m}_box", f"split_part({m}, '@', 1)"))
    return made


def block(con: duckdb.DuckDBPyConnection, present: Sequence[str], clean: Sequence[int]) -> list[Key]:
    """Build `candidate` (l, r): the pairs to compare.

    Args:
        con: Connection with `person` and the tables of frequencies.
        present: Meanings with values.
        clean: Numbers of the sources within which nobody stands twice.

    Returns:
        The keys that were used; none where everything was compared.
    """
    apart = f"NOT (a.source = b.source AND a.source IN ({', '.join(map(str, clean)) or '-1'}))"
    records = int(con.execute("SELECT count(*) FROM person").fetchall()[0][0])
    if records * (records - 1) // 2 <= FULL_COMPARISON:
        con.execute(f"""
            CREATE OR REPLACE TABLE candidate AS
            SELECT a.record AS l, b.record AS r FROM person AS a JOIN person AS b ON a.record < b.record WHERE {apart}
        """)
        return []
    made = encodings(present)
    sounding = [m for m in present if any(f"q_{m}." in encoding.sql for encoding in made)]
    con.execute(f"""
        CREATE OR REPLACE TABLE code AS SELECT record, source, {", ".join(_code(e) for e in made)} FROM person
        {" ".join(f"LEFT JOIN frequency_{m} AS q_{m} ON q_{m}.value = {m}" for m in sounding)}
    """)
    keys = _choose(con, made, records, max(LEAST_FOUND, FOUND_PER_RECORD * records))
    con.execute("CREATE OR REPLACE TABLE found (l INTEGER, r INTEGER)")
    for key in keys:
        con.execute(f"""
            INSERT INTO found
            WITH k AS MATERIALIZED ({_keyed("code", key.parts)}),
            good AS (SELECT h FROM k GROUP BY h HAVING count(*) BETWEEN 2 AND {BIGGEST_BLOCK}),
            g AS MATERIALIZED (SELECT k.* FROM k SEMI JOIN good USING (h))
            SELECT a.record, b.record FROM g AS a JOIN g AS b ON a.h = b.h AND a.record < b.record WHERE {apart}
        """)
    con.execute("CREATE OR REPLACE TABLE candidate AS SELECT DISTINCT l, r FROM found")
    con.execute("DROP TABLE found")
    con.execute("DROP TABLE code")
    _keep_best(con, present, max(LEAST_COMPARED, COMPARED_PER_RECORD * records))
    return keys


def _code(encoding: Encoding) -> str:
    if encoding.many:
        return f"list_transform({encoding.sql}, lambda part: hash(part)) AS {encoding.name}"
    return f"CASE WHEN ({encoding.sql}) IS NOT NULL THEN hash({encoding.sql}) END AS {encoding.name}"


def _keyed(table: str, parts: Sequence[Encoding]) -> str:
    columns = ", ".join(f"{f'unnest({p.name})' if p.many else p.name} AS v{i}" for i, p in enumerate(parts))
    names = [f"v{i}" for i in range(len(parts))]
    present = " AND ".join(f"{name} IS NOT NULL" for name in names)
    return (
        f"SELECT record, source, hash({', '.join(names)}) AS h"
        f" FROM (SELECT record, source, {columns} FROM {table}) WHERE {present}"
    )


def _choose(con: duckdb.DuckDBPyConnection, made: list[Encoding], records: int, budget: float) -> list[Key]:
    """The keys that catch the most imagined damage for the fewest pairs."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE code_sample AS SELECT * FROM code ORDER BY hash(record) LIMIT {SAMPLE}")
    share = min(records, SAMPLE) / records
    biggest = max(BIGGEST_BLOCK * share, 2)
    keys = []
    for parts in [*((e,) for e in made), *combinations(made, 2)]:
        if len({part.meaning for part in parts}) < len(parts):
            continue
        pairs = con.execute(f"""
            SELECT coalesce(sum(n * (n - 1) / 2), 0) FROM (
                SELECT count(*) AS n FROM ({_keyed("code_sample", parts)}) GROUP BY h HAVING n BETWEEN 2 AND {biggest})
        """).fetchall()[0][0]
        keys.append(Key(parts, max(float(pairs), 1.0) / share**2))
    caught = _damage(con, made, keys)
    chosen: list[Key] = []
    worth = np.ones(caught.shape[1])
    left = budget
    while len(chosen) < (MOST_KEYS_OF_MANY if records > MANY else MOST_KEYS):
        costs = np.array([key.pairs + 0.2 * records if key.pairs <= left else np.inf for key in keys])
        best = int(np.argmax((caught @ worth) / costs))
        gain = float(caught[best] @ worth)
        if not np.isfinite(costs[best]) or gain < 1e-5 * caught.shape[1]:
            break
        chosen.append(keys[best])
        left -= keys[best].pairs
        worth[caught[best] > 0] *= CAUGHT_AGAIN
        caught[best] = 0.0
    return chosen


def _damage(con: duckdb.DuckDBPyConnection, made: list[Encoding], keys: list[Key]) -> NDArray[np.float64]:
    """Key x scenario: 1 where the key catches it.

    A scenario is two records of the sample; a field that both have stays whole, is mistyped (so that each of its
    partial encodings is as likely to hold as not), or is lost.
    """
    columns = con.execute(
        f"SELECT {', '.join(f'{e.name} IS NOT NULL AS {e.name}' for e in made)} FROM code_sample ORDER BY record"
    ).fetchnumpy()
    filled = np.stack([np.asarray(columns[e.name], dtype=bool) for e in made])
    rng = np.random.default_rng(1)
    one, other = rng.integers(0, filled.shape[1], (2, SCENARIOS))
    fate = {meaning: rng.random(SCENARIOS) for meaning in sorted({e.meaning for e in made})}
    holds = {}
    for number, encoding in enumerate(made):
        slipped = (fate[encoding.meaning] < SURVIVES + SLIPS) & (rng.random(SCENARIOS) < 0.5)
        whole = encoding.name == encoding.meaning
        alive = (fate[encoding.meaning] < SURVIVES) | (slipped & (not whole))
        holds[encoding.name] = filled[number, one] & filled[number, other] & alive
    return np.array([np.logical_and.reduce([holds[p.name] for p in key.parts]) for key in keys], dtype=np.float64)


def _keep_best(con: duckdb.DuckDBPyConnection, present: Sequence[str], budget: int) -> None:
    """Keep the candidate pairs whose exactly agreeing values are the rarest."""
    if con.execute("SELECT count(*) FROM candidate").fetchall()[0][0] <= budget:
        return
    codes = ", ".join(f"q_{m}.rowid::INTEGER AS c_{m}, -ln(q_{m}.f)::FLOAT AS w_{m}" for m in present)
    joins = " ".join(f"LEFT JOIN frequency_{m} AS q_{m} ON q_{m}.value = p.{m}" for m in present)
    con.execute(f"CREATE OR REPLACE TEMP TABLE rare AS SELECT record, {codes} FROM person AS p {joins}")
    agreeing = " + ".join(f"CASE WHEN a.c_{m} = b.c_{m} THEN a.w_{m} ELSE 0 END" for m in present)
    con.execute(f"""
        CREATE OR REPLACE TABLE candidate AS
        WITH weighed AS MATERIALIZED (
            SELECT l, r, round(({agreeing}) * 4)::SMALLINT AS weight
            FROM candidate JOIN rare AS a ON a.record = l JOIN rare AS b ON b.record = r
        ),
        cut AS (
            SELECT min(weight) AS least FROM (
                SELECT weight, sum(count(*)) OVER (ORDER BY weight DESC) AS total FROM weighed GROUP BY weight)
            WHERE total <= {budget}
        )
        SELECT l, r FROM weighed, cut WHERE weight >= least
    """)
    con.execute("DROP TABLE rare")
