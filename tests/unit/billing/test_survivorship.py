"""Rules of survivorship are declared, and a wrong declaration is told whole."""

from pathlib import Path

import pytest

from billing.errors import ContractError
from billing.survivorship import CATALOGUE, FILE, load_survivorship
from transforms.identity.survive import FIELDS, ORDERS


def test_nothing_declared_is_the_catalogue(tmp_path: Path) -> None:
    assert load_survivorship(tmp_path) == {}
    assert set(CATALOGUE) == set(FIELDS)
    assert set(CATALOGUE.values()) == set(ORDERS)


def test_declared_rules_are_read(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('phone = "most_trusted"\nlast_name = "most_frequent"\n')
    assert load_survivorship(tmp_path) == {"last_name": "most_frequent", "phone": "most_trusted"}


def test_every_mistake_is_named_with_its_file(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('phone = "latest"\nshoe_size = "newest"\n')
    with pytest.raises(ContractError) as caught:
        load_survivorship(tmp_path)
    assert "phone: 'latest' is no rule" in caught.value.message
    assert "shoe_size: no field that survives" in caught.value.message
    assert caught.value.where["file"] == str(tmp_path / FILE)
    (tmp_path / FILE).write_text("phone = \n")
    with pytest.raises(ContractError, match="not valid TOML"):
        load_survivorship(tmp_path)
