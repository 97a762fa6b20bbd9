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
import tempfile
from pathlib import Path

from billing.errors import SourceError
from billing.file_specs import AnyFile, SqlFile
from billing.registry import Source
from extractors import sql
from extractors.base import LandedFile
from extractors.databases.extraction import WHOLE, Fetching
from extractors.delivery.copying import ASIDE, Copied, copy_aside, printable, refuse_detour, sweep, writing
from extractors.delivery.finding import find, raise_all
from extractors.delivery.packed import companions_of, unpacked


def land(
    source: Source, deliveries: Path, into: Path, *, folder: Path | None = None, fetching: Fetching = WHOLE
) -> list[LandedFile]:
    """Copy a source's delivery, or dump its database.

    Args:
        source: The declared source.
        deliveries: Root of all deliveries.
        into: Folder of landed files; made where it does not exist.
        folder: Where the delivery lies, if not where the source declares it: what was fetched of a remote one.
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
    found = find(source, folder or source.delivery_folder(deliveries))
    if found is None:
        return []
    landed: list[LandedFile] = []
    problems: list[SourceError] = []
    for spec in source.spec.files:
        try:
            if isinstance(spec, SqlFile):
                landed += _land_database(source, spec, found.files.get(spec.name, []), into, fetching)
                continue
            for path, name in found.files[spec.name]:
                with unpacked(source, spec, path, name, into) as files:
                    landed += [_land_file(source, spec, file, called, into) for file, called in files]
        except SourceError as error:
            problems.append(error)
    raise_all(problems)
    found.refuse_changed(source)
    _refuse_repeats(source, landed)
    return landed


# --- copying ---------------------------------------------------------------------------------------------------


def _land_file(source: Source, spec: AnyFile, path: Path, name: str, into: Path) -> LandedFile:
    companions = companions_of(spec, path)
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
        refuse_detour(source, path, name)
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
    raise_all(problems)
