"""S3 and what speaks like it (`endpoint_url` of the connection's extra)."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import s3fs
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)

from billing.connection import Connection
from extractors.remote.server import CHUNK, Entry, RemoteFault, Version, gone

TIMEOUT_SECONDS = 30
BLOCK = 8 << 20


class S3Server:
    """The objects below a prefix of a bucket.

    Args:
        connection: Access key id as login, secret access key as password; without both, boto's chain finds them:
            environment, profile, role of the container or the instance.  In its extra `region_name`, `endpoint_url`,
            `aws_session_token`, `ca_file`, `profile_name`.
        bucket: The bucket.
        prefix: Of every key, without the slash at its end.
        insecure: An endpoint without TLS is accepted.

    Raises:
        RemoteFault: The connection holds half a key, or its endpoint has no TLS.
    """

    def __init__(self, connection: Connection, bucket: str, prefix: str, *, insecure: bool) -> None:
        self._connection = connection
        self._root = f"{bucket}/{prefix.strip('/')}".rstrip("/")
        endpoint = connection.text("endpoint_url")
        if endpoint and not endpoint.startswith("https://") and not insecure:
            raise RemoteFault("its endpoint_url has no TLS", "use https://, or set delivery.insecure = true")
        if bool(connection.login) != bool(connection.password):
            raise RemoteFault(
                "the connection holds half an access key",
                "put its id into login and its secret into password, or leave both out: then the environment or the "
                "role of the machine has to give them",
            )
        client: dict[str, Any] = {}
        if region := connection.text("region_name"):
            client["region_name"] = region
        if authority := connection.text("ca_file"):
            client["verify"] = authority
        with self._faults():
            self._system = s3fs.S3FileSystem(
                key=connection.login,
                secret=connection.password,
                token=connection.text("aws_session_token"),
                profile=connection.text("profile_name"),
                endpoint_url=endpoint,
                client_kwargs=client,
                config_kwargs={
                    "connect_timeout": TIMEOUT_SECONDS,
                    "read_timeout": TIMEOUT_SECONDS,
                    "retries": {"max_attempts": 2},
                },
                use_listings_cache=False,
                skip_instance_cache=True,  # which would keep the secret beyond this delivery
            )

    def entries(self, folder: str) -> Iterator[Entry]:
        """See `Server`."""
        path = self._path(folder)
        with self._faults():
            found = self._system.ls(path, detail=True, refresh=True)
        for item in found:
            name = str(item["name"])
            if name.rstrip("/") == path and (name.endswith("/") or item["type"] == "directory" or not item["size"]):
                continue  # the empty object that stands for the folder itself
            own = name[len(path) + 1 :] if name.startswith(f"{path}/") else name
            yield Entry(own, "folder" if item["type"] == "directory" else "file")

    def version(self, name: str) -> Version:
        """See `Server`."""
        with self._faults():
            found = self._system.info(self._path(name), refresh=True)
        if found["type"] != "file":
            raise gone()
        modified = found["LastModified"]
        return Version(int(found["size"]), f"{found['ETag']} {modified.isoformat()}", modified.timestamp())

    def read(self, name: str, offset: int) -> Generator[bytes, None, None]:
        """See `Server`; every request asks for the version that was there at the first."""
        with self._faults():
            file = self._system.open(self._path(name), "rb", block_size=BLOCK, cache_type="readahead")
        with file:
            with self._faults():
                file.seek(offset)
            while True:
                with self._faults():
                    chunk = file.read(CHUNK)
                if not chunk:
                    return
                yield chunk

    def close(self) -> None:
        """See `Server`: every request was a connection of its own."""

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}" if name else self._root

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise gone() from None
        except PermissionError as error:
            raise RemoteFault(
                f"the server refuses: {self._connection.redact(str(error))}",
                "check the access key of the connection and its rights to list and read",
            ) from None
        except (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError, ProfileNotFound) as error:
            raise RemoteFault(
                f"no credentials: the connection holds none, and boto's chain finds none ({error})",
                "give the connection login and password, or this machine a role that may list and read",
                # a role's credentials come from a service of the machine, which may be late
                retryable=not isinstance(error, ProfileNotFound),
            ) from None
        except (OSError, BotoCoreError, ClientError) as error:
            words = self._connection.redact(str(error)) or type(error).__name__
            raise RemoteFault(
                f"the connection failed: {words}", "check endpoint and network, then run again", retryable=True
            ) from None
