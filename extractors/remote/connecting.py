"""From a declared URL and a resolved connection to an open server."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from billing.connection import Connection
from billing.errors import ContractError, SourceError, SourceUnavailable
from billing.registry import SPEC_FILE, Source
from extractors.remote.server import RemoteFault, Server

LIBRARIES = {"sftp": "paramiko", "s3": "s3fs"}  # beyond what is always installed


def connect(source: Source, connection: Connection) -> Server:
    """Open the folder that a source declares.

    Args:
        source: The source; its delivery has a `url`.
        connection: The connection that it names.

    Raises:
        ContractError: Host, library, key or certificate are missing or contradict each other.
        SourceUnavailable: The server does not answer now.
        SourceError: The server is not the expected one, or refuses the login.
    """
    assert source.spec.delivery.url is not None
    try:
        return _open(source, connection)
    except RemoteFault as fault:
        raise stopped(source, fault, delivery_name(source)) from None
    except ModuleNotFoundError as error:
        if error.name not in LIBRARIES.values():
            raise
        raise ContractError(
            f"the library {error.name} is not installed",
            source_id=source.id,
            remedy="install the extra: pip install 'blueline-billing[remote]'",
        ) from None


def _open(source: Source, connection: Connection) -> Server:
    delivery = source.spec.delivery
    parts = urlsplit(delivery.url or "")
    folder = unquote(parts.path)
    if parts.scheme == "s3":
        from extractors.remote.s3 import S3Server

        return S3Server(connection, parts.netloc, folder, insecure=delivery.insecure)
    host = _host(source, connection, parts.hostname)
    port = parts.port or connection.port
    if not connection.login:
        raise _contradiction(source, f"the connection {connection.id!r} has no login", "add it in Airflow")
    if parts.scheme == "sftp":
        from extractors.remote.sftp import SftpServer

        return SftpServer(connection, host, port, folder)
    from extractors.remote.ftps import FtpServer

    return FtpServer(connection, host, port, folder, encrypted=parts.scheme == "ftps")


def _host(source: Source, connection: Connection, declared: str | None) -> str:
    """The server; a declaration cannot send a connection's credentials to another one."""
    if declared and connection.host and declared.casefold() != connection.host.casefold():
        raise _contradiction(
            source,
            f"delivery.url names the host {declared}, the connection {connection.id!r} is for {connection.host}",
            "make them equal, or leave the host out of the URL: sftp:///folder",
        )
    host = declared or connection.host
    if not host:
        raise _contradiction(
            source, f"neither delivery.url nor the connection {connection.id!r} names a host", "name it in one of them"
        )
    return host


def _contradiction(source: Source, message: str, remedy: str) -> ContractError:
    return ContractError(message, source_id=source.id, file=str(source.folder / SPEC_FILE), remedy=remedy)


def delivery_name(source: Source) -> str:
    """What messages, manifests and reports call a remote delivery: its URL, which holds no credentials."""
    return source.spec.delivery.url or ""


def stopped(source: Source, fault: RemoteFault, file: str) -> SourceError:
    """A server's fault as the error that stops the source, for now or for good."""
    kind = SourceUnavailable if fault.retryable else SourceError
    return kind(fault.message, source_id=source.id, file=file, remedy=fault.remedy)
