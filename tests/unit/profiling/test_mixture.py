"""Files in more than one page, and files that were damaged before they were delivered."""

import pytest

from extractors.profiling import mojibake
from extractors.profiling.profile import profile


def rows(records):
    return [f"{number};{line}" for number, line in enumerate(records, 1)]


@pytest.mark.parametrize(("first", "second"), [("mazovia", "cp1250"), ("cp852", "mazovia"), ("cp1250", "utf-8"),
                                               ("iso8859-2", "cp1250")])  # fmt: skip
def test_an_appended_file_is_mixed_by_block(write, records, first, second):
    lines = rows(records) * 30  # several blocks
    half = len(lines) // 2
    data = "\r\n".join(lines[:half]).encode(first) + b"\r\n" + "\r\n".join(lines[half:]).encode(second)
    found = profile(write("a.csv", data))
    assert found.verdict == "mixed"
    assert found.page is None
    assert found.mixed or {part.page for part in found.apart} <= {first, second}


@pytest.mark.parametrize(("first", "second"), [("mazovia", "cp1250"), ("cp852", "mazovia"), ("cp1250", "iso8859-2")])
def test_a_field_of_another_page_is_named(write, records, first, second):
    lines = [
        b";".join(
            [line.split(";")[0].encode(first), line.split(";")[1].encode(first), line.split(";")[2].encode(second)]
        )
        for line in records
    ]
    data = b"NAZWISKO;ULICA;MIASTO\r\n" + b"\r\n".join(lines) + b"\r\n"
    found = profile(write("a.csv", data))
    assert found.verdict == "mixed"
    assert any(part.label == "MIASTO" for part in found.apart)


def test_records_of_two_programs_side_by_side_are_mixed(write, records):
    data = b"\r\n".join(
        line.encode("cp1250" if number % 4 == 0 else "mazovia") for number, line in enumerate(rows(records))
    )
    found = profile(write("a.csv", data + b"\r\n"))
    assert found.verdict == "mixed"
    assert found.mixed.pages == ("mazovia", "cp1250")
    assert "mazovia" in found.says
    assert "cp1250" in found.says


@pytest.mark.parametrize("page", ["mazovia", "cp852", "cp1250", "iso8859-2", "utf-8"])
def test_a_file_in_one_page_is_not_called_mixed(write, records, page):
    found = profile(write("a.csv", "\r\n".join(rows(records) * 20) + "\r\n", page))
    assert found.verdict == "decided"
    assert not found.apart
    assert found.mixed is None


@pytest.mark.parametrize("read_as", ["cp1250", "cp852", "iso8859-2", "cp1252"])
def test_utf8_that_was_encoded_twice_is_named(write, records, read_as):
    text = "\n".join(rows(records))
    twice = "".join(
        char if char.isascii() else "".join(bytes([b]).decode(read_as, "replace") for b in char.encode())
        for char in text
    )
    found = profile(write("a.csv", twice + "\n"))
    assert found.page == "utf-8"
    assert found.damage is not None
    assert found.damage.chain == (read_as, "utf-8")


def test_windows_text_read_as_western_is_named(write, records):
    wrong = "\n".join(rows(records)).encode("cp1250").decode("cp1252", "replace")
    found = profile(write("a.csv", wrong + "\n"))
    assert found.page == "utf-8"
    assert found.damage.chain[1] == "cp1250"


def test_sound_text_has_no_damage(write, records):
    assert profile(write("a.csv", "\n".join(rows(records)) + "\n")).damage is None


def test_damage_is_undone_as_it_was_done():
    for word in ("Żółkiewski", "Święta", "Kąty"):
        wrong = word.encode("mazovia").decode("cp852")
        assert mojibake.repair(wrong, ("cp852", "mazovia")) == word


@pytest.mark.parametrize("page", ["utf-8", "cp1250"])
@pytest.mark.parametrize(
    "names",
    ["Müller Jürgen Schöne Köln Käthe Übergasse Günter Würzburg", "Kováč Ľubomír Štúrova Mäsiarska Ďurica Dlhá Môcik"],
)
def test_foreign_names_are_no_damage(write, names, page):
    rows = "".join(f"{n};{name}\r\n" for n, name in enumerate(names.split()))
    assert profile(write("a.csv", rows, page)).damage is None


def test_a_file_in_a_page_that_nobody_knows_is_not_called_mixed(write, records):
    """A page of the eighties that is no candidate: some words happen to be Polish under one page, some under two."""
    letters = dict(zip("ĄĆĘŁŃÓŚŹŻąćęłńóśźż", bytes.fromhex("808182838485868887a0a1a2a3a4a5a6a8a7"), strict=True))
    for number in (20, 60, len(records)):
        text = "".join(f"{n};{line}\r\n" for n, line in enumerate(records[:number]))
        found = profile(write("a.csv", bytes(letters.get(c, ord(c) if c.isascii() else 63) for c in text)))
        assert found.verdict == "undecided", (number, found.says)
