import random

import phonenumbers
import pyarrow as pa
import pytest

from transforms.phone_columns import phones
from transforms.phones import read_phone
from transforms.vocabulary import zones

WARSAW = "+48226251234"


@pytest.mark.parametrize(
    ("text", "zone", "e164", "extension", "status"),
    [
        ("(0-22) 625 12 34", "", WARSAW, None, "ok"), ("022 625 12 34", "", WARSAW, None, "ok"),
        ("0226251234", "", WARSAW, None, "ok"), ("+48 (0) 22 625 12 34", "", WARSAW, None, "ok"),
        ("22 625 12 34", "", WARSAW, None, "ok"), ("+48 22 625 12 34", "", WARSAW, None, "ok"),
        ("0048 22 625 12 34", "", WARSAW, None, "ok"), ("48226251234", "", WARSAW, None, "ok"),
        ("0 1033 22 625 12 34", "", WARSAW, None, "ok"), ("0 10333 22 625 12 34", "", WARSAW, None, "ok"),
        ("048 22 625 12 34", "", WARSAW, None, "ok"), ("048 362 12 34", "", "+48483621234", None, "ok"),
        ("48 362 12 34", "", "+48483621234", None, "ok"), ("48 48 362 12 34", "", "+48483621234", None, "ok"),
        ("625 12 34", "22", WARSAW, None, "repaired"), ("625-12-34 w. 12", "22", WARSAW, "12", "repaired"),
        ("022 625 12 34 wew. 15", "", WARSAW, "15", "ok"), ("22 6251234w15", "", WARSAW, "15", "ok"),
        ("O22 625 12 34", "", WARSAW, None, "repaired"), ("22 625 l2 34", "", WARSAW, None, "repaired"),
        ("22/6251234", "", WARSAW, None, "ok"), ("625 12 34/35", "22", WARSAW, None, "repaired"),
        ("tel. 22 625 12 34", "", WARSAW, None, "ok"), ("22-625-12-34 lub 602123456", "", WARSAW, None, "suspect"),
        ("22 625 12 34, 602123456", "", WARSAW, None, "suspect"), ("6251234/6259999", "22", WARSAW, None, "suspect"),
        ("0602 123 456", "", "+48602123456", None, "ok"), ("602123456", "12", "+48602123456", None, "ok"),
        ("801 102 102", "", "+48801102102", None, "ok"), ("+49 30 1234567", "", "+49301234567", None, "ok"),
        ("22 125 12 34", "", "+48221251234", None, "suspect"),
        ("625-12-34-36", "22", "+48625123436", None, "suspect"), ("(602) 12.34.56", "22", "+48602123456", None, "ok"),
        ("602 12 34 56", "22", "+48602123456", None, "ok"), ("6251234.0", "22", WARSAW, None, "repaired"),
        ("625-12-34-36 w. 5", "", "+48625123436", "5", "suspect"),
    ],
)  # fmt: skip
def test_numbers_are_read(text, zone, e164, extension, status):
    found = read_phone(text, zone)
    assert (found.e164, found.extension, found.status) == (e164, extension, status)
    column = phones(pa.array([text]), zone)
    assert [c.to_pylist()[0] for c in column[:3]] == [*found[:3]]
    assert column.marks.status().to_pylist() == [status] and column.marks.known[column.marks.codes[0]] == found.rule


@pytest.mark.parametrize(
    ("text", "zone", "status", "reason"),
    [
        ("331511", "55", "unparsed", "TEL-SHORT"), ("33151", "55", "unparsed", "TEL-SHORT"),
        ("6251234", "", "unparsed", "TEL-NOZONE"), ("55 33151", "22", "unparsed", "TEL-SHORT"),
        ("(022) 9393", "22", "unparsed", "TEL-INVALID"), ("0227393", "22", "unparsed", "TEL-SHORT"),
        ("22 000 00 00", "", "filler", "TEL-FILLER"), ("22 111 11 11", "", "filler", "TEL-FILLER"),
        ("229999999", "", "filler", "TEL-FILLER"), ("123456789", "", "filler", "TEL-FILLER"),
        ("0", "22", "filler", "TEL-FILLER"),
        ("1111111", "22", "filler", "TEL-FILLER"), ("22 19393", "", "unparsed", "TEL-INVALID"),
        ("22 19393", "22", "unparsed", "TEL-INVALID"), ("9393", "22", "unparsed", "TEL-INVALID"),
        ("112", "", "unparsed", "TEL-INVALID"),
        ("702 12 34 56", "", "unparsed", "TEL-INVALID"), ("20 625 12 34", "", "unparsed", "TEL-INVALID"),
        ("٠٢٢٦٢٥١٢٣٤", "", "unparsed", "TEL-INVALID"), ("nie dzwonić", "", "unparsed", "TEL-INVALID"),
        ("brak", "", "missing", None), ("-", "", "missing", None),
    ],
)  # fmt: skip
def test_what_cannot_be_known_is_set_aside(text, zone, status, reason):
    found = read_phone(text, zone)
    assert (found.e164, found.status, found.reason) == (None, status, reason)
    column = phones(pa.array([text]), zone)
    assert (column.e164.to_pylist(), column.marks.status().to_pylist()) == ([None], [status])
    assert [group[1] for group in column.marks.findings()] == ([reason] if reason else [])


def test_a_carrier_belongs_to_the_call():
    assert read_phone("0 1033 22 625 12 34").carrier == "1033"


def test_the_zone_of_a_number():
    assert read_phone("226251234").zone == "22" and read_phone("602123456").zone is None
    assert phones(pa.array(["226251234", "602123456"]), "").zone.to_pylist() == ["22", None]


def test_agrees_with_libphonenumber_on_nine_digits():
    rng = random.Random(20030930)
    for zone in zones():
        for _ in range(60):
            number = f"{zone}{rng.randrange(2_000_000, 9_000_000)}"
            assert phonenumbers.is_valid_number(phonenumbers.parse(read_phone(number).e164))
    for _ in range(5_000):
        number = str(rng.randrange(100_000_000, 1_000_000_000))
        if number.startswith("21"):  # machines talk there to machines since long after these systems
            continue
        known = phonenumbers.is_valid_number(phonenumbers.parse(f"+48{number}"))
        assert (read_phone(number).e164 is not None) == known or read_phone(number).status == "filler", number
