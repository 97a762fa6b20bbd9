"""Connections to the warehouse, and how its refusals become our errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.engine import make_url

from billing.errors import LoadError, NoSchema, WarehouseUnavailable

_REMEDY = "see that the server runs and BLUELINE_DATABASE_URL is right, then run again; nothing was half-loaded"


def conninfo(url: str) -> str:
    """A libpq connection string of a SQLAlchemy URL.

    >>> conninfo("postgresql+psycopg://postgres@/warehouse?host=/tmp/socket")
    'postgresql://postgres@/warehouse?host=%2Ftmp%2Fsocket'
    """
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def connect(url: str, *, autocommit: bool = False) -> Iterator[psycopg.Connection]:
    """A connection that is closed at the end; what was not committed is rolled back.

    Args:
        url: SQLAlchemy URL.
        autocommit: Every statement is its own transaction.

    Raises:
        WarehouseUnavailable: The server does not answer, or went away.
        LoadError: The server refused a statement.
    """
    try:
        connection = psycopg.connect(conninfo(url), autocommit=autocommit, application_name="blueline")
    except psycopg.OperationalError as error:
        raise unavailable(error, url) from error
    try:
        yield connection
    except psycopg.Error as error:
        raise translate(error, connection, url) from error
    finally:
        connection.close()


def translate(error: psycopg.Error, connection: psycopg.Connection, url: str) -> LoadError:
    """Our error for one of the driver's: retryable where the connection was lost or the server asks for it."""
    state = error.sqlstate or ""
    lost = connection.broken or connection.closed or isinstance(error, psycopg.OperationalError)
    if isinstance(error, psycopg.errors.DiskFull):
        return LoadError(
            f"the warehouse's disk is full: {_first_line(error)}", database=place(url), remedy="free space, run again"
        )
    if lost or state.startswith(("08", "40", "57")):
        return unavailable(error, url)
    missing = (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.InvalidSchemaName)
    if isinstance(error, missing):
        return NoSchema(
            f"the warehouse has no schema of this version: {_first_line(error)}",
            database=place(url),
            remedy="run blueline db upgrade; blueline run and make demo do it themselves",
        )
    return LoadError(
        f"the warehouse refused the load: {_first_line(error)}",
        database=place(url),
        remedy="the load was rolled back; this is a fault of the data's declaration or of the product",
    )


def unavailable(error: Exception, url: str) -> WarehouseUnavailable:
    """The retryable error for a lost or missing server."""
    return WarehouseUnavailable(
        f"the warehouse does not answer: {_first_line(error)}", database=place(url), remedy=_REMEDY
    )


def place(url: str) -> str:
    """The URL for people: without a password."""
    return make_url(url).render_as_string(hide_password=True)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
