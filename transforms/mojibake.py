"""Single values that were read in a wrong code page before they were delivered, and saved that way.

Whole files are judged by `blueline profile`; here are the few values of a sound file that somebody pasted into it or
that an earlier migration spoilt.  A value is put right only where it holds a sign that no Polish name has, where the
way back is exact (encode, decode, encode again gives the same), and where all ways back that lead to Polish letters
agree.  The chain is told with the value, so that nothing is repaired twice.

Source: the signatures are consequences of the code pages' tables.

>>> put_right("Wiœniewski"), put_right("GRA¯YNA"), put_right("D±browski")
(('Wiśniewski', 'cp1252>cp1250'), ('GRAŻYNA', 'cp1252>cp1250'), ('Dąbrowski', 'cp1250>iso8859-2'))
>>> put_right("Ĺ»ĂłĹ‚kiewski"), put_right("Müller"), put_right("Wi?niewski")
(('Żółkiewski', 'cp1250>utf-8'), None, None)
"""

from __future__ import annotations

import re

_SIGNS = re.compile(
    "[¹³£¯¥¿œŒŸæÆ±¶¼¦¡¬Ľľ\u0080-\u009f\ufffd─┼├║╗╝]|Ä[…™‡\u0084\u0099]|Ĺ[\u0080-\u00bf›‚„š]|(?<=\\w)\\?(?=\\w)"
)
_CHAINS = (
    ("cp1252", "cp1250"), ("cp1250", "iso8859-2"), ("iso8859-2", "cp1250"), ("iso8859-1", "iso8859-2"),
    ("cp1250", "utf-8"), ("cp1252", "utf-8"), ("cp852", "utf-8"),
)  # fmt: skip
_POLISH = frozenset("ĄĆĘŁŃÓŚŹŻąćęłńóśźż")


def has_signs(text: str) -> bool:
    """Whether a text holds what no Polish name does, and what wrong readings leave."""
    return not (text.isascii() and "?" not in text) and _SIGNS.search(text) is not None


def put_right(text: str) -> tuple[str, str] | None:
    """The text as it was, and the chain of code pages; None where nothing is wrong or the way back is not sure."""
    if not has_signs(text) or text.isascii():
        return None
    found: dict[str, str] = {}
    for read_as, written_in in _CHAINS:
        try:
            data = text.encode(read_as)
            before = data.decode(written_in)
        except UnicodeError:
            continue
        if before != text and before.encode(written_in) == data and _is_polish(before):
            found.setdefault(before, f"{read_as}>{written_in}")
    return next(iter(found.items())) if len(found) == 1 else None


def _is_polish(text: str) -> bool:
    """Whether every letter is one of the language's, and no capital stands within a small word."""
    if not all(c.isascii() or c in _POLISH for c in text) or not any(c in _POLISH for c in text):
        return False
    return all(w.isupper() or not any(c.isupper() for c in w[1:]) for w in re.split(r"[\W_]+", text) if w)
