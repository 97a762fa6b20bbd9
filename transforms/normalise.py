"""Canonical rows to clean ones: every normaliser of the catalogue, and the fields that are derived.

A normaliser never drops a row and never loses what was delivered: the text stays in `<field>_raw`, the clean value
(null where there is none) stands under the field's own name, and `<field>_status` says how it came about.  What could
not be used, or was doubted, goes to the reject store as a flagged attribute.

Entities without such fields (all that carry money) pass as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billing.lineage import LINEAGE_NAMES, Split, no_rejects
from billing.model import ENTITIES, Entity, normalised_schema
from billing.spec import SourceSpec
from transforms import identifier_columns, unique
from transforms.address_columns import addresses
from transforms.addresses import split_text
from transforms.emails import read_email
from transforms.faults import Faults, key_of
from transforms.identifiers import compact, is_id_card, swap_that_agrees
from transforms.kernels import Bools, dense, present
from transforms.localities import read_postal_code
from transforms.names import Name, read_name
from transforms.phone_columns import phones

Columns = dict[str, Any]


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
    rule(spec, model, columns, faults)
    kept = pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)
    lineage = [columns[name] for name in LINEAGE_NAMES]
    account_key = columns.get("account_key", pa.nulls(batch.num_rows, pa.string()))
    return Split(entity, kept, faults.reject_rows(lineage, key_of(model, columns), account_key, None, None))


# --- subscriber --------------------------------------------------------------------------------------------------


def _subscriber(spec: SourceSpec, entity: Entity, columns: Columns, faults: Faults) -> None:
    _names(spec, entity, columns, faults)
    _pesels(spec, entity, columns, faults)
    for name, judge in (("nip", identifier_columns.nips), ("regon", identifier_columns.regons)):
        judged = judge(columns[name])
        _flag(faults, entity, name, judged.findings, columns[name])
        columns[name], columns[f"{name}_status"] = judged.value, judged.status
    _documents(columns)
    _phones(spec, entity, columns, faults, "phone", own_lines=False)
    email = columns["email"]
    columns["email"], columns["email_status"], message = unique.apply(read_email, email, 3)
    columns["email_status"] = pc.fill_null(columns["email_status"], "missing")
    faults.flag(present(message), entity.field("email"), "MAIL-INVALID", email)


def _names(spec: SourceSpec, entity: Entity, columns: Columns, faults: Faults) -> None:
    delivered = [columns[n] for n in ("name", "first_name", "last_name", "company_name", "kind")]
    rule = partial(read_name, given_first=spec.name_order == "given_first")
    read = unique.apply_rows(rule, delivered, len(Name._fields))
    names = ("kind", "first_name", "last_name", "company_name", "legal_form", "name_note", "name_status",
             "first_name_key", "last_name_key", "company_key")  # fmt: skip
    shown = pc.coalesce(*delivered[:4])
    columns.update(zip(names, read, strict=True))
    unparsed = pc.equal(columns["name_status"], "unparsed").to_numpy(zero_copy_only=False)
    faults.flag(unparsed, entity.field("name"), "NAME-UNPARSED", shown)


def _pesels(spec: SourceSpec, entity: Entity, columns: Columns, faults: Faults) -> None:
    delivered = columns["pesel"]
    judged = identifier_columns.pesels(delivered, spec.delivery.extracted_on)
    _flag(faults, entity, "pesel", judged.findings, delivered)
    birth, usable = columns["birth_date"], present(judged.value)
    born = pc.fill_null(birth.view(pa.int32()), 0).to_numpy(zero_copy_only=False)
    contradicts = usable & present(birth) & (born != judged.birth_days)
    swapped = _swapped(judged.value, birth, contradicts)
    field = entity.field("pesel")
    faults.flag(contradicts & ~swapped, field, "ID-PESEL-BIRTH", delivered)
    faults.flag(
        contradicts & swapped, field, "ID-PESEL-BIRTH", delivered, "two neighbouring digits seem to be exchanged"
    )
    status = pc.if_else(pa.array(contradicts), "suspect", judged.status)
    other_sex = pc.fill_null(pc.not_equal(columns["sex"], judged.sex), False)
    columns["pesel"] = judged.value
    columns["pesel_status"] = pc.if_else(pc.and_(other_sex, pc.equal(status, "ok")), "suspect", status)
    columns["sex"] = pc.coalesce(columns["sex"], judged.sex)


def _swapped(pesels: Any, births: Any, rows: Bools) -> Bools:
    """Of the contradicting rows, which two exchanged digits would explain."""
    explained = np.zeros(len(rows), bool)
    at = np.flatnonzero(rows)
    for row, pesel, birth in zip(
        at.tolist(), pesels.take(pa.array(at)).to_pylist(), births.take(pa.array(at)).to_pylist(), strict=True
    ):
        explained[row] = swap_that_agrees(pesel, birth) is not None
    return explained


def _documents(columns: Columns) -> None:
    """Documents without blanks and in capitals; the plastic identity card is known by its check digit."""

    def read(number: str) -> tuple[str | None, str | None]:
        bare = compact(number).upper()
        return bare or None, "id_card" if is_id_card(bare) else None

    columns["document"], kind = unique.apply(read, columns["document"], 2)
    columns["document_kind"] = pc.coalesce(columns["document_kind"], kind)


def _phones(spec: SourceSpec, entity: Entity, columns: Columns, faults: Faults, name: str, *, own_lines: bool) -> Any:
    """Telephone numbers of one field; answers with their zones."""
    delivered, zone = columns[name], spec.zone or ""
    found = phones(delivered, zone)
    zones, status = found.zone, pc.fill_null(found.status, "missing")
    if own_lines and zone:
        # a line of the source has the source's zone: to complete it is no repair, to have another is strange
        here = pc.fill_null(pc.equal(zones, zone), False)
        status = pc.if_else(pc.and_(here, pc.equal(status, "repaired")), "ok", status)
        status = pc.if_else(pc.and_(pc.invert(here), pc.equal(status, "ok")), "suspect", status)
    columns[name], columns[f"{name}_extension"], columns[f"{name}_status"] = found.e164, found.extension, status
    for rows, reason, message in _groups(found.reason, found.message):
        faults.flag(rows, entity.field(name), reason, delivered, message)
    return zones


# --- address, line -----------------------------------------------------------------------------------------------


def _address(spec: SourceSpec, entity: Entity, columns: Columns, faults: Faults) -> None:
    del spec
    one_text = columns["address_text"]
    if one_text.null_count < len(one_text):
        code, city = unique.apply(lambda text: [t or None for t in split_text(text)[1:]], one_text, 2)
        columns["postal_code"] = pc.coalesce(columns["postal_code"], code)
        columns["city"] = pc.coalesce(columns["city"], city)
    _postal_codes(entity, columns, faults)
    abroad = _abroad(columns)
    read = addresses([columns[n] for n in ("street", "house", "flat_no", "city", "address_text")], abroad)
    names = ("street_type", "street_name", "street_rest", "building", "flat", "locality", "address_status",
             "street_key", "locality_key")  # fmt: skip
    columns.update(zip(names, read, strict=True))
    unparsed = pc.equal(columns["address_status"], "unparsed").to_numpy(zero_copy_only=False)
    shown = pc.coalesce(columns["house"], columns["street"], columns["address_text"], columns["city"])
    faults.flag(unparsed, entity.field("house"), "ADR-UNPARSED", shown)


def _postal_codes(entity: Entity, columns: Columns, faults: Faults) -> None:
    delivered = columns["postal_code"]
    code, status, message = unique.apply(read_postal_code, delivered, 3)
    status = pc.fill_null(status, "missing")
    abroad = _abroad(columns)
    if pc.any(abroad).as_py():
        code, message = pc.if_else(abroad, delivered, code), pc.if_else(abroad, None, message)
        status = pc.if_else(abroad, pc.if_else(pc.is_valid(delivered), "ok", "missing"), status)
    columns["postal_code"], columns["postal_code_status"] = code, status
    faults.flag(present(message), entity.field("postal_code"), "ADR-POSTCODE", delivered)


def _abroad(columns: Columns) -> Any:
    """Which addresses lie in another country, where the Polish rules do not hold."""
    country = pc.fill_null(pc.utf8_upper(columns["country"]), "PL")
    return pc.invert(pc.is_in(country, value_set=pa.array(["PL", "POL", "POLSKA", "POLAND"])))


def _line(spec: SourceSpec, entity: Entity, columns: Columns, faults: Faults) -> None:
    columns["number_zone"] = _phones(spec, entity, columns, faults, "number", own_lines=True)


_RULES: dict[str, Callable[[SourceSpec, Entity, Columns, Faults], None]] = {
    "subscriber": _subscriber,
    "address": _address,
    "line": _line,
}


def _flag(faults: Faults, entity: Entity, name: str, findings: list[tuple[Bools, str, str]], values: Any) -> None:
    for rows, reason, message in findings:
        faults.flag(rows, entity.field(name), reason, values, message)


def _groups(reasons: Any, messages: Any) -> list[identifier_columns.Group]:
    """Rows for which a rule named a reason, by reason and message."""
    if reasons.null_count == len(reasons):
        return []
    both = pc.binary_join_element_wise(reasons, messages, unique.SEPARATOR)
    groups = []
    for text in pc.unique(both.drop_null()).to_pylist():
        reason, _, message = text.partition(unique.SEPARATOR)
        rows = pc.fill_null(pc.equal(both, text), False).to_numpy(zero_copy_only=False)
        groups.append((rows, reason, message))
    return groups
