"""Which columns are proposed for which canonical fields, and what is left to a person."""

import pytest

from extractors.profiling.columns import Column, judge_column
from extractors.profiling.keys import bare_names, own_key
from extractors.profiling.mapping import map_table


def table(*columns):
    """Columns of nine rows: `NAME:kind`, with `*` behind a name whose values repeat."""
    found = {}
    for column in columns:
        name, _, kind = column.partition(":")
        distinct = 3 if name.endswith("*") else 9
        name = name.rstrip("*")
        found[name] = Column(name, kind or "integer", filled=9, distinct=distinct, rows=9, longest=8)
    return found


def only(entity, name, columns):
    return next(mapped for mapped in map_table(name, columns) if mapped.entity == entity)


@pytest.mark.parametrize(
    ("columns", "key", "owner"),
    [
        (("NR_KONTA", "NR_EWID", "NR_AB", "SALDO:money"), "NR_KONTA", "NR_AB"),
        (("KTO-ABON", "KTO-NR", "KTO-EWID:text", "KTO-SALDO-ZAM:money"), "KTO-NR", "KTO-ABON"),
        (("NR_EWID", "ID_KL*", "SALDO:money"), "NR_EWID", "ID_KL"),
        (("id", "numer", "abonent_id*", "saldo:money"), "id", "abonent_id"),
        (("ABON-NR", "KONTO-NR", "NR-EWID:text", "SALDO-ZAM:money"), "KONTO-NR", "ABON-NR"),
    ],
)
def test_the_owner_of_an_account_is_the_subscriber(columns, key, owner):
    mapped = only("account", "konta", table(*columns))
    assert mapped.is_sure, mapped.why
    assert (mapped.fields["account_key"][0], mapped.fields["subscriber_key"][0]) == (key, owner)


def test_an_owner_that_no_column_is_called_after_is_not_guessed():
    mapped = only("account", "konta", table("NR_KONTA", "SALDO:money"))
    assert not mapped.is_sure
    assert "subscriber_key" in mapped.todo and "subscriber_key" not in mapped.fields


def test_the_owner_of_an_invoice_and_of_a_payment_is_the_account():
    amounts = "NETTO:money", "VAT:money", "BRUTTO:money"
    columns = table("FAKTURA-NR", "NUMER:text", "KONTO-NR*", "DATA-WYST:date", *amounts)
    invoice = only("invoice", "faktury", columns)
    assert invoice.is_sure, invoice.why
    assert (invoice.fields["invoice_key"][0], invoice.fields["account_key"][0]) == ("FAKTURA-NR", "KONTO-NR")
    assert invoice.fields["invoice_no"][0] == "NUMER"
    payment = only("payment", "wplaty", table("WPLATA-NR", "KONTO-NR*", "ABON-NR*", "DATA-WPLATY:date", "KWOTA:money"))
    assert payment.is_sure, payment.why
    assert (payment.fields["payment_key"][0], payment.fields["account_key"][0]) == ("WPLATA-NR", "KONTO-NR")


def test_codes_that_a_constant_would_overrule_are_left_to_a_person():
    amounts = "NETTO:money", "VAT:money", "BRUTTO:money"
    columns = table("ID", "NUMER:text", "ID_KONTA*", "RODZAJ*:code", "WYST:date", *amounts)
    mapped = only("invoice", "faktury", columns)
    assert not mapped.is_sure
    assert mapped.todo["kind"].startswith("map the codes of RODZAJ to invoice, correction, ")
    assert (mapped.coded, "kind" in mapped.constants) == ({"kind": "RODZAJ"}, False)


@pytest.mark.parametrize("columns", [("KOD:text", "NAZWA:text", "CENA:money"), ("ID", "NAZWA:text")])
def test_a_price_list_is_no_subscriber(columns):
    assert not any(mapped.is_sure for mapped in map_table("taryfy", table(*columns)))


def test_a_row_that_is_a_subscriber_owns_its_account_and_address():
    columns = table("NR", "NAZWISKO:text", "KOD:postal_code", "MIASTO:text", "SALDO:money")
    owners = {mapped.entity: mapped.fields["subscriber_key"][0] for mapped in map_table("abon", columns)}
    assert owners == {"subscriber": "NR", "address": "NR", "account": "NR"}


def test_values_that_are_too_long_make_no_key():
    long = judge_column("ID", [f"{n:03}" + "x" * 80 for n in range(9)])
    assert long.longest == 83 and own_key("subscriber", {"ID": long}) is None


def test_a_common_first_word_is_left_out_only_where_nearly_all_names_have_it():
    assert bare_names(["NR_KONTA", "NR_AB", "NR_EWID"])["NR_KONTA"] == "NR_KONTA"
    assert bare_names(["FAK-NR", "FAK-KONTO", "FAK-BRUTTO"])["FAK-KONTO"] == "KONTO"


def test_a_key_of_the_right_name_may_repeat_now_and_then():
    columns = {
        "ABON-NR": judge_column("ABON-NR", [f"{n:06}" for n in (*range(60), 7)]),
        "NAZWISKO": judge_column("NAZWISKO", ["Nowak", "Lis", "Wrona"] * 20 + ["Lis"]),
    }
    mapped = only("subscriber", "abonent", columns)
    assert mapped.is_sure and mapped.fields["subscriber_key"][0] == "ABON-NR"
    assert "ABON-NR is not another in every row" in mapped.why
