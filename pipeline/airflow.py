"""The embedded Airflow: scheduler, DAG processor and API server of one installation, on this machine's loopback.

Everything is below `$BLUELINE_HOME/airflow`: logs, generated secrets, the list of processes.  Each component runs in
its own process group; stopping signals the groups, and afterwards looks for anything that still carries this
installation's mark in its environment, because Airflow puts every task into a group of its own.

`python -m pipeline.airflow up | down | status` is what `make up`, `make down` and `make status` call.  A production
installation of Airflow needs none of this: it points its DAG bundle at `dags/` and installs the package.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from billing.errors import BillingError, ContractError
from billing.settings import Settings
from pipeline import postgres
from pipeline.airflow_component import PRELOAD_PRODUCT
from pipeline.sessions import Sessions

USER = "admin"
HOST = "127.0.0.1"
PARALLELISM = 4
POOLS = {  # name: (slots, description)
    "legacy": (2, "Reading from legacy systems: they are slow and not ours to overload"),
    "warehouse": (1, "Writing to the warehouse: one load at a time"),
}
COMPONENTS: dict[str, tuple[str, ...]] = {
    "scheduler": ("scheduler", "--skip-serve-logs"),  # its log server would listen on every address
    "dag-processor": ("dag-processor",),
    "api-server": ("api-server",),
}
HEALTHY_TIMEOUT_SECONDS = 120


class RuntimeFailure(BillingError):
    """A component of the embedded Airflow does not start, or died."""


@dataclass
class Airflow:
    """The embedded Airflow of one installation.

    Attributes:
        home: Absolute `BLUELINE_HOME`.
        port: Of the UI and the API.
        metadata_url: SQLAlchemy URL of the metadata database.
        dags: Folder of the DAG files.
        variables: What else its processes find in their environment.
    """

    home: Path
    port: int
    metadata_url: str
    dags: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Everything that its processes leave behind."""
        return self.home / "airflow"

    @property
    def sessions(self) -> Path:
        """The file that keeps what was started."""
        return self.folder / "processes.json"

    @property
    def url(self) -> str:
        """Address of the UI and the API."""
        return f"http://{HOST}:{self.port}"

    @property
    def passwords(self) -> Path:
        """The file of the generated passwords."""
        return self.folder / "passwords.json"

    @property
    def password(self) -> str:
        """The generated password of `USER`; kept in a file that only its owner may read."""
        return str(
            json.loads(_kept_secret(self.passwords, lambda: json.dumps({USER: secrets.token_urlsafe(12)})))[USER]
        )

    def environment(self) -> dict[str, str]:
        """Environment of every Airflow process (and of `airflow` commands typed by hand)."""
        inherited = {
            key: value
            for key, value in os.environ.items()
            # bytecode is what makes forked and started processes quick; a foreign Airflow's settings would leak in,
            # but for the connections, which are those of the sources
            if key != "PYTHONDONTWRITEBYTECODE" and (not key.startswith("AIRFLOW_") or key.startswith("AIRFLOW_CONN_"))
        }
        secret = _kept_secret(self.folder / "secret", lambda: secrets.token_hex(32))
        self.password  # noqa: B018 - made before Airflow would make, and print, one of its own
        settings = {
            "CORE__DAGS_FOLDER": str(self.dags),
            "CORE__PLUGINS_FOLDER": str(self.dags / "plugins"),
            "CORE__LOAD_EXAMPLES": "False",
            "CORE__EXECUTOR": "LocalExecutor",
            "CORE__MP_START_METHOD": "fork",
            "CORE__PARALLELISM": str(PARALLELISM),
            "CORE__MAX_ACTIVE_TASKS_PER_DAG": str(PARALLELISM),
            "CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
            "CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
            "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.passwords),
            "CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "5",
            "DATABASE__SQL_ALCHEMY_CONN": self.metadata_url,
            "DATABASE__SQL_ALCHEMY_CONN_ASYNC": self.metadata_url,
            "API__HOST": HOST,
            "API__PORT": str(self.port),
            "API__BASE_URL": self.url,
            "API__WORKERS": "1",
            "API__SECRET_KEY": secret,
            "API__INSTANCE_NAME": "Blueline",
            "API_AUTH__JWT_SECRET": secret,
            "LOGGING__BASE_LOG_FOLDER": str(self.folder / "logs" / "tasks"),
            "LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(self.folder / "logs" / "dag_processor"),
            "LOGGING__COLORED_CONSOLE_LOG": "False",
            "SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
            "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
            "DAG_PROCESSOR__REFRESH_INTERVAL": "30",
            "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "30",
            "DAG_PROCESSOR__PARSING_PROCESSES": "2",
            # A supervisor that misses its task's end by a hair sleeps this long (default 5 s) before it looks again
            "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
            "USAGE_DATA_COLLECTION__ENABLED": "False",
        }
        return {
            **inherited,
            "AIRFLOW_HOME": str(self.folder),
            **{f"AIRFLOW__{key}": value for key, value in settings.items()},
            "GX_ANALYTICS_ENABLED": "False",
            "NO_PROXY": "*",  # every address it talks to is loopback
            "PYTHONUNBUFFERED": "1",
            **self.variables,
        }

    def migrate(self) -> None:
        """Bring the metadata database to this Airflow's version; skipped where it is there already.

        Raises:
            RuntimeFailure: Airflow could not do it; the message ends with its words.
        """
        stamp = self.folder / "migrated"
        wanted = f"{version('apache-airflow-core')} {self._schema_version()}"
        if stamp.exists() and stamp.read_text() == wanted and not wanted.endswith("None"):
            return
        log = self._log("migrate")
        with log.open("wb") as output:
            done = subprocess.run(
                [sys.executable, "-m", "airflow", "db", "migrate"],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=self.environment(), check=False,
            )  # fmt: skip
        if done.returncode:
            raise RuntimeFailure(f"the metadata database could not be migrated{_tail(log)}", remedy=f"read {log}")
        stamp.write_text(f"{version('apache-airflow-core')} {self._schema_version()}")

    def _schema_version(self) -> str | None:
        import psycopg

        with psycopg.connect(self.metadata_url.replace("+psycopg", "", 1)) as connection:
            if connection.execute("select to_regclass('alembic_version')").fetchone() == (None,):
                return None
            row = connection.execute("select version_num from alembic_version").fetchone()
            return str(row[0]) if row else None

    def start(self, *, attached: bool) -> None:
        """Start every component; `wait_healthy` waits for them.

        Args:
            attached: They are to end with this process, even when it is killed.
        """
        sessions = Sessions.read(self.sessions)
        environment = self.environment()
        preload = [PRELOAD_PRODUCT] if attached else []  # the code does not change while it runs
        for name, arguments in COMPONENTS.items():
            self.processes[name] = sessions.start(
                name,
                [sys.executable, "-m", "pipeline.airflow_component", *preload, *arguments],
                environment=environment,
                log=self._log(name),
                port=self.port if name == "api-server" else None,
                attached=attached,
            )

    def wait_healthy(self, timeout: float = HEALTHY_TIMEOUT_SECONDS) -> None:
        """Return when scheduler, DAG processor and API server say that they are well.

        Raises:
            RuntimeFailure: One of them died, or they take longer than `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while (unwell := unhealthy(self.url)) != []:
            self.check_alive()
            if time.monotonic() > deadline:
                who = ", ".join(unwell) if unwell else "the API server"
                log = self._log("api-server")
                raise RuntimeFailure(f"{who} not ready after {timeout:.0f} s{_tail(log)}", remedy=f"read {log.parent}")
            time.sleep(0.25)

    def check_alive(self) -> None:
        """Raise if a component has died.

        Raises:
            RuntimeFailure: Names it, its exit status and the end of its log.
        """
        for name, process in self.processes.items():
            status = process.poll()
            if status is not None:
                log = self._log(name)
                raise RuntimeFailure(f"Airflow's {name} ended with status {status}{_tail(log)}", remedy=f"read {log}")

    def _log(self, name: str) -> Path:
        path = self.folder / "logs" / f"{name}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def prepare(settings: Settings, *, port: int | None = None) -> Airflow:
    """The embedded Airflow of an installation, with its PostgreSQL started; its own processes are not started yet.

    Args:
        settings: The installation's settings.
        port: Of the UI; default `BLUELINE_UI_PORT`.  0 takes any free one.

    Raises:
        WarehouseUnavailable: PostgreSQL does not start.
        ContractError: The port is taken.
    """
    home = settings.home.absolute()
    port = settings.ui_port if port is None else port
    if port == 0:
        port = free_port()
    elif not port_is_free(port):
        raise ContractError(
            f"port {port} on {HOST} is taken, by another program or by Blueline of another BLUELINE_HOME",
            remedy="stop that program, or choose another port: BLUELINE_UI_PORT=8090 make up",
        )
    server = postgres.keep(home)
    warehouse = settings.database_url.get_secret_value() if settings.database_url else server.url()
    variables = {  # relative paths would mean another folder in another process
        "BLUELINE_HOME": str(home),
        "BLUELINE_SOURCES": str(settings.sources.absolute()),
        "BLUELINE_DELIVERIES": str(settings.deliveries_path),
        "BLUELINE_STORE": settings.store_root,
        "BLUELINE_REPORTS": str(settings.reports_path),
        "BLUELINE_DATABASE_URL": warehouse,
        "BLUELINE_SCHEDULES": os.environ.get("BLUELINE_SCHEDULES", "0"),  # nothing runs here unless it is asked for
    }
    airflow = Airflow(home, port, server.url(postgres.AIRFLOW), dags_folder(), variables)
    airflow.folder.mkdir(parents=True, exist_ok=True)
    return airflow


def dags_folder() -> Path:
    """The DAG files: beside the packages in a checkout, or where `BLUELINE_DAGS` says.

    Raises:
        ContractError: They are not there.
    """
    folder = Path(os.environ.get("BLUELINE_DAGS", Path(__file__).parents[1] / "dags")).absolute()
    if not (folder / "sources.py").exists():
        raise ContractError("the DAG files are not here", file=str(folder), remedy="set BLUELINE_DAGS to their folder")
    return folder


def unhealthy(url: str) -> list[str] | None:
    """Names of the parts that do not say that they are well; None while the API server does not answer."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback never goes through a proxy
    try:
        with opener.open(f"{url}/api/v2/monitor/health", timeout=5) as answer:
            health = json.load(answer)
    except (urllib.error.URLError, OSError, ValueError):
        return None
    return [name for name in ("metadatabase", "scheduler", "dag_processor") if health[name]["status"] != "healthy"]


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: a closed one's leftovers are free
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port of the loopback address that nobody uses now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _kept_secret(path: Path, make: Callable[[], str]) -> str:
    """A file's text; written once, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(make())
    return path.read_text()


def _tail(log: Path, lines: int = 12) -> str:
    if not log.exists():
        return ""
    return f"; the end of {log}:\n  " + "\n  ".join(log.read_text(errors="replace").splitlines()[-lines:])
