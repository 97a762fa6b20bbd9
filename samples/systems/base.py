"""What every legacy system's writer has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import BinaryIO, ClassVar

import numpy as np

from samples.books import Books
from samples.draw import Array, Bools, Ints
from samples.plan import Region
from samples.records import Records
from samples.tables import Table
from samples.text import cat, dates, number

REGISTERED, INSTALLATION, CORRESPONDENCE = 0, 1, 2


class System(ABC):
    """Writes chunk after chunk of a region into the files of its legacy system.

    Attributes:
        region: The region.
        folder: Where the files go.
        files: Canonical entity -> name of the file that holds its records, for the list of planted defects.
        roles: How the system calls the roles of an address: registered, installation, correspondence.
        options: What the system's bookkeeping does its own way (arguments of `books`).
    """

    files: ClassVar[dict[str, str]]
    roles: ClassVar[tuple[str, str, str]]
    options: ClassVar[dict[str, bool]] = {}

    def __init__(self, region: Region, folder: Path, as_of: int) -> None:
        self.region = region
        self.folder = folder
        self.as_of = as_of
        self._open: dict[str, BinaryIO] = {}

    @abstractmethod
    def add(self, subs: Records, made: Books) -> None:
        """Write a chunk."""

    def close(self) -> None:
        """Finish the files."""
        for file in self._open.values():
            file.close()

    def write(self, name: str, data: bytes) -> None:
        """Append to a file of the delivery."""
        if name not in self._open:
            self._open[name] = (self.folder / name).open("wb")
        self._open[name].write(data)

    # keys as the pipeline will see them; a system that writes them otherwise says so here

    def subscriber_key(self, key: Ints) -> Array:
        """Keys of subscribers."""
        return number(key)

    def account_key(self, key: Ints) -> Array:
        """Keys of accounts."""
        return number(key)

    def line_key(self, key: Ints) -> Array:
        """Keys of lines."""
        return number(key)

    def invoice_key(self, key: Ints) -> Array:
        """Keys of invoices."""
        return number(key)

    def payment_key(self, key: Ints) -> Array:
        """Keys of payments."""
        return number(key)

    def address_key(self, subscriber: Ints, role: int) -> Array:
        """Keys of addresses."""
        return cat(self.subscriber_key(subscriber), "-", self.roles[role])


def last_first(subs: Records) -> Array:
    """`Kowalski Jan Stanisław`, or the name of a firm."""
    second = np.where(subs.second == "", "", cat(" ", subs.second))
    return np.where(subs.is_person, cat(subs.last, " ", subs.first, second), subs.company)


def first_last(subs: Records) -> Array:
    """`Jan Stanisław Kowalski`, or the name of a firm."""
    second = np.where(subs.second == "", "", cat(" ", subs.second))
    return np.where(subs.is_person, cat(subs.first, second, " ", subs.last), subs.company)


def given(subs: Records) -> Array:
    """`Jan Stanisław`."""
    return cat(subs.first, np.where(subs.second == "", "", cat(" ", subs.second)))


def nip_text(subs: Records) -> Array:
    """The NIP with hyphens in two of three rows: `526-025-09-95`."""
    part = np.strings.slice
    nip = subs.nip
    dashed = cat(part(nip, 0, 3), "-", part(nip, 3, 6), "-", part(nip, 6, 8), "-", part(nip, 8, 10))
    return np.where((nip != "") & (subs.draw.below("nip habit", 3) > 0), dashed, nip)


def birth_text(subs: Records, form: str, *, absent: str = "") -> Array:
    """Dates of birth; where that defect is planted, the 30th of February 1961."""
    impossible = form.replace("YYYY", "1961").replace("CYY", "061").replace("YY", "61")
    impossible = impossible.replace("DDD", "399").replace("MM", "02").replace("DD", "30")
    return np.where(subs.planted.at("birth_impossible"), impossible, dates(subs.birth, form, absent=absent))


def issued_text(invoice: Table, bad: Bools, form: str) -> Array:
    """Dates of issue; where that defect is planted, the 31st of February 2003."""
    impossible = form.replace("YYYY", "2003").replace("CYY", "103").replace("YY", "03")
    impossible = impossible.replace("DDD", "399").replace("MM", "02").replace("DD", "31")
    return np.where(bad, impossible, dates(invoice["issued"], form))


def faulty(table: Table, subs: Records, name: str) -> Bools:
    """Rows of a table in which this defect is to be planted (not in the stray copies that another defect made)."""
    if name not in subs.planted.kinds:
        return np.zeros(len(table["fault"]), dtype=bool)
    hit = table["fault"] == subs.planted.kinds.index(name)
    return np.asarray(hit & ~table["orphan"]) if "orphan" in table else np.asarray(hit)


def by_role(subs: Records) -> tuple[Ints, Ints]:
    """Rows of an address table: the subscriber's row and the role, in the order of subscribers."""
    there = np.stack([subs.has_registered, np.ones(len(subs.index), dtype=bool), subs.has_correspondence], axis=1)
    owner, role = np.nonzero(there)
    return owner, role


def of_role(subs: Records, owner: Ints, role: Ints, part: str) -> Array:
    """One part of each address of an address table."""
    whole = np.stack([getattr(p, part) for p in (subs.registered, subs.installation, subs.correspondence)], axis=1)
    return np.asarray(whole[owner, role])


def code(codes: tuple[str, ...] | list[str], positions: Array) -> Array:
    """Legacy codes of positions in a code list."""
    return np.array(codes)[np.asarray(positions, dtype=np.int64)]
