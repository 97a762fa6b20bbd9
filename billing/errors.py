"""What can stop a run, as exceptions that carry data.

A bad *record* is never an exception: it becomes a row of the reject store
(`billing.lineage`) and the run goes on.  What is raised here stops a source or
a load, and says which file, where, why, and what to do about it.

`retryable` tells the scheduler whether the same call may succeed later.

>>> error = SourceError("the file is shorter than its trailer says", source_id="krakow",
...                     file="KONTA.DAT", byte_offset=4096, remedy="ask the region to send it again")
>>> print(error)
krakow, KONTA.DAT, byte 4096: the file is shorter than its trailer says. Remedy: ask the region to send it again
>>> error.retryable
False
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_WORDS = {"file": "", "table": "table ", "record_no": "record ", "byte_offset": "byte ", "line": "line ",
          "column": "column ", "field": "field "}  # fmt: skip


def place(where: Mapping[str, object]) -> str:
    """Where an error stands, for people: from the source inwards, whatever the order given.

    >>> place({"byte_offset": 4096, "file": "KONTA.DAT", "record_no": 57, "source_id": "krakow"})
    'krakow, KONTA.DAT, record 57, byte 4096'
    """
    order = ["source_id", *_WORDS]
    names = sorted(where, key=lambda name: order.index(name) if name in order else len(order))
    return ", ".join(f"{_WORDS.get(name, '')}{where[name]}" for name in names)


class BillingError(Exception):
    """Root of every error that the product raises on purpose.

    Args:
        message: What is wrong, one sentence, without a trailing full stop.
        remedy: What the reader can do about it.
        where: Named places (`source_id`, `file`, `record_no`, `byte_offset`, `field`, ...), kept as
            attributes under `where`.

    Attributes:
        title: The kind of error, for people.
    """

    retryable = False
    title = "Error"

    def __init__(self, message: str, *, remedy: str = "", **where: object) -> None:
        self.message = message
        self.remedy = remedy
        self.where = {key: value for key, value in where.items() if value is not None}
        super().__init__(message)

    @property
    def place(self) -> str:
        """Where it stands, for people; empty where nothing is known."""
        return place(self.where)

    def __str__(self) -> str:
        text = f"{self.place}: {self.message}" if self.where else self.message
        return f"{text}. Remedy: {self.remedy}" if self.remedy else text

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders (one process a source): rebuild them with their attributes.
        return (_rebuild, (type(self), self.message, self.remedy, self.where))


def _rebuild(kind: type[BillingError], message: str, remedy: str, where: dict[str, object]) -> BillingError:
    return kind(message, remedy=remedy, **where)


@dataclass(frozen=True)
class Fault:
    """One of several things that are wrong with a declaration.

    Attributes:
        place: The key that it is about.
        message: What is wrong there.
        remedy: What to do about it.
    """

    place: str
    message: str
    remedy: str

    def __str__(self) -> str:
        """In a line."""
        return f"{self.place}: {self.message}"


class ContractError(BillingError):
    """A declaration (source spec, setting, catalogue) is wrong: found at start, before any byte is read.

    >>> wrong = Fault("files[konta].delimeter", "unknown key", "write 'delimiter'")
    >>> faults = [wrong, Fault("title", "missing", "add it")]
    >>> error = ContractError.of(faults, file="source.toml", remedy="correct them")
    >>> print(error)
    source.toml: files[konta].delimeter: unknown key; title: missing. Remedy: correct them
    >>> [fault.place for fault in error.faults]
    ['files[konta].delimeter', 'title']

    Attributes:
        faults: Each thing that is wrong, where there may be several; the message has all of them.
    """

    title = "Wrong declaration or setting"

    def __init__(self, message: str, *, faults: Sequence[Fault] = (), remedy: str = "", **where: object) -> None:
        super().__init__(message, remedy=remedy, **where)
        self.faults = tuple(faults)

    @classmethod
    def of(cls, faults: Sequence[Fault], *, remedy: str = "", **where: object) -> ContractError:
        """The error that has these faults."""
        return cls("; ".join(map(str, faults)), faults=faults, remedy=remedy, **where)

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild_contract, (type(self), self.message, self.faults, self.remedy, self.where))


def _rebuild_contract(
    kind: type[ContractError], message: str, faults: tuple[Fault, ...], remedy: str, where: dict[str, object]
) -> ContractError:
    return kind(message, faults=faults, remedy=remedy, **where)


class SourceError(BillingError):
    """A file or a legacy system cannot be taken: its source stops, every other source goes on."""

    title = "Source stopped"


class SourceUnavailable(SourceError):
    """A legacy system or its delivery does not answer now; trying again later may help."""

    title = "Source does not answer"
    retryable = True


class FieldError(BillingError):
    """A single value breaks its rule where no reject can carry it (a header field, a control total)."""

    title = "Wrong value"


class StoreError(BillingError):
    """The artifact store cannot be read or written (disk full, permissions, damaged manifest)."""

    title = "Artifact store"


class LoadError(BillingError):
    """The warehouse refused the load; nothing of it was kept."""

    title = "Load failed"


class NoSchema(LoadError):
    """The warehouse has not been set up yet, or by another version."""

    title = "No schema"


class WarehouseUnavailable(LoadError):
    """The warehouse does not answer; trying again later may help."""

    title = "Warehouse does not answer"
    retryable = True


class ReconciliationError(BillingError):
    """The equations do not close: the load was rolled back.

    Attributes:
        breaks: One mapping per difference (`equation`, `source_id`, `currency`, `key`, `difference_grosze`, ...).
    """

    title = "Equations do not close"

    def __init__(
        self, message: str, *, breaks: list[dict[str, object]] | None = None, remedy: str = "", **where: object
    ) -> None:
        super().__init__(message, remedy=remedy, **where)
        self.breaks = breaks or []

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild_reconciliation, (self.message, self.breaks, self.remedy, self.where))


def _rebuild_reconciliation(
    message: str, breaks: list[dict[str, object]], remedy: str, where: dict[str, object]
) -> ReconciliationError:
    return ReconciliationError(message, breaks=breaks, remedy=remedy, **where)
