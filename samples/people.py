"""Who the people are: identity, names, numbers and homes, each a function of the region and the index alone.

Eight consecutive indexes make a slot that decides how records relate:

* 0 is the head of a household, or a firm;
* 1 may be the head's spouse, 2 a grown child (a quarter of the sons bear the father's name), 3 the child's twin;
* 4 to 7 may be a person over again: of the same region, or of a region earlier in the plan.

PESEL, NIP and REGON follow the rules that domain registers publish (weights and century digits); the numbers are a
one-to-one function of the person, so two people never share one by accident; only among those whose birth date is
tied to a relative's a few do (about one in a thousand of them, in a million subscribers), as it happened in reality.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from samples import lists
from samples.draw import Array, Bools, Draw, Ints
from samples.plan import MAX_SUBSCRIBERS, Plan, zones
from samples.text import NO_DATE, calendar, cat, choose, day, digit_matrix, digits, number

PERSON, FIRM, INSTITUTION = 0, 1, 2
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
    second = np.where(draw.chance("second", 330), _given(draw, "second name", male), "")
    second = np.where(second == first, "", second)

    is_person = kind == PERSON
    firms = np.flatnonzero(~is_person)
    company = np.full(len(index), "", dtype="U60")
    company[firms] = _company(draw.take(firms), zone[firms], kind[firms], first[firms], last[firms])
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


def _number(zone: Ints, index: Ints) -> Ints:
    """A number of its own for every person of every zone."""
    order = np.zeros(100, dtype=np.int64)
    for place, known in enumerate(zones()):
        order[known.number] = place
    return order[zone] * MAX_SUBSCRIBERS + index % MAX_SUBSCRIBERS


def _own(zone: Ints, index: Ints) -> tuple[Ints, Ints]:
    """Birth date and serial of a person that depends on nobody."""
    pairs = (_LAST_BIRTH - _FIRST_BIRTH + 1) * _OWN_SERIALS
    place = (_number(zone, index) * _SPREAD + 40_012_345) % pairs
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


_PREFIXES = ["P.H.U.", "F.H.", "F.H.U.", "P.P.H.U.", "Z.P.H.", "Firma Handlowa", "Zakład Usługowy", "P.W."]
_ROOTS = ["Bud", "Agro", "Elektro", "Meblo", "Drew", "Instal", "Termo", "Auto", "Pol", "Hydro", "Tele", "Euro",
          "Inter", "Metal", "Stal", "Chem", "Plast", "Skór", "Gastro", "Farm"]  # fmt: skip
_TAILS = ["pol", "max", "bud", "mex", "tech", "trans", "serwis", "rol", "hurt", "ex", "system", "-Śląsk", "mix", "styl"]
_FORMS = ["Sp. z o.o.", "SP. Z O.O.", "Sp.z o.o.", "S.A.", "s.c.", "Sp. j.",
          "Spółka z ograniczoną odpowiedzialnością"]  # fmt: skip
_OFFICES = ["Szkoła Podstawowa nr", "Przedszkole Miejskie nr", "Gimnazjum nr", "Przychodnia Rejonowa nr",
            "Zespół Szkół nr", "Dom Pomocy Społecznej nr", "Komisariat Policji nr"]  # fmt: skip
_BODIES = ["Urząd Gminy", "Ochotnicza Straż Pożarna", "Parafia Rzymskokatolicka", "Spółdzielnia Mieszkaniowa",
           "Nadleśnictwo", "Bank Spółdzielczy", "Gminny Ośrodek Kultury"]  # fmt: skip


def _company(draw: Draw, zone: Ints, kind: Ints, first: Array, last: Array) -> Array:
    prefix = choose(_PREFIXES, draw.below("prefix", len(_PREFIXES)))
    trade = lists.given_name_samples()[draw.below("trade", len(lists.given_name_samples()))]
    rooted = cat(
        choose(_ROOTS, draw.below("root", len(_ROOTS))), choose(_TAILS, draw.below("tail", len(_TAILS))),
        " ", choose(_FORMS, draw.below("form", len(_FORMS))),
    )  # fmt: skip
    how = draw.below("firm", 10)
    firm = np.where(how < 4, cat(prefix, " ", first, " ", last),
                    np.where(how < 6, cat(prefix, ' "', trade, '"'), rooted))  # fmt: skip
    town = _town(draw, zone)
    body = np.where(
        draw.chance("office", 500),
        cat(choose(_OFFICES, draw.below("office kind", len(_OFFICES))), " ", number(1 + draw.below("office no", 60))),
        cat(choose(_BODIES, draw.below("body", len(_BODIES))), " ", town),
    )
    return np.where(kind == FIRM, firm, body)


def _town(draw: Draw, zone: Ints) -> Array:
    town = np.full(len(zone), "", dtype="U30")
    for one in np.unique(zone):
        places = lists.localities(int(one))
        rows = zone == one
        town[rows] = places["locality"][draw.weighted("town", places.cumulative)[rows]]
    return town


def _weigh(matrix: Array, weights: list[int]) -> Ints:
    return np.asarray(matrix.astype(np.int64) @ np.array(weights, dtype=np.int64))


def make_pesel(birth: Ints, serial: Ints, male: Bools) -> Array:
    """A PESEL: date with the century in the month, three digits, one digit of the sex, check digit.

    >>> make_pesel(np.array([day(1944, 5, 14)]), np.array([14 * 5 + 2]), np.array([True])).tolist()
    ['44051401458']
    """
    year, month, of_month = calendar(np.where(birth == NO_DATE, 0, birth))
    month = month + np.where(year >= 2000, 20, np.where(year < 1900, 80, 0))
    body = cat(digits(year % 100, 2), digits(month, 2), digits(of_month, 2), digits(serial // 5, 3),
               digits(serial % 5 * 2 + male, 1))  # fmt: skip
    figures = body.view(np.uint32).reshape(len(birth), 10) - 48
    return cat(body, digits((10 - _weigh(figures, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10) % 10, 1))


_OFFICE_CODES = np.array([code for code in range(101, 1000) if code % 100 != 0], dtype=np.int64)


def make_nip(zone: Ints, index: Ints) -> Array:
    """A NIP: office, five digits and one that makes the check digit possible, check digit."""
    place = _number(zone, index) * 7_654_321 % (len(_OFFICE_CODES) * 100_000)
    stem = _OFFICE_CODES[place // 100_000] * 100_000 + place % 100_000
    weights = [6, 5, 7, 2, 3, 4, 5, 6, 7]
    nought = _weigh(digit_matrix(stem * 10, 9), weights) % 11
    ninth = np.where(nought == 10, 1, 0)  # a remainder of 10 has no digit: another ninth digit is taken then
    body = stem * 10 + ninth
    return cat(digits(body, 9), digits(_weigh(digit_matrix(body, 9), weights) % 11, 1))


def make_regon(zone: Ints, index: Ints) -> Array:
    """A nine-digit REGON with the old code of the zone's voivodeship in front."""
    codes = np.zeros(100, dtype=np.int64)
    for known in zones():
        codes[known.number] = int(known.old_code)
    body = codes[zone] * 1_000_000 + index % MAX_SUBSCRIBERS * 48_271 % 999_983
    check = _weigh(digit_matrix(body, 8), [8, 9, 2, 3, 4, 5, 6, 7]) % 11 % 10
    return cat(digits(body, 8), digits(check, 1))
