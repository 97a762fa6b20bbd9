"""Decisions of people between the warehouse and those who make them: the link step, the command line, a page, a file.

A file is the review queue as `blueline review export` writes it: one pair a line, to which a person adds `decision`
(merge, never, or split of the left record) and `why`.  Lines without a decision are passed over.  It may come back from
a spreadsheet: with semicolons or tabs, and in UTF-16 or Windows-1250.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

from audit.pairs import Pair
from billing.decisions import PAIRED, Action, Decision, record_ref, standing
from billing.errors import ContractError, NoSchema
from loaders.decisions import Wish, decide, read_decisions
from loaders.warehouse import connect
from pipeline.context import Context
from pipeline.logs import log
from pipeline.written import written

WISHES = tuple(action for action in get_args(Action) if action != "undo")
_NEEDED = ("left", "right", "decision", "why")
_DELIMITERS = ",;\t"  # a spreadsheet of a country with decimal commas writes semicolons
COLUMNS = ("left", "right", "weight", "reason", "levels", "decision", "why")


def standing_decisions(ctx: Context) -> list[Decision]:
    """The decisions that stand; none where the warehouse has not been set up yet."""
    try:
        with connect(ctx.database_url) as connection:
            return standing(read_decisions(connection))
    except NoSchema:
        return []


def decide_all(url: str, wishes: Sequence[Wish], *, actor: str) -> list[Decision]:
    """Write decisions, all or none, and log each.

    Args:
        url: The warehouse.
        wishes: What is wanted.
        actor: Who decides.
    """
    with connect(url, autocommit=True) as connection:
        made = decide(connection, wishes, actor=actor)
    for decision in made:
        log.info("decided", decision=decision.number, action=decision.action, actor=actor,
                 records=" ".join(map(str, decision.records)))  # fmt: skip
    return made


def write_queue(path: Path, pairs: Iterable[Pair]) -> int:
    """Write pairs that wait as a file to be filled in; returns how many.

    It holds no personal values: `blueline review` and the page show them, masked.
    """
    number = 0
    with written(path), path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for pair in pairs:
            levels = " ".join(f"{name}={level}" for name, level in pair.levels.items())
            writer.writerow([pair.left, pair.right, pair.weight, pair.reason, levels, "", ""])
            number += 1
    return number


def write_decisions(path: Path, decisions: Iterable[Decision]) -> int:
    """Write decisions in the form that `read_file` takes, to carry them to another warehouse; returns how many."""
    number = 0
    with written(path), path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        for made in decisions:
            writer.writerow(
                {"left": made.record, "right": made.other or "", "decision": made.action, "why": made.reason}
            )
            number += 1
    return number


def read_file(path: Path) -> list[Wish]:
    """The decisions that a file asks for, each with its place in the file.

    Raises:
        ContractError: The file is not there or is no CSV, lacks a column, or a line cannot be understood; every such
            line is named.
    """
    wishes: list[Wish] = []
    problems: list[str] = []
    for line, row in _rows(path):
        if not row["decision"]:
            continue
        try:
            wishes.append(replace(_wish(row), where={"file": str(path), "line": line}))
        except ContractError as error:
            problems.append(f"line {line}: {error.message}")
    if problems:
        raise ContractError("; ".join(problems), file=str(path), remedy="correct these lines; nothing was decided")
    return wishes


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """The lines below the header, by the number of the line that each begins on."""
    try:
        text = _text(path.read_bytes())
    except FileNotFoundError:
        raise ContractError("there is no such file", file=str(path), remedy="blueline review export") from None
    except OSError as error:
        raise ContractError(f"cannot be read: {error.strerror}", file=str(path), remedy="name a CSV file") from None
    except UnicodeDecodeError as error:
        raise ContractError(
            f"neither UTF-8, UTF-16 nor Windows-1250: {error}", file=str(path), remedy="save it as CSV in UTF-8"
        ) from None
    header = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(_DELIMITERS, key=header.count), strict=True)
    rows: list[tuple[int, dict[str, str]]] = []
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        lacking = [name for name in _NEEDED if name not in names]
        if lacking:
            raise ContractError(
                f"the column {lacking[0]} is missing", file=str(path), line=1,
                remedy=f"the first line names the columns {', '.join(_NEEDED)}, with commas or semicolons "
                "between them; `blueline review export` writes it",
            )  # fmt: skip
        begin = reader.line_num + 1
        for values in reader:
            row = dict.fromkeys(_NEEDED, "") | dict(zip(names, map(str.strip, values), strict=False))
            rows.append((begin, row))
            begin = reader.line_num + 1  # a quoted text may go over several lines
    except csv.Error as error:
        raise ContractError(
            f"not CSV: {error}",
            file=str(path),
            line=reader.line_num,
            remedy="close its quotes, or save it as CSV again",
        ) from None
    return rows


def _text(data: bytes) -> str:
    r"""Text as spreadsheets save it: UTF-8, with or without a mark at its beginning, UTF-16, or Windows-1250.

    >>> _text("left;why\n".encode("utf-16")), _text("left;why\n".encode("utf-16-be"))
    ('left;why\n', 'left;why\n')
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16")
    if b"\0" in data[:4]:  # no mark: of a header's first letters the other byte is zero
        return data.decode("utf-16-be" if data[0] == 0 else "utf-16-le")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1250")


def _wish(row: Mapping[str, str]) -> Wish:
    action = next((known for known in WISHES if known == row["decision"].lower()), None)
    if action is None:
        raise ContractError(f"{row['decision']!r} is no decision ({', '.join(WISHES)})")
    why = row["why"]
    if not why:
        raise ContractError("why is empty")
    left, right = (record_ref(row[side]) if row[side] else None for side in ("left", "right"))
    if left is None or (action in PAIRED and right is None):
        raise ContractError(f"{action} takes {'two records' if action in PAIRED else 'a record'}")
    return Wish(action, left, right if action in PAIRED else None, why)
