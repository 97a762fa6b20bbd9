"""The truth about a delivery: who is who, what was planted, and what the figures must be.

Three files are written to `truth/` of the output: `persons.csv`, `defects.csv` and `totals.json`.  Regions are
generated side by side, so each writes its part; `collect` puts the parts together in the plan's order.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from samples.books import Books
from samples.codepages import encode_utf8, join
from samples.draw import Array, Bools, Ints
from samples.faults import FAULTS, ORPHAN
from samples.invoices import RATES
from samples.people import CHILD, SPOUSE, TWIN
from samples.plan import Plan, Region
from samples.records import Records
from samples.systems.base import INSTALLATION, System
from samples.tables import Table, pick
from samples.text import cat, digits

DEFECT_COLUMNS = ("source_id", "file", "entity", "key", "defect", "reason", "disposition", "account_key", "detail")
PERSON_COLUMNS = ("source_id", "subscriber_key", "person_id", "household")

_TABLES = {
    "account": ("account", "closing"), "line": ("line", None), "subscription": ("subscription", None),
    "invoice": ("invoice", "gross"), "invoice_item": ("item", "net"), "tax_item": ("tax", "vat"),
    "payment": ("payment", "amount"), "payment_allocation": ("allocation", "amount"),
    "adjustment": ("adjustment", "amount"),
}  # fmt: skip


class Truth:
    """Notes the truth about one region while it is generated."""

    def __init__(self, plan: Plan, region: Region, system: System, folder: Path) -> None:
        self.plan = plan
        self.region = region
        self.system = system
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._persons: BinaryIO = (folder / f"{region.id}.persons").open("wb")
        self._defects = (folder / f"{region.id}.defects").open("w", encoding="utf-8", newline="")
        self._rows = csv.writer(self._defects, lineterminator="\n")
        self.totals: dict[str, dict[str, Any]] = {}

    def add(self, subs: Records, made: Books) -> None:
        """Note a chunk."""
        self._note_persons(subs)
        self._note_planted(subs, made)
        self._note_variations(subs)
        self._note_totals(subs, made)

    def close(self) -> None:
        """Finish the region's part."""
        self._persons.close()
        self._defects.close()
        (self._folder / f"{self.region.id}.totals").write_text(json.dumps(self.totals), encoding="utf-8")

    def _note_persons(self, subs: Records) -> None:
        who = subs.person
        zone = digits(who.zone, 2)
        self._persons.write(
            join(
                len(subs.index), f"{self.region.id},".encode(), encode_utf8(self.system.subscriber_key(subs.key)),
                b",P", encode_utf8(cat(zone, "-", digits(who.index, 7))),
                b",H", encode_utf8(cat(zone, "-", digits(who.household, 7))), b"\n",
            )
        )  # fmt: skip

    def _defect(self, entity: str, keys: Array, name: str, accounts: Array, detail: str = "") -> None:
        fault = FAULTS.get(name)
        reason, disposition = (fault.reason, fault.disposition) if fault else ("", "loaded")
        file = self.system.files.get(entity, "")
        for key, account in zip(keys.tolist(), accounts.tolist(), strict=True):
            self._rows.writerow([self.region.id, file, entity, key, name, reason, disposition, account, detail])

    def _note_planted(self, subs: Records, made: Books) -> None:
        system = self.system
        for name in subs.planted.kinds:
            rows = np.flatnonzero(subs.planted.at(name))
            if name in ("pesel_filler", "pesel_invalid", "birth_impossible"):
                rows = rows[subs.is_person[rows]]
            if not len(rows):
                continue
            account = subs.index[rows] * 2 + 1  # the subscriber's first
            if name in ("orphan_payment", "no_customer"):
                accounts = system.account_key(account + ORPHAN)
            else:
                accounts = system.account_key(account) if FAULTS[name].blocks else np.full(len(rows), "")
            self._defect(FAULTS[name].entity, self._planted_keys(name, subs.key[rows]), name, accounts)
        second = np.flatnonzero(made.tax["again"])
        rate = np.array(RATES)[made.tax["rate"][second]]
        keys = cat(system.invoice_key(made.tax["key"][second]), "|", rate)
        self._defect("tax_item", keys, "duplicate_invoice", np.full(len(second), ""))

    def _planted_keys(self, name: str, subscriber: Ints) -> Array:
        """Keys of the records in which a defect was planted: of a subscriber's first account, line, invoice."""
        system = self.system
        account = (subscriber - 1) * 2 + 1
        invoice = account * 10
        stray = ORPHAN if name in ("orphan_payment", "orphan_item", "no_customer") else 0
        makers: dict[str, Callable[[], Array]] = {
            "subscriber": lambda: system.subscriber_key(subscriber),
            "address": lambda: system.address_key(subscriber, INSTALLATION),
            "account": lambda: system.account_key(account + stray),
            "line": lambda: system.line_key(account * 4),
            "invoice": lambda: system.invoice_key(invoice),
            "invoice_item": lambda: cat(system.invoice_key(invoice + stray), "|1"),
            "payment": lambda: system.payment_key(invoice + stray),
        }
        return makers[FAULTS[name].entity]()

    def _note_variations(self, subs: Records) -> None:
        relation = subs.person.relation
        first = ~subs.again
        named = {
            "duplicate": subs.again & (subs.at == self.region.position),
            "duplicate_of_other_region": subs.at != self.region.position,
            **subs.changes,
            "spouse": first & (relation == SPOUSE), "child": first & (relation == CHILD) & ~subs.person.namesake,
            "father_and_son": first & (relation == CHILD) & subs.person.namesake, "twin": first & (relation == TWIN),
        }  # fmt: skip
        for name, where in named.items():
            rows = np.flatnonzero(where)
            self._defect("subscriber", self.system.subscriber_key(subs.key[rows]), name, np.full(len(rows), ""))

    def _note_totals(self, subs: Records, made: Books) -> None:
        owner, _ = np.nonzero(np.stack([subs.has_registered, subs.key > 0, subs.has_correspondence], axis=1))
        double = int(subs.planted.at("duplicate_subscriber").sum())
        self._count("subscriber", len(subs.index) + double, 0, len(subs.index), 0, None)
        self._count("address", len(owner), 0, len(owner), 0, None)
        blocked = subs.planted.blocked
        account_blocked = blocked[made.account["owner"]] & (made.account["place"] == 0)
        for entity, (name, column) in _TABLES.items():
            table: Table = getattr(made, name)
            stray = self._stray(table)
            held = stray | self._held(name, table, made, account_blocked)
            rows = len(stray)
            plz = table.get("plz", np.zeros(rows, dtype=bool))
            for currency, where in (("PLN", ~plz), ("PLZ", plz)):
                if currency == "PLZ" and not plz.any():
                    continue
                every, good = pick(table, where), pick(table, where & ~held)
                if currency == "PLZ" and column:
                    # what each row is worth in new zloty: 10,000 to 1, rounded half up, row by row
                    for side, part in (("delivered", every), ("unharmed", good)):
                        worth = int(((part[column] + 5000) // 10_000).sum())
                        self._converted(entity, side, worth)
                self._count(
                    entity, int(where.sum()), _sum(every, column), int((where & ~held).sum()), _sum(good, column),
                    currency,
                )  # fmt: skip

    def _count(self, entity: str, records: int, amount: int, good: int, good_amount: int, currency: str | None) -> None:
        part = self.totals.setdefault(entity, {"delivered": {}, "unharmed": {}})
        for side, count, total in (("delivered", records, amount), ("unharmed", good, good_amount)):
            one = part[side].setdefault(currency or "none", {"records": 0, "grosze": 0})
            one["records"] += count
            one["grosze"] += total

    def _converted(self, entity: str, side: str, worth: int) -> None:
        part = self.totals.setdefault(entity, {"delivered": {}, "unharmed": {}})
        one = part[side].setdefault("PLZ", {"records": 0, "grosze": 0, "pln_grosze": 0})
        one["pln_grosze"] += worth

    @staticmethod
    def _stray(table: Table) -> Bools:
        """Rows that were added as a defect."""
        rows = len(next(iter(table.values())))
        nothing = np.zeros(rows, dtype=bool)
        return np.asarray(table.get("orphan", nothing) | table.get("again", nothing))

    @staticmethod
    def _held(name: str, table: Table, made: Books, account_blocked: Bools) -> Bools:
        """Rows of accounts that have to be held back."""
        if name == "account":
            return account_blocked
        if "account" in table:
            return np.asarray(account_blocked[table["account"]])
        if name == "allocation":
            return np.asarray(account_blocked[made.payment["account"][_rows(made.payment, table["payment"])]])
        return np.asarray(account_blocked[made.invoice["account"][table["invoice"]]])


def _rows(payment: Table, keys: Ints) -> Ints:
    order = np.argsort(payment["key"], kind="stable")
    return np.asarray(order[np.searchsorted(payment["key"][order], keys)])


def _sum(table: Table, column: str | None) -> int:
    return int(table[column].sum()) if column else 0


def collect(plan: Plan, folder: Path, parts: Path) -> None:
    """Put the regions' parts together and remove them."""
    for name, columns in (("persons", PERSON_COLUMNS), ("defects", DEFECT_COLUMNS)):
        with (folder / f"{name}.csv").open("wb") as out:
            out.write(",".join(columns).encode() + b"\n")
            for region in plan.regions:
                part = parts / f"{region.id}.{name}"
                with part.open("rb") as source:
                    while block := source.read(1 << 20):
                        out.write(block)
                part.unlink()
    totals = {}
    for region in plan.regions:
        part = parts / f"{region.id}.totals"
        totals[region.id] = json.loads(part.read_text(encoding="utf-8"))
        part.unlink()
    text = json.dumps(totals, indent=1, sort_keys=True) + "\n"
    (folder / "totals.json").write_text(text, encoding="utf-8")
    parts.rmdir()
