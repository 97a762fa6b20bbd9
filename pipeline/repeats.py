"""Deliveries that come again: known by their bytes, or, exported anew, by their control totals.

A file with other line ends or another time in its header has other bytes, but the same records, range of keys and sums
of money.  That is no proof, so it is told with what it rests on; `delivery.repeats` says what else happens.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from audit.file_totals import FileTotals
from audit.totals import Totals
from billing.errors import SourceError
from billing.masking import mask
from billing.model import ENTITIES
from billing.registry import Source

File = Mapping[str, Any]
Control = dict[str, dict[str, Any]]
_REMEDY = "remove one of the two from the delivery, or, if both are right, set delivery.repeats to warn or allow"


def control_of(files: FileTotals, secret: bytes) -> dict[str, Control]:
    """SHA-256 of every file -> entity -> its control totals: `totals`, `keys` (a keyed hash), `range` (masked).

    Args:
        files: The totals.
        secret: Key of the hashes; keys may be personal identifiers.
    """
    found: dict[str, Control] = {}
    for sha256, totals in files.totals.items():
        for entity, figures in totals.to_json().items():
            ends = files.keys.get((sha256, entity))
            digest = hmac.new(secret, "\0".join(ends).encode(), hashlib.sha256).hexdigest() if ends else None
            shown = [mask(end) for end in ends] if ends else []
            found.setdefault(sha256, {})[entity] = {"totals": figures, "keys": digest, "range": shown}
    return found


def twins_within(source: Source, files: Sequence[File]) -> list[str]:
    """Files of one delivery with equal control totals.

    Args:
        source: The source.
        files: `name`, `file`, `sha256`, `records` and `control` of each.

    Returns:
        A warning for each, where the source declares that it goes on.

    Raises:
        SourceError: There is one, and nothing else is declared.
    """
    policy = source.spec.delivery.repeats or "stop"
    warnings: list[str] = []
    for number, file in enumerate(files):
        other = next((one for one in files[:number] if _is_twin(file, one)), None)
        if other is None or policy == "allow":
            continue
        message = f"has other bytes but the control totals of {other['name']}: {evidence(file)}"
        if policy == "stop":
            raise SourceError(f"{message}; every record of it would count double", source_id=source.id,
                              file=file["name"], remedy=_REMEDY)  # fmt: skip
        warnings.append(f"{file['name']} {message}")
    return warnings


def known_before(source: Source, files: Sequence[File], known: Sequence[File], published: Sequence[str]) -> list[str]:
    """Files that an earlier delivery brought already.

    Args:
        source: The source.
        files: This delivery's, as for `twins_within`.
        known: Those of earlier deliveries, with `at`, when they were published; later ones last.
        published: SHA-256 of the files that are published now.

    Returns:
        A warning for each.

    Raises:
        SourceError: There is one, and `delivery.repeats` says stop.
    """
    policy = source.spec.delivery.repeats or "warn"
    if policy == "allow":
        return []
    here = {file["sha256"] for file in files}
    warnings: list[str] = []
    for file in files:
        if not file["records"]:
            continue  # two empty result sets may well be equal
        same = next((one for one in known if _bytes(one) == _bytes(file)), None)
        twin = next((one for one in reversed(known) if one["sha256"] not in here and _is_twin(file, one)), None)
        if same is not None and file["sha256"] not in published:
            told = f"was published on {same['at'][:10]}{_as(file, same)}, and has been replaced since"
        elif same is not None and same["name"] != file["name"]:
            told = f"has the content of {same['name']}, which is published already"
        elif same is None and twin is not None:
            told = (
                f"has other bytes but the control totals of {twin['name']}, published on {twin['at'][:10]}: "
                f"{evidence(file)}"
            )
        else:
            continue
        if policy == "stop":
            raise SourceError(told, source_id=source.id, file=file["name"],
                              remedy="have the right file sent, or set delivery.repeats to warn")  # fmt: skip
        warnings.append(f"{file['name']} {told}")
    return warnings


def _bytes(file: File) -> tuple[str, str]:
    return file["file"], file["sha256"]


def _as(file: File, same: File) -> str:
    return f" as {same['name']}" if same["name"] != file["name"] else ""


def _is_twin(one: File, other: File) -> bool:
    """Equal in all that is counted; a file without money may well be delivered unchanged, and is none."""
    if one["sha256"] == other["sha256"] or one["file"] != other["file"]:
        return False
    if (one["records"], one["control"]) != (other["records"], other["control"]):
        return False
    return any(
        amount
        for figures in one["control"].values()
        for total in Totals.from_json({"": figures["totals"]}).by_key.values()
        for amount in total.sums.values()
    )


def evidence(file: File) -> str:
    """What two files have in common, for people; keys are masked."""
    parts = [f"{file['records']:,} records"]
    for entity, figures in file["control"].items():
        totals = Totals.from_json({entity: figures["totals"]})
        told = f"{sum(total.records for total in totals.by_key.values()):,} {entity}"
        if figures["range"]:
            told += f" {' to '.join(figures['range'])}"
        if control := ENTITIES[entity].control_amount:
            sums = (f"{currency} {Decimal(totals[key, currency].amount).scaleb(-2):,}" for key, currency in totals)
            told += f", sum of {control} {', '.join(sums)}"
        parts.append(told)
    return "; ".join(parts)
