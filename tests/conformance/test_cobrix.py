"""Value for value against the other reader's expected rows.

The cases are in `cobrix/cases.json` below the folder that `BLUELINE_CONFORMANCE_DATA` names; another folder with other
cases runs without a change here.
"""

from __future__ import annotations

import json
import os
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cobrix_completion import completed
from cobrix_lost import data_of, found_again, must_fail
from cobrix_options import Options, load_copybook, spelling
from cobrix_rows import actual_rows, differences, expected_rows, without_dropped

from billing.errors import BillingError
from extractors.copybook.items import descend
from extractors.copybook.layout import Copybook
from extractors.copybook.walk import Walk

PROJECT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("BLUELINE_CONFORMANCE_DATA", PROJECT / "../shared/data")) / "cobrix"


@dataclass(frozen=True)
class Departure:
    """A variant that is not taken as the file of cases has it."""

    reason: str
    change: dict[str, str | None]


DEPARTURES: dict[tuple[str, int], Departure] = {
    ("test40", 0): Departure(
        "record_format D is that of another file of the same test (ASCII lines); this one has fixed EBCDIC records",
        {"record_format": None},
    ),
    ("test40", 1): Departure("as variant 0", {"record_format": None}),
}
"""The one table of what cannot be taken literally, and why; None takes an option away."""


def _cases() -> list[Any]:
    path = FOLDER / "cases.json"
    if not path.exists():
        return [pytest.param(None, 0, id="no-data", marks=pytest.mark.skip(
            reason=f"{path} is missing; set BLUELINE_CONFORMANCE_DATA to compare with the other reader"))]  # fmt: skip
    return [
        pytest.param(case, number, id=f"{case['name']}-{number}")
        for case in json.loads(path.read_text())
        for number in range(len(case["variants"]))
    ]


@pytest.mark.parametrize(("case", "number"), _cases())
def test_rows_are_those_of_the_other_reader(case: dict[str, Any], number: int, tmp_path: Path) -> None:
    variant = dict(case["variants"][number])
    departure = DEPARTURES.get((case["name"], number))
    if departure:
        variant = {k: v for k, v in {**variant, **departure.change}.items() if v is not None}
    expected = expected_rows(FOLDER / case["expected"])[: case["take"]]
    options, added = found_again(case["name"], Options.of(variant), expected)
    if options.not_comparable:
        pytest.skip("; ".join(options.not_comparable))
    if options.unknown:
        warnings.warn(f"{case['name']}: options without an entry in the table: {options.unknown}", stacklevel=1)
    copybooks = [FOLDER / path for path in case["copybooks"]]
    data = data_of(case["name"], options, FOLDER / case["data"])
    if must_fail(case["name"], options):
        with pytest.raises((BillingError, ValueError)):
            actual_rows(copybooks, data, options, case["order_by"], case["take"], tmp_path)
        return  # both readers refuse it
    options, more = completed(options, copybooks, data, expected, tmp_path)
    for addition in added + more:
        warnings.warn(f"{case['name']}, variant {number}: {addition}", stacklevel=1)
    actual = actual_rows(copybooks, data, options, case["order_by"], case["take"], tmp_path)
    without_dropped(actual, expected)
    found = []
    if len(expected) != len(actual):
        found.append(f"{len(expected)} rows expected, {len(actual)} found")
    file_column = options.text("with_input_file_name_col")
    for row, (one, other_row) in enumerate(zip(expected, actual, strict=False)):
        one.pop(file_column, None)
        found += differences(one, other_row, f"row {row}", null_as_empty=bool(case.get("null_as_empty")))
    if found:
        (tmp_path / "actual.json").write_text("\n".join(json.dumps(row, default=str) for row in actual))
    assert not found, "\n".join([f"{len(found)} differences; rows in {tmp_path / 'actual.json'}", *found[:20]])


def _layouts() -> list[Any]:
    path = FOLDER / "cases.json"
    cases = json.loads(path.read_text()) if path.exists() else []
    found = [
        pytest.param([FOLDER / one for one in case["copybooks"]], layout, id=case["name"])
        for case in cases
        if (layout := (FOLDER / case["expected"]).with_name(f"{Path(case['expected']).stem}_layout.txt")).exists()
    ]
    return found or [
        pytest.param([], path, id="no-data", marks=pytest.mark.skip(reason=f"no layout lies below {FOLDER}"))
    ]


@pytest.mark.parametrize(("copybooks", "layout"), _layouts())
def test_places_are_those_of_the_other_reader(copybooks: list[Path], layout: Path) -> None:
    copybook = load_copybook(copybooks, Options({}))
    record_type = copybook.every_record(fillers="sequence", in_sequence=True)
    room = _room(copybook)
    mine: dict[int, tuple[str, int, int]] = {}
    for place in record_type.widest.fields:
        assert place.item is not None
        mine.setdefault(id(place.item), (spelling(place.item), place.offset + 1, room[id(place.item)]))
    groups = {spelling(group.item) for group in record_type.widest.groups}
    expected = [
        (match["name"], int(match["start"]), int(match["length"]))
        for line in layout.read_text().splitlines()
        if (match := _PLACE.match(line)) and not match["name"].endswith("_debug") and match["name"] not in groups
    ]
    assert expected
    assert [place for place in mine.values() if place[0] != "FILLER"] == [
        place for place in expected if not place[0].startswith("FILLER")
    ]


def _room(copybook: Copybook) -> dict[int, int]:
    """Bytes of every item with all its occurrences; views of the same bytes have those of the longest."""
    found: dict[int, int] = {}
    for group in descend(copybook.roots):
        for members in Walk(copybook.file).clusters(group.children):
            found |= dict.fromkeys(map(id, members), max(Walk(copybook.file).sized(member, 0) for member in members))
    return found


_PLACE = re.compile(r"\s*\d+ (?P<name>\S+)\s+(?:[][A-Za-z]+\s+)?\d+\s+(?P<start>\d+)\s+\d+\s+(?P<length>\d+)\s*$")
