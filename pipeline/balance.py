"""The last step before a source is published: set aside what does not fit together.

`audit.integrity` finds it; this step splits the tables, counts every grosz of it, and stops the source where more
would be set aside than its spec allows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from audit.integrity import find_breaks
from audit.totals import ASIDE, Totals, by_disposition
from billing.errors import SourceError
from billing.lineage import LINEAGE_NAMES, REJECTS, no_rejects
from billing.model import ENTITIES, normalised_schema
from billing.registry import Source
from pipeline.context import Context, Work, add_rejects, merged_counts, perform, source_config
from pipeline.landed import RawBytes, chain, landed_files
from pipeline.store import Attempt, Dataset, Manifest, read_batches


def balance(ctx: Context, source: Source, before: Manifest) -> Manifest:
    """Split a source's canonical tables into what is published and what is set aside.

    Raises:
        SourceError: The shares of rejected or suspended records exceed the spec's thresholds.
    """

    def work(attempt: Attempt) -> Work:
        limits: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": ctx.settings.memory_limit,
            "threads": 1,
            "temp_directory": str(attempt.path("spill")),
        }
        with duckdb.connect(config=limits) as con:
            tables = {name: str(ctx.store.local_path(d.path)) for name, d in before.tables.items()}
            verdicts = find_breaks(con, tables, source.spec)
        passed: dict[str, Dataset] = {}
        totals = {name: Totals() for name in ("kept", *ASIDE)}
        aside: dict[str, dict[str, int]] = {}
        raw = RawBytes(landed_files(ctx, before))
        for entity, dataset in before.tables.items():
            found = verdicts.rows.get(entity)
            if found is None:
                passed[entity] = dataset
            writer = attempt.writer(entity, normalised_schema(entity)) if found is not None else None
            start = 0
            for batch in read_batches(ctx.store, dataset, ctx.settings.batch_rows):
                kept = batch
                if found is not None and writer is not None:
                    here = found.filter(_between(found["pos"], start, start + batch.num_rows))
                    kept, rejects = _split(entity, batch, here, start)
                    add_rejects(attempt, raw.fill(rejects))
                    for name, part in by_disposition(rejects):
                        totals[name].add_rejects(part)
                        aside[name] = merged_counts([aside.get(name, {}), {entity: part.num_rows}])
                    writer.write(kept)
                totals["kept"].add(entity, kept)
                start += batch.num_rows
        _hold_thresholds(ctx, source, before, aside)
        return Work(
            facts={"checked": verdicts.checked, "broken": verdicts.broken, **aside},
            totals={name: t.to_json() for name, t in totals.items()},
            passed=passed,
        )

    return perform(ctx, "balance", source.id, inputs=[before.ref], config=source_config(source), work=work)


def _between(positions: pa.ChunkedArray, start: int, stop: int) -> pa.ChunkedArray:
    return pc.and_(pc.greater_equal(positions, start), pc.less(positions, stop))


def _split(entity: str, batch: pa.RecordBatch, verdicts: pa.Table, start: int) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """Take the rows with a verdict out of a batch (those only flagged stay in)."""
    if verdicts.num_rows == 0:
        return batch, no_rejects()
    positions = pc.subtract(verdicts["pos"], start)
    rejects = _rejects(entity, batch.take(positions.combine_chunks()), verdicts)
    gone = positions.filter(pc.equal(verdicts["level"], "record"))
    rows = pa.array(range(batch.num_rows), pa.int64())
    return batch.filter(pc.invert(pc.is_in(rows, value_set=gone.combine_chunks()))), rejects


def _rejects(entity: str, rows: pa.RecordBatch, verdicts: pa.Table) -> pa.RecordBatch:
    """Reject rows for canonical rows and the verdicts on them, line by line."""
    model = ENTITIES[entity]
    absent = pa.nulls(rows.num_rows)
    columns = {
        **{name: rows[name] for name in LINEAGE_NAMES},
        "step": pa.repeat("balance", rows.num_rows),
        "entity": pa.repeat(entity, rows.num_rows),
        "source_key": pc.binary_join_element_wise(*(rows[k].cast(pa.string()) for k in model.key), "|"),
        "currency": rows["currency"] if "currency" in rows.schema.names else absent,
        "amount": rows[model.control_amount] if model.control_amount else absent,
        **{
            name: verdicts[name].combine_chunks()
            for name in ("account_key", "disposition", "level", "reason", "message")
        },
    }
    arrays = [columns.get(field.name, absent).cast(field.type) for field in REJECTS]
    return pa.RecordBatch.from_arrays(arrays, schema=REJECTS)


def _hold_thresholds(ctx: Context, source: Source, before: Manifest, aside: Mapping[str, Mapping[str, int]]) -> None:
    """Stop the source where a share of records is set aside that single faulty records do not explain."""
    steps = chain(ctx, before)
    decode, conform = steps["decode"].facts, steps["conform"].totals
    limits = source.spec.thresholds
    over = []
    for name, limit in (("rejected", limits.max_rejected), ("suspended", limits.max_suspended)):
        raw = merged_counts([decode.get(name, {}), steps["check_raw"].facts.get(name, {})])
        gate = steps["check_canonical"].facts.get(name, {})
        canonical = merged_counts([_records(conform[name]), gate, aside.get(name, {})])
        # each by itself: a raw table may be called like an entity
        for lost, read in ((raw, decode["read"]), (canonical, _records(conform["read"]))):
            over += [
                f"{count} of {read.get(table, 0)} records of {table} are {name}, more than {limit} of them"
                for table, count in lost.items()
                if count > max(limits.always_allowed, limit * read.get(table, 0))
            ]
    if over:
        raise SourceError(
            f"{'; '.join(over)}: this is no fault of single records",
            source_id=source.id,
            remedy=f"look at `blueline rejects --source {source.id} --unpublished`, mend the declaration or the "
            "delivery, or raise max_rejected and max_suspended in [thresholds] of source.toml",
        )


def _records(totals: Mapping[str, Any]) -> dict[str, int]:
    """Entity -> number of records, over all currencies, of `Totals` as JSON."""
    return Totals.from_json(totals).records_by_entity()
