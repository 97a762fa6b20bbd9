"""Writing many rows into a table: its indices and foreign keys are taken off before and rebuilt after.

Both happen inside the caller's transaction, so a load that fails finds them as they were.  A rebuilt foreign key is
validated by one join instead of one look-up a row, a rebuilt index by one sort.  Readers of the table wait meanwhile:
that is why a small delivery leaves everything in its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

MANY = 20_000

_CONSTRAINTS = """
SELECT c.conname, c.contype, pg_get_constraintdef(c.oid)
  FROM pg_constraint c
 WHERE c.conrelid = %(table)s::regclass
   AND (c.contype = 'f' OR c.contype = 'p' AND %(drop_key)s
        AND NOT EXISTS (SELECT FROM pg_constraint f WHERE f.contype = 'f' AND f.confrelid = c.conrelid))
 ORDER BY c.contype DESC, c.conname
"""
_INDICES = """
SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
  FROM pg_index i
 WHERE i.indrelid = %(table)s::regclass
   AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u'))
 ORDER BY 1
"""


def worth_it(new_rows: int, existing_rows: int) -> bool:
    """Whether rebuilding costs less than keeping indices and checks up to date row by row."""
    return new_rows >= MANY and new_rows >= existing_rows // 2


@contextmanager
def bare(connection: psycopg.Connection, tables: dict[str, bool], *, when: bool) -> Iterator[None]:
    """Run the block with tables that have no indices and no foreign keys of their own.

    Args:
        connection: In a transaction.
        tables: Qualified name -> whether the primary key comes off too (of a table that nothing refers to).
        when: False leaves everything as it is.
    """
    rebuild: list[str] = []
    if when:
        for table, drop_key in tables.items():
            found = connection.execute(_CONSTRAINTS, {"table": table, "drop_key": drop_key}).fetchall()
            # a key comes off after, and goes on before, what may refer to it
            for name, kind, definition in found:
                connection.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
                text = f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}'
                rebuild.append(text) if kind == "f" else rebuild.insert(0, text)
            for name, definition in connection.execute(_INDICES, {"table": table}).fetchall():
                connection.execute(f"DROP INDEX {name}")
                rebuild.insert(0, definition)
    yield
    for statement in rebuild:
        connection.execute(statement)
