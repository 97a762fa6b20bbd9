"""The source spec: everything the pipeline has to know about one legacy source, as data.

A spec is a TOML file `sources/<id>/source.toml`.  It is strict: an unknown key, a missing one or a wrong type is
an error at start that names file, key and remedy.  `docs/adding-a-source.md` explains it by example and
`schema/source.schema.json` describes it to editors; both are checked against this module.

Three parts:

* **files**: how the delivered bytes become *raw tables* (names and columns as the legacy system has them);
* **entities**: how raw columns become *canonical fields* (`billing.model`), by declared rules only;
* **controls**: which equations the data supports, and how many rejects the source may have.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from billing.delivery import Delivery
from billing.file_specs import AnyFile
from billing.model import ENTITIES
from billing.strict import Name, Strict

EQUATIONS: dict[str, str] = {
    "records": "records read = loaded + rejected + suspended",
    "amounts": "sum of amounts read = loaded + rejected + suspended",
    "account": "opening balance + movements = closing balance, for every account",
    "invoice": "lines = net, VAT by rate = VAT, net + VAT = gross, for every invoice",
    "payment": "allocations + unallocated = payment, for every payment",
    "debtors_creditors": "positive and negative closing balances, each side apart",
    "merge": "sum per source before the merge = sum per source after it",
}
ALWAYS = ("records", "amounts", "debtors_creditors", "merge")  # need nothing of the source but its records


# --- entities --------------------------------------------------------------------------------------------------

DateFormat = Literal[
    "YYYY-MM-DD", "DD.MM.YYYY", "DD-MM-YYYY", "DD/MM/YYYY", "MM/DD/YYYY", "YYYYMMDD", "DDMMYYYY", "YYMMDD",
    "DDMMYY", "DD-MM-YY", "DD.MM.YY", "MM/DD/YY", "YYDDD", "YYYYDDD", "CYYMMDD", "excel",
]  # fmt: skip


class Lookup(Strict):
    """Replace the value by another raw table's `take` in the row whose `key` equals it."""

    table: Name
    key: str
    take: str


class Rule(Strict):
    """How one canonical field is made of raw columns.  In TOML, a plain string means `{ column = "..." }`.

    Attributes:
        column: Raw column.
        columns: Several raw columns, joined by `join` (empty ones left out).
        join: What stands between them.
        value: A constant instead of a column.
        extract: A regular expression (RE2 syntax) with one group `(?P<value>...)`: what the group holds where the
            expression first fits stands for the text; a text that it does not fit has no value.
        map: Source code -> canonical value; a code that is not there is told unless `default` is given: the value is
            flagged, and the record rejected where the field is a key, money or required.
        default: Value where the source has none (or, with `map`, an unknown code).
        null_values: Texts that mean "no value"; blanks always do.
        format: Form of a date.
        pivot: Two-digit years below it are 20YY, others 19YY.
        decimal: Decimal separator of a number that is text.
        thousands: Thousands separators of a number that is text.
        scale: Decimals implied by a number without separator (`12345` with 2 is 123.45).
        sign_column: Raw column with the sign flag; without it, flags stand behind the numbers themselves (`12,50CR`).
        signs: Flag -> `+` or `-`.
        negate: Turn the sign round.
        lookup: Fetch the value through a cross-reference table.
        strip_zeros: Drop leading zeros of a key.
        prefix: Text put in front of a value that is there, after everything else; tells keys of several mappings of
            one raw row apart (`{ column = "NR", prefix = "K-" }`).
    """

    column: str | None = None
    columns: list[str] | None = None
    join: str = " "
    value: str | None = None
    extract: Annotated[str, Field(max_length=500)] | None = None
    map: dict[str, str] | None = None
    default: str | None = None
    null_values: list[str] = Field(default_factory=list)
    format: DateFormat | None = None
    pivot: int | None = Field(default=None, ge=0, le=99)
    decimal: Literal[",", "."] = "."
    thousands: str = ""
    scale: int | None = Field(default=None, ge=0, le=6)
    sign_column: str | None = None
    signs: dict[str, Literal["+", "-"]] | None = None
    negate: bool = False
    lookup: Lookup | None = None
    strip_zeros: bool = False
    prefix: str = ""

    @model_validator(mode="before")
    @classmethod
    def _plain_string(cls, value: Any) -> Any:
        return {"column": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        given = [o for o in ("column", "columns", "value") if getattr(self, o) is not None]
        if len(given) != 1:
            raise ValueError(f"needs exactly one of column, columns, value; has {', '.join(given) or 'none'}")
        if self.sign_column is not None and self.signs is None:
            raise ValueError("sign_column needs signs")
        return self

    @field_validator("extract")
    @classmethod
    def _one_group(cls, extract: str | None) -> str | None:
        if extract is None:
            return None
        import pyarrow as pa
        import pyarrow.compute as pc

        try:
            groups = pc.extract_regex(pa.array([""]), extract).type.names
        except pa.ArrowInvalid as error:
            raise ValueError(f"is no regular expression of named groups: {error}") from None
        if groups != ["value"]:
            raise ValueError(f"needs exactly one group (?P<value>...); has {', '.join(groups) or 'none'}")
        return extract

    @property
    def inputs(self) -> tuple[str, ...]:
        """Raw columns that the rule reads from its own table."""
        named = [self.column, *(self.columns or []), self.sign_column]
        return tuple(n for n in named if n is not None)


class Where(Strict):
    """Which raw rows become canonical rows; all given conditions must hold."""

    column: str
    equals: list[str] | None = None
    differs: list[str] | None = None
    not_blank: bool = False
    not_zero: bool = False


class EntityMap(Strict):
    """One mapping of a raw table to a canonical entity.  An entity may have several."""

    name: str
    table: Name = Field(alias="from")
    where: list[Where] = Field(default_factory=list)
    fields: dict[str, Rule]

    @model_validator(mode="after")
    def _fields_exist(self) -> Self:
        if self.name not in ENTITIES:
            raise ValueError(f"unknown entity {self.name!r}; known are {', '.join(ENTITIES)}")
        entity = ENTITIES[self.name]
        delivered = {f.name for f in entity.delivered}
        if unknown := sorted(set(self.fields) - delivered):
            raise ValueError(f"{self.name} has no field {', '.join(unknown)}; it has {', '.join(sorted(delivered))}")
        if missing := sorted(f.name for f in entity.delivered if f.required and f.name not in self.fields):
            raise ValueError(f"{self.name} needs {', '.join(missing)}")
        return self

    @property
    def critical_columns(self) -> frozenset[str]:
        """Raw columns whose value decides about keys or money: a record without them is no record."""
        entity = ENTITIES[self.name]
        critical: set[str] = set()
        for name, rule in self.fields.items():
            field = entity.field(name)
            if field.required or field.type == "money" or name in entity.key:
                critical.update(rule.inputs)
        for where in self.where:
            critical.add(where.column)
        return frozenset(critical)


# --- the whole -------------------------------------------------------------------------------------------------


class Thresholds(Strict):
    """How much may be set aside of a table before the source stops, because the fault is not in single records.

    Attributes:
        max_rejected: Most rejected records, as a share of those read: 0.02 is one in fifty.
        max_suspended: The same of suspended ones.
        max_shrunk: Most rows that subscribers, accounts, lines or subscriptions may lose against the published
            delivery, as a share.
        always_allowed: So many records are single ones, whatever share of a small table they are.
    """

    max_rejected: float = Field(default=0.02, ge=0, le=1)
    max_suspended: float = Field(default=0.02, ge=0, le=1)
    max_shrunk: float = Field(default=0.5, ge=0, le=1)
    always_allowed: int = Field(default=5, ge=0)


class Renumbering(Strict):
    """A range of telephone numbers from before the seven digits, and what it became.

    `{ digits = 6, old = "33", new = "55233" }` reads `331511` as zone 55, number 2331511.

    Attributes:
        digits: How many digits the numbers have, without the trunk zero.
        old: Digits that they begin with; may be empty.
        new: Digits that take the place of `old`; the result has nine.
    """

    digits: int = Field(ge=3, le=8)
    old: Annotated[str, Field(pattern=r"^\d*$")] = ""
    new: Annotated[str, Field(pattern=r"^\d+$")]

    @model_validator(mode="after")
    def _nine_digits(self) -> Self:
        if (made := self.digits - len(self.old) + len(self.new)) != 9:
            raise ValueError(f"makes numbers of {made} digits out of {self.digits}; a number has nine")
        return self


class SourceSpec(Strict):
    """One legacy source.  See the module's docstring.

    Attributes:
        id: Equals the name of the folder; part of every lineage row, so it never changes.
        title: For people.
        system: Kind of legacy system, for people.
        owner: Team that answers for the source; shown in Airflow.
        region: Region's name, for people.
        zone: Numbering zone of its own lines; completes numbers without one.
        schedule: Cron expression of its DAG; absent where it is triggered by hand or by a delivery.
        trust: Rank for survivorship, 1 = most trusted.
        clean_keys: At most one subscriber record a person, by the source's own guarantee.
        equations: What the data supports beyond `ALWAYS`.
        vat_rates: Rates the source may bill.
        currencies: Currencies that may occur.
        name_order: Order of the names in one field, for the few that a dictionary of given names cannot orient.
        renumbering: What became of telephone numbers of five or six digits; the first range that fits counts.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: str
    system: str
    owner: str = "data-engineering"
    region: str = ""
    zone: Annotated[str, Field(pattern=r"^\d{2}$")] | None = None
    schedule: str | None = None
    trust: int = Field(default=5, ge=1, le=9)
    clean_keys: bool = False
    delivery: Delivery
    thresholds: Thresholds = Thresholds()
    equations: list[Literal["account", "invoice", "payment"]] = Field(default_factory=list)
    vat_rates: list[str] = Field(default_factory=lambda: ["0", "7", "22", "zw"])
    currencies: list[str] = Field(default_factory=lambda: ["PLN"])
    name_order: Literal["family_first", "given_first"] = "family_first"
    renumbering: list[Renumbering] = Field(default_factory=list)
    files: list[AnyFile] = Field(min_length=1)
    entities: list[EntityMap] = Field(default_factory=list)

    @model_validator(mode="after")
    def _tables_exist(self) -> Self:
        tables = [t for f in self.files for t in f.tables]
        if twice := sorted({t for t in tables if tables.count(t) > 1}):
            raise ValueError(f"raw table {', '.join(twice)} is declared twice")
        for entity in self.entities:
            wanted = [entity.table, *(r.lookup.table for r in entity.fields.values() if r.lookup)]
            for table in wanted:
                if table not in tables:
                    raise ValueError(f"entity {entity.name} reads {table!r}; the files yield {', '.join(tables)}")
        return self

    def file(self, name: str) -> AnyFile:
        """The file spec called `name` (KeyError where there is none)."""
        for file in self.files:
            if file.name == name:
                return file
        raise KeyError(name)

    def maps(self, entity: str) -> tuple[EntityMap, ...]:
        """Every mapping to an entity, in the order of the spec."""
        return tuple(e for e in self.entities if e.name == entity)

    @property
    def entity_names(self) -> tuple[str, ...]:
        """Entities that the source delivers, parents first."""
        return tuple(name for name in ENTITIES if self.maps(name))

    def critical_columns(self, table: str) -> frozenset[str]:
        """Raw columns of a table whose damage rejects the record; damage elsewhere only flags the attribute."""
        critical: set[str] = set()
        for entity in self.entities:
            if entity.table == table:
                critical |= entity.critical_columns
            for rule in entity.fields.values():
                if rule.lookup and rule.lookup.table == table:
                    critical |= {rule.lookup.key, rule.lookup.take}
        return frozenset(critical)
