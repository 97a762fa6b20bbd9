"""The consolidation: from every source's published tables to one reconciled warehouse and its evidence.

    collect -> link -> load -> seal -> report

`load` is one step on purpose: staging, the third gate, the merge and the equations stand or fall together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from billing.decisions import fingerprint
from billing.errors import SourceError
from billing.survivorship import load_survivorship
from pipeline.context import Context, Work, address_of, perform
from pipeline.deciding import standing_decisions
from pipeline.identity_report import said
from pipeline.logs import log
from pipeline.published import published
from pipeline.store import Attempt, Manifest

STEPS = ("collect", "link", "load", "seal", "report")
SCOPE = "consolidation"
LACKING = ("failed", "stale", "never")  # a run with such a source is not complete
UNDECLARED = "undeclared"


def run_consolidation_step(ctx: Context, step: str, previous: str | None, run_id: str) -> Manifest:
    """Run one step.

    Args:
        ctx: The process's context.
        step: One of `STEPS`.
        previous: Reference of the step before; None for `collect`.
        run_id: The run, for batch and report.
    """
    if step == "collect":
        return _collect(ctx)
    assert previous is not None
    before = ctx.store.manifest(previous)
    return _STEPS[step](ctx, before, run_id)


# --- collect ---------------------------------------------------------------------------------------------------


def _collect(ctx: Context) -> Manifest:
    """What every declared source has published, and what it has not."""
    sources = [_standing(ctx, name) for name in ctx.sources]
    sources += [_undeclared(name) for name in ctx.store.states("published") if name not in ctx.sources]
    for source in sources:
        if source["status"] in LACKING:
            log.warning("source is lacking", source=source["id"], status=source["status"], error=source["error"])
        elif source["status"] == UNDECLARED:
            log.info("source is not declared", source=source["id"], error=source["error"])
    if not any(source["ref"] for source in sources):
        raise SourceError(
            "no source has published anything",
            sources=", ".join(s["id"] for s in sources),
            remedy="look at `blueline sources list`, mend a source and run again",
        )
    return perform(
        ctx, "collect", SCOPE, inputs=(), config=repr(sources), work=lambda attempt: Work(facts={"sources": sources})
    )


def _undeclared(name: str) -> dict[str, Any]:
    """A source that was published once and is not declared any more: told, but no fault of the run."""
    return {
        "id": name,
        "status": UNDECLARED,
        "ref": None,
        "step": "",
        "error": "not declared any more: it takes no part, and what was loaded of it stays in the warehouse",
        "where": {},
        "remedy": f"declare it again; or, to hear of it no more, delete state/published/{name}.json below the store",
    }


def _standing(ctx: Context, name: str) -> dict[str, Any]:
    """Where a source stands: published | stale (failed now, older data serve) | failed | absent | never."""
    outcome = ctx.store.state(f"outcome/{name}") or {"status": "never"}
    published = ctx.store.state(f"published/{name}")
    status = outcome["status"]
    ref = None if published is None or published["absent"] else published["ref"]
    if status not in ("published", "absent"):
        status = "stale" if ref else ("never" if status == "never" else "failed")
    error = outcome.get("error") or {}
    return {
        "id": name,
        "status": status,
        "ref": ref if status != "absent" else None,
        "step": outcome.get("step", ""),
        "error": error.get("message", ""),
        "where": error.get("where", {}),
        "remedy": error.get("remedy", ""),
    }


# --- link ------------------------------------------------------------------------------------------------------


def _link(ctx: Context, collect: Manifest, run_id: str) -> Manifest:
    from transforms.identity.weights import read_weights

    tables = published(ctx, collect)
    specs = {name: ctx.source(name).spec for name in tables}
    decisions = standing_decisions(ctx)
    survivorship = load_survivorship(ctx.settings.sources)

    def work(attempt: Attempt) -> Work:
        from transforms.identity import resolve

        result = resolve(
            [
                str(ctx.store.local_path(m.tables["subscriber"].path))
                for m in tables.values()
                if "subscriber" in m.tables
            ],
            [str(ctx.store.local_path(m.tables["address"].path)) for m in tables.values() if "address" in m.tables],
            {name: spec.trust for name, spec in specs.items()},
            attempt.path("identity"),
            memory_limit=ctx.settings.memory_limit,
            threads=ctx.settings.workers,
            weights=ctx.settings.identity_weights,
            clean_sources=[name for name, spec in specs.items() if spec.clean_keys],
            decisions=decisions,
            survivorship=survivorship,
            spark_master=ctx.settings.spark_master if ctx.settings.identity_engine == "spark" else None,
        )
        files = {"edges": result.edges, "clusters": result.clusters, "parties": result.parties,
                 "provenance": result.provenance}  # fmt: skip
        facts = {**asdict(result.figures), "said": said(decisions)}
        return Work(facts=facts, passed={name: attempt.adopt(path) for name, path in files.items()})

    # Who is whom depends on the data and on what people decided, not on what became of a source in this run.
    trust = repr(sorted((name, spec.trust, spec.clean_keys) for name, spec in specs.items()))
    weights = read_weights(ctx.settings.identity_weights).version
    config = f"{trust} {weights} {fingerprint(decisions)} {survivorship}"
    refs = [manifest.ref for manifest in tables.values()]
    resolved = perform(ctx, "resolve", SCOPE, inputs=refs, config=config, work=work)
    return perform(
        ctx,
        "link",
        SCOPE,
        inputs=[collect.ref],
        config=resolved.ref,
        work=lambda attempt: Work(facts={"resolved": resolved.ref, "figures": resolved.facts}, passed=resolved.tables),
    )


def _paths(ctx: Context, tables: dict[str, Manifest], entity: str) -> list[str]:
    return [str(ctx.store.local_path(m.tables[entity].path)) for m in tables.values() if entity in m.tables]


# --- load ------------------------------------------------------------------------------------------------------


def _load(ctx: Context, link: Manifest, run_id: str) -> Manifest:
    """Load what is linked, unless the warehouse holds exactly that already."""
    from pipeline.loading import load_batch, still_loaded

    collect = ctx.store.manifest(link.inputs[0])
    known = ctx.store.state("loaded")
    if known and known["data"] == link.facts["resolved"] and still_loaded(ctx, known):
        log.info("nothing new to load", batch=known["batch_id"], run=known["run_id"])
        batch = ctx.store.manifest(known["batch"])
    else:
        batch = perform(
            ctx,
            "batch",
            SCOPE,
            inputs=[link.ref],
            config=run_id,
            work=lambda attempt: load_batch(ctx, collect, link, run_id),
            fixed_address=address_of("batch", SCOPE, [link.ref], run_id),
        )
        ctx.store.set_state(
            "loaded",
            {"data": link.facts["resolved"], "batch": batch.ref, "batch_id": batch.facts["batch_id"],
             "run_id": batch.facts["run_id"], "warehouse": batch.facts["warehouse"]},
        )  # fmt: skip
    return perform(
        ctx, "load", SCOPE, inputs=[link.ref], config=batch.ref, work=lambda attempt: Work(facts={"batch": batch.ref})
    )


# --- seal and report -------------------------------------------------------------------------------------------


def _seal(ctx: Context, load: Manifest, run_id: str) -> Manifest:
    batch = ctx.store.manifest(load.facts["batch"])

    def work(attempt: Attempt) -> Work:
        from pipeline.sealing import seal_batch

        return seal_batch(ctx, batch)

    return perform(ctx, "seal", SCOPE, inputs=[load.ref], config=batch.ref, work=work)


def _report(ctx: Context, seal: Manifest, run_id: str) -> Manifest:
    def work(attempt: Attempt) -> Work:
        from pipeline.reporting import write_report

        return write_report(ctx, seal, run_id)

    return perform(ctx, "report", SCOPE, inputs=[seal.ref], config=str(ctx.settings.reports_path), work=work)


_STEPS: dict[str, Callable[[Context, Manifest, str], Manifest]] = {
    "link": _link,
    "load": _load,
    "seal": _seal,
    "report": _report,
}
