"""One door to all decoders: the format of the file's spec chooses.

Every format module offers `decode` of the same form, so a new format is a module and a line here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from billing.file_specs import AnyFile
from billing.lineage import Split
from billing.registry import Source
from extractors import sql
from extractors.bank import camt053, elixir0, mt940
from extractors.bank.statement_check import Verdict
from extractors.base import FileFacts, LandedFile
from extractors.codepages import utf16
from extractors.dbf import table
from extractors.heap import keep_freed
from extractors.mainframe import file
from extractors.text import delimited, fixed_width
from extractors.xml import document

Decoder = Callable[..., Iterator[Split]]

DECODERS: dict[str, Decoder] = {
    "mainframe": file.decode,
    "dbf": table.decode,
    "delimited": delimited.decode,
    "fixed_width": fixed_width.decode,
    "xml": document.decode,
    "sql": sql.decode,
    "mt940": mt940.decode,
    "camt053": camt053.decode,
    "elixir0": elixir0.decode,
}


def decode(
    source: Source,
    file_spec: AnyFile,
    landed: LandedFile,
    facts: FileFacts,
    *,
    batch_rows: int,
    verdicts: Sequence[Verdict | None] | None = None,
) -> Iterator[Split]:
    """Decode a landed file into batches of its raw tables.

    Args:
        source: The declared source.
        file_spec: The spec of the file.
        landed: The landed copy.
        facts: Filled while decoding; complete when the iterator is exhausted.
        batch_rows: Most rows of a batch.
        verdicts: Of a bank's file: one a statement, where they were judged with those of other files
            (`extractors.bank.statements`).

    Yields:
        Batches with their rejects.  Memory depends on `batch_rows`, not on the file's size.

    Raises:
        SourceError: The file as a whole cannot be trusted.
    """
    keep_freed()
    decoder = DECODERS[file_spec.format]
    more: dict[str, Any] = {} if verdicts is None else {"verdicts": verdicts}
    if (order := utf16.byte_order(file_spec, landed)) is not None:
        yield from utf16.decode(decoder, order, source, file_spec, landed, facts, batch_rows=batch_rows)
    else:
        yield from decoder(source, file_spec, landed, facts, batch_rows=batch_rows, **more)
