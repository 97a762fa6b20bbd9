"""What becomes of a record with a value that cannot be read.

A damaged value in a critical column (a key, money, anything required) rejects its record, once, with the record's
bytes.  Elsewhere the value is null, the record goes on, and the damage is flagged with the field's bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from extractors.base import Places, Sieve
from extractors.codepages.tables import CodePage


@dataclass(frozen=True)
class Damaged:
    """One value: its row in the batch, its column, what is wrong, its bytes and how it looks to a person."""

    row: int
    column: str
    reason: str
    message: str
    raw: bytes
    text: str | None = None


@dataclass
class DamageReport:
    """Gathers the damaged values of one batch.

    Attributes:
        critical: Columns whose damage rejects the record.
    """

    critical: frozenset[str]
    _values: list[Damaged] = field(default_factory=list)

    def add(self, value: Damaged) -> None:
        """Note a damaged value."""
        self._values.append(value)

    def settle(
        self, sieve: Sieve, places: Places, keep: NDArray[np.bool_], record_bytes: Callable[[int], bytes]
    ) -> None:
        """Write the rejects.

        Args:
            sieve: Takes them.
            places: Of the batch's rows.
            keep: bool[n]; rows that are False already are left alone, rows that are rejected here become False.
            record_bytes: Row -> the whole record's bytes.
        """
        if not self._values:
            return
        gone = ~keep
        for value in self._values:
            if value.column in self.critical and not gone[value.row]:
                gone[value.row] = True
                keep[value.row] = False
                sieve.record(
                    places.at(value.row),
                    value.reason,
                    f"{value.column}: {value.message}",
                    record_bytes(value.row),
                    field=value.column,
                    value=value.text,
                )
        for value in self._values:
            if gone[value.row]:
                sieve.unread(places.at(value.row)[0], [value.column])
                continue
            sieve.attribute(
                places.at(value.row),
                value.reason,
                f"{value.column}: {value.message}",
                value.raw,
                field=value.column,
                value=value.text,
            )


def explain_text(raw: bytes, page: CodePage) -> tuple[str, str]:
    """Reason code and message for a text that cannot be decoded."""
    for byte in raw:
        if page.undefined[byte]:
            return "ENC-UNDECODABLE", f"byte {byte:02X} does not exist in {page.name}"
    controls = [byte for byte in raw.rstrip(b" \0") if page.control[byte]] or [0]
    # where line ends and tabs are allowed, another one was the reason
    control = next((byte for byte in controls if byte not in b"\t\r\n"), controls[0])
    return "ENC-CTRL", f"byte {control:02X} is a control character in {page.name}"
