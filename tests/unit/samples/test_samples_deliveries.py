"""Whole deliveries: determinism, what the files say, and that the truth is complete."""

from __future__ import annotations

import hashlib
import re
import sqlite3
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest
from lxml import etree
from small_delivery import REPOSITORY, Delivered, deliver

from samples.__main__ import main
from samples.faults import FAULTS, OF_SYSTEM
from samples.filefaults import FILE_FAULTS, write_faulty
from samples.generate import generate, generate_region
from samples.plan import BASE, make_plan, zones
from samples.specs import write_specs


def digests(root: Path) -> dict[str, str]:
    return {
        str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(root.rglob("*")) if p.is_file()
    }  # fmt: skip


def test_the_same_seed_gives_the_same_bytes(delivered: Delivered, tmp_path: Path) -> None:
    generate(delivered.plan, tmp_path, workers=2)
    assert digests(tmp_path) == digests(delivered.root)


def test_another_seed_gives_other_people(delivered: Delivered, tmp_path: Path) -> None:
    other = deliver(tmp_path, subscribers=2400, seed=7)
    same = set((delivered.root / "gdansk" / "abonenci.csv").read_bytes().splitlines()[1:])
    assert not same & set((other.root / "gdansk" / "abonenci.csv").read_bytes().splitlines()[1:])


def test_every_subscriber_is_in_the_truth(delivered: Delivered) -> None:
    per_source = Counter(row["source_id"] for row in delivered.persons)
    assert per_source == dict.fromkeys(BASE, 300)
    people = Counter(row["person_id"] for row in delivered.persons)
    assert 40 < sum(count - 1 for count in people.values()) < 220
    sources = {}
    for row in delivered.persons:
        sources.setdefault(row["person_id"], set()).add(row["source_id"])
    assert any(len(found) > 1 for found in sources.values())


def test_every_kind_of_defect_is_listed(delivered: Delivered) -> None:
    found = {(row["source_id"], row["defect"]) for row in delivered.defects}
    for region in delivered.plan.regions:
        for name in OF_SYSTEM[region.system]:
            assert (region.id, name) in found, (region.id, name)
    for name in ("duplicate", "duplicate_of_other_region", "moved", "married_name", "typing_error", "diacritics_lost",
                 "pesel_missing", "spouse", "child", "father_and_son"):  # fmt: skip
        assert any(defect == name for _, defect in found), name


def test_reasons_and_dispositions_are_the_pipeline_s(delivered: Delivered) -> None:
    from billing.reasons import REASONS

    for fault in FAULTS.values():
        assert not fault.reason or fault.reason in REASONS, fault
    assert {row["disposition"] for row in delivered.defects} == {"rejected", "suspended", "flagged", "loaded"}


def test_totals_count_what_was_delivered(delivered: Delivered) -> None:
    for region in delivered.plan.regions:
        totals = delivered.totals[region.id]
        assert totals["subscriber"]["unharmed"]["none"]["records"] == 300
        for entity in ("account", "invoice", "payment"):
            gap = totals[entity]["delivered"]["PLN"]["records"] - totals[entity]["unharmed"]["PLN"]["records"]
            assert 5 < gap < 60, (region.id, entity)
    lodz = delivered.totals["lodz"]["invoice"]["delivered"]["PLZ"]
    assert abs(lodz["pln_grosze"] * 10_000 - lodz["grosze"]) <= lodz["records"] * 5000


def test_dbf_record_counts(delivered: Delivered) -> None:
    tables = [p for name in ("poznan", "lodz") for p in (delivered.root / name).glob("*.DBF")]
    assert len(tables) == 23
    for path in tables:
        data = path.read_bytes()
        records = int.from_bytes(data[4:8], "little")
        header, length = int.from_bytes(data[8:10], "little"), int.from_bytes(data[10:12], "little")
        assert len(data) == header + records * length + 1, path.name
    assert (delivered.root / "poznan" / "ABON.DBT").exists()


def test_trailers_state_what_the_files_hold(delivered: Delivered) -> None:
    for name, mark, start, length in (
        ("FAKTURY.TXT", "30", 113, 12), ("KONTA.TXT", "20", 57, 11), ("WPLATY.TXT", "40", 28, 12),
    ):  # fmt: skip
        lines = (delivered.root / "wroclaw" / name).read_bytes().decode("iso8859-2").split("\r\n")[:-1]
        assert len({len(line) for line in lines}) == 1
        assert lines[0].startswith("00WROCLAW")
        trailer = lines[-1]
        assert trailer[:2] == "99"
        assert int(trailer[2:11]) == len(lines) - 2
        total = unread = 0
        for line in lines[1:-1]:
            text = line[start : start + length]
            if line[:2] != mark:
                unread += line[:2] == "77"
            elif re.fullmatch(r"\d+[+-]?", text):
                total += int(text.rstrip("+-")) * (-1 if text.endswith("-") else 1)
            else:
                unread += 1
        stated = int(trailer[11:26]) * (-1 if trailer[26] == "-" else 1)
        assert (stated == total) != bool(unread), name


def test_documents_are_well_formed(delivered: Delivered) -> None:
    counts = {}
    for path in sorted((delivered.root / "lublin").glob("*.xml")):
        tree = etree.parse(path)
        counts[path.name] = Counter(e.tag for e in tree.iter())
    assert counts["abonenci.xml"]["abonent"] == 300
    totals = delivered.totals["lublin"]
    assert counts["faktury.xml"]["pozycja"] == totals["invoice_item"]["delivered"]["PLN"]["records"]
    assert counts["wplaty.xml"]["wplata"] == totals["payment"]["delivered"]["PLN"]["records"]


def test_the_database_holds_no_floating_point(delivered: Delivered) -> None:
    with sqlite3.connect(delivered.root / "warszawa" / "billing.sqlite") as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert len(tables) == 13
        for table in tables:
            for _, column, *_ in database.execute(f"PRAGMA table_info({table})").fetchall():
                kinds = {k for (k,) in database.execute(f"SELECT DISTINCT typeof({column}) FROM {table}")}
                assert kinds <= {"integer", "text", "null"}, (table, column)


def test_fixed_files_have_the_copybook_s_length(delivered: Delivered) -> None:
    for copybook in sorted((REPOSITORY / "sources" / "krakow").glob("*.cpy")):
        length = 0
        for repeat, usage in re.findall(r"PIC (\S+?)(?: (COMP(?:-3)?))?\.$", copybook.read_text(), re.MULTILINE):
            digits = sum(int(n or 1) for _, n in re.findall(r"([X9])(?:\((\d+)\))?", repeat))
            length += {"": digits, "COMP-3": digits // 2 + 1, "COMP": 2}[usage]
        data = (delivered.root / "krakow" / f"{copybook.stem}.DAT").stat().st_size
        assert data > 0
        assert data % length == 0, copybook.name


def test_a_later_delivery_changes_some_records(delivered: Delivered, tmp_path: Path) -> None:
    later = deliver(tmp_path, subscribers=2400, delivery=2)
    assert len(later.persons) == 8 * 304
    before = (delivered.root / "gdansk" / "abonenci.csv").read_bytes().splitlines()
    after = (later.root / "gdansk" / "abonenci.csv").read_bytes().splitlines()
    kept = set(before) & set(after)
    assert 0.9 * len(before) < len(kept) < len(before)


@pytest.fixture
def faulty(delivered: Delivered, tmp_path: Path) -> Path:
    write_faulty(delivered.plan, delivered.root, tmp_path / "faulty", list(FILE_FAULTS))
    return tmp_path / "faulty"


def test_each_file_fault_spoils_one_file(delivered: Delivered, faulty: Path) -> None:
    ordinary, spoilt = digests(delivered.root), digests(faulty)
    changed = {name for name in spoilt if ordinary.get(name) != spoilt[name]}
    assert changed == {
        "wroclaw/FAKTURY.TXT", "katowice/ABONENCI.VB", "poznan/FAKTURY.DBF", "krakow/KONTO.DAT", "lodz/ADRES.DBF",
        "gdansk/wplaty_2.csv", "lublin/wplaty.xml", "truth/file_faults.csv",
    }  # fmt: skip
    assert ordinary["gdansk/wplaty.csv"] == spoilt["gdansk/wplaty_2.csv"]
    assert (faulty / "lublin" / "wplaty.xml").stat().st_size == 0


def test_the_spoilt_trailer_differs_by_a_transposition(delivered: Delivered, faulty: Path) -> None:
    lines = [(root / "wroclaw" / "FAKTURY.TXT").read_bytes().split(b"\r\n") for root in (delivered.root, faulty)]
    assert lines[0][:-2] == lines[1][:-2]
    totals = [int(part[-2][11:26]) for part in lines]
    assert totals[0] != totals[1]
    assert (totals[0] - totals[1]) % 9 == 0


def test_the_other_code_page_is_mazovia(delivered: Delivered, faulty: Path) -> None:
    right = (delivered.root / "lodz" / "ADRES.DBF").read_bytes()
    wrong = (faulty / "lodz" / "ADRES.DBF").read_bytes()
    assert len(right) == len(wrong)
    assert {(a, b) for a, b in zip(right, wrong, strict=True) if a != b} >= {(0x88, 0x92), (0x9D, 0x9C)}  # ł, Ł


def test_all_zones_get_a_share_and_a_spec(tmp_path: Path) -> None:
    plan = make_plan(subscribers=100_000, regions=49)
    sizes = {region.id: region.subscribers for region in plan.regions}
    assert sum(sizes.values()) == 100_000
    assert len(sizes) == 49
    assert sizes["katowice"] > 15 * sizes["chelm"]
    assert {region.zone.number for region in plan.regions} == {zone.number for zone in zones()}
    from billing.registry import load_registry

    write_specs(plan, REPOSITORY / "sources", tmp_path)
    registry = load_registry(tmp_path)
    assert set(registry) == set(sizes)
    for region in plan.regions:
        assert registry[region.id].spec.zone == f"{region.zone.number:02d}"
        assert registry[region.id].spec.region == region.zone.city
        assert "Kraków" not in registry["krosno"].notes


def test_the_base_specs_are_what_the_systems_write(delivered: Delivered) -> None:
    from billing.registry import load_source

    for name in BASE:
        source = load_source(REPOSITORY / "sources" / name)
        files = {p.name for p in (delivered.root / name).iterdir() if p.suffix != ".DBT"}
        matched = {p.name for spec in source.spec.files for p in (delivered.root / name).glob(spec.pattern)}
        assert matched == files, name
        assert len(source.spec.entity_names) == 11
        assert source.notes.startswith("# ")


def test_memory_does_not_grow_with_the_region(tmp_path: Path) -> None:
    peaks = []
    for size in (2_000, 8_000):
        plan = make_plan(subscribers=size * 8)
        parts = tmp_path / str(size)
        parts.mkdir()
        tracemalloc.start()
        generate_region(plan, plan.regions[4], parts, parts, chunk=512)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.25 * peaks[0]


@pytest.mark.parametrize(
    "figures", [{"subscribers": 10}, {"subscribers": 12_000_000}, {"months": 9}, {"regions": 16}, {"delivery": 3}]
)
def test_figures_that_cannot_be(figures: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"\d"):
        make_plan(**{"subscribers": 8000, **figures})


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "d"
    status = main(["--out", str(out), "--subscribers", "800", "--workers", "1", "--faults", "empty", "--sources-out",
                   str(tmp_path / "s"), "--sources", str(REPOSITORY / "sources")])  # fmt: skip
    assert status == 0
    said = capsys.readouterr().out
    assert "800 subscribers of 8 regions" in said
    assert "8 source specs" in said
    assert (tmp_path / "d_faults" / "lublin" / "wplaty.xml").stat().st_size == 0
    assert (tmp_path / "s" / "lodz" / "source.toml").exists()


def test_the_command_explains_a_wrong_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--out", str(tmp_path), "--subscribers", "3"])
    assert stopped.value.code == 2
    assert "a region has 10 to" in capsys.readouterr().err
