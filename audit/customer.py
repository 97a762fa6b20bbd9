"""A customer as it was put together: the surviving values, where each came from, what lost, and what hangs on it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

from audit.subjects import Subject
from audit.trace import masked
from billing.decisions import Decision, RecordRef

GOLDEN = ("kind", "display_name", "first_name", "last_name", "company_name", "birth_date", "sex", "segment", "status")


@dataclass(frozen=True)
class Origin:
    """Where the value of a field came from.

    Attributes:
        record: The record that gave it.
        rule: Rule of survivorship that chose it.
        lost: Record -> value that it was chosen over.
    """

    record: RecordRef
    rule: str
    lost: Mapping[RecordRef, str]


@dataclass(frozen=True)
class Contact:
    """Where somebody is reached; none is chosen over another, every one stays.

    Attributes:
        medium: address, phone or email.
        role: What it is for.
        value: Number, e-mail address or address.
        records: Who gave it.
    """

    medium: str
    role: str
    value: str
    records: tuple[RecordRef, ...]


@dataclass(frozen=True)
class Customer:
    """A customer.

    Attributes:
        party_id: Its id.
        values: Field -> surviving value; identifiers among them.
        origins: Field -> where it came from, for fields in which the records differ.
        records: Its records.
        contacts: Its addresses, numbers and e-mail addresses.
        accounts: Its accounts: number, source, balance, currency, state.
        aliases: Ids that resolve to it.
        decisions: What people decided on its records, as far as it stands.
        moves: Records that came to it or left it: (when, record, from, to).
    """

    party_id: int
    values: Mapping[str, str]
    origins: Mapping[str, Origin]
    records: tuple[RecordRef, ...]
    contacts: tuple[Contact, ...]
    accounts: tuple[Mapping[str, Any], ...]
    aliases: tuple[int, ...]
    decisions: tuple[Decision, ...]
    moves: tuple[tuple[Any, RecordRef, int | None, int], ...]


def customer(
    connection: psycopg.Connection, subject: Subject, decisions: Sequence[Decision], *, reveal: bool = False
) -> Customer:
    """Gather a customer.

    Args:
        connection: An open connection; with `reveal`, one that may read clear identifiers.
        subject: Whom.
        decisions: Those that stand.
        reveal: Show personal values in clear; identifiers that lost are kept masked only.
    """
    party = subject.party_id
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            "SELECT p.*, u.segment, u.status FROM billing.party p "
            "JOIN billing.customer u ON u.customer_id = p.party_id WHERE p.party_id = %s",
            [party],
        ).fetchone()
        accounts = cursor.execute(_ACCOUNTS, [party]).fetchall()
        provenance = cursor.execute(_PROVENANCE, [party]).fetchall()
    values = {name: str((row or {})[name]) for name in GOLDEN if (row or {}).get(name) is not None}
    values = values if reveal else masked(values)
    column = "value_clear" if reveal else "value_masked"
    identifiers = connection.execute(
        f"SELECT kind, {column} FROM billing.party_identification WHERE party_id = %s ORDER BY kind", [party]
    )
    values |= {str(kind): str(value) for kind, value in identifiers}
    origins = {}
    for found in provenance:
        lost = _lost(found["lost"] or "", subject.records)
        shown = lost if reveal else {ref: masked({found["field"]: v})[found["field"]] for ref, v in lost.items()}
        origins[found["field"]] = Origin(RecordRef(found["code"], found["subscriber_key"]), found["rule"], shown)
        if found["field"] not in values:
            values[found["field"]] = (
                found["value"] if reveal else masked({found["field"]: found["value"]})[found["field"]]
            )
    named = set(subject.records)
    return Customer(
        party,
        values,
        origins,
        subject.records,
        _contacts(connection, party, reveal=reveal),
        tuple(accounts),
        tuple(row[0] for row in connection.execute(_ALIASES, [party])),
        tuple(d for d in decisions if named & set(d.records)),
        tuple((at, RecordRef(s, k), old, new) for at, s, k, old, new in connection.execute(_MOVES, [party, party])),
    )


def _contacts(connection: psycopg.Connection, party: int, *, reveal: bool) -> tuple[Contact, ...]:
    """Contacts that are the same are one, whoever gave them."""
    given: dict[tuple[str, str, tuple[tuple[str, str], ...]], list[RecordRef]] = {}
    with connection.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(_CONTACTS, [party]):
            parts = tuple((name, str(row[name])) for name in _PARTS if row[name] not in (None, ""))
            if not {"locality", "street_name"}.isdisjoint(dict(parts)):  # it was taken apart
                parts = tuple(part for part in parts if part[0] != "address_text")
            refs = given.setdefault((row["medium"], row["role"], parts), [])
            if (ref := RecordRef(row["code"], row["subscriber_key"])) not in refs:
                refs.append(ref)
    return tuple(
        Contact(medium, role, " ".join((dict(parts) if reveal else masked(dict(parts))).values()), tuple(refs))
        for (medium, role, parts), refs in given.items()
        if parts
    )


def _lost(text: str, records: Sequence[RecordRef]) -> dict[RecordRef, str]:
    """Read `source:key=value; source:key=value`, where values may hold anything, by the records that may stand there.

    >>> found = _lost("lodz:1=Nowak; Anna; opole:2=", [RecordRef("lodz", "1"), RecordRef("opole", "2")])
    >>> {str(record): value for record, value in found.items()}
    {'lodz/1': 'Nowak; Anna', 'opole/2': ''}
    """
    marks = {f"{r.source_id}:{r.subscriber_key}=": r for r in records}
    if not text or not marks:
        return {}
    pattern = "|".join(re.escape(mark) for mark in sorted(marks, key=len, reverse=True))
    parts = re.split(rf"(?:^|; )({pattern})", text)
    return {marks[mark]: value for mark, value in zip(parts[1::2], parts[2::2], strict=True)}


_ACCOUNTS = """
SELECT a.account_no, c.code AS source, b.closing_balance, b.currency, a.status FROM billing.billing_account a
  JOIN control.source c USING (source_id) LEFT JOIN billing.account_balance b USING (account_id)
 WHERE a.customer_id = %s ORDER BY c.code, a.account_no
"""
_PROVENANCE = """
SELECT v.field, c.code, v.subscriber_key, v.rule, v.value, v.lost FROM control.field_provenance v
  JOIN control.source c USING (source_id) WHERE v.party_id = %s ORDER BY v.field
"""
_PARTS = (
    "phone", "phone_extension", "email", "postal_code", "locality", "street_name", "building", "flat", "address_text",
)  # fmt: skip
_CONTACTS = f"""
SELECT m.medium, m.role, c.code, m.subscriber_key, {", ".join(f"m.{name}" for name in _PARTS)}
  FROM billing.contact_medium m JOIN control.source c USING (source_id) WHERE m.party_id = %s
 ORDER BY m.medium DESC, m.role, c.code, m.subscriber_key, m.contact_medium_id
"""
_ALIASES = "SELECT alias_id FROM control.party_alias WHERE party_id = %s ORDER BY 1"
_MOVES = """
SELECT d.decided_at, c.code, d.subscriber_key, d.former_party_id, d.party_id FROM control.match_decision d
  JOIN control.source c USING (source_id)
 WHERE d.action = 'move' AND (d.party_id = %s OR d.former_party_id = %s) ORDER BY d.decision_id
"""
