"""Payments with what they settle, and bookings that are neither invoice nor payment."""

from __future__ import annotations

import numpy as np

from samples.draw import Draw, Ints
from samples.invoices import CORRECTION
from samples.plan import CUT_OFF, Plan, Region
from samples.tables import Table, pick
from samples.text import cat, choose, day

FULL, PART, NOTHING, TOO_MUCH, WITH_PREVIOUS = range(5)
INTEREST, WRITE_OFF, REFUND, CREDIT, CHARGE = range(5)


def make_payments(plan: Plan, region: Region, account: Table, invoice: Table) -> tuple[Table, Table]:
    """Payments and what they settle."""
    months = plan.months
    draw = Draw(plan.seed, region.zone.number + 2600, invoice["key"])
    lot = draw.below("mode", 100)
    mode = np.select([lot < 74, lot < 82, lot < 92, lot < 96], [FULL, PART, NOTHING, TOO_MUCH], WITH_PREVIOUS)
    mode = np.where((invoice["chosen"] >= 0) | invoice["plz"], FULL, mode)
    mode = np.where(invoice["kind"] == CORRECTION, NOTHING, mode)
    previous_open = np.zeros(len(mode), dtype=bool)
    if len(mode) > 1:
        follows = (invoice["account"][1:] == invoice["account"][:-1]) & (invoice["place"][1:] < months)
        previous_open[1:] = follows & (mode[:-1] == NOTHING)
    mode = np.where((mode == WITH_PREVIOUS) & ~previous_open, FULL, mode)

    paying = np.flatnonzero(mode != NOTHING)
    gross = invoice["gross"][paying]
    how = mode[paying]
    extra = np.where(how == TOO_MUCH, 100 + draw.below("too much", 3000)[paying], 0)
    to_own = np.where(how == PART, gross // 2, gross)
    to_previous = np.where(how == WITH_PREVIOUS, invoice["gross"][np.maximum(paying - 1, 0)], 0)
    paid = np.minimum(invoice["issued"][paying] + 1 + draw.below("paid", 22)[paying], CUT_OFF[1])
    paid = np.where(invoice["plz"][paying], invoice["issued"][paying] + 9, paid)
    account_row = invoice["account"][paying]
    main = {
        "account": account_row, "key": invoice["key"][paying], "paid": paid, "plz": invoice["plz"][paying],
        "amount": to_own + to_previous + extra, "unallocated": extra, "fault": invoice["fault"][paying],
        "title": cat("Faktura ", invoice["number"][paying]),
    }  # fmt: skip

    of_account = Draw(plan.seed, region.zone.number + 2700, account["key"])
    advance = np.flatnonzero(of_account.chance("advance", 20) & ~account["new"])
    parts = [main, _advances(of_account, account, advance, 8, day(2003, 9, 10), "Nadpłata na konto ")]
    if plan.delivery == 2:
        later = np.flatnonzero(of_account.chance("pays in October", 120) & ~account["new"] & (account["chosen"] < 0))
        parts.append(_advances(of_account, account, later, 9, day(2003, 10, 3), "Wpłata na konto "))
        account["balance_on"][later] = CUT_OFF[2]
    payment = {name: np.concatenate([part[name] for part in parts]) for name in main}
    order = np.argsort(payment["key"], kind="stable")
    payment = pick(payment, order)
    payment["channel"] = Draw(plan.seed, region.zone.number + 2800, payment["key"]).below("channel", 5)
    payment["orphan"] = np.zeros(len(order), dtype=bool)

    key = invoice["key"]
    own = {"payment": key[paying], "invoice": key[paying], "amount": to_own}
    both = to_previous > 0
    before = {"payment": key[paying][both], "invoice": key[np.maximum(paying - 1, 0)][both],
              "amount": to_previous[both]}  # fmt: skip
    allocation = {name: np.concatenate([own[name], before[name]]) for name in own}
    row_of = np.searchsorted(payment["key"], allocation["payment"])
    allocation["row"] = row_of
    allocation["plz"], allocation["fault"] = payment["plz"][row_of], payment["fault"][row_of]
    return payment, pick(allocation, np.lexsort((allocation["invoice"], allocation["payment"])))


def _advances(draw: Draw, account: Table, rows: Ints, place: int, earliest: int, title: str) -> Table:
    amount = 500 + draw.below(f"amount {place}", 9000)[rows]
    return {
        "account": rows, "key": account["key"][rows] * 10 + place,
        "paid": earliest + draw.below(f"day {place}", 20)[rows], "plz": np.zeros(len(rows), dtype=bool),
        "amount": amount, "unallocated": amount, "fault": np.full(len(rows), -1),
        "title": cat(title, account["number"][rows]),
    }  # fmt: skip


def make_adjustments(plan: Plan, region: Region, account: Table) -> Table:
    """Interest, write-offs and other bookings."""
    draw = Draw(plan.seed, region.zone.number + 2900, account["key"])
    old = ~account["new"]
    owner, place = np.nonzero(np.stack([old & draw.chance("interest", 50), old & draw.chance("other", 15)], axis=1))
    key = account["key"][owner] * 2 + place
    of_one = Draw(plan.seed, region.zone.number + 2950, key)
    kind = np.where(place == 0, INTEREST, 1 + of_one.below("kind", 4))
    amount = np.where(place == 0, 5 + of_one.below("interest", 900), 50 + of_one.below("amount", 4000))
    amount = np.where((kind == WRITE_OFF) | (kind == CREDIT), -amount, amount)
    return {
        "account": owner, "key": key, "kind": kind, "booked": day(2003, 8, 1) + of_one.below("booked", 60),
        "amount": amount,
        "reason": choose(["Nota odsetkowa", "Umorzenie", "Zwrot nadpłaty", "Uznana reklamacja", "Opłata dodatkowa"],
                         kind),
    }  # fmt: skip
