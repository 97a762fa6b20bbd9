from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.errors import LoadError
from billing.model import ENTITIES, normalised_schema
from loaders.columns import staging_columns
from loaders.stage import Numbers, columns_of, number_lineage, number_sources, read, to_csv

_TEXT = st.one_of(st.none(), st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20))


@settings(deadline=None)
@given(st.lists(st.tuples(_TEXT, st.one_of(st.none(), st.decimals("-99999.99", "99999.99", places=2))), max_size=20))
def test_csv_brings_back_every_value(rows: list[tuple[str | None, Decimal | None]]) -> None:
    batch = pa.record_batch(
        {
            "text": pa.array([t for t, _ in rows], pa.string()),
            "money": pa.array([m for _, m in rows], pa.decimal128(18, 2)),
            "end": pa.array(["." for _ in rows], pa.string()),
        }
    )
    data = to_csv(batch).decode()
    back = list(csv.reader(io.StringIO(data, newline="")))
    assert [(t or "", m) for t, m, _ in back] == [(t or "", "" if m is None else f"{m:.2f}") for t, m in rows]
    # what csv.reader cannot tell apart, COPY can: null is nothing, an empty text is quoted
    assert data.count('"",') >= sum(t == "" for t, _ in rows)


def test_null_character_becomes_visible() -> None:
    assert to_csv(pa.record_batch({"a": ["x\0y"]})) == '"x␀y"\n'.encode()


def _lineage(*rows: tuple[str, str]) -> pa.RecordBatch:
    return pa.record_batch(
        {
            "key": [str(i) for i, _ in enumerate(rows)],
            "source_id": [s for s, _ in rows],
            "file_sha256": [f for _, f in rows],
        }
    )


def test_sources_and_files_become_numbers() -> None:
    numbers = Numbers({"opole": 1, "lodz": 2}, {("opole", "a"): 10, ("opole", "b"): 11, ("lodz", "a"): 12})
    one = number_lineage(_lineage(("opole", "b"), ("opole", "a")), numbers)
    assert (one["source_id"].to_pylist(), one["file_id"].to_pylist()) == ([1, 1], [11, 10])
    both = number_lineage(_lineage(("lodz", "a"), ("opole", "a"), ("lodz", "a")), numbers)
    rows = sorted(zip(*(both[n].to_pylist() for n in ("key", "source_id", "file_id")), strict=True))
    assert rows == [("0", 2, 12), ("1", 1, 10), ("2", 2, 12)]  # the same bytes in two sources are two files


def test_unknown_source_or_file_is_named() -> None:
    numbers = Numbers({"opole": 1}, {("opole", "a"): 10})
    with pytest.raises(LoadError, match=r"opole: rows come from a file .*\(zz\.\.\.\)"):
        number_lineage(_lineage(("opole", "zz")), numbers)
    with pytest.raises(LoadError, match="'gdansk'"):
        number_sources(pa.record_batch({"left_source_id": ["gdansk"]}), numbers)


@pytest.mark.parametrize("entity", list(ENTITIES))
def test_staging_holds_every_canonical_column_that_is_loaded(entity: str) -> None:
    names = [name for name, _ in columns_of(entity)]
    absent = [f.name for f in ENTITIES[entity].fields if not f.loaded]
    left_out = {"file_sha256", *(f"{name}{end}" for name in absent for end in ("", "_raw", "_status"))}
    assert [n for n in normalised_schema(entity).names if n not in left_out] == [n for n in names if n != "file_id"]
    money = {name for name, kind in staging_columns(entity) if kind == "numeric(18, 2)"}
    assert money == set(ENTITIES[entity].money_fields)


def test_files_are_read_in_batches(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": list(range(10))}), tmp_path / "t.parquet")
    assert [b.num_rows for b in read(str(tmp_path / "t.parquet"), 4)] == [4, 4, 2]
