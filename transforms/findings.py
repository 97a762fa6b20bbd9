"""What the rules of a batch found, written where it belongs.

Verdicts go beside their values, rule ids into one column of the row, faults to the rejects.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from billing.model import Entity
from transforms.faults import Faults
from transforms.fillers import Fillers
from transforms.kernels import present
from transforms.marks import Marks

Columns = dict[str, Any]


@dataclass
class Findings:
    """What the rules of a batch found.

    Attributes:
        model: The batch's entity.
        columns: Its columns; verdicts are added.
        faults: Where faulty attributes are flagged.
        notes: Rule ids, a column a value.
        fillers: What was taken for nothing.
    """

    model: Entity
    columns: Columns
    faults: Faults
    notes: list[Any] = field(default_factory=list)
    fillers: Fillers = field(default_factory=Fillers)

    def told(self, name: str, marks: Marks, delivered: Any, *, at: str | None = None) -> None:
        """Write the verdicts on a value, note its rules and flag its faults.

        Args:
            name: Of the value; its status has a column of its own.
            marks: Which rule decided each row.
            delivered: What is shown, masked, of a faulty row.
            at: Field under which a fault is told, where the value is none itself; no text is its filler then.
        """
        self.columns[f"{name}_status"] = marks.status()
        self.flagged(name, marks, delivered, at=at)

    def flagged(self, name: str, marks: Marks, delivered: Any, *, at: str | None = None) -> None:
        """`told` for a value that has no status of its own."""
        for rows, reason, message in marks.findings():
            self.faults.flag(rows, self.model.field(at or name), reason, delivered, message)
        self.notes.append(marks.notes(f"{name}="))
        if at is None:
            there = present(delivered)
            for rows, reason in marks.fillers():
                self.fillers.add(self.model.field(name), delivered, rows & there, reason)

    def rules(self, rows: int) -> Any:
        """All notes of a row, parted by blanks; null where there is none, as in most rows."""
        joined = pa.nulls(rows, pa.string())
        for notes in self.notes:
            if notes.null_count < rows:
                both = pc.and_(joined.is_valid(), notes.is_valid())
                longer = pc.binary_join_element_wise(joined.filter(both), notes.filter(both), " ")
                joined = pc.replace_with_mask(pc.coalesce(joined, notes), both, longer)
        return joined
