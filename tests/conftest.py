"""What holds for every test."""

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def own_logs() -> Iterator[None]:
    """Give back structlog's own configuration: a command that a test runs configures logs for the whole process."""
    yield
    structlog.reset_defaults()
