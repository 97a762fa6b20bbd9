from decimal import Decimal

import pyarrow as pa
import pytest

from extractors.text.control_amounts import amount, column_sum, transposition_hint


@pytest.mark.parametrize(
    ("text", "scale", "value"),
    [
        ("12345", 2, "123.45"),
        ("12345", 0, "12345"),
        ("-12345", 2, "-123.45"),
        ("12345-", 2, "-123.45"),
        ("+12345", 2, "123.45"),
        ("1 234,50", 2, "1234.50"),
        ("1\u00a0234.5", 2, "1234.5"),
        ("000000", 2, "0.00"),
        ("", 2, None),
        ("-1-", 2, None),
        ("12a", 2, None),
        ("1,2,3", 2, None),
        ("****", 2, None),
        ("1'234'567,5", 2, "1234567.5"),
        ("1’234,5", 2, "1234.5"),
        ("  - 1 234,50  ", 2, "-1234.50"),
        ("1 234,50 -", 2, "-1234.50"),
        ("1 234 567-", 2, "-12345.67"),
        ("12 34", 2, None),
        ("1234 567,00", 2, None),
        ("1 2", 2, None),
        ("1 234 56,00", 2, None),
        ("0123 456", 2, None),
    ],
)
def test_amounts_and_sums_agree(text, scale, value):
    assert amount(text, scale=scale) == (None if value is None else Decimal(value))
    total, unread = column_sum(pa.array([text or None, None], pa.string()), scale=scale)
    assert total == Decimal(value or 0)
    assert unread == (1 if value is None and text else 0)


def test_sums_are_exact_beyond_what_a_float_holds():
    column = pa.array(["99999999999999.99", "0.01", "-0.02", "00000000000000001"])
    assert column_sum(column, scale=2) == (Decimal("99999999999999.99"), 0)


@pytest.mark.parametrize(("difference", "hints"), [("0.18", True), ("0.11", False), ("0", False), ("-27", True)])
def test_nine_divides_a_transposition(difference, hints):
    assert bool(transposition_hint(Decimal(difference))) is hints
