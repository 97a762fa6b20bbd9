"""Every form of every value that is known from legacy systems, with the rule that has to decide it.

The last tests hold the list of rules against these tables: a rule that no vector reaches does not exist.
"""

import datetime as dt

import pyarrow as pa
import pytest
from raw_batches import raw_batch

from billing.model import STATUSES
from billing.reasons import REASONS
from transforms.conform import conform
from transforms.explanations import KINDS, Setting, explain
from transforms.lookups import Lookups
from transforms.names import read_name
from transforms.normalise import normalise
from transforms.phones import OldNumbers
from transforms.rules import RULES, noted

DAY = dt.date(2003, 9, 30)
WARSAW = "+48226251234"
CARD, NRB, OTHER_NRB = "ABA300000", "67160000030002000111111001", "28106000349841000123456789"

# kind, text, what is known beside it, clean value, rule
VECTORS = [
    # PESEL
    ("pesel", "44051401458", {}, "44051401458", "pesel.plain"),
    ("pesel", "44051401359", {}, "44051401359", "pesel.plain"),
    ("pesel", "02070803628", {}, "02070803628", "pesel.plain"),
    ("pesel", "440514-01458", {}, "44051401458", "pesel.plain"),
    ("pesel", "90090515836", {}, "90090515836", "pesel.minor"),
    ("pesel", "90090515836", {"extracted_on": dt.date(2026, 1, 1)}, "90090515836", "pesel.plain"),
    ("pesel", "02070803628", {"extracted_on": dt.date(2026, 1, 1)}, "02070803628", "pesel.aged"),
    ("pesel", "2070803628", {}, "02070803628", "pesel.zero"),
    ("pesel", "12345678901", {}, None, "pesel.filler"),
    ("pesel", "00000000000", {}, None, "pesel.zeros"), ("pesel", "99999999999", {}, None, "pesel.zeros"),
    ("pesel", "44444444444", {}, None, "pesel.filler"), ("pesel", "66666666666", {}, None, "pesel.filler"),
    ("pesel", "88888888888", {}, None, "pesel.filler"), ("pesel", "11111111116", {}, None, "pesel.filler"),
    ("pesel", "22222222222", {}, None, "pesel.filler"), ("pesel", "01010100005", {}, None, "pesel.filler"),
    ("pesel", "5260250995", {}, None, "pesel.nip"), ("pesel", "012100784", {}, None, "pesel.regon"),
    ("pesel", "4405140145", {}, None, "pesel.length"), ("pesel", "٤٤٠٥١٤٠١٤٥٨", {}, None, "pesel.length"),
    ("pesel", "44023001458", {}, None, "pesel.date"), ("pesel", "05230112341", {}, None, "pesel.future"),
    ("pesel", "44051401457", {}, None, "pesel.check"),
    # mistyped: of its date nothing is said, be it a minor's, one to come or one of long ago
    ("pesel", "90090515837", {}, None, "pesel.check"), ("pesel", "05230112342", {}, None, "pesel.check"),
    ("pesel", "02070803629", {"extracted_on": dt.date(2026, 1, 1)}, None, "pesel.check"),
     ("pesel", "", {}, None, "pesel.missing"),
    ("pesel", "44051401458", {"birth_date": dt.date(1944, 5, 15)}, "44051401458", "pesel.birth"),
    ("pesel", "27051401451", {"birth_date": dt.date(1972, 5, 14)}, "27051401451", "pesel.birth-swap"),
    ("pesel", "44501401458", {"birth_date": dt.date(1944, 5, 14)}, "44051401458", "pesel.swap"),
    ("pesel", "44501401458", {"birth_date": dt.date(1950, 1, 1)}, None, "pesel.future"),
    # NIP
    ("nip", "5260250995", {}, "5260250995", "nip.plain"), ("nip", "526-025-09-95", {}, "5260250995", "nip.plain"),
    ("nip", "526-02-50-995", {}, "5260250995", "nip.plain"), ("nip", "PL5260250995", {}, "5260250995", "nip.plain"),
    ("nip", "1234563218", {}, None, "nip.filler"), ("nip", "1234567890", {}, None, "nip.filler"),
    *[("nip", str(d) * 10, {}, None, "nip.filler") for d in range(10)],
    ("nip", "0", {}, None, "nip.zeros"), ("nip", "1000000000", {}, None, "nip.office"),
    ("nip", "5260250994", {}, None, "nip.check"), ("nip", "526025099", {}, None, "nip.length"),
    ("nip", "526O25O995", {}, "5260250995", "nip.alike"), ("pesel", "44O51401458", {}, "44051401458", "pesel.alike"),
    ("regon", "O121OO784", {}, "012100784", "regon.alike"),
    ("nip", "44051401458", {}, None, "nip.pesel"), ("nip", "", {}, None, "nip.missing"),
    # REGON
    *[("regon", r, {}, r, "regon.plain") for r in
      ("012100784", "390021764", "610188201", "350527377", "190541636", "930041341", "271514909", "123456785",
       "12345678512347")],
    ("regon", "01210078400000", {}, "012100784", "regon.head-office"),
    ("regon", "12100784", {}, "012100784", "regon.zero"), ("regon", "000000000", {}, None, "regon.filler"),
    ("regon", "012100785", {}, None, "regon.check"), ("regon", "12345678512348", {}, None, "regon.check"),
    ("regon", "12345", {}, None, "regon.length"), ("regon", "X12100784", {}, None, "regon.letters"),
    ("regon", "", {}, None, "regon.missing"),
    # KRS
    ("krs", "0000012345", {}, "0000012345", "krs.plain"), ("krs", "12345", {}, "0000012345", "krs.zero"),
    ("krs", "KRS: 0000012345", {}, "0000012345", "krs.plain"), ("krs", "RHB 12345", {}, None, "krs.rhb"),
    ("krs", "0000000000", {}, None, "krs.filler"), ("krs", "12345678901", {}, None, "krs.length"),
    ("krs", "", {}, None, "krs.missing"),
    # documents
    ("document", CARD, {}, CARD, "document.card"), ("document", "aba 300000", {}, CARD, "document.card"),
    ("document", "ABA3OOOOO", {}, CARD, "document.letters"), ("document", "ABA300001", {}, "ABA300001",
                                                              "document.check"),
    ("document", "DB 1234567", {}, "DB1234567", "document.booklet"),
    ("document", "AB1234567", {"document_kind": "passport"}, "AB1234567", "document.booklet"),
    ("document", CARD, {"document_kind": "passport"}, CARD, "document.shape"),
    ("document", "12-ab", {"document_kind": "other"}, "12AB", "document.other"),
    ("document", "12-ab", {}, "12AB", "document.other"), ("document", "000000000", {}, None, "document.filler"),
    ("document", "***", {}, None, "document.empty"), ("document", "brak", {}, None, "document.missing"),
    # bank accounts
    ("nrb", NRB, {}, NRB, "nrb.plain"), ("nrb", OTHER_NRB, {}, OTHER_NRB, "nrb.plain"),
    ("nrb", "PL 67 1600 0003 0002 0001 1111 1001", {}, NRB, "nrb.plain"), ("nrb", "0" * 26, {}, None, "nrb.filler"),
    ("nrb", NRB[:-1] + "2", {}, None, "nrb.check"), ("nrb", "16000003-2000-111111-001", {}, None, "nrb.old-form"),
    ("nrb", "DE89370400440532013000", {}, None, "nrb.foreign"), ("nrb", "123", {}, None, "nrb.length"),
    ("nrb", "03106000359841000123456789", {}, "03106000359841000123456789", "nrb.bank"),
    ("nrb", "", {}, None, "nrb.missing"),
    # telephone numbers
    *[("phone", t, {}, WARSAW, "phone.plain") for t in
      ("(0-22) 625 12 34", "022 625 12 34", "0226251234", "+48 (0) 22 625 12 34", "22 625 12 34", "+48 22 625 12 34",
       "0048 22 625 12 34", "48226251234", "048 22 625 12 34", "22/6251234")],
    ("phone", "0 1033 22 625 12 34", {}, WARSAW, "phone.carrier"),
    ("phone", "0 10333 22 625 12 34", {}, WARSAW, "phone.carrier"),
    ("phone", "625 12 34", {}, None, "phone.no-zone"), ("phone", "625 12 34", {"zone": "22"}, WARSAW, "phone.zone"),
    ("phone", "625-12-34 w. 12", {"zone": "22"}, WARSAW, "phone.zone"),
    ("phone", "625-12-34 w. 12", {}, None, "phone.no-zone"),
    ("phone", "22 625 12 34 wew. 15", {}, WARSAW, "phone.extension"),
    ("phone", "22 625 12 34 int 7", {}, WARSAW, "phone.extension"),
    ("phone", "22 625 12 34/35", {}, WARSAW, "phone.range"),
    ("phone", "22 625 12 34 / 25 11 22", {}, WARSAW, "phone.range"),
    ("phone", "O22 625 12 34", {}, WARSAW, "phone.letters"), ("phone", "22 625 l2 34", {}, WARSAW, "phone.letters"),
    *[("phone", t, {}, None, "phone.filler") for t in
      ("22 000 00 00", "22 111 11 11", "22 999 99 99", "123456789", "000000000")],
    ("phone", "22 900 00 00", {}, "+48229000000", "phone.closed-plan"),
    ("phone", "22 100 00 00", {}, "+48221000000", "phone.closed-plan"),
    *[("phone", t, {}, None, "phone.short-code") for t in ("22 19393", "9393", "19393", "112", "997")],
    ("phone", "048 362 12 34", {}, "+48483621234", "phone.plain"),
    ("phone", "48 362 12 34", {}, "+48483621234", "phone.plain"),
    ("phone", "48 48 362 12 34", {}, "+48483621234", "phone.plain"),
    ("phone", "0602 123 456", {}, "+48602123456", "phone.plain"),
    ("phone", "602 123 456", {"zone": "22"}, "+48602123456", "phone.plain"),
    ("phone", "702 12 34 56", {}, None, "phone.no-network"),
    *[("phone", t, {}, f"+48{t.replace(' ', '')}", "phone.plain") for t in ("801 102 102", "642001234", "391234567")],
    ("phone", "12-422-11-22 lub 602123456", {}, "+48124221122", "phone.several"),
    ("phone", "22 625 12 34, 602 123 456", {}, WARSAW, "phone.several"),
    ("phone", "٠٢٢٦٢٥١٢٣٤", {}, None, "phone.script"), ("phone", "331511", {"zone": "55"}, None, "phone.old-length"),
    ("phone", "331511", {"zone": "55", "renumbering": (OldNumbers(6, "33", "55233"),)}, "+48552331511",
     "phone.renumbered"),
    *[("phone", t, {"zone": zone, "renumbering": (OldNumbers(6, "44", "18444"),)}, "+48184441234", "phone.renumbered")
      for t in ("(0-18) 44-12-34", "018/441234", "18 441234", "018 44 12 34") for zone in ("18", "")],
    ("phone", "12 441234", {"renumbering": (OldNumbers(6, "44", "18444"),)}, None, "phone.length"),
    ("phone", "18 441 23 45", {"renumbering": (OldNumbers(7, "44", "1844"),)}, "+48184412345", "phone.plain"),
    ("phone", "018 44123", {"zone": "18", "renumbering": (OldNumbers(5, "44", "184444"),)}, "+48184444123",
     "phone.renumbered"),
    ("phone", "18 44123", {"renumbering": (OldNumbers(5, "44", "184444"),)}, "+48184444123", "phone.renumbered"),
    ("phone", "1844123", {"renumbering": (OldNumbers(5, "44", "184444"),)}, None, "phone.no-zone"),
    *[("phone", t, {"zone": "22"}, None, "phone.old-length") for t in
      ("55 33151", "(55) 33151", "(55)-33151", "0-55 33151", "022 7393")],
    ("phone", "5533151", {"zone": "22"}, "+48225533151", "phone.zone"),
    ("phone", "(022) 9393", {"zone": "22"}, None, "phone.short-code"),
    *[("phone", t, {"zone": "22"}, "+48625123436", "phone.groups") for t in
      ("625-12-34-36", "625 12 34 36", "625-12-34...36", "625-12-34 - 36")],
    ("phone", "602-12-34-56", {"zone": "22"}, "+48602123456", "phone.plain"),
    ("phone", "625123436", {"zone": "22"}, "+48625123436", "phone.plain"),
    *[("phone", t, {"zone": "22"}, WARSAW, "phone.zone") for t in
      ("t. 625-12-34", "T:625-12-34", "d. 625-12-34", "p. 625-12-34", "sł. 625-12-34", "tel.: 625-12-34", "6251234.0",
       "6251234.00", '"625-12-34"', "625-12-34 *", "625‑12‑34")],
    *[("phone", t, {}, WARSAW, "phone.plain") for t in
      ("'22 625 12 34", "=226251234", "22 625 12 34!", "22‑625‑12‑34", "226251234.0", "226251234,00",
       "centrala 22 625 12 34")],
    ("phone", "kom.: 0602 123 456", {}, "+48602123456", "phone.plain"),
    ("phone", "+44 (0) 20 7946 0958", {}, "+442079460958", "phone.foreign"),
    *[("phone", t, {}, "+48124221122", "phone.several") for t in
      ("12-422-11-22 i 12-422-11-23", "12-422-11-22 + 602-123-456", "12-422-11-22\\602123456",
       "12-422-11-22 fax 12-422-11-23", "12-422-11-22 kom. 602123456")],
    ("phone", "12-422-11-22 (fax)", {}, "+48124221122", "phone.plain"),
    *[("phone", t, {}, None, "phone.missing") for t in
      ("brak tel.", "Brak telefonu", "nie ma telefonu", "nie podano", "n/a", "b.d.", "/")],
    *[("phone", t, {"zone": "22"}, None, "phone.words") for t in
      ("zastrzeżony", "625-12-34 po 18", "625-12-34 (żona)", "2.26251E+08", "625-12-3?")],
    *[("phone", t, {"zone": "22"}, None, "phone.length") for t in
      ("625-12-34 625-12-35", "1033 22 625 12 34", "625-12-34 - 5", "8-22-625-12-34")],
    ("phone", "(0-18) 44-12-34", {}, None, "phone.old-length"),
    ("phone", "numer 0-12 634 67 89", {}, "+48126346789", "phone.plain"),
    ("phone", "22-625-12-34 (praca)", {}, WARSAW, "phone.plain"),
    ("phone", "22-625-12-34 służbowy", {}, WARSAW, "phone.plain"),
    ("phone", "nie dzwonić", {}, None, "phone.words"), ("phone", "12345678", {}, None, "phone.length"),
    ("phone", "+49 30 1234567", {}, "+49301234567", "phone.foreign"),
    ("phone", "+49 30", {}, None, "phone.foreign-form"), ("phone", "brak", {}, None, "phone.missing"),
    # names in one field
    ("name", "KOWALSKI JAN", {}, "Jan Kowalski", "name.plain"), ("name", "Jan Kowalski", {}, "Jan Kowalski",
                                                                 "name.plain"),
    ("name", "KOWALSKI, JAN MARIA", {}, "Jan Maria Kowalski", "name.comma"),
    ("name", "KOWALSKA - NOWAK ANNA", {}, "Anna Kowalska-Nowak", "name.plain"),
    ("name", "KOWALSKI J.", {}, "J. Kowalski", "name.plain"),
    ("name", "dr inż. KOWALSKI JAN", {}, "Jan Kowalski", "name.notes"),
    ("name", "KOWALSKI JAN (zmarł)", {}, "Jan Kowalski", "name.notes"),
    ("name", "KOWALSKI JAN ZM.", {}, "Jan Kowalski", "name.notes"),
    ("name", "SPADK. KOWALSKI JAN", {}, "Jan Kowalski", "name.notes"),
    ("name", "NIEAKT KOWALSKI JAN *", {}, "Jan Kowalski", "name.notes"),
    ("name", "KOWALSKI JAN c/o Nowak", {}, "Jan Kowalski", "name.notes"),
    ("name", "KOWALSKA ANNA z d. NOWAK", {}, "Anna Kowalska", "name.notes"),
    ("name", "Jan Stanisław", {}, "Stanisław Jan", "name.two-given"),
    ("name", "Jan Stanisław", {"given_first": True}, "Jan Stanisław", "name.two-given"),
    ("name", "Xyzabc Qwertski", {}, "Xyzabc Qwertski", "name.ending"),
    ("name", "Xyzabc QWERTY", {}, "Xyzabc Qwerty", "name.capitals"),
    ("name", "XYZABC QWERTY", {}, "Qwerty Xyzabc", "name.unknown"),
    ("name", "Urszula Jurek", {}, "Urszula Jurek", "name.pet-name"),
    ("name", "WIŚNIEWSKI LESZEK ŻĘDZIMIR", {}, "Leszek Żędzimir Wiśniewski", "name.around"),
    ("name", "KOWALSKI", {}, "Kowalski", "name.half"), ("name", "JAN I ANNA KOWALSCY", {}, "Jan Kowalscy",
                                                        "name.couple"),
    ("name", "Wiœniewski Jan", {}, "Jan Wiśniewski", "name.mojibake"),
    ("name", "WI?NIEWSKI JAN", {}, "Jan Wi?Niewski", "name.signs"),
    *[("name", t, {}, None, "name.filler") for t in ("BRAK", "NN", "N.N.", "n. n.", "Brak danych", "XXX")],
    ("name", "BRAK JAN", {}, "Jan Brak", "name.plain"), ("name", "N. NOWAK", {}, "N. Nowak", "name.plain"),
    ("name", "***", {}, None, "name.notes-only"), ("name", "", {}, None, "name.missing"),
    ("name", "ALFA SP. Z O.O.", {}, "ALFA SP. Z O.O.", "name.company"),
    ("name", "P.H.U. JAN KOWALSKI", {}, "Jan Kowalski", "name.trader"),
    *[("name", f"{t} Anna Lis", {}, "Anna Lis", "name.notes") for t in
      ("dr n. med.", "dr n. hum.", "dr n. tech.", "dr n.med.", "DR N MED", "dr hab. inż.", "mgr inż.", "mec.",
       "prof. dr hab. n. med.", "lek. med. spec.")],
    *[("name", f"{t} Jan Nowak", {}, "Jan Nowak", "name.notes") for t in
      ("ks. kan.", "ks. prob.", "ks. prał.", "gen. bryg.", "gen. dyw.", "st. asp.", "ppłk dypl.")],
    ("name", "Anna Lis dr n. med.", {}, "Anna Lis", "name.notes"),
    ("name", "Jan Kowalski.", {}, "Jan Kowalski", "name.plain"),
    ("name", "Xyzw. Jan Nowak", {}, "Jan Nowak", "name.notes"),
    ("name", "PAN KOWALSKI.", {}, "Kowalski", "name.half"), ("name", "ANNA I JAN KOW.", {}, "Anna Kow", "name.couple"),
    ("name", "P.H.U. JAN KOWALSKI NOWAK", {}, "Jan Kowalski Nowak", "name.trader"),
    ("name", "KOWALSKI,JAN ML.", {}, "Jan Kowalski", "name.notes"), ("name", "NOWAK,ML", {}, "Nowak", "name.half"),
    ("name", "KOWALSKI STAN.", {}, "Stan. Kowalski", "name.plain"),
    ("name", "dr J. KOWALSKI", {}, "J. Kowalski", "name.notes"),
    ("name", "Kowalska z d. Nowak Anna", {}, "Anna Kowalska", "name.notes"),
    ("name", "Anna z domu Nowak Kowalska", {}, "Anna Kowalska", "name.notes"),
    ("name", "Sp. z o.o. ALFA", {}, "Sp. z o.o. ALFA", "name.company"),
    ("name", "ALFA s.c. Jan Nowak, Piotr Lis", {}, "ALFA s.c. Jan Nowak, Piotr Lis", "name.company"),
    ("name", "F.H.U. MAREX Nowak Marek", {}, "Marek Nowak", "name.trader"),
    ("name", "F.H.U. MAREX Marek Nowak", {}, "Marek Nowak", "name.trader"),
    ("name", "FHU KOWALSKA NOWAK ANNA", {}, "Anna Kowalska Nowak", "name.trader"),
    *[("name", f"{t} Anna Kowalska", {}, "Anna Kowalska", "name.notes") for t in
      ("dr n. o zdr.", "dr hab. n. o zdr.", "DR N. O ZDR.", "dr n. o Ziemi", "Ś.P.", "ś. p.", "św. p.", "Sz. P.",
       "Sz.P.", "W.P.", "S.P.", "płk w st. spocz.", "gen. dyw. w stanie spoczynku", "siostra")],
    *[("name", f"KOWALSKI JAN {t}", {}, "Jan Kowalski", "name.notes") for t in
      ("TEL. 6251234", "UL. DŁUGA 5", "PESEL 44051401458", "NIP 5260250995", "primo voto NOWAK")],
    ("name", "r.pr. Jan Lis", {}, "Jan Lis", "name.notes"),
    ("name", "KOWALSKI JAN i in.", {}, "Jan Kowalski", "name.couple"),
    ("name", "JAN I MARIA KOWALSCY, DŁUGA 5", {}, "Jan Kowalscy", "name.around"),
    ("name", "KOWALSKI JAN - ALFA", {}, "Jan Alfa Kowalski", "name.around"),
    ("name", "Jan Kowalski - Nowak", {}, "Jan Kowalski-Nowak", "name.plain"),
    ("name", "Marek - Nowak Ewa", {}, "Ewa Marek-Nowak", "name.plain"),
    ("name", "Lis Anna - Maria", {}, "Anna-Maria Lis", "name.plain"),
    ("name", '"KOWALSKI JAN"', {}, "Jan Kowalski", "name.plain"), ("name", 'KOWALSKI JAN"', {}, "Jan Kowalski",
                                                                    "name.plain"),
    ("name", "St. Nowak", {}, "Nowak", "name.half"), ("name", "Stefan, Jan", {}, "Jan Stefan", "name.comma"),
    *[("name", t, {}, t, "name.company") for t in
      ("MAX S-KA Z O.O.", "Max Sp. zo.o.", "MAX S.A. ODDZ. TORUŃ", "Poczta Polska", "KPP Krępa", "ZUS", '"ALFA"',
       "Firma \"ANNA\" Lis")],
    ("name", "S.P. KOWALSKI", {}, "S.P. Kowalski", "name.plain"), ("name", "W.P. NOWAK", {}, "W.P. Nowak",
                                                                   "name.plain"),
    ("name", "o. Jan Lis OFM", {}, "Jan Lis", "name.notes"),
    *[("name", f"KOWALSKI JAN {t}", {}, "Jan Kowalski", "name.notes") for t in
      ("- ZMARŁ", "II", "syn Józefa", "u NOWAKÓW", "pełn. Nowak Ewa", "lokator", ", zam. Długa 5", "zm. 12.03.1999")],
    *[("name", f"KOWALSKA ANNA {t} NOWAK", {}, "Anna Kowalska", "name.notes") for t in ("dawniej", "zd.", "z domu")],
    ("name", "KOWALSKA zd. NOWAK ANNA", {}, "Anna Kowalska", "name.notes"),
    *[("name", t, {}, "Jan Kowalski", "name.couple") for t in
      ("KOWALSKI JAN i KOWALSKA ANNA", "KOWALSKI JAN/NOWAK ANNA", "Kowalski Jan / Nowak Anna", "KOWALSKI JAN, ANNA",
       "KOWALSKI JAN, NOWAK ANNA", "KOWALSKI JAN oraz NOWAK ANNA")],
    ("name", "KOWALSKI J. I A.", {}, "J. Kowalski", "name.couple"), ("name", "A. i J. Kowalscy", {}, "A. Kowalscy",
                                                                     "name.couple"),
    ("name", "KOWALSKI / NOWAK JAN", {}, "Jan Kowalski Nowak", "name.notes"),
    *[("name", t, {}, "Kowalski", "name.half") for t in
      ("KOWALSKI BRAK", "KOWALSKI XX", "NN KOWALSKI", "Kowalski N.N.", "KOWALSKI bd")],
    ("name", "JAN BD", {}, "Jan", "name.half"), ("name", "JAN BRAK", {}, "Jan Brak", "name.plain"),
    ("name", "KOWALSKI JAN XX", {}, "Jan Kowalski", "name.notes"),
    ("name", "JAN I NN KOWALSCY", {}, "Jan Kowalscy", "name.notes"),
    *[("name", t, {}, None, "name.filler") for t in
      ("N/N", "b/d", "BD", "nieustalony", "do ustalenia", "TEST", "TEST TEST", "ABONENT", "nieznany abonent")],
    ("name", "Wojc. Nowak", {}, "Wojc. Nowak", "name.plain"), ("name", "NOWAK WOJC.", {}, "Wojc. Nowak", "name.plain"),
    *[("name", t, {}, t, "name.company") for t in
      ("S.C. ALFA", "s.c. ALFA", "SC ALFA", "S.C. KOWALSKI JAN", "S.C. ALFA Jan Nowak, Ewa Lis",
       "ALFA s.c. J. Nowak, E. Lis", "ALFA SP Z 0.0.", "ALFA Sp. z 00", "KOWALSKI & SYN", "Nowak i Synowie",
       "Kowalski i Wspólnicy", "Urz. Gminy Krępa", "SP nr 5", "KGW Krępa", "PKO BP", "Wspólnota Mieszk. Długa 5")],
    ("name", "S.C. KOWALSKI", {}, "S.C. Kowalski", "name.plain"), ("name", "JAN S.C. NOWAK", {}, "Jan S.C. Nowak",
                                                                   "name.plain"),
    ("name", "JAN S. C. NOWAK", {}, "Jan S. C. Nowak", "name.plain"),
    *[("name", t, {}, "Jan Lis", "name.trader") for t in
      ("Gab. lek. dr Jan Lis", "Gab. Stom. Jan Lis", "Auto-Serwis Jan Lis", "Mech. Poj. Jan Lis", "TAXI JAN LIS",
       "F-ma Jan Lis")],
    ("name", "P.H.U. J. NOWAK", {}, "J Nowak", "name.trader"), ("name", "PHU M MARKET", {}, "PHU M MARKET",
                                                                    "name.company"),
    ("name", "MOHAMED JAN AL HASSAN", {}, "Jan Al Hassan Mohamed", "name.around"),
    ("name", "Wójt Gminy Krępa", {}, "Wójt Gminy Krępa", "name.company"), ("name", "WÓJT JAN", {}, "Jan Wójt",
                                                                           "name.plain"),
    # house numbers
    *[("house", t, {}, v, r) for t, v, r in (
        ("12", "12", "house.plain"), ("12A", "12A", "house.plain"), ("12 A", "12A", "house.plain"),
        ("12/4", "12/4", "house.slash"), ("12/14", "12/14", "house.corner"), ("12/204", "12/204", "house.flat"),
        ("12 m. 4", "12/4", "house.flat"), ("12 m 4", "12/4", "house.flat"), ("12m4", "12/4", "house.flat"),
        ("12 mieszk. 4", "12/4", "house.flat"), ("12 lok. 4", "12/4", "house.flat"),
        ("12 l. 4", "12/4", "house.flat"), ("12/14 m. 3", "12/14/3", "house.flat"),
        ("12-14/4", "12-14/4", "house.flat"), ("12-14 m 4", "12-14/4", "house.flat"),
        ("12-14", "12-14", "house.range"), ("blok 3", "3", "house.block"),
        ("bl. 3 kl. II m. 4", "3/4", "house.flat"), ("dz. 123/4", None, "house.plot"),
        ("dz. nr 7", None, "house.plot"), ("skr. poczt. 15", None, "house.box"), ("skrytka 15", None, "house.box"),
        ("12 m. 4A", "12/4A", "house.flat"), ("12 m. 4 i 5", "12/4,5", "house.flat"),
        ("za kościołem", None, "house.unparsed"), ("12/0A", "12/A", "house.slash"), ("-", None, "house.missing"))],
    # streets and places
    ("street", "Mickiewicza Adama", {}, "Mickiewicza", "street.plain"), ("street", "", {}, None, "street.missing"),
    ("city", "KRAKÓW", {}, "Kraków", "place.plain"), ("city", "Krakow", {}, "Kraków", "place.list"),
    ("city", "Warszawa 12", {}, "Warszawa", "place.office"), ("city", "Krępa k. Ostrowa", {}, "Krępa", "place.near"),
    ("city", "Krępa, p-ta Ostrów Wlkp.", {}, "Krępa", "place.near"),
    ("city", "Nowa  Wieś - Kolonia", {}, "Nowa Wieś-Kolonia", "place.spelling"),
    ("city", "", {}, None, "place.missing"),
    ("postal_code", "00-950", {}, "00-950", "postal.plain"), ("postal_code", "00950", {}, "00-950", "postal.hyphen"),
    ("postal_code", "00 950", {}, "00-950", "postal.hyphen"),
    ("postal_code", "00–950", {}, "00-950", "postal.hyphen"),
    ("postal_code", "O0-950", {}, "00-950", "postal.letters"), ("postal_code", "1-234", {}, "01-234", "postal.zero"),
    ("postal_code", "00-000", {}, None, "postal.filler"), ("postal_code", "ABC", {}, None, "postal.form"),
    ("postal_code", "", {}, None, "postal.missing"),
    ("voivodeship", "woj. krakowskie", {}, "krakowskie", "voivodeship.before"),
    ("voivodeship", "bielskie", {"city": "Bielsko-Biała"}, "śląskie", "voivodeship.city"),
    ("voivodeship", "35", {}, "krakowskie", "voivodeship.before"),
    ("voivodeship", "12", {}, "małopolskie", "voivodeship.since"),
    ("voivodeship", "lubelskie", {}, None, "voivodeship.both"),
    ("voivodeship", "galicyjskie", {}, None, "voivodeship.unknown"),
    ("voivodeship", "", {}, None, "voivodeship.missing"),
    ("address", "ul. 3 Maja 5 m. 47, 30-062 Kraków", {}, "ul. 3 Maja 5/47, 30-062 Kraków", "address.plain"),
    ("address", "11 Listopada 5", {"city": "Kraków"}, "11 Listopada 5, Kraków", "address.plain"),
    ("address", "Krępa 15", {"city": "Krępa"}, "15, Krępa", "address.plain"),
    ("address", "Długa 5", {"city": "LODZ"}, "Długa 5, Łódź", "address.place"),
    ("address", "Krępa 17, p-ta Ostrów", {}, "17, Krępa", "address.place"),
    ("address", "Krępa, dz. 123/4", {}, "Krępa", "house.plot"),
    ("address", "Krępa dz. 123/4", {}, "Krępa", "house.plot"),
    ("address", "Rynek 5, Kraków", {}, "Rynek 5, Kraków", "address.plain"),
    ("address", "Rynek Główny 5, Kraków", {}, "rynek Główny 5, Kraków", "address.plain"),
    *[("address", t, {"city": "Kraków"}, "Długa 5, Kraków", "address.plain") for t in
      ("Długa5", "DŁUGA5", "Długa nr 5", "Długa nr domu 5", "długa, 5")],
    *[("address", t, {"city": "Kraków"}, "ul. Długa 5/3, Kraków", "address.plain") for t in
      ("ul. Długa 5, m.3", "UL. DŁUGA 5, M.3", "ul.Długa5m3", "ul Długa nr domu 5 nr mieszk. 3",
       "ul. Długa 5 lokal użytkowy 3", "ul. Długa nr 5 m. nr 3", "ul. Długa 5, lok. 3")],
    ("address", 'Długa 5 "A"', {"city": "Kraków"}, "Długa 5A, Kraków", "address.plain"),
    ("address", "Długa 5 lok. U3", {"city": "Kraków"}, "Długa 5/U3, Kraków", "address.plain"),
    *[("address", f"ul. Długa 5{t}", {"city": "Kraków"}, None, "address.number") for t in
      (",7", " i 7", " 7", " paw. 3", " p. 3", " pok. 3", " garaż 3", " of. m. 3", " m. 3/4", " I p.", " II piętro",
       " parter", " sklep", " A 3", " (narożnik)", " bl. 2 m. 3")],
    *[("address", f"ul. Długa {t}", {"city": "Kraków"}, None, "address.no-number") for t in ("b/n", "bn", "b.n.", "")],
    *[("address", f"{t} 5", {"city": "Kraków"}, f"{t} 5, Kraków", "address.plain") for t in
      ("Dywizjonu 303", "ul. 27 Wołyńskiej Dywizji AK", "ul. 15 Pułku Ułanów", "Jana Pawła 2", "ul. Roku 1920",
       "os. 1000-lecia", "al. NMP", "rondo ONZ", "ul. 2 Armii WP", "1905 Roku",
       "ul. 6 Sierpnia", "1ego Maja", "os. II", "Żołnierzy AK", "Jana III Sobieskiego")],
    ("address", "Długa 5A-3", {"city": "Kraków"}, "Długa 5A-3, Kraków", "house.corner"),
    ("address", "Długa 5-7", {"city": "Kraków"}, "Długa 5-7, Kraków", "house.range"),
    *[("address", t, {}, "ul. Długa 5, 30-062 Kraków", "address.plain") for t in
      ("30-062 Kraków ul. Długa 5", "Kraków 30-062, ul. Długa 5", "ul. Długa 5, 30062 Kraków",
       "30062 KRAKÓW UL. DŁUGA 5",
       "ul. Długa 5, 30 062 Kraków", "30 062 Kraków, ul. Długa 5", "ul. Długa 5 30062 Kraków")],
    *[("address", t, {}, "ul. Długa 5, Krępa", "address.plain") for t in ("Krępa ul. Długa 5", "KRĘPA UL.DŁUGA 5")],
    ("address", "os. Leśne ul. Długa 5", {}, "os. Leśne Ul. Długa 5", "address.no-place"),
    ("address", "00-950 Warszawa Długa 5", {}, "Warszawa Długa 5, 00-950", "address.no-place"),
    ("address", "63-400 Krępa Mała 5", {}, "5, 63-400 Krępa Mała", "address.plain"),
    ("address", "33-300 Nowy Sącz 5", {}, "5, 33-300 Nowy Sącz", "address.plain"),
    ("address", "PO BOX 15", {"city": "Kraków"}, "Kraków", "address.plain"),
    ("street", "Sobieskiego Jana III", {}, "Sobieskiego", "street.plain"),
    ("street", "Rotm. Pileckiego", {}, "Pileckiego", "street.plain"),
    ("street", "Woj. Polskiego", {}, "Woj. Polskiego", "street.plain"),
    ("street", "woj. Nowaka", {}, "Nowaka", "street.plain"), ("street", "Pck", {}, "Pck", "street.plain"),
    ("street", "PCK", {}, "PCK", "street.plain"),
    ("city", "p-ta Ostrów", {}, None, "place.missing"),
    ("street", "ul. Wł. Sikorskiego", {}, "Sikorskiego", "street.plain"),
    ("address", "Długa 5", {}, "Długa 5", "address.no-place"),
    ("address", "ul. Długa, Kraków", {}, None, "address.no-number"),
    ("address", "", {}, None, "address.missing"),
    # e-mail
    ("email", "Jan.Nowak@WP.PL", {}, "jan.nowak@wp.pl", "email.plain"),
    ("email", "jan(at)wp.pl", {}, "jan@wp.pl", "email.tidied"), ("email", "jan@wp", {}, None, "email.form"),
    ("email", "brak@brak.pl", {}, None, "email.filler"), ("email", "brak", {}, None, "email.missing"),
    # dates
    ("date", "30.09.2003", {}, "2003-09-30", "date.plain"), ("date", "00366", {}, "2000-12-31", "date.pivot"),
    ("date", "37894", {}, "2003-09-30", "date.plain"), ("date", "36526", {"form": "excel"}, "2000-01-01",
                                                        "date.plain"),
    ("date", "310101", {"form": "YYMMDD", "pivot": 31}, "1931-01-01", "date.pivot"),
    ("date", "120369", {"form": "DDMMYY", "pivot": 30}, "1969-03-12", "date.pivot"),
    ("date", "120369", {"pivot": 30}, "1969-03-12", "date.pivot"), ("date", "120369", {}, None, "date.form"),
    ("date", "311299", {}, "1999-12-31", "date.pivot"), ("date", "030499", {}, "1999-04-03", "date.pivot"),
    ("date", "030405", {}, None, "date.form"), ("date", "324599", {}, None, "date.calendar"),
    *[("date", t, {}, None, "date.sentinel") for t in ("000000", "999999")],
    ("date", "03/04/03", {}, None, "date.form"), ("date", "30.02.2003", {}, None, "date.calendar"),
    *[("date", t, {}, None, "date.sentinel") for t in ("00000000", "99999999", "99991231")],
    ("date", "19000101", {}, None, "date.start"), ("date", "31.12.1899", {}, None, "date.start"),
    ("date", "01.01.1980", {}, None, "date.bios"), ("date", " ", {}, None, "date.missing"),
    # money
    ("amount", "1 234,56", {}, "1234.56", "amount.plain"), ("amount", "12,50-", {}, "-12.50", "amount.sign"),
    ("amount", "1'234,50", {}, "1234.50", "amount.plain"), ("amount", "1’234.50", {}, "1234.50", "amount.plain"),
    ("amount", "12,50CR", {}, "-12.50", "amount.sign"), ("amount", "12,50 db", {}, "12.50", "amount.sign"),
    ("amount", "1'23,50", {}, None, "amount.form"), ("amount", "CR", {}, None, "amount.form"),
    ("amount", "1.234", {}, "1234.00", "amount.grouped"), ("amount", "-1,234", {}, "-1234.00", "amount.grouped"),
    ("amount", "1.234", {"decimal": ","}, "1234.00", "amount.plain"),
    ("amount", "1.234", {"decimal": "."}, None, "amount.form"), ("amount", "0.123", {}, None, "amount.form"),
    ("amount", "1.234.567", {}, "1234567.00", "amount.plain"),
    ("amount", "123.450", {"currency": "PLZ"}, "12.35", "amount.old-zloty"),
    ("amount", "(12,50)", {}, "-12.50", "amount.sign"), ("amount", "-12.50", {}, "-12.50", "amount.plain"),
    ("amount", "12345", {"scale": 2}, "123.45", "amount.implied"),
    *[("amount", t, {"currency": "PLZ"}, v, "amount.old-zloty") for t, v in
      (("123450", "12.35"), ("50", "0.01"), ("49", "0.00"), ("449", "0.04"))],
    ("amount", "123450 PLZ", {}, "12.35", "amount.old-zloty"), ("amount", "*****", {}, None, "amount.overflow"),
    ("amount", "abc", {}, None, "amount.form"), ("amount", "12,345.67,8", {}, None, "amount.form"),
    ("amount", "", {}, None, "amount.missing"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "beside", "value", "rule"), VECTORS)
def test_vectors(kind, text, beside, value, rule):
    told = explain(kind, text, Setting(**{"extracted_on": DAY} | beside))
    assert (told["rule"], told["value"], told["status"]) == (rule, value, RULES[rule].status)
    assert told["raw"] == text and told["kind"] == kind


def test_every_kind_has_vectors():
    assert {kind for kind, *_ in VECTORS} == set(KINDS)


PARTS = [
    ("pesel", "44051401458", {"birth_date": "1944-05-14", "sex": "M"}),
    ("pesel", "02070803628", {"birth_date": "1902-07-08", "sex": "F"}),
    ("regon", "930041341", {"registered_in": "wrocławskie"}),
    ("regon", "190541636", {"registered_in": "gdańskie"}), ("regon", "271514909", {"registered_in": "katowickie"}),
    ("nrb", NRB, {"bank": "16000003", "account": "0002000111111001"}),
    ("phone", "0 1033 22 625 12 34", {"carrier": "1033", "zone": "22", "zone_city": "Warszawa"}),
    ("phone", "12-422-11-22 lub 602123456", {"numbers": ["+48124221122", "+48602123456"]}),
    ("phone", "12-422-11-22 fax 422-11-23", {"numbers": None}),
    ("house", "bl. 3 kl. II m. 4", {"building": "3", "stair": "II", "flat": "4", "number": "block"}),
    ("house", "dz. 123/4", {"number": "plot", "lot": "123/4"}), ("house", "skrytka 15", {"number": "box", "lot": "15"}),
    ("voivodeship", "woj. krakowskie", {"before_1999": "krakowskie"}),
    ("voivodeship", "małopolskie", {"since_1999": "małopolskie"}),
    ("city", "Krępa, p-ta Ostrów Wlkp.", {"post_town": "Ostrów Wielkopolski", "key": "krepa"}),
    ("amount", "449 PLZ", {"original": "449.00", "rounding": "-0.0049"}),
    ("date", "03/04/03", {"readings": {"DD-MM-YY": "2003-04-03", "DD.MM.YY": "2003-04-03", "MM/DD/YY": "2003-03-04"}}),
    ("name", "Kowalska Małgosia", {"sex": "F", "diminutive_of": "Małgorzata", "last_name_key": "kowalski"}),
    ("name", "P.H.U. JAN KOWALSKI", {"legal_form": "P.H.U.", "kind": "person", "company_name": "P.H.U. JAN KOWALSKI"}),
    *[("street", t, {"key": key}) for t, key in
      (("Boh. Westerplatte", "bohaterow westerplatte"), ("Bohaterów Westerplatte", "bohaterow westerplatte"),
       ("Obr. Helu", "obroncow helu"), ("WP", "wojska polskiego"), ("Woj. Polskiego", "wojska polskiego"),
       ("AK", "armii krajowej"), ("al. N.M.P.", "najswietszej maryi panny"), ("Jana III Sobieskiego", "sobieskiego"),
       ("Jana Pawła II", "jana pawla 2"), ("Kazimierza Wielkiego", "kazimierza wielkiego"))],
    ("address", "Krępa 17, p-ta Ostrów", {"post_town": "Ostrów", "building": "17"}),
    ("address", "PO BOX 15", {"lot": "15", "number": "box"}),
    ("address", "Krępa, dz. 123/4", {"lot": "123/4", "locality_key": "krepa"}),
    ("date", "120369", {"readings": {"DDMMYY": "2069-03-12", "DDMMYY, pivot 0": "1969-03-12"}}),
    ("name", "dr n. o zdr. Anna Lis", {"note": "dr; n. o zdr."}),
    ("name", "Wojc. Nowak", {"first_name": "Wojc.", "first_name_key": "wojciech", "sex": "M"}),
    ("name", "STAN. NOWAK", {"first_name_key": "stan", "sex": None}), ("name", "J. NOWAK", {"first_name_key": "j"}),
    ("name", "S.C. ALFA", {"legal_form": "s.c.", "company_key": "alfa"}),
    ("name", "ALFA Sp. z 0.0.", {"legal_form": "sp. z o.o.", "company_key": "alfa"}),
    ("name", "KOWALSKI JAN i NOWAK ANNA", {"note": "i Nowak Anna"}),
    ("name", "Wiœniewski Jan", {"note": "cp1252>cp1250"}), ("document", "DB 1234567", {}),
    ("document", CARD, {"document_kind": "id_card"}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "parts"), PARTS)
def test_parts(kind, text, parts):
    told = explain(kind, text, Setting(DAY))["parts"]
    assert {name: told.get(name) for name in parts} == parts


def test_slashes_are_less_sure_than_words():
    sure = {t: explain("house", t, Setting(DAY))["confidence"] for t in ("12/4", "12/14", "12 m. 4", "12/14/3", "12")}
    assert sure == {"12/4": "low", "12/14": "low", "12 m. 4": "high", "12/14/3": "high", "12": "high"}


FIELDS = [
    (("", "JAN", "KOWALSKI"), "name.fields"), (("", "KOWALSKI", "JAN"), "name.exchanged"),
    (("", "JAN KOWALSKI", "KOWALSKI"), "name.repeated"), (("", "", "ALFA S.A."), "name.misplaced"),
    (("KOWALSKI JAN", "", "", "ALFA S.A."), "name.both"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "rule"), FIELDS)
def test_names_in_several_fields(fields, rule):
    found = read_name(*fields)
    assert (found.rule, found.status) == (rule, RULES[rule].status)


# rules that compare a value with others of its row: entity, row, note
ROWS = [
    ("subscriber", {"pesel": "44051401458", "sex": "F"}, "pesel=pesel.sex"),
    ("subscriber", {"pesel": "44051401458", "name": "KOWALSKA ANNA"}, "pesel=pesel.name-sex"),
    ("subscriber", {"pesel": "44501401458", "birth_date": "1944-05-14"}, "pesel=pesel.swap"),
    ("subscriber", {"pesel": "27051401451", "birth_date": "1972-05-14"}, "pesel=pesel.birth-swap"),
    ("subscriber", {"document": "ABA300001", "phone": "6251234", "name": "Jan Stanisław"},
     "name=name.two-given document=document.check phone=phone.zone"),
    ("subscriber", {"name": "KOWALSKI JAN", "pesel": "44051401458", "phone": "226251234"}, None),
    ("subscriber", {"krs": "12345", "regon": "12100784"}, "regon=regon.zero krs=krs.zero"),
    ("line", {"number": "126251234"}, "number=phone.other-zone"), ("line", {"number": "6251234"}, None),
    ("address", {"street": "Długa", "house": "5/40", "city": "Kraków", "postal_code": "00-950"},
     "address=house.slash postal_code=postal.city"),
    ("address", {"street": "1 High Street", "city": "York", "postal_code": "YO1", "country": "GB"}, None),
    ("address", {"street": "1 High Street", "country": "GB"}, "address=address.foreign-part"),
    ("address", {"street": "Długa", "house": "za kościołem", "city": "Łódź"}, "address=address.number"),
    ("address", {"street": "Długa", "house": "5", "city": "Radom", "voivodeship": "radomskie"},
     "voivodeship=voivodeship.city"),
    ("address", {"house": "5/7", "flat_no": "", "city": "Krępa", "street": "Krępa"}, "address=house.corner"),
    ("address", {"house": "5 m. 3", "flat_no": "4", "city": "Krępa"}, "address=house.twice"),
    ("account", {"nrb": "PL67160000030002000111111001"}, None), ("account", {"nrb": "123"}, "nrb=nrb.length"),
]  # fmt: skip


@pytest.mark.parametrize(("entity", "row", "rules"), ROWS)
def test_rules_of_a_row(make_spec, entity, row, rules):
    assert _normalised(make_spec, entity, row)["rules"] == rules


def test_a_swapped_pesel_is_put_right_with_all_that_follows_from_it(make_spec):
    row = _normalised(make_spec, "subscriber", {"pesel": "44501401458", "birth_date": "1944-05-14"})
    assert (row["pesel"], row["pesel_raw"], row["pesel_status"], row["sex"]) == (
        "44051401458", "44501401458", "repaired", "M",
    )  # fmt: skip


def test_an_account_keeps_an_nrb_that_does_not_check(make_spec):
    assert _normalised(make_spec, "account", {"nrb": "16000003-2000"})["nrb"] == "16000003-2000"
    assert _normalised(make_spec, "account", {"nrb": f"PL {NRB}"})["nrb"] == NRB


def _normalised(make_spec, entity, row):
    return _split(make_spec, entity, row).kept.to_pylist()[0]


def _split(make_spec, entity, row):
    fields = {name: {"column": name, "format": "YYYY-MM-DD"} if name == "birth_date" else name for name in row}
    key = {"line": "line_key", "account": "account_key"}.get(entity, f"{entity}_key")
    account = {"account_no": "1", "subscriber_key": "1", "currency": "PLN", "closing_balance": "0"}
    needed = {"subscriber": {}, "line": {"account_key": "1"}, "account": account,
              "address": {"subscriber_key": "1", "role": "payer"}}  # fmt: skip
    fields |= {name: {"value": value} for name, value in {key: "1", **needed[entity]}.items()}
    spec = make_spec({"name": entity, "from": "T", "fields": fields})
    raw = raw_batch({name: pa.array([value or None], pa.string()) for name, value in row.items()})
    return normalise(spec, entity, conform(spec, spec.entities[0], raw, Lookups.of(spec)).kept)


# rules that no note names, because they leave a value as it is, or that belong to parts of an address
SILENT = {"phone.own-zone", "postal.foreign", "address.foreign"}


def test_every_rule_is_reached():
    reached = {rule for *_, rule in VECTORS} | {rule for _, rule in FIELDS} | SILENT
    reached |= {note.partition("=")[2] for *_, notes in ROWS for note in (notes or "").split()}
    assert set(RULES) - reached - {"pesel.zero-or-nip"} == set()


def test_ten_digits_that_are_valid_as_both_are_doubted():
    told = explain("pesel", _both_pesel_and_nip(), Setting(DAY))
    assert (told["rule"], told["status"]) == ("pesel.zero-or-nip", "suspect") and told["value"].startswith("0")


def _both_pesel_and_nip():
    for serial in range(10_000):
        for day in range(1, 29):
            head = f"0512{day:02}{serial:04}"
            pesel = head + str(-sum(int(d) * w for d, w in zip(head, (1, 3, 7, 9) * 3, strict=False)) % 10)
            nip = pesel[1:]
            if sum(int(d) * w for d, w in zip(nip, (6, 5, 7, 2, 3, 4, 5, 6, 7), strict=False)) % 11 == int(nip[9]):
                return nip
    raise AssertionError("there is none")


def test_rules_are_consistent():
    for name, rule in RULES.items():
        assert rule.status in STATUSES and rule.text and rule.confidence in ("high", "low", "none"), name
        assert rule.reason is None or rule.reason in REASONS, name
        assert rule.status in ("ok", "missing") or noted(name), name  # whatever is wrong is named beside the value
        assert rule.status not in ("ok", "missing") or rule.reason is None, name


# zeros and nines are how systems write that there is no date; lubelskie is right, if not enough
NEVER_TOLD = {"date.sentinel", "voivodeship.both"}
PROVING = ("pesel", "nip", "regon", "krs", "document", "nrb")


def test_what_is_told_follows_from_the_status():
    for name, rule in RULES.items():
        if rule.status in ("unparsed", "filler", "suspect"):
            assert bool(rule.reason) == (name not in NEVER_TOLD), name
        if rule.status == "repaired":  # elsewhere a repair is noted beside the value alone
            assert bool(rule.reason) == (name.partition(".")[0] in PROVING), name


TOLD = [
    ("subscriber", {"name": "KOWALSKI"}, {"NAME-DOUBT"}), ("subscriber", {"last_name": "KOWALSKI"}, {"NAME-DOUBT"}),
    ("subscriber", {"name": "JAN I ANNA KOWALSCY"}, {"NAME-DOUBT"}), ("subscriber", {"name": "***"}, {"NAME-UNPARSED"}),
    ("subscriber", {"name": "BRAK"}, {"NAME-UNPARSED"}), ("subscriber", {"name": "dr KOWALSKI JAN"}, set()),
    ("subscriber", {"phone": "22-625-12-34 lub 602123456"}, {"TEL-DOUBT"}),
    ("subscriber", {"phone": "6251234"}, set()), ("subscriber", {"phone": "33151"}, {"TEL-SHORT"}),
    ("subscriber", {"pesel": "2070803628"}, {"ID-PESEL"}), ("subscriber", {"email": "jan(at)wp.pl"}, set()),
    ("line", {"number": "126251234"}, {"TEL-DOUBT"}), ("line", {"number": "6251234"}, set()),
    ("address", {"street": "Długa", "house": "12/14", "city": "Łódź"}, {"ADR-DOUBT"}),
    ("address", {"street": "Długa", "house": "12/4", "city": "Łódź"}, set()),
    ("address", {"street": "Długa", "house": "12"}, {"ADR-DOUBT"}),
    ("address", {"house": "dz. 123/4", "city": "Krępa"}, {"ADR-DOUBT"}),
    ("address", {"street": "Długa", "city": "Łódź"}, {"ADR-UNPARSED"}),
    ("address", {"house": "5", "city": "Krępa", "voivodeship": "galicyjskie"}, {"ADR-REGION"}),
    ("address", {"house": "5", "city": "Krępa", "voivodeship": "lubelskie"}, set()),
    ("address", {"house": "5", "city": "LODZ", "postal_code": "1-234"}, set()),
]  # fmt: skip


@pytest.mark.parametrize(("entity", "row", "reasons"), TOLD)
def test_what_the_reject_store_is_told(make_spec, entity, row, reasons):
    rejects = _split(make_spec, entity, row).rejects.to_pylist()
    assert {reject["reason"] for reject in rejects} == reasons
    assert {reject["disposition"] for reject in rejects} <= {"flagged"}
