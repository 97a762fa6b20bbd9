"""Decisions of people in a real warehouse: ids that last and come back, and never a changed amount."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from decided_worlds import Scored, orders, scored_worlds
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from small_world import World, small_world
from warehouse_loader import Loader

from billing.decisions import RecordRef, record_ref, standing
from loaders.decisions import DecisionRefused, Wish, decide, read_decisions, undo
from loaders.tables import metadata

PEOPLE = 4


@pytest.fixture
def loader(warehouse: str, tmp_path: Path) -> Loader:
    return Loader(warehouse, tmp_path)


def wish(text: str) -> Wish:
    action, *records = text.split()
    known: Any = action
    return Wish(known, record_ref(records[0]), record_ref(records[1]) if len(records) > 1 else None, "a test")


def say(loader: Loader, text: str) -> int:
    with loader.connect() as connection:
        (made,) = decide(connection, [wish(text)], actor="anna")
    return made.number


def take_back(loader: Loader, number: int) -> None:
    with loader.connect() as connection:
        undo(connection, number, actor="jan", reason="a test")


def ids(loader: Loader) -> dict[str, int]:
    return dict(
        loader.rows(
            "SELECT code || '/' || source_key, target_id FROM control.xref_subscriber "
            "JOIN control.source USING (source_id)"
        )
    )


def resolve(loader: Loader, party: int) -> int | None:
    """The customer that an id stands for now."""
    rows = loader.rows("SELECT party_id FROM control.party_alias WHERE alias_id = %s", party)
    found = rows[0][0] if rows else party
    return found if loader.rows("SELECT 1 FROM billing.customer WHERE customer_id = %s", found) else None


def people(world: World, *clusters: str) -> World:
    """The world with these clusters: each a text of records; everybody else is alone."""
    for person in world.clusters:
        world.clusters[person] = f"{person[0]}|{person[1]}"
    for text in clusters:
        refs = sorted(record_ref(t) for t in text.split())
        for ref in refs:
            world.clusters[ref.source_id, ref.subscriber_key] = f"{refs[0].source_id}|{refs[0].subscriber_key}"
    return world


def state(loader: Loader) -> dict[str, list[str]]:
    found = loader.snapshot(without=("batch_id",))
    return {name: rows for name, rows in found.items() if name != "party_alias"}


def test_an_id_comes_back_to_the_records_that_brought_it(loader: Loader) -> None:
    world = small_world(PEOPLE)
    loader(people(world, "opole/1 opole/2"))
    before, state_before = ids(loader), state(loader)
    loader(people(world, "lodz/1 opole/1 opole/2"))
    assert ids(loader)["opole/2"] == before["lodz/1"]
    assert resolve(loader, before["opole/1"]) == before["lodz/1"]
    loader(people(world, "opole/1 opole/2"))  # more of the records had the other id: they get it back all the same
    assert ids(loader) == before
    assert state(loader) == state_before
    assert loader.rows("SELECT count(*) FROM control.party_alias") == [(0,)]


def test_a_record_that_is_taken_out_leaves_the_id_to_the_others_and_has_one_of_its_own(loader: Loader) -> None:
    world = small_world(PEOPLE)
    whole = people(world.copy(), "lodz/1 opole/1")
    loader(whole)
    before, state_before = ids(loader), state(loader)
    number = say(loader, "split lodz/1")  # the first record of the two, which would keep the id otherwise
    parted = people(world.copy())
    loader(parted)
    after = ids(loader)
    assert after["opole/1"] == before["opole/1"]
    assert after["lodz/1"] not in set(before.values())
    take_back(loader, number)
    loader(whole)
    assert state(loader) == state_before
    assert resolve(loader, after["lodz/1"]) == before["lodz/1"]
    say(loader, "split lodz/1")
    loader(parted)
    assert ids(loader) == after  # the id that was issued for it


def test_aliases_follow_the_records_that_brought_them(loader: Loader) -> None:
    world = small_world(PEOPLE)
    loader(people(world))
    first, second, third = (ids(loader)[f"lodz/{n}"] for n in "123")
    loader(people(world, "lodz/1 lodz/2 lodz/3"))
    assert {resolve(loader, i) for i in (first, second, third)} == {first}
    loader(people(world, "lodz/2 lodz/3"))
    assert [resolve(loader, i) for i in (first, second, third)] == [first, second, second]


def test_nobody_changes_hands_with_a_record_that_is_not_delivered(loader: Loader) -> None:
    world = small_world(PEOPLE)
    loader(people(world))
    loader(people(world, "lodz/1 opole/1"))
    before = ids(loader)
    for rows in world.rows.values():
        rows[:] = [r for r in rows if r["source_id"] == "opole"]
    world.clusters = {k: c for k, c in world.clusters.items() if k[0] == "opole"}
    result = loader(people(world))
    assert ids(loader) == before
    assert {n: c.changed for n, c in result.counts.items() if c.changed} == {"party": 1}  # the number of its records
    say(loader, "split opole/1")
    loader(people(world))
    after = ids(loader)
    assert after.pop("opole/1") != before.pop("opole/1")
    assert after == before


def test_churn_says_what_became_of_the_ids(loader: Loader) -> None:
    world = small_world(PEOPLE)
    result = loader(people(world, "lodz/1 opole/1"))
    assert result.counts["party"].churn == {
        "before": 0, "new": 7, "split": 0, "returned": 0, "merged": 0, "kept": 0, "after": 7, "moved": 0,
    }  # fmt: skip
    result = loader(people(world, "lodz/2 opole/2 opole/3"))
    assert result.counts["party"].churn == {
        "before": 7, "new": 0, "split": 1, "returned": 0, "merged": 2, "kept": 5, "after": 6, "moved": 3,
    }  # fmt: skip
    result = loader(people(world, "lodz/1 opole/1"))
    assert result.counts["party"].churn == {
        "before": 6, "new": 0, "split": 2, "returned": 2, "merged": 1, "kept": 5, "after": 7, "moved": 3,
    }  # fmt: skip
    kept = loader.rows("SELECT counts -> 'party' -> 'churn' ->> 'after' FROM control.batch ORDER BY batch_id")
    assert kept == [("7",), ("6",), ("7",)]


def test_waves_give_the_same_customers_and_leave_alone_whom_they_do_not_touch(loader: Loader) -> None:
    world = small_world(PEOPLE)
    first = world.copy()
    for rows in first.rows.values():
        rows[:] = [r for r in rows if r["source_id"] == "opole"]
    first.clusters = {k: c for k, c in first.clusters.items() if k[0] == "opole"}
    loader(people(first, "opole/3 opole/4"))
    before = loader.snapshot()
    loader(people(world, "lodz/1 opole/1", "opole/3 opole/4"))
    after = loader.snapshot()
    for table in ("party", "customer", "billing_account", "contact_medium", "invoice", "payment", "xref"):
        untouched = [row for row in before[table] if row in after[table]]
        changed = len(before[table]) - len(untouched)
        assert changed == (1 if table == "party" else 0), table  # the number of its records
    same: dict[int, set[str]] = {}
    for record, party in ids(loader).items():
        same.setdefault(party, set()).add(record)
    assert {frozenset(group) for group in same.values() if len(group) > 1} == {
        frozenset({"lodz/1", "opole/1"}), frozenset({"opole/3", "opole/4"}),
    }  # fmt: skip


REFUSED = {
    "merge lodz/1 opole/2": "two different valid PESELs",
    "merge lodz/1 opole/9": "no loaded subscriber record is called opole/9",
    "merge lodz/1 lodz/1": "two different records",
    "split lodz/1": "the only record",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_decided_is_refused_with_its_reason(loader: Loader, text: str) -> None:
    loader(people(small_world(PEOPLE)))
    with pytest.raises(DecisionRefused, match=REFUSED[text]):
        say(loader, text)
    assert loader.rows("SELECT count(*) FROM control.match_decision") == [(0,)]


def test_decisions_that_contradict_each_other_are_refused(loader: Loader) -> None:
    loader(people(small_world(PEOPLE), "lodz/2 opole/2"))
    pending = say(loader, "never lodz/2 opole/2")  # one customer until the next run
    with pytest.raises(DecisionRefused, match=f"decision {pending} of anna"):
        say(loader, "merge lodz/2 opole/2")
    never = say(loader, "never lodz/1 opole/1")
    with pytest.raises(DecisionRefused, match=f"decision {never} of anna"):
        say(loader, "merge lodz/1 opole/1")
    take_back(loader, never)
    merge = say(loader, "merge lodz/1 opole/1")
    for text in ("never opole/1 lodz/1", "split lodz/1"):
        with pytest.raises(DecisionRefused, match=f"decision {merge} of anna"):
            say(loader, text)
    with pytest.raises(DecisionRefused, match="taken back already"):
        take_back(loader, never)
    with pytest.raises(DecisionRefused, match="without a reason"), loader.connect() as connection:
        decide(connection, [Wish("never", RecordRef("lodz", "1"), RecordRef("lodz", "2"))], actor="anna")


def test_several_decisions_are_made_together_or_not_at_all(loader: Loader) -> None:
    loader(people(small_world(PEOPLE)))
    with loader.connect() as connection:
        with pytest.raises(DecisionRefused):
            decide(connection, [wish("never lodz/1 opole/1"), wish("merge lodz/1 opole/2")], actor="anna")
        assert read_decisions(connection) == []
        wishes = [wish("never opole/1 lodz/1"), wish("never lodz/1 opole/1")]
        assert len(decide(connection, wishes, actor="anna")) == 1  # the same said twice
        assert decide(connection, wishes, actor="jan") == []


def test_decisions_are_never_changed_or_removed(loader: Loader) -> None:
    loader(people(small_world(PEOPLE)))
    say(loader, "never lodz/1 opole/1")
    for statement in ("UPDATE control.match_decision SET actor = 'nobody'", "DELETE FROM control.match_decision"):
        with pytest.raises(psycopg.errors.RaiseException, match="appended, never changed"):
            loader.rows(statement)


@settings(
    max_examples=4, deadline=None, suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)  # fmt: skip
@given(scored=scored_worlds(PEOPLE), data=st.data())
def test_whatever_was_decided_and_taken_back_nothing_of_it_is_left(
    loader: Loader, scored: Scored, data: st.DataObject
) -> None:
    """Random scores, random decisions and undos; then everything is taken back."""
    with loader.connect() as connection:
        for table in reversed(metadata.sorted_tables):
            if table.schema == "billing" or table.name in ("xref", "party_alias", "match_decision"):
                connection.execute(f"TRUNCATE {table.schema}.{table.name} RESTART IDENTITY CASCADE")
    world = small_world(PEOPLE)
    for row in world.rows["subscriber"]:  # what contradicts is the business of the scores here
        row["pesel"] = row["pesel_status"] = None

    def load(source: str | None = None) -> None:
        with loader.connect() as connection:
            found, _ = (scored.only(source) if source else scored).partition(standing(read_decisions(connection)))
        part = world.copy()
        for rows in part.rows.values():
            rows[:] = [r for r in rows if source in (None, r["source_id"])]
        part.clusters = {
            (ref.source_id, ref.subscriber_key): f"{root.source_id}|{root.subscriber_key}"
            for ref, root in found.items()
        }
        loader(part)
        held = ids(loader)
        same = {(str(one), str(other)) for one in found for other in found if found[one] == found[other]}
        # whatever was loaded before, in whatever order: the customers are those that the link step found
        assert same == {(one, other) for one in held for other in held if held[one] == held[other]}

    if first_wave := data.draw(st.sampled_from([None, "lodz", "opole"])):
        load(first_wave)
    load()
    before, first_ids, money = state(loader), ids(loader), loader.money()
    issued = set(first_ids.values())
    for _ in range(data.draw(st.integers(1, 4))):
        with loader.connect() as connection:
            stand = standing(read_decisions(connection))
            if stand and data.draw(st.booleans()):
                undo(connection, data.draw(st.sampled_from(stand)).number, actor="jan", reason="a test")
            else:
                action, refs = data.draw(orders(scored.records))
                try:
                    decide(connection, [wish(" ".join([action, *map(str, refs)]))], actor="anna")
                except DecisionRefused:
                    continue
        load()
        issued |= set(ids(loader).values())
        assert loader.money() == money
        assert all(resolve(loader, party) for party in issued)
    with loader.connect() as connection:
        for decision in standing(read_decisions(connection)):
            undo(connection, decision.number, actor="jan", reason="a test")
    load()
    assert ids(loader) == first_ids
    assert state(loader) == before
    assert all(resolve(loader, party) for party in issued)
    assert loader.rows(
        "SELECT count(*) FROM control.party_alias WHERE alias_id = ANY(%s)", list(first_ids.values())
    ) == [(0,)]
