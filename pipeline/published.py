"""Which sources stand behind a consolidation."""

from __future__ import annotations

from pipeline.context import Context
from pipeline.store import Manifest


def published(ctx: Context, collect: Manifest) -> dict[str, Manifest]:
    """Source -> the manifest whose tables are consolidated (of the step `balance`)."""
    return {s["id"]: ctx.store.manifest(s["ref"]) for s in collect.facts["sources"] if s["ref"]}
