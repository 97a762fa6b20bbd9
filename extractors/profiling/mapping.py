"""From the columns of raw tables to canonical fields, where name and contents agree.

Names are the ones that Polish billing systems use, folded: `NAZWISKO`, `KOD_POCZT`, `SALDO_KONC`.  A name alone maps
nothing whose contents are of another kind, and contents alone map only what proves itself (a PESEL, a postal code).
What a row belongs to is never guessed: a column is called so, or it is left to a person.

>>> table = {"NR": Column("NR", "integer", filled=9, distinct=9, rows=9), "NAZWISKO": Column("NAZWISKO", "text"),
...          "X1": Column("X1", "pesel"), "SALDO": Column("SALDO", "money", {"decimal": ","})}
>>> [(m.entity, m.fields, m.is_sure) for m in map_table("abon", table)][0]
('subscriber', {'subscriber_key': ('NR', {}), 'last_name': ('NAZWISKO', {}), 'pesel': ('X1', {})}, True)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from billing.model import ENTITIES
from extractors.profiling.columns import Column
from extractors.profiling.keys import OWNER, bare_names, is_called, own_key, owner_key

_TEXT = frozenset({"text", "code", "integer"})
_NUMBER = _TEXT - {"code"} | {"phone"}
_MONEY, _DATE = frozenset({"money"}), frozenset({"date"})
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
        "birth_date": (r"(DATA_?)?UR(ODZ(ENIA)?)?|DATA_?UR.*|BIRTH.*", _DATE),
        "phone": (r"TEL(EFON)?(_?KONT.*)?|PHONE|NR_?TEL.*", frozenset({"phone", "integer"})),
        "email": (r".*", frozenset({"email"})),
        "customer_since": (r"(DATA_?)?UMOW[AY]|UMOWA_?OD|CUSTOMER_?SINCE", _DATE),
        "updated_on": (r"(DATA_?)?ZMIAN[AY]|(DATA|OST)_?ZM.*|UPDATED.*", _DATE),
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
        "account_no": (r"(NR_?)?KONT[AO]|NR_?EWID.*|EWID|NUMER|ACCOUNT(_?NO)?|NR_?RACH.*", _NUMBER),
        "opening_balance": (r"SALDO_?(P(OCZ.*)?|OTW.*)|OPENING.*|BO", _MONEY),
        "closing_balance": (r"SALDO(_?(K(ON.*)?|ZAM.*))?|(CLOSING_?)?BALANCE|BZ", _MONEY),
        "balance_on": (r"(SALDO_?)?NA_?(DZIEN)?|BALANCE_?ON|DATA_?SALDA", _DATE),
        "opened_on": (r"OTWART[AEY].*|(DATA_?)?(ZAL|OTW).*|OTW|OPENED.*", _DATE),
        "nrb": (r".*", frozenset({"nrb"})),
        "bill_cycle": (r"CYKL.*|BILL_?CYCLE", _TEXT),
    },
    "invoice": {
        "invoice_no": (r"NUMER|(NR|NUMER)_?(FAK.*|FV)|FAK\w*_?NUMER|INVOICE_?NO", _NUMBER),
        "issued_on": (r"(DATA_?)?WYST(AW.*)?|ISSUED?.*", _DATE),
        "sold_on": (r"(DATA_?)?SPRZ(EDAZ.*)?", _DATE),
        "due_on": (r"(DATA_?)?(TERMIN.*|PLATN.*)|DUE.*", _DATE),
        "period_from": (r"(OKRES_?)?OD", _DATE),
        "period_to": (r"(OKRES_?)?DO", _DATE),
        "net": (r"(KWOTA_?)?NETTO|NET", _MONEY),
        "vat": (r"(KWOTA_?)?VAT|PODATEK", _MONEY),
        "gross": (r"(KWOTA_?)?BRUTTO|GROSS|RAZEM", _MONEY),
    },
    "payment": {
        "paid_on": (r"(DATA_?)?(WPL.*|KS(IEG.*)?|ZAPL.*)|DATA|DZIEN|PAID.*", _DATE),
        "amount": (r"KWOTA(_?WPL.*)?|AMOUNT", _MONEY),
        "title": (r"TYTUL.*|TITLE", _TEXT),
    },
}  # fmt: skip
_PERSON = frozenset({"pesel", "nip", "regon", "last_name", "name"})
# what no column says is given by the declaration
_CONSTANTS = {
    "address": {"role": "correspondence"}, "account": {"currency": "PLN"}, "payment": {"currency": "PLN"},
    "invoice": {"kind": "invoice", "currency": "PLN"},
}  # fmt: skip
_REVIEW = {
    "address": "review `role`: the data do not say what the address is for",
    "account": "review the signs: positive is what the customer owes",
    "invoice": "review `kind`, and the signs: positive is what the customer owes",
    "payment": "review the signs: positive is what lowers the debt",
}
_CODED = {"address": r"ROLA|ROLE|RODZAJ.*|TYP.*", "invoice": r"RODZAJ.*|TYP.*|KIND"}
"""Names of a column that says what the entity's constant would: its codes are for a person to map."""


@dataclass
class Mapped:
    """A canonical entity as far as a table's columns make one.

    Attributes:
        entity: Its name.
        table: Raw table.
        fields: Canonical field -> (column, other keys of the rule).
        constants: Canonical field -> value that the spec gives it.
        todo: Required fields that nothing is known of -> what a person has to say.
        coded: Field of `todo` -> column whose codes say it, where there is one.
        is_sure: All required fields are there and something proves that it is this entity.
        why: What is missing, or what has to be reviewed.
    """

    entity: str
    table: str
    fields: dict[str, tuple[str, dict[str, object]]] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    todo: dict[str, str] = field(default_factory=dict)
    coded: dict[str, str] = field(default_factory=dict)
    is_sure: bool = False
    why: str = ""


def map_table(table: str, columns: Mapping[str, Column]) -> list[Mapped]:
    """The entities that a table's columns may be, the subscriber first."""
    found: list[Mapped] = []
    for entity, hints in _HINTS.items():
        key = own_key(entity, columns)
        owner = owner_key(entity, columns) if entity in OWNER else None
        fields = _fields(entity, hints, columns, {name for name in (key, owner) if name})
        if not _looks_so[entity](table, fields):
            continue
        if entity in OWNER and owner is None and found and found[0].is_sure and OWNER[entity] == "subscriber":
            owner = found[0].fields["subscriber_key"][0]  # the row is the subscriber's own
        found.append(_complete(Mapped(entity, table, fields), key, owner, columns))
    return found


def _fields(
    entity: str, hints: dict[str, tuple[str, frozenset[str]]], columns: Mapping[str, Column], taken: set[str]
) -> dict[str, tuple[str, dict[str, object]]]:
    bare = bare_names(columns)
    longest = {known.name: known.max_length for known in ENTITIES[entity].fields if known.type == "text"}
    fields: dict[str, tuple[str, dict[str, object]]] = {}
    for canonical, (pattern, kinds) in hints.items():
        # a field that any name may have is proved by its contents; of the others the best name wins
        for name, column in columns.items():
            fits = column.kind in kinds and column.longest <= longest.get(canonical, column.longest)
            if name not in taken and fits and re.fullmatch(pattern, bare[name]):
                fields[canonical] = (name, column.rule)
                taken.add(name)
                break
    return fields


_looks_so: dict[str, Callable[[str, Mapping[str, object]], bool]] = {
    "subscriber": lambda _, fields: bool(fields),
    "address": lambda _, fields: bool(fields),
    "account": lambda table, fields: "closing_balance" in fields or (bool(fields) and is_called("account", table)),
    "invoice": lambda table, fields: (
        {"issued_on", "gross"} <= set(fields)
        or (bool({"issued_on", "gross", "net"} & set(fields)) and is_called("invoice", table))
    ),
    "payment": lambda table, fields: {"paid_on", "amount"} <= set(fields) and is_called("payment", table),
}
"""Entity -> whether a table's name and the fields found in it speak for it at all."""


def _complete(mapped: Mapped, key: str | None, owner: str | None, columns: Mapping[str, Column]) -> Mapped:
    """Add the keys and the fields that every entity of the kind needs, and say whether it can stand."""
    entity = mapped.entity
    proved = set(mapped.fields)
    keys: dict[str, str | None] = {f"{entity}_key": key}
    if entity in OWNER:
        keys[f"{OWNER[entity]}_key"] = owner
    mapped.fields = {**{name: (column, {}) for name, column in keys.items() if column}, **mapped.fields}
    if entity in ("account", "invoice") and key:
        mapped.fields.setdefault(f"{entity}_no", (key, {}))
    mapped.constants = dict(_CONSTANTS.get(entity, {}))
    if coded := _coded(entity, columns):
        name = "role" if entity == "address" else "kind"
        del mapped.constants[name]
        choices = ", ".join(next(known.codes for known in ENTITIES[entity].fields if known.name == name))
        mapped.todo[name] = f"map the codes of {coded} to {choices}"
        mapped.coded[name] = coded
    for required in (known.name for known in ENTITIES[entity].fields if known.required):
        if required not in {*mapped.fields, *mapped.constants, *mapped.todo}:
            mapped.todo[required] = (
                "no column tells one row from another" if required == f"{entity}_key" else "no column is called so"
            )
    if mapped.todo:
        mapped.why = f"to be completed: {', '.join(f'{name} ({why})' for name, why in mapped.todo.items())}"
    elif entity == "subscriber" and not proved & _PERSON:
        mapped.why = "nothing proves that a row is a subscriber"
    elif entity == "address" and not ("postal_code" in proved or {"street", "city"} <= proved):
        mapped.why = "nothing proves that a row is an address"
    else:
        mapped.is_sure = True
        mapped.why = _REVIEW.get(entity, "")
        if key and not columns[key].is_unique:
            twice = f"{key} is not another in every row"
            mapped.why = f"{mapped.why}; {twice}" if mapped.why else f"review: {twice}"
    return mapped


def _coded(entity: str, columns: Mapping[str, Column]) -> str | None:
    """The column whose codes say what the entity's constant would have said for all rows."""
    pattern = _CODED.get(entity)
    coded = (name for name, bare in bare_names(columns).items() if pattern and re.fullmatch(pattern, bare))
    return next((name for name in coded if columns[name].kind in ("code", "text") and columns[name].distinct > 1), None)
