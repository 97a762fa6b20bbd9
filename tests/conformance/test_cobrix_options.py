"""The table of the other reader's options, on small cases of our own: what each option asks for, by its documentation.

These run everywhere; they also show that another folder of cases needs no change of code.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import test_cobrix
from cobrix_completion import completed
from cobrix_lost import found_again, must_fail
from cobrix_options import NOT_COMPARABLE, READ, STEERS_SPARK, Options
from cobrix_rows import actual_rows, differences, expected_rows
from cobrix_segments import SegmentIds

from extractors.copybook.encode import in_blocks, with_rdw
from extractors.copybook.scanning import Descriptor

CASE = {
    "name": "own", "copybooks": ["c.cob"], "data": "d.dat", "expected": "e.txt", "order_by": [], "take": 9,
    "variants": [{"segment_field": "ID_NO", "segment_filter": "7", "encoding": "ascii"}, {"record_start_offset": "2"}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("value", "given"), [('{"T": {"J": 1}}', True), ('{\\"T\\": {\\"J\\": 1}}', True), ("{\\", False)]
)
def test_quotation_marks_within_a_value(rows: Callable[..., Any], value: str, given: bool) -> None:
    options = Options.of({"occurs_mappings": value})
    assert ("occurs_mappings" in options.given, options.lost) == (given, [] if given else ["occurs_mappings"])
    if given:
        found = rows(OCCURS, e("JaZ"), variable_size_occurs="true", occurs_mappings=value)
        assert found == [{"N": "J", "T": [{"A": "a"}], "Z": "Z"}]


def test_what_a_variable_held_is_not_compared_either() -> None:
    for name in ("gpg_private_key", "record_extractor"):
        assert Options.of({name: "$value"}).not_comparable


@pytest.mark.parametrize(
    ("expected", "kept"),
    [('{"REC": {"ID_NO": 1, "TEXT-1": "ab"}}', True), ('{"ID_NO": 1, "TEXT_1": "ab"}', False)],
)
def test_the_rows_show_whether_the_01_level_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: str, kept: bool
) -> None:
    monkeypatch.setattr(test_cobrix, "FOLDER", tmp_path)
    (tmp_path / "c.cob").write_text("       01 REC.\n       05 ID-NO PIC 9(2).\n       05 TEXT-1 PIC X(4).\n")
    (tmp_path / "d.dat").write_bytes(b"01ab  ")
    (tmp_path / "e.txt").write_text(expected)
    case = {**CASE, "variants": [{"encoding": "ascii"}]}
    with pytest.warns(UserWarning, match="keep_original") if kept else nullcontext():
        test_cobrix.test_rows_are_those_of_the_other_reader(case, 0, tmp_path)


@pytest.mark.parametrize(
    ("data", "expected", "number", "passes"),
    [
        (b"01ab  02cd  ", "", 0, True),  # the filter lets no record through
        (b"01ab  07cd  ", "", 0, False),
        (b"01ab  02cd  ", '{"ID_NO": 7, "TEXT_1": "ab"}', 0, False),
        (b"01ab  07cd  ", '{"ID_NO": 7, "TEXT_1": "cd"}', 0, True),
        (b"", "[]\n", 0, True),
        (b"", "", 1, True),
    ],
)
def test_a_case_may_expect_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, expected: str, number: int, passes: bool
) -> None:
    monkeypatch.setattr(test_cobrix, "FOLDER", tmp_path)
    (tmp_path / "c.cob").write_text("       01 REC.\n       05 ID-NO PIC 9(2).\n       05 TEXT-1 PIC X(4).\n")
    (tmp_path / "d.dat").write_bytes(data)
    (tmp_path / "e.txt").write_text(expected)
    with nullcontext() if passes else pytest.raises(AssertionError):
        test_cobrix.test_rows_are_those_of_the_other_reader(CASE, number, tmp_path)


LITTLE = Descriptor(big_endian=False, includes_itself=False)


@pytest.fixture
def rows(tmp_path: Path) -> Callable[..., Any]:
    def run(copybook: str, data: bytes, order_by: list[str] | None = None, take: int = 99, **options: Any) -> Any:
        numbered = {name.replace("__", ":"): value for name, value in options.items()}
        (tmp_path / "c.cob").write_text("".join(f"       {line.strip()}\n" for line in copybook.split("|")))
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / "part.dat").write_bytes(data)
        found = actual_rows(
            [tmp_path / "c.cob"], tmp_path / "data", Options.of(numbered), order_by or [], take, tmp_path
        )
        return json.loads(json.dumps([_present(row) for row in found], default=str))

    return run


def _present(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _present(v) for k, v in value.items() if v is not None}
    return [_present(v) for v in value] if isinstance(value, list) else value


def e(text: str) -> bytes:
    return text.encode("cp037")


FLAT = "01 REC. | 05 ID-NO PIC 9(2). | 05 TEXT-1 PIC X(4)."


@pytest.mark.parametrize(
    ("options", "data"),
    [
        ({}, e("01ab  02cd  ")),
        ({"record_format": "V"}, with_rdw([e("01ab  "), e("02cd  ")], LITTLE)),
        ({"is_record_sequence": "true", "is_rdw_big_endian": "true", "is_rdw_part_of_record_length": "true"},
         with_rdw([e("01ab  "), e("02cd  ")])),
        ({"record-format": "V", "is-rdw-big-endian": True, "rdw_adjustment": "-4"},
         with_rdw([e("01ab  "), e("02cd  ")])),
        ({"record_format": "VB"}, in_blocks([e("01ab  "), e("02cd  ")], 30, LITTLE, LITTLE)),
        ({"record_format": "VB", "is_bdw_big_endian": "true", "bdw_adjustment": "-4"},
         in_blocks([e("01ab  "), e("02cd  ")], 30, LITTLE)),
        ({"record_format": "FB"}, with_rdw([e("01ab  02cd  ")], LITTLE)),
        ({"record_format": "FB", "records_per_block": "2"}, e("01ab  02cd  ")),
        ({"record_format": "D"}, b"01ab\n02cd  \n\n"),
        ({"is_text": "true"}, b"01ab\r\n02cd"),
        ({"encoding": "ascii"}, b"01ab  02cd  "),
        ({"file_start_offset": "2", "file_end_offset": "$1"}, e("HH01ab  02cd  F")),
        ({"record_start_offset": "1", "record_end_offset": "2"}, e("<01ab  >><02cd  >>")),
        ({"record_length": "8"}, e("01ab  ..02cd  ..")),
        ({"record_length_field": "ID_NO * 0 + 6"}, e("01ab  02cd  ")),
        ({"record_length_field": "ID-NO", "record_length_map": '{"1": 6, "2": 4}'}, e("01ab  02cd")),
        ({"record_format": "V", "record_length_field": "ID-NO * 0 + 6"}, e("01ab  02cd  ")),
        ({"record_format": "D", "encoding": "ebcdic"}, e("01ab") + b"\n" + e("02cd")),
        ({"minimum_record_length": "3", "record_format": "V"}, with_rdw([e("01ab  "), e("99"), e("02cd  ")], LITTLE)),
        ({"pedantic": "true", "enable_indexes": "false", "input_split_records": 5}, e("01ab  02cd  ")),
    ],
)  # fmt: skip
def test_forms_of_files(rows: Callable[..., Any], options: dict[str, Any], data: bytes) -> None:
    assert rows(FLAT, data, **options) == [{"ID_NO": 1, "TEXT_1": "ab"}, {"ID_NO": 2, "TEXT_1": "cd"}]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"ID_NO": 1, "TEXT_1": "a"}),
        ({"schema_retention_policy": "keep_original"}, {"REC": {"ID_NO": 1, "TEXT_1": "a"}}),
        ({"string_trimming_policy": "none"}, {"ID_NO": 1, "TEXT_1": " a  "}),
        ({"string_trimming_policy": "left"}, {"ID_NO": 1, "TEXT_1": "a  "}),
        ({"string_trimming_policy": "right"}, {"ID_NO": 1, "TEXT_1": " a"}),
        ({"display_pic_always_string": "true"}, {"ID_NO": "01", "TEXT_1": "a"}),
        ({"debug": "true"}, {"ID_NO": 1, "ID_NO_debug": "F0F1", "TEXT_1": "a", "TEXT_1_debug": "40814040"}),
        ({"debug": "raw"}, {"ID_NO": 1, "ID_NO_debug": "8PE=", "TEXT_1": "a", "TEXT_1_debug": "QIFAQA=="}),
        ({"generate_record_id": "true"},
         {"File_Id": 0, "Record_Id": 0, "Record_Byte_Length": 6, "ID_NO": 1, "TEXT_1": "a"}),
        ({"generate_record_bytes": "true"}, {"Record_Bytes": "8PFAgUBA", "ID_NO": 1, "TEXT_1": "a"}),
        ({"non_terminals": "REC", "schema_retention_policy": "keep_original"},
         {"REC": {"ID_NO": 1, "TEXT_1": "a"}, "REC_NT": "01 a"}),
        ({"field_code_page:cp870": "TEXT_1"}, {"ID_NO": 1, "TEXT_1": "a"}),
    ],
)  # fmt: skip
def test_what_rows_look_like(rows: Callable[..., Any], options: dict[str, Any], expected: dict[str, Any]) -> None:
    assert rows(FLAT, e("01 a  "), **{k.replace(":", "__"): v for k, v in options.items()}) == [expected]


def test_pages_have_control_characters_of_their_own(rows: Callable[..., Any]) -> None:
    text = "01 REC. | 05 T PIC X(12)."
    data = bytes.fromhex("05 0D 15 25 07 C1 41 6A CA 3F FF 00")
    shown = {
        "common": " \n \r A |-   ", "common_extended": "\t\n\x1a\r A |-  \0", "cp037": " \n\x85\r A\xa0¦\xad   ",
        "cp037_extended": "\t\n\x85\r\x7fA\xa0¦\xad\x1a \0", "cp1141": "\t\n\x85\r\x7fA\xa0ö\xad\x1a \0",
        "cp870": " \n \r A |    ",
    }  # fmt: skip
    for page, expected in shown.items():
        found = rows(text, data, ebcdic_code_page=page, string_trimming_policy="none")
        assert found == [{"T": expected}], page
        assert rows(text, data, ebcdic_code_page=page) == [{"T": found[0]["T"].strip("".join(map(chr, range(33))))}]
    assert Options.of({"ebcdic_code_page": "cp1364"}).not_comparable
    assert Options.of({"field_code_page:cp274": "T"}).not_comparable
    assert Options.of({"encoding": "ascii", "field_code_page:x-none": "T"}).not_comparable


def test_a_group_of_other_types_only_is_there_and_empty(rows: Callable[..., Any]) -> None:
    text = (
        "01 REC. | 05 KIND PIC X. | 05 BODY. | 10 INNER. | 15 ONE. | 20 N PIC 9. | 15 TWO REDEFINES ONE. | 20 T PIC X."
    )
    text += " | 05 FILLER PIC X VALUE SPACE. | 05 UNSEEN. | 10 FILLER PIC X VALUE SPACE."
    maps = {"redefine_segment_id_map__0": "ONE => 1", "redefine_segment_id_map__1": "TWO => 2"}
    found = rows(text, b"17  2a  3b  ", encoding="ascii", segment_field="KIND", **maps)
    assert [row["BODY"] for row in found] == [
        {"INNER": {"ONE": {"N": 7}}},
        {"INNER": {"TWO": {"T": "a"}}},
        {"INNER": {}},
    ]
    assert all(row.keys() == {"KIND", "BODY"} for row in found)


def test_items_without_an_01_level_are_the_top_level(rows: Callable[..., Any]) -> None:
    text = "05 ONE. | 10 A PIC X. | 05 TWO REDEFINES ONE. | 10 B PIC X. | 05 C PIC 9."
    assert rows(text, b"x1", encoding="ascii") == [{"A": "x", "B": "x", "C": 1}]
    kept = rows(text, b"x1", encoding="ascii", schema_retention_policy="keep_original")
    assert kept == [{"ONE": {"A": "x"}, "TWO": {"B": "x"}, "C": 1}]


def test_fields_of_ascii_files_have_charsets_of_their_own(rows: Callable[..., Any]) -> None:
    options = {"encoding": "ascii", "field_code_page__cp1251": "A-1", "field_code_page__windows-1252": " B_1, C-1 "}
    text = "01 REC. | 05 A-1 PIC X. | 05 B-1 PIC X. | 05 C-1 PIC X. | 05 D-1 PIC X(2)."
    assert not Options.of({name.replace("__", ":"): value for name, value in options.items()}).not_comparable
    found = rows(text, b"\xbf\xe4\x01" + "é".encode(), **options)
    assert found == [{"A_1": "ї", "B_1": "ä", "C_1": "", "D_1": "é"}]


def test_what_could_not_be_read(rows: Callable[..., Any]) -> None:
    text = "01 REC. | 05 P PIC S9 COMP-3. | 05 T OCCURS 2 PIC 9."
    found = rows(text, bytes.fromhex("1CF1F2 00F140 D3C1F2"), generate_corrupt_fields="true")
    assert found == [
        {"P": 1, "T": [1, 2], "_corrupt_fields": []}, {"T": [1, None], "_corrupt_fields": []},
        {"T": [None, 2], "_corrupt_fields": [
            {"field_name": "P", "raw_value": "0w=="}, {"field_name": "T[0]", "raw_value": "wQ=="}]},
    ]  # fmt: skip


def test_nulls(rows: Callable[..., Any]) -> None:
    data = e("01") + bytes(4) + e("  ") + b"\x40" * 4
    assert rows(FLAT, data) == [{"ID_NO": 1}, {"TEXT_1": ""}]
    assert rows(FLAT, data, improved_null_detection="false") == [{"ID_NO": 1, "TEXT_1": ""}, {"TEXT_1": ""}]
    with_decimals = "01 REC. | 05 A PIC 9V9. | 05 B PIC 99."
    assert rows(with_decimals, b"\x40" * 4) == [{}]
    assert rows(with_decimals, b"\x40" * 4, improved_null_detection="false") == [{"A": "0.0"}]


OCCURS = "01 REC. | 05 N PIC X. | 05 T OCCURS 0 TO 2 DEPENDING ON N. | 10 A PIC X. | 05 Z PIC X."


def test_variable_tables(rows: Callable[..., Any]) -> None:
    fixed = e("1abZ0..Y")
    assert rows(OCCURS, fixed) == [{"N": "1", "T": [{"A": "a"}], "Z": "Z"}, {"N": "0", "T": [], "Z": "Y"}]
    assert rows(OCCURS, e("1aZ0Y2abX"), variable_size_occurs="true") == [
        {"N": "1", "T": [{"A": "a"}], "Z": "Z"}, {"N": "0", "T": [], "Z": "Y"},
        {"N": "2", "T": [{"A": "a"}, {"A": "b"}], "Z": "X"},
    ]  # fmt: skip
    assert rows(OCCURS, e("JaZ0abX"), variable_size_occurs="true", occurs_mappings='{"T": {"J": 1}}') == [
        {"N": "J", "T": [{"A": "a"}], "Z": "Z"}, {"N": "0", "T": [{"A": "a"}, {"A": "b"}], "Z": "X"},
    ]  # fmt: skip


FILLERS = "01 REC. | 05 A PIC X. | 05 FILLER PIC X. | 05 FILLER. | 10 B PIC X. | 10 FILLER PIC X."


def test_fillers(rows: Callable[..., Any]) -> None:
    assert rows(FILLERS, e("abcd")) == [{"A": "a", "FILLER_1": {"B": "c"}}]
    assert rows(FILLERS, e("abcd"), drop_group_fillers="true") == [{"A": "a"}]
    assert rows(FILLERS, e("abcd"), drop_value_fillers="false") == [
        {"A": "a", "FILLER_P1": "b", "FILLER_1": {"B": "c", "FILLER_P2": "d"}}
    ]
    assert rows(FILLERS, e("abcd"), drop_value_fillers="false", filler_naming_policy="previous_field_name") == [
        {"A": "a", "FILLER_AFTER_A": "b", "FILLER_AFTER_FILLER_AFTER_A": {"B": "c", "FILLER_AFTER_B": "d"}}
    ]


FAMILY = (
    "01 REC. | 05 SEG PIC X. | 05 ROOT-SEG. | 10 R PIC X(2). | 05 CHILD-SEG REDEFINES ROOT-SEG. | 10 C PIC X(2)."
    " | 05 LEAF REDEFINES ROOT-SEG. | 10 L PIC X(2)."
)
FAMILY_DATA = with_rdw([e(text) for text in ("Lx1", "Rr1", "Cc1", "Ll1", "Ll2", "Cc2", "Rr2")], LITTLE)
MAPS = {"redefine-segment-id-map__0": "ROOT-SEG => R", "redefine_segment_id_map__1": "CHILD_SEG => C",
        "redefine-segment-id-map__2": "LEAF => L,X"}  # fmt: skip


def test_segments(rows: Callable[..., Any]) -> None:
    options = {"record_format": "V", "segment_field": "SEG", **MAPS}
    assert rows(FAMILY, FAMILY_DATA, take=3, **options) == [
        {"SEG": "L", "LEAF": {"L": "x1"}}, {"SEG": "R", "ROOT_SEG": {"R": "r1"}},
        {"SEG": "C", "CHILD_SEG": {"C": "c1"}},
    ]  # fmt: skip
    partly = {"record_format": "V", "segment_field": "SEG", "redefine_segment_id_map__0": "ROOT-SEG => R"}
    assert rows(FAMILY, FAMILY_DATA, take=2, **partly) == [
        {"SEG": "L", "CHILD_SEG": {"C": "x1"}, "LEAF": {"L": "x1"}},
        {"SEG": "R", "ROOT_SEG": {"R": "r1"}, "CHILD_SEG": {"C": "r1"}, "LEAF": {"L": "r1"}},
    ]
    assert [row["SEG"] for row in rows(FAMILY, FAMILY_DATA, segment_filter="R,C", **options)] == ["R", "C", "C", "R"]
    numbered = rows(
        FAMILY, FAMILY_DATA, segment_id_level0="R", segment_id_level1="C", segment_id_level2="_", segment_id_prefix="P",
        **options,
    )  # fmt: skip
    assert [[row.get(f"Seg_Id{n}") for n in range(3)] for row in numbered] == [
        ["P_0_1", None, None], ["P_0_1", "P_0_1_L1_1", None], ["P_0_1", "P_0_1_L1_1", "P_0_1_L2_1"],
        ["P_0_1", "P_0_1_L1_1", "P_0_1_L2_2"], ["P_0_1", "P_0_1_L1_2", None], ["P_0_6", None, None],
    ]  # fmt: skip


HIERARCHY = [
    {"SEG": "R", "ROOT_SEG": {"R": "r1", "CHILD_SEG": [
        {"C": "c1", "LEAF": [{"L": "l1"}, {"L": "l2"}]}, {"C": "c2", "LEAF": []}]}},
    {"SEG": "R", "ROOT_SEG": {"R": "r2", "CHILD_SEG": []}},
]  # fmt: skip


def test_parents_hold_their_children(rows: Callable[..., Any]) -> None:
    children = {"segment-children__1": "ROOT-SEG => CHILD-SEG", "segment_children__2": "CHILD-SEG => LEAF"}
    assert rows(FAMILY, FAMILY_DATA, record_format="V", segment_field="SEG", **MAPS, **children) == HIERARCHY
    found = rows(
        FAMILY, FAMILY_DATA, record_format="V", segment_field="SEG", generate_record_id="true", **MAPS, **children
    )
    assert [(row["Record_Id"], row["Record_Byte_Length"]) for row in found] == [(6, 15), (7, 3)]


ENDS = "01 HEAD. | 05 H PIC X(3). | 01 REC. | 05 A PIC X(2). | 01 TAIL. | 05 T PIC X."


def test_headers_and_trailers_are_named(rows: Callable[..., Any]) -> None:
    data = e("hhhaabbt")
    assert rows(ENDS, data, record_header_name="HEAD", record_trailer_name="tail") == [{"A": "aa"}, {"A": "bb"}]
    assert rows(ENDS, data, file_header_field="HEAD", file_trailer_field="TAIL") == [{"A": "aa"}, {"A": "bb"}]
    assert rows(ENDS, e("hhhaatbbu"), record_header_name="HEAD") == [{"A": "aa", "T": "t"}, {"A": "bb", "T": "u"}]


def test_few_records(rows: Callable[..., Any]) -> None:
    data = e("01ab  02cd  03ef  ")
    assert [row["ID_NO"] for row in rows(FLAT, data, record_limit="2")] == [1, 2]
    assert [row["ID_NO"] for row in rows(FLAT, data, record_limit="2", order_by=["TEXT_1"])] == [1, 2]
    assert rows(FLAT, data, record_limit="0") == []


def test_text_beside_the_values(rows: Callable[..., Any]) -> None:
    assert rows(FLAT, b"01ab\n", record_format="D", debug="string") == [
        {"ID_NO": 1, "ID_NO_debug": "01", "TEXT_1": "ab", "TEXT_1_debug": "ab"}
    ]


def test_a_record_of_no_level_has_the_numbers_before_it() -> None:
    ids = SegmentIds([{"R"}, {"C"}, {"L"}], "f")
    numbers = [ids.of(segment, record) for record, segment in enumerate("xRLCxLR")]
    assert numbers == [
        [None] * 3, ["f_1", None, None], ["f_1", "f_1_L1_0", "f_1_L2_1"], ["f_1", "f_1_L1_1", None],
        ["f_1", "f_1_L1_1", None], ["f_1", "f_1_L1_1", "f_1_L2_2"], ["f_6", None, None],
    ]  # fmt: skip


def test_what_the_file_of_cases_lost() -> None:
    variables = {"drop_group_fillers": "$dropGroupFillers", "filler_naming_policy": "$policy", "file_end_offset": "$12"}
    options = Options.of(variables)
    assert options.given == {"file_end_offset": "12"}
    rows_with = [{"A": 1, "FILLER_AFTER_A": {"FILLER_AFTER_FILLER_AFTER_A": "x"}}]
    found, added = found_again("test7d", options, rows_with)
    assert found.given == {
        "file_end_offset": "12", "drop_group_fillers": "false", "drop_value_fillers": "false",
        "filler_naming_policy": "previous_field_name",
    }  # fmt: skip
    assert len(added) == 3
    assert found_again("test7b", options, [{"FILLER_P1": "x"}])[0].given["drop_group_fillers"] == "true"
    assert found_again("test7", options, [{"A": 1}])[0].given["drop_value_fillers"] == "true"
    named = {
        "test3_trim_left": "left", "test3": None, "test9_cp273": "none", "test9_cp037": None, "test9_cp037_ext": "none",
    }  # fmt: skip
    for name, policy in named.items():
        assert found_again(name, Options.of({}), [])[0].given.get("string_trimming_policy") == policy, name
    kept = found_again("test9_cp273", Options.of({"ebcdic_code_page": "cp500"}), [])[0]
    assert kept.given["ebcdic_code_page"] == "cp500"


def test_what_the_other_reader_refuses() -> None:
    assert must_fail("test13a", Options.of({}))
    assert not must_fail("test13a", Options.of({"file_start_offset": "$10"}))
    assert must_fail("any", Options.of({"occurs_mappings": '{"T": {"A": 1.5}}'}))
    assert must_fail("any", Options.of({"occurs_mappings": '{"T": {"A": "Z"}}'}))
    assert not must_fail("any", Options.of({"occurs_mappings": '{"T": {"A": 1}}'}))


def test_options_that_were_lost_are_found_in_the_expected_rows(rows: Callable[..., Any], tmp_path: Path) -> None:
    rows(FAMILY, FAMILY_DATA, take=1, record_format="V")  # writes the files
    given = Options.of({"record_format": "V", "segment_field": "SEG", "redefine_segment_id_map:0": "ROOT-SEG => R"})
    options, added = completed(given, [tmp_path / "c.cob"], tmp_path / "data", HIERARCHY, tmp_path)
    assert len(added) == 4
    assert options.arrows("segment_children") == {"ROOT_SEG": ["CHILD_SEG"], "CHILD_SEG": ["LEAF"]}
    found = actual_rows([tmp_path / "c.cob"], tmp_path / "data", options, [], 9, tmp_path)
    assert found == HIERARCHY


def test_several_copybooks_and_files(tmp_path: Path) -> None:
    (tmp_path / "a.cob").write_text("       01 A-REC.\n          05 X PIC X(2).\n")
    (tmp_path / "b.cob").write_text("       01 B-REC.\n          05 Y PIC 9(2).\n")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "2.dat").write_bytes(e("12"))
    (tmp_path / "data" / "1.dat").write_bytes(e("99"))
    (tmp_path / "data" / "_hidden").write_bytes(e("00"))
    options = Options.of({"schema_retention_policy": "keep_original", "generate_record_id": "true"})
    paths = [tmp_path / "a.cob", tmp_path / "b.cob"]
    found = actual_rows(paths, tmp_path / "data", options, ["Record_Id", "B_REC.Y"], 9, tmp_path)
    assert [(row["File_Id"], row["A_REC"]["X"], row["B_REC"]["Y"]) for row in found] == [(1, "12", 12), (0, "99", 99)]


def test_every_option_is_in_one_place_of_the_table() -> None:
    assert not READ & STEERS_SPARK.keys()
    assert not READ & NOT_COMPARABLE.keys()
    assert not STEERS_SPARK.keys() & NOT_COMPARABLE.keys()
    assert Options.of({"no_such_option": "1", "pedantic": "true"}).unknown == ["no_such_option"]


def test_expected_rows_and_differences(tmp_path: Path) -> None:
    path = tmp_path / "e.txt"
    for text in ('[{"A": 1.50}, {"A": "x"}]', '{"A":1.5}\n{"A":"x"}\n', '{\n "A" : 1.500\n}\n{ "A" : "x" }'):
        path.write_text(text)
        assert not differences(expected_rows(path), [{"A": Decimal("1.5")}, {"A": "x"}])
    assert differences({"A": 1}, {"A": 1, "B": None}) == []
    assert differences({"A": 1}, {"A": 1, "B": ""}) == [".B: expected None, found ''"]
    assert differences({"A": 1}, {"A": 1, "B": ""}, null_as_empty=True) == []
    assert differences([1], [1, 2]) == [": 1 entries expected, 2 found"]
    assert differences({"A": {"B": True}}, {"A": {"B": 1}}) != []
