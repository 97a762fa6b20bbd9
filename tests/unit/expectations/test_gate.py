"""Gates: every failing row is named, and only the rows that fail are touched."""

from __future__ import annotations

import datetime as dt
import pickle
from decimal import Decimal

import pyarrow as pa
import pytest
from gate_tables import NAMES, SHA, canonical_rows, make_spec, raw_rows

from billing.errors import SourceError
from billing.lineage import REJECTS
from expectations.gate import Gate
from expectations.results import GateResult
from expectations.suites import canonical_suite, raw_suite

SPEC = make_spec()


def gate_for(entity, **kwargs):
    return Gate(canonical_suite(SPEC, entity), NAMES, **kwargs)


def found(result, kind, column):
    (outcome,) = [o for o in result.outcomes if o.type.endswith(kind) and o.kwargs.get("column") == column]
    return outcome


@pytest.mark.parametrize("entity", ["subscriber", "invoice", "invoice_item"])
def test_sound_rows_pass_untouched(entity):
    gate = gate_for(entity)
    table = canonical_rows(entity, 50)
    checked = gate.check(table)
    assert checked.kept is table
    assert checked.rejects.num_rows == checked.flags.num_rows == 0
    assert gate.result.success
    assert all(o.success for o in gate.result.outcomes)
    assert (gate.result.rows, gate.result.kept) == (50, 50)


def test_rejected_rows_are_named_by_key_place_and_amount():
    table = canonical_rows(
        "invoice", 6, currency={2: "XXX", 4: None}, gross={2: Decimal("-7.50")}, account_key={4: "A-4"}
    )
    gate = gate_for("invoice")
    checked = gate.check(table)
    assert checked.kept["record_no"].to_pylist() == [1, 2, 4, 6]
    assert checked.rejects.schema == REJECTS
    first, second = checked.rejects.to_pylist()
    assert first["message"] == "currency is none of PLN [column_values_to_be_in_set(currency)]"
    assert {k: first[k] for k in ("source_key", "file_name", "record_no", "byte_offset", "byte_length")} == {
        "source_key": "invoice_key-2", "file_name": "FAKTURY.CSV", "record_no": 3, "byte_offset": 200,
        "byte_length": 100,
    }  # fmt: skip
    assert {k: first[k] for k in ("step", "entity", "disposition", "level", "reason", "field", "value_masked")} == {
        "step": "check", "entity": "invoice", "disposition": "rejected", "level": "record", "reason": "GATE",
        "field": "currency", "value_masked": "XXX",
    }  # fmt: skip
    assert (first["amount"], first["currency"], first["raw"]) == (Decimal("-7.50"), "XXX", None)
    assert (second["field"], second["account_key"], second["currency"]) == ("currency", "A-4", None)


def test_a_row_that_fails_twice_is_rejected_once_and_says_both():
    table = canonical_rows(
        "invoice", 3, currency={1: "XXX"}, issued_on={1: dt.date(2004, 1, 1)}, invoice_no={1: "9" * 65}
    )
    (reject,) = gate_for("invoice").check(table).rejects.to_pylist()
    assert reject["message"].count("[") == 3
    assert (reject["field"], reject["reason"]) == ("invoice_no", "TOO-LONG")


def test_warnings_are_flagged_and_the_row_goes_on():
    table = canonical_rows(
        "subscriber", 4, pesel={0: "123", 3: "44051401458"}, birth_date={0: dt.date(1850, 1, 1)}, kind={1: "robot"}
    )
    gate = gate_for("subscriber")
    checked = gate.check(table)
    assert checked.kept.num_rows == 3
    flags = checked.flags.to_pylist()
    assert {(f["source_key"], f["field"], f["level"], f["disposition"]) for f in flags} == {
        ("subscriber_key-0", "pesel", "attribute", "flagged"),
        ("subscriber_key-0", "birth_date", "attribute", "flagged"),
    }
    assert gate.result.flagged == 2
    assert gate.result.rejected == 1


def test_a_rejected_row_is_not_flagged_as_well():
    table = canonical_rows("subscriber", 2, pesel={1: "123"}, kind={1: "robot"})
    checked = gate_for("subscriber").check(table)
    assert (checked.rejects.num_rows, checked.flags.num_rows) == (1, 0)


def test_personal_values_are_masked_everywhere():
    table = canonical_rows("subscriber", 2, pesel={0: "9876"}, email={0: "jan.kowalski"})
    gate = gate_for("subscriber")
    checked = gate.check(table)
    written = str(checked.flags.to_pylist()) + gate.result.to_json()
    assert "9876" not in written
    assert "kowalski" not in written
    assert {f["value_masked"] for f in checked.flags.to_pylist()} == {"9*******", "j**.k*******"}


def test_dates_in_the_wrong_order_are_flagged_on_the_right_row():
    table = canonical_rows(
        "invoice", 5,
        period_from={1: dt.date(2003, 5, 1), 3: dt.date(2003, 5, 1)},
        period_to={1: dt.date(2003, 5, 31), 3: dt.date(2003, 4, 1), 4: dt.date(2003, 4, 1)},
    )  # fmt: skip
    (flag,) = gate_for("invoice").check(table).flags.to_pylist()
    assert (flag["source_key"], flag["field"]) == ("invoice_key-3", "period_to, period_from")
    assert flag["value_masked"] == "period_to=2003-04-01, period_from=2003-05-01"


def test_limits_belong_to_the_range_and_decimals_stay_exact():
    million = Decimal("1000000.00")
    cents = {0: million, 1: million + Decimal("0.01"), 2: -million, 3: -million - Decimal("0.01")}
    flags = gate_for("invoice").check(canonical_rows("invoice", 4, gross=cents)).flags.to_pylist()
    assert [f["source_key"] for f in flags] == ["invoice_key-1", "invoice_key-3"]
    days = {0: dt.date(2003, 12, 31), 1: dt.date(2004, 1, 1), 2: dt.date(1900, 1, 1), 3: dt.date(1899, 12, 31)}
    rejects = gate_for("invoice").check(canonical_rows("invoice", 4, issued_on=days)).rejects.to_pylist()
    assert [f["source_key"] for f in rejects] == ["invoice_key-1", "invoice_key-3"]


def test_results_of_partitions_add_up_to_the_result_of_the_whole():
    table = canonical_rows("invoice", 30, currency=dict.fromkeys(range(0, 30, 7), "XXX"), net={9: Decimal("5000000")})
    whole, parted = gate_for("invoice"), gate_for("invoice")
    whole.check(table)
    others = [gate_for("invoice") for _ in range(3)]
    for n, other in enumerate(others):
        parted.check(table.slice(n * 10, 10))
        other.check(table.slice(n * 10, 10))
    assert parted.result == whole.result
    assert others[0].result.merged(others[1].result).merged(others[2].result) == whole.result
    assert found(whole.result, "in_set", "currency").unexpected == 5
    assert [s.key for s in found(whole.result, "in_set", "currency").samples][:2] == ["invoice_key-0", "invoice_key-7"]


def test_every_failing_row_is_named_however_many_there_are():
    checked = gate_for("invoice").check(canonical_rows("invoice", 3_000, currency="XXX", vat=Decimal("2000000")))
    assert checked.kept.num_rows == 0
    assert checked.kept.schema == canonical_rows("invoice", 0).schema
    assert checked.rejects["record_no"].to_pylist() == list(range(1, 3_001))


def test_an_empty_partition_is_judged_too():
    gate = gate_for("invoice")
    checked = gate.check(canonical_rows("invoice", 0))
    assert checked.kept.num_rows == 0
    assert gate.result.success
    assert len(gate.result.outcomes) == len(gate.suite.checks)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: t.drop_columns(["net"]), "the columns are not those of the catalogue"),
        (lambda t: t.append_column("extra", pa.nulls(t.num_rows)), "the columns are not those of the catalogue"),
        (lambda t: t.drop_columns(["file_sha256"]), "the columns are not those of the catalogue"),
        (
            lambda t: t.set_column(t.schema.get_field_index("net"), "net", pa.array([1.0] * t.num_rows)),
            "net is not of type decimal128(18, 2); found double",
        ),
    ],
)
def test_a_wrong_table_stops_the_source(change, says):
    gate = gate_for("invoice")
    with pytest.raises(SourceError, match=r"suite krakow\.canonical\.invoice stops") as caught:
        gate.check(change(canonical_rows("invoice", 3)))
    assert says in caught.value.message
    assert not gate.result.success
    assert gate.result.failing("stop")


def test_broken_lineage_stops_the_source_and_names_the_first_rows():
    with pytest.raises(SourceError) as caught:
        gate_for("invoice").check(canonical_rows("invoice", 9, source_id={5: "opole"}, record_no={2: 0}))
    assert "2 of" not in caught.value.message
    assert "source_id is none of krakow (1 of 9 rows), such as invoice_key-5" in caught.value.message
    assert "1 more checks stop" in caught.value.message
    assert caught.value.where == {"source_id": "krakow", "table": "invoice"}
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_raw_rows_are_flagged_never_rejected():
    gate = Gate(raw_suite(SPEC, "INVOICE"), NAMES)
    checked = gate.check(raw_rows("invoice", 4, GROSS={1: "12O,50", 2: None}, INVOICE_KEY={3: None}))
    assert checked.kept.num_rows == 4
    assert checked.rejects.num_rows == 0
    flags = checked.flags.to_pylist()
    assert {(f["field"], f["record_no"]) for f in flags} == {("GROSS", 2), ("GROSS", 3), ("INVOICE_KEY", 4)}
    assert {f["entity"] for f in flags} == {"INVOICE"}
    assert {f["source_key"] for f in flags} == {None}
    assert "12O" not in [f["value_masked"] for f in flags]


def test_a_raw_table_without_a_column_that_a_rule_reads_stops_the_source():
    with pytest.raises(SourceError, match="a declared column is not there"):
        Gate(raw_suite(SPEC, "INVOICE")).check(raw_rows("invoice", 2).drop_columns(["GROSS"]))


def test_a_result_survives_json():
    gate = gate_for("invoice")
    gate.check(canonical_rows("invoice", 5, currency={2: "XXX"}))
    again = GateResult.from_json(gate.result.to_json())
    assert again == gate.result
    assert again.merged(gate.result).rows == 10


def test_results_of_different_suites_are_not_added():
    with pytest.raises(ValueError, match="is not"):
        gate_for("invoice").result.merged(gate_for("subscriber").result)


def test_unknown_files_are_named_by_their_digest():
    gate = Gate(canonical_suite(SPEC, "invoice"))
    gate.check(canonical_rows("invoice", 1, currency="XXX"))
    assert found(gate.result, "in_set", "currency").samples[0].place == f"file {SHA[:12]}, record 1, byte 0"
