"""From a catalogue field to a warehouse column, so that the two never disagree.

A field keeps its name, its type, its length and its sentence of documentation (as the column's comment).

>>> from billing.model import ENTITIES
>>> gross = column(ENTITIES["invoice"].field("gross"))
>>> gross.type, gross.nullable, gross.comment
(Numeric(precision=18, scale=2), False, 'Gross total')
>>> staging_columns("tax_item")[:4]
[('invoice_key', 'varchar(64) COLLATE "C"'), ('vat_rate', 'text'), ('currency', 'text'), ('net', 'numeric(18, 2)')]
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import BigInteger, Column, Date, DateTime, Integer, Numeric, SmallInteger, String, Text
from sqlalchemy.types import TypeEngine

from billing.lineage import LINEAGE_NAMES
from billing.model import ENTITIES, Entity, Field, normalised_schema

KEY_TYPE = 'varchar({length}) COLLATE "C"'
"""Legacy keys are compared byte by byte: it is quicker, and no server's locale may change their order."""

_FIXED: dict[str, TypeEngine[Any]] = {
    "code": Text(),
    "integer": BigInteger(),
    "money": Numeric(18, 2),
    "rated": Numeric(18, 6),
    "date": Date(),
    "timestamp": DateTime(),
}
_STAGED = {
    "code": "text",
    "integer": "bigint",
    "money": "numeric(18, 2)",
    "rated": "numeric(18, 6)",
    "date": "date",
    "timestamp": "timestamp",
}


def column(field: Field, *, nullable: bool | None = None) -> Column[Any]:
    """The column that holds a field.

    Args:
        field: A field of the catalogue.
        nullable: Overrides the field's own `required`.
    """
    if field.type == "text":
        kind: TypeEngine[Any] = String(field.max_length, collation="C" if is_key(field.name) else None)
    else:
        kind = _FIXED[field.type]
    comment = f"{field.doc} ({field.unit})" if field.unit else field.doc
    return Column(field.name, kind, nullable=not field.required if nullable is None else nullable, comment=comment)


def carried(entity: Entity, *, without: frozenset[str] = frozenset()) -> Iterator[Column[Any]]:
    """Columns of every field of an entity that the warehouse keeps as it is, with what was delivered beside.

    Args:
        entity: The catalogue's entity.
        without: Fields that become ids, or that live in another table.
    """
    for field in entity.fields:
        if field.name in without or not field.loaded:
            continue
        yield column(field)
        if field.normaliser:
            yield Column(f"{field.name}_raw", Text(), comment=f"{field.doc}, as delivered")
            yield Column(f"{field.name}_status", Text(), comment=f"Verdict on {field.name}")


def lineage() -> list[Column[Any]]:
    """Where a row that has no crosswalk entry of its own came from, and when it was last written."""
    return [
        Column("file_id", Integer(), nullable=False, comment="Delivered file (control.source_file)"),
        Column("record_no", BigInteger(), nullable=False, comment="Record in the file, from 1"),
        Column("byte_offset", BigInteger(), nullable=False, comment="First byte of the record in the file"),
        Column("byte_length", Integer(), nullable=False, comment="Length of the record in bytes"),
        *stamp(),
    ]


def stamp() -> list[Column[Any]]:
    """Content hash and last writer of a row whose hash is not in the crosswalk."""
    return [
        Column("row_hash", BigInteger(), nullable=False, comment="Hash of the content; equal means unchanged"),
        batch(),
    ]


def batch() -> Column[Any]:
    """The batch that last wrote the row."""
    return Column("batch_id", Integer(), nullable=False, comment="Batch that last wrote the row (control.batch)")


def source() -> Column[Any]:
    """The source of a row, as the small number of `control.source`."""
    return Column("source_id", SmallInteger(), nullable=False, comment="Legacy source (control.source)")


def legacy_key(name: str, comment: str, *, nullable: bool = False, length: int = 64) -> Column[Any]:
    """A key of the legacy system that stays beside the consolidated id."""
    return Column(name, String(length, collation="C"), nullable=nullable, comment=comment)


def is_key(name: str) -> bool:
    """Whether a field is a legacy key (and not a folded matching key)."""
    return name in _KEYS


_KEYS = {name for e in ENTITIES.values() for name in e.key if name not in {"item_no", "vat_rate"}} | {
    "payer_subscriber_key",
    "plan_code",
}


def staging_columns(entity: str) -> list[tuple[str, str]]:
    """Name and SQL type of an entity's staging columns, lineage and what is not loaded left out.

    Types equal those of the target, so that the merge converts nothing.
    """
    fields = {f.name: f for f in ENTITIES[entity].fields}
    absent = {f"{f.name}{end}" for f in fields.values() if not f.loaded for end in ("", "_raw", "_status")}
    columns: list[tuple[str, str]] = []
    for name in normalised_schema(entity).names:
        if name in LINEAGE_NAMES or name in absent:
            continue
        field = fields.get(name)
        if field is None:
            columns.append((name, "text"))
        elif field.type != "text":
            columns.append((name, _STAGED[field.type]))
        elif is_key(name):
            columns.append((name, KEY_TYPE.format(length=field.max_length)))
        else:
            columns.append((name, f"varchar({field.max_length})"))
    return columns
