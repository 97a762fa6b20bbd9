"""Where other projects' files lie, for tests that compare with them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
ROOT = Path(os.environ.get("BLUELINE_CONFORMANCE_DATA", PROJECT / "../shared/data"))


def folder(name: str) -> Path:
    """A folder of other projects' files."""
    return ROOT / name


def needs(path: Path) -> pytest.MarkDecorator:
    """Skip, saying so, where a folder is not there."""
    return pytest.mark.skipif(
        not path.is_dir(), reason=f"{path} is not there; set BLUELINE_CONFORMANCE_DATA to compare with its files"
    )
