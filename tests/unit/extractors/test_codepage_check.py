import random
from pathlib import Path

import pytest

from billing.errors import SourceError
from extractors.base import LandedFile
from extractors.codepages.check import TextSample, judge, sample_file, verify

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


@pytest.mark.parametrize("page", ["mazovia", "cp852", "cp1250", "iso8859-2"])
@pytest.mark.parametrize("seed", range(10))
def test_the_right_page_of_twenty_records_has_no_misfits(page, seed):
    verdicts = judge(sample(records(20, seed), page), ("mazovia", "cp852", "cp1250", "iso8859-2"))
    assert verdicts[0].page == page
    assert verdicts[0].misfits == 0
    assert [v.page for v in verdicts if not v.misfits] == [page]


def test_a_part_in_another_page_stops_the_source():
    mixed = TextSample()
    mixed.add(records(200, 1).encode("cp852"), "the field NAZWISKO")
    mixed.add(records(60, 2).encode("mazovia"), "the field ULICA")
    with pytest.raises(SourceError, match=r"more than one code page.*the field ULICA.*mazovia"):
        verify("probe", file(), "cp852", mixed)


def test_words_of_two_pages_side_by_side_stop_the_source():
    lines = records(200, 1).split("  123,45  ")
    data = b" ".join(line.encode("cp1250" if number % 3 == 0 else "mazovia") for number, line in enumerate(lines))
    mixed = TextSample()
    mixed.add(data)
    with pytest.raises(SourceError, match="more than one code page"):
        verify("probe", file(), "mazovia", mixed)


def test_a_few_damaged_records_stop_nobody():
    data = records(400, 1).encode("cp852") + " Święta Kąty ".encode("cp1250")
    good = TextSample()
    good.add(data)
    assert "not contradicted" in verify("probe", file(), "cp852", good)


def test_binary_rubbish_in_a_text_field_stops_nobody():
    noise = random.Random(5)
    good = TextSample()
    good.add(records(200, 1).encode("cp870"), "NAME")
    good.add(b"".join(noise.randbytes(6) + b"\x40\xc1" for _ in range(4_000)), "piece 2")
    verify("probe", file(), "cp870", good)


def test_no_name_stands_in_the_message():
    with pytest.raises(SourceError) as caught:
        verify("probe", file(), "cp852", sample("Zażółciński Świrydowicz Gżegżółkiewicz Łęgowik " * 3, "mazovia"))
    for name in ("Zażółciński", "Świrydowicz", "Gżegżółkiewicz", "Łęgowik"):
        assert name not in str(caught.value)


def test_the_end_of_a_large_file_is_looked_at(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(records(160_000, 1).encode("cp852") + records(10_000, 2).encode("mazovia"))
    landed = LandedFile(path, path.name, "0" * 64, path.stat().st_size, "probe")
    assert landed.size > 4 << 20
    with pytest.raises(SourceError, match="more than one code page"):
        verify("probe", landed, "cp852", sample_file(landed))


def test_text_that_no_candidate_reads_as_polish_contradicts_no_page():
    words = [
        "població",
        "només",
        "perquè",
        "caçador",
        "mòbil",
        "àrea",
        "direcció",
        "cançó",
        "informació",
        "raó",
        "França",
    ]
    sample = TextSample()
    sample.add(" ".join(words * 3).encode("cp437", "replace"))
    landed = LandedFile(Path("A.DBF"), "A.DBF", "0" * 64, 1, "a")
    for declared in ("ascii", "cp852"):
        assert declared in verify("torun", landed, declared, sample)
