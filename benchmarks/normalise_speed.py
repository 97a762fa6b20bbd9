"""The normalisers on millions of subscribers, beside the same rules written row by row with pandas.

    python benchmarks/normalise_speed.py 5000000            # subscribers, each with an address
    python benchmarks/normalise_speed.py 500000 --processes 1

One process a partition reads its conformed Parquet files, normalises them and writes the result, as the step of the
pipeline does; the clock runs from the first read to the last write of the slowest process, generation excluded.  The
baseline applies the same per-value functions (`read_name`, `read_pesel`, `read_phone` ...) with pandas, in one process,
to the first rows of the same data; it is measured on a sample (`--sample`) and the printed time for all rows is
extrapolated from it.  The ratio is one of CPU times, so that a second process is no advantage and a busy machine no
excuse; what the columns cost includes reading and writing Parquet.  Both must give the same values and statuses, or
the benchmark fails.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

import legacy_people
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from billing.model import normalised_schema
from billing.spec import SourceSpec
from pipeline.store import parquet_writer
from transforms.addresses import read_address
from transforms.documents import read_document
from transforms.emails import read_email
from transforms.identifiers import SWAPPABLE, read_nip, read_pesel, read_regon, swap_that_agrees
from transforms.localities import postal_district, read_postal_code
from transforms.name_order import sex_of
from transforms.names import read_name
from transforms.normalise import normalise
from transforms.phones import read_phone
from transforms.voivodeships import read_voivodeship

EXTRACTED_ON = dt.date(2003, 9, 30)
SPEC = SourceSpec.model_validate({
    "id": "bench", "title": "Bench", "system": "none", "zone": str(legacy_people.ZONE),
    "delivery": {"extracted_on": EXTRACTED_ON},
    "files": [{"name": "S", "pattern": "*", "format": "delimited", "code_page": "cp1250"}],
})  # fmt: skip
COMPARED = {
    "subscriber": ["first_name", "last_name", "company_name", "name_status", "first_name_key", "last_name_key", "pesel",
                   "pesel_status", "sex", "nip", "nip_status", "document", "document_status", "phone",
                   "phone_extension", "phone_status", "email", "email_status", "regon_status"],
    "address": ["street_type", "street_name", "street_rest", "building", "flat", "locality", "address_status",
                "street_key", "locality_key", "postal_code", "postal_code_status", "voivodeship_before_1999"],
}  # fmt: skip


def _partition(job: tuple[str, int, int]) -> dict[str, Path]:
    folder, part, rows = job
    return legacy_people.write(Path(folder), part, rows)


def _run(paths: dict[str, Path]) -> tuple[float, float, float, int]:
    """Normalise a partition; answers with start, end, CPU seconds and peak KiB."""
    start, cpu = time.time(), time.process_time()
    for entity, path in paths.items():
        target = path.with_suffix(".done")
        with pq.ParquetFile(path) as file, contextlib.ExitStack() as stack:
            writer = None
            for batch in file.iter_batches(batch_size=legacy_people.BATCH):
                kept = normalise(SPEC, entity, batch).kept
                if writer is None:
                    writer = stack.enter_context(parquet_writer(target, normalised_schema(entity), kept))
                writer.write_batch(kept)
    return start, time.time(), time.process_time() - cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


# --- the baseline ------------------------------------------------------------------------------------------------


def _subscriber_row(row: pd.Series) -> list[str | None]:
    name = read_name(row["name"] or "")
    pesel, born = read_pesel(row["pesel"] or "", EXTRACTED_ON), row["birth_date"]
    number, status = pesel.value, pesel.status
    if number and pesel.birth_date != born:
        status = "suspect"
    elif number is None and pesel.rule in SWAPPABLE and (swapped := swap_that_agrees(row["pesel"], born)):
        pesel = read_pesel(swapped, EXTRACTED_ON)
        number, status = (swapped, "repaired") if pesel.status == "ok" else (None, status)
    if number and name.first_name_key:
        sex_of(name.first_name_key)  # the comparison of the sexes is a note, no status
    nip, regon, mail = read_nip(row["nip"] or ""), read_regon(""), read_email(row["email"] or "")
    document = read_document(row["document"] or "")
    phone = read_phone(row["phone"] or "", str(legacy_people.ZONE))
    return [
        name.first_name, name.last_name, name.company_name, name.status, name.first_name_key, name.last_name_key,
        number, status, pesel.sex if number else None, nip.value, nip.status, document.number,
        _status_of(document.rule), phone.e164, phone.extension, phone.status, mail.value, mail.status, regon.status,
    ]  # fmt: skip


def _status_of(rule: str) -> str:
    from transforms.rules import RULES

    return RULES[rule].status


def _address_row(row: pd.Series) -> list[str | None]:
    address = read_address(row["street"] or "", row["house"] or "", "", row["city"] or "")
    code = read_postal_code(row["postal_code"] or "")
    postal_district(address.locality_key or "")
    voivodeship = read_voivodeship(row["voivodeship"] or "", address.locality_key or "")
    return [*address[:9], code.value, code.status, voivodeship.before_1999]


def _baseline(paths: dict[str, Path], sample: int) -> tuple[float, dict[str, pd.DataFrame]]:
    """CPU seconds of pandas `apply` over the first rows, and its results."""
    seconds, results = 0.0, {}
    for entity, rule in (("subscriber", _subscriber_row), ("address", _address_row)):
        batch = next(pq.ParquetFile(paths[entity]).iter_batches(batch_size=sample))
        frame = batch.to_pandas(date_as_object=True).astype(object)
        frame = frame.where(frame.notna(), None)
        start = time.process_time()
        results[entity] = frame.apply(rule, axis=1, result_type="expand")
        seconds += time.process_time() - start
    return seconds, results


def _compare(paths: dict[str, Path], sample: int, results: dict[str, pd.DataFrame]) -> int:
    """Values that both ways gave; the first one that differs ends the benchmark."""
    compared = 0
    for entity, frame in results.items():
        done = next(pq.ParquetFile(paths[entity].with_suffix(".done")).iter_batches(batch_size=sample))
        for at, name in enumerate(COMPARED[entity]):
            ours, theirs = done.column(name).to_pylist(), frame[at].tolist()
            for row, (a, b) in enumerate(zip(ours, theirs, strict=True)):
                if a != (None if pd.isna(b) else b):
                    sys.exit(f"{entity}.{name} differs in row {row}: {a!r} by columns, {b!r} by pandas")
            compared += len(ours)
    return compared


def main() -> None:
    """Generate, run both, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="?", type=int, default=500_000, help="subscribers (default 500000)")
    parser.add_argument("--processes", type=int, default=2, help="one partition each (default 2)")
    parser.add_argument("--sample", type=int, default=20_000, help="rows of the baseline (default 20000)")
    options = parser.parse_args()
    share = -(-options.rows // options.processes)
    sample = min(options.sample, share, legacy_people.BATCH)
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        with context.Pool(options.processes) as pool:
            parts = pool.map(_partition, [(folder, n, share) for n in range(options.processes)])
        with context.Pool(options.processes) as pool:  # new processes: their memory is that of the rules alone
            runs = pool.map(_run, parts, chunksize=1)
        seconds = max(end for _, end, _, _ in runs) - min(start for start, _, _, _ in runs)
        rows, cpu, peak = share * options.processes, sum(r[2] for r in runs), sum(r[3] for r in runs) / 1024
        slow, results = _baseline(parts[0], sample)
        compared = _compare(parts[0], sample, results)
    print(f"{rows:,} subscribers and their addresses, {options.processes} processes, pyarrow {pa.__version__}")
    print(f"by columns      {seconds:8.1f} s, CPU {cpu:8.1f} s, peak of all processes {peak:,.0f} MiB")
    whole = slow / sample * rows
    print(f"pandas by row   CPU {whole:,.1f} s, extrapolated from {slow:.1f} s for {sample:,} rows in one process")
    print(f"ratio           {whole / cpu:8.1f} in CPU time; {compared:,} values compared, all equal")


if __name__ == "__main__":
    main()
