"""Statements in MT940: what is read, what is held back, and why."""

import json
from decimal import Decimal

import pytest

from billing.errors import SourceError
from extractors.bank import mt940_lines

SPEC = {"format": "mt940", "code_page": "cp852", "table": "konta_entries", "key": "reference", "amount": "amount"}


def statement(*entries, number="8/1", opening="C031030PLN100,00", closing="C031031PLN150,00", account="PL6712",
              end="-\r\n", kinds=("F", "F")):  # fmt: skip
    lines = [":20:ST031031", f":25:{account}", f":28C:{number}", f":60{kinds[0]}:{opening}", *entries]
    return "".join(f"{line}\r\n" for line in [*lines, f":62{kinds[1]}:{closing}"]) + end


CREDIT = (":61:0310311031CN70,00NTRFFAKTURA 1//BR001", ":86:020~00PRZELEW~20FAKTURA~32JAN")
DEBIT = (":61:031031D20,NCHGNONREF", ":86:PROWIZJA")


@pytest.fixture
def read(decoded):
    def make(*texts: str, page: str = "cp852", **spec):
        return decoded("".join(texts).encode(page), **{**SPEC, "code_page": page, **spec})

    return make


def test_a_statement_and_its_entries(read):
    got = read(statement(*CREDIT, *DEBIT))
    (head,) = got.rows("konta_statements")
    assert head["opening_balance"] == 100 and head["closing_balance"] == 150 and head["entries_sum"] == 50
    assert (head["account"], head["statement_no"], head["page_no"], head["entries"]) == ("PL6712", "8", 1, 2)
    first, second = got.rows("konta_entries")
    assert (first["amount"], first["mark"], first["funds_code"]) == (Decimal("70"), "C", "N")
    assert (first["reference"], first["bank_reference"], first["type_code"]) == ("FAKTURA 1", "BR001", "NTRF")
    assert (first["title"], first["counterparty_name"], first["transaction_code"]) == ("FAKTURA", "JAN", "020")
    assert (second["amount"], second["reference"], second["title"]) == (Decimal("-20"), None, "PROWIZJA")
    assert (second["value_date"], second["entry_date"]) == ("2003-10-31", None)
    assert got.rejects == []
    assert got.facts.records == 3 and got.facts.sequence == "8"


def test_lineage_leads_to_the_bytes_of_statement_and_entry(read):
    text = statement(*CREDIT, *DEBIT)
    got = read(text)
    assert got.raw("konta_statements") == [text.removesuffix("-\r\n").encode()]
    assert got.raw("konta_entries") == [f"{a}\r\n{b}\r\n".encode() for a, b in (CREDIT, DEBIT)]
    assert got.tables["konta_entries"]["record_no"].to_pylist() == [2, 3]


@pytest.mark.parametrize("marks", [("C", "D"), ("RD", "RC")])
def test_a_reversal_has_the_sign_of_its_effect(read, marks):
    entries = [f":61:031031{marks[0]}70,00NTRFA", f":61:031031{marks[1]}20,00NTRFB"]
    assert [row["amount"] for row in read(statement(*entries)).rows("konta_entries")] == [70, -20]


# --- balance ---------------------------------------------------------------------------------------------------


def test_a_statement_that_does_not_close_is_held_back_with_its_entries(read):
    got = read(statement(*CREDIT, *DEBIT, closing="C031031PLN150,01"))
    assert got.rows("konta_statements") == got.rows("konta_entries") == []
    assert {(r["reason"], r["disposition"], r["level"]) for r in got.rejects} == {
        ("STMT-BALANCE", "suspended", "record")
    }
    assert "give 150.00, the closing balance is 150.01 (difference 0.01)" in got.rejects[0]["message"]
    assert got.rejects[1]["raw"] == f"{CREDIT[0]}\r\n{CREDIT[1]}\r\n".encode()
    assert got.facts.records == len(got.rejects) == 3


def test_one_bad_statement_leaves_the_others_alone(read):
    good = statement(*CREDIT, *DEBIT)
    other = statement(*DEBIT, account="PL9999", closing="C031031PLN70,00")
    got = read(good, other, statement(*CREDIT, opening="C031101PLN150,00", closing="C031101PLN220,00", number="9/1"))
    assert [row["statement_no"] for row in got.rows("konta_statements")] == ["8", "9"]
    assert [r["record_no"] for r in got.rejects] == [4, 5]


def test_an_entry_that_cannot_be_read_is_rejected_and_leaves_its_statement_unproved(read):
    got = read(statement(*CREDIT, ":61:031031D20,0,0NCHGX", ":86:PROWIZJA"))
    assert [(r["reason"], r["disposition"], r["record_no"]) for r in got.rejects] == [
        ("STMT-BALANCE", "suspended", 1),
        ("STMT-BALANCE", "suspended", 2),
        ("STMT-FIELD", "rejected", 3),
    ]
    assert got.rejects[2]["raw"] == b":61:031031D20,0,0NCHGX\r\n:86:PROWIZJA\r\n"


@pytest.mark.parametrize(("failed", "expected"), [("flag", "flagged"), ("stop", None), ("suspend", "suspended")])
def test_the_spec_says_what_becomes_of_a_statement_that_is_not_proved(read, failed, expected):
    text = statement(*CREDIT, closing="C031031PLN1,00")
    if expected is None:
        with pytest.raises(SourceError, match=r"record 1, byte 0: the statement is not proved: opening balance 100.00"):
            read(text, failed_check=failed)
        return
    got = read(text, failed_check=failed)
    assert got.rejects[0]["disposition"] == expected
    assert len(got.rows("konta_entries")) == (expected == "flagged")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((":60F:C031030PLN", ":60F:X031030PLN"), "its field :60F: is no balance"),
        ((":28C:8/1\r\n", ":28C:8/1\r\n:25:OTHER\r\n"), "its field :25: occurs more than once"),
        ((":60F:C031030PLN100,00\r\n", ""), "its opening balance is missing"),
    ],
)
def test_a_statement_with_a_broken_field_is_held_back(read, change, message):
    got = read(statement(*CREDIT, *DEBIT).replace(*change))
    assert got.rows("konta_entries") == []
    assert got.rejects[0]["reason"] == "STMT-FIELD" and message in got.rejects[0]["message"]


def test_two_currencies_prove_nothing(read):
    got = read(statement(*CREDIT, *DEBIT, closing="C031031EUR150,00"))
    assert "opening balance is in PLN, the closing balance in EUR" in got.rejects[0]["message"]


# --- sequence --------------------------------------------------------------------------------------------------


def day(number, opening, entry, closing, *, on="031101", **more):
    sign = "C" if entry >= 0 else "D"
    return statement(f":61:{on}{sign}{abs(entry)},00NTRFA", number=number, opening=f"C{on}PLN{opening},00",
                     closing=f"C{on}PLN{closing},00", **more)  # fmt: skip


def test_a_missing_statement_holds_the_next_one_back(read):
    got = read(day("1/1", 100, 50, 150), day("3/1", 170, 5, 175), day("4/1", 175, 5, 180))
    assert [row["statement_no"] for row in got.rows("konta_statements")] == ["1", "4"]
    assert {r["reason"] for r in got.rejects} == {"STMT-SEQUENCE"}
    assert "opens with 170.00, but statement 1/1 before it closed with 150.00" in got.rejects[0]["message"]


def test_a_statement_behind_one_that_is_not_proved_is_told_so(read):
    got = read(day("1/1", 100, 50, 190), day("2/1", 150, 5, 155), day("3/1", 155, 5, 160))
    assert [row["statement_no"] for row in got.rows("konta_statements")] == ["3"]
    first, second = [r for r in got.rejects if r["entity"] == "konta_statements"]
    assert first["reason"] == "STMT-BALANCE" and second["reason"] == "STMT-SEQUENCE"
    assert "statement 1/1 before it closed with 190.00: that statement is there but not proved" in second["message"]
    assert "a statement between them is missing" not in second["message"]


def test_a_statement_that_is_there_twice_is_taken_once(read):
    got = read(day("1/1", 100, 50, 150), day("1/1", 100, 50, 150), day("2/1", 150, 5, 155))
    assert [row["amount"] for row in got.rows("konta_entries")] == [50, 5]
    assert "statement 1/1 is there twice" in got.rejects[0]["message"]


def test_a_gap_of_numbers_alone_is_a_doubt(read):
    got = read(day("1/1", 100, 50, 150), day("3/1", 150, 5, 155))
    assert len(got.rows("konta_entries")) == 2
    assert [(r["reason"], r["disposition"]) for r in got.rejects] == [("STMT-SEQUENCE", "flagged")]
    with_stop = read(day("1/1", 100, 50, 150), day("3/1", 150, 5, 155), failed_check="stop")
    assert len(with_stop.rows("konta_entries")) == 2


def test_pages_of_one_statement_follow_each_other(read):
    pages = [day("5/1", 100, 50, 150, kinds=("F", "M")), day("5/2", 150, 5, 155, kinds=("M", "F"))]
    assert read(*pages).rejects == []
    missing = read(pages[0], day("5/3", 155, 5, 160, kinds=("M", "F")))
    assert "opens with 155.00, but statement 5/1" in missing.rejects[0]["message"]


def test_numbers_begin_again_with_the_year_and_accounts_are_apart(read):
    got = read(
        day("365/1", 100, 50, 150, on="031231"),
        day("7/1", 900, 5, 905, on="031231", account="PL99"),
        day("1/1", 150, 5, 155, on="040102"),
    )
    assert got.rejects == []


def test_statements_may_stand_in_any_order(read):
    got = read(day("2/1", 150, 5, 155, on="031102"), day("1/1", 100, 50, 150, on="031101"))
    assert got.rejects == []


# --- framing ---------------------------------------------------------------------------------------------------


def test_what_banks_put_around_statements(read):
    text = "\x01" + statement(*CREDIT, *DEBIT, end="-\x03\r\n")
    assert len(read(text).rows("konta_entries")) == 2
    swift = "{1:F01BANKPLPWXXXX0000000000}{2:O940BANKPLPWXXXXN}{3:{108:X}}{4:\r\n"
    got = read(swift + statement(*CREDIT, *DEBIT, end="-}{5:{CHK:1}}\r\n") * 1)
    assert len(got.rows("konta_entries")) == 2
    assert not any("passed over" in note for note in got.facts.notes)
    got = read("BANKPLPW\r\n940\r\n" + statement(*CREDIT, *DEBIT))
    assert got.facts.notes[-1] == (
        "2 lines outside the statements passed over, the first at byte 0: if it belongs to a statement, have the file "
        "sent again"
    )
    got = read(statement(*CREDIT, *DEBIT) + "\r\nKONIEC\r\n")
    assert "1 line outside the statements passed over, the first at byte" in got.facts.notes[-1]
    assert "1 statement of 1 account" in got.facts.notes[1]


def test_entries_behind_a_stray_end_mark_are_not_lost(read):
    text = statement(*CREDIT, *DEBIT).replace(":86:PROWIZJA\r\n", ":86:PROWIZJA\r\n-\r\n:61:031031C1,00NTRFX\r\n")
    got = read(text)
    assert {r["raw"][:20] for r in got.rejects if r["entity"] == "konta_entries"} >= {b":61:031031C1,00NTRFX"}
    assert got.rows("konta_entries") == []


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_lines_end_either_way(read, ends):
    got = read(statement(*CREDIT, *DEBIT).replace("\r\n", ends))
    assert [row["details"] for row in got.rows("konta_entries")] == [CREDIT[1][4:], "PROWIZJA"]


def test_a_file_that_ends_inside_a_statement_stops(read):
    with pytest.raises(SourceError, match="ends inside a statement") as caught:
        read(statement(*CREDIT, *DEBIT), statement(*CREDIT).partition(":62F:")[0])
    assert caught.value.where["byte_offset"] == len(statement(*CREDIT, *DEBIT))


def test_what_is_no_mt940_stops(read):
    with pytest.raises(SourceError, match="holds no MT940 statement"):
        read("NR;KWOTA\r\n1;2\r\n")


def test_a_field_without_an_end_stops(read):
    with pytest.raises(SourceError, match=r"byte \d+: a field takes more than"):
        read(statement(CREDIT[0], ":86:" + "x" * (3 << 20)))


def test_batches_are_one_table(read):
    entries = [f":61:031031C1,00NTRF{n}" for n in range(250)]
    got = read(statement(*entries, closing="C031031PLN350,00"), batch_rows=40)
    assert [row["reference"] for row in got.rows("konta_entries")] == [str(n) for n in range(250)]
    assert [row["entry_no"] for row in got.rows("konta_entries")] == list(range(1, 251))


# --- texts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["cp852", "cp1250", "iso8859_2", "utf-8", "mazovia"])
def test_code_pages(read, page):
    got = read(statement(CREDIT[0], ":86:020<20Zażółć gęślą<32Łoś", *DEBIT), page=page)
    assert got.rows("konta_entries")[0]["title"] == "Zażółć gęślą"


def test_details_that_are_no_text_are_flagged_and_the_entry_goes_on(decoded):
    data = statement(CREDIT[0], ":86:~20AB", *DEBIT).encode().replace(b"~20AB", b"~20A\x02B")
    got = decoded(data, **SPEC)
    assert [row["amount"] for row in got.rows("konta_entries")] == [70, -20]
    assert [(r["reason"], r["disposition"], r["field"]) for r in got.rejects] == [("ENC-CTRL", "flagged", "details")]
    assert got.rejects[0]["raw"] == b":86:~20A\x02B\r\n"


def test_details_that_are_no_text_cost_the_entry_whose_key_they_hold(decoded):
    data = statement(CREDIT[0], ":86:~20AB", *DEBIT).encode().replace(b"~20AB", b"~20A\x02B")
    got = decoded(data, **{**SPEC, "key": "title"})
    assert [(r["reason"], r["disposition"], r["level"]) for r in got.rejects] == [("ENC-CTRL", "rejected", "record")]


def test_a_day_of_a_month_of_thirty_days_is_flagged(read):
    got = read(statement(":61:030230C70,00NTRFA", *DEBIT))
    assert got.rows("konta_entries")[0]["value_date"] == "2003-02-28"
    assert [(r["reason"], r["field"], r["raw"]) for r in got.rejects] == [("DATE-RANGE", "value_date", b"030230")]


# --- dialects of :86: ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", "<>~^?+|@#")
def test_subfields_by_any_mark(read, mark):
    parts = [
        "00PRZELEW KRAJOWY",
        "20FAKTURA FV/12/2003 ZA ",
        "21TELEFON",
        "3010901489",
        "32ZAKLAD USLUG WODNYCH JAN KO",
    ]
    parts += ["33WALSKI", "3167160000030002000111111001", "38PL67 1600 0003"]
    text = f":86:020{mark}{mark.join(parts)}"
    row = read(statement(CREDIT[0], text, *DEBIT)).rows("konta_entries")[0]
    assert row["title"] == "FAKTURA FV/12/2003 ZA TELEFON"
    assert row["counterparty_name"] == "ZAKLAD USLUG WODNYCH JAN KOWALSKI"
    assert (row["bank_code"], row["counterparty_account"]) == ("10901489", "PL6716000003")
    assert json.loads(row["subfields"])["31"] == "67160000030002000111111001"


def test_subfields_over_several_lines(read):
    text = [
        ":86:020<00WPLATA<20FAKTURA NR 1234567 ZA USLUGI TELEF",
        "ONICZNE<27ZAKLAD UZYTECZNOSCI PUBL",
        "ICZNEJ<28W ODDZIALE",
        "<29UL. DLUGA 1",
    ]
    row = read(statement(CREDIT[0], *text, *DEBIT)).rows("konta_entries")[0]
    assert row["title"] == "FAKTURA NR 1234567 ZA USLUGI TELEFONICZNE"
    assert row["counterparty_name"] == "ZAKLAD UZYTECZNOSCI PUBLICZNEJW ODDZIALE"
    assert row["counterparty_address"] == "UL. DLUGA 1"


def test_a_bank_that_uses_numbers_in_its_own_way_is_declared(read):
    text = ":86:020~20JAN NOWAK~27TYTUL~61KONTO 77"
    subfields = {"title": ["27"], "counterparty_name": ["20"], "virtual_account": ["61"]}
    row = read(statement(CREDIT[0], text, *DEBIT), subfields=subfields).rows("konta_entries")[0]
    assert (row["title"], row["counterparty_name"], row["virtual_account"]) == ("TYTUL", "JAN NOWAK", "KONTO77")


def test_labels(read):
    text = (
        ":86:910 PRZELEW PRZYCH.; z rach.: 1140 2004; od: JAN NOWAK UL. DLUGA; tyt.: FV 1; ID IPH: XX01234; TNR: 17.01"
    )
    row = read(statement(CREDIT[0], text, *DEBIT)).rows("konta_entries")[0]
    assert (row["transaction_code"], row["posting_text"]) == ("910", "PRZELEW PRZYCH.")
    assert (row["counterparty_account"], row["counterparty_name"]) == ("11402004", "JAN NOWAK UL. DLUGA")
    assert (row["title"], row["virtual_account"]) == ("FV 1", "XX01234")
    assert json.loads(row["subfields"])["TNR"] == "17.01"


def test_codes(read):
    text = ":86:/ORDP//NAME/JAN NOWAK/IBAN/PL67160000/REMI/FV 12/2003/EREF/E1"
    row = read(statement(CREDIT[0], text, *DEBIT)).rows("konta_entries")[0]
    assert (row["counterparty_name"], row["counterparty_account"]) == ("JAN NOWAK", "PL67160000")
    assert (row["title"], row["end_to_end_id"]) == ("FV 12/2003", "E1")


def test_split_payments(read):
    text = ":86:020~20/VAT/22,00/IDC/5260250274/INV~21/FV 1/2003/TXT/TEL"
    row = read(statement(CREDIT[0], text, *DEBIT)).rows("konta_entries")[0]
    assert (row["vat_amount"], row["tax_id"], row["invoice_no"]) == (22, "5260250274", "FV 1/2003")


def test_a_text_that_begins_with_a_sign_and_digits_is_a_text(read):
    row = read(statement(CREDIT[0], ":86:#12 za grudzien", *DEBIT)).rows("konta_entries")[0]
    assert (row["title"], row["subfields"]) == ("#12 za grudzien", None)


def test_only_masks_of_accounts_are_shown_to_people(read):
    got = read(statement(*CREDIT, *DEBIT, account="PL67160000030002000111111001", closing="C031031PLN1,00"))
    shown = [*got.facts.notes, *(r["message"] for r in got.rejects), *(r["value_masked"] or "" for r in got.rejects)]
    assert not any("16000003" in text for text in shown)


# --- what looks like a frame and is none, and the other way round ------------------------------------------------


@pytest.mark.parametrize("minutes", ["20:37", "25:11", "13:05", "12:11", "26:59", "28:00", "21:21", "08:15"])
def test_a_time_that_was_cut_behind_the_hour_begins_no_field(read, minutes):
    entry = (CREDIT[0], ":86:020~00KARTA~20 2003-10-31T16", f":{minutes} POZNAN~32JAN")
    (row,) = read(statement(*entry, closing="C031031PLN170,00")).rows("konta_entries")
    assert row["title"] == f"2003-10-31T16:{minutes} POZNAN" and row["counterparty_name"] == "JAN"


@pytest.mark.parametrize("line", ["-", "-ż"])
def test_a_dash_in_a_line_of_text_ends_no_statement(read, line):
    entry = (CREDIT[0], ":86:020~00PRZELEW~20UMOWA 7", line, "~21POZNAN~32JAN")
    got = read(statement(*entry, closing="C031031PLN170,00"))
    (row,) = got.rows("konta_entries")
    assert (row["title"], row["counterparty_name"]) == (f"UMOWA 7{line}POZNAN", "JAN")


def test_a_dash_ends_a_statement_where_nothing_goes_on_below_it(read):
    broken = statement(*CREDIT).partition(":62F:")[0] + "-\r\n"
    whole = statement(*DEBIT, number="9/1", closing="C031031PLN80,00")
    got = read(broken, whole)
    assert [row["statement_no"] for row in got.rows("konta_statements")] == ["9"]
    assert {r["reason"] for r in got.rejects} == {"STMT-FIELD"} and len(got.rejects) == 2


def test_a_tag_cut_behind_its_colon_is_a_tag(read):
    got = read(statement(":61:0310311031CR", "70,00N062NONREF", ":", "86:166?00WPLATA?20ZA TELEFON?32JAN",
                         closing="C031031PLN170,00"))  # fmt: skip
    (row,) = got.rows("konta_entries")
    assert (row["amount"], row["type_code"], row["title"]) == (70, "N062", "ZA TELEFON")


def test_lines_that_end_in_a_carriage_return_alone(read):
    text = statement(*CREDIT, *DEBIT)
    assert read(text.replace("\r\n", "\r")).rows("konta_entries") == read(text).rows("konta_entries")
    assert read(text.replace("\r\n", "\r")).rejects == []


@pytest.mark.parametrize("end", ["-}", "-}{5:{CHK:123456789ABC}}", "-XXX", "-å", "-", ""])
@pytest.mark.parametrize("begin", ["", "{1:F01BANKPLPWAXXX}{2:I940X}{4:\r\n", "{1:F01BANKPLPW}\r\n{2:I940}\r\n{4:\r\n"])
def test_what_stands_around_a_statement_is_no_part_of_it(read, begin, end):
    first, second = statement(*CREDIT, end=""), statement(*DEBIT, number="9/1", end="")
    second = second.replace("C031030PLN100,00", "C031031PLN170,00")
    got = read(f"{begin}{first.replace('PLN150,00', 'PLN170,00')}{end}\r\n{begin}{second}{end}", page="iso8859_1")
    assert [row["statement_no"] for row in got.rows("konta_statements")] == ["8", "9"]
    assert got.rejects == [] and len(got.facts.notes) == 2


@pytest.mark.parametrize(
    ("written", "code", "reference"),
    [
        ("NTRFFV 1", "NTRF", "FV 1"), ("TRFFV 1", "TRF", "FV 1"), ("STONONREF", "STO", None), ("SINTX", "SINT", "X"),
        ("N024NONREF", "N024", None), ("MCI0NONREF//B1", "MCI0", None), ("", None, None), (" NTRFX", "NTRF", "X"),
    ],
)  # fmt: skip
def test_the_type_of_an_entry_may_be_written_in_other_ways(read, written, code, reference):
    (row,) = read(statement(f":61:031031C50,00{written}")).rows("konta_entries")
    assert (row["amount"], row["type_code"], row["reference"]) == (50, code, reference)


@pytest.mark.parametrize("money", ["50,00,00", "1,000.50", "-50,00", "50 000,00", "5O,00", "1PLN50,00"])
def test_an_amount_that_can_be_read_in_two_ways_is_not_read(read, money):
    got = read(statement(f":61:031031C{money}NTRFX"))
    reasons = {(r["entity"], r["reason"]) for r in got.rejects}
    assert reasons == {("konta_entries", "STMT-FIELD"), ("konta_statements", "STMT-BALANCE")}


# --- how a file is cut up -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ends", ["\r\n", "\n", "\r"])
def test_where_a_file_is_cut_for_reading_does_not_matter(read, monkeypatch, ends):
    entry = (CREDIT[0], ":86:020~00KARTA~20 2003-10-31T16", ":20:37 POZNAN", "-", "~32JAN", ":", "86:more")
    other = statement(*DEBIT, number="9/1", opening="C031101PLN170,00", closing="C031101PLN150,00")
    text = ("TELEKS\r\n\r\n" + statement(*entry, closing="C031031PLN170,00") + "KONIEC\r\n" + other).replace(
        "\r\n", ends
    )
    whole = read(text)
    assert [row["amount"] for row in whole.rows("konta_entries")] == [70, -20]
    assert "2 lines outside the statements passed over, the first at byte 0" in whole.facts.notes[-1]
    for size in (1, 2, 3, 7, 64):
        monkeypatch.setattr(mt940_lines, "_READ_BYTES", size)
        monkeypatch.setattr(mt940_lines, "_SAMPLE", 12)  # the first line, with its end
        got = read(text)
        assert got.tables == whole.tables and got.facts == whole.facts and got.rejects == whole.rejects


def test_what_has_no_lines_is_refused_piece_by_piece(read, monkeypatch):
    monkeypatch.setattr(mt940_lines, "MAX_FIELD", 1 << 10)
    monkeypatch.setattr(mt940_lines, "_READ_BYTES", 1 << 8)
    with pytest.raises(SourceError, match="holds no MT940 statement"):
        read("x" * 100_000)


def test_an_empty_subfield_is_not_the_first_that_is_there(read):
    details = ":86:020~00PRZELEW~20FV 1~3167160000~32JAN~38"
    (row,) = read(statement(":61:031031C50,00NTRFX", details)).rows("konta_entries")
    assert row["counterparty_account"] == "67160000"


def test_a_bank_that_writes_empty_subfields_of_the_name_has_it_in_the_title(read):
    details = ":86:020<00PRZELEW<20FV 1<27JAN ŁOŚ<28<29UL. DLUGA 1<31671600<32<33 "
    (row,) = read(statement(":61:031031C50,00NTRFX", details)).rows("konta_entries")
    assert (row["title"], row["counterparty_name"], row["counterparty_address"]) == ("FV 1", "JAN ŁOŚ", "UL. DLUGA 1")


def test_subfields_are_kept_as_json_whatever_they_hold(read):
    details = ':86:020~00PRZELEW~20a "b" \\c~21\td'
    (row,) = read(statement(":61:031031C50,00NTRFX", details)).rows("konta_entries")
    assert json.loads(row["subfields"]) == {"00": "PRZELEW", "20": 'a "b" \\c', "21": "d"}


# --- interim reports ----------------------------------------------------------------------------------------------

REPORT = "".join(
    f"{line}\r\n"
    for line in [
        ":20:ST031031CYC/1", ":25:PL6712", ":28C:8/1", ":34F:PLN0", ":13D:0310311815+0100", *CREDIT, ":90D:0PLN0,00",
        ":90C:1PLN70,00", "-",
    ]
)  # fmt: skip


@pytest.mark.parametrize("before", [True, False])
def test_an_interim_report_beside_statements_is_passed_over(read, before):
    text = statement(*CREDIT, *DEBIT)
    got = read(*([REPORT, text] if before else [text, REPORT]))
    assert [row["statement_no"] for row in got.rows("konta_statements")] == ["8"]
    assert [row["amount"] for row in got.rows("konta_entries")] == [70, -20]
    assert got.rejects == [] and "1 interim report (MT942) passed over" in got.facts.notes


def test_a_file_of_interim_reports_alone_is_refused(read):
    with pytest.raises(SourceError, match=r"no MT940 statement, but interim reports \(MT942\)\. Remedy: have"):
        read(REPORT, REPORT)


# --- details ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "details",
    [
        "/VAT/23,00/IDC/5260250274/INV/FV 1/2003/TXT/za telefon",
        "020~00PRZELEW~20/VAT/23,00/IDC/526025~210274/INV/FV 1/2003~32JAN",
        "/ORDP/JAN/REMI//VAT/23,00/IDC/5260250274/INV/FV 1/2003",
    ],
)
def test_the_invoice_of_a_split_payment(read, details):
    (row,) = read(statement(":61:031031C50,00NTRFX", f":86:{details}")).rows("konta_entries")
    assert (row["invoice_no"], row["tax_id"], row["vat_amount"]) == ("FV 1/2003", "5260250274", Decimal("23"))


def test_a_telephone_number_is_no_subfield(read):
    details = ":86:020+00PRZELEW+20TEL. +48616123456+32JAN"
    (row,) = read(statement(":61:031031C50,00NTRFX", details)).rows("konta_entries")
    assert (row["title"], row["counterparty_name"]) == ("TEL. +48616123456", "JAN")
    assert json.loads(row["subfields"]) == {"00": "PRZELEW", "20": "TEL. +48616123456", "32": "JAN"}


def test_amounts_and_numbers_that_no_bank_has_are_no_crash(read):
    got = read(statement(":61:031031C50,123456NTRFA"))  # more decimals than any currency has
    assert {r["reason"] for r in got.rejects} == {"STMT-BALANCE", "STMT-FIELD"}
    got = read(statement(*[f":61:031031C{'9' * 15},NTRFA"] * 10_001))
    assert {r["reason"] for r in got.rejects} == {"STMT-BALANCE"} and len(got.rejects) == 10_002
    got = read(statement(*CREDIT, *DEBIT, number="1" * 5_000), statement(*CREDIT, *DEBIT, number="1" * 5_000))
    assert {r["reason"] for r in got.rejects} == {"STMT-SEQUENCE"}
