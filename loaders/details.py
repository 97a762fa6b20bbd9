"""Merge the parts of a document: lines and VAT of an invoice, allocations of a payment.

A document that is delivered again is delivered whole: a line that it no longer has is removed with it, or its lines
would no longer add up to it.
"""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from billing.model import ENTITIES
from loaders.counts import Counts, by_currency, count, scalar
from loaders.keyed import orphans
from loaders.pieces import LINEAGE, equal, hash_of, listed, parent_ids, parent_joins
from loaders.sets import merge_set
from loaders.targets import KEYED, Detail


def merge_detail(connection: psycopg.Connection, detail: Detail, batch_id: int, sources: Sequence[int]) -> Counts:
    """Merge one detail entity.

    Args:
        connection: In a transaction.
        detail: The entity.
        batch_id: Written to rows that change.
        sources: Numbers of the batch's sources.

    Raises:
        LoadError: A staged row has no parent.
    """
    optional = [p.column for p in detail.parents if p.optional]
    query = (
        f"SELECT s.source_id, {', '.join(parent_ids(detail.parents))}, "
        f"{listed((*detail.own, *detail.columns, *LINEAGE), 's.')}, {hash_of(detail)} AS row_hash "
        f"FROM staging.{detail.entity} s {parent_joins(detail.parents)}"
    )
    document = detail.parents[0]
    keyed = KEYED[document.entity]
    delivered = (
        f"SELECT x.target_id FROM staging.{keyed.staged} s JOIN control.xref_{keyed.entity} x "
        f"ON x.source_id = s.source_id AND x.source_key = s.{keyed.key}"
    )
    table = f"billing.{detail.entity}"
    values = ("source_id", *optional, *detail.columns, *LINEAGE)
    scope = f"t.{document.column} IN ({delivered})"
    counts = merge_set(
        connection,
        table,
        query,
        batch_id,
        staged=f"staging.{detail.entity}",
        key=detail.key,
        values=values,
        scope=scope,
    )
    staged = count(connection, f"staging.{detail.entity}")
    found = counts.inserted + counts.updated + counts.unchanged
    if found != staged:
        raise orphans(connection, detail.entity, "record_no", detail.parents, staged - found)
    present = scalar(connection, f"SELECT count(*) FROM {table} WHERE source_id = ANY(%s)", [list(sources)])
    if present != staged:
        counts.carried = by_currency(
            connection,
            f"{table} t WHERE t.source_id = ANY(%s) AND NOT EXISTS (SELECT FROM ({query}) d WHERE {equal(detail.key)})",
            ENTITIES[detail.entity].control_amount,
            "currency",
            [list(sources)],
        )
    return counts
