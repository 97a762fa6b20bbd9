from __future__ import annotations

import pyarrow as pa

from loaders.people import edges, identifications, identifier_hash, losers
from loaders.stage import Numbers

_LOST = pa.list_(pa.struct([(n, pa.string()) for n in ("source_id", "subscriber_key", "value")]))


def test_hash_depends_on_key_kind_and_value() -> None:
    hashes = {identifier_hash(k, kind, v) for k in (b"1", b"2") for kind in ("pesel", "nip") for v in ("1", "2")}
    assert len(hashes) == 8
    assert {len(h) for h in hashes} == {32}


def test_identifiers_of_a_party_become_rows() -> None:
    parties = pa.RecordBatch.from_pylist(
        [
            {
                "cluster_key": "a",
                "pesel": "44051401458",
                "nip": None,
                "regon": "123456785",
                "krs": "0000012345",
                "document": None,
            },
            {"cluster_key": "b", "pesel": None, "nip": None, "regon": None, "krs": None, "document": None},
        ]
    )
    rows = identifications(b"k")(parties, Numbers({})).to_pylist()
    assert [(r["cluster_key"], r["kind"], r["value_masked"]) for r in rows] == [
        ("a", "pesel", "44*******"), ("a", "regon", "12*******"), ("a", "krs", "00*******"),
    ]  # fmt: skip
    assert rows[0]["value_hash"] == "\\x" + identifier_hash(b"k", "pesel", "44051401458").hex()


def test_losing_values_of_sliced_and_empty_lists() -> None:
    one = {"source_id": "s", "subscriber_key": "1", "value": "12345"}
    lost = pa.array([[one], [], None, [one, {**one, "subscriber_key": "2"}]], _LOST)
    secret = pa.array([False, False, False, True])
    assert losers(lost, secret).to_pylist() == ["s:1=12345", "", "", "s:1=12*******; s:2=12*******"]
    assert losers(lost.slice(3), secret.slice(3)).to_pylist() == ["s:1=12*******; s:2=12*******"]


def test_weights_become_one_text() -> None:
    batch = pa.RecordBatch.from_pylist(
        [
            {
                "left_source_id": "s",
                "right_source_id": "s",
                "weight_pesel": 9.512,
                "weight_name": 0.0,
                "weight_city": -2.0,
            }
        ]
    )
    assert edges(batch, Numbers({"s": 1}))["weights"].to_pylist() == ["pesel=9.51 city=-2"]
