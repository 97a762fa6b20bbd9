"""Records with variable tables: which of them have the same layout.

Records whose OCCURS DEPENDING ON tables stand equally often in them have all their fields in the same places, so they
are decoded together like fixed ones.  The numbers are found out in the order of the record: a table's field is read
for all records that agree in everything before it, and they part by what it says.

>>> from extractors.codepages.tables import code_page
>>> from extractors.copybook.layout import Copybook
>>> copybook = Copybook.parse("t.cpy", '''
... 01  R.
...     05  N       PIC 9.
...     05  T       OCCURS 0 TO 9 DEPENDING ON N PIC X.
...     05  BEHIND  PIC X.
... ''')
>>> rows = [b"2ABX", b"0X", b"2CDY"]
>>> data = np.frombuffer(b"".join(rows), np.uint8)
>>> begins = np.array([0, 4, 6])
>>> def cut(which, offset, width):
...     return np.stack([data[begins[row] + offset:][:width] for row in which])
>>> found = shapes(copybook.record_type(), cut, np.array([len(row) for row in rows]), code_page("ascii"))
>>> [(shape.rows.tolist(), [field.name for field in shape.layout.fields]) for shape in found.shapes]
[([1], ['N', 'BEHIND']), ([0, 2], ['N', 'T(1)', 'T(2)', 'BEHIND'])]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from extractors.codepages.tables import CodePage
from extractors.copybook.decode import decode_field
from extractors.copybook.fields import Cell, Field, Layout
from extractors.copybook.items import Item
from extractors.copybook.layout import RecordType
from extractors.copybook.reading import STRICT, Reading
from extractors.copybook.walk import Wanted, field_of

_WHOLE = re.compile(r"\+?[0-9]{1,18}")

Rows = NDArray[np.int64]
Cut = Callable[[Rows, int, int], NDArray[np.uint8]]
"""From record indices, offset and width to uint8[n, width]."""

Counts = Mapping[str, Mapping[str, int]]
"""By a table's item: text of the field that it depends on -> number of occurrences."""


@dataclass(frozen=True)
class Shape:
    """Records with the same layout.

    Attributes:
        layout: The layout.
        rows: int64[n], their indices.
    """

    layout: Layout
    rows: Rows


@dataclass(frozen=True)
class Miscounted:
    """A record whose layout nobody knows.

    Attributes:
        row: Its index.
        table: Item that OCCURS.
        field: Field that should say how often.
        message: What is wrong with it.
        short: The record ends before the field.
    """

    row: int
    table: str
    field: Field
    message: str
    short: bool


@dataclass
class Shapes:
    """All records of a run, parted by layout."""

    shapes: list[Shape] = field(default_factory=list)
    miscounted: list[Miscounted] = field(default_factory=list)


def shapes(
    record_type: RecordType,
    cut: Cut,
    lengths: NDArray[np.int64],
    page: CodePage,
    how: Reading = STRICT,
    *,
    mapping: Counts | None = None,
    clamp: bool = False,
    rows: Rows | None = None,
) -> Shapes:
    """Part records by their layout.

    Args:
        record_type: Their type.
        cut: Gives their bytes.
        lengths: int64[n], bytes of each record.
        page: Their code page.
        how: The reader's choices.
        mapping: What texts say how often, where no number does.
        clamp: A number that the table does not allow means that it stands as often as it may.
        rows: Which of the records; None for all.
    """
    found = Shapes()
    first = np.arange(len(lengths), dtype=np.int64) if rows is None else rows
    todo: list[tuple[dict[Cell, int], Rows]] = [({}, first)]
    while todo:
        counts, mine = todo.pop()
        try:
            layout = record_type.bound(counts)
        except Wanted as wanted:
            holder = field_of(wanted.place, wanted.place.item.label)
            whole = lengths[mine] >= holder.end
            if clamp and not whole.all():
                todo.append(({**counts, wanted.cell: wanted.item.occurs or 0}, mine[~whole]))
                mine, whole = mine[whole], whole[whole]
            for row in mine[~whole].tolist():
                message = f"the record ends before {holder.name}, which says how often {wanted.item.label} stands in it"
                found.miscounted.append(Miscounted(row, wanted.item.label, holder, message, True))
            mine = mine[whole]
            if not len(mine):
                continue
            column = decode_field(cut(mine, holder.offset, holder.length), holder, page, how)
            times = _times(column.values, wanted.item, mapping, clamp=clamp)
            for row in mine[times < 0].tolist():
                message = f"{holder.name} does not say how often {wanted.item.label} stands in the record"
                found.miscounted.append(Miscounted(row, wanted.item.label, holder, message, False))
            todo += [
                ({**counts, wanted.cell: number}, mine[times == number])
                for number in sorted({int(n) for n in np.unique(times) if n >= 0}, reverse=True)
            ]
        else:
            found.shapes.append(Shape(layout, mine))
    found.shapes.sort(key=lambda shape: (len(shape.layout.fields), int(shape.rows[0]) if len(shape.rows) else 0))
    return found


def _times(values: pa.Array, item: Item, mapping: Counts | None, *, clamp: bool) -> NDArray[np.int64]:
    """How often a table stands in each record; -1 where that is not known."""
    known = (mapping or {}).get(item.name or "", {})
    most = item.occurs or 0
    coded = values.dictionary_encode()
    numbers = np.full(len(coded.dictionary) + 1, most if clamp else -1, np.int64)
    for index, value in enumerate(coded.dictionary.to_pylist()):
        numbers[index] = times_of(value, item, known, clamp=clamp)
    indices = np.asarray(coded.indices.fill_null(len(coded.dictionary)))
    return numbers[indices]


def times_of(value: object, item: Item, known: Mapping[str, int], *, clamp: bool) -> int:
    """How often a table stands in a record whose field has a value; -1 where that is not known."""
    most = item.occurs or 0
    text = str(value).strip()
    number = -1
    if text in known:
        number = known[text]
    elif not known and value is not None:
        number = int(text) if _WHOLE.fullmatch(text) else -1
    if item.occurs_least <= number <= most:
        return number
    return most if clamp else -1
