"""What the file of cases cannot have of some cases, because the test code hands it over by other means.

Where options go through a list or a variable (`runTest("_trim_left", "string_trimming_policy" -> "left")`), a case has
none of them, or `$dropGroupFillers` in their place.  They are facts of the public test suite, by the name of the case;
what a case does have is never replaced.  What the expected rows themselves show (fillers) is taken from there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cobrix_options import Options

_BY_NAME: list[tuple[str, dict[str, str]]] = [
    (r"test3(_trim_\w+)?", {"segment_field": "SIGNATURE", "segment_filter": "S9276511"}),
    (r"test3_trim_(\w+)", {"string_trimming_policy": r"\1"}),
    (r"test25", {"occurs_mappings": '{"DETAIL1": {"A": 0, "B": 1}, "DETAIL2": {"A": 1, "B": 2}}'}),
    (r"test8_non_printable", {"ebcdic_code_page": "common_extended", "string_trimming_policy": "none"}),
    (r"test9_cp037", {"ebcdic_code_page": "cp037"}),
    (r"test9_cp037_ext", {"ebcdic_code_page": "cp037_extended", "string_trimming_policy": "none"}),
    (r"test9_(cp(?!037)\d+)", {"ebcdic_code_page": r"\1", "string_trimming_policy": "none"}),
    (r"test9_cp_custom", {"ebcdic_code_page_class": "CustomCodePage", "string_trimming_policy": "none"}),
]
_FILLERS = {"drop_value_fillers", "drop_group_fillers", "filler_naming_policy"}
_NUMBERED = re.compile(r"FILLER_P?\d+")
_NAMED = re.compile(r"FILLER_AFTER_.+")


def found_again(name: str, options: Options, expected: Sequence[dict[str, Any]]) -> tuple[Options, list[str]]:
    """The options with what is known of the case, and a line about each that was added.

    Args:
        name: The case's.
        options: The variant's.
        expected: Its expected rows.
    """
    added: dict[str, str] = {}
    for pattern, values in _BY_NAME:
        if match := re.fullmatch(pattern, name):
            added = {**{key: match.expand(value) for key, value in values.items()}, **added}
    if _FILLERS & set(options.lost):
        added |= _fillers(expected)
    new = {key: value for key, value in added.items() if key not in options.given}
    return Options({**new, **options.given}, options.unknown, options.lost), [
        f"{key} = {value} (lost in cases.json)" for key, value in new.items()
    ]


def _fillers(expected: Sequence[dict[str, Any]]) -> dict[str, str]:
    """What the rows show of the policies for FILLER."""
    entries = [(key, value) for row in expected for key, value in _entries(row)]
    shown = [(key, value) for key, value in entries if _NUMBERED.fullmatch(key) or _NAMED.fullmatch(key)]
    named = any(_NAMED.fullmatch(key) for key, _ in shown)
    return {
        "drop_group_fillers": str(not any(isinstance(value, dict | list) for _, value in shown)).lower(),
        "drop_value_fillers": str(all(isinstance(value, dict | list) for _, value in shown)).lower(),
        "filler_naming_policy": "previous_field_name" if named else "sequence_numbers",
    }


def _entries(tree: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield key, value
            yield from _entries(value)
    elif isinstance(tree, list):
        for one in tree:
            yield from _entries(one)


def data_of(name: str, options: Options, data: Path) -> Path:
    """The file of a variant, where the case names the folder of several and each is another variant's."""
    if name == "test25" and data.is_dir():
        return data / ("data.dat" if options.flag("variable_size_occurs") else "data2.dat")
    return data


def must_fail(name: str, options: Options) -> str:
    """Why the test expects the reader to stop with an error; empty where it does not."""
    if options.refused:
        return options.refused
    if name == "test13a" and not {"file_start_offset", "file_end_offset"} & options.given.keys():
        return "the file has a header and a footer, and nothing says so"
    return ""
