"""A wrong declaration is an error at start that names file, key and remedy."""

import pytest

from billing.errors import ContractError
from billing.registry import load_registry, load_source

GOOD = """
id = "torun"
title = "Torun"
system = "a table"
[delivery]
extracted_on = 2003-09-30
[[files]]
name = "abon"
format = "dbf"
pattern = "*.DBF"
code_page = "mazovia"
[[entities]]
name = "subscriber"
from = "abon"
[entities.fields]
subscriber_key = "NR"
"""


@pytest.fixture
def declare(tmp_path):
    def write(text, folder="torun"):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "source.toml").write_text(text, encoding="utf-8")
        return tmp_path / folder

    return write


def test_a_sound_declaration_is_read(declare):
    assert load_source(declare(GOOD)).spec.files[0].tables == ("abon",)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('code_page = "mazovia"', 'code_page = "mazovia"\ncodepage = "x"'), "files[abon].codepage: unknown key"),
        (('code_page = "mazovia"', ""), "files[abon].code_page: missing"),
        (("2003-09-30", '"yesterday"'), "delivery.extracted_on"),
        (('format = "dbf"', 'format = "dbase"'), "files[abon].format: 'dbase' is none of camt053"),
        (('subscriber_key = "NR"', 'subscriber_key = "NR"\nshoe_size = "X"'), "subscriber has no field shoe_size"),
        (('subscriber_key = "NR"', 'name = "N"'), "subscriber needs subscriber_key"),
        (('from = "abon"', 'from = "abn"'), "reads 'abn'; the files yield abon"),
        (('subscriber_key = "NR"', 'subscriber_key = { column = "NR", value = "1" }'), "exactly one of column"),
        (('id = "torun"', 'id = "plock"'), "id is 'plock' but the folder is 'torun'"),
        (('id = "torun"', "id = torun"), "not valid TOML"),
    ],
)
def test_a_wrong_declaration_names_file_key_and_remedy(declare, change, told):
    with pytest.raises(ContractError) as caught:
        load_source(declare(GOOD.replace(*change)))
    assert told in str(caught.value)
    assert "torun/source.toml" in str(caught.value)
    assert caught.value.remedy


def test_every_wrong_declaration_is_named_not_only_the_first(declare, tmp_path):
    declare(GOOD.replace('system = "a table"', ""))
    declare(GOOD.replace('id = "torun"', 'id = "opole"').replace('title = "Torun"', ""), "opole")
    with pytest.raises(ContractError) as caught:
        load_registry(tmp_path)
    assert "opole/source.toml" in str(caught.value)
    assert "torun/source.toml" in str(caught.value)


def test_no_declaration_at_all_is_an_error(tmp_path):
    with pytest.raises(ContractError, match="no source is declared"):
        load_registry(tmp_path)
    with pytest.raises(ContractError, match="does not exist"):
        load_registry(tmp_path / "nowhere")
