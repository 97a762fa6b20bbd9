"""Whatever the format: a record that was rejected for another column than its amount has its amount."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from dbf_bytes import table
from extractor_probe import declare, landed

from extractors.base import FileFacts
from extractors.decode import decode
from pipeline.lost_money import LostMoney

COPYBOOK = """
       01 R.
          05 NR PIC X(4).
          05 TYP PIC 9(2) COMP-3.
          05 SALDO PIC S9(5)V99 COMP-3.
"""
FIXED = [{"name": "NR", "start": 1, "length": 4}, {"name": "SALDO", "start": 5, "length": 7}]
XML = {
    "records": [{"table": "konta", "path": "/konta/konto", "columns": {"NR": "@nr", "SALDO": "saldo"}}],
}
Found = list[tuple[str, str, Decimal | None, str | None]]


def priced(tmp_path: Path, data: bytes, name: str = "konta.dat", **spec: Any) -> tuple[Found, LostMoney]:
    """Reason, disposition, amount and currency of every record that was set aside, and what was counted."""
    (tmp_path / "r.cpy").write_text(COPYBOOK)
    (tmp_path / name).write_bytes(data)
    source = declare([{"name": "konta", "pattern": name, **spec}])
    source = type(source)(source.spec, tmp_path)
    money = LostMoney(source.spec)
    splits = decode(source, source.spec.files[0], landed(tmp_path / name), FileFacts(), batch_rows=2)
    rows = [row for split in splits for row in money.price(split).to_pylist()]
    return [(r["reason"], r["disposition"], r["amount"], r["currency"]) for r in rows if r["level"] == "record"], money


def counted(money: LostMoney, disposition: str = "rejected") -> tuple[int, int, int]:
    """Records and grosze of the accounts, and how many of a raw table stand for them."""
    total = money.totals[disposition]["account", "PLN"]
    return total.records, total.amount, money.placed[disposition].get("konta", 0)


def test_fixed_width(tmp_path: Path) -> None:
    data = b"0001  12,50\n00\x012  -3,00\n0003   1,00\n00\x014   7,\x015\n"
    records = [{"table": "konta", "columns": FIXED}]
    found, money = priced(
        tmp_path, data, format="fixed_width", code_page="iso8859-2", record_length=11, records=records
    )
    assert found == [("ENC-CTRL", "rejected", Decimal("-3.00"), "PLN"), ("ENC-CTRL", "rejected", None, None)]
    assert counted(money) == (1, -300, 2)
    assert money.unreadable["rejected"] == {"ENC-CTRL konta": 1}


def test_a_mainframe_file(tmp_path: Path) -> None:
    def record(nr: str, saldo: str) -> bytes:
        return nr.encode("cp870") + bytes.fromhex("123c") + bytes.fromhex(saldo)

    data = (
        record("0001", "0001250c")
        + bytes([0x0E])
        + record("002", "0000300d")
        + record("0003", "00003x0d".replace("x", "a"))
    )
    found, money = priced(tmp_path, data, format="mainframe", code_page="cp870", copybook="r.cpy", record_format="F")
    assert [f[1:] for f in found] == [("rejected", Decimal("-3.00"), "PLN"), ("rejected", None, None)]
    assert counted(money) == (1, -300, 2)


def test_a_deleted_dbf_record(tmp_path: Path) -> None:
    rows = [(b" ", "1", "a", "12.50", "", "T"), (b"*", "2", "b", "-3.00", "", "T"), (b"*", "3", "c", "x", "", "T")]
    found, money = priced(tmp_path, table(rows), "konta.dbf", format="dbf", code_page="mazovia")
    assert found == [
        ("DBF-DELETED", "suspended", Decimal("-3.00"), "PLN"), ("DBF-DELETED", "suspended", None, None),
    ]  # fmt: skip
    assert counted(money, "suspended") == (1, -300, 2)


def test_deleted_dbf_records_of_a_table_of_their_own_are_not_lost(tmp_path: Path) -> None:
    rows = [(b" ", "1", "a", "12.50", "", "T"), (b"*", "2", "b", "-3.00", "", "T")]
    found, money = priced(tmp_path, table(rows), "konta.dbf", format="dbf", code_page="mazovia", deleted="separate")
    assert found == []
    assert counted(money) == counted(money, "suspended") == (0, 0, 0)


def test_xml_in_batches_that_waited_for_each_other(tmp_path: Path) -> None:
    body = "".join(f"<konto nr='{nr}'><saldo>{n},50</saldo></konto>" for n, nr in enumerate(["1", "2&#127;", "3"]))
    data = f"<?xml version='1.0'?><konta>{body}</konta>".encode()
    found, money = priced(tmp_path, data, "konta.xml", format="xml", **XML)
    assert found == [("ENC-CTRL", "rejected", Decimal("1.50"), "PLN")]
    assert counted(money) == (1, 150, 1)


@pytest.mark.parametrize("page", ["utf-8", "utf-16-le"])
def test_a_file_in_utf_16_says_the_same_as_one_in_utf_8(tmp_path: Path, page: str) -> None:
    data = "NR;SALDO\n1;10,50\n\x012;-3,00\n".encode(page)
    found, money = priced(tmp_path, data, "konta.csv", format="delimited", code_page=page)
    assert found == [("ENC-CTRL", "rejected", Decimal("-3.00"), "PLN")]
    assert counted(money) == (1, -300, 1)


def test_of_several_entities_the_record_bears_the_amount_of_the_first(tmp_path: Path) -> None:
    """An invoice and the VAT of its one rate stand in one legacy record: each in its own total."""
    source = declare([{"name": "konta", "pattern": "f.csv", "format": "delimited", "code_page": "cp1250"}])
    fields: dict[str, dict[str, Any]] = {
        "tax_item": {"invoice_key": "NR", "vat_rate": {"value": "22"}, "net": "NETTO", "vat": "VAT"},
        "invoice": {"invoice_key": "NR", "invoice_no": "NR", "kind": {"value": "invoice"}, "account_key": "NR",
                    "net": "NETTO", "gross": "SALDO",
                    "issued_on": {"value": "2003-01-01", "format": "YYYY-MM-DD"}, "vat": "VAT"},
    }  # fmt: skip
    entities = [
        {"name": name, "from": "konta", "fields": {**rules, "currency": {"value": "PLN"}}}
        for name, rules in fields.items()
    ]
    spec = type(source.spec).model_validate(
        {**source.spec.model_dump(by_alias=True, exclude={"entities"}), "entities": entities}
    )
    (tmp_path / "f.csv").write_bytes(b"NR;NETTO;VAT;SALDO\n1;100;22;122\n2\x01;10;2.20;12.20\n")
    money = LostMoney(spec)
    splits = decode(type(source)(spec, tmp_path), spec.files[0], landed(tmp_path / "f.csv"), FileFacts(), batch_rows=9)
    rows = [row for split in splits for row in money.price(split).to_pylist()]
    assert [(r["entity"], r["amount"]) for r in rows] == [("konta", Decimal("12.20"))]
    totals = money.totals["rejected"]
    assert (totals["invoice", "PLN"].amount, totals["tax_item", "PLN"].amount) == (1220, 220)
    assert money.placed["rejected"] == {"konta": 1}


def test_what_has_to_be_looked_up_is_not_known_before_everything_is_decoded(tmp_path: Path) -> None:
    source = declare([{"name": "konta", "pattern": "f.csv", "format": "delimited", "code_page": "cp1250"}])
    fields = source.spec.entities[0].fields
    looked_up = fields["currency"].model_validate({
        "column": "WAL", "lookup": {"table": "konta", "key": "NR", "take": "WAL"}
    })  # fmt: skip
    mapping = source.spec.entities[0].model_copy(update={"fields": {**fields, "currency": looked_up}})
    spec = source.spec.model_copy(update={"entities": [mapping]})
    (tmp_path / "f.csv").write_bytes(b"NR;WAL;SALDO\n1\x01;PLN;1,00\n")
    money = LostMoney(spec)
    splits = decode(type(source)(spec, tmp_path), spec.files[0], landed(tmp_path / "f.csv"), FileFacts(), batch_rows=9)
    rows = [row for split in splits for row in money.price(split).to_pylist()]
    assert [row["amount"] for row in rows] == [None]
    assert money.totals["rejected"].records_by_entity() == {"account": 1}
    assert money.unreadable["rejected"] == {"ENC-CTRL konta": 1}
