"""Poznań's kind: a Clipper program, dBASE III tables in Mazovia without a language byte, notes in a memo file.

Habits: given name, family name and firm in columns of their own; both addresses in wide columns of the subscriber;
balances without sign beside a column W (Wn) or M (Ma); tariffs and exchanges by reference to small tables.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from samples import places
from samples.accounts import PLAN_NAMES, PLANS
from samples.books import Books
from samples.dbf import DbfField as F
from samples.draw import Array, Bools
from samples.invoices import DESCRIPTIONS
from samples.plan import Region
from samples.records import Records
from samples.systems.base import birth_text, code, given, issued_text, nip_text, paid_account
from samples.systems.dbf import DbfSystem
from samples.text import cat, digits

TABLES: dict[str, list[F]] = {
    "ABON": [
        F("NR_AB", "N", 8), F("TYP", "C", 1), F("NAZWISKO", "C", 30), F("IMIE", "C", 25), F("FIRMA", "C", 50),
        F("PESEL", "C", 11), F("NIP", "C", 13), F("REGON", "C", 9), F("DATA_UR", "D", 8), F("TELEFON", "C", 24),
        F("U_ULICA", "C", 36), F("U_DOM", "C", 12), F("U_KOD", "C", 6), F("U_MIASTO", "C", 28), F("U_POCZTA", "C", 28),
        F("K_ULICA", "C", 36), F("K_DOM", "C", 12), F("K_KOD", "C", 6), F("K_MIASTO", "C", 28),
        F("S_ULICA", "C", 36), F("S_DOM", "C", 12), F("S_KOD", "C", 6), F("S_MIASTO", "C", 28),
        F("STATUS", "C", 1), F("OD_DNIA", "D", 8), F("ZMIANA", "D", 8), F("UWAGI", "M", 10),
    ],
    "KONTA": [
        F("NR_KONTA", "N", 10), F("NR_EWID", "C", 11), F("NR_AB", "N", 8), F("NR_PLAT", "N", 8), F("OTWARTE", "D", 8),
        F("SALDO_P", "N", 12, 2), F("STR_P", "C", 1), F("SALDO_K", "N", 12, 2), F("STR_K", "C", 1),
        F("NA_DZIEN", "D", 8), F("CYKL", "C", 2), F("STATUS", "C", 1),
    ],
    "LINIE": [
        F("NR_LINII", "N", 10), F("NR_KONTA", "N", 10), F("NUMER", "C", 9), F("RODZAJ", "C", 3), F("CENTRALA", "C", 2),
        F("URUCH", "D", 8), F("STATUS", "C", 1),
    ],
    "USLUGI": [
        F("NR_USL", "N", 10), F("NR_KONTA", "N", 10), F("NR_LINII", "N", 10), F("TARYFA", "C", 2),
        F("OPLATA", "N", 9, 2), F("OD_DNIA", "D", 8),
    ],
    "FAKTURY": [
        F("NR_FAKT", "N", 10), F("NUMER", "C", 22), F("NR_KONTA", "N", 10), F("RODZAJ", "C", 1), F("KORYGUJE", "C", 22),
        F("WYST", "D", 8), F("SPRZEDAZ", "D", 8), F("TERMIN", "D", 8), F("OKR_OD", "D", 8), F("OKR_DO", "D", 8),
        F("NETTO", "N", 12, 2), F("VAT", "N", 11, 2), F("BRUTTO", "N", 12, 2), F("ZALEGLE", "N", 12, 2),
    ],
    "POZYCJE": [
        F("NR_FAKT", "N", 10), F("LP", "N", 3), F("OPIS", "C", 30), F("STAWKA", "C", 3), F("NETTO", "N", 12, 2),
    ],
    "STAWKI": [F("NR_FAKT", "N", 10), F("STAWKA", "C", 3), F("NETTO", "N", 12, 2), F("VAT", "N", 11, 2)],
    "WPLATY": [
        F("NR_WPL", "N", 10), F("NR_KONTA", "N", 10), F("DATA", "D", 8), F("KWOTA", "N", 10, 2),
        F("RESZTA", "N", 10, 2), F("KANAL", "C", 1), F("TYTUL", "C", 40),
    ],
    "ROZLICZ": [F("NR_WPL", "N", 10), F("NR_FAKT", "N", 10), F("KWOTA", "N", 10, 2)],
    "KOREKTY": [
        F("NR_KOR", "N", 10), F("NR_KONTA", "N", 10), F("RODZAJ", "C", 2), F("DATA", "D", 8), F("KWOTA", "N", 10, 2),
        F("STRONA", "C", 1), F("OPIS", "C", 25),
    ],
    "TARYFY": [F("KOD", "C", 2), F("SYMBOL", "C", 5), F("NAZWA", "C", 30)],
    "CENTRALE": [F("KOD", "C", 2), F("NAZWA", "C", 20)],
}  # fmt: skip
VAT_RATES = ("22%", "7%", "ZW")


class DbfMazovia(DbfSystem):
    """See the module."""

    files: ClassVar[dict[str, str]] = {
        "subscriber": "ABON.DBF", "address": "ABON.DBF", "account": "KONTA.DBF", "line": "LINIE.DBF",
        "subscription": "USLUGI.DBF", "invoice": "FAKTURY.DBF", "invoice_item": "POZYCJE.DBF",
        "tax_item": "STAWKI.DBF", "payment": "WPLATY.DBF", "payment_allocation": "ROZLICZ.DBF",
        "adjustment": "KOREKTY.DBF",
    }  # fmt: skip
    roles = ("S", "U", "K")
    role_first = True
    layouts = TABLES
    code_page = "mazovia"
    language = 0x00

    def __init__(self, region: Region, folder: Path, as_of: int) -> None:
        super().__init__(region, folder, as_of)
        self.tables["TARYFY"].add(
            np.array([f"{n:02d}" for n in range(len(PLANS))]), np.array(PLANS), np.array(PLAN_NAMES)
        )
        self.tables["CENTRALE"].add(
            np.array([f"{n:02d}" for n in range(12)]), np.array([f"Centrala nr {n + 1}" for n in range(12)])
        )

    def _people(self, subs: Records) -> None:
        home = subs.installation

        def address(at: places.Places, where: Bools | bool = True) -> list[Array]:
            parts = (places.street_text(at, subs.draw), places.house_text(at, subs.draw),
                     places.postal_text(at, subs.draw), at.locality)  # fmt: skip
            return [np.where(where, text, "") for text in parts]

        self.tables["ABON"].add(
            subs.key, code(("O", "F", "I"), subs.kind), subs.last, given(subs), subs.company, subs.pesel,
            nip_text(subs), subs.regon, birth_text(subs, "YYYYMMDD"), subs.phone,
            *address(home), home.post_town, *address(subs.correspondence, subs.has_correspondence),
            *address(subs.registered, subs.has_registered),
            code(("C", "Z"), subs.status), subs.since, subs.updated, subs.note,
        )  # fmt: skip

    def _accounts(self, subs: Records, made: Books) -> None:
        account, line, use = made.account, made.line, made.subscription
        self.tables["KONTA"].add(
            account["key"], account["number"], account["subscriber"], account["payer"], account["opened"],
            abs(account["opening"]), np.where(account["opening"] < 0, "M", "W"),
            abs(account["closing"]),
            np.where(subs.planted.rows(account, "sign_flag"), "?", np.where(account["closing"] < 0, "M", "W")),
            account["balance_on"], digits(account["cycle"] * 7 + 1, 2), code(("C", "Z"), account["status"]),
        )  # fmt: skip
        kind = code(("TA", "BRA", "PRA", "APK", "DZ"), line["kind"])
        kind = np.where(subs.planted.rows(line, "line_kind"), "?", kind)
        number = digits(line["number"], 7)
        number = cat(np.strings.slice(number, 0, 3), "-", np.strings.slice(number, 3, 7))
        self.tables["LINIE"].add(
            line["key"], account["key"][line["account"]], number, kind, digits(line["exchange"], 2), line["activated"],
            code(("C", "Z"), line["status"]),
        )  # fmt: skip
        self.tables["USLUGI"].add(
            use["key"], account["key"][use["account"]], line["key"][use["line"]], digits(use["plan"], 2), use["fee"],
            use["from"],
        )  # fmt: skip

    def _invoices(self, subs: Records, made: Books) -> None:
        account, invoice, item, tax = made.account["key"], made.invoice, made.item, made.tax
        self.tables["FAKTURY"].add(
            invoice["key"], invoice["number"], account[invoice["account"]], code(("F", "K"), invoice["kind"]),
            invoice["corrects"], issued_text(subs, invoice, "YYYYMMDD"), invoice["sold"], invoice["due"],
            invoice["from"], invoice["to"], invoice["net"], invoice["vat"], invoice["gross"], invoice["arrears"],
        )  # fmt: skip
        self.tables["POZYCJE"].add(
            item["key"], item["no"], code(DESCRIPTIONS, item["kind"]), code(VAT_RATES, item["rate"]), item["net"]
        )
        self.tables["STAWKI"].add(tax["key"], code(VAT_RATES, tax["rate"]), tax["net"], tax["vat"])

    def _payments(self, subs: Records, made: Books) -> None:
        account, payment, part, other = made.account["key"], made.payment, made.allocation, made.adjustment
        self.tables["WPLATY"].add(
            payment["key"], paid_account(made), payment["paid"], payment["amount"], payment["unallocated"],
            code(("B", "P", "K", "Z", "I"), payment["channel"]), payment["title"],
            overflow={"KWOTA": subs.planted.rows(payment, "overflow")}, deleted=subs.planted.rows(payment, "deleted"),
        )  # fmt: skip
        self.tables["ROZLICZ"].add(part["payment"], part["invoice"], part["amount"])
        self.tables["KOREKTY"].add(
            other["key"], account[other["account"]], code(("OD", "UM", "ZW", "UZ", "OP"), other["kind"]),
            other["booked"], abs(other["amount"]), np.where(other["amount"] < 0, "M", "W"), other["reason"],
        )  # fmt: skip
