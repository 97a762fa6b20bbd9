"""The equations, checked again on what the warehouse holds now, and shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.table import Table

from audit.equations import NOT_TESTED, EquationResult, check_equations
from billing.spec import EQUATIONS
from billing.wording import NO_BREAK, count
from loaders.warehouse import connect
from pipeline.context import Context
from pipeline.figures import source_figures
from pipeline.loading import source_totals
from pipeline.published import published


def check_now(ctx: Context, url: str) -> list[EquationResult]:
    """Every equation of every source that the newest loaded batch delivered; none where nothing is loaded."""
    known = ctx.store.state("loaded")
    if known is None:
        return []
    batch = ctx.store.manifest(known["batch"])
    link = ctx.store.manifest(batch.inputs[0])
    tables = published(ctx, ctx.store.manifest(link.inputs[0]))
    figures = {name: source_figures(ctx, manifest) for name, manifest in tables.items()}
    with connect(url) as connection:
        return check_equations(connection, source_totals(ctx, figures), staged=False)


OTHERS = "The warehouse also holds rows of {}, loaded before and not in the latest load: proved then, not now."


def not_in_load(ctx: Context, url: str) -> list[str]:
    """Sources that the warehouse holds rows of and that the newest load did not include, such as retired ones."""
    known = ctx.store.state("loaded")
    if known is None:
        return []
    link = ctx.store.manifest(ctx.store.manifest(known["batch"]).inputs[0])
    included = list(published(ctx, ctx.store.manifest(link.inputs[0])))
    with connect(url) as connection:
        rows = connection.execute(
            "SELECT code FROM control.source s WHERE NOT code = ANY(%s) "
            "AND EXISTS (SELECT FROM billing.billing_account a WHERE a.source_id = s.source_id) ORDER BY code",
            [included],
        ).fetchall()
    return [code for (code,) in rows]


def money(grosze: int | None) -> str:
    """Grosze as people read them.

    >>> money(-1234567)
    '-12\\xa0345.67'
    """
    if grosze is None:
        return ""
    return f"{'-' if grosze < 0 else ''}{abs(grosze) // 100:,}.{abs(grosze) % 100:02}".replace(",", NO_BREAK)


def plain_table(title: str, *columns: str, **more: Literal["left", "right"]) -> Table:
    """A table that fits a narrow terminal: no lines but one under the head; what is too wide is folded, never cut."""
    table = Table(title=f"[bold]{title}[/]", title_justify="left", title_style="", box=SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold")
    for name, side in more.items():
        table.add_column(name, justify=side, overflow="fold")
    return table


def equations_table(results: Sequence[EquationResult], *, everything: bool = False) -> Table:
    """One line an equation; with `everything`, and where one does not close, one line for each source and currency."""
    detailed = everything or any(r.status == "broken" for r in results)
    table = plain_table("Equations", "equation", *(("source", "of", "") if detailed else ()))
    for name in ("left", "right", "difference") if detailed else ():
        table.add_column(name, justify="right", overflow="fold")
    table.add_column("checked", justify="right", overflow="fold")
    table.add_column("", overflow="fold")
    for equation in EQUATIONS:
        mine = [r for r in results if r.equation == equation]
        if not everything:
            closed = [r for r in mine if r.status == "closed"]
            absent = sorted({r.source_id for r in mine if r.status == "not_applicable" and not r.untested})
            told = f"{_mark('closed')} closed, sources: {len({r.source_id for r in closed})}" if closed else ""
            note = f"not applicable: {', '.join(absent)}" if absent else ""
            checked = count(sum(r.checked for r in closed))
            empty = [""] * 6 if detailed else []
            table.add_row(equation, *empty, checked, "; ".join(filter(None, (told, _untested(mine), note))))
        for r in mine:
            if not everything and r.status != "broken":
                continue
            value = money if r.unit == "grosze" else count
            difference = value(r.difference) if r.status != "not_applicable" else ""
            keys = f": {', '.join(r.keys[:5])}" if r.keys else ""
            note = " ".join(filter(None, (_mark(r.status), f"{r.note}{keys}")))
            table.add_row(
                equation,
                r.source_id,
                r.entity,
                r.currency,
                value(r.lhs),
                value(r.rhs),
                difference,
                count(r.checked),
                note,
            )
    return table


def _untested(results: Sequence[EquationResult]) -> str:
    """What an equation could not test: its figures have nothing to disagree with."""
    sources: dict[str, int] = {}
    for r in results:
        if r.untested:
            sources[r.source_id] = sources.get(r.source_id, 0) + r.untested
    if not sources:
        return ""
    named = ", ".join(f"{source} {count(number)}" for source, number in sorted(sources.items()))
    return f"[yellow]{NOT_TESTED}[/], no allocations and no stated rest: {named}"


def _mark(status: str) -> str:
    return {"closed": "[green]✓[/]", "broken": "[bold red]✗ does not close[/]", "not_applicable": "[dim]–[/]"}[status]
