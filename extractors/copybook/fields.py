"""A record as columns: each field's place in the record and its Arrow type.

>>> Field("SALDO", 10, 5, "packed", digits=9, scale=2, signed=True).arrow_type
Decimal128Type(decimal128(9, 2))
>>> Field("TYSIACE", 0, 3, "zoned", digits=3, scale=-3).arrow_type     # PIC 9(3)PPP
Decimal128Type(decimal128(6, 0))
>>> Field("LICZNIK", 0, 2, "binary", digits=4, signed=True).arrow_type  # two bytes hold up to 32767
Decimal128Type(decimal128(5, 0))
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import pyarrow as pa

Kind = Literal["text", "zoned", "packed", "binary", "native"]

_BINARY_PRECISION = {2: 5, 4: 10, 8: 20}  # digits of the largest number that the bytes hold, not of the PICTURE


@dataclass(frozen=True)
class Field:
    """An elementary item in a record.

    Attributes:
        name: Column.
        offset: Of its first byte in the record, from 0.
        length: In bytes.
        kind: How its bytes are to be read; `binary` is big-endian, `native` in the machine's order (COMP-5).
        digits: Of a number, as stored.
        scale: Decimals that a number implies; negative where it implies zeros to the right (P).
        signed: Whether a number may be negative.
        sign_leading: The sign of a zoned number is in its first byte, not in its last.
        sign_separate: The sign of a zoned number is a byte of its own.
        shared: Other columns of the record have (some of) the same bytes.
    """

    name: str
    offset: int
    length: int
    kind: Kind
    digits: int = 0
    scale: int = 0
    signed: bool = False
    sign_leading: bool = False
    sign_separate: bool = False
    shared: bool = False

    @property
    def end(self) -> int:
        """Offset behind its last byte."""
        return self.offset + self.length

    @cached_property
    def arrow_type(self) -> pa.DataType:
        """string, or the decimal128 that holds every value of the field exactly."""
        if self.kind == "text":
            return pa.string()
        digits = _BINARY_PRECISION[self.length] if self.kind in ("binary", "native") else self.digits
        return pa.decimal128(max(digits - min(0, self.scale), self.scale), max(0, self.scale))


@dataclass(frozen=True)
class Layout:
    """The fields of one record type.

    Attributes:
        fields: In the order of the copybook.
        length: Bytes that the copybook describes for the type.
    """

    fields: tuple[Field, ...]
    length: int

    @cached_property
    def needed(self) -> int:
        """Bytes that a record must have for all its fields: `length` without FILLER at its end."""
        return max((field.end for field in self.fields), default=0)

    def field(self, name: str) -> Field | None:
        """The field called `name`, None where there is none."""
        return next((field for field in self.fields if field.name == name.upper()), None)
