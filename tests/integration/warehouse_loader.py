"""Loads worlds into a warehouse and looks at what is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from small_world import KEY, World

from audit.equations import EquationResult, breaks_of, check_equations, record_results
from loaders.load import LoadResult, load
from loaders.tables import metadata
from loaders.warehouse import conninfo

Hook = Callable[[psycopg.Connection], None]


class Loader:
    """Loads worlds into one warehouse and looks at what is there."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.number = 0
        self.results: list[EquationResult] = []

    def __call__(self, world: World, *, meddle: Hook | None = None, staged: Hook | None = None) -> LoadResult:
        """Load; `meddle` is called in the transaction before the equations, `staged` before the merge."""
        self.number += 1

        def reconcile(connection: psycopg.Connection, batch_id: int) -> list[dict[str, Any]]:
            if meddle is not None:
                meddle(connection)
            self.results = check_equations(connection, world.totals())
            record_results(connection, batch_id, self.results)
            return breaks_of(self.results)

        def inspect() -> None:
            if staged is not None:
                with self.connect() as connection:
                    staged(connection)

        folder = self.folder / str(self.number)
        inputs = world.inputs(folder)
        batch = world.batch(f"run {self.number}")
        return load(self.url, batch, inputs, reconcile, hmac_key=KEY, staged=inspect)

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(conninfo(self.url), autocommit=True)

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self.connect() as connection:
            return connection.execute(query, values).fetchall()

    def snapshot(self, *, without: tuple[str, ...] = ()) -> dict[str, list[str]]:
        """Every consolidated row, and the crosswalk, as text."""
        found = {}
        for table in metadata.sorted_tables:
            if table.schema == "billing" or table.name in ("xref", "match_edge", "field_provenance", "party_alias"):
                names = ", ".join(f'"{c.name}"' for c in table.columns if c.name not in without)
                query = (
                    f"SELECT row_to_json(t)::text FROM (SELECT {names} FROM {table.schema}.{table.name}) t ORDER BY 1"
                )
                found[table.name] = [row[0] for row in self.rows(query)]
        return found

    def money(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every amount, under the legacy keys."""
        queries = {
            "account": "SELECT x.source_id, x.source_key, t.opening_balance, t.closing_balance FROM control.xref x "
            "JOIN billing.account_balance t ON t.account_id = x.target_id WHERE x.entity = 'account' ORDER BY 1, 2",
            "invoice": "SELECT x.source_id, x.source_key, t.net, t.vat, t.gross, i.item_no, i.net FROM control.xref x "
            "JOIN billing.invoice t ON t.invoice_id = x.target_id JOIN billing.invoice_item i USING (invoice_id) "
            "WHERE x.entity = 'invoice' ORDER BY 1, 2, 6",
            "payment": "SELECT x.source_id, x.source_key, t.amount, a.amount FROM control.xref x "
            "JOIN billing.payment t ON t.payment_id = x.target_id "
            "LEFT JOIN billing.payment_allocation a USING (payment_id) "
            "WHERE x.entity = 'payment' ORDER BY 1, 2",
        }
        return {name: self.rows(query) for name, query in queries.items()}

    def owner(self, source: str, person: str) -> int:
        rows = self.rows(
            "SELECT a.customer_id FROM billing.billing_account a JOIN control.xref x ON x.target_id = a.account_id "
            "AND x.entity = 'account' JOIN control.source c ON c.source_id = x.source_id "
            "WHERE c.code = %s AND x.source_key = %s",
            source,
            f"A-{person}",
        )
        return int(rows[0][0])

    def states(self) -> list[str]:
        return [row[0] for row in self.rows("SELECT state FROM control.batch ORDER BY batch_id")]
