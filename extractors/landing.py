"""Landing: take a source's delivery over, once, byte for byte.

Files are copied as they are into a folder named by their content, so the same delivery landed twice is the same
folder and a changed file is another one; everything after this reads the copy.  Databases have no bytes to copy:
each result set is dumped once (`extractors.sql`) and the dump is what was landed.

What is refused, because a wrong delivery costs more than a stopped one:

* a delivery folder or a file that is not there;
* an empty file;
* a delivery whose sender has not finished: a file that changed while it was copied or shortly before, or the file
  that is written last is not there (try again later);
* the same bytes under two names, which would count every record twice;
* a link, a pipe, or anything else whose content is not the file's own.

Every fault of a delivery is collected, so that its sender hears about all of them at once.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from pathlib import Path, PurePosixPath

from billing.errors import SourceError, SourceUnavailable
from billing.file_specs import AnyFile, DbfFile, SqlFile
from billing.registry import Source
from extractors import sql
from extractors.base import LandedFile
from extractors.copying import ASIDE, Copied, copy_aside, printable, still_written, sweep, writing
from extractors.databases.extraction import WHOLE, Fetching
from extractors.packed import MEMO_SUFFIXES, unpacked


def land(source: Source, deliveries: Path, into: Path, *, fetching: Fetching = WHOLE) -> list[LandedFile]:
    """Copy a source's delivery, or dump its database.

    Args:
        source: The declared source.
        deliveries: Root of all deliveries.
        into: Folder of landed files; made where it does not exist.
        fetching: What of databases is fetched.

    Returns:
        Landed files in the order of the spec, several matches of one pattern in name order.  Empty where the whole
        delivery is missing and the source declares it optional.

    Raises:
        SourceUnavailable: The delivery folder or the database does not answer, or a file is still being written.
        SourceError: A file is missing, empty, delivered twice, or not a plain file inside the delivery.
        StoreError: The copy cannot be written.
    """
    with writing(into):
        into.mkdir(parents=True, exist_ok=True)
        sweep(into)
    specs = [spec for spec in source.spec.files if not (isinstance(spec, SqlFile) and spec.url)]
    found = _find(source, deliveries, specs) if specs else {}
    if found is None:
        return []
    landed: list[LandedFile] = []
    problems: list[SourceError] = []
    for spec in source.spec.files:
        try:
            if isinstance(spec, SqlFile):
                landed += _land_database(source, spec, found.get(spec.name, []), into, fetching)
                continue
            for path, name in found[spec.name]:
                with unpacked(source, spec, path, name, into) as files:
                    landed += [_land_file(source, spec, file, called, into) for file, called in files]
        except SourceError as error:
            problems.append(error)
    _raise(problems)
    _refuse_repeats(source, landed)
    return landed


# --- finding ---------------------------------------------------------------------------------------------------


def _find(source: Source, deliveries: Path, specs: list[AnyFile]) -> dict[str, list[tuple[Path, str]]] | None:
    """Files of every file spec, `(path, name)`, or None where an optional delivery is not there at all."""
    folder = source.delivery_folder(deliveries)
    if not folder.is_dir():
        if source.spec.delivery.optional:
            return None
        raise SourceUnavailable(
            "the delivery folder does not exist",
            source_id=source.id,
            file=printable(str(folder)),
            remedy="check that the region has delivered and that the share is mounted, then run the source again",
        )
    _refuse_unfinished(source, folder)
    found: dict[str, list[tuple[Path, str]]] = {}
    problems: list[SourceError] = []
    owner: dict[Path, str] = {}
    for spec in specs:
        paths = _matches(source, spec, folder)
        found[spec.name] = [(path, printable(path.relative_to(folder).as_posix())) for path in paths]
        if not paths and not spec.optional:
            problems.append(_missing(source, spec, folder))
        for path, name in found[spec.name]:
            if _changed_just_now(path, source.spec.delivery.quiet_seconds):
                problems.append(still_written(source, name))
            if (other := owner.setdefault(path, spec.name)) != spec.name:
                problems.append(
                    SourceError(
                        f"is matched by two file specs, {other} and {spec.name}",
                        source_id=source.id,
                        file=name,
                        remedy="narrow one of the two patterns in source.toml",
                    )
                )
    _raise(problems)
    return found


def _refuse_unfinished(source: Source, folder: Path) -> None:
    ready = source.spec.delivery.ready
    if ready is not None and not any(folder.glob(ready)):
        raise SourceUnavailable(
            f"the delivery is not complete: {ready!r}, which is written last, is not there",
            source_id=source.id,
            file=printable(str(folder)),
            remedy="run the source again once the sender has finished",
        )


def _changed_just_now(path: Path, seconds: int) -> bool:
    return seconds > 0 and time.time() - path.lstat().st_mtime < seconds


def _matches(source: Source, spec: AnyFile, folder: Path) -> list[Path]:
    pattern = PurePosixPath(spec.pattern)
    if not spec.pattern or pattern.is_absolute() or ".." in pattern.parts:
        raise SourceError(
            f"the pattern {spec.pattern!r} leads out of the delivery folder",
            source_id=source.id,
            file=spec.name,
            remedy="give a pattern below the delivery folder",
        )
    # a folder that a pattern such as `*` happens to match is not a file; what it holds was not asked for
    matches = [path for path in folder.glob(spec.pattern) if path.is_symlink() or not path.is_dir()]
    return sorted(matches, key=lambda path: os.fsencode(path.relative_to(folder)))


def _missing(source: Source, spec: AnyFile, folder: Path) -> SourceError:
    wanted = spec.pattern.casefold()
    near = sorted(
        printable(p.name) for p in folder.iterdir() if p.is_file() and PurePosixPath(p.name.casefold()).match(wanted)
    )
    hint = f"; {near[0]} differs only in upper and lower case" if near else ""
    return SourceError(
        f"no file matches {spec.pattern!r}{hint}",
        source_id=source.id,
        file=spec.name,
        folder=printable(str(folder)),
        remedy="have the file delivered, or correct its pattern (or declare it optional) in source.toml",
    )


# --- copying ---------------------------------------------------------------------------------------------------


def _land_file(source: Source, spec: AnyFile, path: Path, name: str, into: Path) -> LandedFile:
    companions = _companions(path) if isinstance(spec, DbfFile) else []
    copies: list[tuple[Copied, str]] = []
    try:
        for original in (path, *companions):
            called = name if original == path else original.name
            copies.append((copy_aside(source, original, called, into), original.name))
        main = copies[0][0]
        if not main.size:
            raise SourceError(
                "the file is empty", source_id=source.id, file=name, remedy="ask the region to send it again"
            )
        # A memo belongs to its table: the folder is named by both contents, the landed file by its own.
        content = main.sha256
        if companions:
            content = hashlib.sha256("".join(copy.sha256 for copy, _ in copies).encode()).hexdigest()
        folder = into / content[:2] / content
        with writing(into):
            folder.mkdir(parents=True, exist_ok=True)
            for copy, original_name in copies:
                copy.aside.replace(folder / printable(original_name))
    finally:
        for copy, _ in copies:
            copy.aside.unlink(missing_ok=True)
    return LandedFile(path=folder / printable(path.name), name=name, sha256=main.sha256, size=main.size, file=spec.name)


def _companions(path: Path) -> list[Path]:
    """Memo files beside a DBF: the same stem, any spelling of the suffix and the stem."""
    stem = path.stem.casefold()
    return sorted(
        other
        for other in path.parent.iterdir()
        if other.suffix.casefold() in MEMO_SUFFIXES and other.stem.casefold() == stem and other.is_file()
    )


# --- databases -------------------------------------------------------------------------------------------------


def _land_database(
    source: Source,
    spec: SqlFile,
    found: list[tuple[Path, str]],
    into: Path,
    fetching: Fetching,
) -> list[LandedFile]:
    if spec.url is None and not found:
        return []  # optional and not delivered
    if len(found) > 1:
        raise SourceError(
            f"{spec.pattern!r} matches several databases: {', '.join(name for _, name in found)}",
            source_id=source.id,
            file=spec.name,
            remedy="deliver one, or declare each with a pattern of its own",
        )
    if not found:
        return _dump(source, spec, None, spec.name, into, fetching)
    [(path, name)] = found
    with unpacked(source, spec, path, name, into) as files:
        if len(files) > 1:
            raise SourceError(
                f"{spec.member!r} matches several databases: {', '.join(called for _, called in files)}",
                source_id=source.id,
                file=name,
                remedy="narrow `member`",
            )
        return _dump(source, spec, *files[0], into, fetching)


def _dump(
    source: Source,
    spec: SqlFile,
    path: Path | None,
    name: str,
    into: Path,
    fetching: Fetching,
) -> list[LandedFile]:
    if path is not None:
        if path.is_symlink() or not path.is_file():
            raise SourceError(
                "is no plain file", source_id=source.id, file=name, remedy="deliver the database file itself"
            )
        if not path.stat().st_size:
            raise SourceError(
                "the file is empty", source_id=source.id, file=name, remedy="ask the region to send it again"
            )
    landed = []
    with writing(into), tempfile.TemporaryDirectory(dir=into, prefix=ASIDE) as aside:
        # all of them first: a database that breaks off leaves nothing behind
        for dump in list(sql.dump(source, spec, path, name, Path(aside), fetching=fetching)):
            sha256, size = _digest(dump.path)
            final = into / sha256[:2] / sha256 / dump.path.name
            final.parent.mkdir(parents=True, exist_ok=True)
            dump.path.replace(final)
            called = f"{name}/{dump.path.stem}"
            landed.append(LandedFile(final, called, sha256, size, spec.name, dump.extraction))
    return landed


def _digest(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size


# --- refusing --------------------------------------------------------------------------------------------------


def _refuse_repeats(source: Source, landed: list[LandedFile]) -> None:
    databases = {spec.name for spec in source.spec.files if isinstance(spec, SqlFile)}
    seen: dict[str, LandedFile] = {}
    problems: list[SourceError] = []
    for file in landed:
        if file.file in databases:
            continue  # two empty result sets may well be equal
        first = seen.setdefault(file.sha256, file)
        if first is not file:
            problems.append(
                SourceError(
                    f"has the same content as {first.name}: one file was delivered twice, and every record of it "
                    "would count double",
                    source_id=source.id,
                    file=file.name,
                    remedy="remove one of the two from the delivery, or have the right file sent",
                )
            )
    _raise(problems)


def _raise(problems: list[SourceError]) -> None:
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
