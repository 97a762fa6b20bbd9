"""Where other projects' files lie, for tests that compare with them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import pytest

from billing.errors import SourceError

T = TypeVar("T")

PROJECT = Path(__file__).parents[2]
PAGES = ("utf-8", "cp852", "cp1250", "cp1252", "cp437", "mazovia")
ROOT = Path(os.environ.get("BLUELINE_CONFORMANCE_DATA", PROJECT / "../shared/data"))


def folder(name: str) -> Path:
    """A folder of other projects' files."""
    return ROOT / name


def with_a_page_that_fits(read: Callable[[str], T], pages: Iterable[str] = PAGES) -> T:
    """Read a text with the first code page that its bytes do not contradict, as a person would try one by one."""
    pages = list(pages)
    for page in pages:
        try:
            return read(page)
        except SourceError as error:
            if "contradict the declared code page" not in error.message or page == pages[-1]:
                raise
    raise AssertionError("no page to try")


def needs(path: Path) -> pytest.MarkDecorator:
    """Skip, saying so, where a folder is not there."""
    return pytest.mark.skipif(
        not path.is_dir(), reason=f"{path} is not there; set BLUELINE_CONFORMANCE_DATA to compare with its files"
    )
