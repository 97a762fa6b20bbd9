"""Names and values that a legacy database may have and nobody expects."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from extractor_probe import declare, run

from billing.errors import SourceError
from extractors.base import LandedFile
from extractors.databases.extraction import Fetching, PublishedDump
from extractors.delivery.landing import land

Row = dict[str, Any]


@dataclass
class Database:
    """A table `konta` of one database, and its dumps."""

    kind: str
    connection: Any
    url: str
    folder: Path

    def run(self, *statements: str) -> None:
        with closing(self.connection.cursor()) as cursor:
            for statement in statements:
                cursor.execute(statement)

    def quoted(self, name: str) -> str:
        quote = "`" if self.kind == "mariadb" else '"'
        return quote + name.replace(quote, quote * 2) + quote

    def create(self, columns: dict[str, str], *rows: str) -> None:
        self.run(
            "DROP TABLE IF EXISTS konta",
            f"CREATE TABLE konta ({', '.join(f'{self.quoted(name)} {kind}' for name, kind in columns.items())})",
            *(f"INSERT INTO konta VALUES ({row})" for row in rows),
        )

    def take(self, key: str, before: LandedFile | None = None, *, amount: str = "saldo", **result: Any) -> LandedFile:
        """Land the table, with an earlier landing published."""
        where = {"pattern": self.url} if self.kind == "sqlite" else {"url": self.url}
        wanted = {"name": "konta", "source": "konta", "key": [key], **result}
        source = declare([{"name": "baza", "format": "sql", **where, "results": [wanted]}], key=key, amount=amount)
        published = {}
        if before is not None:
            assert before.extraction is not None
            published = {"konta": PublishedDump(before.path, before.sha256, before.extraction)}
        (file,) = land(source, self.folder, self.folder / "in", fetching=Fetching(published))
        decoded = run(source, file).tables["konta"].column_names[:-5]  # and what was landed can be read
        assert ",".join(f'"{name}"' for name in decoded).replace('we"ird', 'we""ird') in file.path.read_text()
        return file


@pytest.fixture
def database(legacy: tuple[str, Any, str], tmp_path: Path) -> Database:
    return Database(*legacy, tmp_path)


def of_kind(*kinds: str) -> pytest.MarkDecorator:
    """For a test of values that only these databases have."""
    return pytest.mark.parametrize("legacy", kinds, indirect=True)


def test_a_name_may_hold_anything(database: Database) -> None:
    names = ["RABAT %", "a%sb", 'we"ird', "ba`ck", "select", "Order By", "x;y--", "ż'ółć", "a%%b", "two\nlines"]
    database.create(dict.fromkeys(names, "int"), "1, 2, 3, 4, 5, 6, 7, 8, 9, 10")
    first = database.take("RABAT %", amount="a%sb", watermark="select")
    values = ",".join(f'"{number}"' for number in range(1, 11))
    header = ",".join(f'"{name}"' for name in names).replace('we"ird', 'we""ird')
    assert first.path.read_text() == f"{header}\n{values}\n"
    database.run("INSERT INTO konta VALUES (0, 2, 3, 4, 6, 6, 7, 8, 9, 10)")
    second = database.take("RABAT %", first, amount="a%sb", watermark="select")
    assert second.extraction is not None
    assert (second.extraction.since, second.extraction.inserted, second.extraction.unchanged) == ("5", 1, 1)


@of_kind("postgresql", "mariadb")
def test_a_watermark_of_many_digits_is_not_rounded(database: Database) -> None:
    """Rounded up it would leave out what was changed in its own moment."""
    long = "123456789012345678901234567890123.5"
    database.create({"nr": "int", "saldo": "int", "scn": "numeric(40,1)"}, f"1, 1, {long}")
    first = database.take("nr", watermark="scn")
    database.run("UPDATE konta SET saldo = 7")
    second = database.take("nr", first, watermark="scn")
    assert second.extraction is not None and second.extraction.since == long
    assert second.extraction.changed == 1


@of_kind("sqlite")
def test_a_watermark_that_is_a_binary_float_is_not_rounded(database: Database) -> None:
    database.create({"nr": "int", "saldo": "int", "w": "REAL"}, "1, 1, 2452944.1234567891")
    first = database.take("nr", watermark="w")
    database.run("UPDATE konta SET saldo = 7")
    second = database.take("nr", first, watermark="w")
    assert second.extraction is not None and second.extraction.changed == second.extraction.fetched == 1


@of_kind("postgresql")
def test_a_watermark_of_money_does_not_depend_on_the_locale(database: Database) -> None:
    database.create({"nr": "int", "saldo": "money"}, "1, 12.5", "2, -1234567.89")
    first = database.take("nr", watermark="saldo")
    assert first.extraction is not None and first.extraction.watermark == "12.50"
    database.run("INSERT INTO konta VALUES (3, 14)")
    second = database.take("nr", first, watermark="saldo")
    assert second.extraction is not None and (second.extraction.since, second.extraction.fetched) == ("12.50", 2)
    assert second.path.read_text().endswith('"2","-1234567.89"\n"3","14.00"\n')


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("numeric", ["'NaN'", "1.10"]),
        ("timestamptz", ["'infinity'", "'2003-10-26 02:30:00+02'"]),
        ("timestamp", ["'10000-01-01'", "'2003-01-01'"]),
    ],
)
@of_kind("postgresql")
def test_a_key_that_has_no_place_in_an_order_stops(database: Database, kind: str, values: list[str]) -> None:
    database.create({"nr": kind, "saldo": "int"}, *(f"{value}, 1" for value in values))
    with pytest.raises(SourceError, match=r"its key nr is (not of its column's type|out of order)"):
        database.take("nr", mode="snapshot_difference")
    assert database.take("nr").path.read_text().count("\n") == 3  # as a whole it can be taken


@of_kind("postgresql", "mariadb")
def test_a_watermark_without_an_end_is_no_bound(database: Database) -> None:
    kind, odd = ("timestamptz", "infinity") if database.kind == "postgresql" else ("datetime", "0000-00-00 00:00:00")
    database.run("SET sql_mode = ''") if database.kind == "mariadb" else None
    database.create({"nr": "int", "saldo": "int", "t": kind}, f"1, 1, '{odd}'")
    first = database.take("nr", watermark="t")
    database.run("UPDATE konta SET saldo = 7")
    second = database.take("nr", first, watermark="t")
    assert second.extraction is not None and second.extraction.changed == 1
    assert "all were fetched" in second.extraction.told()[1]


def test_texts_of_fixed_length_are_ordered_as_they_are_written(database: Database) -> None:
    """A control character comes before the blanks that fill a text up."""
    tab = "E'a\\t'" if database.kind == "postgresql" else "'a' || char(9)" if database.kind == "sqlite" else "'a\\t'"
    database.create({"nr": "char(5)", "saldo": "int"}, "'a!', 1", f"{tab}, 2", "'a', 3")
    dump = database.take("nr", mode="snapshot_difference").path.read_text()
    keys = [line.split(",")[0] for line in dump.splitlines()[1:]]
    # PostgreSQL writes the blanks, the others leave them out
    filled = ['"a\t   "', '"a    "', '"a!   "'] if database.kind == "postgresql" else ['"a"', '"a\t"', '"a!"']
    assert keys == filled


def test_an_empty_table_has_its_columns(database: Database) -> None:
    database.create({"nr": "int", "saldo": "int"})
    first = database.take("nr", watermark="saldo")
    assert first.path.read_text() == '"nr","saldo"\n'
    database.run("INSERT INTO konta VALUES (2, 3)")
    second = database.take("nr", first, watermark="saldo")
    assert second.path.read_text() == '"nr","saldo"\n"2","3"\n'
