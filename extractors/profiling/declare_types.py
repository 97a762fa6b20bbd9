"""The copybook of a mainframe file and its record types, as keys of the spec: judged by the records themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from billing.errors import BillingError
from billing.wording import counted
from extractors.codepages.tables import CodePage, code_page
from extractors.copybook.framing import Framing
from extractors.copybook.layout import Copybook
from extractors.copybook.records import Frame
from extractors.copybook.scanning import Descriptor
from extractors.profiling.declare_file import ProposedFile, table_name, unique
from extractors.profiling.detect import landed_as
from extractors.profiling.record_types import (
    Kind,
    Records,
    Types,
    group_costs,
    groups_of,
    judge_types,
    judge_value,
    type_texts,
)

SAMPLE = 2_000
"""Records that the type field is chosen by."""
MOST_BYTES = 64 << 20
"""Of a file that are looked through for values of the type field."""
_FRAME_ROWS = 20_000
_MOST_FRAMES = 40
_BROKEN_BITS = 100.0  # a byte, for a copybook that leaves a piece of a record over: only where no other fits
_FEW, _FEW_SHARE = 3, 0.05  # records of a value beside others of the same group: more likely a fault than a type
_SOME = 50  # records that one more value is judged by


def declare_types(file: ProposedFile, folder: Path, names: set[str]) -> None:
    """Say which copybook describes the records of a file, and which types they are of, where there are several.

    Args:
        file: Declared as a mainframe file with given copybooks; its keys and comments are written.
        folder: Where the copybooks lie.
        names: Names of raw tables taken so far.

    Raises:
        ContractError: A copybook is wrong.
    """
    books = _as_list(file.declared["copybook"])
    if len(books) > 1 and (called := [book for book in books if is_called_like(book, file.profile.path)]):
        books = called[:1]
    copybook = Copybook.load([folder / book for book in books])
    if len(groups_of(copybook)) > 1:
        found = _find(file, copybook)
        if found is None and len(books) > 1:
            books = [_nearest(file, folder, books)]
            file.comments["copybook"] = "of the copybooks that were given, it fits the records best: confirm it"
        elif found is not None:
            _declare(file, *found, names)
        elif len(copybook.roots) > 1:
            file.comments["copybook"] = (
                "it describes several record types, and no short field tells them apart clearly: "
                "say which is which by [files.segments]"
            )
    file.declared["copybook"] = books[0] if len(books) == 1 else books


def is_called_like(book: str, path: Path) -> bool:
    """Whether a copybook is called like a file: `KONTO.cpy` and `konto.dat`."""
    return Path(book).stem.casefold() == path.name.partition(".")[0].casefold()


def _as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _find(file: ProposedFile, copybook: Copybook) -> tuple[Types, dict[str, int]] | None:
    """The type field with its values, and how many records have each; None where there is no clear one."""
    page = code_page(file.declared["code_page"])
    sample = _sample(_records(file, copybook))
    types = judge_types(copybook, sample, page) if sample else None
    return _complete(types, copybook, _records(file, copybook), page) if types else None


def _complete(
    types: Types, copybook: Copybook, records: Iterator[Records], page: CodePage
) -> tuple[Types, dict[str, int]]:
    """Judge the values that occur later in the file, too, and count all of them."""
    field = copybook.locate(types.field)
    counts: dict[str, int] = {}
    values: dict[str, Kind] = dict(types.values)
    for some in records:
        texts = np.array([text or "" for text in type_texts(field, some, page)])
        found, often = np.unique(texts, return_counts=True)
        for value, count in zip(found.tolist(), often.tolist(), strict=True):
            if not value:
                continue
            counts[value] = counts.get(value, 0) + count
            if value not in values:
                rows = np.flatnonzero(texts == value)[:_SOME]
                values[value] = judge_value(copybook, Records(some.rows[rows], some.lengths[rows]), page)
    return Types(types.field, values), counts


def _declare(file: ProposedFile, types: Types, counts: dict[str, int], names: set[str]) -> None:
    tables: dict[str, str] = {}
    segments: dict[str, Any] = {"field": types.field, "map": {}}
    left_out = []
    by_group: Counter[str] = Counter()
    for value, kind in types.values.items():
        by_group[kind.group] += counts.get(value, 0)
    for value, kind in sorted(types.values.items()):
        number = counts.get(value, 0)
        if not kind.is_clear:
            left_out.append(f"{value!r} ({counted(number, 'record')}: {kind.group} or {kind.next}?)")
            continue
        if number < _FEW and number < by_group[kind.group] * _FEW_SHARE:
            left_out.append(f"{value!r} ({counted(number, 'record')} like {kind.group}: a type, or a fault?)")
            continue
        if kind.group not in tables:
            tables[kind.group] = unique(table_name(kind.group), names)
            if tables[kind.group] != kind.group:
                segments.setdefault("groups", {})[tables[kind.group]] = kind.group
        segments["map"][value] = tables[kind.group]
        file.type_comments[value] = f"{counts.get(value, 0)} records; {kind.margin:.0f} bits better than as {kind.next}"
    file.declared["segments"] = segments
    file.comments["segments"] = f"CONFIRM: by the records, {types.field} says what each is; see the map"
    if left_out:
        file.comments["segments"] += f"; not in it, and so set aside: {', '.join(left_out)}"


def _nearest(file: ProposedFile, folder: Path, books: list[str]) -> str:
    """The copybook whose record reads the bytes of the file most cheaply."""
    page = code_page(file.declared["code_page"])
    best: tuple[float, str] | None = None
    for book in books:
        copybook = Copybook.load([folder / book])
        records = _sample(_records(file, copybook)) if len(copybook.roots) == 1 else None
        if records is None or not records.lengths.sum():
            continue
        bits = float(group_costs(copybook, [None], records, page).sum() / records.lengths.sum())
        if file.declared["record_format"] == "F" and file.profile.size % copybook.length:
            bits += _BROKEN_BITS
        if best is None or bits < best[0]:
            best = bits, book
    return best[1] if best else books[0]


def _records(file: ProposedFile, copybook: Copybook) -> Iterator[Records]:
    """The records of a file, a frame at a time; as far as they can be told apart."""
    word = file.declared.get("rdw", {})
    framing = Framing(
        file.declared["record_format"], copybook.length,
        rdw=Descriptor(word.get("byte_order", "big") == "big", word.get("counts_itself", True)), sound_first=True,
    )  # fmt: skip
    try:
        for frame in framing.frames("profile", landed_as(file.profile.path), _FRAME_ROWS):
            if frame.base > MOST_BYTES:
                return
            yield _whole(frame, copybook.length)
    except BillingError:
        return  # said by the detection, and again when the file is read as declared


def _sample(records: Iterator[Records]) -> Records | None:
    """Records spread over all of them; None where there are none."""
    some = [
        _every(frame, -(-len(frame.rows) // SAMPLE)) for _, frame in zip(range(_MOST_FRAMES), records, strict=False)
    ]
    if not some:
        return None
    every = Records(np.concatenate([r.rows for r in some]), np.concatenate([r.lengths for r in some]))
    return _every(every, -(-len(every.rows) // SAMPLE))


def _every(records: Records, step: int) -> Records:
    return Records(records.rows[:: max(1, step)], records.lengths[:: max(1, step)])


def _whole(frame: Frame, width: int) -> Records:
    lengths = np.minimum(frame.lengths, width)
    if frame.even:
        return Records(np.ascontiguousarray(frame.rows(None, width)), lengths)
    rows = np.zeros((len(frame.starts), width), np.uint8)
    for row, (start, length) in enumerate(zip(frame.starts.tolist(), lengths.tolist(), strict=True)):
        rows[row, :length] = frame.data[start : start + length]
    return Records(rows, lengths)
