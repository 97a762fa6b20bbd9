"""A resolved connection to a machine that delivers: address and credentials, which appear in no text.

Its forms are those that Airflow defines for `AIRFLOW_CONN_<ID>`: a URI
(`sftp://login:password@host:22/?host_key=...`) or JSON (`{"conn_type": "sftp", "login": ..., "extra": {...}}`).

>>> torun = parse_connection("region_torun", "sftp://blueline:s%23cret@sftp.example:2222/?host_key=ssh-ed25519+AAAA")
>>> torun.host, torun.port, torun.login, torun.password, torun.text("host_key")
('sftp.example', 2222, 'blueline', 's#cret', 'ssh-ed25519 AAAA')
>>> torun
Connection(id='region_torun', host='sftp.example', port=2222)
>>> torun.redact("login of blueline with s#cret refused")
'login of blueline with *** refused'
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from billing.errors import ContractError

_HARMLESS = frozenset({
    "ca_file", "encoding", "endpoint_url", "fingerprint", "host_key", "key_file", "known_hosts", "profile_name",
    "region_name", "tls",
})  # fmt: skip
_SHORTEST = 4  # a shorter text is no secret that could be told from other words


@dataclass(frozen=True)
class Connection:
    """Address and credentials of a delivering machine.

    Attributes:
        id: Its name; the only part of it that a declaration, a log or a report shows.
        host: Host, None where the declared URL names it.
        port: Port, None for the protocol's own.
        login: User, or access key id.
        password: Password, or secret access key.
        extra: What else the protocol needs; see `docs/remote-deliveries.md`.
    """

    id: str
    host: str | None = None
    port: int | None = None
    login: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def text(self, name: str) -> str | None:
        """A text of `extra`, None where it is missing or blank."""
        value = self.extra.get(name)
        return str(value).strip() or None if value is not None else None

    def redact(self, text: str) -> str:
        """A text, such as a server's answer, without any secret of this connection."""
        for secret in sorted({*self._secrets()}, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    def _secrets(self) -> Iterator[str]:
        if self.password:
            yield self.password
        for name, value in self.extra.items():
            if name not in _HARMLESS:
                yield from (text for text in _texts(value) if len(text) >= _SHORTEST)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def parse_connection(connection_id: str, text: str) -> Connection:
    """Read a connection in one of Airflow's two forms.

    Args:
        connection_id: Its name.
        text: URI or JSON.

    Raises:
        ContractError: It is neither; the text itself is not repeated, because it holds the password.
    """
    try:
        return _from_json(connection_id, text) if text.lstrip().startswith("{") else _from_uri(connection_id, text)
    except (ValueError, TypeError):
        raise ContractError(
            f"the connection {connection_id!r} is neither a URI nor JSON as Airflow defines them",
            remedy="write it as sftp://login:password@host:port/ with every special character percent-encoded, or as "
            "JSON with conn_type, host, port, login, password and extra",
        ) from None


def _from_json(connection_id: str, text: str) -> Connection:
    data = json.loads(text)
    port = data.get("port")
    return Connection(
        connection_id,
        host=data.get("host") or None,
        port=int(port) if port else None,
        login=data.get("login") or None,
        password=data.get("password") or None,
        extra=read_extra(data.get("extra")),
    )


def _from_uri(connection_id: str, text: str) -> Connection:
    parts = urlsplit(text)
    if not parts.scheme or "://" not in text or text.count("://") > 1:
        raise ValueError
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    extra = read_extra(query["__extra__"]) if "__extra__" in query else query
    login, password = (unquote(part) if part else None for part in (parts.username, parts.password))
    return Connection(
        connection_id,
        host=unquote(parts.hostname) if parts.hostname else None,
        port=parts.port,
        login=login,
        password=password,
        extra=extra,
    )


def read_extra(extra: str | Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The `extra` of a connection, which Airflow keeps as JSON text.

    Raises:
        ValueError: It is no JSON object.
    """
    data = json.loads(extra) if isinstance(extra, str) and extra.strip() else extra or {}
    if not isinstance(data, Mapping):
        raise ValueError
    return data
