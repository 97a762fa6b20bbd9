"""One test over both engines: the same records, settings and weights give the same files, byte for byte."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest
from identity_input import Rec, pesel, resolve_recs

from billing.errors import ContractError
from transforms.identity.comparisons import COMPARISONS
from transforms.identity.spark import in_spark

HOME = ("wrzosowo", "lesna", "5", "2")
ANNA, JAN = pesel("1951-03-07"), pesel("1949-11-20", 200, male=True)
RECORDS = [
    Rec("a", "1", "ANNA ZARUDZKI", pesel=ANNA, home=HOME, phone="+48123456789"),
    Rec("b", "1", "ANNA ZARUDZKA", pesel=ANNA, home=HOME),
    Rec("c", "1", "ZARUDZKA ANNA", born="1951-03-07", home=HOME, phone="+48123456789"),
    Rec("a", "2", "JAN ZARUDZKI", pesel=JAN, home=HOME, phone="+48123456789"),
    Rec("b", "2", "JANEK ZARUDZKI", born="1949-11-20", home=HOME),
    Rec("c", "2", "J ZARUDZKI", born="1949-11-20", home=("wrzosowo", "lesna", "5", None)),
    Rec("d", "2", "JAN ZARUDZKI-NOWAK", born="1949-11-20", email="jan@example.pl"),
    Rec("e", "2", "JAN ZARUDZKI", born="1949-11-02", email="jan@example.pl"),
    Rec("a", "3", company="zaklad kowalstwa artystycznego", kind="company", nip="5260001246", home=HOME),
    Rec("b", "3", company="zaklad kowalstwa artystyczneg", kind="company", nip="5260001246"),
    Rec("c", "3", company="zaklad kowalstwa", kind="company", home=HOME),
    Rec("a", "4", "KRYSTYNA WRZOSEK", born="1960-05-06", home=("zawada", "polna", "1", None)),
    Rec("b", "4", "KRYSTYAN WRZOSEK", born="1960-05-06", home=("zawada", "polna", "1", None)),
    Rec("c", "4", "KRYSTYNA WRZOSKE", born="1960-06-05", home=("zawada", "polna", "3", None)),
    Rec("d", "4", "EWA BRZOZA", born="1970-01-09"),
]


def test_both_engines_give_the_same_files(tmp_path: Path) -> None:
    pytest.importorskip("pyspark", reason="the extra `spark` is not installed")
    if shutil.which("java") is None:
        pytest.skip("there is no Java runtime")
    here = resolve_recs(RECORDS, tmp_path / "duckdb")
    there = resolve_recs(RECORDS, tmp_path / "spark", spark_master="local[2]")
    assert here.figures == there.figures
    assert here.figures.edges["merge"] >= 3
    for name in ("edges", "clusters", "parties", "provenance"):
        assert getattr(here, name).read_bytes() == getattr(there, name).read_bytes(), name
    assert not list((tmp_path / "spark").rglob(".spark*"))


def test_every_level_can_be_said_in_sparks_sql() -> None:
    for comparison in COMPARISONS:
        for condition in (comparison.absent, *(level.sql for level in comparison.levels)):
            said = in_spark(condition)
            words = set(re.findall(r"\w+|&&|\[", said.upper()))
            assert not words & {"&&", "[", "LIST_HAS_ANY", "STRFTIME", "JAROWINKLER_SIMILARITY"}, said


def test_spark_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(ContractError, match="PySpark is not installed"):
        resolve_recs(RECORDS, tmp_path, spark_master="local[2]")
