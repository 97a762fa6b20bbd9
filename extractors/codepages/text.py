"""Texts of one code page: single-byte, or UTF-8.

Formats of the DOS years (DBF tables, bank statements) are older than UTF-8, but programs of today write it into them,
so both are read.  Trailing blanks and low-values go, an empty text is null; a control character or a byte that the
page does not define is a defect, never replaced.

>>> cells = np.frombuffer("Łódź  Gęś\\0\\0".encode().ljust(18), np.uint8).reshape(2, 9)
>>> PageText("utf-8").column(cells)[0].to_pylist()
['Łódź', 'Gęś']
>>> PageText("mazovia").lines(b"wiersz\\r\\n\\x92amany")
'wiersz\\r\\nłamany'
"""

from __future__ import annotations

import codecs
import re

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from extractors.cells import together
from extractors.codepages import ascii_based
from extractors.codepages.tables import CodePage, code_page
from extractors.codepages.transcoding import tables
from extractors.damage import explain_text
from extractors.text.spans import Cutter
from extractors.textcolumn import text_column

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


class PageText:
    """Decodes the texts of one file.

    Args:
        name: A single-byte page of `extractors.codepages.tables`, or UTF-8.

    Raises:
        ContractError: Nobody knows the page.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._cutter = Cutter(name)
        self.page: CodePage | None = None if self._cutter.is_utf8 else code_page(name)
        self._reader = None if self.page is None or self.page.ebcdic else ascii_based.reader(self.page)
        if self.page is not None:
            self._odd = self.page.undefined | self.page.control
            self._chars = tables(name)[0]
            self._fine = bytes(byte for byte in range(256) if not self._odd[byte] or self._chars[byte] in "\t\r\n")

    def text(self, data: bytes) -> str:
        """Bytes for a person to read: what is no text shows as U+FFFD."""
        return self.page.text(data) if self.page else _CONTROLS.sub("\ufffd", data.decode("utf-8", "replace"))

    def column(self, cells: NDArray[np.uint8]) -> tuple[pa.StringArray, NDArray[np.bool_] | None]:
        """One text field of many records.

        Args:
            cells: uint8[n, width].

        Returns:
            string[n], null where empty or defective; and bool[n] with the defective rows, None where there are none.
        """
        rows, width = cells.shape
        if not rows or not width:
            return pa.nulls(rows, pa.string()), None
        if cells.size <= ascii_based.MOST_BYTES and (self._reader or self.page is None):
            cells = together(cells)
            quick = self._quick(cells)
            if quick is not None:
                return quick, None
        if self.page is not None:
            return text_column(cells, self.page)
        filled = (cells != 0x20) & (cells != 0)
        starts = np.arange(rows, dtype=np.int64) * width
        ends = starts + np.where(filled.any(axis=1), width - filled[:, ::-1].argmax(axis=1), 0)
        values, damage = self._cutter.column(np.ascontiguousarray(cells).reshape(-1), starts, ends)
        if not damage:
            return values, None
        defects = np.zeros(rows, np.bool_)
        defects[[found.row for found in damage]] = True
        return values, defects

    def _quick(self, cells: NDArray[np.uint8]) -> pa.StringArray | None:
        """The column, where nothing in it is odd; nearly every column is such a one."""
        if self._reader is not None:
            return ascii_based.read(cells, self._reader)
        return ascii_based.as_they_stand(cells) if ascii_based.is_full_ascii(cells) else None

    def lines(self, raw: bytes) -> str | None:
        """A text that may hold tabs and line ends, as memos do, or None where it holds worse."""
        text = raw.rstrip(b" \0")
        if self.page is not None:
            return None if text.translate(None, self._fine) else codecs.charmap_decode(text, "strict", self._chars)[0]
        try:
            decoded = text.decode("utf-8")
        except UnicodeDecodeError:
            return None
        return None if _CONTROLS.search(decoded) else decoded

    def explain(self, raw: bytes) -> tuple[str, str]:
        """Reason code and message for a text that cannot be decoded."""
        if self.page is not None:
            return explain_text(raw, self.page)
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError as error:
            return "ENC-UNDECODABLE", f"byte {raw[error.start]:02X} is no valid UTF-8 where it stands"
        return "ENC-CTRL", "a control character stands in the text"
