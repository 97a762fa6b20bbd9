"""The money of a region: accounts, lines, invoices, payments, in integer grosze, balanced by construction.

Four equations hold for every account before defects are planted: the invoice's lines make its net, its VAT by rate
makes its VAT, net and VAT make the gross; allocations and the unallocated rest make the payment; opening balance,
invoices and adjustments less payments make the closing balance.

Amounts of rows with `plz` true are old zloty (in hundredths, which are always nought).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from samples.accounts import make_accounts, make_lines, make_subscriptions
from samples.faults import ORPHAN
from samples.invoices import make_invoices
from samples.payments import make_adjustments, make_payments
from samples.plan import Plan, Region
from samples.records import Records
from samples.tables import Table, append, pick
from samples.text import cat, digits


@dataclass
class Books:
    """The tables of a chunk of subscribers."""

    account: Table
    line: Table
    subscription: Table
    invoice: Table
    item: Table
    tax: Table
    payment: Table
    allocation: Table
    adjustment: Table


def books(plan: Plan, region: Region, subs: Records, *, vat_per_line: bool = False, old_zloty: bool = False,
          wide_vat: bool = False) -> Books:  # fmt: skip
    """Make the money of a chunk.

    Args:
        plan: What is generated.
        region: Of which region.
        subs: The subscribers.
        vat_per_line: VAT is rounded for every line of an invoice, instead of for the total of a rate.
        old_zloty: Some accounts have an invoice of 1994 in old zloty, settled then.
        wide_vat: The VAT by rate is part of the invoice's record.
    """
    account = make_accounts(plan, region, subs)
    line = make_lines(plan, region, subs, account)
    subscription = make_subscriptions(plan, region, account, line)
    invoice, item, tax = make_invoices(plan, region, account, vat_per_line=vat_per_line, old_zloty=old_zloty)
    payment, allocation = make_payments(plan, region, account, invoice)
    adjustment = make_adjustments(plan, region, account)

    closing = account["opening"].copy()
    for table, column, sign in ((invoice, "gross", 1), (payment, "amount", -1), (adjustment, "amount", 1)):
        current = ~table["plz"] if "plz" in table else np.ones(len(table["account"]), dtype=bool)
        np.add.at(closing, table["account"][current], sign * table[column][current])
    account["closing"] = closing
    made = Books(account, line, subscription, invoice, item, tax, payment, allocation, adjustment)
    _spoil(made, subs, wide_vat=wide_vat)
    return made


def _spoil(made: Books, subs: Records, *, wide_vat: bool) -> None:
    """Plant the defects that are wrong figures or keys; those that are wrong bytes are the writers' part."""
    rows = subs.planted.rows
    made.account["closing"] = made.account["closing"] + np.where(rows(made.account, "balance"), 1234, 0)
    made.item["net"] = made.item["net"] + np.where(rows(made.item, "sum_lines"), 100, 0)
    first = rows(made.allocation, "sum_payment")
    made.allocation["amount"] = made.allocation["amount"] - np.where(first, 100, 0)

    made.account["orphan"] = np.zeros(len(made.account["key"]), dtype=bool)
    stray = pick(made.account, np.flatnonzero(rows(made.account, "no_customer")))
    stray["subscriber"] = stray["subscriber"] + ORPHAN
    stray["key"] = stray["key"] + ORPHAN
    stray["number"] = cat(np.strings.slice(stray["number"], 0, 2), digits(stray["key"], 9))
    stray["closing"], stray["payer"] = stray["opening"], stray["payer"] * 0
    stray["fault"] = np.full(len(stray["key"]), -1)
    stray["orphan"] = np.ones(len(stray["key"]), dtype=bool)
    made.account = append(made.account, stray)

    twice = pick(made.invoice, np.flatnonzero(rows(made.invoice, "duplicate_invoice")))
    twice["again"] = np.ones(len(twice["key"]), dtype=bool)
    made.invoice = append(made.invoice, twice)
    made.tax["again"] = np.zeros(len(made.tax["key"]), dtype=bool)
    if wide_vat:  # the second copy of the invoice brings its VAT along
        second = np.isin(made.tax["invoice"], np.flatnonzero(rows(made.invoice, "duplicate_invoice")))
        copies = pick(made.tax, np.flatnonzero(second))
        copies["again"] = np.ones(len(copies["key"]), dtype=bool)
        made.tax = append(made.tax, copies)

    double = pick(made.payment, np.flatnonzero(rows(made.payment, "duplicate_payment")))
    double["again"] = np.ones(len(double["key"]), dtype=bool)
    made.payment["again"] = np.zeros(len(made.payment["key"]), dtype=bool)
    made.payment = append(made.payment, double)
    astray = pick(made.payment, np.flatnonzero(rows(made.payment, "orphan_payment")))
    astray["key"] = astray["key"] + ORPHAN
    astray["unallocated"] = astray["amount"]
    astray["orphan"] = np.ones(len(astray["key"]), dtype=bool)
    made.payment = append(made.payment, astray)

    made.item["orphan"] = np.zeros(len(made.item["key"]), dtype=bool)
    loose = pick(made.item, np.flatnonzero(rows(made.item, "orphan_item")))
    loose["key"] = loose["key"] + ORPHAN
    loose["orphan"] = np.ones(len(loose["key"]), dtype=bool)
    made.item = append(made.item, loose)
