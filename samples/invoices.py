"""Invoices and corrections, their lines and their VAT by rate, in grosze."""

from __future__ import annotations

import numpy as np

from samples.draw import Bools, Draw, Ints
from samples.plan import Plan, Region
from samples.tables import Table
from samples.text import cat, day, digits

INVOICE, CORRECTION = 0, 1
RATES = ("22", "7", "zw")
_PERCENT = np.array([22, 7, 0], dtype=np.int64)
_ITEM_RATE = np.array([0, 0, 0, 1, 2], dtype=np.int64)  # position in RATES by kind of item
DESCRIPTIONS = ("Abonament", "Połączenia lokalne", "Połączenia międzystrefowe", "Dostęp do internetu",
                "Usługa zwolniona z VAT")  # fmt: skip


def half_up(amount: Ints, percent: Ints) -> Ints:
    """A percentage of amounts, rounded to full grosze half away from nought."""
    return np.sign(amount) * ((np.abs(amount) * percent + 50) // 100)


def make_invoices(
    plan: Plan, region: Region, account: Table, *, vat_per_line: bool, old_zloty: bool
) -> tuple[Table, Table, Table]:
    """Invoices, their lines and their VAT by rate."""
    months = plan.months
    draw = Draw(plan.seed, region.zone.number + 2400, account["key"])
    current = np.repeat(~account["new"][:, None], months, axis=1)
    correction = (~account["new"] & draw.chance("correction", 12) & (account["chosen"] < 0))[:, None]
    old = old_zloty & ~account["new"] & draw.chance("old zloty", 40)
    if old_zloty:
        account["opened"] = np.where(old, np.minimum(account["opened"], day(1993, 5, 4)), account["opened"])
    owner, place = np.nonzero(np.concatenate([current, correction, old[:, None]], axis=1))
    key = account["key"][owner] * 10 + place
    of_invoice = Draw(plan.seed, region.zone.number + 2500, key)
    kind = np.where(place == months, CORRECTION, INVOICE)
    plz = place == months + 1
    month = 9 - months + 1 + np.minimum(place, months - 1)
    first_day = np.array([day(2003, m, 1) for m in range(1, 11)])
    issued = first_day[month - 1] + 2 + of_invoice.below("issued", 12)
    issued = np.where(kind == CORRECTION, day(2003, 9, 20) + of_invoice.below("corrected", 8), issued)
    issued = np.where(plz, day(1994, 2, 1) + of_invoice.below("issued 1994", 300), issued)
    span_from = np.where(plz, issued - 40, first_day[month - 2])
    span_to = np.where(plz, issued - 11, first_day[month - 1] - 1)

    present, net = _item_amounts(of_invoice, account, owner, kind, plz)
    item_invoice, item_place = np.nonzero(present)
    item_net = net[present]
    rate = _ITEM_RATE[item_place]
    item_vat = half_up(item_net, _PERCENT[rate])
    item_plz = plz[item_invoice]
    item_vat = np.where(item_plz, item_vat // 100 * 100, item_vat)

    base = np.zeros((len(key), 3), dtype=np.int64)
    vat = np.zeros((len(key), 3), dtype=np.int64)
    np.add.at(base, (item_invoice, rate), item_net)
    np.add.at(vat, (item_invoice, rate), item_vat)
    if not vat_per_line:
        total = half_up(base, _PERCENT[None, :])
        vat = np.where(plz[:, None], total // 100 * 100, total)
    billed = np.zeros((len(key), 3), dtype=bool)
    billed[item_invoice, rate] = True
    tax_invoice, tax_rate = np.nonzero(billed)
    number = cat(digits(np.full(len(key), region.zone.number), 2), digits(account["key"][owner], 8), "/",
                 digits(np.where(plz, 12, month), 2), "/", digits(np.where(plz, 1994, 2003), 4),
                 np.where(kind == CORRECTION, "/K", ""))  # fmt: skip
    corrects = cat(digits(np.full(len(key), region.zone.number), 2), digits(account["key"][owner], 8), "/",
                   digits(np.full(len(key), 9), 2), "/2003")  # fmt: skip
    fault = np.where(place == 0, account["fault"][owner], -1)
    chosen = np.where(place == 0, account["chosen"][owner], -1)
    net_sum, vat_sum = base.sum(axis=1), vat.sum(axis=1)
    arrears = np.where(place == 0, np.maximum(account["opening"][owner], 0), 0)
    invoice: Table = {
        "account": owner, "place": place, "key": key, "number": number, "kind": kind,
        "corrects": np.where(kind == CORRECTION, corrects, ""), "issued": issued, "sold": issued,
        "due": issued + 14, "from": span_from, "to": span_to, "plz": plz, "net": net_sum, "vat": vat_sum,
        "gross": net_sum + vat_sum, "arrears": arrears, "fault": fault, "chosen": chosen,
        "orphan": np.zeros(len(key), dtype=bool), "again": np.zeros(len(key), dtype=bool),
    }  # fmt: skip
    for position, name in enumerate(("22", "7", "zw")):
        invoice[f"net{name}"], invoice[f"vat{name}"] = base[:, position], vat[:, position]
    starts = np.searchsorted(item_invoice, item_invoice, side="left")
    line_key = account["key"][owner[item_invoice]] * 4
    item: Table = {
        "invoice": item_invoice, "key": key[item_invoice], "no": np.arange(len(item_invoice)) - starts + 1,
        "kind": item_place, "line": line_key, "rate": rate, "net": item_net, "vat": item_vat, "plz": item_plz,
        "fault": np.where(item_place == 0, fault[item_invoice], -1),
    }  # fmt: skip
    tax: Table = {
        "invoice": tax_invoice, "key": key[tax_invoice], "rate": tax_rate, "net": base[tax_invoice, tax_rate],
        "vat": vat[tax_invoice, tax_rate], "plz": plz[tax_invoice],
    }  # fmt: skip
    return invoice, item, tax


def _item_amounts(draw: Draw, account: Table, owner: Ints, kind: Ints, plz: Bools) -> tuple[Bools, Ints]:
    """Which of the five kinds of item an invoice has, and their net amounts."""
    size = account["size"][owner]
    fees, internet = account["fees"][owner], account["internet"][owner]
    local = 29 * (1 + draw.below("local calls", 160)) * size
    far = 58 * (1 + draw.below("far calls", 120)) * size
    free = 100 + draw.below("exempt service", 1400)
    ordinary = (kind == INVOICE) & ~plz
    present = np.stack(
        [ordinary | plz, ordinary & draw.chance("calls", 950) | (kind == CORRECTION),
         ordinary & draw.chance("far", 600), ordinary & (internet > 0), ordinary & draw.chance("exempt", 100)],
        axis=1,
    )  # fmt: skip
    old = (45_000 + draw.below("old amount", 400_000)) * 100
    net = np.stack([np.where(plz, old, fees), np.where(kind == CORRECTION, -29 * (1 + draw.below("less", 90)), local),
                    far, internet, free], axis=1)  # fmt: skip
    return present, net
