"""Identifiers by the million: the rules of `transforms.identifiers` as arithmetic on byte positions.

Numbers that are already bare digits of the right length are judged in numpy; the rest (other lengths, separators,
letters) are few and go, once per distinct value, through the reference functions.

>>> columns = pesels(pa.array(["44051401458", "44051401459", "4405140145-8", None]), dt.date(2003, 9, 30))
>>> columns.value.to_pylist(), columns.status.to_pylist()
(['44051401458', None, '44051401458', None], ['ok', 'unparsed', 'ok', 'missing'])
>>> columns.sex.to_pylist()
['M', None, 'M', None]
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import dates, identifiers
from transforms.identifiers import NIP_FILLERS, NIP_WEIGHTS, PESEL_FILLERS, PESEL_WEIGHTS, Verdict
from transforms.kernels import Bools, Bytes, Ints, byte_positions, present

Group = tuple[Bools, str, str]  # rows, reason code, message


@dataclass(frozen=True)
class Judged:
    """A column of identifiers, judged.

    Attributes:
        value: Clean numbers (text), null where unusable.
        status: `billing.model.STATUSES` per row.
        findings: Rows to be flagged, with reason code and message.
    """

    value: Any
    status: Any
    findings: list[Group]


@dataclass(frozen=True)
class JudgedPesels(Judged):
    """PESELs, with birth dates as days since 1970-01-01 (valid where `value` is not null) and sexes."""

    birth_days: Ints
    sex: Any


class _Marks:
    """Status, reason and message per row, as small codes."""

    def __init__(self, rows: int) -> None:
        self.codes = np.zeros(rows, np.int16)
        self.known: list[tuple[str, str | None, str]] = [("missing", None, "")]

    def set(self, rows: Bools, status: str, reason: str | None = None, message: str = "") -> None:
        self.codes[rows] = self.code(status, reason, message)

    def code(self, status: str, reason: str | None, message: str) -> int:
        mark = (status, reason, message)
        if mark not in self.known:
            self.known.append(mark)
        return self.known.index(mark)

    def status(self) -> Any:
        return pa.array([status for status, _, _ in self.known]).take(pa.array(self.codes))

    def findings(self) -> list[Group]:
        groups = []
        for code, (_, reason, message) in enumerate(self.known):
            rows = self.codes == code
            if reason and rows.any():
                groups.append((rows, reason, message))
        return groups


def pesels(array: Any, extracted_on: dt.date) -> JudgedPesels:
    """Judge a column of PESELs (trimmed text) against the date of the extract."""
    rows = len(array)
    digits, bare = _digits(array, 11)
    marks = _Marks(rows)
    century = np.array([1900, 2000, 2100, 2200, 1800])[_pair(digits, 2) // 20]
    year, month, day = century + _pair(digits, 0), _pair(digits, 2) % 20, _pair(digits, 4)
    days, exists = dates.civil(year, month, day)
    age = extracted_on.year - year
    checks = (-_weighted(digits, PESEL_WEIGHTS)) % 10 == digits[10]
    minor, aged = age < identifiers.ADULT_YEARS, age > identifiers.OLDEST_YEARS
    zeros_or_nines = (digits[:11] == digits[0]).all(axis=0) & np.isin(digits[0], (0, 9))
    # the first test that fails decides, so the last word is said first
    marks.set(bare, "ok")
    marks.set(bare & aged, "suspect", "ID-PESEL", "its holder would be over 115 years old")
    marks.set(bare & minor, "suspect", "ID-PESEL", "a minor holds no contract")
    marks.set(bare & ~checks, "unparsed", "ID-PESEL", "the check digit is wrong")
    marks.set(bare & (days > dates.days_of(extracted_on)), "unparsed", "ID-PESEL", "its date lies after the extract")
    marks.set(bare & ~exists, "unparsed", "ID-PESEL", "its date does not exist")
    fillers = pc.is_in(array, value_set=pa.array(sorted(PESEL_FILLERS))).to_numpy(zero_copy_only=False)
    marks.set(bare & fillers, "filler", "ID-PESEL-FILLER", "a well-known filler")
    marks.set(bare & zeros_or_nines, "filler", "ID-PESEL-FILLER", "zeros or nines stand for no PESEL")
    usable = np.isin(marks.codes, [i for i, (s, _, _) in enumerate(marks.known) if s in ("ok", "suspect")]) & bare
    male = digits[9] % 2 == 1
    value = _keep(array, usable)

    def judge(text: str) -> identifiers.Pesel:
        return identifiers.read_pesel(text, extracted_on)

    others, verdicts = _one_by_one(array, ~bare & present(array), judge, marks)
    if len(others):
        value = _put(value, others, [v.value for v in verdicts])
        for row, verdict in zip(others.tolist(), verdicts, strict=True):
            if verdict.value is not None and verdict.birth_date is not None:
                usable[row], days[row], male[row] = True, dates.days_of(verdict.birth_date), verdict.sex == "M"
    sex = pc.if_else(pa.array(usable), pc.if_else(pa.array(male), "M", "F"), pa.scalar(None, pa.string()))
    return JudgedPesels(value, marks.status(), marks.findings(), np.where(usable, days, 0), sex)


def nips(array: Any) -> Judged:
    """Judge a column of NIPs (trimmed text)."""
    if pc.any(pc.match_substring(array, "-")).as_py():
        bare_text = pc.replace_substring(array, "-", "")
        array = pc.if_else(pc.equal(bare_text, ""), array, bare_text)
    digits, bare = _digits(array, 10)
    marks = _Marks(len(array))
    marks.set(bare, "ok")
    marks.set(
        bare & (_weighted(digits, NIP_WEIGHTS) % 11 != digits[9]), "unparsed", "ID-NIP", "the check digit is wrong"
    )
    no_office = (digits[0] == 0) | ((digits[1] == 0) & (digits[2] == 0))
    marks.set(bare & no_office, "unparsed", "ID-NIP", "no tax office has this number")
    fillers = pc.is_in(array, value_set=pa.array(sorted(NIP_FILLERS))).to_numpy(zero_copy_only=False)
    marks.set(bare & fillers, "filler", "ID-NIP-FILLER", "a well-known filler")
    value = _keep(array, bare & (marks.codes == marks.code("ok", None, "")))
    others, verdicts = _one_by_one(array, ~bare & present(array), identifiers.read_nip, marks)
    return Judged(_put(value, others, [v.value for v in verdicts]), marks.status(), marks.findings())


def regons(array: Any) -> Judged:
    """Judge a column of REGONs (trimmed text); firms are few, so each distinct value is judged by itself."""
    marks = _Marks(len(array))
    rows, verdicts = _one_by_one(array, present(array), identifiers.read_regon, marks)
    value = _put(pa.nulls(len(array), pa.string()), rows, [v.value for v in verdicts])
    return Judged(value, marks.status(), marks.findings())


def _digits(array: Any, count: int) -> tuple[Bytes, Bools]:
    """Digit values by position, and which rows are exactly `count` digits."""
    positions, lengths = byte_positions(array, count)
    digits = positions - np.uint8(48)
    bare = (lengths == count) & (digits < 10).all(axis=0)
    digits[:, ~bare] = 0
    return digits, bare


def _pair(digits: Bytes, at: int) -> Ints:
    return digits[at].astype(np.int64) * 10 + digits[at + 1]


def _weighted(digits: Bytes, weights: Sequence[int]) -> Any:
    total = np.zeros(digits.shape[1], np.int16)
    for digit, weight in zip(digits, weights, strict=False):
        total += digit * np.int16(weight)
    return total


def _keep(array: Any, rows: Bools) -> Any:
    return pc.if_else(pa.array(rows), array, pa.scalar(None, pa.string()))


def _one_by_one(array: Any, rows: Bools, judge: Callable[[str], Any], marks: _Marks) -> tuple[Ints, list[Any]]:
    """Judge some rows by the reference function, each distinct value once."""
    at: Ints = np.flatnonzero(rows)
    if not len(at):
        return at, []
    values = array.take(pa.array(at)).dictionary_encode()
    distinct: list[Verdict] = [judge(text) for text in values.dictionary.to_pylist()]
    verdicts = [distinct[i] for i in values.indices.to_pylist()]
    marks.codes[at] = [marks.code(v.status, v.reason, v.message) for v in verdicts]
    return at, verdicts


def _put(array: Any, rows: Ints, values: list[str | None]) -> Any:
    if not len(rows):
        return array
    mask = np.zeros(len(array), bool)
    mask[rows] = True
    return pc.replace_with_mask(array, pa.array(mask), pa.array(values, pa.string()))
