"""What the two systems of dBASE tables have in common."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from samples.dbf import DbfField, DbfTable
from samples.plan import Region
from samples.systems.base import SteppedSystem
from samples.text import calendar


class DbfSystem(SteppedSystem):
    """Opens its tables and closes them.

    Attributes:
        layouts: Table -> its fields.
        code_page: Of the texts.
        language: Language driver byte of the headers.
        tables: Table -> what writes it.
    """

    layouts: ClassVar[dict[str, list[DbfField]]]
    code_page: ClassVar[str]
    language: ClassVar[int]

    def __init__(self, region: Region, folder: Path, as_of: int) -> None:
        super().__init__(region, folder, as_of)
        year, month, day = (int(part[0]) for part in calendar(np.array([as_of])))
        self.tables = {
            name: DbfTable(folder / f"{name}.DBF", fields, self.code_page, self.language, (year, month, day))
            for name, fields in self.layouts.items()
        }

    def close(self) -> None:
        """Finish every table."""
        for table in self.tables.values():
            table.close()
        super().close()
