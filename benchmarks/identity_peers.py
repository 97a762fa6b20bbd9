"""What others make of the same sets: plain Splink (our environment) and recordlinkage (an environment of its own).

Both get what their documentation shows for such data, unsupervised, and no tuning to a set: that is the point of the
comparison.  Splink: library comparisons with frequencies, u from random pairs, expectation maximisation over two
blockings, clusters at a match probability of 0.95.  recordlinkage: blocking on single fields, its string comparisons,
the ECM classifier, connected components.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import tomllib
from pathlib import Path

import duckdb

from transforms.identity.evaluate import Score, score_partition
from transforms.identity.linkage.reading import read_people
from transforms.identity.linkage.spec import read_spec

_NAMES = ("given_name", "family_name")


def plain_splink(spec: Path) -> Score:
    """Link a declared set with plain Splink; it gets the same cleaned columns that we use."""
    import splink.comparison_library as cl
    from splink import Linker, SettingsCreator, block_on
    from splink.backends.duckdb import DuckDBAPI

    logging.getLogger("splink").setLevel(logging.ERROR)
    con = duckdb.connect(config={"memory_limit": "4GB", "threads": "2"})
    data = read_spec(spec)
    present = read_people(con, data, spec.parent)
    comparisons = []
    for meaning in present:
        if meaning in _NAMES:
            comparisons.append(
                cl.JaroWinklerAtThresholds(meaning, [0.92, 0.8]).configure(term_frequency_adjustments=True)
            )
        elif meaning in ("birth_date", "national_id", "postal_code", "phone"):
            comparisons.append(cl.DamerauLevenshteinAtThresholds(meaning, [1, 2]))
        elif meaning in ("sex", "region", "flat", "house_number"):
            comparisons.append(cl.ExactMatch(meaning))
        else:
            comparisons.append(cl.JaroWinklerAtThresholds(meaning, [0.9]).configure(term_frequency_adjustments=True))
    keys = [m for m in ("national_id", "birth_date", "email", "street", "postal_code", "locality") if m in present]
    rules = [block_on(*_NAMES), *(block_on(name, key) for name in _NAMES for key in keys)]
    if "national_id" in present:
        rules.append(block_on("national_id"))
    model = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=rules,
    )
    linker = Linker(DuckDBAPI(con).register("person"), model, log_level=None)
    linker.training.estimate_probability_two_random_records_match([block_on(*_NAMES)], recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    second = "birth_date" if "birth_date" in present else keys[0]
    for rule in (block_on(*_NAMES), block_on(second)):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    predicted = linker.inference.predict(threshold_match_probability=0.01)
    groups = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, threshold_match_probability=0.95)
    return score_partition(
        con,
        "SELECT c.cluster_id AS found, p.entity AS truth"
        f" FROM person AS p JOIN {groups.physical_name} AS c USING (record)",
    )


_RECORDLINKAGE = r"""
import json, sys
import pandas as pd, recordlinkage as rl
from recordlinkage.index import Block
spec = json.loads(sys.argv[1])
tables = []
for number, file in enumerate(spec["files"]):
    table = pd.read_csv(file, dtype=str, skipinitialspace=True)
    table = table.rename(columns={c: m for m, cs in spec["columns"].items() for c in cs if c in table})
    table["source"] = number
    entity = table[spec["truth"]].astype(str)
    table["entity"] = entity.str.extract(spec["pattern"])[0] if spec["pattern"] else entity
    tables.append(table)
all_ = pd.concat(tables, ignore_index=True)
meanings = [m for m in spec["columns"] if m in all_]
index = rl.Index()
for m in meanings:
    if m in ("given_name", "family_name", "birth_date", "national_id", "email"):
        index.add(Block(m))
pairs = index.index(all_)
compare = rl.Compare()
for m in meanings:
    if m in ("given_name", "family_name", "street", "address_line", "locality", "email"):
        compare.string(m, m, method="jarowinkler", threshold=0.85, label=m)
    else:
        compare.exact(m, m, label=m)
features = compare.compute(pairs, all_)
matches = rl.ECMClassifier().fit_predict(features)
parent = list(range(len(all_)))
def top(x):
    while parent[x] != x:
        parent[x] = parent[parent[x]]
        x = parent[x]
    return x
for a, b in matches:
    parent[top(a)] = top(b)
all_["found"] = [top(x) for x in range(len(all_))]
def count(*by):
    n = all_.groupby(list(by)).size()
    return int((n * (n - 1) // 2).sum())
print(json.dumps([count("found"), count("entity"), count("found", "entity")]))
"""


def recordlinkage(spec: Path, python: str) -> Score | None:
    """Link a declared set with recordlinkage in another interpreter; None where that does not work."""
    declared = tomllib.loads(spec.read_text())
    columns = {m: [c] if isinstance(c, str) else c for m, c in declared["columns"].items()}
    told = {
        "files": [str(spec.parent / file) for source in declared["source"] for file in source["files"]],
        "columns": columns,
        "truth": declared["truth"]["column"],
        "pattern": declared["truth"].get("pattern"),
    }
    done = subprocess.run(
        [python, "-W", "ignore", "-c", _RECORDLINKAGE, json.dumps(told)],
        capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip
    return Score(*json.loads(done.stdout.splitlines()[-1])) if done.returncode == 0 else None


if __name__ == "__main__":
    score = plain_splink(Path(sys.argv[1]))
    print(json.dumps([score.found, score.true, score.right]))
