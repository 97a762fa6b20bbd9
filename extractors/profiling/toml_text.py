r"""Values as TOML, for declarations that are written by the program.

>>> rule_text({"column": "KWOTA \"x\"", "decimal": ","})
'{ column = "KWOTA \\"x\\"", decimal = "," }'
>>> key("KOD-POCZT"), key("Kod poczt.")
('KOD-POCZT', '"Kod poczt."')
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from extractors.profiling.columns import Column
from extractors.profiling.mapping import Mapped


def string(text: str) -> str:
    """A basic string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def key(name: str) -> str:
    """A key, quoted where it has to be."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else string(name)


def array(values: Sequence[Any]) -> str:
    """An array in a line."""
    return f"[{', '.join(rule_text(value) for value in values)}]"


def rule_text(value: Any) -> str:
    """A value: text, number, truth, array or inline table."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{key(name)} = {rule_text(inner)}' for name, inner in value.items())} }}"
    if isinstance(value, (list, tuple)):
        return array(value)
    return string(str(value))


def coded_rule(column: Column) -> str:
    """The rule of a column of codes, whose map a person fills in.

    >>> coded_rule(Column("STAN", "code", codes={"A": 30, "Z": 2}))
    '{ column = "STAN", map = { A = "", Z = "" } }'
    """
    return rule_text({"column": column.name, "map": dict.fromkeys(column.codes, "")})


def code_counts(column: Column) -> str:
    """The codes of a column with their counts.

    >>> code_counts(Column("STAN", "code", codes={"A": 30, "Z": 2}))
    "'A' x30, 'Z' x2"
    """
    return ", ".join(f"{code!r} x{count}" for code, count in column.codes.items())


def entity_lines(mapped: Mapped, columns: Mapping[str, Column]) -> list[str]:
    """An entity's mapping; in comments where it is not sure."""
    lines = [] if not mapped.why else [f"# {mapped.why}"]
    body = ["[[entities]]", f"name = {string(mapped.entity)}", f"from = {string(mapped.table)}", "[entities.fields]"]
    for canonical, (column, rule) in mapped.fields.items():
        value = rule_text({"column": column, **rule}) if rule else string(column)
        found = columns.get(column)
        odd = sum(s.count for s in found.suspicious) if found else 0
        body.append(f"{canonical} = {value}{f'   # {odd} of {found.filled} values are odd' if odd and found else ''}")
    body += [f"{canonical} = {{ value = {string(value)} }}" for canonical, value in mapped.constants.items()]
    for canonical, what in mapped.todo.items():
        found = columns.get(mapped.coded.get(canonical, ""))
        value = coded_rule(found) if found and found.codes else '""'
        body.append(f"{canonical} = {value}   # TODO: {what}")
    return [*lines, *(body if mapped.is_sure else [f"# {line}" for line in body])]
