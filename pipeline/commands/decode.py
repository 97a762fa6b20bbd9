"""`blueline decode`: a file of any format, decoded by its spec alone."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipeline.console import make_console
from pipeline.reconciliation import plain_table


class Output(StrEnum):
    """What is written."""

    jsonl = "jsonl"
    parquet = "parquet"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(decode)


def decode(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files of one source's delivery.")],
    spec: Annotated[Path, typer.Option("--spec", "-s", help="The source's declaration: a source.toml.")],
    file: Annotated[
        str | None,
        typer.Option("--file", "-f", help="The file spec, where FILE's name fits none or several."),
    ] = None,
    entity: Annotated[
        str | None,
        typer.Option("--entity", "-e", help="Write this canonical entity, normalised, not the raw tables."),
    ] = None,
    to: Annotated[Output, typer.Option("--to", help="Format of the output.")] = Output.jsonl,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the output.")] = Path("decoded"),
) -> None:
    """Decode files by their spec alone, and see what we make of them: nothing is stored or loaded.

    Writes `<name>.jsonl` for each raw table (or the entity), and beside it `<name>.rejects.jsonl`: everything that was
    set aside or flagged, with file, record, offset, reason, field and the raw bytes of its record (of a value
    that alone could not be decoded, those of the value).  Another call into the same folder replaces only files of the
    same names.  The output holds personal values in clear and is readable by you alone.
    Exit status 1 when a file as a whole cannot be decoded.

    Examples: `blueline decode KONTO.DAT --spec sources/krakow/source.toml` ·
    `blueline decode ABONENT.DAT ADRES.DAT -s sources/krakow/source.toml -e address --to parquet -o /tmp/look`
    """
    from billing.registry import load_spec
    from pipeline.decoding import decode_files

    done = decode_files(load_spec(spec), files, out, kind=to.value, file_name=file, entity=entity)
    console = make_console()
    table = plain_table("Decoded", "table", rows="right")
    for name, rows in done.rows.items():
        table.add_row(name, str(rows))
    console.print(table)
    if done.aside:
        aside = plain_table("Set aside", "disposition", "reason", rows="right")
        for (disposition, reason), count in sorted(done.aside.items()):
            aside.add_row(disposition, reason, str(count))
        console.print(aside)
    for note in done.notes:
        console.print(note, markup=False, highlight=False, soft_wrap=True)
    for path in done.paths:
        console.print(f"written: {path}", markup=False, highlight=False, soft_wrap=True)
