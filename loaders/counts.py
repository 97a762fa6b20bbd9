"""What a merge did to a table, and the small queries that count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg


@dataclass(frozen=True)
class Carried:
    """Rows of one source and currency that stay from a former delivery; amounts in grosze."""

    source_id: int
    currency: str
    records: int
    positive_grosze: int
    negative_grosze: int

    @property
    def amount_grosze(self) -> int:
        """Sum of both sides."""
        return self.positive_grosze + self.negative_grosze


@dataclass
class Counts:
    """What a merge did to one table.

    Attributes:
        inserted: New rows.
        updated: Rows whose content differed.
        unchanged: Rows that were there, with the same content.
        removed: Lines of a re-delivered document that it no longer has; parties that became part of others.
        repointed: Rows that were given to another party, their content untouched.
        withdrawn: Movements of accounts that were delivered anew without them; they stay as history.
        carried: Rows of the batch's sources that this delivery does not have; they stay.
        churn: Of parties: what became of their ids (`loaders.party_ids.churn`).
    """

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    repointed: int = 0
    withdrawn: int = 0
    carried: list[Carried] = field(default_factory=list)
    churn: dict[str, int] = field(default_factory=dict)

    @property
    def carried_over(self) -> int:
        """Number of rows that stayed although the delivery does not have them."""
        return sum(c.records for c in self.carried)

    @property
    def changed(self) -> int:
        """Rows that were written or removed."""
        return self.inserted + self.updated + self.removed + self.repointed + self.withdrawn

    def as_json(self) -> dict[str, Any]:
        """The counts that are not zero, for the batch's row."""
        known: dict[str, Any] = {k: v for k, v in vars(self).items() if isinstance(v, int) and v}
        if self.carried:
            known["carried_over"] = self.carried_over
        if self.churn:
            known["churn"] = self.churn
        return known


def count(connection: psycopg.Connection, table: str) -> int:
    """Rows of a table, or of a parenthesised query with an alias."""
    return scalar(connection, f"SELECT count(*) FROM {table}")


def scalar(connection: psycopg.Connection, statement: str, values: Sequence[Any] = ()) -> int:
    """The one number that a query answers with; null counts as 0."""
    row = connection.execute(statement, values).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def by_currency(
    connection: psycopg.Connection, query: str, amount: str | None, currency: str | None, values: Sequence[Any] = ()
) -> list[Carried]:
    """Records and both sides of an amount, per source and currency.

    Args:
        connection: An open connection.
        query: FROM clause and conditions; the rows are called `t`.
        amount: Column with the control amount.
        currency: Column with its currency.
        values: Values bound in the query.
    """
    sides = (
        [f"coalesce(sum(t.{amount}) FILTER (WHERE t.{amount} {sign} 0), 0) * 100" for sign in (">", "<")]
        if amount
        else ["0", "0"]
    )
    rows = connection.execute(
        f"SELECT t.source_id, {f't.{currency}' if currency else chr(39) * 2}, count(*), {', '.join(sides)} "
        f"FROM {query} GROUP BY 1, 2 ORDER BY 1, 2",
        values,
    )
    return [Carried(source, cur, n, int(plus), int(minus)) for source, cur, n, plus, minus in rows]
