"""Texts of a page: the quick way gives what the careful one does."""

import numpy as np
import pytest

from extractors.codepages import code_page
from extractors.pagetext import PageText
from extractors.textcolumn import text_column


@pytest.mark.parametrize("page", ["ascii", "mazovia", "cp852", "cp1250", "iso8859-2", "kamenicky", "cp870"])
@pytest.mark.parametrize("alphabet", [range(0x20, 0x7F), range(0x20, 0x100), range(0x100), b" \0Ab", b" ", b"\0"])
def test_every_column_is_what_the_careful_way_makes_of_it(page, alphabet):
    draw = np.random.default_rng(7)
    letters = np.array(list(alphabet), np.uint8)
    for rows, width in ((1, 1), (50, 1), (200, 7), (0, 3), (3, 0)):
        cells = letters[draw.integers(0, len(letters), (rows, width))]
        if width:
            cells[draw.random(rows) < 0.3, width // 2 :] = 0x20
        values, defects = PageText(page).column(cells)
        expected, expected_defects = text_column(cells, code_page(page))
        values.validate(full=True)
        assert values.equals(expected)
        assert (defects is None) == (expected_defects is None)
        if defects is not None:
            assert defects.tolist() == expected_defects.tolist()


@pytest.mark.parametrize("raw", [b"a\r\nb\tc  \0", b"a\x01b", b"\x81", b"\xa5\x88\x00 ", b""])
def test_lines_are_texts_or_none(raw):
    page = code_page("cp1250")
    odd = any(page.undefined[byte] or (page.control[byte] and byte not in b"\t\r\n") for byte in raw.rstrip(b" \0"))
    text = PageText("cp1250").lines(raw)
    assert (text is None) == odd
    if text is not None:
        assert text == raw.rstrip(b" \0").decode("cp1250")


def test_lines_in_utf8():
    text = PageText("utf-8")
    assert text.lines("Łódź\r\n".encode()) == "Łódź\r\n"
    assert text.lines(b"\xc5") is None and text.lines(b"a\x7f") is None
    assert text.explain(b"a\xc5")[0] == "ENC-UNDECODABLE" and text.explain(b"a\x7f")[0] == "ENC-CTRL"
