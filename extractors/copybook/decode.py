"""One field of many records: its bytes into an Arrow column, and which rows could not be read.

A zoned number that is all blanks or all low-values was never filled in; it is *blank*, and whoever knows what the
field is for decides whether that is a fault (`extractors.mainframe` does).  In packed and binary fields there is no
such thing: their blanks are digits or a wrong sign.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from extractors.codepages import CodePage
from extractors.copybook.digits import Numbers, binary, decimals, packed, zoned
from extractors.copybook.fields import Field
from extractors.textcolumn import text_column

Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Column:
    """A decoded field.

    Attributes:
        values: Of the field's Arrow type, n rows; null where there is no value or none that can be read.
        defects: bool[n], rows that could not be read, blank numbers not among them; None where there are none.
        blanks: bool[n], rows whose number is blank; None where there are none.
        reason: Code of `billing.reasons` for the defects.
    """

    values: pa.Array
    defects: Flags | None
    blanks: Flags | None
    reason: str


def decode_field(block: Bytes, field: Field, page: CodePage) -> Column:
    """Decode one field.

    Args:
        block: uint8[n, field.length], the field's bytes; may be a view into the records.
        field: What they are.
        page: Code page of text, which also says whether zoned digits are EBCDIC or ASCII.
    """
    if field.kind == "text":
        values, defects = text_column(block, page)
        return Column(values, defects, None, "ENC-UNDECODABLE")
    numbers = _numbers(block, field, page)
    blanks = None
    defects = nulls = numbers.defects
    if nulls is not None and field.kind == "zoned":
        blanks = _blank_among(block, nulls, page)
        if blanks is not None:
            defects = nulls & ~blanks
    values = decimals(numbers, field.arrow_type, zeros=max(0, -field.scale), nulls=nulls)
    reason = "NUM-PACKED" if field.kind == "packed" else "NUM-ZONED"
    return Column(values, defects, blanks, reason)


def _numbers(block: Bytes, field: Field, page: CodePage) -> Numbers:
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
            return packed(block, signed=field.signed, digits=field.digits)
        case "native":
            # the machines that write ASCII files are little-endian
            return binary(block, signed=field.signed, big_endian=page.ebcdic)
        case _:
            return binary(block, signed=field.signed)


def _blank_among(block: Bytes, rows: Flags, page: CodePage) -> Flags | None:
    suspects = block[rows]
    blank = (suspects == page.blank).all(axis=1) | (suspects == 0).all(axis=1)
    if not blank.any():
        return None
    result = np.zeros(len(block), np.bool_)
    result[np.flatnonzero(rows)[blank]] = True
    return result
