"""Codes of a source to codes of the canonical model.

>>> values, unknown = translate(pa.array(["A", "X", None]), {"A": "active"})
>>> values.to_pylist(), unknown.tolist()
(['active', None, None], [False, True, False])
>>> [vat_rate(text) for text in ("22%", "22.00", "022", "7,0 %", "0.22", "ZW", "N.P.", "22+7")]
['22', '22', '22', '7', '22', 'zw', 'np', None]
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.kernels import Bools, present

_NUMBER = re.compile(r"(\d{1,3})(?:[.,](\d{1,6}))?%?")
_WORDS = {"zw": "zw", "zwol": "zw", "zwoln": "zw", "zwolniony": "zw", "zwolniona": "zw", "np": "np"}


def translate(array: Any, mapping: dict[str, str]) -> tuple[Any, Bools]:
    """Replace codes by what they mean.

    Args:
        array: Trimmed text.
        mapping: Source code -> canonical value.

    Returns:
        `(values, unknown)`: null where the source has none or an unknown one; `unknown` only where it has one.
    """
    found = pc.index_in(array, value_set=pa.array(list(mapping), pa.string()))
    values = pa.array(list(mapping.values()), pa.string()).take(found)
    return values, present(array) & ~present(found)


def outside(array: Any, allowed: tuple[str, ...] | list[str]) -> Bools:
    """Which values are present and not among the allowed ones."""
    inside: Bools = pc.is_in(array, value_set=pa.array(list(allowed), pa.string())).to_numpy(zero_copy_only=False)
    unlike: Bools = present(array) & np.logical_not(inside)
    return unlike


def vat_rate(text: str) -> str | None:
    """A VAT rate as the catalogue writes it, None where the text is no rate.

    A rate below one is a fraction (`0.22`); percent signs, zeros around and dots in abbreviations do not matter.
    """
    text = text.strip().replace(" ", "")
    if word := _WORDS.get(text.casefold().replace(".", "")):
        return word
    match = _NUMBER.fullmatch(text)
    if not match:
        return None
    rate = Decimal(f"{match[1]}.{match[2] or 0}")
    if 0 < rate < 1:
        rate *= 100
    return format(rate.normalize(), "f")
