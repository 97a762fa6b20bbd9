"""A source and its tables for the tests of suites and gates: small, sound, and easy to damage."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pyarrow as pa

from billing.lineage import LINEAGE
from billing.model import ENTITIES, normalised_schema
from billing.spec import SourceSpec

SHA = "ab" * 32
NAMES = {SHA: "FAKTURY.CSV"}


def make_spec(entities: tuple[str, ...] = ("subscriber", "invoice", "invoice_item"), **changes: Any) -> SourceSpec:
    """A source whose raw tables are called like the entities, in capitals, one column a field."""
    return SourceSpec.model_validate(
        {
            "id": "krakow",
            "title": "Kraków",
            "system": "UNIX",
            "delivery": {"extracted_on": "2003-12-31"},
            "currencies": ["PLN", "PLZ"],
            "files": [
                {"format": "delimited", "code_page": "cp1250", "name": e.upper(), "pattern": "*"} for e in entities
            ],
            "entities": [
                {
                    "name": e,
                    "from": e.upper(),
                    "fields": {f.name: {"column": f.name.upper()} for f in ENTITIES[e].delivered},
                }
                for e in entities
            ],
            **changes,
        }
    )


def canonical_rows(entity: str, rows: int, **columns: Any) -> pa.Table:
    """Sound canonical rows.

    Args:
        entity: Entity.
        rows: Number of rows.
        columns: Column -> a value for every row, or a mapping of row number -> value for some rows.
    """
    schema = normalised_schema(entity)
    data: dict[str, list[Any]] = {}
    for field in schema:
        values = [_sound(entity, field, n) for n in range(rows)]
        given = columns.get(field.name)
        if isinstance(given, dict):
            for n, value in given.items():
                values[n] = value
        elif field.name in columns:
            values = [given] * rows
        data[field.name] = values
    return pa.table({f.name: pa.array(data[f.name], f.type) for f in schema}, schema=schema)


def raw_rows(entity: str, rows: int, **columns: Any) -> pa.Table:
    """Sound raw rows, every value a text; arguments as for `canonical_rows`, in capitals."""
    sound = canonical_rows(entity, rows)
    data: dict[str, Any] = {}
    for field in ENTITIES[entity].delivered:
        values = [None if v is None else str(v) for v in sound[field.name].to_pylist()]
        for n, value in columns.get(field.name.upper(), {}).items():
            values[n] = value
        data[field.name.upper()] = pa.array(values, pa.string())
    return pa.table(data | {name: sound[name] for name in LINEAGE.names})


def _sound(entity: str, field: pa.Field, n: int) -> Any:
    lineage = {
        "source_id": "krakow", "file_sha256": SHA, "record_no": n + 1, "byte_offset": n * 100, "byte_length": 100,
    }  # fmt: skip
    if field.name in lineage:
        return lineage[field.name]
    model = ENTITIES[entity]
    declared = next((f for f in model.fields if f.name == field.name), None)
    if field.name.endswith("_status"):
        return "missing"
    if declared is None or not (declared.required or field.name in model.key):
        return None
    if field.name == "item_no":
        return n + 1
    if declared.codes:
        return "PLN" if field.name == "currency" else declared.codes[0]
    by_type = {"money": Decimal("1.23"), "date": dt.date(2003, 5, 1), "integer": 1}
    return by_type.get(declared.type, f"{field.name}-{n}")
