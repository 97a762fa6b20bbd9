"""What the rules make of one value: clean value, verdict, rule and parts, for a person who asks.

The same functions that clean millions of values answer here; nothing is masked, because the asker has the value.

>>> setting = Setting(dt.date(2003, 9, 30), zone="22")
>>> told = explain("phone", "625-12-34 w. 12", setting)
>>> told["value"], told["status"], told["rule"], told["parts"]["extension"]
('+48226251234', 'repaired', 'phone.zone', '12')
>>> explain("pesel", "22222222222", setting)["status"], explain("regon", "01210078400000", setting)["value"]
('filler', '012100784')
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from transforms import identifiers, registers
from transforms.addresses import read_address, split_text
from transforms.documents import read_document
from transforms.emails import read_email
from transforms.houses import House, read_house
from transforms.letters import squeeze
from transforms.localities import read_locality, read_postal_code
from transforms.name_order import sex_of
from transforms.names import read_name
from transforms.phones import OldNumbers, read_phone, read_phones
from transforms.plain_values import read_amount, read_date
from transforms.rules import RULES, Verdict
from transforms.street_numbers import part_number
from transforms.streets import read_street
from transforms.vocabulary import given_names, zones
from transforms.voivodeships import read_voivodeship

Parts = dict[str, Any]
Told = tuple[str | None, str, Parts]  # clean value, rule, parts


@dataclass(frozen=True)
class Setting:
    """What is known beside the value.

    Attributes:
        extracted_on: Date of the extract.
        zone: Numbering zone of the source.
        renumbering: What became of the source's shorter telephone numbers.
        birth_date: Delivered beside a PESEL.
        city: Delivered beside an address.
        given_first: The source's order of names.
        form: Declared form of a date.
        pivot: Declared pivot of two-digit years.
        decimal: Declared decimal separator.
        scale: Declared decimals of numbers without separator.
        currency: PLN, or PLZ for old zloty.
        document_kind: Declared kind of a document.
    """

    extracted_on: dt.date
    zone: str = ""
    renumbering: tuple[OldNumbers, ...] = ()
    birth_date: dt.date | None = None
    city: str = ""
    given_first: bool = False
    form: str | None = None
    pivot: int | None = None
    decimal: str = ""
    scale: int | None = None
    currency: str = "PLN"
    document_kind: str = ""


def explain(kind: str, text: str, setting: Setting) -> dict[str, Any]:
    """Normalise one value and say how.

    Args:
        kind: One of `KINDS`.
        text: As delivered.
        setting: What is known beside it.

    Returns:
        kind, raw, value (null where there is none), status, rule, says, confidence, parts.
    """
    value, rule, parts = KINDS[kind](text, setting)
    known = RULES[rule]
    return {
        "kind": kind, "raw": text, "value": value, "status": known.status, "rule": rule, "says": known.text,
        "confidence": known.confidence, "parts": {name: part for name, part in parts.items() if part is not None},
    }  # fmt: skip


def _name(text: str, setting: Setting) -> Told:
    name = read_name(text, given_first=setting.given_first)
    parts = {field: part for field, part in name._asdict().items() if field not in ("status", "rule")}
    given = given_names().get(name.first_name_key or "")
    if name.first_name_key:
        parts |= {"sex": sex_of(name.first_name_key), "diminutive_of": (given.diminutive_of or None) if given else None}
    whole = " ".join(part for part in (name.first_name, name.last_name) if part)
    return (name.company_name if name.kind != "person" else whole) or None, name.rule, parts


def _address(text: str, setting: Setting) -> Told:
    split = split_text(text)
    address = read_address("", "", "", setting.city, squeeze(text))
    house = _number(split.street)
    code = read_postal_code(split.postal_code)
    parts = {field: part for field, part in address._asdict().items() if field not in ("status", "rule")}
    parts |= {"number": house.kind or None, "stair": house.stair, "lot": house.lot, "postal_code": code.value}
    if address.status in ("missing", "unparsed"):
        return None, address.rule, parts
    kind = address.street_type if address.street_type != (address.street_name or "").lower() else None  # Rynek 5
    street = " ".join(p for p in (kind, address.street_rest, address.street_name) if p)
    number = "/".join(p for p in (address.building, address.flat) if p)
    place = " ".join(p for p in (code.value, address.locality) if p)
    line = ", ".join(p for p in (f"{street} {number}".strip(), place) if p)
    return line or None, address.rule, parts


def _number(street: str) -> House:
    return read_house(part_number(squeeze(street), "")[1])


def _house(text: str, setting: Setting) -> Told:
    del setting
    house = read_house(text)
    parts = {"building": house.building, "flat": house.flat, "stair": house.stair, "lot": house.lot,
             "number": house.kind or None}  # fmt: skip
    return "/".join(p for p in (house.building, house.flat) if p) or None, house.rule, parts


def _street(text: str, setting: Setting) -> Told:
    del setting
    street = read_street(text)
    known = street.name is not None
    return street.name, "street.plain" if known else "street.missing", street._asdict()


def _city(text: str, setting: Setting) -> Told:
    del setting
    place = read_locality(text)
    return place.name, place.rule, {"key": place.key, "post_town": place.post_town}


def _voivodeship(text: str, setting: Setting) -> Told:
    found = read_voivodeship(text, read_locality(setting.city).key or "")
    parts = {"before_1999": found.before_1999, "since_1999": found.since_1999}
    return found.since_1999 or found.before_1999, found.rule, parts


def _phone(text: str, setting: Setting) -> Told:
    phone = read_phone(text, setting.zone, setting.renumbering)
    several = [other.e164 for other in read_phones(text, setting.zone, setting.renumbering) if other.e164]
    parts: Parts = {"extension": phone.extension, "zone": phone.zone, "carrier": phone.carrier}
    parts["zone_city"] = zones()[phone.zone].city if phone.zone else None
    parts["numbers"] = several if len(several) > 1 else None
    return phone.e164, phone.rule, parts


def _pesel(text: str, setting: Setting) -> Told:
    pesel, born = identifiers.read_pesel(text, setting.extracted_on), setting.birth_date
    rule, value = pesel.rule, pesel.value
    if born is not None and value is not None and pesel.birth_date != born:
        rule = "pesel.birth-swap" if identifiers.swap_that_agrees(value, born) else "pesel.birth"
    elif born is not None and rule in identifiers.SWAPPABLE:
        swapped = identifiers.swap_that_agrees(identifiers.compact(text), born)
        if swapped and identifiers.read_pesel(swapped, setting.extracted_on).status == "ok":
            pesel, value, rule = identifiers.read_pesel(swapped, setting.extracted_on), swapped, "pesel.swap"
    day = pesel.birth_date.isoformat() if pesel.birth_date else None
    return value, rule, {"birth_date": day, "sex": pesel.sex}


def _document(text: str, setting: Setting) -> Told:
    document = read_document(text, setting.document_kind)
    return document.number, document.rule, {"document_kind": document.kind}


def _regon(text: str, setting: Setting) -> Told:
    verdict = identifiers.read_regon(text)
    region = identifiers.regon_region(verdict.value) if verdict.value else None
    return verdict.value, verdict.rule, {"registered_in": region}


def _nrb(text: str, setting: Setting) -> Told:
    verdict = registers.read_nrb(text)
    if verdict.value is None:
        return None, verdict.rule, {}
    number = verdict.value
    return number, verdict.rule, {"iban": f"PL{number}", "bank": number[2:10], "account": number[10:]}


def _date(text: str, setting: Setting) -> Told:
    read = read_date(text, setting.form, pivot=setting.pivot, extracted_on=setting.extracted_on)
    readings = {form: day.isoformat() for form, day in read.readings.items()}
    return read.day.isoformat() if read.day else None, read.rule, {"readings": readings or None}


def _amount(text: str, setting: Setting) -> Told:
    read = read_amount(text, decimal=setting.decimal, scale=setting.scale, currency=setting.currency)
    parts = {"original": _text(read.original), "rounding": _text(read.rounding)}
    return _text(read.value), read.rule, parts | {"currency": "PLN" if read.value is not None else None}


def _text(value: Any) -> str | None:
    return None if value is None else format(value, "f")


def _verdict(rule: Callable[[str], Verdict]) -> Callable[[str, Setting], Told]:
    def told(text: str, setting: Setting) -> Told:
        del setting
        verdict = rule(text)
        return verdict.value, verdict.rule, {}

    return told


KINDS: dict[str, Callable[[str, Setting], Told]] = {
    "name": _name, "address": _address, "street": _street, "house": _house, "city": _city,
    "postal_code": _verdict(read_postal_code), "voivodeship": _voivodeship, "phone": _phone,
    "email": _verdict(read_email), "pesel": _pesel, "nip": _verdict(identifiers.read_nip), "regon": _regon,
    "krs": _verdict(registers.read_krs), "document": _document, "nrb": _nrb, "date": _date, "amount": _amount,
}  # fmt: skip
