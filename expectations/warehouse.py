"""The consolidated gate: staged tables of all sources, judged inside PostgreSQL before the merge.

Great Expectations' SQL engine asks the server; no row travels but those that fail.  The session is read-only, so a
check can never change what it judges.  All counts of a table are asked in one query; queries of their own are the
keys that occur twice and the references.
"""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine, make_url

from billing.errors import LoadError
from billing.masking import mask, mask_within
from expectations.engine import configuration, context
from expectations.results import SAMPLES, GateResult, Outcome, Sample
from expectations.suite import Suite
from expectations.suites import consolidated_suite

if TYPE_CHECKING:
    from great_expectations.validator.validator import Validator

SCHEMA = "staging"
_SESSION = "-c default_transaction_read_only=on -c work_mem=256MB -c application_name=blueline-gate"


def check_staged(
    url: str, entities: Sequence[str], *, cut_off: dt.date, staged: Collection[str] | None = None
) -> list[GateResult]:
    """Judge staged tables.

    Args:
        url: SQLAlchemy URL of the warehouse.
        entities: Entities whose tables `staging.<entity>` are judged.
        cut_off: The latest cut-off date of the sources.
        staged: Every table that is staged, `cluster` included, for references; default: the entities.

    Returns:
        One result an entity.  Failing rows are named by the source's number and the legacy key, up to `SAMPLES` a
        check; their number is exact.

    Raises:
        LoadError: A check could not be evaluated (the table is missing, the server is gone).
    """
    data_context = context()
    session = make_url(url).update_query_dict({"options": _SESSION}, append=True)
    with warnings.catch_warnings():
        # The specific data source refuses a URL without a host, as a server on a Unix socket has.
        warnings.simplefilter("ignore")
        data_source = data_context.data_sources.add_or_update_sql(
            "warehouse", connection_string=session.render_as_string(hide_password=False), create_temp_table=False
        )
    try:
        there = set(entities if staged is None else staged)
        return [
            _judge(_validator(data_source, entity), consolidated_suite(entity, cut_off=cut_off, staged=there))
            for entity in entities
        ]
    finally:
        data_source.get_engine().dispose()
        data_context.data_sources.delete("warehouse")


def stop_load(results: Sequence[GateResult]) -> LoadError | None:
    """The error that refuses the load, naming what failed with counts and first keys; None where all is well."""
    failed = [(result, outcome) for result in results for outcome in result.failing("stop")]
    if not failed:
        return None
    told = []
    for result, outcome in failed[:5]:
        keys = ", ".join(str(s.key) for s in outcome.samples[:3])
        told.append(f"{result.table}: {outcome.says} ({outcome.unexpected} of {result.rows} rows, such as {keys})")
    more = f"; {len(failed) - 5} more" if len(failed) > 5 else ""
    return LoadError(
        f"the staged tables do not fit together: {'; '.join(told)}{more}",
        remedy="nothing was loaded; the run's Data Docs show every check",
    )


def _validator(data_source: Any, entity: str) -> Validator:
    from great_expectations.validator.validator import Validator

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # only the specific data source has a schema of its own
            asset = data_source.add_table_asset(name=entity, table_name=entity, schema_name=SCHEMA)
    except Exception as error:  # the library raises its own, undocumented kinds
        raise LoadError(
            f"staging.{entity} cannot be judged: {error}", remedy="see that the warehouse runs, then run again"
        ) from error
    batch = asset.add_batch_definition_whole_table("all").get_batch()
    return Validator(execution_engine=batch.data.execution_engine, batches=[batch], data_context=context())


def _judge(validator: Validator, suite: Suite) -> GateResult:
    results = validator.graph_validate(
        configurations=[configuration(check, number) for number, check in enumerate(suite.checks)],
        runtime_configuration={"result_format": {"result_format": "BOOLEAN_ONLY"}, "catch_exceptions": True},
    )
    by_number = {result.expectation_config.meta["number"]: result for result in results}
    engine: Engine = validator.execution_engine.engine
    qualified = f"{SCHEMA}.{suite.table}"
    with engine.connect() as connection:
        rows = int(connection.scalar(sa.text(f"SELECT count(*) FROM {qualified}")) or 0)
    outcomes = []
    for number, check in enumerate(suite.checks):
        result = by_number[number]
        if any(info.get("raised_exception") for info in _exceptions(result)):
            reason = next(info["exception_message"] for info in _exceptions(result) if info.get("raised_exception"))
            raise LoadError(f"{suite.name}: {check.name} could not be evaluated: {reason.splitlines()[0]}")
        count, samples = (0, []) if result["success"] else _failing(validator, suite, number, qualified)
        outcomes.append(
            Outcome(check.type, check.kwargs, check.severity, check.says, rows, unexpected=count, samples=samples)
        )
    return GateResult(suite.gate, suite.source_id, suite.table, rows, kept=rows, outcomes=tuple(outcomes))


def _exceptions(result: Any) -> list[dict[str, Any]]:
    info = result.exception_info or {}
    return [info] if "raised_exception" in info else [i for i in info.values() if isinstance(i, dict)]


def _failing(validator: Validator, suite: Suite, number: int, qualified: str) -> tuple[int, list[Sample]]:
    """How many rows fail a check that was found broken, and the first of them."""
    check = suite.checks[number]
    if "unexpected_rows_query" in check.kwargs:
        engine: Engine = validator.execution_engine.engine
        query = f"({check.kwargs['unexpected_rows_query'].format(batch=qualified)}) AS failing"
        with engine.connect() as connection:
            count = connection.scalar(sa.text(f"SELECT count(*) FROM {query}"))
            first = connection.execute(
                sa.text(f"SELECT * FROM {query} ORDER BY {', '.join(suite.key)} LIMIT {SAMPLES}")
            )
            rows = [row._asdict() for row in first]
    else:
        asked = {
            "result_format": "COMPLETE",
            "unexpected_index_column_names": list(suite.key),
            "partial_unexpected_count": SAMPLES,
        }
        (result,) = validator.graph_validate(
            configurations=[configuration(check)], runtime_configuration={"result_format": asked}
        )
        count, rows = result["result"]["unexpected_count"], result["result"]["unexpected_index_list"]
    samples = []
    for row in rows:
        key = "|".join(str(row[name]) for name in suite.key)
        shown = [
            f"{name}={mask(str(value)) if name in suite.personal else mask_within(str(value))}"
            for name, value in row.items()
            if name not in suite.key
        ]
        samples.append(Sample(key, qualified, ", ".join(shown) or None))
    return int(count or 0), samples
