"""`blueline normalise`: JSON lines in the order of the values, and wrong use told in one piece."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from billing.errors import ContractError, SourceError
from billing.model import STATUSES
from pipeline import cli
from transforms.explanations import KINDS

runner = CliRunner()

SPEC = """
id = "torun"
title = "Toruń"
system = "none"
zone = "56"
delivery = { extracted_on = 2003-09-30 }
renumbering = [{ digits = 6, old = "2", new = "5662" }]
name_order = "given_first"
[[files]]
name = "S"
pattern = "*.csv"
format = "delimited"
code_page = "utf-8"
"""


def run(*args, **keys):
    done = runner.invoke(cli.app, ["normalise", *args], **keys)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_values_of_the_command_line():
    told = run("--kind", "phone", "--zone", "22", "625-12-34 w. 12", "(0-22) 625 12 34", "331511")
    assert [(t["value"], t["status"], t["rule"]) for t in told] == [
        ("+48226251234", "repaired", "phone.zone"), ("+48226251234", "ok", "phone.plain"),
        (None, "unparsed", "phone.old-length"),
    ]  # fmt: skip
    assert list(told[0]) == ["kind", "raw", "value", "status", "rule", "says", "confidence", "parts"]


@pytest.mark.parametrize(
    ("args", "value", "rule"),
    [
        (["-k", "pesel", "--on", "2003-09-30", "90090515836"], "90090515836", "pesel.minor"),
        (["-k", "pesel", "--birth", "1944-05-14", "44501401458"], "44051401458", "pesel.swap"),
        (["-k", "name", "--given-first", "Jan Stanisław"], "Jan Stanisław", "name.two-given"),
        (["-k", "amount", "--currency", "PLZ", "--decimal", ",", "123450,00"], "12.35", "amount.old-zloty"),
        (["-k", "amount", "--scale", "2", "--", "-12345"], "-123.45", "amount.implied"),
        (["-k", "date", "--format", "YYMMDD", "--pivot", "31", "310101"], "1931-01-01", "date.pivot"),
        (["-k", "address", "--city", "Krępa", "Krępa 15"], "15, Krępa", "address.plain"),
        (["-k", "document", "--document", "passport", "AB1234567"], "AB1234567", "document.booklet"),
    ],
)
def test_what_is_known_beside_the_value_counts(args, value, rule):
    (told,) = run(*args)
    assert (told["value"], told["rule"]) == (value, rule)


def test_a_file_and_standard_input_give_one_line_a_value(tmp_path):
    path = tmp_path / "names.txt"
    path.write_bytes("\ufeffKOWALSKI JAN\r\n\r\nŻÓŁĆ ŁUCJA".encode())
    assert [t["value"] for t in run("-k", "name", "-f", str(path))] == ["Jan Kowalski", None, "Łucja Żółć"]
    assert [t["value"] for t in run("-k", "nip", "-f", "-", input="526-025-09-95\n")] == ["5260250995"]


def test_a_declaration_gives_what_is_known_of_its_source(tmp_path):
    path = tmp_path / "source.toml"
    path.write_text(SPEC, encoding="utf-8")
    told = run("-k", "phone", "--spec", str(path), "6221234", "212345")
    assert [t["value"] for t in told] == ["+48566221234", "+48566212345"]
    assert run("-k", "name", "-s", str(path), "Jan Stanisław")[0]["parts"]["last_name"] == "Stanisław"
    assert run("-k", "pesel", "-s", str(path), "90090515836")[0]["rule"] == "pesel.minor"


@pytest.mark.parametrize(
    ("args", "error", "says"),
    [
        (["-k", "name"], ContractError, "there is no value"),
        (["-k", "phone", "--zone", "99", "1"], ContractError, "--zone '99'"),
        (["-k", "date", "--format", "YY", "1"], ContractError, "--format 'YY'"),
        (["-k", "pesel", "--on", "30.09.2003", "1"], ContractError, "write YYYY-MM-DD"),
        (["-k", "amount", "--currency", "EUR", "1"], ContractError, "one of PLN, PLZ"),
        (["-k", "name", "-f", "nowhere.txt"], SourceError, "nowhere.txt"),
    ],
)
def test_wrong_use_is_told(args, error, says):
    with pytest.raises(error) as told:
        run(*args)
    assert says in str(told.value)


def test_a_file_that_is_no_text_is_told_with_its_place(tmp_path):
    path = tmp_path / "names.txt"
    path.write_bytes(b"KOWALSKI JAN\n" + "ŻÓŁĆ".encode("cp1250"))
    with pytest.raises(SourceError, match="line 2, byte 13: not UTF-8"):
        run("-k", "name", "-f", str(path))
    path.write_bytes(b"x" * 70_000)
    with pytest.raises(SourceError, match="longer than"):
        run("-k", "name", "-f", str(path))


def test_an_unknown_kind_names_the_known_ones():
    done = runner.invoke(cli.app, ["normalise", "--kind", "shoe", "42"])
    assert done.exit_code == 2 and "pesel" in done.output


def test_the_page_shows_what_the_command_prints():
    page = (Path(__file__).parents[3] / "docs" / "normalisation.md").read_text(encoding="utf-8")
    shown = next(line for line in page.splitlines() if line.startswith("{"))
    assert json.loads(shown) == run("--kind", "phone", "--zone", "22", "625-12-34 w. 12")[0]
    flat = " ".join(page.split())
    assert all(kind in flat for kind in KINDS) and all(f"| `{status}` |" in page for status in STATUSES)
