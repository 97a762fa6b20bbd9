"""Copying one delivered file aside: byte for byte, hashed on the way, and only if nobody touched it meanwhile."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path, PurePosixPath

from billing.errors import SourceError, SourceUnavailable, StoreError
from billing.registry import Source

COPY_BYTES = 1 << 20
ASIDE = ".landing-"
STALE_SECONDS = 86_400
CLOCKS_APART = 60  # seconds


@dataclass(frozen=True)
class Copied:
    """A file copied aside, not yet under its final name."""

    aside: Path
    sha256: str
    size: int


def copy_aside(source: Source, path: Path, name: str, into: Path) -> Copied:
    """Copy one file aside, hashing it on the way, and see that nobody changed it meanwhile.

    Args:
        source: Whose file it is.
        path: The delivered file.
        name: What messages call it; its folders are those below the delivery.
        into: Folder of landed files.

    Raises:
        SourceError: It is no plain file, or may not be read.
        SourceUnavailable: It does not answer, or changed while it was copied.
        StoreError: The copy cannot be written.
    """
    try:
        # Never through a link: neither a planted one nor one put in place between the listing and this line.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ELOOP or path.is_symlink():
            raise SourceError(
                "is a symbolic link, which may lead anywhere",
                source_id=source.id,
                file=name,
                remedy="deliver the file itself",
            ) from None
        raise _unreadable(source, name, error) from None
    with os.fdopen(handle, "rb", buffering=0) as reading:
        before = os.fstat(handle)
        if not stat.S_ISREG(before.st_mode):
            raise SourceError(
                "is no plain file", source_id=source.id, file=name, remedy="deliver plain files, not pipes or devices"
            )
        refuse_detour(source, path, name)
        digest = hashlib.sha256()
        size = 0
        with writing(into):
            handle_aside, name_aside = tempfile.mkstemp(dir=into, prefix=ASIDE)
        aside = Path(name_aside)
        try:
            with os.fdopen(handle_aside, "wb") as aside_file:
                while chunk := _read(source, name, reading):
                    digest.update(chunk)
                    size += len(chunk)
                    with writing(into):
                        aside_file.write(chunk)
                with writing(into):
                    aside_file.flush()
                    os.fsync(handle_aside)
            after = path.stat(follow_symlinks=False)
            if (before.st_size, before.st_mtime_ns, before.st_ino) != (after.st_size, after.st_mtime_ns, after.st_ino):
                raise still_written(source, name)
            if size != after.st_size:
                raise still_written(source, name)
        except FileNotFoundError:
            aside.unlink(missing_ok=True)
            raise still_written(source, name) from None
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
    return Copied(aside, digest.hexdigest(), size)


def refuse_detour(source: Source, path: Path, name: str) -> None:
    """A folder on the way to the file may be a link too.

    Args:
        source: Whose file it is.
        path: The file, in its delivery or unpacked.
        name: What messages call it; folders that the path has not are those of an archive.

    Raises:
        SourceError: One of the delivery's folders is a link.
    """
    for folder, called in zip(path.parents, reversed(PurePosixPath(name).parts[:-1]), strict=False):
        if printable(folder.name) != called:
            return
        if folder.is_symlink():
            raise SourceError(
                "lies behind a symbolic link, which may lead anywhere",
                source_id=source.id,
                file=name,
                remedy="deliver the folder itself",
            )


def _read(source: Source, name: str, reading: RawIOBase) -> bytes | None:
    try:
        return reading.read(COPY_BYTES)
    except OSError as error:
        raise _unreadable(source, name, error) from None


def _unreadable(source: Source, name: str, error: OSError) -> SourceError:
    gone = error.errno in (errno.ENOENT, errno.ESTALE, errno.EIO, errno.ETIMEDOUT)
    kind = SourceUnavailable if gone else SourceError
    return kind(
        f"cannot be read: {error.strerror}",
        source_id=source.id,
        file=name,
        remedy="check the share, then run the source again" if gone else "give this account the right to read it",
    )


def not_quiet(source: Source, name: str, modified: float) -> SourceUnavailable | None:
    """The error for a file that has changed within the seconds that the source wants it left alone, if it has.

    Args:
        source: Whose file it is.
        name: What messages call it.
        modified: When it changed last, in seconds since 1970.
    """
    seconds = source.spec.delivery.quiet_seconds
    age = time.time() - modified
    if not seconds or age >= seconds:
        return None
    if age > -CLOCKS_APART:
        return still_written(source, name)
    return SourceUnavailable(
        f"has a time of change {-age:,.0f} s ahead of this machine's clock: nobody can tell whether it is complete",
        source_id=source.id,
        file=name,
        remedy="set the clock that is wrong, or leave quiet_seconds out of source.toml and declare `ready`",
    )


def still_written(source: Source, name: str) -> SourceUnavailable:
    """The error for a file that somebody is still writing."""
    return SourceUnavailable(
        "changed just now: somebody is still writing it",
        source_id=source.id,
        file=name,
        remedy="run the source again once the delivery is complete",
    )


@contextmanager
def writing(into: Path) -> Iterator[None]:
    """Turn what goes wrong while writing below `into` into a `StoreError` with its remedy."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise StoreError(
            "the disk of the landed files is full" if full else f"a landed file cannot be written: {error.strerror}",
            folder=str(into),
            remedy="free space there or point BLUELINE_STORE to a larger disk, then run again: what is finished stays"
            if full
            else "check the folder's existence and rights",
        ) from error


def printable(name: str) -> str:
    """A name that can stand in a message, a report and UTF-8: odd characters are written as escapes."""
    text = name.encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def sweep(into: Path) -> None:
    """Remove what a killed copy left aside a day or more ago; a younger one may belong to a copy under way."""
    for left in into.glob(f"{ASIDE}*"):
        try:
            if left.stat().st_mtime > time.time() - STALE_SECONDS:
                continue
        except FileNotFoundError:  # of another source's copy, which has just ended
            continue
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)
