"""Alembic environment: run programmatically with an open connection (`loaders.schema`)."""

from __future__ import annotations

from alembic import context

from loaders.schema import is_ours, metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    include_schemas=True,
    include_object=is_ours,
    version_table_schema="control",
    compare_type=True,
    compare_server_default=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
