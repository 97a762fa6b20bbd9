"""Deliveries that come again, and bank statements that go on from file to file: a source's own steps, no warehouse."""

import json
import re

import pytest
from bank_declaration import bank_declaration
from source_world import SourceWorld, accounts

from billing.errors import SourceError
from pipeline.figures import source_figures
from pipeline.history import known_files
from pipeline.repeats import known_before
from pipeline.store import read_batches

OCTOBER = "NR;SALDO\n1001;10,50\n1002;-3,00\n1003;0,00\n"
REEXPORTED = OCTOBER.replace("\n", "\r\n").replace("10,50", "10,5")


@pytest.fixture
def world(tmp_path):
    return SourceWorld(tmp_path)


def test_the_same_delivery_again_is_nothing_new(world):
    world.deliver(konta=OCTOBER)
    _, first = world.run()
    ctx, second = world.run()
    assert first.ref == second.ref
    assert ctx.store.state("published/probe")["warnings"] == []
    assert [file["name"] for file in known_files(ctx, "probe")] == ["konta.csv"]


def test_a_delivery_that_lost_most_stops_the_source(world):
    twenty = "NR;SALDO\n" + "".join(f"{1000 + n};{n},50\n" for n in range(20))
    ctx, _ = world.run_of(konta=twenty)
    published = ctx.store.state("published/probe")
    world.deliver(konta="NR;SALDO\n")
    with pytest.raises(SourceError, match="lost most of what is published: subscriber 0 of 20, account 0 of 20"):
        world.run()
    assert ctx.store.state("published/probe") == published
    world.declare(accounts() + "[thresholds]\nmax_shrunk = 1\n")
    ctx, manifest = world.run()
    assert manifest.tables["account"].rows == 0
    assert ctx.store.state("published/probe") != published


def test_a_delivery_may_lose_some(world):
    twenty = "".join(f"{1000 + n};{n},50\n" for n in range(20))
    world.run_of(konta="NR;SALDO\n" + twenty)
    _ctx, manifest = world.run_of(konta="NR;SALDO\n" + "".join(twenty.splitlines(keepends=True)[:10]))
    assert manifest.tables["account"].rows == 10


def test_a_file_exported_anew_is_told_with_its_evidence(world):
    world.deliver(konta_10=OCTOBER)
    world.run()
    world.deliver(konta_11=REEXPORTED)
    [warning] = world.warnings()
    assert re.fullmatch(
        r"konta_11\.csv has other bytes but the control totals of konta_10\.csv, published on \d{4}-\d\d-\d\d: "
        r"3 records; 3 account 1\*{7} to 1\*{7}, sum of closing_balance PLN 7\.50; "
        r"3 subscriber 1\*{7} to 1\*{7}",
        warning,
    )
    assert world.warnings() == [warning], "the same run again says the same"
    ctx, manifest = world.run()
    balance = manifest if manifest.step == "balance" else ctx.store.manifest(manifest.ref)
    assert source_figures(ctx, balance).warnings == [warning]


@pytest.mark.parametrize(
    "changed",
    [
        OCTOBER.replace("10,50", "10,51"),  # money
        OCTOBER.replace("10,50", "11,50").replace("-3,00", "-4,00"),  # each side, not their sum
        OCTOBER.replace("1003", "1004"),  # the range of keys
        OCTOBER + "1002a;0,00\n",  # the number of records
    ],
)
def test_a_file_with_any_other_total_is_no_repeat(world, changed):
    world.deliver(konta=OCTOBER)
    world.run()
    world.deliver(konta=changed)
    assert world.warnings() == []


def test_a_file_without_money_is_no_repeat(world):
    text = "NR;SALDO\n1001;0,00\n1002;0,00\n"
    world.deliver(konta=text)
    world.run()
    world.deliver(konta=text.replace("\n", "\r\n"))
    assert world.warnings() == []


def test_two_exports_in_one_delivery_stop_the_source(world):
    world.deliver(konta_1=OCTOBER, konta_2=REEXPORTED)
    with pytest.raises(SourceError, match=r"konta_2\.csv: has other bytes but the control totals of konta_1\.csv"):
        world.run()


@pytest.mark.parametrize(("declared", "told"), [("warn", 1), ("allow", 0)])
def test_they_go_on_where_it_is_declared(world, declared, told):
    world.declare(accounts(delivery=f'repeats = "{declared}"'))
    world.deliver(konta_1=OCTOBER, konta_2=REEXPORTED)
    _, manifest = world.run(until="conform")
    assert len(manifest.facts["warnings"]) == told


def test_a_replacing_repeat_stops_where_it_is_declared_and_the_published_tables_stay(world):
    world.deliver(konta_10=OCTOBER)
    ctx, _ = world.run()
    before = ctx.store.state("published/probe")
    world.declare(accounts(delivery='repeats = "stop"'))
    world.deliver(konta_11=REEXPORTED)
    with pytest.raises(SourceError, match=r"konta_11\.csv: has other bytes but the control totals of konta_10\.csv"):
        world.run()
    assert ctx.store.state("published/probe") == before
    assert [file["name"] for file in known_files(ctx, "probe")] == ["konta_10.csv"]


def test_an_old_delivery_that_comes_back_is_told(world):
    world.deliver(konta=OCTOBER)
    world.run()
    world.deliver(konta=OCTOBER.replace("10,50", "99,00"))
    assert world.warnings() == []
    world.deliver(konta=OCTOBER)
    [warning] = world.warnings()
    assert "konta.csv was published on" in warning
    assert "has been replaced since" in warning


def test_what_is_kept_shows_no_key(world):
    world.deliver(konta=OCTOBER)
    ctx, _ = world.run()
    assert "1001" not in json.dumps(known_files(ctx, "probe"))


# --- bank statements ---------------------------------------------------------------------------------------------

BANK = bank_declaration('"account"', rest="[thresholds]\nmax_suspended = 1")
NUMBER = "67160000030002000111111001"


def statement(no, opening, amount, *, day=None, header="ST"):
    day = day or no
    return (
        f":20:{header}{no}\n:25:PL{NUMBER}\n:28C:{no}/1\n:60F:C0310{day:02}PLN{opening},00\n"
        f":61:0310{day:02}10{day:02}C{amount},00NTRFNONREF//B{no}\n:86:WPLATA\n"
        f":62F:C0310{day:02}PLN{opening + amount},00\n-\n"
    )


@pytest.fixture
def bank(world):
    world.declare(BANK)
    return world


def faults(bank):
    """Of the statements of a delivery: `(file, disposition, message)`."""
    ctx, manifest = bank.run(until="decode")
    if manifest.rejects is None:
        return []
    found = [row for batch in read_batches(ctx.store, manifest.rejects, 1000) for row in batch.to_pylist()]
    return [(r["file_name"], r["disposition"], r["message"]) for r in found if r["entity"] == "wyciag_statements"]


def test_statements_that_follow_each_other_from_file_to_file_are_sound(bank):
    bank.deliver(b=statement(8, 100, 5), a=statement(9, 105, 7))  # whatever their files are called
    assert faults(bank) == []


def test_a_gap_between_two_files_is_told_as_inside_one(bank):
    bank.deliver(a=statement(8, 100, 5), b=statement(10, 112, 1))
    [(file, disposition, message)] = faults(bank)
    assert (file, disposition) == ("b.sta", "suspended")
    assert "it opens with 112.00, but statement 8/1 before it (in a.sta) closed with 105.00" in message


def test_a_statement_in_two_files_counts_once(bank):
    bank.deliver(a=statement(8, 100, 5), b=statement(8, 100, 5, header="RE"))
    assert faults(bank) == [("b.sta", "suspended", "statement 8/1 is there twice (in a.sta)")]


def test_a_gap_after_the_published_statements_is_told(bank):
    bank.deliver(a=statement(8, 100, 5))
    bank.run()
    bank.deliver(b=statement(9, 105, 7))
    assert faults(bank) == []
    bank.deliver(c=statement(10, 112, 1))  # 9 was never published
    [(file, disposition, message)] = faults(bank)
    assert (file, disposition) == ("c.sta", "suspended")
    assert "statement 8/1 before it (in a.sta) closed with 105.00: a statement between them is missing" in message


def test_a_gap_stops_the_source_where_it_is_declared(bank):
    bank.declare(BANK.replace('code_page = "cp1250"', 'code_page = "cp1250"\nfailed_check = "stop"'))
    bank.deliver(a=statement(8, 100, 5))
    bank.run()
    bank.deliver(c=statement(10, 112, 1))
    with pytest.raises(SourceError, match="a statement between them is missing"):
        bank.run()


def test_a_statement_that_was_published_before_is_doubted_not_held_back(bank):
    bank.deliver(a=statement(8, 100, 5) + statement(9, 105, 7))
    bank.run()
    bank.deliver(b=statement(9, 105, 7, header="RE") + statement(10, 112, 1))
    assert faults(bank) == [("b.sta", "flagged", "statement 9 was published before (in a.sta)")]


def test_the_same_statements_again_are_nothing_new(bank):
    bank.deliver(a=statement(8, 100, 5))
    bank.run()
    bank.deliver(a=statement(8, 100, 5), b=statement(9, 105, 7))
    _, first = bank.run()
    _, second = bank.run()
    assert first.ref == second.ref
    assert faults(bank) == []


def test_account_numbers_are_not_kept(bank):
    bank.deliver(a=statement(8, 100, 5))
    ctx, _ = bank.run()
    [file] = known_files(ctx, "probe")
    assert file["statements"]
    assert NUMBER not in json.dumps(file)


# --- rules on their own ------------------------------------------------------------------------------------------


def test_empty_result_sets_are_no_repeat_of_each_other(world):
    ctx, _ = world.run_of(konta=OCTOBER)
    source = ctx.source("probe")
    empty = {"file": "baza", "sha256": "e", "records": 0, "control": {}, "statements": []}
    known = [{**empty, "name": "baza/A", "at": "2003-10-01T00:00:00"}]
    assert known_before(source, [{**empty, "name": "baza/B"}], known, published=["e"]) == []
    full = {**empty, "records": 3}
    [warning] = known_before(
        source, [{**full, "name": "baza/B"}], [{**full, "name": "baza/A", "at": "2003-10-01T00:00:00"}], published=["e"]
    )
    assert warning == "baza/B has the content of baza/A, which is published already"
