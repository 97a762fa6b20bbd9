"""What a person may see of a personal value: one rule for every stage, by the value alone.

A reader of raw bytes does not know whether a column holds names or numbers, a normaliser does.  So that one value looks
the same in every report, only the value decides: what has a digit (PESEL, telephone, account, document, address, date)
keeps its first two characters, words keep their initials.  The first two digits of a PESEL are a year of birth within a
century and reveal no sex; the last ones would (digit 10), so no mask ends with them.

>>> mask("44051401458"), mask("+48226251234"), mask("ul. Długa 5"), mask("1944-05-14"), mask("5/7")
('44*******', '+4*******', 'ul*******', '19*******', '5*******')
>>> mask("Jan Kowalski"), mask("KOWALSKA-NOWAK"), mask("F"), mask(None) is None
('J** K*******', 'K*******-N****', '*', True)
"""

from __future__ import annotations

import re
from typing import Any, overload

import pyarrow as pa
import pyarrow.compute as pc

_STARS = "*" * 7  # the length of a number is not kept
_KEPT = ((5, 2), (3, 1))  # of so many characters, so many are shown
_LONGEST = 80
_DIGIT = "[0-9]"
_BEHIND_FIRST = re.compile(r"(?<=\w)\w")
_LONG_NUMBER = re.compile("([0-9]{2})[0-9]{7,}")  # REGON, telephone, NIP, PESEL, account
_BLANKS = " \t\n\r\f\v\u00a0"


@overload
def mask(value: str) -> str: ...
@overload
def mask(value: None) -> None: ...
def mask(value: str | None) -> str | None:
    """Hide a value; blanks around it do not matter, and of a long text only the beginning is told."""
    if value is None:
        return None
    shown = value.strip(_BLANKS)
    if re.search(_DIGIT, shown) is None:
        return "*" if len(shown) == 1 else _BEHIND_FIRST.sub("*", shown[:_LONGEST])
    kept = next((kept for least, kept in _KEPT if len(shown) >= least), 0)
    return shown[:kept] + _STARS if kept else "*" * len(shown)


def mask_column(values: Any) -> Any:
    """`mask` for a column of text.

    >>> mask_column(pa.array(["44051401458", "A1", None, "Jan Kowalski"])).to_pylist()
    ['44*******', '**', None, 'J** K*******']
    """
    shown = pc.utf8_trim(values, _BLANKS)
    size = pc.utf8_length(shown)
    short = pc.if_else(pc.equal(size, 1), "*", "**")
    numbers: Any = short
    for least, kept in reversed(_KEPT):
        longer = pc.binary_join_element_wise(pc.utf8_slice_codeunits(shown, 0, kept), _STARS, "")
        numbers = pc.if_else(pc.greater_equal(size, least), longer, numbers)
    words = pc.invert(pc.match_substring_regex(shown, _DIGIT))
    if not pc.any(words).as_py():
        return numbers
    codes = shown.filter(words).dictionary_encode()
    hidden = pa.array([mask(text) for text in codes.dictionary.to_pylist()], pa.string()).take(codes.indices)
    return pc.replace_with_mask(numbers, pc.fill_null(words, False), hidden)


def mask_within(text: str) -> str:
    """Hide numbers that may be somebody's in a text that is shown otherwise: a value may stand in a wrong field.

    >>> mask_within("REGON 012100784, 120 PLN"), mask_within("44051401458")
    ('REGON 01*******, 120 PLN', '44*******')
    """
    return _LONG_NUMBER.sub(rf"\1{_STARS}", text)


def mask_within_column(values: Any) -> Any:
    """`mask_within` for a column of text.

    >>> mask_within_column(pa.array(["123,45", "44051401458", None])).to_pylist()
    ['123,45', '44*******', None]
    """
    return pc.replace_substring_regex(values, _LONG_NUMBER.pattern, rf"\1{_STARS}")
