"""This project's reader with the habits of the other one that no source should ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from extractors.copybook.fields import Field
from extractors.copybook.reader import Defect, RecordReader
from extractors.copybook.tree import Column

_UP_TO_BLANK = "".join(map(chr, range(0x21)))


@dataclass
class OtherReader(RecordReader):
    """Reads as the other reader does.

    Attributes:
        blank_is_zero: A blank number with implied decimals is 0; one without is null.
        charsets: Python's name of the charset of single texts of an ASCII file, by the item's name.
    """

    blank_is_zero: bool = False
    charsets: Mapping[str, str] = field(default_factory=dict)

    def _column(self, place: Field, cell: NDArray[np.uint8], defects: dict[int, list[Defect]]) -> Column:
        own = self.charsets.get(place.item.label) if place.item is not None else None
        if own is not None:
            how = replace(self.how, charset=own)
            return replace(self, how=how, charsets={})._column(place, cell, defects)
        column = super()._column(place, cell, defects)
        values = column.values
        if place.kind in ("text", "national"):
            values = [self._trimmed(value) for value in values]
        elif self.blank_is_zero and place.kind == "zoned" and place.scale > 0:
            zero = Decimal(0).scaleb(-place.scale)
            blank = ((cell == self.page.blank) | (cell == 0)).all(axis=1).tolist()
            values = [zero if value is None and empty else value for value, empty in zip(values, blank, strict=True)]
        return Column(values, column.raw)

    def _trimmed(self, value: Any) -> Any:
        """It trims control characters like blanks."""
        if not isinstance(value, str) or self.how.trim == "none":
            return value
        if self.how.trim != "right":
            value = value.lstrip(_UP_TO_BLANK)
        return value if self.how.trim == "left" else value.rstrip(_UP_TO_BLANK)
