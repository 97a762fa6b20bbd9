"""Clauses of a data description that one reads wrongly without noticing: each right, or an error that names it."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from billing.errors import ContractError
from extractors.codepages.tables import code_page
from extractors.copybook.decode import decode_field
from extractors.copybook.encode import encode_record
from extractors.copybook.items import Item, descend
from extractors.copybook.layout import Copybook
from extractors.copybook.picture import parse_picture
from extractors.copybook.reading import Reading
from extractors.copybook.reference_format import words
from extractors.copybook.shapes import shapes
from extractors.copybook.tree import Column, Presentation, TreeBuilder

CP037 = code_page("cp037")


def lines(text: str) -> str:
    return "".join(f"       {line.strip()}\n" for line in text.split("|"))


def places(text: str) -> dict[str, tuple[int, int]]:
    layout = Copybook.parse("r.cpy", lines(text)).every_record().widest
    return {field.name: (field.offset, field.length) for field in layout.fields}


def items(text: str) -> dict[str, Item]:
    return {item.label: item for item in descend(Copybook.parse("r.cpy", lines(text)).roots)}


def test_a_table_depends_on_the_field_of_the_group_that_is_named() -> None:
    text = """01 R. 05 G. 10 N PIC 9. 05 H. 10 N PIC 9. 05 T OCCURS 1 TO 3 DEPENDING ON N OF G PIC X. 05 Z PIC X."""
    copybook = Copybook.parse("r.cpy", text)
    data = np.frombuffer(b"13ABCDE", np.uint8)
    found = shapes(copybook.record_type(), lambda rows, at, n: data[at : at + n].reshape(1, n), np.array([7]),
                   code_page("ascii"))  # fmt: skip
    assert [field.name for field in found.shapes[0].layout.fields] == ["N OF G", "N OF H", "T(1)", "Z"]
    with pytest.raises(ContractError, match="DEPENDING ON N, which stands before it more than once: say which with OF"):
        Copybook.parse("r.cpy", text.replace("N OF G", "N"))
    with pytest.raises(ContractError, match="DEPENDING ON N OF Q, which does not stand before it"):
        Copybook.parse("r.cpy", text.replace("N OF G", "N IN Q"))


def test_a_table_depends_on_the_field_next_to_it() -> None:
    copybook = Copybook.parse(
        "r.cpy", "01 R. 05 A. 10 N PIC 9. 10 T OCCURS 0 TO 2 DEPENDING ON N PIC X."
        " 05 B REDEFINES A. 10 N PIC 9(2). 10 U OCCURS 0 TO 2 DEPENDING ON N PIC X.")  # fmt: skip
    tables = {item.name: item.holder for item in descend(copybook.roots) if item.depending}
    assert [holder.picture.size for holder in tables.values() if holder and holder.picture] == [1, 2]


@pytest.mark.parametrize(
    "literal",
    ["X'0D0A'", "x\"40\"",
     "Z'abc'", "N'abc'", "NX'00410042'", "B'101'", "'it''s. 05 Q'", '"a, b"', "'PIC X.'", "ALL '*'",
     "-1.5E+3", "+123", "1,05", "HIGH-VALUES", "QUOTE"],
)  # fmt: skip
def test_literals_of_every_form(literal: str) -> None:
    assert places(f"01 R. | 05 A PIC X(9) VALUE {literal}. | 05 B VALUE IS {literal} PIC X.") == {
        "A": (0, 9), "B": (9, 1),
    }  # fmt: skip
    assert places(f"01 R. | 05 A PIC X. | 88 IS-A VALUE {literal} THRU {literal}, {literal}. | 05 B PIC X.") == {
        "A": (0, 1), "B": (1, 1),
    }  # fmt: skip


def test_a_hex_literal_goes_on_in_the_next_line() -> None:
    text = "       01  A.\n           05  B PIC X(9) VALUE X'0D0A" + " " * 32 + "\n      -    'FF'.\n"
    literal, period = [word.text for word in words(text, "a.cpy")][-2:]
    assert (literal.replace(" ", ""), period) == ("X'0D0AFF'", ".")


def test_a_value_may_stand_in_a_line_of_its_own() -> None:
    assert places("01 R. | 05 A PIC 99 VALUE | 12. | 05 B PIC X.") == {"A": (0, 2), "B": (2, 1)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("05 A PIC X | 05 B PIC X.", "line 2, column 8, field A: expected a clause, found '05'"),
        ("05 A PIC 9 VALUE 12 | 05 B PIC X.", "line 2, column 8, field A: expected a clause, found '05'"),
        ("05 A PIC X VALUE | 05 B PIC X.", "line 2, column 11, field A: expected a clause, found 'B'"),
        ("05 T OCCURS 2 ASCENDING KEY IS K | 10 K PIC X.", "line 2, column 8, field T: expected a clause, found '10'"),
        ("05 A PIC X PIC 9.", "field A: PICTURE stands here twice. Remedy: is a period missing"),
        ("05 A PIC 9 COMP COMP-3.", "field A: USAGE stands here twice"),
        ("05 A PIC 9 OCCURS 2 OCCURS 3.", "field A: OCCURS stands here twice"),
        ("05 A PIC 9 COMP-X.", "USAGE COMP-X is not supported"),
        ("05 A USAGE COMPUTATIONAL-X PIC X(2).", "USAGE COMPUTATIONAL-X is not supported"),
        ("05 A BINARY-LONG UNSIGNED.", "USAGE BINARY-LONG is not supported"),
        ("05 A USAGE IS POINTER-32.", "USAGE POINTER-32 is not supported"),
        ("05 A PIC 9(4) NATIONAL.", r"PIC 9\(4\) of USAGE NATIONAL is not supported"),
        ("05 A PIC X(4) USAGE NATIONAL.", r"PIC X\(4\) of USAGE NATIONAL is not supported"),
        ("05 G NATIONAL. | 10 A PIC 9.", "PIC 9 of USAGE NATIONAL is not supported"),
        ("05 G GROUP-USAGE IS NATIONAL. | 10 A PIC X.", "PIC X of USAGE NATIONAL is not supported"),
        ("05 A PIC G(4) DISPLAY-1.", r"DBCS text \(G\) is not supported"),
        ("05 A TYPE OTHER.", "field A: TYPE is not supported"),
        ("05 A IS TYPEDEF PIC X.", "field A: TYPEDEF is not supported"),
        ("05 A PIC X DYNAMIC LENGTH.", "field A: DYNAMIC is not supported"),
        ("05 A PIC 9 BLANK WHEN SPACE.", "BLANK WHEN says ZERO"),
        ("88 A VALUE 1. | 05 B PIC X.", "field A: no item stands before this level 88"),
        ("66 A RENAMES B. | 05 B PIC X.", "field A: no record stands before this level 66"),
        ("05 A PIC X(20) COMP-3U.", r"PIC X\(20\) of packed bytes has more than 38 digits"),
    ],
)
def test_what_would_be_read_wrongly_is_an_error(text: str, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        places(text)


def test_clauses_without_bytes() -> None:
    assert places(
        "01 R IS EXTERNAL. | 05 A PIC X JUST. | 05 G GROUP-USAGE NATIONAL. | 10 N PIC N(2) NATIONAL. | 05 D PIC 9(6)"
        " DATE FORMAT IS YYMMDD. | 05 V PIC X VOLATILE. | 05 F USAGE NATIONAL. | 10 X PIC X DISPLAY."
    ) == {"A": (0, 1), "N": (1, 4), "D": (5, 6), "V": (11, 1), "X": (12, 1)}
    assert places("01 R EXTERNAL AS 'r' IS GLOBAL. | 05 A PIC X.") == {"A": (0, 1)}


def test_words_that_are_clauses_elsewhere_may_be_names() -> None:
    assert list(places("05 DATE PIC X. | 05 TYPE PIC X. | 05 INDEX PIC X. | 05 VOLATILE PIC X.")) == [
        "DATE", "TYPE", "INDEX", "VOLATILE",
    ]  # fmt: skip


def test_a_redefinition_begins_where_the_other_one_does() -> None:
    assert places("01 R. | 05 A PIC X. | 05 B PIC X(4). | 05 C REDEFINES B PIC S9(9) COMP SYNC. | 05 D PIC X.") == {
        "A": (0, 1), "B": (1, 4), "C": (1, 4), "D": (5, 1),
    }  # fmt: skip


def test_no_column_and_no_entry_is_lost_where_a_name_stands_twice() -> None:
    copybook = Copybook.parse("r.cpy", "01 R. 05 B PIC X. 05 B PIC X. 05 T OCCURS 2. 10 C PIC X. 10 C PIC X.")
    record_type = copybook.every_record()
    assert [field.name for field in record_type.widest.fields] == [
        "B OF R", "B OF R-2", "C OF T OF R(1)", "C OF T OF R-2(1)", "C OF T OF R(2)", "C OF T OF R-2(2)",
    ]  # fmt: skip
    builder = TreeBuilder(record_type, record_type.widest, Presentation())
    columns = {field.cell: _column(field.name) for field in record_type.widest.fields}
    tree = builder.build(columns, 0, lambda offset, length: None)
    assert tree == {
        "B": "B OF R", "B-2": "B OF R-2",
        "T": [{"C": "C OF T OF R(1)", "C-2": "C OF T OF R-2(1)"}, {"C": "C OF T OF R(2)", "C-2": "C OF T OF R-2(2)"}],
    }  # fmt: skip


def _column(value: str) -> Column:
    return Column([value], [])


@pytest.mark.parametrize(
    ("picture", "digits", "scale", "comma"),
    [
        ("$$,$$9.99CR", 6, 2, False),
        ("---,--9.99", 7, 2, False),
        ("-(7)9.99", 9, 2, False),
        ("-------9.99", 9, 2, False),
        ("$$$.$$", 4, 2, False),
        ("+ZZ9.9-", 4, 1, False),
        ("ZZZ,ZZ9", 6, 0, False),
        ("9,999,999.99", 9, 2, False),
        ("Z.ZZ9,99", 6, 2, True),
        ("Z.ZZZ.ZZ9,99-", 9, 2, True),
        ("ZZ9,99", 5, 2, True),
        ("ZZ9V99", 5, 2, False),
        ("ZZP", 0, 0, False),
        ("99/99/9999", 0, 0, False),
    ],
)
def test_digits_of_edited_numbers(picture: str, digits: int, scale: int, comma: bool) -> None:
    found = parse_picture(picture)
    assert (found.edited_digits, found.edited_scale, found.edited_comma) == (digits, scale, comma)


@pytest.mark.parametrize(
    ("clauses", "text", "expected"),
    [
        ("PIC $$,$$9.99CR", " $1,234.50CR", "-1234.50"),
        ("PIC ---,--9.99", "  -1,234.50", "-1234.50"),
        ("PIC Z.ZZ9,99", "1.234,50", "1234.50"),
        ("PIC ZZ9,99", " 12,50", "12.50"),
        ("PIC ZZ9.99 BLANK WHEN ZERO", "      ", "0.00"),
        ("PIC ZZ9.99", "      ", None),
        ("PIC 9(3)V99 BLANK WHEN ZERO", "     ", "0.00"),
        ("PIC 9(3)V99", "     ", None),
    ],
)
def test_edited_numbers_as_they_were_printed(clauses: str, text: str, expected: str | None) -> None:
    [field] = Copybook.parse("r.cpy", f"01 R. 05 A {clauses}.").layout().fields
    data = text.strip().rjust(field.length).encode("cp037")
    column = decode_field(np.frombuffer(data, np.uint8).reshape(1, -1), field, CP037, Reading(edited_numbers=True))
    assert column.values.to_pylist() == [None if expected is None else Decimal(expected)]
    assert column.defects is None or not column.defects.any()
    assert (column.blanks is not None) == (expected is None)


def test_low_values_are_no_zero_that_was_printed() -> None:
    [field] = Copybook.parse("r.cpy", "01 R. 05 A PIC 9(3) BLANK WHEN ZERO.").layout().fields
    column = decode_field(np.zeros((1, 3), np.uint8), field, CP037)
    assert column.values.to_pylist() == [None]
    assert column.blanks is not None
    assert (
        encode_record(Copybook.parse("r.cpy", "01 R. 05 A PIC 9(3).").record_type(), {"A": 7}, CP037) == b"\xf0\xf0\xf7"
    )


def test_long_edited_numbers_keep_every_digit() -> None:
    [field] = Copybook.parse("r.cpy", "01 R. 05 A PIC Z(29)9.99.").layout().fields
    data = "123456789012345678901234567890.12".encode("cp037")
    for how in (Reading(edited_numbers=True), Reading(edited_numbers=True, lenient=True)):
        column = decode_field(np.frombuffer(data, np.uint8).reshape(1, -1), field, CP037, how)
        assert column.values.to_pylist() == [Decimal("123456789012345678901234567890.12")]
    zoned = Copybook.parse("r.cpy", "01 R. 05 A PIC S9(30)V99.")
    value = Decimal("-123456789012345678901234567890.12")
    written = encode_record(zoned.record_type(), {"A": value}, CP037)
    [field] = zoned.layout().fields
    column = decode_field(np.frombuffer(written, np.uint8).reshape(1, -1), field, CP037)
    assert column.values.to_pylist() == [value]
