"""The validation gates of a source: raw tables as decoded, canonical tables as normalised.

A table without a refused row is handed on without being copied: only where a row is refused is it written again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from audit.totals import Totals
from billing.registry import Source
from pipeline.context import Context, Work, add_rejects, perform, source_config
from pipeline.landed import RawBytes, landed_files
from pipeline.store import Attempt, Dataset, Manifest, read_batches

PARTITION_ROWS = 500_000  # rows a suite looks at together: its memory does not grow with the source


def check_raw(ctx: Context, source: Source, before: Manifest) -> Manifest:
    """Gate 1: are the decoded tables what the spec expects?"""
    return _gate(ctx, source, before, "raw")


def check_canonical(ctx: Context, source: Source, before: Manifest) -> Manifest:
    """Gate 2: does every canonical row keep the catalogue's promises?"""
    return _gate(ctx, source, before, "canonical")


def _gate(ctx: Context, source: Source, before: Manifest, gate: str) -> Manifest:
    def work(attempt: Attempt) -> Work:
        # Great Expectations takes seconds to import: only what validates pays for it.
        from expectations.gate import Gate
        from expectations.suites import canonical_suite, raw_suite

        suite_of = raw_suite if gate == "raw" else canonical_suite
        landed = landed_files(ctx, before)
        raw = RawBytes(landed)
        names = {file.sha256: file.name for file in landed}
        passed: dict[str, Dataset] = {}
        results: list[dict[str, Any]] = []
        refused = Totals()
        for table, dataset in before.tables.items():
            checker = Gate(suite_of(source.spec, table), file_names=names)
            path = ctx.store.local_path(dataset.path)
            writer = None
            done = 0
            for partition in _partitions(ctx, dataset):
                checked = checker.check(partition)
                add_rejects(attempt, raw.fill(checked.rejects))
                add_rejects(attempt, checked.flags)
                refused.add_rejects(checked.rejects)
                if checked.rejects.num_rows and writer is None:
                    writer = attempt.writer(table, pq.read_schema(path))
                    _copy_first(ctx, dataset, done, writer)
                if writer is not None:
                    writer.write(checked.kept)
                done += partition.num_rows
            if writer is None:
                passed[table] = dataset
            results.append(json.loads(checker.result.to_json()))
        facts = {"gate": gate, "results": results, "rejected": refused.records_by_entity()}
        return Work(facts=facts, totals={"rejected": refused.to_json()}, passed=passed)

    step = f"check_{gate}"
    return perform(ctx, step, source.id, inputs=[before.ref], config=source_config(source), work=work)


def _partitions(ctx: Context, dataset: Dataset) -> Iterator[pa.Table]:
    """Pieces of about `PARTITION_ROWS` rows; one without rows where the table is empty."""
    pending: list[pa.RecordBatch] = []
    rows = 0
    pieces = 0
    for batch in read_batches(ctx.store, dataset, ctx.settings.batch_rows):
        pending.append(batch)
        rows += batch.num_rows
        if rows >= PARTITION_ROWS:
            yield pa.Table.from_batches(pending)
            pending, rows, pieces = [], 0, pieces + 1
    if pending:
        yield pa.Table.from_batches(pending)
    elif pieces == 0:
        yield pq.read_schema(ctx.store.local_path(dataset.path)).empty_table()


def _copy_first(ctx: Context, dataset: Dataset, rows: int, writer: Any) -> None:
    """Copy the rows that were accepted before the first refused one."""
    for batch in read_batches(ctx.store, dataset, ctx.settings.batch_rows):
        if rows <= 0:
            return
        writer.write(batch.slice(0, rows))
        rows -= batch.num_rows
