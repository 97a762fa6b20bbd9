"""Fetching a remote delivery into a folder beside the store, from where it is landed like any other.

What was fetched before a transfer broke off stays there: the next try asks only for the rest, as long as the server
shows the same version of the file, and compares the last bytes that it has with the server's before it goes on.  A file
counts once size and stamp on the server are, after its last byte, what they were when the delivery was listed.  The
folder is removed when the delivery has been landed.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from billing.connection import Connection
from billing.errors import SourceUnavailable
from billing.registry import Source
from extractors.delivery.copying import still_written, writing
from extractors.delivery.finding import raise_all
from extractors.remote.connecting import connect, delivery_name, stopped
from extractors.remote.listing import Wanted, list_delivery
from extractors.remote.server import RemoteFault, Server

WAITS = (1.0, 5.0, 15.0)
"""Seconds before the tries after the first; a try that brought new bytes begins them anew."""
OVERLAP = 1 << 16
"""Bytes that are read again, and compared, where a transfer goes on."""
Progress = Callable[[str, int, int], None]
"""Name of a file, its bytes so far, its size."""


@contextmanager
def fetched(
    source: Source,
    connection: Connection,
    into: Path,
    *,
    progress: Progress = lambda name, done, size: None,
    waits: Sequence[float] | None = None,
) -> Iterator[Path | None]:
    """Fetch a delivery, for the length of a `with` block.

    Args:
        source: The declared source; its delivery has a `url`.
        connection: The connection that it names.
        into: Folder of landed files; what is fetched lies in a folder of the source's own in it.
        progress: Told after every piece.
        waits: Seconds before each further try; default `WAITS`.

    Yields:
        The folder of the files, under their names in the delivery; None where it is optional and not there.  It is
        removed when the block ends well; otherwise the next try takes what it holds.

    Raises:
        SourceUnavailable: The server does not answer, the transfer broke off too often, the delivery is not complete
            or changed meanwhile, or another run is fetching it.
        SourceError: The delivery cannot be taken as it is.
        StoreError: The copy cannot be written.
    """
    folder = into / f".remote-{source.id}"
    with writing(into):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(source, folder.with_suffix(".lock")):
        fetch = _Fetch(source, connection, folder, progress, WAITS if waits is None else waits)
        yield folder / "files" if fetch.run() else None
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _alone(source: Source, path: Path) -> Iterator[None]:
    with writing(path):
        lock = path.open("wb")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SourceUnavailable(
                "another run is fetching this delivery",
                source_id=source.id,
                file=delivery_name(source),
                remedy="run the source again once that one has ended",
            ) from None
        yield


class _Fetch:
    """One delivery on its way."""

    def __init__(
        self, source: Source, connection: Connection, folder: Path, progress: Progress, waits: Sequence[float]
    ) -> None:
        self._source, self._connection, self._progress, self._waits = source, connection, progress, waits
        self._files, self._parts = folder / "files", folder / "parts"
        self._server: Server | None = None

    def run(self) -> bool:
        """Fetch everything; False where an optional delivery is not there."""
        with writing(self._parts):
            self._files.mkdir(exist_ok=True)
            self._parts.mkdir(exist_ok=True)
        try:
            wanted = list_delivery(self._source, self._connected())
            if wanted is None:
                return False
            self._forget_others(wanted)
            for file in wanted:
                self._patiently(file)
            self._refuse_changed(wanted)
            return True
        finally:
            self._disconnect()

    # --- the connection ----------------------------------------------------------------------------------------

    def _connected(self) -> Server:
        """The open server; one that does not answer is asked again."""
        tries = 0
        while self._server is None:
            try:
                self._server = connect(self._source, self._connection)
            except SourceUnavailable:
                if tries == len(self._waits):
                    raise
                time.sleep(self._waits[tries])
                tries += 1
        return self._server

    def _disconnect(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _patiently(self, file: Wanted) -> None:
        """Fetch one file; a fault that may pass is waited for, over a new connection."""
        tries = 0
        while True:
            before = self._size(self._part(file))
            try:
                self._fetch(self._connected(), file)
                return
            except RemoteFault as fault:
                tries = 0 if self._size(self._part(file)) > before else tries
                if fault.is_gone:
                    raise still_written(self._source, file.name) from None
                if not fault.retryable or tries == len(self._waits):
                    raise stopped(self._source, fault, file.name) from None
            self._disconnect()
            time.sleep(self._waits[tries])
            tries += 1

    # --- one file ----------------------------------------------------------------------------------------------

    def _fetch(self, server: Server, file: Wanted) -> None:
        target, part = self._files / file.name, self._part(file)
        if self._size(target) == file.version.size and self._noted(file):
            return
        if server.version(file.name) != file.version:
            raise still_written(self._source, file.name)
        if not self._noted(file):  # what is here is of another version
            part.unlink(missing_ok=True)
            target.unlink(missing_ok=True)
        with writing(self._parts):
            self._note(file)
            done = self._transfer(server, file, part)
        if server.version(file.name) != file.version:
            raise still_written(self._source, file.name)
        if done != file.version.size:
            raise RemoteFault(
                f"the transfer ended after {done:,} of {file.version.size:,} bytes", "run again", retryable=True
            )
        with writing(self._files):
            target.parent.mkdir(parents=True, exist_ok=True)
            part.replace(target)
            if file.version.modified is not None:  # the rule of the quiet seconds goes by the server's time, here too
                os.utime(target, (file.version.modified, file.version.modified))

    def _transfer(self, server: Server, file: Wanted, part: Path) -> int:
        """Bring what is lacking of a file; returns how many bytes are here then."""
        with part.open("a+b") as out:
            done = max(0, out.tell() - OVERLAP)
            out.seek(done)
            known = out.read()  # what the server has to send again
            out.truncate(done)
            with closing(server.read(file.name, done)) as chunks:
                for chunk in chunks:
                    common = min(len(known), len(chunk))
                    if chunk[:common] != known[:common]:
                        out.truncate(0)
                        raise RemoteFault("what was fetched before is not what the server has", "run again",
                                          retryable=True)  # fmt: skip
                    known = known[common:]
                    done += len(chunk)
                    if done > file.version.size:
                        raise still_written(self._source, file.name)
                    out.write(chunk)
                    self._progress(file.name, done, file.version.size)
            out.flush()
            os.fsync(out.fileno())
        return done

    def _refuse_changed(self, wanted: list[Wanted]) -> None:
        """The files of a delivery belong together: none may have changed since it was listed."""
        problems = []
        for file in wanted:
            try:
                same = self._connected().version(file.name) == file.version
            except RemoteFault as fault:
                if not fault.is_gone:
                    raise stopped(self._source, fault, file.name) from None
                same = False
            if not same:
                problems.append(still_written(self._source, file.name))
        raise_all(problems)

    # --- what is here already ----------------------------------------------------------------------------------

    def _part(self, file: Wanted) -> Path:
        return self._parts / hashlib.sha256(file.name.encode()).hexdigest()

    def _note(self, file: Wanted) -> None:
        self._part(file).with_suffix(".json").write_text(self._version(file))

    def _noted(self, file: Wanted) -> bool:
        """Whether what is here of a file is of this very version."""
        try:
            return self._part(file).with_suffix(".json").read_text() == self._version(file)
        except OSError:
            return False

    def _version(self, file: Wanted) -> str:
        return json.dumps([delivery_name(self._source), file.name, asdict(file.version)])

    def _forget_others(self, wanted: list[Wanted]) -> None:
        """Remove files that are not part of the delivery (any more)."""
        names = {file.name for file in wanted}
        for path in sorted(self._files.rglob("*"), reverse=True):
            if path.is_dir():
                with suppress(OSError):  # not empty
                    path.rmdir()
            elif path.relative_to(self._files).as_posix() not in names:
                path.unlink()
        kept = {self._part(file).name for file in wanted}
        for path in self._parts.iterdir():
            if path.stem not in kept:
                path.unlink()

    @staticmethod
    def _size(path: Path) -> int:
        return path.stat().st_size if path.is_file() else -1
