"""How good a partition is: pairwise precision, recall and F1 against known truth.

A pair is two records of one cluster.  Counting pairs per group of equal (cluster, person) gives the exact figures
without ever listing a pair.

>>> Score(found=4, true=5, right=3).precision
0.75
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb


@dataclass(frozen=True)
class Score:
    """Pairs found, pairs in the truth, and found pairs that are true.

    A ratio without a denominator is 1: nothing found is nothing wrong.
    """

    found: int
    true: int
    right: int

    @property
    def precision(self) -> float:
        """Share of the found pairs that are true."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Share of the true pairs that were found."""
        return self.right / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of the two."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0

    def __str__(self) -> str:
        return (
            f"pairwise precision {self.precision:.6f}, recall {self.recall:.6f}, F1 {self.f1:.6f}"
            f" ({self.right:,} of {self.found:,} found pairs right, {self.true:,} true)"
        )


def evaluate(clusters: Path | str, truth: Path | str) -> Score:
    """Compare clusters with the truth, over the records that both name.

    Args:
        clusters: Parquet with `source_id, subscriber_key, cluster_key`.
        truth: CSV with `source_id, subscriber_key, person_id`.
    """
    con = duckdb.connect()
    try:
        con.execute("CREATE TABLE cluster AS SELECT * FROM read_parquet(?)", [str(clusters)])
        con.execute("CREATE TABLE truth AS SELECT * FROM read_csv(?, all_varchar = true)", [str(truth)])
        return score_partition(
            con,
            "SELECT c.cluster_key AS found, t.person_id AS truth"
            " FROM cluster AS c JOIN truth AS t USING (source_id, subscriber_key)",
        )
    finally:
        con.close()


def score_partition(con: duckdb.DuckDBPyConnection, records: str) -> Score:
    """Count the pairs of a query that has, a record, `found` (its cluster) and `truth` (its person; null: unknown)."""
    found, true, right = con.execute(f"""
        WITH known AS MATERIALIZED (SELECT * FROM ({records}) WHERE truth IS NOT NULL)
        SELECT {
        ", ".join(
            f"(SELECT coalesce(sum(n * (n - 1) // 2), 0) FROM (SELECT count(*) AS n FROM known GROUP BY {by}))::BIGINT"
            for by in ("found", "truth", "found, truth")
        )
    }
    """).fetchall()[0]
    return Score(int(found), int(true), int(right))
