"""How fast the decoders read, each against a well-known reader of the same rows.

    python benchmarks/extractor_speed.py                       # every format
    python benchmarks/extractor_speed.py --format xml --rows 1000000 --rounds 5

Ours and the peer take turns, each time in a new process, so that whatever else loads the machine loads both; times are
medians.  Files are generated below a temporary folder and removed.  Both sides run on one core unless the peer has
threads of its own.  Ours does more than the peers: it judges the code page, keeps every record's place, and looks for
damage in every value.  MB are millions of bytes of the file that is read, peak memory is that of the whole process.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from speed_files import ROWS, WRITERS
from speed_sides import PEERS

SIDES = Path(__file__).with_name("speed_sides.py")


def measure(side: str, form: str, path: Path) -> dict[str, Any]:
    """Run one side once, in a process of its own."""
    done = subprocess.run(
        [sys.executable, str(SIDES), side, form, str(path)], stdout=subprocess.PIPE, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def compare(form: str, rows: int, rounds: int, folder: Path) -> None:
    """Write the files of a format, let both sides read them in turn, print a line for each."""
    paths = {form: folder / f"{form}.dat"}
    if form in PEERS:
        paths.setdefault(PEERS[form][1], folder / f"{PEERS[form][1]}.dat")
    for name, path in paths.items():
        WRITERS[name](path, rows)
    results: dict[str, list[dict[str, Any]]] = {"ours": []} | ({"peer": []} if form in PEERS else {})
    for _ in range(rounds):
        for side, found in results.items():
            found.append(measure(side, form, paths[form if side == "ours" else PEERS[form][1]]))
    wall, processor = (
        {side: statistics.median(one[clock] for one in found) for side, found in results.items()}
        for clock in ("wall", "processor")
    )
    for side, found in results.items():
        assert {one["records"] for one in found} == {rows}, found
        size = paths[form if side == "ours" else PEERS[form][1]].stat().st_size
        ratios = " " * 15
        if "peer" in wall and side == "ours":
            ratios = f"{wall['peer'] / wall['ours']:7.2f} {processor['peer'] / processor['ours']:7.2f}"
        print(
            f"{form:14} {'blueline' if side == 'ours' else PEERS[form][0]:30} {size / 1e6:8,.0f} "
            f"{size / 1e6 / wall[side]:8,.1f} {size / 1e6 / processor[side]:8,.1f} {rows / wall[side]:12,.0f} "
            f"{ratios} {max(one['peak'] for one in found) / 2**20:8,.0f}",
            flush=True,
        )
    for path in paths.values():
        path.unlink()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--format", choices=[*WRITERS, "all"], default="all")
    arguments.add_argument("--rows", type=int, help="records of each file (default: by format)")
    arguments.add_argument("--rounds", type=int, default=5, help="times that each side reads (default 5)")
    given = arguments.parse_args()
    print(
        f"{'format':14} {'reader':30} {'MB':>8} {'MB/s':>8} {'MB/cpu s':>8} {'records/s':>12} "
        f"{'times':>7} {'cpu':>7} {'peak MiB':>8}"
    )
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        for form in WRITERS if given.format == "all" else [given.format]:
            compare(form, given.rows or ROWS[form], given.rounds, Path(folder))


if __name__ == "__main__":
    main()
