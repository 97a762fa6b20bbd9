"""Packed deliveries are unpacked while they are landed, and never trusted."""

import gzip
import os
import time
import zipfile

import pyarrow as pa
import pytest
from extractor_probe import declare

from billing.errors import SourceError, SourceUnavailable
from billing.registry import Source
from extractors.delivery.landing import land

TEXT = {"name": "konta", "format": "delimited", "code_page": "cp1250"}
DATA = b"NR;SALDO\n1;2,00\n" * 500


@pytest.fixture
def delivery(tmp_path):
    folder = tmp_path / "deliveries" / "probe"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def landed(tmp_path, delivery):
    def make(delivery_keys=None, **spec):
        probe = declare([{**TEXT, **spec}])
        if delivery_keys:
            changed = probe.spec.delivery.model_copy(update=delivery_keys)
            probe = Source(probe.spec.model_copy(update={"delivery": changed}), probe.folder)
        found = land(probe, tmp_path / "deliveries", tmp_path / "in")
        assert not list((tmp_path / "in").glob(".landing-*"))
        return [(f.name, f.path.read_bytes()) for f in found]

    return make


def zstd(path, data):
    with pa.CompressedOutputStream(str(path), "zstd") as out:
        out.write(data)


def packed_zip(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)


def test_one_stream(delivery, landed):
    (delivery / "konta.csv.gz").write_bytes(gzip.compress(DATA[:100]) + gzip.compress(DATA[100:]))
    assert landed(pattern="konta.csv.gz") == [("konta.csv.gz/konta.csv", DATA)]
    zstd(delivery / "konta.csv.ZST", DATA)
    assert landed(pattern="*.ZST") == [("konta.csv.ZST/konta.csv", DATA)]


def test_an_archive_of_one_file_and_members_by_pattern(delivery, landed):
    packed_zip(delivery / "a.zip", [("2003/konta.csv", DATA)])
    assert landed(pattern="a.zip") == [("a.zip/konta.csv", DATA)]
    packed_zip(delivery / "b.zip", [("y/k2.csv", b"22"), ("x/k1.csv", b"1"), ("inne.txt", b"?")])
    assert landed(pattern="b.zip", member="k*.csv") == [("b.zip/k1.csv", b"1"), ("b.zip/k2.csv", b"22")]
    with pytest.raises(SourceError, match=r"holds 3 files, not one: y/k2\.csv, x/k1\.csv, inne\.txt.*`member`"):
        landed(pattern="b.zip")
    with pytest.raises(SourceError, match=r"no file that 'z\*' matches"):
        landed(pattern="b.zip", member="z*")


@pytest.mark.parametrize("name", ["../../evil.csv", "/etc/evil.csv", "..\\..\\evil.csv", "C:\\evil.csv"])
def test_no_name_leads_out(delivery, landed, tmp_path, name):
    packed_zip(delivery / "a.zip", [(name, b"1")])
    before = {p for p in tmp_path.rglob("*") if "in" not in p.relative_to(tmp_path).parts}
    [(called, data)] = landed(pattern="a.zip")
    assert (called, data) == ("a.zip/evil.csv", b"1")
    assert {p for p in tmp_path.rglob("*") if "in" not in p.relative_to(tmp_path).parts} == before


def test_what_unpacks_to_too_much_is_refused(delivery, landed):
    (delivery / "bomb.gz").write_bytes(gzip.compress(b"\0" * (3 << 20)))
    packed_zip(delivery / "bomb.zip", [("a.csv", b"\0" * (1 << 20)), ("b.csv", b"\0" * (1 << 20) + b"1")])
    for pattern, member in (("bomb.gz", None), ("bomb.zip", "*.csv")):
        with pytest.raises(SourceError, match="holds more than 2 MiB when unpacked"):
            landed({"max_unpacked_mb": 2}, pattern=pattern, member=member)
    assert len(landed({"max_unpacked_mb": 3}, pattern="bomb.zip", member="*.csv")) == 2


def test_damaged_archives_are_named(delivery, landed):
    whole = gzip.compress(os.urandom(50_000))
    packed_zip(delivery / "whole.zip", [("a.csv", os.urandom(50_000))])
    archive = (delivery / "whole.zip").read_bytes()
    zstd(delivery / "whole.zst", os.urandom(50_000))
    frame = (delivery / "whole.zst").read_bytes()
    wrong = bytearray(archive)
    wrong[25_000] ^= 1
    for name, data in (
        ("cut.gz", whole[:-20]), ("no.gz", b"NR;SALDO"), ("cut.zip", archive[:-30]), ("crc.zip", wrong),
        ("no.zst", b"NR;SALDO"), ("cut.zst", frame[:-20]),
    ):  # fmt: skip
        (delivery / name).write_bytes(data)
        with pytest.raises(SourceError, match=rf"{name}.*cannot be unpacked"):
            landed(pattern=name)


def test_an_encrypted_member_and_a_link_are_refused(delivery, landed):
    packed_zip(delivery / "a.zip", [("a.csv", b"1")])
    data = bytearray((delivery / "a.zip").read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (delivery / "locked.zip").write_bytes(data)
    with pytest.raises(SourceError, match="is encrypted"):
        landed(pattern="locked.zip")
    link = zipfile.ZipInfo("a.csv")
    link.external_attr = 0o120777 << 16
    packed_zip(delivery / "link.zip", [(link, b"/etc/passwd")])
    with pytest.raises(SourceError, match="is a symbolic link"):
        landed(pattern="link.zip")


def test_the_same_content_packed_twice_is_one_file_too_many(delivery, landed):
    (delivery / "a.csv.gz").write_bytes(gzip.compress(DATA))
    (delivery / "b.csv.gz").write_bytes(gzip.compress(DATA, compresslevel=1))
    with pytest.raises(SourceError, match="the same content"):
        landed(pattern="*.gz")


@pytest.mark.parametrize("form", ["gz", "zip"])
def test_memos_come_along(delivery, tmp_path, form):
    if form == "gz":
        (delivery / "ABON.DBF.gz").write_bytes(gzip.compress(b"table"))
        (delivery / "abon.dbt.gz").write_bytes(gzip.compress(b"memo"))
    else:
        packed_zip(delivery / "ABON.zip", [("D/ABON.DBF", b"table"), ("D/abon.dbt", b"memo"), ("abon.dbt", b"other")])
    probe = declare([{"name": "konta", "format": "dbf", "code_page": "mazovia", "pattern": f"ABON*{form}"}])
    [file] = land(probe, tmp_path / "deliveries", tmp_path / "in")
    assert file.path.read_bytes() == b"table"
    assert (file.path.parent / "abon.dbt").read_bytes() == b"memo"


def test_a_delivery_that_is_not_finished_is_left_for_later(delivery, landed):
    (delivery / "konta.csv").write_bytes(DATA)
    with pytest.raises(SourceUnavailable, match="'KONIEC\\*', which is written last, is not there"):
        landed({"ready": "KONIEC*"}, pattern="konta.csv")
    (delivery / "KONIEC.TXT").touch()
    assert len(landed({"ready": "KONIEC*"}, pattern="konta.csv")) == 1
    with pytest.raises(SourceUnavailable, match="somebody is still writing it"):
        landed({"quiet_seconds": 60}, pattern="konta.csv")
    old = time.time() - 61
    os.utime(delivery / "konta.csv", (old, old))
    assert len(landed({"quiet_seconds": 60}, pattern="konta.csv")) == 1
