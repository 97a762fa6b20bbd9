"""The auditor's report of a run: one self-contained HTML page, made for the screen and for paper.

It holds no script, no font and no picture from anywhere, and marks every verdict with a sign and a word, not by
colour alone.  What it is made of is described field by field in `audit.report_model`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from audit import figures
from audit.equations import NOT_TESTED
from audit.report_model import EquationResult, GateFacts, RunReport, StageTotal, WaitingPair
from billing.model import ENTITIES
from billing.reasons import REASONS
from billing.spec import EQUATIONS

PAGE = "report.html"
QUEUE = "review.html"
DATA = "run.json"

VERDICTS = {
    # verdict -> (sign, word, class, what it means)
    "balanced": ("✓", "Balanced", "good", "Every declared source is in, and every equation that applies closed."),
    "incomplete": ("!", "Balanced, but incomplete", "warn", "Every equation closed for the sources that are in."),
    "broken": ("✗", "Broken", "bad", "An equation does not close. The load was rolled back: nothing of it was kept."),
    "failed": ("✗", "Failed", "bad", "The run ended before it could be balanced. Nothing of it was loaded."),
    "unchanged": ("=", "Nothing new", "calm", "No source delivered anything new. The last load stands."),
}
DISPOSITIONS = {
    "rejected": "Rejected: the record cannot be used",
    "suspended": "Suspended: a sound record that is held back, its money counted",
    "flagged": "Flagged: the record went on, one of its attributes was set aside or doubted",
}


def render(run: RunReport, out: Path) -> Path:
    """Write a run's report, and beside it the data that it was made of.

    Args:
        run: What the report says.
        out: The run's folder below the reports, made where it is missing.

    Returns:
        Path of the HTML page.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / DATA).write_text(json.dumps(run, ensure_ascii=False, indent=1), encoding="utf-8")
    page = out / PAGE
    page.write_text(_environment().get_template("report.html").render(run=run, **_views(run)), encoding="utf-8")
    return page


def render_queue(run: RunReport, pairs: list[WaitingPair], out: Path) -> Path:
    """Write the list of pairs that wait for a person, as they stood at the end of a run.

    Args:
        run: The run.
        pairs: The pairs that are listed.
        out: The run's folder below the reports, made where it is missing.

    Returns:
        Path of the HTML page.
    """
    out.mkdir(parents=True, exist_ok=True)
    page = out / QUEUE
    page.write_text(
        _environment().get_template("review_queue.html").render(run=run, pairs=pairs, report=PAGE), encoding="utf-8"
    )
    return page


def render_index(reports: Path) -> Path:
    """Write the list of all runs, newest first, from the data beside their reports.

    Args:
        reports: Folder with one folder a run.

    Returns:
        Path of the HTML page.
    """
    runs = []
    for data in reports.glob(f"*/{DATA}"):
        run: RunReport = json.loads(data.read_text(encoding="utf-8"))
        runs.append({"run": run, "page": f"{data.parent.name}/{PAGE}", **_headline(run)})
    runs.sort(key=lambda r: (r["run"]["finished_at"], r["run"]["run_id"]), reverse=True)
    page = reports / "index.html"
    reports.mkdir(parents=True, exist_ok=True)
    text = _environment().get_template("index.html").render(runs=runs, verdicts=VERDICTS)
    page.write_text(text, encoding="utf-8")
    return page


def _environment() -> Environment:
    env = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("count", "money", "signed", "exact", "size", "moment"):
        env.filters[name] = getattr(figures, name)
    return env


def _views(run: RunReport) -> dict[str, Any]:
    """The run's figures, arranged as the page's tables show them."""
    return {
        "verdicts": VERDICTS,
        "dispositions": DISPOSITIONS,
        "reasons": REASONS,
        "equations": EQUATIONS,
        "entity_docs": {name: entity.doc for name, entity in ENTITIES.items()},
        "gates": _gates(run["gates"]),
        "money_lines": _money_lines(run),
        "unreadable": sum(g["unreadable"] for g in run["rejects"]),
        "overall": _by_entity(run["totals"], run["stages"]),
        "by_source": {
            source["source_id"]: _by_entity(
                (t for t in run["totals"] if t["source_id"] == source["source_id"]), run["stages"]
            )
            for source in run["sources"]
        },
        "grid": _grid(run["equations"]),
        "rejects": _rejects(run),
        **_headline(run),
    }


def _headline(run: RunReport) -> dict[str, Any]:
    first, last = (run["stages"][0], run["stages"][-1]) if run["stages"] else ("", "")
    money: dict[str, dict[str, dict[str, int]]] = {}
    for total in run["totals"]:
        if total["currency"] and total["amount"] is not None and total["stage"] in (first, last):
            side = "in" if total["stage"] == first else "out"
            of_entity = money.setdefault(total["entity"], {}).setdefault(total["currency"], {"in": 0, "out": 0})
            of_entity[side] += total["amount"]
    statuses = [e["status"] for e in run["equations"]]
    return {
        "read": sum(s["read"] for s in run["sources"]),
        "kept": sum(s["kept"] for s in run["sources"]),
        "rejected": sum(s["rejected"] for s in run["sources"]),
        "suspended": sum(s["suspended"] for s in run["sources"]),
        "flagged": sum(s["flagged"] for s in run["sources"]),
        "closed": statuses.count("closed"),
        "applied": len(statuses) - statuses.count("not_applicable"),
        "headline_money": {e: money[e] for e in ("account", "invoice", "payment") if e in money},
    }


def _by_entity(totals: Iterable[StageTotal], stages: list[str]) -> list[dict[str, Any]]:
    """One row an entity and currency: stage -> records and amount, summed over the sources given."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for total in totals:
        key = (total["entity"], total["currency"] or "")
        entity = ENTITIES.get(key[0])
        no_currency = "unreadable" if entity and entity.control_amount else ""
        row = rows.setdefault(key, {"entity": key[0], "currency": key[1] or no_currency, "stages": {}})
        cell = row["stages"].setdefault(total["stage"], {"records": 0, "amount": None})
        cell["records"] += total["records"]
        if total["amount"] is not None:
            cell["amount"] = (cell["amount"] or 0) + total["amount"]
    order = [*ENTITIES, *sorted({e for e, _ in rows} - set(ENTITIES))]
    return sorted(rows.values(), key=lambda r: (order.index(r["entity"]), r["currency"]))


def _money_lines(run: RunReport) -> list[dict[str, Any]]:
    """One row an entity and currency, summed over the sources, with what is left when all is told (nothing)."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for line in run["money"]:
        key = (line["entity"], line["currency"])
        row = rows.setdefault(key, {"entity": key[0], "currency": key[1], "read": 0, "loaded": 0, "rejected": 0,
                                    "suspended": 0})  # fmt: skip
        row["read"] += line["read"]
        row["loaded"] += line["loaded"]
        row["rejected"] += line["rejected"]
        row["suspended"] += line["suspended"]
    for row in rows.values():
        row["left"] = row["read"] - row["loaded"] - row["rejected"] - row["suspended"]
    order = list(ENTITIES)
    return sorted(rows.values(), key=lambda r: (order.index(r["entity"]), r["currency"]))


def _gates(gates: list[GateFacts]) -> list[dict[str, Any]]:
    """One row a source and gate, with the suites that found something."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    summed = ("rows", "rejected", "flagged", "checks", "failed_stop", "failed_reject", "failed_warn")
    for gate in gates:
        row = rows.setdefault(
            (gate["gate"], gate["source_id"]),
            {
                "gate": gate["gate"],
                "source_id": gate["source_id"],
                "suites": [],
                "found": [],
                **dict.fromkeys(summed, 0),
            },
        )
        figures_of: dict[str, Any] = dict(gate)
        for name in summed:
            row[name] += figures_of[name]
        row["suites"].append(gate)
        if gate["failed_stop"] or gate["failed_reject"] or gate["failed_warn"]:
            row["found"].append(gate)
    order = ["raw", "canonical", "consolidated"]
    return sorted(rows.values(), key=lambda r: (order.index(r["gate"]), r["source_id"]))


def _grid(results: list[EquationResult]) -> list[dict[str, Any]]:
    """One row a source: equation -> verdict over all its entities and currencies."""
    rows: dict[str, dict[str, Any]] = {}
    for result in results:
        cells = rows.setdefault(result["source_id"], {})
        cell = cells.setdefault(
            result["equation"],
            {"status": "not_applicable", "checked": 0, "broken": 0, "differences": {}, "notes": [], "untested": False},
        )
        if result.get("note") and result["note"] not in cell["notes"]:
            cell["notes"].append(result["note"])
        if result["status"] == "not_applicable":
            cell["untested"] |= (result.get("note") or "").startswith(NOT_TESTED)
            continue
        cell["checked"] += result["checked"]
        if result["status"] == "broken":
            cell["broken"] += 1
            unit = (result["currency"] or "") if result["unit"] == "grosze" else "records"
            cell["differences"][unit] = cell["differences"].get(unit, 0) + (result["difference"] or 0)
        cell["status"] = "broken" if cell["broken"] else "closed"
    return [{"source_id": source, "cells": cells} for source, cells in sorted(rows.items())]


def _rejects(run: RunReport) -> list[dict[str, Any]]:
    """Groups by disposition, the most frequent reason first."""
    return [
        {
            "disposition": name,
            "groups": sorted((g for g in run["rejects"] if g["disposition"] == name), key=lambda g: -g["records"]),
        }
        for name in DISPOSITIONS
    ]
