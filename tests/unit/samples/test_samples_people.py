from __future__ import annotations

import numpy as np
import pytest
from stdnum.pl import nip, pesel, regon

from samples.draw import Draw
from samples.firms import FIRM, PERSON
from samples.people import CHILD, SPOUSE, TWIN, origin, people
from samples.phones import landline_text
from samples.plan import CUT_OFF, Plan, make_plan
from samples.records import records
from samples.text import NO_DATE, fold

INDEX = np.arange(8000, dtype=np.int64)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan(subscribers=64_000)


def everybody(plan: Plan, zone: int = 61):
    return people(plan.seed, np.full(len(INDEX), zone), INDEX)


def test_numbers_are_valid_and_people_are_of_age(plan: Plan) -> None:
    made = everybody(plan)
    is_person = made.kind == PERSON
    assert all(pesel.is_valid(p) for p in made.pesel[is_person].tolist())
    assert all(nip.is_valid(n) for n in made.nip[~is_person].tolist())
    assert all(regon.is_valid(r) for r in made.regon[~is_person].tolist())
    assert made.birth[is_person].max() <= CUT_OFF[1] - 18 * 365
    assert (made.birth[~is_person] == NO_DATE).all()


def test_two_people_do_not_share_a_number(plan: Plan) -> None:
    both = [everybody(plan, zone) for zone in (61, 22)]
    numbers = np.concatenate([m.pesel[m.kind == PERSON] for m in both])
    assert len(np.unique(numbers)) == len(numbers)
    taxes = np.concatenate([m.nip[m.kind != PERSON] for m in both])
    assert len(np.unique(taxes)) == len(taxes)


def test_shares_of_firms_and_institutions(plan: Plan) -> None:
    made = everybody(plan)
    assert 0.05 < (made.kind == FIRM).mean() < 0.11
    assert 0.01 < (made.kind > FIRM).mean() < 0.03


def test_families(plan: Plan) -> None:
    made = everybody(plan)
    head = made.household
    spouse = np.flatnonzero(made.relation == SPOUSE)
    assert len(spouse) > 100
    assert (made.male[spouse] != made.male[head[spouse]]).all()
    child = np.flatnonzero(made.relation == CHILD)
    years = (made.birth[child] - made.birth[head[child]]) / 365
    assert years.min() >= 20
    assert years.max() <= 33
    sons = np.flatnonzero(made.namesake)
    assert len(sons) > 5
    assert (made.first[sons] == made.first[head[sons]]).all()
    assert (made.last[sons] == made.last[head[sons]]).all()
    twins = np.flatnonzero(made.relation == TWIN)
    assert len(twins) > 5
    assert (made.birth[twins] == made.birth[twins - 1]).all()
    assert (made.pesel[twins] != made.pesel[twins - 1]).all()


def test_women_bear_women_s_names(plan: Plan) -> None:
    made = everybody(plan)
    women = made.last[(made.kind == PERSON) & ~made.male]
    assert not [name for name in women.tolist() if name.split("-")[0].endswith(("ski", "cki"))]
    men = made.last[(made.kind == PERSON) & made.male]
    assert not [name for name in men.tolist() if name.endswith(("ska", "cka"))]


def test_a_few_names_are_frequent_and_many_are_rare(plan: Plan) -> None:
    _, counts = np.unique(fold(everybody(plan).last), return_counts=True)
    counts = np.sort(counts)[::-1]
    assert counts[0] > 40 * np.median(counts)
    assert len(counts) > 1000


def test_origins_are_earlier_records_that_are_nobody_else(plan: Plan) -> None:
    for position in (0, 3, 7):
        at, who = origin(plan, position, INDEX)
        again = (at != position) | (who != INDEX)
        assert 0.03 < again.mean() < 0.08
        assert (at <= position).all()
        assert (who[(at == position) & again] < INDEX[(at == position) & again]).all()
        assert (at == position).all() if position == 0 else 0.01 < (at != position).mean() < 0.04
        for region in np.unique(at):
            rows = at == region
            first_at, first_who = origin(plan, int(region), who[rows])
            assert (first_at == region).all()
            assert (first_who == who[rows]).all()


def test_a_region_recreates_the_person_of_another(plan: Plan) -> None:
    region = plan.regions[5]
    here = records(plan, region, INDEX)
    row = int(np.flatnonzero((here.at == 2) & (here.kind == PERSON))[0])
    there = records(plan, plan.regions[2], np.array([int(here.person.index[row])]))
    assert there.person.pesel[0] == here.person.pesel[row]
    assert not there.again[0]


def test_draws_do_not_depend_on_their_neighbours(plan: Plan) -> None:
    whole = records(plan, plan.regions[4], INDEX[:512])
    part = records(plan, plan.regions[4], INDEX[256:320])
    for column in ("first", "last", "pesel", "phone", "birth", "since", "note"):
        assert (getattr(whole, column)[256:320] == getattr(part, column)).all(), column
    assert (whole.installation.main[256:320] == part.installation.main).all()


def test_evidence_for_the_same_person_varies(plan: Plan) -> None:
    made = records(plan, plan.regions[6], INDEX)
    again = made.again & (made.kind == PERSON)
    has = made.pesel[again] != ""
    assert 0.4 < has.mean() < 0.85
    assert (made.birth[again & (made.pesel == "")] != NO_DATE).mean() > 0.9
    for name in ("moved", "married_name", "typing_error", "diacritics_lost", "pesel_missing"):
        assert made.changes[name].any(), name
        assert (made.changes[name] <= made.again).all(), name


def test_every_old_form_of_a_number_occurs() -> None:
    draw = Draw(1, 2, np.arange(4000))
    zone = np.full(4000, 22)
    texts = landline_text(draw, zone, np.full(4000, 6251234), 22).tolist()
    for form in ("(0-22) 625 12 34", "022 625 12 34", "0226251234", "22 625 12 34", "+48 22 625 12 34",
                 "0 1033 22 625 12 34", "0048 22 6251234", "22/6251234", "+48 (0) 22 625 12 34", "625-12-34",
                 "625 12 34", "6251234"):  # fmt: skip
        assert form in texts, form
    assert any(" wew. " in t for t in texts)
    assert any(" w. " in t for t in texts)


def test_a_number_of_another_zone_is_never_written_without_it() -> None:
    draw = Draw(1, 2, np.arange(4000))
    texts = landline_text(draw, np.full(4000, 12), np.full(4000, 6251234), 22)
    assert all("12" in t.replace("625", "").replace("12 34", "").replace("12-34", "") or "126251234" in t
               for t in texts.tolist())  # fmt: skip


def test_contact_numbers_fit_the_narrowest_field(plan: Plan) -> None:
    made = records(plan, plan.regions[1], INDEX)
    texts = made.phone.tolist()
    assert max(map(len, texts)) <= 24
    assert any(" lub " in t for t in texts)
    assert any(t.startswith("O") for t in texts)
    assert 0.03 < sum(t == "" for t in texts) / len(texts) < 0.15
