"""The header of a DBF table: dBASE II to VII, Clipper, FoxPro and Visual FoxPro.

Source: the published file structures of dBASE and of Visual FoxPro; Clipper's habit of putting the high byte of a
long character field's length where the decimals stand is not in them, and shows only in that the lengths add up.

The header says how long the file must be.  A file of another length was cut, or went through a text-mode transfer
that changed its line ends; its records no longer lie where their numbers say, so it stops its source.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from billing.errors import SourceError
from extractors.base import LandedFile
from extractors.codepages import CodePage

END_OF_FILE = 0x1A
END_OF_FIELDS = 0x0D

VERSIONS: dict[int, str] = {
    0x02: "dBASE II",
    0x03: "dBASE III",
    0x04: "dBASE 7",
    0x05: "dBASE 5",
    0x30: "Visual FoxPro",
    0x31: "Visual FoxPro with autoincrement",
    0x32: "Visual FoxPro with varchar",
    0x43: "dBASE IV SQL table",
    0x63: "dBASE IV SQL system file",
    0x7B: "dBASE IV with memo",
    0x83: "dBASE III with memo",
    0x87: "Visual Objects with memo",
    0x8B: "dBASE IV with memo",
    0x8C: "dBASE 7 with memo",
    0x8E: "dBASE IV SQL table with memo",
    0xCB: "dBASE IV SQL table with memo",
    0xF5: "FoxPro with memo",
    0xFB: "FoxBASE",
}
_FOXPRO = {0x30, 0x31, 0x32}
_DBASE7 = {0x04, 0x8C}

# Language driver byte -> code page, for the ones that occur on Polish and neighbouring machines.
LANGUAGES: dict[int, str] = {
    0x01: "cp437", 0x02: "cp850", 0x03: "cp1252", 0x57: "cp1252", 0x1F: "cp852", 0x22: "cp852", 0x23: "cp852",
    0x40: "cp852", 0x64: "cp852", 0x87: "cp852", 0x69: "mazovia", 0x97: "mac_latin2", 0xC8: "cp1250",
    0xC9: "cp1251", 0x26: "cp866", 0x65: "cp866",
}  # fmt: skip


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
    """

    name: str
    type: str
    start: int
    length: int
    decimals: int
    flags: int = 0

    @property
    def is_nullable(self) -> bool:
        """A bit of the record says whether the value is null."""
        return bool(self.flags & 0x02)

    @property
    def is_binary(self) -> bool:
        """The value is not translated between code pages."""
        return bool(self.flags & 0x04)


@dataclass(frozen=True)
class DbfHeader:
    """What the header says.

    Attributes:
        version: Its first byte.
        records: Number of records, deleted ones included.
        header_length: Bytes before the first record.
        record_length: Bytes of a record, deletion flag included.
        language: Language driver byte; 0 where none is stated.
        fields: In record order.
    """

    version: int
    records: int
    header_length: int
    record_length: int
    language: int
    fields: tuple[DbfField, ...]

    @property
    def title(self) -> str:
        """Name of the dialect."""
        return VERSIONS.get(self.version, f"version {self.version:02X}")

    @property
    def is_foxpro(self) -> bool:
        """Visual FoxPro: memo pointers are binary."""
        return self.version in _FOXPRO

    @property
    def is_dbase7(self) -> bool:
        """dBASE 7: binary numbers are big-endian with the sign turned round."""
        return self.version in _DBASE7


def read_header(source_id: str, landed: LandedFile, page: CodePage) -> DbfHeader:
    """Read the header and hold it against the file's size.

    Args:
        source_id: The source.
        landed: The table.
        page: Declared code page; field names are written in it too.

    Raises:
        SourceError: The file is no DBF, its header is damaged, or its size is not what the header says.
    """
    with landed.path.open("rb") as file:
        head = file.read(32)
        if not head:
            raise _error(source_id, landed, "the file is empty", "ask the region to send it again")
        if head[0] not in VERSIONS:
            raise _error(
                source_id,
                landed,
                f"the first byte {head[0]:02X} is that of no known DBF version",
                "check the file's format in source.toml, or have it sent again in binary mode",
            )
        if head[0] == 0x02:
            header = _dbase2(source_id, landed, page, head + file.read(521 - len(head)))
        else:
            length = struct.unpack_from("<H", head.ljust(32, b"\0"), 8)[0]
            header = _dbase(source_id, landed, page, head + file.read(max(0, length - len(head))))
    _check_size(source_id, landed, header)
    return header


def _dbase(source_id: str, landed: LandedFile, page: CodePage, head: bytes) -> DbfHeader:
    if len(head) < 33:
        raise _error(
            source_id, landed, f"the file ends inside its header, after {len(head)} bytes", "have it sent again"
        )
    version = head[0]
    records, header_length, record_length = struct.unpack_from("<IHH", head, 4)
    if len(head) < header_length:
        raise _error(
            source_id,
            landed,
            f"the file ends inside its header: {header_length} bytes declared, {len(head)} found",
            "have it sent again",
        )
    first, step, name_length = (68, 48, 32) if version in _DBASE7 else (32, 32, 11)
    fields: list[DbfField] = []
    start = 1
    place = first
    while place + step <= header_length and head[place] != END_OF_FIELDS:
        raw = head[place : place + step]
        kind = chr(raw[name_length])
        length, decimals = raw[name_length + 1 : name_length + 3] if version in _DBASE7 else raw[16:18]
        flags = raw[18] if version in _FOXPRO else 0
        fields.append(DbfField(_name(raw[:name_length], page), kind, start, length, decimals, flags))
        start += length
        place += step
    if place >= header_length or head[place] != END_OF_FIELDS:
        raise _error(
            source_id,
            landed,
            "the list of fields has no end mark (0D)",
            "have the file sent again in binary mode",
            byte_offset=place,
        )
    header = DbfHeader(version, records, header_length, record_length, head[29], tuple(fields))
    return _fit(source_id, landed, header)


def _dbase2(source_id: str, landed: LandedFile, page: CodePage, head: bytes) -> DbfHeader:
    if len(head) < 521:
        raise _error(source_id, landed, f"the file ends inside its header, after {len(head)} bytes", "send it again")
    records, record_length = struct.unpack_from("<H", head, 1)[0], struct.unpack_from("<H", head, 6)[0]
    fields: list[DbfField] = []
    start = 1
    for place in range(8, 520, 16):
        if head[place] == END_OF_FIELDS:
            break
        raw = head[place : place + 16]
        fields.append(DbfField(_name(raw[:11], page), chr(raw[11]), start, raw[12], raw[15]))
        start += raw[12]
    header = DbfHeader(0x02, records, 521, record_length, 0, tuple(fields))
    return _fit(source_id, landed, header)


def _fit(source_id: str, landed: LandedFile, header: DbfHeader) -> DbfHeader:
    """See that the fields fill the record exactly, if need be by Clipper's reading of long character fields."""
    if not header.fields:
        raise _error(source_id, landed, "the header declares no fields", "have the file sent again")
    header = replace(header, fields=_distinct(header.fields))
    if _length(header.fields) == header.record_length:
        return header
    start = 1
    clipper: list[DbfField] = []
    for field in header.fields:
        long = field.type == "C" and field.decimals
        length = field.length + 256 * field.decimals if long else field.length
        clipper.append(replace(field, start=start, length=length, decimals=0 if long else field.decimals))
        start += length
    if start == header.record_length:
        return replace(header, fields=tuple(clipper))
    raise _error(
        source_id,
        landed,
        f"wrong record length: the fields and the deletion mark take {_length(header.fields)} bytes, the header says "
        f"{header.record_length}",
        "the header is damaged: have the table rebuilt or sent again",
    )


def _distinct(fields: tuple[DbfField, ...]) -> tuple[DbfField, ...]:
    """Give the second field of a name the name with `_2` behind it, and so on."""
    seen: dict[str, int] = {}
    named = []
    for field in fields:
        seen[field.name] = count = seen.get(field.name, 0) + 1
        named.append(field if count == 1 else replace(field, name=f"{field.name}_{count}"))
    return tuple(named)


def _length(fields: tuple[DbfField, ...]) -> int:
    return 1 + sum(field.length for field in fields)


def _check_size(source_id: str, landed: LandedFile, header: DbfHeader) -> None:
    expected = header.header_length + header.records * header.record_length
    if landed.size == expected:
        return
    if landed.size > expected:
        with landed.path.open("rb") as file:
            file.seek(expected)
            rest: NDArray[np.uint8] = np.frombuffer(file.read(header.record_length), np.uint8)
        # an end mark where the last record ends proves the count, whatever an old table left behind it
        if rest[0] == END_OF_FILE or not rest.any():
            return
    held = (landed.size - header.header_length) / header.record_length
    cause = "truncated" if landed.size < expected else "longer than its header says"
    raise _error(
        source_id,
        landed,
        f"the file is {cause}: {expected} bytes expected for {header.records} records of {header.record_length}, "
        f"{landed.size} found (room for {held:.2f} records)",
        "have it sent again, in binary mode if it went through FTP",
        record_no=max(0, int(held)) + 1 if landed.size < expected else header.records + 1,
        byte_offset=min(landed.size, expected),
    )


def _name(raw: bytes, page: CodePage) -> str:
    return page.text(raw.split(b"\0", 1)[0]).strip()


def _error(source_id: str, landed: LandedFile, message: str, remedy: str, **place: int) -> SourceError:
    return SourceError(message, source_id=source_id, file=landed.name, **place, remedy=remedy)
