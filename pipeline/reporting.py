"""The auditor's report of a run: gathers what the steps measured and hands it to `audit.report`."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from audit import report_model as model
from audit.report import render, render_index, render_queue
from audit.totals import Totals
from billing.errors import BillingError
from expectations.docs_site import write_site
from expectations.results import GateResult
from pipeline.consolidation import LACKING, UNDECLARED
from pipeline.context import Context, Work
from pipeline.figures import SourceFigures, source_figures
from pipeline.identity_report import identity_section, waiting_pairs
from pipeline.published import published
from pipeline.store import Manifest
from pipeline.version import code_version

DATA_DOCS = "data_docs"
STAGES = ("read", "conformed", "checked", "loaded")
EXAMPLES = 3  # rejects shown for a reason


def write_report(ctx: Context, seal: Manifest, run_id: str) -> Work:
    """Report of a run whose load stands (or stood before, where nothing was new)."""
    load = ctx.store.manifest(seal.inputs[0])
    link = ctx.store.manifest(load.inputs[0])
    collect = ctx.store.manifest(link.inputs[0])
    batch = ctx.store.manifest(load.facts["batch"])
    new = batch.facts["run_id"] == run_id
    page = _write(
        ctx,
        run_id,
        collect,
        link,
        gates=batch.facts["gates"],
        equations=batch.facts["equations"],
        batch=batch if new else None,
        seal=seal.facts["seal"],
        failure=None,
        loaded=new,
    )
    return Work(facts={"report": str(page), "new": new})


def write_refusal(ctx: Context, link_ref: str, run_id: str, error: BillingError) -> Path:
    """Report of a run whose load was refused; nothing of it stands, and the report says why."""
    link = ctx.store.manifest(link_ref)
    collect = ctx.store.manifest(link.inputs[0])
    found = ctx.store.state(f"refused/{run_id}") or {"equations": [], "gates": []}
    page = _write(
        ctx, run_id, collect, link, gates=found["gates"], equations=found["equations"], batch=None, seal=None,
        failure=str(error), loaded=False,
    )  # fmt: skip
    ctx.store.set_state(f"refused/{run_id}", {**found, "report": str(page)})
    return page


def _write(
    ctx: Context,
    run_id: str,
    collect: Manifest,
    link: Manifest,
    *,
    gates: Iterable[dict[str, Any]],
    equations: list[dict[str, Any]],
    batch: Manifest | None,
    seal: model.Seal | None,
    failure: str | None,
    loaded: bool,
) -> Path:
    tables = published(ctx, collect)
    figures = {name: source_figures(ctx, manifest) for name, manifest in tables.items()}
    results = [
        *(GateResult.from_json(json.dumps(g)) for f in figures.values() for g in f.gates),
        *(GateResult.from_json(json.dumps(g)) for g in gates),
    ]
    folder = ctx.settings.reports_path / run_id
    finished = dt.datetime.now(dt.UTC)
    write_site(results, folder / DATA_DOCS, run_id=run_id, finished_at=finished)
    lacking = [_lacking(ctx, s) for s in collect.facts["sources"] if s["status"] in LACKING]
    found = [_equation(e) for e in equations]
    moments = sorted(m.finished_at for m in tables.values())
    run: model.RunReport = {
        "run_id": run_id,
        "verdict": model.verdict_of(equations=found, lacking=lacking, failure=failure, loaded=loaded),
        "failure": failure,
        "batch_id": batch.facts["batch_id"] if batch else None,
        "code_version": code_version(),
        "published_from": moments[0],
        "published_until": moments[-1],
        "finished_at": finished.isoformat(timespec="seconds"),
        "cut_off": max(ctx.source(name).spec.delivery.extracted_on for name in tables).isoformat(),
        "lacking": lacking,
        "undeclared": [
            {"source_id": s["id"], "title": s["id"], "reason": s["error"]}
            for s in collect.facts["sources"]
            if s["status"] == UNDECLARED
        ],
        "sources": [_source(ctx, name, f) for name, f in figures.items()],
        "gates": [_gate(result) for result in results],
        "stages": list(STAGES if loaded else STAGES[:-1]),
        "totals": [t for f in figures.values() for t in _stages(f, loaded)],
        "money": [line for f in figures.values() for line in _money(f)],
        "redenomination": [r for f in figures.values() for r in _redenomination(f)],
        "rejects": _rejects(figures),
        "fillers": [_filler(name, line) for name, f in figures.items() for line in f.fillers],
        "identity": identity_section(ctx, link, batch),
        "equations": found,
        "breaks": [_break(e) for e in equations if e["status"] == "broken"],
        "load": [_loaded(name, counts) for name, counts in batch.facts["counts"].items()] if batch else [],
        "seal": seal,
        "data_docs": f"{DATA_DOCS}/index.html",
    }
    render_queue(run, waiting_pairs(ctx, link), folder)
    page = render(run, folder)
    render_index(ctx.settings.reports_path)
    return page


def _lacking(ctx: Context, source: Mapping[str, Any]) -> model.LackingSource:
    reason = {
        "never": "it was never run",
        "stale": f"stopped at {source['step']}: {source['error']}; its last published data were used",
        "failed": f"stopped at {source['step']}: {source['error']}",
    }[source["status"]]
    return {"source_id": source["id"], "title": ctx.source(source["id"]).spec.title, "reason": reason}


def _source(ctx: Context, name: str, figures: SourceFigures) -> model.SourceFacts:
    spec = ctx.source(name).spec
    lost = figures.unplaced
    return {
        "source_id": name,
        "title": spec.title,
        "system": spec.system,
        "region": spec.region,
        "files": [_file(f) for f in figures.files],
        "read": _rows(figures.read) + lost["rejected"] + lost["suspended"],
        "kept": _rows(figures.kept),
        "rejected": _rows(figures.rejected) + lost["rejected"],
        "suspended": _rows(figures.suspended) + lost["suspended"],
        "flagged": sum(figures.flagged.values()),
        "warnings": figures.warnings,
    }


def _rows(totals: Totals) -> int:
    return sum(totals.records_by_entity().values())


def _file(file: Mapping[str, Any]) -> model.FileFacts:
    facts: model.FileFacts = {
        "name": file["name"],
        "sha256": file["sha256"],
        "size_bytes": file["size"],
        "records": file["records"],
    }
    if file["declared_records"] is not None:
        facts["declared_records"] = file["declared_records"]
    if file["declared_sum"] is not None:
        facts["declared_sum"] = _hundredths(file["declared_sum"])
        facts["computed_sum"] = _hundredths(file["computed_sum"])
    if file["notes"]:
        facts["notes"] = file["notes"]
    if file["sequence"] is not None:
        facts["sequence"] = file["sequence"]
    return facts


def _hundredths(text: str | None) -> int | None:
    return None if text is None else int(Decimal(text).scaleb(2))


def _gate(result: GateResult) -> model.GateFacts:
    return {
        "gate": result.gate,
        "source_id": result.source_id,
        "table": result.table,
        "rows": result.rows,
        "rejected": result.rejected,
        "flagged": result.flagged,
        "checks": len(result.outcomes),
        "failed_stop": len(result.failing("stop")),
        "failed_reject": len(result.failing("reject")),
        "failed_warn": len(result.failing("warn")),
        "page": f"{DATA_DOCS}/{result.suite}.html",
    }


def _stages(figures: SourceFigures, loaded: bool) -> list[model.StageTotal]:
    stages = [("read", figures.read), ("conformed", figures.conformed), ("checked", figures.kept)]
    if loaded:
        stages.append(("loaded", figures.kept))
    return [
        {
            "source_id": figures.source_id,
            "stage": stage,
            "entity": entity,
            "currency": currency or None,
            "records": totals[entity, currency].records,
            "amount": totals[entity, currency].amount if currency else None,
        }
        for stage, totals in stages
        for entity, currency in totals
    ]


def _money(figures: SourceFigures) -> list[model.MoneyLine]:
    return [
        {
            "source_id": figures.source_id,
            "entity": entity,
            "currency": currency,
            "read": figures.read[entity, currency].amount,
            "loaded": figures.kept[entity, currency].amount,
            "rejected": figures.rejected[entity, currency].amount,
            "suspended": figures.suspended[entity, currency].amount,
        }
        for entity, currency in figures.read
        if currency
    ]


def _redenomination(figures: SourceFigures) -> list[model.Redenomination]:
    return [
        {
            "source_id": figures.source_id,
            "entity": entity,
            "records": total.converted,
            "delivered": total.delivered,
            "booked": total.booked,
            "rounding": f"{total.rounding:f}",
        }
        for entity, currency in figures.kept
        if (total := figures.kept[entity, currency]).converted
    ]


def _rejects(figures: Mapping[str, SourceFigures]) -> list[model.RejectGroup]:
    groups: dict[tuple[str, str, str], model.RejectGroup] = {}
    for f in figures.values():
        for (disposition, reason, entity, currency), (rows, amount) in f.reasons.items():
            group = groups.setdefault(
                (disposition, reason, entity),
                {"disposition": disposition, "reason": reason, "entity": entity, "records": 0, "amounts": {},
                 "unreadable": 0, "examples": []},
            )  # fmt: skip
            group["records"] += rows
            if currency and amount is not None:
                group["amounts"][currency] = group["amounts"].get(currency, 0) + amount
        for key, records in f.unreadable.items():
            groups[key]["unreadable"] += records
        for path in f.rejects:
            _examples(path, groups)
    return sorted(groups.values(), key=lambda g: (g["disposition"], g["reason"], g["entity"]))


def _filler(source_id: str, line: Mapping[str, Any]) -> model.FillerLine:
    return {
        "source_id": source_id,
        "entity": line["entity"],
        "field": line["field"],
        "text": line["text"],
        "reason": line["reason"] or None,
        "rows": line["rows"],
    }


def _examples(path: str, groups: dict[tuple[str, str, str], model.RejectGroup]) -> None:
    """Add the examples of one reject file to their groups."""
    columns = ["source_id", "file_name", "record_no", "byte_offset", "source_key", "field", "value_masked", "message",
               "disposition", "reason", "entity"]  # fmt: skip
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(columns=columns):
            keys = zip(*(batch[c].to_pylist() for c in ("disposition", "reason", "entity")), strict=True)
            for position, key in enumerate(keys):
                group = groups[key]
                if len(group["examples"]) < EXAMPLES:
                    row = batch.slice(position, 1).to_pylist()[0]
                    group["examples"].append(
                        {
                            "source_id": row["source_id"],
                            "file": row["file_name"] or "",
                            "record_no": row["record_no"],
                            "byte_offset": row["byte_offset"],
                            "source_key": row["source_key"],
                            "field": row["field"],
                            "value_masked": row["value_masked"],
                            "message": row["message"].removeprefix(f"{row['field']}: "),  # the page has a column
                        }
                    )


def _equation(result: Mapping[str, Any]) -> model.EquationResult:
    return {
        "equation": result["equation"],
        "source_id": result["source_id"],
        "entity": result["entity"],
        "currency": result["currency"] or None,
        "unit": result["unit"],
        "left": result["lhs"],
        "right": result["rhs"],
        "difference": None if result["lhs"] is None else result["lhs"] - (result["rhs"] or 0),
        "checked": result["checked"],
        "status": result["status"],
        "note": result["note"] or None,
    }


def _break(result: Mapping[str, Any]) -> model.Break:
    return {
        "equation": result["equation"],
        "source_id": result["source_id"],
        "entity": result["entity"],
        "currency": result["currency"] or None,
        "unit": result["unit"],
        "left": result["lhs"],
        "right": result["rhs"],
        "difference": (result["lhs"] or 0) - (result["rhs"] or 0),
        "broken": result["broken"],
        "keys": list(result["keys"]),
        "note": result["note"] or None,
    }


def _loaded(name: str, counts: Mapping[str, Any]) -> model.LoadedTable:
    return {
        "table": name,
        "inserted": counts.get("inserted", 0),
        "updated": counts.get("updated", 0),
        "unchanged": counts.get("unchanged", 0),
        "removed": counts.get("removed", 0),
        "carried_over": counts.get("carried_over", 0),
    }
