"""Data Docs of a run: one page a suite, an index, one stylesheet, and nothing that has to be fetched.

Great Expectations renders every expectation, its observed value and its verdict; the page around them is ours.  Its
own page loads sixteen scripts, styles and fonts from other people's servers: without a network it is unstyled, and an
auditor's network may refuse it.  Ours needs one local stylesheet and no script.

Results of a table's partitions are merged before (`GateResult.merged`), so a suite has one page however large the
table was.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, FileSystemLoader
from markupsafe import Markup

from expectations.engine import context
from expectations.results import GateResult, Outcome
from expectations.suite import NATIVE

HERE = Path(__file__).parent
GATES = {
    "raw": "as decoded from the delivered files",
    "canonical": "in the catalogue's fields, cleaned",
    "consolidated": "staged from all sources, before the merge",
}
MARKS = {"stop": "stops", "reject": "rejects", "warn": "warns"}


def write_site(results: Sequence[GateResult], out: Path, *, run_id: str, finished_at: dt.datetime) -> Path:
    """Write the Data Docs of a run; a site that is there already is replaced.

    Args:
        results: One result a suite, in any order.
        out: The site's folder.
        run_id: The run's name.
        finished_at: When the run's checks ended.

    Returns:
        The path of its index page.
    """
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("*.html"):
        old.unlink()
    shutil.copyfile(HERE / "assets" / "docs.css", out / "docs.css")
    gates = list(GATES)
    ordered = sorted(results, key=lambda r: (gates.index(r.gate), r.source_id, r.table))
    facts = {"run_id": run_id, "finished_at": finished_at.strftime("%Y-%m-%d %H:%M:%S %Z").strip(), "gates": GATES}
    for result in ordered:
        page = (
            _view()
            .env.get_template("suite_page.html")
            .render(result=result, sections=_sections(result), counts=_counts(result), marks=MARKS, **facts)
        )
        (out / f"{result.suite}.html").write_text(page, encoding="utf-8")
    index = out / "index.html"
    rows = [(result, _counts(result)) for result in ordered]
    index.write_text(_view().env.get_template("site_index.html").render(rows=rows, marks=MARKS, **facts), "utf-8")
    return index


def _counts(result: GateResult) -> dict[str, dict[str, int]]:
    """Severity -> how many of its checks passed and failed."""
    counts: dict[str, dict[str, int]] = {severity: {"passed": 0, "failed": 0} for severity in NATIVE}
    for outcome in result.outcomes:
        counts[outcome.severity]["passed" if outcome.success else "failed"] += 1
    return counts


def _sections(result: GateResult) -> list[dict[str, Any]]:
    """The suite's outcomes by column, rendered by Great Expectations; columns with a failure first."""
    by_column: dict[str, list[Outcome]] = {}
    for outcome in result.outcomes:
        by_column.setdefault(outcome.kwargs.get("column", "The table as a whole"), []).append(outcome)
    sections = []
    for column, outcomes in by_column.items():
        # A column that passed looks the same in every source: eight sources share most of their pages.
        failed = sum(not o.success for o in outcomes)
        html = _render(outcomes) if failed else _render_passed(json.dumps([_look(o) for o in outcomes]))
        sections.append({"name": column, "failed": failed, "html": html})
    return sorted(sections, key=lambda s: s["failed"] == 0)


def _look(outcome: Outcome) -> dict[str, Any]:
    """What the rendering of a check that passed depends on."""
    return asdict(replace(outcome, rows=min(outcome.rows, 1), missing=0, samples=[]))


@functools.lru_cache(maxsize=4_096)
def _render_passed(looks: str) -> Markup:
    return _render([Outcome(**look) for look in json.loads(looks)])


def _render(outcomes: Sequence[Outcome]) -> Markup:
    block = _table_renderer().render([_as_result(o) for o in outcomes], include_column_name=False)
    text = _view().env.get_template("block.j2").render(block=block.to_json_dict(), content_block_id="results")
    # Ids would repeat from column to column, and nothing refers to them.
    text = re.sub(r"\s+", " ", re.sub(r' id="[^"]*"| data-[a-z-]+="[^"]*"', "", text))
    return Markup(text)  # noqa: S704 (made by the view, which escapes values)


def _as_result(outcome: Outcome) -> Any:
    """The outcome as Great Expectations' own validation result, with the rows that failed in its meta."""
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.expectations.expectation_configuration import (
        ExpectationConfiguration,
    )

    judged = outcome.rows - outcome.missing
    facts: dict[str, Any] = {"element_count": outcome.rows, "unexpected_count": outcome.unexpected}
    if outcome.rows or outcome.unexpected:
        facts["unexpected_percent"] = 100 * outcome.unexpected / judged if judged else 0.0
    if outcome.observed is not None:
        facts["observed_value"] = outcome.observed
    return ExpectationValidationResult(
        success=outcome.success,
        expectation_config=ExpectationConfiguration(
            type=outcome.type,
            kwargs=dict(outcome.kwargs),
            severity=NATIVE[outcome.severity],
            meta={
                "severity": outcome.severity,
                "says": outcome.says,
                "samples": [asdict(sample) for sample in outcome.samples],
            },
        ),
        result=facts,
    )


@functools.cache
def _view() -> Any:
    """Great Expectations' page view, our templates in front of its own."""
    context()
    from great_expectations.render.view import DefaultJinjaPageView

    view = DefaultJinjaPageView()
    view.env.loader = ChoiceLoader([FileSystemLoader(HERE / "templates"), view.env.loader])
    view.env.filters["count"] = lambda number: f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    return view


@functools.cache
def _table_renderer() -> Any:
    from expectations.docs_table import GateTableRenderer

    return GateTableRenderer
