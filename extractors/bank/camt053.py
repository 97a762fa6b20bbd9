"""Bank statements in ISO 20022 camt.053, all versions.

Three raw tables: `<name>_statements`, `<name>_entries`, and `<name>_transactions`, in which a booked batch is as many
rows as it has transactions and any other entry is one.  Amounts are signed by their effect on the account and exact.

The document is read twice, as a stream: once to prove its statements (`extractors.bank.statement_check`; entries
count that are booked), once to hand on their rows.  What cannot be proved is set aside as in MT940
(`extractors.bank.mt940`); besides,

* a statement whose own totals (`TxsSummry`) contradict its entries is suspended;
* an entry whose transactions are not as many as it says, or do not add up to it, is suspended with them;
* a single transaction that states no amount has what the others leave of the entry, and is flagged; two or more of them
  could share it in any way, so their entry is suspended;
* the only transaction of an entry has the entry's amount; where it states another one (what was instructed, before
  charges), it is flagged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pyarrow as pa

from billing.errors import SourceError
from billing.file_specs import AnyFile, Camt053File
from billing.lineage import Split
from billing.registry import Source
from billing.wording import counted
from extractors.bank.camt053_reader import Node, Part, read_parts
from extractors.bank.camt053_values import (
    account,
    amount,
    balances,
    day,
    entry_row,
    rest_of,
    stated_transactions,
    transaction_amounts,
    transaction_row,
    transactions,
)  # fmt: skip
from extractors.bank.rows import AMOUNT, At, BankTable, within_room
from extractors.bank.statement_check import Statement, Verdict, judge
from extractors.bank.statement_outcome import Outcome
from extractors.base import FileFacts, LandedFile, read_raw, refuse_empty

BOOKED = "BOOK"
_TEXT = pa.string()
STATEMENTS = pa.schema(
    [
        *((n, _TEXT) for n in ("message_id", "statement_id", "account", "account_owner", "statement_no")),
        ("page_no", pa.int32()), ("currency", _TEXT), ("created_on", _TEXT), ("from_date", _TEXT), ("to_date", _TEXT),
        ("opening_date", _TEXT), ("opening_balance", AMOUNT), ("closing_date", _TEXT), ("closing_balance", AMOUNT),
        ("entries", pa.int32()), ("entries_sum", AMOUNT), ("information", _TEXT),
    ]
)  # fmt: skip
_OF_STATEMENT = [*((n, _TEXT) for n in ("statement_id", "account", "statement_no")), ("entry_no", pa.int32())]
_OF_MONEY = [("amount", AMOUNT), *((n, _TEXT) for n in ("currency", "status", "booking_date", "value_date"))]
ENTRIES = pa.schema(
    [
        *_OF_STATEMENT, *_OF_MONEY,
        *((n, _TEXT) for n in (
            "is_reversal", "entry_reference", "bank_reference", "transaction_code", "information",
        )),
        ("transactions", pa.int32()),
    ]
)  # fmt: skip
TRANSACTIONS = pa.schema(
    [
        *_OF_STATEMENT, ("transaction_no", pa.int32()), *_OF_MONEY,
        *((n, _TEXT) for n in (
            "bank_reference", "instruction_id", "end_to_end_id", "transaction_id", "mandate_id", "title",
            "creditor_reference", "invoice_no", "counterparty_name", "counterparty_account", "counterparty_bank",
            "debtor_name", "debtor_account", "ultimate_debtor_name", "creditor_name", "creditor_account",
            "ultimate_creditor_name", "transaction_code", "return_reason", "information",
        )),
    ]
)  # fmt: skip


@dataclass
class _Summary:
    statement: Statement
    row: dict[str, Any]
    offset: int
    length: int = 0
    entries: int = 0
    credits: list[Decimal] = field(default_factory=lambda: [Decimal(0), Decimal(0)])  # number and sum
    debits: list[Decimal] = field(default_factory=lambda: [Decimal(0), Decimal(0)])
    balances: list[Node] = field(default_factory=list)
    totals: Node | None = None
    is_page: bool = False
    currency: str | None = None


def decode(
    source: Source,
    file_spec: AnyFile,
    landed: LandedFile,
    facts: FileFacts,
    *,
    batch_rows: int,
    verdicts: Sequence[Verdict | None] | None = None,
) -> Iterator[Split]:
    """Decode a document of statements.

    Args:
        source: The declared source.
        file_spec: The document's spec.
        landed: The landed document.
        facts: Filled while decoding.
        batch_rows: Most rows of a batch.
        verdicts: One a statement, where they were judged with those of other files; default: by this file alone.

    Yields:
        Batches of the three raw tables; what is held back or unreadable among their rejects.

    Raises:
        SourceError: The document is not well-formed, is no camt.053, holds no statement or has a document type
            declaration; or a statement is not proved and the spec says that this stops the source.
    """
    assert isinstance(file_spec, Camt053File)
    refuse_empty(source.id, landed)
    seen: dict[str, Any] = {}
    summaries = _summaries(source, landed, seen)
    version = f"camt.053.001.{seen['version']}" if seen["version"] else "camt.053 without a namespace"
    accounts = len({s.statement.account for s in summaries})
    facts.notes.append(
        f"{version} in {seen['encoding']}, {counted(len(summaries), 'statement')} of {counted(accounts, 'account')}"
    )
    if numbers := [s.statement.number for s in summaries if s.statement.number]:
        facts.sequence = numbers[0] if len(numbers) == 1 else f"{numbers[0]}-{numbers[-1]}"
    if verdicts is None:
        verdicts = judge([summary.statement for summary in summaries])
    yield from _Rows(source, file_spec, landed, summaries, verdicts, batch_rows).splits(facts)
    facts.bytes = landed.size


def statements(source: Source, file_spec: AnyFile, landed: LandedFile) -> list[Statement]:
    """What the check has to know of every statement of a document.

    Raises:
        SourceError: As `decode` does.
    """
    refuse_empty(source.id, landed)
    return [summary.statement for summary in _summaries(source, landed, {})]


# --- first reading: what each statement says about itself ------------------------------------------------------


def _summaries(source: Source, landed: LandedFile, seen: dict[str, Any]) -> list[_Summary]:
    summaries: list[_Summary] = []
    message_id = None
    for part in read_parts(source.id, landed, seen):
        if part.kind == "begin":
            index = len(summaries)
            row: dict[str, Any] = {"message_id": message_id}
            summaries.append(_Summary(Statement(index, None, None, None), row, part.offset))
        elif part.kind == "end":
            _close(summaries[-1], part)
        elif part.kind == "child" and part.node is not None:
            _take(summaries[-1], part.node)
        elif part.node is not None and part.node.name == "GrpHdr":
            message_id = part.node.value("MsgId")
    if not summaries:
        raise SourceError(
            "the document holds no statement (Stmt)",
            source_id=source.id,
            file=landed.name,
            remedy="have the file sent again: camt.053 has at least one",
        )
    return summaries


def _take(summary: _Summary, node: Node) -> None:
    statement, row = summary.statement, summary.row
    match node.name:
        case "Id":
            row["statement_id"] = node.text
        case "Acct":
            statement.account = account(node)
            row["account_owner"] = node.value("Ownr/Nm")
        case "ElctrncSeqNb" | "LglSeqNb":
            statement.number = statement.number or node.text.lstrip("0") or None
        case "StmtPgntn":
            page = node.value("PgNb") or ""
            statement.page = int(page) if page.isdecimal() and len(page) <= 5 else None
            summary.is_page = statement.page != 1 or node.value("LastPgInd") not in {"true", "1"}
        case "Bal":
            summary.balances.append(node)
        case "TxsSummry":
            summary.totals = node
        case "Ntry":
            _add_entry(summary, node)
        case "CreDtTm":
            row["created_on"] = node.text[:10] or None
        case "FrToDt":
            row["from_date"], row["to_date"] = day(node, "FrDtTm"), day(node, "ToDtTm")
        case "AddtlStmtInf":
            row["information"] = node.text or None


def _add_entry(summary: _Summary, node: Node) -> None:
    summary.entries += 1
    row = entry_row(node)
    if row is None:
        summary.statement.unread += 1
        return
    side = summary.credits if row["amount"] >= 0 else summary.debits
    side[0] += 1
    side[1] += abs(row["amount"])
    if row["status"] == BOOKED:
        summary.statement.total += row["amount"]
    if summary.entries == 1:  # balances stand before entries
        opening = balances(summary.balances)[0]
        summary.currency = opening.currency if opening else None
    if summary.currency and row["currency"] != summary.currency:
        summary.statement.faults.append(f"entry {summary.entries} is in {row['currency']}, not in {summary.currency}")


def _close(summary: _Summary, part: Part) -> None:
    statement, row = summary.statement, summary.row
    statement.opening, statement.closing, faults = balances(summary.balances)
    statement.faults = [*faults, *statement.faults[:3]]
    summary.balances = []
    if summary.totals is not None and not summary.is_page:
        statement.totals = _contradicted(summary, summary.totals)
    summary.totals = None
    summary.length = part.end - summary.offset
    row.update(
        account=statement.account, statement_no=statement.number, page_no=statement.page, entries=summary.entries,
        entries_sum=within_room(statement.total),
    )  # fmt: skip
    if opening := statement.opening:
        row.update(currency=opening.currency, opening_date=opening.date, opening_balance=opening.amount)
    if closing := statement.closing:
        row.update(closing_date=closing.date, closing_balance=closing.amount)


def _contradicted(summary: _Summary, totals: Node) -> list[str]:
    """What the statement's own totals say otherwise than its entries."""
    number, total = (summary.credits[n] + summary.debits[n] for n in (0, 1))
    found: list[str] = []
    for name, tag, (count, money) in (
        ("entries", "TtlNtries", (number, total)),
        ("credits", "TtlCdtNtries", summary.credits),
        ("debits", "TtlDbtNtries", summary.debits),
    ):
        for path, value in ((f"{tag}/NbOfNtries", count), (f"{tag}/Sum", money)):
            stated = amount(totals.value(path))
            if stated is not None and stated != value:
                what = "number" if path.endswith("NbOfNtries") else "sum"
                found.append(f"it states {stated} as the {what} of its {name}, there are {value}")
    return found


# --- second reading: the rows ----------------------------------------------------------------------------------


class _Rows:
    def __init__(
        self,
        source: Source,
        spec: Camt053File,
        landed: LandedFile,
        summaries: list[_Summary],
        verdicts: Sequence[Verdict | None],
        batch_rows: int,
    ) -> None:
        self._source_id, self._landed, self._summaries = source.id, landed, summaries
        schemas = (STATEMENTS, ENTRIES, TRANSACTIONS)
        self._statements, self._entries, self._transactions = self._tables = [
            BankTable(source.id, landed, schema, name, batch_rows)
            for schema, name in zip(schemas, spec.tables, strict=True)
        ]
        self._outcome = Outcome(source.id, landed, verdicts, spec.failed_check)
        self._record_no = 0
        self._entry_no = 0

    def splits(self, facts: FileFacts) -> Iterator[Split]:
        """Batches of all tables."""
        index = -1
        for part in read_parts(self._source_id, self._landed, {}):
            if part.kind == "begin":
                index, self._entry_no = index + 1, 0
                summary = self._summaries[index]
                at = (self._next(), summary.offset, summary.length)
                self._outcome.statement(index, self._statements, at, summary.row, key="closing_balance")
            elif part.kind == "child" and part.node is not None and part.node.name == "Ntry":
                yield from self._entry(index, part.node)
            for table in self._tables:
                yield from table.full()
        for table in self._tables:
            yield from table.rest()
        facts.records = self._record_no

    def _next(self) -> int:
        self._record_no += 1
        return self._record_no

    def _raw(self, node: Node) -> bytes:
        return read_raw(self._landed, node.start, node.end - node.start)

    def _entry(self, index: int, node: Node) -> Iterator[Split]:
        """Take an entry and its transactions, of which one batch may not hold all."""
        self._entry_no += 1
        at = (self._next(), node.start, node.end - node.start)
        row = entry_row(node)
        if row is None:
            message = "amount, side (CdtDbtInd) or status of the entry cannot be read"
            raw = self._raw(node)
            self._entries.sieve.record(at, "STMT-FIELD", message, raw, field="amount")
            self._transactions.sieve.record((self._next(), *at[1:]), "STMT-FIELD", message, raw, field="amount")
            return
        statement = self._summaries[index].statement
        common = {
            "statement_id": self._summaries[index].row.get("statement_id"),
            "account": statement.account,
            "statement_no": statement.number,
            "entry_no": self._entry_no,
        }
        parts = transactions(node)
        amounts = [row["amount"]] if len(parts) < 2 else transaction_amounts(parts, row)
        row.update(common, transactions=len(amounts))
        rest = rest_of(amounts, row)
        whole_amounts = amounts if rest is None else [rest if value is None else value for value in amounts]
        fault = _batch_fault(node, row, len(parts), whole_amounts)
        self._take(index, self._entries, at, row, node, fault)
        if len(parts) == 1 and not fault and not self._outcome.is_held_back(index):
            self._flag_contradiction(
                (self._record_no + 1, parts[0].start, parts[0].end - parts[0].start), parts[0], row
            )
        every = zip(parts or [Node("TxDtls", node.start)], amounts, whole_amounts, strict=True)
        for number, (part, stated, value) in enumerate(every, 1):
            whole = part if parts else node
            transaction = transaction_row(part, row, statement.account)
            transaction.update(common, transaction_no=number, amount=value)
            place = (self._next(), whole.start, whole.end - whole.start)
            if stated is None and value is not None and not fault and not self._outcome.is_held_back(index):
                message = "it states no amount; it has what the entry's other transactions leave of it"
                self._transactions.sieve.attribute(place, "STMT-TOTALS", message, self._raw(whole), field="amount")
            self._take(index, self._transactions, place, transaction, whole, fault)
            yield from self._transactions.full()

    def _flag_contradiction(self, at: At, part: Node, row: dict[str, Any]) -> None:
        """The only transaction of an entry has the amount that was booked, whatever it states itself."""
        [stated] = transaction_amounts([part], row)
        if stated is not None and stated != row["amount"]:
            message = f"it states {stated}; it has the {row['amount']} that its entry was booked with"
            self._transactions.sieve.attribute(at, "STMT-TOTALS", message, self._raw(part), field="amount")

    def _take(
        self, index: int, table: BankTable, at: At, row: dict[str, Any], node: Node, fault: str | None
    ) -> None:  # fmt: skip
        """Hand on an entry or one of its transactions; what is set aside takes its bytes with it."""
        raw = self._raw(node) if fault or self._outcome.is_held_back(index) else b""
        if fault:
            table.set_aside(at, row, "STMT-TOTALS", fault, raw)
        else:
            self._outcome.entry(index, table, at, row, raw)


def _batch_fault(node: Node, row: dict[str, Any], parts: int, amounts: list[Decimal | None]) -> str | None:
    """Why the transactions of an entry are not what it was booked for."""
    stated = [amount(found.text) for found in stated_transactions(node)]
    count = sum(number for number in stated if number is not None)
    if parts and stated and count != parts:
        return f"the entry states {count} transactions, there are {parts}"
    known = [value for value in amounts if value is not None]
    if missing := len(amounts) - len(known):
        several = f"{missing} of {parts} transactions state no amount in the entry's currency"
        if missing > 1:
            return f"{several}, so that nobody can say what each of them paid of {row['amount']}"
        return f"{several}, and the others, {sum(known)} together, leave it nothing of {row['amount']}"
    if sum(known) != row["amount"]:
        return f"the transactions of the entry add up to {sum(known)}, it was booked with {row['amount']}"
    return None
