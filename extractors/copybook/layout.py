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

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, NoReturn

from billing.errors import ContractError
from extractors.copybook.entries import CopyText
from extractors.copybook.fields import Cell, Field, Layout
from extractors.copybook.items import Item, descend
from extractors.copybook.parse import parse_copybook
from extractors.copybook.reference_format import Margins
from extractors.copybook.source_text import source_text
from extractors.copybook.walk import OccursSize, Walk, column_names, field_of

_SUFFIXES = ("", ".cpy", ".CPY", ".cob", ".cbl", ".copy")

_REMEMBERED_FIELDS = 200_000
_LONGEST = 64 << 20  # bytes of a record

Fillers = Literal["drop", "sequence", "previous"]
"""FILLER makes no column, or one that is called by its number or after the field before it."""


@dataclass(frozen=True, eq=False)
class Copybook:
    """One or several copybooks that describe the records of a file; their 01 levels are alternatives.

    Attributes:
        roots: The 01 levels.
        file: Name for messages.
    """

    roots: tuple[Item, ...]
    file: str

    @classmethod
    def parse(cls, file: str, text: str, *, margins: Margins | None = None) -> Copybook:
        """Read one copybook's text.

        Raises:
            ContractError: See `parse_copybook`; a REDEFINES of an unknown item; a table that depends on nothing.
        """
        return cls._of([(file, parse_copybook(text, file, margins=margins))])

    @classmethod
    def load(cls, paths: Sequence[Path], *, margins: Margins | None = None) -> Copybook:
        """Read copybook files, in any page with ASCII in it or in EBCDIC: names and clauses are ASCII.

        A copybook that one of them copies lies in the same folder, with or without a suffix.

        Raises:
            ContractError: A file is missing, or as in `parse`.
        """
        parts = []
        for path in paths:
            text = _read(path)
            parts.append((path.name, parse_copybook(text, path.name, copies=_copies(path.parent), margins=margins)))
        return cls._of(parts)

    @classmethod
    def _of(cls, parts: Sequence[tuple[str, list[Item]]]) -> Copybook:
        roots: list[Item] = []
        for file, items in parts:
            if all(item.level == 1 for item in items):
                roots.extend(items)
            else:  # a copybook without an 01 level of its own
                name = Path(file).stem.upper()
                roots.append(Item(0, name, items[0].line, items[0].column, children=items, spelling=Path(file).stem))
        copybook = cls(tuple(roots), ", ".join(file for file, _ in parts))
        for root in roots:
            length = Walk(copybook.file).item(root, 0, (), (), shared=False)
            if length > _LONGEST:
                raise ContractError(
                    f"the record has {length} bytes, more than {_LONGEST}",
                    file=copybook.file, line=root.line, column=root.column, field=root.label,
                    remedy="correct its OCCURS and PICTUREs",
                )  # fmt: skip
            _check_depending(copybook.file, root)
        return copybook

    def groups(self) -> frozenset[str]:
        """Names of all items that could be a record type's group."""
        return frozenset(item.name for item in descend(self.roots) if item.name)

    @cached_property
    def length(self) -> int:
        """Bytes of the longest record that it describes."""
        return max(Walk(self.file).sized(root, 0) for root in self.roots)

    def layout(self, group: str | None = None, *, others: Collection[str] = ()) -> Layout:
        """Lay out one record type; as `record_type(...).widest`.

        Args:
            group: The 01 level, or the item among those that redefine each other, that the type has; None for all.
            others: The groups of the other record types.

        Raises:
            ContractError: The group does not exist, or there is none and the copybook has several 01 levels.
        """
        return self.record_type(group, others=others).widest

    def record_type(
        self,
        group: str | None = None,
        *,
        others: Collection[str] = (),
        fillers: Fillers = "drop",
        occurs: OccursSize = "variable",
    ) -> RecordType:
        """One record type of the file.

        Args:
            group: The 01 level, or the item among those that redefine each other, that the type has; None for all.
            others: The groups of the other record types.
            fillers: What becomes of FILLER.
            occurs: What room tables take that OCCURS DEPENDING ON.

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
        rest = frozenset(other.upper() for other in others) - {group or ""}
        roots = Walk(self.file, group, rest).choose(self.roots)
        if len(roots) > 1:
            names = ", ".join(root.label for root in roots)
            raise ContractError(
                f"it is not clear which of {names} describes the records",
                file=self.file,
                remedy="declare `segments`, or keep one 01 level in the copybook",
            )
        return RecordType(self.file, tuple(roots), group, rest, fillers, occurs=occurs)

    def every_record(self, *, fillers: Fillers = "drop", in_sequence: bool = False) -> RecordType:
        """All 01 levels and redefinitions at once, for readers who cannot tell the record types apart.

        Args:
            fillers: What becomes of FILLER.
            in_sequence: The 01 levels follow one another in a record instead of sharing its bytes.
        """
        return RecordType(self.file, self.roots, None, frozenset(), fillers, in_sequence)

    def locate(self, name: str) -> Field:
        """The field that says which type a record is, wherever in the copybook it stands.

        Raises:
            ContractError: There is none, or two of the name lie in different places.
        """
        places: dict[tuple[int, int], Field] = {}
        for root in self.roots:
            walk = Walk(self.file)
            walk.item(root, 0, (), (), shared=False)
            for place in walk.found:
                if place.item.name == name.upper():
                    places[place.offset, place.length] = field_of(place, name.upper())
        if len(places) != 1:
            what = "lies in different places of the record types" if places else "does not exist in the copybook"
            raise ContractError(
                f"segments.field {name} {what}", file=self.file, remedy="name a field that all record types share"
            )
        return replace(next(iter(places.values())), name=name.upper())


@dataclass(frozen=True, eq=False)
class RecordType:
    """The records of one type: their layout, given how often their variable tables stand in them.

    Attributes:
        file: Name for messages.
        roots: 01 levels that they consist of.
        group: The type's group, None where there is none.
        others: Groups of the other types.
        fillers: What becomes of FILLER.
        in_sequence: The roots follow one another.
        occurs: What room tables take that OCCURS DEPENDING ON.
    """

    file: str
    roots: tuple[Item, ...]
    group: str | None = None
    others: frozenset[str] = frozenset()
    fillers: Fillers = "drop"
    in_sequence: bool = False
    occurs: OccursSize = "variable"

    @cached_property
    def variable(self) -> bool:
        """Whether some table of it OCCURS DEPENDING ON."""
        return any(item.depending for item in descend(self.roots))

    @cached_property
    def widest(self) -> Layout:
        """With every table as often as it may stand."""
        return self._layout(None)

    @cached_property
    def _names(self) -> dict[int, str]:
        naming: Literal["sequence", "previous"] = "previous" if self.fillers == "previous" else "sequence"
        return column_names(self._walk(None).found, naming)

    def bind(self, counts: Mapping[Cell, int]) -> Layout:
        """With tables as often as said.

        Raises:
            Wanted: It depends on a table that `counts` does not have.
        """
        return self._layout(counts)

    def bound(self, counts: Mapping[Cell, int]) -> Layout:
        """As `bind`, remembering what was asked for lately."""
        if not counts and not self.variable:
            return self.widest
        key = tuple(sorted(counts.items()))
        layout = self._remembered.get(key)
        if layout is None:
            layout = self.bind(counts)
            if len(self._remembered) * len(self.widest.fields) > _REMEMBERED_FIELDS:
                self._remembered.clear()
            self._remembered[key] = layout
        return layout

    @cached_property
    def _remembered(self) -> dict[tuple[tuple[Cell, int], ...], Layout]:
        return {}

    def _layout(self, counts: Mapping[Cell, int] | None) -> Layout:
        walk = self._walk(counts)
        names = self._names
        fields = tuple(field_of(place, names[id(place.item)]) for place in walk.found)
        return Layout(fields, walk.end, tuple(walk.groups), walk.counts)

    def _walk(self, counts: Mapping[Cell, int] | None) -> Walk:
        walk = Walk(
            self.file, self.group, self.others,
            counts=counts, fillers=self.fillers != "drop", reserve=self.occurs == "maximum",
        )  # fmt: skip
        walk.record(self.roots, in_sequence=self.in_sequence)
        return walk


def _read(path: Path) -> str:
    try:
        return source_text(path.read_bytes())
    except OSError as error:
        raise ContractError(
            f"the copybook cannot be read: {error.strerror}",
            file=str(path),
            remedy="put it beside source.toml, or correct `copybook` there",
        ) from None


def _copies(folder: Path) -> CopyText:
    def find(name: str) -> tuple[str, str] | None:
        if Path(name).name != name:  # a copybook never reaches out of its folder
            return None
        for spelling in (name, name.lower(), name.upper()):
            for suffix in _SUFFIXES:
                path = folder / (spelling + suffix)
                if path.is_file():
                    return path.name, _read(path)
        return None

    return find


def _check_depending(file: str, root: Item) -> None:
    """Every table that depends on a field has that field before it, and one of it, not one an occurrence."""
    before: list[tuple[Item, tuple[Item, ...]]] = []  # fields, and what they lie in

    def visit(item: Item, above: tuple[Item, ...]) -> None:
        if item.depending:
            found = [(held, around) for held, around in before if held.name == item.depending]
            found = [(held, around) for held, around in found if _lies_in(around, item.depending_in)]
            near = max((_shared(around, above) for _, around in found), default=0)
            found = [(held, around) for held, around in found if _shared(around, above) == near]
            tables = [group for group in above if group.occurs]
            if not found:
                _fail_depending(file, item, "does not stand before it")
            if len(found) > 1:
                _fail_depending(file, item, "stands before it more than once: say which with OF")
            item.holder, around = found[0]
            if any(group.occurs and group not in tables for group in (*around, item.holder)):
                _fail_depending(file, item, "stands in another table")
        if item.elementary and item.name:
            before.append((item, above))
        for child in item.children:
            visit(child, (*above, item))

    visit(root, ())


def _lies_in(around: Sequence[Item], names: Sequence[str]) -> bool:
    """Whether groups, from the outermost on, have these names among theirs, innermost first."""
    groups = (group.name for group in reversed(around))
    return all(name in groups for name in names)


def _shared(one: Sequence[Item], other: Sequence[Item]) -> int:
    """How many groups two items share."""
    return sum(1 for first, second in zip(one, other, strict=False) if first is second)


def _fail_depending(file: str, item: Item, what: str) -> NoReturn:
    raise ContractError(
        f"it OCCURS DEPENDING ON {' OF '.join([str(item.depending), *item.depending_in])}, which {what}",
        file=file,
        line=item.line,
        column=item.column,
        field=item.label,
        remedy="name a field of the same record that stands before the table, and not in another one",
    )
