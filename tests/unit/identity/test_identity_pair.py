"""Two records alone get the score that they have among all, compared or not."""

from __future__ import annotations

from math import log2
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from identity_input import Rec, pesel, resolve_recs, write_input

from billing.decisions import RecordRef
from transforms.identity.pair import compare
from transforms.identity.weights import read_weights

BORN = "1950-03-14"
HOME = ("radom", "polna", "12", "4")
RECS = [
    Rec("a", "1", "ANNA ZARUDZKI", pesel=pesel(BORN), home=HOME),
    Rec("b", "2", "ANNA ZARUDZKI", born=BORN, home=HOME, phone="+48483621234"),
    Rec("c", "3", "EWA WROBEL", born="1960-01-01"),
    Rec("c", "4", company="BUDPOL"),
]


def test_a_pair_alone_scores_as_it_does_among_others(tmp_path: Path) -> None:
    result = resolve_recs(RECS, tmp_path)
    (edge,) = pq.read_table(result.edges).to_pylist()
    files = write_input(RECS, tmp_path / "again")
    found = compare(*files, RecordRef("b", "2"), RecordRef("a", "1"))
    assert found is not None
    assert (found.outcome, found.reason) == (edge["outcome"], edge["reason"]) == ("merge", "NAME-BIRTH-NEAR")
    assert found.weight == pytest.approx(edge["match_weight"])
    prior = read_weights().prior
    start = log2(prior / (1 - prior))
    assert start + sum(found.weights.values()) == pytest.approx(found.weight, abs=1e-4)
    assert {"name_birth", "dwelling_birth"} <= set(found.keys)
    assert " ".join(f"{name}={level}" for name, level in found.levels.items()) == edge["levels"]


@pytest.mark.parametrize("other", ["c/3", "c/4"])
def test_records_that_share_no_key_are_scored_all_the_same(tmp_path: Path, other: str) -> None:
    files = write_input(RECS, tmp_path)
    found = compare(*files, RecordRef("a", "1"), RecordRef(*other.split("/")))
    assert found is not None
    assert found.keys == ()
    assert found.outcome == "keep_apart"


def test_a_record_that_is_not_there_is_no_pair(tmp_path: Path) -> None:
    assert compare(*write_input(RECS, tmp_path), RecordRef("a", "1"), RecordRef("a", "9")) is None
