"""The golden party takes each field by the catalogue's merge rule, and says what it left behind."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from identity_input import Rec, pesel, resolve_recs

from transforms.identity import IdentityResult
from transforms.identity.resolve import PARTIES, PROVENANCE
from transforms.identity.survive import FIELDS, rule_of

BORN = "1950-03-14"
P = pesel(BORN)
HOME = ("radom", "polna", "12", "4")


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> IdentityResult:
    same = {"pesel": P, "name": "ANNA ZARUDZKI"}
    return resolve_recs(
        [
            Rec(
                "a", "1", **same, updated="2001-01-01", phone="+48111111111", segment="residential", sex="F", home=HOME
            ),
            Rec(
                "b", "2", pesel=P, name="ANNA WROBEL", updated="2003-06-30", phone="+48222222222", born=BORN, home=HOME
            ),
            Rec("c", "3", **same, updated="2002-05-05", document="ABA300000", born=BORN),
            Rec("c", "4", **same, phone="+48333333333", status=(("phone", "suspect"),)),
            Rec("d", "9", "JAN NOWAK", born="1960-02-03", segment="business"),
            Rec("e", "5", company="BUDPOL", kind="institution"),
        ],
        tmp_path_factory.mktemp("survive"),
    )


def party(result: IdentityResult, key: str) -> dict[str, Any]:
    return next(row for row in pq.read_table(result.parties).to_pylist() if row["cluster_key"] == key)


def test_merged_party(result: IdentityResult) -> None:
    assert party(result, "a|1") == {
        "cluster_key": "a|1",
        "kind": "person",
        "display_name": "Anna Wrobel",
        "first_name": "Anna",
        "last_name": "Wrobel",  # newest
        "company_name": None,
        "pesel": P,
        "nip": None,
        "regon": None,
        "krs": None,
        "document": "ABA300000",  # the only one, with its kind
        "document_kind": "id_card",
        "birth_date": dt.date(1950, 3, 14),
        "sex": "F",
        "phone": "+48222222222",  # newest; the suspect number is none
        "email": None,
        "segment": "residential",
        "members": 4,
    }


def test_single_records_are_their_own_party(result: IdentityResult) -> None:
    assert party(result, "d|9")["display_name"] == "Jan Nowak"
    assert party(result, "d|9")["members"] == 1
    institution = party(result, "e|5")
    assert (institution["kind"], institution["display_name"]) == ("institution", "BUDPOL")


def test_provenance_names_winner_rule_and_losers(result: IdentityResult) -> None:
    rows = {(r["cluster_key"], r["field"]): r for r in pq.read_table(result.provenance).to_pylist()}
    assert set(rows) == {("a|1", "last_name"), ("a|1", "phone")}  # only where records differ
    assert rows["a|1", "last_name"] == {
        "cluster_key": "a|1",
        "field": "last_name",
        "source_id": "b",
        "subscriber_key": "2",
        "rule": "newest",
        "value": "Wrobel",
        "lost": [
            {"source_id": "c", "subscriber_key": "3", "value": "Zarudzki"},
            {"source_id": "a", "subscriber_key": "1", "value": "Zarudzki"},
            {"source_id": "c", "subscriber_key": "4", "value": "Zarudzki"},  # no date of change: last
        ],
    }


def test_trust_and_frequency_decide_where_their_rule_says_so(tmp_path: Path) -> None:
    shared = {"pesel": P, "name": "ANNA ZARUDZKI"}
    recs = [
        Rec("a", "1", **shared, nip="5260250995", updated="2003-01-01", born="1950-03-15"),
        Rec("b", "2", **shared, nip="1132191233", updated="1999-01-01", born=BORN),
        Rec("c", "3", **shared, born=BORN),
    ]
    trusted_b = resolve_recs(recs, tmp_path / "b", trust={"a": 3, "b": 1})
    assert party(trusted_b, "a|1")["nip"] == "1132191233"
    trusted_a = resolve_recs(recs, tmp_path / "a", trust={"a": 1, "b": 3})
    assert party(trusted_a, "a|1")["nip"] == "5260250995"
    assert party(trusted_a, "a|1")["birth_date"] == dt.date(1950, 3, 14)


def test_longest_first_name_survives(tmp_path: Path) -> None:
    recs = [
        Rec("a", "1", "A ZARUDZKI", pesel=P, updated="2003-01-01"),
        Rec("b", "2", "ANNA ZARUDZKI", pesel=P, updated="1999-01-01"),
    ]
    assert party(resolve_recs(recs, tmp_path), "a|1")["first_name"] == "Anna"


def test_every_golden_field_has_a_rule_and_a_column(result: IdentityResult) -> None:
    assert {rule_of(name) for name in FIELDS} == {"newest", "most_complete", "most_frequent", "most_trusted"}
    assert pq.read_schema(result.parties).equals(PARTIES)
    assert pq.read_schema(result.provenance).equals(PROVENANCE)
