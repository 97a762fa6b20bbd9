"""Bank statements in SWIFT MT940.

Two raw tables: `<name>_statements`, a row a statement (or a page of one), and `<name>_entries`, a row an entry with
what its `:86:` says.  Amounts are signed by their effect on the account and exact.

The file is read twice: once to prove its statements (`extractors.bank.statement_check`), once to hand on their rows,
so that a statement of any size costs no memory.  What cannot be proved is set aside by severity:

* an entry that cannot be read is rejected with its bytes, and its statement can then not be proved;
* a statement that does not close, contradicts its own fields, or does not follow the one before it is suspended with
  all its entries: its money may be real, but nobody can say which entry is wrong or missing;
* a gap in the numbers of statements whose balances agree is flagged;
* a file that ends inside a statement, or holds none, stops its source.

Interim reports (MT942) in the same file are passed over, and a note says so: what they announce comes again in a
statement.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

import pyarrow as pa

from billing.errors import SourceError
from billing.file_specs import AnyFile, Mt940File
from billing.lineage import Split
from billing.registry import Source
from billing.wording import counted
from extractors.bank.mt940_details import Columns, Details, details
from extractors.bank.mt940_fields import EntryLine
from extractors.bank.mt940_lines import MAX_FIELD, FieldTooLong, Messages, Part, Stretches
from extractors.bank.mt940_summary import Summary, plain_lines, read_entry, summarise
from extractors.bank.payment_title import split_payment
from extractors.bank.rows import AMOUNT, At, BankTable
from extractors.bank.statement_check import Statement, Verdict, judge
from extractors.bank.statement_outcome import Outcome
from extractors.base import FileFacts, LandedFile, refuse_empty
from extractors.codepages.check import sample_file, verify
from extractors.codepages.text import PageText

_NO_REPORTS = "have the statements of these days sent: an interim report is not final, and has no balances"
_ESCAPED = re.compile(r'["\\\x00-\x1f]')  # what JSON does not write as it is
_TEXT = pa.string()
STATEMENTS = pa.schema(
    [
        *((n, _TEXT) for n in ("reference", "related_reference", "account", "statement_no")), ("page_no", pa.int32()),
        ("currency", _TEXT), ("opening_date", _TEXT), ("opening_balance", AMOUNT), ("closing_date", _TEXT),
        ("closing_balance", AMOUNT), ("available_balance", AMOUNT), ("entries", pa.int32()), ("entries_sum", AMOUNT),
        ("information", _TEXT),
    ]
)  # fmt: skip
ENTRIES = pa.schema(
    [
        *((n, _TEXT) for n in ("statement_reference", "account", "statement_no")), ("page_no", pa.int32()),
        ("entry_no", pa.int32()), *((n, _TEXT) for n in ("value_date", "entry_date", "mark", "funds_code")),
        ("amount", AMOUNT),
        *((n, _TEXT) for n in (
            "currency", "type_code", "reference", "bank_reference", "supplementary", "transaction_code", "posting_text",
            "title", "counterparty_name", "counterparty_account", "counterparty_address", "bank_code",
            "virtual_account", "invoice_no", "tax_id", "end_to_end_id", "mandate_id", "creditor_id", "subfields",
            "details",
        )),
        ("vat_amount", AMOUNT),
    ]
)  # fmt: skip


def decode(
    source: Source,
    file_spec: AnyFile,
    landed: LandedFile,
    facts: FileFacts,
    *,
    batch_rows: int,
    verdicts: Sequence[Verdict | None] | None = None,
) -> Iterator[Split]:
    """Decode a file of statements.

    Args:
        source: The declared source.
        file_spec: The file's spec.
        landed: The landed file.
        facts: Filled while decoding.
        batch_rows: Most rows of a batch.
        verdicts: One a statement, where they were judged with those of other files; default: by this file alone.

    Yields:
        Batches of the two raw tables; statements and entries that are held back or unreadable among their rejects.

    Raises:
        SourceError: The file holds no statement, ends inside one, or its code page is not the declared one; or a
            statement is not proved and the spec says that this stops the source.
    """
    assert isinstance(file_spec, Mt940File)
    with _bounded(source, landed):
        text, summaries = _read(source, file_spec, landed, facts)
        if verdicts is None:
            verdicts = judge(_judged(summaries))
        yield from _Rows(source, file_spec, landed, text, summaries, verdicts, batch_rows).splits(facts)
    facts.bytes = landed.size


def statements(source: Source, file_spec: AnyFile, landed: LandedFile) -> list[Statement]:
    """What the check has to know of every statement of a file.

    Raises:
        SourceError: As `decode` does.
    """
    assert isinstance(file_spec, Mt940File)
    with _bounded(source, landed):
        _, summaries = _read(source, file_spec, landed, FileFacts())
    return _judged(summaries)


def _read(source: Source, file_spec: Mt940File, landed: LandedFile, facts: FileFacts) -> tuple[PageText, list[Summary]]:
    refuse_empty(source.id, landed)
    facts.notes.append(verify(source.id, landed, file_spec.code_page, sample_file(landed)))
    text = PageText(file_spec.code_page)
    return text, _summaries(source, landed, text, facts)


@contextmanager
def _bounded(source: Source, landed: LandedFile) -> Iterator[None]:
    try:
        yield
    except FieldTooLong as error:
        raise SourceError(
            f"a field takes more than {MAX_FIELD} bytes",
            source_id=source.id,
            file=landed.name,
            byte_offset=error.offset,
            remedy="check that the file is MT940, and have it sent again in binary mode",
        ) from None


def _summaries(source: Source, landed: LandedFile, text: PageText, facts: FileFacts) -> list[Summary]:
    with landed.path.open("rb") as file:
        found = Messages(Stretches(file))
        summaries = [summarise(message, text) for message in found]
    judged = [summary for summary in summaries if not summary.is_report]
    if not judged:
        raise SourceError(
            f"the file holds no MT940 statement{', but interim reports (MT942)' if summaries else ''}",
            source_id=source.id,
            file=landed.name,
            byte_offset=0,
            remedy=_NO_REPORTS if summaries else "check the file's format in source.toml, or have it sent again",
        )
    last = judged[-1]
    if "62" not in last.seen:
        raise SourceError(
            "the file ends inside a statement: its closing balance (:62F: or :62M:) is missing",
            source_id=source.id,
            file=landed.name,
            byte_offset=last.offset,
            field=":62F:",
            remedy="the file is truncated: have it sent again",
        )
    for index, summary in enumerate(judged):
        summary.statement.index = index
    accounts = len({s.statement.account for s in judged})
    facts.notes.append(f"MT940, {counted(len(judged), 'statement')} of {counted(accounts, 'account')}")
    if reports := len(summaries) - len(judged):
        facts.notes.append(f"{counted(reports, 'interim report')} (MT942) passed over")
    if found.passed_over:
        facts.notes.append(
            f"{counted(found.passed_over, 'line')} outside the statements passed over, the first at byte "
            f"{found.first_passed_over}: if it belongs to a statement, have the file sent again"
        )
    if numbers := [s.statement.number for s in judged if s.statement.number]:
        facts.sequence = numbers[0] if len(numbers) == 1 else f"{numbers[0]}-{numbers[-1]}"
    return summaries


def _judged(summaries: list[Summary]) -> list[Statement]:
    return [summary.statement for summary in summaries if not summary.is_report]


def _as_json(subfields: dict[str, str]) -> str:
    """Sub-fields as one text.

    >>> _as_json({"20": "FV 1", "32": "JAN"}), _as_json({"20": 'a "word"'})
    ('{"20": "FV 1", "32": "JAN"}', '{"20": "a \\\\"word\\\\""}')
    """
    if _ESCAPED.search("".join(chain.from_iterable(subfields.items()))):
        return json.dumps(subfields, ensure_ascii=False)
    return '{"' + '", "'.join([f'{number}": "{text}' for number, text in subfields.items()]) + '"}'


class _Rows:
    """Second reading: the rows."""

    def __init__(
        self, source: Source, spec: Mt940File, landed: LandedFile, text: PageText, summaries: list[Summary],
        verdicts: Sequence[Verdict | None], batch_rows: int,
    ) -> None:  # fmt: skip
        statements, entries = spec.tables
        self._landed, self._text, self._summaries = landed, text, summaries
        self._dialect, self._columns = spec.dialect, Columns(dict(spec.subfields))
        self._statements = BankTable(source.id, landed, STATEMENTS, statements, batch_rows)
        self._entries = BankTable(source.id, landed, ENTRIES, entries, batch_rows)
        self._outcome = Outcome(source.id, landed, verdicts, spec.failed_check)
        self._critical = source.spec.critical_columns(entries)
        self._record_no = 0

    def splits(self, facts: FileFacts) -> Iterator[Split]:
        """Batches of both tables."""
        with self._landed.path.open("rb") as file:
            yield from self._statements_of(Messages(Stretches(file)), facts)
        yield from self._statements.rest()
        yield from self._entries.rest()

    def _statements_of(self, found: Messages, facts: FileFacts) -> Iterator[Split]:
        for message in found:
            summary = self._summaries[message.index]
            if summary.is_report:
                deque(message.parts(), maxlen=0)
                continue
            self._record_no += 1
            at = (self._record_no, summary.offset, summary.length)
            self._outcome.statement(summary.statement.index, self._statements, at, summary.row, key="closing_balance")
            yield from self._statements.full()
            entry_no = 0
            for part in message.parts():
                if part.tag == "61":
                    entry_no += 1
                    self._record_no += 1
                    self._entry(summary, entry_no, part)
                    yield from self._entries.full()
            facts.records = self._record_no

    def _entry(self, summary: Summary, entry_no: int, part: Part) -> None:
        at = (self._record_no, part.offset, part.length)
        line = read_entry(part, self._text)
        if line is None:
            message = "the field :61: is no entry: day, mark and amount"
            self._entries.sieve.record(at, "STMT-FIELD", message, part.raw, field="amount")
            return
        row = _entry_row(summary, entry_no, line)
        index = summary.statement.index
        if line.is_reckoned:
            message = "the value date is a day of a month of thirty days; the month's last day was taken"
            day = part.fields[0].value[:6]
            self._entries.sieve.attribute(at, "DATE-RANGE", message, day, field="value_date")
        texts = [self._text.lines(field.value) for field in part.fields[1:]]
        unread = _FROM_DETAILS if None in texts else []
        if unread and not self._outcome.is_held_back(index) and self._refuse(at, row, part, texts):
            return
        self._details(row, part, texts)
        self._outcome.entry(index, self._entries, at, row, part.raw, unread=unread)

    def _details(self, row: dict[str, Any], part: Part, texts: list[str | None]) -> None:
        """Fill in what the fields behind `:61:` say."""
        given = [(field.tag, plain_lines(text)) for field, text in zip(part.fields[1:], texts, strict=True) if text]
        whole = "\n".join(text for tag, text in given if tag == "86")
        found = details(whole, self._dialect, self._columns) if whole else Details({}, {})
        row.update(found.values)
        split = split_payment(found.values.get("title"))
        row.update({name: split[name] for name in ("invoice_no", "tax_id", "vat_amount") if name in split})
        subfields = dict(found.subfields)
        for tag, text in given:
            if tag == "NS":
                subfields.update({f"NS{line[:2]}": line[2:].strip() for line in text.split("\n") if line.strip()})
        row["subfields"] = _as_json(subfields) if subfields else None
        row["details"] = whole.strip() or None

    def _refuse(self, at: At, row: dict[str, Any], part: Part, texts: list[str | None]) -> bool:
        """Name a text that is none; whether its entry is lost with it."""
        field = next(f for f, text in zip(part.fields[1:], texts, strict=True) if text is None)
        reason, message = self._text.explain(field.value)
        if critical := sorted(self._critical & set(_FROM_DETAILS)):
            self._entries.set_aside(
                at, row, reason, f"details: {message}", part.raw, disposition="rejected", field=critical[0],
                unread=_FROM_DETAILS,
            )  # fmt: skip
            return True
        self._entries.sieve.attribute(at, reason, f"details: {message}", field.raw, field="details")
        return False


_FROM_DETAILS = ENTRIES.names[ENTRIES.names.index("transaction_code") :]


def _entry_row(summary: Summary, entry_no: int, line: EntryLine) -> dict[str, Any]:
    statement = summary.statement
    return {
        "statement_reference": summary.row.get("reference"),
        "account": statement.account,
        "statement_no": statement.number,
        "page_no": statement.page,
        "entry_no": entry_no,
        "value_date": line.value_date,
        "entry_date": line.entry_date,
        "mark": line.mark,
        "funds_code": line.funds_code,
        "amount": line.amount,
        "currency": statement.opening.currency if statement.opening else None,
        "type_code": line.type_code,
        "reference": line.reference,
        "bank_reference": line.bank_reference,
        "supplementary": line.more,
    }
