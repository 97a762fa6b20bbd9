"""The money equations hold on generated rows, and planted defects break exactly what they say."""

from __future__ import annotations

import numpy as np
import pytest

from samples.accounts import virtual_account
from samples.books import Books, books
from samples.faults import FAULTS, OF_SYSTEM
from samples.invoices import half_up
from samples.plan import Region, make_plan
from samples.records import Records, records
from samples.systems import open_system

PLAN = make_plan(subscribers=16_000, months=3)


def make(region: Region, tmp_path) -> tuple[Records, Books]:
    system = open_system(region, tmp_path / region.id, as_of=12_325)
    subs = records(PLAN, region, np.arange(region.subscribers, dtype=np.int64))
    made = books(PLAN, region, subs, **system.options)
    system.close()
    return subs, made


def differences(made: Books) -> dict[str, np.ndarray]:
    """How far each equation is from closing, row by row: invoices, payments, accounts."""
    invoice, payment, account = made.invoice, made.payment, made.account
    net, vat = np.zeros(len(invoice["key"]), dtype=np.int64), np.zeros(len(invoice["key"]), dtype=np.int64)
    real = ~made.item["orphan"]
    np.add.at(net, made.item["invoice"][real], made.item["net"][real])
    own = ~made.tax["again"]
    np.add.at(vat, made.tax["invoice"][own], made.tax["vat"][own])
    whole = (
        abs(invoice["net"] - net) + abs(invoice["vat"] - vat) + abs(invoice["net"] + invoice["vat"] - invoice["gross"])
    )
    whole[invoice["again"]] = 0
    settled = np.zeros(len(payment["key"]), dtype=np.int64)
    np.add.at(settled, made.allocation["row"], made.allocation["amount"])
    rest = payment["amount"] - settled - payment["unallocated"]
    rest[payment["orphan"] | payment["again"]] = 0
    moved = account["opening"].copy()
    for table, column, sign in ((invoice, "gross", 1), (payment, "amount", -1), (made.adjustment, "amount", 1)):
        stray = table.get("orphan", np.zeros(len(table["account"]), dtype=bool)) | table.get("again", False)
        rows = ~stray & ~table.get("plz", np.zeros(len(stray), dtype=bool))
        np.add.at(moved, table["account"][rows], sign * table[column][rows])
    return {"invoice": whole, "payment": rest, "account": np.where(account["orphan"], 0, account["closing"] - moved)}


@pytest.mark.parametrize("region", PLAN.regions, ids=lambda r: r.system)
def test_equations_hold_but_for_the_planted(region: Region, tmp_path) -> None:
    subs, made = make(region, tmp_path)
    off = differences(made)
    kinds = subs.planted.kinds
    for equation, fault, table in (
        ("invoice", "sum_lines", made.invoice), ("payment", "sum_payment", made.payment),
        ("account", "balance", made.account),
    ):  # fmt: skip
        wrong = {kinds[code] if code >= 0 else "" for code in table["fault"][off[equation] != 0].tolist()}
        assert wrong == {fault}
        assert (off[equation] != 0).sum() >= 3


def test_old_zloty_invoices_are_settled_in_full(tmp_path) -> None:
    region = next(r for r in PLAN.regions if r.system == "dbf_cp852")
    _, made = make(region, tmp_path)
    old = made.invoice["plz"]
    assert old.sum() > 20
    assert (made.invoice["gross"][old] % 100 == 0).all()  # no groszy in old zloty
    assert (made.invoice["gross"][old] > 40_000 * 100).all()
    paid = dict(zip(made.payment["key"].tolist(), made.payment["amount"].tolist(), strict=True))
    assert all(paid[k] == g for k, g in zip(made.invoice["key"][old].tolist(), made.invoice["gross"][old].tolist(),
                                            strict=True))  # fmt: skip


def test_vat_rounding_differs_by_method(tmp_path) -> None:
    """VAT of the lines and VAT on their total are not the same amount, so a source's method matters."""
    region = PLAN.regions[0]
    subs = records(PLAN, region, np.arange(region.subscribers, dtype=np.int64))
    per_line, on_total = books(PLAN, region, subs, vat_per_line=True), books(PLAN, region, subs)
    assert (per_line.invoice["net"] == on_total.invoice["net"]).all()
    differ = per_line.invoice["vat"] != on_total.invoice["vat"]
    assert 0.05 < differ.mean() < 0.6
    assert abs(per_line.invoice["vat"] - on_total.invoice["vat"]).max() <= 2


def test_all_rates_and_kinds_occur(tmp_path) -> None:
    _, made = make(PLAN.regions[4], tmp_path)
    assert set(made.tax["rate"].tolist()) == {0, 1, 2}
    assert set(made.invoice["kind"].tolist()) == {0, 1}
    assert (made.invoice["gross"] < 0).any()
    assert (made.account["opening"] < 0).any()
    assert (made.payment["unallocated"] > 0).any()
    shared = np.bincount(made.allocation["row"])
    assert (shared == 2).any()  # one payment, two invoices


@pytest.mark.parametrize("system", OF_SYSTEM)
def test_every_system_plants_every_common_defect(system: str) -> None:
    assert len(set(OF_SYSTEM[system])) == len(OF_SYSTEM[system])
    assert set(OF_SYSTEM[system]) <= set(FAULTS)
    for name in ("orphan_payment", "duplicate_invoice", "sum_lines", "balance", "pesel_filler", "issued_impossible"):
        assert name in OF_SYSTEM[system]


def test_a_later_delivery_keeps_what_did_not_change() -> None:
    later = make_plan(subscribers=16_000, months=3, delivery=2)
    region = PLAN.regions[4]
    index = np.arange(region.subscribers, dtype=np.int64)
    before = books(PLAN, region, records(PLAN, region, index))
    after = books(later, region, records(later, region, index))
    first = dict(zip(before.account["key"].tolist(), before.account["closing"].tolist(), strict=True))
    second = dict(zip(after.account["key"].tolist(), after.account["closing"].tolist(), strict=True))
    assert first.keys() >= second.keys() - {k for k in second if k > 40_000_000}
    changed = [k for k, v in second.items() if first.get(k) != v]
    assert 0.05 < len(changed) / len(first) < 0.2
    off = differences(after)
    assert (off["account"] != 0).sum() < (differences(before)["account"] != 0).sum()  # some defects were corrected


@pytest.mark.parametrize(
    ("net", "rate", "vat"), [(29, 22, 6), (87, 22, 19), (174, 22, 38), (261, 22, 57), (31233, 7, 2186), (-29, 22, -6)]
)
def test_vat_of_published_bills(net: int, rate: int, vat: int) -> None:
    assert half_up(np.array([net]), np.array([rate])).tolist() == [vat]


def test_virtual_bank_accounts_pass_their_check() -> None:
    numbers = virtual_account(np.array([123456789, 1]), 0).tolist()
    assert numbers[0] == "28106000349841000123456789"
    assert all(int(n[2:] + "2521" + n[:2]) % 97 == 1 for n in numbers)
