"""Suites follow the catalogue and the spec."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys

import pytest
from gate_tables import make_spec

from billing.model import ENTITIES, normalised_schema
from expectations.suites import PLANNED_UNTIL, canonical_suite, consolidated_suite, personal_columns, raw_suite


def checks_of(suite, kind, column=None):
    return [c for c in suite.checks if c.type.endswith(kind) and column in (None, *c.columns)]


@pytest.mark.parametrize("entity", ENTITIES)
def test_every_entity_has_a_suite_that_follows_its_catalogue(entity):
    suite = canonical_suite(make_spec((entity,)), entity)
    typed = {c.kwargs["column"]: c.kwargs["type_"] for c in checks_of(suite, "arrow_type_to_be")}
    assert typed == {f.name: str(f.type) for f in normalised_schema(entity)}
    required = {f.name for f in ENTITIES[entity].fields if f.required} | set(ENTITIES[entity].key)
    not_null = {c.kwargs["column"] for c in checks_of(suite, "not_be_null") if c.severity == "reject"}
    assert not_null == required
    for field in ENTITIES[entity].fields:
        if field.codes == ("F", "M") or field.name in ("kind", "role", "channel"):
            (check,) = checks_of(suite, "in_set", field.name)
            assert check.kwargs["value_set"] == list(field.codes)
        if field.type == "text" and not field.derived and not field.normaliser:
            (check,) = checks_of(suite, "lengths_to_be_between", field.name)
            assert (check.kwargs["max_value"], check.reason) == (field.max_length, "TOO-LONG")
    assert suite.key == ENTITIES[entity].key
    assert len({(c.type, str(c.kwargs)) for c in suite.checks}) == len(suite.checks)


def test_structure_and_lineage_stop_while_doubtful_attributes_only_warn():
    suite = canonical_suite(make_spec(), "subscriber")
    assert {c.severity for c in suite.checks if c.structural} == {"stop"}
    assert {c.severity for c in suite.checks if c.columns and c.columns[0] == "record_no"} == {"stop"}
    assert {c.severity for c in checks_of(suite, "match_regex", "pesel")} == {"warn"}
    assert {c.severity for c in checks_of(suite, "within", "birth_date")} == {"warn"}


def test_the_spec_narrows_codes_and_dates():
    suite = canonical_suite(make_spec(vat_rates=["0", "22"], currencies=["PLZ", "EUR"]), "invoice_item")
    (rates,) = checks_of(suite, "in_set", "vat_rate")
    (currencies,) = checks_of(suite, "in_set", "currency")
    assert rates.kwargs["value_set"] == ["0", "22"]
    assert currencies.kwargs["value_set"] == ["PLN", "EUR"]  # old zloty have become PLN by then
    suite = canonical_suite(make_spec(), "invoice")
    (issued,) = checks_of(suite, "within", "issued_on")
    (due,) = checks_of(suite, "within", "due_on")
    assert (issued.kwargs["max_value"], issued.severity) == ("2003-12-31", "reject")
    assert dt.date.fromisoformat(due.kwargs["max_value"]) == dt.date(2003, 12, 31) + PLANNED_UNTIL


def test_a_raw_suite_reads_what_the_rules_read_and_never_rejects():
    suite = raw_suite(make_spec(), "INVOICE")
    (columns,) = checks_of(suite, "columns_to_match_set")
    assert {"INVOICE_KEY", "GROSS", "record_no"} <= set(columns.kwargs["column_set"])
    assert suite.key == ("INVOICE_KEY",)
    assert not [c for c in suite.checks if c.severity == "reject"]
    assert checks_of(suite, "not_be_null", "GROSS")
    assert not checks_of(suite, "not_be_null", "ARREARS")  # an invoice may have none
    assert checks_of(suite, "match_regex", "GROSS")


def test_a_column_that_a_condition_shares_between_records_is_not_judged():
    spec = make_spec(("payment",)).model_dump(by_alias=True)
    spec["entities"][0]["where"] = [{"column": "KIND", "equals": ["P"]}]
    suite = raw_suite(type(make_spec()).model_validate(spec), "PAYMENT")
    assert "KIND" in checks_of(suite, "columns_to_match_set")[0].kwargs["column_set"]
    assert not [c for c in suite.checks if c.severity == "warn"]


def test_fingerprints_change_with_the_spec_only():
    first = canonical_suite(make_spec(), "invoice").fingerprint
    assert first == canonical_suite(make_spec(), "invoice").fingerprint
    assert first != canonical_suite(make_spec(delivery={"extracted_on": "2003-12-30"}), "invoice").fingerprint
    assert first != canonical_suite(make_spec(currencies=["EUR"]), "invoice").fingerprint


def test_identifiers_and_their_raw_texts_are_personal():
    assert {"pesel", "pesel_raw", "phone", "phone_raw", "last_name"} <= personal_columns(ENTITIES["subscriber"])
    assert "subscriber_key" not in personal_columns(ENTITIES["subscriber"])


def test_references_are_checked_only_against_tables_that_are_staged():
    cut_off = dt.date(2003, 12, 31)
    alone = consolidated_suite("invoice", cut_off=cut_off, staged={"invoice"})
    with_parent = consolidated_suite("invoice", cut_off=cut_off, staged={"invoice", "account"})
    extra = {c.says for c in with_parent.checks} - {c.says for c in alone.checks}
    assert extra == {"the account that it names is not there"}
    assert {c.severity for c in with_parent.checks} == {"stop"}


def test_building_suites_does_not_import_great_expectations():
    code = "import expectations.suites, expectations.gate, sys; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
