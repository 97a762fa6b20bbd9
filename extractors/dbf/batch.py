"""One batch of a DBF table under way, as the decoders of its fields see it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from extractors.cells import Cells, apart
from extractors.codepages.text import PageText
from extractors.damage import DamageReport
from extractors.dbf.header import DbfHeader
from extractors.dbf.layout import SYSTEM, DbfField
from extractors.dbf.memo import MemoFile


@dataclass(frozen=True)
class Batch:
    """One batch under way.

    Attributes:
        block: uint8[n, record length].
        header: The table's.
        text: Reads its code page.
        memo: The memo file, where there is one.
        may_lack_memo: The source knows that there is none.
        damage: Takes the values that cannot be read.
        where: What errors say about the place.
    """

    block: NDArray[np.uint8]
    header: DbfHeader
    text: PageText
    memo: MemoFile | None
    may_lack_memo: bool
    damage: DamageReport
    where: dict[str, str]

    def columns(self) -> Iterator[tuple[DbfField, Cells]]:
        """Every field that has values, with its bytes."""
        fields = [field for field in self.header.fields if field.type != SYSTEM]
        spans = [(field.start, field.start + field.length) for field in fields]
        return zip(fields, apart(self.block, spans), strict=True)

    def flagged(self, bit: int | None) -> NDArray[np.bool_] | None:
        """bool[n], the rows in which a bit of the system field is set; None where no row has it, or no bit is asked.

        Args:
            bit: Number of the bit, counted from the lowest of the system field's first byte.
        """
        system = self.header.system
        if bit is None or system is None:
            return None
        rows = (self.block[:, system.start + bit // 8] >> (bit % 8)) & 1 == 1
        return rows if rows.any() else None
