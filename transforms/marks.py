"""Which rule decided each row of a column, as small numbers: statuses, notes and findings follow from it.

>>> marks = Marks(3, "nip.missing")
>>> marks.set(np.array([True, False, False]), "nip.check")
>>> marks.status().to_pylist(), marks.notes().to_pylist()
(['unparsed', 'missing', 'missing'], ['nip.check', None, None])
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from transforms.kernels import Bools, dense, present
from transforms.rules import RULES, noted

Group = tuple[Bools, str, str]  # rows, reason code, message


class Marks:
    """The deciding rule of every row of a column.

    Args:
        rows: How many.
        first: Rule of those that no other rule takes.
    """

    def __init__(self, rows: int, first: str) -> None:
        self.codes = np.zeros(rows, np.int16)
        self.known = [first]

    def set(self, rows: Bools, rule: str) -> None:
        """Let a rule decide some rows; it takes the place of an earlier one."""
        self.codes[rows] = self.code(rule)

    @classmethod
    def of(cls, rules: Any, first: str) -> Marks:
        """The marks of a column of rule ids; null is `first`."""
        marks = cls(len(rules), first)
        marks.put(present(rules), rules.filter(rules.is_valid()))
        return marks

    def put(self, rows: Bools, rules: Any) -> None:
        """Let rule ids (text, none of them null) decide some rows, one each."""
        ids = dense(rules).dictionary_encode()
        codes = np.array([self.code(rule) for rule in ids.dictionary.to_pylist()], np.int16)
        if len(codes):
            self.codes[rows] = codes[ids.indices.to_numpy(zero_copy_only=False)]

    def having_rule(self, rule: str) -> Bools:
        """Rows that a rule decided."""
        found: Bools = self.codes == self.code(rule)
        return found

    def code(self, rule: str) -> int:
        """The number that stands for a rule."""
        if rule not in self.known:
            self.known.append(rule)
        return self.known.index(rule)

    def having(self, statuses: Sequence[str]) -> Bools:
        """Rows whose rule gives one of these statuses."""
        wanted = np.array([RULES[rule].status in statuses for rule in self.known])
        found: Bools = wanted[self.codes]
        return found

    def status(self) -> Any:
        """Verdict of every row."""
        return self._each([RULES[rule].status for rule in self.known])

    def notes(self, before: str = "") -> Any:
        """Rule ids where they are worth a word, with a text before them, else null."""
        return self._each([f"{before}{rule}" if noted(rule) else None for rule in self.known])

    def _each(self, values: list[str | None] | list[str]) -> Any:
        return pa.array(values, pa.string()).take(pa.array(self.codes))

    def fillers(self) -> list[tuple[Bools, str]]:
        """Rows whose text, where they have one, was taken for nothing, by the reason under which they are told."""
        taken = [(self.codes == code, RULES[rule]) for code, rule in enumerate(self.known)]
        return [(rows, rule.reason or "") for rows, rule in taken if rule.status in ("missing", "filler")]

    def findings(self) -> list[Group]:
        """Rows that have to be told, by reason and message."""
        groups = []
        for code, rule in enumerate(self.known):
            reason = RULES[rule].reason
            rows = self.codes == code
            if reason and rows.any():
                groups.append((rows, reason, f"{RULES[rule].text} ({rule})"))
        return groups
