"""Fixtures of the extractors' tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from extractor_probe import Decoded, declare, landed, run


@pytest.fixture
def decoded(tmp_path: Path):
    """Write bytes, declare them as a file `konta`, decode them."""

    def make(
        data: bytes, *, batch_rows: int = 1000, name: str = "konta.dat", key: str = "NR", amount: str = "SALDO",
        table: str = "konta", **spec: Any,
    ) -> Decoded:  # fmt: skip
        path = tmp_path / name
        path.write_bytes(data)
        source = declare([{"name": "konta", "pattern": name, **spec}], key=key, amount=amount, table=table)
        return run(source, landed(path), batch_rows=batch_rows)

    return make
