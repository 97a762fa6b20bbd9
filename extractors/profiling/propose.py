"""A declaration proposed from profiles: files as they were found, mappings where the evidence is good.

Whatever was not decided stands in a comment beside the line that it concerns.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import ValidationError

from billing.errors import BillingError
from extractors.profiling import probe
from extractors.profiling.columns import judge_column
from extractors.profiling.declare_file import ProposedFile, declare, table_name, unique
from extractors.profiling.declare_page import shared_page
from extractors.profiling.declare_types import declare_types
from extractors.profiling.detect import stated_date
from extractors.profiling.keys import LONGEST_KEY
from extractors.profiling.kinds import Checks
from extractors.profiling.mapping import Mapped, map_table
from extractors.profiling.profile import Profile
from extractors.profiling.shapes import BANK
from extractors.profiling.toml_text import array, code_counts, coded_rule, entity_lines, key, rule_text, string

FIRST_EXTRACT_YEAR = 1990
_MAY_LEAD = ("title", "counterparty_account", "end_to_end_id", "reference", "account", "statement_reference")
"""Columns of a bank's payment that may lead to the account that it is for, the likeliest first."""


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
    bank_entities: Mapping[str, str] | None = None,
) -> Proposal:
    """Propose a declaration for the files of one source.

    Args:
        source_id: Id of the source.
        profiles: Of its files; the ones that no format reads are left out, and said to be missing.
        delivery: Path of the delivery, for the declaration; None where it lies in the usual place.
        root: Folder of the delivery, which the patterns are below.
        copybooks: Name -> text of the copybooks that describe the mainframe files.
        checks: Tests of identifiers.
        bank_entities: Format of a bank -> TOML of the entities that its raw tables make, with `{{name}}` for the
            file's name.
    """
    usable = [profile for profile in profiles if profile.shape.is_supported]
    missing = [f"{p.path.name} is left out: {p.shape.title}; {p.shape.remedy}" for p in profiles if p not in usable]
    shared = shared_page(usable)
    names: set[str] = set()
    files: list[ProposedFile] = []
    books = dict(copybooks or {})
    for profile in usable:
        file = ProposedFile(profile, {})
        name = unique(table_name(profile.path.stem), names)
        declare(file, name, root, shared, books, given=bool(copybooks), names=names)
        files.append(file)
    with TemporaryDirectory(prefix="blueline-profile-") as folder:
        for name, text in books.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        for file in files:
            if copybooks and file.declared["format"] == "mainframe":
                declare_types(file, Path(folder), names)
            _probe(file, Path(folder), checks)
    banks = [_bank_lines(file, bank_entities or {}) for file in files if file.declared["format"] in BANK]
    read = [file for file in files if file.declared["format"] not in BANK]
    mapped = [m for file in read for table, columns in file.tables.items() for m in map_table(table, columns)]
    mapped = mapped if any(banks) else _one_at_least(mapped, files)
    missing += [f"{file.profile.path.name}: {text}" for file in files for text in file.comments.values()]
    missing += [
        f"{file.profile.path.name}: cannot be read as declared: {file.problem}" for file in files if file.problem
    ]
    missing += [f"{m.entity} from {m.table}: {m.why}" for m in mapped if m.why]
    missing += [f"{file.profile.path.name}: say which column of the payments leads to an account" for file in files
                if file.declared["format"] in BANK]  # fmt: skip
    cut_off, why = _cut_off(files)
    missing.append(f"extracted_on is taken as {cut_off}, {why}: no birth or PESEL after it is believed; correct it")
    text = "\n".join(
        [*_head(source_id, files, delivery, cut_off, why), *_body(files, mapped, [line for b in banks for line in b])]
    )
    return Proposal(source_id, text + "\n", books, files, mapped, missing)


# --- columns ------------------------------------------------------------------------------------------------------


def _probe(file: ProposedFile, folder: Path, checks: Checks | None) -> None:
    try:
        values = probe.first_rows(file.declared, file.profile.path, folder, file.profile.shape)
    except (BillingError, ValidationError) as error:
        file.problem = str(error) if isinstance(error, BillingError) else str(error.errors()[0]["msg"])
        file.named = probe.named_columns(file.declared, folder, file.profile.shape)
        return
    for table, columns in values.items():
        if file.declared["format"] in BANK:
            file.currencies.update(text for text in columns.get("currency", ()) if re.fullmatch("[A-Z]{3}", text))
        file.tables[table] = {name: judge_column(name, rows, checks) for name, rows in columns.items()}


# --- mappings --------------------------------------------------------------------------------------------------


def _one_at_least(mapped: list[Mapped], files: Sequence[ProposedFile]) -> list[Mapped]:
    """A declaration needs an entity: where none is sure, the likeliest subscriber, to be reviewed."""
    if any(m.is_sure for m in mapped):
        return mapped
    weak = next((m for m in mapped if m.entity == "subscriber" and "subscriber_key" in m.fields), None)
    if weak is None:
        table, named = _some_column(files)
        if not named:
            return mapped
        weak = Mapped("subscriber", table, {"subscriber_key": (named, {})})
        mapped = [weak, *mapped]
    weak.is_sure = True
    weak.why = "REVIEW: nothing proves that a row is a subscriber; a declaration needs one entity at least"
    return mapped


def _some_column(files: Sequence[ProposedFile]) -> tuple[str, str]:
    """A raw table and a column that may be its key; of a file that cannot be read yet, the first it seems to have."""
    for file in files:
        for table, columns in file.tables.items():
            short = [name for name, column in columns.items() if column.longest <= LONGEST_KEY]
            if short:
                return table, next((name for name in short if columns[name].is_unique), short[0])
    named = ((table, names[0]) for file in files for table, names in file.named.items() if names)
    return next(named, ("", ""))


# --- text ------------------------------------------------------------------------------------------------------


def _cut_off(files: Sequence[ProposedFile]) -> tuple[dt.date, str]:
    """The day that the files seem to have been made, and where that comes from."""
    columns = [column for file in files for table in file.tables.values() for column in table.values()]
    today = dt.datetime.now(dt.UTC).date()
    dated = {column.latest: column.name for column in columns if column.latest and column.latest <= today}
    written = max((stated_date(file.profile.path) for file in files), default=today)
    latest = max(dated, default=written)
    # births alone say nothing about the extract, and a cut-off that is too early disbelieves sound dates
    if dated and latest.year >= FIRST_EXTRACT_YEAR and latest <= written:
        return latest, f"the latest date seen (in {dated[latest]})"
    return written, "the day the files were written"


def _head(source_id: str, files: Sequence[ProposedFile], delivery: str | None, cut_off: dt.date, why: str) -> list[str]:
    lines = [
        "# Proposed by `blueline profile` from the bytes of the files; every comment says what it could not know.",
        "# Every key is explained in docs/adding-a-source.md.",
        "",
        f"id = {string(source_id)}",
        f"title = {string(source_id)}",
        f"system = {string('; '.join(dict.fromkeys(f.profile.shape.title.split(',')[0] for f in files)))}",
        '# zone = "12"                    # numbering zone that completes telephone numbers without one',
        '# equations = ["account", "invoice", "payment"]   # say what the data support',
        *_currencies(files),
        "",
        "[delivery]",
        re.sub(r"[\x00-\x1f\x7f]", " ", f"extracted_on = {cut_off}        # {why}: correct it"),
    ]
    if delivery is not None:
        lines.append(f"path = {string(delivery)}")
    return lines


def _currencies(files: Sequence[ProposedFile]) -> list[str]:
    """The currencies of bank statements, where they are not złoty alone."""
    found = sorted(set().union(*(file.currencies for file in files)))
    return [] if found in ([], ["PLN"]) else [f"currencies = {array(found)}   # in the statements: confirm them"]


def _body(files: Sequence[ProposedFile], mapped: Sequence[Mapped], banks: Sequence[str]) -> list[str]:
    lines: list[str] = []
    for file in files:
        lines += ["", *_file_lines(file)]
    lines += banks
    for m in mapped:
        known = {name: column for f in files for name, column in f.tables.get(m.table, {}).items()}
        lines += ["", *entity_lines(m, known)]
    return lines + _unmapped([file for file in files if file.declared["format"] not in BANK], mapped)


def _bank_lines(file: ProposedFile, entities: Mapping[str, str]) -> list[str]:
    """The entities of a bank's file, whose columns are always the same.

    The account of a payment stands where the bank puts it, seldom where the standard says: of the columns that may
    hold it, the first that is filled in most rows is proposed.
    """
    text = entities.get(file.declared["format"], "").replace("{{name}}", file.declared["name"]).rstrip()
    if not text:
        return []
    columns = file.tables.get(re.findall(r'^from = "(.*)"', text, re.MULTILINE)[0], {})
    [meant] = re.findall(r'^account_key = "(\w+)"', text, re.MULTILINE)
    filled = [name for name in (meant, *_MAY_LEAD) if name in columns and 2 * columns[name].filled > columns[name].rows]
    short = [name for name in filled if columns[name].longest <= LONGEST_KEY]
    text = text.replace(f'account_key = "{meant}"', f'account_key = "{next(iter(short), meant)}"', 1)
    return ["", *text.splitlines()]


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
        if name in ("records", "results", "segments"):
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
    lines += _segment_lines(file)
    for result in file.declared.get("results", []):
        lines += ["", "[[files.results]]", f"name = {string(result['name'])}", f"source = {string(result['source'])}"]
        lines.append(f"key = {array(result['key'])}")
    return lines


def _segment_lines(file: ProposedFile) -> list[str]:
    segments = file.declared.get("segments")
    if not segments:
        return []
    lines = [f"# {file.comments['segments']}", "[files.segments]", f"field = {string(segments['field'])}"]
    if groups := segments.get("groups"):
        lines.append(f"groups = {rule_text(groups)}")
    lines.append("[files.segments.map]")
    return lines + [
        f"{key(value)} = {string(table)}   # {file.type_comments[value]}" for value, table in segments["map"].items()
    ]


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
                    value = coded_rule(column) if column.codes else rule_text({"column": column.name, **column.rule})
                    holds = f"{column.kind}: {code_counts(column)}" if column.codes else column.kind
                    lines.append(re.sub(r"[\x00-\x1f\x7f]", " ", f"# ... = {value}   # {holds}"))
    return lines
