"""Subscriber records: persons as one region's clerks wrote them, with the variations that make matching hard."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from samples.draw import Array, Bools, Draw, Ints
from samples.faults import Planted
from samples.firms import FIRM, INSTITUTION, PERSON
from samples.people import People, married_name, origin, people
from samples.phones import contact_text, local_number
from samples.places import Places, places, without_diacritics
from samples.plan import CUT_OFF, Plan, Region
from samples.text import NO_DATE, cat, choose, day, digits, fold, misspell

_FILLERS = ["00000000000", "44444444444", "11111111116", "22222222222", "99999999999"]
_NOTES = ["", "", "", "", "Rachunek na adres córki", "Życzy sobie fakturę", "Zmarł mąż - przepisać", "Stały klient",
          "Reklamacja uznana 03/2003", "Dzwonić po godz. 16", "Łącze zapasowe"]  # fmt: skip


@dataclass
class Records:
    """A chunk of subscriber records, one row each, columns side by side.

    Attributes:
        index: Index within the region; the key is one more.
        person: Who it is (columns of the origin).
        at: Position of the origin's region in the plan.
        again: Whether the person has an earlier record.
        planted: Planted defects.
        changes: Kind of variation -> the rows that have it, for the truth.
    """

    index: Ints
    person: People
    at: Ints
    again: Bools
    planted: Planted
    first: Array
    second: Array
    last: Array
    company: Array
    pesel: Array
    nip: Array
    regon: Array
    birth: Ints
    phone: Array
    document: Array
    email: Array
    status: Ints
    since: Ints
    updated: Ints
    note: Array
    installation: Places
    correspondence: Places
    has_correspondence: Bools
    registered: Places
    has_registered: Bools
    draw: Draw
    changes: dict[str, Bools] = field(default_factory=dict)

    @property
    def kind(self) -> Ints:
        """`PERSON`, `FIRM` or `INSTITUTION`."""
        return self.person.kind

    @property
    def is_person(self) -> Bools:
        """Which rows are persons."""
        return self.person.kind == PERSON

    @property
    def key(self) -> Ints:
        """The number that the region gave the subscriber."""
        return self.index + 1


def records(plan: Plan, region: Region, index: Ints) -> Records:
    """Make the subscriber records of a region with these indexes."""
    seed, home = plan.seed, region.zone.number
    draw = Draw(seed, home + 1000, index)
    planted = Planted(plan, region, index)
    at, who = origin(plan, region.position, index)
    zone = plan.zone_numbers[at]
    again = (at != region.position) | (who != index)
    abroad = at != region.position
    person = people(seed, zone, who)
    is_person = person.kind == PERSON

    # how much is left to recognise somebody by: PESEL on both records, on one, or on none
    pesel_here = np.where(again, draw.below("evidence", 100) < 65, True)
    weak = again & is_person & (~person.has_pesel | ~pesel_here)
    moved = again & ~abroad & draw.chance("moved", 450)
    keeps_phone = again & (draw.chance("keeps the number", 700) | (weak & (moved | abroad)))

    married = again & is_person & ~person.male & ~weak & draw.chance("married", 150)
    typing = again & is_person & draw.chance("typing error", 110)
    typing_first = again & is_person & ~typing & ~weak & draw.chance("typing error in first name", 50)
    plain = draw.chance("no diacritics", 30) | (again & draw.chance("no diacritics again", 130))
    last = np.where(married, married_name(draw, person.last), person.last)
    last = misspell(last, typing, draw.below("letter", 1000))
    first = misspell(person.first, typing_first, draw.below("letter", 1000))
    second = np.where(again & draw.chance("drops second name", 500), "", person.second)

    pesel = np.where(person.has_pesel & pesel_here, person.pesel, "")
    pesel = np.where(again & ~person.has_pesel & pesel_here & draw.chance("only here", 400), person.pesel, pesel)
    pesel, birth, phone = _numbers(draw, planted, region, person, pesel, weak, keeps_phone, again)

    installation, correspondence, has_correspondence, registered, has_registered = _homes(
        plan, region, index, draw, person, moved, abroad
    )
    swapped = planted.at("roles_swapped")
    has_correspondence = has_correspondence | swapped
    installation, correspondence = (
        correspondence.where(swapped, installation), installation.where(swapped, correspondence)
    )  # fmt: skip
    postcode = np.where(planted.at("postcode_filler"), "00-000", installation.postal_code)
    installation.postal_code = postcode

    new = index >= region.subscribers
    moved_now = _moves(plan, index, draw, region)
    since = day(1978, 1, 1) + draw.below("since", day(2003, 6, 30) - day(1978, 1, 1))
    since = np.maximum(since, np.where(is_person, person.birth + 18 * 366, since))
    since = np.where(new, CUT_OFF[1] + 1 + draw.below("new since", 20), np.minimum(since, day(2003, 7, 31)))
    updated = since + draw.below("updated", 4000) % np.maximum(CUT_OFF[1] - since, 1)
    updated = np.where(new, since, np.where(moved_now, CUT_OFF[1] + 5, updated))
    return Records(
        index=index, person=person, at=at, again=again, planted=planted,
        first=fold(first, plain), second=fold(second, plain), last=fold(last, plain),
        company=fold(person.company, plain),
        pesel=pesel,
        nip=np.where(draw.chance("no nip", 60), "", person.nip),
        regon=np.where(draw.chance("no regon", 250), "", person.regon),
        birth=birth, phone=phone,
        document=_document(draw, person),
        email=_email(draw, person),
        status=np.where(draw.chance("suspended", 15), 1, 0),
        since=since, updated=updated,
        note=choose(_NOTES, np.minimum(draw.below("note", 60), len(_NOTES) - 1) * draw.chance("has note", 300)),
        installation=without_diacritics(installation, plain),
        correspondence=without_diacritics(correspondence, plain), has_correspondence=has_correspondence,
        registered=registered, has_registered=has_registered,
        draw=draw,
        changes={
            "moved": moved | (abroad & ~has_correspondence), "married_name": married & (last != person.last),
            "typing_error": (typing & (last != person.last)) | (typing_first & (first != person.first)),
            "diacritics_lost": plain & again, "pesel_missing": again & is_person & (pesel == ""),
        },
    )  # fmt: skip


def _moves(plan: Plan, index: Ints, draw: Draw, region: Region) -> Bools:
    """Who moved between the first and the second delivery."""
    quiet = index < region.subscribers
    return quiet & draw.chance("moves in October", 30) if plan.delivery == 2 else np.zeros(len(index), dtype=bool)


def _numbers(
    draw: Draw, planted: Planted, region: Region, person: People, pesel: Array, weak: Bools, keeps: Bools, again: Bools
) -> tuple[Array, Ints, Array]:
    home = region.zone.number
    is_person = person.kind == PERSON
    digit = np.array(pesel, dtype="U11")
    wrong = planted.at("pesel_invalid") & is_person
    base = np.where(digit == "", person.pesel, digit)
    check = np.where(np.strings.slice(base, 10, 11) == "7", "3", "7")
    pesel = np.where(wrong, cat(np.strings.slice(base, 0, 10), check), pesel)
    filler = (planted.at("pesel_filler") & is_person) | (is_person & ~again & draw.chance("filler", 4))
    pesel = np.where(filler, choose(_FILLERS, draw.below("which filler", len(_FILLERS))), pesel)
    missing = is_person & ~weak & person.has_pesel & draw.chance("no birth date", 70) & ~planted.at("birth_impossible")
    birth = np.where(is_person & ~missing, person.birth, NO_DATE)

    # people have one number, a family often shares it; a record of its own may have another
    own = Draw(region.position + 17, person.zone, person.index)
    shared = (person.relation > 0) & own.chance("family phone", 600)
    owner = np.where(shared, person.household, person.index)
    of_owner = Draw(7, person.zone, owner)
    mobile, absent = of_owner.chance("mobile", 120), of_owner.chance("no phone", 80) & ~keeps
    changed = again & ~keeps
    number = np.where(mobile, of_owner.below("mobile number", 30_000_000), local_number(owner))
    here = np.where(changed, 0, mobile) == 1
    number = np.where(changed, local_number(draw.below("new number", 1_000_000), 3), number)
    zone = np.where(changed, home, person.zone)
    phone = contact_text(draw, zone, number, here, absent, home)
    phone = np.where(planted.at("phone_short"), digits(331_511 + draw.below("short", 9000), 6), phone)
    phone = np.where(planted.at("phone_filler"), cat(digits(np.full(len(phone), home), 2), " 000 00 00"), phone)
    return pesel, birth, phone


def _homes(
    plan: Plan, region: Region, index: Ints, draw: Draw, person: People, moved: Bools, abroad: Bools
) -> tuple[Places, Places, Bools, Places, Bools]:
    # a place is a function of its zone and number, so choosing a place is choosing a number
    home = np.full(len(index), region.zone.number, dtype=np.int64)
    away = moved | abroad
    lives = np.where(away, index + 10_000_000, person.household)
    lives = np.where(_moves(plan, index, draw, region), index + 30_000_000, lives)
    zone = np.where(lives == person.household, person.zone, home)
    installation = places(plan.seed, zone, lives)

    to_origin = away & draw.chance("letters to the old address", 500)
    to_other = ~to_origin & draw.chance("letters elsewhere", 180)
    correspondence = places(
        plan.seed, np.where(to_origin, person.zone, home), np.where(to_origin, person.household, index + 20_000_000)
    )
    is_firm = (person.kind == FIRM) | (person.kind == INSTITUTION)
    has_registered = is_firm & draw.chance("registered", 700)
    elsewhere = draw.chance("seat elsewhere", 400)
    seat = places(plan.seed, np.where(elsewhere, home, zone), np.where(elsewhere, index + 40_000_000, lives))
    return installation, correspondence, to_origin | to_other, seat, has_registered


def _document(draw: Draw, person: People) -> Array:
    """Identity documents: the booklet of two letters and seven digits, or the card with its check digit."""
    letters = [chr(65 + n) for n in range(26)]
    first = choose(letters, draw.below("letter 1", 26))
    second = choose(letters, draw.below("letter 2", 26))
    booklet = cat(first, second, digits(draw.below("booklet", 10_000_000), 7))
    third = draw.below("letter 3", 26)
    body = draw.below("card", 100_000)
    value = 7 * (10 + draw.below("letter 0", 3)) + 3 * (10 + draw.below("letter 2", 26)) + (10 + third)
    figures = [body // 10**power % 10 for power in (4, 3, 2, 1, 0)]
    for weight, figure in zip((7, 3, 1, 7, 3), figures, strict=True):
        value = value + weight * figure
    # the check digit has weight 9 = -1: it is the sum of the others, modulo 10
    card = cat(choose(letters[:3], draw.below("letter 0", 3)), second, choose(letters, third),
               digits(value % 10, 1), digits(body, 5))  # fmt: skip
    have = (person.kind == PERSON) & draw.chance("document", 800)
    return np.where(have, np.where(draw.chance("card not booklet", 300), card, booklet), "")


def _email(draw: Draw, person: People) -> Array:
    """A few addresses, no two persons with the same one; the domains are reserved for examples."""
    have = (person.kind == PERSON) & draw.chance("e-mail", 60)
    number = (person.zone * 10_000_000 + person.index).astype(str)
    name = cat(fold(np.strings.lower(cat(person.first, ".", person.last))), number)
    return np.where(have, cat(name, choose(["@poczta.example", "@siec.example"], draw.below("domain", 2))), "")
