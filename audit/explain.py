"""Why two records are one customer, or why they are not, from what the warehouse keeps.

The pair itself may never have been compared: two records become one customer through others.  Then the chain between
them is the explanation, link by link.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import psycopg

from audit.pairs import Pair, pairs_between
from audit.subjects import Subject
from billing.decisions import Decision, RecordRef

IDENTIFIERS = ("pesel", "nip", "regon")
DECIDED = "DECIDED-MERGE"


@dataclass(frozen=True)
class Explanation:
    """What is known about two subjects.

    Attributes:
        one: The first.
        other: The second.
        direct: Compared pairs between their records, the strongest first.
        chain: From a record of the first to one of the second, link by link; only where they are one customer.
        differing: Identifiers that their customers have and that differ: kind -> masked values.
        decisions: What people decided on records of either, as far as it stands.
    """

    one: Subject
    other: Subject
    direct: tuple[Pair, ...]
    chain: tuple[Pair, ...]
    differing: dict[str, tuple[str, str]]
    decisions: tuple[Decision, ...]

    @property
    def together(self) -> bool:
        """Whether they are one customer."""
        return self.one.party_id == self.other.party_id


def explain(connection: psycopg.Connection, one: Subject, other: Subject, decisions: Sequence[Decision]) -> Explanation:
    """Gather what is known.

    Args:
        connection: An open connection.
        one: The first.
        other: The second.
        decisions: Those that stand.
    """
    together = one.party_id == other.party_id
    direct = pairs_between(connection, one.looked_at, other.looked_at)
    chain: list[Pair] = []
    if together:
        links = [p for p in pairs_between(connection, one.records, one.records) if p.outcome == "merge"]
        chain = _chain([*links, *_said(decisions, one)], one.looked_at, other.looked_at)
    named = {*one.records, *other.records}
    return Explanation(
        one,
        other,
        tuple(direct),
        tuple(chain),
        {} if together else _differing(connection, one.party_id, other.party_id),
        tuple(d for d in decisions if named & set(d.records)),
    )


def _said(decisions: Iterable[Decision], subject: Subject) -> list[Pair]:
    """Links that people made between records of one customer."""
    records = set(subject.records)
    return [
        Pair(d.records[0], d.records[1], "merge", DECIDED, rule=f"decision {d.number}")
        for d in decisions
        if d.action == "merge" and set(d.records) <= records
    ]


def _chain(links: Sequence[Pair], start: Sequence[RecordRef], goal: Sequence[RecordRef]) -> list[Pair]:
    """The shortest way from one of `start` to one of `goal`; of equally short ones that of the stronger links."""
    beside: dict[RecordRef, list[tuple[RecordRef, Pair]]] = {}
    for link in links:
        beside.setdefault(link.left, []).append((link.right, link))
        beside.setdefault(link.right, []).append((link.left, link))
    came: dict[RecordRef, tuple[RecordRef, Pair] | None] = dict.fromkeys(start)
    queue = deque(start)
    while queue:
        here = queue.popleft()
        if here in goal and here not in start:
            way: list[Pair] = []
            while (step := came[here]) is not None:
                here, link = step
                way.append(link)
            return way[::-1]
        for there, link in beside.get(here, []):
            if there not in came:
                came[there] = (here, link)
                queue.append(there)
    return []


def _differing(connection: psycopg.Connection, one: int, other: int) -> dict[str, tuple[str, str]]:
    rows = connection.execute(
        "SELECT a.kind, a.value_masked, b.value_masked FROM billing.party_identification a "
        "JOIN billing.party_identification b USING (kind) JOIN billing.party p ON p.party_id = a.party_id "
        "WHERE a.party_id = %s AND b.party_id = %s AND a.value_hash <> b.value_hash "
        # a person may share the NIP of a partnership: only an organisation's NIP is its own
        "AND (a.kind = 'pesel' OR a.kind IN ('nip', 'regon') AND p.kind <> 'person')",
        [one, other],
    )
    return {str(kind): (str(left), str(right)) for kind, left, right in rows}
