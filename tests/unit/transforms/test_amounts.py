from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from billing.errors import ContractError
from transforms import amounts
from transforms.kernels import decimals


def read(texts, **keys):
    keys.setdefault("places", 2)
    number = amounts.read(pa.array(texts, pa.string()), **keys)
    return [
        v if ok else ("bad" if bad else None)
        for v, ok, bad in zip(number.values.tolist(), number.valid, number.bad, strict=True)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0), ("7", 700), ("12,5", 1250), ("12,50", 1250), ("-12,50", -1250), ("12,50-", -1250), ("12,50 -", -1250),
        ("(12,50)", -1250), ("( 12,50 )", -1250), ("+3,00", 300), ("3,00+", 300), ("  3,00  ", 300), ("- 3,00", -300),
        ("1 234,56", 123456), ("1.234.567,89", 123456789), ("1\u00a0234,56", 123456), ("1\u202f234", 123400),
        (",50", 50), ("5,", 500), ("00012,30", 1230), ("12,5000", 1250), ("9999999999999999,99", 999999999999999999),
        ("-0,00", 0),
    ],
)  # fmt: skip
def test_reads_every_written_form(text, expected):
    assert read([text], decimal=",", thousands=" .\u00a0\u202f") == [expected]


@pytest.mark.parametrize(
    "text",
    ["abc", "1,2,3", "--5", "-5-", "(5", "5)", ")5(", "(-5)", "1 23", "12 34,00", "1234 567", "1 2345,00", "5 6",
    "1,234",
     "12,345", "1.50", "****", ",", "-", "()", "5zł", "99999999999999999,99", "1" * 41, "٣", "1e5"],
)  # fmt: skip
def test_what_is_no_number_of_the_form_is_bad(text):
    assert read([text], decimal=",", thousands=" ") == ["bad"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.123", "bad"), ("-0.123", "bad"), ("000.123", "bad"), ("012.345", "bad"), ("0 123", "bad"),
        ("1.234", 123400), ("123.456", 12345600), ("0.123,45", 12345), ("0.001.234", 123400), ("0,12", 12),
        ("1.234 567,89", "bad"), ("1 234.567", "bad"), ("1.234.567", 123456700),
    ],
)  # fmt: skip
def test_separators_of_thousands_leave_no_doubt(text, expected):
    """What COBOL edits (`9.999.999,99`) begins with noughts, and shows by a second separator what the first one is."""
    assert read([text], decimal=",", thousands=" .") == [expected]
    assert read([text.replace(".", "'")], decimal=",", thousands=" '") == [expected]


def test_a_point_as_separator_does_not_take_a_comma_for_one():
    assert read(["12.50", "12,50", "1,234.50"], decimal=".", thousands=",") == [1250, "bad", 123450]


def test_implied_decimals_hold_only_without_separator():
    assert read(["12345", "123.45", "-12345", None], scale=2) == [12345, 12345, -12345, None]
    assert read(["12345"], scale=4) == ["bad"]  # 1.2345 has more decimals than money
    assert read(["12300"], scale=4) == [123]


def test_blank_is_no_number_and_no_fault():
    assert read([None, "", "  "]) == [None, None, None]


def test_decimals_are_rescaled_exactly():
    array = pa.array([Decimal("1.5000"), Decimal("1.2345"), None, Decimal("-0.01")], pa.decimal128(12, 4))
    number = amounts.read(array, places=2)
    assert number.values.tolist() == [150, 0, 0, -1]
    assert number.bad.tolist() == [False, True, False, False]


def test_a_decimal_of_scale_zero_takes_the_implied_scale():
    array = pa.array([Decimal(12345)], pa.decimal128(9, 0))
    assert amounts.read(array, places=2, scale=2).values.tolist() == [12345]
    assert amounts.read(array, places=2).values.tolist() == [1234500]


def test_a_decimal_too_large_for_the_field_is_bad():
    array = pa.array([Decimal(10) ** 20, Decimal(10) ** 16], pa.decimal128(31, 0))
    assert amounts.read(array, places=2).bad.tolist() == [True, True]


def test_floating_point_is_refused():
    with pytest.raises(ContractError, match="double"):
        amounts.read(pa.array([1.5]), places=2)


def test_integers_are_read():
    assert amounts.read(pa.array([3, None], pa.int32()), places=2).values.tolist() == [300, 0]


@pytest.mark.parametrize(("plz", "pln"), [(12345000, 1235), (5000, 1), (4900, 0), (-5000, -1), (-4900, 0), (0, 0)])
def test_old_zloty_round_half_up_away_from_zero(plz, pln):
    assert amounts.redenominate(np.array([plz])).tolist() == [pln]


def test_rounding_row_by_row_differs_from_rounding_the_sum():
    rows = amounts.redenominate(np.array([44_900] * 5))
    assert (rows.sum(), amounts.redenominate(np.array([44_900 * 5]))[0]) == (20, 22)


def test_decimal_arrays_are_built_with_their_nulls():
    array = decimals(np.array([-1, 5, 10**17]), np.array([True, False, True]), pa.decimal128(18, 2))
    assert array.to_pylist() == [Decimal("-0.01"), None, Decimal("1000000000000000.00")]
    array.validate(full=True)
