"""The items of a copybook: what a data description declares, before anybody asks where it lies.

>>> Item(5, "SALDO", 3, 8).label, Item(5, None, 3, 8).label
('SALDO', 'FILLER')
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from extractors.copybook.picture import Picture

Usage = Literal["display", "packed", "unsigned_packed", "binary", "native", "little", "float", "double"]

WITHOUT_PICTURE: frozenset[Usage] = frozenset({"float", "double"})
"""Usages whose items are elementary although they have no PICTURE."""


@dataclass(frozen=True)
class Condition:
    """A condition name (level 88): a name for some values of the item that it stands below.

    Attributes:
        name: In capitals.
        values: Its literals and figurative constants as written, THRU among them.
    """

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Renaming:
    """A regrouping (level 66): another name for a run of items.

    Attributes:
        name: In capitals.
        first: Item where the run begins.
        last: Item where it ends; the same where there is no THRU.
        line: Where it stands in its copybook, from 1.
        column: As above.
    """

    name: str
    first: str
    last: str
    line: int
    column: int


@dataclass(eq=False)
class Item:
    """A data item: a group (with children) or an elementary item (with a picture, or a usage that needs none).

    Attributes:
        level: 01-49 or 77.
        name: In capitals; None for FILLER.
        line: Where it stands in its copybook, from 1.
        column: As above.
        picture: Of an elementary item.
        usage: Its own or its group's.
        sign_leading: The sign stands first, not last.
        sign_separate: The sign has a byte of its own.
        sign_own: It has a SIGN clause of its own, so it is signed even where its PICTURE forgot the S.
        synchronized: It begins on its natural boundary.
        national: Its characters are said to have two bytes.
        blank_when_zero: It is printed as blanks where it is zero.
        occurs: How often it stands in the record (at most, with DEPENDING ON), None where it has no OCCURS.
        occurs_least: How often at least.
        depending: Name of the item that says how often; None where the number is fixed.
        depending_in: Groups that this item is said to lie in, innermost first.
        holder: That item, once the copybook is whole.
        redefines: Name of the item whose storage it shares.
        conditions: Level 88 below it.
        renamings: Level 66 behind it; only on items without a parent.
        spelling: The name as written.
        children: Of a group.
    """

    level: int
    name: str | None
    line: int
    column: int
    picture: Picture | None = None
    usage: Usage = "display"
    sign_leading: bool = False
    sign_separate: bool = False
    sign_own: bool = False
    synchronized: bool = False
    national: bool = False
    blank_when_zero: bool = False
    occurs: int | None = None
    occurs_least: int = 0
    depending: str | None = None
    depending_in: tuple[str, ...] = ()
    holder: Item | None = field(default=None, repr=False)
    redefines: str | None = None
    conditions: list[Condition] = field(default_factory=list)
    renamings: list[Renaming] = field(default_factory=list)
    spelling: str | None = None
    children: list[Item] = field(default_factory=list)

    @property
    def label(self) -> str:
        """For messages."""
        return self.name or "FILLER"

    @property
    def elementary(self) -> bool:
        """Whether it has a value of its own."""
        return self.picture is not None or (not self.children and self.usage in WITHOUT_PICTURE)

    @property
    def signed(self) -> bool:
        """Whether its number may be negative."""
        return self.picture is None or self.picture.signed or (self.sign_own and self.picture.kind == "numeric")


def descend(items: Sequence[Item]) -> Iterator[Item]:
    """Every item and what lies below it, in the order of the copybook."""
    for item in items:
        yield item
        yield from descend(item.children)
