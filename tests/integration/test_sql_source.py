"""A source whose records come out of PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa

from billing.errors import SourceError
from billing.registry import Source
from billing.spec import SourceSpec
from extractors.base import FileFacts
from extractors.decode import decode
from extractors.landing import land


def source(url: str, *results: dict[str, Any]) -> Source:
    columns = {"account_key": "nr", "account_no": "nr", "subscriber_key": "nr", "closing_balance": "saldo"}
    spec = {
        "id": "probe",
        "title": "A database",
        "system": "test",
        "delivery": {"extracted_on": "2003-12-31"},
        "files": [{"name": "baza", "format": "sql", "url": url, "results": list(results)}],
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
