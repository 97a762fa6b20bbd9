"""`blueline normalise`: what the rules make of single values."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from billing.errors import ContractError, SourceError
from billing.spec import SourceSpec
from transforms.explanations import KINDS, Setting, explain
from transforms.phones import OldNumbers
from transforms.plain_values import FORMS

Kind = StrEnum("Kind", {name: name for name in KINDS})  # type: ignore[misc]
_LONGEST = 65_536  # bytes of a line that may still be one value


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(normalise)


def normalise(
    kind: Annotated[Kind, typer.Option("--kind", "-k", help="What the values are.")],
    values: Annotated[list[str] | None, typer.Argument(metavar="[VALUE]...", help="Values as delivered.")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="UTF-8 text, one value a line; - is standard input.")
    ] = None,
    spec: Annotated[
        Path | None, typer.Option("--spec", "-s", help="A source.toml: its zone, renumbering, order of names, date.")
    ] = None,
    zone: Annotated[str, typer.Option("--zone", "-z", help="Numbering zone of seven-digit numbers.")] = "",
    on: Annotated[str, typer.Option("--on", help="Date of the extract, YYYY-MM-DD; default today.")] = "",
    birth: Annotated[str, typer.Option("--birth", help="Birth date beside a PESEL, YYYY-MM-DD.")] = "",
    city: Annotated[str, typer.Option("--city", help="Locality beside an address or a voivodeship.")] = "",
    given_first: Annotated[bool, typer.Option("--given-first", help="The source writes given names first.")] = False,
    date_format: Annotated[str, typer.Option("--format", help="Form of a date, as in a source.toml.")] = "",
    pivot: Annotated[int | None, typer.Option("--pivot", help="Two-digit years below it are 20YY.")] = None,
    decimal: Annotated[str, typer.Option("--decimal", help="Decimal separator of an amount.")] = "",
    scale: Annotated[int | None, typer.Option("--scale", help="Implied decimals of an amount.", min=0)] = None,
    currency: Annotated[str, typer.Option("--currency", help="PLN, or PLZ for old złoty.")] = "PLN",
    document: Annotated[str, typer.Option("--document", help="Kind of a document: id_card, passport or other.")] = "",
) -> None:
    """Show what the rules make of values: one JSON object a line, with status, rule and parts.

    Nothing is stored, and nothing is masked: you gave the values.

    Examples: `blueline normalise -k phone --zone 22 "625-12-34 w. 12"` ·
    `blueline normalise -k name "KOWALSKA - NOWAK ANNA dr" "P.H.U. JAN KOWALSKI"` ·
    `blueline normalise -k pesel --file numbers.txt --on 2003-09-30`
    """
    source = _source(spec)
    setting = Setting(
        zone=_zone(zone) or (source.zone if source else None) or "",
        renumbering=tuple(OldNumbers(r.digits, r.old, r.new) for r in (source.renumbering if source else ())),
        extracted_on=_day("--on", on) or (source.delivery.extracted_on if source else dt.date.today()),
        birth_date=_day("--birth", birth), city=city,
        given_first=given_first or (source is not None and source.name_order == "given_first"),
        form=_one_of("--format", date_format, FORMS) or None, pivot=pivot,
        decimal=_one_of("--decimal", decimal, (",", ".")), scale=scale,
        currency=_one_of("--currency", currency, ("PLN", "PLZ")),
        document_kind=_one_of("--document", document, ("id_card", "passport", "other")),
    )  # fmt: skip
    if not values and file is None:
        raise ContractError("there is no value", remedy="give values, or a file of them with --file")
    for value in [*(values or []), *(_lines(file) if file else ())]:
        sys.stdout.write(json.dumps(explain(kind.value, value, setting), ensure_ascii=False) + "\n")


def _source(path: Path | None) -> SourceSpec | None:
    if path is None:
        return None
    from billing.registry import load_spec

    return load_spec(path).spec


def _day(option: str, text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise ContractError(f"{option} {text!r} is no date", remedy="write YYYY-MM-DD") from None


def _zone(text: str) -> str:
    from transforms.vocabulary import zones

    return _one_of("--zone", text, tuple(zones()))


def _one_of(option: str, text: str, known: tuple[str, ...]) -> Any:
    if text and text not in known:
        raise ContractError(f"{option} {text!r} is not known", remedy=f"one of {', '.join(known)}")
    return text


def _lines(path: Path) -> Iterator[str]:
    """The values of a file, one a line.

    Raises:
        SourceError: The file cannot be opened, is not UTF-8, or has a line that can be no value.
    """
    if str(path) == "-":
        yield from _decoded("standard input", sys.stdin.buffer)
        return
    try:
        with path.open("rb") as stream:
            yield from _decoded(str(path), stream)
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", file=str(path), remedy="name a text file") from error


def _decoded(name: str, stream: Any) -> Iterator[str]:
    offset, number = 0, 0
    while line := stream.readline(_LONGEST + 1):
        number += 1
        if len(line) > _LONGEST:
            raise SourceError(
                f"line {number} is longer than {_LONGEST:,} bytes", file=name, remedy="write one value a line"
            )
        try:
            text = line.decode("utf-8-sig" if offset == 0 else "utf-8")
        except UnicodeDecodeError as error:
            raise SourceError(
                f"line {number}, byte {offset + error.start}: not UTF-8", file=name,
                remedy="convert it first; `blueline profile` says which code page a file is in",
            ) from error  # fmt: skip
        offset += len(line)
        yield text.rstrip("\r\n")
