"""The score of two records, whether or not they would ever have been compared.

The weights are a file and no frequency is taken from a load, so two records alone get the score that they have among
millions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow.parquet as pq

from billing.decisions import RecordRef
from transforms.identity.comparisons import COMPARISONS, MISSING
from transforms.identity.constrain import decide
from transforms.identity.evidence import collect_evidence
from transforms.identity.link import RULES, Candidates, score
from transforms.identity.weights import read_weights


@dataclass(frozen=True)
class Compared:
    """What the score says of two records.

    Attributes:
        outcome: merge, keep_apart or review, as the rules have it for the pair alone.
        reason: Code of the rule that decided.
        weight: Bits of evidence for one customer; what no field says is how rare it is that any two records are one.
        levels: Field -> level of agreement; fields that one of them lacks are left out.
        weights: Field -> bits of evidence.
        keys: Blocking rules whose key the two share: without any they are never compared.
        version: Of the weights and frequencies.
    """

    outcome: str
    reason: str
    weight: float
    levels: dict[str, str]
    weights: dict[str, float]
    keys: tuple[str, ...]
    version: str


def compare(
    subscribers: Sequence[str],
    addresses: Sequence[str],
    one: RecordRef,
    other: RecordRef,
    *,
    trust: Mapping[str, int] | None = None,
    weights: Path | None = None,
) -> Compared | None:
    """Score two records.

    Args:
        subscribers: Parquet files of normalised subscribers.
        addresses: Parquet files of normalised addresses.
        one: A record.
        other: Another one.
        trust: Rank per source.
        weights: Weights file; default: the shipped one.

    Returns:
        None where one of them is not in the files.
    """
    model = read_weights(weights)
    con = duckdb.connect(config={"threads": "1", "memory_limit": "1GB"})
    try:
        with TemporaryDirectory(prefix="blueline-pair-") as folder:
            files = [
                _only(con, names, (one, other), Path(folder) / f"{kind}.parquet")
                for kind, names in (("subscriber", subscribers), ("address", addresses))
            ]
            if not files[0] or collect_evidence(con, files[0], files[1], trust or {}) != 2:
                return None
            keys = _shared_keys(con)
            # scored under the first rule's key, whatever they share
            columns = ", ".join(
                f"{'1::UBIGINT' if rule is RULES[0] else 'NULL::UBIGINT[]' if rule.places else 'NULL::UBIGINT'} "
                f"AS {rule.column}"
                for rule in RULES
            )
            con.execute(f"CREATE TABLE linkable AS SELECT *, {columns} FROM evidence")
            score(con, model, Candidates())
            decide(con, model)
            found = con.sql("SELECT * FROM decided").to_arrow_table().to_pylist()[0]
    finally:
        con.close()
    levels = {c.name: found[c.name] for c in COMPARISONS if found[c.name] != MISSING}
    return Compared(
        found["outcome"],
        found["reason"],
        found["match_weight"],
        levels,
        {name: found[f"weight_{name}"] for name in levels},
        keys,
        model.version,
    )


def _only(con: duckdb.DuckDBPyConnection, files: Sequence[str], refs: Sequence[RecordRef], path: Path) -> list[str]:
    """The rows of two records, in a file of their own; no file where there is nothing to read."""
    if not files:
        return []
    asked = " OR ".join(["source_id = ? AND subscriber_key = ?"] * len(refs))
    table = con.sql(
        f"SELECT * FROM read_parquet(?, union_by_name = true) WHERE {asked}",
        params=[list(files), *(text for ref in refs for text in (ref.source_id, ref.subscriber_key))],
    ).to_arrow_table()
    pq.write_table(table, path)
    return [str(path)]


def _shared_keys(con: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """Blocking rules under which both records have the same key."""
    same = ", ".join(
        f"coalesce(list_has_any(a.{r.column}, b.{r.column}), false)"
        if r.places
        else f"coalesce(a.{r.column} = b.{r.column}, false)"
        for r in RULES
    )
    columns = ", ".join(f"{rule.sql} AS {rule.column}" for rule in RULES)
    con.execute(f"CREATE TABLE asked_key AS SELECT record, {columns} FROM evidence")
    (row,) = con.execute(
        f"SELECT {same} FROM asked_key AS a, asked_key AS b WHERE a.record = 1 AND b.record = 2"
    ).fetchall()
    return tuple(rule.name for rule, shared in zip(RULES, row, strict=True) if shared)
