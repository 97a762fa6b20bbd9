"""What a file is: the answer of the detection, and the questions that its first bytes answer.

>>> opening(b"PK\\x03\\x04rest", 8).title
'zip archive'
>>> opening(b":20:1234\\r\\n:25:PL61\\r\\n:28C:1/1\\r\\n:60F:C031001PLN1,00\\r\\n", 60).format
'mt940'
>>> opening(b"id;name\\n1;A\\n", 12) is None
True
"""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass, field

BANK = frozenset({"mt940", "camt053", "elixir0"})
"""Formats of banks, which know their columns."""
PROPOSED = frozenset({"dbf", "delimited", "fixed_width", "mainframe", "xml", "sql", *BANK})
"""Formats that a declaration is proposed for."""


@dataclass
class Shape:
    """What a file is.

    Attributes:
        format: A format of the specs (`PROPOSED`) or what else it is (`container`, `json`, `unsupported`, `empty`,
            `unknown`).
        title: For people, in a line.
        remedy: What to do where it cannot be read as it is.
        notes: What is odd about the file as a whole.
        ebcdic: Its text is EBCDIC.
        utf16: Codec of text in UTF-16; empty where it is none.
        encoding: What the file itself says about its encoding (XML declaration, byte order mark, language byte).
        records: Number of records, where it can be told without reading them all.
        start: First byte of the data: behind a byte order mark, or a table's header.
        line_end: Of text records; empty where there is none.
        delimiter: Of values.
        quote: Of values; empty where none occurs.
        header: The first record names the columns.
        heading: A first line that names the columns, where its names cannot be told apart.
        columns: Names of columns.
        record_length: In bytes, without line end or descriptor word.
        in_characters: The record's length and places are characters of UTF-8.
        record_format: F or V, as in the specs; `VB` with block descriptor words.
        rdw: Form of its descriptor words, where it is not the mainframe's own.
        fields: Of a fixed record: (name, first byte from 0, length).
        draft: Of fixed mainframe records: (name, first byte, length, picture), for the draft of a copybook.
        types: Record types of a fixed-width file: prefix -> its fields.
        first_record: Prefix of a header record that is no data.
        last_record: Prefix of a trailer record that is no data.
        last_columns: Columns of a delimited trailer.
        memo_missing: A table has memo fields, and no memo file lies beside it.
        tables: Of an XML document or a database: table -> what `propose` needs.
    """

    format: str
    title: str
    remedy: str = ""
    notes: list[str] = field(default_factory=list)
    ebcdic: bool = False
    utf16: str = ""
    encoding: str = ""
    records: int | None = None
    start: int = 0
    line_end: bytes = b""
    delimiter: str = ""
    quote: str = ""
    header: bool = False
    heading: str = ""
    columns: list[str] = field(default_factory=list)
    record_length: int = 0
    in_characters: bool = False
    record_format: str = ""
    rdw: dict[str, object] = field(default_factory=dict)
    fields: list[tuple[str, int, int]] = field(default_factory=list)
    draft: list[tuple[str, int, int, str]] = field(default_factory=list)
    types: dict[str, list[tuple[str, int, int]]] = field(default_factory=dict)
    first_record: str = ""
    last_record: str = ""
    last_columns: int = 0
    memo_missing: bool = False
    tables: dict[str, Table] = field(default_factory=dict)

    @property
    def is_supported(self) -> bool:
        """Can a declaration be proposed: do we know the format, and what a row is?"""
        return self.format in PROPOSED and (self.format not in {"xml", "sql"} or bool(self.tables))


@dataclass
class Table:
    """A table inside a document or database.

    Attributes:
        path: Of the element that is a row; empty in a database.
        columns: Column -> path from the element; in a database the same name twice.
        key: Columns that order the rows of a database's table.
        rows: Number of rows seen.
    """

    path: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    key: list[str] = field(default_factory=list)
    rows: int = 0


_INSIDE = (
    "profile what is inside; the delivery may stay packed: `blueline sources new SOURCE --format FORMAT "
    "--code-page PAGE --pattern '*.{}'`, with what was found"
)
_MAGIC: tuple[tuple[bytes, str, str, str], ...] = (
    (b"\x1f\x8b", "container", "gzip", f"unpack it (gunzip) and {_INSIDE.format('gz')}"),
    (b"PK\x03\x04", "container", "zip archive", f"unpack it and {_INSIDE.format('zip')}"),
    (b"PK\x05\x06", "container", "empty zip archive", "ask the region to deliver it again"),
    (b"\x28\xb5\x2f\xfd", "container", "zstd", f"unpack it (zstd -d) and {_INSIDE.format('zst')}"),
    (b"BZh", "container", "bzip2", "unpack it (bunzip2) and profile what is inside"),
    (b"\xfd7zXZ\x00", "container", "xz", "unpack it (unxz) and profile what is inside"),
    (b"7z\xbc\xaf\x27\x1c", "container", "7-Zip archive", "unpack it and profile what is inside"),
    (b"Rar!\x1a\x07", "container", "RAR archive", "unpack it and profile what is inside"),
    (b"\x60\xea", "container", "ARJ archive", "unpack it and profile what is inside"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "unsupported", "OLE document (Excel or Word before 2007)",
     "have it exported as delimited text"),
    (b"\x00\x01\x00\x00Standard Jet DB", "unsupported", "Microsoft Access database", "have its tables exported"),
    (b"%PDF-", "unsupported", "PDF document", "ask for the data that it was printed from"),
    (b"PAR1", "unsupported", "Parquet file", "have it exported as delimited text, or read it through a database"),
)  # fmt: skip
_UTF32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def opening(head: bytes, size: int) -> Shape | None:
    """What the first bytes alone say; None where it takes more to tell.

    Args:
        head: The first bytes, some thousands where there are that many.
        size: Of the file.
    """
    if not size:
        return Shape("empty", "an empty file", "ask the region to deliver it again")
    for magic, kind, title, remedy in _MAGIC:
        if head.startswith(magic):
            return Shape(kind, title, remedy)
    if head[257:262] == b"ustar":
        return Shape("container", "tar archive", "unpack it and profile what is inside")
    if head.startswith(_UTF32):
        return Shape("unsupported", "text in UTF-32", "have it sent in UTF-8")
    if _is_mt940(head[: 1 << 16]):
        return Shape("mt940", "MT940 bank statement")
    return _json(head, size)


def _is_mt940(head: bytes) -> bool:
    """The tags of reference, account and opening balance, in this order."""
    at = 0
    head = head.replace(b"\r", b"\n")
    for tags in ((b":20:",), (b"\n:25:", b"\n:25P:"), (b"\n:60F:", b"\n:60M:")):
        places = [place for tag in tags if (place := head.find(tag, at)) >= 0]
        if not places:
            return False
        at = min(places)
    return True


def utf16_order(head: bytes) -> tuple[str, str]:
    """The codec of text in UTF-16, and what says so; two empty texts where it is none.

    >>> utf16_order("NR;MIASTO".encode("utf-16-le"))[0], utf16_order(b"NR;MIASTO")
    ('utf-16-le', ('', ''))
    """
    if head.startswith(_UTF32):
        return "", ""
    if order := _UTF16.get(head[:2]):
        return order, "a byte order mark"
    silent = _nul_parity(head)
    order = "" if silent is None else "utf-16-le" if silent else "utf-16-be"
    return order, order and "every second byte is NUL; there is no byte order mark"


def _nul_parity(head: bytes) -> int | None:
    """1 where nearly all bytes at odd places are NUL and none at even ones, 0 the other way round."""
    sample = head[: 1 << 12]
    if len(sample) < 16:
        return None
    even, odd = sample[0::2].count(0) / len(sample[0::2]), sample[1::2].count(0) / len(sample[1::2])
    if odd > 0.7 and even < 0.05:
        return 1
    return 0 if even > 0.7 and odd < 0.05 else None


def _json(head: bytes, size: int) -> Shape | None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] not in (b"{", b"["):
        return None
    lines = [line for line in text.split(b"\n") if line.strip()]
    if len(head) < size and len(lines) > 1:
        lines.pop()  # may be cut
    remedy = "no source format reads JSON: have it exported as delimited text"
    objects = 0
    for line in lines[:50]:
        try:
            objects += isinstance(json.loads(line), dict)
        except (ValueError, RecursionError):
            break
    if objects and objects == len(lines[:50]):
        return Shape("json", "JSON lines", remedy)
    return Shape("json", "JSON document", remedy) if re.match(rb"[\[{]\s*(?:[\[{\"]|[\]}])", text) else None
