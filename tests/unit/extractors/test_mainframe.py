"""Mainframe files: framing, record types, and what becomes of what cannot be read.

Records are written by hand here: text by Python's own EBCDIC pages where they suffice, numbers digit by digit.
"""

import hashlib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from billing.errors import ContractError, SourceError
from billing.lineage import LINEAGE_NAMES, Split
from billing.registry import Source
from billing.spec import SourceSpec
from extractors.base import FileFacts, LandedFile, read_raw
from extractors.copybook import records
from extractors.mainframe.file import _code_shown, decode
from extractors.mainframe.plan import raw_schemas

PAYMENTS = """
       01  WPLATA.
           05  NR        PIC 9(6).
           05  KONTO     PIC X(6).
           05  DATA      PIC X(8).
           05  KWOTA     PIC S9(5)V99 COMP-3.
           05  RESZTA    PIC S9(5)V99.
           05  TYTUL     PIC X(20).
           05  POZYCJI   PIC 9(3).
           05  SUMA      PIC S9(5) COMP-3.
"""
PAYMENT_FIELDS = {
    "payment_key": "NR",
    "account_key": "KONTO",
    "paid_on": {"column": "DATA", "format": "YYYYMMDD"},
    "currency": {"value": "PLN"},
    "amount": "KWOTA",
    "title": "TYTUL",
}


def e(text: str, width: int | None = None) -> bytes:
    data = text.encode("cp870")
    return data if width is None else data.ljust(width, b"\x40")


def pack(value: int, width: int) -> bytes:
    return bytes.fromhex(f"{abs(value):0{2 * width - 1}d}" + ("D" if value < 0 else "C"))


def zone(value: int, width: int) -> bytes:
    text = f"{abs(value):0{width}d}"
    return bytes([0xF0 | int(c) for c in text[:-1]] + [(0xD0 if value < 0 else 0xC0) | int(text[-1])])


def payment(number: int, **changed: bytes) -> bytes:
    parts = {
        "NR": e(f"{number:06d}"),
        "KONTO": e(f"K{number:05d}"),
        "DATA": e("20031105"),
        "KWOTA": pack(number * 100, 4),
        "RESZTA": zone(-number, 7),
        "TYTUL": e("Opłata za listopad", 20),
        "POZYCJI": e("007"),
        "SUMA": pack(5, 3),
    }
    return b"".join({**parts, **changed}.values())


LENGTH = len(payment(1))

Make = Callable[..., tuple[Source, LandedFile]]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A source with one mainframe file, and that file landed."""

    def build(
        data: bytes,
        copybook: str = PAYMENTS,
        fields: dict[str, Any] | None = None,
        entities: list[dict[str, Any]] | None = None,
        **keys: Any,
    ) -> tuple[Source, LandedFile]:
        (tmp_path / "rekord.cpy").write_text(copybook)
        path = tmp_path / "WPLATY.DAT"
        path.write_bytes(data)
        file = {"name": "wplaty", "format": "mainframe", "pattern": "*.DAT", "copybook": "rekord.cpy", **keys}
        spec = SourceSpec.model_validate({
            "id": "proba", "title": "Próba", "system": "test", "delivery": {"extracted_on": "2003-12-31"},
            "files": [file],
            "entities": entities or [{"name": "payment", "from": "wplaty", "fields": fields or PAYMENT_FIELDS}],
        })  # fmt: skip
        digest = hashlib.sha256(data).hexdigest()
        return Source(spec, tmp_path), LandedFile(path, path.name, digest, len(data), "wplaty")

    return build


def run(made: tuple[Source, LandedFile], batch_rows: int = 1000) -> tuple[list[Split], FileFacts]:
    source, landed = made
    facts = FileFacts()
    return list(decode(source, source.spec.files[0], landed, facts, batch_rows=batch_rows)), facts  # type: ignore[arg-type]


def rejects(splits: list[Split]) -> list[dict[str, Any]]:
    return [row for split in splits for row in split.rejects.to_pylist()]


def kept(splits: list[Split], table: str = "wplaty") -> list[dict[str, Any]]:
    return [row for split in splits if split.table == table for row in split.kept.to_pylist()]


def test_fixed_records_with_their_lineage(make: Make) -> None:
    made = make(payment(1) + payment(2) + payment(3))
    splits, facts = run(made, batch_rows=2)
    assert [s.kept.num_rows for s in splits] == [2, 1]
    assert tuple(splits[0].kept.schema.names[-5:]) == LINEAGE_NAMES
    for split in splits:
        split.kept.validate(full=True)
    assert kept(splits)[1] == {
        "NR": Decimal(2),
        "KONTO": "K00002",
        "DATA": "20031105",
        "KWOTA": Decimal("2.00"),
        "RESZTA": Decimal("-0.02"),
        "TYTUL": "Opłata za listopad",
        "POZYCJI": Decimal(7),
        "SUMA": Decimal(5),
        "source_id": "proba",
        "file_sha256": made[1].sha256,
        "record_no": 2,
        "byte_offset": LENGTH,
        "byte_length": LENGTH,
    }
    assert (facts.records, facts.bytes) == (3, 3 * LENGTH)
    assert facts.notes[0].startswith("code page cp870")
    assert not rejects(splits)


def test_the_schema_is_known_before_any_byte_is_read(make: Make) -> None:
    source, _ = made = make(payment(1))
    [(name, schema)] = raw_schemas(source, source.spec.files[0]).items()  # type: ignore[arg-type]
    assert name == "wplaty"
    assert run(made)[0][0].kept.schema.names == [*schema.names, *LINEAGE_NAMES]
    assert schema.field("KWOTA").type == pa.decimal128(7, 2)


@pytest.mark.parametrize(
    ("changed", "field", "reason", "message", "masked"),
    [
        ({"KWOTA": b"\x00\x1a\x00\x0c"}, "KWOTA", "NUM-PACKED", "no packed decimal", "00*******"),
        ({"NR": e("00A00") + b"\xc1"}, "NR", "NUM-ZONED", "no zoned decimal", "00*******"),
        ({"NR": e("", 6)}, "NR", "NUM-ZONED", "NR is blank", ""),
        ({"NR": b"\x00" * 6}, "NR", "NUM-ZONED", "NR is blank", None),
        ({"KONTO": b"\xd2\x07\xf1\xf2\xf3\xf4"}, "KONTO", "ENC-UNDECODABLE", "no characters", "K\ufffd*******"),
    ],
)
def test_a_critical_field_that_cannot_be_read_rejects_the_record(
    make: Make, changed: dict[str, bytes], field: str, reason: str, message: str, masked: str | None
) -> None:
    bad = payment(2, **changed)
    splits, facts = run(make(payment(1) + bad + payment(3)))
    assert [row["record_no"] for row in kept(splits)] == [1, 3]
    [reject] = rejects(splits)
    assert (reject["disposition"], reject["level"], reject["step"]) == ("rejected", "record", "decode")
    assert (reject["entity"], reject["file_name"], reject["field"]) == ("wplaty", "WPLATY.DAT", field)
    assert (reject["record_no"], reject["byte_offset"], reject["byte_length"]) == (2, LENGTH, LENGTH)
    assert (reject["reason"], reject["raw"]) == (reason, bad)
    assert message in reject["message"]
    if masked is not None:
        assert reject["value_masked"] == masked
    assert facts.records == 3


@pytest.mark.parametrize(
    ("changed", "field", "reason"),
    [
        ({"TYTUL": e("Opłata").ljust(19, b"\x40") + b"\x1f"}, "TYTUL", "ENC-UNDECODABLE"),
        ({"RESZTA": e("12A4567")}, "RESZTA", "NUM-ZONED"),
        ({"SUMA": b"\x40\x40\x40"}, "SUMA", "NUM-PACKED"),
    ],
)
def test_another_field_that_cannot_be_read_is_flagged_and_null(
    make: Make, changed: dict[str, bytes], field: str, reason: str
) -> None:
    splits, _ = run(make(payment(1) + payment(2, **changed) + payment(3)))
    rows = kept(splits)
    assert [row["record_no"] for row in rows] == [1, 2, 3]
    assert [row[field] is None for row in rows] == [False, True, False]
    assert rows[1]["KWOTA"] == Decimal("2.00")
    [reject] = rejects(splits)
    assert (reject["disposition"], reject["level"], reject["reason"]) == ("flagged", "attribute", reason)
    assert (reject["field"], reject["raw"]) == (field, changed[field])


def test_a_rejected_record_is_one_reject_whatever_else_is_wrong_with_it(make: Make) -> None:
    bad = payment(1, KWOTA=b"\xff" * 4, NR=b"\xff" * 6, TYTUL=b"\x01" * 8 + b"\x40" * 12)
    splits, _ = run(make(bad + payment(2)))
    assert [(r["reason"], r["field"]) for r in rejects(splits)] == [("NUM-ZONED", "NR")]
    assert [row["record_no"] for row in kept(splits)] == [2]


def test_a_number_that_was_never_filled_in_is_null_where_nothing_depends_on_it(make: Make) -> None:
    splits, _ = run(make(payment(1, POZYCJI=e("", 3)) + payment(2, POZYCJI=b"\x00\x00\x00")))
    assert [row["POZYCJI"] for row in kept(splits)] == [None, None]
    assert not rejects(splits)


def test_a_blank_number_that_a_where_asks_about_is_no_fault(make: Make) -> None:
    entity = {
        "name": "payment",
        "from": "wplaty",
        "fields": PAYMENT_FIELDS,
        "where": [{"column": "POZYCJI", "not_zero": True}],
    }
    splits, _ = run(make(payment(1, POZYCJI=e("", 3)) + payment(2, POZYCJI=e("1X1")), entities=[entity]))
    assert [row["POZYCJI"] for row in kept(splits)] == [None]
    assert [r["reason"] for r in rejects(splits)] == ["NUM-ZONED"]


def test_text_loses_blanks_and_low_values_at_its_end_only(make: Make) -> None:
    titles = [e("a  b", 18) + b"\x00\x00", b"\x40" * 20, b"\x00" * 20, e("x") * 20, e("a\u00a0b", 20)]
    splits, _ = run(make(b"".join(payment(n, TYTUL=t) for n, t in enumerate(titles, 1))))
    assert [row["TYTUL"] for row in kept(splits)] == ["a  b", None, None, "x" * 20, "a\u00a0b"]
    assert not rejects(splits)


def test_a_redefinition_that_the_spec_does_not_read_is_not_its_business(make: Make) -> None:
    copybook = PAYMENTS.replace(
        "           05  TYTUL     PIC X(20).\n",
        "           05  TYTUL     PIC X(20).\n"
        "           05  LICZBY REDEFINES TYTUL.\n"
        "               10  LICZBA  PIC S9(3) COMP-3 OCCURS 10.\n",
    )
    splits, _ = run(make(payment(1) + payment(2), copybook))
    row = kept(splits)[0]
    assert row["TYTUL"] == "Opłata za listopad"
    assert row["LICZBA(1)"] is None
    assert not rejects(splits)


def test_ascii_files_have_ascii_digits(make: Make) -> None:
    line = (
        b"000001K0000120031105" + pack(100, 4) + b"000000J" + "Opłata".encode("cp852").ljust(20) + b"007" + pack(5, 3)
    )
    splits, _ = run(make(line, code_page="cp852"))
    [row] = kept(splits)
    assert (row["NR"], row["RESZTA"], row["TYTUL"]) == (Decimal(1), Decimal("-0.01"), "Opłata")


# --- files that stop their source -----------------------------------------------------------------------------------


def stopped(made: tuple[Source, LandedFile]) -> SourceError:
    with pytest.raises(SourceError) as caught:
        run(made)
    assert caught.value.where["source_id"] == "proba"
    assert caught.value.where["file"] == "WPLATY.DAT"
    assert caught.value.remedy
    return caught.value


def test_an_empty_file_stops_the_source(make: Make) -> None:
    assert "empty" in stopped(make(b"")).message


def test_a_truncated_file_stops_the_source(make: Make) -> None:
    error = stopped(make((payment(1) + payment(2))[:-5]))
    assert f"the last record has {LENGTH - 5} bytes where {LENGTH} are declared" in error.message
    assert (error.where["record_no"], error.where["byte_offset"]) == (2, LENGTH)


@pytest.mark.parametrize(("line_end", "name"), [(b"\r\n", "0D 0A"), (b"\x15", "15"), (b"\x25", "25")])
def test_line_ends_from_a_text_mode_transfer_are_recognised(make: Make, line_end: bytes, name: str) -> None:
    error = stopped(make(line_end.join(payment(n) for n in range(1, 8)) + line_end))
    assert f"{name} stands behind every record" in error.message
    assert "binary" in error.remedy


def test_a_file_in_another_code_page_stops_the_source(make: Make) -> None:
    ascii_text = b"000001K0000120031105" + pack(1, 4) + b"000000J" + b"Oplata za listopad  " + b"007" + pack(5, 3)
    assert "contradict" in stopped(make(ascii_text * 50)).message


def test_fields_that_lie_elsewhere_than_the_copybook_says_stop_the_source(make: Make) -> None:
    shifted = b"".join(payment(n, TYTUL=b"".join(pack(n * k, 4) for k in range(5))) for n in range(1, 60))
    error = stopped(make(shifted))
    assert "of the bytes in text fields are no characters of cp870" in error.message


def test_a_wrong_declaration_is_found_before_the_file_is_read(make: Make) -> None:
    with pytest.raises(ContractError, match="record_length of wplaty is 10, the copybook describes 57"):
        run(make(payment(1), record_length=10))
    with pytest.raises(ContractError, match="wplaty has no column KWOTKA; the copybook gives it DATA"):
        run(make(payment(1), fields={**PAYMENT_FIELDS, "amount": "KWOTKA"}))
    with pytest.raises(ContractError, match="unknown code page"):
        run(make(payment(1), code_page="cp999"))


def test_a_declared_length_beyond_the_copybook_is_filler(make: Make) -> None:
    splits, _ = run(make(payment(1) + b"\xff\xff\xff" + payment(2) + b"\xff\xff\xff", record_length=LENGTH + 3))
    assert [(row["record_no"], row["byte_offset"]) for row in kept(splits)] == [(1, 0), (2, LENGTH + 3)]


# --- variable records and record types --------------------------------------------------------------------------------

SEGMENTS = """
       01  ZAPIS.
           05  TYP            PIC X(2).
           05  KONTO          PIC X(6).
           05  ABONENT.
               10  NAZWISKO   PIC X(12).
               10  FILLER     PIC X(4).
           05  WPLATA REDEFINES ABONENT.
               10  NR         PIC 9(6).
               10  DATA       PIC X(8).
               10  KWOTA      PIC S9(5)V99 COMP-3.
"""
SEGMENT_ENTITIES = [
    {"name": "subscriber", "from": "abonent", "fields": {"subscriber_key": "KONTO", "last_name": "NAZWISKO"}},
    {
        "name": "payment",
        "from": "wplata",
        "fields": {
            "payment_key": "NR",
            "account_key": "KONTO",
            "paid_on": "DATA",
            "currency": {"value": "PLN"},
            "amount": "KWOTA",
        },
    },
]
SEGMENT_KEYS: dict[str, Any] = {
    "entities": SEGMENT_ENTITIES,
    "segments": {"field": "TYP", "map": {"01": "abonent", "30": "wplata"}},
}


def rdw(data: bytes) -> bytes:
    return (len(data) + 4).to_bytes(2, "big") + b"\x00\x00" + data


def person(number: int, name: str = "Żółkiewska") -> bytes:
    return e("01") + e(f"K{number:05d}") + e(name, 16)


def bill(number: int) -> bytes:
    return e("30") + e(f"K{number:05d}") + e(f"{number:06d}") + e("20031105") + pack(number * 100, 4)


@pytest.fixture
def variable(make: Make) -> Make:
    return lambda data, **keys: make(data, **{"copybook": SEGMENTS, "record_format": "V", **SEGMENT_KEYS, **keys})


def test_variable_records_of_several_types(variable: Make) -> None:
    data = [rdw(person(1)), rdw(bill(1)), rdw(bill(2)), rdw(person(2)[:-4]), rdw(person(3, ""))]
    made = variable(b"".join(data))
    splits, facts = run(made)
    people, bills = kept(splits, "abonent"), kept(splits, "wplata")
    assert [row["NAZWISKO"] for row in people] == ["Żółkiewska", "Żółkiewska", None]
    assert [row["record_no"] for row in people] == [1, 4, 5]
    assert [(row["NR"], row["KWOTA"], row["record_no"]) for row in bills] == [
        (Decimal(1), Decimal("1.00"), 2),
        (Decimal(2), Decimal("2.00"), 3),
    ]
    assert set(people[0]) == {"TYP", "KONTO", "NAZWISKO", *LINEAGE_NAMES}
    for row in [*people, *bills]:
        assert read_raw(made[1], row["byte_offset"], row["byte_length"]) == data[row["record_no"] - 1]
    assert facts.records == 5
    assert not rejects(splits)


def test_batches_are_cut_anywhere_without_a_difference(variable: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    made = variable(b"".join(rdw(person(n, "A" * (n % 12)) if n % 3 else bill(n)) for n in range(1, 300)))
    whole, _ = run(made)
    monkeypatch.setattr(records, "FRAME_BYTES", 101)
    pieces, facts = run(made, batch_rows=7)
    assert len(pieces) > 80
    for table in ("abonent", "wplata"):
        assert kept(pieces, table) == kept(whole, table)
    assert facts.records == 299


def test_an_unknown_record_type_that_is_too_long_for_one_is_masked() -> None:
    assert _code_shown(None, np.frombuffer(b"\x1a\x3c", np.uint8)) == "'1a 3c'"
    assert _code_shown("99 ", np.frombuffer(e("99 "), np.uint8)) == "'99'"
    assert "44051401458" not in _code_shown("44051401458", np.frombuffer(e("44051401458"), np.uint8))


def test_an_unknown_record_type_is_a_reject_of_the_file(variable: Make) -> None:
    stray = rdw(e("99") + e("K00001") + e("what is this"))
    made = variable(rdw(person(1)) + stray + rdw(bill(1)))
    splits, facts = run(made)
    [reject] = rejects(splits)
    assert (reject["reason"], reject["field"], reject["entity"]) == ("REC-TYPE", "TYP", "wplaty")
    assert reject["message"] == "TYP names no declared record type: '99'"
    assert (reject["record_no"], reject["raw"], reject["value_masked"]) == (2, stray, None)
    assert {split.table for split in splits} == {"abonent", "wplata"}
    assert facts.records == 3


def test_strays_alone_still_come_with_a_known_table(variable: Make) -> None:
    splits, _ = run(variable(rdw(e("99K00001"))))
    assert [(s.table, s.kept.num_rows, s.rejects.num_rows) for s in splits] == [("abonent", 0, 1), ("wplata", 0, 0)]
    assert "NAZWISKO" in splits[0].kept.schema.names


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (bill(1)[:-1], "has 25 bytes, wplata needs 26"),
        (person(1)[:19], "has 19 bytes, abonent needs 20"),
        (b"\xf0", "ends before its type field TYP"),
        (b"", "ends before its type field TYP"),
        (bill(1) + b"\x40", "has 27 bytes, the longest type has 26"),
    ],
)
def test_records_of_a_wrong_length_are_rejected_alone(variable: Make, record: bytes, message: str) -> None:
    splits, _ = run(variable(rdw(person(1)) + rdw(record) + rdw(bill(2))))
    assert len(kept(splits, "abonent")) == 1
    assert len(kept(splits, "wplata")) == 1
    [reject] = rejects(splits)
    assert (reject["reason"], reject["record_no"], reject["raw"]) == ("REC-LENGTH", 2, rdw(record))
    assert message in reject["message"]


def test_a_record_may_lack_filler_or_have_more_than_its_type(variable: Make) -> None:
    splits, _ = run(variable(rdw(person(1)[:20]) + rdw(person(2) + b"\xff\xff")))
    assert [row["NAZWISKO"] for row in kept(splits, "abonent")] == ["Żółkiewska"] * 2
    assert not rejects(splits)


def test_faults_in_variable_records_keep_the_whole_record(variable: Make) -> None:
    bad = rdw(bill(1)[:-4] + b"\xaa\xbb\xcc\xdd")
    splits, _ = run(variable(rdw(person(1)) + rdw(bill(5)) + bad))
    [reject] = rejects(splits)
    assert (reject["reason"], reject["entity"], reject["field"]) == ("NUM-PACKED", "wplata", "KWOTA")
    assert (reject["record_no"], reject["byte_length"], reject["raw"]) == (3, len(bad), bad)


@pytest.mark.parametrize(
    ("tail", "message"),
    [
        (rdw(bill(2))[:-3], "ends 27 bytes into a record of 30 bytes"),
        (b"\x00\x1e", "ends 2 bytes into a record whose descriptor word needs 4 bytes"),
        (b"\x00\x00\x00\x00" + bill(2), "00 00 00 00 states a length of 0"),
        (b"\x00\x03\x00\x00", "states a length of 3"),
        (b"\x00\x1e\x00\x01" + bill(2), "00 1e 00 01 does not end in 00 00"),
        (b"\x40\x40\x40\x40" + bill(2), "ends 30 bytes into a record of 16448 bytes"),
    ],
)
def test_broken_framing_stops_the_source_with_its_place(variable: Make, tail: bytes, message: str) -> None:
    head = rdw(person(1)) + rdw(bill(1))
    error = stopped(variable(head + tail))
    assert message in error.message
    assert (error.where["record_no"], error.where["byte_offset"]) == (3, len(head))


def test_the_longest_record_is_that_of_the_whole_copybook(variable: Make) -> None:
    copybook = SEGMENTS.replace(
        "           05  ABONENT.", "           05  DANE PIC X(30).\n           05  ABONENT REDEFINES DANE."
    )
    copybook = copybook.replace("WPLATA REDEFINES ABONENT", "WPLATA REDEFINES DANE")
    splits, _ = run(variable(rdw(person(1).ljust(38, b"\x40")) + rdw(bill(1).ljust(39, b"\x40")), copybook=copybook))
    assert [row["NAZWISKO"] for row in kept(splits, "abonent")] == ["Żółkiewska"]
    assert "DANE" not in splits[0].kept.schema.names
    assert [r["message"] for r in rejects(splits)] == ["the record has 39 bytes, the longest type has 38"]


def test_record_types_of_fixed_records(make: Make) -> None:
    data = person(1).ljust(26, b"\x40") + bill(1) + e("77").ljust(26, b"\x40")
    splits, _ = run(make(data, SEGMENTS, **SEGMENT_KEYS))
    assert len(kept(splits, "abonent")) == 1
    assert kept(splits, "wplata")[0]["byte_offset"] == 26
    assert [r["reason"] for r in rejects(splits)] == ["REC-TYPE"]


def test_groups_called_otherwise_than_their_tables_and_numeric_types(make: Make) -> None:
    copybook = SEGMENTS.replace("TYP            PIC X(2)", "TYP            PIC 9(2)")
    keys = {
        "entities": [{**entity, "from": {"abonent": "people", "wplata": "cash_in"}[entity["from"]]}  # type: ignore[index]
                     for entity in SEGMENT_ENTITIES],
        "segments": {"field": "typ", "map": {"1": "people", "30": "cash_in"},
                     "groups": {"people": "abonent", "cash_in": "WPLATA"}},
    }  # fmt: skip
    splits, _ = run(make(rdw(person(1)) + rdw(bill(1)), copybook, record_format="V", **keys))
    assert kept(splits, "people")[0]["NAZWISKO"] == "Żółkiewska"
    assert kept(splits, "cash_in")[0]["TYP"] == Decimal(30)


def test_a_type_is_a_number_only_in_digits_of_ascii(make: Make) -> None:
    data = person(1).ljust(26, b"\x40") + b"\xea\x40".ljust(26, b"\x40")  # a two raised high
    splits, _ = run(make(data, SEGMENTS, **{**SEGMENT_KEYS, "code_page": "cp037"}))
    assert [(r["reason"], r["record_no"]) for r in rejects(splits)] == [("REC-TYPE", 2)]


def test_two_types_of_one_number_are_refused(make: Make) -> None:
    keys = {**SEGMENT_KEYS, "segments": {**SEGMENT_KEYS["segments"], "map": {"1": "abonent", "01": "wplata"}}}
    with pytest.raises(ContractError, match=r"segments\.map has '01' for wplata, and the same number for abonent"):
        run(make(rdw(person(1)), SEGMENTS, record_format="V", **keys))


def test_variable_records_of_one_type(make: Make) -> None:
    splits, _ = run(make(rdw(payment(1)) + rdw(payment(2)), record_format="V"))
    assert [row["NR"] for row in kept(splits)] == [Decimal(1), Decimal(2)]
    assert kept(splits)[1]["byte_offset"] == LENGTH + 4
