"""Bring a database to the schema that this version of the product writes.

The migrations lie in the package `migrations`; they are run from here, with no `alembic.ini`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from billing.errors import LoadError
from loaders.control import metadata  # the module adds its tables to those of `loaders.tables`
from loaders.warehouse import unavailable

__all__ = ["SCHEMAS", "differences", "is_ours", "metadata", "upgrade"]

SCHEMAS = ("billing", "control")
OLDEST_SERVER = 150000
MIGRATIONS = Path(__file__).parents[1] / "migrations"  # the packages lie side by side, installed or not
_LOCK = 7_303_014_101  # two upgrades at the same time wait for each other


def upgrade(url: str, revision: str = "head") -> None:
    """Create or migrate `billing`, `control` and `staging`.

    Args:
        url: SQLAlchemy URL (`postgresql+psycopg://...`).
        revision: Alembic revision; `head` is the newest.

    Raises:
        WarehouseUnavailable: The server does not answer.
        LoadError: The server is too old.
    """
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.begin() as connection:
            version = connection.scalar(text("SHOW server_version_num"))
            if int(version or 0) < OLDEST_SERVER:
                raise LoadError(
                    f"PostgreSQL {version} is too old", remedy="use PostgreSQL 15 or newer, or the embedded server"
                )
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            for schema in (*SCHEMAS, "staging"):
                connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
            command.upgrade(configuration(connection), revision)
    except OperationalError as error:
        raise unavailable(error, url) from error
    finally:
        engine.dispose()


def differences(connection: Connection) -> list[Any]:
    """What the database has otherwise than the declared tables; empty when the migrations are complete."""
    context = MigrationContext.configure(
        connection,
        opts={
            "include_schemas": True,
            "include_object": is_ours,
            "compare_type": True,
            "compare_server_default": True,
            "version_table_schema": "control",
        },
    )
    return list(compare_metadata(context, metadata))


def configuration(connection: Connection) -> Config:
    """Alembic's configuration for an open connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def is_ours(item: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    """Whether Alembic should look at an object: our schemas, without the partitions of `control.xref`."""
    if kind == "table":
        schema = item.schema
        return schema in SCHEMAS and not (reflected and str(name).startswith("xref_")) and name != "alembic_version"
    return True
