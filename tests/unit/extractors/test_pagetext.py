"""Texts of a page: the quick way gives what the careful one does."""

import numpy as np
import pytest

from extractors.codepages.tables import code_page
from extractors.codepages.text import PageText
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


@pytest.mark.parametrize("page", ["mazovia", "cp852", "cp1250", "cp870", "utf-8"])
@pytest.mark.parametrize("different", [1, 100, 1_000, 5_000])
@pytest.mark.parametrize("alphabet", [b"09", b"Ab ", b" aZ\x86\xa5\xb3\x9c", b"a\xb3\xc4\x82\x01 \0"])
def test_texts_that_repeat_are_read_like_those_that_do_not(page, different, alphabet):
    draw = np.random.default_rng(11)
    texts = np.frombuffer(alphabet, np.uint8)[draw.integers(0, len(alphabet), (different, 11))]
    cells = texts[draw.integers(0, different, 5_000)]
    got, defects = PageText(page).column(cells)
    alone = [PageText(page).column(cells[at : at + 500]) for at in range(0, len(cells), 500)]
    got.validate(full=True)
    assert got.to_pylist() == [text for values, _ in alone for text in values.to_pylist()]
    odd = np.concatenate([np.zeros(500, np.bool_) if found is None else found for _, found in alone])
    assert odd.any() == (defects is not None)
    assert defects is None or defects.tolist() == odd.tolist()


def test_letters_that_grow_by_more_than_one_byte_move_what_is_behind_them():
    texts = ["─┐ą", "", "a€b", "ż", "│"]
    for page, rows in (("cp852", [texts[0], "", "ab", "ż", "│"]), ("cp1250", ["ą", "", texts[2], "ż", "|"])):
        cells = np.frombuffer("".join(text.ljust(9) for text in rows).encode(page), np.uint8).reshape(-1, 9)
        assert PageText(page).column(cells)[0].to_pylist() == [text or None for text in rows]


def test_a_single_row_and_wide_fields_are_read():
    for width in (1, 7, 8, 300, 4_000):
        cells = np.frombuffer(("ż" * width).encode("mazovia"), np.uint8).reshape(1, width)
        assert PageText("mazovia").column(cells)[0].to_pylist() == ["ż" * width]


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
