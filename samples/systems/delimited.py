"""Gdańsk's kind: text exports of a Windows program, CP1250, semicolons, texts in quotes, decimal commas.

Habits: thousands apart by a blank, minus behind the amount; dates as DD.MM.YYYY; the installation address in columns
of the subscriber, the others as one text; VAT rates as `22%`; keys with a letter in front.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from samples import places
from samples.accounts import PLAN_NAMES, PLANS
from samples.books import Books
from samples.codepages import Bytes, encode, join
from samples.draw import Array, Ints
from samples.invoices import DESCRIPTIONS
from samples.plan import Region
from samples.records import Records
from samples.systems.base import SteppedSystem, birth_text, code, given, issued_text, nip_text, paid_account
from samples.text import amount, cat, dates, digits, number, replace

PAGE = "cp1250"
HEADERS = {
    "abonenci.csv": "ID;TYP;NAZWISKO;IMIONA;NAZWA;PESEL;NIP;REGON;DATA_UR;TELEFON;ULICA;NR_DOMU;KOD;MIEJSCOWOSC;"
    "POCZTA;ADRES_KORESP;ADRES_SIEDZIBY;STATUS;DATA_UMOWY;DATA_ZMIANY;UWAGI",
    "konta.csv": "ID;NR_EWID;ID_ABONENTA;OTWARTE;SALDO_POCZ;SALDO_KONC;NA_DZIEN;CYKL;FORMA;LIMIT;STATUS",
    "linie.csv": "ID;ID_KONTA;NUMER;RODZAJ;CENTRALA;URUCHOMIONA;STATUS",
    "uslugi.csv": "ID;ID_KONTA;ID_LINII;TARYFA;NAZWA;OPLATA;OD;DO",
    "faktury.csv": "ID;NUMER;ID_KONTA;RODZAJ;KORYGUJE;WYSTAWIONA;SPRZEDAZ;TERMIN;OD;DO;NETTO;VAT;BRUTTO;ZALEGLOSC",
    "pozycje.csv": "ID_FAKTURY;LP;OPIS;ILOSC;CENA;STAWKA;NETTO",
    "stawki.csv": "ID_FAKTURY;STAWKA;NETTO;VAT",
    "wplaty.csv": "ID;ID_KONTA;DATA;KWOTA;NIEROZLICZONE;KANAL;TYTUL",
    "rozliczenia.csv": "ID_WPLATY;ID_FAKTURY;KWOTA",
    "korekty.csv": "ID;ID_KONTA;RODZAJ;DATA;KWOTA;OPIS",
}
RATES = ("22%", "7%", "zw.")
DATE = "DD.MM.YYYY"


def quoted(texts: Array) -> Array:
    """Texts in quotes, quotes within doubled; an empty text has none."""
    return np.where(texts == "", "", cat('"', replace(texts, '"', '""'), '"'))


def comma(grosze: Ints) -> Array:
    """`1 234,56-`."""
    return amount(grosze, decimal=",", thousands=" ", minus="trailing")


class Delimited(SteppedSystem):
    """See the module."""

    files: ClassVar[dict[str, str]] = {
        "subscriber": "abonenci.csv", "address": "abonenci.csv", "account": "konta.csv", "line": "linie.csv",
        "subscription": "uslugi.csv", "invoice": "faktury.csv", "invoice_item": "pozycje.csv",
        "tax_item": "stawki.csv", "payment": "wplaty.csv", "payment_allocation": "rozliczenia.csv",
        "adjustment": "korekty.csv",
    }  # fmt: skip
    roles = ("S", "I", "K")
    role_first = True
    key_letters: ClassVar[dict[str, str]] = {
        "subscriber": "A", "account": "K", "line": "L", "invoice": "F", "payment": "W",
    }  # fmt: skip
    key_digits: ClassVar[dict[str, int]] = {"subscriber": 8}

    def __init__(self, region: Region, folder: Path, as_of: int) -> None:
        super().__init__(region, folder, as_of)
        for name, header in HEADERS.items():
            self.write(name, header.encode("ascii") + b"\r\n")

    def _rows(self, name: str, *columns: Array | Bytes) -> None:
        parts: list[bytes | Bytes] = []
        for column in columns:
            parts += [b";", column if column.dtype == np.uint8 else encode(column, PAGE)]
        self.write(name, join(len(columns[0]), *parts[1:], b"\r\n"))

    def _people(self, subs: Records) -> None:
        home = subs.installation
        note = encode(quoted(subs.note), PAGE)
        broken = np.flatnonzero(subs.planted.at("undecodable"))
        if len(broken):
            spoilt = encode(np.where(subs.planted.at("undecodable"), '"Zgłoszenie z 2002 r."', quoted(subs.note)), PAGE)
            spoilt[broken, 3] = 0x83  # the page has no such byte
            note = spoilt
        self._rows(
            "abonenci.csv",
            self.subscriber_key(subs.key), code(("O", "F", "I"), subs.kind), quoted(subs.last), quoted(given(subs)),
            quoted(subs.company), subs.pesel, nip_text(subs), subs.regon, birth_text(subs, DATE), subs.phone,
            quoted(places.street_text(home, subs.draw)), quoted(places.house_text(home, subs.draw)),
            places.postal_text(home, subs.draw), quoted(home.locality), quoted(home.post_town),
            np.where(subs.has_correspondence, quoted(self._one_text(subs.correspondence, subs)), ""),
            np.where(subs.has_registered, quoted(self._one_text(subs.registered, subs)), ""),
            code(("czynny", "zawieszony"), subs.status), dates(subs.since, DATE), dates(subs.updated, DATE), note,
        )  # fmt: skip

    @staticmethod
    def _one_text(at: places.Places, subs: Records) -> Array:
        """`ul. Polna 12/4; 80-123 Gdańsk`, or `Kolbudy 15; 83-050 Kolbudy` in a village without streets."""
        street = places.street_text(at, subs.draw)
        front = np.where(street == "", at.locality, street)
        return cat(front, " ", places.house_text(at, subs.draw), "; ", at.postal_code, " ", at.post_town)

    def _accounts(self, subs: Records, made: Books) -> None:
        account, line, use = made.account, made.line, made.subscription
        key = self.account_key(account["key"])
        state = code(("czynne", "zawieszone"), account["status"])
        self._rows(
            "konta.csv",
            key, account["number"], self.subscriber_key(account["subscriber"]), dates(account["opened"], DATE),
            comma(account["opening"]), comma(account["closing"]), dates(account["balance_on"], DATE),
            number(account["cycle"] + 1), code(("papier", "e-mail"), account["electronic"]),
            np.where(account["limit"] > 0, comma(account["limit"]), ""), state,
        )  # fmt: skip
        kind = np.where(
            subs.planted.rows(line, "line_kind"), "nieznany",
            code(("analogowa", "ISDN BRA", "ISDN PRA", "automat", "dzierżawa"), line["kind"]),
        )  # fmt: skip
        zone = np.full(len(line["key"]), self.region.zone.number)
        phone = cat("(0-", digits(zone, 2), ") ", digits(line["number"], 7))
        self._rows(
            "linie.csv",
            self.line_key(line["key"]), key[line["account"]], phone, quoted(kind),
            cat("C", number(line["exchange"] + 1)), dates(line["activated"], DATE),
            code(("czynna", "zawieszona"), line["status"]),
        )  # fmt: skip
        self._rows(
            "uslugi.csv",
            cat("U", number(use["key"])), key[use["account"]], self.line_key(line["key"][use["line"]]),
            code(PLANS, use["plan"]), quoted(code(PLAN_NAMES, use["plan"])), comma(use["fee"]),
            dates(use["from"], DATE), dates(use["to"], DATE),
        )  # fmt: skip

    def _invoices(self, subs: Records, made: Books) -> None:
        account, invoice, item, tax = made.account["key"], made.invoice, made.item, made.tax
        self._rows(
            "faktury.csv",
            self.invoice_key(invoice["key"]), invoice["number"], self.account_key(account[invoice["account"]]),
            code(("FV", "KOR"), invoice["kind"]), invoice["corrects"], issued_text(subs, invoice, DATE),
            dates(invoice["sold"], DATE), dates(invoice["due"], DATE), dates(invoice["from"], DATE),
            dates(invoice["to"], DATE), comma(invoice["net"]), comma(invoice["vat"]), comma(invoice["gross"]),
            comma(invoice["arrears"]),
        )  # fmt: skip
        self._rows(
            "pozycje.csv",
            self.invoice_key(item["key"]), number(item["no"]), quoted(code(DESCRIPTIONS, item["kind"])),
            np.full(len(item["no"]), "1"), comma(item["net"]), code(RATES, item["rate"]), comma(item["net"]),
        )  # fmt: skip
        self._rows("stawki.csv", self.invoice_key(tax["key"]), code(RATES, tax["rate"]), comma(tax["net"]),
                   comma(tax["vat"]))  # fmt: skip

    def _payments(self, subs: Records, made: Books) -> None:
        account, payment, part, other = made.account["key"], made.payment, made.allocation, made.adjustment
        paid = np.where(subs.planted.rows(payment, "number_text"), "12,5O", comma(payment["amount"]))
        unquoted = subs.planted.rows(payment, "columns")  # with a delimiter in the text
        title = np.where(unquoted, "Faktura; dwie raty", quoted(payment["title"]))
        self._rows(
            "wplaty.csv",
            self.payment_key(payment["key"]), self.account_key(paid_account(made)), dates(payment["paid"], DATE), paid,
            comma(payment["unallocated"]), code(("bank", "poczta", "kasa", "PZ", "inne"), payment["channel"]), title,
        )  # fmt: skip
        self._rows("rozliczenia.csv", self.payment_key(part["payment"]), self.invoice_key(part["invoice"]),
                   comma(part["amount"]))  # fmt: skip
        self._rows(
            "korekty.csv",
            cat("R", number(other["key"])), self.account_key(account[other["account"]]),
            code(("odsetki", "umorzenie", "zwrot", "uznanie", "opłata"), other["kind"]), dates(other["booked"], DATE),
            comma(other["amount"]), quoted(other["reason"]),
        )  # fmt: skip
