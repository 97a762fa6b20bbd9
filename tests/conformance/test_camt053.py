"""Every camt.053 document of a folder against the JSON beside it, and against its own balances.

The JSON is another project's object graph of the same document (entries, balances, group header; amounts in minor
units).  A document without one, or of another message than camt.053, is meant to be refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conformance_folder import folder, needs
from extractor_probe import Decoded, declare, landed, run
from lxml import etree

from billing.errors import SourceError

REAL = folder("camt053")
_OTHER_MESSAGE = re.compile(rb"tech:xsd:(?!camt\.053\.)")
DOCUMENTS = sorted(REAL.rglob("*.xml"))
WITH_TRUTH = [p for p in DOCUMENTS if p.with_suffix(".json").exists() and not _OTHER_MESSAGE.search(p.read_bytes())]
pytestmark = needs(REAL)
_MINOR = {"JPY": 0, "HUF": 2, "KWD": 3, "BHD": 3, "TND": 3}


def name_of(path: Path) -> str:
    return path.relative_to(REAL).as_posix()


def read(path: Path, **spec: Any) -> Decoded:
    declared = {"name": "bank", "pattern": path.name, "format": "camt053", **spec}
    return run(declare([declared], table="bank_entries", key="(none)", amount="amount"), landed(path, "bank"))


def objects(truth: Any, kind: str) -> Iterator[dict[str, Any]]:
    """Every object of a class in the graph; what occurs again there is a mark, not an object."""
    if isinstance(truth, dict):
        if str(truth.get("__CLASS__", "")).endswith(f"\\{kind}"):
            yield truth
        for value in truth.values():
            yield from objects(value, kind)
    elif isinstance(truth, list):
        for value in truth:
            yield from objects(value, kind)


def money(stated: dict[str, Any]) -> tuple[Decimal, str]:
    currency = stated["getCurrency"]["getCode"]
    return Decimal(stated["getAmount"]).scaleb(-_MINOR.get(currency, 2)), currency


def day(stated: dict[str, Any] | None) -> str | None:
    return stated["0"][:10] if stated else None


def graph(path: Path) -> Any:
    return json.loads(path.with_suffix(".json").read_text())


@pytest.mark.parametrize("path", [p for p in DOCUMENTS if p not in WITH_TRUTH], ids=name_of)
def test_a_document_without_a_truth_is_refused(path: Path):
    with pytest.raises(SourceError, match="Remedy"):
        read(path)


@pytest.mark.parametrize("path", WITH_TRUTH, ids=name_of)
def test_entries_are_those_of_the_truth(path: Path):
    rows = read(path, failed_check="flag").rows("bank_entries")
    truth = list(objects(graph(path), "Entry"))
    assert bool(truth) == bool(rows)
    for entry in truth:
        amount, currency = money(entry["getAmount"])
        wanted = {
            "amount": amount,
            "currency": currency,
            "status": entry["getStatus"],
            "booking_date": day(entry["getBookingDate"]),
            "value_date": day(entry["getValueDate"]),
            "bank_reference": entry["getAccountServicerReference"] or None,
            "entry_reference": entry["getReference"] or None,
            "transaction_code": bank_code(entry["getBankTransactionCode"]),
            "transactions": max(1, len(entry["getTransactionDetails"])),
        }
        (found,) = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
        assert found["is_reversal"] in ({"true", "1"} if entry["getReversalIndicator"] else {"false", "0", None})


def bank_code(code: dict[str, Any] | None) -> str | None:
    if not code:
        return None
    if domain := code["getDomain"]:
        family = domain["getFamily"]
        parts = [domain["getCode"], *([family["getCode"], family["getSubFamilyCode"]] if family else [])]
        return "/".join(part for part in parts if part)
    return code["getProprietary"]["getCode"] if code["getProprietary"] else None


@pytest.mark.parametrize("path", WITH_TRUTH, ids=name_of)
def test_transactions_are_those_of_the_truth(path: Path):
    rows = read(path, failed_check="flag").rows("bank_transactions")
    for details in objects(graph(path), "EntryTransactionDetail"):
        reference, remittance = details["getReference"] or {}, details["getRemittanceInformation"] or {}
        texts = [b["getMessage"] for b in remittance.get("getUnstructuredBlocks", []) if isinstance(b, dict)]
        if not texts and isinstance(remittance.get("getUnstructuredBlock"), dict):
            texts = [remittance["getUnstructuredBlock"]["getMessage"]]
        wanted = {
            "instruction_id": _given(reference.get("getInstructionId")),
            "end_to_end_id": _given(reference.get("getEndToEndId")),
            "transaction_id": _given(reference.get("getTransactionId")),
            "mandate_id": _given(reference.get("getMandateId")),
            "title": " ".join(texts) or None,
        }
        assert [row for row in rows if all(row[name] == value for name, value in wanted.items())], wanted
        parties = [p for p in details["getRelatedParties"] if isinstance(p, dict)]
        for party in parties:
            side = party["getRelatedPartyType"]["__CLASS__"].rpartition("\\")[2].casefold()
            column = f"ultimate_{side.removeprefix('ultimate')}_name" if side.startswith("ultimate") else f"{side}_name"
            name = party["getRelatedPartyType"]["getName"]
            if column in rows[0] and name:
                assert name in {row[column] for row in rows}
            number = party["getAccount"]
            if isinstance(number, dict) and f"{side}_account" in rows[0]:
                assert number["getIdentification"] in {row[f"{side}_account"] for row in rows}


def _given(text: str | None) -> str | None:
    return None if not text or text.upper() in {"NOTPROVIDED", "NONREF"} else text


@pytest.mark.parametrize("path", WITH_TRUTH, ids=name_of)
def test_statements_are_those_of_the_truth(path: Path):
    got = read(path, failed_check="flag")
    rows = {row["statement_id"]: row for row in got.rows("bank_statements")}
    header = graph(path)["getGroupHeader"]
    assert {row["message_id"] for row in rows.values()} == {header["getMessageId"]}
    statements = list(objects(graph(path), "Statement"))
    assert statements
    for statement in statements:
        row = rows[statement["getId"]]
        assert row["account"] == statement["getAccount"]["getIdentification"]
        assert row["statement_no"] == (
            statement["getElectronicSequenceNumber"] or statement["getLegalSequenceNumber"] or None
        )
        stated: dict[str, list[Decimal]] = {}
        for balance in statement["getBalances"]:
            if isinstance(balance, dict):
                stated.setdefault(balance["getType"], []).append(money(balance["getAmount"])[0])
        for kind, column in (("opening", "opening_balance"), ("closing", "closing_balance")):
            assert (row[column] in stated[kind]) if kind in stated else (row[column] is None)


@pytest.mark.parametrize("path", WITH_TRUTH, ids=name_of)
def test_statements_that_do_not_close_are_held_back(path: Path):
    got = read(path)
    kept = {row["statement_id"]: row for row in got.rows("bank_statements")}
    total = 0
    tree = etree.parse(str(path), etree.XMLParser(resolve_entities=False, no_network=True))
    for statement in tree.iter("{*}Stmt"):
        total += 1
        closes = proves_itself(statement)
        identifier = statement.findtext("{*}Id")
        if identifier in kept:
            assert closes
        else:
            reasons = {r["reason"] for r in got.rejects if r["entity"] == "bank_statements"}
            assert not closes or reasons & {"STMT-SEQUENCE", "STMT-TOTALS"}
    assert total == len(kept) + sum(r["entity"] == "bank_statements" for r in got.rejects if r["level"] == "record")


def proves_itself(statement: Any) -> bool:
    balances: dict[str, list[tuple[str, Decimal]]] = {}
    for balance in statement.findall("{*}Bal"):
        code = balance.findtext("{*}Tp/{*}CdOrPrtry/{*}Cd")
        amount = balance.find("{*}Amt")
        balances.setdefault(code, []).append((amount.get("Ccy"), signed(balance)))
    opening = balances.get("OPBD") or balances.get("PRCD") or balances.get("ITBD", [])[:1]
    closing = balances.get("CLBD") or balances.get("ITBD", [])[-1:]
    if not opening or not closing or opening[0][0] != closing[-1][0]:
        return False
    booked = [e for e in statement.findall("{*}Ntry") if (e.findtext("{*}Sts/{*}Cd") or e.findtext("{*}Sts")) == "BOOK"]
    return opening[0][1] + sum(map(signed, booked)) == closing[-1][1]


def signed(element: Any) -> Decimal:
    amount = Decimal(element.findtext("{*}Amt"))
    return amount if element.findtext("{*}CdtDbtInd") == "CRDT" else -amount
