"""The parts of the data-description language that change where fields lie, against layouts worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from billing.errors import ContractError
from extractors.codepages.tables import code_page
from extractors.copybook.items import Condition, descend
from extractors.copybook.layout import Copybook
from extractors.copybook.reference_format import Margins
from extractors.copybook.shapes import shapes
from extractors.copybook.walk import Wanted


def places(text: str, **of: object) -> dict[str, tuple[int, int]]:
    layout = Copybook.parse("r.cpy", text).every_record(**of).widest  # type: ignore[arg-type]
    return {field.name: (field.offset, field.length) for field in layout.fields}


def test_synchronized_items_begin_on_their_boundary() -> None:
    found = places(
        "01 R. 05 A PIC X. 05 H PIC S9(4) COMP SYNC. 05 B PIC X. 05 W PIC S9(9) COMP SYNCHRONIZED RIGHT."
        " 05 C PIC X. 05 D COMP-2 SYNC. 05 E PIC X. 05 L PIC S9(18) COMP SYNC. 05 P PIC S9(3) COMP-3 SYNC."
    )
    assert found == {
        "A": (0, 1), "H": (2, 2), "B": (4, 1), "W": (8, 4), "C": (12, 1), "D": (16, 8), "E": (24, 1), "L": (28, 8),
        "P": (36, 2),
    }  # fmt: skip


def test_a_number_of_one_byte_begins_anywhere() -> None:
    text = "01 R. 05 A PIC X. 05 B PIC 99 COMP-9 SYNC. 05 C PIC 9(4) COMP-9 SYNC. 05 D PIC 9(10) COMP SYNC."
    assert places(text) == {"A": (0, 1), "B": (1, 1), "C": (2, 2), "D": (4, 8)}


def test_occurrences_with_synchronized_items_begin_alike() -> None:
    """Every occurrence has five bytes of data and three of slack behind them, so the numbers stay aligned."""
    found = places("01 R. 05 T OCCURS 2. 10 W PIC 9(9) COMP SYNC. 10 X PIC X.")
    assert found == {"W(1)": (0, 4), "X(1)": (4, 1), "W(2)": (8, 4), "X(2)": (12, 1)}


@pytest.mark.parametrize(
    ("clauses", "length"),
    [
        ("PIC 9 COMP", 2), ("PIC 9(4) COMP-4", 2), ("PIC 9(5) BINARY", 4), ("PIC S9(9) COMPUTATIONAL", 4),
        ("PIC 9(10) COMP-5", 8), ("PIC S9(18) COMP", 8), ("PIC S9(19) COMP", 9), ("PIC S9(38) COMP", 16),
        ("PIC 9(4) COMP-3", 3), ("PIC 9(5) PACKED-DECIMAL", 3), ("PIC 9(4) COMP-6", 2), ("PIC 9(5) COMP-3U", 3),
        ("PIC X(4) COMP-3U", 4), ("PIC 9(2) COMP-9", 1), ("PIC S9(3) COMP-9", 2),
        ("COMP-1", 4), ("USAGE COMPUTATIONAL-2", 8), ("PIC S9(3) SIGN LEADING SEPARATE", 4), ("PIC S9(3)", 3),
        ("PIC 9(3) SIGN IS TRAILING SEPARATE CHARACTER", 4), ("PIC N(3)", 6), ("PIC N(3) USAGE NATIONAL", 6),
        ("PIC X(5) COMP", 5), ("PIC -(6)9.99", 10), ("PIC S9(3).99", 6), ("PIC $ZZ9CR", 6), ("PIC 9(3)VPP", 3),
        ("pic xx", 2), ("PIC A(3)BA", 5),
    ],
)  # fmt: skip
def test_bytes_of_every_usage(clauses: str, length: int) -> None:
    assert places(f"01 R. 05 F {clauses}.") == {"F": (0, length)}


VARIABLE = """
01  R.
    05  N            PIC 9.
    05  T            OCCURS 1 TO 3 TIMES DEPENDING ON N.
        10  K        PIC 9.
        10  U        OCCURS 0 TO 2 DEPENDING ON K OF T PIC X(2).
    05  TAIL         PIC X.
"""


def test_nested_variable_tables_shift_what_follows() -> None:
    record_type = Copybook.parse("r.cpy", VARIABLE).record_type()
    records = [b"12aabbX", b"301cc0Y", b"22aabb1ccZ", b"9", b"2"]
    data = np.frombuffer(b"".join(records), np.uint8)
    starts = np.cumsum([0, *map(len, records[:-1])])

    def cut(which: np.ndarray, offset: int, width: int) -> np.ndarray:
        return np.stack([data[starts[row] + offset :][:width] for row in which])

    lengths = np.array([len(record) for record in records])
    found = shapes(record_type, cut, lengths, code_page("ascii"))
    seen = {
        int(row): {
            field.name: records[row][field.offset : field.end].decode()
            for field in shape.layout.fields
            if not field.name.startswith(("N", "K"))
        }
        for shape in found.shapes
        for row in shape.rows
    }
    assert seen[0] == {"U(1,1)": "aa", "U(1,2)": "bb", "TAIL": "X"}
    assert seen[1] == {"U(2,1)": "cc", "TAIL": "Y"}
    assert seen[2] == {"U(1,1)": "aa", "U(1,2)": "bb", "U(2,1)": "cc", "TAIL": "Z"}
    assert [(m.row, m.table, m.short) for m in sorted(found.miscounted, key=lambda m: m.row)] == [
        (3, "T", False),
        (4, "U", True),
    ]


def test_a_table_may_keep_the_room_of_all_its_occurrences() -> None:
    record_type = Copybook.parse("r.cpy", VARIABLE).record_type(occurs="maximum")
    with pytest.raises(Wanted) as wanted:
        record_type.bind({})
    inner = record_type.roots[0].children[1].children[1]
    layout = record_type.bind({wanted.value.cell: 1, (id(inner), (1,)): 1})
    assert [(field.name, field.offset) for field in layout.fields] == [
        ("N", 0), ("K(1)", 1), ("U(1,1)", 2), ("TAIL", 16),
    ]  # fmt: skip
    assert layout.length == record_type.widest.length == 17


def test_depending_on_a_field_of_another_alternative_is_found_out_early() -> None:
    text = "01 A. 05 N PIC 9.\n01 B. 05 T OCCURS 1 TO 2 DEPENDING ON N PIC X."
    with pytest.raises(ContractError, match="does not stand before it"):
        Copybook.parse("r.cpy", text)


def test_depending_on_a_field_of_another_table_is_no_number() -> None:
    text = "01 A. 05 T OCCURS 2. 10 K PIC 9. 05 U OCCURS 1 TO 2 DEPENDING ON K PIC X."
    with pytest.raises(ContractError, match="stands in another table"):
        Copybook.parse("r.cpy", text)


def test_conditions_and_renamings_take_no_storage_and_are_kept() -> None:
    copybook = Copybook.parse(
        "r.cpy",
        "01 R. 05 S PIC X. 88 OPEN VALUE 'A' 'B'. 88 SHUT VALUES ARE 'C' THRU 'F'. 05 A PIC 99. 05 B PIC 9."
        " 66 AB RENAMES A THROUGH B. 66 ONLY-B RENAMES B OF R.",
    )
    [root] = copybook.roots
    assert root.children[0].conditions == [
        Condition("OPEN", ("'A'", "'B'")), Condition("SHUT", ("'C'", "THRU", "'F'")),
    ]  # fmt: skip
    assert [(r.name, r.first, r.last) for r in root.renamings] == [("AB", "A", "B"), ("ONLY-B", "B", "B")]
    assert copybook.length == 4


def test_copied_copybooks_are_read_beside_the_first(tmp_path: Path) -> None:
    (tmp_path / "main.cpy").write_text("       01  R.\n           COPY ADDRESS.\n           05  Z PIC X.\n")
    (tmp_path / "address.cpy").write_text("           05  CITY PIC X(3).\n           COPY 'STREET.CPY'.\n")
    (tmp_path / "street.cpy").write_text("           05  STREET PIC X(4).\n")
    copybook = Copybook.load([tmp_path / "main.cpy"])
    assert [item.name for item in descend(copybook.roots)] == ["R", "CITY", "STREET", "Z"]
    (tmp_path / "street.cpy").write_text("           COPY ADDRESS.\n")
    with pytest.raises(ContractError, match="copy one another too deep"):
        Copybook.load([tmp_path / "main.cpy"])
    (tmp_path / "street.cpy").write_text("           05  STREET PIC Q.\n")
    with pytest.raises(ContractError) as caught:
        Copybook.load([tmp_path / "main.cpy"])
    assert (caught.value.where["file"], caught.value.where["line"]) == ("street.cpy", 1)


COPIED = """
       01  :TAG:-REC.
           05  :TAG:-NR         PIC X(:LEN:).
           05  WS-NAZWA         PIC X(4) VALUE 'WS-:TAG:'.
           05  KWOTA            PIC 9(3) COMP.
"""


def test_a_copied_text_may_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "rec.cpy").write_text(COPIED)
    statement = """COPY REC OF LIB
        REPLACING ==:tag:== BY ==KLIENT==, ==:LEN:== BY ==7==
                  LEADING ==WS-== BY ====
                  KWOTA BY SALDO
                  ==PIC 9(3) COMP.==
                  BY ==PIC S9(5)V99 COMP-3 SYNC. 05 RESZTA PIC X(2) .=="""
    (tmp_path / "main.cpy").write_text(f"       {statement}.\n           05  Z PIC X.\n")
    fields = Copybook.load([tmp_path / "main.cpy"]).layout().fields
    assert [(field.name, field.offset, field.length, field.kind) for field in fields] == [
        ("KLIENT-NR", 0, 7, "text"), ("NAZWA", 7, 4, "text"), ("SALDO", 11, 4, "packed"),
        ("RESZTA", 15, 2, "text"), ("Z", 17, 1, "text"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "operands",
    ["", "==A", "==A==", "A TO B", "==A== BY", "==== BY ==A==", "LEADING ==A B== BY ==C==", "==:T:== BY ==A B=="],
)
def test_replacing_that_is_none_is_an_error(tmp_path: Path, operands: str) -> None:
    (tmp_path / "rec.cpy").write_text("05 A PIC X.\n")
    (tmp_path / "main.cpy").write_text(f"01 R.\n COPY REC REPLACING {operands}.\n 05 Z PIC X.\n")
    with pytest.raises(ContractError, match="REPLACING") as caught:
        Copybook.load([tmp_path / "main.cpy"])
    assert (caught.value.where["file"], caught.value.where["line"]) == ("main.cpy", 2)


def test_copybooks_that_copy_others_twice_each_end(tmp_path: Path) -> None:
    for number in range(15):
        (tmp_path / f"c{number}.cpy").write_text(f"COPY C{number + 1}.\n" * 2)
    (tmp_path / "c15.cpy").write_text("05 A PIC X.\n")
    with pytest.raises(ContractError, match="more than 1000 COPY statements"):
        Copybook.load([tmp_path / "c0.cpy"])


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "..\\\\secret", "missing"])
def test_a_copybook_reaches_no_file_outside_of_its_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("05 S PIC X.")
    (tmp_path / "books").mkdir()
    (tmp_path / "books" / "main.cpy").write_text(f"01 R.\nCOPY '{name}'.\n05 A PIC X.")
    with pytest.raises(ContractError, match="no copybook of that name"):
        Copybook.load([tmp_path / "books" / "main.cpy"])


def test_words_may_go_on_in_the_next_line() -> None:
    text = "       01  R.\n           05  LONG-NA\n      -        ME PIC X(2).\n           05  B PIC X.\n"
    assert places(text) == {"LONG-NAME": (0, 2), "B": (2, 1)}


def test_margins_can_be_given() -> None:
    text = "##01 R.                  here\n##*05 NO PIC X.\n##  05 A PIC X(3).        not read\n"
    copybook = Copybook.parse("r.cpy", text, margins=Margins(2, 24))
    assert [item.name for item in descend(copybook.roots)] == ["R", "A"]
    assert copybook.roots[0].children[0].column == 5


def test_fillers_can_be_columns() -> None:
    text = "01 R. 05 A PIC X. 05 FILLER PIC X. 05 FILLER PIC X(2). 05 T OCCURS 2. 10 FILLER PIC X."
    assert places(text) == {"A": (0, 1)}
    assert list(places(text, fillers="sequence")) == ["A", "FILLER-1", "FILLER-2", "FILLER-3(1)", "FILLER-3(2)"]
    assert list(places(text, fillers="previous")) == ["A", "FILLER-A", "FILLER-A-2", "FILLER-A-3(1)", "FILLER-A-3(2)"]


def test_a_hostile_copybook_is_refused_quickly() -> None:
    deep = "01 R.\n" + "".join(f"{level:02} G{level} OCCURS 100.\n" for level in range(2, 9)) + "09 X PIC X.\n"
    fillers = "01 R. 05 T OCCURS 1000000. 10 U OCCURS 1000000. 15 FILLER PIC X."
    groups = "01 R. 05 T OCCURS 400000. 10 U OCCURS 1. 15 V OCCURS 1. 20 A PIC X."
    for text in (deep, fillers, groups):
        with pytest.raises(ContractError, match="more than 500000 items"):
            Copybook.parse("deep.cpy", text)
    with pytest.raises(ContractError, match="field A: the record has 999999000 bytes"):
        Copybook.parse("long.cpy", "01 A. 05 B PIC X(999999) OCCURS 1000.")
    for text in ("01 A. 05 B PIC X(99999999).", "01 A. 05 B OCCURS 99999999999 PIC X.", "01"):
        with pytest.raises(ContractError):
            Copybook.parse("big.cpy", text)
