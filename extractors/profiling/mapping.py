"""From the columns of raw tables to canonical fields, where name and contents agree.

Names are the ones that Polish billing systems use, folded: `NAZWISKO`, `KOD_POCZT`, `SALDO_KONC`.  A name alone maps
nothing whose contents are of another kind, and contents alone map only what proves itself (a PESEL, a postal code).

>>> table = {"NR": Column("NR", "integer", filled=9, distinct=9, rows=9), "NAZWISKO": Column("NAZWISKO", "text"),
...          "X1": Column("X1", "pesel"), "SALDO": Column("SALDO", "money", {"decimal": ","})}
>>> [(m.entity, m.fields, m.is_sure) for m in map_table("abon", table)][0]
('subscriber', {'subscriber_key': ('NR', {}), 'last_name': ('NAZWISKO', {}), 'pesel': ('X1', {})}, True)
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from extractors.profiling.columns import Column

_TEXT = frozenset({"text", "code", "integer"})
# canonical field -> folded names it goes by, and the kinds that its contents may be of
_HINTS: dict[str, dict[str, tuple[str, frozenset[str]]]] = {
    "subscriber": {
        "last_name": (r"NAZWISKO|LAST_?NAME|SURNAME", _TEXT),
        "first_name": (r"IMIE|IMIONA|FIRST_?NAME", _TEXT),
        "name": (r"NAZWISKO_?I?_?IMIE|NAZW_?IM|NAME|ABONENT_?NAZWA|IMIE_?I?_?NAZWISKO", _TEXT),
        "company_name": (r"NAZWA(_?FIRMY)?|FIRMA|COMPANY(_?NAME)?", _TEXT),
        "pesel": (r".*", frozenset({"pesel"})),
        "nip": (r".*", frozenset({"nip"})),
        "regon": (r".*", frozenset({"regon"})),
        "birth_date": (r"(DATA_?)?UR(ODZ(ENIA)?)?|DATA_?UR.*|BIRTH.*", frozenset({"date"})),
        "phone": (r"TEL(EFON)?(_?KONT.*)?|PHONE|NR_?TEL.*", frozenset({"phone", "integer"})),
        "email": (r".*", frozenset({"email"})),
        "customer_since": (r"(DATA_?)?UMOW[AY]|UMOWA_?OD|CUSTOMER_?SINCE", frozenset({"date"})),
        "updated_on": (r"(DATA_?)?ZMIAN[AY]|(DATA|OST)_?ZM.*|UPDATED.*", frozenset({"date"})),
        "note": (r"UWAGI|NOTATKA|NOTE", _TEXT),
    },
    "address": {
        "street": (r"UL(ICA)?|STREET|ADRES_?UL.*", _TEXT),
        "house": (r"DOM|NR_?DOMU|HOUSE|BUDYNEK", _TEXT),
        "flat_no": (r"LOKAL|NR_?(LOKALU|MIESZK.*)|MIESZKANIE|FLAT", _TEXT),
        "postal_code": (r".*", frozenset({"postal_code"})),
        "city": (r"MIASTO|MIEJSC(OWOSC)?|CITY|TOWN", _TEXT),
        "post_town": (r"POCZTA|POST_?TOWN", _TEXT),
    },
    "account": {
        "account_no": (r"(NR_?)?KONT[AO]|NR_?EWID.*|EWID|NUMER|ACCOUNT(_?NO)?|NR_?RACH.*", _TEXT - {"code"}),
        "opening_balance": (r"SALDO_?(P(OCZ.*)?|OTW.*)|OPENING.*|BO", frozenset({"money"})),
        "closing_balance": (r"SALDO(_?(K(ON.*)?|ZAM.*))?|(CLOSING_?)?BALANCE|BZ", frozenset({"money"})),
        "balance_on": (r"(SALDO_?)?NA_?(DZIEN)?|BALANCE_?ON", frozenset({"date"})),
        "opened_on": (r"OTWART[AEY].*|(DATA_?)?ZAL.*|OPENED.*", frozenset({"date"})),
        "nrb": (r".*", frozenset({"nrb"})),
        "bill_cycle": (r"CYKL.*|BILL_?CYCLE", _TEXT),
    },
}  # fmt: skip
_KEY = (
    r"(NR|ID|NUMER|KLUCZ|KEY)(_?(ABON.*|KLI.*|EWID.*|KONTA|ODB.*))?"
    r"|(ABON|KLIENT|ABONENT|CUST).{0,4}(NR|ID|NO)?|CUST_?NO|@?ID"
)
_SUBSCRIBER_KEY = r"(NR_?|ID_?)?(ABON(ENT)?A?|KLI(ENT)?A?|CUST(OMER)?)(_?(NR|ID|NO))?"


@dataclass
class Mapped:
    """A canonical entity as far as a table's columns make one.

    Attributes:
        entity: Its name.
        table: Raw table.
        fields: Canonical field -> (column, other keys of the rule).
        constants: Canonical field -> value that the spec gives it.
        is_sure: All required fields are there and something proves that it is this entity.
        why: What is missing, or what has to be reviewed.
    """

    entity: str
    table: str
    fields: dict[str, tuple[str, dict[str, object]]] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    is_sure: bool = False
    why: str = ""


def fold(name: str) -> str:
    """A column's name in capitals, without diacritics, its words divided by `_`.

    >>> fold("Kod poczt."), fold("NAZWISKO-IMIĘ"), fold("Łączne")
    ('KOD_POCZT', 'NAZWISKO_IMIE', 'LACZNE')
    """
    plain = unicodedata.normalize("NFKD", name.replace("ł", "l").replace("Ł", "L")).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Z0-9@]+", "_", plain.upper()).strip("_")


def map_table(table: str, columns: Mapping[str, Column]) -> list[Mapped]:
    """The entities that a table's columns may be, the subscriber first."""
    key = _key(columns)
    found = []
    for entity, hints in _HINTS.items():
        mapped = Mapped(entity, table)
        taken: set[str] = {key} if key else set()
        for canonical, (pattern, kinds) in hints.items():
            # a field that any name may have is proved by its contents; of the others the best name wins
            for name, column in columns.items():
                if name not in taken and column.kind in kinds and re.fullmatch(pattern, fold(name)):
                    mapped.fields[canonical] = (name, column.rule)
                    taken.add(name)
                    break
        if mapped.fields:
            _complete(mapped, key, columns)
            found.append(mapped)
    return found


def _key(columns: Mapping[str, Column]) -> str | None:
    """The column that names a row: it is called so, or it is the first without a repeated value."""
    unique = [name for name, column in columns.items() if column.is_unique]
    named = [name for name in columns if re.fullmatch(_KEY, fold(name))]
    return next((name for name in named if name in unique), next(iter(named or unique), None))


def _complete(mapped: Mapped, key: str | None, columns: Mapping[str, Column]) -> None:
    """Add the key and the fields that every entity of the kind needs, and say whether it can stand."""
    if key is None:
        mapped.why = "no column tells one row from another"
        return
    rule: dict[str, object] = {}
    proved = set(mapped.fields)
    if mapped.entity == "subscriber":
        mapped.fields = {"subscriber_key": (key, rule), **mapped.fields}
        mapped.is_sure = bool(proved & {"pesel", "nip", "regon", "last_name", "name", "company_name"})
        mapped.why = "" if mapped.is_sure else "nothing proves that a row is a subscriber"
        return
    owner = next((name for name in columns if re.fullmatch(_SUBSCRIBER_KEY, fold(name))), key)
    if mapped.entity == "address":
        mapped.fields = {"address_key": (key, rule), "subscriber_key": (owner, rule), **mapped.fields}
        mapped.constants = {"role": "correspondence"}
        mapped.is_sure = "postal_code" in proved or {"street", "city"} <= proved
        mapped.why = "review `role`: the data do not say what the address is for"
        return
    number = mapped.fields.pop("account_no", (key, rule))
    mapped.fields = {"account_key": (key, rule), "account_no": number, "subscriber_key": (owner, rule), **mapped.fields}
    mapped.constants = {"currency": "PLN"}
    mapped.is_sure = "closing_balance" in proved
    mapped.why = "review the signs: positive is what the customer owes" if mapped.is_sure else "no closing balance"
