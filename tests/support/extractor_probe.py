"""A declared source around one file, and a file decoded in one go."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from billing.lineage import REJECTS
from billing.registry import Source
from billing.spec import SourceSpec
from extractors.base import FileFacts, LandedFile
from extractors.decode import decode


@dataclass
class Decoded:
    """Everything that a decoder said about a file."""

    tables: dict[str, pa.Table]
    rejects: list[dict[str, Any]]
    facts: FileFacts
    landed: LandedFile

    def rows(self, table: str = "konta") -> list[dict[str, Any]]:
        """Rows without their lineage."""
        return self.tables[table].select(self.tables[table].column_names[:-5]).to_pylist()

    def raw(self, table: str = "konta") -> list[bytes]:
        """The bytes that each row's lineage points to."""
        data = self.landed.path.read_bytes()
        places = self.tables[table].select(["byte_offset", "byte_length"]).to_pylist()
        return [data[p["byte_offset"] : p["byte_offset"] + p["byte_length"]] for p in places]


def declare(files: list[dict[str, Any]], *, table: str = "konta", key: str = "NR", amount: str = "SALDO") -> Source:
    """A source whose accounts have their key and amount in two columns of `table`; both are critical."""
    fields = {
        "account_key": key,
        "account_no": key,
        "subscriber_key": key,
        "currency": {"value": "PLN"},
        "closing_balance": {"column": amount, "decimal": ","},
    }
    spec = {
        "id": "probe",
        "title": "A source of one test",
        "system": "test",
        "delivery": {"extracted_on": "2003-12-31"},
        "files": files,
        "entities": [{"name": "account", "from": table, "fields": fields}],
    }
    return Source(SourceSpec.model_validate(spec), Path("sources/probe"))


def landed(path: Path, name: str = "konta") -> LandedFile:
    """A file as landing would hand it over."""
    data = path.read_bytes()
    return LandedFile(path=path, name=path.name, sha256=hashlib.sha256(data).hexdigest(), size=len(data), file=name)


def run(source: Source, file: LandedFile, *, batch_rows: int = 1000) -> Decoded:
    """Decode a landed file and put its batches together."""
    facts = FileFacts()
    splits = list(decode(source, source.spec.file(file.file), file, facts, batch_rows=batch_rows))
    assert all(s.kept.num_rows <= batch_rows for s in splits)
    tables: dict[str, pa.Table] = {}
    for name in {s.table for s in splits}:
        tables[name] = pa.Table.from_batches([s.kept for s in splits if s.table == name])
    for table in tables.values():
        table.validate(full=True)
    rejects = pa.Table.from_batches([s.rejects for s in splits], schema=REJECTS)
    return Decoded(tables, rejects.sort_by("record_no").to_pylist(), facts, file)
