"""Whose key a column holds, by its name: of the row itself, or of the subscriber or account that the row belongs to.

>>> names = ("KTO-ABON", "KTO-NR", "KTO-EWID")
>>> columns = {name: Column(name, "integer", filled=9, distinct=9, rows=9) for name in names}
>>> own_key("account", columns), owner_key("account", columns)
('KTO-NR', 'KTO-ABON')
>>> columns = {name: Column(name, "integer", filled=9, distinct=9, rows=9) for name in ("NR_KONTA", "KWOTA")}
>>> own_key("payment", columns) is None, owner_key("payment", columns)
(True, 'NR_KONTA')
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping

from extractors.profiling.columns import Column

MOSTLY_DISTINCT = 0.95  # of the rows
LONGEST_KEY = 64
"""Characters of a key, as in the catalogue of fields."""
OWNER = {"address": "subscriber", "account": "subscriber", "invoice": "account", "payment": "account"}
"""Entity -> the entity that it belongs to."""

_BEFORE, _BEHIND = r"(?:(?:NR|ID|NUMER|KOD)_?)?(?:", r")(?:_?(?:NR|ID|NO|NUM(?:ER)?|KEY))?"
# the first pattern that a column of the table has is meant
_NAMES: dict[str, tuple[str, ...]] = {
    "subscriber": (r"AB|ABON(?:ENT)?A?|KL|KLI(?:ENT)?A?|CUST(?:OMER)?|SUBSCRIBER|ODB(?:IORC[AY])?",),
    "account": (r"KONT[AO]?|KTO|ACC(?:OUN)?T", r"RACH(?:UN(?:EK|KU))?", r"EWID(?:ENC.*)?"),
    "invoice": (r"FAKT?(?:UR[AY])?|FV|FS|INV(?:OICE)?",),
    "payment": (r"WPL(?:AT[AY])?|PAYMENT|PLATN(?:OSCI)?",),
}
_PLAIN = r"@?(?:ID|NR|KLUCZ|KEY|NO)"
_KINDS = frozenset({"integer", "text", "code", "phone"})
_PREFIX_SHARE, _LEAST_COLUMNS = 0.7, 3


def fold(name: str) -> str:
    """A column's name in capitals, without diacritics, its words divided by `_`.

    >>> fold("Kod poczt."), fold("NAZWISKO-IMIĘ"), fold("Łączne")
    ('KOD_POCZT', 'NAZWISKO_IMIE', 'LACZNE')
    """
    plain = unicodedata.normalize("NFKD", name.replace("ł", "l").replace("Ł", "L")).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Z0-9@]+", "_", plain.upper()).strip("_")


def bare_names(names: Iterable[str]) -> dict[str, str]:
    """Names, folded, without the word that nearly all of them begin with.

    >>> bare_names(["KTO-NR", "KTO-ABON", "KTO-SALDO-ZAM"])
    {'KTO-NR': 'NR', 'KTO-ABON': 'ABON', 'KTO-SALDO-ZAM': 'SALDO_ZAM'}
    """
    folded = {name: fold(name) for name in names}
    first = Counter(name.partition("_")[0] for name in folded.values() if "_" in name)
    prefix, often = first.most_common(1)[0] if first else ("", 0)
    if len(folded) < _LEAST_COLUMNS or often < _PREFIX_SHARE * len(folded) or re.fullmatch(_PLAIN, prefix):
        return folded
    return {name: bare.removeprefix(f"{prefix}_") for name, bare in folded.items()}


def own_key(entity: str, columns: Mapping[str, Column]) -> str | None:
    """The column that names the rows of an entity; None where no name says so, or the values repeat.

    A few that repeat are records that were delivered twice, which a column of the right name may have.  For
    subscribers and addresses, the first column without a repeated value will do, where it is nobody else's key.
    """
    bare = bare_names(columns)
    candidates = [name for name, column in columns.items() if _may_be_key(column) and _tells_apart(column)]
    for pattern in (_PLAIN, *(f"{_BEFORE}{names}{_BEHIND}" for names in _NAMES.get(entity, ()))):
        for name in candidates:
            if re.fullmatch(pattern, bare[name]):
                return name
    if entity not in ("subscriber", "address"):
        return None
    others = [other for other in _NAMES if other != entity and other != OWNER.get(entity)]
    unique = (name for name in candidates if columns[name].is_unique)
    return next((name for name in unique if not any(_names(other, bare[name]) for other in others)), None)


def owner_key(entity: str, columns: Mapping[str, Column]) -> str | None:
    """The column that names what the rows of an entity belong to; None where no name says so."""
    bare = bare_names(columns)
    for pattern in _NAMES[OWNER[entity]]:
        for name, column in columns.items():
            if _may_be_key(column) and re.fullmatch(f"{_BEFORE}{pattern}{_BEHIND}", bare[name]):
                return name
    return None


def is_called(entity: str, table: str) -> bool:
    """Whether a table is called like an entity: `FAKTURY`, `wplaty_2`, `RACHUNEK`."""
    stems = {"account": "KONT|RACH|ACC", "invoice": "FAK|FV|INV", "payment": "WPL|PAYM|PLATN"}
    return bool(re.match(stems[entity], fold(table)))


def _names(entity: str, bare: str) -> bool:
    return any(re.fullmatch(f"{_BEFORE}{pattern}{_BEHIND}", bare) for pattern in _NAMES[entity])


def _tells_apart(column: Column) -> bool:
    """Nearly every row has a value, and nearly every value is another."""
    return column.is_unique or column.distinct >= MOSTLY_DISTINCT * max(column.rows, 1)


def _may_be_key(column: Column) -> bool:
    return column.kind in _KINDS and column.filled > 0 and column.longest <= LONGEST_KEY
