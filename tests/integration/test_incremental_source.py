"""Rows by watermark, and differences from what is published: the same on every database that offers them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from extractor_probe import declare, run

from billing.errors import SourceError
from extractors.base import LandedFile
from extractors.databases.extraction import Fetching, PublishedDump
from extractors.delivery.landing import land

Legacy = tuple[str, Any, str]

TYPES = {
    "sqlite": ("TEXT", "NUMERIC(12,2)", "TIMESTAMP"),
    "postgresql": ("text", "numeric(12,2)", "timestamp"),
    "mariadb": ("varchar(40)", "decimal(12,2)", "datetime(6)"),
}


class Region:
    """One legacy database with a table of accounts; its rows are changed by plain SQL."""

    def __init__(self, kind: str, connection: Any, url: str) -> None:
        self.kind, self.connection, self.url = kind, connection, url
        text, money, time = TYPES[kind]
        self.run("DROP TABLE IF EXISTS konta")
        self.run(f"CREATE TABLE konta (NR {text}, CZESC int, SALDO {money}, UWAGI {text}, ZMIENIONE {time})")

    def run(self, statement: str) -> None:
        with closing(self.connection.cursor()) as cursor:
            cursor.execute(statement)

    def put(self, *rows: tuple[Any, ...]) -> None:
        """Replace or insert rows by their key."""
        for nr, part, balance, note, changed in rows:
            self.run(f"DELETE FROM konta WHERE NR = '{nr}' AND CZESC = {part}")
            values = ", ".join("NULL" if v is None else f"'{v}'" for v in (nr, part, balance, note, changed))
            self.run(f"INSERT INTO konta VALUES ({values})")

    def source(self, **result: Any) -> Any:
        case = str.lower if self.kind == "postgresql" else str
        names = {name: case(result[name]) for name in ("watermark",) if name in result}
        wanted = {"name": "konta", "source": "konta", "key": [case("NR"), case("CZESC")], **result, **names}
        where = {"pattern": self.url} if self.kind == "sqlite" else {"url": self.url}
        file = {"name": "baza", "format": "sql", **where, "results": [wanted]}
        return declare([file], key=case("NR"), amount=case("SALDO"))


@pytest.fixture
def region(legacy: Legacy) -> Region:
    return Region(*legacy)


FIRST = [
    ("Ą/1", 1, "10.00", 'stan "zero"\nnowa linia', "2003-10-01 10:00:00"),
    ("Ą/1", 2, "11.00", None, "2003-10-01 10:00:00"),
    ("b/2", 10, "-0.50", "", "2003-10-02 10:00:00"),
    ("B/2", 9, "7.00", "x", "2003-10-03 10:00:00"),
    ("z", 1, "1.00", "bez daty", None),
]


def taken(region: Region, folder: Path, before: LandedFile | None = None, **result: Any) -> LandedFile:
    """Land the accounts, with an earlier landing published."""
    published = {}
    if before is not None:
        assert before.extraction is not None
        published = {"konta": PublishedDump(before.path, before.sha256, before.extraction)}
    (file,) = land(region.source(**result), folder, folder / "in", fetching=Fetching(published))
    return file


def figures(file: LandedFile) -> tuple[Any, ...]:
    assert file.extraction is not None
    e = file.extraction
    return e.fetched, e.inserted, e.changed, e.deleted, e.unchanged


def test_changed_rows_are_merged_into_what_a_whole_dump_would_be(region: Region, tmp_path: Path) -> None:
    region.put(*FIRST)
    first = taken(region, tmp_path, watermark="ZMIENIONE")
    assert figures(first) == (5, 5, 0, 0, 0)
    region.put(
        ("Ą/1", 2, "12.34", 'teraz "z" datą', "2003-10-03 10:00:00"),
        ("aa", 1, "3.00", None, "2003-10-04 08:00:00.25"),
        ("ń", 1, "4.00", "ostatni", "2003-10-04 08:00:00.25"),
        ("z", 1, "2.00", "dalej bez daty", None),
    )
    second = taken(region, tmp_path, first, watermark="ZMIENIONE")
    assert figures(second) == (5, 2, 2, 0, 3)
    assert second.extraction is not None and second.extraction.base == first.sha256
    assert str(second.extraction.since).startswith("2003-10-03 10:00:00")
    assert str(second.extraction.watermark).startswith("2003-10-04 08:00:00.25")
    whole = taken(region, tmp_path)
    assert second.path.read_bytes() == whole.path.read_bytes()
    assert second.sha256 == whole.sha256
    decoded = run(region.source(watermark="ZMIENIONE"), second)
    assert decoded.facts.records == 7
    assert decoded.facts.notes[0].startswith(
        "rows against the published dump: 2 new, 2 changed, 0 deleted, 3 unchanged"
    )


def test_a_repeated_or_killed_run_gives_the_same(region: Region, tmp_path: Path) -> None:
    region.put(*FIRST)
    first = taken(region, tmp_path, watermark="ZMIENIONE")
    region.put(("n", 1, "3.00", None, "2003-10-04 08:00:00"))
    assert taken(region, tmp_path, first, watermark="ZMIENIONE") == taken(
        region, tmp_path, first, watermark="ZMIENIONE"
    )
    again = taken(region, tmp_path, taken(region, tmp_path, first, watermark="ZMIENIONE"), watermark="ZMIENIONE")
    assert figures(again) == (2, 0, 0, 0, 6)


def test_deleted_rows_are_found_by_their_number(region: Region, tmp_path: Path) -> None:
    region.put(*FIRST)
    first = taken(region, tmp_path, watermark="ZMIENIONE")
    region.run("DELETE FROM konta WHERE NR = 'z'")
    region.put(("b/2", 10, "5.00", "", "2003-10-05 00:00:00"))
    second = taken(region, tmp_path, first, watermark="ZMIENIONE")
    assert figures(second) == (4, 0, 1, 1, 3)
    assert second.sha256 == taken(region, tmp_path).sha256
    assert any("rows were deleted" in note for note in second.extraction.notes)  # type: ignore[union-attr]


def test_rows_committed_late_are_found_by_the_overlap(region: Region, tmp_path: Path) -> None:
    region.put(*FIRST)
    wanted = {"watermark": "ZMIENIONE", "overlap": 2 * 86_400}
    first = taken(region, tmp_path, **wanted)
    region.put(("b/2", 10, "5.00", "", "2003-10-02 11:00:00"))
    assert figures(taken(region, tmp_path, first, **wanted)) == (5, 0, 1, 0, 4)
    # one that was committed even later adds to the number of rows, and that is seen too
    region.put(("old", 1, "5.00", "", "2003-01-01 00:00:00"))
    late = taken(region, tmp_path, first, **wanted)
    assert figures(late) == (6, 1, 1, 0, 4)
    assert late.sha256 == taken(region, tmp_path).sha256


def test_a_serial_number_is_a_watermark(region: Region, tmp_path: Path) -> None:
    region.put(*[(f"k{n:03}", n, "1.00", None, None) for n in range(50)])
    first = taken(region, tmp_path, watermark="CZESC", overlap=5)
    assert first.extraction is not None and first.extraction.watermark == "49"
    region.put(*[(f"a{n:03}", n, "1.00", None, None) for n in range(50, 53)])
    second = taken(region, tmp_path, first, watermark="CZESC", overlap=5)
    assert figures(second) == (9, 3, 0, 0, 50)
    assert second.extraction is not None and second.extraction.since == "44"
    assert second.sha256 == taken(region, tmp_path).sha256


def test_a_date_in_the_future_hides_nothing(region: Region, tmp_path: Path) -> None:
    region.put(*FIRST, ("wieczny", 1, "1.00", None, "9999-12-31 00:00:00"))
    first = taken(region, tmp_path, watermark="ZMIENIONE")
    region.put(("b/2", 10, "5.00", "", "2004-01-01 00:00:00"))  # the extract's cut-off is the day before
    second = taken(region, tmp_path, first, watermark="ZMIENIONE")
    assert figures(second)[:3] == (3, 0, 1)
    assert second.sha256 == taken(region, tmp_path).sha256


def test_whole_dumps_are_compared_by_key(region: Region, tmp_path: Path) -> None:
    region.put(*FIRST)
    first = taken(region, tmp_path, mode="snapshot_difference")
    assert figures(first) == (5, 5, 0, 0, 0)
    region.put(("b/2", 10, "5.00", "", None), ("c", 1, "1", None, None))
    region.run("DELETE FROM konta WHERE NR = 'z'")
    second = taken(region, tmp_path, first, mode="snapshot_difference")
    assert figures(second) == (5, 1, 1, 1, 3)
    assert second.sha256 == taken(region, tmp_path).sha256


def test_another_declaration_or_other_columns_start_anew(region: Region, tmp_path: Path) -> None:
    region.put(*FIRST)
    first = taken(region, tmp_path, mode="snapshot_difference")
    other = taken(region, tmp_path, first, watermark="ZMIENIONE")
    assert other.extraction is not None and other.extraction.base is None
    assert figures(other) == (5, 5, 0, 0, 0)
    region.run("ALTER TABLE konta ADD NOWA int")
    wider = taken(region, tmp_path, first, mode="snapshot_difference")
    assert wider.extraction is not None and wider.extraction.base is None
    assert any("columns are not those" in note for note in wider.extraction.notes)


@pytest.mark.parametrize("how", [{"mode": "snapshot_difference"}, {"watermark": "ZMIENIONE"}])
def test_a_key_that_is_none_stops(region: Region, tmp_path: Path, how: dict[str, Any]) -> None:
    region.put(*FIRST)
    region.run("INSERT INTO konta (NR, CZESC) VALUES ('z', 1)")
    with pytest.raises(SourceError, match="occurs twice") as caught:
        taken(region, tmp_path, **how)
    assert caught.value.where["table"] == "konta"
    region.run("DELETE FROM konta WHERE NR = 'z'")
    region.run("INSERT INTO konta (NR) VALUES ('z')")
    with pytest.raises(SourceError, match="is NULL"):
        taken(region, tmp_path, **how)
    assert not list((tmp_path / "in").rglob("konta.csv"))


def test_a_look_takes_a_few_rows_and_no_more(region: Region, tmp_path: Path) -> None:
    region.put(*FIRST)
    source = region.source(watermark="ZMIENIONE")
    (file,) = land(source, tmp_path, tmp_path / "in", fetching=Fetching(first_rows=2))
    assert run(source, file).facts.records == 2
