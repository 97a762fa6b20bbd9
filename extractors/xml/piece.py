"""The rows of one piece of an XML document, from where no row is open to where none is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from billing.errors import SourceError
from billing.lineage import Split
from billing.registry import Source
from extractors.base import LandedFile, Places, Sieve
from extractors.damage import Damaged, DamageReport
from extractors.text.spans import Cutter
from extractors.xml.paths import PathPlan, Slot, TablePlan
from extractors.xml.text import mend_column, stripped
from extractors.xml.tokens import Index, Tags, attributes, cover, find_tags

MAX_DEPTH = 256
"""Elements within elements; what is deeper was made to break its readers."""


@dataclass
class Carried:
    """A value around rows that was found in an earlier chunk: how often, and the first one."""

    count: int = 0
    value: str | None = None
    rows_seen: bool = False


@dataclass
class Around:
    """What is open where one chunk ends and the next begins.

    Attributes:
        nodes: Of the open elements, the root first.
        carried: By slot, what its open scope has delivered so far.
        records: Rows so far.
    """

    nodes: list[int]
    carried: dict[Slot, Carried]
    records: int = 0


class Piece:
    """The part of a chunk that ends outside all rows.

    Args:
        chunk: Bytes from outside any row on.
        position: Their place in the file.

    Attributes:
        consumed: Bytes of the chunk that are done with; the rest belongs to the next.
    """

    def __init__(
        self, source: Source, landed: LandedFile, plan: PathPlan, around: Around, chunk: bytes, position: int,
        cutter: Cutter,
    ) -> None:  # fmt: skip
        self._source, self._landed, self._plan, self._around = source, landed, plan, around
        self._chunk, self._position, self._cutter = chunk, position, cutter
        covered, complete = cover(chunk)
        tags = find_tags(covered[:complete], plan.names)
        self._refuse_depth(tags)
        node = self._nodes(tags)
        stop = self._last_safe(tags, node)
        self.consumed = int(tags.end[stop - 1]) + 1 if stop else 0
        if not stop and not len(tags):
            self.consumed = complete  # nothing but text, or what was covered
        self._closing = tags.closing[:stop]
        self._tags = tags.until(stop)
        self._node = node[:stop]
        self._attributes = self._find_attributes()
        self._has_controls = _may_hold_controls(covered[: self.consumed], cutter)

    # --- structure -----------------------------------------------------------------------------------------------

    def _refuse_depth(self, tags: Tags) -> None:
        deep = np.flatnonzero(tags.level > MAX_DEPTH - len(self._around.nodes))
        if len(deep):
            raise SourceError(
                f"elements stand more than {MAX_DEPTH} deep within each other",
                source_id=self._source.id,
                file=self._landed.name,
                byte_offset=self._position + int(tags.start[deep[0]]),
                remedy="have the document sent again: no billing system nests like this",
            )

    def _nodes(self, tags: Tags) -> NDArray[np.int32]:
        """The node of every opening tag, level by level."""
        plan, base = self._plan, len(self._around.nodes)
        node = np.full(len(tags), plan.nowhere, np.int32)
        parents = np.empty(0, np.int64)
        for level in range(1 - base, int(tags.level.max(initial=-base)) + 1):
            here = np.flatnonzero(tags.opens & (tags.level == level))
            outer = self._around.nodes[level + base - 2] if 2 <= level + base <= base + 1 else plan.nowhere
            outer = 0 if level + base == 1 else outer
            before = np.searchsorted(parents, here) - 1
            above = np.full(len(here), outer, np.int32)
            if len(parents):
                above = np.where(before >= 0, node[parents[before]], above)
            node[here] = plan.next[above, tags.name[here]]
            parents = here[~tags.closes[here]]
        return node

    def _last_safe(self, tags: Tags, node: NDArray[np.int32]) -> int:
        """How many tags lie before the last place at which no row and no text to be read is open."""
        opened = np.flatnonzero(self._plan.unsafe[node] & tags.opens & ~tags.closes)
        change = np.zeros(len(tags) + 1, np.int64)
        change[opened] += 1
        closed = tags.closing[opened]
        change[closed[closed < len(tags)]] -= 1  # no tag closes two elements
        safe = np.flatnonzero(np.cumsum(change[: len(tags)]) == 0)
        return int(safe[-1]) + 1 if len(safe) else 0

    def _of(self, node: int) -> Index:
        """The opening tags of a node's elements, in order."""
        order, bounds = self._by_node
        return order[bounds[node] : bounds[node + 1]]

    @cached_property
    def _by_node(self) -> tuple[Index, Index]:
        opening = np.flatnonzero(self._tags.opens)
        node = self._node[opening].astype(np.int16)  # of which the sort is linear
        order = np.argsort(node, kind="stable")
        return opening[order], np.searchsorted(node[order], np.arange(self._plan.nowhere + 2))

    def _find_attributes(self) -> tuple[Index, Index, Index, Index]:
        wanted = {slot.node for table in self._plan.tables for slot in table.slots if slot.attribute is not None}
        rows = np.flatnonzero(np.isin(self._node, list(wanted)) & self._tags.opens)
        return attributes(self._tags, rows, self._plan.names)

    # --- rows ----------------------------------------------------------------------------------------------------

    def splits(self, sieves: dict[str, Sieve], batch_rows: int) -> Iterator[Split]:
        """The rows of the piece, and what is carried over to the next."""
        tags, first_no = self._tags, self._around.records
        all_rows = np.flatnonzero(np.isin(self._node, [table.row for table in self._plan.tables]) & tags.opens)
        for table in self._plan.tables:
            rows = self._of(table.row)
            numbers = first_no + 1 + np.searchsorted(all_rows, rows)
            for begin in range(0, len(rows), batch_rows):
                part = slice(begin, begin + batch_rows)
                yield self._split(table, rows[part], numbers[part], sieves[table.name])
        for table in self._plan.tables:
            self._carry(table)
        self._around.records += len(all_rows)
        self._around.nodes = self._open_nodes()

    def _split(self, table: TablePlan, rows: Index, numbers: Index, sieve: Sieve) -> Split:
        tags = self._tags
        ends = self._closing[rows]
        offsets = tags.start[rows]
        lengths = tags.end[ends] + 1 - offsets
        places = Places(numbers, self._position + offsets, lengths.astype(np.int32))
        damage = DamageReport(self._source.spec.critical_columns(table.name))
        columns = {slot.column: self._column(table, slot, rows, ends, damage) for slot in table.slots}
        keep = np.ones(len(rows), np.bool_)
        damage.settle(sieve, places, keep, partial(self._row_bytes, offsets, lengths))
        return sieve.split(columns, places, keep=keep)

    def _row_bytes(self, offsets: Index, lengths: Index, row: int) -> bytes:
        return self._chunk[int(offsets[row]) : int(offsets[row] + lengths[row])]

    def _column(self, table: TablePlan, slot: Slot, rows: Index, ends: Index, damage: DamageReport) -> pa.Array:
        found, starts, stops, odd = self._events(slot)
        scope = rows if slot.scope == table.row else self._scope_of(slot, rows)
        if slot.scope == table.row and _in_turn(rows, found, ends):
            return self._without_controls(self._texts(starts, stops, slot, odd), slot, damage)
        first = np.searchsorted(found, scope)
        count = np.searchsorted(found, ends, side="right") - first
        carried = self._around.carried.get(slot, Carried())
        inherits = (scope < 0) & (carried.count > 0)
        has = (count > 0) & ~inherits
        if has.all():
            column = self._texts(starts[first], stops[first], slot, odd[first])
        elif has.any():
            index = np.where(has, first, 0)
            spans = np.where(has, starts[index], 0), np.where(has, stops[index], 0)
            column = self._texts(*spans, slot, odd[index] & has)
        else:
            column = pa.nulls(len(rows), pa.string())
        if inherits.any():
            column = pc.if_else(pa.array(inherits), pa.scalar(carried.value, pa.string()), column)
            count = count + np.where(inherits, carried.count, 0)
        twice = count > 1
        if twice.any():
            column = pc.if_else(pa.array(twice), pa.scalar(None, pa.string()), column)
            for row in np.flatnonzero(twice).tolist():
                message = f"occurs {count[row]} times, not once"
                here = range(int(first[row]), int(np.searchsorted(found, ends[row], side="right")))
                raw = b" ".join(self._chunk[int(starts[n]) : int(stops[n])] for n in here)
                damage.add(Damaged(row, slot.column, "XML-VALUE", message, raw))
        return self._without_controls(column, slot, damage)

    def _events(self, slot: Slot) -> tuple[Index, Index, Index, NDArray[np.bool_]]:
        """Where a slot's value occurs: tag, first byte, end, and whether it is more than the bytes between these."""
        tags = self._tags
        if slot.attribute is not None:
            owner, name, starts, stops = self._attributes
            chosen = (self._node[owner] == slot.node) & (name == self._plan.names.index(slot.attribute))
            starts, stops = starts[chosen], stops[chosen]
            return owner[chosen], starts, stops, self._holding_special(slot, starts, stops)
        found = self._of(slot.node)
        closing = self._closing[found]
        starts = tags.end[found] + 1
        stops = np.maximum(starts, tags.start[closing])
        return found, starts, stops, (closing > found + 1) | self._holding_special(slot, starts, stops)

    def _scope_of(self, slot: Slot, rows: Index) -> Index:
        """The tag that opened the scope around each row, -1 where that was in an earlier chunk."""
        opened = self._of(slot.scope)
        before = np.searchsorted(opened, rows, side="right") - 1
        return np.where(before >= 0, opened[np.maximum(before, 0)], -1) if len(opened) else np.full(len(rows), -1)

    # --- texts ---------------------------------------------------------------------------------------------------

    def _texts(self, starts: Index, stops: Index, slot: Slot, odd: NDArray[np.bool_]) -> pa.Array:
        """Texts of some spans; those of `odd` ones are more than their bytes."""
        data = self._tags.data
        starts, stops = stripped(data, starts, stops)
        column, _ = self._cutter.column(data, starts, stops, sound=True)
        if odd.any():
            mended = mend_column(column.filter(pa.array(odd)), slot.attribute is not None)
            column = pc.replace_with_mask(column, pa.array(odd), mended)
        return column

    @cached_property
    def _special(self) -> tuple[Index, Index]:
        """Places of the bytes that make a text, and an attribute, more than its bytes."""
        data = self._tags.data
        low = np.flatnonzero(data < 0x20)
        kind = data[low]
        white = (kind == 0x0A) | (kind == 0x09)
        ampersands = np.flatnonzero(data == 0x26)
        of_text, of_attribute = (np.sort(np.concatenate([ampersands, found])) for found in (low[~white], low))
        return of_text, of_attribute

    def _holding_special(self, slot: Slot, starts: Index, stops: Index) -> NDArray[np.bool_]:
        """Which of some spans, one behind the other, hold such bytes."""
        holding = np.zeros(len(starts), np.bool_)
        special = self._special[slot.attribute is not None]
        if len(special) and len(starts):
            row = np.searchsorted(starts, special, side="right") - 1
            holding[row[(row >= 0) & (special < stops[row])]] = True
        return holding

    def _without_controls(self, column: pa.Array, slot: Slot, damage: DamageReport) -> pa.Array:
        if not self._has_controls:
            return column
        odd = pc.fill_null(pc.match_substring_regex(column, "[\u007f-\u009f]"), False)
        if not pc.any(odd).as_py():
            return column
        for row in np.flatnonzero(odd.to_numpy(zero_copy_only=False)).tolist():
            text = column[row].as_py()
            message = "a control character stands in the text"
            damage.add(Damaged(row, slot.column, "ENC-CTRL", message, self._cutter.encode(text), text))
        return pc.if_else(odd, pa.scalar(None, pa.string()), column)

    # --- the border to the next piece ----------------------------------------------------------------------------

    def _open_nodes(self) -> list[int]:
        tags, base = self._tags, len(self._around.nodes)
        depth = base + int(tags.opens.sum()) - int(tags.closes.sum())
        nodes = self._around.nodes[:depth]
        for level in range(1, depth + 1):
            opened = np.flatnonzero(tags.opens & ~tags.closes & (tags.level == level - base))
            if len(opened):
                nodes[level - 1 : level] = [int(self._node[opened[-1]])]
        return nodes

    def _carry(self, table: TablePlan) -> None:
        """Remember what the open scopes around rows have delivered."""
        open_nodes = self._open_nodes()
        rows = self._of(table.row)
        for slot in table.slots:
            if slot.scope == table.row:
                continue
            found, starts, stops, odd = self._events(slot)
            self._refuse_late(slot, table, rows, found)
            scopes = self._of(slot.scope)
            carried = self._around.carried[slot]
            if len(scopes):
                carried.count, carried.value, carried.rows_seen = 0, None, False
            if slot.scope not in open_nodes:
                carried.count, carried.value, carried.rows_seen = 0, None, False
                continue
            begin = int(scopes[-1]) if len(scopes) else -1
            inside = found >= begin
            if inside.any() and not carried.count:
                place = int(np.flatnonzero(inside)[0])
                one = slice(place, place + 1)
                carried.value = self._texts(starts[one], stops[one], slot, odd[one])[0].as_py()
            carried.count += int(inside.sum())
            carried.rows_seen |= bool((rows >= begin).any())

    def _refuse_late(self, slot: Slot, table: TablePlan, rows: Index, found: Index) -> None:
        """A value around rows must stand before the first of them: a stream cannot go back."""
        if (slot.attribute is not None and slot.node == slot.scope) or not len(found):
            return
        scope = self._scope_of(slot, found)
        seen = np.searchsorted(rows, found) > np.searchsorted(rows, scope)
        seen |= (scope < 0) & self._around.carried[slot].rows_seen
        if seen.any():
            late = int(found[int(np.flatnonzero(seen)[0])])
            raise SourceError(
                f"{self._plan.paths[slot.node]} stands behind rows of {table.name} that need it",
                source_id=self._source.id,
                file=self._landed.name,
                byte_offset=self._position + int(self._tags.start[late]),
                field=slot.column,
                remedy="have it delivered before them, or leave the column out of the spec",
            )


def _in_turn(rows: Index, found: Index, ends: Index) -> bool:
    """Every row has one value, and it stands within the row."""
    return len(found) == len(rows) and bool((found >= rows).all() and (found <= ends).all())


def _may_hold_controls(piece: bytes, cutter: Cutter) -> bool:
    if b"\x7f" in piece or (b"#" in piece and b"&#" in piece):  # a single byte is found much faster
        return True
    if cutter.is_utf8:
        return b"\xc2" in piece and re.search(rb"\xc2[\x80-\x9f]", piece) is not None
    return re.search(rb"[\x80-\x9f]", piece) is not None
