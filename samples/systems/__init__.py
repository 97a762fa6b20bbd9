"""One module for each kind of legacy system: how it writes the same subscribers and the same money."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from samples.plan import Region
from samples.systems.base import System


def open_system(region: Region, folder: Path, *, as_of: int) -> System:
    """Start writing a region's delivery.

    Args:
        region: Which region, of which system.
        folder: Where its files go; it is made.
        as_of: Cut-off date that headers of files state, in days since 1970-01-01.
    """
    made: Callable[..., System] = import_module(f"samples.systems.{region.system}").make
    folder.mkdir(parents=True, exist_ok=True)
    return made(region, folder, as_of)
