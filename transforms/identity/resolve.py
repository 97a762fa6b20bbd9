"""Same customer?  From normalised subscribers and addresses to clusters, golden parties and their provenance.

The steps in order: evidence, guard, score, decide, cluster, survive; what people decided is applied while clusters are
made.  Everything runs in one DuckDB connection that spills below the work folder; Python sees only the merge edges.
The four Parquet files are sorted and written in row groups of a fixed size, so the same records give the same bytes,
whatever the order of files and rows or the number of threads.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from billing.decisions import Decision
from billing.model import MergeRule
from transforms.identity import decided
from transforms.identity.cluster import cluster
from transforms.identity.comparisons import COMPARISONS, MISSING
from transforms.identity.constrain import ALIKE, decide
from transforms.identity.evidence import collect_evidence
from transforms.identity.link import MAX_BLOCK, MAX_PAIRS_PER_RECORD, Candidates, guard, score
from transforms.identity.spark import SparkPlace
from transforms.identity.survive import survive
from transforms.identity.weights import read_weights

_ROW_GROUP = 122_880

EDGES = pa.schema(
    [
        pa.field("left_source_id", pa.string(), nullable=False),
        pa.field("left_key", pa.string(), nullable=False),
        pa.field("right_source_id", pa.string(), nullable=False),
        pa.field("right_key", pa.string(), nullable=False),
        pa.field("match_weight", pa.float64(), nullable=False),
        pa.field("match_probability", pa.float64(), nullable=False),
        pa.field("outcome", pa.string(), nullable=False),  # merge | keep_apart | review
        pa.field("reason", pa.string(), nullable=False),  # a code of constrain.REASONS
        pa.field("rule", pa.string(), nullable=False),  # blocking rule that found the pair first
        pa.field("levels", pa.string(), nullable=False),  # "pesel=same last_name=part ...", missing ones left out
        *(pa.field(f"weight_{c.name}", pa.float64(), nullable=False) for c in COMPARISONS),
    ]
)
CLUSTERS = pa.schema(
    [
        pa.field("source_id", pa.string(), nullable=False),
        pa.field("subscriber_key", pa.string(), nullable=False),
        pa.field("cluster_key", pa.string(), nullable=False),
    ]
)
PARTIES = pa.schema(
    [
        pa.field("cluster_key", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        *(
            pa.field(name, pa.string())
            for name in (
                "display_name", "first_name", "last_name", "company_name", "pesel", "nip", "regon", "krs",
                "document", "document_kind",
            )
        ),
        pa.field("birth_date", pa.date32()),
        *(pa.field(name, pa.string()) for name in ("sex", "phone", "email", "segment")),
        pa.field("members", pa.int32(), nullable=False),
    ]
)  # fmt: skip
PROVENANCE = pa.schema(
    [
        pa.field("cluster_key", pa.string(), nullable=False),
        pa.field("field", pa.string(), nullable=False),
        pa.field("source_id", pa.string(), nullable=False),
        pa.field("subscriber_key", pa.string(), nullable=False),
        pa.field("rule", pa.string(), nullable=False),
        pa.field("value", pa.string(), nullable=False),
        pa.field(
            "lost",
            pa.list_(pa.struct([("source_id", pa.string()), ("subscriber_key", pa.string()), ("value", pa.string())])),
            nullable=False,
        ),
    ]
)


@dataclass(frozen=True)
class IdentityFigures:
    """What identity did, in numbers.

    Attributes:
        records: Subscriber records in.
        clusters: Customers out.
        merged_records: Records that share their customer with another.
        persons: Records compared as persons.
        organisations: Records compared as organisations.
        edges: Outcome -> scored pairs.  Pairs kept apart are written only where the names agree.
        reasons: Reason -> scored pairs.
        candidate_pairs: Blocking rule -> pairs that share its key; a pair may stand under several rules.
        scored_pairs: Different pairs that were scored.
        set_aside: Blocks too big to compare: `rule`, `value` (masked), `records`.
        weights_version: Version of the weights file.
        outcomes: One mapping per outcome and reason: `outcome`, `reason`, `pairs`.
        waiting: Pairs for review whose records are not one customer on other grounds.
        decisions: What became of each decision of a person: `number`, `action`, `state`, `why`.
    """

    records: int
    clusters: int
    merged_records: int
    persons: int
    organisations: int
    edges: dict[str, int]
    reasons: dict[str, int]
    candidate_pairs: dict[str, int]
    scored_pairs: int
    set_aside: list[dict[str, object]] = field(default_factory=list)
    weights_version: str = ""
    outcomes: list[dict[str, object]] = field(default_factory=list)
    waiting: int = 0
    decisions: list[dict[str, object]] = field(default_factory=list)


@dataclass(frozen=True)
class IdentityResult:
    """The four files and the figures."""

    edges: Path
    clusters: Path
    parties: Path
    provenance: Path
    figures: IdentityFigures


def resolve(
    subscribers: Sequence[str],
    addresses: Sequence[str],
    trust: Mapping[str, int],
    work: Path,
    *,
    memory_limit: str = "2GB",
    threads: int = 2,
    weights: Path | None = None,
    clean_sources: Collection[str] = (),
    max_block: int = MAX_BLOCK,
    max_pairs_per_record: float = MAX_PAIRS_PER_RECORD,
    decisions: Sequence[Decision] = (),
    survivorship: Mapping[str, MergeRule] | None = None,
    spark_master: str | None = None,
) -> IdentityResult:
    """Find out which subscriber records are one customer.

    Args:
        subscribers: Parquet files of normalised subscribers (`billing.model.normalised_schema`).
        addresses: Parquet files of normalised addresses; may be empty.
        trust: Rank per source for survivorship, 1 = most trusted.
        work: Folder for the four files; made if missing.  Scratch space lies below it while this runs.
        memory_limit: What DuckDB may hold before it spills, such as "2GB".
        threads: DuckDB's threads.
        weights: Weights file; default: the shipped one.
        clean_sources: Sources that guarantee at most one record a customer.
        max_block: Most records that may share one blocking key; bigger blocks are set aside and reported.
        max_pairs_per_record: Most pairs a record that one blocking rule may yield.
        decisions: What people decided and nobody took back (`billing.decisions.standing`).
        survivorship: Field -> rule, where it is another than the catalogue's.
        spark_master: Master URL of the Spark that scores the pairs; None: DuckDB does.

    Raises:
        ContractError: The weights do not fit, a subscriber key occurs twice in its source, or Spark is asked for and
            does not start.
        CandidateExplosion: A blocking rule yields too many pairs.
    """
    model = read_weights(weights)
    work.mkdir(parents=True, exist_ok=True)
    spill = work / ".spill"
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory_limit,
        "threads": str(threads),
        "temp_directory": str(spill),
        "preserve_insertion_order": "false",
    }
    con = duckdb.connect(config=config)
    try:
        records = collect_evidence(con, subscribers, addresses, trust)
        candidates = guard(con, max_block=max_block, max_pairs_per_record=max_pairs_per_record)
        spark = SparkPlace(spark_master, work / ".spark", memory_limit) if spark_master else None
        scored = score(con, model, candidates, spark)
        con.execute("DROP TABLE linkable")
        decide(con, model)
        con.execute("DROP TABLE scored")
        made = decided.plan(con, decisions)
        decided.restrain(con, made)
        cluster(con, clean_sources)
        decided.join(con, made)
        survive(con, survivorship)
        files = {name: work / f"{name}.parquet" for name in ("edges", "clusters", "parties", "provenance")}
        _write(con, _EDGES_SQL, EDGES, files["edges"])
        _write(con, _CLUSTERS_SQL, CLUSTERS, files["clusters"])
        _write(con, _PARTIES_SQL, PARTIES, files["parties"])
        _write(con, _PROVENANCE_SQL, PROVENANCE, files["provenance"])
        figures = _figures(con, records, scored, candidates, model.version)
        figures = replace(figures, decisions=[vars(verdict) for verdict in made.outcome()])
    finally:
        con.close()
        for scratch in (spill, work / ".spark"):
            shutil.rmtree(scratch, ignore_errors=True)
    return IdentityResult(**files, figures=figures)


def _figures(
    con: duckdb.DuckDBPyConnection, records: int, scored: int, candidates: Candidates, version: str
) -> IdentityFigures:
    edges = con.execute("SELECT outcome, count(*) FROM edge GROUP BY ALL ORDER BY ALL").fetchall()
    reasons = dict(con.execute("SELECT reason, count(*) FROM edge GROUP BY ALL ORDER BY ALL").fetchall())
    shared, merged = con.execute("SELECT count(*), coalesce(sum(members), 0)::BIGINT FROM shared").fetchall()[0]
    classes = dict(con.execute("SELECT class, count(*) FROM evidence GROUP BY ALL").fetchall())
    return IdentityFigures(
        records=records,
        clusters=records - int(merged) + int(shared),
        merged_records=int(merged),
        persons=int(classes.get("person", 0)),
        organisations=int(classes.get("organisation", 0)),
        edges={"merge": 0, "review": 0, "keep_apart": 0, **dict(edges)},
        reasons=reasons,
        candidate_pairs=candidates.pairs,
        scored_pairs=scored,
        set_aside=candidates.set_aside,
        weights_version=version,
        outcomes=[{"outcome": o, "reason": r, "pairs": n} for o, r, n in con.execute(_OUTCOMES_SQL).fetchall()],
        waiting=int(con.execute(_WAITING_SQL).fetchall()[0][0]),
    )


def _write(con: duckdb.DuckDBPyConnection, sql: str, schema: pa.Schema, path: Path) -> None:
    aside = path.with_suffix(".parquet.part")
    with pq.ParquetWriter(aside, schema, compression="zstd", version="2.6") as writer:
        for table in _regular(con.sql(sql).to_arrow_reader(_ROW_GROUP), schema):
            writer.write_table(table, row_group_size=_ROW_GROUP)
    aside.replace(path)


def _regular(reader: pa.RecordBatchReader, schema: pa.Schema) -> Iterator[pa.Table]:
    """Cut whatever batches arrive into tables of exactly one row group each (the last one may be shorter)."""
    held: list[pa.RecordBatch] = []
    rows = 0
    for batch in reader:
        while batch.num_rows:
            taken = batch.slice(0, _ROW_GROUP - rows)
            batch = batch.slice(taken.num_rows)  # noqa: PLW2901
            held.append(taken)
            rows += taken.num_rows
            if rows == _ROW_GROUP:
                yield pa.Table.from_batches(held).cast(schema).combine_chunks()
                held, rows = [], 0
    if held:
        yield pa.Table.from_batches(held).cast(schema).combine_chunks()


_OUTCOMES_SQL = "SELECT outcome, reason, count(*) FROM edge GROUP BY ALL ORDER BY ALL"
_WAITING_SQL = """
SELECT count(*) FROM edge AS d JOIN clustered AS a ON a.record = d.record_l JOIN clustered AS b ON b.record = d.record_r
WHERE d.outcome = 'review' AND a.root <> b.root
"""
_EDGES_SQL = f"""
SELECT a.source_id AS left_source_id, a.subscriber_key AS left_key,
    b.source_id AS right_source_id, b.subscriber_key AS right_key,
    match_weight, match_probability, outcome, reason, rule,
    concat_ws(' ', {
    ", ".join(f"CASE WHEN d.{c.name} <> '{MISSING}' THEN '{c.name}=' || d.{c.name} END" for c in COMPARISONS)
}) AS levels,
    {", ".join(f"weight_{c.name}" for c in COMPARISONS)}
FROM (SELECT * FROM edge
    WHERE outcome <> 'keep_apart' OR (reason <> 'WEAK' AND {ALIKE}) OR starts_with(reason, 'DECIDED-')) AS d
JOIN record AS a ON a.record = d.record_l JOIN record AS b ON b.record = d.record_r
ORDER BY d.record_l, d.record_r
"""
_CLUSTERS_SQL = """
SELECT e.source_id, e.subscriber_key, r.source_id || '|' || r.subscriber_key AS cluster_key
FROM clustered AS c JOIN record AS e USING (record) JOIN record AS r ON r.record = c.root
ORDER BY c.record
"""
_PARTIES_SQL = f"SELECT {', '.join(PARTIES.names)} FROM party ORDER BY root"
_PROVENANCE_SQL = f"""
SELECT {
    ", ".join(
        "v." + name if name != "cluster_key" else "e.source_id || '|' || e.subscriber_key AS cluster_key"
        for name in PROVENANCE.names
    )
}
FROM provenance AS v JOIN record AS e ON e.record = v.root
ORDER BY v.root, v.field
"""
