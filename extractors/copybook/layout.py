"""Where each field of a record lies: a copybook's items with offsets, lengths and Arrow types.

A column is called as the copybook calls it, in capitals.  An item that OCCURS has its subscript, `PHONE(2)`; a name
that stands twice in a record is qualified as COBOL would, `STREET OF INSTALLATION`.  FILLER makes no column.

Items that redefine one another share their bytes.  Where one of them is the group of a record type, a record has
that one's columns only; otherwise it has the columns of all of them (`Field.shared`), because only a reader of the
data knows which is meant.

>>> copybook = Copybook.parse("konta.cpy", '''
... 01  REC.
...     05  REC-TYPE         PIC X.
...     05  ACCOUNT.
...         10  ACCOUNT-NO   PIC 9(6).
...         10  BALANCE      PIC S9(7)V99 COMP-3.
...     05  PAYMENT REDEFINES ACCOUNT.
...         10  AMOUNT       PIC S9(5)V99.
... ''')
>>> for field in copybook.layout("ACCOUNT", others={"PAYMENT"}).fields:
...     print(f"{field.name:12} {field.offset:3} {field.length:3} {field.arrow_type}")
REC-TYPE       0   1 string
ACCOUNT-NO     1   6 decimal128(6, 0)
BALANCE        7   5 decimal128(9, 2)
>>> copybook.layout("PAYMENT", others={"ACCOUNT"}).length, copybook.layout().length
(8, 12)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NoReturn, cast

from billing.errors import ContractError
from extractors.copybook.fields import Field, Kind, Layout
from extractors.copybook.parse import Item, parse_copybook
from extractors.copybook.picture import Picture

_BINARY_BYTES = {range(1, 5): 2, range(5, 10): 4, range(10, 19): 8}


@dataclass(frozen=True)
class Copybook:
    """One or several copybooks that describe the records of a file; their 01 levels are alternatives.

    Attributes:
        roots: The 01 levels.
        file: Name for messages.
    """

    roots: tuple[Item, ...]
    file: str

    @classmethod
    def parse(cls, file: str, text: str) -> Copybook:
        """Read one copybook's text.

        Raises:
            ContractError: See `parse_copybook`; a REDEFINES of an unknown item; a binary number that is too long.
        """
        return cls._of([(file, parse_copybook(text, file))])

    @classmethod
    def load(cls, paths: Sequence[Path]) -> Copybook:
        """Read copybook files (UTF-8 or any page with ASCII in it: names and clauses are ASCII).

        Raises:
            ContractError: A file is missing, or as in `parse`.
        """
        parts = []
        for path in paths:
            try:
                text = path.read_text(encoding="utf-8", errors="replace")
            except OSError as error:
                raise ContractError(
                    f"the copybook cannot be read: {error.strerror}",
                    file=str(path),
                    remedy="put it beside source.toml, or correct `copybook` there",
                ) from None
            parts.append((path.name, parse_copybook(text, path.name)))
        return cls._of(parts)

    @classmethod
    def _of(cls, parts: Sequence[tuple[str, list[Item]]]) -> Copybook:
        roots: list[Item] = []
        for file, items in parts:
            if all(item.level == 1 for item in items):
                roots.extend(items)
            else:  # a copybook without an 01 level of its own
                name = Path(file).stem.upper()
                roots.append(Item(0, name, items[0].line, items[0].column, children=items))
        copybook = cls(tuple(roots), ", ".join(file for file, _ in parts))
        for root in roots:
            _Walk(copybook.file, None, frozenset()).item(root, 0, (), (), shared=False)
        return copybook

    def groups(self) -> frozenset[str]:
        """Names of all items that could be a record type's group."""
        return frozenset(item.name for item in _descend(self.roots) if item.name)

    @cached_property
    def length(self) -> int:
        """Bytes of the longest record that it describes."""
        return max(_Walk(self.file, None, frozenset()).item(root, 0, (), (), shared=False) for root in self.roots)

    def layout(self, group: str | None = None, *, others: Collection[str] = ()) -> Layout:
        """Lay out one record type.

        Args:
            group: The 01 level, or the item among those that redefine each other, that the type has; None for all.
            others: The groups of the other record types.

        Raises:
            ContractError: The group does not exist, or there is none and the copybook has several 01 levels.
        """
        group = group.upper() if group else None
        if group and group not in self.groups():
            raise ContractError(
                f"the copybook has no item {group}",
                file=self.file,
                remedy="name one of its groups in `segments.groups`",
            )
        walk = _Walk(self.file, group, frozenset(other.upper() for other in others) - {group or ""})
        roots = walk.choose(self.roots)
        if len(roots) > 1:
            names = ", ".join(root.label for root in roots)
            raise ContractError(
                f"it is not clear which of {names} describes the records",
                file=self.file,
                remedy="declare `segments`, or keep one 01 level in the copybook",
            )
        for root in roots:
            walk.item(root, 0, (), (), shared=False)
        return Layout(_name(walk.found), walk.end)

    def locate(self, name: str) -> Field:
        """The field that says which type a record is, wherever in the copybook it stands.

        Raises:
            ContractError: There is none, or two of the name lie in different places.
        """
        places: dict[tuple[int, int], Field] = {}
        for root in self.roots:
            walk = _Walk(self.file, None, frozenset())
            walk.item(root, 0, (), (), shared=False)
            for field in _name(walk.found):
                if field.name.split(" OF ")[0] == name.upper():
                    places[field.offset, field.length] = field
        if len(places) != 1:
            what = "lies in different places of the record types" if places else "does not exist in the copybook"
            raise ContractError(
                f"segments.field {name} {what}", file=self.file, remedy="name a field that all record types share"
            )
        return replace(next(iter(places.values())), name=name.upper())


def _descend(items: Sequence[Item]) -> Iterator[Item]:
    for item in items:
        yield item
        yield from _descend(item.children)


def _holds(item: Item, names: Collection[str]) -> bool:
    return any(i.name in names for i in _descend([item]))


_Found = tuple[Item, int, int, tuple[str, ...], tuple[int, ...], bool]  # item, offset, length, path, subscripts, shared


class _Walk:
    """Goes through a record and notes every elementary item with its place."""

    def __init__(self, file: str, group: str | None, others: frozenset[str]) -> None:
        self.file = file
        self.group = group
        self.others = others
        self.found: list[_Found] = []
        self.end = 0

    def choose(self, members: Sequence[Item]) -> list[Item]:
        """Which of several items in the same bytes a record of this type has."""
        if self.group:
            for member in members:
                if _holds(member, {self.group}):
                    return [member]
        if len(members) == 1:
            return list(members)
        return [member for member in members if member.name not in self.others]

    def item(self, item: Item, offset: int, path: tuple[str, ...], subscripts: tuple[int, ...], *, shared: bool) -> int:
        """Note an item, all its occurrences; return its length in bytes."""
        start = offset
        inner = (*path, item.name) if item.name and item.level else path
        for occurrence in range(1, (item.occurs or 1) + 1):
            numbers = (*subscripts, occurrence) if item.occurs else subscripts
            if item.picture:
                length = self._bytes(item)
                if item.name:
                    self.found.append((item, offset, length, path, numbers, shared))
                self.end = max(self.end, offset + length)
            else:
                length = self._children(item, offset, inner, numbers, shared=shared)
            offset += length
        return offset - start

    def _children(
        self, group: Item, offset: int, path: tuple[str, ...], numbers: tuple[int, ...], *, shared: bool
    ) -> int:
        start = offset
        for members in self._clusters(group.children):
            chosen = self.choose(members)
            length = 0
            for member in members:
                if member in chosen:
                    size = self.item(member, offset, path, numbers, shared=shared or len(chosen) > 1)
                else:  # its storage counts, its columns do not
                    size = _Walk(self.file, None, frozenset()).item(member, 0, (), (), shared=False)
                length = max(length, size)
            offset += length
        return offset - start

    def _clusters(self, children: Sequence[Item]) -> list[list[Item]]:
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

    def _bytes(self, item: Item) -> int:
        picture = cast("Picture", item.picture)
        if picture.kind != "numeric":
            return picture.size
        if item.usage == "display":
            return picture.size + (item.sign_separate and picture.signed)
        if item.usage == "packed":
            return picture.size // 2 + 1
        for digits, length in _BINARY_BYTES.items():
            if picture.size in digits:
                return length
        self._fail(item, f"PIC {picture.text}: a binary number has at most 18 digits", "correct the PICTURE")

    def _fail(self, item: Item, message: str, remedy: str) -> NoReturn:
        raise ContractError(
            message,
            file=self.file,
            line=item.line,
            column=item.column,
            field=item.label,
            remedy=remedy,
        )


def _name(found: Sequence[_Found]) -> tuple[Field, ...]:
    """Give every item a name that only it has, and make fields of them."""
    items = {id(item): (item, path) for item, _, _, path, _, _ in found}
    names = Counter(item.name for item, _ in items.values())
    qualified: dict[int, str] = {}
    for key, (item, path) in items.items():
        qualified[key] = item.label
        if names[item.name] > 1:
            others = [p for k, (i, p) in items.items() if i.name == item.name and k != key]
            own = next((q for q in reversed(path) if not any(q in p for p in others)), None)
            qualified[key] = f"{item.name} OF {own or ' OF '.join(reversed(path))}"
    return tuple(
        _field(item, qualified[id(item)], offset, length, subscripts, shared=shared)
        for item, offset, length, _, subscripts, shared in found
    )


def _field(item: Item, name: str, offset: int, length: int, subscripts: tuple[int, ...], *, shared: bool) -> Field:
    picture = cast("Picture", item.picture)
    if subscripts:
        name += f"({','.join(map(str, subscripts))})"
    if picture.kind != "numeric":
        return Field(name, offset, length, "text", shared=shared)
    kind: Kind = "zoned" if item.usage == "display" else item.usage
    return Field(
        name, offset, length, kind, picture.size, picture.scale, picture.signed, item.sign_leading,
        item.sign_separate and picture.signed, shared,
    )  # fmt: skip
