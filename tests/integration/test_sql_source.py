"""A source whose records come out of PostgreSQL."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pytest
import sqlalchemy as sa

from billing.errors import ContractError, SourceError, SourceUnavailable
from billing.registry import Source
from billing.spec import SourceSpec
from extractors.base import FileFacts, LandedFile
from extractors.databases.extraction import Fetching, PublishedDump
from extractors.databases.postgres import PostgresSession
from extractors.decode import decode
from extractors.delivery.landing import land
from loaders.warehouse import conninfo
from pipeline import postgres


def source(url: str, *results: dict[str, Any], **more: Any) -> Source:
    columns = {"account_key": "nr", "account_no": "nr", "subscriber_key": "nr", "closing_balance": "saldo"}
    spec = {
        "id": "probe",
        "title": "A database",
        "system": "test",
        "delivery": {"extracted_on": "2003-12-31"},
        "files": [{"name": "baza", "format": "sql", "url": url, "results": list(results), **more}],
        "entities": [{"name": "account", "from": "konta", "fields": {**columns, "currency": {"value": "PLN"}}}],
    }
    return Source(SourceSpec.model_validate(spec), Path("sources/probe"))


@pytest.fixture
def database(empty_database: str) -> str:
    engine = sa.create_engine(empty_database)
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "CREATE TABLE konta (nr int, nazwa text, saldo numeric(20,4), od date, o_godzinie timestamp, "
                "kopia bytea, kurs float8, czynne bool)"
            )
        )
        connection.execute(
            sa.text(
                "INSERT INTO konta SELECT g, 'Żółć \"' || g, 12345678901234.5678 + g, date '2003-01-01' + g % 300, "
                "timestamp '2003-01-01 10:00:00', '\\xdead', 0.1, g % 2 = 0 FROM generate_series(1, 30000) g"
            )
        )
        connection.execute(sa.text("INSERT INTO konta (nr) VALUES (0)"))
    engine.dispose()
    return empty_database


def test_values_are_exact_and_a_second_dump_is_the_same(database: str, tmp_path: Path) -> None:
    probe = source(database, {"name": "konta", "source": "konta", "key": ["nr"]})
    (first,) = land(probe, tmp_path, tmp_path / "in")
    assert land(probe, tmp_path, tmp_path / "in") == [first]
    splits = list(decode(probe, probe.spec.file("baza"), first, facts := FileFacts(), batch_rows=7_000))
    rows = pa.Table.from_batches([split.kept for split in splits]).to_pylist()
    assert facts.records == len(rows) == 30_001
    assert not any(split.rejects.num_rows for split in splits)
    assert {
        name: rows[5][name] for name in ("nr", "nazwa", "saldo", "od", "o_godzinie", "kopia", "kurs", "czynne")
    } == {
        "nr": "5",
        "nazwa": 'Żółć "5',
        "saldo": "12345678901239.5678",
        "od": "2003-01-06",
        "o_godzinie": "2003-01-01 10:00:00",
        "kopia": "dead",
        "kurs": "0.1",
        "czynne": "false",
    }
    assert [rows[0][name] for name in ("nr", "saldo", "czynne")] == ["0", None, None]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT brak FROM konta", 'column "brak" does not exist'),
        ("SELECT nr, setval('licznik', 9) FROM konta", "read-only transaction"),
    ],
)
def test_a_wrong_or_writing_query_stops(database: str, tmp_path: Path, query: str, message: str) -> None:
    engine = sa.create_engine(database)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE SEQUENCE licznik"))
    engine.dispose()
    probe = source(database, {"name": "konta", "query": query, "key": ["nr"]})
    with pytest.raises(SourceError, match=message):
        land(probe, tmp_path, tmp_path / "in")


KONTA = {"name": "konta", "source": "konta", "key": ["nr"]}


def notes(probe: Source, file: LandedFile) -> list[str]:
    list(decode(probe, probe.spec.file("baza"), file, facts := FileFacts(), batch_rows=1000))
    return facts.notes


@pytest.fixture
def admin(empty_database: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(conninfo(empty_database), autocommit=True) as connection:
        yield connection


def test_every_kind_of_value_is_written_by_its_digits(
    admin: psycopg.Connection[Any], empty_database: str, tmp_path: Path
) -> None:
    admin.execute("SET lc_monetary = 'C'")
    admin.execute(
        """CREATE TABLE konta AS SELECT 1 AS nr, ''::text AS pusty, NULL::text AS brak, 1e20::numeric AS duza,
        0.10::numeric(20,2) AS saldo, 1.5::float4 AS f4, 1e300::float8 AS f8, '12.30'::money AS kasa,
        timestamptz '2003-10-26 02:30+02' AS chwila, 'a  '::char(3) AS staly, '{1,2}'::int[] AS tab,
        E'x\\\\y\\nz"'::text AS ukosnik, '{"a": "b"}'::jsonb AS js, interval '1 day' AS odstep,
        timestamp '2003-01-01 10:00:00.5' AS czas"""
    )
    (konta,) = land(source(empty_database, KONTA, time_zone="Europe/Warsaw"), tmp_path, tmp_path / "in")
    head, body = konta.path.read_text().split("\n", 1)
    assert head == (
        '"nr","pusty","brak","duza","saldo","f4","f8","kasa","chwila","staly","tab","ukosnik","js","odstep","czas"'
    )
    assert body == (
        '"1","",,"100000000000000000000","0.10","1.5","1e+300","12.30","2003-10-26 02:30:00+02","a  ","{1,2}",'
        '"x\\y\nz""","{""a"": ""b""}","1 day","2003-01-01 10:00:00.5"\n'
    )


def test_money_in_a_float_is_told(admin: psycopg.Connection[Any], empty_database: str, tmp_path: Path) -> None:
    admin.execute("CREATE TABLE konta AS SELECT 1 AS nr, 0.1::float8 AS saldo, 0.2::float8 AS kurs")
    probe = source(empty_database, KONTA)
    (konta,) = land(probe, tmp_path, tmp_path / "in")
    told = [note for note in notes(probe, konta) if "binary floats" in note]
    assert len(told) == 1 and "saldo, which is read as money, is of the type float8" in told[0]


def test_bytes_that_an_entity_reads_are_told(
    admin: psycopg.Connection[Any], empty_database: str, tmp_path: Path
) -> None:
    admin.execute("CREATE TABLE konta AS SELECT '\\x4142'::bytea AS nr, 1 AS saldo, '\\xff'::bytea AS zdjecie")
    (konta,) = land(probe := source(empty_database, KONTA), tmp_path, tmp_path / "in")
    assert konta.path.read_text().splitlines()[1] == '"4142","1","ff"'
    assert [note for note in notes(probe, konta) if "hex" in note] == [
        "the column nr holds bytes, which are written in hex: where they are texts, cast it to a text in a query"
    ]


def test_texts_come_in_the_order_of_their_bytes_whatever_the_locale(
    admin: psycopg.Connection[Any], empty_database: str, tmp_path: Path
) -> None:
    keys = ["a", "B", "ą", "Z", "b", "É", "10", "9", "_", "ż"]
    admin.execute('CREATE TABLE konta (nr text COLLATE "C", saldo numeric)')
    with admin.cursor() as cursor:
        cursor.executemany("INSERT INTO konta VALUES (%s, 1)", [(key,) for key in keys])
    (konta,) = land(source(empty_database, KONTA), tmp_path, tmp_path / "in")
    got = [line.split(",")[0].strip('"') for line in konta.path.read_text().splitlines()[1:]]
    assert got == sorted(keys, key=str.encode)


@pytest.mark.parametrize("encoding", ["LATIN2", "WIN1250"])
def test_databases_in_polish_code_pages_are_read_and_ordered_alike(
    server: postgres.Server, tmp_path: Path, encoding: str
) -> None:
    keys = ["ź", "a", "ą", "Ł", "z", "ś"]
    name = f"stara_{encoding.lower()}"
    with psycopg.connect(conninfo(server.url("postgres")), autocommit=True) as root:
        root.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
        with psycopg.connect(conninfo(server.url(name)), autocommit=True) as admin:
            admin.execute("CREATE TABLE konta (nr text PRIMARY KEY, saldo numeric)")
            with admin.cursor() as cursor:
                cursor.executemany("INSERT INTO konta VALUES (%s, 1)", [(key,) for key in keys])
        probe = source(server.url(name), {**KONTA, "mode": "snapshot_difference"})
        (konta,) = land(probe, tmp_path, tmp_path / "in")
        root.execute(f"DROP DATABASE {name} WITH (FORCE)")
    got = [line.split(",")[0].strip('"') for line in konta.path.read_text().splitlines()[1:]]
    assert got == sorted(keys, key=str.encode)


def test_a_database_that_does_not_know_its_page_is_decoded_by_the_declared_one(
    server: postgres.Server, tmp_path: Path
) -> None:
    names = ["Żółć", "Łódź", "Gęś", "Świątek", "Wójcik", "Kamiński", "Dąbrowski", "Zieliński"]
    with psycopg.connect(conninfo(server.url("postgres")), autocommit=True) as root:
        root.execute("CREATE DATABASE bez_strony ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
        with psycopg.connect(conninfo(server.url("bez_strony")), autocommit=True) as admin:
            admin.execute("CREATE TABLE konta (nr text, nazwa text, saldo numeric)")
            for number, text in enumerate(names):
                stored = f"convert_from('\\x{text.encode('cp1250').hex()}', 'SQL_ASCII')"
                admin.execute(f"INSERT INTO konta VALUES ('{number}', {stored}, 1)")
        with pytest.raises(SourceError, match=r"invalid byte sequence.*code_page"):
            land(source(server.url("bez_strony"), KONTA), tmp_path, tmp_path / "in")
        query = "SELECT nr, nazwa, saldo, saldo AS \"opłata\" FROM konta WHERE nazwa <> 'Wójcik'"
        result = {"name": "konta", "query": query, "key": ["nr"], "watermark": "nazwa"}
        probe = source(server.url("bez_strony"), result, code_page="cp1250")
        (konta,) = land(probe, tmp_path, tmp_path / "in")
        root.execute("DROP DATABASE bez_strony WITH (FORCE)")
    (split,) = decode(probe, probe.spec.file("baza"), konta, FileFacts(), batch_rows=1000)
    assert split.kept["nazwa"].to_pylist() == [name for name in names if name != "Wójcik"]
    assert split.kept["opłata"].to_pylist() == ["1"] * 7


def test_an_instant_is_a_key_and_a_watermark(
    admin: psycopg.Connection[Any], empty_database: str, tmp_path: Path
) -> None:
    # an hour that comes twice: the texts of these instants are not in their order
    admin.execute(
        "CREATE TABLE konta AS SELECT timestamptz '2003-10-26 00:10+00' + g * interval '20 min' AS nr, 1 AS saldo "
        "FROM generate_series(0, 9) g"
    )
    probe = source(empty_database, {**KONTA, "watermark": "nr", "overlap": 600}, time_zone="Europe/Warsaw")
    (first,) = land(probe, tmp_path, tmp_path / "in")
    assert '"2003-10-26 02:50:00+02"' in first.path.read_text() and '"2003-10-26 02:10:00+01"' in first.path.read_text()
    admin.execute("INSERT INTO konta VALUES ('2003-10-26 04:00+00', 2)")
    assert first.extraction is not None
    published = {"konta": PublishedDump(first.path, first.sha256, first.extraction)}
    (second,) = land(probe, tmp_path, tmp_path / "in", fetching=Fetching(published))
    assert second.extraction is not None
    assert (second.extraction.fetched, second.extraction.inserted, second.extraction.unchanged) == (2, 1, 10)
    assert (
        second.sha256
        == land(source(empty_database, KONTA, time_zone="Europe/Warsaw"), tmp_path, tmp_path / "in")[0].sha256
    )


def test_an_update_meanwhile_is_not_seen(
    admin: psycopg.Connection[Any], empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.execute("CREATE TABLE konta AS SELECT 1 AS nr, 10 AS saldo")
    admin.execute("CREATE TABLE wplaty AS SELECT 1 AS nr, 10 AS kwota")
    real = PostgresSession.write

    def disturbed(self: PostgresSession, select: str, columns: Any, file: Any) -> None:
        real(self, select, columns, file)
        admin.execute("UPDATE konta SET saldo = 0")
        admin.execute("DELETE FROM wplaty")

    monkeypatch.setattr(PostgresSession, "write", disturbed)
    probe = source(empty_database, KONTA, {"name": "wplaty", "source": "wplaty", "key": ["nr"]})
    konta, wplaty = land(probe, tmp_path, tmp_path / "in")
    assert konta.path.read_text() == '"nr","saldo"\n"1","10"\n'
    assert wplaty.path.read_text() == '"nr","kwota"\n"1","10"\n'


def test_a_statement_that_takes_too_long_is_stopped(
    admin: psycopg.Connection[Any], empty_database: str, tmp_path: Path
) -> None:
    query = "SELECT 1 AS nr, pg_sleep(30)::text AS saldo"
    probe = source(empty_database, {"name": "konta", "query": query, "key": ["nr"]}, statement_timeout_seconds=1)
    begun = time.monotonic()
    with pytest.raises(SourceUnavailable, match="did not finish within 1 s"):
        land(probe, tmp_path, tmp_path / "in")
    assert time.monotonic() - begun < 10


def test_a_table_that_somebody_locks_may_be_free_later(
    admin: psycopg.Connection[Any], empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("extractors.databases.postgres.LOCK_SECONDS", 1)
    admin.execute("CREATE TABLE konta AS SELECT 1 AS nr, 10 AS saldo")
    with psycopg.connect(conninfo(empty_database)) as holder:
        holder.execute("LOCK TABLE konta IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(SourceUnavailable, match="lock timeout"):
            land(source(empty_database, KONTA), tmp_path, tmp_path / "in")


def test_a_connection_that_is_killed_leaves_nothing(
    admin: psycopg.Connection[Any], empty_database: str, tmp_path: Path
) -> None:
    admin.execute("CREATE TABLE wplaty AS SELECT g AS nr FROM generate_series(1, 1000) g")
    query = "SELECT nr, repeat('x', 20000) || pg_sleep(0.01)::text AS saldo FROM wplaty"
    probe = source(
        empty_database, {"name": "wplaty", "source": "wplaty", "key": ["nr"]},
        {"name": "konta", "query": query, "key": ["nr"]},
    )  # fmt: skip

    def kill() -> None:
        for _ in range(100):
            time.sleep(0.05)
            busy = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'COPY%pg_sleep%' AND state = 'active'"
            if found := admin.execute(busy).fetchone():
                time.sleep(0.5)
                admin.execute("SELECT pg_terminate_backend(%s)", found)
                break

    thread = threading.Thread(target=kill)
    thread.start()
    with pytest.raises(SourceUnavailable, match="does not answer: terminating connection"):
        land(probe, tmp_path, tmp_path / "in")
    thread.join()
    assert list((tmp_path / "in").iterdir()) == []


def test_a_refused_account_is_no_reason_to_try_again(empty_database: str, tmp_path: Path) -> None:
    url = sa.make_url(empty_database).set(database="nie_ma_takiej", password="bardzo tajne")
    with pytest.raises(SourceError, match="refused the account") as caught:
        land(source(url.render_as_string(hide_password=False), KONTA), tmp_path, tmp_path / "in")
    assert not caught.value.retryable
    assert "tajne" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["postgresql://u:ta/jne@host:x/db", "postgresql+brak://u:tajne@host/db", "tajne", "postgresql://u:tajne@host:ta"],
)
def test_a_url_that_cannot_be_used_is_told_without_its_password(tmp_path: Path, url: str) -> None:
    with pytest.raises(ContractError, match="the database URL of baza cannot be") as caught:
        land(source(url, KONTA), tmp_path, tmp_path / "in")
    assert "jne" not in str(caught.value)


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ({"source": "brak", "key": ["nr"]}, 'relation "brak" does not exist'),
        ({"source": "konta", "key": ["brak"]}, "has no column brak to order it by"),
        ({"source": "konta", "key": ["nr"], "watermark": "brak"}, "has no column brak as its watermark"),
        ({"query": "SELECT nr, nr FROM konta", "key": ["nr"]}, "has several columns nr"),
        ({"query": "DELETE FROM konta RETURNING nr", "key": ["nr"]}, "refused the query"),
        ({"query": "SELECT * FROM konta) TO PROGRAM 'id' --", "key": ["nr"]}, "refused the query"),
        ({"source": "konta", "key": ["saldo"], "mode": "snapshot_difference"}, "holds float values"),
        ({"query": "SELECT nr, 12345678901::bigint::int FROM konta", "key": ["nr"]}, "integer out of range"),
        ({"query": "SELECT nr, 'PESEL 44051401458'::int FROM konta", "key": ["nr"]}, r'"PE\*+"'),
    ],
)
def test_a_result_that_cannot_be_taken_stops(
    admin: psycopg.Connection[Any], empty_database: str, tmp_path: Path, result: dict[str, Any], message: str
) -> None:
    admin.execute("CREATE TABLE konta AS SELECT 1 AS nr, 0.1::float8 AS saldo")
    with pytest.raises(SourceError, match=message) as caught:
        land(source(empty_database, {"name": "konta", **result}), tmp_path, tmp_path / "in")
    assert not caught.value.retryable
    assert list((tmp_path / "in").iterdir()) == []
    assert admin.execute("SELECT count(*) FROM konta").fetchone() == (1,)


@pytest.mark.parametrize(
    ("page", "error", "message"),
    [("brak", ContractError, "brak"), ("cp1250", SourceError, "'я', which is no character of cp1250")],
)
def test_a_page_that_does_not_fit_is_told(
    admin: psycopg.Connection[Any], empty_database: str, tmp_path: Path, page: str, error: type[Exception], message: str
) -> None:
    query = {"name": "konta", "query": "SELECT 'я' AS nr, 1 AS saldo", "key": ["nr"]}
    with pytest.raises(error, match=message):
        land(source(empty_database, query, code_page=page), tmp_path, tmp_path / "in")


@pytest.mark.parametrize("end", ["", " ; ", " -- wszystko"])
def test_a_query_may_end_as_it_likes(
    admin: psycopg.Connection[Any], empty_database: str, tmp_path: Path, end: str
) -> None:
    admin.execute("CREATE TABLE konta AS SELECT 1 AS nr, 10 AS saldo")
    query = f"WITH k AS (SELECT nr, saldo, '10% :x' AS t FROM konta) SELECT * FROM k{end}"
    (konta,) = land(source(empty_database, {"name": "konta", "query": query, "key": ["nr"]}), tmp_path, tmp_path / "in")
    assert konta.path.read_text() == '"nr","saldo","t"\n"1","10","10% :x"\n'
