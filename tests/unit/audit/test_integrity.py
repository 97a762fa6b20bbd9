"""What a source's disagreement with itself leads to, on hand-made tables of a few rows."""

import datetime as dt
from decimal import Decimal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.integrity import find_breaks
from billing.model import normalised_schema
from billing.spec import SourceSpec

SPEC = SourceSpec.model_validate(
    {
        "id": "test",
        "title": "Test",
        "system": "none",
        "delivery": {"extracted_on": dt.date(2003, 9, 30)},
        "equations": ["account", "invoice", "payment"],
        "files": [{"name": "T", "pattern": "T", "format": "dbf", "code_page": "cp852"}],
        "entities": [
            {"name": "subscriber", "from": "T", "fields": {"subscriber_key": "A"}},
        ],
    }
)


def money(text):
    return None if text is None else Decimal(text)


def base():
    """One subscriber with two sound accounts; account 1 has an invoice of two lines, paid in part."""
    return {
        "subscriber": [{"subscriber_key": "S1"}],
        "account": [
            {"account_key": "A1", "account_no": "1", "subscriber_key": "S1", "opening_balance": money("10.00"),
             "closing_balance": money("72.00")},
            {"account_key": "A2", "account_no": "2", "subscriber_key": "S1", "opening_balance": money("0.00"),
             "closing_balance": money("0.00")},
        ],
        "invoice": [
            {"invoice_key": "I1", "account_key": "A1", "net": money("100.00"), "vat": money("22.00"),
             "gross": money("122.00")},
        ],
        "invoice_item": [
            {"invoice_key": "I1", "item_no": 1, "net": money("60.00")},
            {"invoice_key": "I1", "item_no": 2, "net": money("40.00")},
        ],
        "tax_item": [{"invoice_key": "I1", "vat_rate": "22", "net": money("100.00"), "vat": money("22.00")}],
        "payment": [{"payment_key": "P1", "account_key": "A1", "amount": money("60.00"), "unallocated": money("0.00")}],
        "payment_allocation": [{"payment_key": "P1", "invoice_key": "I1", "amount": money("60.00")}],
    }  # fmt: skip


@pytest.fixture
def breaks(tmp_path):
    def run(data, spec=SPEC):
        tables = {}
        for name, rows in data.items():
            rows = [
                {"source_id": "test", "file_sha256": "0", "record_no": n, "byte_offset": 0, "byte_length": 1, **row}
                for n, row in enumerate(rows, 1)
            ]
            path = tmp_path / f"{name}.parquet"
            pq.write_table(pa.Table.from_pylist(rows, schema=normalised_schema(name)), path)
            tables[name] = str(path)
        return find_breaks(duckdb.connect(), tables, spec)

    return run


def found(verdicts):
    return {
        (name, row["pos"], row["reason"], row["disposition"])
        for name, table in verdicts.rows.items()
        for row in table.to_pylist()
    }


def test_a_source_that_agrees_with_itself_loses_nothing(breaks):
    verdicts = breaks(base())
    assert verdicts.rows == {}
    assert verdicts.checked == {"invoice": 1, "payment": 1, "account": 2}
    assert verdicts.broken == {"invoice": 0, "payment": 0, "account": 0}


def test_the_first_of_two_records_with_one_key_stands(breaks):
    data = base()
    data["invoice_item"].append(dict(data["invoice_item"][1]))
    assert found(breaks(data)) == {("invoice_item", 2, "DUP-KEY", "rejected")}


def test_a_wrong_invoice_blocks_its_account_and_no_other(breaks):
    data = base()
    data["invoice_item"][0]["net"] = money("59.99")
    verdicts = breaks(data)
    assert found(verdicts) == {
        ("account", 0, "ACC-BLOCKED", "suspended"),
        ("invoice", 0, "SUM-LINES", "suspended"),
        ("invoice_item", 0, "ACC-BLOCKED", "suspended"),
        ("invoice_item", 1, "ACC-BLOCKED", "suspended"),
        ("tax_item", 0, "ACC-BLOCKED", "suspended"),
        ("payment", 0, "ACC-BLOCKED", "suspended"),
        ("payment_allocation", 0, "ACC-BLOCKED", "suspended"),
    }
    message = verdicts.rows["invoice"]["message"][0].as_py()
    assert message == "lines give 99.99, the document says 100.00 net"


def test_a_lost_payment_shows_in_the_account(breaks):
    data = base()
    data["payment"], data["payment_allocation"] = [], []
    assert ("account", 0, "ACC-BALANCE", "suspended") in found(breaks(data))
    assert ("account", 1, "ACC-BALANCE", "suspended") not in found(breaks(data))


def test_an_orphan_payment_is_held_with_its_money_and_harms_nobody(breaks):
    data = base()
    data["payment"].append({"payment_key": "P9", "account_key": "A9", "amount": money("5.00")})
    verdicts = breaks(data)
    assert found(verdicts) == {("payment", 1, "ORPHAN-PAYMENT", "suspended")}
    assert verdicts.rows["payment"]["account_key"].to_pylist() == ["A9"]


def test_payments_of_a_source_without_accounts_are_held_with_their_allocations(breaks):
    data = {name: base()[name] for name in ("payment", "payment_allocation")}
    verdicts = breaks(data)
    assert ("payment", 0, "ORPHAN-PAYMENT", "suspended") in found(verdicts)
    assert {name: len(table) for name, table in verdicts.rows.items()} == {"payment": 1, "payment_allocation": 1}
    assert verdicts.rows["payment"]["message"][0].as_py() == "account A1 is not there: the source declares no account"


def test_an_allocation_across_accounts_ties_them(breaks):
    data = base()
    data["account"][1]["closing_balance"] = money("-7.00")
    data["payment"].append(
        {"payment_key": "P2", "account_key": "A2", "amount": money("7.00"), "unallocated": money("0.00")}
    )
    data["payment_allocation"].append({"payment_key": "P2", "invoice_key": "I1", "amount": money("7.00")})
    assert breaks(data).rows == {}
    data["tax_item"][0]["vat"] = money("21.00")
    assert ("account", 1, "ACC-BLOCKED", "suspended") in found(breaks(data))
    assert ("payment", 1, "ACC-BLOCKED", "suspended") in found(breaks(data))


def test_an_account_without_customer_takes_its_records_along(breaks):
    data = base()
    data["account"][0]["subscriber_key"] = "S7"
    kinds = found(breaks(data))
    assert ("account", 0, "ACC-NO-CUSTOMER", "suspended") in kinds
    assert ("invoice", 0, "ACC-BLOCKED", "suspended") in kinds
    assert ("account", 1, "ACC-BLOCKED", "suspended") not in kinds


def test_old_zloty_documents_are_checked_as_printed(breaks):
    data = base()
    # 12345 and 2716 PLZ: PLN 1.23 and 0.27, but gross 15061 PLZ is 1.51 PLN, not 1.50
    data["invoice"].append(
        {"invoice_key": "I0", "account_key": "A2", "net": money("1.23"), "vat": money("0.27"), "gross": money("1.51"),
         "original_currency": "PLZ", "original_net": money("12345"), "original_vat": money("2716"),
         "original_gross": money("15061")}
    )  # fmt: skip
    data["invoice_item"].append(
        {"invoice_key": "I0", "item_no": 1, "net": money("1.23"), "original_net": money("12345")}
    )
    data["tax_item"].append(
        {"invoice_key": "I0", "vat_rate": "22", "net": money("1.23"), "vat": money("0.27"),
         "original_vat": money("2716")}
    )  # fmt: skip
    data["account"][1]["closing_balance"] = money("1.51")
    assert breaks(data).rows == {}


def test_an_equation_that_is_not_declared_is_not_applied(breaks):
    data = base()
    data["account"][0]["closing_balance"] = money("1.00")
    silent = SPEC.model_copy(update={"equations": ["invoice"]})
    verdicts = breaks(data, silent)
    assert verdicts.rows == {}
    assert "account" not in verdicts.checked


def test_an_optional_reference_that_fails_only_flags(breaks):
    data = base()
    data["line"] = []
    data["subscription"] = [{"subscription_key": "U1", "account_key": "A1", "line_key": "L9", "plan_code": "T"}]
    assert found(breaks(data)) == {("subscription", 0, "ORPHAN", "flagged")}
