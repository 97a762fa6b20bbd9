"""Finding the files of a delivery, and the faults that are told before a byte of them is copied."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from billing.errors import SourceError, SourceUnavailable
from billing.file_specs import AnyFile, SqlFile
from billing.registry import Source
from extractors.delivery.copying import not_quiet, printable, still_written
from extractors.delivery.packed import companions_of, is_companion

_Stamp = tuple[int, int, int]  # size, time of the last change, inode


@dataclass
class Found:
    """The files of a delivery, as its folder showed them.

    Attributes:
        files: File spec -> `(path, name)` of every match, in name order.
        seen: Path -> `(name, stamp)` when it was listed, memos included.
    """

    files: dict[str, list[tuple[Path, str]]] = field(default_factory=dict)
    seen: dict[Path, tuple[str, _Stamp | None]] = field(default_factory=dict)

    def refuse_changed(self, source: Source) -> None:
        """See that no file changed since it was listed, whenever it was copied.

        Raises:
            SourceUnavailable: One of them did: the files of this delivery do not belong together.
        """
        raise_all([still_written(source, name) for path, (name, was) in self.seen.items() if _stamp(path) != was])


def wanted_files(source: Source) -> list[AnyFile]:
    """The file specs whose files lie in the delivery: all but databases that are asked over a connection."""
    return [spec for spec in source.spec.files if not (isinstance(spec, SqlFile) and spec.url)]


def find(source: Source, folder: Path) -> Found | None:
    """Find the files of every file spec.

    Args:
        source: The declared source.
        folder: Folder of its delivery.

    Returns:
        None where an optional delivery is not there at all.

    Raises:
        SourceUnavailable: The folder is not there, or the delivery is not complete yet.
        SourceError: A file is missing, or matched twice.
    """
    specs = wanted_files(source)
    if not specs:
        return Found()
    if not folder.is_dir():
        if source.spec.delivery.optional:
            return None
        raise SourceUnavailable(
            "the delivery folder does not exist",
            source_id=source.id,
            file=printable(str(folder)),
            remedy="check that the region has delivered and that the share is mounted, then run the source again",
        )
    if (ready := source.spec.delivery.ready) is not None and not any(folder.glob(ready)):
        raise not_ready(source, printable(str(folder)))
    found = Found()
    problems: list[SourceError] = []
    quiet: set[Path] = set()
    for spec in specs:
        paths = _matches(source, spec, folder)
        found.files[spec.name] = [(path, printable(path.relative_to(folder).as_posix())) for path in paths]
        if not paths and not spec.optional:
            names = (path.name for path in folder.iterdir() if path.is_file())
            problems.append(missing(source, spec, printable(str(folder)), names))
        for path, name in found.files[spec.name]:
            found.seen[path] = (name, _stamp(path))
            found.seen |= {beside: (beside.name, _stamp(beside)) for beside in companions_of(spec, path)}
        for path, (name, was) in found.seen.items():
            if was is not None and path not in quiet and (fault := not_quiet(source, name, was[1] / 1e9)) is not None:
                problems.append(fault)
            quiet.add(path)
    problems += matched_twice(source, {spec: [name for _, name in files] for spec, files in found.files.items()})
    raise_all(problems)
    return found


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino


def _matches(source: Source, spec: AnyFile, folder: Path) -> list[Path]:
    refuse_escape(source, spec)
    # a folder that a pattern such as `*` happens to match is not a file; what it holds was not asked for
    matches = [path for path in folder.glob(spec.pattern) if path.is_symlink() or not path.is_dir()]
    if isinstance(spec, SqlFile):  # a log is read with its database
        matches = [
            path
            for path in matches
            if not any(is_companion(spec, path, main) and path.parent == main.parent for main in matches)
        ]
    return sorted(matches, key=lambda path: os.fsencode(path.relative_to(folder)))


# --- faults ----------------------------------------------------------------------------------------------------


def refuse_escape(source: Source, spec: AnyFile) -> None:
    """Stop where a pattern leads out of the delivery, or is none.

    Raises:
        SourceError: It does, or has `**` within a name.
    """
    pattern = PurePosixPath(spec.pattern)
    if not spec.pattern or pattern.is_absolute() or ".." in pattern.parts:
        raise SourceError(
            f"the pattern {spec.pattern!r} leads out of the delivery folder",
            source_id=source.id,
            file=spec.name,
            remedy="give a pattern below the delivery folder",
        )
    if any("**" in part and part != "**" for part in pattern.parts):
        raise SourceError(
            f"the pattern {spec.pattern!r} has ** beside other characters",
            source_id=source.id,
            file=spec.name,
            remedy="** stands for folders, and alone: **/*.csv",
        )


def not_ready(source: Source, folder: str) -> SourceUnavailable:
    """The error for a delivery whose last file is not there."""
    return SourceUnavailable(
        f"the delivery is not complete: {source.spec.delivery.ready!r}, which is written last, is not there",
        source_id=source.id,
        file=folder,
        remedy="run the source again once the sender has finished",
    )


def missing(source: Source, spec: AnyFile, folder: str, names: Iterable[str]) -> SourceError:
    """The error for a file spec without a file.

    Args:
        source: The source.
        spec: The file spec.
        folder: The delivery, for people.
        names: What the delivery holds instead.
    """
    wanted = spec.pattern.casefold()
    near = sorted(printable(name) for name in names if PurePosixPath(name.casefold()).match(wanted))
    hint = f"; {near[0]} differs only in upper and lower case" if near else ""
    return SourceError(
        f"no file matches {spec.pattern!r}{hint}",
        source_id=source.id,
        file=spec.name,
        folder=folder,
        remedy="have the file delivered, or correct its pattern (or declare it optional) in source.toml",
    )


def matched_twice(source: Source, found: dict[str, list[str]]) -> list[SourceError]:
    """The errors for files that two file specs match.

    Args:
        source: The source.
        found: File spec -> names of its files.
    """
    owner: dict[str, str] = {}
    problems = []
    for spec, names in found.items():
        for name in names:
            if (other := owner.setdefault(name, spec)) != spec:
                problems.append(
                    SourceError(
                        f"is matched by two file specs, {other} and {spec}",
                        source_id=source.id,
                        file=name,
                        remedy="narrow one of the two patterns in source.toml",
                    )
                )
    return problems


def raise_all(problems: Sequence[SourceError]) -> None:
    """Raise all faults of a delivery as one error; it is retryable only where each of them is."""
    if not problems:
        return
    if len(problems) == 1:
        raise problems[0]
    kind = SourceUnavailable if all(p.retryable for p in problems) else SourceError
    raise kind(
        f"{len(problems)} faults in the delivery: " + "; ".join(str(problem) for problem in problems),
        source_id=problems[0].where.get("source_id"),
        remedy="correct each of them",
    )
