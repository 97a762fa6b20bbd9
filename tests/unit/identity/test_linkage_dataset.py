"""A data set is linked by its declaration alone: small sets in odd shapes, and what is wrong is named."""

from __future__ import annotations

import csv
import random
from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np
import pytest
from pydantic import ValidationError

from billing.errors import ContractError, SourceError
from transforms.identity.linkage.linking import Linked, link
from transforms.identity.linkage.reading import MACROS, read_people
from transforms.identity.linkage.spec import DataSet, read_spec

GIVEN = ["anna", "piotr", "maria", "jan", "ewa", "tomasz", "olga", "adam", "helena", "marek", "irena", "pawel"]
FAMILY = [
    "kowalska",
    "nowak",
    "wisniewski",
    "zielinska",
    "lewandowski",
    "dabrowska",
    "wojcik",
    "mazur",
    "krol",
    "pawlak",
]
HEADER = ["id", "first", "last", "born", "town", "mail"]


def people(count: int, seed: int = 3) -> list[list[str]]:
    """Every person once as it is and once with a slip in one field."""
    rnd = random.Random(seed)
    rows = []
    for number in range(count):
        given, family = rnd.choice(GIVEN), rnd.choice(FAMILY) + rnd.choice("abcdef")
        born = f"{rnd.randint(1940, 2005)}-{rnd.randint(1, 12):02}-{rnd.randint(1, 28):02}"
        town = rnd.choice(["Torun", "Gdynia", "Elk", "Nysa"])
        row = [f"p{number}", given, family, born, town, f"{given}.{family}{number}@example.org"]
        rows.append(row)
        slipped = row.copy()
        field = rnd.choice([1, 2, 3, 5])
        at = rnd.randrange(1, len(slipped[field]) - 1)
        slipped[field] = slipped[field][:at] + slipped[field][at + 1] + slipped[field][at] + slipped[field][at + 2 :]
        rows.append(slipped)
    return rows


def write(path: Path, rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


def declared(**more: object) -> DataSet:
    columns = {
        "given_name": "first", "family_name": "last", "birth_date": "born", "locality": "town", "email": "mail",
    }  # fmt: skip
    return DataSet.model_validate(
        {"truth": {"column": "id"}, "source": [{"files": ["people.csv"]}], "columns": columns, **more}
    )


def groups(folder: Path, linked_to: Path) -> set[frozenset[str]]:
    found: dict[str, set[str]] = {}
    with linked_to.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["person"], set()).add(row["key"])
    return {frozenset(group) for group in found.values()}


def run(folder: Path, data: DataSet, clusters: Path | None = None) -> Linked:
    return link(data, folder, memory_limit="500MB", threads=1, clusters=clusters)


def test_slips_are_found_without_labels(tmp_path: Path) -> None:
    write(tmp_path / "people.csv", people(200))
    linked = run(tmp_path, declared())
    assert linked.score is not None
    assert linked.score.true == 200
    assert linked.score.precision >= 0.99
    assert linked.score.recall >= 0.98
    assert linked.blocking_recall == 1.0
    assert linked.people == len(np.unique(linked.root))


def test_the_truth_changes_nothing(tmp_path: Path) -> None:
    rows = people(150)
    write(tmp_path / "people.csv", rows)
    with_truth = run(tmp_path, declared())
    without = run(tmp_path, declared(truth=None))
    assert without.score is None
    assert np.array_equal(with_truth.root, without.root)


@pytest.mark.parametrize("missing", [("born",), ("mail",), ("town", "mail"), ("born", "town")])
def test_missing_columns_are_no_evidence(tmp_path: Path, missing: tuple[str, ...]) -> None:
    write(tmp_path / "people.csv", people(150))
    left = {m: c for m, c in declared().columns.items() if c[0] not in missing}
    linked = run(tmp_path, declared(columns=left))
    assert linked.score is not None
    assert linked.score.precision >= 0.95
    assert linked.score.recall >= 0.8


def test_an_empty_column_and_a_single_row_do_no_harm(tmp_path: Path) -> None:
    write(tmp_path / "people.csv", [["p1", "anna", "", "", "", ""]])
    assert run(tmp_path, declared()).people == 1
    write(tmp_path / "people.csv", [])
    assert run(tmp_path, declared()).records == 0


def test_the_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    rows = [[*row, str(number)] for number, row in enumerate(people(120))]
    data = declared(source=[{"files": ["people.csv"], "key": "row"}])
    seen = []
    for seed in (1, 2):
        random.Random(seed).shuffle(rows)
        write(tmp_path / "people.csv", rows, [*HEADER, "row"])
        run(tmp_path, data, tmp_path / "found.csv")
        seen.append(groups(tmp_path, tmp_path / "found.csv"))
    assert seen[0] == seen[1]
    assert any(len(group) == 2 for group in seen[0])


def test_a_clean_source_holds_nobody_twice(tmp_path: Path) -> None:
    rows = people(100)
    write(tmp_path / "a.csv", rows)  # every person twice, in a source that says otherwise
    write(tmp_path / "b.csv", rows[::2])
    files = [{"files": [name], "one_record_each": True} for name in ("a.csv", "b.csv")]
    linked = run(tmp_path, declared(source=files))
    con = duckdb.connect()
    read_people(con, declared(source=files), tmp_path)
    sources = con.execute("SELECT source FROM person ORDER BY record").fetchnumpy()["source"]
    pairs = set(zip(linked.root.tolist(), sources.tolist(), strict=True))
    assert len(pairs) == len(sources), "two records of one clean source in one group"
    assert linked.people < len(sources)


def test_two_valid_identity_numbers_never_meet(tmp_path: Path) -> None:
    # the same person in every other field
    rows = [["p1", "anna", "kowalska", "1944-05-14", "Elk", "a@example.org", number] for number in
            ("44051401359", "44051401458", "44051401359", "44051401350", "")]  # fmt: skip
    rows += [[*row, ""] for row in people(60)]
    write(tmp_path / "people.csv", rows, [*HEADER, "pesel"])
    columns = {**declared().columns, "national_id": "pesel"}
    data = declared(columns=columns, data={"national_id_check": "pesel"})
    linked = run(tmp_path, data)
    con = duckdb.connect()
    read_people(con, data, tmp_path)
    proven = con.execute("SELECT record, proven_id FROM person WHERE proven_id IS NOT NULL").fetchall()
    assert sorted(number for _, number in proven) == ["44051401359", "44051401359", "44051401458"]
    by_root: dict[int, set[str]] = {}
    for record, number in proven:
        by_root.setdefault(int(linked.root[record]), set()).add(number)
    assert all(len(numbers) == 1 for numbers in by_root.values())
    assert len(by_root) == 2, "the two records of one number are one"


def test_a_list_of_pairs_is_a_truth(tmp_path: Path) -> None:
    rows = people(80)
    write(tmp_path / "a.csv", [[f"a{n}", *row[1:]] for n, row in enumerate(rows[::2])])
    write(tmp_path / "b.csv", [[f"b{n}", *row[1:]] for n, row in enumerate(rows[1::2])])
    write(tmp_path / "pairs.csv", [[f"a{n}", f"b{n}"] for n in range(80)], ["left", "right"])
    sources = [{"files": [name], "key": "id", "one_record_each": True} for name in ("a.csv", "b.csv")]
    linked = run(tmp_path, declared(source=sources, truth={"pairs": "pairs.csv"}))
    assert linked.score is not None
    assert linked.score.true == 80
    assert linked.score.f1 >= 0.98


def test_parquet_is_read_as_csv_is(tmp_path: Path) -> None:
    write(tmp_path / "people.csv", people(100))
    duckdb.sql(f"COPY (FROM read_csv('{tmp_path}/people.csv', all_varchar = true)) TO '{tmp_path}/people.parquet'")
    one = run(tmp_path, declared())
    two = run(tmp_path, declared(source=[{"files": ["people.parquet"]}]))
    assert np.array_equal(one.root, two.root)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (["05/24/1971", "12/03/1980"], ["19710524", "19801203"]),
        (["24.05.1971", "13.12.1980"], ["19710524", "19801213"]),
        (["19710524", "19801x03"], ["19710524", "19801x03"]),
        (["1971-05-24T00:00:00", ""], ["19710524", None]),
        (["1971-5-4", "none"], ["19710504", None]),
        (["24/05/71", "31.01.04"], ["19710524", "20040131"]),
        (["24 May 1971", "1 Feb 1980"], ["19710524", "19800201"]),
        (["05/24/1971", "12/03/1980", "1980-12-04"], ["19710524", "19801203", "19801204"]),
        (["May 24, 1971", "January 3, 1980"], ["19710524", "19800103"]),
    ],
)
def test_the_order_of_dates_is_told_by_the_column(tmp_path: Path, written: list[str], read: list[str | None]) -> None:
    write(tmp_path / "people.csv", [["p", "a", "b", born, "", ""] for born in written])
    con = duckdb.connect()
    read_people(con, declared(), tmp_path)
    assert {row[0] for row in con.execute("SELECT birth_date FROM person").fetchall()} == set(read)


def test_a_whole_name_is_split(tmp_path: Path) -> None:
    write(tmp_path / "people.csv", [["Kowalska, Anna Maria"], ["Jan Jakub Nowak"], ["Cher"]], ["name"])
    data = DataSet.model_validate({"source": [{"files": ["people.csv"]}], "columns": {"full_name": "name"}})
    con = duckdb.connect()
    read_people(con, data, tmp_path)
    rows = con.execute("SELECT given_name, middle_name, family_name FROM person").fetchall()
    assert set(rows) == {("anna", "maria", "kowalska"), ("jan", "jakub", "nowak"), ("cher", None, None)}


def test_cleaning() -> None:
    con = duckdb.connect()
    con.execute(MACROS)
    values = con.execute(
        "SELECT worded(' Żółć-Łoś  O''Neil '), worded('NULL'), worded('--'), skeleton('johnson'), worded(?)",
        ["\ufeffAn\u200bna\u200d"],
    ).fetchall()
    assert values == [("zolc los oneil", None, None, "jnsn", "anna")]


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        run(tmp_path, declared())
    write(tmp_path / "people.csv", people(3))
    with pytest.raises(ContractError, match="'surname'") as caught:
        run(tmp_path, declared(columns={"family_name": "surname"}))
    assert caught.value.remedy is not None and "first" in caught.value.remedy
    with pytest.raises(ContractError, match="'person'"):
        run(tmp_path, declared(truth={"column": "person"}))
    with pytest.raises(ContractError, match="by key"):
        run(tmp_path, declared(), tmp_path / "found.csv")
    (tmp_path / "people.csv").write_bytes(b"id,first\n\xff\xfe\x00broken,\x81\n")
    with pytest.raises(SourceError, match="cannot be read"):
        run(tmp_path, declared(columns={"given_name": "first"}))


FIRM = ["id", "company", "street", "town", "first", "last"]


def firms(count: int) -> list[list[str]]:
    """Two rows a firm, the second one with a slip in every third name and another street in every seventh row."""
    chosen = random.Random(5)
    syllables = ["bal", "kor", "win", "tar", "mel", "dro", "fes", "hul", "pin", "sto", "gra", "nex"]
    rows = []
    for number in range(count):
        name = "".join(chosen.choice(syllables) for _ in range(4))
        trade = chosen.choice(["logistics", "foods", "motors", "media"])
        street, town = f"{chosen.choice(syllables)}street {number % 61}", f"town{chosen.randrange(12)}"
        rows.append([f"f{number}", f"{name} {trade}", street, town, "", ""])
        slip = name[:5] + name[6:] if number % 3 == 0 else name
        rows.append([f"f{number}", f"{slip} {trade}", street if number % 7 else "elsewhere 5", town, "", ""])
    return rows


def declared_firms(**columns: str) -> DataSet:
    return DataSet.model_validate(
        {
            "truth": {"column": "id"},
            "source": [{"files": ["firms.csv"]}],
            "columns": {"company": "company", "street": "street", "locality": "town", **columns},
        }
    )


def test_firms_are_found_by_name_and_place_alone(tmp_path: Path) -> None:
    write(tmp_path / "firms.csv", firms(300), FIRM)
    linked = run(tmp_path, declared_firms())
    assert linked.score is not None
    assert linked.score.precision >= 0.99
    assert linked.score.recall >= 0.8  # who moved may be left apart


def test_who_works_for_one_firm_is_not_one_person_and_no_firm(tmp_path: Path) -> None:
    rows = firms(150)
    first, last = ["anna", "jan", "ewa", "piotr"], ["nowak", "kot", "mazur", "lis", "wilk", "dudek", "sowa"]
    works = [
        [f"{row[0]}-{n}", *row[1:4], first[(number + n) % 4], last[(number * 3 + n) % 7]]
        for number, row in enumerate(rows[::2])
        for n in range(2)
    ]
    write(tmp_path / "firms.csv", rows + works, FIRM)
    data = declared_firms(given_name="first", family_name="last")
    linked = run(tmp_path, data)
    assert {"company", "employer"} <= set(linked.meanings)
    assert linked.score is not None
    assert linked.score.precision >= 0.99
    assert linked.score.recall >= 0.8  # who moved may be left apart
    con = duckdb.connect()
    read_people(con, data, tmp_path)
    kinds = con.execute("SELECT company IS NULL AS person FROM person ORDER BY record").fetchnumpy()["person"]
    pairs = set(zip(linked.root.tolist(), kinds.tolist(), strict=True))
    assert len({root for root, _ in pairs}) == len(pairs), "a person and a firm in one group"


def test_a_file_in_another_encoding_is_read_as_declared(tmp_path: Path) -> None:
    text = "id;first;last\np;Łucja;Żak\np;Łucja;Żak\n"
    (tmp_path / "people.csv").write_bytes(text.encode("cp1250"))
    columns = {"given_name": "first", "family_name": "last"}
    with pytest.raises(SourceError, match="not UTF-8") as caught:
        run(tmp_path, declared(columns=columns))
    assert caught.value.remedy is not None and "encoding" in caught.value.remedy
    con = duckdb.connect()
    data = declared(columns=columns, source=[{"files": ["people.csv"], "encoding": "windows-1250"}])
    read_people(con, data, tmp_path)
    rows = con.execute("SELECT given_name, family_name, entity FROM person").fetchall()
    assert rows == [("lucja", "zak", "p")] * 2


def test_lines_of_different_length_are_refused_and_not_skipped(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("id,first,last\n1,anna,nowak\n1,anna\n2,jan,kot,1,2,3\n")
    with pytest.raises(SourceError, match="number of fields"):
        run(tmp_path, declared(columns={"given_name": "first"}))


def test_texts_of_any_length_cost_no_more_than_long_ones(tmp_path: Path) -> None:
    rows = [[f"p{n // 2}", "anna", "kot", "", "", f"{n // 2} " + "lorem ipsum " * 2_000] for n in range(200)]
    write(tmp_path / "people.csv", rows)
    linked = run(tmp_path, declared(columns={"given_name": "first", "family_name": "last", "other": "mail"}))
    assert sum(linked.seconds.values()) < 60  # hours, were all of it compared
    assert linked.pairs == 19_900


@pytest.mark.parametrize(
    "wrong",
    [
        {"columns": {"shoe_size": "shoes"}},
        {"columns": {}},
        {"truth": {"column": "id", "pairs": "pairs.csv"}},
        {"truth": {"column": "id", "pattern": "rec"}},
        {"data": {"merge_at": 1.0}},
        {"source": [{"files": ["people.csv"], "encoding": "base64"}]},
        {"surprise": 1},
    ],
)
def test_a_wrong_declaration_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        declared(**wrong)


def test_a_declaration_is_read(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="no such file"):
        read_spec(tmp_path / "none.toml")
    file = tmp_path / "set.toml"
    file.write_text("[columns\n")
    with pytest.raises(ContractError, match="no TOML"):
        read_spec(file)
    file.write_text('[[source]]\nfiles = "a.csv"\n[columns]\ngiven_name = 3\n')
    with pytest.raises(ContractError, match="given_name"):
        read_spec(file)
