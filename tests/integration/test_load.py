"""Loading: whole or not at all, once or many times, and never a changed amount."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from rich.console import Console
from small_world import KEY, World, sha, small_world
from sqlalchemy import create_engine
from warehouse_loader import Loader

import loaders.bulk
from audit.equations import check_equations
from billing.errors import LoadError, ReconciliationError, WarehouseUnavailable
from loaders.load import LoadResult, load
from loaders.people import identifier_hash
from loaders.schema import differences, upgrade
from loaders.tables import metadata
from pipeline.reconciliation import equations_table


@pytest.fixture
def loader(warehouse: str, tmp_path: Path) -> Loader:
    return Loader(warehouse, tmp_path)


def test_migrations_make_what_the_tables_declare(empty_database: str) -> None:
    upgrade(empty_database)
    upgrade(empty_database)  # again: nothing to do
    engine = create_engine(empty_database)
    with engine.connect() as connection:
        assert differences(connection) == []
    engine.dispose()


def test_first_load_is_complete_and_every_equation_closes(loader: Loader) -> None:
    world = small_world()
    result = loader(world)
    loaded = {name: len(rows) for name, rows in world.rows.items()}
    assert {name: result.staged[name] for name in loaded} == loaded
    assert {n: result.counts[n].inserted for n in loaded} == loaded
    assert {r.status for r in loader.results} == {"closed"}
    assert {r.equation for r in loader.results} == {
        "records", "amounts", "account", "invoice", "payment", "debtors_creditors", "merge",
    }  # fmt: skip
    assert loader.states() == ["loaded"]
    assert loader.rows("SELECT count(*) FROM pg_class WHERE relnamespace = 'staging'::regnamespace") == [(0,)]


def test_loading_the_same_again_changes_nothing(loader: Loader) -> None:
    world = small_world()
    world.rejects.append(_reject())
    loader(world)
    before = loader.snapshot()
    result = loader(world)
    assert result.changed == 0
    assert result.counts["invoice"].unchanged == len(world.rows["invoice"])
    assert loader.snapshot() == before
    assert loader.rows("SELECT count(*) FROM control.reject") == [(1,)]


def test_ids_do_not_depend_on_the_order_of_rows(loader: Loader, server: Any, tmp_path: Path) -> None:
    world = small_world()
    loader(world)
    first = loader.snapshot(without=("record_no", "byte_offset"))
    for rows in world.rows.values():
        rows.reverse()
    world.clusters = dict(reversed(world.clusters.items()))
    with loader.connect() as connection:
        for table in reversed(metadata.sorted_tables):
            if table.schema == "billing" or table.name in ("xref", "party_alias", "match_decision"):
                connection.execute(f"TRUNCATE {table.schema}.{table.name} RESTART IDENTITY CASCADE")
    loader(world)
    ours = {"batch_id": None}
    assert _without(loader.snapshot(without=("record_no", "byte_offset")), ours) == _without(first, ours)


def test_changed_delivery_touches_only_what_changed(loader: Loader) -> None:
    world = small_world()
    loader(world)
    before = loader.rows("SELECT invoice_id, xmin::text FROM billing.invoice ORDER BY 1")
    world.bill("opole", "2", 2, "10.00")
    world.find("address", source_id="lodz", address_key="1|installation")["city"] = "Pabianice"
    result = loader(world)
    changed = {n: (c.inserted, c.updated, c.removed) for n, c in result.counts.items() if c.changed}
    assert changed == {
        "account": (0, 1, 0),  # its closing balance
        "address": (0, 1, 0),
        "invoice": (1, 0, 0),
        "invoice_item": (1, 0, 0),
        "tax_item": (1, 0, 0),
    }
    after = loader.rows("SELECT invoice_id, xmin::text FROM billing.invoice ORDER BY 1")
    assert after[: len(before)] == before  # not even rewritten
    assert loader.rows("SELECT city FROM billing.contact_medium WHERE batch_id = 2 AND medium = 'address'") == [
        ("Pabianice",)
    ]
    assert {r.status for r in loader.results} == {"closed"}


def test_line_that_a_document_no_longer_has_is_removed(loader: Loader) -> None:
    world = small_world()
    item = world.find("invoice_item", source_id="opole", invoice_key="I-1-1")
    world.rows["invoice_item"].append({**item, "item_no": 2, "net": Decimal(0)})
    loader(world)
    world.rows["invoice_item"].pop()
    result = loader(world)
    assert result.counts["invoice_item"].removed == 1
    assert result.changed == 1
    assert {r.status for r in loader.results} == {"closed"}


def without_payment() -> World:
    """The small world without a payment of 25.00, its account's closing balance accordingly."""
    world = small_world()
    world.drop("payment", source_id="opole", payment_key="P-3-1")
    world.drop("payment_allocation", source_id="opole", payment_key="P-3-1")
    world.find("account", source_id="opole", account_key="A-3")["closing_balance"] += Decimal("25.00")
    return world


def test_rows_missing_from_a_delivery_stay_and_are_counted(loader: Loader) -> None:
    loader(small_world())
    payments = loader.money()["payment"]
    world = without_payment()
    result = loader(world)
    (stayed,) = result.counts["payment"].carried
    assert (stayed.records, stayed.amount_grosze, stayed.currency) == (1, 2500, "PLN")
    assert result.counts["payment_allocation"].carried_over == 1
    assert result.counts["invoice"].carried_over == 0
    assert loader.money()["payment"] == payments
    # checked again later, without staging: what stayed is taken into account
    with loader.connect() as connection:
        later = check_equations(connection, world.totals(), staged=False)
    assert [r for r in later if r.status != "closed"] == []


def test_movement_that_its_account_no_longer_has_is_history(loader: Loader) -> None:
    loader(small_world())
    result = loader(without_payment())
    assert (result.counts["payment"].withdrawn, result.counts["account"].updated) == (1, 1)
    assert {r.status for r in loader.results} == {"closed"}
    marked = "SELECT count(*), sum(amount) FROM billing.payment WHERE withdrawn_batch_id IS NOT NULL"
    assert loader.rows(marked) == [(1, Decimal("25.00"))]
    assert loader(without_payment()).changed == 0
    # delivered again, it is a part of the balance again
    assert loader(small_world()).counts["payment"].withdrawn == 1
    assert loader.rows(marked) == [(0, None)]
    assert {r.status for r in loader.results} == {"closed"}


def test_source_that_does_not_deliver_keeps_its_rows(loader: Loader) -> None:
    world = small_world()
    loader(world)
    before = loader.snapshot()
    for rows in world.rows.values():
        rows[:] = [r for r in rows if r["source_id"] == "opole"]
    world.clusters = {k: c for k, c in world.clusters.items() if k[0] == "opole"}
    assert loader(world).changed == 0
    assert loader.snapshot() == before


def test_merged_people_give_their_accounts_to_the_oldest(loader: Loader) -> None:
    world = small_world()
    loader(world)
    money = loader.money()
    oldest, younger = loader.owner("lodz", "2"), loader.owner("opole", "2")
    assert oldest < younger
    world.join(("opole", "2"), ("lodz", "2"))  # named after the younger one: the id still is the older one's
    result = loader(world)
    assert loader.owner("opole", "2") == loader.owner("lodz", "2") == oldest
    assert loader.rows("SELECT alias_id, party_id FROM control.party_alias") == [(younger, oldest)]
    assert loader.rows("SELECT count(*) FROM billing.party") == [(5,)]
    assert loader.rows("SELECT count(*) FROM billing.customer") == [(5,)]
    assert loader.rows("SELECT members FROM billing.party WHERE party_id = %s", oldest) == [(2,)]
    assert loader.rows("SELECT DISTINCT party_id FROM billing.contact_medium WHERE party_id = %s", younger) == []
    assert loader.money() == money
    assert result.counts["party"].removed == 1
    assert result.counts["billing_account"].repointed == 1
    assert result.counts["account"].updated == 0
    assert loader.rows("SELECT action, party_id, former_party_id, subscriber_key FROM control.match_decision") == [
        ("move", oldest, younger, "2")
    ]
    assert loader(world).changed == 0


def test_split_people_take_their_accounts_back(loader: Loader) -> None:
    world = small_world()
    apart = dict(world.clusters)
    world.join(("lodz", "1"), ("opole", "1"), ("opole", "3"))
    loader(world)
    money = loader.money()
    whole = loader.owner("lodz", "1")
    world.clusters = apart
    world.join(("opole", "1"), ("opole", "3"))
    loader(world)
    assert loader.owner("opole", "1") == loader.owner("opole", "3") == whole  # most of its records
    assert loader.owner("lodz", "1") not in {whole, *_owners(loader, "lodz", "2"), *_owners(loader, "opole", "2")}
    assert loader.money() == money
    assert {r.status for r in loader.results} == {"closed"}


def test_aliases_resolve_through_several_merges(loader: Loader) -> None:
    world = small_world()
    loader(world)
    first, second, third = (loader.owner("lodz", p) for p in "123")
    world.join(("lodz", "2"), ("lodz", "3"))
    loader(world)
    world.join(("lodz", "1"), ("lodz", "2"), ("lodz", "3"))
    loader(world)
    aliases = dict(loader.rows("SELECT alias_id, party_id FROM control.party_alias"))
    assert aliases == {second: first, third: first}


def test_payer_follows_a_merge(loader: Loader) -> None:
    world = small_world()
    world.find("account", source_id="opole", account_key="A-1")["payer_subscriber_key"] = "2"
    loader(world)
    world.join(("lodz", "3"), ("opole", "2"))
    loader(world)
    payers = loader.rows("SELECT payer_customer_id FROM billing.billing_account WHERE payer_customer_id IS NOT NULL")
    assert payers == [(loader.owner("lodz", "3"),)]


def test_account_that_does_not_add_up_is_rolled_back(loader: Loader) -> None:
    world = small_world()
    loader(world)
    before = loader.snapshot()
    worse = world.copy()
    worse.bill("lodz", "2", 2, "99.00")
    worse.find("account", source_id="lodz", account_key="A-2")["closing_balance"] -= Decimal("0.01")
    with pytest.raises(ReconciliationError) as caught:
        loader(worse)
    (found,) = caught.value.breaks
    assert (found["equation"], found["source_id"], found["difference"]) == ("account", "lodz", 1)
    assert found["keys"] == ["0002"]
    assert not caught.value.retryable
    assert loader.snapshot() == before
    assert loader.states() == ["loaded", "broken"]
    assert loader.rows("SELECT batch_id, equation, source, difference, keys FROM control.recon_break") == [
        (2, "account", "lodz", Decimal(1), ["0002"])
    ]
    world.bill("lodz", "2", 2, "99.00")
    loader(world)
    assert loader.states() == ["loaded", "broken", "loaded"]


@pytest.mark.parametrize(
    ("statements", "equations"),
    [
        pytest.param(  # two errors that cancel in every sum
            ["UPDATE billing.payment SET amount = amount + (CASE payment_id WHEN 1 THEN 1 ELSE -1 END) "
             "WHERE payment_id <= 2"],
            {"account", "payment", "merge"}, id="amounts swapped",
        ),
        pytest.param(
            ["DELETE FROM billing.payment_allocation WHERE payment_id = 1",
             "DELETE FROM billing.payment WHERE payment_id = 1"],
            {"records", "amounts", "account", "merge"}, id="payment lost",
        ),
        pytest.param(
            ["UPDATE billing.account_balance SET opening_balance = -opening_balance, "
             "closing_balance = -closing_balance WHERE account_id IN (1, 4)"],
            {"amounts", "account", "debtors_creditors", "merge"}, id="sign turned",
        ),
        pytest.param(
            ["UPDATE billing.invoice_item SET net = net + 0.01 WHERE invoice_id = 3"],
            {"amounts", "invoice", "merge"}, id="line changed",
        ),
        pytest.param(
            ["UPDATE billing.tax_item SET vat_rate = '7' WHERE invoice_id = 3"],
            {"records", "amounts", "merge"}, id="rate changed",
        ),
        pytest.param(
            ["UPDATE control.xref SET target_id = 3 - target_id WHERE entity = 'invoice' AND target_id <= 2"],
            {"merge"}, id="crosswalk crossed",
        ),
        pytest.param(
            ["UPDATE billing.invoice SET source_id = 3 - source_id WHERE invoice_id = 1"],
            {"merge"}, id="wrong source",
        ),
    ],
)  # fmt: skip
def test_damage_of_any_kind_is_found(loader: Loader, statements: list[str], equations: set[str]) -> None:
    def meddle(connection: psycopg.Connection) -> None:
        for statement in statements:
            assert connection.execute(statement).rowcount > 0

    with pytest.raises(ReconciliationError) as caught:
        loader(small_world(), meddle=meddle)
    assert {b["equation"] for b in caught.value.breaks} >= equations
    assert loader.rows("SELECT count(*) FROM billing.invoice") == [(0,)]


@pytest.mark.parametrize("moment", ["staged", "reconcile"])
def test_connection_lost_in_the_middle_leaves_what_was_there(loader: Loader, moment: str) -> None:
    world = small_world()
    loader(world)
    before = loader.snapshot()
    changed = world.copy()
    changed.bill("opole", "1", 2, "7.00")

    def kill(_: psycopg.Connection) -> None:
        _end_connections(loader)

    with pytest.raises(WarehouseUnavailable) as caught:
        loader(changed, meddle=kill) if moment == "reconcile" else loader(changed, staged=kill)
    assert caught.value.retryable
    assert loader.snapshot() == before
    assert loader(changed).counts["invoice"].inserted == 1  # the same load again: locks and staging are free


class _KillBetween(list[str]):
    """Paths; the first one is read, then the server ends every connection of the load."""

    kill: Callable[[], None]

    def __iter__(self) -> Iterator[str]:
        first, *others = super().__iter__()
        yield first
        self.kill()
        yield from others  # the driver may notice only now


def test_connection_lost_while_copying_leaves_what_was_there(loader: Loader, tmp_path: Path) -> None:
    world = small_world()
    loader(world)
    before = loader.snapshot()
    world.bill("opole", "1", 2, "7.00")
    inputs = world.inputs(tmp_path / "w")
    paths = _KillBetween(inputs.entities["invoice"])
    paths.kill = lambda: _end_connections(loader)
    inputs.entities["invoice"] = paths  # type: ignore[index]
    with pytest.raises(WarehouseUnavailable):
        load(loader.url, world.batch(), inputs, lambda *_: [], hmac_key=KEY)
    assert loader.snapshot() == before
    assert loader(world).counts["invoice"].inserted == 1
    assert loader.states() == ["loaded", "failed", "loaded"]


def test_whatever_goes_wrong_the_batch_says_so(loader: Loader) -> None:
    def fail(_: psycopg.Connection) -> None:
        raise ZeroDivisionError("a fault of the caller")

    with pytest.raises(ZeroDivisionError):
        loader(small_world(), meddle=fail)
    assert loader.rows("SELECT state, message FROM control.batch") == [("failed", "a fault of the caller")]
    with loader.connect() as connection:  # the process was killed: nobody could write how it ended
        connection.execute("UPDATE control.batch SET state = 'running', message = NULL")
    loader(small_world())
    assert loader.rows("SELECT state, message FROM control.batch ORDER BY batch_id") == [
        ("failed", "interrupted"), ("loaded", None),
    ]  # fmt: skip


def test_loads_use_up_no_numbers_of_sources(loader: Loader) -> None:
    for _ in range(3):
        loader(small_world())
    assert loader.rows("SELECT last_value FROM control.source_source_id_seq") == [(2,)]


def test_server_that_is_not_there() -> None:
    with pytest.raises(WarehouseUnavailable, match="does not answer") as caught:
        load(
            "postgresql+psycopg://blueline:secret@/none?host=/tmp/no-such-folder",
            small_world().batch(),
            None,  # type: ignore[arg-type]
            lambda *_: [],
            hmac_key=KEY,
        )
    assert "secret" not in str(caught.value)


def test_loads_wait_for_one_another(loader: Loader) -> None:
    world = small_world()
    entered, may_go = threading.Event(), threading.Event()

    def hold(_: psycopg.Connection) -> None:
        entered.set()
        assert may_go.wait(30)

    results: dict[str, LoadResult] = {}
    first = threading.Thread(target=lambda: results.update(first=loader(world, meddle=hold)))
    first.start()
    assert entered.wait(30)
    other = Loader(loader.url, loader.folder / "other")
    second = threading.Thread(target=lambda: results.update(second=other(world)))
    second.start()
    second.join(0.5)
    assert second.is_alive()
    may_go.set()
    first.join(30)
    second.join(30)
    assert results["first"].changed > 0
    assert results["second"].changed == 0


def test_row_without_parent_stops_the_load(loader: Loader) -> None:
    world = small_world()
    world.find("payment", source_id="opole", payment_key="P-1-1")["account_key"] = "nowhere"
    with pytest.raises(LoadError, match=r"opole P-1-1 \(account nowhere\)"):
        loader(world)
    assert loader.rows("SELECT count(*) FROM billing.payment") == [(0,)]
    assert loader.states() == ["failed"]


def test_subscriber_without_cluster_stops_the_load(loader: Loader) -> None:
    world = small_world()
    del world.clusters["lodz", "1"]
    with pytest.raises(LoadError, match="1 subscribers are in no cluster"):
        loader(world)


def test_file_that_nobody_registered_stops_the_load(loader: Loader, tmp_path: Path) -> None:
    world = small_world()
    batch = world.batch()
    without = type(batch)(batch.run_id, batch.sources, batch.files[:-1], batch.code_version)
    with pytest.raises(LoadError, match="file that the batch does not name"):
        load(loader.url, without, world.inputs(tmp_path / "w"), lambda *_: [], hmac_key=KEY)


def test_equation_that_a_source_cannot_support_is_not_passed(loader: Loader) -> None:
    world = small_world()
    world.supports["opole"] = ("invoice",)
    world.find("account", source_id="opole", account_key="A-1")["closing_balance"] += 5
    loader(world)
    outcome = {
        (r.equation, r.source_id): r.status for r in loader.results if r.equation in ("account", "invoice", "payment")
    }
    assert outcome == {
        ("account", "lodz"): "closed", ("invoice", "lodz"): "closed", ("payment", "lodz"): "closed",
        ("account", "opole"): "not_applicable", ("invoice", "opole"): "closed", ("payment", "opole"): "not_applicable",
    }  # fmt: skip


def test_old_zloty_document_is_checked_in_the_amounts_printed_on_it(loader: Loader) -> None:
    world = small_world()
    invoice = world.find("invoice", source_id="opole", invoice_key="I-1-1")
    item = world.find("invoice_item", source_id="opole", invoice_key="I-1-1")
    tax = world.find("tax_item", source_id="opole", invoice_key="I-1-1")
    # 511 050 PLZ net in two lines of 255 525: 51.11 PLN, but 25.55 + 25.55 in two lines
    invoice |= {"original_currency": "PLZ", "original_net": Decimal(511050), "original_vat": Decimal(112431),
                "original_gross": Decimal(623481), "net": Decimal("51.11"), "vat": Decimal("11.24"),
                "gross": Decimal("62.35")}  # fmt: skip
    half = {"original_currency": "PLZ", "original_net": Decimal(255525), "net": Decimal("25.55")}
    item |= half
    world.rows["invoice_item"].append({**item, "item_no": 2})
    tax |= {"original_currency": "PLZ", "original_net": Decimal(511050), "original_vat": Decimal(112431),
            "net": Decimal("51.11"), "vat": Decimal("11.24")}  # fmt: skip
    account = world.find("account", source_id="opole", account_key="A-1")
    account["closing_balance"] += Decimal("62.35") - Decimal("62.34")
    loader(world)
    (result,) = [r for r in loader.results if r.equation == "invoice" and r.currency == "PLZ"]
    assert (result.status, result.lhs, result.rhs) == ("closed", 62348100, 62348100)
    assert result.note == "conversion to new zloty left 1 grosze between the parts of documents"


def test_text_arrives_as_it_was(loader: Loader) -> None:
    world = small_world()
    row = world.find("address", source_id="lodz", address_key="1|installation")
    row |= {"street": 'a "b"; c,\r\n\td\\N', "house": "", "flat_no": None, "city": "x\0y", "address_text": "\\."}
    loader(world)
    assert loader.rows(
        "SELECT street, house, flat_no, city, address_text FROM billing.contact_medium WHERE street LIKE 'a%%'"
    ) == [('a "b"; c,\r\n\td\\N', "", None, "x␀y", "\\.")]


def test_identifier_is_found_by_its_hash_and_hidden_from_readers(loader: Loader) -> None:
    loader(small_world())
    found = loader.rows(
        "SELECT party_id, value_masked FROM billing.party_identification WHERE value_hash = %s ORDER BY 1",
        identifier_hash(KEY, "pesel", "44051401452"),
    )
    assert found == [(loader.owner("lodz", "2"), "44*******"), (loader.owner("opole", "2"), "44*******")]
    with loader.connect() as connection:
        for role in ("blueline_reader", "blueline_auditor"):
            connection.execute(f"SET ROLE {role}")
            assert connection.execute("SELECT count(value_masked) FROM billing.party_identification").fetchone() == (6,)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("SELECT value_clear FROM billing.party_identification")
            connection.execute("RESET ROLE")
        connection.execute("SET ROLE blueline_reader")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT 1 FROM control.xref")


def test_number_of_the_court_register_is_an_identifier_like_the_others(loader: Loader) -> None:
    world = small_world()
    world.find("subscriber", source_id="lodz", subscriber_key="3").update(
        kind="company", company_name="ALFA S.A.", pesel=None, pesel_status="missing", krs="0000012345", krs_status="ok"
    )
    loader(world)
    hashed = identifier_hash(KEY, "krs", "0000012345")
    query = "SELECT party_id, kind, value_masked, value_clear FROM billing.party_identification WHERE value_hash = %s"
    assert loader.rows(query, hashed) == [(loader.owner("lodz", "3"), "krs", "00*******", "0000012345")]
    loader(world)
    assert len(loader.rows(query, hashed)) == 1
    world.find("subscriber", source_id="lodz", subscriber_key="3")["krs"] = None
    loader(world)
    assert loader.rows(query, hashed) == []


def test_provenance_and_edges_are_masked_and_kept(loader: Loader) -> None:
    world = small_world()
    world.join(("lodz", "1"), ("opole", "1"))
    world.provenance.append(
        {"cluster_key": "lodz|1", "field": "pesel", "source_id": "lodz", "subscriber_key": "1", "rule": "most_trusted",
         "value": "44051401451", "lost": [{"source_id": "opole", "subscriber_key": "1", "value": "44051401459"}]}
    )  # fmt: skip
    world.edges.append(
        {"left_source_id": "lodz", "left_key": "1", "right_source_id": "opole", "right_key": "1", "match_weight": 12.25,
         "match_probability": 0.999, "outcome": "merge", "reason": "EVIDENCE", "rule": "pesel", "levels": "pesel=same",
         "weight_pesel": 9.5}
    )  # fmt: skip
    loader(world)
    assert loader.rows("SELECT field, value, lost FROM control.field_provenance") == [
        ("pesel", "44*******", "opole:1=44*******")
    ]
    assert loader.rows("SELECT left_key, match_weight, weights FROM control.match_edge") == [
        ("1", Decimal("12.250000"), "pesel=9.5")
    ]
    world.provenance.clear()
    world.edges.clear()
    result = loader(world)
    assert (result.counts["field_provenance"].removed, result.counts["match_edge"].removed) == (1, 1)


def test_rejects_are_resolved_by_a_later_delivery(loader: Loader) -> None:
    world = small_world()
    world.rejects += [_reject(), _reject(reason="NUM-PACKED", amount=Decimal("12.30"), currency="PLN")]
    loader(world)
    amounts = {(r.entity, r.lhs, r.rhs) for r in loader.results if r.equation == "amounts" and r.source_id == "opole"}
    payments = sum(int(r["amount"] * 100) for r in world.rows["payment"] if r["source_id"] == "opole")
    assert ("payment", payments + 1730, payments + 1730) in amounts
    world.rejects.pop()
    loader(world)
    assert loader.rows("SELECT reason, state, batch_id, resolved_batch_id FROM control.reject ORDER BY 1") == [
        ("NUM-PACKED", "resolved", 1, 2), ("ORPHAN-PAYMENT", "open", 1, None),
    ]  # fmt: skip


def test_big_loads_rebuild_what_they_take_off(loader: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loaders.bulk, "MANY", 1)
    query = (
        "SELECT indexdef FROM pg_indexes WHERE schemaname IN ('billing', 'control') UNION ALL "
        "SELECT conrelid::regclass::text || conname || pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE connamespace IN ('billing'::regnamespace, 'control'::regnamespace) ORDER BY 1"
    )
    before = loader.rows(query)
    loader(small_world())
    assert loader.rows(query) == before
    bigger = small_world(people=9)
    result = loader(bigger)
    assert result.counts["invoice"].inserted == 12
    assert result.counts["invoice"].unchanged == 6
    assert loader.rows(query) == before
    assert {r.status for r in loader.results} == {"closed"}


def test_every_row_leads_to_a_registered_file(loader: Loader) -> None:
    loader(small_world())
    for table in ("control.xref", "billing.invoice_item", "billing.tax_item", "billing.payment_allocation"):
        assert loader.rows(
            f"SELECT count(*) FROM {table} t LEFT JOIN control.source_file f "
            "ON f.file_id = t.file_id AND f.source_id = t.source_id WHERE f.file_id IS NULL"
        ) == [(0,)]


def _end_connections(loader: Loader) -> None:
    with loader.connect() as other:
        ended = other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'blueline' "
            "AND datname = current_database()"
        ).fetchall()
    assert ended


def _reject(**values: Any) -> dict[str, Any]:
    return {
        "source_id": "opole", "file_sha256": sha("opole", "payment"), "record_no": 99, "byte_offset": 9800,
        "byte_length": 100, "file_name": "PAYMENT.DAT", "step": "balance", "entity": "payment",
        "source_key": "P-9-1", "account_key": "A-9", "disposition": "suspended", "level": "record",
        "reason": "ORPHAN-PAYMENT", "message": "account A-9 is not there", "amount": Decimal("5.00"),
        "currency": "PLN", "raw": b"\x00\xff", **values,
    }  # fmt: skip


def _owners(loader: Loader, source: str, person: str) -> set[int]:
    return {loader.owner(source, person)}


def _without(snapshot: dict[str, list[str]], names: dict[str, None]) -> dict[str, list[dict[str, Any]]]:
    import json

    return {
        table: sorted(({k: v for k, v in json.loads(row).items() if k not in names} for row in rows), key=repr)
        for table, rows in snapshot.items()
    }


def test_payments_without_allocations_or_a_stated_rest_are_not_tested(loader: Loader) -> None:
    world = small_world()
    for payment in world.rows["payment"]:
        if payment["source_id"] == "opole":
            payment["unallocated"] = None
    world.rows["payment_allocation"] = [r for r in world.rows["payment_allocation"] if r["source_id"] != "opole"]
    loader(world)
    by_source = {r.source_id: r for r in loader.results if r.equation == "payment"}
    payments = sum(r["source_id"] == "opole" for r in world.rows["payment"])
    assert (by_source["lodz"].status, by_source["lodz"].untested) == ("closed", 0)
    assert (by_source["opole"].status, by_source["opole"].untested) == ("not_applicable", payments)
    assert by_source["opole"].note == f"not tested: {payments} payments without allocations or a stated rest"
    shown = Console(width=200, file=StringIO())
    shown.print(equations_table(loader.results))
    line = next(text for text in shown.file.getvalue().splitlines() if text.startswith(" payment"))
    assert f"not tested, no allocations and no stated rest: opole {payments}" in line
    assert "closed, sources: 1" in line and "not applicable" not in line


def test_a_payment_that_could_not_fail_is_told_beside_those_that_closed(loader: Loader) -> None:
    world = small_world()
    world.pay("opole", "1", 9, "5.00")
    world.find("payment", source_id="opole", payment_key="P-1-9")["unallocated"] = None
    loader(world)
    (result,) = [r for r in loader.results if r.equation == "payment" and r.source_id == "opole"]
    assert (result.status, result.untested) == ("closed", 1) and result.checked > 1
