"""The fields of a DBF table that point into its memo file: texts, and binary content.

A memo that cannot be found is flagged on its record; a memo file that is missing as a whole stops the source, unless
the source says that it knows (`missing_memo = "flag"`).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from billing.errors import SourceError
from extractors.cells import Cells
from extractors.damage import Damaged
from extractors.dbf.batch import Batch
from extractors.dbf.header import DbfHeader
from extractors.dbf.layout import DbfField
from extractors.dbf.memo import MemoFile, memo_text
from extractors.textnumbers import decimal_column

MEMO_BYTES = 64 << 20
"""Most bytes of memos in a batch of more than one record."""


def is_pointer(field: DbfField) -> bool:
    """Whether the field holds the number of a memo block."""
    return field.type in "MGPW" or (field.type == "B" and field.length != 8)


def memo_texts(batch: Batch, field: DbfField, cells: Cells) -> pa.Array:
    """`M`: string[n], or binary[n] where Visual FoxPro's header says that the memo is binary."""
    if field.is_binary:
        return memo_bytes(batch, field, cells)
    texts: list[str | None] = [None] * len(cells)
    for row, found in _memos(batch, field, cells):
        raw = memo_text(found)
        text = batch.text.lines(raw)
        if text is None:
            reason, message = batch.text.explain(raw)
            batch.damage.add(Damaged(row, field.name, reason, message, raw))
        texts[row] = text or None
    return pa.array(texts, pa.string())


def memo_bytes(batch: Batch, field: DbfField, cells: Cells) -> pa.Array:
    """`G`, `P`, `W` and dBASE's `B`: binary[n], as the memo file has it."""
    found: list[bytes | None] = [None] * len(cells)
    for row, raw in _memos(batch, field, cells):
        found[row] = raw or None
    return pa.array(found, pa.binary())


def rows_within(memo: MemoFile, header: DbfHeader, block: NDArray[np.uint8], limit: int = MEMO_BYTES) -> int:
    """How many records of a block may be decoded together, so that their memos take no more than `limit` bytes."""
    sizes = np.zeros(len(block), np.int64)
    for field in header.fields:
        if is_pointer(field):
            pointers, _ = _pointers(block[:, field.start : field.start + field.length])
            rows = np.flatnonzero(pointers > 0)
            sizes[rows] += np.array([memo.size(number) for number in pointers[rows].tolist()], np.int64)
    return max(1, int(np.searchsorted(np.cumsum(sizes), limit, side="right")))


def _memos(batch: Batch, field: DbfField, cells: Cells) -> Iterator[tuple[int, bytes]]:
    """The memos that are there, by row; what is wrong with the others goes into the batch's damage."""
    pointers, faults = _pointers(cells)
    for row in faults:
        raw = cells[row].tobytes()
        batch.damage.add(Damaged(row, field.name, "DBF-MEMO", "the memo's block number is no number", raw))
    rows = np.flatnonzero(pointers > 0).tolist()
    if rows and batch.memo is None:
        _refuse_missing(batch, field, len(rows))
    for row in rows:
        number = int(pointers[row])
        found = batch.memo.read(number) if batch.memo else None
        if found is not None:
            yield row, found
            continue
        where = f"of {batch.memo.path.suffix} holds no complete memo" if batch.memo else "was not delivered"
        batch.damage.add(Damaged(row, field.name, "DBF-MEMO", f"block {number} {where}", cells[row].tobytes()))


def _refuse_missing(batch: Batch, field: DbfField, count: int) -> None:
    if batch.may_lack_memo:
        return
    if batch.header.version == 0xE5:
        raise SourceError(
            f"memos in a file of type SMT are not supported, and {count} records of this batch have one in "
            f"{field.name}",
            **batch.where,
            field=field.name,
            remedy='have the table exported as dBASE III, or declare missing_memo = "flag" to go without them',
        )
    raise SourceError(
        f"the memo file is missing: {count} records of this batch have a text in {field.name}",
        **batch.where,
        field=field.name,
        remedy="have the .DBT or .FPT delivered beside the table, under the same name, or declare "
        'missing_memo = "flag" to go without',
    )


def _pointers(cells: Cells) -> tuple[NDArray[np.int64], list[int]]:
    """Block numbers, 0 where there is no memo; and the rows whose number is none."""
    if cells.shape[1] == 4:  # Visual FoxPro
        return np.ascontiguousarray(cells).view("<u4")[:, 0].astype(np.int64), []
    values, faults = decimal_column(cells, 0)
    # every block number of a memo file fits into 64 bits, so the low word is the number
    numbers = np.frombuffer(values.buffers()[1], np.int64).reshape(-1, 2)[:, 0].copy()
    numbers[values.is_null().to_numpy(zero_copy_only=False)] = 0
    return numbers, sorted(faults)
