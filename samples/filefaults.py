"""Deliveries with a file that has to stop its source: one kind of fault for each of several regions.

Such a delivery is a copy of the ordinary one in which a single file was spoilt after it was written, as transfers and
operators spoil files.  The pipeline must name the file and the cause, and leave the other sources alone.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from samples.codepages import table
from samples.plan import Plan

_BLOCK = 4 << 20
_KONTO_LENGTH = 73


@dataclass(frozen=True)
class FileFault:
    """A kind of fault.

    Attributes:
        name: As in file_faults.csv and on the command line.
        system: The kind of system whose region gets it (the first such region of the plan).
        file: The file that is spoilt.
        spoil: Does it.
        detail: What was done.
    """

    name: str
    system: str
    file: str
    spoil: Callable[[Path], None]
    detail: str


def _truncate(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(size - size // 7 - 11)


def _lengthen_records(path: Path) -> None:
    length, spare = _KONTO_LENGTH, path.with_suffix(".spoilt")
    with path.open("rb") as source, spare.open("wb") as out:
        while block := source.read(length * 10_000):
            for start in range(0, len(block), length):
                out.write(block[start : start + length] + b"\x40")
    spare.replace(path)


def _change_trailer(path: Path) -> None:
    """The trailer states two digits of the total in the wrong order, as a typist would."""
    with path.open("r+b") as file:
        data = file.seek(-162, 2)
        trailer = bytearray(file.read())
        tail = trailer[11:26]  # the fifteen digits of the total
        first = next(n for n in range(13, 0, -1) if tail[n] != tail[n - 1])
        tail[first], tail[first - 1] = tail[first - 1], tail[first]
        trailer[11:26] = tail
        file.seek(data)
        file.write(trailer)


def _deliver_twice(path: Path) -> None:
    shutil.copyfile(path, path.with_name(f"{path.stem}_2{path.suffix}"))


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _other_code_page(path: Path) -> None:
    """Texts in Mazovia where CP852 is declared: both are DOS pages of Polish, and both decode every byte."""
    swap = np.arange(256, dtype=np.uint8)
    cp852, mazovia = table("cp852"), table("mazovia")
    for letter in "ąćęłńóśźżĄĆĘŁŃÓŚŹŻ":
        swap[cp852[ord(letter)]] = mazovia[ord(letter)]
    spare = path.with_suffix(".spoilt")
    with path.open("rb") as source, spare.open("wb") as out:
        header = source.read(12)
        length = int.from_bytes(header[8:10], "little")
        out.write(header + source.read(length - 12))
        while block := source.read(_BLOCK):
            out.write(swap[np.frombuffer(block, dtype=np.uint8)].tobytes())
    spare.replace(path)


FILE_FAULTS: dict[str, FileFault] = {
    fault.name: fault
    for fault in (
        FileFault("trailer", "fixed_width", "FAKTURY.TXT", _change_trailer, "two digits of the total swapped"),
        FileFault("truncated", "mainframe_variable", "ABONENCI.VB", _truncate, "the file ends inside a record"),
        FileFault("truncated_dbf", "dbf_mazovia", "FAKTURY.DBF", _truncate, "fewer records than the header states"),
        FileFault("record_length", "mainframe_fixed", "KONTO.DAT", _lengthen_records, "every record one byte longer"),
        FileFault("code_page", "dbf_cp852", "ADRES.DBF", _other_code_page, "texts in Mazovia instead of CP852"),
        FileFault("twice", "delimited", "wplaty.csv", _deliver_twice, "the same file under a second name"),
        FileFault("empty", "xml_document", "wplaty.xml", _empty, "a file of no bytes"),
    )
}


def write_faulty(plan: Plan, ordinary: Path, out: Path, kinds: list[str]) -> list[tuple[str, str, str, str]]:
    """Copy an ordinary delivery and spoil a file in one region for each kind.

    Args:
        plan: What the ordinary delivery holds.
        ordinary: Its root.
        out: Root of the copy; it is made anew.
        kinds: Names of `FILE_FAULTS`.

    Returns:
        Region, file, kind and detail of each fault, as written to `truth/file_faults.csv`.
    """
    shutil.rmtree(out, ignore_errors=True)
    for region in plan.regions:
        shutil.copytree(ordinary / region.id, out / region.id)
    shutil.copytree(ordinary / "truth", out / "truth")
    rows = []
    for fault in (FILE_FAULTS[name] for name in kinds):
        region = next(r for r in plan.regions if r.system == fault.system)
        fault.spoil(out / region.id / fault.file)
        rows.append((region.id, fault.file, fault.name, fault.detail))
    with (out / "truth" / "file_faults.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("source_id", "file", "fault", "detail"))
        writer.writerows(rows)
    return rows
