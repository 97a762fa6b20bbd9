"""The equations, checked again on what the warehouse holds now, and shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from audit.equations import EquationResult, check_equations
from billing.spec import EQUATIONS
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


def money(grosze: int | None) -> str:
    """Grosze as people read them.

    >>> money(-1234567)
    '-12 345.67'
    """
    if grosze is None:
        return ""
    return f"{'-' if grosze < 0 else ''}{abs(grosze) // 100:,}.{abs(grosze) % 100:02}".replace(",", " ")


def equations_table(results: Sequence[EquationResult], *, everything: bool = False) -> Table:
    """One line an equation and source (or only those that do not close, with a line for the others)."""
    table = Table("equation", "source", "of", "currency", title="Equations", title_justify="left")
    for name in ("left side", "right side", "difference", "checked"):
        table.add_column(name, justify="right")
    table.add_column("")
    for equation in EQUATIONS:
        mine = [r for r in results if r.equation == equation]
        shown = [r for r in mine if everything or r.status == "broken"]
        for r in shown:
            value = money if r.unit == "grosze" else _count
            keys = f"\n{', '.join(r.keys[:5])}" if r.keys else ""
            table.add_row(
                equation, r.source_id, r.entity, r.currency, value(r.lhs), value(r.rhs),
                value(r.difference) if r.status != "not_applicable" else "", _count(r.checked), f"{_mark(r.status)} {r.note}{keys}",
            )  # fmt: skip
        if not everything:
            closed = [r for r in mine if r.status == "closed"]
            absent = sorted({r.source_id for r in mine if r.status == "not_applicable"})
            note = f"; not applicable: {', '.join(absent)}" if absent else ""
            if closed:
                sources = len({r.source_id for r in closed})
                told = f"{_mark('closed')} {len(closed)} closed in {sources} sources{note}"
            else:
                told = f"{_mark('not_applicable')}{note}"
            table.add_row(equation, "", "", "", "", "", "", _count(sum(r.checked for r in closed)), told)
    return table


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}".replace(",", " ")


def _mark(status: str) -> str:
    return {"closed": "[green]✓[/]", "broken": "[bold red]✗ does not close[/]", "not_applicable": "[dim]–[/]"}[status]


def printed_path(path: Path) -> str:
    """A path as short as it can be said from here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
