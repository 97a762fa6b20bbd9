"""The statements of a source's bank files, before they are decoded: verdicts that one file alone cannot give."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from billing.registry import Source
from extractors.bank.statement_check import Statement, Verdict
from extractors.bank.statements import Published, from_json, is_proved, judge_delivery, read_statements, to_json
from pipeline.context import Context
from pipeline.history import known_files
from pipeline.landed import landed_files
from pipeline.store import Manifest

LAST_OF_AN_ACCOUNT = 12
"""Statements of each account and file that the next deliveries are held against."""


@dataclass
class Judged:
    """What is known of a delivery's statements.

    Attributes:
        verdicts: SHA-256 of a bank's file -> one verdict a statement.
        kept: SHA-256 -> what later deliveries are held against.
    """

    verdicts: dict[str, list[Verdict | None]] = field(default_factory=dict)
    kept: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def config(self) -> str:
        """What the decoding depends on beyond files and declaration; empty for a source without bank files."""
        if not self.verdicts:
            return ""
        told = {sha256: [v and asdict(v) for v in verdicts] for sha256, verdicts in self.verdicts.items()}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def judge_statements(ctx: Context, source: Source, land: Manifest) -> Judged:
    """Judge the statements of all bank files of a delivery, one with the other and with the published ones.

    Args:
        ctx: The process's context.
        source: The source.
        land: Of the step that landed its files.

    Raises:
        SourceError: A file cannot be read.
    """
    specs = {spec.name: spec for spec in source.spec.files if is_proved(spec)}
    if not specs:
        return Judged()  # and no file is asked for, which may lie in a remote store
    landed = [file for file in landed_files(ctx, land) if file.file in specs]
    files = {file.sha256: read_statements(source, specs[file.file], file) for file in landed}
    key = ctx.settings.hmac_secret()
    hashed = {sha256: [_hashed(one, key) for one in statements] for sha256, statements in files.items()}
    published = [
        Published(from_json(statement), file["name"], file["sha256"])
        for file in known_files(ctx, source.id)
        for statement in file["statements"]
    ]
    kept = {sha256: [to_json(one) for one in _last(statements)] for sha256, statements in hashed.items()}
    return Judged(judge_delivery(hashed, published), kept)


def _hashed(statement: Statement, key: bytes) -> Statement:
    """The same without its account number, which nothing here needs but to tell accounts apart."""
    if statement.account is None:
        return statement
    return replace(statement, account=hmac.new(key, statement.account.encode(), hashlib.sha256).hexdigest()[:32])


def _last(statements: Sequence[Statement]) -> list[Statement]:
    """The last statements of every account that can be followed."""
    accounts: dict[tuple[str | None, str], list[Statement]] = {}
    for statement in statements:
        if statement.opening is not None and statement.closing is not None:
            accounts.setdefault((statement.account, statement.opening.currency), []).append(statement)
    by_day = (sorted(chain, key=lambda s: s.opening.date if s.opening else "") for chain in accounts.values())
    return [statement for chain in by_day for statement in chain[-LAST_OF_AN_ACCOUNT:]]
