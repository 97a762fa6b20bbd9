"""The whole pipeline without Airflow: for development, tests, benchmarks and small jobs.

Sources are handled in processes of their own, `BLUELINE_WORKERS` at a time; then the consolidation runs here.  It calls
the same step functions as the DAGs, so what was done by the one is not done again by the other.
"""

from __future__ import annotations

import datetime as dt
import multiprocessing
import secrets
import signal
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from billing.errors import BillingError
from billing.settings import Settings
from pipeline.context import Context
from pipeline.logs import configure_logs
from pipeline.steps import CONSOLIDATE_STEPS, SOURCE_STEPS, describe, run_consolidate_step, run_step, settle

Progress = Callable[[str, str, str], None]
"""Scope (a source, or `consolidation`), step, state: running, done, failed; of a source's end: published, absent."""


@dataclass(frozen=True)
class RunResult:
    """What became of a run.

    Attributes:
        run_id: Its id.
        outcomes: Source -> outcome (`status`, and `error` where it failed).
        ref: Reference of the report, None where the consolidation stopped.
        error: Why the consolidation stopped, if it did.
    """

    run_id: str
    outcomes: dict[str, dict[str, Any]]
    ref: str | None
    error: BillingError | None = None

    @property
    def failed_sources(self) -> list[str]:
        """Sources that stopped."""
        return sorted(name for name, outcome in self.outcomes.items() if outcome["status"] == "failed")


def new_run_id() -> str:
    """An id that sorts by time."""
    return f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


def run_all(
    ctx: Context,
    *,
    only: Iterable[str] = (),
    workers: int | None = None,
    progress: Progress = lambda scope, step, state: None,
    run_id: str | None = None,
) -> RunResult:
    """Run sources, then the consolidation of everything that is published.

    Args:
        ctx: The process's context.
        only: Sources to run; default is every declared one.  The consolidation always sees all.
        workers: Sources handled at the same time; default from the settings.
        progress: Told what begins and ends.
        run_id: Id of the run; default is a new one.

    Returns:
        The outcomes; a failed source or consolidation is told there, not raised.
    """
    run_id = run_id or new_run_id()
    names = [ctx.source(name).id for name in only] or list(ctx.sources)
    _run_sources(ctx, names, workers or ctx.settings.workers, progress, run_id)
    outcomes = {name: ctx.store.state(f"outcome/{name}") or {"status": "never"} for name in ctx.sources}
    ref: str | None = None
    for step in CONSOLIDATE_STEPS:
        progress("consolidation", step, "running")
        try:
            ref = run_consolidate_step(step, ref, run_id, ctx)
        except BillingError as error:
            progress("consolidation", step, "failed")
            return RunResult(run_id, outcomes, None, error)
        progress("consolidation", step, "done")
    return RunResult(run_id, outcomes, ref)


def _run_sources(ctx: Context, names: list[str], workers: int, progress: Progress, run_id: str) -> None:
    if workers == 1 or len(names) == 1:
        for name in names:
            _run_source(ctx.settings, name, run_id, progress)
        return
    # Spawned, not forked: DuckDB and Arrow keep threads that a fork would cut off.
    method = multiprocessing.get_context("spawn")
    events = method.SimpleQueue()
    with _pool(min(workers, len(names)), method, events) as pool:
        waiting: set[Future[None]] = {pool.submit(_run_source, ctx.settings, name, run_id, _tell) for name in names}
        while waiting:
            done, waiting = wait(waiting, timeout=0.2)
            while not events.empty():
                progress(*events.get())
            for future in done:
                future.result()
        while not events.empty():
            progress(*events.get())


def _pool(workers: int, method: Any, events: Any) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, method, _begin, (events,))


_worker: dict[str, Any] = {}  # what a worker was begun with: the queue of its progress


def _begin(events: Any) -> None:
    """Begin a worker's life."""
    # Ctrl-C reaches every process: the workers end without a word each, and the run says it once.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _worker["events"] = events


def _tell(scope: str, step: str, state: str) -> None:
    """A progress callback that crosses a process border; what was told stands in the queue when it returns."""
    _worker["events"].put((scope, step, state))


def _run_source(settings: Settings, name: str, run_id: str, progress: Progress) -> None:
    """One source to its end; its failure is noted as its outcome and stops nothing else."""
    ctx = Context(settings)
    configure_logs(settings)
    ref: str | None = None
    for step in SOURCE_STEPS:
        progress(name, step, "running")
        try:
            ref = run_step(step, name, ref, run_id, ctx)
        except BillingError:
            progress(name, step, "failed")
            break
        except Exception as error:  # a defect of ours in one source must not take the others along
            progress(name, step, "failed")
            configure_logs(settings)
            _report_defect(name, step, error)
            break
        progress(name, step, "done")
    status = settle(name, run_id, ctx)
    if status != "failed":  # which was told with its step
        progress(name, SOURCE_STEPS[-1], status)


def _report_defect(name: str, step: str, error: Exception) -> None:
    from pipeline.logs import log

    log.error("defect", source=name, step=step, error=describe(error)["message"], exc_info=error)
