"""Telephone numbers by the million: the plain ones as arithmetic, the others one by one.

Nine digits out of ten in a legacy file are digits with blanks, hyphens and parentheses between, with or without trunk
zero or zone.  Those are read on whole columns; whatever has letters, slashes, several numbers, an extension or a doubt
goes, once per distinct value, through `transforms.phones`.

>>> found = phones(pa.array(["(0-12) 421-12-13", "4211213", "4211213 w. 5", None]), "12")
>>> found.e164.to_pylist(), found.extension.to_pylist()
(['+48124211213', '+48124211213', '+48124211213', None], [None, None, '5', None])
>>> found.marks.status().to_pylist(), found.marks.notes().to_pylist()[2]
(['ok', 'repaired', 'repaired', 'missing'], 'phone.zone')
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import unique
from transforms.kernels import Bools, Ints, byte_positions, present
from transforms.marks import Marks
from transforms.phones import NATIONAL_DIGITS, SPEAKING, WITHOUT_ZONE, OldNumbers, phone_row
from transforms.vocabulary import zones

_BETWEEN = tuple(b" ()-.")
_WIDEST = 24  # bytes
_LOCAL = 10**7
_COUNTRY = 48


class Phones(NamedTuple):
    """Columns of text, named as in `transforms.phones.Phone`, and which rule decided each row."""

    e164: Any
    extension: Any
    zone: Any
    marks: Marks


def phones(array: Any, zone: str, renumbering: tuple[OldNumbers, ...] = ()) -> Phones:
    """Read a column of telephone numbers.

    Args:
        array: Trimmed text, one field's numbers.
        zone: Zone of the source's own lines; empty where it has none.
        renumbering: What became of the source's shorter numbers.
    """
    national, plain, completed = _plain(array, zone)
    digits = pa.array(national)
    nothing = pa.scalar(None, pa.string())
    chosen = pa.array(plain)
    e164 = pc.if_else(chosen, pc.binary_join_element_wise("+48", digits.cast(pa.string()), ""), nothing)
    head = national // _LOCAL
    in_zone = plain & np.isin(head, [int(z) for z in zones()])
    zone_text = pc.if_else(pa.array(in_zone), pa.array(head).cast(pa.string()), nothing)
    marks = Marks(len(array), "phone.missing")
    marks.set(plain, "phone.plain")
    marks.set(completed, "phone.zone")
    extension = pa.nulls(len(array), pa.string())
    others = present(array) & ~plain
    if others.any():
        mask = pa.array(others)
        read = unique.apply(lambda text: phone_row(text, zone, renumbering), array.filter(mask), 4)
        e164, extension, zone_text = (
            pc.replace_with_mask(c, mask, r) for c, r in zip((e164, extension, zone_text), read, strict=False)
        )
        marks.put(others, read[3])
    return Phones(e164, extension, zone_text, marks)


def _plain(array: Any, zone: str) -> tuple[Ints, Bools, Bools]:
    """Nine-digit numbers, which rows have one beyond doubt, and which of them got the source's zone."""
    positions, lengths = byte_positions(array, min(_WIDEST, max(1, int(pc.max(pc.binary_length(array)).as_py() or 1))))
    rows = len(lengths)
    number, count = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    trunk, clean = np.zeros(rows, bool), lengths <= len(positions)
    for column in positions:
        digit = column - np.uint8(48)
        is_digit = digit < 10
        trunk |= is_digit & (count == 0) & (digit == 0)
        number = np.where(is_digit, number * 10 + digit, number)
        count += is_digit
        clean &= is_digit | (column == 0) | np.isin(column, _BETWEEN)
    nine = (count == NATIONAL_DIGITS) & ~trunk
    nine |= (count == NATIONAL_DIGITS + 1) & trunk & (number >= 10**8)
    eleven = (count == NATIONAL_DIGITS + 2) & (number // 10**9 == _COUNTRY)
    # 22 19393 is a short code of a zone, though it has seven digits
    local = (count == NATIONAL_DIGITS - 2) & ~trunk & ((number // 1000) % 100 != 19) & bool(zone)
    national = np.where(local, number + int(zone or 0) * _LOCAL, number % 10**9)
    subscriber = national % _LOCAL
    first = subscriber // 10**6
    geographic = np.isin(national // _LOCAL, [int(z) for z in zones()]) & ~np.isin(first, (0, 1, 9))
    other = np.zeros(rows, bool)
    for start in WITHOUT_ZONE:
        other |= national // 10 ** (NATIONAL_DIGITS - len(start)) == int(start)
    repeated = (subscriber % 10**6 == first * 111_111) | (national == 123_456_789)
    plain = clean & (nine | eleven | local) & (geographic | (other & ~local)) & ~repeated & present(array)
    plain &= ~pc.fill_null(pc.match_substring_regex(array, SPEAKING), False).to_numpy(zero_copy_only=False)
    return np.where(plain, national, 0), plain, local & plain
