"""The auditor's report: says what the figures say, stands alone, and shows nobody's identity."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from report_example import example_run

from audit import figures
from audit.report import QUEUE, render, render_index, render_queue
from audit.report_model import verdict_of


class Page(HTMLParser):
    """Text, and everything that a browser would fetch."""

    VOID = frozenset({"meta", "br", "link", "img", "input", "hr"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.fetched: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        if tag in {"script", "link", "img", "iframe", "source", "video"}:
            self.fetched.append(tag)
        if "id" in named:
            self.ids.append(named["id"])
        if tag == "a":
            self.links.append(named["href"])
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes nothing at {self.getpos()}"

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


def page_of(run, tmp_path: Path) -> Page:
    return Page(render(run, tmp_path / run["run_id"]).read_text(encoding="utf-8"))


def test_the_report_stands_alone(tmp_path):
    page = render(example_run(), tmp_path)
    text = page.read_text(encoding="utf-8")
    parsed = Page(text)
    assert parsed.open == []
    assert parsed.fetched == []
    assert not re.search(r"https?://|url\(|@import", text)
    assert len(parsed.ids) == len(set(parsed.ids))
    assert {link[1:] for link in parsed.links if link.startswith("#")} <= set(parsed.ids)


@pytest.mark.parametrize(
    ("run", "word"),
    [
        (example_run(lacking=False), "Balanced"),
        (example_run(), "Balanced, but incomplete"),
        (example_run(broken=True), "Broken"),
    ],
)
def test_the_verdict_is_said_in_words(run, word, tmp_path):
    text = page_of(run, tmp_path).text
    banner = text[text.index("Run 2003") : text.index("Records read")]
    assert f" {word} " in banner
    assert ("Balanced " in banner) == (word == "Balanced")


def test_lacking_sources_are_named_with_the_reason(tmp_path):
    assert "Warszawa (stopped: ABONENCI.DAT ends inside record 4711)" in page_of(example_run(), tmp_path).text


def test_breaks_are_named_by_key_with_their_difference(tmp_path):
    text = page_of(example_run(broken=True), tmp_path).text
    assert "KRK-0001742" in text
    assert "+0,01 PLN" in text
    assert "and 6 more" in text
    assert "nothing was loaded" in text
    assert "45 of 47" in text


def test_an_equation_that_does_not_apply_is_not_counted_as_closed(tmp_path):
    run = example_run(lacking=False)
    assert "47 of 47" in page_of(run, tmp_path / "a").text
    for result in run["equations"]:
        if result["equation"] == "payment":
            result["status"] = "not_applicable"
    text = page_of(run, tmp_path / "b").text
    assert "42 of 42" in text
    assert text.count(" n/a ") == len(run["sources"])


def test_totals_are_summed_over_sources_and_currencies_kept_apart(tmp_path):
    run = example_run()
    run["totals"] = [
        {"source_id": s, "stage": stage, "entity": "payment", "currency": c, "records": 1_000, "amount": 123_45}
        for s in ("krakow", "lodz")
        for stage in run["stages"]
        for c in ("PLN", "EUR")
    ]
    text = page_of(run, tmp_path).text
    overall = text[text.index("Totals at every stage") : text.index("Set aside Nothing")]
    assert overall.count("2 000") == len(run["stages"]) * 2  # one row a currency
    assert overall.count("246,90") == len(run["stages"]) * 2


def test_money_that_was_read_is_told_to_the_grosz(tmp_path):
    run = example_run()
    row = re.escape("payment PLN 279 097 714,21 279 096 765,64 316,19 632,38 ✓ nothing")
    assert re.search(row, page_of(run, tmp_path / "a").text)
    run["money"][4]["loaded"] -= 1
    assert "✗ +0,01" in page_of(run, tmp_path / "b").text


def test_records_without_a_readable_amount_are_counted_beside_the_money(tmp_path):
    run = example_run()
    for group in run["rejects"]:
        group["unreadable"] = 0
    assert "without an amount that can be read" not in page_of(run, tmp_path / "a").text
    run["rejects"][0]["unreadable"] = 1
    assert "1 record was set aside without an amount that can be read" in page_of(run, tmp_path / "b").text


def test_what_was_taken_for_nothing_is_counted_by_field(tmp_path):
    text = page_of(example_run(), tmp_path).text
    assert "krakow subscriber pesel BRAK 1 204 –" in text
    assert "lodz subscriber birth_date 19<b> 7 DATE-RANGE" in text


def test_old_zloty_are_shown_with_what_rounding_added(tmp_path):
    run = example_run()
    text = page_of(run, tmp_path).text
    row = text[text.index("Rounding, PLN") : text.index("Set aside Nothing")]
    assert "lodz payment 212 2 438 511,00 243,90 +0,048900" in row
    run["redenomination"] = []
    assert "Rounding, PLN" not in page_of(run, tmp_path).text


def test_a_file_that_contradicts_its_trailer_is_marked(tmp_path):
    run = example_run()
    assert "disagrees" not in page_of(run, tmp_path / "a").text
    run["sources"][0]["files"][1]["computed_sum"] += 1
    assert "disagrees" in page_of(run, tmp_path / "b").text
    run["sources"][0]["files"][1]["notes"] = ["the difference of 0.01 is that of 1 record whose KWOTA is unreadable"]
    text = page_of(run, tmp_path / "c").text
    assert "disagrees" not in text
    assert "differs, not proved" in text
    assert "whose KWOTA is unreadable" in text


def test_values_from_legacy_files_cannot_become_markup(tmp_path):
    run = example_run()
    run["rejects"][0]["examples"][0]["message"] = "<script>alert(1)</script>"
    run["sources"][0]["title"] = "<b>Kraków"
    run["run_id"] = "a&b"
    page = page_of(run, tmp_path)
    assert page.fetched == []
    assert "<script>alert(1)</script>" in page.text


def test_an_empty_run_can_be_reported(tmp_path):
    run = example_run()
    run.update(
        verdict="unchanged", failure=None, batch_id=None, sources=[], gates=[], stages=[], totals=[], rejects=[],
        fillers=[],
        identity=None, equations=[], breaks=[], load=[], seal=None, data_docs=None, lacking=[],
    )  # fmt: skip
    text = page_of(run, tmp_path).text
    assert "Nothing new" in text
    assert "0 of 0" in text


def test_identity_is_told_with_reasons_decisions_and_what_became_of_the_ids(tmp_path):
    page = page_of(example_run(), tmp_path)
    assert "a person decided that they are one customer" in page.text
    assert "anna" in page.text
    assert "they hold two different valid PESELs, which no decision overrides" in page.text
    assert QUEUE in page.links
    churn = "Before New Split off Became part of another After Kept Records moved"
    assert f"{churn} 20 700 + 290 + 2 1 under the id of before − 15 = 20 977" in page.text.replace("\u202f", " ")
    refused = page_of({**example_run(broken=True), "run_id": "broken"}, tmp_path)
    assert "Became part of another" not in refused.text  # nothing was loaded


def test_the_pairs_that_wait_are_listed_on_a_page_of_their_own(tmp_path):
    pair = {"left": "lodz/1", "right": "opole/<b>", "reason": "NAME-HOME", "says": "the same name and home",
            "weight": -1.25, "levels": "last_name=same phone=different"}  # fmt: skip
    page = Page(render_queue(example_run(), [pair], tmp_path).read_text(encoding="utf-8"))
    assert page.fetched == []
    assert "lodz/1 opole/<b> -1.2 NAME-HOME the same name and home last name: same, phone: different" in page.text
    assert "The first 1 of 37 pairs" in page.text
    assert "report.html" in page.links
    empty = Page(render_queue(example_run(), [], tmp_path).read_text(encoding="utf-8"))
    assert "no pair waits for a person" in empty.text


def test_the_data_lie_beside_the_report(tmp_path):
    run = example_run()
    render(run, tmp_path)
    assert json.loads((tmp_path / "run.json").read_text(encoding="utf-8")) == run


def test_the_index_lists_runs_newest_first_and_links_to_them(tmp_path):
    for run_id, finished, broken in (
        ("older", "2003-12-30T06:00:00+01:00", True),
        ("newest", "2003-12-31T06:00:00+01:00", False),
        ("oldest", "2003-12-01T06:00:00+01:00", False),
    ):
        run = example_run(broken=broken)
        run.update(run_id=run_id, finished_at=finished)
        render(run, tmp_path / run_id)
    page = Page(render_index(tmp_path).read_text(encoding="utf-8"))
    reports = [link for link in page.links if link.endswith("report.html")]
    assert reports == ["newest/report.html", "older/report.html", "oldest/report.html"]
    assert all((tmp_path / link).exists() for link in reports)
    assert page.text.count("Broken") == 1
    assert page.fetched == []


def test_the_index_of_no_run_says_so(tmp_path):
    assert "No run has been reported yet" in render_index(tmp_path / "reports").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0,00"),
        (-1, "−0,01"),
        (100, "1,00"),
        (-123456, "−1\u202f234,56"),
        (10**15, "10\u202f000\u202f000\u202f000\u202f000,00"),
    ],
)
def test_amounts_in_hundredths_are_written_as_in_poland(number, text):
    assert figures.money(number) == text


def test_unknown_figures_are_a_dash_and_never_nought():
    assert figures.money(None) == figures.count(None) == figures.moment(None) == "–"


def test_the_verdict_follows_from_the_figures():
    closed = [e for e in example_run()["equations"] if e["status"] == "closed"]
    broken = [{**closed[0], "status": "broken"}]
    lacking = example_run()["lacking"]
    assert verdict_of(equations=closed, lacking=[], failure=None, loaded=True) == "balanced"
    assert verdict_of(equations=closed, lacking=lacking, failure=None, loaded=True) == "incomplete"
    assert verdict_of(equations=[*closed, *broken], lacking=lacking, failure="x", loaded=False) == "broken"
    assert verdict_of(equations=closed, lacking=[], failure="the database is gone", loaded=False) == "failed"
    assert verdict_of(equations=closed, lacking=[], failure=None, loaded=False) == "unchanged"
    nothing_applied = [{**closed[0], "status": "not_applicable"}]
    assert verdict_of(equations=nothing_applied, lacking=[], failure=None, loaded=True) == "failed"


def test_a_likely_repeat_is_told_with_its_source(tmp_path):
    run = example_run()
    warning = "konta_11.csv has other bytes but the control totals of konta_10.csv <b>"
    run["sources"][0]["warnings"] = [warning]
    pages = [render(run, tmp_path / "with"), render(example_run(), tmp_path / "without")]
    told, untold = (" ".join(Page(page.read_text(encoding="utf-8")).words) for page in pages)
    assert "likely repeat" in told
    assert warning in told
    assert "likely repeat" not in untold
