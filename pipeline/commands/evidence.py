"""`blueline reconcile | trace | rejects | seal`: what an auditor or operator asks the warehouse."""

from __future__ import annotations

import csv
import difflib
import sys
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer

from billing.errors import ContractError, NoSchema
from billing.model import ENTITIES
from billing.reasons import REASONS
from billing.wording import counted
from pipeline.console import make_console
from pipeline.context import Context, context
from pipeline.reconciliation import plain_table
from pipeline.written import written

_REJECT_COLUMNS = (
    "source", "file_name", "record_no", "byte_offset", "entity", "source_key", "disposition", "reason", "field",
    "value_masked", "message", "amount", "currency",
)  # fmt: skip


class Disposition(StrEnum):
    """What became of a record."""

    rejected = "rejected"
    suspended = "suspended"
    flagged = "flagged"


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(rejects)
    app.command()(reconcile)
    app.command()(trace)
    app.command("verify-seals")(verify_seals)


def rejects(
    source: Annotated[str | None, typer.Option("--source", "-s", help="Only this source.")] = None,
    reason: Annotated[str | None, typer.Option("--reason", "-r", help="Only this reason code.")] = None,
    entity: Annotated[str | None, typer.Option("--entity", "-e", help="Only this entity or raw table.")] = None,
    disposition: Annotated[
        Disposition | None, typer.Option("--disposition", "-d", help="Only rejected, suspended or flagged ones.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", help="Rows shown; 0 shows only the summary.", min=0)] = 20,
    out: Annotated[Path | None, typer.Option("--csv", help="Write every matching row to this file instead.")] = None,
    unpublished: Annotated[
        bool, typer.Option("--unpublished", help="What the source's last run set aside, loaded or not.")
    ] = False,
) -> None:
    """Show what was set aside, why, and where it stands in its file.

    Values are masked; `blueline trace` with a record's key, or source/file:record, leads to its bytes.

    Examples: `blueline rejects` · `blueline rejects -s krakow -r NUM-PACKED` · `blueline rejects --csv rejects.csv`
    """
    if reason is not None and (reason := reason.upper()) not in REASONS:
        near = difflib.get_close_matches(reason, REASONS, n=3) or list(REASONS)
        raise ContractError(f"unknown reason code {reason!r}", remedy=f"one of {', '.join(near)}; see docs/reasons.md")
    ctx = context()
    if entity is not None and entity not in ENTITIES:
        known = {*ENTITIES, *(table for s in ctx.sources.values() for f in s.spec.files for table in f.tables)}
        if entity not in known:
            near = difflib.get_close_matches(entity, known, n=3) or list(ENTITIES)
            raise ContractError(f"unknown entity or raw table {entity!r}", remedy=f"one of {', '.join(near)}")
    wanted = {"source": source, "reason": reason, "entity": entity, "disposition": disposition and disposition.value}
    if unpublished:
        rows = _stored_rejects(ctx, wanted)
    else:
        with ctx.warehouse() as url:
            if source is not None:
                ctx.require_source(source)
            rows = _loaded_rejects(url, wanted)
    if out is not None:
        with written(out), out.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, _REJECT_COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
        typer.echo(f"{counted(len(rows), 'row')} written to {out}")
        return
    _show_rejects(rows, limit)
    outcome = ctx.store.state(f"outcome/{source}") if source else None
    if outcome and outcome["status"] == "failed":
        typer.echo(f"{source} stopped at {outcome['step']}: see `blueline sources show {source}`")


def _loaded_rejects(url: str, wanted: dict[str, str | None]) -> list[dict[str, Any]]:
    from loaders.warehouse import connect

    given = {name: value for name, value in wanted.items() if value is not None}
    where = " AND ".join(["r.state = 'open'", *(f"{_SQL_NAMES[name]} = %({name})s" for name in given)])
    query = f"""
        SELECT s.code AS source, r.file_name, r.record_no, r.byte_offset, r.entity, r.source_key, r.disposition,
               r.reason, r.field, r.value_masked, r.message, r.amount, r.currency
        FROM control.reject AS r JOIN control.source AS s USING (source_id)
        WHERE {where}
        ORDER BY r.disposition = 'flagged', s.code, r.disposition, r.reason, r.file_name, r.record_no
    """
    with connect(url) as connection, connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        return cursor.execute(query, given).fetchall()


_SQL_NAMES = {"source": "s.code", "reason": "r.reason", "entity": "r.entity", "disposition": "r.disposition"}


def _stored_rejects(ctx: Context, wanted: dict[str, str | None]) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    from pipeline.doubts import with_rejects
    from pipeline.landed import chain

    rows: list[dict[str, Any]] = []
    for source_id in [wanted["source"]] if wanted["source"] else list(ctx.sources):
        outcome = ctx.store.state(f"outcome/{ctx.source(source_id).id}") or {}
        ref = outcome.get("ref") or outcome.get("previous")
        if ref is None:
            continue
        for manifest in with_rejects(chain(ctx, ctx.store.manifest(ref))):
            if manifest.rejects is not None:
                rows += pq.read_table(ctx.store.local_path(manifest.rejects.path)).to_pylist()
    for row in rows:
        row["source"] = row["source_id"]
    kept = [row for row in rows if all(value is None or row[name] == value for name, value in wanted.items())]
    return [{name: row[name] for name in _REJECT_COLUMNS} for row in kept]


def _show_rejects(rows: list[dict[str, Any]], limit: int) -> None:
    console = make_console()
    if not rows:
        console.print("nothing matches")
        return
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["disposition"], row["reason"]), []).append(row)
    summary = plain_table(counted(len(rows), "finding"), "disposition", "reason", rows="right", amount="right")
    summary.add_column("meaning", overflow="fold")
    for (disposition, reason), members in sorted(groups.items(), key=lambda group: (group[0][0] == "flagged", group)):
        sums: dict[str, Any] = {}
        for member in members:
            if member["amount"] is not None:
                sums[member["currency"] or ""] = sums.get(member["currency"] or "", 0) + member["amount"]
        amount = ", ".join(f"{total:,.2f} {currency}".replace(",", " ") for currency, total in sorted(sums.items()))
        summary.add_row(disposition, reason, str(len(members)), amount, REASONS.get(reason, ""))
    console.print(summary)
    for row in _some_of_each(rows, limit):
        key = f" {row['source_key']}" if row["source_key"] else ""
        console.print(
            f"[bold]{row['reason']}[/] {row['source']}, {row['file_name']}, record {row['record_no']}, byte "
            f"{row['byte_offset']}: {row['entity']}{key}",
            highlight=False, soft_wrap=True,
        )  # fmt: skip
        value = f" (is {row['value_masked']})" if row["value_masked"] else ""
        console.print(f"    {row['message']}{value}", markup=False, highlight=False, soft_wrap=True)
    if 0 < limit < len(rows):
        console.print(f"... and {len(rows) - limit} more; --limit shows more, --csv writes all", highlight=False)


def _some_of_each(rows: list[dict[str, Any]], limit: int) -> list[dict[str, Any]]:
    """At most `limit` rows in their order, as many sources and reasons among them as there is room for."""
    seen: Counter[tuple[str, str]] = Counter()
    ranked = []
    for place, row in enumerate(rows):
        group = (row["source"], row["reason"])
        ranked.append((seen[group], place))
        seen[group] += 1
    return [rows[place] for place in sorted(place for _, place in sorted(ranked)[:limit])]


def reconcile(
    everything: Annotated[bool, typer.Option("--all", help="Show closed equations one by one, too.")] = False,
) -> None:
    """Check the equations again, on what the warehouse holds now.

    Exit status 1 when one does not close.
    """
    from pipeline.reconciliation import OTHERS, check_now, equations_table, not_in_load

    ctx = context()
    with ctx.warehouse() as url:
        results = check_now(ctx, url)
        others = not_in_load(ctx, url)
    if not results:
        typer.echo("nothing has been loaded yet: run `blueline run` or `make demo`")
        raise typer.Exit(1)
    make_console().print(equations_table(results, everything=everything))
    if others:
        typer.echo(OTHERS.format(", ".join(others)))
    if any(r.status == "broken" for r in results):
        raise typer.Exit(1)


def trace(
    what: Annotated[
        str, typer.Argument(help="An account or invoice number, a customer id, a source's key, or a place.")
    ],
    kind: Annotated[
        str | None, typer.Option("--kind", "-k", help="account, invoice or customer, where the text fits several.")
    ] = None,
    by_key: Annotated[bool, typer.Option("--key", help="The text is a key as a source has it, nothing else.")] = False,
    reveal: Annotated[
        bool,
        typer.Option(
            "--reveal", help="Show personal values and whole records in clear; who did is kept in revealed.jsonl."
        ),
    ] = False,
) -> None:
    """Follow a row back to its source file, record number, byte offset and raw bytes, loaded or set aside.

    A text that is no number or id of anything is taken for a source's own key, alone or as `source/key`, or for a
    place, `source/file:record`.  Records that were set aside are found by key and place, too, or, where nothing is
    loaded, by the number standing in their bytes.

    Examples: `blueline trace 12000000001` · `blueline trace 1200000001/08/2003` · `blueline trace 42 --kind customer`
    """
    from pipeline.tracing import show_trace

    ctx = context()
    with ctx.warehouse() as url:
        found = show_trace(ctx, url, what, kind, make_console(), by_key=by_key, reveal=reveal)
    if not found:
        sys.exit(1)


def verify_seals() -> None:
    """Verify the chain of evidence seals: any later change of a sealed run shows."""
    from audit.seal import verify
    from loaders.warehouse import connect

    with context().warehouse() as url, connect(url) as connection:
        problems = verify(connection)
    for problem in problems:
        typer.echo(problem)
    if problems:
        raise typer.Exit(1)
    typer.echo("every seal holds")


# a load holds its lock as long as it lives: where nobody does, it was killed before it could say so
_BATCHES = """
SELECT batch_id, run_id,
       CASE WHEN state = 'running' AND NOT EXISTS (
           SELECT FROM pg_locks
            WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
              AND objsubid = 1 AND (classid::bigint << 32 | objid::bigint) = %(lock)s
       ) THEN 'interrupted' ELSE state END,
       finished_at, message
  FROM control.batch ORDER BY batch_id DESC LIMIT 5
"""


def print_status(ctx: Context) -> None:
    """Which warehouse is used, and what it holds."""
    from loaders.load import LOCK
    from loaders.warehouse import connect, place

    console = make_console()
    console.print(f"warehouse: {place(ctx.database_url)}", markup=False, highlight=False)
    try:
        with connect(ctx.database_url) as connection:
            rows = connection.execute(_BATCHES, {"lock": LOCK}).fetchall()
    except NoSchema as error:
        console.print(f"no schema yet: {error.remedy}", markup=False)
        return
    table = plain_table("Latest loads", "batch", "run", "state", "finished")
    table.add_column("message", overflow="fold")
    for batch, run, state, finished, message in rows:
        table.add_row(str(batch), run, state, f"{finished:%Y-%m-%d %H:%M:%S}" if finished else "", message or "")
    console.print(table)
