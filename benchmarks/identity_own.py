"""Identity as a run does it, on generated regions of any size, against the truth that their generator writes.

    python -m benchmarks.identity_own 100000 1000000
    python -m benchmarks.identity_own 1000000 --times 5     # five million: every person of the first as five people

The regions are generated, decoded and normalised first; what is timed is `transforms.identity.resolve` alone, with the
reviewed weights, in a process of its own: evidence, candidates, scores, decisions, clusters, golden records.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
SEED = 902  # none that the weights were trained on
_COLUMNS = {
    "records": 10,
    "customers": 10,
    "review": 8,
    "pairs": 11,
    "s": 7,
    "MiB": 6,
    "precision": 9,
    "recall": 8,
    "F1": 8,
}
_RESOLVE = """
import json, resource, sys, time
from pathlib import Path
from transforms.identity import evaluate, resolve
given = json.loads(sys.argv[1])
started = time.perf_counter()
found = resolve(given["subscriber"], given["address"], {}, Path(given["work"]), memory_limit=given["memory"])
seconds = time.perf_counter() - started
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
score = evaluate(found.clusters, given["truth"])
figures = found.figures
print(json.dumps([figures.records, figures.clusters, figures.edges["review"], figures.scored_pairs, seconds, peak,
                  score.precision, score.recall, score.f1]))
"""


def main() -> None:
    """Measure and print, a line a size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("subscribers", nargs="*", type=int, default=[100_000])
    parser.add_argument("--memory", default="4GB", help="what DuckDB may take before it spills (default 4GB)")
    parser.add_argument("--times", type=int, default=1, help="make other people of the generated ones, so many times")
    options = parser.parse_args()
    print(" ".join(f"{name:>{width}}" for name, width in _COLUMNS.items()))
    for subscribers in options.subscribers:
        with tempfile.TemporaryDirectory(prefix="blueline-identity-") as folder:
            given = _prepare(subscribers, Path(folder), options.times)
            records, customers, review, pairs, seconds, peak, *score = _measure({**given, "memory": options.memory})
        counts = (f"{records:,}", f"{customers:,}", f"{review:,}", f"{pairs:,}", f"{seconds:.1f}", f"{peak:,.0f}")
        shown = (*counts, *(f"{figure:.6f}" for figure in score))
        print(" ".join(f"{text:>{width}}" for text, width in zip(shown, _COLUMNS.values(), strict=True)), flush=True)


def _prepare(subscribers: int, folder: Path, times: int) -> dict[str, object]:
    """Normalised files and the truth."""
    sys.path.insert(0, str(ROOT / "tests" / "support"))
    from normalised_samples import normalise_samples

    from samples.generate import generate
    from samples.plan import make_plan

    deliveries = folder / "deliveries"
    generate(make_plan(subscribers=subscribers, seed=SEED, months=1), deliveries, workers=2)
    files = normalise_samples(deliveries, folder / "normalised")
    truth = str(deliveries / "truth" / "persons.csv")
    if times > 1:
        files = {
            entity: [_multiplied(name, change, times) for name in files[entity]] for entity, change in _OTHERS.items()
        }
        truth = _multiplied(truth, _OTHER_TRUTH, times)
    return {**files, "work": str(folder / "resolved"), "truth": truth}


# What makes another person of one: born seven years earlier, with other numbers, in another house of the same street.
_DIGITS = "translate({0}, '0123456789', '0123456789'[k + 1:] || '0123456789'[:k])"
_KEY = "subscriber_key || '~' || k AS subscriber_key"
_OTHERS = {
    "subscriber": f"""
        {_KEY},
        lpad(((pesel[1:2]::INTEGER + 100 - 7 * k) % 100)::VARCHAR, 2, '0') || pesel[3:6]
            || {_DIGITS.format("pesel[7:11]")} AS pesel,
        (birth_date - to_years(7 * k::INTEGER))::DATE AS birth_date,
        {", ".join(f"{_DIGITS.format(name)} AS {name}" for name in ("nip", "regon", "document"))},
        phone[:4] || {_DIGITS.format("phone[5:]")} AS phone, k || '.' || email AS email""",
    "address": f"{_KEY}, building || CASE WHEN k = 0 THEN '' ELSE '/' || k END AS building",
}
_OTHER_TRUTH = f"{_KEY}, person_id || '~' || k AS person_id"


def _multiplied(name: str, change: str, times: int) -> str:
    import duckdb

    path = Path(name)
    made = path.with_stem(f"{path.stem}-x{times}")
    reader, form = ("read_csv", "csv") if path.suffix == ".csv" else ("read_parquet", "parquet")
    more = ", all_varchar = true" if form == "csv" else ""
    duckdb.execute(
        f"COPY (SELECT * EXCLUDE (k) REPLACE ({change}) FROM {reader}('{path}'{more}), range({times}) AS copies(k))"
        f" TO '{made}' (FORMAT {form})"
    )
    return str(made)


def _measure(given: dict[str, object]) -> list[float]:
    command = [sys.executable, "-c", _RESOLVE, json.dumps(given)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    # a long query draws its progress on the same stream
    return list(json.loads(done.stdout[done.stdout.rindex("[") : done.stdout.rindex("]") + 1]))


if __name__ == "__main__":
    main()
