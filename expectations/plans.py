"""A check, prepared for Great Expectations once and asked many times.

Its `Validator.graph_validate` takes about 9 ms a check and call, whatever the rows, and most of that is preparation: an
expectation builds its own configuration anew, through pydantic, for each argument that it looks up (a hundred times
a check), is asked twice which metrics it needs, and each metric's dependencies are followed once for every metric that
needs it.  None of that depends on the rows.  So a `Plan` keeps what the preparation comes to, and `evaluate` does
what is left of `graph_validate`: resolve the metrics, and let each expectation make its validation result of them.

Expectations, metrics, execution engine and results are Great Expectations' own, and nothing in it is replaced.
Importing this module imports it, so only `expectations.engine` does, when it evaluates.
"""

from __future__ import annotations

import functools
import json
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from great_expectations.compatibility.pydantic import PrivateAttr
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.registry import get_expectation_impl
from great_expectations.validator.exception_info import ExceptionInfo
from great_expectations.validator.metrics_calculator import MetricsCalculator
from great_expectations.validator.validation_graph import MetricEdge, ValidationGraph

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.expectations.expectation import Expectation
    from great_expectations.validator.metric_configuration import MetricConfiguration
    from great_expectations.validator.validator import ValidationDependencies

KEPT = 1024
"""Plans that a process keeps, of about 20 KB each.  A source with every entity has some 400; most of them
serve the next source, too."""

_UNREAD = (".unexpected_values", ".unexpected_index_query")


@dataclass(frozen=True)
class Plan:
    """A check with all that Great Expectations works out about it before it looks at a row.

    Attributes:
        expectation: The expectation; it serves this plan's result format only.
        edges: Its metrics, each with one that has to be resolved before it.
        result_format: What its result shall hold.
    """

    expectation: Expectation
    edges: tuple[MetricEdge, ...]
    result_format: str

    def runtime(self) -> dict[str, Any]:
        """Great Expectations' run-time configuration; a new one each time, because it writes into it."""
        return _runtime(self.result_format)


def plan(configuration: ExpectationConfiguration, result_format: dict[str, Any]) -> Plan:
    """The plan of a check, from those that are kept where possible.

    Args:
        configuration: The check; arguments and meta are JSON values.
        result_format: Great Expectations' result format.  Lists of unexpected values and the query for them are left
            out whatever it says: nobody reads them, and to collect them costs another pass over the rows.
    """
    stated = {
        "type": configuration.type,
        "kwargs": configuration.kwargs,
        "meta": configuration.meta,
        "severity": configuration.severity,
    }
    return _plan(json.dumps(stated, sort_keys=True), json.dumps(result_format, sort_keys=True))


def evaluate(plans: Sequence[Plan], frame: pd.DataFrame) -> list[ExpectationValidationResult]:
    """Judge a frame.

    Args:
        plans: Plans of one result format.
        frame: Any number of rows.

    Returns:
        One result a plan, in their order.  One that could not be evaluated has failed, and its `exception_info` says
        why, as in `Validator.graph_validate`.  Their `expectation_config` belongs to the plan: read it only.
    """
    if not plans:
        return []
    engine = PandasExecutionEngine()
    engine.load_batch_data("partition", frame)
    graph = ValidationGraph(engine, [edge for each in plans for edge in each.edges])
    metrics, aborted = MetricsCalculator(engine).resolve_validation_graph(graph, plans[0].runtime())
    results = []
    for each in plans:
        try:
            result = each.expectation.metrics_validate(metrics, each.runtime(), engine)
        except Exception as error:  # whatever it was: a check that raised has failed, it never passes
            needed = {metric.id for edge in each.edges for metric in (edge.left, edge.right) if metric}
            causes = {str(name): info["exception_info"] for name, info in aborted.items() if name in needed}
            result = ExpectationValidationResult(
                success=False,
                # What broke a metric says more than that the metric is missing.
                exception_info=causes or ExceptionInfo(traceback.format_exc(), str(error)),
                expectation_config=each.expectation.configuration,
            )
        results.append(result)
    return results


@functools.lru_cache(maxsize=KEPT)
def _plan(stated: str, result_format: str) -> Plan:
    check = json.loads(stated)
    kind = _lasting(get_expectation_impl(check["type"]))
    expectation = kind(**check["kwargs"], meta=check["meta"], severity=check["severity"])
    engine = PandasExecutionEngine()  # what is asked for depends on the kind of engine, never on its data
    needed = expectation.get_validation_dependencies(engine, _runtime(result_format))
    graph = _Graph(engine)
    for metric in needed.get_metric_configurations():
        graph.build_metric_dependency_graph(metric, _runtime(result_format))
    return Plan(expectation, tuple(graph.edges), result_format)


def _runtime(result_format: str) -> dict[str, Any]:
    return {"result_format": json.loads(result_format), "catch_exceptions": True}


class _Graph(ValidationGraph):
    """A graph that follows a metric's dependencies once, however many metrics have it as theirs."""

    def __init__(self, execution_engine: PandasExecutionEngine) -> None:
        super().__init__(execution_engine)
        self._followed: set[Any] = set()

    def build_metric_dependency_graph(
        self, metric_configuration: MetricConfiguration, runtime_configuration: dict[str, Any] | None = None
    ) -> None:
        if metric_configuration.id not in self._followed:
            self._followed.add(metric_configuration.id)
            super().build_metric_dependency_graph(metric_configuration, runtime_configuration)


class _Configuration(ExpectationConfiguration):
    """What a lasting expectation says of itself: it leads back to it, where the original makes another one."""

    def __init__(self, told: ExpectationConfiguration, type_: str, expectation: Expectation) -> None:
        super().__init__(type=type_, kwargs=told.kwargs, meta=told.meta, severity=told.severity)
        self._expectation = expectation

    def to_domain_obj(self) -> Expectation:
        return self._expectation


class _Lasting:
    """Put before an expectation's class: an object that answers once what it would answer the same each time."""

    _configuration: _Configuration | None
    _dependencies: ValidationDependencies | None

    @classmethod
    def is_abstract(cls) -> bool:
        return True  # a class that calls itself abstract does not take the original's place in the registry

    @property
    def configuration(self) -> ExpectationConfiguration:
        if self._configuration is None:
            original = cast(Any, super())
            self._configuration = _Configuration(original.configuration, original.expectation_type, self)
        return self._configuration

    def get_validation_dependencies(
        self, execution_engine: Any = None, runtime_configuration: dict[str, Any] | None = None
    ) -> ValidationDependencies:
        if self._dependencies is None:
            needed = cast(Any, super()).get_validation_dependencies(execution_engine, runtime_configuration)
            for name in needed.get_metric_names():
                if name.endswith(_UNREAD):
                    needed.remove_metric_configuration(name)
            self._dependencies = needed
        return self._dependencies


@functools.cache
def _lasting(kind: type[Expectation]) -> type[Expectation]:
    kept = {"_configuration": PrivateAttr(None), "_dependencies": PrivateAttr(None)}
    # A name of its own: renderers are registered by it.
    made: Any = type(kind)
    return cast(
        "type[Expectation]", made(f"Lasting{kind.__name__}", (_Lasting, kind), {"__module__": __name__, **kept})
    )
