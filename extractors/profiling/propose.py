"""A declaration proposed from profiles: files as they were found, mappings where the evidence is good.

Whatever was not decided stands in a comment beside the line that it concerns.  Where the code page is not decided,
`ascii` is declared: letters beyond ASCII are then set aside with their bytes, and nothing is misread.
"""

from __future__ import annotations

import datetime as dt
import glob
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import ValidationError

from billing.errors import BillingError
from billing.spec import MainframeFile
from extractors.copybook.layout import Copybook
from extractors.profiling import probe
from extractors.profiling.columns import Checks, Column, judge_column
from extractors.profiling.detect import stated_date
from extractors.profiling.mapping import Mapped, map_table
from extractors.profiling.profile import Profile
from extractors.profiling.readings import VARIANTS
from extractors.profiling.toml_text import array, entity_lines, key, rule_text, string

RECORD_FORMATS = frozenset(getattr(MainframeFile.model_fields["record_format"].annotation, "__args__", ("F", "V")))

FIRST_EXTRACT_YEAR = 1990


@dataclass
class ProposedFile:
    """The part of a declaration that is about one file.

    Attributes:
        profile: What the file is.
        declared: Its keys, as in the spec.
        comments: Key -> what has to be said about it.
        tables: Raw table -> its columns.
        problem: Why the reader cannot read it as declared; empty where it can.
    """

    profile: Profile
    declared: dict[str, Any]
    comments: dict[str, str] = field(default_factory=dict)
    tables: dict[str, dict[str, Column]] = field(default_factory=dict)
    problem: str = ""


@dataclass
class Proposal:
    """A proposed declaration.

    Attributes:
        source_id: The source's id.
        text: Of source.toml.
        copybooks: File name -> text, to lie beside it.
        files: What it says of each file.
        mapped: Entities, the ones that stand in comments included.
        missing: What a person has to say, because the bytes do not.
    """

    source_id: str
    text: str
    copybooks: dict[str, str]
    files: list[ProposedFile]
    mapped: list[Mapped]
    missing: list[str]


def propose(
    source_id: str,
    profiles: Sequence[Profile],
    *,
    delivery: str | None,
    root: Path,
    copybooks: dict[str, str] | None = None,
    checks: Checks | None = None,
) -> Proposal:
    """Propose a declaration for the files of one source.

    Args:
        source_id: Id of the source.
        profiles: Of its files; the ones that no format reads are left out, and said to be missing.
        delivery: Path of the delivery, for the declaration; None where it lies in the usual place.
        root: Folder of the delivery, which the patterns are below.
        copybooks: Name -> text of the copybooks that describe the mainframe files.
        checks: Tests of identifiers.
    """
    usable = [profile for profile in profiles if profile.shape.is_supported]
    missing = [f"{p.path.name} is left out: {p.shape.title}; {p.shape.remedy}" for p in profiles if p not in usable]
    shared = _shared_page(usable)
    names: set[str] = set()
    files: list[ProposedFile] = []
    books = dict(copybooks or {})
    for profile in usable:
        file = ProposedFile(profile, {})
        _declare(
            file, _unique(_name(profile.path.stem), names), root, shared, books, given=bool(copybooks), names=names
        )
        files.append(file)
    with TemporaryDirectory(prefix="blueline-profile-") as folder:
        for name, text in books.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        for file in files:
            _probe(file, Path(folder), checks)
    mapped = [m for file in files for table, columns in file.tables.items() for m in map_table(table, columns)]
    mapped = _one_at_least(mapped, files)
    missing += [f"{file.profile.path.name}: {text}" for file in files for text in file.comments.values()]
    missing += [
        f"{file.profile.path.name}: cannot be read as declared: {file.problem}" for file in files if file.problem
    ]
    missing += [f"{m.entity} from {m.table}: {m.why}" for m in mapped if m.why]
    text = _render(source_id, files, mapped, delivery)
    return Proposal(source_id, text, books, files, mapped, missing)


def _name(text: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_-")
    return plain if plain[:1].isalpha() else f"T_{plain or 'file'}"


def _unique(name: str, taken: set[str]) -> str:
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    taken.add(free)
    return free


# --- files -----------------------------------------------------------------------------------------------------


def _shared_page(profiles: Sequence[Profile]) -> str | None:
    """The page of the files whose own letters decide it: what the others of the same source are likely in."""
    decided = [p.page for p in profiles if p.page and p.shape.format != "sql" and not p.shape.ebcdic]
    firm = [p.page for p in profiles if p.page and not p.judgement.alike and not p.shape.ebcdic]
    pool = firm or decided
    return max(sorted(set(pool)), key=pool.count) if pool else None


def _page(file: ProposedFile, shared: str | None) -> str:
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
    if profile.shape.ebcdic:
        file.comments["code_page"] = "no letter beyond ASCII decides it; cp870 is Polish EBCDIC"
        return "cp870"
    if profile.verdict == "any" and profile.shape.encoding.startswith("UTF-8"):
        return "utf-8"
    if profile.verdict == "any" and shared:
        file.comments["code_page"] = f"no letter beyond ASCII decides it; other files of the source are in {shared}"
        return shared
    if profile.verdict == "undecided":
        worse = [f"{page} {bits:+.0f}" for page, bits in list(judgement.scores.items())[:4]]
        file.comments["code_page"] = (
            f"NOT DECIDED ({', '.join(worse)} bits): ascii sets such letters aside; ask the region"
        )
    else:
        file.comments["code_page"] = "no letter beyond ASCII occurs; a later one is set aside instead of misread"
    return "ascii"


def _declare(
    file: ProposedFile,
    name: str,
    root: Path,
    shared: str | None,
    books: dict[str, str],
    *,
    given: bool,
    names: set[str],
) -> None:
    shape = file.profile.shape
    path = file.profile.path.absolute()
    relative = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    file.declared = {"name": name, "format": shape.format, "pattern": glob.escape(relative)}
    declared = file.declared
    if shape.format in ("delimited", "fixed_width", "dbf", "mainframe"):
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
                "table": name if len(kinds) == 1 else _unique(f"{name}_{prefix}", names),
                **({"starts_with": prefix} if prefix else {}),
                "columns": [{"name": n, "start": start + 1, "length": length} for n, start, length in fields],
            }
            for prefix, fields in kinds.items()
        ]
        file.comments["records"] = "columns guessed from blanks and digits: correct them by the region's layout"
    elif shape.format == "mainframe":
        _declare_mainframe(file, name, books, given=given)
    elif shape.format == "xml":
        declared["records"] = [
            {"table": _unique(_name(table), names), "path": row.path, "columns": row.columns}
            for table, row in shape.tables.items()
        ]
    elif shape.format == "sql":
        declared["results"] = [
            {"name": _unique(_name(table), names), "source": table, "key": row.key}
            for table, row in shape.tables.items()
        ]


def _declare_mainframe(file: ProposedFile, name: str, books: dict[str, str], *, given: bool) -> None:
    shape = file.profile.shape
    declared = file.declared
    declared["record_format"] = shape.record_format or "F"
    if declared["record_format"] not in RECORD_FORMATS:
        file.comments["record_format"] = (
            f"blocks with descriptor words ({shape.record_format}) are not read: have them sent as "
            f"{', '.join(sorted(RECORD_FORMATS))}"
        )
    if given:
        declared["copybook"] = next(iter(books)) if len(books) == 1 else list(books)
        if sum(len(Copybook.parse(book, text).roots) for book, text in books.items()) > 1:
            file.comments["copybook"] = "it describes several record types: say which is which by [files.segments]"
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
    fields = list(fields) or [("RECORD-DATA", 0, length, f"X({length})")]
    lines = ["      * Drafted from the bytes: names, borders and decimals are guesses.", "       01  RECORD-1."]
    lines += [f"           05  {name:<22}PIC {picture}." for name, _, _, picture in fields]
    return "\n".join(lines) + "\n"


def _probe(file: ProposedFile, folder: Path, checks: Checks | None) -> None:
    try:
        values = probe.first_rows(file.declared, file.profile.path, folder, file.profile.shape)
    except (BillingError, ValidationError) as error:
        file.problem = str(error) if isinstance(error, BillingError) else str(error.errors()[0]["msg"])
        return
    for table, columns in values.items():
        file.tables[table] = {name: judge_column(name, rows, checks) for name, rows in columns.items()}


# --- mappings --------------------------------------------------------------------------------------------------


def _one_at_least(mapped: list[Mapped], files: Sequence[ProposedFile]) -> list[Mapped]:
    """A declaration needs an entity: where none is sure, the likeliest subscriber, to be reviewed."""
    if any(m.is_sure for m in mapped):
        return mapped
    weak = next((m for m in mapped if m.entity == "subscriber" and "subscriber_key" in m.fields), None)
    if weak is None:
        table, columns = next(
            ((table, columns) for file in files for table, columns in file.tables.items() if columns), ("", {})
        )
        if not columns:
            return mapped
        named = next((n for n, c in columns.items() if c.is_unique), next(iter(columns)))
        weak = Mapped("subscriber", table, {"subscriber_key": (named, {})})
        mapped = [weak, *mapped]
    weak.is_sure = True
    weak.why = "REVIEW: nothing proves that a row is a subscriber; a declaration needs one entity at least"
    return mapped


# --- text ------------------------------------------------------------------------------------------------------


def _render(source_id: str, files: Sequence[ProposedFile], mapped: Sequence[Mapped], delivery: str | None) -> str:
    columns = [column for file in files for table in file.tables.values() for column in table.values()]
    today = dt.datetime.now(dt.UTC).date()
    dates = [column.latest for column in columns if column.latest and column.latest <= today]
    written = max((stated_date(file.profile.path) for file in files), default=today)
    latest = max(dates, default=written)
    # births alone say nothing about the extract, and a cut-off that is too early disbelieves sound dates
    cut_off = min(written, latest) if latest.year >= FIRST_EXTRACT_YEAR else written
    lines = [
        "# Proposed by `blueline profile` from the bytes of the files; every comment says what it could not know.",
        "# Every key is explained in docs/adding-a-source.md.",
        "",
        f"id = {string(source_id)}",
        f"title = {string(source_id)}",
        f"system = {string('; '.join(dict.fromkeys(f.profile.shape.title.split(',')[0] for f in files)))}",
        '# zone = "12"                    # numbering zone that completes telephone numbers without one',
        '# equations = ["account", "invoice", "payment"]   # say what the data support',
        "",
        "[delivery]",
        f"extracted_on = {cut_off}        # the latest date seen, or the day the file was written: correct it",
    ]
    if delivery is not None:
        lines.append(f"path = {string(delivery)}")
    for file in files:
        lines += ["", *_file_lines(file)]
    for m in mapped:
        known = {name: column for f in files for name, column in f.tables.get(m.table, {}).items()}
        lines += ["", *entity_lines(m, known)]
    lines += _unmapped(files, mapped)
    return "\n".join(lines) + "\n"


def _file_lines(file: ProposedFile) -> list[str]:
    profile = file.profile
    lines = [f"# {profile.path.name}: {profile.shape.title}", f"# code page: {profile.says}"]
    lines += [f"# {note}" for note in profile.shape.notes]
    if file.problem:
        lines.append(f"# NOT READABLE AS IT STANDS: {file.problem}")
    lines = [re.sub(r"[\x00-\x1f\x7f]", " ", line) for line in lines]
    lines.append("[[files]]")
    nested = file.declared.get("records") if file.profile.shape.format in ("fixed_width", "xml") else None
    for name, value in file.declared.items():
        if name in ("records", "results"):
            continue
        comment = file.comments.get(name)
        lines.append(f"{name} = {rule_text(value)}{f'   # {comment}' if comment else ''}")
    for record in nested or []:
        lines += ["", *([f"# {file.comments['records']}"] if "records" in file.comments else []), "[[files.records]]"]
        lines.append(f"table = {string(record['table'])}")
        if "starts_with" in record:
            lines.append(f"starts_with = {string(record['starts_with'])}")
        if "path" in record:
            lines += [f"path = {string(record['path'])}", "[files.records.columns]"]
            lines += [f"{key(name)} = {string(inner)}" for name, inner in record["columns"].items()]
        else:
            lines += ["columns = [", *(f"    {rule_text(column)}," for column in record["columns"]), "]"]
    for result in file.declared.get("results", []):
        lines += ["", "[[files.results]]", f"name = {string(result['name'])}", f"source = {string(result['source'])}"]
        lines.append(f"key = {array(result['key'])}")
    return lines


def _unmapped(files: Sequence[ProposedFile], mapped: Sequence[Mapped]) -> list[str]:
    """What the other columns hold, as lines that are ready to be used."""
    lines: list[str] = []
    for file in files:
        for table, columns in file.tables.items():
            used = {column for m in mapped if m.table == table and m.is_sure for column, _ in m.fields.values()}
            rest = [column for name, column in columns.items() if name not in used and column.kind != "blank"]
            if rest:
                lines += ["", f"# Columns of {table} that nothing above reads:"]
                for column in rest:
                    value = rule_text({"column": column.name, **column.rule})
                    lines.append(re.sub(r"[\x00-\x1f\x7f]", " ", f"# ... = {value}   # {column.kind}"))
    return lines
