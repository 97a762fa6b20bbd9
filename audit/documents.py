"""Accounts, invoices and payments, each checked by itself, on the consolidated rows.

The rules are those that set single documents aside before the load (`audit.integrity`); here nothing may be found
any more.  A document that was converted from old zloty is checked in the amounts printed on it; what the rounding to
new zloty left between its parts is reported, not hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg


@dataclass(frozen=True)
class Checked:
    """One equation over all documents of a source in one currency.

    Attributes:
        lhs: Sum of the left sides, in grosze.
        rhs: Sum of the right sides.
        checked: Documents.
        broken: Documents whose own two sides differ.
        keys: The first of them, as printed.
        note: What has to be known.
        untested: Documents whose two sides are one figure, so that nothing could have shown a fault.
    """

    lhs: int
    rhs: int
    checked: int
    broken: int
    keys: tuple[str, ...]
    note: str = ""
    untested: int = 0


_ACCOUNT = """
WITH ours AS (SELECT source_id FROM control.source WHERE code = ANY(%(sources)s)),
moved AS (
    SELECT account_id, sum(amount) AS amount FROM (
        SELECT account_id, gross AS amount FROM billing.invoice WHERE withdrawn_batch_id IS NULL
           AND source_id IN (SELECT source_id FROM ours)
        UNION ALL
        SELECT account_id, amount FROM billing.adjustment WHERE withdrawn_batch_id IS NULL
           AND source_id IN (SELECT source_id FROM ours)
        UNION ALL
        SELECT account_id, -amount FROM billing.payment WHERE withdrawn_batch_id IS NULL
           AND source_id IN (SELECT source_id FROM ours)) movements
     GROUP BY 1)
SELECT b.source_id, b.currency, coalesce(b.opening_balance, 0) + coalesce(m.amount, 0) AS lhs,
       b.closing_balance AS rhs, coalesce(b.opening_balance, 0) + coalesce(m.amount, 0) <> b.closing_balance AS wrong,
       a.account_no AS document, 0 AS rest, false AS open_end, false AS untested
  FROM billing.account_balance b JOIN billing.billing_account a USING (account_id) LEFT JOIN moved m USING (account_id)
 WHERE b.source_id IN (SELECT source_id FROM ours)
"""
_INVOICE = """
WITH ours AS (SELECT source_id FROM control.source WHERE code = ANY(%(sources)s)),
items AS (
    SELECT invoice_id, sum(coalesce(original_net, net)) AS net, sum(net) AS pln
      FROM billing.invoice_item WHERE source_id IN (SELECT source_id FROM ours) GROUP BY 1),
taxes AS (
    SELECT invoice_id, sum(coalesce(original_vat, vat)) AS vat, sum(vat) AS pln
      FROM billing.tax_item WHERE source_id IN (SELECT source_id FROM ours) GROUP BY 1)
SELECT source_id, currency, items_net + taxes_vat AS lhs, gross AS rhs,
       items_net <> net OR taxes_vat <> vat OR net + vat <> gross AS wrong, document, rest, false AS open_end,
       false AS untested
  FROM (
    SELECT i.source_id, coalesce(i.original_currency, i.currency) AS currency, i.invoice_no AS document,
           coalesce(i.original_net, i.net) AS net, coalesce(i.original_vat, i.vat) AS vat,
           coalesce(i.original_gross, i.gross) AS gross,
           coalesce(l.net, 0) AS items_net, coalesce(t.vat, 0) AS taxes_vat,
           CASE WHEN i.original_currency IS NULL THEN 0
                ELSE abs(coalesce(l.pln, 0) - i.net) + abs(coalesce(t.pln, 0) - i.vat) + abs(i.net + i.vat - i.gross)
           END AS rest
      FROM billing.invoice i LEFT JOIN items l USING (invoice_id) LEFT JOIN taxes t USING (invoice_id)
     WHERE i.source_id IN (SELECT source_id FROM ours)) q
"""
_PAYMENT = """
WITH ours AS (SELECT source_id FROM control.source WHERE code = ANY(%(sources)s)),
allocated AS (
    SELECT payment_id, sum(coalesce(original_amount, amount)) AS amount, sum(amount) AS pln
      FROM billing.payment_allocation WHERE source_id IN (SELECT source_id FROM ours) GROUP BY 1)
SELECT source_id, currency, allocated + coalesce(unallocated, amount - allocated) AS lhs, amount AS rhs,
       CASE WHEN unallocated IS NULL THEN abs(allocated) > abs(amount)
            ELSE allocated + unallocated <> amount END AS wrong,
       document, rest, unallocated IS NULL AS open_end, unallocated IS NULL AND nothing_allocated AS untested
  FROM (
    SELECT p.source_id, coalesce(p.original_currency, p.currency) AS currency, p.payment_id::text AS document,
           coalesce(p.original_amount, p.amount) AS amount, coalesce(a.amount, 0) AS allocated,
           a.payment_id IS NULL AS nothing_allocated,
           CASE WHEN p.original_currency IS NULL THEN p.unallocated ELSE p.original_unallocated END AS unallocated,
           CASE WHEN p.original_currency IS NULL OR p.unallocated IS NULL THEN 0
                ELSE abs(coalesce(a.pln, 0) + p.unallocated - p.amount) END AS rest
      FROM billing.payment p LEFT JOIN allocated a USING (payment_id)
     WHERE p.source_id IN (SELECT source_id FROM ours)) q
"""
_QUERIES = {"account": _ACCOUNT, "invoice": _INVOICE, "payment": _PAYMENT}


def check_documents(
    connection: psycopg.Connection, sources: Sequence[str], *, first: int = 20
) -> dict[tuple[str, str, str], Checked]:
    """Check every account, invoice and payment of some sources.

    Args:
        connection: Sees the consolidated rows.
        sources: Ids of their declarations.
        first: How many broken documents are named.

    Returns:
        (equation, source id, currency) -> outcome.
    """
    found: dict[tuple[str, str, str], Checked] = {}
    for equation, query in _QUERIES.items():
        rows = connection.execute(
            f"""
            SELECT c.code, q.currency, coalesce(sum(q.lhs), 0) * 100, coalesce(sum(q.rhs), 0) * 100, count(*),
                   count(*) FILTER (WHERE q.wrong), (array_agg(q.document) FILTER (WHERE q.wrong))[1:{int(first)}],
                   sum(q.rest) * 100, count(*) FILTER (WHERE q.open_end), count(*) FILTER (WHERE q.untested)
              FROM ({query}) q JOIN control.source c USING (source_id) GROUP BY 1, 2
            """,
            {"sources": list(sources)},
        )
        for code, currency, lhs, rhs, checked, broken, keys, rest, open_ends, untested in rows:
            notes = []
            if rest:
                notes.append(f"conversion to new zloty left {int(rest)} grosze between the parts of documents")
            if open_ends:
                notes.append(f"{open_ends} payments do not state what is unallocated: the rest is taken for it")
            found[equation, code, currency] = Checked(
                int(lhs), int(rhs), checked, broken, tuple(keys or ()), "; ".join(notes), untested
            )
    return found
