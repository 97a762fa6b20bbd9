"""E-mail addresses: shape only; no mail server is asked.

>>> [read_email(t)[:2] for t in ("Jan.Nowak@WP.PL", "jan(at)wp.pl", "jan@wp,pl")]
[('jan.nowak@wp.pl', 'ok'), ('jan@wp.pl', 'repaired'), ('jan@wp.pl', 'repaired')]
>>> [read_email(t)[:2] for t in ("brak", "jan@wp", "brak@brak.pl")]
[(None, 'missing'), (None, 'unparsed'), (None, 'filler')]
"""

from __future__ import annotations

import re
from functools import lru_cache

_FORM = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}"
)
_AT = re.compile(r"\s*(?:\(at\)|\[at\]|\(a\)|\s+at\s+|\(małpa\))\s*")
_NOTHING = frozenset(("", "-", "brak", "nie ma", "nie posiada", "n/d", "nd", "x", "?"))
_FILLER_USERS = frozenset(["brak", "nie", "niema", "test", "xxx", "x", "aaa", "none", "null", "noemail", "nomail"])
_MOST = 254


@lru_cache(maxsize=65_536)
def read_email(text: str) -> tuple[str | None, str, str | None]:
    """An e-mail address in lower case, its status, and what is wrong.

    Args:
        text: As delivered; of several only the first is read.
    """
    plain = text.strip().lower().removeprefix("mailto:").rstrip(".;,")
    if plain in _NOTHING:
        return None, "missing", None
    if _FORM.fullmatch(plain) and len(plain) <= _MOST:
        return _settle(plain, "ok")
    first = re.split(r"[;\s]+(?=\S+@)", plain)[0]
    address = _AT.sub("@", first).replace(" ", "")
    address = re.sub(r",(?=[a-z]{2,4}$)", ".", address)
    if not _FORM.fullmatch(address) or len(address) > _MOST:
        return None, "unparsed", "not of the form name@domain"
    return _settle(address, "repaired")


def _settle(address: str, status: str) -> tuple[str | None, str, str | None]:
    if address.partition("@")[0] in _FILLER_USERS:
        return None, "filler", "a filler"
    return address, status, None
