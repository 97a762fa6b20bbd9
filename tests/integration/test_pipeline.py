"""The whole pipeline on generated regions, held against the truth that the generator wrote."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from audit.pairs import waiting
from audit.trace import set_aside, trace
from billing.decisions import RecordRef
from billing.settings import Settings
from loaders.decisions import Wish, undo
from loaders.warehouse import connect
from pipeline.context import Context
from pipeline.deciding import decide_all
from pipeline.explaining import show_explanation
from pipeline.landed import chain
from pipeline.people import record_values
from pipeline.reconciliation import not_in_load
from pipeline.run import run_all
from pipeline.summary import print_summary
from samples.__main__ import main as generate
from transforms.identity.weights import read_weights

SUBSCRIBERS = 12_000  # enough for the planted faults to stay below the sources' thresholds


@pytest.fixture(scope="module")
def deliveries(tmp_path_factory):
    folder = tmp_path_factory.mktemp("deliveries")
    for number in (1, 2):
        assert generate(
            ["--out", str(folder / str(number)), "--subscribers", str(SUBSCRIBERS), "--delivery", str(number)]
        ) in (0, None)
    return folder


@pytest.fixture(scope="module")
def world(deliveries, server, tmp_path_factory):
    """One home and warehouse, loaded once with the first delivery."""
    import psycopg

    from loaders.warehouse import conninfo

    with psycopg.connect(conninfo(server.url("postgres")), autocommit=True) as admin:
        admin.execute("CREATE DATABASE whole TEMPLATE blueline")
    os.environ["BLUELINE_CONFORMANCE_DATA"] = os.environ.get(
        "BLUELINE_CONFORMANCE_DATA", str(Path("../shared/data").resolve())
    )
    settings = Settings(
        home=tmp_path_factory.mktemp("home"),
        deliveries=deliveries / "1",
        database_url=server.url("whole"),
        log_level="ERROR",
    )
    ctx = Context(settings)
    return ctx, run_all(ctx, run_id="first")


def rows(ctx, query, *values):
    with connect(ctx.database_url) as connection:
        return connection.execute(query, values).fetchall()


def test_every_source_is_published_and_every_equation_closes(world):
    ctx, result = world
    assert result.error is None
    assert result.failed_sources == []
    equations = rows(ctx, "SELECT equation, status, count(*) FROM control.recon_result GROUP BY 1, 2")
    assert {status for _, status, _ in equations} <= {"closed", "not_applicable"}
    closed = {equation for equation, status, _ in equations if status == "closed"}
    assert closed == {"records", "amounts", "account", "invoice", "payment", "debtors_creditors", "merge"}


def test_carddemo_is_in_and_what_it_cannot_prove_is_not_called_proved(world):
    ctx, result = world
    if result.outcomes["carddemo"]["status"] == "absent":
        pytest.skip("the CardDemo files are not there (BLUELINE_CONFORMANCE_DATA)")
    found = dict(
        rows(
            ctx,
            "SELECT equation, max(status) FROM control.recon_result JOIN control.source USING (source_id) "
            "WHERE code = 'carddemo' GROUP BY 1",
        )
    )
    assert found["account"] == found["invoice"] == found["payment"] == "not_applicable"
    assert found["merge"] == found["amounts"] == "closed"
    assert rows(
        ctx,
        "SELECT count(*), sum(closing_balance) FROM billing.account_balance b JOIN control.source USING (source_id) "
        "WHERE code = 'carddemo'",
    ) == [(50, pytest.approx(12269))]


def test_what_is_loaded_is_exactly_what_the_generator_left_unharmed(world, deliveries):
    ctx, _ = world
    truth = json.loads((deliveries / "1" / "truth" / "totals.json").read_text())
    tables = {
        "account": ("account_balance", "closing_balance"), "line": ("line", None),
        "subscription": ("subscription", None), "invoice": ("invoice", "gross"),
        "invoice_item": ("invoice_item", "net"),
        "tax_item": ("tax_item", "vat"), "payment": ("payment", "amount"),
        "payment_allocation": ("payment_allocation", "amount"), "adjustment": ("adjustment", "amount"),
    }  # fmt: skip
    for entity, (table, amount) in tables.items():
        measured = {
            code: (records, int(grosze))
            for code, records, grosze in rows(
                ctx,
                f"SELECT code, count(*), {f'coalesce(sum({amount}), 0) * 100' if amount else '0'} "
                f"FROM billing.{table} JOIN control.source USING (source_id) WHERE code <> 'carddemo' GROUP BY 1",
            )
        }
        expected = {
            code: (
                sum(f["records"] for f in entities[entity]["unharmed"].values()),
                sum(f.get("pln_grosze", f["grosze"]) for f in entities[entity]["unharmed"].values()) if amount else 0,
            )
            for code, entities in truth.items()
        }
        assert measured == expected, entity


def test_every_planted_defect_is_found_for_its_reason(world, deliveries):
    ctx, _ = world
    with (deliveries / "1" / "truth" / "defects.csv").open(encoding="utf-8") as file:
        planted = [row for row in csv.DictReader(file) if row["reason"]]
    found: dict[tuple[str, str, str], int] = {}
    for code, reason, disposition, count in rows(
        ctx,
        "SELECT code, reason, disposition, count(*) FROM control.reject JOIN control.source USING (source_id) "
        "GROUP BY 1, 2, 3",
    ):
        found[code, reason, disposition] = count
    wanted: dict[tuple[str, str, str], int] = {}
    for row in planted:
        key = (row["source_id"], row["reason"], row["disposition"])
        wanted[key] = wanted.get(key, 0) + 1
    missing = {key: (count, found.get(key, 0)) for key, count in wanted.items() if found.get(key, 0) < count}
    assert missing == {}


def test_control_totals_say_of_every_record_what_the_reject_store_says(world):
    ctx, _ = world
    stored = {
        tuple(key): (count, amount)
        for *key, count, amount in rows(
            ctx,
            "SELECT code, disposition, entity, coalesce(currency, ''), count(*), coalesce(sum(amount) * 100, 0) "
            "FROM control.reject JOIN control.source USING (source_id) "
            "WHERE disposition <> 'flagged' AND level = 'record' AND step <> 'decode' GROUP BY 1, 2, 3, 4",
        )
    }
    assert {disposition for _, disposition, *_ in stored} == {"rejected", "suspended"}
    priced = 0
    for name in ctx.sources:  # what decode set aside stands in the store by its raw table, in the totals by its entity
        published = ctx.store.state(f"published/{name}")
        decode = chain(ctx, ctx.store.manifest(published["ref"]))["decode"]
        for disposition, totals in decode.totals.items():
            for entity, by_currency in totals.items():
                for currency, total in by_currency.items():
                    records, amount = stored.get((name, disposition, entity, currency), (0, 0))
                    money = total["debit"] + total["credit"]
                    stored[name, disposition, entity, currency] = (records + total["records"], amount + money)
                    priced += money != 0
    assert priced
    totals = {
        tuple(key): (records, amount)
        for *key, records, amount in rows(
            ctx,
            "SELECT code, bucket, entity, coalesce(currency, ''), records, coalesce(amount_grosze, 0) FROM "
            "control.control_total JOIN control.source USING (source_id) "
            "WHERE step = 'balance' AND bucket IN ('rejected', 'suspended')",
        )
    }
    assert any(currency == "DEM" and bucket == "suspended" for _, bucket, _, currency in totals)
    assert stored == totals


def test_a_record_that_was_set_aside_is_found_by_its_key_and_by_a_number_in_its_bytes(world):
    ctx, _ = world
    for code, page, number in (("gdansk", "cp1250", r"\b58\d{9}\b"), ("krakow", "cp037", r"12\d{9}")):
        [(key, raw), *_] = rows(
            ctx,
            "SELECT source_key, raw FROM control.reject JOIN control.source USING (source_id) "
            "WHERE code = %s AND reason = 'ACC-BALANCE' AND entity = 'account' ORDER BY 1",
            code,
        )
        printed = re.search(number, bytes(raw).decode(page))[0]
        with connect(ctx.database_url) as connection:
            [found] = [r for r in set_aside(connection, key) if (r.origin.source_id, r.reason) == (code, "ACC-BALANCE")]
            place = f"{code}/{found.origin.file_name}:{found.origin.record_no}"
            assert found in set_aside(connection, place)
            assert trace(connection, printed) == []
            for name in (key, printed):
                found = [
                    r for r in set_aside(connection, name) if (r.origin.source_id, r.reason) == (code, "ACC-BALANCE")
                ]
                assert [(r.origin.source_key, r.origin.raw, r.disposition) for r in found] == [
                    (key, bytes(raw), "suspended")
                ], name


def test_a_second_run_changes_nothing_and_makes_no_batch(world):
    ctx, _ = world
    before = rows(ctx, "SELECT count(*), max(batch_id) FROM control.batch")
    stamps = rows(ctx, "SELECT max(xmin::text::bigint) FROM billing.invoice")
    again = run_all(Context(ctx.settings), run_id="again")
    assert again.error is None
    assert rows(ctx, "SELECT count(*), max(batch_id) FROM control.batch") == before
    assert rows(ctx, "SELECT max(xmin::text::bigint) FROM billing.invoice") == stamps


def test_any_account_leads_back_to_its_bytes(world, deliveries):
    from pipeline.tracing import _Bytes

    ctx, _ = world
    bytes_of = _Bytes(ctx)
    for code, name, sha, offset, length in rows(
        ctx,
        "SELECT DISTINCT ON (code) code, f.name, f.sha256, x.byte_offset, x.byte_length FROM control.xref_account x "
        "JOIN control.source USING (source_id) JOIN control.source_file f USING (file_id) "
        "ORDER BY code, source_key DESC",
    ):
        raw = bytes_of(code, sha, offset, length)
        assert raw is not None and len(raw) == length
        path = deliveries / "1" / code / name
        if path.exists() and path.suffix != ".sqlite":
            assert path.read_bytes()[offset : offset + length] == raw


@pytest.mark.parametrize(
    "step",
    ["land", "decode", "check_raw", "conform", "normalise", "check_canonical", "balance", "resolve", "batch", "report"],
)
def test_a_task_killed_before_its_commit_leaves_nothing_and_a_re_run_completes(world, tmp_path, step):
    """A process of its own runs until the step is about to become visible, and is killed there with SIGKILL."""
    ctx, _ = world
    one = "gdansk"
    env = {
        **os.environ,
        "BLUELINE_HOME": str(tmp_path),
        "BLUELINE_DELIVERIES": str(ctx.settings.deliveries_path),
        "BLUELINE_DATABASE_URL": ctx.database_url,
        "BLUELINE_LOG_LEVEL": "CRITICAL",
        "BLUELINE_SOURCES": str(tmp_path / "sources"),
    }
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / one).symlink_to(ctx.source(one).folder.resolve())
    # the warehouse of the other tests is not disturbed: this run has one of its own
    name = f"killed_{step}"
    import psycopg

    from loaders.warehouse import conninfo

    with psycopg.connect(conninfo(ctx.database_url), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE blueline")
    env["BLUELINE_DATABASE_URL"] = ctx.database_url.replace("/whole?", f"/{name}?")
    program = f"""
import os, signal
from pipeline.store import Store
whole = Store.commit
def dying(self, manifest):
    if manifest.step == {step!r}:
        os.kill(os.getpid(), signal.SIGKILL)
    whole(self, manifest)
Store.commit = dying
from pipeline.context import context
from pipeline.run import run_all
run_all(context(), workers=1)
"""
    dead = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True)
    assert dead.returncode == -signal.SIGKILL, dead.stderr[-2000:]
    assert not list((tmp_path / "store" / "steps" / step).rglob("manifest.json"))
    settings = Settings(
        home=tmp_path, deliveries=ctx.settings.deliveries_path, database_url=env["BLUELINE_DATABASE_URL"],
        sources=tmp_path / "sources", log_level="CRITICAL",
    )  # fmt: skip
    after = run_all(Context(settings), workers=1)
    assert after.error is None
    assert after.failed_sources == []
    loaded = rows(Context(settings), "SELECT count(*), sum(closing_balance) FROM billing.account_balance")
    assert loaded == rows(
        ctx,
        "SELECT count(*), sum(closing_balance) FROM billing.account_balance JOIN control.source USING (source_id) "
        "WHERE code = %s",
        one,
    )


def test_a_decision_is_applied_by_the_next_run_and_leaves_nothing_when_it_is_taken_back(world):
    ctx, _ = world
    kept = {
        "crosswalk": "SELECT source_id, source_key, target_id, row_hash FROM control.xref_subscriber ORDER BY 1, 2",
        "party": "SELECT party_id, row_hash, members FROM billing.party ORDER BY 1",
        "identifiers": "SELECT party_id, kind, row_hash FROM billing.party_identification ORDER BY 1, 2",
        "account": "SELECT t::text FROM billing.billing_account t ORDER BY 1",
        "alias": "SELECT alias_id, party_id FROM control.party_alias ORDER BY 1",
    }
    money = [
        "SELECT t::text FROM billing.account_balance t ORDER BY 1",
        "SELECT t::text FROM billing.payment t ORDER BY 1",
    ]
    before = {name: rows(ctx, query) for name, query in kept.items()}
    amounts = [rows(ctx, query) for query in money]
    with connect(ctx.database_url) as connection:
        pair = waiting(connection, reason="NAME-BIRTH", limit=1)[0]
    (made,) = decide_all(ctx.database_url, [Wish("merge", pair.left, pair.right, "papers")], actor="anna")
    assert run_all(ctx, run_id="decided").error is None
    report = json.loads((ctx.settings.reports_path / "decided" / "run.json").read_text())["identity"]
    assert [(d["number"], d["actor"], d["state"]) for d in report["decisions"]] == [(made.number, "anna", "applied")]
    assert (report["churn"]["merged"], report["churn"]["moved"], report["churn"]["new"]) == (1, 1, 0)
    now = rows(ctx, kept["alias"])
    assert now == [*before["alias"], (max(pair.parties), min(pair.parties))]
    with connect(ctx.database_url, autocommit=True) as connection:
        assert pair not in waiting(connection)
        undo(connection, made.number, actor="jan", reason="a slip")
    assert run_all(ctx, run_id="taken-back").error is None
    assert {name: rows(ctx, query) for name, query in kept.items()} == before
    assert [rows(ctx, query) for query in money] == amounts
    assert run_all(ctx, run_id="again").error is None
    assert rows(ctx, "SELECT count(*) FROM control.batch WHERE run_id = 'again'") == [(0,)]  # nothing new to load


def test_two_that_were_never_compared_are_scored_for_the_answer_with_masked_values(world):
    ctx, _ = world
    ends = [
        RecordRef(*rows(ctx, "SELECT c.code, x.source_key FROM control.xref_subscriber x JOIN control.source c "
                             "USING (source_id) WHERE c.code = %s ORDER BY 2 LIMIT 1", code)[0])
        for code in ("krakow", "lodz")
    ]  # fmt: skip
    masked, clear = record_values(ctx, ends), record_values(ctx, ends, reveal=True)
    assert set(masked) == set(clear) == set(ends)
    names = [
        values[name] for values in clear.values() for name in ("first_name", "last_name", "pesel") if name in values
    ]
    assert names
    console = Console(record=True, width=160, file=io.StringIO())
    show_explanation(ctx, ctx.database_url, str(ends[0]), str(ends[1]), console, reveal=False)
    text = console.export_text()
    assert "Never compared: the two have no blocking key in common" in text
    assert "before any evidence" in text
    assert all(name not in text for name in names)
    assert any("*" in value for values in masked.values() for value in values.values())


def test_a_value_that_was_refused_is_told_where_it_is_not_compared(world):
    ctx, _ = world
    (one, other) = rows(
        ctx,
        "SELECT s.code, r.source_key FROM control.reject r JOIN control.source s USING (source_id) "
        "JOIN control.xref_subscriber x ON x.source_id = r.source_id AND x.source_key = r.source_key "
        "WHERE r.reason = 'ID-PESEL' AND r.entity = 'subscriber' AND r.message LIKE %s "
        "ORDER BY 1, 2 LIMIT 2",
        "%(pesel.check)",
    )
    console = Console(file=io.StringIO(), width=200)
    show_explanation(ctx, ctx.database_url, "/".join(one), "/".join(other), console, reveal=False)
    shown = console.file.getvalue()
    for record in (one, other):
        said = "its PESEL is not used and therefore not compared: the check digit is wrong (pesel.check)"
        assert f"{'/'.join(record)}: {said}" in shown


def test_a_kept_pair_names_the_weights_of_its_run_and_not_those_of_today(world, tmp_path):
    ctx, _ = world
    used = read_weights()
    other = used.model_copy(update={"trained_on": "2030-01-01", "prior": 1e-4})
    (tmp_path / "weights.json").write_text(other.as_json())
    today = Context(ctx.settings.model_copy(update={"identity_weights": tmp_path / "weights.json"}))
    one, other_key, weight = rows(
        ctx,
        "SELECT l.code || '/' || e.left_key, r.code || '/' || e.right_key, e.match_weight FROM control.match_edge e "
        "JOIN control.source l ON l.source_id = e.left_source_id "
        "JOIN control.source r ON r.source_id = e.right_source_id WHERE outcome = 'merge' ORDER BY 1, 2 LIMIT 1",
    )[0]
    console = Console(record=True, width=160, file=io.StringIO())
    show_explanation(today, ctx.database_url, one, other_key, console, reveal=False)
    text = console.export_text()
    assert f"Weights and frequencies: {used.version}\n" in text
    assert other.version not in text
    (start,) = re.findall(r"before any evidence .* ([-+][0-9.]+) +[-+][0-9.]+ *$", text, re.MULTILINE)
    assert start == "-26.6"
    assert f"{weight:+.1f}" in text


def test_a_later_delivery_updates_what_changed_and_still_closes(world, deliveries):
    """Runs last: it changes the shared warehouse."""
    ctx, _ = world
    before = dict(
        rows(ctx, "SELECT code, count(*) FROM billing.payment JOIN control.source USING (source_id) GROUP BY 1")
    )
    later = Context(ctx.settings.model_copy(update={"deliveries": deliveries / "2"}))
    result = run_all(later, run_id="later")
    assert result.error is None
    counts = json.loads(json.dumps(rows(ctx, "SELECT counts FROM control.batch WHERE run_id = 'later'")[0][0]))
    assert counts["payment"]["inserted"] > 0
    assert counts["address"]["updated"] > 0
    assert counts["account"]["updated"] > 0
    after = dict(
        rows(ctx, "SELECT code, count(*) FROM billing.payment JOIN control.source USING (source_id) GROUP BY 1")
    )
    assert all(after[code] >= before[code] for code in before)


def test_a_source_that_is_not_declared_any_more_is_told_and_keeps_its_rows(world, deliveries, tmp_path):
    """Runs last, too: what was loaded of the source stays, and the run is complete without it."""
    ctx, _ = world
    for name, source in ctx.sources.items():
        if name != "gdansk":
            (tmp_path / name).symlink_to(source.folder.resolve())
    fewer = Context(ctx.settings.model_copy(update={"sources": tmp_path, "deliveries": deliveries / "2"}))
    result = run_all(fewer, run_id="fewer")
    assert result.error is None
    report = json.loads((fewer.settings.reports_path / "fewer" / "run.json").read_text())
    assert report["verdict"] == "balanced"
    assert report["lacking"] == []
    assert [source["source_id"] for source in report["undeclared"]] == ["gdansk"]
    said = io.StringIO()
    assert print_summary(fewer, result.ref, Console(file=said, width=300), run_id="fewer")
    assert "gdansk is not declared any more" in said.getvalue()
    assert "delete state/published/gdansk.json below the store" in said.getvalue()
    assert not_in_load(fewer, ctx.database_url) == ["gdansk"]
    assert rows(ctx, "SELECT count(*) > 0 FROM billing.payment JOIN control.source USING (source_id) "
                     "WHERE code = 'gdansk'") == [(True,)]  # fmt: skip
