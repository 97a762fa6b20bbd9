"""Memo files beside a DBF: DBT of dBASE III and IV, FPT of FoxPro.

A memo is found by its block number.  dBASE III and Clipper end the text with 1A and do not say how long it is;
dBASE IV and FoxPro write the length before it.  FlagShip and FoxBASE write dBASE III's form.

Clipper's editor marks a line that it wrapped by itself with 8D 0A; that is no letter (although 8D is one in Mazovia
and CP852) and no line end, so it becomes a blank.
"""

from __future__ import annotations

import mmap
import re
import struct
from functools import lru_cache
from pathlib import Path
from typing import Literal

from billing.errors import SourceError
from extractors.base import LandedFile
from extractors.dbf.header import DbfHeader
from extractors.delivery.packed import MEMO_SUFFIXES

_BLOCK = 512
_REMEMBERED = 1 << 16
_ENDS_WITH_MARK = {0x02, 0x03, 0x07, 0x83, 0x87, 0xB3, 0xFB}  # dBASE III's memo files: no lengths in them
_SOFT_RETURN = re.compile(rb" ?\x8d\x0a")
# containers, forms and reports of Visual FoxPro are tables, too, and have names of their own for their memo files
_FOXPRO_SUFFIXES = tuple(suffix for suffix in MEMO_SUFFIXES if suffix != ".dbt")
Kind = Literal["dbt3", "dbt4", "fpt"]


class MemoFile:
    """Reads memos by block number.

    Args:
        path: The memo file.
        kind: Its structure.
    """

    def __init__(self, path: Path, kind: Kind) -> None:
        self.path = path
        self.kind = kind
        with path.open("rb") as file:
            self._data: mmap.mmap | bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if _size(path) else b""
        self.block = _BLOCK
        if kind == "fpt" and len(self._data) >= 8:
            self.block = struct.unpack_from(">H", self._data, 6)[0] or 1
        elif kind == "dbt4" and len(self._data) >= 22:
            self.block = struct.unpack_from("<H", self._data, 20)[0] or _BLOCK
        self._last_mark: int | None = None
        # a batch asks twice for each memo, and a damaged table may point everywhere to the same endless one
        self._span = lru_cache(_REMEMBERED)(self._find)

    def close(self) -> None:
        """Let the file go."""
        if isinstance(self._data, mmap.mmap):
            self._data.close()

    def read(self, block_no: int) -> bytes | None:
        """The memo at a block, or None where the file does not hold it whole.

        Args:
            block_no: As the record states it.
        """
        span = self._span(block_no)
        return None if span is None else self._data[span[0] : span[1]]

    def size(self, block_no: int) -> int:
        """Bytes of the memo at a block, 0 where the file does not hold it whole."""
        span = self._span(block_no)
        return 0 if span is None else span[1] - span[0]

    def _find(self, block_no: int) -> tuple[int, int] | None:
        """Where the memo at a block begins and ends."""
        start = block_no * self.block
        if start <= 0 or start >= len(self._data):
            return None
        if self.kind == "dbt3":
            return self._until_mark(start)
        if start + 8 > len(self._data):
            return None
        if self.kind == "fpt":
            length = struct.unpack_from(">I", self._data, start + 4)[0]
        else:
            if self._data[start : start + 4] != b"\xff\xff\x08\x00":
                return self._until_mark(start)  # dBASE III's memos stay as they were when IV takes the table over
            length = struct.unpack_from("<I", self._data, start + 4)[0] - 8
        if length < 0 or start + 8 + length > len(self._data):
            return None
        return start + 8, start + 8 + length

    def _until_mark(self, start: int) -> tuple[int, int] | None:
        if self._last_mark is None:  # or each memo behind it would be looked for up to the end of the file
            self._last_mark = self._data.rfind(b"\x1a")
        return None if start > self._last_mark else (start, self._data.find(b"\x1a", start))


def open_memo(source_id: str, landed: LandedFile, header: DbfHeader) -> MemoFile | None:
    """Open the memo file beside a table, or None where there is none.

    Raises:
        SourceError: It cannot be read.
    """
    stem = landed.path.stem.casefold()
    try:
        beside = {p.suffix.casefold(): p for p in landed.path.parent.iterdir() if p.stem.casefold() == stem}
        for suffix in _FOXPRO_SUFFIXES:
            if suffix in beside:
                return MemoFile(beside[suffix], "fpt")
        if ".dbt" in beside:
            return MemoFile(beside[".dbt"], "dbt3" if header.version in _ENDS_WITH_MARK else "dbt4")
    except OSError as error:
        raise SourceError(
            f"the memo file cannot be read: {error.strerror}",
            source_id=source_id,
            file=landed.name,
            remedy="land again",
        ) from error
    return None


def memo_text(raw: bytes) -> bytes:
    """The text of a memo, without padding and the editor's own line breaks."""
    if b"\x8d\x0a" in raw:
        raw = _SOFT_RETURN.sub(b" ", raw)
    return raw.rstrip(b" \0\x1a\r\n")


def _size(path: Path) -> int:
    return path.stat().st_size
