import pytest

from billing.errors import SourceError

COLUMNS = [
    {"name": "TYP", "start": 1, "length": 1},
    {"name": "NR", "start": 2, "length": 4},
    {"name": "NAZWA", "start": 6, "length": 8},
    {"name": "SALDO", "start": 14, "length": 7},
]
SPEC = {
    "format": "fixed_width",
    "code_page": "iso8859-2",
    "record_length": 20,
    "records": [{"table": "konta", "columns": COLUMNS}],
}
TYPED = {
    **SPEC,
    "records": [
        {"table": "konta", "starts_with": "K", "columns": COLUMNS},
        {"table": "wplaty", "starts_with": "W", "columns": COLUMNS[:2]},
    ],
}
CONTROLLED = {
    **TYPED,
    "header": {"starts_with": "0", "sequence_at": [2, 4]},
    "trailer": {"starts_with": "9", "count_at": [2, 4], "sum_at": [6, 8], "sum_column": "SALDO", "count_extra": 2},
}


def lines(*texts: str, end: str = "\r\n", page: str = "iso8859-2") -> bytes:
    return "".join(text.ljust(20) + end for text in texts).encode(page)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_columns_are_cut_by_bytes(decoded, end):
    data = lines("K0001Żółć    0001250", "K0002            -10", end=end)
    got = decoded(data, **SPEC)
    assert got.rows() == [
        {"TYP": "K", "NR": "0001", "NAZWA": "Żółć", "SALDO": "0001250"},
        {"TYP": "K", "NR": "0002", "NAZWA": None, "SALDO": "    -10"},
    ]
    assert b"".join(got.raw()) == data


def test_in_utf8_columns_are_counted_in_bytes_too(decoded):
    data = "K0001Żółć0001250\n".encode() + b"K0002abcdefgh0000001\n"
    got = decoded(data, **{**SPEC, "code_page": "utf-8"})
    assert [r["NAZWA"] for r in got.rows()] == ["Żółć", "abcdefgh"]


def test_record_types_go_to_their_tables(decoded):
    got = decoded(lines("K0001a       0000001", "W0007", "X0009", "K0002b       0000002"), **TYPED)
    assert [r["NR"] for r in got.rows("konta")] == ["0001", "0002"]
    assert got.rows("wplaty") == [{"TYP": "W", "NR": "0007"}]
    assert [(r["reason"], r["record_no"], r["raw"]) for r in got.rejects] == [
        ("REC-TYPE", 3, b"X0009".ljust(20) + b"\r\n")
    ]
    assert got.facts.records == 4


@pytest.mark.parametrize("batch_rows", [1, 1000])
def test_a_record_of_an_unknown_type_is_a_reject_of_the_file_and_its_code_is_shown(decoded, batch_rows):
    data = lines("K0001a       0000001", "X0009", "W0007") + b"Y0001\r\n"
    records = [{**record, "table": f"t_{record['table']}"} for record in TYPED["records"]]  # the file is called konta
    got = decoded(data, batch_rows=batch_rows, table="t_konta", **{**TYPED, "records": records})
    assert [(r["entity"], r["reason"], r["record_no"], r["message"]) for r in got.rejects] == [
        ("konta", "REC-TYPE", 2, "no declared record type begins with 'X'"),
        ("konta", "REC-LENGTH", 4, "the record has 5 bytes, 20 are declared"),
    ]
    assert len(got.rows("t_konta")) == len(got.rows("t_wplaty")) == 1


@pytest.mark.parametrize("batch_rows", [1, 2, 1000])
def test_a_record_of_another_length_is_set_aside(decoded, batch_rows):
    good = lines("K0001a       0000001")
    data = good + b"K0002short\r\n" + good + b"K0003" + b"x" * 30 + b"\r\n" + good
    got = decoded(data, batch_rows=batch_rows, **SPEC)
    assert len(got.rows()) == 3
    assert [(r["reason"], r["record_no"], r["raw"][:5]) for r in got.rejects] == [
        ("REC-LENGTH", 2, b"K0002"),
        ("REC-LENGTH", 4, b"K0003"),
    ]
    assert got.raw() == [good] * 3
    assert "10 bytes, 20 are declared" in got.rejects[0]["message"]


def test_a_cut_last_record_stops_the_file(decoded):
    with pytest.raises(SourceError, match="truncated: its last record has 7 of 20 bytes") as caught:
        decoded(lines("K0001a       0000001") + b"K0002ab", **SPEC)
    assert caught.value.where["byte_offset"] == 22


def test_a_whole_last_record_needs_no_line_end(decoded):
    assert len(decoded(lines("K0001a       0000001", "K0002b       0000002")[:-2], **SPEC).rows()) == 2


def test_ctrl_z_at_the_end_is_nothing(decoded):
    got = decoded(lines("K0001a       0000001") + b"\x1a", **SPEC)
    assert len(got.rows()) == 1
    assert got.rejects == []


def test_control_characters_are_flagged(decoded):
    got = decoded(lines("K0001a\x1ab     0000001", "K0002b       00000\x002"), **SPEC)
    assert [(r["NR"], r["NAZWA"]) for r in got.rows()] == [("0001", None)]
    assert [(r["reason"], r["disposition"], r["field"]) for r in got.rejects] == [
        ("ENC-CTRL", "flagged", "NAZWA"),
        ("ENC-CTRL", "rejected", "SALDO"),
    ]


def test_header_and_trailer_agree(decoded):
    got = decoded(
        lines("00042", "K0001a       0001250", "W0001", "K0002b       -000050", "90005    1200"), **CONTROLLED
    )
    assert (got.facts.sequence, got.facts.declared_records, got.facts.records) == ("0042", 3, 3)
    assert str(got.facts.declared_sum) == str(got.facts.computed_sum) == "12.00"
    assert got.tables["konta"]["record_no"].to_pylist() == [2, 4]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (lines("00042", "K0001a       0001250", "90004    1250"), "1 records were lost"),
        (lines("00042", "K0001a       0001250", "90003    1520"), r"difference -2\.70; nine divides"),
        (lines("00042", "K0001a       0001250"), "has no trailer"),
        (lines("K0001a       0001250", "90003    1250"), "does not begin with '0', the declared header"),
        (lines("K0001a       0001250", "00042", "90003    1250"), "declared header"),
        (lines("00042", "K0001a       0001250", "90003    1250", "K0002a       0000001"), "records follow the trailer"),
    ],
)
def test_header_and_trailer_disagree(decoded, data, message):
    with pytest.raises(SourceError, match=message):
        decoded(data, **CONTROLLED)


def test_an_unreadable_amount_explains_a_difference(decoded):
    got = decoded(lines("00042", "K0001a       0001250", "K0002b       00012O0", "90004    2450"), **CONTROLLED)
    assert any("1 record whose SALDO could not be read" in note for note in got.facts.notes)


def test_many_batches_are_one_file(decoded):
    data = lines(*(f"K{n:04}nazwa   {n:07}" for n in range(5000)))
    got = decoded(data, batch_rows=700, **SPEC)
    assert [r["SALDO"] for r in got.rows()] == [f"{n:07}" for n in range(5000)]
    assert got.tables["konta"]["record_no"].to_pylist() == list(range(1, 5001))
    assert b"".join(got.raw()) == data


def test_a_wrong_code_page_is_found_out(decoded):
    names = ["Łódź", "Kraków", "Święta", "Żółć", "Gęś", "Łoś", "Kąty", "Ćma"]
    data = lines(*(f"K{n:04}{names[n % 8]:8}{n:07}" for n in range(200)), page="mazovia")
    with pytest.raises(SourceError, match=r"contradict the declared code page iso8859-2.*under mazovia"):
        decoded(data, **SPEC)


def test_a_tab_in_a_column_is_named_for_what_it_is(decoded):
    got = decoded(b"01a\t\n", **{
        "format": "fixed_width", "code_page": "cp1250", "record_length": 4,
        "records": [{"table": "konta", "columns": [
            {"name": "NR", "start": 1, "length": 2}, {"name": "SALDO", "start": 3, "length": 2},
        ]}],
    })  # fmt: skip
    assert [r["message"] for r in got.rejects] == ["SALDO: byte 09 is a control character in cp1250"]
