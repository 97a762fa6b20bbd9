"""Compared pairs of records as the warehouse keeps them, and the queue of those that wait for a person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import psycopg

from billing.decisions import RecordRef


@dataclass(frozen=True)
class Pair:
    """Two records that were compared.

    Attributes:
        left: One record; `right` the other one.
        outcome: merge, keep_apart or review.
        reason: Code of what decided.
        weight: Bits of evidence for one customer; None where nothing was scored.
        probability: Chance of one customer by the score.
        rule: Blocking rule that brought the two together.
        levels: Field -> level of agreement.
        weights: Field -> bits of evidence.
        parties: Customers of the two.
    """

    left: RecordRef
    right: RecordRef
    outcome: str
    reason: str
    weight: float | None = None
    probability: float | None = None
    rule: str = ""
    levels: dict[str, str] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)
    parties: tuple[int, int] = (0, 0)


_COLUMNS = (
    "l.code, e.left_key, r.code, e.right_key, e.outcome, e.reason, e.match_weight, e.match_probability, e.rule, "
    "e.levels, e.weights, lx.target_id, rx.target_id"
)
_FROM = """
  FROM control.match_edge e
  JOIN control.source l ON l.source_id = e.left_source_id JOIN control.source r ON r.source_id = e.right_source_id
  JOIN control.xref_subscriber lx ON lx.source_id = e.left_source_id AND lx.source_key = e.left_key
  JOIN control.xref_subscriber rx ON rx.source_id = e.right_source_id AND rx.source_key = e.right_key
"""
_WAITING = """
 WHERE e.outcome = 'review' AND lx.target_id <> rx.target_id
   AND (%(reason)s::text IS NULL OR e.reason = %(reason)s)
   AND (%(source)s::text IS NULL OR %(source)s IN (l.code, r.code))
   AND NOT EXISTS (
       SELECT FROM control.match_decision d
        WHERE d.action IN ('merge', 'never')
          AND ((d.source_id, d.subscriber_key, d.other_source_id, d.other_key)
                 = (e.left_source_id, e.left_key, e.right_source_id, e.right_key)
               OR (d.source_id, d.subscriber_key, d.other_source_id, d.other_key)
                 = (e.right_source_id, e.right_key, e.left_source_id, e.left_key))
          AND NOT EXISTS (SELECT FROM control.match_decision u WHERE u.supersedes = d.decision_id))
"""


def waiting(
    connection: psycopg.Connection,
    *,
    reason: str | None = None,
    source: str | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> list[Pair]:
    """Pairs that wait for a person, those with the most evidence for one customer first.

    Pairs that were decided since the last run are left out, and so are those whose records are one customer on other
    grounds.

    Args:
        connection: An open connection.
        reason: Only this reason.
        source: Only pairs with a record of this source.
        limit: At most so many.
        offset: So many are passed over.
    """
    rows = connection.execute(
        f"SELECT {_COLUMNS} {_FROM} {_WAITING} ORDER BY e.match_weight DESC NULLS LAST, 1, 2, 3, 4 "
        "LIMIT %(limit)s OFFSET %(offset)s",
        {"reason": reason, "source": source, "limit": limit, "offset": offset},
    )
    return [_pair(row) for row in rows]


def count_waiting(
    connection: psycopg.Connection, *, reason: str | None = None, source: str | None = None
) -> dict[str, int]:
    """Reason -> pairs that wait, the most frequent first."""
    rows = connection.execute(
        f"SELECT e.reason, count(*) {_FROM} {_WAITING} GROUP BY 1 ORDER BY 2 DESC, 1",
        {"reason": reason, "source": source},
    )
    return {str(code): int(number) for code, number in rows}


def pairs_between(connection: psycopg.Connection, left: Sequence[RecordRef], right: Sequence[RecordRef]) -> list[Pair]:
    """Compared pairs with one record on each side, the strongest first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} {_FROM} WHERE "
        "((l.code, e.left_key) IN (SELECT * FROM unnest(%(a)s::text[], %(b)s::text[])) "
        "AND (r.code, e.right_key) IN (SELECT * FROM unnest(%(c)s::text[], %(d)s::text[]))) OR "
        "((l.code, e.left_key) IN (SELECT * FROM unnest(%(c)s::text[], %(d)s::text[])) "
        "AND (r.code, e.right_key) IN (SELECT * FROM unnest(%(a)s::text[], %(b)s::text[]))) "
        "ORDER BY e.match_weight DESC NULLS LAST, 1, 2, 3, 4",
        {**_keys(left, "ab"), **_keys(right, "cd")},
    )
    return [_pair(row) for row in rows]


def _keys(refs: Iterable[RecordRef], names: str) -> dict[str, list[str]]:
    ordered = sorted(refs)
    return {names[0]: [r.source_id for r in ordered], names[1]: [r.subscriber_key for r in ordered]}


def _pair(row: Sequence[object]) -> Pair:
    left, left_key, right, right_key, outcome, reason, weight, chance, rule, levels, weights, one, two = row
    return Pair(
        RecordRef(str(left), str(left_key)),
        RecordRef(str(right), str(right_key)),
        str(outcome),
        str(reason or ""),
        # a weight is a measure of evidence, not of money: a float is what it is
        None if weight is None else float(str(weight)),
        None if chance is None else float(str(chance)),
        str(rule or ""),
        dict(_named(levels)),
        {name: float(bits) for name, bits in _named(weights)},
        (int(str(one)), int(str(two))),
    )


def _named(text: object) -> list[tuple[str, str]]:
    """`a=1 b=2` as pairs."""
    return [(name, value) for part in str(text or "").split() for name, _, value in [part.partition("=")]]
