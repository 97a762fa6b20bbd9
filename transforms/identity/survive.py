"""The golden party of a cluster: one value per field, chosen by the field catalogue's merge rule or the declared one.

A rule only orders the records that have a value (identifiers and contacts only with the status `ok` or `repaired`);
the first one wins, and ties end with the record's name, so the choice never depends on the order of the rows:

* `newest`         latest `updated_on`, then the most trusted source;
* `most_complete`  longest value, then newest;
* `most_frequent`  value that most of the cluster's records have, then the most trusted source;
* `most_trusted`   best trust rank of the source (1 = most trusted), then newest.

`document_kind` always comes from the record that gave `document`.  Provenance is written for clusters of several
records, for the fields in which their records differ: which record won, by which rule, and every value that lost.
Elsewhere the value is the only one there is.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from billing.model import ENTITIES, MergeRule
from transforms.identity.evidence import USABLE

_STATUS_CHECKED = ("pesel", "nip", "regon", "krs", "phone", "email")
FIELDS: tuple[str, ...] = (
    "kind", "name", "first_name", "last_name", "company_name", "pesel", "nip", "regon", "krs", "document",
    "birth_date", "sex", "phone", "email", "segment",
)  # fmt: skip

ORDERS: dict[str, str] = {
    "newest": "updated_on DESC NULLS LAST, trust, record",
    "most_complete": "length(value) DESC, updated_on DESC NULLS LAST, trust, record",
    "most_frequent": "same_value DESC, trust, updated_on DESC NULLS LAST, record",
    "most_trusted": "trust, updated_on DESC NULLS LAST, record",
}


def rule_of(field: str, declared: Mapping[str, MergeRule] | None = None) -> MergeRule:
    """The merge rule of a golden field: the declared one, else the catalogue's.

    >>> rule_of("pesel"), rule_of("last_name"), rule_of("last_name", {"last_name": "most_frequent"})
    ('most_trusted', 'newest', 'most_frequent')
    """
    rule = (declared or {}).get(field) or ENTITIES["subscriber"].field(field).merge
    assert rule is not None, field
    return rule


def survive(con: duckdb.DuckDBPyConnection, declared: Mapping[str, MergeRule] | None = None) -> None:
    """Build `party` (one row per cluster) and `provenance` from `clustered`, `evidence` and `subscriber`.

    Args:
        con: Connection with these tables.
        declared: Field -> rule, where it is another than the catalogue's.
    """
    values = ", ".join(f"{_value(name)} AS {name}" for name in FIELDS)
    con.execute("""
        CREATE OR REPLACE TABLE shared AS
        SELECT root, count(*)::INTEGER AS members FROM clustered GROUP BY root HAVING count(*) > 1
    """)
    con.execute(f"""
        CREATE OR REPLACE TABLE member AS
        SELECT c.root, e.record, e.trust, e.updated_on, {values}, s.document_kind
        FROM clustered AS c JOIN shared USING (root) JOIN evidence AS e USING (record)
        JOIN subscriber AS s USING (source_id, subscriber_key)
    """)
    long = " UNION ALL ".join(
        f"SELECT root, record, trust, updated_on, '{name}' AS field, '{rule_of(name, declared)}' AS rule,"
        f" {name}::VARCHAR AS value FROM member WHERE {name} IS NOT NULL"
        for name in FIELDS
    )
    con.execute(f"""
        CREATE OR REPLACE TABLE offered AS
        WITH long AS ({long}),
        counted AS (SELECT *, count(*) OVER (PARTITION BY root, field, value) AS same_value FROM long)
        {" UNION ALL ".join(_ranked(rule, order) for rule, order in ORDERS.items())}
    """)
    chosen = ", ".join(f"max(value) FILTER (field = '{name}' AND place = 1) AS {name}" for name in FIELDS)
    con.execute(f"""
        CREATE OR REPLACE TABLE golden AS
        WITH winner AS (
            SELECT root, {chosen}, max(record) FILTER (field = 'document' AND place = 1) AS document_record
            FROM offered GROUP BY root
        )
        SELECT w.* REPLACE (w.birth_date::DATE AS birth_date), m.document_kind, members
        FROM winner AS w JOIN shared USING (root) LEFT JOIN member AS m ON m.record = w.document_record
    """)
    # Most customers have one record: their party is a view of it, read when it is written out.
    picked = ", ".join((*FIELDS, "document_kind", "members"))
    con.execute(f"""
        CREATE OR REPLACE VIEW party AS
        WITH chosen AS (
            SELECT root, {picked} FROM golden
            UNION ALL
            SELECT c.record AS root, {values}, s.document_kind, 1::INTEGER AS members
            FROM clustered AS c ANTI JOIN shared USING (root)
            JOIN evidence AS e USING (record) JOIN subscriber AS s USING (source_id, subscriber_key)
        )
        SELECT r.source_id || '|' || r.subscriber_key AS cluster_key, c.*,
            coalesce(
                CASE WHEN kind = 'person' THEN nullif(concat_ws(' ', first_name, last_name), '') END,
                company_name, name, nullif(concat_ws(' ', first_name, last_name), '')) AS display_name
        FROM chosen AS c JOIN record AS r ON r.record = c.root
    """)
    con.execute(_PROVENANCE_SQL)


def _value(name: str) -> str:
    text = f"s.{name}" if name == "birth_date" else f"nullif(trim(s.{name}), '')"
    if name in _STATUS_CHECKED:
        return f"CASE WHEN s.{name}_status IN {USABLE} THEN {text} END"
    if name == "birth_date":
        return "coalesce(e.birth_date, s.birth_date)"
    if name == "kind":
        return "coalesce(nullif(trim(s.kind), ''), CASE e.class WHEN 'person' THEN 'person' ELSE 'company' END)"
    return text


def _ranked(rule: str, order: str) -> str:
    return f"""
        SELECT root, field, rule, record, value, row_number() OVER (PARTITION BY root, field ORDER BY {order}) AS place
        FROM counted WHERE rule = '{rule}'
    """


_PROVENANCE_SQL = """
CREATE OR REPLACE TABLE provenance AS
WITH differing AS (SELECT root, field FROM offered GROUP BY root, field HAVING count(DISTINCT value) > 1),
named AS (
    SELECT o.*, e.source_id, e.subscriber_key
    FROM offered AS o JOIN differing USING (root, field) JOIN evidence AS e USING (record)
)
SELECT root, field,
    max(source_id) FILTER (place = 1) AS source_id,
    max(subscriber_key) FILTER (place = 1) AS subscriber_key,
    max(rule) AS rule,
    max(value) FILTER (place = 1) AS value,
    list({'source_id': source_id, 'subscriber_key': subscriber_key, 'value': value} ORDER BY place) FILTER (place > 1)
        AS lost
FROM named GROUP BY root, field
"""
