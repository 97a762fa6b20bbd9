"""`blueline profile`: what is this file, which code page is it in, and how would it be declared?"""

from __future__ import annotations

import json
import os
import re
import shlex
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from billing.errors import BillingError, ContractError, SourceError
from billing.registry import NOTES_FILE, SPEC_FILE, load_source
from extractors.copybook.layout import Copybook
from extractors.delivery.packed import is_read_with
from extractors.profiling.declare_types import is_called_like
from extractors.profiling.profile import Profile, profile
from extractors.profiling.propose import Proposal, propose
from extractors.profiling.record_types import groups_of
from extractors.profiling.shapes import BANK
from pipeline.commands.sources import TEMPLATES
from pipeline.context import context
from pipeline.profile_report import as_json, show, show_columns, show_proposal
from pipeline.written import written

_PROGRESS_BYTES = 16 << 20


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
    json_: Annotated[bool, typer.Option("--json", help="Print the findings as JSON, nothing else.")] = False,
) -> None:
    """Say what files are, which code page they are in with the evidence, and propose their declaration.

    Nothing is loaded, and no personal value is shown in clear.  Exit status 1 when a file is mixed, undecided or not
    readable.

    Examples: `blueline profile ABON.DBF` · `blueline profile *.csv --write sources/torun` ·
    `blueline profile KONTA.DAT --copybook KONTO.cpy --json`
    """
    console = Console(stderr=json_)
    paths = _existing(files)
    books = {book.name: _text(book) for book in copybook or []}
    profiles = [_profile(path, copybook or [], console) for path in paths]
    folder, name = _target(write, source_id)
    root = Path(os.path.commonpath([path.parent.resolve() for path in paths]))
    project = _project(folder)
    delivery = _delivery(root, name, project)
    proposal = propose(
        name, profiles, delivery=delivery, root=root, copybooks=books, checks=_checks(date.today()),
        bank_entities=_bank_entities(),
    )  # fmt: skip
    written: list[str] = []
    if write is not None and proposal.files:
        written = _write(folder, proposal, force=force)
    follow = _check_command(folder, name, project)
    if json_:
        typer.echo(json.dumps(as_json(profiles, proposal, written, follow), ensure_ascii=False, indent=2, default=str))
    else:
        for one in profiles:
            show(console, one)
        show_columns(console, proposal)
        show_proposal(console, proposal, written, follow)
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
    tables = [path for path in files if path.suffix.casefold() == ".dbf"]
    kept = [path for path in files if not is_read_with(path, tables)]
    return list(dict.fromkeys(kept))


def _text(book: Path) -> str:
    try:
        return book.read_text(encoding="utf-8")
    except OSError as error:
        raise ContractError(f"the copybook cannot be read: {error.strerror}", file=str(book)) from error
    except UnicodeDecodeError:
        return book.read_text(encoding="latin-1")


def _described(path: Path, books: list[Path]) -> tuple[int, list[tuple[str, int, int]]]:
    """What the copybook of a file says: bytes of its longest record, and its texts as (name, first byte, length).

    Of several copybooks the one that is called like the file is meant, or the only one whose records fill the file,
    else all of them together.  A copybook that is wrong is told with the file.
    """
    size = path.stat().st_size
    try:
        if len(books) > 1:
            lengths = {book: Copybook.load([book]).length for book in books}
            fitting = [book for book, length in lengths.items() if length and size % length == 0]
            called = [book for book in books if is_called_like(book.name, path)]
            books = called[:1] or (fitting if len(fitting) == 1 else books)
        copybook = Copybook.load(books)
        length = copybook.length
        if len(books) > 1:
            return (length if length and size % length == 0 else 0), []
        if len(copybook.roots) > 1 or groups_of(copybook):
            return length, []
        texts = [(field.name, field.offset, field.length) for field in copybook.layout().fields if field.kind == "text"]
    except ContractError:
        return 0, []
    return length, texts


def _profile(path: Path, books: list[Path], console: Console) -> Profile:
    try:
        length, texts = _described(path, books) if books else (0, [])
        if path.stat().st_size < _PROGRESS_BYTES or not console.is_terminal:
            return profile(path, copybook=bool(books), record_length=length, texts=texts)
        columns = (TextColumn(f"{path.name}: judging"), BarColumn(), TextColumn("{task.completed} bytes of text"))
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(path.name, total=None)
            return profile(
                path,
                copybook=bool(books),
                record_length=length,
                texts=texts,
                told=lambda done: bar.update(task, completed=done),
            )
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


def _bank_entities() -> dict[str, str]:
    """What `sources new` starts a source of a bank's files with."""
    paths = {format: TEMPLATES / f"entities_{format}.toml" for format in BANK}
    return {format: path.read_text(encoding="utf-8") for format, path in paths.items()}


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


def _project(folder: Path) -> Path | None:
    """The folder that relative paths of a declaration count from, where it can be told.

    A declaration written to `sources/torun` belongs to the project above `sources`, wherever the command is run.
    """
    sources = context().settings.sources
    declared = folder.resolve().parent
    depth = len(sources.parts)
    if not sources.is_absolute() and depth and declared.parts[-depth:] == sources.parts:
        return Path(*declared.parts[:-depth])
    here = Path.cwd().resolve()
    return here if sources.is_dir() and sources.resolve().is_relative_to(here) else None


def _check_command(folder: Path, name: str, project: Path | None) -> str:
    """The command that checks what was written to a folder, from where this one was run."""
    check, sources, declared = f"blueline sources check {name}", context().settings.sources, folder.resolve().parent
    if sources.resolve() == declared:
        return check
    if project is not None and (project / sources).resolve() == declared:
        return f"cd {shlex.quote(str(project))} && {check}"
    return f"BLUELINE_SOURCES={shlex.quote(str(folder.parent))} {check}"


def _delivery(root: Path, name: str, project: Path | None) -> str | None:
    """How the declaration names the folder of the files; None where it is the usual one."""
    settings = context().settings
    usual = (project or Path.cwd()) / (settings.deliveries or settings.home / "deliveries") / name
    if root == usual.resolve():
        return None
    return f"./{root.relative_to(project).as_posix()}" if project and root.is_relative_to(project) else str(root)


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
    with written(folder):
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
