"""Code pages, and columns of text decoded with them."""

import codecs

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.errors import ContractError
from extractors.codepages.tables import UNDEFINED, code_page, codec, decode_table
from extractors.textcolumn import text_column

POLISH = "ąćęłńóśźżĄĆĘŁŃÓŚŹŻ"
# Byte of each Polish letter, in the order above; from the published tables of each page.
POLISH_BYTES = {
    "mazovia": "86 8d 91 92 a4 a2 9e a6 a7 8f 95 90 9c a5 a3 98 a0 a1",
    "cp852": "a5 86 a9 88 e4 a2 98 ab be a4 8f a8 9d e3 e0 97 8d bd",
    "cp1250": "b9 e6 ea b3 f1 f3 9c 9f bf a5 c6 ca a3 d1 d3 8c 8f af",
    "iso8859-2": "b1 e6 ea b3 f1 f3 b6 bc bf a1 c6 ca a3 d1 d3 a6 ac af",
    "cp870": "a0 49 52 9a 9b ce 8a b7 b2 b1 69 72 ba bb ee aa b9 b4",
}


@pytest.mark.parametrize("name", POLISH_BYTES)
def test_polish_letters(name: str) -> None:
    data = bytes.fromhex(POLISH_BYTES[name])
    assert "".join(chr(decode_table(name)[byte]) for byte in data) == POLISH
    assert data.decode(codec(name).name) == POLISH


def test_mazovia_is_a_codec_of_python() -> None:
    whole = bytes(range(256)).decode("mazovia")
    assert whole.encode("cp620") == bytes(range(256))
    assert codecs.lookup("Mazovia").name == "mazovia"
    assert codecs.getincrementaldecoder("mazovia")().decode(b"\x92\xa2d\xa6") == "łódź"
    with pytest.raises(UnicodeEncodeError):
        "€".encode("mazovia")


def test_cp1153_is_cp870_with_the_euro() -> None:
    table, old = decode_table("cp1153"), decode_table("cp870")
    assert chr(table[0x9F]) == "€"
    assert (table != old).sum() == 1


@pytest.mark.parametrize("name", ["utf-8", "utf-16", "cp932", "rot13", "nonsense", ""])
def test_what_is_no_single_byte_page_is_refused(name: str) -> None:
    with pytest.raises(ContractError, match="unknown code page"):
        code_page(name)


@pytest.mark.parametrize("name", ["cp037", "cp273", "cp500", "cp870", "cp1047", "cp1140", "cp1153"])
def test_ebcdic_pages(name: str) -> None:
    page = code_page(name)
    assert page.ebcdic
    assert page.blank == 0x40
    assert page.text(b"\xc1\xf1\x40\x00") == "A1 \ufffd"


def test_undefined_and_control_bytes() -> None:
    page = code_page("cp1250")
    assert page.points[0x81] == UNDEFINED
    assert page.undefined[0x81]
    assert not page.control[0x81]
    assert page.control[[0x00, 0x1A, 0x7F]].all()
    assert not code_page("cp852").control[0x80:].any()


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_column_is_what_python_decodes_row_by_row(data: st.DataObject) -> None:
    """Same bytes, a plain loop as the oracle, every page and any byte."""
    name = data.draw(st.sampled_from(["cp870", "mazovia", "cp852", "cp1250", "iso8859-2", "cp037"]))
    page = code_page(name)
    width = data.draw(st.integers(1, 12))
    odd = st.sampled_from([0x00, page.blank, page.blank, 0x81, 0x1F, 0x9F])
    byte = st.one_of(st.integers(0x40, 0xFF), odd)
    rows = data.draw(st.lists(st.lists(byte, min_size=width, max_size=width), min_size=1, max_size=15))

    values, bad = text_column(np.array(rows, np.uint8), page)
    values.validate(full=True)
    for number, row in enumerate(rows):
        text = bytes(row).rstrip(bytes([0, page.blank]))
        damaged = any(page.undefined[b] or page.control[b] for b in text)
        assert (bad is not None and bool(bad[number])) == damaged
        assert values[number].as_py() == (None if damaged or not text else text.decode(name).rstrip(" ") or None)
