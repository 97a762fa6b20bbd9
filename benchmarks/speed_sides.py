"""The two sides of the benchmark of the decoders, each run in a process of its own: ours, and its peer.

Prints one line of JSON: records, seconds of wall time and of processor time, and the peak memory of the process.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import speed_files as files

BATCH_ROWS = 65_536
KEY = {"xml": "NR", "mainframe": "T000", "mainframe-rdw": "NR"}


def ours(form: str, path: Path) -> int:
    """Decode a file; every batch is let go at once, as the pipeline does after writing it."""
    from billing.registry import Source
    from billing.spec import SourceSpec
    from extractors.base import FileFacts, LandedFile
    from extractors.decode import decode

    spec = _file_spec(form, path)
    key = KEY.get(form, "NR")
    table = "konto_c" if form == "mainframe-rdw" else "konto"
    source = Source(
        SourceSpec.model_validate({
            "id": "bench", "title": "Bench", "system": "none", "delivery": {"extracted_on": "2003-12-31"},
            "files": [spec],
            "entities": [{"name": "subscriber", "from": table, "fields": {"subscriber_key": key, "name": key}}],
        }),
        path.parent,
    )  # fmt: skip
    landed = LandedFile(path, path.name, "0" * 64, path.stat().st_size, "konto")
    facts = FileFacts()
    seen = 0
    for split in decode(source, source.spec.file("konto"), landed, facts, batch_rows=BATCH_ROWS):
        seen += split.kept.num_rows
        assert split.rejects.num_rows == 0
    assert seen == facts.records
    return seen


def _file_spec(form: str, path: Path) -> dict[str, Any]:
    base = {"name": "konto", "pattern": path.name}
    if form == "delimited":
        return {**base, "format": "delimited", "code_page": files.CODE_PAGE}
    if form == "fixed":
        columns, start = [], 1
        for name, width in files.COLUMNS.items():
            columns.append({"name": name, "start": start, "length": width})
            start += width
        return {
            **base, "format": "fixed_width", "code_page": files.CODE_PAGE, "record_length": files.RECORD_LENGTH,
            "records": [{"table": "konto", "columns": columns}],
        }  # fmt: skip
    if form == "xml":
        columns = {name: name.lower() for name in files.COLUMNS} | {"NR": "@nr"}
        return {**base, "format": "xml", "records": [
            {"table": "konto", "path": "/region/konta/konto", "columns": columns}
        ]}  # fmt: skip
    if form == "dbf":
        return {**base, "format": "dbf", "code_page": "cp852"}
    copybook = path.with_suffix(".cpy")
    if form == "mainframe":
        copybook.write_text(files.wide_copybook())
        return {**base, "format": "mainframe", "copybook": copybook.name, "record_format": "F"}
    copybook.write_text(files.SEGMENTS_COPYBOOK)
    return {
        **base, "format": "mainframe", "copybook": copybook.name, "record_format": "V",
        "segments": {
            "field": "TYP", "map": {"C": "konto_c", "P": "konto_p"},
            "groups": {"konto_c": "FIRMA", "konto_p": "KONTAKT"},
        },
    }  # fmt: skip


def pyarrow_csv(path: Path, *, threads: bool = False) -> int:
    """pyarrow.csv as a stream of batches of texts, on one core."""
    import pyarrow as pa
    from pyarrow import csv

    reader = csv.open_csv(
        path,
        csv.ReadOptions(encoding=files.CODE_PAGE, use_threads=threads, block_size=8 << 20),
        csv.ParseOptions(delimiter=";", newlines_in_values=True),
        csv.ConvertOptions(column_types=dict.fromkeys(files.COLUMNS, pa.string()), strings_can_be_null=True),
    )
    return sum(batch.num_rows for batch in reader)


def lxml_iterparse(path: Path) -> int:
    """The loop that programs write: a dictionary for each element, which is then cleared."""
    from lxml import etree

    seen = 0
    for _, element in etree.iterparse(path, tag="konto"):
        row = {child.tag: child.text for child in element}
        row["nr"] = element.get("nr")
        assert len(row) == len(files.COLUMNS)
        seen += 1
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
    return seen


def dbfread_records(path: Path) -> int:
    """dbfread, a record at a time."""
    from dbfread import DBF

    return sum(1 for _ in DBF(path, encoding="cp852", load=False))


# format -> name of the peer, what it reads, and how
PEERS: dict[str, tuple[str, str, Callable[[Path], int]]] = {
    "delimited": ("pyarrow.csv", "delimited", pyarrow_csv),
    "fixed": ("pyarrow.csv of the same rows", "delimited", pyarrow_csv),
    "xml": ("lxml.etree.iterparse", "xml", lxml_iterparse),
    "dbf": ("dbfread", "dbf", dbfread_records),
}


def peak_bytes() -> int:
    """Most memory that this process ever held; a child's rusage would count its parent's."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def main() -> None:
    side, form, path = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    read: Callable[[Path], int] = PEERS[form][2] if side == "peer" else lambda where: ours(form, where)
    if side == "ours":
        import extractors.decode  # noqa: F401 - imported before the clock starts
    else:
        import pyarrow.csv  # noqa: F401 - imported before the clock starts
    wall, processor = time.perf_counter(), time.process_time()
    records = read(path)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(json.dumps({"records": records, "wall": wall, "processor": processor, "peak": peak_bytes()}))


if __name__ == "__main__":
    main()
