"""The command `blueline`.

Each command lives in a module of `pipeline.commands` and is imported when it is typed: all of them together take
seconds, and `blueline run`, whose workers import this module again, needs none.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from importlib import import_module
from typing import Annotated, Any

import typer
from rich.console import Console

from billing.errors import BillingError, ContractError, ReconciliationError
from billing.settings import load_settings
from pipeline.console import make_console
from pipeline.context import Context, context
from pipeline.logs import configure_logs
from pipeline.version import code_version

db = typer.Typer(help="The warehouse and its schema.", no_args_is_help=True)
_OWN = ("run", "db")  # commands of this module
_MODULES: dict[str, tuple[str, ...]] = {
    "profile": ("profile",),
    "evidence": ("rejects", "reconcile", "trace", "verify-seals"),
    "fillers": ("fillers",),
    "decode": ("decode",),
    "normalise": ("normalise",),
    "explain": ("explain", "customer"),
    "sources": ("sources",),
    "copybook": ("copybook",),
    "identity": ("identity",),
    "review": ("review", "decide"),
}  # module of `pipeline.commands` -> its commands

EXIT_FAILED = 1  # a source or the load failed, or an equation does not close
EXIT_USAGE = 2  # a declaration or a setting is wrong
EXIT_INTERRUPTED = 130  # as a shell tells it


def main() -> None:
    """Entry point: errors of ours are told in one piece, without a traceback."""
    try:
        configure_logs(load_settings())
        make_app(sys.argv[1:])()
    except BillingError as error:
        _explain(error)
        sys.exit(EXIT_USAGE if isinstance(error, ContractError) else EXIT_FAILED)


def make_app(arguments: Sequence[str] = ()) -> typer.Typer:
    """The application, with the command that the arguments begin with, or with all of them.

    Args:
        arguments: As typed; where they begin with no command, every one is there to be listed.
    """
    app = typer.Typer(
        name="blueline",
        help="Consolidate many legacy billing systems into one reconciled billing schema, and prove it.\n\n"
        "A first look: `make demo`, then `blueline trace 12000000001` or `blueline rejects --reason ACC-BLOCKED`.",
        no_args_is_help=True,
        rich_markup_mode="markdown",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(_root)
    word = arguments[0] if arguments else ""
    known = {word} & {*_OWN, *(command for commands in _MODULES.values() for command in commands)}
    for module, commands in _MODULES.items():
        if not known or word in commands:
            _register(app, module)
    app.command()(run)
    app.add_typer(db, name="db")
    return app


def _register(app: typer.Typer, name: str) -> None:
    module = import_module(f"pipeline.commands.{name}")
    if hasattr(module, "register"):
        module.register(app)
    elif name == "profile":
        app.command("profile")(module.command)
    elif name == "review":
        app.add_typer(module.review, name="review")
        app.add_typer(module.decide, name="decide")
    else:
        app.add_typer(module.app, name=name)


def __getattr__(name: str) -> typer.Typer:
    """The whole application, made when it is asked for."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return make_app()


def _explain(error: BillingError) -> None:
    console = make_console(stderr=True)
    console.print(f"[bold red]{error.title}[/]", end=": " if error.where else "\n")
    if error.where:
        console.print(error.place, style="cyan", markup=False, highlight=False, soft_wrap=True)
    console.print(error.message, markup=False, highlight=False)
    if isinstance(error, ReconciliationError):
        for item in error.breaks[:20]:
            console.print("  " + ", ".join(f"{k}={v}" for k, v in item.items()), markup=False, highlight=False)
    if error.remedy:
        console.print("[bold]Remedy:[/]", end=" ")
        console.print(error.remedy, markup=False, highlight=False)


def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version of the code and exit.")] = False,
) -> None:
    if version:
        typer.echo(f"blueline {code_version()}")
        raise typer.Exit


def run(
    source: Annotated[
        list[str] | None, typer.Option("--source", "-s", help="Run only this source (may be given again).")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Sources handled at the same time.", min=1)] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the summary only.")] = False,
) -> None:
    """Run the whole pipeline without Airflow: every source, then the consolidation.

    What was done before is not done again; a second run finds nothing new and says so.  A terminal shows a live
    table; a file or a pipe gets the structured logs (a terminal too, where BLUELINE_LOG_LEVEL is set).
    Exit status 1 when a source failed or an equation does not close.

    Examples: `blueline run` · `blueline run -s krakow -s lodz` · `blueline run --workers 1 -q`
    """
    from pipeline.run import run_all
    from pipeline.summary import print_summary

    ctx = context()
    console = make_console(stderr=True)
    board = console.is_terminal and not quiet and "log_level" not in ctx.settings.model_fields_set
    if board or quiet:  # what is logged as a warning stands in the summary, too
        ctx = Context(ctx.settings.model_copy(update={"log_level": "ERROR"}))
        configure_logs(ctx.settings)
    with warehouse(ctx):
        from loaders.schema import upgrade

        upgrade(ctx.database_url)
        with _progress(ctx, console, source) if board else nullcontext(_silent) as progress:
            try:
                result = run_all(ctx, only=source or (), workers=workers, progress=progress)
            except KeyboardInterrupt:
                typer.echo("interrupted: what was finished stays; `blueline run` goes on from there", err=True)
                raise typer.Exit(EXIT_INTERRUPTED) from None
        good = print_summary(ctx, result.ref, make_console(), run_id=result.run_id, error=result.error)
    raise typer.Exit(0 if good else EXIT_FAILED)


def _silent(scope: str, step: str, state: str) -> None:
    return None


@contextmanager
def _progress(ctx: Context, console: Console, only: list[str] | None) -> Iterator[Callable[[str, str, str], None]]:
    """A live table of what `run_all` tells."""
    from pipeline.progress import make_view
    from pipeline.steps import CONSOLIDATE_STEPS, SOURCE_STEPS

    titles = {name: ctx.source(name).spec.title for name in only or ctx.sources}
    with make_view(console, titles, SOURCE_STEPS, CONSOLIDATE_STEPS) as view:

        def told(scope: str, step: str, state: str) -> None:
            if scope == "consolidation":
                view.consolidation(step, "success" if state == "done" else state)
            elif state != "done":
                view.source(scope, step, state)

        yield told


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
    from pipeline.commands.evidence import print_status

    ctx = context()
    with ctx.warehouse():
        print_status(ctx)


def warehouse(ctx: Context) -> Any:
    """The warehouse for the length of a `with` block: started where it does not run, made where there is none."""
    return ctx.warehouse(create=True)


Command = Callable[..., None]


if __name__ == "__main__":
    main()
