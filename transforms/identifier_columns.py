"""Identifiers by the million: the rules of `transforms.identifiers` as arithmetic on byte positions.

Numbers that are already bare digits of the right length are judged in numpy; the rest (other lengths, separators,
letters) are few and go, once per distinct value, through the reference functions.

>>> columns = pesels(pa.array(["44051401458", "44051401459", "4405140145-8", None]), dt.date(2003, 9, 30))
>>> columns.value.to_pylist(), columns.marks.status().to_pylist()
(['44051401458', None, '44051401458', None], ['ok', 'unparsed', 'ok', 'missing'])
>>> columns.sex.to_pylist()
['M', None, 'M', None]
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import dates, identifiers, unique
from transforms.identifiers import NIP_FILLERS, NIP_WEIGHTS, PESEL_FILLERS, PESEL_WEIGHTS
from transforms.kernels import Bools, Bytes, Ints, byte_positions, present
from transforms.marks import Marks
from transforms.rules import Verdict


@dataclass(frozen=True)
class Judged:
    """A column of identifiers, judged.

    Attributes:
        value: Clean numbers (text), null where unusable.
        marks: Which rule decided each row.
    """

    value: Any
    marks: Marks


@dataclass(frozen=True)
class JudgedPesels(Judged):
    """PESELs, with birth dates as days since 1970-01-01 (valid where `value` is not null) and sexes."""

    birth_days: Ints
    sex: Any


def pesels(array: Any, extracted_on: dt.date) -> JudgedPesels:
    """Judge a column of PESELs (trimmed text) against the date of the extract."""
    rows = len(array)
    digits, bare = _digits(array, 11)
    marks = Marks(rows, "pesel.missing")
    century = np.array([1900, 2000, 2100, 2200, 1800])[_pair(digits, 2) // 20]
    year, month, day = century + _pair(digits, 0), _pair(digits, 2) % 20, _pair(digits, 4)
    days, exists = dates.civil(year, month, day)
    age = extracted_on.year - year
    checks = (-_weighted(digits, PESEL_WEIGHTS)) % 10 == digits[10]
    zeros_or_nines = (digits[:11] == digits[0]).all(axis=0) & np.isin(digits[0], (0, 9))
    # the first test that fails decides, so the last word is said first
    marks.set(bare, "pesel.plain")
    marks.set(bare & (age > identifiers.OLDEST_YEARS), "pesel.aged")
    marks.set(bare & (age < identifiers.ADULT_YEARS), "pesel.minor")
    marks.set(bare & (days > dates.days_of(extracted_on)), "pesel.future")
    marks.set(bare & ~checks, "pesel.check")
    marks.set(bare & ~exists, "pesel.date")
    fillers = pc.is_in(array, value_set=pa.array(sorted(PESEL_FILLERS))).to_numpy(zero_copy_only=False)
    marks.set(bare & fillers, "pesel.filler")
    marks.set(bare & zeros_or_nines, "pesel.zeros")
    usable = marks.having(("ok", "suspect")) & bare
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
    return JudgedPesels(value, marks, np.where(usable, days, 0), sex)


def compare_births(judged: JudgedPesels, births: Any, delivered: Any, extracted_on: dt.date) -> JudgedPesels:
    """Hold judged PESELs against the delivered birth dates.

    A PESEL that fails, and that the exchange of two neighbouring digits would make valid and agree with the birth
    date, is put right.  A valid one that contradicts the birth date is doubted, and the exchange only suspected.

    Args:
        judged: What `pesels` answered; its marks are changed.
        births: Dates, null where not delivered.
        delivered: The PESELs as delivered.
        extracted_on: Date of the extract.
    """
    marks, born = judged.marks, present(births)
    if not born.any():
        return judged
    days = pc.fill_null(births.view(pa.int32()), 0).to_numpy(zero_copy_only=False)
    contradicts = present(judged.value) & born & (days != judged.birth_days)
    broken = np.zeros(len(born), bool)
    for rule in identifiers.SWAPPABLE:
        broken |= born & marks.having_rule(rule)
    marks.set(contradicts, "pesel.birth")
    marks.set(_explained(judged.value, births, contradicts), "pesel.birth-swap")
    if not broken.any():
        return judged
    rows, numbers = [], []
    for row, text, birth in _values(delivered, births, broken):
        swapped = identifiers.swap_that_agrees(identifiers.compact(text), birth)
        if swapped and identifiers.read_pesel(swapped, extracted_on).status == "ok":
            rows.append(row)
            numbers.append(swapped)
    if not rows:
        return judged
    at = np.array(rows, np.int64)
    right = np.isin(np.arange(len(born)), at)
    marks.set(right, "pesel.swap")
    sexes = pa.array(["M" if int(number[9]) % 2 else "F" for number in numbers])
    return JudgedPesels(
        _put(judged.value, at, numbers), marks, np.where(right, days, judged.birth_days),
        pc.replace_with_mask(judged.sex, pa.array(right), sexes),
    )  # fmt: skip


def _explained(numbers: Any, births: Any, rows: Bools) -> Bools:
    """Of some rows, those that an exchange of two digits would explain."""
    explained = np.zeros(len(rows), bool)
    for row, pesel, birth in _values(numbers, births, rows):
        explained[row] = identifiers.swap_that_agrees(pesel, birth) is not None
    return explained


def _values(texts: Any, births: Any, rows: Bools) -> Iterator[tuple[int, str, dt.date]]:
    at = np.flatnonzero(rows)
    where = pa.array(at)
    yield from zip(at.tolist(), texts.take(where).to_pylist(), births.take(where).to_pylist(), strict=True)


def nips(array: Any) -> Judged:
    """Judge a column of NIPs (trimmed text)."""
    if pc.any(pc.match_substring(array, "-")).as_py():
        bare_text = pc.replace_substring(array, "-", "")
        array = pc.if_else(pc.equal(bare_text, ""), array, bare_text)
    digits, bare = _digits(array, 10)
    marks = Marks(len(array), "nip.missing")
    marks.set(bare, "nip.plain")
    marks.set(bare & (_weighted(digits, NIP_WEIGHTS) % 11 != digits[9]), "nip.check")
    marks.set(bare & ((digits[0] == 0) | ((digits[1] == 0) & (digits[2] == 0))), "nip.office")
    fillers = pc.is_in(array, value_set=pa.array(sorted(NIP_FILLERS))).to_numpy(zero_copy_only=False)
    marks.set(bare & fillers, "nip.filler")
    value = _keep(array, bare & marks.having(("ok",)))
    others, verdicts = _one_by_one(array, ~bare & present(array), identifiers.read_nip, marks)
    return Judged(_put(value, others, [v.value for v in verdicts]), marks)


def judged(array: Any, rule: Callable[[str], Verdict], missing: str) -> Judged:
    """Judge a column (trimmed text), each distinct value by itself.

    Args:
        array: Text.
        rule: Judges one value.
        missing: Rule id of rows without any.
    """

    def row(text: str) -> tuple[str | None, str]:
        verdict = rule(text)
        return verdict.value, verdict.rule

    value, rules = unique.apply(row, array, 2)
    return Judged(value, Marks.of(rules, missing))


def regons(array: Any) -> Judged:
    """Judge a column of REGONs (trimmed text)."""
    return judged(array, identifiers.read_regon, "regon.missing")


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


def _one_by_one(array: Any, rows: Bools, judge: Callable[[str], Any], marks: Marks) -> tuple[Ints, list[Any]]:
    """Judge some rows by the reference function, each distinct value once."""
    at: Ints = np.flatnonzero(rows)
    if not len(at):
        return at, []
    values = array.take(pa.array(at)).dictionary_encode()
    distinct: list[Verdict] = [judge(text) for text in values.dictionary.to_pylist()]
    verdicts = [distinct[i] for i in values.indices.to_pylist()]
    marks.codes[at] = [marks.code(v.rule) for v in verdicts]
    return at, verdicts


def _put(array: Any, rows: Ints, values: Sequence[str | None]) -> Any:
    if not len(rows):
        return array
    mask = np.zeros(len(array), bool)
    mask[rows] = True
    return pc.replace_with_mask(array, pa.array(mask), pa.array(values, pa.string()))
