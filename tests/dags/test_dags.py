"""Every DAG imports without a database, and says what it should."""

import itertools
import json
import re
from pathlib import Path

import pytest

from billing.registry import load_registry
from pipeline.airflow import POOLS
from pipeline.steps import CONSOLIDATE_STEPS, SOURCE_STEPS

ROOT = Path(__file__).parents[2]
SOURCES = load_registry(ROOT / "sources")
DESCRIBE = Path(__file__).with_name("describe.py").read_text()


@pytest.fixture(scope="module")
def read(run_python):
    return json.loads(run_python(DESCRIBE).splitlines()[-1])


@pytest.fixture(scope="module")
def dags(read):
    return read["dags"]


def test_every_file_imports(read):
    assert read["errors"] == {}


def test_ids_equal_the_registry(dags):
    assert set(dags) == {f"source_{name}" for name in SOURCES} | {"consolidate"}


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_runs_its_steps_in_order(dags, name):
    tasks = dags[f"source_{name}"]["tasks"]
    assert set(tasks) == {*SOURCE_STEPS, "settle", "verdict"}
    for step, following in zip(SOURCE_STEPS, [*SOURCE_STEPS[1:], "settle"], strict=True):
        assert tasks[step]["downstream"] == [following]
        assert tasks[step]["rule"] == "all_success"
    assert tasks["settle"]["downstream"] == ["verdict"]
    assert tasks["verdict"]["downstream"] == []


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_tells_the_consolidation_how_it_ended_even_when_it_failed(dags, name):
    tasks = dags[f"source_{name}"]["tasks"]
    assert tasks["settle"]["rule"] == "all_done"
    assert {task: described["outlets"] for task, described in tasks.items() if described["outlets"]} == {
        "settle": [f"blueline://sources/{name}"]
    }


def test_the_consolidation_waits_for_every_source(dags):
    assert dags["consolidate"]["assets"] == sorted(f"blueline://sources/{name}" for name in SOURCES)
    assert dags["consolidate"]["condition"] == "AssetAll"


def test_the_consolidation_runs_its_steps_in_order(dags):
    tasks = dags["consolidate"]["tasks"]
    assert set(tasks) == set(CONSOLIDATE_STEPS)
    for step, following in itertools.pairwise(CONSOLIDATE_STEPS):
        assert tasks[step]["downstream"] == [following]


@pytest.mark.parametrize("name", SOURCES)
def test_owner_tags_and_documentation_are_those_of_the_declaration(dags, name):
    spec, dag = SOURCES[name].spec, dags[f"source_{name}"]
    assert {task["owner"] for task in dag["tasks"].values()} == {spec.owner}
    assert {"source", *(file.format for file in spec.files)} <= set(dag["tags"])
    assert spec.region == "" or spec.region in dag["tags"]
    assert spec.zone is None or f"zone {spec.zone}" in dag["tags"]
    assert dag["title"] == spec.title
    assert SOURCES[name].notes in dag["doc"]
    assert spec.system in dag["doc"]


def test_every_task_has_what_an_operator_needs(dags):
    for dag_id, dag in dags.items():
        assert dag["catchup"] is False
        assert dag["max_active_runs"] == 1
        for task_id, task in dag["tasks"].items():
            where = f"{dag_id}.{task_id}"
            assert re.fullmatch(r"[a-z_]+", task_id), where
            assert task["doc"], where
            assert task["retries"] == (0 if task_id == "verdict" else 2), where
            if task_id not in ("settle", "verdict"):
                assert task["timeout"], where
                assert task["group"], where


def test_pools_are_those_that_the_runtime_makes(dags):
    used = {task["pool"] for dag in dags.values() for task in dag["tasks"].values()}
    assert used == {"default_pool", *POOLS}
    assert {dag["tasks"]["land"]["pool"] for name, dag in dags.items() if name != "consolidate"} == {"legacy"}


def test_schedules_can_be_switched_off(run_python):
    off = json.loads(run_python(DESCRIBE, BLUELINE_SCHEDULES="0").splitlines()[-1])["dags"]
    for name in SOURCES:
        assert off[f"source_{name}"]["schedule"] == "NullTimetable"


def test_a_declared_schedule_is_followed(run_python, tmp_path):
    declared = SOURCES["krakow"].folder
    folder = tmp_path / "krakow"
    folder.mkdir()
    text = (declared / "source.toml").read_text()
    (folder / "source.toml").write_text(re.sub(r"(?m)^(title = .*)$", r'\1\nschedule = "0 3 2 * *"', text, count=1))
    on = json.loads(run_python(DESCRIBE, BLUELINE_SOURCES=str(tmp_path)).splitlines()[-1])["dags"]
    assert on["source_krakow"]["schedule"] == "CronTriggerTimetable"


LIGHT = """
import sys
from airflow.sdk import DAG, Asset, TaskGroup, task
tops = lambda: {{name.partition(".")[0] for name in sys.modules}}
before = tops()
sys.path.insert(0, {dags!r})
import {module}
print("\\n" + " ".join(sorted(tops() - before)))
"""


@pytest.mark.parametrize("module", ["sources", "consolidate"])
def test_parsing_stays_light(run_python, module):
    # Not measured by a clock: what makes a parse slow are these imports, and none of them may come back
    heavy = {"pandas", "great_expectations", "splink", "duckdb", "psycopg", "polars", "scipy", "matplotlib", "lxml"}
    ours = {"extractors", "transforms", "expectations", "loaders", "audit"}
    new = set(run_python(LIGHT.format(dags=str(ROOT / "dags"), module=module)).splitlines()[-1].split())
    assert not new & (heavy | ours)
    assert "billing" in new, "the test would pass for an empty file as well"


NO_CONNECTION = (
    """
import socket, sqlite3
def refuse(*args, **kwargs):
    raise AssertionError("parsing opened a connection")
socket.socket.connect = refuse
sqlite3.connect = refuse
import psycopg
psycopg.Connection.connect = refuse
"""
    + DESCRIBE
)


def test_parsing_opens_no_connection(run_python):
    assert json.loads(run_python(NO_CONNECTION).splitlines()[-1])["errors"] == {}


ONE_DAG = (
    """
import os
os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"] = "source_krakow"
os.environ["_AIRFLOW_PARSING_CONTEXT_TASK_ID"] = "land"
"""
    + DESCRIBE
)


def test_a_task_builds_its_own_dag_only(run_python):
    dags = json.loads(run_python(ONE_DAG).splitlines()[-1])["dags"]
    assert set(dags) == {"source_krakow", "consolidate"}


def test_a_wrong_declaration_is_an_import_error_that_names_key_and_file(run_python, tmp_path):
    folder = tmp_path / "krakow"
    folder.mkdir()
    declared = (SOURCES["krakow"].folder / "source.toml").read_text()
    (folder / "source.toml").write_text('tilte = "Kraków"\n' + declared)
    errors = json.loads(run_python(DESCRIBE, BLUELINE_SOURCES=str(tmp_path)).splitlines()[-1])["errors"]
    assert len(errors) == 2
    for text in errors.values():
        assert "tilte: unknown key" in text
        assert str(folder / "source.toml") in text
