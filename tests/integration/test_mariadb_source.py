"""A source whose records come out of MariaDB: a real server, where one is installed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mariadb_server
import pytest
from extractor_probe import declare, run
from mariadb_server import MariaServer

from billing.errors import SourceError, SourceUnavailable
from billing.registry import Source
from extractors.databases.extraction import Fetching, PublishedDump
from extractors.databases.mariadb import MariaSession
from extractors.delivery.landing import land

pytestmark = pytest.mark.skipif(bool(mariadb_server.missing()), reason=mariadb_server.missing() or "MariaDB is there")

KONTA = """CREATE TABLE konta (
    NR varchar(20) PRIMARY KEY, NAZWA varchar(60), L2 varchar(20) CHARACTER SET latin2,
    CP varchar(20) CHARACTER SET cp1250, SALDO decimal(20,4), KURS float, OD date, ZMIENIONE timestamp(6) NULL,
    KOPIA varbinary(8), RODZAJ enum('z','a'), CZAS time)"""


@pytest.fixture
def server(mariadb: MariaServer) -> MariaServer:
    return mariadb


@pytest.fixture
def db(server: MariaServer) -> Iterator[Any]:
    connection = server.connect(charset="utf8mb4")
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS konta, wplaty")
        cursor.execute("SET sql_mode = ''")
        cursor.execute(KONTA)
        cursor.execute("CREATE TABLE wplaty (ID int PRIMARY KEY, KWOTA decimal(12,2))")
        yield cursor
    connection.close()


def source(server: MariaServer, *results: dict[str, Any], url: str = "", **more: Any) -> Source:
    wanted = list(results) or [{"name": "konta", "source": "konta", "key": ["NR"]}]
    return declare([{"name": "baza", "format": "sql", "url": url or server.url(), "results": wanted, **more}])


def test_values_are_exact(server: MariaServer, db: Any, tmp_path: Path) -> None:
    db.execute(
        "INSERT INTO konta VALUES ('1', 'Żółć \"x\"', 'Łódź', 'ąęśź', 12345678901234.5678, 1234567.89, '2003-01-02', "
        "'2003-01-02 10:00:00.5', x'dead', 'a', '-12:00:00'), "
        "('2', '', '', NULL, 0.1, NULL, '0000-00-00', NULL, '', NULL, NULL)"
    )
    probe = source(server)
    (konta,) = land(probe, tmp_path, tmp_path / "in")
    assert konta.path.read_text().splitlines() == [
        '"NR","NAZWA","L2","CP","SALDO","KURS","OD","ZMIENIONE","KOPIA","RODZAJ","CZAS"',
        '"1","Żółć ""x""","Łódź","ąęśź","12345678901234.5678","1234567.9","2003-01-02","2003-01-02 10:00:00.500000",'
        '"dead","a","-12:00:00"',
        '"2","","",,"0.1000",,"0000-00-00",,"",,',
    ]
    assert land(probe, tmp_path, tmp_path / "in") == [konta]
    assert run(probe, konta).rows()[0]["SALDO"] == "12345678901234.5678"


def test_texts_in_another_page_than_declared_are_taken_as_they_are_stored(
    server: MariaServer, db: Any, tmp_path: Path
) -> None:
    db.execute("ALTER TABLE konta MODIFY NAZWA varchar(60) CHARACTER SET latin1")
    for number, name in enumerate(("ŻÓŁĆ", "ŁÓDŹ", "GĘŚ", "ŚWIĄTEK", "Wójcik", "Kamiński", "Dąbrowski", "Zieliński")):
        db.execute("INSERT INTO konta (NR, NAZWA, KOPIA) VALUES (%s, %s, 'ab')", (str(number), "x"))
        bytes_of_name = name.encode("cp1250").hex()
        db.execute(
            f"UPDATE konta SET NAZWA = CONVERT(CAST(x'{bytes_of_name}' AS BINARY) USING latin1) WHERE NR = {number}"
        )
    query = "SELECT NR, NAZWA, SALDO, KOPIA, 'x' AS `OPŁATA` FROM konta WHERE NR <> 'Łódź'"
    result = {"name": "konta", "query": query, "key": ["NR"], "watermark": "NAZWA"}
    probe = source(server, result, code_page="cp1250")
    (konta,) = land(probe, tmp_path, tmp_path / "in")
    assert "ŻÓŁĆ".encode("cp1250") in konta.path.read_bytes()
    assert '"OPŁATA"'.encode("cp1250") in konta.path.read_bytes()
    assert konta.extraction is not None
    published = {"konta": PublishedDump(konta.path, konta.sha256, konta.extraction)}
    (again,) = land(probe, tmp_path, tmp_path / "in", fetching=Fetching(published))
    assert again.extraction is not None and (again.extraction.fetched, again.sha256) == (1, konta.sha256)
    rows = run(probe, konta).rows()
    assert [row["NAZWA"] for row in rows[:3]] == ["ŻÓŁĆ", "ŁÓDŹ", "GĘŚ"]
    assert rows[0]["KOPIA"] == "6162"  # bytes, not text: still in hex


def test_rows_come_in_the_order_of_their_bytes(server: MariaServer, db: Any, tmp_path: Path) -> None:
    keys = ["a", "B", "ć", "ń", "10", "9", "ż", "É", "w", "Ż o"]
    db.executemany("INSERT INTO konta (NR) VALUES (%s)", [(key,) for key in keys])
    (konta,) = land(source(server), tmp_path, tmp_path / "in")
    got = [line.split(",")[0].strip('"') for line in konta.path.read_text().splitlines()[1:]]
    assert got == sorted(keys, key=str.encode)


def test_money_in_a_float_is_told(server: MariaServer, db: Any, tmp_path: Path) -> None:
    db.execute("ALTER TABLE konta MODIFY SALDO double")
    db.execute("INSERT INTO konta (NR, SALDO) VALUES ('1', 0.1)")
    probe = source(server)
    (konta,) = land(probe, tmp_path, tmp_path / "in")
    assert any("SALDO, which is read as money, is of the type DOUBLE" in note for note in run(probe, konta).facts.notes)


def test_a_table_without_transactions_is_told(server: MariaServer, db: Any, tmp_path: Path) -> None:
    db.execute("ALTER TABLE konta ENGINE = MyISAM")
    (konta,) = land(source(server), tmp_path, tmp_path / "in")
    assert konta.extraction is not None
    assert any("MyISAM, which has no transactions" in note for note in konta.extraction.notes)


def test_an_update_meanwhile_is_not_seen(
    server: MariaServer, db: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db.execute("INSERT INTO konta (NR, SALDO) VALUES ('1', 10)")
    db.execute("INSERT INTO wplaty VALUES (1, 10)")
    real = MariaSession.columns

    def disturbed(self: MariaSession, body: str) -> Any:
        """Before anything was read, and again between the two results."""
        db.execute("UPDATE konta SET SALDO = 0")
        db.execute("UPDATE wplaty SET KWOTA = 0")
        db.execute("REPLACE INTO wplaty VALUES (2, 5)")
        return real(self, body)

    monkeypatch.setattr(MariaSession, "columns", disturbed)
    both = [{"name": name, "source": name, "key": [key]} for name, key in (("konta", "NR"), ("wplaty", "ID"))]
    konta, wplaty = land(source(server, *both), tmp_path, tmp_path / "in")
    assert '"10.0000"' in konta.path.read_text()
    assert wplaty.path.read_text() == '"ID","KWOTA"\n"1","10.00"\n'


def test_the_session_cannot_write(server: MariaServer, db: Any, tmp_path: Path) -> None:
    db.execute(
        "CREATE OR REPLACE FUNCTION zapisz() RETURNS int DETERMINISTIC MODIFIES SQL DATA "
        "BEGIN INSERT INTO wplaty VALUES (9, 9); RETURN 1; END"
    )
    probe = source(server, {"name": "konta", "query": "SELECT zapisz() AS NR, 1 AS SALDO", "key": ["NR"]})
    with pytest.raises(SourceError, match="READ ONLY transaction") as caught:
        land(probe, tmp_path, tmp_path / "in")
    assert not caught.value.retryable
    db.execute("SELECT COUNT(*) FROM wplaty")
    assert db.fetchone() == (0,)


def test_a_statement_that_takes_too_long_is_stopped(server: MariaServer, db: Any, tmp_path: Path) -> None:
    query = "SELECT SLEEP(20) AS NR, 1 AS SALDO"
    probe = source(server, {"name": "konta", "query": query, "key": ["NR"]}, statement_timeout_seconds=1)
    begun = time.monotonic()
    with pytest.raises(SourceUnavailable, match="did not finish within 1 s"):
        land(probe, tmp_path, tmp_path / "in")
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ({"source": "brak", "key": ["NR"]}, "doesn't exist"),
        ({"query": "SELECT brak FROM konta", "key": ["NR"]}, "Unknown column 'brak'"),
        ({"query": "DELETE FROM konta", "key": ["NR"]}, "error in your SQL syntax"),
        ({"source": "konta", "key": ["brak"]}, "has no column brak"),
        ({"source": "konta", "key": ["KURS"], "mode": "snapshot_difference"}, "holds float values"),
        ({"source": "konta", "key": ["NR"], "watermark": "RODZAJ"}, None),
        ({"source": "konta", "key": ["NR"], "watermark": "KOPIA"}, "bytes values, which have no order"),
    ],
)
def test_a_wrong_result_stops(
    server: MariaServer, db: Any, tmp_path: Path, result: dict[str, Any], message: str | None
) -> None:
    probe = source(server, {"name": "konta", **result})
    if message is None:  # an enumeration is compared as the text that it is
        assert land(probe, tmp_path, tmp_path / "in")
        return
    with pytest.raises(SourceError, match=message) as caught:
        land(probe, tmp_path, tmp_path / "in")
    assert not caught.value.retryable


def test_a_refused_account_is_told_without_its_password(server: MariaServer, tmp_path: Path) -> None:
    for url in (server.url("zupelnie/inne@"), server.url(database="cudza")):
        with pytest.raises(SourceError, match="refused the account") as caught:
            land(source(server, url=url), tmp_path, tmp_path / "in")
        assert not caught.value.retryable
        assert "zupelnie" not in str(caught.value) and mariadb_server.PASSWORD not in str(caught.value)


def test_a_connection_that_is_killed_leaves_nothing(server: MariaServer, db: Any, tmp_path: Path) -> None:
    db.executemany("INSERT INTO wplaty VALUES (%s, 1)", [(n,) for n in range(1000)])
    slow = "SELECT ID AS NR, KWOTA AS SALDO, REPEAT('x', 50000) AS T FROM wplaty WHERE SLEEP(0.005) = 0"
    first = {"name": "wplaty", "source": "wplaty", "key": ["ID"]}
    probe = source(server, first, {"name": "konta", "query": slow, "key": ["NR"]})

    def kill() -> None:
        killer = server.connect()
        with killer.cursor() as cursor:
            for _ in range(100):
                cursor.execute("SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT `NR`%'")
                if found := cursor.fetchone():
                    time.sleep(0.3)
                    cursor.execute(f"KILL CONNECTION {found[0]}")
                    break
                time.sleep(0.05)
        killer.close()

    thread = threading.Thread(target=kill)
    thread.start()
    with pytest.raises(SourceUnavailable, match="does not answer"):
        land(probe, tmp_path, tmp_path / "in")
    thread.join()
    assert list((tmp_path / "in").rglob("*.csv")) == []
    assert list((tmp_path / "in").iterdir()) == []


def test_a_server_that_is_down_may_answer_later(server: MariaServer, tmp_path: Path) -> None:
    down = server.url().replace(f":{server.port}/", ":1/")
    with pytest.raises(SourceUnavailable, match="does not answer"):
        land(source(server, url=down), tmp_path, tmp_path / "in")
