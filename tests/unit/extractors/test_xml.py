import re
import tempfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from extractor_probe import declare, landed, run
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.errors import ContractError, SourceError
from extractors.xml import document

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
    assert second == b'<konto nr="2"><saldo><![CDATA[-1,00]]></saldo>opis</konto>'
    assert got.raw("wplaty") == [b'<wplata kwota="1,00"/>', b'<wplata kwota="2,00" >/></wplata >']
    assert got.tables["konta"]["record_no"].to_pylist() == [1, 4]


@pytest.mark.parametrize("page", ["iso8859-2", "cp1250", "cp852"])
def test_the_declared_encoding_is_followed(decoded, page):
    data = (
        f'<?xml version="1.0" encoding="{page}"?><region miasto="Łódź"><konta><konto nr="1">ąę</konto></konta></region>'
    )
    got = decoded(data.encode(page), **SPEC)
    assert [(r["MIASTO"], r["OPIS"]) for r in got.rows()] == [("Łódź", "ąę")]
    assert got.raw()[0] == '<konto nr="1">ąę</konto>'.encode(page)


def test_large_documents_keep_their_offsets(decoded):
    rows = "".join(
        f'<konto nr="{n}"><saldo>{n},00</saldo><osoba><nazwa>ż{"a" * (n % 97)}</nazwa></osoba></konto>'
        for n in range(9000)
    )
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
    with pytest.raises(SourceError, match=r"line 3: .*not well-formed XML: mismatched tag, in column 18") as caught:
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


def test_a_value_around_rows_must_stand_before_them(decoded):
    data = b"<region><konta><konto nr='1'><wplaty><wplata kwota='1'/><data>x</data></wplaty></konto></konta></region>"
    with pytest.raises(SourceError, match="data stands behind rows of wplaty that need it"):
        decoded(data, **SPEC)


@pytest.mark.parametrize("where", ["..", "../..", "a/../b", "@a/b", "../../../../x", "@"])
def test_paths_that_cannot_be_read_as_a_stream(decoded, where):
    records = [{"table": "konta", "path": "/region/konta/konto", "columns": {"NR": "@nr", "SALDO": where}}]
    with pytest.raises(ContractError, match="cannot be used"):
        decoded(b"<region/>", format="xml", records=records)


# --- any document, in pieces of any size, against a tree ---------------------------------------------------------

TEXTS = st.lists(
    st.sampled_from(
        ["a", "ż", " ", "\n", "\t", "&amp;", "&lt;", "&#380;", "&#x41;", "&gt;", "&quot;", "&apos;", ">", "'", '"',
         "<!-- <konto nr='9'> > -->", "<![CDATA[<b>&amp;]]>", "<?p <x> ?>", "]", "-->", "\r\n", "<i>kursywa<i/></i>"]
    ),
    max_size=4,
).map("".join)  # fmt: skip
ATTRIBUTES = st.lists(st.sampled_from(["a", "ż", " ", "&amp;", ">", "/", "&#10;", "'", "\n", "="]), max_size=4).map(
    "".join
)
SPACE = st.sampled_from([" ", "\n", "  "])


NOTHING = st.just([])


@st.composite
def element(draw, name, children=NOTHING, attributes=(), fixed=""):
    """One element, written in one of the many ways that mean the same."""
    tag = draw(st.sampled_from(["", "r:"])) + name
    written = fixed
    for attribute in draw(st.permutations(attributes)):
        if draw(st.booleans()):
            value, quote = draw(ATTRIBUTES), draw(st.sampled_from("\"'"))
            equals = draw(st.sampled_from(["=", " = "]))
            written += (
                draw(SPACE) + attribute + equals + quote + value.replace("'", "&apos;" if quote == "'" else "'") + quote
            )
    inner = "".join(draw(children))
    if not inner and draw(st.booleans()):
        return f"<{tag}{written}{draw(st.sampled_from(['', ' ']))}/>"
    return f"<{tag}{written}>{inner}</{tag}{draw(st.sampled_from(['', ' ']))}>"


def group(*members):
    return st.lists(
        st.one_of(*members, st.sampled_from([" ", "\n", "<!-- > -->", "<inne><nazwa>x</nazwa></inne>"])), max_size=4
    )


def leaf(name):
    return element(name, st.lists(TEXTS, max_size=1))


WPLATA = element("wplata", st.lists(TEXTS, max_size=1), ("kwota", "inne"))
WPLATY = element("wplaty", st.tuples(st.one_of(leaf("data"), st.just("")), group(WPLATA).map("".join)))
KONTO = element(
    "konto", group(element("osoba", group(leaf("nazwa"), leaf("imie"))), leaf("saldo"), WPLATY, TEXTS), ("nr",)
)
DOCUMENTS = element("region", group(element("konta", group(KONTO, KONTO))), ("miasto",), ' xmlns:r="urn:x"').filter(
    lambda text: "]]>" not in re.sub(r"<!\[CDATA\[.*?\]\]>", "", text, flags=re.DOTALL)  # not allowed in text
)


def expected(text: str) -> dict[str, list[dict[str, object]]]:
    root = ElementTree.fromstring(re.sub(r"(</?)r:", r"\1", text))

    def clean(value: str | None) -> str | None:
        return (value or "").strip(" \t\r\n") or None

    def one(values: list[str | None]) -> object:
        return TWICE if len(values) > 1 else clean(values[0]) if values else None

    def own(node) -> str:
        return (node.text or "") + "".join(child.tail or "" for child in node)

    rows: dict[str, list[dict[str, object]]] = {"konta": [], "wplaty": []}
    if root.tag != "region":
        return rows
    for konto in root.findall("konta/konto"):
        rows["konta"].append({
            "NR": clean(konto.get("nr")),
            "NAZWA": one([own(n) for n in konto.findall("osoba/nazwa")]),
            "SALDO": one([own(n) for n in konto.findall("saldo")]),
            "MIASTO": clean(root.get("miasto")),
            "OPIS": one([own(konto)]),
        })  # fmt: skip
        for wplaty in konto.findall("wplaty"):
            for wplata in wplaty.findall("wplata"):
                rows["wplaty"].append({
                    "KONTO": clean(konto.get("nr")),
                    "KWOTA": clean(wplata.get("kwota")),
                    "DATA": one([own(n) for n in wplaty.findall("data")]),
                })  # fmt: skip
    return rows


TWICE = object()


@settings(max_examples=120, deadline=None)
@given(text=DOCUMENTS, size=st.sampled_from([5, 16, 50, 1 << 20]))
def test_pieces_of_any_size_give_what_a_tree_gives(text, size):
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(document, "READ_BYTES", size)
        path = Path(folder) / "konta.dat"
        path.write_bytes(text.encode())
        got = run(declare([{"name": "konta", "pattern": "x", **SPEC}]), landed(path))
        want = expected(text)
        rejected = {r["record_no"] for r in got.rejects if r["level"] == "record"}
        for table in ("konta", "wplaty"):
            kept = [row for row in want[table] if not (table == "konta" and row["SALDO"] is TWICE)]
            assert got.rows(table) == [{k: None if v is TWICE else v for k, v in row.items()} for row in kept]
        assert len(rejected) == sum(row["SALDO"] is TWICE for row in want["konta"])
        for row, raw in zip(got.rows("konta"), got.raw("konta"), strict=True):
            element = ElementTree.fromstring(re.sub(r"(</?)r:", r"\1", raw.decode()))
            assert element.tag == "konto"
            assert (element.get("nr") or "").strip(" \t\r\n") == (row["NR"] or "")
