"""Deliveries that are fetched: the same cases against a real SFTP, FTPS and S3 server on loopback."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from remote_fetching import source, take
from remote_servers import PASSWORD, serving

from billing.errors import SourceError, SourceUnavailable
from extractors.remote import fetch
from extractors.remote.fetch import fetched


@pytest.fixture(params=["sftp", "ftps", "s3"])
def server(request, tmp_path):
    with serving(request.param, tmp_path / "region") as running:
        yield running


@pytest.fixture
def into(tmp_path):
    return tmp_path / "in"


def left(into: Path) -> list[str]:
    return sorted(p.name for p in into.rglob("*") if p.is_file() and p.suffix != ".lock")


def test_files_are_landed_under_their_names_and_nothing_else_is_left(server, into):
    server.put("b.csv", b"NR\n2\n")
    server.put("a.csv", b"NR\n1\n")
    server.put("readme.txt", b"no one asked for it")
    got = take(source(server, "*.csv"), server, into)
    assert [(f.name, f.file, f.path.read_bytes()) for f in got] == [
        ("a.csv", "konta", b"NR\n1\n"), ("b.csv", "konta", b"NR\n2\n"),
    ]  # fmt: skip
    assert left(into) == ["a.csv", "b.csv"]
    assert take(source(server, "*.csv"), server, into) == got


def test_folders_of_a_pattern_are_looked_into_and_others_are_not(server, into):
    server.put("2026-10/konta.csv", b"NR\n1\n")
    server.put("2026-11/konta.csv", b"NR\n2\n")
    server.put("archive/konta.csv", b"NR\n3\n")
    got = take(source(server, "2026-*/konta.csv"), server, into)
    assert [f.name for f in got] == ["2026-10/konta.csv", "2026-11/konta.csv"]


def test_a_large_file_arrives_whole(server, into):
    data = os.urandom(9 << 20)
    server.put("konta.csv", data)
    told = []
    [file] = take(source(server, "*.csv"), server, into, progress=lambda *event: told.append(event))
    assert file.path.read_bytes() == data
    assert told[-1] == ("konta.csv", len(data), len(data))
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)


def test_memos_come_with_their_table(server, into):
    for name in ("ABON.DBF", "abon.dbt", "KONTA.DBT"):
        server.put(name, name.encode())
    table = {"name": "konta", "pattern": "ABON.DBF", "format": "dbf", "code_page": "cp852"}
    [file] = take(source(server, files=[table]), server, into)
    assert sorted(p.name for p in file.path.parent.iterdir()) == ["ABON.DBF", "abon.dbt"]


def test_logs_come_with_their_database(server, into, tmp_path):
    live = tmp_path / "b.db"
    with closing(sqlite3.connect(live, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("CREATE TABLE konta AS SELECT 1 AS nr, 2 AS saldo")
        for name in ("b.db", "b.db-wal"):
            server.put(name, (tmp_path / name).read_bytes())
    result = {"name": "konta", "source": "konta", "key": ["nr"]}
    database = {"name": "baza", "pattern": "*.db", "format": "sql", "results": [result]}
    [dump] = take(source(server, files=[database]), server, into)
    assert dump.path.read_bytes() == b'"nr","saldo"\n"1","2"\n'


def test_packed_files_are_unpacked(server, into):
    import gzip

    server.put("konta.csv.gz", gzip.compress(b"NR\n1\n"))
    [file] = take(source(server, "*.csv.gz"), server, into)
    assert (file.name, file.path.read_bytes()) == ("konta.csv.gz/konta.csv", b"NR\n1\n")


# --- not complete, missing, empty --------------------------------------------------------------------------------


def test_nothing_is_taken_before_the_last_file_is_there(server, into):
    server.put("konta.csv", b"NR\n1\n")
    with pytest.raises(SourceUnavailable, match=r"not complete: 'KONIEC\*'") as caught:
        take(source(server, "*.csv", ready="KONIEC*"), server, into)
    assert caught.value.retryable
    assert left(into) == []
    server.put("KONIEC.OK", b"1")
    assert [f.name for f in take(source(server, "*.csv", ready="KONIEC*"), server, into)] == ["konta.csv"]


def test_a_file_that_changed_just_now_is_left_for_later(server, into):
    server.put("konta.csv", b"NR\n1\n", age=0)
    with pytest.raises(SourceUnavailable, match=r"konta\.csv: changed just now"):
        take(source(server, "*.csv", quiet_seconds=600), server, into)
    assert left(into) == []


@pytest.mark.parametrize("server", ["sftp", "ftps"], indirect=True)
def test_a_file_that_is_quiet_is_taken_though_it_was_fetched_just_now(server, into):
    server.put("konta.csv", b"NR\n1\n", age=700)
    server.put("KONIEC", b"1", age=0)
    assert len(take(source(server, "*.csv", quiet_seconds=600, ready="KONIEC"), server, into)) == 1


def test_every_missing_file_is_named(server, into):
    server.put("KONTA.CSV", b"x")
    with pytest.raises(SourceError) as caught:
        take(source(server, "konta.csv", "wplaty.csv"), server, into)
    assert "no file matches 'konta.csv'; KONTA.CSV differs only in upper and lower case" in str(caught.value)
    assert "no file matches 'wplaty.csv'" in str(caught.value)
    assert not caught.value.retryable


def test_an_empty_file_is_refused(server, into):
    server.put("konta.csv", b"")
    with pytest.raises(SourceError, match=r"konta\.csv: the file is empty"):
        take(source(server, "*.csv"), server, into)


def test_a_missing_folder_may_appear_later(server, into):
    probe = source(server, "*.csv", url=server.url.replace("/out", "/other"))
    with pytest.raises(SourceUnavailable, match="is not there"):
        take(probe, server, into)
    optional = source(server, "*.csv", url=server.url.replace("/out", "/other"), optional=True)
    assert take(optional, server, into) is None


def test_a_delivery_beyond_its_bound_is_refused_before_a_byte_is_fetched(server, into):
    server.put("konta.csv", bytes(3 << 20))
    told = []
    with pytest.raises(SourceError, match="holds 3 MiB, more than 1"):
        take(source(server, "*.csv", max_fetched_mb=1), server, into, progress=lambda *event: told.append(event))
    assert told == []


# --- what happens meanwhile --------------------------------------------------------------------------------------


def once(action):
    """A progress that does something at the first piece."""
    done = []

    def told(name, so_far, size):
        if not done:
            done.append(name)
            action()

    return told


BIG = bytes(range(256)) * (96 << 10)  # 24 MiB: more than what network buffers hold


def test_a_file_that_grows_while_it_is_fetched_is_left_for_later(server, into):
    server.put("konta.csv", BIG)
    with pytest.raises(SourceUnavailable) as caught:
        take(source(server, "*.csv"), server, into,
             progress=once(lambda: server.put("konta.csv", BIG + b"more", age=0)))  # fmt: skip
    assert caught.value.retryable
    [file] = take(source(server, "*.csv"), server, into)
    assert file.path.read_bytes() == BIG + b"more"


def test_a_file_that_changes_after_it_was_fetched_is_left_for_later(server, into):
    server.put("a.csv", b"NR\n1\n")
    server.put("b.csv", b"NR\n2\n")

    def rewrite():
        server.put("a.csv", b"NR\n7\n", age=-60)

    def told(name, done, size):
        if name == "b.csv":
            rewrite()

    with pytest.raises(SourceUnavailable, match=r"a\.csv: changed just now"):
        take(source(server, "*.csv"), server, into, progress=told)
    assert [f.path.read_bytes() for f in take(source(server, "*.csv"), server, into)] == [b"NR\n7\n", b"NR\n2\n"]


def test_a_file_that_vanishes_is_left_for_later(server, into):
    server.put("a.csv", b"NR\n1\n")
    server.put("b.csv", b"NR\n2\n")
    with pytest.raises(SourceUnavailable, match=r"b\.csv: changed just now"):
        take(source(server, "*.csv"), server, into, progress=once(lambda: server.remove("b.csv")))


def test_two_runs_do_not_fetch_one_delivery(server, into):
    server.put("a.csv", b"NR\n1\n")
    with (
        fetched(source(server, "*.csv"), server.connection(), into),
        pytest.raises(SourceUnavailable, match="another run is fetching"),
    ):
        take(source(server, "*.csv"), server, into)


@pytest.mark.parametrize("server", ["sftp", "ftps"], indirect=True)
def test_a_transfer_that_breaks_off_goes_on_where_it_was(server, into):
    server.put("konta.csv", BIG)
    server.cut_after = 9 << 20
    [file] = take(source(server, "*.csv"), server, into)
    assert file.path.read_bytes() == BIG
    if hasattr(server, "commands"):
        offsets = [int(line.split()[1]) for line in server.commands if line.startswith("REST")]
    else:
        offsets = [a for (_, b), (_, a) in zip(server.reads, server.reads[1:], strict=False) if a < b]
    assert offsets and all(0 < offset < len(BIG) for offset in offsets), "it began anew"


@pytest.mark.parametrize("server", ["sftp", "ftps"], indirect=True)
def test_what_the_last_run_left_is_used_unless_the_server_has_other_bytes(server, into):
    server.put("a.csv", b"NR\n1\n")
    server.put("b.csv", BIG)

    probe = source(server, "*.csv")
    server.cut_after = 9 << 20
    with (
        pytest.raises(SourceUnavailable, match=r"b\.csv: the connection failed"),
        fetched(probe, server.connection(), into, waits=()),
    ):
        pass
    [part] = [p for p in (into / ".remote-probe" / "parts").iterdir() if not p.suffix]
    assert 0 < part.stat().st_size < len(BIG)
    part.write_bytes(b"?" * part.stat().st_size)  # of the same version, says its note: only the bytes tell
    told = []
    first, second = take(probe, server, into, progress=lambda *event: told.append(event))
    assert (first.path.read_bytes(), second.path.read_bytes()) == (b"NR\n1\n", BIG)
    assert {name for name, *_ in told} == {"b.csv"}, "a.csv was here already"


@pytest.mark.parametrize("server", ["sftp", "ftps"], indirect=True)
def test_what_was_fetched_of_an_older_version_is_never_taken_for_the_newer_one(server, into):
    probe = source(server, "*.csv")
    server.put("a.csv", BIG, age=7200)
    with pytest.raises(SourceError, match="no file matches"), fetched(probe, server.connection(), into) as folder:
        raise SourceError("no file matches, says whoever lands it")
    assert (folder / "a.csv").exists(), "what was fetched stays for the next try"
    newer = BIG[::-1]  # as long as the older one
    server.put("a.csv", newer)
    server.cut_after = 9 << 20
    with pytest.raises(SourceUnavailable), fetched(probe, server.connection(), into, waits=()):
        pass
    [file] = take(probe, server, into)
    assert file.path.read_bytes() == newer


def test_the_store_names_the_disk_not_the_server(server, into, monkeypatch):
    from billing.errors import StoreError

    server.put("a.csv", b"NR\n1\n")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fetch.os, "fsync", full)
    with pytest.raises(StoreError, match="disk of the landed files is full"):
        take(source(server, "*.csv"), server, into)


# --- secrets -----------------------------------------------------------------------------------------------------


def test_no_secret_is_left_anywhere(server, into):
    server.put("a.csv", BIG)

    def interrupted(name, done, size):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        take(source(server, "*.csv"), server, into, progress=interrupted)
    texts = [repr(server.connection())]
    texts += [p.read_bytes().decode("latin-1") for p in into.rglob("*") if p.is_file()]
    assert any("a.csv" in text for text in texts), "the notes were not looked at"
    assert not any(PASSWORD in text for text in texts)
