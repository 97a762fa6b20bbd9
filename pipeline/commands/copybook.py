"""`blueline copybook`: what a COBOL copybook describes, and what stands in a file that it describes.

These commands need no declared source: they look at files that the person has at hand, before anything is declared,
so they show what they find.  `--mask` is for screens that others see.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from billing.errors import ContractError, SourceError
from billing.file_specs import MainframeFile
from billing.masking import mask
from extractors.base import LandedFile
from extractors.codepages.tables import CodePage, code_page, read_code_page
from extractors.copybook.fields import Field
from extractors.copybook.framing import Framing
from extractors.copybook.items import Item
from extractors.copybook.layout import Copybook, RecordType
from extractors.copybook.lengthfield import LengthField, OwnLength
from extractors.copybook.reader import Record, RecordReader
from extractors.copybook.reading import Reading
from extractors.copybook.scanning import Descriptor
from extractors.copybook.segments import Hierarchy, Selector
from extractors.copybook.tree import plain
from extractors.copybook.walk import Walk

app = typer.Typer(help="COBOL copybooks, and the mainframe files that they describe.", no_args_is_help=True)

_CODE_PAGE = str(MainframeFile.model_fields["code_page"].default)
_HEX_BYTES = 24
_SOURCE = "copybook decode"


class RecordFormat(StrEnum):
    """Forms of files; see `extractors.copybook.framing`."""

    F = "F"
    FB = "FB"
    V = "V"
    VB = "VB"
    VBS = "VBS"
    T = "T"
    L = "L"


class ByteOrder(StrEnum):
    """Of descriptor words."""

    big = "big"
    little = "little"


class FloatForm(StrEnum):
    """Of COMP-1 and COMP-2."""

    ibm = "ibm"
    ibm_little = "ibm_little"
    ieee = "ieee"
    ieee_little = "ieee_little"


Copybooks = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="Copybooks; 01 levels of several are alternatives.")
]


@app.command()
def show(files: Copybooks) -> None:
    """Print the layout that copybooks describe: offset, length and type of every item."""
    copybook = Copybook.load(files)
    record_type = copybook.every_record(fillers="sequence")
    table = Table()
    table.add_column("level and name", no_wrap=True)
    table.add_column("picture, usage", overflow="fold", min_width=10)
    for name in ("offset", "length", "end"):
        table.add_column(name, justify="right")
    table.add_column("type", overflow="fold")
    for row in _rows(record_type):
        table.add_row(*row)
    console = Console()
    console.print(f"{copybook.file}: {copybook.length} bytes", style="bold", highlight=False)
    console.print(table)
    if record_type.variable:
        console.print("Offsets behind a table that OCCURS DEPENDING ON hold where it stands as often as it may.")


def _rows(record_type: RecordType) -> Iterator[tuple[str, ...]]:
    """Every item once, at the place of its first occurrence."""
    layout = record_type.widest
    places: dict[int, tuple[int, int, str]] = {}
    for group in layout.groups:
        places.setdefault(id(group.item), (group.offset, group.length, "group"))
    for place in layout.fields:
        places.setdefault(id(place.item), (place.offset, place.length, _type(place)))

    def visit(item: Item, depth: int) -> Iterator[tuple[str, ...]]:
        offset, length, type_ = places.get(id(item), (0, 0, ""))
        clauses = [item.picture.text] if item.picture else []
        clauses += [item.usage] if item.usage != "display" and item.elementary else []
        if item.redefines:
            clauses.append(f"redefines {item.redefines}")
        if item.occurs:
            holder = " OF ".join([str(item.depending), *item.depending_in])
            times = f"{item.occurs_least}-{item.occurs} by {holder}" if item.depending else str(item.occurs)
            clauses.append(f"x {times}")
        name = f"{'  ' * depth}{item.level:02} {item.label}"
        yield name, ", ".join(clauses), str(offset), str(length), str(offset + length), type_
        for condition in item.conditions:
            yield f"{'  ' * (depth + 1)}88 {condition.name}", " ".join(condition.values), "", "", "", "condition"
        for child in item.children:
            yield from visit(child, depth + 1)
        for renaming in item.renamings:
            start, end = _renamed(record_type, renaming.first, renaming.last)
            name = f"{'  ' * (depth + 1)}66 {renaming.name}"
            what = f"renames {renaming.first} thru {renaming.last}"
            yield name, what, str(start), str(end - start), str(end), "renaming"

    for root in record_type.roots:
        yield from visit(root, 0)


def _renamed(record_type: RecordType, first: str, last: str) -> tuple[int, int]:
    walk = Walk(record_type.file, fillers=True)
    walk.record(record_type.roots)
    spans: dict[str | None, tuple[int, int]] = {}
    for group in walk.groups:
        spans.setdefault(group.item.name, (group.offset, group.offset + group.length))
    for place in walk.found:
        spans.setdefault(place.item.name, (place.offset, place.offset + place.length))
    return spans[first][0], spans[last][1]


def _type(place: Field) -> str:
    kind = place.kind.replace("_", " ")
    return kind if kind in ("float", "double") else f"{kind} ({place.arrow_type})"


@app.command()
def decode(
    copybook: Annotated[Path, typer.Argument(metavar="COPYBOOK", help="The copybook.")],
    data: Annotated[Path, typer.Argument(metavar="DATA", help="The data file.")],
    more: Annotated[
        list[Path] | None, typer.Option("--copybook", "-c", help="A further copybook (may be given again).")
    ] = None,
    page: Annotated[
        str,
        typer.Option(
            "--code-page",
            "-p",
            help="Code page, or a mapping file (.txt); the default is Polish EBCDIC, as in a declared source.",
        ),
    ] = _CODE_PAGE,
    record_format: Annotated[
        RecordFormat, typer.Option("--format", "-f", help="Record format; L: a length field.")
    ] = RecordFormat.F,
    record_length: Annotated[int | None, typer.Option(help="F, FB: bytes of a record.", min=1)] = None,
    length_field: Annotated[str | None, typer.Option(help="L: field or expression that says the length.")] = None,
    rdw_order: Annotated[ByteOrder, typer.Option(help="Byte order of RDWs.")] = ByteOrder.big,
    rdw_counts_itself: Annotated[bool, typer.Option(help="An RDW's length counts its own 4 bytes.")] = True,
    bdw_order: Annotated[ByteOrder, typer.Option(help="Byte order of BDWs.")] = ByteOrder.big,
    bdw_counts_itself: Annotated[bool, typer.Option(help="A BDW's length counts its own 4 bytes.")] = True,
    header_bytes: Annotated[int, typer.Option(help="Bytes before the first record.", min=0)] = 0,
    footer_bytes: Annotated[int, typer.Option(help="Bytes behind the last record.", min=0)] = 0,
    segment_field: Annotated[str | None, typer.Option(help="Field that says a record's type.")] = None,
    segments: Annotated[list[str] | None, typer.Option("--segment", help="VALUE=GROUP (may be given again).")] = None,
    parents: Annotated[
        list[str] | None, typer.Option("--parent", help="CHILD=PARENT group; nests records (with --json).")
    ] = None,
    floats: Annotated[FloatForm, typer.Option(help="Form of COMP-1 and COMP-2.")] = FloatForm.ibm,
    first: Annotated[int, typer.Option(help="Number of the first record to print.", min=1)] = 1,
    limit: Annotated[int, typer.Option("--limit", "-n", help="Most records to print.", min=1)] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="A record a line, as JSON.")] = False,
    masked: Annotated[
        bool,
        typer.Option(
            "--mask", help="Hide texts and whole numbers, which may be a PESEL or a telephone number, and all bytes."
        ),
    ] = False,
) -> None:
    """Print records of a data file with their bytes in hex beside; what cannot be read is named.

    Of a file that was cut off or is damaged, the sound records in front are printed, then the error; exit status 1.

    A file of ASCII text lines: `blueline copybook decode c.cpy d.txt --format T --code-page ascii`.

    Where letters look wrong, try another page: `cp037` (USA), `cp273` (Germany), `cp500` and `cp1047` (international),
    `cp1153` (Polish, with the euro sign).  Digits and capital letters are the same in all of them.
    """
    book = Copybook.load([copybook, *(more or [])])
    own_page = read_code_page(Path(page)) if page.endswith(".txt") else code_page(page)
    how = Reading(floats=floats.value)
    selector = None
    if segment_field:
        selector = Selector(segment_field, {value: group.upper() for value, group in _pairs(segments, "--segment")})
    every = book.every_record()
    length_of: LengthField | OwnLength = OwnLength(every, own_page, how)
    if length_field:
        length_of = LengthField.of(book, length_field, own_page, None, how)
    framing = Framing(
        record_format.value, record_length or book.length,
        Descriptor(rdw_order is ByteOrder.big, rdw_counts_itself),
        Descriptor(bdw_order is ByteOrder.big, bdw_counts_itself) if record_format is not RecordFormat.FB else None,
        header_bytes, footer_bytes, length_of=length_of, line_width=every.widest.needed, line_blank=own_page.blank,
    )  # fmt: skip
    reader = RecordReader(book, replace(framing, sound_first=True), own_page, how, selector=selector)
    landed = _landed(data)
    records: Iterable[Record] = reader.read(landed, _SOURCE)
    nested = None
    if parents:
        nested = Hierarchy({child.upper(): parent.upper() for child, parent in _pairs(parents, "--parent")}, {})
        records = nested.nest(records)
    console = Console()
    printed = itertools.islice((record for record in records if record.number >= first), limit)
    for record in printed:
        if as_json:
            typer.echo(json.dumps(_json(record, masked=masked), ensure_ascii=False))
        else:
            console.print(_title(record), style="bold", highlight=False)
            console.print(_table(record, own_page, masked=masked))
    if nested and (nested.orphans or nested.strangers):
        first_ones = ", ".join(str(orphan.record.number) for orphan in nested.orphans[:5])
        told = f"{len(nested.orphans)} records stand before any record of their parent's type ({first_ones})"
        told = told if nested.orphans else "no record stands before its parent"
        Console(stderr=True).print(f"{told}; {nested.strangers} have no known type", style="yellow")
    next(framing.frames(_SOURCE, landed, 1), None)  # a fault behind the last record printed is told all the same


def _pairs(given: Iterable[str] | None, option: str) -> list[tuple[str, str]]:
    pairs = []
    for text in given or ():
        left, equals, right = text.partition("=")
        if not (equals and left and right):
            raise ContractError(f"{option} {text!r} is no pair", remedy="write two names with an equals sign between")
        pairs.append((left.strip(), right.strip()))
    return pairs


def _landed(path: Path) -> LandedFile:
    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ContractError(
            f"the data file cannot be read: {error.strerror}", file=str(path), remedy="name a file that is there"
        ) from None
    size = path.stat().st_size
    if not size:
        raise SourceError("the file is empty", file=str(path), remedy="name a file that holds records")
    return LandedFile(path, path.name, sha256, size, "data")


def _title(record: Record) -> str:
    what = f", {record.group or 'of no known type'}" if record.segment is not None else ""
    return f"record {record.number} at byte {record.byte_offset}, {record.byte_length} bytes{what}"


def _table(record: Record, page: CodePage, *, masked: bool) -> Table:
    table = Table()
    table.add_column("field", overflow="fold")
    table.add_column("offset", justify="right")
    table.add_column("value", overflow="fold")
    table.add_column("hex", overflow="fold")
    faults = {fault.field: fault.message for fault in record.defects}
    for place, value in zip(record.places, record.values, strict=True):
        raw = record.payload[place.offset : place.end]
        shown = Text("" if value is None else str(_masked(value) if masked else value))
        if place.name in faults:
            shown = Text(faults.pop(place.name), style="bold red")
        elif value is None and raw.strip(bytes([page.blank])):
            shown = Text("low-values" if not raw.strip(b"\0") else "nothing", style="dim")
        table.add_row(place.name, str(place.offset), shown, "··" if masked else _hex(raw))
    for name, message in faults.items():  # a record of which nobody knows the layout
        table.add_row(name, "", Text(message, style="bold red"), "··" if masked else _hex(record.payload))
    return table


def _hex(raw: bytes) -> str:
    return raw[:_HEX_BYTES].hex(" ") + (f" … {len(raw)} bytes" if len(raw) > _HEX_BYTES else "")


def _json(record: Record, *, masked: bool) -> dict[str, Any]:
    return {
        "record": record.number,
        "byte_offset": record.byte_offset,
        "byte_length": record.byte_length,
        **({"segment": record.segment} if record.segment is not None else {}),
        "values": plain(_masked(record.tree) if masked else record.tree),
        "defects": [
            {"field": f.field, "offset": f.offset, "message": f.message, "raw": "" if masked else f.raw.hex()}
            for f in record.defects
        ],
    }


def _masked(value: Any) -> Any:
    """A value, or a tree of them, without what may say who a person is: amounts stay."""
    if isinstance(value, dict):
        return {key: _masked(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner) for inner in value]
    if isinstance(value, bytes):
        value = value.hex()
    return value if value is None or isinstance(value, Decimal | float) else mask(str(value))
