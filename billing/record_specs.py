"""Records of mainframe files: their types, and the words that say how long they are."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from billing.strict import Name, Strict


class Segments(Strict):
    """Which of the record types a record is: the value of `field` names the 01 level or REDEFINES that maps it.

    `map` has one entry a record type: value of the field -> raw table.  `groups` says which group of the copybook
    describes it (default: the group called like the table).

    `parents` says of the tables of a hierarchical file which one their records stand below (child -> parent): a child
    belongs to the last record of its parent before it.  All tables then have a column RECORD-ID, children PARENT-ID
    too, so a `lookup` reaches from a child to its parent's columns.
    """

    field: str
    map: dict[str, Name]
    groups: dict[Name, str] = Field(default_factory=dict)
    parents: dict[Name, Name] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _parents_are_tables(self) -> Self:
        tables = set(self.map.values())
        for child, parent in self.parents.items():
            if unknown := sorted({child, parent} - tables):
                raise ValueError(f"parents names {', '.join(unknown)}; the tables are {', '.join(sorted(tables))}")
            above, steps = parent, 0
            while above in self.parents:
                above, steps = self.parents[above], steps + 1
                if above == child or steps > len(tables):
                    raise ValueError(f"parents goes in a circle at {child}")
        return self


class DescriptorWord(Strict):
    """The form of record or block descriptor words (RDW, BDW), where it is not the mainframe's own.

    Attributes:
        byte_order: `big`: the length stands in the first two bytes; `little`: in the last two, turned round.
        counts_itself: The length counts the word's own four bytes.
        adjustment: Added to the length as it stands there.
    """

    byte_order: Literal["big", "little"] = "big"
    counts_itself: bool = True
    adjustment: int = 0
