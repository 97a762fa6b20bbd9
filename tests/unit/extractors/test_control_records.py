"""Header and trailer records: what counts is declared, and a file that disagrees stops."""

import pytest

from billing.errors import SourceError
from extractors.text.control_amounts import amount

DELIMITED = {"format": "delimited", "code_page": "cp1250", "header": False, "columns": ["TYP", "NR", "SALDO"]}
DATA = b"F;1001;100,00\nK;1002;-40,50\nF;1003;7\n"


def decode(decoded, trailer: dict, last: bytes, data: bytes = DATA, **spec):
    return decoded(data + last, **{**DELIMITED, "trailer": {"starts_with": "T;", **trailer}, **spec})


@pytest.mark.parametrize(
    ("trailer", "last"),
    [
        ({"count_at": 2}, b"T;3\n"),
        ({"count_at": 2, "count_extra": 1}, b"T;4;\n"),
        ({"count_at": 2, "count_extra": 2}, b'T;"5";\r\n'),
        ({"count_at": 2, "count_types": ["F;"]}, b"T;2\n"),
        ({"count_at": 2, "count_types": ["F;", "K;"]}, b"T;0003\n"),
        ({"count_at": 2, "count_types": ["X;"]}, b"T;0\n"),
        ({"sum_at": 2, "sum_column": "SALDO"}, b"T;59.57\n"),
        ({"sum_at": 2, "sum_column": "SALDO", "sum_scale": 0}, b"T;66,50\n"),
        ({"sum_at": 3, "sum_column": "SALDO", "sum_scale": 0}, b"T;;66,50+\n"),
        ({"totals": [{"at": 2, "column": "SALDO", "form": "absolute", "scale": 0}]}, b"T;147,50\n"),
        ({"totals": [{"at": 2, "column": "SALDO", "form": "positive", "scale": 0}]}, b"T;107,00\n"),
        ({"totals": [{"at": 2, "column": "SALDO", "form": "negative", "scale": 0}]}, b"T;(40,50)\n"),
        ({"totals": [{"at": 2, "column": "SALDO", "form": "negative", "scale": 0}]}, b"T;40,50CR\n"),
        ({"totals": [{"at": 2, "column": "NR", "form": "hash"}]}, b"T;003006\n"),
        ({"totals": [{"at": 2, "column": "NR", "form": "hash"}]}, b"T;006\n"),  # as many digits as there is room for
        ({"totals": [{"at": [3, 2], "column": "NR", "form": "hash"}]}, b"T;06rest\n"),
        ({"count_at": 2, "sum_at": 3, "sum_column": "SALDO", "sum_scale": 0,
          "totals": [{"at": 4, "column": "NR", "form": "hash"}]}, b"T;3;66,50;3006\n"),
    ],
)  # fmt: skip
def test_what_is_stated_agrees(decoded, trailer, last):
    got = decode(decoded, trailer, last)
    assert (len(got.rows()), got.facts.records, got.rejects) == (3, 3, [])


@pytest.mark.parametrize("page", ["cp1250", "utf-8", "utf-16"])
def test_places_of_a_delimited_control_record_are_characters(decoded, page):
    text = "1;10,00\n2;5,50\nŁódź 02 15,50\n"
    trailer = {"starts_with": "Łódź", "count_at": [6, 2], "sum_at": [9, 5], "sum_column": "SALDO", "sum_scale": 0}
    spec = {**DELIMITED, "columns": ["NR", "SALDO"], "code_page": page, "trailer": trailer}
    got = decoded(text.encode(page), **spec)
    assert (got.facts.declared_records, str(got.facts.declared_sum)) == (2, "15.50")


def test_values_of_a_control_record_are_quoted_like_those_of_others(decoded):
    spec = {**DELIMITED, "delimiter": ",", "columns": ["NR", "SALDO"]}
    trailer = {"starts_with": '"T"', "count_at": 2, "sum_at": 3, "sum_column": "SALDO", "sum_scale": 0}
    got = decoded(b'1,"1,234.50"\n2,-0.50\n"T",2,"1,234.00"\n', **{**spec, "trailer": trailer})
    assert (got.facts.declared_records, str(got.facts.declared_sum)) == (2, "1234.00")


@pytest.mark.parametrize(
    ("trailer", "last", "message"),
    [
        ({"count_at": 2}, b"T;4\n", "states 4 data records, the file holds 3 .*1 records were lost"),
        ({"count_at": 2, "count_types": ["F;"]}, b"T;3\n", "3 data records that begin with 'F;', the file holds 2"),
        ({"count_at": 5}, b"T;4\n", "the trailer has no value number 5"),
        ({"totals": [{"at": 2, "column": "SALDO", "form": "absolute", "scale": 0}]}, b"T;66,50\n", "difference 81"),
        ({"totals": [{"at": 2, "column": "NR", "form": "hash"}]}, b"T;007\n", "hash total of 7, NR adds up to 6 "),
        ({"totals": [{"at": 2, "column": "NR", "form": "hash"}]}, b"T;x7\n", "hash total 'x7' is no amount"),
    ],
)
def test_what_is_stated_disagrees(decoded, trailer, last, message):
    with pytest.raises(SourceError, match=message) as caught:
        decode(decoded, trailer, last)
    assert caught.value.where["record_no"] == 4
    assert caught.value.where["byte_offset"] == len(DATA)


def test_a_header_record_before_the_line_of_names(decoded):
    header = {"starts_with": "H;", "count_at": 3, "sequence_at": 2}
    spec = {"header": True, "columns": None, "header_record": header, "trailer": None}
    got = decoded(b"H;0042;3\nTYP;NR;SALDO\n" + DATA, **{**DELIMITED, **spec})
    assert (got.facts.sequence, got.facts.declared_records, got.facts.records) == ("0042", 3, 3)
    assert got.tables["konta"]["record_no"].to_pylist() == [3, 4, 5]
    with pytest.raises(SourceError, match="states 2 data records, the file holds 3"):
        decoded(b"H;0042;2\nTYP;NR;SALDO\n" + DATA, **{**DELIMITED, **spec})
    with pytest.raises(SourceError, match="does not begin with 'H;', the declared header"):
        decoded(b"TYP;NR;SALDO\n" + DATA, **{**DELIMITED, **spec})


def test_a_header_record_where_there_are_no_names(decoded):
    header = {"starts_with": "H;", "count_at": 3}
    got = decoded(b"H;0042;3\n" + DATA, **{**DELIMITED, "header_record": header})
    assert (got.facts.declared_records, got.facts.records) == (3, 3)
    assert got.tables["konta"]["record_no"].to_pylist() == [2, 3, 4]


@pytest.mark.parametrize("names", [b"", b"TYP;NR;SALDO\n"])
def test_ignored_lines_may_stand_before_a_header_record(decoded, names):
    spec = {**DELIMITED, "header": bool(names), "header_record": {"starts_with": "H;", "count_at": 2}}
    got = decoded(b"# eksport\n# 2003\nH;3\n" + names + DATA, **{**spec, "ignore": ["#"]})
    assert (got.facts.records, len(got.rows())) == (3, 3)
    with pytest.raises(SourceError, match="states 2 data records") as caught:
        decoded(b"# eksport\n# 2003\nH;2\n" + names + DATA, **{**spec, "ignore": ["#"]})
    assert (caught.value.where["record_no"], caught.value.where["byte_offset"]) == (3, 17)


def test_a_total_of_one_record_type_of_a_fixed_width_file(decoded):
    columns = [{"name": "NR", "start": 2, "length": 3}, {"name": "SALDO", "start": 5, "length": 5}]
    spec = {
        "format": "fixed_width", "code_page": "cp1250", "record_length": 9,
        "records": [
            {"table": "konta", "starts_with": "K", "columns": columns},
            {"table": "wplaty", "starts_with": "W", "columns": columns},
        ],
        "trailer": {"starts_with": "9", "count_at": [2, 2], "count_types": ["W"], "totals": [
            {"at": [4, 6], "column": "SALDO", "table": "wplaty"},
        ]},
    }  # fmt: skip
    data = b"K00100500\nW00100250\nW00200150\n"
    got = decoded(data + b"902000400\n", **spec)
    assert (len(got.rows("konta")), len(got.rows("wplaty"))) == (1, 2)
    with pytest.raises(SourceError, match=r"states a total of 9\.00, SALDO adds up to 4\.00"):
        decoded(data + b"902000900\n", **spec)


@pytest.mark.parametrize(
    "spec",
    [
        {"starts_with": ""},
        {"starts_with": "T", "sum_at": 2},
        {"starts_with": "T", "count_at": [0, 3]},
        {"starts_with": "T", "count_at": 0},
        {"starts_with": "T", "totals": [{"at": 2, "column": "KWOTA"}]},
        {"starts_with": "T", "totals": [{"at": 2, "column": "SALDO", "form": "some"}]},
    ],
)
def test_declarations_that_cannot_be_meant(decoded, spec):
    with pytest.raises(ValueError):
        decoded(DATA, **{**DELIMITED, "trailer": spec})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.234,56", "1234.56"), ("1,234.56", "1234.56"), ("1.234.567", "1234567"), ("1 234,56", "1234.56"),
        ("1\u00a0234,56", "1234.56"), ("1\u202f234,56", "1234.56"), ("1'234.56", "1234.56"), ("1234,56-", "-1234.56"),
        ("(1234,56)", "-1234.56"), ("1234,56CR", "-1234.56"), ("1234,56 DB", "-1234.56"), ("12.34,56", None),
        ("1,23.456,7", None), ("(12", None), ("-12-", None), ("-12CR", None), ("12XX", None),
    ],
)  # fmt: skip
def test_forms_of_amounts(text, value):
    found = amount(text, scale=2)
    assert (None if found is None else str(found)) == value


@pytest.mark.parametrize("batch_rows", [7, 1_000])
def test_a_hash_total_of_account_numbers_is_exact(decoded, batch_rows):
    numbers = [91_000_000_000_000_000_000_000_001 + 7 * n for n in range(300)] + [10**60 - 1]
    data = b"".join(b"F;%d;1\n" % number for number in numbers)
    trailer = {"totals": [{"at": 2, "column": "NR", "form": "hash"}]}
    total = sum(numbers)
    for stated in (f"{total}", f"{total:075}", f"{total % 10**30:030}", f"{total % 10**12:012}"):
        got = decode(decoded, trailer, f"T;{stated}\n".encode(), data, batch_rows=batch_rows)
        assert got.facts.records == len(numbers)
        assert not any("cannot be proved" in note for note in got.facts.notes)
    with pytest.raises(SourceError, match="difference -1"):
        decode(decoded, trailer, b"T;%d\n" % (total + 1), data, batch_rows=batch_rows)


def test_totals_of_more_digits_than_any_context_keeps_are_exact(decoded):
    amounts = ["9" * 38 + ",99", "-" + "1" * 36 + ",10", "(0,09)"]
    data = "".join(f"F;1;{amount}\n" for amount in amounts).encode()
    trailer = {"sum_at": 2, "sum_column": "SALDO"}
    total = f"{'9' * 2}{'8' * 36},80"
    assert decode(decoded, trailer, f"T;{total}\n".encode(), data).facts.records == 3
    with pytest.raises(SourceError, match=r"difference 0\.01"):
        decode(decoded, trailer, f"T;{total[:-1]}".encode()[:-1] + b"79\n", data)
