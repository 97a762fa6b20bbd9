"""A small declared source for the tests of the transforms."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from billing.spec import SourceSpec

EXTRACTED_ON = dt.date(2003, 9, 30)


@pytest.fixture
def make_spec() -> Callable[..., SourceSpec]:
    """Build a spec out of entity mappings (as TOML has them); every table named in them is declared."""

    def make(*entities: dict[str, Any], tables: tuple[str, ...] = (), **keys: Any) -> SourceSpec:
        names = dict.fromkeys([*(e["from"] for e in entities), *tables])
        files = [{"name": n, "pattern": n, "format": "delimited", "code_page": "cp1250"} for n in names]
        base = {"id": "here", "title": "Here", "system": "none", "zone": "22", "currencies": ["PLN", "PLZ"],
                "delivery": {"extracted_on": EXTRACTED_ON}, "files": files, "entities": list(entities)}  # fmt: skip
        return SourceSpec.model_validate(base | keys)

    return make
