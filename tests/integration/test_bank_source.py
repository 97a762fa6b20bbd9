"""A bank's statements become payments of accounts by declaration alone: extractor and conform, nothing else."""

from __future__ import annotations

import datetime as dt
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from bank_declaration import bank_declaration

from billing.registry import Source
from billing.spec import SourceSpec
from extractors.base import FileFacts
from extractors.decode import decode
from extractors.delivery.landing import land
from transforms.conform import Lookups, conform

ACCOUNT_OF = '{ column = "virtual_account", lookup = { table = "konta", key = "NRB", take = "KONTO" } }'
CREDITS = 'where = [{ column = "mark", equals = ["C", "RC"] }, { column = "virtual_account", not_blank = true }]'
OTHERS = """
[[files]]
name = "zlecenia"
format = "elixir0"
pattern = "*.pli"
code_page = "cp852"

[[files]]
name = "camt"
format = "camt053"
pattern = "*.xml"

[[files]]
name = "konta"
format = "delimited"
pattern = "konta.csv"
code_page = "cp852"

[[entities]]
name = "payment"
from = "zlecenia"
[entities.fields]
payment_key = { columns = ["payment_date", "order_no"], join = "/", prefix = "E-" }
account_key = { column = "payee_account", lookup = { table = "konta", key = "NRB", take = "KONTO" } }
paid_on = { column = "payment_date", format = "YYYY-MM-DD" }
currency = "currency"
amount = "amount"
channel = { value = "bank" }
title = "title"
payer_bank_account = "payer_account"

[[entities]]
name = "payment"
from = "camt_transactions"
where = [{ column = "status", equals = ["BOOK"] }]
[entities.fields]
payment_key = { columns = ["statement_id", "entry_no", "transaction_no"], join = "/", prefix = "C-" }
account_key = { column = "creditor_account", lookup = { table = "konta", key = "NRB", take = "KONTO" } }
paid_on = { column = "booking_date", format = "YYYY-MM-DD" }
currency = "currency"
amount = "amount"
channel = { value = "bank" }
title = "title"
payer_bank_account = "debtor_account"
"""
DECLARED = bank_declaration(
    ACCOUNT_OF, source="bank", code_page="cp852", of_file=['subfields = { virtual_account = ["61"] }'],
    key=["statement_reference", "statement_no", "page_no", "entry_no"],
    of_payment=[
        CREDITS, 'booked_on = { column = "entry_date", format = "YYYY-MM-DD" }', 'channel = { value = "bank" }',
        'title = "title"', 'payer_bank_account = "counterparty_account"',
    ],
    rest=OTHERS,
)  # fmt: skip

KONTA = "NRB;KONTO\r\nVA0001;K-1\r\nVA0002;K-2\r\n"
WYCIAG = """:20:ST031031
:25:PL67160000030002000111111001
:28C:8/1
:60F:C031030PLN100,00
:61:0311031103C70,05NTRFNONREF//BR001
:86:020~00PRZELEW~20FAKTURA FV/1/2003 ZA~21 TELEFON~3128106000349841000123456789~32JAN ŁOŚ~61VA0001
:61:0311031103D20,00NCHGNONREF//BR002
:86:PROWIZJA
:61:0311031103RC10,05NTRFNONREF//BR003
:86:020~00ZWROT~20FAKTURA FV/1/2003~61VA0001
:61:0311031103C5,00NTRFNONREF//BR004
:86:020~20NIEZNANE KONTO~61VA0009
:62F:C031103PLN145,00
-
:20:ST031104
:25:PL67160000030002000111111001
:28C:9/1
:60F:C031103PLN145,00
:61:0311041104C30,00NTRFNONREF//BR005
:86:020~20ABONAMENT~61VA0002
:62F:C031104PLN175,01
-
"""
ZLECENIA = (
    '110,20031103,4512,16000003,0,"67160000030002000111111001","VA0002","JAN NOWAK|UL. DLUGA 1|POZNAN",'
    '"TP|POZNAN",0,10600034,"ABONAMENT","","","51",""\r\n'
)
CAMT = """<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>M</MsgId></GrpHdr>
<Stmt><Id>S1</Id><Acct><Id><IBAN>PL1</IBAN></Id></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="PLN">0</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2003-11-03</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="PLN">12.3</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2003-11-03</Dt></Dt></Bal>
<Ntry><Amt Ccy="PLN">12.3</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2003-11-03</Dt></BookgDt>
<NtryDtls><Btch><NbOfTxs>2</NbOfTxs></Btch>
<TxDtls><Amt Ccy="PLN">10.00</Amt><RltdPties><CdtrAcct><Id><Othr><Id>VA0001</Id></Othr></Id></CdtrAcct></RltdPties></TxDtls>
<TxDtls><Amt Ccy="PLN">2.30</Amt><RltdPties><CdtrAcct><Id><Othr><Id>VA0002</Id></Othr></Id></CdtrAcct></RltdPties></TxDtls>
</NtryDtls></Ntry></Stmt></BkToCstmrStmt></Document>"""  # noqa: E501


@pytest.fixture
def delivered(tmp_path: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Canonical payments and all rejects of a delivery."""
    folder = tmp_path / "deliveries" / "bank"
    folder.mkdir(parents=True)
    (folder / "wyciag.sta").write_bytes(WYCIAG.replace("\n", "\r\n").encode("cp852"))
    (folder / "konta.csv").write_bytes(KONTA.encode("cp852"))
    (folder / "paczka.pli").write_bytes(ZLECENIA.encode("cp852"))
    (folder / "camt.xml").write_text(CAMT)
    source = Source(SourceSpec.model_validate(tomllib.loads(DECLARED)), Path("sources/bank"))
    tables: dict[str, list[Any]] = {}
    rejects: list[dict[str, Any]] = []
    for landed in land(source, tmp_path / "deliveries", tmp_path / "landed"):
        for split in decode(source, source.spec.file(landed.file), landed, FileFacts(), batch_rows=1000):
            tables.setdefault(split.table, []).append(split.kept)
            rejects += split.rejects.to_pylist()
    lookups = Lookups.of(source.spec)
    for table in lookups.needed():
        for batch in tables[table]:
            lookups.add(table, batch)
    payments: list[dict[str, Any]] = []
    for mapping in source.spec.maps("payment"):
        for batch in tables[mapping.table]:
            split = conform(source.spec, mapping, batch, lookups)
            payments += split.kept.to_pylist()
            rejects += split.rejects.to_pylist()
    return payments, rejects


def test_credits_become_payments_of_their_accounts(delivered: tuple[list[Any], list[Any]]) -> None:
    payments, _ = delivered
    assert [(p["payment_key"], p["account_key"], p["amount"]) for p in payments] == [
        ("ST031031/8/1/1", "K-1", Decimal("70.05")),
        ("ST031031/8/1/3", "K-1", Decimal("-10.05")),
        ("E-2003-11-03/1", "K-2", Decimal("45.12")),
        ("C-S1/1/1", "K-1", Decimal("10.00")),
        ("C-S1/1/2", "K-2", Decimal("2.30")),
    ]
    first = payments[0]
    assert (first["paid_on"], first["booked_on"], first["currency"]) == (
        dt.date(2003, 11, 3),
        dt.date(2003, 11, 3),
        "PLN",
    )
    assert first["title"] == "FAKTURA FV/1/2003 ZA TELEFON"
    assert first["payer_bank_account"] == "28106000349841000123456789"
    data = WYCIAG.replace("\n", "\r\n").encode("cp852")
    raw = data[first["byte_offset"] : first["byte_offset"] + first["byte_length"]]
    assert raw.startswith(b":61:0311031103C70,05") and raw.endswith(b"~61VA0001\r\n")


def test_what_did_not_become_a_payment_has_a_reason(delivered: tuple[list[Any], list[Any]]) -> None:
    _, rejects = delivered
    assert [(r["entity"], r["reason"], r["disposition"]) for r in rejects] == [
        ("wyciag_statements", "STMT-BALANCE", "suspended"),
        ("wyciag_entries", "STMT-BALANCE", "suspended"),
        ("payment", "LOOKUP-MISS", "rejected"),
    ]
    assert rejects[2]["amount"] == Decimal("5.00")
    assert rejects[1]["raw"].startswith(b":61:0311041104C30,00")
