"""The consolidated schema `billing`, as SQLAlchemy tables.

Columns come from the field catalogue (`loaders.columns`); only ids, references and what the merge adds are written
here.  Names follow TM Forum.  **People merge, accounts never do**: `party` and `customer` may have many source
records behind them, every other row has exactly one, found through `control.xref` (or, for lines of a document,
in the row itself).

Migrations under `migrations/` create what this module declares; a test compares the two.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Computed,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
)

from billing.model import ENTITIES
from loaders.columns import batch, carried, column, legacy_key, lineage, source, stamp

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

FOLD = "lower(translate({0}, 'ĄĆĘŁŃÓŚŹŻąćęłńóśźż', 'ACELNOSZZacelnoszz'))"
"""How a name is folded for look-up: Polish letters to their base letters, lower case."""

_SUBSCRIBER, _ADDRESS, _ACCOUNT = ENTITIES["subscriber"], ENTITIES["address"], ENTITIES["account"]


def _id(name: str, comment: str) -> Column[Any]:
    return Column(name, BigInteger(), Identity(), primary_key=True, comment=comment)


def _ref(name: str, target: str, comment: str, *, nullable: bool = False, part_of_key: bool = False) -> Column[Any]:
    return Column(
        name,
        BigInteger(),
        ForeignKey(f"billing.{target}"),
        nullable=nullable,
        primary_key=part_of_key,
        autoincrement=False,
        comment=comment,
    )


def _subscriber(*names: str) -> list[Column[Any]]:
    return [column(_SUBSCRIBER.field(name), nullable=True) for name in names]


party = Table(
    "party",
    metadata,
    _id("party_id", "Consolidated id of the person, firm or institution"),
    Column("kind", Text(), nullable=False, comment="person, company or institution"),
    Column("display_name", Text(), comment="Name as a person would write it"),
    *_subscriber("first_name", "last_name", "company_name", "birth_date", "sex"),
    Column(
        "name_folded",
        Text(),
        Computed(
            FOLD.format(
                "coalesce(company_name::text, last_name::text || coalesce(' ' || first_name::text, ''), display_name)"
            ),
            persisted=True,
        ),
        comment="Name for look-up: family name first, without diacritics, lower case",
    ),
    Column("members", Integer(), nullable=False, comment="Source records behind this party at the last identity run"),
    *stamp(),
    Index("ix_party_name_folded", "name_folded", postgresql_ops={"name_folded": "text_pattern_ops"}),
    schema="billing",
    comment="A person, firm or institution, as chosen from all of its source records",
)

party_identification = Table(
    "party_identification",
    metadata,
    _ref("party_id", "party.party_id", "Whose identifier it is", part_of_key=True),
    Column("kind", Text(), primary_key=True, comment="pesel, nip, regon, krs or document"),
    Column("value_hash", LargeBinary(), nullable=False, comment="HMAC-SHA256 of the value, for look-up without it"),
    Column("value_masked", Text(), nullable=False, comment="What a person may see of it"),
    Column("value_clear", Text(), nullable=False, comment="The value itself; granted to no role by default"),
    *stamp(),
    Index("ix_party_identification_value_hash", "value_hash"),
    schema="billing",
    comment="Identifiers of a party; the clear value is not granted to readers",
)

customer = Table(
    "customer",
    metadata,
    Column(
        "customer_id",
        BigInteger(),
        ForeignKey("billing.party.party_id"),
        primary_key=True,
        autoincrement=False,
        comment="The party's id: a party is a customer once",
    ),
    *_subscriber("segment", "status", "customer_since"),
    *stamp(),
    schema="billing",
    comment="A party in its role of customer",
)

billing_account = Table(
    "billing_account",
    metadata,
    _id("account_id", "Consolidated id of the account"),
    source(),
    _ref("customer_id", "customer.customer_id", "Owner"),
    _ref("payer_customer_id", "customer.customer_id", "Payer, where another", nullable=True),
    legacy_key("subscriber_key", "The owner's key in the source"),
    legacy_key("payer_subscriber_key", "The payer's key in the source", nullable=True),
    *carried(
        _ACCOUNT,
        without=frozenset(
            {
                "account_key", "subscriber_key", "payer_subscriber_key", "opening_balance", "closing_balance",
                "balance_on",
            }
        ),
    ),
    batch(),
    Index("ix_billing_account_customer_id", "customer_id"),
    Index("ix_billing_account_account_no", "account_no"),
    schema="billing",
    comment=_ACCOUNT.doc,
)  # fmt: skip

account_balance = Table(
    "account_balance",
    metadata,
    _ref("account_id", "billing_account.account_id", "Whose balance it is", part_of_key=True),
    source(),
    *(column(_ACCOUNT.field(n)) for n in ("currency", "balance_on", "opening_balance", "closing_balance")),
    batch(),
    schema="billing",
    comment="Balance of an account at the cut-off, as the source states it; movements prove it",
)

offering = Table(
    "offering",
    metadata,
    _id("offering_id", "Consolidated id of the tariff plan"),
    Column("code", Text(), nullable=False, unique=True, comment="Folded name; `source:code` where it has no name"),
    Column("name", Text(), nullable=False, comment="Name as first delivered"),
    batch(),
    schema="billing",
    comment="Tariff plans; plans of the same name in several sources are one",
)

plan_map = Table(
    "plan_map",
    metadata,
    Column("source_id", SmallInteger(), primary_key=True, autoincrement=False, comment="Legacy source"),
    Column("plan_code", legacy_key("plan_code", "", length=32).type, primary_key=True, comment="Plan in the source"),
    _ref("offering_id", "offering.offering_id", "Plan that it became"),
    batch(),
    schema="billing",
    comment="Legacy tariff plan to consolidated plan",
)

line = Table(
    "line",
    metadata,
    _id("line_id", "Consolidated id of the line"),
    source(),
    _ref("account_id", "billing_account.account_id", "Account it is billed to"),
    *carried(ENTITIES["line"], without=frozenset({"line_key", "account_key"})),
    batch(),
    Index("ix_line_account_id", "account_id"),
    Index("ix_line_number", "number"),
    schema="billing",
    comment=ENTITIES["line"].doc,
)

subscription = Table(
    "subscription",
    metadata,
    _id("subscription_id", "Consolidated id of the subscription"),
    source(),
    _ref("account_id", "billing_account.account_id", "Account it is billed to"),
    _ref("line_id", "line.line_id", "Line it belongs to", nullable=True),
    _ref("offering_id", "offering.offering_id", "Tariff plan"),
    *carried(
        ENTITIES["subscription"],
        without=frozenset({"subscription_key", "account_key", "line_key", "plan_name"}),
    ),
    batch(),
    Index("ix_subscription_account_id", "account_id"),
    schema="billing",
    comment=ENTITIES["subscription"].doc,
)

contact_medium = Table(
    "contact_medium",
    metadata,
    _id("contact_medium_id", "Consolidated id of the address, number or e-mail address"),
    source(),
    _ref("party_id", "party.party_id", "Who is reached by it"),
    legacy_key("subscriber_key", "Whose it is in the source"),
    _ref("account_id", "billing_account.account_id", "Account it belongs to", nullable=True),
    _ref("line_id", "line.line_id", "Line installed there", nullable=True),
    Column("medium", Text(), nullable=False, comment="address, phone or email"),
    Column("role", Text(), nullable=False, comment="What it is for; roles are never mixed"),
    column(_SUBSCRIBER.field("phone"), nullable=True),
    column(_SUBSCRIBER.field("phone_extension"), nullable=True),
    column(_SUBSCRIBER.field("email"), nullable=True),
    *carried(_ADDRESS, without=frozenset({"address_key", "subscriber_key", "account_key", "line_key", "role"})),
    batch(),
    Index("ix_contact_medium_party_id", "party_id"),
    Index("ix_contact_medium_phone", "phone"),
    schema="billing",
    comment="How and where somebody is reached: addresses by role, telephone numbers, e-mail addresses",
)


def _withdrawn() -> Column[Any]:
    return Column(
        "withdrawn_batch_id",
        Integer(),
        comment="Batch that delivered the account anew without this row: history, no part of the present balance",
    )


_DOCUMENT = frozenset({"invoice_key", "account_key", "payment_key", "adjustment_key", "line_key"})

invoice = Table(
    "invoice",
    metadata,
    _id("invoice_id", "Consolidated id of the document"),
    source(),
    _ref("account_id", "billing_account.account_id", "Account billed"),
    *carried(ENTITIES["invoice"], without=_DOCUMENT),
    _withdrawn(),
    batch(),
    Index("ix_invoice_account_id", "account_id"),
    Index("ix_invoice_invoice_no", "invoice_no"),
    schema="billing",
    comment=f"{ENTITIES['invoice'].doc}; never re-numbered, re-rated or re-rounded",
)

invoice_item = Table(
    "invoice_item",
    metadata,
    _ref("invoice_id", "invoice.invoice_id", "Its invoice", part_of_key=True),
    Column("item_no", BigInteger(), primary_key=True, autoincrement=False, comment="Position, from 1"),
    source(),
    _ref("line_id", "line.line_id", "Line billed", nullable=True),
    *carried(ENTITIES["invoice_item"], without=_DOCUMENT | {"item_no"}),
    *lineage(),
    schema="billing",
    comment=ENTITIES["invoice_item"].doc,
)

tax_item = Table(
    "tax_item",
    metadata,
    _ref("invoice_id", "invoice.invoice_id", "Its invoice", part_of_key=True),
    Column("vat_rate", Text(), primary_key=True, comment="VAT rate (percent)"),
    source(),
    *carried(ENTITIES["tax_item"], without=_DOCUMENT | {"vat_rate"}),
    *lineage(),
    schema="billing",
    comment=ENTITIES["tax_item"].doc,
)

payment = Table(
    "payment",
    metadata,
    _id("payment_id", "Consolidated id of the payment"),
    source(),
    _ref("account_id", "billing_account.account_id", "Account credited"),
    *carried(ENTITIES["payment"], without=_DOCUMENT),
    _withdrawn(),
    batch(),
    Index("ix_payment_account_id", "account_id"),
    schema="billing",
    comment=ENTITIES["payment"].doc,
)

payment_allocation = Table(
    "payment_allocation",
    metadata,
    _ref("payment_id", "payment.payment_id", "The payment", part_of_key=True),
    _ref("invoice_id", "invoice.invoice_id", "The invoice it settles", part_of_key=True),
    source(),
    *carried(ENTITIES["payment_allocation"], without=_DOCUMENT),
    *lineage(),
    Index("ix_payment_allocation_invoice_id", "invoice_id"),
    schema="billing",
    comment=ENTITIES["payment_allocation"].doc,
)

adjustment = Table(
    "adjustment",
    metadata,
    _id("adjustment_id", "Consolidated id of the booking"),
    source(),
    _ref("account_id", "billing_account.account_id", "Account booked"),
    *carried(ENTITIES["adjustment"], without=_DOCUMENT),
    _withdrawn(),
    batch(),
    Index("ix_adjustment_account_id", "account_id"),
    schema="billing",
    comment=ENTITIES["adjustment"].doc,
)
