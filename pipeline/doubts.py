"""What the raw gate doubted and no later step spoke of.

The gate looks at raw values before anybody has read them: a number that is none, a code that the code list does not
have.  Conform reads the same values and says the same with more weight, so a value that both named is told once, by
conform.  What remains is what the gate alone found odd.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from billing.spec import EntityMap
from pipeline.context import Context
from pipeline.store import Manifest, read_batches

_KEY = ("file_sha256", "record_no", "table", "column")


def with_rejects(steps: Mapping[str, Manifest]) -> list[Manifest]:
    """Of a source's steps those whose rejects are told: once conform is done, it speaks for the raw gate, too."""
    silent = "check_raw" if "conform" in steps else ""
    return [manifest for name, manifest in steps.items() if manifest.rejects and name != silent]


@dataclass
class Doubts:
    """The findings of the raw gate, less those that conform answered.

    Attributes:
        ctx: The process's context.
        gate: The manifest of `check_raw`.
    """

    ctx: Context
    gate: Manifest
    _answered: list[pa.Table] = field(default_factory=list)

    def answer(self, mapping: EntityMap, findings: pa.RecordBatch) -> None:
        """Note what conform said of a mapping's rows: of a rejected record everything, else of the field's columns."""
        if self.gate.rejects is None or findings.num_rows == 0:
            return
        everything = sorted({column for rule in mapping.fields.values() for column in rule.inputs})
        whole = pc.equal(findings["level"], "record")
        self._note(mapping.table, everything, findings.filter(whole))
        for name in pc.unique(findings["field"]).drop_null().to_pylist():
            rule = mapping.fields.get(name)
            of_field = pc.and_(pc.invert(whole), pc.equal(findings["field"], name))
            self._note(mapping.table, rule.inputs if rule else (), findings.filter(of_field))

    def _note(self, table: str, columns: tuple[str, ...] | list[str], findings: pa.RecordBatch) -> None:
        rows = findings.num_rows
        for column in columns if rows else ():
            places = [findings["file_sha256"], findings["record_no"]]
            names = [pa.repeat(pa.scalar(name, pa.string()), rows) for name in (table, column)]
            self._answered.append(pa.table([*places, *names], names=_KEY))

    def left(self) -> Iterator[pa.RecordBatch]:
        """The gate's findings that nobody answered, as they were."""
        if self.gate.rejects is None:
            return
        answered = pa.concat_tables(self._answered) if self._answered else None
        for batch in read_batches(self.ctx.store, self.gate.rejects, self.ctx.settings.batch_rows):
            yield batch if answered is None else _without(batch, answered)


def _without(batch: pa.RecordBatch, answered: pa.Table) -> pa.RecordBatch:
    asked = pa.table(
        [batch[name] for name in ("file_sha256", "record_no", "entity", "field")], names=_KEY
    ).append_column("row", pa.array(range(batch.num_rows), pa.int64()))
    left = asked.join(answered, list(_KEY), join_type="left anti")["row"]
    return batch.take(left.sort().combine_chunks()) if len(left) < batch.num_rows else batch
