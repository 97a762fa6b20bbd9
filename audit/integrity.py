"""Does a source agree with itself?  Found before anything is loaded.

One source's canonical tables are checked as a whole, set by set, in DuckDB over Parquet (memory is bounded by the
connection's limit; what does not fit is spilled):

1. a key that occurs twice: the first record stays, later ones are rejected (``DUP-KEY``);
2. a record whose parent was not delivered, or was set aside itself, is suspended (``ORPHAN-*``, ``ACC-NO-CUSTOMER``),
   be it that the source declares no such parents at all;
3. an invoice whose lines, VAT and totals disagree, a payment whose parts disagree and an account whose movements do
   not lead from its opening to its closing balance are suspended (``SUM-LINES``, ``SUM-PAYMENT``, ``ACC-BALANCE``);
4. a money fault blocks its *account*, never the source: every other record of that account is suspended with it
   (``ACC-BLOCKED``), so that what is loaded still closes to the grosz.  An allocation across two accounts ties them:
   where one is blocked, so is the other.

Only the equations that the source's spec declares are applied.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa

from billing.model import ENTITIES, Entity
from billing.spec import SourceSpec

_OF_ACCOUNT = ("line", "subscription", "invoice", "payment", "adjustment")
_OF_INVOICE = ("invoice_item", "tax_item")


@dataclass(frozen=True)
class Verdicts:
    """What has to be set aside.

    Attributes:
        rows: Entity -> table of `pos` (0-based row of its Parquet file), `disposition`, `level`, `reason`, `message`,
            `account_key`, sorted by `pos`; entities without a finding are absent.
        checked: Equation -> number of accounts, invoices or payments that it was applied to.
        broken: Equation -> how many of them did not close.
    """

    rows: dict[str, pa.Table]
    checked: dict[str, int] = field(default_factory=dict)
    broken: dict[str, int] = field(default_factory=dict)


def find_breaks(con: duckdb.DuckDBPyConnection, tables: Mapping[str, str], spec: SourceSpec) -> Verdicts:
    """Check one source's canonical tables.

    Args:
        con: An empty connection of its own (tables and views are created in it).
        tables: Entity -> path of its one Parquet file, in `normalised_schema`.
        spec: Says which equations the data supports.
    """
    entities = [e for name, e in ENTITIES.items() if name in tables]
    for entity in entities:
        _open(con, entity, tables[entity.name])
    for entity in entities:
        _duplicates(con, entity)
    for entity in entities:
        _orphans(con, entity, tables)
    con.execute("CREATE TABLE blocked (account_key VARCHAR PRIMARY KEY, cause VARCHAR)")
    checked: dict[str, int] = {}
    broken: dict[str, int] = {}
    for equation, needs, find in (
        ("invoice", ("invoice", "invoice_item", "tax_item"), _unbalanced_invoices),
        ("payment", ("payment",), _unbalanced_payments),
        ("account", ("account",), _unbalanced_accounts),
    ):
        if equation in spec.equations and all(name in tables for name in needs):
            checked[equation] = _count(con, f"SELECT count(*) FROM live_{equation}")
            broken[equation] = find(con, tables)
    _block(con, tables)
    rows = {}
    for entity in entities:
        found = con.sql(
            f"SELECT pos, disposition, level, reason, message, account_key FROM aside_{entity.name} ORDER BY pos"
        ).to_arrow_table()
        if found.num_rows:
            rows[entity.name] = found
    return Verdicts(rows, checked, broken)


def _open(con: duckdb.DuckDBPyConnection, entity: Entity, path: str) -> None:
    quoted = path.replace("'", "''")
    con.execute(
        f"CREATE VIEW {entity.name} AS SELECT *, file_row_number AS pos "
        f"FROM read_parquet('{quoted}', file_row_number = true)"
    )
    con.execute(
        f"CREATE TABLE aside_{entity.name} (pos BIGINT, disposition VARCHAR, level VARCHAR, reason VARCHAR, "
        "message VARCHAR, account_key VARCHAR)"
    )
    # Rows set aside so far; an attribute that was only flagged stays in.
    con.execute(
        f"CREATE VIEW live_{entity.name} AS SELECT * FROM {entity.name} ANTI JOIN "
        f"(SELECT pos FROM aside_{entity.name} WHERE level = 'record') AS aside USING (pos)"
    )


def _count(con: duckdb.DuckDBPyConnection, query: str) -> int:
    row = con.execute(query).fetchone()
    return int(row[0]) if row else 0


def _account_of(entity: Entity) -> str:
    """SQL for the account of a row, where the row names it."""
    return "account_key" if any(f.name == "account_key" for f in entity.fields) else "NULL"


def _duplicates(con: duckdb.DuckDBPyConnection, entity: Entity) -> None:
    key = ", ".join(entity.key)
    # Only keys that occur twice are numbered: a window over every row would sort the whole table.
    con.execute(
        f"""
        INSERT INTO aside_{entity.name}
        SELECT pos, 'rejected', 'record', 'DUP-KEY',
               format('the key occurs {{}} times; the first record stands', times), {_account_of(entity)}
        FROM (SELECT *, row_number() OVER (PARTITION BY {key} ORDER BY pos) AS nth
              FROM {entity.name}
              JOIN (SELECT {key}, count(*) AS times FROM {entity.name} GROUP BY ALL HAVING count(*) > 1)
              USING ({key}))
        WHERE nth > 1
        """
    )


def _orphans(con: duckdb.DuckDBPyConnection, entity: Entity, tables: Mapping[str, str]) -> None:
    for reference in entity.references:
        is_delivered = reference.entity in tables
        if reference.optional and not is_delivered:
            continue
        parent = ENTITIES[reference.entity]
        on = " AND ".join(f"p.{k} = c.{f}" for f, k in zip(reference.fields, parent.key, strict=True))
        named = " || '|' || ".join(f"c.{f}" for f in reference.fields)
        why = "not delivered, or set aside itself" if is_delivered else f"the source declares no {parent.name}"
        stands = f"EXISTS (SELECT 1 FROM {parent.name} AS p WHERE {on})" if is_delivered else "false"
        disposition, level = ("flagged", "attribute") if reference.optional else ("suspended", "record")
        con.execute(
            f"""
            INSERT INTO aside_{entity.name}
            SELECT pos, '{disposition}', '{level}', '{reference.orphan}',
                   '{parent.name} ' || ({named}) || ' is not there: {why}',
                   {_account_of(entity)}
            FROM live_{entity.name} AS c
            WHERE {named} IS NOT NULL
              AND NOT {stands}
            """
        )


def _unbalanced_invoices(con: duckdb.DuckDBPyConnection, tables: Mapping[str, str]) -> int:
    # A converted old-zloty document is checked in the amounts that were printed on it.  Amounts go into messages
    # as text: DuckDB's format() would turn a decimal into a float first.
    con.execute(
        """
        CREATE TABLE bad_invoice AS
        WITH items AS (
            SELECT invoice_key, sum(coalesce(original_net, net)) AS net FROM live_invoice_item GROUP BY invoice_key),
        taxes AS (
            SELECT invoice_key, sum(coalesce(original_vat, vat)) AS vat FROM live_tax_item GROUP BY invoice_key)
        SELECT pos, account_key, invoice_key, concat_ws('; ',
            CASE WHEN net <> items_net THEN format('lines give {}, the document says {} net',
                 items_net::VARCHAR, net::VARCHAR) END,
            CASE WHEN vat <> taxes_vat THEN format('VAT by rate gives {}, the document says {}',
                 taxes_vat::VARCHAR, vat::VARCHAR) END,
            CASE WHEN net + vat <> gross THEN format('net {} and VAT {} are not gross {}', net::VARCHAR, vat::VARCHAR,
                 gross::VARCHAR) END
        ) AS message
        FROM (
            SELECT pos, account_key, i.invoice_key,
                   coalesce(original_net, i.net) AS net, coalesce(original_vat, i.vat) AS vat,
                   coalesce(original_gross, gross) AS gross,
                   coalesce(items.net, 0) AS items_net, coalesce(taxes.vat, 0) AS taxes_vat
            FROM live_invoice AS i LEFT JOIN items USING (invoice_key) LEFT JOIN taxes USING (invoice_key))
        WHERE net <> items_net OR vat <> taxes_vat OR net + vat <> gross
        """
    )
    con.execute(
        "INSERT INTO aside_invoice "
        "SELECT pos, 'suspended', 'record', 'SUM-LINES', message, account_key FROM bad_invoice"
    )
    con.execute(
        "INSERT OR IGNORE INTO blocked SELECT account_key, min('invoice ' || invoice_key || ': ' || message) "
        "FROM bad_invoice GROUP BY account_key"
    )
    return _count(con, "SELECT count(*) FROM bad_invoice")


def _unbalanced_payments(con: duckdb.DuckDBPyConnection, tables: Mapping[str, str]) -> int:
    allocated = (
        "SELECT payment_key, sum(coalesce(original_amount, amount)) AS allocated "
        "FROM live_payment_allocation GROUP BY payment_key"
        if "payment_allocation" in tables
        else "SELECT NULL::VARCHAR AS payment_key, 0::DECIMAL(38, 2) AS allocated WHERE false"
    )
    # A source that does not state the unallocated part lets it follow; it may only not be negative.
    con.execute(
        f"""
        CREATE TABLE bad_payment AS
        SELECT pos, account_key, payment_key,
               format('allocations give {{}}, unallocated is {{}}, the payment is {{}}',
                      allocated::VARCHAR, coalesce(unallocated::VARCHAR, 'not stated'), amount::VARCHAR) AS message
        FROM (
            SELECT pos, account_key, p.payment_key, coalesce(original_amount, p.amount) AS amount,
                   CASE WHEN original_currency IS NULL THEN unallocated ELSE original_unallocated END AS unallocated,
                   coalesce(a.allocated, 0) AS allocated
            FROM live_payment AS p LEFT JOIN ({allocated}) AS a USING (payment_key))
        WHERE CASE WHEN unallocated IS NULL THEN abs(allocated) > abs(amount)
                   ELSE allocated + unallocated <> amount END
        """
    )
    con.execute(
        "INSERT INTO aside_payment "
        "SELECT pos, 'suspended', 'record', 'SUM-PAYMENT', message, account_key FROM bad_payment"
    )
    con.execute(
        "INSERT OR IGNORE INTO blocked SELECT account_key, min('payment ' || payment_key || ': ' || message) "
        "FROM bad_payment GROUP BY account_key"
    )
    return _count(con, "SELECT count(*) FROM bad_payment")


def _unbalanced_accounts(con: duckdb.DuckDBPyConnection, tables: Mapping[str, str]) -> int:
    movements = [
        f"SELECT account_key, sum({sign}{amount}) AS amount FROM live_{name} GROUP BY account_key"
        for name, amount, sign in (("invoice", "gross", ""), ("adjustment", "amount", ""), ("payment", "amount", "-"))
        if name in tables
    ]
    moved = " UNION ALL ".join(movements) or "SELECT NULL::VARCHAR AS account_key, 0::DECIMAL(38, 2) AS amount"
    con.execute(
        f"""
        CREATE TABLE bad_account AS
        WITH moved AS (SELECT account_key, sum(amount) AS amount FROM ({moved}) GROUP BY account_key)
        SELECT pos, a.account_key,
               format('opening {{}} and movements of {{}} give {{}}, the closing balance is {{}}',
                      coalesce(opening_balance, 0)::VARCHAR, coalesce(moved.amount, 0)::VARCHAR,
                      (coalesce(opening_balance, 0) + coalesce(moved.amount, 0))::VARCHAR,
                      closing_balance::VARCHAR) AS message
        FROM live_account AS a LEFT JOIN moved USING (account_key)
        WHERE coalesce(opening_balance, 0) + coalesce(moved.amount, 0) <> closing_balance
        """
    )
    # A document that was set aside above still counts as the cause that is named for its account.
    con.execute("INSERT OR IGNORE INTO blocked SELECT account_key, message FROM bad_account")
    con.execute(
        """
        INSERT INTO aside_account
        SELECT b.pos, 'suspended', 'record', 'ACC-BALANCE', b.message, b.account_key
        FROM bad_account AS b JOIN blocked AS k USING (account_key) WHERE k.cause = b.message
        """
    )
    return _count(con, "SELECT count(*) FROM bad_account")


def _block(con: duckdb.DuckDBPyConnection, tables: Mapping[str, str]) -> None:
    """Suspend everything that hangs on a blocked account, on one without owner, or on one never delivered."""
    if "account" in tables:
        con.execute(
            "INSERT OR IGNORE INTO blocked SELECT account_key, 'the account has no delivered customer' "
            "FROM aside_account WHERE reason = 'ACC-NO-CUSTOMER'"
        )
    for name in _OF_ACCOUNT:
        if name in tables:
            con.execute(
                f"INSERT OR IGNORE INTO blocked SELECT DISTINCT account_key, 'the account is not there' "
                f"FROM aside_{name} WHERE reason LIKE 'ORPHAN%' AND level = 'record' AND account_key IS NOT NULL"
            )
    if {"payment_allocation", "payment", "invoice"} <= tables.keys():
        _tie_accounts(con)
    for name in ("account", *_OF_ACCOUNT):
        if name in tables:
            con.execute(
                f"""
                INSERT INTO aside_{name}
                SELECT pos, 'suspended', 'record', 'ACC-BLOCKED', 'account held back: ' || cause, account_key
                FROM live_{name} JOIN blocked USING (account_key)
                """
            )
    for name in _OF_INVOICE:
        if name in tables and "invoice" in tables:
            _follow(con, name, "invoice")
    for parent in ("payment", "invoice"):
        if "payment_allocation" in tables and parent in tables:
            _follow(con, "payment_allocation", parent)


def _tie_accounts(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        """
        CREATE TABLE tie AS
        SELECT DISTINCT p.account_key AS a, i.account_key AS b
        FROM payment_allocation JOIN payment AS p USING (payment_key) JOIN invoice AS i USING (invoice_key)
        WHERE p.account_key <> i.account_key
        """
    )
    con.execute("INSERT INTO tie SELECT b, a FROM tie")
    while True:
        before = _count(con, "SELECT count(*) FROM blocked")
        con.execute(
            "INSERT OR IGNORE INTO blocked SELECT b, min('a payment is shared with account ' || a) "
            "FROM tie WHERE a IN (SELECT account_key FROM blocked) GROUP BY b"
        )
        if _count(con, "SELECT count(*) FROM blocked") == before:
            return


def _follow(con: duckdb.DuckDBPyConnection, child: str, parent: str) -> None:
    """Suspend the details of a parent that was set aside (unless another record with its key stands)."""
    key = ENTITIES[parent].key[0]
    con.execute(
        f"""
        INSERT INTO aside_{child}
        SELECT c.pos, 'suspended', 'record', 'ACC-BLOCKED', '{parent} ' || c.{key} || ' is held back', g.account_key
        FROM live_{child} AS c JOIN (
            SELECT {key}, any_value(account_key) AS account_key FROM {parent} SEMI JOIN
                (SELECT pos FROM aside_{parent} WHERE level = 'record') USING (pos)
            WHERE {key} NOT IN (SELECT {key} FROM live_{parent} WHERE {key} IS NOT NULL)
            GROUP BY {key}) AS g USING ({key})
        """
    )
