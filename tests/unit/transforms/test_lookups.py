import pyarrow as pa
import pytest

from billing.errors import ContractError
from billing.spec import Lookup
from transforms.lookups import Lookups, key_text

LOOKUP = Lookup(table="XREF", key="CARD", take="ACCOUNT")


def filled(keys, values, **declared):
    lookups = Lookups()
    lookups.declare(LOOKUP, **declared)
    lookups.add("XREF", pa.record_batch({"CARD": keys, "ACCOUNT": values}))
    return lookups


def test_finds_what_is_there_and_nothing_else():
    keys = [f"{n:016}" for n in range(5_000)]
    lookups = filled(keys, [f"A{n}" for n in range(5_000)])
    asked = pa.array([keys[4_999], "x", None, keys[0], ""])
    assert lookups.find(LOOKUP, asked).to_pylist() == ["A4999", None, None, "A0", None]


def test_the_first_of_equal_keys_counts_and_is_noted():
    lookups = filled(["1", "2"], ["A", "B"])
    lookups.add("XREF", pa.record_batch({"CARD": ["2", "3"], "ACCOUNT": ["X", "C"]}))
    assert lookups.find(LOOKUP, pa.array(["1", "2", "3"])).to_pylist() == ["A", "B", "C"]
    assert lookups.repeated == {("XREF", "CARD", "ACCOUNT"): 1}


def test_keys_of_different_columns_types_compare_as_text():
    lookups = filled(pa.array([1, 22], pa.int64()), ["A", "B"])
    assert lookups.find(LOOKUP, pa.array(["22"])).to_pylist() == ["B"]


def test_leading_zeros_are_stripped_on_both_sides():
    lookups = filled(["0001", "0000"], ["A", "none"], strip_zeros=True)
    asked = key_text(pa.array(["1", "001", "0"]), strip_zeros=True)
    assert lookups.find(LOOKUP, asked).to_pylist() == ["A", "A", "none"]


def test_an_empty_table_finds_nothing():
    lookups = Lookups()
    lookups.declare(LOOKUP)
    assert lookups.find(LOOKUP, pa.array(["1"])).to_pylist() == [None]


def test_names_the_tables_and_columns_that_it_needs(make_spec):
    rule = {"column": "CARD", "lookup": {"table": "XREF", "key": "CARD", "take": "ACCOUNT"}}
    spec = make_spec({"name": "line", "from": "L", "fields": {"line_key": "ID", "account_key": rule}}, tables=("XREF",))
    lookups = Lookups.of(spec)
    assert lookups.needed() == {"XREF": ("CARD", "ACCOUNT")}
    batches = [pa.record_batch({"CARD": ["7"], "ACCOUNT": ["K7"]})]
    assert Lookups.from_tables(spec, {"XREF": batches}).find(LOOKUP, pa.array(["7"])).to_pylist() == ["K7"]


def test_a_missing_column_is_named():
    lookups = Lookups()
    lookups.declare(LOOKUP)
    with pytest.raises(ContractError, match="'CARD'"):
        lookups.add("XREF", pa.record_batch({"OTHER": ["1"]}))


def test_an_undeclared_lookup_is_refused():
    with pytest.raises(ContractError, match="not declared"):
        Lookups().find(LOOKUP, pa.array(["1"]))
