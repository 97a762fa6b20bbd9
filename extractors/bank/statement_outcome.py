"""What becomes of the rows of a bank statement, once it is known what there is against it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from billing.errors import SourceError
from extractors.bank.rows import At, BankTable
from extractors.bank.statement_check import Verdict
from extractors.base import LandedFile, read_raw

MAX_RAW = 1 << 16
"""Most bytes of a statement that its reject keeps; each of its entries has a reject with its own."""


@dataclass
class Outcome:
    """Sends the rows of one file's statements where the source's spec and the verdicts say.

    Attributes:
        source_id: The source.
        landed: The file.
        verdicts: One a statement, in the order of the file.
        failed_check: As the spec says.
    """

    source_id: str
    landed: LandedFile
    verdicts: Sequence[Verdict | None]
    failed_check: Literal["suspend", "stop", "flag"]

    def statement(self, index: int, table: BankTable, at: At, row: dict[str, Any], *, key: str) -> None:
        """Take a statement's own row.

        Args:
            index: Its place in the file, from 0.
            table: The statements.
            at: Its place.
            row: Its values.
            key: The column that its flag names.

        Raises:
            SourceError: The spec says that a statement in doubt stops the source.
        """
        verdict = self.verdicts[index]
        if verdict is None:
            table.add(at, row)
            return
        if self.failed_check == "stop" and not verdict.is_doubt:
            raise SourceError(
                f"the statement is not proved: {verdict.message}",
                source_id=self.source_id,
                file=self.landed.name,
                record_no=at[0],
                byte_offset=at[1],
                remedy='have the statement sent again, or declare failed_check = "suspend" to go on without it',
            )
        raw = read_raw(self.landed, at[1], min(at[2], MAX_RAW))
        if self._holds_back(verdict):
            table.set_aside(at, row, verdict.reason, verdict.message, raw)
            return
        table.sieve.attribute(at, verdict.reason, verdict.message, raw, field=key)
        table.add(at, row)

    def is_held_back(self, index: int) -> bool:
        """Whether the rows of a statement are suspended."""
        verdict = self.verdicts[index]
        return verdict is not None and self._holds_back(verdict)

    def entry(
        self, index: int, table: BankTable, at: At, row: dict[str, Any], raw: bytes, *, unread: Collection[str] = ()
    ) -> None:
        """Take a row that belongs to a statement.

        Args:
            index: The statement's place in the file, from 0.
            table: The row's table.
            at: Its place.
            row: Its values.
            raw: Its bytes; asked for only where its statement is held back.
            unread: Columns that could not be read.
        """
        verdict = self.verdicts[index]
        if verdict is None or not self._holds_back(verdict):
            table.add(at, row)
            return
        message = f"its statement is held back: {verdict.message}"
        table.set_aside(at, row, verdict.reason, message, raw, unread=unread)

    def _holds_back(self, verdict: Verdict) -> bool:
        return self.failed_check == "suspend" and not verdict.is_doubt
