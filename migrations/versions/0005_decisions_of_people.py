"""Decisions of people beside those of identity, with reason, time and what they supersede; rows are only appended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLE, SCHEMA = "match_decision", "control"
COMMENTS = {  # column: (type, nullable, before, after)
    "action": (
        sa.Text(),
        False,
        "join: new record of a known or shared party; move: re-pointed",
        "By identity: join (new record of a shared party), move (re-pointed); by a person: merge, never, split, undo",
    ),
    "party_id": (
        sa.BigInteger(),
        False,
        "Party that the record belongs to from now on",
        "Party of the record, from now on or when it was decided",
    ),
}
BEFORE = "Which record was given to which party, in order; appended to, never changed"
AFTER = "Who belongs to which party, as identity found it and as people decided; appended to, never changed"
KNOWN = (
    "action IN ('join', 'move', 'merge', 'never', 'split', 'undo') "
    "AND (action IN ('merge', 'never')) <= (other_key IS NOT NULL) "
    "AND (action = 'undo') = (supersedes IS NOT NULL)"
)
REFUSE = """
CREATE FUNCTION control.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'rows of % are appended, never changed', TG_TABLE_NAME; END $$
"""


def upgrade() -> None:
    columns = (
        sa.Column("other_source_id", sa.SmallInteger(), comment="Source of the other record of a pair"),
        sa.Column("other_key", sa.String(length=64, collation="C"), comment="The other record of a pair"),
        sa.Column("reason", sa.Text(), comment="Why, in the person's words"),
        sa.Column("supersedes", sa.BigInteger(), comment="Decision that an undo takes back"),
        sa.Column("decided_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), comment="When"),
    )
    for column in columns:
        op.add_column(TABLE, column, schema=SCHEMA)
    # rows of before were decided when their batch was loaded
    op.execute(
        "UPDATE control.match_decision d SET decided_at = b.started_at FROM control.batch b "
        "WHERE b.batch_id = d.batch_id"
    )
    op.alter_column(TABLE, "decided_at", nullable=False, schema=SCHEMA)
    op.alter_column(TABLE, "batch_id", nullable=True, schema=SCHEMA)
    for name, (kind, nullable, before, after) in COMMENTS.items():
        op.alter_column(
            TABLE, name, existing_type=kind, existing_nullable=nullable, existing_comment=before, comment=after,
            schema=SCHEMA,
        )  # fmt: skip
    op.create_table_comment(TABLE, AFTER, existing_comment=BEFORE, schema=SCHEMA)
    op.create_index(
        "ix_match_decision_record", TABLE, ["source_id", "subscriber_key"], schema=SCHEMA,
        postgresql_where=sa.text("action <> 'join'"),
    )  # fmt: skip
    op.create_unique_constraint("uq_match_decision_supersedes", TABLE, ["supersedes"], schema=SCHEMA)
    op.create_foreign_key(
        "fk_match_decision_supersedes", TABLE, TABLE, ["supersedes"], ["decision_id"], source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )  # fmt: skip
    op.create_check_constraint("ck_match_decision_known_action", TABLE, KNOWN, schema=SCHEMA)
    op.execute(REFUSE)
    op.execute(
        "CREATE TRIGGER appended_only BEFORE UPDATE OR DELETE ON control.match_decision "
        "FOR EACH ROW EXECUTE FUNCTION control.refuse_change()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER appended_only ON control.match_decision")
    op.execute("DROP FUNCTION control.refuse_change")
    op.execute("DELETE FROM control.match_decision WHERE batch_id IS NULL")
    op.drop_constraint("ck_match_decision_known_action", TABLE, schema=SCHEMA)
    op.drop_constraint("fk_match_decision_supersedes", TABLE, schema=SCHEMA)
    op.drop_constraint("uq_match_decision_supersedes", TABLE, schema=SCHEMA)
    op.drop_index("ix_match_decision_record", TABLE, schema=SCHEMA)
    op.create_table_comment(TABLE, BEFORE, existing_comment=AFTER, schema=SCHEMA)
    for name, (kind, nullable, before, after) in COMMENTS.items():
        op.alter_column(
            TABLE, name, existing_type=kind, existing_nullable=nullable, existing_comment=after, comment=before,
            schema=SCHEMA,
        )  # fmt: skip
    op.alter_column(TABLE, "batch_id", nullable=False, schema=SCHEMA)
    for name in ("other_source_id", "other_key", "reason", "supersedes", "decided_at"):
        op.drop_column(TABLE, name, schema=SCHEMA)
