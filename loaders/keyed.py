"""Merge entities that have a consolidated id of their own, found through the crosswalk."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from billing.errors import LoadError
from billing.model import ENTITIES
from loaders.bulk import bare, worth_it
from loaders.counts import Carried, Counts, by_currency, count, scalar
from loaders.pieces import LINEAGE, assigned, hash_of, listed, parent_ids, parent_joins
from loaders.targets import Keyed, Parent


def merge_keyed(connection: psycopg.Connection, entity: Keyed, batch_id: int, sources: Sequence[int]) -> Counts:
    """Merge one keyed entity.

    Args:
        connection: In a transaction.
        entity: The entity.
        batch_id: Written to rows that change.
        sources: Numbers of the batch's sources.

    Raises:
        LoadError: A staged row has no parent.
    """
    staged = count(connection, f"staging.{entity.staged}")
    xref = f"control.xref_{entity.entity}"
    existing = count(connection, xref)
    counts = Counts()
    known = 0
    if existing and staged:
        known = count(
            connection,
            f"staging.{entity.staged} s JOIN {xref} x ON x.source_id = s.source_id AND x.source_key = s.{entity.key}",
        )
        counts.updated = _update(connection, entity, batch_id)
        counts.unchanged = known - counts.updated
    if new := staged - known:
        many = worth_it(new, existing)
        targets = {f"billing.{entity.table}": True, xref: False}
        if entity.extra:
            targets[f"billing.{entity.extra.table}"] = True
        with bare(connection, targets, when=many):
            counts.inserted = _insert(connection, entity, batch_id, some_known=bool(known))
        if many:
            connection.execute(f"ANALYZE {xref}")
        if counts.inserted != new:
            raise orphans(connection, entity.staged, entity.key, entity.parents, new - counts.inserted)
    if existing:
        found = counts.inserted + counts.updated + counts.unchanged
        counts.carried = _carried(connection, entity, found, sources)
    return counts


def _insert(connection: psycopg.Connection, entity: Keyed, batch_id: int, *, some_known: bool) -> int:
    """Resolve and sort the new rows once, give them ids, and write them to the crosswalk and the tables.

    They are collected in a table of their own because the server works in parallel on what fills a new table, but
    never on what is inserted into an existing one.
    """
    known = (
        f"LEFT JOIN control.xref_{entity.entity} known ON known.source_id = s.source_id "
        f"AND known.source_key = s.{entity.key} WHERE known.target_id IS NULL"
    )
    new = connection.execute(
        f"""
        CREATE TEMP TABLE fresh ON COMMIT DROP AS
        SELECT row_number() OVER (ORDER BY source_id, legacy_key) AS nth, q.*
          FROM (SELECT s.source_id, s.{entity.key} AS legacy_key, {listed(LINEAGE, "s.")}, {_selected(entity)},
                       {hash_of(entity)} AS row_hash
                  FROM staging.{entity.staged} s {parent_joins(entity.parents)} {entity.joins}
                       {known if some_known else ""}) q
        """
    ).rowcount
    before = reserve_ids(connection, f"billing.{entity.table}", entity.id, new)
    connection.execute(
        f"INSERT INTO control.xref_{entity.entity} "
        f"(entity, source_id, source_key, target_id, {listed(LINEAGE)}, row_hash, batch_id) "
        f"SELECT %s, source_id, legacy_key, nth + %s, {listed(LINEAGE)}, row_hash, %s FROM fresh",
        [entity.entity, before, batch_id],
    )
    written = {entity.table: _names(entity)}
    if entity.extra:
        written[entity.extra.table] = entity.extra.columns
    for table, names in written.items():
        connection.execute(
            f"INSERT INTO billing.{table} ({entity.id}, source_id, {listed(names)}, batch_id) "
            f"SELECT nth + %s, source_id, {listed(names)}, %s FROM fresh",
            [before, batch_id],
        )
    connection.execute("DROP TABLE fresh")
    return new


def _update(connection: psycopg.Connection, entity: Keyed, batch_id: int) -> int:
    connection.execute(
        f"""
        CREATE TEMP TABLE changed ON COMMIT DROP AS
        SELECT q.* FROM (
            SELECT x.target_id AS id, x.row_hash AS former_hash, {listed(LINEAGE, "s.")}, {_selected(entity)},
                   {hash_of(entity)} AS row_hash
              FROM staging.{entity.staged} s
              JOIN control.xref_{entity.entity} x ON x.source_id = s.source_id AND x.source_key = s.{entity.key}
              {parent_joins(entity.parents)} {entity.joins}) q
         WHERE q.row_hash <> q.former_hash
        """
    )
    written = {entity.table: _names(entity)}
    if entity.extra:
        written[entity.extra.table] = entity.extra.columns
    for table, names in written.items():
        connection.execute(
            f"UPDATE billing.{table} t SET {assigned(names)}, batch_id = %s FROM changed d WHERE t.{entity.id} = d.id",
            [batch_id],
        )
    done = connection.execute(
        f"UPDATE control.xref_{entity.entity} t SET {assigned((*LINEAGE, 'row_hash'))}, batch_id = %s "
        "FROM changed d WHERE t.target_id = d.id",
        [batch_id],
    )
    connection.execute("DROP TABLE changed")
    return done.rowcount


def _carried(connection: psycopg.Connection, entity: Keyed, found: int, sources: Sequence[int]) -> list[Carried]:
    xref = f"control.xref_{entity.entity}"
    present = scalar(connection, f"SELECT count(*) FROM {xref} WHERE source_id = ANY(%s)", [list(sources)])
    if present == found:
        return []
    amount = ENTITIES[entity.entity].control_amount if entity.entity in ENTITIES else None
    table = entity.extra.table if entity.extra else entity.table
    return by_currency(
        connection,
        f"billing.{table} t JOIN {xref} x ON x.target_id = t.{entity.id} "
        f"WHERE x.source_id = ANY(%s) AND NOT EXISTS (SELECT FROM staging.{entity.staged} s "
        f"WHERE s.source_id = x.source_id AND s.{entity.key} = x.source_key)",
        amount,
        "currency" if amount else None,
        [list(sources)],
    )


def reserve_ids(connection: psycopg.Connection, table: str, column: str, number: int) -> int:
    """Take the next ids of a table; the first one is the answer plus one.

    Only one load runs at a time, so nobody else takes any between the two calls.
    """
    (sequence,) = connection.execute("SELECT pg_get_serial_sequence(%s, %s)", [table, column]).fetchone() or ("",)
    first = scalar(connection, "SELECT nextval(%s::regclass)", [sequence])
    if number > 1:
        connection.execute("SELECT setval(%s::regclass, %s)", [sequence, first + number - 1])
    return first - 1


def _names(entity: Keyed) -> tuple[str, ...]:
    """Columns of the target beside id, source and batch."""
    return (*(p.column for p in entity.parents), *(name for name, _ in entity.computed), *entity.columns)


def _selected(entity: Keyed) -> str:
    more = entity.extra.columns if entity.extra else ()
    return ", ".join(
        [
            *parent_ids(entity.parents),
            *(f"{expression} AS {name}" for name, expression in entity.computed),
            *(f's."{name}"' for name in dict.fromkeys((*entity.columns, *more))),
        ]
    )


def orphans(
    connection: psycopg.Connection, staged: str, key: str, parents: Sequence[Parent], missing: int
) -> LoadError:
    """Say which staged rows have no parent: an inner join would have lost them without a word."""
    examples: list[str] = []
    for parent in parents:
        if parent.optional:
            continue
        rows = connection.execute(
            f"SELECT c.code, s.{key}, s.{parent.key} FROM staging.{staged} s JOIN control.source c USING (source_id) "
            f"WHERE NOT EXISTS (SELECT FROM control.xref_{parent.entity} x "
            f"WHERE x.source_id = s.source_id AND x.source_key = s.{parent.key}) ORDER BY 1, 2 LIMIT 3"
        )
        examples += [f"{code} {own} ({parent.entity} {other})" for code, own, other in rows]
    return LoadError(
        f"{missing} staged rows have no parent or a key that occurs twice: {', '.join(examples) or 'keys occur twice'}",
        entity=staged,
        remedy="duplicates and orphans have to be set aside before the load (see the reject store)",
    )
