"""What the parts of a camt.053 statement say: amounts, balances, entries, transactions.

Source: ISO 20022 message definitions, "Bank-to-Customer Cash Management", BankToCustomerStatement versions 1 to 13.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from functools import lru_cache
from typing import Any

from extractors.bank.camt053_reader import Node
from extractors.bank.payment_title import split_payment
from extractors.bank.statement_check import Balance

_AMOUNT = re.compile(r"\+?([0-9]{1,18}(?:\.[0-9]{0,5})?|\.[0-9]{1,5})")
_SIGNS = {"CRDT": 1, "DBIT": -1}
_OPENING, _CLOSING, _INTERIM = ("OPBD", "PRCD"), ("CLBD",), ("ITBD",)
_NOTHING = {"NOTPROVIDED", "NONREF", "NOT PROVIDED"}
_NAMES = ("Nm", "Pty/Nm", "Agt/FinInstnId/Nm")
_BANKS = ("BICFI", "BIC", "CmbndId/BIC")
_AMOUNTS = ("Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/CntrValAmt/Amt", "AmtDtls/InstdAmt/Amt")
_KIND = ("Tp/CdOrPrtry/Cd", "Tp/CdOrPrtry/Prtry", "Tp/Cd")


def amount(text: str | None) -> Decimal | None:
    """An amount without its sign: at most 18 digits before and 5 behind the point.

    >>> amount("8.850"), amount("1,5"), amount("1.234567"), amount(None)
    (Decimal('8.850'), None, None, None)
    """
    match = _AMOUNT.fullmatch(text or "")
    return Decimal(match[1]) if match else None


def signed(node: Node, amount_path: str = "Amt") -> Decimal | None:
    """The amount of an entry or a balance by its effect on the account: credits are positive."""
    value, sign = amount(node.value(amount_path)), _SIGNS.get(node.value("CdtDbtInd") or "")
    return None if value is None or sign is None else sign * value


def currency(node: Node, amount_path: str = "Amt") -> str | None:
    """The currency of an amount."""
    found = node.find(amount_path)
    return found.attributes.get("Ccy") if found else None


def day(node: Node, path: str) -> str | None:
    """`YYYY-MM-DD` of a date or of a date and time, None where there is no such day."""
    return _iso((node.value(f"{path}/Dt", f"{path}/DtTm", path) or "")[:10])


@lru_cache(maxsize=1024)
def _iso(text: str) -> str | None:
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError:
        return None


def account(node: Node) -> str | None:
    """The number of `Acct` or of a party's account: IBAN, or the bank's own."""
    found = node.value("Id/IBAN", "Id/Othr/Id", "Id/PrtryAcct/Id", "Id/BBAN")
    return re.sub(r"\s", "", found) if found else None


def balances(found: list[Node]) -> tuple[Balance | None, Balance | None, list[str]]:
    """Opening and closing balance of a statement, and what is wrong with its balances.

    Args:
        found: Its `Bal` elements; booked ones count, available and expected ones do not.
    """
    by_code: dict[str, list[Balance]] = {}
    faults: list[str] = []
    for node in found:
        code = node.value(*_KIND)
        if code not in (*_OPENING, *_CLOSING, *_INTERIM):
            continue
        value, ccy, on = signed(node), currency(node), day(node, "Dt")
        if value is None or not ccy or on is None:
            faults.append(f"its balance {code} cannot be read")
            continue
        interim = code in _INTERIM or node.value("Tp/SubTp/Cd") == "INTM"
        by_code.setdefault(code, []).append(Balance(value, ccy, on, interim))
    for code in (*_OPENING, *_CLOSING):
        days = {(balance.date, balance.currency) for balance in by_code.get(code, [])}
        if len(set(by_code.get(code, []))) > len(days) or len({ccy for _, ccy in days}) > 1:
            faults.append(f"its balance {code} occurs more than once")
    pages = by_code.get("ITBD", [])
    opening = next((by_code[code] for code in _OPENING if code in by_code), pages[:1])
    closing = next((by_code[code] for code in _CLOSING if code in by_code), pages[-1:])
    # a statement of several days may have the balances of each
    return min(opening, key=_date, default=None), max(closing, key=_date, default=None), faults


def _date(balance: Balance) -> str:
    return balance.date


def transactions(node: Node) -> list[Node]:
    """The transactions of an entry; in the first version nothing stands around them."""
    return node.all("NtryDtls/TxDtls") or node.all("TxDtls")


def stated_transactions(node: Node) -> list[Node]:
    """How many transactions an entry says that it has, batch by batch."""
    return node.all("NtryDtls/Btch/NbOfTxs") or node.all("Btch/NbOfTxs")


def entry_row(node: Node) -> dict[str, Any] | None:
    """The row of `Ntry`, None where amount, side or status cannot be read."""
    value, status = signed(node), node.value("Sts/Cd", "Sts", "Sts/Prtry")
    if value is None or status is None:
        return None
    return {
        "amount": value,
        "currency": currency(node),
        "status": status,
        "is_reversal": node.value("RvslInd"),
        "booking_date": day(node, "BookgDt"),
        "value_date": day(node, "ValDt"),
        "entry_reference": node.value("NtryRef"),
        "bank_reference": node.value("AcctSvcrRef"),
        "transaction_code": _transaction_code(node),
        "information": node.value("AddtlNtryInf"),
    }


def transaction_row(node: Node, entry: dict[str, Any], own_account: str | None) -> dict[str, Any]:
    """The row of `TxDtls`, but for its amount.

    Args:
        node: The element; an empty one for an entry that has none.
        entry: Row of its entry.
        own_account: The statement's account.
    """
    row: dict[str, Any] = {
        name: entry[name] for name in ("currency", "status", "booking_date", "value_date", "transaction_code")
    }
    row["transaction_code"] = _transaction_code(node) or row["transaction_code"]
    for side, tag, ultimate in (("debtor", "Dbtr", "UltmtDbtr"), ("creditor", "Cdtr", "UltmtCdtr")):
        row[f"{side}_name"] = node.value(*(f"RltdPties/{tag}/{path}" for path in _NAMES))
        holder = node.find(f"RltdPties/{tag}Acct")
        row[f"{side}_account"] = account(holder) if holder else None
        row[f"ultimate_{side}_name"] = node.value(*(f"RltdPties/{ultimate}/{path}" for path in _NAMES))
    agent = "DbtrAgt" if entry["amount"] > 0 else "CdtrAgt"
    row.update(_counterparty(row, entry, own_account))
    row["counterparty_bank"] = node.value(*(f"RltdAgts/{agent}/FinInstnId/{path}" for path in _BANKS))
    row["bank_reference"] = node.value("Refs/AcctSvcrRef") or entry["bank_reference"]
    for name, path in (
        ("instruction_id", "Refs/InstrId"), ("end_to_end_id", "Refs/EndToEndId"), ("transaction_id", "Refs/TxId"),
        ("mandate_id", "Refs/MndtId"),
    ):  # fmt: skip
        text = node.value(path)
        row[name] = None if text is None or text.upper() in _NOTHING else text
    row["title"] = " ".join(found.text for found in node.all("RmtInf/Ustrd") if found.text) or None
    row["creditor_reference"] = node.value("RmtInf/Strd/CdtrRefInf/Ref", "RmtInf/Strd/CdtrRefInf/CdtrRef")
    invoice = node.value("RmtInf/Strd/RfrdDocInf/Nb", "RmtInf/Strd/RfrdDocInf/RfrdDocNb")
    row["invoice_no"] = invoice or split_payment(row["title"]).get("invoice_no")
    row["return_reason"] = node.value("RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry")
    row["information"] = node.value("AddtlTxInf")
    return row


def transaction_amounts(parts: list[Node], entry: dict[str, Any]) -> list[Decimal | None]:
    """The amounts of an entry's transactions in its currency, signed.

    A transaction may state several: as it was instructed, converted, booked.  Those count that add up to the entry:
    of each transaction the first, else of all of them the same one.

    Returns:
        One a transaction, None where it states none; where nothing adds up, the first that each of them states.
    """
    stated = [[_stated(part, path, entry) for part in parts] for path in _AMOUNTS]
    first = [next((value for value in of_one if value is not None), None) for of_one in zip(*stated, strict=True)]
    for values in (first, *stated):
        known = [value for value in values if value is not None]
        if len(known) == len(values) and sum(known) == entry["amount"]:
            return values
    return first


def rest_of(amounts: list[Decimal | None], entry: dict[str, Any]) -> Decimal | None:
    """What is left of an entry for the only transaction that states no amount; None where that proves nothing.

    >>> rest_of([Decimal("20.00"), None], {"amount": Decimal("50.00")})
    Decimal('30.00')
    >>> rest_of([Decimal("60.00"), None], {"amount": Decimal("50.00")}), rest_of([None, None], {"amount": Decimal(1)})
    (None, None)
    """
    known = [value for value in amounts if value is not None]
    if len(known) != len(amounts) - 1:
        return None
    rest: Decimal = entry["amount"] - sum(known)
    return rest if rest * entry["amount"] > 0 else None


def _stated(node: Node, path: str, entry: dict[str, Any]) -> Decimal | None:
    value = amount(node.value(path))
    if value is None or currency(node, path) != entry["currency"]:
        return None
    return _SIGNS.get(node.value("CdtDbtInd") or "", 1 if entry["amount"] >= 0 else -1) * value


def _counterparty(row: dict[str, Any], entry: dict[str, Any], own_account: str | None) -> dict[str, Any]:
    """Who is on the other side: the debtor of a credit; the creditor where only he is named and it is not us."""
    sides = ("debtor", "creditor") if entry["amount"] > 0 else ("creditor", "debtor")
    for side in sides:
        name, number = row[f"{side}_name"], row[f"{side}_account"]
        if (name or number) and (side == sides[0] or number != own_account):
            return {"counterparty_name": name, "counterparty_account": number}
    return {"counterparty_name": None, "counterparty_account": None}


def _transaction_code(node: Node) -> str | None:
    parts = [node.value(f"BkTxCd/Domn/{path}") for path in ("Cd", "Fmly/Cd", "Fmly/SubFmlyCd")]
    return "/".join(part for part in parts if part) or node.value("BkTxCd/Prtry/Cd")
