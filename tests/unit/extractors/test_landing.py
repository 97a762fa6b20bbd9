import errno
import gzip
import os
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from extractor_probe import declare

from billing.errors import SourceError, SourceUnavailable, StoreError
from billing.registry import Source
from extractors.delivery import copying, landing
from extractors.delivery.landing import land

DELIMITED = {"format": "delimited", "code_page": "cp1250"}


@pytest.fixture
def delivery(tmp_path: Path) -> Path:
    folder = tmp_path / "deliveries" / "probe"
    folder.mkdir(parents=True)
    return folder


def source(*patterns: str, **more) -> Source:
    files = [{"name": f"f{n}" if n else "konta", "pattern": p, **DELIMITED, **more} for n, p in enumerate(patterns)]
    return declare(files)


def landed_names(root: Path) -> list[str]:
    return sorted(p.name for p in root.rglob("*") if p.is_file())


def test_files_are_copied_untouched_in_name_order(delivery, tmp_path):
    for name, data in (("b.txt", b"bb"), ("a.txt", b"aa"), ("other", b"x")):
        (delivery / name).write_bytes(data)
    got = land(source("*.txt"), tmp_path / "deliveries", tmp_path / "in")
    assert [(f.name, f.size, f.file, f.path.read_bytes()) for f in got] == [
        ("a.txt", 2, "konta", b"aa"),
        ("b.txt", 2, "konta", b"bb"),
    ]
    assert got[0].path.parent.name == got[0].sha256
    assert got[0].path.parent.parent.name == got[0].sha256[:2]
    again = land(source("*.txt"), tmp_path / "deliveries", tmp_path / "in")
    assert again == got
    assert landed_names(tmp_path / "in") == ["a.txt", "b.txt"]


def test_a_missing_folder_may_appear_later(tmp_path):
    with pytest.raises(SourceUnavailable, match="delivery folder does not exist") as caught:
        land(source("*.txt"), tmp_path, tmp_path / "in")
    assert caught.value.retryable


def test_a_missing_optional_delivery_is_nothing(tmp_path):
    probe = source("*.txt")
    spec = probe.spec.model_copy(update={"delivery": probe.spec.delivery.model_copy(update={"optional": True})})
    assert land(Source(spec, probe.folder), tmp_path, tmp_path / "in") == []


def test_every_missing_file_is_named(delivery, tmp_path):
    (delivery / "KONTA.TXT").write_bytes(b"x")
    with pytest.raises(SourceError) as caught:
        land(source("konta.txt", "wplaty.txt"), tmp_path / "deliveries", tmp_path / "in")
    assert "no file matches 'konta.txt'; KONTA.TXT differs only in upper and lower case" in str(caught.value)
    assert "no file matches 'wplaty.txt'" in str(caught.value)
    assert not caught.value.retryable


def test_an_optional_file_may_be_missing(delivery, tmp_path):
    (delivery / "konta.txt").write_bytes(b"x")
    probe = declare([
        {"name": "konta", "pattern": "konta.txt", **DELIMITED},
        {"name": "uwagi", "pattern": "uwagi.txt", "optional": True, **DELIMITED},
    ])  # fmt: skip
    assert [f.name for f in land(probe, tmp_path / "deliveries", tmp_path / "in")] == ["konta.txt"]


def test_an_empty_file_is_refused(delivery, tmp_path):
    (delivery / "konta.txt").touch()
    with pytest.raises(SourceError, match=r"konta\.txt: the file is empty"):
        land(source("konta.txt"), tmp_path / "deliveries", tmp_path / "in")
    assert landed_names(tmp_path / "in") == []


def test_the_same_content_under_two_names_is_refused(delivery, tmp_path):
    for name in ("konta_1.txt", "konta_2.txt"):
        (delivery / name).write_bytes(b"NR;SALDO\n1;1\n")
    with pytest.raises(SourceError, match=r"konta_2\.txt: has the same content as konta_1\.txt.*Remedy: remove one"):
        land(source("*.txt"), tmp_path / "deliveries", tmp_path / "in")


def test_a_file_that_two_specs_match_is_refused(delivery, tmp_path):
    (delivery / "konta.txt").write_bytes(b"x")
    with pytest.raises(SourceError, match="matched by two file specs, konta and f1"):
        land(source("*.txt", "konta.*"), tmp_path / "deliveries", tmp_path / "in")


@pytest.mark.parametrize("pattern", ["../*.txt", "/etc/hostname", "a/../../b"])
def test_patterns_stay_in_the_delivery(delivery, tmp_path, pattern):
    with pytest.raises(SourceError, match="leads out of the delivery folder"):
        land(source(pattern), tmp_path / "deliveries", tmp_path / "in")


def test_links_are_refused(delivery, tmp_path):
    (tmp_path / "secret.txt").write_bytes(b"secret")
    (delivery / "konta.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(SourceError, match="symbolic link"):
        land(source("*.txt"), tmp_path / "deliveries", tmp_path / "in")
    (delivery / "konta.txt").unlink()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "konta.txt").write_bytes(b"secret")
    (delivery / "dir").symlink_to(tmp_path / "outside")
    with pytest.raises(SourceError, match="behind a symbolic link"):
        land(source("dir/konta.txt"), tmp_path / "deliveries", tmp_path / "in")
    assert landed_names(tmp_path / "in") == []


def test_a_pipe_is_refused_and_does_not_hang(delivery, tmp_path):
    os.mkfifo(delivery / "konta.txt")
    with pytest.raises(SourceError, match="no plain file"):
        land(source("*.txt"), tmp_path / "deliveries", tmp_path / "in")


@pytest.mark.parametrize("name", ["a\nb.txt", "a\udcffb.txt", "$(touch x);'\".txt", "-rf.txt", "ż ó.txt"])
def test_hostile_names_become_printable(delivery, tmp_path, name):
    (delivery / name).write_bytes(b"x")
    (got,) = land(source("*.txt"), tmp_path / "deliveries", tmp_path / "in")
    assert got.name.isprintable()
    assert got.name.encode()
    assert got.path.read_bytes() == b"x"
    assert got.path.is_relative_to(tmp_path / "in")


def test_a_growing_file_is_left_for_later(delivery, tmp_path, monkeypatch):
    path = delivery / "konta.txt"
    path.write_bytes(b"x" * (4 << 20))
    monkeypatch.setattr(copying, "COPY_BYTES", 1 << 12)
    stop = threading.Event()

    def write() -> None:
        with path.open("ab") as file:
            while not stop.is_set():
                file.write(b"y")
                file.flush()
                time.sleep(0.0005)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with pytest.raises(SourceUnavailable, match="somebody is still writing it"):
            land(source("*.txt"), tmp_path / "deliveries", tmp_path / "in")
    finally:
        stop.set()
        writer.join()
    assert landed_names(tmp_path / "in") == []


def test_a_full_disk_says_so_and_leaves_nothing(delivery, tmp_path):
    (delivery / "konta.txt").write_bytes(b"x" * (3 << 20))
    # a file size limit stands for the disk's end: both are the write that the system refuses
    import resource
    import signal

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(StoreError) as caught:
            land(source("*.txt"), tmp_path / "deliveries", tmp_path / "in")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert caught.value.remedy
    assert landed_names(tmp_path / "in") == []


def test_no_space_left_names_the_remedy(tmp_path):
    with (
        pytest.raises(StoreError, match=r"disk of the landed files is full.*Remedy: free space"),
        copying.writing(tmp_path),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_memos_land_beside_their_table(delivery, tmp_path):
    (delivery / "KONTA.DBF").write_bytes(b"table")
    (delivery / "konta.Dbt").write_bytes(b"memo")
    probe = declare([{"name": "konta", "pattern": "*.DBF", "format": "dbf", "code_page": "mazovia"}])
    (got,) = land(probe, tmp_path / "deliveries", tmp_path / "in")
    assert sorted(p.name for p in got.path.parent.iterdir()) == ["KONTA.DBF", "konta.Dbt"]
    first = got.path
    (delivery / "konta.Dbt").write_bytes(b"another memo")
    (again,) = land(probe, tmp_path / "deliveries", tmp_path / "in")
    assert again.sha256 == got.sha256
    assert again.path != first  # the first landing keeps its memo
    assert (first.parent / "konta.Dbt").read_bytes() == b"memo"


# --- databases -------------------------------------------------------------------------------------------------

SQL = {
    "name": "baza",
    "format": "sql",
    "pattern": "*.db",
    "results": [
        {"name": "konta", "source": "konta", "key": ["NR"]},
        {"name": "wplaty", "query": "SELECT id, kwota, opis FROM wplaty WHERE opis <> 'a:b'", "key": ["id"]},
    ],
}


@pytest.fixture
def database(delivery) -> Path:
    path = delivery / "baza.db"
    with sqlite3.connect(path) as connection:
        connection.execute(
            'CREATE TABLE konta ("NR" TEXT, "NAZWA" TEXT, "SALDO" DECIMAL(12,2), "OD" DATE, "N" INTEGER)'
        )
        connection.executemany(
            "INSERT INTO konta VALUES (?, ?, ?, ?, ?)",
            [
                ("2", 'F.H. "ELA"; s.c.', 0.1, "2003-01-02", 7),
                ("1", "Żółć\nŁódź", 1234567890.12, None, None),
                ("3", "", -0.01, "2003-02-30", 9223372036854775807),
            ],
        )
        connection.execute("CREATE TABLE wplaty (id INTEGER PRIMARY KEY, kwota NUMERIC, opis TEXT)")
        connection.executemany(
            "INSERT INTO wplaty VALUES (?, ?, ?)", [(1, 10, "x"), (2, 2.5, "a:b"), (3, 0.07, None), (4, 1, "y")]
        )
    connection.close()
    return path


def test_result_sets_are_dumped_exactly(database, tmp_path):
    konta, wplaty = land(declare([SQL]), tmp_path / "deliveries", tmp_path / "in")
    assert (konta.name, konta.file, wplaty.name) == ("baza.db/konta", "baza", "baza.db/wplaty")
    assert konta.path.read_text().splitlines() == [
        '"NR","NAZWA","SALDO","OD","N"',
        '"1","Żółć',
        'Łódź","1234567890.12",,',
        '"2","F.H. ""ELA""; s.c.","0.1","2003-01-02","7"',
        '"3","","-0.01","2003-02-30","9223372036854775807"',
    ]
    assert wplaty.path.read_text().splitlines() == ['"id","kwota","opis"', '"1","10","x"', '"4","1","y"']


def test_dumped_again_the_same_data_are_the_same_bytes(database, tmp_path):
    first = land(declare([SQL]), tmp_path / "deliveries", tmp_path / "in")
    assert land(declare([SQL]), tmp_path / "deliveries", tmp_path / "in") == first


def test_the_database_is_not_changed_nor_copied(database, tmp_path):
    before = (database.read_bytes(), database.stat().st_mtime_ns)
    land(declare([SQL]), tmp_path / "deliveries", tmp_path / "in")
    assert (database.read_bytes(), database.stat().st_mtime_ns) == before
    assert sorted(p.name for p in database.parent.iterdir()) == ["baza.db"]
    assert landed_names(tmp_path / "in") == ["konta.csv", "wplaty.csv"]


def test_a_locked_database_may_answer_later(database, tmp_path, monkeypatch):
    monkeypatch.setattr("extractors.databases.session.LOCK_SECONDS", 0.05)
    holder = sqlite3.connect(database, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(SourceUnavailable, match="database is locked"):
            land(declare([SQL]), tmp_path / "deliveries", tmp_path / "in")
    finally:
        holder.close()


def test_a_database_that_is_down_may_answer_later(tmp_path):
    down = {**SQL, "pattern": "", "url": "postgresql+psycopg://nobody@127.0.0.1:1/none?connect_timeout=2"}
    with pytest.raises(SourceUnavailable, match="does not answer"):
        land(declare([down]), tmp_path / "deliveries", tmp_path / "in")


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ([{"name": "konta", "source": "brak", "key": ["NR"]}], "no such table: brak"),
        ([{"name": "konta", "source": "konta", "key": ["brak"]}], "has no column brak to order it by"),
        ([{"name": "konta", "source": "konta", "key": ["BRAK"]}], "has no column BRAK to order it by"),
        ([{"name": "konta", "query": "DELETE FROM konta", "key": ["NR"]}], "refused the query"),
    ],
)
def test_a_wrong_query_stops(database, tmp_path, results, message):
    before = database.read_bytes()
    with pytest.raises(SourceError, match=message) as caught:
        land(declare([{**SQL, "results": results}]), tmp_path / "deliveries", tmp_path / "in")
    assert not caught.value.retryable
    assert database.read_bytes() == before


def test_what_is_no_database_stops(delivery, tmp_path):
    (delivery / "baza.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(SourceError, match="file is not a database"):
        land(declare([SQL]), tmp_path / "deliveries", tmp_path / "in")


def test_a_file_that_changes_after_it_was_copied_leaves_the_delivery_for_later(delivery, tmp_path, monkeypatch):
    (delivery / "a.txt").write_bytes(b"NR;SALDO\n1;1\n")
    (delivery / "b.txt").write_bytes(b"NR;SALDO\n2;2\n")
    copy_aside = landing.copy_aside

    def slow(source, path, name, into):
        copied = copy_aside(source, path, name, into)
        if name == "b.txt":  # a.txt has been copied, and its sender comes back to it
            (delivery / "a.txt").write_bytes(b"NR;SALDO\n1;9\n")
        return copied

    monkeypatch.setattr(landing, "copy_aside", slow)
    with pytest.raises(SourceUnavailable, match=r"a\.txt: changed just now") as caught:
        land(source("*.txt"), tmp_path / "deliveries", tmp_path / "in")
    assert caught.value.retryable


def test_what_vanishes_while_leftovers_are_swept_is_no_fault(tmp_path):
    (tmp_path / f"{copying.ASIDE}gone").symlink_to(tmp_path / "nowhere")  # stat finds nothing any more
    copying.sweep(tmp_path)


def test_the_store_may_lie_behind_a_link_where_a_packed_file_lies_in_folders(delivery, tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "store").symlink_to(tmp_path / "disk")
    (delivery / "a" / "b").mkdir(parents=True)
    (delivery / "a" / "b" / "k.csv.gz").write_bytes(gzip.compress(b"NR;SALDO\n1;2\n"))
    (file,) = land(source("**/*.gz"), delivery.parent, tmp_path / "store")
    assert file.path.read_bytes() == b"NR;SALDO\n1;2\n"


def test_a_database_behind_a_link_is_refused(database, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    database.replace(tmp_path / "elsewhere" / database.name)
    (database.parent / "sub").symlink_to(tmp_path / "elsewhere")
    result = {"name": "konta", "source": "konta", "key": ["nr"]}
    probe = declare([{"name": "baza", "format": "sql", "pattern": f"sub/{database.name}", "results": [result]}])
    with pytest.raises(SourceError, match="lies behind a symbolic link"):
        land(probe, database.parent.parent, tmp_path / "in")


def test_a_database_with_a_write_ahead_log_leaves_no_file_in_the_delivery(delivery, tmp_path):
    with closing(sqlite3.connect(delivery / "b.db")) as connection:
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("CREATE TABLE konta AS SELECT 1 AS nr, 2 AS saldo")
        connection.commit()
    before = sorted(delivery.iterdir())
    result = {"name": "konta", "source": "konta", "key": ["nr"]}
    probe = declare([{"name": "baza", "format": "sql", "pattern": "b.db", "results": [result]}])
    (dump,) = land(probe, delivery.parent, tmp_path / "in")
    assert dump.path.read_bytes() == b'"nr","saldo"\n"1","2"\n'
    assert sorted(delivery.iterdir()) == before


def test_a_file_from_the_future_is_told_from_one_that_is_written(delivery, tmp_path):
    file = delivery / "a.csv"
    file.write_text("NR;SALDO\n")
    probe = source("a.csv")
    spec = probe.spec.model_copy(update={"delivery": probe.spec.delivery.model_copy(update={"quiet_seconds": 30})})
    probe = Source(spec, probe.folder)
    with pytest.raises(SourceUnavailable, match="somebody is still writing it"):
        land(probe, delivery.parent, tmp_path / "in")
    os.utime(file, (time.time() + 7200,) * 2)
    with pytest.raises(SourceUnavailable, match=r"7,\d{3} s ahead of this machine's clock"):
        land(probe, delivery.parent, tmp_path / "in")
