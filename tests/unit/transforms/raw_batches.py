"""Raw batches with lineage, as the decoders make them."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from billing.lineage import LINEAGE, lineage_columns
from billing.spec import EntityMap, SourceSpec


def raw_batch(columns: dict[str, Any]) -> pa.RecordBatch:
    """Columns (lists are text) with lineage: record numbers from 1, records of 10 bytes."""
    arrays = {n: c if isinstance(c, pa.Array) else pa.array(c, pa.string()) for n, c in columns.items()}
    rows = len(next(iter(arrays.values())))
    numbers = pa.array(range(1, rows + 1), pa.int64())
    offsets = pa.array([10 * i for i in range(rows)], pa.int64())
    lineage = lineage_columns("here", "f" * 64, numbers, offsets, pa.array([10] * rows, pa.int32()))
    schema = pa.schema([*(pa.field(n, a.type) for n, a in arrays.items()), *LINEAGE])
    return pa.RecordBatch.from_arrays([*arrays.values(), *lineage], schema=schema)


def first_map(spec: SourceSpec) -> EntityMap:
    return spec.entities[0]
