r"""Text and XML in UTF-16, which Windows programs call "Unicode": read as UTF-8, with the file's own places.

The decoders work on bytes in which ASCII is itself.  So the text is rewritten into a temporary file of UTF-8, which
they read, and every offset and length that comes out of them is turned back into that of the landed file: a character
takes two bytes there, or four where it takes four in UTF-8.

>>> import io
>>> text = "Łódź 𝄞".encode()
>>> places = Places8to16(io.BytesIO(text), first=2)
>>> places.add(text)
>>> places.of(np.array([0, 2, 3, 5, 8, 12])).tolist()
[2, 4, 6, 8, 12, 16]
"""

from __future__ import annotations

import codecs
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from billing.errors import ContractError, SourceError
from billing.file_specs import AnyFile
from billing.lineage import Split
from billing.registry import Source
from billing.text_specs import DelimitedFile, FixedWidthFile, XmlFile
from extractors.base import FileFacts, LandedFile, read_raw

_BLOCK = 1 << 20  # bytes of UTF-16 that are rewritten at a time
_MARKS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_BEGINNINGS = {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}
_UTF32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, b"<\0\0\0", b"\0\0\0<")

Decoder = Callable[..., Iterator[Split]]


class Places8to16:
    """Where the bytes of a text in UTF-8 stand in UTF-16.

    Args:
        copy: The text in UTF-8; a block of it is read again when places in it are asked for.
        first: Where the text begins in UTF-16, behind its byte order mark.
    """

    def __init__(self, copy: BinaryIO, first: int) -> None:
        self._copy = copy
        self._narrow, self._wide = [0], [first]  # where each block begins

    def add(self, text: bytes) -> None:
        """Note the next block, in UTF-8, cut between characters."""
        self._narrow.append(self._narrow[-1] + len(text))
        self._wide.append(self._wide[-1] + 2 * int(_units(text).sum()))

    def of(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Offsets in UTF-16 of offsets in UTF-8."""
        blocks = np.searchsorted(self._narrow, places, side="right") - 1
        wide = np.empty(len(places), np.int64)
        for block in np.unique(blocks).tolist():
            chosen = blocks == block
            begin = self._narrow[block]
            self._copy.seek(begin)
            text = self._copy.read(self._narrow[block + 1] - begin) if block + 1 < len(self._narrow) else b""
            before = np.concatenate([[0], np.cumsum(_units(text), dtype=np.int64)])
            wide[chosen] = self._wide[block] + 2 * before[places[chosen] - begin]
        return wide


def _units(text: bytes) -> NDArray[np.uint8]:
    """How many units of UTF-16 each byte of UTF-8 brings: none, one, or two where a character of four begins."""
    data = np.frombuffer(text, np.uint8)
    return ((data & 0xC0) != 0x80).astype(np.uint8) + (data >= 0xF0)


def byte_order(file_spec: AnyFile, landed: LandedFile) -> str | None:
    """The codec of a file in UTF-16; None where it is in something else, or of a format that is read otherwise."""
    with landed.path.open("rb") as file:
        head = file.read(4)
    if isinstance(file_spec, XmlFile) and head in _UTF32:
        return None  # which its decoder names and refuses
    head = head[:2]
    if isinstance(file_spec, DelimitedFile | FixedWidthFile):
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
        # without a mark: texts begin with a letter, a digit or a quote, which leave their high byte empty
        return _MARKS.get(head) or ("utf-16-be" if head[:1] == b"\0" else "utf-16-le")
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
        ContractError: A fixed-width file declares its places in bytes.
    """
    update = {"encoding" if isinstance(file_spec, XmlFile) else "code_page": "utf-8"}
    if isinstance(file_spec, FixedWidthFile):
        if file_spec.positions == "bytes":
            raise ContractError(
                f"positions of {file_spec.name} are declared in bytes, its code page is {file_spec.code_page}",
                source_id=source.id,
                remedy="leave positions out and count characters: half the bytes",
            )
        update["positions"] = "characters"
    spec = file_spec.model_copy(update=update)
    with tempfile.TemporaryDirectory(prefix="blueline-") as folder:
        copy = Path(folder) / "text"
        with copy.open("w+b") as file:
            places = _rewrite(source.id, landed, order, file)
            narrow = replace(landed, path=copy, size=copy.stat().st_size)
            try:
                for split in inner(source, spec, narrow, facts, batch_rows=batch_rows):
                    lost = split.lost and replace(split.lost, rows=_moved(split.lost.rows, places))
                    kept, rejects = _moved(split.kept, places), _own(split.rejects, places, landed, order)
                    yield Split(split.table, kept, rejects, lost)
            except SourceError as error:
                offset = error.where.get("byte_offset")
                if isinstance(offset, int):
                    error.where["byte_offset"] = int(places.of(np.array([min(offset, narrow.size)]))[0])
                raise
    facts.bytes = landed.size
    facts.notes.append(f"read as {order}")


def _rewrite(source_id: str, landed: LandedFile, order: str, copy: BinaryIO) -> Places8to16:
    decoder = codecs.getincrementaldecoder(order)()
    with landed.path.open("rb") as file:
        mark = file.read(2)
        first = 2 if mark in _MARKS else 0
        file.seek(first)
        places = Places8to16(copy, first)
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
            copy.write(text)
            places.add(text)
            if not data:
                copy.flush()
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
