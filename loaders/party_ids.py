"""Which id a cluster of records has: ids last, and come back to the records that brought them.

The first id that a record was ever given is its *native* one.  An id belongs to the cluster that holds most of its
native records, and of several ids that a cluster holds, the oldest is the customer's.  So ids follow from who is with
whom and from what was issued, not from the way there: two customers that were merged and are told apart again have the
ids that they had before.

A cluster without an id of its own (part of a customer that was split) takes the id that was once issued to these very
records for that reason, else a new one.  A record that a person took out leaves the id to the others.

Ids of customers that also have records outside of this run (which a source no longer delivers) stay with the records
that hold them now: nobody who is not looked at changes hands.

Every id that is no customer's own now is an alias of the customer that its records went to.
"""

from __future__ import annotations

import psycopg

from loaders.counts import count, scalar
from loaders.keyed import reserve_ids

# source and key as one text that sorts by both: numbers of sources have five digits at most
FIRST = """min(((100000 + source_id)::text || subscriber_key) COLLATE "C") AS first_record"""

_GROUPED = f"""
CREATE UNLOGGED TABLE staging.grouped AS
SELECT cluster_key, count(*)::integer AS members, {FIRST} FROM staging.member GROUP BY cluster_key
"""
# Ids whose customer has records that are not in this run.
_OUTSIDE = """
CREATE UNLOGGED TABLE staging.outside AS
SELECT DISTINCT x.target_id AS id FROM control.xref_subscriber x
 WHERE NOT EXISTS (SELECT FROM staging.member m WHERE m.source_id = x.source_id AND m.subscriber_key = x.source_key)
"""
_HELD = f"""
CREATE UNLOGGED TABLE staging.held AS
SELECT DISTINCT ON (id) id, cluster_key FROM (
    SELECT id, cluster_key, count(*) FILTER (WHERE NOT is_split) AS steady, count(*) AS records, {FIRST} FROM (
        SELECT native AS id, m.* FROM staging.member m
         WHERE native IS NOT NULL AND NOT EXISTS (SELECT FROM staging.outside o WHERE o.id = m.native)
        UNION ALL
        SELECT former, m.* FROM staging.member m JOIN staging.outside o ON o.id = m.former WHERE NOT is_split) claimed
     GROUP BY 1, 2) claims
 ORDER BY id, steady DESC, records DESC, first_record
"""
_SURVIVOR = """
CREATE UNLOGGED TABLE staging.survivor AS
SELECT cluster_key, min(id) AS party_id FROM staging.held GROUP BY cluster_key
"""
# Ids that are nobody's native one were issued when a customer was split; the log knows who held them.
_RETURNING = f"""
CREATE UNLOGGED TABLE staging.returning AS
SELECT DISTINCT ON (id) id, cluster_key, is_orphan FROM (
    SELECT h.id, m.cluster_key, v.party_id IS NULL AS is_orphan,
           count(*) FILTER (WHERE m.former = h.id AND NOT m.is_split) AS now, count(*) AS records, {FIRST}
      FROM (SELECT DISTINCT source_id, subscriber_key, party_id AS id FROM control.match_decision
             WHERE action = 'move') h
      JOIN staging.member m USING (source_id, subscriber_key)
      LEFT JOIN staging.survivor v USING (cluster_key)
     WHERE NOT EXISTS (SELECT FROM staging.member n WHERE n.native = h.id)
       AND NOT EXISTS (SELECT FROM staging.outside o WHERE o.id = h.id)
     GROUP BY 1, 2, 3) claims
 ORDER BY id, is_orphan DESC, now DESC, records DESC, first_record
"""
_TAKE_BACK = """
INSERT INTO staging.survivor
SELECT cluster_key, min(id) FROM staging.returning WHERE is_orphan GROUP BY cluster_key
"""
_OWNER = """
CREATE UNLOGGED TABLE staging.owner AS
SELECT g.cluster_key, v.party_id, g.members, false AS is_issued,
       NOT EXISTS (SELECT FROM billing.party p WHERE p.party_id = v.party_id) AS is_new
  FROM staging.grouped g JOIN staging.survivor v USING (cluster_key)
UNION ALL
SELECT g.cluster_key, {before} + row_number() OVER (ORDER BY g.first_record), g.members, true, true
  FROM staging.grouped g LEFT JOIN staging.survivor v USING (cluster_key) WHERE v.party_id IS NULL
"""
# What every id of these records resolves to; those with records outside are nobody's alias.
_RESOLVED = """
CREATE UNLOGGED TABLE staging.resolved AS
SELECT h.id, o.party_id FROM staging.held h JOIN staging.owner o USING (cluster_key)
 WHERE NOT EXISTS (SELECT FROM staging.outside u WHERE u.id = h.id)
UNION ALL
SELECT r.id, o.party_id FROM staging.returning r JOIN staging.owner o USING (cluster_key)
"""


def give_ids(connection: psycopg.Connection) -> None:
    """Build `staging.owner` (cluster -> party) and `staging.resolved` (id -> party) from `staging.member`.

    Args:
        connection: In a transaction.
    """
    for name, statement in (("grouped", _GROUPED), ("outside", _OUTSIDE), ("held", _HELD), ("survivor", _SURVIVOR)):
        connection.execute(statement)
        connection.execute(f"ANALYZE staging.{name}")
    connection.execute(_RETURNING)
    connection.execute(_TAKE_BACK)
    new = count(connection, "staging.grouped") - count(connection, "staging.survivor")
    before = reserve_ids(connection, "billing.party", "party_id", new) if new else 0
    for statement in (_OWNER.format(before=before), "ANALYZE staging.owner", _RESOLVED):
        connection.execute(statement)


def retire_ids(connection: psycopg.Connection, batch_id: int) -> int:
    """Write the aliases anew and remove the rows of ids that are no customer's own any more.

    Args:
        connection: In a transaction; records, accounts and contacts are re-pointed already.
        batch_id: Written to aliases that change.

    Returns:
        Number of customers that became part of others.
    """
    connection.execute(
        "DELETE FROM control.party_alias a USING staging.owner o WHERE a.alias_id = o.party_id AND o.is_new"
    )
    for column in ("party_id", "alias_id"):  # first what pointed to a customer that is one no more, then its own id
        connection.execute(
            "UPDATE control.party_alias a SET party_id = r.party_id, batch_id = %s FROM staging.resolved r "
            f"WHERE a.{column} = r.id AND r.id <> r.party_id AND a.party_id <> r.party_id",
            [batch_id],
        )
    connection.execute(
        "INSERT INTO control.party_alias (alias_id, party_id, batch_id) "
        "SELECT id, party_id, %s FROM staging.resolved r WHERE id <> party_id "
        "AND NOT EXISTS (SELECT FROM control.party_alias a WHERE a.alias_id = r.id)",
        [batch_id],
    )
    done = None
    for table, column in (
        ("control.field_provenance", "party_id"),
        ("billing.party_identification", "party_id"),
        ("billing.customer", "customer_id"),
        ("billing.party", "party_id"),
    ):
        done = connection.execute(
            f"DELETE FROM {table} t USING staging.resolved r WHERE t.{column} = r.id AND r.id <> r.party_id"
        )
    assert done is not None
    return done.rowcount


def churn(connection: psycopg.Connection) -> dict[str, int]:
    """What a load does to the ids of customers; to be asked before anything is written.

    Returns:
        `before` and `after`; `new` (of new records alone), `split` (records that left another customer; `returned`:
        under an id that they had before), `merged` (became part of another), `kept`; `moved` records.  Customers that
        are not looked at in this run are among those before, kept and after.
    """
    before = count(connection, "billing.party")
    row = connection.execute(
        """
        SELECT count(*) FILTER (WHERE is_new AND NOT known), count(*) FILTER (WHERE is_new AND known),
               count(*) FILTER (WHERE is_new AND NOT is_issued)
          FROM (SELECT o.is_new, o.is_issued, bool_or(m.former IS NOT NULL) AS known
                  FROM staging.owner o JOIN staging.member m USING (cluster_key)
                 WHERE o.is_new GROUP BY o.party_id, 1, 2) fresh
        """
    ).fetchone() or (0, 0, 0)
    new, split, returned = (int(n) for n in row)
    merged = scalar(
        connection,
        "SELECT count(*) FROM staging.resolved r JOIN billing.party p ON p.party_id = r.id WHERE r.id <> r.party_id",
    )
    moved = scalar(connection, "SELECT count(*) FROM staging.moved WHERE former IS NOT NULL")
    return {
        "before": before, "new": new, "split": split, "returned": returned, "merged": merged, "kept": before - merged,
        "after": before + new + split - merged, "moved": moved,
    }  # fmt: skip
