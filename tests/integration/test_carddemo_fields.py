"""Every field of the CardDemo files against their ASCII twins.

The twins are another project's unload of the same data as text: sliced here at the positions that the source's
copybooks give, with their overpunched signs read by this test, they are the truth for the EBCDIC decoder.
"""

import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from billing.file_specs import MainframeFile
from billing.registry import Source, load_source
from extractors.base import FileFacts, LandedFile, read_raw
from extractors.copybook.fields import Field
from extractors.mainframe.file import decode
from extractors.mainframe.plan import plan

PROJECT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("BLUELINE_CONFORMANCE_DATA", PROJECT / "../shared/data")) / "carddemo"
TWINS = {
    "customers": "custdata.txt",
    "accounts": "acctdata.txt",
    "cardxref": "cardxref.txt",
    "transactions": "dailytran.txt",
}
# The two unloads of this account differ: record (from 0), column, EBCDIC, ASCII.
KNOWN_DIFFERENCES = {("accounts", 48, "ZIP"): ("ZEROAPR", "A000000000")}

pytestmark = pytest.mark.skipif(
    not (FOLDER / "ACCTDATA.PS").exists(),
    reason=f"the CardDemo files are not in {FOLDER}; set BLUELINE_CONFORMANCE_DATA to compare with them",
)


@pytest.fixture(scope="module")
def source() -> Source:
    return load_source(PROJECT / "sources" / "carddemo")


def landed(spec: MainframeFile) -> LandedFile:
    path = FOLDER / spec.pattern
    return LandedFile(path, path.name, "0" * 64, path.stat().st_size, spec.name)


def expected(text: str, field: Field) -> str | Decimal | None:
    cell = text[field.offset : field.end]
    if field.kind == "text":
        return cell.rstrip() or None
    sign = 1
    if cell[-1] in "}JKLMNOPQR":
        sign, cell = -1, cell[:-1] + str("}JKLMNOPQR".index(cell[-1]))
    elif cell[-1] in "{ABCDEFGHI":
        cell = cell[:-1] + str("{ABCDEFGHI".index(cell[-1]))
    return sign * Decimal(cell).scaleb(-field.scale)


def differences(source: Source, name: str) -> Iterator[tuple[tuple[str, int, str], tuple[Any, Any]]]:
    spec = source.spec.file(name)
    assert isinstance(spec, MainframeFile)
    [table] = plan(source, spec).tables.values()
    splits = list(decode(source, spec, landed(spec), FileFacts(), batch_rows=64))
    assert sum(split.rejects.num_rows for split in splits) == 0
    rows = pa.Table.from_batches([split.kept for split in splits]).to_pylist()
    lines = (FOLDER / TWINS[name]).read_text(encoding="ascii").splitlines()
    assert len(rows) == len(lines) > 0
    for number, (row, line) in enumerate(zip(rows, lines, strict=True)):
        padded = line.ljust(table.layout.length)  # the twin of a record may end with its last field
        for field in table.layout.fields:
            if row[field.name] != (truth := expected(padded, field)):
                yield (name, number, field.name), (row[field.name], truth)


@pytest.mark.parametrize("name", sorted(TWINS))
def test_every_field_of_every_record_equals_its_twin(source: Source, name: str) -> None:
    found = dict(differences(source, name))
    assert {place: values for place, values in found.items() if KNOWN_DIFFERENCES.get(place) != values} == {}


def test_every_declared_file_is_compared(source: Source) -> None:
    assert {file.name for file in source.spec.files} == set(TWINS)


def test_lineage_leads_back_to_the_bytes(source: Source) -> None:
    spec = source.spec.file("accounts")
    assert isinstance(spec, MainframeFile)
    file = landed(spec)
    [split] = decode(source, spec, file, FileFacts(), batch_rows=1000)
    for row in split.kept.to_pylist():
        raw = read_raw(file, row["byte_offset"], row["byte_length"])
        assert raw[:11].decode("cp037") == row["ACCT-NO"] == str(row["ACCT-ID"]).zfill(11)


def test_balances_add_up_as_in_the_twin(source: Source) -> None:
    """A sum that was taken without this decoder: the twin's amounts, in cents."""
    spec = source.spec.file("transactions")
    assert isinstance(spec, MainframeFile)
    [split] = decode(source, spec, landed(spec), FileFacts(), batch_rows=1000)
    plus, minus = "{ABCDEFGHI", "}JKLMNOPQR"
    total = 0
    for line in (FOLDER / TWINS["transactions"]).read_text(encoding="ascii").splitlines():
        cell = line[132:143]
        total += (
            int(cell[:-1] + str(plus.index(cell[-1])))
            if cell[-1] in plus
            else -int(cell[:-1] + str(minus.index(cell[-1])))
        )
    assert sum(split.kept.column("AMOUNT").to_pylist()) == Decimal(total).scaleb(-2)
