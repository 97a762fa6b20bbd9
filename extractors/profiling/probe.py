"""The first rows of a file, decoded by the very reader that the pipeline would use.

A proposal that this cannot read is none; what it reads, the columns are judged by.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import TypeAdapter, ValidationError

from billing.delivery import Delivery
from billing.errors import ContractError
from billing.file_base import FileSpec
from billing.file_specs import AnyFile, SqlFile
from billing.lineage import LINEAGE
from billing.registry import Source
from billing.spec import SourceSpec, Thresholds
from extractors.base import FileFacts
from extractors.copybook.layout import Copybook
from extractors.decode import decode
from extractors.mainframe.plan import raw_schemas
from extractors.profiling import tree_shape
from extractors.profiling.detect import landed_as
from extractors.profiling.shapes import Shape

MOST_ROWS = 20_000
_BATCH = 5_000
_SPEC: TypeAdapter[Any] = TypeAdapter(AnyFile)

Values = dict[str, dict[str, list[str]]]
"""Raw table -> column -> values as text, empty where there is none."""


def first_rows(declared: dict[str, Any], path: Path, folder: Path, shape: Shape) -> Values:
    """Decode the first rows of a file.

    Args:
        declared: The file's part of a source's spec.
        path: The file.
        folder: Where its copybook lies.
        shape: What the file is.

    Raises:
        SourceError: The file cannot be read as declared.
        ContractError: The declaration or its copybook is wrong.
        ValidationError: The declaration does not fit the spec.
    """
    spec: FileSpec = _SPEC.validate_python(declared)
    if isinstance(spec, SqlFile):
        by_source = tree_shape.sqlite_texts(path, shape, MOST_ROWS)
        return {result.name: by_source[result.source or ""] for result in spec.results}
    source = _source(spec, folder)
    found: Values = {table: {} for table in spec.tables}
    rows = dict.fromkeys(spec.tables, 0)
    lineage = {item.name for item in LINEAGE}
    # every spec that is proposed is of a concrete format
    splits = decode(source, spec, landed_as(path, spec.name), FileFacts(), batch_rows=_BATCH)  # type: ignore[arg-type]  # of the closed list of specs
    for split in splits:
        rows[split.table] += split.kept.num_rows
        columns = found[split.table]
        for name, array in zip(split.kept.schema.names, split.kept.columns, strict=True):
            if name not in lineage:
                columns.setdefault(name, []).extend(_texts(array))
        if min(rows.values()) >= MOST_ROWS or sum(rows.values()) >= 3 * MOST_ROWS:
            break
    return found


def named_columns(declared: dict[str, Any], folder: Path, shape: Shape) -> dict[str, list[str]]:
    """The columns of a file's raw tables, as far as its declaration and its copybook tell them without its bytes."""
    if shape.format != "mainframe":
        names = [*shape.columns, *(name for name, *_ in shape.fields)]
        inner: dict[str, Any] = next(iter(declared.get("records") or declared.get("results") or []), {})
        names = names or [c["name"] if isinstance(c, dict) else c for c in inner.get("columns", [])]
        return {inner.get("table", declared["name"]): names}
    try:
        spec = _SPEC.validate_python(declared)
        return {table: schema.names for table, schema in raw_schemas(_source(spec, folder), spec).items()}
    except ValidationError:
        return {}
    except ContractError:  # it describes several record types, and which is which is not known yet
        return {declared["name"]: _every_field(declared["copybook"], folder)}


def _every_field(books: str | list[str], folder: Path) -> list[str]:
    names = [books] if isinstance(books, str) else books
    try:
        return [field.name for field in Copybook.load([folder / name for name in names]).every_record().widest.fields]
    except ContractError:
        return []


def _source(spec: FileSpec, folder: Path) -> Source:
    # the mappings are not known yet: a spec without any, which nobody could declare
    source_spec = SourceSpec.model_construct(
        id="profile", title="profile", system="", delivery=Delivery.model_construct(), files=[spec], entities=[],
        thresholds=Thresholds(), equations=[], zone=None,
    )  # fmt: skip
    return Source(source_spec, folder)


def _texts(array: pa.Array) -> list[str]:
    return ["" if value is None else str(value) for value in array.to_pylist()]
