"""Going through a record item by item, to learn where each lies.

Offsets depend on nothing but the copybook, except behind a table that OCCURS DEPENDING ON: there they depend on a
number in the record.  A walk is given these numbers; where one is missing it stops and says which field holds it
(`Wanted`), so a reader finds them out one after the other (`extractors.copybook.shapes`).

SYNCHRONIZED items begin on their boundary, counted from the record's start (binary numbers of up to 4 digits on 2
bytes, longer ones and COMP-1 on 4, COMP-2 on 8), and an occurrence of a group that holds some is as long as makes the
next one begin alike (Enterprise COBOL Language Reference, "Slack bytes").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NoReturn, cast

from billing.errors import ContractError
from extractors.copybook.fields import Cell, Field, Group, Kind
from extractors.copybook.items import WITHOUT_PICTURE, Item, descend

OccursSize = Literal["variable", "maximum"]
"""Whether a table that OCCURS DEPENDING ON takes the room of the occurrences it has, or of the most it may have."""

_BINARY_BYTES = {range(1, 5): 2, range(5, 10): 4, range(10, 19): 8}
_ONE_BYTE_DIGITS = 2  # of COMP-9, which is no word of the standard: readers that know it agree about this
_MOST_CELLS = 500_000  # occurrences of items, FILLER and groups too: an empty column costs time as well


@dataclass(frozen=True)
class Place:
    """An elementary item in a record: offset from 0, length in bytes, names of the groups that it lies in."""

    item: Item
    offset: int
    length: int
    path: tuple[str, ...]
    subscripts: tuple[int, ...]
    shared: bool


class Wanted(Exception):
    """How often a table stands in the record is not known yet.

    Attributes:
        cell: The table.
        item: The table's item.
        place: The field that says how often.
    """

    def __init__(self, cell: Cell, item: Item, place: Place) -> None:
        super().__init__(item.label)
        self.cell = cell
        self.item = item
        self.place = place


class Walk:
    """Goes through a record and notes every elementary item with its place.

    Args:
        file: Name for messages.
        group: Record type's group, None for all.
        others: Groups of the other record types.
        counts: Occurrences of tables that OCCURS DEPENDING ON; None where each stands as often as it may.
        fillers: Note FILLER too.
        reserve: Tables take the room of the most occurrences that they may have, whatever `counts` says.
    """

    def __init__(
        self,
        file: str,
        group: str | None = None,
        others: frozenset[str] = frozenset(),
        *,
        counts: Mapping[Cell, int] | None = None,
        fillers: bool = False,
        reserve: bool = False,
    ) -> None:
        self.reserve = reserve
        self.file = file
        self.group = group
        self.others = others
        self.given = counts
        self.fillers = fillers
        self.found: list[Place] = []
        self.groups: list[Group] = []
        self.counts: dict[Cell, int] = {}
        self.end = 0
        self._visited = 0

    def choose(self, members: Sequence[Item]) -> list[Item]:
        """Which of several items in the same bytes a record of this type has."""
        if self.group:
            for member in members:
                if any(item.name == self.group for item in descend([member])):
                    return [member]
        if len(members) == 1:
            return list(members)
        return [member for member in members if member.name not in self.others]

    def clusters(self, children: Sequence[Item]) -> list[list[Item]]:
        """Items grouped with those that redefine them."""
        clusters: list[list[Item]] = []
        for child in children:
            if child.redefines is None:
                clusters.append([child])
            elif clusters and child.redefines in {member.name for member in clusters[-1]}:
                clusters[-1].append(child)
            else:
                self._fail(child, f"it redefines {child.redefines}, which does not stand directly before it",
                           "put it behind that item and its other redefinitions, at the same level")  # fmt: skip
        return clusters

    def record(self, roots: Sequence[Item], *, in_sequence: bool = False) -> None:
        """Note whole records: alternatives of one another, or one behind the other."""
        if not in_sequence:
            for root in roots:
                self.item(root, 0, (), (), shared=len(roots) > 1)
            return
        offset = 0
        for members in self.clusters(roots):
            offset += max(self.item(root, offset, (), (), shared=len(members) > 1) for root in members)

    def item(self, item: Item, offset: int, path: tuple[str, ...], subscripts: tuple[int, ...], *, shared: bool) -> int:
        """Note an item, all its occurrences; return its length in bytes, slack in front included."""
        start = offset
        offset = _aligned(offset, item)
        inner = (*path, item.name) if item.name and item.level else path
        times = 1
        if item.occurs:
            times = self.counts[id(item), subscripts] = self._times(item, subscripts)
        for occurrence in range(1, times + 1):
            self._visited += 1
            if self._visited > _MOST_CELLS:
                self._fail(item, f"the record has more than {_MOST_CELLS} items", "correct its OCCURS")
            numbers = (*subscripts, occurrence) if item.occurs else subscripts
            if item.elementary:
                length = self._elementary(item, offset, path, numbers, shared=shared)
            else:
                at = len(self.groups)
                length = self._children(item, offset, inner, numbers, shared=shared)
                if item.occurs:
                    length = -(-length // _alignment(item)) * _alignment(item)
                self.groups.insert(at, Group(item, numbers, offset, length))
            offset += length
        if self.reserve and item.depending and times < (item.occurs or 0):
            offset += ((item.occurs or 0) - times) * self._stride(item, offset)
            self.end = max(self.end, offset)
        return offset - start

    def _elementary(
        self, item: Item, offset: int, path: tuple[str, ...], numbers: tuple[int, ...], *, shared: bool
    ) -> int:
        length = self.bytes(item)
        if item.name or self.fillers:
            self.found.append(Place(item, offset, length, path, numbers, shared))
        self.end = max(self.end, offset + length)
        return length

    def _children(
        self, group: Item, offset: int, path: tuple[str, ...], numbers: tuple[int, ...], *, shared: bool
    ) -> int:
        start = offset
        for members in self.clusters(group.children):
            chosen = self.choose(members)
            length = 0
            for member in members:
                if member in chosen:
                    size = self.item(member, offset, path, numbers, shared=shared or len(chosen) > 1)
                else:  # its storage counts, its columns do not
                    size = Walk(self.file).sized(member, offset)
                length = max(length, size)
            offset += length
        return offset - start

    def _stride(self, item: Item, offset: int) -> int:
        """Bytes from one occurrence of a table to the next, where all tables in it take all their room."""
        if item.elementary:
            return self.bytes(item)
        walk = Walk(self.file, self.group, self.others)
        length = walk._children(item, offset, (), (), shared=False)
        return -(-length // _alignment(item)) * _alignment(item)

    def sized(self, item: Item, offset: int) -> int:
        """Most bytes that an item takes from an offset on."""
        self.group, self.given = None, None
        return self.item(item, offset, (), (), shared=False)

    def _times(self, item: Item, subscripts: tuple[int, ...]) -> int:
        """How often a table stands here."""
        most = cast("int", item.occurs)
        if item.depending is None:
            return most
        if self.given is None:
            return most
        cell = id(item), subscripts
        if cell in self.given:
            return self.given[cell]
        holder = next(
            (
                place
                for place in reversed(self.found)
                if place.item is item.holder and place.subscripts == subscripts[: len(place.subscripts)]
            ),
            None,
        )
        if holder is None:
            self._fail(item, f"it OCCURS DEPENDING ON {item.depending}, which does not stand before it",
                       "name a field of the record that stands before the table")  # fmt: skip
        raise Wanted(cell, item, holder)

    def bytes(self, item: Item) -> int:
        """Bytes of an elementary item."""
        picture = item.picture
        if picture is None:
            return 4 if item.usage == "float" else 8
        if picture.kind == "national":
            return picture.size * 2
        if picture.kind != "numeric":
            return picture.size
        if item.usage in WITHOUT_PICTURE:
            self._fail(item, f"PIC {picture.text}: a floating-point number has no PICTURE", "take it away")
        return _number_bytes(item, picture.size)

    def _fail(self, item: Item, message: str, remedy: str) -> NoReturn:
        raise ContractError(
            message, file=self.file, line=item.line, column=item.column, field=item.label, remedy=remedy
        )  # fmt: skip


def _number_bytes(item: Item, digits: int) -> int:
    match item.usage:
        case "display":
            return digits + (item.sign_separate and item.signed)
        case "packed":
            return digits // 2 + 1
        case "unsigned_packed":
            return (digits + 1) // 2
        case "little" if digits <= _ONE_BYTE_DIGITS:
            return 1
        case _:
            for range_, length in _BINARY_BYTES.items():
                if digits in range_:
                    return length
            # beyond the standard: as many bytes as the largest number and its sign need
            return ((10**digits - 1).bit_length() + 1 + 7) // 8


def _alignment(item: Item) -> int:
    """Of which number of bytes an item's offset has to be a multiple; of a group, what its items ask for."""
    if not item.elementary:
        return max((_alignment(child) for child in item.children), default=1)
    if not item.synchronized:
        return 1
    if item.usage in ("float", "double"):
        return 4 if item.usage == "float" else 8
    if item.usage in ("binary", "native", "little") and item.picture and item.picture.kind == "numeric":
        return min(4, _number_bytes(item, item.picture.size))
    return 1


def _aligned(offset: int, item: Item) -> int:
    if not item.elementary or not item.synchronized or item.redefines:  # which begins where the other one does
        return offset
    step = _alignment(item)
    return -(-offset // step) * step


def column_names(found: Sequence[Place], fillers: Literal["sequence", "previous"] = "sequence") -> dict[int, str]:
    """A name for every item that only it has, by the item's identity.

    Args:
        found: Where the items lie.
        fillers: FILLER is called by its number, or after the field before it.
    """
    items = {id(place.item): (place.item, place.path) for place in found}
    around: dict[str | None, list[Sequence[str]]] = {}
    for item, path in items.values():
        around.setdefault(item.name, []).append(path)
    # how many items of a name lie in a group of each name
    lying = {
        n: Counter(group for path in paths for group in set(path)) for n, paths in around.items() if len(paths) > 1
    }
    names: dict[int, str] = {}
    given: set[str] = set()
    previous, count = "", 0
    for key, (item, path) in items.items():
        name = item.name
        if name is None:
            count += 1
            name = f"FILLER-{count}" if fillers == "sequence" or not previous else f"FILLER-{previous}"
        else:
            previous = name
        if item.name is not None and name in lying:
            own = next((group for group in reversed(path) if lying[name][group] == 1), None)
            name = f"{name} OF {own or ' OF '.join(reversed(path))}"
        number, plain = count if item.name is None else 2, name
        while name in given:  # nothing tells them apart but their order
            name = f"{plain}-{number}"
            number += 1
        given.add(name)
        names[key] = name
    return names


def field_of(place: Place, name: str) -> Field:
    """The field at a place, under a column's name."""
    item, picture = place.item, place.item.picture
    if place.subscripts:
        name += f"({','.join(map(str, place.subscripts))})"
    kind: Kind
    if picture is None:
        kind = "double" if item.usage == "double" else "float"
        found = Field(name, place.offset, place.length, kind, signed=True)
    elif picture.kind != "numeric":
        kind = "national" if picture.kind == "national" else "text" if item.usage == "display" else "bytes"
        found = Field(name, place.offset, place.length, kind, picture.edited_digits, picture.edited_scale)
    else:
        kind = "zoned" if item.usage == "display" else item.usage
        found = Field(
            name, place.offset, place.length, kind, picture.size, picture.scale, item.signed, item.sign_leading,
            item.sign_separate and item.signed,
        )  # fmt: skip
    return replace(found, shared=place.shared, item=item, subscripts=place.subscripts)
