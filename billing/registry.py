"""The registry: every declared source, read from `sources/*/source.toml`.

Reading it opens no network and no database, so DAG files may do it while they are parsed.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from billing.errors import ContractError, Fault
from billing.spec import SourceSpec

SPEC_FILE = "source.toml"
NOTES_FILE = "NOTES.md"


@dataclass(frozen=True)
class Source:
    """A declared source: its spec and the folder that holds its copybooks, code lists and notes."""

    spec: SourceSpec
    folder: Path

    @property
    def id(self) -> str:
        """The source's id."""
        return self.spec.id

    @property
    def notes(self) -> str:
        """NOTES.md, or an empty text."""
        path = self.folder / NOTES_FILE
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def delivery_folder(self, deliveries: Path) -> Path:
        """Where this source's deliveries appear.

        Args:
            deliveries: Root of all deliveries (`BLUELINE_DELIVERIES`).
        """
        path = expand_variables(self.spec.delivery.path or self.spec.id, where=str(self.folder / SPEC_FILE))
        if path.startswith(("./", "../")):
            return Path(path).absolute()
        return deliveries / path  # an absolute path stays what it is


def expand_variables(text: str, *, where: str) -> str:
    """Replace `${VAR}` and `${VAR:-default}` by environment variables.

    Raises:
        ContractError: A variable without default is not set.
    """

    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match["name"], match["default"])
        if found is None:
            raise ContractError(
                f"{match[0]} is not set", file=where, remedy=f"export {match['name']} or give a default"
            )
        return found

    return re.sub(r"\$\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\}", value, text)


def load_source(folder: Path) -> Source:
    """Read and check one source's declaration.

    Raises:
        ContractError: The file is missing, is no TOML, or breaks the spec; the message names every offending key.
    """
    path = folder / SPEC_FILE
    source = load_spec(path)
    if source.id != folder.name:
        raise ContractError(
            f"id is {source.id!r} but the folder is {folder.name!r}", file=str(path), remedy="make them equal"
        )
    if not source.spec.entities:
        raise ContractError("entities: missing", file=str(path), remedy="map a raw table: see docs/adding-a-source.md")
    return source


def load_spec(path: Path) -> Source:
    """Read a spec wherever it lies, whatever it is called and whether or not it maps its tables to entities.

    Raises:
        ContractError: As `load_source`.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ContractError(
            "there is no such file", file=str(path), remedy="name one that is there; blueline sources new writes one"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ContractError(f"not valid TOML: {error}", file=str(path), remedy="correct the line named") from None
    try:
        spec = SourceSpec.model_validate(data)
    except ValidationError as error:
        raise ContractError.of(
            [_explain(item, data) for item in error.errors()],
            file=str(path),
            remedy="see docs/adding-a-source.md, or let your editor check it with schema/source.schema.json",
        ) from None
    return Source(spec, path.parent)


def _explain(item: object, data: dict[str, Any]) -> Fault:
    assert isinstance(item, dict)
    location = _location(item["loc"], data) or "spec"
    if item["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(item["loc"][-1]), _known_keys(), n=1)
        return Fault(location, "unknown key", f"is it {near[0]!r}? Else take it out" if near else "take it out")
    if item["type"] == "missing":
        return Fault(location, "missing", "add it: docs/adding-a-source.md says what it means")
    if item["type"] == "union_tag_invalid":
        formats = ", ".join(sorted(_FORMATS))
        return Fault(f"{location}.format", f"{item['ctx']['tag']!r} is none of {formats}", "write one of these")
    message = str(item["msg"]).removeprefix("Value error, ")
    return Fault(location, f"{message[:1].lower()}{message[1:]}", "correct the value: see docs/adding-a-source.md")


@lru_cache(maxsize=1)
def _known_keys() -> list[str]:
    """Every key that some part of a declaration has."""
    schema = SourceSpec.model_json_schema(by_alias=True)
    parts = [schema, *schema.get("$defs", {}).values()]
    return sorted({name for part in parts for name in part.get("properties", {})})


def _location(loc: Sequence[str | int], data: object) -> str:
    """Where in the file: the entries of a list by their name where they have one, else counted from 1.

    >>> _location(("files", 1, "dbf", "code_page"), {"files": [{}, {"name": "konta"}]})
    'files[konta].code_page'
    """
    found = ""
    for part in loc:
        inner = _inner(data, part)
        if isinstance(part, int):
            names = [entry.get("name") for entry in data if isinstance(entry, dict)] if isinstance(data, list) else []
            name = inner.get("name") if isinstance(inner, dict) else None
            found += f"[{name if name and names.count(name) == 1 else part + 1}]"
        elif part in _FORMATS and inner is None:
            continue  # pydantic puts the union's tag into the location; the reader of the file has never heard of it
        else:
            found += f".{part}" if found else str(part)
        data = inner
    return found


def _inner(data: object, part: str | int) -> object:
    if isinstance(data, dict):
        return data.get(part)
    return data[part] if isinstance(data, list) and isinstance(part, int) and part < len(data) else None


_FORMATS = {"mainframe", "dbf", "delimited", "fixed_width", "xml", "sql", "mt940", "camt053", "elixir0"}


def load_registry(root: Path) -> dict[str, Source]:
    """Every source below `root`, by id, in name order.

    Raises:
        ContractError: The folder is missing or empty, or any declaration is wrong (all are named, not only the first).
    """
    if not root.is_dir():
        raise ContractError("the folder of sources does not exist", file=str(root), remedy="set BLUELINE_SOURCES")
    sources: dict[str, Source] = {}
    errors: list[ContractError] = []
    for folder in sorted(path for path in root.iterdir() if (path / SPEC_FILE).exists()):
        try:
            sources[folder.name] = load_source(folder)
        except ContractError as error:
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ContractError("\n".join(str(e) for e in errors), remedy="correct each of them")
    if not sources:
        raise ContractError("no source is declared", file=str(root), remedy="declare one: blueline sources new")
    return sources


def json_schema() -> str:
    """The spec's JSON Schema, for editors that complete and check TOML."""
    schema = SourceSpec.model_json_schema(by_alias=True)
    schema["$id"] = "source.schema.json"
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
