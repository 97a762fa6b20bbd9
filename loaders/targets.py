"""How each canonical entity lies in the warehouse: its table, its parents, and the columns that are carried over.

*Keyed* entities have a consolidated id of their own, found through `control.xref`.  *Details* (lines and VAT of an
invoice, allocations of a payment) hang on their parents' ids and carry their lineage themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

from billing.lineage import LINEAGE_NAMES
from billing.model import ENTITIES, normalised_schema
from loaders import tables


@dataclass(frozen=True)
class Parent:
    """A reference that becomes an id.

    Attributes:
        column: Column of the target.
        entity: Partition of the crosswalk that knows it.
        key: Staging column with the parent's legacy key.
        optional: The row goes on without it.
    """

    column: str
    entity: str
    key: str
    optional: bool = False


@dataclass(frozen=True)
class Extra:
    """A further table that is written from the same staged row under the same id.

    Attributes:
        table: Name below `billing`.
        columns: Its columns except id, source and batch; all are staging columns.
    """

    table: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Keyed:
    """An entity with an id of its own.

    Attributes:
        entity: Partition of the crosswalk.
        table: Table below `billing`.
        id: Its id column.
        key: Staging column with the legacy key.
        parents: References.
        columns: Columns carried over under the same name.
        staged: Table below `staging`.
        extra: A second table of the same row.
        joins: Further joins that `computed` needs; `s` is the staged row.
        computed: (column, SQL expression) beside the carried ones; not part of the content hash.
    """

    entity: str
    table: str
    id: str
    key: str
    parents: tuple[Parent, ...]
    columns: tuple[str, ...]
    staged: str
    extra: Extra | None = None
    joins: str = ""
    computed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Detail:
    """An entity that is part of another one's document.

    Attributes:
        entity: Canonical entity, staging table and target table alike.
        parents: References; the first is the document it is a part of.
        own: Further key columns.
        columns: Columns carried over.
    """

    entity: str
    parents: tuple[Parent, ...]
    own: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """Primary key of the target."""
        return (*(p.column for p in self.parents if not p.optional), *self.own)


def _carried(entity: str, table: str, *without: str) -> tuple[str, ...]:
    """Columns that staging and target have in common, in the catalogue's order."""
    target = tables.metadata.tables[f"billing.{table}"].columns
    left_out = {*LINEAGE_NAMES, *without}
    return tuple(n for n in normalised_schema(entity).names if n in target and n not in left_out)


_OWNER = Parent("customer_id", "subscriber", "subscriber_key")
_PAYER = Parent("payer_customer_id", "subscriber", "payer_subscriber_key", optional=True)
_PARTY = Parent("party_id", "subscriber", "subscriber_key")
_ACCOUNT = Parent("account_id", "account", "account_key")
_ACCOUNT_IF = Parent("account_id", "account", "account_key", optional=True)
_LINE = Parent("line_id", "line", "line_key", optional=True)
_INVOICE = Parent("invoice_id", "invoice", "invoice_key")
_PAYMENT = Parent("payment_id", "payment", "payment_key")

_PLAN = "JOIN billing.plan_map plan ON plan.source_id = s.source_id AND plan.plan_code = s.plan_code"


def _keyed(entity: str, table: str, *parents: Parent, joins: str = "", plan: bool = False) -> Keyed:
    key = ENTITIES[entity].key[0]
    computed = (("offering_id", "plan.offering_id"),) if plan else ()
    columns = _carried(entity, table)
    return Keyed(entity, table, f"{table}_id", key, parents, columns, entity, None, joins, computed)


KEYED: dict[str, Keyed] = {
    "account": Keyed(
        "account", "billing_account", "account_id", "account_key", (_OWNER, _PAYER),
        _carried("account", "billing_account"), "account",
        Extra("account_balance", ("currency", "balance_on", "opening_balance", "closing_balance")),
    ),
    "line": _keyed("line", "line", _ACCOUNT),
    "subscription": _keyed("subscription", "subscription", _ACCOUNT, _LINE, joins=_PLAN, plan=True),
    "address": Keyed(
        "address", "contact_medium", "contact_medium_id", "address_key", (_PARTY, _ACCOUNT_IF, _LINE),
        _carried("address", "contact_medium", "phone", "email"), "address", computed=(("medium", "'address'"),),
    ),
    "contact": Keyed(
        "contact", "contact_medium", "contact_medium_id", "contact_key", (_PARTY,),
        ("subscriber_key", "medium", "role", "phone", "phone_extension", "email"), "contact",
    ),
    "invoice": _keyed("invoice", "invoice", _ACCOUNT),
    "payment": _keyed("payment", "payment", _ACCOUNT),
    "adjustment": _keyed("adjustment", "adjustment", _ACCOUNT),
}  # fmt: skip

DETAILS: dict[str, Detail] = {
    "invoice_item": Detail(
        "invoice_item", (_INVOICE, _LINE), ("item_no",), _carried("invoice_item", "invoice_item", "item_no")
    ),
    "tax_item": Detail("tax_item", (_INVOICE,), ("vat_rate",), _carried("tax_item", "tax_item", "vat_rate")),
    "payment_allocation": Detail(
        "payment_allocation", (_PAYMENT, _INVOICE), (), _carried("payment_allocation", "payment_allocation")
    ),
}

ORDER = (
    "account", "line", "subscription", "address", "contact", "invoice", "invoice_item", "tax_item", "payment",
    "payment_allocation", "adjustment",
)  # fmt: skip
"""Parents before children; parties come before all of them (`loaders.parties`)."""

CONTACT_VIEW = """
CREATE VIEW staging.contact AS
SELECT subscriber_key || '|phone' AS contact_key, subscriber_key, 'phone' AS medium, 'contact' AS role,
       phone, phone_extension, NULL::varchar(255) AS email, source_id, file_id, record_no, byte_offset, byte_length
  FROM staging.subscriber WHERE phone IS NOT NULL
UNION ALL
SELECT subscriber_key || '|email', subscriber_key, 'email', 'contact',
       NULL, NULL, email, source_id, file_id, record_no, byte_offset, byte_length
  FROM staging.subscriber WHERE email IS NOT NULL
"""
"""Numbers and e-mail addresses of subscriber records, as an entity of their own."""
