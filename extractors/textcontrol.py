"""Header and trailer records of text files: what they state, and whether the file agrees.

A trailer that disagrees means records that were lost, doubled or changed on the way: the file stops its source.
The rule is the usual one of file controls: recompute while reading, compare at the end.  Two hints help the person
who has to find the fault: fewer records than stated were lost, more were doubled; a difference of amounts that nine
divides is typical of two digits that changed places (46 for 64).

>>> amount("  -1234,56", scale=2)
Decimal('-1234.56')
>>> amount("000123456-", scale=2)
Decimal('-1234.56')
>>> amount("12O4", scale=2) is None
True
>>> transposition_hint(Decimal("0.18"))
'; nine divides the difference: two digits may have changed places'
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from billing.errors import SourceError
from billing.file_specs import TextControl
from billing.money import round_half_up
from extractors.base import FileFacts, LandedFile

_AMOUNT = re.compile(r"([+-]?)(\d+)(?:[.,](\d+))?([+-]?)")
_NUMBER = r"\d{1,40}([.,]\d{1,6})?"
_AMOUNT_PATTERN = f"^([+-]?{_NUMBER}|{_NUMBER}[+-])$"
_WIDEST = pa.decimal256(60, 6)


def amount(text: str, *, scale: int) -> Decimal | None:
    """An amount with its sign before or behind it, or None where the text is none.

    Args:
        text: Digits with an optional decimal separator; blanks within count as thousands separators.
        scale: Decimals that are implied where there is no separator.
    """
    match = _AMOUNT.fullmatch(re.sub(r"\s", "", text))
    if match is None or (match[1] and match[4]):
        return None
    whole, fraction, negative = match[2], match[3], "-" in (match[1], match[4])
    value = Decimal(f"{whole}.{fraction}") if fraction is not None else Decimal(whole).scaleb(-scale)
    return -value if negative else value


def column_sum(column: pa.Array, *, scale: int) -> tuple[Decimal, int]:
    """Add up a column of amounts that are text.

    Args:
        column: Strings, or decimals.
        scale: As for `amount`.

    Returns:
        The sum, and how many values are there but could not be read.
    """
    column = column.drop_null()
    if pa.types.is_decimal(column.type):
        return pc.sum(column).as_py() or Decimal(0), 0
    bare = pc.replace_substring_regex(column, "[\\s\u00a0]", "")
    readable = pc.match_substring_regex(bare, _AMOUNT_PATTERN)
    unread = len(column) - (pc.sum(readable).as_py() or 0)
    bare = bare.filter(readable)
    trailing = pc.match_substring_regex(bare, r"[+-]$")
    if pc.any(trailing).as_py():
        bare = pc.if_else(trailing, pc.replace_substring_regex(bare, r"^(.*)([+-])$", r"\2\1"), bare)
    pointed = pc.match_substring_regex(bare, r"[.,]")
    total = Decimal(0)
    for part, shift in ((bare.filter(pointed), 0), (bare.filter(pc.invert(pointed)), -scale)):
        if len(part):
            plain = pc.replace_substring(pc.replace_substring_regex(part, r"^\+", ""), ",", ".")
            total += pc.sum(plain.cast(_WIDEST)).as_py().scaleb(shift)
    return _tidy(total), unread


def _tidy(total: Decimal) -> Decimal:
    """Two decimals where they suffice."""
    hundredths = round_half_up(total)
    return hundredths if hundredths == total else total


def transposition_hint(difference: Decimal) -> str:
    """A clause about digits that changed places, or nothing."""
    hundredths = difference.scaleb(2)
    if difference and hundredths == hundredths.to_integral_value() and int(hundredths) % 9 == 0:
        return "; nine divides the difference: two digits may have changed places"
    return ""


@dataclass
class Control:
    """Recomputes what the header and the trailer of one file state.

    Attributes:
        source_id: The source.
        landed: The file.
        header: Spec of its header, where it has one.
        trailer: Spec of its trailer, where it has one.
        records: Data records seen.
        total: Sum of the declared column so far.
        unread: Data records whose amount could not be read, rejected ones among them.
    """

    source_id: str
    landed: LandedFile
    header: TextControl | None
    trailer: TextControl | None
    records: int = 0
    total: Decimal = Decimal(0)
    unread: int = 0
    _stated: list[tuple[str, TextControl, str, int, int]] = field(default_factory=list)

    @property
    def sum_column(self) -> str | None:
        """The column to add up."""
        for spec in (self.trailer, self.header):
            if spec is not None and spec.sum_at is not None:
                return spec.sum_column
        return None

    @property
    def sum_scale(self) -> int:
        """Decimals that the column implies."""
        spec = self.trailer if self.trailer is not None and self.trailer.sum_at is not None else self.header
        return spec.sum_scale if spec is not None else 2

    @property
    def closed(self) -> bool:
        """The trailer has passed."""
        return any(kind == "trailer" for kind, *_ in self._stated)

    def take(self, kind: str, text: str, record_no: int, byte_offset: int) -> None:
        """Note a control record.

        Args:
            kind: `header` or `trailer`.
            text: The record, one character a byte.
            record_no: Its number.
            byte_offset: Its first byte.

        Raises:
            SourceError: The header is not the first record, or a second one follows.
        """
        spec = self.header if kind == "header" else self.trailer
        assert spec is not None
        place = {"record_no": record_no, "byte_offset": byte_offset}
        if any(seen == kind for seen, *_ in self._stated):
            raise self._error(
                f"the file has a second {kind}", "two deliveries may have been joined: have it sent again", **place
            )
        if kind == "header" and (self.records or record_no != 1):
            raise self._error("the header is not the first record", "have the file sent again", **place)
        self._stated.append((kind, spec, text, record_no, byte_offset))

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

    def add(self, column: pa.Array) -> None:
        """Add amounts up."""
        total, unread = column_sum(column, scale=self.sum_scale)
        self.total += total
        self.unread += unread

    def close(self, facts: FileFacts) -> None:
        """Compare at the end of the file and write the facts.

        Raises:
            SourceError: A declared header or trailer is missing, states no number, or disagrees.
        """
        facts.records = self.records
        if self.sum_column is not None:
            facts.computed_sum = self.total
        for kind, spec in (("header", self.header), ("trailer", self.trailer)):
            if spec is not None and not any(seen == kind for seen, *_ in self._stated):
                raise self._error(
                    f"the file has no {kind}: no record begins with {spec.starts_with!r}",
                    "the file is incomplete: have it sent again",
                    record_no=self.records or None,
                    byte_offset=self.landed.size,
                )
        for kind, spec, text, record_no, byte_offset in self._stated:
            place = {"record_no": record_no, "byte_offset": byte_offset}
            if spec.sequence_at is not None:
                facts.sequence = _slice(text, spec.sequence_at).strip() or None
            if spec.count_at is not None:
                self._compare_count(kind, spec, _slice(text, spec.count_at), facts, place)
            if spec.sum_at is not None:
                self._compare_sum(kind, spec, _slice(text, spec.sum_at), facts, place)

    def _compare_count(self, kind: str, spec: TextControl, text: str, facts: FileFacts, place: dict[str, int]) -> None:
        stated = amount(text, scale=0)
        if stated is None or stated != stated.to_integral_value():
            raise self._error(f"the {kind}'s record count {text!r} is no number", "correct count_at", **place)
        declared = int(stated) - spec.count_extra
        facts.declared_records = declared
        difference = self.records - declared
        if difference:
            what = f"{-difference} records were lost" if difference < 0 else f"{difference} records too many"
            what += transposition_hint(Decimal(difference).scaleb(-2))
            raise self._error(
                f"the {kind} states {declared} data records, the file holds {self.records} "
                f"(difference {difference:+d}: {what})",
                "have the file sent again",
                **place,
            )

    def _compare_sum(self, kind: str, spec: TextControl, text: str, facts: FileFacts, place: dict[str, int]) -> None:
        declared = amount(text, scale=spec.sum_scale)
        if declared is None:
            raise self._error(f"the {kind}'s total {text!r} is no amount", "correct sum_at", **place)
        facts.declared_sum = declared
        difference = self.total - declared
        if not difference:
            return
        if self.unread:
            facts.notes.append(
                f"the {kind} states a total of {declared}, the readable records add up to {self.total}; the difference "
                f"of {difference} is that of {self.unread} records whose {spec.sum_column} could not be read"
            )
            return
        raise self._error(
            f"the {kind} states a total of {declared}, {spec.sum_column} adds up to {self.total} "
            f"(difference {difference}{transposition_hint(difference)})",
            "have the file sent again",
            **place,
        )

    def _error(self, message: str, remedy: str, **place: int | None) -> SourceError:
        return SourceError(message, source_id=self.source_id, file=self.landed.name, **place, remedy=remedy)


def _slice(text: str, at: tuple[int, int]) -> str:
    start, length = at
    return text[start - 1 : start - 1 + length]
