"""`blueline profile`: what is this file, which code page is it in, and how would it be declared?"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from billing.errors import BillingError, ContractError, SourceError
from billing.registry import NOTES_FILE, SPEC_FILE, load_source
from extractors.profiling.mixture import Mixed
from extractors.profiling.profile import Profile, profile
from extractors.profiling.propose import Proposal, ProposedFile, propose
from extractors.profiling.readings import masked, reading
from pipeline.context import context

_PROGRESS_BYTES = 16 << 20
_MARKS = {"decided": "green", "any": "green", "undecided": "yellow", "mixed": "red", "none": "dim"}
_MEMOS = {".dbt", ".fpt"}


def command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE [FILE]...", help="Files of one source.")],
    write: Annotated[
        Path | None,
        typer.Option("--write", "-w", metavar="FOLDER", help="Write the proposed source.toml into this folder."),
    ] = None,
    source_id: Annotated[
        str | None, typer.Option("--id", help="Id of the source; the default is the folder's name.")
    ] = None,
    copybook: Annotated[
        list[Path] | None, typer.Option("--copybook", "-c", help="Copybook of mainframe files (may be given again).")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a source.toml that is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON, nothing else.")] = False,
) -> None:
    """Say what files are, which code page they are in with the evidence, and propose their declaration.

    Nothing is loaded, and no personal value is shown in clear.  Exit status 1 when a file is mixed, undecided or not
    readable.

    Examples: `blueline profile ABON.DBF` · `blueline profile *.csv --write sources/torun` ·
    `blueline profile KONTA.DAT --copybook KONTO.cpy --json`
    """
    console = Console(stderr=as_json)
    paths = _existing(files)
    books = {book.name: _text(book) for book in copybook or []}
    profiles = [_profile(path, bool(books), console) for path in paths]
    folder, name = _target(write, source_id)
    root = Path(os.path.commonpath([path.absolute().parent for path in paths]))
    proposal = propose(
        name, profiles, delivery=_delivery(root, name), root=root, copybooks=books, checks=_checks(date.today())
    )
    written: list[str] = []
    if write is not None:
        written = _write(folder, proposal, force=force)
    if as_json:
        typer.echo(json.dumps(_as_json(profiles, proposal, written), ensure_ascii=False, indent=2, default=str))
    else:
        for one in profiles:
            _show(console, one)
        _show_columns(console, proposal)
        _show_proposal(console, proposal, written)
    good = all(p.shape.is_supported and p.verdict in ("decided", "any", "none") for p in profiles)
    if not good or any(file.problem for file in proposal.files):
        raise typer.Exit(1)


# --- reading ---------------------------------------------------------------------------------------------------


def _existing(files: list[Path]) -> list[Path]:
    """The files, without memo files, which belong to the tables beside them.

    Raises:
        SourceError: One is not there, or is no file.
    """
    for path in files:
        if not path.is_file():
            raise SourceError("there is no such file", file=str(path), remedy="give the path of a file")
    tables = {path.with_suffix("").as_posix().lower() for path in files if path.suffix.lower() == ".dbf"}
    kept = [
        path
        for path in files
        if not (path.suffix.lower() in _MEMOS and path.with_suffix("").as_posix().lower() in tables)
    ]
    return list(dict.fromkeys(kept))


def _text(book: Path) -> str:
    try:
        return book.read_text(encoding="utf-8")
    except OSError as error:
        raise ContractError(f"the copybook cannot be read: {error.strerror}", file=str(book)) from error
    except UnicodeDecodeError:
        return book.read_text(encoding="latin-1")


def _profile(path: Path, copybook: bool, console: Console) -> Profile:
    try:
        if path.stat().st_size < _PROGRESS_BYTES or not console.is_terminal:
            return profile(path, copybook=copybook)
        columns = (TextColumn(f"{path.name}: judging"), BarColumn(), TextColumn("{task.completed} bytes of text"))
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(path.name, total=None)
            return profile(path, copybook=copybook, told=lambda done: bar.update(task, completed=done))
    except OSError as error:
        raise SourceError(f"the file cannot be read: {error.strerror}", file=str(path)) from error


def _checks(extracted_on: date) -> Any:
    from transforms.identifiers import read_nip, read_pesel, read_regon

    good = ("ok", "repaired")
    return {
        "pesel": lambda text: read_pesel(text, extracted_on).status in good,
        "nip": lambda text: read_nip(text).status in good,
        "regon": lambda text: read_regon(text).status in good,
    }


# --- writing ---------------------------------------------------------------------------------------------------


def _target(write: Path | None, source_id: str | None) -> tuple[Path, str]:
    """Folder of the declaration, and the source's id: the folder's name, unless the folder holds all sources."""
    folder = Path("proposed") if write is None else write
    if source_id is not None and folder.name != source_id:
        folder = folder / source_id
    name = source_id or folder.absolute().name
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ContractError(
            f"{name!r} is no id of a source", remedy="give one with --id: lower-case letters, digits, underscores"
        )
    return folder, name


def _delivery(root: Path, name: str) -> str | None:
    """How the declaration names the folder of the files; None where it is the usual one."""
    settings = context().settings
    if root == settings.deliveries_path.absolute() / name:
        return None
    here = Path.cwd()
    return f"./{root.relative_to(here).as_posix()}" if root.is_relative_to(here) else str(root)


def _write(folder: Path, proposal: Proposal, *, force: bool) -> list[str]:
    """Write the declaration and its copybooks; nothing is left behind where it is not accepted.

    Raises:
        ContractError: There is one, or the proposal is no sound declaration.
    """
    target = folder / SPEC_FILE
    if target.exists() and not force:
        raise ContractError("the source is already declared", file=str(target), remedy="edit that file, or use --force")
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} if folder.is_dir() else {}
    texts = {**proposal.copybooks, SPEC_FILE: proposal.text}
    if NOTES_FILE not in before:
        texts[NOTES_FILE] = f"# {proposal.source_id}\n\nWhat this system is, who runs it, what is odd about it.\n"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    try:
        load_source(folder)
    except BillingError:
        for name in texts:
            (folder / name).unlink()
            if name in before:
                (folder / name).write_bytes(before[name])
        raise
    return [str(folder / name) for name in sorted(texts)]


# --- showing ---------------------------------------------------------------------------------------------------


def _show(console: Console, found: Profile) -> None:
    judgement = found.judgement
    console.print(f"\n[bold]{found.path.name}[/], {found.size:,} bytes", highlight=False)
    _line(console, "  what", found.shape.title, found.shape.remedy)
    for note in found.shape.notes:
        _line(console, "  note", note)
    if not found.shape.is_supported and found.verdict == "none":
        return
    console.print("  code page:", end=" ")
    console.print(found.says, style=_MARKS[found.verdict], markup=False, highlight=False, soft_wrap=True)
    part = ", in blocks spread over the whole file" if found.sampled else ""
    _line(
        console,
        "  judged",
        f"{found.judged:,} bytes of text{part}: {found.blocks} blocks, {found.fields} fields, {judgement.words} "
        f"different words with letters beyond ASCII ({judgement.occurrences} times)",
    )
    if not judgement.scores:
        return
    scores = ", ".join(f"{page} +{bits:.0f}" for page, bits in list(judgement.scores.items())[:6])
    _line(console, "  candidates", f"{scores} (bits above the best)")
    if judgement.deciding:
        words = ", ".join(f"{d.best} not {d.other} x{d.count}" for d in judgement.deciding)
        _line(console, "  words", f"{words} ({judgement.page} against {judgement.rival})")
        _line(
            console,
            "  for and against",
            f"{judgement.supporting} words speak for {judgement.page}, {judgement.opposing} for {judgement.rival}; "
            f"{judgement.misfits:.0%} are hardly Polish under {judgement.page}",
        )
    if judgement.differing:
        letters = ", ".join(f"{d.byte} {d.best}/{d.other} x{d.count}" for d in judgement.differing)
        _line(console, "  letters", f"{letters} ({judgement.page}/{judgement.rival})")
    kept = "gives the same bytes" if judgement.reproduces else "does NOT give the same bytes"
    _line(console, "  re-encoding", f"{kept} under {judgement.page}")
    for part_apart in found.apart[:5]:
        _line(console, "  apart", f"{part_apart.label}: {part_apart.page}, {part_apart.margin:.0f} bits better")
    if found.mixed:
        _line(console, "  mixed", _mixed(found.mixed))
    if found.damage:
        _line(console, "  damage", _damage(found))


def _line(console: Console, what: str, text: str, more: str = "") -> None:
    console.print(f"{what}:", end=" ")
    console.print(f"{text}; {more}" if more else text, markup=False, highlight=False, soft_wrap=True)


def _mixed(mixed: Mixed) -> str:
    first, second = mixed.pages
    examples = ", ".join(masked(reading(second).text(word)) for word in mixed.examples)
    return f"{mixed.occurrences[0]} occurrences in {first}, {mixed.occurrences[1]} in {second} ({examples})"


def _damage(found: Profile) -> str:
    damage = found.damage
    assert damage is not None
    read_as, written_in = damage.chain
    examples = ", ".join(f"{now} was {before}" for now, before in damage.examples)
    lost = f"; {damage.lost} words cannot be restored" if damage.lost else ""
    return (
        f"{damage.words} of {damage.of} words were written in {written_in} and read as {read_as} before this file was "
        f"made ({examples}){lost}: have it exported again without that step"
    )


def _show_columns(console: Console, proposal: Proposal) -> None:
    for file in proposal.files:
        for name, columns in file.tables.items():
            table = Table(title=f"{name} ({file.profile.path.name})", title_justify="left")
            for heading in ("column", "holds", "filled", "different", "like", "odd"):
                table.add_column(heading, overflow="fold")
            for column in columns.values():
                odd = "; ".join(f"{s.count} x {s.what} (first in row {s.first_row + 1})" for s in column.suspicious)
                form = ", ".join(f"{key} {value!r}" for key, value in column.rule.items())
                cells = (
                    column.name,
                    f"{column.kind}{f' ({form})' if form else ''}",
                    f"{column.filled}/{column.rows}",
                    str(column.distinct),
                    ", ".join(column.examples[:2]),
                    odd,
                )
                table.add_row(*(_plain(cell) for cell in cells))
            console.print(table)


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape("".join(char if char.isprintable() else "\ufffd" for char in text))


def _show_proposal(console: Console, proposal: Proposal, written: list[str]) -> None:
    if not proposal.files:
        console.print("\nNo file can be declared: nothing is proposed.")
        return
    if proposal.missing:
        console.print("\n[bold]What a person has to say[/]")
        for item in proposal.missing:
            console.print(f"- {item}", markup=False, highlight=False, soft_wrap=True)
    if written:
        console.print(f"\nwritten: {', '.join(written)}", highlight=False, soft_wrap=True)
        console.print(f"next: blueline sources check {proposal.source_id}", highlight=False)
    else:
        console.print("\n[bold]Proposed source.toml[/] (write it with --write FOLDER)")
        console.print(proposal.text, markup=False, highlight=False, soft_wrap=True)


# --- JSON ------------------------------------------------------------------------------------------------------


def _as_json(profiles: list[Profile], proposal: Proposal, written: list[str]) -> dict[str, Any]:
    by_path = {file.profile.path: file for file in proposal.files}
    return {
        "source_id": proposal.source_id,
        "files": [_file_json(found, by_path.get(found.path)) for found in profiles],
        "missing": proposal.missing,
        "source_toml": proposal.text if proposal.files else None,
        "written": written,
    }


def _file_json(found: Profile, file: ProposedFile | None) -> dict[str, Any]:
    judgement = asdict(found.judgement)
    return {
        "file": str(found.path),
        "size": found.size,
        "shape": {
            "format": found.shape.format,
            "title": found.shape.title,
            "supported": found.shape.is_supported,
            "remedy": found.shape.remedy,
            "notes": found.shape.notes,
            "encoding_stated": found.shape.encoding or None,
            "records": found.shape.records,
            "record_length": found.shape.record_length or None,
            "record_format": found.shape.record_format or None,
            "delimiter": found.shape.delimiter or None,
            "header": found.shape.header if found.shape.format == "delimited" else None,
        },
        "code_page": {
            "verdict": found.verdict,
            "page": found.page,
            "says": found.says,
            "bytes_judged": found.judged,
            "sampled": found.sampled,
            "blocks": found.blocks,
            "fields": found.fields,
            "best": judgement.pop("page"),
            **{name: value for name, value in judgement.items() if name not in ("status", "reason")},
            "apart": [asdict(part) for part in found.apart],
            "mixed": {
                "pages": found.mixed.pages,
                "words": found.mixed.words,
                "occurrences": found.mixed.occurrences,
            }
            if found.mixed
            else None,
            "damage": asdict(found.damage) if found.damage else None,
        },
        "tables": {
            name: [asdict(column) for column in columns.values()] for name, columns in (file.tables if file else {}).items()
        },
        "problem": file.problem if file else found.shape.remedy,
        "declared": file.declared if file else None,
    }
