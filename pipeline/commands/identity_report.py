"""The figures of `blueline identity evaluate`, as JSON and as a table."""

from __future__ import annotations

import resource
import sys
from typing import Any

from rich.console import Console
from rich.table import Table

from transforms.identity.linkage.linking import Linked


def as_json(linked: Linked, *, name: str) -> dict[str, Any]:
    """Everything that was measured, in plain types."""
    figures: dict[str, Any] = {
        "name": name,
        "records": linked.records,
        "people": linked.people,
        "meanings": list(linked.meanings),
        "pairs_compared": linked.pairs,
        "blocking_keys": list(linked.keys),
        "seconds": {**linked.seconds, "total": round(sum(linked.seconds.values()), 2)},
        "peak_memory_mib": peak_memory_mib(),
        "warnings": list(linked.warnings),
    }
    if linked.model is not None:
        model = linked.model
        figures["learning"] = {
            "rounds": model.rounds,
            "settled": model.converged,
            "pairs_expected": {kind: round(mass, 1) for kind, mass in model.masses.items()},
            "same_person": {f: [round(float(c), 5) for c in model.chances["m"][f]] for f in model.fields},
        }
    if linked.score is not None:
        score = linked.score
        figures["score"] = {
            "precision": score.precision,
            "recall": score.recall,
            "f1": score.f1,
            "blocking_recall": linked.blocking_recall,
            "true_pairs": score.true,
            "found_pairs": score.found,
            "right_pairs": score.right,
        }
    return figures


def peak_memory_mib() -> int:
    """The most memory that this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak >> (20 if sys.platform == "darwin" else 10)


def show(console: Console, figures: dict[str, Any]) -> None:
    """Print the figures."""
    table = Table(title=figures["name"], show_header=False)
    table.add_row("records", f"{figures['records']:,}")
    table.add_row("people found", f"{figures['people']:,}")
    table.add_row("fields", ", ".join(figures["meanings"]))
    how = f"by {len(figures['blocking_keys'])} keys" if figures["blocking_keys"] else "all with all"
    table.add_row("pairs compared", f"{figures['pairs_compared']:,} ({how})")
    if "score" in figures:
        score = figures["score"]
        for name in ("precision", "recall", "f1", "blocking_recall"):
            table.add_row(name.replace("_", " "), f"{score[name]:.5f}")
        table.add_row("true pairs", f"{score['true_pairs']:,}")
    else:
        table.add_row("score", "none: the declaration names no truth")
    steps = ", ".join(f"{step} {seconds:.1f}" for step, seconds in figures["seconds"].items() if step != "total")
    table.add_row("seconds", f"{figures['seconds']['total']:.1f} ({steps})")
    table.add_row("peak memory", f"{figures['peak_memory_mib']:,} MiB")
    for warning in figures["warnings"]:
        table.add_row("warning", warning)
    console.print(table)
