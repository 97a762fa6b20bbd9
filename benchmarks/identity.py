"""Identity on public data sets: `make bench-identity`.

Every set is linked by `blueline identity evaluate`, in a process of its own, with nothing but a column mapping; the
peers get the same sets in the same run.  `BLUELINE_PEERS_PYTHON` names a Python that has `recordlinkage` and
`pseudopeople`; without it only what is here is measured, and the rest is said.

Arguments: names of sets (default: all); `--no-peers` leaves the peers out.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.identity_peers import recordlinkage
from benchmarks.identity_sets import ROOT, Case, fetch
from transforms.identity.evaluate import Score


def main(arguments: list[str]) -> None:
    """Measure and print."""
    peers = "--no-peers" not in arguments
    wanted = {name for name in arguments if not name.startswith("-")}
    python = os.environ.get("BLUELINE_PEERS_PYTHON")
    folder = Path(os.environ.get("BLUELINE_HOME", ".blueline")).absolute() / "identity-sets"
    cases, missing = fetch(folder, python)
    table = Table(title="Identity, pairwise on clusters, unsupervised")
    for name in ("set", "records", "precision", "recall", "F1", "ceiling", "s", "MiB", "Splink F1", "recordlinkage F1"):
        table.add_column(name, justify="left" if name == "set" else "right")
    for case in cases:
        if not wanted or case.name in wanted:
            table.add_row(*_measure(case, folder, python, peers=peers))
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(table)
    console.print("ceiling: recall that no decision over the compared pairs can exceed", style="dim")
    for line in missing:
        console.print(line)


def _measure(case: Case, folder: Path, python: str | None, *, peers: bool) -> list[str]:
    spec = case.declare(folder)
    command = [sys.executable, "-m", "pipeline.cli", "identity", "evaluate", "--spec", str(spec)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode:
        print(done.stdout + done.stderr, file=sys.stderr)
        return [case.name, "failed"]
    figures = json.loads(spec.with_suffix(".result.json").read_text())
    score = figures["score"]
    row = [case.name, f"{figures['records']:,}"]
    row += [f"{score[name]:.5f}" for name in ("precision", "recall", "f1", "blocking_recall")]
    row += [f"{figures['seconds']['total']:.1f}", f"{figures['peak_memory_mib']:,}"]
    if not peers:
        return [*row, "", ""]
    return [*row, _shown(_splink(spec)), _shown(recordlinkage(spec, python) if python else None)]


def _splink(spec: Path) -> Score | None:
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.identity_peers", str(spec)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return Score(*json.loads(done.stdout.splitlines()[-1])) if done.returncode == 0 else None


def _shown(score: Score | None) -> str:
    return "-" if score is None else f"{score.f1:.5f}"


if __name__ == "__main__":
    main(sys.argv[1:])
