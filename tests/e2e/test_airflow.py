"""The real scheduler runs the real DAGs on real files, and a real browser opens the UI and the reports.

The tests of this module tell one story and share one installation: first run, second run, a damaged delivery.
"""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from pathlib import Path

import browser
import pytest

from pipeline import postgres, service
from pipeline.airflow import USER, Airflow
from pipeline.airflow_api import AirflowApi
from pipeline.sessions import Sessions
from pipeline.steps import CONSOLIDATE_STEPS, SOURCE_STEPS

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def first(installation):
    """The first run, with everything started and stopped by the demo itself."""
    return installation.demo()


@pytest.fixture(scope="module")
def api(installation, first):
    """Airflow as `make up` starts it."""
    up = installation.run("-m", "pipeline.service", "up")
    assert up.returncode == 0, up.stderr
    port = Sessions.read(service.sessions_path(installation.home)).ports["api-server"]
    airflow = Airflow(installation.home, port, "", Path())
    return AirflowApi.sign_in(airflow.url, USER, airflow.password)


def states(api, dag_id, run):
    return {task["task_id"]: task["state"] for task in api.task_instances(dag_id, run["dag_run_id"])}


def test_the_first_run_loads_every_region_and_balances(installation, first):
    assert first.returncode == 0, first.stdout + first.stderr
    for region in installation.regions:
        assert re.search(rf"{region} +publish +published", first.stdout), first.stdout
    assert "Loaded as batch" in first.stdout
    assert "Nothing new" not in first.stdout


def test_the_demo_leaves_nothing_running(installation, first):
    assert first.returncode == 0
    assert Sessions.read(service.sessions_path(installation.home)).processes() == []
    assert postgres.status(installation.home) is None


def test_every_task_of_every_dag_ran_once(installation, api):
    for region in installation.regions:
        (run,) = api.runs(f"source_{region}")
        assert run["state"] == "success"
        assert states(api, f"source_{region}", run) == dict.fromkeys([*SOURCE_STEPS, "settle", "verdict"], "success")
    (run,) = api.runs("consolidate")
    assert run["run_type"] == "asset_triggered"
    assert states(api, "consolidate", run) == dict.fromkeys(CONSOLIDATE_STEPS, "success")


def test_tasks_hand_on_references_only(installation, api):
    for region in installation.regions:
        (run,) = api.runs(f"source_{region}")
        for step in SOURCE_STEPS:
            value = api.xcom(f"source_{region}", run["dag_run_id"], step)
            assert re.fullmatch(rf"[a-z_]+/{region}/[0-9a-f]{{32}}", value), value


def test_typed_again_it_finds_nothing_new(installation, api):
    again = installation.demo()
    assert again.returncode == 0, again.stdout + again.stderr
    assert "Nothing new" in again.stdout
    assert "running already" in again.stdout
    assert len(api.runs("consolidate")) == 2


def test_a_damaged_delivery_stops_its_source_and_no_other(installation, api, damaged):
    delivered = [path for path in (installation.home / "deliveries" / "krakow").rglob("*") if path.is_file()]
    file = max(delivered, key=lambda path: path.stat().st_size)
    damaged(file, file.stat().st_size // 2 + 1)
    run = installation.demo()
    assert run.returncode == 1, run.stdout + run.stderr
    assert re.search(r"krakow stopped at \w+: .*" + re.escape(file.name), run.stdout), run.stdout
    assert "Nothing was loaded" in run.stdout  # its older data still serve, the others' have not changed
    newest = api.runs("source_krakow")[0]
    assert newest["state"] == "failed"
    reached = states(api, "source_krakow", newest)
    assert reached["settle"] == "success"
    assert reached["verdict"] == "failed"
    failed = [step for step in SOURCE_STEPS if reached[step] == "failed"]
    assert len(failed) == 1
    tries = {task["task_id"]: task["try_number"] for task in api.task_instances("source_krakow", newest["dag_run_id"])}
    assert tries[failed[0]] == 1, "a file does not get better by trying again"
    for region in ("lodz", "poznan"):
        assert api.runs(f"source_{region}")[0]["state"] == "success"
    assert api.runs("consolidate")[0]["state"] == "success"


@pytest.mark.skipif(browser.CHROMIUM is None, reason="no chromium here (apt install chromium)")
def test_an_operator_sees_the_dags_in_a_browser(api, tmp_path):
    with browser.browsing(tmp_path / "profile") as page:
        page.sign_in(api.url, api.token)
        page.open(f"{api.url}/dags")
        page.wait_for("Consolidation", "mainframe")
        page.open(f"{api.url}/dags/source_krakow")
        page.wait_for("Kraków", "delivery", "extract", "transform", "handover", "verdict")
        assert page.errors == []


REVIEW = "/blueline/review/"


@pytest.mark.parametrize(("method", "path"), [("GET", REVIEW), ("POST", f"{REVIEW}decide"), ("POST", f"{REVIEW}undo")])
def test_the_review_page_answers_nobody_who_has_not_signed_in(api, method, path):
    for header in ({}, {"Authorization": "Bearer nonsense"}, {"Cookie": "_token=nonsense"}):
        body = b"" if method == "POST" else None
        request = urllib.request.Request(api.url + path, method=method, headers=header, data=body)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60)
        assert refused.value.code in (401, 403)


@pytest.mark.skipif(browser.CHROMIUM is None, reason="no chromium here (apt install chromium)")
def test_an_operator_finds_the_review_page_in_airflow(api, tmp_path):
    with browser.browsing(tmp_path / "profile") as page:
        page.sign_in(api.url, api.token)
        page.open(f"{api.url}{REVIEW}")
        page.wait_for("Are they one customer?", f"You are {USER}", "Decisions")
        page.open(f"{api.url}/plugin/blueline-review")
        page.wait_for("Browse")
        assert page.errors == []


@pytest.mark.skipif(browser.CHROMIUM is None, reason="no chromium here (apt install chromium)")
def test_the_report_opens_in_a_browser(installation, api, tmp_path):
    port = Sessions.read(service.sessions_path(installation.home)).ports["reports"]
    reports = installation.home / "reports"
    newest = max(reports.glob("*/report.html"), key=lambda path: path.stat().st_mtime)
    with browser.browsing(tmp_path / "profile") as page:
        page.open(f"http://127.0.0.1:{port}/")
        page.wait_for(newest.parent.name)
        page.open(f"http://127.0.0.1:{port}/{newest.relative_to(reports)}")
        page.wait_for("Kraków", "Łódź", "Poznań")
        assert page.errors == []


def test_down_stops_everything(installation, api):
    down = installation.run("-m", "pipeline.service", "down")
    assert down.returncode == 0, down.stderr
    assert "and PostgreSQL" in down.stdout
    assert Sessions.read(service.sessions_path(installation.home)).processes() == []
    assert postgres.status(installation.home) is None
