"""The commands for deciding and explaining, on a warehouse: what they show is masked, what they do is told."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from small_world import small_world
from typer.testing import CliRunner
from warehouse_loader import Loader

from billing.errors import BillingError, ContractError
from loaders.decisions import DecisionRefused
from loaders.load import LOCK
from loaders.warehouse import connect
from pipeline import cli, context

Run = Callable[..., str]


@pytest.fixture
def run(warehouse: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs a command on a small world in which `lodz/1` and `opole/1` wait."""
    world = small_world()
    world.join(("lodz", "2"), ("opole", "2"))
    world.edges = [
        {"left_source_id": "lodz", "left_key": "1", "right_source_id": "opole", "right_key": "1", "match_weight": 4.5,
         "match_probability": 0.96, "outcome": "review", "reason": "NAME-HOME", "rule": "phone",
         "levels": "pesel=same", "weight_pesel": 31.1},
    ]  # fmt: skip
    Loader(warehouse, tmp_path)(world)
    for name, value in {"HOME": str(tmp_path / "home"), "DATABASE_URL": warehouse, "LOG_LEVEL": "ERROR"}.items():
        monkeypatch.setenv(f"BLUELINE_{name}", value)
    monkeypatch.setenv("COLUMNS", "200")  # a narrow table folds its cells
    context.context.cache_clear()

    def command(*words: str) -> str:
        result = CliRunner().invoke(cli.app, list(words))
        if isinstance(result.exception, BillingError):
            raise result.exception
        assert result.exit_code == 0, result.output
        assert "Łucja" not in result.output or "--reveal" in words
        return result.output

    yield command
    context.context.cache_clear()


def test_a_pair_is_listed_decided_and_taken_back(run: Run) -> None:
    shown = run("review")
    assert "1 pair waits" in shown
    assert "the same name and home" in shown
    assert "+4.5 bits, probability 96.0%" in shown
    told = run("decide", "merge", "lodz/1", "opole/1", "--reason", "saw the papers", "--actor", "anna")
    (number,) = re.findall(r"^decision (\d+):", told, re.MULTILINE)
    assert "merge lodz/1 opole/1, by anna" in told
    assert "decided already" in run("decide", "merge", "opole/1", "lodz/1", "-r", "again")
    assert "no pair waits" in run("review")
    listed = run("decide", "list")
    assert "saw the papers" in listed
    run("decide", "undo", number, "--reason", "a slip", "--actor", "jan")
    assert "nobody has decided anything" in run("decide", "list")
    assert f"taken back by {int(number) + 1}" in " ".join(run("decide", "list", "--all").split())
    assert "1 pair waits" in run("review", "--reason", "NAME-HOME", "--source", "opole")


def test_a_queue_is_exported_filled_in_and_taken_once(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "queue.csv"
    assert "1 pair written" in run("review", "export", str(path))
    text = path.read_text()
    assert "Żak" not in text
    path.write_text(text.replace(",,", ',never,"father, and son"'))
    assert "never lodz/1 opole/1" in run("decide", "file", str(path), "--actor", "ewa")
    assert "1 stood already" in run("decide", "file", str(path))
    out = tmp_path / "decisions.csv"
    assert "1 decision written" in run("decide", "list", "--csv", str(out))
    assert "1 stood already" in run("decide", "file", str(out))


def test_what_cannot_be_decided_is_refused(run: Run) -> None:
    with pytest.raises(DecisionRefused, match="no decision overrides that"):
        run("decide", "merge", "lodz/1", "lodz/2", "-r", "x")
    whole = run("customer", "lodz/2").split()[1].rstrip(",")
    with pytest.raises(ContractError, match="has 2 records: lodz/2, opole/2"):
        run("decide", "never", f"customer:{whole}", "lodz/1", "-r", "x")
    assert "split lodz/2" in run("decide", "split", "lodz/2", "-r", "a namesake")


def test_a_refusal_names_the_line_of_the_file(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "queue.csv"
    path.write_text("left;right;decision;why\nlodz/1;opole/1;merge;x\nlodz/1;lodz/2;merge;x\n")
    with pytest.raises(DecisionRefused) as caught:
        run("decide", "file", str(path))
    assert caught.value.where == {"file": str(path), "line": 3}
    assert "nobody has decided anything" in run("decide", "list")


@pytest.mark.parametrize(
    "command", ["review export", "decide list --csv", "rejects --csv"], ids=lambda words: words.split()[0]
)
def test_a_place_that_cannot_be_written_is_told(run: Run, tmp_path: Path, command: str) -> None:
    with pytest.raises(ContractError, match="cannot be written: No such file or directory") as caught:
        run(*command.split(), str(tmp_path / "nowhere" / "q.csv"))
    assert caught.value.where == {"file": str(tmp_path / "nowhere" / "q.csv")}


@pytest.mark.parametrize("command", ["review", "review export q.csv"])
def test_an_unknown_reason_or_source_is_told_with_those_there_are(run: Run, tmp_path: Path, command: str) -> None:
    with pytest.raises(ContractError, match="unknown reason code 'NOPE'") as caught:
        run(*command.split(), "-r", "nope")
    assert "NAME-HOME" in caught.value.remedy
    with pytest.raises(ContractError, match="source 'nope' is not declared") as caught:
        run(*command.split(), "-s", "nope")
    assert "krakow" in caught.value.remedy
    assert "1 pair waits" in run("review", "-r", "name-home", "-s", "opole")


def test_an_undo_is_not_undone_but_decided_again(run: Run) -> None:
    told = run("decide", "merge", "lodz/1", "opole/1", "--reason", "papers")
    (number,) = re.findall(r"^decision (\d+):", told, re.MULTILINE)
    run("decide", "undo", number, "--reason", "a slip")
    with pytest.raises(DecisionRefused, match="cannot be undone") as caught:
        run("decide", "undo", str(int(number) + 1), "--reason", "no slip")
    assert "blueline decide merge lodz/1 opole/1" in caught.value.remedy


def test_an_interrupted_run_says_so_in_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pipeline.run.run_all", interrupted)
    result = CliRunner().invoke(cli.app, ["run"])
    assert result.exit_code == 130
    assert result.output == "interrupted: what was finished stays; `blueline run` goes on from there\n"


def test_a_load_that_no_process_goes_on_with_is_told_as_interrupted(run: Run, warehouse: str) -> None:
    with connect(warehouse, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO control.batch (run_id, state, code_version) VALUES ('killed', 'running', 'test')"
        )
        assert "interrupted" in run("db", "status")
        connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        told = run("db", "status")
    assert "running" in told
    assert "interrupted" not in told


def test_why_not_is_told_with_evidence_and_decisions(run: Run) -> None:
    told = run("explain", "lodz/1", "opole/1")
    assert "lodz/1 and opole/1 are two customers" in told
    assert "before any evidence" in told
    assert "+31.1" in told
    assert "44*******" not in told  # the same PESEL: nothing that differs
    run("decide", "never", "lodz/1", "opole/1", "-r", "brothers", "--actor", "ewa")
    assert "never lodz/1 opole/1, by ewa" in run("explain", "lodz/1", "opole/1")
    assert "They can never be one customer" in run("explain", "lodz/1", "lodz/3")


def test_a_customer_is_masked_unless_asked_which_is_kept(run: Run, tmp_path: Path) -> None:
    masked = run("customer", "lodz/2")
    assert "2 records: lodz/2, opole/2" in masked
    assert "44*******" in masked
    clear = run("customer", "lodz/2", "--reveal")
    assert "44051401452" in clear
    assert "Łucja" in clear
    (noted,) = (json.loads(line) for line in (tmp_path / "home" / "revealed.jsonl").read_text().splitlines())
    assert noted["command"] == "customer lodz/2"
