"""A table from PostgreSQL: our path beside ADBC's, in one run.

    python benchmarks/sql_fetch.py [rows] [repeats]

A server of its own is started, filled with invoices, and read by processes of their own, in turn:

* `fetch`: the landing step, query to hashed dump on disk;
* `fetch to Arrow`: the same, and the dump read by `pyarrow.csv` into typed columns, amounts as decimal128;
* `whole path`: the landing step and the decoder: text columns, code page checked, every row with its bytes' place;
* `ADBC fetch`: `fetch_arrow_table` of the same query, amounts left as the texts that it gives;
* `ADBC to decimal`: the same, amounts cast to decimal128.

MB are those of the dump for everybody, so that MB/s compare the same work.  Peak memory is that of the whole process.
The best of the repeats counts; other work on the machine only ever slows a run down.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

AMOUNTS = ("netto", "vat", "brutto")
QUERY = "SELECT * FROM faktura ORDER BY id"
FILL = """
CREATE TABLE faktura AS SELECT g AS id, 'FV/' || g || '/03' AS numer, (g % 99991)::text AS konto,
    date '2003-01-01' + g % 300 AS wystawiona, date '2003-01-15' + g % 300 AS termin,
    (g % 90000 * 0.37)::numeric(12,2) AS netto, (g % 90000 * 0.0814)::numeric(12,2) AS vat,
    (g % 90000 * 0.4514)::numeric(12,2) AS brutto,
    CASE WHEN g % 3 = 0 THEN NULL ELSE 'Abonament miesięczny, rozmowy "lokalne"' END AS opis
FROM generate_series(1, {rows}) AS g
"""


def _landed(url: str, folder: Path) -> tuple[Any, Any]:
    from billing.registry import Source
    from billing.spec import Delivery, SourceSpec, Thresholds
    from extractors.delivery.landing import land

    result = {"name": "faktura", "source": "faktura", "key": ["id"]}
    file = {"name": "baza", "format": "sql", "url": url, "results": [result]}
    fields = {
        "account_key": "konto", "account_no": "konto", "subscriber_key": "konto", "currency": {"value": "PLN"},
        "closing_balance": "brutto",
    }  # fmt: skip
    spec = SourceSpec.model_validate(
        {
            "id": "bench", "title": "Bench", "system": "none", "delivery": Delivery(extracted_on="2003-12-31"),
            "thresholds": Thresholds(), "files": [file],
            "entities": [{"name": "account", "from": "faktura", "fields": fields}],
        }
    )  # fmt: skip
    source = Source(spec, folder)
    (landed,) = land(source, folder, folder / "in")
    return source, landed


def fetch(url: str, folder: Path) -> int:
    """Query to hashed dump."""
    _landed(url, folder)
    return 0


def fetch_to_arrow(url: str, folder: Path) -> int:
    """Query to dump to typed columns."""
    import pyarrow as pa
    import pyarrow.csv as pc

    _, landed = _landed(url, folder)
    options = pc.ConvertOptions(
        column_types={"id": pa.int64(), "wystawiona": pa.date32(), "termin": pa.date32(), "numer": pa.string(),
                      "konto": pa.string(), "opis": pa.string(), **dict.fromkeys(AMOUNTS, pa.decimal128(12, 2))},
        strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""],
    )  # fmt: skip
    return int(pc.read_csv(landed.path, convert_options=options).num_rows)


def whole_path(url: str, folder: Path) -> int:
    """Query to dump to raw batches, as the pipeline does it."""
    from extractors.base import FileFacts
    from extractors.decode import decode

    source, landed = _landed(url, folder)
    batches = decode(source, source.spec.file("baza"), landed, FileFacts(), batch_rows=65_536)
    return sum(split.kept.num_rows for split in batches)


def adbc_fetch(url: str, folder: Path) -> int:
    """ADBC as it comes."""
    return int(_adbc(url).num_rows)


def adbc_to_decimal(url: str, folder: Path) -> int:
    """ADBC, and its texts as amounts."""
    import pyarrow as pa

    table = _adbc(url)
    for name in AMOUNTS:
        column = table[name]
        chunks = [getattr(chunk, "storage", chunk).cast(pa.decimal128(12, 2)) for chunk in column.chunks]
        table = table.set_column(table.schema.get_field_index(name), name, pa.chunked_array(chunks))
    return int(table.num_rows)


def _adbc(url: str) -> Any:
    from adbc_driver_postgresql import dbapi

    plain = url.replace("postgresql+psycopg://", "postgresql://")
    with dbapi.connect(plain) as connection, connection.cursor() as cursor:
        cursor.execute(QUERY)
        return cursor.fetch_arrow_table()


WAYS: dict[str, Callable[[str, Path], int]] = {
    "fetch": fetch,
    "fetch to Arrow": fetch_to_arrow,
    "whole path": whole_path,
    "ADBC fetch": adbc_fetch,
    "ADBC to decimal": adbc_to_decimal,
}
PEERS = {"fetch": "ADBC fetch", "fetch to Arrow": "ADBC to decimal", "whole path": "ADBC to decimal"}


def child(way: str, url: str) -> None:
    """One measurement in this process; imports are not part of it, the connection is."""
    import pyarrow.csv  # noqa: F401 - imported before the clock starts

    if way.startswith("ADBC"):
        import adbc_driver_postgresql.dbapi  # noqa: F401 - imported before the clock starts
    else:
        import psycopg  # noqa: F401 - imported before the clock starts

        import extractors.decode
        import extractors.delivery.landing  # noqa: F401 - imported before the clock starts
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        WAYS[way](url, Path(folder))
        seconds = time.perf_counter() - begun
        size = sum(path.stat().st_size for path in Path(folder).rglob("*.csv"))
    status = Path("/proc/self/status").read_text()
    peak = next(int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmHWM"))
    print(json.dumps({"seconds": seconds, "bytes": size, "peak": peak}))


def main(rows: int, repeats: int) -> None:
    """Print a line for each way."""
    import psycopg

    from loaders.warehouse import conninfo
    from pipeline import postgres

    best: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as home, postgres.serving(Path(home)) as server:
        url = server.url("postgres")
        with psycopg.connect(conninfo(url), autocommit=True) as admin:
            admin.execute(FILL.format(rows=rows))
            admin.execute("ALTER TABLE faktura ADD PRIMARY KEY (id)")
            admin.execute("VACUUM ANALYZE faktura")
        for _ in range(repeats):
            for way in WAYS:  # in turn, so that a busy minute hits all of them
                command = [sys.executable, __file__, "--child", way, url]
                told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                if way not in best or told["seconds"] < best[way]["seconds"]:
                    best[way] = told
    megabytes = best["fetch"]["bytes"] / 1e6
    print(f"{rows:,} rows, {megabytes:.1f} MB of dump, best of {repeats}")
    for way, told in best.items():
        ratio = f"{told['seconds'] / best[PEERS[way]]['seconds']:5.2f} x {PEERS[way]}" if way in PEERS else ""
        print(
            f"{way:16} {told['seconds']:7.2f} s {megabytes / told['seconds']:8.1f} MB/s "
            f"{rows / told['seconds']:>11,.0f} records/s  peak {told['peak']:>5} MiB  {ratio}"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:4])
    else:
        numbers = [int(argument) for argument in sys.argv[1:3]]
        main(*(numbers + [1_000_000, 3][len(numbers) :]))
