"""Lublin's kind: XML documents in UTF-8 from a system of the turn of the century.

Habits: what belongs to an account, an invoice or a payment stands within its element; identifiers are attributes;
ISO dates; decimal points; empty values are left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from samples import places
from samples.accounts import PLAN_NAMES, PLANS
from samples.books import Books
from samples.codepages import Bytes, code_points, encode, encode_utf8, interleave, join, stack
from samples.draw import Array, Bools, Ints
from samples.invoices import DESCRIPTIONS
from samples.plan import Region
from samples.records import Records
from samples.systems.base import SteppedSystem, birth_text, code, issued_text, paid_account
from samples.text import amount, cat, dates, digits, number, replace

ROOTS = {"abonenci.xml": "abonenci", "konta.xml": "konta", "faktury.xml": "faktury", "wplaty.xml": "wplaty"}
RATES = ("22", "7", "zw")
DATE = "YYYY-MM-DD"


def escaped(texts: Array) -> Array:
    """Texts of elements, with markup characters as entities."""
    points = code_points(texts)
    if (points == ord("&")).any():
        texts = replace(texts, "&", "&amp;")
    return replace(texts, "<", "&lt;") if (points == ord("<")).any() else texts


def element(name: str, texts: Array, indent: str = "  ", *, free: bool = False) -> Bytes:
    """An element on a line of its own; nothing at all for an empty text.

    Args:
        name: Of the element.
        texts: What it holds.
        indent: Blanks in front.
        free: Free text: may hold markup characters and letters beyond ASCII.
    """
    rows = encode_utf8(escaped(texts)) if free else encode(texts, "ascii")
    whole = stack(len(rows), f"{indent}<{name}>".encode(), rows, f"</{name}>\n".encode())
    whole[texts == ""] = 0
    return whole


class XmlDocument(SteppedSystem):
    """See the module."""

    files: ClassVar[dict[str, str]] = {
        "subscriber": "abonenci.xml", "address": "abonenci.xml", "account": "konta.xml", "line": "konta.xml",
        "subscription": "konta.xml", "invoice": "faktury.xml", "invoice_item": "faktury.xml", "tax_item": "faktury.xml",
        "payment": "wplaty.xml", "payment_allocation": "wplaty.xml", "adjustment": "wplaty.xml",
    }  # fmt: skip
    roles = ("siedziba", "instalacja", "korespondencja")
    key_letters: ClassVar[dict[str, str]] = {
        "subscriber": "AB", "account": "KO", "line": "LI", "invoice": "FA", "payment": "WP",
    }  # fmt: skip

    def __init__(self, region: Region, folder: Path, as_of: int) -> None:
        super().__init__(region, folder, as_of)
        day = dates(np.array([as_of]), DATE)[0]
        for name, root in ROOTS.items():
            head = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} region="{region.id}" stan="{day}">\n'
            self.write(name, head.encode())

    def close(self) -> None:
        """Close the documents."""
        for name, root in ROOTS.items():
            self.write(name, f"</{root}>\n".encode())
        super().close()

    def _people(self, subs: Records) -> None:
        rows = len(subs.key)
        parts: list[bytes | Bytes] = [
            encode_utf8(cat(' <abonent id="', self.subscriber_key(subs.key), '" rodzaj="',
                            code(("osoba", "firma", "instytucja"), subs.kind), '">\n')),
            element("nazwisko", subs.last, free=True), element("imie", subs.first, free=True),
            element("drugie_imie", subs.second, free=True),
            element("nazwa", subs.company, free=True), element("pesel", subs.pesel), element("nip", subs.nip),
            element("regon", subs.regon), element("data_urodzenia", birth_text(subs, DATE)),
            element("telefon", subs.phone), element("email", subs.email),
        ]  # fmt: skip
        homes: list[tuple[int, places.Places, Bools | None]] = [
            (0, subs.registered, subs.has_registered), (1, subs.installation, None),
            (2, subs.correspondence, subs.has_correspondence),
        ]  # fmt: skip
        for role, at, where in homes:
            block = stack(
                rows,
                f'  <adres rola="{self.roles[role]}">\n'.encode(),
                element("ulica", places.street_text(at, subs.draw), "   ", free=True),
                element("dom", at.building, "   "), element("lokal", at.flat, "   "),
                element("kod", places.postal_text(at, subs.draw), "   "),
                element("miejscowosc", at.locality, "   ", free=True),
                element("poczta", at.post_town, "   ", free=True), b"  </adres>\n",
            )  # fmt: skip
            parts.append(block if where is None else np.where(where[:, None], block, 0).astype(np.uint8))
        parts += [
            element("stan", code(("aktywny", "zawieszony"), subs.status)),
            element("umowa", dates(subs.since, DATE)), element("zmiana", dates(subs.updated, DATE)),
            element("uwagi", subs.note, free=True), b" </abonent>\n",
        ]  # fmt: skip
        self.write("abonenci.xml", join(rows, *parts))

    def _nested(self, name: str, *kinds: tuple[Ints, Bytes]) -> None:
        """Write fragments of several kinds, ordered by the row that they belong to, then by kind."""
        padded = np.frombuffer(interleave(kinds), dtype=np.uint8)
        self.write(name, padded[padded != 0].tobytes())

    def _accounts(self, subs: Records, made: Books) -> None:
        account, line, use = made.account, made.line, made.subscription
        rows = np.arange(len(account["key"]))
        payer = np.where(account["payer"] > 0, self.subscriber_key(account["payer"]), "")
        opening = stack(
            len(rows),
            encode_utf8(cat(' <konto id="', self.account_key(account["key"]), '" abonent="',
                            self.subscriber_key(account["subscriber"]), '" waluta="PLN">\n')),
            element("numer", account["number"]), element("platnik", payer),
            element("otwarte", dates(account["opened"], DATE)), element("saldo_poczatkowe", amount(account["opening"])),
            element("saldo_koncowe", amount(account["closing"])),
            element("saldo_na", dates(account["balance_on"], DATE)), element("cykl", number(account["cycle"] + 1)),
            element("nrb", account["nrb"]),
            element("rachunek", code(("papier", "elektroniczny"), account["electronic"])),
            element("stan", code(("aktywny", "zawieszony"), account["status"])),
        )  # fmt: skip
        kind = np.where(subs.planted.rows(line, "line_kind"), "inny",
                        code(("analog", "isdn2", "isdn30", "automat", "dzierzawa"), line["kind"]))  # fmt: skip
        zone = f"+48{self.region.zone.number:02d}"
        lines = stack(
            len(kind),
            encode_utf8(cat('  <linia id="', self.line_key(line["key"]), '">\n')),
            element("numer", cat(zone, digits(line["number"], 7)), "   "),
            element("rodzaj", kind, "   "), element("centrala", number(line["exchange"] + 1), "   "),
            element("od", dates(line["activated"], DATE), "   "),
            element("stan", code(("aktywny", "zawieszony"), line["status"]), "   "), b"  </linia>\n",
        )  # fmt: skip
        uses = stack(
            len(use["key"]),
            encode_utf8(cat('  <usluga id="US', number(use["key"]), '" linia="',
                            self.line_key(line["key"][use["line"]]), '">\n')),
            element("taryfa", code(PLANS, use["plan"]), "   "),
            element("nazwa", code(PLAN_NAMES, use["plan"]), "   ", free=True),
            element("oplata", amount(use["fee"]), "   "), element("od", dates(use["from"], DATE), "   "),
            b"  </usluga>\n",
        )  # fmt: skip
        self._nested("konta.xml", (rows, opening), (line["account"], lines), (use["account"], uses),
                     (rows, stack(len(rows), b" </konto>\n")))  # fmt: skip

    def _invoices(self, subs: Records, made: Books) -> None:
        account, invoice, item, tax = made.account["key"], made.invoice, made.item, made.tax
        rows = np.arange(len(invoice["key"]))
        opening = stack(
            len(rows),
            encode_utf8(cat(' <faktura id="', self.invoice_key(invoice["key"]), '" konto="',
                            self.account_key(account[invoice["account"]]), '" typ="',
                            code(("faktura", "korekta"), invoice["kind"]), '">\n')),
            element("numer", invoice["number"]), element("koryguje", invoice["corrects"]),
            element("wystawiona", issued_text(subs, invoice, DATE)), element("sprzedaz", dates(invoice["sold"], DATE)),
            element("termin", dates(invoice["due"], DATE)), element("okres_od", dates(invoice["from"], DATE)),
            element("okres_do", dates(invoice["to"], DATE)), element("netto", amount(invoice["net"])),
            element("vat", amount(invoice["vat"])), element("brutto", amount(invoice["gross"])),
            element("zaleglosci", amount(invoice["arrears"])),
        )  # fmt: skip
        rate = np.where(subs.planted.rows(item, "vat_rate"), "17", code(RATES, item["rate"]))
        items = stack(
            len(rate),
            encode_utf8(cat('  <pozycja lp="', number(item["no"]), '" stawka="', rate, '">\n')),
            element("opis", code(DESCRIPTIONS, item["kind"]), "   ", free=True),
            element("netto", amount(item["net"]), "   "),
            element("vat", amount(item["vat"]), "   "), b"  </pozycja>\n",
        )  # fmt: skip
        taxes = stack(
            len(tax["rate"]),
            encode_utf8(cat('  <podatek stawka="', code(RATES, tax["rate"]), '">\n')),
            element("netto", amount(tax["net"]), "   "), element("vat", amount(tax["vat"]), "   "), b"  </podatek>\n",
        )  # fmt: skip
        closing = stack(len(rows), b" </faktura>\n")
        self._nested("faktury.xml", (rows, opening), (item["invoice"], items), (tax["invoice"], taxes), (rows, closing))

    def _payments(self, subs: Records, made: Books) -> None:
        account, payment, part, other = made.account["key"], made.payment, made.allocation, made.adjustment
        rows = np.arange(len(payment["key"]))
        paid = np.where(subs.planted.rows(payment, "number_text"), "sto", amount(payment["amount"]))
        opening = stack(
            len(rows),
            encode_utf8(cat(' <wplata id="', self.payment_key(payment["key"]), '" konto="',
                            self.account_key(paid_account(made)), '">\n')),
            element("data", dates(payment["paid"], DATE)), element("kwota", paid),
            element("kwota", np.where(subs.planted.rows(payment, "element_twice"), paid, "")),
            element("nierozliczone", amount(payment["unallocated"])),
            element("kanal", code(("bank", "poczta", "kasa", "polecenie", "inny"), payment["channel"])),
            element("tytul", payment["title"], free=True),
        )  # fmt: skip
        parts = stack(
            len(part["invoice"]),
            encode_utf8(cat('  <rozliczenie faktura="', self.invoice_key(part["invoice"]), '">')),
            encode_utf8(amount(part["amount"])), b"</rozliczenie>\n",
        )  # fmt: skip
        self._nested("wplaty.xml", (rows, opening), (part["row"], parts),
                     (rows, stack(len(rows), b" </wplata>\n")))  # fmt: skip
        self.write(
            "wplaty.xml",
            join(
                len(other["key"]),
                encode_utf8(cat(' <korekta id="KR', number(other["key"]), '" konto="',
                                self.account_key(account[other["account"]]), '" rodzaj="',
                                code(("odsetki", "umorzenie", "zwrot", "uznanie", "oplata"), other["kind"]), '">\n')),
                element("data", dates(other["booked"], DATE)), element("kwota", amount(other["amount"])),
                element("opis", other["reason"], free=True), b" </korekta>\n",
            ),
        )  # fmt: skip
