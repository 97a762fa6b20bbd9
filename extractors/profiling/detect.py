"""What is this file?  The questions in their order, each answered by the bytes.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     path = Path(folder) / "a.csv"
...     _ = path.write_bytes(b"NR;KWOTA\\n1;2,50\\n2;3,75\\n")
...     detect(path).title
'delimited text, 2 columns between ;, with a header line'
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from billing.errors import SourceError
from extractors.base import LandedFile
from extractors.codepages.tables import code_page
from extractors.dbf.header import VERSIONS, read_header
from extractors.dbf.languages import LANGUAGES
from extractors.profiling import binary_shape, textlines_shape, tree_shape
from extractors.profiling.shapes import Shape, opening, utf16_order

HEAD = 1 << 20
TAIL = 1 << 16
"""Bytes that the detection reads, of the beginning and of the end."""
_COMPANIONS = {
    **dict.fromkeys((".dbt", ".fpt", ".dct", ".smt"), "memo file of a DBF table"),
    **dict.fromkeys((".cdx", ".dcx", ".ntx", ".idx", ".ndx", ".mdx"), "index of a DBF table"),
}
_DBASE7 = (0x04, 0x8C)
_FIELD_TYPES = tuple(bytes([letter]) for letter in b"CNDLMFGPBITY@O+VQWX0")


def landed_as(path: Path, name: str = "file") -> LandedFile:
    """A file where it lies, as the decoders want it; it was not landed, so its digest is not known."""
    return LandedFile(path, path.name, "0" * 64, path.stat().st_size, name)


def detect(path: Path, *, copybook: bool = False, record_length: int = 0) -> Shape:
    """Say what a file is.

    Args:
        path: The file.
        copybook: A copybook describes it, so it holds mainframe records.
        record_length: Of the longest record that the copybook describes; 0 where it is not known.

    Raises:
        OSError: It cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(HEAD)
        file.seek(max(0, size - TAIL))
        tail = file.read(TAIL)
    if head.startswith(b"SQLite format 3\0"):
        return tree_shape.read_sqlite(path)
    if not copybook and (order := utf16_order(head))[0]:
        return _in_utf16(head, tail, size, *order)
    if not copybook:
        shape = opening(head, size) or _dbf(path, head, size) or tree_shape.read_xml(head)
        if shape:
            return shape
        if companion := _COMPANIONS.get(path.suffix.lower()):
            return Shape("unsupported", companion, "profile the .DBF table that it belongs to")
    ebcdic = binary_shape.seems_ebcdic(head)
    shape = None
    if not copybook:
        view = binary_shape.ascii_view(head) if ebcdic else head
        if _is_text(view) and not (ebcdic and binary_shape.holds_numbers(head)):
            end = binary_shape.ascii_view(tail) if ebcdic else tail
            shape = textlines_shape.read_lines(view, end, whole=len(head) >= size)
    shape = shape or binary_shape.read_records(head, size)
    if shape is None:
        shape = Shape("mainframe" if copybook else "unknown", "records of unknown length" if copybook else "unknown")
        shape.remedy = "" if copybook else "ask the region what program wrote it"
    if copybook and record_length:
        binary_shape.fit_copybook(shape, record_length, size)
    shape.ebcdic = ebcdic
    if shape.format == "mainframe":
        shape.title = f"{'EBCDIC' if ebcdic else 'ASCII or binary'} {shape.title}"
    elif ebcdic:
        shape.title = f"EBCDIC {shape.title}"
    return shape


def _in_utf16(head: bytes, tail: bytes, size: int, order: str, why: str) -> Shape:
    """Text or XML in UTF-16: a character a byte for the columns, so that places are counted in characters."""
    text = head[: len(head) // 2 * 2].decode(order, "replace").removeprefix("\ufeff")
    end = tail[len(tail) % 2 :].decode(order, "replace")
    shape = tree_shape.read_xml(text.encode(), "utf-8")
    if shape is None:
        view, rest = (part.encode("cp1250", "replace") for part in (text, end))
        shape = textlines_shape.read_lines(view, rest, whole=len(head) >= size) if _is_text(view) else None
    if shape is None or shape.format not in ("delimited", "fixed_width", "xml"):
        shape = Shape("unsupported", "text in UTF-16", "have it sent in UTF-8, or as delimited text")
    shape.utf16, shape.start = order, 0
    shape.title += " (in UTF-16)" if "UTF-16" not in shape.title else ""
    shape.notes.append(f"{order.upper()}, by {why}")
    if shape.format == "delimited" and shape.header:
        names = text.partition(shape.line_end.decode())[0].split(shape.delimiter)
        shape.columns = [name.strip().strip(shape.quote or '"') for name in names]
    return shape


def _is_text(view: bytes) -> bool:
    """Line ends at reasonable distances, and hardly any control character."""
    sample = view[: 1 << 16].rstrip(b"\x00\x1a")  # copied in whole blocks, or ended as DOS does
    controls = sum(sample.count(byte) for byte in range(0x20) if byte not in (0x09, 0x0A, 0x0C, 0x0D, 0x1A, 0x1F))
    lines = sample.count(b"\n") or sample.count(b"\r")
    return controls <= len(sample) // 100 and lines * 8_192 >= len(sample) // 2 and lines > 0


def _dbf(path: Path, head: bytes, size: int) -> Shape | None:
    """A DBF table; its header is believed where its version, date and lengths agree."""
    if size < 32 or head[0] not in VERSIONS:
        return None
    if head[0] != 0x02:
        month, day = head[2], head[3]
        length, record = int.from_bytes(head[8:10], "little"), int.from_bytes(head[10:12], "little")
        at, width = (68, 32) if head[0] in _DBASE7 else (32, 11)
        named = head[at : at + 1] == b"\x0d" or head[at + width : at + width + 1] in _FIELD_TYPES
        plausible = month <= 12 and day <= 31 and length >= 33 and record >= 1 and named
        if not plausible or (length <= len(head) and 0x0D not in head[32:length]):
            return None
    shape = Shape("dbf", VERSIONS[head[0]])
    try:
        header = read_header("profile", landed_as(path), code_page("cp852"))
    except SourceError as error:
        if head[0] == 0x02:
            return None
        shape.title = f"{VERSIONS[head[0]]} table, damaged"
        shape.remedy = error.remedy
        shape.notes.append(error.message)
        shape.format = "unsupported"
        return shape
    shape.title = f"{header.title} table, {header.records} records of {header.record_length} bytes"
    shape.records, shape.record_length, shape.start = header.records, header.record_length, header.header_length
    shape.encoding = LANGUAGES.get(header.language, "")
    if header.language:
        meant = shape.encoding or "a page that is not Polish"
        shape.notes.append(f"the language byte {header.language:02X} means {meant}; often it is only a tool's default")
    shape.fields = [(f.name, f.start, f.length) for f in header.fields if f.type == "C" and not f.is_binary]
    shape.columns = [f.name for f in header.fields]
    memos = [f.name for f in header.fields if f.type in "MGP"]
    if memos:
        beside = {p.suffix.lower() for p in path.parent.glob("*") if p.stem.lower() == path.stem.lower()}
        found = sorted(beside & {".dbt", ".fpt"})
        shape.title += f", memo fields {', '.join(memos)} ({found[0] if found else 'memo file missing'})"
        if not found:
            shape.memo_missing = True
            shape.notes.append("its memo file (.DBT or .FPT) does not lie beside it")
    return shape


def stated_date(path: Path) -> dt.date:
    """Day on which a file was last written."""
    return dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC).date()
