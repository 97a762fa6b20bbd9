"""Merging a few rows into a dump gives the dump of all rows; comparing two dumps finds every difference."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.errors import SourceError
from extractors.databases.difference import KeyOrder, compare, merge
from extractors.databases.session import Column, Kind, lines

COLUMNS = [Column(name, "other", "") for name in ("uwagi", "nr", "czesc", "saldo")]
TEXTS = st.text(st.sampled_from('aąB",\n\r\\ '), max_size=6)
KEYS = st.tuples(TEXTS, st.integers(-20, 20) | st.integers())
VALUES = st.tuples(st.none() | TEXTS, st.none() | st.decimals(allow_nan=False, allow_infinity=False, places=2))
TABLES = st.dictionaries(KEYS, VALUES, max_size=12)
Table = dict[tuple[str, int], tuple[str | None, Decimal | None]]


def order(kinds: tuple[Kind, Kind] = ("text", "integer")) -> KeyOrder:
    return KeyOrder(COLUMNS, ["nr", "czesc"], kinds, {"source_id": "probe"})


def dump(path: Path, table: Table) -> Path:
    rows: list[Any] = sorted(table.items(), key=lambda item: (item[0][0].encode(), item[0][1]))
    text = lines([(note, key[0], key[1], balance) for key, (note, balance) in rows])
    path.write_bytes(('"uwagi","nr","czesc","saldo"\n' + text).encode())
    return path


@given(TABLES, TABLES)
def test_merged_rows_are_the_dump_of_all_rows(before: Table, changed: Table) -> None:
    with tempfile.TemporaryDirectory() as folder:
        base, delta = dump(Path(folder) / "base", before), dump(Path(folder) / "delta", changed)
        counts = merge(base, delta, Path(folder) / "merged", order())
        whole = dump(Path(folder) / "whole", before | changed)
        assert (Path(folder) / "merged").read_bytes() == whole.read_bytes()
        assert compare(base, whole, order()) == counts
        assert counts.rows == len(before | changed)


@given(TABLES, TABLES)
def test_every_difference_is_found(before: Table, after: Table) -> None:
    with tempfile.TemporaryDirectory() as folder:
        counts = compare(dump(Path(folder) / "before", before), dump(Path(folder) / "after", after), order())
    common = before.keys() & after.keys()
    # -0.00 and 0.00 are one number and two texts
    same = sum(lines([before[key]]) == lines([after[key]]) for key in common)
    assert (counts.inserted, counts.deleted) == (len(after.keys() - common), len(before.keys() - common))
    assert (counts.changed, counts.unchanged) == (len(common) - same, same)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(None, "a", 2, 1), (None, "a", 1, 1)], "is out of order"),
        ([(None, "a", 1, 1), ("x", "a", 1, 2)], "occurs twice"),
        ([(None, None, 1, 1)], "is NULL"),
        ([(None, "a", "1a", 1)], "is not of its column's type"),
    ],
)
def test_a_dump_whose_keys_are_none_is_refused(tmp_path: Path, rows: list[Any], message: str) -> None:
    path = tmp_path / "dump"
    path.write_text('"uwagi","nr","czesc","saldo"\n' + lines(rows))
    with pytest.raises(SourceError, match=message) as caught:
        compare(None, path, order())
    assert caught.value.where["record_no"] == len(rows)
