import random

import pytest

from billing.errors import SourceError
from extractors.base import LandedFile
from extractors.codepage_check import TextSample, verify

WORDS = [
    "Łódź",
    "Kraków",
    "Święta",
    "Żółć",
    "Gęś",
    "Łoś",
    "Kąty",
    "Ćma",
    "Jarosław",
    "Wrocław",
    "Małgorzata",
    "Stanisław",
    "Krzysztof",
    "Źródlana",
    "Poznań",
    "Gdańsk",
    "Wiśniewska",
    "Wójcik",
    "Dąbrowski",
    "Kamińska",
    "Zieliński",
    "Szymański",
    "Woźniak",
    "Kozłowski",
    "Jabłoński",
    "Krawczyk",
    "Grabowski",
    "Pawłowska",
]
PAGES = ("mazovia", "cp852", "cp1250", "iso8859-2", "cp870", "utf-8")


def records(count: int, seed: int = 1) -> str:
    chosen = random.Random(seed)
    words = [word.upper() if chosen.random() < 0.5 else word for word in chosen.choices(WORDS, k=3 * count)]
    return "".join(f"{n:06}  {' '.join(words[3 * n : 3 * n + 3]):40}  123,45  " for n in range(count))


def sample(text: str, page: str) -> TextSample:
    made = TextSample()
    made.add(text.encode(page))
    return made


def file() -> LandedFile:
    return LandedFile(path=None, name="probe.dat", sha256="0" * 64, size=1, file="probe")  # type: ignore[arg-type]


@pytest.mark.parametrize("page", PAGES)
def test_the_right_page_is_believed(page):
    assert "not contradicted" in verify("probe", file(), page, sample(records(200), page))


@pytest.mark.parametrize("written", PAGES)
@pytest.mark.parametrize("declared", PAGES)
def test_a_wrong_page_is_contradicted_with_evidence(written, declared):
    if written == declared:
        return
    with pytest.raises(SourceError, match=f"contradict the declared code page {declared}") as caught:
        verify("probe", file(), declared, sample(records(200), written))
    if not {"cp870"} & {written, declared}:
        assert f"code_page = '{written}'" in caught.value.remedy


@pytest.mark.parametrize("written", ["mazovia", "cp852", "cp1250", "iso8859-2"])
@pytest.mark.parametrize("declared", ["mazovia", "cp852", "cp1250", "iso8859-2"])
def test_a_single_record_stops_nobody(written, declared):
    verify("probe", file(), declared, sample("000001  Żółć Łódź  123,45", written))


def test_foreign_names_are_no_contradiction():
    text = "Müller Böhm Größe Jürgen François Zoë " * 50 + records(20)
    assert "not contradicted" in verify("probe", file(), "cp1250", sample(text, "cp1250"))


def test_text_without_letters_beyond_ascii_is_believed():
    assert "believed" in verify("probe", file(), "cp852", sample("Jan Kowalski " * 500, "ascii"))


def test_line_drawings_around_words_are_no_contradiction():
    text = "│ " + " │ ".join(WORDS * 5) + " │"
    assert "not contradicted" in verify("probe", file(), "cp852", sample(text, "cp852"))
