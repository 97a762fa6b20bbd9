"""The text of a file by block and by field, from blocks spread over the whole of it.

Values are cut by bytes, before any code page is chosen.  What does not fit the file's form is not thrown away: it
comes under a field of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from extractors.profiling import binary_shape, tree_shape
from extractors.profiling.shapes import Shape
from extractors.text.quote_walk import Layout
from extractors.text.quoting import Tokeniser

BLOCK = 1 << 16
MOST_BLOCKS = 64
ODD = "records of another form"
_ELEMENT = re.compile(rb"<([A-Za-z_][\w:.-]*+)[^<>]*+>([^<>]++)</")
_ATTRIBUTE = re.compile(rb"\s([A-Za-z_][\w:.-]*+)\s*+=\s*+(?:\"([^\"<>]*+)\"|'([^'<>]*+)')")


class Piece(NamedTuple):
    """A piece of a file's text.

    Attributes:
        block: Where it stands.
        field: Whose values it is; empty where there are no fields.
        text: The values, divided by line feeds, or NUL between runs of text.
        dividers: Bytes of the text that were put between its values, and are not the file's.
    """

    block: str
    field: str
    text: bytes
    dividers: int = 0

    @classmethod
    def of(cls, block: str, field: str, values: Sequence[bytes], divider: bytes = b"\n") -> Piece:
        """The piece of some values."""
        return cls(block, field, divider.join(values), max(0, len(values) - 1) * len(divider))


def blocks(path: Path, start: int = 0, unit: int = 1) -> Iterator[tuple[int, bytes]]:
    """Blocks of a file, at most `MOST_BLOCKS`, spread over all of it.

    Args:
        path: The file.
        start: First byte that counts.
        unit: Length of a record; blocks begin and end with one.

    Yields:
        First byte of the block, and its bytes.
    """
    size = path.stat().st_size
    length = max(unit, BLOCK // unit * unit)
    total = -(-max(0, size - start) // length)
    step = max(1.0, total / MOST_BLOCKS)
    with path.open("rb") as file:
        for number in range(min(total, MOST_BLOCKS)):
            at = start + int(number * step) * length
            file.seek(at)
            if data := file.read(length):
                yield at, data


def pieces(path: Path, shape: Shape) -> Iterator[Piece]:
    """The texts of a file, as far as its shape tells where they are."""
    if shape.format == "sql":
        yield from _database(path, shape)
    elif shape.format == "delimited":
        yield from _delimited(path, shape)
    elif shape.format == "fixed_width" and not shape.in_characters:
        yield from _fixed(path, shape)
    elif shape.format == "dbf":
        yield from _records(path, shape, shape.start, shape.record_length, shape.fields)
    elif shape.format == "mainframe":
        yield from _mainframe(path, shape)
    elif shape.format == "xml":
        yield from _xml(path)
    elif shape.line_end or shape.format == "mt940":  # text without columns: every byte of it is text
        for at, data in blocks(path, shape.start):
            yield Piece(f"block at byte {at}", "", data)
    elif shape.format == "unknown":
        for at, data in blocks(path):
            yield _runs(at, data, shape)


def _lines(path: Path, shape: Shape) -> Iterator[tuple[int, bytes]]:
    """Blocks that begin and end with a line."""
    end = _encoded(shape.line_end.decode(), shape)[-1:]
    size = path.stat().st_size
    for at, data in blocks(path, shape.start):
        first = 0 if at == shape.start else data.find(end) + 1
        last = len(data) if at + len(data) >= size else data.rfind(end) + 1
        if last > first:
            yield at + first, data[first:last]


def _encoded(text: str, shape: Shape) -> bytes:
    return text.encode("cp870") if shape.ebcdic else text.encode("latin-1")


def _delimited(path: Path, shape: Shape) -> Iterator[Piece]:
    end = _encoded(shape.line_end.decode(), shape)[-1:]
    tokeniser = Tokeniser(Layout(_encoded(shape.delimiter, shape), _encoded(shape.quote, shape), end))
    width = len(shape.columns)
    for at, data in _lines(path, shape):
        records = tokeniser.split(data, width, final=True, most=1 << 20)
        block = f"block at byte {at}"
        for column, name in enumerate(shape.columns):
            starts, ends = records.value_starts[:, column].tolist(), records.value_ends[:, column].tolist()
            yield Piece.of(block, name, [data[a:b] for a, b in zip(starts, ends, strict=True)])
        odd = np.flatnonzero(~records.whole).tolist()
        if odd:
            yield Piece.of(block, ODD, [data[records.starts[row] : records.ends[row]] for row in odd])


def _fixed(path: Path, shape: Shape) -> Iterator[Piece]:
    end = _encoded(shape.line_end.decode(), shape)
    kinds = {_encoded(prefix, shape): fields for prefix, fields in shape.types.items()} or {b"": shape.fields}
    for at, data in _lines(path, shape):
        block = f"block at byte {at}"
        lines = data.split(end)
        odd = [line for line in lines if len(line) != shape.record_length]
        for prefix, fields in kinds.items():
            rows = [line for line in lines if len(line) == shape.record_length and line.startswith(prefix)]
            label = f"{prefix.decode('latin-1')} " if prefix else ""
            for name, start, length in fields:
                yield Piece.of(block, f"{label}{name}", [row[start : start + length] for row in rows])
        if any(odd):
            yield Piece.of(block, ODD, odd)


def _records(path: Path, shape: Shape, start: int, length: int, fields: list[tuple[str, int, int]]) -> Iterator[Piece]:
    feed = b"\x25" if shape.ebcdic else b"\n"
    for at, data in blocks(path, start, length):
        rows = [data[a : a + length] for a in range(0, len(data) - length + 1, length)]
        for name, first, width in fields:
            yield Piece.of(f"block at byte {at}", name, [row[first : first + width] for row in rows], feed)


def _mainframe(path: Path, shape: Shape) -> Iterator[Piece]:
    if shape.record_format == "F" and shape.fields:
        yield from _records(path, shape, 0, shape.record_length, shape.fields)
        return
    for at, data in blocks(path):
        yield _runs(at, data, shape)


def _runs(at: int, data: bytes, shape: Shape) -> Piece:
    return Piece.of(f"block at byte {at}", "", binary_shape.text_runs(data, ebcdic=shape.ebcdic), b"\x00")


def _xml(path: Path) -> Iterator[Piece]:
    for at, data in blocks(path):
        found: dict[str, list[bytes]] = {}
        for name, text in _ELEMENT.findall(data):
            found.setdefault(name.decode("latin-1"), []).append(text)
        for name, double, single in _ATTRIBUTE.findall(data):
            found.setdefault("@" + name.decode("latin-1"), []).append(double or single)
        for name, values in found.items():
            yield Piece.of(f"block at byte {at}", name, values)


def _database(path: Path, shape: Shape) -> Iterator[Piece]:
    for table, columns in tree_shape.sqlite_texts(path, shape, 2_000).items():
        for column, values in columns.items():
            texts = [value.encode("utf-8", "replace") for value in values]
            yield Piece.of(f"table {table}", f"{table}.{column}", texts)
