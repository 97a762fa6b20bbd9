import struct
from decimal import Decimal
from pathlib import Path

import pytest
from dbf_bytes import FIELDS, table

from billing.errors import SourceError

SPEC = {"format": "dbf", "code_page": "mazovia", "name": "konta.dbf"}

ROWS = [
    (b" ", "1", "Łódź żółć", "12.50", "20030131", "T"),
    (b" ", "2", "", "-0.01", "", "?"),
    (b"*", "3", "skreślony", "7.00", "20030101", "n"),
    (b" ", "4", "Gęś", "", "00000000", "N"),
]


def test_values_have_their_types(decoded):
    data = table(ROWS)
    got = decoded(data, deleted="keep", **SPEC)
    assert got.rows()[0] == {"NR": "1", "NAZWA": "Łódź żółć", "SALDO": Decimal("12.50"), "OD": "20030131", "AKT": "T"}
    assert got.rows()[1] == {"NR": "2", "NAZWA": None, "SALDO": Decimal("-0.01"), "OD": None, "AKT": None}
    assert got.rows()[3]["SALDO"] is None
    assert [r["AKT"] for r in got.rows()] == ["T", None, "N", "N"]
    assert str(got.tables["konta"].schema.field("SALDO").type) == "decimal128(10, 2)"
    assert [raw[1:7].strip() for raw in got.raw()] == [b"1", b"2", b"3", b"4"]
    assert got.tables["konta"]["record_no"].to_pylist() == [1, 2, 3, 4]
    assert got.facts.records == got.facts.declared_records == 4


def test_a_deleted_record_is_held_back_with_its_bytes(decoded):
    got = decoded(table(ROWS), **SPEC)
    assert [r["NR"] for r in got.rows()] == ["1", "2", "4"]
    (reject,) = got.rejects
    assert (reject["reason"], reject["disposition"], reject["record_no"]) == ("DBF-DELETED", "suspended", 3)
    assert reject["raw"].startswith(b"*3     skre\x9elony")
    assert got.facts.records == 4


def test_deleted_records_may_be_left_out_by_declaration(decoded):
    got = decoded(table(ROWS), deleted="skip", **SPEC)
    assert [r["NR"] for r in got.rows()] == ["1", "2", "4"]
    assert got.rejects == []
    assert got.facts.records == 3
    assert any("1 record with the deletion mark left out" in note for note in got.facts.notes)


@pytest.mark.parametrize(
    ("text", "value", "reason"),
    [
        ("12.5", Decimal("12.50"), None),
        ("+12.50", Decimal("12.50"), None),
        (".5", Decimal("0.50"), None),
        ("-.5", Decimal("-0.50"), None),
        ("12", Decimal("12.00"), None),
        ("12,50", Decimal("12.50"), None),
        ("1.2E1", Decimal("12.00"), None),
        ("12.500", Decimal("12.50"), None),
        ("99999.99", Decimal("99999.99"), None),
        (".", None, None),
        ("********", None, "NUM-OVERFLOW"),
        ("*****.**", None, "NUM-OVERFLOW"),
        ("12.505", None, "NUM-TEXT"),
        ("12.5O", None, "NUM-TEXT"),
        ("1 2.50", None, "NUM-TEXT"),
        ("--1.00", None, "NUM-TEXT"),
        ("1-2.00", None, "NUM-TEXT"),
        ("1.2.50", None, "NUM-TEXT"),
        ("-", None, "NUM-TEXT"),
        ("abc", None, "NUM-TEXT"),
    ],
)
def test_numbers_are_exact_or_no_numbers(decoded, text, value, reason):
    rows = [(b" ", "1", "", "1.00", "", ""), (b" ", "2", "", text, "", ""), (b" ", "3", "", "3.00", "", "")]
    got = decoded(table(rows), **SPEC)
    if reason is None:
        assert [r["SALDO"] for r in got.rows()] == [Decimal("1.00"), value, Decimal("3.00")]
        return
    assert [r["SALDO"] for r in got.rows()] == [Decimal("1.00"), Decimal("3.00")]
    (reject,) = got.rejects
    assert (reject["reason"], reject["field"], reject["record_no"]) == (reason, "SALDO", 2)
    assert text.encode() in reject["raw"]


def test_numbers_beyond_64_bits_are_exact(decoded):
    fields = [("NR", "C", 2, 0), ("SALDO", "N", 20, 0)]
    values = ["99999999999999999999", "-9999999999999999999", "9223372036854775808", "1"]
    rows = [(b" ", str(n), value) for n, value in enumerate(values)]
    got = decoded(table(rows, fields=fields), **SPEC)
    assert [r["SALDO"] for r in got.rows()] == [Decimal(v) for v in values]


def test_a_left_justified_number_is_read(decoded):
    got = decoded(table([(b" ", "1", "", b"12.50   ", "", "")]), **SPEC)
    assert got.rows()[0]["SALDO"] == Decimal("12.50")


def test_an_unreadable_number_that_decides_nothing_is_flagged(decoded):
    fields = [*FIELDS[:3], ("LIMIT", "N", 5, 0)]
    got = decoded(table([(b" ", "1", "", "1.00", "*****")], fields=fields), **SPEC)
    assert got.rows()[0]["LIMIT"] is None
    assert [(r["reason"], r["disposition"], r["raw"]) for r in got.rejects] == [("NUM-OVERFLOW", "flagged", b"*****")]


@pytest.mark.parametrize(("page", "byte"), [("mazovia", 0x86), ("cp852", 0xA5), ("cp1250", 0xB9)])
def test_the_declared_page_decides(decoded, page, byte):
    got = decoded(table([(b" ", "1", bytes([byte]), "1.00", "", "")]), **{**SPEC, "code_page": page})
    assert got.rows()[0]["NAZWA"] == "ą"


def test_a_language_byte_that_says_otherwise_is_noted(decoded):
    got = decoded(table(ROWS, language=0x64), **SPEC)
    assert any("language byte 64 means cp852, the source declares mazovia" in note for note in got.facts.notes)
    got = decoded(table(ROWS, language=0x69), **SPEC)
    assert not any("language byte" in note for note in got.facts.notes)


def test_bytes_that_contradict_the_page_stop_the_table(decoded):
    names = ["Łódź", "Święta", "Żółć", "Gęś", "Łoś", "Kąty", "Ćma", "Jarosław"]
    rows = [(b" ", str(n), names[n % 8], "1.00", "", "") for n in range(100)]
    assert len(decoded(table(rows), **SPEC).rows()) == 100
    with pytest.raises(SourceError, match=r"contradict the declared code page cp852.* under mazovia"):
        decoded(table(rows), **{**SPEC, "code_page": "cp852"})


def test_control_characters_are_flagged_and_line_ends_are_not(decoded):
    rows = [
        (b" ", "1", "a\x01b", "1.00", "", ""),
        (b" ", "2", "a\r\nb", "1.00", "", ""),
        (b" ", "3", "c\0\0\0", "1.00", "", ""),
    ]
    got = decoded(table(rows), **SPEC)
    assert [r["NAZWA"] for r in got.rows()] == [None, "a\r\nb", "c"]
    assert [(r["reason"], r["record_no"]) for r in got.rejects] == [("ENC-CTRL", 1)]


def test_a_strange_deletion_mark_is_no_record(decoded):
    got = decoded(table([(b"x", "1", "", "1.00", "", ""), (b"\0", "2", "", "1.00", "", "")]), **SPEC)
    assert [r["NR"] for r in got.rows()] == ["2"]
    assert [r["reason"] for r in got.rejects] == ["REC-TYPE"]


def test_clipper_writes_long_texts(decoded):
    fields = [("NR", "C", 6, 0), ("OPIS", "C", 300, 0), ("SALDO", "N", 8, 2)]
    got = decoded(table([(b" ", "1", "ż" * 299, "1.00")], fields=fields), **SPEC)
    assert got.rows()[0]["OPIS"] == "ż" * 299


def test_an_empty_table_has_columns(decoded):
    got = decoded(table([]), **SPEC)
    assert got.rows() == []
    assert got.tables["konta"].column_names[:5] == [f[0] for f in FIELDS]


def test_batches_are_one_table(decoded):
    rows = [(b"*" if n % 10 == 0 else b" ", str(n), f"nazwa {n}", f"{n}.{n % 100:02}", "", "") for n in range(2500)]
    got = decoded(table(rows), batch_rows=400, **SPEC)
    assert [r["SALDO"] for r in got.rows()] == [Decimal(f"{n}.{n % 100:02}") for n in range(2500) if n % 10]
    assert len(got.rejects) == 250


# --- damaged files ---------------------------------------------------------------------------------------------


def test_a_cut_table_stops_with_its_sizes(decoded):
    whole = table(ROWS)
    with pytest.raises(
        SourceError, match=f"truncated: {len(whole) - 1} bytes expected for 4 records of 36, 300 found"
    ) as caught:
        decoded(whole[:300], **SPEC)
    assert caught.value.where["byte_offset"] == 300
    assert caught.value.where["record_no"] == (300 - 193) // 36 + 1


def test_more_records_than_the_header_says_stop(decoded):
    with pytest.raises(SourceError, match="longer than its header says"):
        decoded(table(ROWS, count=3), **SPEC)


def test_a_text_mode_transfer_stops(decoded):
    data = table([(b" ", "1", "a\nb", "1.00", "", "")] * 3)
    with pytest.raises(SourceError, match="binary mode"):
        decoded(data.replace(b"\n", b"\r\n"), **SPEC)


@pytest.mark.parametrize("end", [b"", b"\x1a", b"\x1a\x1a", b"\x1a" + b" " * 500, b"\0\0"])
def test_what_may_follow_the_last_record(decoded, end):
    assert len(decoded(table(ROWS, end=end), **SPEC).rows()) == 3


def test_a_wrong_record_length_stops(decoded):
    data = bytearray(table(ROWS))
    data[10] += 1
    with pytest.raises(
        SourceError, match=r"wrong record length: the fields and the deletion mark take 36 bytes, .* 37"
    ):
        decoded(bytes(data), **SPEC)


@pytest.mark.parametrize("size", [1, 20, 40, 100])
def test_a_cut_header_stops(decoded, size):
    with pytest.raises(SourceError, match="inside its header"):
        decoded(table(ROWS)[:size], **SPEC)


def test_what_is_no_table_stops(decoded):
    with pytest.raises(SourceError, match="first byte 50 is that of no known DBF version"):
        decoded(b"PK\x03\x04" * 50, **SPEC)


def test_an_empty_file_stops(decoded):
    with pytest.raises(SourceError, match="empty"):
        decoded(b"", **SPEC)


# --- memos -----------------------------------------------------------------------------------------------------

MEMO_FIELDS = [("NR", "C", 6, 0), ("SALDO", "N", 8, 2), ("UWAGI", "M", 10, 0)]


def dbt3(*texts: bytes) -> bytes:
    blocks = [b"\0" * 512]
    for text in texts:
        padded = text + b"\x1a\x1a"
        blocks.append(padded.ljust(-(-len(padded) // 512) * 512, b"\0"))
    return b"".join(blocks)


def dbt4(*texts: bytes) -> bytes:
    blocks = [b"\0" * 20 + struct.pack("<H", 512) + b"\0" * 490]
    for text in texts:
        blocks.append((b"\xff\xff\x08\x00" + struct.pack("<I", len(text) + 8) + text).ljust(512, b"\0"))
    return b"".join(blocks)


def fpt(*texts: bytes) -> bytes:
    blocks = [(b"\0\0\0\x08\0\0" + struct.pack(">H", 64)).ljust(512, b"\0")]
    for text in texts:
        blocks.append((struct.pack(">II", 1, len(text)) + text).ljust(64, b"\0"))
    return b"".join(blocks)


@pytest.mark.parametrize(
    ("version", "suffix", "memo", "first"),
    [(0x83, ".DBT", dbt3, 1), (0x8B, ".dbt", dbt4, 1), (0xF5, ".Fpt", fpt, 8)],
)
def test_memos_of_every_kind(decoded, tmp_path: Path, version, suffix, memo, first):
    texts = ["Zażółć gęślą jaźń".encode("mazovia"), b"wiersz \x8d\nzawini\x91ty\r\ndrugi\r\n"]
    (tmp_path / f"KONTA{suffix}").write_bytes(memo(*texts))
    rows = [(b" ", "1", "1.00", str(first)), (b" ", "2", "2.00", ""), (b" ", "3", "3.00", str(first + 1))]
    got = decoded(table(rows, fields=MEMO_FIELDS, version=version), **SPEC)
    assert [r["UWAGI"] for r in got.rows()] == ["Zażółć gęślą jaźń", None, "wiersz zawinięty\r\ndrugi"]


def test_a_memo_that_is_not_there_is_flagged(decoded, tmp_path: Path):
    (tmp_path / "konta.dbt").write_bytes(dbt3(b"tekst")[:515])
    rows = [(b" ", "1", "1.00", "1"), (b" ", "2", "2.00", "77")]
    got = decoded(table(rows, fields=MEMO_FIELDS, version=0x83), **SPEC)
    assert [r["UWAGI"] for r in got.rows()] == [None, None]
    assert [(r["reason"], r["disposition"]) for r in got.rejects] == [("DBF-MEMO", "flagged")] * 2


def test_a_missing_memo_file_stops_only_where_memos_are(decoded):
    empty = [(b" ", "1", "1.00", "")]
    assert decoded(table(empty, fields=MEMO_FIELDS, version=0x83), **SPEC).rows()[0]["UWAGI"] is None
    with pytest.raises(SourceError, match="memo file is missing: 1 records"):
        decoded(table([(b" ", "1", "1.00", "5")], fields=MEMO_FIELDS, version=0x83), **SPEC)


@pytest.mark.parametrize("batch_rows", [1, 7, 1000])
@pytest.mark.parametrize(("width", "rows"), [(1, 0), (1, 1), (1, 40), (254, 1), (60_000, 3)])
def test_one_field_may_fill_the_whole_record(decoded, width, rows, batch_rows):
    texts = [chr(0x41 + row % 26) * width for row in range(rows)]
    data = table([(b" ", text) for text in texts], fields=[("NR", "C", width, 0)])
    got = decoded(data, **{**SPEC, "name": "konta.dbf"}, amount="NR", batch_rows=batch_rows)
    assert [row["NR"] for row in got.rows()] == texts
    assert got.raw() == [f" {text}".encode() for text in texts]
    assert (got.rejects, got.facts.records, got.facts.bytes) == ([], rows, rows * (width + 1))
