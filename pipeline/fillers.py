"""What a source delivered and the steps took for nothing: counted while they run, kept in their manifests.

One line is a text in a field: `{"entity", "field", "text", "reason", "rows"}`; `reason` is the code under which each of
them is told in the reject store, too, and empty where they are counted alone.

>>> fillers = FillerTotals()
>>> fillers.add("subscriber", Counter({("pesel", f"{n:03}", ""): n for n in range(1, 23)}))
>>> lines = fillers.to_json()
>>> len(lines), lines[0]["text"], lines[-1]["text"], lines[-1]["rows"]
(21, '022', '…', 3)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from billing.lineage import FillerCounts

MOST = 20  # different texts that are named of one field; hostile data may have as many as rows
OTHERS = "…"


class FillerTotals:
    """Fillers of all batches of a step."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str, str, str]] = Counter()

    def add(self, entity: str, counts: FillerCounts) -> None:
        """Count those of one batch."""
        for (field, text, reason), rows in counts.items():
            self._counts[entity, field, reason, text] += rows

    def to_json(self) -> list[dict[str, Any]]:
        """As the manifest keeps them: by field, the most frequent texts first, rare ones of many in one line."""
        groups: dict[tuple[str, str, str], list[tuple[str, int]]] = {}
        for (entity, field, reason, text), rows in self._counts.most_common():
            groups.setdefault((entity, field, reason), []).append((text, rows))
        lines = []
        for (entity, field, reason), texts in sorted(groups.items()):
            named, rest = texts[:MOST], texts[MOST:]
            if rest:
                named.append((OTHERS, sum(rows for _, rows in rest)))
            common = {"entity": entity, "field": field, "reason": reason}
            lines += [{**common, "text": text, "rows": rows} for text, rows in named]
        return lines


def fillers_of(facts: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The lines of a source's steps, given their facts, in the order of entities and fields."""
    lines = [line for step in facts for line in step.get("fillers", [])]
    return sorted(lines, key=lambda line: (line["entity"], line["field"], line["reason"], -line["rows"], line["text"]))
