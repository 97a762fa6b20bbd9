import pytest

from billing.errors import SourceError

SPEC = {
    "format": "xml",
    "records": [
        {
            "table": "konta",
            "path": "/region/konta/konto",
            "columns": {"NR": "@nr", "NAZWA": "osoba/nazwa", "SALDO": "saldo", "MIASTO": "../../@miasto", "OPIS": "."},
        },
        {
            "table": "wplaty",
            "path": "/region/konta/konto/wplaty/wplata",
            "columns": {"KONTO": "../../@nr", "KWOTA": "@kwota", "DATA": "../data"},
        },
    ],
}
DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<r:region xmlns:r="urn:x" miasto="Łódź"><!-- uwaga -->
 <konta>
  <konto nr="1"><osoba><nazwa>Żółć &amp; Syn</nazwa></osoba><saldo> 12,50 </saldo>
    <wplaty><data>2003-01-02</data><wplata kwota="1,00"/><wplata kwota="2,00" >/></wplata ></wplaty></konto>
  <konto nr="2"><saldo><![CDATA[-1,00]]></saldo>opis</konto>
 </konta>
</r:region>
"""


def test_rows_with_columns_around_and_within(decoded):
    got = decoded(DOCUMENT.encode(), **SPEC)
    assert got.rows("konta") == [
        {"NR": "1", "NAZWA": "Żółć & Syn", "SALDO": "12,50", "MIASTO": "Łódź", "OPIS": None},
        {"NR": "2", "NAZWA": None, "SALDO": "-1,00", "MIASTO": "Łódź", "OPIS": "opis"},
    ]
    assert got.rows("wplaty") == [
        {"KONTO": "1", "KWOTA": "1,00", "DATA": "2003-01-02"},
        {"KONTO": "1", "KWOTA": "2,00", "DATA": "2003-01-02"},
    ]
    assert got.facts.records == 4


def test_lineage_points_to_the_element(decoded):
    got = decoded(DOCUMENT.encode(), **SPEC)
    first, second = got.raw("konta")
    assert first.startswith(b'<konto nr="1">')
    assert first.endswith(b"</konto>")
    assert second == '<konto nr="2"><saldo><![CDATA[-1,00]]></saldo>opis</konto>'.encode()
    assert got.raw("wplaty") == [b'<wplata kwota="1,00"/>', b'<wplata kwota="2,00" >/></wplata >']
    assert got.tables["konta"]["record_no"].to_pylist() == [1, 4]


@pytest.mark.parametrize("page", ["iso8859-2", "cp1250", "cp852"])
def test_the_declared_encoding_is_followed(decoded, page):
    data = f'<?xml version="1.0" encoding="{page}"?><region miasto="Łódź"><konta><konto nr="1">ąę</konto></konta></region>'
    got = decoded(data.encode(page), **SPEC)
    assert [(r["MIASTO"], r["OPIS"]) for r in got.rows()] == [("Łódź", "ąę")]
    assert got.raw()[0] == '<konto nr="1">ąę</konto>'.encode(page)


def test_large_documents_keep_their_offsets(decoded):
    rows = "".join(f'<konto nr="{n}"><saldo>{n},00</saldo><osoba><nazwa>ż{"a" * (n % 97)}</nazwa></osoba></konto>' for n in range(9000))
    got = decoded(f"<region><konta>{rows}</konta></region>".encode(), batch_rows=1000, **SPEC)
    assert [r["NR"] for r in got.rows()] == [str(n) for n in range(9000)]
    for n, raw in enumerate(got.raw()):
        assert raw.startswith(f'<konto nr="{n}">'.encode())
        assert raw.endswith(b"</konto>")


def test_an_element_that_occurs_twice_is_no_value(decoded):
    data = b'<region><konta><konto nr="1"><osoba><nazwa>a</nazwa><nazwa>b</nazwa></osoba></konto>'
    data += b'<konto nr="2"><saldo>1</saldo><saldo>2</saldo></konto></konta></region>'
    got = decoded(data, **SPEC)
    assert [(r["NR"], r["NAZWA"]) for r in got.rows()] == [("1", None)]
    assert [(r["reason"], r["disposition"], r["field"]) for r in got.rejects] == [
        ("XML-VALUE", "flagged", "NAZWA"),
        ("XML-VALUE", "rejected", "SALDO"),
    ]
    assert got.rejects[1]["raw"] == b'<konto nr="2"><saldo>1</saldo><saldo>2</saldo></konto>'


@pytest.mark.parametrize("data", [DOCUMENT[:-12], DOCUMENT[:300], DOCUMENT[:260]])
def test_a_truncated_document_stops(decoded, data):
    with pytest.raises(SourceError, match="truncated") as caught:
        decoded(data.encode(), **SPEC)
    assert caught.value.where["line"]
    assert caught.value.where["byte_offset"]


def test_malformed_xml_stops_with_its_place(decoded):
    data = b"<region>\n<konta>\n <konto nr='1'></kontX>\n</konta></region>"
    with pytest.raises(SourceError, match="line 3: .*not well-formed XML: mismatched tag, in column 18") as caught:
        decoded(data, **SPEC)
    assert caught.value.where["byte_offset"] == 34


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE region [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
        '<!DOCTYPE region SYSTEM "file:///etc/passwd">',
        "<!DOCTYPE region>",
    ],
)
def test_a_document_type_is_refused(decoded, doctype):
    with pytest.raises(SourceError, match="document type declaration"):
        decoded(f"{doctype}<region><konta/></region>".encode(), **SPEC)


def test_an_entity_that_nobody_declared_stops(decoded):
    with pytest.raises(SourceError, match="undefined entity"):
        decoded(b"<region><konta><konto nr='1'>&x;</konto></konta></region>", **SPEC)


def test_control_characters_are_flagged(decoded):
    got = decoded("<region><konta><konto nr='1'>a\x96b</konto></konta></region>".encode(), **SPEC)
    assert got.rows()[0]["OPIS"] is None
    assert [r["reason"] for r in got.rejects] == ["ENC-CTRL"]


def test_a_document_without_rows_has_columns(decoded):
    got = decoded(b"<region/>", **SPEC)
    assert got.rows("konta") == []
    assert got.tables["wplaty"].column_names[:3] == ["KONTO", "KWOTA", "DATA"]
