"""The money of a region: accounts, lines, invoices, payments, in integer grosze, balanced by construction.

Four equations hold for every account before defects are planted: the invoice's lines make its net, its VAT by rate
makes its VAT, net and VAT make the gross; allocations and the unallocated rest make the payment; opening balance,
invoices and adjustments less payments make the closing balance.

A table is a dict of columns of the same length, one row a record.  Keys are whole numbers; each region writes them in
its own form.  Amounts of rows with `plz` true are old zloty (in hundredths, which are always nought).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from samples.draw import Array, Bools, Draw, Ints
from samples.faults import ORPHAN
from samples.people import PERSON
from samples.phones import local_number
from samples.plan import CUT_OFF, Plan, Region
from samples.records import Records
from samples.text import NO_DATE, cat, choose, day, digits

Table = dict[str, Array]

PLANS = ("STAND", "OSZCZ", "AKTYW", "ISDN2", "INTER")
PLAN_NAMES = ("Abonament standardowy", "Abonament oszczędny", "Abonament aktywny", "Łącze ISDN 2B+D",
              "Dostęp do internetu")  # fmt: skip
PLAN_FEES = np.array([3500, 2450, 5100, 6200, 4831], dtype=np.int64)  # net grosze a month
PSTN, ISDN_BRA, ISDN_PRA, PAYPHONE, LEASED = range(5)
INVOICE, CORRECTION = 0, 1
FULL, PART, NOTHING, TOO_MUCH, WITH_PREVIOUS = range(5)
INTEREST, WRITE_OFF, REFUND, CREDIT, CHARGE = range(5)
RATES = ("22", "7", "zw")
_PERCENT = np.array([22, 7, 0], dtype=np.int64)
_ITEM_RATE = np.array([0, 0, 0, 1, 2], dtype=np.int64)  # position in RATES by kind of item
DESCRIPTIONS = ("Abonament", "Połączenia lokalne", "Połączenia międzystrefowe", "Dostęp do internetu",
                "Usługa zwolniona z VAT")  # fmt: skip


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


def pick(table: Table, rows: Array) -> Table:
    """Some rows of a table, by position or by mask."""
    return {name: column[rows] for name, column in table.items()}


def _half_up(amount: Ints, percent: Ints) -> Ints:
    """A percentage of amounts, rounded to full grosze half away from nought."""
    return np.sign(amount) * ((np.abs(amount) * percent + 50) // 100)


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
    account = _accounts(plan, region, subs)
    line = _lines(plan, region, subs, account)
    subscription = _subscriptions(plan, region, account, line)
    invoice, item, tax = _invoices(plan, region, subs, account, vat_per_line=vat_per_line, old_zloty=old_zloty)
    payment, allocation = _payments(plan, region, account, invoice)
    adjustment = _adjustments(plan, region, account)

    closing = account["opening"].copy()
    for table, column, sign in ((invoice, "gross", 1), (payment, "amount", -1), (adjustment, "amount", 1)):
        current = ~table["plz"] if "plz" in table else np.ones(len(table["account"]), dtype=bool)
        np.add.at(closing, table["account"][current], sign * table[column][current])
    account["closing"] = closing
    made = Books(account, line, subscription, invoice, item, tax, payment, allocation, adjustment)
    _spoil(made, subs, wide_vat=wide_vat)
    return made


def _accounts(plan: Plan, region: Region, subs: Records) -> Table:
    two = subs.draw.chance("second account", 30) | ((subs.kind != PERSON) & subs.draw.chance("second of firm", 120))
    owner, place = np.nonzero(np.stack([np.ones(len(two), dtype=bool), two & (subs.planted.chosen < 0)], axis=1))
    key = subs.index[owner] * 2 + place + 1
    draw = Draw(plan.seed, region.zone.number + 2000, key)
    size = np.where(subs.kind[owner] == PERSON, 1, 4)
    how = draw.below("opening", 100)
    opening = np.where(how < 55, 0, np.where(how < 85, draw.below("arrears", 15_000), -draw.below("credit", 6000)))
    new = subs.index[owner] >= region.subscribers
    changed = np.where(new, CUT_OFF[2], CUT_OFF[1])
    payer = np.where((place == 0) & (subs.person.relation[owner] > 0) & ~subs.again[owner] & draw.chance("payer", 200),
                     subs.index[owner] - subs.index[owner] % 8 + 1, 0)  # fmt: skip
    number = cat(digits(np.full(len(key), region.zone.number), 2), digits(key, 9))
    return {
        "owner": owner, "place": place, "key": key, "subscriber": subs.key[owner], "payer": payer, "number": number,
        "size": size, "opening": np.where(new, 0, opening * size), "opened": subs.since[owner],
        "cycle": draw.below("cycle", 4), "electronic": draw.chance("electronic", 40),
        "limit": np.where(size > 1, 50_000 + draw.below("limit", 20) * 10_000, 0),
        "status": subs.status[owner], "new": new, "balance_on": changed,
        "active": subs.status[owner] == 0, "nrb": _nrb(key, region.zone.number),
        "fault": np.where(place == 0, subs.planted.code[owner], -1),
        "chosen": np.where(place == 0, subs.planted.chosen[owner], -1),
    }  # fmt: skip


def _nrb(key: Ints, zone: int) -> Array:
    """The account's virtual bank account: bank and pool are constant, the rest is the account's number."""
    bank, pool = 10600034, 9841
    payer = zone * 10**9 + key
    front = (bank * 10_000 + pool) % 97
    rest = (front * (10**12 % 97) + payer % 97) % 97
    check = 98 - (rest * (10**6 % 97) + 252_100 % 97) % 97
    return cat(digits(check, 2), str(bank), str(pool), digits(payer, 12))


def _lines(plan: Plan, region: Region, subs: Records, account: Table) -> Table:
    draw = Draw(plan.seed, region.zone.number + 2100, account["key"])
    firm = account["size"] > 1
    second = firm & draw.chance("second line", 250)
    third = second & (account["place"] == 0) & draw.chance("third line", 300)
    owner, place = np.nonzero(np.stack([np.ones(len(firm), dtype=bool), second, third], axis=1))
    key = account["key"][owner] * 4 + place
    of_line = Draw(plan.seed, region.zone.number + 2200, key)
    lot = of_line.below("kind", 1000)
    kind = np.select([lot < 930, lot < 985, lot < 992, lot < 996], [PSTN, ISDN_BRA, ISDN_PRA, PAYPHONE], LEASED)
    local = local_number(subs.index[account["owner"][owner]], account["place"][owner] * 3 + place)
    return {
        "account": owner, "place": place, "key": key, "number": local, "kind": kind,
        "exchange": of_line.below("exchange", 12), "activated": account["opened"][owner],
        "disconnected": np.full(len(key), NO_DATE), "status": account["status"][owner],
        "plan": np.where(kind == PSTN, of_line.below("plan", 3), 3),
        "fault": np.where(place == 0, account["fault"][owner], -1),
        "internet": (place == 0) & of_line.chance("internet", 220),
    }  # fmt: skip


def _subscriptions(plan: Plan, region: Region, account: Table, line: Table) -> Table:
    owner, place = np.nonzero(np.stack([np.ones(len(line["key"]), dtype=bool), line["internet"]], axis=1))
    which = np.where(place == 0, line["plan"][owner], 4)
    draw = Draw(plan.seed, region.zone.number + 2300, line["key"][owner] * 2 + place)
    start = np.where(place == 0, line["activated"][owner], np.maximum(line["activated"][owner], day(2001, 3, 1)))
    account_row = line["account"][owner]
    fees = np.zeros(len(account["key"]), dtype=np.int64)
    internet = np.zeros(len(account["key"]), dtype=np.int64)
    np.add.at(fees, account_row[place == 0], PLAN_FEES[which[place == 0]])
    np.add.at(internet, account_row[place == 1], PLAN_FEES[which[place == 1]])
    account["fees"], account["internet"] = fees, internet
    return {
        "account": account_row, "line": owner, "key": line["key"][owner] * 2 + place, "plan": which,
        "fee": PLAN_FEES[which], "from": start + draw.below("start", 30) * (place == 1),
        "to": np.full(len(owner), NO_DATE),
    }  # fmt: skip


def _invoices(
    plan: Plan, region: Region, subs: Records, account: Table, *, vat_per_line: bool, old_zloty: bool
) -> tuple[Table, Table, Table]:
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
    item_vat = _half_up(item_net, _PERCENT[rate])
    item_plz = plz[item_invoice]
    item_vat = np.where(item_plz, item_vat // 100 * 100, item_vat)

    base = np.zeros((len(key), 3), dtype=np.int64)
    vat = np.zeros((len(key), 3), dtype=np.int64)
    np.add.at(base, (item_invoice, rate), item_net)
    np.add.at(vat, (item_invoice, rate), item_vat)
    if not vat_per_line:
        total = _half_up(base, _PERCENT[None, :])
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


def _payments(plan: Plan, region: Region, account: Table, invoice: Table) -> tuple[Table, Table]:
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


def _adjustments(plan: Plan, region: Region, account: Table) -> Table:
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


def _spoil(made: Books, subs: Records, *, wide_vat: bool) -> None:
    """Plant the defects that are wrong figures or keys; those that are wrong bytes are the writers' part."""
    kinds = subs.planted.kinds

    def rows(table: Table, name: str) -> Bools:
        return table["fault"] == kinds.index(name) if name in kinds else np.zeros(len(table["fault"]), dtype=bool)

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
    made.account = _append(made.account, stray)

    twice = pick(made.invoice, np.flatnonzero(rows(made.invoice, "duplicate_invoice")))
    twice["again"] = np.ones(len(twice["key"]), dtype=bool)
    made.invoice = _append(made.invoice, twice)
    made.tax["again"] = np.zeros(len(made.tax["key"]), dtype=bool)
    if wide_vat:  # the second copy of the invoice brings its VAT along
        second = np.isin(made.tax["invoice"], np.flatnonzero(rows(made.invoice, "duplicate_invoice")))
        copies = pick(made.tax, np.flatnonzero(second))
        copies["again"] = np.ones(len(copies["key"]), dtype=bool)
        made.tax = _append(made.tax, copies)

    double = pick(made.payment, np.flatnonzero(rows(made.payment, "duplicate_payment")))
    double["again"] = np.ones(len(double["key"]), dtype=bool)
    made.payment["again"] = np.zeros(len(made.payment["key"]), dtype=bool)
    made.payment = _append(made.payment, double)
    astray = pick(made.payment, np.flatnonzero(rows(made.payment, "orphan_payment")))
    astray["key"] = astray["key"] + ORPHAN
    astray["unallocated"] = astray["amount"]
    astray["orphan"] = np.ones(len(astray["key"]), dtype=bool)
    made.payment = _append(made.payment, astray)

    made.item["orphan"] = np.zeros(len(made.item["key"]), dtype=bool)
    loose = pick(made.item, np.flatnonzero(rows(made.item, "orphan_item")))
    loose["key"] = loose["key"] + ORPHAN
    loose["orphan"] = np.ones(len(loose["key"]), dtype=bool)
    made.item = _append(made.item, loose)


def _append(table: Table, more: Table) -> Table:
    return {name: np.concatenate([column, more[name]]) for name, column in table.items()}
