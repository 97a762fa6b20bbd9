"""What people decided, through the whole of `resolve`: it holds, through chains too, and never against a PESEL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from identity_input import Rec, edges, groups, pesel, resolve_recs

from billing.decisions import Action, Decision, record_ref
from transforms.identity import IdentityResult

BORN = "1950-03-14"
P, P2 = pesel(BORN), pesel(BORN, serial=222)
HOME = ("radom", "polna", "12", "4")
ANNA = {"name": "ANNA ZARUDZKI"}


def made(*texts: str) -> list[Decision]:
    """Decisions from texts such as "merge a/1 b/2"."""
    decisions = []
    for number, text in enumerate(texts, 1):
        action, *records = text.split()
        refs = [record_ref(r) for r in records]
        known: Any = action
        decisions.append(Decision(number, known, refs[0], refs[1] if len(refs) > 1 else None))
    return decisions


def partition(result: IdentityResult) -> set[frozenset[str]]:
    """Customers of several records."""
    return {group for group in groups(result) if len(group) > 1}


def told(result: IdentityResult) -> list[tuple[object, object]]:
    return [(d["number"], d["state"]) for d in result.figures.decisions]


def test_a_merge_joins_whole_customers_and_overrides_a_softer_contradiction(tmp_path: Path) -> None:
    recs = [
        Rec("a", "1", **ANNA, pesel=P), Rec("a", "2", **ANNA, pesel=P),
        Rec("b", "3", name="EWA WROBEL", born="1960-01-01", nip="5260250995"),
        Rec("b", "4", name="EWA WROBEL", nip="5260250995"),
    ]  # fmt: skip
    result = resolve_recs(recs, tmp_path, decisions=made("merge a/1 b/4"))
    assert partition(result) == {frozenset({"a|1", "a|2", "b|3", "b|4"})}
    assert told(result) == [(1, "applied")]


def test_two_pesels_are_never_one_customer_whatever_was_decided(tmp_path: Path) -> None:
    recs = [Rec("a", "1", **ANNA, pesel=P), Rec("b", "2", **ANNA, pesel=P2), Rec("b", "3", **ANNA, pesel=P2)]
    result = resolve_recs(recs, tmp_path, decisions=made("merge a/1 b/3"))
    assert partition(result) == {frozenset({"b|2", "b|3"})}
    assert told(result) == [(1, "refused")]
    assert "two different valid PESELs" in str(result.figures.decisions[0]["why"])


def test_a_joined_record_lends_its_pesel_to_the_other(tmp_path: Path) -> None:
    # b/2 has no PESEL and would go to c/3, whose PESEL is not that of a/1, which a person joined it with
    near = {"born": BORN, "home": HOME}
    recs = [
        Rec("a", "1", name="ANNA WROBEL", pesel=P), Rec("b", "2", **ANNA, **near),
        Rec("c", "3", **ANNA, pesel=P2, home=HOME),
    ]  # fmt: skip
    assert partition(resolve_recs(recs, tmp_path / "before")) == {frozenset({"b|2", "c|3"})}
    result = resolve_recs(recs, tmp_path / "after", decisions=made("merge a/1 b/2"))
    assert partition(result) == {frozenset({"a|1", "b|2"})}
    assert told(result) == [(1, "applied")]


def test_never_holds_through_a_chain_and_is_told(tmp_path: Path) -> None:
    recs = [Rec(source, "1", **ANNA, pesel=P) for source in "abc"]
    result = resolve_recs(recs, tmp_path, decisions=made("never a/1 c/1"))
    assert {"a|1", "c|1"} not in [group & {"a|1", "c|1"} for group in groups(result)]
    assert edges(result)["a|1", "c|1"] == ("keep_apart", "DECIDED-NEVER")


def test_never_binds_what_a_merge_has_joined(tmp_path: Path) -> None:
    # a/1 and b/1 share a PESEL; x/1 was joined with b/1 and must never meet a/1: so a/1 leaves b/1
    recs = [Rec("a", "1", **ANNA, pesel=P), Rec("b", "1", **ANNA, pesel=P), Rec("x", "1", name="EWA WROBEL")]
    result = resolve_recs(recs, tmp_path, decisions=made("merge b/1 x/1", "never a/1 x/1"))
    assert partition(result) == {frozenset({"b|1", "x|1"})}
    assert told(result) == [(1, "applied"), (2, "applied")]


def test_contradicting_decisions_leave_the_merge_out_and_say_so(tmp_path: Path) -> None:
    recs = [Rec(s, "1", name=n) for s, n in (("a", "ANNA ZARUDZKI"), ("b", "EWA WROBEL"), ("c", "JAN NOWAK"))]
    result = resolve_recs(recs, tmp_path, decisions=made("never a/1 c/1", "merge a/1 b/1", "merge b/1 c/1"))
    assert partition(result) == {frozenset({"a|1", "b|1"})}
    assert told(result) == [(1, "applied"), (2, "applied"), (3, "refused")]
    assert "decision 1" in str(result.figures.decisions[2]["why"])


def test_a_split_record_stays_alone_until_a_person_joins_it(tmp_path: Path) -> None:
    recs = [*(Rec(source, "1", **ANNA, pesel=P) for source in "abc"), Rec("d", "1", name="EWA WROBEL")]
    alone = resolve_recs(recs, tmp_path / "split", decisions=made("split b/1"))
    assert partition(alone) == {frozenset({"a|1", "c|1"})}
    assert edges(alone)["a|1", "b|1"] == ("keep_apart", "DECIDED-SPLIT")
    joined = resolve_recs(recs, tmp_path / "joined", decisions=made("split b/1", "merge b/1 d/1"))
    assert partition(joined) == {frozenset({"a|1", "c|1"}), frozenset({"b|1", "d|1"})}


def test_a_person_and_an_organisation_stay_two(tmp_path: Path) -> None:
    recs = [Rec("a", "1", **ANNA), Rec("b", "1", company="BUDPOL")]
    assert told(resolve_recs(recs, tmp_path, decisions=made("merge a/1 b/1"))) == [(1, "refused")]


def test_a_decision_on_a_record_that_is_not_delivered_waits(tmp_path: Path) -> None:
    result = resolve_recs([Rec("a", "1", **ANNA)], tmp_path, decisions=made("merge a/1 b/9"))
    (verdict,) = result.figures.decisions
    assert (verdict["state"], verdict["why"]) == ("waiting", "b/9 is not delivered")


@pytest.mark.parametrize("action", ["merge", "never"])
def test_a_decided_pair_no_longer_waits_for_review(tmp_path: Path, action: Action) -> None:
    recs = [Rec(s, "1", name="JAN NOWAK", born=BORN, home=(s, "polna", "1", None)) for s in "ab"]
    assert resolve_recs(recs, tmp_path / "before").figures.waiting == 1
    assert resolve_recs(recs, tmp_path / "after", decisions=made(f"{action} a/1 b/1")).figures.waiting == 0


def test_a_declared_rule_of_survivorship_is_applied_and_told(tmp_path: Path) -> None:
    recs = [
        Rec("a", "1", **ANNA, pesel=P, phone="+48483621234", updated="2001-01-01"),
        Rec("b", "2", **ANNA, pesel=P, phone="+48412223344", updated="2003-01-01"),
    ]
    newest = resolve_recs(recs, tmp_path / "newest")
    trusted = resolve_recs(recs, tmp_path / "trusted", survivorship={"phone": "most_trusted"})
    assert [pq.read_table(r.parties)["phone"].to_pylist() for r in (newest, trusted)] == [
        ["+48412223344"], ["+48483621234"],
    ]  # fmt: skip
    assert pq.read_table(trusted.provenance)["rule"].to_pylist() == ["most_trusted"]
