"""What people decided, applied to what the score says.

A person's word is stronger than the score and weaker than the law: two different valid PESELs (for organisations NIPs
or REGONs) are never one customer, and neither are a person and an organisation; whoever finds that wrong has to have
the number corrected in its source.

The order makes every decision reversible.  First the records are clustered as always, with what people forbade as hard
constraints; then whole clusters are joined where people said so.  The clusters of the first part do not depend on who
was joined in the second, so taking a merge back gives exactly the clusters that were there without it.

The first part has to know of the second in two ways, or it would build what cannot be joined:

* records that are to be joined *lend* each other their identifiers, so that none of them joins somebody whose PESEL
  contradicts the other's;
* what is forbidden to one of them is forbidden to all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import duckdb
import pyarrow as pa

from billing.decisions import Decision, RecordRef

MERGED, FORBIDDEN, TAKEN_OUT = "DECIDED-MERGE", "DECIDED-NEVER", "DECIDED-SPLIT"
REASONS: dict[str, str] = {
    MERGED: "a person decided that they are one customer",
    FORBIDDEN: "a person decided that they are two customers",
    TAKEN_OUT: "a person took one of the records out of its customer",
}
IDENTIFIERS = ("pesel", "nip", "regon")

State = Literal["applied", "refused", "waiting"]


@dataclass(frozen=True)
class Verdict:
    """What became of a decision in a run.

    Attributes:
        number: Of the decision.
        action: What was decided.
        state: applied; refused, because it contradicts an identifier or another decision; waiting, because a record is
            not among those delivered.
        why: For people; empty where it was applied.
    """

    number: int
    action: str
    state: State
    why: str = ""


@dataclass
class _Facts:
    """What may not differ within a customer."""

    members: set[int]
    classes: set[str]
    values: dict[str, set[str]]

    def joined(self, other: _Facts) -> _Facts:
        values = {kind: self.values[kind] | other.values[kind] for kind in IDENTIFIERS}
        return _Facts(self.members | other.members, self.classes | other.classes, values)

    def contradiction(self) -> str:
        if len(self.classes) > 1:
            return "a person and an organisation are never one customer"
        for kind in IDENTIFIERS:
            if len(self.values[kind]) > 1:
                return f"they hold two different valid {kind.upper()}s, which no decision overrides"
        return ""


@dataclass
class Plan:
    """The standing decisions of a run, in record numbers.

    Attributes:
        merges: Number -> pair of records that are to be one customer, without contradiction among themselves.
        never: Number -> pair of records that must not meet.
        apart: Pairs that must not meet: those of `never`, and what follows from them for records that are joined.
        alone: Records that keep no edge to any other.
        verdicts: Number -> what became of the decision, filled as the run goes on.
    """

    merges: dict[int, tuple[int, int]] = field(default_factory=dict)
    never: dict[int, tuple[int, int]] = field(default_factory=dict)
    apart: set[tuple[int, int]] = field(default_factory=set)
    alone: set[int] = field(default_factory=set)
    verdicts: dict[int, Verdict] = field(default_factory=dict)

    def outcome(self) -> list[Verdict]:
        """What became of every decision, by number."""
        return [self.verdicts[number] for number in sorted(self.verdicts)]


class _Groups:
    """Union-find whose sets carry facts."""

    def __init__(self, facts: dict[int, _Facts]) -> None:
        self.facts = facts
        self._parent = {item: item for item in facts}

    def find(self, item: int) -> int:
        while self._parent[item] != item:
            item = self._parent[item]
        return item

    def group_of(self, item: int) -> int | None:
        """As `find`; None for what no group knows."""
        return self.find(item) if item in self._parent else None

    def unite(self, left: int, right: int) -> None:
        root, leaf = sorted((self.find(left), self.find(right)))
        if root != leaf:
            self._parent[leaf] = root
            self.facts[root] = self.facts[root].joined(self.facts.pop(leaf))


def plan(con: duckdb.DuckDBPyConnection, decisions: Sequence[Decision]) -> Plan:
    """Turn standing decisions into constraints, before anything is clustered.

    Writes the tables `forbidden` (record_l, record_r) and `lent` (record, class, pesel, nip, regon).

    Args:
        con: Connection with the tables `record` and `evidence`.
        decisions: Those that stand.
    """
    made = Plan()
    numbers = _numbers(con, {ref for d in decisions for ref in d.records})
    merges: dict[int, tuple[int, int]] = {}
    for decision in sorted(decisions, key=lambda d: d.number):
        missing = [str(ref) for ref in decision.records if ref not in numbers]
        if missing:
            _note(made, decision.number, decision.action, "waiting", f"{', '.join(missing)} is not delivered")
            continue
        records = sorted(numbers[ref] for ref in decision.records)
        _note(made, decision.number, decision.action, "applied")
        if decision.action == "split":
            made.alone.add(records[0])
        elif decision.action == "never":
            made.never[decision.number] = (records[0], records[1])
        else:
            merges[decision.number] = (records[0], records[1])
    groups = _agreeing(con, made, merges)
    followers = _followers(groups, {r for pair in made.merges.values() for r in pair})
    for left, right in made.never.values():
        made.apart |= {
            (min(a, b), max(a, b)) for a in followers.get(left, {left}) for b in followers.get(right, {right}) if a != b
        }
    _write(
        con,
        "forbidden",
        {"record_l": [p[0] for p in sorted(made.apart)], "record_r": [p[1] for p in sorted(made.apart)]},
    )
    _lend(con, groups, followers)
    return made


def restrain(con: duckdb.DuckDBPyConnection, made: Plan) -> None:
    """Take from `decided` the merges that people forbade."""
    if made.alone:
        listed = ", ".join(map(str, sorted(made.alone)))
        con.execute(
            f"UPDATE decided SET outcome = 'keep_apart', reason = '{TAKEN_OUT}' "
            f"WHERE outcome = 'merge' AND (record_l IN ({listed}) OR record_r IN ({listed}))"
        )
    direct = sorted(made.never.values())
    if direct:
        pairs = ", ".join(f"({left}, {right})" for left, right in direct)
        con.execute(
            f"UPDATE decided SET outcome = 'keep_apart', reason = '{FORBIDDEN}' "
            f"WHERE (record_l, record_r) IN (VALUES {pairs})"
        )


def join(con: duckdb.DuckDBPyConnection, made: Plan) -> None:
    """Join whole clusters of `clustered` where people said so, and tell it in `edge`.

    A merge that would bring contradicting records together is refused: the clusters may have grown since it was made.
    """
    if not made.merges:
        return
    named = sorted({r for pair in (*made.merges.values(), *made.never.values()) for r in pair})
    listed = ", ".join(map(str, named))
    root = dict(con.execute(f"SELECT record, root FROM clustered WHERE record IN ({listed})").fetchall())
    touched = sorted({root[r] for pair in made.merges.values() for r in pair})
    groups = _Groups(_facts_of(con, "root", touched))
    never = [(number, root[a], root[b]) for number, (a, b) in made.never.items()]
    done = []
    for number, (left, right) in made.merges.items():
        a, b = groups.find(root[left]), groups.find(root[right])
        if a != b and (why := _objection(groups, a, b, never)):
            _note(made, number, "merge", "refused", why)
            continue
        groups.unite(a, b)
        done.append((left, right))
    moved = {old: groups.find(old) for old in touched if groups.find(old) != old}
    _write(con, "joined", {"root": list(moved), "new_root": list(moved.values())})
    con.execute("UPDATE clustered AS c SET root = j.new_root FROM joined AS j WHERE c.root = j.root")
    con.execute("DROP TABLE joined")
    if done:
        pairs = ", ".join(f"({left}, {right})" for left, right in sorted(done))
        con.execute(
            f"UPDATE edge SET outcome = 'merge', reason = '{MERGED}' "
            f"WHERE outcome <> 'merge' AND (record_l, record_r) IN (VALUES {pairs})"
        )


def _agreeing(con: duckdb.DuckDBPyConnection, made: Plan, merges: dict[int, tuple[int, int]]) -> _Groups:
    """Keep the merges that contradict neither an identifier nor a `never`, oldest first; the others are refused."""
    named = {r for pair in (*merges.values(), *made.never.values()) for r in pair}
    groups = _Groups(_facts_of(con, "record", sorted(named)))
    never = [(number, a, b) for number, (a, b) in made.never.items()]
    for number, (left, right) in merges.items():
        a, b = groups.find(left), groups.find(right)
        if a != b and (why := _objection(groups, a, b, never)):
            _note(made, number, "merge", "refused", why)
            continue
        groups.unite(a, b)
        made.merges[number] = (left, right)
    return groups


def _objection(groups: _Groups, a: int, b: int, never: Iterable[tuple[int, int, int]]) -> str:
    """Why two groups cannot be one; empty where they can."""
    if why := groups.facts[a].joined(groups.facts[b]).contradiction():
        return why
    for number, left, right in never:
        if {groups.group_of(left), groups.group_of(right)} == {a, b}:
            return f"decision {number} says that two of their records are never one customer"
    return ""


def _followers(groups: _Groups, records: set[int]) -> dict[int, set[int]]:
    """Record -> the records that it is to be joined with, itself among them."""
    found: dict[int, set[int]] = defaultdict(set)
    for record in records:
        found[groups.find(record)].add(record)
    return {record: found[groups.find(record)] for record in records}


def _lend(con: duckdb.DuckDBPyConnection, groups: _Groups, followers: dict[int, set[int]]) -> None:
    lent: dict[str, list[Any]] = {name: [] for name in ("record", "class", *IDENTIFIERS)}
    for record in sorted(followers):
        facts = groups.facts[groups.find(record)]
        lent["record"].append(record)
        lent["class"] += facts.classes
        for name in IDENTIFIERS:
            lent[name].append(next(iter(facts.values[name]), None))
    _write(con, "lent", lent)


def _facts_of(con: duckdb.DuckDBPyConnection, by: Literal["record", "root"], keys: Sequence[int]) -> dict[int, _Facts]:
    """Facts of single records, or of the clusters that they are the roots of."""
    if not keys:
        return {}
    listed = ", ".join(map(str, keys))
    table = "evidence" if by == "record" else "clustered JOIN evidence USING (record)"
    found: dict[int, _Facts] = {}
    # a person may share the NIP of a partnership: only an organisation's NIP is its own
    rows = con.execute(
        f"SELECT {by}, record, class, pesel, CASE WHEN class = 'organisation' THEN nip END, regon "
        f"FROM {table} WHERE {by} IN ({listed})"
    ).fetchall()
    for key, record, kind, *values in rows:
        given = {
            name: ({value} if value is not None else set()) for name, value in zip(IDENTIFIERS, values, strict=True)
        }
        one = _Facts({record}, {kind}, given)
        found[key] = found[key].joined(one) if key in found else one
    return found


def _numbers(con: duckdb.DuckDBPyConnection, refs: set[RecordRef]) -> dict[RecordRef, int]:
    ordered = sorted(refs)
    con.register(
        "named_arrow",
        pa.table(
            {
                "source_id": pa.array([ref.source_id for ref in ordered], pa.string()),
                "subscriber_key": pa.array([ref.subscriber_key for ref in ordered], pa.string()),
            }
        ),
    )
    rows = con.execute(
        "SELECT source_id, subscriber_key, record FROM named_arrow JOIN record USING (source_id, subscriber_key)"
    )
    found = {RecordRef(source, key): int(record) for source, key, record in rows.fetchall()}
    con.unregister("named_arrow")
    return found


def _note(made: Plan, number: int, action: str, state: State, why: str = "") -> None:
    made.verdicts[number] = Verdict(number, action, state, why)


def _write(con: duckdb.DuckDBPyConnection, table: str, columns: dict[str, list[Any]]) -> None:
    """Make a small table; numbers are records, everything else is text."""
    texts = ("class", *IDENTIFIERS)
    arrays = {n: pa.array(v, pa.string() if n in texts else pa.int64()) for n, v in columns.items()}
    con.register("decided_arrow", pa.table(arrays))
    con.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM decided_arrow")
    con.unregister("decided_arrow")
