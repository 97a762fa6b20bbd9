"""Subscriber records as they were loaded last, one by one: what a person has to see to decide on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb

from audit.trace import masked
from billing.decisions import RecordRef
from pipeline.context import Context
from pipeline.published import published
from pipeline.store import Manifest

FIELDS = (
    "kind", "first_name", "last_name", "name", "company_name", "pesel", "nip", "regon", "krs", "document",
    "birth_date", "sex", "phone", "email",
)  # fmt: skip
CHECKED = ("pesel", "nip", "regon", "phone", "email")  # compared only where they are sound
_LEFT_OUT = ("suspect", "unparsed", "filler")
ADDRESS = ("postal_code", "locality", "street_name", "building", "flat")


def shared_fields(*values: Mapping[str, str]) -> list[str]:
    """Names of the values that records have, in the catalogue's order, addresses last."""
    names = dict.fromkeys(name for one in values for name in one)
    return sorted(names, key=lambda name: FIELDS.index(name) if name in FIELDS else len(FIELDS))


def loaded_link(ctx: Context) -> Manifest | None:
    """The link step behind what this store loaded last; None where it loaded nothing."""
    known = ctx.store.state("loaded")
    return None if known is None else ctx.store.manifest(ctx.store.manifest(known["batch"]).inputs[0])


def loaded_weights(ctx: Context) -> str | None:
    """Version of the weights behind the pairs in the warehouse; None where this store did not load them."""
    from pipeline.loading import still_loaded

    link, known = loaded_link(ctx), ctx.store.state("loaded")
    if link is None or known is None or not still_loaded(ctx, known):
        return None
    return str(link.facts["figures"]["weights_version"])


def loaded_tables(ctx: Context) -> dict[str, Manifest]:
    """Source -> the tables that stand behind what is loaded; empty where this store did not load it."""
    link = loaded_link(ctx)
    return {} if link is None else published(ctx, ctx.store.manifest(link.inputs[0]))


def files_of(ctx: Context, tables: Mapping[str, Manifest], entity: str) -> list[str]:
    """Local paths of an entity's files."""
    return [str(ctx.store.local_path(m.tables[entity].path)) for m in tables.values() if entity in m.tables]


def record_values(
    ctx: Context, refs: Iterable[RecordRef], *, reveal: bool = False, more: Sequence[str] = ()
) -> dict[RecordRef, dict[str, str]]:
    """The values of records, as normalised; a record that is not in this store is left out.

    Args:
        ctx: The process's context.
        refs: Which records.
        reveal: In clear; otherwise masked.
        more: Fields of the subscriber beside `FIELDS`.
    """
    wanted = sorted(set(refs))
    sources = {ref.source_id for ref in wanted}
    tables = {name: manifest for name, manifest in loaded_tables(ctx).items() if name in sources}
    found: dict[RecordRef, dict[str, str]] = {}
    if not wanted or not tables:
        return found
    con = duckdb.connect(config={"threads": "1"})
    try:
        for row in _rows(con, files_of(ctx, tables, "subscriber"), wanted, (*FIELDS, *more)):
            values = {name: str(row[name]) for name in (*FIELDS, *more) if row.get(name) not in (None, "")}
            found[_ref(row)] = values if reveal else masked(values)
        for row in _rows(con, files_of(ctx, tables, "address"), wanted, ("role", *ADDRESS)):
            parts = {name: str(row[name]) for name in ADDRESS if row.get(name) not in (None, "")}
            shown = " ".join((parts if reveal else masked(parts)).values())
            if shown and _ref(row) in found:
                found[_ref(row)].setdefault(f"{row['role']} address", shown)
    finally:
        con.close()
    return found


def uncompared(ctx: Context, refs: Iterable[RecordRef]) -> dict[RecordRef, dict[str, str]]:
    """Record -> field -> id of the rule by which its value was doubted or refused, so that identity leaves it out."""
    wanted = sorted(set(refs))
    sources = {ref.source_id for ref in wanted}
    tables = {name: manifest for name, manifest in loaded_tables(ctx).items() if name in sources}
    statuses = [f"{name}_status" for name in CHECKED]
    found: dict[RecordRef, dict[str, str]] = {}
    con = duckdb.connect(config={"threads": "1"})
    try:
        for row in _rows(con, files_of(ctx, tables, "subscriber"), wanted, (*statuses, "rules")):
            rules = dict(note.split("=", 1) for note in (row["rules"] or "").split())
            left = {n: rules.get(n, row[f"{n}_status"]) for n in CHECKED if row[f"{n}_status"] in _LEFT_OUT}
            if left:
                found[_ref(row)] = left
    finally:
        con.close()
    return found


def _rows(
    con: duckdb.DuckDBPyConnection, files: Sequence[str], refs: Sequence[RecordRef], columns: Sequence[str]
) -> list[dict[str, Any]]:
    if not files:
        return []
    return (
        con.sql(
            f"SELECT source_id, subscriber_key, {', '.join(columns)} FROM read_parquet($files, union_by_name = true) "
            "WHERE (source_id, subscriber_key) IN (SELECT unnest($sources), unnest($keys)) ORDER BY ALL",
            params={
                "files": list(files),
                "sources": [ref.source_id for ref in refs],
                "keys": [ref.subscriber_key for ref in refs],
            },
        )
        .to_arrow_table()
        .to_pylist()
    )


def _ref(row: Mapping[str, Any]) -> RecordRef:
    return RecordRef(row["source_id"], row["subscriber_key"])
