"""Write a whole set of deliveries: chunk by chunk, region by region, several regions at a time."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from samples.books import books
from samples.plan import CUT_OFF, Plan, Region
from samples.records import records
from samples.systems import open_system
from samples.truth import Truth, collect

CHUNK = 8_192  # subscribers at a time; a multiple of eight, so that no household is cut


def generate_region(plan: Plan, region: Region, out: Path, parts: Path, *, chunk: int = CHUNK) -> int:
    """Write one region's delivery and its part of the truth; memory does not grow with the region.

    Returns:
        Subscriber records written.
    """
    system = open_system(region, out / region.id, as_of=CUT_OFF[plan.delivery])
    truth = Truth(plan, region, system, parts)
    total = plan.delivered(region)
    for start in range(0, total, chunk):
        subs = records(plan, region, np.arange(start, min(start + chunk, total), dtype=np.int64))
        made = books(plan, region, subs, **system.options)
        system.add(subs, made)
        truth.add(subs, made)
    system.close()
    truth.close()
    return total


def generate(plan: Plan, out: Path, *, workers: int = 1) -> int:
    """Write every region of a plan, and the truth.

    Args:
        plan: What to write.
        out: Root of the deliveries: each region gets the folder of its id, the truth goes to `truth`.
        workers: Regions written at a time.

    Returns:
        Subscriber records written.
    """
    truth = out / "truth"
    parts = truth / "parts"
    parts.mkdir(parents=True, exist_ok=True)
    one = partial(generate_region, plan, out=out, parts=parts)
    if workers > 1:
        # the largest first, so that no worker is left alone with it at the end
        order = sorted(plan.regions, key=lambda r: -r.subscribers)
        with ProcessPoolExecutor(workers) as pool:
            total = sum(pool.map(one, order))
    else:
        total = sum(map(one, plan.regions))
    collect(plan, truth, parts)
    return total
