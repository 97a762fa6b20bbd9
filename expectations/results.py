"""What a gate found, summed over a table's partitions: small, JSON, and enough for reports and Data Docs.

Partitions of one table are judged apart (several processes may do so) and merged here, so that a suite has one
result however the rows were cut.

>>> part = Outcome("expect_column_values_to_not_be_null", {"column": "net"}, "reject", "net is empty", rows=10,
...                unexpected=1, samples=[Sample(key="F/1", place="FAKTURY.DAT, record 7, byte 600", value=None)])
>>> whole = part.merged(part)
>>> whole.rows, whole.unexpected, whole.success
(20, 2, False)
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from expectations.engine import Verdict
from expectations.suite import GateName, Severity, Suite

SAMPLES = 20
"""Failing rows that a result shows for a check; all of them are in the reject store or the flags."""


@dataclass(frozen=True)
class Sample:
    """A failing row as people see it: its key, its place in the delivered file, the value (masked where personal)."""

    key: str | None
    place: str
    value: str | None


@dataclass(frozen=True)
class Outcome:
    """What one check found.

    Attributes:
        type: Great Expectations' name of the check.
        kwargs: Its arguments.
        severity: Its severity.
        says: What is wrong with a failing row.
        rows: Rows that were judged (0 for a check of columns and types).
        missing: Of these, rows without a value.
        unexpected: Rows that failed.
        failed: Whether it failed without naming rows, as a check of columns and types does.
        observed: What such a check found.
        samples: The first failing rows.
    """

    type: str
    kwargs: dict[str, Any]
    severity: Severity
    says: str
    rows: int = 0
    missing: int = 0
    unexpected: int = 0
    failed: bool = False
    observed: str | None = None
    samples: list[Sample] = field(default_factory=list)

    @property
    def success(self) -> bool:
        """Whether the check holds for every row so far."""
        return not self.failed and self.unexpected == 0

    def merged(self, other: Outcome) -> Outcome:
        """This outcome and that of another partition."""
        return replace(
            self,
            rows=self.rows + other.rows,
            missing=self.missing + other.missing,
            unexpected=self.unexpected + other.unexpected,
            failed=self.failed or other.failed,
            observed=self.observed if self.failed or not other.failed else other.observed,
            samples=[*self.samples, *other.samples][:SAMPLES],
        )


@dataclass(frozen=True)
class GateResult:
    """What a suite found in a table.

    Attributes:
        gate: raw, canonical or consolidated.
        source_id: The source, `*` for all.
        table: Raw table, entity or staged table.
        rows: Rows judged.
        kept: Rows that went on.
        rejected: Rows that did not.
        flagged: Findings with severity `warn` among the rows that went on.
        outcomes: One a check, in the suite's order.
    """

    gate: GateName
    source_id: str
    table: str
    rows: int = 0
    kept: int = 0
    rejected: int = 0
    flagged: int = 0
    outcomes: tuple[Outcome, ...] = ()

    @property
    def suite(self) -> str:
        """The suite's name, as in Data Docs."""
        return f"{'all' if self.source_id == '*' else self.source_id}.{self.gate}.{self.table}"

    @property
    def success(self) -> bool:
        """Whether nothing failed that stops or rejects."""
        return not self.failing("stop") and not self.failing("reject")

    def failing(self, severity: Severity) -> list[Outcome]:
        """Checks of a severity that failed."""
        return [o for o in self.outcomes if o.severity == severity and not o.success]

    def merged(self, other: GateResult) -> GateResult:
        """This result and that of other partitions of the same table.

        Raises:
            ValueError: They are results of different suites.
        """
        if self.suite != other.suite:
            raise ValueError(f"{self.suite} is not {other.suite}")
        if not self.outcomes or not other.outcomes:
            return self if self.outcomes else other
        return replace(
            self,
            rows=self.rows + other.rows,
            kept=self.kept + other.kept,
            rejected=self.rejected + other.rejected,
            flagged=self.flagged + other.flagged,
            outcomes=tuple(a.merged(b) for a, b in zip(self.outcomes, other.outcomes, strict=True)),
        )

    def to_json(self) -> str:
        """The result as a JSON document."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> GateResult:
        """What `to_json` wrote."""
        data = json.loads(text)
        data["outcomes"] = tuple(
            Outcome(**{**o, "samples": [Sample(**s) for s in o["samples"]]}) for o in data["outcomes"]
        )
        return cls(**data)


def outcome_of(verdict: Verdict, samples: Sequence[Sample]) -> Outcome:
    """A verdict on one partition, with the failing rows that are to be shown."""
    return Outcome(
        type=verdict.check.type,
        kwargs=verdict.check.kwargs,
        severity=verdict.check.severity,
        says=verdict.check.says,
        rows=verdict.evaluated,
        missing=verdict.missing,
        unexpected=verdict.unexpected,
        failed=not verdict.success and verdict.unexpected == 0,
        observed=verdict.observed,
        samples=list(samples),
    )


def empty_result(suite: Suite) -> GateResult:
    """The result of a suite that has seen no row yet."""
    return GateResult(suite.gate, suite.source_id, suite.table)
