"""Fields of the later dialects, code pages, and what becomes of deleted records and missing memos."""

import codecs
import datetime as dt
import io
import struct
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from dbf_bytes import FIELDS, table, table2, table7

from billing.errors import ContractError, SourceError
from extractors.codepages import dos_codecs
from extractors.codepages.tables import code_page
from extractors.dbf.languages import LANGUAGES
from extractors.dbf.memo import MemoFile
from extractors.dbf.memo_fields import rows_within

SPEC = {"format": "dbf", "code_page": "mazovia", "name": "konta.dbf"}
KEY = [("NR", "C", 6, 0), ("SALDO", "N", 8, 2)]


def fpt(*texts: bytes, block: int = 64) -> bytes:
    blocks = [(b"\0\0\0\x08\0\0" + struct.pack(">H", block)).ljust(512, b"\0")]
    for text in texts:
        content = struct.pack(">II", 1, len(text)) + text
        blocks.append(content.ljust(-(-len(content) // block) * block, b"\0"))
    return b"".join(blocks)


# --- Visual FoxPro ---------------------------------------------------------------------------------------------


def julian(year: int, month: int, day: int) -> int:
    return dt.date(year, month, day).toordinal() + 1_721_425


def test_visual_foxpro_binary_fields(decoded):
    fields = [*KEY, ("I", "I", 4, 0), ("Y", "Y", 8, 4), ("B", "B", 8, 2), ("T", "T", 8, 0)]
    at = struct.pack("<ii", julian(1994, 11, 21), (13 * 3600 + 35 * 60 + 39) * 1000)
    rows = [
        (b" ", "1", "1.00", struct.pack("<i", -7), struct.pack("<q", -123456), struct.pack("<d", 0.1), at),
        (b" ", "2", "1.00", struct.pack("<i", 2**31 - 1), struct.pack("<q", 10**18 + 1), struct.pack("<d", 1e-7),
         b" " * 8),
        (b" ", "3", "1.00", bytes(4), bytes(8), struct.pack("<d", -1.5e20), bytes(8)),
    ]  # fmt: skip
    got = decoded(table(rows, fields=fields, version=0x30), **SPEC).rows()
    assert [r["I"] for r in got] == [-7, 2**31 - 1, 0]
    assert [r["Y"] for r in got] == [Decimal("-12.3456"), Decimal("100000000000000.0001"), Decimal(0)]
    assert [r["B"] for r in got] == ["0.1", "0.0000001", "-150000000000000000000"]
    assert [r["T"] for r in got] == ["1994-11-21 13:35:39", None, None]


def test_a_double_that_is_no_number_and_a_day_that_is_none_are_flagged(decoded):
    fields = [*KEY, ("B", "B", 8, 0), ("T", "T", 8, 0)]
    too_late = struct.pack("<ii", julian(2003, 1, 1), 86_400_000)
    rows = [
        (b" ", "1", "1.00", struct.pack("<d", float("nan")), struct.pack("<ii", 7, 0)),
        (b" ", "2", "1.00", struct.pack("<d", 2.0), too_late),
    ]
    got = decoded(table(rows, fields=fields, version=0x30), **SPEC)
    assert [(r["B"], r["T"]) for r in got.rows()] == [(None, None), ("2", None)]
    assert [(r["reason"], r["field"], r["record_no"]) for r in got.rejects] == [
        ("NUM-TEXT", "B", 1),
        ("DATE-RANGE", "T", 1),
        ("DATE-RANGE", "T", 2),
    ]
    assert got.rejects[1]["raw"] == struct.pack("<ii", 7, 0)


def test_bits_of_the_system_field_say_what_is_null_and_how_long_a_varchar_is(decoded):
    # bits: NAZWA length (0) and null (1), KWOTA null (2), DANE length (3)
    fields = [*KEY, ("NAZWA", "V", 6, 0, 2), ("KWOTA", "Y", 8, 4, 2), ("DANE", "Q", 4, 0, 4), ("_NullFlags", "0", 1, 0)]
    pay = struct.pack("<q", 5_0000)
    rows = [
        (b" ", "1", "1.00", b"Ab  \0\x04", pay, b"\x01 \x03\x02", b"\x09"),  # Ab and two blanks that count; 01 20
        (b" ", "2", "1.00", b"pelne!", pay, b"\0\0\0\0", b"\x00"),
        (b" ", "3", "1.00", b"xxxxxx", pay, b"abcd", b"\x06"),  # both null, whatever stands there
        (b" ", "4", "1.00", b"\x01\x02\0\0\0\0", pay, b"abcd", b"\x03"),  # damage under a null is none
    ]
    got = decoded(table(rows, fields=fields, version=0x32), **SPEC)
    assert got.rejects == []
    assert [r["NAZWA"] for r in got.rows()] == ["Ab", "pelne!", None, None]
    assert [r["KWOTA"] for r in got.rows()] == [5, 5, None, 5]
    assert [r["DANE"] for r in got.rows()] == [b"\x01 ", b"\0\0\0\0", b"abcd", b"abcd"]
    assert "_NullFlags" not in got.tables["konta"].column_names


def test_a_length_beyond_its_field_is_flagged_unless_the_value_is_null(decoded):
    fields = [*KEY, ("NAZWA", "V", 6, 0, 2), ("DANE", "Q", 4, 0, 4), ("_NullFlags", "0", 1, 0)]
    rows = [
        (b" ", "1", "1.00", b"Ab   A", b"\x01\x02\x03\x04", b"\x05"),  # 65 bytes of 5, 4 of 3
        (b" ", "2", "1.00", b"Abcde\x05", b"\x01\x02\x03\x03", b"\x05"),
        (b" ", "3", "1.00", b"xxxxxx", b"abc\0", b"\x07"),
    ]
    got = decoded(table(rows, fields=fields, version=0x32), **SPEC)
    assert [(r["NAZWA"], r["DANE"]) for r in got.rows()] == [(None, None), ("Abcde", b"\x01\x02\x03"), (None, b"")]
    assert [(r["reason"], r["field"], r["record_no"], r["raw"]) for r in got.rejects] == [
        ("DBF-LENGTH", "NAZWA", 1, b"Ab   A"),
        ("DBF-LENGTH", "DANE", 1, b"\x01\x02\x03\x04"),
    ]


def test_bits_beyond_the_first_byte(decoded):
    fields = [*KEY, *((f"P{n}", "C", 2, 0, 2) for n in range(10)), ("_NullFlags", "0", 2, 0)]
    rows = [(b" ", "1", "1.00", *("ab" for _ in range(10)), b"\x01\x02")]
    (row,) = decoded(table(rows, fields=fields, version=0x30), **SPEC).rows()
    assert [name for name, value in row.items() if value is None] == ["P0", "P9"]


def test_a_system_field_without_room_for_its_bits_stops(decoded):
    fields = [*KEY, *((f"P{n}", "C", 2, 0, 2) for n in range(9)), ("_NullFlags", "0", 1, 0)]
    rows = [(b" ", "1", "1.00", *("ab" for _ in range(9)), b"\0")]
    with pytest.raises(SourceError, match="_NullFlags has 8 bits, 9 are needed"):
        decoded(table(rows, fields=fields, version=0x30), **SPEC)


@pytest.mark.parametrize(("kind", "width"), [("I", 3), ("Y", 7), ("T", 4), ("B", 5), ("C", 0)])
def test_a_width_that_no_value_of_the_type_has_stops(decoded, kind, width):
    fields = [*KEY, ("X", kind, width, 0)]
    with pytest.raises(SourceError, match=f"field X, number 3, has the type {kind} and a length of {width}"):
        decoded(table([(b" ", "1", "1.00", bytes(width))], fields=fields, version=0x30), **SPEC)


def test_binary_memos_are_bytes(decoded, tmp_path: Path):
    (tmp_path / "konta.fpt").write_bytes(fpt(b"\x89PNG\0\xff", b"tekst"))
    fields = [*KEY, ("G", "G", 4, 0), ("M", "M", 4, 0), ("BIN", "M", 4, 0, 4)]
    first, second = struct.pack("<I", 8), struct.pack("<I", 9)
    rows = [(b" ", "1", "1.00", first, second, first), (b" ", "2", "1.00", bytes(4), bytes(4), bytes(4))]
    got = decoded(table(rows, fields=fields, version=0x30), **SPEC).rows()
    assert [(r["G"], r["M"], r["BIN"]) for r in got] == [
        (b"\x89PNG\0\xff", "tekst", b"\x89PNG\0\xff"),
        (None, None, None),
    ]


# --- dBASE 7, dBASE 5, dBASE II --------------------------------------------------------------------------------


def sortable(value: float) -> bytes:
    bits = struct.unpack(">Q", struct.pack(">d", value))[0]
    return struct.pack(">Q", bits ^ (1 << 63) if not bits >> 63 else bits ^ ((1 << 64) - 1))


def test_dbase7_binary_fields(decoded):
    fields = [
        ("NR", "C", 6, 0),
        ("SALDO", "N", 8, 2),
        ("LICZNIK", "+", 4, 0),
        ("CALK", "I", 4, 0),
        ("ZMIENNA", "O", 8, 0),
    ]
    rows = [
        (b" ", "1", "1.00", b"\x80\0\0\x01", b"\x7f\xff\xff\xfe", sortable(-2.5)),
        (b" ", "2", "1.00", b"\x80\0\1\0", b"\xff\xff\xff\xff", sortable(1234.5678)),
        (b" ", "3", "1.00", bytes(4), bytes(4), bytes(8)),
    ]
    got = decoded(table7(rows, fields=fields), **SPEC).rows()
    assert [r["LICZNIK"] for r in got] == [1, 256, None]
    assert [r["CALK"] for r in got] == [-2, 2**31 - 1, None]
    assert [r["ZMIENNA"] for r in got] == ["-2.5", "1234.5678", None]


@pytest.mark.parametrize("form", ["engine", "engine with the sign turned", "two integers"])
def test_dbase7_timestamps_in_each_of_their_forms(decoded, form):
    moment = dt.datetime(2003, 12, 31, 23, 59, 58)
    days = moment.date().toordinal()
    ms = (23 * 3600 + 59 * 60 + 58) * 1000
    double = struct.pack(">d", float(days * 86_400_000 + ms))
    raw = {"engine": double, "engine with the sign turned": bytes([double[0] | 0x80]) + double[1:],
           "two integers": struct.pack("<ii", days + 1_721_425, ms)}[form]  # fmt: skip
    fields = [*KEY, ("KIEDY", "@", 8, 0)]
    rows = [(b" ", "1", "1.00", raw), (b" ", "2", "1.00", bytes(8))]
    got = decoded(table7(rows, fields=fields), **SPEC)
    assert [r["KIEDY"] for r in got.rows()] == ["2003-12-31 23:59:58", None]
    assert got.rejects == []


def test_dbase7_names_its_language_driver(decoded):
    names = [("NAZWISKO OSOBY ZADŁUŻONEJ", "C", 8, 0), ("NR", "C", 2, 0), ("SALDO", "N", 8, 2)]
    data = table7([(b" ", "Żółć", "1", "1.00")], fields=names, driver=b"DB852PL0", page="cp852")
    got = decoded(data, format="dbf", code_page="header")
    assert got.rows()[0]["NAZWISKO OSOBY ZADŁUŻONEJ"] == "Żółć"


def test_dbase5_binary_fields_point_to_memos(decoded, tmp_path: Path):
    memo = (
        b"\0" * 20 + struct.pack("<H", 512) + b"\0" * 490 + b"\xff\xff\x08\0" + struct.pack("<I", 11) + b"\x01\x02\x03"
    )
    (tmp_path / "konta.dbt").write_bytes(memo)
    fields = [*KEY, ("OBRAZ", "B", 10, 0)]
    got = decoded(table([(b" ", "1", "1.00", b"         1")], fields=fields, version=0x8B), **SPEC)
    assert got.rows()[0]["OBRAZ"] == b"\x01\x02\x03"


def test_dbase2_tables(decoded):
    got = decoded(table2([(b" ", "1", "Łódź", "12.50", "", "T"), (b"*", "2", "", "1.00", "", "F")]), **SPEC)
    assert got.rows() == [{"NR": "1", "NAZWA": "Łódź", "SALDO": Decimal("12.50"), "OD": None, "AKT": "T"}]
    assert [r["reason"] for r in got.rejects] == ["DBF-DELETED"]


def test_names_that_occur_twice_are_told_apart(decoded):
    fields = [*KEY, ("A", "C", 1, 0), ("A_2", "C", 1, 0), ("A", "C", 1, 0), ("record_no", "C", 1, 0), ("", "C", 1, 0)]
    got = decoded(table([(b" ", "1", "1.00", "a", "b", "c", "d", "e")], fields=fields), **SPEC)
    assert got.tables["konta"].column_names[2:7] == ["A", "A_2", "A_3", "record_no_2", "FIELD7"]


def test_an_unknown_type_is_named(decoded):
    with pytest.raises(SourceError, match="field X has the unknown type 'Z'"):
        decoded(table([(b" ", "1", "1.00", "a")], fields=[*KEY, ("X", "Z", 1, 0)]), **SPEC)


# --- deleted records -------------------------------------------------------------------------------------------

ROWS = [(b" ", "1", "a", "1.00", "", ""), (b"*", "2", "b", "2.00", "", ""), (b"*", "3", "c", "*" * 8, "", "")]


def test_deleted_records_may_be_a_table_of_their_own(decoded):
    got = decoded(table(ROWS), deleted="separate", **SPEC)
    assert [r["NR"] for r in got.rows()] == ["1"]
    assert [r["NR"] for r in got.rows("konta_deleted")] == ["2"]
    assert got.tables["konta_deleted"].schema == got.tables["konta"].schema
    assert got.tables["konta_deleted"]["record_no"].to_pylist() == [2]
    assert [(r["reason"], r["record_no"]) for r in got.rejects] == [("NUM-OVERFLOW", 3)]
    assert got.facts.records == 3


# --- code pages ------------------------------------------------------------------------------------------------

UNDECLARED = {"format": "dbf", "name": "konta.dbf", "code_page": "header"}


@pytest.mark.parametrize(("language", "page"), [(0x69, "mazovia"), (0x64, "cp852"), (0xC8, "cp1250")])
def test_the_language_byte_is_believed_where_no_page_is_declared(decoded, language, page):
    got = decoded(table([(b" ", "1", "Łódź", "1.00", "", "")], language=language, page=page), **UNDECLARED)
    assert got.rows()[0]["NAZWA"] == "Łódź"
    assert any(f"{page} was taken" in note for note in got.facts.notes)


def test_kamenicky_tables_are_read(decoded):
    got = decoded(table([(b" ", "1", "Příliš kůň", "1.00", "", "")], language=0x68, page="kamenicky"), **UNDECLARED)
    assert got.rows()[0]["NAZWA"] == "Příliš kůň"


def test_a_wrong_language_byte_is_found_out_by_the_texts(decoded):
    names = ["Łódź", "Święta", "Żółć", "Gęś", "Łoś", "Kąty", "Ćma", "Jarosław"]
    rows = [(b" ", str(n), names[n % 8], "1.00", "", "") for n in range(100)]
    with pytest.raises(SourceError, match="contradict the declared code page cp852"):
        decoded(table(rows, language=0x64), **UNDECLARED)


def test_a_table_that_states_no_page_is_read_as_far_as_it_needs_none(decoded):
    assert decoded(table([(b" ", "1", "Lodz", "1.00", "", "")]), **UNDECLARED).rows()[0]["NAZWA"] == "Lodz"
    names = ["Łódź", "Święta", "Żółć", "Gęś", "Łoś", "Kąty", "Ćma", "Jarosław"]
    rows = [(b" ", str(n), names[n % 8], "1.00", "", "") for n in range(100)]
    with pytest.raises(SourceError, match=r"not known.*states none.*declare code_page, probably 'mazovia'"):
        decoded(table(rows), **UNDECLARED)


def test_a_page_of_two_bytes_a_letter_has_to_be_declared_away(decoded):
    with pytest.raises(SourceError, match="language byte 13 names none that is supported"):
        decoded(table([(b" ", "1", b"\x82\xa0", "1.00", "", "")], language=0x13), **UNDECLARED)


def test_tables_in_utf8_are_read(decoded):
    fields = [("NR", "C", 6, 0), ("NAZWA ŁĄKI", "C", 9, 0), ("SALDO", "N", 8, 2)]
    rows = [(b" ", "1", "Łódź", "1.00"), (b" ", "2", "\u017b\u00f3\u0142\u0107 a".encode()[:9], "2.00"),
            (b" ", "3", b"a\xc5", "3.00"), (b" ", "4", b"a\r\nb\0\0", "4.00")]  # fmt: skip
    fields[1] = ("ŁĄKA", "C", 10, 0)
    got = decoded(table(rows, fields=fields, page="utf-8"), **{**SPEC, "code_page": "utf-8"})
    assert [r["ŁĄKA"] for r in got.rows()] == ["Łódź", "Żółć", None, "a\r\nb"]
    assert [(r["reason"], r["record_no"]) for r in got.rejects] == [("ENC-UNDECODABLE", 3)]


def test_every_single_byte_page_of_the_language_bytes_exists():
    for page in set(LANGUAGES.values()):
        if page in {"cp932", "cp936", "cp949", "cp950"}:
            with pytest.raises(ContractError):
                code_page(page)
        else:
            assert code_page(page).points[0x41] == ord("A")


def test_kamenicky_is_a_codec_like_any_other(tmp_path: Path):
    text = "Žluťoučký kůň, ĽŔÍĹ ôň §\r\n"
    path = tmp_path / "dopis.txt"
    path.write_bytes(text.encode("cp895"))
    with path.open(encoding="kamenicky", newline="") as file:
        assert file.read() == text
    with codecs.open(str(path), encoding="keybcs2") as file:
        assert file.read() == text
    assert codecs.getreader("cp867")(io.BytesIO(text.encode("kamenicky"))).read() == text
    whole = bytes(range(256))
    assert whole.decode("kamenicky").encode("kamenicky") == whole
    assert whole[:0x80].decode("kamenicky") == whole[:0x80].decode("ascii")
    assert whole[0xB0:].decode("kamenicky") == whole[0xB0:].decode("cp437")
    assert len(set(whole.decode("kamenicky"))) == 256
    assert "kamenicky" in dos_codecs.NAMES


# --- memos -----------------------------------------------------------------------------------------------------


def test_a_memo_file_may_be_missing_by_declaration(decoded):
    fields = [*KEY, ("UWAGI", "M", 10, 0)]
    rows = [(b" ", "1", "1.00", "5"), (b" ", "2", "2.00", "")]
    got = decoded(table(rows, fields=fields, version=0x83), missing_memo="flag", **SPEC)
    assert [r["UWAGI"] for r in got.rows()] == [None, None]
    assert [(r["reason"], r["disposition"], r["record_no"], r["raw"]) for r in got.rejects] == [
        ("DBF-MEMO", "flagged", 1, b"5         ")
    ]


def test_six_memos_are_refused_by_name(decoded):
    with pytest.raises(SourceError, match="SMT are not supported"):
        decoded(table([(b" ", "1", "1.00", "5")], fields=[*KEY, ("UWAGI", "M", 10, 0)], version=0xE5), **SPEC)


def test_large_memos_make_small_batches(decoded, tmp_path: Path, monkeypatch):
    texts = [f"{n} ".encode() * 400 for n in range(50)]
    (tmp_path / "konta.fpt").write_bytes(fpt(*texts, block=512))
    fields = [*KEY, ("UWAGI", "M", 10, 0)]
    step = [-(-(8 + len(t)) // 512) for t in texts]
    rows = [(b" ", str(n), "1.00", str(1 + sum(step[:n]))) for n in range(50)]
    data = table(rows, fields=fields, version=0xF5)
    plain = decoded(data, **SPEC).rows()
    monkeypatch.setattr(
        "extractors.dbf.table.rows_within", lambda memo, header, block: rows_within(memo, header, block, 3000)
    )
    small = decoded(data, batch_rows=50, **SPEC)
    assert small.rows() == plain
    assert small.tables["konta"]["UWAGI"].num_chunks > 10
    assert small.facts.records == 50 and small.facts.bytes == 50 * 25
    assert [r["UWAGI"] for r in plain] == [t.decode().rstrip() for t in texts]


def test_an_endless_memo_costs_one_search(tmp_path: Path):
    path = tmp_path / "konta.dbt"
    path.write_bytes(b"\0" * 512 + b"x" * (1 << 20))
    memo = MemoFile(path, "dbt3")
    assert [memo.read(1) for _ in range(20_000)] == [None] * 20_000  # quick, or the test would take minutes
    memo.close()


def test_garbage_is_an_error_or_a_record_never_a_crash(decoded):
    whole = bytearray(table([(b" ", "1", "Łódź", "12.50", "20030131", "T")] * 3, fields=FIELDS))
    draw = np.random.default_rng(20031231)
    outcomes = set()
    for _ in range(300):
        data = bytearray(whole)
        for place in draw.integers(0, len(data), 3).tolist():
            data[place] = int(draw.integers(0, 256))
        try:
            got = decoded(bytes(data), **SPEC)
            outcomes.add("read")
            assert got.facts.records == got.facts.declared_records
        except SourceError:
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}


def test_memos_without_an_end_are_not_looked_for_again_and_again(tmp_path: Path):
    class Searched(bytes):
        searches = 0

        def find(self, *where) -> int:
            Searched.searches += 1
            return super().find(*where)

    (tmp_path / "t.dbt").write_bytes(bytes(512) + b"a\x1a" + b"x" * 200_000)
    memo = MemoFile(tmp_path / "t.dbt", "dbt3")
    memo.close()
    memo._data = Searched((tmp_path / "t.dbt").read_bytes())
    assert memo.read(1) == b"a"
    assert [memo.read(block) for block in range(2, 300)] == [None] * 298
    assert Searched.searches == 1
