"""`blueline fillers`: what was delivered and taken for nothing, counted by source, field and text."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape

from billing.errors import ContractError
from billing.model import ENTITIES
from billing.wording import count, counted
from pipeline.console import make_console
from pipeline.context import Context, context
from pipeline.fillers import fillers_of
from pipeline.landed import chain
from pipeline.reconciliation import plain_table


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(fillers)


def fillers(
    source: Annotated[str | None, typer.Option("--source", "-s", help="Only this source.")] = None,
    entity: Annotated[str | None, typer.Option("--entity", "-e", help="Only this entity.")] = None,
) -> None:
    """Count what was delivered and taken for nothing: words, zeros and nines, what a source declares as nothing.

    By source, field and text, of what each source published last.  Those with a reason could pass for a value: each
    of them is told by `blueline rejects`, too.

    Examples: `blueline fillers` · `blueline fillers -s krakow -e subscriber`
    """
    if entity is not None and entity not in ENTITIES:
        raise ContractError(f"unknown entity {entity!r}", remedy=f"one of {', '.join(ENTITIES)}")
    ctx = context()
    lines = [line for name in _sources(ctx, source) for line in _lines(ctx, name)]
    lines = [line for line in lines if entity in (None, line["entity"])]
    console = make_console()
    if not lines:
        console.print("nothing that was delivered was taken for nothing")
        return
    title = f"{counted(sum(line['rows'] for line in lines), 'value')} taken for nothing"
    table = plain_table(title, "source", "entity", "field", "text", rows="right")
    table.add_column("told as", overflow="fold")
    for line in lines:
        table.add_row(
            line["source"], line["entity"], line["field"], escape(line["text"]), count(line["rows"]), line["reason"]
        )
    console.print(table)


def _sources(ctx: Context, source: str | None) -> list[str]:
    return list(ctx.sources) if source is None else [ctx.source(source).id]


def _lines(ctx: Context, name: str) -> list[dict[str, Any]]:
    published = ctx.store.state(f"published/{name}")
    if published is None or published["absent"]:
        return []
    steps = chain(ctx, ctx.store.manifest(published["ref"]))
    return [{"source": name, **line} for line in fillers_of(steps[step].facts for step in ("conform", "normalise"))]
