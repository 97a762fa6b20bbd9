"""A validation suite as plain data: what has to hold, and what happens where it does not.

A suite is built from the field catalogue and a source spec without importing Great Expectations;
`expectations.engine` turns its checks into Great Expectations' own objects when it evaluates them.

Severities, and the native severity of Great Expectations that each one is written as:

========  ========  ==========================================================================================
severity  native    what the caller does with the rows that fail
========  ========  ==========================================================================================
stop      critical  the source stops: the fault lies in the file, its declaration or the code, not in a record
reject    warning   the row goes to the reject store, every other row goes on
warn      info      the row goes on; it is counted and named
========  ========  ==========================================================================================

>>> check = not_null("account_no", "reject")
>>> check.type, check.columns, check.says
('expect_column_values_to_not_be_null', ('account_no',), 'account_no is empty')
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["stop", "reject", "warn"]
GateName = Literal["raw", "canonical", "consolidated"]

NATIVE: dict[Severity, str] = {"stop": "critical", "reject": "warning", "warn": "info"}


@dataclass(frozen=True)
class Check:
    """One expectation.

    Attributes:
        type: Great Expectations' name of it, such as `expect_column_values_to_be_in_set`.
        kwargs: Its arguments, JSON values only (dates as ISO texts).
        severity: What a failure means.
        says: What is wrong with a row that fails, as a clause without a full stop.
        reason: Reject code (`billing.reasons`) of rows that fail with severity `reject`.
        about: Columns that a query is about, where `kwargs` do not name them.
    """

    type: str
    kwargs: dict[str, Any]
    severity: Severity
    says: str
    reason: str = "GATE"
    about: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that the check reads; empty for a check of the whole table."""
        if "column" in self.kwargs:
            return (self.kwargs["column"],)
        if "column_A" in self.kwargs:
            return (self.kwargs["column_A"], self.kwargs["column_B"])
        return tuple(self.kwargs.get("column_list", self.about))

    @property
    def structural(self) -> bool:
        """Whether it looks at the table's columns and types only, never at a value."""
        return self.type in _STRUCTURAL

    @property
    def name(self) -> str:
        """The type and the columns, for messages: `column_values_to_be_in_set(currency)`."""
        return f"{self.type.removeprefix('expect_')}({', '.join(self.columns)})"


_STRUCTURAL = {
    "expect_table_columns_to_match_set",
    "expect_table_columns_to_match_ordered_list",
    "expect_column_to_exist",
    "expect_column_arrow_type_to_be",
}


@dataclass(frozen=True)
class Suite:
    """The checks of one table at one gate.

    Attributes:
        gate: Which of the three gates.
        source_id: The source; `*` at the consolidated gate, where the rows of all sources lie together.
        table: Raw table, canonical entity or staged table.
        key: Columns that name a row to people.
        checks: In the order in which a row's faults are reported.
        personal: Columns whose values are shown only masked.
        amount: Column with the row's money, None where it has none.
    """

    gate: GateName
    source_id: str
    table: str
    key: tuple[str, ...]
    checks: tuple[Check, ...]
    personal: frozenset[str] = field(default_factory=frozenset)
    amount: str | None = None

    @property
    def name(self) -> str:
        """Name in Data Docs: `krakow.canonical.invoice`."""
        return f"{'all' if self.source_id == '*' else self.source_id}.{self.gate}.{self.table}"

    @property
    def fingerprint(self) -> str:
        """Changes when any check changes: belongs into the address of a step's output."""
        data = [self.name, self.key, [(c.type, c.kwargs, c.severity, c.reason) for c in self.checks]]
        return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def columns_are(names: Iterable[str], *, exactly: bool) -> Check:
    """The table has these columns (and no other, where `exactly`)."""
    wanted = sorted(names)
    return Check(
        "expect_table_columns_to_match_set",
        {"column_set": wanted, "exact_match": exactly},
        "stop",
        "a declared column is not there" if not exactly else "the columns are not those of the catalogue",
    )


def type_is(column: str, arrow: str) -> Check:
    """The column has this Arrow type, written as Arrow prints it: `decimal128(18, 2)`."""
    return Check(
        "expect_column_arrow_type_to_be", {"column": column, "type_": arrow}, "stop", f"{column} is not of type {arrow}"
    )


def not_null(column: str, severity: Severity) -> Check:
    """No row lacks a value."""
    return Check("expect_column_values_to_not_be_null", {"column": column}, severity, f"{column} is empty")


def one_of(column: str, values: Sequence[str], severity: Severity) -> Check:
    """Every value that is there belongs to a closed list."""
    shown = ", ".join(values[:12]) + (", ..." if len(values) > 12 else "")
    return Check(
        "expect_column_values_to_be_in_set",
        {"column": column, "value_set": list(values)},
        severity,
        f"{column} is none of {shown}",
    )


def shaped(column: str, regex: str, shape: str, severity: Severity) -> Check:
    """Every value that is there has a form.

    Args:
        column: Text column.
        regex: RE2 and PostgreSQL both read it: no look-around, no `\\d`.
        shape: The form in words: `11 digits`.
        severity: What a failure means.
    """
    return Check(
        "expect_column_values_to_match_regex", {"column": column, "regex": regex}, severity, f"{column} is not {shape}"
    )


def at_most(column: str, characters: int) -> Check:
    """No text is longer than its column in the warehouse."""
    return Check(
        "expect_column_value_lengths_to_be_between",
        {"column": column, "max_value": characters},
        "reject",
        f"{column} is longer than {characters} characters",
        reason="TOO-LONG",
    )


def within(column: str, low: str | int | None, high: str | int | None, severity: Severity) -> Check:
    """Every value that is there lies in a range, both ends included.

    Args:
        column: Date, integer or decimal column.
        low: ISO date or whole number; None for no limit.
        high: The same.
        severity: What a failure means.
    """
    if low is None:
        says = f"{column} is after {high}" if isinstance(high, str) else f"{column} is above {high}"
    elif high is None:
        says = f"{column} is before {low}" if isinstance(low, str) else f"{column} is below {low}"
    else:
        says = f"{column} is not within {low} and {high}"
    kwargs = {"column": column, "min_value": low, "max_value": high}
    return Check(
        "expect_column_values_to_be_within", {k: v for k, v in kwargs.items() if v is not None}, severity, says
    )


def not_before(later: str, earlier: str, severity: Severity) -> Check:
    """Where both dates are there, the first is not before the second."""
    return Check(
        "expect_column_pair_values_a_to_be_greater_than_b",
        {"column_A": later, "column_B": earlier, "or_equal": True, "ignore_row_if": "either_value_is_missing"},
        severity,
        f"{later} is before {earlier}",
    )


def no_row(query: str, says: str, severity: Severity, columns: Sequence[str]) -> Check:
    """A query that finds the faulty rows finds none (PostgreSQL only).

    Args:
        query: SELECT of the columns that name a faulty row, from `{batch}`.
        says: What is wrong with a row that it finds.
        severity: What a failure means.
        columns: Columns that the rule is about, for messages.
    """
    return Check(
        "expect_no_row",
        {"unexpected_rows_query": " ".join(query.split())},
        severity,
        says,
        about=tuple(columns),
    )
