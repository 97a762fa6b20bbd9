"""XML that was damaged, mislabelled, or made to break whoever reads it."""

import json
import subprocess
import sys
import time

import pytest

from billing.errors import SourceError

SPEC = {
    "format": "xml",
    "records": [
        {"table": "konta", "path": "/region/konto", "columns": {"NR": "@nr", "SALDO": "saldo", "NAZWA": "nazwa"}}
    ],
}
CAMT = {"format": "camt053", "table": "konta_entries", "key": "bank_reference", "amount": "amount"}
NAMES = ["Żółkiewski", "Łąkowa", "Gęśla", "Źródłowa", "Świątek", "Ćmielów", "Dąbrówka", "Piątek", "Święta", "Śląska"]


def document(names=NAMES, encoding="UTF-8", declared=None) -> bytes:
    rows = "".join(f'<konto nr="{n}"><saldo>1,00</saldo><nazwa>{name}</nazwa></konto>' for n, name in enumerate(names))
    head = f'<?xml version="1.0" encoding="{declared or encoding}"?>\n' if declared != "" else ""
    return f"{head}<region>{rows}</region>".encode(encoding)


# --- encodings ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8", None), ("utf-8", ""), ("utf-8-sig", "utf-8"), ("iso-8859-2", None), ("windows-1250", None),
        ("ibm852", None), ("iso-8859-16", None), ("utf-16", "UTF-16"), ("utf-16", ""), ("utf-16-le", "UTF-16LE"),
        ("utf-16-be", "UTF-16"),
    ],
)  # fmt: skip
def test_encodings(decoded, encoding, declared):
    data = document(encoding=encoding, declared=declared)
    got = decoded(data, **SPEC)
    assert [row["NAZWA"] for row in got.rows()] == NAMES
    own = "utf-16-le" if encoding == "utf-16" else encoding.removesuffix("-sig")
    assert [raw.decode(own)[:12] for raw in got.raw()] == [f'<konto nr="{n}' for n in range(len(NAMES))]
    assert all(raw.decode(own).endswith("</konto>") for raw in got.raw())


@pytest.mark.parametrize(
    ("true", "declared", "remedy"),
    [
        ("cp1250", "iso-8859-2", "encoding = 'cp1250'"),
        ("iso-8859-2", "windows-1250", "encoding = 'iso8859-2'"),
        ("cp852", "windows-1250", "encoding = 'cp852'"),
        ("utf-8", "iso-8859-2", "encoding = 'utf-8'"),
    ],
)
def test_a_wrong_declared_encoding_is_found_and_may_be_corrected(decoded, true, declared, remedy):
    data = document(encoding=true, declared=declared)
    with pytest.raises(SourceError, match="contradict the declared code page") as caught:
        decoded(data, **SPEC)
    assert remedy in caught.value.remedy
    assert [row["NAZWA"] for row in decoded(data, **SPEC, encoding=true).rows()] == NAMES


def test_bytes_that_are_no_utf8_stop_with_their_place(decoded):
    data = document(encoding="cp1250", declared="UTF-8")
    with pytest.raises(SourceError, match="not well-formed") as caught:
        decoded(data, **SPEC)
    first = next(place for place, byte in enumerate(data) if byte >= 0x80)
    assert caught.value.where["byte_offset"] == first


def test_an_error_in_utf16_has_the_place_in_the_file(decoded):
    text = '<region><konto nr="1"><nazwa>Łódź</nazwa></kont></region>'
    with pytest.raises(SourceError, match="mismatched tag") as caught:
        decoded(text.encode("utf-16"), **SPEC)
    assert caught.value.where["byte_offset"] == 2 + 2 * (text.index("</kont>") + 2)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (document(encoding="utf-32"), "the document is in UTF-32"),
        (document(encoding="utf-32-be", declared=""), "the document is in UTF-32"),
        (document(encoding="cp870"), "the document is in EBCDIC"),
        (document(declared="UTF-7"), "multi-byte encodings are not supported"),
        (document(declared="EUC-JP"), "multi-byte encodings are not supported"),
        (document(declared="klingon"), "unknown encoding: klingon"),
        (document(encoding="utf-8-sig", declared="ISO-8859-2"), "byte order mark of UTF-8 and declares ISO-8859-2"),
    ],
)
def test_encodings_that_are_not_read_stop_the_document(decoded, data, message):
    with pytest.raises(SourceError, match=message) as caught:
        decoded(data, **SPEC)
    assert "utf-8" in caught.value.remedy.casefold()


def test_a_mark_that_contradicts_the_declaration_may_be_overruled(decoded):
    data = document(encoding="utf-8-sig", declared="ISO-8859-2")
    assert [row["NAZWA"] for row in decoded(data, **SPEC, encoding="utf-8").rows()] == NAMES


# --- what is there, and what is not ----------------------------------------------------------------------------------


def test_another_document_than_the_declared_one_stops(decoded):
    with pytest.raises(SourceError, match="outermost element is blad, the paths of the spec begin at region"):
        decoded(b'<x:blad xmlns:x="urn:x">brak danych</x:blad>', **SPEC)


def test_namespace_declarations_are_no_attributes(decoded):
    rows = """<konto nr="1" xmlns:nr="urn:a"/><konto xmlns:nr="urn:a"/><konto xmlns:nr='urn:a' nr='3'/>"""
    got = decoded(f"<region>{rows}</region>".encode(), **SPEC, key="NAZWA", amount="NAZWA")
    assert [row["NR"] for row in got.rows()] == ["1", None, "3"]


@pytest.mark.parametrize(
    ("inside", "name"),
    [
        ("", None),
        ("<nazwa/>", None),
        ("<nazwa></nazwa>", None),
        ("<nazwa> \n </nazwa>", None),
        ('<nazwa i:nil="true" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"/>', None),
        ("<nazwa><!-- x --></nazwa>", None),
        ("<nazwa><![CDATA[]]></nazwa>", None),
        ("<nazwa>NULL</nazwa>", "NULL"),
        ("<nazwa><![CDATA[a]]]]><![CDATA[>b]]></nazwa>", "a]]>b"),
        ("<nazwa><![CDATA[&amp;]]>&amp;</nazwa>", "&amp;&"),
        ("<nazwa>a\r\nb&#13;c</nazwa>", "a\nb\rc"),
        ("<nazwa>&#x1F600;</nazwa>", "😀"),
    ],
)
def test_empty_missing_and_odd_values(decoded, inside, name):
    got = decoded(f'<region><konto nr="1"><saldo>1</saldo>{inside}</konto></region>'.encode(), **SPEC)
    assert (got.rows(), got.rejects) == ([{"NR": "1", "SALDO": "1", "NAZWA": name}], [])


def test_a_value_that_occurs_twice_keeps_both_texts_in_its_reject(decoded):
    row = '<konto nr="1"><saldo>1</saldo><nazwa>Łódź</nazwa><uwagi/><nazwa>Gęśla &amp; S</nazwa></konto>'
    [reject] = decoded(f"<region>{row}</region>".encode(), **SPEC).rejects
    assert (reject["reason"], reject["field"]) == ("XML-VALUE", "NAZWA")
    assert reject["raw"] == "Łódź Gęśla &amp; S".encode()


# --- namespaces and what stands between ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '<region xmlns="urn:a"><konto nr="7"><saldo>5</saldo><nazwa>A B</nazwa></konto></region>',
        '<a:region xmlns:a="urn:a"><b:konto xmlns:b="urn:b" nr="7"><c:saldo xmlns:c="urn:a">5</c:saldo>'
        "<b:nazwa>A B</b:nazwa></b:konto></a:region>",
        '<region><konto x:nr="7" xmlns:x="urn:x"><saldo>5</saldo><nazwa>A B</nazwa></konto></region>',
        "<region><konto nr='7'><saldo>5</saldo><nazwa>A<!-- <konto nr='8'> --> B</nazwa></konto></region>",
        '<region><konto nr="7"><saldo><?p <x>?>5</saldo><nazwa><![CDATA[A]]> <![CDATA[B]]></nazwa></konto></region>',
        '<region><konto nr="&#55;"><saldo>&#x35;</saldo><nazwa>A&#32;B</nazwa></konto></region>',
        "<region>\r\n<konto\r\nnr\r\n=\r\n'7'\r\n>\r\n<saldo>\r\n5\r\n</saldo><nazwa>A B</nazwa></konto></region>",
    ],
)
@pytest.mark.parametrize("size", [7, 1 << 20])
def test_many_ways_to_write_the_same(decoded, monkeypatch, text, size):
    monkeypatch.setattr("extractors.xml.document.READ_BYTES", size)
    assert decoded(text.encode(), **SPEC).rows() == [{"NR": "7", "SALDO": "5", "NAZWA": "A B"}]


# --- made to break -------------------------------------------------------------------------------------------------

ROW = b'<konto nr="1"><saldo>1</saldo><nazwa>a</nazwa></konto>'
LAUGHS = b'<!DOCTYPE region [<!ENTITY a "ha">' + b"".join(
    b'<!ENTITY %c "%s">' % (c + 1, b"&%c;" % c * 10) for c in b"abcdefgh"
) + b"]><region>&i;</region>"  # fmt: skip


@pytest.mark.parametrize(
    "data",
    [
        LAUGHS,
        b'<!DOCTYPE region [<!ENTITY a "' + b"a" * 100_000 + b'">]><region>' + b"&a;" * 10_000 + b"</region>",
        b'<!DOCTYPE region [<!ENTITY x SYSTEM "file:///etc/passwd">]><region>&x;</region>',
        b'<!DOCTYPE region PUBLIC "a" "http://127.0.0.1:9/x.dtd"><region/>',
        b'<!DOCTYPE region [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><region/>',
        b"<?xml version='1.0'?><!-- x -->\n<!DOCTYPE region><region/>",
    ],
)
def test_entities_and_document_types_are_refused_before_they_are_read(decoded, data):
    before = time.perf_counter()
    with pytest.raises(SourceError, match="document type declaration") as caught:
        decoded(data, **SPEC)
    assert time.perf_counter() - before < 2
    assert caught.value.where["byte_offset"] == data.index(b"<!DOCTYPE")


@pytest.mark.parametrize("depth", [300, 200_000])
def test_elements_without_bottom_are_refused(decoded, depth):
    before = time.perf_counter()
    with pytest.raises(SourceError, match="more than 256 deep") as caught:
        decoded(b"<region>" + b"<a>" * depth + b"</a>" * depth + b"</region>", **SPEC)
    assert caught.value.where["byte_offset"] == 8 + 3 * 255
    assert time.perf_counter() - before < 5


def test_depth_is_counted_from_the_root_whatever_the_pieces(decoded, monkeypatch):
    monkeypatch.setattr("extractors.xml.document.READ_BYTES", 64)
    with pytest.raises(SourceError, match="more than 256 deep"):
        decoded(b"<region>" + b"<a>" * 300 + b"</a>" * 300 + b"</region>", **SPEC)
    fine = b"<region>" + b"<a>" * 200 + b"</a>" * 200 + ROW + b"</region>"
    assert len(decoded(fine, **SPEC).rows()) == 1


@pytest.mark.parametrize(
    "inside",
    [
        b"<konto nr='1'><nazwa>" + b"a" * 5000 + b"</nazwa></konto>",
        b"<konto nr='" + b"1" * 5000 + b"'/>",
        b"<x y='" + b"1" * 5000 + b"'/>",
        b"<!--" + b"-x" * 2500 + b"-->",
        b"<![CDATA[" + b"<![CDATA[" * 500 + b"]]>",
    ],
)
def test_what_never_ends_is_refused(decoded, monkeypatch, inside):
    data = b"<region>" + ROW + inside + ROW + b"</region>"
    assert decoded(data, **SPEC).facts.records >= 2
    monkeypatch.setattr("extractors.xml.document.READ_BYTES", 256)
    monkeypatch.setattr("extractors.xml.document.MAX_ROW", 1024)
    with pytest.raises(SourceError, match="larger than 64 MiB") as caught:
        decoded(data, **SPEC)
    assert caught.value.where["byte_offset"] == 8 + len(ROW)


def test_openings_within_a_section_cost_no_more_than_their_bytes(decoded, monkeypatch):
    monkeypatch.setattr("extractors.xml.document.READ_BYTES", 1 << 20)
    openings = b"<![CDATA[<!--<?" * 200_000
    data = b"<region><x><![CDATA[" + openings + b"]]></x>" + ROW + b"</region>"
    before = time.perf_counter()
    assert len(decoded(data, **SPEC).rows()) == 1
    assert time.perf_counter() - before < 10


@pytest.mark.parametrize("opening", [b"<!--", b"<?pi ", b"<x y='", b"<"])
def test_a_tag_or_comment_without_an_end_is_given_up_before_it_costs_much(decoded, monkeypatch, opening):
    monkeypatch.setattr("extractors.xml.wellformed.MAX_TOKEN", 4096)
    monkeypatch.setattr("extractors.bank.camt053_reader.READ_BYTES", 256)
    monkeypatch.setattr("extractors.xml.document.READ_BYTES", 256)
    for spec, head in ((SPEC, b"<region>"), (CAMT, b"<Document><BkToCstmrStmt>")):
        with pytest.raises(SourceError, match="does not end within") as caught:
            decoded(head + opening + b"x" * 100_000, **spec)
        assert caught.value.where["byte_offset"] == len(head)


@pytest.mark.parametrize("text", [b"x" * 100_000, b"<![CDATA[" + b"x" * 100_000 + b"]]>", b"\n" * 100_000])
def test_a_long_text_is_no_long_tag(decoded, monkeypatch, text):
    monkeypatch.setattr("extractors.xml.wellformed.MAX_TOKEN", 4096)
    monkeypatch.setattr("extractors.xml.document.READ_BYTES", 256)
    got = decoded(b"<region>" + text + ROW + b"<konto nr='2'>" + text + b"</konto></region>", **SPEC)
    assert got.facts.records == 2


@pytest.mark.parametrize("cut", [1, 9, 30, 60])
def test_a_document_that_ends_early_stops_at_its_end(decoded, cut):
    data = b"<region>" + ROW * 3 + b"</region>"
    with pytest.raises(SourceError, match=r"truncated|not well-formed") as caught:
        decoded(data[:-cut], **SPEC)
    assert caught.value.where["byte_offset"] <= len(data) - cut
    assert "have the file sent again" in caught.value.remedy


MEASURE = """
import json, sys
from pathlib import Path
from extractor_probe import declare
from extractors.base import FileFacts, LandedFile
from extractors.decode import decode

def peak():
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])

spec = json.loads(sys.argv[1])
found = []
for name in sys.argv[2:]:
    source, facts = declare([{"name": "konta", "pattern": "x", **spec}]), FileFacts()
    file = LandedFile(Path(name), "x", "0" * 64, Path(name).stat().st_size, "konta")
    rows = sum(s.kept.num_rows for s in decode(source, source.spec.file("konta"), file, facts, batch_rows=10_000))
    found.append([rows, peak()])
print(json.dumps(found))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_memory_does_not_grow_with_the_document(tmp_path):
    row = (
        '<konto nr="%d"><saldo>1,00</saldo><nazwa>Żółkiewski &amp; Syn</nazwa><uwagi>'
        + "x" * 700
        + "</uwagi></konto>\n"
    )
    paths = []
    for rows in (30_000, 150_000):  # 25 and 125 MB
        paths.append(tmp_path / f"{rows}.xml")
        with paths[-1].open("w", encoding="utf-8") as file:
            file.write("<region>\n")
            for first in range(0, rows, 10_000):
                file.write("".join(row % n for n in range(first, first + 10_000)))
            file.write("</region>\n")
    code = f"import sys; sys.path[:0] = {[path for path in sys.path if path]!r}\n{MEASURE}"
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(SPEC), *map(str, paths)],
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    (small_rows, small), (large_rows, large) = json.loads(done.stdout)
    assert (small_rows, large_rows) == (30_000, 150_000)
    assert paths[1].stat().st_size - paths[0].stat().st_size > 90_000_000
    assert large - small < 24_000  # KiB
