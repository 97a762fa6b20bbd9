"""Three expectations of our own, where Great Expectations' would be too slow or too little.

* `expect_column_values_to_be_within`: its own range check compares decimals and dates in pandas one Python object at
  a time; this one compares whole Arrow columns, exact decimals included.
* `expect_column_arrow_type_to_be`: its own type check cannot name a parametrised Arrow type.
* `expect_no_row`: its own query check runs the query twice, for the rows and for their number.

All subclass the original, so they render as it does.  Importing this module registers them; it imports Great
Expectations, so only `expectations.engine` imports it.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, cast

import great_expectations.expectations as gxe
import pandas as pd
import pyarrow as pa
import sqlalchemy as sa
from great_expectations.execution_engine import PandasExecutionEngine, SqlAlchemyExecutionEngine
from great_expectations.expectations.metrics import ColumnMapMetricProvider
from great_expectations.expectations.metrics.map_metric_provider import column_condition_partial


class ColumnValuesWithin(ColumnMapMetricProvider):
    """Row condition: `min_value <= value <= max_value`."""

    condition_metric_name = "column_values.within"
    condition_value_keys = ("min_value", "max_value")

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: pd.Series, min_value: Any = None, max_value: Any = None, **_: Any) -> pd.Series:
        meets = pd.Series(True, index=column.index)
        if min_value is not None:
            meets &= (column >= _bound(min_value, column)).astype(bool)
        if max_value is not None:
            meets &= (column <= _bound(max_value, column)).astype(bool)
        return meets

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column: Any, min_value: Any = None, max_value: Any = None, **_: Any) -> Any:
        meets = []
        if min_value is not None:
            meets.append(column >= min_value)
        if max_value is not None:
            meets.append(column <= max_value)
        return sa.and_(*meets)


def _bound(value: Any, column: pd.Series) -> Any:
    """The limit as a value of the column's type: a suite that was stored as JSON has dates as texts."""
    arrow = cast(pd.ArrowDtype, column.dtype).pyarrow_dtype
    if pa.types.is_date(arrow):
        return value if isinstance(value, dt.date) else dt.date.fromisoformat(value)
    return Decimal(int(value)) if pa.types.is_decimal(arrow) else int(value)


class ExpectColumnValuesToBeWithin(gxe.ExpectColumnValuesToBeBetween):
    """Expect the values of a date, integer or decimal column to lie in a range, ends included."""

    map_metric = "column_values.within"


class ExpectColumnArrowTypeToBe(gxe.ExpectColumnTypeToBe):
    """Expect a column to have an Arrow type, such as `decimal128(18, 2)`."""

    def _validate_pandas(self, actual_column_type: Any, expected_type: str) -> dict[str, Any]:
        arrow = getattr(actual_column_type, "pyarrow_dtype", None)
        observed = str(actual_column_type) if arrow is None else str(arrow)
        return {"success": observed == expected_type, "result": {"observed_value": observed}}


class ExpectNoRow(gxe.UnexpectedRowsExpectation):
    """Expect a query that looks for faulty rows to find none.

    What it observes are the rows that were fetched, at most 200; who needs them all runs the query.
    """

    metric_dependencies = ("unexpected_rows_query.table",)

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        rows = metrics["unexpected_rows_query.table"]
        return {"success": not rows, "result": {"observed_value": len(rows)}}
