"""Canonical rows to clean ones: every normaliser of the catalogue, and the fields that are derived.

A normaliser never drops a row and never loses what was delivered: the text stays in `<field>_raw`, the clean value
(null where there is none) stands under the field's own name, and `<field>_status` says how it came about.  The column
`rules` names, for the few values that were not read as they stand, the rule that decided (`transforms.rules`).  What
could not be used, or was doubted, goes to the reject store as a flagged attribute.

Entities without such fields (all that carry money) pass as they are; of accounts only the bank account is judged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from billing.lineage import LINEAGE_NAMES, Split, no_rejects
from billing.model import ENTITIES, normalised_schema
from billing.spec import SourceSpec
from transforms import identifier_columns, unique
from transforms.address_columns import addresses
from transforms.addresses import split_text
from transforms.document_columns import documents
from transforms.faults import Faults, key_of
from transforms.findings import Columns, Findings
from transforms.kernels import Bools, dense
from transforms.localities import postal_district, read_postal_code
from transforms.marks import Marks
from transforms.name_columns import mails, names
from transforms.name_order import sex_of
from transforms.phone_columns import phones
from transforms.phones import OldNumbers
from transforms.registers import read_krs, read_nrb
from transforms.voivodeships import read_voivodeship


def normalise(spec: SourceSpec, entity: str, batch: pa.RecordBatch) -> Split:
    """Clean one batch of conformed rows.

    Args:
        spec: The source: its zone completes telephone numbers, its extract date bounds birth dates.
        entity: Canonical entity of the rows.
        batch: Rows in `conformed_schema(entity)`.

    Returns:
        The same rows, in the same order, in `normalised_schema(entity)`; flagged attributes as rejects.
    """
    schema = normalised_schema(entity)
    rule = _RULES.get(entity)
    columns: Columns = {name: dense(batch.column(name)) for name in batch.schema.names}
    if rule is None:
        arrays = [columns[name] for name in schema.names]
        return Split(entity, pa.RecordBatch.from_arrays(arrays, schema=schema), no_rejects())
    model = ENTITIES[entity]
    faults = Faults(model, batch.num_rows, "normalise")
    for field in model.fields:
        if field.normaliser:
            columns[f"{field.name}_raw"] = columns[field.name]
    found = Findings(model, columns, faults)
    rule(spec, columns, found)
    columns["rules"] = found.rules(batch.num_rows)
    kept = pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)
    lineage = [columns[name] for name in LINEAGE_NAMES]
    account_key = columns.get("account_key", pa.nulls(batch.num_rows, pa.string()))
    rejects = faults.reject_rows(lineage, key_of(model, columns), account_key, None, None)
    return Split(entity, kept, rejects, fillers=found.fillers.counts)


# --- subscriber --------------------------------------------------------------------------------------------------


def _subscriber(spec: SourceSpec, columns: Columns, found: Findings) -> None:
    _names(spec, columns, found)
    _pesels(spec, columns, found)
    for name, judge in (("nip", identifier_columns.nips), ("regon", identifier_columns.regons)):
        judged = judge(columns[name])
        found.told(name, judged.marks, columns[name])
        columns[name] = judged.value
    judged = identifier_columns.judged(columns["krs"], read_krs, "krs.missing")
    found.told("krs", judged.marks, columns["krs"])
    columns["krs"] = judged.value
    _documents(columns, found)
    _phones(spec, columns, found, "phone", own_lines=False)
    judged = mails(columns["email"])
    found.told("email", judged.marks, columns["email"])
    columns["email"] = judged.value


def _names(spec: SourceSpec, columns: Columns, found: Findings) -> None:
    delivered = [columns[n] for n in ("name", "first_name", "last_name", "company_name", "kind")]
    read = names(delivered, given_first=spec.name_order == "given_first")
    fields = ("kind", "first_name", "last_name", "company_name", "legal_form", "name_note", "name_status",
             "first_name_key", "last_name_key", "company_key")  # fmt: skip
    columns.update(zip(fields, read, strict=False))
    found.told("name", Marks.of(read[-1], "name.missing"), pc.coalesce(*delivered[:4]))


def _pesels(spec: SourceSpec, columns: Columns, found: Findings) -> None:
    delivered, extracted_on = columns["pesel"], spec.delivery.extracted_on
    judged = identifier_columns.pesels(delivered, extracted_on)
    judged = identifier_columns.compare_births(judged, columns["birth_date"], delivered, extracted_on)
    marks, plain = judged.marks, judged.marks.having_rule("pesel.plain")
    marks.set(plain & _differ(columns["sex"], judged.sex), "pesel.sex")
    given = unique.apply(lambda name: (sex_of(name),), columns["first_name_key"], 1)[0]
    person = pc.fill_null(pc.equal(columns["kind"], "person"), False).to_numpy(zero_copy_only=False)
    marks.set(marks.having_rule("pesel.plain") & person & _differ(given, judged.sex), "pesel.name-sex")
    found.told("pesel", marks, delivered)
    columns["pesel"] = judged.value
    columns["sex"] = pc.coalesce(columns["sex"], judged.sex)


def _differ(left: Any, right: Any) -> Bools:
    """Rows where both are there and not the same."""
    differ: Bools = pc.fill_null(pc.not_equal(left, right), False).to_numpy(zero_copy_only=False)
    return differ


def _documents(columns: Columns, found: Findings) -> None:
    delivered = columns["document"]
    read = documents(delivered, columns["document_kind"])
    columns["document"], columns["document_kind"] = read.number, read.kind
    found.told("document", read.marks, delivered)


def _phones(spec: SourceSpec, columns: Columns, found: Findings, name: str, *, own_lines: bool) -> Any:
    """Telephone numbers of one field; answers with their zones."""
    delivered, zone = columns[name], spec.zone or ""
    renumbering = tuple(OldNumbers(row.digits, row.old, row.new) for row in spec.renumbering)
    read = phones(delivered, zone, renumbering)
    if own_lines and zone:
        # a line of the source has the source's zone: to complete it is no repair, to have another is strange
        here = pc.fill_null(pc.equal(read.zone, zone), False).to_numpy(zero_copy_only=False)
        read.marks.set(read.marks.having_rule("phone.zone") & here, "phone.own-zone")
        read.marks.set(read.marks.having(("ok",)) & ~here, "phone.other-zone")
    columns[name], columns[f"{name}_extension"] = read.e164, read.extension
    found.told(name, read.marks, delivered)
    return read.zone


# --- address, line, account --------------------------------------------------------------------------------------


def _address(spec: SourceSpec, columns: Columns, found: Findings) -> None:
    del spec
    one_text = columns["address_text"]
    if one_text.null_count < len(one_text):
        code, city = unique.apply(lambda text: [t or None for t in split_text(text)[1:]], one_text, 2)
        columns["postal_code"] = pc.coalesce(columns["postal_code"], code)
        columns["city"] = pc.coalesce(columns["city"], city)
    abroad = _abroad(columns)
    read = addresses([columns[n] for n in ("street", "house", "flat_no", "city", "address_text")], abroad)
    names = ("street_type", "street_name", "street_rest", "building", "flat", "locality", "address_status",
             "street_key", "locality_key")  # fmt: skip
    columns.update(zip(names, read, strict=False))
    columns["post_town"] = pc.coalesce(columns["post_town"], read[-1])
    shown = pc.coalesce(columns["house"], columns["street"], columns["address_text"], columns["city"])
    found.told("address", Marks.of(read[-2], "address.missing"), shown, at="house")
    _postal_codes(columns, found, abroad)
    _voivodeships(columns, found)


def _postal_codes(columns: Columns, found: Findings, abroad: Any) -> None:
    delivered = columns["postal_code"]
    judged = identifier_columns.judged(delivered, read_postal_code, "postal.missing")
    code, marks = judged.value, judged.marks
    if pc.any(abroad).as_py():
        code = pc.if_else(abroad, delivered, code)
        marks.set(abroad.to_numpy(zero_copy_only=False), "postal.missing")
        marks.set(pc.and_(abroad, pc.is_valid(delivered)).to_numpy(zero_copy_only=False), "postal.foreign")
    district = unique.apply(lambda key: (postal_district(key),), columns["locality_key"], 1)[0]
    if district.null_count < len(district):
        other = _differ(pc.utf8_slice_codeunits(code, 0, 1), district)
        marks.set(marks.having_rule("postal.plain") & other, "postal.city")
    columns["postal_code"] = code
    found.told("postal_code", marks, delivered)


def _voivodeships(columns: Columns, found: Findings) -> None:
    if columns["voivodeship"].null_count == len(columns["voivodeship"]):
        columns["voivodeship_before_1999"] = columns["voivodeship_since_1999"] = columns["voivodeship"]
        return
    pairs = [columns["voivodeship"], columns["locality_key"]]
    before, since, rule = unique.apply_rows(read_voivodeship, pairs, 3)
    columns["voivodeship_before_1999"], columns["voivodeship_since_1999"] = before, since
    found.flagged("voivodeship", Marks.of(rule, "voivodeship.missing"), columns["voivodeship"])


def _abroad(columns: Columns) -> Any:
    """Which addresses lie in another country, where the Polish rules do not hold."""
    country = pc.fill_null(pc.utf8_upper(columns["country"]), "PL")
    return pc.invert(pc.is_in(country, value_set=pa.array(["PL", "POL", "POLSKA", "POLAND"])))


def _line(spec: SourceSpec, columns: Columns, found: Findings) -> None:
    columns["number_zone"] = _phones(spec, columns, found, "number", own_lines=True)


def _account(spec: SourceSpec, columns: Columns, found: Findings) -> None:
    """The account's NRB in one form; one that does not check stays as it is, and is told."""
    del spec
    delivered = columns["nrb"]
    judged = identifier_columns.judged(delivered, read_nrb, "nrb.missing")
    columns["nrb"] = pc.coalesce(judged.value, delivered)
    found.told("nrb", judged.marks, delivered)


_RULES: dict[str, Callable[[SourceSpec, Columns, Findings], None]] = {
    "subscriber": _subscriber,
    "address": _address,
    "line": _line,
    "account": _account,
}
