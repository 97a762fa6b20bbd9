"""Numbered deliveries: is one missing, or has one come back with other content?

A source whose files state a sequence number (`sequence_at`) may declare `delivery.series`.  Before its tables are
published, the numbers of this delivery are held against those of the one that is published.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from billing.errors import SourceError
from billing.registry import Source

Files = Iterable[Mapping[str, Any]]


def check_series(source: Source, files: Files, published: Files) -> None:
    """Refuse a delivery that does not follow the published one.

    Args:
        source: The declared source.
        files: This delivery's files: `name`, `file`, `sha256` and `sequence` (text or None) of each.
        published: The same of the delivery that is published now; empty where there is none.

    Raises:
        SourceError: A number is missing, was delivered before with other content, or is no number.
    """
    delivery = source.spec.delivery
    if delivery.series is None:
        return
    here, before = _by_series(source, files), _by_series(source, published)
    for series, numbers in here.items():
        # where a gap was accepted or the series began anew, nothing came before
        known = {} if delivery.series_from in numbers else before.get(series, {})
        for number, file in numbers.items():
            if number in known and known[number]["sha256"] != file["sha256"]:
                former = known[number]["name"]
                raise _error(
                    source, file, f"number {number} was delivered before as {former}, with other content",
                    "have the sender say which of the two is right and number the correction anew",
                )  # fmt: skip
        fresh = sorted(set(numbers) - set(known))
        if not fresh:
            continue
        expected = max(known) + 1 if known else fresh[0]
        wanted = range(expected, expected + len(fresh))
        if fresh == list(wanted):
            continue
        back = [number for number in fresh if number < expected]
        if back:
            raise _error(
                source, numbers[back[0]], f"number {back[0]} comes after {expected - 1}, which is published already",
                "leave out what is older than the published delivery",
            )  # fmt: skip
        missing = next(number for number in wanted if number not in numbers)
        raise _error(
            source, numbers[next(n for n in fresh if n > missing)], f"number {missing} is missing",
            "have it delivered, too; to go on without it, set delivery.series_from to the first number that there is",
        )  # fmt: skip


def _by_series(source: Source, files: Files) -> dict[str, dict[int, Mapping[str, Any]]]:
    """Series (a file spec's name, or "" for the whole source) -> number -> file."""
    found: dict[str, dict[int, Mapping[str, Any]]] = {}
    for file in files:
        text = file["sequence"]
        if text is None:
            continue
        if not text.isdecimal():
            raise _error(source, file, f"its sequence number {text!r} is no number", "correct sequence_at")
        series = found.setdefault(file["file"] if source.spec.delivery.series == "file" else "", {})
        other = series.setdefault(int(text), file)
        if other is not file:
            raise _error(source, file, f"has the same sequence number {int(text)} as {other['name']}",
                         "have one of the two numbered anew")  # fmt: skip
    return found


def _error(source: Source, file: Mapping[str, Any], message: str, remedy: str) -> SourceError:
    return SourceError(message, source_id=source.id, file=file["name"], remedy=remedy)
