"""Odd values as clerks, spreadsheets and printers left them in billing systems of the nineties, with what they mean."""

import datetime as dt

import pyarrow as pa
import pytest

from transforms import amounts
from transforms.explanations import Setting, explain
from transforms.nothing import means_nothing

SETTING = Setting(dt.date(2003, 9, 30), zone="22")
PESEL, NIP, REGON, WARSAW = "44051401458", "5260250995", "012100784", "+48226251234"
NRB = "67160000030002000111111001"

# kind, clean value, rule, texts
ODD = [
    ("pesel", PESEL, "pesel.plain", "44 05 14 01458", "440514/01458", "440514.01458", "PESEL 44051401458",
     "PESEL:44051401458", "44051401458.0", "44051401458,00", "'44051401458", "44051401458*"),
    ("pesel", PESEL, "pesel.alike", "44O51401458", "440514O1458", "4405l401458", "44o514-O1458"),
    ("pesel", None, "pesel.length", "44O51401459", "4405140145B", "044051401458", "440514", "obcokrajowiec",
     "44051401458/44051401459", "4,4051401458E10"),
    ("pesel", None, "pesel.missing", "brak", "BRAK", "b/d", "nie posiada", "------", "x", "n/d", "nie podano"),
    ("pesel", None, "pesel.check", "44051400000", "44051499999"),
    ("nip", NIP, "nip.plain", "PL 526-025-09-95", "PL-5260250995", "pl5260250995", "NIP 526-025-09-95",
     "NIP: 5260250995", "NIP5260250995", "526 025 09 95", "526.025.09.95", "526/025/09/95", "5260250995.0",
     "NIP PL 526-025-09-95"),
    ("nip", NIP, "nip.alike", "526O25O995", "526-O25-O9-95"),
    ("nip", None, "nip.filler", "000-000-00-00", "111-111-11-11", "999-999-99-99", "1234567890"),
    ("nip", None, "nip.length", "DE123456789", "526-025-09-9S", "osoba fizyczna", "526O25O9O5"),
    ("nip", None, "nip.missing", "brak", "-", "x", "n/d", "nie dotyczy"),
    ("regon", REGON, "regon.plain", "REGON 012100784", "P-012100784", "R-012100784", "012-100-784", "012100784.0"),
    ("regon", REGON, "regon.alike", "O121OO784"), ("regon", REGON, "regon.head-office", "012100784-00000"),
    ("regon", None, "regon.missing", "brak", "-"), ("regon", None, "regon.letters", "0121OO785", "X012100784"),
    ("krs", None, "krs.missing", "brak", "n/d"), ("krs", "0000012345", "krs.plain", "KRS nr 0000012345"),
    ("document", "DB1234567", "document.booklet", "D.O. DB 1234567", "seria DB nr 1234567", "DB nr 1234567",
     "dow. os. DB1234567", "db-1234567"),
    ("document", "ABA300000", "document.card", "dow. os. ABA300000", "dowód osobisty ABA 300000", "A.B.A. 300000"),
    ("document", "AB1234567", "document.booklet", "PASZPORT AB1234567", "paszp. AB 1234567"),
    ("document", None, "document.missing", "brak", "nie okazano", "---", "XX", "n/d"),
    ("nrb", NRB, "nrb.plain", "67 1600 0003 0002 0001 1111 1001", "PL 67-1600-0003-0002-0001-1111-1001",
     f"IBAN PL{NRB}", f"NRB: {NRB}", f"'{NRB}"),
    ("nrb", None, "nrb.missing", "brak", "-"), ("nrb", None, "nrb.old-form", "10201026-123456-270-1"),
    ("postal_code", "00-950", "postal.hyphen", "00 - 950", "00.950", "00_950", "00/950", "(00-950)", "PL-00-950",
     "PL 00-950", "00—950"),
    ("postal_code", None, "postal.missing", "brak", "--", "n/d"), ("postal_code", "11-234", "postal.letters", "l1-234"),
    ("phone", WARSAW, "phone.plain", "022/625-12-34", "(022)625-12-34", "0(22)6251234", "0...22 625-12-34",
     "0-prefiks-22 625 12 34", "0-xx-22 625-12-34", "+ 48 22 6251234", "+48(22)6251234", "00 48 22 625 12 34",
     "+480226251234", "22.625.12.34"),
    ("phone", WARSAW, "phone.zone", "62 51 234", "62-51-23-4", "tel/fax 625-12-34", "tel./fax: 625-12-34",
     "faks 625-12-34", "625-12-34(dom)", "s. 625-12-34", "*625-12-34", "625-12-34, w.12", "centr. 625-12-34 w. 12",
     "625 12 34 (w. 12)", "625-12-34 WEW 12"),
    ("phone", WARSAW, "phone.letters", "22625l234", "O22 625 12 34"),
    ("phone", WARSAW, "phone.several", "tel.625-12-34 kom.602-123-456", "625-12-34, 35"),
    ("phone", "+48602123456", "phone.plain", "0-602 123 456", "(0602)123456", "0 602-12-34-56", "0048602123456"),
    ("phone", None, "phone.filler", "1234567", "123-45-67", "22 123 45 67", "0000000", "00-00-00", "999-99-99"),
    ("phone", None, "phone.missing", "----", '"', "NIE", "n/a", "nie ma", "brak telefonu", "x"),
    ("phone", None, "phone.words", "625-12-34 do 36", "625-12-34 u sąsiadki", "Warszawa 625-12-34", "6251234#5",
     "22 62S 12 34", "zastrz.", "j.w.", "d:625-12-34 p:626-12-34"),
    ("phone", None, "phone.old-length", "251234", "25-12-34", "51234"),
    ("phone", "+70951234567", "phone.foreign", "+7 095 1234567"),
    ("phone", "+4930123456", "phone.foreign", "0 0 49 30 123456", "0049 30 123456"),
    ("house", "12/4", "house.flat", "12/M4", "12-M4", "12/m.4", "12 m 4", "12/ lok. 4", "12 kl. A m. 4"),
    ("house", "12/4", "house.slash", "12|4", "12\\4", "12/ 4", "0012/0004", "blok 12/4"),
    ("house", "3/4", "house.slash", "bl.3/4"), ("house", "12", "house.plain", "000012", "nr12", "Nr. 12"),
    ("house", None, "house.missing", "b/n", "bn", "b.n.", "bez nr", "bez numeru", "00", "0/0"),
    ("house", None, "house.unparsed", "12.4", "12 4", "12,14", "12 bis", "5/III", "12 parter", "12 1/2", "pawilon 5"),
    ("amount", "-1234.56", "amount.sign", "1.234,56-", "1 234,56-", "(1.234,56)", "1234,56 CR", "1234,56 Ma",
     "1.234,56–"),
    ("amount", "-1234.56", "amount.plain", "-1.234,56", "- 1234,56", "−1234,56", "–1 234,56"),
    ("amount", "12.50", "amount.plain", "12,5 zl", "12,5 zł", "12,50zł.", "12.50 PLN", "PLN 12,50", "zł 12,50",
     "12,50 złotych", "12 zł 50 gr", "12zł50gr", "+12,50", "000012,50"),
    ("amount", "12.50", "amount.sign", "12,50+", "12,50 Wn", "12,50 DB", "12,50Dt"),
    ("amount", "12.05", "amount.plain", "12 zł 5 gr"), ("amount", "12.00", "amount.plain", "12,--", "12,", "12"),
    ("amount", "0.50", "amount.plain", ",50", ".5"), ("amount", "12.35", "amount.old-zloty", "PLZ 123450"),
    ("amount", None, "amount.form", "12,-", "-12,50-", "(12,50", "12,50)", "1e3", "12-50", "O,50", "12,50*", "12,,50",
     "12,50 U", "1 mln", "CR"),
    ("amount", None, "amount.missing", "brak", "--", "-", "n/d"), ("amount", None, "amount.overflow", "****"),
    ("amount", "12505.00", "amount.grouped", "12,505"),
    ("date", "1999-03-12", "date.plain", "12.03.1999 r.", "12.03.1999r", "12-03-1999", "1999.03.12", "19990312",
     "1999-03-12 00:00:00.000", "1999-03-12T10:00:00"),
    ("date", "1999-01-01", "date.pivot", "1.1.99", "01.01.99", "99001", "0990101"),
    ("date", "2003-09-30", "date.plain", "37894", "37894.0", "37894,5"),
    ("date", None, "date.calendar", "31.04.1999", "29.02.1999", "1999-13-01", "1999", "99", "01.1999", "O1.01.1999"),
    ("date", None, "date.sentinel", "00.00.0000", "0000-00-00", "99.99.9999", "31.12.9999", "0"),
    ("date", None, "date.missing", "brak", "-", "..", " .  . ", "n/d"),
    ("name", "Ewa Nowak", "name.notes", "DR.MED. NOWAK EWA", "PROF.DR HAB. NOWAK EWA", "dr n.med. Nowak Ewa"),
    ("name", "Jan Kowalski", "name.notes", "KOWALSKI JAN S.ADAMA", "ś.p.Kowalski Jan", "KOWALSKI JAN - NIE ŻYJE",
     "KOWALSKI JAN NIE ŻYJE", "MASA SPADKOWA PO KOWALSKI JAN", "† KOWALSKI JAN", "KOWALSKI JAN nr 2",
     "O.JAN KOWALSKI", "P. KOWALSKI JAN", "Sz. Pan Jan Kowalski", "WP KOWALSKI JAN", "ROLNIK KOWALSKI JAN",
     "NOTARIUSZ JAN KOWALSKI", "KOWALSKI JAN EMERYT", "KOWALSKI JAN INWALIDA I GR.", "KOWALSKI JAN - SYN",
     "Kowalski Jan i żona", "KOWALSKI JAN Z ŻONĄ", "UŻYTKOWNIK: KOWALSKI JAN", "USŁ.TRANSP. KOWALSKI JAN"),
    ("name", "Jan Kowalski", "name.plain", "KOWALSKI_JAN", "KOWALSKI.JAN", "KOWALSKI JAN;", "<KOWALSKI JAN>",
     ",KOWALSKI JAN", "=KOWALSKI JAN="),
    ("name", "Jan Kowalski", "name.comma", "KOWALSKI;JAN"), ("name", "J.M. Rokita", "name.plain", "J.M.ROKITA"),
    ("name", "Anna Kowalska", "name.notes", "Kowalska v. Nowak Anna", "KOWALSKA 2 VOTO NOWAK ANNA",
     "KOWALSKA PRIMO V. NOWAK ANNA", "WDOWA KOWALSKA ANNA", "p. Anna Kowalska"),
    ("name", None, "name.filler", "PUSTOSTAN", "REZERWA", "ZASTRZEŻONY", "LOKATOR", "numer wolny"),
    ("name", "S. Nowak", "name.plain", "S. NOWAK"), ("name", "P. Nowak", "name.plain", "P. NOWAK"),
    ("name", "Jan Żona", "name.plain", "ŻONA JAN"), ("name", "Jan Rolnik", "name.plain", "ROLNIK JAN"),
    ("address", "ul. Szkolna 5, 63-400 Krępa", "address.place", "Krępa, ul. Szkolna 5, 63-400 Ostrów"),
    ("address", "ul. Długa 5, 00-950 Warszawa", "address.plain", "Warszawa, ul. Długa 5, 00-950 Warszawa",
     "ul. Długa nr 5, 00-950 WARSZAWA"),
    ("address", "15, Krępa", "address.place", "Krępa 15, p. Ostrów", "Krępa 15 poczta Ostrów"),
    ("address", "ul. św. Jana Kantego 5, Kraków", "address.plain", "ul. św. Jana Kantego 5, Kraków"),
    ("address", "11 Listopada 11/11, Łódź", "address.plain", "11 Listopada 11 m. 11, Łódź"),
]  # fmt: skip
VALUES = [(kind, text, value, rule) for kind, value, rule, *texts in ODD for text in texts]


@pytest.mark.parametrize(("kind", "text", "value", "rule"), VALUES)
def test_odd_values(kind, text, value, rule):
    told = explain(kind, text, SETTING)
    assert (told["value"], told["rule"]) == (value, rule)


@pytest.mark.parametrize(
    ("kind", "text", "value", "rule"), [v for v in VALUES if v[2] and v[0] not in ("name", "date")]
)
def test_a_clean_value_stays_as_it_is(kind, text, value, rule):
    assert explain(kind, value, SETTING)["value"] == value


def test_every_rule_for_nothing_is_one_rule():
    for text in ("brak", "n/d", "-", "x", "nie podano"):
        assert means_nothing(text)
        assert {explain(k, text, SETTING)["status"] for k in ("pesel", "nip", "regon", "krs", "nrb", "document",
                "phone", "email", "postal_code", "date", "amount")} == {"missing"}  # fmt: skip


def test_a_dash_behind_the_separator_is_no_minus():
    number = amounts.read(pa.array(["12,-", "12,00-", "12-", "\u2212" + "1,00"]), places=2, decimal=",")
    assert number.bad.tolist() == [True, False, False, False]
    assert number.values.tolist() == [0, -1200, -1200, -100]


def test_the_post_town_of_a_village_with_streets():
    parts = explain("address", "Krępa, ul. Szkolna 5, 63-400 Ostrów", SETTING)["parts"]
    assert (parts["locality"], parts["post_town"], parts["street_key"]) == ("Krępa", "Ostrów", "szkolna")


def test_a_booklet_is_no_card_whose_letter_was_typed_as_a_digit():
    assert explain("document", "AB1234567", SETTING)["value"] == "AB1234567"  # as ABI234567 its check digit would fit
    assert explain("document", "ABA3OOOOO", SETTING)["value"] == "ABA300000"


def test_a_note_with_the_second_person_is_kept():
    assert explain("name", "Kowalski Jan i żona", SETTING)["parts"]["note"] == "i żona"
    assert explain("document", "PASZPORT AB1234567", SETTING)["parts"]["document_kind"] == "passport"
    assert explain("phone", "625-12-34, w.12", SETTING)["parts"]["extension"] == "12"
