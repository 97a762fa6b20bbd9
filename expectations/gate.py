"""The gate: one partition of a table against its suite, and what becomes of the rows that fail.

>>> gate = Gate(suite)                                                                        # doctest: +SKIP
>>> for partition in partitions:                                                              # doctest: +SKIP
...     checked = gate.check(partition)
...     write(checked.kept, checked.rejects, checked.flags)
>>> gate.result.rejected                                                                      # doctest: +SKIP
12

A partition may have any number of rows; each call costs about 2 ms a check besides its rows, so partitions of a
quarter of a million rows or more are cheapest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billing.errors import SourceError
from billing.lineage import LINEAGE_NAMES, REJECTS
from billing.masking import mask, mask_within
from expectations.engine import Verdict, judge_rows, judge_structure
from expectations.results import SAMPLES, GateResult, Outcome, Sample, empty_result, outcome_of
from expectations.suite import Check, Suite

SHOWN = 80
"""Characters of a value that a reject shows."""


@dataclass(frozen=True)
class Checked:
    """What a gate made of one partition.

    Attributes:
        kept: Rows that go on, columns as they came.
        rejects: Rows of the `REJECTS` schema, one for each row that failed with severity `reject`; `raw` is null.
        flags: Rows of the `REJECTS` schema with disposition `flagged`, one for each finding of severity `warn` on
            a row that goes on.
    """

    kept: pa.Table
    rejects: pa.RecordBatch
    flags: pa.RecordBatch


@dataclass
class Gate:
    """One suite, applied to the partitions of one table.

    Attributes:
        suite: The suite.
        file_names: SHA-256 of a landed file -> its name, for the rejects.
        result: What was found so far.
    """

    suite: Suite
    file_names: Mapping[str, str] = field(default_factory=dict)
    result: GateResult = field(init=False)
    _schema: pa.Schema | None = field(init=False, default=None)
    _structure: list[Verdict] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.result = empty_result(self.suite)

    def check(self, table: pa.Table) -> Checked:
        """Judge a partition, add what was found to `result`, and part the rows.

        Args:
            table: Rows with the lineage columns.

        Raises:
            SourceError: A check of severity `stop` failed; it names the check, counts and the first keys.  `result`
                holds what was found.
        """
        structure = self._judge_structure(table.schema)
        if not all(v.success for v in structure):
            # Values of columns that are not there, or of another type, cannot be judged.
            missing = [Verdict(c, False, 0, 0, 0, _NO_ROWS, "not judged") for c in self._of_values]
            outcomes = tuple(outcome_of(v, []) for v in self._in_order(structure, missing))
            self.result = self.result.merged(self._found(table.num_rows, 0, 0, outcomes))
            raise self._stop([outcome_of(v, []) for v in structure if not v.success], table)
        verdicts = self._in_order(structure, judge_rows(self._of_values, table))
        rejecting = [v for v in verdicts if v.check.severity == "reject" and v.unexpected]
        bad = np.unique(np.concatenate([v.positions for v in rejecting])) if rejecting else _NO_ROWS
        warnings = [
            (v, np.setdiff1d(v.positions, bad, assume_unique=True))
            for v in verdicts
            if v.check.severity == "warn" and v.unexpected
        ]
        found = self._found(
            table.num_rows,
            len(bad),
            sum(len(positions) for _, positions in warnings),
            tuple(outcome_of(v, self._samples(v, table)) for v in verdicts),
        )
        self.result = self.result.merged(found)
        if stopped := found.failing("stop"):
            raise self._stop(stopped, table)
        keep = np.ones(table.num_rows, dtype=bool)
        keep[bad] = False
        flags = [self._set_aside(table, rows, [v], "flagged") for v, rows in warnings if len(rows)]
        return Checked(
            kept=table if not len(bad) else table.filter(pa.array(keep)),
            rejects=self._set_aside(table, bad, rejecting, "rejected"),
            flags=pa.concat_batches(flags) if flags else _NOTHING,
        )

    @property
    def _of_values(self) -> list[Check]:
        return [c for c in self.suite.checks if not c.structural]

    def _judge_structure(self, schema: pa.Schema) -> list[Verdict]:
        if self._schema is None or not schema.equals(self._schema):
            self._structure = judge_structure([c for c in self.suite.checks if c.structural], schema)
            self._schema = schema
        return self._structure

    def _in_order(self, structure: list[Verdict], values: list[Verdict]) -> list[Verdict]:
        of_structure, of_values = iter(structure), iter(values)
        return [next(of_structure if c.structural else of_values) for c in self.suite.checks]

    def _found(self, rows: int, rejected: int, flagged: int, outcomes: tuple[Outcome, ...]) -> GateResult:
        suite = self.suite
        return GateResult(suite.gate, suite.source_id, suite.table, rows, rows - rejected, rejected, flagged, outcomes)

    def _samples(self, verdict: Verdict, table: pa.Table) -> list[Sample]:
        rows = verdict.positions[:SAMPLES]
        if not len(rows):
            return []
        part = table.take(pa.array(rows))
        keys, values = self._keys(part), self._values(part, verdict)
        names = (self._file_name(sha) for sha in part["file_sha256"].to_pylist())
        places = zip(names, part["record_no"].to_pylist(), part["byte_offset"].to_pylist(), strict=True)
        return [
            Sample(key, f"{name}, record {record}, byte {offset}", value)
            for key, (name, record, offset), value in zip(keys, places, values, strict=True)
        ]

    def _file_name(self, sha256: str | None) -> str:
        return self.file_names.get(sha256 or "") or f"file {(sha256 or 'unknown')[:12]}"

    def _keys(self, part: pa.Table) -> list[str | None]:
        """The rows' keys, parts joined by "|"; None where a part is missing."""
        parts = [pc.cast(part[name], pa.string()) for name in self.suite.key if name in part.column_names]
        if not parts:
            return [None] * part.num_rows
        return list(pc.binary_join_element_wise(*parts, "|").to_pylist())

    def _values(self, part: pa.Table, verdict: Verdict) -> list[str | None]:
        columns = verdict.check.columns
        texts = [[None if v is None else str(v)[:SHOWN] for v in part[c].to_pylist()] for c in columns]
        if self.suite.personal & set(columns):
            texts = [[mask(v) for v in column] for column in texts]
        else:
            texts = [
                t if c.endswith("_key") else [v and mask_within(v) for v in t]
                for c, t in zip(columns, texts, strict=True)
            ]
        if len(columns) == 1:
            return texts[0]
        return [", ".join(f"{c}={v}" for c, v in zip(columns, row, strict=True)) for row in zip(*texts, strict=True)]

    def _set_aside(self, table: pa.Table, rows: np.ndarray, failed: list[Verdict], disposition: str) -> pa.RecordBatch:
        """Rows of the reject store: one a row, naming every check that it failed, the first one's column in front."""
        if not len(rows):
            return _NOTHING
        part = table.take(pa.array(rows))
        size = len(rows)
        column: list[str | None] = [None] * size
        value: list[str | None] = [None] * size
        reason = [""] * size
        message: list[list[str]] = [[] for _ in range(size)]
        for verdict in failed:
            places = np.searchsorted(rows, np.intersect1d(verdict.positions, rows, assume_unique=True))
            shown = self._values(part.take(pa.array(places)), verdict)
            for place, text in zip(places.tolist(), shown, strict=True):
                if not message[place]:
                    column[place], value[place] = ", ".join(verdict.check.columns), text
                    reason[place] = verdict.check.reason if disposition == "rejected" else "GATE"
                message[place].append(f"{verdict.check.says} [{verdict.check.name}]")
        there = set(part.column_names)
        made = {
            "file_name": [self.file_names.get(sha) for sha in part["file_sha256"].to_pylist()],
            "step": ["check"] * size,
            "entity": [self.suite.table] * size,
            "source_key": self._keys(part) if self.suite.gate != "raw" else [None] * size,
            "account_key": part["account_key"] if "account_key" in there and self.suite.gate != "raw" else None,
            "disposition": [disposition] * size,
            "level": ["record" if disposition == "rejected" else "attribute"] * size,
            "reason": reason,
            "field": column,
            "value_masked": value,
            "message": ["; ".join(texts) for texts in message],
            "amount": part[self.suite.amount] if self.suite.amount in there else None,
            "currency": part["currency"] if "currency" in there and self.suite.amount in there else None,
        }
        columns = []
        for schema_field in REJECTS:
            given = part[schema_field.name] if schema_field.name in LINEAGE_NAMES else made.get(schema_field.name)
            if given is None:
                columns.append(pa.nulls(size, schema_field.type))
            elif isinstance(given, pa.ChunkedArray):
                columns.append(given.combine_chunks().cast(schema_field.type))
            else:
                columns.append(pa.array(given, schema_field.type))
        return pa.record_batch(columns, schema=REJECTS)

    def _stop(self, stopped: list[Outcome], table: pa.Table) -> SourceError:
        first = stopped[0]
        what = f"{first.says} ({first.unexpected} of {table.num_rows} rows)" if first.unexpected else first.says
        seen = f"; found {first.observed}" if first.observed else ""
        named = ", ".join(f"{s.key} ({s.place})" for s in first.samples[:3])
        more = f"; {len(stopped) - 1} more checks stop" if len(stopped) > 1 else ""
        return SourceError(
            f"suite {self.suite.name} stops: {what}{seen}{f', such as {named}' if named else ''}{more}",
            source_id=self.suite.source_id,
            table=self.suite.table,
            remedy="compare the delivery with the source's declaration; the run's Data Docs show every check",
        )


_NO_ROWS = np.empty(0, dtype=np.int64)
_NOTHING = pa.RecordBatch.from_pylist([], schema=REJECTS)
