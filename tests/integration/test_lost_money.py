"""The money of records that never became canonical rows stands in the totals: read = loaded + rejected + suspended."""

from decimal import Decimal

import pytest
from bank_declaration import bank_declaration
from source_world import SourceWorld, accounts

from audit.totals import Total
from pipeline.figures import source_figures
from pipeline.landed import chain
from pipeline.reporting import _rejects
from pipeline.store import read_batches

# KOD is required, so that damage in it costs the record
DELIMITED = accounts().replace('account_no = "NR"', 'account_no = { columns = ["NR", "KOD"], join = "/" }').replace(
    'code_page = "cp1250"', 'code_page = "cp1250"\nheader = true'
)  # fmt: skip
CREDITS = 'where = [{ column = "mark", equals = ["C", "RC"] }, { column = "virtual_account", not_blank = true }]'
BANK = bank_declaration(
    '"virtual_account"', of_file=['subfields = { virtual_account = ["61"] }'], of_payment=[CREDITS],
    rest="[thresholds]\nmax_suspended = 1\nmax_rejected = 1",
)  # fmt: skip
HEAD = ":20:ST{no}\n:25:PL67160000030002000111111001\n:28C:{no}/1\n:60F:C0310{no:02}PLN{opening},00\n"
CREDIT = ":61:031003{day}C{amount}NTRFNONREF//B1\n:86:020~00WPLATA~61VA0001\n"
SOUND = HEAD.format(no=8, opening=100) + CREDIT.format(day="1003", amount="5,25") + ":62F:C031008PLN105,25\n-\n"


@pytest.fixture
def world(tmp_path):
    return SourceWorld(tmp_path)


def figures_of(world, **files):
    """The figures of a delivery, and its rejects."""
    world.deliver(**files)
    ctx, manifest = world.run(until="balance")
    decode = chain(ctx, manifest)["decode"]
    rejects = [] if decode.rejects is None else [
        row for batch in read_batches(ctx.store, decode.rejects, 1000) for row in batch.to_pylist()
    ]  # fmt: skip
    return source_figures(ctx, manifest), rejects


def closes(figures, entity, currency="PLN"):
    """Read, kept, rejected and suspended: records and amounts, which add up to what was read."""
    totals: list[Total] = [
        getattr(figures, name)[entity, currency] for name in ("read", "kept", "rejected", "suspended")
    ]
    read, *rest = totals
    assert read.records == sum(t.records for t in rest)
    assert read.amount == sum(t.amount for t in rest)
    return [(t.records, t.amount) for t in totals]


def test_a_rejected_record_with_an_amount_takes_it_along(world):
    world.declare(DELIMITED)
    text = "NR;KOD;SALDO\n1001;a;10,50\n1002;\x01;-3,00\n1003;c;x\n"
    figures, rejects = figures_of(world, konta=text)
    assert [(r["reason"], r["amount"], r["currency"]) for r in rejects] == [("ENC-CTRL", Decimal("-3.00"), "PLN")]
    assert closes(figures, "account") == [(3, 750), (1, 1050), (2, -300), (0, 0)]
    assert figures.unplaced == {"rejected": 0, "suspended": 0}
    assert figures.unreadable == {("rejected", "NUM-TEXT", "account"): 1}  # 1003: found by conform


def test_a_record_whose_amount_is_the_damage_is_counted_without_it(world):
    figures, rejects = figures_of(world, konta="NR;SALDO\n1001;10,50\n1002;-3,\x010\n")
    assert [(r["amount"], r["currency"]) for r in rejects] == [(None, None)]
    assert figures.unreadable == {("rejected", "ENC-CTRL", "konta"): 1}
    assert figures.read["account", ""].records == figures.rejected["account", ""].records == 1
    assert closes(figures, "account") == [(1, 1050), (1, 1050), (0, 0), (0, 0)]


def test_a_record_without_columns_is_told_apart_from_those_with_money(world):
    figures, rejects = figures_of(world, konta="NR;SALDO\n1001;10,50\n1002\n")
    assert [r["amount"] for r in rejects] == [None]
    assert figures.unplaced == {"rejected": 1, "suspended": 0}
    assert figures.unreadable == {("rejected", "REC-COLUMNS", "konta"): 1}
    assert closes(figures, "account") == [(1, 1050), (1, 1050), (0, 0), (0, 0)]


def test_a_damaged_column_that_decides_what_a_record_becomes_leaves_its_money_open(world):
    where = 'from = "konta"\nwhere = [{ column = "KOD", differs = ["martwe"] }]'
    world.declare(accounts().replace('from = "konta"', where))
    text = "NR;KOD;SALDO\n1001;a;10,50\n1002;\x01;-3,00\n1\x0103;b;2,00\n\x01;martwe;9,00\n"
    figures, rejects = figures_of(world, konta=text)
    assert [(r["record_no"], r["amount"]) for r in rejects] == [(3, None), (4, Decimal("2.00")), (5, None)]
    assert figures.unreadable == {("rejected", "ENC-CTRL", "konta"): 1}  # of the dead one no row was wanted
    assert figures.unplaced == {"rejected": 2, "suspended": 0}
    assert closes(figures, "account") == [(2, 1250), (1, 1050), (1, 200), (0, 0)]


def test_entries_of_a_statement_that_is_held_back_are_suspended_with_their_money(world):
    world.declare(BANK)
    debit = ":61:0310041004D20,00NCHGNONREF//B2\n:86:PROWIZJA\n"
    broken = HEAD.format(no=9, opening=105).replace("105,00", "105,25") + CREDIT.format(day="1004", amount="30,00")
    broken += debit + ":62F:C031009PLN999,00\n-\n"
    figures, rejects = figures_of(world, wyciag=SOUND + broken)
    found = [(r["entity"], r["disposition"], r["amount"], r["currency"]) for r in rejects]
    assert found == [
        ("wyciag_statements", "suspended", None, None),
        ("wyciag_entries", "suspended", Decimal("30.00"), "PLN"),
        ("wyciag_entries", "suspended", None, None),  # a charge, which no mapping wants
    ]
    # the sound one of 5.25 is held, too: this source declares no accounts
    assert closes(figures, "payment") == [(2, 3525), (0, 0), (0, 0), (2, 3525)]
    assert figures.unreadable == {}
    groups = {(g["reason"], g["entity"]): (g["amounts"], g["unreadable"]) for g in _rejects({"probe": figures})}
    assert groups["STMT-BALANCE", "wyciag_entries"] == ({"PLN": 3000}, 0)


def test_an_entry_whose_title_is_no_text_has_an_amount_all_the_same(world):
    world.declare(BANK.replace(', { column = "virtual_account", not_blank = true }', ""))
    figures, rejects = figures_of(world, wyciag=SOUND.replace("WPLATA", "WP\x01ATA"))
    assert [(r["entity"], r["disposition"], r["amount"]) for r in rejects] == [
        ("wyciag_entries", "rejected", Decimal("5.25"))
    ]
    assert closes(figures, "payment") == [(1, 525), (0, 0), (1, 525), (0, 0)]
    # where the unreadable details decide whether it is a payment, nobody knows
    world.declare(BANK)
    figures, rejects = figures_of(world, wyciag=SOUND.replace("WPLATA", "WP\x01ATA"))
    assert [r["amount"] for r in rejects] == [None]
    assert figures.unreadable == {("rejected", "ENC-CTRL", "wyciag_entries"): 1}


CAMT = (
    BANK[: BANK.index("[[files]]")]
    + """
[[files]]
name = "camt"
format = "camt053"
pattern = "*.xml"
[[entities]]
name = "payment"
from = "camt_transactions"
where = [{ column = "status", equals = ["BOOK"] }]
[entities.fields]
payment_key = { columns = ["statement_id", "entry_no", "transaction_no"], join = "/" }
account_key = "creditor_account"
paid_on = { column = "booking_date", format = "YYYY-MM-DD" }
currency = "currency"
amount = "amount"
[thresholds]
max_suspended = 1
max_rejected = 1
"""
)


def balance(code, amount):
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="PLN">{amount}</Amt>'
        "<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2003-11-03</Dt></Dt></Bal>"
    )


def document(entry, *parts, closing="12.30"):
    details = "".join(f'<TxDtls><Amt Ccy="PLN">{part}</Amt></TxDtls>' for part in parts)
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt><Id>S1</Id>'
        f"<Acct><Id><IBAN>PL1</IBAN></Id></Acct>{balance('OPBD', 0)}{balance('CLBD', closing)}"
        f'<Ntry><Amt Ccy="PLN">{entry}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
        f"<BookgDt><Dt>2003-11-03</Dt></BookgDt><NtryDtls>{details}</NtryDtls></Ntry></Stmt>"
        "</BkToCstmrStmt></Document>"
    )


@pytest.mark.parametrize(
    ("delivered", "suspended", "unreadable"),
    [
        (document("12.30", "10.00", "2.30", closing="99.00"), (2, 1230), {}),  # the statement does not close
        (document("12.30", "10.00", "2.00"), (2, 1200), {}),  # the transactions are not what was booked
        (document("12,30", "10.00"), (0, 0), {("rejected", "STMT-FIELD", "camt_transactions"): 1}),
    ],
)
def test_transactions_of_an_entry_that_is_held_back_are_set_aside_with_it(world, delivered, suspended, unreadable):
    world.declare(CAMT)
    figures, rejects = figures_of(world, wyciag=delivered)
    assert closes(figures, "payment") == [suspended, (0, 0), (0, 0), suspended]
    assert {r["entity"] for r in rejects} >= {"camt_entries", "camt_transactions"}
    assert figures.unreadable == unreadable
