"""Seals a loaded batch: its files, totals, equations and versions become the next link of the chain of evidence."""

from __future__ import annotations

from audit.seal import seal
from loaders.warehouse import connect
from pipeline.consolidation import LACKING
from pipeline.context import Context, Work
from pipeline.figures import source_figures
from pipeline.published import published
from pipeline.store import Manifest


def seal_batch(ctx: Context, batch: Manifest) -> Work:
    """Seal what was loaded; a batch that is sealed already keeps its seal."""
    link = ctx.store.manifest(batch.inputs[0])
    collect = ctx.store.manifest(link.inputs[0])
    sources = {}
    for name, manifest in published(ctx, collect).items():
        figures = source_figures(ctx, manifest)
        sources[name] = {
            "tables": manifest.address,
            "files": sorted([f["name"], f["sha256"], f["size"]] for f in figures.files),
            "kept": figures.kept.to_json(),
            "rejected": figures.rejected.to_json(),
            "suspended": figures.suspended.to_json(),
            "fillers": figures.fillers,
        }
    evidence = {
        "run_id": batch.facts["run_id"],
        "code_version": batch.code_version,
        "identity": link.facts["resolved"],
        "sources": sources,
        "lacking": sorted(s["id"] for s in collect.facts["sources"] if s["status"] in LACKING),
        "counts": batch.facts["counts"],
    }
    with connect(ctx.database_url) as connection:
        sealed = seal(connection, batch.facts["batch_id"], evidence)
        connection.commit()
        row = connection.execute(
            "SELECT seal_no, previous, sealed_at FROM control.evidence_seal WHERE seal = %s", [sealed]
        ).fetchone()
    assert row is not None
    facts = {"number": row[0], "seal": sealed, "previous": row[1], "sealed_at": row[2].isoformat(timespec="seconds")}
    return Work(facts={"seal": facts})
