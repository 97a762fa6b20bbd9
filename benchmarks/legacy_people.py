"""Subscribers and addresses as legacy systems write them, conformed, for the benchmark of the normalisers.

Names, streets and places are drawn from the lists of `samples/data` with their frequencies; a few values in a hundred
have the faults that the rules exist for.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from billing.lineage import lineage_columns
from billing.model import conformed_schema
from samples.lists import WeightedList, given_names, localities, streets, surnames

BATCH = 65_536
ZONE = 12
PESEL_WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)


def write(folder: Path, part: int, rows: int) -> dict[str, Path]:
    """Write one partition: entity -> its Parquet file."""
    rng = np.random.default_rng([20030930, part])
    paths = {entity: folder / f"{entity}-{part}.parquet" for entity in ("subscriber", "address")}
    makers = {"subscriber": _subscribers, "address": _addresses}
    for entity, path in paths.items():
        with pq.ParquetWriter(path, conformed_schema(entity), compression="zstd") as writer:
            for at in range(0, rows, BATCH):
                writer.write_batch(_conformed(entity, makers[entity](rng, min(BATCH, rows - at)), at))
    return paths


def _conformed(entity: str, columns: dict[str, pa.Array], at: int) -> pa.RecordBatch:
    rows = len(next(iter(columns.values())))
    numbers = pa.array(np.arange(at, at + rows))
    keys = pc.utf8_lpad(numbers.cast(pa.string()), 8, "0")
    columns = columns | {"subscriber_key": keys, "address_key": keys, "role": pa.repeat("registered", rows)}
    schema = conformed_schema(entity)
    lineage = lineage_columns("bench", "0" * 64, numbers, numbers, numbers.cast(pa.int32()))
    columns |= dict(zip(schema.names[-len(lineage) :], lineage, strict=True))
    return pa.RecordBatch.from_arrays([columns.get(f.name, pa.nulls(rows, f.type)) for f in schema], schema=schema)


def _drawn(rng: np.random.Generator, source: WeightedList, column: str, rows: int) -> pa.Array:
    at = np.searchsorted(source.cumulative, rng.integers(0, source.cumulative[-1], rows), side="right")
    return pa.array(source[column], pa.string()).take(pa.array(at))


def _mixed(rng: np.random.Generator, choices: list[tuple[int, pa.Array]]) -> pa.Array:
    """Of each row one of the columns, by their weights in hundredths."""
    rows = len(choices[0][1])
    limits = np.cumsum([weight for weight, _ in choices])
    chosen = np.searchsorted(limits, rng.integers(0, limits[-1], rows), side="right")
    return pc.choose(pa.array(chosen), *(column for _, column in choices))


def _joined(*parts: pa.Array | str) -> pa.Array:
    return pc.binary_join_element_wise(*parts, "")


def _digits(rng: np.random.Generator, low: int, high: int, rows: int) -> pa.Array:
    """Numbers as text, with the zeros of the largest one's width before them."""
    return pc.utf8_lpad(pa.array(rng.integers(low, high, rows)).cast(pa.string()), len(str(high - 1)), "0")


def _nothing(rows: int) -> pa.Array:
    return pa.nulls(rows, pa.string())


def _subscribers(rng: np.random.Generator, rows: int) -> dict[str, pa.Array]:
    male = rng.random(rows) < 0.5
    by_sex = {sex: _drawn(rng, given_names(sex), "name", rows) for sex in "MF"}
    first = pc.utf8_upper(pc.if_else(pa.array(male), by_sex["M"], by_sex["F"]))
    forms = [pc.utf8_upper(_drawn(rng, surnames(), form, rows)) for form in ("male", "female", "female")]
    last = pc.if_else(pa.array(male), forms[0], forms[1])
    name = _mixed(rng, [
        (84, _joined(last, " ", first)), (5, _joined(first, " ", last)), (3, _joined(last, "-", forms[2], " ", first)),
        (2, _joined("dr ", last, " ", first)), (2, _joined(last, " ", first, " ZM.")),
        (2, _joined("P.H.U. ", first, " ", last)), (2, _joined('"', last, '" SP. Z O.O.')),
    ])  # fmt: skip
    born = (np.datetime64("1930-01-01") + rng.integers(0, 19_000, rows)).astype("datetime64[D]")
    pesel = _pesels(rng, born, male)
    birth = born + (rng.random(rows) < 0.005)
    local = _joined(_digits(rng, 200, 900, rows), "-", _digits(rng, 0, 100, rows), "-", _digits(rng, 0, 100, rows))
    phone = _mixed(rng, [
        (50, _joined("(0-12) ", local)), (20, local), (10, _joined("602 ", _digits(rng, 0, 1_000_000, rows))),
        (4, _joined(local, " w. ", _digits(rng, 1, 100, rows))), (4, _joined("0 1033 12 ", local)),
        (1, _digits(rng, 0, 1_000_000, rows)), (1, pa.repeat("000000000", rows)), (10, _nothing(rows)),
    ])  # fmt: skip
    mail = _joined(pc.utf8_lower(first), _digits(rng, 0, 100_000, rows), "@example.pl")
    card = _joined("ABA", _digits(rng, 0, 1_000_000, rows))
    return {
        "name": name,
        "pesel": _mixed(rng, [(90, pesel), (1, pc.utf8_slice_codeunits(pesel, 1)), (1, pa.repeat("00000000000", rows)),
                              (8, _nothing(rows))]),
        "birth_date": pa.array(birth.astype("datetime64[D]")),
        "nip": _mixed(rng, [(8, _digits(rng, 10**9, 10**10, rows)), (92, _nothing(rows))]),
        "document": _mixed(rng, [(15, card), (15, _joined("DB ", _digits(rng, 0, 10**7, rows))), (70, _nothing(rows))]),
        "phone": phone,
        "email": _mixed(rng, [(14, mail), (1, _joined(pc.replace_substring(mail, "@", "(at)"))), (85, _nothing(rows))]),
    }  # fmt: skip


def _pesels(rng: np.random.Generator, born: np.ndarray, male: np.ndarray) -> pa.Array:
    year = born.astype("datetime64[Y]").astype(int) + 1970
    month = born.astype("datetime64[M]").astype(int) % 12 + 1
    day = (born - born.astype("datetime64[M]")).astype(int) + 1
    serial = rng.integers(0, 5_000, len(born)) * 2 + male
    head = ((year % 100 * 100 + month) * 100 + day) * 10_000 + serial
    check = np.zeros(len(born), np.int64)
    for position, weight in enumerate(PESEL_WEIGHTS):
        check += head // 10 ** (9 - position) % 10 * weight
    check = (-check + (rng.random(len(born)) < 0.01)) % 10  # one in a hundred mistyped
    return pc.utf8_lpad(pa.array(head * 10 + check).cast(pa.string()), 11, "0")


def _addresses(rng: np.random.Generator, rows: int) -> dict[str, pa.Array]:
    at = rng.integers(0, len(streets()["main"]), rows)
    kind, rest, main = (pa.array(streets()[c], pa.string()).take(pa.array(at)) for c in ("kind", "rest", "main"))
    street = _mixed(rng, [
        (50, pc.utf8_upper(_joined(kind, " ", main))), (25, _joined(main, " ", rest)), (25, _joined(kind, " ", main)),
    ])  # fmt: skip
    number, flat = _digits(rng, 1, 200, rows), _digits(rng, 1, 80, rows)
    house = _mixed(rng, [
        (45, number), (30, _joined(number, "/", flat)), (15, _joined(number, " m. ", flat)), (5, _joined(number, "A")),
        (3, _joined("bl. ", number, " m. ", flat)), (1, _joined("dz. ", number)), (1, pa.repeat("za kościołem", rows)),
    ])  # fmt: skip
    city = _drawn_any(rng, rows)
    office = _joined(city, " ", _digits(rng, 1, 30, rows))
    code = _joined("3", _digits(rng, 0, 10, rows), "-", _digits(rng, 0, 1000, rows))
    return {
        "street": street, "house": house,
        "city": _mixed(rng, [(80, pc.utf8_upper(city)), (15, city), (5, office)]),
        "postal_code": _mixed(rng, [(90, code), (8, pc.replace_substring(code, "-", "")), (2, _nothing(rows))]),
        "voivodeship": pa.repeat("krakowskie", rows),
    }  # fmt: skip


def _drawn_any(rng: np.random.Generator, rows: int) -> pa.Array:
    places = pa.array(localities(ZONE)["locality"], pa.string())
    return places.take(pa.array(rng.integers(0, len(places), rows)))
