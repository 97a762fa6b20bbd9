"""Value for value against the other reader's expected rows.

The cases are in `cobrix/cases.json` below the folder that `BLUELINE_CONFORMANCE_DATA` names; another folder with other
cases runs without a change here.
"""

from __future__ import annotations

import json
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cobrix_completion import completed
from cobrix_options import Options
from cobrix_rows import actual_rows, differences, expected_rows

PROJECT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("BLUELINE_CONFORMANCE_DATA", PROJECT / "../shared/data")) / "cobrix"


@dataclass(frozen=True)
class Departure:
    """A variant that is not taken as the file of cases has it."""

    reason: str
    change: dict[str, str | None]


DEPARTURES: dict[tuple[str, int], Departure] = {
    ("test8_non_printable", 0): Departure(
        "cases.json gives it the options of test8_printable, which expects other rows of the same file: the ones that "
        "show control characters and keep blanks are missing",
        {"ebcdic_code_page": "common_extended", "string_trimming_policy": "none"},
    ),
    ("test40", 0): Departure(
        "record_format D is that of another file of the same test (ASCII lines); this one has fixed EBCDIC records",
        {"record_format": None},
    ),
    ("test40", 1): Departure(
        "as variant 0, and its expected rows have no record ids either",
        {"record_format": None, "generate_record_id": None},
    ),
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
    options = Options.of(variant)
    if options.not_comparable:
        pytest.skip("; ".join(options.not_comparable))
    if options.unknown:
        warnings.warn(f"{case['name']}: options without an entry in the table: {options.unknown}", stacklevel=1)
    expected = expected_rows(FOLDER / case["expected"])[: case["take"]]
    copybooks = [FOLDER / path for path in case["copybooks"]]
    options, added = completed(options, copybooks, FOLDER / case["data"], expected, tmp_path)
    for addition in added:
        warnings.warn(f"{case['name']}, variant {number}: {addition}", stacklevel=1)
    actual = actual_rows(copybooks, FOLDER / case["data"], options, case["order_by"], case["take"], tmp_path)
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
    assert expected, "the case expects no row"
