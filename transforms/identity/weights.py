"""The weights of the linkage model: a reviewed file that ships with the product.

A run reads this file and never trains: the same two records get the same score whatever else is loaded, and a change
of weights is a change of the repository that somebody reviewed.  `transforms.identity.train` writes it.

`version` in results is the file's date and the first twelve hex digits of the SHA-256 of its content, so a result names
exactly the weights that made it.

>>> weights = read_weights()
>>> weights.chances["pesel"]["same"][0] > 0.5 > weights.chances["pesel"]["same"][1]
True
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from billing.errors import ContractError
from transforms.identity.comparisons import COMPARISONS, FREQUENCY_COLUMNS

SHIPPED = Path(__file__).with_name("weights.json")

Chance = Annotated[float, Field(gt=0, le=1)]


class Weights(BaseModel):
    """The file's content.

    Attributes:
        trained_on: Date of the training, ISO.
        data: What it was trained on, for people.
        prior: Chance that two records drawn at random are one customer; declared for the whole operator and not
            estimated from a load, so that scores do not depend on its size.
        merge_weight: Evidence without any identifier needs at least this weight (log2 of the odds) to merge.
        review_weight: Below it a pair is not even proposed.
        chances: Comparison -> level -> (m, u): chance of the level among records of one customer, and of two.
        frequencies: Column -> value -> share of records with that value (names, firms, and places by their name, or by
            their postal code where it is missing); only common values are listed.
        rare: Column -> share that is assumed for every value that is not listed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    trained_on: str
    data: str
    prior: Chance
    merge_weight: float
    review_weight: float
    chances: dict[str, dict[str, tuple[Chance, Chance]]]
    frequencies: dict[str, dict[str, Chance]]
    rare: dict[str, Chance]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for comparison in COMPARISONS:
            given = self.chances.get(comparison.name, {})
            if set(given) != set(comparison.level_names):
                wanted = ", ".join(comparison.level_names)
                raise ValueError(f"comparison {comparison.name} needs the levels {wanted}; has {', '.join(given)}")
        for column in FREQUENCY_COLUMNS:
            if column not in self.frequencies or column not in self.rare:
                raise ValueError(f"frequencies and rare need {column}")
        return self

    @property
    def version(self) -> str:
        """Date and content hash; the layout of the file does not matter."""
        content = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return f"{self.trained_on}+{hashlib.sha256(content.encode()).hexdigest()[:12]}"

    def as_json(self) -> str:
        """The file's text, laid out for a reviewer: one level or one value a line."""
        text = json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False)
        return re.sub(r"\[\s+([^\s,]+),\s+([^\s,]+)\s+\]", r"[\1, \2]", text) + "\n"


def read_weights(path: Path | None = None) -> Weights:
    """Read a weights file (default: the shipped one).

    Raises:
        ContractError: The file is missing or does not fit the declared comparisons.
    """
    file = path or SHIPPED
    try:
        return Weights.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        raise ContractError("the weights file is missing", file=str(file), remedy="train it or name another") from None
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
        raise ContractError(problems, file=str(file), remedy="train the weights again") from None
