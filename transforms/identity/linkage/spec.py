"""What a data set is: its files, what each column means, and where the truth is, if there is one.

The declaration is a TOML file.  It names no rule: how strongly a field speaks is learned from the data.

    [data]
    name = "two registers"

    [truth]
    column = "id"                 # what rows of one person share ...
    pattern = 'rec-(\\d+)-'       # ... here only its first group

    [[source]]
    name = "a"
    files = ["a.csv"]
    one_record_each = true        # no person stands twice in this source

    [columns]
    given_name = "first_name"
    family_name = "surname"
    birth_date = "dob"
    address_line = ["address_1", "address_2"]

>>> DataSet.model_validate({"source": [{"files": ["a.csv"]}], "columns": {"family_name": "surname"}}).columns
{'family_name': ['surname']}
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from billing.errors import ContractError
from transforms.identity.linkage.meanings import MEANINGS


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Names = Annotated[list[str], BeforeValidator(_listed), Field(min_length=1)]
Columns = dict[str, Names]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Heading(_Strict):
    """The data set as a whole.

    Attributes:
        name: Shown in reports; default: the name of the declaration.
        day_first: Whether 03/04/1980 is the 3rd of April; None lets the data tell.
        national_id_check: Kind of the identity numbers, where they have a check digit: records with two different
            valid ones never meet.
        merge_at: Chance of being one person from which records are joined.
    """

    name: str = ""
    day_first: bool | None = None
    national_id_check: Literal["pesel"] | None = None
    merge_at: float = Field(default=0.75, gt=0.0, lt=1.0)


class Truth(_Strict):
    r"""Which rows are one person.

    Attributes:
        column: Column whose equal values name one person, in every source.
        pattern: Regular expression; its first group is what counts (`rec-(\d+)-` for `rec-12-dup-0`).
        pairs: CSV or Parquet file with one pair of keys a row, instead of a column; needs `key`.
        left: Column of the left key.
        right: Column of the right key.
    """

    column: str | None = None
    pattern: str | None = None
    pairs: str | None = None
    left: str = "left"
    right: str = "right"

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.column is None) == (self.pairs is None):
            raise ValueError("give either column or pairs")
        if self.pattern is not None and re.compile(self.pattern).groups < 1:
            raise ValueError("pattern needs a group, such as (\\d+)")
        return self


class SourceFiles(_Strict):
    """One source: files of one layout.

    Attributes:
        name: Shown in reports; default: the name of the first file.
        files: CSV or Parquet files, relative to the declaration.
        one_record_each: No person stands twice in this source.
        key: Column that names a row, for pair lists.
        encoding: Of CSV files, as Python calls it.
        columns: Meaning -> columns; overrides the data set's.
    """

    name: str = ""
    files: Names
    one_record_each: bool = False
    key: str | None = None
    encoding: str = "utf-8"
    columns: Columns = Field(default_factory=dict)

    @model_validator(mode="after")
    def _readable(self) -> Self:
        try:
            "".encode(self.encoding)
        except LookupError:
            raise ValueError(f"{self.encoding!r} is no encoding of text") from None
        return self


class DataSet(_Strict):
    """The declaration.

    Attributes:
        data: The data set as a whole.
        source: The sources.
        columns: Meaning -> columns, for every source.
        truth: None where nothing is known.
    """

    data: Heading = Heading()
    source: list[SourceFiles] = Field(min_length=1)
    columns: Columns = Field(default_factory=dict)
    truth: Truth | None = None

    @model_validator(mode="after")
    def _known(self) -> Self:
        for columns in (self.columns, *(source.columns for source in self.source)):
            for meaning in columns:
                if meaning not in MEANINGS:
                    raise ValueError(f"{meaning!r} is no meaning of a column; there are {', '.join(MEANINGS)}")
        if not any(self.meanings(source) for source in self.source):
            raise ValueError("no column is mapped")
        return self

    def meanings(self, source: SourceFiles) -> Columns:
        """Meaning -> columns of one source."""
        return {**self.columns, **source.columns}


def read_spec(path: Path) -> DataSet:
    """Read a declaration.

    Raises:
        ContractError: It is missing, no TOML, or does not fit.
    """
    try:
        return DataSet.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise ContractError("there is no such file", file=str(path), remedy="give the path of a declaration") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ContractError(f"no TOML: {error}", file=str(path), remedy="correct the file") from None
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
        raise ContractError(problems, file=str(path), remedy="see docs/identity.md for the form") from None
