"""Column types, suspicious values, mappings and the text of a proposal."""

import datetime as dt
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.profiling.columns import Column, judge_column
from extractors.profiling.dateforms import DATE_FORMS, read_date
from extractors.profiling.mapping import map_table
from extractors.profiling.toml_text import key, rule_text

EVEN = {"pesel": lambda text: text.isdigit() and int(text) % 2 == 0}


@pytest.mark.parametrize(
    ("values", "kind", "rule"),
    [
        (["12,50", "3,00", "1 234,56"], "money", {"decimal": ",", "thousands": " "}),
        (["12.50", "-3.00", "1,234.56"], "money", {"thousands": ","}),
        (["12.50", "3.00-", "7.10"], "money", {}),
        (["31-123", "00-950", "61-001"], "postal_code", {}),
        (["2001-03-05", "1999-12-31", "2000-02-29"], "date", {"format": "YYYY-MM-DD"}),
        (["31.12.1999", "01.02.2000", "05.06.2001"], "date", {"format": "DD.MM.YYYY"}),
        (["19991231", "20000229", "20010605"], "date", {"format": "YYYYMMDD"}),
        (["19991231", "00000000", "20010605"], "date", {"format": "YYYYMMDD", "null_values": ["00000000"]}),
        (["12/31/1999", "02/28/2000", "06/15/2001"], "date", {"format": "MM/DD/YYYY"}),
        (["a@b.pl", "c.d@e.com", "x@y.org"], "email", {}),
        (["022 625-12-34", "(0-12) 411 00 00", "+48 61 855 11 22"], "phone", {}),
        (["PL61109010140000071219812874", "27114020040000300201355387"], "nrb", {}),
        (["", "  ", ""], "blank", {}),
        (["Nowak", "Żółkiewski", "Lis"], "text", {}),
        (["1", "22", "333"], "integer", {}),
    ],
)
def test_kinds(values, kind, rule):
    found = judge_column("X", values)
    assert (found.kind, found.rule) == (kind, rule)
    assert not found.suspicious


def test_codes_are_few_and_often():
    assert judge_column("X", ["A", "Z", "A"] * 10).kind == "code"


def test_an_identifier_is_proved_by_its_check():
    good = [f"{n * 2:011}" for n in range(50, 90)]
    found = judge_column("X", [*good, "00000000101"], EVEN)
    assert found.kind == "pesel"
    assert [(s.count, s.first_row) for s in found.suspicious] == [(1, 40)]
    assert judge_column("X", good, {}).kind == "integer"


@pytest.mark.parametrize("value", ["\ufffd", "Kowa?ski", "a\x07b", "BRAK", "xxx", "****"])
def test_suspicious_texts(value):
    found = judge_column("X", [*(f"Nowak{n}" for n in range(30)), value])
    assert [(s.count, s.first_row) for s in found.suspicious] == [(1, 30)]


def test_a_key_that_is_used_twice():
    found = judge_column("X", [*(f"{n:06}" for n in range(200)), "000007"])
    assert any("twice" in s.what for s in found.suspicious)
    assert not found.is_unique


def test_examples_show_nothing_personal():
    found = judge_column("X", ["Żółkiewski Jan", "44051401458"])
    assert found.examples == ("Ż********* J**", "44*******")


@given(st.dates(min_value=dt.date(1950, 1, 1), max_value=dt.date(2029, 12, 31)))
def test_a_date_is_read_back_in_every_form(day):
    for form, _, code in DATE_FORMS:
        text = day.strftime(code) if code else f"{day.year // 100 - 19}{day:%y%m%d}"
        read = read_date(text, form)
        assert read is not None
        if form in ("MM/DD/YY", "DD.MM.YY", "DD-MM-YY", "YYMMDD", "YYDDD"):
            assert read.year % 100 == day.year % 100
        else:
            assert read == day


@given(st.lists(st.text(max_size=20), max_size=40))
def test_any_values_are_judged(values):
    found = judge_column("X", values, EVEN)
    assert found.rows == len(values)
    assert found.filled <= found.rows
    assert 0 <= found.fits <= 1


def test_a_name_whose_contents_are_of_another_kind_maps_nothing():
    columns = {"NR": Column("NR", "integer"), "SALDO": Column("SALDO", "text"), "KOD": Column("KOD", "text")}
    assert not any(mapped.is_sure for mapped in map_table("t", columns))


@given(st.dictionaries(st.text(max_size=12), st.text(max_size=20) | st.booleans() | st.integers(0, 99), max_size=4))
def test_rules_are_sound_toml(rule):
    assert tomllib.loads(f"x = {rule_text(rule)}") == {"x": rule}


@given(st.text(max_size=20))
def test_keys_are_sound_toml(name):
    assert tomllib.loads(f"{key(name)} = 1") == {name: 1}


def test_running_numbers_are_no_dates():
    assert judge_column("NR", [f"{n:05}" for n in range(1, 60)]).kind == "integer"
    days = [f"030{n % 90 + 10:02}" for n in range(0, 180, 3)]
    assert judge_column("DZIEN", days).kind == "date"


@pytest.mark.parametrize(
    "numbers",
    [
        [*range(2000010, 2000130), 9999999],
        [*range(2000010, 2000130, 7), *range(2000010, 2000300, 9)],
        [year * 1000 + number for year in (1999, 2000, 2001, 2002) for number in range(1, 130)],
    ],
    ids=["with one that was misread", "with gaps", "counted anew every year"],
)
def test_account_numbers_are_no_days_of_a_year(numbers):
    found = judge_column("KONTO", [str(number) for number in numbers] * 2)
    assert (found.kind, found.latest) == ("integer", None)


def test_digits_are_dates_by_their_name_or_by_the_calendar():
    one_year = [f"2000{day:03}" for day in range(10, 130)]
    named = judge_column("DATA_WPL", one_year)
    assert (named.kind, named.rule, named.latest) == ("date", {"format": "YYYYDDD"}, dt.date(2000, 5, 8))
    years = [f"{year}{day:03}" for year in range(1960, 1990) for day in range(year % 13 + 1, 366, 29)]
    unnamed = judge_column("FIELD-3", years)
    assert (unnamed.kind, unnamed.rule) == ("date", {"format": "YYYYDDD"})
    assert unnamed.latest is None  # it may be the calendar of something else: no cut-off is taken from it


@pytest.mark.parametrize("bad", [["31.02.2001", "99.99.9999"], ["BRAK", "x"], ["1999", "20010231"]])
@pytest.mark.parametrize(("form", "code", "name"), [
    ("DD.MM.YYYY", "%d.%m.%Y", "X"), ("YYYY-MM-DD", "%Y-%m-%d", "X"), ("DD-MM-YY", "%d-%m-%y", "X"),
    ("YYYYMMDD", "%Y%m%d", "DATA_UR"), ("YYMMDD", "%y%m%d", "DATA_UR"), ("YYDDD", "%y%j", "TERMIN"),
])  # fmt: skip
def test_a_few_bad_values_among_dates_are_told_and_the_column_holds_dates(form, code, name, bad):
    days = [(dt.date(1950, 1, 1) + dt.timedelta(days=211 * n)).strftime(code) for n in range(58)]
    found = judge_column(name, [*days, *bad])
    assert (found.kind, found.rule["format"]) == ("date", form)
    assert sum(s.count for s in found.suspicious) == 2
    assert found.suspicious[0].first_row == 58
    assert found.latest == read_date(days[-1], form)


def test_dates_among_other_things_are_no_telephones():
    days = [f"{n % 28 + 1:02}.03.20{n % 10:02}" for n in range(45)]
    found = judge_column("X", [*days, *(f"{n:03}.{n:03}.{n:03}" for n in range(100, 115))])
    assert found.kind == "text"
    assert judge_column("X", [f"61 855-11-{n}" for n in range(10, 70)]).kind == "phone"


def test_a_few_bad_values_do_not_make_dates_of_numbers():
    days = [f"{1990 + n % 10}{n % 12 + 1:02}{n % 28 + 1:02}" for n in range(58)]
    assert judge_column("KONTO", [*days, "19999999", "20001388"]).kind == "integer"


@pytest.mark.parametrize(
    ("name", "values", "codes"),
    [
        ("X", ["A", "Z", "A"] * 10, {"A": 20, "Z": 10}),
        ("STATUS", ["czynny"] * 9 + ["zawieszony"], {"czynny": 9, "zawieszony": 1}),
        ("IMIE", ["Anna", "Jan"] * 10, {}),
        ("STATUS", ["602123456", "602123457"] * 10, {}),
    ],
)
def test_codes_are_listed_with_their_counts_where_they_tell_nobody(name, values, codes):
    found = judge_column(name, values)
    assert (found.kind, found.codes) == ("code", codes)
