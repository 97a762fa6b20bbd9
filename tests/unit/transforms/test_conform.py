import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest
from raw_batches import first_map, raw_batch

from billing.errors import ContractError
from billing.lineage import REJECTS
from billing.model import ENTITIES, conformed_schema
from billing.spec import Rule
from transforms.conform import conform
from transforms.lookups import Lookups

PAYMENT = {
    "payment_key": "ID", "account_key": {"column": "ACC", "strip_zeros": True}, "currency": "CUR",
    "paid_on": {"column": "DAY", "format": "YYYYMMDD"}, "amount": {"column": "AMT", "decimal": ","},
    "channel": {"column": "CH", "map": {"B": "bank", "P": "post"}},
}  # fmt: skip


def payments(**columns):
    base = {"ID": "1", "ACC": "0042", "CUR": "PLN", "DAY": "20030105", "AMT": "12,50", "CH": "B"}
    rows = max(len(v) for v in columns.values()) if columns else 1
    return raw_batch({n: columns.get(n, [v] * rows) for n, v in base.items()})


def run(spec, raw, lookups=None):
    split = conform(spec, first_map(spec), raw, lookups or Lookups.of(spec))
    entity = first_map(spec).name
    assert split.table == entity
    assert split.kept.schema.equals(conformed_schema(entity))
    assert split.rejects.schema.equals(REJECTS)
    split.kept.validate(full=True)
    split.rejects.validate(full=True)
    return split.kept.to_pylist(), split.rejects.to_pylist()


@pytest.fixture
def payment_spec(make_spec):
    return make_spec({"name": "payment", "from": "P", "fields": PAYMENT})


def test_a_sound_row_arrives_whole(payment_spec):
    kept, rejects = run(payment_spec, payments())
    assert rejects == []
    row = kept[0]
    assert (row["payment_key"], row["account_key"], row["currency"]) == ("1", "42", "PLN")
    assert (row["paid_on"], row["amount"], row["channel"]) == (dt.date(2003, 1, 5), Decimal("12.50"), "bank")
    assert (row["source_id"], row["record_no"], row["byte_offset"], row["byte_length"]) == ("here", 1, 0, 10)


@pytest.mark.parametrize(
    ("columns", "reason", "field"),
    [
        ({"ID": [None]}, "REQUIRED", "payment_key"),
        ({"AMT": [None]}, "REQUIRED", "amount"),
        ({"AMT": ["12,505"]}, "NUM-TEXT", "amount"),
        ({"AMT": ["****"]}, "NUM-TEXT", "amount"),
        ({"DAY": ["20030230"]}, "DATE-RANGE", "paid_on"),
        ({"DAY": ["00000000"]}, "REQUIRED", "paid_on"),
        ({"DAY": ["19000101"]}, "DATE-RANGE", "paid_on"),
        ({"ACC": ["9" * 65]}, "TOO-LONG", "account_key"),
    ],
)
def test_a_fault_in_key_money_or_required_field_rejects_the_record(payment_spec, columns, reason, field):
    kept, rejects = run(payment_spec, payments(**columns))
    assert kept == []
    assert [(r["reason"], r["field"], r["disposition"], r["level"]) for r in rejects] == [
        (reason, field, "rejected", "record")
    ]
    assert rejects[0]["step"] == "conform" and rejects[0]["record_no"] == 1


def test_a_reject_carries_key_account_and_amount(payment_spec):
    _, rejects = run(payment_spec, payments(DAY=["20030230"]))
    reject = rejects[0]
    assert (reject["source_key"], reject["account_key"]) == ("1", "42")
    assert (reject["amount"], reject["currency"]) == (Decimal("12.50"), "PLN")
    assert reject["value_masked"] == "20030230" and reject["raw"] is None


def test_an_unreadable_amount_is_null_in_the_reject(payment_spec):
    _, rejects = run(payment_spec, payments(AMT=["abc"]))
    assert rejects[0]["amount"] is None and rejects[0]["value_masked"] == "abc"


def test_a_fault_in_an_optional_attribute_only_flags(payment_spec):
    kept, rejects = run(payment_spec, payments(CH=["X"]))
    assert kept[0]["channel"] is None
    assert [(r["reason"], r["disposition"], r["level"], r["amount"]) for r in rejects] == [
        ("CODE-UNMAPPED", "flagged", "attribute", None)
    ]


def test_an_unknown_currency_suspends(payment_spec):
    kept, rejects = run(payment_spec, payments(CUR=["eur"]))
    assert kept == []
    assert (rejects[0]["reason"], rejects[0]["disposition"]) == ("CUR-UNKNOWN", "suspended")
    assert "`currencies` in source.toml" in rejects[0]["message"]
    assert (rejects[0]["amount"], rejects[0]["currency"]) == (Decimal("12.50"), "EUR")


def test_a_record_with_several_faults_is_rejected_once(payment_spec):
    kept, rejects = run(
        payment_spec, payments(ID=[None, "2"], AMT=["x", "1,00"], DAY=["20031399", "20030101"], CH=["?", "B"])
    )
    assert [row["payment_key"] for row in kept] == ["2"]
    assert len(rejects) == 1
    assert rejects[0]["reason"] == "REQUIRED" and rejects[0]["source_key"] is None
    assert rejects[0]["message"].endswith("; also paid_on: DATE-RANGE; also amount: NUM-TEXT")


def test_records_are_kept_or_rejected_and_their_money_too(payment_spec):
    amounts = [f"{n},0{n % 10}" for n in range(200)]
    days = ["20030101" if n % 7 else "20031301" for n in range(200)]
    kept, rejects = run(payment_spec, payments(ID=[str(n) for n in range(200)], AMT=amounts, DAY=days))
    records = [r for r in rejects if r["level"] == "record"]
    assert len(kept) + len(records) == 200
    total = sum(Decimal(a.replace(",", ".")) for a in amounts)
    assert sum(r["amount"] for r in kept) + sum(r["amount"] for r in records) == total


def test_a_payment_after_the_extract_is_flagged_and_kept(payment_spec):
    kept, rejects = run(payment_spec, payments(DAY=["20031001"]))
    assert kept[0]["paid_on"] == dt.date(2003, 10, 1)
    assert (rejects[0]["reason"], rejects[0]["disposition"]) == ("DATE-RANGE", "flagged")


def test_old_zloty_become_pln_and_stay_beside_it(make_spec):
    fields = PAYMENT | {"unallocated": {"column": "REST", "decimal": ","}}
    spec = make_spec({"name": "payment", "from": "P", "fields": fields})
    batch = raw_batch({
        "ID": ["1", "2", "3"], "ACC": ["1"] * 3, "CUR": ["PLZ", "PLN", "plz"], "DAY": ["19941231"] * 3,
        "AMT": ["123450", "12,35", "49"], "CH": ["B"] * 3, "REST": ["50", None, None],
    })  # fmt: skip
    kept, rejects = run(spec, batch)
    assert rejects == []
    assert [r["amount"] for r in kept] == [Decimal("12.35"), Decimal("12.35"), Decimal("0.00")]
    assert [r["currency"] for r in kept] == ["PLN"] * 3
    assert [r["original_currency"] for r in kept] == ["PLZ", None, "PLZ"]
    assert [r["original_amount"] for r in kept] == [Decimal("123450.00"), None, Decimal("49.00")]
    assert [r["unallocated"] for r in kept] == [Decimal("0.01"), None, None]
    assert kept[0]["original_unallocated"] == Decimal("50.00")


def test_unit_prices_in_old_zloty_are_converted_quantities_are_not(make_spec):
    fields = {"invoice_key": "NO", "item_no": "POS", "vat_rate": "R", "currency": {"value": "PLZ"}, "net": "N",
              "quantity": "Q", "unit_price": "U"}  # fmt: skip
    spec = make_spec({"name": "invoice_item", "from": "I", "fields": fields})
    batch = raw_batch({"NO": ["1"], "POS": ["1"], "R": ["22%"], "N": ["6000"], "Q": ["3"], "U": ["2000"]})
    row = run(spec, batch)[0][0]
    assert (row["quantity"], row["unit_price"], row["net"]) == (Decimal(3), Decimal("0.2"), Decimal("0.60"))
    assert (row["item_no"], row["vat_rate"]) == (1, "22")


def test_a_vat_rate_that_the_source_does_not_bill_is_suspended(make_spec):
    fields = {"invoice_key": "NO", "vat_rate": "R", "currency": {"value": "PLN"}, "net": "N", "vat": "V"}
    spec = make_spec({"name": "tax_item", "from": "T", "fields": fields}, vat_rates=["22", "7", "zw"])
    rates = ["22.00", "ZW", "0,07", "23", "x", None]
    kept, rejects = run(spec, raw_batch({"NO": list("abcdef"), "R": rates, "N": ["1"] * 6, "V": ["0.22"] * 6}))
    assert [r["vat_rate"] for r in kept] == ["22", "zw", "7"]
    assert [(r["reason"], r["disposition"], r["amount"]) for r in rejects] == [
        ("VAT-RATE", "suspended", Decimal("0.22")), ("VAT-RATE", "suspended", Decimal("0.22")),
        ("REQUIRED", "rejected", Decimal("0.22")),
    ]  # fmt: skip


def account_spec(make_spec, **fields):
    base = {"account_key": "ID", "account_no": "ID", "subscriber_key": "OWNER", "currency": {"value": "PLN"},
            "closing_balance": "BAL"}  # fmt: skip
    return make_spec({"name": "account", "from": "A", "fields": base | fields}, tables=("XREF",))


def test_sign_flags_turn_amounts(make_spec):
    rule = {"column": "BAL", "sign_column": "SIDE", "signs": {"W": "+", "M": "-"}}
    spec = account_spec(make_spec, closing_balance=rule)
    batch = raw_batch({"ID": ["1", "2", "3", "4"], "OWNER": ["s"] * 4, "BAL": ["5.00", "5.00", "5.00", "5.00"],
                       "SIDE": ["W", "M", "Q", None]})  # fmt: skip
    kept, rejects = run(spec, batch)
    assert [r["closing_balance"] for r in kept] == [Decimal(5), Decimal(-5)]
    assert [(r["reason"], r["value_masked"]) for r in rejects] == [("NUM-SIGN", "Q"), ("NUM-SIGN", "")]


def test_flags_behind_the_number_turn_amounts(make_spec):
    rule = {"column": "BAL", "decimal": ",", "thousands": ".'", "signs": {"CR": "-", "DB": "+", "C": "+"}}
    written = ["1.234,50CR", "5,00 DB", "7,00", "1'234,56C", "-2,00", "-1,00CR", "3,00XX"]
    numbers = [str(n) for n in range(len(written))]
    batch = raw_batch({"ID": numbers, "OWNER": ["s"] * len(written), "BAL": written})
    kept, rejects = run(account_spec(make_spec, closing_balance=rule), batch)
    assert [str(row["closing_balance"]) for row in kept] == ["-1234.50", "5.00", "7.00", "1234.56", "-2.00"]
    assert [(r["reason"], r["record_no"]) for r in rejects] == [("NUM-TEXT", 6), ("NUM-TEXT", 7)]
    with pytest.raises(ValueError, match="sign_column needs signs"):
        account_spec(make_spec, closing_balance={"column": "BAL", "sign_column": "SIDE"})


def test_negate_turns_the_sign(make_spec):
    spec = account_spec(make_spec, closing_balance={"column": "BAL", "negate": True})
    kept, _ = run(spec, raw_batch({"ID": ["1"], "OWNER": ["s"], "BAL": ["5.00-"]}))
    assert kept[0]["closing_balance"] == Decimal(5)


def test_packed_decimals_keep_their_scale(make_spec):
    batch = raw_batch({
        "ID": pa.array([Decimal(7), Decimal(8)], pa.decimal128(9, 0)), "OWNER": ["s", "s"],
        "BAL": pa.array([Decimal("-12.345"), Decimal("-12.340")], pa.decimal128(9, 3)),
    })  # fmt: skip
    kept, rejects = run(account_spec(make_spec), batch)
    assert [(r["account_key"], r["closing_balance"]) for r in kept] == [("8", Decimal("-12.34"))]
    assert rejects[0]["reason"] == "NUM-TEXT"


def test_lookups_fetch_or_miss(make_spec):
    lookup = {"column": "CARD", "lookup": {"table": "XREF", "key": "CARD", "take": "CUST"}}
    spec = account_spec(make_spec, subscriber_key=lookup, payer_subscriber_key=lookup | {"column": "PAYER"})
    lookups = Lookups.from_tables(spec, {"XREF": [pa.record_batch({"CARD": ["c1"], "CUST": ["s1"]})]})
    batch = raw_batch(
        {"ID": ["1", "2", "3"], "CARD": ["c1", "c9", "c1"], "BAL": ["0"] * 3, "PAYER": [None, None, "c8"]}
    )
    kept, rejects = run(spec, batch, lookups)
    assert [(r["account_key"], r["subscriber_key"], r["payer_subscriber_key"]) for r in kept] == [
        ("1", "s1", None), ("3", "s1", None),
    ]  # fmt: skip
    assert sorted((r["reason"], r["field"], r["disposition"]) for r in rejects) == [
        ("LOOKUP-MISS", "payer_subscriber_key", "flagged"), ("LOOKUP-MISS", "subscriber_key", "rejected"),
    ]  # fmt: skip


def address_spec(make_spec, where=(), **fields):
    base = {"address_key": {"columns": ["ID", "ROLE"], "join": "-"}, "subscriber_key": "ID",
            "role": {"column": "ROLE", "map": {"K": "correspondence"}, "default": "registered"}}  # fmt: skip
    return make_spec({"name": "address", "from": "A", "where": list(where), "fields": base | fields})


def test_joined_keys_leave_blanks_out_and_defaults_fill(make_spec):
    kept, rejects = run(address_spec(make_spec), raw_batch({"ID": ["7", "8", "9"], "ROLE": ["K", None, "?"]}))
    assert [(r["address_key"], r["role"]) for r in kept] == [
        ("7-K", "correspondence"), ("8", "registered"), ("9-?", "registered"),
    ]  # fmt: skip
    assert rejects == []


def test_a_join_of_nothing_is_nothing(make_spec):
    spec = subscriber_spec(make_spec, first_name={"columns": ["F", "M", "T"]})
    batch = raw_batch({"ID": list("1234"), "F": ["Jan", None, " ", "Ewa"], "M": [None, None, "Adam", "Maria"],
                       "T": ["X", None, None, "Z"]})  # fmt: skip
    kept, rejects = run(spec, batch)
    assert [r["first_name"] for r in kept] == ["Jan X", None, "Adam", "Ewa Maria Z"]
    assert rejects == []


def test_a_prefix_tells_mappings_of_one_row_apart(make_spec):
    spec = address_spec(make_spec, address_key={"column": "ID", "prefix": "K-"})
    kept, rejects = run(spec, raw_batch({"ID": ["7", None], "ROLE": ["K", "K"]}))
    assert [r["address_key"] for r in kept] == ["K-7"]
    assert rejects[0]["reason"] == "REQUIRED"


BY_TITLE = r"(?i)(?:konto|nr klienta)\D{0,12}(?P<value>\d{4,})"


def test_a_key_is_extracted_from_a_text_that_people_write(make_spec):
    rule = {"column": "ID", "extract": BY_TITLE, "strip_zeros": True, "prefix": "K-"}
    texts = ["FV 1/2003 KONTO 12345 ZA TELEFON", "nr klienta: 0099887", "za Łosia konto nr 5551", "telefon 12345", None]
    kept, rejects = run(address_spec(make_spec, address_key=rule), raw_batch({"ID": texts, "ROLE": ["K"] * 5}))
    assert [r["address_key"] for r in kept] == ["K-12345", "K-99887", "K-5551"]
    assert [(r["reason"], r["level"]) for r in rejects] == [("REQUIRED", "record")] * 2
    assert {r["value_masked"] for r in rejects} == {None}  # a title may hold a person's name


def test_what_is_extracted_may_be_a_number_a_code_or_nothing(make_spec):
    role = {"column": "ROLE", "extract": "^(?P<value>.)", "map": {"K": "correspondence"}, "default": "registered"}
    fields = {"role": role, "address_key": "ID", "street": {"column": "ROLE", "extract": r"(?P<value>ul\..*)"}}
    kept, rejects = run(address_spec(make_spec, **fields), raw_batch({"ID": list("12"), "ROLE": ["K ul. Długa", "R"]}))
    assert [(r["role"], r["street"]) for r in kept] == [("correspondence", "ul. Długa"), ("registered", None)]
    assert rejects == []


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", r"missing \)"), ("(a)", "unnamed groups"), ("a", "exactly one group"), ("(?P<key>a)", "has key"),
        ("(?P<value>a)(?P<b>c)", "has value, b"), (r"(?P<value>a)\1", "invalid escape"),
        ("(?=a)(?P<value>b)", "invalid perl operator"), ("(?P<value>a)" * 99, "at most 500"),
        ("(?P<value>(?:a{1000}){1000})", "invalid repetition size"),
    ],
)  # fmt: skip
def test_a_pattern_that_cannot_be_used_is_refused_when_it_is_declared(pattern, message):
    with pytest.raises(ValueError, match=message):
        Rule.model_validate({"column": "TYTUL", "extract": pattern})


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"equals": ["K", "0"]}, ["1", "4"]),
        ({"equals": [""]}, ["3"]),
        ({"differs": ["K"]}, ["2", "3", "4", "5"]),
        ({"differs": ["K", ""]}, ["2", "4", "5"]),
        ({"not_blank": True}, ["1", "2", "4", "5"]),
        ({"not_zero": True}, ["1", "2"]),
    ],
)
def test_where_chooses_rows_without_rejecting_the_others(make_spec, where, expected):
    spec = address_spec(make_spec, where=[{"column": "ROLE", **where}], address_key="ID")
    kept, rejects = run(spec, raw_batch({"ID": list("12345"), "ROLE": ["K", "R", None, "0", "0,00"]}))
    assert [r["address_key"] for r in kept] == expected
    assert rejects == []


def subscriber_spec(make_spec, **fields):
    return make_spec({"name": "subscriber", "from": "S", "fields": {"subscriber_key": "ID"} | fields})


def test_null_values_are_no_values(make_spec):
    spec = subscriber_spec(make_spec, nip={"column": "NIP", "null_values": ["0", "BRAK"]},
                           updated_on={"column": "D", "format": "CYYMMDD", "null_values": ["0"]})  # fmt: skip
    batch = raw_batch({"ID": ["1", "2", "3"], "NIP": ["BRAK", "0", "5260250995"],
                       "D": pa.array([Decimal(0), Decimal(1030930), None], pa.decimal128(7, 0))})  # fmt: skip
    kept, rejects = run(spec, batch)
    assert [r["nip"] for r in kept] == [None, None, "5260250995"]
    assert [r["updated_on"] for r in kept] == [None, dt.date(2003, 9, 30), None]
    assert rejects == []


def test_dates_that_nobody_means_lose_only_the_attribute(make_spec):
    day = {"format": "YYYYMMDD"}
    spec = subscriber_spec(make_spec, birth_date=day | {"column": "B"}, updated_on=day | {"column": "U"},
                           customer_since=day | {"column": "C"})  # fmt: skip
    batch = raw_batch({
        "ID": list("12345"), "B": ["19800101", "20040101", "19000101", "00000000", "19440514"],
        "U": ["19800101", "20031001", "20030930", None, "20031"], "C": ["19800101", "20040101", None, None, None],
    })  # fmt: skip
    kept, rejects = run(spec, batch)
    assert [r["birth_date"] for r in kept] == [dt.date(1980, 1, 1), None, None, None, dt.date(1944, 5, 14)]
    assert [r["updated_on"] for r in kept] == [None, None, dt.date(2003, 9, 30), None, None]
    assert [r["customer_since"] for r in kept[:2]] == [dt.date(1980, 1, 1), dt.date(2004, 1, 1)]
    assert {r["disposition"] for r in rejects} == {"flagged"}
    assert sorted((r["field"], r["record_no"]) for r in rejects) == [
        ("birth_date", 2), ("birth_date", 3), ("updated_on", 1), ("updated_on", 2), ("updated_on", 5),
    ]  # fmt: skip


def test_personal_values_are_masked_codes_are_not(make_spec):
    spec = subscriber_spec(make_spec, first_name="F", document="D", birth_date={"column": "B", "format": "YYYYMMDD"})
    batch = raw_batch({"ID": ["1"], "F": ["Jan " * 80], "D": ["ABA300000" * 5], "B": ["19441305"]})
    kept, rejects = run(spec, batch)
    shown = {r["field"]: r["value_masked"] for r in rejects}
    assert shown["document"] == "AB*******" and shown["birth_date"] == "19*******"
    assert set(shown["first_name"]) <= set("J* ") and kept[0]["first_name"] is None


def test_a_date_constant_is_iso(make_spec):
    spec = subscriber_spec(make_spec, updated_on={"value": "2003-09-30"})
    assert run(spec, raw_batch({"ID": ["1"]}))[0][0]["updated_on"] == dt.date(2003, 9, 30)


def test_a_code_outside_the_catalogue_is_unmapped(make_spec):
    spec = subscriber_spec(make_spec, kind="K")
    kept, rejects = run(spec, raw_batch({"ID": ["1", "2"], "K": ["person", "osoba"]}))
    assert [r["kind"] for r in kept] == ["person", None]
    assert rejects[0]["reason"] == "CODE-UNMAPPED"


def test_a_column_that_the_table_lacks_is_an_error_that_names_it(payment_spec):
    with pytest.raises(ContractError, match="AMT"):
        run(payment_spec, raw_batch({"ID": ["1"], "ACC": ["1"], "CUR": ["PLN"], "DAY": ["20030101"], "CH": ["B"]}))


def test_an_empty_batch_conforms(payment_spec):
    kept, rejects = run(payment_spec, payments().slice(0, 0))
    assert kept == rejects == []


def test_a_slice_conforms_like_the_rows_that_it_holds(payment_spec):
    batch = payments(ID=list("abcd"), AMT=["1,00", "2,00", "x", "4,00"])
    whole, _ = run(payment_spec, batch)
    part, rejects = run(payment_spec, batch.slice(1, 2))
    assert part == [whole[1]] and rejects[0]["record_no"] == 3


def test_every_entity_has_a_schema_for_its_delivered_fields():
    for name, entity in ENTITIES.items():
        assert {f.name for f in entity.delivered} <= set(conformed_schema(name).names)
