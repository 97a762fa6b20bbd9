"""The reject store in the warehouse: every finding once, for as long as deliveries have it."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from loaders.counts import Counts, count, scalar
from loaders.pieces import content_hash, listed
from loaders.stage import REJECT_COLUMNS

_NAMES = tuple(name for name, _ in REJECT_COLUMNS)
# where in the file a record stands does not make it another finding, but which record it is does
_CONTENT = tuple(name for name in _NAMES if name not in {"byte_offset", "byte_length", "raw", "file_name"})


def merge_rejects(connection: psycopg.Connection, batch_id: int, sources: Sequence[int]) -> Counts:
    """Add new findings; mark those as resolved that a new delivery of their source no longer has.

    Args:
        connection: In a transaction.
        batch_id: Written to new and to resolved findings.
        sources: Numbers of the batch's sources.
    """
    same = content_hash([f's."{name}"' for name in _CONTENT])
    # the same finding twice in one record (two lines of an invoice, say) is two findings: hence the number
    numbered = content_hash([*(f's."{name}"' for name in _CONTENT), "s.nth"])
    connection.execute(
        f"CREATE TEMP TABLE finding ON COMMIT DROP AS SELECT q.*, r.reject_id FROM ("
        f"SELECT {listed(_NAMES, 's.')}, {numbered} AS row_hash FROM ("
        f"SELECT s.*, row_number() OVER (PARTITION BY {same}) AS nth FROM staging.reject s) s) q "
        f"LEFT JOIN control.reject r ON r.row_hash = q.row_hash AND r.state = 'open'"
    )
    counts = Counts()
    counts.updated = connection.execute(
        "UPDATE control.reject r SET state = 'resolved', resolved_batch_id = %s "
        "WHERE r.state = 'open' AND r.source_id = ANY(%s) "
        "AND NOT EXISTS (SELECT FROM finding f WHERE f.reject_id = r.reject_id)",
        [batch_id, list(sources)],
    ).rowcount
    counts.inserted = connection.execute(
        f"INSERT INTO control.reject ({listed(_NAMES)}, row_hash, batch_id) "
        f"SELECT {listed(_NAMES)}, row_hash, %s FROM finding WHERE reject_id IS NULL "
        "ORDER BY source_id, file_id, record_no, step, entity, field",
        [batch_id],
    ).rowcount
    counts.unchanged = count(connection, "finding") - counts.inserted
    connection.execute("DROP TABLE finding")
    return counts


def open_rejects(connection: psycopg.Connection) -> int:
    """Findings that no later delivery has resolved."""
    return scalar(connection, "SELECT count(*) FROM control.reject WHERE state = 'open'")
