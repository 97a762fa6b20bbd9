from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import context


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder of a command: `sources`, `in`, a store, and no context of another test."""
    monkeypatch.setenv("BLUELINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BLUELINE_SOURCES", str(tmp_path / "sources"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sources").mkdir()
    (tmp_path / "in").mkdir()
    context.context.cache_clear()
    yield tmp_path
    context.context.cache_clear()
