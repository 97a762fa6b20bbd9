"""Decisions of people, written to and read from `control.match_decision`: appended, never changed.

What a decision would do is checked before it is written, against the customers as they are loaded and against the
decisions that stand: nobody is told only at the next run that a decision cannot be carried out.  Two things are never
decided: that two different valid PESELs (for organisations NIPs or REGONs) are one customer, and that a person and an
organisation are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import psycopg

from billing.decisions import Action, Decision, RecordRef, standing
from billing.errors import BillingError

_LOCK = 7_303_014_103  # one person decides at a time, so that no two contradict each other


class DecisionRefused(BillingError):
    """A decision cannot be made as it stands."""

    title = "Not decided"


@dataclass(frozen=True)
class Wish:
    """A decision that somebody wants to make.

    Attributes:
        action: merge, never or split.
        record: The record decided on.
        other: The other one of a pair.
        reason: Why.
        where: Where it was asked for (file and line), for whoever is told that it is refused.
    """

    action: Action
    record: RecordRef
    other: RecordRef | None = None
    reason: str = ""
    where: Mapping[str, object] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class _Place:
    """Where a record stands: number of its source, its key, its customer."""

    source: int
    key: str
    party: int


@dataclass
class _Desk:
    """What a decision is held against: the loaded customers of the records in question, and what stands."""

    connection: psycopg.Connection
    stand: list[Decision]
    places: dict[RecordRef, _Place]

    def place(self, ref: RecordRef) -> _Place:
        if ref not in self.places:
            raise DecisionRefused(
                f"no loaded subscriber record is called {ref}",
                remedy="name it source/key, as `blueline review` shows it",
            )
        return self.places[ref]

    def party(self, ref: RecordRef) -> int | None:
        """Its customer; None for a record that was decided on and is loaded no more."""
        return self.places[ref].party if ref in self.places else None


def read_decisions(connection: psycopg.Connection) -> list[Decision]:
    """Everything that people ever decided, by number."""
    rows = connection.execute(
        "SELECT d.decision_id, d.action, c.code, d.subscriber_key, o.code, d.other_key, d.actor, d.reason, "
        "d.decided_at, d.supersedes, d.party_id FROM control.match_decision d JOIN control.source c USING (source_id) "
        "LEFT JOIN control.source o ON o.source_id = d.other_source_id "
        "WHERE d.action IN ('merge', 'never', 'split', 'undo') ORDER BY d.decision_id"
    )
    return [
        Decision(
            number, action, RecordRef(source, key), RecordRef(other, other_key) if other else None, actor=actor,
            reason=reason or "", decided_at=at, supersedes=supersedes, party_id=party,
        )
        for number, action, source, key, other, other_key, actor, reason, at, supersedes, party in rows
    ]  # fmt: skip


def decide(connection: psycopg.Connection, wishes: Iterable[Wish], *, actor: str) -> list[Decision]:
    """Write decisions, all of them or none; one that stands already is not made twice.

    Args:
        connection: Without an open transaction.
        wishes: What is wanted, in order.
        actor: Who decides.

    Returns:
        The decisions that were written.

    Raises:
        DecisionRefused: One of them contradicts an identifier or another decision, or names no loaded record.
    """
    wanted = list(wishes)
    for wish in wanted:
        _demand(actor, wish.reason)
    written: list[Decision] = []
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        stand = standing(read_decisions(connection))
        refs = {ref for wish in wanted for ref in _records(wish)} | {ref for made in stand for ref in made.records}
        desk = _Desk(connection, stand, _places(connection, refs))
        for wish in wanted:
            if any(d.action == wish.action and _records(d) == _records(wish) for d in stand):
                continue
            try:
                _CHECKS[wish.action](desk, wish)
                made = _append(desk, wish, actor)
            except DecisionRefused as error:
                raise DecisionRefused(error.message, remedy=error.remedy, **wish.where) from None
            stand.append(made)
            written.append(made)
    return written


def undo(connection: psycopg.Connection, number: int, *, actor: str, reason: str) -> Decision:
    """Take a decision back, by another row.

    Args:
        connection: Without an open transaction.
        number: Of the decision.
        actor: Who takes it back.
        reason: Why.

    Raises:
        DecisionRefused: There is no such decision, or it does not stand any more.
    """
    _demand(actor, reason)
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        made = {d.number: d for d in read_decisions(connection)}
        found = made.get(number)
        if found is not None and found.action == "undo":
            back = found.supersedes and made.get(found.supersedes)
            again = f"blueline decide {back.action} {' '.join(map(str, back.records))} --reason ..." if back else ""
            raise DecisionRefused(
                f"decision {number} took decision {found.supersedes} back, and that cannot be undone",
                remedy=f"decide again: {again}" if again else "decide again",
            )
        if found is None:
            raise DecisionRefused(f"there is no decision {number} of a person", remedy="blueline decide list --all")
        if found not in standing(made.values()):
            by = next(d for d in made.values() if d.supersedes == number)
            raise DecisionRefused(f"decision {number} was taken back already, by {by.number} of {by.actor}")
        desk = _Desk(connection, [], _places(connection, set(found.records)))
        return _append(desk, Wish("undo", found.record, found.other, reason), actor, supersedes=number)


def _records(item: Wish | Decision) -> set[RecordRef]:
    return {item.record} if item.other is None else {item.record, item.other}


def _demand(actor: str, reason: str) -> None:
    if not actor.strip():
        raise DecisionRefused("nobody decides", remedy="name who decides: --actor")
    if not reason.strip():
        raise DecisionRefused("a decision without a reason is worth nothing later", remedy="give one: --reason")


def _places(connection: psycopg.Connection, refs: set[RecordRef]) -> dict[RecordRef, _Place]:
    ordered = sorted(refs)
    rows = connection.execute(
        "SELECT w.code, x.source_id, x.source_key, x.target_id FROM unnest(%s::text[], %s::text[]) AS w (code, key) "
        "JOIN control.source c USING (code) "
        "JOIN control.xref_subscriber x ON x.source_id = c.source_id AND x.source_key = w.key",
        [[ref.source_id for ref in ordered], [ref.subscriber_key for ref in ordered]],
    )
    return {RecordRef(code, key): _Place(source, key, party) for code, source, key, party in rows}


# --- what may be decided ---------------------------------------------------------------------------------------


def _check_merge(desk: _Desk, wish: Wish) -> None:
    one, two = _pair(wish)
    held = _customers_by_merges(desk)
    sides = [held.get(desk.place(ref).party, {desk.place(ref).party}) for ref in (one, two)]
    taken_out = {ref: d for d in desk.stand if d.action == "split" for ref in d.records}
    for ref, other in ((one, two), (two, one)):
        if ref in taken_out and taken_out[ref].party_id == desk.party(other):
            raise DecisionRefused(
                f"{ref} was taken out of that very customer by decision {taken_out[ref].number}",
                remedy=f"take that back instead: blueline decide undo {taken_out[ref].number}",
            )
    together = bool(sides[0] & sides[1])  # one customer already; the decision keeps them so
    if not together:
        _refuse_contradiction(desk.connection, one, two, sides)
    for decision in desk.stand:
        if decision.action == "never":
            ends = [desk.party(ref) for ref in decision.records]
            across = (ends[0] in sides[0] and ends[1] in sides[1]) or (ends[0] in sides[1] and ends[1] in sides[0])
            if set(decision.records) == {one, two} or (across and not together):
                raise DecisionRefused(
                    f"decision {decision.number} of {decision.actor} says that {decision.record} and {decision.other} "
                    "are never one customer",
                    remedy=f"take it back first, if it is wrong: blueline decide undo {decision.number}",
                )


def _refuse_contradiction(
    connection: psycopg.Connection, one: RecordRef, two: RecordRef, sides: list[set[int]]
) -> None:
    kinds, identifiers = [], []
    for parties in sides:
        rows = connection.execute(
            "SELECT p.kind = 'person', i.kind, i.value_hash FROM billing.party p "
            "LEFT JOIN billing.party_identification i USING (party_id) WHERE p.party_id = ANY(%s)",
            [list(parties)],
        ).fetchall()
        kinds.append({is_person for is_person, _, _ in rows})
        found: dict[str, set[bytes]] = {}
        for is_person, kind, value in rows:
            if kind == "pesel" or (kind in ("nip", "regon") and not is_person):
                found.setdefault(kind, set()).add(value)
        identifiers.append(found)
    for kind in ("pesel", "nip", "regon"):
        left, right = (found.get(kind, set()) for found in identifiers)
        if left and right and left != right:
            raise DecisionRefused(
                f"the customers of {one} and {two} have two different valid {kind.upper()}s: "
                "no decision overrides that",
                remedy=f"if one of the {kind.upper()}s is wrong, have its source correct it",
            )
    if kinds[0] != kinds[1]:
        raise DecisionRefused(f"{one} and {two} are a person and an organisation, which are never one customer")


def _check_never(desk: _Desk, wish: Wish) -> None:
    one, two = _pair(wish)
    joined: dict[RecordRef, set[RecordRef]] = {}
    for decision in desk.stand:
        if decision.action == "merge":
            group = set().union(*(joined.get(ref, {ref}) for ref in decision.records))
            joined |= dict.fromkeys(group, group)
            if {one, two} <= group:
                raise DecisionRefused(
                    f"decision {decision.number} of {decision.actor} made {one} and {two} one customer",
                    remedy=f"take it back first, if it is wrong: blueline decide undo {decision.number}",
                )


def _check_split(desk: _Desk, wish: Wish) -> None:
    party = desk.place(wish.record).party
    for decision in desk.stand:
        if decision.action == "merge" and wish.record in decision.records:
            raise DecisionRefused(
                f"decision {decision.number} of {decision.actor} made {decision.record} and {decision.other} one "
                "customer",
                remedy=f"take that back instead: blueline decide undo {decision.number}",
            )
    row = desk.connection.execute(
        "SELECT count(*) FROM control.xref_subscriber WHERE target_id = %s", [party]
    ).fetchone()
    if row == (1,):
        raise DecisionRefused(f"{wish.record} is the only record of customer {party}: there is nothing to split")


_CHECKS: dict[Action, Callable[[_Desk, Wish], None]] = {
    "merge": _check_merge,
    "never": _check_never,
    "split": _check_split,
}


def _pair(wish: Wish) -> tuple[RecordRef, RecordRef]:
    if wish.other is None or wish.other == wish.record:
        raise DecisionRefused(f"{wish.action} takes two different records", remedy="name both")
    return wish.record, wish.other


def _customers_by_merges(desk: _Desk) -> dict[int, set[int]]:
    """Customer -> those that the standing merges make one with it, applied or not."""
    groups: dict[int, set[int]] = {}
    for decision in desk.stand:
        parties = [party for ref in decision.records if (party := desk.party(ref)) is not None]
        if decision.action == "merge" and len(parties) == len(decision.records):
            group = set().union(*(groups.get(party, {party}) for party in parties))
            groups |= dict.fromkeys(group, group)
    return groups


def _append(desk: _Desk, wish: Wish, actor: str, *, supersedes: int | None = None) -> Decision:
    refs = sorted(_records(wish))
    first = desk.place(refs[0])
    second = desk.place(refs[1]) if len(refs) > 1 else None
    row = desk.connection.execute(
        "INSERT INTO control.match_decision (source_id, subscriber_key, other_source_id, other_key, action, party_id, "
        "actor, reason, supersedes) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING decision_id, decided_at",
        [
            first.source, first.key, second and second.source, second and second.key, wish.action, first.party,
            actor.strip(), wish.reason.strip(), supersedes,
        ],
    ).fetchone()  # fmt: skip
    assert row is not None
    number, at = row
    return Decision(
        number, wish.action, refs[0], refs[1] if len(refs) > 1 else None, actor=actor.strip(),
        reason=wish.reason.strip(), decided_at=at, supersedes=supersedes, party_id=first.party,
    )  # fmt: skip
