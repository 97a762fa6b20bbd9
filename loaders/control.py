"""The schema `control`, as SQLAlchemy tables: what proves the consolidated data.

`xref` is the heart: one row for every legacy key, with the consolidated id it became and the bytes it came from.
It is partitioned by entity so that every entity has its own indices and a load of one does not touch the others.
Numbers of files, batches and sources in the big tables carry no foreign key: only the merge writes them, and a
check of millions of rows against a handful would buy nothing.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from loaders.columns import batch, legacy_key, source, stamp
from loaders.tables import metadata

XREF_ENTITIES = (
    "subscriber", "account", "line", "subscription", "address", "contact", "invoice", "payment", "adjustment",
)  # fmt: skip
"""Partitions of `control.xref`; `contact` is the telephone number or e-mail address of a subscriber record."""

_NOW = func.now()


def _time(name: str, comment: str, *, now: bool = False) -> Column[Any]:
    return Column(
        name, DateTime(timezone=True), nullable=not now, server_default=_NOW if now else None, comment=comment
    )


def _grosze(name: str, comment: str) -> Column[Any]:
    # a sum of many numeric(18,2) does not have to fit a bigint
    return Column(name, Numeric(28, 0), comment=comment)


def _of_batch(*, nullable: bool = False) -> Column[Any]:
    return Column("batch_id", Integer(), ForeignKey("control.batch.batch_id"), nullable=nullable, comment="The batch")


source_table = Table(
    "source",
    metadata,
    Column("source_id", SmallInteger(), Identity(), primary_key=True, comment="Small number used in the big tables"),
    Column("code", Text(), nullable=False, unique=True, comment="The source's id in its declaration"),
    Column("title", Text(), comment="Name for people"),
    Column("system", Text(), comment="Kind of legacy system"),
    Column("region", Text(), comment="Region"),
    schema="control",
    comment="Declared legacy sources",
)

batch_table = Table(
    "batch",
    metadata,
    Column("batch_id", Integer(), Identity(), primary_key=True, comment="Number of the batch"),
    Column("run_id", Text(), nullable=False, index=True, comment="Run of the pipeline; it may take several attempts"),
    Column("state", Text(), nullable=False, comment="running, loaded, broken (equations) or failed"),
    Column("code_version", Text(), comment="Version of the code that made it"),
    _time("started_at", "Start of the load", now=True),
    _time("finished_at", "End of the load"),
    Column("message", Text(), comment="Why it failed"),
    Column("counts", JSONB(), comment="Rows inserted, updated, unchanged, removed per table"),
    schema="control",
    comment="One attempt to load what a run consolidated",
)

source_file = Table(
    "source_file",
    metadata,
    Column("file_id", Integer(), Identity(), primary_key=True, comment="Number used in the big tables"),
    Column("source_id", SmallInteger(), ForeignKey("control.source.source_id"), nullable=False, comment="Source"),
    Column("sha256", Text(), nullable=False, comment="SHA-256 of the delivered bytes"),
    Column("name", Text(), nullable=False, comment="Name as delivered"),
    Column("file", Text(), nullable=False, comment="Name of the file in the source's declaration"),
    Column("size_bytes", BigInteger(), nullable=False, comment="Size"),
    Column("records", BigInteger(), comment="Records read"),
    Column("declared_records", BigInteger(), comment="Records that header or trailer state"),
    Column("declared_sum", Numeric(28, 2), comment="Sum that header or trailer state"),
    Column("computed_sum", Numeric(28, 2), comment="The same sum over the records"),
    Column("sequence", Text(), comment="Sequence number that the file states"),
    _of_batch(),
    UniqueConstraint("source_id", "sha256"),
    schema="control",
    comment="Every delivered file that a loaded row came from, and its control totals; batch_id: first seen",
)

xref = Table(
    "xref",
    metadata,
    Column("entity", Text(), nullable=False, comment="Canonical entity; `contact`: number or e-mail of a subscriber"),
    source(),
    legacy_key("source_key", "Key in the source", length=160),
    Column("target_id", BigInteger(), nullable=False, comment="Consolidated id"),
    Column("file_id", Integer(), nullable=False, comment="Delivered file (control.source_file)"),
    Column("record_no", BigInteger(), nullable=False, comment="Record in the file, from 1"),
    Column("byte_offset", BigInteger(), nullable=False, comment="First byte of the record in the file"),
    Column("byte_length", Integer(), nullable=False, comment="Length of the record in bytes"),
    *stamp(),
    schema="control",
    comment="Crosswalk: every legacy key, the consolidated id it became, and its bytes",
    postgresql_partition_by="LIST (entity)",
)

reject = Table(
    "reject",
    metadata,
    Column("reject_id", BigInteger(), Identity(), primary_key=True, comment="Number of the finding"),
    source(),
    Column("file_id", Integer(), comment="Delivered file (control.source_file)"),
    Column("record_no", BigInteger(), nullable=False, comment="Record in the file, from 1"),
    Column("byte_offset", BigInteger(), nullable=False, comment="First byte of the record in the file"),
    Column("byte_length", Integer(), nullable=False, comment="Length of the record in bytes"),
    Column("file_name", Text(), comment="Name of the file"),
    Column("step", Text(), nullable=False, comment="Step that set it aside"),
    Column("entity", Text(), nullable=False, comment="Canonical entity, or the raw table"),
    Column("source_key", Text(), comment="Key in the source"),
    Column("account_key", Text(), comment="Account whose money it is"),
    Column("disposition", Text(), nullable=False, comment="rejected, suspended or flagged"),
    Column("level", Text(), nullable=False, comment="record or attribute"),
    Column("reason", Text(), nullable=False, comment="Reason code"),
    Column("field", Text(), comment="Field at fault"),
    Column("value_masked", Text(), comment="What a person may see of the value"),
    Column("message", Text(), nullable=False, comment="What is wrong"),
    Column("amount", Numeric(18, 2), comment="Control amount of the record, where readable"),
    Column("currency", Text(), comment="Currency of the amount"),
    Column("raw", LargeBinary(), comment="The delivered bytes; not granted to readers"),
    Column("state", Text(), nullable=False, server_default="open", comment="open, or resolved by a later delivery"),
    Column("resolved_batch_id", Integer(), comment="Batch that no longer had it"),
    Column("row_hash", BigInteger(), nullable=False, comment="Hash of the finding; the same finding is one row"),
    batch(),
    Index("ix_reject_row_hash", "row_hash"),
    schema="control",
    comment="Every record or attribute that was set aside, with its reason",
)

match_edge = Table(
    "match_edge",
    metadata,
    Column("left_source_id", SmallInteger(), primary_key=True, autoincrement=False, comment="Source of one record"),
    Column("left_key", legacy_key("k", "").type, primary_key=True, comment="Key of one record"),
    Column("right_source_id", SmallInteger(), primary_key=True, autoincrement=False, comment="Source of the other"),
    Column("right_key", legacy_key("k", "").type, primary_key=True, comment="Key of the other record"),
    Column("match_weight", Numeric(12, 6), comment="Bits of evidence for one person"),
    Column("match_probability", Numeric(12, 9), comment="Probability of one person"),
    Column("outcome", Text(), nullable=False, comment="What was decided on the pair"),
    Column("reason", Text(), comment="Why it was decided so"),
    Column("rule", Text(), comment="Blocking rule that brought the pair together"),
    Column("levels", Text(), comment="Field -> level of agreement"),
    Column("weights", Text(), comment="Field -> bits of evidence"),
    *stamp(),
    schema="control",
    comment="Pairs of records that were compared, with the weight of the evidence",
)

match_decision = Table(
    "match_decision",
    metadata,
    Column("decision_id", BigInteger(), Identity(), primary_key=True, comment="Number of the decision"),
    source(),
    legacy_key("subscriber_key", "Record decided on"),
    Column("other_source_id", SmallInteger(), comment="Source of the other record of a pair"),
    legacy_key("other_key", "The other record of a pair", nullable=True),
    Column(
        "action",
        Text(),
        nullable=False,
        comment="By identity: join (new record of a shared party), move (re-pointed); "
        "by a person: merge, never, split, undo",
    ),
    Column("party_id", BigInteger(), nullable=False, comment="Party of the record, from now on or when it was decided"),
    Column("former_party_id", BigInteger(), comment="Party that it belonged to"),
    Column("actor", Text(), nullable=False, comment="Who decided"),
    Column("reason", Text(), comment="Why, in the person's words"),
    Column(
        "supersedes",
        BigInteger(),
        ForeignKey("control.match_decision.decision_id"),
        comment="Decision that an undo takes back",
    ),
    _time("decided_at", "When", now=True),
    _of_batch(nullable=True),
    Index("ix_match_decision_party_id", "party_id"),
    # what people decided, and which records moved: few among the rows of a first load
    Index("ix_match_decision_record", "source_id", "subscriber_key", postgresql_where=text("action <> 'join'")),
    UniqueConstraint("supersedes"),
    CheckConstraint(
        "action IN ('join', 'move', 'merge', 'never', 'split', 'undo') "
        "AND (action IN ('merge', 'never')) <= (other_key IS NOT NULL) "
        "AND (action = 'undo') = (supersedes IS NOT NULL)",
        name="known_action",
    ),
    schema="control",
    comment="Who belongs to which party, as identity found it and as people decided; appended to, never changed",
)

field_provenance = Table(
    "field_provenance",
    metadata,
    Column("party_id", BigInteger(), primary_key=True, autoincrement=False, comment="The party"),
    Column("field", Text(), primary_key=True, comment="Field of the party"),
    Column("source_id", SmallInteger(), primary_key=True, autoincrement=False, comment="Source of the value"),
    Column("subscriber_key", legacy_key("k", "").type, primary_key=True, comment="Record of the value"),
    Column("rule", Text(), comment="Rule of survivorship that was applied"),
    Column("value", Text(), comment="The value; identifiers are masked"),
    Column("lost", Text(), comment="What it was chosen over, as source:key=value; identifiers are masked"),
    *stamp(),
    schema="control",
    comment="Which source and rule each surviving value came from, and what it was chosen over",
)

party_alias = Table(
    "party_alias",
    metadata,
    Column("alias_id", BigInteger(), primary_key=True, autoincrement=False, comment="An id that was issued once"),
    Column(
        "party_id",
        BigInteger(),
        ForeignKey("billing.party.party_id"),
        nullable=False,
        index=True,
        comment="What it resolves to now",
    ),
    batch(),
    schema="control",
    comment="Ids of parties that became part of another one: they resolve for ever",
)

control_total = Table(
    "control_total",
    metadata,
    Column("total_id", BigInteger(), Identity(), primary_key=True, comment="Number of the row"),
    _of_batch(),
    Column("source_id", SmallInteger(), nullable=False, comment="Source"),
    Column("step", Text(), nullable=False, comment="Step that measured"),
    Column(
        "bucket",
        Text(),
        nullable=False,
        comment="read, kept, rejected, suspended; of old zloty: delivered, converted; of a load: staged, carried_over",
    ),
    Column("entity", Text(), nullable=False, comment="Canonical entity, or the raw table"),
    Column("currency", Text(), comment="Currency; empty where the entity carries no money"),
    Column("records", BigInteger(), nullable=False, comment="Records"),
    _grosze("amount_grosze", "Sum of the control amount in hundredths"),
    _grosze("positive_grosze", "Sum of its positive values"),
    _grosze("negative_grosze", "Sum of its negative values"),
    Index("ix_control_total_batch_id", "batch_id"),
    schema="control",
    comment="Control totals of every step",
)

recon_result = Table(
    "recon_result",
    metadata,
    Column("result_id", BigInteger(), Identity(), primary_key=True, comment="Number of the row"),
    _of_batch(),
    Column("equation", Text(), nullable=False, comment="Equation"),
    Column("source_id", SmallInteger(), nullable=False, comment="Source"),
    Column("entity", Text(), comment="Canonical entity"),
    Column("currency", Text(), comment="Currency"),
    _grosze("lhs", "Left side (records, or hundredths)"),
    _grosze("rhs", "Right side"),
    _grosze("difference", "Left less right"),
    Column("checked", BigInteger(), nullable=False, comment="Records, accounts or documents checked"),
    Column("status", Text(), nullable=False, comment="closed, or not_applicable"),
    Column("note", Text(), comment="What explains a difference that is allowed"),
    Index("ix_recon_result_batch_id", "batch_id"),
    schema="control",
    comment="Outcome of every equation of a loaded batch",
)

recon_break = Table(
    "recon_break",
    metadata,
    Column("break_id", BigInteger(), Identity(), primary_key=True, comment="Number of the row"),
    _of_batch(),
    Column("equation", Text(), nullable=False, comment="Equation that does not close"),
    Column("source", Text(), comment="Source's id in its declaration"),
    Column("entity", Text(), comment="Canonical entity"),
    Column("currency", Text(), comment="Currency"),
    _grosze("lhs", "Left side (records, or hundredths)"),
    _grosze("rhs", "Right side"),
    _grosze("difference", "Left less right"),
    Column("keys", JSONB(), comment="The first records that break it"),
    Column("broken", BigInteger(), comment="How many break it"),
    Column("note", Text(), comment="What is known about it"),
    _time("found_at", "When", now=True),
    Index("ix_recon_break_batch_id", "batch_id"),
    schema="control",
    comment="Differences that made a load roll back",
)

evidence_seal = Table(
    "evidence_seal",
    metadata,
    Column("seal_no", BigInteger(), primary_key=True, autoincrement=False, comment="Position in the chain, from 1"),
    Column("batch_id", Integer(), ForeignKey("control.batch.batch_id"), nullable=False, unique=True, comment="Batch"),
    Column("manifest", Text(), nullable=False, comment="What is sealed: canonical JSON"),
    Column("previous", Text(), nullable=False, comment="Seal before this one; zeros for the first"),
    Column("seal", Text(), nullable=False, comment="SHA-256 over the previous seal and the manifest"),
    _time("sealed_at", "When", now=True),
    schema="control",
    comment="Chained seals: a change of any sealed manifest breaks every later one",
)
