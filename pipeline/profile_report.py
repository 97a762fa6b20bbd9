"""What `blueline profile` found, for people and for programs; no personal value in clear."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from billing.wording import counted
from extractors.profiling.declare_file import ProposedFile
from extractors.profiling.mixture import Mixed
from extractors.profiling.profile import Profile
from extractors.profiling.propose import Proposal
from extractors.profiling.readings import masked, reading
from extractors.profiling.toml_text import code_counts

_MARKS = {"decided": "green", "any": "green", "undecided": "yellow", "mixed": "red", "none": "dim"}


# --- showing ---------------------------------------------------------------------------------------------------


def show(console: Console, found: Profile) -> None:
    """Print what one file is, and the evidence for its code page."""
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
        f"{found.judged:,} bytes of text{part}: {counted(found.blocks, 'block')}, {counted(found.fields, 'field')}, "
        f"{counted(judgement.words, 'different word')} with letters beyond ASCII "
        f"({counted(judgement.occurrences, 'time')})",
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


def show_columns(console: Console, proposal: Proposal) -> None:
    """Print what the columns hold, and their suspicious values."""
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
                    code_counts(column) or ", ".join(column.examples[:2]),
                    odd,
                )
                table.add_row(*(_plain(cell) for cell in cells))
            console.print(table)


def _plain(text: str) -> str:
    return escape("".join(char if char.isprintable() else "\ufffd" for char in text))


def show_proposal(console: Console, proposal: Proposal, written: list[str], follow: str) -> None:
    """Print the proposed declaration, what is missing from it, and the command that checks it where it was written."""
    if not proposal.files:
        console.print("\nNo file can be declared: nothing is proposed.")
        return
    if proposal.missing:
        console.print("\n[bold]What a person has to say[/]")
        for item in proposal.missing:
            console.print(f"- {item}", markup=False, highlight=False, soft_wrap=True)
    if written:
        console.print(f"\nwritten: {', '.join(written)}", highlight=False, soft_wrap=True)
        console.print(f"next: {follow}", markup=False, highlight=False, soft_wrap=True)
    else:
        console.print("\n[bold]Proposed source.toml[/] (write it with --write FOLDER)")
        console.print(proposal.text, markup=False, highlight=False, soft_wrap=True)


# --- JSON ------------------------------------------------------------------------------------------------------


def as_json(profiles: list[Profile], proposal: Proposal, written: list[str], follow: str) -> dict[str, Any]:
    """All of it, for programs."""
    by_path = {file.profile.path: file for file in proposal.files}
    return {
        "source_id": proposal.source_id,
        "files": [_file_json(found, by_path.get(found.path)) for found in profiles],
        "missing": proposal.missing,
        "source_toml": proposal.text if proposal.files else None,
        "written": written,
        "next": follow if written else None,
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
            name: [asdict(column) for column in columns.values()]
            for name, columns in (file.tables if file else {}).items()
        },
        "problem": file.problem if file else found.shape.remedy,
        "declared": file.declared if file else None,
    }
