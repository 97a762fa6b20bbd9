"""One result set of a database, dumped whole or by what changed since the published delivery.

What is written is always a whole dump.  With a watermark, the rows that changed are merged by key into the published
one; whether that can be right is found out by counting: where the database has more or fewer rows than the merged dump,
rows were deleted or added unseen, and everything is fetched.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa

from billing.errors import SourceError
from billing.file_specs import SqlFile, SqlTable
from billing.model import ENTITIES
from billing.registry import Source
from extractors.databases import difference
from extractors.databases.extraction import WHOLE, Extraction, Fetching, PublishedDump
from extractors.databases.session import Column, Kind, Session
from extractors.databases.watermark import ORDERED, lower_bound
from extractors.text.spans import Cutter

DUMP_SUFFIX = ".csv"
ORDER = 1  # of the rows of a dump; a change of how they are ordered is a change of this number


@dataclass(frozen=True)
class Dump:
    """A finished dump and how it came about."""

    path: Path
    extraction: Extraction


class Result:
    """One result set on its way to a dump.

    Args:
        source: The declared source.
        spec: The database's spec.
        session: Where it comes from.
        result: Its declaration.
        url: Of the database, for telling databases apart.
        where: Source and file, for errors.

    Raises:
        SourceError: A column of its declaration is not there, or a name is there twice.
    """

    def __init__(
        self,
        source: Source,
        spec: SqlFile,
        session: Session,
        result: SqlTable,
        url: sa.URL,
        where: Mapping[str, str],
    ) -> None:
        self.source, self.spec, self.session, self.result = source, spec, session, result
        self.url, self.where = url, where
        self.body = session.body(result)
        self.columns = session.columns(self.body)
        self._refuse_wrong_names()
        self.by_name = {column.name: column for column in self.columns}

    def _examine(self, rows: str) -> None:
        """Learn from the values that are to be dumped what no type tells."""
        self.columns = self.session.examined(self.columns, rows)
        self.by_name = {column.name: column for column in self.columns}

    def land(self, folder: Path, fetching: Fetching = WHOLE) -> Dump:
        """Dump the result, whole or by what changed.

        Args:
            folder: Where the dump goes; it is called like the raw table.
            fetching: All of it, or the first rows; and what it may build on.

        Raises:
            SourceError: It cannot be fetched in the declared way.
        """
        path = folder / f"{self.result.name}{DUMP_SUFFIX}"
        if fetching.first_rows is not None:
            self._examine(f"({self.session.limited(f'SELECT * FROM {self.body}', fetching.first_rows)}) AS result")
            self._write(path, None, fetching.first_rows)
            return Dump(path, Extraction(mode="first rows", declared="", notes=tuple(self.session.notes)))
        self._examine(self.body)
        if not self.result.by_key:
            self._write(path, None)
            plain = Extraction(mode=self.result.mode, declared="")
            return Dump(path, replace(plain, notes=tuple(self._notes())))
        if not self.session.orders_itself:
            raise self._error(
                "cannot be fetched by a watermark or compared: only PostgreSQL, MariaDB, MySQL and SQLite say in which "
                "order their rows are", "take the result as a whole",
            )  # fmt: skip
        kinds = [self._kind(name) for name in self.result.key]
        order = difference.KeyOrder(self.columns, self.result.key, kinds, {**self.where, "table": self.result.name})
        declared = self._declared(kinds)
        base, why = self._base(fetching.published.get(self.result.name), declared)
        if self.result.watermark is None:
            made = self._whole(path, base, order, declared)
        else:
            made = self._by_watermark(path, base, order, declared)
        return Dump(path, replace(made, notes=(*made.notes, *why, *self._notes())))

    def _by_watermark(
        self, path: Path, base: PublishedDump | None, order: difference.KeyOrder, declared: str
    ) -> Extraction:
        name = cast(str, self.result.watermark)
        kind = self._kind(name)
        if kind not in ORDERED:
            raise self._error(f"the watermark {name} holds {kind} values, which have no order", "choose another column")
        column = replace(self.by_name[name], kind=kind)
        count, watermark = self.session.one(
            f"SELECT CAST(COUNT(*) AS {self.session.text_type}), {self.session.highest(column)} FROM {self.body}"
        )
        if any("\ud800" <= char <= "\udfff" for char in watermark or ""):  # bytes that are no text
            raise self._error(f"has a watermark {name} whose highest value is no text", "choose another column")
        before = base.extraction.watermark if base else None
        if base is None or before is None:
            made = self._whole(path, base, order, declared)
            return replace(made, mode="watermark", watermark_before=before, watermark=watermark)
        since, why = self._since(before, kind)
        if since is not None:
            condition = f"{self.session.compared(column)} >= {self.session.literal(column, since)}"
            counts = self._merged(path, base, order, condition, name)
            if counts.rows == int(count or 0):
                return Extraction(
                    "watermark", declared, base.sha256, counts.fetched, counts.inserted, counts.changed, 0,
                    counts.unchanged, before, watermark, since,
                )  # fmt: skip
            why = (
                f"the database has {count} rows, the published ones with those fetched from {since} on are "
                f"{counts.rows}: rows were deleted, or added below the watermark; all were fetched"
            )
        made = self._whole(path, base, order, declared)
        return replace(made, mode="watermark", watermark_before=before, watermark=watermark, notes=(why,))

    def _since(self, before: str, kind: Kind) -> tuple[str | None, str]:
        cut_off = self.source.spec.delivery.extracted_on
        try:
            return lower_bound(before, kind, self.result.overlap, cut_off), ""
        except (ValueError, ArithmeticError) as error:
            return None, f"no row can be fetched from the watermark {before} on ({error}); all were fetched"

    def _merged(
        self, path: Path, base: PublishedDump, order: difference.KeyOrder, condition: str, watermark: str
    ) -> difference.Counts:
        delta = path.with_suffix(".delta")
        # a row without a watermark may have changed at any time
        self._write(delta, f"{condition} OR {self.session.quote(watermark)} IS NULL")
        counts = difference.merge(base.path, delta, path, order)
        delta.unlink()
        return counts

    def _whole(self, path: Path, base: PublishedDump | None, order: difference.KeyOrder, declared: str) -> Extraction:
        self._write(path, None)
        counts = difference.compare(base.path if base else None, path, order)
        return Extraction(
            self.result.mode, declared, base.sha256 if base else None, counts.rows, counts.inserted, counts.changed,
            counts.deleted, counts.unchanged,
        )  # fmt: skip

    def _base(self, published: PublishedDump | None, declared: str) -> tuple[PublishedDump | None, list[str]]:
        """The published dump, where this one can be built on it."""
        if published is None or not published.path.exists():
            return None, []
        if published.extraction.declared != declared:
            return None, ["the result is declared differently than the published one: nothing to compare with"]
        if difference.header(published.path) != self._header():
            return None, ["its columns are not those of the published one: nothing to compare with"]
        return published, []

    def _declared(self, kinds: Sequence[Kind]) -> str:
        """Hash of all that decides which rows a dump holds and how they are ordered."""
        result = self.result
        database = [self.url.get_backend_name(), self.url.host, self.url.port, self.url.database]
        rows = [result.source, result.query, result.key, result.mode, result.watermark, list(kinds)]
        said: list[Any] = [ORDER, database, self.spec.code_page, self.spec.time_zone, rows]
        # a value that is written in another way than before has not changed
        if binary := [[column.name, column.has_blobs] for column in self.columns if _has_bytes(column)]:
            said.append(binary)
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()

    def _kind(self, name: str) -> Kind:
        return self.session.kind_of_key(self.by_name[name], self.body)

    def _write(self, path: Path, condition: str | None, first_rows: int | None = None) -> None:
        select = ", ".join(self.session.rendered(column) for column in self.columns)
        order = ", ".join(self.session.ordered(self.by_name[name]) for name in self.result.key)
        where = f" WHERE {condition}" if condition else ""
        with path.open("wb") as file:
            file.write(self._header())
            wanted = f"SELECT {select} FROM {self.body}"
            if first_rows is not None:  # whichever come first: putting a whole table in order takes its time
                self.session.write(self.session.limited(wanted, first_rows), self.columns, file)
            else:
                self.session.write(f"{wanted}{where} ORDER BY {order}", self.columns, file)

    def _header(self) -> bytes:
        names = [column.name.replace('"', '""') for column in self.columns]
        page = self.spec.code_page or "utf-8"
        try:
            return Cutter(page).encode(",".join(f'"{name}"' for name in names) + "\n")
        except UnicodeEncodeError:
            raise self._error(f"has a column whose name is no text of {page}", "name it anew in a query") from None

    def _notes(self) -> list[str]:
        """What people should know of this result: its floats that are read as money, and how it was read."""
        notes = [*self.session.notes, *self.session.notes_on(self.result)]
        for name in _read_columns(self.source, self.result.name):
            if name in self.by_name and self.session.is_binary(self.by_name[name]):
                notes.append(
                    f"the column {name} holds bytes, which are written in hex: where they are texts, cast it to a text "
                    "in a query"
                )
        for name in _read_columns(self.source, self.result.name, of_type="money"):
            if name in self.by_name and (what := self.session.floats(self.by_name[name], self.body)):
                notes.append(
                    f"the column {name}, which is read as money, {what}: binary floats, written as the shortest "
                    "number that means them"
                )
        return notes

    def _refuse_wrong_names(self) -> None:
        names = [column.name for column in self.columns]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise self._error(f"has several columns {', '.join(twice)}", "give each a name of its own in a query")
        # SQLite takes a quoted name that it does not know for a text, and would order by nothing at all
        wanted = [*self.result.key, *([self.result.watermark] if self.result.watermark else [])]
        if missing := [name for name in wanted if name not in names]:
            what = "to order it by" if missing[0] in self.result.key else "as its watermark"
            raise self._error(f"has no column {', '.join(missing)} {what}", "correct its key in source.toml")

    def _error(self, message: str, remedy: str) -> SourceError:
        return SourceError(f"the result {self.result.name} {message}", **self.where, remedy=remedy)


def _has_bytes(column: Column) -> bool:
    return column.kind == "bytes" or column.has_blobs


def _read_columns(source: Source, table: str, of_type: str | None = None) -> list[str]:
    """Columns of a raw table that an entity reads, all or those that become fields of one type."""
    found: dict[str, None] = {}
    for mapping in source.spec.entities:
        if mapping.table == table:
            for name, rule in mapping.fields.items():
                if of_type in (None, ENTITIES[mapping.name].field(name).type):
                    found.update(dict.fromkeys(rule.inputs))
    return list(found)
