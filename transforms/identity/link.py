"""Candidate pairs and their scores: Splink on DuckDB or on Spark, guarded.

Two records are compared only where they share a key of one of the `RULES`.  The keys are columns of the linkable
table (hashes that include the class, so that a person and an organisation never share one), and before anything is
compared `guard` counts what each rule would yield:

* a single value that is shared by more than `max_block` records (a switchboard's number, a filler that slipped
  through) yields no pairs: it is set aside and reported, masked;
* a rule that would still yield more than `max_pairs_per_record` pairs a record stops the run and names its biggest
  value.

Records that share no key with any other never reach Splink.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa

from billing.errors import BillingError
from billing.masking import mask
from transforms.identity.comparisons import (
    COMPARISONS,
    SINGLE_FREQUENCIES,
    Comparison,
    Level,
    gamma_to_level,
    splink_comparison,
)
from transforms.identity.spark import SparkPlace, predict
from transforms.identity.weights import Weights
from transforms.letters import fold
from transforms.vocabulary import given_names

MAX_BLOCK = 100
MAX_PAIRS_PER_RECORD = 20
PAIRS_PER_CHUNK = 4_000_000


class CandidateExplosion(BillingError):
    """A blocking rule would yield more candidate pairs than may be compared."""


@dataclass(frozen=True)
class Rule:
    """One blocking rule.

    Attributes:
        name: Stable name, in figures.
        key: SQL expressions that have to be equal.
        shown: Column whose value names an oversized block.
        places: A list column of `evidence`; each of its elements makes a key together with `key`.
    """

    name: str
    key: tuple[str, ...]
    shown: str
    places: str | None = None

    @property
    def column(self) -> str:
        """Column of the linkable table that holds the key."""
        return f"key_{self.name}"

    @property
    def sql(self) -> str:
        """The key (or list of keys), null where a part is missing."""
        present = " AND ".join(f"({part}) IS NOT NULL" for part in self.key)
        parts = ", ".join(self.key)
        if self.places is None:
            return f"CASE WHEN {present} THEN hash(class, {parts}) END"
        each = f"list_transform({self.places}, lambda place: hash(class, place, {parts}))"
        return f"CASE WHEN {present} THEN {each} END"


# Order matters only for figures: a pair is counted for the first rule that finds it.
RULES: tuple[Rule, ...] = (
    Rule("pesel", ("pesel",), "pesel"),
    Rule("nip", ("nip",), "nip"),
    Rule("regon", ("regon",), "regon"),
    Rule("document", ("document",), "document"),
    Rule("email", ("email",), "email"),
    Rule("phone", ("phone",), "phone"),
    # both orders of first and last name give one key
    Rule("name_birth", ("least(first_name, last_name)", "greatest(first_name, last_name)", "birth_date"), "birth_date"),
    Rule("surname_birth", ("last_name", "birth_date"), "birth_date"),
    Rule("first_birth_initials", ("first_name", "birth_date", "left(last_name, 2)"), "birth_date"),
    Rule("dwelling_birth", ("birth_date",), "birth_date", places="dwelling"),
    Rule("dwelling_name", ("last_name", "left(first_name, 1)"), "last_name", places="dwelling"),
    Rule("company_building", ("company",), "company", places="building"),
)


@dataclass
class Candidates:
    """What the guard found.

    Attributes:
        pairs: Rule -> pairs that share its key (a pair may be counted for several rules).
        set_aside: One mapping per oversized block: `rule`, `value` (masked), `records`.
    """

    pairs: dict[str, int] = field(default_factory=dict)
    set_aside: list[dict[str, object]] = field(default_factory=list)


def guard(
    con: duckdb.DuckDBPyConnection,
    *,
    max_block: int = MAX_BLOCK,
    max_pairs_per_record: float = MAX_PAIRS_PER_RECORD,
    rules: tuple[Rule, ...] = RULES,
) -> Candidates:
    """Count every rule's pairs and build `linkable`: the records that share a key, with their usable keys.

    Args:
        con: Connection with the table `evidence`.
        max_block: Most records that may share one key.
        max_pairs_per_record: Most pairs a record that one rule may yield.
        rules: The blocking rules.

    Raises:
        CandidateExplosion: A rule yields too many pairs.
    """
    found = Candidates()
    columns = ", ".join(f"{rule.sql} AS {rule.column}" for rule in rules)
    con.execute(f"CREATE OR REPLACE TABLE block_key AS SELECT record, {columns} FROM evidence")
    records = con.execute("SELECT count(*) FROM block_key").fetchall()[0][0]
    for rule in rules:
        key = f"unnest({rule.column})" if rule.places else rule.column
        con.execute(f"""
            CREATE OR REPLACE TABLE block_{rule.name} AS
            SELECT key, count(*) AS records, min(record) AS record
            FROM (SELECT DISTINCT {key} AS key, record FROM block_key WHERE {rule.column} IS NOT NULL)
            GROUP BY key HAVING count(*) > 1
        """)
        oversized = con.execute(f"""
            SELECT e.{rule.shown}::VARCHAR, b.records FROM block_{rule.name} AS b JOIN evidence AS e USING (record)
            WHERE b.records > {int(max_block)} ORDER BY b.records DESC, 1
        """).fetchall()
        found.set_aside += [{"rule": rule.name, "value": mask(v), "records": int(n)} for v, n in oversized]
        con.execute(f"DELETE FROM block_{rule.name} WHERE records > {int(max_block)}")
        pairs, biggest = con.execute(f"""
            SELECT coalesce(sum(records * (records - 1) // 2), 0)::BIGINT, max_by(record, (records, -record))
            FROM block_{rule.name}
        """).fetchall()[0]
        found.pairs[rule.name] = int(pairs)
        if pairs > max_pairs_per_record * records:
            value = con.execute(f"SELECT {rule.shown}::VARCHAR FROM evidence WHERE record = {biggest}").fetchall()[0][0]
            raise CandidateExplosion(
                f"blocking rule {rule.name} would compare {pairs:,} pairs for {records:,} records;"
                f" its biggest block is {mask(value)}",
                remedy="look at the source's values of that field; placeholders have to become missing values",
                rule=rule.name,
            )
    con.execute(_linkable_sql(rules))
    con.execute("DROP TABLE block_key")
    for rule in rules:
        con.execute(f"DROP TABLE block_{rule.name}")
    return found


def _linkable_sql(rules: tuple[Rule, ...]) -> str:
    usable = []
    for rule in rules:
        block = f"(SELECT key FROM block_{rule.name})"
        if rule.places:
            one = (
                f"SELECT record, list(DISTINCT key) AS {rule.column} FROM (SELECT record, unnest({rule.column}) AS key"
                f" FROM block_key WHERE {rule.column} IS NOT NULL) WHERE key IN {block} GROUP BY record"
            )
            usable.append((rule, one))
    plain = ", ".join(
        f"CASE WHEN {rule.column} IN (SELECT key FROM block_{rule.name}) THEN {rule.column} END AS {rule.column}"
        for rule in rules
        if not rule.places
    )
    joins = " ".join(f"LEFT JOIN ({sql}) AS {rule.name}_keys USING (record)" for rule, sql in usable)
    any_key = ", ".join(
        [f"k.{r.column}" for r in rules if not r.places] + [f"{r.name}_keys.{r.column}[1]" for r, _ in usable]
    )
    lists = "".join(f", {rule.name}_keys.{rule.column}" for rule, _ in usable)
    return f"""
    CREATE OR REPLACE TABLE linkable AS
    SELECT e.*, {", ".join("k." + r.column for r in rules if not r.places)}{lists}
    FROM (SELECT record, {plain} FROM block_key) AS k JOIN evidence AS e USING (record) {joins}
    WHERE coalesce({any_key}) IS NOT NULL
    """


def name_columns(con: duckdb.DuckDBPyConnection) -> None:
    """Add to `linkable` what the vocabulary knows of a given name.

    `first_name_known` says that it is in the list; `first_name_root` is the full form of a diminutive, else the name.
    """
    names = given_names()
    _load(
        con,
        "given_name",
        {
            "first_name": [key.upper() for key in names],
            "root": [fold(entry.diminutive_of).upper() or key.upper() for key, entry in names.items()],
        },
    )
    con.execute("""
        CREATE OR REPLACE TABLE linkable AS
        SELECT l.*, g.root IS NOT NULL AS first_name_known, coalesce(g.root, l.first_name) AS first_name_root
        FROM linkable AS l LEFT JOIN given_name AS g USING (first_name)
    """)


def _load(con: duckdb.DuckDBPyConnection, table: str, columns: dict[str, list[Any]]) -> None:
    """Make a table of short columns, in one go (row-wise inserts take a millisecond each)."""
    con.register(
        "loading", pa.table({n: pa.array(v, pa.float64() if n == "share" else pa.string()) for n, v in columns.items()})
    )
    con.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM loading")
    con.unregister("loading")


def settings(weights: Weights | None, *, prior: float = 1e-6, rules: tuple[Rule, ...] = RULES) -> dict[str, Any]:
    """The model in Splink's form; the same settings serve every engine that Splink runs on.

    Args:
        weights: Trained weights; None for a model that is to be trained.
        prior: Chance that two records match, where there are no weights yet.
        rules: Blocking rules.
    """
    blocking: list[dict[str, Any]] = []
    for rule in rules:
        entry: dict[str, Any] = {"blocking_rule": f"l.{rule.column} = r.{rule.column}", "sql_dialect": "duckdb"}
        if rule.places:
            entry["arrays_to_explode"] = [rule.column]
        blocking.append(entry)
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "record",
        "probability_two_random_records_match": weights.prior if weights else prior,
        "comparisons": [splink_comparison(c, weights.chances[c.name] if weights else None) for c in COMPARISONS],
        "blocking_rules_to_generate_predictions": blocking,
        "retain_matching_columns": True,
        "retain_intermediate_calculation_columns": True,
    }


def score(
    con: duckdb.DuckDBPyConnection, weights: Weights, candidates: Candidates, spark: SparkPlace | None = None
) -> int:
    """Score every candidate pair of `linkable` into the table `scored`.

    `scored` has `record_l < record_r`, `rule` (the first that found the pair), `match_weight`, `match_probability`,
    and per comparison its level (`<name>`) and its weight with the frequency adjustment (`weight_<name>`).

    Args:
        con: Connection with `linkable`.
        weights: Trained weights.
        candidates: What the guard found.
        spark: Where Spark runs, if it is to score; else DuckDB does.

    Returns:
        Number of pairs.
    """
    name_columns(con)
    if con.execute("SELECT count(*) FROM linkable").fetchall()[0][0] == 0:
        con.execute(f"CREATE OR REPLACE TABLE scored ({_SCORED_COLUMNS})")
        return 0

    for column in SINGLE_FREQUENCIES:
        _frequency_table(con, weights, column)
    if spark is not None:
        found = predict(con, settings(weights), SINGLE_FREQUENCIES, spark)
        _keep_scores(con, weights, f"read_parquet('{found}/*.parquet')")
    else:
        _predict_here(con, weights, candidates)
    return int(con.execute("SELECT count(*) FROM scored").fetchall()[0][0])


def _predict_here(con: duckdb.DuckDBPyConnection, weights: Weights, candidates: Candidates) -> None:
    # Imported here: Splink takes half a second to import, and only this function needs it.
    from splink import Linker
    from splink.backends.duckdb import DuckDBAPI

    logging.getLogger("splink").setLevel(logging.ERROR)
    db = DuckDBAPI(con)
    linker = Linker(db.register("linkable"), settings(weights), log_level=None, validate_settings=False)
    for column in SINGLE_FREQUENCIES:
        linker.table_management.register_term_frequency_lookup(db.register(f"frequency_{column}"), column)
    chunks = 1 + sum(candidates.pairs.values()) // PAIRS_PER_CHUNK
    predicted = linker.inference.predict(
        num_chunks_right=chunks if chunks > 1 else None,
        num_chunks_left=1 if chunks > 1 else None,
        warning_mode="never",
    )
    _keep_scores(con, weights, predicted.physical_name)
    predicted.drop_table_from_database_and_remove_from_cache()


def _frequency_table(con: duckdb.DuckDBPyConnection, weights: Weights, column: str) -> None:
    """A frequency for every value that occurs: the shipped one, or the share of a rare value."""
    _load_shipped(con, weights, column)
    con.execute(f"""
        CREATE OR REPLACE TABLE frequency_{column} AS
        SELECT {column}, coalesce(share, {weights.rare[column]!r}::DOUBLE) AS tf_{column}
        FROM (SELECT DISTINCT {column} FROM linkable WHERE {column} IS NOT NULL)
        LEFT JOIN shipped_{column} USING ({column})
    """)


def _load_shipped(con: duckdb.DuckDBPyConnection, weights: Weights, column: str) -> None:
    shipped = weights.frequencies[column]
    _load(con, f"shipped_{column}", {column: list(shipped), "share": list(shipped.values())})


def _keep_scores(con: duckdb.DuckDBPyConnection, weights: Weights, predicted: str) -> None:
    """Make `scored` of Splink's predictions, with what the frequencies of listed values add."""
    joins = []
    for comparison, level in _LISTED:
        _load_shipped(con, weights, level.frequency_of or "")
        joins.append(f"LEFT JOIN ({_rarest(weights, comparison, level, predicted)}) USING (record_l, record_r)")
    added = " + ".join(["0", *(f"coalesce(added_{comparison.name}, 0)" for comparison, _ in _LISTED)])
    con.execute(f"""
        CREATE OR REPLACE TABLE scored AS
        SELECT {_scored_select()} FROM (SELECT *, match_weight + {added} AS weight FROM {predicted} {" ".join(joins)})
    """)


def _rarest(weights: Weights, comparison: Comparison, level: Level, predicted: str) -> str:
    """SQL of the bits by which the rarest value that two records share says more than the level on average."""
    column = level.frequency_of or ""
    chance = weights.chances[comparison.name][level.name][1]
    return f"""
        SELECT record_l, record_r,
            log2({chance!r} / min(coalesce(share, {weights.rare[column]!r}))) AS added_{comparison.name}
        FROM (
            SELECT record_l, record_r, unnest(list_intersect({column}_l, {column}_r)) AS {column}
            FROM {predicted} WHERE {gamma_to_level(comparison)} = '{level.name}'
        ) LEFT JOIN shipped_{column} USING ({column}) GROUP BY record_l, record_r
    """


_LISTED = [(comparison, level) for comparison in COMPARISONS for level in comparison.levels if level.listed]


def _scored_select() -> str:
    rule_names = " ".join(f"WHEN '{i}' THEN '{rule.name}'" for i, rule in enumerate(RULES))
    columns = [
        "record_l", "record_r", f"CASE match_key {rule_names} END AS rule",
        "round(weight, 6) AS match_weight", "round(1 / (1 + power(2, -weight)), 12) AS match_probability",
    ]  # fmt: skip
    for comparison in COMPARISONS:
        adjusted = f"mw_{comparison.name}"
        if any(level.frequency_of and not level.listed for level in comparison.levels):
            adjusted += f" + mw_tf_adj_{comparison.name}"
        if any(level.listed for level in comparison.levels):
            adjusted += f" + coalesce(added_{comparison.name}, 0)"
        columns.append(f"{gamma_to_level(comparison)} AS {comparison.name}")
        columns.append(f"round({adjusted}, 6) AS weight_{comparison.name}")
    return ", ".join(columns)


_SCORED_COLUMNS = ", ".join(
    [
        "record_l BIGINT", "record_r BIGINT", "rule VARCHAR", "match_weight DOUBLE", "match_probability DOUBLE",
        *(f"{c.name} VARCHAR, weight_{c.name} DOUBLE" for c in COMPARISONS),
    ]
)  # fmt: skip
