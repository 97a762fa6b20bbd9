"""Elixir-0: small files with every field, and what becomes of records that are not as they should be."""

from decimal import Decimal

import pytest
from extractor_probe import declare, landed

from billing.errors import SourceError
from extractors.base import FileFacts
from extractors.decode import decode

SPEC = {"format": "elixir0", "code_page": "cp1250", "key": "payer_account", "amount": "amount"}
PAYER, PAYEE = "67160000030002000111111001", "28106000349841000123456789"


def order(
    *, kind="110", day="20031031", amount="12345", payer=PAYER, payee=PAYEE, title="FAKTURA 1", code="51",
    who="JAN NOWAK|UL. DŁUGA 1|61-001 POZNAŃ", to="TELEKOMUNIKACJA|W POZNANIU|UL. GŁOGOWSKA 17|60-702 POZNAŃ",
):  # fmt: skip
    parties = f'"{payer}","{payee}","{who}","{to}"'
    return f'{kind},{day},{amount},16000003,0,{parties},0,10600034,"{title}","","","{code}",""\r\n'


def test_every_field_of_an_order(decoded):
    got = decoded(order().encode("cp1250"), **SPEC)
    (row,) = got.rows()
    assert {name: value for name, value in row.items() if value is not None} == {
        "order_no": 1,
        "message_type": "110",
        "payment_date": "2003-10-31",
        "amount": Decimal("123.45"),
        "currency": "PLN",
        "payer_sort_code": "16000003",
        "payer_account": PAYER,
        "payer_name": "JAN NOWAK",
        "payer_address": "UL. DŁUGA 1, 61-001 POZNAŃ",
        "payee_sort_code": "10600034",
        "payee_account": PAYEE,
        "payee_name": "TELEKOMUNIKACJA W POZNANIU",
        "payee_address": "UL. GŁOGOWSKA 17, 60-702 POZNAŃ",
        "title": "FAKTURA 1",
        "transaction_code": "51",
    }
    assert got.raw() == [order().encode("cp1250")]
    assert got.facts.records == 1


@pytest.mark.parametrize("page", ["cp852", "cp1250", "iso8859_2", "utf-8", "mazovia"])
def test_code_pages(decoded, page):
    assert (
        decoded(order().encode(page), **{**SPEC, "code_page": page}).rows()[0]["payer_address"]
        == "UL. DŁUGA 1, 61-001 POZNAŃ"
    )


@pytest.mark.parametrize("kind", ["110", "210", "510"])
def test_orders_of_every_type(decoded, kind):
    assert decoded(order(kind=kind).encode("cp1250"), **SPEC).rows()[0]["message_type"] == kind


def test_empty_fields_without_quotes_and_an_end_of_file_of_dos(decoded):
    data = order().replace('"","","51",""', ",,51,").encode("cp1250") + b"\x1a"
    (row,) = decoded(data, **SPEC).rows()
    assert (row["transaction_code"], row["bank_information"]) == ("51", None)


@pytest.mark.parametrize(
    ("title", "read"),
    [
        ("/TI/N5260250274/OKR/03M10|/SFP/VAT-7|/TXT/ZALICZKA", "/TI/N5260250274/OKR/03M10 /SFP/VAT-7 /TXT/ZALICZKA"),
        ("5260250274|P|20031001|", "5260250274 P 20031001"),
        ("|".join(["A" * 35, "B" * 35, "C" * 35, "D"]), "A" * 35 + "B" * 35 + "C" * 35 + "D"),
    ],
)
def test_titles_of_taxes_and_contributions(decoded, title, read):
    assert decoded(order(title=title, code="71").encode("cp1250"), **SPEC).rows()[0]["title"] == read


def test_a_split_payment_over_lines(decoded):
    title = "/VAT/22,05|/IDC/5260250274|/INV/FV 12/2003|/TXT/TELEFON"
    (row,) = decoded(order(title=title, code="53").encode("cp1250"), **SPEC).rows()
    assert (row["vat_amount"], row["tax_id"], row["invoice_no"]) == (Decimal("22.05"), "5260250274", "FV 12/2003")


def test_a_split_payment(decoded):
    title = "/VAT/22,05/IDC/5260250274/INV/FV 12/2003 |/TXT/TELEFON"
    (row,) = decoded(order(title=title, code="53").encode("cp1250"), **SPEC).rows()
    assert (row["vat_amount"], row["tax_id"], row["invoice_no"]) == (Decimal("22.05"), "5260250274", "FV 12/2003")


@pytest.mark.parametrize(
    ("title", "read"),
    [
        ("FAKTURA NR 123456789 ZA USLUGI TELEF|ONICZNE", "FAKTURA NR 123456789 ZA USLUGI TELEFONICZNE"),
        ("FAKTURA 1|KONTO 2", "FAKTURA 1 KONTO 2"),
    ],
)
def test_lines_of_a_title(decoded, title, read):
    assert decoded(order(title=title).encode("cp1250"), **SPEC).rows()[0]["title"] == read


@pytest.mark.parametrize("amount", ['"123,45"', "12.345", "-100", "", "1" * 16, "١٢"])
def test_an_amount_that_is_no_number_of_grosze_rejects_its_order(decoded, amount):
    page = "utf-8"
    data = (order() + order(amount=amount) + order(amount="1")).encode(page)
    got = decoded(data, **{**SPEC, "code_page": page})
    assert [row["amount"] for row in got.rows()] == [Decimal("123.45"), Decimal("0.01")]
    (reject,) = got.rejects
    assert (reject["reason"], reject["record_no"], reject["field"]) == ("NUM-TEXT", 2, "amount")
    assert reject["raw"] == order(amount=amount).encode(page)


def test_a_day_that_does_not_exist_is_flagged(decoded):
    got = decoded(order(day="20030229").encode("cp1250"), **SPEC)
    assert got.rows()[0]["payment_date"] is None
    assert [(r["reason"], r["disposition"]) for r in got.rejects] == [("DATE-RANGE", "flagged")]


def test_a_record_with_too_few_fields_is_rejected(decoded):
    got = decoded((order() + "110,20031031,1\r\n" + order(amount="2")).encode("cp1250"), **SPEC)
    assert [row["order_no"] for row in got.rows()] == [1, 3]
    assert [(r["reason"], r["raw"]) for r in got.rejects] == [("REC-COLUMNS", b"110,20031031,1\r\n")]
    assert got.facts.records == 3


def test_a_cut_file_stops(decoded):
    with pytest.raises(SourceError, match="truncated"):
        decoded((order() + order()[:40]).encode("cp1250"), **SPEC)


def test_accounts_are_masked_where_people_read(decoded):
    got = decoded(order(amount="x").encode("cp1250"), **SPEC)
    assert not any(PAYER[2:10] in (r["message"] + (r["value_masked"] or "")) for r in got.rejects)


def test_batches_are_one_table(decoded):
    data = "".join(order(amount=str(n)) for n in range(1, 301)).encode("cp1250")
    got = decoded(data, batch_rows=50, **SPEC)
    assert [row["amount"] for row in got.rows()] == [Decimal(n).scaleb(-2) for n in range(1, 301)]
    assert [row["order_no"] for row in got.rows()] == list(range(1, 301))


def test_an_order_that_is_set_aside_takes_its_money_along(tmp_path):
    path = tmp_path / "orders.pli"
    damaged = PAYER[:-1] + "\x01"
    twice = order(payer=damaged, amount="5O0", day="20030230")
    lines = [order(), order(payer=damaged, amount="500"), twice, order(amount="x")]
    path.write_bytes("".join(lines).encode("cp1250"))
    files = [{"name": "konta", "pattern": "*.pli", "format": "elixir0", "code_page": "cp1250"}]
    source = declare(files, key="payer_account", amount="amount")
    splits = list(decode(source, source.spec.file("konta"), landed(path), FileFacts(), batch_rows=10))
    [split] = splits
    assert split.kept.num_rows == 1 and split.lost is not None
    assert split.lost.rows.schema == split.kept.schema
    assert split.lost.rows.column("record_no").to_pylist() == [2, 3, 4]
    assert split.lost.rows.column("amount").to_pylist() == [5, None, None]
    assert split.lost.unread == {2: {"payer_account"}, 3: {"payer_account", "amount", "payment_date"}, 4: {"amount"}}
    assert [r["reason"] for r in split.rejects.to_pylist()] == ["ENC-CTRL", "ENC-CTRL", "NUM-TEXT"]
