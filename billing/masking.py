"""What a person may see of a personal value.

>>> mask("44051401458")
'44*******'
>>> mask("Jan Kowalski", kind="name")
'J** K*******'
>>> mask(None) is None
True
"""

from __future__ import annotations

import re
from typing import Literal, overload

_KEEP = 2


@overload
def mask(value: str, kind: Literal["number", "name"] = ...) -> str: ...
@overload
def mask(value: None, kind: Literal["number", "name"] = ...) -> None: ...
def mask(value: str | None, kind: Literal["number", "name"] = "number") -> str | None:
    """Hide a value: numbers keep their first two characters, names their initials.

    The first two digits of a PESEL are a year of birth within a century and reveal no sex; the last
    ones would (digit 10), so a mask never ends with them.  The length is not kept.
    """
    if value is None:
        return None
    if kind == "name":
        return re.sub(r"(?<=\w)\w", "*", value)
    return value[:_KEEP] + "*" * 7 if len(value) > _KEEP else "*" * len(value)
