"""Raw columns to canonical ones, by the rules that the source spec declares and by no others.

In this order a rule makes a value: origin (column, joined columns or constant) -> the part of its text that a regular
expression extracts -> "no value" texts and blanks are null -> leading zeros of keys -> cross-reference -> code list ->
default -> prefix -> the field's type -> sign.  What breaks a rule and belongs to a key, to money or to a required field
rejects the record; anything else loses only the attribute, which is flagged.  The reject store keeps the amount of
every rejected record, so no grosz disappears.

Amounts of a row in old zloty become PLN here, once, for all money of the row; what was delivered stays beside them.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billing.errors import ContractError
from billing.lineage import LINEAGE_NAMES, Split
from billing.model import ARROW, ENTITIES, Entity, Field, conformed_schema
from billing.spec import EntityMap, Rule, SourceSpec, Where
from transforms import amounts, codes, dates, unique
from transforms.faults import Faults, key_of
from transforms.fillers import Fillers
from transforms.kernels import Bools, as_text, decimal_integers, decimals, dense, present
from transforms.lookups import Lookups, key_text

__all__ = ["Lookups", "conform"]

_PLACES = {"money": 2, "rated": 6}
_STAMPED = ("updated_on", "booked_on", "issued_on", "paid_on")  # dates that a computer's clock wrote
_PAST = (*_STAMPED, "birth_date", "sold_on")  # dates that cannot lie after the extract
_ADULT_YEARS = 18
_PRICES = ("unit_price",)  # rated fields that are money, not quantities


def conform(spec: SourceSpec, mapping: EntityMap, raw: pa.RecordBatch, lookups: Lookups) -> Split:
    """Make canonical rows of one raw batch.

    Args:
        spec: The source.
        mapping: Which raw columns become which fields.
        raw: A batch of `mapping.table`; the last five columns are lineage.
        lookups: The source's cross-references (`Lookups.of(spec)`, filled).

    Returns:
        Kept rows in `conformed_schema`, rejects of the step `conform`.  Rows that the mapping's `where` leaves out
        are neither: another mapping concerns them, or none.

    Raises:
        ContractError: The raw table lacks a column that the mapping names, or a column's type cannot be read.
    """
    entity = ENTITIES[mapping.name]
    _check_columns(mapping, raw)
    raw = _selected(mapping.where, raw)
    batch = _Batch(spec, entity, raw, lookups, Faults(entity, raw.num_rows, "conform"))
    columns = {f.name: _convert(batch, f, mapping.fields.get(f.name)) for f in entity.delivered}
    _redenominate(batch, columns)
    schema = conformed_schema(entity.name)
    lineage = [raw.column(name) for name in LINEAGE_NAMES]
    kept = pa.RecordBatch.from_arrays(
        [*(columns[f.name] for f in schema if f.name not in LINEAGE_NAMES), *lineage], schema=schema
    )
    fatal = batch.faults.fatal
    rejects = batch.faults.reject_rows(
        lineage,
        key_of(entity, columns),
        columns.get("account_key", pa.nulls(raw.num_rows, pa.string())),
        columns[entity.control_amount] if entity.control_amount else None,
        columns.get("currency"),
    )
    kept = kept.filter(pa.array(~fatal)) if fatal.any() else kept
    return Split(entity.name, kept, rejects, fillers=batch.fillers.counts)


@dataclass(frozen=True)
class _Batch:
    spec: SourceSpec
    entity: Entity
    raw: pa.RecordBatch
    lookups: Lookups
    faults: Faults
    fillers: Fillers = dataclass_field(default_factory=Fillers)

    @property
    def rows(self) -> int:
        return int(self.raw.num_rows)

    def is_critical(self, field: Field) -> bool:
        """Whether a fault of the field rejects the record."""
        return field.required or field.type == "money" or field.name in self.entity.key

    def report(self, rows: Bools, field: Field, reason: str, shown: Any, message: str = "") -> None:
        """Reject or flag, as the field's weight demands."""
        if self.is_critical(field):
            self.faults.reject(rows, field, reason, shown, message)
        else:
            self.faults.flag(rows, field, reason, shown, message)


def _check_columns(mapping: EntityMap, raw: pa.RecordBatch) -> None:
    wanted = [c for rule in mapping.fields.values() for c in rule.inputs] + [w.column for w in mapping.where]
    if missing := sorted(set(wanted) - set(raw.schema.names)):
        raise ContractError(
            f"entity {mapping.name} reads {', '.join(missing)}, which {mapping.table} does not have",
            table=mapping.table,
            remedy=f"name some of {', '.join(n for n in raw.schema.names if n not in LINEAGE_NAMES)}",
        )


def _selected(wheres: list[Where], raw: pa.RecordBatch) -> pa.RecordBatch:
    wanted = np.ones(raw.num_rows, bool)
    for where in wheres:
        text = as_text(raw.column(where.column))
        there = present(text)
        if where.equals is not None:
            hit = pc.is_in(text, value_set=pa.array(where.equals, pa.string())).to_numpy(zero_copy_only=False)
            wanted &= hit | (~there & ("" in where.equals))
        if where.differs is not None:
            hit = pc.is_in(text, value_set=pa.array(where.differs, pa.string())).to_numpy(zero_copy_only=False)
            wanted &= ~hit & (there | ("" not in where.differs))
        if where.not_blank:
            wanted &= there
        if where.not_zero:
            digits = pc.utf8_trim(pc.fill_null(text, ""), "0.,+- ")
            wanted &= pc.not_equal(digits, "").to_numpy(zero_copy_only=False)
    return raw if wanted.all() else raw.filter(pa.array(wanted))


# --- one field ---------------------------------------------------------------------------------------------------


def _convert(batch: _Batch, field: Field, rule: Rule | None) -> Any:
    if rule is None:
        return pa.nulls(batch.rows, ARROW[field.type])
    origin = _origin(batch, rule)
    if rule.extract is not None:
        origin = _extracted(rule.extract, origin)  # a text that holds none may hold names: no reject shows it
    if rule.lookup or rule.map is not None or rule.default is not None or rule.null_values or rule.strip_zeros:
        values, missed = _translated(batch, field, rule, origin)
    else:
        values, missed = origin, _nothing(batch)
    if field.type in ("text", "code"):
        text = as_text(values)
        if rule.prefix:
            text = pc.binary_join_element_wise(rule.prefix, text, "")  # null where there is none
        result, failed = _texts(batch, field, rule, text)
    elif field.type == "date":
        result, failed = _dates(batch, field, rule, values, origin)
    elif field.type in ("money", "rated", "integer"):
        result, failed = _numbers(batch, field, rule, values, origin)
    else:
        raise ContractError(f"no converter makes a {field.type}", field=field.name, remedy="add one to conform")
    if field.required:
        batch.faults.reject(~present(result) & ~failed & ~missed, field, "REQUIRED", as_text(origin))
    return result


def _origin(batch: _Batch, rule: Rule) -> Any:
    if rule.column is not None:
        return dense(batch.raw.column(rule.column))
    if rule.columns is not None:
        joined = as_text(batch.raw.column(rule.columns[0]))
        for name in rule.columns[1:]:
            # null_handling="skip" of Arrow loses the rows that are null throughout
            part = as_text(batch.raw.column(name))
            joined = pc.coalesce(pc.binary_join_element_wise(joined, part, rule.join), joined, part)
        return joined
    return pa.repeat(pa.scalar(rule.value, pa.string()), batch.rows)


def _extracted(pattern: str, origin: Any) -> Any:
    """What the group `value` holds; null where the expression does not fit.  RE2 reads hostile text in linear time."""
    return pc.struct_field(pc.extract_regex(as_text(origin), pattern), "value")


def _translated(batch: _Batch, field: Field, rule: Rule, origin: Any) -> tuple[Any, Bools]:
    """Null values, zeros, cross-reference, code list and default: all compare text.  Answers with what failed, too."""
    if rule.strip_zeros or rule.lookup or rule.map is not None:
        text = key_text(origin, strip_zeros=rule.strip_zeros)
    elif rule.null_values and not pa.types.is_string(origin.type):
        return _typed_nulls(batch, field, rule, origin), _nothing(batch)
    else:
        text = as_text(origin)
    if rule.null_values:
        empty = pa.array(rule.null_values, pa.string())
        none = pc.or_(pc.is_in(text, value_set=empty), pc.is_in(as_text(origin), value_set=empty))
        batch.fillers.add(field, as_text(origin), none.to_numpy(zero_copy_only=False))
        text = pc.if_else(none, pa.scalar(None, pa.string()), text)
    failed = _nothing(batch)
    if rule.lookup:
        found = batch.lookups.find(rule.lookup, text)
        failed = present(text) & ~present(found) & (rule.default is None)
        batch.report(failed, field, "LOOKUP-MISS", text)
        text = found
    if rule.map is not None:
        shown = text
        text, unknown = codes.translate(text, rule.map)
        unknown &= rule.default is None
        batch.report(unknown, field, "CODE-UNMAPPED", shown)
        failed = failed | unknown
    if rule.default is not None:
        text = pc.fill_null(text, rule.default)
    return text, failed


def _typed_nulls(batch: _Batch, field: Field, rule: Rule, origin: Any) -> Any:
    """`null_values` of a numeric column, without losing its type."""
    none = pc.is_in(as_text(origin), value_set=pa.array(rule.null_values, pa.string()))
    batch.fillers.add(field, as_text(origin), none.to_numpy(zero_copy_only=False))
    kept = pc.if_else(none, pa.scalar(None, origin.type), origin)
    return kept if rule.default is None else pc.fill_null(as_text(kept), rule.default)


def _nothing(batch: _Batch) -> Bools:
    return np.zeros(batch.rows, bool)


def _texts(batch: _Batch, field: Field, rule: Rule, text: Any) -> tuple[Any, Bools]:
    failed = _nothing(batch)
    if field.name == "vat_rate":
        shown, text = text, unique.apply(lambda rate: (codes.vat_rate(rate),), text, 1)[0]
        failed = (present(shown) & ~present(text)) | codes.outside(text, batch.spec.vat_rates)
        batch.faults.reject(failed, field, "VAT-RATE", shown, suspend=True)
        return text, failed
    if field.name == "currency":
        text = pc.utf8_upper(text)
        failed = codes.outside(text, batch.spec.currencies)
        batch.faults.reject(failed, field, "CUR-UNKNOWN", text, suspend=True)
        return text, failed
    if field.codes:
        failed = codes.outside(text, field.codes)
        batch.report(failed, field, "CODE-UNMAPPED", text)
    elif len(text) and (pc.max(pc.binary_length(text)).as_py() or 0) > field.max_length:
        failed = pc.fill_null(pc.greater(pc.utf8_length(text), field.max_length), False).to_numpy(zero_copy_only=False)
        batch.report(failed, field, "TOO-LONG", text)
    if failed.any():
        text = pc.if_else(pa.array(failed), pa.scalar(None, pa.string()), text)
    return text, failed


def _numbers(batch: _Batch, field: Field, rule: Rule, values: Any, origin: Any) -> tuple[Any, Bools]:
    if rule.signs is not None and rule.sign_column is None:
        values = amounts.with_plain_signs(values, rule.signs)
    number = amounts.read(
        values, places=_PLACES.get(field.type, 0), decimal=rule.decimal, thousands=rule.thousands, scale=rule.scale
    )
    batch.report(number.bad, field, "NUM-TEXT", as_text(origin))
    result, valid, failed = number.values, number.valid, number.bad
    if rule.sign_column is not None and rule.signs is not None:
        flags = pc.fill_null(as_text(batch.raw.column(rule.sign_column)), "")
        minus = pc.is_in(flags, value_set=pa.array([f for f, s in rule.signs.items() if s == "-"], pa.string()))
        unknown = codes.outside(flags, list(rule.signs)) & valid
        batch.report(unknown, field, "NUM-SIGN", flags)
        result = np.where(minus.to_numpy(zero_copy_only=False), -result, result)
        valid, failed = valid & ~unknown, failed | unknown
    if rule.negate:
        result = -result
    if field.type == "integer":
        return pa.array(result, mask=~valid), failed
    return decimals(result, valid, ARROW[field.type]), failed


def _dates(batch: _Batch, field: Field, rule: Rule, values: Any, origin: Any) -> tuple[Any, Bools]:
    extracted_on = batch.spec.delivery.extracted_on
    latest = _years_before(extracted_on, _ADULT_YEARS) if field.name == "birth_date" else None
    read = dates.read(values, None if rule.value else rule.format, pivot=rule.pivot, latest=latest)
    shown = as_text(origin)
    batch.report(read.bad, field, "DATE-RANGE", shown)
    failed = read.bad | read.doubtful
    batch.report(read.doubtful, field, "DATE-RANGE", shown, "the first day of a system's calendar means no date")
    valid, days = read.valid, read.days
    batch.fillers.add(field, shown, present(values) & ~valid & ~failed)
    if not batch.is_critical(field):
        batch.fillers.add(field, shown, read.doubtful, "DATE-RANGE")
    if field.name in _STAMPED:
        unset = valid & (days == dates.BIOS_START)
        batch.faults.flag(unset, field, "DATE-RANGE", shown, "1980-01-01 is what an unset clock writes")
        if not field.required:
            batch.fillers.add(field, shown, unset, "DATE-RANGE")
            valid = valid & ~unset
    if field.name in _PAST:
        future = valid & (days > dates.days_of(extracted_on))
        batch.faults.flag(future, field, "DATE-RANGE", shown, "the date lies after the extract")
        if not field.required:
            valid = valid & ~future
    return dates.to_arrow(dates.Dates(days, valid, read.bad, read.doubtful)), failed


def _years_before(day: dt.date, years: int) -> dt.date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February
        return day.replace(year=day.year - years, day=28)


# --- old zloty ---------------------------------------------------------------------------------------------------


def _redenominate(batch: _Batch, columns: dict[str, Any]) -> None:
    """Turn every amount of a PLZ row into PLN; fill `original_*` where the entity has them."""
    entity = batch.entity
    originals = [f for f in entity.fields if f.derived and f.name.startswith("original_")]
    currency = columns.get("currency")
    old = pc.fill_null(pc.equal(currency, "PLZ"), False) if currency is not None else None
    if old is None or not pc.any(old).as_py():
        columns.update({f.name: pa.nulls(batch.rows, ARROW[f.type]) for f in originals})
        return
    for field in originals:
        delivered = columns[field.name.removeprefix("original_")]
        columns[field.name] = pc.if_else(old, delivered, pa.scalar(None, delivered.type))
    rows = old.to_numpy(zero_copy_only=False)
    for name in (*entity.money_fields, *(n for n in _PRICES if n in columns)):
        if name.startswith("original_"):
            continue
        values, _ = decimal_integers(columns[name])
        values = np.where(rows, amounts.redenominate(values), values)
        columns[name] = decimals(values, present(columns[name]), columns[name].type)
    columns["currency"] = pc.if_else(old, "PLN", currency)
