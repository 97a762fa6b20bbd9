"""Worlds of records with ready scores, so that what people decide about them can be tried without scoring anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import duckdb
from hypothesis import strategies as st

from billing.decisions import Decision, RecordRef
from transforms.identity import decided
from transforms.identity.cluster import cluster
from transforms.identity.comparisons import COMPARISONS

SOURCES = ("lodz", "opole")


@dataclass
class Scored:
    """Records with what may contradict, and the pairs that a score found.

    Attributes:
        records: Every record.
        pesels: Record -> PESEL, where it has one.
        merges: Pair (of positions) -> weight.
        hard: Pairs that are hard kept apart.
    """

    records: list[RecordRef]
    pesels: dict[int, str] = field(default_factory=dict)
    merges: dict[tuple[int, int], float] = field(default_factory=dict)
    hard: set[tuple[int, int]] = field(default_factory=set)

    def only(self, source: str) -> Scored:
        """The records of one source, with the scores between them."""
        kept = [i for i, ref in enumerate(self.records) if ref.source_id == source]
        place = {old: new for new, old in enumerate(kept)}

        def inside(pair: tuple[int, int]) -> bool:
            return pair[0] in place and pair[1] in place

        return Scored(
            [self.records[i] for i in kept],
            {place[i]: pesel for i, pesel in self.pesels.items() if i in place},
            {(place[i], place[j]): weight for (i, j), weight in self.merges.items() if inside((i, j))},
            {(place[i], place[j]) for i, j in self.hard if inside((i, j))},
        )

    def partition(self, decisions: Sequence[Decision]) -> tuple[dict[RecordRef, RecordRef], list[decided.Verdict]]:
        """Record -> first record of its customer, as the link step finds it, and what became of the decisions."""
        order = sorted(range(len(self.records)), key=lambda i: self.records[i])
        number = {old: new for new, old in enumerate(order, 1)}
        con = duckdb.connect(config={"threads": "1"})
        try:
            con.execute("CREATE TABLE record (record BIGINT, source_id VARCHAR, subscriber_key VARCHAR)")
            con.execute("""CREATE TABLE evidence (record BIGINT, source_id VARCHAR, class VARCHAR, pesel VARCHAR,
                nip VARCHAR, regon VARCHAR, birth_date DATE)""")
            for old, ref in enumerate(self.records):
                con.execute("INSERT INTO record VALUES (?, ?, ?)", [number[old], ref.source_id, ref.subscriber_key])
                con.execute(
                    "INSERT INTO evidence VALUES (?, ?, 'person', ?, NULL, NULL, NULL)",
                    [number[old], ref.source_id, self.pesels.get(old)],
                )
            columns = ", ".join(f"{c.name} VARCHAR, weight_{c.name} DOUBLE" for c in COMPARISONS)
            con.execute(f"""CREATE TABLE decided (record_l BIGINT, record_r BIGINT, rule VARCHAR, match_weight DOUBLE,
                match_probability DOUBLE, {columns}, reason VARCHAR, outcome VARCHAR, hard BOOLEAN,
                identified BOOLEAN)""")
            pairs = {**dict.fromkeys(self.hard, 0.0), **self.merges}
            for pair, weight in pairs.items():
                left, right = sorted(number[i] for i in pair)
                merges = pair in self.merges
                con.execute(
                    "INSERT INTO decided (record_l, record_r, match_weight, reason, outcome, hard, identified) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [left, right, weight, "X", "merge" if merges else "keep_apart", not merges, weight > 20],
                )
            plan = decided.plan(con, decisions)
            decided.restrain(con, plan)
            cluster(con)
            decided.join(con, plan)
            rows = con.execute("SELECT record, root FROM clustered").fetchall()
        finally:
            con.close()
        named = {new: self.records[old] for old, new in number.items()}
        return {named[record]: named[root] for record, root in rows}, plan.outcome()


@st.composite
def scored_worlds(draw: st.DrawFn, people: int = 4) -> Scored:
    """`people` records a source, some with PESELs, with random scores between them."""
    records = [RecordRef(source, str(n)) for source in SOURCES for n in range(1, people + 1)]
    positions = range(len(records))
    pairs = [(i, j) for i in positions for j in positions if i < j]
    pesels = draw(st.dictionaries(st.sampled_from(positions), st.sampled_from(["P1", "P2"]), max_size=4))
    merges = draw(st.dictionaries(st.sampled_from(pairs), st.floats(5, 30, width=16), max_size=7))
    hard = draw(st.sets(st.sampled_from(pairs), max_size=3))
    return Scored(records, pesels, merges, hard - set(merges))


@st.composite
def orders(draw: st.DrawFn, records: Sequence[RecordRef]) -> tuple[str, tuple[RecordRef, ...]]:
    """Something that a person may decide: (action, records)."""
    action = draw(st.sampled_from(["merge", "merge", "never", "split"]))
    count = 1 if action == "split" else 2
    chosen = draw(st.lists(st.sampled_from(list(records)), min_size=count, max_size=count, unique=True))
    return action, tuple(sorted(chosen))
