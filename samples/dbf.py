"""dBASE III tables with memo files, as Clipper and FoxPro programs of the early 1990s left them.

Layout: a header of 32 bytes, 32 bytes for each field, 0D; then records of one length that begin with a blank (or `*`
where deleted); 1A at the end.  A memo file (.DBT) has blocks of 512 bytes; the first holds the number of the next
free block; texts end with two 1A.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from samples.codepages import Bytes, encode, stack
from samples.draw import Array, Bools, Ints
from samples.text import amount, dates, number, right

BLOCK = 512


@dataclass(frozen=True)
class DbfField:
    """A field: name of up to ten characters, type letter, length, decimals."""

    name: str
    type: str
    length: int
    decimals: int = 0


class DbfTable:
    """Writes a table chunk by chunk; the record count goes into the header when it is closed.

    Args:
        path: The .DBF file.
        fields: In the order in which `add` gets their columns.
        code_page: Of its texts.
        language: Language driver byte (0: none stated, as Clipper wrote).
        updated: Year, month and day of the last update.
    """

    def __init__(
        self, path: Path, fields: list[DbfField], code_page: str, language: int, updated: tuple[int, int, int]
    ) -> None:
        self.fields = fields
        self.code_page = code_page
        self.language = language
        self.updated = updated
        self.records = 0
        self.has_memo = any(f.type == "M" for f in fields)
        self._file = path.open("wb")
        self._file.write(self._header())
        self._memo = Memo(path.with_suffix(".DBT"), code_page) if self.has_memo else None

    def _header(self) -> bytes:
        length = 1 + sum(f.length for f in self.fields)
        year, month, day = self.updated
        head = bytes([0x83 if self.has_memo else 0x03, year - 1900, month, day])
        head += self.records.to_bytes(4, "little") + (32 * len(self.fields) + 33).to_bytes(2, "little")
        head += length.to_bytes(2, "little") + bytes(17) + bytes([self.language]) + bytes(2)
        for field in self.fields:
            head += field.name.encode("ascii").ljust(11, b"\0") + field.type.encode("ascii") + bytes(4)
            head += bytes([field.length, field.decimals]) + bytes(14)
        return head + b"\r"

    def add(self, *columns: Array, overflow: dict[str, Bools] | None = None, deleted: Bools | None = None,
            again: Bools | None = None, spoilt: dict[str, Bools] | None = None) -> None:  # fmt: skip
        """Append records.

        Args:
            columns: One a field.  C and L: texts; N: whole numbers, hundredths where the field has two decimals; D:
                days since 1970-01-01, or texts; M: texts.
            overflow: Field -> rows whose number did not fit: asterisks, as dBASE prints them.
            deleted: Rows that carry the deletion mark.
            again: Rows that are written a second time behind the others.
            spoilt: Field -> rows in whose text a control character stands.
        """
        rows = len(columns[0])
        parts: list[Bytes] = []
        for field, column in zip(self.fields, columns, strict=True):
            part = self._render(field, column)
            if overflow and field.name in overflow:
                part[overflow[field.name]] = ord("*")
            if spoilt and field.name in spoilt:
                part[spoilt[field.name], 2] = 0x07
            parts.append(part)
        mark = np.full((rows, 1), 0x20, dtype=np.uint8)
        if deleted is not None:
            mark[deleted] = 0x2A
        whole = stack(rows, mark, *parts)
        if again is not None:
            whole = np.concatenate([whole, whole[again]])
        self._file.write(whole.tobytes())
        self.records += len(whole)

    def _render(self, field: DbfField, column: Array) -> Bytes:
        if field.type == "N":
            plain = amount(column) if field.decimals else number(column)
            return encode(right(plain, field.length), "ascii", field.length)
        if field.type == "D" and column.dtype.kind != "U":
            column = dates(column, "YYYYMMDD")
        if field.type == "M" and self._memo is not None:
            blocks = self._memo.add(column)
            column = right(np.where(blocks > 0, number(blocks), ""), field.length)
        return encode(column, self.code_page, field.length)

    def close(self) -> None:
        """Write the end mark and the record count."""
        self._file.write(b"\x1a")
        self._file.seek(0)
        self._file.write(self._header())
        self._file.close()
        if self._memo is not None:
            self._memo.close()


class Memo:
    """A dBASE III memo file."""

    def __init__(self, path: Path, code_page: str) -> None:
        self.code_page = code_page
        self.next_block = 1
        self._file = path.open("wb")
        self._file.write(self._head())

    def _head(self) -> bytes:
        return self.next_block.to_bytes(4, "little") + bytes(12) + b"\x03" + bytes(BLOCK - 17)

    def add(self, texts: Array) -> Ints:
        """Store texts; returns the first block of each, 0 for an empty one."""
        blocks = np.zeros(len(texts), dtype=np.int64)
        for row in np.flatnonzero(texts != ""):
            one = encode(texts[row : row + 1], self.code_page)
            data = one[one != 0].tobytes() + b"\x1a\x1a"
            size = -(-len(data) // BLOCK)
            self._file.write(data.ljust(size * BLOCK, b"\0"))
            blocks[row] = self.next_block
            self.next_block += size
        return blocks

    def close(self) -> None:
        """Write the number of the next free block."""
        self._file.seek(0)
        self._file.write(self._head())
        self._file.close()
