"""Rows a second through conform and normalise, by entity, on one core.

    python benchmarks/transform_speed.py [rows]

The batches are synthetic but shaped like legacy data: text dates and amounts with decimal commas, names in capitals,
numbers with trunk zero, house numbers with flats.
"""

from __future__ import annotations

import datetime as dt
import random
import sys
import time

import pyarrow as pa

from billing.lineage import LINEAGE, lineage_columns
from billing.spec import SourceSpec
from transforms.conform import conform
from transforms.lookups import Lookups
from transforms.normalise import normalise

BATCH = 65_536
LAST = ["KOWALSK", "NOWAK", "WIŚNIEWSK", "WÓJCIK", "KAMIŃSK", "LEWANDOWSK", "ZIELIŃSK", "SZYMAŃSK", "DĄBROWSK", "MAZUR"]
FIRST = ["JAN", "ANNA", "STANISŁAW", "MAŁGORZATA", "KRZYSZTOF", "AGNIESZKA", "ANDRZEJ", "BARBARA", "MARIA", "PIOTR"]
TAILS = ["", "-NOWAK", *(f"{a}{b}{c}" for a in "BCDGKLM" for b in "AEIOU" for c in "CKLNRSTWZ")]
STREETS = ["ul. Mickiewicza", "AL. 3 MAJA", "OS. PIASTÓW", "UL. ADAMA ASNYKA", "Rynek", "11 LISTOPADA"]

COMMA = {"decimal": ",", "thousands": " "}

SPEC = {
    "id": "bench", "title": "Bench", "system": "none", "zone": "12", "delivery": {"extracted_on": dt.date(2003, 9, 30)},
    "files": [
        {"name": name, "pattern": "*", "format": "delimited", "code_page": "cp1250"}
        for name in ("S", "A", "I", "L", "P")
    ],
    "entities": [
        {"name": "subscriber", "from": "S", "fields": {
            "subscriber_key": "ID", "name": "NAME", "pesel": "PESEL", "nip": "NIP", "phone": "PHONE", "email": "MAIL",
            "birth_date": {"column": "BORN", "format": "DD.MM.YYYY"},
            "status": {"column": "ST", "map": {"A": "active", "Z": "closed"}}}},
        {"name": "address", "from": "A", "fields": {
            "address_key": {"columns": ["ID", "ROLE"], "join": "-"}, "subscriber_key": "ID",
            "role": {"column": "ROLE", "map": {"K": "correspondence", "I": "installation"}},
            "street": "STREET", "house": "HOUSE", "postal_code": "CODE", "city": "CITY"}},
        {"name": "invoice", "from": "I", "fields": {
            "invoice_key": "NO", "invoice_no": "NO", "account_key": {"column": "ACC", "strip_zeros": True},
            "kind": {"value": "invoice"}, "currency": {"value": "PLN"},
            "issued_on": {"column": "D1", "format": "YYYYMMDD"}, "sold_on": {"column": "D2", "format": "YYYYMMDD"},
            "due_on": {"column": "D3", "format": "YYYYMMDD"}, "net": {"column": "N", **COMMA},
            "vat": {"column": "V", **COMMA}, "gross": {"column": "G", **COMMA}}},
        {"name": "invoice_item", "from": "L", "fields": {
            "invoice_key": "NO", "item_no": "POS", "description": "TXT", "quantity": {"column": "Q", "decimal": ","},
            "unit_price": {"column": "UP", "decimal": ","}, "vat_rate": "RATE",
            "currency": {"value": "PLN"}, "net": {"column": "N", **COMMA}, "vat": {"column": "V", **COMMA}}},
        {"name": "payment", "from": "P", "fields": {
            "payment_key": "ID", "account_key": "ACC", "currency": {"value": "PLN"},
            "paid_on": {"column": "D1", "format": "DD.MM.YYYY"},
            "amount": {"column": "N", "decimal": ","}, "channel": {"column": "CH", "map": {"B": "bank", "P": "post"}}}},
    ],
}  # fmt: skip


def _raw(table: str, rows: int, at: int, rng: random.Random) -> pa.RecordBatch:
    pick, numbers = rng.choices, range(at, at + rows)
    day = [f"{rng.randrange(1990, 2004)}{rng.randrange(1, 13):02}{rng.randrange(1, 29):02}" for _ in numbers]
    money = [f"{rng.randrange(0, 900)},{rng.randrange(100):02}" for _ in numbers]
    if table == "S":
        columns = {
            "ID": [f"{n:08}" for n in numbers],
            "NAME": [
                f"{a}{rng.choice('AI')}{rng.choice(TAILS)} {b}"
                for a, b in zip(pick(LAST, k=rows), pick(FIRST, k=rows), strict=True)
            ],
            "PESEL": (pesels := [_pesel(rng) for _ in numbers]),
            "NIP": [f"{rng.randrange(10**9, 10**10)}" if n % 10 == 0 else None for n in numbers],
            "PHONE": [
                f"(0-12) {rng.randrange(200, 899)} {rng.randrange(100):02} {rng.randrange(100):02}" for _ in numbers
            ],
            "MAIL": [f"user{n}@example.pl" if n % 7 == 0 else None for n in numbers],
            "BORN": [f"{p[4:6]}.{p[2:4]}.19{p[:2]}" for p in pesels],
            "ST": pick("AZ", k=rows),
        }
    elif table == "A":
        columns = {
            "ID": [f"{n:08}" for n in numbers], "ROLE": pick("KI", k=rows), "STREET": pick(STREETS, k=rows),
            "HOUSE": [f"{rng.randrange(1, 200)}{tail}" for tail in pick(["", "A", " m. 7", "/31", "B m. 12"], k=rows)],
            "CODE": [f"3{rng.randrange(10)}-{rng.randrange(1000):03}" for _ in numbers],
            "CITY": pick(["KRAKÓW", "Wieliczka", "NOWY SĄCZ", "Skawina"], k=rows),
        }  # fmt: skip
    elif table == "I":
        columns = {"NO": [f"FV/{n}/03" for n in numbers], "ACC": [f"{n % 9999:010}" for n in numbers],
                   "D1": day, "D2": day, "D3": day, "N": money, "V": money, "G": money}  # fmt: skip
    elif table == "L":
        columns = {"NO": [f"FV/{n // 4}/03" for n in numbers], "POS": [str(n % 4 + 1) for n in numbers],
                   "TXT": pick(["Abonament", "Rozmowy miejscowe", "Internet"], k=rows),
                   "Q": pick(["1", "27", "3"], k=rows),
                   "UP": pick(["35,00", "0,29", "0,0312"], k=rows), "RATE": pick(["22", "7", "ZW"], k=rows),
                   "N": money, "V": money}  # fmt: skip
    else:
        columns = {"ID": [str(n) for n in numbers], "ACC": [f"{n % 9999:010}" for n in numbers],
                   "D1": [f"{d[6:]}.{d[4:6]}.{d[:4]}" for d in day], "N": money, "CH": pick("BP", k=rows)}  # fmt: skip
    arrays = [pa.array(v, pa.string()) for v in columns.values()]
    where = pa.array(numbers, pa.int64())
    arrays += lineage_columns("bench", "0" * 64, where, where, where)
    return pa.RecordBatch.from_arrays(
        arrays, schema=pa.schema([*(pa.field(c, pa.string()) for c in columns), *LINEAGE])
    )


def _pesel(rng: random.Random) -> str:
    head = f"{rng.randrange(20, 85)}{rng.randrange(1, 13):02}{rng.randrange(1, 29):02}{rng.randrange(10_000):04}"
    return head + str(-sum(int(d) * w for d, w in zip(head, (1, 3, 7, 9) * 3, strict=False)) % 10)


def main(rows: int) -> None:
    """Print rows a second for each entity."""
    spec = SourceSpec.model_validate(SPEC)
    rng = random.Random(7)
    for mapping in spec.entities:
        batches = [_raw(mapping.table, min(BATCH, rows - at), at, rng) for at in range(0, rows, BATCH)]
        lookups = Lookups.of(spec)
        start = time.perf_counter()
        conformed = [conform(spec, mapping, batch, lookups) for batch in batches]
        middle = time.perf_counter()
        done = [normalise(spec, mapping.name, split.kept) for split in conformed]
        end = time.perf_counter()
        rejects = sum(s.rejects.num_rows for s in [*conformed, *done])
        print(
            f"{mapping.name:14} {rows:>9,} rows   conform {rows / (middle - start):>10,.0f}/s   "
            f"normalise {rows / (end - middle):>12,.0f}/s   reject rows {rejects:,}"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 262_144)
