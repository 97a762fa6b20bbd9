"""Where fields lie: offsets, lengths, types, names, redefinitions."""

from pathlib import Path

import pyarrow as pa
import pytest

from billing.errors import ContractError
from extractors.copybook.fields import Layout
from extractors.copybook.layout import Copybook

ALL_KINDS = """
01  R.
    05  T        PIC X(5).
    05  Z        PIC S9(5)V99.
    05  ZU       PIC 9(3).
    05  ZS       PIC S9(3) SIGN TRAILING SEPARATE.
    05  P5       PIC S9(5) COMP-3.
    05  P6       PIC S9(4)V99 PACKED-DECIMAL.
    05  B2       PIC S9(4) COMP.
    05  B4       PIC 9(9) BINARY.
    05  B8       PIC S9(16)V99 COMP-4.
    05  N4       PIC S9(5) COMP-5.
    05  E        PIC ZZ9.99-.
    05  M        PIC 9(3)PPP.
    05  D        PIC VPP9(2).
    05  FILLER   PIC X(4).
"""


def rows(layout: Layout) -> list[tuple[str, int, int, str]]:
    return [(f.name, f.offset, f.length, str(f.arrow_type)) for f in layout.fields]


def test_offsets_lengths_and_types_of_every_kind() -> None:
    layout = Copybook.parse("r.cpy", ALL_KINDS).layout()
    assert rows(layout) == [
        ("T", 0, 5, "string"),
        ("Z", 5, 7, "decimal128(7, 2)"),
        ("ZU", 12, 3, "decimal128(3, 0)"),
        ("ZS", 15, 4, "decimal128(3, 0)"),
        ("P5", 19, 3, "decimal128(5, 0)"),
        ("P6", 22, 4, "decimal128(6, 2)"),
        ("B2", 26, 2, "decimal128(5, 0)"),
        ("B4", 28, 4, "decimal128(10, 0)"),
        ("B8", 32, 8, "decimal128(20, 2)"),
        ("N4", 40, 4, "decimal128(10, 0)"),
        ("E", 44, 7, "string"),
        ("M", 51, 3, "decimal128(6, 0)"),
        ("D", 54, 2, "decimal128(4, 4)"),
    ]
    assert (layout.length, layout.needed) == (60, 56)


def test_occurs_nested_with_subscripts() -> None:
    layout = Copybook.parse(
        "r.cpy",
        """
        01 R.
           05 N PIC X.
           05 A OCCURS 2.
              10 B PIC X(2).
              10 C PIC 9 OCCURS 3.
        """,
    ).layout()
    assert [(f.name, f.offset) for f in layout.fields] == [
        ("N", 0), ("B(1)", 1), ("C(1,1)", 3), ("C(1,2)", 4), ("C(1,3)", 5),
        ("B(2)", 6), ("C(2,1)", 8), ("C(2,2)", 9), ("C(2,3)", 10),
    ]  # fmt: skip
    assert layout.length == 11


def test_names_that_stand_twice_are_qualified() -> None:
    layout = Copybook.parse(
        "r.cpy",
        """
        01 R.
           05 HOME. 10 STREET PIC X(3). 10 TOWN PIC X(3).
           05 WORK. 10 STREET PIC X(3).
           05 STREET PIC X.
        """,
    ).layout()
    assert [f.name for f in layout.fields] == ["STREET OF HOME", "TOWN", "STREET OF WORK", "STREET OF R"]


REDEFINED = """
01  ZAPIS.
    05  TYP          PIC X(2).
    05  KLUCZ        PIC 9(6).
    05  ABONENT.
        10  NAZWISKO PIC X(20).
        10  DATA-U   PIC 9(8).
        10  DATA-X REDEFINES DATA-U PIC X(8).
    05  FAKTURA REDEFINES ABONENT.
        10  KWOTA    PIC S9(7)V99 COMP-3.
        10  FILLER   PIC X(3).
    05  OGON         PIC X(4).
"""


def test_a_record_type_has_the_common_fields_and_its_own() -> None:
    copybook = Copybook.parse("zapis.cpy", REDEFINED)
    person = copybook.layout("ABONENT", others={"FAKTURA"})
    bill = copybook.layout("faktura", others={"ABONENT"})
    assert [(f.name, f.offset, f.shared) for f in person.fields] == [
        ("TYP", 0, False),
        ("KLUCZ", 2, False),
        ("NAZWISKO", 8, False),
        ("DATA-U", 28, True),
        ("DATA-X", 28, True),
        ("OGON", 36, False),
    ]
    assert [(f.name, f.offset, f.length) for f in bill.fields] == [
        ("TYP", 0, 2),
        ("KLUCZ", 2, 6),
        ("KWOTA", 8, 5),
        ("OGON", 36, 4),
    ]
    assert copybook.locate("TYP").offset == 0


def test_a_type_without_a_tail_ends_with_its_own_group() -> None:
    copybook = Copybook.parse("zapis.cpy", REDEFINED.replace("    05  OGON         PIC X(4).\n", ""))
    bill = copybook.layout("FAKTURA", others={"ABONENT"})
    assert (bill.needed, bill.length) == (13, 16)


def test_without_record_types_every_redefinition_has_its_columns() -> None:
    layout = Copybook.parse("zapis.cpy", REDEFINED).layout()
    assert [f.name for f in layout.fields if f.shared] == ["NAZWISKO", "DATA-U", "DATA-X", "KWOTA"]
    assert layout.length == 40


def test_01_levels_of_several_copybooks_are_alternatives(tmp_path: Path) -> None:
    (tmp_path / "a.cpy").write_text("01 HEAD-REC. 05 TYP PIC X. 05 COUNT-OF PIC 9(5).\n")
    (tmp_path / "b.cpy").write_text("  05 TYP PIC X. 05 NAME PIC X(9).\n")
    copybook = Copybook.load([tmp_path / "a.cpy", tmp_path / "b.cpy"])
    assert [f.name for f in copybook.layout("HEAD-REC", others={"B"}).fields] == ["TYP", "COUNT-OF"]
    assert [f.name for f in copybook.layout("B", others={"HEAD-REC"}).fields] == ["TYP", "NAME"]
    assert copybook.locate("typ").length == 1
    with pytest.raises(ContractError, match="which of HEAD-REC, B describes"):
        copybook.layout()


def test_what_a_spec_can_name_wrongly() -> None:
    copybook = Copybook.parse("zapis.cpy", REDEFINED)
    with pytest.raises(ContractError, match="no item NIKT"):
        copybook.layout("NIKT")
    with pytest.raises(ContractError, match="RODZAJ does not exist"):
        copybook.locate("RODZAJ")
    with pytest.raises(ContractError, match="cannot be read: No such file"):
        Copybook.load([Path("nowhere/x.cpy")])


def test_types_are_arrow_types() -> None:
    layout = Copybook.parse("r.cpy", ALL_KINDS).layout()
    z = layout.field("z")
    assert z is not None
    assert z.arrow_type == pa.decimal128(7, 2)
    assert layout.field("FILLER") is None
