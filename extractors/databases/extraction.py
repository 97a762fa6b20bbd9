"""What became of one result set of a database, beside its dump; kept with the landed file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Extraction:
    """How a dump came about.

    Attributes:
        mode: `full`, `watermark` or `snapshot_difference`, as declared.
        declared: Hash of all that decides which rows a dump holds and in which order; another one cannot be built on.
        base: SHA-256 of the published dump that this one was compared with or built on; None where there was none.
        fetched: Rows that the database was asked for; None where nobody counted them.
        inserted: Rows that the base had not; these four are None for plain dumps.
        changed: Rows that the base had with other values.
        deleted: Rows of the base that are gone.
        unchanged: Rows as they were.
        watermark_before: Highest value of the watermark in the base.
        watermark: The same of this dump.
        since: Rows from this value on were fetched; None where all of them were.
        notes: Findings for people.
    """

    mode: str
    declared: str
    base: str | None = None
    fetched: int | None = None
    inserted: int | None = None
    changed: int | None = None
    deleted: int | None = None
    unchanged: int | None = None
    watermark_before: str | None = None
    watermark: str | None = None
    since: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def by_key(self) -> bool:
        """Whether rows were told apart by their key."""
        return self.inserted is not None

    @property
    def figures(self) -> dict[str, Any]:
        """What a log line tells."""
        names = ("fetched", "inserted", "changed", "deleted", "unchanged", "watermark_before", "watermark", "since")
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    def told(self) -> list[str]:
        """The same for people.

        >>> Extraction("full", "").told()
        []
        >>> Extraction("watermark", "", "ab", 3, 1, 2, 0, 97, "2003-10-01", "2003-10-31", "2003-10-01").told()
        ['rows against the published dump: 1 new, 2 changed, 0 deleted, 97 unchanged; watermark 2003-10-31 (before: \
2003-10-01); 3 rows fetched, from 2003-10-01 on']
        """
        said = list(self.notes)
        if self.by_key:
            before = "against the published dump" if self.base else "with nothing published before"
            counts = f"{self.inserted} new, {self.changed} changed, {self.deleted} deleted, {self.unchanged} unchanged"
            text = f"rows {before}: {counts}"
            if self.watermark is not None:
                text += f"; watermark {self.watermark}"
                text += f" (before: {self.watermark_before})" if self.watermark_before else ""
            if self.since is not None:
                text += f"; {self.fetched} rows fetched, from {self.since} on"
            said.insert(0, text)
        return said

    def to_json(self) -> dict[str, Any]:
        """For a manifest."""
        return {**asdict(self), "notes": list(self.notes)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Extraction:
        """What `to_json` gave."""
        return cls(**{**data, "notes": tuple(data["notes"])})


@dataclass(frozen=True)
class PublishedDump:
    """The dump of a result set in the delivery that is published now."""

    path: Path
    sha256: str
    extraction: Extraction


@dataclass(frozen=True)
class Fetching:
    """What of a database is fetched.

    Attributes:
        published: Raw table -> its dump in the published delivery, which a new one may build on.
        first_rows: Only so many rows of each result, any of them, for a look at what they are like.
    """

    published: Mapping[str, PublishedDump] = field(default_factory=dict)
    first_rows: int | None = None


WHOLE = Fetching()
"""Everything, and nothing to compare it with."""
