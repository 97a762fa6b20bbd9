"""What every decoder needs and returns: the landed file, its facts, its rejects, and the shape of a batch.

A decoder never edits or drops a record in silence.  `Sieve` gathers what could not be read while a batch is
decoded; `Sieve.split` puts the columns that could be read and those rejects together, lineage last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from billing.errors import SourceError, StoreError
from billing.lineage import Disposition, Lost, Reject, Split, lineage_columns, rejects_batch, with_lineage
from billing.masking import mask
from extractors.databases.extraction import Extraction

STEP = "decode"


@dataclass(frozen=True)
class LandedFile:
    """An untouched local copy of a delivered file; companions (memo files) lie beside it under the same stem.

    Attributes:
        path: The copy.
        name: File name as delivered.
        sha256: Of its bytes, in hex.
        size: In bytes.
        file: Name of its `FileSpec` in the source's spec.
        extraction: How the dump came about, where it is one of a database.
    """

    path: Path
    name: str
    sha256: str
    size: int
    file: str
    extraction: Extraction | None = None


@dataclass
class FileFacts:
    """What a decoder found out about a file; complete when its iterator is exhausted.

    Attributes:
        records: Data records in the file, rejected ones included; headers and trailers are not counted.
        bytes: Bytes read.
        declared_records: What a trailer states.
        declared_sum: What a trailer states.
        computed_sum: Sum of the column that the trailer's total is about.
        sequence: Number of the file in its series.
        notes: Findings for people, such as the verdict on the code page.
    """

    records: int = 0
    bytes: int = 0
    declared_records: int | None = None
    declared_sum: Decimal | None = None
    computed_sum: Decimal | None = None
    sequence: str | None = None
    notes: list[str] = field(default_factory=list)


def read_raw(landed: LandedFile, byte_offset: int, byte_length: int) -> bytes:
    """The bytes that a lineage row points to.

    Raises:
        StoreError: The copy is gone or ends before the record does.
    """
    try:
        with landed.path.open("rb") as file:
            file.seek(byte_offset)
            data = file.read(byte_length)
    except OSError as error:
        raise StoreError(
            f"the landed copy cannot be read: {error.strerror}", file=str(landed.path), remedy="land the delivery again"
        ) from error
    if len(data) != byte_length:
        raise StoreError(
            f"the landed copy ends {byte_length - len(data)} bytes too early for this record",
            file=str(landed.path),
            byte_offset=byte_offset,
            remedy="land the delivery again",
        )
    return data


def refuse_empty(source_id: str, landed: LandedFile) -> None:
    """Stop the source where a file without a byte was delivered.

    Raises:
        SourceError: The file is empty.
    """
    if landed.size == 0:
        raise SourceError(
            "the file is empty",
            source_id=source_id,
            file=landed.name,
            byte_offset=0,
            remedy="ask the region to deliver it again, or declare the file optional and deliver none",
        )


@dataclass(frozen=True)
class Places:
    """Where each row of a batch lies in its file; three arrays of the same length n.

    Attributes:
        record_no: int64[n], 1-based, counting every record of the file.
        byte_offset: int64[n], of the record's first byte.
        byte_length: int32[n], of the whole record, prefix words included.
    """

    record_no: NDArray[np.int64]
    byte_offset: NDArray[np.int64]
    byte_length: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.record_no)

    def at(self, row: int) -> tuple[int, int, int]:
        """Record number, offset and length of one row."""
        return int(self.record_no[row]), int(self.byte_offset[row]), int(self.byte_length[row])

    def take(self, rows: NDArray[Any]) -> Places:
        """The places of some rows, by index or by a mask of booleans."""
        return Places(self.record_no[rows], self.byte_offset[rows], self.byte_length[rows])


class Sieve:
    """Sorts one table's rows into kept and rejected, a batch at a time.

    While a batch is decoded, `record` and `attribute` gather what could not be read; `split` then puts the columns
    and the rejects together and empties the sieve for the next batch.

    Args:
        source_id: The source.
        landed: The file that is decoded.
        table: The raw table.
    """

    def __init__(self, source_id: str, landed: LandedFile, table: str) -> None:
        self._source_id = source_id
        self._landed = landed
        self._table = table
        self._rows: list[Reject] = []
        self._unread: dict[int, set[str]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def record(
        self,
        at: tuple[int, int, int],
        reason: str,
        message: str,
        raw: bytes,
        *,
        field: str | None = None,
        value: str | None = None,
        disposition: Disposition = "rejected",
    ) -> None:
        """Set aside a record that cannot be used.

        Args:
            at: Record number (1-based, counting every record of the file), byte offset, byte length.
            reason: Code of `billing.reasons`.
            message: What is wrong, without personal values.
            raw: The record's bytes.
            field: The column that decided, where one did.
            value: That column's text; only its mask is kept.
            disposition: `suspended` for a record that is sound but held back.
        """
        self._add(at, reason, message, raw, field, value, disposition, "record")

    def attribute(
        self, at: tuple[int, int, int], reason: str, message: str, raw: bytes, *, field: str, value: str | None = None
    ) -> None:
        """Flag a value that became null because it cannot be read; its record goes on.

        Args:
            at: As for `record`.
            reason: Code of `billing.reasons`.
            message: What is wrong, without personal values.
            raw: The field's bytes.
            field: The column.
            value: Its text; only its mask is kept.
        """
        self._add(at, reason, message, raw, field, value, "flagged", "attribute")

    def unread(self, record_no: int, columns: Iterable[str]) -> None:
        """Note columns of a rejected record that could not be read: what the batch holds there means nothing."""
        self._unread.setdefault(int(record_no), set()).update(columns)

    def _add(
        self,
        at: tuple[int, int, int],
        reason: str,
        message: str,
        raw: bytes,
        field: str | None,
        value: str | None,
        disposition: Disposition,
        level: Literal["record", "attribute"],
    ) -> None:
        record_no, byte_offset, byte_length = at
        self._rows.append(
            Reject(
                source_id=self._source_id,
                file_sha256=self._landed.sha256,
                record_no=int(record_no),
                byte_offset=int(byte_offset),
                byte_length=int(byte_length),
                step=STEP,
                entity=self._table,
                reason=reason,
                message=message,
                disposition=disposition,
                level=level,
                file_name=self._landed.name,
                field=field,
                value_masked=mask(value) if value is not None else None,
                raw=raw,
            )
        )

    def split(self, columns: Mapping[str, pa.Array], places: Places, *, keep: NDArray[np.bool_] | None = None) -> Split:
        """Put the batch together; the sieve is empty afterwards.

        Args:
            columns: Column name -> values, each of length n.
            places: The n rows' places.
            keep: bool[n], False for rows that were rejected as a record; None where all n rows go on.
        """
        schema = with_lineage([pa.field(name, array.type) for name, array in columns.items()])
        arrays = [
            *columns.values(),
            *lineage_columns(
                self._source_id,
                self._landed.sha256,
                pa.array(places.record_no, pa.int64()),
                pa.array(places.byte_offset, pa.int64()),
                pa.array(places.byte_length, pa.int32()),
            ),
        ]
        kept = pa.RecordBatch.from_arrays(arrays, schema=schema)
        lost = None
        if keep is not None and not keep.all():
            lost = self._lost(kept, places, keep)
            kept = kept.filter(pa.array(keep))
        rows, self._rows, self._unread = self._rows, [], {}
        return Split(self._table, kept, rejects_batch(sorted(rows, key=lambda row: row.record_no)), lost)

    def _lost(self, batch: pa.RecordBatch, places: Places, keep: NDArray[np.bool_]) -> Lost | None:
        """The rows that this sieve rejected; others that do not go on concern another table, or none."""
        rejected = [row.record_no for row in self._rows if row.level == "record"]
        gone = ~keep & np.isin(places.record_no, np.array(rejected, np.int64))
        if not gone.any():
            return None
        return Lost(batch.filter(pa.array(gone)), {number: frozenset(names) for number, names in self._unread.items()})
