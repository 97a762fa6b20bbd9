"""What a source's steps measured, gathered for the load, the report and the summary.

Every figure comes from the manifests in the store; nothing is counted again here, so what people read is what the
equations are checked with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from audit.totals import ASIDE, Totals
from billing.model import ENTITIES
from pipeline.context import Context, merged_counts
from pipeline.doubts import with_rejects
from pipeline.fillers import fillers_of
from pipeline.landed import chain
from pipeline.store import Manifest

COUNTING = ("decode", "conform", "check_canonical", "balance")  # steps that set aside what has an entity

ReasonKey = tuple[str, str, str, str]
ReasonSum = tuple[int, int | None]


@dataclass(frozen=True)
class SourceFigures:
    """One source, from its delivery to what is loaded.

    Attributes:
        source_id: The source.
        files: One mapping a delivered file: name, sha256, size, records, kept, rejected, suspended, declared totals.
        raw: Raw table -> `{"read", "kept", "rejected", "suspended"}` records, before conform.
        unplaced: Disposition -> records that were set aside before conform and of which it is not known, or of no
            matter, which rows with an amount they would have become; they stand in none of the totals below.
        read: Canonical rows that the mappings made or would have made, those set aside included.
        conformed: Canonical rows that conform let through.
        kept: Canonical rows that are loaded.
        rejected: Canonical rows that cannot be used.
        suspended: Canonical rows that are held back.
        flagged: Attributes that were set aside or doubted, by reason.
        reasons: `(disposition, reason, entity, currency)` -> `(rows, amount in grosze)`, None where none is known.
        unreadable: `(disposition, reason, entity)` -> records that have an amount which cannot be read.
        gates: Results of both gates, one a table.
        checked: Equation -> accounts, invoices or payments that it was applied to before publishing.
        broken: Equation -> how many of them were held back because it did not close.
        seconds: Step -> duration.
        rejects: Paths of the source's reject files, in step order.
        warnings: What was noticed of the delivery when it was published.
        fillers: What was delivered and taken for nothing; see `pipeline.fillers`.
    """

    source_id: str
    files: list[dict[str, Any]]
    raw: dict[str, dict[str, int]]
    unplaced: dict[str, int]
    read: Totals
    conformed: Totals
    kept: Totals
    rejected: Totals
    suspended: Totals
    flagged: dict[str, int]
    reasons: dict[ReasonKey, ReasonSum]
    unreadable: dict[tuple[str, str, str], int]
    gates: list[dict[str, Any]]
    checked: dict[str, int]
    broken: dict[str, int]
    seconds: dict[str, float]
    rejects: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    fillers: list[dict[str, Any]] = field(default_factory=list)

    @property
    def records_read(self) -> int:
        """Records in the delivered files."""
        return sum(table["read"] for table in self.raw.values())


def source_figures(ctx: Context, manifest: Manifest) -> SourceFigures:
    """Gather the figures behind a source's published tables.

    Args:
        ctx: The process's context.
        manifest: Of the step `balance`.
    """
    steps = chain(ctx, manifest)
    decode, raw_gate = steps["decode"].facts, steps["check_raw"].facts
    raw = {}
    for table, read in decode["read"].items():
        lost = raw_gate["rejected"].get(table, 0)
        raw[table] = {
            "read": read,
            "kept": decode["kept"].get(table, 0) - lost,
            "rejected": decode["rejected"].get(table, 0) + lost,
            "suspended": decode["suspended"].get(table, 0),
        }
    paths = [str(ctx.store.local_path(m.rejects.path)) for m in with_rejects(_in_order(steps)) if m.rejects]
    read = Totals.from_json(steps["conform"].totals["read"])
    for name in ASIDE:
        read.merge(Totals.from_json(steps["decode"].totals.get(name, {})))
    reasons = merge_reasons(_reasons(path) for path in paths)
    flagged = merged_counts({r: n} for (d, r, _, _), (n, _) in reasons.items() if d == "flagged")
    return SourceFigures(
        source_id=manifest.scope,
        files=decode["files"],
        raw=raw,
        unplaced={
            name: sum(t[name] for t in raw.values()) - sum(decode.get("placed", {}).get(name, {}).values())
            for name in ASIDE
        },
        read=read,
        conformed=Totals.from_json(steps["conform"].totals["kept"]),
        kept=Totals.from_json(steps["balance"].totals["kept"]),
        rejected=_sum(steps, "rejected"),
        suspended=_sum(steps, "suspended"),
        flagged=flagged,
        reasons=reasons,
        unreadable=_unreadable(ctx, steps),
        gates=[*raw_gate["results"], *steps["check_canonical"].facts["results"]],
        checked=steps["balance"].facts["checked"],
        broken=steps["balance"].facts["broken"],
        seconds={name: m.seconds for name, m in steps.items()},
        rejects=paths,
        warnings=_warnings(ctx, manifest),
        fillers=fillers_of(steps[name].facts for name in ("conform", "normalise")),
    )


def _warnings(ctx: Context, manifest: Manifest) -> list[str]:
    published = ctx.store.state(f"published/{manifest.scope}") or {}
    return published.get("warnings", []) if published.get("ref") == manifest.ref else []


def _in_order(steps: Mapping[str, Manifest]) -> dict[str, Manifest]:
    from pipeline.source_steps import STEPS

    return {name: steps[name] for name in STEPS if name in steps}


def _sum(steps: Mapping[str, Manifest], bucket: str) -> Totals:
    total = Totals()
    for name in COUNTING:
        total.merge(Totals.from_json(steps[name].totals.get(bucket, {})))
    return total


def _reasons(path: str) -> dict[ReasonKey, ReasonSum]:
    """Rows and amounts of one reject file by disposition, reason, entity and currency."""
    table = pq.read_table(path, columns=["disposition", "reason", "entity", "currency", "level", "amount"])
    groups = table.group_by(["disposition", "reason", "entity", "currency"]).aggregate(
        [("level", "count"), ("amount", "sum")]
    )
    found = {}
    for row in groups.to_pylist():
        key = (row["disposition"], row["reason"], row["entity"], row["currency"] or "")
        amount = row["amount_sum"]
        found[key] = (row["level_count"], None if amount is None else int(amount.scaleb(2)))
    return found


def _unreadable(ctx: Context, steps: Mapping[str, Manifest]) -> dict[tuple[str, str, str], int]:
    """Records whose amount is not known, though they have one: canonical rows without it, and what decode counted."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for disposition, found in steps["decode"].facts.get("unreadable", {}).items():
        for key, number in found.items():
            reason, _, table = key.partition(" ")
            counts[disposition, reason, table] += number
    carriers = pa.array([name for name, entity in ENTITIES.items() if entity.control_amount])
    columns = ["disposition", "reason", "entity", "level", "amount"]
    for manifest in (steps[name] for name in COUNTING[1:]):
        if manifest.rejects is None:
            continue
        table = pq.read_table(ctx.store.local_path(manifest.rejects.path), columns=columns)
        bare = pc.and_(pc.is_null(table["amount"]), pc.equal(table["level"], "record"))
        groups = table.filter(pc.and_(bare, pc.is_in(table["entity"], value_set=carriers))).group_by(columns[:3])
        for row in groups.aggregate([("level", "count")]).to_pylist():
            counts[row["disposition"], row["reason"], row["entity"]] += row["level_count"]
    return dict(counts)


def merge_reasons(parts: Iterator[dict[ReasonKey, ReasonSum]]) -> dict[ReasonKey, ReasonSum]:
    """Add up counts and amounts by key."""
    total: dict[ReasonKey, ReasonSum] = {}
    for part in parts:
        for key, (rows, amount) in part.items():
            before, known = total.get(key, (0, None))
            total[key] = (before + rows, known if amount is None else (known or 0) + amount)
    return total


def control_totals(figures: SourceFigures) -> list[dict[str, Any]]:
    """The figures as rows of `control.control_total`."""
    rows: list[dict[str, Any]] = []
    for table, counts in figures.raw.items():
        for bucket, records in counts.items():
            rows.append({"source_id": figures.source_id, "step": "decode", "bucket": bucket, "entity": table,
                         "records": records})  # fmt: skip
    for bucket in ("read", "kept", "rejected", "suspended"):
        totals: Totals = getattr(figures, bucket)
        for entity, currency in totals:
            total = totals[entity, currency]
            money = bool(currency)
            rows.append(
                {
                    "source_id": figures.source_id,
                    "step": "balance",
                    "bucket": bucket,
                    "entity": entity,
                    "currency": currency or None,
                    "records": total.records,
                    "amount_grosze": total.amount if money else None,
                    "positive_grosze": total.debit if money else None,
                    "negative_grosze": total.credit if money else None,
                }
            )
    for entity, currency in figures.kept:
        total = figures.kept[entity, currency]
        if total.converted:
            common = {"source_id": figures.source_id, "step": "conform", "entity": entity, "records": total.converted}
            rows.append({**common, "bucket": "delivered", "currency": "PLZ", "amount_grosze": total.delivered})
            rows.append({**common, "bucket": "converted", "currency": currency, "amount_grosze": total.booked})
    return rows
