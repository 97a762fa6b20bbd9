"""The store shows whole results or none, and says what to do when it cannot write."""

import json
import os
from pathlib import Path

import pyarrow as pa
import pytest

from billing.errors import StoreError
from pipeline.store import Manifest, Store, TableWriter, read_batches

REF = "decode/krakow/abc"


@pytest.fixture
def store(tmp_path):
    return Store(str(tmp_path / "store"))


def write(store, ref=REF):
    step, scope, address = ref.split("/")
    with store.attempt(ref) as attempt:
        attempt.writer("t").write(pa.table({"a": [1, 2]}))
        attempt.writer("t").write(pa.table({"a": [3]}))
        store.commit(Manifest(step, scope, address, tables=attempt.close()))


def test_what_was_committed_is_found_again(store):
    write(store)
    manifest = store.manifest(REF)
    rows = [b.to_pydict()["a"] for b in read_batches(store, manifest.tables["t"], 2)]
    assert manifest.tables["t"].rows == 3
    assert [a for batch in rows for a in batch] == [1, 2, 3]


def test_a_step_that_was_not_done_is_not_found(store):
    assert store.find(REF) is None
    with pytest.raises(StoreError, match="not in the store"):
        store.manifest(REF)


def test_an_attempt_that_fails_leaves_nothing(store, tmp_path):
    with pytest.raises(ZeroDivisionError), store.attempt(REF) as attempt:
        attempt.writer("t").write(pa.table({"a": [1]}))
        raise ZeroDivisionError
    assert not list((tmp_path / "store").rglob("*.parquet"))
    assert store.find(REF) is None


def test_files_of_a_killed_attempt_are_removed_by_the_next(store, tmp_path):
    pid = os.fork()
    if pid == 0:  # the child writes a part and dies as kill -9 would have it: no clean-up of any kind
        manager = store.attempt(REF)
        attempt = manager.__enter__()
        attempt.writer("t").write(pa.table({"a": [1]}))
        os._exit(9)
    os.waitpid(pid, 0)
    assert list((tmp_path / "store").rglob("*.parquet")), "the killed attempt has left a file"
    assert store.find(REF) is None
    write(store)
    assert len(list((tmp_path / "store").rglob("*.parquet"))) == 1
    assert store.manifest(REF).tables["t"].rows == 3


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_said_to_be_one(store):
    folder = Path(store.root) / "steps"
    folder.mkdir(parents=True)
    (folder / "t.parquet").symlink_to("/dev/full")
    writer = TableWriter(store, "steps/t.parquet", None)
    with pytest.raises(StoreError, match="no space is left") as caught:
        writer.write(pa.table({"a": list(range(500_000))}))
        writer.close()
    assert "BLUELINE_STORE" in caught.value.remedy


def test_a_damaged_manifest_names_its_file(store):
    write(store)
    path = next(Path(store.root).rglob("manifest.json"))
    path.write_text(path.read_text()[:40])
    with pytest.raises(StoreError, match="damaged manifest") as caught:
        store.find(REF)
    assert str(path) in str(caught.value)


def test_a_pointer_is_replaced_as_a_whole(store):
    store.set_state("outcome/krakow", {"status": "running"})
    store.set_state("outcome/krakow", {"status": "published"})
    assert store.state("outcome/krakow") == {"status": "published"}
    assert [p.name for p in (Path(store.root) / "state/outcome").iterdir()] == ["krakow.json"]


def test_a_manifest_survives_json():
    manifest = Manifest("a", "b", "c", inputs=("x",), totals={"read": {"invoice": {"PLN": {"records": 1}}}})
    assert Manifest.from_json(manifest.to_json()) == manifest
    assert json.loads(manifest.to_json())["inputs"] == ["x"]


def test_an_object_store_serves_as_well():
    store = Store("memory://blueline-test")
    write(store)
    manifest = store.manifest(REF)
    assert [b.num_rows for b in read_batches(store, manifest.tables["t"], 10)] == [3]
