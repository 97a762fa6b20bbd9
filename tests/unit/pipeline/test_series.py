"""Numbered deliveries: gaps and repeats are found before anything is published."""

from pathlib import Path

import pytest

from billing.errors import SourceError
from billing.registry import Source
from billing.spec import SourceSpec
from pipeline.series import check_series


def source(series, series_from=None):
    columns = [{"name": "NR", "start": 1, "length": 5}]
    file = {"format": "fixed_width", "code_page": "cp852", "record_length": 5}
    spec = {
        "id": "probe", "title": "Probe", "system": "test",
        "delivery": {"extracted_on": "2003-12-31", "series": series, "series_from": series_from},
        "files": [
            {"name": name, "pattern": name, "records": [{"table": name, "columns": columns}], **file} for name in "AB"
        ],
    }  # fmt: skip
    return Source(SourceSpec.model_validate(spec), Path("sources/probe"))


def files(*numbers, content=""):
    """`A1` is the file of the file spec A that states number 1."""
    return [{"name": f"{n}.TXT", "file": n[0], "sha256": n + content, "sequence": n[1:] or None} for n in numbers]


@pytest.mark.parametrize(
    ("series", "before", "now"),
    [
        ("source", [], ["A7", "B8"]),
        ("source", ["A7", "B8"], ["A9", "B10"]),
        ("source", ["A7", "B8"], ["A7", "B8"]),  # the same delivery again is none
        ("source", ["A7", "B8"], ["B8", "A9"]),
        ("file", ["A7", "B3"], ["A8", "A9", "B4"]),
        ("file", ["A7", "B3"], ["A8"]),
        ("source", ["A7"], ["A"]),  # states no number
        (None, ["A7"], ["A3"]),
    ],
)
def test_what_follows_is_published(series, before, now):
    check_series(source(series), files(*now), files(*before))


@pytest.mark.parametrize(
    ("series", "before", "now", "message"),
    [
        ("source", ["A7", "B8"], ["A10", "B11"], r"A10\.TXT: number 9 is missing"),
        ("source", ["A7", "B8"], ["A9", "B11"], r"B11\.TXT: number 10 is missing"),
        ("source", [], ["A1", "B3"], r"B3\.TXT: number 2 is missing"),
        ("source", ["A7", "B8"], ["A6"], r"number 6 comes after 8, which is published already"),
        ("file", ["A7", "B3"], ["A8", "B5"], r"B5\.TXT: number 4 is missing"),
        ("source", [], ["A7", "B7"], r"B7\.TXT: has the same sequence number 7 as A7\.TXT"),
        ("source", [], ["Ax"], r"'x' is no number"),
    ],
)
def test_gaps_and_repeats_stop_the_source(series, before, now, message):
    with pytest.raises(SourceError, match=message):
        check_series(source(series), files(*now), files(*before))


def test_a_number_that_comes_back_with_other_content_stops_the_source():
    with pytest.raises(SourceError, match=r"number 7 was delivered before as A7\.TXT, with other content"):
        check_series(source("source"), files("A7", content="!"), files("A7", "B8"))


def test_an_accepted_gap_is_declared():
    check_series(source("source", 12), files("A12", "B13"), files("A7", "B8"))
    check_series(source("source", 1), files("A1", "B2", content="new"), files("A1", "B2", "A3"))
    with pytest.raises(SourceError, match="number 13 is missing"):
        check_series(source("source", 12), files("A12", "B14"), files("A7", "B8"))
