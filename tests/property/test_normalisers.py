"""What must hold for any text: normalising twice is normalising once, and fast columns equal the reference."""

import datetime as dt
import json
from decimal import Decimal

import numpy as np
import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from billing.spec import Lookup
from transforms import amounts, dates, identifier_columns
from transforms.address_columns import addresses
from transforms.addresses import read_address
from transforms.codes import vat_rate
from transforms.document_columns import documents
from transforms.documents import read_document
from transforms.emails import read_email
from transforms.explanations import KINDS, Setting, explain
from transforms.houses import read_house
from transforms.identifiers import pesel_check_digit, read_nip, read_pesel, read_regon
from transforms.kernels import as_text, decimal_integers, decimals, trimmed
from transforms.letters import display, fold
from transforms.localities import locality_key, read_locality, read_postal_code
from transforms.lookups import Lookups
from transforms.mojibake import put_right
from transforms.name_columns import mails, names
from transforms.names import last_name_key, read_name, read_name_word_by_word
from transforms.phone_columns import phones
from transforms.phones import OldNumbers, read_phone
from transforms.registers import read_krs, read_nrb
from transforms.rules import RULES, Verdict
from transforms.street_keys import street_key
from transforms.streets import read_street
from transforms.vocabulary import given_names, zones

settings.register_profile("busy machine", deadline=None)  # what is tested is the answer, not the time
settings.load_profile("busy machine")

DAY = dt.date(2003, 9, 30)
POLISH = "aąbcćdeęfghijklłmnńoóprsśtuwyzźż"
LETTERS = st.text(POLISH + POLISH.upper() + " -.'\"()*,0123456789", max_size=30)
ANYTHING = st.one_of(LETTERS, st.text(st.characters(exclude_characters="\x1f", exclude_categories=["Cs"]), max_size=30))
WORD = st.text(POLISH.upper(), min_size=2, max_size=12)
GIVEN = st.sampled_from(sorted(n.name.upper() for n in given_names().values() if not n.diminutive_of))
NAME = st.one_of(
    st.tuples(WORD, GIVEN).map(" ".join), st.tuples(GIVEN, WORD).map(" ".join), st.tuples(WORD, WORD).map(" ".join),
    st.tuples(WORD, GIVEN, GIVEN).map(" ".join), LETTERS,
)  # fmt: skip
HOUSE = st.one_of(
    LETTERS,
    st.builds(
        "{}{}{}{}".format, st.integers(1, 999), st.sampled_from(["", "A", " b"]),
        st.sampled_from(["/", " m. ", " m", " lok. ", "-"]), st.integers(1, 99),
    ),
)  # fmt: skip
PHONE = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "0", "+48 ", "0048", "48", "(0-22) ", "0 1033 ", "022-"]),
    st.one_of(
        st.integers(0, 10**10),
        st.builds("{} {:07}".format, st.sampled_from(sorted(zones())), st.integers(0, 10**7 - 1)),
    ),
    st.sampled_from(["", " w. 12", " wew 3", ", 602123456", "/35", " "]),
)  # fmt: skip


@given(ANYTHING)
def test_folding_and_display_are_idempotent(text):
    assert fold(fold(text)) == fold(text)
    assert display(display(text)) == display(text)


@given(st.one_of(ANYTHING, PHONE), st.sampled_from(["", "22"]))
def test_phones_are_idempotent(text, zone):
    found = read_phone(text, zone)
    if found.e164 is not None:
        again = read_phone(found.e164, zone)
        assert (again.e164, again.zone, again.extension) == (found.e164, found.zone, None)


OLD_PHONE = st.builds(
    "{}{}{}".format, st.sampled_from(["", "0", "(0-", "0-"]), st.sampled_from(["22 44", "22/44", "48) 44", "44"]),
    st.integers(100, 99_999),
)  # fmt: skip
TABLES = st.sampled_from([(), (OldNumbers(6, "44", "22444"),), (OldNumbers(7, "44", "4844"),)])


@settings(max_examples=60)
@given(
    st.lists(st.one_of(st.none(), PHONE, OLD_PHONE, ANYTHING.map(str.strip)), max_size=30),
    st.sampled_from(["", "22", "48"]),
    TABLES,
)
def test_phone_columns_equal_the_reference(texts, zone, table):
    column = trimmed(pa.array(texts, pa.string()))
    found = phones(column, zone, table)
    for i, text in enumerate(column.to_pylist()):
        expected = read_phone(text or "", zone, table)
        got = tuple(c[i].as_py() for c in found[:3])
        assert got == expected[:3], text
        assert found.marks.known[found.marks.codes[i]] == expected.rule, text


@given(ANYTHING)
def test_identifiers_are_idempotent(text):
    pesel = read_pesel(text, DAY)
    assert pesel.value is None or read_pesel(pesel.value, DAY).value == pesel.value
    for read in (read_nip, read_regon):
        value = read(text).value
        assert value is None or read(value).value == value


@settings(max_examples=60)
@given(st.lists(st.integers(0, 10**10 - 1), max_size=50), st.integers(0, 9), st.booleans())
def test_pesel_columns_equal_the_reference(heads, last, right):
    texts = [f"{h:010}{pesel_check_digit(f'{h:010}') if right else last}" for h in heads]
    judged = identifier_columns.pesels(pa.array(texts, pa.string()), DAY)
    expected = [read_pesel(t, DAY) for t in texts]
    assert judged.value.to_pylist() == [e.value for e in expected]
    assert judged.marks.status().to_pylist() == [e.status for e in expected]
    assert judged.sex.to_pylist() == [e.sex for e in expected]


@settings(max_examples=60)
@given(st.lists(st.one_of(st.integers(0, 10**10 - 1).map("{:010}".format), ANYTHING), max_size=50))
def test_nip_columns_equal_the_reference(texts):
    column = trimmed(pa.array(texts, pa.string()))
    judged = identifier_columns.nips(column)
    expected = [read_nip(t or "") for t in column.to_pylist()]
    assert judged.value.to_pylist() == [e.value for e in expected]
    assert judged.marks.status().to_pylist() == [e.status for e in expected]


@given(ANYTHING)
def test_places_are_idempotent(text):
    code = read_postal_code(text).value
    assert code is None or read_postal_code(code) == Verdict(code, "postal.plain")
    place = read_locality(text)
    if place.name is not None:
        again = read_locality(place.name)
        assert again.key == locality_key(again.name)
    mail = read_email(text).value
    assert mail is None or read_email(mail) == Verdict(mail, "email.plain")


@given(HOUSE)
def test_houses_are_idempotent(text):
    house = read_house(text)
    if house.building is not None:
        again = read_house(house.building, house.flat or "")
        assert (again.building, again.flat) == (house.building, house.flat)


@given(LETTERS)
def test_streets_keep_their_key(text):
    street = read_street(text)
    if street.name is not None:
        assert read_street(street.name).key == street.key
        assert street_key(street.key) == street.key


@given(NAME, st.sampled_from(["", "person"]))
def test_the_short_cut_for_names_equals_the_whole_rule(name, kind):
    assert read_name(name, kind=kind) == read_name_word_by_word(name, kind=kind)
    first, _, last = name.partition(" ")
    assert read_name("", first, last, "", kind) == read_name_word_by_word("", first, last, "", kind)


@given(WORD, GIVEN)
def test_order_of_names_does_not_matter(family, given_name):
    one, other = read_name(f"{family} {given_name}"), read_name(f"{given_name} {family}")
    # an abbreviation such as PH in front makes a firm of it, and there the order is part of the name
    if one.status == "ok" and one.kind == other.kind == "person":
        assert one == other


@given(LETTERS)
def test_family_name_keys_do_not_depend_on_order(text):
    parts = text.replace("-", " ").split()
    assert last_name_key(" ".join(parts)) == last_name_key("-".join(reversed(parts)))


@given(NAME)
@example("Kowalski, 'Jan'")
@example("Nowak,-Anna")
def test_names_read_again_from_their_parts_are_the_same(name):
    found = read_name(name, kind="person")
    if found.status == "ok" and found.first_name and found.last_name and found.company_name is None:
        again = read_name("", found.first_name, found.last_name, kind="person")
        assert (again.first_name_key, again.last_name_key) == (found.first_name_key, found.last_name_key)


@settings(max_examples=60)
@given(st.lists(st.tuples(LETTERS, HOUSE, st.sampled_from(["", "4"]), LETTERS), min_size=1, max_size=20))
def test_address_columns_equal_the_reference(rows):
    columns = [trimmed(pa.array(list(c), pa.string())) for c in zip(*rows, strict=True)]
    got = addresses([*columns, pa.nulls(len(rows), pa.string())])
    for i in range(len(rows)):
        fields = [c[i].as_py() or "" for c in columns]
        assert tuple(c[i].as_py() for c in got) == tuple(read_address(*fields)), fields


@given(ANYTHING)
def test_vat_rates_are_idempotent(text):
    rate = vat_rate(text)
    assert rate is None or vat_rate(rate) == rate


MONEY = st.decimals(Decimal("-9999999999999999.99"), Decimal("9999999999999999.99"), places=2)


@given(
    st.lists(st.one_of(st.none(), MONEY), max_size=40),
    st.sampled_from([",", "."]),
    st.sampled_from(["-1", "1-", "(1)"]),
)
def test_numbers_written_are_numbers_read(values, decimal, form):
    def write(value):
        if value is None:
            return None
        text = f"{abs(value):,.2f}".replace(",", " ").replace(".", decimal)
        if value < 0:
            text = {"-1": f"-{text}", "1-": f"{text}-", "(1)": f"({text})"}[form]
        return text

    number = amounts.read(pa.array([write(v) for v in values], pa.string()), places=2, decimal=decimal, thousands=" ")
    assert not number.bad.any()
    assert decimals(number.values, number.valid, pa.decimal128(18, 2)).to_pylist() == values


@given(st.lists(ANYTHING, max_size=40))
def test_a_number_is_read_only_where_python_reads_the_same(texts):
    number = amounts.read(pa.array(texts, pa.string()), places=2, decimal=".")
    for text, value, valid in zip(texts, number.values.tolist(), number.valid, strict=True):
        if valid:
            bare = text.strip()
            negative = "-" in bare or "(" in bare
            digits = Decimal(bare.translate(str.maketrans("", "", "+-() ")))
            assert value == (-digits if negative else digits) * 100


@given(st.lists(st.one_of(st.none(), MONEY), max_size=40))
def test_decimal_arrays_survive_the_way_to_integers_and_back(values):
    array = pa.array(values, pa.decimal128(18, 2))
    integers, fits = decimal_integers(array)
    assert fits.all()
    assert decimals(integers, ~np.array([v is None for v in values], bool), array.type).to_pylist() == values


FORMS = {"YYYY-MM-DD": "%Y-%m-%d", "DD.MM.YYYY": "%d.%m.%Y", "YYYYMMDD": "%Y%m%d", "DDMMYYYY": "%d%m%Y",
"MM/DD/YYYY": "%m/%d/%Y",
         "YYYYDDD": "%Y%j"}  # fmt: skip


@given(st.lists(st.dates(dt.date(1900, 1, 2), dt.date(9998, 12, 31)), max_size=40), st.sampled_from(sorted(FORMS)))
def test_dates_written_are_dates_read(days, form):
    read = dates.read(pa.array([d.strftime(FORMS[form]) for d in days], pa.string()), form)
    assert dates.to_arrow(read).to_pylist() == days and not read.bad.any()


@given(st.lists(st.integers(0, 99_999_999), max_size=60))
def test_only_dates_of_the_calendar_are_read(numbers):
    texts = [f"{n:08}" for n in numbers]
    found = dates.to_arrow(dates.read(pa.array(texts, pa.string()), "YYYYMMDD")).to_pylist()
    for text, day in zip(texts, found, strict=True):
        try:
            expected = dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))
        except ValueError:
            expected = None
        if expected and (
            expected.year == 9999 or expected in (dt.date(1899, 12, 30), dt.date(1899, 12, 31), dt.date(1900, 1, 1))
        ):
            expected = None
        assert day == expected


@given(st.lists(st.one_of(st.none(), ANYTHING), max_size=30))
def test_trimming_is_strip_with_blank_as_null(texts):
    expected = [(t.strip() or None) if t is not None else None for t in texts]
    got = as_text(pa.array(texts, pa.string())).to_pylist()
    assert [g and g.strip() for g in got] == expected


@settings(max_examples=50)
@given(
    st.dictionaries(st.text(min_size=1, max_size=12).map(str.strip).filter(bool), st.integers(), max_size=50),
    st.lists(st.text(max_size=12)),
)
def test_lookups_find_what_a_dictionary_finds(table, asked):
    rule = Lookup(table="T", key="K", take="V")
    lookups = Lookups()
    lookups.declare(rule)
    keys = as_text(pa.array(list(table), pa.string())).to_pylist()
    reference = {}
    for key, value in zip(keys, table.values(), strict=True):
        if key is not None:
            reference.setdefault(key, str(value))
    lookups.add(
        "T",
        pa.record_batch(
            {"K": pa.array(list(table), pa.string()), "V": pa.array([str(v) for v in table.values()], pa.string())}
        ),
    )
    wanted = [*asked, *keys]
    assert lookups.find(rule, pa.array(wanted, pa.string())).to_pylist() == [
        reference.get(k) if k else None for k in wanted
    ]


TEXT = st.one_of(
    st.none(),
    NAME,
    WORD,
    GIVEN,
    st.sampled_from(
        ["ALFA SP. Z O.O.", "P.H.U. JAN KOWALSKI", "dr NOWAK", "BRAK", "N.N.", "ks. kan. JAN LIS", "ALFA S.C. JAN LIS"]
    ),
)


@settings(max_examples=80)
@given(
    st.lists(st.tuples(TEXT, TEXT, TEXT, TEXT, st.sampled_from([None, "person", "company"])), min_size=1, max_size=20)
)
def test_name_columns_equal_the_reference(rows):
    columns = [trimmed(pa.array(list(c), pa.string())) for c in zip(*rows, strict=True)]
    got = names(columns)
    for i in range(len(rows)):
        fields = [c[i].as_py() or "" for c in columns]
        assert tuple(c[i].as_py() for c in got) == tuple(read_name(*fields)), fields


MAIL = st.builds(
    "{}{}{}".format, st.sampled_from(["jan", "Jan.Nowak", "brak", "TEST", "K", "a..b", "İ"]),
    st.sampled_from(["@", " @ ", "(at)"]), st.sampled_from(["wp.pl", "WP.PL", "wp,pl", "wp", "k\u212a.pl"]),
)  # fmt: skip


@settings(max_examples=60)
@given(st.lists(st.one_of(st.none(), MAIL, ANYTHING), max_size=20))
def test_mail_columns_equal_the_reference(texts):
    column = trimmed(pa.array(texts, pa.string()))
    judged = mails(column)
    expected = [read_email(t or "") for t in column.to_pylist()]
    assert judged.value.to_pylist() == [e.value for e in expected]
    assert [judged.marks.known[code] for code in judged.marks.codes] == [e.rule for e in expected]


DOCUMENT = st.one_of(
    st.from_regex(r"[A-CIO01]{2,3}[0-9OIL]{6,7}", fullmatch=True),
    st.from_regex(r"AB[A-Z]3[0-9]{5}", fullmatch=True),
    ANYTHING,
)


@settings(max_examples=80)
@given(st.lists(st.tuples(DOCUMENT, st.sampled_from([None, "id_card", "passport", "other"])), min_size=1, max_size=30))
def test_document_columns_equal_the_reference(rows):
    column = trimmed(pa.array([text for text, _ in rows], pa.string()))
    read = documents(column, pa.array([kind for _, kind in rows], pa.string()))
    for i, (text, (_, kind)) in enumerate(zip(column.to_pylist(), rows, strict=True)):
        expected = read_document(text or "", kind or "")
        got = (read.number[i].as_py(), read.marks.known[read.marks.codes[i]], read.kind[i].as_py())
        assert got == tuple(expected), (text, kind)


@given(st.one_of(DOCUMENT, ANYTHING), st.sampled_from(["", "id_card", "passport", "other"]))
def test_documents_and_registers_are_idempotent(text, kind):
    found = read_document(text, kind)
    if found.number is not None and found.rule != "document.shape":
        again = read_document(found.number, found.kind or "")
        assert (again.number, again.kind) == (found.number, found.kind)
    for read in (read_krs, read_nrb):
        value = read(text).value
        assert value is None or read(value).value == value


@given(ANYTHING)
def test_what_was_put_right_is_not_put_right_again(text):
    repaired = put_right(text)
    assert repaired is None or put_right(repaired[0]) is None


@given(st.sampled_from(sorted(KINDS)), st.one_of(ANYTHING, PHONE, HOUSE, NAME, DOCUMENT))
def test_any_text_is_explained_by_a_known_rule(kind, text):
    told = explain(kind, text, Setting(DAY, zone="22"))
    assert told["rule"] in RULES and (told["value"] is None or told["status"] in ("ok", "repaired", "suspect"))
    json.dumps(told)
