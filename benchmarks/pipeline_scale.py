"""The whole pipeline on generated regions: time and peak memory of every step.

    python benchmarks/pipeline_scale.py 100000 1000000

For each number of subscribers: eight regions in eight formats are generated (accounts, lines, one invoice each with
its items, payments), `blueline run` loads them into an embedded PostgreSQL of its own, and the manifests tell how long
each step took and how much memory its process had at the most.  The memory of all processes together, the database
included, is sampled from outside (proportional set size, so that shared pages count once).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path

import psutil

ORDER = (
    "land",
    "decode",
    "check_raw",
    "conform",
    "normalise",
    "check_canonical",
    "balance",
    "resolve",
    "batch",
    "report",
)
EVERY = 1.0  # seconds between two samples of the memory


class Memory(threading.Thread):
    """Samples the memory of a process and all its descendants, and of the embedded server of a home."""

    def __init__(self, pid: int, home: Path) -> None:
        super().__init__(daemon=True)
        self.root, self.home = psutil.Process(pid), home
        self.peak = self.peak_python = 0
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(EVERY):
            try:
                python = [self.root, *self.root.children(recursive=True)]
                server = self._server()
            except psutil.Error:
                continue
            ours = sum(map(_pss, python))
            self.peak_python = max(self.peak_python, ours)
            self.peak = max(self.peak, ours + sum(map(_pss, set(server) - set(python))))

    def _server(self) -> list[psutil.Process]:
        pid_file = self.home / "postgres" / "data" / "postmaster.pid"
        if not pid_file.exists():
            return []
        leader = psutil.Process(int(pid_file.read_text().split()[0]))
        return [leader, *leader.children(recursive=True)]


def _pss(process: psutil.Process) -> int:
    try:
        return process.memory_full_info().pss
    except psutil.Error:
        return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("subscribers", type=int, nargs="*", default=[100_000, 1_000_000])
    parser.add_argument("--keep", type=Path, help="work here and leave everything there")
    arguments = parser.parse_args()
    failed = 0
    for number in arguments.subscribers:
        folder = arguments.keep or Path(tempfile.mkdtemp(prefix="blueline-bench-"))
        try:
            failed += measure(number, folder / str(number))
        finally:
            if not arguments.keep:
                shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


def measure(number: int, home: Path) -> int:
    """Generate, run and print; returns the exit status of the run."""
    home.mkdir(parents=True, exist_ok=True)
    deliveries = home / "deliveries"
    begun = time.perf_counter()
    if not (deliveries / "truth" / "totals.json").exists():
        command = [
            sys.executable,
            "-m",
            "samples",
            "--out",
            str(deliveries),
            "--subscribers",
            str(number),
            "--months",
            "1",
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    generated = time.perf_counter() - begun
    size = sum(p.stat().st_size for p in deliveries.rglob("*") if p.is_file())
    env = {**os.environ, "BLUELINE_HOME": str(home), "BLUELINE_LOG_LEVEL": "WARNING",
           "BLUELINE_CONFORMANCE_DATA": "/nonexistent"}  # fmt: skip
    env.pop("BLUELINE_DATABASE_URL", None)
    begun = time.perf_counter()
    with (home / "run.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "pipeline.cli", "run"], env=env, stdout=log, stderr=subprocess.STDOUT
        )
        memory = Memory(process.pid, home)
        memory.start()
        status = process.wait()
        memory.ended.set()
    took = time.perf_counter() - begun
    print(f"\n{number:,} subscribers in eight formats, {size / 1e6:,.0f} MB (generated in {generated:.0f} s)")
    print(f"blueline run: exit {status}, {took:.0f} s in all")
    whole, python = memory.peak / 2**20, memory.peak_python / 2**20
    print(f"peak memory of all processes {whole:,.0f} MiB, without the database {python:,.0f} MiB")
    _steps(home)
    if status:
        print((home / "run.log").read_text()[-4_000:])
    return status


def _steps(home: Path) -> None:
    seconds: dict[str, list[float]] = defaultdict(list)
    peak: dict[str, int] = defaultdict(int)
    rows: dict[str, int] = defaultdict(int)
    phases: dict[str, float] = {}
    for path in (home / "store" / "steps").rglob("manifest.json"):
        manifest = json.loads(path.read_text())
        step = manifest["step"]
        seconds[step].append(manifest["seconds"])
        peak[step] = max(peak[step], manifest["peak_mb"])
        rows[step] += sum(t["rows"] for t in manifest["tables"].values())
        if step == "batch":
            phases = manifest["facts"]["seconds"]
    print(f"{'step':<18}{'tasks':>6}{'rows out':>14}{'sum s':>9}{'longest s':>11}{'peak MiB':>10}")
    for step in ORDER:
        if step in seconds:
            times = seconds[step]
            print(f"{step:<18}{len(times):>6}{rows[step]:>14,}{sum(times):>9.1f}{max(times):>11.1f}{peak[step]:>10,}")
    if phases:
        print("load phases: " + ", ".join(f"{name} {value:.1f} s" for name, value in phases.items()))


if __name__ == "__main__":
    sys.exit(main())
