"""Load a batch: stage it, then merge and reconcile it in one transaction.

Nothing of a batch is visible before its equations closed, and whatever goes wrong leaves what was there before.  Only
the row in `control.batch` says that it was tried, and `control.recon_break` what did not close.  One load runs at a
time; a second one waits.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import psycopg

from billing.errors import LoadError, ReconciliationError, WarehouseUnavailable
from billing.model import ENTITIES
from loaders.counts import Counts, by_currency
from loaders.merge import merge
from loaders.people import edges, identifications, provenance
from loaders.stage import Numbers, stage
from loaders.warehouse import connect

LOCK = 7_303_014_102
COPIES = 2  # tables that are filled at the same time

Breaks = list[dict[str, Any]]
Reconcile = Callable[[psycopg.Connection, int], Breaks]


@dataclass(frozen=True)
class LoadedSource:
    """A source of the batch, for people."""

    id: str
    title: str = ""
    system: str = ""
    region: str = ""


@dataclass(frozen=True)
class DeliveredFile:
    """A delivered file of the batch and its control totals; amounts as the file states them."""

    source_id: str
    sha256: str
    name: str
    file: str
    size: int
    records: int | None = None
    declared_records: int | None = None
    declared_sum: Decimal | None = None
    computed_sum: Decimal | None = None
    sequence: str | None = None


@dataclass(frozen=True)
class Batch:
    """What is loaded together.

    Attributes:
        run_id: The pipeline's run; every attempt to load it is a batch of its own.
        sources: Sources that deliver.
        files: Every file that a row of the batch came from.
        code_version: Version of the code.
    """

    run_id: str
    sources: Sequence[LoadedSource]
    files: Sequence[DeliveredFile]
    code_version: str = ""


@dataclass(frozen=True)
class Inputs:
    """Paths of Parquet files.

    Attributes:
        entities: Canonical entity -> its files, in `normalised_schema`.
        clusters: `source_id, subscriber_key, cluster_key`.
        parties: Golden parties by `cluster_key`.
        edges: Compared pairs.
        provenance: Surviving and losing values by `cluster_key`.
        rejects: The reject store, in `REJECTS`.
        totals: Control totals of the steps: mappings with the columns of `control.control_total` (source by its id).
    """

    entities: Mapping[str, Sequence[str]]
    clusters: Sequence[str] = ()
    parties: Sequence[str] = ()
    edges: Sequence[str] = ()
    provenance: Sequence[str] = ()
    rejects: Sequence[str] = ()
    totals: Sequence[Mapping[str, Any]] = ()


@dataclass
class LoadResult:
    """What a load did.

    Attributes:
        batch_id: Its number.
        staged: Staging table -> rows.
        counts: Table -> what the merge did.
        seconds: Phase -> duration.
    """

    batch_id: int
    staged: dict[str, int] = field(default_factory=dict)
    counts: dict[str, Counts] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def changed(self) -> int:
        """Rows of the consolidated data that were written or removed."""
        return sum(c.changed for c in self.counts.values())


def load(
    url: str,
    batch: Batch,
    inputs: Inputs,
    reconcile: Reconcile,
    *,
    hmac_key: bytes,
    staged: Callable[[], None] | None = None,
    batch_rows: int = 65_536,
) -> LoadResult:
    """Load a batch, whole or not at all.

    Args:
        url: SQLAlchemy URL of the warehouse, migrated (`loaders.schema.upgrade`).
        batch: What is loaded.
        inputs: Its files.
        reconcile: Called inside the merge's transaction with its connection and the batch's number; answers with
            the breaks (empty when every equation closed), and may write to `control`.
        hmac_key: Key of the identifiers' hashes.
        staged: Called when everything is staged and nothing merged; raises to stop the load.
        batch_rows: Rows held at a time while staging.

    Raises:
        ReconciliationError: An equation does not close; the load was rolled back and the breaks recorded.
        WarehouseUnavailable: The server is not there, or went away in the middle.
        LoadError: The server refused a row.
    """
    with connect(url, autocommit=True) as control:
        control.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        batch_id, numbers = _register(control, batch)
        result = LoadResult(batch_id)
        try:
            with _staging(control):
                with _timed(result, "stage"):
                    result.staged = stage_all(url, inputs, numbers, hmac_key=hmac_key, batch_rows=batch_rows)
                if staged is not None:
                    with _timed(result, "inspect"):
                        staged()
                _merge_and_reconcile(control, batch, inputs, numbers, reconcile=reconcile, result=result)
        except ReconciliationError as error:
            _record_breaks(control, batch_id, error)
            raise
        except Exception as error:
            with suppress(psycopg.Error):  # the server may be the very thing that failed
                _finish(control, batch_id, "failed", message=str(error) or type(error).__name__)
            raise
        if result.changed:
            with _timed(result, "analyse"):
                control.execute("SET default_statistics_target = 30")  # look-ups by key need no fine histograms
                control.execute("ANALYZE")
    return result


def stage_all(
    url: str, inputs: Inputs, numbers: Numbers, *, hmac_key: bytes, batch_rows: int = 65_536
) -> dict[str, int]:
    """Fill every staging table, `COPIES` at a time, each over a connection of its own.

    Returns:
        Staging table -> rows.
    """
    wanted: dict[str, tuple[Sequence[str], Any]] = {name: (inputs.entities.get(name, ()), None) for name in ENTITIES}
    wanted |= {
        "cluster": (inputs.clusters, None),
        "party": (inputs.parties, None),
        "identification": (inputs.parties, identifications(hmac_key)),
        "edge": (inputs.edges, edges),
        "provenance": (inputs.provenance, provenance),
        "reject": (inputs.rejects, None),
    }

    def fill(table: str) -> tuple[str, int]:
        files, convert = wanted[table]
        with connect(url, autocommit=True) as connection:
            rows = stage(connection, table, files, numbers, convert=convert, batch_rows=batch_rows)
        return table, rows

    with ThreadPoolExecutor(COPIES) as pool:
        return dict(pool.map(fill, wanted))


def _merge_and_reconcile(
    control: psycopg.Connection,
    batch: Batch,
    inputs: Inputs,
    numbers: Numbers,
    *,
    reconcile: Reconcile,
    result: LoadResult,
) -> None:
    with control.transaction():
        with _timed(result, "merge"):
            result.counts = merge(control, result.batch_id, [numbers.sources[s.id] for s in batch.sources])
        _write_totals(control, result, inputs.totals, numbers)
        with _timed(result, "reconcile"):
            breaks = reconcile(control, result.batch_id)
        if breaks:
            raise ReconciliationError(
                f"{len(breaks)} equations do not close; nothing was loaded",
                breaks=breaks,
                remedy="see the report, or blueline reconcile",
            )
        begun = time.perf_counter()
        counts = {name: c.as_json() for name, c in result.counts.items()}
        _finish(control, result.batch_id, "loaded", counts=json.dumps(counts))
    result.seconds["commit"] = time.perf_counter() - begun


def _register(control: psycopg.Connection, batch: Batch) -> tuple[int, Numbers]:
    """Give the batch, its sources and its files their numbers (a small transaction of its own)."""
    with control.transaction(), control.cursor() as cursor:
        # not "ON CONFLICT": that would use up a number of the small series in every load
        cursor.executemany(
            "INSERT INTO control.source (code) SELECT %(id)s "
            "WHERE NOT EXISTS (SELECT FROM control.source WHERE code = %(id)s)",
            [{"id": s.id} for s in sorted(batch.sources, key=lambda s: s.id)],
        )
        cursor.executemany(
            "UPDATE control.source SET title = %s, system = %s, region = %s WHERE code = %s",
            [(s.title, s.system, s.region, s.id) for s in batch.sources],
        )
        cursor.execute("SELECT code, source_id FROM control.source")
        sources: dict[str, int] = dict(cursor.fetchall())
        # whoever was running before did not live to say how it ended: the lock is ours now
        cursor.execute(
            "UPDATE control.batch SET state = 'failed', message = 'interrupted', finished_at = now() "
            "WHERE state = 'running'"
        )
        cursor.execute(
            "INSERT INTO control.batch (run_id, state, code_version) VALUES (%s, 'running', %s) RETURNING batch_id",
            [batch.run_id, batch.code_version],
        )
        (batch_id,) = cursor.fetchone() or (0,)
        cursor.executemany(
            "INSERT INTO control.source_file (source_id, sha256, name, file, size_bytes, records, declared_records, "
            "declared_sum, computed_sum, sequence, batch_id) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) "
            "ON CONFLICT (source_id, sha256) DO NOTHING",
            [
                (sources[f.source_id], f.sha256, f.name, f.file, f.size, f.records, f.declared_records,
                 f.declared_sum, f.computed_sum, f.sequence, batch_id)
                for f in batch.files
            ],
        )  # fmt: skip
        cursor.execute(
            "SELECT c.code, f.sha256, f.file_id FROM control.source_file f JOIN control.source c USING (source_id)"
        )
        files = {(code, sha): file_id for code, sha, file_id in cursor.fetchall()}
    return batch_id, Numbers(sources, files)


def _write_totals(
    control: psycopg.Connection, result: LoadResult, totals: Sequence[Mapping[str, Any]], numbers: Numbers
) -> None:
    """The steps' control totals, and the load's own: what was staged, and what stayed from former deliveries."""
    names = ("step", "bucket", "entity", "currency", "records", "amount_grosze", "positive_grosze", "negative_grosze")
    rows = [(numbers.sources[t["source_id"]], *(t.get(name) for name in names)) for t in totals]
    for entity, model in ENTITIES.items():
        amount = model.control_amount
        staged = by_currency(control, f"staging.{entity} t", amount, "currency" if amount else None)
        stayed = result.counts[entity].carried if entity in result.counts else []
        rows += [
            (c.source_id, "load", bucket, entity, c.currency, c.records, c.amount_grosze, c.positive_grosze,
             c.negative_grosze)
            for bucket, measured in (("staged", staged), ("carried_over", stayed))
            for c in measured
        ]  # fmt: skip
    with control.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO control.control_total (batch_id, source_id, {', '.join(names)}) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [(result.batch_id, *row) for row in rows],
        )


def _record_breaks(control: psycopg.Connection, batch_id: int, error: ReconciliationError) -> None:
    names = ("equation", "source", "entity", "currency", "lhs", "rhs", "difference", "keys", "broken", "note")
    rows = []
    for found in error.breaks:
        values = dict(found)
        values["source"] = values.get("source", values.get("source_id"))
        values["keys"] = json.dumps(values.get("keys", []))
        rows.append((batch_id, *(values.get(name) for name in names)))
    with control.transaction(), control.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO control.recon_break (batch_id, {', '.join(names)}) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            rows,
        )
        _finish(control, batch_id, "broken", message=error.message)


def _finish(
    control: psycopg.Connection, batch_id: int, state: str, *, message: str | None = None, counts: str | None = None
) -> None:
    control.execute(
        "UPDATE control.batch SET state = %s, message = %s, counts = %s, finished_at = %s WHERE batch_id = %s",
        [state, message, counts, dt.datetime.now(dt.UTC), batch_id],
    )


@contextmanager
def _staging(control: psycopg.Connection) -> Iterator[None]:
    """An empty schema `staging`, before and after."""
    _empty_staging(control)
    try:
        yield
    finally:
        with suppress(psycopg.OperationalError):  # a later load empties it first
            _empty_staging(control)


def _empty_staging(control: psycopg.Connection) -> None:
    with control.transaction():
        rows = control.execute(
            "SELECT relkind, relname FROM pg_class WHERE relnamespace = 'staging'::regnamespace "
            "AND relkind IN ('r', 'v') ORDER BY relkind DESC"
        ).fetchall()
        for kind, name in rows:
            control.execute(f'DROP {"VIEW" if kind == "v" else "TABLE"} staging."{name}"')


@contextmanager
def _timed(result: LoadResult, phase: str) -> Iterator[None]:
    begun = time.perf_counter()
    try:
        yield
    finally:
        result.seconds[phase] = time.perf_counter() - begun


__all__ = [
    "Batch", "DeliveredFile", "Inputs", "LoadError", "LoadResult", "LoadedSource", "WarehouseUnavailable", "load",
    "stage_all",
]  # fmt: skip
