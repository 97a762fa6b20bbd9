"""Decisions of people as laws: they hold, they never bring a contradiction, and taken back they leave nothing."""

from __future__ import annotations

from typing import Any

from decided_worlds import Scored, orders, scored_worlds
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.decisions import Decision, RecordRef, standing

_FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def stories(draw: st.DrawFn) -> tuple[Scored, list[Decision]]:
    """A world and what people decided in it, some of it taken back."""
    world = draw(scored_worlds())
    made: list[Decision] = []
    for number in range(1, draw(st.integers(1, 8)) + 1):
        if made and draw(st.booleans()) and (stand := standing(made)):
            back = draw(st.sampled_from(stand))
            made.append(Decision(number, "undo", back.record, back.other, supersedes=back.number))
        else:
            action, refs = draw(orders(world.records))
            known: Any = action
            made.append(Decision(number, known, refs[0], refs[1] if len(refs) > 1 else None))
    return world, made


@_FEW
@given(stories())
def test_what_stands_holds_and_no_customer_has_two_pesels(story: tuple[Scored, list[Decision]]) -> None:
    world, made = story
    stand = standing(made)
    customer, verdicts = world.partition(stand)
    state = {v.number: v.state for v in verdicts}
    assert sorted(state) == [d.number for d in stand]
    joined = {ref for d in stand if d.action == "merge" and state[d.number] == "applied" for ref in d.records}
    for decision in stand:
        if decision.action == "never":
            assert customer[decision.record] != customer[decision.records[1]]
        elif decision.action == "merge":
            assert (customer[decision.record] == customer[decision.records[1]]) >= (state[decision.number] == "applied")
        elif decision.record not in joined:
            assert [r for r, root in customer.items() if root == customer[decision.record]] == [decision.record]
    pesels: dict[RecordRef, set[str]] = {}
    for position, pesel in world.pesels.items():
        pesels.setdefault(customer[world.records[position]], set()).add(pesel)
    assert all(len(found) == 1 for found in pesels.values())


@_FEW
@given(stories())
def test_a_merge_that_is_taken_back_leaves_the_customers_as_they_were(story: tuple[Scored, list[Decision]]) -> None:
    world, made = story
    before, _ = world.partition(standing(made))
    number = len(made) + 1
    first, second = sorted(world.records)[0], sorted(world.records)[-1]
    then = [*made, Decision(number, "merge", first, second)]
    world.partition(standing(then))
    back = [*then, Decision(number + 1, "undo", first, second, supersedes=number)]
    assert world.partition(standing(back))[0] == before


@_FEW
@given(scored_worlds(), st.data())
def test_a_merge_changes_nobody_else(world: Scored, data: st.DataObject) -> None:
    """Where no identifier is lent, a merge joins two customers as they are and touches no other."""
    world.pesels.clear()
    before, _ = world.partition([])
    left, right = data.draw(st.lists(st.sampled_from(world.records), min_size=2, max_size=2, unique=True))
    after, _ = world.partition([Decision(1, "merge", *sorted((left, right)))])
    union = {before[left], before[right]}
    expected = {r: min(union) if root in union else root for r, root in before.items()}
    assert after == expected


@_FEW
@given(stories(), st.randoms(use_true_random=False))
def test_the_order_of_sources_and_records_does_not_matter(story: tuple[Scored, list[Decision]], chance: Any) -> None:
    world, made = story
    order = list(range(len(world.records)))
    chance.shuffle(order)
    place = {old: new for new, old in enumerate(order)}
    other = Scored(
        [world.records[i] for i in order],
        {place[i]: pesel for i, pesel in world.pesels.items()},
        {(place[i], place[j]): weight for (i, j), weight in world.merges.items()},
        {(place[i], place[j]) for i, j in world.hard},
    )
    assert other.partition(standing(made)) == world.partition(standing(made))
