"""What was delivered and taken for nothing is counted, whatever the field."""

from raw_batches import first_map, raw_batch

from transforms.conform import conform
from transforms.lookups import Lookups
from transforms.normalise import normalise

DAY = {"format": "YYYYMMDD"}
FIELDS = {
    "subscriber_key": "ID", "birth_date": DAY | {"column": "B"}, "updated_on": DAY | {"column": "U"}, "pesel": "P",
    "nip": "N", "regon": "R", "phone": "T", "krs": {"column": "S", "null_values": ["000"]},
}  # fmt: skip


def counted(make_spec, **columns):
    """Fillers of conform and of normalise, and the reasons under which rows were flagged."""
    rows = len(next(iter(columns.values())))
    base = {name: [None] * rows for name in "BUPNRTS"} | {"ID": [str(n) for n in range(rows)]}
    spec = make_spec({"name": "subscriber", "from": "S", "fields": FIELDS})
    first = conform(spec, first_map(spec), raw_batch(base | columns), Lookups.of(spec))
    then = normalise(spec, "subscriber", first.kept)
    told = [r["reason"] for split in (first, then) for r in split.rejects.to_pylist()]
    return dict(first.fillers), dict(then.fillers), told


def test_zeros_and_nines_for_a_date_are_counted_and_not_told(make_spec):
    first, then, told = counted(make_spec, B=["00000000", "99999999", "99991231", "00000000", "19440514", None])
    assert first == {("birth_date", "00000000", ""): 2, ("birth_date", "99999999", ""): 1,
                     ("birth_date", "99991231", ""): 1}  # fmt: skip
    assert (then, told) == ({}, [])


def test_days_that_could_be_meant_are_counted_and_told(make_spec):
    first, _, told = counted(make_spec, B=["19000101", None], U=["19800101", "20030930"])
    assert {(field, reason): rows for (field, _, reason), rows in first.items()} == {
        ("birth_date", "DATE-RANGE"): 1, ("updated_on", "DATE-RANGE"): 1,
    }  # fmt: skip
    assert told == ["DATE-RANGE", "DATE-RANGE"]


def test_words_for_nothing_are_counted_in_every_number(make_spec):
    words = {"P": ["BRAK", "BRAK", "44051401458"], "N": ["brak", "n/d", None], "R": ["-", None, None],
             "T": ["brak telefonu", "226251234", None]}  # fmt: skip
    _, then, told = counted(make_spec, **words)
    assert then == {("pesel", "BRAK", ""): 2, ("nip", "brak", ""): 1, ("nip", "n/d", ""): 1, ("regon", "-", ""): 1,
                    ("phone", "brak telefonu", ""): 1}  # fmt: skip
    assert told == []


def test_numbers_that_nobody_has_are_counted_masked_and_told(make_spec):
    numbers = {"P": ["00000000000", "11111111116"], "N": ["0000000000", None], "R": ["000000000", None],
               "T": ["000000000", None]}  # fmt: skip
    _, then, told = counted(make_spec, **numbers)
    assert {(field, reason) for field, _, reason in then} == {
        ("pesel", "ID-PESEL-FILLER"), ("nip", "ID-NIP-FILLER"), ("regon", "ID-REGON"), ("phone", "TEL-FILLER"),
    }  # fmt: skip
    assert sum(then.values()) == len(told) == 5
    assert "11111111116" not in {text for _, text, _ in then}


def test_what_a_source_declares_as_nothing_is_counted(make_spec):
    first, _, told = counted(make_spec, S=["000", "000", "0000012345", None, "  "])
    assert (first, told) == ({("krs", "000", ""): 2}, [])


def test_what_is_faulty_is_no_filler(make_spec):
    first, then, told = counted(make_spec, B=["20030230"], P=["44051401457"], T=["12"])
    assert first == then == {}
    assert set(told) == {"DATE-RANGE", "ID-PESEL", "TEL-INVALID"}
