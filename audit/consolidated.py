"""What the warehouse holds of a source, measured through the crosswalk.

While a batch is staged, every staged row is followed to its consolidated row, so that not only sums are compared but
every row (two errors that cancel in a sum do not cancel here).  Later, when staging is gone, the consolidated rows of
a source are measured alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import psycopg

from billing.model import ENTITIES


@dataclass(frozen=True)
class _Place:
    """Where the rows of an entity are: their table, how a crosswalk row leads there, and the table with the money."""

    table: str
    on: str  # `x` is the crosswalk row, `s` the staged row, `t` the consolidated row
    link: str  # entity of the crosswalk, with the staged column that names its key
    key: str
    currency: bool = True

    @property
    def id(self) -> str:
        """A column of `t` that is null only where no row was found."""
        return self.on.split(" = ", 1)[0]


_PLACES = {
    "subscriber": _Place("party", "t.party_id = x.target_id", "subscriber", "subscriber_key", currency=False),
    "address": _Place("contact_medium", "t.contact_medium_id = x.target_id", "address", "address_key", currency=False),
    "account": _Place("account_balance", "t.account_id = x.target_id", "account", "account_key"),
    "line": _Place("line", "t.line_id = x.target_id", "line", "line_key", currency=False),
    "subscription": _Place(
        "subscription", "t.subscription_id = x.target_id", "subscription", "subscription_key", currency=False
    ),
    "invoice": _Place("invoice", "t.invoice_id = x.target_id", "invoice", "invoice_key"),
    "invoice_item": _Place(
        "invoice_item", "t.invoice_id = x.target_id AND t.item_no = s.item_no", "invoice", "invoice_key"
    ),
    "tax_item": _Place("tax_item", "t.invoice_id = x.target_id AND t.vat_rate = s.vat_rate", "invoice", "invoice_key"),
    "payment": _Place("payment", "t.payment_id = x.target_id", "payment", "payment_key"),
    "payment_allocation": _Place(
        "payment_allocation", "t.payment_id = x.target_id AND t.invoice_id = i.target_id", "payment", "payment_key"
    ),
    "adjustment": _Place("adjustment", "t.adjustment_id = x.target_id", "adjustment", "adjustment_key"),
}
# of an account the balance table holds the two balances, the credit limit is no movement
_MONEY = {
    name: tuple(
        f for f in entity.money_fields if not f.startswith("original_") and (name, f) != ("account", "credit_limit")
    )
    for name, entity in ENTITIES.items()
}


@dataclass
class Measure:
    """Rows of one entity, source and currency.

    Attributes:
        staged: Rows staged.
        found: Rows of the warehouse (of the staged ones, while there is a staging).
        staged_sums: Money field -> sum over the staged rows, in grosze.
        found_sums: Money field -> sum over the consolidated rows, in grosze.
        debit: Sum of the positive control amounts of the consolidated rows.
        credit: Sum of the negative ones.
        differing: Staged rows whose consolidated row is missing or has another amount.
        keys: The first of them.
    """

    staged: int = 0
    found: int = 0
    staged_sums: dict[str, int] = field(default_factory=dict)
    found_sums: dict[str, int] = field(default_factory=dict)
    debit: int = 0
    credit: int = 0
    differing: int = 0
    keys: tuple[str, ...] = ()


Measures = dict[tuple[str, str, str], Measure]
"""(source id, entity, currency or "") -> measure."""


def measure_staged(connection: psycopg.Connection, *, first: int = 20) -> Measures:
    """Follow every staged row to its consolidated row.

    Args:
        connection: In the merge's transaction.
        first: How many differing keys are named.
    """
    found: Measures = {}
    for entity, place in _PLACES.items():
        money = _MONEY[entity]
        control = ENTITIES[entity].control_amount
        second = (
            "LEFT JOIN control.xref_invoice i ON i.source_id = s.source_id AND i.source_key = s.invoice_key"
            if entity == "payment_allocation"
            else ""
        )
        same = [f"t.{f} IS NOT DISTINCT FROM s.{f}" for f in (*money, *(["currency"] if place.currency else []))]
        # whose row it is, is not asked of a party: it has many
        same.append("TRUE" if entity == "subscriber" else "t.source_id = s.source_id")
        differs = f"({place.id} IS NULL OR NOT ({' AND '.join(same)}))"
        key = " || '|' || ".join(f"s.{k}" for k in ENTITIES[entity].key)
        query = f"""
            SELECT c.code, q.* FROM (
                SELECT s.source_id, {"s.currency" if place.currency else "''"} AS currency,
                       count(*) AS staged, count({place.id}) AS found,
                       {_sums("s", money)}, {_sums("t", money)}, {_sides("t", control)},
                       count(*) FILTER (WHERE {differs}) AS differing,
                       (array_agg({key}) FILTER (WHERE {differs}))[1:{first}] AS keys
                  FROM staging.{entity} s
                  LEFT JOIN control.xref_{place.link} x
                         ON x.source_id = s.source_id AND x.source_key = s.{place.key}
                  {second}
                  LEFT JOIN billing.{place.table} t ON {place.on}
                 GROUP BY 1, 2) q
              JOIN control.source c USING (source_id)
        """
        for code, _, currency, staged, rows, ours, theirs, debit, credit, differing, keys in connection.execute(query):
            found[code, entity, currency] = Measure(
                staged, rows, _named(money, ours), _named(money, theirs), int(debit), int(credit), differing,
                tuple(keys or ()),
            )  # fmt: skip
    return found


def measure_loaded(connection: psycopg.Connection, sources: Sequence[str]) -> Measures:
    """Measure everything that the warehouse holds of some sources.

    Args:
        connection: An open connection.
        sources: Ids of their declarations.
    """
    found: Measures = {}
    for entity, place in _PLACES.items():
        money = _MONEY[entity]
        control = ENTITIES[entity].control_amount
        keyed = entity == place.link
        table = (
            f"control.xref_{entity} x JOIN billing.{place.table} t ON {place.on}" if keyed else f"billing.{entity} t"
        )
        query = f"""
            SELECT c.code, q.* FROM (
                SELECT {"x" if keyed else "t"}.source_id, {"t.currency" if place.currency else "''"} AS currency,
                       count(*) AS found, {_sums("t", money)}, {_sides("t", control)}
                  FROM {table}
                 WHERE {"x" if keyed else "t"}.source_id IN (SELECT source_id FROM control.source WHERE code = ANY(%s))
                 GROUP BY 1, 2) q
              JOIN control.source c USING (source_id)
        """
        for code, _, currency, rows, sums, debit, credit in connection.execute(query, [list(sources)]):
            found[code, entity, currency] = Measure(
                found=rows, found_sums=_named(money, sums), debit=int(debit), credit=int(credit)
            )
    return found


def _sums(alias: str, money: Sequence[str]) -> str:
    """Sums in grosze as one array: amounts have two decimals, so the product is whole."""
    if not money:
        return "NULL::numeric[]"
    return f"array[{', '.join(f'coalesce(sum({alias}.{f}), 0) * 100' for f in money)}]"


def _sides(alias: str, control: str | None) -> str:
    if control is None:
        return "0, 0"
    return ", ".join(
        f"coalesce(sum({alias}.{control}) FILTER (WHERE {alias}.{control} {sign} 0), 0) * 100" for sign in (">", "<")
    )


def _named(money: Sequence[str], sums: Sequence[object] | None) -> dict[str, int]:
    return {name: int(str(value).split(".")[0]) for name, value in zip(money, sums or (), strict=True)}
