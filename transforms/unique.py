"""Apply a rule written for one value to a whole column, once per distinct value.

Street names, surnames and house numbers repeat: a column of 65,536 holds some thousands.  The rule sees each of them
once, the rows get theirs by position.

>>> apply(lambda text: (text.upper(), str(len(text))), pa.array(["a", "bb", "a", None]), 2)[0].to_pylist()
['A', 'BB', 'A', None]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from transforms.kernels import dense

SEPARATOR = "\x1f"  # the ASCII unit separator: no legacy text holds it, decoders refuse control characters


def apply(rule: Callable[[str], Sequence[str | None]], array: Any, width: int) -> list[Any]:
    """The rule's results as columns.

    Args:
        rule: Pure; answers with `width` texts.
        array: Text, n values.  Null gives null everywhere; the rule never sees it.
        width: Number of results.

    Returns:
        `width` text arrays of n values.
    """
    codes = dense(array).dictionary_encode()
    results = [rule(value) for value in codes.dictionary.to_pylist()]
    columns = zip(*results, strict=True) if results else [()] * width
    return [pa.array(list(column), pa.string()).take(codes.indices) for column in columns]


def apply_rows(rule: Callable[..., Sequence[str | None]], arrays: Sequence[Any], width: int) -> list[Any]:
    """`apply` for a rule that looks at several columns of a row; it sees null as an empty text.

    >>> both = apply_rows(lambda a, b: (a + b,), [pa.array(["x", None]), pa.array(["y", "z"])], 1)
    >>> both[0].to_pylist()
    ['xy', 'z']
    """
    filled = [pc.fill_null(dense(a), "") for a in arrays]
    joined = pc.binary_join_element_wise(*filled, SEPARATOR)
    return apply(lambda text: rule(*text.split(SEPARATOR)), joined, width)
