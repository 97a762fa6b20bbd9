"""Which field says what type a record is: judged by what each group makes of the bytes."""

import numpy as np
import pytest

from extractors.codepages.tables import code_page
from extractors.copybook.layout import Copybook
from extractors.profiling.record_types import Records, groups_of, judge_types, judge_value

PAGE = code_page("cp870")
LEVELS = """
01  ABONENT-REC.
    05  RODZAJ          PIC XX.
    05  REJON           PIC X.
    05  NAZWISKO        PIC X(20).
    05  MIASTO          PIC X(20).
01  KONTO-REC.
    05  KTO-RODZAJ      PIC XX.
    05  KTO-REJON       PIC X.
    05  KTO-NR          PIC 9(10).
    05  KTO-SALDO       PIC S9(9)V99 COMP-3.
    05  FILLER          PIC X(24).
"""
ALIKE = """
01  REC.
    05  TYP             PIC X.
    05  DATA-A.
        10  ROK         PIC 9(4).
        10  DZIEN       PIC 9(4).
    05  DATA-B REDEFINES DATA-A.
        10  DZIEN-B     PIC 9(4).
        10  ROK-B       PIC 9(4).
"""


def packed(number, length):
    return bytes.fromhex(f"{number:0{2 * length - 1}d}C")


def records_of(*rows):
    width = max(map(len, rows))
    filled = b"".join(row.ljust(width, b"\x40") for row in rows)
    return Records(np.frombuffer(filled, np.uint8).reshape(len(rows), width), np.array([len(row) for row in rows]))


def person(name, town, region="A", kind="01"):
    return f"{kind}{region}{name:20.20}{town:20.20}".encode("cp870")


def account(number, region="A", kind="10"):
    return f"{kind}{region}{number:010}".encode("cp870") + packed(number * 17, 6) + b"\x40" * 24


def fields(records, number=30):
    found = [line.split(";") for line in records[:number]]
    return [(name, place.split(" ", 1)[1]) for name, _, place in found]


def test_the_01_levels_are_told_apart_by_the_field_that_goes_with_them(records):
    book = Copybook.parse("r.cpy", LEVELS)
    assert groups_of(book) == ("ABONENT-REC", "KONTO-REC")
    rows = [person(*row, region="AB"[n % 2]) for n, row in enumerate(fields(records))]
    rows += [account(n * 37, region="AB"[n % 2]) for n in range(30)]
    found = judge_types(book, records_of(*rows), PAGE)
    assert found is not None and found.field == "RODZAJ"  # the region has two values, too, and says nothing
    assert {value: kind.group for value, kind in found.values.items()} == {"01": "ABONENT-REC", "10": "KONTO-REC"}
    assert all(kind.is_clear and kind.records == 30 for kind in found.values.values())


def test_groups_that_read_the_bytes_alike_are_not_proposed():
    book = Copybook.parse("r.cpy", ALIKE)
    rows = [f"{'AB'[n % 2]}{1990 + n % 10}{n % 12 + 1:02}{n % 28 + 1:02}".encode("cp870") for n in range(60)]
    assert groups_of(book) == ("DATA-A", "DATA-B")
    assert judge_types(book, records_of(*rows), PAGE) is None


def test_one_record_type_alone_proves_nothing(records):
    rows = [person(*row, region="AB"[n % 2]) for n, row in enumerate(fields(records))]
    assert judge_types(Copybook.parse("r.cpy", LEVELS), records_of(*rows), PAGE) is None


def test_lengths_speak_where_the_pictures_are_alike():
    book = Copybook.parse(
        "r.cpy",
        """
01  REC.
    05  TYP         PIC 9.
    05  KROTKI.
        10  A       PIC X(10).
    05  DLUGI REDEFINES KROTKI.
        10  B       PIC X(10).
        10  C       PIC X(10).
""",
    )
    rows = [f"{1 + n % 2}".encode("cp870") + "Kowalska  ".encode("cp870") * (1 + n % 2) for n in range(40)]
    found = judge_types(book, records_of(*rows), PAGE)
    assert found is not None
    assert {value: kind.group for value, kind in found.values.items()} == {"1": "KROTKI", "2": "DLUGI"}


def test_a_value_that_occurs_later_is_judged_by_its_own_records():
    kind = judge_value(Copybook.parse("r.cpy", LEVELS), records_of(account(5, kind="11"), account(7, kind="11")), PAGE)
    assert kind.group == "KONTO-REC" and kind.is_clear


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("01  R.\n    05  A  PIC X.\n", ()),
        ("01  R.\n    05  A  PIC X(6).\n    05  B REDEFINES A.\n        10  C  PIC X(6).\n", ()),  # one view of bytes
    ],
)
def test_a_copybook_of_one_record_type_has_no_groups(text, groups):
    assert groups_of(Copybook.parse("r.cpy", text)) == groups
