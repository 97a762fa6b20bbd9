"""A real PostgreSQL: one server a session, one migrated database a test; and legacy databases to read from."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mariadb_server
import psycopg
import pytest

from loaders.schema import upgrade
from loaders.warehouse import conninfo
from pipeline import postgres

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgres.Server]:
    """A server of its own, stopped at the end."""
    home: Path = tmp_path_factory.mktemp("home")
    with postgres.serving(home) as running:
        with psycopg.connect(conninfo(running.url("postgres")), autocommit=True) as admin:
            for name in ("fsync", "synchronous_commit", "full_page_writes"):  # nothing here outlives a power cut
                admin.execute(f"ALTER SYSTEM SET {name} = off")
            admin.execute("SELECT pg_reload_conf()")
        upgrade(running.url())  # the template of every test's database
        yield running


@pytest.fixture
def empty_database(server: postgres.Server) -> Iterator[str]:
    """SQLAlchemy URL of a database without any table."""
    yield from _database(server, "template1")


@pytest.fixture
def warehouse(server: postgres.Server) -> Iterator[str]:
    """SQLAlchemy URL of a migrated, empty warehouse."""
    yield from _database(server, postgres.WAREHOUSE)


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[mariadb_server.MariaServer]:
    """A MariaDB of its own, stopped at the end."""
    if why := mariadb_server.missing():
        pytest.skip(why)
    with mariadb_server.serving(tmp_path_factory.mktemp("maria")) as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def legacy(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Any, str]]:
    """A database of each kind: which one, a connection to prepare it, and its URL (SQLite: the delivered file)."""
    connection: Any
    if request.param == "sqlite":
        (tmp_path / "probe").mkdir()
        connection = sqlite3.connect(tmp_path / "probe" / "b.db", isolation_level=None)
        url = "b.db"
    elif request.param == "postgresql":
        url = request.getfixturevalue("empty_database")
        connection = psycopg.connect(conninfo(url), autocommit=True)
    else:
        running = request.getfixturevalue("mariadb")
        connection, url = running.connect(charset="utf8mb4"), running.url()
    yield request.param, connection, url
    connection.close()


def _database(server: postgres.Server, template: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    with psycopg.connect(conninfo(server.url("postgres")), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield server.url(name)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
