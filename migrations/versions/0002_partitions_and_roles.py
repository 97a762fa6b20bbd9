"""Partitions of the crosswalk, and who may read what.

Two roles without login are made where the migrating user may make roles: `blueline_reader` (the contact centre:
the consolidated data) and `blueline_auditor` (everything that proves it as well).  Neither sees clear identifiers,
raw legacy bytes or values that lost in survivorship; whoever needs them is granted the columns by hand.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

PARTITIONS = (
    "subscriber", "account", "line", "subscription", "address", "contact", "invoice", "payment", "adjustment",
)  # fmt: skip
HIDDEN = {
    ("billing", "party_identification"): ("value_clear",),
    ("billing", "payment"): ("payer_bank_account",),
    ("control", "reject"): ("raw",),
    ("control", "field_provenance"): ("value", "lost"),
}
ROLES = {"blueline_reader": ("billing",), "blueline_auditor": ("billing", "control")}


def upgrade() -> None:
    for entity in PARTITIONS:
        op.execute(f"CREATE TABLE control.xref_{entity} PARTITION OF control.xref FOR VALUES IN ('{entity}')")
        op.execute(f"CREATE UNIQUE INDEX uq_xref_{entity} ON control.xref_{entity} (source_id, source_key)")
        op.execute(f"CREATE INDEX ix_xref_{entity}_target_id ON control.xref_{entity} (target_id)")
    for role, schemas in ROLES.items():
        op.execute(_make_role(role))
        for schema in schemas:
            op.execute(_if_role(role, f"GRANT USAGE ON SCHEMA {schema} TO {role}"))
            for table, columns in _columns(schema):
                hidden = HIDDEN.get((schema, table), ())
                if hidden:
                    shown = ", ".join(f'"{c}"' for c in columns if c not in hidden)
                    op.execute(_if_role(role, f"GRANT SELECT ({shown}) ON {schema}.{table} TO {role}"))
                else:
                    op.execute(_if_role(role, f"GRANT SELECT ON {schema}.{table} TO {role}"))


def downgrade() -> None:
    for role, schemas in ROLES.items():
        for schema in schemas:
            op.execute(_if_role(role, f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}"))
            op.execute(_if_role(role, f"REVOKE USAGE ON SCHEMA {schema} FROM {role}"))
    for entity in PARTITIONS:
        op.execute(f"DROP TABLE control.xref_{entity}")


def _columns(schema: str) -> list[tuple[str, list[str]]]:
    rows = op.get_bind().exec_driver_sql(
        "SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum) FROM pg_class c "
        "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
        f"WHERE c.relnamespace = '{schema}'::regnamespace AND c.relkind IN ('r', 'p') GROUP BY 1 ORDER BY 1"
    )
    return [(name, list(columns)) for name, columns in rows]


def _make_role(role: str) -> str:
    # a role belongs to the whole server: another database may have made it, even at this very moment
    return (
        f"DO $$ BEGIN CREATE ROLE {role} NOLOGIN; "
        "EXCEPTION WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN NULL; END $$"
    )


def _if_role(role: str, statement: str) -> str:
    return f"DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN {statement}; END IF; END $$"
