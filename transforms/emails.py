"""E-mail addresses: shape only; no mail server is asked.

>>> read_email("Jan.Nowak@WP.PL").value, read_email("jan(at)wp.pl"), read_email("jan@wp,pl").status
('jan.nowak@wp.pl', Verdict(value='jan@wp.pl', rule='email.tidied'), 'repaired')
>>> [read_email(t).status for t in ("brak", "jan@wp", "brak@brak.pl")]
['missing', 'unparsed', 'filler']
"""

from __future__ import annotations

import re
from functools import lru_cache

from transforms.nothing import means_nothing
from transforms.rules import Verdict

_FORM_TEXT = (
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}"
)
FORM_OF_ANY_CASE = _FORM_TEXT.replace("a-z", "A-Za-z")
_FORM = re.compile(_FORM_TEXT)
_AT = re.compile(r"\s*(?:\(at\)|\[at\]|\(a\)|\s+at\s+|\(małpa\))\s*")
FILLER_USERS = frozenset(["brak", "nie", "niema", "test", "xxx", "x", "aaa", "none", "null", "noemail", "nomail"])
MOST = 254


@lru_cache(maxsize=65_536)
def read_email(text: str) -> Verdict:
    """Read an e-mail address, in lower case.

    Args:
        text: As delivered; of several only the first is read.
    """
    plain = text.strip().lower().removeprefix("mailto:").rstrip(".;,")
    if means_nothing(plain):
        return Verdict(None, "email.missing")
    if _FORM.fullmatch(plain) and len(plain) <= MOST:
        return _settle(plain, "email.plain")
    first = re.split(r"[;\s]+(?=\S+@)", plain)[0]
    address = _AT.sub("@", first).replace(" ", "")
    address = re.sub(r",(?=[a-z]{2,4}$)", ".", address)
    if not _FORM.fullmatch(address) or len(address) > MOST:
        return Verdict(None, "email.form")
    return _settle(address, "email.tidied")


def _settle(address: str, rule: str) -> Verdict:
    filler = address.partition("@")[0] in FILLER_USERS
    return Verdict(None, "email.filler") if filler else Verdict(address, rule)


def row(text: str) -> tuple[str | None, str]:
    """`read_email` as a row of texts: value, rule."""
    verdict = read_email(text)
    return verdict.value, verdict.rule
