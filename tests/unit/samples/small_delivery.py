"""A small generated set, for tests."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samples.generate import generate
from samples.plan import Plan, make_plan

REPOSITORY = Path(__file__).parents[3]


@dataclass(frozen=True)
class Delivered:
    """A small generated set: 300 subscribers in each of the eight regions."""

    plan: Plan
    root: Path
    persons: list[dict[str, str]]
    defects: list[dict[str, str]]
    totals: dict[str, Any]


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def deliver(root: Path, **figures: int) -> Delivered:
    plan = make_plan(**figures)
    generate(plan, root)
    truth = root / "truth"
    return Delivered(
        plan,
        root,
        read_csv(truth / "persons.csv"),
        read_csv(truth / "defects.csv"),
        json.loads((truth / "totals.json").read_text()),
    )
