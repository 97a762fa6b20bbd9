"""Train the weights of the linkage model: done rarely, reviewed, and shipped as `weights.json`.

* u (chance of a level among two customers) comes from random pairs, which are practically never one customer;
* m (chance of a level among records of one customer) comes from labelled pairs where a truth is given (generated
  samples have one), else from expectation maximisation over two blockings that see different comparisons;
* frequencies of names, of firms and of places are counted, and only values above `COMMON` are listed.

The prior and the two thresholds are declared here, not estimated: an estimate would describe the training set, and
the same pair would score differently in another load.  The prior says that among eleven million records about one
record in twenty has a second one of the same customer; a merge without an identifier needs odds of ten thousand to one.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from billing.errors import ContractError
from transforms.identity.comparisons import FREQUENCY_COLUMNS, LISTED_FREQUENCIES
from transforms.identity.evidence import collect_evidence
from transforms.identity.link import name_columns, settings
from transforms.identity.weights import Weights

PRIOR = 1e-8
MERGE_WEIGHT = 13.3  # log2(10_000)
REVIEW_WEIGHT = 0.0
# Least share of a listed value, and the share that any other one is assumed to have.  Firms are fewer than people, so
# what few of them show says less.  For places the limit is higher: in a small village people agree because they are of
# one family, not by chance, and a place that the training never saw may be a town.
COMMON = {"first_name": 2e-5, "last_name": 2e-5, "company": 2e-5, "place": 5e-4}
RARE = {"first_name": 5e-6, "last_name": 5e-6, "company": 2e-5, "place": 5e-4}
MIN_COUNT = 5  # a value that occurs less often may be a typing error
# No level is impossible, whatever a sample shows; a level that it shows nowhere carries no weight.
M_FLOOR, U_FLOOR = 5e-3, 1e-7
# Where the data never shows a comparison's strongest level among records of one customer (no e-mail addresses, no
# firms, a new document in every record), a reasoned guess stands in.
_GUESS_SAME, _GUESS_BETWEEN = (0.7, 1e-6), (0.02, 1e-5)
_EM_RULES = ("l.pesel = r.pesel", "l.first_name = r.first_name AND l.last_name = r.last_name")


def train(
    subscribers: Sequence[str],
    addresses: Sequence[str],
    *,
    data: str,
    trained_on: str,
    truth: Path | str | None = None,
    max_pairs: float = 5e6,
    seed: int = 1,
    memory_limit: str = "4GB",
    threads: int = 2,
) -> Weights:
    """Estimate the weights from normalised subscribers and addresses.

    Args:
        subscribers: Parquet files of normalised subscribers.
        addresses: Parquet files of normalised addresses.
        data: What the data is, for the file's reader.
        trained_on: Date of the training, ISO.
        truth: CSV with `source_id, subscriber_key, person_id`; None trains without labels.
        max_pairs: Random pairs for u.
        seed: Of the random pairs.
        memory_limit: DuckDB's.
        threads: DuckDB's.

    Raises:
        ContractError: The learning without labels did not settle.
    """
    # Imported here: only training and scoring need Splink.
    from splink import Linker
    from splink.backends.duckdb import DuckDBAPI

    logging.getLogger("splink").setLevel(logging.ERROR)
    con = duckdb.connect(config={"memory_limit": memory_limit, "threads": str(threads)})
    try:
        collect_evidence(con, subscribers, addresses, {})
        frequencies = {column: _frequencies(con, column) for column in FREQUENCY_COLUMNS}
        con.execute("CREATE OR REPLACE TABLE linkable AS SELECT * FROM evidence")
        name_columns(con)
        if truth is not None:
            con.execute(
                """
                CREATE OR REPLACE TABLE linkable AS
                SELECT l.*, t.person_id FROM linkable AS l
                LEFT JOIN read_csv(?, all_varchar = true) AS t USING (source_id, subscriber_key)
                """,
                [str(truth)],
            )
        db = DuckDBAPI(con)
        model = settings(None, prior=PRIOR, rules=())
        # Duplicates among the random pairs would make chance look likelier than it is: u sees one record a customer.
        label = "person_id" if truth is not None else "coalesce(pesel, record::VARCHAR)"
        con.execute(f"""
            CREATE OR REPLACE TABLE stranger AS
            SELECT * FROM linkable WHERE record IN (SELECT min(record) FROM linkable GROUP BY {label})
        """)
        strangers = Linker(db.register("stranger"), model, log_level=None, validate_settings=False)
        strangers.training.estimate_u_using_random_sampling(max_pairs=max_pairs, seed=seed, min_count_per_level=None)
        chance = strangers.misc.save_model_to_json()
        linker = Linker(db.register("linkable"), chance, log_level=None, validate_settings=False)
        if truth is not None:
            linker.training.estimate_m_from_label_column("person_id")
        else:
            for rule in _EM_RULES:
                _settled(linker.training.estimate_parameters_using_expectation_maximisation(rule), rule)
        trained = linker.misc.save_model_to_json()
    finally:
        con.close()
    return Weights(
        trained_on=trained_on,
        data=data,
        prior=PRIOR,
        merge_weight=MERGE_WEIGHT,
        review_weight=REVIEW_WEIGHT,
        chances=_chances(_levels(trained, "m_probability"), _levels(chance, "u_probability")),
        frequencies=frequencies,
        rare=RARE,
    )


def _settled(session: Any, rule: str) -> None:
    """Refuse a training that was cut off: its last round still moved a chance by more than the limit."""
    history = session._core_model_settings_history
    limits = session.training_settings
    if len(history) <= limits.max_iterations:
        return
    before, after = (_chances_of(step) for step in history[-2:])
    moved = max((abs(a - b) for a, b in zip(before, after, strict=True)), default=0.0)
    if moved > limits.em_convergence:
        raise ContractError(
            f"the learning had not settled after {limits.max_iterations} rounds over the pairs with {rule}",
            remedy="train on more records, or with a truth; nothing was written",
        )


def _chances_of(model: Any) -> list[float]:
    """Every m of one round of Splink's training, in one order; levels without a value count as none."""
    return [
        float(level.m_probability) if isinstance(level.m_probability, float) else 0.0
        for comparison in model.comparisons
        for level in comparison.comparison_levels
        if not level.is_null_level
    ]


def _frequencies(con: duckdb.DuckDBPyConnection, column: str) -> dict[str, float]:
    """Value -> share of the records that have it, of those that have any."""
    each = f"unnest({column})" if column in LISTED_FREQUENCIES else column
    rows = con.execute(
        f"""
        SELECT value, count(*) / (SELECT count({column}) FROM evidence) AS share
        FROM (SELECT {each} AS value FROM evidence) WHERE value IS NOT NULL
        GROUP BY value HAVING share >= ? AND count(*) >= ? ORDER BY value
        """,
        [COMMON[column], MIN_COUNT],
    ).fetchall()
    return {value: round(share, 6) for value, share in rows}


def _levels(model: dict[str, Any], which: str) -> dict[str, dict[str, float | None]]:
    return {
        comparison["output_column_name"]: {
            level["label_for_charts"]: level.get(which)
            for level in comparison["comparison_levels"]
            if not level.get("is_null_level")
        }
        for comparison in model["comparisons"]
    }


def _chances(
    m: dict[str, dict[str, float | None]], u: dict[str, dict[str, float | None]]
) -> dict[str, dict[str, tuple[float, float]]]:
    """Floor and normalise every comparison's levels, so that its m and its u each add up to one."""
    result = {}
    for name, levels in m.items():
        strongest = next(iter(levels))
        if not levels[strongest]:
            result[name] = _guess(list(levels))
            continue
        chances = {
            level: (max(levels[level] or 0.0, M_FLOOR), max(u[name][level] or 0.0, U_FLOOR))
            if levels[level] or u[name][level]
            else (M_FLOOR, M_FLOOR)
            for level in levels
        }
        total = [sum(chance[i] for chance in chances.values()) for i in (0, 1)]
        result[name] = {level: (_round(c[0] / total[0]), _round(c[1] / total[1])) for level, c in chances.items()}
    return result


def _guess(levels: list[str]) -> dict[str, tuple[float, float]]:
    guess = {levels[0]: _GUESS_SAME} | dict.fromkeys(levels[1:-1], _GUESS_BETWEEN)
    rest = tuple(round(1 - sum(chance[i] for chance in guess.values()), 6) for i in (0, 1))
    return guess | {levels[-1]: (rest[0], rest[1])}


def _round(chance: float) -> float:
    return float(f"{chance:.6g}")
