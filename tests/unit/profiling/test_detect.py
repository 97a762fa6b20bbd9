"""What a file is: every format that a source can declare, the ones that it cannot, and whatever else there is."""

import gzip
import json
import os
import random
import sqlite3
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from extractors.profiling.binary_shape import walk
from extractors.profiling.detect import detect
from extractors.profiling.profile import profile

DATA = Path(os.environ.get("BLUELINE_CONFORMANCE_DATA", Path(__file__).parents[4] / "shared" / "data"))


def table(records, page, *, version=3, language=0, width=40):
    """A DBF table of one character field and one number."""
    fields = b"NAZWISKO".ljust(11, b"\0") + b"C" + bytes(4) + bytes([width, 0]) + bytes(14)
    fields += b"SALDO".ljust(11, b"\0") + b"N" + bytes(4) + bytes([10, 2]) + bytes(14)
    length = 32 + len(fields) + 1
    head = struct.pack("<BBBBIHH", version, 103, 9, 30, len(records), length, 1 + width + 10) + bytes(17)
    head += bytes([language]) + bytes(2)
    rows = b"".join(b" " + r.encode(page)[:width].ljust(width) + b"%10.2f" % n for n, r in enumerate(records))
    return head + fields + b"\r" + rows + b"\x1a"


def test_dbf_with_its_version_fields_and_language_byte(write, records):
    found = profile(write("A.DBF", table(records, "mazovia", language=0x69)))
    assert found.shape.format == "dbf"
    assert found.shape.records == len(records)
    assert found.shape.encoding == "mazovia"
    assert found.page == "mazovia"


def test_a_lying_language_byte_does_not_decide(write, records):
    found = profile(write("A.DBF", table(records, "mazovia", language=0x64)))
    assert found.page == "mazovia"
    assert any("64" in note for note in found.shape.notes)


def test_a_cut_dbf_is_said_to_be_cut(write, records):
    found = detect(write("A.DBF", table(records, "cp852")[:-500]))
    assert not found.is_supported
    assert "truncated" in found.notes[0]


@pytest.mark.parametrize("delimiter", [";", "|", "\t", ",", "#", "^"])
@pytest.mark.parametrize("header", [True, False])
def test_delimited(write, records, delimiter, header):
    rows = [delimiter.join((str(n), line.split(";")[0], f"{n},50" if delimiter != "," else f"{n}.50"))
            for n, line in enumerate(records)]  # fmt: skip
    if header:
        rows.insert(0, delimiter.join(("NR", "NAZWISKO", "KWOTA")))
    found = detect(write("a.txt", "\r\n".join(rows) + "\r\n", "cp1250"))
    assert (found.format, found.delimiter, found.header) == ("delimited", delimiter, header)
    assert found.columns == (["NR", "NAZWISKO", "KWOTA"] if header else ["COL1", "COL2", "COL3"])


def test_quoted_values_with_delimiters_and_line_ends(write):
    rows = "".join(f'{n};"Bar ""ELA""; spółka";"dwa\nwiersze";{n},10\r\n' for n in range(30))
    found = detect(write("a.csv", rows))
    assert (found.format, found.delimiter, found.quote, len(found.columns)) == ("delimited", ";", '"', 4)


def test_a_trailer_is_seen(write, records):
    rows = [f"{n};{line}" for n, line in enumerate(records)]
    found = detect(write("a.csv", "\n".join([*rows, f"SUMA;{len(rows)}"]) + "\n"))
    assert found.last_record == "SUMA"


def test_fixed_width_with_borders(write, records):
    rows = [f"{n:06}{line.split(';')[0]:30.30}{line.split(';')[2][:6]:6}{n * 7:09}" for n, line in enumerate(records)]
    found = detect(write("a.txt", "\r\n".join(rows) + "\r\n", "iso8859-2"))
    assert (found.format, found.record_length) == ("fixed_width", 51)
    starts = [start for _, start, _ in found.fields]
    assert {0, 6, 36} <= set(starts)
    assert sum(length for *_, length in found.fields) == 51


@pytest.mark.parametrize("amount", ["{n},{c:02}", "{n:>6},{c:02}", "{n:02}:{c:02}"])
def test_signs_inside_numbers_do_not_delimit_padded_values(write, records, amount):
    rows = [
        f"{n:06}{line.split(';')[0]:30.30}{amount.format(n=n * 7 % 60, c=n % 60):12}" for n, line in enumerate(records)
    ]
    found = detect(write("a.txt", "\r\n".join(rows) + "\r\n", "cp1250"))
    assert (found.format, found.record_length) == ("fixed_width", 48)


def test_fixed_width_is_counted_in_characters_of_utf8(write, records):
    rows = [f"{n:06}{line.split(';')[0]:30.30}{n},{n % 60:02}".ljust(48) for n, line in enumerate(records)]
    found = profile(write("a.txt", "\r\n".join(rows) + "\r\n"))
    assert (found.shape.format, found.shape.record_length, found.shape.in_characters) == ("fixed_width", 48, True)
    assert "48 characters of UTF-8 a record" in found.shape.title and found.page == "utf-8"


@pytest.mark.parametrize("page", ["cp852", "cp870"])
def test_lines_without_columns_are_judged_word_by_word(write, page):
    found = profile(write("a.txt", "NAZWISKO\nŻurek\nBąk\nŁoś\nGłąb\nPająk\n", page))
    assert found.shape.format == "unknown" and found.page == page


def test_a_bank_statement_is_named_with_its_code_page(write, records):
    names = "".join(f":61:031031C1,00NTRFX\r\n:86:020~00WPŁATA~32{line.split(';')[0]}\r\n" for line in records[:20])
    text = f":20:A\r\n:25:PL12\r\n:28C:1\r\n:60F:C031030PLN1,00\r\n{names}:62F:C031031PLN21,00\r\n-\r\n"
    for end in ("\r\n", "\r"):
        found = profile(write("a.sta", text.replace("\r\n", end), "cp852"))
        assert (found.shape.format, found.page) == ("mt940", "cp852")
        assert found.shape.is_supported


def test_payment_orders_are_named(write, records):
    accounts = '"67160000030002000111111001","28106000349841000123456789"'
    rows = [
        f'110,20031031,{n + 1},16000003,0,{accounts},"{line.replace(";", "|")}","TP",0,10600034,"FV {n}","","","51",""'
        for n, line in enumerate(records[:20])
    ]
    found = profile(write("a.pli", "\r\n".join(rows) + "\r\n", "iso8859-2"))
    assert (found.shape.format, found.page) == ("elixir0", "iso8859-2")
    assert found.shape.is_supported


@pytest.mark.parametrize(
    ("declared", "page"),
    [("UTF-8", "cp1250"), ("ISO-8859-2", "cp1250"), ("windows-1250", "utf-8"), ("", "iso8859-2")],
)
def test_an_xml_document_that_lies_about_its_page(write, records, declared, page):
    rows = "".join(f"<osoba><nr>{n}</nr><nazwa>{line}</nazwa></osoba>\n" for n, line in enumerate(records[:40]))
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    found = profile(write("a.xml", f"{head}<lista>{rows}</lista>", page))
    assert list(found.shape.tables) == ["osoba"] and found.shape.is_supported
    assert found.page == page


def test_a_damaged_xml_document_is_not_taken_for_one_in_another_page(write):
    found = detect(write("a.xml", "<?xml version='1.0'?><lista><osoba>Żak</osoba><osoba>Bąk</lista>"))
    assert not any("UTF-8" in note for note in found.notes)
    assert any("damaged" in note for note in found.notes)


def test_variable_mainframe_records_have_a_draft_of_fields(write, records):
    rows = [
        f"{n:06}{line.split(';')[0]:30.30}{line.split(';')[2]}".rstrip().encode("cp870")
        for n, line in enumerate(records)
    ]
    found = profile(write("B.DAT", data_of(rows)))
    assert (found.shape.record_format, found.page) == ("V", "cp870")
    assert {(0, "9(6)"), (6, "X(30)")} <= {(start, picture) for _, start, _, picture in found.shape.draft}


def test_fixed_text_of_a_dos_program_without_line_ends_has_a_draft(write, records):
    rows = [f"{n:06}{line.split(';')[0]:30.30}{n:>8}" for n, line in enumerate(records)]
    found = profile(write("A.DAT", "".join(rows), "mazovia"))
    assert (found.shape.format, found.shape.record_length, found.page) == ("mainframe", 44, "mazovia")
    assert (0, "X(6)") in {(start, picture) for _, start, _, picture in found.shape.draft}


def test_bytes_behind_the_last_record_are_noted(write):
    found = detect(write("a.csv", "NR;NAZWISKO\r\n" + "1;Kowal\r\n" * 30 + "\0" * 200))
    assert found.format == "delimited" and any("behind the last record" in note for note in found.notes)


def test_record_types_with_header_and_trailer(write, records):
    rows = [f"10{n:06}{line.split(';')[0]:32.32}" for n, line in enumerate(records)]
    rows += [f"20{n:06}{n * 311:012}{'':20}" for n in range(80)]
    rows = [f"00PLIK{'':34}", *rows, f"99{len(rows):09}{'':29}"]
    found = detect(write("a.txt", "\n".join(rows) + "\n", "cp852"))
    assert found.format == "fixed_width"
    assert set(found.types) == {"10", "20"}
    assert (found.first_record, found.last_record) == ("00", "99")


def mainframe(records, number=60):
    return [
        f"{n:06}{line.split(';')[0]:30.30}".encode("cp870") + bytes([n % 10 << 4 | 3, 0x4C]) + f"{n:04}".encode("cp870")
        for n, line in enumerate(records[:number])
    ]


def test_fixed_mainframe_records(write, records):
    found = profile(write("A.DAT", b"".join(mainframe(records))))
    assert (found.shape.format, found.shape.record_format, found.shape.record_length) == ("mainframe", "F", 42)
    assert found.shape.ebcdic
    assert found.page == "cp870"
    pictures = {start: picture for _, start, _, picture in found.shape.draft}
    assert pictures[36].endswith("COMP-3")


def test_fixed_text_without_line_ends(write, records):
    text = "".join(f"{n:06}{line[:30]:30}{n * 3:010}" for n, line in enumerate(records))
    found = profile(write("A.DAT", text, "cp852"))
    assert (found.shape.format, found.shape.record_length, found.shape.ebcdic) == ("mainframe", 46, False)
    assert found.page == "cp852"


def test_descriptor_words_of_transfer_programs(write, records):
    rows = [row[: 20 + n % 20] for n, row in enumerate(mainframe(records))]
    found = detect(write("A.VB", b"".join(struct.pack("<HH", 0, len(row)) + row for row in rows)))
    assert (found.record_format, found.records) == ("V", len(rows))
    assert found.rdw == {"byte_order": "little", "counts_itself": False}


def test_variable_mainframe_records(write, records):
    rows = [row[: 20 + n % 20] for n, row in enumerate(mainframe(records))]
    data = b"".join(struct.pack(">HH", len(row) + 4, 0) + row for row in rows)
    found = detect(write("A.VB", data))
    assert (found.record_format, found.records) == ("V", len(rows))
    blocked = b"".join(
        struct.pack(">HH", len(block) + 4, 0) + block for block in (data_of(rows[:30]), data_of(rows[30:]))
    )
    found = detect(write("B.VB", blocked))
    assert (found.record_format, found.records) == ("VB", len(rows))


def data_of(rows):
    return b"".join(struct.pack(">HH", len(row) + 4, 0) + row for row in rows)


def test_a_broken_chain_of_descriptor_words_is_none():
    assert walk(b"\0\x06\0\0ab\0\x06\0\x01cd", 0, 12) is None
    assert walk(b"\0\x06\0\0ab\0\x02\0\0", 0, 10) is None
    assert walk(b"\0\x06\0\0ab\0\x07\0\0abc", 0, 13) == [2, 3]


def test_ebcdic_lines_with_a_delimiter(write, records):
    text = "\n".join(f"{n};{line}" for n, line in enumerate(records)) + "\n"
    found = profile(write("A.TXT", text.encode("cp870")))
    assert (found.shape.format, found.shape.delimiter, found.page) == ("delimited", ";", "cp870")


def test_xml_rows_and_declared_encoding(write, records):
    rows = "".join(
        f'<abonent id="{n}"><nazwa>{line.split(";")[0]}</nazwa><adres><ul>x</ul></adres></abonent>'
        for n, line in enumerate(records)
    )
    text = f'<?xml version="1.0" encoding="iso-8859-2"?>\n<lista>{rows}</lista>'
    found = profile(write("a.xml", text.encode("iso8859-2")))
    assert found.shape.tables["abonent"].path == "/lista/abonent"
    assert found.shape.tables["abonent"].columns == {"id": "@id", "nazwa": "nazwa", "adres_ul": "adres/ul"}
    assert found.page == "iso8859-2"


def test_an_xml_document_that_declares_entities_is_not_followed(write):
    bomb = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><a><r>&c;</r><r>&c;</r></a>'
    assert "entities" in " ".join(detect(write("a.xml", bomb)).notes)


def test_sqlite_tables(write, tmp_path, records):
    path = tmp_path / "a.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE abonent (nr INTEGER PRIMARY KEY, nazwa TEXT)")
        database.executemany("INSERT INTO abonent VALUES (?, ?)", enumerate(records))
    found = profile(path)
    assert found.shape.tables["abonent"].key == ["nr"]
    assert found.page == "utf-8"


@pytest.mark.parametrize(
    ("name", "content", "format"),
    [
        ("a.gz", gzip.compress(b"abc", mtime=0), "container"),
        ("a.zst", b"\x28\xb5\x2f\xfd" + bytes(9), "container"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "unsupported"),
        ("a.txt", b"", "empty"),
        ("a.txt", "Łódź;1\nKąty;2\n".encode("utf-32"), "unsupported"),
        ("a.txt", "Łódź i Kąty".encode("utf-16"), "unsupported"),
        ("a.jsonl", b'{"a": 1}\n{"a": 2}\n', "json"),
        ("a.json", json.dumps([{"a": 1}], indent=1).encode(), "json"),
    ],
)
def test_what_no_source_can_declare_is_named_with_a_remedy(write, name, content, format):
    found = detect(write(name, content))
    assert found.format == format
    assert found.remedy
    assert not found.is_supported


def test_a_zip_archive(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "x")
    assert detect(path).title == "zip archive"


def test_only_a_part_of_a_large_file_is_read(write, records):
    line = "\r\n".join(records) + "\r\n"
    path = write("a.csv", line * 1_500, "cp852")  # some 9 MB
    found = profile(path)
    assert found.page == "cp852"
    assert found.sampled
    assert found.judged < 5 << 20


def test_the_end_of_a_large_file_is_looked_at(write, records):
    line = "\r\n".join(records) + "\r\n"
    data = (line * 1_000).encode("cp852") + (line * 250).encode("cp1250")
    assert profile(write("a.csv", data)).verdict == "mixed"


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=2_000),
    st.sampled_from([b"", b"\x03\x67\x09\x1e", b"<?xml ", b"<a>", b"{", b"\0\x20\0\0", b"a;b\n"]),
)
@example(b"\n|", b"")  # a delimiter and nothing else
def test_any_bytes_get_an_answer(tmp_path, data, start):
    path = tmp_path / "any"
    path.write_bytes(start + data)
    found = profile(path)
    assert found.shape.title
    assert found.says


def test_random_bytes_are_unknown(write):
    found = profile(write("a.bin", random.Random(3).randbytes(200_000)))
    assert found.shape.format == "unknown"
    assert found.verdict != "decided"


@pytest.mark.skipif(not (DATA / "dbf").is_dir(), reason=f"no conformance data in {DATA}: set BLUELINE_CONFORMANCE_DATA")
def test_every_dbf_of_other_projects_is_recognised():
    for path in sorted((DATA / "dbf").rglob("*.dbf")):
        found = detect(path)
        assert found.format == "dbf" or "damaged" in found.title, (path, found.title)


@pytest.mark.skipif(
    not (DATA / "mt940").is_dir(), reason=f"no conformance data in {DATA}: set BLUELINE_CONFORMANCE_DATA"
)
def test_bank_statements_of_other_projects_are_named():
    for path in sorted((DATA / "mt940").rglob("*.sta")):
        if all(tag in path.read_bytes() for tag in (b":20:", b"\n:25:", b"\n:60")):  # the others are pieces of one
            assert detect(path).format == "mt940", path
    for path in sorted((DATA / "camt053").rglob("*.xml")):
        if b":camt.053." in path.read_bytes():  # a document of another message may lie there, to be refused
            assert detect(path).format == "camt053", path


@pytest.mark.parametrize("page", ["ascii", "cp870"])
def test_signs_between_digits_do_not_divide_a_column(write, page):
    rows = [
        f"{1000 + n:<6}{name:<12}{n * 7 % 90 + 10:02}-{n * 131 % 900 + 100}{town:<10}{n * 37 + 11:5}.{n * 13 % 90 + 10}"
        for n, (name, town) in enumerate(
            zip(["ABC", "DEFG", "HI", "JKLM", "NOP"], ["QR", "STU", "VWXY", "Z", "ABCD"], strict=True)
        )
    ]
    width = max(map(len, rows))
    end = "\r\n" if page == "ascii" else ""
    shape = profile(write("fixed.dat", "".join(row.ljust(width) + end for row in rows).encode(page))).shape
    spans = [(start, length) for _, start, length in shape.fields]
    if page == "ascii":
        assert (18, 6) in spans
        assert (36, 6) in spans
    else:
        assert [(start, length) for _, start, length, _ in shape.draft if start == 18] == [(18, 6)]
