"""The delivery table of a source's spec: where the files come from, when they are complete, what may come twice."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from billing.strict import Strict

REMOTE_SCHEMES = ("sftp", "ftps", "ftp", "s3")


class Delivery(Strict):
    """Where deliveries appear and what may be expected of them.

    Attributes:
        path: Folder below `BLUELINE_DELIVERIES` (default: the source's id), or below the working folder where it
            begins with `./` or `../`; `${VAR:-default}` takes a setting.
        url: Where it is fetched from, in place of `path`: `sftp://host/folder`, `ftps://host/folder` or
            `s3://bucket/prefix`.  It holds no credentials; the host may be left to the connection (`sftp:///folder`).
        connection: Id of the Airflow connection (without Airflow: of the variable `AIRFLOW_CONN_<ID>`) that holds them.
        insecure: `ftp://`, or an S3 endpoint without TLS, is accepted: names, passwords and data travel in clear.
        max_fetched_mb: Most MiB that a remote delivery may bring.
        extracted_on: Cut-off date of the extract; dates after it are not believed.
        optional: A missing delivery is no failure (the source is reported as absent).
        ready: Glob of a file that the sender writes last; nothing is taken before it is there.
        quiet_seconds: A file that changed less than this ago is still being written, and is left for later.
        max_unpacked_mb: Most MiB that a packed file may hold.
        series: Whether the sequence numbers that the files state (`sequence_at`) count the files of the source, or
            those of each file spec; a gap or a repeat stops the source then.  Absent: they are noted, not checked.
        series_from: A number that may follow whatever came before: a gap was accepted there, or the series began anew.
        repeats: What happens where a file has other bytes but the control totals of another one: `stop`, `warn` or
            `allow`.  Absent: stop where both are in this delivery, warn where it replaces one of an earlier delivery.
    """

    path: str | None = None
    url: str | None = None
    connection: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")] | None = None
    insecure: bool = False
    max_fetched_mb: int = Field(default=65_536, ge=1)
    extracted_on: dt.date
    optional: bool = False
    ready: str | None = None
    quiet_seconds: int = Field(default=0, ge=0)
    max_unpacked_mb: int = Field(default=65_536, ge=1)
    series: Literal["source", "file"] | None = None
    series_from: int | None = None
    repeats: Literal["stop", "warn", "allow"] | None = None

    @model_validator(mode="after")
    def _remote_is_complete(self) -> Self:
        if self.url is None:
            if self.connection is not None or self.insecure:
                raise ValueError("connection and insecure go with url")
            return self
        if self.path is not None:
            raise ValueError("has either path or url")
        if self.connection is None:
            raise ValueError("url needs connection, the id of the connection that holds the credentials")
        if problem := url_problem(self.url):
            raise ValueError(f"url {problem}")
        if self.url.startswith("ftp://") and not self.insecure:
            raise ValueError("ftp:// sends password and data in clear: use ftps:// or sftp://, or set insecure = true")
        return self


def url_problem(url: str) -> str | None:
    """What is wrong with the URL of a remote delivery, None where nothing is; it is never repeated.

    >>> url_problem("sftp://region.example/out")
    >>> url_problem("sftp://blueline:secret@region.example/out")
    'holds a login or a password: these belong into the connection'
    >>> url_problem("http://region.example/out")
    'begins with none of sftp://, ftps://, ftp://, s3://'
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in REMOTE_SCHEMES:
        return f"begins with none of {', '.join(f'{name}://' for name in REMOTE_SCHEMES)}"
    authority, _, path = rest.partition("/")
    if "@" in authority:
        return "holds a login or a password: these belong into the connection"
    if "?" in rest or "#" in rest or not url.isprintable():
        return "is more than scheme, host and folder"
    if ".." in path.split("/"):
        return "leads out of its folder (..)"
    try:
        port = urlsplit(url).port
    except ValueError:
        return "has a port that is none"
    return "names no bucket" if scheme == "s3" and (not authority or port) else None
