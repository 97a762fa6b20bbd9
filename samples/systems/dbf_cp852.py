"""Łódź's kind: a FoxPro program, dBASE III tables in CP852 with its language byte.

Habits: given and family name in one field, in this order; a table of addresses with a code for the role, house and
flat apart; dates as text with two-digit years; leading minus; a currency in every row of money, because invoices of
1994 in old zloty (PLZ) are still in the tables.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from samples import places
from samples.accounts import PLANS
from samples.books import Books
from samples.dbf import DbfField as F
from samples.draw import Array, Bools
from samples.invoices import DESCRIPTIONS
from samples.records import Records
from samples.systems.base import addresses, birth_text, code, first_last, issued_text, nip_text, paid_account
from samples.systems.dbf import DbfSystem
from samples.text import cat, dates, digits

TABLES: dict[str, list[F]] = {
    "KLIENT": [
        F("ID", "C", 8), F("RODZAJ", "N", 1), F("NAZWA", "C", 60), F("PESEL", "C", 11), F("NIP", "C", 13),
        F("REGON", "C", 9), F("UR", "C", 8), F("TEL", "C", 24), F("EMAIL", "C", 50), F("AKTYWNY", "L", 1),
        F("UMOWA", "C", 8), F("MODYF", "C", 8), F("UWAGI", "C", 40),
    ],
    "ADRES": [
        F("ID_KL", "C", 8), F("TYP", "N", 1), F("ULICA", "C", 36), F("DOM", "C", 8), F("LOKAL", "C", 4),
        F("KOD", "C", 6), F("MIASTO", "C", 28), F("POCZTA", "C", 28),
    ],
    "RACHUNEK": [
        F("ID_RACH", "C", 10), F("NR_EWID", "C", 11), F("ID_KL", "C", 8), F("OTWARTY", "C", 8), F("BO", "N", 14, 2),
        F("SALDO", "N", 14, 2), F("DNIA", "C", 8), F("CYKL", "N", 1), F("EFAKT", "L", 1),
    ],
    "NUMER": [
        F("ID_LIN", "C", 11), F("ID_RACH", "C", 10), F("TEL", "C", 7), F("TYP", "C", 1), F("CENTR", "C", 4),
        F("OD", "C", 8), F("STAN", "C", 1),
    ],
    "ABONAM": [
        F("ID_ABO", "C", 12), F("ID_RACH", "C", 10), F("ID_LIN", "C", 11), F("TAR", "C", 5), F("CENA", "N", 9, 2),
        F("OD", "C", 8),
    ],
    "FAKT": [
        F("ID_FAKT", "C", 12), F("NUMER", "C", 22), F("ID_RACH", "C", 10), F("TYP", "C", 2), F("DO_NUM", "C", 22),
        F("DATA", "C", 8), F("TERMIN", "C", 8), F("OD", "C", 8), F("DO", "C", 8), F("WAL", "C", 3),
        F("NETTO", "N", 14, 2), F("VAT", "N", 14, 2), F("BRUTTO", "N", 14, 2),
    ],
    "FAKT_POZ": [
        F("ID_FAKT", "C", 12), F("LP", "N", 3), F("OPIS", "C", 30), F("ST", "N", 2), F("WAL", "C", 3),
        F("NETTO", "N", 14, 2),
    ],
    "FAKT_VAT": [
        F("ID_FAKT", "C", 12), F("ST", "N", 2), F("WAL", "C", 3), F("NETTO", "N", 14, 2), F("VAT", "N", 14, 2),
    ],
    "WPLATA": [
        F("ID_WPL", "C", 12), F("ID_RACH", "C", 10), F("DATA", "C", 8), F("WAL", "C", 3), F("KWOTA", "N", 14, 2),
        F("NIEROZL", "N", 14, 2), F("ZRODLO", "C", 2), F("OPIS", "C", 40),
    ],
    "WPL_FAKT": [F("ID_WPL", "C", 12), F("ID_FAKT", "C", 12), F("WAL", "C", 3), F("KWOTA", "N", 14, 2)],
    "INNE": [
        F("ID_OPER", "C", 12), F("ID_RACH", "C", 10), F("TYP", "C", 2), F("DATA", "C", 8), F("WAL", "C", 3),
        F("KWOTA", "N", 14, 2), F("OPIS", "C", 25),
    ],
}  # fmt: skip
RATES = np.array([22, 7, 99], dtype=np.int64)  # 99: exempt
DATE = "DD-MM-YY"


class DbfCp852(DbfSystem):
    """See the module."""

    files: ClassVar[dict[str, str]] = {
        "subscriber": "KLIENT.DBF", "address": "ADRES.DBF", "account": "RACHUNEK.DBF", "line": "NUMER.DBF",
        "subscription": "ABONAM.DBF", "invoice": "FAKT.DBF", "invoice_item": "FAKT_POZ.DBF",
        "tax_item": "FAKT_VAT.DBF", "payment": "WPLATA.DBF", "payment_allocation": "WPL_FAKT.DBF",
        "adjustment": "INNE.DBF",
    }  # fmt: skip
    roles = ("1", "2", "3")
    key_digits: ClassVar[dict[str, int]] = {"subscriber": 8, "account": 10, "line": 11, "invoice": 12, "payment": 12}
    options: ClassVar[dict[str, bool]] = {"old_zloty": True}

    layouts = TABLES
    code_page = "cp852"
    language = 0x64

    def _people(self, subs: Records) -> None:
        self.tables["KLIENT"].add(
            digits(subs.key, 8), subs.kind + 1, first_last(subs), subs.pesel, nip_text(subs), subs.regon,
            birth_text(subs, DATE), subs.phone, subs.email, code(("T", "N"), subs.status), dates(subs.since, DATE),
            dates(subs.updated, DATE), np.where(subs.planted.at("control_character"), "Pilne", subs.note),
            again=subs.planted.at("duplicate_subscriber"), spoilt={"UWAGI": subs.planted.at("control_character")},
        )  # fmt: skip
        owner, role, at, draw = addresses(subs)
        self.tables["ADRES"].add(
            digits(subs.key[owner], 8), role + 1, places.street_text(at, draw), at.building, at.flat,
            places.postal_text(at, draw), at.locality, at.post_town,
        )  # fmt: skip

    def _accounts(self, subs: Records, made: Books) -> None:
        account, line, use = made.account, made.line, made.subscription
        self.tables["RACHUNEK"].add(
            digits(account["key"], 10), account["number"], digits(account["subscriber"], 8),
            dates(account["opened"], DATE), account["opening"], account["closing"], dates(account["balance_on"], DATE),
            account["cycle"] + 1, code(("N", "T"), account["electronic"]),
        )  # fmt: skip
        kind = np.where(subs.planted.rows(line, "line_kind"), "Z", code(("A", "I", "P", "K", "D"), line["kind"]))
        self.tables["NUMER"].add(
            digits(line["key"], 11), digits(account["key"][line["account"]], 10), digits(line["number"], 7), kind,
            cat("C", digits(line["exchange"] + 1, 3)), dates(line["activated"], DATE), code(("1", "0"), line["status"]),
        )  # fmt: skip
        self.tables["ABONAM"].add(
            digits(use["key"], 12), digits(account["key"][use["account"]], 10), digits(line["key"][use["line"]], 11),
            code(PLANS, use["plan"]), use["fee"], dates(use["from"], DATE),
        )  # fmt: skip

    def _invoices(self, subs: Records, made: Books) -> None:
        account, invoice, item, tax = made.account["key"], made.invoice, made.item, made.tax
        self.tables["FAKT"].add(
            digits(invoice["key"], 12), invoice["number"], digits(account[invoice["account"]], 10),
            code(("FA", "KO"), invoice["kind"]), invoice["corrects"], issued_text(subs, invoice, DATE),
            dates(invoice["due"], DATE), dates(invoice["from"], DATE), dates(invoice["to"], DATE),
            currency(invoice["plz"]), invoice["net"], invoice["vat"], invoice["gross"],
        )  # fmt: skip
        self.tables["FAKT_POZ"].add(
            digits(item["key"], 12), item["no"], code(DESCRIPTIONS, item["kind"]), RATES[item["rate"]],
            currency(item["plz"]), item["net"],
        )  # fmt: skip
        self.tables["FAKT_VAT"].add(
            digits(tax["key"], 12), RATES[tax["rate"]], currency(tax["plz"]), tax["net"], tax["vat"]
        )

    def _payments(self, subs: Records, made: Books) -> None:
        account, payment, part, other = made.account["key"], made.payment, made.allocation, made.adjustment
        self.tables["WPLATA"].add(
            digits(payment["key"], 12), digits(paid_account(made), 10), dates(payment["paid"], DATE),
            np.where(subs.planted.rows(payment, "currency"), "DEM", currency(payment["plz"])),
            payment["amount"], payment["unallocated"], code(("BK", "PO", "KA", "PZ", "IN"), payment["channel"]),
            payment["title"], overflow={"KWOTA": subs.planted.rows(payment, "overflow")},
        )  # fmt: skip
        self.tables["WPL_FAKT"].add(
            digits(part["payment"], 12), digits(part["invoice"], 12), currency(part["plz"]), part["amount"]
        )
        self.tables["INNE"].add(
            digits(other["key"], 12), digits(account[other["account"]], 10),
            code(("OS", "UM", "ZW", "UZ", "OP"), other["kind"]), dates(other["booked"], DATE),
            np.full(len(other["key"]), "PLN"), other["amount"], other["reason"],
        )  # fmt: skip


def currency(old: Bools) -> Array:
    """Currency codes."""
    return np.where(old, "PLZ", "PLN")
