"""The sample regions' subscribers and addresses, normalised: decode, conform and normalise without store or gates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from billing.model import ENTITIES, normalised_schema
from billing.registry import Source, load_registry
from extractors.base import FileFacts
from extractors.decode import decode
from extractors.delivery.landing import land
from transforms.conform import Lookups, conform
from transforms.normalise import normalise

SOURCES = Path(__file__).parents[2] / "sources"
WANTED = ("subscriber", "address")


def normalise_samples(
    deliveries: Path, into: Path, regions: Sequence[str] | None = None, sources: Path = SOURCES
) -> dict[str, list[str]]:
    """Write one Parquet file a source and entity below `into`; of rows with one key, the first is kept.

    Args:
        deliveries: Root of the deliveries, one folder a region.
        into: Folder for landed files and results.
        regions: Sources to take; default: all that have a delivery there.
        sources: Root of the source specs.

    Returns:
        Entity -> names of its files.
    """
    registry = load_registry(sources)
    chosen = regions or sorted(name for name in registry if (deliveries / name).is_dir())
    files: dict[str, list[str]] = {entity: [] for entity in WANTED}
    for name in chosen:
        for entity, path in _normalise_source(registry[name], deliveries, into).items():
            files[entity].append(str(path))
    return files


def _normalise_source(source: Source, deliveries: Path, into: Path) -> dict[str, Path]:
    raw: dict[str, list[pa.RecordBatch]] = {}
    landing = into / "landed" / source.id
    landing.mkdir(parents=True, exist_ok=True)
    for landed in land(source, deliveries, landing):
        spec = source.spec.file(landed.file)
        needed = {m.table for entity in WANTED for m in source.spec.maps(entity)} | _looked_up(source)
        if needed.isdisjoint(spec.tables):
            continue
        for split in decode(source, spec, landed, FileFacts(), batch_rows=65_536):
            if split.table in needed:
                raw.setdefault(split.table, []).append(split.kept)
    lookups = Lookups.of(source.spec)
    for table, columns in lookups.needed().items():
        for batch in raw.get(table, []):
            lookups.add(table, batch.select(columns))
    return {entity: _write(source, entity, raw, lookups, into) for entity in WANTED if source.spec.maps(entity)}


def _looked_up(source: Source) -> set[str]:
    rules = [rule for entity in WANTED for m in source.spec.maps(entity) for rule in m.fields.values()]
    return {rule.lookup.table for rule in rules if rule.lookup}


def _write(source: Source, entity: str, raw: dict[str, list[pa.RecordBatch]], lookups: Lookups, into: Path) -> Path:
    batches: list[pa.RecordBatch] = []
    for mapping in source.spec.maps(entity):
        for batch in raw.get(mapping.table, []):
            batches.append(normalise(source.spec, entity, conform(source.spec, mapping, batch, lookups).kept).kept)
    table = _first_of_each_key(pa.Table.from_batches(batches, schema=normalised_schema(entity)), ENTITIES[entity].key)
    path = into / f"{source.id}.{entity}.parquet"
    pq.write_table(table, path)
    return path


def _first_of_each_key(table: pa.Table, key: Iterable[str]) -> pa.Table:
    rows = pa.array(range(table.num_rows), pa.int64())
    first = table.append_column("row", rows).group_by(list(key)).aggregate([("row", "min")])["row_min"]
    return table.take(first.sort())
