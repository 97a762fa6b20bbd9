"""The command line: every command teaches, wrong use is told in one piece."""

import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from billing.errors import ContractError
from billing.registry import load_source
from pipeline import cli, context
from pipeline.commands.sources import FORMATS
from pipeline.reference import pages

runner = CliRunner()


def commands(app, path=()):
    command = typer.main.get_command(app)
    found = []

    def walk(node, names):
        for name, child in getattr(node, "commands", {}).items():
            found.append(((*names, name), child))
            walk(child, (*names, name))

    walk(command, path)
    return found


@pytest.mark.parametrize(
    ("names", "command"), commands(cli.app), ids=lambda v: " ".join(v) if isinstance(v, tuple) else ""
)
def test_every_command_and_option_has_help(names, command):
    assert command.help
    for parameter in command.params:
        if parameter.param_type_name == "option" and parameter.name != "help":
            assert parameter.help, parameter.name
    assert runner.invoke(cli.app, [*names, "--help"]).exit_code == 0


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("BLUELINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BLUELINE_SOURCES", str(tmp_path / "sources"))
    (tmp_path / "sources").mkdir()
    context.context.cache_clear()
    yield tmp_path
    context.context.cache_clear()


@pytest.mark.parametrize("format", FORMATS)
def test_a_new_source_of_any_format_is_sound(home, format):
    made = runner.invoke(cli.app, ["sources", "new", "torun", "--format", format])
    assert made.exit_code == 0, made.output
    checked = runner.invoke(cli.app, ["sources", "check", "torun", "--static"])
    assert checked.exit_code == 0, checked.output


def test_a_new_source_has_the_code_page_and_the_pattern_that_are_given(home):
    given = ["--format", "mt940", "--code-page", "cp1250", "--pattern", "wyciag*.mt940"]
    assert runner.invoke(cli.app, ["sources", "new", "bank", *given]).exit_code == 0
    (file,) = load_source(home / "sources" / "bank").spec.files
    assert (file.code_page, file.pattern) == ("cp1250", "wyciag*.mt940")
    none = runner.invoke(cli.app, ["sources", "new", "other", "--format", "camt053", "--code-page", "cp1250"])
    assert "a file of format camt053 has no code_page" in f"{none.output}{none.exception}"
    assert not (home / "sources" / "other").exists()


def test_check_names_what_is_wrong_and_exits_with_2(home):
    runner.invoke(cli.app, ["sources", "new", "torun"])
    path = home / "sources" / "torun" / "source.toml"
    path.write_text(path.read_text() + "\n[surprise]\nx = 1\n")
    result = runner.invoke(cli.app, ["sources", "check"])
    assert result.exit_code == 2
    assert "surprise: unknown key" in result.output


def test_check_tells_a_fault_a_line_with_its_place_and_remedy(home):
    runner.invoke(cli.app, ["sources", "new", "torun"])
    path = home / "sources" / "torun" / "source.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("delimiter =", "delimeter =").replace('title = "', 'titel = "'), encoding="utf-8")
    result = runner.invoke(cli.app, ["sources", "check", "torun"])
    assert result.exit_code == 2
    first, *faults = result.output.splitlines()
    assert first == "✗ torun: 3 faults in sources/torun/source.toml".replace("sources/torun", str(path.parent))
    assert [fault.split(":")[0].strip() for fault in faults] == ["title", "files[subscribers].delimeter", "titel"]
    assert all("Remedy: " in fault for fault in faults)
    assert "is it 'delimiter'?" in faults[1] and "is it 'title'?" in faults[2]


def test_check_collects_the_faults_of_all_entities(home):
    runner.invoke(cli.app, ["sources", "new", "torun", "--format", "fixed_width"])
    path = home / "sources" / "torun" / "source.toml"
    text, wrong = re.subn('^subscriber_key = ".*"', 'subscriber_key = "NIKT"', path.read_text(), flags=re.MULTILINE)
    path.write_text(text, encoding="utf-8")
    result = runner.invoke(cli.app, ["sources", "check", "torun", "--static"])
    assert result.exit_code == 2
    assert wrong > 1 and result.output.count("reads column 'NIKT'") == wrong


def test_check_finds_a_column_that_the_delivery_does_not_have(home):
    runner.invoke(cli.app, ["sources", "new", "torun"])
    folder = home / "home" / "deliveries" / "torun"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_bytes(b"CUST-NO;NAME;BALANS\r\n1;JAN KOWALSKI;12.00\r\n")
    result = runner.invoke(cli.app, ["sources", "check", "torun"])
    assert result.exit_code == 2
    assert "BALANCE" in result.output
    assert "BALANS" in result.output


def test_an_error_is_told_without_a_traceback(home):
    told = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "sources", "show", "nowhere"], capture_output=True, text=True
    )
    assert told.returncode == 2
    assert "Traceback" not in told.stderr
    assert "Remedy" in told.stderr


def test_generated_pages_are_up_to_date():
    stale = [
        str(path) for path, text in pages().items() if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run: python -m pipeline.reference"


def deliver(home, rows, date_format="DD.MM.YYYY"):
    """A delimited source `torun` whose accounts have an opening date, and its delivery."""
    made = runner.invoke(cli.app, ["sources", "new", "torun"])
    assert made.exit_code == 0
    spec = home / "sources" / "torun" / "source.toml"
    spec.write_text(
        spec.read_text(encoding="utf-8").replace(
            'account_no = "CUST-NO"',
            f'account_no = "CUST-NO"\nopened_on = {{ column = "OD", format = "{date_format}" }}',
        ),
        encoding="utf-8",
    )
    folder = home / "home" / "deliveries" / "torun"
    folder.mkdir(parents=True)
    lines = ["CUST-NO;NAME;BALANCE;OD", *(f"{n};Jan Nowak;{n}.00;{day}" for n, day in enumerate(rows))]
    (folder / "a.csv").write_text("\n".join(lines) + "\n", encoding="cp1250")


def test_check_tries_the_rules_on_the_first_records(home):
    deliver(home, ["01.02.1999", "31.12.2001", "x", "05.06.2002"])
    checked = runner.invoke(cli.app, ["sources", "check", "torun"])
    assert checked.exit_code == 0, checked.output
    spec = home / "sources" / "torun" / "source.toml"
    spec.write_text(spec.read_text(encoding="utf-8").replace("DD.MM.YYYY", "YYYY-MM-DD"), encoding="utf-8")
    checked = runner.invoke(cli.app, ["sources", "check", "torun"])
    assert checked.exit_code == 2
    assert "entities.account.fields.opened_on: 4 of the first 4 rows of subscribers" in checked.output


def test_the_errors_of_rejects_name_what_is_close(home):
    assert runner.invoke(cli.app, ["sources", "new", "torun"]).exit_code == 0
    for wrong, told in ((["-r", "num-pakced"], "NUM-PACKED"), (["-e", "subscribrs"], "subscribers")):
        answer = runner.invoke(cli.app, ["rejects", *wrong])
        assert told in answer.exception.remedy
    assert runner.invoke(cli.app, ["rejects", "-d", "foo"]).exit_code == 2


@pytest.mark.parametrize(
    "command",
    ["review", "review export q.csv", "decide list", "decide undo 1 -r x", "decide merge a/1 b/2 -r x", "rejects",
     "rejects -s torun", "trace 1", "explain a/1 b/2", "customer 1", "reconcile", "verify-seals", "db status"],
)  # fmt: skip
def test_who_only_asks_makes_no_warehouse(home, monkeypatch, command):
    monkeypatch.chdir(home)
    monkeypatch.delenv("BLUELINE_DATABASE_URL", raising=False)
    result = runner.invoke(cli.app, command.split())
    assert isinstance(result.exception, ContractError)
    assert "there is no warehouse here" in str(result.exception)
    assert "BLUELINE_HOME" in result.exception.remedy
    assert not (home / "home").exists()


def test_check_asks_a_database_server_without_a_delivery(home, monkeypatch):
    assert runner.invoke(cli.app, ["sources", "new", "torun", "--format", "sql"]).exit_code == 0
    spec = home / "sources" / "torun" / "source.toml"
    text = spec.read_text(encoding="utf-8").replace('pattern = "*.sqlite"', 'url = "${TORUN_DATABASE}"')
    spec.write_text(text, encoding="utf-8")
    monkeypatch.delenv("TORUN_DATABASE", raising=False)
    assert runner.invoke(cli.app, ["sources", "check", "--static"]).exit_code == 0
    checked = runner.invoke(cli.app, ["sources", "check"])
    assert checked.exit_code == 2, checked.output
    assert "${TORUN_DATABASE} is not set" in checked.output
    monkeypatch.setenv("TORUN_DATABASE", "postgresql://nobody@127.0.0.1:1/none")
    checked = runner.invoke(cli.app, ["sources", "check"])
    assert checked.exit_code == 2, checked.output
    assert "torun" in checked.output
    assert "is sound" not in checked.output
    database = home / "torun.sqlite"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE subscriber (no TEXT, name TEXT, balance TEXT)")
        connection.execute("INSERT INTO subscriber VALUES ('1', 'Jan Nowak', '12.00')")
    monkeypatch.setenv("TORUN_DATABASE", f"sqlite:///{database}")
    checked = runner.invoke(cli.app, ["sources", "check"])
    assert checked.exit_code == 0, checked.output
    assert "fits the first records of the database (1 raw table)" in " ".join(checked.output.split())


def top_words(app):
    return set(typer.main.get_command(app).commands)


def test_the_readme_names_every_command():
    text = Path("README.md").read_text(encoding="utf-8")
    assert [word for word in sorted(top_words(cli.app)) if f".venv/bin/blueline {word}" not in text] == []


def test_a_command_is_there_without_those_that_were_not_typed():
    every = top_words(cli.app)
    for word in every:
        alone = top_words(cli.make_app([word, "--help"]))
        assert word in alone and len(alone) < len(every)
    assert top_words(cli.make_app(["--help"])) == top_words(cli.make_app(["rum"])) == every


def test_a_run_begins_without_what_only_other_commands_and_unfinished_steps_need():
    heavy = ("great_expectations", "pandas", "splink", "sqlglot", "pipeline.commands.profile", "extractors.decode")
    code = "import sys; from pipeline import cli; cli.make_app(['run']); import pipeline.run; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert [name for name in heavy if name in loaded] == []
