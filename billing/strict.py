"""What every part of a source's spec is built of."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]
"""A name that may become that of a table or a file of the store."""

Beginning = Annotated[str, Field(min_length=1)]
"""The text that a record begins with."""


class Strict(BaseModel):
    """Base of every part of a spec: frozen, unknown keys forbidden."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)
