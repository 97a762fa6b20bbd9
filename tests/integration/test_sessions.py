"""Long-lived processes are stopped with everything that they started, and only they."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.sessions import Sessions

# As Airflow does it: a child in a process group of its own, which the parent's group signal does not reach
PARENT = """
import os, sys, time
child = os.fork()
if child == 0:
    os.setpgid(0, 0)
    time.sleep(600)
open(sys.argv[1], "w").write(str(child))
time.sleep(600)
"""
STUBBORN = (
    "import signal, sys, time; signal.signal(15, signal.SIG_IGN); open(sys.argv[1], 'w').write('0'); time.sleep(600)"
)


@pytest.fixture
def sessions(tmp_path):
    sessions = Sessions(tmp_path / "processes.json")
    yield sessions
    sessions.stop(timeout=0)


def start(sessions, tmp_path, script, name="one", **more):
    told = tmp_path / f"{name}.told"
    process = sessions.start(
        name, [sys.executable, "-c", script, str(told)], environment=os.environ, log=tmp_path / f"{name}.log", **more
    )
    wait_until(lambda: told.exists() and told.read_text())
    return process, int(told.read_text())


def wait_until(condition, timeout=30):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_child_that_left_the_group_is_stopped_too(sessions, tmp_path):
    process, child = start(sessions, tmp_path, PARENT)
    assert set(sessions.processes()) == {process.pid, child}
    assert sessions.stop() == 2
    process.wait()
    assert not alive(child)


def test_children_of_a_killed_leader_are_still_found(sessions, tmp_path):
    process, child = start(sessions, tmp_path, PARENT)
    process.kill()
    process.wait()
    assert sessions.living() == []
    assert sessions.processes() == [child]
    sessions.stop()
    assert not alive(child)


def test_one_that_does_not_listen_is_killed(sessions, tmp_path):
    process, _ = start(sessions, tmp_path, STUBBORN)
    assert sessions.stop(timeout=0.3) == 1
    assert process.wait() == -signal.SIGKILL


def test_another_process_reads_what_was_started(sessions, tmp_path):
    process, child = start(sessions, tmp_path, PARENT, port=4711)
    other = Sessions.read(sessions.path)
    assert other.ports == {"one": 4711}
    assert other.living() == ["one"]
    assert set(other.processes()) == {process.pid, child}


def test_numbers_from_before_a_restart_of_the_machine_mean_nothing(sessions, tmp_path):
    start(sessions, tmp_path, PARENT)
    kept = json.loads(sessions.path.read_text())
    sessions.path.write_text(json.dumps({**kept, "boot": "another"}))
    assert Sessions.read(sessions.path).processes() == []


def test_a_number_that_was_given_to_another_process_is_not_ours(sessions):
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    try:
        sessions.leaders["one"] = (stranger.pid, 1)  # started at another time than ours
        assert sessions.processes() == []
        assert sessions.stop() == 0
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


ATTACHING = """
import os, sys, pathlib, time
from pipeline.sessions import Sessions
sessions = Sessions(pathlib.Path(sys.argv[1]))
told = pathlib.Path(sys.argv[2])
process = sessions.start("one", [sys.executable, "-c", "import time; time.sleep(600)"], environment=os.environ,
                         log=told.with_suffix(".log"), attached=True)
told.write_text(str(process.pid))
time.sleep(600)
"""


def test_an_attached_component_does_not_outlive_a_killed_parent(tmp_path):
    told = tmp_path / "told"
    parent = subprocess.Popen([sys.executable, "-c", ATTACHING, str(tmp_path / "processes.json"), str(told)])
    wait_until(lambda: told.exists() and told.read_text())
    pid = int(told.read_text())
    parent.kill()
    parent.wait()
    wait_until(lambda: not alive(pid))
