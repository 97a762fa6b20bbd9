# ruff: noqa: E501
"""The first schema"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "offering",
        sa.Column(
            "offering_id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Consolidated id of the tariff plan",
        ),
        sa.Column("code", sa.Text(), nullable=False, comment="Folded name; `source:code` where it has no name"),
        sa.Column("name", sa.Text(), nullable=False, comment="Name as first delivered"),
        sa.Column("batch_id", sa.Integer(), nullable=False, comment="Batch that last wrote the row (control.batch)"),
        sa.PrimaryKeyConstraint("offering_id", name=op.f("pk_offering")),
        sa.UniqueConstraint("code", name=op.f("uq_offering_code")),
        schema="billing",
        comment="Tariff plans; plans of the same name in several sources are one",
    )
    op.create_table(
        "party",
        sa.Column(
            "party_id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Consolidated id of the person, firm or institution",
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="person, company or institution"),
        sa.Column("display_name", sa.Text(), nullable=True, comment="Name as a person would write it"),
        sa.Column("first_name", sa.String(length=255), nullable=True, comment="Given name or names"),
        sa.Column("last_name", sa.String(length=255), nullable=True, comment="Family name"),
        sa.Column("company_name", sa.String(length=255), nullable=True, comment="Name of a firm or institution"),
        sa.Column("birth_date", sa.Date(), nullable=True, comment="Date of birth"),
        sa.Column("sex", sa.Text(), nullable=True, comment="Sex as delivered, else from the PESEL"),
        sa.Column(
            "name_folded",
            sa.Text(),
            sa.Computed(
                "lower(translate(coalesce(company_name::text, last_name::text || coalesce(' ' || first_name::text, ''), display_name), 'ĄĆĘŁŃÓŚŹŻąćęłńóśźż', 'ACELNOSZZacelnoszz'))",
                persisted=True,
            ),
            nullable=True,
            comment="Name for look-up: family name first, without diacritics, lower case",
        ),
        sa.Column(
            "members", sa.Integer(), nullable=False, comment="Source records behind this party at the last identity run"
        ),
        sa.Column("row_hash", sa.BigInteger(), nullable=False, comment="Hash of the content; equal means unchanged"),
        sa.Column("batch_id", sa.Integer(), nullable=False, comment="Batch that last wrote the row (control.batch)"),
        sa.PrimaryKeyConstraint("party_id", name=op.f("pk_party")),
        schema="billing",
        comment="A person, firm or institution, as chosen from all of its source records",
    )
    op.create_index(
        "ix_party_name_folded",
        "party",
        ["name_folded"],
        unique=False,
        schema="billing",
        postgresql_ops={"name_folded": "text_pattern_ops"},
    )
    op.create_table(
        "batch",
        sa.Column("batch_id", sa.Integer(), sa.Identity(always=False), nullable=False, comment="Number of the batch"),
        sa.Column("run_id", sa.Text(), nullable=False, comment="Run of the pipeline; it may take several attempts"),
        sa.Column("state", sa.Text(), nullable=False, comment="running, loaded, broken (equations) or failed"),
        sa.Column("code_version", sa.Text(), nullable=True, comment="Version of the code that made it"),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="Start of the load",
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True, comment="End of the load"),
        sa.Column("message", sa.Text(), nullable=True, comment="Why it failed"),
        sa.Column(
            "counts",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="Rows inserted, updated, unchanged, removed per table",
        ),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_batch")),
        schema="control",
        comment="One attempt to load what a run consolidated",
    )
    op.create_index(op.f("ix_batch_run_id"), "batch", ["run_id"], unique=False, schema="control")
    op.create_table(
        "field_provenance",
        sa.Column("party_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The party"),
        sa.Column("field", sa.Text(), nullable=False, comment="Field of the party"),
        sa.Column("source_id", sa.SmallInteger(), autoincrement=False, nullable=False, comment="Source of the value"),
        sa.Column("subscriber_key", sa.String(length=64, collation="C"), nullable=False, comment="Record of the value"),
        sa.Column("rule", sa.Text(), nullable=True, comment="Rule of survivorship that was applied"),
        sa.Column("value", sa.Text(), nullable=True, comment="The value; identifiers are masked"),
        sa.Column(
            "lost",
            sa.Text(),
            nullable=True,
            comment="What it was chosen over, as source:key=value; identifiers are masked",
        ),
        sa.Column("row_hash", sa.BigInteger(), nullable=False, comment="Hash of the content; equal means unchanged"),
        sa.Column("batch_id", sa.Integer(), nullable=False, comment="Batch that last wrote the row (control.batch)"),
        sa.PrimaryKeyConstraint("party_id", "field", "source_id", "subscriber_key", name=op.f("pk_field_provenance")),
        schema="control",
        comment="Which source and rule each surviving value came from, and what it was chosen over",
    )
    op.create_table(
        "match_edge",
        sa.Column(
            "left_source_id", sa.SmallInteger(), autoincrement=False, nullable=False, comment="Source of one record"
        ),
        sa.Column("left_key", sa.String(length=64, collation="C"), nullable=False, comment="Key of one record"),
        sa.Column(
            "right_source_id", sa.SmallInteger(), autoincrement=False, nullable=False, comment="Source of the other"
        ),
        sa.Column("right_key", sa.String(length=64, collation="C"), nullable=False, comment="Key of the other record"),
        sa.Column(
            "match_weight", sa.Numeric(precision=12, scale=6), nullable=True, comment="Bits of evidence for one person"
        ),
        sa.Column(
            "match_probability", sa.Numeric(precision=12, scale=9), nullable=True, comment="Probability of one person"
        ),
        sa.Column("outcome", sa.Text(), nullable=False, comment="What was decided on the pair"),
        sa.Column("reason", sa.Text(), nullable=True, comment="Why it was decided so"),
        sa.Column("rule", sa.Text(), nullable=True, comment="Blocking rule that brought the pair together"),
        sa.Column("levels", sa.Text(), nullable=True, comment="Field -> level of agreement"),
        sa.Column("weights", sa.Text(), nullable=True, comment="Field -> bits of evidence"),
        sa.Column("row_hash", sa.BigInteger(), nullable=False, comment="Hash of the content; equal means unchanged"),
        sa.Column("batch_id", sa.Integer(), nullable=False, comment="Batch that last wrote the row (control.batch)"),
        sa.PrimaryKeyConstraint(
            "left_source_id", "left_key", "right_source_id", "right_key", name=op.f("pk_match_edge")
        ),
        schema="control",
        comment="Pairs of records that were compared, with the weight of the evidence",
    )
    op.create_table(
        "reject",
        sa.Column(
            "reject_id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="Number of the finding"
        ),
        sa.Column("source_id", sa.SmallInteger(), nullable=False, comment="Legacy source (control.source)"),
        sa.Column("file_id", sa.Integer(), nullable=True, comment="Delivered file (control.source_file)"),
        sa.Column("record_no", sa.BigInteger(), nullable=False, comment="Record in the file, from 1"),
        sa.Column("byte_offset", sa.BigInteger(), nullable=False, comment="First byte of the record in the file"),
        sa.Column("byte_length", sa.Integer(), nullable=False, comment="Length of the record in bytes"),
        sa.Column("file_name", sa.Text(), nullable=True, comment="Name of the file"),
        sa.Column("step", sa.Text(), nullable=False, comment="Step that set it aside"),
        sa.Column("entity", sa.Text(), nullable=False, comment="Canonical entity, or the raw table"),
        sa.Column("source_key", sa.Text(), nullable=True, comment="Key in the source"),
        sa.Column("account_key", sa.Text(), nullable=True, comment="Account whose money it is"),
        sa.Column("disposition", sa.Text(), nullable=False, comment="rejected, suspended or flagged"),
        sa.Column("level", sa.Text(), nullable=False, comment="record or attribute"),
        sa.Column("reason", sa.Text(), nullable=False, comment="Reason code"),
        sa.Column("field", sa.Text(), nullable=True, comment="Field at fault"),
        sa.Column("value_masked", sa.Text(), nullable=True, comment="What a person may see of the value"),
        sa.Column("message", sa.Text(), nullable=False, comment="What is wrong"),
        sa.Column(
            "amount",
            sa.Numeric(precision=18, scale=2),
            nullable=True,
            comment="Control amount of the record, where readable",
        ),
        sa.Column("currency", sa.Text(), nullable=True, comment="Currency of the amount"),
        sa.Column("raw", sa.LargeBinary(), nullable=True, comment="The delivered bytes; not granted to readers"),
        sa.Column(
            "state", sa.Text(), server_default="open", nullable=False, comment="open, or resolved by a later delivery"
        ),
        sa.Column("resolved_batch_id", sa.Integer(), nullable=True, comment="Batch that no longer had it"),
        sa.Column(
            "row_hash", sa.BigInteger(), nullable=False, comment="Hash of the finding; the same finding is one row"
        ),
        sa.Column("batch_id", sa.Integer(), nullable=False, comment="Batch that last wrote the row (control.batch)"),
        sa.PrimaryKeyConstraint("reject_id", name=op.f("pk_reject")),
        schema="control",
        comment="Every record or attribute that was set aside, with its reason",
    )
    op.create_index("ix_reject_row_hash", "reject", ["row_hash"], unique=False, schema="control")
    op.create_table(
        "source",
        sa.Column(
            "source_id",
            sa.SmallInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Small number used in the big tables",
        ),
        sa.Column("code", sa.Text(), nullable=False, comment="The source's id in its declaration"),
        sa.Column("title", sa.Text(), nullable=True, comment="Name for people"),
        sa.Column("system", sa.Text(), nullable=True, comment="Kind of legacy system"),
        sa.Column("region", sa.Text(), nullable=True, comment="Region"),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_source")),
        sa.UniqueConstraint("code", name=op.f("uq_source_code")),
        schema="control",
        comment="Declared legacy sources",
    )
    op.create_table(
        "xref",
        sa.Column(
            "entity", sa.Text(), nullable=False, comment="Canonical entity; `contact`: number or e-mail of a subscriber"
        ),
        sa.Column("source_id", sa.SmallInteger(), nullable=False, comment="Legacy source (control.source)"),
        sa.Column("source_key", sa.String(length=160, collation="C"), nullable=False, comment="Key in the source"),
        sa.Column("target_id", sa.BigInteger(), nullable=False, comment="Consolidated id"),
        sa.Column("file_id", sa.Integer(), nullable=False, comment="Delivered file (control.source_file)"),
        sa.Column("record_no", sa.BigInteger(), nullable=False, comment="Record in the file, from 1"),
        sa.Column("byte_offset", sa.BigInteger(), nullable=False, comment="First byte of the record in the file"),
        sa.Column("byte_length", sa.Integer(), nullable=False, comment="Length of the record in bytes"),
        sa.Column("row_hash", sa.BigInteger(), nullable=False, comment="Hash of the content; equal means unchanged"),
        sa.Column("batch_id", sa.Integer(), nullable=False, comment="Batch that last wrote the row (control.batch)"),
        schema="control",
        comment="Crosswalk: every legacy key, the consolidated id it became, and its bytes",
        postgresql_partition_by="LIST (entity)",
    )
    op.create_table(
        "customer",
        sa.Column(
            "customer_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="The party's id: a party is a customer once",
        ),
        sa.Column("segment", sa.Text(), nullable=True, comment="Market segment"),
        sa.Column("status", sa.Text(), nullable=True, comment="State of the customer relation"),
        sa.Column("customer_since", sa.Date(), nullable=True, comment="Start of the relation"),
        sa.Column("row_hash", sa.BigInteger(), nullable=False, comment="Hash of the content; equal means unchanged"),
        sa.Column("batch_id", sa.Integer(), nullable=False, comment="Batch that last wrote the row (control.batch)"),
        sa.ForeignKeyConstraint(["customer_id"], ["billing.party.party_id"], name=op.f("fk_customer_customer_id")),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_customer")),
        schema="billing",
        comment="A party in its role of customer",
    )
    op.create_table(
        "party_identification",
        sa.Column("party_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="Whose identifier it is"),
        sa.Column("kind", sa.Text(), nullable=False, comment="pesel, nip, regon or document"),
        sa.Column(
            "value_hash", sa.LargeBinary(), nullable=False, comment="HMAC-SHA256 of the value, for look-up without it"
        ),
        sa.Column("value_masked", sa.Text(), nullable=False, comment="What a person may see of it"),
        sa.Column("value_clear", sa.Text(), nullable=False, comment="The value itself; granted to no role by default"),
        sa.Column("row_hash", sa.BigInteger(), nullable=False, comment="Hash of the content; equal means unchanged"),
        sa.Column("batch_id", sa.Integer(), nullable=False, comment="Batch that last wrote the row (control.batch)"),
        sa.ForeignKeyConstraint(
            ["party_id"], ["billing.party.party_id"], name=op.f("fk_party_identification_party_id")
        ),
        sa.PrimaryKeyConstraint("party_id", "kind", name=op.f("pk_party_identification")),
        schema="billing",
        comment="Identifiers of a party; the clear value is not granted to readers",
    )
    op.create_index(
        "ix_party_identification_value_hash", "party_identification", ["value_hash"], unique=False, schema="billing"
    )
    op.create_table(
        "plan_map",
        sa.Column("source_id", sa.SmallInteger(), autoincrement=False, nullable=False, comment="Legacy source"),
        sa.Column("plan_code", sa.String(length=32, collation="C"), nullable=False, comment="Plan in the source"),
        sa.Column("offering_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="Plan that it became"),
        sa.Column("batch_id", sa.Integer(), nullable=False, comment="Batch that last wrote the row (control.batch)"),
        sa.ForeignKeyConstraint(
            ["offering_id"], ["billing.offering.offering_id"], name=op.f("fk_plan_map_offering_id")
        ),
        sa.PrimaryKeyConstraint("source_id", "plan_code", name=op.f("pk_plan_map")),
        schema="billing",
        comment="Legacy tariff plan to consolidated plan",
    )
    op.create_table(
        "control_total",
        sa.Column("total_id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="Number of the row"),
        sa.Column("batch_id", sa.Integer(), nullable=False, comment="The batch"),
        sa.Column("source_id", sa.SmallInteger(), nullable=False, comment="Source"),
        sa.Column("step", sa.Text(), nullable=False, comment="Step that measured"),
        sa.Column(
            "bucket",
            sa.Text(),
            nullable=False,
            comment="read, kept, rejected, suspended; of the load: staged, carried_over",
        ),
        sa.Column("entity", sa.Text(), nullable=False, comment="Canonical entity, or the raw table"),
        sa.Column("currency", sa.Text(), nullable=True, comment="Currency; empty where the entity carries no money"),
        sa.Column("records", sa.BigInteger(), nullable=False, comment="Records"),
        sa.Column(
            "amount_grosze",
            sa.Numeric(precision=28, scale=0),
            nullable=True,
            comment="Sum of the control amount in hundredths",
        ),
        sa.Column(
            "positive_grosze", sa.Numeric(precision=28, scale=0), nullable=True, comment="Sum of its positive values"
        ),
        sa.Column(
            "negative_grosze", sa.Numeric(precision=28, scale=0), nullable=True, comment="Sum of its negative values"
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["control.batch.batch_id"], name=op.f("fk_control_total_batch_id")),
        sa.PrimaryKeyConstraint("total_id", name=op.f("pk_control_total")),
        schema="control",
        comment="Control totals of every step",
    )
    op.create_index("ix_control_total_batch_id", "control_total", ["batch_id"], unique=False, schema="control")
    op.create_table(
        "evidence_seal",
        sa.Column(
            "seal_no", sa.BigInteger(), autoincrement=False, nullable=False, comment="Position in the chain, from 1"
        ),
        sa.Column("batch_id", sa.Integer(), nullable=False, comment="Batch"),
        sa.Column("manifest", sa.Text(), nullable=False, comment="What is sealed: canonical JSON"),
        sa.Column("previous", sa.Text(), nullable=False, comment="Seal before this one; zeros for the first"),
        sa.Column("seal", sa.Text(), nullable=False, comment="SHA-256 over the previous seal and the manifest"),
        sa.Column(
            "sealed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False, comment="When"
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["control.batch.batch_id"], name=op.f("fk_evidence_seal_batch_id")),
        sa.PrimaryKeyConstraint("seal_no", name=op.f("pk_evidence_seal")),
        sa.UniqueConstraint("batch_id", name=op.f("uq_evidence_seal_batch_id")),
        schema="control",
        comment="Chained seals: a change of any sealed manifest breaks every later one",
    )
    op.create_table(
        "match_decision",
        sa.Column(
            "decision_id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="Number of the decision"
        ),
        sa.Column("source_id", sa.SmallInteger(), nullable=False, comment="Legacy source (control.source)"),
        sa.Column("subscriber_key", sa.String(length=64, collation="C"), nullable=False, comment="Record decided on"),
        sa.Column(
            "action", sa.Text(), nullable=False, comment="join: new record of a known or shared party; move: re-pointed"
        ),
        sa.Column("party_id", sa.BigInteger(), nullable=False, comment="Party that the record belongs to from now on"),
        sa.Column("former_party_id", sa.BigInteger(), nullable=True, comment="Party that it belonged to"),
        sa.Column("actor", sa.Text(), nullable=False, comment="Who decided"),
        sa.Column("batch_id", sa.Integer(), nullable=False, comment="The batch"),
        sa.ForeignKeyConstraint(["batch_id"], ["control.batch.batch_id"], name=op.f("fk_match_decision_batch_id")),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_match_decision")),
        schema="control",
        comment="Which record was given to which party, in order; appended to, never changed",
    )
    op.create_index("ix_match_decision_party_id", "match_decision", ["party_id"], unique=False, schema="control")
    op.create_table(
        "party_alias",
        sa.Column(
            "alias_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="An id that was issued once"
        ),
        sa.Column("party_id", sa.BigInteger(), nullable=False, comment="What it resolves to now"),
        sa.Column("batch_id", sa.Integer(), nullable=False, comment="Batch that last wrote the row (control.batch)"),
        sa.ForeignKeyConstraint(["party_id"], ["billing.party.party_id"], name=op.f("fk_party_alias_party_id")),
        sa.PrimaryKeyConstraint("alias_id", name=op.f("pk_party_alias")),
        schema="control",
        comment="Ids of parties that became part of another one: they resolve for ever",
    )
    op.create_index(op.f("ix_party_alias_party_id"), "party_alias", ["party_id"], unique=False, schema="control")
    op.create_table(
        "recon_break",
        sa.Column("break_id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="Number of the row"),
        sa.Column("batch_id", sa.Integer(), nullable=False, comment="The batch"),
        sa.Column("equation", sa.Text(), nullable=False, comment="Equation that does not close"),
        sa.Column("source", sa.Text(), nullable=True, comment="Source's id in its declaration"),
        sa.Column("entity", sa.Text(), nullable=True, comment="Canonical entity"),
        sa.Column("currency", sa.Text(), nullable=True, comment="Currency"),
        sa.Column(
            "lhs", sa.Numeric(precision=28, scale=0), nullable=True, comment="Left side (records, or hundredths)"
        ),
        sa.Column("rhs", sa.Numeric(precision=28, scale=0), nullable=True, comment="Right side"),
        sa.Column("difference", sa.Numeric(precision=28, scale=0), nullable=True, comment="Left less right"),
        sa.Column(
            "keys", postgresql.JSONB(astext_type=sa.Text()), nullable=True, comment="The first records that break it"
        ),
        sa.Column("broken", sa.BigInteger(), nullable=True, comment="How many break it"),
        sa.Column("note", sa.Text(), nullable=True, comment="What is known about it"),
        sa.Column(
            "found_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False, comment="When"
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["control.batch.batch_id"], name=op.f("fk_recon_break_batch_id")),
        sa.PrimaryKeyConstraint("break_id", name=op.f("pk_recon_break")),
        schema="control",
        comment="Differences that made a load roll back",
    )
    op.create_index("ix_recon_break_batch_id", "recon_break", ["batch_id"], unique=False, schema="control")
    op.create_table(
        "recon_result",
        sa.Column("result_id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="Number of the row"),
        sa.Column("batch_id", sa.Integer(), nullable=False, comment="The batch"),
        sa.Column("equation", sa.Text(), nullable=False, comment="Equation"),
        sa.Column("source_id", sa.SmallInteger(), nullable=False, comment="Source"),
        sa.Column("entity", sa.Text(), nullable=True, comment="Canonical entity"),
        sa.Column("currency", sa.Text(), nullable=True, comment="Currency"),
        sa.Column(
            "lhs", sa.Numeric(precision=28, scale=0), nullable=True, comment="Left side (records, or hundredths)"
        ),
        sa.Column("rhs", sa.Numeric(precision=28, scale=0), nullable=True, comment="Right side"),
        sa.Column("difference", sa.Numeric(precision=28, scale=0), nullable=True, comment="Left less right"),
        sa.Column("checked", sa.BigInteger(), nullable=False, comment="Records, accounts or documents checked"),
        sa.Column("status", sa.Text(), nullable=False, comment="closed, or not_applicable"),
        sa.Column("note", sa.Text(), nullable=True, comment="What explains a difference that is allowed"),
        sa.ForeignKeyConstraint(["batch_id"], ["control.batch.batch_id"], name=op.f("fk_recon_result_batch_id")),
        sa.PrimaryKeyConstraint("result_id", name=op.f("pk_recon_result")),
        schema="control",
        comment="Outcome of every equation of a loaded batch",
    )
    op.create_index("ix_recon_result_batch_id", "recon_result", ["batch_id"], unique=False, schema="control")
    op.create_table(
        "source_file",
        sa.Column(
            "file_id", sa.Integer(), sa.Identity(always=False), nullable=False, comment="Number used in the big tables"
        ),
        sa.Column("source_id", sa.SmallInteger(), nullable=False, comment="Source"),
        sa.Column("sha256", sa.Text(), nullable=False, comment="SHA-256 of the delivered bytes"),
        sa.Column("name", sa.Text(), nullable=False, comment="Name as delivered"),
        sa.Column("file", sa.Text(), nullable=False, comment="Name of the file in the source's declaration"),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False, comment="Size"),
        sa.Column("records", sa.BigInteger(), nullable=True, comment="Records read"),
        sa.Column("declared_records", sa.BigInteger(), nullable=True, comment="Records that header or trailer state"),
        sa.Column(
            "declared_sum", sa.Numeric(precision=28, scale=2), nullable=True, comment="Sum that header or trailer state"
        ),
        sa.Column(
            "computed_sum", sa.Numeric(precision=28, scale=2), nullable=True, comment="The same sum over the records"
        ),
        sa.Column("sequence", sa.Text(), nullable=True, comment="Sequence number that the file states"),
        sa.Column("batch_id", sa.Integer(), nullable=False, comment="The batch"),
        sa.ForeignKeyConstraint(["batch_id"], ["control.batch.batch_id"], name=op.f("fk_source_file_batch_id")),
        sa.ForeignKeyConstraint(["source_id"], ["control.source.source_id"], name=op.f("fk_source_file_source_id")),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_source_file")),
        sa.UniqueConstraint("source_id", "sha256", name=op.f("uq_source_file_source_id")),
        schema="control",
        comment="Every delivered file that a loaded row came from, and its control totals; batch_id: first seen",
    )
    op.create_table(
        "billing_account",
        sa.Column(
            "account_id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Consolidated id of the account",
        ),
        sa.Column("source_id", sa.SmallInteger(), nullable=False, comment="Legacy source (control.source)"),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="Owner"),
        sa.Column(
            "payer_customer_id", sa.BigInteger(), autoincrement=False, nullable=True, comment="Payer, where another"
        ),
        sa.Column(
            "subscriber_key",
            sa.String(length=64, collation="C"),
            nullable=False,
            comment="The owner's key in the source",
        ),
        sa.Column(
            "payer_subscriber_key",
            sa.String(length=64, collation="C"),
            nullable=True,
            comment="The payer's key in the source",
        ),
        sa.Column("account_no", sa.String(length=64), nullable=False, comment="Number printed on bills"),
        sa.Column("currency", sa.Text(), nullable=False, comment="Currency of the amounts (ISO 4217)"),
        sa.Column("opened_on", sa.Date(), nullable=True, comment="Opening date of the account"),
        sa.Column("closed_on", sa.Date(), nullable=True, comment="Closing date of the account"),
        sa.Column("bill_cycle", sa.String(length=16), nullable=True, comment="Bill cycle of the source"),
        sa.Column("delivery_form", sa.Text(), nullable=True, comment="How bills are delivered"),
        sa.Column("nrb", sa.String(length=34), nullable=True, comment="Virtual bank account for payments"),
        sa.Column("credit_limit", sa.Numeric(precision=18, scale=2), nullable=True, comment="Credit limit"),
        sa.Column("status", sa.Text(), nullable=True, comment="State of the account"),
        sa.Column("batch_id", sa.Integer(), nullable=False, comment="Batch that last wrote the row (control.batch)"),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["billing.customer.customer_id"], name=op.f("fk_billing_account_customer_id")
        ),
        sa.ForeignKeyConstraint(
            ["payer_customer_id"], ["billing.customer.customer_id"], name=op.f("fk_billing_account_payer_customer_id")
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_billing_account")),
        schema="billing",
        comment="A billing account: the money entity, carried one to one",
    )
    op.create_index("ix_billing_account_account_no", "billing_account", ["account_no"], unique=False, schema="billing")
    op.create_index(
        "ix_billing_account_customer_id", "billing_account", ["customer_id"], unique=False, schema="billing"
    )
    op.create_table(
        "account_balance",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="Whose balance it is"),
        sa.Column("source_id", sa.SmallInteger(), nullable=False, comment="Legacy source (control.source)"),
        sa.Column("currency", sa.Text(), nullable=False, comment="Currency of the amounts (ISO 4217)"),
        sa.Column("balance_on", sa.Date(), nullable=True, comment="Cut-off date of the closing balance"),
        sa.Column(
            "opening_balance",
            sa.Numeric(precision=18, scale=2),
            nullable=True,
            comment="Balance at the start of the delivered movements; positive = owed to the operator",
        ),
        sa.Column(
            "closing_balance",
            sa.Numeric(precision=18, scale=2),
            nullable=False,
            comment="Balance at the cut-off; positive = owed to the operator",
        ),
        sa.Column("batch_id", sa.Integer(), nullable=False, comment="Batch that last wrote the row (control.batch)"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["billing.billing_account.account_id"], name=op.f("fk_account_balance_account_id")
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account_balance")),
        schema="billing",
        comment="Balance of an account at the cut-off, as the source states it; movements prove it",
    )
    op.create_table(
        "adjustment",
        sa.Column(
            "adjustment_id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Consolidated id of the booking",
        ),
        sa.Column("source_id", sa.SmallInteger(), nullable=False, comment="Legacy source (control.source)"),
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="Account booked"),
        sa.Column("kind", sa.Text(), nullable=False, comment="Why it was booked"),
        sa.Column("booked_on", sa.Date(), nullable=False, comment="Booking date"),
        sa.Column("currency", sa.Text(), nullable=False, comment="Currency of the amounts (ISO 4217)"),
        sa.Column("amount", sa.Numeric(precision=18, scale=2), nullable=False, comment="Signed amount"),
        sa.Column("reason", sa.String(length=255), nullable=True, comment="Text of the source"),
        sa.Column(
            "original_currency", sa.Text(), nullable=True, comment="Currency as delivered, where it was converted"
        ),
        sa.Column(
            "original_amount",
            sa.Numeric(precision=18, scale=2),
            nullable=True,
            comment="amount as delivered, where it was converted",
        ),
        sa.Column("batch_id", sa.Integer(), nullable=False, comment="Batch that last wrote the row (control.batch)"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["billing.billing_account.account_id"], name=op.f("fk_adjustment_account_id")
        ),
        sa.PrimaryKeyConstraint("adjustment_id", name=op.f("pk_adjustment")),
        schema="billing",
        comment="A booking that is neither invoice nor payment; positive = raises the balance",
    )
    op.create_index("ix_adjustment_account_id", "adjustment", ["account_id"], unique=False, schema="billing")
    op.create_table(
        "invoice",
        sa.Column(
            "invoice_id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Consolidated id of the document",
        ),
        sa.Column("source_id", sa.SmallInteger(), nullable=False, comment="Legacy source (control.source)"),
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="Account billed"),
        sa.Column("invoice_no", sa.String(length=64), nullable=False, comment="Number as printed"),
        sa.Column("kind", sa.Text(), nullable=False, comment="Kind of document"),
        sa.Column(
            "corrects_invoice_no", sa.String(length=64), nullable=True, comment="Invoice that a correction refers to"
        ),
        sa.Column("issued_on", sa.Date(), nullable=False, comment="Issue date"),
        sa.Column("sold_on", sa.Date(), nullable=True, comment="Date of sale"),
        sa.Column("due_on", sa.Date(), nullable=True, comment="Due date"),
        sa.Column("period_from", sa.Date(), nullable=True, comment="First day billed"),
        sa.Column("period_to", sa.Date(), nullable=True, comment="Last day billed"),
        sa.Column("currency", sa.Text(), nullable=False, comment="Currency of the amounts (ISO 4217)"),
        sa.Column("net", sa.Numeric(precision=18, scale=2), nullable=False, comment="Net total"),
        sa.Column("vat", sa.Numeric(precision=18, scale=2), nullable=False, comment="VAT total"),
        sa.Column("gross", sa.Numeric(precision=18, scale=2), nullable=False, comment="Gross total"),
        sa.Column(
            "arrears", sa.Numeric(precision=18, scale=2), nullable=True, comment="Arrears as printed on the document"
        ),
        sa.Column("vat_method", sa.Text(), nullable=True, comment="VAT rounded per line or on the total of a rate"),
        sa.Column(
            "original_currency", sa.Text(), nullable=True, comment="Currency as delivered, where it was converted"
        ),
        sa.Column(
            "original_net",
            sa.Numeric(precision=18, scale=2),
            nullable=True,
            comment="net as delivered, where it was converted",
        ),
        sa.Column(
            "original_vat",
            sa.Numeric(precision=18, scale=2),
            nullable=True,
            comment="vat as delivered, where it was converted",
        ),
        sa.Column(
            "original_gross",
            sa.Numeric(precision=18, scale=2),
            nullable=True,
            comment="gross as delivered, where it was converted",
        ),
        sa.Column("batch_id", sa.Integer(), nullable=False, comment="Batch that last wrote the row (control.batch)"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["billing.billing_account.account_id"], name=op.f("fk_invoice_account_id")
        ),
        sa.PrimaryKeyConstraint("invoice_id", name=op.f("pk_invoice")),
        schema="billing",
        comment="An invoice, correction or note; amounts are signed by their effect on the balance; never re-numbered, re-rated or re-rounded",
    )
    op.create_index("ix_invoice_account_id", "invoice", ["account_id"], unique=False, schema="billing")
    op.create_index("ix_invoice_invoice_no", "invoice", ["invoice_no"], unique=False, schema="billing")
    op.create_table(
        "line",
        sa.Column(
            "line_id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="Consolidated id of the line"
        ),
        sa.Column("source_id", sa.SmallInteger(), nullable=False, comment="Legacy source (control.source)"),
        sa.Column(
            "account_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="Account it is billed to"
        ),
        sa.Column("number", sa.String(length=255), nullable=True, comment="Directory number (E.164)"),
        sa.Column("number_raw", sa.Text(), nullable=True, comment="Directory number, as delivered"),
        sa.Column("number_status", sa.Text(), nullable=True, comment="Verdict on number"),
        sa.Column("kind", sa.Text(), nullable=True, comment="Technical kind"),
        sa.Column("exchange", sa.String(length=64), nullable=True, comment="Exchange"),
        sa.Column("activated_on", sa.Date(), nullable=True, comment="Activation"),
        sa.Column("disconnected_on", sa.Date(), nullable=True, comment="Disconnection"),
        sa.Column("status", sa.Text(), nullable=True, comment="State of the line"),
        sa.Column("number_zone", sa.String(length=2), nullable=True, comment="Numbering zone of the number"),
        sa.Column("number_extension", sa.String(length=255), nullable=True, comment="Extension behind the number"),
        sa.Column("batch_id", sa.Integer(), nullable=False, comment="Batch that last wrote the row (control.batch)"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["billing.billing_account.account_id"], name=op.f("fk_line_account_id")
        ),
        sa.PrimaryKeyConstraint("line_id", name=op.f("pk_line")),
        schema="billing",
        comment="A telephone line",
    )
    op.create_index("ix_line_account_id", "line", ["account_id"], unique=False, schema="billing")
    op.create_index("ix_line_number", "line", ["number"], unique=False, schema="billing")
    op.create_table(
        "payment",
        sa.Column(
            "payment_id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Consolidated id of the payment",
        ),
        sa.Column("source_id", sa.SmallInteger(), nullable=False, comment="Legacy source (control.source)"),
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="Account credited"),
        sa.Column("paid_on", sa.Date(), nullable=False, comment="Date of payment"),
        sa.Column("booked_on", sa.Date(), nullable=True, comment="Value date"),
        sa.Column("currency", sa.Text(), nullable=False, comment="Currency of the amounts (ISO 4217)"),
        sa.Column("amount", sa.Numeric(precision=18, scale=2), nullable=False, comment="Amount received"),
        sa.Column(
            "unallocated",
            sa.Numeric(precision=18, scale=2),
            nullable=True,
            comment="Part not allocated to invoices, where the source says it",
        ),
        sa.Column("channel", sa.Text(), nullable=True, comment="How it was paid"),
        sa.Column("title", sa.String(length=255), nullable=True, comment="Title of the transfer"),
        sa.Column("payer_bank_account", sa.String(length=34), nullable=True, comment="Account it came from"),
        sa.Column(
            "original_currency", sa.Text(), nullable=True, comment="Currency as delivered, where it was converted"
        ),
        sa.Column(
            "original_amount",
            sa.Numeric(precision=18, scale=2),
            nullable=True,
            comment="amount as delivered, where it was converted",
        ),
        sa.Column(
            "original_unallocated",
            sa.Numeric(precision=18, scale=2),
            nullable=True,
            comment="unallocated as delivered, where it was converted",
        ),
        sa.Column("batch_id", sa.Integer(), nullable=False, comment="Batch that last wrote the row (control.batch)"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["billing.billing_account.account_id"], name=op.f("fk_payment_account_id")
        ),
        sa.PrimaryKeyConstraint("payment_id", name=op.f("pk_payment")),
        schema="billing",
        comment="Money received; positive = lowers the balance",
    )
    op.create_index("ix_payment_account_id", "payment", ["account_id"], unique=False, schema="billing")
    op.create_table(
        "contact_medium",
        sa.Column(
            "contact_medium_id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Consolidated id of the address, number or e-mail address",
        ),
        sa.Column("source_id", sa.SmallInteger(), nullable=False, comment="Legacy source (control.source)"),
        sa.Column("party_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="Who is reached by it"),
        sa.Column(
            "subscriber_key", sa.String(length=64, collation="C"), nullable=False, comment="Whose it is in the source"
        ),
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=True, comment="Account it belongs to"),
        sa.Column("line_id", sa.BigInteger(), autoincrement=False, nullable=True, comment="Line installed there"),
        sa.Column("medium", sa.Text(), nullable=False, comment="address, phone or email"),
        sa.Column("role", sa.Text(), nullable=False, comment="What it is for; roles are never mixed"),
        sa.Column("phone", sa.String(length=255), nullable=True, comment="Contact number (E.164)"),
        sa.Column("phone_extension", sa.String(length=255), nullable=True, comment="Extension behind the number"),
        sa.Column("email", sa.String(length=255), nullable=True, comment="E-mail address"),
        sa.Column(
            "street", sa.String(length=255), nullable=True, comment="Street with or without its type, as delivered"
        ),
        sa.Column("house", sa.String(length=255), nullable=True, comment="House, staircase and flat as delivered"),
        sa.Column("flat_no", sa.String(length=32), nullable=True, comment="Flat, where delivered apart"),
        sa.Column("postal_code", sa.String(length=255), nullable=True, comment="Postal code"),
        sa.Column("postal_code_raw", sa.Text(), nullable=True, comment="Postal code, as delivered"),
        sa.Column("postal_code_status", sa.Text(), nullable=True, comment="Verdict on postal_code"),
        sa.Column("city", sa.String(length=255), nullable=True, comment="Locality"),
        sa.Column("post_town", sa.String(length=255), nullable=True, comment="Town of the post office, where another"),
        sa.Column("voivodeship", sa.String(length=255), nullable=True, comment="Voivodeship as delivered"),
        sa.Column("country", sa.String(length=64), nullable=True, comment="Country (ISO 3166-1 alpha-2)"),
        sa.Column(
            "address_text",
            sa.String(length=255),
            nullable=True,
            comment="Address as one text, where the source has it so",
        ),
        sa.Column("updated_on", sa.Date(), nullable=True, comment="Last change in the source"),
        sa.Column("street_type", sa.String(length=255), nullable=True, comment="ul., al., pl., os. ..."),
        sa.Column(
            "street_name",
            sa.String(length=255),
            nullable=True,
            comment="Main word or words of the street, as TERYT's NAZWA_1",
        ),
        sa.Column(
            "street_rest",
            sa.String(length=255),
            nullable=True,
            comment="The rest of the street's name, as TERYT's NAZWA_2",
        ),
        sa.Column("building", sa.String(length=255), nullable=True, comment="Building number"),
        sa.Column("flat", sa.String(length=255), nullable=True, comment="Flat number"),
        sa.Column("locality", sa.String(length=255), nullable=True, comment="Locality in its usual spelling"),
        sa.Column("address_status", sa.Text(), nullable=True, comment="Verdict on the parse"),
        sa.Column("street_key", sa.String(length=255), nullable=True, comment="Street, folded for matching"),
        sa.Column("locality_key", sa.String(length=255), nullable=True, comment="Locality, folded for matching"),
        sa.Column("batch_id", sa.Integer(), nullable=False, comment="Batch that last wrote the row (control.batch)"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["billing.billing_account.account_id"], name=op.f("fk_contact_medium_account_id")
        ),
        sa.ForeignKeyConstraint(["line_id"], ["billing.line.line_id"], name=op.f("fk_contact_medium_line_id")),
        sa.ForeignKeyConstraint(["party_id"], ["billing.party.party_id"], name=op.f("fk_contact_medium_party_id")),
        sa.PrimaryKeyConstraint("contact_medium_id", name=op.f("pk_contact_medium")),
        schema="billing",
        comment="How and where somebody is reached: addresses by role, telephone numbers, e-mail addresses",
    )
    op.create_index("ix_contact_medium_party_id", "contact_medium", ["party_id"], unique=False, schema="billing")
    op.create_index("ix_contact_medium_phone", "contact_medium", ["phone"], unique=False, schema="billing")
    op.create_table(
        "invoice_item",
        sa.Column("invoice_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="Its invoice"),
        sa.Column("item_no", sa.BigInteger(), autoincrement=False, nullable=False, comment="Position, from 1"),
        sa.Column("source_id", sa.SmallInteger(), nullable=False, comment="Legacy source (control.source)"),
        sa.Column("line_id", sa.BigInteger(), autoincrement=False, nullable=True, comment="Line billed"),
        sa.Column("description", sa.String(length=255), nullable=True, comment="What is billed"),
        sa.Column("quantity", sa.Numeric(precision=18, scale=6), nullable=True, comment="Quantity"),
        sa.Column("unit_price", sa.Numeric(precision=18, scale=6), nullable=True, comment="Net unit price"),
        sa.Column("vat_rate", sa.Text(), nullable=False, comment="VAT rate (percent)"),
        sa.Column("currency", sa.Text(), nullable=False, comment="Currency of the amounts (ISO 4217)"),
        sa.Column("net", sa.Numeric(precision=18, scale=2), nullable=False, comment="Net amount"),
        sa.Column(
            "vat", sa.Numeric(precision=18, scale=2), nullable=True, comment="VAT of the line, where the source has it"
        ),
        sa.Column(
            "original_currency", sa.Text(), nullable=True, comment="Currency as delivered, where it was converted"
        ),
        sa.Column(
            "original_net",
            sa.Numeric(precision=18, scale=2),
            nullable=True,
            comment="net as delivered, where it was converted",
        ),
        sa.Column(
            "original_vat",
            sa.Numeric(precision=18, scale=2),
            nullable=True,
            comment="vat as delivered, where it was converted",
        ),
        sa.Column("file_id", sa.Integer(), nullable=False, comment="Delivered file (control.source_file)"),
        sa.Column("record_no", sa.BigInteger(), nullable=False, comment="Record in the file, from 1"),
        sa.Column("byte_offset", sa.BigInteger(), nullable=False, comment="First byte of the record in the file"),
        sa.Column("byte_length", sa.Integer(), nullable=False, comment="Length of the record in bytes"),
        sa.Column("row_hash", sa.BigInteger(), nullable=False, comment="Hash of the content; equal means unchanged"),
        sa.Column("batch_id", sa.Integer(), nullable=False, comment="Batch that last wrote the row (control.batch)"),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["billing.invoice.invoice_id"], name=op.f("fk_invoice_item_invoice_id")
        ),
        sa.ForeignKeyConstraint(["line_id"], ["billing.line.line_id"], name=op.f("fk_invoice_item_line_id")),
        sa.PrimaryKeyConstraint("invoice_id", "item_no", name=op.f("pk_invoice_item")),
        schema="billing",
        comment="A line of an invoice",
    )
    op.create_table(
        "payment_allocation",
        sa.Column("payment_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The payment"),
        sa.Column("invoice_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The invoice it settles"),
        sa.Column("source_id", sa.SmallInteger(), nullable=False, comment="Legacy source (control.source)"),
        sa.Column("currency", sa.Text(), nullable=False, comment="Currency of the amounts (ISO 4217)"),
        sa.Column("amount", sa.Numeric(precision=18, scale=2), nullable=False, comment="Amount allocated"),
        sa.Column(
            "original_currency", sa.Text(), nullable=True, comment="Currency as delivered, where it was converted"
        ),
        sa.Column(
            "original_amount",
            sa.Numeric(precision=18, scale=2),
            nullable=True,
            comment="amount as delivered, where it was converted",
        ),
        sa.Column("file_id", sa.Integer(), nullable=False, comment="Delivered file (control.source_file)"),
        sa.Column("record_no", sa.BigInteger(), nullable=False, comment="Record in the file, from 1"),
        sa.Column("byte_offset", sa.BigInteger(), nullable=False, comment="First byte of the record in the file"),
        sa.Column("byte_length", sa.Integer(), nullable=False, comment="Length of the record in bytes"),
        sa.Column("row_hash", sa.BigInteger(), nullable=False, comment="Hash of the content; equal means unchanged"),
        sa.Column("batch_id", sa.Integer(), nullable=False, comment="Batch that last wrote the row (control.batch)"),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["billing.invoice.invoice_id"], name=op.f("fk_payment_allocation_invoice_id")
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["billing.payment.payment_id"], name=op.f("fk_payment_allocation_payment_id")
        ),
        sa.PrimaryKeyConstraint("payment_id", "invoice_id", name=op.f("pk_payment_allocation")),
        schema="billing",
        comment="The part of a payment that settles one invoice",
    )
    op.create_index(
        "ix_payment_allocation_invoice_id", "payment_allocation", ["invoice_id"], unique=False, schema="billing"
    )
    op.create_table(
        "subscription",
        sa.Column(
            "subscription_id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Consolidated id of the subscription",
        ),
        sa.Column("source_id", sa.SmallInteger(), nullable=False, comment="Legacy source (control.source)"),
        sa.Column(
            "account_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="Account it is billed to"
        ),
        sa.Column("line_id", sa.BigInteger(), autoincrement=False, nullable=True, comment="Line it belongs to"),
        sa.Column("offering_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="Tariff plan"),
        sa.Column("plan_code", sa.String(length=32, collation="C"), nullable=False, comment="Legacy tariff plan"),
        sa.Column("monthly_fee", sa.Numeric(precision=18, scale=2), nullable=True, comment="Net monthly fee"),
        sa.Column("valid_from", sa.Date(), nullable=True, comment="Start"),
        sa.Column("valid_to", sa.Date(), nullable=True, comment="End"),
        sa.Column("batch_id", sa.Integer(), nullable=False, comment="Batch that last wrote the row (control.batch)"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["billing.billing_account.account_id"], name=op.f("fk_subscription_account_id")
        ),
        sa.ForeignKeyConstraint(["line_id"], ["billing.line.line_id"], name=op.f("fk_subscription_line_id")),
        sa.ForeignKeyConstraint(
            ["offering_id"], ["billing.offering.offering_id"], name=op.f("fk_subscription_offering_id")
        ),
        sa.PrimaryKeyConstraint("subscription_id", name=op.f("pk_subscription")),
        schema="billing",
        comment="What is subscribed on a line or account",
    )
    op.create_index("ix_subscription_account_id", "subscription", ["account_id"], unique=False, schema="billing")
    op.create_table(
        "tax_item",
        sa.Column("invoice_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="Its invoice"),
        sa.Column("vat_rate", sa.Text(), nullable=False, comment="VAT rate (percent)"),
        sa.Column("source_id", sa.SmallInteger(), nullable=False, comment="Legacy source (control.source)"),
        sa.Column("currency", sa.Text(), nullable=False, comment="Currency of the amounts (ISO 4217)"),
        sa.Column("net", sa.Numeric(precision=18, scale=2), nullable=False, comment="Taxable amount at the rate"),
        sa.Column("vat", sa.Numeric(precision=18, scale=2), nullable=False, comment="VAT at the rate"),
        sa.Column(
            "original_currency", sa.Text(), nullable=True, comment="Currency as delivered, where it was converted"
        ),
        sa.Column(
            "original_net",
            sa.Numeric(precision=18, scale=2),
            nullable=True,
            comment="net as delivered, where it was converted",
        ),
        sa.Column(
            "original_vat",
            sa.Numeric(precision=18, scale=2),
            nullable=True,
            comment="vat as delivered, where it was converted",
        ),
        sa.Column("file_id", sa.Integer(), nullable=False, comment="Delivered file (control.source_file)"),
        sa.Column("record_no", sa.BigInteger(), nullable=False, comment="Record in the file, from 1"),
        sa.Column("byte_offset", sa.BigInteger(), nullable=False, comment="First byte of the record in the file"),
        sa.Column("byte_length", sa.Integer(), nullable=False, comment="Length of the record in bytes"),
        sa.Column("row_hash", sa.BigInteger(), nullable=False, comment="Hash of the content; equal means unchanged"),
        sa.Column("batch_id", sa.Integer(), nullable=False, comment="Batch that last wrote the row (control.batch)"),
        sa.ForeignKeyConstraint(["invoice_id"], ["billing.invoice.invoice_id"], name=op.f("fk_tax_item_invoice_id")),
        sa.PrimaryKeyConstraint("invoice_id", "vat_rate", name=op.f("pk_tax_item")),
        schema="billing",
        comment="The VAT of an invoice at one rate",
    )


def downgrade() -> None:
    op.drop_table("tax_item", schema="billing")
    op.drop_index("ix_subscription_account_id", table_name="subscription", schema="billing")
    op.drop_table("subscription", schema="billing")
    op.drop_index("ix_payment_allocation_invoice_id", table_name="payment_allocation", schema="billing")
    op.drop_table("payment_allocation", schema="billing")
    op.drop_table("invoice_item", schema="billing")
    op.drop_index("ix_contact_medium_phone", table_name="contact_medium", schema="billing")
    op.drop_index("ix_contact_medium_party_id", table_name="contact_medium", schema="billing")
    op.drop_table("contact_medium", schema="billing")
    op.drop_index("ix_payment_account_id", table_name="payment", schema="billing")
    op.drop_table("payment", schema="billing")
    op.drop_index("ix_line_number", table_name="line", schema="billing")
    op.drop_index("ix_line_account_id", table_name="line", schema="billing")
    op.drop_table("line", schema="billing")
    op.drop_index("ix_invoice_invoice_no", table_name="invoice", schema="billing")
    op.drop_index("ix_invoice_account_id", table_name="invoice", schema="billing")
    op.drop_table("invoice", schema="billing")
    op.drop_index("ix_adjustment_account_id", table_name="adjustment", schema="billing")
    op.drop_table("adjustment", schema="billing")
    op.drop_table("account_balance", schema="billing")
    op.drop_index("ix_billing_account_customer_id", table_name="billing_account", schema="billing")
    op.drop_index("ix_billing_account_account_no", table_name="billing_account", schema="billing")
    op.drop_table("billing_account", schema="billing")
    op.drop_table("source_file", schema="control")
    op.drop_index("ix_recon_result_batch_id", table_name="recon_result", schema="control")
    op.drop_table("recon_result", schema="control")
    op.drop_index("ix_recon_break_batch_id", table_name="recon_break", schema="control")
    op.drop_table("recon_break", schema="control")
    op.drop_index(op.f("ix_party_alias_party_id"), table_name="party_alias", schema="control")
    op.drop_table("party_alias", schema="control")
    op.drop_index("ix_match_decision_party_id", table_name="match_decision", schema="control")
    op.drop_table("match_decision", schema="control")
    op.drop_table("evidence_seal", schema="control")
    op.drop_index("ix_control_total_batch_id", table_name="control_total", schema="control")
    op.drop_table("control_total", schema="control")
    op.drop_table("plan_map", schema="billing")
    op.drop_index("ix_party_identification_value_hash", table_name="party_identification", schema="billing")
    op.drop_table("party_identification", schema="billing")
    op.drop_table("customer", schema="billing")
    op.drop_table("xref", schema="control")
    op.drop_table("source", schema="control")
    op.drop_index("ix_reject_row_hash", table_name="reject", schema="control")
    op.drop_table("reject", schema="control")
    op.drop_table("match_edge", schema="control")
    op.drop_table("field_provenance", schema="control")
    op.drop_index(op.f("ix_batch_run_id"), table_name="batch", schema="control")
    op.drop_table("batch", schema="control")
    op.drop_index(
        "ix_party_name_folded", table_name="party", schema="billing", postgresql_ops={"name_folded": "text_pattern_ops"}
    )
    op.drop_table("party", schema="billing")
    op.drop_table("offering", schema="billing")
