"""Zoned, packed and binary numbers: tables of bytes, and round trips through an encoder of the test's own."""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors.codepages.tables import code_page
from extractors.copybook.decode import decode_field
from extractors.copybook.digits import Numbers, binary, decimals, packed, zoned
from extractors.copybook.layout import Copybook


def block(*rows: bytes) -> np.ndarray:
    return np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), -1)


def values(numbers: Numbers) -> list[int | None]:
    array = decimals(numbers, pa.decimal128(38, 0), nulls=numbers.defects)
    array.validate(full=True)
    return [None if v is None else int(v) for v in array.to_pylist()]


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("F0F0F1F2F3F4C5", 12345),
        ("F0F0F1F2F3F4D5", -12345),
        ("F0F0F1F2F3F4F5", 12345),
        ("F0F0F1F2F3F4A5", 12345),
        ("F0F0F1F2F3F4E5", 12345),
        ("F0F0F1F2F3F4B5", -12345),
        ("F0F0F0F0F0F0D0", 0),
        ("F9F9F9F9F9F9D9", -9999999),
        ("F0F0F1F2F3F485", None),  # no sign zone
        ("F0F0F1FAF3F4C5", None),  # no digit
        ("F0F0F140F3F4C5", None),  # a blank within
        ("4040404040F4C5", None),  # blanks in front are no zeros
        ("00000000000000", None),
        ("F0F0F1F2F3F4CA", None),
        ("D0F0F1F2F3F4C5", None),  # the sign in the wrong place
    ],
)
def test_zoned(data: str, value: int | None) -> None:
    assert values(zoned(block(bytes.fromhex(data)), signed=True)) == [value]


def test_zoned_unsigned_takes_no_minus() -> None:
    rows = block(bytes.fromhex("F1F2F3"), bytes.fromhex("F1F2C3"), bytes.fromhex("F1F2D3"))
    assert values(zoned(rows, signed=False)) == [123, 123, None]


@pytest.mark.parametrize(
    ("data", "leading", "separate", "value"),
    [
        ("D1F2F3", True, False, -123),
        ("C1F2F3", True, False, 123),
        ("F1F2D3", True, False, None),
        ("60F1F2F3", True, True, -123),
        ("4EF1F2F3", True, True, 123),
        ("F1F2F360", False, True, -123),
        ("F1F2F34E", False, True, 123),
        ("F1F2F340", False, True, None),
        ("F1F2F3F4", False, True, None),
    ],
)
def test_zoned_sign_positions(data: str, leading: bool, separate: bool, value: int | None) -> None:
    numbers = zoned(block(bytes.fromhex(data)), signed=True, leading=leading, separate=separate)
    assert values(numbers) == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [("0123", 123), ("012C", 123), ("012L", -123), ("012}", -120), ("012{", 120), ("012s", -123), ("01 3", None)],
)
def test_zoned_in_ascii(text: str, value: int | None) -> None:
    assert values(zoned(block(text.encode()), signed=True, ebcdic=False)) == [value]


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("12345C", 12345),
        ("12345D", -12345),
        ("12345F", 12345),
        ("12345A", 12345),
        ("12345B", -12345),
        ("12345E", 12345),
        ("00000D", 0),
        ("123459", None),  # a digit for a sign
        ("12A45C", None),
        ("404040", None),
        ("000000", None),
        ("FFFFFF", None),
    ],
)
def test_packed(data: str, value: int | None) -> None:
    assert values(packed(block(bytes.fromhex(data)), signed=True)) == [value]


def test_packed_unsigned_takes_no_minus() -> None:
    assert values(packed(block(b"\x12\x3f", b"\x12\x3c", b"\x12\x3d"), signed=False)) == [123, 123, None]


def test_packed_with_an_even_number_of_digits_leaves_half_a_byte_unused() -> None:
    rows = block(b"\x01\x23\x4c", b"\x91\x23\x4c")
    assert values(packed(rows, signed=True, digits=4)) == [1234, None]
    assert values(packed(rows, signed=True, digits=5)) == [1234, 91234]


@pytest.mark.parametrize(
    ("data", "signed", "value"),
    [
        ("7FFF", True, 32767),
        ("FFFF", True, -1),
        ("FFFF", False, 65535),
        ("80000000", True, -(2**31)),
        ("FFFFFFFF", False, 2**32 - 1),
        ("8000000000000000", True, -(2**63)),
        ("FFFFFFFFFFFFFFFF", False, 2**64 - 1),
    ],
)
def test_binary(data: str, signed: bool, value: int) -> None:
    raw = bytes.fromhex(data)
    assert values(binary(block(raw), signed=signed)) == [value]
    assert values(binary(block(raw[::-1]), signed=signed, big_endian=False)) == [value]


@pytest.mark.parametrize(
    ("picture", "data", "value"),
    [
        ("S9(3)V99 COMP-3", "01234D", Decimal("-12.34")),
        ("9(3)PPP", "F1F2F3", Decimal("123000")),
        ("S9(3)PPP COMP-3", "123D", Decimal("-123000")),
        ("SVPP99", "F1D2", Decimal("-0.0012")),
        ("S9(2)V9(4) COMP", "FFFFFF9C", Decimal("-0.0100")),
        ("S9(31)", "F9" * 30 + "D9", Decimal("-" + "9" * 31)),
        ("S9(31) COMP-3", "99" * 15 + "9C", Decimal("9" * 31)),
        ("S9(29)PPP", "F9" * 28 + "D9", Decimal("-" + "9" * 29 + "000")),
    ],
)
def test_implied_scale(picture: str, data: str, value: Decimal) -> None:
    [field] = Copybook.parse("r.cpy", f"01 R. 05 F PIC {picture}.").layout().fields
    column = decode_field(block(bytes.fromhex(data)), field, code_page("cp870"))
    column.values.validate(full=True)
    assert column.values.to_pylist() == [value]
    assert column.defects is None


def test_a_zoned_field_that_was_never_filled_in_is_blank_not_defective() -> None:
    [field] = Copybook.parse("r.cpy", "01 R. 05 F PIC S9(3).").layout().fields
    rows = block(b"\x40\x40\x40", b"\x00\x00\x00", b"\x40\x40\x00", bytes.fromhex("F1F2C3"))
    column = decode_field(rows, field, code_page("cp870"))
    assert column.values.to_pylist() == [None, None, None, Decimal(123)]
    assert column.blanks is not None
    assert column.blanks.tolist() == [True, True, False, False]
    assert column.defects is not None
    assert column.defects.tolist() == [False, False, True, False]


# --- round trips: an encoder as simple as can be ------------------------------------------------------------------


def encode_zoned(value: int, digits: int) -> bytes:
    text = f"{abs(value):0{digits}d}"
    sign = 0xD0 if value < 0 else 0xC0
    return bytes([0xF0 | int(c) for c in text[:-1]] + [sign | int(text[-1])])


def encode_packed(value: int, digits: int) -> bytes:
    width = digits // 2 + 1
    return bytes.fromhex(f"{abs(value):0{2 * width - 1}d}" + ("D" if value < 0 else "C"))


numbers_of = st.integers(1, 38).flatmap(
    lambda digits: st.tuples(
        st.just(digits), st.lists(st.integers(-(10**digits) + 1, 10**digits - 1), min_size=1, max_size=20)
    )
)


@settings(max_examples=120, deadline=None)
@given(numbers_of)
def test_decode_after_encode_is_identity(case: tuple[int, list[int]]) -> None:
    digits, numbers = case
    rows = block(*(encode_zoned(n, digits) for n in numbers))
    assert values(zoned(rows, signed=True)) == numbers
    rows = block(*(encode_packed(n, digits) for n in numbers))
    assert values(packed(rows, signed=True, digits=digits)) == numbers


def oracle_zoned(data: bytes) -> int | None:
    head, last = data[:-1], data[-1]
    if any(b >> 4 != 0xF or b & 15 > 9 for b in head) or last >> 4 < 0xA or last & 15 > 9:
        return None
    size = int("".join(str(b & 15) for b in data))
    return -size if last >> 4 in (0xB, 0xD) else size


def oracle_packed(data: bytes) -> int | None:
    text = data.hex()
    if not text[:-1].isdigit() or text[-1].isdigit():
        return None
    return -int(text[:-1]) if text[-1] in "bd" else int(text[:-1])


almost_zoned = st.sampled_from([*range(0xF0, 0xFA)] * 6 + [0xC1, 0xD2, 0x40, 0xFA, 0x00, 0xA3, 0xB4])
almost_packed = st.integers(0, 9).flatmap(lambda a: st.integers(0, 12).map(lambda b: a << 4 | b))


@settings(max_examples=120, deadline=None)
@given(st.integers(1, 19).flatmap(lambda w: st.lists(st.lists(almost_zoned, min_size=w, max_size=w), min_size=1)))
def test_damaged_zoned_numbers_are_found_wherever_the_damage_is(rows: list[list[int]]) -> None:
    data = [bytes(row) for row in rows]
    assert values(zoned(block(*data), signed=True)) == [oracle_zoned(row) for row in data]


@settings(max_examples=120, deadline=None)
@given(st.integers(1, 19).flatmap(lambda w: st.lists(st.lists(almost_packed, min_size=w, max_size=w), min_size=1)))
def test_damaged_packed_numbers_are_found_wherever_the_damage_is(rows: list[list[int]]) -> None:
    data = [bytes(row) for row in rows]
    assert values(packed(block(*data), signed=True)) == [oracle_packed(row) for row in data]
