"""One module for each kind of legacy system: how it writes the same subscribers and the same money."""

from __future__ import annotations

from pathlib import Path

from samples.plan import Region
from samples.systems.base import System
from samples.systems.dbf_cp852 import DbfCp852
from samples.systems.dbf_mazovia import DbfMazovia
from samples.systems.delimited import Delimited
from samples.systems.fixed_width import FixedWidth
from samples.systems.mainframe_fixed import MainframeFixed
from samples.systems.mainframe_variable import MainframeVariable
from samples.systems.sql_database import SqlDatabase
from samples.systems.xml_document import XmlDocument

WRITERS: dict[str, type[System]] = {
    "mainframe_fixed": MainframeFixed, "mainframe_variable": MainframeVariable, "dbf_mazovia": DbfMazovia,
    "dbf_cp852": DbfCp852, "delimited": Delimited, "fixed_width": FixedWidth, "xml_document": XmlDocument,
    "sql_database": SqlDatabase,
}  # fmt: skip


def open_system(region: Region, folder: Path, *, as_of: int) -> System:
    """Start writing a region's delivery.

    Args:
        region: Which region, of which system.
        folder: Where its files go; it is made.
        as_of: Cut-off date that headers of files state, in days since 1970-01-01.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return WRITERS[region.system](region, folder, as_of)
