"""The parts of linking: which keys are chosen, what is learned, and how groups are made."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest

from transforms.identity.cluster import Facts
from transforms.identity.linkage import blocking
from transforms.identity.linkage.blocking import block
from transforms.identity.linkage.meanings import SCOPES
from transforms.identity.linkage.mixture import MOST_RARE_RELATIVES, ONE_PERSON, Patterns, learn, posteriors
from transforms.identity.linkage.partition import STRONGEST, evidence, partition
from transforms.identity.linkage.patterns import compare, count_values, depth, scope
from transforms.identity.linkage.reading import MACROS


def made(rows: list[tuple[str | None, ...]], columns: tuple[str, ...]) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(MACROS)
    types = ", ".join(f"{c} VARCHAR" for c in columns)
    con.execute(f"CREATE TABLE person (record INTEGER, source INTEGER, {types})")
    marks = ", ".join("?" for _ in range(len(columns) + 2))
    con.executemany(f"INSERT INTO person VALUES ({marks})", [[n, 0, *row] for n, row in enumerate(rows)])
    count_values(con, columns)
    con.execute(
        "CREATE TABLE pair AS SELECT a.record AS l, b.record AS r FROM person a JOIN person b ON a.record < b.record"
    )
    return con


def levels(one: str | None, other: str | None, meaning: str) -> int:
    con = made([(one,), (other,)], (meaning,))
    compare(con, (meaning,), "pair", "level")
    return int(con.execute(f"SELECT {meaning} FROM level").fetchall()[0][0])


@pytest.mark.parametrize(
    ("meaning", "one", "other", "level"),
    [
        ("given_name", "robert", "robert", 0),
        ("given_name", "robert", "rboert", 1),
        ("given_name", "robert", "rob", 2),
        ("given_name", "robert", "r", 2),
        ("given_name", "robert", "bob", 3),
        ("given_name", "robert lee", "bobby", 3),
        ("given_name", "bob", "bobby", 2),
        ("given_name", "robert", "rupert", 5),
        ("given_name", "robert", "grace", 6),
        ("given_name", "robert", None, -1),
        ("birth_date", "19710524", "19710525", 1),
        ("birth_date", "19710506", "19710605", 1),
        ("birth_date", "19710524", "19711124", 2),
        ("birth_date", "19710524", "19710509", 2),
        ("birth_date", "19710524", "20030524", 3),
        ("birth_date", "19710524", "19711130", 4),
        ("birth_date", "19710524", "20031130", 5),
        ("house_number", "7", "8", 3),
        ("house_number", "17", "18", 1),
        ("street", "ulica dluga boczna", "boczna dluga ulica", 3),
        ("email", "anna@one.pl", "anna@another.org", 2),
    ],
)
def test_levels(meaning: str, one: str, other: str | None, level: int) -> None:
    assert levels(one, other, meaning) == level


def test_a_house_is_as_frequent_as_it_is_and_a_town_is_counted_once() -> None:
    columns = ("given_name", "house_number", "street", "locality", "postal_code")
    others = [(f"name{n}", str(n), f"street {n}", "town", "12345") for n in range(10, 106)]
    home = ("7", "main street", "village", "54321")
    con = made([(name, *home) for name in ("anna", "jan", "anna", "ewa")] + others, columns)
    compare(con, columns, "pair", "level")
    (logs,) = con.execute("SELECT place_lnf FROM level WHERE l = 0 AND r = 1").fetchall()[0]
    # three names of a hundred records live there, which is more than the product of number, street and town says
    assert logs == pytest.approx(np.log(2 / 100))
    assert con.execute("SELECT max(place_lnf), min(place_lnf) FROM level WHERE l >= 4").fetchall()[0] == pytest.approx(
        (np.log(95 / 100), np.log(95 / 100))
    )


def test_exchanged_names_are_compared_exchanged() -> None:
    con = made([("anna", "kowalska"), ("kowalska", "anna"), ("anna", "kowalska")], ("given_name", "family_name"))
    compare(con, ("given_name", "family_name"), "pair", "level")
    rows = con.execute("SELECT l, r, given_name, family_name, given_name_exchanged FROM level ORDER BY l, r").fetchall()
    assert rows == [(0, 1, 0, 0, 1), (0, 2, 0, 0, 0), (1, 2, 0, 0, 1)]


def test_keys_survive_the_loss_of_any_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocking, "FULL_COMPARISON", 0)
    rng = np.random.default_rng(5)
    columns = ("given_name", "family_name", "birth_date", "postal_code", "email")
    rows: list[tuple[str | None, ...]] = []
    for n in range(300):
        word = "".join(rng.choice(list("abcdefgrstmnk"), 8))
        row = (word[:5], word[::-1], f"{1940 + n % 60}{1 + n % 12:02}{1 + n % 28:02}", f"{n % 90:05}", f"{word}@x.pl")
        damaged = list(row)
        damaged[n % 5] = None
        damaged[(n // 5) % 5] = "zzzzzzzz"
        rows += [row, tuple(damaged)]
    con = made(rows, columns)
    keys = block(con, columns, ())
    found = set(con.execute("SELECT l, r FROM candidate").fetchall())
    caught = sum((2 * n, 2 * n + 1) in found for n in range(300))
    assert caught >= 297
    assert len(found) < 0.2 * len(rows) ** 2 / 2
    assert len({part.meaning for key in keys for part in key.parts}) >= 4


def test_a_shared_value_yields_no_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocking, "FULL_COMPARISON", 0)
    monkeypatch.setattr(blocking, "BIGGEST_BLOCK", 20)
    con = made([("000000000",)] * 50 + [("123456789",), ("123456789",)], ("phone",))
    block(con, ("phone",), ())
    assert con.execute("SELECT l, r FROM candidate").fetchall() == [(50, 51)]


def test_learning_recovers_the_chances_it_was_drawn_from() -> None:
    rng = np.random.default_rng(11)
    names = ["given_name", "birth_date", "postal_code"]
    true_m = {"given_name": [0.6, 0.2, 0.05, 0.02, 0.03, 0.05, 0.05], "birth_date": [0.7, 0.1, 0.07, 0.03, 0.05, 0.05],
              "postal_code": [0.5, 0.3, 0.1, 0.1]}  # fmt: skip
    true_u = {"given_name": [0.01, 0.01, 0.01, 0.01, 0.01, 0.05, 0.9],
              "birth_date": [0.001, 0.001, 0.002, 0.008, 0.05, 0.938],
              "postal_code": [0.01, 0.02, 0.02, 0.95]}  # fmt: skip
    same, strangers = 2_000, 200_000
    columns = [
        np.concatenate([rng.choice(depth(f), same, p=true_m[f]), rng.choice(depth(f), strangers, p=true_u[f])])
        for f in names
    ]
    drawn = np.stack(columns, axis=1).astype(np.int8)
    patterns, counts = np.unique(drawn, axis=0, return_counts=True)
    lnf = np.zeros((len(patterns), len(SCOPES)))
    for column, (name, f) in enumerate(zip(names, (0.01, 0.001, 0.01), strict=True)):
        lnf[:, SCOPES.index(scope(name))] = np.where(patterns[:, column] == 0, np.log(f), 0)
    random = {f: np.array(true_u[f]) * 100_000 for f in names}
    data = Patterns(patterns, lnf, counts.astype(float))
    model = learn(data, names, random, same + strangers, 4_000)
    assert model.converged
    assert model.masses["same"] + model.masses["moved"] == pytest.approx(same, rel=0.15)
    assert model.chances["m"]["given_name"][0] == pytest.approx(0.6, abs=0.08)
    chance = posteriors(model, data)[:, ONE_PERSON].sum(axis=1)
    assert chance[(patterns == 0).all(axis=1)] > 0.99
    assert chance[(patterns == [6, 4, 3]).all(axis=1)] < 1e-3


def test_twins_are_told_from_one_person() -> None:
    names = ["given_name", "family_name", "birth_date", "street"]
    same, twins, relatives, strangers = [0, 0, 0, 0], [6, 0, 0, 0], [6, 0, 5, 0], [6, 5, 5, 4]
    patterns = np.array([same, twins, relatives, strangers], dtype=np.int8)
    logs = dict(zip(names, np.log([0.01, 0.001, 0.0001, 0.001]), strict=True))
    lnf = np.zeros((4, len(SCOPES)))
    for column, name in enumerate(names):
        lnf[:, SCOPES.index(scope(name))] = np.where(patterns[:, column] == 0, logs[name], 0)
    random = {name: np.array([1.0] * (depth(name) - 1) + [1e5]) for name in names}
    model = learn(Patterns(patterns, lnf, np.array([2e3, 60, 6e3, 1e5])), names, random, 1e7, 5_000)
    chance = posteriors(model, Patterns(patterns, lnf, np.ones(4)))[:, ONE_PERSON].sum(axis=1)
    assert chance[0] > 0.99
    assert chance[1:].max() < 0.75
    assert model.masses["twins"] <= MOST_RARE_RELATIVES * model.masses["relatives"]


def joined(pairs: list[tuple[int, int, float]], records: int, facts: dict[int, Facts] | None = None) -> list[int]:
    left, right, chance = (np.array(column) for column in zip(*pairs, strict=True))
    return partition(records, left, right, evidence(chance.astype(float)), 0.0, (facts or {}).get).tolist()


def test_a_chain_is_cut_at_its_weakest_bridge() -> None:
    two_threes = [(a, b, 0.999) for group in ((0, 1, 2), (3, 4, 5)) for a in group for b in group if a < b]
    assert joined([*two_threes, (2, 3, 0.99)], 6) == [0, 0, 0, 3, 3, 3]


def test_one_weak_pair_does_not_part_what_the_others_hold() -> None:
    pairs = [(a, b, 0.9999) for a in range(4) for b in range(a + 1, 4) if (a, b) != (0, 3)]
    assert joined([*pairs, (0, 3, 0.3)], 4) == [0, 0, 0, 0]


def test_the_better_partner_wins_where_only_one_may() -> None:
    facts = {record: Facts({record}, clean=[source]) for record, source in enumerate("abb")}
    assert joined([(0, 1, 0.95), (0, 2, 0.99)], 3, facts) == [0, 1, 0]


def test_evidence_is_bounded() -> None:
    assert evidence(np.array([1e-300, 1.0])).tolist() == [-STRONGEST, STRONGEST]
