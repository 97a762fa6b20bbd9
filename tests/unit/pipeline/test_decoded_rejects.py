"""`blueline decode`: a reject leads to its bytes in every format, of raw tables and of canonical entities alike."""

import json
import sqlite3

import pytest
from dbf_bytes import table

from billing.registry import load_spec
from pipeline.decoding import decode_files

HEAD = """
id = "torun"
title = "Torun"
system = "any"
delivery = {extracted_on = 2003-10-31}

[[files]]
name = "wplaty"
pattern = "*"
"""
PAYMENT = """
[[entities]]
name = "payment"
from = "TABLE"
[entities.fields]
payment_key = "KEY"
account_key = "KEY"
paid_on = {value = "2003-10-31", format = "YYYY-MM-DD"}
currency = {value = "PLN"}
amount = "TEXT"
"""
BOOK = "       01  WPLATA.\n           05  NR PIC 9(3).\n           05  KWOTA PIC X(4).\n"
MT940 = (
    ":20:ST031031\r\n:25:PL6712\r\n:28C:8/1\r\n:60F:C031030PLN100,00\r\n"
    ":61:0310311031CN50,00NTRFREF1//B1\r\n:86:WPLATA\r\n:62F:C031031PLN150,00\r\n-\r\n"
)
CAMT = (
    "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.02'><BkToCstmrStmt><GrpHdr><MsgId>M1</MsgId></GrpHdr>"
    "<Stmt><Id>S1</Id><ElctrncSeqNb>8</ElctrncSeqNb><Acct><Id><IBAN>PL67</IBAN></Id></Acct>"
    "<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy='PLN'>100.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>"
    "<Dt><Dt>2003-10-31</Dt></Dt></Bal><Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy='PLN'>150.00</Amt>"
    "<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2003-10-31</Dt></Dt></Bal>"
    "<Ntry><Amt Ccy='PLN'>50.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2003-10-31</Dt></BookgDt>"
    "<ValDt><Dt>2003-10-31</Dt></ValDt><AcctSvcrRef>R1</AcctSvcrRef></Ntry></Stmt></BkToCstmrStmt></Document>"
)
ELIXIR = (
    '110,20031031,5000,16000003,0,"67160000030002000111111001","28106000349841000123456789","JAN","TEL",0,10600034,'
    '"FAKTURA","","","51",""\r\n'
)
FORMATS = {
    "delimited": ('format = "delimited"\ncode_page = "cp1250"', b"NR;KWOTA\r\n1;x\r\n", ("wplaty", "NR", "KWOTA")),
    "utf16": ('format = "delimited"\ncode_page = "utf-16"', "NR;KWOTA\r\n1;x\r\n".encode("utf-16"),
              ("wplaty", "NR", "KWOTA")),
    "fixed_width": ('format = "fixed_width"\ncode_page = "cp1250"\nrecord_length = 7\n[[files.records]]\n'
                    'table = "wplaty"\ncolumns = [{name = "NR", start = 1, length = 3}, '
                    '{name = "KWOTA", start = 4, length = 4}]', b"001xxxx\r\n", ("wplaty", "NR", "KWOTA")),
    "mainframe": ('format = "mainframe"\ncode_page = "cp870"\nrecord_format = "F"\ncopybook = "W.cpy"',
                  "001xxxx".encode("cp870"), ("wplaty", "NR", "KWOTA")),
    "dbf": ('format = "dbf"\ncode_page = "cp852"', table([(b" ", "1", "xx")], fields=[("NR", "N", 1, 0),
            ("KWOTA", "C", 2, 0)]), ("wplaty", "NR", "KWOTA")),
    "xml": ('format = "xml"\n[[files.records]]\ntable = "wplaty"\npath = "/w/p"\ncolumns = {NR = "@nr", KWOTA = "."}',
            b"<w><p nr='1'>x</p></w>", ("wplaty", "NR", "KWOTA")),
    "mt940": ('format = "mt940"\ncode_page = "cp852"', MT940.encode(), ("wplaty_entries", "entry_no", "mark")),
    "camt053": ('format = "camt053"', CAMT.encode(), ("wplaty_entries", "entry_no", "status")),
    "elixir0": ('format = "elixir0"\ncode_page = "cp1250"', ELIXIR.encode(), ("wplaty", "order_no", "title")),
}  # fmt: skip


def declared(folder, file, names):
    text = PAYMENT.replace("TABLE", names[0]).replace("KEY", names[1]).replace("TEXT", names[2])
    (folder / "W.cpy").write_text(BOOK, encoding="utf-8")
    (folder / "any.toml").write_text(f"{HEAD}{file}\n{text}", encoding="utf-8")
    return load_spec(folder / "any.toml")


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("format", FORMATS)
def test_what_the_entity_refuses_leads_to_its_bytes(tmp_path, format):
    file, content, names = FORMATS[format]
    (tmp_path / "wplaty.in").write_bytes(content)
    done = decode_files(declared(tmp_path, file, names), [tmp_path / "wplaty.in"], tmp_path / "out", entity="payment")
    assert [p.name for p in done.paths] == ["payment.jsonl", "payment.rejects.jsonl"]
    [reject] = lines(tmp_path / "out" / "payment.rejects.jsonl")
    assert (reject["step"], reject["field"], reject["file_name"]) == ("conform", "amount", "wplaty.in")
    assert reject["reason"].startswith("NUM-")
    record = content[reject["byte_offset"] :][: reject["byte_length"]]
    assert record
    assert bytes.fromhex(reject["raw"]) == record


def test_a_database_is_led_to_by_its_dump(tmp_path):
    spec = declared(
        tmp_path,
        'format = "sql"\nresults = [{name = "wplaty", source = "wplaty", key = ["NR"]}]',
        ("wplaty", "NR", "KWOTA"),
    )
    with sqlite3.connect(tmp_path / "torun.sqlite") as db:
        db.execute("CREATE TABLE wplaty (NR INTEGER, KWOTA TEXT)")
        db.execute("INSERT INTO wplaty VALUES (7, 'dwa')")
    decode_files(spec, [tmp_path / "torun.sqlite"], tmp_path / "out", entity="payment")
    [reject] = lines(tmp_path / "out" / "payment.rejects.jsonl")
    assert (reject["file_name"], reject["reason"], reject["field"]) == ("torun.sqlite/wplaty", "NUM-TEXT", "amount")
    assert b"dwa" in bytes.fromhex(reject["raw"])


def test_calls_into_one_folder_keep_each_others_rejects_and_replace_their_own(tmp_path):
    file, content, names = FORMATS["delimited"]
    spec = declared(tmp_path, file, names)
    path = tmp_path / "wplaty.in"
    path.write_bytes(content + b"2\r\n")
    out = tmp_path / "out"

    def written():
        return {p.name: p.read_bytes() for p in out.iterdir()}

    decode_files(spec, [path], out)
    decode_files(spec, [path], out, entity="payment")
    first = written()
    assert sorted(first) == ["payment.jsonl", "payment.rejects.jsonl", "wplaty.jsonl", "wplaty.rejects.jsonl"]
    assert [r["reason"] for r in lines(out / "wplaty.rejects.jsonl")] == ["REC-COLUMNS"]
    assert [r["reason"] for r in lines(out / "payment.rejects.jsonl")] == ["REC-COLUMNS", "NUM-TEXT"]
    decode_files(spec, [path], out, entity="payment")
    assert written() == first
    path.write_bytes(b"NR;KWOTA\r\n1;2.00\r\n")
    decode_files(spec, [path], out, entity="payment")
    assert (out / "payment.rejects.jsonl").read_bytes() == b""
    assert (out / "wplaty.rejects.jsonl").read_bytes() == first["wplaty.rejects.jsonl"]


def test_a_value_that_is_only_flagged_has_bytes_too(tmp_path):
    file, _, names = FORMATS["delimited"]
    spec = declared(tmp_path, file, names)
    path = tmp_path / "wplaty.in"
    path.write_bytes(b"NR;KWOTA;UWAGI\r\n1;2.00;a\x83b\r\n")
    decode_files(spec, [path], tmp_path / "out")
    [flagged] = lines(tmp_path / "out" / "wplaty.rejects.jsonl")
    assert (flagged["level"], flagged["field"], flagged["file_name"]) == ("attribute", "UWAGI", "wplaty.in")
    assert bytes.fromhex(flagged["raw"]) == b"a\x83b"
