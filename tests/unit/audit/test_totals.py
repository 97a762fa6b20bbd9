from __future__ import annotations

import json
from decimal import Decimal

import pyarrow as pa

from audit.totals import Total, Totals
from billing.lineage import REJECTS
from billing.money import MONEY


def _payments(*rows: tuple[str, str | None]) -> pa.RecordBatch:
    return pa.record_batch(
        {
            "currency": pa.array([c for c, _ in rows], pa.string()),
            "amount": pa.array([None if a is None else Decimal(a) for _, a in rows], MONEY),
        }
    )


def test_sums_are_exact_and_apart_by_currency_and_sign() -> None:
    totals = Totals()
    totals.add("payment", _payments(("PLN", "0.10"), ("PLN", "0.20"), ("EUR", "1.00"), ("PLN", "-0.05")))
    assert totals["payment", "PLN"] == Total(records=3, sums={"amount": 25}, debit=30, credit=-5)
    assert totals["payment", "EUR"].amount == 100
    assert totals["payment", "USD"] == Total()


def test_sums_larger_than_a_column_can_hold() -> None:
    big = "9999999999999999.99"  # the largest decimal128(18, 2)
    totals = Totals()
    for _ in range(3):
        totals.add("payment", _payments(*[("PLN", big)] * 4))
    assert totals["payment", "PLN"].amount == 12 * 999_999_999_999_999_999


def test_parts_add_up_to_the_whole_and_survive_json() -> None:
    first, second, whole = Totals(), Totals(), Totals()
    rows = [("PLN", "1.01"), ("PLZ", "-5.00"), ("PLN", None)]
    first.add("payment", _payments(*rows[:2]))
    second.add("payment", _payments(*rows[2:]))
    whole.add("payment", _payments(*rows))
    first.merge(second)
    assert first == whole
    assert Totals.from_json(json.loads(json.dumps(whole.to_json()))) == whole
    assert whole["payment", "PLN"].unreadable == 1


def test_entity_without_money_counts_records_only() -> None:
    totals = Totals()
    totals.add("address", pa.record_batch({"address_key": ["a", "b"]}))
    assert list(totals) == [("address", "")]
    assert totals["address", ""] == Total(records=2)


def test_rounding_of_old_zloty_is_what_was_booked_less_the_exact_value() -> None:
    rows = {
        "currency": ["PLN"] * 6,
        "amount": pa.array([Decimal("0.04")] * 5 + [Decimal("7.00")], MONEY),
        "original_amount": pa.array([Decimal("449.00")] * 5 + [None], MONEY),
    }
    totals = Totals()
    totals.add("payment", pa.record_batch(rows))
    total = totals["payment", "PLN"]
    assert (total.converted, total.delivered, total.booked, total.amount) == (5, 224_500, 20, 720)
    assert total.rounding == Decimal("0.20") - Decimal("2245") / 10_000


def test_only_whole_records_count_among_rejects() -> None:
    common = {
        "source_id": "s", "file_sha256": "x", "record_no": 1, "byte_offset": 0, "byte_length": 1, "step": "check",
        "disposition": "rejected", "reason": "GATE", "message": "m",
    }  # fmt: skip
    rejects = pa.RecordBatch.from_pylist(
        [
            {**common, "entity": "payment", "level": "record", "amount": Decimal("3.00"), "currency": "PLN"},
            {**common, "entity": "payment", "level": "record", "amount": None, "currency": None},
            {**common, "entity": "payment", "level": "attribute", "amount": Decimal("9.00"), "currency": "PLN"},
            {**common, "entity": "WPLATY", "level": "record"},
        ],
        schema=REJECTS,
    )
    totals = Totals()
    totals.add_rejects(rejects)
    assert totals["payment", "PLN"] == Total(records=1, sums={"amount": 300}, debit=300)
    assert totals["payment", ""] == Total(records=1, unreadable=1)
    assert totals["WPLATY", ""].records == 1
    assert totals.records_by_entity() == {"payment": 2, "WPLATY": 1}
