"""Control totals say what old zloty became."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BEFORE = "read, kept, rejected, suspended; of the load: staged, carried_over"
AFTER = "read, kept, rejected, suspended; of old zloty: delivered, converted; of a load: staged, carried_over"


def upgrade() -> None:
    _comment(BEFORE, AFTER)


def downgrade() -> None:
    _comment(AFTER, BEFORE)


def _comment(before: str, after: str) -> None:
    op.alter_column(
        "control_total", "bucket", existing_type=sa.Text(), existing_comment=before, comment=after, schema="control"
    )
