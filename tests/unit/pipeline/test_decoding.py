"""`blueline decode`: every table and reject of a file, by its spec alone."""

import json
import sqlite3
import stat

import pyarrow.parquet as pq
import pytest
from dbf_bytes import table
from typer.testing import CliRunner

from billing.errors import ContractError
from billing.registry import load_source, load_spec
from pipeline import cli
from pipeline.decoding import decode_files

SPEC = """
id = "torun"
title = "Torun"
system = "spreadsheets"
zone = "56"
delivery = {extracted_on = 2003-09-30}

[[files]]
name = "konta"
format = "delimited"
pattern = "konta*.csv"
code_page = "cp1250"

[[files]]
name = "stany"
format = "delimited"
pattern = "stany.csv"
code_page = "cp1250"

[[files]]
name = "baza"
format = "sql"
pattern = "*.sqlite"
results = [{name = "wplaty", source = "wplaty", key = ["nr"]}]
"""
DBF = """
id = "torun"
title = "Torun"
system = "dBASE"
delivery = {extracted_on = 2003-09-30}

[[files]]
name = "abon"
format = "dbf"
pattern = "ABON.DBF"
code_page = "cp852"

[[files]]
name = "konta"
format = "dbf"
pattern = "KONTA.DBF"
code_page = "cp852"
"""
ENTITY = """
[[entities]]
name = "account"
from = "konta"
[entities.fields]
account_key = "NR"
subscriber_key = "ABONENT"
account_no = "NR"
opened_on = {value = "2001-01-01", format = "YYYY-MM-DD"}
opening_balance = {value = "0"}
closing_balance = {column = "SALDO", decimal = ","}
balance_on = {value = "2003-09-30", format = "YYYY-MM-DD"}
currency = {value = "PLN"}
status = {column = "STAN", lookup = {table = "stany", key = "KOD", take = "ZNACZY"}, map = {czynne = "active"}}
"""
KONTA = "NR;ABONENT;SALDO;STAN\n1;A;12,50;1\n2;Ł;x;1\n3;C\n"


@pytest.fixture
def here(tmp_path):
    (tmp_path / "any.toml").write_text(SPEC, encoding="utf-8")
    (tmp_path / "konta_1.csv").write_bytes(KONTA.encode("cp1250"))
    (tmp_path / "stany.csv").write_bytes(b"KOD;ZNACZY\n1;czynne\n")
    return tmp_path


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_raw_tables_and_rejects_without_a_mapping(here):
    done = decode_files(load_spec(here / "any.toml"), [here / "konta_1.csv"], here / "out")
    assert [p.name for p in done.paths] == ["konta.jsonl", "konta.rejects.jsonl"]
    rows = lines(here / "out" / "konta.jsonl")
    assert [(r["NR"], r["ABONENT"], r["SALDO"], r["record_no"]) for r in rows] == [
        ("1", "A", "12,50", 2), ("2", "Ł", "x", 3),
    ]  # fmt: skip
    [reject] = lines(here / "out" / "konta.rejects.jsonl")
    assert (reject["reason"], bytes.fromhex(reject["raw"])) == ("REC-COLUMNS", b"3;C\n")
    assert done.rows == {"konta": 2}
    assert done.aside == {("rejected", "REC-COLUMNS"): 1}
    assert {stat.S_IMODE(p.stat().st_mode) for p in done.paths} == {0o600}
    assert {p.name for p in (here / "out").iterdir()} == {"konta.jsonl", "konta.rejects.jsonl"}


def test_an_entity_is_conformed_with_its_lookups(here):
    (here / "any.toml").write_text(SPEC + ENTITY, encoding="utf-8")
    files = [here / "konta_1.csv", here / "stany.csv"]
    done = decode_files(load_spec(here / "any.toml"), files, here / "out", kind="parquet", entity="account")
    [row] = pq.read_table(here / "out" / "account.parquet").to_pylist()
    assert (row["account_key"], str(row["closing_balance"]), row["status"]) == ("1", "12.50", "active")
    rejects = pq.read_table(here / "out" / "account.rejects.parquet")
    assert rejects["reason"].to_pylist() == ["REC-COLUMNS", "NUM-TEXT"]
    assert done.rows == {"account": 1}
    with pytest.raises(ContractError, match="looks values up in stany"):
        decode_files(load_spec(here / "any.toml"), files[:1], here / "out", entity="account")
    with pytest.raises(ContractError, match="account is made of konta; these files yield stany"):
        decode_files(load_spec(here / "any.toml"), files[1:], here / "out", entity="account")


def test_a_database_is_dumped_first(here):
    with sqlite3.connect(here / "torun.sqlite") as db:
        db.execute("CREATE TABLE wplaty (nr INTEGER, kwota TEXT)")
        db.execute("INSERT INTO wplaty VALUES (2, '1.10'), (1, '0.10')")
    decode_files(load_spec(here / "any.toml"), [here / "torun.sqlite"], here / "out")
    assert [(r["nr"], r["kwota"]) for r in lines(here / "out" / "wplaty.jsonl")] == [("1", "0.10"), ("2", "1.10")]
    assert lines(here / "out" / "wplaty.rejects.jsonl") == []


def test_a_file_that_no_spec_fits_is_told_the_choice(here):
    (here / "inne.csv").write_bytes(KONTA.encode("cp1250"))
    with pytest.raises(ContractError, match="no file spec fits"):
        decode_files(load_spec(here / "any.toml"), [here / "inne.csv"], here / "out")
    done = decode_files(load_spec(here / "any.toml"), [here / "inne.csv"], here / "out", file_name="konta")
    assert done.rows == {"konta": 2}


def test_a_memo_is_read_with_its_table_and_is_no_file_of_its_own(here):
    (here / "any.toml").write_text(DBF, encoding="utf-8")
    fields = [("NR", "N", 1, 0), ("UWAGI", "M", 10, 0)]
    (here / "ABON.DBF").write_bytes(table([(b" ", "7", "         1")], fields=fields, version=0x83))
    memo = bytes(512) + b"zalega\x1a\x1a".ljust(512, b"\0")
    (here / "abon.dbt").write_bytes(memo)
    (here / "OBCE.DBT").write_bytes(memo)
    decode_files(load_spec(here / "any.toml"), [here / "abon.dbt", here / "ABON.DBF"], here / "out")
    assert [(r["NR"], r["UWAGI"]) for r in lines(here / "out" / "abon.jsonl")] == [("7", "zalega")]
    with pytest.raises(ContractError, match="no file spec fits"):
        decode_files(load_spec(here / "any.toml"), [here / "ABON.DBF", here / "OBCE.DBT"], here / "out")
    (here / "other").mkdir()
    away = (here / "abon.dbt").rename(here / "other" / "abon.dbt")
    with pytest.raises(ContractError, match="no file spec fits"):  # it is not what the table is read with
        decode_files(load_spec(here / "any.toml"), [here / "ABON.DBF", away], here / "out")


def test_a_stopped_file_leaves_the_former_output(here):
    (here / "out").mkdir()
    (here / "out" / "konta.jsonl").write_text("{}\n")
    (here / "konta_1.csv").write_bytes(b"NR;ABONENT;SALDO;STAN\n1;A;12,50;1\n2;A")
    told = CliRunner().invoke(
        cli.app, ["decode", str(here / "konta_1.csv"), "-s", str(here / "any.toml"), "-o", str(here / "out")]
    )
    assert told.exit_code == 1
    assert "truncated" in str(told.exception)
    assert {p.name: p.read_text() for p in (here / "out").iterdir()} == {"konta.jsonl": "{}\n"}


def test_a_source_without_a_mapping_is_none_for_the_pipeline(here):
    folder = here / "torun"
    folder.mkdir()
    (folder / "source.toml").write_text(SPEC, encoding="utf-8")
    with pytest.raises(ContractError, match="entities: missing"):
        load_source(folder)
