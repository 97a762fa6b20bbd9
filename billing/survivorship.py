"""Which value of a field survives where several records are one customer: the catalogue's rule, or a declared one.

An installation declares what it wants otherwise in `sources/survivorship.toml`, one line a field:

    last_name = "most_frequent"
    phone = "most_trusted"

The rules are `newest`, `most_complete`, `most_frequent` and `most_trusted` (docs/identity-decisions.md).  What is not
named keeps the catalogue's rule (docs/catalogue.md).
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import cast, get_args

from billing.errors import ContractError
from billing.model import ENTITIES, MergeRule

FILE = "survivorship.toml"
RULES: tuple[str, ...] = get_args(MergeRule)
CATALOGUE: dict[str, MergeRule] = {f.name: f.merge for f in ENTITIES["subscriber"].fields if f.merge is not None}


def load_survivorship(sources: Path) -> dict[str, MergeRule]:
    """Field -> declared rule; empty where nothing is declared.

    Args:
        sources: Folder of the declared sources.

    Raises:
        ContractError: The file is no TOML, or names a field or a rule that there is not; every one is told.
    """
    path = sources / FILE
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ContractError(f"not valid TOML: {error}", file=str(path), remedy="correct the line named") from None
    problems = [
        f"{field}: no field that survives ({', '.join(CATALOGUE)})"
        if field not in CATALOGUE
        else f"{field}: {rule!r} is no rule ({', '.join(RULES)})"
        for field, rule in data.items()
        if field not in CATALOGUE or rule not in RULES
    ]
    if problems:
        raise ContractError("; ".join(problems), file=str(path), remedy="see docs/identity-decisions.md")
    return {field: cast(MergeRule, rule) for field, rule in sorted(data.items())}
