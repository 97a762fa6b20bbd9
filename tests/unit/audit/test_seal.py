from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from audit.seal import FIRST, canonical, seal_of
from billing.errors import ContractError


def test_one_content_has_one_text() -> None:
    one = canonical({"b": Decimal("1.50"), "a": [dt.date(2003, 12, 1), "Łódź"]})
    assert one == '{"a":["2003-12-01","Łódź"],"b":"1.50"}'
    assert canonical({"a": ["2003-12-01", "Łódź"], "b": "1.50"}) == one


def test_every_character_and_every_predecessor_counts() -> None:
    seals = {seal_of(FIRST, "{}"), seal_of(FIRST, "{ }"), seal_of("1" + FIRST[1:], "{}")}
    assert len(seals) == 3
    assert all(len(s) == 64 for s in seals)


def test_value_without_exact_form_is_refused() -> None:
    with pytest.raises(ContractError, match="set has no exact form"):
        canonical({"a": {1, 2}})
