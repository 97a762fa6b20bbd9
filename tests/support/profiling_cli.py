"""`blueline profile` as a user calls it, and what `sources check` and `decode` make of its proposal."""

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from pipeline import cli

runner = CliRunner()


def profile_json(*arguments: object, exit_code: int = 0) -> dict[str, Any]:
    """The findings of `blueline profile --json`."""
    result = runner.invoke(cli.app, ["profile", *map(str, arguments), "--json"])
    assert result.exit_code == exit_code, (result.output, result.exception)
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def rows_of(path: Path) -> dict[str, int]:
    """Raw table -> rows that the proposal makes of a file: `sources check` accepts it, and nothing is set aside."""
    checked = runner.invoke(cli.app, ["sources", "check", "torun"])
    assert checked.exit_code == 0, checked.output
    decoded = runner.invoke(cli.app, ["decode", str(path), "--spec", "sources/torun/source.toml", "--out", "decoded"])
    assert decoded.exit_code == 0, (decoded.output, decoded.exception)
    written = {p.stem: p.read_text(encoding="utf-8").splitlines() for p in Path("decoded").glob("*.jsonl")}
    tables = {name: len(lines) for name, lines in written.items() if not name.endswith(".rejects")}
    assert tables
    assert not any(written[f"{name}.rejects"] for name in tables)
    return tables
