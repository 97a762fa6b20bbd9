"""What a source has delivered and published before, file by file, kept from delivery to delivery.

Each entry says of one file: `name`, `file` (its file spec), `sha256`, `records`, `at` (published first), `control` (its
control totals, `pipeline.repeats`) and, of a bank's file, its last `statements` (accounts as keyed hashes).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.context import Context
from pipeline.landed import chain, chain_of
from pipeline.store import Manifest

MOST_FILES = 2_000
File = Mapping[str, Any]


def known_files(ctx: Context, source_id: str) -> list[dict[str, Any]]:
    """Files that were published, in the order in which they were first."""
    return list((ctx.store.state(f"files/{source_id}") or {}).get("files", []))


def last_delivery(ctx: Context, source_id: str) -> dict[str, Manifest]:
    """The steps of the last published delivery that was there; empty where there is none, or it was cleared away.

    A delivery that stayed away (and may) says nothing about the source's data: the one before it stands.
    """
    published = ctx.store.state(f"published/{source_id}") or {}
    return chain_of(ctx, published.get("delivered") if published.get("absent") else published.get("ref"))


def remember(ctx: Context, source_id: str, files: Iterable[File]) -> None:
    """Add the files of a delivery that has been published; the oldest beyond `MOST_FILES` are forgotten."""
    known = {(file["file"], file["sha256"]): file for file in known_files(ctx, source_id)}
    before = set(known)
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    for file in files:
        known.setdefault((file["file"], file["sha256"]), {**file, "at": now})
    if set(known) != before:
        ctx.store.set_state(f"files/{source_id}", {"files": list(known.values())[-MOST_FILES:]})


def delivered_files(ctx: Context, before: Manifest) -> list[dict[str, Any]]:
    """The files behind any step from conform on, as the history keeps them."""
    steps = chain(ctx, before)
    control = steps["conform"].facts.get("control", {})
    statements = steps["decode"].facts.get("statements", {})
    return [
        {
            **{name: file[name] for name in ("name", "file", "sha256", "records")},
            "control": control.get(file["sha256"], {}),
            "statements": statements.get(file["sha256"], []),
        }
        for file in steps["decode"].facts["files"]
    ]
