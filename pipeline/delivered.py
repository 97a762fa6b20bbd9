"""A source's delivery as a folder of this machine, wherever it comes from."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from billing.connection import Connection
from billing.registry import Source
from pipeline.context import Context
from pipeline.logs import log

TOLD_EVERY_SECONDS = 10.0


@contextmanager
def delivered(ctx: Context, source: Source, into: Path) -> Iterator[Path | None]:
    """The folder of a delivery, for the length of a `with` block.

    Args:
        ctx: The process's context.
        source: The source.
        into: Folder of landed files; what is fetched of a remote delivery lies beside them.

    Yields:
        The folder, which need not exist; None where a remote delivery is optional and not there.

    Raises:
        ContractError: The connection, a library or its host key is missing.
        SourceError: The remote delivery cannot be taken, now or at all.
    """
    if source.spec.delivery.url is None:
        yield source.delivery_folder(ctx.settings.deliveries_path)
        return
    from extractors.remote.fetch import fetched

    with fetched(source, connection_of(ctx, source), into, progress=_Told(source)) as folder:
        yield folder


def connection_of(ctx: Context, source: Source) -> Connection:
    """The connection that a source's delivery names.

    Raises:
        ContractError: There is none of that name.
    """
    assert source.spec.delivery.connection is not None
    return ctx.connection(source.spec.delivery.connection)


def delivery_place(ctx: Context, source: Source) -> str:
    """Where a source's deliveries appear, for people; a URL holds no credentials."""
    return source.spec.delivery.url or str(source.delivery_folder(ctx.settings.deliveries_path))


class _Told:
    """Logs how far a transfer is, every few seconds and at its end."""

    def __init__(self, source: Source) -> None:
        self._source = source.id
        self._told = time.monotonic()

    def __call__(self, name: str, done: int, size: int) -> None:
        if done < size and time.monotonic() - self._told < TOLD_EVERY_SECONDS:
            return
        self._told = time.monotonic()
        log.info("fetched" if done == size else "fetching", source=self._source, file=name, bytes=done, of=size)
