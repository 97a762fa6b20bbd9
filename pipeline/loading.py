"""The one step that writes the warehouse: what it is given, what has to hold inside its transaction, what it leaves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import psycopg

from audit.equations import EquationResult, SourceTotals, breaks_of, check_equations, record_results
from billing.errors import BillingError, ReconciliationError
from billing.model import ENTITIES
from loaders.load import Batch, DeliveredFile, Inputs, LoadedSource, load
from loaders.warehouse import connect
from pipeline.context import Context, Work
from pipeline.figures import SourceFigures, control_totals, source_figures
from pipeline.logs import log
from pipeline.published import published
from pipeline.store import Manifest
from pipeline.version import code_version


def load_batch(ctx: Context, collect: Manifest, link: Manifest, run_id: str) -> Work:
    """Stage, check, merge and reconcile; all of it stands, or the warehouse is as it was.

    Raises:
        ReconciliationError: An equation does not close.
        LoadError: The third gate or the warehouse refused the rows.
        WarehouseUnavailable: The warehouse went away.
    """
    tables = published(ctx, collect)
    figures = {name: source_figures(ctx, manifest) for name, manifest in tables.items()}
    equations: list[EquationResult] = []
    gates: list[dict[str, Any]] = []

    def reconcile(connection: psycopg.Connection, batch_id: int) -> list[dict[str, Any]]:
        equations.extend(check_equations(connection, source_totals(ctx, figures)))
        record_results(connection, batch_id, equations)
        return breaks_of(equations)

    def staged() -> None:
        _check_staged(ctx, tables, gates)

    try:
        result = load(
            ctx.database_url,
            _batch(ctx, figures, run_id),
            _inputs(ctx, tables, link, figures),
            reconcile,
            hmac_key=ctx.settings.hmac_secret(),
            staged=staged,
            batch_rows=ctx.settings.batch_rows,
        )
    except BillingError as error:
        # The evidence of a refused load is kept for the report, although no manifest will name this attempt.
        note_refusal(ctx, run_id, error, equations, gates)
        raise
    log.info("loaded", batch=result.batch_id, changed=result.changed, seconds=result.seconds)
    return Work(
        facts={
            "batch_id": result.batch_id,
            "run_id": run_id,
            "warehouse": warehouse_id(ctx),
            "staged": result.staged,
            "counts": {name: counts.as_json() for name, counts in result.counts.items()},
            "changed": result.changed,
            "seconds": result.seconds,
            "equations": [asdict(e) for e in equations],
            "gates": gates,
        }
    )


def note_refusal(
    ctx: Context, run_id: str, error: BillingError, equations: list[EquationResult], gates: list[dict[str, Any]]
) -> None:
    """Keep what a refused load found, for the report of the run."""
    breaks = error.breaks if isinstance(error, ReconciliationError) else []
    ctx.store.set_state(
        f"refused/{run_id}",
        {
            "message": str(error),
            "equations": [asdict(e) for e in equations],
            "gates": gates,
            "breaks": json.loads(json.dumps(breaks, default=str)),
        },
    )


def source_totals(ctx: Context, figures: Mapping[str, SourceFigures]) -> list[SourceTotals]:
    """The steps' totals in the form that the equations take."""
    return [
        SourceTotals(name, tuple(ctx.source(name).spec.equations), f.read, f.kept, f.rejected, f.suspended)
        for name, f in figures.items()
    ]


def _check_staged(ctx: Context, tables: Mapping[str, Manifest], gates: list[dict[str, Any]]) -> None:
    """The third gate; its failure stops the load, and its results are kept all the same."""
    from expectations.warehouse import check_staged, stop_load

    entities = [name for name in ENTITIES if any(name in m.tables for m in tables.values())]
    cut_off = max(ctx.source(name).spec.delivery.extracted_on for name in tables)
    results = check_staged(ctx.database_url, entities, cut_off=cut_off, staged=[*entities, "cluster"])
    gates.extend(json.loads(result.to_json()) for result in results)
    refusal = stop_load(results)
    if refusal is not None:
        raise refusal


def _batch(ctx: Context, figures: Mapping[str, SourceFigures], run_id: str) -> Batch:
    sources = []
    files = []
    for name, f in figures.items():
        spec = ctx.source(name).spec
        sources.append(LoadedSource(name, spec.title, spec.system, spec.region))
        files += [
            DeliveredFile(
                name, item["sha256"], item["name"], item["file"], item["size"], item["records"],
                item["declared_records"], _decimal(item["declared_sum"]), _decimal(item["computed_sum"]),
                item["sequence"],
            )
            for item in f.files
        ]  # fmt: skip
    return Batch(run_id, sources, files, code_version())


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _inputs(
    ctx: Context, tables: Mapping[str, Manifest], link: Manifest, figures: Mapping[str, SourceFigures]
) -> Inputs:
    path = ctx.store.local_path
    entities = {
        name: [str(path(m.tables[name].path)) for m in tables.values() if name in m.tables] for name in ENTITIES
    }
    identity = {name: [str(path(dataset.path))] for name, dataset in link.tables.items()}
    return Inputs(
        entities=entities,
        rejects=[p for f in figures.values() for p in f.rejects],
        totals=[row for f in figures.values() for row in control_totals(f)],
        **identity,
    )


# --- is it loaded already? -------------------------------------------------------------------------------------


def warehouse_id(ctx: Context) -> str:
    """Which database this is, so that a store is not mistaken about another one."""
    with connect(ctx.database_url) as connection:
        row = connection.execute(
            "SELECT system_identifier::text || '/' || (SELECT oid FROM pg_database WHERE datname = current_database()) "
            "FROM pg_control_system()"
        ).fetchone()
    assert row is not None
    return str(row[0])


def still_loaded(ctx: Context, known: Mapping[str, Any]) -> bool:
    """Whether the batch that the store remembers is the newest that this warehouse holds."""
    if known["warehouse"] != warehouse_id(ctx):
        return False
    with connect(ctx.database_url) as connection:
        row = connection.execute(
            "SELECT batch_id, run_id FROM control.batch WHERE state = 'loaded' ORDER BY finished_at DESC LIMIT 1"
        ).fetchone()
    return row is not None and row[0] == known["batch_id"] and row[1] == known["run_id"]
