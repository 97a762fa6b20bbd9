"""What is compared between two records, in levels from the strongest agreement to none.

This is the declaration that the linkage model is made of: Splink scores it, `weights.json` holds one weight per level
and the decisions in `constrain` speak of the levels by name.  Columns are those of `evidence`; in a level's SQL,
`first_name_l` is the left record's and `first_name_r` the right record's.

The address is ONE comparison with levels: as several comparisons, its parts would be counted as if they were
independent, and a household would look like one person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MISSING = "missing"
OTHER = "different"


@dataclass(frozen=True)
class Level:
    """One level of agreement.

    Attributes:
        name: Stable name, used in weights, decisions and reports.
        sql: Condition over `<column>_l` and `<column>_r`.
        frequency_of: Column whose value's frequency sharpens the weight (a rare name says more than a common one).
        listed: The column is a list: of the values that both records have, the rarest counts.
    """

    name: str
    sql: str
    frequency_of: str | None = None
    listed: bool = False


@dataclass(frozen=True)
class Comparison:
    """One comparison: it is `missing` where `absent` holds, else the first level that holds, else `different`.

    Attributes:
        name: Stable name.
        absent: Condition under which there is nothing to compare.
        levels: Strongest first, without the last one (`different`).
    """

    name: str
    absent: str
    levels: tuple[Level, ...]

    @property
    def level_names(self) -> tuple[str, ...]:
        """Names of all levels that carry a weight, strongest first."""
        return (*(level.name for level in self.levels), OTHER)


def _absent(column: str) -> str:
    return f"{column}_l IS NULL OR {column}_r IS NULL"


def _same(column: str, frequency: bool = False) -> Level:
    return Level("same", f"{column}_l = {column}_r", column if frequency else None)


def _identifier(column: str) -> Comparison:
    return Comparison(column, _absent(column), (_same(column),))


def _any_of(column: str) -> str:
    return f"coalesce(list_has_any({column}_l, {column}_r), false)"


# Two names that both stand in the vocabulary of given names are two names, never a typing error of one:
# MARIA and MARIAN, DARIA and DARIUSZ.
_MISTYPED_FIRST = """
    NOT (first_name_known_l AND first_name_known_r)
    AND least(length(first_name_l), length(first_name_r)) >= 4
    AND damerau_levenshtein(first_name_l, first_name_r)
        <= CASE WHEN least(length(first_name_l), length(first_name_r)) >= 7 THEN 2 ELSE 1 END
"""
_MISTYPED_LAST = """
    least(length(last_name_l), length(last_name_r)) >= 5
    AND damerau_levenshtein(last_name_l, last_name_r)
        <= CASE WHEN least(length(last_name_l), length(last_name_r)) >= 8 THEN 2 ELSE 1 END
"""
_INITIAL = """
    least(length(first_name_l), length(first_name_r)) = 1 AND first_name_l[1] = first_name_r[1]
"""
_SWAPPED = "first_name_l = last_name_r AND last_name_l = first_name_r"

# A slip of one digit, two digits or day and month exchanged.  Fathers and sons may differ in one digit too
# (1950, 1980), so the years must lie closer than any father and son.
GENERATION = 12
_MISTYPED_DATE = f"""
    abs(year(birth_date_l) - year(birth_date_r)) < {GENERATION} AND (
        damerau_levenshtein(strftime(birth_date_l, '%Y%m%d'), strftime(birth_date_r, '%Y%m%d')) = 1
        OR (year(birth_date_l) = year(birth_date_r) AND month(birth_date_l) = day(birth_date_r)
            AND day(birth_date_l) = month(birth_date_r)))
"""

COMPARISONS: tuple[Comparison, ...] = (
    _identifier("pesel"),
    _identifier("nip"),
    _identifier("regon"),
    _identifier("document"),
    Comparison(
        "last_name",
        _absent("last_name"),
        (
            _same("last_name", frequency=True),
            Level("part", "list_has_any(last_parts_l, last_parts_r)"),
            Level("mistyped", _MISTYPED_LAST),
            Level("swapped", _SWAPPED),
        ),
    ),
    Comparison(
        "first_name",
        _absent("first_name"),
        (
            _same("first_name", frequency=True),
            Level("mistyped", _MISTYPED_FIRST),
            Level("swapped", _SWAPPED),
            Level("diminutive", "first_name_root_l = first_name_root_r"),
            Level("initial", _INITIAL),
        ),
    ),
    Comparison(
        "birth_date",
        _absent("birth_date"),
        (_same("birth_date"), Level("mistyped", _MISTYPED_DATE)),
    ),
    Comparison(
        "company",
        _absent("company"),
        (
            _same("company", frequency=True),
            Level(
                "similar",
                "jaro_winkler_similarity(company_l, company_r) >= 0.93 OR"
                " (least(length(company_l), length(company_r)) >= 8"
                " AND (starts_with(company_l, company_r) OR starts_with(company_r, company_l)))",
            ),
        ),
    ),
    Comparison(
        "address",
        _absent("place"),
        (
            Level("dwelling", _any_of("dwelling")),
            Level("building", _any_of("building")),
            Level("street", _any_of("street")),
            Level("place", _any_of("place"), frequency_of="place", listed=True),
        ),
    ),
    _identifier("phone"),
    _identifier("email"),
)

_LEVELS = [level for comparison in COMPARISONS for level in comparison.levels]
# Columns with frequencies: those of one value a record, which Splink looks up, and lists, which it does not know.
SINGLE_FREQUENCIES = tuple(level.frequency_of for level in _LEVELS if level.frequency_of and not level.listed)
LISTED_FREQUENCIES = tuple(level.frequency_of for level in _LEVELS if level.frequency_of and level.listed)
FREQUENCY_COLUMNS: tuple[str, ...] = SINGLE_FREQUENCIES + LISTED_FREQUENCIES


def gamma_to_level(comparison: Comparison) -> str:
    """SQL that turns Splink's number of a level (`gamma_<name>`) into the level's name.

    >>> gamma_to_level(COMPARISONS[0])
    "CASE gamma_pesel WHEN 1 THEN 'same' WHEN 0 THEN 'different' ELSE 'missing' END"
    """
    count = len(comparison.level_names)
    cases = " ".join(f"WHEN {count - 1 - i} THEN '{name}'" for i, name in enumerate(comparison.level_names))
    return f"CASE gamma_{comparison.name} {cases} ELSE '{MISSING}' END"


def splink_comparison(comparison: Comparison, chances: dict[str, tuple[float, float]] | None) -> dict[str, Any]:
    """The comparison in Splink's form.

    Args:
        comparison: The declaration.
        chances: Level -> (m, u): how often the level holds among records of one customer, and of two; None where
            they are to be trained.
    """
    levels: list[dict[str, Any]] = [
        {"sql_condition": comparison.absent, "label_for_charts": MISSING, "is_null_level": True}
    ]
    conditions = [
        *((level.name, level.sql, None if level.listed else level.frequency_of) for level in comparison.levels),
        (OTHER, "ELSE", None),
    ]
    for name, sql, frequency_of in conditions:
        level: dict[str, Any] = {"sql_condition": sql.strip(), "label_for_charts": name}
        if chances is not None:
            level["m_probability"], level["u_probability"] = chances[name]
        if frequency_of:
            level["tf_adjustment_column"] = frequency_of
            level["tf_adjustment_weight"] = 1.0
        levels.append(level)
    return {"output_column_name": comparison.name, "comparison_levels": levels}
