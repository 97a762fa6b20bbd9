"""Who the people are: identity, names, numbers and homes, each a function of the region and the index alone.

Eight consecutive indexes make a slot that decides how records relate:

* 0 is the head of a household, or a firm;
* 1 may be the head's spouse, 2 a grown child (a quarter of the sons bear the father's name), 3 the child's twin;
* 4 to 7 may be a person over again: of the same region, or of a region earlier in the plan.

Two people never share a PESEL by accident, except for a few (about ten in a million) of those whose birth date is tied
to a relative's; it happened in reality, too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from samples import lists
from samples.draw import Array, Bools, Draw, Ints
from samples.firms import FIRM, INSTITUTION, PERSON, company_name
from samples.identifiers import make_nip, make_pesel, make_regon, person_number
from samples.plan import Plan
from samples.text import NO_DATE, cat, day

UNRELATED, SPOUSE, CHILD, TWIN = 0, 1, 2, 3

_FIRST_BIRTH = day(1916, 1, 1)
_LAST_BIRTH = day(1985, 6, 30)  # of age at the cut-off
_OWN_SERIALS = 2500  # of 5,000 a day and sex; the others are for people whose birth date depends on a relative's
_PLANTED = 8 * 128
_SPREAD = 61_803_399  # prime to the number of (day, serial) pairs: index -> pair is one to one


def origin(plan: Plan, position: int, index: Ints) -> tuple[Ints, Ints]:
    """Region (as position in the plan) and index of the record in which the same person first occurs."""
    at = np.full(len(index), position, dtype=np.int64)
    who = np.array(index, dtype=np.int64)
    open_rows = np.arange(len(who))
    while len(open_rows):
        here, there = at[open_rows], who[open_rows]
        draw = Draw(plan.seed, plan.zone_numbers[here], there)
        may = (there % 8 >= 4) & (there >= 8)
        again = may & draw.chance("again", 80)
        abroad = may & ~again & (here > 0) & draw.chance("abroad", 45)
        earlier = there - 1 - draw.below("earlier", np.clip(there, 1, 4000))
        region = draw.below("region", np.maximum(here, 1))
        at[open_rows] = np.where(abroad, region, here)
        who[open_rows] = np.where(again, earlier, np.where(abroad, draw.below("person", plan.sizes[region]), there))
        open_rows = open_rows[again | abroad]
    return at, who


@dataclass
class People:
    """Persons, firms and institutions as they are, not as a legacy system wrote them.  One row each.

    Attributes:
        zone: Numbering zone of the origin.
        index: Index within the origin.
        kind: `PERSON`, `FIRM` or `INSTITUTION`.
        relation: `UNRELATED`, `SPOUSE`, `CHILD` or `TWIN` of `household`.
        namesake: A son with his father's given name.
        household: Index of the head.
        male: Sex.
        birth: Days since 1970-01-01.
        first, second, last: Given names and family name, in usual spelling.
        company: Name of a firm or institution.
        pesel, nip, regon: Valid numbers, or empty.
        has_pesel: Whether the person's first record holds the PESEL.
    """

    zone: Ints
    index: Ints
    kind: Ints
    relation: Ints
    namesake: Bools
    household: Ints
    male: Bools
    birth: Ints
    first: Array
    second: Array
    last: Array
    company: Array
    pesel: Array
    nip: Array
    regon: Array
    has_pesel: Bools


def people(seed: int, zone: Ints, index: Ints) -> People:
    """Make the persons of `(zone, index)` pairs."""
    draw = Draw(seed, zone, index)
    slot = index % 8
    head = index - slot
    kind = _kind(seed, zone, index)
    relation, birth, namesake, child_male = _relations(seed, zone, index, kind)
    kind = np.where(relation > 0, PERSON, kind)
    own_male = draw.chance("male", 490)
    male = np.where(relation == SPOUSE, ~_male(seed, zone, head), own_male)
    male = np.where(namesake, True, male)
    male = np.where(relation == CHILD, child_male, male)

    family = np.where(relation > 0, head, index)
    last = _last_name(seed, zone, family, male, plain=relation > 0)
    first = np.where(namesake, _first_name(seed, zone, head, np.ones(len(index), dtype=bool)),
                     _first_name(seed, zone, index, male))  # fmt: skip
    first = _unlike_sibling(seed, zone, head, draw, first, male, relation == TWIN)
    second = np.where(draw.chance("second", 330), _given(draw, "second name", male), "")
    second = np.where(second == first, "", second)

    is_person = kind == PERSON
    firms = np.flatnonzero(~is_person)
    company = np.full(len(index), "", dtype="U60")
    company[firms] = company_name(draw.take(firms), zone[firms], kind[firms], first[firms], last[firms])
    serial = np.where(relation > 0, _OWN_SERIALS + draw.below("serial", 5000 - _OWN_SERIALS), _own(zone, index)[1])
    pesel = np.where(is_person, make_pesel(birth, serial, male), "")
    return People(
        zone=zone, index=index, kind=kind, relation=relation, namesake=namesake,
        household=np.where(relation > 0, head, index),
        male=male, birth=np.where(is_person, birth, NO_DATE),
        first=np.where(is_person, first, ""), second=np.where(is_person, second, ""),
        last=np.where(is_person, last, ""),
        company=company,
        pesel=pesel,
        nip=np.where(is_person, "", make_nip(zone, index)),
        regon=np.where(is_person, "", make_regon(zone, index)),
        has_pesel=is_person & ~draw.chance("no pesel", 150),
    )  # fmt: skip


def _kind(seed: int, zone: Ints, index: Ints) -> Ints:
    share = Draw(seed, zone, index).below("kind", 100)
    # the first slots' heads are persons, because defects of persons are planted there
    planted = (index % 8 == 0) & (index < _PLANTED)
    return np.where(planted | (share >= 10), PERSON, np.where(share < 8, FIRM, INSTITUTION)).astype(np.int64)


def _male(seed: int, zone: Ints, index: Ints) -> Bools:
    return Draw(seed, zone, index).chance("male", 490)


def _own(zone: Ints, index: Ints) -> tuple[Ints, Ints]:
    """Birth date and serial of a person that depends on nobody."""
    pairs = (_LAST_BIRTH - _FIRST_BIRTH + 1) * _OWN_SERIALS
    place = (person_number(zone, index) * _SPREAD + 40_012_345) % pairs
    return _FIRST_BIRTH + place // _OWN_SERIALS, place % _OWN_SERIALS


def _relations(seed: int, zone: Ints, index: Ints, kind: Ints) -> tuple[Ints, Ints, Bools, Bools]:
    slot = index % 8
    head = index - slot
    draw = Draw(seed, zone, index)
    head_person = _kind(seed, zone, head) == PERSON
    birth = _own(zone, index)[0]
    head_birth = _own(zone, head)[0]

    child_draw = Draw(seed, zone, head + 2)
    child_birth = head_birth + 20 * 365 + child_draw.below("mother's age", 12 * 365)
    child_is = head_person & child_draw.chance("child", 300) & (child_birth <= _LAST_BIRTH)
    spouse_birth = head_birth - 1500 + draw.below("spouse's age", 3000)
    spouse_birth = np.where(spouse_birth > _LAST_BIRTH, 2 * _LAST_BIRTH - spouse_birth, spouse_birth)

    relation = np.zeros(len(index), dtype=np.int64)
    relation[(slot == 1) & head_person & draw.chance("spouse", 400)] = SPOUSE
    relation[(slot == 2) & child_is] = CHILD
    relation[(slot == 3) & child_is & draw.chance("twin", 100)] = TWIN
    birth = np.where(relation == SPOUSE, spouse_birth, np.where(relation >= CHILD, child_birth, birth))
    namesake = (relation == CHILD) & _male(seed, zone, head) & draw.chance("namesake", 200)
    return relation, birth, namesake, namesake | draw.chance("male", 490)


def _given(draw: Draw, purpose: str, male: Bools) -> Array:
    men, women = lists.given_names("M"), lists.given_names("F")
    return np.where(
        male,
        men["name"][draw.weighted(purpose + " M", men.cumulative)],
        women["name"][draw.weighted(purpose + " F", women.cumulative)],
    )


def _first_name(seed: int, zone: Ints, index: Ints, male: Bools) -> Array:
    return _given(Draw(seed, zone, index), "first name", male)


def _unlike_sibling(seed: int, zone: Ints, head: Ints, draw: Draw, first: Array, male: Bools, twin: Bools) -> Array:
    """Twins bear different given names: another is drawn until it is not the sibling's."""
    if not twin.any():
        return first
    child = head + 2
    _, _, namesake, child_male = _relations(seed, zone, child, _kind(seed, zone, child))
    fathers = _first_name(seed, zone, head, np.ones(len(head), dtype=bool))
    sibling = np.where(namesake, fathers, _first_name(seed, zone, child, child_male))
    for number in range(8):
        first = np.where(twin & (first == sibling), _given(draw, f"twin's name {number}", male), first)
    return first


def _last_name(seed: int, zone: Ints, index: Ints, male: Bools, *, plain: Bools) -> Array:
    draw = Draw(seed, zone, index)
    names = lists.surnames()
    own = draw.weighted("surname", names.cumulative)
    single = np.where(male, names["male"][own], names["female"][own])
    other = names["female"][draw.weighted("maiden name", names.cumulative)]
    double = ~male & ~plain & draw.chance("double name", 30)
    return np.where(double, cat(single, "-", other), single)


def married_name(draw: Draw, last: Array) -> Array:
    """The name that a woman bore at another time: her husband's instead, or added to her own."""
    names = lists.surnames()
    other = names["female"][draw.weighted("married name", names.cumulative)]
    return np.where(draw.chance("keeps her name", 250), cat(last, "-", other), other)
