"""The command `blueline`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.console import Console

from billing.errors import BillingError, ReconciliationError
from billing.settings import load_settings
from pipeline import cli_evidence, cli_sources
from pipeline.context import Context, context
from pipeline.logs import configure_logs
from pipeline.version import code_version

app = typer.Typer(
    name="blueline",
    help="Consolidate many legacy billing systems into one reconciled billing schema, and prove it.\n\n"
    "A first look: `make demo`, then `blueline trace 12000000001` or `blueline rejects --reason ACC-BLOCKED`.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(cli_sources.app, name="sources")
cli_evidence.register(app)
db = typer.Typer(help="The warehouse and its schema.", no_args_is_help=True)
app.add_typer(db, name="db")

EXIT_FAILED = 1  # a source or the load failed, or an equation does not close
EXIT_USAGE = 2  # a declaration or a setting is wrong


def main() -> None:
    """Entry point: errors of ours are told in one piece, without a traceback."""
    try:
        configure_logs(load_settings())
        app()
    except BillingError as error:
        _explain(error)
        sys.exit(EXIT_USAGE if type(error).__name__ == "ContractError" else EXIT_FAILED)


def _explain(error: BillingError) -> None:
    console = Console(stderr=True)
    console.print(f"[bold red]{type(error).__name__}[/]", end=" ")
    for key, value in error.where.items():
        console.print(f"{key}={value}", style="cyan", markup=False, end=" ", highlight=False)
    console.print()
    console.print(error.message, markup=False, highlight=False)
    if isinstance(error, ReconciliationError):
        for item in error.breaks[:20]:
            console.print("  " + ", ".join(f"{k}={v}" for k, v in item.items()), markup=False, highlight=False)
    if error.remedy:
        console.print("[bold]Remedy:[/]", end=" ")
        console.print(error.remedy, markup=False, highlight=False)


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version of the code and exit.")] = False,
) -> None:
    if version:
        typer.echo(f"blueline {code_version()}")
        raise typer.Exit


@app.command()
def run(
    source: Annotated[
        list[str] | None, typer.Option("--source", "-s", help="Run only this source (may be given again).")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Sources handled at the same time.", min=1)] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the summary only.")] = False,
) -> None:
    """Run the whole pipeline without Airflow: every source, then the consolidation.

    What was done before is not done again; a second run finds nothing new and says so.
    Exit status 1 when a source failed or an equation does not close.

    Examples: `blueline run` · `blueline run -s krakow -s opole` · `blueline run --workers 1 -q`
    """
    from pipeline.run import run_all
    from pipeline.summary import print_summary

    ctx = context()
    if quiet:
        ctx = Context(ctx.settings.model_copy(update={"log_level": "ERROR"}))
        configure_logs(ctx.settings)
    with warehouse(ctx):
        from loaders.schema import upgrade

        upgrade(ctx.database_url)
        result = run_all(ctx, only=source or (), workers=workers, progress=_silent if quiet else _told)
        good = print_summary(ctx, result.ref, Console(), run_id=result.run_id, error=result.error)
    raise typer.Exit(0 if good else EXIT_FAILED)


def _silent(scope: str, step: str, state: str) -> None:
    return None


def _told(scope: str, step: str, state: str) -> None:
    if state != "running":
        mark = {"done": "[green]done[/]", "failed": "[bold red]FAILED[/]"}[state]
        Console(stderr=True).print(f"{scope:<16} {step:<20} {mark}")


@db.command("upgrade")
def db_upgrade() -> None:
    """Create the warehouse's schema or bring it to this version; safe to repeat."""
    from loaders.schema import upgrade

    ctx = context()
    with warehouse(ctx):
        upgrade(ctx.database_url)
    typer.echo("the warehouse's schema is up to date")


@db.command("status")
def db_status() -> None:
    """Say which warehouse is used and what it holds."""
    ctx = context()
    with warehouse(ctx):
        cli_evidence.print_status(ctx)


def warehouse(ctx: Context) -> Any:
    """The warehouse for the length of a `with` block: the embedded server is started where none runs."""
    return ctx.warehouse()


Command = Callable[..., None]


if __name__ == "__main__":
    main()
