"""`blueline identity`: a set is measured by its declaration; weights are trained, checked and never replaced."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import pytest
from identity_input import Rec, pesel, resolve_recs, write_input
from typer.testing import CliRunner

from billing.errors import ContractError
from pipeline import cli
from transforms.identity.comparisons import COMPARISONS
from transforms.identity.plausible import implausible, refuse_implausible
from transforms.identity.weights import read_weights

runner = CliRunner()
NAMES = ["ANNA NOWAK", "PIOTR ZIELINSKI", "MARIA KROL", "JAN MAZUR", "EWA WOJCIK", "ADAM KOWALSKI", "OLGA PAWLAK"]


def records(people: int = 120) -> list[Rec]:
    """Two records a person; every third of the second ones has another telephone."""
    rnd = random.Random(4)
    made = []
    for number in range(people):
        first, last = rnd.choice(NAMES).split()[0], rnd.choice(NAMES).split()[1] + rnd.choice(["", "A", "EK", "OWICZ"])
        born = f"{rnd.randint(1930, 1999)}-{rnd.randint(1, 12):02}-{rnd.randint(1, 28):02}"
        home = (f"MIASTO{number % 17}", f"DLUGA{number % 31}", str(number), None)
        for source in "ab":
            phone = f"+48{220000000 + number + (1000 if source == 'b' and number % 3 == 0 else 0)}"
            made.append(
                Rec(
                    source,
                    f"K{number}",
                    f"{first} {last}",
                    pesel=pesel(born, number),
                    born=born,
                    home=home,
                    phone=phone,
                )
            )
    return made


@pytest.fixture
def training(tmp_path: Path) -> list[str]:
    recs = records()
    subscribers, addresses = write_input(recs, tmp_path / "input")
    with (tmp_path / "truth.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["source_id", "subscriber_key", "person_id"])
        writer.writerows([rec.source, rec.key, rec.key] for rec in recs)
    return ["identity", "train", "-s", *subscribers, "-a", *addresses, "--data", "a test", "--trained-on", "2026-05-01"]


def test_trained_weights_are_a_file_that_a_run_names(tmp_path: Path, training: list[str]) -> None:
    out = tmp_path / "weights.json"
    done = runner.invoke(cli.app, [*training, "--truth", str(tmp_path / "truth.csv"), "--out", str(out)])
    assert done.exit_code == 0, done.output
    weights = read_weights(out)
    assert weights.trained_on == "2026-05-01"
    assert weights.data == "a test"
    assert weights.version in done.output
    assert weights.chances["phone"]["same"][0] == pytest.approx(2 / 3, abs=0.05)
    result = resolve_recs(records(), tmp_path / "run", weights=out)
    assert result.figures.weights_version == weights.version
    assert result.figures.clusters == 120


@pytest.mark.parametrize(
    ("arguments", "says"),
    [([], "nothing was loaded from this store yet"), (["-a", "x.parquet"], "no such file")],
)
def test_without_files_it_learns_from_what_was_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], says: str
) -> None:
    monkeypatch.setenv("BLUELINE_HOME", str(tmp_path / "home"))
    done = runner.invoke(cli.app, ["identity", "train", "--data", "a", "--out", str(tmp_path / "w.json"), *arguments])
    assert isinstance(done.exception, ContractError)
    assert says in str(done.exception)


def test_a_version_is_never_replaced(tmp_path: Path, training: list[str]) -> None:
    out = tmp_path / "weights.json"
    out.write_text("reviewed")
    done = runner.invoke(cli.app, [*training, "--out", str(out)])
    assert isinstance(done.exception, ContractError)
    assert out.read_text() == "reviewed"


def test_weights_that_make_no_sense_are_refused() -> None:
    weights = read_weights()
    for comparison in COMPARISONS:
        first, last = comparison.level_names[0], comparison.level_names[-1]
        chances = dict(weights.chances[comparison.name])
        chances[first], chances[last] = chances[last], chances[first]
        wrong = weights.model_copy(update={"chances": {**weights.chances, comparison.name: chances}})
        assert any(comparison.name in finding for finding in implausible(wrong))
        with pytest.raises(ContractError, match="would speak"):
            refuse_implausible(wrong)


def test_evaluate_prints_and_writes_the_figures(tmp_path: Path) -> None:
    rows = [["anna", "kowalska", "1971-05-24", "1"], ["anna", "kowalska", "1971-05-24", "1"],
            ["piotr", "nowak", "1980-01-02", "2"], ["ewa", "mazur", "1991-11-30", "3"]]  # fmt: skip
    with (tmp_path / "people.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["first", "last", "born", "who"], *rows])
    spec = tmp_path / "people.toml"
    spec.write_text(
        '[truth]\ncolumn = "who"\n[[source]]\nfiles = ["people.csv"]\n'
        '[columns]\ngiven_name = "first"\nfamily_name = "last"\nbirth_date = "born"\n'
    )
    done = runner.invoke(cli.app, ["identity", "evaluate", "--spec", str(spec), "--threads", "1"])
    assert done.exit_code == 0, done.output
    figures = json.loads((tmp_path / "people.result.json").read_text())
    assert figures["name"] == "people"
    assert figures["records"] == 4
    assert figures["score"]["true_pairs"] == 1
    assert figures["score"]["blocking_recall"] == 1.0
    assert figures["peak_memory_mib"] > 0
    assert set(figures["seconds"]) == {"read", "block", "compare", "learn", "decide", "total"}
    assert "precision" in done.output
