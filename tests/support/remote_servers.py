"""Real servers on loopback that deliver files: SFTP, FTPS with a certificate of its own, S3."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import boto3
import paramiko
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from moto.server import ThreadedMotoServer
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.filesystems import AbstractedFS
from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
from pyftpdlib.ioloop import IOLoop
from pyftpdlib.servers import ThreadedFTPServer

from billing.connection import Connection
from extractors.remote.sftp import fingerprint

LOGIN = "blueline"
PASSWORD = "zielony-Kot#99"
HOST = "127.0.0.1"


class FolderServer:
    """A server that shows a folder of this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.out = root / "out"
        self.out.mkdir(parents=True)
        self.cut_after: int | None = None  # bytes after which a transfer breaks off, once

    def cut(self, position: int) -> bool:
        """Whether a transfer breaks off here; the connection is gone then."""
        if self.cut_after is None or position < self.cut_after:
            return False
        self.cut_after = None
        self.interrupt()
        return True

    def interrupt(self) -> None:
        raise NotImplementedError

    def put(self, name: str, data: bytes, *, age: float = 3600) -> None:
        path = self.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        then = time.time() - age
        os.utime(path, (then, then))

    def remove(self, name: str) -> None:
        (self.out / name).unlink()


# --- SFTP --------------------------------------------------------------------------------------------------------


class _Login(paramiko.ServerInterface):
    def __init__(self, keys: list[bytes]) -> None:
        self._keys = keys

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        good = username == LOGIN and key.asbytes() in self._keys
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def check_auth_password(self, username: str, password: str) -> int:
        good = (username, password) == (LOGIN, PASSWORD)
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def get_allowed_auths(self, username: str) -> str:
        return "password,publickey"


class _Folder(paramiko.SFTPServerInterface):
    """Read-only, below the server's root; it also lists names that are not there."""

    told: Sftp

    def _path(self, path: str) -> str:
        return str(self.told.root) + self.canonicalize(path)

    def list_folder(self, path: str) -> Any:
        try:
            found = [
                paramiko.SFTPAttributes.from_stat(entry.stat(follow_symlinks=False), entry.name)
                for entry in os.scandir(self._path(path))
            ]
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)
        for name in self.told.listed:
            attributes = paramiko.SFTPAttributes.from_stat(self.told.root.stat(), name)
            attributes.st_mode = 0o100644
            found.append(attributes)
        return found

    def stat(self, path: str) -> Any:
        return self._stat(path, follow=True)

    def lstat(self, path: str) -> Any:
        return self._stat(path, follow=False)

    def _stat(self, path: str, *, follow: bool) -> Any:
        try:
            return paramiko.SFTPAttributes.from_stat(Path(self._path(path)).stat(follow_symlinks=follow))
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)

    def open(self, path: str, flags: int, attr: Any) -> Any:
        try:
            file = Path(self._path(path)).open("rb")  # noqa: SIM115 - the handle closes it
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)
        handle = _Handle(flags)
        handle.readfile = file
        handle.server, handle.name = self.told, Path(path).name
        return handle


class _Handle(paramiko.SFTPHandle):
    def read(self, offset: int, length: int) -> Any:
        self.server.reads.append((self.name, offset))
        if self.server.cut(offset):
            return paramiko.SFTP_FAILURE
        return super().read(offset, min(length, self.server.most))

    def stat(self) -> Any:
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))


class Sftp(FolderServer):
    """paramiko's server."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.key = paramiko.ECDSAKey.generate()
        self.listed: list[str] = []
        self.login_keys: list[bytes] = []
        self.most = 1 << 20  # bytes of one answer
        self.reads: list[tuple[str, int]] = []
        self.transports: list[paramiko.Transport] = []
        self._listening = socket.create_server((HOST, 0))
        self.port = self._listening.getsockname()[1]
        self.url = f"sftp://{HOST}:{self.port}/out"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        interface = type("Shown", (_Folder,), {"told": self})
        while True:
            try:
                connected, _ = self._listening.accept()
            except OSError:
                return
            transport = paramiko.Transport(connected)
            transport.add_server_key(self.key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, interface)
            self.transports.append(transport)
            with suppress(paramiko.SSHException, EOFError, OSError):
                transport.start_server(server=_Login(self.login_keys), event=threading.Event())

    def connection(self, **changes: Any) -> Connection:
        extra = {"fingerprint": fingerprint(self.key.asbytes())}
        return Connection(**{"id": "region", "login": LOGIN, "password": PASSWORD, "extra": extra, **changes})

    def interrupt(self) -> None:
        for transport in self.transports:
            transport.close()

    def close(self) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.interrupt()


# --- FTPS --------------------------------------------------------------------------------------------------------


def certificate(folder: Path, *names: str) -> Path:
    """A self-made certificate and its key in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "region")])
    today = dt.datetime.now(dt.UTC)
    addresses = [x509.IPAddress(ipaddress.ip_address(name)) for name in names]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(addresses), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"certificate-{'-'.join(names)}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


class _Cutting:
    """A file whose reading ends where the server's transfer is to break off."""

    def __init__(self, file: Any, server: FolderServer) -> None:
        self._file, self._server = file, server

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def read(self, size: int) -> bytes:
        if self._server.cut(self._file.tell()):
            raise OSError("the transfer broke off")
        return self._file.read(size)


class Ftps(FolderServer):
    """pyftpdlib's server; it refuses logins and data without TLS.

    Args:
        root: Its folder.
        certified: The host that its certificate is for.
        encrypted: It speaks TLS.
        implicit: It does so before the first word.
        unknown: Commands that it does not know.
        names: Code page of the names in its listings.
    """

    def __init__(
        self,
        root: Path,
        *,
        certified: str = HOST,
        encrypted: bool = True,
        implicit: bool = False,
        unknown: tuple[str, ...] = (),
        names: str = "utf8",
    ) -> None:
        super().__init__(root)
        self.authority = certificate(root, certified)
        self.commands: list[str] = []
        self._sessions: list[FTPHandler] = []
        users = DummyAuthorizer()
        users.add_user(LOGIN, PASSWORD, str(root), perm="elr")
        server = self
        base = TLS_FTPHandler if encrypted else FTPHandler

        class Files(AbstractedFS):
            def open(self, filename: str, mode: str) -> Any:
                return _Cutting(super().open(filename, mode), server)

        class Handler(base):  # type: ignore[misc, valid-type]
            authorizer = users
            abstracted_fs = Files
            use_sendfile = False
            encoding = names
            proto_cmds: ClassVar = {name: told for name, told in base.proto_cmds.items() if name not in unknown}

            def on_connect(self) -> None:
                server._sessions.append(self)

            def handle(self) -> None:
                if implicit:  # not a word before TLS
                    self.secure_connection(self.ssl_context)
                else:
                    super().handle()

            def handle_ssl_established(self) -> None:
                if implicit:
                    super().handle()

            def pre_process_command(self, line: str, cmd: str, arg: str) -> None:
                server.commands.append(cmd if cmd == "PASS" else line)
                super().pre_process_command(line, cmd, arg)

        if encrypted:
            Handler.certfile = str(self.authority)
            Handler.tls_control_required = Handler.tls_data_required = True
        self._server = ThreadedFTPServer((HOST, 0), Handler, ioloop=IOLoop())
        self.port = self._server.socket.getsockname()[1]
        self.url = f"{'ftps' if encrypted else 'ftp'}://{HOST}:{self.port}/out"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while not self._stop.is_set():
            self._server.serve_forever(timeout=0.05, blocking=False, handle_exit=False)
        self._server.close_all()

    def connection(self, **changes: Any) -> Connection:
        extra = {"ca_file": str(self.authority)}
        return Connection(**{"id": "region", "login": LOGIN, "password": PASSWORD, "extra": extra, **changes})

    def interrupt(self) -> None:
        for session in self._sessions:
            for channel in (session.data_channel, session):
                with suppress(Exception):
                    channel.socket.sock_shutdown(socket.SHUT_RDWR)  # of the TCP connection below the TLS one

    def close(self) -> None:
        self._stop.set()
        self._thread.join()


# --- S3 ----------------------------------------------------------------------------------------------------------


class S3:
    """moto's server; it checks no secret, so a wrong one cannot be tried."""

    BUCKET = "region"

    def __init__(self, root: Path) -> None:
        self._server = ThreadedMotoServer(ip_address=HOST, port=0, verbose=False)
        self._server.start()
        _, self.port = self._server.get_host_and_port()
        self.endpoint = f"http://{HOST}:{self.port}"
        self.url = f"s3://{self.BUCKET}/out"
        self.key_ids: set[str] = set()  # that requests were signed with
        self._server._server.app = self._noting(self._server._server.app)
        self._client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="eu-central-1",
            aws_access_key_id=LOGIN,
            aws_secret_access_key=PASSWORD,
        )
        with suppress(self._client.exceptions.BucketAlreadyOwnedByYou):
            self._client.create_bucket(
                Bucket=self.BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
            )

    def _noting(self, app: Any) -> Any:
        def noted(environ: dict[str, Any], start_response: Any) -> Any:
            signed = environ.get("HTTP_AUTHORIZATION", "")
            self.key_ids.add(signed.partition("Credential=")[2].partition("/")[0])
            return app(environ, start_response)

        return noted

    def put(self, name: str, data: bytes, *, age: float = 0) -> None:
        self._client.put_object(Bucket=self.BUCKET, Key=f"out/{name}", Body=data)

    def remove(self, name: str) -> None:
        self._client.delete_object(Bucket=self.BUCKET, Key=f"out/{name}")

    def connection(self, **changes: Any) -> Connection:
        extra = {"endpoint_url": self.endpoint, "region_name": "eu-central-1"}
        return Connection(**{"id": "region", "login": LOGIN, "password": PASSWORD, "extra": extra, **changes})

    def close(self) -> None:
        import requests

        requests.post(f"{self.endpoint}/moto-api/reset", timeout=10)
        self._server.stop()


ROLE_KEY_ID = "ASIAROLEOFMACHINE"


class RoleService(ThreadingHTTPServer):
    """What a cloud offers its machines: the credentials of their role, as instances and as containers ask for them."""

    def __init__(self) -> None:
        super().__init__((HOST, 0), _RoleRequests)
        self.asked: list[str] = []
        self.endpoint = f"http://{HOST}:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _RoleRequests(BaseHTTPRequestHandler):
    server: RoleService

    def do_PUT(self) -> None:
        self._answer("token")

    def do_GET(self) -> None:
        if self.path.endswith("/security-credentials/"):
            self._answer("region-reader")
        else:
            self._answer(json.dumps({
                "Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": ROLE_KEY_ID, "SecretAccessKey": PASSWORD,
                "Token": "role-token", "LastUpdated": "2026-01-01T00:00:00Z", "Expiration": "2999-01-01T00:00:00Z",
            }))  # fmt: skip

    def _answer(self, text: str) -> None:
        self.server.asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


SERVERS = {"sftp": Sftp, "ftps": Ftps, "s3": S3}


@contextmanager
def serving(kind: str, root: Path, **more: Any) -> Iterator[Any]:
    """A running server of one kind."""
    server = SERVERS[kind](root, **more)
    try:
        yield server
    finally:
        server.close()
