"""Long-lived processes of one installation: started in sessions of their own, found again, stopped altogether.

Airflow puts every task into a process group of its own, so signalling a component's group is not enough; but a task
stays in its component's *session*.  `processes.json` keeps the sessions that were started, with what tells an old
process number from a new one.

Where this comes from: credentials(7) on sessions, proc_pid_stat(5) on start times.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

STOP_TIMEOUT_SECONDS = 8
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


@dataclass
class Sessions:
    """What was started, one session a component.

    Attributes:
        path: File that keeps it.
        ports: Component -> port of the loopback address that it listens on.
        leaders: Component -> (pid of its session's leader, start time in clock ticks since boot).
    """

    path: Path
    ports: dict[str, int] = field(default_factory=dict)
    leaders: dict[str, tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Sessions:
        """What `path` keeps; nothing where it is missing, or from before the machine was started anew."""
        sessions = cls(path)
        try:
            kept = json.loads(path.read_text())
            if kept["boot"] == _boot_id():
                sessions.ports = {name: int(port) for name, port in kept["ports"].items()}
                sessions.leaders = {name: (int(pid), int(ticks)) for name, (pid, ticks) in kept["leaders"].items()}
        except (FileNotFoundError, ValueError, KeyError):
            pass
        return sessions

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        log: Path,
        port: int | None = None,
        attached: bool = False,
    ) -> subprocess.Popen[bytes]:
        """Start a component.

        Args:
            name: Its name.
            command: Program and arguments.
            environment: All of its environment.
            log: File that takes its output.
            port: Port that it will listen on.
            attached: Whether it is to end with this process, even when this one is killed.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                start_new_session=True,
                preexec_fn=_die_with_parent() if attached else None,  # noqa: PLW1509 - no thread starts one
            )
        self.leaders[name] = (process.pid, _start_ticks(process.pid) or 0)
        if port is not None:
            self.ports[name] = port
        self._write()
        return process

    def living(self) -> list[str]:
        """Components whose leader is alive."""
        return [name for name, (pid, ticks) in self.leaders.items() if _start_ticks(pid) == ticks]

    def processes(self) -> list[int]:
        """Living processes of all sessions."""
        # A number is not given away while anything of its session lives: a leader that is gone may still have tasks
        ours = {pid for pid, ticks in self.leaders.values() if _start_ticks(pid) in (ticks, None)}
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and _start_ticks(int(entry.name)) is not None:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    if os.getsid(int(entry.name)) in ours:
                        found.append(int(entry.name))
        return found

    def stop(self, timeout: float = STOP_TIMEOUT_SECONDS) -> int:
        """End every process: asked at first, killed after `timeout` seconds.

        Returns:
            How many there were.
        """
        found = set(self.processes())
        for pid in found:
            _signal(pid, signal.SIGTERM)
        deadline = time.monotonic() + timeout
        while (left := self.processes()) and time.monotonic() < deadline:
            found.update(left)
            time.sleep(0.05)
        while left:
            for pid in left:
                _signal(pid, signal.SIGKILL)
            time.sleep(0.05)
            left = self.processes()
        self.leaders, self.ports = {}, {}
        self.path.unlink(missing_ok=True)
        return len(found)

    def _write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        aside = self.path.with_suffix(".new")
        aside.write_text(json.dumps({"boot": _boot_id(), "ports": self.ports, "leaders": self.leaders}))
        aside.replace(self.path)


def _start_ticks(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None where there is none, or only a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _signal(pid: int, number: int) -> None:
    # A group leader's signal goes to its whole group
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.getpgid(pid) == pid:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)


def _die_with_parent() -> Callable[[], None]:
    libc = ctypes.CDLL(None, use_errno=True)  # looked up before the fork
    parent = os.getpid()

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return ask
