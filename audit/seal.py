"""The evidence seal: a chain of hashes that shows any later change of a sealed run.

The seal of a batch is the SHA-256 of the seal before it and of the batch's manifest.  The manifest is what the caller
seals (files, totals, equations, versions) and, taken from the database itself, a digest of the batch's rows in
`control`.  Whoever alters an old manifest, a control total or the outcome of an equation has to alter every later
seal as well; keep the newest one elsewhere (it stands in the report), and even that is seen.

>>> seal_of(FIRST, '{"run":"r1"}')[:16]
'27f7ec002c533091'
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import psycopg

from billing.errors import ContractError

FIRST = "0" * 64
EVIDENCE = "evidence_sha256"
# what proves a batch, in a fixed order and form
_DIGEST = """
SELECT encode(sha256(convert_to(coalesce(string_agg(line, chr(10) ORDER BY line COLLATE "C"), ''), 'UTF8')), 'hex')
  FROM (
    SELECT 'total' || t::text AS line FROM (
        SELECT source_id, step, bucket, entity, currency, records, amount_grosze, positive_grosze, negative_grosze
          FROM control.control_total WHERE batch_id = %(batch)s) t
    UNION ALL
    SELECT 'result' || r::text FROM (
        SELECT equation, source_id, entity, currency, lhs, rhs, difference, checked, status, note
          FROM control.recon_result WHERE batch_id = %(batch)s) r
    UNION ALL
    SELECT 'batch' || b::text FROM (
        SELECT run_id, state, code_version FROM control.batch WHERE batch_id = %(batch)s) b) lines
"""


def seal_of(previous: str, manifest: str) -> str:
    """The seal that follows `previous`.

    Args:
        previous: Seal before, 64 hex digits; `FIRST` for the first.
        manifest: Canonical JSON.
    """
    return hashlib.sha256(f"{previous}\n{manifest}".encode()).hexdigest()


def canonical(manifest: Mapping[str, Any]) -> str:
    """One text for one content: sorted keys, no spaces, no floats.

    Raises:
        ContractError: A value has no exact form.
    """
    try:
        return json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_exact)
    except TypeError as error:
        raise ContractError(f"cannot be sealed: {error}") from None


def _exact(value: object) -> str:
    if type(value).__name__ in {"Decimal", "date", "datetime", "PosixPath"}:
        return str(value)
    raise TypeError(f"{type(value).__name__} has no exact form")


def seal(connection: psycopg.Connection, batch_id: int, manifest: Mapping[str, Any]) -> str:
    """Seal a loaded batch, once; sealing it again with the same manifest answers with the same seal.

    Args:
        connection: Without an open transaction, or in one that the caller commits.
        batch_id: The batch.
        manifest: What is sealed.

    Raises:
        ContractError: The batch is not loaded, or is sealed with another manifest.
    """
    with connection.transaction():
        connection.execute("LOCK TABLE control.evidence_seal IN EXCLUSIVE MODE")  # one chain, no forks
        state = connection.execute("SELECT state FROM control.batch WHERE batch_id = %s", [batch_id]).fetchone()
        if state is None or state[0] != "loaded":
            raise ContractError(f"batch {batch_id} is not loaded", remedy="seal what was loaded and reconciled")
        text = canonical({**manifest, "batch_id": batch_id, EVIDENCE: _digest(connection, batch_id)})
        known = connection.execute(
            "SELECT manifest, seal FROM control.evidence_seal WHERE batch_id = %s", [batch_id]
        ).fetchone()
        if known is not None:
            if known[0] != text:
                raise ContractError(
                    f"batch {batch_id} is sealed already, with another manifest",
                    remedy="verify the seals: blueline verify-seals",
                )
            return str(known[1])
        last = connection.execute(
            "SELECT seal_no, seal FROM control.evidence_seal ORDER BY seal_no DESC LIMIT 1"
        ).fetchone()
        number, previous = (int(last[0]) + 1, str(last[1])) if last else (1, FIRST)
        sealed = seal_of(previous, text)
        connection.execute(
            "INSERT INTO control.evidence_seal (seal_no, batch_id, manifest, previous, seal) "
            "VALUES (%s, %s, %s, %s, %s)",
            [number, batch_id, text, previous, sealed],
        )
    return sealed


def verify(connection: psycopg.Connection, *, newest: str | None = None) -> list[str]:
    """Check the whole chain.

    Args:
        connection: An open connection.
        newest: The newest seal as noted elsewhere, where it is known: the end of the chain may not be cut off.

    Returns:
        What is wrong, one sentence each; empty when every seal holds.
    """
    problems: list[str] = []
    previous, expected = FIRST, 1
    rows = connection.execute(
        "SELECT seal_no, batch_id, manifest, previous, seal FROM control.evidence_seal ORDER BY seal_no"
    ).fetchall()
    for number, batch_id, manifest, before, sealed in rows:
        if number != expected:
            problems.append(f"seal {expected} is missing")
        if before != previous:
            problems.append(f"seal {number} does not follow the one before it")
        if seal_of(before, manifest) != sealed:
            problems.append(f"the manifest of seal {number} (batch {batch_id}) was changed")
        elif json.loads(manifest).get(EVIDENCE) != _digest(connection, batch_id):
            problems.append(f"control totals or equations of batch {batch_id} were changed after seal {number}")
        previous, expected = sealed, number + 1
    if newest is not None and newest not in {row[4] for row in rows}:
        problems.append("the seal noted elsewhere is not in the chain")
    return problems


def _digest(connection: psycopg.Connection, batch_id: int) -> str:
    (digest,) = connection.execute(_DIGEST, {"batch": batch_id}).fetchone() or ("",)
    return str(digest)
