"""What a source remembers of its published deliveries: when one stays away, and when a process ends at a bad moment."""

import shutil

import pytest
from source_world import SourceWorld, accounts
from typer.testing import CliRunner

import pipeline.source_steps
from billing.errors import SourceError, StoreError
from pipeline import source_steps
from pipeline.commands import sources
from pipeline.consolidation import _standing
from pipeline.history import known_files
from pipeline.source_steps import is_absent
from pipeline.steps import run_step

TWENTY = "NR;SALDO\n" + "".join(f"{1000 + n};{n},50\n" for n in range(20))
OPTIONAL = accounts(delivery="optional = true")


@pytest.fixture
def world(tmp_path):
    world = SourceWorld(tmp_path)
    world.declare(OPTIONAL)
    return world


def stays_away(world):
    """A run of a source whose delivery is not there."""
    aside = world.folder.rename(world.folder.with_name("aside"))
    ctx, manifest = world.run()
    assert is_absent(ctx, manifest)
    aside.rename(world.folder)
    return ctx


def test_a_delivery_that_stays_away_does_not_make_a_source_forget_what_it_had(world):
    world.run_of(konta=TWENTY)
    ctx = stays_away(world)
    assert _standing(ctx, "probe")["ref"] is None
    world.deliver(konta="NR;SALDO\n")
    with pytest.raises(SourceError, match="lost most of what is published: subscriber 0 of 20, account 0 of 20"):
        world.run()
    world.deliver(konta=TWENTY)  # what was published is no repeat of something that was replaced
    assert world.warnings() == []


def test_it_may_stay_away_twice(world):
    world.run_of(konta=TWENTY)
    stays_away(world)
    ctx = stays_away(world)
    assert ctx.store.state("published/probe")["delivered"].startswith("balance/probe/")
    world.deliver(konta="NR;SALDO\n")
    with pytest.raises(SourceError, match="lost most"):
        world.run()


def test_the_series_goes_on_after_a_delivery_that_stayed_away(world):
    numbered = OPTIONAL.replace("optional = true", 'optional = true\nseries = "file"').replace(
        'code_page = "cp1250"', 'code_page = "cp1250"\nheader = true\ntrailer = { starts_with = "T;", sequence_at = 2 }'
    )
    world.declare(numbered)
    world.run_of(konta="NR;SALDO\n1;1,00\nT;7\n")
    stays_away(world)
    world.deliver(konta="NR;SALDO\n1;2,00\nT;9\n")
    with pytest.raises(SourceError, match="number 8 is missing"):
        world.run()


def test_an_empty_delivery_is_not_an_absent_one(world):
    world.declare(OPTIONAL.replace('pattern = "konta*.csv"', 'pattern = "konta*.csv"\noptional = true'))
    stays_away(world)
    ctx, manifest = world.run_of()
    assert not is_absent(ctx, manifest)
    ctx = stays_away(world)
    assert ctx.store.state("published/probe")["absent"]


def test_a_process_that_ends_before_the_history_is_written_is_made_up_for(world, monkeypatch):
    world.declare(accounts(delivery='repeats = "stop"'))
    world.deliver(konta=TWENTY)

    def ends(*args):
        raise SystemExit(137)

    with monkeypatch.context() as patched, pytest.raises(SystemExit):
        patched.setattr(pipeline.source_steps, "remember", ends)
        world.run()
    assert known_files(world.context(), "probe") == []
    ctx, _ = world.run()  # is no repeat of itself
    assert [file["name"] for file in known_files(ctx, "probe")] == ["konta.csv"]


def test_a_process_that_ends_there_and_is_followed_by_another_delivery(world, monkeypatch):
    world.deliver(konta=TWENTY)
    with monkeypatch.context() as patched, pytest.raises(SystemExit):
        patched.setattr(pipeline.source_steps, "remember", lambda *args: (_ for _ in ()).throw(SystemExit(137)))
        world.run()
    ctx, _ = world.run_of(konta_2=TWENTY.replace("0,50", "0,60"))
    assert [file["name"] for file in known_files(ctx, "probe")] == ["konta.csv", "konta_2.csv"]


def test_steps_that_were_cleared_away_are_done_again(world):
    ctx, first = world.run_of(konta=TWENTY)
    shutil.rmtree(world.home / "store" / "steps")
    _, again = world.run_of(konta=TWENTY.replace("0,50", "0,60"))
    assert again.ref != first.ref
    assert known_files(ctx, "probe")[-1]["records"] == 20


def test_a_damaged_pointer_is_told_with_its_file(world):
    world.run_of(konta=TWENTY)
    (world.home / "store" / "state" / "published" / "probe.json").write_text("{")
    with pytest.raises(StoreError, match=r"published/probe\.json.*damaged pointer.*remove the file"):
        world.run()


def test_a_raw_table_that_is_called_like_its_entity_has_a_threshold_of_its_own(world):
    """Three of a hundred records are lost to conform: not three of the two hundred that both tables have together."""
    text = accounts().replace('name = "konta"', 'name = "account"').replace('from = "konta"', 'from = "account"')
    world.declare(text.replace("[[files]]", "[thresholds]\nalways_allowed = 0\n[[files]]", 1))
    world.deliver(konta="NR;SALDO\n" + "".join(f"{n};{'x' if n < 3 else '1,00'}\n" for n in range(100)))
    with pytest.raises(SourceError, match=r"3 of 100 records of account are rejected, more than 0\.02"):
        world.run()


def test_the_run_that_brought_the_data_is_named_and_not_the_one_that_found_nothing_new(world, monkeypatch):
    monkeypatch.setattr(sources, "context", world.context)

    def listed():
        """The line of the source, and what is shown of it."""
        shown = [CliRunner().invoke(sources.app, words).output for words in (["list"], ["show", "probe"])]
        return [" ".join(text.split()) for text in shown]

    def run(run_id):
        ref = None
        for step in source_steps.STEPS:
            ref = run_step(step, "probe", ref, run_id, world.context())

    world.deliver(konta=TWENTY)
    run("r-1")
    run("r-2")
    line, told = listed()
    assert "r-1" in line and "r-2" not in line
    assert "(run r-1)" in told and "Last outcome: published" in told and "(run r-2)" in told
    world.deliver(konta=TWENTY.replace("1000;0,50", "1000;7,50"))
    run("r-3")
    run("r-4")
    assert "r-3" in listed()[0] and "r-4" not in listed()[0]
