"""Kraków's kind: a mainframe's sequential files, CP870, one fixed-length file for each kind of record, COMP-3.

Habits: capitals; one field for family and given name; dates packed as CYYMMDD or as eight digits; VAT by rate in wide
columns of the invoice; VAT rounded for every line.  The copybooks stand beside the source spec.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from samples import places
from samples.accounts import PLANS
from samples.books import Books
from samples.codepages import Bytes, stack
from samples.draw import Array, Bools, Ints
from samples.invoices import DESCRIPTIONS
from samples.mainframe import binary, display, packed, text
from samples.records import Records
from samples.systems.base import (
    SteppedSystem,
    addresses,
    birth_text,
    code,
    issued_text,
    last_first,
    nip_text,
    paid_account,
)
from samples.text import dates

KINDS = ("O", "F", "I")
CHANNELS = ("B", "P", "K", "Z", "I")


class MainframeFixed(SteppedSystem):
    """See the module."""

    files: ClassVar[dict[str, str]] = {
        "subscriber": "ABONENT.DAT", "address": "ADRES.DAT", "account": "KONTO.DAT", "line": "LINIA.DAT",
        "subscription": "USLUGA.DAT", "invoice": "FAKTURA.DAT", "invoice_item": "POZYCJA.DAT",
        "tax_item": "FAKTURA.DAT", "payment": "WPLATA.DAT", "payment_allocation": "ROZLICZ.DAT",
        "adjustment": "KOREKTA.DAT",
    }  # fmt: skip
    roles = ("Z", "I", "K")
    options: ClassVar[dict[str, bool]] = {"vat_per_line": True, "wide_vat": True}

    def _put(self, entity: str, *fields: Bytes, again: Bools | None = None) -> None:
        rows = stack(len(fields[0]), *fields)
        self.write(self.files[entity], rows.tobytes())
        if again is not None:
            self.write(self.files[entity], rows[again].tobytes())

    def _people(self, subs: Records) -> None:
        up = np.strings.upper
        self._put(
            "subscriber",
            display(subs.key, 9), text(code(KINDS, subs.kind), 1), text(up(last_first(subs)), 60),
            text(subs.pesel, 11), text(nip_text(subs), 13), text(subs.regon, 9),
            packed(_number(birth_text(subs, "CYYMMDD", absent="0")), 7), text(up(subs.document), 12),
            text(subs.phone, 24), text(code(("A", "Z"), subs.status), 1),
            packed(_number(dates(subs.since, "CYYMMDD")), 7), packed(_number(dates(subs.updated, "CYYMMDD")), 7),
            text(up(subs.note), 30), again=subs.planted.at("duplicate_subscriber"),
        )  # fmt: skip
        owner, role, at, draw = addresses(subs)
        self._put(
            "address",
            display(subs.key[owner], 9), text(code(self.roles, role), 1),
            text(places.street_text(at, draw, upper=True), 40), text(up(places.house_text(at, draw)), 12),
            text(places.postal_text(at, draw), 6), text(up(at.locality), 30), text(up(at.post_town), 30),
        )  # fmt: skip

    def _accounts(self, subs: Records, made: Books) -> None:
        account, line, use = made.account, made.line, made.subscription
        self._put(
            "account",
            display(account["key"], 10), text(account["number"], 11), display(account["subscriber"], 9),
            display(account["payer"], 9), packed(_number(dates(account["opened"], "CYYMMDD")), 7),
            packed(account["opening"], 11), packed(account["closing"], 11),
            text(dates(account["balance_on"], "YYYYMMDD"), 8), display(account["cycle"] * 7 + 1, 2),
            text(code(("P", "E"), account["electronic"]), 1), packed(account["limit"], 11),
            text(code(("A", "Z"), account["status"]), 1),
        )  # fmt: skip
        owner_key = account["key"][line["account"]]
        kind = np.where(subs.planted.rows(line, "line_kind"), "??", code(("AN", "I2", "I3", "AP", "DZ"), line["kind"]))
        self._put(
            "line",
            display(line["key"], 11), display(owner_key, 10), display(line["number"], 7), text(kind, 2),
            text(_exchange(line["exchange"]), 8), packed(_number(dates(line["activated"], "CYYMMDD")), 7),
            text(code(("A", "Z"), line["status"]), 1),
        )  # fmt: skip
        self._put(
            "subscription",
            display(use["key"], 12), display(account["key"][use["account"]], 10), display(line["key"][use["line"]], 11),
            text(code(PLANS, use["plan"]), 5), packed(use["fee"], 7),
            packed(_number(dates(use["from"], "CYYMMDD")), 7),
            packed(_number(dates(use["to"], "CYYMMDD", absent="0")), 7),
        )  # fmt: skip

    def _invoices(self, subs: Records, made: Books) -> None:
        account, invoice, item = made.account, made.invoice, made.item
        money = [packed(invoice[name], 11) for name in
                 ("net22", "vat22", "net7", "vat7", "netzw", "net", "vat", "gross", "arrears")]  # fmt: skip
        self._put(
            "invoice",
            display(invoice["key"], 12), text(invoice["number"], 22), display(account["key"][invoice["account"]], 10),
            text(code(("F", "K"), invoice["kind"]), 1), text(invoice["corrects"], 22),
            text(issued_text(subs, invoice, "YYYYMMDD"), 8), text(dates(invoice["sold"], "YYYYMMDD"), 8),
            text(dates(invoice["due"], "YYYYMMDD"), 8), text(dates(invoice["from"], "YYYYMMDD"), 8),
            text(dates(invoice["to"], "YYYYMMDD"), 8), *money,
        )  # fmt: skip
        self._put(
            "invoice_item",
            display(item["key"], 12), binary(item["no"], 2),
            text(np.strings.upper(code(DESCRIPTIONS, item["kind"])), 40), display(item["line"], 11),
            text(code(("22", "07", "ZW"), item["rate"]), 2), packed(item["net"], 11),
            packed(item["vat"], 11),
        )  # fmt: skip

    def _payments(self, subs: Records, made: Books) -> None:
        account, payment, part, other = made.account, made.payment, made.allocation, made.adjustment
        amount = packed(payment["amount"], 11)
        amount[subs.planted.rows(payment, "packed"), 2] = 0xA7  # A is no digit
        self._put(
            "payment",
            display(payment["key"], 12), display(paid_account(made), 10), text(dates(payment["paid"], "YYYYMMDD"), 8),
            amount, packed(payment["unallocated"], 11), text(code(CHANNELS, payment["channel"]), 1),
            text(np.strings.upper(payment["title"]), 50),
        )  # fmt: skip
        self._put("payment_allocation", display(part["payment"], 12), display(part["invoice"], 12),
                  packed(part["amount"], 11))  # fmt: skip
        self._put(
            "adjustment",
            display(other["key"], 12), display(account["key"][other["account"]], 10),
            text(code(("OD", "UM", "ZW", "UZ", "OP"), other["kind"]), 2), text(dates(other["booked"], "YYYYMMDD"), 8),
            packed(other["amount"], 11), text(np.strings.upper(other["reason"]), 30),
        )  # fmt: skip


def _exchange(which: Ints) -> Array:
    """Names of exchanges: `CENT-07`."""
    return code([f"CENT-{n:02d}" for n in range(1, 13)], which)


def _number(texts: Array) -> Ints:
    return texts.astype(np.int64)
