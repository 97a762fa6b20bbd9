"""Each decision of `transforms.identity.constrain`, through the whole of `resolve`: two records in, one verdict out."""

from __future__ import annotations

from pathlib import Path

import pytest
from identity_input import Rec, edges, groups, pesel, resolve_recs

HOME = ("radom", "polna", "12", "4")
OTHER_HOME = ("kielce", "lesna", "7", None)
BORN = "1950-03-14"
P = pesel(BORN)
P2 = pesel(BORN, serial=222)
PHONE = "+48483621234"


def a(**given: object) -> Rec:
    return Rec(**({"source": "a", "key": "1", "name": "ANNA ZARUDZKI"} | given))  # type: ignore[arg-type]


def b(**given: object) -> Rec:
    return Rec(**({"source": "b", "key": "2", "name": "ANNA ZARUDZKI"} | given))  # type: ignore[arg-type]


PAIRS = [
    # identifiers
    ("same PESEL, same name", a(pesel=P), b(pesel=P), "merge", "PESEL-NAME"),
    ("two valid PESELs, all else the same", a(pesel=P, born=BORN, home=HOME, phone=PHONE),
     b(pesel=P2, born=BORN, home=HOME, phone=PHONE), "keep_apart", "PESEL-DIFFER"),
    ("same PESEL, surname after marriage", a(pesel=P, born=BORN), b(pesel=P, born=BORN, name="ANNA WROBEL"),
     "merge", "PESEL-BIRTH"),
    ("same PESEL, a man's surname changed and no birth date delivered",
     a(pesel=pesel(BORN, male=True), name="JAN ZARUDZKI"), b(pesel=pesel(BORN, male=True), name="JAN WROBEL"),
     "review", "PESEL-CONFLICT"),
    ("same PESEL, initial only", a(pesel=P), b(pesel=P, name="A ZARUDZKI"), "merge", "PESEL-NAME"),
    ("same PESEL, no first name", a(pesel=P), b(pesel=P, name=" ZARUDZKI"), "merge", "PESEL-SURNAME"),
    ("same PESEL, second given name used, birth dates delivered", a(pesel=P, born=BORN),
     b(pesel=P, born=BORN, name="MARIA ZARUDZKI"), "merge", "PESEL-SURNAME"),
    ("same PESEL, another first name, nothing confirms it", a(pesel=P), b(pesel=P, name="MARIA ZARUDZKI"),
     "review", "PESEL-CONFLICT"),
    ("same PESEL, name and birth date disagree", a(pesel=P, born=BORN),
     b(pesel=P, born="1971-10-02", name="EWA WROBEL"), "review", "PESEL-CONFLICT"),
    ("same PESEL and home, surname after marriage, mistyped first name", a(pesel=P, home=HOME),
     b(pesel=P, home=HOME, name="ANAN WROBEL"), "merge", "PESEL-BIRTH"),
    ("same PESEL, name disagrees, birth date taken from the PESEL", a(pesel=P), b(pesel=P, name="EWA WROBEL"),
     "review", "PESEL-CONFLICT"),
    ("same document, name and birth date", a(document="ABA300000", born=BORN), b(document="aba 300000", born=BORN),
     "merge", "DOCUMENT-NAME"),
    # a PESEL missing on a side
    ("name, birth date, home", a(pesel=P, home=HOME), b(born=BORN, home=HOME), "merge", "NAME-BIRTH-NEAR"),
    ("name, birth date, telephone", a(pesel=P, phone=PHONE), b(born=BORN, phone=PHONE), "merge", "NAME-BIRTH-NEAR"),
    ("mistyped surname, birth date, home", a(born=BORN, home=HOME), b(born=BORN, home=HOME, name="ANNA ZARUZDKI"),
     "merge", "NAME-BIRTH-NEAR"),
    ("mistyped birth date, home", a(born=BORN, home=HOME), b(born="1950-03-15", home=HOME),
     "merge", "NAME-BIRTH-TYPO"),
    ("surname after marriage, home", a(born=BORN, home=HOME, phone=PHONE),
     b(born=BORN, home=HOME, phone=PHONE, name="ANNA WROBEL"), "merge", "MARRIED-NAME"),
    ("name and e-mail, no birth date", a(email="a.z@poczta.pl"), b(email="a.z@poczta.pl"), "merge", "NAME-OWN"),
    ("common name and birth date, nothing else", a(born=BORN, name="JAN NOWAK", home=HOME),
     b(born=BORN, name="JAN NOWAK", home=OTHER_HOME), "review", "NAME-BIRTH"),
    # households
    ("father and son", a(name="JAN ZARUDZKI", born="1931-05-02", home=HOME, phone=PHONE),
     b(name="JAN ZARUDZKI", born="1959-05-02", home=HOME, phone=PHONE), "keep_apart", "BIRTH-DIFFER"),
    ("father and son, one digit between them", a(name="JAN ZARUDZKI", born="1930-05-02", home=HOME, phone=PHONE),
     b(name="JAN ZARUDZKI", born="1950-05-02", home=HOME, phone=PHONE), "keep_apart", "BIRTH-DIFFER"),
    ("father and son, a birth date missing", a(name="JAN ZARUDZKI", born="1931-05-02", home=HOME, phone=PHONE),
     b(name="JAN ZARUDZKI", home=HOME, phone=PHONE), "review", "NAME-HOME"),
    ("twins by initial", a(name="MARIA ZARUDZKI", born=BORN, home=HOME), b(name="M ZARUDZKI", born=BORN, home=HOME),
     "review", "NAME-BIRTH"),
    ("same name and home, birth dates a little apart", a(born=BORN, home=HOME), b(born="1952-11-29", home=HOME),
     "review", "BIRTH-UNSURE"),
    # organisations
    ("same NIP and name", a(name="", company="BUDPOL", nip="5260250995"),
     b(name="", company="BUDPOL", nip="5260250995"), "merge", "NIP-NAME"),
    ("sole traders with one NIP and name", a(nip="5260250995", born=BORN), b(nip="5260250995"), "merge", "TRADER-NIP"),
    ("partners with one NIP", a(nip="5260250995", born=BORN), b(nip="5260250995", name="PIOTR ZARUDZKI"),
     "keep_apart", "FIRST-NAME-DIFFER"),
    ("two NIPs", a(name="", company="BUDPOL", nip="5260250995", home=HOME),
     b(name="", company="BUDPOL", nip="1132191233", home=HOME), "keep_apart", "NIP-DIFFER"),
    ("same NIP, another name and address", a(name="", company="GMINA RADOM", nip="5260250995", home=HOME),
     b(name="", company="SZKOLA NR 4", nip="5260250995", home=OTHER_HOME), "review", "NIP-CONFLICT"),
    ("same NIP and address, renamed", a(name="", company="BUDPOL", nip="5260250995", home=HOME),
     b(name="", company="INWEST-PLUS", nip="5260250995", home=HOME), "merge", "NIP-ADDRESS"),
    ("same REGON and name", a(name="", company="BUDPOL", regon="012100784"),
     b(name="", company="BUDPOL", regon="012100784"), "merge", "REGON-NAME"),
    ("same name and address, no number", a(name="", company="BUDPOL", home=HOME),
     b(name="", company="BUDPOL", home=HOME), "merge", "COMPANY-HOME"),
]  # fmt: skip


@pytest.mark.parametrize(("left", "right", "outcome", "reason"), [p[1:] for p in PAIRS], ids=[p[0] for p in PAIRS])
def test_pair(tmp_path: Path, left: Rec, right: Rec, outcome: str, reason: str) -> None:
    result = resolve_recs([left, right], tmp_path)
    assert edges(result) == {("a|1", "b|2"): (outcome, reason)}
    assert (len(groups(result)) == 1) == (outcome == "merge")


NEVER_ONE = [
    ("household members", a(name="ANNA ZARUDZKI", born=BORN, home=HOME, phone=PHONE),
     b(name="PIOTR ZARUDZKI", born="1948-01-20", home=HOME, phone=PHONE)),
    ("twins", a(name="ANNA ZARUDZKI", born=BORN, home=HOME, phone=PHONE),
     b(name="EWA ZARUDZKI", born=BORN, home=HOME, phone=PHONE)),
    ("twins with like names", a(name="MARIA ZARUDZKI", born=BORN, home=HOME, phone=PHONE),
     b(name="MARIAN ZARUDZKI", born=BORN, home=HOME, phone=PHONE)),
    ("a filler PESEL", a(name="ANNA ZARUDZKI", pesel="11111111116", status=(("pesel", "filler"),)),
     b(name="EWA WROBEL", pesel="11111111116", status=(("pesel", "filler"),))),
    ("a suspect PESEL", a(pesel=P, status=(("pesel", "suspect"),)), b(pesel=P, status=(("pesel", "suspect"),))),
    ("a placeholder birth date", a(name="JAN NOWAK", born="1900-01-01", home=HOME),
     b(name="JAN NOWAK", born="1900-01-01", home=OTHER_HOME)),
    ("a person and a company", a(nip="5260250995", home=HOME, phone=PHONE, pesel=P),
     b(name="", company="ANNA ZARUDZKI", nip="5260250995", home=HOME, phone=PHONE)),
    ("nothing in common", a(pesel=P, home=HOME), b(name="JAN NOWAK", born="1960-01-02", home=OTHER_HOME)),
]  # fmt: skip


@pytest.mark.parametrize(("left", "right"), [p[1:] for p in NEVER_ONE], ids=[p[0] for p in NEVER_ONE])
def test_never_one(tmp_path: Path, left: Rec, right: Rec) -> None:
    assert groups(resolve_recs([left, right], tmp_path)) == {frozenset({"a|1"}), frozenset({"b|2"})}


def test_filler_pesel_does_not_keep_one_person_apart(tmp_path: Path) -> None:
    left = a(pesel=P, born=BORN, home=HOME)
    right = b(pesel="11111111116", status=(("pesel", "filler"),), born=BORN, home=HOME)
    assert len(groups(resolve_recs([left, right], tmp_path))) == 1


def test_swapped_address_roles_still_match(tmp_path: Path) -> None:
    left = a(born=BORN, home=HOME, role="correspondence")
    right = b(born=BORN, home=HOME, role="installation")
    assert len(groups(resolve_recs([left, right], tmp_path))) == 1


def test_double_barrelled_name_in_either_order(tmp_path: Path) -> None:
    left = a(name="ANNA KOWALSKA-NOWAK", born=BORN, home=HOME)
    right = b(name="ANNA NOWAK - KOWALSKA", born=BORN, home=HOME)
    assert len(groups(resolve_recs([left, right], tmp_path))) == 1


def test_first_and_last_name_exchanged(tmp_path: Path) -> None:
    left = a(name="ANNA ZARUDZKI", born=BORN, home=HOME)
    right = b(name="ZARUDZKI ANNA", born=BORN, home=HOME)
    assert len(groups(resolve_recs([left, right], tmp_path))) == 1
