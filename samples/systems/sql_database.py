"""Warszawa's kind: a relational database, delivered as a SQLite file.

Habits: normalised tables; amounts of accounts and invoices in whole grosze, those of payments as decimal text (the
system never knew floating point); ISO dates; code lists in tables; foreign keys by number.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import ClassVar

import numpy as np

from samples import places
from samples.accounts import PLAN_NAMES, PLANS
from samples.books import Books
from samples.draw import Array, Ints
from samples.faults import ORPHAN
from samples.invoices import DESCRIPTIONS
from samples.plan import Region
from samples.records import Records
from samples.systems.base import ENTITIES, SteppedSystem, addresses, birth_text, code, issued_text, paid_account
from samples.text import amount, dates, digits

FILE = "billing.sqlite"
DATE = "YYYY-MM-DD"
SCHEMA = """
CREATE TABLE rodzaj_abonenta (id INTEGER PRIMARY KEY, nazwa TEXT NOT NULL);
CREATE TABLE taryfa (id INTEGER PRIMARY KEY, symbol TEXT NOT NULL, nazwa TEXT NOT NULL);
CREATE TABLE abonent (
    id INTEGER PRIMARY KEY, rodzaj INTEGER NOT NULL, imie TEXT, drugie_imie TEXT, nazwisko TEXT, nazwa TEXT,
    pesel TEXT, nip TEXT, regon TEXT, dokument TEXT, plec TEXT, data_ur TEXT, telefon TEXT, email TEXT,
    aktywny INTEGER NOT NULL, umowa TEXT, zmieniony TEXT, uwagi TEXT);
CREATE TABLE adres (
    abonent_id INTEGER NOT NULL, rola TEXT NOT NULL, ulica TEXT, nr_domu TEXT, nr_lokalu TEXT, kod TEXT,
    miejscowosc TEXT, poczta TEXT, PRIMARY KEY (abonent_id, rola)) WITHOUT ROWID;
CREATE TABLE konto (
    id INTEGER PRIMARY KEY, numer TEXT NOT NULL, abonent_id INTEGER NOT NULL, platnik_id INTEGER, otwarte TEXT,
    saldo_pocz_gr INTEGER NOT NULL, saldo_gr INTEGER NOT NULL, saldo_na TEXT, cykl INTEGER, e_rachunek INTEGER,
    nrb TEXT, limit_gr INTEGER, aktywne INTEGER);
CREATE TABLE linia (
    id INTEGER PRIMARY KEY, konto_id INTEGER NOT NULL, strefa TEXT, numer TEXT, rodzaj TEXT, centrala INTEGER, od TEXT,
    aktywna INTEGER);
CREATE TABLE usluga (
    id INTEGER PRIMARY KEY, konto_id INTEGER NOT NULL, linia_id INTEGER, taryfa_id INTEGER NOT NULL, oplata_gr INTEGER,
    od TEXT, do TEXT);
CREATE TABLE faktura (
    lp INTEGER PRIMARY KEY, id INTEGER NOT NULL, numer TEXT NOT NULL, konto_id INTEGER NOT NULL, typ TEXT NOT NULL,
    koryguje TEXT, wystawiona TEXT, sprzedaz TEXT, termin TEXT, okres_od TEXT, okres_do TEXT, netto_gr INTEGER,
    vat_gr INTEGER, brutto_gr INTEGER, zaleglosc_gr INTEGER);
CREATE TABLE pozycja (
    faktura_id INTEGER NOT NULL, lp INTEGER NOT NULL, opis TEXT, linia_id INTEGER, stawka TEXT, netto_gr INTEGER,
    vat_gr INTEGER, PRIMARY KEY (faktura_id, lp)) WITHOUT ROWID;
CREATE TABLE podatek (
    faktura_id INTEGER NOT NULL, stawka TEXT NOT NULL, netto_gr INTEGER, vat_gr INTEGER,
    PRIMARY KEY (faktura_id, stawka)) WITHOUT ROWID;
CREATE TABLE wplata (
    id INTEGER PRIMARY KEY, konto_id INTEGER NOT NULL, data TEXT, kwota TEXT, nierozliczone TEXT, kanal INTEGER,
    tytul TEXT);
CREATE TABLE rozliczenie (
    wplata_id INTEGER NOT NULL, faktura_id INTEGER NOT NULL, kwota TEXT, PRIMARY KEY (wplata_id, faktura_id))
    WITHOUT ROWID;
CREATE TABLE korekta (
    id INTEGER PRIMARY KEY, konto_id INTEGER NOT NULL, rodzaj TEXT, data TEXT, kwota TEXT, opis TEXT);
"""


class SqlDatabase(SteppedSystem):
    """See the module."""

    files: ClassVar[dict[str, str]] = dict.fromkeys(ENTITIES, FILE)
    roles = ("siedziba", "instalacja", "korespondencja")
    options: ClassVar[dict[str, bool]] = {"vat_per_line": True}

    def __init__(self, region: Region, folder: Path, as_of: int) -> None:
        super().__init__(region, folder, as_of)
        path = folder / FILE
        path.unlink(missing_ok=True)
        self.database = sqlite3.connect(path, isolation_level=None)
        self.database.execute("PRAGMA page_size = 4096")
        self.database.execute("PRAGMA journal_mode = OFF")
        self.database.execute("PRAGMA synchronous = OFF")
        self.database.executescript(SCHEMA)
        self.database.execute("BEGIN")
        self.database.executemany("INSERT INTO rodzaj_abonenta VALUES (?, ?)",
                                  [(1, "osoba"), (2, "firma"), (3, "instytucja")])  # fmt: skip
        plans = zip(range(1, 6), PLANS, PLAN_NAMES, strict=True)
        self.database.executemany("INSERT INTO taryfa VALUES (?, ?, ?)", plans)

    def close(self) -> None:
        """Close the database."""
        self.database.execute("COMMIT")
        self.database.close()
        super().close()

    def _insert(self, table: str, *columns: Array) -> None:
        lists = [[v or None for v in c.tolist()] if c.dtype.kind == "U" else c.tolist() for c in columns]
        marks = ", ".join("?" * len(columns))
        self.database.executemany(f"INSERT INTO {table} VALUES ({marks})", zip(*lists, strict=True))

    def _people(self, subs: Records) -> None:
        self._insert(
            "abonent",
            subs.key, subs.kind + 1, subs.first, subs.second, subs.last, subs.company, subs.pesel, subs.nip, subs.regon,
            subs.document, np.where(subs.is_person, np.where(subs.person.male, "M", "K"), ""), birth_text(subs, DATE),
            subs.phone, subs.email, 1 - subs.status, dates(subs.since, DATE), dates(subs.updated, DATE), subs.note,
        )  # fmt: skip
        owner, role, at, draw = addresses(subs)
        self._insert(
            "adres",
            subs.key[owner], code(self.roles, role), places.street_text(at, draw), at.building, at.flat,
            places.postal_text(at, draw), at.locality, at.post_town,
        )  # fmt: skip

    def _accounts(self, subs: Records, made: Books) -> None:
        account, line, use = made.account, made.line, made.subscription
        self._insert(
            "konto",
            account["key"], account["number"], account["subscriber"], _or_none(account["payer"]),
            dates(account["opened"], DATE), account["opening"], account["closing"], dates(account["balance_on"], DATE),
            account["cycle"] + 1, account["electronic"].astype(np.int64), account["nrb"], account["limit"],
            1 - account["status"],
        )  # fmt: skip
        kind = np.where(subs.planted.rows(line, "line_kind"), "?",
                        code(("PSTN", "BRA", "PRA", "APP", "LEASE"), line["kind"]))  # fmt: skip
        key = account["key"]
        self._insert(
            "linia",
            line["key"], key[line["account"]], digits(np.full(len(kind), self.region.zone.number), 2),
            digits(line["number"], 7), kind, line["exchange"] + 1, dates(line["activated"], DATE), 1 - line["status"],
        )  # fmt: skip
        self._insert(
            "usluga",
            use["key"], key[use["account"]], line["key"][use["line"]], use["plan"] + 1, use["fee"],
            dates(use["from"], DATE), dates(use["to"], DATE),
        )  # fmt: skip

    def _invoices(self, subs: Records, made: Books) -> None:
        account, invoice, item, tax = made.account["key"], made.invoice, made.item, made.tax
        self._insert(
            "faktura",
            invoice["key"] + np.where(invoice["again"], ORPHAN, 0),  # the row's own number; `id` is the invoice
            invoice["key"], invoice["number"], account[invoice["account"]], code(("FV", "FK"), invoice["kind"]),
            invoice["corrects"], issued_text(subs, invoice, DATE), dates(invoice["sold"], DATE),
            dates(invoice["due"], DATE), dates(invoice["from"], DATE), dates(invoice["to"], DATE), invoice["net"],
            invoice["vat"], invoice["gross"], invoice["arrears"],
        )  # fmt: skip
        rate = np.where(subs.planted.rows(item, "vat_rate"), "17", code(("22", "7", "zw"), item["rate"]))
        self._insert("pozycja", item["key"], item["no"], code(DESCRIPTIONS, item["kind"]), item["line"],
                     rate, item["net"], item["vat"])  # fmt: skip
        self._insert("podatek", tax["key"], code(("22", "7", "zw"), tax["rate"]), tax["net"], tax["vat"])

    def _payments(self, subs: Records, made: Books) -> None:
        account, payment, part, other = made.account["key"], made.payment, made.allocation, made.adjustment
        paid = np.where(subs.planted.rows(payment, "number_text"), "b/d", amount(payment["amount"]))
        self._insert("wplata", payment["key"], paid_account(made), dates(payment["paid"], DATE), paid,
                     amount(payment["unallocated"]), payment["channel"] + 1, payment["title"])  # fmt: skip
        self._insert("rozliczenie", part["payment"], part["invoice"], amount(part["amount"]))
        self._insert("korekta", other["key"], account[other["account"]],
                     code(("ODSETKI", "UMORZENIE", "ZWROT", "UZNANIE", "OPLATA"), other["kind"]),
                     dates(other["booked"], DATE), amount(other["amount"]), other["reason"])  # fmt: skip


def _or_none(keys: Ints) -> Array:
    """Numbers, with NULL for nought."""
    out = keys.astype(object)
    out[keys == 0] = None
    return np.asarray(out)
