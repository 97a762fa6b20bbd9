"""What a source's published delivery took from its database: the base of the next, incremental one.

It is read from the published delivery itself and from nowhere else.  A run that was killed, refused or never published
leaves no trace here, so the one after it builds on the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from billing.registry import Source
from extractors.databases.extraction import Extraction, PublishedDump
from pipeline.context import Context
from pipeline.history import last_delivery
from pipeline.store import Manifest
from pipeline.version import code_version


def published_landing(ctx: Context, source: Source) -> Manifest | None:
    """The `land` step behind a source's published tables; None where none is published, or it was cleared away."""
    return last_delivery(ctx, source.id).get("land")


def published_dumps(ctx: Context, landing: Manifest | None) -> dict[str, PublishedDump]:
    """Raw table -> its published dump, of the results that are told apart by key."""
    found: dict[str, PublishedDump] = {}
    for file in landing.facts["files"] if landing else []:
        extraction = Extraction.from_json(file["extraction"]) if file.get("extraction") else None
        if extraction is not None and extraction.by_key and ctx.store.has_blob(file["blob"]):
            table = PurePosixPath(file["blob"]).stem
            found[table] = PublishedDump(ctx.store.local_path(file["blob"]), file["sha256"], extraction)
    return found


def no_news(landing: Manifest | None, files: Sequence[dict[str, Any]]) -> bool:
    """Whether a database that is fetched by key gave exactly what is published, by this very version of the code.

    Its figures differ (nothing is new any more), but they are no reason to do everything behind them again.
    """
    if landing is None or landing.code_version != code_version() or not any(_base(file) for file in files):
        return False
    return [_identity(file) for file in files] == [_identity(file) for file in landing.facts["files"]]


def land_config(files: Sequence[dict[str, Any]], *, absent: bool = False) -> str:
    """What the address of a landing depends on: its content, and for dumps by key what they were compared with.

    A delivery without a file is one, too: its source has nothing any more, while an absent one says nothing.
    """
    content = repr([_identity(file) + ((base,) if (base := _base(file)) else ()) for file in files])
    return f"absent {content}" if absent else content


def _identity(file: dict[str, Any]) -> tuple[str, ...]:
    declared = (file.get("extraction") or {}).get("declared")
    return (file["file"], file["name"], file["sha256"], *((declared,) if declared else ()))


def _base(file: dict[str, Any]) -> str | None:
    return (file.get("extraction") or {}).get("base")
