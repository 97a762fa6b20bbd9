"""Bytes that no program should have written: every record is kept or a reject, and no null is without a reason."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.errors import ContractError, SourceError
from billing.file_specs import MainframeFile
from billing.registry import Source
from billing.spec import SourceSpec
from extractors.base import FileFacts, LandedFile
from extractors.codepages.tables import code_page
from extractors.copybook.encode import in_blocks, spanned, with_rdw
from extractors.copybook.layout import Copybook
from extractors.copybook.lengthfield import LengthField
from extractors.copybook.reading import Reading
from extractors.copybook.texts import read_national
from extractors.copybook.unworded import LengthScanner
from extractors.mainframe.file import decode

COPYBOOK = """
       01  WPLATA.
           05  NR        PIC 9(4).
           05  KONTO     PIC X(5).
           05  KWOTA     PIC S9(5)V99 COMP-3.
           05  RESZTA    PIC S9(3)V99.
           05  SALDO     PIC S9(3) SIGN LEADING SEPARATE.
           05  POZYCJI   PIC 9(3) COMP-6.
           05  KURS      COMP-1.
           05  OPIS      PIC N(2).
           05  ILE       PIC 9.
           05  CENA      OCCURS 0 TO 2 DEPENDING ON ILE PIC S9(3).
"""
FIELDS = {
    "payment_key": "NR", "account_key": "KONTO", "paid_on": {"value": "2003-11-05"}, "currency": {"value": "PLN"},
    "amount": "KWOTA",
}  # fmt: skip
PAGE = code_page("cp870")
FIXED = {field.name: field for field in Copybook.parse("w.cpy", COPYBOOK).layout().fields}
GOOD = (
    "0001K0001".encode("cp870") + bytes.fromhex("0012345C") + "0012{+007".encode("cp870") + bytes.fromhex("0123")
    + bytes.fromhex("42640000") + "ab".encode("utf-16-be") + "2001002".encode("cp870")
)  # fmt: skip

damage = st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=4)
one_record = st.tuples(damage, st.sampled_from([len(GOOD)] * 6 + [0, 3, 20, len(GOOD) - 1, len(GOOD) + 3])).map(
    lambda made: _damaged(*made)
)


def _damaged(places: list[tuple[int, int]], length: int) -> bytes:
    record = bytearray(GOOD)
    for at, byte in places:
        record[at] = byte
    return bytes(record[:length]).ljust(length, b"\x40")


def read(data: bytes, **keys: Any) -> tuple[int, list[dict[str, Any]], list[dict[str, Any]]]:
    """Records of a file, rows kept, rejects."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "w.cpy").write_text(COPYBOOK)
        (folder / "A.DAT").write_bytes(data)
        spec = SourceSpec.model_validate({
            "id": "proba", "title": "t", "system": "t", "delivery": {"extracted_on": "2003-12-31"},
            "files": [{"name": "wplaty", "format": "mainframe", "pattern": "*", "copybook": "w.cpy", **keys}],
            "entities": [{"name": "payment", "from": "wplaty", "fields": FIELDS}],
        })  # fmt: skip
        landed = LandedFile(folder / "A.DAT", "A.DAT", hashlib.sha256(data).hexdigest(), len(data), "wplaty")
        [file_spec] = spec.files
        assert isinstance(file_spec, MainframeFile)
        facts = FileFacts()
        splits = list(decode(Source(spec, folder), file_spec, landed, facts, batch_rows=3))
    return (
        facts.records,
        [row for split in splits for row in split.kept.to_pylist()],
        [row for split in splits for row in split.rejects.to_pylist()],
    )


@given(st.lists(one_record, min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_every_record_is_kept_or_rejected_and_every_null_has_a_reason(records: list[bytes]) -> None:
    try:
        count, kept, rejects = read(with_rdw(records), record_format="V")
    except SourceError as error:  # most of the texts are no characters of the page
        assert "code_page" in str(error)
        return
    whole = {reject["record_no"] for reject in rejects if reject["level"] == "record"}
    assert count == len(records) == len(kept) + len(whole)
    assert not whole & {row["record_no"] for row in kept}
    told = {(r["record_no"], r["field"]): r["raw"] for r in rejects if r["level"] == "attribute"}
    for row in kept:
        record = records[row["record_no"] - 1]
        for name, field in FIXED.items():
            cell = record[field.offset : field.end]
            absent = name.startswith("CENA(") and int(name[5]) > int(row["ILE"])
            unfilled = not cell.strip(b"\0") or not cell.strip(b"\x40")
            spaces = field.kind in ("text", "national") and not cell.strip(b"\0\x40\x20")
            if row[name] is None and not (absent or unfilled or spaces):
                assert told.get((row["record_no"], name)) == cell, (name, cell.hex())


@given(st.lists(one_record, min_size=1, max_size=4), st.data())
@settings(max_examples=60, deadline=None)
def test_a_broken_file_is_an_error_with_its_name_or_reads_to_its_end(records: list[bytes], data: st.DataObject) -> None:
    form = data.draw(st.sampled_from(["F", "FB", "V", "VB", "VBS", "T", "L"]))
    written = {"V": with_rdw(records), "VB": in_blocks(records, 200), "VBS": spanned(records, 40)}.get(
        form, (b"\n" if form == "T" else b"").join(records)
    )
    mutable = bytearray(written)
    for _ in range(data.draw(st.integers(0, 3))):
        if mutable:
            mutable[data.draw(st.integers(0, len(mutable) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(mutable[: data.draw(st.sampled_from([len(mutable), len(mutable) // 2, len(mutable) - 1]))])
    keys: dict[str, Any] = {"length_field": "NR * 10 + 30"} if form == "L" and data.draw(st.booleans()) else {}
    try:
        count, kept, rejects = read(cut, record_format=form, **keys)
    except SourceError as error:
        assert error.where["file"] == "A.DAT"
        assert error.remedy
        return
    assert count == len(kept) + sum(reject["level"] == "record" for reject in rejects)


def test_a_length_that_divides_by_zero_is_no_length() -> None:
    copybook = Copybook.parse("r.cpy", "01 R. 05 N PIC 9. 05 K PIC 9. 05 A PIC X(9).")
    length = LengthField.of(copybook, "8 / (N - 1)", code_page("ascii"))
    assert length(b"39") == 4
    with pytest.raises(ValueError, match="divides by zero"):
        length(b"19")


def test_a_record_without_a_byte_is_no_record() -> None:
    """The next one would begin where it does, for ever."""
    found, broken = LengthScanner(lambda data: data[0]).scan(b"\x02a\x00b", at_end=True)
    assert found.lengths.tolist() == [2]
    assert broken is not None
    assert (broken.at, broken.message) == (1, "the record says that it has 0 bytes")


def test_a_length_expression_has_an_end() -> None:
    copybook = Copybook.parse("r.cpy", "01 R. 05 N PIC 9.")
    with pytest.raises(ContractError, match="more than 200 characters"):
        LengthField.of(copybook, "(" * 5000 + "N" + ")" * 5000, code_page("ascii"))
    assert LengthField.of(copybook, "(" * 99 + "N" + ")" * 99, code_page("ascii"))(b"7") == 7


@pytest.mark.parametrize(("odd", "expected"), [("defect", None), ("blank", "a b"), ("drop", "ab"), ("keep", "a\x01b")])
def test_control_characters_in_national_text(odd: Any, expected: str | None) -> None:
    block = np.frombuffer("a\x01b\0".encode("utf-16-be"), np.uint8).reshape(1, 8)
    values, defects = read_national(block, Reading(odd=odd))
    assert values == [expected]
    assert bool(defects) == (expected is None)
