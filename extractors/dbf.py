"""DBF tables: dBASE, Clipper, FoxPro.

The records are one two-dimensional array of bytes; a field is a slice of its columns, read for all rows of a batch at
once.  Numbers become exact decimals of the declared scale, dates stay the text that stands there, a logical field is
its letter (`?` and blank are null), a memo is its text.

A record with the deletion mark (2A) may be financially live: by default it is held back as suspended with its bytes,
so that its money can be accounted for; the source's spec may say `keep` or `skip` instead.

The header's language byte is a prior, never proof: Clipper writes none, and tools write their own default.  The code
page is what the spec declares; a language byte that says otherwise is noted in the file's facts.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from billing.errors import SourceError
from billing.lineage import Split
from billing.registry import Source
from billing.spec import AnyFile, DbfFile
from extractors.base import FileFacts, LandedFile, Places, Sieve, refuse_empty
from extractors.codepage_check import TextSample, verify
from extractors.codepages import CodePage, code_page
from extractors.damage import Damaged, DamageReport, explain_text
from extractors.dbf_header import LANGUAGES, DbfField, DbfHeader, read_header
from extractors.dbf_memo import MemoFile, memo_text, open_memo
from extractors.textcolumn import text_column
from extractors.textnumbers import decimal_column, from_int64

BLOCK_BYTES = 32 << 20
LIVE, DELETED = 0x20, 0x2A

_JULIAN_1970 = 2_440_588
_DAY_SECONDS = 86_400
_NOT_TEXT = {"G": "OLE object", "P": "picture", "W": "blob", "Q": "binary text", "0": "system flags"}


@dataclass(frozen=True)
class _Batch:
    """One batch under way."""

    block: NDArray[np.uint8]
    header: DbfHeader
    page: CodePage
    memo: MemoFile | None
    damage: DamageReport
    where: dict[str, str]


def decode(
    source: Source, file_spec: AnyFile, landed: LandedFile, facts: FileFacts, *, batch_rows: int
) -> Iterator[Split]:
    """Decode a table.

    Args:
        source: The declared source.
        file_spec: The table's spec.
        landed: The landed table; its memo file lies beside it.
        facts: Filled while decoding.
        batch_rows: Most rows of a batch.

    Yields:
        Batches of the raw table; deleted and unreadable records among their rejects.

    Raises:
        SourceError: The table is damaged as a whole, its memo file is missing, or its code page is not the declared.
    """
    assert isinstance(file_spec, DbfFile)  # noqa: S101  the dispatcher chose by format
    refuse_empty(source.id, landed)
    page = code_page(file_spec.code_page)
    header = read_header(source.id, landed, page)
    _note_header(facts, header, file_spec)
    _verify_code_page(source, file_spec, landed, facts, header)
    memo = open_memo(source.id, landed, header)
    sieve = Sieve(source.id, landed, file_spec.name)
    critical = source.spec.critical_columns(file_spec.name)
    rows = max(1, min(batch_rows, BLOCK_BYTES // header.record_length))
    skipped = 0
    try:
        with landed.path.open("rb", buffering=0) as file:
            file.seek(header.header_length)
            for first in range(0, max(1, header.records), rows):  # an empty table still has its columns
                count = min(rows, header.records - first)
                raw = _read_exactly(source, landed, file.read, count * header.record_length)
                block = np.frombuffer(raw, np.uint8).reshape(count, header.record_length)
                places = _places(header, first, count)
                batch = _Batch(
                    block, header, page, memo, DamageReport(critical), {"source_id": source.id, "file": landed.name}
                )
                keep, left_out = _by_flag(block, places, file_spec, sieve)
                skipped += left_out
                columns = {field.name: _column(batch, field) for field in header.fields if field.type not in _NOT_TEXT}
                batch.damage.settle(sieve, places, keep, partial(_record_bytes, block))
                facts.records += count - left_out
                facts.bytes += len(raw)
                yield sieve.split(columns, places, keep=keep)
    finally:
        if memo is not None:
            memo.close()
    if skipped:
        facts.notes.append(f"{skipped} records with the deletion mark were left out, as the source declares")


def _read_exactly(source: Source, landed: LandedFile, read: Callable[[int], bytes], size: int) -> bytes:
    parts = []
    left = size
    while left:
        part = read(left)
        if not part:
            raise SourceError(
                "the landed copy ends before its last record",
                source_id=source.id,
                file=landed.name,
                remedy="land the delivery again",
            )
        parts.append(part)
        left -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _record_bytes(block: NDArray[np.uint8], row: int) -> bytes:
    return block[row].tobytes()


def _places(header: DbfHeader, first: int, count: int) -> Places:
    index = np.arange(first, first + count, dtype=np.int64)
    return Places(
        index + 1,
        header.header_length + index * header.record_length,
        np.full(count, header.record_length, np.int32),
    )


def _by_flag(block: NDArray[np.uint8], places: Places, spec: DbfFile, sieve: Sieve) -> tuple[NDArray[np.bool_], int]:
    """Which rows go on by their deletion flag, and how many are left out of the count."""
    flag = block[:, 0]
    keep = (flag == LIVE) | (flag == DELETED) | (flag == 0)  # some writers leave the flag of live records unset
    for row in np.flatnonzero(~keep).tolist():
        sieve.record(
            places.at(row),
            "REC-TYPE",
            f"the record begins with {int(flag[row]):02X}, neither live (20) nor deleted (2A)",
            block[row].tobytes(),
        )
    deleted = flag == DELETED
    if spec.deleted == "keep" or not deleted.any():
        return keep, 0
    keep &= ~deleted
    if spec.deleted == "skip":
        return keep, int(deleted.sum())
    for row in np.flatnonzero(deleted).tolist():
        sieve.record(
            places.at(row),
            "DBF-DELETED",
            "the record carries the deletion mark; its money may still be live",
            block[row].tobytes(),
            disposition="suspended",
        )
    return keep, 0


# --- columns ---------------------------------------------------------------------------------------------------


def _column(batch: _Batch, field: DbfField) -> pa.Array:
    cells = batch.block[:, field.start : field.start + field.length]
    kind = field.type
    if kind in "NF":
        return _numbers(batch, field, cells)
    if kind == "M":
        return _memos(batch, field, cells)
    if kind == "L":
        return _logical(batch, field, cells)
    if kind in "I+":
        values = _integers(batch, cells)
        return from_int64(values, pa.decimal128(10, 0))
    if kind == "Y":
        return from_int64(_little(cells, "<i8"), pa.decimal128(19, 4))
    if kind in "BO":
        return _doubles(batch, field, cells)
    if kind in "T@":
        return _timestamps(batch, cells)
    if kind == "V":
        return _text(batch, field, _without_length(batch, field, cells))
    if kind in "CD":
        return _text(batch, field, cells)
    raise SourceError(
        f"the field {field.name} has the unknown type {kind!r}",
        **batch.where,
        field=field.name,
        remedy="the header is damaged, or this dialect is not supported: have the table exported as dBASE III",
    )


def _text(batch: _Batch, field: DbfField, cells: NDArray[np.uint8]) -> pa.Array:
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


def _without_length(batch: _Batch, field: DbfField, cells: NDArray[np.uint8]) -> NDArray[np.uint8]:
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


def _numbers(batch: _Batch, field: DbfField, cells: NDArray[np.uint8]) -> pa.Array:
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


def _logical(batch: _Batch, field: DbfField, cells: NDArray[np.uint8]) -> pa.Array:
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


def _memos(batch: _Batch, field: DbfField, cells: NDArray[np.uint8]) -> pa.Array:
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
        assert batch.memo is not None  # noqa: S101  seen above
        raw_memo = batch.memo.read(int(pointers[row]))
        if raw_memo is None:
            message = f"block {int(pointers[row])} of {batch.memo.path.suffix} holds no complete memo"
            batch.damage.add(Damaged(row, field.name, "DBF-MEMO", message, cells[row].tobytes()))
            continue
        raw = memo_text(raw_memo)
        if field.is_binary:
            texts[row] = raw.hex() or None
            continue
        try:
            texts[row] = codecs.decode(raw, batch.page.name) or None
        except UnicodeDecodeError:
            reason, message = explain_text(raw, batch.page)
            batch.damage.add(Damaged(row, field.name, reason, message, raw))
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


def _integers(batch: _Batch, cells: NDArray[np.uint8]) -> NDArray[np.int64]:
    if batch.header.is_dbase7:  # big-endian, the sign bit turned round so that bytes sort as numbers
        return _little(cells, ">u4").astype(np.int64) - (1 << 31)
    return _little(cells, "<i4").astype(np.int64)


def _doubles(batch: _Batch, field: DbfField, cells: NDArray[np.uint8]) -> pa.Array:
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


def _timestamps(batch: _Batch, cells: NDArray[np.uint8]) -> pa.Array:
    """`YYYY-MM-DD HH:MM:SS`, null where empty."""
    pairs = np.ascontiguousarray(cells).view("<i4")
    seconds = (pairs[:, 0].astype(np.int64) - _JULIAN_1970) * _DAY_SECONDS + (pairs[:, 1] + 500) // 1000
    empty = pairs[:, 0] == 0
    stamps = pa.array(seconds.astype(np.int64), mask=empty).cast(pa.timestamp("s"))
    return stamps.cast(pa.string())


# --- facts -----------------------------------------------------------------------------------------------------


def _note_header(facts: FileFacts, header: DbfHeader, spec: DbfFile) -> None:
    facts.declared_records = header.records
    facts.notes.append(f"{header.title}, {header.records} records of {header.record_length} bytes")
    stated = LANGUAGES.get(header.language)
    if stated is not None and code_page(stated).points.tolist() != code_page(spec.code_page).points.tolist():
        facts.notes.append(
            f"the header's language byte {header.language:02X} means {stated}, the source declares {spec.code_page}: "
            "the declaration was followed, because the byte is often only a tool's default"
        )
    if left_out := [f"{f.name} ({_NOT_TEXT[f.type]})" for f in header.fields if f.type in _NOT_TEXT]:
        facts.notes.append(f"fields that hold no text were left out: {', '.join(left_out)}")


def _verify_code_page(source: Source, spec: DbfFile, landed: LandedFile, facts: FileFacts, header: DbfHeader) -> None:
    """Hold the declared page against the character fields of records spread over the table."""
    texts = [field for field in header.fields if field.type == "C"]
    if not texts or not header.records:
        return
    sample = TextSample()
    rows = max(1, (1 << 18) // header.record_length)
    blocks = min(16, -(-header.records // rows))
    with landed.path.open("rb") as file:
        for index in range(blocks):
            first = max(0, min(header.records - rows, index * header.records // blocks))
            count = min(rows, header.records - first)
            file.seek(header.header_length + first * header.record_length)
            block = np.frombuffer(file.read(count * header.record_length), np.uint8).reshape(count, -1)
            for field in texts:
                sample.add(block[:, field.start : field.start + field.length].tobytes())
    facts.notes.append(verify(source.id, landed, spec.code_page, sample))
