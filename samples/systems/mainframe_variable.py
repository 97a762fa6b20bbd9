"""Katowice's kind: one mainframe file of variable records (RDW), CP870, eleven record types that redefine each other.

Habits: given and family name apart; zoned numbers with the sign in the last digit; dates as YYDDD; adjustments as
unsigned amounts with a flag W (Wn, debit) or M (Ma, credit); VAT by rate in records of its own.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from samples import places
from samples.accounts import PLANS
from samples.books import Books
from samples.codepages import Bytes, interleave, stack
from samples.draw import Array, Ints
from samples.invoices import DESCRIPTIONS
from samples.mainframe import binary, display, packed, text, with_rdw, zoned
from samples.records import Records
from samples.systems.base import (
    ENTITIES,
    System,
    addresses,
    birth_text,
    code,
    given,
    issued_text,
    nip_text,
    paid_account,
)
from samples.text import dates

FILE = "ABONENCI.VB"
CHANNELS = ("01", "02", "03", "04", "09")


def _record(kind: str | Array, *fields: Bytes) -> Bytes:
    """Records that begin with their type: the same for all rows, or one each."""
    rows = len(fields[0])
    return stack(rows, text(np.broadcast_to(kind, rows), 2), *fields)


class MainframeVariable(System):
    """See the module."""

    files: ClassVar[dict[str, str]] = dict.fromkeys(ENTITIES, FILE)
    roles = ("1", "2", "3")

    def add(self, subs: Records, made: Books) -> None:
        """Write a chunk: each subscriber with everything that is his, then the next."""
        owner_of = made.account["owner"]
        records = [
            *self._people(subs),
            (owner_of, self._accounts(made)),
            (owner_of[made.line["account"]], self._lines(subs, made)),
            (owner_of[made.subscription["account"]], self._subscriptions(made)),
            (owner_of[made.invoice["account"]], self._invoices(subs, made)),
            (owner_of[made.invoice["account"][made.item["invoice"]]], self._items(made)),
            (owner_of[made.invoice["account"][made.tax["invoice"]]], self._taxes(made)),
            *self._payments(subs, made, owner_of),
            (owner_of[made.adjustment["account"]], self._adjustments(made)),
        ]
        self.write(FILE, interleave([(keys, with_rdw(rows)) for keys, rows in records]))

    def _people(self, subs: Records) -> list[tuple[Ints, Bytes]]:
        up = np.strings.upper
        rows = np.arange(len(subs.key))
        tail = stack(
            len(rows), text(subs.phone, 24), text(code(("1", "2"), subs.status), 1),
            text(dates(subs.since, "YYDDD"), 5), text(dates(subs.updated, "YYDDD"), 5),
        )  # fmt: skip
        person = _record(
            "01", display(subs.key, 9), text(up(subs.last), 30), text(up(given(subs)), 30), text(subs.pesel, 11),
            text(birth_text(subs, "YYYYDDD"), 7), text(code(("K", "M"), subs.person.male.astype(np.int64)), 1),
            text(up(subs.document), 12), tail,
        )  # fmt: skip
        firm = _record(
            "02", display(subs.key, 9), text(code(("?", "F", "I"), subs.kind), 1), text(up(subs.company), 59),
            text(nip_text(subs), 13), text(subs.regon, 9), tail,
        )  # fmt: skip
        owner, role, at, draw = addresses(subs)
        address = _record(
            "03", display(subs.key[owner], 9), text(code(self.roles, role), 1),
            text(places.street_text(at, draw, upper=True), 36), text(up(places.house_text(at, draw)), 12),
            text(places.postal_text(at, draw), 6), text(up(at.locality), 28), text(up(at.post_town), 28),
        )  # fmt: skip
        is_person = subs.is_person
        return [(rows[is_person], person[is_person]), (rows[~is_person], firm[~is_person]), (owner, address)]

    def _accounts(self, made: Books) -> Bytes:
        table = made.account
        return _record(
            "10", display(table["subscriber"], 9), display(table["key"], 10), text(table["number"], 11),
            display(table["payer"], 9), text(dates(table["opened"], "YYDDD"), 5), zoned(table["opening"], 11),
            zoned(table["closing"], 11), text(dates(table["balance_on"], "YYDDD"), 5), display(table["cycle"] + 1, 1),
            text(code(("1", "2"), table["status"]), 1),
        )  # fmt: skip

    def _lines(self, subs: Records, made: Books) -> Bytes:
        table = made.line
        kind = np.where(subs.planted.rows(table, "line_kind"), "X", code(("A", "B", "P", "C", "D"), table["kind"]))
        return _record(
            "11", display(made.account["key"][table["account"]], 10), display(table["key"], 11),
            display(np.full(len(table["key"]), self.region.zone.number), 2), display(table["number"], 7),
            text(kind, 1), display(table["exchange"] + 1, 3),
            text(dates(table["activated"], "YYDDD"), 5), text(code(("1", "2"), table["status"]), 1),
        )  # fmt: skip

    def _subscriptions(self, made: Books) -> Bytes:
        table = made.subscription
        return _record(
            "12", display(made.account["key"][table["account"]], 10), display(table["key"], 12),
            display(made.line["key"][table["line"]], 11), text(code(PLANS, table["plan"]), 5),
            zoned(table["fee"], 7), text(dates(table["from"], "YYDDD"), 5),
        )  # fmt: skip

    def _invoices(self, subs: Records, made: Books) -> Bytes:
        table = made.invoice
        return _record(
            "20", display(made.account["key"][table["account"]], 10), display(table["key"], 12),
            text(table["number"], 22), text(code(("FV", "FK"), table["kind"]), 2), text(table["corrects"], 22),
            text(issued_text(subs, table, "YYDDD"), 5), text(dates(table["due"], "YYDDD"), 5),
            text(dates(table["from"], "YYDDD"), 5), text(dates(table["to"], "YYDDD"), 5),
            zoned(table["net"], 11), zoned(table["vat"], 11), zoned(table["gross"], 11), zoned(table["arrears"], 11),
        )  # fmt: skip

    def _items(self, made: Books) -> Bytes:
        table = made.item
        return _record(
            "21", display(table["key"], 12), binary(table["no"], 2), text(code(DESCRIPTIONS, table["kind"]), 30),
            display(table["line"], 11), text(code(("22", "07", "ZW"), table["rate"]), 2), zoned(table["net"], 11),
        )  # fmt: skip

    def _taxes(self, made: Books) -> Bytes:
        table = made.tax
        return _record(
            "22", display(table["key"], 12), text(code(("22", "07", "ZW"), table["rate"]), 2),
            zoned(table["net"], 11), zoned(table["vat"], 11),
        )  # fmt: skip

    def _payments(self, subs: Records, made: Books, owner_of: Ints) -> list[tuple[Ints, Bytes]]:
        table, part = made.payment, made.allocation
        amount = zoned(table["amount"], 11)
        amount[subs.planted.rows(table, "zoned"), 4] = 0xC1  # a letter within the number
        kind = np.where(subs.planted.rows(table, "record_type"), "77", "30")
        rest = packed(table["unallocated"], 9)
        rest[subs.planted.rows(table, "packed"), 4] = 0x02  # 2 is no sign
        payments = _record(
            kind, display(paid_account(made), 10), display(table["key"], 12),
            text(dates(table["paid"], "YYDDD"), 5), amount, rest, text(code(CHANNELS, table["channel"]), 2),
            text(table["title"], 50),
        )  # fmt: skip
        parts = _record("31", display(part["payment"], 12), display(part["invoice"], 12), zoned(part["amount"], 11))
        return [
            (owner_of[table["account"]], payments),
            (owner_of[table["account"][part["row"]]] if len(part["row"]) else part["row"], parts),
        ]

    def _adjustments(self, made: Books) -> Bytes:
        table = made.adjustment
        return _record(
            "40", display(made.account["key"][table["account"]], 10), display(table["key"], 12),
            text(code(("01", "02", "03", "04", "05"), table["kind"]), 2),
            text(dates(table["booked"], "YYDDD"), 5), display(table["amount"], 11),
            text(np.where(table["amount"] < 0, "M", "W"), 1), text(table["reason"], 20),
        )  # fmt: skip
