"""`blueline explain` and `blueline customer`: why two are one customer or not, and how a customer was put together."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.console import make_console
from pipeline.context import context

Reveal = Annotated[
    bool, typer.Option("--reveal", help="Show personal values in clear; who did is kept in revealed.jsonl.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(explain)
    app.command()(customer)


def explain(
    one: Annotated[str, typer.Argument(help="source/key, an account's number or a customer's id.", metavar="A")],
    other: Annotated[str, typer.Argument(help="The other one, named in the same way.", metavar="B")],
    reveal: Reveal = False,
) -> None:
    """Say why two are one customer, or why not: evidence field by field, decisions, the chain between them.

    Two that were never compared are scored for the answer.  A number that may be an account and a customer is told
    apart as `account:N` and `customer:N`.

    Examples: `blueline explain krakow/0001742 lodz/77120` · `blueline explain 12000000001 customer:42`
    """
    from pipeline.explaining import show_explanation

    ctx = context()
    with ctx.warehouse() as url:
        show_explanation(ctx, url, one, other, make_console(), reveal=reveal)


def customer(
    who: Annotated[str, typer.Argument(help="A customer's id, an account's number or source/key.", metavar="ID")],
    reveal: Reveal = False,
) -> None:
    """Show a customer: the surviving values and where each came from, what lost, decisions, accounts and records.

    An id that became part of another customer leads to that one.  Values are masked.

    Examples: `blueline customer 42` · `blueline customer krakow/0001742 --reveal`
    """
    from pipeline.explaining import show_customer

    ctx = context()
    with ctx.warehouse() as url:
        show_customer(ctx, url, who, make_console(), reveal=reveal)
