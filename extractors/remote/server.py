"""What the fetching asks of a server, whatever its protocol, and the one kind of fault that it raises."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

CHUNK = 1 << 20
Kind = Literal["file", "folder", "other"]
LONGEST_NAME = 255  # bytes of one part of a name, on every file system that a delivery is copied to


@dataclass(frozen=True)
class Entry:
    """One line of a listing.

    Attributes:
        name: Its own name, as the server wrote it: not to be trusted.
        kind: A link, a pipe or anything else that is no file of its own is `other`.
    """

    name: str
    kind: Kind


@dataclass(frozen=True)
class Version:
    """Which version of a file lies there: two equal ones have the same bytes as far as the server tells.

    Attributes:
        size: In bytes.
        stamp: Time of its last change, or its ETag, as the server writes it.
        modified: The same time in seconds since 1970, None where the server does not tell it.
    """

    size: int
    stamp: str
    modified: float | None


class RemoteFault(Exception):
    """A server, or the way to it, does not do what is asked; the words hold no secret.

    Attributes:
        message: What is wrong.
        remedy: What can be done about it.
        retryable: Trying again may help.
        is_gone: The file or folder does not exist (any more).
    """

    def __init__(self, message: str, remedy: str, *, retryable: bool = False, is_gone: bool = False) -> None:
        super().__init__(message)
        self.message, self.remedy, self.retryable, self.is_gone = message, remedy, retryable, is_gone


class Server(Protocol):
    """An open connection to the folder of a delivery; names are relative to it, with `/` between their parts."""

    def entries(self, folder: str) -> Iterator[Entry]:
        """What a folder holds (`""` is the delivery's own)."""

    def version(self, name: str) -> Version:
        """Which version of a file lies there now; never from a cache."""

    def read(self, name: str, offset: int) -> Generator[bytes, None, None]:
        """The bytes of a file from an offset on."""

    def close(self) -> None:
        """End the connection; never fails."""


def gone() -> RemoteFault:
    """The fault of a file or folder that is not there."""
    return RemoteFault("is not there", "check folder and file on the server", retryable=True, is_gone=True)


def name_problem(name: str) -> str | None:
    r"""Why a name from a listing cannot be that of a file in our folder; None where it can.

    >>> name_problem("ABON_0203.CSV"), name_problem("zażółć gęślą.txt")
    (None, None)
    >>> [name_problem(n) for n in ("..", "../konta.csv", "/etc/passwd", "a\nb", "x" * 300)]  # doctest: +ELLIPSIS
    ['leads out of the delivery', 'leads out of the delivery', 'leads out of the delivery', 'holds control...', 'is...']
    """
    if name in ("", ".", "..") or "/" in name:
        return "leads out of the delivery"
    if not name.isprintable():
        return "holds control characters or bytes that are no text"
    if len(os.fsencode(name)) > LONGEST_NAME:
        return f"is longer than {LONGEST_NAME} bytes"
    return None


def escapes(name: str) -> bool:
    """Whether a name is not only odd, but would lead elsewhere."""
    return name in ("", ".", "..") or "/" in name or "\0" in name
