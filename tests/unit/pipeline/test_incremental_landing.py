"""Incremental results inside the pipeline: what they build on is what was published, never what was only tried."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from billing.errors import SourceError
from billing.settings import Settings
from pipeline.context import Context
from pipeline.steps import SOURCE_STEPS, run_step
from pipeline.store import Manifest

SPEC = """
id = "torun"
title = "Torun"
system = "a database"
zone = "56"
delivery = {extracted_on = 2003-12-31}
thresholds = {always_allowed = 0, max_rejected = 0}

[[files]]
name = "baza"
format = "sql"
pattern = "baza.sqlite"
results = [{name = "konta", source = "konta", key = ["NR"], watermark = "ZMIENIONE"}]

[[entities]]
name = "subscriber"
from = "konta"
fields = {subscriber_key = "ABONENT", name = {value = "Jan Nowak"}}

[[entities]]
name = "account"
from = "konta"
[entities.fields]
account_key = "NR"
subscriber_key = "ABONENT"
account_no = "NR"
opening_balance = {value = "0"}
closing_balance = "SALDO"
currency = {value = "PLN"}
"""


class World:
    """A home with one source, whose database is changed by SQL."""

    def __init__(self, folder: Path) -> None:
        (folder / "sources" / "torun").mkdir(parents=True)
        (folder / "sources" / "torun" / "source.toml").write_text(SPEC)
        (folder / "deliveries" / "torun").mkdir(parents=True)
        self.path = folder / "deliveries" / "torun" / "baza.sqlite"
        self.ctx = Context(
            Settings(
                home=folder / "home", sources=folder / "sources", deliveries=folder / "deliveries", log_level="ERROR"
            )
        )
        self.run("CREATE TABLE konta (NR TEXT, ABONENT TEXT, SALDO TEXT, ZMIENIONE TEXT)")
        for number in range(1, 9):
            self.run(f"INSERT INTO konta VALUES ('{number}', 'A{number}', '{number}.50', '2003-10-0{number}')")

    def run(self, statement: str) -> None:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute(statement)

    def steps(self, *names: str) -> dict[str, Manifest]:
        """Run steps of the source, each on the one before."""
        done: dict[str, Manifest] = {}
        ref: str | None = None
        for name in names or SOURCE_STEPS:
            ref = run_step(name, "torun", ref, "run", self.ctx)
            done[name] = self.ctx.store.manifest(ref)
        return done

    def extraction(self, done: dict[str, Manifest]) -> dict[str, Any]:
        return dict(done["land"].facts["files"][0]["extraction"])


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def numbers(extraction: dict[str, Any]) -> list[Any]:
    return [extraction[name] for name in ("fetched", "inserted", "changed", "deleted", "unchanged")]


def change(world: World) -> None:
    world.run("UPDATE konta SET SALDO = '100.00', ZMIENIONE = '2003-11-01' WHERE NR = '3'")
    world.run("INSERT INTO konta VALUES ('9', 'A9', '9.50', '2003-11-02')")


def test_figures_and_watermarks_stand_in_the_manifest_and_the_file_s_notes(world: World) -> None:
    first = world.extraction(world.steps())
    assert numbers(first) == [8, 8, 0, 0, 0]
    assert (first["watermark_before"], first["watermark"]) == (None, "2003-10-08")
    change(world)
    done = world.steps()
    second = world.extraction(done)
    assert numbers(second) == [3, 1, 1, 0, 7]
    assert (second["watermark_before"], second["watermark"]) == ("2003-10-08", "2003-11-02")
    [file] = done["decode"].facts["files"]
    assert file["notes"][0].startswith("rows against the published dump: 1 new, 1 changed, 0 deleted, 7 unchanged")
    assert done["conform"].tables["account"].rows == 9


def test_what_is_published_again_is_no_news(world: World) -> None:
    first = world.steps()
    again = world.steps()
    assert {name: m.ref for name, m in again.items()} == {name: m.ref for name, m in first.items()}
    change(world)
    second = world.steps()
    assert second["land"].ref != first["land"].ref
    assert {n: m.ref for n, m in world.steps().items()} == {n: m.ref for n, m in second.items()}
    assert numbers(world.extraction(world.steps("land"))) == [3, 1, 1, 0, 7]  # of when it was news


def test_a_run_that_was_never_published_is_not_built_on(world: World) -> None:
    published = world.steps()
    change(world)
    tried = world.steps("land", "decode")  # and killed
    world.run("UPDATE konta SET SALDO = '200.00', ZMIENIONE = '2003-11-03' WHERE NR = '3'")
    done = world.extraction(world.steps())
    base = published["land"].facts["files"][0]["sha256"]
    assert done["base"] == base != tried["land"].facts["files"][0]["sha256"]
    assert numbers(done) == [3, 1, 1, 0, 7]
    assert done["watermark_before"] == "2003-10-08"


def test_a_run_that_was_refused_is_not_built_on(world: World) -> None:
    world.steps()
    world.run("INSERT INTO konta VALUES ('10', 'A10', 'b/d', '2003-11-09')")
    with pytest.raises(SourceError):
        world.steps()
    world.run("UPDATE konta SET SALDO = '1.00' WHERE NR = '10'")  # without moving its watermark
    done = world.steps()
    assert numbers(world.extraction(done)) == [2, 1, 0, 0, 8]
    assert done["conform"].tables["account"].rows == 9


def test_back_to_an_earlier_state_is_news_with_figures_of_its_own(world: World) -> None:
    first = world.steps()
    world.run("INSERT INTO konta VALUES ('9', 'A9', '9.50', '2003-11-02')")
    world.steps()
    world.run("DELETE FROM konta WHERE NR = '9'")
    third = world.steps()
    assert third["land"].facts["files"][0]["sha256"] == first["land"].facts["files"][0]["sha256"]
    assert numbers(world.extraction(third)) == [8, 0, 0, 1, 8]


def test_a_watermark_that_is_declared_later_begins_with_the_next_delivery(world: World) -> None:
    spec = world.ctx.settings.sources / "torun" / "source.toml"
    spec.write_text(SPEC.replace(', watermark = "ZMIENIONE"', ""))
    plain = World.steps(world)
    assert world.extraction(plain)["watermark"] is None
    spec.write_text(SPEC)
    world.ctx = Context(world.ctx.settings)
    first = world.steps()
    assert first["land"].facts["files"][0]["sha256"] == plain["land"].facts["files"][0]["sha256"]
    assert world.extraction(first)["watermark"] == "2003-10-08"
    change(world)
    assert numbers(world.extraction(world.steps())) == [3, 1, 1, 0, 7]


def test_a_store_that_was_cleared_is_filled_by_a_whole_dump(world: World) -> None:
    world.steps()
    shutil.rmtree(world.ctx.store.blobs)
    change(world)
    done = world.extraction(world.steps())
    assert (done["base"], numbers(done)) == (None, [9, 9, 0, 0, 0])
