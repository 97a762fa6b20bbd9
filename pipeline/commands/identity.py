"""`blueline identity`: how good is identity, and where do its weights come from?"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from billing.errors import ContractError
from pipeline.commands.identity_report import as_json, show
from pipeline.console import make_console
from pipeline.written import written

app = typer.Typer(help="Measure the linkage of any data set, and train the weights of ours.", no_args_is_help=True)


@app.command()
def evaluate(
    spec: Annotated[Path, typer.Option("--spec", help="Declaration of the data set (TOML).")],
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures here, too; default: beside the declaration.")
    ] = None,
    clusters: Annotated[
        Path | None, typer.Option("--clusters", help="Write the people found as CSV (source, key, person).")
    ] = None,
    memory_limit: Annotated[str, typer.Option(help="Memory of the database before it spills.")] = "4GB",
    threads: Annotated[int, typer.Option(help="Threads of the database.", min=1)] = 2,
) -> None:
    """Link a data set of people by a column mapping alone, and score the result where the truth is known.

    The declaration says what each column means; docs/identity.md shows one.  Nothing is learned from the truth.

    Example: `blueline identity evaluate --spec febrl4.toml`
    """
    from transforms.identity.linkage.linking import link
    from transforms.identity.linkage.spec import read_spec

    data = read_spec(spec)
    linked = link(data, spec.absolute().parent, memory_limit=memory_limit, threads=threads, clusters=clusters)
    figures = as_json(linked, name=data.data.name or spec.stem)
    show(make_console(), figures)
    target = json_file or spec.with_suffix(".result.json")
    with written(target, remedy="name a file with --json"):
        target.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    typer.echo(f"figures: {target}")


@app.command()
def train(
    out: Annotated[Path, typer.Option("--out", "-o", help="The new weights file; never replaced.")],
    data: Annotated[str, typer.Option("--data", help="What the data is, for whoever reviews the weights.")],
    subscriber: Annotated[
        list[Path] | None,
        typer.Option(
            "--subscriber",
            "-s",
            help="Normalised subscribers (Parquet; may be given again); default: what was loaded last, with addresses.",
        ),
    ] = None,
    address: Annotated[
        list[Path] | None, typer.Option("--address", "-a", help="Normalised addresses (Parquet; may be given again).")
    ] = None,
    truth: Annotated[
        Path | None, typer.Option("--truth", help="CSV source_id, subscriber_key, person_id; without it no labels.")
    ] = None,
    trained_on: Annotated[str | None, typer.Option(help="Date of the training; default: today.")] = None,
    memory_limit: Annotated[str, typer.Option(help="Memory of the database before it spills.")] = "4GB",
    threads: Annotated[int, typer.Option(help="Threads of the database.", min=1)] = 2,
) -> None:
    """Train weights and frequencies on normalised records, and write them as a new version.

    Nothing is written where the learning did not settle or the weights make no sense.  A run uses the file after it
    was reviewed: BLUELINE_IDENTITY_WEIGHTS names it, and the run's figures say which version was used.
    """
    from transforms.identity.plausible import refuse_implausible
    from transforms.identity.train import train as train_weights

    if out.exists():
        raise ContractError("there is a file of this name", file=str(out), remedy="give the new version its own name")
    subscriber, address = subscriber or [], address or []
    for file in (*subscriber, *address, *([truth] if truth else [])):
        if not file.is_file():
            raise ContractError("there is no such file", file=str(file), remedy="give the path of a file")
    if address and not subscriber:
        raise ContractError("--address goes with --subscriber", remedy="name both, or neither: what was loaded last")
    people, homes = ([str(file) for file in files] for files in (subscriber, address))
    if not people:
        people, homes = _loaded()
    weights = train_weights(
        people,
        homes,
        data=data,
        trained_on=trained_on or date.today().isoformat(),
        truth=truth,
        memory_limit=memory_limit,
        threads=threads,
    )
    refuse_implausible(weights)
    with written(out):
        out.write_text(weights.as_json(), encoding="utf-8")
    typer.echo(f"weights {weights.version} written to {out}")


def _loaded() -> tuple[list[str], list[str]]:
    """Files of the subscribers and addresses that stand behind what this store loaded last."""
    from pipeline.context import context
    from pipeline.people import files_of, loaded_tables

    ctx = context()
    tables = loaded_tables(ctx)
    if not tables:
        raise ContractError(
            "nothing was loaded from this store yet", remedy="run the pipeline first, or name files with --subscriber"
        )
    return files_of(ctx, tables, "subscriber"), files_of(ctx, tables, "address")
