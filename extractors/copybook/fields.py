"""A record as columns: each field's place in the record and its Arrow type.

>>> Field("SALDO", 10, 5, "packed", digits=9, scale=2, signed=True).arrow_type
Decimal128Type(decimal128(9, 2))
>>> Field("TYSIACE", 0, 3, "zoned", digits=3, scale=-3).arrow_type     # PIC 9(3)PPP
Decimal128Type(decimal128(6, 0))
>>> Field("LICZNIK", 0, 2, "binary", digits=4, signed=True).arrow_type  # two bytes hold up to 32767
Decimal128Type(decimal128(5, 0))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import pyarrow as pa

from extractors.copybook.items import Item

Kind = Literal[
    "text", "zoned", "packed", "unsigned_packed", "binary", "native", "little", "float", "double", "national", "bytes"
]
BINARY_KINDS: frozenset[Kind] = frozenset({"binary", "native", "little"})
FLOAT_KINDS: frozenset[Kind] = frozenset({"float", "double"})

# digits of the largest number that so many bytes hold, not of the PICTURE
_BINARY_PRECISION = {size: min(38, len(str((1 << (8 * size)) - 1))) for size in range(1, 17)}

Cell = tuple[int, tuple[int, ...]]
"""An item, by its identity, and the subscripts of one of its occurrences."""


@dataclass(frozen=True)
class Field:
    """An elementary item in a record.

    Attributes:
        name: Column.
        offset: Of its first byte in the record, from 0.
        length: In bytes.
        kind: How its bytes are to be read; `binary` is big-endian, `little` is not, `native` in the machine's order
            (COMP-5); `unsigned_packed` has no half byte for a sign; `national` is UTF-16.
        digits: Of a number, as stored.
        scale: Decimals that a number implies; negative where it implies zeros to the right (P).
        signed: Whether a number may be negative.
        sign_leading: The sign of a zoned number is in its first byte, not in its last.
        sign_separate: The sign of a zoned number is a byte of its own.
        shared: Other columns of the record have (some of) the same bytes.
        item: What the copybook says about it.
        subscripts: Which occurrence it is, one number for each OCCURS that it lies in.
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
    item: Item | None = field(default=None, repr=False, compare=False)
    subscripts: tuple[int, ...] = field(default=(), repr=False, compare=False)

    @property
    def end(self) -> int:
        """Offset behind its last byte."""
        return self.offset + self.length

    @property
    def cell(self) -> Cell:
        """Item and subscripts."""
        return id(self.item), self.subscripts

    @cached_property
    def arrow_type(self) -> pa.DataType:
        """string (of bytes: in hex), float64, or the decimal128 that holds every value of the field exactly."""
        if self.kind in ("text", "national", "bytes"):
            return pa.string()
        if self.kind in FLOAT_KINDS:
            return pa.float64()
        digits = _BINARY_PRECISION[self.length] if self.kind in BINARY_KINDS else self.digits
        return pa.decimal128(min(38, max(digits - min(0, self.scale), self.scale)), max(0, self.scale))


@dataclass(frozen=True)
class Group:
    """A group item's place in a record: offset from 0, length in bytes."""

    item: Item
    subscripts: tuple[int, ...]
    offset: int
    length: int


@dataclass(frozen=True)
class Layout:
    """The fields of one record type, in records whose variable tables have the same numbers of occurrences.

    Attributes:
        fields: In the order of the copybook.
        length: Bytes that the copybook describes for the type.
        groups: Its groups, each occurrence by itself, parents first.
        counts: How often each item that OCCURS stands there.
    """

    fields: tuple[Field, ...]
    length: int
    groups: tuple[Group, ...] = field(default=(), repr=False, compare=False)
    counts: Mapping[Cell, int] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def needed(self) -> int:
        """Bytes that a record must have for all its fields: `length` without FILLER at its end."""
        return max((field.end for field in self.fields), default=0)

    def field(self, name: str) -> Field | None:
        """The field called `name`, None where there is none."""
        return next((field for field in self.fields if field.name == name.upper()), None)
