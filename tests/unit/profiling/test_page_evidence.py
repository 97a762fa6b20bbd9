"""Right from five records up; no verdict rather than a wrong one; the evidence says why."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors.profiling import polish
from extractors.profiling.evidence import conclude, score, weigh
from extractors.profiling.readings import FAMILY_ASCII, VARIANTS, masked, reading
from extractors.profiling.wordbytes import WordCount

SUPPORT = Path(__file__).parents[2] / "support"
ALL = [x for x in (SUPPORT / "polish_records.txt").read_text(encoding="utf-8").splitlines() if not x.startswith("#")]
WORDS = sorted({word for line in ALL for word in line.replace(";", " ").split() if not word.isascii()})
PAGES = ("mazovia", "cp852", "cp1250", "iso8859-2", "cp870", "utf-8")


def count(text: str | bytes, page: str) -> WordCount:
    words = WordCount(ebcdic=page == "cp870")
    words.add(text.encode(page) if isinstance(text, str) else text)
    return words


def drawn(records: list[str], number: int, seed: int) -> str:
    chosen = random.Random(seed)
    some = chosen.sample(records, number)
    return "\r\n".join(line.upper() if seed % 2 else line for line in some)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("number", [5, 20, 100])
def test_the_right_page_from_five_records_up(records, page, number):
    for seed in range(20):
        found = weigh(count(drawn(records, number, seed), page))
        assert found.status == "decided", (seed, found.reason)
        assert found.accepts(page), (seed, found.page)
        assert found.reproduces


@pytest.mark.parametrize("page", PAGES)
def test_a_single_record_is_read_rightly_or_not_at_all(records, page):
    for record in records:
        for text in (record, record.upper()):
            found = weigh(count(text, page))
            if found.status == "decided":
                assert found.accepts(page), (text, found.page, found.margin)


@pytest.mark.parametrize("page", PAGES)
def test_text_without_polish_letters_needs_no_verdict(page):
    assert weigh(count("Jan Nowak;ul. Polna 5;Radom", page)).status == "any"


def test_pages_that_read_a_file_alike_are_one_answer():
    found = weigh(count("Łódź Wrocław Żółwin łopata półka żona kółko".replace("ź", "z"), "cp1250"))
    assert found.status == "decided"
    assert {found.page, *found.alike} >= {"cp1250", "iso8859-2"}


def test_foreign_names_decide_nothing():
    found = weigh(count("Müller Jürgen Böhm", "cp1250"))
    assert found.status == "undecided"
    assert found.reason


@pytest.mark.parametrize("page", ["cp1250", "iso8859-2"])
@pytest.mark.parametrize("names", ["Groß Němec Mäkinen", "Győző Schäfer Groß"])
def test_foreign_letters_that_a_dos_page_reads_as_polish_ones_prove_nothing(page, names):
    assert weigh(count(f"Jan Nowak Kowal {names} Polna Radom", page)).status == "undecided"


def test_a_quote_between_two_letters_is_no_typography():
    assert polish.cost("Świ„tojańska") > polish.cost("„Świtojańska”") + 10
    assert polish.cost("O’Hara") < polish.cost("O‚Hara")


def test_noise_gets_no_verdict():
    noise = random.Random(7).randbytes(20_000)
    found = weigh(count(noise, "mazovia"))
    assert found.status != "decided"
    assert found.misfits > 0.5


def test_a_form_with_line_drawings_is_read_by_its_words(records):
    form = "╔══════════════╗\r\n" + "".join(f"║{line.split(';')[0]:<40}║\r\n" for line in records[:20])
    for page in ("mazovia", "cp852"):
        assert weigh(count(form, page)).page == page


def test_line_drawings_alone_decide_nothing():
    assert weigh(count("┌──────┐\r\n│ 1234 │\r\n└──────┘\r\n" * 40, "mazovia")).status != "decided"


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_variant_of_mazovia_is_told_from_it(records, variant):
    table = reading(variant).chars
    text = "\n".join(line for line in records if "ś" in line or "ć" in line)
    data = bytes(table.index(char) for char in text)
    assert weigh(count(data, "mazovia")).page == variant


def test_the_evidence_names_words_and_letters():
    found = weigh(count("Środa Śląska, Kąty, Gdańsk, Łódź, Dębica", "mazovia"))
    assert found.rival in PAGES
    assert "Gdańsk" in {word.best for word in found.deciding}
    letters = {(d.byte, d.best) for d in found.differing}
    assert ("86", "ą") in letters
    assert ("9C", "Ł") in letters
    assert found.scores[found.page] == 0
    assert list(found.scores.values()) == sorted(found.scores.values())


def test_words_that_may_be_names_are_masked():
    found = weigh(count("Wyrzykowski Zażółciński Brzęczyszczykiewicz Łęcki Świderski", "cp852"))
    shown = " ".join(word.best for word in found.deciding)
    assert "Zażółciński" not in shown
    assert "Świderski" not in shown
    assert masked("Zażółciński").count("*") > 2


def test_a_lost_byte_is_not_reproduced():
    words = count(b"Wroc\xb3aw Gda\xf1sk \xa3\xf3d\x9f pi\xb9\x81tek", "cp1250")
    assert not weigh(words).reproduces


@given(
    st.lists(st.sampled_from(WORDS), max_size=8), st.sampled_from([str, str.upper, str.title]), st.sampled_from(PAGES)
)
@settings(max_examples=300, deadline=None)
def test_what_is_decided_reads_as_it_was_written(chosen, case, page):
    words = count(" ".join(map(case, chosen)), page)
    found = weigh(words)
    if found.status == "decided":
        for word in words.words:
            assert reading(found.page).text(word) == word.decode(page)


def test_letters_at_random_are_no_polish():
    noise = random.Random(11)
    letters = sorted(polish.ALPHABET) + [letter.upper() for letter in polish.LOWER]
    wrong = 0
    for _ in range(200):
        text = " ".join("".join(noise.choices(letters, k=noise.randint(1, 6))) for _ in range(5))
        for page in PAGES:
            found = weigh(count(text, page))
            wrong += found.status == "decided" and not found.accepts(page)
    assert wrong < 12  # of 1,200: letters that no Polish word has in this order prove nothing either way


@given(st.binary(max_size=3_000))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_judged(data):
    for ebcdic in (False, True):
        words = WordCount(ebcdic=ebcdic)
        words.add(data)
        found = weigh(words)
        assert found.status in ("decided", "any", "undecided")
        assert found.occurrences == words.words.total()


@given(st.lists(st.integers(0, 100), min_size=2, max_size=6, unique=True))
@settings(max_examples=40, deadline=None)
def test_the_order_of_records_does_not_matter(numbers):
    text = [ALL[number] for number in numbers]
    assert weigh(count("\n".join(text), "mazovia")) == weigh(count("\n".join(reversed(text)), "mazovia"))


@pytest.mark.parametrize("unit", [b"A", b"A\xb3", b"\xb3", b"\xb3 ", b"1\xb3"])
def test_long_runs_cost_no_more_than_they_are_long(unit):
    for ebcdic in (False, True):
        words = WordCount(ebcdic=ebcdic)
        words.add(unit * (1 << 20))
        weigh(words)
        assert all(len(word) <= 120 for word in words.words)


def test_what_the_file_states_settles_what_the_words_leave_open():
    words = count("Łódź Wrocław Żółwin łopata półka żona kółko".replace("ź", "z"), "cp1250")
    assert conclude(score(words, FAMILY_ASCII, stated="iso8859-2")).page == "iso8859-2"
    word = count("Wałcz", "mazovia")
    assert weigh(word).status == "undecided"
    told = conclude(score(word, FAMILY_ASCII, stated="mazovia"))
    assert told.page == "mazovia"
    assert told.margin > weigh(word).margin


@pytest.mark.parametrize("stated", ["cp852", "cp1250"])
def test_a_wrong_statement_is_outweighed_from_five_records_up(records, stated):
    for seed in range(20):
        words = count(drawn(records, 5, seed), "mazovia")
        assert conclude(score(words, FAMILY_ASCII, stated=stated)).accepts("mazovia")


@pytest.mark.parametrize(("page", "ebcdic"), [("cp1250", False), ("cp870", True)])
def test_plain_words_are_counted_by_their_case(page, ebcdic):
    found = WordCount(ebcdic=ebcdic)
    found.add("ul. Dluga 5, LODZ x iPod łąka Kowałski JAN-Maria".encode(page))
    assert found.plain == {"lower": 1, "title": 2, "upper": 2, "mixed": 1}
    assert sum(found.words.values()) == 2
    found.add("dom".encode(page))
    assert found.plain["lower"] == 2
