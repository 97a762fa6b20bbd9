"""Identity documents by the million: the two usual shapes as arithmetic on byte positions, the others one by one.

>>> read = documents(pa.array(["ABA300000", "DB1234567", "aba 300000", None]), pa.nulls(4, pa.string()))
>>> read.number.to_pylist(), read.kind.to_pylist()
(['ABA300000', 'DB1234567', 'ABA300000', None], ['id_card', None, 'id_card', None])
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import unique
from transforms.documents import ID_CARD_WEIGHTS, read_document
from transforms.kernels import byte_positions, present
from transforms.marks import Marks

_LENGTH = len(ID_CARD_WEIGHTS)
_ZERO, _NINE, _A, _Z = (ord(c) for c in "09AZ")
_OF_LETTERS = _A - 10  # A is worth 10


class Documents(NamedTuple):
    """Columns of numbers and kinds, and which rule decided each row."""

    number: Any
    kind: Any
    marks: Marks


def documents(array: Any, kinds: Any) -> Documents:
    """Read a column of document numbers.

    Args:
        array: Trimmed text.
        kinds: Declared kinds, null where there is none.
    """
    marks = Marks(len(array), "document.missing")
    bare = pc.ascii_upper(pc.replace_substring_regex(array, "[ ./-]", ""))
    positions, lengths = byte_positions(bare, _LENGTH)
    digits = (positions >= _ZERO) & (positions <= _NINE)
    letters = (positions >= _A) & (positions <= _Z)
    whole = (lengths == _LENGTH) & letters[:2].all(axis=0) & digits[3:].all(axis=0)
    # a passport has the booklet's shape; for other kinds no shape is known
    card = whole & letters[2] & ~_is(kinds, "passport") & ~_is(kinds, "other")
    booklet = whole & digits[2] & ~_is(kinds, "other")
    total = np.zeros(len(array), np.int32)
    for position, weight in enumerate(ID_CARD_WEIGHTS):
        value = positions[position].astype(np.int32)
        total += weight * np.where(letters[position], value - _OF_LETTERS, value - _ZERO)
    checks = total % 10 == 0
    plain = card | booklet
    marks.set(card & checks, "document.card")
    marks.set(card & ~checks, "document.check")
    marks.set(booklet, "document.booklet")
    number, kind = bare, pc.if_else(pa.array(card), pc.fill_null(kinds, "id_card"), kinds)
    others = present(array) & ~plain
    if others.any():
        mask = pa.array(others)
        read = unique.apply_rows(read_document, [array.filter(mask), kinds.filter(mask)], 3)
        number, kind = (pc.replace_with_mask(c, mask, r) for c, r in ((number, read[0]), (kind, read[2])))
        marks.put(others, read[1])
    return Documents(number, kind, marks)


def _is(kinds: Any, kind: str) -> Any:
    return pc.fill_null(pc.equal(kinds, kind), False).to_numpy(zero_copy_only=False)
