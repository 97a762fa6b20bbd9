"""Identity on generated regions, against the truth that their generator writes.

The seed is none that the shipped weights were trained on.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from normalised_samples import normalise_samples

from samples.generate import generate
from samples.plan import make_plan
from transforms.identity import IdentityResult, evaluate, resolve

SEED = 417
SUBSCRIBERS = 16_000


@pytest.fixture(scope="module")
def deliveries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("deliveries")
    generate(make_plan(subscribers=SUBSCRIBERS, seed=SEED, months=1), out)
    return out


@pytest.fixture(scope="module")
def result(deliveries: Path, tmp_path_factory: pytest.TempPathFactory) -> IdentityResult:
    work = tmp_path_factory.mktemp("identity")
    files = normalise_samples(deliveries, work / "normalised")
    return resolve(files["subscriber"], files["address"], {}, work / "resolved")


def test_precision_and_recall(
    result: IdentityResult, deliveries: Path, capsys: pytest.CaptureFixture[str], record_property: pytest.Function
) -> None:
    score = evaluate(result.clusters, deliveries / "truth" / "persons.csv")
    record_property("identity_precision", score.precision)  # type: ignore[operator]
    record_property("identity_recall", score.recall)  # type: ignore[operator]
    with capsys.disabled():
        figures = result.figures
        print(f"\nidentity on {figures.records:,} generated records: {score};", end=" ")
        print(f"{figures.clusters:,} customers, {figures.edges['review']:,} pairs to review")
    assert score.true > SUBSCRIBERS / 40  # the generator did plant duplicates
    assert score.precision >= 0.9999
    assert score.recall >= 0.95


def test_no_household_members_and_no_pesels_meet(result: IdentityResult, deliveries: Path) -> None:
    con = duckdb.connect()
    met = con.execute(
        """
        SELECT cluster_key, list(DISTINCT person_id) FROM read_parquet(?)
        JOIN read_csv(?, all_varchar = true) USING (source_id, subscriber_key)
        GROUP BY cluster_key
        HAVING count(DISTINCT person_id) > 1 AND count(DISTINCT household) < count(DISTINCT person_id)
        """,
        [str(result.clusters), str(deliveries / "truth" / "persons.csv")],
    ).fetchall()
    con.close()
    assert met == []


def test_planted_duplicates_are_found_by_their_kind(result: IdentityResult, deliveries: Path) -> None:
    """Each kind of planted variation is followed for the most part (`moved` without any number is the hardest)."""
    con = duckdb.connect()
    rows = con.execute(
        """
        WITH clusters AS (SELECT * FROM read_parquet(?)),
        first AS (
            SELECT person_id, source_id, subscriber_key, row_number() OVER (PARTITION BY person_id) AS n,
                count(*) OVER (PARTITION BY person_id) AS records
            FROM read_csv(?, all_varchar = true)
        )
        SELECT d.defect, count(*), count(*) FILTER (c.members > 1)
        FROM read_csv(?, all_varchar = true) AS d
        JOIN first AS f ON f.source_id = d.source_id AND f.subscriber_key = d.key AND f.records > 1
        JOIN (SELECT *, count(*) OVER (PARTITION BY cluster_key) AS members FROM clusters) AS c
            ON c.source_id = d.source_id AND c.subscriber_key = d.key
        WHERE d.defect IN ('married_name', 'moved', 'typing_error', 'diacritics_lost', 'duplicate')
        GROUP BY d.defect ORDER BY d.defect
        """,
        [
            str(result.clusters),
            str(deliveries / "truth" / "persons.csv"),
            str(deliveries / "truth" / "defects.csv"),
        ],
    ).fetchall()
    con.close()
    shares = {defect: found / planted for defect, planted, found in rows}
    assert set(shares) == {"married_name", "moved", "typing_error", "diacritics_lost", "duplicate"}
    assert min(shares.values()) > 0.85, shares
