"""SQLite databases that were delivered as somebody had them open: with a write-ahead log, or with a journal."""

import gzip
import hashlib
import os
import shutil
import sqlite3
import time
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from extractor_probe import declare

from billing.errors import SourceError, SourceUnavailable
from billing.registry import Source
from extractors.delivery.landing import land

RESULT = {"name": "konta", "source": "konta", "key": ["nr"]}


@pytest.fixture
def delivery(tmp_path: Path) -> Path:
    folder = tmp_path / "deliveries" / "probe"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def logged(tmp_path: Path) -> Path:
    """A database whose second row is only in its write-ahead log; the index of the log is not delivered."""
    live, copied = tmp_path / "live", tmp_path / "copied"
    live.mkdir()
    copied.mkdir()
    with closing(sqlite3.connect(live / "b.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("CREATE TABLE konta AS SELECT 1 AS nr, 2 AS saldo")
        connection.execute("PRAGMA wal_checkpoint")
        connection.execute("INSERT INTO konta VALUES (2, 3)")
        for name in ("b.db", "b.db-wal"):
            shutil.copy2(live / name, copied / name)
    return copied


def probe(pattern: str = "b.db", **spec: object) -> Source:
    return declare([{"name": "baza", "format": "sql", "pattern": pattern, "results": [RESULT], **spec}])


def rows(source: Source, delivery: Path, into: Path) -> list[bytes]:
    (dump,) = land(source, delivery.parent, into)
    assert not list(into.glob(".*"))
    return dump.path.read_bytes().splitlines()[1:]


def contents(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


@pytest.mark.parametrize("pattern", ["b.db", "b*", "*"])
def test_what_is_only_in_the_log_is_read_and_the_delivery_stays_as_it_is(delivery, logged, tmp_path, pattern):
    shutil.copytree(logged, delivery, dirs_exist_ok=True)
    before = contents(delivery)
    assert rows(probe(pattern), delivery, tmp_path / "in") == [b'"1","2"', b'"2","3"']
    assert contents(delivery) == before


@pytest.mark.parametrize("member", [None, "*.db", "*"])
def test_a_log_in_an_archive_belongs_to_its_database(delivery, logged, tmp_path, member):
    with zipfile.ZipFile(delivery / "b.zip", "w") as archive:
        for file in logged.iterdir():
            archive.write(file, f"2003/{file.name}")
    assert rows(probe("b.zip", member=member), delivery, tmp_path / "in") == [b'"1","2"', b'"2","3"']


def test_a_packed_log_belongs_to_its_packed_database(delivery, logged, tmp_path):
    for file in logged.iterdir():
        (delivery / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
    assert rows(probe("*.gz"), delivery, tmp_path / "in") == [b'"1","2"', b'"2","3"']


def test_a_transaction_under_way_stops_the_source(delivery, tmp_path):
    with closing(sqlite3.connect(tmp_path / "b.db", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE konta AS SELECT 1 AS nr, 2 AS saldo")
        connection.executemany("INSERT INTO konta VALUES (?, 'x')", [(number,) for number in range(2, 2_000)])
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN")
        connection.execute("UPDATE konta SET saldo = 'half of this reaches the file before it is committed'")
        for name in ("b.db", "b.db-journal"):
            shutil.copy2(tmp_path / name, delivery / name)
    with pytest.raises(SourceError, match="a transaction was under way") as caught:
        land(probe(), delivery.parent, tmp_path / "in")
    assert not caught.value.retryable
    journal = delivery / "b.db-journal"
    journal.write_bytes(bytes(512))  # as it is left behind by one that has ended
    shutil.copy2(tmp_path / "b.db", delivery / "b.db")
    before = contents(delivery)
    land(probe(), delivery.parent, tmp_path / "in")
    assert contents(delivery) == before


def test_a_log_that_leads_elsewhere_or_belongs_to_no_database_stops(delivery, logged, tmp_path):
    shutil.copy2(logged / "b.db", delivery)
    (delivery / "b.db-wal").symlink_to(logged / "b.db-wal")
    with pytest.raises(SourceError, match=r"b\.db-wal beside it is no plain file"):
        land(probe(), delivery.parent, tmp_path / "in")
    (delivery / "b.db-wal").unlink()
    (delivery / "b.db").write_bytes(b"no database" * 1000)
    shutil.copy2(logged / "b.db-wal", delivery)
    with pytest.raises(SourceError, match="cannot be read with its log"):
        land(probe(), delivery.parent, tmp_path / "in")


def test_a_companion_has_to_be_as_quiet_as_its_file(delivery, logged, tmp_path):
    shutil.copytree(logged, delivery, dirs_exist_ok=True)
    made = probe()
    spec = made.spec.model_copy(update={"delivery": made.spec.delivery.model_copy(update={"quiet_seconds": 60})})
    made = Source(spec, made.folder)
    os.utime(delivery / "b.db", (time.time() - 600,) * 2)
    with pytest.raises(SourceUnavailable, match=r"b\.db-wal.*still writing"):
        land(made, delivery.parent, tmp_path / "in")
    os.utime(delivery / "b.db-wal", (time.time() - 600,) * 2)
    assert len(rows(made, delivery, tmp_path / "in")) == 2
