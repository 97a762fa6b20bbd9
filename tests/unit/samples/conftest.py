from __future__ import annotations

import pytest
from small_delivery import Delivered, deliver


@pytest.fixture(scope="session")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    return deliver(tmp_path_factory.mktemp("delivered"), subscribers=2400)
