"""How the fields of a DBF table fill its records.

The header lists names, types and lengths; whether that list is sound shows in three ways: the lengths add up to the
record's, every field is as wide as values of its type are, and Visual FoxPro's hidden field has a bit for each null
and each length that is to be told.

Clipper puts the high byte of a long character field's length where the decimals stand.  Nothing in the header says
so; it is tried where the lengths do not add up otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from billing.errors import SourceError
from billing.lineage import LINEAGE_NAMES

SYSTEM = "0"
"""The type of Visual FoxPro's hidden field with the bits of nulls and lengths: applied, never shown."""

_WIDTHS: dict[str, tuple[int, ...]] = {
    "I": (4,), "+": (4,), "Y": (8,), "T": (8,), "@": (8,), "O": (8,), "W": (4,), "B": (4, 8, 10),
}  # fmt: skip
"""Bytes that a value of the type takes, where the type says it; `B` is a double (8) or points to a memo."""

Refuse = Callable[[str], SourceError]
"""Makes an error about the header of a message."""


@dataclass(frozen=True)
class DbfField:
    """A field of the table.

    Attributes:
        name: As in the header, without padding.
        type: Its letter.
        start: First byte within the record, the deletion flag being byte 0.
        length: In bytes.
        decimals: Of a number.
        flags: Visual FoxPro's: 2 = may be null, 4 = binary.
        null_bit: Visual FoxPro: which bit of the system field says that the value is null; None where none does.
        length_bit: Which bit says that the length of a varchar or varbinary stands in its last byte.
    """

    name: str
    type: str
    start: int
    length: int
    decimals: int
    flags: int = 0
    null_bit: int | None = None
    length_bit: int | None = None

    @property
    def is_nullable(self) -> bool:
        """A bit of the record says whether the value is null."""
        return bool(self.flags & 0x02)

    @property
    def is_binary(self) -> bool:
        """The value is not translated between code pages."""
        return bool(self.flags & 0x04)


def fit(fields: tuple[DbfField, ...], record_length: int, refuse: Refuse) -> tuple[DbfField, ...]:
    """See that the fields fill the record exactly, and that each can be what the header says.

    Args:
        fields: As the header lists them.
        record_length: Bytes of a record, deletion flag included, as the header states it.
        refuse: Makes the error.

    Returns:
        The fields with names that are all different, and with their bits of the system field.

    Raises:
        SourceError: They do not.
    """
    if not fields:
        raise refuse("the header declares no fields")
    fields = _distinct(fields)
    if _length(fields) != record_length:
        as_clipper = _long_texts(fields)
        if _length(as_clipper) != record_length:
            raise refuse(
                f"wrong record length: the fields and the deletion mark take {_length(fields)} bytes, the header says "
                f"{record_length}"
            )
        fields = as_clipper
    for number, field in enumerate(fields, 1):
        if field.length == 0 or field.length not in _WIDTHS.get(field.type, (field.length,)):
            raise refuse(
                f"the field {field.name}, number {number}, has the type {field.type} and a length of {field.length}"
            )
    return _with_bits(fields, refuse)


def _long_texts(fields: tuple[DbfField, ...]) -> tuple[DbfField, ...]:
    """The fields as Clipper means them."""
    start = 1
    read: list[DbfField] = []
    for field in fields:
        long = field.type == "C" and field.decimals
        length = field.length + 256 * field.decimals if long else field.length
        read.append(replace(field, start=start, length=length, decimals=0 if long else field.decimals))
        start += length
    return tuple(read)


def _with_bits(fields: tuple[DbfField, ...], refuse: Refuse) -> tuple[DbfField, ...]:
    """Give the bits of the system field to those they belong to."""
    system = next((field for field in fields if field.type == SYSTEM), None)
    if system is None:
        return fields
    bit = 0
    told: list[DbfField] = []
    for field in fields:
        length_bit = null_bit = None
        if field.type in "VQ":  # Microsoft: where a field has both bits, the one of the length comes first
            length_bit, bit = bit, bit + 1
        if field.is_nullable:
            null_bit, bit = bit, bit + 1
        told.append(replace(field, length_bit=length_bit, null_bit=null_bit))
    if bit > 8 * system.length:
        raise refuse(f"the system field {system.name} has {8 * system.length} bits, {bit} are needed")
    return tuple(told)


def _distinct(fields: tuple[DbfField, ...]) -> tuple[DbfField, ...]:
    """Give the second field of a name the name with `_2` behind it, and so on."""
    taken = set(LINEAGE_NAMES)
    named = []
    for number, field in enumerate(fields, 1):
        base = field.name or f"FIELD{number}"
        name, count = base, 1
        while name in taken:
            count += 1
            name = f"{base}_{count}"
        taken.add(name)
        named.append(replace(field, name=name))
    return tuple(named)


def _length(fields: tuple[DbfField, ...]) -> int:
    return 1 + sum(field.length for field in fields)
