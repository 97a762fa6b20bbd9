"""One field of many records: its bytes into an Arrow column, and which rows could not be read.

A zoned number that is all blanks or all low-values was never filled in; it is *blank*, and whoever knows what the
field is for decides whether that is a fault (`extractors.mainframe.file` does).  In packed and binary fields there is
no such thing: their blanks are digits or a wrong sign.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from extractors.cells import together
from extractors.codepages.tables import CodePage
from extractors.copybook.digits import Numbers, binary, decimals, packed, scaled_beyond, unsigned_packed, zoned
from extractors.copybook.fields import BINARY_KINDS, FLOAT_KINDS, Field
from extractors.copybook.floats import decode_floats
from extractors.copybook.lenient import EXACT, read_number
from extractors.copybook.reading import STRICT, Reading
from extractors.copybook.texts import read_national, read_texts
from extractors.textcolumn import text_column

_REASONS = {"zoned": "NUM-ZONED", "packed": "NUM-PACKED", "unsigned_packed": "NUM-PACKED"}

Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Column:
    """A decoded field.

    Attributes:
        values: Of the field's `column_type`, n rows; null where there is no value or none that can be read.
        defects: bool[n], rows that could not be read, blank numbers not among them; None where there are none.
        blanks: bool[n], rows whose number is blank; None where there are none.
        reason: Code of `billing.reasons` for the defects.
    """

    values: pa.Array
    defects: Flags | None
    blanks: Flags | None
    reason: str


def column_type(field: Field, how: Reading = STRICT) -> pa.DataType:
    """The Arrow type of a decoded field's values."""
    if how.edited_numbers and field.kind == "text" and field.digits:
        return pa.decimal128(max(field.digits, field.scale), field.scale)
    return pa.string() if how.zoned_text and field.kind == "zoned" else field.arrow_type


def decode_field(block: Bytes, field: Field, page: CodePage, how: Reading = STRICT) -> Column:
    """Decode one field.

    Args:
        block: uint8[n, field.length], the field's bytes; may be a view into the records.
        field: What they are.
        page: Code page of text, which also says whether zoned digits are EBCDIC or ASCII.
        how: The reader's choices.
    """
    block = together(block)
    if how.pages and field.item is not None:
        page = how.pages.get(field.item.label, page)
    match "text" if field.kind == "zoned" and how.zoned_text else field.kind:
        case "text":
            if how.edited_numbers and field.digits and field.kind == "text":
                return _edited(block, field, page, how)
            return _text(block, page, how)
        case "national":
            return _python_texts(len(block), *read_national(block, how))
        case "bytes":
            return Column(pa.array([row.tobytes().hex() for row in block], pa.string()), None, None, "")
        case kind if kind in FLOAT_KINDS:
            values = decode_floats(block, how.floats)
            bad = ~np.isfinite(values)
            defects = bad if bad.any() else None
            bitmap = None if defects is None else pa.py_buffer(np.packbits(~bad, bitorder="little"))
            buffers = [bitmap, pa.py_buffer(np.ascontiguousarray(values))]
            return Column(pa.Array.from_buffers(pa.float64(), len(values), buffers), defects, None, "NUM-FLOAT")
        case _:
            return _decimal(block, field, page, how)


def _decimal(block: Bytes, field: Field, page: CodePage, how: Reading) -> Column:
    if field.kind == "zoned" and _prints_zero(field, how):
        block = np.where((block == page.blank).all(axis=1)[:, None], np.uint8(0xF0 if page.ebcdic else 0x30), block)
    numbers = _numbers(block, field, page, how)
    blanks = None
    nulls = numbers.defects
    if field.kind == "zoned" and not field.signed and not how.overpunched_unsigned:
        signed = (block[:, -1] >> 4) != (0xF if page.ebcdic else 0x3)
        nulls = signed if nulls is None else nulls | signed
    if field.length in (4, 8) and field.kind in BINARY_KINDS and not (field.signed or how.unsigned_top_bit):
        top = (block[:, -1 if field.kind == "little" else 0] & 0x80) != 0
        nulls = top if nulls is None else nulls | top
    if field.scale < 0 and field.kind in BINARY_KINDS:  # its bytes hold more digits than its PICTURE has
        beyond = scaled_beyond(numbers, -field.scale)
        nulls = beyond if nulls is None else nulls | beyond
        nulls = nulls if nulls.any() else None
    defects = nulls
    if nulls is not None and field.kind == "zoned":
        blanks = _blank_among(block, nulls, page)
        if blanks is not None:
            defects = nulls & ~blanks
    values = decimals(numbers, field.arrow_type, zeros=max(0, -field.scale), nulls=nulls)
    if how.lenient and field.kind == "zoned" and defects is not None and defects.any():
        values, defects = _read_again(block, field, page, how, values, defects)
    return Column(values, defects, blanks, _REASONS.get(field.kind, "NUM-BINARY"))


def _prints_zero(field: Field, how: Reading) -> bool:
    """Whether a program wrote blanks for zero."""
    return how.blank_when_zero and field.item is not None and field.item.blank_when_zero and not field.sign_separate


def _numbers(block: Bytes, field: Field, page: CodePage, how: Reading) -> Numbers:
    match field.kind:
        case "zoned":
            return zoned(
                block,
                signed=field.signed,
                leading=field.sign_leading,
                separate=field.sign_separate,
                ebcdic=page.ebcdic,
            )
        case "packed":
            if how.lenient:
                return packed(block, signed=True)
            return packed(block, signed=field.signed, digits=field.digits)
        case "unsigned_packed":
            return unsigned_packed(block, digits=field.digits)
        case "native":
            # the machines that write ASCII files are little-endian
            big = page.ebcdic if how.native_order is None else how.native_order == "big"
            return binary(block, signed=field.signed, big_endian=big)
        case kind:
            return binary(block, signed=field.signed, big_endian=kind != "little")


def _text(block: Bytes, page: CodePage, how: Reading) -> Column:
    if how.trim == "right" and how.odd == "defect" and how.empty == "null" and not how.charset:
        values, defects = text_column(block, page)
        return Column(values, defects, None, "ENC-UNDECODABLE")
    return _python_texts(len(block), *read_texts(block, page, how))


def _python_texts(rows: int, texts: list[str | None], defective: list[int]) -> Column:
    defects = None
    if defective:
        defects = np.zeros(rows, np.bool_)
        defects[defective] = True
    return Column(pa.array(texts, pa.string()), defects, None, "ENC-UNDECODABLE")


def _edited(block: Bytes, field: Field, page: CodePage, how: Reading) -> Column:
    """An edited number; one that was printed as blanks is blank."""
    rows = len(block)
    comma = field.item is not None and field.item.picture is not None and field.item.picture.edited_comma
    point: Literal[".", ",", "either"] = "either" if how.lenient else "," if comma else "."
    numbers = [read_number(row.tobytes(), page, scale=field.scale, point=point) for row in block]
    if _prints_zero(field, how):
        zero = Decimal(0).scaleb(-field.scale)
        empty = (block == page.blank).all(axis=1).tolist()
        numbers = [zero if number is None and blank else number for number, blank in zip(numbers, empty, strict=True)]
    missing = np.array([number is None for number in numbers], np.bool_)
    blanks = _blank_among(block, missing, page) if missing.any() else None
    defects = missing if blanks is None else missing & ~blanks
    values = [_fitting(number, field.digits, field.scale) for number in numbers]
    lost = np.array([v is None for v in values], np.bool_) & ~missing
    defects = defects | lost
    return Column(
        pa.array(values, column_type(field, how)), defects if rows and defects.any() else None, blanks, "NUM-ZONED"
    )


def _read_again(
    block: Bytes, field: Field, page: CodePage, how: Reading, values: pa.Array, defects: Flags
) -> tuple[pa.Array, Flags | None]:
    """Look at the defective rows of a zoned field one by one."""
    numbers = values.to_pylist()
    defects = defects.copy()
    digits, scale = values.type.precision, values.type.scale
    for row in np.flatnonzero(defects).tolist():
        found = read_number(
            block[row].tobytes(), page, scale=field.scale, point="either",
            overpunched=field.signed or how.overpunched_unsigned, plus_only=not field.signed,
            many_signs=how.many_signs,
        )  # fmt: skip
        numbers[row] = _fitting(found, digits, scale)
        defects[row] = numbers[row] is None
    return pa.array(numbers, values.type), defects if defects.any() else None


def _fitting(number: Decimal | None, digits: int, scale: int) -> Decimal | None:
    """The number, where so many digits and decimals hold it exactly."""
    if number is None or number.adjusted() >= digits - scale:
        return None
    return number if number == number.quantize(Decimal(1).scaleb(-scale), context=EXACT) else None


def _blank_among(block: Bytes, rows: Flags, page: CodePage) -> Flags | None:
    suspects = block[rows]
    blank = (suspects == page.blank).all(axis=1) | (suspects == 0).all(axis=1)
    if not blank.any():
        return None
    result = np.zeros(len(block), np.bool_)
    result[np.flatnonzero(rows)[blank]] = True
    return result
