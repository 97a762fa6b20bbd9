"""A SQLite file that was delivered with a log beside it, because somebody had it open when it was copied.

* **a write-ahead log** (`-wal`) holds what was committed last.  SQLite would read it where it lies and leave an index
  of it there, in a folder that is its sender's and may be read-only.  So file and log are copied, and the copy takes
  its log in.
* **a rollback journal** (`-journal`) holds what a transaction that had not ended has overwritten.  Without it the file
  is half of one state and half of another, and rolling it back may delete files that the journal names: it is refused.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path, PurePath

from billing.errors import SourceError

WAL, JOURNAL = "-wal", "-journal"
_BEGUN = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"  # of a journal that is to be rolled back; a finished one begins with zeros


def is_log_of(other: PurePath, database: PurePath) -> bool:
    """Whether a name is that of a database's log.

    >>> [is_log_of(PurePath(name), PurePath("a.db")) for name in ("a.db-wal", "a.db-journal", "a-wal", "b.db-wal")]
    [True, True, False, False]
    """
    return other.name in (f"{database.name}{WAL}", f"{database.name}{JOURNAL}")


@contextmanager
def settled(database: Path, folder: Path, where: Mapping[str, str]) -> Iterator[Path]:
    """The database with what its write-ahead log holds, for the length of a `with` block.

    Args:
        database: The delivered file; neither it nor its folder changes.
        folder: Where a copy may lie.
        where: Source and file, for errors.

    Yields:
        The file itself where it has no log, else a copy of both that has taken the log in.

    Raises:
        SourceError: A transaction was under way, or the log is no plain file, or not this database's.
    """
    journal, log = (database.with_name(f"{database.name}{suffix}") for suffix in (JOURNAL, WAL))
    if _is_begun(journal, where):
        raise SourceError(
            f"a transaction was under way when the database was copied: its journal {journal.name} lies beside it",
            **where,
            remedy="have it delivered after whoever writes it has closed it, or as a copy made by SQLite itself "
            "(VACUUM INTO, or .backup)",
        )
    if not _is_there(log, where):
        yield database
        return
    with tempfile.TemporaryDirectory(dir=folder, prefix=".log-") as aside:
        copy = Path(aside) / "copy.db"
        shutil.copyfile(database, copy)
        shutil.copyfile(log, copy.with_name(copy.name + WAL))
        try:
            with closing(sqlite3.connect(copy)) as connection:
                connection.execute("PRAGMA trusted_schema = 0")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.Error as error:
            raise SourceError(
                f"the database cannot be read with its log {log.name}: {error}",
                **where,
                remedy="have both sent again, copied while nobody has the database open",
            ) from None
        yield copy


def _is_begun(journal: Path, where: Mapping[str, str]) -> bool:
    if not _is_there(journal, where):
        return False
    with journal.open("rb") as file:
        return file.read(len(_BEGUN)) == _BEGUN


def _is_there(log: Path, where: Mapping[str, str]) -> bool:
    if log.is_symlink() or (log.exists() and not log.is_file()):
        remedy = "deliver the file itself, not a link, a pipe or a device"
        raise SourceError(f"{log.name} beside it is no plain file", **where, remedy=remedy)
    return log.exists()
