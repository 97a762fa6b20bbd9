"""Rows without a crosswalk entry: lines of a document, identifiers of a party, evidence of identity.

Such rows have a key in the target itself, and carry their content hash.  They are merged as a set: new ones are
inserted, different ones updated, and those that the set no longer has are removed within the given scope.
"""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from loaders.bulk import bare, worth_it
from loaders.counts import Counts, count, scalar
from loaders.pieces import assigned, equal, listed


def merge_set(
    connection: psycopg.Connection,
    table: str,
    query: str,
    batch_id: int,
    *,
    staged: str,
    key: Sequence[str],
    values: Sequence[str],
    scope: str | None,
) -> Counts:
    """Make the rows of a scope equal to the rows of a query.

    Args:
        connection: In a transaction.
        table: Qualified name; has `row_hash` and `batch_id`, and its primary key is `key`.
        query: SELECT with the columns of `key` and `values` and with `row_hash`.
        batch_id: Written to rows that change.
        staged: Table whose rows the query answers with, for its size.
        key: Key columns.
        values: Other columns.
        scope: Condition on `t` that says which rows the query speaks for: others stay. None removes nothing.
    """
    names = listed((*key, *values))
    insert = f"INSERT INTO {table} ({names}, row_hash, batch_id) SELECT {names}, row_hash, %s FROM"
    existing = count(connection, table)
    if not existing:
        with bare(connection, {table: True}, when=worth_it(count(connection, staged), 0)):
            return Counts(inserted=connection.execute(f"{insert} ({query}) d", [batch_id]).rowcount)
    counts = Counts()
    connection.execute(
        f"CREATE TEMP TABLE compared ON COMMIT DROP AS SELECT d.*, t.row_hash AS former_hash "
        f"FROM ({query}) d LEFT JOIN {table} t ON {equal(key)}"
    )
    new = scalar(connection, "SELECT count(*) FROM compared WHERE former_hash IS NULL")
    counts.updated = connection.execute(
        f"UPDATE {table} t SET {assigned((*values, 'row_hash'))}, batch_id = %s FROM compared d "
        f"WHERE {equal(key)} AND d.former_hash <> d.row_hash",
        [batch_id],
    ).rowcount
    counts.unchanged = count(connection, "compared") - new - counts.updated
    if scope is not None:
        counts.removed = connection.execute(
            f"DELETE FROM {table} t WHERE {scope} AND NOT EXISTS (SELECT FROM compared d WHERE {equal(key)})"
        ).rowcount
    with bare(connection, {table: True}, when=worth_it(new, existing)):
        counts.inserted = connection.execute(f"{insert} compared WHERE former_hash IS NULL", [batch_id]).rowcount
    connection.execute("DROP TABLE compared")
    return counts
