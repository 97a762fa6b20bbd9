"""`blueline trace`: shows the way from a consolidated row back to its bytes."""

from __future__ import annotations

import datetime as dt
import getpass
import hashlib
import json

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from audit.trace import Kind, Origin, SetAside, Trail, loaded_at, set_aside, trace
from billing.errors import BillingError, ContractError
from billing.file_specs import PAGE_OF_HEADER
from extractors.base import LandedFile, read_raw
from extractors.codepages.tables import decode_table
from loaders.warehouse import connect
from pipeline.context import Context
from pipeline.history import last_delivery
from pipeline.landed import landed_files
from pipeline.logs import log

_KINDS: tuple[Kind, ...] = ("account", "invoice", "customer")
_HEX = 16  # bytes a line
REVEALED = "revealed.jsonl"  # below BLUELINE_HOME


def show_trace(
    ctx: Context, url: str, what: str, kind: str | None, console: Console, *, by_key: bool, reveal: bool
) -> bool:
    """Print everything that a text names, loaded or set aside; returns whether it names anything.

    Args:
        ctx: The process's context.
        url: The warehouse.
        what: Account number, invoice number, legacy key or customer id.
        kind: Only this kind.
        console: Where to print.
        by_key: The text is a source's own key.
        reveal: Show personal values, and the bytes, hexadecimal and as text.
    """
    if kind is not None and kind not in _KINDS:
        raise ContractError(f"unknown kind {kind!r}", remedy=f"one of {', '.join(_KINDS)}")
    bytes_of = _Bytes(ctx)
    with connect(url) as connection:
        trails = trace(connection, what, kind=kind, by_key=by_key, read_raw=bytes_of, reveal=reveal)
        aside = [] if kind == "customer" else set_aside(connection, what, in_bytes=not trails)
        there = [] if trails else loaded_at(connection, what, read_raw=bytes_of)
    if not trails and not aside and not there:
        console.print(f"nothing is called {what!r}, neither loaded nor set aside; try an account number, an invoice "
                      "number, a customer id, a source's own key, or a place (source/file:record)",
                      markup=False)  # fmt: skip
        return False
    if reveal:
        note_revealed(ctx, f"trace {what}")
    if len(trails) > 1:
        found = ", ".join(f"{trail.kind} {trail.id}" for trail in trails)
        console.print(f"{len(trails)} rows are called so: {found}; --kind narrows it", highlight=False, soft_wrap=True)
    for trail in trails:
        _print_trail(ctx, trail, console, reveal)
    for origin in there:
        console.print("\n[bold]Loaded[/] from there")
        _print_origin(ctx, origin, console, reveal)
    if aside:
        _print_aside(ctx, what, aside, console, loaded=bool(trails or there), reveal=reveal)
    return True


def _print_trail(ctx: Context, trail: Trail, console: Console, reveal: bool) -> None:
    table = Table(show_header=False, title=f"{trail.kind} {trail.id}", title_justify="left", box=None)
    if trail.note:
        table.add_row("note", trail.note)
    for name, value in trail.row.items():
        table.add_row(name, str(value))
    for name, columns in trail.related.items():
        if columns:
            table.add_row(name, ", ".join(f"{k} {v}" for k, v in columns.items()))
    for name, (number, amount) in trail.counts.items():
        table.add_row(name, f"{number}" + (f", sum {amount}" if amount else ""))
    console.print(table)
    for origin in trail.origins:
        console.print()
        _print_origin(ctx, origin, console, reveal)


def note_revealed(ctx: Context, command: str, *, user: str | None = None) -> None:
    """Keep that somebody saw personal values in clear: who, when, and what was asked for.

    Args:
        ctx: The process's context.
        command: What was asked for.
        user: Who, where it is not the user of this process.
    """
    log.warning("personal values revealed", command=command)
    who = user or getpass.getuser()
    line = {"at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), "user": who, "command": command}
    path = ctx.settings.home / REVEALED
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")


def _print_aside(
    ctx: Context, what: str, aside: list[SetAside], console: Console, *, loaded: bool, reveal: bool
) -> None:
    head = "Set aside, not loaded" if loaded else f"Nothing that is loaded is called {escape(what)}"
    console.print(
        f"\n[bold]{head}[/]: {len(aside)} found by key, place or in their bytes", highlight=False, soft_wrap=True
    )
    for record in aside:
        amount = f", {record.amount}" if record.amount else ""
        console.print(f"\n[bold]{record.disposition} {record.reason}[/]{amount}: {escape(record.message)}",
                      highlight=False, soft_wrap=True)  # fmt: skip
        _print_origin(ctx, record.origin, console, reveal)


def _print_origin(ctx: Context, origin: Origin, console: Console, reveal: bool) -> None:
    console.print(
        f"[bold]{origin.source_id}[/] {origin.entity} {origin.source_key}: file {origin.file_name}, "
        f"record {origin.record_no}, byte {origin.byte_offset}, length {origin.byte_length} "
        f"(batch {origin.batch_id}, SHA-256 {origin.sha256[:16]})",
        highlight=False,
        soft_wrap=True,
    )
    if origin.raw is None:
        console.print("  the landed file is not in this store", style="yellow")
        return
    if not reveal:
        digest = hashlib.sha256(origin.raw).hexdigest()
        console.print(
            f"  its bytes are there (SHA-256 {digest[:16]}); --reveal shows them, the use is logged", style="dim"
        )
        return
    page = _code_page(ctx, origin)
    for start in range(0, len(origin.raw), _HEX):
        part = origin.raw[start : start + _HEX]
        line = f"  {origin.byte_offset + start:>10}  {part.hex(' '):<{_HEX * 3}}  {_printable(part, page)}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _code_page(ctx: Context, origin: Origin) -> str:
    source = ctx.sources.get(origin.source_id)
    if source is None:
        return "ascii"
    for file in source.spec.files:
        page = getattr(file, "code_page", PAGE_OF_HEADER)
        if page != PAGE_OF_HEADER and origin.entity:
            return str(page)
    return "utf-8"


def _printable(data: bytes, page: str) -> str:
    """Bytes as text of their code page, a dot for what has no picture."""
    if page == "utf-8":
        return data.decode("utf-8", errors="replace").replace("\n", ".").replace("\r", ".")
    letters = (chr(int(point)) for point in decode_table(page)[list(data)])
    return "".join(letter if letter.isprintable() else "." for letter in letters)


class _Bytes:
    """Fetches the bytes of a lineage row from the store, whatever delivery they came with."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._files: dict[str, LandedFile] = {}
        for name in ctx.sources:
            if last := last_delivery(ctx, name):
                self._files |= {file.sha256: file for file in landed_files(ctx, last["land"])}

    def __call__(self, source_id: str, sha256: str, offset: int, length: int) -> bytes | None:
        file = self._files.get(sha256) or self._stored(sha256)
        if file is None:
            return None
        try:
            return read_raw(file, offset, length)
        except BillingError:
            return None

    def _stored(self, sha256: str) -> LandedFile | None:
        """A file of an earlier delivery: blobs are kept under their hash."""
        folder = self._ctx.store.blobs / sha256[:2] / sha256
        files = sorted(folder.glob("*")) if folder.exists() else []
        return LandedFile(files[0], files[0].name, sha256, files[0].stat().st_size, "") if files else None
