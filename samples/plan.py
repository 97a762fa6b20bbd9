"""What is generated: which regions, how large each is, and of which kind its legacy system is.

Eight regions are the base set, one for each kind of system.  All 49 numbering zones can be generated instead; each
further zone then gets one of the eight kinds in turn and a size by its share of the population.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from samples.draw import Ints
from samples.text import day

DATA = Path(__file__).parent / "data"
MAX_SUBSCRIBERS = 1_200_000  # of one region: persons are numbered zone by zone with this distance

CUT_OFF = {1: day(2003, 9, 30), 2: day(2003, 10, 31)}
"""Last day that a delivery covers, in days since 1970-01-01."""

SYSTEMS = (
    "mainframe_fixed",
    "mainframe_variable",
    "dbf_mazovia",
    "dbf_cp852",
    "delimited",
    "fixed_width",
    "xml_document",
    "sql_database",
)
BASE = ("krakow", "katowice", "poznan", "lodz", "gdansk", "wroclaw", "lublin", "warszawa")
"""The base region of each system; its source spec is the pattern of the others of its kind."""


@dataclass(frozen=True)
class Zone:
    """A numbering zone of 2003: about the area of one of the 49 voivodeships of 1975-1998."""

    number: int
    id: str
    city: str
    old_code: str
    voivodeship: str
    population: int


@cache
def zones() -> tuple[Zone, ...]:
    """All 49 zones, by number."""
    with (DATA / "zones.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Zone(int(r["zone"]), r["id"], r["city"], r["old_code"], r["voivodeship"], int(r["population"]))
            for r in csv.DictReader(file)
        )


@dataclass(frozen=True)
class Region:
    """A region to generate.

    Attributes:
        zone: Its numbering zone.
        system: One of `SYSTEMS`.
        subscribers: Subscriber records in the first delivery.
        position: Its place among the regions of the plan; people come only from regions before their own.
    """

    zone: Zone
    system: str
    subscribers: int
    position: int

    @property
    def id(self) -> str:
        """The zone city, folded: also the source's id."""
        return self.zone.id


@dataclass(frozen=True)
class Plan:
    """Everything that decides what is written.

    Attributes:
        seed: Seed of every draw.
        regions: In order of position.
        months: Invoices that an account gets.
        delivery: 1, or 2 for the one that follows a month later.
    """

    seed: int
    regions: tuple[Region, ...]
    months: int = 2
    delivery: int = 1

    @property
    def sizes(self) -> Ints:
        """Subscriber records of each region."""
        return np.array([r.subscribers for r in self.regions], dtype=np.int64)

    @property
    def zone_numbers(self) -> Ints:
        """Numbering zone of each region."""
        return np.array([r.zone.number for r in self.regions], dtype=np.int64)

    def delivered(self, region: Region) -> int:
        """Subscriber records of a region in this delivery: the second one has 1.5 % new ones."""
        return region.subscribers + (region.subscribers * 15 // 1000 if self.delivery == 2 else 0)


def make_plan(*, subscribers: int, regions: int = 8, seed: int = 2003, months: int = 2, delivery: int = 1) -> Plan:
    """Share the subscribers among the regions: equally among the base eight, by population among all 49.

    Raises:
        ValueError: The figures are outside what can be generated.
    """
    known = zones()
    if regions not in (len(BASE), len(known)):
        raise ValueError(f"regions is {regions}; it can be {len(BASE)} or {len(known)}")
    if not 1 <= months <= 6:
        raise ValueError(f"months is {months}; it can be 1 to 6")
    if delivery not in CUT_OFF:
        raise ValueError(f"delivery is {delivery}; it can be 1 or 2")
    by_id = {zone.id: zone for zone in known}
    base = [by_id[name] for name in BASE]
    chosen = base if regions == len(BASE) else base + [zone for zone in known if zone.id not in BASE]
    shares = [1] * len(base) if regions == len(BASE) else [zone.population for zone in chosen]
    whole = sum(shares)
    sizes = [subscribers * share // whole for share in shares]
    for extra in range(subscribers - sum(sizes)):
        sizes[extra % len(sizes)] += 1
    if not 10 <= min(sizes) <= max(sizes) <= MAX_SUBSCRIBERS:
        raise ValueError(
            f"{subscribers} subscribers give regions of {min(sizes)} to {max(sizes)};"
            f" a region has 10 to {MAX_SUBSCRIBERS}"
        )
    made = tuple(
        Region(zone, SYSTEMS[position % len(SYSTEMS)], size, position)
        for position, (zone, size) in enumerate(zip(chosen, sizes, strict=True))
    )
    return Plan(seed, made, months, delivery)
