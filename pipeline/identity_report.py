"""What the auditor's report says of identity: outcomes, decisions of people, the queue, what became of the ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import duckdb
import pyarrow.compute as pc
import pyarrow.parquet as pq

from audit import report_model as model
from audit.report import QUEUE
from billing.decisions import Decision
from billing.survivorship import load_survivorship
from pipeline.context import Context
from pipeline.store import Manifest

SHOWN = 500  # pairs that the page of the queue lists
_OUTCOMES = {
    "merge": "one customer",
    "review": "the evidence leaves it open; a person has to look, unless the two are one customer on other grounds",
    "keep_apart": "different customers",
}


def said(decisions: Iterable[Decision]) -> list[dict[str, Any]]:
    """Decisions as a step keeps them with its figures."""
    return [
        {
            "number": made.number,
            "records": [str(ref) for ref in made.records],
            "actor": made.actor,
            "reason": made.reason,
            "decided_at": made.decided_at.isoformat(timespec="seconds") if made.decided_at else "",
        }
        for made in decisions
    ]


def identity_section(ctx: Context, link: Manifest, batch: Manifest | None) -> model.Identity:
    """The section of a run.

    Args:
        ctx: The process's context.
        link: Manifest of the link step.
        batch: Manifest of the load that this run made; None where it made none.
    """
    figures = link.facts["figures"]
    clusters = pq.read_table(ctx.store.local_path(link.tables["clusters"].path), columns=["cluster_key", "source_id"])
    sizes = clusters.group_by("cluster_key").aggregate([("source_id", "count"), ("source_id", "count_distinct")])
    return {
        "subscribers": figures["records"],
        "customers": figures["clusters"],
        "merged": pc.sum(pc.greater(sizes["source_id_count"], 1)).as_py() or 0,
        "across_sources": pc.sum(pc.greater(sizes["source_id_count_distinct"], 1)).as_py() or 0,
        "largest": pc.max(sizes["source_id_count"]).as_py() or 0,
        "edges": [
            {"outcome": outcome, "says": meaning, "pairs": figures["edges"].get(outcome, 0)}
            for outcome, meaning in _OUTCOMES.items()
        ],
        "reasons": _reasons(figures["outcomes"]),
        "review_queue": figures["waiting"],
        "queue_page": QUEUE,
        "decisions": _decisions(figures),
        "churn": batch.facts["counts"].get("party", {}).get("churn") if batch else None,
        "survivorship": dict(load_survivorship(ctx.settings.sources)),
        "weights": figures["weights_version"],
    }


def waiting_pairs(ctx: Context, link: Manifest) -> list[model.WaitingPair]:
    """The pairs of a run that wait for a person, the strongest first; at most `SHOWN`, and without a personal value."""
    edges, clusters = (str(ctx.store.local_path(link.tables[name].path)) for name in ("edges", "clusters"))
    con = duckdb.connect(config={"threads": "1", "memory_limit": ctx.settings.memory_limit})
    try:
        rows = con.sql(
            """
            SELECT e.left_source_id || '/' || e.left_key AS one, e.right_source_id || '/' || e.right_key AS other,
                e.reason, e.match_weight AS weight, e.levels
            FROM (SELECT * FROM read_parquet($edges) WHERE outcome = 'review') AS e
            JOIN read_parquet($clusters) AS a ON a.source_id = e.left_source_id AND a.subscriber_key = e.left_key
            JOIN read_parquet($clusters) AS b ON b.source_id = e.right_source_id AND b.subscriber_key = e.right_key
            WHERE a.cluster_key <> b.cluster_key
            ORDER BY weight DESC, one, other LIMIT $shown
            """,
            params={"edges": edges, "clusters": clusters, "shown": SHOWN},
        ).fetchall()
    finally:
        con.close()
    return [
        {"left": one, "right": other, "reason": reason, "says": _says(reason), "weight": weight, "levels": levels}
        for one, other, reason, weight, levels in rows
    ]


def _reasons(outcomes: Iterable[Mapping[str, Any]]) -> list[model.ReasonGroup]:
    order = list(_OUTCOMES)
    groups: list[model.ReasonGroup] = [
        {"outcome": o["outcome"], "reason": o["reason"], "says": _says(o["reason"]), "pairs": o["pairs"]}
        for o in outcomes
    ]
    return sorted(groups, key=lambda g: (order.index(g["outcome"]), -g["pairs"], g["reason"]))


def _decisions(figures: Mapping[str, Any]) -> list[model.DecisionFacts]:
    verdicts = {verdict["number"]: verdict for verdict in figures["decisions"]}
    return [
        {
            "number": made["number"],
            "action": verdicts[made["number"]]["action"],
            "records": made["records"],
            "actor": made["actor"],
            "decided_at": made["decided_at"],
            "reason": made["reason"],
            "state": verdicts[made["number"]]["state"],
            "why": verdicts[made["number"]]["why"],
        }
        for made in figures["said"]
    ]


def _says(reason: str) -> str:
    from transforms.identity.constrain import REASONS

    return REASONS.get(reason, reason)
