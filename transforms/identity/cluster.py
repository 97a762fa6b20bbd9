"""Clusters of records that are one customer, none of which holds a contradiction.

Merge edges are followed as a chain (A with B, B with C), and chains are where wrong merges hide: A and C may contradict
each other although nobody compared them.  A cluster is therefore *sound* only if it holds

* at most one valid PESEL, and for organisations at most one NIP and one REGON;
* no pair that was kept apart for a hard reason;
* at most one birth date, unless an edge says that the two differ by a slip;
* at most one record of each source that guarantees one record a customer.

Connected components that are sound are taken whole.  In the others the edges are applied one by one, those that stand
on an identifier first, then by weight, ties by record; an edge that would make a cluster unsound is refused, and so is
an edge without an identifier whose record would fit a contradicting cluster about as well.  Refused edges become
reviews.  Records are numbered by their name, so the result does not depend on the order of anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import duckdb
import numpy as np
import pyarrow as pa

from transforms.identity.constrain import CLUSTER_AMBIGUOUS, CLUSTER_CONFLICT

AMBIGUITY_MARGIN = 3.0  # log2 of the odds: a rival that is at most eight times less likely is a rival


@dataclass(frozen=True)
class Edge:
    """A merge edge between two records, `left < right`."""

    left: int
    right: int
    weight: float
    identified: bool


@dataclass
class Facts:
    """What may contradict within one cluster: values per kind (`pesel`, `nip`, `regon`, `birth`, `source`)."""

    members: set[int] = field(default_factory=set)
    values: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    clean: list[str] = field(default_factory=list)

    def joined(self, other: Facts) -> Facts:
        """The facts of both together."""
        values: dict[str, set[str]] = defaultdict(set)
        for facts in (self, other):
            for kind, given in facts.values.items():
                values[kind] |= given
        return Facts(self.members | other.members, values, self.clean + other.clean)


class Judge:
    """Decides whether two clusters may be one.

    Args:
        apart: Pairs kept apart for a hard reason.
        slips: Pairs of birth dates that an edge explains as a slip.
    """

    def __init__(self, apart: Iterable[tuple[int, int]], slips: Iterable[tuple[str, str]]) -> None:
        self._apart: dict[int, set[int]] = defaultdict(set)
        for a, b in apart:
            self._apart[a].add(b)
            self._apart[b].add(a)
        self._slips = {frozenset(pair) for pair in slips}

    def sound(self, left: Facts, right: Facts) -> bool:
        """Whether the two clusters hold nothing that contradicts."""
        both = left.joined(right)
        if any(len(both.values[kind]) > 1 for kind in ("pesel", "nip", "regon")):
            return False
        if len(both.clean) != len(set(both.clean)):
            return False
        small, large = sorted((left.members, right.members), key=len)
        if any(not self._apart[record].isdisjoint(large) for record in small if record in self._apart):
            return False
        births = sorted(both.values["birth"])
        return all(frozenset((a, b)) in self._slips for i, a in enumerate(births) for b in births[i + 1 :])


def settle(
    edges: Iterable[Edge], facts: dict[int, Facts], judge: Judge
) -> tuple[dict[int, int], dict[tuple[int, int], str]]:
    """Apply merge edges so that every cluster stays sound.

    Args:
        edges: Merge edges in any order.
        facts: Facts of each single record that an edge names.
        judge: The contradictions.

    Returns:
        Record -> smallest record of its cluster, and refused edge -> why.
    """
    ordered = sorted(edges, key=lambda e: (not e.identified, -e.weight, e.left, e.right))
    parent = {record: record for record in facts}
    clusters = dict(facts)
    rivals: dict[int, list[Edge]] = defaultdict(list)
    for edge in ordered:
        if not edge.identified:
            rivals[edge.left].append(edge)
            rivals[edge.right].append(edge)

    def find(record: int) -> int:
        while parent[record] != record:
            parent[record] = parent[parent[record]]
            record = parent[record]
        return record

    def ambiguous(edge: Edge) -> bool:
        for record, partner in ((edge.left, edge.right), (edge.right, edge.left)):
            here = clusters[find(partner)]
            for rival in rivals[record]:
                other = rival.right if rival.left == record else rival.left
                if rival.weight < edge.weight - AMBIGUITY_MARGIN or find(other) in (find(partner), find(record)):
                    continue
                if not judge.sound(here, clusters[find(other)]):
                    return True
        return False

    refused: dict[tuple[int, int], str] = {}
    for edge in ordered:
        left, right = find(edge.left), find(edge.right)
        if left == right:
            continue
        if not judge.sound(clusters[left], clusters[right]):
            refused[edge.left, edge.right] = CLUSTER_CONFLICT
        elif not edge.identified and ambiguous(edge):
            refused[edge.left, edge.right] = CLUSTER_AMBIGUOUS
        else:
            root, leaf = min(left, right), max(left, right)
            parent[leaf] = root
            clusters[root] = clusters[root].joined(clusters.pop(leaf))
    return {record: find(record) for record in parent}, refused


def components(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Connected components of an undirected graph.

    Args:
        left: One end of each edge, int64 record numbers.
        right: The other end.

    Returns:
        The records that occur, ascending, and for each the smallest record of its component.

    >>> [list(map(int, part)) for part in components(np.array([2, 3, 7]), np.array([5, 5, 9]))]
    [[2, 3, 5, 7, 9], [2, 2, 2, 7, 7]]
    """
    records, ends = np.unique(np.concatenate([left, right]), return_inverse=True)
    a, b = ends[: len(left)], ends[len(left) :]
    label = np.arange(len(records))
    while True:
        low = np.minimum(label[a], label[b])
        spread = label.copy()
        np.minimum.at(spread, a, low)
        np.minimum.at(spread, b, low)
        # hang the old labels too, then jump to the label's label: components shrink by halves, not by steps
        np.minimum.at(spread, label[a], low)
        np.minimum.at(spread, label[b], low)
        spread = spread[spread]
        if np.array_equal(spread, label):
            return records, records[label]
        label = spread


def cluster(con: duckdb.DuckDBPyConnection, clean_sources: Collection[str] = ()) -> None:
    """Build `clustered` (record, root) for every record, and `edge`: `decided` with refused merges as reviews.

    Args:
        con: Connection with the tables `decided` and `evidence`, and `forbidden` and `lent` of `decided.plan`.
        clean_sources: Sources that guarantee at most one record a customer.
    """
    con.execute(_APART_SQL)
    con.execute(_TESTIMONY_SQL)
    merges = con.sql("SELECT record_l, record_r FROM decided WHERE outcome = 'merge' ORDER BY ALL").to_arrow_table()
    records, roots = components(merges["record_l"].to_numpy(), merges["record_r"].to_numpy())
    con.register("component_arrow", pa.table({"record": records, "root": roots}))
    con.execute("CREATE OR REPLACE TABLE component AS SELECT * FROM component_arrow")
    con.unregister("component_arrow")
    con.execute("CREATE OR REPLACE TABLE clean_source (source_id VARCHAR)")
    if clean_sources:
        con.executemany("INSERT INTO clean_source VALUES (?)", [[source] for source in sorted(clean_sources)])
    con.execute(_UNSOUND_SQL)
    settled, refused = _settle_unsound(con)
    con.register("settled_arrow", settled)
    con.register("refused_arrow", refused)
    con.execute("""
        CREATE OR REPLACE TABLE clustered AS
        SELECT e.record, coalesce(s.root, c.root, e.record) AS root
        FROM evidence AS e LEFT JOIN component AS c USING (record) LEFT JOIN settled_arrow AS s USING (record)
    """)
    con.execute("""
        CREATE OR REPLACE TABLE edge AS
        SELECT d.* REPLACE (
            CASE WHEN r.reason IS NULL THEN d.outcome ELSE 'review' END AS outcome,
            coalesce(r.reason, d.reason) AS reason)
        FROM decided AS d LEFT JOIN refused_arrow AS r USING (record_l, record_r)
    """)
    con.unregister("settled_arrow")
    con.unregister("refused_arrow")


# What the score and what people keep apart, whatever stands between the two records.
_APART_SQL = """
CREATE OR REPLACE VIEW apart AS
SELECT record_l, record_r FROM decided WHERE hard UNION ALL SELECT record_l, record_r FROM forbidden
"""
# What each record holds against another one: its own evidence and what the records lend it that people joined it with.
_TESTIMONY_SQL = """
CREATE OR REPLACE VIEW testimony AS
SELECT record, class, source_id, pesel, nip, regon, birth_date FROM evidence
UNION ALL
SELECT record, class, NULL, pesel, nip, regon, NULL FROM lent
"""

_UNSOUND_SQL = """
CREATE OR REPLACE TABLE unsound AS
WITH facts AS (
    SELECT c.root,
        count(DISTINCT pesel) > 1
        OR count(DISTINCT CASE WHEN class = 'organisation' THEN nip END) > 1
        OR count(DISTINCT regon) > 1
        OR count(DISTINCT birth_date) > 1
        OR count(k.source_id) > count(DISTINCT k.source_id) AS broken
    FROM component AS c JOIN testimony AS e USING (record) LEFT JOIN clean_source AS k USING (source_id)
    GROUP BY c.root
)
SELECT root FROM facts WHERE broken
UNION
SELECT a.root FROM apart AS d
JOIN component AS a ON a.record = d.record_l JOIN component AS b ON b.record = d.record_r
WHERE a.root = b.root
"""


def _settle_unsound(con: duckdb.DuckDBPyConnection) -> tuple[pa.Table, pa.Table]:
    inside = "JOIN component AS c ON c.record = d.record_l JOIN unsound AS u USING (root)"
    facts: dict[int, Facts] = {}
    rows = con.execute("""
        SELECT e.record, e.pesel, CASE WHEN class = 'organisation' THEN e.nip END, e.regon, e.birth_date::VARCHAR,
            k.source_id
        FROM component JOIN unsound USING (root) JOIN testimony AS e USING (record)
        LEFT JOIN clean_source AS k USING (source_id)
    """).fetchall()
    for record, pesel, nip, regon, birth, clean in rows:
        given = facts.setdefault(record, Facts({record}))
        for kind, value in (("pesel", pesel), ("nip", nip), ("regon", regon), ("birth", birth)):
            if value is not None:
                given.values[kind].add(value)
        if clean is not None:
            given.clean.append(clean)
    edges = con.execute(
        f"SELECT record_l, record_r, match_weight, identified FROM decided AS d {inside} WHERE outcome = 'merge'"
    ).fetchall()
    apart = con.execute(f"SELECT record_l, record_r FROM apart AS d {inside}").fetchall()
    slips = con.execute(f"""
        SELECT a.birth_date::VARCHAR, b.birth_date::VARCHAR FROM decided AS d {inside}
        JOIN evidence AS a ON a.record = d.record_l JOIN evidence AS b ON b.record = d.record_r
        WHERE d.outcome = 'merge' AND a.birth_date <> b.birth_date
    """).fetchall()
    roots, refused = settle([Edge(*row) for row in edges], facts, Judge(apart, slips))
    settled = pa.table(
        {"record": pa.array(list(roots), pa.int64()), "root": pa.array(list(roots.values()), pa.int64())}
    )
    reasons = pa.table(
        {
            "record_l": pa.array([pair[0] for pair in refused], pa.int64()),
            "record_r": pa.array([pair[1] for pair in refused], pa.int64()),
            "reason": pa.array(list(refused.values()), pa.string()),
        }
    )
    return settled, reasons
