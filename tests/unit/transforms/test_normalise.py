import datetime as dt

import pyarrow as pa
import pytest
from raw_batches import raw_batch

from billing.lineage import REJECTS
from billing.model import ENTITIES, STATUSES, conformed_schema, normalised_schema
from transforms.conform import conform
from transforms.lookups import Lookups
from transforms.normalise import normalise


@pytest.fixture
def run(make_spec):
    def clean(entity, **fields):
        """Deliver columns called like the canonical fields, conform and normalise them."""
        spec_keys = fields.pop("spec", {})
        required = {f.name: f for f in ENTITIES[entity].delivered if f.required}
        rows = len(next(iter(fields.values())))
        key = ENTITIES[entity].key[0]
        fields.setdefault(key, [str(n) for n in range(rows)])
        mapping = {
            name: {"column": name, "format": "YYYY-MM-DD"} if name.endswith("_date") else name for name in fields
        }
        mapping |= {n: {"value": "x" if not f.codes else f.codes[0]} for n, f in required.items() if n not in fields}
        spec = make_spec({"name": entity, "from": "T", "fields": mapping}, **spec_keys)
        conformed = conform(spec, spec.entities[0], raw_batch(fields), Lookups.of(spec))
        split = normalise(spec, entity, conformed.kept)
        assert split.kept.schema.equals(normalised_schema(entity)) and split.rejects.schema.equals(REJECTS)
        assert split.kept.num_rows == conformed.kept.num_rows == rows
        split.kept.validate(full=True)
        for name in split.kept.schema.names:
            if name.endswith("_status") and name != "status":
                assert set(split.kept.column(name).to_pylist()) <= set(STATUSES)
        return split.kept.to_pylist(), split.rejects.to_pylist()

    return clean


def test_the_delivered_text_stays_beside_the_clean_value(run):
    kept, rejects = run("subscriber", pesel=["440514-01458", "44051401457"], phone=["(0-22) 625 12 34", "331511"],
                        nip=["526-025-09-95", "1"], email=["Jan@WP.pl", "jan"])  # fmt: skip
    assert [r["pesel"] for r in kept] == ["44051401458", None]
    assert [r["pesel_raw"] for r in kept] == ["440514-01458", "44051401457"]
    assert [r["pesel_status"] for r in kept] == ["ok", "unparsed"]
    assert [r["phone"] for r in kept] == ["+48226251234", None]
    assert [r["phone_raw"] for r in kept] == ["(0-22) 625 12 34", "331511"]
    assert [r["nip"] for r in kept] == ["5260250995", None]
    assert [r["email"] for r in kept] == ["jan@wp.pl", None]
    flagged = {(r["reason"], r["record_no"]): r for r in rejects}
    assert set(flagged) == {("ID-PESEL", 2), ("TEL-SHORT", 2), ("ID-NIP", 2), ("MAIL-INVALID", 2)}
    assert {(r["disposition"], r["level"], r["step"]) for r in rejects} == {("flagged", "attribute", "normalise")}
    assert flagged["ID-PESEL", 2]["value_masked"] == "44*******" and flagged["ID-PESEL", 2]["source_key"] == "1"
    assert all(r["amount"] is None for r in rejects)


def test_nothing_delivered_is_missing(run):
    kept, rejects = run("subscriber", pesel=[None])
    row = kept[0]
    statuses = ("pesel_status", "nip_status", "regon_status", "phone_status", "email_status", "name_status")
    assert {row[s] for s in statuses} == {"missing"}
    assert row["kind"] is None and rejects == []


def test_sex_comes_from_the_pesel_unless_delivered(run):
    kept, _ = run("subscriber", pesel=["44051401458", "44051401458", "02070803628"], sex=[None, "F", None])
    assert [r["sex"] for r in kept] == ["M", "F", "F"]
    assert [r["pesel_status"] for r in kept] == ["ok", "suspect", "ok"]


def test_a_birth_date_that_contradicts_is_flagged_and_a_swap_is_told(run):
    births = ["1944-05-14", "1944-05-15", "1972-05-14", None]
    kept, rejects = run(
        "subscriber", pesel=["44051401458", "44051401458", "27051401451", "44051401458"], birth_date=births
    )
    assert [r["pesel_status"] for r in kept] == ["ok", "suspect", "suspect", "ok"]
    assert [r["pesel"] for r in kept][1] == "44051401458"
    assert [(r["reason"], r["record_no"], "exchanged" in r["message"]) for r in rejects] == [
        ("ID-PESEL-BIRTH", 2, False), ("ID-PESEL-BIRTH", 3, True),
    ]  # fmt: skip


def test_fillers_are_no_identifiers(run):
    kept, rejects = run(
        "subscriber", pesel=["22222222222"], nip=["1111111111"], regon=["000000000"], phone=["000000000"]
    )
    assert all(kept[0][n] is None for n in ("pesel", "nip", "regon", "phone"))
    assert {kept[0][f"{n}_status"] for n in ("pesel", "nip", "regon", "phone")} == {"filler"}
    assert {r["reason"] for r in rejects} == {"ID-PESEL-FILLER", "ID-NIP-FILLER", "ID-REGON", "TEL-FILLER"}


def test_names_and_firms(run):
    kept, rejects = run("subscriber", name=["KOWALSKI JAN", "ALFA SP. Z O.O.", "***", None])
    assert [(r["kind"], r["first_name"], r["last_name"], r["company_name"], r["name_status"]) for r in kept] == [
        ("person", "Jan", "Kowalski", None, "ok"), ("company", None, None, "ALFA SP. Z O.O.", "ok"),
        (None, None, None, None, "unparsed"), (None, None, None, None, "missing"),
    ]  # fmt: skip
    assert [r["name"] for r in kept] == ["KOWALSKI JAN", "ALFA SP. Z O.O.", "***", None]
    assert [(r["reason"], r["record_no"]) for r in rejects] == [("NAME-UNPARSED", 3)]


def test_the_source_declares_the_order_of_names(run):
    kept, _ = run("subscriber", name=["Janusz Lech"], spec={"name_order": "given_first"})
    assert (kept[0]["first_name"], kept[0]["last_name"]) == ("Janusz", "Lech")


def test_documents_are_compacted_and_known(run):
    kept, _ = run("subscriber", document=["aba 300000", "DB 1234567", None])
    assert [(r["document"], r["document_kind"]) for r in kept] == [
        ("ABA300000", "id_card"),
        ("DB1234567", None),
        (None, None),
    ]


def test_addresses(run):
    kept, rejects = run(
        "address", street=["UL. MICKIEWICZA ADAMA", "KRĘPA", None, "Długa"], house=["12/4", "15", None, "za kościołem"],
        city=["KRAKOW", "Krępa", None, "Łódź"], postal_code=["30062", "1-234", None, "00-000"],
        address_text=[None, None, "ul. 3 Maja 5, 30-062 Kraków", None],
    )  # fmt: skip
    assert [(r["street_type"], r["street_name"], r["street_rest"], r["building"], r["flat"]) for r in kept] == [
        ("ul.", "Mickiewicza", "Adama", "12", "4"), (None, None, None, "15", None), ("ul.", "3 Maja", None, "5", None),
        (None, "Długa", None, None, None),
    ]  # fmt: skip
    assert [r["locality"] for r in kept] == ["Kraków", "Krępa", "Kraków", "Łódź"]
    assert [r["postal_code"] for r in kept] == ["30-062", "01-234", "30-062", None]
    assert [r["postal_code_raw"] for r in kept] == ["30062", "1-234", None, "00-000"]
    assert [r["address_status"] for r in kept] == ["repaired", "ok", "ok", "unparsed"]
    assert kept[0]["house"] == "12/4"
    assert {(r["reason"], r["record_no"]) for r in rejects} == {("ADR-UNPARSED", 4), ("ADR-POSTCODE", 4)}
    unparsed = next(r for r in rejects if r["reason"] == "ADR-UNPARSED")
    assert unparsed["value_masked"] == "z* k********"


def test_addresses_abroad_are_left_alone(run):
    kept, rejects = run(
        "address", street=["618 Deshaun Route"], city=["Hyattside"], postal_code=["12546"], country=["US"]
    )
    row = kept[0]
    assert (row["postal_code"], row["postal_code_status"], row["address_status"]) == ("12546", "ok", "ok")
    assert (row["building"], row["locality"], row["street_key"]) == (None, "Hyattside", "618 deshaun route")
    assert rejects == []


def test_lines_have_the_zone_of_their_source(run):
    kept, rejects = run("line", number=["6251234", "0126251234", "602123456", "12", None])
    assert [r["number"] for r in kept] == ["+48226251234", "+48126251234", "+48602123456", None, None]
    assert [r["number_zone"] for r in kept] == ["22", "12", None, None, None]
    assert [r["number_status"] for r in kept] == ["ok", "suspect", "suspect", "unparsed", "missing"]
    assert {(r["reason"], r["record_no"]) for r in rejects} == {("TEL-DOUBT", 2), ("TEL-DOUBT", 3), ("TEL-INVALID", 4)}


def test_money_passes_untouched(make_spec):
    fields = {"payment_key": "ID", "account_key": "ID", "currency": {"value": "PLN"}, "amount": "A",
              "paid_on": {"value": "2003-01-01"}}  # fmt: skip
    spec = make_spec({"name": "payment", "from": "P", "fields": fields})
    conformed = conform(spec, spec.entities[0], raw_batch({"ID": ["1", "2"], "A": ["1.00", "-2.50"]}), Lookups.of(spec))
    split = normalise(spec, "payment", conformed.kept)
    assert split.kept.to_pylist() == conformed.kept.to_pylist() and split.rejects.num_rows == 0
    assert split.kept.column("paid_on").to_pylist() == [dt.date(2003, 1, 1)] * 2


@pytest.mark.parametrize("entity", list(ENTITIES))
def test_an_empty_batch_of_every_entity_normalises(make_spec, entity):
    spec = make_spec({"name": "subscriber", "from": "S", "fields": {"subscriber_key": "ID"}})
    split = normalise(spec, entity, pa.RecordBatch.from_pylist([], schema=conformed_schema(entity)))
    assert split.kept.schema.equals(normalised_schema(entity)) and split.kept.num_rows == 0
