"""The part of a declaration that is about one file: what was found, as keys of the spec.

Where the code page is not decided, `ascii` is declared: letters beyond ASCII are then set aside with their bytes, and
nothing is misread.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from billing.file_specs import MainframeFile
from extractors.profiling.binary_shape import UNKNOWN
from extractors.profiling.columns import Column
from extractors.profiling.evidence import MARGIN_BITS
from extractors.profiling.profile import Profile
from extractors.profiling.readings import FAMILY_ASCII, UTF8, VARIANTS

RECORD_FORMATS = frozenset(getattr(MainframeFile.model_fields["record_format"].annotation, "__args__", ("F", "V")))


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
        problem: Why the reader cannot read it as declared; empty where it can.
    """

    profile: Profile
    declared: dict[str, Any]
    comments: dict[str, str] = field(default_factory=dict)
    type_comments: dict[str, str] = field(default_factory=dict)
    tables: dict[str, dict[str, Column]] = field(default_factory=dict)
    named: dict[str, list[str]] = field(default_factory=dict)
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


def shared_page(profiles: Sequence[Profile]) -> str | None:
    """The page of the files whose own letters decide it: what the others of the same source are likely in."""
    decided = [p.page for p in profiles if p.page and p.shape.format != "sql" and not p.shape.ebcdic]
    firm = [p.page for p in profiles if p.page and not p.judgement.alike and not p.shape.ebcdic]
    pool = firm or decided
    return max(sorted(set(pool)), key=pool.count) if pool else None


def _page(file: ProposedFile, shared: str | None) -> str:  # noqa: PLR0911 - a verdict each
    profile = file.profile
    judgement = profile.judgement
    if profile.verdict == "decided" and profile.page:
        if profile.page in VARIANTS:
            file.comments["code_page"] = f"it is in {profile.page}, which has no decoder: have it converted"
            return "mazovia"
        if shared and shared != profile.page and judgement.accepts(shared):
            return shared
        if judgement.alike and shared != profile.page:
            file.comments["code_page"] = f"{', '.join(judgement.alike)} would read it just the same: ask the region"
        return profile.page
    if profile.verdict == "mixed":
        file.comments["code_page"] = f"{profile.says}: the source will stop until it is delivered in one page"
        return judgement.page or "ascii"
    worse = ", ".join(f"{page} {bits:+.0f}" for page, bits in list(judgement.scores.items())[:4])
    if profile.shape.ebcdic:
        why = f"NOT DECIDED ({worse} bits)" if profile.verdict == "undecided" else "no letter beyond ASCII decides it"
        file.comments["code_page"] = f"{why}; cp870 is Polish EBCDIC: ask the region"
        return "cp870"
    if profile.verdict == "undecided" and shared and judgement.scores.get(shared, MARGIN_BITS) < MARGIN_BITS:
        file.comments["code_page"] = (
            f"NOT DECIDED by its own words ({worse} bits); the other files of the source are in {shared}"
        )
        return shared
    if profile.verdict == "any" and profile.shape.encoding.startswith("UTF-8"):
        return "utf-8"
    if profile.verdict == "any" and shared:
        file.comments["code_page"] = f"no letter beyond ASCII decides it; other files of the source are in {shared}"
        return shared
    if profile.verdict == "any" and profile.shape.encoding in FAMILY_ASCII:
        file.comments["code_page"] = "no letter beyond ASCII decides it; the file itself states this page"
        return profile.shape.encoding
    if profile.verdict == "undecided":
        file.comments["code_page"] = f"NOT DECIDED ({worse} bits): ascii sets such letters aside; ask the region"
    else:
        file.comments["code_page"] = "no letter beyond ASCII occurs; a later one is set aside instead of misread"
    return "ascii"


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
        declared["code_page"] = _page(file, shared)
    if shape.format == "delimited":
        declared["delimiter"] = shape.delimiter
        if shape.quote not in ("", '"'):
            declared["quote"] = shape.quote
        declared["header"] = shape.header
        if not shape.header:
            declared["columns"] = shape.columns
            file.comments["columns"] = "there is no header line: give the columns their names"
        if shape.last_record:
            declared["trailer"] = {"starts_with": shape.last_record}
            file.comments["trailer"] = "say where its totals stand: count_at, sum_at, sum_column"
    elif shape.format == "fixed_width":
        declared["record_length"] = shape.record_length
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
    elif shape.memo_missing:
        declared["missing_memo"] = "flag"
        file.comments["missing_memo"] = "the memo file is not there: have it delivered, and take this line out"
    elif shape.format == "mainframe":
        _declare_mainframe(file, name, books, given=given)
    elif shape.format == "xml":
        _declare_encoding(file)
        declared["records"] = [
            {"table": unique(table_name(table), names), "path": row.path, "columns": row.columns}
            for table, row in shape.tables.items()
        ]
    elif shape.format == "sql":
        declared["results"] = [
            {"name": unique(table_name(table), names), "source": table, "key": row.key}
            for table, row in shape.tables.items()
        ]


def _declare_encoding(file: ProposedFile) -> None:
    """Overrule what a document says about itself, where its words say otherwise."""
    profile = file.profile
    page, stated = profile.page, profile.stated or UTF8
    if page and stated != page and stated not in profile.judgement.alike:
        file.declared["encoding"] = page
        file.comments["encoding"] = f"the document says {profile.shape.encoding or UTF8}, but its words are {page}"


def _declare_mainframe(file: ProposedFile, name: str, books: dict[str, str], *, given: bool) -> None:
    shape = file.profile.shape
    declared = file.declared
    declared["record_format"] = shape.record_format or "F"
    if declared["record_format"] not in RECORD_FORMATS:
        file.comments["record_format"] = (
            f"blocks with descriptor words ({shape.record_format}) are not read: have them sent as "
            f"{', '.join(sorted(RECORD_FORMATS))}"
        )
    if shape.rdw:
        if "rdw" in MainframeFile.model_fields:
            declared["rdw"] = shape.rdw
        else:
            file.comments["record_format"] = "descriptor words of another form: have it sent with its own"
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
