"""As whom the embedded server runs.

PostgreSQL refuses to run as root.  Started by root it runs as `postgres` or `nobody`; where that user could not
reach its own folder (a project below `/root`), the process gets the one capability that lets it pass.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from billing.errors import WarehouseUnavailable

_CAP_DAC_OVERRIDE = 1  # linux/capability.h
_CAP_DAC_READ_SEARCH = 2
_PR_SET_KEEPCAPS = 8  # linux/prctl.h
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2


@dataclass(frozen=True)
class Owner:
    """The user that the server runs as.

    Attributes:
        uid: User id.
        gid: Group id.
        switch: Whether that is another user than ours.
    """

    uid: int
    gid: int
    switch: bool

    @classmethod
    def of_server(cls) -> Owner:
        """The user for a server that this process starts.

        Raises:
            WarehouseUnavailable: There is none that PostgreSQL would run as.
        """
        if os.geteuid() != 0:
            try:
                pwd.getpwuid(os.geteuid())
            except KeyError:
                raise WarehouseUnavailable(
                    f"PostgreSQL needs a named user, and user id {os.geteuid()} has no name",
                    remedy="add it to /etc/passwd, or set BLUELINE_DATABASE_URL to a PostgreSQL of your own",
                ) from None
            return cls(os.geteuid(), os.getegid(), switch=False)
        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                entry = pwd.getpwnam(name)
                return cls(entry.pw_uid, entry.pw_gid, switch=True)
        raise WarehouseUnavailable(
            "PostgreSQL does not run as root, and there is no user postgres or nobody to run it as",
            remedy="run as another user, or set BLUELINE_DATABASE_URL to a PostgreSQL of your own",
        )

    def give(self, path: Path) -> None:
        """Make a path the owner's."""
        if self.switch:
            os.chown(path, self.uid, self.gid)

    def reaches(self, path: Path) -> bool:
        """Whether the owner may enter every folder above `path`."""
        for folder in path.resolve().parents:
            facts = folder.stat()
            mine, group = facts.st_uid == self.uid, facts.st_gid == self.gid
            bit = 0o100 if mine else 0o010 if group else 0o001
            if not facts.st_mode & bit:
                return False
        return True

    def become(self, capability: int | None) -> Callable[[], None] | None:
        """What a forked child does before it executes the server's program; None where nothing has to be done."""
        if not self.switch:
            return None
        libc = ctypes.CDLL(None, use_errno=True)  # looked up before the fork: afterwards only system calls are safe

        def switch() -> None:
            if capability is not None:
                libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
            os.setgroups([])
            os.setgid(self.gid)
            os.setuid(self.uid)
            if capability is not None:
                mask = 1 << capability
                header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this process
                sets = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)  # effective, permitted, inheritable
                if libc.capset(header, sets) or libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0):
                    raise PermissionError("the capability to enter the server's folder was refused")

        return switch


def needed_capability(owner: Owner, *paths: Path) -> int | None:
    """The Linux capability that the owner needs to reach some paths, None where it needs none.

    Raises:
        WarehouseUnavailable: It needs one that this process does not have to give.
    """
    if not owner.switch or all(owner.reaches(path) for path in paths):
        return None
    permitted = int(re.search(r"^CapPrm:\s*(\w+)", Path("/proc/self/status").read_text(), re.M)[1], 16)  # type: ignore[index]  # the line is always there
    for capability in (_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE):  # the lesser one first; containers often lack it
        if permitted >> capability & 1:
            return capability
    user = pwd.getpwuid(owner.uid).pw_name
    raise WarehouseUnavailable(
        f"the user {user}, as whom PostgreSQL runs, cannot enter {paths[0].parent}",
        remedy="move the project to a folder that other users may enter, such as /srv, or do not run as root",
    )
