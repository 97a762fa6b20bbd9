"""Names, streets and places to draw from, with how often each occurs (the CSV files of `samples/data`)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache

import numpy as np

from samples.draw import Array, Ints
from samples.plan import DATA


@dataclass(frozen=True)
class WeightedList:
    """Columns of texts that belong together, and cumulated weights for `Draw.weighted`."""

    columns: dict[str, Array]
    cumulative: Ints

    def __getitem__(self, column: str) -> Array:
        return self.columns[column]


def _read(name: str, **wanted: str) -> WeightedList:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        rows = [r for r in csv.DictReader(file) if all(r[k] == v for k, v in wanted.items())]
    columns = {key: np.array([r[key] for r in rows]) for key in rows[0] if key != "weight"}
    return WeightedList(columns, np.cumsum([int(r["weight"]) for r in rows], dtype=np.int64))


@cache
def surnames() -> WeightedList:
    """Family names: `male` and `female` form."""
    return _read("surnames.csv")


@cache
def given_names(sex: str) -> WeightedList:
    """Given names of a sex, `F` or `M`: `name`."""
    return _read("given_names.csv", sex=sex)


@cache
def streets() -> WeightedList:
    """Streets: `kind` (ul., al. ...), `rest` (given names and titles) and `main` word."""
    return _read("streets.csv")


@cache
def localities(zone: int) -> WeightedList:
    """Places of a numbering zone: `locality`, `postal_code` (of the city only its first two digits), `kind`."""
    return _read("localities.csv", zone=str(zone))


@cache
def given_name_samples() -> Array:
    """Short trade names that small firms give themselves."""
    return np.array(
        ["ELA", "BASIA", "MAREK", "ANNA", "KASIA", "JANTAR", "BURSZTYN", "SŁONECZKO", "RÓŻA", "ZORZA", "ŻBIK", "IRYS",
         "MAJA", "DELTA", "ORION", "PEGAZ", "JUBILAT", "KŁOS", "ŚWIT", "JUTRZENKA", "GOŚKA", "MIRAŻ"]
    )  # fmt: skip
