"""`blueline sources`: the declared sources, checked and explained."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from billing.errors import BillingError, ContractError
from billing.file_specs import SqlFile
from billing.registry import NOTES_FILE, SPEC_FILE, Source, json_schema, load_source
from billing.spec import ALWAYS, EQUATIONS
from billing.wording import counted
from pipeline.console import make_console
from pipeline.context import Context, context
from pipeline.declared import check_delivery, misreadings, static_columns
from pipeline.delivered import delivery_place
from pipeline.reconciliation import plain_table
from pipeline.written import written

app = typer.Typer(help="The declared sources.", no_args_is_help=True)
TEMPLATES = Path(__file__).parent / "templates"
FORMATS = ("mainframe", "dbf", "delimited", "fixed_width", "xml", "sql", "mt940", "camt053", "elixir0")


@app.command("list")
def list_sources() -> None:
    """List every declared source, what became of it last, and which run brought the data that stand."""
    ctx = context()
    table = plain_table("Sources", "source", "formats", "zone", "last outcome", "at (UTC)", "data of run")
    table.add_column("system", overflow="fold")
    for source in ctx.sources.values():
        outcome = ctx.store.state(f"outcome/{source.id}") or {}
        table.add_row(
            source.id,
            ", ".join(sorted({f.format for f in source.spec.files})),
            source.spec.zone or "",
            outcome.get("status", "never run"),
            outcome.get("at", "")[:16].replace("T", " "),
            _publisher(ctx, source.id).get("run_id", ""),
            source.spec.system,
        )
    make_console().print(table)


def _publisher(ctx: Context, source_id: str) -> dict[str, str]:
    """The run that brought what a source has published; empty where nothing is, or nobody noted it."""
    published = ctx.store.state(f"published/{source_id}") or {}
    by = published.get("by") or {}
    return by if by.get("ref") == published.get("ref") and not published.get("absent") else {}


@app.command()
def show(source_id: Annotated[str, typer.Argument(metavar="SOURCE")]) -> None:
    """Show a source: its files, raw tables, entities and equations, and why it failed if it did."""
    ctx = context()
    source = ctx.source(source_id)
    spec = source.spec
    console = make_console()
    console.print(f"[bold]{spec.id}[/]  {spec.title}")
    console.print(f"{spec.system}; owner {spec.owner}; delivered to {delivery_place(ctx, source)}")
    files_table = Table("file", "format", "pattern", "raw tables", title="Files", title_justify="left")
    for file in spec.files:
        files_table.add_row(file.name, file.format, file.pattern, ", ".join(file.tables))
    console.print(files_table)
    entities = Table("entity", "from", "fields", title="Entities", title_justify="left")
    for mapping in spec.entities:
        entities.add_row(mapping.name, mapping.table, ", ".join(mapping.fields))
    console.print(entities)
    equations = Table("equation", "says", "", title="Equations", title_justify="left")
    for name, says in EQUATIONS.items():
        applies = name in ALWAYS or name in spec.equations
        equations.add_row(name, says, "applies" if applies else "not applicable")
    console.print(equations)
    for warning in (ctx.store.state(f"published/{source_id}") or {}).get("warnings", []):
        console.print(f"Published with a warning: {warning}", markup=False, soft_wrap=True)
    if by := _publisher(ctx, source_id):
        console.print(f"Its data stand since {by['at']} (run {by['run_id']})", highlight=False)
    outcome = ctx.store.state(f"outcome/{source_id}")
    if outcome:
        console.print(f"Last outcome: [bold]{outcome['status']}[/] at {outcome['at']} (run {outcome['run_id']})")
        if error := outcome.get("error"):
            console.print(f"  step {outcome['step']}: {error['message']}", markup=False)
            if error["remedy"]:
                console.print(f"  remedy: {error['remedy']}", markup=False)


@app.command()
def check(
    source_ids: Annotated[list[str] | None, typer.Argument(metavar="[SOURCE]...")] = None,
    static: Annotated[bool, typer.Option("--static", help="Do not look into the delivery or a database.")] = False,
) -> None:
    """Check declarations: keys, types, copybooks, and, where a delivery is there, the columns of its first records.

    Nothing is loaded.  A remote delivery is fetched into a temporary folder, a database server is asked for its first
    rows; a connection, a host key or a library that is missing is named.  Exit status 2 when a declaration is wrong.

    Examples: `blueline sources check` · `blueline sources check krakow`
    """
    ctx = context()
    root = ctx.settings.sources
    names = source_ids or sorted(p.parent.name for p in root.glob(f"*/{SPEC_FILE}"))
    if not names:
        raise ContractError("no source is declared", file=str(root), remedy="declare one: blueline sources new")
    wrong = 0
    console = make_console()
    for name in names:
        try:
            source = load_source(root / name)
            looked = _check_one(ctx, source, static)
        except BillingError as error:
            wrong += 1
            console.print(f"[bold red]✗[/] {name}", end=": ")
            for line in _told(error):
                console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            console.print(f"[green]✓[/] {name}: {looked}", highlight=False)
    if wrong:
        raise typer.Exit(2)


def _told(error: BillingError) -> list[str]:
    """An error in lines: a fault a line, with its place and what to do about it."""
    faults = error.faults if isinstance(error, ContractError) else ()
    if not faults:
        return [str(error)]
    return [
        f"{counted(len(faults), 'fault')} in {error.place}",
        *(f"    {fault}. Remedy: {fault.remedy}" for fault in faults),
    ]


def _check_one(ctx: Context, source: Source, static: bool) -> str:
    tables = [item for file in source.spec.files for item in static_columns(source, file).items()]
    if faults := [fault for table, columns in tables for fault in misreadings(source, table, columns)]:
        raise ContractError.of(faults, file=str(source.folder / SPEC_FILE))
    if static:
        return "declaration is sound"
    is_remote = source.spec.delivery.url is not None
    if not is_remote and not source.delivery_folder(ctx.settings.deliveries_path).exists():
        servers = [f for f in source.spec.files if isinstance(f, SqlFile) and f.url]
        none = f"no delivery in {delivery_place(ctx, source)}"
        if not servers:
            return f"declaration is sound; {none}"
        # A database server is there without any delivery
        seen = check_delivery(ctx, replace(source, spec=source.spec.model_copy(update={"files": servers})))
        fits = f"declaration is sound and fits the first records of the database ({counted(seen, 'raw table')})"
        return fits if len(servers) == len(source.spec.files) else f"{fits}; {none}"
    seen = check_delivery(ctx, source)
    if is_remote and not seen:
        return f"declaration is sound; no delivery in {delivery_place(ctx, source)}"
    return f"declaration is sound and fits the first records of the delivery ({counted(seen, 'raw table')})"


@app.command()
def new(
    source_id: Annotated[str, typer.Argument(metavar="SOURCE", help="Id: lower-case letters, digits, underscores.")],
    format: Annotated[str, typer.Option("--format", "-f", help=f"One of {', '.join(FORMATS)}.")] = "delimited",
    code_page: Annotated[str | None, typer.Option(help="Of the files, as `blueline profile` found it.")] = None,
    pattern: Annotated[str | None, typer.Option(help="What the files are called, such as '*.sta'.")] = None,
) -> None:
    """Write a commented declaration to start from: `sources/<SOURCE>/source.toml` and NOTES.md.

    It knows nothing of your files.  Where they are there, `blueline profile FILE... --write sources/<SOURCE>` writes
    the declaration from what they hold.

    Examples: `blueline sources new torun --format dbf` · `blueline sources new bank --format mt940 --code-page cp1250`
    """
    if format not in FORMATS:
        raise ContractError(f"unknown format {format!r}", remedy=f"one of {', '.join(FORMATS)}")
    folder = context().settings.sources / source_id
    if (folder / SPEC_FILE).exists():
        raise ContractError("the source is already declared", file=str(folder / SPEC_FILE), remedy="edit that file")
    templates = TEMPLATES
    shared = (templates / "source.toml").read_text(encoding="utf-8")
    own = (templates / f"files_{format}.toml").read_text(encoding="utf-8")
    for key, value in (("code_page", code_page), ("pattern", pattern)):
        own = own if value is None else _declared(own, format, key, value)
    mapped = templates / f"entities_{format}.toml"  # a bank's file has no subscribers
    entities = (mapped if mapped.exists() else templates / "entities.toml").read_text(encoding="utf-8")
    text = shared.replace("{{files}}", own.rstrip()).replace("{{entities}}", entities.rstrip())
    text = text.replace("{{id}}", source_id).replace("{{name}}", "orders" if format == "elixir0" else "bank")
    with written(folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / SPEC_FILE).write_text(text, encoding="utf-8")
        (folder / NOTES_FILE).write_text(f"# {source_id}\n\nWhat this system is, who runs it, what is odd about it.\n")
        if format == "mainframe":
            (folder / "subscribers.cpy").write_text((templates / "subscribers.cpy").read_text(encoding="utf-8"))
    try:
        load_source(folder)
    except ContractError:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        raise
    typer.echo(f"written: {', '.join(str(path) for path in sorted(folder.iterdir()))}")
    typer.echo(f"next: put a delivery into the folder that it names, then `blueline sources check {source_id}`")


def _declared(template: str, format: str, key: str, value: str) -> str:
    """A template whose files have another value of a key."""
    text, places = re.subn(rf'(?m)^({key} *= *)"[^"]*"', lambda found: found[1] + json.dumps(value), template, count=1)
    if not places:
        raise ContractError(f"a file of format {format} has no {key}", remedy=f"leave --{key.replace('_', '-')} out")
    return text


@app.command()
def schema(
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write to this file instead of the terminal.")] = None,
) -> None:
    """Print the JSON Schema of source.toml, for editors."""
    text = json_schema()
    json.loads(text)
    if out is None:
        typer.echo(text, nl=False)
    else:
        with written(out):
            out.write_text(text, encoding="utf-8")
