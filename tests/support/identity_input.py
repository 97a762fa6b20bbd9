"""Small normalised inputs for identity: what a test says is present, everything else is missing."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from billing.model import normalised_schema
from transforms.identity import IdentityResult, resolve
from transforms.vocabulary import given_names


@dataclass(frozen=True)
class Rec:
    """One subscriber record.

    `name` is "FIRST LAST"; `home` is (locality, street, building, flat); a status other than `ok` is given as
    `status={"pesel": "suspect"}`.
    """

    source: str
    key: str
    name: str = ""
    pesel: str | None = None
    born: str | None = None
    home: tuple[str | None, str | None, str | None, str | None] | None = None
    phone: str | None = None
    email: str | None = None
    nip: str | None = None
    regon: str | None = None
    document: str | None = None
    company: str | None = None
    kind: str | None = None
    sex: str | None = None
    updated: str | None = None
    segment: str | None = None
    role: str = "installation"
    status: tuple[tuple[str, str], ...] = ()


def pesel(born: str, serial: int = 100, male: bool = False) -> str:
    """A valid PESEL of somebody born on `born` (ISO date), told apart by `serial` (0..499)."""
    day = dt.date.fromisoformat(born)
    month = day.month + (20 if day.year >= 2000 else 0)
    body = f"{day.year % 100:02}{month:02}{day.day:02}{serial:03}{int(male)}"
    weights = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
    return body + str(-sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 10)


def in_world(rec: Rec, world: int) -> Rec:
    """The record in a world of its own, so that many cases fit into one run without meeting each other.

    Family names and firms of six letters or more, homes and numbers are marked with the world, alike in all its
    records; given names and dates stay as they are.
    """
    mark = chr(65 + world // 26) + chr(65 + world % 26)

    def marked(text: str) -> str:
        return re.sub(r"[A-Z]{6,}", lambda word: word[0] if word[0].lower() in given_names() else mark + word[0], text)

    def numbered(digits: str | None, at: int) -> str | None:
        return digits and f"{digits[:at]}{(int(digits[at : at + 3]) + world) % 1000:03}{digits[at + 3 :]}"

    return replace(
        rec,
        key=f"{world:03}-{rec.key}",
        name=marked(rec.name),
        company=rec.company and marked(rec.company),
        pesel=numbered(rec.pesel, 6),
        nip=numbered(rec.nip, 3),
        regon=numbered(rec.regon, 3),
        document=numbered(rec.document, len(rec.document) - 3) if rec.document else None,
        phone=numbered(rec.phone, 8),
        email=rec.email and f"{world}{rec.email}",
        home=rec.home and (f"{rec.home[0]}{world}", *rec.home[1:]),
    )


def _row(schema: pa.Schema, given: dict[str, Any], number: int) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(schema.names)
    row |= given | {"file_sha256": "0" * 64, "record_no": number, "byte_offset": 0, "byte_length": 1}
    return row


def _subscriber(rec: Rec) -> dict[str, Any]:
    first, _, last = rec.name.partition(" ")
    date = dt.date.fromisoformat
    row: dict[str, Any] = {
        "source_id": rec.source,
        "subscriber_key": rec.key,
        "kind": rec.kind or ("company" if rec.company else "person"),
        "first_name": first.title() or None,
        "last_name": last.title() or None,
        "first_name_key": first.lower() or None,
        "last_name_key": last.lower() or None,
        "company_name": rec.company,
        "company_key": rec.company.lower() if rec.company else None,
        "document": rec.document,
        "document_kind": "id_card" if rec.document else None,
        "birth_date": date(rec.born) if rec.born else None,
        "sex": rec.sex,
        "segment": rec.segment,
        "updated_on": date(rec.updated) if rec.updated else None,
    }
    for name in ("pesel", "nip", "regon", "phone", "email"):
        value = getattr(rec, name)
        row |= {name: value, f"{name}_raw": value, f"{name}_status": "ok" if value else "missing"}
    row |= {f"{name}_status": status for name, status in rec.status}
    return row


def _address(rec: Rec) -> dict[str, Any]:
    locality, street, building, flat = rec.home or (None, None, None, None)
    return {
        "source_id": rec.source,
        "address_key": f"{rec.key}|{rec.role}",
        "subscriber_key": rec.key,
        "role": rec.role,
        "locality_key": locality,
        "street_key": street,
        "building": building,
        "flat": flat,
    }


def write_input(recs: Sequence[Rec], folder: Path, parts: int = 1) -> tuple[list[str], list[str]]:
    """Write records as normalised Parquet, cut into `parts` files of each kind; return the files' names."""
    folder.mkdir(parents=True, exist_ok=True)
    names: dict[str, list[str]] = {"subscriber": [], "address": []}
    for part in range(parts):
        mine = list(recs[part::parts])
        rows = {"subscriber": [_subscriber(r) for r in mine], "address": [_address(r) for r in mine if r.home]}
        for entity, given in rows.items():
            schema = normalised_schema(entity)
            table = pa.Table.from_pylist([_row(schema, row, i) for i, row in enumerate(given, 1)], schema=schema)
            path = folder / f"{entity}-{part}.parquet"
            pq.write_table(table, path)
            names[entity].append(str(path))
    return names["subscriber"], names["address"]


def resolve_recs(recs: Sequence[Rec], folder: Path, *, parts: int = 1, **options: Any) -> IdentityResult:
    """`resolve` over records; trust is 1 for source `a`, 2 for `b` and so on unless given."""
    subscribers, addresses = write_input(recs, folder / "input", parts)
    trust = options.pop("trust", {chr(97 + i): i + 1 for i in range(9)})
    return resolve(subscribers, addresses, trust, folder / "out", **options)


def groups(result: IdentityResult) -> set[frozenset[str]]:
    """The clusters as sets of `source|key`."""
    found: dict[str, set[str]] = {}
    for row in pq.read_table(result.clusters).to_pylist():
        found.setdefault(row["cluster_key"], set()).add(f"{row['source_id']}|{row['subscriber_key']}")
    return {frozenset(members) for members in found.values()}


def edges(result: IdentityResult) -> dict[tuple[str, str], tuple[str, str]]:
    """Written edges: (left, right) -> (outcome, reason)."""
    return {
        (f"{r['left_source_id']}|{r['left_key']}", f"{r['right_source_id']}|{r['right_key']}"): (
            r["outcome"],
            r["reason"],
        )
        for r in pq.read_table(result.edges).to_pylist()
    }
