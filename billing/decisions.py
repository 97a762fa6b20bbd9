"""Decisions of people on who is the same customer.

Three can be made, each on records as a source knows them, because records stay while customers come and go:

* `merge` two records are one customer, whatever their score;
* `never` two records are two customers, and no chain of other records may join them;
* `split` a record is taken out of its customer and stays alone until a person says otherwise.

A decision is appended, never changed.  It is taken back by another one, an *undo* that names the number of what it
supersedes; what stands is therefore everything that no undo names.

>>> one = Decision(1, "merge", RecordRef("lodz", "7"), RecordRef("opole", "12"), actor="anna", reason="one PESEL")
>>> back = Decision(2, "undo", one.record, one.other, actor="jan", reason="two people", supersedes=1)
>>> standing([one]), standing([one, back])
([1 merge lodz/7 opole/12], [])
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from billing.errors import ContractError

Action = Literal["merge", "never", "split", "undo"]
PAIRED: tuple[Action, ...] = ("merge", "never")


@dataclass(frozen=True, order=True)
class RecordRef:
    """A subscriber record: its source and its key there."""

    source_id: str
    subscriber_key: str

    def __str__(self) -> str:
        return f"{self.source_id}/{self.subscriber_key}"


def record_ref(text: str) -> RecordRef:
    """Read `source/key`; the key may hold further slashes.

    Raises:
        ContractError: The text has no source or no key.

    >>> record_ref("krakow/K-17/2")
    RecordRef(source_id='krakow', subscriber_key='K-17/2')
    """
    source, slash, key = text.strip().partition("/")
    if not (source and slash and key):
        raise ContractError(f"{text!r} is no record", remedy="write source/key, such as krakow/0001742")
    return RecordRef(source, key)


@dataclass(frozen=True)
class Decision:
    """One row of what people decided.

    Attributes:
        number: Given by the warehouse; later decisions have higher ones.
        action: merge, never, split or undo.
        record: The record decided on.
        other: The other one of a pair.
        actor: Who decided.
        reason: Why, in their words.
        decided_at: When.
        supersedes: Number of the decision that an undo takes back.
        party_id: Customer of `record` when it was decided.
    """

    number: int
    action: Action
    record: RecordRef
    other: RecordRef | None = None
    actor: str = ""
    reason: str = ""
    decided_at: dt.datetime | None = None
    supersedes: int | None = None
    party_id: int | None = None

    @property
    def records(self) -> tuple[RecordRef, ...]:
        """The one or two records that it is about."""
        return (self.record,) if self.other is None else (self.record, self.other)

    def __repr__(self) -> str:
        return " ".join([str(self.number), self.action, *map(str, self.records)])


def standing(decisions: Iterable[Decision]) -> list[Decision]:
    """The decisions that no undo takes back, by number."""
    made = list(decisions)
    undone = {d.supersedes for d in made}
    return sorted((d for d in made if d.action != "undo" and d.number not in undone), key=lambda d: d.number)


def fingerprint(decisions: Iterable[Decision]) -> str:
    """What a step's address has to know of the decisions that it applies and tells of."""
    return repr([(d.number, d.action, *map(str, d.records), d.actor, d.reason, d.decided_at) for d in decisions])
