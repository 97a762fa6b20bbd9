"""From a consolidated row back to its bytes: account, invoice or customer -> sources, files, records, offsets.

The trail is the crosswalk's; the bytes are fetched by a function that the caller gives, since this package knows
nothing of files.  Personal values are masked unless the caller asks for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import psycopg
from psycopg.rows import dict_row

from billing.masking import mask
from billing.model import ENTITIES

Kind = Literal["account", "invoice", "customer"]
ReadRaw = Callable[[str, str, int, int], bytes | None]
"""(source id, SHA-256 of the file, first byte, length) -> the bytes, or None where the file is gone."""

MOST = 20  # rows that one text may find


@dataclass(frozen=True)
class Origin:
    """A record of a legacy source.

    Attributes:
        entity: Canonical entity that it is.
        source_id: The source.
        source_key: Its key there.
        file_name: Name of the delivered file.
        sha256: Hash of the file.
        record_no: Record in the file, from 1.
        byte_offset: Its first byte.
        byte_length: Its length.
        batch_id: Batch that last wrote it.
        raw: Its bytes; None where they were not asked for or the file is gone.
    """

    entity: str
    source_id: str
    source_key: str
    file_name: str
    sha256: str
    record_no: int
    byte_offset: int
    byte_length: int
    batch_id: int
    raw: bytes | None = None


@dataclass(frozen=True)
class Trail:
    """A consolidated row and where it came from.

    Attributes:
        kind: What it is.
        id: Its consolidated id.
        row: Its columns.
        related: Name -> columns of single rows beside it (owner, balance, account).
        counts: Name -> (rows, sum of amounts as text) of what hangs on it.
        origins: Its records; a customer has one of each source record.
        note: What has to be known (an id that was merged away).
    """

    kind: Kind
    id: int
    row: Mapping[str, Any]
    related: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    counts: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    origins: tuple[Origin, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class SetAside:
    """A record that was not loaded, as the reject store keeps it.

    Attributes:
        origin: Where it stands; `batch_id` is the load that found it, `raw` its bytes.
        disposition: rejected or suspended.
        reason: Code of `billing.reasons`.
        message: What is wrong with it.
        amount: Its control amount as text, empty where it has none or it is unreadable.
    """

    origin: Origin
    disposition: str
    reason: str
    message: str
    amount: str


def trace(
    connection: psycopg.Connection,
    text: str,
    *,
    kind: Kind | None = None,
    by_key: bool = False,
    read_raw: ReadRaw | None = None,
    reveal: bool = False,
) -> list[Trail]:
    """Find what a text names and follow it back.

    Args:
        connection: An open connection.
        text: Number of an account or invoice as printed, or a customer's id; where nothing is called so, the key of any
            of them in its source, alone or as `source/key`.  An id with leading zeros is what is tried last.
        kind: Only this kind.
        by_key: The text is a source's own key.
        read_raw: Fetches bytes; without it origins have none.
        reveal: Show personal values in clear.

    Returns:
        Everything that the text names (at most `MOST` of a kind); empty where it names nothing.
    """
    found: list[Trail] = []
    text = text.strip()
    source, slash, key = text.partition("/")
    names = {} if by_key else _named(connection, text, kind, is_id=text == text.lstrip("0"))
    names = names or _keyed(connection, text, kind)
    if not names and slash:
        names = _keyed(connection, key, kind, source=source)
    if not names and not by_key:
        names = _named(connection, text, kind, is_id=True)
    for name, ids in names.items():
        for row_id, note in ids:
            found.append(_trail(connection, name, row_id, note=note, read_raw=read_raw, reveal=reveal))
    return found


_NAMED: dict[Kind, str] = {
    "account": "SELECT account_id, '' FROM billing.billing_account WHERE account_no = %(text)s ORDER BY 1 LIMIT {most}",
    "invoice": "SELECT invoice_id, '' FROM billing.invoice WHERE invoice_no = %(text)s ORDER BY 1 LIMIT {most}",
    "customer": "SELECT party_id, '' FROM billing.party WHERE party_id = %(id)s UNION ALL "
    "SELECT party_id, 'customer ' || alias_id || ' became part of customer ' || party_id "
    "FROM control.party_alias WHERE alias_id = %(id)s",
}
# naming every source lets the server use the index, which begins with the source
_KEYED = (
    "SELECT target_id FROM control.xref_{entity} WHERE source_id = ANY(ARRAY(SELECT source_id FROM control.source "
    "WHERE %(source)s::text IS NULL OR code = %(source)s)) AND source_key = %(key)s ORDER BY 1 LIMIT {most}"
)
_ENTITY: dict[Kind, str] = {"account": "account", "invoice": "invoice", "customer": "subscriber"}

Found = dict[Kind, list[tuple[int, str]]]


def _named(connection: psycopg.Connection, text: str, kind: Kind | None, *, is_id: bool) -> Found:
    """What bears a text as its number or id: kind -> `(id, note)`; kinds without any are left out."""
    number = int(text) if is_id and text.isdecimal() and len(text) < 19 else None
    found: Found = {}
    for name, query in _NAMED.items():
        if kind in (None, name) and (number is not None or name != "customer"):
            rows = connection.execute(query.format(most=MOST), {"text": text, "id": number}).fetchall()
            if rows:
                found[name] = [(int(row_id), str(note)) for row_id, note in rows]
    return found


def _keyed(connection: psycopg.Connection, key: str, kind: Kind | None, *, source: str | None = None) -> Found:
    """What has a key in a source, or in any; kinds without any are left out."""
    found: Found = {}
    for name, entity in _ENTITY.items():
        if kind in (None, name):
            given = {"key": key, "source": source}
            rows = connection.execute(_KEYED.format(entity=entity, most=MOST), given).fetchall()
            if rows:
                found[name] = [(int(row_id), "") for (row_id,) in rows]
    return found


_ASIDE = """
SELECT r.entity, c.code, coalesce(r.source_key, ''), coalesce(r.file_name, ''), coalesce(f.sha256, ''), r.record_no,
       r.byte_offset, r.byte_length, r.batch_id, r.raw, r.disposition, r.reason, r.message,
       coalesce(r.amount || ' ' || r.currency, '')
  FROM control.reject r JOIN control.source c USING (source_id) LEFT JOIN control.source_file f USING (file_id)
 WHERE r.state = 'open' AND r.level = 'record' AND ({where})
 ORDER BY r.source_key IS DISTINCT FROM %(text)s, c.code, r.file_name, r.record_no, r.entity LIMIT {most}
"""
_PLACE = re.compile(r"(\w+)/(.+):(\d{1,18})")
_LEAST_SEARCHED = 5  # characters: shorter texts stand in too many records by chance


def set_aside(connection: psycopg.Connection, text: str, *, in_bytes: bool = True) -> list[SetAside]:
    """Records that were not loaded and that a text names: by place, by their key, or standing in their bytes.

    Args:
        connection: An open connection that may read the reject store's bytes.
        text: `source/file:record`, a source's key, alone or as `source/key`, or a number as printed.
        in_bytes: Where no key is equal, search the text in the bytes, as ASCII and as EBCDIC.

    Returns:
        At most `MOST` records, those whose own key it is first.
    """
    text = text.strip()
    if place := _PLACE.fullmatch(text):
        where = "c.code = %(code)s AND r.file_name = %(file)s AND r.record_no = %(record)s"
        given = {"text": None, "code": place[1], "file": place[2], "record": int(place[3])}
        return _set_aside(connection, where, given)
    by_key = "r.source_key = %(text)s OR r.account_key = %(text)s OR starts_with(r.source_key, %(text)s || '|')"
    by_bytes = "position(%(ascii)s::bytea IN r.raw) > 0 OR position(%(ebcdic)s::bytea IN r.raw) > 0"
    found = _set_aside(connection, by_key, {"text": text})
    source, slash, key = text.partition("/")
    if not found and slash:
        found = _set_aside(connection, f"c.code = %(code)s AND ({by_key})", {"text": key, "code": source})
    if not found and in_bytes and len(text) >= _LEAST_SEARCHED and text.isascii():
        given = {"text": text, "ascii": text.encode("ascii"), "ebcdic": text.encode("cp037")}
        found = _set_aside(connection, by_bytes, given)
    return found


_AT_PLACE = """
SELECT x.entity, c.code, x.source_key, f.name, f.sha256, x.record_no, x.byte_offset, x.byte_length, x.batch_id
  FROM control.xref x JOIN control.source c USING (source_id) JOIN control.source_file f USING (file_id)
 WHERE c.code = %s AND f.name = %s AND x.record_no = %s ORDER BY x.entity, x.source_key, f.sha256 LIMIT {most}
"""


def loaded_at(connection: psycopg.Connection, text: str, *, read_raw: ReadRaw | None = None) -> list[Origin]:
    """What was loaded of the record at a place, of any entity.

    Args:
        connection: An open connection.
        text: `source/file:record`, as the reject store names places.
        read_raw: Fetches bytes; without it origins have none.

    Returns:
        At most `MOST`; none where the text is no place.
    """
    place = _PLACE.fullmatch(text.strip())
    if place is None:
        return []
    origins = []
    for row in connection.execute(_AT_PLACE.format(most=MOST), [place[1], place[2], int(place[3])]):
        entity, source, key, file, sha, record, offset, length, batch = row
        raw = read_raw(source, sha, offset, length) if read_raw else None
        origins.append(Origin(entity, source, key, file, sha, record, offset, length, batch, raw))
    return origins


def _set_aside(connection: psycopg.Connection, where: str, given: Mapping[str, Any]) -> list[SetAside]:
    rows = connection.execute(_ASIDE.format(where=where, most=MOST), given).fetchall()
    return [
        SetAside(Origin(*row[:10]), disposition=row[10], reason=row[11], message=row[12], amount=row[13])
        for row in rows
    ]


_ROW: dict[Kind, str] = {
    "account": "SELECT t.*, c.code AS source FROM billing.billing_account t JOIN control.source c USING (source_id) "
    "WHERE account_id = %s",
    "invoice": "SELECT t.*, c.code AS source FROM billing.invoice t JOIN control.source c USING (source_id) "
    "WHERE invoice_id = %s",
    "customer": "SELECT p.*, u.segment, u.status, u.customer_since FROM billing.party p "
    "JOIN billing.customer u ON u.customer_id = p.party_id WHERE p.party_id = %s",
}
_RELATED: dict[Kind, dict[str, str]] = {
    "account": {
        "balance": "SELECT currency, balance_on, opening_balance, closing_balance FROM billing.account_balance "
        "WHERE account_id = %s",
        "owner": "SELECT p.party_id, p.display_name, p.kind FROM billing.party p JOIN billing.billing_account a "
        "ON a.customer_id = p.party_id WHERE a.account_id = %s",
    },
    "invoice": {
        "account": "SELECT a.account_id, a.account_no FROM billing.billing_account a JOIN billing.invoice i "
        "USING (account_id) WHERE i.invoice_id = %s",
        "owner": "SELECT p.party_id, p.display_name, p.kind FROM billing.party p JOIN billing.billing_account a "
        "ON a.customer_id = p.party_id JOIN billing.invoice i USING (account_id) WHERE i.invoice_id = %s",
    },
    "customer": {
        "identifiers": "SELECT max(value_masked) FILTER (WHERE kind = 'pesel') AS pesel, "
        "max(value_masked) FILTER (WHERE kind = 'nip') AS nip, max(value_masked) FILTER (WHERE kind = 'regon') "
        "AS regon, max(value_masked) FILTER (WHERE kind = 'krs') AS krs, "
        "max(value_masked) FILTER (WHERE kind = 'document') AS document "
        "FROM billing.party_identification WHERE party_id = %s",
    },
}
_COUNTS: dict[Kind, dict[str, str]] = {
    "account": {
        "lines": "SELECT count(*), NULL FROM billing.line WHERE account_id = %s",
        "subscriptions": "SELECT count(*), sum(monthly_fee) FROM billing.subscription WHERE account_id = %s",
        "invoices": "SELECT count(*), sum(gross) FROM billing.invoice WHERE account_id = %s",
        "payments": "SELECT count(*), sum(amount) FROM billing.payment WHERE account_id = %s",
        "adjustments": "SELECT count(*), sum(amount) FROM billing.adjustment WHERE account_id = %s",
    },
    "invoice": {
        "items": "SELECT count(*), sum(net) FROM billing.invoice_item WHERE invoice_id = %s",
        "tax": "SELECT count(*), sum(vat) FROM billing.tax_item WHERE invoice_id = %s",
        "allocations": "SELECT count(*), sum(amount) FROM billing.payment_allocation WHERE invoice_id = %s",
    },
    "customer": {
        "accounts": "SELECT count(*), sum(closing_balance) FROM billing.billing_account a "
        "JOIN billing.account_balance USING (account_id) WHERE a.customer_id = %s",
        "addresses and numbers": "SELECT count(*), NULL FROM billing.contact_medium WHERE party_id = %s",
        "decisions": "SELECT count(*), NULL FROM control.match_decision WHERE party_id = %s",
    },
}
_LINEAGE = """
SELECT x.entity, c.code, x.source_key, f.name, f.sha256, x.record_no, x.byte_offset, x.byte_length, x.batch_id
  FROM control.xref_{entity} x JOIN control.source c USING (source_id) JOIN control.source_file f USING (file_id)
 WHERE x.target_id = %s ORDER BY c.code, x.source_key
"""


def _trail(
    connection: psycopg.Connection, kind: Kind, row_id: int, *, note: str, read_raw: ReadRaw | None, reveal: bool
) -> Trail:
    with connection.cursor(row_factory=dict_row) as cursor:

        def one(query: str) -> dict[str, Any]:
            row = cursor.execute(query, [row_id]).fetchone() or {}
            return {k: v for k, v in (row if reveal else masked(row)).items() if v is not None and k != "row_hash"}

        row = one(_ROW[kind])
        related = {name: one(query) for name, query in _RELATED[kind].items()}
    counts: dict[str, tuple[int, str]] = {}
    for name, query in _COUNTS[kind].items():
        number, amount = connection.execute(query, [row_id]).fetchone() or (0, None)
        counts[name] = (int(number), "" if amount is None else str(amount))
    origins = []
    for entity, source, key, file, sha, record, offset, length, batch in connection.execute(
        _LINEAGE.format(entity=_ENTITY[kind]), [row_id]
    ):
        raw = read_raw(source, sha, offset, length) if read_raw else None
        origins.append(Origin(entity, source, key, file, sha, record, offset, length, batch, raw))
    return Trail(kind, row_id, row, related, counts, tuple(origins), note)


_PERSONAL = {f.name: f.personal for e in ENTITIES.values() for f in e.fields if f.personal != "none"} | {
    "display_name": "personal",
    "name_folded": "personal",
}


def masked(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with its personal values masked; numbers of accounts stay, they are what was asked for.

    >>> masked({"last_name": "Kowalska", "account_no": "120034", "nrb": "61109010140000071219812874"})
    {'last_name': 'K*******', 'account_no': '120034', 'nrb': '61*******'}
    """
    shown = dict(row)
    for name, value in row.items():
        personal = _PERSONAL.get(name)
        if name != "account_no" and personal and value is not None:
            shown[name] = mask(str(value))
    return shown
