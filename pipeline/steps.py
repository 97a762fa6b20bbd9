"""The steps as the DAGs, `blueline run` and the tests call them: names in, references out.

A reference is a short text (`<step>/<scope>/<address>`); data never travel between tasks.  Beside the step itself,
these functions keep each source's *outcome*, so that a consolidation can say which sources it lacks and why.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import structlog

from billing.errors import BillingError
from pipeline import consolidation, source_steps
from pipeline.context import Context, context
from pipeline.logs import log

SOURCE_STEPS = source_steps.STEPS
CONSOLIDATE_STEPS = consolidation.STEPS


def run_step(name: str, source_id: str, previous: str | None, run_id: str, ctx: Context | None = None) -> str:
    """Run one step of one source.

    Args:
        name: One of `SOURCE_STEPS`.
        source_id: A declared source.
        previous: Reference returned by the step before; None for the first.
        run_id: Run that the source's outcome is noted under.
        ctx: Context; default is the process's own.

    Returns:
        The reference of the step's output.

    Raises:
        BillingError: The source stops here; its outcome says why.
    """
    ctx = ctx or context()
    source = ctx.source(source_id)
    with structlog.contextvars.bound_contextvars(run=run_id):
        _note(ctx, source_id, run_id, "running", step=name)
        try:
            manifest = source_steps.run_source_step(ctx, name, source, previous)
        except BillingError as error:
            log.error("source stopped", source=source_id, step=name, error=str(error))
            _note(ctx, source_id, run_id, "failed", step=name, previous=previous, error=describe(error))
            raise
        except Exception as error:
            _note(ctx, source_id, run_id, "failed", step=name, previous=previous, error=describe(error))
            raise
        if name == SOURCE_STEPS[-1]:
            absent = source_steps.is_absent(ctx, manifest)
            _keep_publisher(ctx, source_id, run_id, manifest.ref)
            _note(ctx, source_id, run_id, "absent" if absent else "published", step=name, ref=manifest.ref)
    return manifest.ref


def _keep_publisher(ctx: Context, source_id: str, run_id: str, ref: str) -> None:
    """Note which run brought what is published; a later run that finds the same brings nothing."""
    state = ctx.store.state(f"published/{source_id}") or {}
    if (state.get("by") or {}).get("ref") != ref:
        at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        ctx.store.set_state(f"published/{source_id}", {**state, "by": {"ref": ref, "run_id": run_id, "at": at}})


def settle(source_id: str, run_id: str, ctx: Context | None = None) -> str:
    """Note that a source's run is over, whatever became of it; returns its outcome's status.

    A task that was killed could not note anything: what still counts as running is a failure now.
    """
    ctx = ctx or context()
    outcome = ctx.store.state(f"outcome/{source_id}") or {}
    if outcome.get("status") in ("published", "absent") and outcome.get("run_id") == run_id:
        return str(outcome["status"])
    if outcome.get("status") != "failed" or outcome.get("run_id") != run_id:
        step = outcome.get("step", SOURCE_STEPS[0])
        error = {"type": "Interrupted", "message": f"the task {step} ended without a result", "remedy": "run it again"}
        _note(ctx, source_id, run_id, "failed", step=step, error=error)
    return "failed"


def run_consolidate_step(name: str, previous: str | None, run_id: str, ctx: Context | None = None) -> str:
    """Run one step of the consolidation; see `run_step`.

    A refused load gets its report, too: that is when one is needed most.
    """
    ctx = ctx or context()
    with structlog.contextvars.bound_contextvars(run=run_id):
        try:
            return consolidation.run_consolidation_step(ctx, name, previous, run_id).ref
        except BillingError as error:
            log.error("consolidation stopped", step=name, error=str(error))
            if name == "load" and previous is not None and not error.retryable:
                from pipeline.reporting import write_refusal

                log.error("load refused", report=str(write_refusal(ctx, previous, run_id, error)))
            raise


def _note(ctx: Context, source_id: str, run_id: str, status: str, **more: Any) -> None:
    at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    ctx.store.set_state(f"outcome/{source_id}", {"run_id": run_id, "status": status, "at": at, **more})


def describe(error: BaseException) -> dict[str, Any]:
    """An error as JSON, for outcomes and reports."""
    if isinstance(error, BillingError):
        return {
            "type": type(error).__name__,
            "message": error.message,
            "remedy": error.remedy,
            "where": {key: str(value) for key, value in error.where.items()},
            "retryable": error.retryable,
        }
    return {"type": type(error).__name__, "message": str(error)[:500], "remedy": "", "where": {}, "retryable": False}
