"""Data Docs: complete, styled, and fetching nothing."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from gate_tables import NAMES, canonical_rows, make_spec, raw_rows

from expectations.docs_site import write_site
from expectations.gate import Gate
from expectations.results import GateResult, Outcome, Sample
from expectations.suites import canonical_suite, consolidated_suite, raw_suite

WHEN = dt.datetime(2003, 12, 31, 6, tzinfo=dt.UTC)


class Assets(HTMLParser):
    """Every address that a browser would follow or fetch."""

    def __init__(self, text):
        super().__init__()
        self.fetched, self.links = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in {"src", "href", "data", "poster", "srcset"} and value:
                (self.links if tag == "a" else self.fetched).append(value)
        if tag in {"script", "iframe", "object", "embed"}:
            self.fetched.append(tag)


@pytest.fixture(scope="module")
def results():
    spec = make_spec()
    invoices = Gate(canonical_suite(spec, "invoice"), NAMES)
    invoices.check(canonical_rows("invoice", 40, currency=dict.fromkeys(range(30), "XXX")))
    raw = Gate(raw_suite(spec, "INVOICE"), NAMES)
    raw.check(raw_rows("invoice", 3))
    suite = consolidated_suite("invoice", cut_off=dt.date(2003, 12, 31), staged={"invoice", "account"})
    staged = GateResult(
        "consolidated", "*", "invoice", rows=40, kept=40,
        outcomes=tuple(
            Outcome(c.type, c.kwargs, c.severity, c.says, 40, unexpected=1 if c.type == "expect_no_row" else 0,
                    samples=[Sample("1|F/1", "staging.invoice", "net=1.00")] if c.type == "expect_no_row" else [])
            for c in suite.checks
        ),
    )  # fmt: skip
    return [staged, invoices.result, raw.result]


@pytest.fixture(scope="module")
def site(results, tmp_path_factory):
    return write_site(results, tmp_path_factory.mktemp("docs"), run_id="run-1", finished_at=WHEN).parent


def test_nothing_is_fetched_from_anywhere(site):
    pages = list(site.glob("*.html"))
    assert len(pages) == 4
    for page in [*pages, site / "docs.css"]:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"(src|href)=[\"']?(https?:)?//|url\(|@import", text), page.name
    for page in pages:
        assert Assets(page.read_text(encoding="utf-8")).fetched == ["docs.css"]


def test_every_link_leads_somewhere(site):
    for page in site.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        for link in Assets(text).links:
            if link.startswith("#"):
                assert f'id="{link[1:]}"' in text
            else:
                assert (site / link).is_file()


def test_every_check_of_a_suite_is_on_its_page(site, results):
    for result in results:
        text = (site / f"{result.suite}.html").read_text(encoding="utf-8")
        assert text.count("fa-check-circle") == sum(o.success for o in result.outcomes)
        assert text.count("fa-times") == sum(not o.success for o in result.outcomes)
        for outcome in result.outcomes:
            assert text.count(f"severity-{outcome.severity}") == sum(
                o.severity == outcome.severity for o in result.outcomes
            )
        assert "raised an exception" not in text
        assert "Rendering failed" not in text


def test_failing_rows_are_shown_by_key_and_place(site):
    text = re.sub(r"<[^>]+>", " ", (site / "krakow.canonical.invoice.html").read_text(encoding="utf-8"))
    text = re.sub(r"\s+", " ", text)
    assert "30 unexpected values found" in text
    assert "The first 20 of 30" in text
    assert "invoice_key-19 FAKTURY.CSV, record 20, byte 1900 XXX" in text
    assert "invoice_key-20" not in text


def test_the_index_tells_the_verdicts(site):
    text = (site / "index.html").read_text(encoding="utf-8")
    assert "1 checks rejected rows" in text
    assert "✓ all passed" in text
    assert "✗ stopped: 4 checks" in text
    order = [text.index(name) for name in ("Raw gate", "Canonical gate", "Consolidated gate")]
    assert order == sorted(order)


def test_values_cannot_become_markup(results, tmp_path):
    evil = Sample("<script>alert(1)</script>", "<b>file</b>", "<i>$x ${y}</i>")
    outcomes = tuple(
        replace(o, samples=[evil], observed="<u>seen</u>" if o.observed else None, failed=True)
        for o in results[1].outcomes
    )
    bad = replace(results[1], outcomes=outcomes)
    page = write_site([bad], tmp_path, run_id="<em>run", finished_at=WHEN).parent / f"{bad.suite}.html"
    text = page.read_text(encoding="utf-8")
    for tag in ("<script>", "<b>file", "<i>", "<u>", "<em>"):
        assert tag not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "$x ${y}" in text


def test_a_site_that_is_written_again_keeps_no_old_page(results, tmp_path):
    write_site(results, tmp_path, run_id="run-1", finished_at=WHEN)
    write_site(results[:1], tmp_path, run_id="run-1", finished_at=WHEN)
    assert {p.name for p in tmp_path.iterdir()} == {"index.html", "docs.css", f"{results[0].suite}.html"}
