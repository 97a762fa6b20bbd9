"""What every step is given, and the frame that every step runs in.

`perform` is that frame: it computes the step's address, skips a step that has been done, lets the step write aside,
and commits its manifest with control totals, time and peak memory.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import resource
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from billing.errors import ContractError
from billing.lineage import REJECTS
from billing.registry import Source, load_registry
from billing.settings import Settings, load_settings
from pipeline.connections import Resolver, from_environment
from pipeline.logs import log
from pipeline.store import FORMAT, Attempt, Manifest, Store
from pipeline.version import code_version

REJECTS_TABLE = "rejects"


@dataclass(frozen=True)
class Context:
    """Settings, registry, store and connections of one process.

    Attributes:
        settings: From the environment.
        connection: Resolves the id of a connection; under Airflow it asks Airflow.
    """

    settings: Settings
    connection: Resolver = from_environment

    @cached_property
    def store(self) -> Store:
        """The artifact store."""
        return Store(self.settings.store_root)

    @cached_property
    def sources(self) -> dict[str, Source]:
        """Every declared source, by id."""
        return load_registry(self.settings.sources)

    @cached_property
    def database_url(self) -> str:
        """SQLAlchemy URL of the warehouse; the embedded server is started where none is set."""
        if self.settings.database_url is not None:
            return self.settings.database_url.get_secret_value()
        from pipeline.postgres import ensure_running

        return ensure_running(self.settings.home.absolute())

    @contextlib.contextmanager
    def warehouse(self, *, create: bool = False) -> Iterator[str]:
        """The warehouse's URL for the length of a block; an embedded server that was started for it then stops.

        Args:
            create: Make the embedded warehouse where there is none; who only asks should not leave one behind.

        Raises:
            ContractError: There is no embedded warehouse in this home, and none is to be made.
        """
        self._require_warehouse(create)
        try:
            yield self.database_url
        finally:
            if self.settings.database_url is None:
                from pipeline.postgres import release

                release(self.settings.home.absolute())
                self.__dict__.pop("database_url", None)

    def _require_warehouse(self, create: bool) -> None:
        home = self.settings.home.absolute()
        if create or self.settings.database_url is not None or (home / "postgres" / "data").exists():
            return
        raise ContractError(
            "there is no warehouse here",
            file=str(home),
            remedy="cd to the folder where `blueline run` was started, or name its home: BLUELINE_HOME (a server of "
            "your own: BLUELINE_DATABASE_URL); `blueline run` makes one",
        )

    def source(self, source_id: str) -> Source:
        """A declared source.

        Raises:
            ContractError: It is not declared.
        """
        try:
            return self.sources[source_id]
        except KeyError:
            raise ContractError(
                f"source {source_id!r} is not declared", remedy=f"declared are {', '.join(self.sources)}"
            ) from None

    def require_source(self, source_id: str) -> None:
        """Refuse a source that is not declared and never was; the error names those that are.

        Raises:
            ContractError: There is none.
        """
        if source_id not in self.store.states("outcome"):
            self.source(source_id)


@cache
def context() -> Context:
    """The context of this process, from the environment."""
    return Context(load_settings())


@dataclass
class Work:
    """What a step has to tell when it is done (its tables are in the attempt)."""

    facts: dict[str, Any] = field(default_factory=dict)
    totals: dict[str, Any] = field(default_factory=dict)
    passed: dict[str, Any] = field(default_factory=dict)  # tables handed on without being copied


def perform(
    ctx: Context,
    step: str,
    scope: str,
    *,
    inputs: Sequence[str],
    config: str,
    work: Callable[[Attempt], Work],
    fixed_address: str | None = None,
) -> Manifest:
    """Run a step, or find that it has been done.

    Args:
        ctx: The process's context.
        step: Name of the step.
        scope: Source id or `consolidation`.
        inputs: References of the manifests that it reads.
        config: Everything else that its output depends on.
        work: Does it; writes tables through the attempt.
        fixed_address: Address where it is not derived from inputs (landed content).
    """
    address = fixed_address or address_of(step, scope, inputs, config)
    ref = f"{step}/{scope}/{address}"
    done = ctx.store.find(ref)
    if done is not None:
        log.info("already done", step=step, scope=scope, address=address[:12])
        return done
    started = dt.datetime.now(dt.UTC)
    clock = time.perf_counter()
    _reset_peak()
    log.info("started", step=step, scope=scope, address=address[:12])
    with ctx.store.attempt(ref) as attempt:
        result = work(attempt)
        tables = {**result.passed, **attempt.close()}
        manifest = Manifest(
            step=step,
            scope=scope,
            address=address,
            inputs=tuple(inputs),
            rejects=tables.pop(REJECTS_TABLE, None),
            tables=tables,
            totals=result.totals,
            facts=result.facts,
            code_version=code_version(),
            started_at=started.isoformat(timespec="seconds"),
            finished_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            seconds=round(time.perf_counter() - clock, 3),
            peak_mb=_peak_mb(),
        )
        ctx.store.commit(manifest)
    log.info("finished", step=step, scope=scope, seconds=manifest.seconds, peak_mb=manifest.peak_mb)
    return manifest


def address_of(step: str, scope: str, inputs: Iterable[str], config: str) -> str:
    """Hash of everything that a step's output depends on."""
    text = json.dumps([FORMAT, step, scope, list(inputs), config, code_version()])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def source_config(source: Source) -> str:
    """Hash of a source's declaration: spec, copybooks, code lists; its notes do not matter."""
    digest = hashlib.sha256()
    for path in sorted(source.folder.rglob("*")):
        if path.is_file() and path.suffix != ".md":
            digest.update(path.relative_to(source.folder).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def add_rejects(attempt: Attempt, rejects: pa.RecordBatch) -> None:
    """Write rejects aside with the step's output."""
    if rejects.num_rows:
        attempt.writer(REJECTS_TABLE, REJECTS).write(rejects)


def merged_counts(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Add up counters by name."""
    total: dict[str, int] = {}
    for part in parts:
        for name, count in part.items():
            total[name] = total.get(name, 0) + count
    return total


def _reset_peak() -> None:
    # Linux keeps the peak for the life of the process unless it is told to forget it.
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def _peak_mb() -> int:
    try:
        status = Path("/proc/self/status").read_text()
        peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) // 1024
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
