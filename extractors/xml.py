"""XML documents, read as a stream.

A row is an element at a declared path; its columns are attributes and elements found by a path from it, which may
lead upwards to what stands around it.  Namespaces are ignored: paths use local names.

Two readers share the work.  Expat reads every byte first and says whether the document is well-formed; it never
builds anything.  Where it is content, tags are found by arithmetic over whole chunks (`extractors.xmltokens`), which
is what gives each row its exact offset and length, and rows are cut out of the bytes without a Python object a value.

A document type declaration is refused before anything in it is read.  Without one there are no entities to expand
and no external references to follow, whoever wrote the document.

A column whose element is missing is null.  One whose element occurs twice has no value that could be trusted.
"""

from __future__ import annotations

import html.entities
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from xml.parsers import expat  # no document type, hence no entities: see above

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from billing.errors import SourceError
from billing.lineage import Split
from billing.registry import Source
from billing.spec import AnyFile, XmlFile
from extractors.base import FileFacts, LandedFile, Places, Sieve, refuse_empty
from extractors.damage import Damaged, DamageReport
from extractors.spans import Cutter
from extractors.xmlpaths import PathPlan, Slot, TablePlan, plan_paths
from extractors.xmltokens import COVER, COVERED_AMP, COVERED_GT, COVERED_LT, Index, Tags, attributes, cover, find_tags

READ_BYTES = 1 << 20
MAX_ROW = 64 << 20
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
_CUT = {
    expat.errors.codes[text]
    for text in (expat.errors.XML_ERROR_UNCLOSED_TOKEN, expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION)
}


@dataclass
class _Carried:
    """A value around rows that was found in an earlier chunk: how often, and the first one."""

    count: int = 0
    value: str | None = None
    rows_seen: bool = False


@dataclass
class _Around:
    """What is open where one chunk ends and the next begins.

    Attributes:
        nodes: Of the open elements, the root first.
        carried: By slot, what its open scope has delivered so far.
        records: Rows so far.
    """

    nodes: list[int]
    carried: dict[Slot, _Carried]
    records: int = 0


def decode(
    source: Source, file_spec: AnyFile, landed: LandedFile, facts: FileFacts, *, batch_rows: int
) -> Iterator[Split]:
    """Decode a document; every column is text.

    Args:
        source: The declared source.
        file_spec: The document's spec.
        landed: The landed document.
        facts: Filled while decoding.
        batch_rows: Most rows of a batch.

    Yields:
        Batches of the document's raw tables; every table yields at least one, if empty.

    Raises:
        SourceError: The document is not well-formed, ends early, or has a document type declaration.
        ContractError: A path of the spec cannot be used.
    """
    assert isinstance(file_spec, XmlFile)  # noqa: S101  the dispatcher chose by format
    refuse_empty(source.id, landed)
    plan = plan_paths(list(file_spec.records))
    parser = _Parser(source.id, landed)
    sieves = {table.name: Sieve(source.id, landed, table.name) for table in plan.tables}
    yielded: set[str] = set()
    around = _Around([], {s: _Carried() for t in plan.tables for s in t.slots if s.scope != t.row})
    waiting: dict[str, list[Split]] = {table.name: [] for table in plan.tables}
    position, pending = 0, b""
    with landed.path.open("rb", buffering=0) as file:
        while fresh := file.read(READ_BYTES):
            parser.feed(fresh.rstrip(b"\x1a") if file.tell() >= landed.size else fresh)  # DOS ends a text with Ctrl-Z
            chunk = pending + fresh
            piece = _Piece(source, landed, plan, around, chunk, position, parser.cutter)
            for split in piece.splits(sieves, batch_rows):
                for whole in _gathered(waiting[split.table], split, batch_rows):
                    yielded.add(whole.table)
                    yield whole
            position += piece.consumed
            pending = chunk[piece.consumed :]
            facts.records, facts.bytes = around.records, position
            if len(pending) > MAX_ROW:
                raise parser.error("an element of a row is larger than 64 MiB", "check the paths of the spec", position)
    parser.close()
    facts.bytes = landed.size
    facts.notes.append(f"XML in {parser.encoding}")
    for table in plan.tables:
        if waiting[table.name]:
            yield _together(waiting[table.name])
        elif table.name not in yielded:
            nothing = {slot.column: pa.array([], pa.string()) for slot in table.slots}
            none = np.empty(0, np.int64)
            yield sieves[table.name].split(nothing, Places(none, none, none.astype(np.int32)))


def _gathered(waiting: list[Split], split: Split, batch_rows: int) -> Iterator[Split]:
    """Let small batches wait for each other: what follows has its costs per batch."""
    if waiting and sum(s.kept.num_rows for s in waiting) + split.kept.num_rows > batch_rows:
        yield _together(waiting)
        waiting.clear()
    waiting.append(split)


def _together(splits: list[Split]) -> Split:
    if len(splits) == 1:
        return splits[0]
    kept = pa.concat_batches([split.kept for split in splits])
    return Split(splits[0].table, kept, pa.concat_batches([split.rejects for split in splits]))


class _Parser:
    """Expat, which only has to be content.

    Attributes:
        encoding: As the document declares it, UTF-8 where it does not.
    """

    def __init__(self, source_id: str, landed: LandedFile) -> None:
        self._source_id = source_id
        self._landed = landed
        self._expat = expat.ParserCreate()
        self._expat.StartDoctypeDeclHandler = self._refuse_doctype
        self._expat.XmlDeclHandler = self._note_declaration
        self._cutter: Cutter | None = None
        self._begun = False
        self.encoding = "utf-8"

    @property
    def cutter(self) -> Cutter:
        """Decodes the document's text."""
        if self._cutter is None:
            plain = self.encoding.casefold() in {"us-ascii", "ascii"}
            self._cutter = Cutter("utf-8" if plain else self.encoding)
        return self._cutter

    def feed(self, data: bytes) -> None:
        """Check the next bytes.

        Raises:
            SourceError: They break the document, or its encoding takes more than one byte a character everywhere.
        """
        if not self._begun and data.startswith(_WIDE):
            raise self.error("the document is in UTF-16", "have it delivered in UTF-8", 0)
        self._begun = True
        self._parse(data, final=False)

    def close(self) -> None:
        """The document ends here.

        Raises:
            SourceError: It should not have.
        """
        self._parse(b"", final=True)

    def error(self, message: str, remedy: str, byte_offset: int, line: int | None = None) -> SourceError:
        """What is wrong with the document, and where."""
        return SourceError(
            message,
            source_id=self._source_id,
            file=self._landed.name,
            line=line,
            byte_offset=byte_offset,
            remedy=remedy,
        )

    def _parse(self, data: bytes, *, final: bool) -> None:
        try:
            self._expat.Parse(data, final)
        except expat.ExpatError as error:
            text = expat.ErrorString(error.code)
            cut = final or error.code in _CUT
            what = "the document is truncated" if cut else "the document is not well-formed XML"
            raise self.error(
                f"{what}: {text}, in column {error.offset + 1}",
                "have the file sent again",
                self._expat.ErrorByteIndex,
                error.lineno,
            ) from None
        except LookupError as error:
            raise self.error(str(error), "have the document delivered in UTF-8", 0) from None

    def _refuse_doctype(self, name: str, *_: object) -> None:
        raise self.error(
            f"the document has a document type declaration ({name}), which could define entities",
            "have it delivered without DOCTYPE",
            self._expat.CurrentByteIndex,
            self._expat.CurrentLineNumber,
        )

    def _note_declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        self.encoding = encoding or self.encoding


class _Piece:
    """The part of a chunk that ends outside all rows.

    Args:
        chunk: Bytes from outside any row on.
        position: Their place in the file.

    Attributes:
        consumed: Bytes of the chunk that are done with; the rest belongs to the next.
    """

    def __init__(
        self, source: Source, landed: LandedFile, plan: PathPlan, around: _Around, chunk: bytes, position: int,
        cutter: Cutter,
    ) -> None:  # fmt: skip
        self._source, self._landed, self._plan, self._around = source, landed, plan, around
        self._chunk, self._position, self._cutter = chunk, position, cutter
        covered, complete = cover(chunk)
        tags = find_tags(covered[:complete], plan.names)
        node = self._nodes(tags)
        stop = self._last_safe(tags, node)
        self.consumed = int(tags.end[stop - 1]) + 1 if stop else 0
        if not stop and not len(tags):
            self.consumed = complete  # nothing but text, or what was covered
        self._tags = tags.until(stop)
        self._node = node[:stop]
        self._attributes = self._find_attributes()
        controls = rb"\x7f|\xc2[\x80-\x9f]|&#" if cutter.is_utf8 else rb"[\x7f-\x9f]|&#"
        self._has_controls = re.search(controls, covered[: self.consumed]) is not None

    # --- structure -----------------------------------------------------------------------------------------------

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
        np.subtract.at(change, closed[closed < len(tags)], 1)
        safe = np.flatnonzero(np.cumsum(change[: len(tags)]) == 0)
        return int(safe[-1]) + 1 if len(safe) else 0

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
            rows = np.flatnonzero((self._node == table.row) & tags.opens)
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
        ends = tags.closing[rows]
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
        found, starts, stops, nested = self._events(slot)
        scope = rows if slot.scope == table.row else self._scope_of(slot, rows)
        first = np.searchsorted(found, scope)
        count = np.searchsorted(found, ends, side="right") - first
        carried = self._around.carried.get(slot, _Carried())
        inherits = (scope < 0) & (carried.count > 0)
        has = (count > 0) & ~inherits
        if has.all():
            column = self._texts(starts[first], stops[first], slot, nested[first])
        elif has.any():
            index = np.where(has, first, 0)
            spans = np.where(has, starts[index], 0), np.where(has, stops[index], 0)
            column = self._texts(*spans, slot, nested[index] & has)
        else:
            column = pa.nulls(len(rows), pa.string())
        if inherits.any():
            column = pc.if_else(pa.array(inherits), pa.scalar(carried.value, pa.string()), column)
            count = count + np.where(inherits, carried.count, 0)
        twice = count > 1
        if twice.any():
            column = pc.if_else(pa.array(twice), pa.scalar(None, pa.string()), column)
            for row in np.flatnonzero(twice).tolist():
                damage.add(Damaged(row, slot.column, "XML-VALUE", f"occurs {count[row]} times, not once", b""))
        return self._without_controls(column, slot, damage)

    def _events(self, slot: Slot) -> tuple[Index, Index, Index, NDArray[np.bool_]]:
        """Where a slot's value occurs: tag, first byte, end, and whether other elements are in it."""
        tags = self._tags
        if slot.attribute is not None:
            owner, name, starts, stops = self._attributes
            chosen = (self._node[owner] == slot.node) & (name == self._plan.names.index(slot.attribute))
            return owner[chosen], starts[chosen], stops[chosen], np.zeros(int(chosen.sum()), np.bool_)
        found = np.flatnonzero((self._node == slot.node) & tags.opens)
        closing = tags.closing[found]
        starts = tags.end[found] + 1
        return found, starts, np.maximum(starts, tags.start[closing]), closing > found + 1

    def _scope_of(self, slot: Slot, rows: Index) -> Index:
        """The tag that opened the scope around each row, -1 where that was in an earlier chunk."""
        opened = np.flatnonzero((self._node == slot.scope) & self._tags.opens)
        before = np.searchsorted(opened, rows, side="right") - 1
        return np.where(before >= 0, opened[np.maximum(before, 0)], -1) if len(opened) else np.full(len(rows), -1)

    # --- texts ---------------------------------------------------------------------------------------------------

    def _texts(self, starts: Index, stops: Index, slot: Slot, nested: NDArray[np.bool_]) -> pa.Array:
        """Texts of some spans; `nested` ones may hold other elements."""
        data = self._tags.data
        starts, stops = _stripped(data, starts, stops)
        column, _ = self._cutter.column(data, starts, stops, sound=True)
        special = self._special[slot.attribute is not None]
        odd = nested | (np.searchsorted(special, starts) < np.searchsorted(special, stops))
        if odd.any():
            texts = column.filter(pa.array(odd)).to_pylist()
            mended = [text and _mend(text, slot.attribute is not None) for text in texts]
            column = pc.replace_with_mask(column, pa.array(odd), pa.array(mended, pa.string()))
        return column

    @cached_property
    def _special(self) -> tuple[Index, Index]:
        """Places of the bytes that make a text, and an attribute, more than its bytes."""
        data = self._tags.data
        odd = (data < 0x20) & (data != 0x0A) & (data != 0x09) | (data == 0x26)
        return np.flatnonzero(odd), np.flatnonzero(odd | (data == 0x0A) | (data == 0x09))

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
        rows = np.flatnonzero((self._node == table.row) & self._tags.opens)
        for slot in table.slots:
            if slot.scope == table.row:
                continue
            found, starts, stops, nested = self._events(slot)
            self._refuse_late(slot, table, rows, found)
            scopes = np.flatnonzero((self._node == slot.scope) & self._tags.opens)
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
                carried.value = self._texts(starts[one], stops[one], slot, nested[one])[0].as_py()
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


_REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]+)|#([0-9]+)|(\w+));")
_INNER = re.compile(r"<(/?)[^<>]*?(/?)>")
_SPACES = " \t\r\n"
_IS_SPACE = np.zeros(256, np.bool_)
_IS_SPACE[list(_SPACES.encode())] = True
_UNCOVER = {COVER: None, COVERED_LT: "<", COVERED_GT: ">", COVERED_AMP: "&"}


def _mend(text: str, is_attribute: bool) -> str | None:
    """A text as XML means it: own text only, references resolved, line ends and white space made uniform."""
    if is_attribute:
        text = text.replace("\r\n", " ").translate(dict.fromkeys(map(ord, "\r\n\t"), " "))
    else:
        text = _own_text(text).replace("\r\n", "\n").replace("\r", "\n")
    text = _REFERENCE.sub(_referred, text).translate(_UNCOVER)
    return text.strip(_SPACES) or None


def _referred(match: re.Match[str]) -> str:
    if match[1] or match[2]:
        return chr(int(match[1], 16) if match[1] else int(match[2]))
    # a document without a type can only refer to the five that XML itself defines; "apos" is unknown to HTML 4
    return "'" if match[3] == "apos" else chr(html.entities.name2codepoint[match[3]])


def _own_text(text: str) -> str:
    """Leave the elements within a text out, with all that is in them."""
    if "<" not in text:
        return text
    own, depth, place = [], 0, 0
    for tag in _INNER.finditer(text):
        if not depth:
            own.append(text[place : tag.start()])
        depth += 0 if tag[2] else (-1 if tag[1] else 1)
        place = tag.end()
    return "".join([*own, text[place:]])


def _stripped(data: NDArray[np.uint8], starts: Index, stops: Index) -> tuple[Index, Index]:
    """Spans without the white space around the text."""
    starts, stops = starts.copy(), stops.copy()
    rows = np.flatnonzero(stops > starts)
    left = right = rows
    while len(left := left[_IS_SPACE[data[starts[left]]]]):
        starts[left] += 1
        left = left[starts[left] < stops[left]]
    right = rows[stops[rows] > starts[rows]]
    while len(right := right[_IS_SPACE[data[stops[right] - 1]]]):
        stops[right] -= 1
        right = right[starts[right] < stops[right]]
    return starts, stops
