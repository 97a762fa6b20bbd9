"""The table of the other reader's options, on small cases of our own: what each option asks for, by its documentation.

These run everywhere; they also show that another folder of cases needs no change of code.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cobrix_completion import completed
from cobrix_options import NOT_COMPARABLE, READ, STEERS_SPARK, Options
from cobrix_rows import actual_rows, differences, expected_rows

from extractors.copybook.encode import in_blocks, with_rdw
from extractors.copybook.scanning import Descriptor

LITTLE = Descriptor(big_endian=False, includes_itself=False)


@pytest.fixture
def rows(tmp_path: Path):  # type: ignore[no-untyped-def]
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
        ({"minimum_record_length": "3", "record_format": "V"}, with_rdw([e("01ab  "), e("99"), e("02cd  ")], LITTLE)),
        ({"pedantic": "true", "enable_indexes": "false", "input_split_records": 5}, e("01ab  02cd  ")),
    ],
)  # fmt: skip
def test_forms_of_files(rows, options: dict[str, Any], data: bytes) -> None:  # type: ignore[no-untyped-def]
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
def test_what_rows_look_like(rows, options: dict[str, Any], expected: dict[str, Any]) -> None:  # type: ignore[no-untyped-def]
    assert rows(FLAT, e("01 a  "), **{k.replace(":", "__"): v for k, v in options.items()}) == [expected]


def test_nulls(rows) -> None:  # type: ignore[no-untyped-def]
    data = e("01") + bytes(4) + e("  ") + b"\x40" * 4
    assert rows(FLAT, data) == [{"ID_NO": 1}, {"TEXT_1": ""}]
    assert rows(FLAT, data, improved_null_detection="false") == [{"ID_NO": 1, "TEXT_1": ""}, {"TEXT_1": ""}]


OCCURS = "01 REC. | 05 N PIC X. | 05 T OCCURS 0 TO 2 DEPENDING ON N. | 10 A PIC X. | 05 Z PIC X."


def test_variable_tables(rows) -> None:  # type: ignore[no-untyped-def]
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


def test_fillers(rows) -> None:  # type: ignore[no-untyped-def]
    assert rows(FILLERS, e("abcd")) == [{"A": "a", "FILLER_1": {"B": "c"}}]
    assert rows(FILLERS, e("abcd"), drop_group_fillers="true") == [{"A": "a"}]
    assert rows(FILLERS, e("abcd"), drop_value_fillers="false") == [
        {"A": "a", "FILLER_P1": "b", "FILLER_1": {"B": "c", "FILLER_P2": "d"}}
    ]


FAMILY = (
    "01 REC. | 05 SEG PIC X. | 05 ROOT-SEG. | 10 R PIC X(2). | 05 CHILD-SEG REDEFINES ROOT-SEG. | 10 C PIC X(2)."
    " | 05 LEAF REDEFINES ROOT-SEG. | 10 L PIC X(2)."
)
FAMILY_DATA = with_rdw([e(text) for text in ("Lx1", "Rr1", "Cc1", "Ll1", "Ll2", "Cc2", "Rr2")], LITTLE)
MAPS = {"redefine-segment-id-map__0": "ROOT-SEG => R", "redefine_segment_id_map__1": "CHILD_SEG => C",
        "redefine-segment-id-map__2": "LEAF => L,X"}  # fmt: skip


def test_segments(rows) -> None:  # type: ignore[no-untyped-def]
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


def test_parents_hold_their_children(rows) -> None:  # type: ignore[no-untyped-def]
    children = {"segment-children__1": "ROOT-SEG => CHILD-SEG", "segment_children__2": "CHILD-SEG => LEAF"}
    assert rows(FAMILY, FAMILY_DATA, record_format="V", segment_field="SEG", **MAPS, **children) == HIERARCHY


def test_options_that_were_lost_are_found_in_the_expected_rows(rows, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
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
