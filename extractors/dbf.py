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

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from billing.errors import SourceError
from billing.lineage import Split
from billing.registry import Source
from billing.spec import AnyFile, DbfFile
from extractors.base import FileFacts, LandedFile, Places, Sieve, refuse_empty
from extractors.codepage_check import TextSample, verify
from extractors.codepages import code_page
from extractors.damage import DamageReport
from extractors.dbf_fields import NOT_TEXT, Batch, decode_field
from extractors.dbf_header import LANGUAGES, DbfHeader, read_header
from extractors.dbf_memo import open_memo

BLOCK_BYTES = 32 << 20
LIVE, DELETED = 0x20, 0x2A


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
    assert isinstance(file_spec, DbfFile)
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
                batch = Batch(
                    block, header, page, memo, DamageReport(critical), {"source_id": source.id, "file": landed.name}
                )
                keep, left_out = _by_flag(block, places, file_spec, sieve)
                skipped += left_out
                columns = {
                    field.name: decode_field(batch, field) for field in header.fields if field.type not in NOT_TEXT
                }
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
    if left_out := [f"{f.name} ({NOT_TEXT[f.type]})" for f in header.fields if f.type in NOT_TEXT]:
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
