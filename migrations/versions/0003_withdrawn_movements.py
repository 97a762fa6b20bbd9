"""Movements that a later delivery of their account no longer has."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = ("invoice", "payment", "adjustment")
COMMENT = "Batch that delivered the account anew without this row: history, no part of the present balance"


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("withdrawn_batch_id", sa.Integer(), comment=COMMENT), schema="billing")
    # payments are granted column by column, because one of their columns is hidden
    for role in ("blueline_reader", "blueline_auditor"):
        op.execute(
            f"DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN "
            f"GRANT SELECT (withdrawn_batch_id) ON billing.payment TO {role}; END IF; END $$"
        )


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "withdrawn_batch_id", schema="billing")
