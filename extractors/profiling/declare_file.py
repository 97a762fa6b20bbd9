"""The part of a declaration that is about one file: what was found, as keys of the spec."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from extractors.profiling.binary_shape import UNKNOWN
from extractors.profiling.columns import Column
from extractors.profiling.declare_page import declare_page
from extractors.profiling.profile import Profile
from extractors.profiling.readings import UTF8


@dataclass
class ProposedFile:
    """The part of a declaration that is about one file.

    Attributes:
        profile: What the file is.
        declared: Its keys, as in the spec.
        comments: Key -> what has to be said about it.
        type_comments: Record type of a mainframe file, as its type field has it -> what has to be said about it.
        tables: Raw table -> its columns.
        named: Raw table -> names of columns, where the declaration alone tells them; used where nothing can be read.
        currencies: Of a bank's statements.
        problem: Why the reader cannot read it as declared; empty where it can.
    """

    profile: Profile
    declared: dict[str, Any]
    comments: dict[str, str] = field(default_factory=dict)
    type_comments: dict[str, str] = field(default_factory=dict)
    tables: dict[str, dict[str, Column]] = field(default_factory=dict)
    named: dict[str, list[str]] = field(default_factory=dict)
    currencies: set[str] = field(default_factory=set)
    problem: str = ""


def table_name(text: str) -> str:
    """A name that a spec accepts."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_-")
    return plain if plain[:1].isalpha() else f"T_{plain or 'file'}"


def unique(name: str, taken: set[str]) -> str:
    """The name, or the next that is free; it is taken then."""
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    taken.add(free)
    return free


def declare(
    file: ProposedFile,
    name: str,
    root: Path,
    shared: str | None,
    books: dict[str, str],
    *,
    given: bool,
    names: set[str],
) -> None:
    """Fill in what a declaration says of a file.

    Args:
        file: The file; its keys and comments are written.
        name: Its name in the declaration.
        root: Folder of the delivery.
        shared: Code page of the source's other files.
        books: Copybooks by name; a draft is added where none is given.
        given: The copybooks were given.
        names: Names of raw tables taken so far.
    """
    shape = file.profile.shape
    path = file.profile.path.parent.resolve() / file.profile.path.name
    relative = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    file.declared = {"name": name, "format": shape.format, "pattern": glob.escape(relative)}
    declared = file.declared
    if shape.format in ("delimited", "fixed_width", "dbf", "mainframe", "mt940", "elixir0"):
        declared["code_page"] = "utf-8" if shape.in_characters else declare_page(file.profile, file.comments, shared)
    if damage := file.profile.damage:
        read_as, written_in = damage.chain
        file.comments["pattern"] = f"DAMAGED before delivery: {written_in} was read as {read_as}; have it sent again"
    if shape.format == "delimited":
        _declare_delimited(file)
    elif shape.format == "fixed_width":
        _declare_fixed(file, name, names)
    elif shape.format == "mainframe":
        _declare_mainframe(file, name, books, given=given)
    elif shape.format == "xml":
        _declare_xml(file, names)
    elif shape.format == "sql":
        declared["results"] = [
            {"name": unique(table_name(table), names), "source": table, "key": row.key}
            for table, row in shape.tables.items()
        ]
    elif shape.memo_missing:
        declared["missing_memo"] = "flag"
        file.comments["missing_memo"] = "the memo file is not there: have it delivered, and take this line out"


def _declare_delimited(file: ProposedFile) -> None:
    shape, declared = file.profile.shape, file.declared
    declared["delimiter"] = shape.delimiter
    if shape.quote not in ("", '"'):
        declared["quote"] = shape.quote
    declared["header"] = shape.header
    if not shape.header:
        declared["columns"] = shape.columns
        file.comments["columns"] = "there is no header line: give the columns their names"
    if shape.heading:
        declared["ignore"] = [shape.heading]
        file.comments["columns"] = "the header line's names are empty or stand twice: give the columns their own"
    if shape.last_record:
        declared["trailer"] = {"starts_with": shape.last_record}
        file.comments["trailer"] = "say where its totals stand: count_at, sum_at, sum_column"


def _declare_fixed(file: ProposedFile, name: str, names: set[str]) -> None:
    shape, declared = file.profile.shape, file.declared
    declared["record_length"] = shape.record_length
    if shape.in_characters:
        declared["positions"] = "characters"
    for where, prefix in (("header", shape.first_record), ("trailer", shape.last_record)):
        if prefix:
            declared[where] = {"starts_with": prefix}
    kinds = shape.types or {"": shape.fields}
    declared["records"] = [
        {
            "table": name if len(kinds) == 1 else unique(f"{name}_{prefix}", names),
            **({"starts_with": prefix} if prefix else {}),
            "columns": [{"name": n, "start": start + 1, "length": length} for n, start, length in fields],
        }
        for prefix, fields in kinds.items()
    ]
    file.comments["records"] = "columns guessed from blanks and digits: correct them by the region's layout"


def _declare_xml(file: ProposedFile, names: set[str]) -> None:
    _declare_encoding(file)
    file.declared["records"] = [
        {"table": unique(table_name(table), names), "path": row.path, "columns": row.columns}
        for table, row in file.profile.shape.tables.items()
    ]


def _declare_encoding(file: ProposedFile) -> None:
    """Overrule what a document says about itself, where its words say otherwise."""
    profile = file.profile
    page, stated = profile.page, profile.stated or UTF8
    if profile.shape.utf16:  # as the decoder sees, too
        return
    if page and stated != page and stated not in profile.judgement.alike:
        file.declared["encoding"] = page
        file.comments["encoding"] = f"the document says {profile.shape.encoding or UTF8}, but its words are {page}"


def _declare_mainframe(file: ProposedFile, name: str, books: dict[str, str], *, given: bool) -> None:
    shape = file.profile.shape
    declared = file.declared
    declared["record_format"] = shape.record_format or "F"
    if shape.rdw:
        declared["rdw"] = shape.rdw
    if given:
        declared["copybook"] = next(iter(books)) if len(books) == 1 else list(books)
        return
    book = f"{name}.cpy"
    books[book] = draft_copybook(shape.draft, shape.record_length)
    declared["copybook"] = book
    file.comments["copybook"] = "a draft from the bytes alone: ask the region for the copybook, and use --copybook"
    if declared["record_format"] != "F":
        file.comments["copybook"] += "; until then shorter records are set aside"


def draft_copybook(fields: Sequence[tuple[str, int, int, str]], length: int) -> str:
    """A copybook of guessed fields.

    >>> print(draft_copybook([("FIELD-1", 0, 4, "9(4)"), ("FIELD-2", 4, 3, "S9(5) COMP-3")], 7))
          * Drafted from the bytes: names, borders and decimals are guesses.
           01  RECORD-1.
               05  FIELD-1               PIC 9(4).
               05  FIELD-2               PIC S9(5) COMP-3.
    <BLANKLINE>
    """
    fields = list(fields)
    if all(picture.startswith(UNKNOWN) for _, _, _, picture in fields):  # or there are none
        fields = [("RECORD-DATA", 0, length, f"X({length})")]
    lines = ["      * Drafted from the bytes: names, borders and decimals are guesses.", "       01  RECORD-1."]
    if any(picture.startswith(UNKNOWN) for _, _, _, picture in fields):
        lines.insert(1, "      * FILLER is neither text nor a number that could be told: no column is made of it.")
    for name, _, _, picture in fields:
        called = "FILLER" if picture.startswith(UNKNOWN) else name
        lines.append(f"           05  {called:<22}PIC {picture.removeprefix(UNKNOWN)}.")
    return "\n".join(lines) + "\n"
