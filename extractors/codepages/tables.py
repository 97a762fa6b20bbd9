"""Code pages: one table of 256 characters each, whatever family they come from.

Python brings most Windows, DOS and ISO pages, the `ebcdic` package the mainframe's (CP870 is Polish EBCDIC).  What
neither has is built here and registered with Python's codecs, so `bytes.decode("mazovia")` works too:

* **Mazovia** (CP620, CP667): CP437 with the Polish letters put in seventeen places of its upper half.
  Source: Solaris `iconv_maz(5)` and Visual FoxPro's table of code page 620, which agree on every letter.
* **CP1153**: CP870 with the euro sign in place of the currency sign at 9F.

>>> "Zażółć gęślą jaźń".encode("mazovia").hex(" ")
'5a 61 a7 a2 92 8d 20 67 91 9e 6c 86 20 6a 61 a6 a4'
>>> code_page("cp870").ebcdic, code_page("mazovia").ebcdic
(True, False)
>>> chr(decode_table("cp870")[0x9A])
'ł'
>>> code_page("cp1250").undefined.nonzero()[0].tolist() == [0x81, 0x83, 0x88, 0x90, 0x98]
True
>>> code_page("klingon")
Traceback (most recent call last):
...
billing.errors.ContractError: unknown code page 'klingon'. Remedy: name one that Python knows, an EBCDIC page such \
as cp870, or mazovia
"""

from __future__ import annotations

import codecs
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import ebcdic
import numpy as np
from numpy.typing import NDArray

from billing.errors import ContractError

UNDEFINED = 0xFFFFFFFF
"""Stands in `CodePage.points` for a byte without a character."""

# Working bytes: ASCII as itself, the blank as 0, every other character 0x80 and up, and these for what is no text.
WORK_BLANK, WORK_CONTROL, WORK_UNDEFINED, WORK_LOW_VALUE = 0, 1, 2, 3

_MAZOVIA_LETTERS = {
    0x86: "ą", 0x8D: "ć", 0x8F: "Ą", 0x90: "Ę", 0x91: "ę", 0x92: "ł", 0x95: "Ć", 0x98: "Ś", 0x9B: "¢",
    0x9C: "Ł", 0x9E: "ś", 0xA0: "Ź", 0xA1: "Ż", 0xA3: "Ó", 0xA4: "ń", 0xA5: "Ń", 0xA6: "ź", 0xA7: "ż",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class CodePage:
    """A single-byte code page, prepared for decoding whole columns.

    Attributes:
        name: As asked for.
        points: uint32[256], code point of every byte, `UNDEFINED` where there is none.
        undefined: bool[256], bytes without a character.
        control: bool[256], bytes that are control characters (C0, DEL, C1), NUL among them.
        ebcdic: Digits are F0-F9 and the blank is 40.
        to_work: Table for `bytes.translate` that turns the page into working bytes (see `extractors.textcolumn`).
        from_work: Character of every working byte, for `codecs.charmap_decode`.
        growth: How many bytes beyond the first the UTF-8 form of each working byte takes.
    """

    name: str
    points: NDArray[np.uint32]
    undefined: NDArray[np.bool_]
    control: NDArray[np.bool_]
    ebcdic: bool
    to_work: bytes
    from_work: str
    growth: bytes

    @property
    def blank(self) -> int:
        """The byte of the blank."""
        return 0x40 if self.ebcdic else 0x20

    def text(self, data: bytes) -> str:
        """Decode bytes for a person to read: what is no text shows as U+FFFD."""
        return "".join("\ufffd" if self.undefined[b] or self.control[b] else chr(self.points[b]) for b in data)


def codec(name: str) -> codecs.CodecInfo:
    """Python's codec of a code page.

    Raises:
        ContractError: Nobody knows the page, or it is no single-byte page.
    """
    code_page(name)
    return codecs.lookup(name)


def decode_table(name: str) -> NDArray[np.uint32]:
    """Code point of each of the 256 bytes, `UNDEFINED` where the page has none.

    Raises:
        ContractError: Nobody knows the page, or it is no single-byte page.
    """
    return code_page(name).points


@lru_cache(maxsize=32)
def code_page(name: str) -> CodePage:
    """Everything about a code page.

    Raises:
        ContractError: Nobody knows the page, or it is no single-byte page.
    """
    points = _points(name)
    undefined = points == UNDEFINED
    control = (points < 0x20) | ((points >= 0x7F) & (points <= 0x9F))
    to_work = np.empty(256, np.uint8)
    from_work = ["\ufffd"] * 256
    letters: dict[int, int] = {}
    for byte, point in enumerate(points.tolist()):
        if undefined[byte]:
            work = WORK_UNDEFINED
        elif byte == 0:
            work = WORK_LOW_VALUE
        elif control[byte]:
            work = WORK_CONTROL
        elif point == 0x20:
            work = WORK_BLANK
        elif point < 0x80:
            work = point
        else:
            work = letters.setdefault(point, 0x80 + len(letters))
            if work > 0xFF:
                raise ContractError(f"code page {name!r} has over 128 characters beyond ASCII", remedy="name another")
        to_work[byte] = work
        if work >= 0x20:
            from_work[work] = chr(point)
    from_work[0x20] = " "
    from_work[WORK_BLANK] = " "
    growth = bytes(len(c.encode()) - 1 for c in from_work)
    return CodePage(name, points, undefined, control, _is_ebcdic(points), to_work.tobytes(), "".join(from_work), growth)


def add_code_page(name: str, characters: str) -> CodePage:
    """Make a code page of a table known under a name, to Python's codecs too.

    Args:
        name: Not taken by another page; letters, digits and strokes below.
        characters: 256 of them, U+FFFE where the page has none.

    Raises:
        ContractError: There are not 256, or the name is taken by another table.
    """
    if len(characters) != 256:
        raise ContractError(f"code page {name!r} has {len(characters)} characters, not 256", remedy="complete it")
    name = name.lower()
    if name not in _ADDED:
        try:
            codecs.lookup(name)
        except LookupError:
            pass
        else:
            raise ContractError(f"there is another code page {name!r}", remedy="choose another name")
        _ADDED[name] = characters
        _register({name: characters})
    if _ADDED[name] != characters:
        raise ContractError(f"there is another code page {name!r}", remedy="choose another name")
    return code_page(name)


def read_code_page(path: Path) -> CodePage:
    """A code page from a mapping file as the Unicode Consortium writes them: a byte and its code point a line.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table = Path(folder) / "own.txt"
    ...     _ = table.write_text("".join(f"0x{b:02X} 0x{b + b // 128 * 128:04X} # what\\n" for b in range(256)))
    ...     page = read_code_page(table)
    >>> page.text(b"\\x41\\xc1")
    'AŁ'

    Raises:
        ContractError: The file cannot be read, or a line is no mapping; with file and line.
    """
    characters = ["\ufffe"] * 256
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise ContractError(
            f"the code page cannot be read: {error.strerror}", file=str(path), remedy="put it beside source.toml"
        ) from None
    for number, line in enumerate(lines, 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        try:
            byte = int(words[0], 16)
            if len(words) > 1:
                characters[byte] = chr(int(words[1].upper().removeprefix("U+"), 16))
        except (ValueError, IndexError, OverflowError):
            raise ContractError(
                f"{line.strip()[:60]!r} is no byte and its code point",
                file=path.name,
                line=number,
                remedy="write lines such as `0x41  0x0041`",
            ) from None
    table = "".join(characters)
    return add_code_page(f"table_{hashlib.sha256(table.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}", table)


_ADDED: dict[str, str] = {}


def _is_ebcdic(points: NDArray[np.uint32]) -> bool:
    return bool(points[0x40] == 0x20 and points[0xF0] == ord("0"))


def _points(name: str) -> NDArray[np.uint32]:
    points = np.full(256, UNDEFINED, np.uint32)
    official = ""
    try:
        info = codecs.lookup(name)
        official = info.name
        for byte in range(256):
            try:
                char = info.decode(bytes([byte]))[0]
            except UnicodeDecodeError:
                continue
            if len(char) == 1:
                points[byte] = ord(char)
    except (LookupError, TypeError, ValueError):
        points[:] = UNDEFINED
    # A multi-byte page (UTF-8, UTF-16) leaves its lead bytes without a character of their own, and is none of ours.
    if (points != UNDEFINED).sum() < 200 and official != "ascii":
        raise ContractError(
            f"unknown code page {name!r}",
            remedy="name one that Python knows, an EBCDIC page such as cp870, or mazovia",
        )
    points.flags.writeable = False
    return points


def _register(tables: dict[str, str]) -> None:
    infos = {name: _charmap_codec(name, table) for name, table in tables.items()}
    codecs.register(infos.get)


def _charmap_codec(name: str, table: str) -> codecs.CodecInfo:
    encoding = codecs.charmap_build(table)

    def encode(text: str, errors: str = "strict") -> tuple[bytes, int]:
        return codecs.charmap_encode(text, errors, encoding)

    def decode(data: bytes, errors: str = "strict") -> tuple[str, int]:
        return codecs.charmap_decode(data, errors, table)

    class _Encoder(codecs.IncrementalEncoder):
        def encode(self, text: str, final: bool = False) -> bytes:
            return encode(text, self.errors)[0]

    class _Decoder(codecs.IncrementalDecoder):
        def decode(self, data: bytes, final: bool = False) -> str:  # type: ignore[override]  # the base calls it input
            return decode(data, self.errors)[0]

    return codecs.CodecInfo(
        encode,
        decode,  # type: ignore[arg-type]  # charmap_decode takes any buffer
        incrementalencoder=_Encoder,
        incrementaldecoder=_Decoder,
        name=name,
    )


def _mazovia() -> str:
    table = list(bytes(range(256)).decode("cp437"))
    for byte, letter in _MAZOVIA_LETTERS.items():
        table[byte] = letter
    return "".join(table)


def _cp1153() -> str:
    table = list(bytes(range(256)).decode("cp870"))
    table[0x9F] = "€"
    return "".join(table)


assert "cp870" in ebcdic.codec_names
_register({"mazovia": _mazovia(), "cp620": _mazovia(), "cp667": _mazovia(), "cp1153": _cp1153()})
