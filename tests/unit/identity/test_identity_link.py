"""Blocking, its guard, the shipped weights and the figures."""

from __future__ import annotations

import json
from math import log2
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from identity_input import Rec, edges, groups, pesel, resolve_recs, write_input

from billing.errors import ContractError
from transforms.identity import evaluate, resolve
from transforms.identity.comparisons import COMPARISONS
from transforms.identity.constrain import POLICIES, REASONS
from transforms.identity.link import RULES, CandidateExplosion
from transforms.identity.resolve import CLUSTERS, EDGES
from transforms.identity.weights import SHIPPED, read_weights

BORN = "1950-03-14"
SWITCHBOARD = "+48226251234"


def crowd(count: int) -> list[Rec]:
    """Different people who all gave one telephone number."""
    names = ("ANNA", "EWA", "MARIA", "ZOFIA", "IRENA")
    letters = "BCDFGHJKLM"
    return [
        Rec("a", f"{i:04}", f"{names[i % 5]} {letters[i // 100 % 10]}A{letters[i // 10 % 10]}E{letters[i % 10]}UCKI",
            born=f"19{30 + i % 60}-0{1 + i % 9}-{10 + i % 19}", phone=SWITCHBOARD)
        for i in range(count)
    ]  # fmt: skip


def test_oversized_block_is_set_aside_by_its_masked_value(tmp_path: Path) -> None:
    result = resolve_recs(crowd(30), tmp_path, max_block=20)
    assert result.figures.set_aside == [{"rule": "phone", "value": "+4*******", "records": 30}]
    assert result.figures.candidate_pairs["phone"] == 0
    assert result.figures.scored_pairs == 0
    assert len(groups(result)) == 30


def test_block_within_the_limit_is_compared(tmp_path: Path) -> None:
    result = resolve_recs(crowd(20), tmp_path, max_block=20)
    assert result.figures.candidate_pairs["phone"] == 190
    assert result.figures.scored_pairs == 190


def test_exploding_rule_stops_the_run_and_names_the_value(tmp_path: Path) -> None:
    with pytest.raises(CandidateExplosion, match=r"phone would compare 190 pairs for 20 records.*\+4\*{7}") as caught:
        resolve_recs(crowd(20), tmp_path, max_pairs_per_record=5)
    assert SWITCHBOARD not in str(caught.value)
    assert caught.value.where["rule"] == "phone"


def test_names_of_the_scratch_space_are_gone(tmp_path: Path) -> None:
    result = resolve_recs(crowd(5), tmp_path)
    assert sorted(p.name for p in result.edges.parent.iterdir()) == [
        "clusters.parquet", "edges.parquet", "parties.parquet", "provenance.parquet",
    ]  # fmt: skip


def test_no_records(tmp_path: Path) -> None:
    result = resolve_recs([], tmp_path)
    assert (result.figures.records, result.figures.clusters) == (0, 0)
    assert pq.read_table(result.edges).num_rows == 0


def test_no_addresses_and_nothing_shared(tmp_path: Path) -> None:
    subscribers, _ = write_input([Rec("a", "1", "ANNA ZARUDZKI"), Rec("b", "2", "EWA WROBEL")], tmp_path / "in")
    result = resolve(subscribers, [], {}, tmp_path / "out")
    assert result.figures.scored_pairs == 0
    assert pq.read_table(result.clusters)["cluster_key"].to_pylist() == ["a|1", "b|2"]


def test_same_key_in_two_sources_is_two_records(tmp_path: Path) -> None:
    result = resolve_recs([Rec("a", "1", "ANNA ZARUDZKI"), Rec("b", "1", "EWA WROBEL")], tmp_path)
    assert result.figures.records == 2


def test_same_key_twice_in_a_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="'1' occurs more than once"):
        resolve_recs([Rec("a", "1", "ANNA ZARUDZKI"), Rec("a", "1", "EWA WROBEL")], tmp_path)


def test_edges_explain_themselves(tmp_path: Path) -> None:
    p = pesel(BORN)
    result = resolve_recs([Rec("a", "1", "ANNA ZARUDZKI", pesel=p), Rec("b", "2", "ANNA ZARUDZKI", pesel=p)], tmp_path)
    table = pq.read_table(result.edges)
    assert table.schema.equals(EDGES)
    (edge,) = table.to_pylist()
    assert edge["levels"] == "pesel=same last_name=same first_name=same birth_date=same"
    assert edge["rule"] == "pesel"
    weights = read_weights()
    total = sum(edge[f"weight_{c.name}"] for c in COMPARISONS)
    prior = -26.575424745  # log2 of the odds of 1e-8
    assert weights.prior == 1e-8
    assert edge["match_weight"] == pytest.approx(total + prior, abs=1e-4)
    assert pq.read_schema(result.clusters).equals(CLUSTERS)


def test_rare_names_weigh_more_than_common_ones(tmp_path: Path) -> None:
    common = max(read_weights().frequencies["last_name"].items(), key=lambda item: item[1])[0]
    recs = [
        Rec("a", "1", "ANNA XYZARUDZKI", born=BORN), Rec("b", "2", "ANNA XYZARUDZKI", born=BORN),
        Rec("a", "3", f"ANNA {common}", born="1949-01-02"), Rec("b", "4", f"ANNA {common}", born="1949-01-02"),
    ]  # fmt: skip
    rows = {r["left_key"]: r for r in pq.read_table(resolve_recs(recs, tmp_path).edges).to_pylist()}
    assert rows["1"]["weight_last_name"] > rows["3"]["weight_last_name"] + 3


def test_score_does_not_depend_on_what_else_is_loaded(tmp_path: Path) -> None:
    pair = [Rec("a", "1", "ANNA ZARUDZKI", born=BORN), Rec("b", "2", "ANNA ZARUDZKI", born=BORN)]
    others = [Rec("c", str(i), "ANNA ZARUDZKI", born=f"19{40 + i}-01-02") for i in range(40)]
    alone = pq.read_table(resolve_recs(pair, tmp_path / "alone").edges).to_pylist()
    among = pq.read_table(resolve_recs(pair + others, tmp_path / "among").edges).to_pylist()
    assert alone[0] in among


def moved(town: str, *more: str) -> list[Rec]:
    """One name and birth date, at two addresses that agree in the town alone."""
    home = {"a": ("polna", "12"), "b": ("lesna", "7")}
    return [
        Rec(source, "1", "ANNA ZARUDZKI", born=BORN, home=(place, *home[source], None), role=role)
        for source in "ab"
        for role, place in zip(("installation", "billing"), (town, *more), strict=False)
    ]


def place_weight(recs: list[Rec], folder: Path) -> dict[str, Any]:
    """The edge of two records with their addresses; a record's second address is one of another role."""
    folder.mkdir()
    first = [rec for rec in recs if rec.role == "installation"]
    subscribers, _ = write_input(first, folder / "subscribers")
    _, addresses = write_input(recs, folder / "addresses")
    result = resolve(subscribers, addresses, {}, folder / "out")
    (edge,) = (e for e in pq.read_table(result.edges).to_pylist() if (e["left_key"], e["right_key"]) == ("1", "1"))
    assert "address=place" in edge["levels"]
    return edge


def test_a_small_town_weighs_more_than_a_city(tmp_path: Path) -> None:
    weights = read_weights()
    shares = sorted(weights.frequencies["place"].items(), key=lambda item: item[1])
    (small, rare_share), (city, share) = shares[0], shares[-1]
    found = {town: place_weight(moved(town.lower()), tmp_path / town) for town in (small, city, "WOLA NIEZNANA")}
    same, chance = weights.chances["address"]["place"]
    expected = {small: rare_share, city: share, "WOLA NIEZNANA": weights.rare["place"]}
    for town, edge in found.items():
        assert edge["weight_address"] == pytest.approx(log2(same / expected[town]), abs=1e-5)
    assert chance > rare_share
    assert found[city]["weight_address"] < found[small]["weight_address"] <= found["WOLA NIEZNANA"]["weight_address"]
    for edge in found.values():
        assert edge["match_weight"] == pytest.approx(
            log2(weights.prior / (1 - weights.prior)) + sum(edge[f"weight_{c.name}"] for c in COMPARISONS), abs=1e-4
        )
        assert edge["match_probability"] == pytest.approx(1 / (1 + 2 ** -edge["match_weight"]), abs=1e-9)


def test_of_two_common_towns_the_rarer_one_counts(tmp_path: Path) -> None:
    city = max(read_weights().frequencies["place"].items(), key=lambda item: item[1])[0].lower()
    both = place_weight(moved(city, "wola nieznana"), tmp_path / "both")
    rare = place_weight(moved("wola nieznana"), tmp_path / "rare")
    assert both["weight_address"] == rare["weight_address"]


def test_the_weight_of_a_town_does_not_depend_on_what_else_is_loaded(tmp_path: Path) -> None:
    pair = moved("wola nieznana")
    crowd_there = [
        Rec("c", str(i), f"EWA WROBEL{chr(65 + i)}", home=("wola nieznana", "polna", str(i), None)) for i in range(20)
    ]
    assert place_weight(pair, tmp_path / "alone") == place_weight(pair + crowd_there, tmp_path / "among")


def test_rules_and_reasons_are_named_once() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert len({policy.reason for policy in POLICIES}) == len(POLICIES)
    assert all(REASONS.values())


def test_weights_name_their_content() -> None:
    shipped = read_weights()
    assert SHIPPED.read_text(encoding="utf-8") == shipped.as_json()
    changed = shipped.model_copy(update={"merge_weight": shipped.merge_weight + 1})
    assert changed.version != shipped.version
    for levels in shipped.chances.values():
        for which in (0, 1):
            assert sum(chance[which] for chance in levels.values()) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("damage", ["comparison", "level", "unknown", "text"])
def test_weights_that_do_not_fit_are_refused(tmp_path: Path, damage: str) -> None:
    content = json.loads(SHIPPED.read_text(encoding="utf-8"))
    match damage:
        case "comparison":
            del content["chances"]["phone"]
        case "level":
            del content["chances"]["address"]["street"]
        case "unknown":
            content["threshold"] = 1
        case "text":
            content["prior"] = "often"
    file = tmp_path / "weights.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ContractError, match=r"weights\.json"):
        read_weights(file)


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="missing"):
        read_weights(tmp_path / "none.json")


def test_weights_follow_the_evidence() -> None:
    chances = read_weights().chances
    for comparison in COMPARISONS:
        levels = [chances[comparison.name][level] for level in comparison.level_names]
        assert levels[0][0] > levels[0][1], comparison.name  # agreement speaks for one customer
        assert levels[-1][0] < levels[-1][1], comparison.name  # disagreement against it


def test_evaluate_counts_pairs(tmp_path: Path) -> None:
    p = pesel(BORN)
    recs = [Rec("a", str(i), "ANNA ZARUDZKI", pesel=p) for i in range(3)] + [Rec("b", "9", "EWA WROBEL")]
    result = resolve_recs(recs, tmp_path)
    truth = tmp_path / "truth.csv"
    truth.write_text("source_id,subscriber_key,person_id\na,0,X\na,1,X\na,2,Y\nb,9,Y\n")
    score = evaluate(result.clusters, truth)
    assert (score.found, score.true, score.right) == (3, 2, 1)
    assert score.f1 == pytest.approx(0.4)


def test_figures(tmp_path: Path) -> None:
    p = pesel(BORN)
    recs = [Rec("a", "1", "ANNA ZARUDZKI", pesel=p), Rec("b", "2", "ANNA ZARUDZKI", pesel=p),
            Rec("c", "3", company="BUDPOL")]  # fmt: skip
    figures = resolve_recs(recs, tmp_path).figures
    assert (figures.records, figures.clusters, figures.merged_records) == (3, 2, 2)
    assert (figures.persons, figures.organisations) == (2, 1)
    assert figures.edges == {"merge": 1, "review": 0, "keep_apart": 0}
    assert figures.reasons == {"PESEL-NAME": 1}
    assert figures.weights_version == read_weights().version
    assert edges(resolve_recs(recs, tmp_path)) == {("a|1", "b|2"): ("merge", "PESEL-NAME")}


@pytest.mark.parametrize(("status", "rules"), [("ok", {"document"}), ("suspect", set()), ("filler", set())])
def test_a_document_that_its_rule_doubts_is_no_evidence(tmp_path: Path, status: str, rules: set[str]) -> None:
    doubted = (("document", status),)
    recs = [
        Rec("a", "1", "ANNA ZARUDZKI", document="ABC123456", status=doubted),
        Rec("b", "2", "ANNA ZARUDZKI", document="ABC123456", status=doubted),
    ]
    found = resolve_recs(recs, tmp_path).figures.candidate_pairs
    assert {name for name, pairs in found.items() if pairs} == rules
