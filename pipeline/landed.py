"""Back from any step to the bytes that its rows came from."""

from __future__ import annotations

import pyarrow as pa

from extractors.base import LandedFile, read_raw
from extractors.databases.extraction import Extraction
from pipeline.context import Context
from pipeline.store import Manifest


def chain(ctx: Context, manifest: Manifest) -> dict[str, Manifest]:
    """A step of a source and every step before it, by name."""
    found = {manifest.step: manifest}
    while manifest.inputs:
        manifest = ctx.store.manifest(manifest.inputs[0])
        found[manifest.step] = manifest
    return found


def chain_of(ctx: Context, ref: str | None) -> dict[str, Manifest]:
    """The same by reference; empty where there is none, or where a step of it was cleared away."""
    found: dict[str, Manifest] = {}
    while ref is not None:
        manifest = ctx.store.find(ref)
        if manifest is None:
            return {}
        found[manifest.step] = manifest
        ref = manifest.inputs[0] if manifest.inputs else None
    return found


def landed_files(ctx: Context, manifest: Manifest) -> list[LandedFile]:
    """The landed files behind any step of a source."""
    land = chain(ctx, manifest)["land"]
    return [
        LandedFile(
            ctx.store.local_path(f["blob"]),
            f["name"],
            f["sha256"],
            f["size"],
            f["file"],
            Extraction.from_json(f["extraction"]) if f.get("extraction") else None,
        )
        for f in land.facts["files"]
    ]


class RawBytes:
    """Puts file names and raw bytes into rejects of steps that see no bytes any more.

    Attributes only flagged keep none in the store: the record itself went on, and its lineage leads to the bytes.

    Args:
        files: The files that the rejects come from.
        flagged: Give flagged attributes the bytes of their record, too, where nobody could follow their lineage.
    """

    def __init__(self, files: list[LandedFile], *, flagged: bool = False) -> None:
        self._files = {file.sha256: file for file in files}
        self._flagged = flagged

    def fill(self, rejects: pa.RecordBatch) -> pa.RecordBatch:
        """The same rejects with `file_name` and, for whole records or all rows, `raw`."""
        if rejects.num_rows == 0:
            return rejects
        rows = rejects.to_pylist()
        for row in rows:
            file = self._files.get(row["file_sha256"])
            if file is None:
                continue
            row["file_name"] = row["file_name"] or file.name
            if row["raw"] is None and (self._flagged or row["level"] == "record"):
                row["raw"] = read_raw(file, row["byte_offset"], row["byte_length"])
        return pa.RecordBatch.from_pylist(rows, schema=rejects.schema)
