import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest

from transforms import dates

D = dt.date


def read(values, form, type_=None, **keys):
    array = pa.array(values, type_ or pa.string())
    result = dates.read(array, form, **keys)
    arrow = dates.to_arrow(result)
    arrow.validate(full=True)
    return [v or ("bad" if bad else "doubtful" if odd else None)
            for v, bad, odd in zip(arrow.to_pylist(), result.bad, result.doubtful, strict=True)]  # fmt: skip


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        ("YYYY-MM-DD", "2003-09-30", D(2003, 9, 30)), ("YYYY-MM-DD", "2022-06-10 19:27:53.000000", D(2022, 6, 10)),
        ("YYYY-MM-DD", "2003-09-30T23:59:59", D(2003, 9, 30)), ("YYYY-MM-DD", "2003.09.30", D(2003, 9, 30)),
        ("DD.MM.YYYY", "30.09.2003", D(2003, 9, 30)), ("DD.MM.YYYY", "1.9.2003", D(2003, 9, 1)),
        ("DD-MM-YYYY", "30-09-2003", D(2003, 9, 30)), ("DD/MM/YYYY", "30/09/2003", D(2003, 9, 30)),
        ("MM/DD/YYYY", "09/30/2003", D(2003, 9, 30)), ("YYYYMMDD", "20030930", D(2003, 9, 30)),
        ("DDMMYYYY", "30092003", D(2003, 9, 30)), ("YYMMDD", "991231", D(1999, 12, 31)),
        ("YYMMDD", "030930", D(2003, 9, 30)),
        ("DDMMYY", "120371", D(1971, 3, 12)), ("DD-MM-YY", "30-09-03", D(2003, 9, 30)),
        ("DD.MM.YY", "30.09.71", D(1971, 9, 30)), ("MM/DD/YY", "09/30/03", D(2003, 9, 30)),
        ("YYDDD", "00366", D(2000, 12, 31)), ("YYYYDDD", "2003365", D(2003, 12, 31)),
        ("CYYMMDD", "1030930", D(2003, 9, 30)), ("CYYMMDD", "0991231", D(1999, 12, 31)),
        ("excel", "37894", D(2003, 9, 30)), ("excel", "36526", D(2000, 1, 1)), ("excel", "37894,5", D(2003, 9, 30)),
        ("YYYYMMDD", "20000229", D(2000, 2, 29)), (None, "2003-09-30", D(2003, 9, 30)),
        (None, "20030930", D(2003, 9, 30)),
    ],
)  # fmt: skip
def test_reads_every_form(form, text, expected):
    assert read([text], form) == [expected]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("YYYYMMDD", "20030229"), ("DDMMYY", "300203"), ("DDMMYY", "12371"),
        ("YYYYMMDD", "19000229"), ("YYYYMMDD", "20031301"), ("YYYYMMDD", "20030931"),
        ("YYYYMMDD", "2003093"), ("YYYYMMDD", "2003O930"), ("YYYYMMDD", "20030900"), ("DD.MM.YYYY", "30.09.03"),
        ("DD.MM.YYYY", "2003.09.30"), ("YYDDD", "01366"), ("YYYY-MM-DD", "2003-09-30x"), ("excel", "60"),
        ("excel", "abc"), ("MM/DD/YYYY", "30/09/2003"), ("DD-MM-YY", "1-1-1999"),
    ],
)  # fmt: skip
def test_a_date_that_does_not_exist_is_bad(form, text):
    assert read([text], form) == ["bad"]


@pytest.mark.parametrize(
    ("form", "text"),
    [("YYYYMMDD", "00000000"), ("YYYYMMDD", "99999999"), ("YYYYMMDD", "99991231"), ("DD.MM.YYYY", "00.00.0000"),
     ("DD.MM.YYYY", "31.12.9999"), ("YYMMDD", "000000"), ("DDMMYY", "000000"), ("DDMMYY", "999999"),
     ("YYMMDD", "999999"), ("CYYMMDD", "0000000"),
     ("YYDDD", "00000"),
     ("excel", "0"), ("DD.MM.YYYY", "0.0.0000"), ("YYYYMMDD", None)],
)  # fmt: skip
def test_sentinels_are_no_date(form, text):
    assert read([text], form) == [None]


def test_first_days_of_calendars_are_doubtful():
    assert read(["18991230", "18991231", "19000101", "19000102"], "YYYYMMDD") == ["doubtful"] * 3 + [D(1900, 1, 2)]


def test_pivots_belong_to_the_field():
    assert read(["310101", "300101"], "YYMMDD", pivot=31) == [D(1931, 1, 1), D(2030, 1, 1)]
    assert read(["120369"], "DDMMYY") == [D(2069, 3, 12)]
    assert read(["120369"], "DDMMYY", pivot=30) == read(["120369"], "DDMMYY", latest=D(1985, 9, 30)) == [D(1969, 3, 12)]
    assert read(["030101"], "YYMMDD", pivot=0) == [D(1903, 1, 1)]
    assert read(["850930", "851001"], "YYMMDD", latest=D(1985, 9, 30)) == [D(1985, 9, 30), D(1985, 10, 1)]
    assert read(["030101"], "YYMMDD", latest=D(1985, 9, 30)) == [D(1903, 1, 1)]


@pytest.mark.parametrize(
    ("form", "number", "expected"),
    [("YYYYMMDD", 20030930, D(2003, 9, 30)), ("YYMMDD", 10203, D(2001, 2, 3)), ("CYYMMDD", 991231, D(1999, 12, 31)),
     ("DDMMYYYY", 1092003, D(2003, 9, 1)), ("DDMMYY", 10999, D(1999, 9, 1)),
     ("YYYYMMDD", 0, None), ("YYYYMMDD", 20030229, "bad"),
     ("YYDDD", 366, D(2000, 12, 31)),
     ("YYMMDD", 1234567, "bad"), ("YYYYMMDD", -20030930, "bad")],
)  # fmt: skip
def test_numeric_columns_are_read_without_their_leading_zeros(form, number, expected):
    assert read([Decimal(number)], form, pa.decimal128(9, 0)) == [expected]


def test_arrow_dates_pass():
    assert read([D(2003, 9, 30), None], None, pa.date32()) == [D(2003, 9, 30), None]
    assert read([dt.datetime(2003, 9, 30, 12)], None, pa.timestamp("us")) == [D(2003, 9, 30)]


def test_a_slice_of_a_column_is_read_from_its_own_start():
    array = pa.array(["20030101", "20030102", "20030103"])[1:]
    assert dates.to_arrow(dates.read(array, "YYYYMMDD")).to_pylist() == [D(2003, 1, 2), D(2003, 1, 3)]
