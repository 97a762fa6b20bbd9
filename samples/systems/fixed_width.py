"""Wrocław's kind: print-image files of fixed columns, ISO-8859-2, each with a header and a trailer with totals.

Habits: capitals; family name first, in one field with the given names; dates as YYMMDD; amounts in grosze without
separator, the sign behind them, balances with D or C (debit or credit) beside them; several record types in a file.
The trailer counts the data records of its file, and adds up one column of amounts.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from samples import places
from samples.accounts import PLANS
from samples.books import Books
from samples.codepages import Bytes, encode, stack
from samples.draw import Array, Ints
from samples.invoices import DESCRIPTIONS
from samples.plan import CUT_OFF, Region
from samples.records import Records
from samples.systems.base import SteppedSystem, birth_text, code, issued_text, last_first, nip_text, paid_account
from samples.text import cat, dates, digits

PAGE = "iso8859-2"
WIDTHS = {"ABON.TXT": 400, "KONTA.TXT": 120, "FAKTURY.TXT": 160, "WPLATY.TXT": 120}
RATES = ("22", "07", "ZW")
DATE = "YYMMDD"


def signed(grosze: Ints, width: int) -> Array:
    """Digits and a sign behind them: `00000012345-`."""
    return cat(digits(grosze, width - 1), np.where(np.asarray(grosze) < 0, "-", "+"))


class FixedWidth(SteppedSystem):
    """See the module."""

    files: ClassVar[dict[str, str]] = {
        "subscriber": "ABON.TXT", "address": "ABON.TXT", "account": "KONTA.TXT", "line": "KONTA.TXT",
        "subscription": "KONTA.TXT", "invoice": "FAKTURY.TXT", "invoice_item": "FAKTURY.TXT", "tax_item": "FAKTURY.TXT",
        "payment": "WPLATY.TXT", "payment_allocation": "WPLATY.TXT", "adjustment": "WPLATY.TXT",
    }  # fmt: skip
    roles = ("S", "I", "K")
    role_first = True
    key_digits: ClassVar[dict[str, int]] = {"subscriber": 8, "account": 10, "line": 10, "invoice": 10, "payment": 10}

    def __init__(self, region: Region, folder: Path, as_of: int) -> None:
        super().__init__(region, folder, as_of)
        self.count = dict.fromkeys(WIDTHS, 0)
        self.total = dict.fromkeys(WIDTHS, 0)
        day = str(dates(np.array([as_of]), "YYYYMMDD")[0])
        first = 1 if as_of == CUT_OFF[1] else 1 + len(WIDTHS)
        for place, (name, width) in enumerate(WIDTHS.items(), start=first):
            head = f"00{region.id.upper():<12}{name:<12}{place:06d}{day}"
            self.write(name, head.ljust(width).encode("ascii") + b"\r\n")

    def close(self) -> None:
        """Write the trailers."""
        for name, width in WIDTHS.items():
            total = self.total[name]
            tail = f"99{self.count[name]:09d}{abs(total):015d}{'-' if total < 0 else '+'}"
            self.write(name, tail.ljust(width).encode("ascii") + b"\r\n")
        super().close()

    def _records(self, name: str, kind: Array | str, *fields: tuple[Array, int]) -> Bytes:
        rows = len(fields[0][0])
        marks = np.broadcast_to(kind, rows) if isinstance(kind, str) else kind
        parts = [encode(np.ascontiguousarray(marks), PAGE, 2), *(encode(text, PAGE, width) for text, width in fields)]
        used = sum(p.shape[1] for p in parts)
        return stack(rows, *parts, b" " * (WIDTHS[name] - used), b"\r\n")

    def _write(self, name: str, *kinds: tuple[Ints, Bytes]) -> None:
        """Write records of several kinds, each beside those of the same owner."""
        order = np.argsort(np.concatenate([k for k, _ in kinds]), kind="stable")
        self.write(name, np.concatenate([rows for _, rows in kinds])[order].tobytes())
        self.count[name] += len(order)

    def _people(self, subs: Records) -> None:
        up = np.strings.upper

        def address(at: places.Places, where: Array | None = None) -> list[tuple[Array, int]]:
            parts = [(up(places.street_text(at, subs.draw)), 32), (up(places.house_text(at, subs.draw)), 12),
                     (places.postal_text(at, subs.draw), 6), (up(at.locality), 24)]  # fmt: skip
            return parts if where is None else [(np.where(where, text, ""), width) for text, width in parts]

        rows = self._records(
            "ABON.TXT", "10",
            (digits(subs.key, 8), 8), (code(("O", "F", "I"), subs.kind), 1), (up(last_first(subs)), 60),
            (subs.pesel, 11), (np.where(subs.is_person, "", nip_text(subs)), 13), (subs.regon, 9),
            (birth_text(subs, "YYYYMMDD", absent="00000000"), 8), (subs.phone, 24),
            *address(subs.installation), *address(subs.correspondence, subs.has_correspondence),
            *address(subs.registered, subs.has_registered),
            (code(("A", "Z"), subs.status), 1), (dates(subs.since, DATE), 6), (dates(subs.updated, DATE), 6),
        )  # fmt: skip
        self._write("ABON.TXT", (subs.key, rows))

    def _accounts(self, subs: Records, made: Books) -> None:
        name = "KONTA.TXT"
        account, line, use = made.account, made.line, made.subscription
        accounts = self._records(
            name, "20",
            (digits(account["key"], 10), 10), (account["number"], 11), (digits(account["subscriber"], 8), 8),
            (np.where(account["payer"] > 0, digits(account["payer"], 8), ""), 8), (dates(account["opened"], DATE), 6),
            (digits(account["opening"], 11), 11), (np.where(account["opening"] < 0, "C", "D"), 1),
            (digits(account["closing"], 11), 11),
            (np.where(subs.planted.rows(account, "sign_flag"), "X", np.where(account["closing"] < 0, "C", "D")), 1),
            (dates(account["balance_on"], DATE), 6), (digits(account["cycle"] + 1, 2), 2),
            (code(("A", "Z"), account["status"]), 1),
        )  # fmt: skip
        self.total[name] += int(np.abs(account["closing"]).sum())
        kind = np.where(subs.planted.rows(line, "line_kind"), "9", code(("1", "2", "3", "4", "5"), line["kind"]))
        lines = self._records(
            name, "21",
            (digits(line["key"], 10), 10), (digits(account["key"][line["account"]], 10), 10),
            (digits(line["number"], 7), 7), (kind, 1), (digits(line["exchange"] + 1, 4), 4),
            (dates(line["activated"], DATE), 6), (code(("A", "Z"), line["status"]), 1),
        )  # fmt: skip
        uses = self._records(
            name, "22",
            (digits(use["key"], 12), 12), (digits(account["key"][use["account"]], 10), 10),
            (digits(line["key"][use["line"]], 10), 10), (code(PLANS, use["plan"]), 5), (digits(use["fee"], 8), 8),
            (dates(use["from"], DATE), 6),
        )  # fmt: skip
        key = account["key"]
        self._write(name, (key, accounts), (key[line["account"]], lines), (key[use["account"]], uses))

    def _invoices(self, subs: Records, made: Books) -> None:
        name = "FAKTURY.TXT"
        account, invoice, item, tax = made.account["key"], made.invoice, made.item, made.tax
        invoices = self._records(
            name, "30",
            (digits(invoice["key"], 10), 10), (invoice["number"], 22), (digits(account[invoice["account"]], 10), 10),
            (code(("F", "K"), invoice["kind"]), 1), (invoice["corrects"], 22), (issued_text(subs, invoice, DATE), 6),
            (dates(invoice["due"], DATE), 6), (dates(invoice["from"], DATE), 6), (dates(invoice["to"], DATE), 6),
            (signed(invoice["net"], 12), 12), (signed(invoice["vat"], 12), 12), (signed(invoice["gross"], 12), 12),
            (signed(invoice["arrears"], 12), 12),
        )  # fmt: skip
        self.total[name] += int(invoice["gross"].sum())
        items = self._records(
            name, "31",
            (digits(item["key"], 10), 10), (digits(item["no"], 3), 3),
            (np.strings.upper(code(DESCRIPTIONS, item["kind"])), 30),
            (code(RATES, item["rate"]), 2), (signed(item["net"], 12), 12),
        )  # fmt: skip
        taxes = self._records(
            name, "32",
            (digits(tax["key"], 10), 10), (code(RATES, tax["rate"]), 2), (signed(tax["net"], 12), 12),
            (signed(tax["vat"], 12), 12),
        )  # fmt: skip
        self._write(name, (invoice["key"], invoices), (item["key"], items), (tax["key"], taxes))

    def _payments(self, subs: Records, made: Books) -> None:
        name = "WPLATY.TXT"
        account, payment, part, other = made.account["key"], made.payment, made.allocation, made.adjustment
        paid = signed(payment["amount"], 12)
        paid = np.where(subs.planted.rows(payment, "number_text"), cat("O", np.strings.slice(paid, 1, 12)), paid)
        payments = self._records(
            name, np.where(subs.planted.rows(payment, "record_type"), "77", "40"),
            (digits(payment["key"], 10), 10), (digits(paid_account(made), 10), 10), (dates(payment["paid"], DATE), 6),
            (paid, 12), (signed(payment["unallocated"], 12), 12),
            (code(("1", "2", "3", "4", "9"), payment["channel"]), 1), (np.strings.upper(payment["title"]), 50),
        )  # fmt: skip
        self.total[name] += int(payment["amount"].sum())
        parts = self._records(
            name, "41",
            (digits(part["payment"], 10), 10), (digits(part["invoice"], 10), 10), (digits(part["amount"], 11), 11),
        )  # fmt: skip
        others = self._records(
            name, "42",
            (digits(other["key"], 10), 10), (digits(account[other["account"]], 10), 10),
            (code(("OD", "UM", "ZW", "UZ", "OP"), other["kind"]), 2), (dates(other["booked"], DATE), 6),
            (digits(other["amount"], 11), 11), (np.where(other["amount"] < 0, "C", "D"), 1),
            (np.strings.upper(other["reason"]), 25),
        )  # fmt: skip
        self._write(name, (payment["key"], payments), (part["payment"], parts),
                    (account[other["account"]] * 10 + 9, others))  # fmt: skip
