"""What a step found wrong in a batch, collected column by column and written as reject rows at the end.

A record that cannot go on is rejected once, for the first fault in the order of the fields; the others are named in
its message.  A fault of a single attribute is `flagged`, and only if its record goes on: otherwise the record's own
reject row says all.  Values are shown as `billing.masking` allows for the field's class of personal data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from billing.lineage import LINEAGE_NAMES, REJECTS, Disposition, no_rejects
from billing.masking import mask_column, mask_within_column
from billing.model import Entity, Field
from billing.reasons import REASONS
from transforms.kernels import Bools, dense

_Rows = npt.NDArray[np.intp]
_SHOWN = 80  # characters of an unmasked value


@dataclass(frozen=True)
class _Fault:
    field: Field
    reason: str
    rows: _Rows
    shown: Any  # masked text per row
    message: str
    disposition: Disposition


class Faults:
    """The faults of one batch.

    Args:
        entity: The canonical entity of the batch.
        rows: Number of rows.
        step: The step that finds them.
    """

    def __init__(self, entity: Entity, rows: int, step: str) -> None:
        self._entity, self._step, self._rows = entity, step, rows
        self._faults: list[_Fault] = []
        self.fatal: Bools = np.zeros(rows, bool)

    def reject(
        self, rows: Bools, field: Field, reason: str, values: Any, message: str = "", *, suspend: bool = False
    ) -> None:
        """The records of these rows cannot go on."""
        self._add(rows, field, reason, values, message=message, disposition="suspended" if suspend else "rejected")
        self.fatal |= rows

    def flag(self, rows: Bools, field: Field, reason: str, values: Any, message: str = "") -> None:
        """The attribute of these rows was set aside or is doubted."""
        self._add(rows, field, reason, values, message=message, disposition="flagged")

    def _add(
        self, rows: Bools, field: Field, reason: str, values: Any, *, message: str, disposition: Disposition
    ) -> None:
        if not rows.any():
            return
        at = np.flatnonzero(rows)
        text = dense(values).take(pa.array(at)).cast(pa.string())
        self._faults.append(
            _Fault(field, reason, at, masked(text, field), f"{field.name}: {message or REASONS[reason]}", disposition)
        )

    def reject_rows(
        self, lineage: list[Any], source_key: Any, account_key: Any, amount: Any | None, currency: Any | None
    ) -> pa.RecordBatch:
        """Everything collected, in the `REJECTS` schema.

        Args:
            lineage: The batch's five lineage columns.
            source_key: The rows' canonical keys (text).
            account_key: Their accounts (text).
            amount: Their control amounts; None where the entity has none.  Only whole records carry it, so that
                no amount is counted twice.
            currency: Their currencies.
        """
        if not self._faults:
            return no_rejects()
        taken = np.zeros(self._rows, bool)
        others = self._others()
        parts = []
        for fault in self._faults:
            rows, shown = fault.rows, fault.shown
            whole = fault.disposition != "flagged"
            wanted = ~taken[rows] if whole else ~self.fatal[rows]
            if not wanted.all():
                rows, shown = rows[wanted], shown.filter(pa.array(wanted))
            if not len(rows):
                continue
            if whole:
                taken[rows] = True
            at = pa.array(rows)
            messages: Any = pa.repeat(fault.message, len(rows))
            if whole and others:
                messages = pa.array([fault.message + others.get((row, fault.field.name), "") for row in rows.tolist()])
            columns = {name: column.take(at) for name, column in zip(LINEAGE_NAMES, lineage, strict=True)}
            columns |= {
                "step": pa.repeat(self._step, len(rows)),
                "entity": pa.repeat(self._entity.name, len(rows)),
                "source_key": source_key.take(at),
                "account_key": account_key.take(at),
                "disposition": pa.repeat(fault.disposition, len(rows)),
                "level": pa.repeat("record" if whole else "attribute", len(rows)),
                "reason": pa.repeat(fault.reason, len(rows)),
                "field": pa.repeat(fault.field.name, len(rows)),
                "value_masked": shown,
                "message": messages,
            }
            if whole and amount is not None:
                columns["amount"] = amount.take(at)
            if whole and currency is not None:
                columns["currency"] = currency.take(at)
            parts.append(
                pa.RecordBatch.from_arrays(
                    [columns[f.name] if f.name in columns else pa.nulls(len(rows), f.type) for f in REJECTS],
                    schema=REJECTS,
                )
            )
        if not parts:
            return no_rejects()
        return pa.Table.from_batches(parts).combine_chunks().to_batches()[0]

    def _others(self) -> dict[tuple[int, str], str]:
        """Of records with several fatal faults: (row, field of the first) -> what else is wrong."""
        fatal = [fault for fault in self._faults if fault.disposition != "flagged"]
        if len(fatal) < 2:
            return {}
        counts = np.zeros(self._rows, np.int32)
        for fault in fatal:
            counts[fault.rows] += 1
        first: dict[int, str] = {}
        found: dict[tuple[int, str], str] = {}
        for fault in fatal:
            for row in fault.rows[counts[fault.rows] > 1].tolist():
                if row not in first:
                    first[row] = fault.field.name
                else:
                    key = (row, first[row])
                    found[key] = found.get(key, "") + f"; also {fault.field.name}: {fault.reason}"
        return found


def masked(values: Any, field: Field) -> Any:
    """Values of a field as a person may see them.

    Args:
        values: Text.
        field: Decides how much is shown.
    """
    if field.personal == "none":
        shown = pc.utf8_slice_codeunits(values, 0, _SHOWN)
        return shown if field.name.endswith("_key") else mask_within_column(shown)
    return mask_column(values)


def key_of(entity: Entity, columns: dict[str, Any]) -> Any:
    """The rows' canonical keys, parts joined by `|`; null where a part is missing."""
    parts = [columns[name].cast(pa.string()) for name in entity.key]
    return parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, "|")
