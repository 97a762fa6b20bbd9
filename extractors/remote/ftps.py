"""FTPS: certificate and host name are verified, and the data travels encrypted, too (`PROT P`).

TLS begins with the command `AUTH TLS` (RFC 4217, port 21), or, on port 990 and where the connection's extra says
`tls = implicit`, before the first word.  The extra may also name the certificates of a region's own authority
(`ca_file`) and the code page of the names (`encoding`).  Plain FTP is the same without TLS, and only for a delivery
that is declared insecure.
"""

from __future__ import annotations

import codecs
import ftplib
import socket
import ssl
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any

from fsspec.implementations.ftp import FTPFileSystem

from billing.connection import Connection
from extractors.remote.server import CHUNK, Entry, Kind, RemoteFault, Version, gone

TIMEOUT_SECONDS = 30
PORT, IMPLICIT_PORT = 21, 990
_NOT_THERE = "550"
_KINDS: dict[str, Kind] = {"file": "file", "directory": "folder"}


class FtpServer:
    """A folder on an FTPS (or FTP) server.

    Args:
        connection: Address, credentials and certificate authority.
        host: The server.
        port: Its port.
        folder: Absolute.
        encrypted: TLS on both channels.

    Raises:
        RemoteFault: The server does not answer, cannot prove who it is, or refuses the login.
    """

    def __init__(self, connection: Connection, host: str, port: int | None, folder: str, *, encrypted: bool) -> None:
        self._connection, self._folder = connection, "/" + folder.strip("/")
        self._ftp_encoding = _encoding(connection)
        with self._faults():
            implicit = encrypted and _is_implicit(connection, port)
            client = _client(connection, implicit=implicit) if encrypted else ftplib.FTP
            self._system = _FileSystem(
                host, port or (IMPLICIT_PORT if implicit else PORT), client,
                username=connection.login, password=connection.password, timeout=TIMEOUT_SECONDS,
                encoding=self._ftp_encoding, skip_instance_cache=True,
            )  # fmt: skip
            self._ftp: ftplib.FTP = self._system.ftp
            try:
                self._ftp.voidcmd("TYPE I")
            except BaseException:
                self.close()
                raise

    def entries(self, folder: str) -> Iterator[Entry]:
        """See `Server`."""
        path = self._path(folder)
        with self._faults():
            self._system.invalidate_cache()
            found = self._system.ls(path, detail=True)
        for item in found:
            # fsspec gives whole paths and drops a name's leading slashes; what a server means by one is told here
            name = str(item["name"])
            own = name.removeprefix(path.rstrip("/") + "/")
            yield Entry(own, _KINDS.get(item["type"], "other"))

    def version(self, name: str) -> Version:
        """See `Server`."""
        path = self._path(name)
        with self._faults():
            self._ftp.voidcmd("TYPE I")  # a listing was text; some servers tell sizes of texts only in their form
            size = self._ftp.size(path)
            stamp = self._modified(path)
        if size is None:
            raise RemoteFault("its size is not told", "use a server that knows SIZE and MDTM (RFC 3659)")
        return Version(size, stamp, _seconds(stamp))

    def read(self, name: str, offset: int) -> Generator[bytes, None, None]:
        """See `Server`."""
        with self._faults():
            self._ftp.voidcmd("TYPE I")
            data = self._ftp.transfercmd(f"RETR {self._path(name)}", offset or None)
        finished = False
        try:
            while True:
                with self._faults():
                    chunk = data.recv(CHUNK)
                if not chunk:
                    break
                yield chunk
            finished = True
        finally:
            if finished and isinstance(data, ssl.SSLSocket):
                with suppress(OSError):
                    data.unwrap()
            data.close()
            if finished:
                with self._faults():
                    self._ftp.voidresp()  # only this says that the server sent all of it
            else:  # the answer of a broken-off transfer would be taken for that of the next command
                self.close()

    def close(self) -> None:
        """See `Server`."""
        with suppress(Exception):
            self._ftp.close()

    def _path(self, name: str) -> str:
        return f"{self._folder.rstrip('/')}/{name}" if name else self._folder

    def _modified(self, path: str) -> str:
        try:
            return self._ftp.voidcmd(f"MDTM {path}").split()[-1]
        except ftplib.error_perm as error:
            if str(error).startswith(_NOT_THERE):
                raise
            return ""  # the command is not known there

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            raise RemoteFault(
                f"the server's certificate is refused: {error.verify_message}",
                "name the region's certificate authority in the connection's extra (ca_file), and its host as in the "
                "certificate",
            ) from None
        except FileNotFoundError:
            raise gone() from None
        except UnicodeDecodeError:
            raise RemoteFault(
                f"a name in its listing is no {self._ftp_encoding}",
                "name the code page of the server's names in the connection's extra: encoding = cp1250",
            ) from None
        except ftplib.error_perm as error:
            raise self._refusal(str(error)) from None
        except (ftplib.Error, OSError, EOFError, AttributeError) as error:
            # AttributeError: ftplib forgets its socket when it is closed
            words = self._connection.redact(str(error)) or type(error).__name__
            raise RemoteFault(
                f"the connection failed: {words}", "check host, port and network, then run again", retryable=True
            ) from None

    def _refusal(self, answer: str) -> RemoteFault:
        if answer.startswith(_NOT_THERE):
            return gone()
        if answer.startswith("530"):
            return RemoteFault("the server refuses the login", "check login and password of the connection")
        words = self._connection.redact(answer)
        return RemoteFault(f"the server refuses: {words}", "check the account's rights, and that the server does TLS")


class _FileSystem(FTPFileSystem):
    """fsspec's, over a connection that was verified."""

    def __init__(self, host: str, port: int, client: Callable[..., ftplib.FTP], **arguments: Any) -> None:
        self._client = client
        super().__init__(host, port, **arguments)

    def _connect(self) -> None:
        self.ftp = self._client(timeout=self.timeout, encoding=self.encoding)
        try:
            self.ftp.connect(self.host, self.port)
            self.ftp.login(*self.cred)  # with TLS, only after AUTH TLS
            if isinstance(self.ftp, ftplib.FTP_TLS):
                self.ftp.prot_p()
        except BaseException:
            self.ftp.close()  # of a server that is never made nobody else can
            raise


class _ProtectedFtp(ftplib.FTP_TLS):
    """FTP over TLS whose data connections continue the session of the control connection.

    Many servers ask for it, so that nobody else can take a data connection over; ftplib begins a new session.
    """

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        data, size = ftplib.FTP.ntransfercmd(self, cmd, rest)  # noqa: S321 - what FTP_TLS itself calls
        assert isinstance(self.sock, ssl.SSLSocket)
        try:
            return self.context.wrap_socket(data, server_hostname=self.host, session=self.sock.session), size
        except BaseException:
            data.close()
            raise


class _ImplicitFtp(_ProtectedFtp):
    """TLS from the first byte on: the server says nothing before it."""

    def connect(
        self, host: str = "", port: int = 0, timeout: float = -999, source_address: tuple[str, int] | None = None
    ) -> str:
        self.host, self.port = host, port
        plain = socket.create_connection((host, port), self.timeout)
        self.af = plain.family
        try:
            self.sock = self.context.wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise
        self.file = self.sock.makefile("r", encoding=self.encoding)
        self.welcome = self.getresp()
        return self.welcome


def _is_implicit(connection: Connection, port: int | None) -> bool:
    """Whether TLS begins before the first word."""
    said = connection.text("tls") or ("implicit" if port == IMPLICIT_PORT else "explicit")
    if said not in ("implicit", "explicit"):
        raise RemoteFault("the connection's tls is neither implicit nor explicit", "say one of them, or leave it out")
    return said == "implicit"


def _client(connection: Connection, *, implicit: bool) -> Callable[..., ftplib.FTP]:
    return partial(_ImplicitFtp if implicit else _ProtectedFtp, context=_tls(connection))


def _tls(connection: Connection) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=connection.text("ca_file"))
    except (OSError, ssl.SSLError):
        raise RemoteFault(
            "the connection's ca_file cannot be read as certificates", "name a file of PEM certificates that is there"
        ) from None


def _encoding(connection: Connection) -> str:
    """Code page of the server's names; the protocol says UTF-8, old servers do as they like."""
    name = connection.text("encoding") or "utf-8"
    try:
        return codecs.lookup(name).name
    except LookupError:
        raise RemoteFault("the connection's encoding is no code page", "name one, such as cp1250") from None


def _seconds(stamp: str) -> float | None:
    """Seconds since 1970 of an MDTM answer, `YYYYMMDDHHMMSS[.sss]` in UTC."""
    try:
        return datetime.strptime(stamp[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
