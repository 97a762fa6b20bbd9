"""One value looks the same wherever a person reads it."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.lineage import LINEAGE, LINEAGE_NAMES
from billing.masking import mask, mask_column, mask_within, mask_within_column
from billing.model import ENTITIES
from expectations.gate import Gate
from expectations.suite import Suite, shaped
from extractors.base import LandedFile, Places, Sieve
from loaders.people import identifications
from loaders.stage import Numbers
from transforms.faults import Faults

VALUES = [
    ("subscriber", "pesel", "44051401458", "44*******"), ("subscriber", "pesel", "440514-01458", "44*******"),
    ("subscriber", "phone", "(0-22) 625 12 34", "(0*******"), ("subscriber", "phone", "+48226251234", "+4*******"),
    ("subscriber", "nip", "526-025-09-95", "52*******"), ("subscriber", "regon", "012100784", "01*******"),
    ("subscriber", "krs", "0000012345", "00*******"), ("subscriber", "document", "ABA300000", "AB*******"),
    ("account", "account_no", "12000000001", "12*******"),
    ("account", "nrb", "67160000030002000111111001", "67*******"),
    ("subscriber", "name", "KOWALSKI JAN", "K******* J**"), ("subscriber", "last_name", "Żółkiewska", "Ż*********"),
    ("subscriber", "birth_date", "1944-05-14", "19*******"), ("subscriber", "sex", "F", "*"),
    ("subscriber", "email", "jan.nowak@wp.pl", "j**.n****@w*.p*"), ("address", "house", "5/7", "5*******"),
    ("address", "street", "ul. Długa 5", "ul*******"), ("address", "city", "Krępa Mała", "K**** M***"),
    ("payment", "title", "za telefon 22 6251234", "za*******"),
]  # fmt: skip


def _decoded(value: str) -> str:
    sieve = Sieve("krakow", LandedFile(Path("A.DAT"), "A.DAT", "ab" * 32, 10, "A"), "ABONENT")
    sieve.attribute((1, 0, 10), "ENC-CTRL", "damaged", b"\x01", field="KOL", value=value)
    places = Places(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int32))
    return sieve.split({"KOL": pa.array([], pa.string())}, places).rejects.to_pylist()[0]["value_masked"]


def _gated(value: str, gate: str) -> tuple[str, str]:
    suite = Suite(gate, "krakow", "ABONENT", key=("record_no",), checks=(shaped("KOL", "^$", "nothing", "warn"),),
                  personal=frozenset(["KOL"]))  # fmt: skip
    lineage = {"source_id": "krakow", "file_sha256": "ab" * 32, "record_no": 1, "byte_offset": 0, "byte_length": 10}
    row = pa.Table.from_pylist([{"KOL": value, **lineage}], schema=pa.schema([("KOL", pa.string()), *LINEAGE]))
    checked = Gate(suite)
    flags = checked.check(row).flags.to_pylist()
    return flags[0]["value_masked"], checked.result.outcomes[0].samples[0].value


def _conformed(entity: str, field: str, value: str) -> str:
    faults = Faults(ENTITIES[entity], 1, "conform")
    faults.flag(np.array([True]), ENTITIES[entity].field(field), "TOO-LONG", pa.array([value]))
    lineage = [pa.array([v], LINEAGE[at].type) for at, v in enumerate(("krakow", "ab" * 32, 1, 0, 10))]
    assert len(lineage) == len(LINEAGE_NAMES)
    key = pa.array(["1"])
    return faults.reject_rows(lineage, key, key, None, None).to_pylist()[0]["value_masked"]


@pytest.mark.parametrize(("entity", "field", "value", "shown"), VALUES)
def test_every_stage_masks_a_value_alike(entity, field, value, shown):
    assert ENTITIES[entity].field(field).personal != "none"
    assert _decoded(value) == shown
    assert _gated(value, "raw") == _gated(value, "canonical") == (shown, shown)
    assert _conformed(entity, field, value) == shown


def test_loaded_identifiers_look_like_rejected_ones():
    party = {"cluster_key": "a", "pesel": "44051401458", "nip": None, "regon": None, "krs": None, "document": None}
    parties = pa.RecordBatch.from_pylist([party], schema=pa.schema([(name, pa.string()) for name in party]))
    assert identifications(b"k")(parties, Numbers({})).to_pylist()[0]["value_masked"] == mask("44051401458")


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=7), st.text("Ab1 ", max_size=7)), min_size=1))
def test_a_column_is_masked_as_its_values_are(values):
    column = pa.array(values, pa.string())
    assert mask_column(column).to_pylist() == [mask(value) for value in values]
    assert mask_within_column(column).to_pylist() == [value and mask_within(value) for value in values]


@given(st.from_regex(r"[0-9]{5,30}", fullmatch=True))
def test_of_a_number_two_digits_are_shown_and_not_its_length(digits):
    assert mask(digits) == f"{digits[:2]}*******"
    assert mask_within(f"x {digits}").count("*") == (7 if len(digits) >= 9 else 0)


def test_blanks_around_make_no_difference():
    assert mask("  44051401458 ") == mask("44051401458") and mask(" Jan ") == "J**" and mask("   ") == ""


def test_a_long_text_is_cut():
    assert len(mask("słowo " * 100)) == 80


def test_a_number_in_a_wrong_field_is_hidden():
    assert _conformed("subscriber", "company_name", "SKLEP 44051401458") == "SKLEP 44*******"
    assert _conformed("account", "closing_balance", "123,4x") == "123,4x"
    assert _conformed("account", "subscriber_key", "12000000001") == "12000000001"  # a source's key leads to its record
