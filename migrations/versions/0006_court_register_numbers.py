"""Numbers of the court register stand among the identifiers of a party; only the words on the column change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BEFORE, AFTER = "pesel, nip, regon or document", "pesel, nip, regon, krs or document"


def upgrade() -> None:
    _describe(BEFORE, AFTER)


def downgrade() -> None:
    op.execute("DELETE FROM billing.party_identification WHERE kind = 'krs'")
    _describe(AFTER, BEFORE)


def _describe(before: str, after: str) -> None:
    op.alter_column(
        "party_identification", "kind", existing_type=sa.Text(), existing_nullable=False, existing_comment=before,
        comment=after, schema="billing",
    )  # fmt: skip
