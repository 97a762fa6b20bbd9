"""An installation of its own for the end-to-end tests: three regions, a free port, nothing shared with another."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline import service
from pipeline.airflow import free_port

ROOT = Path(__file__).parents[2]
REGIONS = ("krakow", "lodz", "poznan")
SUBSCRIBERS = "6000"  # of all regions together


@dataclass(frozen=True)
class Installation:
    """Where everything is, and how its commands are run."""

    home: Path
    environment: dict[str, str]
    regions: tuple[str, ...] = REGIONS

    def demo(self) -> subprocess.CompletedProcess[str]:
        """What `make demo` runs, with fewer subscribers."""
        return self.run("-m", "pipeline.demo", "--subscribers", SUBSCRIBERS)

    def run(self, *command: str, timeout: float = 900) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *command],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("e2e")
    sources = folder / "sources"
    sources.mkdir()
    for region in REGIONS:
        (sources / region).symlink_to(ROOT / "sources" / region)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AIRFLOW", "BLUELINE"))}
    environment = {
        **kept,
        "BLUELINE_HOME": str(folder / "home"),
        "BLUELINE_SOURCES": str(sources),
        "BLUELINE_UI_PORT": str(free_port()),
        "BLUELINE_REPORTS_PORT": str(free_port()),
        "COLUMNS": "200",
    }
    try:
        yield Installation(folder / "home", environment)
    finally:
        service.down(folder / "home")


@pytest.fixture
def damaged() -> Iterator[Callable[[Path, int], None]]:
    """Cut a file to so many bytes for the length of a test."""
    with contextlib.ExitStack() as stack:

        def cut(path: Path, length: int) -> None:
            whole = path.read_bytes()
            stack.callback(path.write_bytes, whole)
            path.write_bytes(whole[:length])

        yield cut
