"""The header of a DBF table: dBASE II to VII, Clipper, FoxPro and Visual FoxPro.

Source: the published file structures of dBASE and of Visual FoxPro.

The header says how long the file must be.  A file of another length was cut, or went through a text-mode transfer
that changed its line ends; its records no longer lie where their numbers say, so it stops its source.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import Protocol

from billing.errors import SourceError
from extractors.base import LandedFile
from extractors.dbf.layout import SYSTEM, DbfField, fit

END_OF_FILE = 0x1A
END_OF_FIELDS = 0x0D

VERSIONS: dict[int, str] = {
    0x02: "dBASE II",
    0x03: "dBASE III",
    0x04: "dBASE 7",
    0x05: "dBASE 5",
    0x07: "Visual Objects",
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
    0xB3: "FlagShip with memo",
    0xCB: "dBASE IV SQL table with memo",
    0xE5: "HiPer-Six with SMT memo",
    0xF5: "FoxPro with memo",
    0xFB: "FoxBASE",
}
_FOXPRO = {0x30, 0x31, 0x32}
_DBASE7 = {0x04, 0x8C}
_DBASE4 = {0x04, 0x05, 0x43, 0x63, 0x7B, 0x8B, 0x8C, 0x8E, 0xCB}
_ENCRYPTED_AT = 15
_LANGUAGE_AT = 29
_DRIVER = slice(32, 64)
_REST_BYTES = 1 << 20


class NameText(Protocol):
    """What reads the names of the fields."""

    def text(self, data: bytes) -> str:
        """Bytes as text, U+FFFD for what is none."""


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
        driver: dBASE 7's name of the language driver, empty elsewhere.
    """

    version: int
    records: int
    header_length: int
    record_length: int
    language: int
    fields: tuple[DbfField, ...]
    driver: bytes = b""

    @property
    def title(self) -> str:
        """Name of the dialect."""
        return VERSIONS.get(self.version, f"version {self.version:02X}")

    @property
    def is_dbase7(self) -> bool:
        """dBASE 7: binary numbers are big-endian with the sign turned round."""
        return self.version in _DBASE7

    @property
    def system(self) -> DbfField | None:
        """Visual FoxPro's hidden field with the bits of nulls and lengths."""
        return next((field for field in self.fields if field.type == SYSTEM), None)


def read_header(source_id: str, landed: LandedFile, page: NameText) -> DbfHeader:
    """Read the header and hold it against the file's size.

    Args:
        source_id: The source.
        landed: The table.
        page: The table's code page; field names are written in it too.

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


def _dbase(source_id: str, landed: LandedFile, page: NameText, head: bytes) -> DbfHeader:
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
    if version in _DBASE4 and head[_ENCRYPTED_AT] == 1:
        raise _error(
            source_id,
            landed,
            "the table is encrypted (byte 15 of its header)",
            "have it copied without encryption (dBASE IV: SET ENCRYPTION OFF, COPY TO)",
            byte_offset=_ENCRYPTED_AT,
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
    # some writers leave the mark out; the record's length then proves the list
    if place != header_length and (place > header_length or head[place] != END_OF_FIELDS):
        raise _error(
            source_id,
            landed,
            "the list of fields has no end mark (0D)",
            "have the file sent again in binary mode",
            byte_offset=place,
        )
    driver = head[_DRIVER].split(b"\0", 1)[0] if version in _DBASE7 else b""
    header = DbfHeader(version, records, header_length, record_length, head[_LANGUAGE_AT], tuple(fields), driver)
    return _fitted(source_id, landed, header)


def _dbase2(source_id: str, landed: LandedFile, page: NameText, head: bytes) -> DbfHeader:
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
    return _fitted(source_id, landed, header)


def _fitted(source_id: str, landed: LandedFile, header: DbfHeader) -> DbfHeader:
    def refuse(message: str) -> SourceError:
        return _error(source_id, landed, message, "the header is damaged: have the table rebuilt or sent again")

    return replace(header, fields=fit(header.fields, header.record_length, refuse))


def _check_size(source_id: str, landed: LandedFile, header: DbfHeader) -> None:
    expected = header.header_length + header.records * header.record_length
    if landed.size == expected:
        return
    if landed.size > expected:
        with landed.path.open("rb") as file:
            file.seek(expected)
            rest = file.read(1)
            # an end mark where the last record ends proves the count, whatever an old table left behind it
            if rest[0] == END_OF_FILE:
                return
            while rest and not rest.strip(b"\0"):
                rest = file.read(_REST_BYTES)
        if not rest:
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


def _name(raw: bytes, page: NameText) -> str:
    return page.text(raw.split(b"\0", 1)[0]).strip()


def _error(source_id: str, landed: LandedFile, message: str, remedy: str, **place: int) -> SourceError:
    return SourceError(message, source_id=source_id, file=landed.name, **place, remedy=remedy)
