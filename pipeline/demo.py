"""`make demo`: the whole job on generated regions, through Airflow, from nothing to a reconciled database.

Deliveries are generated on first use; PostgreSQL and Airflow are started; every source's DAG is triggered; the last
one that settles lets Airflow start the DAG `consolidate`.  At the end everything that was started is stopped.  Typed
again it goes the same way, but every step finds its result already there.

With `--faults` it does the same below `$BLUELINE_HOME/faults`, with deliveries of which some must be stopped.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console

from billing.errors import BillingError, ContractError
from billing.settings import Settings, load_settings
from pipeline import postgres, service
from pipeline.airflow import HOST, USER, Airflow, RuntimeFailure, port_is_free, prepare
from pipeline.airflow_api import AirflowApi
from pipeline.console import make_console
from pipeline.context import Context
from pipeline.progress import CONSOLIDATION, View, make_view
from pipeline.run_ids import run_id_for
from pipeline.sessions import Sessions
from pipeline.steps import CONSOLIDATE_STEPS, SOURCE_STEPS

DAGS_TIMEOUT_SECONDS = 90
CONSOLIDATION_TIMEOUT_SECONDS = 60  # from the last source's end to the consolidation's start
STOP_TIMEOUT_SECONDS = 3  # nothing runs any more, or it is to be interrupted: a graceful end gains nothing
LOOK_SECONDS = 0.5
FAULTS = ("trailer", "truncated")  # two regions are stopped, the others go on
ASK_SECONDS = 2.0  # a question to the API costs Airflow more than a look into the store


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; the exit status is 0 only when every source was published and every equation closed."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.demo", description=__doc__.splitlines()[0])
    parser.add_argument("--faults", action="store_true", help="deliveries of which some must be stopped")
    parser.add_argument("--subscribers", type=int, help="subscribers of all regions together, when they are generated")
    options = parser.parse_args(arguments)
    console = make_console()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupted)
    started = time.monotonic()
    try:
        settings = _settings(faults=options.faults)
        good = _demo(settings, console, faults=options.faults, subscribers=options.subscribers)
    except BillingError as error:
        console.print(f"[bold red]The demo stopped:[/] {error.title}", highlight=False)
        console.print(str(error), markup=False, highlight=False)
        return 1
    except KeyboardInterrupt:
        console.print("Interrupted; everything that was started is stopped.")
        return 130
    console.print(f"Time: {time.monotonic() - started:.0f} s")
    return 0 if good else 1


def _interrupted(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _settings(*, faults: bool) -> Settings:
    settings = load_settings()
    if faults:
        os.environ["BLUELINE_HOME"] = str(settings.home.absolute() / "faults")
        for name in ("DELIVERIES", "STORE", "REPORTS", "DATABASE_URL"):  # nothing of the demo may reach the real ones
            os.environ.pop(f"BLUELINE_{name}", None)
        settings = load_settings()
    return settings


def _demo(settings: Settings, console: Console, *, faults: bool, subscribers: int | None) -> bool:
    from pipeline.summary import print_summary

    home = settings.home.absolute()
    home.mkdir(parents=True, exist_ok=True)
    with (
        _generated(settings, console, faults=faults, subscribers=subscribers) as wait_for_deliveries,
        _airflow(settings, console) as (airflow, api),
    ):
        ctx = Context(settings)
        with _said(console, "Warehouse schema"):
            from loaders.schema import upgrade

            upgrade(airflow.variables["BLUELINE_DATABASE_URL"])
        wait_for_deliveries()
        run_id, ref, error = _run(ctx, airflow, api, console)
        good = print_summary(ctx, ref, console, run_id=run_id, error=error)
    if faults:
        console.print(
            "These deliveries have faults: that sources were stopped, and the others not, is what was to be shown. "
            "The exit status is not 0, as for every run that lacks a source.",
            highlight=False,
        )
    where = f"BLUELINE_HOME={home} " if faults else ""
    console.print(
        f"Airflow UI and reports: [bold]{where}make up[/], and [bold]{where}make down[/] to stop them",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    return good


# --- deliveries ------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _generated(settings: Settings, console: Console, *, faults: bool, subscribers: int | None) -> Iterator[Any]:
    """Generate deliveries where there are none, beside the block; it is given a function that waits for them."""
    folder = settings.deliveries_path
    if folder.exists():
        console.print(f"Deliveries: {folder} (there already)", highlight=False)
        yield lambda: None
        return
    # Written aside and renamed, so that a generation that was killed leaves no half of a delivery
    aside = folder.with_name(folder.name + ".new")
    for left in (aside, aside.with_name(aside.name + "_faults")):
        shutil.rmtree(left, ignore_errors=True)
    aside.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "samples", "--out", str(aside)]
    command += ["--faults", *FAULTS] if faults else []  # besides, in a folder of their own
    command += ["--subscribers", str(subscribers)] if subscribers else []
    log = settings.home.absolute() / "samples.log"
    began = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)

    def wait() -> None:
        if process.wait() != 0:
            words = log.read_text(errors="replace")[-2000:]
            raise ContractError(f"the deliveries could not be generated:\n{words}", remedy=f"read {log}")
        if faults:
            aside.with_name(aside.name + "_faults").rename(folder)
            shutil.rmtree(aside)
        else:
            aside.rename(folder)
        console.print(f"Deliveries: generated in {folder} ({time.monotonic() - began:.1f} s)", highlight=False)

    try:
        yield wait
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


# --- Airflow ---------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _airflow(settings: Settings, console: Console) -> Iterator[tuple[Airflow, AirflowApi]]:
    """Airflow for the length of the block; one that `make up` started is used and left running."""
    home = settings.home.absolute()
    sessions = service.running(home)
    if sessions is not None:
        port = sessions.ports["api-server"]
        airflow = prepare(settings, port=0)
        airflow.port = port
        console.print(f"Airflow: running already on {airflow.url}", highlight=False)
        yield airflow, AirflowApi.sign_in(airflow.url, USER, airflow.password)
        return
    Sessions.read(service.sessions_path(home)).stop()  # what a killed demo may have left
    server_before = postgres.status(home) is not None
    processes: dict[str, subprocess.Popen[bytes]] = {}
    try:
        with _said(console, "PostgreSQL"):
            airflow = prepare(settings, port=_port(settings, console))
        with _said(console, "Airflow"):
            processes = airflow.processes
            api = service.launch(airflow, attached=True)
        console.print(f"Watch it: {airflow.url}  user {USER}, password {airflow.password}", highlight=False)
        yield airflow, api
    finally:
        Sessions.read(service.sessions_path(home)).stop(timeout=STOP_TIMEOUT_SECONDS)
        for process in processes.values():
            process.wait()
        if not server_before:
            postgres.stop(home)


def _port(settings: Settings, console: Console) -> int:
    """The UI's port; unlike `make up`, the demo can do with any, unless one was asked for."""
    port = settings.ui_port
    if "BLUELINE_UI_PORT" in os.environ or port_is_free(port):
        return port
    console.print(f"Port {port} on {HOST} is taken; the demo takes a free one (set BLUELINE_UI_PORT to choose).")
    return 0


@contextlib.contextmanager
def _said(console: Console, what: str) -> Iterator[None]:
    began = time.monotonic()
    with console.status(f"{what} ..."):
        yield
    console.print(f"{what}: ready ({time.monotonic() - began:.1f} s)", highlight=False)


# --- the run ---------------------------------------------------------------------------------------------------


def _run(
    ctx: Context, airflow: Airflow, api: AirflowApi, console: Console
) -> tuple[str, str | None, BillingError | None]:
    """Trigger everything and follow it; returns the run's id, the report's reference, and why there is none."""
    names = list(ctx.sources)
    dags = {name: f"source_{name}" for name in names}
    _wait_for_dags(api, airflow, {*dags.values(), CONSOLIDATION})
    _clear_the_ground(api, [*dags.values(), CONSOLIDATION], ours=bool(airflow.processes))
    before = {run["dag_run_id"] for run in api.runs(CONSOLIDATION)}
    api.unpause(CONSOLIDATION)  # first: an asset's event is lost on a DAG that is paused
    runs = {}
    for name, dag in dags.items():
        api.unpause(dag)
        runs[name] = api.trigger(dag)
    view = make_view(console, {name: ctx.source(name).spec.title for name in names}, SOURCE_STEPS, CONSOLIDATE_STEPS)
    with view:
        _follow_sources(ctx, airflow, api, dags, runs, view)
        run, failed = _follow_consolidation(airflow, api, before, view)
        ref = None if failed else api.xcom(CONSOLIDATION, run["dag_run_id"], CONSOLIDATE_STEPS[-1])
    return _our_id(run), ref, failed


def _clear_the_ground(api: AirflowApi, dags: list[str], *, ours: bool) -> None:
    """Runs and events that a killed demo left would start the consolidation too early.

    Args:
        api: Airflow.
        dags: All DAGs.
        ours: Whether the demo started this Airflow; in one that was there before, what runs is somebody's.

    Raises:
        ContractError: Somebody's runs are going on.
    """
    going = [key for key, state in api.states(dags).items() if state in ("queued", "running")]
    if going and not ours:
        names = ", ".join(sorted({dag for dag, _ in going}))
        raise ContractError(f"Airflow is at work already: {names}", remedy="wait until it is done, then try again")
    for dag, run in going:
        api.give_up(dag, run)
    api.forget_events(CONSOLIDATION)


def _our_id(run: dict[str, Any]) -> str:
    return run_id_for(run["dag_run_id"], dt.datetime.fromisoformat(run["run_after"].replace("Z", "+00:00")))


def _wait_for_dags(api: AirflowApi, airflow: Airflow, wanted: set[str]) -> None:
    deadline = time.monotonic() + DAGS_TIMEOUT_SECONDS
    while missing := wanted - api.dags():
        airflow.check_alive()
        if errors := api.import_errors():
            raise ContractError("a DAG file cannot be imported:\n" + "\n".join(errors), remedy="correct what it names")
        if time.monotonic() > deadline:
            raise RuntimeFailure(
                f"Airflow does not know {', '.join(sorted(missing))}", remedy=f"read {airflow.folder / 'logs'}"
            )
        time.sleep(LOOK_SECONDS)


def _follow_sources(
    ctx: Context, airflow: Airflow, api: AirflowApi, dags: dict[str, str], runs: dict[str, dict[str, Any]], view: View
) -> None:
    """Show every source's step until all runs have ended."""
    ids = {name: _our_id(run) for name, run in runs.items()}
    going = set(runs)
    asked = time.monotonic()
    while going:
        time.sleep(LOOK_SECONDS)
        airflow.check_alive()
        for name, run_id in ids.items():
            outcome = ctx.store.state(f"outcome/{name}") or {}
            if outcome.get("run_id") == run_id:
                view.source(name, outcome.get("step", ""), outcome["status"])
        if time.monotonic() - asked > ASK_SECONDS:
            asked = time.monotonic()
            states = api.states(list(dags.values()))
            going = {n for n in going if states.get((dags[n], runs[n]["dag_run_id"])) not in ("success", "failed")}


def _follow_consolidation(
    airflow: Airflow, api: AirflowApi, before: set[str], view: View
) -> tuple[dict[str, Any], BillingError | None]:
    """Show the consolidation until it has ended; returns its run and, where it failed, why."""
    deadline = time.monotonic() + CONSOLIDATION_TIMEOUT_SECONDS
    while not (new := [run for run in api.runs(CONSOLIDATION) if run["dag_run_id"] not in before]):
        airflow.check_alive()
        if time.monotonic() > deadline:
            raise RuntimeFailure(
                f"every source has settled, but Airflow did not start the DAG {CONSOLIDATION}",
                remedy=f"read {airflow.folder / 'logs' / 'scheduler.log'}",
            )
        time.sleep(1)
    run = new[-1]
    while True:
        airflow.check_alive()
        run = api.run(CONSOLIDATION, run["dag_run_id"])
        tasks = {task["task_id"]: task for task in api.task_instances(CONSOLIDATION, run["dag_run_id"])}
        for step in CONSOLIDATE_STEPS:
            view.consolidation(step, str(tasks[step]["state"]))
        if run["state"] in ("success", "failed"):
            break
        time.sleep(1)
    broken = next((step for step in CONSOLIDATE_STEPS if tasks[step]["state"] == "failed"), None)
    if run["state"] == "success":
        return run, None
    log = api.log(CONSOLIDATION, run["dag_run_id"], str(broken), tasks[str(broken)]["try_number"]) if broken else ""
    message = f"the DAG {CONSOLIDATION} failed in {broken}: {log}"
    return run, RuntimeFailure(message, remedy="see the task's log: make up")


if __name__ == "__main__":
    sys.exit(main())
