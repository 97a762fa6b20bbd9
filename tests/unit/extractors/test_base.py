"""The sieve and the raw bytes behind a lineage row."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from billing.errors import SourceError, StoreError
from billing.lineage import LINEAGE_NAMES, REJECTS
from extractors.base import LandedFile, Places, Sieve, read_raw, refuse_empty


@pytest.fixture
def landed(tmp_path: Path) -> LandedFile:
    path = tmp_path / "KONTA.DAT"
    path.write_bytes(b"0123456789")
    return LandedFile(path, "KONTA.DAT", "ab" * 32, 10, "konta")


def places(*numbers: int) -> Places:
    at = np.array(numbers, np.int64)
    return Places(at, (at - 1) * 5, np.full(len(at), 5, np.int32))


def test_split_puts_lineage_last_and_leaves_rejected_rows_out(landed: LandedFile) -> None:
    sieve = Sieve("krakow", landed, "konta")
    where = places(1, 2)
    sieve.record(where.at(1), "NUM-PACKED", "SALDO is no packed decimal", b"56789", field="SALDO", value="1234567")
    sieve.attribute(where.at(0), "ENC-UNDECODABLE", "UWAGI is damaged", b"\x01", field="UWAGI")
    split = sieve.split({"NR": pa.array(["a", "b"])}, where, keep=np.array([True, False]))
    assert split.kept.schema.names == ["NR", *LINEAGE_NAMES]
    assert split.kept.to_pylist() == [
        {"NR": "a", "source_id": "krakow", "file_sha256": "ab" * 32, "record_no": 1, "byte_offset": 0, "byte_length": 5}
    ]
    assert split.rejects.schema == REJECTS
    first, second = split.rejects.to_pylist()
    assert (first["record_no"], first["disposition"], first["level"]) == (1, "flagged", "attribute")
    assert (second["record_no"], second["disposition"], second["level"]) == (2, "rejected", "record")
    assert (second["step"], second["entity"], second["value_masked"]) == ("decode", "konta", "12*******")
    assert len(sieve) == 0


def test_read_raw(landed: LandedFile) -> None:
    assert read_raw(landed, 5, 3) == b"567"
    with pytest.raises(StoreError, match="ends 2 bytes too early"):
        read_raw(landed, 8, 4)
    landed.path.unlink()
    with pytest.raises(StoreError, match="cannot be read"):
        read_raw(landed, 0, 1)


def test_an_empty_file_is_refused(landed: LandedFile) -> None:
    refuse_empty("krakow", landed)
    with pytest.raises(SourceError, match="empty"):
        refuse_empty("krakow", LandedFile(landed.path, landed.name, landed.sha256, 0, landed.file))
