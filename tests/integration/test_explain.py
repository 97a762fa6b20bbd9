"""Why two records are one customer or not, who is meant, what waits, and how a customer was put together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small_world import World, small_world
from warehouse_loader import Loader

from audit.customer import customer
from audit.explain import Explanation, explain
from audit.pairs import count_waiting, waiting
from audit.subjects import NotNamed, find_subject
from billing.decisions import RecordRef, standing
from loaders.decisions import Wish, decide, read_decisions, undo


def edge(left: str, right: str, weight: float, outcome: str, reason: str) -> dict[str, Any]:
    one, two = left.split("/"), right.split("/")
    return {
        "left_source_id": one[0], "left_key": one[1], "right_source_id": two[0], "right_key": two[1],
        "match_weight": weight, "match_probability": 0.9, "outcome": outcome, "reason": reason, "rule": "phone",
        "levels": "last_name=same phone=different", "weight_pesel": weight,
    }  # fmt: skip


@pytest.fixture
def world() -> World:
    """`lodz/1`, `opole/1` and `opole/3` are one customer by way of `opole/1`; `lodz/2` and `lodz/3` wait."""
    world = small_world()
    world.join(("lodz", "1"), ("opole", "1"), ("opole", "3"))
    world.edges = [
        edge("lodz/1", "opole/1", 20, "merge", "PESEL-NAME"),
        edge("opole/1", "opole/3", 12, "merge", "NAME-BIRTH-NEAR"),
        edge("lodz/1", "opole/3", 1, "review", "NAME-HOME"),  # one customer on other grounds: nobody waits
        edge("lodz/2", "lodz/3", 4, "review", "NAME-BIRTH"),
        edge("lodz/2", "opole/2", 9, "review", "NAME-HOME"),
        edge("lodz/1", "lodz/3", -9, "keep_apart", "BIRTH-DIFFER"),
    ]
    world.provenance = [
        {"cluster_key": "lodz|1", "field": "last_name", "source_id": "opole", "subscriber_key": "3", "rule": "newest",
         "value": "Żak3", "lost": [{"source_id": "lodz", "subscriber_key": "1", "value": "Żak1; Nowak"},
                                   {"source_id": "opole", "subscriber_key": "1", "value": "Żak1"}]},
    ]  # fmt: skip
    return world


@pytest.fixture
def loader(warehouse: str, tmp_path: Path, world: World) -> Loader:
    load = Loader(warehouse, tmp_path)
    load(world)
    return load


def why(loader: Loader, one: str, other: str) -> Explanation:
    with loader.connect() as connection:
        subjects = find_subject(connection, one), find_subject(connection, other)
        return explain(connection, *subjects, decisions=standing(read_decisions(connection)))


def test_whoever_is_named_is_found(loader: Loader) -> None:
    party = loader.owner("lodz", "1")
    with loader.connect() as connection:
        assert find_subject(connection, "lodz/1").record == RecordRef("lodz", "1")
        whole = find_subject(connection, str(party))
        assert (whole.record, len(whole.records), len(whole.looked_at)) == (None, 3, 3)
        account = find_subject(connection, "0001")
        assert (account.party_id, account.record) == (party, RecordRef("lodz", "1"))
        for text in ("lodz/9", "nobody", "", "customer:lodz/1", "account:77", "/", "999999999999999999999"):
            with pytest.raises(NotNamed, match="nobody is called"):
                find_subject(connection, text)


def test_a_number_that_may_be_two_things_is_asked_about(loader: Loader, world: World) -> None:
    party = loader.owner("lodz", "2")
    world.find("account", source_id="opole", account_key="A-3")["account_no"] = str(party)
    loader(world)
    with loader.connect() as connection:
        with pytest.raises(NotNamed, match="names several"):
            find_subject(connection, str(party))
        assert find_subject(connection, f"customer:{party}").record is None
        assert find_subject(connection, f"account:{party}").record == RecordRef("opole", "3")


def test_an_id_that_was_merged_away_leads_to_where_it_went(loader: Loader, world: World) -> None:
    gone = loader.owner("opole", "2")
    world.join(("lodz", "2"), ("opole", "2"))
    loader(world)
    with loader.connect() as connection:
        found = find_subject(connection, str(gone))
    assert found.party_id == loader.owner("lodz", "2")
    assert f"customer {gone} became part of customer {found.party_id}" == found.note


def test_one_customer_is_explained_by_the_chain_between_them(loader: Loader) -> None:
    found = why(loader, "lodz/1", "opole/3")
    assert found.together
    assert [(str(p.left), str(p.right), p.reason) for p in found.chain] == [
        ("lodz/1", "opole/1", "PESEL-NAME"), ("opole/1", "opole/3", "NAME-BIRTH-NEAR"),
    ]  # fmt: skip
    assert [p.reason for p in found.direct] == ["NAME-HOME"]
    assert found.direct[0].levels == {"last_name": "same", "phone": "different"}
    assert found.direct[0].weights == {"pesel": 1.0}


def test_a_decision_is_a_link_of_the_chain(loader: Loader, world: World) -> None:
    with loader.connect() as connection:
        decide(connection, [Wish("merge", RecordRef("lodz", "1"), RecordRef("opole", "1"), "papers")], actor="anna")
    world.edges = world.edges[1:]
    loader(world)
    found = why(loader, "opole/3", "lodz/1")
    assert [p.reason for p in found.chain] == ["NAME-BIRTH-NEAR", "DECIDED-MERGE"]
    assert [d.actor for d in found.decisions] == ["anna"]


def test_two_customers_are_explained_by_what_kept_them_apart(loader: Loader) -> None:
    found = why(loader, "lodz/3", str(loader.owner("lodz", "1")))
    assert not found.together
    assert [p.reason for p in found.direct] == ["BIRTH-DIFFER"]
    assert found.differing == {"pesel": ("44*******", "44*******")}
    assert found.chain == ()
    assert why(loader, "lodz/2", "opole/2").differing == {}  # the same PESEL
    assert why(loader, "lodz/2", "opole/1").direct == ()  # never compared


def test_the_queue_holds_what_is_open_and_undecided(loader: Loader) -> None:
    with loader.connect() as connection:
        assert [(str(p.left), str(p.right)) for p in waiting(connection)] == [
            ("lodz/2", "opole/2"), ("lodz/2", "lodz/3"),
        ]  # fmt: skip
        assert count_waiting(connection) == {"NAME-BIRTH": 1, "NAME-HOME": 1}
        assert [p.reason for p in waiting(connection, source="opole")] == ["NAME-HOME"]
        assert [p.reason for p in waiting(connection, reason="NAME-BIRTH")] == ["NAME-BIRTH"]
        assert [p.reason for p in waiting(connection, limit=1, offset=1)] == ["NAME-BIRTH"]
        # named the other way round, it is the same pair
        (made,) = decide(connection, [Wish("never", RecordRef("opole", "2"), RecordRef("lodz", "2"), "x")], actor="a")
        assert count_waiting(connection) == {"NAME-BIRTH": 1}
        undo(connection, made.number, actor="a", reason="x")
        assert len(waiting(connection)) == 2


def test_a_customer_is_shown_with_its_origins_masked_unless_asked(loader: Loader) -> None:
    with loader.connect() as connection:
        subject = find_subject(connection, "lodz/1")
        shown = customer(connection, subject, [])
        clear = customer(connection, subject, [], reveal=True)
    assert shown.values["pesel"] == "44*******"
    assert clear.values["pesel"] == "44051401451"
    origin = shown.origins["last_name"]
    assert (origin.record, origin.rule) == (RecordRef("opole", "3"), "newest")
    assert dict(origin.lost) == {RecordRef("lodz", "1"): "Ża*******", RecordRef("opole", "1"): "Ż*******"}
    assert dict(clear.origins["last_name"].lost)[RecordRef("lodz", "1")] == "Żak1; Nowak"
    assert [a["account_no"] for a in shown.accounts] == ["0001", "1001", "1003"]
    phones = [c for c in clear.contacts if c.medium == "phone"]
    assert {ref for c in phones for ref in c.records} <= set(subject.records)
    assert [(c.medium, c.role) for c in shown.contacts] == [(c.medium, c.role) for c in clear.contacts] != []
    assert not {c.value for c in shown.contacts} & {c.value for c in clear.contacts}
    assert "Łucja" not in str(shown)
    assert "Żak" not in str(shown)
