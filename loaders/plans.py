"""Tariff plans of the sources as consolidated offerings."""

from __future__ import annotations

import psycopg

from loaders.counts import Counts


def merge_plans(connection: psycopg.Connection, batch_id: int) -> Counts:
    """Give every new legacy plan an offering: plans of one name are one, a plan without a name is its source's own.

    The price is no part of it: it stays on the subscription, as delivered.
    """
    connection.execute(
        """
        CREATE TEMP TABLE plan ON COMMIT DROP AS
        SELECT DISTINCT ON (s.source_id, s.plan_code) s.source_id, s.plan_code,
               coalesce(lower(btrim(s.plan_name)), c.code || ':' || s.plan_code) AS code,
               coalesce(btrim(s.plan_name), s.plan_code) AS name
          FROM staging.subscription s JOIN control.source c USING (source_id)
         WHERE NOT EXISTS (SELECT FROM billing.plan_map m
                            WHERE m.source_id = s.source_id AND m.plan_code = s.plan_code)
         ORDER BY s.source_id, s.plan_code, s.plan_name
        """
    )
    done = connection.execute(
        "INSERT INTO billing.offering (code, name, batch_id) "
        "SELECT code, min(name), %s FROM plan GROUP BY code ORDER BY code ON CONFLICT (code) DO NOTHING",
        [batch_id],
    )
    connection.execute(
        "INSERT INTO billing.plan_map (source_id, plan_code, offering_id, batch_id) "
        "SELECT p.source_id, p.plan_code, o.offering_id, %s FROM plan p JOIN billing.offering o USING (code)",
        [batch_id],
    )
    connection.execute("DROP TABLE plan")
    ((offerings,),) = connection.execute("SELECT count(*) FROM billing.offering").fetchall()
    return Counts(inserted=done.rowcount, unchanged=offerings - done.rowcount)
