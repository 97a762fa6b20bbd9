"""Copybooks: what is understood, and what an error says."""

import pytest

from billing.errors import ContractError
from extractors.copybook.layout import Copybook
from extractors.copybook.parse import parse_copybook
from extractors.copybook.picture import parse_picture
from extractors.copybook.reference_format import words


@pytest.mark.parametrize(
    ("picture", "kind", "size", "scale", "signed"),
    [
        ("X", "text", 1, 0, False),
        ("x(12)", "text", 12, 0, False),
        ("XXX", "text", 3, 0, False),
        ("A(3)X(2)", "text", 5, 0, False),
        ("9X9", "text", 3, 0, False),
        ("9", "numeric", 1, 0, False),
        ("S9(7)V99", "numeric", 9, 2, True),
        ("s9(07)v9(02)", "numeric", 9, 2, True),
        ("SV99", "numeric", 2, 2, True),
        ("9(5)V", "numeric", 5, 0, False),
        ("999PPP", "numeric", 3, -3, False),
        ("SPP99", "numeric", 2, 4, True),
        ("VPP99", "numeric", 2, 4, False),
        ("S9(30)", "numeric", 30, 0, True),
        ("ZZ,ZZ9.99-", "edited", 10, 0, False),
        ("$$$9.99CR", "edited", 9, 0, False),
        ("Z(6)9V99", "edited", 9, 0, False),
        ("99/99/9999", "edited", 10, 0, False),
        ("XXBXX", "edited", 5, 0, False),
    ],
)
def test_pictures(picture: str, kind: str, size: int, scale: int, signed: bool) -> None:
    found = parse_picture(picture)
    assert (found.kind, found.size, found.scale, found.signed) == (kind, size, scale, signed)


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        ("9(5", "repetition"),
        ("9()", "repetition"),
        ("X(0)", "0 times"),
        ("9(3)Q", "'Q'"),
        ("S", "at least one 9"),
        ("9S9", "S stands first"),
        ("9V9V9", "S stands first"),
        ("P9P", "S stands first"),
        ("V99PP", "P only at one end"),
        ("9V9P", "P only at one end"),
        ("SX", "belong to numbers"),
        ("9(39)", "38 digits"),
        ("G(10)", "not supported"),
        ("N(2)9", "do not go together"),
    ],
)
def test_wrong_pictures_are_named(picture: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_picture(picture)


FIXED = """\
      ******************************************************************
      *  KONTO                                                          *
000100 01  KONTO-REC.                                                   KONTO001
000200     05  NUMER               PIC X(10).                           KONTO002
      D    05  DEBUG-ONLY          PIC X(99).
000300     05  STAN PIC S9(7)V99 USAGE IS COMPUTATIONAL-3.              KONTO003
000400         88  STAN-ZERO       VALUE ZERO.
000500         88  STAN-OPIS  VALUES ARE 'A. B'  'A LONG TEXT THAT GOES_
000600-        'X. AND ENDS HERE'.
000700     05  FILLER              PIC X(3) VALUE SPACES.               KONTO007
       66  RAZEM RENAMES NUMER THRU STAN.
"""


def test_fixed_form_areas_comments_and_continuation() -> None:
    [root] = parse_copybook(FIXED, "konto.cpy")
    assert [(i.level, i.name, i.usage) for i in root.children] == [
        (5, "NUMER", "display"),
        (5, "STAN", "packed"),
        (5, None, "display"),
    ]
    assert (root.children[1].line, root.children[1].column) == (6, 12)


def test_free_form() -> None:
    text = "01 rec. *> the record\n02 a pic x(3). 02 b pic 9(3) comp.\n* a comment\n02 c pic 99.\n"
    [root] = parse_copybook(text, "rec.cpy")
    assert [(i.name, i.usage) for i in root.children] == [("A", "display"), ("B", "binary"), ("C", "display")]


def test_a_free_form_directive_is_obeyed() -> None:
    text = "       >>SOURCE FORMAT IS FREE\n       01  R.\n      *> a comment\n          05 A PIC X.\n"
    assert parse_copybook(text, "rec.cpy")[0].children[0].column == 11


def test_words_know_their_place() -> None:
    found = words(FIXED, "konto.cpy")
    number = next(w for w in found if w.text == "NUMER")
    assert (number.line, number.column) == (4, 16)
    literal = next(w for w in found if w.text.startswith("'A LONG"))
    assert literal.text == "'A LONG TEXT THAT GOES_X. AND ENDS HERE'"


def test_usage_and_sign_of_a_group_hold_for_its_items() -> None:
    [root] = parse_copybook(
        "01 R. 05 G COMP-3. 10 A PIC S9(3). 10 B PIC S9(3) DISPLAY.\n05 H SIGN LEADING SEPARATE. 10 C PIC S9(3).\n",
        "r.cpy",
    )
    group, other = root.children
    assert [i.usage for i in group.children] == ["packed", "display"]
    assert other.children[0].sign_leading
    assert other.children[0].sign_separate


def test_every_clause_that_moves_no_byte_is_accepted() -> None:
    text = """
       01  R IS-EXTERNAL-NAME-AREA.
    """
    with pytest.raises(ContractError, match="expected a clause"):
        parse_copybook(text, "r.cpy")
    [root] = parse_copybook(
        "01 R GLOBAL EXTERNAL.\n"
        "  05 T OCCURS 3 TIMES ASCENDING KEY IS K INDEXED BY IX IY.\n"
        "     10 K PIC X(2) JUSTIFIED RIGHT VALUE SPACES.\n"
        "     10 N PIC 9(4) BLANK WHEN ZERO VALUE IS 12.\n"
        "     10 P PICTURE IS S9(4) SIGN IS TRAILING SEPARATE CHARACTER.\n",
        "r.cpy",
    )
    assert [i.name for i in root.children[0].children] == ["K", "N", "P"]
    assert root.children[0].occurs == 3


@pytest.mark.parametrize(
    ("text", "line", "column", "field", "message"),
    [
        ("01 A.\n   05 B PIC X(3)\n   05 C PIC X.", 3, 4, "B", "expected a clause, found '05'"),
        ("01 A.\n   05 B PIC X(3)", 2, 13, "B", "does not end with a period"),
        ("01 A.\n   55 B PIC X.", 2, 4, None, "expected a level number"),
        ("01 A.\n   05 B PIC.", 2, 9, "B", "a PICTURE string is missing"),
        ("01 A.\n   05 B PIC 9(3)Q.", 2, 13, "B", "'Q' is no picture symbol"),
        ("01 A.\n   05 B COMP-X.", 2, 9, "B", "USAGE COMP-X is not supported"),
        ("01 A.\n   05 B PIC 9(3) COMP-2.", 2, 4, "B", "a floating-point number has no PICTURE"),
        ("01 A.\n   05 B PIC 9 USAGE SOMEHOW.", 2, 21, "B", "'SOMEHOW' is no USAGE"),
        (
            "01 A.\n   05 B OCCURS 1 TO 9 DEPENDING ON C PIC X.",
            2,
            4,
            "B",
            "DEPENDING ON C, which does not stand before",
        ),
        ("01 A.\n   05 B OCCURS 1 TO 9 PIC X.", 2, 21, "B", "OCCURS from TO needs DEPENDING ON"),
        ("01 A.\n   05 B OCCURS 9 TO 1 DEPENDING ON C PIC X.", 2, 36, "B", "OCCURS 9 TO 1"),
        ("01 A.\n   05 B OCCURS 0 PIC X.", 2, 16, "B", "OCCURS needs a number"),
        ("01 A.\n   05 B PIC X.\n   66 R RENAMES B THRU C.", 3, 7, "R", "renames C, which A does not have"),
        ("01 A.\n 05 B PIC X.\n 05 C PIC X.\n 66 R RENAMES C THRU B.", 4, 5, "R", "B stands before C"),
        ("01 A.\n   05 B PIC X.\n      88 C 'x'.", 3, 12, "C", "expected VALUE"),
        ("01 A.\n   05 B PIC X.\n   COPY D REPLACING ==A== BY ==B==.", 3, 4, None, "no copybook of that name"),
        ("01 A.\n   05 B OCCURS MANY PIC X.", 2, 16, "B", "OCCURS needs a number"),
        ("01 A.\n   05 B PIC X COMP-3.", 2, 4, "B", "cannot be stored as a number"),
        ("01 A.\n   05 B.", 2, 4, "B", "neither a PICTURE nor items"),
        ("01 A.\n   05 B PIC X.\n   10 C PIC X.", 3, 4, "C", "below B, which has a PICTURE"),
        ("01 A.\n   05 B PIC X VALUE 'open.", 2, 21, None, "no closing quotation mark"),
        ("01 A.\n   COPY OTHER.", 2, 4, None, "COPY is not supported"),
        ("01 A.\n   05 B! PIC X.", 2, 7, "B!", "no data name"),
        (
            "01 A.\n 05 B PIC X.\n 05 C REDEFINES X PIC X.",
            3,
            2,
            "C",
            "redefines X, which does not stand",
        ),
        ("01 A.\n   05 B PIC X VALUE 'x'\n   05 C PIC X.", 3, 4, "B", "expected a clause, found '05'"),
        ("01 A.\n   05 B PIC 9 VALUE 1\n   05 C PIC X.", 3, 4, "B", "expected a clause, found '05'"),
    ],
)
def test_errors_name_file_line_column_and_field(
    text: str, line: int, column: int, field: str | None, message: str
) -> None:
    with pytest.raises(ContractError, match=message) as caught:
        Copybook.parse("zly.cpy", text)
    where = caught.value.where
    assert where["file"] == "zly.cpy"
    assert (where["line"], where["column"]) == (line, column)
    assert where.get("field") == field
    assert caught.value.remedy


def test_a_copybook_without_fields_is_an_error() -> None:
    with pytest.raises(ContractError, match="describes no field"):
        parse_copybook("      * only a comment\n", "empty.cpy")
