"""Packed deliveries: gzip, Zstandard and zip files are unpacked while they are landed.

What goes on is the content; a packed file is told by the end of its name, and has to be what it is called.  Every
input is hostile: what comes out is counted while it is written and bounded by the spec, a member's name never becomes
a path, and encrypted members, links and damaged archives are refused by name.
"""

from __future__ import annotations

import gzip
import lzma
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path, PurePath, PurePosixPath
from typing import IO, Any, cast

import pyarrow as pa

from billing.errors import SourceError
from billing.file_specs import AnyFile, DbfFile, SqlFile
from billing.registry import Source
from extractors.databases.sqlite_logs import JOURNAL, WAL, is_log_of
from extractors.delivery.copying import ASIDE, copy_aside, printable, writing

MEMO_SUFFIXES = (".dbt", ".fpt", ".dct", ".sct", ".vct", ".frt", ".lbt", ".mnt", ".pjt")
_CHUNK = 1 << 20


def is_packed(path: PurePath) -> bool:
    """Whether the end of a name says that the file is packed."""
    return path.suffix.casefold() in (*_STREAMS, ".zip")


@contextmanager
def unpacked(source: Source, spec: AnyFile, path: Path, name: str, into: Path) -> Iterator[list[tuple[Path, str]]]:
    """What a delivered file holds, for the length of a `with` block.

    Args:
        source: Whose file it is.
        spec: Its file spec; `member` chooses among the files of an archive.
        path: The delivered file.
        name: What messages call it.
        into: Folder of landed files; the content lies in a folder aside in it.

    Yields:
        `(path, name)` of each file: the file itself where it is not packed, else its members in name order, named
        `archive/member`.  The memos of a DBF table lie beside it.

    Raises:
        SourceError: The archive is damaged, encrypted, too large when unpacked, or does not hold what the spec names.
    """
    if not is_packed(path):
        yield [(path, name)]
        return
    with writing(into), tempfile.TemporaryDirectory(dir=into, prefix=ASIDE) as folder:
        aside = Path(folder)
        unpacker = _Unpacker(source, spec, aside)
        if path.suffix.casefold() == ".zip":
            yield [(member, f"{name}/{member.name}") for member in unpacker.members(path, name)]
        else:
            main = unpacker.stream(path, name)
            for companion in companions_of(spec, path):
                unpacker.stream(companion, companion.name)
            yield [(main, f"{name}/{main.name}")]


class _Unpacker:
    """Unpacks into a folder, counting what it writes."""

    def __init__(self, source: Source, spec: AnyFile, folder: Path) -> None:
        self.source = source
        self.spec = spec
        self.folder = folder
        self.left = source.spec.delivery.max_unpacked_mb << 20

    def stream(self, path: Path, name: str) -> Path:
        """Unpack a file that holds one stream."""
        copied = copy_aside(self.source, path, name, self.folder)
        out = self.folder / printable(path.stem)
        with self._explained(name), _STREAMS[path.suffix.casefold()](copied.aside) as packed:
            self._write(packed, out, name)
        copied.aside.unlink()
        return out

    def members(self, path: Path, name: str) -> list[Path]:
        """Unpack the members that the spec asks for, and what is read with them."""
        copied = copy_aside(self.source, path, name, self.folder)
        with self._explained(name), zipfile.ZipFile(copied.aside) as archive:
            files = [info for info in archive.infolist() if not info.is_dir()]
            wanted = self._wanted(files, name)
            mains = {_place(self.spec, PurePosixPath(info.filename)) for info in wanted}
            companions = [
                info
                for info in files
                if info not in wanted and _is_beside(self.spec, PurePosixPath(info.filename), mains)
            ]
            folders: dict[str, Path] = {}  # a member's folder is told apart, never followed
            for info in (*wanted, *companions):
                self._refuse(info, name)
                parent = str(PurePosixPath(info.filename).parent)
                inside = folders.setdefault(parent, self.folder / f"folder{len(folders)}")
                inside.mkdir(exist_ok=True)
                with archive.open(info) as member:
                    self._write(member, inside / _own_name(info.filename), f"{name}/{printable(info.filename)}")
            found = [folders[str(PurePosixPath(i.filename).parent)] / _own_name(i.filename) for i in wanted]
        copied.aside.unlink()
        return found

    def _wanted(self, files: list[zipfile.ZipInfo], name: str) -> list[zipfile.ZipInfo]:
        pattern = self.spec.member
        if pattern is not None:
            found = [
                i for i in files if fnmatchcase(i.filename, pattern) or fnmatchcase(_own_name(i.filename), pattern)
            ]
        else:
            found = [i for i in files if PurePosixPath(i.filename).suffix.casefold() not in MEMO_SUFFIXES]
        if isinstance(self.spec, SqlFile):
            names = {_place(self.spec, PurePosixPath(i.filename)) for i in files}
            found = [i for i in found if not _is_beside(self.spec, PurePosixPath(i.filename), names)]
        if not found or (pattern is None and len(found) > 1):
            held = ", ".join(printable(i.filename) for i in files[:10]) + (", ..." if len(files) > 10 else "")
            what = f"no file that {pattern!r} matches" if pattern else f"{len(found)} files, not one"
            raise self._error(f"the archive holds {what}: {held or 'nothing'}", name, "set `member` of the file spec")
        return sorted(found, key=lambda info: info.filename)

    def _refuse(self, info: zipfile.ZipInfo, name: str) -> None:
        member = f"{name}/{printable(info.filename)}"
        if info.flag_bits & 0x1:
            raise self._error("is encrypted", member, "have it delivered without a password, over a safe channel")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise self._error("is a symbolic link, which may lead anywhere", member, "deliver the file itself")

    def _write(self, packed: IO[bytes], out: Path, name: str) -> None:
        if out.exists():
            raise self._error("occurs twice in the archive", name, "have it packed and sent again")
        with out.open("xb") as file:
            while chunk := _read(packed):
                self.left -= len(chunk)
                if self.left < 0:
                    most = self.source.spec.delivery.max_unpacked_mb
                    raise self._error(
                        f"holds more than {most} MiB when unpacked", name,
                        "if this is no damaged or hostile file, raise delivery.max_unpacked_mb",
                    )  # fmt: skip
                file.write(chunk)

    @contextmanager
    def _explained(self, name: str) -> Iterator[None]:
        try:
            yield
        except _DAMAGE as error:
            words = str(error).rstrip(".") or type(error).__name__
            raise self._error(
                f"cannot be unpacked: {words}", name, "have it packed and sent again; gzip, zstd and zip are read"
            ) from error

    def _error(self, message: str, name: str, remedy: str) -> SourceError:
        return SourceError(message, source_id=self.source.id, file=name, remedy=remedy)


def _read(packed: IO[bytes]) -> bytes:
    try:
        return packed.read(_CHUNK)
    except OSError as error:
        if error.errno is None:  # Arrow's word for a damaged stream; the disk's own errors have a number
            raise EOFError(str(error)) from error
        raise


def memos_of(table: Path) -> list[Path]:
    """Memo files beside a DBF table, packed as it is."""
    return sorted(other for other in table.parent.iterdir() if is_memo_of(other, table) and other.is_file())


def companions_of(spec: AnyFile, path: Path) -> list[Path]:
    """Files beside a delivered one that are read with it: memos of a DBF table, logs of a SQLite database."""
    if not isinstance(spec, DbfFile | SqlFile):
        return []
    return sorted(other for other in path.parent.iterdir() if is_companion(spec, other, path) and other.is_file())


def is_companion(spec: AnyFile, other: PurePath, main: PurePath) -> bool:
    """Whether a name is that of a file that is read with another, packed as that one is."""
    if isinstance(spec, DbfFile):
        return is_memo_of(other, main)
    if not isinstance(spec, SqlFile):
        return False
    if is_packed(main) and other.suffix.casefold() == main.suffix.casefold():
        other, main = PurePath(other.stem), PurePath(main.stem)
    return is_log_of(other, main)


def _is_beside(spec: AnyFile, other: PurePath, mains: Container[tuple[PurePath, str]]) -> bool:
    """Whether a member of an archive is read with one of others, which are told by `_place`."""
    if isinstance(spec, DbfFile):
        return other.suffix.casefold() in MEMO_SUFFIXES and _place(spec, other) in mains
    if not isinstance(spec, SqlFile):
        return False
    return any(other.name.endswith(s) and (other.parent, other.name.removesuffix(s)) in mains for s in (WAL, JOURNAL))


def _place(spec: AnyFile, main: PurePath) -> tuple[PurePath, str]:
    return main.parent, main.stem.casefold() if isinstance(spec, DbfFile) else main.name


def is_memo_of(other: PurePath, table: PurePath) -> bool:
    """Whether a name is that of a table's memo: its stem and a memo's suffix, in any spelling, packed as the table is.

    >>> is_memo_of(PurePath("abon.dbt"), PurePath("ABON.DBF")), is_memo_of(PurePath("KONTA.DBT"), PurePath("ABON.DBF"))
    (True, False)
    >>> is_memo_of(PurePath("A.FPT.gz"), PurePath("A.DBF.gz")), is_memo_of(PurePath("A.FPT"), PurePath("A.DBF.gz"))
    (True, False)
    """
    if is_packed(table):
        if other.suffix.casefold() != table.suffix.casefold():
            return False
        other, table = PurePath(other.stem), PurePath(table.stem)
    return other.suffix.casefold() in MEMO_SUFFIXES and other.stem.casefold() == table.stem.casefold()


def is_read_with(path: Path, tables: Iterable[Path]) -> bool:
    """Whether a file is the memo of one of these tables and lies beside it, so that it is read with the table."""
    return any(is_memo_of(path, table) and path.parent == table.parent for table in tables)


def _own_name(member: str) -> str:
    """The last part of a member's name, whatever separates its folders."""
    return printable(member.replace("\\", "/").rsplit("/", 1)[-1]) or "member"


def _zstd(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", pa.CompressedInputStream(pa.OSFile(str(path)), "zstd"))


_STREAMS: dict[str, Callable[[Path], Any]] = {".gz": gzip.open, ".zst": _zstd}
_DAMAGE = (
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,  # a compression method that zipfile does not know
    pa.ArrowInvalid,
    pa.ArrowException,
)
