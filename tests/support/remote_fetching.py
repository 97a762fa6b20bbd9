"""A source whose delivery lies on one of `remote_servers`, and its delivery fetched and landed in one go."""

from __future__ import annotations

from pathlib import Path

from extractor_probe import declare

from billing.delivery import Delivery
from billing.registry import Source
from extractors.delivery.landing import land
from extractors.remote.fetch import fetched

DELIMITED = {"format": "delimited", "code_page": "cp1250"}
NO_WAIT = (0.01, 0.01)


def source(server, *patterns, files=None, **delivery) -> Source:
    files = files or [
        {"name": f"f{n}" if n else "konta", "pattern": pattern, **DELIMITED} for n, pattern in enumerate(patterns)
    ]
    declared = declare(files)
    told = {"extracted_on": "2003-12-31", "url": server.url, "connection": "region", "insecure": True, **delivery}
    spec = declared.spec.model_copy(update={"delivery": Delivery.model_validate(told)})
    return Source(spec, declared.folder)


def take(source, server, into, **more):
    """Fetch and land; what landed."""
    with fetched(source, server.connection(), into, waits=NO_WAIT, **more) as folder:
        return None if folder is None else land(source, Path("nowhere"), into, folder=folder)
