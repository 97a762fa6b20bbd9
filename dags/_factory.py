"""From declarations to DAGs; the one place that knows both the registry and Airflow.

A DAG file is parsed again and again, so nothing here reads a database or imports a step: a task imports its step when
it runs.  Tasks hand each other references (`<step>/<scope>/<address>`), never data.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from airflow.sdk import DAG, Asset, TaskGroup, TriggerRule, chain, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from billing.errors import BillingError
from billing.registry import Source
from billing.spec import EQUATIONS, SourceSpec
from pipeline.run_ids import run_id_for

# Task groups and the steps in them; tests hold them against the pipeline's own lists of steps.
SOURCE_GROUPS: dict[str, tuple[str, ...]] = {
    "delivery": ("land",),
    "extract": ("decode", "check_raw"),
    "transform": ("conform", "normalise", "check_canonical"),
    "handover": ("balance", "publish"),
}
CONSOLIDATION_GROUPS: dict[str, tuple[str, ...]] = {
    "sources": ("collect",),
    "identity": ("link",),
    "warehouse": ("load",),
    "evidence": ("seal", "report"),
}
POOLS: dict[str, str] = {
    "land": "legacy",
    "load": "warehouse",
}
TIMEOUTS: dict[str, dt.timedelta] = {"link": dt.timedelta(hours=6), "load": dt.timedelta(hours=6)}
DEFAULT_TIMEOUT = dt.timedelta(hours=2)
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
RETRIES = {"retries": 2, "retry_delay": dt.timedelta(seconds=20)}


def asset_of(source: Source) -> Asset:
    """The asset that says: this source's run is over, well or not."""
    return Asset(name=f"settled_{source.id}", uri=f"blueline://sources/{source.id}", group="blueline")


def source_dag(source: Source, *, scheduled: bool) -> DAG:
    """The DAG of one source: its steps, then `settle`, which tells the consolidation, then `verdict`.

    Args:
        source: The declared source.
        scheduled: Whether it follows the schedule that it declares.
    """
    spec = source.spec
    with DAG(
        dag_id=f"source_{source.id}",
        dag_display_name=spec.title,
        description=f"{spec.system}: from the delivery to canonical tables",
        doc_md=source_doc(source),
        schedule=spec.schedule if scheduled else None,
        start_date=START,
        catchup=False,
        max_active_runs=1,
        tags=source_tags(spec),
        default_args={"owner": spec.owner, **RETRIES},
    ) as dag:
        reference = _steps(SOURCE_GROUPS, _source_step, source.id)

        @task(
            trigger_rule=TriggerRule.ALL_DONE,  # whatever became of the steps: the others must not wait for this source
            outlets=[asset_of(source)],
            doc_md="Notes how the source ended and tells the consolidation, even where it failed.",
        )
        def settle(source_id: str) -> str:
            from pipeline.steps import settle as note_end

            context = get_current_context()
            status = note_end(source_id, run_id(context))
            context["outlet_events"][asset_of(source)].extra = {"source_id": source_id, "status": status}
            return status

        @task(retries=0, doc_md="Fails where the source failed, so that the run shows what happened.")
        def verdict(source_id: str, status: str) -> None:
            if status == "failed":
                raise AirflowFailException(f"{source_id} stopped; the failed task above says why")

        status = settle(source.id)
        chain(reference, status, verdict(source.id, status))
    return dag


def consolidation_dag(sources: Mapping[str, Source]) -> DAG:
    """The DAG that makes one billing database of all sources; it starts when every one of them has settled."""
    with DAG(
        dag_id="consolidate",
        dag_display_name="Consolidation",
        description="All sources' canonical data: who is the same customer, load, reconcile, seal, report",
        doc_md=CONSOLIDATION_DOC.format(sources="\n".join(f"* `{s.id}` {s.spec.title}" for s in sources.values())),
        schedule=[asset_of(source) for source in sources.values()],
        start_date=START,
        catchup=False,
        max_active_runs=1,
        tags=["consolidation"],
        default_args={"owner": "data-engineering", **RETRIES},
    ) as dag:
        _steps(CONSOLIDATION_GROUPS, _consolidation_step, None)
    return dag


def _steps(groups: Mapping[str, tuple[str, ...]], function: Any, source_id: str | None) -> Any:
    """Chain the steps through their references; returns the last one's."""
    reference = None
    for group, steps in groups.items():
        with TaskGroup(group, prefix_group_id=False):
            for step in steps:
                reference = task(
                    task_id=step,
                    pool=POOLS.get(step, "default_pool"),
                    execution_timeout=TIMEOUTS.get(step, DEFAULT_TIMEOUT),
                    doc_md=STEP_DOCS[step],
                )(function)(step, source_id, reference)
    return reference


def _source_step(step: str, source_id: str, previous: str | None) -> str:
    from _connections import from_airflow

    from pipeline.context import context
    from pipeline.steps import run_step

    with _only_retryable():
        ctx = dataclasses.replace(context(), connection=from_airflow)
        return run_step(step, source_id, previous, run_id(get_current_context()), ctx)


def _consolidation_step(step: str, _source_id: None, previous: str | None) -> str:
    from pipeline.steps import run_consolidate_step

    with _only_retryable():
        return run_consolidate_step(step, previous, run_id(get_current_context()))


@contextlib.contextmanager
def _only_retryable() -> Iterator[None]:
    """Lets only errors through to Airflow's retries that say that trying again may help."""
    try:
        yield
    except Exception as error:
        if getattr(error, "retryable", False):
            raise
        name = "" if isinstance(error, BillingError) else f"{type(error).__name__}: "
        raise AirflowFailException(f"{name}{error}") from error


def run_id(context: Any) -> str:
    """The id under which this run's reports and logs stand."""
    return run_id_for(context["dag_run"].run_id, context["dag_run"].run_after)


# --- what people read in the UI ----------------------------------------------------------------------------------


def source_tags(spec: SourceSpec) -> list[str]:
    """Tags to filter by: what kind of file, which region, which numbering zone."""
    formats = sorted({file.format for file in spec.files})
    place = [spec.region] if spec.region else []
    return ["source", *formats, *place, *([f"zone {spec.zone}"] if spec.zone else [])]


def source_doc(source: Source) -> str:
    """What the source declares about itself, and its NOTES.md."""
    spec = source.spec
    facts = {
        "System": spec.system,
        "Owner": spec.owner,
        "Region": " ".join(filter(None, [spec.region, spec.zone and f"(zone {spec.zone})"])),
        "Delivery": spec.delivery.url and f"`{spec.delivery.url}`, connection `{spec.delivery.connection}`",
        "Files": ", ".join(f"`{file.pattern}` ({file.format})" for file in spec.files),
        "Entities": ", ".join(spec.entity_names),
        "Equations": ", ".join(f"{name} ({EQUATIONS[name]})" for name in spec.equations)
        or "only those of every source",
        "Stops above": f"{spec.thresholds.max_rejected:.1%} rejected or {spec.thresholds.max_suspended:.1%} suspended",
        "Declaration": f"`sources/{spec.id}/source.toml`",
    }
    table = "\n".join(f"| {name} | {value} |" for name, value in facts.items() if value)
    return f"# {spec.title}\n\n| | |\n|---|---|\n{table}\n\n{source.notes}"


CONSOLIDATION_DOC = """\
# Consolidation

Starts by itself when every source has *settled*, that is, published its canonical tables or failed. A source that
failed does not hold the others up: the newest tables that it ever published are taken, and where there are none the
report says which source is lacking and why. After a repair, trigger the source, and then this DAG by hand.

The load is one transaction. Where an equation does not close, it is rolled back and nothing has changed.

{sources}
"""

STEP_DOCS: dict[str, str] = {
    "land": "Copies the delivery untouched and computes its SHA-256; the legacy system is read only here.",
    "decode": "Bytes to typed raw tables; what cannot be decoded is set aside with its bytes.",
    "check_raw": "First gate: the raw tables against the source's declaration.",
    "conform": "Source columns to canonical fields, by the declared rules.",
    "normalise": "Names, addresses, phones, identifiers, money and dates in one form.",
    "check_canonical": "Second gate: the canonical tables against the field catalogue.",
    "balance": "Keys, references and the money equations of every account; what does not add up is held back.",
    "publish": "Makes these tables the ones that the next consolidation takes.",
    "collect": "Finds what every source has published, and says which ones are lacking.",
    "link": "Which records are the same customer?",
    "load": "Staging, the third gate, the merge and the equations in one: all of it stands or nothing changed.",
    "seal": "Closes the batch with the hashes of its evidence.",
    "report": "The auditor's report of this run.",
}
