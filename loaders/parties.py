"""Who the customers are: clusters of source records become parties with ids that last.

Which id a cluster has is the matter of `loaders.party_ids`: an id that was issued once resolves for ever.

Only ownership follows: `customer_id` of accounts and `party_id` of contact media are re-pointed, no amount is
touched, and every change is written down in `control.match_decision`.
"""

from __future__ import annotations

import psycopg

from billing.errors import LoadError
from loaders.bulk import bare, worth_it
from loaders.counts import Counts, count, scalar
from loaders.party_ids import churn, give_ids, retire_ids
from loaders.pieces import LINEAGE, assigned, content_hash, listed
from loaders.sets import merge_set
from loaders.stage import staging_columns

ACTOR = "identity"
_PARTY = ("kind", "display_name", "first_name", "last_name", "company_name", "birth_date", "sex", "members")

_MEMBER = f"""
CREATE UNLOGGED TABLE staging.member AS
SELECT c.source_id, c.subscriber_key, c.cluster_key, x.target_id AS former, x.row_hash AS former_hash,
       coalesce(n.party_id, x.target_id) AS native, p.source_id IS NOT NULL AS is_split,
       s.subscriber_key IS NOT NULL AS delivered, s.status, s.customer_since, {listed(LINEAGE, "s.")},
       {content_hash([f's."{name}"' for name, _ in staging_columns("subscriber")])} AS row_hash
  FROM staging.cluster c
  LEFT JOIN staging.subscriber s USING (source_id, subscriber_key)
  LEFT JOIN control.xref_subscriber x ON x.source_id = c.source_id AND x.source_key = c.subscriber_key
  LEFT JOIN (SELECT DISTINCT ON (source_id, subscriber_key) source_id, subscriber_key, former_party_id AS party_id
               FROM control.match_decision WHERE action = 'move'
              ORDER BY source_id, subscriber_key, decision_id) n
         ON n.source_id = c.source_id AND n.subscriber_key = c.subscriber_key
  LEFT JOIN (SELECT DISTINCT source_id, subscriber_key FROM control.match_decision d WHERE action = 'split'
                AND NOT EXISTS (SELECT FROM control.match_decision u WHERE u.supersedes = d.decision_id)) p
         ON p.source_id = c.source_id AND p.subscriber_key = c.subscriber_key
"""
_MOVED = """
CREATE UNLOGGED TABLE staging.moved AS
SELECT m.source_id, m.subscriber_key, m.former, o.party_id, o.members
  FROM staging.member m JOIN staging.owner o USING (cluster_key) WHERE m.former IS DISTINCT FROM o.party_id
"""
_CUSTOMER = f"""
SELECT q.*, {content_hash(["segment", "status", "customer_since"])} AS row_hash FROM (
    SELECT o.party_id AS customer_id, min(p.segment) AS segment, min(m.customer_since) AS customer_since,
           -- one live relation makes a live customer
           CASE min(CASE m.status WHEN 'active' THEN 1 WHEN 'suspended' THEN 2 WHEN 'closed' THEN 3 END)
                WHEN 1 THEN 'active' WHEN 2 THEN 'suspended' WHEN 3 THEN 'closed' END AS status
      FROM staging.member m JOIN staging.owner o USING (cluster_key) JOIN staging.party p USING (cluster_key)
     GROUP BY o.party_id) q
"""
_IDENTIFICATION = f"""
SELECT o.party_id, i.kind, i.value_hash, i.value_masked, i.value_clear,
       {content_hash(["i.value_hash", "i.value_clear"])} AS row_hash
  FROM staging.identification i JOIN staging.owner o USING (cluster_key)
"""
_PROVENANCE = f"""
SELECT o.party_id, v.field, v.source_id, v.subscriber_key, v.rule, v.value, v.lost,
       {content_hash(["v.rule", "v.value", "v.lost"])} AS row_hash
  FROM staging.provenance v JOIN staging.owner o USING (cluster_key)
"""
_EDGE_KEY = ("left_source_id", "left_key", "right_source_id", "right_key")
_EDGE_VALUES = ("match_weight", "match_probability", "outcome", "reason", "rule", "levels", "weights")
_EDGE = f"SELECT {listed((*_EDGE_KEY, *_EDGE_VALUES))}, {content_hash(_EDGE_VALUES)} AS row_hash FROM staging.edge"
_EDGE_SCOPE = " AND ".join(
    f"EXISTS (SELECT FROM staging.member m WHERE m.source_id = t.{side}_source_id AND m.subscriber_key = t.{side}_key)"
    for side in ("left", "right")
)


def merge_parties(connection: psycopg.Connection, batch_id: int) -> dict[str, Counts]:
    """Merge what identity decided.

    Args:
        connection: In a transaction.
        batch_id: Written to every row that changes.

    Raises:
        LoadError: A subscriber is in no cluster or in two, or a cluster has no party.
    """
    for statement in (_MEMBER, "ANALYZE staging.member"):
        connection.execute(statement)
    give_ids(connection)
    connection.execute(_MOVED)
    _check(connection)
    known = count(connection, "control.xref_subscriber")
    changes = churn(connection)
    counts = {"party": _write_parties(connection, batch_id)}
    counts["party"].churn = changes
    counts["customer"] = merge_set(
        connection, "billing.customer", _CUSTOMER, batch_id,
        staged="staging.owner", key=("customer_id",), values=("segment", "status", "customer_since"), scope=None,
    )  # fmt: skip
    counts["subscriber"] = _write_crosswalk(connection, batch_id, known)
    _decide(connection, batch_id)
    if known:
        counts["billing_account"] = Counts(repointed=_repoint_accounts(connection))
        counts["contact_medium"] = Counts(repointed=_repoint(connection, "contact_medium", "party_id"))
        counts["party"].removed = retire_ids(connection, batch_id)
    ours = "t.party_id IN (SELECT party_id FROM staging.owner)"
    counts["party_identification"] = merge_set(
        connection, "billing.party_identification", _IDENTIFICATION, batch_id,
        staged="staging.identification", key=("party_id", "kind"),
        values=("value_hash", "value_masked", "value_clear"), scope=ours,
    )  # fmt: skip
    counts["field_provenance"] = merge_set(
        connection, "control.field_provenance", _PROVENANCE, batch_id,
        staged="staging.provenance", key=("party_id", "field", "source_id", "subscriber_key"),
        values=("rule", "value", "lost"), scope=ours,
    )  # fmt: skip
    counts["match_edge"] = merge_set(
        connection, "control.match_edge", _EDGE, batch_id,
        staged="staging.edge", key=_EDGE_KEY, values=_EDGE_VALUES, scope=_EDGE_SCOPE,
    )  # fmt: skip
    return counts


def _check(connection: psycopg.Connection) -> None:
    members, clusters = count(connection, "staging.member"), count(connection, "staging.cluster")
    delivered = scalar(connection, "SELECT count(*) FROM staging.member WHERE delivered")
    subscribers = count(connection, "staging.subscriber")
    unknown = scalar(connection, "SELECT count(*) FROM staging.member WHERE NOT delivered AND former IS NULL")
    parties = scalar(connection, "SELECT count(*) FROM staging.owner JOIN staging.party USING (cluster_key)")
    owners = count(connection, "staging.owner")
    problems = {
        f"{subscribers - delivered} subscribers are in no cluster, or {delivered - subscribers} in two":
            delivered != subscribers,
        f"{members - clusters} records are in two clusters": members != clusters,
        f"{unknown} records in clusters were neither delivered nor loaded before": unknown > 0,
        f"{owners} clusters have {parties} parties": parties != owners,
    }  # fmt: skip
    if found := [text for text, is_wrong in problems.items() if is_wrong]:
        raise LoadError(
            "what identity decided does not fit the subscribers: " + "; ".join(found),
            remedy="run identity over exactly the subscribers that are loaded",
        )


def _write_parties(connection: psycopg.Connection, batch_id: int) -> Counts:
    query = (
        f"SELECT o.party_id, o.is_new, {listed(_PARTY, 'p.')}, {content_hash([f'p.{n}' for n in _PARTY])} AS row_hash "
        "FROM staging.party p JOIN staging.owner o USING (cluster_key)"
    )
    names = listed(("party_id", *_PARTY))
    counts = Counts()
    counts.updated = connection.execute(
        f"UPDATE billing.party t SET {assigned((*_PARTY, 'row_hash'))}, batch_id = %s FROM ({query}) d "
        "WHERE t.party_id = d.party_id AND NOT d.is_new AND t.row_hash <> d.row_hash",
        [batch_id],
    ).rowcount
    counts.unchanged = scalar(connection, "SELECT count(*) FROM staging.owner WHERE NOT is_new") - counts.updated
    new = scalar(connection, "SELECT count(*) FROM staging.owner WHERE is_new")
    with bare(connection, {"billing.party": False}, when=worth_it(new, counts.unchanged + counts.updated)):
        counts.inserted = connection.execute(
            f"INSERT INTO billing.party ({names}, row_hash, batch_id) "
            f"SELECT {names}, row_hash, %s FROM ({query}) d WHERE is_new ORDER BY party_id",
            [batch_id],
        ).rowcount
    return counts


def _write_crosswalk(connection: psycopg.Connection, batch_id: int, known: int) -> Counts:
    counts = Counts()
    if known:
        counts.updated = connection.execute(
            f"UPDATE control.xref_subscriber t SET {assigned((*LINEAGE, 'row_hash'))}, batch_id = %s "
            "FROM staging.member d WHERE t.source_id = d.source_id AND t.source_key = d.subscriber_key AND d.delivered "
            "AND d.former_hash <> d.row_hash",
            [batch_id],
        ).rowcount
        counts.repointed = connection.execute(
            "UPDATE control.xref_subscriber t SET target_id = d.party_id, batch_id = %s FROM staging.moved d "
            "WHERE t.source_id = d.source_id AND t.source_key = d.subscriber_key AND d.former IS NOT NULL",
            [batch_id],
        ).rowcount
    delivered = count(connection, "staging.subscriber")
    new = scalar(connection, "SELECT count(*) FROM staging.moved WHERE former IS NULL")
    counts.unchanged = delivered - new - counts.updated
    with bare(connection, {"control.xref_subscriber": False}, when=worth_it(new, known)):
        counts.inserted = connection.execute(
            "INSERT INTO control.xref_subscriber "
            f"(entity, source_id, source_key, target_id, {listed(LINEAGE)}, row_hash, batch_id) "
            f"SELECT 'subscriber', source_id, subscriber_key, party_id, {listed(LINEAGE)}, row_hash, %s "
            "FROM staging.member JOIN staging.owner USING (cluster_key) WHERE former IS NULL "
            "ORDER BY source_id, subscriber_key",
            [batch_id],
        ).rowcount
    if worth_it(new, known):
        connection.execute("ANALYZE control.xref_subscriber")
    return counts


def _decide(connection: psycopg.Connection, batch_id: int) -> None:
    """Write down which records changed their party, and which new ones share one."""
    connection.execute(
        "INSERT INTO control.match_decision "
        "(source_id, subscriber_key, action, party_id, former_party_id, actor, batch_id) "
        "SELECT source_id, subscriber_key, CASE WHEN former IS NULL THEN 'join' ELSE 'move' END, party_id, former, "
        "%s, %s FROM staging.moved WHERE former IS NOT NULL OR members > 1 ORDER BY source_id, subscriber_key",
        [ACTOR, batch_id],
    )


def _repoint_accounts(connection: psycopg.Connection) -> int:
    payers = connection.execute(
        "UPDATE billing.billing_account t SET payer_customer_id = d.party_id FROM staging.moved d "
        "WHERE t.source_id = d.source_id AND t.payer_subscriber_key = d.subscriber_key "
        "AND t.payer_customer_id IS DISTINCT FROM d.party_id"
    ).rowcount
    return payers + _repoint(connection, "billing_account", "customer_id")


def _repoint(connection: psycopg.Connection, table: str, column: str) -> int:
    done = connection.execute(
        f"UPDATE billing.{table} t SET {column} = d.party_id FROM staging.moved d "
        f"WHERE t.source_id = d.source_id AND t.subscriber_key = d.subscriber_key AND t.{column} <> d.party_id"
    )
    return done.rowcount
