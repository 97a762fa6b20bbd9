"""Header and trailer records of text files: where they state counts and totals, and of what."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from billing.strict import Beginning, Name, Strict

Ordinal = Annotated[int, Field(ge=1)]
Place = tuple[Ordinal, Ordinal] | Ordinal
"""Where something stands in a record: `[start, length]` from 1 on, or the number of a delimited value."""


class ControlTotal(Strict):
    """A total that a header or trailer states.

    Attributes:
        at: Where it stands.
        column: The data column that it adds up.
        form: Which amounts count, and how: `signed` with their signs, `absolute` without them, only `positive` or only
            `negative` ones, or `hash`: the digits of each value as a whole number, of whose sum the last digits are
            stated, as many as there is room for.
        scale: Decimals that both the total and the column imply where they have no decimal separator.
        table: The raw table of the records that count; absent where all that have the column do.
    """

    at: Place
    column: str
    form: Literal["signed", "absolute", "positive", "negative", "hash"] = "signed"
    scale: int = 2
    table: Name | None = None


class TextControl(Strict):
    """A header or trailer record among the data, and what it states about them.

    Places are `[start, length]`, in a fixed-width file in what its `positions` count, in a delimited one in characters,
    where they may also be the number of a value; amounts are in hundredths unless the scale says otherwise.

    Attributes:
        starts_with: The text that every such record begins with.
        count_at: Where the number of records stands that it states.
        count_extra: How many the stated count is above the data records (2 where it counts header and trailer).
        count_types: Beginnings of the data records that are counted; all of them where it is empty.
        sum_at: Where a signed total stands.
        sum_column: The data column that the total adds up.
        sum_scale: Decimals that both the total and the column imply where they have no decimal separator.
        totals: More totals, of other columns, other records, or of another form.
        sequence_at: Where the file's sequence number stands.
    """

    starts_with: Beginning
    count_at: Place | None = None
    count_extra: int = 0
    count_types: tuple[Beginning, ...] = ()
    sum_at: Place | None = None
    sum_column: str | None = None
    sum_scale: int = 2
    totals: tuple[ControlTotal, ...] = ()
    sequence_at: Place | None = None

    @property
    def main_total(self) -> ControlTotal | None:
        """The total that the file's facts show."""
        if self.sum_at is None or self.sum_column is None:
            return None
        return ControlTotal(at=self.sum_at, column=self.sum_column, scale=self.sum_scale)

    @property
    def every_total(self) -> tuple[ControlTotal, ...]:
        """All totals that it states."""
        return self.totals if self.main_total is None else (self.main_total, *self.totals)

    @property
    def total_columns(self) -> tuple[str, ...]:
        """Columns that the totals add up."""
        return tuple(dict.fromkeys(total.column for total in self.every_total))

    @model_validator(mode="after")
    def _total_is_whole(self) -> Self:
        if (self.sum_at is None) != (self.sum_column is None):
            raise ValueError("sum_at and sum_column belong together")
        return self
