"""Mainframe files of every form through the pipeline's decoder: raw tables, rejects, and nothing lost between them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pydantic import ValidationError

from billing.errors import ContractError, SourceError
from billing.file_specs import MainframeFile
from billing.lineage import LINEAGE_NAMES, Split
from billing.registry import Source
from billing.spec import SourceSpec
from extractors.base import FileFacts, LandedFile, read_raw
from extractors.codepages.tables import code_page
from extractors.copybook import records
from extractors.copybook.encode import in_blocks, spanned, with_rdw
from extractors.copybook.scanning import Descriptor
from extractors.mainframe.file import decode
from extractors.mainframe.plan import raw_schemas

FIELDS = {
    "payment_key": "NR",
    "account_key": "KONTO",
    "paid_on": {"value": "2003-11-05"},
    "currency": {"value": "PLN"},
    "amount": "KWOTA",
}
BILLS = """
       01  WPLATA.
           05  NR        PIC 9(4).
           05  KONTO     PIC X(5).
           05  KWOTA     PIC S9(5)V99 COMP-3.
           05  ILE       PIC 9.
           05  POZYCJA   OCCURS 0 TO 3 DEPENDING ON ILE.
               10  OPIS  PIC X(4).
               10  CENA  PIC S9(3).
           05  UWAGA     PIC X(6).
"""


def e(text: str, width: int = 0) -> bytes:
    return text.encode("cp870").ljust(width, b"\x40")


def bill(number: int, lines: list[tuple[str, int]], *, count: bytes | None = None) -> bytes:
    items = b"".join(e(text, 4) + e(f"{price:03d}") for text, price in lines)
    amount = bytes.fromhex(f"{number * 100:07d}C")
    return (
        e(f"{number:04d}") + e(f"K{number:04d}") + amount + (count or e(str(len(lines)))) + items + e(f"u{number}", 6)
    )


Make = Callable[..., tuple[Source, LandedFile]]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def build(
        data: bytes, copybook: str = BILLS, entities: list[dict[str, Any]] | None = None, **keys: Any
    ) -> tuple[Source, LandedFile]:
        (tmp_path / "r.cpy").write_text(copybook)
        path = tmp_path / "A.DAT"
        path.write_bytes(data)
        spec = SourceSpec.model_validate({
            "id": "proba", "title": "t", "system": "t", "delivery": {"extracted_on": "2003-12-31"},
            "files": [{"name": "wplaty", "format": "mainframe", "pattern": "*", "copybook": "r.cpy", **keys}],
            "entities": entities or [{"name": "payment", "from": "wplaty", "fields": FIELDS}],
        })  # fmt: skip
        return Source(spec, tmp_path), LandedFile(
            path, path.name, hashlib.sha256(data).hexdigest(), len(data), "wplaty"
        )

    return build


def run(made: tuple[Source, LandedFile], batch_rows: int = 1000) -> tuple[list[Split], FileFacts]:
    source, landed = made
    facts = FileFacts()
    file_spec = source.spec.files[0]
    assert isinstance(file_spec, MainframeFile)
    splits = list(decode(source, file_spec, landed, facts, batch_rows=batch_rows))
    schemas = raw_schemas(source, file_spec)
    for split in splits:
        names = [name for name in split.kept.schema.names if name not in LINEAGE_NAMES]
        assert pa.schema([split.kept.schema.field(name) for name in names]) == schemas[split.table]
    whole = sum(s.kept.num_rows for s in splits) + sum(r["level"] == "record" for r in rejects(splits))
    assert whole == facts.records  # nothing is lost, nothing comes twice
    return splits, facts


def rejects(splits: list[Split]) -> list[dict[str, Any]]:
    return [row for split in splits for row in split.rejects.to_pylist()]


def kept(splits: list[Split], table: str = "wplaty") -> list[dict[str, Any]]:
    return [row for split in splits if split.table == table for row in split.kept.to_pylist()]


MANY = [bill(n, [(f"p{i}", 10 * n + i) for i in range(n % 4)]) for n in range(1, 10)]


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (with_rdw(MANY), {"record_format": "V"}),
        (with_rdw(MANY, Descriptor(False, False)),
         {"record_format": "V", "rdw": {"byte_order": "little", "counts_itself": False}}),
        (b"HEAD" + with_rdw(MANY) + b"FOOT!", {"record_format": "V", "header_bytes": 4, "footer_bytes": 5}),
        (in_blocks(MANY, 100), {"record_format": "VB"}),
        (in_blocks(MANY, 100, None, Descriptor(False)), {"record_format": "VB", "bdw": {"byte_order": "little"}}),
        (spanned(MANY, 30), {"record_format": "VBS"}),
        (b"".join(MANY), {"record_format": "L"}),
        (b"".join(record.ljust(41, b"\x40") for record in MANY), {}),
    ],
)  # fmt: skip
def test_variable_tables_in_files_of_every_form(
    make: Make, monkeypatch: pytest.MonkeyPatch, data: bytes, keys: Any
) -> None:
    made = make(data, **keys)
    splits, facts = run(made)
    rows = kept(splits)
    assert not rejects(splits)
    assert facts.records == 9
    assert [row["record_no"] for row in rows] == list(range(1, 10))
    assert [row["UWAGA"] for row in rows] == [f"u{n}" for n in range(1, 10)]
    for n, row in enumerate(rows, 1):
        lines = [(row[f"OPIS({i})"], row[f"CENA({i})"]) for i in (1, 2, 3)]
        expected: list[tuple[Any, Any]] = [(f"p{i}", Decimal(10 * n + i)) for i in range(n % 4)]
        assert lines == expected + [(None, None)] * (3 - n % 4)
        assert MANY[n - 1][:9] in read_raw(made[1], row["byte_offset"], row["byte_length"])
    monkeypatch.setattr(records, "FRAME_BYTES", 50)
    assert kept(run(made, batch_rows=2)[0]) == rows


def test_a_count_that_the_table_does_not_allow_rejects_the_record_alone(make: Make) -> None:
    bad = [bill(2, [], count=e("7")), bill(3, [], count=e("x")), bill(4, [("a", 1)])[:20]]
    splits, _ = run(make(with_rdw([bill(1, []), *bad, bill(5, [])]), record_format="V"))
    assert [row["NR"] for row in kept(splits)] == [Decimal(1), Decimal(5)]
    assert [(r["record_no"], r["reason"], r["field"]) for r in rejects(splits)] == [
        (2, "REC-COUNT", "ILE"), (3, "REC-COUNT", "ILE"), (4, "REC-LENGTH", None),
    ]  # fmt: skip
    assert rejects(splits)[0]["raw"] == with_rdw(bad[:1])
    assert "does not say how often POZYCJA stands" in rejects(splits)[0]["message"]


def test_codes_may_say_how_often_a_table_stands(make: Make) -> None:
    data = [bill(1, [("a", 1)], count=e("J")), bill(2, [], count=e("Z")), bill(3, [], count=e("?"))]
    copybook = BILLS.replace("ILE       PIC 9.", "ILE       PIC X.")
    splits, _ = run(make(with_rdw(data), copybook, record_format="V", occurs_map={"pozycja": {"J": 1, "Z": 0}}))
    assert [row["OPIS(1)"] for row in kept(splits)] == ["a", None]
    assert [r["reason"] for r in rejects(splits)] == ["REC-COUNT"]
    with pytest.raises(ContractError, match="occurs_map: pozycje"):
        run(make(with_rdw(data), copybook, record_format="V", occurs_map={"pozycje": {"J": 1}}))


def test_tables_that_keep_all_their_room(make: Make) -> None:
    head = bill(1, [])[:14]
    data = head[:-1] + e("1") + e("a", 4) + e("001") + b"\xff" * 14 + e("uwaga", 6)
    splits, _ = run(make(data, occurs_depending="maximum"))
    [row] = kept(splits)
    assert (row["OPIS(1)"], row["CENA(1)"], row["OPIS(2)"], row["CENA(3)"], row["UWAGA"]) == (
        "a", Decimal(1), None, None, "uwaga",
    )  # fmt: skip
    assert not rejects(splits)


def test_a_damaged_field_behind_a_table_is_named(make: Make) -> None:
    good = bill(1, [("a", 1), ("b", 2)])
    splits, _ = run(make(with_rdw([good.replace(e("002"), e("0?2")), good]), record_format="V"))
    [reject] = rejects(splits)
    assert (reject["level"], reject["field"], reject["reason"], reject["raw"]) == (
        "attribute", "CENA(2)", "NUM-ZONED", e("0?2"),
    )  # fmt: skip
    assert [row["CENA(2)"] for row in kept(splits)] == [None, Decimal(2)]


def test_by_policy_any_damaged_field_rejects_its_record(make: Make) -> None:
    good = bill(1, [("a", 1), ("b", 2)])
    data = with_rdw([good.replace(e("002"), e("0?2")), good])
    splits, _ = run(make(data, record_format="V", undecodable="reject"))
    [reject] = rejects(splits)
    assert (reject["level"], reject["field"], reject["record_no"]) == ("record", "CENA(2)", 1)
    assert reject["raw"] == data[: len(good) + 4]
    assert [row["record_no"] for row in kept(splits)] == [2]


ASCII = """
       01  WPLATA.
           05  NR        PIC 9(4).
           05  KONTO     PIC X(5).
           05  KWOTA     PIC S9(3)V99 SIGN TRAILING SEPARATE.
           05  TYTUL     PIC X(10).
"""


def test_text_lines_may_lack_their_blanks(make: Make) -> None:
    data = b"0001K000100150+Oplata\r\n0002K000200200-\n0003K0003\n0004K000400100+Tytul     \x1a"
    splits, facts = run(make(data, ASCII, record_format="T", code_page="ascii"))
    rows = kept(splits)
    assert [(row["NR"], row["KWOTA"], row["TYTUL"]) for row in rows] == [
        (1, Decimal("1.50"), "Oplata"), (2, Decimal("-2.00"), None), (4, Decimal("1.00"), "Tytul"),
    ]  # fmt: skip
    [reject] = rejects(splits)
    assert (reject["record_no"], reject["reason"], reject["field"]) == (3, "NUM-ZONED", "KWOTA")
    assert reject["raw"] == b"0003K0003\n"
    assert facts.records == 4


def test_text_lines_of_ebcdic_end_as_they_do_there(make: Make) -> None:
    data = e("0001K000100150+Oplata") + b"\x15" + e("0002K000200200-") + b"\x0d\x25" + e("0003K000300300+Tytul", 25)
    splits, _ = run(make(data, ASCII, record_format="T"))
    assert [(row["NR"], row["KWOTA"]) for row in kept(splits)] == [
        (1, Decimal("1.50")), (2, Decimal("-2.00")), (3, Decimal("3.00")),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "prefix"),
    [
        ({"length_field": "DL"}, lambda n: n),
        ({"length_field": "DL + 3"}, lambda n: n - 3),
        ({"length_field": "(dl - 1) * 2"}, lambda n: n // 2 + 1),
        ({"length_map": {"24": 24, "_": 34}, "length_field": "DL"}, lambda n: n),
    ],
)  # fmt: skip
def test_a_field_may_say_how_long_the_record_is(make: Make, keys: dict[str, Any], prefix: Callable[[int], int]) -> None:
    copybook = ASCII.replace("05  NR ", "05  DL        PIC 9(2).\n           05  NR ")
    lines = [b"0001K000100150+Abcdefg   ", b"0002K000200200-Tytul dziesiec bajtow i"]
    records_ = []
    for line in lines:
        whole = line[:22] if line[:4] == b"0001" else line[:32].ljust(32)
        records_.append(f"{prefix(len(whole) + 2):02d}".encode() + whole)
    copybook += "           05  FILLER    PIC X(7).\n"
    splits, _ = run(make(b"".join(records_), copybook, record_format="L", code_page="ascii", **keys))
    assert [len(record) for record in records_] == [24, 34]
    assert [row["NR"] for row in kept(splits)] == [Decimal(2)]
    assert [r["record_no"] for r in rejects(splits)] == [1]  # it ends within TYTUL


def test_bytes_around_the_described_ones(make: Make) -> None:
    one = b"0001K000100150+Oplata    "
    splits, _ = run(
        make(b"<" + one + b">>" + b"<" + one + b">>", ASCII, code_page="ascii", record_lead=1, record_trail=2)
    )
    assert [(row["TYTUL"], row["byte_offset"], row["byte_length"]) for row in kept(splits)] == [
        ("Oplata", 0, 28), ("Oplata", 28, 28),
    ]  # fmt: skip
    with pytest.raises(ContractError, match="is 26, the copybook describes 25 bytes beside 3"):
        run(make(one, ASCII, code_page="ascii", record_lead=1, record_trail=2, record_length=26))


def test_a_readers_choices_reach_the_columns(make: Make) -> None:
    copybook = """
       01  WPLATA.
           05  NR        PIC 9(4).
           05  KONTO     PIC X(5).
           05  KWOTA     PIC Z(3)9.99-.
           05  FILLER    PIC X(2).
           05  F         COMP-1.
           05  D         COMP-5 PIC 9(4).
           05  N         PIC X(3).
"""
    data = b"0001K0001" + b"  12.50-" + b"zz" + bytes.fromhex("0000c03f") + b"\x01\x00" + " \x01ł".encode("cp852")
    keys = {"float_format": "ieee_little", "edited_numbers": True, "trim": "both", "controls": "drop",
            "fillers": "sequence", "comp5_order": "little", "field_code_pages": {"n": "cp852"}}  # fmt: skip
    splits, _ = run(make(data, copybook, code_page="ascii", **keys))
    [row] = kept(splits)
    assert {k: v for k, v in row.items() if k not in LINEAGE_NAMES} == {
        "NR": 1, "KONTO": "K0001", "KWOTA": Decimal("-12.50"), "FILLER-1": "zz", "F": 1.5, "D": Decimal(1), "N": "ł",
    }  # fmt: skip


def test_a_code_page_of_ones_own(make: Make, tmp_path: Path) -> None:
    points = [f"{byte:02X} {code_page('cp037').points[byte]:04X}" for byte in range(256)]
    points[0x9A] = "9A 0142"
    (tmp_path / "own.txt").write_text("\n".join(points))
    copybook = ASCII.replace("SIGN TRAILING SEPARATE", "")
    data = "0001K000100150".encode("cp037") + b"\x9a" + "ata     ".encode("cp037") + b"\x40"
    splits, _ = run(make(data, copybook, code_page="own.txt"))
    assert [row["TYTUL"] for row in kept(splits)] == ["łata"]


FAMILY = """
       01  REKORD.
           05  TYP           PIC X.
           05  KONTO.
               10  KONTO-NR  PIC X(4).
               10  SALDO     PIC S9(3)V99 COMP-3.
           05  FAKTURA REDEFINES KONTO.
               10  NUMER     PIC X(4).
           05  POZYCJA REDEFINES KONTO.
               10  OPIS      PIC X(4).
"""
FAMILY_KEYS: dict[str, Any] = {
    "record_format": "V",
    "segments": {
        "field": "TYP", "map": {"K": "konto", "F": "faktura", "P": "pozycja"},
        "parents": {"faktura": "konto", "pozycja": "faktura"},
    },
    "entities": [
        {"name": "account", "from": "konto", "fields": {
            "account_key": "KONTO-NR", "account_no": "KONTO-NR", "subscriber_key": "KONTO-NR",
            "currency": {"value": "PLN"}, "closing_balance": "SALDO"}},
        {"name": "payment", "from": "faktura", "fields": {
            "payment_key": "NUMER", "paid_on": {"value": "2003-11-05"}, "currency": {"value": "PLN"},
            "amount": {"value": "1.00"},
            "account_key": {
                "column": "PARENT-ID", "lookup": {"table": "konto", "key": "RECORD-ID", "take": "KONTO-NR"}}}},
    ],
}  # fmt: skip


@pytest.mark.parametrize("batch_rows", [1, 3, 1000])
def test_children_know_their_parents(make: Make, batch_rows: int) -> None:
    account = [e("K") + e(f"A{n:03d}") + bytes.fromhex("00100C") for n in (1, 2)]
    kinds = [e("Pp000"), account[0], e("Ff001"), e("Pp001"), e("Pp002"), e("Ff002"),
             account[1], e("Pp003"), e("Ff003"), e("Pp004")]  # fmt: skip
    made = make(with_rdw(kinds), FAMILY, **FAMILY_KEYS)
    splits, _ = run(made, batch_rows)
    names = {row["RECORD-ID"]: row["KONTO-NR"] for row in kept(splits, "konto")}
    names |= {row["RECORD-ID"]: row["NUMER"] for row in kept(splits, "faktura")}
    assert [(row["NUMER"], names[row["PARENT-ID"]]) for row in kept(splits, "faktura")] == [
        ("f001", "A001"), ("f002", "A001"), ("f003", "A002"),
    ]  # fmt: skip
    assert [(row["OPIS"], names[row["PARENT-ID"]]) for row in kept(splits, "pozycja")] == [
        ("p001", "f001"), ("p002", "f001"), ("p004", "f003"),
    ]  # fmt: skip
    assert [(r["record_no"], r["reason"], r["raw"][4:]) for r in rejects(splits)] == [
        (1, "ORPHAN", kinds[0]), (8, "ORPHAN", kinds[7]),
    ]  # fmt: skip
    assert all(row["RECORD-ID"] == f"{made[1].sha256[:12]}-{row['record_no']}" for row in kept(splits, "konto"))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"record_format": "V", "record_length": 10}, "record_length belongs to record_format F, FB"),
        ({"length_field": "DL"}, "length_field belongs to record_format L"),
        ({"record_format": "L", "length_map": {"1": 2}}, "length_map needs length_field"),
        ({"header_bytes": -1}, "greater than or equal to 0"),
        ({"segments": {"field": "T", "map": {"1": "a"}, "parents": {"a": "b"}}}, "parents names b"),
        ({"segments": {"field": "T", "map": {"1": "a", "2": "b"}, "parents": {"a": "b", "b": "a"}}}, "in a circle"),
        ({"rdw": {"byte_order": "middle"}}, "Input should be 'big' or 'little'"),
    ],
)
def test_keys_that_do_not_go_together_are_refused(make: Make, keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        make(b"", **keys)


def test_a_wrong_length_expression_or_page_is_found_before_the_file_is_read(make: Make) -> None:
    for keys, message in [
        ({"record_format": "L", "length_field": "NIC"}, "NIC does not exist"),
        ({"record_format": "L", "length_field": "ILE +"}, "is no length"),
        ({"code_page": "missing.txt"}, "the code page cannot be read"),
        ({"field_code_pages": {"NIC": "cp870"}}, "field_code_pages: NIC"),
    ]:
        with pytest.raises(ContractError, match=message):
            run(make(b"x", **keys))


def test_a_record_length_that_makes_no_sense_stops_the_source(make: Make) -> None:
    with pytest.raises(SourceError, match="ILE does not say how long the record is") as caught:
        run(make(bill(1, []) + b"\xff" * 40, record_format="L", length_field="ILE + 20"))
    assert caught.value.where["byte_offset"] == 20
