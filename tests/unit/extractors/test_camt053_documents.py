"""Statements in camt.053: versions, batches, totals, and documents that nobody should send."""

import tracemalloc
from decimal import Decimal
from pathlib import Path

import pytest
from extractor_probe import declare, landed

from billing.errors import SourceError
from extractors.bank import camt053_reader
from extractors.base import FileFacts
from extractors.decode import decode

SPEC = {"format": "camt053", "table": "konta_entries", "key": "bank_reference", "amount": "amount"}
URN = "urn:iso:std:iso:20022:tech:xsd:camt.053.001."


def balance(code, amount, side="CRDT", ccy="PLN", day="2003-10-31", sub=""):
    subtype = f"<SubTp><Cd>{sub}</Cd></SubTp>" if sub else ""
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry>{subtype}</Tp><Amt Ccy='{ccy}'>{amount}</Amt>"
        f"<CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def entry(amount, side="CRDT", *, details="", status="<Sts>BOOK</Sts>", ref="R1", ccy="PLN"):
    return (
        f"<Ntry><Amt Ccy='{ccy}'>{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd>{status}"
        f"<BookgDt><Dt>2003-10-31</Dt></BookgDt><ValDt><DtTm>2003-11-01T10:00:00+01:00</DtTm></ValDt>"
        f"<AcctSvcrRef>{ref}</AcctSvcrRef>{details}</Ntry>"
    )


def document(*statements, version="02", prefix="", head='<?xml version="1.0" encoding="UTF-8"?>\n'):
    body = "".join(statements)
    message = f"<BkToCstmrStmt><GrpHdr><MsgId>M1</MsgId></GrpHdr>{body}</BkToCstmrStmt>"
    text = f"<Document xmlns='{URN}{version}'>{message}</Document>"
    if prefix:
        text = (
            text.replace("xmlns=", f"xmlns:{prefix}=")
            .replace("<", f"<{prefix}:")
            .replace(f"<{prefix}:/", f"</{prefix}:")
        )
    return (head + text).encode()


def statement(
    *parts, opening="100.00", closing="150.00", number="8", ident="S1", account="PL67", extra="", day="2003-10-31"
):
    return (
        f"<Stmt><Id>{ident}</Id><ElctrncSeqNb>{number}</ElctrncSeqNb><CreDtTm>2003-10-31T20:00:00</CreDtTm>"
        f"<Acct><Id><IBAN>{account}</IBAN></Id></Acct>{balance('OPBD', opening, day=day)}"
        f"{balance('CLBD', closing, day=day)}{extra}{''.join(parts)}</Stmt>"
    )


BOOKED = (entry("70.00"), entry("20.00", "DBIT"))


@pytest.mark.parametrize("version", [f"{n:02}" for n in range(1, 14)])
@pytest.mark.parametrize("prefix", ["", "ns2"])
def test_every_version_with_and_without_a_prefix(decoded, version, prefix):
    got = decoded(document(statement(*BOOKED), version=version, prefix=prefix), **SPEC)
    assert [row["amount"] for row in got.rows("konta_entries")] == [70, -20]
    assert [row["amount"] for row in got.rows("konta_transactions")] == [70, -20]
    assert got.rejects == [] and f"camt.053.001.{version}" in got.facts.notes[0]
    first = got.rows("konta_entries")[0]
    assert (first["booking_date"], first["value_date"], first["bank_reference"]) == ("2003-10-31", "2003-11-01", "R1")


def test_the_first_version_names_its_message_and_places_transactions_in_its_own_way(decoded):
    parts = "".join(f"<TxDtls><Refs><EndToEndId>E{n}</EndToEndId></Refs>{paid(n)}</TxDtls>" for n in (20, 30))
    batch = entry("50.00", details=f"<Btch><NbOfTxs>2</NbOfTxs></Btch>{parts}")
    data = document(statement(batch), version="01").replace(b"BkToCstmrStmt>", b"BkToCstmrStmtV01>")
    got = decoded(data, **SPEC)
    assert [(row["end_to_end_id"], row["amount"]) for row in got.rows("konta_transactions")] == [
        ("E20", 20),
        ("E30", 30),
    ]
    assert got.rejects == [] and "camt.053.001.01" in got.facts.notes[0]


def paid(amount):
    return f"<AmtDtls><TxAmt><Amt Ccy='PLN'>{amount}.00</Amt></TxAmt></AmtDtls>"


@pytest.mark.parametrize(
    "namespace",
    ["http://www.six-interbank-clearing.com/de/camt.053.001.04.xsd", "ISO:camt.053.001.04:APC:STUUD:1", ""],
)
def test_a_bank_may_have_its_own_namespace(decoded, namespace):
    data = document(statement(*BOOKED)).replace(f"{URN}02".encode(), namespace.encode())
    got = decoded(data, **SPEC)
    assert got.rejects == [] and len(got.rows("konta_entries")) == 2
    assert got.facts.notes[0].startswith("camt.053.001.04" if namespace else "camt.053 without a namespace")


def test_a_statement_of_several_days_may_have_the_balances_of_each(decoded):
    days = (balance("OPBD", "130.00", day="2003-11-01"), balance("CLBD", "130.00", day="2003-10-30"))
    got = decoded(document(statement(*days, *BOOKED, closing="150.00")), **SPEC)
    (row,) = got.rows("konta_statements")
    assert (row["opening_balance"], row["closing_balance"]) == (100, 150)


@pytest.mark.parametrize("more", [("OPBD", "101.00", "PLN"), ("CLBD", "150.00", "EUR"), ("CLBD", "149.00", "PLN")])
def test_two_balances_of_a_day_contradict_each_other(decoded, more):
    code, amount, ccy = more
    got = decoded(document(statement(balance(code, amount, ccy=ccy), *BOOKED)), **SPEC)
    assert {r["reason"] for r in got.rejects} == {"STMT-FIELD"}
    assert f"its balance {code} occurs more than once" in got.rejects[0]["message"]


def test_codes_of_the_banks_own(decoded):
    planned = entry("9.00", status="<Sts><Prtry>PLANNED</Prtry></Sts>")
    own = statement(*BOOKED, planned).replace("<Cd>CLBD</Cd>", "<Prtry>CLBD</Prtry>")
    got = decoded(document(own, version="08"), **SPEC)
    assert [row["status"] for row in got.rows("konta_entries")] == ["BOOK", "BOOK", "PLANNED"]
    assert got.rejects == [] and got.rows("konta_statements")[0]["closing_balance"] == 150


def test_a_bank_as_a_party(decoded):
    agent = "<Dbtr><Agt><FinInstnId><Nm>BANK A</Nm></FinInstnId></Agt></Dbtr>"
    agent = f"<NtryDtls><TxDtls><RltdPties>{agent}</RltdPties></TxDtls></NtryDtls>"
    got = decoded(document(statement(entry("50.00", details=agent)), version="08"), **SPEC)
    assert got.rows("konta_transactions")[0]["counterparty_name"] == "BANK A"


@pytest.mark.parametrize("encoding", ["ISO-8859-2", "windows-1250", "IBM852"])
def test_encodings_of_polish_banks(decoded, encoding):
    text = "<AddtlNtryInf>Zażółć gęślą jaźń</AddtlNtryInf>"
    head = f'<?xml version="1.0" encoding="{encoding}"?>\n'
    data = document(statement(entry("50.00", details=text)), head=head).decode().encode(encoding)
    got = decoded(data, **SPEC)
    assert got.rows("konta_entries")[0]["information"] == "Zażółć gęślą jaźń"
    assert got.raw("konta_entries")[0].endswith(b"</Ntry>")


@pytest.mark.parametrize("status", ["<Sts>BOOK</Sts>", "<Sts><Cd>BOOK</Cd></Sts>"])
def test_only_booked_entries_count(decoded, status):
    pending = entry("999.00", status=status.replace("BOOK", "PDNG"), ref="P")
    got = decoded(document(statement(entry("50.00", status=status), pending)), **SPEC)
    assert got.rejects == []
    assert [row["status"] for row in got.rows("konta_entries")] == ["BOOK", "PDNG"]


def test_lineage_leads_to_the_elements(decoded):
    data = document(statement(*BOOKED))
    got = decoded(data, **SPEC)
    assert got.raw("konta_entries") == [part.encode() for part in BOOKED]
    (whole,) = got.raw("konta_statements")
    assert whole.startswith(b"<Stmt>") and whole.endswith(b"</Stmt>") and whole in data


def test_parties_of_old_and_new_versions(decoded):
    old = "<RltdPties><Dbtr><Nm>Łoś</Nm></Dbtr><DbtrAcct><Id><IBAN>PL 1</IBAN></Id></DbtrAcct></RltdPties>"
    new = old.replace("<Nm>Łoś</Nm>", "<Pty><Nm>Łoś</Nm></Pty>").replace(
        "<IBAN>PL 1</IBAN>", "<Othr><Id>PL1</Id></Othr>"
    )
    remittance = "<Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs><RmtInf><Ustrd>a</Ustrd><Ustrd>b</Ustrd></RmtInf>"
    for parties in (old, new):
        details = f"<NtryDtls><TxDtls>{parties}{remittance}</TxDtls></NtryDtls>"
        (row,) = decoded(document(statement(entry("50.00", details=details))), **SPEC).rows("konta_transactions")
        assert (row["counterparty_name"], row["counterparty_account"], row["title"]) == ("Łoś", "PL1", "a b")
        assert row["end_to_end_id"] is None


# --- balances --------------------------------------------------------------------------------------------------


def test_a_statement_that_does_not_close_is_held_back_with_its_entries(decoded):
    got = decoded(document(statement(*BOOKED, closing="150.001")), **SPEC)
    assert got.rows("konta_entries") == got.rows("konta_transactions") == []
    assert {(r["reason"], r["disposition"]) for r in got.rejects} == {("STMT-BALANCE", "suspended")}
    assert "150.001 (difference 0.001)" in got.rejects[0]["message"]
    for table in ("konta_entries", "konta_transactions"):  # each with its bytes
        assert [r["raw"] for r in got.rejects if r["entity"] == table] == [part.encode() for part in BOOKED]


def test_the_closing_balance_before_stands_for_the_opening_one(decoded):
    data = document(statement(*BOOKED)).replace(b"<Cd>OPBD</Cd>", b"<Cd>PRCD</Cd>")
    assert decoded(data, **SPEC).rejects == []


def test_pages_with_interim_balances(decoded):
    def page(opening, closing, amount, number):
        text = statement(entry(amount), opening=opening, closing=closing, ident=f"S{number}", number="")
        return text.replace("<Id>S", "<!--p--><Id>S").replace(
            "<Acct>", f"<StmtPgntn><PgNb>{number}</PgNb></StmtPgntn><Acct>"
        )

    first = page("100.00", "150.00", "50.00", 1).replace("CLBD", "ITBD")
    second = page("150.00", "155.00", "5.00", 2).replace("OPBD", "ITBD")
    assert decoded(document(first, second), **SPEC).rejects == []
    got = decoded(document(first, second.replace("150.00", "151.00").replace("155.00", "156.00")), **SPEC)
    assert {r["reason"] for r in got.rejects} == {"STMT-SEQUENCE"}


def test_an_entry_without_an_amount_is_rejected(decoded):
    got = decoded(document(statement(*BOOKED, entry("1,00"))), **SPEC)
    rejected = [r for r in got.rejects if r["disposition"] == "rejected"]
    assert [r["entity"] for r in rejected] == ["konta_entries", "konta_transactions"]
    assert {r["raw"] for r in rejected} == {entry("1,00").encode()}
    assert len(got.rejects) == 2 + 1 + 2 * len(BOOKED)  # the statement, its sound entries and their transactions


def test_an_entry_in_another_currency_leaves_the_statement_unproved(decoded):
    got = decoded(document(statement(entry("70.00"), entry("20.00", "DBIT", ccy="EUR"))), **SPEC)
    assert "entry 2 is in EUR, not in PLN" in got.rejects[0]["message"]


@pytest.mark.parametrize(
    ("totals", "message"),
    [
        ("<TtlNtries><NbOfNtries>2</NbOfNtries><Sum>90.00</Sum></TtlNtries>", None),
        ("<TtlNtries><NbOfNtries>3</NbOfNtries></TtlNtries>", "states 3 as the number of its entries, there are 2"),
        ("<TtlCdtNtries><Sum>71</Sum></TtlCdtNtries>", "states 71 as the sum of its credits, there are 70.00"),
        ("<TtlDbtNtries><NbOfNtries>2</NbOfNtries></TtlDbtNtries>", "states 2 as the number of its debits"),
    ],
)
def test_the_statements_own_totals(decoded, totals, message):
    got = decoded(document(statement(*BOOKED, extra=f"<TxsSummry>{totals}</TxsSummry>")), **SPEC)
    if message is None:
        assert got.rejects == []
    else:
        assert got.rejects[0]["reason"] == "STMT-TOTALS" and message in got.rejects[0]["message"]


# --- batches ---------------------------------------------------------------------------------------------------


def batch(*amounts, stated=None, form="<Amt Ccy='PLN'>{}</Amt>"):
    head = f"<Btch><NbOfTxs>{stated}</NbOfTxs></Btch>" if stated is not None else ""
    return f"<NtryDtls>{head}{''.join(f'<TxDtls>{form.format(a)}</TxDtls>' for a in amounts)}</NtryDtls>"


@pytest.mark.parametrize(
    "form", ["<Amt Ccy='PLN'>{}</Amt>", "<AmtDtls><TxAmt><Amt Ccy='PLN'>{}</Amt></TxAmt></AmtDtls>"]
)
def test_a_batch_is_as_many_transactions_as_it_states(decoded, form):
    details = batch("20.00", "29.99", "0.01", stated=3, form=form)
    got = decoded(document(statement(entry("50.00", details=details))), **SPEC)
    assert [r["amount"] for r in got.rows("konta_transactions")] == [Decimal("20"), Decimal("29.99"), Decimal("0.01")]
    assert [r["transaction_no"] for r in got.rows("konta_transactions")] == [1, 2, 3]
    assert got.rows("konta_entries")[0]["transactions"] == 3
    assert all(raw.startswith(b"<TxDtls>") and raw.endswith(b"</TxDtls>") for raw in got.raw("konta_transactions"))


@pytest.mark.parametrize(
    ("details", "message"),
    [
        (batch("20.00", "30.00", stated=3), "states 3 transactions, there are 2"),
        (batch("20.00", "20.00"), "add up to 40.00, it was booked with 50.00"),
        (batch("20.00", "30.00", form="<X>{}</X>"), "2 of 2 transactions state no amount in the entry's currency, so"),
        (batch("50.00", "1").replace("<Amt Ccy='PLN'>1</Amt>", ""), "together, leave it nothing of 50.00"),
        (batch("20.00", "30.00", stated=3).replace("<Amt Ccy='PLN'>30.00</Amt>", ""), "states 3 transactions"),
    ],
)
def test_a_batch_that_does_not_add_up_is_held_back(decoded, details, message):
    got = decoded(document(statement(entry("50.00", details=details))), **SPEC)
    assert got.rows("konta_transactions") == [] and len(got.rows("konta_statements")) == 1
    assert [r["entity"] for r in got.rejects] == ["konta_entries", "konta_transactions", "konta_transactions"]
    assert {(r["reason"], r["disposition"]) for r in got.rejects} == {("STMT-TOTALS", "suspended")}
    assert all(message in r["message"] for r in got.rejects)


def test_the_only_transaction_without_an_amount_has_the_rest(decoded):
    details = batch("20.00", "?", "0.01", stated=3).replace("<Amt Ccy='PLN'>?</Amt>", "<Refs><TxId>T</TxId></Refs>")
    got = decoded(document(statement(entry("50.00", details=details))), **SPEC)
    amounts = [r["amount"] for r in got.rows("konta_transactions")]
    assert amounts == [Decimal("20"), Decimal("29.99"), Decimal("0.01")]
    (told,) = got.rejects
    assert (told["reason"], told["disposition"], told["level"], told["field"]) == (
        "STMT-TOTALS", "flagged", "attribute", "amount",
    )  # fmt: skip
    assert told["raw"] == b"<TxDtls><Refs><TxId>T</TxId></Refs></TxDtls>"


def test_of_several_amounts_those_count_that_add_up_to_the_entry(decoded):
    def both(instructed, booked):
        amounts = f"<TxAmt><Amt Ccy='PLN'>{booked}</Amt></TxAmt><InstdAmt><Amt Ccy='PLN'>{instructed}</Amt></InstdAmt>"
        return f"<TxDtls><Amt Ccy='PLN'>{instructed}</Amt><AmtDtls>{amounts}</AmtDtls></TxDtls>"

    details = f"<NtryDtls>{both('21.00', '20.00')}{both('30.50', '30.00')}</NtryDtls>"
    got = decoded(document(statement(entry("50.00", details=details))), **SPEC)
    assert [r["amount"] for r in got.rows("konta_transactions")] == [20, 30] and got.rejects == []


# --- documents that nobody should send -------------------------------------------------------------------------


def test_a_document_type_is_refused_before_it_is_read(decoded):
    bomb = '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    with pytest.raises(SourceError, match="document type declaration"):
        decoded(document(statement(*BOOKED), head=bomb), **SPEC)
    outside = '<!DOCTYPE d SYSTEM "file:///etc/passwd">'
    with pytest.raises(SourceError, match="document type declaration"):
        decoded(document(statement(*BOOKED), head=outside), **SPEC)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (document(), "holds no statement"),
        (document(statement(*BOOKED))[:-40], "truncated"),
        (document(statement(*BOOKED)).replace(b"</Stmt>", b"</Smt>"), "not well-formed"),
        (document(statement(*BOOKED)).replace(b"camt.053", b"camt.052"), "no camt.053 statement but camt.052.001"),
        (document(statement(*BOOKED)).replace(b"BkToCstmrStmt", b"BkToCstmrAcctRpt"), "holds BkToCstmrAcctRpt"),
        (b"<a>" * 100 + b"</a>" * 100, "is no camt.053 statement but a"),
        (document("<Stmt>" + "<x>" * 100 + "</x>" * 100 + "</Stmt>"), "nested more than"),
        ("<?xml version='1.0'?><Document/>".encode("utf-16"), "UTF-16"),
        (b":20:MT940\r\n", "not well-formed"),
    ],
)
def test_what_is_no_statement_stops_with_a_reason(decoded, data, message):
    with pytest.raises(SourceError, match=message):
        decoded(data, **SPEC)


def test_a_part_without_an_end_stops(decoded, monkeypatch):
    monkeypatch.setattr(camt053_reader, "MAX_PART", 10_000)
    for content in ("x" * 20_000, "<A/>" * 5_000):
        with pytest.raises(SourceError, match="AddtlStmtInf takes more than"):
            decoded(document(statement(*BOOKED, f"<AddtlStmtInf>{content}</AddtlStmtInf>")), **SPEC)


def test_memory_does_not_grow_with_the_document(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(camt053_reader, "READ_BYTES", 1 << 14)

    def peak(entries: int) -> int:
        path = tmp_path / f"{entries}.xml"
        with path.open("wb") as file:
            head, tail = document(statement("@", opening="0.00", closing=f"{entries}.00")).split(b"@")
            file.write(head)
            for _ in range(entries):
                file.write(entry("1.00").encode())
            file.write(tail)
        files = [{"name": "konta", "pattern": "*", "format": "camt053"}]
        source = declare(files, table="konta_entries", key="bank_reference", amount="amount")
        file = landed(path)
        tracemalloc.start()
        count = sum(
            split.kept.num_rows
            for split in decode(source, source.spec.file("konta"), file, FileFacts(), batch_rows=100)
            if split.table == "konta_entries"
        )
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert count == entries
        return most

    assert peak(3_000) < peak(1_000) * 1.3


def test_elements_without_number_are_refused_before_they_fill_the_memory(decoded, monkeypatch):
    monkeypatch.setattr(camt053_reader, "MAX_ELEMENTS", 1_000)
    assert decoded(document(statement(*[entry("1.00")] * 500, closing="600.00")), **SPEC).rejects == []
    with pytest.raises(SourceError, match="AddtlStmtInf holds more than 1,000 elements"):
        decoded(document(statement(*BOOKED, f"<AddtlStmtInf>{'<A/>' * 1_000}</AddtlStmtInf>")), **SPEC)


@pytest.mark.parametrize("empty", ["<TxDtls/>", "<TxDtls a='>' />", "<TxDtls></TxDtls >", "<TxDtls><A/></TxDtls>"])
def test_lineage_ends_where_an_empty_element_does(decoded, empty):
    got = decoded(document(statement(entry("50.00", details=f"<NtryDtls>{empty}</NtryDtls>"))), **SPEC)
    assert got.raw("konta_transactions") == [empty.encode()]
    got = decoded(document("<Stmt/>", "<Stmt></Stmt>", statement(*BOOKED, "<Ntry/>")), **SPEC)
    assert [r["raw"] for r in got.rejects if r["reason"] == "STMT-FIELD"] == [
        b"<Stmt/>", b"<Stmt></Stmt>", b"<Ntry/>", b"<Ntry/>",
    ]  # fmt: skip


def test_amounts_and_numbers_that_nobody_has_are_no_crash(decoded):
    most = "9" * 18
    got = decoded(document(statement(*[entry(most)] * 12)), **SPEC)
    assert {r["reason"] for r in got.rejects} == {"STMT-BALANCE"}
    assert len(got.rejects) == 1 + 12 + 12
    number = "1" * 5_000  # which Python does not take for a number
    got = decoded(document(*[statement(*BOOKED, number=number, ident=i) for i in "AB"]), **SPEC)
    assert {r["reason"] for r in got.rejects} == {"STMT-SEQUENCE"}
    got = decoded(document(statement(entry("\u0665\u0660.00"))), **SPEC)  # 50 in Arabic digits
    assert {r["reason"] for r in got.rejects} == {"STMT-BALANCE", "STMT-FIELD"}


def test_transactions_of_one_entry_fill_several_batches(decoded):
    details = "<TxDtls><Amt Ccy='PLN'>1.00</Amt></TxDtls>" * 50
    got = decoded(document(statement(entry("50.00", details=f"<NtryDtls>{details}</NtryDtls>"))), batch_rows=7, **SPEC)
    assert [row["transaction_no"] for row in got.rows("konta_transactions")] == list(range(1, 51))


@pytest.mark.parametrize(
    ("amounts", "flagged"),
    [
        ("<Amt Ccy='PLN'>50.00</Amt>", False),
        ("<Amt Ccy='EUR'>12.00</Amt>", False),
        ("<AmtDtls><InstdAmt><Amt Ccy='PLN'>52.00</Amt></InstdAmt></AmtDtls><Amt Ccy='PLN'>50.00</Amt>", False),
        ("<Amt Ccy='PLN'>60.00</Amt>", True),
        ("<Amt Ccy='PLN'>50.00</Amt><CdtDbtInd>DBIT</CdtDbtInd>", True),
    ],
)
def test_the_only_transaction_that_contradicts_its_entry_is_flagged(decoded, amounts, flagged):
    details = f"<NtryDtls><TxDtls>{amounts}</TxDtls></NtryDtls>"
    got = decoded(document(statement(entry("50.00", details=details))), **SPEC)
    assert [row["amount"] for row in got.rows("konta_transactions")] == [Decimal("50.00")]
    assert [(r["reason"], r["disposition"], r["field"]) for r in got.rejects] == (
        [("STMT-TOTALS", "flagged", "amount")] if flagged else []
    )
