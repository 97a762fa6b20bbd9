import datetime as dt
import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from extractor_probe import declare, run

from billing.errors import SourceError, SourceUnavailable
from extractors.base import read_raw
from extractors.databases import other
from extractors.databases.faults import Faults
from extractors.databases.result import Result
from extractors.databases.session import pieces
from extractors.databases.watermark import lower_bound
from extractors.delivery.landing import land


def test_rows_of_a_database_have_bytes_to_go_back_to(tmp_path: Path):
    (tmp_path / "probe").mkdir()
    with sqlite3.connect(tmp_path / "probe" / "b.db") as connection:
        connection.execute('CREATE TABLE konta ("NR" INTEGER, "SALDO" NUMERIC(10,2), "UWAGI" TEXT)')
        connection.executemany(
            "INSERT INTO konta VALUES (?, ?, ?)", [(n, n / 100, 'a "b"' if n % 2 else None) for n in range(3000)]
        )
    connection.close()
    result = {"name": "konta", "source": "konta", "key": ["NR"]}
    source = declare([{"name": "baza", "format": "sql", "pattern": "b.db", "results": [result]}])
    (dump,) = land(source, tmp_path, tmp_path / "in")
    got = run(source, dump, batch_rows=1000)
    assert got.facts.records == 3000
    assert got.rows()[101] == {"NR": "101", "SALDO": "1.01", "UWAGI": 'a "b"'}
    assert got.rows()[100] == {"NR": "100", "SALDO": "1", "UWAGI": None}
    place = got.tables["konta"].select(["byte_offset", "byte_length"]).to_pylist()[101]
    assert read_raw(dump, **place) == b'"101","1.01","a ""b"""\n'


class OperationalError(Exception):
    """As drivers of MariaDB raise it."""


def _numbered(number: int) -> Exception:
    return OperationalError(number, "what the server says")


def database(folder: Path, *statements: str) -> Path:
    """A delivery of one SQLite file."""
    (folder / "probe").mkdir()
    with closing(sqlite3.connect(folder / "probe" / "b.db")) as connection, connection:
        for statement in statements:
            connection.execute(statement)
    return folder / "probe" / "b.db"


def baza(**more):
    result = {"name": "konta", "source": "konta", "key": ["NR"], **more.pop("result", {})}
    if "query" in result:
        del result["source"]
    return declare([{"name": "baza", "format": "sql", "pattern": "b.db", "results": [result], **more}])


KONTA = "CREATE TABLE konta (NR, SALDO NUMERIC, UWAGI TEXT COLLATE NOCASE)"


def test_binary_floats_that_are_read_as_money_are_told(tmp_path: Path):
    database(tmp_path, KONTA, "INSERT INTO konta VALUES (1, 0.1, ''), (2, 3, ''), (3, 0.25, '')")
    (dump,) = land(baza(), tmp_path, tmp_path / "in")
    notes = run(baza(), dump).facts.notes
    assert any("SALDO, which is read as money, has 2 values of the storage class REAL" in note for note in notes)


def test_whole_numbers_and_texts_are_no_floats(tmp_path: Path):
    database(tmp_path, KONTA, "INSERT INTO konta VALUES (1, 3, '')", "CREATE TABLE x (y REAL)")
    (dump,) = land(baza(), tmp_path, tmp_path / "in")
    assert dump.extraction.notes == ()


def test_a_statement_that_takes_too_long_is_interrupted(tmp_path: Path):
    database(tmp_path, KONTA)
    endless = "WITH RECURSIVE n(NR) AS (SELECT 1 UNION ALL SELECT NR + 1 FROM n) SELECT NR, NR AS SALDO FROM n"
    with pytest.raises(SourceUnavailable, match="did not finish within 1 s: interrupted"):
        land(baza(result={"query": endless}, statement_timeout_seconds=1), tmp_path, tmp_path / "in")
    assert list((tmp_path / "in").iterdir()) == []


def test_texts_in_another_page_are_taken_as_they_are_stored(tmp_path: Path):
    names = ["ŻÓŁĆ", "ŁÓDŹ", "GĘŚ", "ŚWIĄTEK", "WÓJCIK", "KAMIŃSKI", "DĄBROWSKI", "ZIELIŃSKI"]
    path = database(tmp_path, "CREATE TABLE konta (NR INTEGER, SALDO TEXT, NAZWA TEXT)")
    with closing(sqlite3.connect(path)) as connection, connection:
        for number, name in enumerate(names):
            connection.execute("INSERT INTO konta VALUES (?, '1', CAST(? AS TEXT))", (number, name.encode("cp852")))
    probe = baza(code_page="cp852")
    (dump,) = land(probe, tmp_path, tmp_path / "in")
    assert [row["NAZWA"] for row in run(probe, dump).rows()] == names


@pytest.mark.parametrize(
    ("statement", "result", "message"),
    [
        ("INSERT INTO konta (NR) VALUES (1), ('a')", {"mode": "snapshot_difference"}, "holds integer and text values"),
        (
            "INSERT INTO konta (NR) VALUES (1), (1)",
            {"mode": "snapshot_difference"},
            "record 2: its key NR occurs twice",
        ),
        ("INSERT INTO konta (NR) VALUES (1), (2.5)", {"watermark": "BRAK"}, "no column BRAK as its watermark"),
        ("INSERT INTO konta (NR) VALUES (1), (x'00')", {"watermark": "NR"}, "holds bytes and integer values"),
    ],
)
def test_what_cannot_be_told_apart_by_key_stops(tmp_path: Path, statement: str, result: dict, message: str):
    database(tmp_path, KONTA, statement)
    with pytest.raises(SourceError, match=message):
        land(baza(result=result), tmp_path, tmp_path / "in")


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ({"query": "SELECT 1 AS NR", "source": "konta"}, "exactly one of source and query"),
        ({"watermark": "NR", "mode": "snapshot_difference"}, "has a watermark and a mode"),
        ({"overlap": 5}, "overlap belongs to a watermark"),
        ({"watermark": "NR", "overlap": -1}, "greater than or equal to 0"),
        ({"key": []}, "at least 1 item"),
    ],
)
def test_results_that_contradict_themselves_are_no_declaration(result: dict, message: str):
    whole = {"name": "konta", "source": "konta", "key": ["NR"], **result}
    with pytest.raises(ValueError, match=message):
        declare([{"name": "baza", "format": "sql", "pattern": "b.db", "results": [whole]}])


@pytest.mark.parametrize(
    ("text", "kind", "overlap", "bound"),
    [
        ("1200.50", "decimal", 1, "1199.50"),
        ("2003-10-31 08:00:00+02", "instant", 30, "2003-10-31 07:59:30+02:00"),
        ("9999-12-31 00:00:00", "timestamp", 0, "2004-01-01 00:00:00"),
        ("2003-10-31 09:00", "text", 60, "2003-10-31 08:59"),
        ("2003-10-31T09:00:00", "text", 0, "2003-10-31T09:00:00"),
        ("9999-12-31", "text", 0, "2003-12-31"),
        ("K-0017", "text", 0, "K-0017"),
    ],
)
def test_the_bound_of_a_watermark(text: str, kind, overlap: int, bound: str):
    assert lower_bound(text, kind, overlap, dt.date(2003, 12, 31)) == bound


@pytest.mark.parametrize(
    ("text", "kind", "overlap"),
    [("infinity", "timestamp", 0), ("0000-00-00", "date", 0), ("NaN", "decimal", 0), ("K-0017", "text", 1)],
)
def test_a_watermark_without_a_place_in_the_order_has_no_bound(text: str, kind, overlap: int):
    with pytest.raises(ValueError, match=r"isoformat|year|it is no number|an overlap needs"):
        lower_bound(text, kind, overlap, dt.date(2003, 12, 31))


def test_no_message_carries_a_password_or_a_long_number():
    url = sa.make_url("postgresql+psycopg://u:p%40ss%2Fword@host/db")
    faults = Faults({"source_id": "probe"}, url, 5, sqlite3.Error)
    error = RuntimeError("cannot connect with p@ss/word (p%40ss%2Fword) for 44051401458\nDETAIL: p@ss/word")
    assert faults.clean(error) == "cannot connect with *** (***) for 44*******"


def test_any_other_database_is_read_as_whole_tables_with_fewer_promises(tmp_path: Path):
    path = database(
        tmp_path, "CREATE TABLE konta (NR INTEGER, SALDO REAL, UWAGI TEXT)",
        "INSERT INTO konta VALUES (2, 0.1, 'a \"b\" :x'), (1, NULL, '')",
    )  # fmt: skip
    plain, marked = baza(), baza(result={"watermark": "NR"})
    with closing(sqlite3.connect(path)) as raw:
        engine = other.engine(sa.make_url(f"sqlite:///{path}"))
        with engine.connect() as connection:
            session = other.OtherSession(connection, plain.spec.files[0])
            made = [
                Result(source, source.spec.files[0], session, source.spec.files[0].results[0], engine.url, {})
                for source in (plain, marked)
            ]
            dump = made[0].land(tmp_path)
            with pytest.raises(SourceError, match="cannot be fetched by a watermark"):
                made[1].land(tmp_path)
        engine.dispose()
        assert raw.execute("SELECT count(*) FROM konta").fetchone() == (2,)
    assert dump.path.read_text() == '"NR","SALDO","UWAGI"\n"1",,""\n"2","0.1","a ""b"" :x"\n'
    first, second = dump.extraction.notes
    assert "those of the account" in first
    assert "SALDO, which is read as money, comes from the driver as a float" in second


@pytest.mark.parametrize(
    ("error", "retryable", "message"),
    [
        (psycopg.OperationalError("FATAL:  the database system is starting up"), True, "does not answer"),
        (psycopg.OperationalError("server closed the connection unexpectedly"), True, "does not answer"),
        (psycopg.OperationalError('FATAL:  database "x" does not exist'), False, "refused the account"),
        (psycopg.OperationalError('FATAL:  password authentication failed for user "x"'), False, "refused the account"),
        (psycopg.errors.AdminShutdown("terminating connection"), True, "does not answer"),
        (psycopg.errors.DeadlockDetected("deadlock detected"), True, "does not answer"),
        (psycopg.errors.QueryCanceled("canceling statement"), True, "did not finish within 5 s"),
        (psycopg.errors.InsufficientPrivilege("permission denied"), False, "refused the query"),
        (psycopg.errors.ReadOnlySqlTransaction("cannot execute"), False, "refused the query"),
        (psycopg.errors.CharacterNotInRepertoire("invalid byte"), False, "not in the database's encoding"),
        (_numbered(2013), True, "does not answer"),
        (_numbered(1205), True, "does not answer"),
        (_numbered(1969), True, "did not finish within 5 s"),
        (_numbered(1045), False, "refused the account"),
        (_numbered(1146), False, "refused the query"),
        (sqlite3.OperationalError("database is locked"), True, "does not answer"),
        (sqlite3.OperationalError("no such table: x"), False, "refused the query"),
        (sqlite3.DatabaseError("database disk image is malformed"), False, "refused the query"),
    ],
)
def test_what_a_refusal_means(error: Exception, retryable: bool, message: str):
    faults = Faults({"source_id": "probe"}, sa.make_url("postgresql://u@h/d"), 5, type(error))
    with pytest.raises(SourceError, match=message) as caught, faults.explained():
        raise error
    assert caught.value.retryable is retryable
    assert caught.value.remedy


def test_bytes_among_texts_are_flagged_and_not_taken_for_a_text(tmp_path: Path):
    database(
        tmp_path, KONTA, "INSERT INTO konta VALUES (1, 1, 'ffd8'), (2, 2, x'ffd8'), (3, x'31', 'c'), (4, 4, x''), "
        "(5, 5, NULL)",
    )  # fmt: skip
    (dump,) = land(baza(), tmp_path, tmp_path / "in")
    got = run(baza(), dump)
    assert [(row["NR"], row["UWAGI"]) for row in got.rows()] == [("1", "ffd8"), ("2", None), ("4", None), ("5", None)]
    told = [(r["record_no"], r["field"], r["reason"], r["level"], r["raw"]) for r in got.rejects]
    assert told == [
        (3, "UWAGI", "SQL-BYTES", "attribute", b"\xff\xd8"),
        (4, "SALDO", "SQL-BYTES", "record", b'"3","\x0031","c"\n'),  # an amount, so the record cannot go on
        (5, "UWAGI", "SQL-BYTES", "attribute", b""),
    ]
    assert "bytes (2) where other rows have a text" in got.rejects[0]["message"]


def test_a_column_of_nothing_but_bytes_is_hex_and_told_where_it_is_read(tmp_path: Path):
    database(
        tmp_path, "CREATE TABLE konta (NR BLOB, SALDO NUMERIC, ZDJECIE)",
        "INSERT INTO konta VALUES (x'0a', 1, x'ff'), (x'0b', 2, NULL)",
    )  # fmt: skip
    (dump,) = land(baza(), tmp_path, tmp_path / "in")
    got = run(baza(), dump)
    assert [(row["NR"], row["ZDJECIE"]) for row in got.rows()] == [("0a", "ff"), ("0b", None)]
    assert not got.rejects
    assert [note for note in dump.extraction.notes if "holds bytes" in note] == [
        "the column NR holds bytes, which are written in hex: where they are texts, cast it to a text in a query"
    ]


def test_bytes_in_a_column_of_numbers_are_no_number(tmp_path: Path):
    database(
        tmp_path, KONTA, "INSERT INTO konta VALUES (1, 0.1, ''), (2, x'31322e35', ''), (3, 0.30000000000000004, '')"
    )
    (dump,) = land(baza(), tmp_path, tmp_path / "in")
    got = run(baza(), dump)
    assert [row["SALDO"] for row in got.rows()] == ["0.1", "0.30000000000000004"]
    assert [r["reason"] for r in got.rejects] == ["SQL-BYTES"]


def test_large_rows_are_written_a_few_at_a_time():
    asked: list[int] = []

    def fetch(most: int) -> list[tuple[str]]:
        asked.append(most)
        return [("x" * 1_000_000,)] * min(most, 8) if len(asked) < 4 else []

    assert sum(map(len, pieces(fetch))) == 8_000_024 + 2 * 4 * 1_000_003
    assert asked == [256, 4, 4, 4]


def test_no_message_carries_a_value_that_could_not_be_cast():
    faults = Faults({"source_id": "probe"}, sa.make_url("postgresql+psycopg://u@host/db"), 5, psycopg.Error)
    error = psycopg.errors.InvalidTextRepresentation('invalid input syntax for type integer: "Kowalska "A""')
    assert faults.clean(error) == 'invalid input syntax for type integer: "K******* "A""'
    missing = psycopg.errors.UndefinedColumn('column "brak" does not exist')
    assert faults.clean(missing) == 'column "brak" does not exist'
