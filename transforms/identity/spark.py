"""Scoring on Spark, for more pairs than one machine can hold: the same settings, weights and scores.

Only the comparison of pairs leaves the machine; what comes before it (evidence, the guard of the blocking rules) and
after it (decisions, clusters) stays in DuckDB, because it is small beside the pairs.  The records go out and the scored
pairs come back as Parquet files in a folder that driver and executors share.

The levels are declared once, in DuckDB's SQL (`comparisons`); here they are translated.  What Spark has no word for,
Splink's own extension for the JVM supplies: Damerau-Levenshtein distance and Jaro-Winkler similarity.

Needs the extra `spark` (PySpark 4) and a Java runtime (17 or newer).
"""

from __future__ import annotations

import copy
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import sqlglot
from sqlglot import exp

from billing.errors import ContractError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_REMEDY = "install the extra `spark` and a Java runtime (17 or newer), or set BLUELINE_IDENTITY_ENGINE=duckdb"
_WORDS: dict[type[exp.Expression], str] = {
    exp.ArrayOverlaps: "ARRAYS_OVERLAP",
    exp.JarowinklerSimilarity: "JARO_WINKLER",  # of Splink's extension
    exp.StartsWith: "STARTSWITH",
}


@dataclass(frozen=True)
class SparkPlace:
    """Where Spark runs.

    Attributes:
        master: Spark's master URL, such as `local[2]` or `spark://host:7077`.
        folder: Folder for the files that are exchanged and for checkpoints; driver and executors must both reach it.
        memory: What the driver may take, as DuckDB says it: `2GB`, `512 MiB`.
    """

    master: str
    folder: Path
    memory: str = "2GB"

    @property
    def heap(self) -> str:
        """The memory as Java says it.

        >>> SparkPlace("local[2]", Path(), "1.5 GiB").heap
        '1536m'
        """
        found = re.fullmatch(r"([\d.]+)\s*([KMGT])i?B", self.memory.strip(), re.IGNORECASE)
        if not found:
            raise ContractError(f"{self.memory!r} is no amount of memory", remedy="write it as 2GB or 512MB")
        factor = {"K": 1 / 1024, "M": 1, "G": 1024, "T": 1024 * 1024}[found[2].upper()]
        return f"{max(512, int(float(found[1]) * factor))}m"


def predict(
    con: duckdb.DuckDBPyConnection, model: Mapping[str, Any], frequencies: Sequence[str], place: SparkPlace
) -> Path:
    """Score every candidate pair of the table `linkable`.

    Args:
        con: Connection with `linkable` and the frequency tables.
        model: Splink's settings in DuckDB's SQL, as `link.settings` makes them.
        frequencies: Columns with a table `frequency_<column>`.
        place: Where Spark runs.

    Returns:
        Folder of Parquet files: Splink's predictions, a row a pair.

    Raises:
        ContractError: PySpark or Java is missing, or a level's SQL cannot be said in Spark's.
    """
    place.folder.mkdir(parents=True, exist_ok=True)
    for table in ("linkable", *(f"frequency_{column}" for column in frequencies)):
        _hand_out(con, table, place.folder / f"{table}.parquet")
    found = place.folder / "scored"
    with _session(place) as session:
        from splink import Linker
        from splink.backends.spark import SparkAPI

        db = SparkAPI(spark_session=session, break_lineage_method="persist")
        records = session.read.parquet(str(place.folder / "linkable.parquet"))
        linker = Linker(db.register(records), translated(model), log_level=None, validate_settings=False)
        for column in frequencies:
            table = session.read.parquet(str(place.folder / f"frequency_{column}.parquet"))
            linker.table_management.register_term_frequency_lookup(db.register(table), column)
        scored = linker.inference.predict(warning_mode="never")
        scored.as_spark_dataframe().write.mode("overwrite").parquet(str(found))
    return found


def translated(model: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with every level's condition in Spark's SQL.

    >>> level = {"sql_condition": "starts_with(name_l, name_r) OR coalesce(list_has_any(a_l, a_r), false)"}
    >>> model = {"comparisons": [{"comparison_levels": [level]}], "blocking_rules_to_generate_predictions": []}
    >>> translated(model)["comparisons"][0]["comparison_levels"][0]["sql_condition"]
    'STARTSWITH(name_l, name_r) OR COALESCE(ARRAYS_OVERLAP(a_l, a_r), FALSE)'
    """
    found = copy.deepcopy(dict(model))
    for comparison in found["comparisons"]:
        for level in comparison["comparison_levels"]:
            if level["sql_condition"] != "ELSE":
                level["sql_condition"] = in_spark(level["sql_condition"])
    for rule in found["blocking_rules_to_generate_predictions"]:
        rule["sql_dialect"] = "spark"
    return found


def in_spark(condition: str) -> str:
    """A condition of DuckDB's SQL in Spark's.

    Raises:
        ContractError: It is no SQL.

    >>> in_spark("first_name_l[1] = first_name_r[1]")
    'SUBSTRING(first_name_l, 1, 1) = SUBSTRING(first_name_r, 1, 1)'
    """
    try:
        tree = sqlglot.parse_one(condition, read="duckdb")
    except sqlglot.ParseError as error:
        raise ContractError(f"the condition of a level cannot be read: {error}", remedy="correct it") from None
    return str(tree.transform(_word).sql(dialect="spark"))


def _word(node: exp.Expression) -> exp.Expression:
    """What sqlglot does not translate by itself."""
    if isinstance(node, exp.Bracket):  # of a text: a character by its place; DuckDB counts from 1, the parser from 0
        place = int(node.expressions[0].this) + 1 - int(node.args.get("offset") or 0)
        where = [node.this, exp.Literal.number(place), exp.Literal.number(1)]
        return exp.Anonymous(this="SUBSTRING", expressions=where)
    for kind, word in _WORDS.items():
        if isinstance(node, kind):
            return exp.Anonymous(this=word, expressions=[node.this, node.expression])
    return node


def _hand_out(con: duckdb.DuckDBPyConnection, table: str, path: Path) -> None:
    """Write a table for Spark, which has no unsigned numbers: hashes are moved into the signed range."""
    columns = []
    for name, kind in con.execute(f"SELECT column_name, column_type FROM (DESCRIBE {table})").fetchall():
        if kind == "UBIGINT":
            columns.append(f"{_moved(name)} AS {name}")
        elif kind == "UBIGINT[]":
            columns.append(f"list_transform({name}, lambda key: {_moved('key')}) AS {name}")
        else:
            columns.append(name)
    con.execute(f"COPY (SELECT {', '.join(columns)} FROM {table}) TO '{_quoted(path)}' (FORMAT parquet)")


def _moved(key: str) -> str:
    return f"({key}::HUGEINT - 9223372036854775808)::BIGINT"


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


@contextmanager
def _session(place: SparkPlace) -> Iterator[SparkSession]:
    try:
        from pyspark.sql import SparkSession
        from splink.backends.spark import similarity_jar_location
    except ImportError:
        raise ContractError("PySpark is not installed", remedy=_REMEDY) from None
    logging.getLogger("splink").setLevel(logging.ERROR)
    logging.getLogger("py4j").setLevel(logging.ERROR)
    builder = (
        SparkSession.builder.master(place.master)
        .appName("blueline identity")
        .config("spark.jars", similarity_jar_location())
        .config("spark.driver.memory", place.heap)
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.session.timeZone", "UTC")
    )
    if place.master.startswith("local"):
        builder = builder.config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1")
        builder = builder.config("spark.sql.shuffle.partitions", 8).config("spark.default.parallelism", 8)
    try:
        session = builder.getOrCreate()
    except Exception as error:
        raise ContractError(f"Spark does not start: {str(error).splitlines()[0]}", remedy=_REMEDY) from error
    try:
        session.sparkContext.setLogLevel("ERROR")
        session.sparkContext.setCheckpointDir(str(place.folder / "checkpoints"))
        yield session
    finally:
        session.stop()
