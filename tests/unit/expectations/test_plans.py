"""A check that was prepared once is judged as Great Expectations' own `Validator` judges it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pandas as pd
import pytest
from gate_tables import canonical_rows, make_spec

from expectations.engine import configuration, context, judge_rows
from expectations.suite import not_null, one_of, shaped, type_is
from expectations.suites import canonical_suite

CONTEXT = context()

from great_expectations.execution_engine import PandasExecutionEngine  # noqa: E402 (the context silences it first)
from great_expectations.expectations.registry import get_expectation_impl  # noqa: E402
from great_expectations.validator.validator import Validator  # noqa: E402

from expectations.plans import evaluate, plan  # noqa: E402

COUNTS = {"result_format": "BASIC"}
ROWS = {
    "result_format": "COMPLETE",
    "unexpected_index_column_names": ["row"],
    "exclude_unexpected_values": True,
    "return_unexpected_index_query": False,
}
SUITE = canonical_suite(make_spec(), "invoice")
CURRENCY = one_of("currency", ["PLN"], "reject")
BROKEN = shaped("currency", "(", "well-formed", "warn")  # no regular expression


def frame_of(**columns):
    frame = canonical_rows("invoice", 9, **columns).to_pandas(types_mapper=pd.ArrowDtype)
    frame.index.name = "row"
    return frame


def validated(checks, frame, result_format):
    """The results of `Validator.graph_validate`, in the order of the checks."""
    engine = PandasExecutionEngine()
    engine.load_batch_data("partition", frame)
    results = Validator(execution_engine=engine, data_context=CONTEXT).graph_validate(
        configurations=[configuration(check, number) for number, check in enumerate(checks)],
        runtime_configuration={"result_format": dict(result_format), "catch_exceptions": True},
    )
    return sorted(results, key=lambda result: result.expectation_config.meta["number"])


def told(result):
    """A result without the examples that nobody reads, and without the check's number."""
    told = result.to_json_dict()
    told["result"].pop("partial_unexpected_list", None)
    told["expectation_config"]["meta"].pop("number")
    return told


@pytest.mark.parametrize("result_format", [COUNTS, ROWS], ids=["counts", "rows"])
@pytest.mark.parametrize("faulty", [False, True])
def test_results_are_those_of_the_validator(result_format, faulty):
    faults = {
        "currency": {2: "XXX", 3: None},
        "net": {0: Decimal("1000000.01"), 8: None},
        "issued_on": {1: dt.date(1850, 1, 1)},
        "due_on": {4: dt.date(1999, 1, 1), 5: dt.date(2003, 5, 2)},
        "invoice_no": {6: "x" * 500},
        "file_sha256": {7: "not a digest"},
        "record_no": {0: 0},
    }
    frame = frame_of(**faults) if faulty else frame_of()
    checks = SUITE.checks
    assert len({check.type for check in checks}) == 8
    own = evaluate([plan(configuration(check), result_format) for check in checks], frame)
    assert [told(result) for result in own] == [told(result) for result in validated(checks, frame, result_format)]
    assert all(result.success for result in own) is not faulty


def test_a_plan_is_made_once_and_serves_every_frame():
    kept = plan(configuration(CURRENCY), COUNTS)
    assert plan(configuration(one_of("currency", ["PLN"], "reject")), COUNTS) is kept
    for other in (
        plan(configuration(CURRENCY), ROWS),
        plan(configuration(one_of("currency", ["PLN"], "warn")), COUNTS),
    ):
        assert other is not kept
    frames = [frame_of(), frame_of(currency={2: "XXX"}), frame_of(currency="XXX"), frame_of()]
    assert [evaluate([kept], frame)[0].result["unexpected_count"] for frame in frames] == [0, 1, 9, 0]


def test_great_expectations_keeps_its_own_classes():
    kept = plan(configuration(CURRENCY), COUNTS)
    original = get_expectation_impl(CURRENCY.type)
    assert isinstance(kept.expectation, original)
    assert type(kept.expectation) is not original
    assert not hasattr(original, "_dependencies")


def test_values_that_fail_are_not_collected():
    frame = frame_of(currency="XXX")
    (counts,) = evaluate([plan(configuration(CURRENCY), COUNTS)], frame)
    assert "partial_unexpected_list" not in counts.result
    (rows,) = evaluate([plan(configuration(CURRENCY), ROWS)], frame)
    assert rows.result["unexpected_index_list"] == [{"row": list(range(9))}]
    assert not {"unexpected_list", "unexpected_index_query"} & set(rows.result)


def test_a_check_that_cannot_be_evaluated_has_failed_and_says_why():
    checks = [CURRENCY, BROKEN, type_is("nowhere", "string")]
    sound, of_metric, of_check = evaluate([plan(configuration(c), COUNTS) for c in checks], frame_of())
    assert sound.success
    assert not of_metric.success
    assert not of_check.success
    assert "missing )" in str(of_metric.exception_info)
    assert of_check.exception_info["raised_exception"]
    assert of_check.expectation_config.kwargs == {"column": "nowhere", "type_": "string"}


def test_a_check_that_raises_is_never_taken_for_a_pass():
    table = canonical_rows("invoice", 3)
    checks = [not_null("net", "stop"), BROKEN]
    with pytest.raises(RuntimeError, match=r"column_values_to_match_regex\(currency\).*missing \)"):
        judge_rows(checks, table)


def test_no_plan_no_result():
    assert evaluate([], frame_of()) == []
