"""The artifact store: what every step leaves for the next one, found by what it was made from.

A step's *address* is a hash of the addresses of its inputs, its configuration and the version of the code.  A step
whose manifest is there has been done and is skipped; nothing else has to be remembered for a re-run.

Layout below the root (a folder, or any fsspec URL such as ``s3://bucket/prefix``)::

    steps/<step>/<scope>/<address>/manifest.json         written last: the commit
    steps/<step>/<scope>/<address>/<attempt>/*.parquet   never looked at unless a manifest names them
    blobs/<aa>/<sha256>/<name>                           landed files, untouched
    state/<name>.json                                    the few pointers that change

A killed attempt leaves files that no manifest names; the next attempt of the step removes them.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem

from billing.errors import StoreError

FORMAT = 1  # of the layout; part of every address, so that a change never reads old files as new ones
_SAMPLE = 8_192  # rows that show which columns repeat their values


@dataclass(frozen=True)
class Dataset:
    """One table of a step's output: a Parquet file.

    Attributes:
        path: Relative to the store's root.
        rows: Number of rows.
        bytes: Size of the file.
    """

    path: str
    rows: int
    bytes: int


@dataclass(frozen=True)
class Manifest:
    """What a step did.

    Attributes:
        step: Name of the step.
        scope: Source id, or `consolidation`.
        address: Hash of everything that the output depends on.
        inputs: References of the manifests it read.
        tables: Table or entity -> its data.
        rejects: The rows that this step set aside, if any.
        totals: `{"read"|"kept"|"rejected"|"suspended": Totals as JSON}`.
        facts: Anything else that later steps or the report need; JSON types only.
        code_version: Version of the code that wrote it.
        seconds: Wall time of the step.
        peak_mb: Peak resident memory of the process, in MiB.
    """

    step: str
    scope: str
    address: str
    inputs: tuple[str, ...] = ()
    tables: dict[str, Dataset] = field(default_factory=dict)
    rejects: Dataset | None = None
    totals: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    code_version: str = ""
    started_at: str = ""
    finished_at: str = ""
    seconds: float = 0.0
    peak_mb: int = 0

    @property
    def ref(self) -> str:
        """The reference that tasks hand on."""
        return f"{self.step}/{self.scope}/{self.address}"

    def to_json(self) -> str:
        """The manifest as JSON."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """What `to_json` wrote."""
        data = json.loads(text)
        data["tables"] = {name: Dataset(**d) for name, d in data["tables"].items()}
        data["rejects"] = Dataset(**data["rejects"]) if data["rejects"] else None
        data["inputs"] = tuple(data["inputs"])
        return cls(**data)


class Store:
    """Reads and writes the artifact store.

    Args:
        root: Folder or fsspec URL; created when missing.
    """

    def __init__(self, root: str) -> None:
        self.fs, self.base = fsspec.core.url_to_fs(root)
        self.root = root
        self.is_local = isinstance(self.fs, LocalFileSystem)
        with self._guard("opened"):
            self.fs.makedirs(self.base, exist_ok=True)

    # --- paths -------------------------------------------------------------------------------------------------

    def _full(self, path: str) -> str:
        return f"{self.base}/{path}"

    def local_path(self, path: str) -> Path:
        """A file of the store as a local file; remote ones are fetched once into a cache."""
        if self.is_local:
            return Path(self._full(path))
        cached = Path(tempfile.gettempdir()) / "blueline-cache" / hashlib.sha256(self.root.encode()).hexdigest() / path
        if not cached.exists():
            cached.parent.mkdir(parents=True, exist_ok=True)
            aside = cached.with_name(f"{cached.name}.{uuid.uuid4().hex}")
            with self._guard("read", path):
                self.fs.get_file(self._full(path), str(aside))
            aside.replace(cached)
        return cached

    @contextlib.contextmanager
    def _guard(self, verb: str, path: str = "") -> Iterator[None]:
        """Turn an operating-system error into one that says what to do."""
        try:
            yield
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StoreError(
                    "no space is left in the artifact store; nothing half-written is visible",
                    store=self.root, file=path or None,
                    remedy="free some space or set BLUELINE_STORE to a larger one, and run again",
                ) from error  # fmt: skip
            raise StoreError(
                f"the artifact store cannot be {verb}: {error.strerror or error}",
                store=self.root,
                file=path or None,
                remedy="check BLUELINE_STORE and its rights",
            ) from error

    # --- manifests ---------------------------------------------------------------------------------------------

    def find(self, ref: str) -> Manifest | None:
        """The manifest behind a reference, if that step has been done."""
        path = self._full(f"steps/{ref}/manifest.json")
        with self._guard("read", path):
            if not self.fs.exists(path):
                return None
            text = self.fs.cat_file(path).decode()
        try:
            return Manifest.from_json(text)
        except (ValueError, TypeError, KeyError) as error:
            raise StoreError(
                f"damaged manifest: {error}", file=path, remedy="remove its folder; the step is then done again"
            ) from error

    def manifest(self, ref: str) -> Manifest:
        """The manifest behind a reference.

        Raises:
            StoreError: That step has not been done, or the manifest is damaged.
        """
        found = self.find(ref)
        if found is None:
            raise StoreError("the step's output is not in the store", ref=ref, remedy="run the source again")
        return found

    @contextlib.contextmanager
    def attempt(self, ref: str) -> Iterator[Attempt]:
        """Write a step's output; files of earlier attempts that came to nothing are removed first."""
        folder = f"steps/{ref}"
        with self._guard("written", folder):
            if self.fs.exists(self._full(folder)):
                self.fs.rm(self._full(folder), recursive=True)
            attempt = Attempt(self, f"{folder}/{uuid.uuid4().hex[:8]}")
            self.fs.makedirs(self._full(attempt.folder), exist_ok=True)
        try:
            yield attempt
        except BaseException:
            attempt.abandon()
            raise

    def commit(self, manifest: Manifest) -> None:
        """Make a step's output visible."""
        self._write(f"steps/{manifest.ref}/manifest.json", manifest.to_json().encode())

    def _write(self, path: str, content: bytes) -> None:
        full = self._full(path)
        with self._guard("written", path):
            self.fs.makedirs(full.rsplit("/", 1)[0], exist_ok=True)
            if not self.is_local:
                self.fs.pipe_file(full, content)  # object stores show a whole object or none
                return
            aside = Path(f"{full}.{uuid.uuid4().hex[:8]}")
            with aside.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(full)

    # --- pointers ----------------------------------------------------------------------------------------------

    def state(self, name: str) -> dict[str, Any] | None:
        """A named pointer, None where it was never set."""
        path = self._full(f"state/{name}.json")
        with self._guard("read", path):
            if not self.fs.exists(path):
                return None
            text = self.fs.cat_file(path)
        try:
            data: dict[str, Any] = json.loads(text)
        except ValueError as error:
            raise StoreError(
                f"damaged pointer: {error}", file=path, remedy="remove the file and run the source again"
            ) from error
        return data

    def states(self, folder: str) -> list[str]:
        """Names of the pointers below a folder, such as `published`."""
        path = self._full(f"state/{folder}")
        with self._guard("read", path):
            if not self.fs.exists(path):
                return []
            found = self.fs.ls(path, detail=False)
        return sorted(p.rsplit("/", 1)[1].removesuffix(".json") for p in found if p.endswith(".json"))

    def set_state(self, name: str, value: dict[str, Any]) -> None:
        """Set a named pointer; readers see the old value or the new one."""
        self._write(f"state/{name}.json", json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True).encode())

    # --- landed files ------------------------------------------------------------------------------------------

    @property
    def blobs(self) -> Path:
        """Folder for landed files (local: the store's own; remote: a cache that is pushed by `push_blobs`)."""
        if self.is_local:
            return Path(self._full("blobs"))
        return self.local_path_root() / "blobs"

    def local_path_root(self) -> Path:
        """Local mirror of a remote store."""
        return Path(tempfile.gettempdir()) / "blueline-cache" / hashlib.sha256(self.root.encode()).hexdigest()

    def keep_blob(self, path: Path) -> str:
        """Make a landed file below `blobs` part of the store; returns its path relative to the root."""
        relative = f"blobs/{path.relative_to(self.blobs).as_posix()}"
        if not self.is_local and not self.fs.exists(self._full(relative)):
            with self._guard("written", relative):
                self.fs.put_file(str(path), self._full(relative))
        return relative

    def has_blob(self, relative: str) -> bool:
        """Whether a landed file is still part of the store."""
        with self._guard("read", relative):
            return bool(self.fs.exists(self._full(relative)))

    def free_bytes(self) -> int | None:
        """Space left, where the store is a local folder."""
        return shutil.disk_usage(self.base).free if self.is_local else None


class Attempt:
    """One try at a step's output.  Use through `Store.attempt`."""

    def __init__(self, store: Store, folder: str) -> None:
        self.store = store
        self.folder = folder
        self._writers: dict[str, TableWriter] = {}

    def writer(self, table: str, schema: pa.Schema | None = None) -> TableWriter:
        """The writer of one table; the schema may come with the first batch."""
        if table not in self._writers:
            self._writers[table] = TableWriter(self.store, f"{self.folder}/{table}.parquet", schema)
        return self._writers[table]

    def close(self) -> dict[str, Dataset]:
        """Finish every table; returns those that were written."""
        done = {name: writer.close() for name, writer in self._writers.items()}
        return {name: dataset for name, dataset in done.items() if dataset is not None}

    def path(self, name: str) -> Path:
        """A local path inside the attempt, for tools that write files themselves (local stores only)."""
        return Path(self.store._full(f"{self.folder}/{name}"))

    def adopt(self, file: Path) -> Dataset:
        """Take a Parquet file that a tool wrote into the attempt's folder or elsewhere."""
        target = f"{self.folder}/{file.name}"
        full = self.store._full(target)
        with self.store._guard("written", target):
            if not self.store.is_local:
                self.store.fs.put_file(str(file), full)
            elif Path(full) != file:
                shutil.move(str(file), full)
            return Dataset(target, pq.read_metadata(self.store.local_path(target)).num_rows, self.store.fs.size(full))

    def abandon(self) -> None:
        """Remove what was written; a failure to do so must not hide the reason for abandoning."""
        for writer in self._writers.values():
            with contextlib.suppress(Exception):
                writer.close()
        with contextlib.suppress(Exception):
            self.store.fs.rm(self.store._full(self.folder), recursive=True)


def parquet_writer(file: Any, schema: pa.Schema, first: pa.RecordBatch | pa.Table | None = None) -> pq.ParquetWriter:
    """A writer as the store's tables are written: Zstandard, dictionaries for columns whose values repeat.

    A dictionary of distinct values costs a third of the time of writing, and makes the file larger.

    Args:
        file: Path or open file.
        schema: Of the table.
        first: Its first rows, which show what repeats; without any every column gets a dictionary.
    """
    sample = first.slice(0, _SAMPLE) if first is not None else None
    repeating: bool | list[str] = True
    if sample is not None:
        most = (sample.num_rows + 1) // 2
        flat = [column.name for column in sample.schema if not pa.types.is_nested(column.type)]
        repeating = [name for name in flat if len(pc.unique(sample[name])) <= most]
    return pq.ParquetWriter(file, schema, compression="zstd", compression_level=1, use_dictionary=repeating)


class TableWriter:
    """Streams batches into one Parquet file."""

    def __init__(self, store: Store, path: str, schema: pa.Schema | None) -> None:
        self._store = store
        self._path = path
        self._schema = schema
        self._file: Any = None
        self._parquet: pq.ParquetWriter | None = None
        self._rows = 0

    def _open(self, schema: pa.Schema, first: pa.RecordBatch | pa.Table | None = None) -> None:
        self._schema = schema
        with self._store._guard("written", self._path):
            self._file = self._store.fs.open(self._store._full(self._path), "wb")
            self._parquet = parquet_writer(self._file, schema, first)

    def write(self, batch: pa.RecordBatch | pa.Table) -> None:
        """Append rows."""
        if batch.num_rows == 0:
            self._schema = self._schema or batch.schema
            return
        if self._parquet is None:
            self._open(self._schema or batch.schema, batch)
        assert self._parquet is not None and self._schema is not None
        with self._store._guard("written", self._path):
            table = pa.Table.from_batches([batch]) if isinstance(batch, pa.RecordBatch) else batch
            # A batch is one row group: readers that stream get the same bounded pieces.
            self._parquet.write_table(table.cast(self._schema), row_group_size=table.num_rows)
        self._rows += batch.num_rows

    def close(self) -> Dataset | None:
        """Finish the file; None where no batch ever came and nothing says what its columns are."""
        if self._parquet is None and self._schema is not None:
            self._open(self._schema)
        if self._parquet is None:
            return None
        with self._store._guard("written", self._path):
            self._parquet.close()
            self._file.close()
            size = self._store.fs.size(self._store._full(self._path))
        self._parquet = None
        return Dataset(self._path, self._rows, size)


def read_batches(
    store: Store, dataset: Dataset, batch_rows: int, columns: Sequence[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """Stream a table of the store, all of its columns or some."""
    with pq.ParquetFile(store.local_path(dataset.path)) as file:
        yield from file.iter_batches(batch_size=batch_rows, columns=columns)
