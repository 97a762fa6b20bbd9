"""SFTP, with a server that proves who it is: an unknown or a changed host key ends the connection before the login.

What is expected is declared in the connection's extra: `host_key` (`ssh-ed25519 AAAA...`), `fingerprint`
(`SHA256:...`, as `ssh-keygen -lf` prints it) or `known_hosts` (a file; default `~/.ssh/known_hosts`).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import stat
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import paramiko
from fsspec.implementations.sftp import SFTPFileSystem

from billing.connection import Connection
from extractors.remote.server import Entry, Kind, RemoteFault, Version, gone
from extractors.remote.sftp_reading import read_ahead

TIMEOUT_SECONDS = 30
PORT = 22


class SftpServer:
    """A folder on an SFTP server.

    Args:
        connection: Address, credentials and host key.
        host: The server.
        port: Its port.
        folder: Absolute, or below the login's home where it begins with `/~/`.

    Raises:
        RemoteFault: The server does not answer, is not the expected one, or refuses the login.
    """

    def __init__(self, connection: Connection, host: str, port: int | None, folder: str) -> None:
        self._connection = connection
        self._folder = folder.removeprefix("/~/") if folder.startswith("/~/") else folder
        policy = _Expected(connection, host, port or PORT)
        with self._faults():
            self._system = _FileSystem(
                host,
                port=port or PORT,
                username=connection.login,
                password=None if _has_key(connection) else connection.password,
                pkey=_private_key(connection),
                host_key_policy=policy,
                disabled_algorithms=policy.disabled,
                allow_agent=False,
                look_for_keys=False,
                timeout=TIMEOUT_SECONDS,
                banner_timeout=TIMEOUT_SECONDS,
                auth_timeout=TIMEOUT_SECONDS,
                skip_instance_cache=True,  # which would keep the password beyond this delivery
            )
            self._sftp = self._system.ftp
            self._sftp.get_channel().settimeout(TIMEOUT_SECONDS)

    def entries(self, folder: str) -> Iterator[Entry]:
        """See `Server`."""
        with self._faults():
            found = self._sftp.listdir_attr(self._path(folder))
        for attributes in found:
            mode = attributes.st_mode or 0
            kind: Kind = "folder" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else "other"
            yield Entry(attributes.filename, kind)

    def version(self, name: str) -> Version:
        """See `Server`."""
        with self._faults():
            found = self._sftp.lstat(self._path(name))
        if not stat.S_ISREG(found.st_mode or 0):
            raise RemoteFault("is no plain file", "deliver the file itself, not a link, a pipe or a device")
        return Version(int(found.st_size or 0), str(found.st_mtime), float(found.st_mtime or 0))

    def read(self, name: str, offset: int) -> Generator[bytes, None, None]:
        """See `Server`."""
        with self._faults():
            file = self._sftp.open(self._path(name), "rb")
        with file:
            with self._faults():
                end = int(file.stat().st_size or 0)
            chunks = read_ahead(self._sftp, file, offset, end)
            while True:
                with self._faults():
                    chunk = next(chunks, b"")
                if not chunk:
                    return
                yield chunk

    def close(self) -> None:
        """See `Server`."""
        with suppress(Exception):
            self._system.client.close()

    def _path(self, name: str) -> str:
        return f"{self._folder.rstrip('/')}/{name}" if name else self._folder or "."

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except _Refused as error:
            raise RemoteFault(
                str(error),
                "have the administrator confirm it over another way, then declare it in the connection's extra "
                "(host_key, fingerprint or known_hosts)",
            ) from None
        except paramiko.AuthenticationException:
            raise RemoteFault(
                "the server refuses the login", "check login and password or key of the connection"
            ) from None
        except FileNotFoundError:
            raise gone() from None
        except UnicodeDecodeError:
            raise RemoteFault(
                "a name in its listing is no UTF-8", "have the files named in UTF-8 or plain ASCII"
            ) from None
        except PermissionError:
            raise RemoteFault("the server refuses to read it", "have the account given the right to read") from None
        except (paramiko.SSHException, OSError, EOFError) as error:
            words = self._connection.redact(str(error)) or type(error).__name__
            raise RemoteFault(
                f"the connection failed: {words}", "check host, port and network, then run again", retryable=True
            ) from None


class _FileSystem(SFTPFileSystem):
    """fsspec's, which leaves no connection open where it cannot log in."""

    def _connect(self) -> None:
        try:
            super()._connect()
        except BaseException:
            self.client.close()
            raise


# --- host keys -------------------------------------------------------------------------------------------------


class _Refused(paramiko.SSHException):
    """The server's key is not the expected one."""


class _Expected(paramiko.MissingHostKeyPolicy):
    """Judges the key that a server shows; the client itself knows none, so it is asked every time."""

    def __init__(self, connection: Connection, host: str, port: int) -> None:
        self._fingerprint = connection.text("fingerprint")
        self._keys = _declared_keys(connection, host, port)
        kinds = {kind for kind, _ in self._keys}
        # A server with keys of several kinds is to show one that is known
        known = {k for kind in kinds for k in (_RSA if kind == "ssh-rsa" else (kind,))}
        offered = paramiko.Transport._preferred_keys
        self.disabled = {"keys": [kind for kind in offered if kind not in known]} if known & {*offered} else None

    def missing_host_key(self, client: Any, hostname: str, key: paramiko.PKey) -> None:
        shown = fingerprint(key.asbytes())
        if (key.get_name(), key.asbytes()) in self._keys:
            return
        if self._fingerprint is not None and _same(self._fingerprint, shown):
            return
        what = "is another than the declared one" if self._keys or self._fingerprint else "is not known"
        raise _Refused(f"the server's host key ({key.get_name()} {shown}) {what}")


_RSA = ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")


def fingerprint(key: bytes) -> str:
    """A host key's fingerprint, as OpenSSH prints it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def _same(declared: str, shown: str) -> bool:
    wanted = declared.removeprefix("SHA256:").rstrip("=")
    return wanted == shown.removeprefix("SHA256:")


def _declared_keys(connection: Connection, host: str, port: int) -> set[tuple[str, bytes]]:
    """Kind and bytes of every key that the server may show."""
    if line := connection.text("host_key"):
        try:
            words = line.split()
            data = base64.b64decode(words[1] if len(words) > 1 else words[0], validate=True)
            length = int.from_bytes(data[:4], "big")
            return {(data[4 : 4 + length].decode("ascii"), data)}  # a key begins with the name of its kind
        except (binascii.Error, UnicodeDecodeError, IndexError):
            raise RemoteFault(
                "the connection's host_key is no public key", "write it as in known_hosts: ssh-ed25519 AAAA..."
            ) from None
    declared = connection.text("known_hosts")
    path = Path(declared or "~/.ssh/known_hosts").expanduser()
    if connection.text("fingerprint") or (declared is None and not path.exists()):
        return set()
    keys = paramiko.HostKeys()
    try:
        keys.load(str(path))
    except OSError as error:
        raise RemoteFault(
            f"the connection's known_hosts cannot be read: {error.strerror}", "name a file that is there"
        ) from None
    found = keys.lookup(host if port == PORT else f"[{host}]:{port}") or {}
    return {(kind, found[kind].asbytes()) for kind in found}


# --- private keys ----------------------------------------------------------------------------------------------


def _has_key(connection: Connection) -> bool:
    return bool(connection.text("private_key") or connection.text("key_file"))


def _private_key(connection: Connection) -> paramiko.PKey | None:
    text, path = connection.text("private_key"), connection.text("key_file")
    if text is None and path is None:
        return None
    name = "private_key" if text is not None else "key_file"
    passphrase = connection.text("private_key_passphrase")
    if text is None:
        try:
            text = Path(path or "").expanduser().read_text()
        except (OSError, UnicodeDecodeError):
            text = ""
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        with suppress(paramiko.SSHException, ValueError, UnicodeDecodeError):
            return kind.from_private_key(io.StringIO(text.replace("\\n", "\n") + "\n"), password=passphrase)
    raise RemoteFault(
        f"the connection's {name} cannot be read",
        "give an Ed25519, ECDSA or RSA key in OpenSSH or PEM form, and its private_key_passphrase where it has one",
    )
