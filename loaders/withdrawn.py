"""Movements that a later delivery no longer has.

A delivery tells the whole truth about the balance of every account in it: its opening balance and its movements lead
to its closing balance.  An invoice, payment or adjustment of such an account that was loaded before and is not in the
delivery belongs to an earlier statement, or was taken back by the source.  It stays in the warehouse, because nothing
that was loaded is lost, and is marked with the batch that no longer had it; from then on it takes no part in the
account's equation.  One that is delivered again is a part of it again.
"""

from __future__ import annotations

import psycopg

from loaders.targets import Keyed

MOVEMENTS = ("invoice", "payment", "adjustment")


def withdraw(connection: psycopg.Connection, entity: Keyed, batch_id: int, *, gone: bool) -> int:
    """Mark the movements that are missing from accounts that are staged, and unmark those that are back.

    Args:
        connection: In the merge's transaction, after the entity was merged.
        entity: One of `MOVEMENTS`.
        batch_id: The batch.
        gone: Whether the warehouse holds any row of the batch's sources that is not staged.

    Returns:
        Rows whose mark changed.
    """
    staged = (
        f"SELECT x.target_id FROM staging.{entity.staged} s JOIN control.xref_{entity.entity} x "
        f"ON x.source_id = s.source_id AND x.source_key = s.{entity.key}"
    )
    back = connection.execute(
        f"UPDATE billing.{entity.table} SET withdrawn_batch_id = NULL "
        f"WHERE withdrawn_batch_id IS NOT NULL AND {entity.id} IN ({staged})"
    ).rowcount
    if not gone:
        return back
    accounts = (
        "SELECT x.target_id FROM staging.account s JOIN control.xref_account x "
        "ON x.source_id = s.source_id AND x.source_key = s.account_key"
    )
    marked = connection.execute(
        f"UPDATE billing.{entity.table} t SET withdrawn_batch_id = %s WHERE withdrawn_batch_id IS NULL "
        f"AND account_id IN ({accounts}) AND NOT EXISTS (SELECT FROM ({staged}) d WHERE d.target_id = t.{entity.id})",
        [batch_id],
    ).rowcount
    return back + marked
