"""What every legacy system's writer has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import BinaryIO, ClassVar

import numpy as np

from samples.books import Books
from samples.draw import Array, Draw, Ints
from samples.faults import ORPHAN
from samples.places import PARTS, Places
from samples.plan import Region
from samples.records import Records
from samples.tables import Table
from samples.text import cat, dates, digits, number

ENTITIES = (
    "subscriber", "address", "account", "line", "subscription", "invoice", "invoice_item", "tax_item", "payment",
    "payment_allocation", "adjustment",
)  # fmt: skip
REGISTERED, INSTALLATION, CORRESPONDENCE = 0, 1, 2


class System(ABC):
    """Writes chunk after chunk of a region into the files of its legacy system.

    Attributes:
        region: The region.
        folder: Where the files go.
        files: Canonical entity -> name of the file that holds its records, for the list of planted defects.
        roles: How the system calls the roles of an address: registered, installation, correspondence.
        role_first: In the key of an address, its role stands before the subscriber.
        key_letters: Entity -> letters in front of its keys as the pipeline will see them; none where not named.
        key_digits: Entity -> digits of its keys, with leading zeros; as many as are needed where not named.
        options: What the system's bookkeeping does its own way (arguments of `books`).
    """

    files: ClassVar[dict[str, str]]
    roles: ClassVar[tuple[str, str, str]]
    role_first: ClassVar[bool] = False
    key_letters: ClassVar[dict[str, str]] = {}
    key_digits: ClassVar[dict[str, int]] = {}
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

    def _key(self, entity: str, key: Ints) -> Array:
        plain = digits(key, self.key_digits[entity]) if entity in self.key_digits else number(key)
        return cat(self.key_letters[entity], plain) if entity in self.key_letters else plain

    def subscriber_key(self, key: Ints) -> Array:
        """Keys of subscribers."""
        return self._key("subscriber", key)

    def account_key(self, key: Ints) -> Array:
        """Keys of accounts."""
        return self._key("account", key)

    def line_key(self, key: Ints) -> Array:
        """Keys of lines."""
        return self._key("line", key)

    def invoice_key(self, key: Ints) -> Array:
        """Keys of invoices."""
        return self._key("invoice", key)

    def payment_key(self, key: Ints) -> Array:
        """Keys of payments."""
        return self._key("payment", key)

    def address_key(self, subscriber: Ints, role: int) -> Array:
        """Keys of addresses."""
        key, name = self.subscriber_key(subscriber), self.roles[role]
        return cat(name, "-", key) if self.role_first else cat(key, "-", name)


class SteppedSystem(System):
    """A system that writes a chunk in four steps: people, accounts, invoices, payments."""

    def add(self, subs: Records, made: Books) -> None:
        """Write a chunk."""
        self._people(subs)
        self._accounts(subs, made)
        self._invoices(subs, made)
        self._payments(subs, made)

    @abstractmethod
    def _people(self, subs: Records) -> None: ...

    @abstractmethod
    def _accounts(self, subs: Records, made: Books) -> None: ...

    @abstractmethod
    def _invoices(self, subs: Records, made: Books) -> None: ...

    @abstractmethod
    def _payments(self, subs: Records, made: Books) -> None: ...


def given(subs: Records) -> Array:
    """`Jan Stanisław`."""
    return cat(subs.first, np.where(subs.second == "", "", cat(" ", subs.second)))


def last_first(subs: Records) -> Array:
    """`Kowalski Jan Stanisław`, or the name of a firm."""
    return np.where(subs.is_person, cat(subs.last, " ", given(subs)), subs.company)


def first_last(subs: Records) -> Array:
    """`Jan Stanisław Kowalski`, or the name of a firm."""
    return np.where(subs.is_person, cat(given(subs), " ", subs.last), subs.company)


def nip_text(subs: Records) -> Array:
    """The NIP with hyphens in two of three rows: `526-025-09-95`."""
    part = np.strings.slice
    nip = subs.nip
    dashed = cat(part(nip, 0, 3), "-", part(nip, 3, 6), "-", part(nip, 6, 8), "-", part(nip, 8, 10))
    return np.where((nip != "") & (subs.draw.below("nip habit", 3) > 0), dashed, nip)


def birth_text(subs: Records, form: str, *, absent: str = "") -> Array:
    """Dates of birth; where that defect is planted, the 30th of February 1961."""
    impossible = _in_february(form, 1961, 30)
    return np.where(subs.planted.at("birth_impossible"), impossible, dates(subs.birth, form, absent=absent))


def issued_text(subs: Records, invoice: Table, form: str) -> Array:
    """Dates of issue; where that defect is planted, the 31st of February 2003."""
    impossible = _in_february(form, 2003, 31)
    return np.where(subs.planted.rows(invoice, "issued_impossible"), impossible, dates(invoice["issued"], form))


def _in_february(form: str, year: int, of_month: int) -> str:
    """A day that no February has, in a form of `dates`; the 399th of the year where days of the year are counted."""
    text = form.replace("YYYY", f"{year}").replace("CYY", f"{year - 1900:03d}").replace("YY", f"{year % 100:02d}")
    return text.replace("DDD", "399").replace("MM", "02").replace("DD", f"{of_month}")


def addresses(subs: Records) -> tuple[Ints, Ints, Places, Draw]:
    """Rows of an address table, in the order of subscribers: the subscriber's row, the role, the place, its draws."""
    there = np.stack([subs.has_registered, np.ones(len(subs.index), dtype=bool), subs.has_correspondence], axis=1)
    owner, role = np.nonzero(there)
    of_roles = (subs.registered, subs.installation, subs.correspondence)
    parts = {name: np.stack([getattr(place, name) for place in of_roles], axis=1)[owner, role] for name in PARTS}
    return owner, role, Places(**parts), subs.draw.take(owner)


def paid_account(made: Books) -> Ints:
    """Keys of the accounts that payments name; that of an orphan payment exists nowhere."""
    payment = made.payment
    return made.account["key"][payment["account"]] + np.where(payment["orphan"], ORPHAN, 0)


def code(codes: tuple[str, ...] | list[str], positions: Array) -> Array:
    """Legacy codes of positions in a code list."""
    return np.array(codes)[np.asarray(positions, dtype=np.int64)]
