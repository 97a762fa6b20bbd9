"""Clusters never hold a contradiction, whatever chain of merge edges leads into it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from identity_input import Rec, edges, groups, pesel, resolve_recs

from transforms.identity.cluster import Edge, Facts, Judge, components, settle
from transforms.identity.constrain import CLUSTER_AMBIGUOUS, CLUSTER_CONFLICT

HOME = ("radom", "polna", "12", "4")
BORN = "1950-03-14"


def facts(record: int, **values: str) -> Facts:
    given = Facts({record})
    for kind, value in values.items():
        given.values[kind].add(value)
    return given


def test_components_of_a_long_chain() -> None:
    left = np.arange(1, 5000)
    records, roots = components(left, left + 1)
    assert records.tolist() == list(range(1, 5001))
    assert set(roots.tolist()) == {1}


def test_no_edges_no_components() -> None:
    nothing = np.array([], dtype=np.int64)
    records, roots = components(nothing, nothing)
    assert len(records) == len(roots) == 0


def test_two_pesels_do_not_meet_through_a_chain() -> None:
    known = {1: facts(1, pesel="A"), 2: facts(2), 3: facts(3, pesel="B")}
    roots, refused = settle([Edge(1, 2, 30.0, False), Edge(2, 3, 10.0, False)], known, Judge([], []))
    assert roots == {1: 1, 2: 1, 3: 3}
    assert refused == {(2, 3): CLUSTER_CONFLICT}


def test_a_record_that_fits_two_customers_equally_goes_to_neither() -> None:
    known = {1: facts(1, pesel="A"), 2: facts(2), 3: facts(3, pesel="B")}
    roots, refused = settle([Edge(1, 2, 20.5, False), Edge(2, 3, 20.0, False)], known, Judge([], []))
    assert roots == {1: 1, 2: 2, 3: 3}
    assert set(refused.values()) == {CLUSTER_AMBIGUOUS}


def test_an_identifier_outranks_a_higher_weight() -> None:
    known = {1: facts(1, pesel="A"), 2: facts(2, pesel="A"), 3: facts(3)}
    edges_ = [Edge(2, 3, 90.0, False), Edge(1, 2, 5.0, True)]
    roots, refused = settle(edges_, known, Judge([(1, 3)], []))
    assert roots == {1: 1, 2: 1, 3: 3}
    assert refused == {(2, 3): CLUSTER_CONFLICT}


@pytest.mark.parametrize("slips", [[], [("1950-03-14", "1950-03-15")]])
def test_birth_dates_meet_only_as_a_slip(slips: list[tuple[str, str]]) -> None:
    known = {1: facts(1, birth="1950-03-14"), 2: facts(2, birth="1950-03-15")}
    roots, _ = settle([Edge(1, 2, 9.0, False)], known, Judge([], slips))
    assert (roots[2] == 1) == bool(slips)


def test_order_of_edges_does_not_matter() -> None:
    known = {n: facts(n, **({"pesel": str(n % 3)} if n % 3 else {})) for n in range(12)}
    given = [Edge(a, b, float((a * 7 + b * 3) % 5), (a + b) % 4 == 0) for a in range(12) for b in range(a + 1, 12)]
    first = settle(given, known, Judge([], []))
    assert settle(given[::-1], known, Judge([], [])) == first
    assert settle(sorted(given, key=lambda e: e.right), known, Judge([], [])) == first


def test_bridge_between_two_pesels_is_cut(tmp_path: Path) -> None:
    one, two = pesel(BORN, 100), pesel(BORN, 333)
    result = resolve_recs(
        [
            Rec("a", "1", "ANNA ZARUDZKI", pesel=one, home=HOME, phone="+48483621234", email="az@poczta.pl"),
            Rec("b", "2", "ANNA ZARUDZKI", born=BORN, home=HOME, phone="+48483621234", email="az@poczta.pl"),
            Rec("c", "3", "ANNA ZARUDZKI", pesel=two, home=HOME),
        ],
        tmp_path,
    )
    assert groups(result) == {frozenset({"a|1", "b|2"}), frozenset({"c|3"})}
    assert edges(result)["b|2", "c|3"] == ("review", CLUSTER_CONFLICT)
    assert edges(result)["a|1", "c|3"] == ("keep_apart", "PESEL-DIFFER")


def test_record_without_birth_date_does_not_join_father_and_son(tmp_path: Path) -> None:
    shared = {"home": HOME, "email": "zarudzcy@poczta.pl"}
    result = resolve_recs(
        [
            Rec("a", "1", "JAN ZARUDZKI", born="1931-05-02", **shared),
            Rec("b", "2", "JAN ZARUDZKI", **shared),
            Rec("c", "3", "JAN ZARUDZKI", born="1959-05-02", **shared),
        ],
        tmp_path,
    )
    assert not any({"a|1", "c|3"} <= group for group in groups(result))


def test_clean_source_gives_one_record_a_customer(tmp_path: Path) -> None:
    p = pesel(BORN)
    recs = [Rec("a", "1", "ANNA ZARUDZKI", pesel=p), Rec("a", "2", "ANNA ZARUDZKI", pesel=p)]
    assert len(groups(resolve_recs(recs, tmp_path / "open"))) == 1
    apart = resolve_recs(recs, tmp_path / "clean", clean_sources={"a"})
    assert len(groups(apart)) == 2
    assert edges(apart)["a|1", "a|2"] == ("review", CLUSTER_CONFLICT)
