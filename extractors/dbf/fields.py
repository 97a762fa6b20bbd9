"""The fields of a DBF table, each type by its own rule, all rows of a batch at once.

Numbers become exact decimals of the declared scale; dates stay the text that stands there; a logical field is its
letter (`?` and blank are null); a memo is its text; what is no text is bytes.  Binary floating point becomes the
shortest text that means the same number, because money must not pass through it.  What Visual FoxPro's bits call null
is null, whatever stands in the field.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from billing.errors import SourceError
from extractors.cells import Cells
from extractors.damage import Damaged
from extractors.dbf import binary
from extractors.dbf.batch import Batch
from extractors.dbf.layout import DbfField
from extractors.dbf.memo_fields import is_pointer, memo_bytes, memo_texts
from extractors.textnumbers import decimal_column

_BLANK_TYPES = frozenset("CDNFLMGP")  # fields that are filled with blanks where they are empty


def decode_field(batch: Batch, field: DbfField, cells: Cells) -> pa.Array:
    """One column of a batch.

    Args:
        batch: The records.
        field: One of the table's fields, of another type than `SYSTEM`.
        cells: Its bytes in these records.

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
    nulls = batch.flagged(field.null_bit)
    if nulls is None:
        return decoder(batch, field, cells)
    empty = np.uint8(0x20 if field.type in _BLANK_TYPES and field.length != 4 else 0)
    values = decoder(batch, field, np.where(nulls[:, None], empty, cells))
    return pc.if_else(pa.array(nulls), pa.scalar(None, values.type), values)


# --- texts -----------------------------------------------------------------------------------------------------


def _text(batch: Batch, field: DbfField, cells: Cells) -> pa.Array:
    values, defects = batch.text.column(cells)
    if defects is not None:
        mended: dict[int, str] = {}
        for row in np.flatnonzero(defects).tolist():
            raw = cells[row].tobytes()
            if (text := batch.text.lines(raw)) is not None:  # FoxPro's edit boxes allow line ends
                mended[row] = text
                continue
            reason, message = batch.text.explain(raw)
            batch.damage.add(Damaged(row, field.name, reason, message, raw, batch.text.text(raw).strip()))
        if mended:
            mask = np.zeros(len(cells), np.bool_)
            mask[list(mended)] = True
            values = pc.replace_with_mask(values, pa.array(mask), pa.array(list(mended.values()), pa.string()))
    return values


def _varchar(batch: Batch, field: DbfField, cells: Cells) -> pa.Array:
    short = batch.flagged(field.length_bit)
    if short is None:
        return _text(batch, field, cells)
    lengths, _ = _lengths(batch, field, cells, short)
    return _text(batch, field, np.where(np.arange(cells.shape[1]) < lengths[:, None], cells, np.uint8(0x20)))


def _varbinary(batch: Batch, field: DbfField, cells: Cells) -> pa.Array:
    short = batch.flagged(field.length_bit)
    if short is None:
        return pa.array([row.tobytes() for row in cells], pa.binary())
    lengths, impossible = _lengths(batch, field, cells, short)
    values = [row[:length].tobytes() for row, length in zip(cells, lengths.tolist(), strict=True)]
    return pa.array(values, pa.binary(), mask=impossible)


def _lengths(
    batch: Batch, field: DbfField, cells: Cells, short: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Bytes of each value, as its last byte says where it is short; and bool[n], the rows where that cannot be (0)."""
    width = cells.shape[1]
    stated = cells[:, -1].astype(np.int64)
    impossible = short & (stated >= width)
    for row in np.flatnonzero(impossible).tolist():
        message = f"its length is stated as {stated[row]} bytes, the field has room for {width - 1}"
        batch.damage.add(Damaged(row, field.name, "DBF-LENGTH", message, cells[row].tobytes()))
    return np.where(impossible, 0, np.where(short, stated, width)), impossible


def _logical(batch: Batch, field: DbfField, cells: Cells) -> pa.Array:
    found = _LETTER_OF[np.ascontiguousarray(cells[:, 0])]
    for row in np.flatnonzero(found == _NO_LETTER).tolist():
        raw = cells[row].tobytes()
        batch.damage.add(
            Damaged(row, field.name, "CODE-UNMAPPED", "not one of T, F, Y, N, ?, blank", raw, raw.decode("latin-1"))
        )
    return _LETTERS.take(pa.array(found, mask=found >= _BLANK_LETTER))


_LETTERS = pa.array(["T", "F", "Y", "N"])
_BLANK_LETTER, _NO_LETTER = 4, 5
_LETTER_OF = np.full(256, _NO_LETTER, np.int8)
for _index, _pair in enumerate((b"Tt", b"Ff", b"Yy", b"Nn", b" ?\0")):
    _LETTER_OF[list(_pair)] = _index


# --- numbers and moments ---------------------------------------------------------------------------------------


def _numbers(batch: Batch, field: DbfField, cells: Cells) -> pa.Array:
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


def _integers(batch: Batch, field: DbfField, cells: Cells) -> pa.Array:
    return binary.integers(cells, is_dbase7=batch.header.is_dbase7)


def _currency(batch: Batch, field: DbfField, cells: Cells) -> pa.Array:
    return binary.currency(cells)


def _doubles(batch: Batch, field: DbfField, cells: Cells) -> pa.Array:
    if is_pointer(field):  # `B` is binary content in dBASE
        return memo_bytes(batch, field, cells)
    values, bad = binary.doubles(cells, is_dbase7=batch.header.is_dbase7)
    return _named(batch, field, cells, values, bad, "NUM-TEXT", "the binary number is not finite")


def _timestamps(batch: Batch, field: DbfField, cells: Cells) -> pa.Array:
    values, bad = binary.timestamps(cells, is_dbase7=batch.header.is_dbase7)
    return _named(
        batch, field, cells, values, bad, "DATE-RANGE", "the bytes are no date and time of the years 1 to 9999"
    )


def _named(
    batch: Batch, field: DbfField, cells: Cells, values: pa.Array, bad: NDArray[np.bool_], reason: str, message: str
) -> pa.Array:
    for row in np.flatnonzero(bad).tolist():
        batch.damage.add(Damaged(row, field.name, reason, message, cells[row].tobytes()))
    return values


_DECODERS: dict[str, Callable[[Batch, DbfField, Cells], pa.Array]] = {
    "C": _text, "D": _text, "V": _varchar, "N": _numbers, "F": _numbers, "L": _logical, "M": memo_texts,
    "I": _integers, "+": _integers, "Y": _currency, "B": _doubles, "O": _doubles, "T": _timestamps, "@": _timestamps,
    "Q": _varbinary, "G": memo_bytes, "P": memo_bytes, "W": memo_bytes,
}  # fmt: skip
