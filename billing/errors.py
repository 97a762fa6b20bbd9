"""What can stop a run, as exceptions that carry data.

A bad *record* is never an exception: it becomes a row of the reject store
(`billing.lineage`) and the run goes on.  What is raised here stops a source or
a load, and says which file, where, why, and what to do about it.

`retryable` tells the scheduler whether the same call may succeed later.

>>> error = SourceError("the file is shorter than its trailer says", source_id="krakow",
...                     file="KONTA.DAT", byte_offset=4096, remedy="ask the region to send it again")
>>> print(error)
krakow: KONTA.DAT: byte 4096: the file is shorter than its trailer says. Remedy: ask the region to send it again
>>> error.retryable
False
"""

from __future__ import annotations


class BillingError(Exception):
    """Root of every error that the product raises on purpose.

    Args:
        message: What is wrong, one sentence, without a trailing full stop.
        remedy: What the reader can do about it.
        where: Named places (`source_id`, `file`, `record_no`, `byte_offset`, `field`, ...), kept as
            attributes under `where` and printed in the order given.
    """

    retryable = False

    def __init__(self, message: str, *, remedy: str = "", **where: object) -> None:
        self.message = message
        self.remedy = remedy
        self.where = {key: value for key, value in where.items() if value is not None}
        super().__init__(message)

    def __str__(self) -> str:
        named = {"record_no": "record", "byte_offset": "byte", "field": "field", "line": "line"}
        places = [f"{named[k]} {v}" if k in named else str(v) for k, v in self.where.items()]
        text = ": ".join([*places, self.message])
        return f"{text}. Remedy: {self.remedy}" if self.remedy else text

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders (one process a source): rebuild them with their attributes.
        return (_rebuild, (type(self), self.message, self.remedy, self.where))


def _rebuild(kind: type[BillingError], message: str, remedy: str, where: dict[str, object]) -> BillingError:
    return kind(message, remedy=remedy, **where)


class ContractError(BillingError):
    """A declaration (source spec, setting, catalogue) is wrong: found at start, before any byte is read."""


class SourceError(BillingError):
    """A file or a legacy system cannot be taken: its source stops, every other source goes on."""


class SourceUnavailable(SourceError):
    """A legacy system or its delivery does not answer now; trying again later may help."""

    retryable = True


class FieldError(BillingError):
    """A single value breaks its rule where no reject can carry it (a header field, a control total)."""


class StoreError(BillingError):
    """The artifact store cannot be read or written (disk full, permissions, damaged manifest)."""


class LoadError(BillingError):
    """The warehouse refused the load; nothing of it was kept."""


class WarehouseUnavailable(LoadError):
    """The warehouse does not answer; trying again later may help."""

    retryable = True


class ReconciliationError(BillingError):
    """The equations do not close: the load was rolled back.

    Attributes:
        breaks: One mapping per difference (`equation`, `source_id`, `currency`, `key`, `difference_grosze`, ...).
    """

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
