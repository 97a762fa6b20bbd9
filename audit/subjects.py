"""Whom a text names: `source/key`, an account's number or a customer's id, as the subscriber records behind it."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from billing.decisions import RecordRef
from billing.errors import BillingError


class NotNamed(BillingError):
    """A text names nobody, or several."""

    title = "Who is meant?"


@dataclass(frozen=True)
class Subject:
    """A customer, or one record of it.

    Attributes:
        text: As it was asked for.
        party_id: The customer.
        record: The one record that the text names; None where it names the customer.
        records: All of the customer's records.
        note: What has to be known (an id that was merged away, the account's owner).
    """

    text: str
    party_id: int
    record: RecordRef | None
    records: tuple[RecordRef, ...]
    note: str = ""

    @property
    def looked_at(self) -> tuple[RecordRef, ...]:
        """The named record, else all of them."""
        return (self.record,) if self.record else self.records


def find_subject(connection: psycopg.Connection, text: str) -> Subject:
    """Find whom a text names.

    Args:
        connection: An open connection.
        text: `source/key`, an account's number or a customer's id; where a number may be either, `account:N` and
            `customer:N` say which.

    Raises:
        NotNamed: Nobody is called so, or several are.
    """
    text = text.strip()
    kind, colon, rest = text.partition(":")
    wanted = rest if colon and kind in ("account", "customer") else text
    found: dict[tuple[int, RecordRef | None], str] = {}
    if kind not in ("account", "customer") or not colon:
        for party, source, key in connection.execute(_RECORD, {"text": wanted}):
            found[party, RecordRef(source, key)] = ""
    if (kind == "account" or not colon) and not found:
        for party, source, key, number in connection.execute(_ACCOUNT, {"text": wanted}):
            found[party, RecordRef(source, key)] = f"account {number} of {source}"
    # an id has no leading zeros, which tells many an account's number from it
    is_id = wanted.isdecimal() and len(wanted) < 19 and wanted == str(int(wanted))
    if (kind == "customer" or not colon) and is_id:
        for party, note in connection.execute(_CUSTOMER, {"id": int(wanted)}):
            found[party, None] = note
    if not found:
        raise NotNamed(
            f"nobody is called {text!r}", remedy="give source/key, the number of an account or the id of a customer"
        )
    if len(found) > 1:
        names = ", ".join(f"{record} (customer {party})" if record else f"customer:{party}" for party, record in found)
        raise NotNamed(f"{text!r} names several: {names}", remedy="name one of them so")
    (((party, record), note),) = found.items()
    rows = connection.execute(_RECORDS, [party]).fetchall()
    return Subject(text, party, record, tuple(sorted(RecordRef(*row) for row in rows)), note)


_RECORD = """
SELECT x.target_id, c.code, x.source_key FROM control.source c JOIN control.xref_subscriber x USING (source_id)
 WHERE c.code = split_part(%(text)s, '/', 1) AND x.source_key = substr(%(text)s, length(c.code) + 2)
"""
_ACCOUNT = """
SELECT a.customer_id, c.code, a.subscriber_key, a.account_no FROM billing.billing_account a
  JOIN control.source c USING (source_id) WHERE a.account_no = %(text)s ORDER BY 1, 2, 3 LIMIT 20
"""
_CUSTOMER = """
SELECT party_id, '' FROM billing.party WHERE party_id = %(id)s UNION ALL
SELECT party_id, 'customer ' || alias_id || ' became part of customer ' || party_id
  FROM control.party_alias WHERE alias_id = %(id)s
"""
_RECORDS = """
SELECT c.code, x.source_key FROM control.xref_subscriber x JOIN control.source c USING (source_id)
 WHERE x.target_id = %s
"""
