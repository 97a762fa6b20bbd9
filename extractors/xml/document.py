"""XML documents, read as a stream.

A row is an element at a declared path; its columns are attributes and elements found by a path from it, which may
lead upwards to what stands around it.  Namespaces are ignored: paths use local names.

Two readers share the work.  Expat reads every byte first and says whether the document is well-formed; it never
builds anything.  Where it is content, tags are found by arithmetic over whole chunks (`extractors.xml.tokens`), which
is what gives each row its exact offset and length, and rows are cut out of the bytes without a Python object a value.

A document type declaration is refused before anything in it is read.  Without one there are no entities to expand
and no external references to follow, whoever wrote the document.

A column whose element is missing is null.  One whose element occurs twice has no value that could be trusted.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from billing.file_specs import AnyFile
from billing.lineage import Lost, Split
from billing.registry import Source
from billing.text_specs import XmlFile
from extractors.base import FileFacts, LandedFile, Places, Sieve, refuse_empty
from extractors.codepages.check import sample_file, verify
from extractors.xml.paths import plan_paths
from extractors.xml.piece import Around, Carried, Piece
from extractors.xml.wellformed import XmlCheck

READ_BYTES = 4 << 20
MAX_ROW = 64 << 20


def decode(
    source: Source, file_spec: AnyFile, landed: LandedFile, facts: FileFacts, *, batch_rows: int
) -> Iterator[Split]:
    """Decode a document; every column is text.

    Args:
        source: The declared source.
        file_spec: The document's spec.
        landed: The landed document.
        facts: Filled while decoding.
        batch_rows: Most rows of a batch.

    Yields:
        Batches of the document's raw tables; every table yields at least one, if empty.

    Raises:
        SourceError: The document is not well-formed, ends early, has a document type declaration, or its encoding is
            not the declared one.
        ContractError: A path of the spec cannot be used.
    """
    assert isinstance(file_spec, XmlFile)
    refuse_empty(source.id, landed)
    plan = plan_paths(list(file_spec.records))
    parser = XmlCheck(source.id, landed, file_spec.encoding)
    sieves = {table.name: Sieve(source.id, landed, table.name) for table in plan.tables}
    yielded: set[str] = set()
    around = Around([], {s: Carried() for t in plan.tables for s in t.slots if s.scope != t.row})
    waiting: dict[str, list[Split]] = {table.name: [] for table in plan.tables}
    position, pending = 0, b""
    with landed.path.open("rb", buffering=0) as file:
        while fresh := file.read(READ_BYTES):
            text = fresh.rstrip(b"\x1a") if file.tell() >= landed.size else fresh  # DOS ends a text with Ctrl-Z
            if not position and not pending:
                text = _judge_encoding(source.id, landed, parser, text, facts)
            parser.feed(text)
            if parser.root and parser.root not in plan.roots:
                raise parser.error(
                    f"the outermost element is {parser.root}, the paths of the spec begin at {', '.join(plan.roots)}",
                    "have the right document sent, or correct the paths",
                    0,
                )
            chunk = pending + fresh
            piece = Piece(source, landed, plan, around, chunk, position, parser.cutter)
            for split in piece.splits(sieves, batch_rows):
                for whole in _gathered(waiting[split.table], split, batch_rows):
                    yielded.add(whole.table)
                    yield whole
            position += piece.consumed
            pending = chunk[piece.consumed :]
            facts.records, facts.bytes = around.records, position
            if len(pending) > MAX_ROW:
                raise parser.error("an element of a row is larger than 64 MiB", "check the paths of the spec", position)
    parser.close()
    facts.bytes = landed.size
    facts.notes.append(f"XML in {parser.encoding}")
    for table in plan.tables:
        if waiting[table.name]:
            yield _together(waiting[table.name])
        elif table.name not in yielded:
            nothing = {slot.column: pa.array([], pa.string()) for slot in table.slots}
            none = np.empty(0, np.int64)
            yield sieves[table.name].split(nothing, Places(none, none, none.astype(np.int32)))


def _judge_encoding(source_id: str, landed: LandedFile, parser: XmlCheck, text: bytes, facts: FileFacts) -> bytes:
    """Feed the XML declaration and hold the encoding that it names against the text; what follows is returned."""
    end = text.find(b"?>") + 2 if b"<?xml" in text[:8] else 0
    if end == 1:
        return text  # it ends in a later piece
    parser.feed(text[:end])
    if not parser.is_utf8:  # expat is strict about UTF-8 itself
        facts.notes.append(verify(source_id, landed, parser.encoding, sample_file(landed), "encoding"))
    return text[end:]


def _gathered(waiting: list[Split], split: Split, batch_rows: int) -> Iterator[Split]:
    """Let small batches wait for each other: what follows has its costs per batch."""
    if waiting and sum(s.kept.num_rows for s in waiting) + split.kept.num_rows > batch_rows:
        yield _together(waiting)
        waiting.clear()
    waiting.append(split)


def _together(splits: list[Split]) -> Split:
    if len(splits) == 1:
        return splits[0]
    kept = pa.concat_batches([split.kept for split in splits])
    losses = [split.lost for split in splits if split.lost]
    unread = {number: names for lost in losses for number, names in lost.unread.items()}
    lost = Lost(pa.concat_batches([lost.rows for lost in losses]), unread) if losses else None
    return Split(splits[0].table, kept, pa.concat_batches([split.rejects for split in splits]), lost)
