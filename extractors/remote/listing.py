"""Which files of a server belong to a delivery; everything that can be told before a byte is fetched."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from fsspec.utils import glob_translate

from billing.errors import SourceError
from billing.file_specs import AnyFile, DbfFile, SqlFile
from billing.registry import Source
from extractors.delivery.copying import not_quiet, printable
from extractors.delivery.finding import matched_twice, missing, not_ready, raise_all, refuse_escape, wanted_files
from extractors.delivery.packed import is_companion
from extractors.remote.connecting import delivery_name, stopped
from extractors.remote.server import Entry, RemoteFault, Server, Version, escapes, name_problem

MAX_ENTRIES = 100_000
MAX_DEPTH = 16


@dataclass(frozen=True)
class Wanted:
    """A file to be fetched.

    Attributes:
        name: Relative to the delivery, checked: it leads nowhere else.
        version: Which version was listed.
    """

    name: str
    version: Version


def list_delivery(source: Source, server: Server) -> list[Wanted] | None:
    """The files of a delivery: those that the file specs match, their memos, and the file that is written last.

    Args:
        source: The declared source.
        server: Its open server.

    Returns:
        Them in name order; None where an optional delivery is not there at all.

    Raises:
        SourceUnavailable: The delivery is not there or not complete, or a file is still being written.
        SourceError: A file is missing, matched twice, no plain file or too large, or a name leads elsewhere.
    """
    specs = wanted_files(source)
    delivery = source.spec.delivery
    where = delivery_name(source)
    for spec in specs:
        refuse_escape(source, spec)
    patterns = [spec.pattern for spec in specs] + ([delivery.ready] if delivery.ready else [])
    try:
        found = dict(_walk(source, server, patterns))
    except RemoteFault as fault:
        if fault.is_gone and delivery.optional:
            return None
        raise stopped(source, fault, where) from None
    if not found and delivery.optional and where.startswith("s3://"):
        return None  # there are no folders, only keys
    if delivery.ready and not any(_matching(delivery.ready, found)):
        raise not_ready(source, where)
    matched = {spec.name: list(_matching(spec.pattern, found)) for spec in specs}
    base = [name for name in found if "/" not in name]
    problems = [missing(source, spec, where, base) for spec in specs if not spec.optional and not matched[spec.name]]
    problems += matched_twice(source, {spec: [*map(printable, names)] for spec, names in matched.items()})
    names = {name for names in matched.values() for name in names}
    marks = {*_matching(delivery.ready, found)} - names if delivery.ready else set()
    for spec in specs:
        names |= _companions(spec, matched[spec.name], found)
    wanted: list[Wanted] = []
    for name in sorted(names | marks):
        try:
            found_version = _checked(source, server, name, found[name])
            if name not in marks:  # what is written last says itself that all is there
                _refuse_unquiet(source, name, found_version)
            wanted.append(Wanted(name, found_version))
        except RemoteFault as fault:
            problems.append(stopped(source, fault, printable(name)))
        except SourceError as error:
            problems.append(error)
    raise_all(problems)
    _refuse_large(source, wanted)
    return wanted


def _walk(source: Source, server: Server, patterns: list[str]) -> Iterator[tuple[str, Entry]]:
    """Every file in the folders that a pattern may reach, `(name, entry)`."""
    folders, listed = [""], 0
    while folders:
        folder = folders.pop()
        for entry in server.entries(folder):
            listed += 1
            if listed > MAX_ENTRIES:
                raise RemoteFault(
                    f"holds more than {MAX_ENTRIES:,} files", "give every delivery a folder of its own, or clear it"
                )
            name = f"{folder}/{entry.name}" if folder else entry.name
            if escapes(entry.name):
                raise SourceError(
                    "the server lists a name that leads out of the delivery",
                    source_id=source.id,
                    file=printable(name[:300]),
                    remedy="have the server's administrator look at it: no sound server does",
                )
            if entry.kind != "folder":
                yield name, entry
            elif name_problem(entry.name) is None and any(_leads_to(name, pattern) for pattern in patterns):
                folders.append(name)


def _leads_to(folder: str, pattern: str) -> bool:
    """Whether a folder may hold what a pattern matches.

    >>> [_leads_to("2026-10", p) for p in ("*.csv", "2026-*/*.csv", "2025-*/*.csv", "**/x.csv")]
    [False, True, False, True]
    """
    parts = folder.split("/")
    for number, wanted in enumerate(pattern.split("/")[:-1]):
        if wanted == "**":
            return len(parts) <= MAX_DEPTH
        if number == len(parts):
            return True
        if not fnmatchcase(parts[number], wanted):
            return False
    return len(parts) < len(pattern.split("/"))


def _matching(pattern: str, names: Iterable[str]) -> Iterator[str]:
    expression = re.compile(glob_translate(pattern))
    return (name for name in names if expression.match(name))


def _companions(spec: AnyFile, names: list[str], found: Iterable[str]) -> set[str]:
    """Files that are read with those of a spec: memos, and logs of a SQLite database."""
    if not isinstance(spec, DbfFile | SqlFile):
        return set()
    paths = [PurePosixPath(name) for name in found]
    return {
        str(other)
        for main in map(PurePosixPath, names)
        for other in paths
        if other.parent == main.parent and is_companion(spec, other, main)
    }


def _checked(source: Source, server: Server, name: str, entry: Entry) -> Version:
    if problem := name_problem(entry.name):
        raise SourceError(
            f"its name {problem}",
            source_id=source.id,
            file=printable(name[:300]),
            remedy="have it delivered under a plain name",
        )
    if entry.kind == "other":
        raise RemoteFault("is no plain file", "deliver the file itself, not a link, a pipe or a device")
    return server.version(name)


def _refuse_unquiet(source: Source, name: str, version: Version) -> None:
    if not source.spec.delivery.quiet_seconds:
        return
    if version.modified is None:
        raise RemoteFault("the server does not tell when it changed", "leave quiet_seconds out, and declare `ready`")
    if (fault := not_quiet(source, name, version.modified)) is not None:
        raise fault


def _refuse_large(source: Source, wanted: list[Wanted]) -> None:
    size, most = sum(file.version.size for file in wanted), source.spec.delivery.max_fetched_mb
    if size > most << 20:
        raise SourceError(
            f"the delivery holds {size >> 20:,} MiB, more than {most:,}",
            source_id=source.id,
            file=delivery_name(source),
            remedy="if this is no mistake, raise delivery.max_fetched_mb",
        )
