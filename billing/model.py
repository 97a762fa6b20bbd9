"""The field catalogue: the one place that says what a canonical field is.

Arrow schemas, SQLAlchemy tables, Great Expectations type checks, the spec's allowed field names and the
documentation are all derived from `ENTITIES`.  To add a field, add it here.

A field with a `normaliser` is delivered as text; the normalise step keeps that text as `<name>_raw`, writes the
clean value under the field's own name and the verdict under `<name>_status`
(`ok | repaired | suspect | unparsed | filler | missing`).  A field with `derived=True` is never delivered: a
normaliser writes it.

>>> ENTITIES["payment"].key
('payment_key',)
>>> conformed_schema("payment").field("amount").type
Decimal128Type(decimal128(18, 2))
>>> [f for f in normalised_schema("subscriber").names if f.startswith("pesel")]
['pesel', 'pesel_raw', 'pesel_status']
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from billing.lineage import LINEAGE
from billing.money import MONEY, RATED

Type = Literal["text", "code", "integer", "money", "rated", "date", "timestamp"]
Personal = Literal["none", "personal", "identifier"]
MergeRule = Literal["newest", "most_complete", "most_frequent", "most_trusted"]

ARROW: dict[Type, pa.DataType] = {
    "text": pa.string(),
    "code": pa.string(),
    "integer": pa.int64(),
    "money": MONEY,
    "rated": RATED,
    "date": pa.date32(),
    "timestamp": pa.timestamp("s"),
}

STATUSES = ("ok", "repaired", "suspect", "unparsed", "filler", "missing")


@dataclass(frozen=True)
class Field:
    """A canonical field.

    Attributes:
        name: Column name everywhere.
        doc: What it means, in a line.
        type: Logical type; `ARROW` gives the physical one.
        required: A row without it is rejected.
        unit: Unit or code system, where the name does not carry it.
        codes: The allowed values of a `code` field.
        max_length: Of a text, in characters; longer values are rejected by the canonical gate.
        personal: `identifier` values are shown only masked, `personal` ones only where the work needs them.
        merge: How one value is chosen when several records become one customer.
        normaliser: The rule of `transforms` that cleans it.
        derived: Written by a normaliser, never delivered by a source.
        loaded: Whether the warehouse has it, too; otherwise it stays in the canonical tables.
    """

    name: str
    doc: str
    type: Type = "text"
    required: bool = False
    unit: str = ""
    codes: tuple[str, ...] = ()
    max_length: int = 255
    personal: Personal = "none"
    merge: MergeRule | None = None
    normaliser: str | None = None
    derived: bool = False
    loaded: bool = True


@dataclass(frozen=True)
class Reference:
    """`fields` of this entity name the key of `entity`; `orphan` is the reason code when it is not there."""

    fields: tuple[str, ...]
    entity: str
    orphan: str
    optional: bool = False


@dataclass(frozen=True)
class Entity:
    """A canonical entity: its fields, its key and the entities it refers to.

    Attributes:
        name: Singular, as in source specs.
        doc: What one row is.
        key: Fields that are unique within a source.
        fields: In column order.
        references: Parents; parents are declared before their children in `ENTITIES`.
        control_amount: The money field that equation 2 adds up, None where the entity carries no money.
    """

    name: str
    doc: str
    key: tuple[str, ...]
    fields: tuple[Field, ...]
    references: tuple[Reference, ...] = ()
    control_amount: str | None = None

    def field(self, name: str) -> Field:
        """The field called `name`.

        Raises:
            KeyError: There is none.
        """
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)

    @property
    def delivered(self) -> tuple[Field, ...]:
        """Fields that a source may deliver."""
        return tuple(f for f in self.fields if not f.derived)

    @property
    def money_fields(self) -> tuple[str, ...]:
        """Names of the amounts."""
        return tuple(f.name for f in self.fields if f.type == "money")


_CURRENCIES = ("PLN", "PLZ", "EUR", "USD")
_RATES = ("0", "3", "4", "5", "7", "8", "12", "17", "22", "23", "zw", "np")


def _currency() -> Field:
    return Field("currency", "Currency of the amounts", "code", required=True, unit="ISO 4217", codes=_CURRENCIES)


def _denomination(*amounts: str) -> tuple[Field, ...]:
    """Fields that keep an old-zloty amount beside its PLN value (conform fills them)."""
    return (
        Field(
            "original_currency",
            "Currency as delivered, where it was converted",
            "code",
            derived=True,
            codes=_CURRENCIES,
        ),
        *(Field(f"original_{a}", f"{a} as delivered, where it was converted", "money", derived=True) for a in amounts),
    )


def _rules() -> Field:
    """One column for all values of a row, null for nearly all rows: what costs nothing is always there."""
    return Field("rules", "Rules that put right, doubted or refused a value: field=rule, parted by blanks",
                 derived=True, loaded=False)  # fmt: skip


SUBSCRIBER = Entity(
    "subscriber",
    "A person, firm or institution as one source knows it",
    ("subscriber_key",),
    (
        Field("subscriber_key", "The source's own key", required=True, max_length=64),
        Field(
            "kind",
            "Person, company or institution; derived from the names where not delivered",
            "code",
            codes=("person", "company", "institution"),
            merge="most_frequent",
        ),
        Field("name", "Full name as one field, where the source has it so", personal="personal", merge="most_complete"),
        Field("first_name", "Given name or names", personal="personal", merge="most_complete"),
        Field("last_name", "Family name", personal="personal", merge="newest"),
        Field("company_name", "Name of a firm or institution", merge="newest"),
        Field("pesel", "PESEL", personal="identifier", merge="most_trusted", normaliser="pesel"),
        Field("nip", "Tax number", personal="identifier", merge="most_trusted", normaliser="nip"),
        Field(
            "regon", "Statistical number of a business", personal="identifier", merge="most_trusted", normaliser="regon"
        ),
        Field("krs", "Number in the court register", personal="identifier", merge="most_trusted", normaliser="krs"),
        Field(
            "document",
            "Number of the identity document",
            personal="identifier",
            merge="newest",
            max_length=32,
            normaliser="document",
        ),
        Field("document_kind", "What the document is", "code", codes=("id_card", "passport", "other")),
        Field("birth_date", "Date of birth", "date", personal="personal", merge="most_frequent"),
        Field(
            "sex",
            "Sex as delivered, else from the PESEL",
            "code",
            codes=("F", "M"),
            personal="personal",
            merge="most_frequent",
        ),
        Field("phone", "Contact number", unit="E.164", personal="identifier", merge="newest", normaliser="phone"),
        Field("email", "E-mail address", personal="personal", merge="newest", normaliser="email"),
        Field("segment", "Market segment", "code", codes=("residential", "business", "institution"), merge="newest"),
        Field("status", "State of the customer relation", "code", codes=("active", "suspended", "closed")),
        Field("customer_since", "Start of the relation", "date"),
        Field("updated_on", "Last change in the source; decides what is newest", "date"),
        Field("note", "Free text of the legacy system", personal="personal", max_length=4000),
        # derived by transforms.names and transforms.identifiers
        Field("legal_form", "Legal form lifted out of the company name", derived=True),
        Field("name_note", "Titles and notes lifted out of the name", derived=True),
        Field("name_status", "Verdict on the name", "code", codes=STATUSES, derived=True),
        Field("first_name_key", "First given name, folded for matching", derived=True, personal="personal"),
        Field("last_name_key", "Family name, folded for matching", derived=True, personal="personal"),
        Field("company_key", "Company name without form, folded for matching", derived=True),
        Field("phone_extension", "Extension behind the number", derived=True),
        _rules(),
    ),
)

ADDRESS = Entity(
    "address",
    "One address in one role",
    ("address_key",),
    (
        Field("address_key", "The source's own key, or owner and role", required=True, max_length=128),
        Field("subscriber_key", "Whose address it is", required=True, max_length=64),
        Field("account_key", "The account it belongs to, where it does", max_length=64),
        Field("line_key", "The line installed there, for the role installation", max_length=64),
        Field(
            "role",
            "What the address is for",
            "code",
            required=True,
            codes=("registered", "installation", "correspondence", "payer"),
        ),
        Field("street", "Street with or without its type, as delivered", personal="personal"),
        Field("house", "House, staircase and flat as delivered", personal="personal"),
        Field("flat_no", "Flat, where delivered apart", personal="personal", max_length=32),
        Field("postal_code", "Postal code", normaliser="postal_code"),
        Field("city", "Locality", personal="personal"),
        Field("post_town", "Town of the post office, where another"),
        Field("voivodeship", "Voivodeship as delivered"),
        Field("country", "Country", unit="ISO 3166-1 alpha-2", max_length=64),
        Field(
            "address_text",
            "Address as one text, where the source has it so",
            personal="personal",
            merge="most_complete",
        ),
        Field("updated_on", "Last change in the source", "date"),
        # derived by transforms.addresses
        Field("street_type", "ul., al., pl., os. ...", derived=True),
        Field("street_name", "Main word or words of the street, as TERYT's NAZWA_1", derived=True, personal="personal"),
        Field("street_rest", "The rest of the street's name, as TERYT's NAZWA_2", derived=True, personal="personal"),
        Field("building", "Building number", derived=True, personal="personal"),
        Field("flat", "Flat number", derived=True, personal="personal"),
        Field("locality", "Locality in its usual spelling", derived=True, personal="personal"),
        Field("address_status", "Verdict on the parse", "code", codes=STATUSES, derived=True),
        Field("street_key", "Street, folded for matching", derived=True, personal="personal"),
        Field("locality_key", "Locality, folded for matching", derived=True, personal="personal"),
        Field("voivodeship_before_1999", "Voivodeship of 1975-1998", derived=True, loaded=False),
        Field("voivodeship_since_1999", "Voivodeship since 1999, where it is certain", derived=True, loaded=False),
        _rules(),
    ),
    (Reference(("subscriber_key",), "subscriber", "ORPHAN-ADDRESS"),),
)

ACCOUNT = Entity(
    "account",
    "A billing account: the money entity, carried one to one",
    ("account_key",),
    (
        Field("account_key", "The source's own key", required=True, max_length=64),
        Field("account_no", "Number printed on bills", required=True, max_length=64, personal="identifier"),
        Field("subscriber_key", "Owner", required=True, max_length=64),
        Field("payer_subscriber_key", "Payer, where another than the owner", max_length=64),
        _currency(),
        Field("opened_on", "Opening date of the account", "date"),
        Field("closed_on", "Closing date of the account", "date"),
        Field(
            "opening_balance",
            "Balance at the start of the delivered movements; positive = owed to the operator",
            "money",
        ),
        Field("closing_balance", "Balance at the cut-off; positive = owed to the operator", "money", required=True),
        Field("balance_on", "Cut-off date of the closing balance", "date"),
        Field("bill_cycle", "Bill cycle of the source", max_length=16),
        Field("delivery_form", "How bills are delivered", "code", codes=("paper", "electronic")),
        Field("nrb", "Virtual bank account for payments", personal="identifier", max_length=34),
        Field("credit_limit", "Credit limit", "money"),
        Field("status", "State of the account", "code", codes=("active", "suspended", "closed")),
        _rules(),
    ),
    (Reference(("subscriber_key",), "subscriber", "ACC-NO-CUSTOMER"),),
    control_amount="closing_balance",
)

LINE = Entity(
    "line",
    "A telephone line",
    ("line_key",),
    (
        Field("line_key", "The source's own key", required=True, max_length=64),
        Field("account_key", "Account it is billed to", required=True, max_length=64),
        Field("number", "Directory number", unit="E.164", personal="identifier", normaliser="phone"),
        Field("kind", "Technical kind", "code", codes=("pstn", "isdn_bra", "isdn_pra", "payphone", "leased")),
        Field("exchange", "Exchange", max_length=64),
        Field("activated_on", "Activation", "date"),
        Field("disconnected_on", "Disconnection", "date"),
        Field("status", "State of the line", "code", codes=("active", "suspended", "closed")),
        Field("number_zone", "Numbering zone of the number", derived=True, max_length=2),
        Field("number_extension", "Extension behind the number", derived=True),
        _rules(),
    ),
    (Reference(("account_key",), "account", "ORPHAN"),),
)

SUBSCRIPTION = Entity(
    "subscription",
    "What is subscribed on a line or account",
    ("subscription_key",),
    (
        Field("subscription_key", "The source's own key", required=True, max_length=64),
        Field("account_key", "Account it is billed to", required=True, max_length=64),
        Field("line_key", "Line it belongs to, where it does", max_length=64),
        Field("plan_code", "Legacy tariff plan", required=True, max_length=32),
        Field("plan_name", "Name of the plan in the source"),
        Field("monthly_fee", "Net monthly fee", "money"),
        Field("valid_from", "Start", "date"),
        Field("valid_to", "End", "date"),
    ),
    (
        Reference(("account_key",), "account", "ORPHAN"),
        Reference(("line_key",), "line", "ORPHAN", optional=True),
    ),
)

INVOICE = Entity(
    "invoice",
    "An invoice, correction or note; amounts are signed by their effect on the balance",
    ("invoice_key",),
    (
        Field("invoice_key", "The source's own key", required=True, max_length=64),
        Field("invoice_no", "Number as printed", required=True, max_length=64),
        Field("account_key", "Account billed", required=True, max_length=64),
        Field(
            "kind",
            "Kind of document",
            "code",
            required=True,
            codes=("invoice", "correction", "interest_note", "debit_note", "credit_note"),
        ),
        Field("corrects_invoice_no", "Invoice that a correction refers to", max_length=64),
        Field("issued_on", "Issue date", "date", required=True),
        Field("sold_on", "Date of sale", "date"),
        Field("due_on", "Due date", "date"),
        Field("period_from", "First day billed", "date"),
        Field("period_to", "Last day billed", "date"),
        _currency(),
        Field("net", "Net total", "money", required=True),
        Field("vat", "VAT total", "money", required=True),
        Field("gross", "Gross total", "money", required=True),
        Field("arrears", "Arrears as printed on the document", "money"),
        Field("vat_method", "VAT rounded per line or on the total of a rate", "code", codes=("line", "total")),
        *_denomination("net", "vat", "gross"),
    ),
    (Reference(("account_key",), "account", "ORPHAN"),),
    control_amount="gross",
)

INVOICE_ITEM = Entity(
    "invoice_item",
    "A line of an invoice",
    ("invoice_key", "item_no"),
    (
        Field("invoice_key", "Its invoice", required=True, max_length=64),
        Field("item_no", "Position, from 1", "integer", required=True),
        Field("description", "What is billed"),
        Field("line_key", "Line billed, where one", max_length=64),
        Field("quantity", "Quantity", "rated"),
        Field("unit_price", "Net unit price", "rated"),
        Field("vat_rate", "VAT rate", "code", required=True, unit="percent", codes=_RATES),
        _currency(),
        Field("net", "Net amount", "money", required=True),
        Field("vat", "VAT of the line, where the source has it", "money"),
        *_denomination("net", "vat"),
    ),
    (Reference(("invoice_key",), "invoice", "ORPHAN-LINE"),),
    control_amount="net",
)

TAX_ITEM = Entity(
    "tax_item",
    "The VAT of an invoice at one rate",
    ("invoice_key", "vat_rate"),
    (
        Field("invoice_key", "Its invoice", required=True, max_length=64),
        Field("vat_rate", "VAT rate", "code", required=True, unit="percent", codes=_RATES),
        _currency(),
        Field("net", "Taxable amount at the rate", "money", required=True),
        Field("vat", "VAT at the rate", "money", required=True),
        *_denomination("net", "vat"),
    ),
    (Reference(("invoice_key",), "invoice", "ORPHAN-LINE"),),
    control_amount="vat",
)

PAYMENT = Entity(
    "payment",
    "Money received; positive = lowers the balance",
    ("payment_key",),
    (
        Field("payment_key", "The source's own key", required=True, max_length=64),
        Field("account_key", "Account credited", required=True, max_length=64),
        Field("paid_on", "Date of payment", "date", required=True),
        Field("booked_on", "Value date", "date"),
        _currency(),
        Field("amount", "Amount received", "money", required=True),
        Field("unallocated", "Part not allocated to invoices, where the source says it", "money"),
        Field(
            "channel", "How it was paid", "code", codes=("bank", "post", "cash_desk", "direct_debit", "card", "other")
        ),
        Field("title", "Title of the transfer", personal="personal"),
        Field("payer_bank_account", "Account it came from", personal="identifier", max_length=34),
        *_denomination("amount", "unallocated"),
    ),
    (Reference(("account_key",), "account", "ORPHAN-PAYMENT"),),
    control_amount="amount",
)

PAYMENT_ALLOCATION = Entity(
    "payment_allocation",
    "The part of a payment that settles one invoice",
    ("payment_key", "invoice_key"),
    (
        Field("payment_key", "The payment", required=True, max_length=64),
        Field("invoice_key", "The invoice", required=True, max_length=64),
        _currency(),
        Field("amount", "Amount allocated", "money", required=True),
        *_denomination("amount"),
    ),
    (
        Reference(("payment_key",), "payment", "ORPHAN-ALLOCATION"),
        Reference(("invoice_key",), "invoice", "ORPHAN-ALLOCATION"),
    ),
    control_amount="amount",
)

ADJUSTMENT = Entity(
    "adjustment",
    "A booking that is neither invoice nor payment; positive = raises the balance",
    ("adjustment_key",),
    (
        Field("adjustment_key", "The source's own key", required=True, max_length=64),
        Field("account_key", "Account booked", required=True, max_length=64),
        Field(
            "kind",
            "Why it was booked",
            "code",
            required=True,
            codes=("interest", "write_off", "refund", "charge", "credit", "correction", "other"),
        ),
        Field("booked_on", "Booking date", "date", required=True),
        _currency(),
        Field("amount", "Signed amount", "money", required=True),
        Field("reason", "Text of the source"),
        *_denomination("amount"),
    ),
    (Reference(("account_key",), "account", "ORPHAN"),),
    control_amount="amount",
)

ENTITIES: dict[str, Entity] = {
    e.name: e
    for e in (
        SUBSCRIBER, ADDRESS, ACCOUNT, LINE, SUBSCRIPTION, INVOICE, INVOICE_ITEM, TAX_ITEM, PAYMENT,
        PAYMENT_ALLOCATION, ADJUSTMENT,
    )
}  # fmt: skip


def _arrow(field: Field) -> pa.Field:
    return pa.field(field.name, ARROW[field.type], metadata={"doc": field.doc})


def conformed_schema(entity: str) -> pa.Schema:
    """Columns after conform: delivered fields and the `original_*` fields, then lineage.

    The currency of every amount is then the account's: old zloty have become PLN.
    """
    fields = [f for f in ENTITIES[entity].fields if not f.derived or f.name.startswith("original_")]
    return pa.schema([*(_arrow(f) for f in fields), *LINEAGE])


def normalised_schema(entity: str) -> pa.Schema:
    """Columns after normalise (the canonical table): all fields, with `_raw` and `_status`, then lineage."""
    columns: list[pa.Field] = []
    for field in ENTITIES[entity].fields:
        columns.append(_arrow(field))
        if field.normaliser:
            columns.append(pa.field(f"{field.name}_raw", pa.string()))
            columns.append(pa.field(f"{field.name}_status", pa.string()))
    return pa.schema([*columns, *LINEAGE])
