"""Command line: `python -m samples --out DIR`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from samples.filefaults import FILE_FAULTS, write_faulty
from samples.generate import generate
from samples.plan import make_plan
from samples.specs import write_specs

EXAMPLES = """\
examples:
  python -m samples --out deliveries
        the eight base regions with 20,000 subscribers in all
  python -m samples --out deliveries --subscribers 1000000 --months 1 --workers 2
        a million subscribers with one invoice each, two regions at a time
  python -m samples --out deliveries --regions 49 --subscribers 100000 --sources-out sources49
        all 49 numbering zones by their share of the population, and their source specs
  python -m samples --out october --delivery 2
        what the same regions deliver a month later
  python -m samples --out deliveries --faults
        besides, deliveries_faults: the same regions, some of them with a file that has to stop its source
  python -m samples --out deliveries --faults trailer
        the same with one such file only

What is planted and what must be found is written to DIR/truth: persons.csv, defects.csv, totals.json.
The same arguments give the same bytes, however many workers there are.
"""


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    made = argparse.ArgumentParser(
        prog="python -m samples",
        description="Write synthetic deliveries of regional billing systems, each in another legacy format.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="root of the deliveries: DIR/<source>/files"
    )
    made.add_argument("--subscribers", type=int, default=20_000, metavar="N",
                      help="subscriber records of all regions together (default 20000)")  # fmt: skip
    made.add_argument("--regions", type=int, default=8, choices=(8, 49),
                      help="the eight base regions, or all 49 numbering zones (default 8)")  # fmt: skip
    made.add_argument("--months", type=int, default=2, metavar="M", help="invoices an account gets, 1 to 6 (default 2)")
    made.add_argument("--seed", type=int, default=2003, help="seed of every draw (default 2003)")
    made.add_argument("--delivery", type=int, default=1, choices=(1, 2),
                      help="2: a later delivery with changed and new records (default 1)")  # fmt: skip
    made.add_argument("--faults", nargs="*", choices=tuple(FILE_FAULTS), metavar="KIND",
                      help="also write DIR_faults, where some regions have a file that stops its source; "
                      f"kinds (default: all) are {', '.join(FILE_FAULTS)}")  # fmt: skip
    made.add_argument("--sources-out", type=Path, metavar="DIR", help="also write the source specs of the regions")
    made.add_argument("--sources", type=Path, default=Path("sources"), metavar="DIR",
                      help="where the specs of the base regions are (default sources)")  # fmt: skip
    made.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1), metavar="W",
                      help="regions written at a time (default 2)")  # fmt: skip
    return made


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    made = parser()
    chosen = made.parse_args(arguments)
    try:
        plan = make_plan(
            subscribers=chosen.subscribers, regions=chosen.regions, seed=chosen.seed, months=chosen.months,
            delivery=chosen.delivery,
        )  # fmt: skip
    except ValueError as error:
        made.error(str(error))
    started = time.monotonic()
    total = generate(plan, chosen.out, workers=chosen.workers)
    seconds = time.monotonic() - started
    print(f"{total:,} subscribers of {len(plan.regions)} regions in {chosen.out} ({seconds:.1f} s)")
    if chosen.sources_out:
        try:
            folders = write_specs(plan, chosen.sources, chosen.sources_out)
        except FileNotFoundError as error:
            made.error(f"no source spec at {error.filename or error}; say where they are with --sources")
        print(f"{len(folders)} source specs in {chosen.sources_out}")
    if chosen.faults is not None:
        faulty = chosen.out.with_name(chosen.out.name + "_faults")
        for source, file, kind, detail in write_faulty(plan, chosen.out, faulty, chosen.faults or list(FILE_FAULTS)):
            print(f"{faulty / source / file}: {kind}, {detail}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
