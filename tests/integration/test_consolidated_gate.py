"""The consolidated gate against a real PostgreSQL: what fits passes, what does not is named."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import psycopg
import pytest

from billing.errors import LoadError
from expectations.warehouse import check_staged, stop_load
from loaders.stage import columns_of
from loaders.warehouse import conninfo

CUT_OFF = dt.date(2003, 12, 31)
TABLES = ("subscriber", "account", "invoice", "cluster")
LINEAGE = {"source_id": 1, "file_id": 1, "record_no": 1, "byte_offset": 0, "byte_length": 10}
SOUND = {
    "subscriber": {"subscriber_key": "S1", **LINEAGE},
    "cluster": {"source_id": 1, "subscriber_key": "S1", "cluster_key": "c1"},
    "account": {
        "account_key": "A1", "account_no": "1", "subscriber_key": "S1", "currency": "PLN", "closing_balance": 1,
        **LINEAGE,
    },
    "invoice": {
        "invoice_key": "F1", "invoice_no": "F/1", "account_key": "A1", "kind": "invoice", "issued_on": "2003-05-01",
        "currency": "PLN", "net": "1.00", "vat": "0.22", "gross": "1.22", **LINEAGE,
    },
}  # fmt: skip


@pytest.fixture
def staged(empty_database: str) -> Iterator[tuple[str, psycopg.Connection]]:
    """A database with one sound row in every staged table, and a connection to damage it."""
    with psycopg.connect(conninfo(empty_database), autocommit=True) as connection:
        connection.execute("CREATE SCHEMA staging")
        for table in TABLES:
            columns = ", ".join(f'"{name}" {kind}' for name, kind in columns_of(table))
            connection.execute(f"CREATE TABLE staging.{table} ({columns})")
            insert(connection, table)
        yield empty_database, connection


def insert(connection: psycopg.Connection, table: str, **changes: object) -> None:
    row = SOUND[table] | changes
    marks = ", ".join(["%s"] * len(row))
    connection.execute(f"INSERT INTO staging.{table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))


def check(url: str):
    return check_staged(url, ["subscriber", "account", "invoice"], cut_off=CUT_OFF, staged=TABLES)


def test_what_fits_together_passes(staged):
    url, _ = staged
    results = check(url)
    assert [r.table for r in results] == ["subscriber", "account", "invoice"]
    assert all(r.success and r.rows == 1 for r in results)
    assert stop_load(results) is None


@pytest.mark.parametrize(
    ("table", "changes", "says", "keys"),
    [
        ("invoice", {}, "source_id, invoice_key occur together more than once", ["1|F1"]),
        ("invoice", {"invoice_key": "F2", "account_key": "A9"}, "the account that it names is not there", ["1|F2"]),
        ("invoice", {"source_id": 2}, "the account that it names is not there", ["2|F1"]),
        ("invoice", {"invoice_key": "F2", "gross": "1.23"}, "net + VAT is not gross", ["1|F2"]),
        ("invoice", {"invoice_key": "F2", "currency": "PLZ"}, "currency is none of PLN, EUR, USD", ["1|F2"]),
        ("invoice", {"invoice_key": "F2", "issued_on": "2004-01-01"}, "issued_on is not within", ["1|F2"]),
        ("invoice", {"invoice_key": None}, "invoice_key is empty", ["1|None"]),
        ("account", {"account_key": "A2", "subscriber_key": "S9"}, "the subscriber that it names", ["1|A2"]),
        ("subscriber", {"subscriber_key": "S2"}, "the subscriber became no customer", ["1|S2"]),
    ],
)
def test_what_does_not_fit_is_named_by_its_key(staged, table, changes, says, keys):
    url, connection = staged
    insert(connection, table, **changes)
    failed = [(r.table, o) for r in check(url) for o in r.outcomes if not o.success]
    assert [(t, o.says.startswith(says), o.unexpected) for t, o in failed] == [(table, True, 1)]
    assert [s.key for s in failed[0][1].samples] == keys
    error = stop_load(check(url))
    assert isinstance(error, LoadError)
    assert keys[0] in error.message


def test_converted_amounts_are_checked_as_delivered(staged):
    url, connection = staged
    rounded = {"net": "0.05", "vat": "0.01", "gross": "0.05", "original_currency": "PLZ"}
    delivered = {"original_net": "450", "original_vat": "99", "original_gross": "549"}
    insert(connection, "invoice", invoice_key="F2", **rounded, **delivered)
    assert stop_load(check(url)) is None
    insert(connection, "invoice", invoice_key="F3", **rounded, **(delivered | {"original_gross": "550"}))
    error = stop_load(check(url))
    assert error is not None
    assert "as delivered (1 of 3 rows, such as 1|F3)" in error.message


def test_counts_are_exact_where_samples_are_not(staged):
    url, connection = staged
    for n in range(250):
        insert(connection, "invoice", invoice_key=f"G{n:03}", gross="9.99", currency="PLZ")
    (result,) = [r for r in check(url) if r.table == "invoice"]
    counts = {o.says: (o.unexpected, len(o.samples)) for o in result.outcomes if not o.success}
    assert counts == {"net + VAT is not gross": (250, 20), "currency is none of PLN, EUR, USD": (250, 20)}


def test_personal_values_are_masked(staged):
    url, connection = staged
    connection.execute("ALTER TABLE staging.account ALTER account_key DROP NOT NULL")
    insert(connection, "account", account_key="A2", account_no="987654321", currency="PLZ")
    results = check(url)
    assert "987654321" not in "".join(r.to_json() for r in results)


def test_the_session_cannot_write(staged):
    url, connection = staged
    check(url)
    tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname <> 'pg_catalog'").fetchone()
    before = connection.execute("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'staging'")
    assert tables is not None
    assert before.fetchone() == (len(TABLES),)


def test_a_table_that_is_not_there_is_an_error_and_no_pass(staged):
    url, connection = staged
    connection.execute("DROP TABLE staging.invoice")
    with pytest.raises(LoadError, match=r"staging\.invoice cannot be judged"):
        check(url)


def test_a_check_that_cannot_be_evaluated_is_an_error_and_no_pass(staged):
    url, connection = staged
    connection.execute("ALTER TABLE staging.invoice DROP COLUMN vat")
    with pytest.raises(LoadError, match="could not be evaluated"):
        check(url)
