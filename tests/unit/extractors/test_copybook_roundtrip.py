"""Decoding undoes encoding: Hypothesis makes copybooks, values and files, and nothing may change on the way."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extractors.base import LandedFile
from extractors.codepages.tables import code_page
from extractors.copybook.encode import encode_record, in_blocks, spanned, with_rdw
from extractors.copybook.framing import Framing
from extractors.copybook.layout import Copybook
from extractors.copybook.lengthfield import OwnLength
from extractors.copybook.reader import RecordReader
from extractors.copybook.reading import Reading
from extractors.copybook.scanning import Descriptor
from extractors.copybook.tree import Presentation

Made = tuple[list[str], st.SearchStrategy[Any]]  # lines of a copybook, and values of what they describe

LETTERS = st.sampled_from("ABCXYZ abcxyz019.,-/()ąćęłńóśźżĄĆĘŁŃÓŚŹŻ")


def texts(width: int) -> st.SearchStrategy[str | None]:
    """What a text field can hold and give back: blanks at its end are not told from filling, nothing is null."""
    return st.text(LETTERS, max_size=width).map(lambda text: text.rstrip(" ") or None)


def integers(digits: int, signed: bool) -> st.SearchStrategy[int]:
    most = 10**digits - 1
    return st.integers(-most if signed else 0, most)


@st.composite
def elementary(draw: st.DrawFn) -> tuple[str, st.SearchStrategy[Any]]:
    """Clauses of an elementary item, and its values."""
    kind = draw(
        st.sampled_from(["text", "display", "comp-3", "comp", "comp-5", "comp-6", "comp-1", "comp-2", "national"])
    )
    if kind == "text":
        width = draw(st.integers(1, 12))
        return f"PIC X({width})", texts(width)
    if kind == "national":
        width = draw(st.integers(1, 5))
        return f"PIC N({width})", texts(width)
    if kind == "comp-1":
        return "COMP-1", st.integers(-(2**12), 2**12).map(lambda n: n / 16)  # fits both forms exactly
    if kind == "comp-2":
        return "COMP-2", st.integers(-(2**50), 2**50).map(lambda n: n / 256)
    signed = kind != "comp-6" and draw(st.booleans())
    whole = draw(st.integers(0, 18))
    decimals = draw(st.integers(0 if whole else 1, 12))
    if kind in ("comp", "comp-5"):  # what the PICTURE allows; two's complement holds more
        whole, decimals = min(whole, 9), min(decimals, 9)
    digits = whole + decimals
    picture = "S" * signed + f"9({whole})" * (whole > 0) + f"V9({decimals})" * (decimals > 0)
    clauses = f"PIC {picture}"
    if kind != "display":
        clauses += f" {kind.upper()}"
    elif signed:
        clauses += draw(
            st.sampled_from(["", " SIGN LEADING", " SIGN TRAILING SEPARATE", " SIGN IS LEADING SEPARATE CHARACTER"])
        )
    if kind in ("comp", "comp-5") and draw(st.booleans()):
        clauses += " SYNC"
    numbers = integers(digits, signed)
    if not decimals:
        return clauses, numbers
    return clauses, numbers.map(lambda n: Decimal(f"{n}E{-decimals}"))


@st.composite
def items(draw: st.DrawFn, depth: int = 0, prefix: str = "F") -> Made:
    """Some items of one level, with the strategy of a dict of their values."""
    lines: list[str] = []
    fields: dict[str, st.SearchStrategy[Any]] = {}
    counted: dict[str, tuple[str, int]] = {}
    level = 5 + depth * 5
    for number in range(draw(st.integers(1, 4))):
        name = f"{prefix}-{number}"
        kinds = ["field", "field", "filler"] + (["group", "table", "variable"] if depth < 2 else [])
        kind = draw(st.sampled_from(kinds))
        if kind == "filler":
            lines.append(f"{level:02} FILLER PIC X({draw(st.integers(1, 4))}).")
            continue
        if kind == "field":
            clauses, values = draw(elementary())
            lines.append(f"{level:02} {name} {clauses}.")
            fields[name] = values
            continue
        inner_lines, inner = draw(items(depth + 1, name))
        most = draw(st.integers(1, 3))
        occurs = {"group": "", "table": f" OCCURS {most} TIMES"}.get(kind, f" OCCURS 0 TO {most} DEPENDING ON {name}-N")
        if kind == "variable":
            lines.append(f"{level:02} {name}-N PIC 9(2).")
            counted[name] = (f"{name}-N", most)
        lines += [f"{level:02} {name}{occurs}.", *inner_lines]
        fields[name] = (
            inner if kind == "group" else st.lists(inner, min_size=most if kind == "table" else 0, max_size=most)
        )
    if not fields:
        lines.append(f"{level:02} {prefix}-LAST PIC X.")
        fields[f"{prefix}-LAST"] = texts(1)

    def with_counts(values: dict[str, Any]) -> dict[str, Any]:
        return values | {count: len(values[name]) for name, (count, _) in counted.items()}

    return lines, st.fixed_dictionaries(fields).map(with_counts)


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, list[dict[str, Any]]]:
    lines, values = draw(items())
    text = "01 REC.\n" + "".join(f"  {line}\n" for line in lines)  # free form
    return text, draw(st.lists(values, min_size=1, max_size=6))


def land(folder: Path, data: bytes) -> LandedFile:
    path = folder / "data.bin"
    path.write_bytes(data)
    return LandedFile(path, path.name, hashlib.sha256(data).hexdigest(), len(data), "data")


RDW = st.builds(Descriptor, st.booleans(), st.booleans(), st.sampled_from([0, -3]))


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(cases(), st.data())
def test_trees_survive_the_way_through_a_file(
    tmp_path: Path, case: tuple[str, list[dict[str, Any]]], data: st.DataObject
) -> None:
    text, trees = case
    copybook = Copybook.parse("rec.cpy", text)
    page = code_page(data.draw(st.sampled_from(["cp870", "cp1153"])))
    how = Reading(
        floats=data.draw(st.sampled_from(["ibm", "ibm_little", "ieee", "ieee_little"])),
        native_order=data.draw(st.sampled_from([None, "big", "little"])),
        national_order=data.draw(st.sampled_from(["big", "little"])),
    )
    record_type = copybook.every_record()
    records = [encode_record(record_type, tree, page, how) for tree in trees]
    form = data.draw(st.sampled_from(["V", "VB", "VBS", "L", "F"]))
    rdw, bdw = data.draw(RDW), data.draw(RDW)
    header, footer = data.draw(st.binary(max_size=9)), data.draw(st.binary(max_size=9))
    length = record_type.widest.length
    match form:
        case "V":
            body = with_rdw(records, rdw)
        case "VB":
            body = in_blocks(records, data.draw(st.integers(16, 400)), rdw, bdw)
        case "VBS":
            body = spanned(records, data.draw(st.integers(13, 60)), rdw, bdw)
        case "F":
            body = b"".join(record.ljust(length, b"\x40") for record in records)
        case _:
            body = b"".join(records)
    framing = Framing(form, length, rdw, bdw, len(header), len(footer), length_of=OwnLength(record_type, page, how))  # type: ignore[arg-type]
    reader = RecordReader(copybook, framing, page, how)
    found = list(reader.read(land(tmp_path, header + body + footer)))
    assert [record.defects for record in found] == [[]] * len(trees)
    assert [record.tree for record in found] == trees
    assert [record.number for record in found] == list(range(1, len(trees) + 1))
    if form != "F":
        assert [record.payload for record in found] == records


@settings(max_examples=60, deadline=None)
@given(cases())
def test_the_layout_covers_every_byte_once(case: tuple[str, list[dict[str, Any]]]) -> None:
    """Without redefinitions and slack bytes, fields and FILLER lie side by side from the first byte to the last."""
    text, _ = case
    copybook = Copybook.parse("rec.cpy", text.replace(" SYNC", ""))
    layout = copybook.every_record(fillers="sequence").widest
    covered = np.zeros(layout.length, np.int64)
    for place in layout.fields:
        covered[place.offset : place.end] += 1
    assert covered.tolist() == [1] * layout.length
    assert len({place.name for place in layout.fields}) == len(layout.fields)


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["V", "VB", "VBS", "T", "F", "L"]))
def test_any_bytes_are_records_or_an_error_with_a_place(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes, form: str
) -> None:
    """No input makes the reader fail in another way, and every byte of a file that is read belongs to a record."""
    from billing.errors import SourceError

    copybook = Copybook.parse("rec.cpy", "01 R. 05 N PIC 9. 05 T OCCURS 0 TO 9 DEPENDING ON N. 10 P PIC S9(3) COMP-3.")
    page = code_page("cp037")
    framing = Framing(form, 19, length_of=OwnLength(copybook.every_record(), page))  # type: ignore[arg-type]
    reader = RecordReader(copybook, framing, page)
    try:
        found = list(reader.read(land(tmp_path_factory.mktemp("junk"), junk)))
    except SourceError as error:
        assert "byte_offset" in error.where
        assert error.remedy
        return
    if form not in ("VB", "VBS"):
        assert sum(record.byte_length for record in found) == len(junk.rstrip(b"\x1a") if form == "T" else junk)


def test_dropped_and_named_fillers_in_trees() -> None:
    copybook = Copybook.parse(
        "rec.cpy", "01 R. 05 A PIC X. 05 FILLER PIC X. 05 FILLER. 10 B PIC X. 10 FILLER PIC X(2)."
    )
    page = code_page("cp037")
    data = "abcde".encode("cp037")

    def tree(**look: Any) -> dict[str, Any]:
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            reader = RecordReader(copybook, Framing("F", 5), page, look=Presentation(**look))
            [record] = reader.read(land(Path(folder), data))
        return record.tree

    assert tree() == {"A": "a", "FILLER_1": {"B": "c"}}
    assert tree(group_fillers=False) == {"A": "a"}
    assert tree(value_fillers=True) == {"A": "a", "FILLER_P1": "b", "FILLER_1": {"B": "c", "FILLER_P2": "de"}}
    assert tree(value_fillers=True, filler_names="previous") == {
        "A": "a", "FILLER_AFTER_A": "b", "FILLER_AFTER_FILLER_AFTER_A": {"B": "c", "FILLER_AFTER_B": "de"},
    }  # fmt: skip
