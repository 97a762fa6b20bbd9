"""Trails back to the bytes, and seals that show a change."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from small_world import KEY, World, sha, small_world

from audit.equations import SourceTotals, breaks_of, check_equations, record_results
from audit.seal import FIRST, seal, verify
from audit.trace import Trail, loaded_at, trace
from billing.errors import ContractError, NoSchema
from loaders.load import load
from loaders.warehouse import connect, conninfo
from pipeline import postgres


def _load(url: str, world: World, folder: Path) -> int:
    totals: list[SourceTotals] = world.totals()

    def reconcile(connection: psycopg.Connection, batch_id: int) -> list[dict[str, object]]:
        results = check_equations(connection, totals)
        record_results(connection, batch_id, results)
        return breaks_of(results)

    return load(url, world.batch(), world.inputs(folder), reconcile, hmac_key=KEY).batch_id


@pytest.fixture
def connection(warehouse: str, tmp_path: Path) -> psycopg.Connection:
    """A warehouse with one loaded batch."""
    _load(warehouse, small_world(), tmp_path / "first")
    with psycopg.connect(conninfo(warehouse), autocommit=True) as opened:
        yield opened


def _only(trails: list[Trail]) -> Trail:
    assert len(trails) == 1
    return trails[0]


def test_a_place_leads_to_what_was_loaded_from_there(connection: psycopg.Connection) -> None:
    [origin] = loaded_at(connection, "opole/ACCOUNT.DAT:2", read_raw=lambda *where: b"\xc1")
    assert (origin.entity, origin.source_key, origin.record_no, origin.raw) == ("account", "A-2", 2, b"\xc1")
    assert loaded_at(connection, "opole/ACCOUNT.DAT:999") == loaded_at(connection, "lodz/ACCOUNT.DAT") == []


def test_account_leads_to_its_bytes(connection: psycopg.Connection) -> None:
    asked = []

    def read_raw(*where: object) -> bytes:
        asked.append(where)
        return b"\xc1\xc2"

    trail = _only(trace(connection, " 1002 ", read_raw=read_raw))
    assert asked == [("opole", sha("opole", "account"), 100, 100)]
    (origin,) = trail.origins
    assert (origin.source_id, origin.file_name, origin.record_no, origin.raw) == (
        "opole",
        "ACCOUNT.DAT",
        2,
        b"\xc1\xc2",
    )
    assert (origin.source_key, origin.entity, origin.batch_id) == ("A-2", "account", 1)
    assert (trail.kind, trail.row["source"], trail.row["account_no"]) == ("account", "opole", "1002")
    assert str(trail.related["balance"]["closing_balance"]) == "38.56"  # 0 + 52.10 + 11.46 - 25.00
    assert trail.counts["invoices"] == (1, "63.56")
    assert trail.counts["payments"] == (1, "25.00")


def test_invoice_is_found_by_number_and_by_key(connection: psycopg.Connection) -> None:
    by_number = _only(trace(connection, "FV/lodz/3/1"))
    assert by_number.kind == "invoice"
    assert by_number.counts == {"items": (1, "53.10"), "tax": (1, "11.68"), "allocations": (1, "25.00")}
    assert by_number.related["account"]["account_no"] == "0003"
    by_key = trace(connection, "I-3-1")
    assert [(t.kind, t.row["source"]) for t in by_key] == [("invoice", "lodz"), ("invoice", "opole")]


def test_a_number_or_id_goes_before_a_key_unless_the_key_is_asked_for(connection: psycopg.Connection) -> None:
    assert [(t.kind, t.id) for t in trace(connection, "1")] == [("customer", 1)]
    by_key = trace(connection, "1", by_key=True)
    assert {origin.source_key for trail in by_key for origin in trail.origins} >= {"1"}
    assert len(by_key) == 2


def test_a_key_is_found_with_its_source(connection: psycopg.Connection) -> None:
    assert [(t.kind, t.row["source"]) for t in trace(connection, "opole/I-3-1")] == [("invoice", "opole")]
    assert {t.kind for t in trace(connection, "lodz/1")} == {"customer"}
    assert trace(connection, "radom/I-3-1") == []


def test_a_key_goes_before_an_id_without_its_leading_zeros(connection: psycopg.Connection) -> None:
    assert [(t.kind, t.id) for t in trace(connection, "00001")] == [("customer", 1)]  # nothing has that key
    connection.execute(
        "UPDATE control.xref_account SET source_key = '00001' WHERE source_key = 'A-2' "
        "AND source_id = (SELECT source_id FROM control.source WHERE code = 'opole')"
    )
    assert [(t.kind, t.row["account_no"]) for t in trace(connection, "00001")] == [("account", "1002")]


def test_a_warehouse_without_schema_is_told_apart_from_a_refused_load(server: postgres.Server) -> None:
    with pytest.raises(NoSchema) as caught, connect(server.url("postgres")) as opened:
        opened.execute("SELECT * FROM control.batch")
    assert "blueline db upgrade" in caught.value.remedy


def test_text_that_fits_several_kinds_is_narrowed(connection: psycopg.Connection) -> None:
    # 1 is the key of a subscriber in two sources; one of them is customer 1 as well
    assert {t.kind for t in trace(connection, "1")} == {"customer"}
    assert trace(connection, "1", kind="account") == []
    assert trace(connection, "no such thing") == []


def test_personal_values_are_masked_unless_asked_for(connection: psycopg.Connection) -> None:
    shown = _only(trace(connection, "1002")).related["owner"]
    assert shown["display_name"] == "Łu*******"
    clear = _only(trace(connection, "1002", reveal=True)).related["owner"]
    assert clear["display_name"] == "Łucja Żak2"


def test_customer_that_was_merged_away_resolves(warehouse: str, tmp_path: Path, connection: psycopg.Connection) -> None:
    (former,) = connection.execute(
        "SELECT target_id FROM control.xref_subscriber x JOIN control.source c USING (source_id) "
        "WHERE c.code = 'opole' AND source_key = '3'"
    ).fetchone()
    world = small_world()
    world.join(("lodz", "3"), ("opole", "3"))
    _load(warehouse, world, tmp_path / "second")
    trail = _only(trace(connection, str(former), kind="customer"))
    assert trail.id != former
    assert trail.note == f"customer {former} became part of customer {trail.id}"
    assert [(o.source_id, o.source_key) for o in trail.origins] == [("lodz", "3"), ("opole", "3")]
    assert trail.counts["accounts"][0] == 2


def test_seal_is_a_chain_that_shows_every_change(
    warehouse: str, tmp_path: Path, connection: psycopg.Connection
) -> None:
    first = seal(connection, 1, {"files": ["a"], "totals": {"opole": 12}})
    assert seal(connection, 1, {"totals": {"opole": 12}, "files": ["a"]}) == first  # once, whatever the order of keys
    world = small_world()
    world.bill("opole", "1", 2, "10.00")
    batch = _load(warehouse, world, tmp_path / "second")
    second = seal(connection, batch, {"files": ["b"]})
    rows = connection.execute("SELECT seal_no, previous, seal FROM control.evidence_seal ORDER BY 1").fetchall()
    assert rows == [(1, FIRST, first), (2, first, second)]
    assert verify(connection, newest=second) == []
    for statement, problem in {
        "UPDATE control.evidence_seal SET manifest = replace(manifest, '\"a\"', '\"c\"') WHERE seal_no = 1":
            "the manifest of seal 1 (batch 1) was changed",
        "UPDATE control.control_total SET records = records + 1 WHERE total_id = 1":
            "control totals or equations of batch 1 were changed after seal 1",
        "UPDATE control.recon_result SET status = 'not_applicable' WHERE result_id = "
        "(SELECT max(result_id) FROM control.recon_result)":
            "control totals or equations of batch 2 were changed after seal 2",
        "DELETE FROM control.evidence_seal WHERE seal_no = 1": "seal 1 is missing",
        "DELETE FROM control.evidence_seal WHERE seal_no = 2": "the seal noted elsewhere is not in the chain",
        "UPDATE control.batch SET code_version = 'other' WHERE batch_id = 1":
            "control totals or equations of batch 1 were changed after seal 1",
    }.items():  # fmt: skip
        with connection.transaction(force_rollback=True):
            assert connection.execute(statement).rowcount == 1
            assert problem in verify(connection, newest=second)
    assert verify(connection) == []


def test_only_a_loaded_batch_is_sealed_and_only_once(connection: psycopg.Connection) -> None:
    with pytest.raises(ContractError, match="batch 7 is not loaded"):
        seal(connection, 7, {})
    with pytest.raises(ContractError, match="object has no exact form"):
        seal(connection, 1, {"path": object()})
    seal(connection, 1, {"files": []})
    with pytest.raises(ContractError, match="sealed already, with another manifest"):
        seal(connection, 1, {"files": ["other"]})
