"""Delimited and fixed-width text in every form that a legacy system may write: a table a question."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.errors import ContractError, SourceError
from extractors.text.plain_csv import PlainReader

DELIMITED = {"format": "delimited", "code_page": "cp1250"}
FIXED = {
    "format": "fixed_width",
    "code_page": "cp1250",
    "record_length": 14,
    "records": [
        {
            "table": "konta",
            "columns": [
                {"name": "NR", "start": 1, "length": 2},
                {"name": "NAZWA", "start": 3, "length": 6},
                {"name": "SALDO", "start": 9, "length": 6},
            ],
        }
    ],
}

# --- code pages --------------------------------------------------------------------------------------------------

POLISH = ["Żółkiewski", "Łąkowa", "Gęśla", "Źródłowa", "Świątek", "Ćmielów", "Dąbrówka", "ŁÓDŹ", "GDAŃSK", "ŻĄDŁO"]
CZECH = ["Dvořák", "Žižkov", "Štěpánka", "Kůň", "Čeněk", "Řehoř"]
PAGES = [
    ("mazovia", POLISH), ("cp852", POLISH), ("cp1250", POLISH), ("iso8859-2", POLISH), ("iso8859-16", POLISH),
    ("iso8859-13", POLISH), ("cp1257", POLISH), ("cp775", POLISH), ("mac_latin2", POLISH), ("utf-8", POLISH),
    ("utf-8-sig", POLISH), ("utf-16", POLISH), ("utf-16-le", POLISH), ("utf-16-be", POLISH), ("kamenicky", CZECH),
    ("cp870", POLISH),
]  # fmt: skip


@pytest.mark.parametrize(("page", "words"), PAGES, ids=[page for page, _ in PAGES])
@pytest.mark.parametrize("quoted", [False, True])
def test_delimited_text_in_every_code_page(decoded, page, words, quoted):
    lines = [f'{n};"{word}; ""x"""' if quoted else f"{n};{word}" for n, word in enumerate(words)]
    data = "".join(line + "\r\n" for line in ["NR;NAZWA;SALDO", *(f"{line};1,00" for line in lines)]).encode(page)
    got = decoded(data, **{**DELIMITED, "code_page": page})
    assert [row["NAZWA"] for row in got.rows()] == [f'{word}; "x"' if quoted else word for word in words]
    assert got.rejects == []
    own = "utf-16-le" if page == "utf-16" else page.removesuffix("-sig")
    assert got.raw() == [f"{line};1,00\r\n".encode(own) for line in lines]


@pytest.mark.parametrize(("page", "words"), [(p, w) for p, w in PAGES if not p.startswith(("utf-16", "utf-8-sig"))])
def test_fixed_width_text_in_every_code_page(decoded, page, words):
    def cells(number: int, word: str) -> bytes:
        blank = " ".encode(page)
        return f"{number:02}".encode(page) + word.encode(page).ljust(24, blank)

    spec = {
        "format": "fixed_width", "code_page": page, "record_length": 26,
        "records": [{"table": "konta", "columns": [
            {"name": "NR", "start": 1, "length": 2}, {"name": "NAZWA", "start": 3, "length": 24},
        ]}],
    }  # fmt: skip
    data = b"".join(cells(n, word) + "\n".encode(page) for n, word in enumerate(words))
    got = decoded(data, amount="NR", **spec)
    assert [row["NAZWA"] for row in got.rows()] == words
    assert b"".join(got.raw()) == data


def test_a_broken_utf16_file_stops_at_its_place(decoded):
    data = "NR;SALDO\r\n1;1,00\r\n".encode("utf-16")
    with pytest.raises(SourceError, match="no utf-16-le") as caught:
        decoded(data + b"\x31", **{**DELIMITED, "code_page": "utf-16"})
    assert caught.value.where["byte_offset"] == len(data)
    with pytest.raises(SourceError, match="no utf-16-le") as caught:
        decoded(data + b"\x00\xdc\x31\x00", **{**DELIMITED, "code_page": "utf-16"})
    assert caught.value.where["byte_offset"] == len(data)


def test_rejects_of_utf16_carry_the_bytes_of_the_file(decoded):
    lines = ["NR;NAZWA;SALDO\r\n", "1;Łódź;1,00\r\n", "2;za mało\r\n", "3;dz\x07wonek;3,00\r\n", "4;𝄞;4,00\r\n"]
    got = decoded("".join(lines).encode("utf-16"), **{**DELIMITED, "code_page": "utf-16"})
    assert [row["NR"] for row in got.rows()] == ["1", "3", "4"]
    assert [(r["reason"], r["raw"]) for r in got.rejects] == [
        ("REC-COLUMNS", lines[2].encode("utf-16-le")),
        ("ENC-CTRL", "dz\x07wonek".encode("utf-16-le")),
    ]
    assert got.raw() == [lines[n].encode("utf-16-le") for n in (1, 3, 4)]
    assert got.facts.bytes == got.landed.size


# --- fixed width where a letter takes several bytes ----------------------------------------------------------------

WIDE_LINES = ["01Łódź  001,00", "02Gęśla 002,00", "03a😀b  003,00", "04a😀b   004,00", "05za krótki", "06Żuraw 006,00"]
WIDE_NAMES = {"01": "Łódź", "02": "Gęśla", "03": "a😀b", "04": "a😀b", "06": "Żuraw"}


@pytest.mark.parametrize("page", ["utf-16", "utf-16-le", "utf-16-be", "utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("batch_rows", [1, 1000])
def test_fixed_width_positions_in_characters(decoded, page, end, batch_rows):
    """The third line counts what takes two units as two characters, as Windows programs do, the fourth as one."""
    data = "".join(line + end for line in WIDE_LINES).encode(page)
    spec = {**FIXED, "code_page": page} | ({"positions": "characters"} if "8" in page else {})
    got = decoded(data, batch_rows=batch_rows, **spec)
    assert {row["NR"]: row["NAZWA"] for row in got.rows()} == WIDE_NAMES
    assert [row["SALDO"] for row in got.rows()] == ["001,00", "002,00", "003,00", "004,00", "006,00"]
    own = {"utf-16": "utf-16-le", "utf-8-sig": "utf-8"}.get(page, page)
    assert got.raw() == [(WIDE_LINES[n] + end).encode(own) for n in (0, 1, 2, 3, 5)]
    assert [(r["reason"], r["record_no"], r["raw"]) for r in got.rejects] == [
        ("REC-LENGTH", 5, (WIDE_LINES[4] + end).encode(own))
    ]
    assert "11 characters, 14 are declared" in got.rejects[0]["message"]


def test_a_character_that_is_cut_in_two_is_damage(decoded):
    got = decoded("01abcde😀01,00\n02abcdef002,00\n".encode("utf-16"), **{**FIXED, "code_page": "utf-16"})
    assert got.rows() == [{"NR": "02", "NAZWA": "abcdef", "SALDO": "002,00"}]
    assert [(r["reason"], r["field"], r["record_no"]) for r in got.rejects] == [("ENC-UNDECODABLE", "SALDO", 1)]


def test_control_records_and_record_types_in_utf16(decoded):
    columns = [{"name": "NR", "start": 3, "length": 3}, {"name": "SALDO", "start": 6, "length": 6}]
    spec = {
        "format": "fixed_width", "code_page": "utf-16", "record_length": 11,
        "records": [
            {"table": "konta", "starts_with": "Ł1", "columns": columns},
            {"table": "wplaty", "starts_with": "Ł2", "columns": columns},
        ],
        "header": {"starts_with": "Łódź", "sequence_at": [5, 3]},
        "trailer": {"starts_with": "żż", "count_at": [3, 2], "sum_at": [5, 8], "sum_column": "SALDO"},
    }  # fmt: skip
    lines = ["Łódź007", "Ł1001001,00", "Ł2002002,50", "żż02    3,50"]
    got = decoded("\r\n".join(lines).encode("utf-16"), **spec)
    assert [got.rows(table)[0]["NR"] for table in ("konta", "wplaty")] == ["001", "002"]
    assert (got.facts.sequence, got.facts.declared_records, str(got.facts.declared_sum)) == ("007", 2, "3.50")
    with pytest.raises(SourceError, match=r"states a total of 3\.51"):
        decoded("\r\n".join([*lines[:3], "żż02    3,51"]).encode("utf-16"), **spec)


def test_places_of_a_control_record_are_bytes_where_those_of_columns_are(decoded):
    spec = {**FIXED, "code_page": "utf-8", "trailer": {"starts_with": "Łódź", "count_at": [8, 2]}}
    got = decoded("01abcdef001,00\nŁódź01\n".encode(), **spec)
    assert got.facts.declared_records == 1


def test_byte_positions_in_utf16_are_no_declaration(decoded):
    with pytest.raises(ContractError, match="declared in bytes"):
        decoded("01abcdef001,00\n".encode("utf-16"), **{**FIXED, "code_page": "utf-16", "positions": "bytes"})


def test_a_column_beyond_the_record_is_no_declaration(decoded):
    with pytest.raises(ValueError, match="the column SALDO ends at 14, the record at 13"):
        decoded(b"", **{**FIXED, "record_length": 13})


# --- quotes, delimiters, escapes, line ends ------------------------------------------------------------------------

TRAPS = [
    # what stands between "1" and "1,00", the name that it means; options
    ('"a;b"', "a;b", {}),
    ('"a""b"', 'a"b', {}),
    ('""""', '"', {}),
    ('""', None, {}),
    ('"a"b', '"a"b', {}),
    ('a"b"', 'a"b"', {}),
    ('a""b', 'a""b', {}),
    ('"a\r\nb"', "a\r\nb", {}),
    ('"a\nb"', "a\nb", {}),
    ('"a\rb"', "a\rb", {}),
    ("a\rb", "a\rb", {}),
    ('"a  "', "a", {}),
    ("  ", None, {}),
    ("'a'", "'a'", {}),
    ("'a;b'", "a;b", {"quote": "'"}),
    ('"a', '"a', {"quote": ""}),
    ("\\;a", ";a", {"escape": "\\"}),
    ('"a\\"b;"', 'a"b;', {"escape": "\\"}),
    ("a\\\\", "a\\", {"escape": "\\"}),
    ("a\\\nb", "a\nb", {"escape": "\\"}),
    ("a\\\r\nb", "a\r\nb", {"escape": "\\"}),
    ("\\N", None, {"escape": "\\", "nulls": ("\\N",)}),
    ("NULL", None, {"nulls": ("NULL",)}),
    ("NULLA", "NULLA", {"nulls": ("NULL",)}),
]


@pytest.mark.parametrize(("written", "name", "options"), TRAPS, ids=[repr(trap[0]) for trap in TRAPS])
@pytest.mark.parametrize("delimiter", [";", "||", "~|~", "\t"])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_traps_of_quoting(decoded, written, name, options, delimiter, end):
    written, name = written.replace(";", delimiter), name and name.replace(";", delimiter)
    if delimiter == "~|~" and options.get("escape"):
        written = written.replace("\\~|~", "\\~\\|\\~")
    lines = [
        delimiter.join(v) for v in (("NR", "NAZWA", "SALDO"), ("0", "x", "0"), ("1", written, "1"), ("2", "y", "2"))
    ]
    got = decoded("".join(line + end for line in lines).encode(), **DELIMITED, delimiter=delimiter, **options)
    assert [row["NAZWA"] for row in got.rows()] == ["x", name, "y"]
    assert got.raw() == [(line + end).encode() for line in lines[1:]]
    assert got.rejects == []


@pytest.mark.parametrize("delimiter", [";", "||"])
def test_a_missing_end_quote_harms_its_own_record_only(decoded, delimiter):
    lines = [["NR", "NAZWA", "SALDO"], ["1", '"a', "1"], ["2", "b", "2"], ["3", '"c', "3", "x"], ["4", "d", "4"]]
    data = "".join(delimiter.join(line) + "\n" for line in lines).encode()
    got = decoded(data, **DELIMITED, delimiter=delimiter)
    assert [(row["NR"], row["NAZWA"]) for row in got.rows()] == [("1", '"a'), ("2", "b"), ("4", "d")]
    assert [(r["reason"], r["record_no"]) for r in got.rejects] == [("REC-COLUMNS", 4)]


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (b"1;a;1\n2;b;2\r\n3;c;3\n", 3),  # mixed
        (b"1;a;1\r\n\r\n2;b;2\r\n\n3;c;3\r\n", 3),  # empty lines
        (b"1;a;1\n2;b;2\n3;c;3", 3),  # no line end at the end
        (b"1;a;1\r2;b;2\r3;c;3\r", 3),
        (b"1;a;1\n2;b;2\n\x1a", 2),
        (b"1;a;1\n2;b;2\x1a", 2),
        (b"1;a;1\n2;b;2\n\x1a\r\n\x1a\x1a\r\n", 2),
        (b"\n\n", 0),
    ],
)
def test_line_ends_of_delimited_files(decoded, data, rows):
    got = decoded(data, **DELIMITED, header=False, columns=["NR", "NAZWA", "SALDO"])
    assert [row["SALDO"] for row in got.rows()] == ["1", "2", "3"][:rows]
    assert got.rejects == []


@pytest.mark.parametrize(
    ("data", "names", "rejects"),
    [
        (b"1;a\x00b;1\n2;b;2\n", [None, "b"], [("ENC-CTRL", "NAZWA")]),
        (b"1;a\x1ab;1\n2;b;2\n", [None, "b"], [("ENC-CTRL", "NAZWA")]),
        (b"1;a;1\n\x002;b;2\n3;c;3\n", ["a", "c"], [("ENC-CTRL", "NR")]),
        (b"1;a;1\n2\n3;c;3\n", ["a", "c"], [("REC-COLUMNS", None)]),
        (b"1;a;1\n2;b;2;9;9\n3;c;3\n", ["a", "c"], [("REC-COLUMNS", None)]),
    ],
)
def test_damaged_records_of_delimited_files(decoded, data, names, rejects):
    got = decoded(data, **DELIMITED, header=False, columns=["NR", "NAZWA", "SALDO"])
    assert [row["NAZWA"] for row in got.rows()] == names
    assert [(r["reason"], r["field"]) for r in got.rejects] == rejects


LINE = b"01abcdef  1,00"


@pytest.mark.parametrize(
    ("data", "rows", "reasons"),
    [
        (LINE + b"\n" + LINE + b"\r\n" + LINE + b"\n", 3, []),  # mixed
        (LINE + b"\r" + LINE + b"\r", 2, []),
        (LINE + b"\r\n\r\n\n" + LINE + b"\r\n", 2, []),
        (LINE + b"\n" + LINE, 2, []),
        (LINE + b"\n" + LINE + b"\x1a", 2, []),
        (LINE + b"\n\x1a\x1a\r\n", 1, []),
        (LINE + b"\n" + LINE[:-1] + b"\n" + LINE + b"\n", 2, ["REC-LENGTH"]),
        (LINE + b"\n" + LINE + b" \n" + LINE + b"\n", 2, ["REC-LENGTH"]),
        (b"01a\x00cdef  1,00\n" + LINE + b"\n", 2, ["ENC-CTRL"]),
        (b"01a\x1acdef  1,00\n" + LINE + b"\n", 2, ["ENC-CTRL"]),
        (b"01ab\x00\x00\x00\x00  1,00\n" + LINE + b"\n", 2, []),  # low-values behind a text are blanks
    ],
)
def test_line_ends_and_damage_of_fixed_width_files(decoded, data, rows, reasons):
    got = decoded(data, **FIXED)
    assert len(got.rows()) == rows
    assert [r["reason"] for r in got.rejects] == reasons
    places = [(p["byte_offset"], p["byte_length"]) for p in got.tables["konta"].to_pylist()]
    places += [(r["byte_offset"], r["byte_length"]) for r in got.rejects if r["level"] == "record"]
    covered = b"".join(data[offset : offset + length] for offset, length in sorted(places))
    assert covered.translate(None, b"\r\n\x1a") == data.translate(None, b"\r\n\x1a")  # nothing lost, nothing twice


# --- pages that were printed -----------------------------------------------------------------------------------------


def test_headings_and_feet_of_pages_are_no_records(decoded):
    data = b"\x0cREJON 12  STRONA 1\r\n1;a;1\r\nRAZEM STRONA: 1\r\n\x0cREJON 12  STRONA 2\r\n2;b;2\r\n"
    spec = {**DELIMITED, "header": False, "columns": ["NR", "NAZWA", "SALDO"]}
    got = decoded(data, **spec, ignore=("\x0cREJON", "RAZEM"))
    assert [row["NR"] for row in got.rows()] == ["1", "2"]
    assert (got.rejects, got.facts.records) == ([], 2)
    assert "3 lines that are no records were left out, as the source declares" in got.facts.notes
    assert len(decoded(data, **spec).rejects) == 3
    lines = b"--- strona 1\n" + LINE + b"\n--- strona 2\n" + LINE + b"\n"
    got = decoded(lines, **FIXED, ignore=("---",))
    assert (len(got.rows()), got.rejects, got.facts.records) == (2, [], 2)


def test_ignored_lines_may_stand_before_the_names(decoded):
    got = decoded(b"# eksport\r\n\r\nNR;NAZWA;SALDO\r\n1;a;1\r\n", **DELIMITED, ignore=("#",))
    assert got.rows() == [{"NR": "1", "NAZWA": "a", "SALDO": "1"}]
    assert got.raw() == [b"1;a;1\r\n"]


# --- Arrow's reader and ours -----------------------------------------------------------------------------------------

CELLS = st.text(st.sampled_from('ab";\n\r ż\x07'), max_size=5)
LINES = st.lists(st.lists(CELLS, min_size=2, max_size=4).map(";".join), max_size=8)


@settings(max_examples=300, deadline=None)
@given(lines=LINES, end=st.sampled_from(["\n", "\r\n"]), size=st.sampled_from([1, 3, 1000]))
def test_both_readers_give_the_same(tmp_path_factory, lines, end, size):
    from extractor_probe import declare, landed, run

    path = tmp_path_factory.mktemp("both") / "konta.dat"
    path.write_bytes("".join(line + end for line in ["NR;NAZWA;SALDO", *lines]).encode("cp1250"))
    source = declare([{"name": "konta", "pattern": "x", **DELIMITED}])
    found = []
    for usable in (True, False):
        with pytest.MonkeyPatch.context() as patch:
            if not usable:
                patch.setattr(PlainReader, "cut", lambda *_, **__: None)
            try:
                got = run(source, landed(path), batch_rows=size)
                found.append((got.tables["konta"].to_pylist(), got.rejects, got.facts))
            except SourceError as error:
                found.append(str(error))
    assert found[0] == found[1]


def test_what_looks_like_a_byte_order_mark_within_a_file_is_text(decoded):
    data = "ď»żak;1;1\nb;2;2\n".encode("cp1250")
    got = decoded(data, **DELIMITED, header=False, columns=["NAZWA", "NR", "SALDO"])
    assert [row["NAZWA"] for row in got.rows()] == ["ď»żak", "b"]


def test_most_chunks_are_read_by_arrow(decoded, monkeypatch):
    asked = []
    read = PlainReader.parse
    monkeypatch.setattr(PlainReader, "parse", lambda *a, **k: asked.append(read(*a, **k)) or asked[-1])
    data = b"NR;NAZWA;SALDO\r\n" + b'1;"a ""x""; b";1,00\r\n2;\xb3\xf3d\x9f;2,00\r\n' * 50
    assert len(decoded(data, **DELIMITED).rows()) == 100
    assert asked and all(block is not None for block in asked)
