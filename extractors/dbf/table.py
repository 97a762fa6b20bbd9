"""DBF tables: dBASE, Clipper, FoxPro.

The records are one two-dimensional array of bytes; a field is a slice of its columns, read for all rows of a batch at
once.  Numbers become exact decimals of the declared scale, dates stay the text that stands there, a logical field is
its letter (`?` and blank are null), a memo is its text, binary content is bytes.

A record with the deletion mark (2A) may be financially live: by default it is held back as suspended with its bytes,
so that its money can be accounted for; the source's spec may say `separate` (a raw table of their own), `keep` or
`skip` instead.

The header's language byte is a prior, never proof: see `extractors.dbf.languages`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from billing.errors import SourceError
from billing.file_specs import PAGE_OF_HEADER, AnyFile, DbfFile
from billing.lineage import Split
from billing.registry import Source
from billing.wording import counted
from extractors.base import FileFacts, LandedFile, Places, Sieve, refuse_empty
from extractors.codepages.check import TextSample, verify
from extractors.codepages.text import PageText
from extractors.damage import DamageReport
from extractors.dbf.batch import Batch
from extractors.dbf.fields import decode_field
from extractors.dbf.header import DbfHeader, read_header
from extractors.dbf.languages import page_of_undeclared, stated_page
from extractors.dbf.memo import MemoFile, open_memo
from extractors.dbf.memo_fields import rows_within

BLOCK_BYTES = 16 << 20
LIVE, DELETED = 0x20, 0x2A
_SAMPLE_BLOCKS, _SAMPLE_BYTES = 16, 1 << 16


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
    text = _text(source, file_spec, landed, facts)
    header = read_header(source.id, landed, text)
    _note_header(facts, header, file_spec)
    memo = open_memo(source.id, landed, header)
    run = _Run(source, file_spec, landed, header, text, memo)
    try:
        with landed.path.open("rb", buffering=0) as file:
            yield from run.batches(file.seek, file.read, facts, batch_rows)
    finally:
        if memo is not None:
            memo.close()
    if run.skipped:
        left_out = f"{counted(run.skipped, 'record')} with the deletion mark left out"
        facts.notes.append(f"{left_out}, as the source declares")


class _Run:
    """What stays the same from batch to batch of one table.

    Attributes:
        skipped: Deleted records left out so far.
    """

    def __init__(
        self, source: Source, spec: DbfFile, landed: LandedFile, header: DbfHeader, text: PageText,
        memo: MemoFile | None,
    ) -> None:  # fmt: skip
        self._source, self._spec, self._landed = source, spec, landed
        self._header, self._text, self._memo = header, text, memo
        self._sieves = {name: Sieve(source.id, landed, name) for name in spec.tables}
        self._critical = frozenset[str]().union(*(source.spec.critical_columns(name) for name in spec.tables))
        self.skipped = 0

    def batches(
        self, seek: Callable[[int], int], read: Callable[[int], bytes], facts: FileFacts, batch_rows: int
    ) -> Iterator[Split]:
        """The whole table; an empty one still has its columns."""
        header = self._header
        rows = max(1, min(batch_rows, BLOCK_BYTES // header.record_length))
        first = 0
        while first < max(1, header.records):
            count = min(rows, header.records - first)
            seek(header.header_length + first * header.record_length)
            raw = self._read_exactly(read, count * header.record_length)
            block = np.frombuffer(raw, np.uint8).reshape(count, header.record_length)
            if self._memo is not None and count > 1:
                count = rows_within(self._memo, header, block[:count])
                block = block[:count]
            facts.bytes += block.size
            yield from self._splits(block, first, facts)
            first += max(1, count)

    def _splits(self, block: NDArray[np.uint8], first: int, facts: FileFacts) -> Iterator[Split]:
        header, spec = self._header, self._spec
        places = _places(header, first, len(block))
        sieve = self._sieves[spec.name]
        where = {"source_id": self._source.id, "file": self._landed.name}
        damage = DamageReport(self._critical)
        batch = Batch(block, header, self._text, self._memo, spec.missing_memo == "flag", damage, where)
        keep, deleted, left_out = self._by_flag(block, places)
        columns = {field.name: decode_field(batch, field, cells) for field, cells in batch.columns()}
        wanted = keep | deleted
        damage.settle(sieve, places, wanted, partial(_record_bytes, block))
        facts.records += len(block) - left_out
        self.skipped += left_out
        yield sieve.split(columns, places, keep=keep & wanted)
        for name in spec.tables[1:]:
            yield self._sieves[name].split(columns, places, keep=deleted & wanted)

    def _by_flag(
        self, block: NDArray[np.uint8], places: Places
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_], int]:  # fmt: skip
        """Which rows go on by their deletion flag, which go into the table of deleted ones, how many are left out."""
        sieve = self._sieves[self._spec.name]
        flag = np.ascontiguousarray(block[:, 0])
        keep = (flag == LIVE) | (flag == DELETED) | (flag == 0)  # some writers leave the flag of live records unset
        for row in np.flatnonzero(~keep).tolist():
            message = f"the record begins with {int(flag[row]):02X}, neither live (20) nor deleted (2A)"
            sieve.record(places.at(row), "REC-TYPE", message, block[row].tobytes())
        deleted = flag == DELETED
        nothing = np.zeros(len(block), np.bool_)
        if self._spec.deleted == "keep" or not deleted.any():
            return keep, nothing, 0
        keep &= ~deleted
        if self._spec.deleted == "skip":
            return keep, nothing, int(deleted.sum())
        if self._spec.deleted == "separate":
            return keep, deleted, 0
        message = "the record carries the deletion mark; its money may still be live"
        for row in np.flatnonzero(deleted).tolist():
            sieve.record(places.at(row), "DBF-DELETED", message, block[row].tobytes(), disposition="suspended")
        return keep, nothing, 0

    def _read_exactly(self, read: Callable[[int], bytes], size: int) -> bytes:
        parts = []
        left = size
        while left:
            part = read(left)
            if not part:
                raise SourceError(
                    "the landed copy ends before its last record",
                    source_id=self._source.id,
                    file=self._landed.name,
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


# --- header and code page --------------------------------------------------------------------------------------


def _note_header(facts: FileFacts, header: DbfHeader, spec: DbfFile) -> None:
    facts.declared_records = header.records
    facts.notes.insert(0, f"{header.title}, {counted(header.records, 'record')} of {header.record_length} bytes")
    stated = stated_page(header.language, header.driver)
    if stated and spec.code_page != PAGE_OF_HEADER and not _same_page(stated, spec.code_page):
        by = f"language byte {header.language:02X}" if header.language else f"language driver {header.driver!r}"
        facts.notes.append(
            f"the header's {by} means {stated}, the source declares {spec.code_page}: "
            "the declaration was followed, because the byte is often only a tool's default"
        )


def _same_page(one: str, other: str) -> bool:
    first, second = PageText(one).page, PageText(other).page
    return first is not None and second is not None and first.points.tolist() == second.points.tolist()


def _text(source: Source, spec: DbfFile, landed: LandedFile, facts: FileFacts) -> PageText:
    """What reads the table's texts: by the declared page, else by the one that the header states."""
    is_declared = spec.code_page != PAGE_OF_HEADER
    header = read_header(source.id, landed, PageText(spec.code_page if is_declared else "ascii"))
    sample = _sample(landed, header)
    page = spec.code_page if is_declared else stated_page(header.language, header.driver)
    if page is None:
        page = page_of_undeclared(source.id, landed, header.language, sample)
    if not is_declared:
        facts.notes.append(f"no code page is declared: {page} was taken, as the table's header and texts suggest")
    text = PageText(page)
    facts.notes.append(verify(source.id, landed, page, sample))
    return text


def _sample(landed: LandedFile, header: DbfHeader) -> TextSample:
    """The character fields of records spread over the table."""
    sample = TextSample()
    texts = [field for field in header.fields if field.type == "C"]
    if not texts or not header.records:
        return sample
    rows = max(1, _SAMPLE_BYTES // header.record_length)
    blocks = min(_SAMPLE_BLOCKS, -(-header.records // rows))
    with landed.path.open("rb") as file:
        for index in range(blocks):
            first = max(0, min(header.records - rows, index * header.records // blocks))
            count = min(rows, header.records - first)
            file.seek(header.header_length + first * header.record_length)
            block = np.frombuffer(file.read(count * header.record_length), np.uint8).reshape(count, -1)
            sample.add(b" ".join(block[:, field.start : field.start + field.length].tobytes() for field in texts))
    return sample
