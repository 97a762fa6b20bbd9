"""What a run did, on a page of a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any

from rich.console import Console

from audit.totals import Totals
from billing.errors import BillingError, place
from billing.wording import count, counted
from pipeline.consolidation import LACKING, UNDECLARED
from pipeline.context import Context
from pipeline.figures import SourceFigures, source_figures
from pipeline.landed import chain
from pipeline.published import published
from pipeline.reconciliation import OTHERS, equations_table, money, not_in_load, plain_table
from pipeline.store import Manifest
from pipeline.version import code_version

_MONEY_ENTITIES = (("account", "balances"), ("invoice", "invoices"), ("payment", "payments"),
                   ("adjustment", "adjustments"))  # fmt: skip
_MARKS = {"published": "[green]✓[/]", "absent": "[dim]no delivery[/]", UNDECLARED: "[yellow]not declared[/]"}


def print_summary(
    ctx: Context, ref: str | None, console: Console, *, run_id: str = "", error: BillingError | None = None
) -> bool:
    """Print the summary of a run.

    Args:
        ctx: The process's context.
        ref: Reference of the step `report`, None where the consolidation stopped.
        console: Where to print.
        run_id: The run that was made now; what an earlier run loaded is called nothing new.
        error: Why the consolidation stopped.

    Returns:
        Whether every source and every equation is well.
    """
    if ref is None:
        _sources_table(ctx, {}, console)
        console.print(f"[bold red]The consolidation stopped:[/] {error or 'see the log'}", highlight=False)
        refused = ctx.store.state(f"refused/{run_id}") if run_id else None
        if refused and refused.get("report"):
            console.print(f"Report of the refused load: {refused['report']}", highlight=False)
        return False
    report = ctx.store.manifest(ref)
    steps = chain(ctx, report)
    collect = steps["collect"]
    batch = ctx.store.manifest(steps["load"].facts["batch"])
    figures = {name: source_figures(ctx, manifest) for name, manifest in published(ctx, collect).items()}
    lacking = _sources_table(ctx, figures, console, collect.facts["sources"])
    _money_table(figures, console)
    identity = steps["link"].facts["figures"]
    console.print(
        f"Customers: {counted(identity['records'], 'subscriber')} in, {counted(identity['clusters'], 'customer')} "
        f"out; {counted(identity['waiting'], 'pair')} {'waits' if identity['waiting'] == 1 else 'wait'} for a review",
        highlight=False,
    )
    balanced = _equations(batch, console)
    if batch.facts["run_id"] != run_id and lacking:
        console.print(
            f"[bold]Nothing was loaded:[/] the sources that are in delivered nothing new, "
            f"the warehouse holds them since run {batch.facts['run_id']}.",
            highlight=False,
        )
    elif batch.facts["run_id"] != run_id:
        console.print(
            f"[bold]Nothing new:[/] the warehouse holds this since run {batch.facts['run_id']}; "
            "nothing was loaded again.",
            highlight=False,
        )
    else:
        console.print(f"Loaded as batch {batch.facts['batch_id']}: {_changes(batch)}", highlight=False)
    if others := not_in_load(ctx, ctx.database_url):
        console.print(OTHERS.format(", ".join(others)), highlight=False)
    console.print(f"Report: {report.facts['report']}", highlight=False, soft_wrap=True)
    return balanced and not lacking


def _sources_table(
    ctx: Context,
    figures: dict[str, SourceFigures],
    console: Console,
    sources: list[dict[str, Any]] | None = None,
) -> list[str]:
    """One line a source; returns those that failed."""
    table = plain_table(f"Sources (Blueline {code_version()})", "source", "", files="right")
    for name in ("read", "kept", "rejected", "suspended", "flagged"):
        table.add_column(name, justify="right", overflow="fold")
    lacking = []
    for entry in sources or [_outcome(ctx, name) for name in ctx.sources]:
        name, status = entry["id"], entry["status"]
        f = figures.get(name)
        mark = _MARKS.get(status, f"[bold red]{status}[/]")
        if status in LACKING:
            lacking.append(name)
        if f is None:
            table.add_row(name, mark)
            continue
        lost = f.unplaced
        table.add_row(
            name,
            mark,
            str(len(f.files)),
            count(_rows(f.read) + sum(lost.values())),
            count(_rows(f.kept)),
            count(_rows(f.rejected) + lost["rejected"]),
            count(_rows(f.suspended) + lost["suspended"]),
            count(sum(f.flagged.values())),
        )
    console.print(table)
    _explain(figures.values(), console)
    for entry in sources or [_outcome(ctx, name) for name in ctx.sources]:
        if entry["status"] in LACKING and entry.get("error"):
            where = {name: at for name, at in entry.get("where", {}).items() if name != "source_id"}
            told = ": ".join(filter(None, (entry["step"], place(where), entry["error"])))
            console.print(f"[bold red]{entry['id']}[/] stopped at {told}" if entry["step"] else
                          f"[bold red]{entry['id']}[/] {told}", highlight=False)  # fmt: skip
            if entry.get("remedy"):
                console.print(f"  remedy: {entry['remedy']}", markup=False, highlight=False)
            if entry["status"] == "stale":
                console.print("  its last published data were used", highlight=False)
        elif entry["status"] == UNDECLARED:
            console.print(f"[yellow]{entry['id']}[/] is {entry['error']}", highlight=False)
            console.print(f"  remedy: {entry['remedy']}", markup=False, highlight=False)
    return lacking


def _explain(figures: Collection[SourceFigures], console: Console) -> None:
    """What the columns mean, and what was set aside for which reasons."""
    lost = sum(sum(f.unplaced.values()) for f in figures)
    told = f", and {counted(lost, 'record')} that nothing could be made of and that no equation counts" if lost else ""
    console.print(
        f"Read are the rows that the records became{told}; flagged are findings on single attributes.",
        style="dim", highlight=False,
    )  # fmt: skip
    reasons: Counter[tuple[str, str]] = Counter()
    for f in figures:
        for (disposition, reason, _, _), (rows, _) in f.reasons.items():
            reasons[disposition, reason] += rows
    for kind in ("rejected", "suspended"):
        told = ", ".join(f"{reason} {count(rows)}" for (d, reason), rows in reasons.most_common() if d == kind)
        if told:
            console.print(f"{kind.capitalize()}: {told}", highlight=False)
    if taken := sum(line["rows"] for f in figures for line in f.fillers):
        console.print(
            f"{counted(taken, 'value')} taken for nothing (`brak`, zeros for a date, ...): [bold]blueline fillers[/]",
            highlight=False,
        )
    if reasons:
        console.print("Each with its place and what is wrong: [bold]blueline rejects[/]", highlight=False)


def _outcome(ctx: Context, name: str) -> dict[str, Any]:
    outcome = ctx.store.state(f"outcome/{name}") or {"status": "never"}
    error = outcome.get("error") or {}
    return {"id": name, "status": outcome["status"], "step": outcome.get("step", ""), "where": error.get("where", {}),
            "error": error.get("message", ""), "remedy": error.get("remedy", "")}  # fmt: skip


def _money_table(figures: dict[str, SourceFigures], console: Console) -> None:
    table = plain_table("Money in and money out", "money", "")
    for name in ("read", "loaded", "rejected", "suspended"):
        table.add_column(name, justify="right", overflow="fold")
    sums = {name: Totals() for name in ("read", "kept", "rejected", "suspended")}
    for f in figures.values():
        for name, total in sums.items():
            total.merge(getattr(f, name))
    for entity, words in _MONEY_ENTITIES:
        currencies = sorted({c for e, c in sums["read"] if e == entity and c})
        for currency in currencies:
            table.add_row(words, currency, *(money(total[entity, currency].amount) for total in sums.values()))
    if table.row_count:
        console.print(table)
    if unreadable := sum(sum(f.unreadable.values()) for f in figures.values()):
        console.print(f"{counted(unreadable, 'record')} set aside without an amount that can be read: in no sum",
                      highlight=False)  # fmt: skip


def _equations(batch: Manifest, console: Console) -> bool:
    from audit.equations import EquationResult

    results = [EquationResult(**{**e, "keys": tuple(e["keys"])}) for e in batch.facts["equations"]]
    console.print(equations_table(results))
    broken = [r for r in results if r.status == "broken"]
    return not broken


def _changes(batch: Manifest) -> str:
    counts = batch.facts["counts"]
    total = {name: sum(c.get(name, 0) for c in counts.values()) for name in ("inserted", "updated", "unchanged")}
    return ", ".join(f"{counted(number, 'row')} {name}" for name, number in total.items())


def _rows(totals: Totals) -> int:
    return sum(totals.records_by_entity().values())
