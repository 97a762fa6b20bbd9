from pathlib import Path

import pytest

RECORDS = Path(__file__).parents[2] / "support" / "polish_records.txt"


@pytest.fixture(scope="session")
def records() -> list[str]:
    """Hand-written records: `name;street;locality`, none of which the product's lists were made from."""
    lines = RECORDS.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


@pytest.fixture
def write(tmp_path):
    """Writes bytes, or text in a code page, to a file."""

    def written(name: str, content: bytes | str, page: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(page))
        return path

    return written
