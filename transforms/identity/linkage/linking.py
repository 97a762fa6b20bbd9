"""Link a data set by its declaration alone, and say how well it went where there is a truth.

The steps in order: read, count values, block, compare, learn, partition, score.  Nothing is learned from the truth; it
is read with the records and looked at when everything is decided.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from billing.errors import ContractError
from transforms.identity.cluster import Facts
from transforms.identity.evaluate import Score, score_partition
from transforms.identity.linkage.blocking import Key, block
from transforms.identity.linkage.mixture import (
    RANDOM_PAIRS,
    Model,
    count_levels,
    group_patterns,
    learn,
    score_pairs,
)
from transforms.identity.linkage.partition import STRONGEST, FactsOf, evidence, partition
from transforms.identity.linkage.patterns import compare, count_values, fields
from transforms.identity.linkage.reading import read_people
from transforms.identity.linkage.spec import DataSet


@dataclass(frozen=True)
class Linked:
    """What came of it.

    Attributes:
        name: Of the data set.
        records: Records read.
        people: People found.
        meanings: Meanings with values.
        pairs: Pairs compared.
        keys: Blocking keys; none where everything was compared with everything.
        model: What was learned; None where there was nothing to compare.
        seconds: Step -> seconds.
        root: Record -> smallest record of its group.
        score: Pairwise, on the groups; None without a truth.
        reachable: True pairs among the compared ones; the recall that no decision can exceed.
    """

    name: str
    records: int
    people: int
    meanings: tuple[str, ...]
    pairs: int
    keys: tuple[str, ...]
    model: Model | None
    seconds: dict[str, float]
    root: NDArray[np.int64]
    score: Score | None = None
    reachable: int = 0
    warnings: tuple[str, ...] = field(default=())

    @property
    def blocking_recall(self) -> float:
        """Share of the true pairs that were compared."""
        return self.reachable / self.score.true if self.score and self.score.true else 1.0


class _Clock:
    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - begun, 2)


def link(
    data: DataSet, folder: Path, *, memory_limit: str = "4GB", threads: int = 2, clusters: Path | None = None
) -> Linked:
    """Link a data set.

    Args:
        data: The declaration.
        folder: What its file names are relative to.
        memory_limit: What DuckDB may hold before it spills.
        threads: DuckDB's threads.
        clusters: CSV to write: number of the source, key, group.

    Raises:
        SourceError: A file is missing or not readable.
        ContractError: A declared column is not there, or a source whose groups are to be written has no key.
    """
    with tempfile.TemporaryDirectory() as spill:
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "threads": str(threads),
            "temp_directory": spill,
            "preserve_insertion_order": "false",
        }
        con = duckdb.connect(config=config)
        try:
            return _link(con, data, folder, clusters)
        finally:
            con.close()


def _link(con: duckdb.DuckDBPyConnection, data: DataSet, folder: Path, clusters: Path | None) -> Linked:
    if clusters is not None and not all(source.key for source in data.source):
        raise ContractError("groups can only be written by key", field="key", remedy="give every source its `key`")
    clock = _Clock()
    clean = [number for number, source in enumerate(data.source) if source.one_record_each]
    with clock.step("read"):
        present = read_people(con, data, folder)
        records = int(con.execute("SELECT count(*) FROM person").fetchall()[0][0])
    with clock.step("block"):
        count_values(con, present)
        keys = block(con, present, clean) if present else []
    if not present:  # no rows, or no value in any of them
        con.execute("CREATE OR REPLACE TABLE candidate (l INTEGER, r INTEGER)")
        return _told(con, data, Found(np.arange(records), None, 0), (), [], clock, clusters)
    with clock.step("compare"):
        _draw_pairs(con, records)
        compare(con, present, "random_pair", "random_level")
        compare(con, present, "candidate", "level")
    with clock.step("learn"):
        patterns = group_patterns(con, present, "level")
        random = count_levels(con, present, "random_level")
        model = learn(patterns, fields(present), random, records * (records - 1) / 2, records)
    with clock.step("decide"):
        # what is less likely says as much against as a pair that was never compared
        left, right, chance = score_pairs(con, present, "level", model, patterns, float(np.exp(-STRONGEST)))
        weight = evidence(chance)
        facts, proven = _facts(con, records, data, clean)
        apart = (proven[left] >= 0) & (proven[right] >= 0) & (proven[left] != proven[right])
        kind = _kinds(con, present)
        apart |= kind[left] * kind[right] < 0
        weight[apart] = -STRONGEST
        least = float(np.log(data.data.merge_at / (1 - data.data.merge_at)))
        root = partition(records, left, right, weight, least, facts)
    return _told(con, data, Found(root, model, int(patterns.counts.sum())), present, keys, clock, clusters)


@dataclass(frozen=True)
class Found:
    """What was decided: the groups, the model that decided, and how many pairs it saw."""

    root: NDArray[np.int64]
    model: Model | None
    pairs: int


def _told(
    con: duckdb.DuckDBPyConnection,
    data: DataSet,
    found: Found,
    present: Sequence[str],
    keys: Sequence[Key],
    clock: _Clock,
    clusters: Path | None,
) -> Linked:
    """Write and score what was decided."""
    root, model = found.root, found.model
    _write(con, root, clusters)
    warnings = []
    if model is None:
        warnings.append("there is nothing to compare")
    elif not model.converged:
        warnings.append(f"the learning had not settled after {model.rounds} rounds")
    score, reachable = (None, 0) if data.truth is None else _score(con)
    return Linked(
        name=data.data.name, records=len(root), people=len(np.unique(root)), meanings=tuple(present), pairs=found.pairs,
        keys=tuple(key.name for key in keys), model=model, seconds=clock.seconds, root=root, score=score,
        reachable=reachable, warnings=tuple(warnings),
    )  # fmt: skip


def _draw_pairs(con: duckdb.DuckDBPyConnection, records: int) -> None:
    """Build `random_pair`: the same numbers for the same number of records."""
    con.execute(f"""
        CREATE OR REPLACE TABLE random_pair AS
        SELECT DISTINCT least(x, y)::INTEGER AS l, greatest(x, y)::INTEGER AS r
        FROM (SELECT hash(i) % {records} AS x, hash(-1 - i) % {records} AS y FROM range({RANDOM_PAIRS}) AS t (i))
        WHERE x <> y
    """)


def _facts(
    con: duckdb.DuckDBPyConnection, records: int, data: DataSet, clean: list[int]
) -> tuple[FactsOf, NDArray[np.int64]]:
    """What may contradict of a record, and each one's proven identity number as a number of its own (-1: none)."""
    rows = con.execute("SELECT source FROM person ORDER BY record").fetchnumpy()
    source = np.asarray(rows["source"], np.int64)
    proven = np.full(records, -1, dtype=np.int64)
    if data.data.national_id_check is not None:
        rows = con.execute("""
            SELECT record, dense_rank() OVER (ORDER BY proven_id) AS number FROM person WHERE proven_id IS NOT NULL
        """).fetchnumpy()
        proven[rows["record"]] = rows["number"]

    def facts(record: int) -> Facts | None:
        is_clean, has_number = source[record] in clean, proven[record] >= 0
        if not (is_clean or has_number):
            return None
        found = Facts({record}, clean=[str(source[record])] if is_clean else [])
        if has_number:
            found.values["pesel"].add(str(proven[record]))
        return found

    return facts, proven


def _kinds(con: duckdb.DuckDBPyConnection, present: Sequence[str]) -> NDArray[np.int8]:
    """Each record's kind: 1 a person, -1 a firm, which no person is, 0 where it names neither."""
    names = [m for m in ("given_name", "family_name") if m in present]
    person = f"coalesce({', '.join(names)}) IS NOT NULL" if names else "false"
    firm = "company IS NOT NULL" if "company" in present else "false"
    rows = con.execute(
        f"SELECT CASE WHEN {person} THEN 1 WHEN {firm} THEN -1 ELSE 0 END::TINYINT AS kind FROM person ORDER BY record"
    ).fetchnumpy()
    return np.asarray(rows["kind"], np.int8)


def _write(con: duckdb.DuckDBPyConnection, root: NDArray[np.int64], clusters: Path | None) -> None:
    con.register("root_arrow", pa.table({"record": np.arange(len(root), dtype=np.int32), "root": root}))
    con.execute("CREATE OR REPLACE TABLE grouped AS SELECT * FROM root_arrow")
    con.unregister("root_arrow")
    if clusters is not None:
        name = str(clusters).replace("'", "''")
        con.execute(f"""
            COPY (SELECT source + 1 AS source, key, root AS person FROM person JOIN grouped USING (record) ORDER BY ALL)
            TO '{name}' (HEADER)
        """)


def _score(con: duckdb.DuckDBPyConnection) -> tuple[Score, int]:
    """The score of the groups, and the true pairs that were compared."""
    score = score_partition(con, "SELECT root AS found, entity AS truth FROM person JOIN grouped USING (record)")
    reachable = con.execute("""
        SELECT count(*) FROM candidate JOIN person AS a ON a.record = l JOIN person AS b ON b.record = r
        WHERE a.entity = b.entity
    """).fetchall()[0][0]
    return score, int(reachable)
