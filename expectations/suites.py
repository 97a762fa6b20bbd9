"""The suites of the three gates, derived from the field catalogue and a source spec.

* **raw**: is the decoded table the one that the spec describes?  Missing columns stop the source.  Single values
  are only *warned* about here: what they are worth is known after conform, and a record that is set aside has to be
  counted with its amount.
* **canonical**: is the entity fit for the consolidated schema?  Wrong columns, types or lineage stop the source
  (they are faults of a declaration or of the code, no record can cause them); a row that would break a constraint
  of the warehouse is rejected; what is only improbable is warned about, since faults of addresses, names and
  identifiers must never hold up money.
* **consolidated**: are the staged tables of all sources together consistent?  See `expectations.warehouse`.

>>> invoices = consolidated_suite("invoice", cut_off=dt.date(2003, 12, 31), staged={"account", "invoice"})
>>> [check.says for check in invoices.checks if check.columns == ("net", "vat", "gross")]
['net + VAT is not gross', 'net + VAT is not gross, as delivered']
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from billing.lineage import LINEAGE, LINEAGE_NAMES
from billing.model import ENTITIES, STATUSES, Entity, Field, Reference, normalised_schema
from billing.spec import EntityMap, Rule, SourceSpec, Where
from expectations import formats
from expectations.suite import (
    Check,
    Suite,
    at_most,
    columns_are,
    no_row,
    not_before,
    not_null,
    one_of,
    shaped,
    type_is,
    within,
)

EARLIEST = dt.date(1900, 1, 1)
"""No telephone subscriber of these systems was born, and nothing was billed, before it."""

PLANNED_UNTIL = dt.timedelta(days=3 * 366)
"""How far behind the cut-off a due date, the end of a period or of a contract may lie."""

PLAUSIBLE_AMOUNT = 1_000_000
"""In full units of the currency: amounts beyond it on either side are named to the auditor."""

PLANNED = frozenset({"due_on", "period_to", "valid_from", "valid_to", "closed_on", "disconnected_on"})
"""Dates that may lie after the cut-off."""

ORDER = {
    # entity -> pairs (later, earlier)
    "account": [("closed_on", "opened_on")],
    "line": [("disconnected_on", "activated_on")],
    "subscription": [("valid_to", "valid_from")],
    "invoice": [("due_on", "issued_on"), ("period_to", "period_from")],
}

_TEXT_FORMATS = {"delimited", "fixed_width", "xml"}


def raw_suite(spec: SourceSpec, table: str) -> Suite:
    """What a raw table has to look like, as far as the spec's rules read it.

    Args:
        spec: The source.
        table: One of its raw tables.
    """
    maps = [m for m in spec.entities if m.table == table]
    lookups = [r.lookup for m in spec.entities for r in m.fields.values() if r.lookup and r.lookup.table == table]
    read = {c for m in maps for r in m.fields.values() for c in r.inputs}
    read |= {w.column for m in maps for w in m.where}
    read |= {c for lookup in lookups for c in (lookup.key, lookup.take)}
    checks: list[Check] = [columns_are([*read, *LINEAGE_NAMES], exactly=False), *_lineage(spec)]
    format_of = {t: f.format for f in spec.files for t in f.tables}
    if format_of[table] in _TEXT_FORMATS:
        checks += [type_is(c, "string") for c in sorted(read)]
    keys: list[str] = []
    for mapping in maps:
        entity = ENTITIES[mapping.name]
        for name, rule in mapping.fields.items():
            field = entity.field(name)
            if rule.column is not None and _always_there(field, entity, rule, mapping):
                checks.append(not_null(rule.column, "warn"))
                if name in entity.key and rule.column not in keys:
                    keys.append(rule.column)
            if format_of[table] in _TEXT_FORMATS:
                checks += _written_form(field, rule, mapping.where)
    return Suite(
        "raw",
        spec.id,
        table,
        key=tuple(keys) or ("record_no",),
        checks=_once(checks),
        # every value of a raw table may be a person's: masked, whatever the column is called
        personal=frozenset(read),
    )


def _always_there(field: Field, entity: Entity, rule: Rule, mapping: EntityMap) -> bool:
    """Whether a blank in the rule's column can only be a fault."""
    if not (field.required or field.name in entity.key):
        return False
    return rule.default is None and not mapping.where


def _written_form(field: Field, rule: Rule, where: list[Where]) -> list[Check]:
    if rule.column is None or rule.extract or where:
        return []  # rows of another kind may share the column, or the value is a part of a text
    checks: list[Check] = []
    nothing = [*rule.null_values]
    if rule.format and not nothing:
        checks.append(shaped(rule.column, formats.DATES[rule.format], f"a date {rule.format}", "warn"))
    elif field.type in {"money", "rated", "integer"} and not nothing and not rule.lookup:
        pattern = formats.number(decimal=rule.decimal, thousands=rule.thousands)
        checks.append(shaped(rule.column, pattern, "a number", "warn"))
    if rule.map is not None and rule.default is None:
        checks.append(one_of(rule.column, [*rule.map, *nothing], "warn"))
    return checks


def canonical_suite(spec: SourceSpec, entity_name: str) -> Suite:
    """What a normalised entity of a source has to fulfil.

    Args:
        spec: The source; its rates, currencies and cut-off date narrow the catalogue.
        entity_name: One of `billing.model.ENTITIES`.
    """
    entity = ENTITIES[entity_name]
    schema = normalised_schema(entity_name)
    checks: list[Check] = [
        columns_are(schema.names, exactly=True),
        *(type_is(column.name, str(column.type)) for column in schema),
        *_lineage(spec),
    ]
    for field in entity.fields:
        if field.required or field.name in entity.key:
            checks.append(not_null(field.name, "reject"))
        checks += _field(field, spec)
        if field.normaliser:
            checks.append(one_of(f"{field.name}_status", STATUSES, "stop"))
    checks += [not_before(later, earlier, "warn") for later, earlier in ORDER.get(entity_name, [])]
    return Suite(
        "canonical",
        spec.id,
        entity_name,
        key=entity.key,
        checks=_once(checks),
        personal=personal_columns(entity),
        amount=entity.control_amount,
    )


def _field(field: Field, spec: SourceSpec) -> list[Check]:  # noqa: PLR0911 (one return a type)
    if field.type == "code":
        return [_code(field, spec)]
    if field.type == "date":
        last = spec.delivery.extracted_on + (PLANNED_UNTIL if field.name in PLANNED else dt.timedelta())
        return [within(field.name, EARLIEST.isoformat(), last.isoformat(), "reject" if field.required else "warn")]
    if field.type == "money" and not field.derived:
        return [within(field.name, -PLAUSIBLE_AMOUNT, PLAUSIBLE_AMOUNT, "warn")]
    if field.type == "integer":
        return [within(field.name, 0, None, "reject")]
    if field.normaliser in formats.NORMALISED:
        return [shaped(field.name, *formats.NORMALISED[field.normaliser], "warn")]
    if field.type == "text" and not field.derived:
        return [at_most(field.name, field.max_length)]
    return []


def _code(field: Field, spec: SourceSpec) -> Check:
    if field.name == "vat_rate":
        return one_of("vat_rate", spec.vat_rates, "reject")
    if field.name == "currency":  # old zloty have become PLN by now
        return one_of("currency", list(dict.fromkeys("PLN" if c == "PLZ" else c for c in spec.currencies)), "reject")
    return one_of(field.name, field.codes, "stop" if field.codes == STATUSES else "reject")


def _lineage(spec: SourceSpec) -> list[Check]:
    """Without lineage nothing can be traced or rejected, so its faults stop the source."""
    regex, shape = formats.SHA256
    return [
        *(type_is(column.name, str(column.type)) for column in LINEAGE),
        *(not_null(name, "stop") for name in ("source_id", "file_sha256", "record_no", "byte_offset")),
        one_of("source_id", [spec.id], "stop"),
        shaped("file_sha256", regex, shape, "stop"),
        within("record_no", 1, None, "stop"),
        within("byte_offset", 0, None, "stop"),
    ]


def consolidated_suite(entity_name: str, *, cut_off: dt.date, staged: Collection[str]) -> Suite:
    """What a staged table, with the rows of every source, has to fulfil before the merge.

    Every check stops: rows that may be set aside were set aside before, so a failure here means that the parts do
    not fit together, and nothing is loaded.  What the canonical gate settled row by row is not asked again; this
    gate asks what can only be asked of all sources' rows at once.

    Args:
        entity_name: One of `billing.model.ENTITIES`; its staged table is called the same.
        cut_off: The latest cut-off date of the sources.
        staged: Names of the tables beside it; references to others are not checked.
    """
    entity = ENTITIES[entity_name]
    key = ["source_id", *entity.key]
    named = ", ".join(key)
    checks: list[Check] = [not_null(name, "stop") for name in (*key, "record_no", "byte_offset")]
    twice = f"SELECT {named}, count(*) AS times FROM {{batch}} GROUP BY {named} HAVING count(*) > 1"
    checks.append(no_row(twice, f"{named} occur together more than once", "stop", key))
    for reference in entity.references:
        if reference.entity in staged:
            checks.append(_referenced(entity, reference, key))
    if entity_name == "subscriber" and "cluster" in staged:
        query = f"""SELECT {named} FROM (SELECT * FROM {{batch}}) AS s WHERE NOT EXISTS (SELECT 1
                    FROM staging.cluster AS c WHERE c.source_id = s.source_id AND c.subscriber_key = s.subscriber_key)
                 """
        checks.append(no_row(query, "the subscriber became no customer", "stop", ["subscriber_key"]))
    for field in entity.fields:
        if field.name == "currency":
            checks.append(one_of("currency", [c for c in field.codes if c != "PLZ"], "stop"))
        elif field.type == "date" and field.required and field.name not in PLANNED:
            checks.append(within(field.name, EARLIEST.isoformat(), cut_off.isoformat(), "stop"))
    if entity_name == "invoice":
        checks += _gross(named)
    return Suite(
        "consolidated",
        "*",
        entity_name,
        key=tuple(key),
        checks=_once(checks),
        personal=personal_columns(entity),
        amount=entity.control_amount,
    )


def _referenced(entity: Entity, reference: Reference, key: list[str]) -> Check:
    parent = ENTITIES[reference.entity]
    on = " AND ".join(f"p.{k} = c.{f}" for f, k in zip(reference.fields, parent.key, strict=True))
    there = " AND ".join(f"c.{f} IS NOT NULL" for f in reference.fields)
    named = ", ".join(f"c.{k}" for k in dict.fromkeys([*key, *reference.fields]))
    query = f"""SELECT {named} FROM (SELECT * FROM {{batch}}) AS c WHERE {there} AND NOT EXISTS
                (SELECT 1 FROM staging.{parent.name} AS p WHERE p.source_id = c.source_id AND {on})"""
    return no_row(query, f"the {parent.name} that it names is not there", "stop", reference.fields)


def _gross(named: str) -> list[Check]:
    # Converted from old zloty, each amount was rounded by itself: there the equation holds in what was delivered.
    conditions = {
        "net + VAT is not gross": "original_currency IS NULL AND net + vat <> gross",
        "net + VAT is not gross, as delivered": "original_currency IS NOT NULL"
        " AND original_net + original_vat <> original_gross",
    }
    return [
        no_row(f"SELECT {named}, net, vat, gross FROM {{batch}} WHERE {where}", says, "stop", ["net", "vat", "gross"])
        for says, where in conditions.items()
    ]


def personal_columns(entity: Entity) -> frozenset[str]:
    """Columns of the canonical table that may tell who a person is."""
    names = {f.name for f in entity.fields if f.personal != "none"}
    names |= {f"{f.name}_raw" for f in entity.fields if f.normaliser}
    return frozenset(names)


def _once(checks: list[Check]) -> tuple[Check, ...]:
    """Equal checks once: two entities may be mapped from one column."""
    seen: dict[str, Check] = {}
    for check in checks:
        seen.setdefault(f"{check.type}{sorted(check.kwargs.items(), key=str)}", check)
    return tuple(seen.values())
