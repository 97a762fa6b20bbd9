"""Delimited and fixed-width text that was damaged, copied once too often, or is larger than anybody thought of."""

import pytest

from billing.errors import SourceError
from extractors.text import delimited
from extractors.text.quote_walk import Layout
from extractors.text.quoting import Tokeniser

DELIMITED = {"format": "delimited", "code_page": "cp1250"}
HEADER = b"NR;NAZWA;SALDO\n"
FIXED = {
    "format": "fixed_width", "code_page": "cp1250", "record_length": 8,
    "records": [{"table": "konta", "columns": [
        {"name": "NR", "start": 1, "length": 2}, {"name": "SALDO", "start": 3, "length": 6},
    ]}],
}  # fmt: skip


# --- size --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", [b"x" * 10_000_000, b'"' + b"x;" * 5_000_000 + b'"'])
def test_a_value_of_ten_megabytes_is_a_value(decoded, written):
    got = decoded(HEADER + b"1;" + written + b";1,00\n2;b;2,00\n", **DELIMITED)
    assert [len(row["NAZWA"]) for row in got.rows()] == [10_000_000, 1]
    assert got.rejects == []


def test_a_record_without_end_stops_the_file(decoded, monkeypatch):
    monkeypatch.setattr(delimited, "MAX_RECORD", 1 << 21)
    with pytest.raises(SourceError, match="no record ends within") as caught:
        decoded(HEADER + b"1;a;1,00\n2;" + b"x" * 10_000_000 + b";1,00\n", **DELIMITED)
    assert caught.value.where["byte_offset"] == len(HEADER) + 9


@pytest.mark.parametrize("before", [b"", b"# " + b"x" * 40_000 + b"\n"])
def test_a_line_of_names_may_be_long(decoded, before):
    names = ["NR", "SALDO", *(f"K{number}" for number in range(20_000))]
    data = before + ";".join(names).encode() + b"\n" + b";".join([b"1"] * len(names)) + b"\n1;2\n"
    got = decoded(data, **DELIMITED, ignore=["#"])
    assert got.tables["konta"].column_names[:-5] == names
    assert [(r["reason"], r["raw"]) for r in got.rejects] == [("REC-COLUMNS", b"1;2\n")]
    with pytest.raises(SourceError, match="and 19962 more") as caught:
        decoded(data.replace(b"SALDO", b"KWOTA"), **DELIMITED, ignore=["#"])
    assert len(str(caught.value)) < 1000


# --- line ends -----------------------------------------------------------------------------------------------------


def test_line_ends_that_were_translated_twice(decoded):
    got = decoded(b'NR;NAZWA;SALDO\r\r\n1;a;1,00\r\r\n\r\r\n2;"b;";"2,00"\r\r\r\n3;F.H. "E";3,00\r\r\n', **DELIMITED)
    assert [tuple(row.values()) for row in got.rows()] == [
        ("1", "a", "1,00"), ("2", "b;", "2,00"), ("3", 'F.H. "E"', "3,00"),
    ]  # fmt: skip
    assert got.rejects == []
    assert b"".join(got.raw()) == b'1;a;1,00\r\r\n2;"b;";"2,00"\r\r\r\n3;F.H. "E";3,00\r\r\n'
    got = decoded(b"01001,00\r\r\n02002,00\r\r\n", **FIXED)
    assert [row["SALDO"] for row in got.rows()] == ["001,00", "002,00"]


def test_a_file_with_returns_may_hold_line_feeds_between_quotes(decoded):
    got = decoded(b'NR;NAZWA;SALDO\r1;"a\nb";1,00\r2;c;2,00\r', **DELIMITED)
    assert [row["NAZWA"] for row in got.rows()] == ["a\nb", "c"]


def test_utf16_without_a_mark_is_read_in_its_order(decoded):
    for page in ("utf-16-le", "utf-16-be"):
        got = decoded('NR;NAZWA;SALDO\r\n1;"a;\nż";1\r\n'.encode(page), format="delimited", code_page="utf-16")
        assert [row["NAZWA"] for row in got.rows()] == ["a;\nż"]


# --- bytes that are no text -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("odd", [b"\x1a\n", b"\0\0\0\n", b"\x1a\x1a\r\n"])
def test_end_marks_and_noughts_in_the_middle_lose_nobody(decoded, odd):
    got = decoded(HEADER + b"1;a;1,00\n" + odd + b"2;b;2,00\n", **DELIMITED)
    assert [row["NR"] for row in got.rows()] == ["1", "2"]
    assert [(r["reason"], r["record_no"], r["raw"]) for r in got.rejects] == [("REC-COLUMNS", 3, odd)]
    got = decoded(b"01001,00\n" + odd + b"02002,00\n", **FIXED)
    assert [row["NR"] for row in got.rows()] == ["01", "02"]
    assert [(r["reason"], r["record_no"], r["raw"]) for r in got.rejects] == [("REC-LENGTH", 2, odd)]


def test_a_file_that_ends_in_noughts_stops(decoded):
    with pytest.raises(SourceError, match="truncated"):
        decoded(HEADER + b"1;a;1,00\n" + bytes(512), **DELIMITED)


# --- declarations ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"delimiter": "\n"}, "the delimiter holds a line end"),
        ({"delimiter": '"'}, "the quote is part of the delimiter"),
        ({"delimiter": '~"~'}, "the quote is part of the delimiter"),
        ({"escape": '"'}, "a doubled quote needs none"),
        ({"escape": ";"}, "the escape character is that of"),
        ({"columns": ["NR", "SALDO", "NR"]}, "NR are declared twice"),
        ({"columns": ["NR", "SALDO", "record_no"]}, "record_no have names that the lineage"),
    ],
)
def test_declarations_that_no_file_can_have(decoded, spec, message):
    with pytest.raises(ValueError, match=message):
        decoded(HEADER, **{**DELIMITED, **spec})


def test_columns_of_a_fixed_width_table_are_declared_once(decoded):
    column = {"name": "NR", "start": 1, "length": 2}
    with pytest.raises(ValueError, match="NR are declared twice"):
        decoded(b"", **{**FIXED, "records": [{"table": "konta", "columns": [column, column]}]})
    two = [{"table": "konta", "starts_with": kind, "columns": [{**column, "name": kind}]} for kind in "AB"]
    with pytest.raises(ValueError, match="two record types of konta have different columns"):
        decoded(b"", **{**FIXED, "records": two})


def test_a_name_of_the_lineage_in_the_line_of_names_stops(decoded):
    with pytest.raises(SourceError, match="record_no have names that the lineage of every row takes"):
        decoded(b"NR;record_no;SALDO\n1;2;3\n", **DELIMITED)


class Counted(Tokeniser):
    """Notes how many structural bytes are looked at."""

    looked_at = 0

    def _count(self, data, marks, within, *more):
        self.looked_at += min(within.stop, len(marks.at)) - within.start
        return super()._count(data, marks, within, *more)


@pytest.mark.parametrize("record", [b'1;2;"a\nb";4\n', b'1;2;"a\n', b'1;2;"a" b\n', b'1;2;"a\nb;;\n'])
def test_odd_records_are_each_looked_at_by_themselves(record):
    tokeniser = Counted(Layout(b";", b'"', b"\n"))
    tokeniser.split(record * 2_000, 3, final=True, most=10_000)
    assert tokeniser.looked_at < 2 * 2_000 * 1_100  # two lines each, and not half of the chunk for each of them


def test_sound_records_among_odd_ones_are_read_as_without_them():
    sound, odd = b'1;"a ""b""; c";"x\ny"\n' * 700, b'1;2;"a\nb";4\n'
    records = Tokeniser(Layout(b";", b'"', b"\n")).split((sound + odd) * 3, 3, final=True, most=10_000)
    alone = Tokeniser(Layout(b";", b'"', b"\n")).split(sound, 3, final=True, most=10_000)
    assert records.whole.tolist() == [*[True] * 701, False] * 3  # the odd one's first line has three values
    for number in range(3):
        shift = number * len(sound + odd)
        rows = slice(701 * number, 701 * number + 700)
        assert (records.value_starts[rows] - shift == alone.value_starts).all()
        assert (records.value_ends[rows] - shift == alone.value_ends).all()


# --- long delimiters at the end of a piece --------------------------------------------------------------------------


@pytest.mark.parametrize("first", range(20, 60))
def test_a_delimiter_may_be_cut_where_a_piece_of_the_file_ends(decoded, monkeypatch, first):
    monkeypatch.setattr(delimited, "FIRST_READ", first)
    data = b'NR~;~NAZWA~;~SALDO\n1~;~"a\nb"~;~1,00\n"2"~;~"c ""d"""~;~"2,00"\n"3"~;~~;~3,00\n'
    got = decoded(data, format="delimited", code_page="cp1250", delimiter="~;~")
    assert [tuple(row.values()) for row in got.rows()] == [
        ("1", "a\nb", "1,00"), ("2", 'c "d"', "2,00"), ("3", None, "3,00"),
    ]  # fmt: skip
    assert got.rejects == []
