"""Billing accounts with their lines and subscriptions."""

from __future__ import annotations

import numpy as np

from samples.draw import Array, Draw, Ints
from samples.firms import PERSON
from samples.phones import local_number
from samples.plan import CUT_OFF, Plan, Region
from samples.records import Records
from samples.tables import Table
from samples.text import NO_DATE, cat, day, digits

PLANS = ("STAND", "OSZCZ", "AKTYW", "ISDN2", "INTER")
PLAN_NAMES = ("Abonament standardowy", "Abonament oszczędny", "Abonament aktywny", "Łącze ISDN 2B+D",
              "Dostęp do internetu")  # fmt: skip
PLAN_FEES = np.array([3500, 2450, 5100, 6200, 4831], dtype=np.int64)  # net grosze a month
PSTN, ISDN_BRA, ISDN_PRA, PAYPHONE, LEASED = range(5)


def make_accounts(plan: Plan, region: Region, subs: Records) -> Table:
    """Accounts: one for each subscriber, a second one for some."""
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
        "active": subs.status[owner] == 0, "nrb": virtual_account(key, region.zone.number),
        "fault": np.where(place == 0, subs.planted.code[owner], -1),
        "chosen": np.where(place == 0, subs.planted.chosen[owner], -1),
    }  # fmt: skip


def virtual_account(key: Ints, zone: int) -> Array:
    """The account's virtual bank account: bank and pool are constant, the rest is the account's number."""
    bank, pool = 10600034, 9841
    payer = zone * 10**9 + key
    front = (bank * 10_000 + pool) % 97
    rest = (front * (10**12 % 97) + payer % 97) % 97
    check = 98 - (rest * (10**6 % 97) + 252_100 % 97) % 97
    return cat(digits(check, 2), str(bank), str(pool), digits(payer, 12))


def make_lines(plan: Plan, region: Region, subs: Records, account: Table) -> Table:
    """Lines: one for each account, up to three for firms."""
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


def make_subscriptions(plan: Plan, region: Region, account: Table, line: Table) -> Table:
    """What is subscribed on each line; writes the monthly fees of each account into its table."""
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
