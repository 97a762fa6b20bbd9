"""Identity as laws: the order of anything never matters, and no cluster ever holds a contradiction."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow.parquet as pq
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from identity_input import Rec, edges, groups, pesel, resolve_recs

_FIRST = st.sampled_from(["ANNA", "EWA", "MARIA", "JAN", "MARIAN", "A", "ZARUDZKI"])
_LAST = st.sampled_from(["ZARUDZKI", "WROBEL", "WROBEL-ZARUDZKI", "ZARUZDKI"])
_BORN = st.sampled_from([None, "1950-03-14", "1950-03-15", "1978-03-14"])
_PESEL = st.sampled_from([None, None, pesel("1950-03-14"), pesel("1950-03-14", 7), pesel("1978-03-14", 9, male=True)])
_HOME = st.sampled_from(
    [None, ("radom", "polna", "12", "4"), ("radom", "polna", "12", None), ("kielce", None, "7", None)]
)
_PHONE = st.sampled_from([None, "+48483621234", "+48412223344"])
_EMAIL = st.sampled_from([None, None, "az@poczta.pl"])
_NIP = st.sampled_from([None, None, "5260250995", "1132191233"])
_COMPANY = st.sampled_from([None, None, None, "BUDPOL"])


@st.composite
def records(draw: st.DrawFn) -> list[Rec]:
    """A few records that are much alike: nearly every pair is a candidate."""
    made = []
    for number in range(draw(st.integers(2, 20))):
        company = draw(_COMPANY)
        made.append(
            Rec(
                draw(st.sampled_from("abc")), str(number), "" if company else f"{draw(_FIRST)} {draw(_LAST)}",
                company=company, pesel=draw(_PESEL), born=draw(_BORN), home=draw(_HOME), phone=draw(_PHONE),
                email=draw(_EMAIL), nip=draw(_NIP),
            )
        )  # fmt: skip
    return made


# A run takes about a second: few examples with many records, and no hour of shrinking.
_SLOW = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


@_SLOW
@given(records(), st.randoms(use_true_random=False))
def test_order_of_rows_files_and_threads_does_not_change_a_byte(recs: list[Rec], random: object) -> None:
    shuffled = list(recs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory() as folder:
        one = resolve_recs(recs, Path(folder) / "one", threads=1)
        two = resolve_recs(shuffled, Path(folder) / "two", parts=2, threads=2)
        for name in ("edges", "clusters", "parties", "provenance"):
            assert getattr(one, name).read_bytes() == getattr(two, name).read_bytes(), name
        assert one.figures == two.figures


@_SLOW
@given(records())
def test_no_cluster_holds_a_contradiction(recs: list[Rec]) -> None:
    by_id = {f"{rec.source}|{rec.key}": rec for rec in recs}
    with tempfile.TemporaryDirectory() as folder:
        result = resolve_recs(recs, Path(folder))
        found = groups(result)
        apart = [set(pair) for pair, (outcome, _) in edges(result).items() if outcome == "keep_apart"]
        parties = pq.read_table(result.parties).to_pylist()
    assert set().union(*found) == set(by_id)
    assert sum(len(group) for group in found) == len(by_id)
    for group in found:
        members = [by_id[name] for name in group]
        people = [m for m in members if not m.company]
        assert len({m.pesel for m in people} - {None}) <= 1
        assert not (people and len(people) < len(members)), "a person and a company"
        assert len({m.nip for m in members if m.company} - {None}) <= 1
        assert not any(pair <= group for pair in apart)
    assert sum(party["members"] for party in parties) == len(by_id)
    assert {party["cluster_key"] for party in parties} == {min(group) for group in found}
