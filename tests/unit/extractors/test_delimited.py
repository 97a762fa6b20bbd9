import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.errors import SourceError
from extractors.text.quote_walk import Layout
from extractors.text.quoting import Tokeniser

PLAIN = {"format": "delimited", "code_page": "cp1250"}


def text(*lines: str, page: str = "cp1250", end: str = "\r\n") -> bytes:
    return "".join(line + end for line in lines).encode(page)


def test_values_are_text_with_their_lineage(decoded):
    data = text("NR;NAZWA;SALDO", "1;Łukasz Żółć;12,50", "2;;-0,01")
    got = decoded(data, **PLAIN)
    assert got.rows() == [
        {"NR": "1", "NAZWA": "Łukasz Żółć", "SALDO": "12,50"},
        {"NR": "2", "NAZWA": None, "SALDO": "-0,01"},
    ]
    assert got.raw() == ["1;Łukasz Żółć;12,50\r\n".encode("cp1250"), b"2;;-0,01\r\n"]
    assert got.tables["konta"]["record_no"].to_pylist() == [2, 3]
    assert (got.facts.records, got.facts.bytes) == (2, len(data))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_quotes_hold_delimiters_line_ends_and_quotes(decoded, end):
    lines = ["NR;NAZWA;SALDO", '1;"Bar ""ELA""; s.c.";1,00', '2;"ul. Długa 5' + end + 'Łódź";2,00', '3;"";3,00']
    got = decoded(text(*lines, end=end), **PLAIN)
    assert [r["NAZWA"] for r in got.rows()] == ['Bar "ELA"; s.c.', f"ul. Długa 5{end}Łódź", None]
    assert got.raw()[1] == (lines[2] + end).encode("cp1250")


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ('1;F.H. "ELA";1,00', 'F.H. "ELA"'),
        ('1;"ELA" F.H.;1,00', '"ELA" F.H.'),
        ('1;rura 5";1,00', 'rura 5"'),
        ('1;"nie zamknięty;1,00', '"nie zamknięty'),
        ('1; "ELA" ;1,00', ' "ELA"'),
    ],
)
def test_a_stray_quote_is_a_quote_and_disturbs_nobody(decoded, line, name):
    got = decoded(text("NR;NAZWA;SALDO", '0;"a;b";0,00', line, '2;"x";2,00', '3;"y";3,00'), **PLAIN)
    assert [r["NAZWA"] for r in got.rows()] == ["a;b", name, "x", "y"]
    assert got.rejects == []


def test_wrong_number_of_columns_is_set_aside_with_its_bytes(decoded):
    got = decoded(text("NR;NAZWA;SALDO", "1;a;1,00", "2;b", "3;c;3,00;x", "4;d;4,00"), **PLAIN)
    assert [r["NR"] for r in got.rows()] == ["1", "4"]
    assert [(r["reason"], r["record_no"], r["raw"]) for r in got.rejects] == [
        ("REC-COLUMNS", 3, b"2;b\r\n"),
        ("REC-COLUMNS", 4, b"3;c;3,00;x\r\n"),
    ]
    assert got.facts.records == 4


def test_an_undefined_byte_rejects_where_critical_and_flags_elsewhere(decoded):
    got = decoded(b"NR;NAZWA;SALDO\n1;A\x81la;1,00\n2;Ola;2\x81,00\n3;Ewa;3,00\n", **PLAIN)
    assert [(r["NR"], r["NAZWA"]) for r in got.rows()] == [("1", None), ("3", "Ewa")]
    flagged, rejected = got.rejects
    assert (flagged["level"], flagged["disposition"], flagged["field"], flagged["raw"]) == (
        "attribute", "flagged", "NAZWA", b"A\x81la",
    )  # fmt: skip
    assert (rejected["level"], rejected["reason"], rejected["raw"]) == (
        "record", "ENC-UNDECODABLE", b"2;Ola;2\x81,00\n",
    )  # fmt: skip
    assert "81" in rejected["message"]


def test_broken_utf8_is_flagged_without_harm_to_its_neighbours(decoded):
    data = "NR;NAZWA;SALDO\n1;Żółć;1,00\n2;Ł".encode() + b"\xc5" + ";2,00\n3;ąę;3,00\n".encode()
    got = decoded(data, format="delimited", code_page="utf-8")
    assert [r["NAZWA"] for r in got.rows()] == ["Żółć", None, "ąę"]
    assert [r["reason"] for r in got.rejects] == ["ENC-UNDECODABLE"]


def test_a_byte_order_mark_is_no_part_of_the_first_column(decoded):
    got = decoded("\ufeffNR;SALDO\n1;1,00\n".encode(), format="delimited", code_page="utf-8")
    assert got.rows() == [{"NR": "1", "SALDO": "1,00"}]


def test_ctrl_z_ends_nothing_but_the_file(decoded):
    got = decoded(b"NR;NAZWA;SALDO\r\n1;a\x1ab;1,00\r\n2;c;2,00\r\n\x1a\x1a", **PLAIN)
    assert [(r["NR"], r["NAZWA"]) for r in got.rows()] == [("1", None), ("2", "c")]
    assert [(r["reason"], r["field"]) for r in got.rejects] == [("ENC-CTRL", "NAZWA")]
    assert got.facts.records == 2


def test_last_record_without_line_end_is_whole(decoded):
    assert len(decoded(b"NR;SALDO\n1;1,00\n2;2,00", **PLAIN).rows()) == 2


def test_a_cut_last_record_stops_the_file(decoded):
    with pytest.raises(SourceError, match="truncated: its last record has 2 of 3 columns") as caught:
        decoded(b"NR;NAZWA;SALDO\n1;a;1,00\n2;b", **PLAIN)
    assert caught.value.where["record_no"] == 3
    assert caught.value.where["byte_offset"] == 24


def test_missing_columns_are_named(decoded):
    with pytest.raises(SourceError, match="the columns SALDO are missing"):
        decoded(b"NR;NAZWA\n1;a\n", **PLAIN)


def test_declared_columns_fit_the_header_exactly(decoded):
    with pytest.raises(SourceError, match=r"OPIS are missing; the columns NAZWA are not declared"):
        decoded(b"NR;NAZWA;SALDO\n1;a;1\n", columns=["NR", "SALDO", "OPIS"], **PLAIN)


def test_a_column_that_occurs_twice_is_named(decoded):
    with pytest.raises(SourceError, match="'NR' occur twice"):
        decoded(b"NR;NR;SALDO\n1;1;1\n", **PLAIN)


def test_without_a_header_the_columns_are_declared(decoded):
    got = decoded(b"1|1,00\n2|2,00\n", delimiter="|", header=False, columns=["NR", "SALDO"], **PLAIN)
    assert [r["NR"] for r in got.rows()] == ["1", "2"]
    assert got.tables["konta"]["record_no"].to_pylist() == [1, 2]


def test_a_file_of_a_header_only_has_columns_and_no_rows(decoded):
    got = decoded(b"NR;SALDO\r\n", **PLAIN)
    assert got.rows() == []
    assert got.tables["konta"].column_names[:2] == ["NR", "SALDO"]


TRAILER = {"starts_with": "T;", "count_at": [3, 3], "sum_at": [7, 6], "sum_column": "SALDO"}


def test_the_trailer_agrees(decoded):
    got = decoded(b"NR;SALDO\n1;1,00\n2;-2,50\nT;002;-00150\n", trailer=TRAILER, **PLAIN)
    assert (got.facts.declared_records, got.facts.records) == (2, 2)
    assert got.facts.declared_sum == got.facts.computed_sum
    assert str(got.facts.computed_sum) == "-1.50"


@pytest.mark.parametrize(
    ("trailer", "message"),
    [
        (b"T;003;-00150\n", "states 3 data records, the file holds 2 .*1 records were lost"),
        (b"T;001;-00150\n", "1 records too many"),
        (b"T;002;-00168\n", r"difference 0.18; nine divides"),
        (b"T;002;-00161\n", r"difference 0.11\)"),
        (b"", "has no trailer"),
        (b"T;002;-00150\n3;1,00\n", "records follow the trailer"),
        (b"T;002;-00150\nT;002;-00150\n", "second trailer"),
        (b"T;0x2;-00150\n", "record count '0x2' is no number"),
    ],
)
def test_the_trailer_disagrees(decoded, trailer, message):
    with pytest.raises(SourceError, match=message):
        decoded(b"NR;SALDO\n1;1,00\n2;-2,50\n" + trailer, trailer=TRAILER, **PLAIN)


def test_an_unreadable_record_explains_the_difference_of_sums_but_not_of_counts(decoded):
    data = b"NR;SALDO\n1;1,00\n2;-2,50\n3;9,00;x\n"
    got = decoded(data + b"T;003;000750\n", trailer=TRAILER, **PLAIN)
    assert any("1 record whose SALDO could not be read" in note for note in got.facts.notes)
    with pytest.raises(SourceError, match="1 records were lost"):
        decoded(data + b"T;004;000750\n", trailer=TRAILER, **PLAIN)


def test_a_total_of_a_column_that_is_not_there_stops(decoded):
    trailer = {**TRAILER, "sum_column": "KWOTA"}
    with pytest.raises(SourceError, match="the columns KWOTA are missing"):
        decoded(b"NR;SALDO\n1;1,00\nT;001;000100\n", trailer=trailer, **PLAIN)
    with pytest.raises(ValueError, match="sum_column 'KWOTA' is no column; there are NR, SALDO"):
        decoded(b"1;1,00\n", trailer=trailer, header=False, columns=["NR", "SALDO"], **PLAIN)


def test_an_empty_file_stops(decoded):
    with pytest.raises(SourceError, match="empty"):
        decoded(b"", **PLAIN)


VALUES = st.text(st.sampled_from('ab";\n\r ż'), max_size=6)


@settings(max_examples=300, deadline=None)
@given(
    rows=st.lists(st.tuples(VALUES, VALUES, VALUES), max_size=12), quoting=st.sampled_from([0, 1]), cut=st.booleans()
)
def test_what_a_csv_writer_wrote_is_read_back(rows, quoting, cut):
    if quoting == csv.QUOTE_MINIMAL:  # which leaves a return at a value's end without quotes
        rows = [tuple(value.replace("\r", "") for value in row) for row in rows]
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";", quoting=quoting, lineterminator="\n")
    writer.writerows(rows)
    chunk = buffer.getvalue().encode()
    tokeniser = Tokeniser(Layout(b";", b'"', b"\n"))
    # the same chunk whole, and in two pieces at every record
    at, got = 0, []
    while at < len(chunk):
        piece = tokeniser.split(chunk[at:], 3, final=True, most=2 if cut else 1000)
        assert piece.whole.all()
        for row in range(len(piece)):
            values = [
                chunk[at + a : at + b] for a, b in zip(piece.value_starts[row], piece.value_ends[row], strict=True)
            ]
            if piece.doubled is not None:
                values = [v.replace(b'""', b'"') if d else v for v, d in zip(values, piece.doubled[row], strict=True)]
            got.append(tuple(v.decode() for v in values))
        assert piece.consumed
        at += piece.consumed
    assert got == rows


@settings(max_examples=300, deadline=None)
@given(chunk=st.binary(max_size=60).map(lambda b: bytes(b'";\n\rab'[x % 6] for x in b)), size=st.integers(1, 20))
def test_any_bytes_give_records_that_cover_them_in_order(chunk, size):
    tokeniser = Tokeniser(Layout(b";", b'"', b"\n"))
    at, pending, place = 0, b"", 0
    covered = []
    while True:
        piece = pending + chunk[at : at + size]
        at += size
        records = tokeniser.split(piece, 2, final=at >= len(chunk), most=1000)
        assert (records.value_starts <= records.value_ends).all()
        covered += [(place + int(a), place + int(b)) for a, b in zip(records.starts, records.ends, strict=True)]
        place += records.consumed
        pending = piece[records.consumed :]
        if at >= len(chunk):
            break
    assert place == len(chunk)
    end = 0
    for a, b in covered:
        assert chunk[end:a].strip(b"\r\n") == b""  # only blank lines lie between records
        end = b
    assert chunk[end:].strip(b"\r\n") == b""


def test_a_file_may_be_filled_up_with_any_number_of_end_marks(decoded):
    got = decoded(text("NR;SALDO", "1;2,00") + b"\x1a" * 20_000, **PLAIN)
    assert len(got.rows()) == 1
    assert not got.rejects


def test_a_record_in_the_place_of_the_header_line_is_shown_masked(decoded):
    with pytest.raises(SourceError) as caught:
        decoded("44051401458;Kowalska;12\n".encode("cp1250"), **PLAIN)
    assert "Kowalska" not in str(caught.value)
    assert "44051401458" not in str(caught.value)
    assert "it has 44*******, K*******, **" in str(caught.value)
    assert "header = false" in str(caught.value)
