"""Alembic migrations of the warehouse; `loaders.schema.upgrade` runs them."""
