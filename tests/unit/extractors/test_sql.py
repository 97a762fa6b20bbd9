import sqlite3
from pathlib import Path

from extractor_probe import declare, run

from extractors.base import read_raw
from extractors.landing import land


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
