import pytest

from transforms.companies import company_key, recognise
from transforms.names import last_name_key, read_name, read_name_word_by_word
from transforms.vocabulary import cut_names, genitives, given_names, legal_forms, zones


@pytest.mark.parametrize(
    ("name", "first", "last", "status"),
    [
        ("KOWALSKI JAN", "Jan", "Kowalski", "ok"),
        ("Jan Kowalski", "Jan", "Kowalski", "ok"),
        ("KOWALSKI, JAN MARIA", "Jan Maria", "Kowalski", "ok"),
        ("JAN MARIA KOWALSKI", "Jan Maria", "Kowalski", "ok"),
        ("NOWAK-KOWALSKA ANNA", "Anna", "Nowak-Kowalska", "ok"),
        ("NOWAK - KOWALSKA ANNA", "Anna", "Nowak-Kowalska", "ok"),
        ("KOWALSKI J.", "J.", "Kowalski", "ok"),
        ("J. A. KOWALSKI", "J. A.", "Kowalski", "ok"),
        ("ŻÓŁĆ ŁUCJA", "Łucja", "Żółć", "ok"),
        ("ZOLC LUCJA", "Lucja", "Zolc", "ok"),
        ("McDonald John", "John", "McDonald", "suspect"),
        ("MAREK JAN", "Jan", "Marek", "suspect"),
        ("Urszula Jurek", "Urszula", "Jurek", "ok"),
        ("Xyzabc Qwertski", "Xyzabc", "Qwertski", "ok"),
        ("XYZABC QWERTY", "Qwerty", "Xyzabc", "suspect"),
        ("WIŚNIEWSKI LESZEK ŻĘDZIMIR", "Leszek Żędzimir", "Wiśniewski", "suspect"),
        ("KOWALSKI", None, "Kowalski", "suspect"),
        ("JAN", "Jan", None, "suspect"),
        ("", None, None, "missing"),
        ("***", None, None, "unparsed"),
    ],
)
def test_one_field_is_oriented(name, first, last, status):
    found = read_name(name)
    assert (found.first_name, found.last_name, found.status) == (first, last, status)
    assert found.company_name is None


def test_the_source_says_the_order_where_the_dictionary_cannot():
    assert read_name("Grzegorz Jan Lech", given_first=True)[1:3] == ("Grzegorz Jan", "Lech")
    assert read_name("LECH GRZEGORZ JAN")[1:3] == ("Grzegorz Jan", "Lech")
    assert read_name("KOWALSKI JAN", given_first=True)[1:3] == ("Jan", "Kowalski")
    assert read_name("Marain Bronisław Wójcik", given_first=True)[1:3] == ("Marain Bronisław", "Wójcik")


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("dr inż. KOWALSKI JAN", "dr; inż."), ("ks. Jan Kowalski", "ks."), ("KOWALSKI JAN (zmarł)", "zmarł"),
        ("KOWALSKI JAN ZM.", "ZM."), ("SPADK. KOWALSKI JAN", "SPADK."), ("KOWALSKI JAN *", "*"), ("KOWALSKI JAN#", "#"),
        ("NIEAKT KOWALSKI JAN", "NIEAKT"), ("KOWALSKI JAN jr", "jr"),
        ("KOWALSKI JAN zam. Łódź Długa 3", "zam. Łódź Długa 3"),
        ("KOWALSKI JAN c/o Nowak", "c/o Nowak"), ("KOWALSKI JAN S. STANISŁAWA", "S. STANISŁAWA"),
        ("KOWALSKI JAN 2", "2"),
        ("o. Jan Kowalski", "o."),
    ],
)  # fmt: skip
def test_titles_and_notes_are_lifted_out(name, note):
    found = read_name(name)
    assert (found.first_name, found.last_name, found.note) == ("Jan", "Kowalski", note)


def test_a_couple_is_its_first_person():
    for name in ("JAN I ANNA KOWALSCY", "KOWALSCY JAN I ANNA"):
        found = read_name(name)
        assert (found.first_name, found.last_name, found.note, found.status) == ("Jan", "Kowalscy", "i Anna", "suspect")
        assert found.last_name_key == "kowalski"


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("JAN", "KOWALSKI", ("Jan", "Kowalski", "ok")),
        ("KOWALSKI", "JAN", ("Jan", "Kowalski", "repaired")),
        ("JAN MARIA", "KOWALSKI", ("Jan Maria", "Kowalski", "ok")),
        ("ADAM", "MAREK", ("Adam", "Marek", "ok")),
        ("Kelsie", "Robert", ("Kelsie", "Robert", "ok")),
        ("JAN KOWALSKI", "KOWALSKI", ("Jan", "Kowalski", "repaired")),
        ("", "KOWALSKI JAN", ("Jan", "Kowalski", "ok")),
        ("", "KOWALSKA NOWAK", (None, "Kowalska Nowak", "suspect")),
        ("JAN", "", ("Jan", None, "suspect")),
        ("JAN", "KOWALSKI ZM.", ("Jan", "Kowalski", "ok")),
        ("BRAK", "KOWALSKI", (None, "Kowalski", "suspect")),
        ("JAN", "N.N.", ("Jan", None, "suspect")),
        ("JAN", "BRAK", ("Jan", "Brak", "ok")),
        ("NN", "NN", (None, None, "filler")),
        ("", "BRAK", (None, None, "filler")),
    ],
)
def test_two_fields_are_believed_unless_exchanged(first, last, expected):
    found = read_name("", first, last)
    assert (found.first_name, found.last_name, found.status) == expected


@pytest.mark.parametrize(
    ("name", "kind", "form", "key"),
    [
        ("ALFA SP. Z O.O.", "company", "sp. z o.o.", "alfa"), ("ALFA SP.Z O.O.", "company", "sp. z o.o.", "alfa"),
        ("Alfa Sp z oo", "company", "sp. z o.o.", "alfa"),
        ("ALFA SPÓŁKA Z OGRANICZONĄ ODPOWIEDZIALNOŚCIĄ", "company", "sp. z o.o.", "alfa"),
        ("ALFA S.A.", "company", "S.A.", "alfa"), ("ALFA SA", "company", "S.A.", "alfa"),
        ("KOWALSKI I NOWAK S.C.", "company", "s.c.", "kowalski i nowak"), ("BETA SP.J.", "company", "sp.j.", "beta"),
        ("SPÓŁDZIELNIA MIESZKANIOWA ZGODA", "company", "S.M.", "zgoda"), ("S.M. ZGODA", "company", "S.M.", "zgoda"),
        ("Urząd Gminy Krępa", "institution", "urząd gminy", "krepa"),
        ("PARAFIA ŚW. JANA", "institution", "parafia", "sw jana"),
        ("SZKOŁA PODSTAWOWA NR 5", "institution", None, "szkola podstawowa nr 5"),
        ("F.H. \"ELA\"", "company", "F.H.", "ela"),
        ("S.P.Z.O.Z. KRAKÓW", "institution", "S.P.Z.O.Z.", "krakow"),
        ("Sp. z o.o. ALFA", "company", "sp. z o.o.", "alfa"),
        ("Spółka z o.o. ALFA", "company", "sp. z o.o.", "alfa"),
        ("Spółka Jawna BETA", "company", "sp.j.", "beta"),
        ("ALFA s.c. Jan Nowak, Piotr Lis", "company", "s.c.", "alfa jan nowak piotr lis"),
        ("Wójt Gminy Krępa", "institution", "wójt gminy", "krepa"),
        ("Burmistrz Miasta Krępa", "institution", "burmistrz miasta", "krepa"),
    ],
)  # fmt: skip
def test_firms_and_institutions(name, kind, form, key):
    found = read_name(name)
    assert (found.kind, found.legal_form, found.company_key, found.company_name) == (kind, form, key, name)
    assert found.first_name is None and found.last_name is None


def test_a_firm_in_the_field_of_the_family_name():
    found = read_name("", "", "ALFA S.A.")
    assert (found.kind, found.company_name, found.last_name, found.status) == ("company", "ALFA S.A.", None, "repaired")


def test_liquidation_is_a_note():
    found = read_name("ALFA S.A. W LIKWIDACJI")
    assert (found.legal_form, found.company_key, found.note) == ("S.A.", "alfa", "w likwidacji")


def test_a_sole_trader_is_a_person():
    found = read_name("P.P.H.U. KOWALSKA-NOWAK ANNA")
    assert (found.kind, found.first_name, found.last_name) == ("person", "Anna", "Kowalska-Nowak")
    assert found.legal_form == "P.P.H.U." and found.company_name == "P.P.H.U. KOWALSKA-NOWAK ANNA"
    found = read_name("", company='F.H. "ELA" EWA ZIELIŃSKA', kind="company")
    assert (found.kind, found.first_name, found.last_name) == ("company", "Ewa", "Zielińska")


def test_the_delivered_kind_is_believed():
    assert read_name("ALFA", kind="company").company_name == "ALFA"
    assert read_name("BANK JAN", kind="person")[:3] == ("person", "Jan", "Bank")
    assert recognise("BANK JAN") is not None


@pytest.mark.parametrize(
    ("left", "right"),
    [("Zielińska", "ZIELIŃSKI"), ("Kowalska-Nowak", "Nowak Kowalska"), ("Górecka", "gorecki"), ("Zawadzcy", "Zawadzka"),
     ("Nowakówna", "Nowak"), ("Śliwna", "Śliwny"), ("Mickiewiczowa", "Mickiewicz")],
)  # fmt: skip
def test_family_names_meet_in_their_key(left, right):
    assert last_name_key(left) == last_name_key(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [("Kowal", "Kowalski"), ("Sowa", "Sow"), ("Dąbrowa", "Dąbr"), ("Malina", "Maliny"), ("Wrona", "Wron")],
)
def test_other_family_names_do_not(left, right):
    assert last_name_key(left) != last_name_key(right)


@pytest.mark.parametrize(
    "fields",
    [("KOWALSKI JAN", "", "", "", ""), ("Jan Kowalski", "", "", "", "person"), ("", "JAN", "KOWALSKI", "", ""),
     ("", "KOWALSKI", "JAN", "", ""), ("", "Anan", "Nowak", "", "person"), ("O'BRIEN ANNA", "", "", "", "")],
)  # fmt: skip
def test_the_short_cut_answers_like_the_whole_rule(fields):
    assert read_name(*fields) == read_name_word_by_word(*fields)


def test_company_keys_ignore_form_and_spelling():
    assert company_key("ŁABĘDY Sp. z o.o.") == company_key("Labedy S.A.") == "labedy"


@pytest.mark.parametrize(
    ("name", "form", "kind"),
    [("ALFA SP. Z O.O. SP.K.", "sp. z o.o. sp.k.", "company"), ("Bank Spółdzielczy w Krępie", "bank spółdzielczy",
                                                                 "company"),
     ("Kancelaria Radcy Prawnego Ewa Zielińska", "kancelaria radcy prawnego", "person"),
     ("Sąd Rejonowy w Łodzi", "sąd rejonowy", "institution"), ("SKOK JAN", None, "person"),
     ("URBAN JAN", None, "person"), ("HALA NOWAK", None, "person")],
)  # fmt: skip
def test_legal_forms_do_not_swallow_family_names(name, form, kind):
    assert (read_name(name).legal_form, read_name(name).kind) == (form, kind)


def test_word_lists_are_whole():
    assert len(zones()) == 49 and {len(z) for z in zones()} == {2}
    assert {g.sex for g in given_names().values()} == {"F", "M"}
    assert all(g.diminutive_of == "" or g.diminutive_of in {n.name for n in given_names().values()}
               for g in given_names().values())  # fmt: skip
    assert {f.place for f in legal_forms()} == {"start", "end", "edge", "any", "inner"}
    expected = {"tadeusza": "Tadeusz", "zofii": "Zofia", "pawla": "Paweł", "andrzeja": "Andrzej",
    "franciszka": "Franciszek",
                "ignacego": "Ignacy", "kingi": "Kinga", "elizy": "Eliza", "juliusza": "Juliusz"}  # fmt: skip
    assert {k: genitives()[k] for k in expected} == expected


def test_names_cut_short_are_of_one_name():
    rare = {"tadea", "tomislaw", "tomislawa"}
    for cut, name in cut_names().items():
        meant = {given for given, known in given_names().items() if given.startswith(cut) and not known.diminutive_of}
        assert name in meant and meant - rare <= {name, f"{name}a"}, cut  # Wojciecha, Zygmunta: hardly anybody
