"""The steps of one source, from its delivery to its published canonical tables.

    land -> decode -> check_raw -> conform -> normalise -> check_canonical -> balance -> publish

Each takes the reference of the step before and returns its own.  `blueline run` and the Airflow DAGs call the very
same functions, through `pipeline.steps`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from audit.file_totals import FileTotals
from audit.totals import ASIDE, Totals, by_disposition
from billing.lineage import Split
from billing.model import conformed_schema, normalised_schema
from billing.registry import Source
from extractors.base import FileFacts, LandedFile
from extractors.databases.extraction import Fetching
from pipeline.balance import balance
from pipeline.bank_statements import judge_statements
from pipeline.context import Context, Work, add_rejects, address_of, merged_counts, perform, source_config
from pipeline.declared import check_columns
from pipeline.delivered import delivered, delivery_place
from pipeline.doubts import Doubts
from pipeline.fillers import FillerTotals
from pipeline.gates import check_canonical, check_raw
from pipeline.history import delivered_files, known_files, last_delivery, remember
from pipeline.landed import RawBytes, chain, landed_files
from pipeline.logs import log
from pipeline.lost_money import LostMoney
from pipeline.published_dumps import land_config, no_news, published_dumps, published_landing
from pipeline.repeats import control_of, known_before, twins_within
from pipeline.series import check_series
from pipeline.shrinking import check_shrinking
from pipeline.store import Attempt, Manifest, read_batches

STEPS = ("land", "decode", "check_raw", "conform", "normalise", "check_canonical", "balance", "publish")


def run_source_step(ctx: Context, step: str, source: Source, previous: str | None) -> Manifest:
    """Run one step.

    Args:
        ctx: The process's context.
        step: One of `STEPS`.
        source: The source.
        previous: Reference of the step before; None for `land`.
    """
    if step == "land":
        return _land(ctx, source)
    assert previous is not None
    before = ctx.store.manifest(previous)
    return _STEPS[step](ctx, source, before)


# --- land ------------------------------------------------------------------------------------------------------


def _land(ctx: Context, source: Source) -> Manifest:
    from extractors.delivery.landing import land

    place = delivery_place(ctx, source)
    before = published_landing(ctx, source)
    fetching = Fetching(published_dumps(ctx, before))
    with delivered(ctx, source, ctx.store.blobs) as folder:
        absent = source.spec.delivery.optional and (folder is None or not folder.exists())
        if absent:
            log.warning("no delivery", source=source.id, folder=place)
        landed = (
            []
            if absent
            else land(source, ctx.settings.deliveries_path, ctx.store.blobs, folder=folder, fetching=fetching)
        )
    files: list[dict[str, Any]] = [
        {"file": f.file, "name": f.name, "sha256": f.sha256, "size": f.size, "blob": ctx.store.keep_blob(f.path)}
        for f in landed
    ]
    for file, entry in zip(landed, files, strict=True):
        if file.extraction is not None:
            entry["extraction"] = file.extraction.to_json()
            _tell(source, file)
    if before is not None and no_news(before, files):
        log.info("nothing new", source=source.id, address=before.address[:12])
        return before
    # What was landed is its own address: the legacy system is asked every time, and the same answer is no news.
    config = land_config(files, absent=absent)
    return perform(
        ctx,
        "land",
        source.id,
        inputs=(),
        config=config,
        work=lambda attempt: Work(facts={"files": files, "absent": absent, "folder": place}),
        fixed_address=address_of("land", source.id, (), config),
    )


def _tell(source: Source, file: LandedFile) -> None:
    """Log how a dump came about."""
    assert file.extraction is not None
    if file.extraction.by_key:
        log.info("extracted", source=source.id, file=file.name, **file.extraction.figures)
    for note in file.extraction.notes:
        log.warning("extracted", source=source.id, file=file.name, note=note)


# --- decode ----------------------------------------------------------------------------------------------------


def _decode(ctx: Context, source: Source, before: Manifest) -> Manifest:
    judged = judge_statements(ctx, source, before)

    def work(attempt: Attempt) -> Work:
        from extractors.decode import decode

        files: list[dict[str, Any]] = []
        read: dict[str, int] = {}
        kept: dict[str, int] = {}
        aside: dict[str, dict[str, int]] = {"rejected": {}, "suspended": {}}
        money = LostMoney(source.spec)
        for landed in landed_files(ctx, before):
            facts = FileFacts()
            per_file: dict[str, int] = {}
            spec = source.spec.file(landed.file)
            verdicts = judged.verdicts.get(landed.sha256)
            for split in decode(source, spec, landed, facts, batch_rows=ctx.settings.batch_rows, verdicts=verdicts):
                if split.table not in read:
                    check_columns(source, split.table, split.kept.schema.names)
                attempt.writer(split.table).write(split.kept)
                add_rejects(attempt, money.price(split))
                lost = {name: _records(split.rejects, name) for name in aside}
                kept = merged_counts([kept, {split.table: split.kept.num_rows}])
                for name, count in lost.items():
                    aside[name] = merged_counts([aside[name], {split.table: count}])
                read = merged_counts([read, {split.table: split.kept.num_rows + sum(lost.values())}])
                per_file = merged_counts([per_file, {"kept": split.kept.num_rows, **lost}])
            identity = {"name": landed.name, "sha256": landed.sha256, "size": landed.size, "file": landed.file}
            counts = {"kept": 0, "rejected": 0, "suspended": 0, **per_file}
            files.append({**identity, **_as_json(facts), **counts})
            log.info("decoded", source=source.id, file=landed.name, records=facts.records, **per_file)
        return Work(
            facts={
                "files": files, "read": read, "kept": kept, "statements": judged.kept, **aside,
                "placed": money.placed, "unreadable": money.unreadable,
            },
            totals={name: totals.to_json() for name, totals in money.totals.items()},
        )  # fmt: skip

    config = source_config(source) + judged.config
    return perform(ctx, "decode", source.id, inputs=[before.ref], config=config, work=work)


def _as_json(facts: FileFacts) -> dict[str, Any]:
    """A file's facts; sums as text, since JSON has no decimals."""
    return {name: str(v) if isinstance(v, Decimal) else v for name, v in asdict(facts).items()}


def _records(rejects: pa.RecordBatch, disposition: str) -> int:
    """How many whole records are among the rejects (an attribute set aside is none: its record went on)."""
    if rejects.num_rows == 0:
        return 0
    whole = pc.and_(pc.equal(rejects["level"], "record"), pc.equal(rejects["disposition"], disposition))
    return int(pc.sum(whole).as_py())


# --- conform and normalise -------------------------------------------------------------------------------------


def _conform(ctx: Context, source: Source, before: Manifest) -> Manifest:
    def work(attempt: Attempt) -> Work:
        from transforms.conform import Lookups, conform

        spec = source.spec
        lookups = Lookups.of(spec)
        for table, columns in lookups.needed().items():
            if table in before.tables:
                for batch in read_batches(ctx.store, before.tables[table], ctx.settings.batch_rows, columns):
                    lookups.add(table, batch)
        totals = {name: Totals() for name in ("read", "kept", *ASIDE)}
        by_file = FileTotals()
        raw = RawBytes(landed_files(ctx, before))
        doubts = Doubts(ctx, before)
        fillers = FillerTotals()
        for entity in spec.entity_names:
            writer = attempt.writer(entity, conformed_schema(entity))
            for mapping in spec.maps(entity):
                if mapping.table not in before.tables:
                    continue
                for batch in read_batches(ctx.store, before.tables[mapping.table], ctx.settings.batch_rows):
                    split = conform(spec, mapping, batch, lookups)
                    writer.write(split.kept)
                    add_rejects(attempt, raw.fill(split.rejects))
                    doubts.answer(mapping, split.rejects)
                    _count(totals, by_file, split)
                    fillers.add(entity, split.fillers)
        for left in doubts.left():
            add_rejects(attempt, left)
        control = control_of(by_file, ctx.settings.hmac_secret())
        decoded = chain(ctx, before)["decode"].facts["files"]
        files = [{**file, "control": control.get(file["sha256"], {})} for file in decoded]
        return Work(
            facts={
                "control": control,
                "warnings": twins_within(source, files),
                "fillers": fillers.to_json(),
            },
            totals={name: t.to_json() for name, t in totals.items()},
        )

    return perform(ctx, "conform", source.id, inputs=[before.ref], config=source_config(source), work=work)


def _count(totals: dict[str, Totals], by_file: FileTotals, split: Split) -> None:
    kept = by_file.add(split.table, split.kept)
    totals["kept"].merge(kept)
    totals["read"].merge(kept)
    if split.rejects.num_rows:
        for name, part in by_disposition(split.rejects):
            totals[name].add_rejects(part)
            totals["read"].add_rejects(part)


def _normalise(ctx: Context, source: Source, before: Manifest) -> Manifest:
    def work(attempt: Attempt) -> Work:
        from transforms.normalise import normalise

        flagged: dict[str, int] = {}
        fillers = FillerTotals()
        raw = RawBytes(landed_files(ctx, before))
        for entity, dataset in before.tables.items():
            writer = attempt.writer(entity, normalised_schema(entity))
            for batch in read_batches(ctx.store, dataset, ctx.settings.batch_rows):
                split = normalise(source.spec, entity, batch)
                writer.write(split.kept)
                add_rejects(attempt, raw.fill(split.rejects))
                flagged = merged_counts([flagged, {entity: split.rejects.num_rows}])
                fillers.add(entity, split.fillers)
        return Work(facts={"flagged": flagged, "fillers": fillers.to_json()})

    return perform(ctx, "normalise", source.id, inputs=[before.ref], config=source_config(source), work=work)


# --- publish ---------------------------------------------------------------------------------------------------


def _publish(ctx: Context, source: Source, before: Manifest) -> Manifest:
    """Make the source's canonical tables the ones that the next consolidation takes.

    Raises:
        SourceError: The delivery does not follow the published one, has lost most of it, or repeats one and its
            declaration says stop.
    """
    published = ctx.store.state(f"published/{source.id}") or {}
    last, steps, absent = last_delivery(ctx, source.id), chain(ctx, before), is_absent(ctx, before)
    former = last["decode"].facts["files"] if last else []
    check_series(source, steps["decode"].facts["files"], former)
    if not absent:
        check_shrinking(source, _rows(before), _rows(last["balance"]) if last else {})
    files = delivered_files(ctx, before)
    if last:
        remember(
            ctx, source.id, delivered_files(ctx, last["balance"])
        )  # where the process that published it was killed
    warnings = published.get("warnings", [])
    if published.get("ref") != before.ref:
        known = known_before(source, files, known_files(ctx, source.id), [file["sha256"] for file in former])
        warnings = [*steps["conform"].facts["warnings"], *known]
    for warning in warnings:
        log.warning("likely repeat", source=source.id, what=warning)
    state = {"ref": before.ref, "absent": absent, "warnings": warnings, "by": published.get("by")}
    if absent:
        state["delivered"] = last["balance"].ref if last else None
    ctx.store.set_state(f"published/{source.id}", state)
    # Not before: files that are known and not published would look as if they had been replaced.
    remember(ctx, source.id, files)
    log.info("published", source=source.id, address=before.address[:12])
    return before


def _rows(balance: Manifest) -> dict[str, int]:
    return {name: table.rows for name, table in balance.tables.items()}


_STEPS: dict[str, Callable[[Context, Source, Manifest], Manifest]] = {
    "decode": _decode,
    "check_raw": check_raw,
    "conform": _conform,
    "normalise": _normalise,
    "check_canonical": check_canonical,
    "balance": balance,
    "publish": _publish,
}


def is_absent(ctx: Context, manifest: Manifest) -> bool:
    """Whether a source had no delivery (and may have none)."""
    return bool(chain(ctx, manifest)["land"].facts["absent"])
