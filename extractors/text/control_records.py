"""Header and trailer records of text files: what they state, and whether the file agrees.

A trailer that disagrees means records that were lost, doubled or changed on the way: the file stops its source.
The rule is the usual one of file controls: recompute while reading, compare at the end.  Two hints help the person
who has to find the fault: fewer records than stated were lost, more were doubled; a difference of amounts that nine
divides is typical of two digits that changed places (46 for 64).

What counts is declared: which record types, with or without header and trailer, and of each total its column, its
records, its sign and its scale (`TextControl`, `ControlTotal`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import pyarrow as pa

from billing.control_specs import ControlTotal, Place, TextControl
from billing.errors import SourceError
from billing.wording import counted
from extractors.base import FileFacts, LandedFile
from extractors.text.control_amounts import EXACT, amount, column_sum, hash_total, transposition_hint

CutValue = Callable[[bytes, Place], str | None]
"""What stands at a place of a control record; None where the record has too few values."""


@dataclass
class Running:
    """A total of one column, as far as the file has been read.

    Attributes:
        spec: What is added up.
        total: Sum so far.
        unread: Records whose amount could not be read, rejected ones among them.
    """

    spec: ControlTotal
    total: Decimal = Decimal(0)
    unread: int = 0


@dataclass(frozen=True)
class _Stated:
    """A control record that has passed."""

    kind: str
    spec: TextControl
    raw: bytes
    record_no: int
    byte_offset: int

    @property
    def place(self) -> dict[str, int]:
        return {"record_no": self.record_no, "byte_offset": self.byte_offset}


@dataclass
class Control:
    """Recomputes what the header and the trailer of one file state.

    Attributes:
        source_id: The source.
        landed: The file.
        cut: Value of a record that stands at a place: its bytes from one to another, or its n-th value.
        header: Spec of its header, where it has one.
        trailer: Spec of its trailer, where it has one.
        records: Data records seen.
        of_types: By kind of control record, how many of the data records are of the types that it counts.
    """

    source_id: str
    landed: LandedFile
    cut: CutValue
    header: TextControl | None
    trailer: TextControl | None
    records: int = 0
    of_types: dict[str, int] = field(default_factory=dict)
    _stated: list[_Stated] = field(default_factory=list)
    _running: dict[ControlTotal, Running] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for _, spec in self.specs():
            self._running |= {total: Running(total) for total in spec.every_total}

    def specs(self) -> list[tuple[str, TextControl]]:
        """The declared control records, by kind."""
        both = (("header", self.header), ("trailer", self.trailer))
        return [(kind, spec) for kind, spec in both if spec is not None]

    @property
    def closed(self) -> bool:
        """The trailer has passed."""
        return any(stated.kind == "trailer" for stated in self._stated)

    def take(self, kind: str, raw: bytes, record_no: int, byte_offset: int) -> None:
        """Note a control record.

        Args:
            kind: `header` or `trailer`.
            raw: The record without its line end.
            record_no: Its number.
            byte_offset: Its first byte.

        Raises:
            SourceError: The header is not the first record, or a second one follows.
        """
        spec = self.header if kind == "header" else self.trailer
        assert spec is not None
        place = {"record_no": record_no, "byte_offset": byte_offset}
        if any(stated.kind == kind for stated in self._stated):
            raise self._error(
                f"the file has a second {kind}", "two deliveries may have been joined: have it sent again", **place
            )
        if kind == "header" and self.records:
            raise self._error("the header is not the first record", "have the file sent again", **place)
        self._stated.append(_Stated(kind, spec, raw, record_no, byte_offset))

    def count(self, records: int, *, first_no: int, byte_offset: int) -> None:
        """Count data records.

        Raises:
            SourceError: They follow the trailer, or the declared header does not come first.
        """
        if not records:
            return
        place = {"record_no": first_no, "byte_offset": byte_offset}
        if self.closed:
            raise self._error(
                "records follow the trailer", "two deliveries may have been joined: have it sent again", **place
            )
        if self.header is not None and not self._stated:
            raise self._error(
                f"the first record does not begin with {self.header.starts_with!r}, the declared header",
                "the beginning of the file is missing: have it sent again",
                **place,
            )
        self.records += records

    def add(self, table: str, columns: Mapping[str, pa.Array], rejected: int) -> None:
        """Add the amounts of a batch up.

        Args:
            table: The raw table.
            columns: Its columns, without the rejected records.
            rejected: How many records of the batch those are.
        """
        for running in self._running.values():
            spec = running.spec
            if spec.column in columns and spec.table in (None, table):
                total, unread = column_sum(columns[spec.column], scale=spec.scale, form=spec.form)
                running.total = EXACT.add(running.total, total)
                running.unread += unread + rejected

    def miss(self) -> None:
        """A data record has no columns to speak of: its amounts are missing from every total."""
        for running in self._running.values():
            running.unread += 1

    def close(self, facts: FileFacts) -> None:
        """Compare at the end of the file and write the facts.

        Raises:
            SourceError: A declared header or trailer is missing, states no number, or disagrees.
        """
        facts.records = self.records
        for kind, spec in self.specs():
            if spec.main_total is not None:
                facts.computed_sum = self._running[spec.main_total].total
            if not any(stated.kind == kind for stated in self._stated):
                raise self._error(
                    f"the file has no {kind}: no record begins with {spec.starts_with!r}",
                    "the file is incomplete: have it sent again",
                    record_no=self.records or None,
                    byte_offset=self.landed.size,
                )
        for stated in self._stated:
            spec = stated.spec
            if spec.sequence_at is not None:
                facts.sequence = self._value(stated, spec.sequence_at).strip() or None
            if spec.count_at is not None:
                self._compare_count(stated, self._value(stated, spec.count_at), facts)
            for total in spec.every_total:
                declared = self._compare_total(stated, self._running[total], facts)
                if total == spec.main_total:
                    facts.declared_sum = declared

    def _value(self, stated: _Stated, at: Place) -> str:
        value = self.cut(stated.raw, at)
        if value is None:
            raise self._error(f"the {stated.kind} has no value number {at}", "correct its spec", **stated.place)
        return value

    def _compare_count(self, stated: _Stated, text: str, facts: FileFacts) -> None:
        kind, spec = stated.kind, stated.spec
        number = amount(text, scale=0)
        if number is None or number != number.to_integral_value():
            raise self._error(f"the {kind}'s record count {text!r} is no number", "correct count_at", **stated.place)
        declared = int(number) - spec.count_extra
        counted = self.of_types.get(kind, 0) if spec.count_types else self.records
        if not spec.count_types:
            facts.declared_records = declared
        difference = counted - declared
        if difference:
            what = f"{-difference} records were lost" if difference < 0 else f"{difference} records too many"
            what += transposition_hint(Decimal(difference).scaleb(-2))
            of = f" that begin with {', '.join(map(repr, spec.count_types))}" if spec.count_types else ""
            raise self._error(
                f"the {kind} states {declared} data records{of}, the file holds {counted} "
                f"(difference {difference:+d}: {what})",
                "have the file sent again",
                **stated.place,
            )

    def _compare_total(self, stated: _Stated, running: Running, facts: FileFacts) -> Decimal:
        kind, spec = stated.kind, running.spec
        what = "hash total" if spec.form == "hash" else "total"
        text = self._value(stated, spec.at)
        declared = hash_total(text) if spec.form == "hash" else amount(text, scale=spec.scale)
        if declared is None:
            raise self._error(f"the {kind}'s {what} {text!r} is no amount", "correct where it stands", **stated.place)
        total = running.total
        if spec.form == "hash":  # it keeps as many digits as it has room for
            total = Decimal(int(total) % 10 ** len(text.strip()))
        difference = EXACT.subtract(total, declared)
        if not difference:
            return declared
        if running.unread:
            facts.notes.append(
                f"the {kind} states a {what} of {declared}, the readable records add up to {total}; whether the "
                f"difference of {difference} is that of {counted(running.unread, 'record')} whose {spec.column} could "
                "not be read cannot be proved"
            )
            return declared
        raise self._error(
            f"the {kind} states a {what} of {declared}, {spec.column} adds up to {total} "
            f"(difference {difference}{transposition_hint(difference)})",
            "have the file sent again",
            **stated.place,
        )

    def _error(self, message: str, remedy: str, **place: int | None) -> SourceError:
        return SourceError(message, source_id=self.source_id, file=self.landed.name, **place, remedy=remedy)
