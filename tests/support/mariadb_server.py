"""A MariaDB of one's own: started below a folder, reachable on loopback only, stopped at the end."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PASSWORD = "tajne/h@slo"


def missing() -> str:
    """Why no server can be started here; empty where one can."""
    for name in ("mariadbd", "mariadb-install-db"):
        if _program(name) is None:
            return f"{name} is not installed"
    try:
        import pymysql  # noqa: F401
    except ImportError:
        return "PyMySQL is not installed"
    return ""


def _program(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]))


@dataclass
class MariaServer:
    """A running server; its account `region` may do everything in the database `billing`."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    def url(self, password: str = PASSWORD, database: str = "billing") -> str:
        from urllib.parse import quote

        return f"mariadb+pymysql://region:{quote(password, safe='')}@127.0.0.1:{self.port}/{database}"

    def connect(self, **more: Any) -> Any:
        import pymysql

        return pymysql.connect(
            host="127.0.0.1",
            port=self.port,
            user="region",
            password=PASSWORD,
            database="billing",
            autocommit=True,
            **more,
        )

    def stop(self) -> None:
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(30)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(30)


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[MariaServer]:
    """Start a server below a folder."""
    data = folder / "data"
    user = [f"--user={getpass.getuser()}"]
    install = [
        str(_program("mariadb-install-db")), "--no-defaults", f"--datadir={data}", *user,
        "--auth-root-authentication-method=normal", "--skip-test-db",
    ]  # fmt: skip
    subprocess.run(install, check=True, capture_output=True, timeout=120)
    init = folder / "init.sql"
    init.write_text(
        "CREATE DATABASE billing CHARACTER SET utf8mb4;\n"
        f"CREATE USER 'region'@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';\n"
        "GRANT ALL ON billing.* TO 'region'@'127.0.0.1';\n"
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                str(_program("mariadbd")), "--no-defaults", f"--datadir={data}", *user, f"--port={port}",
                "--bind-address=127.0.0.1", f"--socket={_short_socket(folder)}", f"--init-file={init}",
                f"--pid-file={folder / 'pid'}", "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0",
                "--innodb-buffer-pool-size=32M", "--character-set-server=utf8mb4",
            ],
            stdout=log, stderr=log,
        )  # fmt: skip
    server = MariaServer(folder, port, process)
    try:
        _await(server)
        yield server
    finally:
        server.stop()
        _short_socket(folder).unlink(missing_ok=True)


def _short_socket(folder: Path) -> Path:
    """The path of a socket has no room for a deep folder."""
    return Path("/tmp") / f"blueline-maria-{os.getpid()}-{abs(hash(folder)) % 10**6}.sock"


def _await(server: MariaServer) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            server.connect(connect_timeout=2).close()
        except Exception:
            if server.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((server.folder / "log").read_text()[-2000:]) from None
            time.sleep(0.1)
        else:
            return
