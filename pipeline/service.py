"""`python -m pipeline.service up | down | status`: Airflow and the reports as a service of this machine's loopback.

This is what `make up`, `make down` and `make status` call.
"""

from __future__ import annotations

import sys
from pathlib import Path

from billing.errors import BillingError, ContractError
from billing.settings import Settings, load_settings
from pipeline import postgres
from pipeline.airflow import HOST, POOLS, USER, Airflow, free_port, port_is_free, prepare, unhealthy
from pipeline.airflow_api import AirflowApi, ApiError
from pipeline.sessions import Sessions

REPORTS = "reports"


def sessions_path(home: Path) -> Path:
    """The file that keeps an installation's long-lived processes."""
    return home.absolute() / "airflow" / "processes.json"


def running(home: Path) -> Sessions | None:
    """An installation's processes where Airflow is up and well, else None."""
    sessions = Sessions.read(sessions_path(home))
    if "api-server" not in sessions.ports or set(sessions.living()) != set(sessions.leaders):
        return None
    return sessions if unhealthy(f"http://{HOST}:{sessions.ports['api-server']}") == [] else None


def launch(airflow: Airflow, *, attached: bool) -> AirflowApi:
    """Migrate, start and wait; returns a client when the pools are made and every DAG file is read.

    Args:
        airflow: From `prepare`.
        attached: Its processes are to end with this one.

    Raises:
        RuntimeFailure: A component did not start.
        ContractError: A DAG file cannot be imported, or another program has taken the port meanwhile.
    """
    airflow.migrate()
    airflow.start(attached=attached)
    airflow.wait_healthy()
    try:
        api = AirflowApi.sign_in(airflow.url, USER, airflow.password)
    except ApiError as error:
        if error.where.get("status") != 401:
            raise
        # our own server knows the password: between the look at the port and our start, somebody else took it
        raise ContractError(
            f"another program answers at {airflow.url}",
            remedy="stop that program, or choose another port: BLUELINE_UI_PORT=8090 make up",
        ) from error
    for name, (slots, description) in POOLS.items():
        api.ensure_pool(name, slots, description)
    return api


def start_reports(settings: Settings, airflow: Airflow, *, attached: bool = False) -> str:
    """Serve the folder of the reports; returns its address.

    Raises:
        ContractError: The port is taken.
    """
    port = settings.reports_port or free_port()
    if not port_is_free(port):
        raise ContractError(
            f"port {port} on {HOST} is taken, by another program or by Blueline of another BLUELINE_HOME",
            remedy="stop that program, or choose another port for the reports: BLUELINE_REPORTS_PORT=8091 make up",
        )
    folder = settings.reports_path
    folder.mkdir(parents=True, exist_ok=True)
    Sessions.read(airflow.sessions).start(
        REPORTS,
        [sys.executable, "-m", "http.server", "--bind", HOST, "--directory", str(folder), str(port)],
        environment=airflow.environment(),
        log=airflow.folder / "logs" / "reports.log",
        port=port,
        attached=attached,
    )
    return f"http://{HOST}:{port}/"


def up(settings: Settings) -> None:
    """Start Airflow and the server of the reports, and leave them running."""
    home = settings.home.absolute()
    sessions = running(home)
    if sessions is None:
        Sessions.read(sessions_path(home)).stop()  # what a killed run may have left
        print("Starting PostgreSQL and Airflow ...", flush=True)
        try:
            airflow = prepare(settings)
            airflow.variables = {**airflow.variables, "BLUELINE_REPORTS_URL": start_reports(settings, airflow)}
            launch(airflow, attached=False)
        except BaseException:
            down(home)  # a half-started service is of no use to anybody
            raise
        sessions = Sessions.read(airflow.sessions)
    else:
        print("Running already.")
    tell(sessions, home)


def down(home: Path) -> int:
    """Stop everything of an installation; returns how many processes of Airflow and the reports there were."""
    count = Sessions.read(sessions_path(home)).stop()
    postgres.stop(home)
    return count


def tell(sessions: Sessions, home: Path) -> None:
    """Print where everything is."""
    airflow = Airflow(home, sessions.ports["api-server"], "", home)
    print(f"Airflow UI  {airflow.url}  user {USER}, password {airflow.password}")
    if REPORTS in sessions.ports:
        print(f"Reports     http://{HOST}:{sessions.ports[REPORTS]}/")
    print("Stop them with: make down")


def main(arguments: list[str]) -> int:
    """Do what `make` asks for."""
    command = arguments[0] if arguments else ""
    try:
        settings = load_settings()
        home = settings.home.absolute()
        if command == "up":
            up(settings)
        elif command == "down":
            server = postgres.status(home) is not None
            count = down(home)
            print(
                f"Stopped {count} processes{' and PostgreSQL' if server else ''}."
                if count or server
                else "Nothing runs."
            )
        elif command == "status":
            sessions = running(home)
            print(f"PostgreSQL  {'runs' if postgres.status(home) else 'is stopped'}")
            if sessions is None:
                print("Airflow     is stopped (make up)")
            else:
                tell(sessions, home)
        else:
            print("usage: python -m pipeline.service up | down | status", file=sys.stderr)
            return 2
    except BillingError as error:
        print(f"{command}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
