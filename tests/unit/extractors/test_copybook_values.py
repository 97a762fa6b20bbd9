"""Values of every kind that `test_copybook_numbers.py` does not have: floats, wide and unsigned numbers, odd texts."""

from __future__ import annotations

import math
import struct
from decimal import Context, Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.errors import ContractError
from extractors.codepages.tables import add_code_page, code_page, read_code_page
from extractors.copybook.decode import Column, column_type, decode_field
from extractors.copybook.digits import binary, unsigned_packed
from extractors.copybook.encode import encode_field
from extractors.copybook.fields import Field
from extractors.copybook.floats import decode_floats, encode_float
from extractors.copybook.layout import Copybook
from extractors.copybook.reading import Reading
from extractors.copybook.shapes import times_of

PAGE = code_page("cp037")


def block(*rows: bytes) -> np.ndarray:
    return np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), -1)


def field(clauses: str) -> Field:
    return Copybook.parse("f.cpy", f"01 R. 05 F {clauses}.").layout().fields[0]


def read(clauses: str, *data: bytes, page: Any = PAGE, **how: Any) -> Column:
    return decode_field(block(*data), field(clauses), page, Reading(**how))


@pytest.mark.parametrize(
    ("data", "form", "value"),
    [
        # z/Architecture Principles of Operation: 1.0 is 41 10 00 00, -118.625 is C2 76 A0 00
        ("41100000", "ibm", 1.0), ("C276A000", "ibm", -118.625), ("40800000", "ibm", 0.5), ("00000000", "ibm", 0.0),
        ("00A076C2", "ibm_little", -118.625), ("4276A00000000000", "ibm", 118.625),
        ("7FFFFFFFFFFFFFFF", "ibm", 7.237005577332262e75), ("C2ED4000", "ieee", -118.625),
        ("0040EDC2", "ieee_little", -118.625), ("405DA80000000000", "ieee", 118.625),
    ],
)  # fmt: skip
def test_floats(data: str, form: Any, value: float) -> None:
    raw = bytes.fromhex(data)
    assert decode_floats(block(raw), form).tolist() == [value]
    if value != 7.237005577332262e75:
        assert encode_float(value, len(raw), form) == raw


@given(st.floats(-1e70, 1e70, allow_nan=False).filter(lambda x: x == 0 or abs(x) > 1e-70))
def test_hexadecimal_doubles_keep_a_float64(value: float) -> None:
    """Fifty-six bits of fraction, of which the first three may be zero, hold the fifty-three of a float64."""
    assert decode_floats(block(encode_float(value, 8, "ibm")), "ibm").tolist() == [value]


def test_a_float_that_is_no_number_is_a_defect() -> None:
    column = read(
        "COMP-1", struct.pack(">f", 1.5), struct.pack(">f", math.nan), struct.pack(">f", math.inf), floats="ieee"
    )
    assert column.values.to_pylist() == [1.5, None, None]
    assert column.defects is not None
    assert (column.defects.tolist(), column.reason) == ([False, True, True], "NUM-FLOAT")


@given(st.integers(1, 16), st.booleans(), st.booleans(), st.data())
def test_binary_numbers_of_every_size(width: int, signed: bool, big: bool, data: st.DataObject) -> None:
    least, most = (-(1 << (8 * width - 1)), (1 << (8 * width - 1)) - 1) if signed else (0, (1 << (8 * width)) - 1)
    values = data.draw(st.lists(st.integers(least, most), min_size=1, max_size=5))
    rows = [value.to_bytes(width, "big" if big else "little", signed=signed) for value in values]
    found = binary(block(*rows), signed=signed, big_endian=big)
    bad = [abs(value) >= 10**38 for value in values]
    assert (found.defects.tolist() if found.defects is not None else [False] * len(values)) == bad
    high = found.high if found.high is not None else found.low >> 63
    whole = [(int(h) << 64) + (int(low) & (1 << 64) - 1) for h, low in zip(high, found.low, strict=True)]
    assert [w for w, b in zip(whole, bad, strict=True) if not b] == [
        v for v, b in zip(values, bad, strict=True) if not b
    ]


@pytest.mark.parametrize(
    ("data", "digits", "value"),
    [
        ("1234", 4, 1234),
        ("0123", 3, 123),
        ("1123", 3, None),
        ("12A4", 4, None),
        ("99999999999999999999", 20, 10**20 - 1),
    ],
)
def test_unsigned_packed_numbers(data: str, digits: int, value: int | None) -> None:
    found = unsigned_packed(block(bytes.fromhex(data)), digits=digits)
    assert (found.defects is not None) == (value is None)
    if value is not None:
        high = int(found.high[0]) if found.high is not None else 0
        assert (high << 64) + (int(found.low[0]) & (1 << 64) - 1) == value


def test_byte_orders() -> None:
    assert read("PIC S9(4) COMP-9", b"\x01\x00").values.to_pylist() == [Decimal(1)]
    assert read("PIC S9(4) COMP-5", b"\x01\x00").values.to_pylist() == [Decimal(256)]
    assert read("PIC S9(4) COMP-5", b"\x01\x00", page=code_page("ascii")).values.to_pylist() == [Decimal(1)]
    assert read("PIC S9(4) COMP-5", b"\x01\x00", native_order="little").values.to_pylist() == [Decimal(1)]
    assert read("PIC N(2)", "aż".encode("utf-16-be")).values.to_pylist() == ["aż"]
    assert read("PIC N(2)", "aż".encode("utf-16-le"), national_order="little").values.to_pylist() == ["aż"]


@pytest.mark.parametrize(
    ("clauses", "text", "value"),
    [
        ("PIC -(5)9.99", "   -12.50", "-12.50"), ("PIC ZZZ9", "  12", "12"), ("PIC +9(3)V99", "-01250", "-12.50"),
        ("PIC 9(3).99-", "012.50-", "-12.50"), ("PIC $ZZ9.99CR", "$ 12.50CR", "-12.50"), ("PIC ZZ9DB", " 12  ", "12"),
        ("PIC **9", "**7", "7"), ("PIC ZZZ", "   ", None), ("PIC S9(3).99", "012.5}", "-12.50"),
    ],
)  # fmt: skip
def test_edited_numbers_are_texts_or_numbers(clauses: str, text: str, value: str | None) -> None:
    data = text.encode("cp037")
    assert read(clauses, data).values.to_pylist() == [text.rstrip() or None]
    column = read(clauses, data, edited_numbers=True)
    assert column.values.to_pylist() == [Decimal(value) if value else None]
    assert column.values.type == column_type(field(clauses), Reading(edited_numbers=True))
    assert column.defects is None


@pytest.mark.parametrize("text", ["1-2-3.9", "12X.99", "--12.99", "1.2.99", "99999.9", "12.999"])
def test_what_is_no_edited_number_is_a_defect(text: str) -> None:
    found = read("PIC -(3)9.99", text.ljust(7).encode("cp037"), edited_numbers=True)
    assert found.values.to_pylist() == [None]
    assert found.defects is not None


def test_lenient_zoned_numbers() -> None:
    rows = [text.encode("cp037") for text in ("00123", "  123", "-0123", "0123-", "12.50", "1 2X3", "99999", "0012L")]
    strict = read("PIC S9(3)V99", *rows)
    assert strict.values.to_pylist()[0] == Decimal("1.23")
    assert strict.defects is not None
    assert strict.defects.tolist() == [False, True, True, True, True, True, False, False]
    lenient = read("PIC S9(3)V99", *rows, lenient=True)
    expected = ["1.23", "1.23", "-1.23", "-1.23", "12.50", None, "999.99", "-1.23"]
    assert lenient.values.to_pylist() == [Decimal(text) if text else None for text in expected]
    assert lenient.defects is not None
    assert lenient.defects.tolist() == [False, False, False, False, False, True, False, False]


@pytest.mark.parametrize(
    ("clauses", "page", "how", "expected"),
    [
        ("PIC S9(5)", "cp037", {}, ["12345", "-12345", "12345", None, "-1234", None]),
        ("PIC S9(5)", "cp037", {"many_signs": True}, ["12345", "-12345", "12345", "12345", "-1234", "-12345"]),
        ("PIC S9(5)", "ascii", {}, [None, "-12345", "12345", None, "-1234", None]),
        ("PIC S9(5)", "ascii", {"many_signs": True}, ["12345", "-12345", "12345", "12345", "-1234", "-12345"]),
        ("PIC 9(5)", "cp037", {}, ["12345", None, "12345", None, None, None]),
        ("PIC 9(5)", "cp037", {"many_signs": True}, ["12345", None, "12345", "12345", None, None]),
        ("PIC 9(5)", "cp037", {"overpunched_unsigned": False}, [None] * 6),
    ],
)
def test_signs_in_other_places(clauses: str, page: str, how: dict[str, Any], expected: list[str | None]) -> None:
    rows = [text.encode("cp037" if page == "cp037" else "ascii") for text in _SIGNED_ANYWHERE]
    found = read(clauses, *rows, page=code_page(page), lenient=True, **how)
    assert found.values.to_pylist() == [Decimal(text) if text else None for text in expected]
    defects = np.zeros(6, np.bool_) if found.defects is None else found.defects
    assert defects.tolist() == [text is None for text in expected]
    strict = read(clauses, *rows, page=code_page(page))  # the pipeline takes a sign at its own place only
    assert strict.values.to_pylist() == [None] * 6
    assert strict.defects is not None
    assert strict.defects.all()


_SIGNED_ANYWHERE = ("12C45", "J2345", "A2345", "AB345", "12 3M", "AB3M5")


def test_a_binary_number_with_zeros_behind_it_ends_at_38_digits() -> None:
    most = 10**10 - 1
    rows = [value.to_bytes(8, "big") for value in (most, 10**10, 2**64 - 1)]
    found = read("PIC 9(10)P(28) COMP", *rows)
    assert found.values.to_pylist() == [Decimal(most).scaleb(28, Context(prec=60)), None, None]
    assert found.defects is not None
    assert found.defects.tolist() == [False, True, True]
    signed = read("PIC S9(10)P(28) COMP", *[v.to_bytes(8, "big", signed=True) for v in (-most, -(10**10))])
    assert signed.values.to_pylist() == [Decimal(-most).scaleb(28, Context(prec=60)), None]
    assert read("PIC 9(2)P(2) COMP", b"\xff\xff").values.to_pylist() == [Decimal(6553500)]


def test_packed_bytes_without_a_sign() -> None:
    assert read("PIC X(4) COMP-3U", b"\x12\x34\x56\x78").values.to_pylist() == [Decimal(12345678)]


@pytest.mark.parametrize(("text", "times"), [("2", 2), (" 2 ", 2), ("+2", 2), ("1_0", -1), ("-1", -1), ("\u0662", -1)])
def test_only_a_number_says_how_often(text: str, times: int) -> None:
    table = (
        Copybook.parse("o.cpy", "01 R. 05 N PIC X(3). 05 T OCCURS 0 TO 20 DEPENDING ON N PIC X.").roots[0].children[1]
    )
    assert times_of(text, table, {}, clamp=False) == times


def test_signs_of_unsigned_numbers() -> None:
    rows = [text.encode("cp037") for text in ("123", "12C", "12L")]
    assert read("PIC 9(3)", *rows).values.to_pylist() == [Decimal(123), Decimal(123), None]
    assert read("PIC 9(3)", *rows, overpunched_unsigned=False).values.to_pylist() == [Decimal(123), None, None]
    minus = read("PIC 9(3)", *rows, "1-2".encode("cp037"), "1+2".encode("cp037"), lenient=True)
    assert minus.values.to_pylist() == [Decimal(123), Decimal(123), None, None, Decimal(12)]
    top = [b"\x7f\xff\xff\xff", b"\x80\x00\x00\x00"]
    assert read("PIC 9(8) COMP", *top).values.to_pylist() == [Decimal(2**31 - 1), Decimal(2**31)]
    assert read("PIC 9(8) COMP", *top, unsigned_top_bit=False).values.to_pylist() == [Decimal(2**31 - 1), None]


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({}, ["  ab", None, None, "a b"]),
        ({"trim": "both"}, ["ab", None, None, "a b"]),
        ({"trim": "left"}, ["ab  ", None, None, "a b "]),
        ({"trim": "none"}, ["  ab  ", None, None, "a b   "]),
        ({"odd": "blank"}, ["  ab", "x y", None, "a b"]),
        ({"odd": "drop", "trim": "none"}, ["  ab  ", "xy   ", None, "a b   "]),
        ({"odd": "keep"}, ["  ab", "x\x1cy", "\0\0\0\0\0\0", "a b"]),
        ({"odd": "blank", "empty": "unfilled"}, ["  ab", "x y", None, "a b"]),
        ({"odd": "blank", "empty": "text"}, ["  ab", "x y", "", "a b"]),
    ],
)
def test_texts_as_the_reader_wants_them(how: dict[str, Any], expected: list[str | None]) -> None:
    rows = ["  ab  ".encode("cp037"), b"\xa7\x1c\xa8\x40\x40\x40", bytes(6), "a b   ".encode("cp037")]
    found = read("PIC X(6)", *rows, **how).values.to_pylist()
    if how.get("trim") == "left":
        expected = ["ab  ", None, None, "a b   "]
    assert found == expected


def test_a_charset_of_many_bytes() -> None:
    assert read("PIC X(4)", "łó".encode(), b"a\xdcb ", charset="utf-8").values.to_pylist() == ["łó", "a�b"]


def test_fields_may_have_code_pages_of_their_own() -> None:
    data = "ł ".encode("cp870")
    assert read("PIC X(2)", data).values.to_pylist() == ["ª"]
    assert read("PIC X(2)", data, pages={"F": code_page("cp870")}).values.to_pylist() == ["ł"]


# Letters that tell the pages apart; sources: IBM's code page tables (CDRA), as iconv has them.
@pytest.mark.parametrize(
    ("page", "byte", "character"),
    [
        ("cp037", 0x5A, "!"), ("cp037", 0x4F, "|"), ("cp273", 0xC0, "ä"), ("cp273", 0xD0, "ü"), ("cp500", 0x4A, "["),
        ("cp500", 0x4F, "!"), ("cp870", 0x9A, "ł"), ("cp875", 0x41, "Α"), ("cp875", 0x8A, "α"), ("cp1025", 0x77, "а"),
        ("cp1047", 0xAD, "["), ("cp1047", 0x5F, "^"), ("cp1140", 0x9F, "€"), ("cp1141", 0x9F, "€"),
        ("cp1141", 0xC0, "ä"),
        ("cp1148", 0x9F, "€"), ("cp1148", 0x4A, "["), ("cp1153", 0x9F, "€"), ("cp1153", 0x9A, "ł"),
    ],
)  # fmt: skip
def test_ebcdic_pages(page: str, byte: int, character: str) -> None:
    found = code_page(page)
    assert found.ebcdic
    assert chr(found.points[byte]) == character
    assert (chr(found.points[0x40]), chr(found.points[0xC1]), chr(found.points[0xF9])) == (" ", "A", "9")


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    lines = [f"0x{byte:02X}\t0x{code_page('cp037').points[byte]:04X}" for byte in range(256) if byte != 0x41]
    (tmp_path / "own.txt").write_text(
        "\n".join(["# our own", *lines, "0x9A\tU+0142\t# l with stroke", "0x41 # nothing"])
    )
    page = read_code_page(tmp_path / "own.txt")
    assert page.ebcdic
    assert (chr(page.points[0x9A]), page.undefined[0x41]) == ("ł", True)
    assert "ł".encode(page.name) == b"\x9a"
    assert read_code_page(tmp_path / "own.txt") is page
    (tmp_path / "bad.txt").write_text("0x41 0x0041\nnonsense\n")
    with pytest.raises(ContractError, match="no byte and its code point") as caught:
        read_code_page(tmp_path / "bad.txt")
    assert caught.value.where["line"] == 2
    with pytest.raises(ContractError, match="there is another code page"):
        add_code_page("cp037", " " * 256)


@pytest.mark.parametrize(
    ("clauses", "value", "message"),
    [
        ("PIC 9(2)", 100, "more than 2 digits"), ("PIC 9(2)", -1, "no sign"),
        ("PIC 9V9", Decimal("1.25"), "more decimals"), ("PIC X(2)", "abc", "3 bytes do not fit 2"),
        ("PIC X(2)", "ł", "has not"), ("PIC S9(4) COMP", 40000, "does not fit"),
        ("COMP-1", 1e80, "does not fit"), ("PIC 9(3) COMP-3", None, "without a value"),
        ("COMP-1", 1e-90, "too small"), ("COMP-1", "x", "could not convert"), ("PIC 9(3)", "x", "'x' is no number"),
        ("PIC S9(3) COMP-3", Decimal("NaN"), "is no number"), ("PIC 9(3) COMP", float("inf"), "is no number"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_never_written(clauses: str, value: Any, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        encode_field(field(clauses), value, PAGE)
