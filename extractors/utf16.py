r"""Delimited text and XML in UTF-16, as Windows programs call "Unicode": read as UTF-8, with the file's own places.

The decoders work on bytes in which ASCII is itself.  So the text is rewritten into a temporary file of UTF-8, which
they read, and every offset and length that comes out of them is turned back into that of the landed file: a character
takes two bytes there, or four where it takes four in UTF-8.

>>> places = Places8to16(first=2)
>>> places.add("Łódź 𝄞".encode())
>>> places.of(np.array([0, 2, 3, 5, 8, 12])).tolist()
[2, 4, 6, 8, 12, 16]
"""

from __future__ import annotations

import codecs
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from billing.errors import SourceError
from billing.file_specs import AnyFile, DelimitedFile, XmlFile
from billing.lineage import Split
from billing.registry import Source
from extractors.base import FileFacts, LandedFile, read_raw

_BLOCK = 1 << 20  # bytes of UTF-16 that are rewritten at a time
_MARKS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_BEGINNINGS = {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}

Decoder = Callable[..., Iterator[Split]]


class Places8to16:
    """Where the bytes of a text in UTF-8 stand in UTF-16.

    Args:
        first: Where the text begins in UTF-16, behind its byte order mark.
    """

    def __init__(self, first: int) -> None:
        self._narrow, self._wide = [0], [first]  # where each block begins
        self._steps: list[NDArray[np.uint8]] = []  # bits: how many bytes of UTF-16 each byte of UTF-8 brings, halved

    def add(self, text: bytes) -> None:
        """Append a block, in UTF-8, cut between characters."""
        data = np.frombuffer(text, np.uint8)
        units = (data & 0xC0) != 0x80
        units = units.astype(np.uint8) + (data >= 0xF0)
        self._steps.append(np.packbits(np.stack([units & 1, units >> 1])))
        self._narrow.append(self._narrow[-1] + len(data))
        self._wide.append(self._wide[-1] + 2 * int(units.sum()))

    def of(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Offsets in UTF-16 of offsets in UTF-8."""
        blocks = np.searchsorted(self._narrow, places, side="right") - 1
        wide = np.empty(len(places), np.int64)
        for block in np.unique(blocks).tolist():
            chosen = blocks == block
            if block == len(self._steps):
                wide[chosen] = self._wide[block]
                continue
            length = self._narrow[block + 1] - self._narrow[block]
            low, high = np.unpackbits(self._steps[block], count=2 * length).reshape(2, length)
            before = np.concatenate([[0], np.cumsum(low.astype(np.int64) + 2 * high)])
            wide[chosen] = self._wide[block] + 2 * before[places[chosen] - self._narrow[block]]
        return wide


def byte_order(file_spec: AnyFile, landed: LandedFile) -> str | None:
    """The codec of a file in UTF-16; None where it is in something else, or of a format that is read otherwise."""
    with landed.path.open("rb") as file:
        head = file.read(2)
    if isinstance(file_spec, DelimitedFile):
        name = file_spec.code_page
    elif isinstance(file_spec, XmlFile):
        name = file_spec.encoding or ("utf-16" if head in _MARKS or head in _BEGINNINGS else "")
    else:
        return None
    try:
        name = codecs.lookup(name).name
    except LookupError:
        return None
    if name == "utf-16":
        return _MARKS.get(head) or _BEGINNINGS.get(head) or "utf-16-le"
    return name if name in _MARKS.values() else None


def decode(
    inner: Decoder, order: str, source: Source, file_spec: AnyFile, landed: LandedFile, facts: FileFacts, *,
    batch_rows: int,
) -> Iterator[Split]:  # fmt: skip
    """Decode a file in UTF-16.

    Args:
        inner: The decoder of its format.
        order: Its codec, `utf-16-le` or `utf-16-be`.
        source: The declared source.
        file_spec: The file's spec.
        landed: The landed file.
        facts: Filled while decoding.
        batch_rows: Most rows of a batch.

    Yields:
        What the decoder yields, with the places and the raw bytes of the landed file.

    Raises:
        SourceError: The bytes are no UTF-16, or what the decoder says about the file.
    """
    key = "code_page" if isinstance(file_spec, DelimitedFile) else "encoding"
    spec = file_spec.model_copy(update={key: "utf-8"})
    with tempfile.TemporaryDirectory(prefix="blueline-") as folder:
        copy = Path(folder) / "text"
        places = _rewrite(source.id, landed, order, copy)
        narrow = replace(landed, path=copy, size=copy.stat().st_size)
        try:
            for split in inner(source, spec, narrow, facts, batch_rows=batch_rows):
                yield Split(split.table, _moved(split.kept, places), _own(split.rejects, places, landed, order))
        except SourceError as error:
            offset = error.where.get("byte_offset")
            if isinstance(offset, int):
                error.where["byte_offset"] = int(places.of(np.array([min(offset, narrow.size)]))[0])
            raise
    facts.bytes = landed.size
    facts.notes.append(f"read as {order}")


def _rewrite(source_id: str, landed: LandedFile, order: str, copy: Path) -> Places8to16:
    decoder = codecs.getincrementaldecoder(order)()
    with landed.path.open("rb") as file, copy.open("wb") as out:
        mark = file.read(2)
        first = 2 if mark in _MARKS else 0
        file.seek(first)
        places = Places8to16(first)
        while True:
            begin = file.tell()
            data = file.read(_BLOCK)
            try:
                text = decoder.decode(data, final=not data).encode()
            except UnicodeError as error:
                at = getattr(error, "start", 0)
                raise SourceError(
                    f"the bytes are no {order}: {getattr(error, 'reason', error)}",
                    source_id=source_id,
                    file=landed.name,
                    byte_offset=max(0, begin + at - (0 if data else 1)),
                    remedy="have the file sent again, or correct its declared code page",
                ) from None
            out.write(text)
            places.add(text)
            if not data:
                return places


def _moved(batch: pa.RecordBatch, places: Places8to16) -> pa.RecordBatch:
    """The batch with places of the landed file."""
    starts = batch.column("byte_offset").to_numpy()
    ends = starts + batch.column("byte_length").to_numpy()
    offsets, behind = places.of(starts), places.of(ends)
    new = {"byte_offset": pa.array(offsets), "byte_length": pa.array((behind - offsets).astype(np.int32))}
    arrays = [new.get(name, batch.column(name)) for name in batch.schema.names]
    return pa.RecordBatch.from_arrays(arrays, schema=batch.schema)


def _own(rejects: pa.RecordBatch, places: Places8to16, landed: LandedFile, order: str) -> pa.RecordBatch:
    """Rejects with the places and the bytes of the landed file."""
    if not rejects.num_rows:
        return rejects
    moved = _moved(rejects, places)
    raw = [
        read_raw(landed, row["byte_offset"], row["byte_length"])
        if row["level"] == "record"
        else row["raw"] and row["raw"].decode("utf-8", "replace").encode(order)
        for row in moved.select(["byte_offset", "byte_length", "level", "raw"]).to_pylist()
    ]
    return moved.set_column(moved.schema.names.index("raw"), moved.schema.field("raw"), pa.array(raw, pa.binary()))
