"""The generator's own encoders against vectors worked out by hand or published."""

from __future__ import annotations

import numpy as np
import pytest

from samples.codepages import encode, encode_utf8, interleave, join
from samples.dbf import BLOCK, DbfField, DbfTable
from samples.identifiers import make_pesel
from samples.mainframe import binary, display, packed, with_rdw, zoned
from samples.phones import spaced
from samples.text import amount, dates, day, digits, fold, misspell, number

LOWER = "ąćęłńóśźż"


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("mazovia", "86 8d 91 92 a4 a2 9e a6 a7"),
        ("cp852", "a5 86 a9 88 e4 a2 98 ab be"),
        ("cp1250", "b9 e6 ea b3 f1 f3 9c 9f bf"),
        ("iso8859-2", "b1 e6 ea b3 f1 f3 b6 bc bf"),
        ("cp870", "a0 49 52 9a 9b ce 8a b7 b2"),
    ],
)
def test_polish_letters(page: str, expected: str) -> None:
    assert encode(np.array([LOWER]), page, 9).tobytes().hex(" ") == expected


def test_mazovia_capitals() -> None:
    expected = bytes.fromhex("8f 95 90 9c a5 a3 98 a0 a1")
    assert encode(np.array(["ĄĆĘŁŃÓŚŹŻ"]), "mazovia", 9).tobytes() == expected


def test_fields_are_cut_and_padded_with_the_blank_of_the_page() -> None:
    assert encode(np.array(["abcdef", "a"]), "cp852", 3).tobytes() == b"abca  "
    assert encode(np.array(["a"]), "cp870", 3).tobytes().hex() == "814040"


def test_a_letter_that_the_page_lacks_is_an_error() -> None:
    with pytest.raises(ValueError, match="'ř' does not exist in mazovia"):
        encode(np.array(["ř"]), "mazovia", 3)


def test_utf8_and_join_drop_the_padding() -> None:
    rows = encode_utf8(np.array(["Łódź", "a"]))
    assert join(2, rows, b";") == "Łódź;a;".encode()


@pytest.mark.parametrize(("value", "expected"), [(12345, "12345c"), (-12345, "12345d"), (0, "00000c")])
def test_packed(value: int, expected: str) -> None:
    assert packed(np.array([value]), 5).tobytes().hex() == expected


def test_packed_with_an_even_number_of_digits_has_a_leading_nought() -> None:
    assert packed(np.array([1234]), 4).tobytes().hex() == "01234c"
    assert packed(np.array([1234]), 4, signed=False).tobytes().hex() == "01234f"


@pytest.mark.parametrize(("value", "expected"), [(12345, "0001234E"), (-12345, "0001234N"), (0, "0000000{")])
def test_zoned(value: int, expected: str) -> None:
    assert zoned(np.array([value]), 8).tobytes().decode("cp037") == expected


def test_display_and_binary() -> None:
    assert display(np.array([42]), 4).tobytes().hex() == "f0f0f4f2"
    assert binary(np.array([-2]), 2).tobytes().hex() == "fffe"


def test_rdw_counts_itself() -> None:
    assert with_rdw(np.array([[1, 2, 3]], dtype=np.uint8)).tobytes().hex() == "00070000010203"


def test_interleave_orders_by_key_and_keeps_the_kinds_in_order() -> None:
    first = (np.array([0, 1]), np.array([[0xA0], [0xA1]], dtype=np.uint8))
    second = (np.array([1, 0, 0]), np.array([[0xB1, 1], [0xB0, 2], [0xB0, 3]], dtype=np.uint8))
    assert interleave([first, second]).hex(" ") == "a0 b0 02 b0 03 a1 b1 01"


def test_amounts() -> None:
    grosze = np.array([123456, -5, 0, 123456789])
    assert amount(grosze).tolist() == ["1234.56", "-0.05", "0.00", "1234567.89"]
    polish = amount(grosze, decimal=",", thousands=" ", minus="trailing").tolist()
    assert polish == ["1 234,56", "0,05-", "0,00", "1 234 567,89"]


def test_dates() -> None:
    days = np.array([day(2000, 12, 31), day(1944, 5, 14)])
    assert dates(days, "YYDDD").tolist() == ["00366", "44135"]
    assert dates(days, "CYYMMDD").tolist() == ["1001231", "0440514"]
    assert dates(days, "DD-MM-YY").tolist() == ["31-12-00", "14-05-44"]


def test_text_functions_accept_no_rows() -> None:
    none = np.array([], dtype=np.int64)
    assert amount(none).tolist() == []
    assert number(none).tolist() == []
    assert digits(none, 3).tolist() == []
    assert fold(np.array([], dtype="U3")).tolist() == []


def test_misspelling_swaps_two_letters_and_nothing_else() -> None:
    texts = np.array(["Wiśniewski", "Nowak", "Ćwik", "Żak"])
    wrong = misspell(texts, np.array([True, False, True, True]), np.array([3, 3, 3, 3]))
    assert sorted(wrong[0]) == sorted("Wiśniewski")
    assert wrong[0] != texts[0]
    assert wrong[1] == "Nowak"
    assert wrong[3] == "Żak"  # too short to be recognised afterwards


def test_pesel_of_the_vector() -> None:
    # 44051401458: serial 014, sex digit 5
    assert make_pesel(np.array([day(1944, 5, 14)]), np.array([14 * 5 + 2]), np.array([True])).tolist() == [
        "44051401458"
    ]


def test_telephone_groups() -> None:
    assert spaced(np.array([6251234]), "-").tolist() == ["625-12-34"]


def test_dbf_layout(tmp_path) -> None:
    path = tmp_path / "T.DBF"
    fields = [
        DbfField("NR", "N", 6),
        DbfField("KWOTA", "N", 9, 2),
        DbfField("NAZWA", "C", 5),
        DbfField("MEMO", "M", 10),
    ]
    table = DbfTable(path, fields, "mazovia", 0x00, (2003, 9, 30))
    table.add(
        np.array([1, 2]), np.array([-150, 99]), np.array(["Żar", "x"]), np.array(["", "Łąka"]),
        overflow={"KWOTA": np.array([False, True])}, deleted=np.array([True, False]),
    )  # fmt: skip
    table.close()
    data = path.read_bytes()
    assert data[0] == 0x83
    assert data[1:4] == bytes([103, 9, 30])
    assert int.from_bytes(data[4:8], "little") == 2
    header, length = int.from_bytes(data[8:10], "little"), int.from_bytes(data[10:12], "little")
    assert (header, length) == (32 * 5 + 1, 31)
    assert data[header - 1] == 0x0D
    assert data[header : header + length] == b"*     1    -1.50\xa1ar  " + b" " * 10
    assert data[header + length : -1] == b"      2*********x             1"
    assert data[-1] == 0x1A
    memo = (tmp_path / "T.DBT").read_bytes()
    assert int.from_bytes(memo[:4], "little") == 2
    assert memo[BLOCK : BLOCK + 6] == bytes.fromhex("9c 86 6b 61 1a 1a")
    assert len(memo) == 2 * BLOCK
