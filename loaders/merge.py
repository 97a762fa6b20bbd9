"""Staging into the consolidated tables: set by set, inside the caller's transaction.

For every entity, parents before children: rows with a new key are inserted under new ids (given in the order of
source and key, so the same input always gets the same ids), rows whose content hash differs are updated, all others
are left untouched, down to their lineage.  Loading the same input twice therefore changes nothing.

Rows of a source that are not in this delivery stay; they are counted as carried over, with their amount.  Movements
of an account that is delivered anew without them are marked as withdrawn (`loaders.withdrawn`).
"""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from loaders.counts import Counts
from loaders.details import merge_detail
from loaders.keyed import merge_keyed
from loaders.parties import merge_parties
from loaders.plans import merge_plans
from loaders.rejects import merge_rejects
from loaders.tables import metadata
from loaders.targets import CONTACT_VIEW, DETAILS, KEYED, ORDER
from loaders.withdrawn import MOVEMENTS, withdraw

SETTINGS = {
    # every join here is of whole sets; what one thinks of them before the first ANALYZE must not mislead the planner
    "enable_nestloop": "off",
    "work_mem": "128MB",
    "maintenance_work_mem": "512MB",
    "default_statistics_target": "10",
    "jit": "off",
}


def merge(connection: psycopg.Connection, batch_id: int, sources: Sequence[int]) -> dict[str, Counts]:
    """Merge everything that is staged.

    Args:
        connection: In a transaction; the caller commits or rolls back.
        batch_id: Written to every row that changes.
        sources: Numbers of the sources that the batch delivers.

    Returns:
        Table or entity -> what happened.

    Raises:
        LoadError: A staged row refers to a parent that is neither staged nor loaded, or to no party.
    """
    for name, value in SETTINGS.items():
        connection.execute(f"SET LOCAL {name} = '{value}'")
    _truncate_if_empty(connection)
    connection.execute(CONTACT_VIEW)
    counts = merge_parties(connection, batch_id)
    for name in ORDER:
        if name == "subscription":
            counts["offering"] = merge_plans(connection, batch_id)
        if name in KEYED:
            counts[name] = merge_keyed(connection, KEYED[name], batch_id, sources)
        else:
            counts[name] = merge_detail(connection, DETAILS[name], batch_id, sources)
    for name in MOVEMENTS:
        counts[name].withdrawn = withdraw(connection, KEYED[name], batch_id, gone=bool(counts[name].carried))
    counts["reject"] = merge_rejects(connection, batch_id, sources)
    return counts


def _truncate_if_empty(connection: psycopg.Connection) -> None:
    """Where nothing is loaded yet, begin with new files: with `wal_level = minimal` they need no write-ahead log."""
    tables = [f"{t.schema}.{t.name}" for t in metadata.sorted_tables if t.schema == "billing"]
    tables += ["control.xref", "control.party_alias", "control.match_edge", "control.field_provenance"]
    probe = " OR ".join(f"EXISTS (SELECT FROM {table})" for table in tables)
    row = connection.execute(f"SELECT {probe}").fetchone()
    if row and not row[0]:
        connection.execute(f"TRUNCATE {', '.join(tables)}")
