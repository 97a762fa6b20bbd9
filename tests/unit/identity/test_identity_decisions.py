"""Each decision of `transforms.identity.constrain`, through the whole of `resolve`: two records in, one verdict out."""

from __future__ import annotations

import pytest
from identity_input import Rec, edges, groups, in_world, pesel, resolve_recs

from transforms.identity import IdentityResult
from transforms.identity.constrain import POLICIES

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
    ("same PESEL and town, surname after marriage", a(pesel=P, home=HOME),
     b(pesel=P, home=("radom", "lesna", "7", None), name="ANNA WROBEL"), "merge", "PESEL-BIRTH"),
    ("same PESEL and first name, everything else changed", a(pesel=P, home=HOME, phone=PHONE, born=BORN),
     b(pesel=P, home=OTHER_HOME, born=BORN, name="ANNA WROBEL"), "review", "PESEL-CONFLICT"),
    ("same PESEL and town, a man's surname changed",
     a(pesel=pesel(BORN, male=True), name="JAN ZARUDZKI", home=HOME),
     b(pesel=pesel(BORN, male=True), name="JAN WROBEL", home=("radom", "lesna", "7", None)),
     "review", "PESEL-CONFLICT"),
    ("same PESEL, initial only", a(pesel=P), b(pesel=P, name="A ZARUDZKI"), "merge", "PESEL-NAME"),
    ("same PESEL, no first name", a(pesel=P), b(pesel=P, name=" ZARUDZKI"), "merge", "PESEL-SURNAME"),
    ("same PESEL and home, another first name (twins, or the second given name)", a(pesel=P, home=HOME, born=BORN),
     b(pesel=P, home=HOME, born=BORN, name="MARIA ZARUDZKI"), "review", "PESEL-CONFLICT"),
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
    ("very rare name and birth date", a(born=BORN, name="TEOFILA ZARUDZKI", home=HOME),
     b(born=BORN, name="TEOFILA ZARUDZKI", home=("radom", "lesna", "7", None)), "merge", "NAME-BIRTH-RARE"),
    ("same document, another birth date", a(document="ABA300000", born=BORN),
     b(document="ABA300000", born="1931-05-02"), "review", "OWN-CONFLICT"),
    ("all but the surname, mistyped first name", a(born=BORN, home=HOME, phone=PHONE),
     b(born=BORN, home=HOME, phone=PHONE, name="ANAN WROBEL"), "review", "WEIGHT"),
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

    ("two NIPs", a(name="", company="BUDPOL", nip="5260250995", home=HOME),
     b(name="", company="BUDPOL", nip="1132191233", home=HOME), "keep_apart", "NIP-DIFFER"),
    ("same NIP, another name and address", a(name="", company="GMINA RADOM", nip="5260250995", home=HOME),
     b(name="", company="SZKOLA NR 4", nip="5260250995", home=OTHER_HOME), "review", "NIP-CONFLICT"),
    ("same NIP and address, renamed", a(name="", company="BUDPOL", nip="5260250995", home=HOME),
     b(name="", company="INWEST-PLUS", nip="5260250995", home=HOME), "merge", "NIP-ADDRESS"),
    ("same REGON and name", a(name="", company="BUDPOL", regon="012100784"),
     b(name="", company="BUDPOL", regon="012100784"), "merge", "REGON-NAME"),
    ("same REGON, another name", a(name="", company="BUDPOL", regon="012100784"),
     b(name="", company="INWEST-PLUS", regon="012100784"), "review", "REGON-CONFLICT"),
    ("two REGONs", a(name="", company="BUDPOL", regon="012100784", home=HOME),
     b(name="", company="BUDPOL", regon="610188201", home=HOME), "keep_apart", "REGON-DIFFER"),
    ("same name and telephone, no number", a(name="", company="BUDPOL", phone=PHONE),
     b(name="", company="BUDPOL", phone=PHONE), "review", "COMPANY-NEAR"),
    ("same name and address, no number", a(name="", company="BUDPOL", home=HOME),
     b(name="", company="BUDPOL", home=HOME), "merge", "COMPANY-HOME"),
]  # fmt: skip


NEVER_ONE = [
    ("household members", a(name="ANNA ZARUDZKI", born=BORN, home=HOME, phone=PHONE),
     b(name="PIOTR ZARUDZKI", born="1948-01-20", home=HOME, phone=PHONE)),
    ("twins", a(name="ANNA ZARUDZKI", born=BORN, home=HOME, phone=PHONE),
     b(name="EWA ZARUDZKI", born=BORN, home=HOME, phone=PHONE)),
    ("twins with like names", a(name="MARIA ZARUDZKI", born=BORN, home=HOME, phone=PHONE),
     b(name="MARIAN ZARUDZKI", born=BORN, home=HOME, phone=PHONE)),
    ("partners with one NIP", a(nip="5260250995", born=BORN), b(nip="5260250995", name="PIOTR ZARUDZKI")),
    ("a filler PESEL", a(name="ANNA ZARUDZKI", pesel="11111111116", status=(("pesel", "filler"),)),
     b(name="EWA WROBEL", pesel="11111111116", status=(("pesel", "filler"),))),
    ("a suspect PESEL", a(pesel=P, status=(("pesel", "suspect"),)), b(pesel=P, status=(("pesel", "suspect"),))),
    ("a placeholder birth date", a(name="JAN NOWAK", born="1900-01-01", home=HOME),
     b(name="JAN NOWAK", born="1900-01-01", home=OTHER_HOME)),
    ("a person and a company", a(nip="5260250995", home=HOME, phone=PHONE, pesel=P),
     b(name="", company="ANNA ZARUDZKI", nip="5260250995", home=HOME, phone=PHONE)),
    ("nothing in common", a(pesel=P, home=HOME), b(name="JAN NOWAK", born="1960-01-02", home=OTHER_HOME)),
]  # fmt: skip


ONE = [
    ("a filler PESEL on one side", a(pesel=P, born=BORN, home=HOME),
     b(pesel="11111111116", status=(("pesel", "filler"),), born=BORN, home=HOME)),
    ("address roles exchanged", a(born=BORN, home=HOME, role="correspondence"), b(born=BORN, home=HOME)),
    ("double-barrelled name in either order", a(name="ANNA KOWALSKA-NOWACKA", born=BORN, home=HOME),
     b(name="ANNA NOWACKA - KOWALSKA", born=BORN, home=HOME)),
    ("first and last name exchanged", a(born=BORN, home=HOME), b(name="ZARUDZKI ANNA", born=BORN, home=HOME)),
    ("a village without streets", a(born=BORN, home=("krepa", None, "15", None)),
     b(born=BORN, home=("krepa", None, "15", None))),
]  # fmt: skip

CASES = [pair[1:3] for pair in (*PAIRS, *NEVER_ONE, *ONE)]


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> IdentityResult:
    """Every case in one run, each in a world of its own."""
    recs = [in_world(rec, world) for world, pair in enumerate(CASES) for rec in pair]
    return resolve_recs(recs, tmp_path_factory.mktemp("decisions"))


@pytest.fixture(scope="module")
def verdicts(result: IdentityResult) -> dict[tuple[str, str], tuple[str, str]]:
    return edges(result)


@pytest.fixture(scope="module")
def clusters(result: IdentityResult) -> set[frozenset[str]]:
    return groups(result)


@pytest.mark.parametrize("world", range(len(PAIRS)), ids=[pair[0] for pair in PAIRS])
def test_pair(world: int, verdicts: dict[tuple[str, str], tuple[str, str]], clusters: set[frozenset[str]]) -> None:
    outcome, reason = PAIRS[world][3:]
    pair = (f"a|{world:03}-1", f"b|{world:03}-2")
    assert verdicts.get(pair) == (outcome, reason)
    assert (frozenset(pair) in clusters) == (outcome == "merge")


@pytest.mark.parametrize("case", range(len(NEVER_ONE)), ids=[pair[0] for pair in NEVER_ONE])
def test_never_one(case: int, clusters: set[frozenset[str]]) -> None:
    world = len(PAIRS) + case
    assert {frozenset({f"a|{world:03}-1"}), frozenset({f"b|{world:03}-2"})} <= clusters


@pytest.mark.parametrize("case", range(len(ONE)), ids=[pair[0] for pair in ONE])
def test_one(case: int, clusters: set[frozenset[str]]) -> None:
    world = len(PAIRS) + len(NEVER_ONE) + case
    assert frozenset({f"a|{world:03}-1", f"b|{world:03}-2"}) in clusters


def test_worlds_do_not_meet(verdicts: dict[tuple[str, str], tuple[str, str]]) -> None:
    assert all(left[2:5] == right[2:5] for left, right in verdicts)


def test_every_policy_is_tried(verdicts: dict[tuple[str, str], tuple[str, str]]) -> None:
    tried = {reason for _, reason in verdicts.values()}
    untried = {policy.reason for policy in POLICIES} - tried
    assert untried == {"WEAK", "FIRST-NAME-DIFFER"}  # pairs kept apart are written only where the names agree
