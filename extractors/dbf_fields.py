"""The fields of a DBF table, each type by its own rule, all rows of a batch at once.

Numbers become exact decimals of the declared scale; dates stay the text that stands there; a logical field is its
letter (`?` and blank are null); a memo is its text.  Binary floating point becomes the shortest text that means the
same number, because money must not pass through it.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from billing.errors import SourceError
from extractors.codepages import CodePage
from extractors.damage import Damaged, DamageReport, explain_text
from extractors.dbf_header import DbfField, DbfHeader
from extractors.dbf_memo import MemoFile, memo_text
from extractors.textcolumn import text_column
from extractors.textnumbers import decimal_column, from_int64

_JULIAN_1970 = 2_440_588
_DAY_SECONDS = 86_400
NOT_TEXT = {"G": "OLE object", "P": "picture", "W": "blob", "Q": "binary text", "0": "system flags"}
"""Field types whose content is no text: they are left out, and the file's facts say so."""


@dataclass(frozen=True)
class Batch:
    """One batch under way.

    Attributes:
        block: uint8[rows, record length].
        header: The table's.
        page: Declared code page.
        memo: The memo file, where there is one.
        damage: Takes the values that cannot be read.
        where: What errors say about the place.
    """

    block: NDArray[np.uint8]
    header: DbfHeader
    page: CodePage
    memo: MemoFile | None
    damage: DamageReport
    where: dict[str, str]


def decode_field(batch: Batch, field: DbfField) -> pa.Array:
    """One column of a batch.

    Args:
        batch: The records.
        field: One of the table's fields, of a type that is not in `NOT_TEXT`.

    Raises:
        SourceError: The type is unknown, or the memo file that the field needs is missing.
    """
    decoder = _DECODERS.get(field.type)
    if decoder is None:
        raise SourceError(
            f"the field {field.name} has the unknown type {field.type!r}",
            **batch.where,
            field=field.name,
            remedy="the header is damaged, or this dialect is not supported: have the table exported as dBASE III",
        )
    return decoder(batch, field, batch.block[:, field.start : field.start + field.length])


def _text(batch: Batch, field: DbfField, cells: NDArray[np.uint8]) -> pa.Array:
    values, defects = text_column(cells, batch.page)
    if defects is not None:
        mended: dict[int, str] = {}
        for row in np.flatnonzero(defects).tolist():
            raw = cells[row].tobytes()
            if (text := _with_line_ends(raw, batch.page)) is not None:
                mended[row] = text
                continue
            reason, message = explain_text(raw, batch.page)
            batch.damage.add(Damaged(row, field.name, reason, message, raw, batch.page.text(raw).strip()))
        if mended:
            mask = np.zeros(len(cells), np.bool_)
            mask[list(mended)] = True
            values = pc.replace_with_mask(values, pa.array(mask), pa.array(list(mended.values()), pa.string()))
    return values


def _varchar(batch: Batch, field: DbfField, cells: NDArray[np.uint8]) -> pa.Array:
    return _text(batch, field, _without_length(batch, field, cells))


def _without_length(batch: Batch, field: DbfField, cells: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Blank out what lies behind a varchar's text: its length stands in its last byte, where a bit says so."""
    flags = next((f for f in batch.header.fields if f.type == "0"), None)
    if flags is None:
        return cells
    bit = 0
    for other in batch.header.fields:
        if other.name == field.name:
            break
        bit += (other.type in "VQ") + other.is_nullable
    byte = batch.block[:, flags.start + bit // 8]
    short = (byte >> (bit % 8)) & 1 == 1
    lengths = np.where(short, cells[:, -1], cells.shape[1])
    return np.where(np.arange(cells.shape[1]) < lengths[:, None], cells, np.uint8(0x20))


def _with_line_ends(raw: bytes, page: CodePage) -> str | None:
    """A text with tabs and line ends in it, which FoxPro's edit boxes allow, or None where it holds worse."""
    text = raw.rstrip(b" \0")
    bare = text.translate(None, b"\t\r\n")
    if any(page.undefined[byte] or page.control[byte] for byte in bare):
        return None
    return codecs.decode(text, page.name)


def _numbers(batch: Batch, field: DbfField, cells: NDArray[np.uint8]) -> pa.Array:
    values, faults = decimal_column(cells, field.decimals)
    for row, reason in faults.items():
        raw = cells[row].tobytes()
        text = raw.decode("latin-1").strip()
        message = (
            f"asterisks stand in the field of {field.length} characters: the number did not fit"
            if reason == "NUM-OVERFLOW"
            else f"not a number with at most {field.decimals} decimals"
        )
        batch.damage.add(Damaged(row, field.name, reason, message, raw, text))
    return values


def _logical(batch: Batch, field: DbfField, cells: NDArray[np.uint8]) -> pa.Array:
    letter = cells[:, 0] & np.where((cells[:, 0] >= 0x61) & (cells[:, 0] <= 0x7A), 0xDF, 0xFF).astype(np.uint8)
    known = np.isin(letter, np.frombuffer(b"TFYN", np.uint8))
    blank = np.isin(letter, np.frombuffer(b" ?\0", np.uint8))
    for row in np.flatnonzero(~known & ~blank).tolist():
        raw = cells[row].tobytes()
        batch.damage.add(
            Damaged(row, field.name, "CODE-UNMAPPED", "not one of T, F, Y, N, ?, blank", raw, raw.decode("latin-1"))
        )
    letters = pa.array(["T", "F", "Y", "N"])
    index = np.zeros(256, np.int8)
    for place, code in enumerate(b"TFYN"):
        index[code] = place
    return letters.take(pa.array(index[letter], mask=~known))


def _memos(batch: Batch, field: DbfField, cells: NDArray[np.uint8]) -> pa.Array:
    pointers, faults = _pointers(cells)
    texts: list[str | None] = [None] * len(pointers)
    for row in faults:
        raw = cells[row].tobytes()
        batch.damage.add(Damaged(row, field.name, "DBF-MEMO", "the memo's block number is no number", raw))
    rows = np.flatnonzero(pointers > 0).tolist()
    if rows and batch.memo is None:
        raise SourceError(
            f"the memo file is missing: {len(rows)} records of this batch have a text in {field.name}",
            **batch.where,
            field=field.name,
            remedy="have the .DBT or .FPT delivered beside the table, under the same name",
        )
    for row in rows:
        assert batch.memo is not None
        raw_memo = batch.memo.read(int(pointers[row]))
        if raw_memo is None:
            message = f"block {int(pointers[row])} of {batch.memo.path.suffix} holds no complete memo"
            batch.damage.add(Damaged(row, field.name, "DBF-MEMO", message, cells[row].tobytes()))
            continue
        raw = memo_text(raw_memo)
        if field.is_binary:
            texts[row] = raw.hex() or None
            continue
        text = _with_line_ends(raw, batch.page)
        if text is None:
            reason, message = explain_text(raw, batch.page)
            batch.damage.add(Damaged(row, field.name, reason, message, raw))
        texts[row] = text or None
    return pa.array(texts, pa.string())


def _pointers(cells: NDArray[np.uint8]) -> tuple[NDArray[np.int64], list[int]]:
    """Block numbers, 0 where there is no memo; and the rows whose number is none."""
    if cells.shape[1] == 4:  # Visual FoxPro
        return _little(cells, "<u4").astype(np.int64), []
    values, faults = decimal_column(cells, 0)
    # every block number of a memo file fits into 64 bits, so the low word is the number
    numbers = np.frombuffer(values.buffers()[1], np.int64).reshape(-1, 2)[:, 0].copy()
    numbers[values.is_null().to_numpy(zero_copy_only=False)] = 0
    return numbers, sorted(faults)


def _little(cells: NDArray[np.uint8], kind: str) -> NDArray[np.int64]:
    return np.ascontiguousarray(cells).view(kind)[:, 0]


def _integers(batch: Batch, field: DbfField, cells: NDArray[np.uint8]) -> pa.Array:
    if batch.header.is_dbase7:  # big-endian, the sign bit turned round so that bytes sort as numbers
        values = _little(cells, ">u4").astype(np.int64) - (1 << 31)
    else:
        values = _little(cells, "<i4").astype(np.int64)
    return from_int64(values, pa.decimal128(10, 0))


def _currency(batch: Batch, field: DbfField, cells: NDArray[np.uint8]) -> pa.Array:
    return from_int64(_little(cells, "<i8"), pa.decimal128(19, 4))


def _doubles(batch: Batch, field: DbfField, cells: NDArray[np.uint8]) -> pa.Array:
    """Binary floating point, as the shortest text that means the same number: money must not pass through it."""
    if batch.header.version in (0x83, 0x8B, 0xF5) or field.length != 8:
        return _text(batch, field, cells)  # `B` is a memo pointer in dBASE 5
    if batch.header.is_dbase7:
        bits = _little(cells, ">u8")
        sign = np.uint64(1 << 63)
        doubles = np.where(bits & sign, bits ^ sign, ~bits).astype(np.uint64).view(np.float64)
    else:
        doubles = np.ascontiguousarray(cells).view("<f8")[:, 0]
    return pa.array([repr(value) for value in doubles.tolist()], pa.string())


def _timestamps(batch: Batch, field: DbfField, cells: NDArray[np.uint8]) -> pa.Array:
    """`YYYY-MM-DD HH:MM:SS`, null where empty."""
    pairs = np.ascontiguousarray(cells).view("<i4")
    seconds = (pairs[:, 0].astype(np.int64) - _JULIAN_1970) * _DAY_SECONDS + (pairs[:, 1] + 500) // 1000
    empty = pairs[:, 0] == 0
    stamps = pa.array(seconds.astype(np.int64), mask=empty).cast(pa.timestamp("s"))
    return stamps.cast(pa.string())


_DECODERS: dict[str, Callable[[Batch, DbfField, NDArray[np.uint8]], pa.Array]] = {
    "C": _text, "D": _text, "V": _varchar, "N": _numbers, "F": _numbers, "L": _logical, "M": _memos, "I": _integers,
    "+": _integers, "Y": _currency, "B": _doubles, "O": _doubles, "T": _timestamps, "@": _timestamps,
}  # fmt: skip
