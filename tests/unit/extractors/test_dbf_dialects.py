"""Tables as other programs write them: odd headers, counts that are wrong, numbers and memos of every make."""

import struct
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from dbf_bytes import table, table7

from billing.errors import SourceError
from extractors.textnumbers import decimal_column

SPEC = {"format": "dbf", "code_page": "mazovia", "name": "konta.dbf"}
KEY = [("NR", "C", 6, 0), ("SALDO", "N", 8, 2)]
ROWS = [(b" ", "1", "1.00"), (b" ", "2", "-2.50"), (b"*", "3", "3.00")]


def with_byte(data: bytes, place: int, value: int) -> bytes:
    return data[:place] + bytes([value]) + data[place + 1 :]


def without_end_mark(data: bytes, fields: int) -> bytes:
    """The list of fields ends where the header says that it does, and has no 0D behind it."""
    place = 32 + 32 * fields
    return data[:8] + struct.pack("<H", place) + data[10:place] + data[place + 1 :]


def with_longer_header(data: bytes, fields: int, more: bytes) -> bytes:
    place = 32 + 32 * fields + 1
    return data[:8] + struct.pack("<H", place + len(more)) + data[10:place] + more + data[place:]


# --- headers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "version",
    [0x03, 0x04, 0x05, 0x07, 0x30, 0x31, 0x32, 0x43, 0x63, 0x7B, 0x83, 0x87, 0x8B, 0x8C, 0x8E, 0xB3, 0xCB, 0xE5, 0xF5,
     0xFB],
)  # fmt: skip
def test_every_version_has_a_name_and_its_records(decoded, version):
    make = table7 if version in {0x04, 0x8C} else table
    got = decoded(make(ROWS, fields=KEY, version=version), deleted="keep", **SPEC)
    assert [r["SALDO"] for r in got.rows()] == [Decimal("1.00"), Decimal("-2.50"), Decimal("3.00")]
    assert not got.facts.notes[0].startswith("version")


def test_the_name_of_the_database_container_stands_behind_the_fields(decoded):
    link = b"..\\baza\\billing.dbc".ljust(263, b"\0")
    got = decoded(with_longer_header(table(ROWS, fields=KEY, version=0x30), 2, link), deleted="keep", **SPEC)
    assert [r["NR"] for r in got.rows()] == ["1", "2", "3"]
    assert got.tables["konta"]["byte_offset"].to_pylist() == [32 + 64 + 1 + 263 + 15 * n for n in range(3)]


def test_a_zero_may_follow_the_end_mark(decoded):
    assert len(decoded(with_longer_header(table(ROWS, fields=KEY), 2, b"\0"), **SPEC).rows()) == 2


def test_the_end_mark_may_be_missing_where_the_lengths_prove_the_list(decoded):
    assert decoded(without_end_mark(table(ROWS, fields=KEY), 2), **SPEC).rows()[1]["SALDO"] == Decimal("-2.50")
    cut = without_end_mark(table(ROWS, fields=KEY), 2)
    cut = cut[:8] + struct.pack("<H", 32 + 32) + cut[10:]  # and a field less than there is
    with pytest.raises(SourceError, match="wrong record length"):
        decoded(cut, **SPEC)


def test_a_table_without_fields_stops(decoded):
    with pytest.raises(SourceError, match="declares no fields"):
        decoded(table([], fields=[]), **SPEC)


@pytest.mark.parametrize(("version", "stops"), [(0x8B, True), (0x7B, True), (0x43, True), (0x03, False), (0x30, False)])
def test_an_encrypted_table_stops(decoded, version, stops):
    data = with_byte(table(ROWS, fields=KEY, version=version), 15, 1)
    if stops:
        with pytest.raises(SourceError, match="encrypted") as failure:
            decoded(data, **SPEC)
        assert failure.value.where["byte_offset"] == 15 and "without encryption" in failure.value.remedy
    else:
        assert len(decoded(data, **SPEC).rows()) == 2


def test_names_may_fill_their_eleven_bytes_and_have_rubbish_behind_their_end(decoded):
    fields = [("NR", "C", 6, 0), ("SALDO", "N", 8, 2), ("ABCDEFGHIJK", "C", 3, 0), ("TEL", "C", 3, 0)]
    data = bytearray(table([(b" ", "1", "1.00", "x", "y")], fields=fields))
    data[32 + 3 * 32 + 4 : 32 + 3 * 32 + 11] = b"\xffrubbis"
    assert decoded(bytes(data), **SPEC).rows() == [{"NR": "1", "SALDO": Decimal(1), "ABCDEFGHIJK": "x", "TEL": "y"}]


# --- counts and ends -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "end", "cause", "record"),
    [
        (2, b"", "longer than its header says", 3),
        (4, b"", "truncated", 4),
        (0xFFFFFFFF, b"\x1a", "truncated", 4),
        (0, b"", "longer than its header says", 1),
        (3, b" 4   ", "longer than its header says", 4),  # the beginning of one more
        (3, b"\0" * 40 + b" 4     ", "longer than its header says", 4),  # zeros, and a record behind them
    ],
)
def test_a_count_that_is_not_the_files_stops(decoded, count, end, cause, record):
    with pytest.raises(SourceError, match=cause) as failure:
        decoded(table(ROWS, fields=KEY, count=count, end=end), **SPEC)
    assert failure.value.where["record_no"] == record
    assert "sent again" in failure.value.remedy


@pytest.mark.parametrize("end", [b"\0" * 3_000_000, b"\x1a" + b"\xe5" * 600])
def test_space_behind_the_last_record_is_none_of_the_table(decoded, end):
    assert len(decoded(table(ROWS, fields=KEY, end=end), **SPEC).rows()) == 2


def test_an_end_mark_among_the_records_is_a_record_that_is_none(decoded):
    got = decoded(table([ROWS[0], (b"\x1a", "2", "2.00"), ROWS[2]], fields=KEY), deleted="keep", **SPEC)
    assert [r["NR"] for r in got.rows()] == ["1", "3"]
    assert [(r["reason"], r["record_no"]) for r in got.rejects] == [("REC-TYPE", 2)]


# --- values ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "width", "decimals", "text", "value"),
    [
        ("N", 8, 2, "12345678", "12345678.00"),  # FoxPro drops the decimals where the number does not fit else
        ("N", 8, 2, "-1234567", "-1234567.00"),
        ("N", 8, 2, "123456.", "123456.00"),
        ("N", 2, 1, "13", "13.0"),
        ("N", 1, 0, "7", "7"),
        ("N", 20, 18, "0.123456789012345678", "0.123456789012345678"),
        ("N", 20, 18, "-.123456789012345678", "-0.123456789012345678"),
        ("N", 20, 0, "12345678901234567890", "12345678901234567890"),
        ("N", 19, 0, "-999999999999999999", "-999999999999999999"),
        ("N", 32, 0, "12345678901234567890123456789012", "12345678901234567890123456789012"),
        ("N", 34, 2, "-1234567890123456789012345678901.5", "-1234567890123456789012345678901.50"),
        ("N", 8, 2, "1E+999", None),
        ("F", 20, 4, "1.5000000E+003", "1500.0000"),
        ("F", 20, 4, "-0", "0.0000"),
        ("N", 8, 2, "00000.10", "0.10"),
        ("N", 8, 2, "\t   1.00", None),
        ("N", 8, 2, "0.01**", None),
        ("N", 8, 2, "1,234.50", None),
    ],
)
def test_a_number_is_what_stands_there(decoded, kind, width, decimals, text, value):
    fields = [*KEY, ("X", kind, width, decimals)]
    rows = [(b" ", str(n), "1.00", text if n == 1 else "1") for n in range(3)]
    got = decoded(table(rows, fields=fields), **SPEC)
    assert [r["X"] for r in got.rows()] == [1, None if value is None else Decimal(value), 1]
    assert [r["field"] for r in got.rejects] == ([] if value else ["X"])


@pytest.mark.parametrize(("width", "scale"), [(1, 0), (3, 2), (4, 2), (9, 0), (12, 2), (19, 4), (22, 0), (30, 8)])
def test_a_column_is_read_as_its_numbers_are_one_by_one(width, scale):
    draw = np.random.default_rng(width)
    cells = np.frombuffer(b"  \0-+.0123456789*", np.uint8)[draw.integers(0, 17, (400, width))]
    values = draw.integers(-(10 ** min(width - 1, 17)), 10 ** min(width - 1, 17), 400).tolist()
    for row, value in enumerate(values[:300]):
        whole = value // 10 ** int(draw.integers(0, width))
        text = f"{Decimal(whole).scaleb(-scale):.{scale}f}".encode()[-width:]
        cells[row] = np.frombuffer(text.rjust(width), np.uint8)
    together, faults = decimal_column(cells, scale)
    for row, value in enumerate(together.to_pylist()):
        text = cells[row].tobytes().strip(b" \0")
        (alone,), fault = decimal_column(cells[row : row + 1], scale)
        assert (value, faults.get(row)) == (alone.as_py(), fault.get(0))
        if value is not None:
            assert value == Decimal(text.decode())
        elif row not in faults:
            assert text in (b"", b".")


def test_logical_letters_and_what_is_none(decoded):
    rows = [(b" ", str(n), "1.00", letter) for n, letter in enumerate(["t", "Y", "f", "N", "?", " ", "\0", "1"])]
    got = decoded(table(rows, fields=[*KEY, ("L", "L", 1, 0)]), **SPEC)
    assert [r["L"] for r in got.rows()] == ["T", "Y", "F", "N", None, None, None, None]
    assert [(r["reason"], r["record_no"]) for r in got.rejects] == [("CODE-UNMAPPED", 8)]


# --- memos -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [1, 33, 64, 512])
@pytest.mark.parametrize("suffix", [".fpt", ".DCT", ".sct", ".vct", ".frt"])
def test_foxpro_memos_by_every_size_of_block_and_name(decoded, tmp_path: Path, block, suffix):
    text = b"VERSION =   3.00\r\nwiersz"
    first = -(-512 // block)
    content = (b"\0" * 6 + struct.pack(">H", block)).ljust(first * block, b"\0")
    content += struct.pack(">II", 1, len(text)) + text
    (tmp_path / f"konta{suffix}").write_bytes(content)
    fields = [*KEY, ("UWAGI", "M", 4, 0)]
    rows = [(b" ", "1", "1.00", struct.pack("<I", first)), (b" ", "2", "1.00", bytes(4)),
            (b" ", "3", "1.00", struct.pack("<i", -1))]  # fmt: skip
    got = decoded(table(rows, fields=fields, version=0x30), **SPEC)
    assert [r["UWAGI"] for r in got.rows()] == ["VERSION =   3.00\r\nwiersz", None, None]
    assert [(r["reason"], r["record_no"]) for r in got.rejects] == [("DBF-MEMO", 3)]


@pytest.mark.parametrize("block", [512, 1024, 2048])
def test_dbase4_memos_by_every_size_of_block(decoded, tmp_path: Path, block):
    text = "Zażółć".encode("mazovia") * 300
    memo = (b"\0" * 20 + struct.pack("<H", block)).ljust(block, b"\0")
    memo += b"\xff\xff\x08\x00" + struct.pack("<I", len(text) + 8) + text
    (tmp_path / "konta.dbt").write_bytes(memo)
    rows = [(b" ", "1", "1.00", "0000000001"), (b" ", "2", "1.00", "         1"), (b" ", "3", "1.00", "0000000000")]
    got = decoded(table(rows, fields=[*KEY, ("UWAGI", "M", 10, 0)], version=0x8B), **SPEC)
    assert [r["UWAGI"] for r in got.rows()] == ["Zażółć" * 300, "Zażółć" * 300, None]
