"""What was delivered and taken for nothing, counted: how often which text stood in which field.

A filler says that there is no value: a word (`brak`), zeros or nines for a date, a text that the source declares as
nothing (`null_values`), a number that nobody has.  There may be one in every row, so they are counted and not listed.
Those that could pass for a value are also told one by one, under the reason that stands beside them, and masked.

>>> found = Fillers()
>>> pesel = ENTITIES["subscriber"].field("pesel")
>>> found.add(pesel, pa.array(["BRAK", "44051401458", "BRAK", None]), np.array([True, False, True, True]))
>>> found.add(pesel, pa.array(["11111111116"]), np.array([True]), "ID-PESEL-FILLER")
>>> dict(found.counts)
{('pesel', 'BRAK', ''): 2, ('pesel', '11*******', 'ID-PESEL-FILLER'): 1}
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billing.lineage import FillerCounts
from billing.model import ENTITIES, Field
from transforms.faults import masked
from transforms.kernels import Bools, dense

__all__ = ["ENTITIES", "Fillers", "np"]

_SHOWN = 24  # characters of a text; no zeros or nines are longer


class Fillers:
    """The fillers of one batch.

    Attributes:
        counts: (field, text, reason under which each is told, empty where none is) -> rows.
    """

    def __init__(self) -> None:
        self.counts: FillerCounts = Counter()

    def add(self, field: Field, delivered: Any, rows: Bools, reason: str = "") -> None:
        """Count the texts of some rows; a row without a text has none.

        Args:
            field: What they were delivered for.
            delivered: As delivered.
            rows: Which of them were taken for nothing.
            reason: Code of the reject store, where each is told, too.
        """
        if not rows.any():
            return
        texts = dense(delivered).filter(pa.array(rows)).drop_null().cast(pa.string())
        texts = pc.utf8_slice_codeunits(pc.utf8_trim_whitespace(texts), 0, _SHOWN)
        for value in pc.value_counts(masked(texts, field) if reason else texts).to_pylist():
            if value["values"]:
                self.counts[field.name, value["values"], reason] += value["counts"]
